/*
 * load.h: many callers at a target: they come when they come, every call is checked, nothing that was late is left out
 *
 * Callers arrive in an open process (arrivals.h), or so many are kept in the line. Each is an execution with the scenario's assertions.
 * Latencies count from the moment the caller was meant to dial and to speak, so that a harness or a target that falls behind shows.
 * Lanes are threads with callers of their own; their histograms are merged.
 * Thread: cw_load_run() blocks; it owns its worlds.
 */
#pragma once
#include "trial/perf/arrivals.h"
#include "trial/scenario/plan.h"

struct cw_load_conf { /* strings are borrowed and must outlive the load */
	struct cw_trial_conf trial;
	const struct cw_stage *stages; /* none: `concurrency` callers are kept in the line for `duration_us` */
	size_t n_stages;
	uint64_t duration_us; /* of a load without stages */
	bool constant;        /* evenly spaced instead of Poisson */
	unsigned concurrency; /* calls at once at most; 0: no limit but CW_LOAD_LIVE_MAX */
	uint64_t max_calls;   /* 0: no limit */
	uint64_t drain_us;    /* calls may last so long after the last caller came */
	unsigned lanes;       /* threads, at least 1 */
	bool soak;
	int64_t pid;        /* of a local target, for soak; 0: none */
	double min_success; /* gate on PASS of PASS and FAIL; negative: any FAIL fails */
	double max_p95_ms;  /* gate on the answers from the intended words; 0: none */
	double knee_level;
	const char *out_dir; /* NULL: runs/<time>-<id> */
	const char *const *outputs;
	size_t n_outputs; /* further files: .json .csv .md */
	bool keys;        /* + - * / q from the terminal */
};

#define CW_LOAD_LIVE_MAX  20000
#define CW_LOAD_LANES_MAX 64

enum cw_load_end {
	CW_LOAD_PASSED,
	CW_LOAD_FAILED,
	CW_LOAD_UNREACHABLE, /* no call reached the target */
	CW_LOAD_UNTRUSTED,   /* the callers themselves were late, or invalid, too often */
	CW_LOAD_NOTHING,
	CW_LOAD_INTERRUPTED,
};

/* 0 with *@end, or an error of configuration or environment with @why. */
int cw_load_run(const struct cw_load_conf *conf, enum cw_load_end *end, struct cw_why *why);
