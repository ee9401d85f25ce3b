/*
 * perf.h: how fast a target answers: prompts asked of a chat target, or calls placed to any, so many times, warm-up left out
 *
 * Thread: cw_perf_run() blocks; it owns its world.
 */
#pragma once
#include "trial/perf/override.h"
#include "trial/perf/series.h"
#include "trial/scenario/plan.h"

struct cw_perf_conf {                   /* strings are borrowed and must outlive it */
	struct cw_trial_conf trial;     /* files: none = prompts; target: needed without files */
	const struct cw_override *over; /* or NULL */
	const char *const *prompts;     /* of a target without scenario files; NULL: the usual ones */
	size_t n_prompts;
	unsigned iterations, warmup, concurrency;
	const char *out_dir;        /* of calls; NULL: runs/<time>-<id> */
	const char *const *outputs; /* .json .md */
	size_t n_outputs;
};

enum cw_perf_metric {
	CW_PERF_TEXT_TTFB,
	CW_PERF_TEXT_COMPLETION,
	CW_PERF_TOKENS_PER_S,
	CW_PERF_AUDIO_TTFB,
	CW_PERF_FIRST_WORD,
	CW_PERF_ANSWER_TIME,
	CW_PERF_TOTAL_LATENCY,
	CW_PERF_CHUNKS_PER_S,
	CW_PERF_METRICS
};

struct cw_perf_result { /* talloc object */
	const struct cw_perf_conf *conf;
	const char *target, *idle_keys; /* keys of the override that do nothing here, or "" */
	bool text, interrupted;
	struct cw_series series[CW_PERF_METRICS];
	size_t requests, failed; /* answers or calls that count; of them without a result */
	size_t verdict[4];       /* of calls, by enum cw_verdict */
	char *first_failure;     /* or NULL */
	double seconds;          /* from the first measured request to the end of the last */
	double busy_s;           /* of which requests were under way, added up */
	int64_t wall_us;
	char *run_dir; /* or NULL */
};

enum cw_perf_end { CW_PERF_DONE, CW_PERF_SOME_FAILED, CW_PERF_UNREACHABLE, CW_PERF_NOTHING, CW_PERF_INTERRUPTED };

/* Measure, print, write. Errors of configuration or environment with @why. */
int cw_perf_run(const struct cw_perf_conf *conf, enum cw_perf_end *end, struct cw_why *why);

/* perf_report.c */
json_t *cw_perf_json(struct cw_perf_result *r); /* new reference, NULL: no memory */
void cw_perf_text(struct cw_buf *b, struct cw_perf_result *r);
int cw_perf_output_check(const char *path, struct cw_why *why);
int cw_perf_write(struct cw_perf_result *r, const char *path, struct cw_why *why);

/* spoken.c: a scenario of prompts said one after another, for targets without scenario files: a temporary file, removed with @parent. */
int cw_spoken_scenario(void *parent, const char *const *prompts, size_t n, const char **path, struct cw_why *why);
