/*
 * Every way in which our own side can fail, really done, is found; and a proper call is valid.
 */
#include "pair.h"
#include "viewing.h"

#include "caller/rails.h"
#include "trial/execute/validity.h"

static const struct cw_step greet = {
	.act = CW_ACT_SAY, .text = "Welcome. What is your name?", .when = CW_WHEN_ANSWER, .delay_us = 200000};

struct judged {
	struct cw_test test;
	struct cw_plan_item item;
	struct cw_call_record record;
	struct cw_validity valid;
	struct cw_view *view;
};

/* Judge what came of @p by @script (of which the call may have known another version). */
static const char *judge(struct judged *j, struct pair *p, const struct cw_script *script, bool failed)
{
	const struct cw_script_result *r = cw_caller_result(p->caller);
	const struct cw_view_conf vc = {.caller = p->timeline,
		.agent = p->agent_timeline,
		.script = r,
		.end_reason = p->reason,
		.end_us = cw_now(p->world)};

	*j = (struct judged){.test = {.script = *script}};
	j->item = (struct cw_plan_item){.test = &j->test, .voice = "modem", .ear = "modem", .language = "en-US"};
	j->record = (struct cw_call_record){.item = &j->item, .script = *r, .end_reason = p->reason};
	assert_int_equal(cw_view_new(p->all, &vc, &j->view), 0);
	assert_int_equal(cw_validity_judge(p->all, &j->record, j->view, failed, &j->valid), 0);
	return j->valid.kind ? j->valid.kind : "valid";
}

static const struct cw_step name_steps[] = {
	{.act = CW_ACT_SAY, .text = "Maria <pause 800ms> Lopez", .when = CW_WHEN_AGENT_END, .delay_us = 300000},
	{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 1000000}};

static void a_proper_call_is_valid(void **state)
{
	struct cw_script caller = {.steps = name_steps, .n_steps = 2},
			 agent = {.steps = &greet, .n_steps = 1, .linger_us = 60000000};
	struct pair p;
	struct judged j;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_string_equal(judge(&j, &p, &caller, false), "valid");
	assert_string_equal(judge(&j, &p, &caller, true), "valid");
	hang_up(&p);
}

static void a_call_that_is_not_of_this_script(void **state)
{
	const struct cw_step others[] = {
		{.act = CW_ACT_SAY, .text = "Petra Lopez", .when = CW_WHEN_AGENT_END}, {.act = CW_ACT_HANG_UP}};
	struct cw_script caller = {.steps = name_steps, .n_steps = 2},
			 agent = {.steps = &greet, .n_steps = 1, .linger_us = 60000000};
	struct cw_script altered = {.steps = others, .n_steps = 2}, shorter = {0};
	struct pair p;
	struct judged j;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_string_equal(judge(&j, &p, &altered, false), "left_script");
	assert_non_null(strstr(j.valid.reason, "Petra Lopez"));
	assert_string_equal(judge(&j, &p, &shorter, false), "left_script");
	hang_up(&p);
}

static void a_turn_that_contradicts_the_facts(void **state)
{
	CW_SCOPED struct cw_pattern *success = pattern("confirmation"), *name = pattern("your name");
	const struct cw_fact facts[] = {
		{.key = "name", .value = "Maria Lopez"}, {.key = "phone", .value = "415 555 0134"}};
	const struct cw_goal goal = {.goal = "Book a visit.", .facts = facts, .n_facts = 2, .success = success};
	const struct cw_step right[] = {
		{.act = CW_ACT_SAY, .text = "My number is 415 555 0134", .match = name, .delay_us = 300000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 500000}};
	struct cw_step wrong[] = {right[0], right[1]};
	struct cw_script caller = {.steps = right, .n_steps = 2, .goal = &goal},
			 agent = {.steps = &greet, .n_steps = 1, .linger_us = 60000000};
	struct pair p;
	struct judged j;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_string_equal(judge(&j, &p, &caller, false), "valid");
	hang_up(&p);
	wrong[0].text = "My number is 415 555 0199";
	caller.steps = wrong;
	(void)talk(&p, &caller, &agent);
	assert_string_equal(judge(&j, &p, &caller, false), "contradicted");
	assert_non_null(strstr(j.valid.reason, "4155550199"));
	hang_up(&p);
}

/* Calls of @caller with voices that come late at times: how many were judged late for this reason. */
static unsigned count_late(struct cw_script *caller, double late, const char *reason)
{
	unsigned n = 0;

	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct cw_script agent = {.steps = &greet, .n_steps = 1, .linger_us = 60000000};
		struct pair p = {.sim_seed = seed, .late = late};
		struct judged j;

		(void)talk_as(&p, caller, &agent);
		if (!strcmp(judge(&j, &p, caller, true), "late") && strstr(j.valid.reason, reason)) {
			n++;
			if (cw_caller_result(p.caller)->end ==
				CW_SCRIPT_COMPLETED) /* nothing failed: what was measured was measured in samples */
				assert_string_equal(judge(&j, &p, caller, false), "valid");
		}
		hang_up(&p);
	}
	return n;
}

static void a_voice_that_comes_too_late(void **state)
{
	struct cw_script caller = {.steps = name_steps, .n_steps = 2};

	(void)state;
	assert_true(count_late(&caller, 0.7, "after it was due") > 3);
	assert_int_equal(count_late(&caller, 0, ""), 0);
}

static void an_interruption_that_finds_silence(void **state)
{
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Wait please", .when = CW_WHEN_DURING, .delay_us = 1400000},
		{.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = 1000000}};
	struct cw_script caller = {.steps = steps, .n_steps = 2};

	(void)state;
	assert_true(count_late(&caller, 0.7, "which were over") > 0);
	assert_int_equal(count_late(&caller, 0, ""), 0);
}

static void both_sides_wait(void **state)
{
	CW_SCOPED struct cw_pattern *zip = pattern("zip code");
	const struct cw_step step = {.act = CW_ACT_SAY, .text = "90210", .match = zip};
	struct cw_script caller = {.steps = &step, .n_steps = 1},
			 agent = {.steps = &greet, .n_steps = 1, .wait_us = 100000000, .linger_us = 100000000};
	struct pair p;
	struct judged j;

	(void)state;
	(void)talk(&p, &caller, &agent);
	assert_string_equal(judge(&j, &p, &caller, false), "deadlock");
	assert_non_null(strstr(j.valid.reason, "What is your name?"));
	hang_up(&p);
}

static void our_own_speech_cannot_be_made(void **state)
{
	char *text = talloc_zero_size(NULL, 10000);
	struct pair p;
	struct judged j;

	(void)state;
	memset(text, 'a', 9999);

	const struct cw_step step = {.act = CW_ACT_SAY, .text = text, .when = CW_WHEN_AGENT_END};
	struct cw_script caller = {.steps = &step, .n_steps = 1},
			 agent = {.steps = &greet, .n_steps = 1, .linger_us = 60000000};

	(void)talk(&p, &caller, &agent);
	assert_string_equal(judge(&j, &p, &caller, false), "broken");
	hang_up(&p);
	(void)talloc_free(text);
}

static void a_voice_nobody_understands(void **state)
{
	static const char *const words[] = {
		"My furnace stopped working this morning.", "The address is twelve Oak Street."};
	static const char *const junk[] = {
		"Przedszkole w Szczebrzeszynie brzmi chrzaszczem", "Rindfleischetikettierungsgesetz"};
	struct cw_own_ear conf = {.voice = "flite:rms", .language = "en-US", .ear = "pocketsphinx"};
	double wer = -1;
	int err = cw_validity_own_wer(&conf, words, 2, &wer);

	(void)state;
	if (err == ENOENT) {
		print_message("# skip: flite or pocketsphinx is not installed here\n");
		skip();
	}
	assert_int_equal(err, 0);
	print_message("# word errors of our own speech: %.2f\n", wer);
	assert_true(wer <= CW_VALIDITY_WER);
	assert_int_equal(cw_validity_own_wer(&conf, junk, 2, &wer), 0);
	print_message("# of junk: %.2f\n", wer);
	assert_true(wer > CW_VALIDITY_WER);

	struct made m;
	struct judged j = {.item = {.test = &j.test, .voice = "flite:rms", .ear = "pocketsphinx", .language = "en-US"},
		.record = {.item = &j.item, .script = {.end = CW_SCRIPT_COMPLETED}}};
	const struct cw_step step = {.act = CW_ACT_SAY, .text = junk[0]};

	j.test.script = (struct cw_script){.steps = &step, .n_steps = 1};
	made_open(&m, false);
	made_answered(&m, 0);
	made_say(&m, 0, 1, junk[0], 1000, 3000);
	j.view = made_view(&m, 5000);
	assert_int_equal(cw_validity_judge(m.all, &j.record, j.view, true, &j.valid), 0);
	assert_string_equal(j.valid.kind, "garbled");
	assert_int_equal(cw_validity_judge(m.all, &j.record, j.view, false, &j.valid), 0);
	assert_null(j.valid.kind);
	made_close(&m);
}

CW_TEST_MAIN(CW_TEST(a_proper_call_is_valid), CW_TEST(a_call_that_is_not_of_this_script),
	CW_TEST(a_turn_that_contradicts_the_facts), CW_TEST(a_voice_that_comes_too_late),
	CW_TEST(an_interruption_that_finds_silence), CW_TEST(both_sides_wait), CW_TEST(our_own_speech_cannot_be_made),
	CW_TEST(a_voice_nobody_understands))
