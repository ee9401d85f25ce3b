/*
 * Scripts: which step comes when, and how they end.
 */
#include "pair.h"

#include <errno.h>

static const struct cw_step greet = {
	.act = CW_ACT_SAY, .text = "Welcome. What is your name?", .when = CW_WHEN_ANSWER, .delay_us = 200000};

static void answers_what_is_asked(void **state)
{
	CW_SCOPED struct cw_pattern *name = pattern("your name"), *phone = pattern("phone number"),
				    *maria = pattern("maria"), *digits = pattern("/555/");
	const struct cw_step answers[] = {
		{.act = CW_ACT_SAY, .text = "Maria Lopez", .match = name, .delay_us = 300000},
		{.act = CW_ACT_SAY, .text = "555 0134", .match = phone, .delay_us = 300000},
	};
	const struct cw_step replies[] = {
		{.act = CW_ACT_SAY, .text = "And your phone number?", .match = maria, .delay_us = 300000},
		{.act = CW_ACT_HANG_UP, .match = digits, .delay_us = 300000},
	};
	struct cw_script caller = {.answers = answers, .n_answers = 2};
	struct cw_script agent = {.steps = &greet, .n_steps = 1, .answers = replies, .n_answers = 2};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_COMPLETED);
	assert_false(r->we_hung_up);
	assert_int_equal(p.reason, CW_END_REMOTE);
	assert_string_equal(heard_by_agent(&p, 0), "Maria Lopez");
	assert_string_equal(words(action(&p, 1)), "555 0134");
	hang_up(&p);
}

static void fixed_turns_come_in_order_and_optional_ones_are_skipped(void **state)
{
	CW_SCOPED struct cw_pattern *never = pattern("pineapple"), *name = pattern("your name");
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Not said", .match = never, .optional = true},
		{.act = CW_ACT_SAY, .text = "Maria", .match = name, .delay_us = 300000},
		{.act = CW_ACT_SAY, .text = "Again Maria", .when = CW_WHEN_TURN, .delay_us = 1000000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 500000},
	};
	struct cw_script caller = {.steps = steps, .n_steps = 4};
	struct cw_script agent = {.steps = &greet, .n_steps = 1, .reprompts = 0};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_COMPLETED);
	assert_true(r->we_hung_up);
	assert_string_equal(words(action(&p, 0)), "Maria");
	assert_string_equal(words(action(&p, 1)), "Again Maria");
	assert_int_equal(cw_json_int(action(&p, 1)->data, "index", -1), 2);
	assert_int_equal(p.reason, CW_END_LOCAL);
	hang_up(&p);
}

static void interrupts_at_the_exact_offset(void **state)
{
	const struct cw_step longer = {.act = CW_ACT_SAY,
		.when = CW_WHEN_ANSWER,
		.text = "Welcome to the longest greeting of the whole town, which nobody has ever heard to its end so far."};
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Stop it please", .when = CW_WHEN_DURING, .delay_us = 1500000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 1000000},
	};
	struct cw_script caller = {.steps = steps, .n_steps = 2}, agent = {.steps = &longer, .n_steps = 1};
	struct pair p;
	size_t from = 0;

	(void)state;
	(void)talk(&p, &caller, &agent);

	const struct cw_event *onset = cw_timeline_next(p.timeline, &from, CW_EV_SPEECH_STARTED, CW_SIDE_AGENT);

	assert_non_null(onset);
	assert_int_equal(action(&p, 0)->t_us, (uint64_t)cw_json_int(onset->data, "onset_us", 0) + 1500000);
	from = 0;
	assert_non_null(cw_timeline_next(p.agent_timeline, &from, CW_EV_INTERRUPTED, CW_SIDE_AGENT));
	hang_up(&p);
}

static void speaks_unasked_when_nobody_greets(void **state)
{
	const struct cw_step steps[] = {{.act = CW_ACT_SAY, .text = "Anybody home", .when = CW_WHEN_AGENT_END},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN}};
	struct cw_script caller = {.steps = steps, .n_steps = 2, .greeting_us = 4000000},
			 agent = {.greeting_us = 60000000, .wait_us = 60000000};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_COMPLETED);
	assert_true(action(&p, 0)->t_us >= 4000000 && action(&p, 0)->t_us < 4300000);
	hang_up(&p);
}

static void patience_ends_in_reprompts_and_giving_up(void **state)
{
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "My name is Maria", .when = CW_WHEN_AGENT_END, .delay_us = 300000},
		{.act = CW_ACT_SAY, .text = "Never said", .when = CW_WHEN_AGENT_END}};
	struct cw_script caller = {.steps = steps, .n_steps = 2, .wait_us = 4000000, .reprompts = 2};
	struct cw_script agent = {.steps = &greet, .n_steps = 1, .wait_us = 100000000, .linger_us = 100000000};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_GAVE_UP);
	assert_true(r->we_hung_up);
	assert_string_equal(words(action(&p, 1)), "Hello?");
	assert_string_equal(words(action(&p, 2)), "Hello?");
	assert_null(action(&p, 3));
	assert_non_null(strstr(r->reason, "silent for 4.0 s"));
	hang_up(&p);
}

static void what_fits_nothing_is_a_deadlock(void **state)
{
	CW_SCOPED struct cw_pattern *zip = pattern("zip code");
	const struct cw_step steps[] = {{.act = CW_ACT_SAY, .text = "90210", .match = zip}};
	struct cw_script caller = {.steps = steps, .n_steps = 1, .pardons = 1};
	struct cw_script agent = {.steps = &greet, .n_steps = 1, .wait_us = 100000000, .linger_us = 100000000};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_NO_ANSWER);
	assert_string_equal(words(action(&p, 0)), "Pardon?");
	assert_non_null(strstr(r->reason, "What is your name?"));
	hang_up(&p);
}

static void fillers_are_not_answered(void **state)
{
	CW_SCOPED struct cw_pattern *fillers = pattern("one moment");
	const struct cw_step turns[] = {{.act = CW_ACT_SAY, .text = "One moment.", .when = CW_WHEN_ANSWER},
		{.act = CW_ACT_SAY, .text = "What is your name?", .when = CW_WHEN_TURN, .delay_us = 2500000}};
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Maria", .when = CW_WHEN_AGENT_END, .delay_us = 300000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN}};
	struct cw_script caller = {.steps = steps, .n_steps = 2, .fillers = fillers},
			 agent = {.steps = turns, .n_steps = 2};
	struct pair p;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_true(action(&p, 0)->t_us > 3500000);
	hang_up(&p);
}

static void the_end_before_the_script_is_told(void **state)
{
	CW_SCOPED struct cw_pattern *maria = pattern("maria");
	const struct cw_step reply = {.act = CW_ACT_HANG_UP, .match = maria, .delay_us = 300000};
	const struct cw_step steps[] = {{.act = CW_ACT_SAY, .text = "Maria", .when = CW_WHEN_AGENT_END},
		{.act = CW_ACT_SAY, .text = "More", .when = CW_WHEN_AGENT_END}};
	struct cw_script caller = {.steps = steps, .n_steps = 2},
			 agent = {.steps = &greet, .n_steps = 1, .answers = &reply, .n_answers = 1};
	struct pair p;
	const struct cw_script_result *r = talk(&p, &caller, &agent);

	(void)state;
	assert_int_equal(r->end, CW_SCRIPT_CUT);
	assert_int_equal(r->steps_played, 1);
	assert_false(r->we_hung_up);
	hang_up(&p);
}

static void silence_noise_and_keys_are_played(void **state)
{
	const struct cw_step steps[] = {
		{.act = CW_ACT_SILENCE, .ms = 2000, .when = CW_WHEN_AGENT_END},
		{.act = CW_ACT_NOISE, .noise = CW_NOISE_COUGH, .ms = 300, .level_db = -12, .when = CW_WHEN_TURN},
		{.act = CW_ACT_DTMF, .text = "42#", .when = CW_WHEN_TURN},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 1000000},
	};
	struct cw_script caller = {.steps = steps, .n_steps = 4},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 60000000};
	struct pair p;
	char keys[8] = "";
	size_t from = 0, n = 0;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_int_equal(action(&p, 1)->t_us - action(&p, 0)->t_us, 2300000 - 300000 + steps[1].delay_us);
	for (const struct cw_event *e;
		n < 7 && (e = cw_timeline_next(p.agent_timeline, &from, CW_EV_DTMF, CW_SIDE_CALLER));)
		keys[n++] = cw_json_str(e->data, "digit", "?")[0];
	assert_string_equal(keys, "42#");
	hang_up(&p);
}

static void unknown_voice_is_told(void **state)
{
	const struct cw_sim_conf sim = {.seed = 1};
	const struct cw_loop_conf loop = {.call_id = "x", .from = "", .to = ""};
	CW_SCOPED struct cw_world *w = NULL;
	CW_SCOPED void *all = talloc_new(NULL);
	struct cw_script script = {0};
	struct cw_line *agent_end, *carrier;
	struct cw_timeline *t;
	struct cw_caller *c = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_sim_new(NULL, &sim, &w), 0);
	assert_int_equal(cw_timeline_new(all, &t), 0);
	assert_int_equal(cw_loop_new(all, w, &loop, &agent_end, &carrier), 0);

	const struct cw_caller_conf conf = {.script = script_defaults(&script),
		.voice = "trumpet",
		.language = "en-US",
		.ear = "modem",
		.timeline = t,
		.closed = on_closed};

	assert_int_equal(cw_caller_open(all, w, &conf, carrier, &c, &why), ENOENT);
	assert_null(c);
	assert_non_null(strstr(why.text, "trumpet"));
}

CW_TEST_MAIN(CW_TEST(answers_what_is_asked), CW_TEST(fixed_turns_come_in_order_and_optional_ones_are_skipped),
	CW_TEST(interrupts_at_the_exact_offset), CW_TEST(speaks_unasked_when_nobody_greets),
	CW_TEST(patience_ends_in_reprompts_and_giving_up), CW_TEST(what_fits_nothing_is_a_deadlock),
	CW_TEST(fillers_are_not_answered), CW_TEST(the_end_before_the_script_is_told),
	CW_TEST(silence_noise_and_keys_are_played), CW_TEST(unknown_voice_is_told))
