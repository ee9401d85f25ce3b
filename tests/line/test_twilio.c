#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world/sim.h"

/* ---- a call ---- */

static void a_whole_call(void **state)
{
	struct scene s;
	struct person *agent = &s.agents[0];
	uint8_t speech[8000];
	unsigned frames;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	s.caller.say = 0x42;
	memset(speech, 0x21, sizeof(speech));
	run_for(world, 300 * MS);
	assert_true(s.caller.answered);
	assert_true(agent->answered);
	assert_int_equal(cw_twilio_server_calls(s.server), 1);
	assert_string_equal(agent->call_id, s.caller.call_id);
	assert_string_equal(agent->stream_id, s.caller.stream_id);
	assert_string_equal(agent->from, "+12025550123");
	assert_string_equal(agent->to, "+12025550199");
	assert_int_equal(strlen(agent->stream_id), 34);

	assert_int_equal(cw_line_send(agent->line, speech, sizeof(speech)), 0);
	assert_int_equal(cw_line_mark(agent->line, 1), 0);
	assert_int_equal(cw_line_dtmf(agent->line, "1"), ENOTSUP);
	assert_int_equal(cw_line_dtmf(s.caller.line, "42#"), 0);
	run_for(world, 600 * MS);
	assert_int_equal(agent->marks, 0);
	run_for(world, 800 * MS);
	assert_int_equal(agent->marks, 1);
	assert_int_equal(agent->cleared, 0);
	assert_string_equal(agent->digits, "42#");
	assert_int_equal(s.caller.voice_frames, 50);
	assert_int_equal(agent->gaps, 0);
	frames = agent->frames;
	assert_in_range(frames, 70, 86);
	assert_int_equal(agent->voice_frames, frames);

	assert_int_equal(cw_line_send(agent->line, speech, sizeof(speech)), 0);
	assert_int_equal(cw_line_mark(agent->line, 2), 0);
	run_for(world, 200 * MS);
	assert_int_equal(cw_line_clear(agent->line), 0);
	run_for(world, 300 * MS);
	assert_int_equal(agent->marks, 2);
	assert_int_equal(agent->last_mark, 2);
	assert_int_equal(agent->cleared, 1);
	assert_in_range(s.caller.voice_frames, 55, 63);

	cw_line_hang_up(agent->line, "goodbye");
	run_for(world, 300 * MS);
	assert_int_equal(agent->closed, 1);
	assert_int_equal(agent->reason, CW_END_LOCAL);
	assert_int_equal(s.caller.closed, 1);
	assert_int_equal(s.caller.reason, CW_END_REMOTE);
	assert_string_equal(s.caller.detail, "end of TwiML");
	assert_int_equal(cw_twilio_server_calls(s.server), 0);
	assert_true(person_noted(&s.caller, "status.ringing"));
	assert_true(person_noted(&s.caller, "status.in-progress"));
	assert_true(person_noted(&s.caller, "status.completed"));
	assert_true(person_noted(&s.caller, "twilio.twiml {\"verbs\":\"Connect\"}"));
	assert_false(person_noted(&s.caller, "twilio.warning"));
	scene_close(&s);
}

static void the_caller_hangs_up(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 300 * MS);
	cw_line_hang_up(s.caller.line, "had enough");
	cw_line_hang_up(s.caller.line, "twice");
	assert_int_equal(s.caller.closed, 0);
	assert_int_equal(cw_line_send(s.caller.line, (const uint8_t[160]){0}, 160), ENOTCONN);
	run_for(world, 300 * MS);
	assert_int_equal(s.caller.closed, 1);
	assert_int_equal(s.caller.reason, CW_END_LOCAL);
	assert_int_equal(s.agents[0].closed, 1);
	assert_int_equal(s.agents[0].reason, CW_END_REMOTE);
	assert_int_equal(cw_line_send(s.agents[0].line, (const uint8_t[160]){0}, 160), ENOTCONN);
	scene_close(&s);
}

static void two_calls_do_not_disturb_each_other(void **state)
{
	struct scene s;
	struct person other;

	(void)state;
	scene_open(&s, world, &signed_conf);
	person_init(&other, world, s.owner);
	dial(&s, &s.caller, TOKEN);
	dial(&s, &other, TOKEN);
	s.caller.say = 0x42;
	run_for(world, 400 * MS);
	assert_int_equal(s.n_agents, 2);
	assert_string_not_equal(s.agents[0].call_id, s.agents[1].call_id);

	struct person *mine = strcmp(s.agents[0].call_id, s.caller.call_id) ? &s.agents[1] : &s.agents[0];
	struct person *its = mine == s.agents ? &s.agents[1] : &s.agents[0];

	assert_true(mine->voice_frames > 5);
	assert_int_equal(its->voice_frames, 0);
	cw_line_hang_up(other.line, "bye");
	run_for(world, 300 * MS);
	assert_int_equal(its->closed, 1);
	assert_int_equal(mine->closed, 0);
	assert_int_equal(s.caller.closed, 0);
	scene_close(&s);
	person_clear(&other);
}

/* ---- calls which never come up ---- */

static void a_wrong_signature_is_refused(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, "1123456789abcdef0123456789abcdef");
	run_for(world, 500 * MS);
	assert_false(s.caller.answered);
	assert_ended(&s.caller, CW_END_REFUSED, "got 403");
	assert_int_equal(s.n_agents, 0);
	scene_close(&s);
}

static void nobody_there_is_unreachable(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	talloc_free(s.listener);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 500 * MS);
	assert_ended(&s.caller, CW_END_UNREACHABLE, "11205");
	assert_true(person_noted(&s.caller, "status.failed"));
	scene_close(&s);
}

static void bad_answers_of_a_webhook_are_named(void **state)
{
	static const struct page pages[] = {
		{"/500", "oops", "text/plain", 500, NULL},
		{"/wrong", "<Response><Say>", NULL, 0, NULL},
		{"/root", "<html/>", NULL, 0, NULL},
		{"/empty", "", NULL, 0, NULL},
		{"/json", "{}", "application/json", 0, NULL},
		{"/nothing", "<Response/>", NULL, 0, NULL},
		{"/reject", "<Response><Reject reason=\"busy\"/></Response>", NULL, 0, NULL},
		{"/circle", "<Response><Redirect>/circle</Redirect></Response>", NULL, 0, NULL},
		{"/lost", NULL, NULL, 302, "/lost"},
	};
	static const struct {
		const char *path;
		enum cw_end_reason reason;
		const char *detail;
	} cases[] = {
		{"/500", CW_END_REFUSED, "got 500"},
		{"/wrong", CW_END_REFUSED, "12100"},
		{"/root", CW_END_REFUSED, "12102"},
		{"/empty", CW_END_REFUSED, "12100"},
		{"/json", CW_END_REFUSED, "12300"},
		{"/nothing", CW_END_REFUSED, "no verb"},
		{"/reject", CW_END_REFUSED, "busy"},
		{"/404", CW_END_REFUSED, "got 404"},
		{"/circle", CW_END_PROTOCOL, "circles"},
		{"/lost", CW_END_UNREACHABLE, "11200"},
	};
	struct scene s;
	struct web web;

	(void)state;
	scene_open(&s, world, &signed_conf);
	web_open(&web, world, s.owner, pages, CW_COUNT(pages));
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		snprintf(s.url, sizeof(s.url), "%s%s", web.base, cases[i].path);
		dial(&s, &s.caller, NULL);
		run_for(world, 10 * S);
		assert_false(s.caller.answered);
		assert_ended(&s.caller, cases[i].reason, cases[i].detail);
		person_clear(&s.caller);
		person_init(&s.caller, world, s.owner);
	}
	assert_int_equal(web.n_forged, 0);
	scene_close(&s);
	web_clear(&web);
}

static void a_full_house_is_busy(void **state)
{
	const struct cw_twilio_server_conf conf = {.auth_token = TOKEN, .max_calls = 1};
	struct scene s;
	struct person second;

	(void)state;
	scene_open(&s, world, &conf);
	person_init(&second, world, s.owner);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 300 * MS);
	dial(&s, &second, TOKEN);
	run_for(world, 300 * MS);
	assert_ended(&second, CW_END_REFUSED, "busy");
	assert_true(person_noted(&second, "status.busy"));
	cw_line_hang_up(s.caller.line, "room for others");
	run_for(world, 300 * MS);
	person_clear(&second);
	person_init(&second, world, s.owner);
	dial(&s, &second, TOKEN);
	run_for(world, 300 * MS);
	assert_true(second.answered);
	scene_close(&s);
	person_clear(&second);
}

static void a_callee_may_refuse(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	s.refuse = EBUSY;
	dial(&s, &s.caller, TOKEN);
	run_for(world, 500 * MS);
	assert_ended(&s.caller, CW_END_REMOTE, "end of TwiML"); /* it was connected, then the server hung up */
	assert_int_equal(cw_twilio_server_calls(s.server), 0);
	scene_close(&s);
}

/* ---- free in every handler ---- */

static void lines_may_be_freed_in_any_handler(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++)
		for (int where = FREE_ANSWERED; where <= FREE_CLOSED; where++) {
			struct scene s;
			struct person *who;

			scene_open(&s, world, &signed_conf);
			dial(&s, &s.caller, TOKEN);
			who = side ? &s.caller : &s.agents[0];
			who->free_in = where;
			s.caller.say = 0x42;
			run_for(world, 200 * MS);
			if (s.agents[0].line && s.agents[0].answered) {
				(void)cw_line_send(s.agents[0].line, (const uint8_t[160]){0}, 160);
				(void)cw_line_mark(s.agents[0].line, 1);
			}
			if (s.caller.line) {
				(void)cw_line_mark(s.caller.line, 9);
				(void)cw_line_dtmf(s.caller.line, "1");
			}
			run_for(world, 200 * MS);
			if (s.caller.line)
				cw_line_hang_up(s.caller.line, "bye");
			run_for(world, 400 * MS);
			assert_in_range(s.caller.closed, 0, 1);
			if (!side && where != FREE_NOTE &&
				where != FREE_CLOSED) /* the agent vanished: the caller's call went on to its end */
				assert_int_equal(s.caller.closed, 1);
			scene_close(&s);
		}
}

static void the_server_may_go_first(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 300 * MS);
	TALLOC_FREE(s.server);
	run_for(world, 500 * MS);
	assert_int_equal(s.caller.closed, 0); /* calls belong to who took them */
	cw_line_hang_up(s.caller.line, "bye");
	run_for(world, 500 * MS);
	assert_int_equal(s.caller.closed, 1);
	assert_int_equal(s.agents[0].closed, 1);
	scene_close(&s);
}

/* ---- in the real world: nothing is allocated per frame ---- */

static void a_frame_costs_no_allocation(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	s.caller.say = 0x42;
	run_for(world, 300 * MS);
	assert_int_equal(s.n_agents, 1);
	s.agents[0].echo = true;
	run_for(world, 200 * MS);

	unsigned frames = s.caller.frames;

	(void)cw_test_allocations();
	run_for(world, 600 * MS);

	uint64_t n = cw_test_allocations();

	assert_in_range(s.caller.frames - frames, 28, 32);
	assert_int_equal(n, 0);
	assert_true(s.caller.voice_frames > 30);
	scene_close(&s);
}

/* ---- many seeds, faults at every await point ---- */

static uint64_t troubled_call(uint64_t seed, unsigned *faults, bool *came_up)
{
	struct cw_sim_conf sim = {.seed = seed};
	struct scene s;
	struct cw_world *w;
	uint64_t digest;

	for (unsigned i = 0; i < CW_FAULT_N; i++)
		sim.fault[i] = seed % 4 ? 0.002 : 0;
	assert_int_equal(cw_sim_new(NULL, &sim, &w), 0);
	scene_open(&s, w, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	s.caller.say = 0x42;
	for (unsigned i = 0; i < 12; i++) {
		run_for(w, 500 * MS);
		if (!s.agents[0].line || !s.agents[0].answered || s.agents[0].closed)
			continue;
		(void)cw_line_send(s.agents[0].line, (const uint8_t[3200]){0}, 3200);
		(void)cw_line_mark(s.agents[0].line, i);
		if (i % 3 == 2)
			(void)cw_line_clear(s.agents[0].line);
	}
	*came_up = s.caller.answered && s.agents[0].answered;
	if (s.caller.line)
		cw_line_hang_up(s.caller.line, "enough");
	for (unsigned i = 0; i < s.n_agents; i++)
		if (seed % 2)
			cw_line_hang_up(s.agents[i].line, "enough");
	run_for(w, 80 * S); /* longer than any deadline on the way */
	assert_int_equal(s.caller.closed, 1);
	for (unsigned i = 0; i < s.n_agents; i++)
		if (seed % 2)
			assert_int_equal(s.agents[i].closed, 1);
	*faults = 0;
	for (unsigned i = 0; i < CW_FAULT_N; i++)
		*faults += cw_sim_faults(w, (enum cw_sim_fault)i);
	digest = cw_sim_digest(w);
	scene_close(&s);
	talloc_free(w);
	return digest;
}

static void every_troubled_call_ends(void **state)
{
	unsigned faults, total = 0, up = 0;
	bool came_up;

	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++) {
		uint64_t digest = troubled_call(seed, &faults, &came_up);

		total += faults;
		up += came_up;
		if (seed % 4 == 0) {
			assert_int_equal(faults, 0);
			assert_true(came_up);
		}
		if (seed % 20 == 1)
			assert_int_equal(troubled_call(seed, &faults, &came_up), digest);
	}
	printf("# 120 calls, %u came up, %u faults\n", up, total);
	assert_true(total > 50 && up > 60);
}

CW_TEST_MAIN(SIM(a_whole_call), SIM(the_caller_hangs_up), SIM(two_calls_do_not_disturb_each_other),
	SIM(a_wrong_signature_is_refused), SIM(nobody_there_is_unreachable), SIM(bad_answers_of_a_webhook_are_named),
	SIM(a_full_house_is_busy), SIM(a_callee_may_refuse), SIM(lines_may_be_freed_in_any_handler),
	SIM(the_server_may_go_first), CW_TEST(every_troubled_call_ends), OS(a_whole_call), OS(the_caller_hangs_up),
	OS(a_wrong_signature_is_refused), OS(nobody_there_is_unreachable), OS(a_frame_costs_no_allocation))
