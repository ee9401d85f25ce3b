/*
 * What a barge-in did, from calls made by hand.
 */
#include "viewing.h"

#include "trial/execute/barge.h"

static const struct cw_step steps[] = {
	{.name = "barge", .act = CW_ACT_SAY, .text = "mm-hmm", .when = CW_WHEN_DURING, .delay_us = 1000000}};

static json_t *barge(struct made *m, const char *tag, uint64_t end_ms)
{
	const struct cw_test t = {.tags = {&tag, 1}, .script = {.steps = steps, .n_steps = 1}};
	json_t *o = cw_barge_json(&t, made_view(m, end_ms));

	return o;
}

static void it_goes_on_or_falls_silent_by_ear(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_agent(&m, "", "a long sentence", 1000, 6000);
	made_say(&m, 0, 1, "mm-hmm", 2000, 2500);

	CW_JSON_SCOPED json_t *on = barge(&m, "barge:backchannel:early", 7000);

	assert_false(cw_json_bool(on, "reacted", true));
	assert_true(cw_json_bool(on, "right", false) && cw_json_bool(on, "recovered", false));
	assert_true(json_is_null(json_object_get(on, "stop_ms")));
	assert_string_equal(cw_json_str(on, "by", ""), "ear");
	made_close(&m);

	made_open(&m, false);
	made_answered(&m, 0);
	made_agent(&m, "", "a long", 1000, 2400);
	made_say(&m, 0, 1, "Stop it", 2000, 3000);
	made_agent(&m, "", "What is it?", 3900, 5000);

	CW_JSON_SCOPED json_t *stop = barge(&m, "barge:interrupt:middle", 6000);

	assert_true(cw_json_bool(stop, "reacted", false) && cw_json_bool(stop, "right", false));
	assert_true(cw_json_num(stop, "stop_ms", 0) > 399 && cw_json_num(stop, "stop_ms", 0) < 401);
	assert_true(cw_json_num(stop, "recovery_ms", 0) > 899 && cw_json_num(stop, "recovery_ms", 0) < 901);
	made_close(&m);
}

static void the_agents_own_account_goes_before_the_ear(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, true);
	made_answered(&m, 0);
	made_agent(&m, "It had ended anyway.", "It had ended anyway.", 1000, 2400);
	made_say(&m, 0, 1, "mm-hmm", 2000, 2300);

	CW_JSON_SCOPED json_t *o = barge(&m, "barge:backchannel:late", 6000);

	assert_string_equal(cw_json_str(o, "by", ""), "timeline");
	assert_false(cw_json_bool(o, "reacted", true));
	made_close(&m);
}

static void coming_in_while_the_caller_thinks(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_say(&m, 0, 1, "My name is … Maria", 1000, 5000);
	made_agent(&m, "", "Hello?", 3000, 3500);

	CW_JSON_SCOPED json_t *in = barge(&m, "barge:pause:middle", 7000);

	assert_true(cw_json_bool(in, "reacted", false));
	assert_false(cw_json_bool(in, "right", true));
	made_close(&m);
}

static void what_never_came_is_missing(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);

	CW_JSON_SCOPED json_t *none = barge(&m, "barge:cough:late", 7000);

	assert_non_null(json_object_get(none, "missing"));
	made_say(&m, 0, 1, "mm-hmm", 2000, 2300);

	CW_JSON_SCOPED json_t *silence = barge(&m, "barge:cough:late", 7000);

	assert_non_null(strstr(cw_json_str(silence, "missing", ""), "not speaking"));
	assert_null(barge(&m, "smoke", 7000));
	assert_null(barge(&m, "barge:cough", 7000));
	made_close(&m);
}

CW_TEST_MAIN(CW_TEST(it_goes_on_or_falls_silent_by_ear), CW_TEST(the_agents_own_account_goes_before_the_ear),
	CW_TEST(coming_in_while_the_caller_thinks), CW_TEST(what_never_came_is_missing))
