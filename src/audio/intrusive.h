/*
 * intrusive.h: how good a recording of speech is beside its clean original
 *
 * The original is found in the recording first (delay by cross-correlation, then piecewise, for clocks that drift and buffers
 * that stretch); everything else compares aligned samples. Definitions, what is published and what is ours: README.md of this folder.
 * Thread: pure functions of the samples; nothing is shared.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "audio/quality.h"

enum cw_intrusive_of {
	CW_INTRUSIVE_DELAY_MS,        /* the recording behind the original */
	CW_INTRUSIVE_DELAY_SPREAD_MS, /* largest less smallest delay among the pieces of 0.5 s */
	CW_INTRUSIVE_DRIFT_PPM,       /* slope of delay over time: the recording's clock is slower when positive */
	CW_INTRUSIVE_GAIN_DB,         /* level of what correlates with the original, against it */
	CW_INTRUSIVE_STOI,            /* Taal, Hendriks, Heusdens, Jensen 2011: -1 … 1 */
	CW_INTRUSIVE_ESTOI,           /* Jensen, Taal 2016: -1 … 1 */
	CW_INTRUSIVE_NSIM,            /* similarity of gammatone spectrograms, after Hines, Harte 2012: 0 … 1 */
	CW_INTRUSIVE_MOS_NSIM,        /* that on the scale 1 … 5; not "ViSQOL MOS", see README.md */
	CW_INTRUSIVE_SEG_SNR_DB,      /* mean over frames of 20 ms of speech, each within -10 … 35 dB */
	CW_INTRUSIVE_LSD_DB,          /* log-spectral distance, 0 = the same */
	CW_INTRUSIVE_COUNT
};

struct cw_intrusive {
	struct cw_quality_value of[CW_INTRUSIVE_COUNT];
};

/* Compare the recording @heard with its original @clean, both at @rate_hz. EINVAL: a rate outside 4 … 192 kHz; ENOMEM. Absent
 * values (too short, silence, no resemblance) are no error. */
int cw_intrusive_measure(const int16_t *clean, size_t n_clean, const int16_t *heard, size_t n_heard, unsigned rate_hz,
	struct cw_intrusive *ret);

const char *cw_intrusive_name(enum cw_intrusive_of of); /* "stoi" … */
const char *cw_intrusive_about(enum cw_intrusive_of of);
bool cw_intrusive_by_name(const char *name, enum cw_intrusive_of *ret);
const char *const *cw_intrusive_names(void); /* NULL-terminated */

/* As cw_quality_to_json(). */
json_t *cw_intrusive_to_json(const struct cw_intrusive *i);

/* Where @clean lies in @heard: delay in samples (negative: its beginning is missing), and how well they correlate there, 0 … 1.
 * ENODATA: one of them is silence or shorter than 50 ms; ENOMEM. */
int cw_intrusive_delay(const int16_t *clean, size_t n_clean, const int16_t *heard, size_t n_heard,
	int64_t *delay_samples, double *correlation);
