/* Clock, timers, ticks, posts, work, processes: the same in both worlds. */
#include "contract.h"

#include <errno.h>
#include <string.h>

/* ---- timers ---- */

static char order[32];
static size_t n_order;
static bool done;
static struct cw_timer timers[8];

static void reset(void)
{
	n_order = 0;
	done = false;
	memset(order, 0, sizeof(order));
	for (size_t i = 0; i < CW_COUNT(timers); i++)
		cw_timer_init(&timers[i], world);
}

static void mark_a(void *arg)
{
	order[n_order++] = 'a';
	(void)arg;
}
static void mark_b(void *arg)
{
	order[n_order++] = 'b';
	(void)arg;
}
static void mark_c(void *arg)
{
	order[n_order++] = 'c';
	(void)arg;
}
static void mark_done(void *arg)
{
	done = true;
	(void)arg;
}

static void timers_run_by_time_then_by_start(void **state)
{
	(void)state;
	reset();
	cw_timer_start(&timers[0], 30000, mark_c, NULL);
	cw_timer_start(&timers[1], 10000, mark_a, NULL);
	cw_timer_start(&timers[2], 10000, mark_b, NULL);
	cw_timer_start(&timers[3], 60000, mark_done, NULL);
	serve_until(&done);
	assert_string_equal(order, "abc");
	assert_false(cw_timer_active(&timers[0]));
}

static void a_stopped_timer_stays_silent(void **state)
{
	(void)state;
	reset();
	cw_timer_start(&timers[0], 5000, mark_a, NULL);
	cw_timer_start(&timers[1], 5000, mark_b, NULL);
	cw_timer_stop(&timers[0]);
	cw_timer_stop(&timers[0]);
	cw_timer_start(&timers[1], 20000, mark_c, NULL); /* moved, not doubled */
	cw_timer_start(&timers[3], 40000, mark_done, NULL);
	serve_until(&done);
	assert_string_equal(order, "c");
}

static void restart_self(void *arg)
{
	struct cw_timer *t = arg;

	order[n_order++] = 'r';
	if (n_order < 3)
		cw_timer_start(t, 0, restart_self, t);
	else
		done = true;
}

static void a_timer_may_start_itself(void **state)
{
	uint64_t before = cw_now(world);

	(void)state;
	reset();
	cw_timer_start(&timers[0], 15000, restart_self, &timers[0]);
	serve_until(&done);
	assert_string_equal(order, "rrr");
	assert_true(cw_now(world) >= before + 15000);
}

static void many_timers_keep_order(void **state)
{
	enum { N = 500 };
	struct cw_timer *many = talloc_array(owner, struct cw_timer, N);

	(void)state;
	reset();
	for (int i = 0; i < N; i++) {
		cw_timer_init(&many[i], world);
		cw_timer_start(&many[i], 1000 + cw_rng_below(cw_rng(world), 50000), mark_done, NULL);
	}
	for (int i = 0; i < N; i += 2)
		cw_timer_stop(&many[i]);
	serve_for(80000);
	for (int i = 0; i < N; i++)
		assert_false(cw_timer_active(&many[i]));
}

/* ---- ticks ---- */

static struct cw_tick ticks[3];
static unsigned ticked[3];

static void tick_0(void *arg)
{
	(void)arg;
	if (++ticked[0] == 5)
		cw_tick_stop(&ticks[0]);
}

static void tick_1(void *arg)
{
	(void)arg;
	ticked[1]++;
	cw_tick_stop(&ticks[2]); /* a neighbour in the same slot, which may be next in line */
}

static void tick_2(void *arg)
{
	(void)arg;
	ticked[2]++;
}

static void ticks_come_every_20_ms_and_stop(void **state)
{
	(void)state;
	memset(ticked, 0, sizeof(ticked));
	for (int i = 0; i < 3; i++)
		cw_tick_init(&ticks[i], world);
	cw_tick_start(&ticks[2], tick_2, NULL);
	cw_tick_start(&ticks[1], tick_1, NULL);
	cw_tick_start(&ticks[0], tick_0, NULL);
	serve_for(210000);
	cw_tick_stop(&ticks[1]);
	assert_int_equal(ticked[0], 5);
	assert_in_range(ticked[1], 8, 11);
	assert_in_range(ticked[2], 0, 1);
	serve_for(60000);
	assert_in_range(ticked[1], 8, 11);
}

/* ---- posts ---- */

static void posts_keep_their_order_and_come_later(void **state)
{
	(void)state;
	reset();
	assert_int_equal(cw_post(world, mark_a, NULL), 0);
	assert_int_equal(cw_post(world, mark_b, NULL), 0);
	assert_int_equal(cw_post(world, mark_c, NULL), 0);
	assert_int_equal(cw_post(world, mark_done, NULL), 0);
	assert_int_equal(n_order, 0);
	serve_until(&done);
	assert_string_equal(order, "abc");
}

/* ---- work ---- */

struct errand {
	int ran, finished, disposed;
	void *free_in_done;
};

static void errand_run(void *arg)
{
	((struct errand *)arg)->ran++;
}

static void errand_done(void *arg)
{
	struct errand *e = arg;

	assert_int_equal(e->disposed, 0);
	e->finished++;
	talloc_free(e->free_in_done);
}

static void errand_dispose(void *arg)
{
	((struct errand *)arg)->disposed++;
}

static void work_runs_then_done_then_dispose(void **state)
{
	struct errand e = {0};
	const struct cw_job job = {
		.run = errand_run, .done = errand_done, .dispose = errand_dispose, .arg = &e, .label = "test"};

	(void)state;
	assert_int_equal(cw_work(owner, world, &job, NULL), 0);
	assert_int_equal(e.finished, 0);
	EXPECT_SOON(e.disposed == 1);
	assert_int_equal(e.ran, 1);
	assert_int_equal(e.finished, 1);
}

static void cancelled_work_is_disposed_of_only(void **state)
{
	struct errand e[20] = {0};
	struct cw_work *work;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(e); i++) {
		const struct cw_job job = {.run = errand_run,
			.done = errand_done,
			.dispose = errand_dispose,
			.arg = &e[i],
			.blocking = i % 2};

		assert_int_equal(cw_work(owner, world, &job, &work), 0);
		talloc_free(work);
	}
	for (size_t i = 0; i < CW_COUNT(e); i++) {
		EXPECT_SOON(e[i].disposed == 1);
		assert_int_equal(e[i].finished, 0);
	}
}

static void done_may_free_the_parent_of_its_work(void **state)
{
	struct errand e = {.free_in_done = talloc_named_const(owner, 0, "parent")};
	const struct cw_job job = {.run = errand_run, .done = errand_done, .dispose = errand_dispose, .arg = &e};

	(void)state;
	assert_int_equal(cw_work(e.free_in_done, world, &job, NULL), 0);
	EXPECT_SOON(e.disposed == 1);
	assert_int_equal(e.finished, 1);
}

/* ---- child processes ---- */

struct child {
	char out[4096];
	size_t n;
	int err, status;
	bool closed;
};

static void child_data(const void *bytes, size_t n, void *arg)
{
	struct child *c = arg;

	assert_true(c->n + n < sizeof(c->out));
	memcpy(c->out + c->n, bytes, n);
	c->n += n;
}

static void child_closed(int err, int status, void *arg)
{
	struct child *c = arg;

	c->err = err;
	c->status = status;
	c->closed = true;
}

static const struct cw_proc_events child_events = {child_data, child_closed};

static void a_child_reads_writes_and_exits(void **state)
{
	static const char *const argv[] = {"sh", "-c", "cat; exit 3", NULL};
	struct child c = {0};
	struct cw_proc *p;
	const struct cw_proc_conf conf = {.argv = argv, .input = "hello child", .input_len = 11};

	(void)state;
	assert_int_equal(cw_proc_open(owner, world, &conf, &child_events, &c, &p), 0);
	assert_false(c.closed);
	serve_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.status, 3);
	assert_string_equal(c.out, "hello child");
}

static void a_missing_program_is_told(void **state)
{
	static const char *const argv[] = {"no-such-program-here", NULL};
	struct child c = {0};
	struct cw_proc *p;

	(void)state;
	int err = cw_proc_open(owner, world, &(struct cw_proc_conf){.argv = argv}, &child_events, &c, &p);

	if (err) {
		assert_int_equal(err, ENOENT);
		return;
	}
	serve_until(&c.closed);
	assert_int_equal(c.err, ENOENT);
}

static void a_freed_child_is_gone_without_a_word(void **state)
{
	static const char *const argv[] = {"sh", "-c", "echo x", NULL};
	struct child c = {0};
	struct cw_proc *p;

	(void)state;
	assert_int_equal(cw_proc_open(owner, world, &(struct cw_proc_conf){.argv = argv}, &child_events, &c, &p), 0);
	talloc_free(p);
	serve_for(100000);
	assert_false(c.closed);
	assert_int_equal(c.n, 0);
}

/* ---- UDP ---- */

struct datagrams {
	char last[64];
	bool got;
	struct cw_udp *reply_from;
};

static void got_datagram(const void *bytes, size_t n, const struct sockaddr *from, void *arg)
{
	struct datagrams *d = arg;

	memcpy(d->last, bytes, n < 63 ? n : 63);
	d->got = true;
	if (d->reply_from)
		assert_int_equal(cw_udp_send(d->reply_from, "pong", 4, from), 0);
}

static void datagrams_go_there_and_back(void **state)
{
	struct datagrams a = {0}, b = {0};
	struct cw_udp *ua, *ub;
	struct sockaddr_in to = {.sin_family = AF_INET};

	(void)state;
	assert_int_equal(cw_udp_open(owner, world, "127.0.0.1:0", got_datagram, &a, &ua), 0);
	assert_int_equal(cw_udp_open(owner, world, "127.0.0.1:0", got_datagram, &b, &ub), 0);
	b.reply_from = ub;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)cw_udp_port(ub));
	assert_int_equal(cw_udp_send(ua, "ping", 4, (struct sockaddr *)&to), 0);
	serve_until(&a.got);
	assert_string_equal(b.last, "ping");
	assert_string_equal(a.last, "pong");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(timers_run_by_time_then_by_start),
		BOTH(a_stopped_timer_stays_silent),
		BOTH(a_timer_may_start_itself),
		BOTH(many_timers_keep_order),
		BOTH(ticks_come_every_20_ms_and_stop),
		BOTH(posts_keep_their_order_and_come_later),
		BOTH(work_runs_then_done_then_dispose),
		BOTH(cancelled_work_is_disposed_of_only),
		BOTH(done_may_free_the_parent_of_its_work),
		BOTH(a_child_reads_writes_and_exits),
		BOTH(a_missing_program_is_told),
		BOTH(a_freed_child_is_gone_without_a_word),
		BOTH(datagrams_go_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
