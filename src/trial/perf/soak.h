/*
 * soak.h: does it grow, does it get slower: slopes with intervals over the length of a load
 *
 * Samples that follow one another are alike, so they are put together to blocks first and the line is fitted through the blocks' medians: only
 * then the usual interval of a slope means something.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct cw_trend {
	bool known;           /* false: fewer than CW_TREND_BLOCKS_MIN blocks have samples */
	size_t n;             /* samples */
	double first, last;   /* median of the first and of the last block */
	double per_h, lo, hi; /* slope per hour with its 95 % interval */
};
#define CW_TREND_BLOCKS     20
#define CW_TREND_BLOCKS_MIN 5

/* Fit @value[i] at @at_s[i] (ascending) from @from_s to @to_s. ENOMEM. */
int cw_trend_fit(const double *at_s, const double *value, size_t n, double from_s, double to_s, struct cw_trend *ret);
json_t *cw_trend_json(const struct cw_trend *t, const char *unit);

/* Resident bytes of process @pid (0: our own). ENOENT when there is no such process. Blocking, short. */
int cw_resident_bytes(int64_t pid, uint64_t *ret);
