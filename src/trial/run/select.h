/*
 * select.h: a part of a plan: a shard, a sample, what failed before
 *
 * Applied in this order: what failed, shard, sample, first. All repeats of a test in a slice stay in one shard, so that flakiness shows.
 * Thread: any; pure but for reading the file of an earlier run.
 */
#pragma once
#include "trial/scenario/plan.h"

struct cw_select {
	const char
		*failing; /* summary.json, results.jsonl or folder of a run: only what did not pass there; NULL: all */
	unsigned shard, shards; /* shard 1 … shards; 0: all */
	unsigned sample;        /* so many, drawn by the run's seed, in the plan's order; 0: all */
};

bool cw_select_any(const struct cw_select *s);
/* Leave only these in @plan and change its hash. ENOENT, EBADMSG … with @why, ENOMEM. */
int cw_select_apply(
	const struct cw_select *s, const struct cw_trial_conf *conf, struct cw_plan *plan, struct cw_why *why);

/* For run.json. The strings of @ret hang from @parent. */
json_t *cw_select_json(const struct cw_select *s);
int cw_select_parse(void *parent, const json_t *j, struct cw_select *ret);
