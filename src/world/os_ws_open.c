#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <strings.h>
#include <sys/random.h>

#include "base/mem.h"
#include "world/http1.h"
#include "world/tls.h"
#include "world/url.h"
#include "world/ws_int.h"

#define CONNECT_DEFAULT_US 10000000
#define KEY_BYTES          16
#define KEY_TEXT           25 /* base64 of it with its NUL */
#define ACCEPT_TEXT        29 /* base64 of SHA-1 with its NUL */
#define GUID               "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* What a client needs until the WebSocket is open. */
struct cw_ws_ask {
	struct cw_dial *dial;
	struct cw_buf request;
	char expected[ACCEPT_TEXT];
	char *subprotocol;
	size_t searched;
};

/* Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2). */
static void accept_value(struct cw_str key, char out[ACCEPT_TEXT])
{
	char text[64 + sizeof(GUID)];
	unsigned char digest[SHA_DIGEST_LENGTH];
	int n = snprintf(text, sizeof(text), "%.*s" GUID, (int)(key.len < 64 ? key.len : 64), key.p);

	SHA1((const unsigned char *)text, (size_t)n, digest);
	EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest));
}

/* ---- server side ---- */

static int write_acceptance(struct cw_conn *c, const struct cw_exchange *x)
{
	char accept[ACCEPT_TEXT], head[160];
	int n;

	accept_value(cw_str(cw_exchange_header(x, "sec-websocket-key")), accept);
	n = snprintf(head, sizeof(head),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		accept);
	return cw_conn_write(c, head, (size_t)n, NULL, 0, SIZE_MAX / 4);
}

/* Bytes the client sent behind its request, before it could know that it is open. */
static int take_early_bytes(struct cw_os_ws *ws, struct cw_str early)
{
	while (ws->rest_cap < early.len) {
		int err = cw_os_ws_make_room(ws);

		if (err)
			return err;
	}
	if (early.len)
		memcpy(ws->rest, early.p, early.len);
	ws->rest_len = early.len;
	ws->early = early.len > 0;
	return 0;
}

int cw_os_ws_accept(void *parent, struct cw_exchange *base, const struct cw_ws_limits *limits,
	const struct cw_ws_events *ev, void *arg, struct cw_ws **ret)
{
	struct cw_os_exchange *x = (struct cw_os_exchange *)base;
	struct cw_peer *p = x->peer;
	CW_SCOPED struct cw_os_ws *ws = NULL;
	int err;

	if (!x->upgrade || !p)
		return p ? EINVAL : ECONNRESET;
	err = cw_os_ws_new(base->world, limits, ev, arg, false, &ws);
	if (!err)
		err = take_early_bytes(ws, cw_h1_unread(p));
	if (!err)
		err = write_acceptance(p->conn, base);
	if (err)
		return err == EPIPE ? ECONNRESET : err;

	ws->conn = cw_h1_release(p);
	cw_conn_hand_over(ws->conn, ws, &cw_os_ws_conn_events, ws);
	cw_seat_take(&ws->seat, x->listener);
	ws->state = CW_WS_OPEN;
	talloc_free(x);
	if (ws->early)
		cw_conn_kick(ws->conn);
	*ret = &ws->base;
	(void)talloc_move(parent, &ws);
	return 0;
}

/* ---- client side ---- */

static int ask_gone(struct cw_ws_ask *ask)
{
	cw_buf_clear(&ask->request);
	return 0;
}

static bool answer_ok(const struct cw_ws_ask *ask, const struct cw_http1_head *h)
{
	struct cw_str protocol = cw_http1_field(h, "sec-websocket-protocol");

	if (!h->websocket || !cw_str_eq(cw_http1_field(h, "sec-websocket-accept"), ask->expected))
		return false;
	if (cw_http1_field(h, "sec-websocket-extensions").p)
		return false;
	return !protocol.p || (ask->subprotocol && cw_str_eq(protocol, ask->subprotocol));
}

static void become_open(struct cw_os_ws *ws, size_t head_len)
{
	struct cw_os *os = ws->os;
	struct cw_watch watch;

	ws->state = CW_WS_OPEN;
	cw_timer_stop(&ws->timer);
	TALLOC_FREE(ws->ask);
	cw_watch_begin(os, &watch, ws);
	if (ws->ev.open)
		ws->ev.open(ws->arg);
	if (cw_watch_end(os, &watch) && ws->state != CW_WS_DEAD)
		cw_os_ws_consume(ws, ws->rest + head_len, ws->rest_len - head_len);
}

void cw_os_ws_answer(struct cw_os_ws *ws)
{
	struct cw_http1_head head;
	size_t len = cw_http1_head_end((const char *)ws->rest, ws->rest_len, &ws->ask->searched);

	if (!len) {
		if (ws->rest_len > CW_HTTP1_HEAD_MAX)
			cw_os_ws_finish(ws, EPROTO, 0, false);
		return;
	}
	if (cw_http1_parse_answer((const char *)ws->rest, len, &head))
		cw_os_ws_finish(ws, EPROTO, 0, false);
	else if (head.status != 101)
		cw_os_ws_finish(ws, EACCES, head.status, false);
	else if (!answer_ok(ws->ask, &head))
		cw_os_ws_finish(ws, EPROTO, 0, false);
	else
		become_open(ws, len);
}

static void dialled(int err, struct cw_conn *conn, void *arg)
{
	struct cw_os_ws *ws = arg;
	struct cw_ws_ask *ask = ws->ask;

	if (!err) {
		ws->conn = conn;
		cw_conn_hand_over(conn, ws, &cw_os_ws_conn_events, ws);
		ws->state = CW_WS_ASKING;
		err = cw_conn_write(conn, ask->request.p, ask->request.len, NULL, 0, SIZE_MAX / 4);
	}
	if (err)
		cw_os_ws_finish(ws, err == EPIPE ? ECONNRESET : err, 0, false);
	else
		TALLOC_FREE(ask->dial);
}

static void connect_over(void *arg)
{
	cw_os_ws_finish(arg, ETIMEDOUT, 0, false);
}

static int add_headers(struct cw_buf *b, const struct cw_ws_req *req, const struct cw_url *url)
{
	bool has_host = false;
	bool v6 = strchr(url->host, ':') != NULL;

	for (size_t i = 0; i < req->n_headers; i++) {
		const struct cw_header *h = &req->headers[i];

		if (!cw_http1_name_ok(cw_str(h->name)) || !cw_http1_value_ok(cw_str(h->value)))
			return EINVAL;
		has_host |= !strcasecmp(h->name, "host");
		cw_buf_fmt(b, "%s: %s\r\n", h->name, h->value);
	}
	if (!has_host && url->port_given)
		cw_buf_fmt(b, v6 ? "Host: [%s]:%u\r\n" : "Host: %s:%u\r\n", url->host, url->port);
	else if (!has_host)
		cw_buf_fmt(b, v6 ? "Host: [%s]\r\n" : "Host: %s\r\n", url->host);
	if (req->subprotocol) {
		if (!cw_http1_name_ok(cw_str(req->subprotocol)))
			return EINVAL;
		cw_buf_fmt(b, "Sec-WebSocket-Protocol: %s\r\n", req->subprotocol);
	}
	return 0;
}

static int encode_request(struct cw_ws_ask *ask, const struct cw_ws_req *req, const struct cw_url *url)
{
	unsigned char bytes[KEY_BYTES];
	char key[KEY_TEXT];
	int err;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return EAGAIN;
	EVP_EncodeBlock((unsigned char *)key, bytes, sizeof(bytes));
	accept_value(cw_str(key), ask->expected);
	cw_buf_fmt(&ask->request, "GET %s%s%s HTTP/1.1\r\n", url->path, url->query[0] ? "?" : "", url->query);
	err = add_headers(&ask->request, req, url);
	if (err)
		return err;
	cw_buf_fmt(&ask->request,
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
		key);
	err = cw_buf_err(&ask->request);
	return err == EMSGSIZE ? EINVAL : err;
}

static int ask_new(struct cw_os_ws *ws, const struct cw_ws_req *req, const struct cw_url *url)
{
	struct cw_ws_ask *ask = ws->ask = talloc_zero(ws, struct cw_ws_ask);

	if (!ask)
		return ENOMEM;
	ask->request = CW_BUF(CW_HTTP1_HEAD_MAX);
	talloc_set_destructor(ask, ask_gone);
	if (req->subprotocol && !(ask->subprotocol = talloc_strdup(ask, req->subprotocol)))
		return ENOMEM;
	return encode_request(ask, req, url);
}

int cw_os_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret)
{
	CW_SCOPED struct cw_os_ws *ws = NULL;
	CW_SCOPED struct cw_url *url = NULL;
	SSL_CTX *tls = NULL;
	int err = cw_url_parse(NULL, req->url, &url, NULL);

	if (!err && strcmp(url->scheme, "ws") != 0 && strcmp(url->scheme, "wss") != 0)
		err = EINVAL;
	if (!err)
		err = cw_os_ws_new(w, &req->limits, ev, arg, true, &ws);
	if (!err)
		err = ask_new(ws, req, url);
	if (!err && !strcmp(url->scheme, "wss"))
		err = cw_tls_client(cw_os_of(w), req->ca_file, &tls);
	if (!err)
		err = cw_dial_new(ws->ask, cw_os_of(w), url->host, url->port, tls, dialled, ws, &ws->ask->dial);
	if (err)
		return err;
	cw_timer_start(&ws->timer, req->connect_us ? req->connect_us : CONNECT_DEFAULT_US, connect_over, ws);
	*ret = &ws->base;
	(void)talloc_move(parent, &ws);
	return 0;
}
