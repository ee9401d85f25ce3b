#include "base/stat.h"

#include <math.h>
#include <stdlib.h>

size_t cw_stat_quantile_min_n(double q)
{
	/* n >= ln 0.05 / ln q; the median is always printed */
	return q <= 0.5 ? 1 : (size_t)ceil(log(0.05) / log(q));
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

bool cw_stat_quantile(double *values, size_t n, double q, double *ret)
{
	if (!n || n < cw_stat_quantile_min_n(q))
		return false;
	qsort(values, n, sizeof(*values), ascending);

	double at = q * (double)(n - 1);
	size_t below = (size_t)at;
	double above = below + 1 < n ? values[below + 1] : values[below];

	*ret = values[below] + (at - (double)below) * (above - values[below]);
	return true;
}

double cw_stat_mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return n ? sum / (double)n : 0;
}

double cw_stat_stddev(const double *values, size_t n)
{
	double mean = cw_stat_mean(values, n), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return n > 1 ? sqrt(sum / (double)(n - 1)) : 0;
}

void cw_stat_wilson(size_t k, size_t n, double z, double *lo, double *hi)
{
	*lo = 0;
	*hi = 1;
	if (!n)
		return;

	double p = (double)k / (double)n, nn = (double)n;
	double centre = (p + z * z / (2 * nn)) / (1 + z * z / nn);
	double half = z * sqrt(p * (1 - p) / nn + z * z / (4 * nn * nn)) / (1 + z * z / nn);

	*lo = k == 0 ? 0 : centre - half;
	*hi = k == n ? 1 : centre + half;
}
