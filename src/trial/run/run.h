/*
 * run.h: one launch: plan, executions, results, reports
 *
 * Real time: up to `jobs` calls at once in one world. Simulation: each execution has a world of its own and runs as a job on the
 * work pool; results are written in the plan's order, so that the files depend on seed and files alone. Of an execution that is over
 * nothing but a few bytes stays in memory: results.jsonl is the memory of a run.
 * Thread: cw_run() blocks; it owns its world.
 */
#pragma once
#include "trial/report/tally.h"
#include "trial/run/select.h"
#include "trial/scenario/plan.h"

enum cw_fail_on {
	CW_FAIL_ON_USUAL,      /* gates, and failures of files which do not gate their pass rate */
	CW_FAIL_ON_ANY,        /* every failure */
	CW_FAIL_ON_THRESHOLD,  /* gates and limits only */
	CW_FAIL_ON_REGRESSION, /* only what got worse than the baseline */
};

struct cw_run_conf {
	struct cw_trial_conf trial;     /* ignored when a run is resumed, but for jobs */
	struct cw_select select;        /* likewise */
	const struct cw_limits *limits; /* NULL: none */
	enum cw_fail_on fail_on;
	const char *baseline;       /* file or run to compare with, or NULL */
	unsigned retry_invalid;     /* an INVALID execution is tried again up to so often, with another seed */
	bool retry_errors;          /* resumed: those that ended in ERROR are done again */
	double max_cost;            /* US dollars, 0: any */
	uint64_t max_us;            /* of wall time, 0: any */
	bool json;                  /* summary.json on standard output, no lines */
	const char *out_dir;        /* NULL: runs/<time>-<id> */
	const char *resume;         /* folder of a run to finish, its id, or "last"; NULL: a new one */
	const char *const *outputs; /* further report files, kind by ending */
	size_t n_outputs;
};

enum cw_run_end {
	CW_RUN_PASSED,
	CW_RUN_FAILED,      /* an assertion or a gate (under faults: a promise) */
	CW_RUN_UNREACHABLE, /* a target could not be reached, or a check not be decided */
	CW_RUN_UNTRUSTED,   /* too many invalid, or a gate that cannot be decided */
	CW_RUN_NOTHING,     /* nothing was selected */
	CW_RUN_REGRESSED,   /* worse than the baseline, although all else holds */
	CW_RUN_CAPPED,      /* a cap on cost or time ended it early, and what was run passed */
	CW_RUN_INTERRUPTED,
};

/* 0 with *@end, or an error of configuration or environment (EINVAL, ENOENT, EEXIST, EACCES, ENOSPC …) with @why. */
int cw_run(const struct cw_run_conf *conf, enum cw_run_end *end, struct cw_why *why);
