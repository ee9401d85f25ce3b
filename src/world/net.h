/*
 * net.h: HTTP, WebSocket and UDP as the program sees them, in either world
 *
 * Limits are named and bounded: a peer cannot make us buffer without end. Every request has deadlines. Handles are talloc
 * objects under the given parent; freeing one cancels it (an open WebSocket is dropped without a close frame: use
 * cw_ws_close() to be polite).
 */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/why.h"

struct cw_world;

struct cw_header {
	const char *name; /* compared without case */
	const char *value;
};

struct cw_deadlines {           /* 0 = the default in brackets */
	uint64_t connect_us;    /* [5 s]  until the connection stands (TCP and TLS) */
	uint64_t first_byte_us; /* [15 s] until the status line */
	uint64_t idle_us;       /* [30 s] between two bytes of the body */
	uint64_t total_us;      /* [60 s] whole exchange; UINT64_MAX = none */
};

/* ---- HTTP client ---- */

struct cw_http;
struct cw_http_req {
	const char *method;              /* "GET", "POST" … */
	const char *url;                 /* http:// or https:// */
	const struct cw_header *headers; /* copied */
	size_t n_headers;
	const void *body; /* copied */
	size_t body_len;
	struct cw_deadlines deadlines;
	size_t max_body;     /* answer bytes accepted, 0 = 8 MiB; more is EMSGSIZE */
	const char *ca_file; /* extra trust anchor (PEM), or NULL */
};
struct cw_http_events {
	void (*headers)(int status, const struct cw_header *headers, size_t n, void *arg); /* may be NULL */
	void (*data)(const void *bytes, size_t n, void *arg);                              /* may be NULL */
	/* err: 0, ECONNREFUSED, ETIMEDOUT, ECONNRESET, EHOSTUNREACH, EPROTO (not HTTP or TLS failure), EMSGSIZE */
	void (*closed)(int err, void *arg);
};
/* Start a request. EINVAL (bad URL or method), ENOMEM. */
int cw_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret);

/* ---- WebSocket, both sides (RFC 6455) ---- */

struct cw_ws;
enum cw_ws_kind { CW_WS_TEXT, CW_WS_BINARY };
struct cw_ws_events {
	void (*open)(void *arg); /* client side only; may be NULL */
	void (*message)(enum cw_ws_kind kind, const void *bytes, size_t n,
		void *arg);         /* whole messages; bytes live during the call */
	void (*drained)(void *arg); /* send queue went empty after EAGAIN; may be NULL */
	/* err: 0 (close handshake; @code is the peer's, 1005 none), or errno of the failure (ECONNRESET, ETIMEDOUT, EPROTO,
	 * ECONNREFUSED; EACCES when the upgrade was refused: @code is then the HTTP status) */
	void (*closed)(int err, unsigned code, void *arg);
};
struct cw_ws_limits {
	size_t max_message; /* bytes of one message received, 0 = 256 KiB; more closes with 1009 */
	size_t max_queue;   /* bytes queued to send, 0 = 1 MiB; more: cw_ws_send() gives ENOBUFS */
};
struct cw_ws_req {
	const char *url;                 /* ws:// or wss:// */
	const struct cw_header *headers; /* extra ones, copied */
	size_t n_headers;
	const char *subprotocol; /* or NULL: none offered */
	struct cw_ws_limits limits;
	uint64_t connect_us; /* until open, 0 = 10 s */
	const char *ca_file;
};
/* Connect. EINVAL (bad URL), ENOMEM; everything later comes by `closed`. */
int cw_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret);
/* Send a message: written to the socket at once if it takes it, else queued (bounded) . Does not allocate while the queue is
 * empty. ENOTCONN (not open or closing), ENOBUFS. */
int cw_ws_send(struct cw_ws *ws, enum cw_ws_kind kind, const void *bytes, size_t n);
/* Send what is queued, then the close frame, wait for the peer's (2 s), then `closed`. */
void cw_ws_close(struct cw_ws *ws, unsigned code, const char *reason);
size_t cw_ws_queued(const struct cw_ws *ws);

/* ---- server: HTTP and WebSocket on one port ---- */

struct cw_server;
struct cw_exchange; /* one request, until it is answered; freed by the listener after the answer */
struct cw_routes {
	/* A whole request (body within max_body) came in. Answer now or later with cw_reply(). */
	void (*request)(struct cw_exchange *x, void *arg);
	/* A WebSocket upgrade came in: call cw_ws_accept(), or cw_reply() to refuse, before returning. NULL: refused with 404. */
	void (*upgrade)(struct cw_exchange *x, void *arg);
	size_t max_body; /* 0 = 1 MiB; more is answered 413 */
};
struct cw_listen_conf {
	const char *address;              /* "127.0.0.1:8080", "[::1]:0"; port 0 = any free one */
	const char *cert_file, *key_file; /* PEM: TLS when both are set */
	bool reuse_port;                  /* SO_REUSEPORT: every lane opens the same address */
	unsigned max_connections;         /* 0 = 20000; more are closed at once */
};
/* EADDRINUSE, EACCES, EINVAL (address), EPROTO (certificate), with @why. Freeing it drops the exchanges not answered yet;
 * accepted WebSockets belong to their owners. */
int cw_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes,
	void *arg, struct cw_server **ret, struct cw_why *why);
unsigned cw_server_port(const struct cw_server *l);

const char *cw_exchange_method(const struct cw_exchange *x);
const char *cw_exchange_path(const struct cw_exchange *x);                     /* as sent, without the query */
const char *cw_exchange_query(const struct cw_exchange *x);                    /* as sent, "" when none */
const char *cw_exchange_header(const struct cw_exchange *x, const char *name); /* or NULL */
const char *cw_exchange_peer(const struct cw_exchange *x);                     /* "127.0.0.1" */
bool cw_exchange_is_tls(const struct cw_exchange *x);
struct cw_str cw_exchange_body(const struct cw_exchange *x);
/* Answer; ECONNRESET when the client is gone (the exchange is then freed all the same). */
int cw_reply(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers, const void *body,
	size_t len);
/* The same in pieces, for streams of events and the like: begin, more …, end; the exchange lives until the end. cw_reply_more()
 * flushes; ECONNRESET when the client is gone, ENOBUFS when it does not read (8 MiB wait). @headers carry no length. */
int cw_reply_begin(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers);
int cw_reply_more(struct cw_exchange *x, const void *bytes, size_t n);
int cw_reply_end(struct cw_exchange *x);
/* Tear the connection (HTTP/2: the stream) down instead of an answer or in the middle of one; frees the exchange. */
void cw_reply_break(struct cw_exchange *x);
/* Called (may be NULL) when the client goes away before the answer or its end: the exchange is freed after it returns. */
void cw_exchange_on_gone(struct cw_exchange *x, void (*gone)(void *arg), void *arg);
/* Accept the upgrade: the WebSocket hangs from @parent; it is open when this returns, frames may be sent. */
int cw_ws_accept(void *parent, struct cw_exchange *x, const struct cw_ws_limits *limits, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret);

/* ---- UDP ---- */

struct cw_udp;
typedef void cw_udp_fn(const void *bytes, size_t n, const struct sockaddr *from, void *arg);
/* Bind "127.0.0.1:0". EADDRINUSE, EINVAL. */
int cw_udp_open(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret);
int cw_udp_send(struct cw_udp *u, const void *bytes, size_t n, const struct sockaddr *to);
unsigned cw_udp_port(const struct cw_udp *u);
