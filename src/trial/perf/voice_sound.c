/* A sentence on its way through a line: level, effects, noise. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/effect.h"
#include "audio/g711.h"
#include "base/mem.h"
#include "trial/perf/voice_int.h"

#define LEVEL  1642.0 /* -26 dBov */
#define ACTIVE 1e-3   /* 30 dB below the loudest frame */
#define LEAD   1600   /* samples of the line before the words */
#define TRAIL  2400   /* and behind them */

static double power_of(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)n;
}

void voice_level(int16_t *pcm, size_t n)
{
	double top = 0, sum = 0, gain;
	size_t frames = 0;

	for (size_t at = 0; at + CW_FRAME_SAMPLES <= n; at += CW_FRAME_SAMPLES)
		top = fmax(top, power_of(pcm + at, CW_FRAME_SAMPLES));
	for (size_t at = 0; at + CW_FRAME_SAMPLES <= n; at += CW_FRAME_SAMPLES) {
		double p = power_of(pcm + at, CW_FRAME_SAMPLES);

		if (p > ACTIVE * top) {
			sum += p;
			frames++;
		}
	}
	if (!frames || !(sum > 0))
		return;
	gain = LEVEL / sqrt(sum / (double)frames);
	for (size_t i = 0; i < n; i++) {
		double v = gain * pcm[i];

		pcm[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
	}
}

/* Every sound crosses the line as mu-law, the control as well: that is what ears of this program are given. */
static void companded(int16_t *pcm, size_t n)
{
	uint8_t code[CW_FRAME_SAMPLES];

	for (size_t at = 0; at < n; at += CW_FRAME_SAMPLES) {
		size_t some = n - at < CW_FRAME_SAMPLES ? n - at : CW_FRAME_SAMPLES;

		cw_ulaw_encode(pcm + at, code, some);
		cw_ulaw_decode(code, pcm + at, some);
	}
}

static int effects_of(void *parent, const struct cw_voice_run *r, const struct voice_condition *c, uint64_t seed,
	struct cw_effects **ret, float *speed)
{
	struct cw_effect_conf conf;
	struct cw_rng rng;
	int err = cw_profile_find(c->channel, &conf, NULL);

	if (err)
		return err;
	if (c->snr_db < VOICE_NO_SNR) {
		conf.snr_db = (float)c->snr_db;
		conf.noise = r->noise_kind ? r->noise_kind : conf.noise ? conf.noise : "pink";
		conf.noise_pcm = r->noise_pcm;
		conf.noise_samples = r->n_noise;
	}
	*speed = conf.speed;
	cw_rng_init(&rng, seed);
	return cw_effects_new(parent, &conf, &rng, ret);
}

int voice_degrade(void *parent, const struct cw_voice_run *r, const struct voice_spoken *s,
	const struct voice_condition *c, uint64_t seed, int16_t **ret, size_t *n)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_effects *e = NULL;
	const int16_t *words = s->pcm;
	size_t n_words = s->n, total;
	float speed = 0;
	int16_t *out, *changed = NULL;
	int err = scope ? 0 : ENOMEM;

	if (!err && c->channel)
		err = effects_of(scope, r, c, seed, &e, &speed);
	if (!err && speed > 0) {
		err = cw_effect_speed(scope, s->pcm, s->n, speed, &changed, &n_words);
		words = changed;
	}
	if (err)
		return err;
	total = LEAD + n_words + TRAIL;
	total += CW_FRAME_SAMPLES - total % CW_FRAME_SAMPLES;
	out = talloc_zero_array(scope, int16_t, total);
	if (!out)
		return ENOMEM;
	memcpy(out + LEAD, words, n_words * sizeof(*out));
	for (size_t at = 0; e && at < total; at += CW_FRAME_SAMPLES)
		cw_effects_frame(e, out + at);
	companded(out, total);
	*ret = talloc_steal(parent, out);
	*n = total;
	return 0;
}
