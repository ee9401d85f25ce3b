/*
 * ask.h: the question phase of judging, and the queue of what a person shall decide
 *
 * Blocking: in the judge's job. A call whose assertions ask nobody costs nothing here.
 */
#pragma once
#include "trial/execute/verdict.h"

/* Ask what the test's assertions need answers to; they are put into @v (and hang from @parent). What cannot be asked is an answer too, one that
 * says why. ENOMEM. */
int cw_judge_ask(void *parent, const struct cw_call_record *r, struct cw_view *v);

/* Some answers are unsure: mark the result with "unsure": true and append them to review.jsonl of the run's folder, in the form of a labels file
 * (docs/judging.md) whose label is still null. */
void cw_review_note(const struct cw_call_record *r, const struct cw_view *v, json_t *result);
