#include "base/rng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

void cw_rng_init(struct cw_rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix64(&seed);
}

void cw_rng_fork(struct cw_rng *r, const char *label, struct cw_rng *child)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *label; label++)
		h = (h ^ (unsigned char)*label) * UINT64_C(0x100000001b3);
	cw_rng_init(child, cw_rng_u64(r) ^ h);
}

uint64_t cw_rng_u64(struct cw_rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Lemire's multiplication with rejection (arXiv:1805.10941). */
uint32_t cw_rng_below(struct cw_rng *r, uint32_t n)
{
	uint64_t m = (cw_rng_u64(r) >> 32) * n;

	if ((uint32_t)m < n) {
		uint32_t reject_below = (uint32_t)-n % n;

		while ((uint32_t)m < reject_below)
			m = (cw_rng_u64(r) >> 32) * n;
	}
	return (uint32_t)(m >> 32);
}

double cw_rng_unit(struct cw_rng *r)
{
	return (double)(cw_rng_u64(r) >> 11) * 0x1p-53;
}

/* Box and Muller, one of the pair: no hidden state, always two draws. */
double cw_rng_normal(struct cw_rng *r)
{
	double u = 1 - cw_rng_unit(r); /* (0, 1] */
	double v = cw_rng_unit(r);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

bool cw_rng_chance(struct cw_rng *r, double p)
{
	return cw_rng_unit(r) < p;
}
