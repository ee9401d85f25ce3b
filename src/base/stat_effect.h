/*
 * stat_effect.h: how large a difference is, and how many samples it takes to see it
 *
 * Planning formulas are the usual normal approximations; they are for "about how many", not for tests.
 * Pure functions, any thread. NAN where a value is not defined.
 */
#pragma once
#include <stddef.h>

/* Cliff's delta: P(x > y) - P(x < y), -1 … 1. */
double cw_stat_cliff_delta(const double *x, size_t nx, const double *y, size_t ny);
/* Cohen's d of two independent samples (pooled deviation), and Hedges' g (the same without small-sample bias). */
double cw_stat_cohen_d(const double *x, size_t nx, const double *y, size_t ny);
double cw_stat_hedges_g(const double *x, size_t nx, const double *y, size_t ny);
/* Of paired differences: mean / deviation. */
double cw_stat_cohen_dz(const double *diff, size_t n);

struct cw_power { /* alpha two-sided; 0.05 and 0.8 where 0 */
	double alpha, power;
};

/* Smallest mean of paired differences with deviation @sd that @n pairs show; pairs needed to show mean @delta (0: cannot be said). */
double cw_stat_mde_mean(double sd, size_t n, const struct cw_power *pw);
size_t cw_stat_need_mean(double sd, double delta, const struct cw_power *pw);

/* The same for paired pass/fail: @discordant is the share of pairs that disagree (Connor 1987), @delta the difference of pass rates. NAN when even the
 * largest difference (all disagreements on one side) is too small for @n. */
double cw_stat_mde_paired_rate(double discordant, size_t n, const struct cw_power *pw);
size_t cw_stat_need_paired_rate(double discordant, double delta, const struct cw_power *pw);

/* And for two independent groups of equal size: n in each. */
size_t cw_stat_need_rates(double p1, double p2, const struct cw_power *pw);
double cw_stat_mde_rates(double p1, size_t n, const struct cw_power *pw); /* upwards from p1, NAN: none up to 1 */
