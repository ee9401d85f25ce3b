/*
 * stat.h: small-sample statistics that say when they cannot be estimated
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Smallest n at which percentile @q (0.5, 0.9, 0.95, 0.99) may be printed: 1, 29, 59, 299 (the sample must hold an
 * observation beyond the quantile with 95 % probability: n >= ln 0.05 / ln q). */
size_t cw_stat_quantile_min_n(double q);

/* Quantile of @n values (sorted in place) by linear interpolation (Hyndman and Fan type 7). false: not estimable. */
bool cw_stat_quantile(double *values, size_t n, double q, double *ret);

double cw_stat_mean(const double *values, size_t n);
double cw_stat_stddev(const double *values, size_t n); /* sample deviation, 0 below two values */

/* Wilson score interval for @k successes in @n at confidence z (1.96 = 95 %). n = 0 gives 0 … 1. */
void cw_stat_wilson(size_t k, size_t n, double z, double *lo, double *hi);
