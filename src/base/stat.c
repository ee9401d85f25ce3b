#include "base/stat.h"

#include <math.h>

#include "base/mem.h"

size_t cw_stat_quantile_min_n(double q)
{
	if (!(q > 0 && q < 1))
		return 1;
	if (q < 0.5)
		q = 1 - q; /* a low percentile needs an observation below it */
	if (q == 0.5)
		return 1;
	return (size_t)ceil(log(0.05) / log(q) - 1e-9);
}

static int ascending(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return a < b ? -1 : a > b;
}

bool cw_stat_quantile(double *values, size_t n, double q, double *ret)
{
	if (!n || !(q >= 0 && q <= 1) || n < cw_stat_quantile_min_n(q))
		return false;
	qsort(values, n, sizeof(*values), ascending);

	double at = (double)(n - 1) * q;
	size_t low = (size_t)at;
	double part = at - (double)low;

	*ret = low + 1 < n ? values[low] + part * (values[low + 1] - values[low]) : values[low];
	return true;
}

double cw_stat_mean(const double *values, size_t n)
{
	double mean = 0;

	for (size_t i = 0; i < n; i++)
		mean += (values[i] - mean) / (double)(i + 1);
	return mean;
}

/* Welford's method: no cancellation of large sums. */
double cw_stat_stddev(const double *values, size_t n)
{
	double mean = 0, m2 = 0;

	if (n < 2)
		return 0;
	for (size_t i = 0; i < n; i++) {
		double d = values[i] - mean;

		mean += d / (double)(i + 1);
		m2 += d * (values[i] - mean);
	}
	return sqrt(m2 / (double)(n - 1));
}

void cw_stat_wilson(size_t k, size_t n, double z, double *lo, double *hi)
{
	if (!n) {
		*lo = 0;
		*hi = 1;
		return;
	}
	CW_ASSERT(k <= n);

	double p = (double)k / (double)n, zz = z * z, total = (double)n;
	double centre = p + zz / (2 * total);
	double half = z * sqrt(p * (1 - p) / total + zz / (4 * total * total));
	double scale = 1 + zz / total;

	*lo = k ? fmax(0, (centre - half) / scale) : 0;
	*hi = k < n ? fmin(1, (centre + half) / scale) : 1;
}
