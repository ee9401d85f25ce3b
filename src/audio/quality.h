/*
 * quality.h: how good a recording of speech is, judged from the recording alone: one channel, any rate
 *
 * Each value is known, or absent with the reason; it is never zero instead. What each of them means and how far from the truth
 * it is on mixtures whose truth is known: README.md of this folder and bench/quality.c. Measures beside a clean original are in
 * intrusive.h, those from line statistics in emodel.h.
 * Thread: pure functions of the samples; nothing is shared.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct cw_quality_value {
	bool known;
	double v;
	const char *reason; /* why it is absent; static text, NULL when known */
};

enum cw_quality_of {
	CW_QUALITY_DURATION_S,
	CW_QUALITY_SPEECH_S,      /* frames with speech (vad.h) */
	CW_QUALITY_SILENCE_RATIO, /* share of the time without speech: silence or noise alone, 0 … 1 */
	CW_QUALITY_SPEECH_DBOV,   /* mean power while somebody speaks, its noise taken off */
	CW_QUALITY_NOISE_DBOV,    /* mean power of the quietest tenth of the frames, digital silence left out */
	CW_QUALITY_SNR_DB,        /* -20 … 60, both meaning "or beyond": by amplitudes below 12, by levels above 18 */
	CW_QUALITY_WADA_SNR_DB,   /* from the distribution of amplitudes near speech (Kim and Stern 2008) */
	CW_QUALITY_PEAK_DBOV,     /* of a single sample */
	CW_QUALITY_CLIPPING,      /* share of the samples in flattened peaks, at any level, 0 … 1 */
	CW_QUALITY_DROPOUTS,      /* holes, frozen and faded-out repeats inside speech: how many */
	CW_QUALITY_DROPOUT_RATIO, /* the same as a share of the speech, 0 … 1 */
	CW_QUALITY_CLICKS,        /* single samples or few that stand out of their neighbourhood: how many */
	CW_QUALITY_LOUDNESS_LUFS, /* EBU R 128 / ITU-R BS.1770 integrated */
	CW_QUALITY_BAND_LOW_HZ,   /* edges of what the line or codec lets through */
	CW_QUALITY_BAND_HIGH_HZ,
	CW_QUALITY_DC,      /* mean, 1 = full scale */
	CW_QUALITY_CLARITY, /* speech-to-reverberation modulation energy ratio (after Falk 2010): ratio, not dB */
	CW_QUALITY_COUNT
};

struct cw_quality {
	struct cw_quality_value of[CW_QUALITY_COUNT];
};

/* Measure @n samples. EINVAL: a rate outside 4 … 192 kHz; ENOMEM. About 5 ms of processor time per second of sound at 8 kHz. */
int cw_quality_measure(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality *ret);

/* "duration_s", "snr_db" …, as in JSON and assertions; and what it is, in a line. */
const char *cw_quality_name(enum cw_quality_of of);
const char *cw_quality_about(enum cw_quality_of of);
/* The measure of that name; false: none (cw_quality_names() lists them, NULL-terminated). */
bool cw_quality_by_name(const char *name, enum cw_quality_of *ret);
const char *const *cw_quality_names(void);

/* {"duration_s": 3.2, "snr_db": {"null": "no pause …"}, …}: the form of measures in results. New reference, NULL: no memory. */
json_t *cw_quality_to_json(const struct cw_quality *q);
/* Measure and tell: for a channel of a call's results. NULL: no memory or a rate outside the limits. */
json_t *cw_quality_json(const int16_t *pcm, size_t n, unsigned rate_hz);
