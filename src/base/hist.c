#include "base/hist.h"

#include <errno.h>

#include "base/mem.h"

/*
 * Below 2048 µs every value has a bucket of its own; above, each doubling of the value is divided into 1024 buckets, so that a
 * bucket is never wider than 1/1024 of its values: three significant digits.
 */
#define SUB_BITS 11u
#define SUB (1u << SUB_BITS)
#define HALF (SUB / 2)
#define RANGE_US 3600000000ull    /* 1 h < 2^32 */
#define DOUBLINGS (32u - SUB_BITS)
#define BUCKETS (SUB + DOUBLINGS * HALF)

struct cw_hist {
	uint64_t count, clipped;
	uint64_t min, max;
	double sum;
	uint64_t buckets[BUCKETS];
};

static unsigned bucket_of(uint64_t v)
{
	if (v < SUB)
		return (unsigned)v;

	unsigned shift = 63u - (unsigned)__builtin_clzll(v) - (SUB_BITS - 1);

	return SUB + (shift - 1) * HALF + (unsigned)((v >> shift) - HALF);
}

/* The middle of the values a bucket stands for. */
static uint64_t value_of(unsigned bucket)
{
	if (bucket < SUB)
		return bucket;

	unsigned shift = (bucket - SUB) / HALF + 1;
	uint64_t low = (uint64_t)((bucket - SUB) % HALF + HALF) << shift;

	return low + (1ull << shift) / 2;
}

int cw_hist_new(void *parent, struct cw_hist **ret)
{
	struct cw_hist *h = talloc_zero(parent, struct cw_hist);

	if (!h)
		return ENOMEM;
	h->min = UINT64_MAX;
	*ret = h;
	return 0;
}

void cw_hist_add(struct cw_hist *h, uint64_t value_us)
{
	uint64_t v = value_us;

	if (v > RANGE_US) {
		v = RANGE_US;
		h->clipped++;
	}
	h->buckets[bucket_of(v)]++;
	h->count++;
	h->sum += (double)value_us;
	h->min = value_us < h->min ? value_us : h->min;
	h->max = value_us > h->max ? value_us : h->max;
}

void cw_hist_merge(struct cw_hist *into, const struct cw_hist *from)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	into->count += from->count;
	into->clipped += from->clipped;
	into->sum += from->sum;
	into->min = from->min < into->min ? from->min : into->min;
	into->max = from->max > into->max ? from->max : into->max;
}

uint64_t cw_hist_count(const struct cw_hist *h) { return h->count; }

uint64_t cw_hist_max(const struct cw_hist *h) { return h->max; }

uint64_t cw_hist_min(const struct cw_hist *h) { return h->count ? h->min : 0; }

double cw_hist_mean(const struct cw_hist *h) { return h->count ? h->sum / (double)h->count : 0; }

uint64_t cw_hist_quantile(const struct cw_hist *h, double q)
{
	uint64_t rank = (uint64_t)(q * (double)h->count + 0.5), seen = 0;

	if (!h->count)
		return 0;
	if (rank >= h->count)
		return h->max;
	rank = rank ? rank : 1;
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= rank) {
			uint64_t v = value_of(i);

			return v < h->min ? h->min : v > h->max ? h->max : v;
		}
	}
	return h->max;
}
