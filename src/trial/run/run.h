/*
 * run.h: one launch: plan, executions, results, reports
 *
 * Real time: up to `jobs` calls at once in one world. Simulation: each execution has a world of its own and runs as a job on the
 * work pool; results are written in the plan's order, so that the files depend on seed and files alone.
 * Thread: cw_run() blocks; it owns its world.
 */
#pragma once
#include "trial/scenario/plan.h"
#include "trial/report/tally.h"

struct cw_run_conf {
	struct cw_trial_conf trial; /* ignored when a run is resumed, but for jobs */
	const char *out_dir;        /* NULL: runs/<time>-<id> */
	const char *resume;         /* folder of a run to finish, or "last"; NULL: a new one */
	const char *const *outputs; /* further report files, kind by ending */
	size_t n_outputs;
};

enum cw_run_end {
	CW_RUN_PASSED,
	CW_RUN_FAILED,      /* an assertion or a gate (under faults: a promise) */
	CW_RUN_UNREACHABLE, /* a target could not be reached, or a check not be decided */
	CW_RUN_UNTRUSTED,   /* too many invalid, or a gate that cannot be decided */
	CW_RUN_NOTHING,     /* nothing was selected */
	CW_RUN_INTERRUPTED,
};

/* 0 with *@end, or an error of configuration or environment (EINVAL, ENOENT, EEXIST, EACCES, ENOSPC …) with @why. */
int cw_run(const struct cw_run_conf *conf, enum cw_run_end *end, struct cw_why *why);
