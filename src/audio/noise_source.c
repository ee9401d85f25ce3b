#include "audio/noise_source.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "audio/biquad.h"
#include "audio/vector.h"
#include "base/mem.h"

#define POLES          4
#define MEASURE_FRAMES 250  /* 5 s, to learn the power within the band */
#define LOOP_FRAMES    1500 /* of a recording at most */

/*
 * Coloured noise is white noise through a few one-pole low-passes, added up: corners two octaves apart, each with half the
 * amplitude of the one below, make 3 dB per octave. Swelling: the power goes from one random value to the next.
 */
static const struct kind {
	const char *name;
	float direct; /* share of unfiltered white noise */
	float corner_hz[POLES], weight[POLES];
	float low_hz, high_hz;         /* band of its own */
	float swell_db;                /* +- this much */
	unsigned swell_min, swell_max; /* frames from one value to the next */
} kinds[] = {
	{.name = "white", .direct = 1},
	{.name = "pink", .direct = 0.06f, .corner_hz = {20, 80, 320, 1280}, .weight = {1, 0.5f, 0.25f, 0.125f}},
	{.name = "car", .direct = 0.004f, .corner_hz = {60, 150, 0, 0}, .weight = {1, 0.4f, 0, 0}},
	{.name = "traffic",
		.direct = 0.06f,
		.corner_hz = {20, 80, 320, 1280},
		.weight = {1, 0.5f, 0.25f, 0.125f},
		.swell_db = 5,
		.swell_min = 25,
		.swell_max = 100},
	{.name = "babble",
		.direct = 0.03f,
		.corner_hz = {320, 1280, 0, 0},
		.weight = {1, 0.4f, 0, 0},
		.low_hz = 200,
		.swell_db = 4,
		.swell_min = 4,
		.swell_max = 15},
};

struct cw_noise_source {
	const struct kind *kind;
	struct cw_rng *rng;
	const int16_t *pcm;
	size_t samples, at;
	float feed[POLES], keep[POLES], state[POLES];
	struct cw_biquad4 own_low, low, high;
	float scale;               /* makes the power 1 */
	float power, target, step; /* of swelling, per frame */
	unsigned left;
};

/* Sum of four uniform numbers out of one draw, nearly Gaussian, power 1. */
static float white(struct cw_rng *rng)
{
	uint64_t u = cw_rng_u64(rng);
	int sum = (int16_t)u + (int16_t)(u >> 16) + (int16_t)(u >> 32) + (int16_t)(u >> 48);

	return (float)sum * (float)(1.7320508 / 2 / 32768);
}

static void colour(struct cw_noise_source *s, float *out)
{
	const struct kind *k = s->kind;

	for (int i = 0; i < CW_FRAME_SAMPLES; i++) {
		float w = white(s->rng), sum = k->direct * w;

		for (int p = 0; p < POLES; p++) {
			s->state[p] = s->keep[p] * s->state[p] + s->feed[p] * w;
			sum += k->weight[p] * s->state[p];
		}
		out[i] = sum;
	}
}

static void play(struct cw_noise_source *s, float *out)
{
	for (int i = 0; i < CW_FRAME_SAMPLES; i++) {
		out[i] = (float)s->pcm[s->at] / 32768;
		s->at = s->at + 1 == s->samples ? 0 : s->at + 1;
	}
}

/* Power at the end of this frame; its mean over time is 1. */
static float swell(struct cw_noise_source *s)
{
	const struct kind *k = s->kind;

	if (s->left == 0) {
		float range = k->swell_db * (float)(M_LN10 / 10);
		float db = k->swell_db * (float)(2 * cw_rng_unit(s->rng) - 1);

		s->left = k->swell_min + cw_rng_below(s->rng, k->swell_max - k->swell_min + 1);
		s->target = powf(10, db / 10) * range / sinhf(range);
		s->step = (s->target - s->power) / (float)s->left;
	}
	s->left--;
	s->power += s->step;
	return s->power;
}

/* The next frame within the band, before scaling and swelling. */
static void make(struct cw_noise_source *s, float *out)
{
	if (s->pcm)
		play(s, out);
	else
		colour(s, out);
	cw_biquad4_run(&s->own_low, out, CW_FRAME_SAMPLES);
	cw_biquad4_run(&s->low, out, CW_FRAME_SAMPLES);
	cw_biquad4_run(&s->high, out, CW_FRAME_SAMPLES);
}

static float measure_power(struct cw_noise_source *s)
{
	size_t loop = s->samples / CW_FRAME_SAMPLES + 1;
	size_t frames = !s->pcm ? MEASURE_FRAMES : loop < LOOP_FRAMES ? loop : LOOP_FRAMES;
	float x[CW_FRAME_SAMPLES];
	double sum = 0;

	for (int i = 0; i < 10; i++)
		make(s, x); /* the filters settle */
	for (size_t i = 0; i < frames; i++) {
		make(s, x);
		sum += (double)cw_dot4(x, x, CW_FRAME_SAMPLES);
	}
	return (float)(sum / (double)(frames * CW_FRAME_SAMPLES));
}

static const struct kind *find(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static void set_filters(struct cw_noise_source *s, const struct cw_noise_conf *conf)
{
	const struct kind *k = s->kind;

	for (int p = 0; p < POLES; p++) {
		s->keep[p] = k->corner_hz[p] > 0 ? expf((float)(-2 * M_PI) * k->corner_hz[p] / CW_RATE_HZ) : 0;
		s->feed[p] = k->corner_hz[p] > 0 ? 1 - s->keep[p] : 0;
	}
	cw_biquad4_init(&s->own_low, s->pcm ? 0 : (double)k->low_hz, CW_RATE_HZ, true);
	cw_biquad4_init(&s->low, (double)conf->band_low_hz, CW_RATE_HZ, true);
	cw_biquad4_init(&s->high, (double)conf->band_high_hz, CW_RATE_HZ, false);
}

int cw_noise_source_new(
	void *parent, const struct cw_noise_conf *conf, struct cw_rng *rng, struct cw_noise_source **ret)
{
	const struct kind *k = find(conf->kind);

	if (!k)
		return EINVAL;

	CW_SCOPED struct cw_noise_source *s = talloc_zero(NULL, struct cw_noise_source);

	if (!s)
		return ENOMEM;
	s->kind = k;
	s->rng = rng;
	s->power = 1;
	if (strcmp(k->name, "babble") == 0 && conf->pcm && conf->samples) {
		s->pcm = conf->pcm;
		s->samples = conf->samples;
		s->at = cw_rng_below(rng,
			conf->samples < UINT32_MAX ? (uint32_t)conf->samples : UINT32_MAX); /* no two calls alike */
	}
	set_filters(s, conf);

	float power = measure_power(s);

	if (power < 1e-9f)
		return EINVAL;
	s->scale = 1 / sqrtf(power);
	*ret = talloc_move(parent, &s);
	return 0;
}

void cw_noise_source_add(struct cw_noise_source *s, float rms, float x[CW_FRAME_SAMPLES])
{
	bool swells = s->kind->swell_db > 0 && !s->pcm;
	float noise[CW_FRAME_SAMPLES];
	float from = rms * s->scale * sqrtf(s->power);
	float to = swells ? rms * s->scale * sqrtf(swell(s)) : from;

	make(s, noise);
	for (int i = 0; i < CW_FRAME_SAMPLES; i++)
		x[i] += noise[i] * (from + (to - from) * (float)i / CW_FRAME_SAMPLES);
}
