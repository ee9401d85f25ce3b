/*
 * judges.h: who judged a run, how far that judge can be believed, and what it was unsure of
 *
 * Lines of results.jsonl are added one at a time: checks a language model or a webhook decided, or should have decided, are counted.
 * Thread: blocking (reads calibrations and review.jsonl).  Owner: whoever embeds it.
 */
#pragma once
#include "base/json.h"
#include "trial/scenario/plan.h"

struct cw_judged { /* checks */
	size_t pass, fail, error;
};

void cw_judged_add(struct cw_judged *c, const json_t *result);

/* {"pass", "fail", "error": checks, "judges": [{"file", "model" | null, "hash", "confirm", "min_kappa", "calibration": {"path", "n", "same_judge",
 * "accuracy", "kappa", "sensitivity", "specificity": {"value", "lo", "hi"} | null} | null}], "unsure": [{"id", "rubric", "judge", "score", "belief",
 * "reason", "quote", "by"}], the first 100 of review.jsonl below @dir}. @plan may be NULL: no "judges". New reference; NULL: nothing was
 * judged, or no memory. */
json_t *cw_judged_json(
	const struct cw_judged *c, const struct cw_plan *plan, const struct cw_trial_conf *trial, const char *dir);
