/*
 * flaky.h: which tests disagree with themselves, over the repeats of one run and over several runs
 *
 * For a test in a slice that passed k of n times the score is 2·min(k, n − k)/n: 0 always the same, 1 a coin. Flips are changes between
 * neighbours in time. Runs of other versions of the agent belong to a ranking only if nothing was changed on purpose between them.
 * Thread: any.  Owner: the parent given to cw_flaky_new().
 */
#pragma once
#include "trial/report/tally.h"

struct cw_flaky_row {
	const char *file, *test, *slice;
	size_t runs, n, pass, flips;
	double score, lo, hi; /* Wilson 95 % of the share of passes */
	bool within, between; /* disagrees inside a run; runs disagree with each other */
	char *letters;        /* P and F, all runs, in the order given */
};

struct cw_flaky;

/* ENOMEM. */
int cw_flaky_new(void *parent, struct cw_flaky **ret);
int cw_flaky_add(struct cw_flaky *f, const struct cw_tally *run);
/* The rows that disagree, the worst first; *@stable: how many never did. */
const struct cw_flaky_row *cw_flaky_rank(struct cw_flaky *f, size_t *n, size_t *stable);
