/*
 * baseline.h: this run against an earlier one: what got worse beyond chance
 *
 * A test in a slice has regressed when its share of passes fell further than chance explains (Fisher's exact test, one-sided, 5 %).
 * Where the repeats are too few for that test to say anything, it has regressed when all calls passed before and none does now; the row
 * says so. Over all tests the same calls are paired (McNemar, exact). Answer times: the difference of the p95s with a bootstrap
 * interval; slower when its lower end is above the tolerance (10 % of the baseline's p95, at least 50 ms).
 * Thread: any; pure but for reading.  Owner: the parent given.
 */
#pragma once
#include "trial/report/tally.h"

#define CW_BASELINE_STALE_DAYS 30

struct cw_baseline;

/* @path: a baseline file, a summary.json, or the folder of a run. ENOENT …; EBADMSG: neither of them. */
int cw_baseline_open(void *parent, const char *path, struct cw_baseline **ret, struct cw_why *why);
/* What --baseline needs of a run, one file: verdicts and answer times per test and slice. */
int cw_baseline_save(
	const char *path, const json_t *run, const struct cw_tally *t, int64_t wall_us, struct cw_why *why);

enum cw_diff_kind {
	CW_DIFF_REGRESSED, /* worse beyond chance, or newly failing where chance cannot be told */
	CW_DIFF_WORSE,     /* worse, but chance explains it */
	CW_DIFF_FIXED,     /* failed before, all pass now */
	CW_DIFF_NEW,       /* not in the baseline */
	CW_DIFF_GONE,      /* only in the baseline */
};
const char *cw_diff_kind_name(enum cw_diff_kind k); /* "regressed" */

struct cw_diff_row { /* of a test in a slice; unchanged ones have no row */
	enum cw_diff_kind kind;
	const char *file, *test, *slice;
	size_t pass_before, n_before, pass_now, n_now;
	double p;    /* NAN: not tested */
	bool few;    /* too few repeats to tell it from chance */
	size_t cell; /* in the tally; SIZE_MAX: gone */
};

struct cw_diff {
	const char *name;    /* run of the baseline */
	const char *created; /* "" unknown */
	struct cw_diff_row *rows;
	size_t n_rows, regressed, worse, fixed, added, gone;
	size_t pairs, pairs_worse, pairs_better;
	double pairs_p;
	bool pairs_regressed;
	double p95_before, p95_now;       /* NAN: not estimable */
	double delta, delta_lo, delta_hi; /* of the p95s, ms; NAN: no interval */
	double tolerance_ms;
	const char *latency_note; /* what the interval was drawn from, or why there is none */
	bool slower;
	const char *warnings[6]; /* stale, other files, other target … */
	size_t n_warnings;
};

/* @run: run.json of the run that @t counts; @wall_us: now, for the age (0: not looked at). ENOMEM. */
int cw_diff_new(void *parent, const struct cw_baseline *b, const json_t *run, const struct cw_tally *t, int64_t wall_us,
	struct cw_diff **ret);
bool cw_diff_is_regression(const struct cw_diff *d);
/* For reports. New reference, NULL: no memory. */
json_t *cw_diff_json(const struct cw_diff *d);

/* One-sided Fisher's exact test: the chance of at most @k2 of @n2 when both groups pass alike, given @k1 of @n1. n = 0: 1. */
double cw_fisher_less(size_t k2, size_t n2, size_t k1, size_t n1);
