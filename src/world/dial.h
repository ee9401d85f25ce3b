/*
 * dial.h: from a host name to a connection: look the name up, try its addresses one after the other
 *
 * The name is resolved on libuv's threads, never on the lane. The owner sets the deadline for the whole (and frees the dial).
 * Thread: the lane's.  Owner: the parent; talloc_free() gives up, silently.
 */
#pragma once
#include <openssl/ssl.h>

#include "world/conn.h"

struct cw_dial;

/* How it ended: @conn hangs from the dial until cw_conn_hand_over(), or @err: ECONNREFUSED, EHOSTUNREACH (no such name too), EPROTO. */
typedef void cw_dial_fn(int err, struct cw_conn *conn, void *arg);

/* @tls may be NULL. Never calls @done before it returned. ENOMEM. */
int cw_dial_new(void *parent, struct cw_os *os, const char *host, unsigned port, SSL_CTX *tls, cw_dial_fn *done,
	void *arg, struct cw_dial **ret);
