/*
 * fft.h: Fourier transforms of real signals (FFTW, single precision), safe to plan from any thread
 *
 * One object holds both arrays; running it never allocates. Thread: one at a time per object.
 */
#pragma once
#include <stddef.h>

#include <fftw3.h>

struct cw_fft {
	size_t n;
	float *in;          /* n samples */
	fftwf_complex *out; /* n / 2 + 1 bins */
	fftwf_plan forward, inverse;
};

/* @n: any size from 2 on. ENOMEM. */
int cw_fft_new(void *parent, size_t n, struct cw_fft **ret);
void cw_fft_forward(struct cw_fft *f); /* in to out */
void cw_fft_inverse(struct cw_fft *f); /* out to in, n times as large; out is spent */
