/* Where speech begins and ends in recorded samples. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "audio/g711.h"
#include "audio/vad.h"
#include "base/mem.h"
#include "trial/view/view_int.h"

#define AUDIBLE_MIN   33                     /* -60 dB below full scale: quieter samples are never heard as speech */
#define EDGE_SAMPLES  (CW_FRAME_SAMPLES * 2) /* how far a known end may lie beyond the true one */
#define NOISE_SAMPLES 800                    /* looked at for the noise before our words */
#define BEFORE_FRAMES 3                      /* how far a voice may have begun before the detector's frame */
#define NOISE_FRAMES  8                      /* from here up to there only noise is expected: its hangover is longer */
#define RISE_SAMPLES  32
#define LOUD_FRAMES   100
#define LEAD_IN       250.0 /* 24 dB */

static uint64_t us_of(size_t sample)
{
	return (uint64_t)sample * 1000000 / CW_RATE_HZ;
}

static size_t sample_of(uint64_t us, size_t max)
{
	uint64_t s = us * CW_RATE_HZ / 1000000;

	return s < max ? (size_t)s : max;
}

static int threshold_of(float floor_db, float margin_db)
{
	double v = 32768 * pow(10, (double)(floor_db + margin_db) / 20);

	return v > AUDIBLE_MIN ? (int)v : AUDIBLE_MIN;
}

/* First sample of @from … @to-1 above @threshold, or @from. */
static size_t first_above(const int16_t *pcm, size_t from, size_t to, int threshold)
{
	for (size_t i = from; i < to; i++)
		if (abs(pcm[i]) > threshold)
			return i;
	return from;
}

/* Behind the last sample of @from … @to-1 above @threshold, or @to. */
static size_t last_above(const int16_t *pcm, size_t from, size_t to, int threshold)
{
	for (size_t i = to; i > from; i--)
		if (abs(pcm[i - 1]) > threshold)
			return i;
	return to;
}

static double frame_power(const int16_t *pcm, size_t frame)
{
	double sum = 0;

	for (size_t i = frame * CW_FRAME_SAMPLES; i < (frame + 1) * CW_FRAME_SAMPLES; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / CW_FRAME_SAMPLES;
}

/*
 * The first frame of a stretch which is as loud as its voice: noise or breath before it, which the detector may have taken for the beginning, is weaker by
 * LEAD_IN. Looked at are the first two seconds; after them the detector knows a noise for one.
 */
static size_t first_loud(const int16_t *pcm, size_t onset_frame, size_t last_frame)
{
	size_t to = last_frame < onset_frame + LOUD_FRAMES ? last_frame : onset_frame + LOUD_FRAMES;
	size_t i = onset_frame;
	double loudest = 0;

	for (size_t f = onset_frame; f <= to; f++)
		loudest = fmax(loudest, frame_power(pcm, f));
	while (i < to && frame_power(pcm, i) < loudest / LEAD_IN)
		i++;
	return i;
}

/* Power of the loudest frame shortly before the voice: the noise it must rise above. */
static double power_before(const int16_t *pcm, size_t frame)
{
	double loudest = 0;

	for (size_t f = frame > NOISE_FRAMES ? frame - NOISE_FRAMES : 0; f + BEFORE_FRAMES < frame; f++)
		loudest = fmax(loudest, frame_power(pcm, f));
	return loudest;
}

/*
 * The first voiced sample about a frame which is loud as a whole: the true place may lie in the frames before it. Looked for: the first 4 ms of more than three times the noise's power
 * (one in 10^7 of such stretches of white noise), and in them the first sample of more than three deviations and a fourth of the last. In silence one audible sample does.
 */
static size_t first_voiced(const int16_t *pcm, size_t n, size_t frame)
{
	double noise = power_before(pcm, frame);
	double gate = fmax((double)AUDIBLE_MIN * AUDIBLE_MIN, 3 * RISE_SAMPLES * noise);
	int least = (int)fmax(AUDIBLE_MIN, 3 * sqrt(noise));
	size_t from = frame > BEFORE_FRAMES ? (frame - BEFORE_FRAMES) * CW_FRAME_SAMPLES : 0;
	size_t to = (frame + 2) * CW_FRAME_SAMPLES < n ? (frame + 2) * CW_FRAME_SAMPLES : n;
	double sum = 0;

	for (size_t i = from; i < to; i++) {
		sum += (double)pcm[i] * pcm[i];
		if (i >= from + RISE_SAMPLES)
			sum -= (double)pcm[i - RISE_SAMPLES] * pcm[i - RISE_SAMPLES];
		if (sum > gate && abs(pcm[i]) > least) /* a fourth of this sample: noise has peaks of its own */
			return first_above(pcm, i >= from + RISE_SAMPLES ? i - RISE_SAMPLES + 1 : from, i + 1,
				abs(pcm[i]) / 4 > least ? abs(pcm[i]) / 4 : least);
	}
	return frame * CW_FRAME_SAMPLES;
}

static struct cw_stretch refine(
	const int16_t *pcm, size_t n, const struct cw_vad *v, uint64_t onset_frame, uint64_t last_frame)
{
	int threshold = threshold_of(v->floor_db, v->conf.snr_db / 2);
	size_t to = ((size_t)last_frame + 1) * CW_FRAME_SAMPLES; /* the detector saw whole frames: not beyond @n */

	return (struct cw_stretch){
		us_of(first_voiced(pcm, n, first_loud(pcm, (size_t)onset_frame, (size_t)last_frame))),
		us_of(last_above(pcm, to - CW_FRAME_SAMPLES, to, threshold)),
	};
}

int cw_speech_find(void *parent, const int16_t *pcm, size_t n, struct cw_stretch **ret, size_t *n_ret)
{
	size_t frames = n / CW_FRAME_SAMPLES, found = 0;
	/* a stretch needs its onset confirmed and a hangover: no more than one in ten frames */
	CW_SCOPED struct cw_stretch *s = talloc_zero_array(NULL, struct cw_stretch, frames / 8 + 2);
	struct cw_vad vad;
	uint64_t onset = 0;

	if (!s)
		return ENOMEM;
	cw_vad_init(&vad, NULL);
	for (size_t f = 0; f < frames; f++) {
		enum cw_vad_event e = cw_vad_feed(&vad, pcm + f * CW_FRAME_SAMPLES);

		if (e == CW_VAD_STARTED)
			onset = vad.onset_frame;
		else if (e == CW_VAD_ENDED && found < frames / 8 + 1)
			s[found++] = refine(pcm, n, &vad, onset, vad.last_frame);
	}
	if (vad.speech)
		s[found++] = refine(pcm, n, &vad, onset, vad.last_frame);
	*ret = talloc_move(parent, &s);
	*n_ret = found;
	return 0;
}

void cw_speech_trim(const int16_t *pcm, size_t n, uint64_t *onset_us, uint64_t *last_us)
{
	size_t from = sample_of(*onset_us, n), to = sample_of(*last_us, n);
	size_t before = from > NOISE_SAMPLES ? from - NOISE_SAMPLES : 0;
	double noise = 0;
	int peak = 0;

	to = to + EDGE_SAMPLES < n ? to + EDGE_SAMPLES : n;
	for (size_t i = before; i < from; i++)
		noise += (double)pcm[i] * pcm[i];
	noise = from > before ? sqrt(noise / (double)(from - before)) : 0;
	for (size_t i = from; i < to; i++)
		peak = abs(pcm[i]) > peak ? abs(pcm[i]) : peak;

	int threshold = (int)fmax(AUDIBLE_MIN, fmax(noise * 3, peak / 200.0));

	if (peak <= threshold)
		return;
	*onset_us = us_of(first_above(pcm, from, to, threshold));
	*last_us = us_of(last_above(pcm, from, to, threshold));
}
