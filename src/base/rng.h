/*
 * rng.h: seeded random numbers (xoshiro256**, Blackman and Vigna 2018; seeded by splitmix64)
 *
 * Not for secrets. The same seed gives the same sequence on every machine.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cw_rng {
	uint64_t s[4];
};

void cw_rng_init(struct cw_rng *r, uint64_t seed);
void cw_rng_fork(struct cw_rng *r, const char *label,
	struct cw_rng *child); /* independent stream named @label; draws once from @r */
uint64_t cw_rng_u64(struct cw_rng *r);
uint32_t cw_rng_below(struct cw_rng *r, uint32_t n); /* 0 … n-1 without bias; n >= 1 */
double cw_rng_unit(struct cw_rng *r);                /* [0, 1) */
double cw_rng_normal(struct cw_rng *r);              /* mean 0, deviation 1 */
bool cw_rng_chance(struct cw_rng *r, double p);
