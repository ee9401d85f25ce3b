#include "trial/perf/arrivals.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/stat.h"
#include "testing.h"

static const struct cw_stage steady[] = {{100, 100, 50000000}};

static void stages_are_read(void **state)
{
	struct cw_stage *s = NULL;
	size_t n = 0;

	if (cw_test_oom(cw_stages_parse(NULL, "10/s:30s,0-50/s:2m,90/m:500ms", &s, &n, NULL)))
		return;
	assert_int_equal(n, 3);
	assert_true(s[0].from_per_s == 10 && s[0].to_per_s == 10 && s[0].duration_us == 30000000);
	assert_true(s[1].from_per_s == 0 && s[1].to_per_s == 50 && s[1].duration_us == 120000000);
	assert_true(s[2].from_per_s == 1.5 && s[2].duration_us == 500000);
	talloc_free(s);
}
CW_OOM_BODY(stages_are_read)

static void mistakes_are_named(void **state)
{
	static const char *const wrong[] = {"", "10/s", "10/s:", ":30s", "x/s:1s", "10/x:1s", "10/s:0s", "-5/s:1s",
		"1e3/s:1s", "10/s:1s:2s", "99999/s:1s", "10/s:9999999h", "nan/s:1s"};
	struct cw_stage *s = NULL;
	size_t n;
	double rate = -1;

	for (size_t i = 0; i < CW_COUNT(wrong); i++) {
		struct cw_why why = {0};

		if (cw_stages_parse(NULL, wrong[i], &s, &n, &why) != EINVAL)
			fail_msg("'%s' was taken", wrong[i]);
		assert_non_null(strstr(why.text, "stage"));
	}
	assert_int_equal(cw_rate_parse("0/s", &rate, NULL), EINVAL);
	assert_int_equal(cw_rate_parse("1-5/s", &rate, NULL), EINVAL);
	assert_true(rate < 0);
	assert_int_equal(cw_rate_parse("90/m", &rate, NULL), 0);
	assert_true(rate == 1.5);
	assert_int_equal(cw_rate_parse("7", &rate, NULL), 0);
	assert_true(rate == 7);
}

static size_t gaps(struct cw_arrivals *a, double *gap, size_t room)
{
	uint64_t at, before = 0;
	size_t n = 0;

	while (cw_arrivals_peek(a, &at)) {
		if (n < room)
			gap[n] = (double)(at - before);
		n++;
		before = at;
		cw_arrivals_take(a);
	}
	return n;
}

/* Poisson: as many as the rate says within three deviations, and gaps whose deviation equals their mean. */
static void callers_come_at_random(void **state)
{
	static double gap[6000];
	struct cw_arrivals *a, *again;
	uint64_t x, y;
	size_t n;

	assert_int_equal(cw_arrivals_new(NULL, steady, 1, false, 7, &a), 0);
	assert_int_equal(cw_arrivals_new(NULL, steady, 1, false, 7, &again), 0);
	assert_true(cw_arrivals_peek(a, &x) && cw_arrivals_peek(again, &y) && x == y);
	n = gaps(a, gap, CW_COUNT(gap));
	assert_in_range(n, 5000 - 213, 5000 + 213);
	assert_true(fabs(cw_stat_mean(gap, n) - 10000) < 450);
	assert_true(fabs(cw_stat_stddev(gap, n) / cw_stat_mean(gap, n) - 1) < 0.05);
	talloc_free(a);
	talloc_free(again);
}

static void or_evenly(void **state)
{
	static double gap[6000];
	struct cw_arrivals *a;

	assert_int_equal(cw_arrivals_new(NULL, steady, 1, true, 7, &a), 0);
	assert_int_equal(gaps(a, gap, CW_COUNT(gap)), 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_true(fabs(gap[i] - 10000) <= 1);
	talloc_free(a);
}

/* 0 to 10/s in 10 s are 50 callers; the k-th comes when t^2 / 2 = k. */
static void a_ramp_is_followed(void **state)
{
	static const struct cw_stage ramp[] = {{0, 10, 10000000}, {10, 0, 10000000}};
	struct cw_arrivals *a;
	uint64_t at;

	assert_int_equal(cw_arrivals_new(NULL, ramp, 2, true, 1, &a), 0);
	for (int k = 1; k <= 50; k++) {
		assert_true(cw_arrivals_peek(a, &at));
		assert_true(fabs((double)at / 1e6 - sqrt(2 * k)) < 1e-5);
		cw_arrivals_take(a);
	}
	assert_true(cw_arrivals_rate(a, 5000000) == 5 && cw_arrivals_rate(a, 15000000) == 5);
	assert_true(cw_arrivals_rate(a, 25000000) == 0);
	for (int k = 0; k < 49; k++)
		cw_arrivals_take(a);
	assert_true(cw_arrivals_peek(a, &at) || at > 19000000);
	talloc_free(a);
}

/* What was waited for already is not waited for again. */
static void the_rate_can_be_changed(void **state)
{
	static const struct cw_stage slow[] = {{1, 1, 100000000}};
	struct cw_arrivals *a;
	uint64_t at;

	assert_int_equal(cw_arrivals_new(NULL, slow, 1, true, 1, &a), 0);
	assert_true(cw_arrivals_peek(a, &at) && at == 1000000);
	cw_arrivals_scale(a, 5, 500000); /* half of the waiting is over; the rest goes five times as fast */
	assert_true(cw_arrivals_peek(a, &at));
	assert_true(fabs((double)at - 600000) < 2);
	cw_arrivals_take(a);
	assert_true(cw_arrivals_peek(a, &at) && fabs((double)at - 800000) < 2);
	cw_arrivals_scale(a, 0, 700000);
	assert_false(cw_arrivals_peek(a, &at));
	cw_arrivals_scale(a, 1, 5700000);
	assert_true(cw_arrivals_peek(a, &at) && fabs((double)at - 6200000) < 2);
	talloc_free(a);
}

CW_TEST_MAIN(CW_TEST(stages_are_read), CW_TEST_OOM(stages_are_read), CW_TEST(mistakes_are_named),
	CW_TEST(callers_come_at_random), CW_TEST(or_evenly), CW_TEST(a_ramp_is_followed),
	CW_TEST(the_rate_can_be_changed))
