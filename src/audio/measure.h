/*
 * measure.h: how a recording or stream sounds: level, noise, SNR, clipping, silence, loudness, spectrum
 *
 * Mono, any rate. Feeding allocates nothing, except that libebur128 may; memory does not grow with time.
 * A value which cannot be estimated is NAN, never 0.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CW_MEASURE_BINS 129 /* of the spectrum: 0 … half of the rate, both included */

struct cw_measures {
	double seconds;
	double level_dbov;     /* mean power of everything; 0 = full-scale square wave; NAN: digital silence */
	double peak_dbov;      /* of a single sample */
	double speech_dbov;    /* mean power while somebody speaks (vad.h); NAN: nobody does */
	double noise_dbov;     /* mean power of the frames between, digital silence not counted; NAN: none */
	double snr_db;         /* speech without its noise, to noise; NAN: one of them is missing */
	double speech_ratio;   /* share of the frames with speech */
	double noise_ratio;    /* share of the frames that @noise_dbov is the mean of */
	double mute_ratio;     /* share of the frames between words that are digital silence (below -90 dBov) */
	double silence_ratio;  /* share of the frames below -60 dBov */
	double clipping_ratio; /* share of the samples in runs of 2 or more at the end of the scale (from 32000 on) */
	double dc;             /* mean, 1 = full scale */
	unsigned dropouts;     /* holes of 10 … 250 ms of zeros torn into sound */
	double loudness_lufs;  /* ITU-R BS.1770 integrated; NAN: below -70 or shorter than 0.4 s */
	double band_low_hz; /* where the mean spectrum of the loud frames falls 30 dB below its maximum; NAN: silence */
	double band_high_hz;
	double spectrum_db[CW_MEASURE_BINS]; /* that spectrum, relative to its maximum; NAN: silence */
};

struct cw_measure;
/* EINVAL: a rate outside 4 … 192 kHz; ENOMEM. */
int cw_measure_new(void *parent, unsigned rate_hz, struct cw_measure **ret);
void cw_measure_feed(struct cw_measure *m, const int16_t *pcm, size_t n);
/* What was fed so far; feeding may go on. */
void cw_measure_get(struct cw_measure *m, struct cw_measures *ret);

/* A whole recording. EINVAL, ENOMEM. */
int cw_measure_recording(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_measures *ret);
