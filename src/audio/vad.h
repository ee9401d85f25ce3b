/*
 * vad.h: voice activity on telephone audio, frame by frame
 *
 * Adaptive noise floor (minimum statistics), energy of the speech band, voicing by normalised autocorrelation, onset
 * confirmation and hangover. 8 kHz, 20 ms frames. No allocation after init, no clock.
 * Embedded by value.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_vad_conf {
	float snr_db;            /* speech must exceed the noise floor by this much; default 9 */
	float voicing;           /* normalised autocorrelation peak that counts as voiced; default 0.5 */
	float floor_min_db;      /* quietest noise floor assumed, dBov; default -65 */
	unsigned onset_frames;   /* consecutive speech-like frames before speech is declared; default 4 (80 ms) */
	unsigned hangover_frames;/* frames without speech before its end is declared; default 10 (200 ms) */
};
extern const struct cw_vad_conf cw_vad_defaults;

enum cw_vad_event { CW_VAD_NONE, CW_VAD_STARTED, CW_VAD_ENDED };

struct cw_vad {
	struct cw_vad_conf conf;
	float floor_db;
	float level_db;          /* of the last frame, dBov */
	float voicing;           /* of the last frame */
	bool speech;             /* declared state */
	bool frame_speech;       /* raw decision of the last frame */
	unsigned run;            /* frames of the opposite kind in a row */
	uint64_t frames;         /* seen since init */
	uint64_t onset_frame;    /* first frame of the current or last speech (before confirmation) */
	uint64_t last_frame;     /* last frame decided as speech */
	float band[8];           /* filter state */
	float history[160];      /* previous frame, for pitch lags across the border */
	float minima[16];        /* of the floor tracker */
	unsigned minima_at;
	float minima_now;
	unsigned minima_count;
};

void cw_vad_init(struct cw_vad *v, const struct cw_vad_conf *conf);  /* NULL: defaults */
/* Feed one frame of 160 samples. STARTED comes onset_frames after the true onset: use onset_frame for its place;
 * ENDED comes after the hangover: use last_frame. */
enum cw_vad_event cw_vad_feed(struct cw_vad *v, const int16_t pcm[160]);
