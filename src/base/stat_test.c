#include "base/stat_test.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/stat_dist.h"

#define U_EXACT_MAX 400   /* nx * ny: beyond, the normal approximation is better than 1e-3 */
#define TIE         1e-10 /* relative: sums of the same numbers in another order are equal */

double cw_stat_mcnemar(size_t b, size_t c)
{
	size_t few = b < c ? b : c;

	return b + c ? fmin(1, 2 * cw_stat_binom_cdf(few, b + c, 0.5)) : 1;
}

double cw_stat_mcnemar_midp(size_t b, size_t c)
{
	size_t few = b < c ? b : c;

	if (b + c == 0)
		return 1;
	if (b == c)
		return 1 - cw_stat_binom_pmf(b, b + c, 0.5);
	return cw_stat_mcnemar(b, c) - cw_stat_binom_pmf(few, b + c, 0.5);
}

/* ---- paired permutation of signs ---- */

/* All patterns in Gray's order: one sign changes from each to the next. Half of them suffice: the other half mirrors it. */
static uint64_t count_exact(const double *diff, size_t n, double limit)
{
	double sum = 0, slack = 0;
	bool negative[CW_SIGN_FLIP_EXACT_MAX] = {false};
	uint64_t hits = 0, half = (uint64_t)1 << (n - 1);

	for (size_t i = 0; i < n; i++) {
		sum += diff[i];
		slack += fabs(diff[i]);
	}
	slack *= TIE;
	for (uint64_t g = 1;; g++) {
		hits += fabs(sum) >= limit - slack;
		if (g >= half)
			break;

		int bit = __builtin_ctzll(g);

		sum += negative[bit] ? 2 * diff[bit] : -2 * diff[bit];
		negative[bit] = !negative[bit];
	}
	return hits;
}

static uint64_t count_drawn(const double *diff, size_t n, double limit, unsigned rounds, uint64_t seed)
{
	struct cw_rng rng;
	uint64_t hits = 0;

	cw_rng_init(&rng, seed);
	for (unsigned r = 0; r < rounds; r++) {
		double sum = 0, slack = 0;
		uint64_t bits = 0;

		for (size_t i = 0; i < n; i++) {
			if (i % 64 == 0)
				bits = cw_rng_u64(&rng);
			sum += bits & 1 ? -diff[i] : diff[i];
			slack += fabs(diff[i]);
			bits >>= 1;
		}
		hits += fabs(sum) >= limit - slack * TIE;
	}
	return hits;
}

struct cw_sign_flip cw_stat_sign_flip(const double *diff, size_t n, unsigned rounds, uint64_t seed)
{
	struct cw_sign_flip r = {.p = 1, .n = n, .exact = n <= CW_SIGN_FLIP_EXACT_MAX};
	double sum = 0;

	if (!n)
		return r;
	for (size_t i = 0; i < n; i++)
		sum += diff[i];
	r.mean = sum / (double)n;
	if (r.exact) {
		r.flips = (uint64_t)1 << n;
		r.p = (double)count_exact(diff, n, fabs(sum)) / (double)(r.flips / 2);
	} else {
		r.flips = rounds;
		r.p = ((double)count_drawn(diff, n, fabs(sum), rounds, seed) + 1) / ((double)rounds + 1);
	}
	return r;
}

/* ---- Mann and Whitney ---- */

struct ranked {
	double v;
	bool first;
};

static int by_value(const void *va, const void *vb)
{
	const struct ranked *a = va, *b = vb;

	return a->v < b->v ? -1 : a->v > b->v;
}

/* Sum of the ranks of the first sample, ties sharing their mean rank; *@ties: sum of t^3 - t. */
static double rank_sum(struct ranked *all, size_t n, double *ties)
{
	double sum = 0;

	*ties = 0;
	qsort(all, n, sizeof(*all), by_value);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && all[end].v <= all[i].v;)
			end++;

		double t = (double)(end - i), rank = (double)(i + end + 1) / 2;

		*ties += t * t * t - t;
		for (size_t k = i; k < end; k++)
			sum += all[k].first ? rank : 0;
	}
	return sum;
}

/* P(U <= u), from the number of ways to reach each U (Mann and Whitney's recurrence, one row per size of x). */
static int exact_below(size_t nx, size_t ny, size_t u, double *ret)
{
	size_t most = nx * ny;
	CW_SCOPED double *ways = talloc_zero_array(NULL, double, most + 1);
	double below = 0, all = 0;

	if (!ways)
		return ENOMEM;
	ways[0] = 1;
	for (size_t i = 1; i <= nx; i++) { /* the Gaussian binomial: times (1 - q^(ny+i)), divided by (1 - q^i) */
		for (size_t k = most; k >= ny + i; k--)
			ways[k] -= ways[k - ny - i];
		for (size_t k = i; k <= most; k++)
			ways[k] += ways[k - i];
	}
	for (size_t k = 0; k <= most; k++) {
		all += ways[k];
		below += k <= u ? ways[k] : 0;
	}
	*ret = below / all;
	return 0;
}

static double normal_p(double u, double nx, double ny, double ties)
{
	double n = nx + ny, mean = nx * ny / 2;
	double variance = nx * ny / 12 * (n + 1 - ties / (n * (n - 1)));

	if (!(variance > 0))
		return 1; /* all values are equal */
	return fmin(1, 2 * cw_stat_normal_cdf(-(fmax(0, fabs(u - mean) - 0.5)) / sqrt(variance)));
}

int cw_stat_mann_whitney(const double *x, size_t nx, const double *y, size_t ny, double *u, double *p)
{
	CW_SCOPED struct ranked *all = talloc_array(NULL, struct ranked, nx + ny + 1);
	double ties, dx = (double)nx, dy = (double)ny;

	if (!all)
		return ENOMEM;
	if (!nx || !ny) {
		*u = NAN;
		*p = 1;
		return 0;
	}
	for (size_t i = 0; i < nx + ny; i++)
		all[i] = (struct ranked){.v = i < nx ? x[i] : y[i - nx], .first = i < nx};

	double ux = rank_sum(all, nx + ny, &ties) - dx * (dx + 1) / 2;

	*u = ux;
	if (ties > 0 || nx * ny > U_EXACT_MAX) {
		*p = normal_p(ux, dx, dy, ties);
		return 0;
	}

	double below;
	int err = exact_below(nx, ny, (size_t)fmin(ux, dx * dy - ux), &below);

	if (!err)
		*p = fmin(1, 2 * below);
	return err;
}

/* ---- many tests at once ---- */

struct ordered {
	double p;
	size_t at;
};

static int by_p(const void *va, const void *vb)
{
	const struct ordered *a = va, *b = vb;

	if (a->p < b->p || a->p > b->p)
		return a->p < b->p ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

int cw_stat_holm(double *p, size_t n)
{
	CW_SCOPED struct ordered *order = talloc_array(NULL, struct ordered, n + 1);
	size_t m = 0;
	double least = 0;

	if (!order)
		return ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]))
			order[m++] = (struct ordered){p[i], i};
	qsort(order, m, sizeof(*order), by_p);
	for (size_t i = 0; i < m; i++) {
		least = fmax(least, fmin(1, order[i].p * (double)(m - i)));
		p[order[i].at] = least;
	}
	return 0;
}

/* ---- what cannot be shown ---- */

double cw_stat_mcnemar_min_p(size_t n_discordant)
{
	return cw_stat_mcnemar(0, n_discordant);
}

double cw_stat_sign_flip_min_p(size_t n, unsigned rounds)
{
	if (!n)
		return 1;
	return n <= CW_SIGN_FLIP_EXACT_MAX ? ldexp(1, 1 - (int)n) : 1 / ((double)rounds + 1);
}

size_t cw_stat_min_pairs(double alpha)
{
	size_t n = 1;

	while (n < 1000 && cw_stat_mcnemar_min_p(n) > alpha * (1 + TIE))
		n++;
	return n;
}
