/*
 * voice_int.h: parts of voice.c
 */
#pragma once
#include "audio/intrusive.h"
#include "audio/quality.h"
#include "base/rng.h"
#include "base/stat_rate.h"
#include "language/entity.h"
#include "language/wer.h"
#include "trial/perf/voice.h"

#define VOICE_NO_SNR   1e9 /* no noise of ours is added */
#define VOICE_ACCURACY 0.9 /* the rung of the ladder */

struct voice_spoken { /* a sentence as it came from the voice, or from the file */
	int16_t *pcm; /* 8 kHz, at -26 dBov; NULL: not spoken */
	size_t n;
	double ttfb_ms, synth_ms; /* of voices */
	struct cw_quality quality;
	const char *failed; /* why there is none */
};

struct voice_heard {
	bool known;
	const char *failed;
	char *text;
	double ms; /* from the last sample to the words */
	struct cw_wer_counts words, chars;
	struct cw_entity_counts entities;
};

/* What was done to a sound: condition 0 is the control (nothing). */
struct voice_condition {
	const char *channel; /* NULL: control */
	double snr_db;       /* VOICE_NO_SNR: the channel's own */
};

struct voice_sound { /* one sentence under one condition */
	bool done;
	struct cw_quality quality;
	struct cw_intrusive intrusive;
	struct voice_heard *heard; /* one for each ear */
};

struct cw_voice_run {
	struct cw_voice_conf conf;
	struct cw_world *world;
	struct voice_condition *conditions;
	size_t n_conditions;
	struct voice_spoken **spoken; /* [source][item] */
	struct voice_sound **sounds;  /* [source][item * n_conditions + condition] */
	const int16_t *noise_pcm;
	size_t n_noise;
	const char *noise_kind;
	bool complete;
	size_t failures;
};

/* Put a sentence through a condition: new samples under @parent. Any thread. ENOMEM. */
int voice_degrade(void *parent, const struct cw_voice_run *r, const struct voice_spoken *s,
	const struct voice_condition *c, uint64_t seed, int16_t **ret, size_t *n);
/* To -26 dBov while somebody speaks. */
void voice_level(int16_t *pcm, size_t n);

/* ---- rows ---- */

struct voice_row {                     /* one source, condition and ear over all sentences */
	size_t source, condition, ear; /* ear: n_ears when there are none */
	size_t n;                      /* sentences heard */
	struct cw_wer_counts words, chars;
	struct cw_entity_counts entities;
	struct cw_interval wer, cer, mer, entity_accuracy;
	double stoi, nsim, mos_nsim, snr_db; /* means, NAN */
	double ear_ms;
};

struct voice_rung { /* of a source on a channel for an ear */
	size_t source, ear;
	const char *channel;
	struct cw_interval snr_db; /* at which entity accuracy crosses */
	const char *absent;        /* why it is unknown */
	double control;            /* accuracy without a line, NAN */
	double best, worst;        /* accuracy at the highest and lowest ratio, NAN */
};

struct voice_tally {
	struct voice_row *rows;
	size_t n_rows;
	struct voice_rung *rungs;
	size_t n_rungs;
};

/* ENOMEM. */
int voice_tally(void *parent, const struct cw_voice_run *r, struct voice_tally *ret);
/* Where the line through (snr, accuracy) pairs, ascending by snr, falls through the rung, looked for from the top; NAN: nowhere. */
double voice_crossing(const double *snr, const double *accuracy, size_t n);
