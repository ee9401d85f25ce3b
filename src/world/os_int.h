/*
 * os_int.h: the inside of the real world, for the files of src/world which make it up
 *
 * A real world is one libuv loop. libuv gives a handle back one turn after it was closed, but our objects vanish at once in
 * talloc_free(); so handles live in small husks (struct cw_poll and friends) of their own which hang from `husks` and forget
 * their owner when they are closed.
 *
 * Everything the loop calls is wrapped in cw_os_enter() and cw_os_leave(), which time it.
 * Thread: the lane's, except where a field says otherwise.
 */
#pragma once
#include <pthread.h>
#include <uv.h>

#include "base/hist.h"
#include "world/world_int.h"

#define CW_OS_SCRATCH (64 * 1024)
#define CW_OS_SLOW_US 5000    /* a handler longer than this earns a warning in debug builds */
#define CW_OS_WARN_US 1000000 /* but one a second is enough: on a busy machine every handler may be slow */

struct cw_os;
struct cw_pool;
struct cw_curl;
struct cw_tls_cache;

struct cw_os_post {
	cw_fn *fn;
	void *arg;
};

/*
 * Has an object been freed by the handler which is being called? A watch on the caller's stack tells: its object turns NULL when
 * the object's destructor reports itself. Watches nest like the calls do.
 */
struct cw_watch {
	const void *object;
	struct cw_watch *outer;
};

struct cw_os {
	struct cw_world base;
	struct cw_watch *watches;
	uv_loop_t loop;
	void *husks; /* talloc context of everything libuv still holds */
	unsigned n_husks;
	bool loop_open;
	bool running;
	bool ending; /* under `lock` once other threads may look */

	/* wake-up for the earliest timer: a timerfd, as libuv's own timers count milliseconds */
	struct cw_poll *alarm;
	int alarm_fd;
	uint64_t wanted_us, armed_us;
	uv_prepare_t prepare;

	/* handler times */
	struct cw_hist *handler_times;
	unsigned depth;
	uint64_t entered_us;
	uint64_t warned_us;
	unsigned slow; /* slow handlers since the last warning */

	/* posts: `posts` grows under the lock by any thread; the lane swaps it with `serving` and runs that */
	uv_async_t async;
	pthread_mutex_t lock;
	void *post_memory; /* parent of both arrays: touched under the lock only */
	struct cw_os_post *posts, *serving;
	size_t posts_n, posts_cap, serving_cap;

	uv_signal_t signals[2];
	void (*on_signal)(int signum, void *arg);
	void *on_signal_arg;

	struct cw_pool *pool;
	struct cw_curl *curl;           /* NULL until the first HTTP request */
	struct cw_tls_cache *tls;       /* NULL until the first TLS client */
	uint8_t scratch[CW_OS_SCRATCH]; /* what one socket read brought, for the time of its handler */
	uint8_t out[CW_OS_SCRATCH];     /* one frame being encoded */
	uint8_t masks[1024];            /* random bytes of the kernel for WebSocket masks, used from the end */
	size_t masks_left;
};

static inline struct cw_os *cw_os_of(struct cw_world *w)
{
	return (struct cw_os *)w;
}
static inline uint64_t cw_os_clock(void)
{
	return uv_hrtime() / 1000;
}

static inline void cw_os_enter(struct cw_os *os)
{
	if (os->depth++ == 0)
		os->entered_us = cw_os_clock();
}
void cw_os_leave(struct cw_os *os);

static inline void cw_watch_begin(struct cw_os *os, struct cw_watch *w, const void *object)
{
	w->object = object;
	w->outer = os->watches;
	os->watches = w;
}
/* Does the object still live? */
static inline bool cw_watch_end(struct cw_os *os, struct cw_watch *w)
{
	os->watches = w->outer;
	return w->object != NULL;
}
/* From the destructor of whatever is watched. */
static inline void cw_watch_freed(struct cw_os *os, const void *object)
{
	for (struct cw_watch *w = os->watches; w; w = w->outer)
		if (w->object == object)
			w->object = NULL;
}

/* errno of a libuv result (its codes are negated errnos on Unix, resolver codes apart). */
int cw_os_errno(int uv_code);

/* ---- os_loop.c: waking up, husks ---- */

int cw_os_loop_open(struct cw_os *os); /* ENOMEM, EMFILE */
/* Run the loop until libuv has given every handle back, then close it. */
void cw_os_loop_close(struct cw_os *os);
void cw_os_arm(struct cw_world *w, uint64_t at_us);

/* A descriptor watched by the loop. The poll does not own the descriptor: close the poll first, then the descriptor. */
struct cw_poll;
typedef void cw_poll_fn(int uv_events, int err, void *arg);
int cw_poll_open(struct cw_os *os, int fd, cw_poll_fn *fn, void *arg, struct cw_poll **ret);
int cw_poll_want(struct cw_poll *p, int uv_events); /* UV_READABLE | UV_WRITABLE | UV_DISCONNECT, 0 = pause */
void cw_poll_close(struct cw_poll *p);              /* NULL is fine; @fn is not called again */

/* Memory for a libuv handle or request which may outlive its owner; cw_husk_free() in its last callback. */
void *cw_husk_new(struct cw_os *os, size_t size);
void cw_husk_free(struct cw_os *os, void *husk);

/* ---- work.c ---- */

int cw_pool_new(struct cw_os *os, unsigned workers, unsigned queue, struct cw_pool **ret);
int cw_pool_work(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret);
void cw_pool_collect(struct cw_pool *p); /* on the lane: run `done` and `dispose` of what ended */
void cw_pool_end(struct cw_pool *p);     /* drop what waits, join the workers, dispose */

/* ---- one file each ---- */

int cw_os_proc_open(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret);
int cw_os_http_request(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret);
void cw_curl_end(struct cw_curl *c);
int cw_os_ws_connect(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret);
int cw_os_ws_send(struct cw_ws *ws, enum cw_ws_kind kind, const void *bytes, size_t n);
void cw_os_ws_close(struct cw_ws *ws, unsigned code, const char *reason);
size_t cw_os_ws_queued(const struct cw_ws *ws);
int cw_os_ws_accept(void *parent, struct cw_exchange *x, const struct cw_ws_limits *limits,
	const struct cw_ws_events *ev, void *arg, struct cw_ws **ret);
int cw_os_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf, const struct cw_routes *routes,
	void *arg, struct cw_server **ret, struct cw_why *why);
unsigned cw_os_server_port(const struct cw_server *l);
int cw_os_reply(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers, const void *body,
	size_t len);
int cw_os_reply_begin(struct cw_exchange *x, int status, const struct cw_header *headers, size_t n_headers);
int cw_os_reply_more(struct cw_exchange *x, const void *bytes, size_t n);
int cw_os_reply_end(struct cw_exchange *x);
void cw_os_reply_break(struct cw_exchange *x);
int cw_os_udp_open(
	void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret);
int cw_os_udp_send(struct cw_udp *u, const void *bytes, size_t n, const struct sockaddr *to);
unsigned cw_os_udp_port(const struct cw_udp *u);
