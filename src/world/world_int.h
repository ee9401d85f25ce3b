/*
 * world_int.h: what os and sim have in common; included by the files of src/world only
 *
 * A world is a talloc object which begins with `struct cw_world`. Timers (a heap) and ticks (a wheel) are common code in
 * timer.c; the rest is a table of functions per world. Every network object begins with its world, so that dispatch needs
 * no second table.
 */
#pragma once
#include "world/net.h"
#include "world/world.h"

struct cw_world_ops {
	uint64_t (*now)(struct cw_world *w);
	int64_t (*wall)(struct cw_world *w);
	/* The earliest timer changed: wake at @at_us (UINT64_MAX: no timer) and call cw_world_fire(). */
	void (*arm)(struct cw_world *w, uint64_t at_us);
	int (*post)(struct cw_world *w, cw_fn *fn, void *arg);
	int (*work)(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret);
	int (*proc_open)(void *parent, struct cw_world *w, const struct cw_proc_conf *conf,
		const struct cw_proc_events *ev, void *arg, struct cw_proc **ret);
	int (*http_request)(void *parent, struct cw_world *w, const struct cw_http_req *req,
		const struct cw_http_events *ev, void *arg, struct cw_http **ret);
	int (*ws_connect)(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
		void *arg, struct cw_ws **ret);
	int (*ws_send)(struct cw_ws *ws, enum cw_ws_kind kind, const void *bytes, size_t n);
	void (*ws_close)(struct cw_ws *ws, unsigned code, const char *reason);
	size_t (*ws_queued)(const struct cw_ws *ws);
	int (*listen)(void *parent, struct cw_world *w, const struct cw_listen_conf *conf,
		const struct cw_routes *routes, void *arg, struct cw_server **ret, struct cw_why *why);
	unsigned (*server_port)(const struct cw_server *l);
	int (*reply)(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers,
		const void *body, size_t len);
	int (*reply_begin)(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers);
	int (*reply_more)(struct cw_exchange *x, const void *bytes, size_t n);
	int (*reply_end)(struct cw_exchange *x);
	void (*reply_break)(struct cw_exchange *x);
	int (*ws_accept)(void *parent, struct cw_exchange *x, const struct cw_ws_limits *limits,
		const struct cw_ws_events *ev, void *arg, struct cw_ws **ret);
	int (*udp_open)(
		void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret);
	int (*udp_send)(struct cw_udp *u, const void *bytes, size_t n, const struct sockaddr *to);
	unsigned (*udp_port)(const struct cw_udp *u);
};

#define CW_TICK_SLOTS 20

struct cw_world {
	const struct cw_world_ops *ops;
	bool sim;
	struct cw_rng rng;
	struct cw_timer **heap; /* 1-based binary heap by (at_us, seq) */
	size_t heap_n, heap_cap;
	uint64_t timer_seq;
	struct {
		struct cw_timer timer;
		struct cw_tick *first;
		struct cw_tick *next; /* to be served next while the slot fires: survives removals */
	} wheel[CW_TICK_SLOTS];
};

/* Every handle begins with its world. */
struct cw_ws {
	struct cw_world *world;
};
struct cw_server {
	struct cw_world *world;
};
struct cw_udp {
	struct cw_world *world;
};

/* One request as both worlds keep it; the world's own struct begins with it. Strings hang from the exchange. */
struct cw_exchange {
	struct cw_world *world;
	const char *method, *path, *query, *peer;
	struct cw_header *headers;
	size_t n_headers;
	struct cw_str body;
	bool tls;
	void (*gone)(void *arg);
	void *gone_arg;
};

void cw_world_init(struct cw_world *w, const struct cw_world_ops *ops, bool sim, uint64_t seed);
/* Run every timer due at @now_us, oldest first (those started meanwhile with no delay wait for the next call); returns how many.
 * The world's ops->arm() is called afterwards when the earliest timer changed. */
unsigned cw_world_fire(struct cw_world *w, uint64_t now_us);
/* When the earliest timer is due, UINT64_MAX when none; and its order among others of that instant. */
uint64_t cw_world_next_timer(const struct cw_world *w, uint64_t *seq);
/* Run exactly the earliest timer (it must be due). For sim, which orders timers among its other events by (time, seq): both
 * draw seq from w->timer_seq. */
void cw_world_fire_one(struct cw_world *w);
