#include "base/stat_rate.h"

#include <math.h>

#include "base/mem.h"
#include "base/stat.h"
#include "base/stat_dist.h"

static const struct cw_interval unknown = {.value = NAN, .lo = NAN, .hi = NAN};

static double two_sided_z(double level)
{
	return cw_stat_normal_quantile(0.5 + level / 2);
}

struct cw_interval cw_stat_rate_wilson(size_t k, size_t n, double level)
{
	struct cw_interval r = {.known = true};

	if (!n)
		return unknown;
	r.value = (double)k / (double)n;
	cw_stat_wilson(k, n, two_sided_z(level), &r.lo, &r.hi);
	return r;
}

struct cw_interval cw_stat_rate_exact(size_t k, size_t n, double level)
{
	struct cw_interval r = {.known = true, .lo = 0, .hi = 1};
	double tail = (1 - level) / 2;

	if (!n)
		return unknown;
	CW_ASSERT(k <= n);
	r.value = (double)k / (double)n;
	if (k)
		r.lo = cw_stat_beta_quantile(tail, (double)k, (double)(n - k) + 1);
	if (k < n)
		r.hi = cw_stat_beta_quantile(1 - tail, (double)k + 1, (double)(n - k));
	return r;
}

/* ---- agreement ---- */

struct margins {
	double total, agree, chance;
};

static double row_share(const size_t *counts, size_t k, size_t row, double total)
{
	double sum = 0;

	for (size_t j = 0; j < k; j++)
		sum += (double)counts[row * k + j];
	return sum / total;
}

static double column_share(const size_t *counts, size_t k, size_t column, double total)
{
	double sum = 0;

	for (size_t i = 0; i < k; i++)
		sum += (double)counts[i * k + column];
	return sum / total;
}

static struct margins margins_of(const size_t *counts, size_t k)
{
	struct margins m = {0};

	for (size_t i = 0; i < k * k; i++)
		m.total += (double)counts[i];
	for (size_t i = 0; i < k && m.total > 0; i++) {
		m.agree += (double)counts[i * k + i] / m.total;
		m.chance += row_share(counts, k, i, m.total) * column_share(counts, k, i, m.total);
	}
	return m;
}

/* Fleiss, Cohen and Everitt 1969, equation 13. */
static double kappa_variance(const size_t *counts, size_t k, const struct margins *m)
{
	double on = 0, off = 0, rest = m->agree * m->chance - 2 * m->chance + m->agree;

	for (size_t i = 0; i < k; i++) {
		double row = row_share(counts, k, i, m->total);

		for (size_t j = 0; j < k; j++) {
			double p = (double)counts[i * k + j] / m->total;
			double margin = column_share(counts, k, i, m->total) + row_share(counts, k, j, m->total);

			if (i != j) {
				off += p * margin * margin;
				continue;
			}

			double d = 1 - m->chance - (row + column_share(counts, k, i, m->total)) * (1 - m->agree);

			on += p * d * d;
		}
	}
	off *= (1 - m->agree) * (1 - m->agree);
	return (on + off - rest * rest) / (m->total * pow(1 - m->chance, 4));
}

struct cw_interval cw_stat_kappa(const size_t *counts, size_t k, double level, double *se)
{
	struct margins m = margins_of(counts, k);
	struct cw_interval r = {.known = true};

	if (se)
		*se = NAN;
	if (!(m.total > 0) || m.chance > 1 - 1e-12)
		return unknown;

	double deviation = sqrt(fmax(0, kappa_variance(counts, k, &m)));

	r.value = (m.agree - m.chance) / (1 - m.chance);
	r.lo = fmax(-1, r.value - two_sided_z(level) * deviation);
	r.hi = fmin(1, r.value + two_sided_z(level) * deviation);
	if (se)
		*se = deviation;
	return r;
}

struct cw_judge_quality cw_stat_judge(const struct cw_confusion *c, double level)
{
	const size_t table[] = {c->tp, c->fp, c->fn, c->tn};
	struct cw_judge_quality q = {
		.accuracy = cw_stat_rate_wilson(c->tp + c->tn, c->tp + c->tn + c->fp + c->fn, level),
		.sensitivity = cw_stat_rate_wilson(c->tp, c->tp + c->fn, level),
		.specificity = cw_stat_rate_wilson(c->tn, c->tn + c->fp, level),
		.precision = cw_stat_rate_wilson(c->tp, c->tp + c->fp, level),
	};

	q.kappa = cw_stat_kappa(table, 2, level, &q.kappa_se);
	return q;
}

static double clip(double x)
{
	return fmin(1, fmax(0, x));
}

struct cw_interval cw_stat_rogan_gladen(size_t k, size_t n, const struct cw_confusion *c, double level)
{
	double sick = (double)(c->tp + c->fn), well = (double)(c->tn + c->fp), total = (double)n;

	if (!n || !(sick > 0) || !(well > 0))
		return unknown;

	double seen = (double)k / total, sens = (double)c->tp / sick, spec = (double)c->tn / well;
	double power = sens + spec - 1;

	if (!(power > 1e-9))
		return unknown;

	double raw = (seen + spec - 1) / power, true_rate = clip(raw);
	double variance = seen * (1 - seen) / total + true_rate * true_rate * sens * (1 - sens) / sick +
			  (1 - true_rate) * (1 - true_rate) * spec * (1 - spec) / well;
	double half = two_sided_z(level) * sqrt(variance) / power;

	return (struct cw_interval){.known = true, .value = true_rate, .lo = clip(raw - half), .hi = clip(raw + half)};
}
