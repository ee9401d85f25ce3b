/*
 * stat_dist.h: the distributions that tests and intervals stand on
 *
 * Relative error below 1e-10 where the value is not vanishing. Pure functions, any thread.
 */
#pragma once
#include <stddef.h>

double cw_stat_normal_cdf(double z);
double cw_stat_normal_quantile(double p); /* 0 < p < 1; -inf and inf at the ends */

double cw_stat_beta_cdf(double x, double a, double b);      /* regularised incomplete beta I_x(a, b); a, b > 0 */
double cw_stat_beta_quantile(double p, double a, double b); /* x with I_x(a, b) = p */
double cw_stat_t_quantile(double p, double df);             /* Student's t */

double cw_stat_binom_pmf(size_t k, size_t n, double p);
double cw_stat_binom_cdf(size_t k, size_t n, double p); /* P(X <= k) */
