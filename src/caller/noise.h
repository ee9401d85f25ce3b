/*
 * noise.h: sounds a caller makes which are no words: a cough, a door, hiss
 *
 * Rendered from the given randomness: the same seed gives the same samples.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum cw_noise { CW_NOISE_COUGH, CW_NOISE_DOOR, CW_NOISE_WHITE, CW_NOISE_HUM, CW_NOISE_N };
const char *const *cw_noise_names(void);               /* NULL-terminated, in the order of the enum */
int cw_noise_of(const char *name, enum cw_noise *ret); /* EINVAL */

#define CW_NOISE_MAX_MS 60000

/* @ms of the sound, 8 kHz, its loud part at @level_db below full scale (negative), as talloc array under @parent.
 * EINVAL: @ms is 0 or above CW_NOISE_MAX_MS. ENOMEM. */
int cw_noise_render(
	void *parent, enum cw_noise kind, unsigned ms, double level_db, struct cw_rng *rng, int16_t **ret, size_t *n);
