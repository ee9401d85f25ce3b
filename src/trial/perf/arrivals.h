/*
 * arrivals.h: when callers come: stages of rates, as a Poisson process or evenly spaced
 *
 * An open process: the next caller does not wait for the one before. Times are microseconds since the start. The same stages and seed
 * give the same times. Thread: one at a time; no I/O.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

#define CW_STAGES_MAX     100
#define CW_RATE_PER_S_MAX 10000.0

struct cw_stage { /* the rate goes straight from one value to the other */
	double from_per_s, to_per_s;
	uint64_t duration_us;
};

/* "10/s:30s,50/s:1m", "0-50/s:2m" (a ramp), "30/m:1h" (per minute). *@ret hangs from @parent. EINVAL with @why. */
int cw_stages_parse(void *parent, const char *text, struct cw_stage **ret, size_t *n, struct cw_why *why);
/* "20/s", "90/m", plain = per second. EINVAL. */
int cw_rate_parse(const char *text, double *per_s, struct cw_why *why);

struct cw_arrivals;
/* @constant: evenly spaced instead of Poisson. @stages is copied. ENOMEM. */
int cw_arrivals_new(
	void *parent, const struct cw_stage *stages, size_t n, bool constant, uint64_t seed, struct cw_arrivals **ret);
/* Time of the next caller; false: the stages are over. Does not move on. */
bool cw_arrivals_peek(struct cw_arrivals *a, uint64_t *at_us);
/* That one came: on to the one after. */
void cw_arrivals_take(struct cw_arrivals *a);
/* From @now_us on all rates are those of the stages times @factor (0: nobody comes). */
void cw_arrivals_scale(struct cw_arrivals *a, double factor, uint64_t now_us);
/* The rate at @at_us, factor included; 0 when over. */
double cw_arrivals_rate(const struct cw_arrivals *a, uint64_t at_us);
uint64_t cw_arrivals_end_us(const struct cw_arrivals *a);
