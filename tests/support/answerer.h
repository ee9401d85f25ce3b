/*
 * answerer.h: a reference agent which answers after a time known to the sample: what a latency clock is measured by
 *
 * It knows the clip the caller plays, finds it in what it hears by correlation (no voice detector), and puts the first voiced
 * sample of its answer the wanted number of samples behind the clip's last voiced one. Its stream is aligned with the caller's by position: what is sent on hearing
 * the frame at position p is heard in the frame at p + 160. Thread: the line's lane.  Owner: the parent given to answerer_new().
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "line/line.h"

#define ANSWERER_CLIP       7200 /* samples of the clip, all of them voiced: 900 ms */
#define ANSWERER_EARLIEST   (-4000)
#define ANSWERER_NEVER      INT32_MAX
#define ANSWERER_TURN_US    3600000u /* from the end of one clip to the next, at least: the longest answer fits */
#define ANSWERER_ANSWER_MAX 12000    /* samples of an answer with what leads to it */

/* Why an answer's first voiced sample may be hard to see. */
enum answer_kind {
	ANSWER_MODEM,   /* tones, at once at full level */
	ANSWER_VOWEL,   /* a voice, at once at full level */
	ANSWER_COMFORT, /* the same with comfort noise of -55 dBov from 500 ms before until its end */
	ANSWER_BREATH,  /* the same behind 300 ms of breath, 28 dB weaker: it does not count */
	ANSWER_SOFT,    /* the same, swelling for 80 ms: counted from the beginning */
	ANSWER_SPEECH, /* the clip given: counted from its first sample above a 100th of its peak; the ear finds the weaker ones before */
	ANSWER_NONE, /* nothing at all */
	ANSWER_KINDS
};
const char *answer_kind_name(enum answer_kind k); /* "modem" */

struct answer {
	enum answer_kind kind;
	int32_t delay; /* samples from the end of the clip to the first voiced one; not below ANSWERER_EARLIEST */
};

struct answerer_conf {
	const struct answer *answers; /* to the clips, in order; outlive it */
	size_t n;
	const int16_t *speech; /* of ANSWER_SPEECH, or NULL where none is used; outlives it */
	size_t n_speech;
	uint64_t seed; /* of its noises */
};

struct answerer;

/* The clip for the caller to play: harmonics of a gliding pitch, which fit nowhere but in one place. */
void answerer_clip(int16_t out[ANSWERER_CLIP]);
/* Attach to @line (agent side). ENOMEM. */
int answerer_new(void *parent, const struct answerer_conf *conf, struct cw_line *line, struct answerer **ret);
/* Clips found so far. */
size_t answerer_found(const struct answerer *a);
