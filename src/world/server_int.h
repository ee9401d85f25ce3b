/*
 * server_int.h: the inside of the real world's server, for os_server.c, os_h1.c, os_h2.c and os_ws.c
 *
 * listener ─ owns ─ peers (one per connection) ─ owns ─ conn
 *          └ owns ─ exchanges (one per request not answered yet); `link` is the one place in a peer which points to it
 *
 * A peer speaks HTTP/1.1 or HTTP/2 by its `proto` table. An accepted WebSocket takes the conn and its seat away and the peer ends.
 */
#pragma once
#include "base/buf.h"
#include "world/addr.h"
#include "world/conn.h"
#include "world/os_int.h"

#define CW_SERVER_QUEUE_MAX  (8u * 1024 * 1024) /* bytes of an answer in pieces the client has not read */
#define CW_SERVER_FIELDS_MAX (32 * 1024)        /* bytes of names and values in one request */

struct cw_peer;
struct cw_os_exchange;

/* Who counts as a connection of a listener: peers, and WebSockets even after the listener's end (listener is NULL then). */
struct cw_seat {
	struct cw_os_listener *listener;
	struct cw_seat *prev, *next;
};

struct cw_os_listener {
	struct cw_server base;
	struct cw_os *os;
	struct cw_routes routes;
	void *arg;
	SSL_CTX *tls;
	int fd;
	struct cw_poll *poll;
	unsigned port;
	unsigned n_seats, max_seats;
	struct cw_seat *seats;
	struct cw_timer rest; /* out of descriptors: accept again later */
};

struct cw_peer_proto {
	void (*input)(struct cw_peer *p);
	void (*drained)(struct cw_peer *p);
	void (*timeout)(struct cw_peer *p);
	/* The connection broke or ended: report the exchanges under way as lost. */
	void (*lost)(struct cw_peer *p);
	int (*reply)(struct cw_peer *p, struct cw_os_exchange *x, int status, const struct cw_header *headers,
		size_t n_headers, const void *body, size_t len);
	/* An answer in pieces; @x is freed by end and cut. */
	int (*begin)(struct cw_peer *p, struct cw_os_exchange *x, int status, const struct cw_header *headers,
		size_t n_headers);
	int (*more)(struct cw_peer *p, struct cw_os_exchange *x, const void *bytes, size_t n);
	int (*end)(struct cw_peer *p, struct cw_os_exchange *x);
	void (*cut)(struct cw_peer *p, struct cw_os_exchange *x);
};

struct cw_peer {
	const struct cw_peer_proto *proto;
	struct cw_os_listener *listener;
	struct cw_conn *conn;
	struct cw_seat seat;
	struct cw_timer timer;
	char address[CW_ADDR_TEXT];
	void *talk; /* the proto's own state, hangs from the peer */
};

struct cw_os_exchange {
	struct cw_exchange x;
	struct cw_os_listener *listener;
	struct cw_peer *peer; /* NULL: the client is gone */
	struct cw_os_exchange **link;
	struct cw_buf body;
	size_t fields_len;
	bool upgrade;
	bool head_only; /* a HEAD request: no body in the answer */
	int32_t stream; /* HTTP/2 */
};

/* A new exchange of @p, kept in *@link. NULL: no memory. */
struct cw_os_exchange *cw_exchange_new(struct cw_peer *p, struct cw_os_exchange **link);
/* Add a header (copied). E2BIG above the limits, ENOMEM. */
int cw_exchange_add_header(struct cw_os_exchange *x, struct cw_str name, struct cw_str value);
/* Add to the body. EMSGSIZE above the route's limit, ENOMEM. */
int cw_exchange_add_body(struct cw_os_exchange *x, const void *bytes, size_t n);
/* Hand the finished request to its route. Anything may have been freed when this returns. */
void cw_exchange_dispatch(struct cw_os_exchange *x);
/* The client went away before the answer. Calls the handler last. */
void cw_exchange_lost(struct cw_os_exchange *x);

/* The peer is done: let the connection linger for what is queued, end the peer. */
void cw_peer_finish(struct cw_peer *p);
/* The connection broke: end the peer, then tell who waits. */
void cw_peer_lose(struct cw_peer *p);
/* Call proto->timeout() unless something else is waited for by then. */
void cw_peer_wait(struct cw_peer *p, uint64_t limit_us);
void cw_seat_take(struct cw_seat *s, struct cw_os_listener *l);
void cw_seat_leave(struct cw_seat *s);

/* Speak HTTP/1.1 from now on; HTTP/2, with the bytes already read. ENOMEM. */
int cw_h1_start(struct cw_peer *p);
int cw_h2_start(struct cw_peer *p);
void cw_h2_input(struct cw_peer *p, const void *bytes, size_t n);

/* For cw_ws_accept(): the bytes read behind the request, and the connection, which the caller hands over at once. */
struct cw_str cw_h1_unread(const struct cw_peer *p);
struct cw_conn *cw_h1_release(struct cw_peer *p);

const char *cw_status_text(int status);
