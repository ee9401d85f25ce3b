#include "base/stat_effect.h"

#include <math.h>
#include <stdbool.h>

#include "base/stat.h"
#include "base/stat_dist.h"

#define NEED_MAX   1e12 /* more is not worth saying */
#define BISECTIONS 200

double cw_stat_cliff_delta(const double *x, size_t nx, const double *y, size_t ny)
{
	double balance = 0;

	if (!nx || !ny)
		return NAN;
	for (size_t i = 0; i < nx; i++)
		for (size_t j = 0; j < ny; j++)
			balance += (double)((x[i] > y[j]) - (x[i] < y[j]));
	return balance / ((double)nx * (double)ny);
}

double cw_stat_cohen_d(const double *x, size_t nx, const double *y, size_t ny)
{
	double sx = cw_stat_stddev(x, nx), sy = cw_stat_stddev(y, ny);

	if (nx < 2 || ny < 2)
		return NAN;

	double pooled = sqrt(((double)(nx - 1) * sx * sx + (double)(ny - 1) * sy * sy) / (double)(nx + ny - 2));

	return pooled > 0 ? (cw_stat_mean(x, nx) - cw_stat_mean(y, ny)) / pooled : NAN;
}

/* The exact factor, not the usual 1 - 3 / (4 df - 1). */
double cw_stat_hedges_g(const double *x, size_t nx, const double *y, size_t ny)
{
	double df = (double)(nx + ny) - 2;

	if (nx < 2 || ny < 2)
		return NAN;
	return cw_stat_cohen_d(x, nx, y, ny) * exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2);
}

double cw_stat_cohen_dz(const double *diff, size_t n)
{
	double sd = cw_stat_stddev(diff, n);

	return n >= 2 && sd > 0 ? cw_stat_mean(diff, n) / sd : NAN;
}

/* ---- planning ---- */

static double z_alpha(const struct cw_power *pw)
{
	return cw_stat_normal_quantile(1 - (pw && pw->alpha > 0 ? pw->alpha : 0.05) / 2);
}

static double z_power(const struct cw_power *pw)
{
	return cw_stat_normal_quantile(pw && pw->power > 0 ? pw->power : 0.8);
}

static size_t whole(double n)
{
	if (!(n >= 0 && n < NEED_MAX))
		return 0;
	return n > 1 ? (size_t)ceil(n - 1e-9) : 1;
}

double cw_stat_mde_mean(double sd, size_t n, const struct cw_power *pw)
{
	return n >= 2 ? (z_alpha(pw) + z_power(pw)) * sd / sqrt((double)n) : NAN;
}

size_t cw_stat_need_mean(double sd, double delta, const struct cw_power *pw)
{
	double z = z_alpha(pw) + z_power(pw);

	return delta != 0 ? whole(z * z * sd * sd / (delta * delta)) : 0;
}

/* Pairs needed, not rounded. */
static double paired_rate(double discordant, double delta, const struct cw_power *pw)
{
	double root = z_alpha(pw) * sqrt(discordant) + z_power(pw) * sqrt(fmax(0, discordant - delta * delta));

	return root * root / (delta * delta);
}

size_t cw_stat_need_paired_rate(double discordant, double delta, const struct cw_power *pw)
{
	delta = fabs(delta);
	if (!(delta > 0 && discordant >= delta && discordant <= 1))
		return 0;
	return whole(paired_rate(discordant, delta, pw));
}

double cw_stat_mde_paired_rate(double discordant, size_t n, const struct cw_power *pw)
{
	double lo = 0, hi = discordant;

	if (!n || !(discordant > 0) || paired_rate(discordant, hi, pw) > (double)n)
		return NAN;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = (lo + hi) / 2;

		if (paired_rate(discordant, mid, pw) > (double)n)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

static double rates(double p1, double p2, const struct cw_power *pw)
{
	double mean = (p1 + p2) / 2;
	double root = z_alpha(pw) * sqrt(2 * mean * (1 - mean)) + z_power(pw) * sqrt(p1 * (1 - p1) + p2 * (1 - p2));

	return root * root / ((p1 - p2) * (p1 - p2));
}

size_t cw_stat_need_rates(double p1, double p2, const struct cw_power *pw)
{
	return fabs(p1 - p2) > 0 ? whole(rates(p1, p2, pw)) : 0;
}

double cw_stat_mde_rates(double p1, size_t n, const struct cw_power *pw)
{
	double lo = p1, hi = 1;

	if (!n || !(p1 < 1) || rates(p1, 1, pw) > (double)n)
		return NAN;
	for (int i = 0; i < BISECTIONS; i++) {
		double mid = (lo + hi) / 2;

		if (!(mid > p1) || rates(p1, mid, pw) > (double)n)
			lo = mid;
		else
			hi = mid;
	}
	return hi - p1;
}
