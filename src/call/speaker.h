/*
 * speaker.h: one party's mouth: utterances in, paced frames out, and a ledger of what was heard
 *
 * An utterance is split into sentences; the next sentence is synthesised while one plays. Audio leaves at real pace with a
 * bounded lead on lines that buffer (agent side), frame for frame on the carrier side. It can be paused (clear the line,
 * remember the first unheard sample), resumed from there, or cut at any frame. The ledger maps samples to words, so that
 * the heard text is known.
 *
 * What was heard, agent side: the far end plays what we sent at real pace from the moment it came, and a clear takes the way
 * the audio took, so the clock of what we sent says, to one frame, what will have been played when the clear arrives. A
 * returned mark proves its place; marks that come later than the earliest ones came say that the far end is behind, and the
 * clock is set back by that. Carrier side: what was pulled was heard.
 *
 * Thread: the call's lane. Owner: the parent given to cw_speaker_new(). Handlers run from the loop, from the tick or pull and
 * from the engine, never inside say(), play() or stop(); only in `spoke` may the speaker be freed. Times in events are on the
 * clock that begins at conf.epoch_us.
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
	const char *voice; /* tts voice; NULL: no engine, play() only (say() gives ENOTSUP) */
	const char *language;
	double speed;
	uint64_t lead_us;           /* agent side: audio sent ahead at most; 0 = 200 ms */
	uint64_t tts_first_us;      /* deadline of the first audio of a sentence; 0 = 3 s */
	uint64_t tts_idle_us;       /* deadline between chunks; 0 = 2 s */
	struct cw_effects *effects; /* put on everything that leaves (carrier side), or NULL; not owned */
	uint64_t epoch_us;          /* cw_now() at t = 0 of the call */
	/* Carrier side, or NULL: change the next frame before the effects (silence comes too); true when it was changed. */
	bool (*mix)(int16_t pcm[160], void *arg);
	void *mix_arg;
};

struct cw_spoken { /* how an utterance ended */
	uint32_t utterance;
	const char *heard;             /* words whose last sample was played at the far end */
	const char *unheard;           /* the rest */
	bool cut;                      /* stopped before its end */
	int err;                       /* synthesis failed: errno; audio may have been heard in part */
	uint64_t started_us, ended_us; /* first and last audible frame on the wire; equal when none */
	bool urgent;                   /* queued in cw_speaker_urgent() */
	/* First audible sample and the end of the last one, before line conditions; exact on the carrier side. Equal when none. */
	uint64_t onset_us, last_us;
};

struct cw_speaker_events {
	void (*started)(uint32_t utterance, void *arg); /* first audible frame left */
	void (*sentence)(uint32_t utterance, unsigned sentence, const char *text, uint64_t ttfb_us,
		void *arg);                                  /* first audio of a sentence came from the engine */
	void (*spoke)(const struct cw_spoken *s, void *arg); /* exactly one for each say() and play() */
	void (*failed)(int err, const char *reason,
		void *arg); /* a sentence could not be synthesised (also ends the utterance) */
	/* The rest may be NULL. */
	void (*asked)(uint32_t utterance, unsigned sentence, const char *text,
		void *arg); /* synthesis of a sentence begins */
	void (*sent)(
		const uint8_t *ulaw, size_t n, uint64_t at_us, void *arg); /* frames left, to be heard from @at_us on */
	void (*cleared)(uint64_t from_us, uint64_t to_us, void *arg); /* … and this stretch of them will not be heard */
};

int cw_speaker_new(void *parent, struct cw_world *w, const struct cw_speaker_conf *conf,
	const struct cw_speaker_events *ev, void *arg, struct cw_speaker **ret, struct cw_why *why);
void cw_speaker_attach(struct cw_speaker *s, struct cw_line *line); /* when answered; frames flow from then on */

/* Queue an utterance (at most 16 queued, 8 KiB each: ENOBUFS, EMSGSIZE; blank: EINVAL). *@utterance counts from 1. When a sentence
 * fails, what came before it is played, then the utterance ends with `err`. */
int cw_speaker_say(struct cw_speaker *s, const char *text, uint32_t *utterance);
/* Queue samples instead of text: @text (may be NULL) is what they say, for the ledger. Copied. At most 2 minutes: EMSGSIZE. */
int cw_speaker_play(struct cw_speaker *s, const int16_t *pcm, size_t n, const char *text, uint32_t *utterance);
/* Stop at once: flush queue, clear the line, cancel synthesis. Each open utterance ends with `spoke` (cut). Nothing when idle. */
void cw_speaker_stop(struct cw_speaker *s);
void cw_speaker_pause(struct cw_speaker *s);         /* clear the line, keep the rest */
void cw_speaker_resume(struct cw_speaker *s);        /* from the beginning of the first word not wholly heard */
bool cw_speaker_busy(const struct cw_speaker *s);    /* utterances queued, synthesising or not yet played out */
bool cw_speaker_audible(const struct cw_speaker *s); /* the far end hears speech of ours now (estimate) */
bool cw_speaker_paused(const struct cw_speaker *s);
/* Heard text of the utterance being spoken, so far: valid until the next call into the speaker. */
const char *cw_speaker_heard(struct cw_speaker *s);

/* Carrier side: produce the next frame to send (silence when idle) into @ulaw and @pcm (may be NULL). No allocation. */
void cw_speaker_pull(struct cw_speaker *s, uint8_t ulaw[160], int16_t *pcm);
void cw_speaker_mark(struct cw_speaker *s, uint32_t id, bool cleared); /* from the line */
uint64_t cw_speaker_underruns(
	const struct cw_speaker *s); /* times the far end ran dry inside an utterance (engine too slow or lane late) */

/* Utterances queued while @on go before all which are not audible yet, and between the sentences of one that waits for its engine.
 * Those that have not begun are cut when audio of an ordinary utterance comes, or by cw_speaker_drop_urgent(). */
void cw_speaker_urgent(struct cw_speaker *s, bool on);
void cw_speaker_drop_urgent(struct cw_speaker *s);
/* Carrier side: the frame pulled next begins at @at_us of the call's clock. */
void cw_speaker_at(struct cw_speaker *s, uint64_t at_us);
/* The utterance which has begun to be audible and is not over, 0 = none; and when that was. */
uint32_t cw_speaker_current(const struct cw_speaker *s, uint64_t *started_us);
/* End of the last audible frame that left, as heard (may lie ahead by the lead); 0 = none. */
uint64_t cw_speaker_last_us(const struct cw_speaker *s);
/* Time until the last audible sample of all that is queued was heard; false when synthesis is not complete, so that it is not
 * known. */
bool cw_speaker_left(const struct cw_speaker *s, uint64_t *left_us);
bool cw_speaker_is_urgent(const struct cw_speaker *s, uint32_t utterance);
uint32_t cw_speaker_last_id(const struct cw_speaker *s); /* of the utterance queued last, 0 = none */
/* Tell of every utterance that is over now (`spoke`), instead of from the loop. */
void cw_speaker_flush(struct cw_speaker *s);
bool cw_speaker_waiting(const struct cw_speaker *s); /* an utterance is queued of which nothing audible has left yet */
/* When an open utterance became audible; false when it has not or is over. */
bool cw_speaker_started(const struct cw_speaker *s, uint32_t utterance, uint64_t *at_us);
