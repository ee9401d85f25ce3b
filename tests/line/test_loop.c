#include "testing.h"

#include <errno.h>
#include <string.h>

#include "line/loop.h"
#include "world/sim.h"

#define MS UINT64_C(1000)

/*
 *   agent end                            carrier end
 *   send ahead ----- delay ----> playout, one frame each 20 ms ----> frame
 *   frame      <---- delay ----  one frame in answer to each
 */

struct side {
	struct cw_world *world;
	struct cw_line *line;
	bool is_agent, answered, free_on_frame, hang_up_on_frame;
	uint64_t answered_us, closed_us, first_voice_us;
	unsigned frames, marks, cleared, closed;
	uint64_t next_position;
	char digits[16];
	uint32_t last_mark;
	uint64_t last_mark_us;
	enum cw_end_reason reason;
	char detail[64];
	uint8_t say; /* what this side says in answer to each frame, 0 = nothing */
	unsigned voice_frames;
};

static void on_answered(const struct cw_line_info *info, void *arg)
{
	struct side *s = arg;

	assert_string_equal(info->call_id, "call-1");
	assert_string_equal(info->from, "+12025550100");
	assert_null(info->param(s->line, "x"));
	s->answered = true;
	s->answered_us = cw_now(s->world);
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct side *s = arg;
	uint8_t out[160];

	assert_true(s->answered);
	assert_int_equal(s->closed, 0);
	assert_int_equal(position, s->next_position);
	s->next_position += 160;
	s->frames++;
	if (ulaw[0] != 0xFF) {
		s->voice_frames++;
		if (!s->first_voice_us)
			s->first_voice_us = cw_now(s->world);
	}
	if (s->free_on_frame) {
		struct cw_line *l = s->line;

		s->line = NULL;
		talloc_free(l);
		return;
	}
	if (s->hang_up_on_frame) {
		cw_line_hang_up(s->line, "enough");
		return;
	}
	if (!s->say)
		return;
	memset(out, s->say, sizeof(out));
	assert_int_equal(cw_line_send(s->line, out, sizeof(out)), 0);
}

static void on_dtmf(char digit, void *arg)
{
	struct side *s = arg;
	size_t n = strlen(s->digits);

	s->digits[n] = digit;
}

static void on_mark(uint32_t id, bool cleared, void *arg)
{
	struct side *s = arg;

	s->marks++;
	s->cleared += cleared;
	s->last_mark = id;
	s->last_mark_us = cw_now(s->world);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct side *s = arg;

	s->closed++;
	s->closed_us = cw_now(s->world);
	s->reason = reason;
	snprintf(s->detail, sizeof(s->detail), "%s", detail);
}

static const struct cw_line_events events = {on_answered, on_frame, on_dtmf, on_mark, NULL, on_closed};

struct pair {
	struct cw_world *w;
	struct side agent, carrier;
};

static struct cw_world *shared_world; /* of the test with failing allocations: a timer start may not fail */

static void nothing(void *arg)
{
	(void)arg;
}

static int oom_setup(void **state)
{
	struct cw_timer t;

	if (cw_test_setup(state) || cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &shared_world))
		return -1;
	cw_timer_init(&t, shared_world);
	cw_timer_start(&t, 0, nothing, NULL); /* the heap is there now */
	cw_timer_stop(&t);
	return 0;
}

static int oom_teardown(void **state)
{
	talloc_free(shared_world);
	shared_world = NULL;
	return cw_test_teardown(state);
}

static void loop_survives_without_memory(void **state)
{
	const struct cw_loop_conf conf = {"call-1", "+12025550100", "+12025550199", 5 * MS, 0};
	struct side agent = {.world = shared_world, .is_agent = true}, carrier = {.world = shared_world, .say = 0x42};
	void *owner = talloc_new(NULL);
	uint8_t speech[160 * 40] = {0};
	int err = owner ? cw_loop_new(owner, shared_world, &conf, &agent.line, &carrier.line) : ENOMEM;

	(void)state;
	if (cw_test_oom(err)) {
		talloc_free(owner);
		return;
	}
	assert_int_equal(err, 0);
	cw_line_attach(agent.line, &events, &agent);
	cw_line_attach(carrier.line, &events, &carrier);
	cw_sim_run(shared_world, cw_now(shared_world) + 1);
	err = cw_line_send(agent.line, speech, sizeof(speech));
	if (err)
		assert_int_equal(err, ENOBUFS);
	cw_sim_run(shared_world, cw_now(shared_world) + 2000 * MS);
	cw_line_hang_up(carrier.line, "done");
	cw_sim_run(shared_world, cw_now(shared_world) + 100 * MS);
	assert_int_equal(agent.closed, 1);
	assert_int_equal(carrier.closed, 1);
	talloc_free(owner);
}

static bool setup(struct pair *p, uint64_t delay_us, uint64_t answer_us)
{
	const struct cw_sim_conf sim = {.seed = 1};
	const struct cw_loop_conf conf = {"call-1", "+12025550100", "+12025550199", delay_us, answer_us};
	int err = cw_sim_new(NULL, &sim, &p->w);

	memset(&p->agent, 0, sizeof(p->agent));
	memset(&p->carrier, 0, sizeof(p->carrier));
	if (cw_test_oom(err))
		return false;
	assert_int_equal(err, 0);
	err = cw_loop_new(p->w, p->w, &conf, &p->agent.line, &p->carrier.line);
	if (cw_test_oom(err)) {
		talloc_free(p->w);
		return false;
	}
	assert_int_equal(err, 0);
	p->agent.world = p->carrier.world = p->w;
	p->agent.is_agent = true;
	cw_line_attach(p->agent.line, &events, &p->agent);
	cw_line_attach(p->carrier.line, &events, &p->carrier);
	return true;
}

static void frames_flow_both_ways_at_20_ms(void **state)
{
	struct pair p;
	uint64_t delay = 30 * MS;

	(void)state;
	if (!setup(&p, delay, 500 * MS))
		return;
	uint8_t speech[1600];
	uint64_t start = cw_now(p.w);

	memset(speech, 0x21, sizeof(speech));
	assert_int_equal(cw_line_send(p.agent.line, speech, 160), ENOTCONN);
	p.carrier.say = 0x42;
	cw_sim_run(p.w, start + 500 * MS);
	assert_true(p.agent.answered && p.carrier.answered);
	assert_int_equal(p.carrier.answered_us, start + 500 * MS);
	assert_int_equal(cw_line_send(p.agent.line, speech, 100), EINVAL);
	int err = cw_line_send(p.agent.line, speech, sizeof(speech));

	if (!err) {
		cw_sim_run(p.w, start + 1500 * MS);
		assert_int_equal(p.carrier.frames, 50);
		assert_int_equal(p.carrier.voice_frames, 10);
		assert_int_equal(p.carrier.first_voice_us, start + 540 * MS);
		assert_int_equal(p.agent.frames, 48); /* the last two are on their way */
		assert_int_equal(p.agent.voice_frames, 48);
		assert_int_equal(p.agent.first_voice_us, start + 550 * MS);
	}
	talloc_free(p.w);
}

static void a_silent_carrier_sends_silence(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, 0, 0);
	cw_sim_run(p.w, cw_now(p.w) + 1000 * MS);
	assert_int_equal(p.agent.frames, 50);
	assert_int_equal(p.agent.voice_frames, 0);
	talloc_free(p.w);
}

static void marks_come_back_when_played_or_cleared(void **state)
{
	struct pair p;
	uint8_t speech[16000];
	uint64_t start;

	(void)state;
	setup(&p, 40 * MS, 0);
	start = cw_now(p.w);
	memset(speech, 0x21, sizeof(speech));
	cw_sim_run(p.w, start + 1);
	assert_int_equal(cw_line_send(p.agent.line, speech, 1600), 0);
	assert_int_equal(cw_line_mark(p.agent.line, 7), 0);
	cw_sim_run(p.w, start + 400 * MS);
	assert_int_equal(p.agent.marks, 1);
	assert_int_equal(p.agent.last_mark, 7);
	assert_int_equal(p.agent.cleared, 0);
	assert_int_equal(p.agent.last_mark_us, start + 60 * MS + 9 * 20 * MS + 40 * MS);

	assert_int_equal(cw_line_send(p.agent.line, speech, sizeof(speech)), 0);
	assert_int_equal(cw_line_mark(p.agent.line, 8), 0);
	cw_sim_run(p.w, start + 1000 * MS);
	assert_int_equal(p.agent.marks, 1);
	assert_int_equal(cw_line_clear(p.agent.line), 0);
	unsigned heard = p.carrier.voice_frames;

	cw_sim_run(p.w, start + 2000 * MS);
	assert_int_equal(p.agent.marks, 2);
	assert_int_equal(p.agent.last_mark, 8);
	assert_int_equal(p.agent.cleared, 1);
	assert_in_range(p.carrier.voice_frames, heard, heard + 2); /* what left before the clear arrived */

	assert_int_equal(cw_line_mark(p.carrier.line, 99), 0);
	assert_int_equal(p.carrier.marks, 0);
	cw_sim_run(p.w, start + 2001 * MS);
	assert_int_equal(p.carrier.last_mark, 99);
	talloc_free(p.w);
}

static void keys_reach_the_agent(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, 10 * MS, 0);
	cw_sim_run(p.w, cw_now(p.w) + 1);
	assert_int_equal(cw_line_dtmf(p.carrier.line, "12#"), 0);
	assert_int_equal(cw_line_dtmf(p.carrier.line, "1x"), EINVAL);
	assert_int_equal(cw_line_dtmf(p.agent.line, "1"), ENOTSUP);
	cw_sim_run(p.w, cw_now(p.w) + 100 * MS);
	assert_string_equal(p.agent.digits, "12#");
	talloc_free(p.w);
}

static void either_side_hangs_up(void **state)
{
	(void)state;
	for (int by_agent = 0; by_agent < 2; by_agent++) {
		struct pair p;
		struct side *who, *other;

		setup(&p, 25 * MS, 0);
		who = by_agent ? &p.agent : &p.carrier;
		other = by_agent ? &p.carrier : &p.agent;
		cw_sim_run(p.w, cw_now(p.w) + 100 * MS);
		cw_line_hang_up(who->line, "bye now");
		cw_line_hang_up(who->line, "twice");
		assert_int_equal(who->closed, 0); /* never before hang_up() returned */
		assert_int_equal(cw_line_send(who->line, (const uint8_t[160]){0}, 160), ENOTCONN);
		uint64_t at = cw_now(p.w);

		cw_sim_run(p.w, at + 1000 * MS);
		assert_int_equal(who->closed, 1);
		assert_int_equal(who->reason, CW_END_LOCAL);
		assert_int_equal(other->closed, 1);
		assert_int_equal(other->reason, CW_END_REMOTE);
		assert_string_equal(other->detail, "bye now");
		assert_int_equal(other->closed_us, at + 25 * MS);
		talloc_free(p.w);
	}
}

static void hanging_up_while_ringing_is_heard_at_once(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, 0, 5000 * MS);
	cw_sim_run(p.w, cw_now(p.w) + 1000 * MS);
	cw_line_hang_up(p.carrier.line, NULL);
	cw_sim_run(p.w, cw_now(p.w) + 6000 * MS);
	assert_false(p.agent.answered);
	assert_int_equal(p.carrier.reason, CW_END_LOCAL);
	talloc_free(p.w);
}

static void a_dropped_end_is_a_lost_line(void **state)
{
	(void)state;
	for (int agent_drops = 0; agent_drops < 2; agent_drops++)
		for (unsigned delay = 0; delay < 50; delay += 30) {
			struct pair p;
			struct side *who, *other;

			setup(&p, delay * MS, 0);
			who = agent_drops ? &p.agent : &p.carrier;
			other = agent_drops ? &p.carrier : &p.agent;
			p.carrier.say = 0x33;
			cw_sim_run(p.w, cw_now(p.w) + 500 * MS);
			who->free_on_frame = true;
			cw_sim_run(p.w, cw_now(p.w) + 500 * MS);
			assert_null(who->line);
			assert_int_equal(who->closed, 0);
			assert_int_equal(other->closed, 1);
			assert_int_equal(other->reason, CW_END_LOST);
			talloc_free(p.w);
		}
}

static void hanging_up_inside_a_frame_is_safe(void **state)
{
	(void)state;
	for (int by_agent = 0; by_agent < 2; by_agent++) {
		struct pair p;

		setup(&p, 0, 0);
		(by_agent ? &p.agent : &p.carrier)->hang_up_on_frame = true;
		cw_sim_run(p.w, cw_now(p.w) + 500 * MS);
		assert_int_equal(p.agent.closed, 1);
		assert_int_equal(p.carrier.closed, 1);
		talloc_free(p.w);
	}
}

static void a_frame_costs_no_allocation(void **state)
{
	struct pair p;
	uint8_t speech[160];

	(void)state;
	setup(&p, 0, 0);
	memset(speech, 0x21, sizeof(speech));
	p.carrier.say = 0x42;
	cw_sim_run(p.w, cw_now(p.w) + 1000 * MS);
	(void)cw_test_allocations();
	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(cw_line_send(p.agent.line, speech, sizeof(speech)), 0);
		assert_int_equal(cw_line_mark(p.agent.line, i), 0);
		cw_sim_run(p.w, cw_now(p.w) + 20 * MS);
	}
	assert_in_range(p.carrier.voice_frames, 498, 500);
	assert_int_equal(cw_test_allocations(), 0);
	talloc_free(p.w);
}

CW_OOM_BODY(loop_survives_without_memory)

CW_TEST_MAIN(CW_TEST(frames_flow_both_ways_at_20_ms), CW_TEST(a_silent_carrier_sends_silence),
	CW_TEST(marks_come_back_when_played_or_cleared), CW_TEST(keys_reach_the_agent), CW_TEST(either_side_hangs_up),
	CW_TEST(hanging_up_while_ringing_is_heard_at_once), CW_TEST(a_dropped_end_is_a_lost_line),
	CW_TEST(hanging_up_inside_a_frame_is_safe), CW_TEST(a_frame_costs_no_allocation),
	cmocka_unit_test_setup_teardown(loop_survives_without_memory_oom, oom_setup, oom_teardown))
