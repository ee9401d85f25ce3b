/* What only the simulated world promises: order, equality of runs, faults. */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "world/net.h"
#include "world/sim.h"

struct peer {
	struct cw_ws *ws;
	unsigned got;
	bool closed;
	int err;
};

static struct peer server_end, client_end;

static void got(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct peer *p = arg;

	p->got++;
	if (p == &server_end)
		(void)cw_ws_send(p->ws, kind, bytes, n); /* may be cut by then: faults are the point here */
}

static void closed(int err, unsigned code, void *arg)
{
	struct peer *p = arg;

	(void)code;
	p->closed = true;
	p->err = err;
}

static const struct cw_ws_events events = {.message = got, .closed = closed};

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	assert_int_equal(cw_ws_accept(arg, x, NULL, &events, &server_end, &server_end.ws), 0);
}

static void on_request(struct cw_exchange *x, void *arg)
{
	(void)arg;
	(void)cw_reply(x, 404, NULL, 0, NULL, 0); /* nobody asks */
}

static const struct cw_routes routes = {.request = on_request, .upgrade = on_upgrade};

/* A connection over which 200 messages are echoed; the digest of everything that happened. */
static uint64_t run(const struct cw_sim_conf *conf)
{
	struct cw_world *w;
	struct cw_server *l;
	void *owner = talloc_named_const(NULL, 0, "owner");

	server_end = client_end = (struct peer){0};
	assert_int_equal(cw_sim_new(NULL, conf, &w), 0);
	assert_int_equal(
		cw_listen(owner, w, &(struct cw_listen_conf){.address = "127.0.0.1:4000"}, &routes, owner, &l, NULL),
		0);
	assert_int_equal(cw_ws_connect(owner, w, &(struct cw_ws_req){.url = "ws://127.0.0.1:4000/x"}, &events,
				 &client_end, &client_end.ws),
		0);
	for (int i = 0; i < 200; i++) {
		(void)cw_ws_send(client_end.ws, CW_WS_TEXT, "hello", 5); /* not open at first, may be cut later */
		(void)cw_sim_run(w, cw_now(w) + 20000);
	}
	(void)cw_sim_run(w, cw_now(w) + 20000000);

	uint64_t digest = cw_sim_digest(w);

	talloc_free(owner);
	talloc_free(w);
	return digest;
}

static void equal_seeds_are_equal_runs(void **state)
{
	const struct cw_sim_conf conf = {.seed = 42, .fault = {[CW_FAULT_LATE] = 0.01}};
	const struct cw_sim_conf other = {.seed = 43, .fault = {[CW_FAULT_LATE] = 0.01}};

	(void)state;
	uint64_t first = run(&conf);

	assert_true(client_end.got > 150);
	assert_true(run(&conf) == first);
	assert_true(run(&other) != first);
}

static void without_faults_all_is_echoed(void **state)
{
	(void)state;
	(void)run(&(struct cw_sim_conf){.seed = 1});
	assert_true(client_end.got >= 199);
	assert_int_equal(client_end.got, server_end.got);
	assert_false(client_end.closed);
}

static void a_reset_reaches_both_ends(void **state)
{
	(void)state;
	(void)run(&(struct cw_sim_conf){.seed = 2, .fault = {[CW_FAULT_RESET] = 0.05}});
	assert_true(client_end.closed);
	assert_true(server_end.closed);
	assert_int_equal(client_end.err, ECONNRESET);
}

static void a_half_open_link_is_silent(void **state)
{
	(void)state;
	(void)run(&(struct cw_sim_conf){.seed = 3, .fault = {[CW_FAULT_HALF_OPEN] = 0.02}});
	assert_false(client_end.closed);
	assert_true(client_end.got < 190);
}

static void faults_keep_to_their_label(void **state)
{
	(void)state;
	(void)run(&(struct cw_sim_conf){.seed = 3, .fault = {[CW_FAULT_RESET] = 1}, .fault_only = "http:"});
	assert_true(client_end.got >= 199);
}

static void refused_where_the_fault_says(void **state)
{
	(void)state;
	(void)run(&(struct cw_sim_conf){.seed = 3, .fault = {[CW_FAULT_REFUSE] = 1}});
	assert_true(client_end.closed);
	assert_int_equal(client_end.err, ECONNREFUSED);
}

static void stalled(void *arg)
{
	*(int *)arg += 1;
}
static void fail_if_called(void *arg)
{
	(void)arg;
	fail();
}

static void stalled_work_is_never_done_but_disposed_of(void **state)
{
	struct cw_world *w;
	int count = 0;
	const struct cw_job job = {.run = stalled, .done = fail_if_called, .dispose = stalled, .arg = &count};
	void *owner = talloc_named_const(NULL, 0, "owner");

	(void)state;
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 3, .fault = {[CW_FAULT_STALL] = 1}}, &w), 0);
	assert_int_equal(cw_work(owner, w, &job, NULL), 0);
	(void)cw_sim_run(w, 100000000);

	int runs = count; /* the job may have had its effect before it stalled */

	assert_in_range(runs, 0, 1);
	talloc_free(owner);
	(void)cw_sim_run(w, 200000000);
	assert_int_equal(count, runs + 1);
	assert_int_equal(cw_sim_faults(w, CW_FAULT_STALL), 1);
	talloc_free(w);
}

static void the_clock_stands_where_it_was_asked_to(void **state)
{
	struct cw_world *w;

	(void)state;
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 3}, &w), 0);
	assert_int_equal(cw_now(w), 0);
	assert_true(cw_wall(w) == 1772442000000000);

	struct cw_timer t;

	cw_timer_init(&t, w);
	cw_timer_start(&t, 1000000, fail_if_called, NULL);
	(void)cw_sim_run(w, 400000);
	assert_int_equal(cw_now(w), 400000);
	cw_timer_stop(&t);
	assert_false(cw_sim_step(w));
	talloc_free(w);
}

CW_TEST_MAIN(CW_TEST(equal_seeds_are_equal_runs), CW_TEST(without_faults_all_is_echoed),
	CW_TEST(a_reset_reaches_both_ends), CW_TEST(a_half_open_link_is_silent), CW_TEST(faults_keep_to_their_label),
	CW_TEST(refused_where_the_fault_says), CW_TEST(stalled_work_is_never_done_but_disposed_of),
	CW_TEST(the_clock_stands_where_it_was_asked_to))
