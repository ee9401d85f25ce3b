/*
 * speaker.h: one party's mouth: utterances in, paced frames out, and a ledger of what was heard
 *
 * An utterance is split into sentences; the next sentence is synthesised while one plays. Audio leaves at real pace with a
 * bounded lead on lines that buffer (agent side), frame for frame on the carrier side. It can be paused (clear the line,
 * remember the first unheard sample), resumed from there, or cut at any frame. The ledger maps samples to words, so that
 * the heard text is known: played position from marks, bounded by the clock between them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

struct cw_world;
struct cw_line;
struct cw_effects;
struct cw_speaker;

struct cw_speaker_conf {
	const char *voice;               /* tts voice */
	const char *language;
	double speed;
	uint64_t lead_us;                /* agent side: audio sent ahead at most; 0 = 200 ms */
	uint64_t tts_first_us;           /* deadline of the first audio of a sentence; 0 = 3 s */
	uint64_t tts_idle_us;            /* deadline between chunks; 0 = 2 s */
	struct cw_effects *effects;      /* put on everything that leaves (carrier side), or NULL; not owned */
};

struct cw_spoken {                   /* how an utterance ended */
	uint32_t utterance;
	const char *heard;           /* words whose last sample was played at the far end */
	const char *unheard;         /* the rest */
	bool cut;                    /* stopped before its end */
	int err;                     /* synthesis failed: errno; audio may have been heard in part */
	uint64_t started_us, ended_us;  /* first and last audible frame on the wire; equal when none */
};

struct cw_speaker_events {
	void (*started)(uint32_t utterance, void *arg);           /* first audible frame left */
	void (*sentence)(uint32_t utterance, unsigned sentence, const char *text, uint64_t ttfb_us, void *arg);  /* first audio of a sentence came from the engine */
	void (*spoke)(const struct cw_spoken *s, void *arg);      /* exactly one for each say() */
	void (*failed)(int err, const char *reason, void *arg);   /* a sentence could not be synthesised (also ends the utterance) */
};

int cw_speaker_new(void *parent, struct cw_world *w, const struct cw_speaker_conf *conf, const struct cw_speaker_events *ev, void *arg,
		   struct cw_speaker **ret, struct cw_why *why);
void cw_speaker_attach(struct cw_speaker *s, struct cw_line *line);   /* when answered; frames flow from then on */

/* Queue an utterance (at most 16 queued, 8 KiB each: ENOBUFS, EMSGSIZE). *@utterance counts from 1. */
int cw_speaker_say(struct cw_speaker *s, const char *text, uint32_t *utterance);
/* Queue samples instead of text: @text is what they say (for the ledger). Copied. */
int cw_speaker_play(struct cw_speaker *s, const int16_t *pcm, size_t n, const char *text, uint32_t *utterance);
/* Stop at once: flush queue, clear the line, cancel synthesis. Each open utterance ends with `spoke` (cut). Nothing when idle. */
void cw_speaker_stop(struct cw_speaker *s);
void cw_speaker_pause(struct cw_speaker *s);                   /* clear the line, keep the rest */
void cw_speaker_resume(struct cw_speaker *s);                  /* from the beginning of the first word not wholly heard */
bool cw_speaker_busy(const struct cw_speaker *s);              /* utterances queued, synthesising or not yet played out */
bool cw_speaker_audible(const struct cw_speaker *s);           /* the far end hears speech of ours now (estimate) */
bool cw_speaker_paused(const struct cw_speaker *s);
/* Heard text of the utterance being spoken, so far: valid until the next call into the speaker. */
const char *cw_speaker_heard(struct cw_speaker *s);

/* Carrier side: produce the next frame to send (silence when idle) into @ulaw and @pcm (may be NULL). No allocation. */
void cw_speaker_pull(struct cw_speaker *s, uint8_t ulaw[160], int16_t *pcm);
void cw_speaker_mark(struct cw_speaker *s, uint32_t id, bool cleared);  /* from the line */
uint64_t cw_speaker_underruns(const struct cw_speaker *s);     /* times the far end ran dry inside an utterance (engine too slow or lane late) */
