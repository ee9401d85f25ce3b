#include "world/world.h"

#include <strings.h>

#include "world/world_int.h"

void cw_world_init(struct cw_world *w, const struct cw_world_ops *ops, bool sim, uint64_t seed)
{
	w->ops = ops;
	w->sim = sim;
	cw_rng_init(&w->rng, seed);
	for (unsigned i = 0; i < CW_TICK_SLOTS; i++)
		cw_timer_init(&w->wheel[i].timer, w);
}

uint64_t cw_now(struct cw_world *w)
{
	return w->ops->now(w);
}

int64_t cw_wall(struct cw_world *w)
{
	return w->ops->wall(w);
}

struct cw_rng *cw_rng(struct cw_world *w)
{
	return &w->rng;
}

bool cw_world_is_sim(const struct cw_world *w)
{
	return w->sim;
}

int cw_post(struct cw_world *w, cw_fn *fn, void *arg)
{
	return w->ops->post(w, fn, arg);
}

int cw_work(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret)
{
	return w->ops->work(parent, w, job, ret);
}

int cw_proc_open(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret)
{
	return w->ops->proc_open(parent, w, conf, ev, arg, ret);
}

int cw_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret)
{
	return w->ops->http_request(parent, w, req, ev, arg, ret);
}

int cw_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret)
{
	return w->ops->ws_connect(parent, w, req, ev, arg, ret);
}

int cw_ws_send(struct cw_ws *ws, enum cw_ws_kind kind, const void *bytes, size_t n)
{
	return ws->world->ops->ws_send(ws, kind, bytes, n);
}

void cw_ws_close(struct cw_ws *ws, unsigned code, const char *reason)
{
	ws->world->ops->ws_close(ws, code, reason);
}

size_t cw_ws_queued(const struct cw_ws *ws)
{
	return ws->world->ops->ws_queued(ws);
}

int cw_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes,
	void *arg, struct cw_server **ret, struct cw_why *why)
{
	return w->ops->listen(parent, w, conf, routes, arg, ret, why);
}

unsigned cw_server_port(const struct cw_server *l)
{
	return l->world->ops->server_port(l);
}

int cw_reply(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers, const void *body,
	size_t len)
{
	return x->world->ops->reply(x, status, headers, n_headers, body, len);
}

int cw_reply_begin(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers)
{
	return x->world->ops->reply_begin(x, status, headers, n_headers);
}

int cw_reply_more(struct cw_exchange *x, const void *bytes, size_t n)
{
	return n ? x->world->ops->reply_more(x, bytes, n) : 0;
}

int cw_reply_end(struct cw_exchange *x)
{
	return x->world->ops->reply_end(x);
}

void cw_reply_break(struct cw_exchange *x)
{
	x->world->ops->reply_break(x);
}

int cw_ws_accept(void *parent, struct cw_exchange *x, const struct cw_ws_limits *limits, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret)
{
	return x->world->ops->ws_accept(parent, x, limits, ev, arg, ret);
}

const char *cw_exchange_method(const struct cw_exchange *x)
{
	return x->method;
}

const char *cw_exchange_path(const struct cw_exchange *x)
{
	return x->path;
}

const char *cw_exchange_query(const struct cw_exchange *x)
{
	return x->query;
}

const char *cw_exchange_peer(const struct cw_exchange *x)
{
	return x->peer;
}

bool cw_exchange_is_tls(const struct cw_exchange *x)
{
	return x->tls;
}

struct cw_str cw_exchange_body(const struct cw_exchange *x)
{
	return x->body;
}

const char *cw_exchange_header(const struct cw_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->n_headers; i++)
		if (!strcasecmp(x->headers[i].name, name))
			return x->headers[i].value;
	return NULL;
}

void cw_exchange_on_gone(struct cw_exchange *x, void (*gone)(void *arg), void *arg)
{
	x->gone = gone;
	x->gone_arg = arg;
}

int cw_udp_open(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret)
{
	return w->ops->udp_open(parent, w, address, fn, arg, ret);
}

int cw_udp_send(struct cw_udp *u, const void *bytes, size_t n, const struct sockaddr *to)
{
	return u->world->ops->udp_send(u, bytes, n, to);
}

unsigned cw_udp_port(const struct cw_udp *u)
{
	return u->world->ops->udp_port(u);
}
