/*
 * baseline_int.h: what reading a baseline and comparing with it share; baseline.c and diff.c only
 */
#pragma once
#include "trial/report/baseline.h"

struct cw_baseline {
	json_t *j; /* as cw_baseline_save() writes it, or a summary.json */
};

struct cw_before { /* a cell of the baseline; borrowed from it */
	const char *letters;
	size_t pass, fail;
	const json_t *response; /* array of numbers in a baseline, object of percentiles in a summary */
};
struct cw_before cw_baseline_cell(const json_t *cell);
/* The baseline's cell for @c, borrowed; NULL: none. @hint: 0 at first, then as it was left. */
json_t *cw_baseline_find(const struct cw_baseline *b, const struct cw_cell *c, size_t *hint);
