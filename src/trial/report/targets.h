/*
 * targets.h: several ways to an agent in one run: what each of them costs
 *
 * Lines of results.jsonl are added one at a time; those without "target_name" are passed over. Each target but the first is set against
 * the first by pairs of the same call (test, slice, repeat; text, which has neither voice nor channel, by test, language and repeat): of
 * the turns answered in both, the mean difference of the answer times of each pair, then the median over pairs with a bootstrap interval.
 * Thread: one at a time.  Owner: the parent given to cw_targets_new().
 */
#pragma once
#include "base/buf.h"
#include "base/json.h"

struct cw_targets;

int cw_targets_new(void *parent, struct cw_targets **ret);      /* ENOMEM */
int cw_targets_add(struct cw_targets *t, const json_t *result); /* ENOMEM */

/* [{"name", "target", "n", "pass", "fail", "invalid", "error", "pass_rate", "pass_rate_95": [lo, hi], "response_ms": {n, mean, p50 …},
 * "first_word_ms": {…}, "wer": {"errors", "words", "rate"} | null, "cost_usd", "against": the first's name, "pairs", "difference_ms": {"value",
 * "lo", "hi"} | null}]: in the order of the run. Fewer than two: an empty array. New reference; NULL: no memory. */
json_t *cw_targets_json(struct cw_targets *t);

/* The same as a Markdown table, and as a table for a terminal; nothing when @targets is NULL or empty. */
void cw_targets_markdown(const json_t *targets, struct cw_buf *out);
void cw_targets_text(const json_t *targets, struct cw_buf *out);
