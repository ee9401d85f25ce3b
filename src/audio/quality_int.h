/*
 * quality_int.h: parts of quality.c: what only its own files use
 */
#pragma once
#include "audio/quality.h"

static inline struct cw_quality_value cw_known(double v)
{
	return (struct cw_quality_value){.known = true, .v = v};
}

static inline struct cw_quality_value cw_absent(const char *reason)
{
	return (struct cw_quality_value){.reason = reason};
}

/* Kim and Stern's ratio of all of it. Absent: fewer than 0.5 s that are not digital silence. */
struct cw_quality_value cw_wada_snr(const int16_t *pcm, size_t n, unsigned rate_hz);
/* The statistic behind it at @snr_db (-20 … 60): ln of the mean of |z| less the mean of ln |z|. */
double cw_wada_statistic(double snr_db);

struct cw_snr {
	struct cw_quality_value snr_db, wada_db, noise_dbov;
};
/* ENOMEM. */
int cw_snr_measure(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_snr *ret);

struct cw_faults {
	double clipping;   /* share of the samples */
	unsigned dropouts; /* how many */
	double dropped_s;  /* how long together */
	unsigned clicks;
};
/* ENOMEM. @rate_hz within 4 … 192 kHz. */
int cw_faults_find(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_faults *ret);

/* Falk's ratio. Absent: shorter than 1 s. ENOMEM. */
int cw_clarity_measure(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality_value *ret);

/* Upper edge of the band. Absent: silence. ENOMEM. */
int cw_band_edge(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality_value *ret);

/* name -> number, or {"null": reason}. NULL: no memory. */
json_t *cw_values_to_json(const struct cw_quality_value *v, const char *const *names);
