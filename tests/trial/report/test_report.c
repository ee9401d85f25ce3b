#include "testing.h"

#include <errno.h>
#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "trial/report/report.h"

static json_t *result(const char *test, const char *verdict, double response_ms)
{
	return json_pack(
		"{s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:s, s:s, s:f, s:f, s:[{s:s, s:s, s:s, s:s}], s:[{s:f}], s:{s:f}, s:s, s:s}",
		"key", test, "test", test, "file", "f.yaml", "slice", "language", "en-US", "voice", "modem", "channel",
		"clean", "repeat", 1, "verdict", verdict, "reason", "a < b & \"c\"\x01", "score", 0.5, "duration_ms",
		1500.0, "checks", "type", "contains", "status", "fail", "expected", "<x>", "got", "y|z", "turns",
		"response_ms", response_ms, "measures", "first_word_ms", 20.0, "folder", test, "rerun",
		"callwright test 'x'");
}

static json_t *results(size_t passes, size_t fails)
{
	json_t *list = json_array();

	for (size_t i = 0; i < passes + fails; i++)
		json_array_append_new(list, result("t", i < passes ? "PASS" : "FAIL", 100.0 * (double)(i + 1)));
	return list;
}

static struct cw_tally *tally(json_t *list, const struct cw_plan *plan)
{
	CW_SCOPED struct cw_results *r = NULL;
	struct cw_tally *t = NULL;

	assert_int_equal(cw_results_of(NULL, list, &r), 0);
	assert_int_equal(cw_tally_new(NULL, r, plan, NULL, &t), 0);
	return t;
}

/* A report over @list; all but the JSON hangs from @parent. */
static struct cw_report report(void *parent, json_t *list, const json_t *run)
{
	struct cw_results *r = NULL;
	struct cw_tally *t = NULL;

	assert_int_equal(cw_results_of(parent, list, &r), 0);
	assert_int_equal(cw_tally_new(parent, r, NULL, NULL, &t), 0);
	return (struct cw_report){.run = run, .results = r, .tally = t};
}

static struct cw_plan plan_with(
	struct cw_scenario *s, struct cw_scenario **list, double rate, double p95, double invalid)
{
	*s = (struct cw_scenario){.file = "f.yaml", .gates = {rate, p95, invalid}};
	*list = s;
	return (struct cw_plan){.scenarios = list, .n_scenarios = 1};
}

static void counts_and_percentiles_say_what_cannot_be_estimated(void **state)
{
	CW_JSON_SCOPED json_t *list = results(6, 4);
	CW_SCOPED struct cw_tally *t = tally(list, NULL);

	(void)state;
	assert_int_equal(t->n, 10);
	assert_int_equal(t->count[CW_VERDICT_PASS], 6);
	assert_int_equal(t->count[CW_VERDICT_FAIL], 4);
	assert_int_equal(t->flaky, 1);
	assert_true(t->response_ms.p50 == 550);
	assert_true(isnan(t->response_ms.p90) && isnan(t->response_ms.p99));
	assert_true(t->response_ms.max == 1000);
	assert_true(t->pass_lo > 0.3 && t->pass_hi < 0.85);
	assert_true(cw_tally_is_flaky(t, 0));
}

static void gates_pass_fail_or_stay_undecided(void **state)
{
	CW_JSON_SCOPED json_t *few = results(3, 0), *many = results(60, 0), *bad = results(10, 50);
	struct cw_scenario s, *list;
	struct cw_plan plan = plan_with(&s, &list, 0.85, 2500, 0.05);
	CW_SCOPED struct cw_tally *a = tally(few, &plan), *b = tally(many, &plan), *c = tally(bad, &plan);

	(void)state;
	assert_int_equal(a->n_gates, 3);
	assert_int_equal(a->gates[0].status, CW_GATE_UNDECIDED); /* three calls cannot show 85 % */
	assert_int_equal(a->gates[1].status, CW_GATE_UNDECIDED);
	assert_int_equal(a->gates[2].status, CW_GATE_PASS);
	assert_int_equal(b->gates[0].status, CW_GATE_PASS);
	assert_int_equal(b->gates[1].status, CW_GATE_FAIL); /* slowest 5 % above 2.5 s */
	assert_int_equal(c->gates[0].status, CW_GATE_FAIL);
	assert_int_equal(c->ungated_fails, 0); /* the gate speaks for them */
}

static void fails_without_a_gate_count(void **state)
{
	CW_JSON_SCOPED json_t *bad = results(1, 2);
	struct cw_scenario s, *list;
	struct cw_plan plan = plan_with(&s, &list, -1, -1, -1);
	CW_SCOPED struct cw_tally *t = tally(bad, &plan);

	(void)state;
	assert_int_equal(t->ungated_fails, 2);
	assert_int_equal(t->n_gates, 0);
}

static const char *path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), name);
	return path;
}

static void the_summary_has_the_common_shape(void **state)
{
	CW_JSON_SCOPED json_t *list = results(2, 1),
			      *run = json_pack("{s:s, s:{s:s}, s:i}", "created", "2026-03-02T09:00:00Z",
				      "configuration", "target", "agent:x", "concurrent", 2),
			      *j = NULL;
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_report r = report(parent, list, run);
	const char *path = path_of("summary.json");

	(void)state;
	assert_int_equal(cw_report_summary(path, &r, NULL), 0);
	assert_int_equal(cw_json_load(path, 1 << 20, &j, NULL), 0);
	assert_string_equal(cw_json_str(j, "timestamp", ""), "2026-03-02T09:00:00Z");

	const json_t *p = json_object_get(j, "performance"), *f = json_object_get(j, "functional");

	assert_true(json_is_null(json_object_get(p, "text_ttfb"))); /* not computed: null, never zero */
	assert_string_equal(cw_json_str(json_object_get(p, "audio_ttfb"), "unit", ""), "seconds");
	assert_true(fabs(cw_json_num(json_object_get(p, "audio_ttfb"), "mean", 0) - 0.2) < 1e-9);
	assert_true(json_is_null(json_object_get(json_object_get(p, "audio_ttfb"), "p95")));
	assert_int_equal(cw_json_int(p, "concurrent_users", 0), 2);
	assert_true(json_is_null(json_object_get(f, "overall_score"))); /* not the share of assertions */
	assert_true(fabs(cw_json_num(j, "assertions_held", 0) - 0.5) < 1e-9);
	assert_true(json_is_null(json_object_get(f, "reasoning")));
	assert_true(json_is_null(json_object_get(f, "memory_recall")));
	assert_true(strlen(cw_json_str(j, "recommendation", "")) > 0);
}

static void junit_is_well_formed(void **state)
{
	CW_JSON_SCOPED json_t *list = results(1, 2), *run = json_object();
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_report r = report(parent, list, run);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	XML_Parser x = XML_ParserCreate(NULL);
	const char *path = path_of("junit.xml");

	(void)state;
	assert_int_equal(cw_report_junit(path, &r, NULL), 0);
	assert_int_equal(cw_file_read(path, 1 << 20, &b, NULL), 0);
	if (!XML_Parse(x, b.p, (int)b.len, 1))
		fail_msg("%s in line %lu", XML_ErrorString(XML_GetErrorCode(x)), XML_GetCurrentLineNumber(x));
	XML_ParserFree(x);
	assert_non_null(strstr(b.p, "tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"0\""));
	assert_non_null(strstr(b.p, "a &lt; b &amp; &quot;c&quot;\xef\xbf\xbd"));
}

static void what_was_computed_stands_in_the_summary(void **state)
{
	CW_JSON_SCOPED json_t *list = results(1, 0);
	CW_JSON_SCOPED json_t *run = json_pack("{s:{s:f, s:f}, s:{s:f}, s:{s:f}, s:{s:i, s:i}}", "functional",
		"overall_score", 0.75, "overall_of", 0.35, "response_quality", "score", 0.5, "product_fit",
		"completion", 1.0, "tokens", "prompt", 10, "completion", 20);
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_report r = report(parent, list, run);
	CW_JSON_SCOPED json_t *j = cw_report_summary_json(&r);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	(void)state;
	assert_true(fabs(cw_json_num(json_object_get(j, "functional"), "overall_score", 0) - 0.75) < 1e-9);
	assert_true(fabs(cw_json_num(json_object_get(j, "response_quality"), "score", 0) - 0.5) < 1e-9);
	assert_true(fabs(cw_json_num(json_object_get(j, "product_fit"), "completion", 0) - 1) < 1e-9);
	cw_report_markdown_put(&b, &r, 65536);
	assert_non_null(strstr(b.p, "**Functional scores:** overall score 0.75; 35 %"));
	assert_non_null(strstr(b.p, "10 in, 20 out"));
}

static void calls_not_made_are_skipped(void **state)
{
	static const char *const keys[] = {"early", "t", "late"};
	CW_JSON_SCOPED json_t *list = results(1, 0), *run = json_object();
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_report r = report(parent, list, run);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	struct cw_test test = {.id = "t", .file = "f.yaml", .line = 3};
	struct cw_plan_item items[CW_COUNT(keys)];
	struct cw_plan plan = {.items = items, .n = CW_COUNT(keys)};
	const char *path = path_of("skipped.xml");

	(void)state;
	for (size_t i = 0; i < CW_COUNT(keys); i++)
		items[i] = (struct cw_plan_item){.test = &test,
			.target_name = "",
			.language = "en-US",
			.voice = "modem",
			.channel = "clean",
			.repeat = (unsigned)i + 1,
			.key = keys[i]};
	r.plan = &plan;
	assert_int_equal(cw_report_junit(path, &r, NULL), 0);
	assert_int_equal(cw_file_read(path, 1 << 20, &b, NULL), 0);
	assert_non_null(strstr(b.p, "tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"2\""));

	const char *before = strstr(b.p, "#1\""),
		   *made = strstr(b.p, "name=\"t [en-US modem clean] #1\" time=\"1.500\""),
		   *after = strstr(b.p, "#3\"");

	assert_true(before && made && after && before < made && made < after);
	assert_null(strstr(b.p, "#2\"")); /* that one was called */
}

static json_t *heard(const char *test, const char *voice, double errors, double words)
{
	json_t *r = result(test, "PASS", 100);

	json_object_set_new(json_object_get(r, "slice"), "voice", json_string(voice));
	json_object_set_new(r, "wer", json_pack("{s:{s:f, s:f}}", "agent_ear", "errors", errors, "words", words));
	return r;
}

static void word_errors_are_pooled_by_voice(void **state)
{
	CW_JSON_SCOPED json_t *list = json_array();
	char name[16];

	(void)state;
	json_array_append_new(list, heard("a", "x", 1, 1)); /* a short call does not weigh as much as a long one */
	json_array_append_new(list, heard("a", "x", 0, 99));
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		json_array_append_new(list, heard(name, "y", i % 2, 10));
	}

	CW_SCOPED struct cw_tally *t = tally(list, NULL);

	assert_int_equal(t->n_ears, 2);
	assert_true(fabs(t->ears[0].wer.value - 0.01) < 1e-9);
	assert_false(t->ears[0].by_test);
	assert_true(fabs(t->ears[1].wer.value - 0.05) < 1e-9);
	assert_true(t->ears[1].by_test && t->ears[1].wer.known);
	assert_true(t->ears[1].wer.lo > 0.01 && t->ears[1].wer.lo < 0.05 && t->ears[1].wer.hi > 0.05 &&
		    t->ears[1].wer.hi < 0.09);
}

static void other_reports_are_written(void **state)
{
	CW_JSON_SCOPED json_t *list = results(1, 1), *run = json_object();
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_report r = report(parent, list, run);
	static const char *const names[] = {"a.jsonl", "a.json", "a.csv", "a.xml", "a.md", "a.html"};
	cw_report_fn *fn;
	struct cw_why why = {0};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
		const char *path = path_of(names[i]);

		assert_int_equal(cw_report_of(path, &fn, NULL), 0);
		assert_int_equal(fn(path, &r, NULL), 0);
		assert_int_equal(cw_file_read(path, 1 << 20, &b, NULL), 0);
		assert_true(b.len > 40);
	}
	assert_int_equal(cw_report_of("x.doc", &fn, &why), EINVAL);
	assert_non_null(strstr(why.text, ".jsonl"));
	assert_int_not_equal(cw_report_csv("/nowhere/x.csv", &r, NULL), 0);
}

static void a_comment_fits_and_begins_with_what_matters(void **state)
{
	CW_JSON_SCOPED json_t *list = json_array(), *run = json_object();
	CW_SCOPED void *parent = talloc_new(NULL);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	char name[32];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "test-%d", i);
		json_array_append_new(list, result(name, i % 3 ? "FAIL" : "PASS", 500));
	}

	struct cw_report r = report(parent, list, run);

	cw_report_markdown_put(&b, &r, 65536);
	assert_int_equal(cw_buf_err(&b), 0);
	assert_true(b.len <= 65536 && b.len > 60000);
	assert_true(strstr(b.p, "1000 passed, 2000 failed") < strstr(b.p, "### Not passed"));
	assert_non_null(strstr(b.p, "more rows did not fit"));
	assert_non_null(strstr(b.p, "y\\|z") ? b.p : strstr(b.p, "a &lt; b"));
}

CW_TEST_MAIN(CW_TEST(a_comment_fits_and_begins_with_what_matters),
	CW_TEST(counts_and_percentiles_say_what_cannot_be_estimated), CW_TEST(gates_pass_fail_or_stay_undecided),
	CW_TEST(fails_without_a_gate_count), CW_TEST(the_summary_has_the_common_shape), CW_TEST(junit_is_well_formed),
	CW_TEST(what_was_computed_stands_in_the_summary), CW_TEST(calls_not_made_are_skipped),
	CW_TEST(word_errors_are_pooled_by_voice), CW_TEST(other_reports_are_written))
