/*
 * vad.h: voice activity on telephone audio, frame by frame
 *
 * A frame below the quietest floor is dropped after one look at its peak. Others are high-passed (hum), compared with an adaptive
 * noise floor (minimum statistics), and when they stand out, judged by voicing (normalised autocorrelation of the band
 * below 900 Hz) and by flatness of their amplitude (keyed tones, as of the modem engine). Energy alone never starts speech, so noise,
 * breath and bangs do not; once started, energy carries it over weak consonants. A steady tone or hum is no evidence.
 * 8 kHz, 20 ms frames. No allocation, no clock. Embedded by value. Parameters and measured quality: README.md of this folder.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_vad_conf {
	float snr_db;             /* speech must exceed the noise floor by this much; default 9 */
	float voicing;            /* normalised autocorrelation peak that counts as voiced; default 0.5 */
	float floor_min_db;       /* quietest noise floor assumed, dBov; default -65 */
	unsigned onset_frames;    /* frames of sound before speech is declared, 1 … 8; default 4 (80 ms) */
	unsigned hangover_frames; /* frames without speech before its end is declared; default 10 (200 ms) */
};
extern const struct cw_vad_conf cw_vad_defaults;

enum cw_vad_event { CW_VAD_NONE, CW_VAD_STARTED, CW_VAD_ENDED };

#define CW_VAD_PITCH_HISTORY 60 /* samples at 2 kHz */
#define CW_VAD_FILTER_TAPS   16
#define CW_VAD_MINIMA        16

struct cw_vad {
	struct cw_vad_conf conf;
	float floor_db;       /* noise floor, dBov of the band above 200 Hz */
	float level_db;       /* of the last frame, dBov of the band above 200 Hz */
	float voicing;        /* of the last frame; 0 when it was too quiet to look */
	bool speech;          /* declared state */
	bool frame_speech;    /* raw decision of the last frame */
	unsigned run;         /* frames without speech in a row, while speech is declared */
	uint64_t frames;      /* seen since init */
	uint64_t onset_frame; /* first frame of the current or last speech (before confirmation), from 0 */
	uint64_t last_frame;  /* last frame decided as speech, from 0 */

	/* Private from here on. */
	float highpass[4];                 /* states of two second-order sections */
	float tail[CW_VAD_FILTER_TAPS];    /* last samples of the band, for the decimation filter */
	float pitch[CW_VAD_PITCH_HISTORY]; /* the band below 900 Hz at 2 kHz */
	float minima[CW_VAD_MINIMA];       /* minimum level of each stretch of the last 2 s */
	float spread_db;                   /* of the noise's mean above the minima */
	unsigned minima_at, minima_count;
	float minima_now;
	int silent_peak;   /* a frame with no sample above this lies below the quietest floor */
	unsigned silent;   /* such frames in a row */
	unsigned fed;      /* frames the floor tracker has seen, up to a few */
	float talker_db;   /* level of the voice heard so far, slowly forgotten */
	float slope;       /* first autocorrelation coefficient of the last frame: finds steady tones */
	uint64_t active;   /* one bit per frame, newest lowest: stood out of the noise */
	uint64_t evidence; /* voiced or keyed tone */
	float loudest;     /* 5 ms since the last stretch of quiet */
	uint32_t blocks;   /* one bit per 5 ms: stood out of the noise */
};

void cw_vad_init(struct cw_vad *v, const struct cw_vad_conf *conf); /* NULL: defaults */
/* Feed one frame of 160 samples. STARTED comes onset_frames after the true onset: use onset_frame for its place;
 * ENDED comes after the hangover: use last_frame. */
enum cw_vad_event cw_vad_feed(struct cw_vad *v, const int16_t pcm[160]);
