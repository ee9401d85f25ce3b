/*
 * compare.h: A against B: the same calls or prompts with both, interleaved A B B A, and what the difference is worth
 *
 * Both sides get the same scenarios, seeds, voices and channel noise; only the target or its configuration differs. Two stored runs can be compared
 * too, without a call. Thread: cw_compare_run() blocks; it owns its world.
 */
#pragma once
#include "trial/perf/override.h"
#include "trial/perf/pairs.h"
#include "trial/scenario/plan.h"

struct cw_compare_side {
	const char *target;             /* NULL: as the files or the override say */
	const struct cw_override *over; /* or NULL */
	const char *run;                /* folder of a stored run, instead of all others */
};

struct cw_compare_conf { /* strings are borrowed and must outlive it */
	struct cw_trial_conf trial;
	struct cw_compare_side side[2];
	const char *const *prompts; /* of chat: targets without scenario files */
	size_t n_prompts;
	unsigned iterations, jobs;
	const char *out_dir;
	const char *const *outputs; /* .json .md .html */
	size_t n_outputs;
};

enum cw_compare_end {
	CW_COMPARE_EQUAL, /* no difference shown, or better */
	CW_COMPARE_WORSE,
	CW_COMPARE_UNREACHABLE,
	CW_COMPARE_NOTHING,
	CW_COMPARE_INTERRUPTED
};

int cw_compare_run(const struct cw_compare_conf *conf, enum cw_compare_end *end, struct cw_why *why);
