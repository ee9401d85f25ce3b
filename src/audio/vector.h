/*
 * vector.h: sums of products of float arrays, four at a time (GCC vector extensions, which clang has too)
 *
 * The compilers may not reorder float sums by themselves; here the order is fixed, so every machine gives the same bits.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef float cw_float4 __attribute__((vector_size(16)));

static inline cw_float4 cw_load4(const float *p)
{
	cw_float4 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline float cw_sum4(cw_float4 v)
{
	return (v[0] + v[2]) + (v[1] + v[3]);
}

/* Sum of a[i] * b[i]; @n is a multiple of 4. */
static inline float cw_dot4(const float *a, const float *b, size_t n)
{
	cw_float4 even = {0}, odd = {0};
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		even += cw_load4(a + i) * cw_load4(b + i);
		odd += cw_load4(a + i + 4) * cw_load4(b + i + 4);
	}
	if (i < n)
		even += cw_load4(a + i) * cw_load4(b + i);
	return cw_sum4(even + odd);
}

/* Largest |x| of @n samples, at most 32767. */
static inline int cw_peak(const int16_t *pcm, size_t n)
{
	int16_t peak = 0;

	for (size_t i = 0; i < n; i++) {
		int16_t m = (int16_t)(pcm[i] ^ (pcm[i] >> 15)); /* -32768 becomes 32767 */

		peak = m > peak ? m : peak;
	}
	return peak;
}
