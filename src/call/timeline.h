/*
 * timeline.h: everything that happened in one call, once, in order
 *
 * An event is (time since the call's start in µs, party, kind, payload). Transcripts, latencies, reports and verdicts are pure
 * functions of it. The catalogue of kinds with their payloads is the table in timeline.c, printed as docs/timeline.md
 * (a test compares both). Events stand in the order they were added; t_us is when the thing happened in the audio and may
 * go back by a few frames. Appending is bounded: after 20000 events one "overflow" event is written, then nothing but
 * hung_up.
 * Thread: the call's lane. Owner: the parent given to cw_timeline_new() or cw_timeline_parse().
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

#define CW_TIMELINE_MAX 20000

enum cw_side { CW_SIDE_CALLER, CW_SIDE_AGENT, CW_SIDE_LINE, CW_SIDE_N };
const char *cw_side_name(enum cw_side s);

/* Times named *_us in payloads are on the same clock as t_us. */
enum cw_event_kind {
	CW_EV_CALL_STARTED,    /* {call_id, from, to, line, wall_us} */
	CW_EV_ANSWERED,        /* {stream_id} */
	CW_EV_SPEECH_STARTED,  /* side began to speak, decided by the other's ear: {onset_us, level_db} */
	CW_EV_SPEECH_ENDED,    /* {onset_us, last_us} */
	CW_EV_PARTIAL,         /* {text} */
	CW_EV_FINAL,           /* {text, confidence, ttfs_us} */
	CW_EV_TURN_ENDED,      /* the turn of the named side is over: {text, confidence, onset_us, last_us, delay_us} */
	CW_EV_DTMF,            /* {digit, in_band} */
	CW_EV_SAY,             /* mind said: {utterance, text, how: "text" | "audio" | "overdue" | "spare" | "dtmf"} */
	CW_EV_TTS_STARTED,     /* {utterance, sentence, text} */
	CW_EV_TTS_FIRST_AUDIO, /* {utterance, sentence, ttfb_us} */
	CW_EV_AUDIO_STARTED,   /* first audible frame of an utterance left: {utterance} */
	CW_EV_SPOKE,           /* utterance over: {utterance, heard, unheard, cut, started_us, ended_us} */
	CW_EV_PAUSED,          /* speaker paused for a possible interruption: {utterance, heard} */
	CW_EV_RESUMED,         /* false alarm: {utterance, reason: "backchannel" | "noise"} */
	CW_EV_INTERRUPTED,     /* {utterance, heard, onset_us, decided_us} */
	CW_EV_CLEARED,         /* clear went out on the line: {since_decision_us} */
	CW_EV_STATE,           /* the mind's state changed: {from, to, why} */
	CW_EV_UNDERSTOOD,      /* {intent, slots, score} */
	CW_EV_TOOL_CALLED,     /* {name, args, key} */
	CW_EV_TOOL_RESULT,     /* {name, result | error, took_us} */
	CW_EV_OVERDUE,         /* watchdog: {level: "filler" | "fallback", waited_us, waiting_for} */
	CW_EV_IDLE,            /* the other party is silent: {silent_us} */
	CW_EV_FAULT,           /* a part failed: {stage, error, text} */
	CW_EV_LINE_NOTE,       /* {what, …} from the carrier */
	CW_EV_RECORDING,       /* {path} */
	CW_EV_NOTE,            /* a mind's own remark: {what, …} */
	CW_EV_HUNG_UP,         /* {by, reason, detail} */
	CW_EV_OVERFLOW,        /* {} */
	CW_EV_N,
};
const char *cw_event_name(enum cw_event_kind k);                 /* "speech_started" */
int cw_event_kind_of(const char *name, enum cw_event_kind *ret); /* EINVAL */

struct cw_event {
	uint64_t t_us;
	enum cw_side side;
	enum cw_event_kind kind;
	json_t *data; /* object, owned by the timeline */
};

struct cw_timeline;
typedef void cw_timeline_fn(const struct cw_event *e, void *arg);

int cw_timeline_new(void *parent, struct cw_timeline **ret);
/* Append; @fmt and what follows as json_pack(), e.g. "{s:s, s:I}"; NULL fmt = {}. A payload that cannot be packed is a bug
 * (asserted in debug builds), save text that is not UTF-8, which leaves the payload {"unprintable": true}; without memory
 * the event is counted as lost. The names t_us, party and kind are taken by the event itself: a payload member of such a
 * name gets a "_" behind it. */
void cw_timeline_add(
	struct cw_timeline *t, uint64_t t_us, enum cw_side side, enum cw_event_kind kind, const char *fmt, ...);
void cw_timeline_vadd(
	struct cw_timeline *t, uint64_t t_us, enum cw_side side, enum cw_event_kind kind, const char *fmt, va_list ap);
void cw_timeline_add_json(struct cw_timeline *t, uint64_t t_us, enum cw_side side, enum cw_event_kind kind,
	json_t *data); /* takes @data */
/* Call @fn for every event as it is added, after it was stored (one watcher; live view). */
void cw_timeline_watch(struct cw_timeline *t, cw_timeline_fn *fn, void *arg);
size_t cw_timeline_lost(const struct cw_timeline *t); /* events not stored: no memory, or behind the overflow */
size_t cw_timeline_count(const struct cw_timeline *t);
const struct cw_event *cw_timeline_at(const struct cw_timeline *t, size_t i);
/* The next event of @kind and @side (CW_SIDE_N = any) at or after index *@from; *@from is moved behind it. NULL when none. */
const struct cw_event *cw_timeline_next(
	const struct cw_timeline *t, size_t *from, enum cw_event_kind kind, enum cw_side side);

/* One JSON line per event: {"t_us":…,"party":"agent","kind":"say",…payload members} */
void cw_event_encode(struct cw_buf *b, const struct cw_event *e);
void cw_timeline_encode(struct cw_buf *b, const struct cw_timeline *t);
/* Lines as cw_timeline_encode() writes them. EBADMSG with the line in @why. */
int cw_timeline_parse(void *parent, const char *text, size_t len, struct cw_timeline **ret, struct cw_why *why);
/* The catalogue as a Markdown table: the middle of docs/timeline.md. */
void cw_timeline_catalogue(struct cw_buf *b);
