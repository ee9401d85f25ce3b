/*
 * stt.h: speech recognition as a stream: samples in, words out
 *
 * One stream per listening party, open for the whole call; a segment lasts from cw_stt_begin() to its final or
 * cw_stt_cancel(). Feeding never blocks and never allocates per frame once warm; engines work off the lane.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "speech/hints.h"

struct cw_world;
struct cw_stt;

struct cw_stt_conf {
	const char *engine;   /* "modem", "pocketsphinx" (with options after a colon: "modem:wer=0.05") */
	const char *language; /* BCP 47, "en-US" */
	unsigned rate_hz;     /* 8000 */
};

struct cw_stt_events {
	void (*partial)(const char *text, void *arg); /* best guess of the segment so far; may be NULL */
	void (*final)(const char *text, double confidence,
		void *arg); /* of the segment; "" = speech without words. confidence 0 … 1, negative = unknown */
	void (*failed)(int err, const char *reason, void *arg); /* the segment is lost; the stream may be used on */
};

struct cw_stt_usage {        /* of a stream so far */
	double seconds;      /* of audio sent to a provider, repetitions included: what it bills */
	uint64_t ttfs_us;    /* from the last finish to its final; 0 = none yet */
	unsigned reconnects; /* links that broke and were made again */
	uint64_t lost_us;    /* audio that no longer fit into the buffer while there was no link */
};

struct cw_stt_driver {
	const char *name;
	const char *about; /* one line for `doctor` and docs */
	int (*open)(void *parent, struct cw_world *w, const struct cw_stt_conf *conf, const struct cw_stt_events *ev,
		void *arg, struct cw_stt **ret, struct cw_why *why);
	void (*expect)(struct cw_stt *s, const struct cw_hints *hints); /* may be NULL: hints not used */
	void (*begin)(struct cw_stt *s);
	void (*feed)(struct cw_stt *s, const int16_t *pcm, size_t n);
	void (*finish)(struct cw_stt *s); /* no more audio in this segment: `final` or `failed` follows */
	void (*cancel)(struct cw_stt *s); /* forget the segment: neither follows */
	void (*usage)(const struct cw_stt *s, struct cw_stt_usage *ret); /* may be NULL: nothing is counted */
};

/* Every driver's struct begins with this. */
struct cw_stt {
	const struct cw_stt_driver *driver;
};

/* ENOENT: unknown engine (names the known ones), or what the driver's open gives (ENOENT: model files missing). */
int cw_stt_open(void *parent, struct cw_world *w, const struct cw_stt_conf *conf, const struct cw_stt_events *ev,
	void *arg, struct cw_stt **ret, struct cw_why *why);
void cw_stt_expect(struct cw_stt *s, const struct cw_hints *hints); /* for the segments begun from now on; copied */
void cw_stt_begin(struct cw_stt *s);
void cw_stt_feed(struct cw_stt *s, const int16_t *pcm, size_t n);
void cw_stt_finish(struct cw_stt *s);
void cw_stt_cancel(struct cw_stt *s);
void cw_stt_usage(const struct cw_stt *s, struct cw_stt_usage *ret); /* zeros of engines that count nothing */

const struct cw_stt_driver *const *cw_stt_drivers(void); /* NULL-terminated */
