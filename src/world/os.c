#include "world/os.h"

#include <errno.h>
#include <signal.h>
#include <sys/random.h>

#include "base/mem.h"
#include "world/os_int.h"

#define POSTS_MAX    (1u << 20) /* functions waiting for the lane */
#define TIMERS_FIRST 256        /* room made at birth, where being out of memory can still be told */

/* ---- clocks ---- */

static uint64_t os_now(struct cw_world *w)
{
	(void)w;
	return cw_os_clock();
}

static int64_t os_wall(struct cw_world *w)
{
	struct timespec now;

	(void)w;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- posts ---- */

static int grow_posts(struct cw_os *os)
{
	size_t cap = os->posts_cap ? 2 * os->posts_cap : 32;
	struct cw_os_post *bigger;

	if (cap > POSTS_MAX)
		return ENOMEM;
	bigger = talloc_realloc(os->post_memory, os->posts, struct cw_os_post, cap);
	if (!bigger)
		return ENOMEM;
	os->posts = bigger;
	os->posts_cap = cap;
	return 0;
}

static int os_post(struct cw_world *w, cw_fn *fn, void *arg)
{
	struct cw_os *os = cw_os_of(w);
	int err = 0;

	pthread_mutex_lock(&os->lock);
	if (os->ending)
		err = ECANCELED;
	else if (os->posts_n == os->posts_cap)
		err = grow_posts(os);
	if (!err) {
		os->posts[os->posts_n++] = (struct cw_os_post){fn, arg};
		(void)uv_async_send(
			&os->async); /* fails only on a handle that is closing, and `ending` rules that out */
	}
	pthread_mutex_unlock(&os->lock);
	return err;
}

static void serve_posts(struct cw_os *os)
{
	struct cw_os_post *batch;
	size_t n, cap;

	pthread_mutex_lock(&os->lock);
	batch = os->posts;
	n = os->posts_n;
	cap = os->posts_cap;
	os->posts = os->serving;
	os->posts_cap = os->serving_cap;
	os->posts_n = 0;
	os->serving = batch;
	os->serving_cap = cap;
	pthread_mutex_unlock(&os->lock);

	for (size_t i = 0; i < n; i++) {
		cw_os_enter(os);
		batch[i].fn(batch[i].arg);
		cw_os_leave(os);
	}
}

static void called_from_outside(uv_async_t *async)
{
	struct cw_os *os = async->data;

	serve_posts(os);
	cw_pool_collect(os->pool);
}

/* ---- life ---- */

static const struct cw_world_ops os_ops = {
	.now = os_now,
	.wall = os_wall,
	.arm = cw_os_arm,
	.post = os_post,
	.work = cw_pool_work,
	.proc_open = cw_os_proc_open,
	.http_request = cw_os_http_request,
	.ws_connect = cw_os_ws_connect,
	.ws_send = cw_os_ws_send,
	.ws_close = cw_os_ws_close,
	.ws_queued = cw_os_ws_queued,
	.listen = cw_os_listen,
	.server_port = cw_os_server_port,
	.reply = cw_os_reply,
	.reply_begin = cw_os_reply_begin,
	.reply_more = cw_os_reply_more,
	.reply_end = cw_os_reply_end,
	.reply_break = cw_os_reply_break,
	.ws_accept = cw_os_ws_accept,
	.udp_open = cw_os_udp_open,
	.udp_send = cw_os_udp_send,
	.udp_port = cw_os_udp_port,
};

static void refuse_posts(struct cw_os *os)
{
	pthread_mutex_lock(&os->lock);
	os->ending = true;
	os->posts_n = 0;
	pthread_mutex_unlock(&os->lock);
}

/*
 * Everything that hangs from the world goes first, while the world still works; the timer heap hangs from it too and must be
 * the last to go, since destructors stop timers.
 */
static int end_world(struct cw_os *os)
{
	CW_ASSERT(!os->running);
	refuse_posts(os);
	(void)talloc_steal(NULL, os->base.heap);
	talloc_free_children(os);
	cw_pool_end(os->pool);
	cw_curl_end(os->curl);
	for (size_t i = 0; i < CW_COUNT(os->signals); i++)
		if (os->on_signal)
			uv_close((uv_handle_t *)&os->signals[i], NULL);
	if (os->async.data)
		uv_close((uv_handle_t *)&os->async, NULL);
	cw_os_loop_close(os);
	pthread_mutex_destroy(&os->lock);
	talloc_free(os->post_memory);
	talloc_free(os->husks);
	talloc_free(os->base.heap);
	return 0;
}

static uint64_t seed_from_kernel(void)
{
	uint64_t seed = 0;

	(void)!getrandom(&seed, sizeof(seed), 0); /* 8 bytes never come short */
	return seed;
}

/* Writing to a connection the peer has reset must give an error, not end the process. */
static void ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
		now.sa_handler = SIG_IGN;
		(void)sigaction(SIGPIPE, &now, NULL); /* valid arguments */
	}
}

static int open_parts(struct cw_os *os, const struct cw_os_conf *conf)
{
	int err = cw_os_loop_open(os);

	if (err)
		return err;
	err = cw_os_errno(uv_async_init(&os->loop, &os->async, called_from_outside));
	if (err)
		return err;
	os->async.data = os;
	err = cw_hist_new(os->husks, &os->handler_times);
	if (err)
		return err;
	return cw_pool_new(os, conf->workers, conf->work_queue, &os->pool);
}

int cw_os_new(void *parent, const struct cw_os_conf *conf, struct cw_world **ret)
{
	CW_SCOPED struct cw_os *os = talloc_zero(NULL, struct cw_os);

	if (!os)
		return ENOMEM;
	talloc_set_name_const(os, "cw_world");
	cw_world_init(&os->base, &os_ops, false, conf->seed ? conf->seed : seed_from_kernel());
	pthread_mutex_init(&os->lock, NULL);
	talloc_set_destructor(os, end_world);
	os->husks = talloc_new(NULL);
	os->post_memory = talloc_new(NULL);
	os->base.heap = talloc_array(os, struct cw_timer *, TIMERS_FIRST);
	if (!os->husks || !os->post_memory || !os->base.heap)
		return ENOMEM;
	os->base.heap_cap = TIMERS_FIRST;

	int err = open_parts(os, conf);

	if (err)
		return err;
	ignore_sigpipe();
	*ret = &os->base;
	(void)talloc_move(parent, &os);
	return 0;
}

void cw_os_run(struct cw_world *w)
{
	struct cw_os *os = cw_os_of(w);

	CW_ASSERT(!os->running);
	os->running = true;
	uv_run(&os->loop, UV_RUN_DEFAULT);
	os->running = false;
}

static void time_is_up(void *arg)
{
	cw_os_stop(arg);
}

void cw_os_run_for(struct cw_world *w, uint64_t duration_us)
{
	struct cw_timer timer;

	cw_timer_init(&timer, w);
	cw_timer_start(&timer, duration_us, time_is_up, w);
	cw_os_run(w);
	cw_timer_stop(&timer);
}

void cw_os_stop(struct cw_world *w)
{
	uv_stop(&cw_os_of(w)->loop);
}

const struct cw_hist *cw_os_handler_times(const struct cw_world *w)
{
	return ((const struct cw_os *)w)->handler_times;
}

/* ---- signals ---- */

static void signal_came(uv_signal_t *uv, int signum)
{
	struct cw_os *os = uv->data;

	cw_os_enter(os);
	os->on_signal(signum, os->on_signal_arg);
	cw_os_leave(os);
}

int cw_os_on_signals(struct cw_world *w, void (*fn)(int signum, void *arg), void *arg)
{
	static const int signums[CW_COUNT(((struct cw_os *)0)->signals)] = {SIGINT, SIGTERM};
	struct cw_os *os = cw_os_of(w);
	bool first = !os->on_signal;
	int err = 0;

	os->on_signal = fn;
	os->on_signal_arg = arg;
	if (!first)
		return 0;
	for (size_t i = 0; i < CW_COUNT(signums); i++) {
		uv_signal_t *uv = &os->signals[i];

		uv_signal_init(&os->loop, uv);
		uv->data = os;
		uv_unref((uv_handle_t *)uv);
		if (!err)
			err = cw_os_errno(uv_signal_start(uv, signal_came, signums[i]));
	}
	return err;
}
