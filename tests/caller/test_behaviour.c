/*
 * What callers do beside talking: pauses in a sentence, asides, a television, echo, hanging up in mid-sentence; personas; and a goal over a real line.
 */
#include "pair.h"

#include <math.h>

#include "caller/backdrop.h"
#include "caller/rails.h"

static const struct cw_step greet = {
	.act = CW_ACT_SAY, .text = "Welcome. What is your name?", .when = CW_WHEN_ANSWER, .delay_us = 200000};
static const struct cw_step speech = {.act = CW_ACT_SAY,
	.when = CW_WHEN_ANSWER,
	.text = "Welcome to the longest greeting of the whole town, which nobody has ever heard to its end so far, because it goes on and on."};

/* How loud it is at the agent's ear, per 20 ms. */
struct meter {
	double rms[15000];
	size_t n;
};

static void measure(const int16_t pcm[160], void *arg)
{
	struct meter *m = arg;
	double sum = 0;

	for (int i = 0; i < 160; i++)
		sum += (double)pcm[i] * pcm[i];
	if (m->n < CW_COUNT(m->rms))
		m->rms[m->n++] = sqrt(sum / 160);
}

static double loudest(const struct meter *m, uint64_t from_us, uint64_t to_us)
{
	double best = 0;

	for (size_t i = from_us / 20000; i < to_us / 20000 && i < m->n; i++)
		best = fmax(best, m->rms[i]);
	return best;
}

static double share_above(const struct meter *m, uint64_t from_us, uint64_t to_us, double rms)
{
	size_t n = 0, above = 0;

	for (size_t i = from_us / 20000; i < to_us / 20000 && i < m->n; i++, n++)
		above += m->rms[i] > rms;
	return n ? (double)above / (double)n : 0;
}

static void pauses_are_heard_as_silence(void **state)
{
	const struct cw_step steps[] = {{.act = CW_ACT_SAY,
						.text = "My number is <pause 1200ms> 415.",
						.when = CW_WHEN_AGENT_END,
						.delay_us = 300000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 3000000}};
	struct cw_script caller = {.steps = steps, .n_steps = 2},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 60000000, .linger_us = 60000000};
	struct meter *m = talloc_zero(NULL, struct meter);
	struct pair p = {.agent_hears = measure, .arg = m};
	size_t longest = 0, run = 0, from = 0;

	(void)state;
	assert_int_equal(talk_as(&p, &caller, &agent)->end, CW_SCRIPT_COMPLETED);

	uint64_t begin = action(&p, 0)->t_us, end = action(&p, 1)->t_us - 2900000;
	const struct cw_event *part = NULL;

	for (size_t i = begin / 20000; i < end / 20000; i++) {
		run = m->rms[i] < 50 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	assert_in_range(longest * 20, 1150, 1400);
	for (const struct cw_event *e; (e = cw_timeline_next(p.timeline, &from, CW_EV_NOTE, CW_SIDE_CALLER));)
		part = strcmp(cw_json_str(e->data, "what", ""), "part") ? part : e;
	assert_non_null(part);
	hang_up(&p);
	(void)talloc_free(m);
}

static void an_aside_is_quiet_and_no_answer(void **state)
{
	const struct cw_step steps[] = {{.act = CW_ACT_ASIDE,
						.text = "Close the door",
						.level_db = -20,
						.when = CW_WHEN_AGENT_END,
						.delay_us = 300000},
		{.act = CW_ACT_SAY, .text = "Maria Lopez", .when = CW_WHEN_TURN, .delay_us = 1000000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 1000000}};
	struct cw_script caller = {.steps = steps, .n_steps = 3},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 60000000, .linger_us = 60000000};
	struct meter *m = talloc_zero(NULL, struct meter);
	struct pair p = {.agent_hears = measure, .arg = m};

	(void)state;
	assert_int_equal(talk_as(&p, &caller, &agent)->end, CW_SCRIPT_COMPLETED);

	uint64_t first = action(&p, 0)->t_us, second = action(&p, 1)->t_us, third = action(&p, 2)->t_us;
	double aside = loudest(m, first, second - 200000), own = loudest(m, second, third);

	assert_true(aside > 0);
	assert_true(fabs(20 * log10(aside / own) + 20) < 3);
	hang_up(&p);
	(void)talloc_free(m);
}

static void a_television_runs_behind_what_follows(void **state)
{
	const struct cw_step steps[] = {
		{.act = CW_ACT_TV, .ms = 4000, .level_db = -20, .when = CW_WHEN_AGENT_END, .delay_us = 300000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 6000000}};
	struct cw_script caller = {.steps = steps, .n_steps = 2},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 60000000, .linger_us = 60000000};
	struct meter *m = talloc_zero(NULL, struct meter);
	struct pair p = {.agent_hears = measure, .arg = m};

	(void)state;
	assert_int_equal(talk_as(&p, &caller, &agent)->end, CW_SCRIPT_COMPLETED);

	uint64_t at = action(&p, 0)->t_us;

	assert_true(share_above(m, at + 200000, at + 3900000, 60) > 0.4); /* syllables and gaps */
	assert_true(loudest(m, at + 4400000, at + 5800000) < 20);
	hang_up(&p);
	(void)talloc_free(m);
}

static void an_echo_is_the_agents_own_voice_later_and_lower(void **state)
{
	const struct cw_step steps[] = {
		{.act = CW_ACT_ECHO, .ms = 8000, .level_db = -12, .echo_ms = 200, .when = CW_WHEN_ANSWER},
		{.act = CW_ACT_SILENCE, .ms = 4000, .when = CW_WHEN_TURN},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN}};
	struct cw_script caller = {.steps = steps, .n_steps = 3},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 60000000, .linger_us = 60000000};
	struct meter *m = talloc_zero(NULL, struct meter);
	struct pair p = {.agent_hears = measure, .arg = m};
	size_t from = 0;

	(void)state;
	assert_int_equal(talk_as(&p, &caller, &agent)->end, CW_SCRIPT_COMPLETED);

	const struct cw_event *onset = cw_timeline_next(p.timeline, &from, CW_EV_SPEECH_STARTED, CW_SIDE_AGENT);
	uint64_t at = (uint64_t)cw_json_int(onset->data, "onset_us", 0);

	assert_true(loudest(m, 0, at + 140000) < 20);
	assert_true(loudest(m, at + 200000, at + 1000000) > 100);
	hang_up(&p);
	(void)talloc_free(m);
}

static void the_samples_of_an_echo(void **state)
{
	struct cw_backdrop *b = NULL;
	int16_t in[160], out[160];

	(void)state;
	assert_int_equal(cw_backdrop_new(NULL, &b), 0);
	memset(out, 0, sizeof(out));
	assert_false(cw_backdrop_mix(out, b));
	assert_int_equal(cw_backdrop_echo(b, 0, 10, -6), EINVAL);
	assert_int_equal(cw_backdrop_echo(b, 100, CW_BACKDROP_DELAY_MAX_MS + 1, -6), EINVAL);
	assert_int_equal(cw_backdrop_tv(b, 0, -6, NULL), EINVAL);
	assert_int_equal(cw_backdrop_echo(b, 100, 30, -6.0206), 0); /* half, 240 samples later */
	for (int frame = 0; frame < 7; frame++) {
		for (int i = 0; i < 160; i++)
			in[i] = (int16_t)(1000 + 2 * (frame * 160 + i));
		cw_backdrop_hear(in, b);
		memset(out, 0, sizeof(out));

		bool changed = cw_backdrop_mix(out, b);

		assert_true(changed == (frame < 5)); /* 100 ms are over */
		for (int i = 0; changed && i < 160; i++) {
			int t = frame * 160 + i - 240;

			assert_int_equal(out[i], t < 0 ? 0 : 500 + t);
		}
	}
	(void)talloc_free(b);
}

static void hangs_up_in_mid_sentence(void **state)
{
	const struct cw_step steps[] = {{.act = CW_ACT_HANG_UP,
		.text = "I do not want any of this any more, I will call somebody else about it",
		.ms = 800,
		.when = CW_WHEN_AGENT_END,
		.delay_us = 300000}};
	struct cw_script caller = {.steps = steps, .n_steps = 1},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 60000000, .linger_us = 60000000};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);
	size_t from = 0;
	const struct cw_event *closed = cw_timeline_next(p.timeline, &from, CW_EV_HUNG_UP, CW_SIDE_N);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_COMPLETED);
	assert_true(r->we_hung_up);
	assert_non_null(closed);
	assert_in_range(closed->t_us - action(&p, 0)->t_us, 780000, 1000000);
	hang_up(&p);
}

static void a_persona_backchannels_and_interrupts(void **state)
{
	const struct cw_persona nodding = {.backchannels = 1}, rude = {.interrupts = 1};
	struct cw_script caller = {.persona = &nodding, .linger_us = 4000000},
			 agent = {.steps = &speech, .n_steps = 1, .wait_us = 60000000};
	struct pair p;
	size_t from = 0, n = 0;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_true(action(&p, 1) != NULL); /* more than one in so long a turn */
	for (; action(&p, n); n++)
		assert_string_equal(cw_json_str(action(&p, n)->data, "of", ""), "persona");
	assert_null(cw_timeline_next(p.agent_timeline, &from, CW_EV_INTERRUPTED, CW_SIDE_AGENT));
	hang_up(&p);

	caller = (struct cw_script){.persona = &rude, .linger_us = 4000000};
	(void)talk(&p, &caller, &agent);
	from = 0;
	assert_non_null(cw_timeline_next(p.agent_timeline, &from, CW_EV_INTERRUPTED, CW_SIDE_AGENT));
	hang_up(&p);
}

static const char *const confirmation[] = {"confirmation"};

static void a_goal_is_reached_over_the_line(void **state)
{
	CW_SCOPED struct cw_pattern *success = NULL;
	CW_SCOPED struct cw_pattern *furnace = pattern("furnace"), *maria = pattern("maria"),
				    *digits = pattern("/555/"), *yes = pattern("/^yes/");
	const struct cw_step replies[] = {
		{.act = CW_ACT_SAY, .text = "What is your name?", .match = furnace, .delay_us = 300000, .times = 1},
		{.act = CW_ACT_SAY,
			.text = "What is your phone number?",
			.match = maria,
			.delay_us = 300000,
			.times = 1},
		{.act = CW_ACT_SAY,
			.text = "I have 415 555 0134. Is that correct?",
			.match = digits,
			.delay_us = 300000,
			.times = 1},
		{.act = CW_ACT_SAY,
			.text = "Your confirmation number is 17.",
			.match = yes,
			.delay_us = 300000,
			.times = 1},
	};
	const struct cw_step hello = {.act = CW_ACT_SAY, .text = "How can I help you?", .when = CW_WHEN_ANSWER};
	const struct cw_fact facts[] = {{.key = "issue", .value = "My furnace stopped working."},
		{.key = "name", .value = "Maria Lopez"}, {.key = "phone", .value = "415 555 0134"}};

	(void)state;
	assert_int_equal(cw_pattern_new(NULL, confirmation, 1, &success, NULL), 0);

	const struct cw_goal goal = {.goal = "Book a visit", .facts = facts, .n_facts = 3, .success = success};

	for (uint64_t seed = 0; seed < 12; seed++) {
		const struct cw_persona who = {
			.hesitates = seed % 2 ? 0.5 : 0, .mishears = 0.2 * (double)(seed % 3 == 2)};
		struct cw_script caller = {.goal = &goal, .persona = &who};
		struct cw_script agent = {
			.steps = &hello, .n_steps = 1, .answers = replies, .n_answers = 4, .wait_us = 60000000};
		struct pair p = {.seed = seed};
		const struct cw_script_result *r = talk_as(&p, &caller, &agent);

		if (who.mishears <= 0 && who.hesitates <= 0) { /* this agent repeats nothing, and waits for nobody */
			assert_int_equal(r->end, CW_SCRIPT_COMPLETED);
			assert_string_equal(cw_json_str(action(&p, 0)->data, "of", ""), "goal");
			assert_string_equal(cw_json_str(action(&p, 0)->data, "name", ""), "open");
		} else {
			assert_true(r->end != CW_SCRIPT_RUNNING && r->end != CW_SCRIPT_BROKEN);
		}
		hang_up(&p);
	}
}

static void a_goal_is_missed_when_the_agent_hangs_up(void **state)
{
	CW_SCOPED struct cw_pattern *success = pattern("confirmation"), *furnace = pattern("furnace");
	const struct cw_step bye[] = {{.act = CW_ACT_HANG_UP, .match = furnace, .delay_us = 300000}};
	const struct cw_step hello = {.act = CW_ACT_SAY, .text = "How can I help you?", .when = CW_WHEN_ANSWER};
	const struct cw_goal goal = {.goal = "My furnace is broken.", .success = success};
	struct cw_script caller = {.goal = &goal};
	struct cw_script agent = {.steps = &hello, .n_steps = 1, .answers = bye, .n_answers = 1};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_MISSED);
	assert_non_null(strstr(r->reason, "before the goal was reached"));
	assert_false(r->we_hung_up);
	hang_up(&p);
}

CW_TEST_MAIN(CW_TEST(pauses_are_heard_as_silence), CW_TEST(an_aside_is_quiet_and_no_answer),
	CW_TEST(a_television_runs_behind_what_follows), CW_TEST(an_echo_is_the_agents_own_voice_later_and_lower),
	CW_TEST(the_samples_of_an_echo), CW_TEST(hangs_up_in_mid_sentence),
	CW_TEST(a_persona_backchannels_and_interrupts), CW_TEST(a_goal_is_reached_over_the_line),
	CW_TEST(a_goal_is_missed_when_the_agent_hangs_up))
