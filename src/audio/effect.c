#include "audio/effect.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <spandsp.h>

#include "audio/biquad.h"
#include "audio/g711.h"
#include "audio/noise_source.h"
#include "audio/vector.h"
#include "base/mem.h"

#define LATE_MS       60.0f
#define JITTER_MEMORY 0.9f      /* delays of neighbouring frames resemble each other */
#define SPEECH_POWER  2.512e-3f /* -26 dBov: expected of a voice before any was heard */
#define SPEECH_FRAMES 5.0f      /* how many frames that expectation is worth */
#define ACTIVE_POWER  1e-5f     /* -50 dBov */
#define ACTIVE_SHARE  0.00316f  /* 25 dB below the loudest frame */

struct cw_effects {
	struct cw_effect_conf conf;
	struct cw_rng rng;
	float gain, clip, echo_gain;
	struct cw_biquad4 low, high; /* the voice's */
	float *echo;                 /* ring of the last samples, or NULL */
	size_t echo_at, echo_samples;
	struct cw_noise_source *noise; /* or NULL */
	float noise_gain;              /* at speech power 1 */
	float speech_power;            /* mean of the active frames */
	float speech_frames;
	float loudest;
	bool bad; /* state of the Gilbert–Elliott channel */
	float delay_ms;
	bool lossy;
	plc_state_t plc;
	uint64_t lost;
};

static float from_db(float db)
{
	return powf(10, db / 20);
}

static bool probability(float p)
{
	return p >= 0 && p <= 1;
}

static bool acceptable(const struct cw_effect_conf *c)
{
	return isfinite(c->gain_db) && isfinite(c->snr_db) && isfinite(c->echo_db) && isfinite(c->clip_db) &&
	       c->clip_db >= 0 && c->band_low_hz >= 0 && c->band_high_hz >= 0 && probability(c->loss_p) &&
	       probability(c->loss_r) && (c->loss_p <= 0 || c->loss_r > 0) && c->jitter_ms >= 0 &&
	       c->jitter_ms <= 10000 && c->echo_ms >= 0 && c->echo_ms <= CW_EFFECT_ECHO_MAX_MS;
}

/* Set up the noise with a gain that makes it as strong as speech of power 1 at 0 dB. */
static int open_noise(struct cw_effects *e)
{
	const struct cw_effect_conf *c = &e->conf;
	struct cw_noise_conf conf = {.kind = c->noise,
		.pcm = c->noise_pcm,
		.samples = c->noise_samples,
		.band_low_hz = c->band_low_hz,
		.band_high_hz = c->band_high_hz};
	int err = cw_noise_source_new(e, &conf, &e->rng, &e->noise);

	if (!err)
		e->noise_gain = from_db(-c->snr_db);
	return err;
}

int cw_effects_new(void *parent, const struct cw_effect_conf *conf, struct cw_rng *rng, struct cw_effects **ret)
{
	int err;

	if (!acceptable(conf))
		return EINVAL;

	CW_SCOPED struct cw_effects *e = talloc_zero(NULL, struct cw_effects);

	if (!e)
		return ENOMEM;
	e->conf = *conf;
	cw_rng_fork(rng, "effects", &e->rng);
	e->gain = from_db(conf->gain_db);
	e->clip = conf->clip_db > 0 ? from_db(-conf->clip_db) : 1;
	e->echo_gain = from_db(-conf->echo_db);
	cw_biquad4_init(&e->low, (double)conf->band_low_hz, CW_RATE_HZ, true);
	cw_biquad4_init(&e->high, (double)conf->band_high_hz, CW_RATE_HZ, false);
	e->speech_power = SPEECH_POWER * e->gain * e->gain;
	e->speech_frames = SPEECH_FRAMES;
	e->lossy = conf->loss_p > 0 || conf->jitter_ms > 0;
	(void)plc_init(&e->plc); /* fails for NULL when out of memory only */
	e->echo_samples = (size_t)(conf->echo_ms * (CW_RATE_HZ / 1000));
	if (e->echo_samples) {
		e->echo = talloc_zero_array(e, float, e->echo_samples);
		if (!e->echo)
			return ENOMEM;
	}
	if (conf->noise) {
		err = open_noise(e);
		if (err)
			return err;
	}
	*ret = talloc_move(parent, &e);
	return 0;
}

static void reflect(struct cw_effects *e, float *x)
{
	for (size_t i = 0; i < CW_FRAME_SAMPLES; i++) {
		float late = e->echo[e->echo_at];

		e->echo[e->echo_at] = x[i];
		e->echo_at = e->echo_at + 1 == e->echo_samples ? 0 : e->echo_at + 1;
		x[i] += e->echo_gain * late;
	}
}

/* Mean power of the frames in which somebody speaks. */
static void measure_speech(struct cw_effects *e, const float *x)
{
	float power = cw_dot4(x, x, CW_FRAME_SAMPLES) / CW_FRAME_SAMPLES;

	e->loudest = power > e->loudest ? power : e->loudest;
	if (power < ACTIVE_POWER * e->gain * e->gain || power < e->loudest * ACTIVE_SHARE)
		return;
	e->speech_power += (power - e->speech_power) / ++e->speech_frames;
}

/* Does this frame miss its turn? */
static bool frame_lost(struct cw_effects *e)
{
	const struct cw_effect_conf *c = &e->conf;

	e->bad = e->bad ? !cw_rng_chance(&e->rng, (double)c->loss_r) : cw_rng_chance(&e->rng, (double)c->loss_p);
	if (c->jitter_ms > 0)
		e->delay_ms = JITTER_MEMORY * e->delay_ms +
			      sqrtf(1 - JITTER_MEMORY * JITTER_MEMORY) * c->jitter_ms * (float)cw_rng_normal(&e->rng);
	return e->bad || e->delay_ms > LATE_MS;
}

static int16_t to_sample(float v)
{
	return (int16_t)(v >= 32767 ? 32767 : v <= -32768 ? -32768 : lrintf(v));
}

/* Bring the ring of the concealer to its start: spandsp 0.0.6 does that itself with a memcpy() which overlaps. */
static void straighten(plc_state_t *plc)
{
	int16_t first[PLC_HISTORY_LEN];
	size_t at = (size_t)plc->buf_ptr;

	memcpy(first, plc->history, at * sizeof(*first));
	memmove(plc->history, plc->history + at, (PLC_HISTORY_LEN - at) * sizeof(*first));
	memcpy(plc->history + PLC_HISTORY_LEN - at, first, at * sizeof(*first));
	plc->buf_ptr = 0;
}

void cw_effects_frame(struct cw_effects *e, int16_t pcm[CW_FRAME_SAMPLES])
{
	float x[CW_FRAME_SAMPLES];

	for (int i = 0; i < CW_FRAME_SAMPLES; i++)
		x[i] = (float)pcm[i] / 32768;
	if (e->echo)
		reflect(e, x);
	for (int i = 0; i < CW_FRAME_SAMPLES; i++) {
		x[i] *= e->gain;
		x[i] = x[i] > e->clip ? e->clip : x[i] < -e->clip ? -e->clip : x[i];
	}
	cw_biquad4_run(&e->low, x, CW_FRAME_SAMPLES);
	cw_biquad4_run(&e->high, x, CW_FRAME_SAMPLES);
	if (e->noise) {
		measure_speech(e, x);
		cw_noise_source_add(e->noise, e->noise_gain * sqrtf(e->speech_power), x);
	}
	for (int i = 0; i < CW_FRAME_SAMPLES; i++)
		pcm[i] = to_sample(x[i] * 32768);
	if (!e->lossy)
		return;
	if (frame_lost(e)) {
		e->lost++;
		straighten(&e->plc);
		(void)plc_fillin(&e->plc, pcm, CW_FRAME_SAMPLES); /* returns the number given */
	} else {
		(void)plc_rx(&e->plc, pcm, CW_FRAME_SAMPLES);
	}
}

uint64_t cw_effects_lost(const struct cw_effects *e)
{
	return e->lost;
}
