#include "audio/measure.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <ebur128.h>

#include "audio/fft.h"
#include "audio/g711.h"
#include "audio/resample.h"
#include "audio/vad.h"
#include "base/mem.h"

#define FFT           (2 * (CW_MEASURE_BINS - 1))
#define PENDING       64   /* frames which the detector may still call speech: its onset reaches back 32 */
#define MARGIN        5    /* frames after speech which are neither speech nor noise */
#define SILENCE       1e-6 /* -60 dBov */
#define LOUD_SHARE    0.01 /* frames of the spectrum: within 20 dB of the loudest so far */
#define SPECTRUM_DROP (-30.0)
#define CLIP_LEVEL    32000 /* the last code word of mu-law decodes to 32124, of A-law to 32256 */
#define TORN          300   /* the sample before a hole and the one behind it are above this */
#define CONVERT       512   /* samples converted in one go */

enum mark { NOISE, SPEECH, NEITHER };

struct cw_measure {
	unsigned rate_hz;
	/* sample by sample */
	uint64_t samples, clipped, clip_run, zeros;
	double sum, squares;
	int peak, before_zeros, last;
	unsigned dropouts;
	/* frames of 20 ms at 8 kHz */
	struct cw_resampler *to_8k;
	struct cw_vad vad;
	int16_t frame[CW_FRAME_SAMPLES];
	size_t filled;
	double power[PENDING];
	enum mark mark[PENDING];
	uint64_t speech_frames, noise_frames, mute_frames, silent_frames;
	double speech_power, noise_power; /* sums */
	/* spectrum */
	struct cw_fft *fft;
	float window[FFT];
	size_t in_filled;
	double loudest, spectrum[CW_MEASURE_BINS];
	uint64_t spectra;
	ebur128_state *loudness;
};

static int release(struct cw_measure *m)
{
	if (m->loudness)
		ebur128_destroy(&m->loudness);
	return 0;
}

int cw_measure_new(void *parent, unsigned rate_hz, struct cw_measure **ret)
{
	CW_SCOPED struct cw_measure *m = talloc_zero(NULL, struct cw_measure);
	int err;

	if (!m)
		return ENOMEM;
	talloc_set_destructor(m, release);
	err = cw_resampler_new(m, rate_hz, CW_RATE_HZ, &m->to_8k);
	if (err)
		return err;
	m->rate_hz = rate_hz;
	cw_vad_init(&m->vad, NULL);
	for (int i = 0; i < FFT; i++)
		m->window[i] = 0.5f - 0.5f * cosf((float)(2 * M_PI) * ((float)i + 0.5f) / FFT);
	err = cw_fft_new(m, FFT, &m->fft);
	if (err)
		return err;
	m->loudness = ebur128_init(1, rate_hz, EBUR128_MODE_I | EBUR128_MODE_HISTOGRAM);
	if (!m->loudness)
		return ENOMEM;
	*ret = talloc_move(parent, &m);
	return 0;
}

static void count_samples(struct cw_measure *m, const int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int x = pcm[i], size = x < 0 ? -x : x;

		m->sum += x;
		m->squares += (double)x * x;
		m->peak = size > m->peak ? size : m->peak;
		m->clip_run = size >= CLIP_LEVEL ? m->clip_run + 1 : 0;
		m->clipped += m->clip_run == 2 ? 2 : m->clip_run > 2;
		if (x == 0) {
			if (!m->zeros++)
				m->before_zeros = m->last;
		} else {
			if (m->zeros * 100 >= m->rate_hz && m->zeros * 4 <= m->rate_hz && m->before_zeros > TORN &&
				size > TORN)
				m->dropouts++;
			m->zeros = 0;
		}
		m->last = size;
	}
	m->samples += n;
}

/* A frame leaves the reach of the detector: what it was is settled. */
static void settle(struct cw_measure *m, uint64_t frame)
{
	size_t k = frame % PENDING;

	if (m->mark[k] == SPEECH) {
		m->speech_frames++;
		m->speech_power += m->power[k];
	} else if (m->mark[k] == NOISE && m->power[k] > 1e-9) {
		m->noise_frames++;
		m->noise_power += m->power[k];
	} else if (m->mark[k] == NOISE) {
		m->mute_frames++;
	}
}

static void take_frame(struct cw_measure *m)
{
	uint64_t now = m->vad.frames;
	enum cw_vad_event e;
	double sum = 0;

	if (now >= PENDING)
		settle(m, now - PENDING);
	for (int i = 0; i < CW_FRAME_SAMPLES; i++)
		sum += (double)m->frame[i] * m->frame[i];
	sum /= CW_FRAME_SAMPLES * 32768.0 * 32768.0;
	m->silent_frames += sum < SILENCE;
	m->power[now % PENDING] = sum;
	e = cw_vad_feed(&m->vad, m->frame);
	if (e == CW_VAD_STARTED)
		for (uint64_t k = m->vad.onset_frame; k < now; k++)
			m->mark[k % PENDING] = SPEECH;
	m->mark[now % PENDING] = m->vad.speech && m->vad.frame_speech                ? SPEECH
				 : m->vad.speech || now - m->vad.last_frame < MARGIN ? NEITHER
										     : NOISE;
}

static void feed_frames(struct cw_measure *m, const int16_t *pcm, size_t n)
{
	while (n) {
		int16_t out[CONVERT];
		size_t used = n < CONVERT ? n : CONVERT, made = CONVERT;

		cw_resampler_run(m->to_8k, pcm, &used, out, &made);
		pcm += used;
		n -= used;
		for (size_t i = 0; i < made; i++) {
			m->frame[m->filled++] = out[i];
			if (m->filled == CW_FRAME_SAMPLES) {
				take_frame(m);
				m->filled = 0;
			}
		}
		if (!used && !made)
			return;
	}
}

/* Welch's method, without overlap, over the loud blocks; a much louder block starts afresh. */
static void take_spectrum(struct cw_measure *m)
{
	float *in = m->fft->in;
	double power = 0;

	for (int i = 0; i < FFT; i++)
		power += (double)in[i] * (double)in[i] / FFT;
	if (power < SILENCE || power < m->loudest * LOUD_SHARE)
		return;
	if (power > m->loudest) {
		if (power * LOUD_SHARE > m->loudest) {
			memset(m->spectrum, 0, sizeof(m->spectrum));
			m->spectra = 0;
		}
		m->loudest = power;
	}
	for (int i = 0; i < FFT; i++)
		in[i] *= m->window[i];
	cw_fft_forward(m->fft);
	for (int i = 0; i < CW_MEASURE_BINS; i++) {
		const float *bin = m->fft->out[i];

		m->spectrum[i] += (double)(bin[0] * bin[0] + bin[1] * bin[1]);
	}
	m->spectra++;
}

void cw_measure_feed(struct cw_measure *m, const int16_t *pcm, size_t n)
{
	count_samples(m, pcm, n);
	feed_frames(m, pcm, n);
	for (size_t i = 0; i < n; i++) {
		m->fft->in[m->in_filled++] = (float)pcm[i] / 32768;
		if (m->in_filled == FFT) {
			take_spectrum(m);
			m->in_filled = 0;
		}
	}
	(void)ebur128_add_frames_short(
		m->loudness, pcm, n); /* fails when out of memory: the loudness then lacks a block */
}

static double db_or_nan(double power)
{
	return power > 0 ? 10 * log10(power) : NAN;
}

static void get_spectrum(const struct cw_measure *m, struct cw_measures *r)
{
	double top = 0;

	for (int i = 0; i < CW_MEASURE_BINS; i++)
		top = m->spectrum[i] > top ? m->spectrum[i] : top;
	r->band_low_hz = r->band_high_hz = NAN;
	for (int i = 0; i < CW_MEASURE_BINS; i++) {
		r->spectrum_db[i] = top > 0 ? 10 * log10(m->spectrum[i] / top + 1e-20) : NAN;
		if (!(r->spectrum_db[i] > SPECTRUM_DROP))
			continue;
		r->band_high_hz = (double)i * m->rate_hz / FFT;
		if (isnan(r->band_low_hz))
			r->band_low_hz = r->band_high_hz;
	}
}

static void get_speech(const struct cw_measure *m, struct cw_measures *r)
{
	struct cw_measure rest = *m; /* settled for this answer only */
	uint64_t frames = m->vad.frames;

	for (uint64_t k = frames > PENDING ? frames - PENDING : 0; k < frames; k++)
		settle(&rest, k);

	double speech = rest.speech_frames ? rest.speech_power / (double)rest.speech_frames : 0;
	double noise = rest.noise_frames ? rest.noise_power / (double)rest.noise_frames : 0;

	r->speech_dbov = db_or_nan(speech);
	r->noise_dbov = db_or_nan(noise);
	r->snr_db = noise > 0 && speech > noise ? db_or_nan(speech / noise - 1) : NAN;
	r->speech_ratio = frames ? (double)rest.speech_frames / (double)frames : NAN;
	r->noise_ratio = frames ? (double)rest.noise_frames / (double)frames : NAN;
	r->mute_ratio = frames ? (double)rest.mute_frames / (double)frames : NAN;
	r->silence_ratio = frames ? (double)rest.silent_frames / (double)frames : NAN;
}

void cw_measure_get(struct cw_measure *m, struct cw_measures *ret)
{
	double n = (double)m->samples, lufs = 0;

	ret->seconds = n / m->rate_hz;
	ret->level_dbov = m->samples ? db_or_nan(m->squares / n / 32768 / 32768) : NAN;
	ret->peak_dbov = db_or_nan((double)m->peak * m->peak / 32768 / 32768);
	ret->clipping_ratio = m->samples ? (double)m->clipped / n : NAN;
	ret->dc = m->samples ? m->sum / n / 32768 : NAN;
	ret->dropouts = m->dropouts;
	ret->loudness_lufs =
		ebur128_loudness_global(m->loudness, &lufs) == EBUR128_SUCCESS && isfinite(lufs) ? lufs : NAN;
	get_speech(m, ret);
	get_spectrum(m, ret);
}

int cw_measure_recording(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_measures *ret)
{
	struct cw_measure *m;
	int err = cw_measure_new(NULL, rate_hz, &m);

	if (err)
		return err;
	cw_measure_feed(m, pcm, n);
	cw_measure_get(m, ret);
	talloc_free(m);
	return 0;
}
