/*
 * stat_boot.h: bootstrap intervals for anything that can be computed from a resample of units
 *
 * A unit is what is independent of the others: a call, or all calls of one test (then it is a cluster bootstrap). The statistic gets
 * the numbers of the drawn units. The same seed gives the same interval on every machine.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/stat_rate.h"

#define CW_BOOT_ROUNDS 2000 /* enough for 95 % intervals; the default where 0 is given */
#define CW_BOOT_MIN_N  2    /* fewer units: unknown */

enum cw_boot_kind {
	CW_BOOT_PERCENTILE,
	CW_BOOT_BCA /* bias-corrected and accelerated (Efron 1987); falls back to percentile where it is not defined */
};

struct cw_boot_conf {
	enum cw_boot_kind kind;
	unsigned rounds; /* 0: CW_BOOT_ROUNDS */
	uint64_t seed;
	double level; /* 0: 0.95 */
};

/* The statistic of the drawn units @index[n] (each below the number of units). NAN: not defined for this draw, which is then left out. */
typedef double cw_boot_fn(const size_t *index, size_t n, void *arg);

/* Interval of @fn over @n units; *@ret is unknown with fewer than CW_BOOT_MIN_N, or when @fn is NAN on the sample itself or on more than half
 * of the draws. ENOMEM. */
int cw_stat_boot(size_t n, cw_boot_fn *fn, void *arg, const struct cw_boot_conf *conf, struct cw_interval *ret);

/* Mean of values, one unit each. */
int cw_stat_boot_mean(const double *values, size_t n, const struct cw_boot_conf *conf, struct cw_interval *ret);
/* Σ num / Σ den over units: a pooled word error rate over calls. */
int cw_stat_boot_ratio(
	const double *num, const double *den, size_t n, const struct cw_boot_conf *conf, struct cw_interval *ret);
/* Mean of all values where value i belongs to cluster @cluster[i] (0 … @n_clusters - 1): whole clusters are drawn. */
int cw_stat_boot_cluster_mean(const double *values, const size_t *cluster, size_t n, size_t n_clusters,
	const struct cw_boot_conf *conf, struct cw_interval *ret);
/* Quantile @q of values, one unit each (percentile interval; BCa is not defined for quantiles). */
int cw_stat_boot_quantile(
	const double *values, size_t n, double q, const struct cw_boot_conf *conf, struct cw_interval *ret);
