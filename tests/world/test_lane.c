/* Lanes: threads with a world each. Without null tracking, which is not for several threads. */
#include "testing.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "world/lane.h"
#include "world/net.h"

struct lane_state {
	struct cw_lane *lane;
	struct cw_world *world;
	struct cw_server *listener;
	pthread_t begun_on, ended_on, posted_on;
	atomic_uint posted, served;
	bool refuse, ended;
	unsigned port;
	char name[16];
};

static int begin(struct cw_world *w, void *arg)
{
	struct lane_state *s = arg;

	s->world = w;
	s->begun_on = pthread_self();
	pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
	return s->refuse ? EPERM : 0;
}

static void end(struct cw_world *w, void *arg)
{
	struct lane_state *s = arg;

	(void)w;
	s->ended_on = pthread_self();
	s->ended = true;
}

static void posted(void *arg)
{
	struct lane_state *s = arg;

	s->posted_on = pthread_self();
	atomic_fetch_add(&s->posted, 1);
}

static int start(struct lane_state *s)
{
	return cw_lane_start(NULL,
		&(struct cw_lane_conf){.name = "lane-under-test",
			.cpu = -1,
			.os = {.seed = 1, .workers = 1},
			.begin = begin,
			.end = end,
			.arg = s},
		&s->lane);
}

static void a_lane_begins_serves_and_ends_on_its_thread(void **state)
{
	struct lane_state s = {0};

	(void)state;
	assert_int_equal(start(&s), 0);
	assert_ptr_equal(cw_lane_world(s.lane), s.world);
	assert_string_equal(s.name, "lane-under-test");
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(cw_post(cw_lane_world(s.lane), posted, &s), 0);
	while (atomic_load(&s.posted) < 100)
		usleep(200);
	cw_lane_stop(s.lane);
	cw_lane_stop(s.lane);
	assert_true(s.ended);
	assert_false(pthread_equal(s.begun_on, pthread_self()));
	assert_true(pthread_equal(s.begun_on, s.posted_on));
	assert_true(pthread_equal(s.begun_on, s.ended_on));
	talloc_free(s.lane);
}

static void begin_may_refuse(void **state)
{
	struct lane_state s = {.refuse = true};

	(void)state;
	assert_int_equal(start(&s), EPERM);
	assert_null(s.lane);
	assert_false(s.ended);
}

static void stop_inside(void *arg)
{
	struct lane_state *s = arg;

	cw_os_stop(s->world);
	posted(s);
}

static void only_its_owner_ends_a_lane(void **state)
{
	struct lane_state s = {0};

	(void)state;
	assert_int_equal(start(&s), 0);
	assert_int_equal(cw_post(s.world, stop_inside, &s), 0);
	while (atomic_load(&s.posted) < 1)
		usleep(200);
	assert_int_equal(cw_post(s.world, posted, &s), 0); /* still there */
	while (atomic_load(&s.posted) < 2)
		usleep(200);
	talloc_free(s.lane);
	assert_true(s.ended);
}

/* ---- one address, several lanes ---- */

static void serve_request(struct cw_exchange *x, void *arg)
{
	struct lane_state *s = arg;

	atomic_fetch_add(&s->served, 1);
	(void)cw_reply(x, 200, NULL, 0, "ok", 2);
}

static const struct cw_routes routes = {.request = serve_request};

static int begin_listening(struct cw_world *w, void *arg)
{
	struct lane_state *s = arg;
	char address[32];
	int err;

	snprintf(address, sizeof(address), "127.0.0.1:%u", s->port);
	err = cw_listen(
		w, w, &(struct cw_listen_conf){.address = address, .reuse_port = true}, &routes, s, &s->listener, NULL);
	if (!err)
		s->port = cw_server_port(s->listener);
	return err;
}

static unsigned answered;

static void count_answer(int err, void *arg)
{
	(void)arg;
	assert_int_equal(err, 0);
	answered++;
}

static void lanes_share_an_address(void **state)
{
	struct lane_state s[2] = {0};
	struct cw_world *w;
	char url[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		s[i].port = s[0].port;
		assert_int_equal(
			cw_lane_start(NULL, &(struct cw_lane_conf){.cpu = i, .begin = begin_listening, .arg = &s[i]},
				&s[i].lane),
			0);
	}
	assert_int_equal(s[0].port, s[1].port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", s[0].port);
	assert_int_equal(cw_os_new(NULL, &(struct cw_os_conf){0}, &w), 0);
	for (unsigned i = 0; i < 64; i++) {
		const struct cw_header close_it = {"Connection", "close"};
		struct cw_http *http;
		unsigned before = answered;

		assert_int_equal(cw_http_request(w, w,
					 &(struct cw_http_req){
						 .method = "GET", .url = url, .headers = &close_it, .n_headers = 1},
					 &(struct cw_http_events){.closed = count_answer}, NULL, &http),
			0);
		for (int turn = 0; turn < 3000 && answered == before; turn++)
			cw_os_run_for(w, 1000);
	}
	assert_int_equal(answered, 64);
	for (int i = 0; i < 2; i++) {
		assert_true(atomic_load(&s[i].served) > 0); /* 64 connections all to one of two: once in 2^63 */
		talloc_free(s[i].lane);
	}
	talloc_free(w);
}

CW_TEST_MAIN(cmocka_unit_test(a_lane_begins_serves_and_ends_on_its_thread), cmocka_unit_test(begin_may_refuse),
	cmocka_unit_test(only_its_owner_ends_a_lane), cmocka_unit_test(lanes_share_an_address))
