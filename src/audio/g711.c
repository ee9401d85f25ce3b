#include "audio/g711.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* gcc makes vector code of the encoding loops at -O3 only, clang at -O2 */
#endif

#define ULAW_BIAS     132 /* makes every segment start at a power of two */
#define MAGNITUDE_MAX 32767
#define ALAW_EVEN     0x55 /* A-law inverts every other bit on the wire */
#define BLOCK         16   /* a fixed trip count, which compilers turn into vector code at -O2 */

/* One code word of each law as a constant expression (G.711, tables 2a and 1a). */
#define ULAW_MAGNITUDE(u) ((((((u)&15) << 3) + ULAW_BIAS) << (((u)&0x70) >> 4)) - ULAW_BIAS)
#define ULAW_VALUE(c)     ((~(c)&0x80) ? -ULAW_MAGNITUDE(~(c)) : ULAW_MAGNITUDE(~(c)))
#define ALAW_SEGMENT(a)   (((a)&0x70) >> 4)
#define ALAW_STEP(a)      (((a)&15) << 4)
#define ALAW_MAGNITUDE(a) (ALAW_SEGMENT(a) ? (ALAW_STEP(a) + 264) << ALAW_SEGMENT(a) >> 1 : ALAW_STEP(a) + 8)
#define ALAW_VALUE(c)     (((c)&0x80) ? ALAW_MAGNITUDE((c) ^ ALAW_EVEN) : -ALAW_MAGNITUDE((c) ^ ALAW_EVEN))

#define ROW4(f, c)  f(c), f((c) + 1), f((c) + 2), f((c) + 3)
#define ROW16(f, c) ROW4(f, c), ROW4(f, (c) + 4), ROW4(f, (c) + 8), ROW4(f, (c) + 12)
#define ROW64(f, c) ROW16(f, c), ROW16(f, (c) + 16), ROW16(f, (c) + 32), ROW16(f, (c) + 48)

const int16_t cw_ulaw_table[256] = {
	ROW64(ULAW_VALUE, 0), ROW64(ULAW_VALUE, 64), ROW64(ULAW_VALUE, 128), ROW64(ULAW_VALUE, 192)};
const int16_t cw_alaw_table[256] = {
	ROW64(ALAW_VALUE, 0), ROW64(ALAW_VALUE, 64), ROW64(ALAW_VALUE, 128), ROW64(ALAW_VALUE, 192)};

/*
 * Segment and step of a magnitude, 0 .. 127, for magnitudes from 128 up: both laws are floating point with a 3-bit exponent
 * and a 4-bit fraction, so the bits stand ready in the IEEE 754 form of the number. No search for the top bit, no table, no
 * branch: the loops below become vector code.
 */
static inline uint32_t segment_step(uint32_t magnitude)
{
	union {
		float f;
		uint32_t u;
	} v = {.f = (float)(int32_t)magnitude};

	return (v.u >> 19) - ((127 + 7) << 4);
}

static inline uint8_t ulaw_encode_one(int32_t x)
{
	int32_t sign = x >> 31; /* 0 or -1 */
	int32_t m = ((x ^ sign) - sign) + ULAW_BIAS;

	m = m > MAGNITUDE_MAX ? MAGNITUDE_MAX : m;
	return (uint8_t)(segment_step((uint32_t)m) ^ (uint32_t)(0xFF ^ (sign & 0x80)));
}

static inline uint8_t alaw_encode_one(int32_t x)
{
	int32_t sign = x >> 31;
	uint32_t m = (uint32_t)(x ^ sign);
	uint32_t code = m < 256 ? m >> 4 : segment_step(m < 256 ? 256 : m);

	return (uint8_t)(code ^ (uint32_t)((ALAW_EVEN | 0x80) ^ (sign & 0x80)));
}

void cw_ulaw_decode(const uint8_t *in, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = cw_ulaw_table[in[i]];
}

void cw_ulaw_encode(const int16_t *in, uint8_t *out, size_t n)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		for (size_t k = 0; k < BLOCK; k++)
			out[i + k] = ulaw_encode_one(in[i + k]);
	for (; i < n; i++)
		out[i] = ulaw_encode_one(in[i]);
}

void cw_alaw_decode(const uint8_t *in, int16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = cw_alaw_table[in[i]];
}

void cw_alaw_encode(const int16_t *in, uint8_t *out, size_t n)
{
	size_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		for (size_t k = 0; k < BLOCK; k++)
			out[i + k] = alaw_encode_one(in[i + k]);
	for (; i < n; i++)
		out[i] = alaw_encode_one(in[i]);
}
