/*
 * listener.h: one party's ear: frames in; speech started, partial, turn ended, DTMF out
 *
 * VAD + DTMF + recogniser + turn detector. The turn detector ends a turn when the silence is long enough for what is awaited
 * and for how complete the words sound (turn.h). Time is counted in frames of the line, so that it is exact in samples.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/vad.h"
#include "base/why.h"
#include "call/turn.h"
#include "speech/hints.h"

struct cw_world;
struct cw_listener;

struct cw_heard {          /* a turn of the other party */
	const char *text;  /* "" = speech without recognised words */
	double confidence; /* negative = unknown */
	uint64_t onset_us; /* first and last voiced frame, on the call's clock */
	uint64_t last_us;
	uint64_t decided_us;
	bool recognised; /* false: the recogniser failed or did not answer in time (text: what was known by then) */
};

struct cw_listener_conf {
	const char *stt; /* engine, see stt.h; NULL: no recogniser (VAD and DTMF only) */
	const char *language;
	struct cw_vad_conf vad; /* onset_frames 0: cw_vad_defaults */
	struct cw_turn_conf turn;
	uint64_t stt_deadline_us; /* final after end of turn, 0 = 2.5 s; then turn_ended with recognised = false */
	uint64_t max_turn_us;     /* 0 = 45 s: the turn is cut there */
	uint64_t epoch_us;        /* cw_now() at t = 0 of the call */
};

struct cw_listener_events {
	void (*speech_started)(uint64_t onset_us, void *arg);                 /* VAD decision: for barge-in */
	void (*speech_ended)(uint64_t onset_us, uint64_t last_us, void *arg); /* a stretch, maybe not the turn */
	void (*partial)(const char *text, void *arg);
	void (*turn_ended)(const struct cw_heard *h, void *arg);
	void (*dtmf)(char digit, bool in_band, void *arg);
	void (*failed)(int err, const char *reason, void *arg); /* recogniser trouble, for the timeline */
};

/* What cw_stt_open() gives. */
int cw_listener_new(void *parent, struct cw_world *w, const struct cw_listener_conf *conf,
	const struct cw_listener_events *ev, void *arg, struct cw_listener **ret, struct cw_why *why);
/* What is awaited now: shapes the recogniser's model and the turn detector. Applies to the segment begun next, and to the turn
 * detector at once. */
void cw_listener_expect(struct cw_listener *l, enum cw_awaiting awaiting, const struct cw_hints *hints);
/* One frame, in the line's coding, which ends at @end_us of the call's clock. @pcm (160) receives the decoded samples for
 * the recorder and others. Allocates nothing in steady state. */
void cw_listener_frame(struct cw_listener *l, const uint8_t *ulaw, uint64_t end_us, int16_t *pcm);
void cw_listener_dtmf(struct cw_listener *l, char digit); /* out of band, from the line */
bool cw_listener_speech(const struct cw_listener *l);     /* the other is speaking now, by VAD */
bool cw_listener_in_turn(
	const struct cw_listener *l); /* a turn is open (speech, or silence not yet long enough, or final awaited) */
uint64_t cw_listener_last_us(const struct cw_listener *l);    /* last voiced frame heard, 0 = none */
const char *cw_listener_partial(const struct cw_listener *l); /* words of the open turn so far, "" when none */
float cw_listener_level_db(const struct cw_listener *l);      /* of the last frame, dBov */
void cw_listener_stop(struct cw_listener *l);                 /* forget the open turn; nothing is told of it */
