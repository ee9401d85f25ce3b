#include "base/hist.h"

#include <errno.h>

/*
 * Buckets are linear inside each power of two: 2,048 sub-buckets give a relative error below 1/1024, so that three significant
 * digits hold. The first octave covers 0 … 2,047 µs exactly; each later one adds 1,024 buckets of double width.
 */
#define SUB_BITS  11
#define SUB       ((uint64_t)1 << SUB_BITS)
#define HALF      (SUB / 2)
#define RANGE_MAX UINT64_C(3600000000) /* 1 h in µs; below 2^32 */
#define OCTAVES   (32 - SUB_BITS)
#define BUCKETS   (SUB + OCTAVES * HALF)

struct cw_hist {
	uint64_t counts[BUCKETS];
	uint64_t n, clipped;
	uint64_t min, max;
	unsigned __int128 sum;
};

static size_t bucket_of(uint64_t v)
{
	if (v < SUB)
		return (size_t)v;

	unsigned shift = (unsigned)(63 - __builtin_clzll(v)) - (SUB_BITS - 1);

	return (size_t)(SUB + (shift - 1) * HALF + ((v >> shift) - HALF));
}

static uint64_t highest_in(size_t bucket)
{
	if (bucket < SUB)
		return bucket;

	uint64_t shift = (bucket - SUB) / HALF + 1, top = (bucket - SUB) % HALF + HALF;

	return ((top + 1) << shift) - 1;
}

int cw_hist_new(void *parent, struct cw_hist **ret)
{
	struct cw_hist *h = talloc_zero(parent, struct cw_hist);

	if (!h)
		return ENOMEM;
	*ret = h;
	return 0;
}

void cw_hist_add(struct cw_hist *h, uint64_t value_us)
{
	uint64_t v = value_us < RANGE_MAX ? value_us : RANGE_MAX;

	h->clipped += value_us > RANGE_MAX;
	h->counts[bucket_of(v)]++;
	if (!h->n || value_us < h->min)
		h->min = value_us;
	if (value_us > h->max)
		h->max = value_us;
	h->n++;
	h->sum += value_us;
}

void cw_hist_merge(struct cw_hist *into, const struct cw_hist *from)
{
	if (!from->n)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		into->counts[i] += from->counts[i];
	if (!into->n || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->n += from->n;
	into->clipped += from->clipped;
	into->sum += from->sum;
}

uint64_t cw_hist_count(const struct cw_hist *h)
{
	return h->n;
}

uint64_t cw_hist_clipped(const struct cw_hist *h)
{
	return h->clipped;
}

uint64_t cw_hist_max(const struct cw_hist *h)
{
	return h->max;
}

uint64_t cw_hist_min(const struct cw_hist *h)
{
	return h->min;
}

double cw_hist_mean(const struct cw_hist *h)
{
	return h->n ? (double)h->sum / (double)h->n : 0;
}

uint64_t cw_hist_quantile(const struct cw_hist *h, double q)
{
	uint64_t seen = 0, rank;

	if (!h->n)
		return 0;
	if (!(q > 0))
		return h->min;
	if (q >= 1)
		return h->max;
	rank = (uint64_t)(q *
			  (double)h
				  ->n); /* rounded up below: the smallest value with at least q of all at or below it */
	if ((double)rank < q * (double)h->n)
		rank++;
	for (size_t i = 0; i < BUCKETS; i++) {
		seen += h->counts[i];
		if (seen < rank || !h->counts[i])
			continue;

		uint64_t v = highest_in(i);

		if (v > h->max || h->clipped > h->n - rank)
			v = h->max;
		return v < h->min ? h->min : v;
	}
	return h->max;
}
