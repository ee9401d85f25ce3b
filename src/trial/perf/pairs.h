/*
 * pairs.h: two ways of doing the same, pair by pair: what differs, how sure that is, and what could not have been seen
 *
 * A pair is the same call (or prompt) once with A and once with B. Pass and fail: McNemar's exact test on the pairs that disagree. Quantities:
 * permutation of signs on the differences. Intervals: bootstrap of whole clusters (all pairs of one test). Holm over all that was tested.
 * Pure functions of the numbers and the seed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/stat_rate.h"

#define CW_PAIRS_METRICS_MAX 12
#define CW_PAIRS_FLIPS       20000 /* random sign patterns beyond 20 pairs: p cannot be below 1 / 20001 */
#define CW_PAIRS_ALPHA       0.05

struct cw_pair_metric {
	const char *name, *unit;
	bool binary; /* 0 or 1: pass or fail */
	bool more_is_better;
	double *a, *b; /* one per pair; NAN: unknown, the pair is left out of this metric */
};

struct cw_pair_set { /* talloc object: arrays hang from it */
	const char *name_a, *name_b;
	size_t n, n_clusters;
	size_t *cluster; /* of each pair */
	struct cw_pair_metric metrics[CW_PAIRS_METRICS_MAX];
	size_t n_metrics;
	uint64_t seed;
};

/* Room for @n pairs, all of them unknown. ENOMEM. */
int cw_pair_set_new(void *parent, size_t n, struct cw_pair_set **ret);
/* Another metric; NULL when there is no room or memory. */
struct cw_pair_metric *cw_pair_set_metric(
	struct cw_pair_set *s, const char *name, const char *unit, bool binary, bool more_is_better);

enum cw_pair_finding { CW_PAIR_NONE, CW_PAIR_BETTER, CW_PAIR_WORSE, CW_PAIR_CANNOT, CW_PAIR_EMPTY };

struct cw_pair_result {
	const struct cw_pair_metric *of;
	size_t n; /* pairs in which both are known */
	double mean_a, mean_b;
	struct cw_interval diff; /* B - A, 95 % by clusters */
	size_t only_a, only_b;   /* binary: passed only with A, only with B */
	double p, p_holm;        /* NAN: not tested */
	double least_p;          /* the smallest this n can give */
	double effect;           /* dz of differences; binary: NAN */
	double cliff;            /* B against A; binary: NAN */
	double mde;              /* difference seen with 80 % power at this n */
	size_t need;             /* pairs for the difference that was seen; 0: cannot be said */
	enum cw_pair_finding finding;
};

struct cw_pair_report {
	const struct cw_pair_set *set;
	struct cw_pair_result results[CW_PAIRS_METRICS_MAX];
	size_t n;
	char verdict[600];
};

/* ENOMEM. */
int cw_pairs_compare(const struct cw_pair_set *s, struct cw_pair_report *ret);
json_t *cw_pairs_json(const struct cw_pair_report *r); /* new reference, NULL: no memory */
void cw_pairs_text(struct cw_buf *b, const struct cw_pair_report *r);
void cw_pairs_markdown(struct cw_buf *b, const struct cw_pair_report *r);
