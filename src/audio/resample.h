/*
 * resample.h: streaming sample rate conversion (speexdsp), 8, 16, 22.05, 24, 48 kHz either way
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct cw_resampler;

/* EINVAL: a rate outside 4 … 192 kHz. Quality 3 (about 3 ms delay). Equal rates copy. */
int cw_resampler_new(void *parent, unsigned in_hz, unsigned out_hz, struct cw_resampler **ret);
/* Convert: *n_in samples available, *n_out room; on return how many were used and written. Never allocates. */
void cw_resampler_run(struct cw_resampler *r, const int16_t *in, size_t *n_in, int16_t *out, size_t *n_out);
/* Room needed for the output of @n_in samples. */
size_t cw_resampler_room(const struct cw_resampler *r, size_t n_in);
void cw_resampler_reset(struct cw_resampler *r);

/* A whole recording, without the filter's delay: *@ret under @parent has the samples of exactly the same stretch of time,
 * rounded up. EINVAL as above, ENOMEM. */
int cw_resample(
	void *parent, unsigned in_hz, unsigned out_hz, const int16_t *in, size_t n_in, int16_t **ret, size_t *n_out);
