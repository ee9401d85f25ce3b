#include "base/stat_boot.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/stat.h"
#include "base/stat_dist.h"

struct boot {
	size_t n;
	cw_boot_fn *fn;
	void *arg;
	size_t *index; /* of one draw */
	double *drawn; /* statistics of the draws that have one, in ascending order in the end */
	size_t n_drawn;
	double observed;
};

static int ascending(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return a < b ? -1 : a > b;
}

static void draw(struct boot *b, unsigned rounds, uint64_t seed)
{
	struct cw_rng rng;

	cw_rng_init(&rng, seed);
	for (unsigned r = 0; r < rounds; r++) {
		for (size_t i = 0; i < b->n; i++)
			b->index[i] = cw_rng_below(&rng, (uint32_t)b->n);

		double v = b->fn(b->index, b->n, b->arg);

		if (!isnan(v))
			b->drawn[b->n_drawn++] = v;
	}
	qsort(b->drawn, b->n_drawn, sizeof(*b->drawn), ascending);
}

static double quantile(const struct boot *b, double q)
{
	double at = (double)(b->n_drawn - 1) * q;
	size_t low = (size_t)at;

	if (low + 1 >= b->n_drawn)
		return b->drawn[b->n_drawn - 1];
	return b->drawn[low] + (at - (double)low) * (b->drawn[low + 1] - b->drawn[low]);
}

/* Skewness of the values without one unit each, over six: Efron's acceleration. NAN where it is not defined. */
static double acceleration(struct boot *b, double *without)
{
	double mean = 0, cube = 0, square = 0;

	for (size_t left_out = 0; left_out < b->n; left_out++) {
		size_t k = 0;

		for (size_t i = 0; i < b->n; i++)
			if (i != left_out)
				b->index[k++] = i;
		without[left_out] = b->fn(b->index, k, b->arg);
		mean += without[left_out] / (double)b->n;
	}
	for (size_t i = 0; i < b->n; i++) {
		double d = mean - without[i];

		cube += d * d * d;
		square += d * d;
	}
	return cube / (6 * pow(square, 1.5));
}

/* Where the ends of the interval lie among the draws: shifted for bias and skewness. false: not defined. */
static bool adjust(struct boot *b, double *without, double *lo, double *hi)
{
	double below = 0;

	for (size_t i = 0; i < b->n_drawn; i++)
		below += b->drawn[i] < b->observed ? 1 : b->drawn[i] > b->observed ? 0 : 0.5;

	double z0 = cw_stat_normal_quantile(below / (double)b->n_drawn), a = acceleration(b, without);
	double zl = z0 + cw_stat_normal_quantile(*lo), zh = z0 + cw_stat_normal_quantile(*hi);

	if (!isfinite(z0) || !isfinite(a))
		return false;
	*lo = cw_stat_normal_cdf(z0 + zl / (1 - a * zl));
	*hi = cw_stat_normal_cdf(z0 + zh / (1 - a * zh));
	return isfinite(*lo) && isfinite(*hi) && *lo <= *hi;
}

int cw_stat_boot(size_t n, cw_boot_fn *fn, void *arg, const struct cw_boot_conf *conf, struct cw_interval *ret)
{
	unsigned rounds = conf->rounds ? conf->rounds : CW_BOOT_ROUNDS;
	double level = conf->level > 0 ? conf->level : 0.95;
	CW_SCOPED void *scope = talloc_new(NULL);
	struct boot b = {.n = n, .fn = fn, .arg = arg};
	double lo = (1 - level) / 2, hi = 1 - lo;

	if (!scope)
		return ENOMEM;
	b.index = talloc_array(scope, size_t, n + 1);
	b.drawn = talloc_array(scope, double, rounds);

	double *without = talloc_array(scope, double, n + 1);

	if (!b.index || !b.drawn || !without)
		return ENOMEM;
	*ret = (struct cw_interval){.value = NAN, .lo = NAN, .hi = NAN};
	CW_ASSERT(n <= UINT32_MAX);
	for (size_t i = 0; i < n; i++)
		b.index[i] = i;
	if (!n || isnan(b.observed = fn(b.index, n, arg)))
		return 0;
	ret->value = b.observed;
	if (n < CW_BOOT_MIN_N)
		return 0;
	draw(&b, rounds, conf->seed);
	if (b.n_drawn * 2 < rounds)
		return 0;
	if (conf->kind == CW_BOOT_BCA && !adjust(&b, without, &lo, &hi)) {
		lo = (1 - level) / 2;
		hi = 1 - lo;
	}
	*ret = (struct cw_interval){.known = true, .value = b.observed, .lo = quantile(&b, lo), .hi = quantile(&b, hi)};
	return 0;
}

/* ---- the usual statistics ---- */

struct ratio {
	const double *num, *den; /* den NULL: one each */
};

static double ratio_of(const size_t *index, size_t n, void *arg)
{
	const struct ratio *r = arg;
	double num = 0, den = 0;

	for (size_t i = 0; i < n; i++) {
		num += r->num[index[i]];
		den += r->den ? r->den[index[i]] : 1;
	}
	return den > 0 ? num / den : NAN;
}

int cw_stat_boot_mean(const double *values, size_t n, const struct cw_boot_conf *conf, struct cw_interval *ret)
{
	struct ratio r = {.num = values};

	return cw_stat_boot(n, ratio_of, &r, conf, ret);
}

int cw_stat_boot_ratio(
	const double *num, const double *den, size_t n, const struct cw_boot_conf *conf, struct cw_interval *ret)
{
	struct ratio r = {.num = num, .den = den};

	return cw_stat_boot(n, ratio_of, &r, conf, ret);
}

int cw_stat_boot_cluster_mean(const double *values, const size_t *cluster, size_t n, size_t n_clusters,
	const struct cw_boot_conf *conf, struct cw_interval *ret)
{
	CW_SCOPED double *sums = talloc_zero_array(NULL, double, 2 * n_clusters + 1);
	struct ratio r = {.num = sums, .den = sums ? sums + n_clusters : NULL};

	if (!sums)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		CW_ASSERT(cluster[i] < n_clusters);
		sums[cluster[i]] += values[i];
		sums[n_clusters + cluster[i]] += 1;
	}
	return cw_stat_boot(n_clusters, ratio_of, &r, conf, ret);
}

struct at_quantile {
	const double *values;
	double *scratch;
	double q;
};

static double quantile_of(const size_t *index, size_t n, void *arg)
{
	const struct at_quantile *a = arg;
	double v;

	for (size_t i = 0; i < n; i++)
		a->scratch[i] = a->values[index[i]];
	return cw_stat_quantile(a->scratch, n, a->q, &v) ? v : NAN;
}

int cw_stat_boot_quantile(
	const double *values, size_t n, double q, const struct cw_boot_conf *conf, struct cw_interval *ret)
{
	CW_SCOPED double *scratch = talloc_array(NULL, double, n + 1);
	struct at_quantile a = {.values = values, .scratch = scratch, .q = q};
	struct cw_boot_conf percentile = *conf;

	if (!scratch)
		return ENOMEM;
	percentile.kind = CW_BOOT_PERCENTILE;
	return cw_stat_boot(n, quantile_of, &a, &percentile, ret);
}
