/*
 * tts.h: speech synthesis as a stream: a sentence in, samples out
 *
 * Engines work off the lane and deliver 8 kHz mono in chunks, in order. A request is a talloc object: freeing it cancels at
 * once, no event follows, nothing leaks.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

struct cw_world;
struct cw_tts;     /* an opened voice: cheap, shared by all sentences of a party */
struct cw_tts_job; /* one sentence being spoken */

struct cw_tts_conf {
	const char *voice; /* "flite:slt", "espeak:en-gb", "modem", "modem:wpm=170" : engine[:voice or options] */
	const char *language;
	double speed; /* 1.0 = normal; 0 = 1.0 */
};

struct cw_tts_events {
	void (*audio)(const int16_t *pcm, size_t n, void *arg);
	/* A word ends: @text_end bytes of the text have been spoken when @sample_end samples (from the sentence's start) have
	 * been played. Comes before or with the audio; may never come (the speaker then interpolates). May be NULL. */
	void (*word)(size_t text_end, uint64_t sample_end, void *arg);
	void (*done)(int err, const char *reason,
		void *arg); /* err 0: all audio delivered; an empty success is err ENODATA */
};

struct cw_tts_usage {        /* of a voice so far */
	uint64_t characters; /* sent to a provider: what it bills */
	uint64_t first_us;   /* from asking to the first audio, of the last sentence; 0 = none yet */
};

struct cw_tts_driver {
	const char *name;
	const char *about;
	int (*open)(void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret,
		struct cw_why *why);
	int (*say)(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
		struct cw_tts_job **ret);
	const char *const *(*voices)(void);                              /* NULL-terminated names, may be NULL */
	void (*usage)(const struct cw_tts *t, struct cw_tts_usage *ret); /* may be NULL: nothing is counted */
};

struct cw_tts {
	const struct cw_tts_driver *driver;
};

/* ENOENT: unknown engine or voice (names the known ones). */
int cw_tts_open(
	void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why);
/* Speak @text (UTF-8, copied, at most 4000 bytes: EMSGSIZE). Plain text: the driver brings it into the form its engine speaks best.
 * ENOMEM, EAGAIN (engine queue full). */
int cw_tts_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret);

void cw_tts_usage(const struct cw_tts *t, struct cw_tts_usage *ret); /* zeros of engines that count nothing */

const struct cw_tts_driver *const *cw_tts_drivers(void); /* NULL-terminated */
