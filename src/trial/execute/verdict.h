/*
 * judge.h: from a finished call to verdict, result line and files
 *
 * Blocking and pure: reads the recording, runs every assertion, writes the files of the call's folder. Off the lane in real time.
 */
#pragma once
#include "trial/execute/execute.h"
#include "trial/view/view.h"

struct cw_call_record { /* what is left of a call when it is over; its strings and timelines belong to it */
	const struct cw_plan_item *item;
	const struct cw_trial_conf *trial;
	const char *run_dir, *call_dir;     /* call_dir: "<run>/calls/<key>", NULL: nothing is kept */
	struct cw_timeline *caller, *agent; /* agent: NULL when not visible */
	struct cw_script_result script;
	enum cw_end_reason end_reason;
	const char *end_detail;
	uint64_t end_us;
	bool timed_out; /* we ended it: too long */
	int open_err;   /* it never began: errno of why, and the reason in open_why */
	const char *open_why;
	const char *db_path;      /* or NULL */
	const char *wav_path;     /* or NULL */
	const uint8_t *levels[2]; /* by side, per 20 ms; or NULL */
	size_t n_levels[2];
	struct cw_view_probe *probes;
	size_t n_probes;
	unsigned faults; /* injected */
};

/* ENOMEM. */
int cw_judge(void *parent, const struct cw_call_record *r, struct cw_exec_result **ret);

/* All assertions of a test with the step they stand under: for probes. */
typedef int cw_assert_fn(const struct cw_assert *a, void *arg);
int cw_judge_each_assert(const struct cw_test *t, cw_assert_fn *fn, void *arg);

/* What is expected of the agent after this action of the caller; empty when nothing is. */
const struct cw_expect *cw_expect_of(const struct cw_test *t, const struct cw_play *p);

/* artifacts.c: files of the call's folder: events.jsonl, transcript.json, waterfall.json, levels.json, labels.txt. */
int cw_artifacts_write(const struct cw_call_record *r, const struct cw_view *v);
