/*
 * biquad.h: Butterworth high-pass and low-pass filters of fourth order, two second-order sections each
 *
 * Embedded by value. A filter whose corner lies outside 0 … half of 8 kHz passes everything.
 */
#pragma once
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct cw_biquad4 {
	bool on;
	float b0[2], b1, a1[2], a2[2]; /* b2 = b0; b1 = b1 * b0 */
	float s1[2], s2[2];
};

static inline void cw_biquad4_init(struct cw_biquad4 *f, double corner_hz, double rate_hz, bool high)
{
	*f = (struct cw_biquad4){.on = corner_hz > 0 && corner_hz < rate_hz / 2, .b1 = high ? -2 : 2};
	if (!f->on)
		return;

	double k = tan(M_PI * corner_hz / rate_hz);

	for (int i = 0; i < 2; i++) {
		double damping = 2 * cos(M_PI / 8 * (2 * i + 1)); /* 1/Q */
		double norm = 1 / (1 + damping * k + k * k);

		f->b0[i] = (float)(high ? norm : k * k * norm);
		f->a1[i] = (float)(2 * (k * k - 1) * norm);
		f->a2[i] = (float)((1 - damping * k + k * k) * norm);
	}
}

static inline void cw_biquad4_run(struct cw_biquad4 *f, float *x, size_t n)
{
	if (!f->on)
		return;
	for (size_t k = 0; k < n; k++)
		for (int i = 0; i < 2; i++) {
			float in = x[k] * f->b0[i];
			float out = in + f->s1[i];

			f->s1[i] = f->b1 * in - f->a1[i] * out + f->s2[i];
			f->s2[i] = in - f->a2[i] * out;
			x[k] = out;
		}
	for (int i = 0; i < 2; i++) {
		if (fabsf(f->s1[i]) < 1e-20f) /* subnormal numbers are slow */
			f->s1[i] = 0;
		if (fabsf(f->s2[i]) < 1e-20f)
			f->s2[i] = 0;
	}
}
