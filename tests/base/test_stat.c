#include "base/stat.h"

#include <math.h>

#include "base/hist.h"
#include "base/rng.h"
#include "testing.h"

static void assert_near(double a, double b, double by)
{
	if (!(fabs(a - b) <= by))
		fail_msg("%.9f is not %.9f", a, b);
}

static void percentiles_need_enough_values(void **state)
{
	double v[400], q = 77;

	assert_int_equal(cw_stat_quantile_min_n(0.5), 1);
	assert_int_equal(cw_stat_quantile_min_n(0.9), 29);
	assert_int_equal(cw_stat_quantile_min_n(0.95), 59);
	assert_int_equal(cw_stat_quantile_min_n(0.99), 299);
	assert_int_equal(cw_stat_quantile_min_n(0.1), 29);
	for (size_t i = 0; i < CW_COUNT(v); i++)
		v[i] = (double)i;
	assert_false(cw_stat_quantile(v, 28, 0.9, &q));
	assert_true(q == 77);
	assert_true(cw_stat_quantile(v, 29, 0.9, &q));
	assert_false(cw_stat_quantile(v, 298, 0.99, &q));
	assert_true(cw_stat_quantile(v, 299, 0.99, &q));
	assert_false(cw_stat_quantile(v, 0, 0.5, &q));
	assert_false(cw_stat_quantile(v, 10, NAN, &q));
	assert_false(cw_stat_quantile(v, 10, 1.5, &q));
}

/* Type 7 by hand: h = (n - 1) q, between the neighbours in proportion (what R's quantile() and NumPy's percentile() give). */
static void quantiles_are_type_seven(void **state)
{
	double four[] = {4, 1, 3, 2}, tens[] = {50, 20, 40, 35, 15}, many[101], q;

	assert_true(cw_stat_quantile(four, 4, 0.5, &q));
	assert_near(q, 2.5, 1e-12);
	assert_true(cw_stat_quantile(four, 4, 0, &q));
	assert_near(q, 1, 0);
	assert_true(cw_stat_quantile(four, 4, 1, &q));
	assert_near(q, 4, 0);
	assert_true(cw_stat_quantile(tens, 5, 0.5, &q));
	assert_near(q, 35, 0);
	for (int i = 0; i <= 100; i++)
		many[i] = 100 - i;
	assert_true(cw_stat_quantile(many, 101, 0.95, &q));
	assert_near(q, 95, 1e-9);
	assert_true(cw_stat_quantile(many, 60, 0.9, &q)); /* 0 … 59 now: h = 53.1 */
	assert_near(q, 53.1, 1e-9);
}

static void moments(void **state)
{
	static const double v[] = {2, 4, 4, 4, 5, 5, 7, 9};
	double big[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};

	assert_near(cw_stat_mean(v, 8), 5, 1e-12);
	assert_near(cw_stat_stddev(v, 8), 2.138089935, 1e-9);
	assert_near(cw_stat_stddev(big, 4), sqrt(30), 1e-6);
	assert_near(cw_stat_stddev(v, 1), 0, 0);
	assert_near(cw_stat_mean(v, 0), 0, 0);
}

/* Reference values by the closed formula (Wilson 1927); 10 of 10 and 5 of 10 are in many textbooks' tables. */
static void wilson_intervals(void **state)
{
	static const struct {
		size_t k, n;
		double lo, hi;
	} cases[] = {{5, 10, 0.236593, 0.763407}, {10, 10, 0.722467, 1}, {0, 10, 0, 0.277533},
		{81, 263, 0.255256, 0.366187}, {1, 29, 0.006113, 0.171755}};
	double lo, hi;

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		cw_stat_wilson(cases[i].k, cases[i].n, 1.959964, &lo, &hi);
		assert_near(lo, cases[i].lo, 1e-4);
		assert_near(hi, cases[i].hi, 1e-4);
	}
	cw_stat_wilson(0, 0, 1.96, &lo, &hi);
	assert_true(lo == 0 && hi == 1);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void histogram_keeps_three_digits(void **state)
{
	enum { N = 20000 };
	static uint64_t values[N];
	static const double quantiles[] = {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
	struct cw_hist *h = NULL;
	struct cw_rng r;

	if (cw_test_oom(cw_hist_new(NULL, &h)))
		return;
	assert_int_equal(cw_hist_quantile(h, 0.5), 0);
	cw_rng_init(&r, 5);
	for (int i = 0; i < N; i++) {
		values[i] = (uint64_t)exp(cw_rng_unit(&r) * log(3.6e9));
		cw_hist_add(h, values[i]);
	}
	qsort(values, N, sizeof(values[0]), by_value);
	for (size_t i = 0; i < CW_COUNT(quantiles); i++) {
		size_t rank = (size_t)ceil(quantiles[i] * N);
		double exact = (double)values[rank ? rank - 1 : 0], got = (double)cw_hist_quantile(h, quantiles[i]);

		if (got < exact || got > exact * 1.001 + 0.5)
			fail_msg("q %.3f: %.0f for %.0f", quantiles[i], got, exact);
	}
	assert_int_equal(cw_hist_min(h), values[0]);
	assert_int_equal(cw_hist_max(h), values[N - 1]);
	assert_int_equal(cw_hist_count(h), N);
	talloc_free(h);
}
CW_OOM_BODY(histogram_keeps_three_digits)

/* Every value up to 1 h on a fine grid: the bucket's top is never below it and at most 0.1 % above. */
static void histogram_error_is_bounded(void **state)
{
	for (uint64_t v = 0; v <= UINT64_C(3600000000); v += v < 5000 ? 1 : v / 701) {
		struct cw_hist *h;

		assert_int_equal(cw_hist_new(NULL, &h), 0);
		cw_hist_add(h, v);
		cw_hist_add(h, UINT64_C(3600000000));

		uint64_t got = cw_hist_quantile(h, 0.5);

		if (got < v || (double)got > (double)v * 1.001)
			fail_msg("%llu gave %llu", (unsigned long long)v, (unsigned long long)got);
		talloc_free(h);
		if (v > 100000)
			v += v / 50;
	}
}

static void histogram_merges_exactly(void **state)
{
	struct cw_hist *a, *b, *both;
	struct cw_rng r;

	assert_int_equal(cw_hist_new(NULL, &a), 0);
	assert_int_equal(cw_hist_new(NULL, &b), 0);
	assert_int_equal(cw_hist_new(NULL, &both), 0);
	cw_hist_merge(a, b);
	assert_int_equal(cw_hist_count(a), 0);
	cw_rng_init(&r, 6);
	for (int i = 0; i < 5000; i++) {
		uint64_t v = cw_rng_u64(&r) >> (cw_rng_below(&r, 40) + 24);

		cw_hist_add(i % 3 ? a : b, v);
		cw_hist_add(both, v);
	}
	cw_hist_merge(a, b);
	assert_int_equal(cw_hist_count(a), cw_hist_count(both));
	assert_int_equal(cw_hist_clipped(a), cw_hist_clipped(both));
	assert_int_equal(cw_hist_min(a), cw_hist_min(both));
	assert_int_equal(cw_hist_max(a), cw_hist_max(both));
	assert_true(cw_hist_mean(a) == cw_hist_mean(both));
	for (double q = 0; q <= 1; q += 0.01)
		assert_int_equal(cw_hist_quantile(a, q), cw_hist_quantile(both, q));
	talloc_free(a);
	talloc_free(b);
	talloc_free(both);
}

static void values_above_the_range_are_counted(void **state)
{
	struct cw_hist *h;

	assert_int_equal(cw_hist_new(NULL, &h), 0);
	cw_hist_add(h, 10);
	cw_hist_add(h, UINT64_C(9000000000));
	assert_int_equal(cw_hist_clipped(h), 1);
	assert_true(cw_hist_max(h) == UINT64_C(9000000000));
	assert_true(cw_hist_quantile(h, 1) == UINT64_C(9000000000));
	assert_int_equal(cw_hist_quantile(h, 0.5), 10);
	assert_true(cw_hist_mean(h) == 4500000005.0);
	talloc_free(h);
}

CW_TEST_MAIN(CW_TEST(percentiles_need_enough_values), CW_TEST(quantiles_are_type_seven), CW_TEST(moments),
	CW_TEST(wilson_intervals), CW_TEST(histogram_keeps_three_digits), CW_TEST_OOM(histogram_keeps_three_digits),
	CW_TEST(histogram_error_is_bounded), CW_TEST(histogram_merges_exactly),
	CW_TEST(values_above_the_range_are_counted))
