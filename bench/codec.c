/*
 * codec.c: what one frame (160 samples) costs in the codecs, the resampler and the detectors, beside spandsp in the same run
 *
 * Each figure is the median of several passes over the same second of synthetic voice; both sides of a ratio take turns, so that a
 * machine which changes its speed changes both.
 */
#include <errno.h>
#include <math.h>
#include <time.h>

#include <spandsp.h>

#include "audio/effect.h"
#include "audio/g711.h"
#include "audio/resample.h"
#include "audio/tone.h"
#include "audio/vad.h"
#include "base/mem.h"

#define FRAMES 50
#define ROUNDS 40 /* over the frames, in a pass */
#define PASSES 9
#define N      (FRAMES * CW_FRAME_SAMPLES)

struct bench {
	int16_t pcm[N], out[6 * N];
	uint8_t ulaw[N], coded[N];
	struct cw_resampler *up, *down;
	struct cw_dtmf_rx *dtmf;
	struct cw_progress_rx *progress;
	struct cw_effects *effects;
	dtmf_rx_state_t *spandsp_dtmf;
	struct cw_vad vad;
	volatile unsigned sink; /* so that no loop is optimised away */
};

typedef void frame_fn(struct bench *b, size_t at);

static void ulaw_decode(struct bench *b, size_t at)
{
	cw_ulaw_decode(b->ulaw + at, b->out + at, CW_FRAME_SAMPLES);
}
static void ulaw_encode(struct bench *b, size_t at)
{
	cw_ulaw_encode(b->pcm + at, b->coded + at, CW_FRAME_SAMPLES);
}
static void alaw_decode(struct bench *b, size_t at)
{
	cw_alaw_decode(b->ulaw + at, b->out + at, CW_FRAME_SAMPLES);
}
static void alaw_encode(struct bench *b, size_t at)
{
	cw_alaw_encode(b->pcm + at, b->coded + at, CW_FRAME_SAMPLES);
}

static void ref_ulaw_decode(struct bench *b, size_t at)
{
	for (size_t i = at; i < at + CW_FRAME_SAMPLES; i++)
		b->out[i] = ulaw_to_linear(b->ulaw[i]);
}

static void ref_ulaw_encode(struct bench *b, size_t at)
{
	for (size_t i = at; i < at + CW_FRAME_SAMPLES; i++)
		b->coded[i] = linear_to_ulaw(b->pcm[i]);
}

static void ref_alaw_decode(struct bench *b, size_t at)
{
	for (size_t i = at; i < at + CW_FRAME_SAMPLES; i++)
		b->out[i] = alaw_to_linear(b->ulaw[i]);
}

static void ref_alaw_encode(struct bench *b, size_t at)
{
	for (size_t i = at; i < at + CW_FRAME_SAMPLES; i++)
		b->coded[i] = linear_to_alaw(b->pcm[i]);
}

static void resample(struct bench *b, struct cw_resampler *r, size_t at, size_t n)
{
	size_t room = cw_resampler_room(r, n);

	cw_resampler_run(r, b->pcm + at, &n, b->out, &room);
	b->sink += (unsigned)room;
}

static void resample_up(struct bench *b, size_t at)
{
	resample(b, b->up, at, CW_FRAME_SAMPLES);
}

/* A frame of 20 ms at 16 kHz has twice the samples. */
static void resample_down(struct bench *b, size_t at)
{
	resample(b, b->down, at < N / 2 ? at : at - N / 2, (size_t)2 * CW_FRAME_SAMPLES);
}

static void dtmf_ours(struct bench *b, size_t at)
{
	b->sink += (unsigned)cw_dtmf_rx_feed(b->dtmf, b->pcm + at, CW_FRAME_SAMPLES);
}

static void ref_dtmf(struct bench *b, size_t at)
{
	b->sink += (unsigned)dtmf_rx(b->spandsp_dtmf, b->pcm + at, CW_FRAME_SAMPLES);
}

static void progress(struct bench *b, size_t at)
{
	b->sink += (unsigned)cw_progress_rx_feed(b->progress, b->pcm + at, CW_FRAME_SAMPLES);
}

static void vad(struct bench *b, size_t at)
{
	b->sink += (unsigned)cw_vad_feed(&b->vad, b->pcm + at);
}

static void effects(struct bench *b, size_t at)
{
	memcpy(b->out, b->pcm + at, CW_FRAME_SAMPLES * sizeof(*b->pcm));
	cw_effects_frame(b->effects, b->out);
}

static double pass_ns(struct bench *b, frame_fn *fn)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int r = 0; r < ROUNDS; r++)
		for (size_t at = 0; at < N; at += CW_FRAME_SAMPLES)
			fn(b, at);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (ROUNDS * FRAMES);
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void compare(struct bench *b, const char *what, frame_fn *ours, const char *reference, frame_fn *theirs)
{
	double a[PASSES], r[PASSES];

	for (int p = 0; p < PASSES; p++) {
		a[p] = pass_ns(b, ours);
		r[p] = pass_ns(b, theirs);
	}
	qsort(a, PASSES, sizeof(a[0]), ascending);
	qsort(r, PASSES, sizeof(r[0]), ascending);
	printf("%-30s %9.0f   %-24s %9.0f %8.2f\n", what, a[PASSES / 2], reference, r[PASSES / 2],
		a[PASSES / 2] / r[PASSES / 2]);
}

static int prepare(struct bench *b)
{
	struct cw_effect_conf conf;
	struct cw_rng rng;
	int err = cw_resampler_new(b, CW_RATE_HZ, 16000, &b->up);

	cw_rng_init(&rng, 1);
	for (size_t i = 0; i < N; i++) {
		double t = (double)i / CW_RATE_HZ;

		b->pcm[i] = (int16_t)(4000 * sin(2 * M_PI * 140 * t) * fabs(sin(9 * t)) +
				      2000 * sin(2 * M_PI * 700 * t) + 300 * cw_rng_normal(&rng));
	}
	cw_ulaw_encode(b->pcm, b->ulaw, N);
	err = err ? err : cw_resampler_new(b, 16000, CW_RATE_HZ, &b->down);
	err = err ? err : cw_dtmf_rx_new(b, &b->dtmf);
	err = err ? err : cw_progress_rx_new(b, &b->progress);
	err = err ? err : cw_profile_find("mobile_lossy", &conf, NULL);
	err = err ? err : cw_effects_new(b, &conf, &rng, &b->effects);
	b->spandsp_dtmf = dtmf_rx_init(NULL, NULL, NULL);
	cw_vad_init(&b->vad, NULL);
	return err ? err : b->spandsp_dtmf ? 0 : ENOMEM;
}

int main(void)
{
	CW_SCOPED struct bench *b = talloc_zero(NULL, struct bench);

	if (!b || prepare(b) != 0) {
		fprintf(stderr, "bench/codec: cannot be set up\n");
		return 1;
	}
	printf("%-30s %9s   %-24s %9s %8s\n", "per frame of 20 ms", "ns", "reference", "ns", "ratio");
	compare(b, "mu-law decode", ulaw_decode, "spandsp ulaw_to_linear", ref_ulaw_decode);
	compare(b, "mu-law encode", ulaw_encode, "spandsp linear_to_ulaw", ref_ulaw_encode);
	compare(b, "A-law decode", alaw_decode, "spandsp alaw_to_linear", ref_alaw_decode);
	compare(b, "A-law encode", alaw_encode, "spandsp linear_to_alaw", ref_alaw_encode);
	compare(b, "resample 8 to 16 kHz", resample_up, "spandsp dtmf_rx", ref_dtmf);
	compare(b, "resample 16 to 8 kHz", resample_down, "spandsp dtmf_rx", ref_dtmf);
	compare(b, "DTMF detector", dtmf_ours, "spandsp dtmf_rx", ref_dtmf);
	compare(b, "call-progress detector", progress, "spandsp dtmf_rx", ref_dtmf);
	compare(b, "voice activity detector", vad, "spandsp dtmf_rx", ref_dtmf);
	compare(b, "effects, mobile_lossy", effects, "spandsp dtmf_rx", ref_dtmf);
	(void)dtmf_rx_free(b->spandsp_dtmf);
	return 0;
}
