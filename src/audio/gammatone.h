/*
 * gammatone.h: the ear's filters: a bank of gammatone filters of fourth order on the ERB scale (Glasberg and Moore 1990)
 *
 * Each is a cascade of four equal complex one-pole filters: the magnitude of its output is the envelope of the band, without a
 * Hilbert transform. Gain 1 at the centre. Inside this folder only.
 */
#pragma once
#include <complex.h>
#include <math.h>
#include <stddef.h>

#define CW_GAMMATONE_ORDER 4

struct cw_gammatone {
	double centre_hz, erb_hz;
	double complex pole;
	double gain;
	double complex state[CW_GAMMATONE_ORDER];
};

static inline double cw_erb_hz(double f)
{
	return f / 9.26449 + 24.7;
}

/* @n filters, evenly spaced by ERB from @low_hz to below @high_hz, ascending (Slaney 1993's spacing). */
static inline void cw_gammatone_bank(struct cw_gammatone *g, size_t n, double low_hz, double high_hz, double rate_hz)
{
	const double q = 9.26449 * 24.7;

	for (size_t i = 0; i < n; i++) {
		double step = (double)(n - i) / (double)n * (log(low_hz + q) - log(high_hz + q));
		double f = exp(step) * (high_hz + q) - q, b = 2 * M_PI * 1.019 * cw_erb_hz(f) / rate_hz;

		g[i] = (struct cw_gammatone){.centre_hz = f,
			.erb_hz = cw_erb_hz(f),
			.pole = exp(-b) * cexp(I * (2 * M_PI * f / rate_hz)),
			.gain = 2 * pow(1 - exp(-b), CW_GAMMATONE_ORDER)};
	}
}

/* The next sample: its analytic band signal, whose magnitude is the envelope and whose real part the filtered sample. */
static inline double complex cw_gammatone_step(struct cw_gammatone *g, double x)
{
	double pr = creal(g->pole), pi = cimag(g->pole), re = x * g->gain, im = 0;

	for (int k = 0; k < CW_GAMMATONE_ORDER; k++) {
		double sr = creal(g->state[k]), si = cimag(g->state[k]);

		re += pr * sr - pi * si; /* spelled out: complex products of C look for infinities */
		im += pr * si + pi * sr;
		g->state[k] = re + I * im;
	}
	return g->state[CW_GAMMATONE_ORDER - 1];
}
