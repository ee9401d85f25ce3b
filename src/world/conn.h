/*
 * conn.h: one TCP connection, plain or TLS, in libuv's loop
 *
 * Bytes are read when the owner asks (in `input`) and written to the socket at once; what it does not take is queued and goes
 * out as the peer reads. An owner who is done may leave the connection to itself (cw_conn_linger()), so that what was written
 * last still arrives.
 *
 * Thread: the lane's.  Owner: the parent; talloc_free() closes the socket at once. Freeing in any handler is fine.
 */
#pragma once
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct cw_os;
struct cw_conn;

struct cw_conn_events {
	void (*ready)(void *arg);           /* connected, TLS agreed; not called for an accepted plain connection */
	void (*input)(void *arg);           /* bytes or the end came: cw_conn_read() */
	void (*drained)(void *arg);         /* all that was queued is written; may be NULL */
	void (*failed)(int err, void *arg); /* ECONNREFUSED …, EPROTO (TLS); nothing follows */
};

/* Take over an accepted socket (non-blocking), also on failure. With @tls the handshake starts. ENOMEM. */
int cw_conn_accept(void *parent, struct cw_os *os, int fd, SSL_CTX *tls, const struct cw_conn_events *ev, void *arg,
	struct cw_conn **ret);
/* Start to connect; with @tls to the server named @host. What the kernel refuses at once is returned: ECONNREFUSED, ENETUNREACH … */
int cw_conn_connect(void *parent, struct cw_os *os, const struct sockaddr *to, socklen_t to_len, SSL_CTX *tls,
	const char *host, const struct cw_conn_events *ev, void *arg, struct cw_conn **ret);
/* Give the connection another owner and other handlers. */
void cw_conn_hand_over(struct cw_conn *c, void *parent, const struct cw_conn_events *ev, void *arg);

/* Read up to @n bytes: EAGAIN, or ECONNRESET and the like; *@got = 0 is the peer's end. */
int cw_conn_read(struct cw_conn *c, void *bytes, size_t n, size_t *got);
/* Write head and body as one. ENOBUFS when more than @queue_max bytes would wait (nothing is written then), ENOMEM or EPIPE (broken:
 * `failed` follows). Does not allocate while the socket takes all. */
int cw_conn_write(
	struct cw_conn *c, const void *head, size_t head_len, const void *body, size_t body_len, size_t queue_max);
size_t cw_conn_queued(const struct cw_conn *c);
/* Between these two small writes are gathered and go out as one: for the answers to several messages which came in one read. */
void cw_conn_cork(struct cw_conn *c);
void cw_conn_uncork(struct cw_conn *c);
/* Stop or go on calling `input`. */
void cw_conn_pause(struct cw_conn *c, bool pause);
/* Call `input` from the loop although the socket has nothing new: the owner kept bytes of its own. */
void cw_conn_kick(struct cw_conn *c);
/* Owner's farewell: write what is queued, say the end, swallow what comes for 2 s at most, then close. @c belongs to the world. */
void cw_conn_linger(struct cw_conn *c);

bool cw_conn_is_ready(const struct cw_conn *c);
bool cw_conn_is_tls(const struct cw_conn *c);
bool cw_conn_speaks_h2(const struct cw_conn *c); /* chosen by ALPN */
