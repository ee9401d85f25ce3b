/*
 * stat_rate.h: rates and agreement, each with its interval
 *
 * @level is the confidence, 0.95 for 95 %. What cannot be estimated is `known == false` and NAN, never 0.
 * Pure functions, any thread. Wilson's interval is in stat.h.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cw_interval {
	bool known;
	double value, lo, hi;
};

/* A rate of @k in @n: Wilson's score interval, and Clopper and Pearson's exact one (never too narrow). n = 0: unknown. */
struct cw_interval cw_stat_rate_wilson(size_t k, size_t n, double level);
struct cw_interval cw_stat_rate_exact(size_t k, size_t n, double level);

struct cw_confusion { /* a judge's word against the truth; "positive" is what is being looked for */
	size_t tp, fp, fn, tn;
};

struct cw_judge_quality { /* rates with Wilson intervals; unknown where the denominator is 0 */
	struct cw_interval accuracy, sensitivity, specificity, precision;
	struct cw_interval kappa;
	double kappa_se;
};
struct cw_judge_quality cw_stat_judge(const struct cw_confusion *c, double level);

/* Cohen's kappa of two raters: @counts is a k x k matrix, row = first rater. Standard error after Fleiss, Cohen and Everitt (1969),
 * normal interval, clipped to -1 … 1. Unknown when the table is empty or chance alone explains all (both always say the same). */
struct cw_interval cw_stat_kappa(const size_t *counts, size_t k, double level, double *se);

/* True rate behind @k of @n found by an imperfect judge (Rogan and Gladen 1978), clipped to 0 … 1; the interval counts
 * the uncertainty of sensitivity and specificity too (Greiner and Gardner 2000). Unknown unless sensitivity + specificity > 1. */
struct cw_interval cw_stat_rogan_gladen(size_t k, size_t n, const struct cw_confusion *c, double level);
