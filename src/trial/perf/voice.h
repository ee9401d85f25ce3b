/*
 * voice.h: how voices sound and what is heard of them: quality measures, word and entity errors by voice, line, noise and ear
 *
 * Texts are spoken by voices (or recorded clips are read), brought to -26 dBov, put through line conditions (audio/effect.h) with noise
 * at given ratios, measured alone and beside the clean sound, and recognised. Rates are pooled over sentences with bootstrap
 * intervals over sentences. The control is the same ear on the same sound without a line: what it cannot hear there is
 * its own fault, or the voice's. The ladder is the ratio at which entity accuracy falls through 90 %.
 * Thread: one lane; synthesis, sound and recognition run as work jobs. Everything belongs to the parent given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/why.h"

struct cw_world;

#define CW_VOICE_ITEMS_MAX 10000 /* sentences or clips of one source */
#define CW_VOICE_SNRS_MAX  32

struct cw_voice_item {
	const char *text; /* what is said */
	const char *path; /* the recording; NULL: to be spoken */
};

struct cw_voice_source { /* a voice, or recordings of one group (speaker, language) */
	const char *name;
	const char *voice; /* as in tts.h; NULL: recordings */
	const struct cw_voice_item *items;
	size_t n_items;
};

struct cw_voice_conf {
	const struct cw_voice_source *sources;
	size_t n_sources;
	const char *const *ears; /* as in stt.h; none: sound only */
	size_t n_ears;
	const char *const *channels; /* audio profiles */
	size_t n_channels;
	double snrs[CW_VOICE_SNRS_MAX]; /* dB; none: each channel with its own noise */
	size_t n_snrs;
	const char *
		noise; /* "white", "pink", "car", "traffic", "babble" or a WAV file; NULL: the channel's own, else pink */
	bool expect;   /* tell the ears the texts beforehand */
	const char *language;
	uint64_t seed;
	unsigned jobs;        /* sounds in work at once */
	const char *keep_dir; /* where each sound is written as WAV; NULL: nowhere */
	/* Told after each finished sound; may be NULL. */
	void (*progress)(size_t done, size_t total, const char *what, void *arg);
	void *arg;
};

struct cw_voice_run;

/* Do all of it on @w, whose loop runs until the end, or until *@stop (may be NULL) is set by a handler of that loop: what is there by
 * then is in *@ret. ENOENT (unknown voice, ear, channel or noise), EINVAL, ENOMEM. */
int cw_voice_run(void *parent, struct cw_world *w, const struct cw_voice_conf *conf, const bool *stop,
	struct cw_voice_run **ret, struct cw_why *why);

bool cw_voice_complete(const struct cw_voice_run *r); /* false: stopped before the end */
size_t cw_voice_failures(
	const struct cw_voice_run *r); /* sentences that a voice did not speak or an ear did not answer */

/* The results: everything (voice.json), a line per row (voice.csv), tables for people (voice.md and the terminal). */
json_t *cw_voice_json(const struct cw_voice_run *r);
int cw_voice_csv(const struct cw_voice_run *r, struct cw_buf *out);
int cw_voice_table(const struct cw_voice_run *r, bool markdown, struct cw_buf *out);

/*
 * The list of recordings in a folder: index.tsv with a heading. Columns: "file" (or "name", to which .wav is added); "text", "word" or
 * "harvard_text"; and, if there is one of them, "lang", "accent" or "speaker", which divides the list into sources named
 * "folder:value". At most @limit of each source (0: all). EBADMSG with line, ENOMEM.
 */
int cw_voice_index_parse(void *parent, struct cw_str tsv, const char *dir, size_t limit, struct cw_voice_source **ret,
	size_t *n, struct cw_why *why);
/* The sentences of a text file: one a line, blank lines and those that begin with # left out. EBADMSG: none; ENOMEM. */
int cw_voice_texts_parse(void *parent, struct cw_str file, struct cw_voice_item **ret, size_t *n, struct cw_why *why);
/* Built-in sentences of service calls with names, telephone numbers, dates, times, addresses and sums in them. */
extern const struct cw_voice_item cw_voice_texts[];
extern const size_t cw_voice_n_texts;
