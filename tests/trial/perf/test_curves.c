/* The knee curve, trends, and series: pure functions of what was measured. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "testing.h"
#include "trial/perf/knee.h"
#include "trial/perf/series.h"
#include "trial/perf/soak.h"

static void near(double got, double want, double by)
{
	if (!(fabs(got - want) <= by))
		fail_msg("%.9g is not %.9g", got, want);
}

/* A target that drops every second call above 60 at once. */
static void the_knee_is_found(void **state)
{
	struct cw_load_sample s[1000];
	struct cw_knee k;

	for (size_t i = 0; i < CW_COUNT(s); i++) {
		double at_once = (double)(i % 100) + 1;

		s[i] = (struct cw_load_sample){.concurrency = at_once,
			.worst_ms = at_once * 10,
			.end_s = (double)i,
			.decided = true,
			.passed = at_once <= 60 || i / 100 % 2};
	}
	if (cw_test_oom(cw_knee_find(s, CW_COUNT(s), 0.95, &k)))
		return;
	assert_int_equal(k.n, 10);
	assert_true(k.reached);
	near(k.knee, 60, 0);
	near(k.bands[5].rate.value, 1, 0);
	near(k.bands[6].rate.value, 0.5, 0);
	near(k.bands[6].rate.lo, 0.40383, 1e-5); /* Wilson, 50 of 100 */
	near(k.bands[0].p50_ms, 55, 1e-9);
	assert_false(isnan(k.bands[0].p95_ms)); /* 100 values are enough */

	CW_BUF_SCOPED struct cw_buf csv = CW_BUF(10000);

	cw_knee_csv(&csv, &k);
	if (cw_test_oom(cw_buf_err(&csv)))
		return;
	assert_non_null(strstr(csv.p, "\n60,70,100,100,50,0.5000,0.4038,0.5962,655.0000,"));
}
CW_OOM_BODY(the_knee_is_found)

static void no_knee_where_all_is_well(void **state)
{
	struct cw_load_sample s[20];
	struct cw_knee k;

	for (size_t i = 0; i < CW_COUNT(s); i++)
		s[i] = (struct cw_load_sample){.concurrency = 5, .worst_ms = NAN, .decided = true, .passed = true};
	s[19].decided = false; /* an invalid call says nothing about the target */
	s[19].passed = false;
	assert_int_equal(cw_knee_find(s, CW_COUNT(s), 1, &k), 0);
	assert_false(k.reached);
	near(k.knee, 5, 0);
	assert_int_equal(k.bands[0].calls, 20);
	assert_int_equal(k.bands[0].decided, 19);
	assert_true(isnan(k.bands[0].p50_ms));
	assert_int_equal(cw_knee_find(s, 0, 1, &k), 0);
	assert_int_equal(k.n, 0);
	assert_true(isnan(k.knee));
}

/* 20 samples are a block each; R 4.2.2: confint(lm(v ~ t)) with t = i + 0.5, v = 100 + 2 i + 3 sin(i). */
static void slopes_have_intervals(void **state)
{
	double at[20], v[20];
	struct cw_trend t;

	for (int i = 0; i < 20; i++) {
		at[i] = i + 0.5;
		v[i] = 100 + 2 * i + 3 * sin(i);
	}
	if (cw_test_oom(cw_trend_fit(at, v, 20, 0, 20, &t)))
		return;
	assert_true(t.known);
	near(t.per_h / 3600, 1.92594065477, 1e-6);
	near(t.lo / 3600, 1.75255986603, 1e-6);
	near(t.hi / 3600, 2.0993214435, 1e-6);
	near(t.first, 100, 1e-9);
	if (cw_test_oom(cw_trend_fit(at, v, 4, 0, 20, &t)))
		return;
	assert_false(t.known);
	if (cw_test_oom(cw_trend_fit(at, v, 0, 0, 0, &t)))
		return;
	assert_false(t.known);
}
CW_OOM_BODY(slopes_have_intervals)

/* Memory that only wanders has an interval around zero; memory that leaks does not. */
static void leaks_are_told_from_wandering(void **state)
{
	double at[600], flat[600], leak[600];
	struct cw_trend t;
	struct cw_rng rng;

	cw_rng_init(&rng, 3);
	for (int i = 0; i < 600; i++) {
		at[i] = i;
		flat[i] = 5e7 + 2e5 * cw_rng_normal(&rng);
		leak[i] = flat[i] + 2e4 * i;
	}
	assert_int_equal(cw_trend_fit(at, flat, 600, 60, 600, &t), 0);
	assert_true(t.lo < 0 && t.hi > 0);
	assert_int_equal(cw_trend_fit(at, leak, 600, 60, 600, &t), 0);
	assert_true(t.lo > 0);
	near(t.per_h, 2e4 * 3600, 5e6);
}

static void memory_of_a_process_is_seen(void **state)
{
	uint64_t bytes = 0;

	assert_int_equal(cw_resident_bytes(0, &bytes), 0);
	assert_true(bytes > 100000);
	assert_int_equal(cw_resident_bytes(4194305, &bytes), ENOENT); /* above the kernel's highest */
}

static void series_say_what_they_cannot(void **state)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_series s = {.name = "x", .unit = "s"};
	CW_JSON_SCOPED json_t *j = NULL;

	if (!scope)
		return;
	for (int i = 1; i <= 59; i++)
		if (cw_test_oom(cw_series_add(scope, &s, i)))
			return;
	cw_series_miss(&s, "nobody spoke");
	j = cw_series_json(&s);
	assert_non_null(j);
	assert_int_equal(cw_json_int(j, "n", 0), 59);
	near(cw_json_num(j, "mean", 0), 30, 1e-12);
	near(cw_json_num(j, "p95", 0), 56.1, 1e-9);
	assert_true(json_is_null(json_object_get(j, "p99")));
	near(cw_json_num(j, "max", 0), 59, 0);
	assert_string_equal(cw_json_str(json_object_get(j, "missing"), "reason", ""), "nobody spoke");
}
CW_OOM_BODY(series_say_what_they_cannot)

CW_TEST_MAIN(CW_TEST(the_knee_is_found), CW_TEST_OOM(the_knee_is_found), CW_TEST(no_knee_where_all_is_well),
	CW_TEST(slopes_have_intervals), CW_TEST_OOM(slopes_have_intervals), CW_TEST(leaks_are_told_from_wandering),
	CW_TEST(memory_of_a_process_is_seen), CW_TEST(series_say_what_they_cannot),
	CW_TEST_OOM(series_say_what_they_cannot))
