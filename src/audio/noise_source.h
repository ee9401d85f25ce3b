/*
 * noise_source.h: endless background noise of power 1 within a band, for effect.c
 *
 * Never allocates after cw_noise_source_new(). Kinds: see effect.h.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "audio/g711.h"
#include "base/rng.h"

struct cw_noise_source;

struct cw_noise_conf {
	const char *kind;
	const int16_t *pcm; /* for babble, looped; NULL: a synthetic murmur */
	size_t samples;
	float band_low_hz, band_high_hz; /* 0 = open */
};

/* EINVAL: unknown kind, or @pcm is silence. ENOMEM. Draws from @rng, which must outlive the source. */
int cw_noise_source_new(
	void *parent, const struct cw_noise_conf *conf, struct cw_rng *rng, struct cw_noise_source **ret);
/* Add the next frame, @rms strong on average, to @x (1 = full scale). */
void cw_noise_source_add(struct cw_noise_source *s, float rms, float x[CW_FRAME_SAMPLES]);
