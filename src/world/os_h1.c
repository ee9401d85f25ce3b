#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/mem.h"
#include "world/http1.h"
#include "world/server_int.h"

#define BUFFER_MAX  (192 * 1024)
#define BUFFER_FULL (64 * 1024)    /* pipelined requests held while one is being answered */
#define HEAD_US     10000000       /* from the first byte of a head to its end */
#define IDLE_US     60000000       /* between requests */
#define BODY_US     30000000       /* between two pieces of a body */
#define WRITE_US    30000000       /* for the answer to be taken */
#define LEN_CHUNKED (SIZE_MAX - 1) /* instead of a length: the body comes in chunks */
#define LEN_TO_END  SIZE_MAX       /* … or ends with the connection (HTTP/1.0) */
#define H2_PREFACE  "PRI * HTTP/2.0\r\n"

enum h1_state { H1_HEAD, H1_BODY, H1_ANSWERING, H1_WRITING, H1_CLOSING };

struct h1 {
	enum h1_state state;
	struct cw_buf in; /* bytes read and not consumed yet */
	size_t searched;  /* of them, looked through for the end of a head */
	struct cw_http1_body body;
	struct cw_os_exchange *exchange;
	bool keep_alive;
	bool head_begun; /* bytes of a head are there: its deadline runs */
	bool again;      /* a pipelined request waits for the loop */
	bool old;        /* HTTP/1.0: knows no chunks */
	bool serving;    /* serve() is on the stack: it goes on after the handler */
};

static const struct cw_peer_proto h1_proto;

static struct h1 *h1_of(const struct cw_peer *p)
{
	return p->talk;
}

static int h1_gone(struct h1 *t)
{
	if (t->exchange)
		talloc_free(t->exchange);
	cw_buf_clear(&t->in);
	return 0;
}

/* ---- answers ---- */

static const char *date_now(struct cw_world *w, char out[40])
{
	time_t now = (time_t)(cw_wall(w) / 1000000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return out;
}

static bool may_have_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static bool ours(const char *name)
{
	return !strcasecmp(name, "content-length") || !strcasecmp(name, "connection") ||
	       !strcasecmp(name, "transfer-encoding");
}

static void encode_head(
	struct cw_buf *b, struct cw_peer *p, int status, const struct cw_header *headers, size_t n, size_t len)
{
	char date[40];

	cw_buf_fmt(b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, cw_status_text(status),
		date_now(&p->listener->os->base, date));
	for (size_t i = 0; i < n; i++) {
		if (ours(headers[i].name) || !cw_http1_name_ok(cw_str(headers[i].name)) ||
			!cw_http1_value_ok(cw_str(headers[i].value)))
			continue; /* what would break the framing never leaves */
		cw_buf_fmt(b, "%s: %s\r\n", headers[i].name, headers[i].value);
	}
	if (len == LEN_CHUNKED)
		cw_buf_puts(b, "Transfer-Encoding: chunked\r\n");
	else if (may_have_body(status) && len != LEN_TO_END)
		cw_buf_fmt(b, "Content-Length: %zu\r\n", len);
	cw_buf_puts(b, h1_of(p)->keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

static void serve(struct cw_peer *p);

static void go_on(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);

	if (!t->keep_alive) {
		t->state = H1_CLOSING;
		if (!t->serving)
			cw_peer_finish(p);
		return;
	}
	if (cw_conn_queued(p->conn)) {
		t->state = H1_WRITING;
		cw_peer_wait(p, WRITE_US);
		return;
	}
	t->state = H1_HEAD;
	t->head_begun = false;
	cw_conn_pause(p->conn, false);
	/* a pipelined request is served from the loop, not from inside cw_reply() */
	t->again = t->in.len && !t->serving;
	cw_peer_wait(p, t->again ? 0 : IDLE_US);
}

static int send_answer(struct cw_peer *p, bool head_only, int status, const struct cw_header *headers, size_t n,
	const void *body, size_t len)
{
	CW_BUF_SCOPED struct cw_buf head = CW_BUF(CW_SERVER_FIELDS_MAX * 2);
	int err;

	encode_head(&head, p, status, headers, n, len);
	err = cw_buf_err(&head);
	if (!err)
		err = cw_conn_write(
			p->conn, head.p, head.len, body, head_only || !may_have_body(status) ? 0 : len, SIZE_MAX / 4);
	if (err)
		h1_of(p)->keep_alive = false;
	return err == EPIPE ? ECONNRESET : err;
}

static int h1_reply(struct cw_peer *p, struct cw_os_exchange *x, int status, const struct cw_header *headers, size_t n,
	const void *body, size_t len)
{
	int err = send_answer(p, x->head_only, status, headers, n, body, len);

	talloc_free(x);
	go_on(p);
	return err;
}

static int h1_begin(struct cw_peer *p, struct cw_os_exchange *x, int status, const struct cw_header *headers, size_t n)
{
	CW_BUF_SCOPED struct cw_buf head = CW_BUF(CW_SERVER_FIELDS_MAX * 2);
	struct h1 *t = h1_of(p);
	int err;

	(void)x;
	if (t->old)
		t->keep_alive = false;
	encode_head(&head, p, status, headers, n, t->old ? LEN_TO_END : LEN_CHUNKED);
	err = cw_buf_err(&head);
	if (!err)
		err = cw_conn_write(p->conn, head.p, head.len, NULL, 0, CW_SERVER_QUEUE_MAX);
	return err == EPIPE ? ECONNRESET : err;
}

static int h1_more(struct cw_peer *p, struct cw_os_exchange *x, const void *bytes, size_t n)
{
	CW_BUF_SCOPED struct cw_buf chunk = CW_BUF(CW_SERVER_QUEUE_MAX);
	int err;

	if (x->head_only)
		return 0;
	if (h1_of(p)->old) {
		err = cw_conn_write(p->conn, bytes, n, NULL, 0, CW_SERVER_QUEUE_MAX);
	} else {
		cw_buf_fmt(&chunk, "%zx\r\n", n);
		cw_buf_put(&chunk, bytes, n);
		cw_buf_puts(&chunk, "\r\n");
		err = cw_buf_err(&chunk);
		if (!err)
			err = cw_conn_write(p->conn, chunk.p, chunk.len, NULL, 0, CW_SERVER_QUEUE_MAX);
	}
	return err == EPIPE ? ECONNRESET : err == EMSGSIZE ? ENOBUFS : err;
}

static int h1_end(struct cw_peer *p, struct cw_os_exchange *x)
{
	static const char last[] = "0\r\n\r\n";
	struct h1 *t = h1_of(p);
	int err = 0;

	if (!t->old && !x->head_only)
		err = cw_conn_write(p->conn, last, sizeof(last) - 1, NULL, 0, SIZE_MAX / 4);
	if (err)
		t->keep_alive = false;
	talloc_free(x);
	go_on(p);
	return err == EPIPE ? ECONNRESET : err;
}

static void h1_cut(struct cw_peer *p, struct cw_os_exchange *x)
{
	talloc_free(x);
	talloc_free(p); /* closes the socket in the middle of the body */
}

/* The request cannot be understood or taken: answer and close, as nobody knows where the next one would start. */
static void refuse(struct cw_peer *p, int status)
{
	struct h1 *t = h1_of(p);

	t->keep_alive = false;
	talloc_free(t->exchange);
	(void)send_answer(p, false, status, NULL, 0, NULL, 0); /* the connection ends either way */
	go_on(p);
}

/* ---- requests ---- */

static int copy_request(struct cw_os_exchange *x, const struct cw_http1_head *h)
{
	x->x.method = cw_str_dup(x, h->method);
	x->x.path = cw_str_dup(x, h->path);
	x->x.query = cw_str_dup(x, h->query);
	if (!x->x.method || !x->x.path || !x->x.query)
		return ENOMEM;
	for (size_t i = 0; i < h->n_fields; i++) {
		int err = cw_exchange_add_header(x, h->fields[i].name, h->fields[i].value);

		if (err)
			return err;
	}
	return 0;
}

/* Base64 of 16 bytes. */
static bool key_ok(struct cw_str key)
{
	for (size_t i = 0; i < key.len && i < 22; i++)
		if (!isalnum((unsigned char)key.p[i]) && key.p[i] != '+' && key.p[i] != '/')
			return false;
	return key.len == 24 && key.p[22] == '=' && key.p[23] == '=';
}

/* Answers a WebSocket request that is none (RFC 6455 section 4.2.1); 0 = fine. */
static int check_upgrade(const struct cw_http1_head *h)
{
	if (!cw_str_eq(h->method, "GET") || h->http_1_0 || h->chunked || h->length)
		return 400;
	if (!cw_str_eq(cw_http1_field(h, "sec-websocket-version"), "13"))
		return 426;
	return key_ok(cw_http1_field(h, "sec-websocket-key")) ? 0 : 400;
}

static void refuse_version(struct cw_peer *p)
{
	static const struct cw_header versions[] = {{"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}};

	h1_of(p)->keep_alive = false;
	(void)send_answer(p, false, 426, versions, CW_COUNT(versions), NULL, 0); /* the connection ends either way */
	go_on(p);
}

static void begin_request(struct cw_peer *p, const struct cw_http1_head *h)
{
	static const char go_ahead[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct h1 *t = h1_of(p);
	struct cw_os_exchange *x;
	int err;

	t->keep_alive = h->keep_alive;
	t->old = h->http_1_0;
	if (h->has_length && h->length > p->listener->routes.max_body) {
		refuse(p, 413);
		return;
	}
	x = cw_exchange_new(p, &t->exchange);
	err = x ? copy_request(x, h) : ENOMEM;
	if (err) {
		refuse(p, err == E2BIG ? 431 : 503);
		return;
	}
	x->head_only = cw_str_eq(h->method, "HEAD");
	x->upgrade = h->websocket;
	cw_http1_body_init(&t->body, h);
	t->state = H1_BODY;
	if (h->expect_continue && !cw_http1_body_done(&t->body))
		(void)cw_conn_write(p->conn, go_ahead, sizeof(go_ahead) - 1, NULL, 0,
			BUFFER_MAX); /* a broken conn reports itself */
	cw_peer_wait(p, BODY_US);
}

static bool is_h2_preface(const struct h1 *t)
{
	return t->in.len >= sizeof(H2_PREFACE) - 1 && !memcmp(t->in.p, H2_PREFACE, sizeof(H2_PREFACE) - 1);
}

/* HTTP/2 without TLS and with prior knowledge (RFC 9113 section 3.3): all bytes so far belong to it. */
static void become_h2(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	CW_BUF_SCOPED struct cw_buf in = t->in;

	t->in = CW_BUF(BUFFER_MAX);
	talloc_free(t);
	p->talk = NULL;
	if (cw_h2_start(p))
		talloc_free(p);
	else
		cw_h2_input(p, in.p, in.len);
}

/* False: not enough bytes yet, or the request was refused. */
static bool take_head(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	struct cw_http1_head head;
	size_t len;
	int err;

	if (!t->in.len)
		return false;
	while (t->in.len >= 2 &&
		!memcmp(t->in.p, "\r\n", 2)) /* blank lines before a request are tolerated (RFC 9112 section 2.2) */
		cw_buf_trim_front(&t->in, 2);
	if (!t->in.len)
		return false;
	if (!cw_http1_name_ok((struct cw_str){t->in.p, 1}) && t->in.p[0] != '\r') {
		refuse(p, 400); /* TLS spoken to a plain port, for one: its end of a head would never come */
		return false;
	}
	len = cw_http1_head_end(t->in.p, t->in.len, &t->searched);
	if (!len || len > CW_HTTP1_HEAD_MAX) {
		if (t->in.len > CW_HTTP1_HEAD_MAX)
			refuse(p, 431);
		else if (!t->head_begun)
			cw_peer_wait(p, HEAD_US);
		t->head_begun = true;
		return false;
	}
	t->searched = 0;
	err = cw_http1_parse_request(t->in.p, len, &head);
	if (err) {
		refuse(p, err == ENOTSUP ? 501 : err == EPROTONOSUPPORT ? 505 : 400);
		return false;
	}
	if (head.websocket && (err = check_upgrade(&head))) {
		if (err == 426)
			refuse_version(p);
		else
			refuse(p, err);
		return false;
	}
	begin_request(p, &head);
	cw_buf_trim_front(&t->in, len);
	return t->state == H1_BODY;
}

/* True when the body is whole. */
static bool take_body(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	const char *at = t->in.p;
	size_t left = t->in.len;
	struct cw_str piece;

	do {
		int err = cw_http1_body_read(&t->body, &at, &left, &piece);

		if (!err && piece.len)
			err = cw_exchange_add_body(t->exchange, piece.p, piece.len);
		if (err) {
			refuse(p, err == EMSGSIZE ? 413 : err == ENOMEM ? 503 : 400);
			return false;
		}
	} while (piece.len);
	cw_buf_trim_front(&t->in, t->in.len - left);
	if (!cw_http1_body_done(&t->body)) {
		cw_peer_wait(p, BODY_US);
		return false;
	}
	return true;
}

/* Hand the request out. False when the peer is gone or its connection was taken by a WebSocket. */
static bool dispatch(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	struct cw_os *os = p->listener->os;
	bool upgrade = t->exchange->upgrade;
	struct cw_watch watch;

	t->state = H1_ANSWERING;
	cw_timer_stop(&p->timer);
	cw_watch_begin(os, &watch, p);
	cw_exchange_dispatch(t->exchange);
	if (!cw_watch_end(os, &watch))
		return false;
	if (!p->conn) {
		talloc_free(p);
		return false;
	}
	if (upgrade && t->exchange)
		refuse(p, 500); /* neither accepted nor answered in time */
	return true;
}

/* Consume what was read, request by request, until one is being answered or bytes are missing. */
static void serve(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	bool fresh = t->state == H1_HEAD;

	if (fresh && is_h2_preface(t)) {
		become_h2(p);
		return;
	}
	t->serving = true;
	for (;;) {
		if (t->state == H1_HEAD && !take_head(p))
			break;
		if (t->state != H1_BODY || !take_body(p))
			break;
		if (!dispatch(p))
			return;
	}
	t->serving = false;
	if (t->state == H1_CLOSING)
		cw_peer_finish(p);
	else if (t->in.len >= BUFFER_FULL)
		cw_conn_pause(p->conn, true);
}

/* ---- events ---- */

static void h1_input(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	uint8_t *bytes = p->listener->os->scratch;
	size_t got = 0;
	int err = cw_conn_read(p->conn, bytes, CW_OS_SCRATCH, &got);

	if (err == EAGAIN)
		return;
	if (!err && got) {
		cw_buf_put(&t->in, bytes, got);
		err = cw_buf_err(&t->in);
	}
	if (err || !got) {
		cw_peer_lose(p);
		return;
	}
	if (t->state == H1_HEAD || t->state == H1_BODY)
		serve(p);
	else if (t->in.len >= BUFFER_FULL)
		cw_conn_pause(p->conn, true);
}

static void h1_drained(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);

	if (t->state != H1_WRITING)
		return;
	go_on(p);
}

static void h1_timeout(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);

	if (t->again) {
		t->again = false;
		serve(p);
	} else if (t->state == H1_BODY || (t->state == H1_HEAD && t->in.len)) {
		refuse(p, 408);
	} else {
		talloc_free(p);
	}
}

static void h1_lost(struct cw_peer *p)
{
	struct h1 *t = h1_of(p);
	struct cw_os_exchange *x = t->state == H1_ANSWERING ? t->exchange : NULL;

	if (x) {
		x->link = NULL;
		t->exchange = NULL;
	}
	talloc_free(p);
	if (x)
		cw_exchange_lost(x);
}

static const struct cw_peer_proto h1_proto = {
	.input = h1_input,
	.drained = h1_drained,
	.timeout = h1_timeout,
	.lost = h1_lost,
	.reply = h1_reply,
	.begin = h1_begin,
	.more = h1_more,
	.end = h1_end,
	.cut = h1_cut,
};

int cw_h1_start(struct cw_peer *p)
{
	struct h1 *t = talloc_zero(p, struct h1);

	if (!t)
		return ENOMEM;
	t->in = CW_BUF(BUFFER_MAX);
	talloc_set_destructor(t, h1_gone);
	p->talk = t;
	p->proto = &h1_proto;
	cw_peer_wait(p, HEAD_US);
	return 0;
}

struct cw_str cw_h1_unread(const struct cw_peer *p)
{
	return cw_buf_str(&h1_of(p)->in);
}

struct cw_conn *cw_h1_release(struct cw_peer *p)
{
	struct cw_conn *c = p->conn;

	p->conn = NULL;
	cw_seat_leave(&p->seat);
	return c;
}
