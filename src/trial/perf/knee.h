/*
 * knee.h: success versus concurrency: in bands of how many calls were going on, how many of them came out right
 *
 * Pure functions of one sample per finished call.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/stat_rate.h"

#define CW_KNEE_BANDS_MAX 16

struct cw_load_sample {
	double concurrency; /* mean number of calls at once while this one lasted */
	double worst_ms;    /* its slowest answer, from the intended words; NAN: none */
	double end_s;       /* since the load began */
	bool passed;
	bool decided; /* PASS or FAIL: invalid calls say nothing about the target */
};

struct cw_knee_band {
	double from, to; /* concurrency */
	size_t calls, decided, passed;
	struct cw_interval rate; /* Wilson, 95 % */
	double p50_ms, p95_ms;   /* of the slowest answers; NAN: not estimable */
};

struct cw_knee {
	struct cw_knee_band bands[CW_KNEE_BANDS_MAX];
	size_t n;
	double level; /* rate of success that was asked for */
	double knee;  /* up to this concurrency it held; NAN: not even in the first band */
	bool reached; /* false: it held in all bands */
};

/* Bands of equal width over what was seen; empty ones are left out. ENOMEM. */
int cw_knee_find(const struct cw_load_sample *samples, size_t n, double level, struct cw_knee *ret);
json_t *cw_knee_json(const struct cw_knee *k); /* new reference, NULL: no memory */
void cw_knee_csv(struct cw_buf *b, const struct cw_knee *k);
