/*
 * stat_test.h: tests of "no difference", small samples first
 *
 * All p values are two-sided. Where randomness is used the caller gives the seed, and the same seed gives the same p.
 * Pure functions; those that need scratch memory return ENOMEM.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_SIGN_FLIP_EXACT_MAX 20 /* pairs: up to here all 2^n sign patterns are tried */

/* McNemar's exact test on the pairs that disagree: @b only the first passed, @c only the second. b + c = 0 gives 1. */
double cw_stat_mcnemar(size_t b, size_t c);
/* The mid-p version: less conservative, not guaranteed to keep its level. */
double cw_stat_mcnemar_midp(size_t b, size_t c);

struct cw_sign_flip {
	double p, mean; /* mean difference */
	size_t n;       /* pairs */
	uint64_t flips; /* sign patterns looked at: 2^n, or @rounds */
	bool exact;
};
/* Paired permutation of signs on the mean of @diff[n]: exact up to CW_SIGN_FLIP_EXACT_MAX pairs, else @rounds random patterns with
 * p = (b + 1) / (rounds + 1). n = 0: p = 1. */
struct cw_sign_flip cw_stat_sign_flip(const double *diff, size_t n, unsigned rounds, uint64_t seed);

/* Mann and Whitney's U of @x against @y: exact without ties up to 400 products of sizes, else normal with corrections for ties and
 * continuity. *@u: U of @x. ENOMEM. */
int cw_stat_mann_whitney(const double *x, size_t nx, const double *y, size_t ny, double *u, double *p);

/* Holm's step-down adjustment in place; NAN entries (not tested) are left out. ENOMEM. */
int cw_stat_holm(double *p, size_t n);

/* The smallest p these tests can give with @n pairs: when it is above the level, no outcome can be significant. */
double cw_stat_mcnemar_min_p(size_t n_discordant);
double cw_stat_sign_flip_min_p(size_t n, unsigned rounds);
/* Pairs needed before the test can say anything at @alpha. */
size_t cw_stat_min_pairs(double alpha);
