/*
 * tally_int.h: what the files that count share; tally*.c only
 */
#pragma once
#include "trial/report/tally.h"

/* tally_parts.c: what is summed up besides verdicts. ENOMEM. */
int cw_tally_add_turn(struct cw_tally *t, const char *test, const json_t *turn, double response_ms);
int cw_tally_add_ear(struct cw_tally *t, uint32_t cell, const json_t *result);
int cw_tally_pool_ears(struct cw_tally *t); /* when all lines are in */

/* tally_gates.c: gates of the files in @plan and of the command line. ENOMEM. */
int cw_tally_gates(struct cw_tally *t, const struct cw_plan *plan, const struct cw_limits *limits);
