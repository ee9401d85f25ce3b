/*
 * denormals.h: numbers too small to matter become zero while a filter runs
 *
 * A recursive filter fed with digital silence decays into denormal numbers, each of which costs an x86 processor a hundred times a
 * normal one (Intel 64 manual, volume 1, section 11.6.3: FTZ and DAZ in MXCSR). Elsewhere nothing is changed.
 * Per thread; restore what cw_denormals_off() gave before returning to code of others.
 */
#pragma once
#if defined(__SSE2__)
#include <xmmintrin.h>

static inline unsigned cw_denormals_off(void)
{
	unsigned before = _mm_getcsr();

	_mm_setcsr(before | 0x8040u);
	return before;
}

static inline void cw_denormals_restore(unsigned before)
{
	_mm_setcsr(before);
}
#else
static inline unsigned cw_denormals_off(void)
{
	return 0;
}

static inline void cw_denormals_restore(unsigned before)
{
	(void)before;
}
#endif
