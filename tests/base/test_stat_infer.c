/*
 * Tests, intervals and planning against figures of independent tools: tests/base/stat_reference.py (SciPy 1.10.1, statsmodels 0.13.5) and R 4.2.2
 * (binom.test, prop.test, wilcox.test, p.adjust, power.prop.test); where both were asked they agree. Each figure to 6 significant digits or better.
 */
#include <math.h>

#include "base/stat.h"
#include "base/stat_boot.h"
#include "base/stat_dist.h"
#include "base/stat_effect.h"
#include "base/stat_rate.h"
#include "base/stat_test.h"
#include "testing.h"

#define LEVEL 0.95

static const double diff[] = {1.2, -0.4, 2.5, 0.7, -1.1, 3.0, 0.2, 1.9, -0.3, 0.8};
static const double x[] = {12.1, 15.3, 9.8, 20.4, 17.7, 11.2, 14.9}, y[] = {10.5, 9.1, 13.3, 8.7, 12.8, 7.9};
static const double xt[] = {1, 2, 2, 3, 5, 5, 8, 9}, yt[] = {2, 3, 3, 3, 4, 7};
static const double times[] = {812, 640, 1230, 905, 777, 2110, 690, 884, 1015, 731, 968, 845};
static const double errors[] = {3, 0, 5, 1, 2, 8, 0, 1, 4, 2}, words[] = {20, 15, 31, 12, 18, 40, 9, 22, 25, 30};
static const size_t clusters[] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4};

static void near(const char *what, double got, double want)
{
	if (!(fabs(got - want) <= 5e-7 * fmax(fabs(want), 1e-3)))
		fail_msg("%s: %.10g is not %.10g", what, got, want);
}

static void distributions(void **state)
{
	near("cdf", cw_stat_normal_cdf(-3.2), 0.0006871379379);
	near("cdf", cw_stat_normal_cdf(-0.5), 0.3085375387);
	near("quantile", cw_stat_normal_quantile(1e-9), -5.997807015);
	near("quantile", cw_stat_normal_quantile(0.001), -3.090232306);
	near("quantile", cw_stat_normal_quantile(0.3), -0.5244005127);
	near("quantile", cw_stat_normal_quantile(0.975), 1.959963985);
	near("quantile", cw_stat_normal_quantile(0.999999), 4.753424309);
	near("beta", cw_stat_beta_cdf(0.3, 2, 5), 0.579825);
	near("beta", cw_stat_beta_cdf(0.9, 0.5, 0.5), 0.7951672353);
	near("beta", cw_stat_beta_cdf(0.5, 200, 180), 0.1521295494);
	near("beta", cw_stat_beta_cdf(0.01, 1, 300), 0.9509591059);
	near("beta quantile", cw_stat_beta_quantile(0.025, 3, 8), 0.06673951118);
	near("beta quantile", cw_stat_beta_quantile(0.975, 90, 11), 0.9437929797);
	near("beta quantile", cw_stat_beta_quantile(0.5, 0.5, 4), 0.05871080134);
	near("t", cw_stat_t_quantile(0.975, 4), 2.776445105);
	near("t", cw_stat_t_quantile(0.95, 30), 1.697260894);
	near("t", cw_stat_t_quantile(0.001, 2), -22.32712477);
	near("t", cw_stat_t_quantile(0.9, 1), 3.077683537);
	near("binomial", cw_stat_binom_cdf(3, 10, 0.5), 0.171875);
	near("binomial", cw_stat_binom_cdf(0, 5, 0.2), 0.32768);
	near("binomial", cw_stat_binom_cdf(450, 900, 0.52), 0.12150846);
	assert_true(cw_stat_normal_quantile(0) < -1e300 && cw_stat_normal_quantile(1) > 1e300);
	assert_true(isnan(cw_stat_normal_quantile(-0.1)));
}

static void rates(void **state)
{
	static const struct {
		size_t k, n;
		double wilson_lo, wilson_hi, exact_lo, exact_hi;
	} cases[] = {{5, 10, 0.2365930905, 0.7634069095, 0.1870860284, 0.8129139716},
		{10, 10, 0.7224672001, 1, 0.6915028922, 1}, {0, 10, 0, 0.2775327999, 0, 0.3084971078},
		{81, 263, 0.2552885199, 0.366209577, 0.2527367456, 0.3676219226},
		{1, 29, 0.006113214293, 0.1717552188, 0.0008726468836, 0.1776442955},
		{997, 1000, 0.9912169859, 0.9989792161, 0.9912579768, 0.9993809001}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_interval w = cw_stat_rate_wilson(cases[i].k, cases[i].n, LEVEL);
		struct cw_interval e = cw_stat_rate_exact(cases[i].k, cases[i].n, LEVEL);

		near("wilson", w.lo, cases[i].wilson_lo);
		near("wilson", w.hi, cases[i].wilson_hi);
		near("exact", e.lo, cases[i].exact_lo);
		near("exact", e.hi, cases[i].exact_hi);
	}
	assert_false(cw_stat_rate_wilson(0, 0, LEVEL).known);
	assert_true(isnan(cw_stat_rate_exact(0, 0, LEVEL).value));
}

static void mcnemar(void **state)
{
	static const struct {
		size_t b, c;
		double p, mid;
	} cases[] = {{0, 6, 0.03125, 0.015625}, {1, 9, 0.021484375, 0.01171875}, {5, 5, 1, 0.75390625},
		{12, 30, 0.007915897335, 0.005401572655}, {0, 0, 1, 1}, {200, 251, 0.01845340525, 0.01635257627}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		near("p", cw_stat_mcnemar(cases[i].b, cases[i].c), cases[i].p);
		near("swapped", cw_stat_mcnemar(cases[i].c, cases[i].b), cases[i].p);
		near("mid-p", cw_stat_mcnemar_midp(cases[i].b, cases[i].c), cases[i].mid);
	}
	near("least", cw_stat_mcnemar_min_p(5), 0.0625);
	assert_int_equal(cw_stat_min_pairs(0.05), 6);
	assert_int_equal(cw_stat_min_pairs(0.01), 8);
}

static void sign_flips(void **state)
{
	static const double ties[] = {5, 5, 5, -5, 5, 5, 5, 5};
	double twenty[20], many[60];
	struct cw_sign_flip r = cw_stat_sign_flip(diff, CW_COUNT(diff), 1000, 1);

	near("p", r.p, 0.080078125);
	near("mean", r.mean, 0.85);
	assert_true(r.exact && r.flips == 1024);
	near("ties", cw_stat_sign_flip(ties, CW_COUNT(ties), 0, 1).p, 0.0703125);
	for (int i = 0; i < 20; i++)
		twenty[i] = (double)((i * 37) % 41 - 14) * 0.25;
	near("twenty", cw_stat_sign_flip(twenty, 20, 0, 1).p, 0.06121444702);
	near("least", cw_stat_sign_flip_min_p(6, 0), 0.03125);
	near("least", cw_stat_sign_flip_min_p(100, 9999), 1e-4);
	assert_true(cw_stat_sign_flip(NULL, 0, 10, 1).p >= 1);

	/* drawn: the same seed gives the same p, and it is near the normal tail */
	for (int i = 0; i < 60; i++)
		many[i] = (double)((i * 29) % 61 - 24);
	r = cw_stat_sign_flip(many, 60, 20000, 3);
	assert_false(r.exact);
	assert_true(r.p == cw_stat_sign_flip(many, 60, 20000, 3).p);

	double square = 0, sum = 0;

	for (int i = 0; i < 60; i++) {
		square += many[i] * many[i];
		sum += many[i];
	}
	assert_true(fabs(r.p - 2 * cw_stat_normal_cdf(-fabs(sum) / sqrt(square))) < 0.01);
}

static void mann_whitney(void **state)
{
	double u, p, xl[30], yl[25];

	if (cw_test_oom(cw_stat_mann_whitney(x, CW_COUNT(x), y, CW_COUNT(y), &u, &p)))
		return;
	near("U", u, 35);
	near("exact", p, 0.05128205128);
	if (cw_test_oom(cw_stat_mann_whitney(xt, CW_COUNT(xt), yt, CW_COUNT(yt), &u, &p)))
		return;
	near("U", u, 25.5);
	near("ties", p, 0.895552577);
	for (int i = 0; i < 30; i++)
		xl[i] = i * 1.7;
	for (int i = 0; i < 25; i++)
		yl[i] = i * 1.3 + 0.05;
	if (cw_test_oom(cw_stat_mann_whitney(xl, 30, yl, 25, &u, &p)))
		return;
	near("U", u, 507);
	near("normal", p, 0.02623227843);
}
CW_OOM_BODY(mann_whitney)

static void holm(void **state)
{
	static const double want[] = {0.04, 0.09, 0.09, 0.025, 0.5};
	double p[] = {0.01, 0.04, 0.03, 0.005, 0.5}, some[] = {0.01, NAN, 0.03};

	if (cw_test_oom(cw_stat_holm(p, CW_COUNT(p))) || cw_test_oom(cw_stat_holm(some, CW_COUNT(some))))
		return;
	for (size_t i = 0; i < CW_COUNT(p); i++)
		near("holm", p[i], want[i]);
	near("holm", some[0], 0.02);
	assert_true(isnan(some[1]));
	near("holm", some[2], 0.03);
}
CW_OOM_BODY(holm)

static void kappas(void **state)
{
	static const size_t two[] = {20, 5, 10, 15}, three[] = {45, 3, 2, 4, 30, 6, 1, 5, 24}, high[] = {88, 7, 2, 53};
	static const size_t constant[] = {30, 0, 0, 0};
	double se;
	struct cw_interval k = cw_stat_kappa(two, 2, LEVEL, &se);

	near("kappa", k.value, 0.4);
	near("se", se, 0.1269960629);
	near("lo", k.lo, 0.1510922905);
	near("hi", k.hi, 0.6489077095);
	k = cw_stat_kappa(three, 3, LEVEL, &se);
	near("kappa", k.value, 0.7324840764);
	near("se", se, 0.0524650463);
	k = cw_stat_kappa(high, 2, LEVEL, &se);
	near("kappa", k.value, 0.8732394366);
	near("lo", k.lo, 0.793171664);
	assert_false(cw_stat_kappa(constant, 2, LEVEL, &se).known);
	assert_true(isnan(se));
}

static void judges(void **state)
{
	const struct cw_confusion c = {.tp = 90, .fn = 10, .tn = 95, .fp = 5},
				  blind = {.tp = 5, .fn = 5, .tn = 5, .fp = 5};
	struct cw_judge_quality q = cw_stat_judge(&c, LEVEL);
	struct cw_interval r = cw_stat_rogan_gladen(30, 100, &c, LEVEL);

	near("sensitivity", q.sensitivity.value, 0.9);
	near("specificity", q.specificity.value, 0.95);
	near("accuracy", q.accuracy.value, 0.925);
	near("kappa", q.kappa.value, 0.85);
	near("true rate", r.value, 0.2941176471);
	near("lo", r.lo, 0.1808135207);
	near("hi", r.hi, 0.4074217734);
	assert_false(cw_stat_rogan_gladen(30, 100, &blind, LEVEL).known);
	assert_false(cw_stat_rogan_gladen(0, 0, &c, LEVEL).known);
}

static void check_boot(const char *what, const struct cw_interval *r, double value, double lo, double hi)
{
	assert_true(r->known);
	near(what, r->value, value);
	near(what, r->lo, lo);
	near(what, r->hi, hi);
}

/* The reference redraws our resamples with its own xoshiro256**: seed 7, 2000 rounds. */
static void bootstraps(void **state)
{
	const struct cw_boot_conf plain = {.seed = 7}, bca = {.kind = CW_BOOT_BCA, .seed = 7};
	struct cw_interval r;

	if (cw_test_oom(cw_stat_boot_mean(times, CW_COUNT(times), &plain, &r)))
		return;
	check_boot("percentile", &r, 967.25, 798.9666667, 1202.7);
	if (cw_test_oom(cw_stat_boot_mean(times, CW_COUNT(times), &bca, &r)))
		return;
	check_boot("BCa", &r, 967.25, 833.8690497, 1384.576304);
	if (cw_test_oom(cw_stat_boot_ratio(errors, words, CW_COUNT(words), &bca, &r)))
		return;
	check_boot("ratio", &r, 0.1171171171, 0.07640380061, 0.1587301587);
	if (cw_test_oom(cw_stat_boot_cluster_mean(times, clusters, CW_COUNT(times), 5, &plain, &r)))
		return;
	check_boot("clusters", &r, 967.25, 819.625, 1100.666667);
	if (cw_test_oom(cw_stat_boot_quantile(times, CW_COUNT(times), 0.5, &plain, &r)))
		return;
	check_boot("median", &r, 864.5, 754, 991.5);
	if (cw_test_oom(cw_stat_boot_mean(times, 1, &plain, &r)))
		return;
	assert_false(r.known);
	near("one value", r.value, 812);
}
CW_OOM_BODY(bootstraps)

/* An interval at 95 % holds the truth about 95 times in a hundred: counted, not believed. */
static void intervals_cover(void **state)
{
	const struct cw_boot_conf conf = {.kind = CW_BOOT_BCA, .rounds = 400, .seed = 11};
	unsigned held = 0;
	uint64_t lcg = 5;

	for (int run = 0; run < 300; run++) {
		struct cw_interval r;
		double v[40];

		for (int i = 0; i < 40; i++) {
			lcg = lcg * UINT64_C(6364136223846793005) + 1442695040888963407;
			v[i] = (double)(lcg >> 33) / 2147483648.0;
		}
		assert_int_equal(cw_stat_boot_mean(v, 40, &conf, &r), 0);
		held += r.lo <= 0.5 && 0.5 <= r.hi;
	}
	assert_in_range(held, 270, 297);
}

static void effects(void **state)
{
	near("d", cw_stat_cohen_d(x, CW_COUNT(x), y, CW_COUNT(y)), 1.299670272);
	near("g", cw_stat_hedges_g(x, CW_COUNT(x), y, CW_COUNT(y)), 1.208641119);
	near("cliff", cw_stat_cliff_delta(x, CW_COUNT(x), y, CW_COUNT(y)), 0.6666666667);
	near("cliff", cw_stat_cliff_delta(xt, CW_COUNT(xt), yt, CW_COUNT(yt)), 0.0625);
	near("dz", cw_stat_cohen_dz(diff, CW_COUNT(diff)), 0.6434594895);
	assert_true(isnan(cw_stat_cohen_d(x, 1, y, 3)) && isnan(cw_stat_cliff_delta(x, 0, y, 3)));
}

/* need_rates: R's power.prop.test gives 198.963 and 2094.153; paired: Connor's formula 154.599; mde by R's uniroot. */
static void planning(void **state)
{
	const struct cw_power ninety = {.power = 0.9};

	assert_int_equal(cw_stat_need_rates(0.8, 0.9, NULL), 199);
	assert_int_equal(cw_stat_need_rates(0.5, 0.55, &ninety), 2095);
	near("mde", cw_stat_mde_rates(0.8, 100, NULL), 0.1337933167);
	assert_int_equal(cw_stat_need_paired_rate(0.2, -0.1, NULL), 155);
	near("mde", cw_stat_mde_paired_rate(0.2, 100, NULL), 0.1238193315);
	assert_true(isnan(cw_stat_mde_paired_rate(0.02, 10, NULL)));
	near("mde", cw_stat_mde_mean(300, 40, NULL), 132.8908552);
	assert_int_equal(cw_stat_need_mean(300, 100, NULL), 71); /* power.t.test, with t for z: 72.6 */
	assert_int_equal(cw_stat_need_mean(300, 0, NULL), 0);
}

static void quantiles(void **state)
{
	double v[60], q;

	for (int i = 0; i < 60; i++)
		v[i] = (i * 37) % 61;
	assert_true(cw_stat_quantile(v, 60, 0.9, &q));
	near("p90", q, 54.1);
	assert_true(cw_stat_quantile(v, 60, 0.95, &q));
	near("p95", q, 57.05);
}

CW_TEST_MAIN(CW_TEST(distributions), CW_TEST(rates), CW_TEST(mcnemar), CW_TEST(sign_flips), CW_TEST(mann_whitney),
	CW_TEST_OOM(mann_whitney), CW_TEST(holm), CW_TEST_OOM(holm), CW_TEST(kappas), CW_TEST(judges),
	CW_TEST(bootstraps), CW_TEST_OOM(bootstraps), CW_TEST(intervals_cover), CW_TEST(effects), CW_TEST(planning),
	CW_TEST(quantiles))
