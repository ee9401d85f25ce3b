/*
 * list.h: what a run would do, for people and for programs: `callwright test --list` and `--dry-run`
 *
 * The list shows tests: what is said, how many assertions, over which slices, against which target. The dry run shows every call with its seed.
 * With @json both are one JSON document: {"tests": [...], "executions": n} or {"calls": [...], ...}.
 * Thread: any; pure functions of the plan.
 */
#pragma once
#include <stdio.h>

#include "trial/scenario/plan.h"

/* Tests of the plan, each once, with the sum at the end. Bytes go to @out (its error is sticky). ENOMEM. */
int cw_plan_list(struct cw_buf *out, const struct cw_plan *p, bool json);
/* Every call of the plan in its order. */
int cw_plan_dry_run(struct cw_buf *out, const struct cw_plan *p, const struct cw_trial_conf *conf, bool json);
/* A line to @to for everything an importer or a table wants a person to look at: "note: FILE:line:column: …". */
void cw_plan_warn(const struct cw_plan *p, FILE *to);
/* Assertions of a test: those on the whole call, on its turns and answers; members of sets count, sets do not. */
size_t cw_test_asserts(const struct cw_test *t);
