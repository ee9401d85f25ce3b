/*
 * matrix.h: the barge-in matrix: ways of coming in × early, middle, late, counted from the results of tests tagged `barge:KIND:PLACE`
 *
 * Results are added one at a time; what execute/barge.h wrote in them is all that is read. Rows are in the order interrupt, dtmf, backchannel, cough, aside,
 * tv, echo, pause, digits, then any others as they come; places early, middle, late, then others.
 * Thread: one at a time.  Owner: the parent given to cw_matrix_new().
 */
#pragma once
#include "base/buf.h"
#include "base/json.h"

struct cw_matrix;
struct cw_results;

int cw_matrix_new(void *parent, struct cw_matrix **ret); /* ENOMEM */
/* A line of results.jsonl. One without `barge`, or INVALID or ERROR, is passed over (the latter two are counted as not usable). ENOMEM. */
int cw_matrix_add(struct cw_matrix *m, const json_t *result);
/* All of a run's results. NULL: no memory, or the file cannot be read any more. */
struct cw_matrix *cw_matrix_of(void *parent, const struct cw_results *results);
bool cw_matrix_empty(const struct cw_matrix *m);

/* {"cells": [{"kind", "should": "stop" | "go on" | "wait", "place", "n", "reacted", "right", "right_low", "right_high" (Wilson, 95 %), "passed", "recovered",
 * "unusable", "stop_ms", "stop_max_ms", "recovery_ms", "recovery_max_ms" (medians and greatest, or null)}]}: cells with calls only, row by row. New
 * reference; NULL: no memory. */
json_t *cw_matrix_json(const struct cw_matrix *m);
/* The same as a Markdown table and a line that explains it; nothing when empty. */
void cw_matrix_markdown(const struct cw_matrix *m, struct cw_buf *out);
