/* The card of abilities: what is measured, by what, and what stays null. */
#include "testing.h"

#include <math.h>
#include <string.h>

#include "trial/judge/functional.h"

static json_t *parse(const char *text)
{
	json_t *j = NULL;

	assert_int_equal(cw_json_parse(text, strlen(text), &j, NULL), 0);
	return j;
}

static double num(const json_t *o, const char *key)
{
	return cw_json_num(o, key, -1);
}

static void nothing_measured_is_null(void **state)
{
	CW_JSON_SCOPED json_t *r =
		parse("[{\"verdict\":\"PASS\",\"checks\":[{\"type\":\"contains\",\"status\":\"pass\"}]}]");
	CW_JSON_SCOPED json_t *o = cw_functional_scores(r);

	(void)state;
	assert_true(json_is_null(json_object_get(o, "overall_score")));
	for (const char *const *n = cw_functional_names(); *n; n++)
		assert_true(json_is_null(json_object_get(o, *n)));
	assert_true(json_is_null(json_object_get(o, "style_consistency")));
	assert_true(num(o, "overall_of") == 0);
}

static void abilities_are_means_of_their_checks(void **state)
{
	CW_JSON_SCOPED json_t *r = parse(
		"[{\"verdict\":\"FAIL\",\"checks\":["
		"{\"type\":\"llm-rubric\",\"metric\":\"reasoning\",\"status\":\"pass\",\"score\":0.8},"
		"{\"type\":\"llm-rubric\",\"metric\":\"reasoning\",\"status\":\"fail\",\"score\":0.2,\"weight\":3},"
		"{\"type\":\"llm-rubric\",\"metric\":\"reasoning\",\"status\":\"error\",\"score\":0},"
		"{\"type\":\"contains\",\"status\":\"pass\",\"context\":true},"
		"{\"type\":\"not-tool_called\",\"status\":\"fail\"},"
		"{\"type\":\"assert-set\",\"status\":\"pass\",\"members\":[{\"type\":\"factuality\",\"status\":\"pass\",\"score\":0.5}]}]},"
		"{\"verdict\":\"INVALID\",\"checks\":[{\"type\":\"factuality\",\"status\":\"fail\",\"score\":0}]}]");
	CW_JSON_SCOPED json_t *o = cw_functional_scores(r);

	(void)state;
	assert_true(fabs(num(o, "reasoning") - 0.35) < 1e-9);
	assert_true(num(o, "memory_recall") == 1);
	assert_true(num(o, "tool_selection") == 0);
	assert_true(num(o, "factual") == 0.5);
	assert_true(json_is_null(json_object_get(o, "coherence")));
	assert_int_equal(cw_json_int(json_object_get(o, "n"), "reasoning", -1), 2);
	/* .2 of .35, .15 of .5, .2 of 1, .15 of 0: the parts measured share the whole weight */
	assert_true(fabs(num(o, "overall_of") - 0.7) < 1e-9);
	assert_true(fabs(num(o, "overall_score") - (0.2 * 0.35 + 0.15 * 0.5 + 0.2) / 0.7) < 1e-9);
}

static void slow_answers_get_advice(void **state)
{
	CW_JSON_SCOPED json_t *slow = parse(
		"[{\"verdict\":\"PASS\",\"turns\":[{\"of\":\"turn\",\"response_ms\":4000},{\"of\":\"turn\",\"response_ms\":null}],"
		"\"measures\":{\"dead_air_ms\":100},\"checks\":[{\"type\":\"sentiment\",\"status\":\"fail\"}]}]");
	CW_JSON_SCOPED json_t *fine = parse(
		"[{\"verdict\":\"PASS\",\"turns\":[{\"of\":\"turn\",\"response_ms\":400}],\"measures\":{},\"checks\":[{\"type\":\"contains\",\"status\":\"pass\"}]}]");
	CW_JSON_SCOPED json_t *a = cw_response_quality(slow), *b = cw_response_quality(fine);

	(void)state;
	assert_true(num(a, "response_ms") == 4000);
	assert_true(num(a, "score") == 0);
	assert_int_equal(json_array_size(json_object_get(a, "recommendations")), 2);
	assert_non_null(strstr(json_string_value(json_array_get(json_object_get(a, "recommendations"), 0)), "4.0 s"));
	assert_int_equal(json_array_size(json_object_get(b, "recommendations")), 0);
	assert_true(json_is_null(json_object_get(b, "talk_ratio")));
}

static void product_fit_counts_calls_turns_and_checks(void **state)
{
	CW_JSON_SCOPED json_t *r = parse(
		"[{\"verdict\":\"PASS\",\"turns\":[{\"of\":\"turn\"},{\"of\":\"reprompt\"},{\"of\":\"turn\"}],\"checks\":["
		"{\"type\":\"sentiment\",\"status\":\"pass\",\"score\":1},{\"type\":\"llm-rubric\",\"metric\":\"delight\",\"status\":\"pass\",\"score\":0.95},"
		"{\"type\":\"transferred_to\",\"status\":\"fail\"}]},"
		"{\"verdict\":\"FAIL\",\"turns\":[{\"of\":\"turn\"}],\"checks\":[]},{\"verdict\":\"ERROR\",\"turns\":[{\"of\":\"turn\"}],\"checks\":[]}]");
	CW_JSON_SCOPED json_t *o = cw_pmf_metrics(r), *none = json_array();
	CW_JSON_SCOPED json_t *empty = cw_pmf_metrics(none);

	(void)state;
	assert_true(num(o, "completion") == 0.5);
	assert_true(num(o, "retry") == 0.25);
	assert_true(num(o, "engagement") == 1.5);
	assert_true(num(o, "satisfaction") == 1);
	assert_true(num(o, "escalation") == 0);
	assert_int_equal(cw_json_int(o, "delight_moments", -1), 1);
	assert_int_equal(cw_json_int(o, "n", -1), 2);
	assert_true(json_is_null(json_object_get(empty, "completion")));
	assert_true(json_is_null(json_object_get(empty, "retry")));
}

CW_TEST_MAIN(CW_TEST(nothing_measured_is_null), CW_TEST(abilities_are_means_of_their_checks),
	CW_TEST(slow_answers_get_advice), CW_TEST(product_fit_counts_calls_turns_and_checks))
