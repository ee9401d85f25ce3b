/*
 * effect.h: line conditions put on a caller's voice: a chain of effects named by an audio profile
 *
 * A profile ("clean", "pstn_g711", "mobile_lossy", "cafe", "car", "speakerphone", …) is a list of effects with parameters.
 * The chain works frame by frame at 8 kHz, in place, without allocation, all randomness from the rng given:
 *
 *   voice ▸ echo ▸ gain ▸ clipping ▸ band ──▸ + ──▸ packet loss and late frames, concealed ▸ line
 *                              noise ▸ band ──┘
 *
 * The noise follows the level of the voice behind the band (mean of its active frames so far; -26 dBov until some were heard),
 * so that @snr_db holds at the line. Thread: one at a time.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/why.h"

struct cw_effects;

struct cw_effect_conf { /* 0 = off, each */
	float gain_db;
	float band_low_hz, band_high_hz;
	/* "white", "pink", "car" (a rumble below 150 Hz and what tyres add), "traffic" (pink, swelling and fading over seconds),
	 * "babble", or NULL. Babble is @noise_pcm; without it a murmur of speech-shaped noise at the rate of syllables
	 * stands in, which has no words and no pitch. */
	const char *noise;
	float snr_db;             /* of the noise, against the active speech level; 0 dB is loud, not off */
	const int16_t *noise_pcm; /* for "babble": 8 kHz samples, looped; must outlive the chain */
	size_t noise_samples;
	float loss_p,
		loss_r; /* Gilbert–Elliott: P(good→bad), P(bad→good) per frame; a bad frame is lost (replaced by PLC) */
	float jitter_ms;        /* deviation of frame delay; a frame later than 60 ms counts as lost */
	float clip_db;          /* hard clipping this many dB below full scale */
	float speed;            /* 1.1 = faster; applied when a sentence is rendered, see cw_effect_speed() */
	float echo_ms, echo_db; /* one reflection, @echo_db below */
};

/* The names, NULL-terminated, and the profile of a name (ENOENT names the nearest). */
const char *const *cw_profile_names(void);
int cw_profile_find(const char *name, struct cw_effect_conf *ret, struct cw_why *why);

#define CW_EFFECT_ECHO_MAX_MS 1000

/* EINVAL: unknown noise, a probability outside 0 … 1, loss without return (loss_r = 0), an echo above CW_EFFECT_ECHO_MAX_MS,
 * negative or no number; ENOMEM. */
int cw_effects_new(void *parent, const struct cw_effect_conf *conf, struct cw_rng *rng, struct cw_effects **ret);
/* Apply to the next frame of 160 samples; silence goes in as zeros and may come out as noise. */
void cw_effects_frame(struct cw_effects *e, int16_t pcm[160]);
uint64_t cw_effects_lost(const struct cw_effects *e); /* frames lost or late so far */

#define CW_EFFECT_SPEED_MIN 0.5f
#define CW_EFFECT_SPEED_MAX 2.0f

/* Time-stretch @n samples by @speed without changing the pitch (WSOLA); new array under @parent. EINVAL: @speed outside the
 * limits above. */
int cw_effect_speed(void *parent, const int16_t *in, size_t n, float speed, int16_t **ret, size_t *n_out);
/* Babble from several voices' recordings, mixed to @n samples of constant level (-26 dBov). EINVAL: no voices, or none that
 * is more than silence. */
int cw_effect_babble(void *parent, const int16_t *const *voices, const size_t *lengths, size_t n_voices, size_t n,
	struct cw_rng *rng, int16_t **ret);
