/*
 * functional.h: what the checks of a run say about an agent's abilities, as a card: functional scores, response quality, product fit
 *
 * Every figure is defined by named checks (docs/judging.md has the table): those of certain types, and those whose `metric` is the
 * ability's name. What no check measured is null, never 0. Calls that are INVALID or ERROR, and checks that could not be decided, are not counted.
 * Pure functions of the lines of results.jsonl. Thread: any.
 */
#pragma once
#include "base/json.h"

/* {"overall_score", "overall_of": share of the weights that was measured, "reasoning", "factual", "math", "context_retention", "memory_recall",
 * "coherence", "tone_consistency", "creativity", "empathy", "tool_selection", "tool_efficiency", "style_consistency", "n": {ability: checks}}.
 * New reference; NULL: no memory. */
json_t *cw_functional_scores(const json_t *results);
/* {"score", "response_ms", "dead_air_ms", …: means, "recommendations": ["…", …], each naming what it was concluded from}. New reference. */
json_t *cw_response_quality(const json_t *results);
/* {"satisfaction", "completion", "retry", "escalation", "engagement", "delight_moments", "n"}. New reference. */
json_t *cw_pmf_metrics(const json_t *results);
/* All three, result by result, in memory that does not grow with them: for reports of large runs. */
struct cw_card;
int cw_card_new(void *parent, struct cw_card **ret); /* ENOMEM */
void cw_card_add(struct cw_card *c, const json_t *result);
/* {"functional": …, "response_quality": …, "product_fit": …}. New reference; NULL: no memory. */
json_t *cw_card_json(const struct cw_card *c);

/* The names of the abilities, NULL-terminated. */
const char *const *cw_functional_names(void);
