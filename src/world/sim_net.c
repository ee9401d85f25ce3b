#include "world/sim_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <strings.h>
#include <utlist.h>

#include "base/mem.h"
#include "world/url.h"

#define MAX_BODY_DEFAULT   (1u << 20)
#define MAX_ANSWER_DEFAULT (8u << 20)
#define DEFAULT_DEADLINES                             \
	(struct cw_deadlines)                         \
	{                                             \
		5000000, 15000000, 30000000, 60000000 \
	}

struct sim_listener {
	struct cw_server base;
	struct sim *sim;
	struct cw_routes routes;
	void *arg;
	unsigned port;
	bool tls;
	struct sim_listener *prev, *next;
};

bool sim_host_ok(const char *host)
{
	unsigned char addr[16];

	return !strcmp(host, "localhost") || inet_pton(AF_INET, host, addr) == 1 ||
	       inet_pton(AF_INET6, host, addr) == 1;
}

unsigned sim_free_port(struct sim *s)
{
	return s->next_port++;
}

/* ---- server ---- */

static int listener_destroy(struct sim_listener *l)
{
	DL_DELETE(l->sim->listeners, l);
	return 0;
}

static struct sim_listener *find_listener(struct sim *s, unsigned port)
{
	struct sim_listener *l;

	DL_FOREACH (s->listeners, l)
		if (l->port == port)
			return l;
	return NULL;
}

int sim_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes,
	void *arg, struct cw_server **ret, struct cw_why *why)
{
	struct sim *s = sim_of(w);
	const char *colon = strrchr(conf->address, ':');
	uint32_t port;

	if (!colon || cw_str_u32(cw_str(colon + 1), 65535, &port))
		return cw_why_set(why, EINVAL, "listen address '%s': expected HOST:PORT", conf->address);
	if (port && find_listener(s, port) && !conf->reuse_port)
		return cw_why_set(why, EADDRINUSE, "port %u is in use", port);

	CW_SCOPED struct sim_listener *l = talloc_zero(NULL, struct sim_listener);

	if (!l)
		return ENOMEM;
	l->base.world = w;
	l->sim = s;
	l->routes = *routes;
	l->arg = arg;
	l->tls = conf->cert_file && conf->key_file;
	l->port = port ? port : sim_free_port(s);
	if (!l->routes.max_body)
		l->routes.max_body = MAX_BODY_DEFAULT;
	DL_APPEND(s->listeners, l);
	talloc_set_destructor(l, listener_destroy);
	*ret = (struct cw_server *)talloc_move(parent, &l);
	return 0;
}

unsigned sim_server_port(const struct cw_server *l)
{
	return ((const struct sim_listener *)l)->port;
}

/* ---- an exchange: one request on its way through the routes ---- */

static int exchange_destroy(struct sim_exchange *x)
{
	if (x->asker_link)
		*x->asker_link = NULL;
	return 0;
}

/* Give the answer to the asker, if it is still there, and end the exchange. */
static int answer(
	struct sim_exchange *x, int status, const struct cw_header *headers, size_t n, const void *body, size_t len)
{
	bool gone = !x->asker;

	x->answered = true;
	if (x->asker_link)
		*x->asker_link = NULL;
	x->asker_link = NULL;
	if (!gone)
		x->how->replied(x->asker, status, headers, n, body, len);
	talloc_free(x);
	return gone ? ECONNRESET : 0;
}

int sim_reply(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers, const void *body,
	size_t len)
{
	return answer((struct sim_exchange *)x, status, headers, n_headers, body, len);
}

int sim_reply_begin(struct cw_exchange *base, int status, const struct cw_header *headers, size_t n_headers)
{
	struct sim_exchange *x = (struct sim_exchange *)base;

	if (!x->asker)
		return ECONNRESET;
	if (x->how->began)
		x->how->began(x->asker, status, headers, n_headers);
	else
		x->how->replied(x->asker, status, headers, n_headers, NULL, 0);
	return 0;
}

int sim_reply_more(struct cw_exchange *base, const void *bytes, size_t n)
{
	struct sim_exchange *x = (struct sim_exchange *)base;

	if (!x->asker)
		return ECONNRESET;
	if (x->how->piece)
		x->how->piece(x->asker, bytes, n);
	return 0;
}

/* The answer is over, whole or torn off. */
static int end_pieces(struct sim_exchange *x, bool whole)
{
	bool gone = !x->asker;

	if (!gone && x->how->ended)
		x->how->ended(x->asker, whole);
	else if (!gone && !whole)
		x->how->replied(x->asker, 500, NULL, 0, NULL, 0);
	talloc_free(x);
	return gone ? ECONNRESET : 0;
}

int sim_reply_end(struct cw_exchange *x)
{
	return end_pieces((struct sim_exchange *)x, true);
}

void sim_reply_break(struct cw_exchange *x)
{
	(void)end_pieces((struct sim_exchange *)x, false); /* a client that is gone needs no reset */
}

static int copy_request(struct sim_exchange *x, const struct sim_request *r)
{
	x->x.method = talloc_strdup(x, r->method);
	x->x.path = talloc_strdup(x, r->path);
	x->x.query = talloc_strdup(x, r->query);
	x->x.peer = "127.0.0.1";
	x->x.tls = r->tls;
	x->upgrade = r->upgrade;
	x->x.headers = talloc_array(x, struct cw_header, r->n_headers + 2);
	if (!x->x.method || !x->x.path || !x->x.query || !x->x.headers)
		return ENOMEM;
	for (size_t i = 0; i < r->n_headers; i++) {
		struct cw_header h = {talloc_strdup(x, r->headers[i].name), talloc_strdup(x, r->headers[i].value)};

		if (!h.name || !h.value)
			return ENOMEM;
		x->x.headers[x->x.n_headers++] = h;
	}
	if (!cw_exchange_header(&x->x, "host")) {
		char *host = talloc_asprintf(x, "%s:%u", r->host, r->port);

		if (!host)
			return ENOMEM;
		x->x.headers[x->x.n_headers++] = (struct cw_header){"Host", host};
	}
	if (r->body_len) {
		x->x.body = (struct cw_str){talloc_memdup(x, r->body, r->body_len), r->body_len};
		if (!x->x.body.p)
			return ENOMEM;
	}
	return 0;
}

int sim_deliver_request(struct sim *s, const struct sim_request *r, const struct sim_asker *how, void *asker,
	struct sim_exchange **link)
{
	struct sim_listener *l = find_listener(s, r->port);

	if (!l)
		return ECONNREFUSED;
	if (l->tls != r->tls)
		return EPROTO;

	struct sim_exchange *x = talloc_zero(l, struct sim_exchange);

	if (!x)
		return ENOMEM;
	x->x.world = &s->world;
	if (copy_request(x, r)) {
		talloc_free(x);
		return ENOMEM;
	}
	x->how = how;
	x->asker = asker;
	x->asker_link = link;
	*link = x;
	talloc_set_destructor(x, exchange_destroy);
	if (r->body_len > l->routes.max_body)
		(void)answer(x, 413, NULL, 0, NULL, 0); /* cannot be gone: it asks right now */
	else if (r->upgrade && !l->routes.upgrade)
		(void)answer(x, 404, NULL, 0, NULL, 0);
	else if (r->upgrade)
		l->routes.upgrade(&x->x, l->arg);
	else
		l->routes.request(&x->x, l->arg);
	return 0;
}

/* ---- HTTP client ---- */

enum part_kind { PART_HEAD, PART_BYTES, PART_END, PART_RESET };

/* One piece of an answer on its way; they arrive in order. */
struct sim_part {
	struct sim_http *http;
	enum part_kind kind;
	struct sim_event *event;
	struct sim_part *prev, *next;
	size_t len;
	char *bytes;
};

struct sim_http {
	struct sim *sim;
	struct cw_http_events ev;
	void *arg;
	struct sim_request req; /* strings hang from this object */
	const char *label;
	struct cw_deadlines deadlines;
	size_t max_body;
	struct sim_event *event; /* request on its way, or answer on its way */
	struct cw_timer deadline;
	struct cw_timer total;
	struct sim_exchange *exchange;
	int status;
	struct cw_header *headers;
	size_t n_headers;
	char *body;
	size_t body_len;
	struct sim_part *parts; /* of an answer in pieces */
	uint64_t last_us;       /* when the last of them arrives */
	bool stalled;           /* by a fault: nothing more comes */
};

static int http_destroy(struct sim_http *h)
{
	struct sim_part *part;

	DL_FOREACH (h->parts, part)
		sim_event_cancel(part->event);
	cw_timer_stop(&h->deadline);
	cw_timer_stop(&h->total);
	if (h->event)
		sim_event_cancel(h->event);
	if (h->exchange) {
		struct sim_exchange *x = h->exchange;

		x->asker = NULL;
		x->asker_link = NULL;
		if (x->x.gone) {
			x->x.gone(x->x.gone_arg);
			talloc_free(x);
		}
	}
	if (h->sim->serving == h)
		h->sim->serving = NULL;
	return 0;
}

static void http_close(struct sim_http *h, int err)
{
	struct sim *s = h->sim;

	cw_timer_stop(&h->deadline);
	cw_timer_stop(&h->total);
	s->serving = h;
	h->ev.closed(err, h->arg);
	if (s->serving == h)
		talloc_free(h);
}

static void http_timed_out(void *arg)
{
	http_close(arg, ETIMEDOUT);
}

static void answer_arrives(void *arg)
{
	struct sim_http *h = arg;
	struct sim *s = h->sim;

	h->event = NULL;
	if (h->body_len > h->max_body) {
		http_close(h, EMSGSIZE);
		return;
	}
	s->serving = h;
	if (h->ev.headers)
		h->ev.headers(h->status, h->headers, h->n_headers, h->arg);
	if (s->serving == h && h->ev.data && h->body_len)
		h->ev.data(h->body, h->body_len, h->arg);
	if (s->serving == h)
		http_close(h, 0);
}

static void reset_arrives(void *arg)
{
	struct sim_http *h = arg;

	h->event = NULL;
	http_close(h, ECONNRESET);
}

static void unreachable_arrives(void *arg)
{
	struct sim_http *h = arg;

	h->event = NULL;
	http_close(h, EHOSTUNREACH);
}

static void refusal_arrives(void *arg)
{
	struct sim_http *h = arg;

	h->event = NULL;
	http_close(h, ECONNREFUSED);
}

/* false: no memory. */
static bool keep_headers(struct sim_http *h, const struct cw_header *headers, size_t n)
{
	h->headers = talloc_zero_array(h, struct cw_header, n + 1);
	if (!h->headers)
		return false;
	for (h->n_headers = 0; h->n_headers < n; h->n_headers++) {
		struct cw_header *copy = &h->headers[h->n_headers];

		copy->name = talloc_strdup(h->headers, headers[h->n_headers].name);
		copy->value = talloc_strdup(h->headers, headers[h->n_headers].value);
		if (!copy->name || !copy->value)
			return false;
	}
	return true;
}

/* The server answered: keep it, and let it arrive after the network's delay, or as the faults will have it. */
static void http_replied(
	void *asker, int status, const struct cw_header *headers, size_t n, const void *body, size_t len)
{
	struct sim_http *h = asker;
	struct sim *s = h->sim;
	uint64_t delay = sim_delay(s, &s->conf.net);

	h->status = status;
	h->body = talloc_memdup(h, len ? body : "", len ? len : 1);
	h->body_len = len;
	if (sim_fault(s, CW_FAULT_STALL, h->label))
		return;
	if (sim_fault(s, CW_FAULT_LATE, h->label))
		delay += sim_late(s);
	if (len && h->body && sim_fault(s, CW_FAULT_GARBAGE, h->label))
		sim_garble(s, h->body, len);

	bool reset = !keep_headers(h, headers, n) || !h->body || sim_fault(s, CW_FAULT_RESET, h->label);

	h->event = sim_at(s, delay, reset ? reset_arrives : answer_arrives, NULL, h);
}

/* ---- an answer in pieces ---- */

static void part_arrives(void *arg)
{
	struct sim_part *part = arg;
	struct sim_http *h = part->http;
	struct sim *s = h->sim;
	enum part_kind kind = part->kind;

	DL_DELETE(h->parts, part);
	if (kind == PART_END || kind == PART_RESET) {
		http_close(h, kind == PART_END ? 0 : ECONNRESET);
		return;
	}
	cw_timer_start(&h->deadline, h->deadlines.idle_us, http_timed_out, h);
	s->serving = h;
	if (kind == PART_HEAD && h->ev.headers)
		h->ev.headers(h->status, h->headers, h->n_headers, h->arg);
	if (kind == PART_BYTES) {
		h->body_len += part->len;
		if (h->body_len > h->max_body) {
			http_close(h, EMSGSIZE);
			return;
		}
		if (h->ev.data)
			h->ev.data(part->bytes, part->len, h->arg);
	}
	if (s->serving == h)
		talloc_free(part);
}

/* Let a piece travel; the faults of the await point may hold it up, tear the connection or spoil it. */
static void send_part(struct sim_http *h, enum part_kind kind, const void *bytes, size_t n)
{
	struct sim *s = h->sim;
	uint64_t at = s->now_us + sim_delay(s, &s->conf.net);
	struct sim_part *part = h->stalled ? NULL : talloc_zero(h, struct sim_part);

	if (!part || sim_fault(s, CW_FAULT_STALL, h->label)) {
		h->stalled = true;
		return;
	}
	if (sim_fault(s, CW_FAULT_LATE, h->label))
		at += sim_late(s);
	part->http = h;
	part->kind = sim_fault(s, CW_FAULT_RESET, h->label) ? PART_RESET : kind;
	part->len = n;
	part->bytes = talloc_memdup(part, n ? bytes : "", n ? n : 1);
	if (!part->bytes)
		part->kind = PART_RESET;
	else if (n && sim_fault(s, CW_FAULT_GARBAGE, h->label))
		sim_garble(s, part->bytes, n);
	h->stalled = part->kind == PART_RESET;
	h->last_us = at > h->last_us ? at : h->last_us;
	part->event = sim_at(s, h->last_us - s->now_us, part_arrives, NULL, part);
	if (part->event)
		DL_APPEND(h->parts, part);
	h->stalled = h->stalled || !part->event;
}

static void http_began(void *asker, int status, const struct cw_header *headers, size_t n)
{
	struct sim_http *h = asker;

	h->status = status;
	send_part(h, keep_headers(h, headers, n) ? PART_HEAD : PART_RESET, NULL, 0);
}

static void http_piece(void *asker, const void *bytes, size_t n)
{
	send_part(asker, PART_BYTES, bytes, n);
}

static void http_ended(void *asker, bool whole)
{
	send_part(asker, whole ? PART_END : PART_RESET, NULL, 0);
}

static const struct sim_asker http_asker = {http_replied, http_began, http_piece, http_ended};

static void request_arrives(void *arg)
{
	struct sim_http *h = arg;
	struct sim *s = h->sim;

	h->event = NULL;

	int err = sim_deliver_request(s, &h->req, &http_asker, h, &h->exchange);

	if (err)
		h->event = sim_at(
			s, sim_delay(s, &s->conf.net), err == ECONNREFUSED ? refusal_arrives : reset_arrives, NULL, h);
}

static int keep_request(struct sim_http *h, const struct cw_http_req *req)
{
	struct cw_url *url;

	int err = cw_url_parse(h, req->url, &url, NULL);

	if (err)
		return err;
	if (strcmp(url->scheme, "http") != 0 && strcmp(url->scheme, "https") != 0)
		return EINVAL;

	struct cw_header *headers = talloc_array(h, struct cw_header, req->n_headers + 1);

	if (!headers)
		return ENOMEM;
	for (size_t i = 0; i < req->n_headers; i++) {
		headers[i] = (struct cw_header){
			talloc_strdup(headers, req->headers[i].name), talloc_strdup(headers, req->headers[i].value)};
		if (!headers[i].name || !headers[i].value)
			return ENOMEM;
	}
	h->req = (struct sim_request){
		.method = talloc_strdup(h, req->method),
		.host = url->host,
		.path = url->path,
		.query = url->query,
		.port = url->port,
		.headers = headers,
		.n_headers = req->n_headers,
		.body = talloc_memdup(h, req->body_len ? req->body : "", req->body_len ? req->body_len : 1),
		.body_len = req->body_len,
		.tls = !strcmp(url->scheme, "https"),
	};
	h->label = talloc_asprintf(h, "http:%s", url->path);
	return h->req.method && h->req.body && h->label ? 0 : ENOMEM;
}

static void set_deadlines(struct sim_http *h, const struct cw_deadlines *d)
{
	struct cw_deadlines dflt = DEFAULT_DEADLINES;

	h->deadlines.connect_us = d->connect_us ? d->connect_us : dflt.connect_us;
	h->deadlines.first_byte_us = d->first_byte_us ? d->first_byte_us : dflt.first_byte_us;
	h->deadlines.idle_us = d->idle_us ? d->idle_us : dflt.idle_us;
	h->deadlines.total_us = d->total_us ? d->total_us : dflt.total_us;
	cw_timer_start(&h->deadline, h->deadlines.first_byte_us, http_timed_out, h);
	if (h->deadlines.total_us != UINT64_MAX)
		cw_timer_start(&h->total, h->deadlines.total_us, http_timed_out, h);
}

int sim_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret)
{
	struct sim *s = sim_of(w);
	CW_SCOPED struct sim_http *h = talloc_zero(NULL, struct sim_http);

	if (!h)
		return ENOMEM;
	h->sim = s;
	h->ev = *ev;
	h->arg = arg;
	h->max_body = req->max_body ? req->max_body : MAX_ANSWER_DEFAULT;
	cw_timer_init(&h->deadline, w);
	cw_timer_init(&h->total, w);

	int err = keep_request(h, req);

	if (err)
		return err;

	sim_fn *fate = request_arrives;
	uint64_t delay = sim_delay(s, &s->conf.net);

	if (!sim_host_ok(h->req.host))
		fate = unreachable_arrives;
	else if (sim_fault(s, CW_FAULT_REFUSE, h->label))
		fate = refusal_arrives;
	if (!sim_fault(s, CW_FAULT_HALF_OPEN, h->label)) {
		h->event = sim_at(s, delay, fate, NULL, h);
		if (!h->event)
			return ENOMEM;
	}
	talloc_set_destructor(h, http_destroy);
	set_deadlines(h, &req->deadlines);
	*ret = (struct cw_http *)talloc_move(parent, &h);
	return 0;
}
