#include "world/sim_int.h"

#include <errno.h>
#include <strings.h>

#include "base/mem.h"
#include "world/url.h"

/*
 * A connection has two ends; either may be freed at any time. Messages on their way belong to the connection, which lives
 * until both ends are gone and nothing is on its way.
 */

#define MAX_MESSAGE_DEFAULT (256u << 10)
#define MAX_QUEUE_DEFAULT   (1u << 20)
#define CLOSE_WAIT_US       2000000
#define CONNECT_DEFAULT_US  10000000
#define CODE_NONE           1005
#define CODE_ABNORMAL       1006
#define CODE_TOO_BIG        1009
#define CODE_BAD_TEXT       1007

enum ws_state { WS_CONNECTING, WS_OPEN, WS_CLOSING, WS_DEAD };

struct sim_conn {
	struct sim *sim;
	struct sim_ws *end[2]; /* 0 = client, 1 = server */
	const char *label;
	uint64_t last_us[2]; /* when the latest message towards end i arrives: keeps order */
	size_t stuck[2];     /* bytes towards end i that will never arrive */
	bool half_open[2];   /* nothing towards end i arrives any more, and nobody is told */
	unsigned in_flight;
};

struct sim_ws {
	struct cw_ws base;
	struct sim_conn *conn; /* NULL: not connected yet, or the link is gone */
	unsigned side;
	enum ws_state state;
	struct cw_ws_events ev;
	void *arg;
	struct cw_ws_limits limits;
	struct cw_timer timer; /* connect, then close wait */
	/* the client's request on its way */
	struct sim_request req;
	struct sim_event *event;
	struct sim_exchange *exchange;
	const char *label;
	unsigned refused_status;
};

enum parcel_kind { PARCEL_MESSAGE, PARCEL_CLOSE, PARCEL_RESET };

struct parcel {
	struct sim_conn *conn;
	unsigned to;
	enum parcel_kind kind;
	enum cw_ws_kind message_kind;
	unsigned code;
	size_t n;
	char bytes[];
};

/* ---- the connection ---- */

/* The world ends before an end does: the end must not reach for us any more. */
static int conn_destroy(struct sim_conn *c)
{
	for (unsigned i = 0; i < 2; i++)
		if (c->end[i])
			c->end[i]->conn = NULL;
	return 0;
}

static void conn_release(struct sim_conn *c)
{
	if (!c->end[0] && !c->end[1] && !c->in_flight)
		talloc_free(c);
}

static void leave(struct sim_ws *ws)
{
	struct sim_conn *c = ws->conn;

	if (!c)
		return;
	ws->conn = NULL;
	c->end[ws->side] = NULL;
	conn_release(c);
}

/* The end is over: tell its owner. */
static void finish(struct sim_ws *ws, int err, unsigned code)
{
	void (*closed)(int err, unsigned code, void *arg) = ws->ev.closed;
	void *arg = ws->arg;

	cw_timer_stop(&ws->timer);
	ws->state = WS_DEAD;
	leave(ws);
	closed(err, code, arg);
}

static void parcel_drop(void *arg)
{
	talloc_free(arg);
}

static void send_parcel(struct sim_conn *c, struct parcel *p);

static void post_close(struct sim_conn *c, unsigned to, enum parcel_kind kind, unsigned code)
{
	struct parcel *p = talloc_size(c, sizeof(*p));

	if (!p)
		return;
	*p = (struct parcel){.conn = c, .to = to, .kind = kind, .code = code};
	send_parcel(c, p);
}

static bool utf8_ok(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned more = s[i] < 0x80                   ? 0
				: s[i] >= 0xC2 && s[i] < 0xE0 ? 1
				: s[i] >= 0xE0 && s[i] < 0xF0 ? 2
				: s[i] >= 0xF0 && s[i] < 0xF5 ? 3
							      : 9;

		if (more == 9 || i + more >= n + (more == 0))
			return false;
		for (unsigned k = 1; k <= more; k++)
			if ((s[i + k] & 0xC0) != 0x80)
				return false;
		i += more + 1;
	}
	return true;
}

static void receive_message(struct sim_ws *ws, struct parcel *p)
{
	if (ws->state != WS_OPEN)
		return;

	unsigned code = p->n > ws->limits.max_message ? CODE_TOO_BIG : 0;

	if (!code && p->message_kind == CW_WS_TEXT && !utf8_ok((const unsigned char *)p->bytes, p->n))
		code = CODE_BAD_TEXT;
	if (!code) {
		ws->ev.message(p->message_kind, p->bytes, p->n, ws->arg);
		return;
	}
	post_close(ws->conn, !ws->side, PARCEL_CLOSE, code);
	finish(ws, EPROTO, code);
}

static void receive_close(struct sim_ws *ws, unsigned code)
{
	if (ws->state == WS_OPEN)
		post_close(ws->conn, !ws->side, PARCEL_CLOSE, code);
	finish(ws, 0, code);
}

static void parcel_arrives(void *arg)
{
	struct parcel *p = arg;
	struct sim_conn *c = p->conn;
	struct sim_ws *ws = c->end[p->to];

	if (ws && p->kind == PARCEL_MESSAGE)
		receive_message(ws, p);
	else if (ws && p->kind == PARCEL_CLOSE)
		receive_close(ws, p->code);
	else if (ws)
		finish(ws, ECONNRESET, CODE_ABNORMAL);
	c->in_flight--;
	talloc_free(p);
	conn_release(c);
}

/* Put @p on its way; in order with what was sent before. */
static void send_parcel(struct sim_conn *c, struct parcel *p)
{
	struct sim *s = c->sim;
	uint64_t at = s->now_us + sim_delay(s, &s->conf.net);

	if (sim_fault(s, CW_FAULT_LATE, c->label))
		at += sim_late(s);
	if (at < c->last_us[p->to])
		at = c->last_us[p->to];
	if (c->half_open[p->to] || sim_fault(s, CW_FAULT_STALL, c->label) ||
		sim_fault(s, CW_FAULT_HALF_OPEN, c->label)) {
		c->half_open[p->to] = true;
		c->stuck[p->to] += p->n;
		talloc_free(p);
		return;
	}
	c->last_us[p->to] = at;
	if (sim_at(s, at - s->now_us, parcel_arrives, parcel_drop, p))
		c->in_flight++;
	else
		talloc_free(p);
}

/* ---- an end ---- */

static int ws_destroy(struct sim_ws *ws)
{
	cw_timer_stop(&ws->timer);
	if (ws->event)
		sim_event_cancel(ws->event);
	if (ws->exchange) {
		struct sim_exchange *x = ws->exchange;

		x->asker = NULL;
		x->asker_link = NULL;
		if (x->x.gone)
			x->x.gone(x->x.gone_arg);
		talloc_free(x);
	}
	if (ws->conn) {
		if (ws->state != WS_DEAD && !ws->conn->sim->ending)
			post_close(ws->conn, !ws->side, PARCEL_RESET, 0);
		leave(ws);
	}
	return 0;
}

static int ws_new(
	struct sim *s, const struct cw_ws_events *ev, void *arg, const struct cw_ws_limits *limits, struct sim_ws **ret)
{
	struct sim_ws *ws = talloc_zero(NULL, struct sim_ws);

	if (!ws)
		return ENOMEM;
	ws->base.world = &s->world;
	ws->ev = *ev;
	ws->arg = arg;
	if (limits)
		ws->limits = *limits;
	if (!ws->limits.max_message)
		ws->limits.max_message = MAX_MESSAGE_DEFAULT;
	if (!ws->limits.max_queue)
		ws->limits.max_queue = MAX_QUEUE_DEFAULT;
	cw_timer_init(&ws->timer, &s->world);
	talloc_set_destructor(ws, ws_destroy);
	*ret = ws;
	return 0;
}

static void close_wait_over(void *arg)
{
	finish(arg, ETIMEDOUT, CODE_ABNORMAL);
}

static void connect_over(void *arg)
{
	struct sim_ws *ws = arg;

	finish(ws, ETIMEDOUT, 0);
}

int sim_ws_send(struct cw_ws *base, enum cw_ws_kind kind, const void *bytes, size_t n)
{
	struct sim_ws *ws = (struct sim_ws *)base;
	struct sim_conn *c = ws->conn;

	if (ws->state != WS_OPEN || !c)
		return ENOTCONN;

	struct sim *s = c->sim;

	if (c->stuck[!ws->side] + n > ws->limits.max_queue)
		return ENOBUFS;
	if (sim_fault(s, CW_FAULT_RESET, c->label)) {
		post_close(c, 0, PARCEL_RESET, 0);
		post_close(c, 1, PARCEL_RESET, 0);
		return 0;
	}
	if (sim_fault(s, CW_FAULT_LOSS, c->label))
		return 0;

	struct parcel *p = talloc_size(c, sizeof(*p) + n);

	if (!p)
		return ENOMEM;
	*p = (struct parcel){.conn = c, .to = !ws->side, .kind = PARCEL_MESSAGE, .message_kind = kind, .n = n};
	memcpy(p->bytes, bytes, n);
	if (sim_fault(s, CW_FAULT_GARBAGE, c->label))
		sim_garble(s, p->bytes, n);
	send_parcel(c, p);
	return 0;
}

void sim_ws_close(struct cw_ws *base, unsigned code, const char *reason)
{
	struct sim_ws *ws = (struct sim_ws *)base;

	(void)reason; /* the interface does not hand it to the peer's handler */
	if (ws->state == WS_CONNECTING) {
		cw_timer_start(&ws->timer, 0, close_wait_over, ws);
		return;
	}
	if (ws->state != WS_OPEN)
		return;
	ws->state = WS_CLOSING;
	post_close(ws->conn, !ws->side, PARCEL_CLOSE, code ? code : CODE_NONE);
	cw_timer_start(&ws->timer, CLOSE_WAIT_US, close_wait_over, ws);
}

size_t sim_ws_queued(const struct cw_ws *base)
{
	const struct sim_ws *ws = (const struct sim_ws *)base;

	return ws->conn ? ws->conn->stuck[!ws->side] : 0;
}

/* ---- opening: the client asks, the server accepts ---- */

static void opened(void *arg)
{
	struct sim_ws *ws = arg;

	ws->event = NULL;
	ws->state = WS_OPEN;
	cw_timer_stop(&ws->timer);
	if (ws->ev.open)
		ws->ev.open(ws->arg);
}

static void connect_failed(void *arg)
{
	struct sim_ws *ws = arg;

	ws->event = NULL;
	if (ws->refused_status)
		finish(ws, EACCES, ws->refused_status);
	else
		finish(ws, sim_host_ok(ws->req.host) ? ECONNREFUSED : EHOSTUNREACH, 0);
}

static void upgrade_replied(
	void *asker, int status, const struct cw_header *headers, size_t n, const void *body, size_t len)
{
	struct sim_ws *ws = asker;
	struct sim *s = sim_of(ws->base.world);

	(void)headers;
	(void)n;
	(void)body;
	(void)len;
	ws->refused_status = (unsigned)status;
	ws->event = sim_at(s, sim_delay(s, &s->conf.net), connect_failed, NULL, ws);
}

static const struct sim_asker ws_asker = {.replied = upgrade_replied};

static void upgrade_arrives(void *arg)
{
	struct sim_ws *ws = arg;
	struct sim *s = sim_of(ws->base.world);

	ws->event = NULL;
	if (!sim_host_ok(ws->req.host) || sim_deliver_request(s, &ws->req, &ws_asker, ws, &ws->exchange))
		ws->event = sim_at(s, sim_delay(s, &s->conf.net), connect_failed, NULL, ws);
}

int sim_ws_accept(void *parent, struct cw_exchange *base, const struct cw_ws_limits *limits,
	const struct cw_ws_events *ev, void *arg, struct cw_ws **ret)
{
	struct sim_exchange *x = (struct sim_exchange *)base;
	struct sim *s = sim_of(base->world);
	struct sim_ws *client = x->asker;

	if (!x->upgrade || x->answered)
		return EINVAL;
	if (!client) {
		talloc_free(x);
		return ECONNRESET;
	}

	CW_SCOPED struct sim_ws *ws = NULL;
	int err = ws_new(s, ev, arg, limits, &ws);
	struct sim_conn *c = err ? NULL : talloc_zero(s, struct sim_conn);

	if (c)
		c->label = talloc_asprintf(c, "ws:%s", client->req.path);
	if (!c || !c->label) {
		talloc_free(c);
		return ENOMEM;
	}
	talloc_set_destructor(c, conn_destroy);
	c->sim = s;
	c->end[0] = client;
	c->end[1] = ws;
	client->conn = ws->conn = c;
	ws->side = 1;
	ws->state = WS_OPEN;
	client->exchange = NULL;
	x->asker_link = NULL;
	talloc_free(x);

	uint64_t delay = sim_delay(s, &s->conf.net);

	c->last_us[0] = s->now_us + delay;
	client->event = sim_at(s, delay, opened, NULL, client);
	*ret = (struct cw_ws *)talloc_move(parent, &ws);
	return 0;
}

static int keep_request(struct sim_ws *ws, const struct cw_ws_req *req)
{
	struct cw_url *url;

	if (cw_url_parse(ws, req->url, &url, NULL) || (strcmp(url->scheme, "ws") && strcmp(url->scheme, "wss")))
		return EINVAL;

	struct cw_header *headers = talloc_array(ws, struct cw_header, req->n_headers + 1);

	if (!headers)
		return ENOMEM;
	for (size_t i = 0; i < req->n_headers; i++) {
		headers[i] = (struct cw_header){
			talloc_strdup(headers, req->headers[i].name), talloc_strdup(headers, req->headers[i].value)};
		if (!headers[i].name || !headers[i].value)
			return ENOMEM;
	}
	ws->req = (struct sim_request){
		.method = "GET",
		.host = url->host,
		.path = url->path,
		.query = url->query,
		.port = url->port,
		.headers = headers,
		.n_headers = req->n_headers,
		.tls = !strcmp(url->scheme, "wss"),
		.upgrade = true,
	};
	ws->label = talloc_asprintf(ws, "ws-connect:%s", url->path);
	return ws->label ? 0 : ENOMEM;
}

int sim_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret)
{
	struct sim *s = sim_of(w);
	CW_SCOPED struct sim_ws *ws = NULL;
	int err = ws_new(s, ev, arg, &req->limits, &ws);

	if (!err)
		err = keep_request(ws, req);
	if (err)
		return err;

	sim_fn *fate = sim_fault(s, CW_FAULT_REFUSE, ws->label) ? connect_failed : upgrade_arrives;

	if (!sim_fault(s, CW_FAULT_STALL, ws->label)) {
		ws->event = sim_at(s, sim_delay(s, &s->conf.net), fate, NULL, ws);
		if (!ws->event)
			return ENOMEM;
	}
	cw_timer_start(&ws->timer, req->connect_us ? req->connect_us : CONNECT_DEFAULT_US, connect_over, ws);
	*ret = (struct cw_ws *)talloc_move(parent, &ws);
	return 0;
}
