/*
 * hist.h: histogram of durations with a fixed relative error (HDR layout: Gil Tene's HdrHistogram)
 *
 * 1 µs … 1 h, three significant digits, fixed size, no allocation after cw_hist_new(). Merging is exact (counts add).
 */
#pragma once
#include <stdint.h>

#include "base/json.h"

struct cw_hist;

int cw_hist_new(void *parent, struct cw_hist **ret);
void cw_hist_add(
	struct cw_hist *h, uint64_t value_us); /* above the range: counted in the last bucket and in "clipped" */
void cw_hist_merge(struct cw_hist *into, const struct cw_hist *from);
uint64_t cw_hist_count(const struct cw_hist *h);
uint64_t cw_hist_clipped(const struct cw_hist *h); /* of these, how many lay above the range */
uint64_t cw_hist_max(const struct cw_hist *h);     /* exact */
uint64_t cw_hist_min(const struct cw_hist *h);
double cw_hist_mean(const struct cw_hist *h);
uint64_t cw_hist_quantile(const struct cw_hist *h, double q); /* 0 … 1; 0 when empty */
