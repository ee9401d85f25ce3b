/*
 * journal.h: everything that enters one part of the program, written down, so that the part can be done again exactly
 *
 * The boundary is a world of its own, laid over the lane's: whoever was made in it (a caller's party) sees nothing of the outside but by
 * this world and by sources that are bound to it (a line, a recogniser, a voice: line/journal.h, speech/journal.h).
 *   Clock: it stands still while something is handled and moves only when the next thing enters; each record holds the new time.
 *   Timers and ticks: this world has its own heap and wheel. The lane's world only says "now"; which timers fire then, and in which order,
 *   follows from the clock. So one record serves them all, and no timer needs a name.
 *   Randomness: a generator of its own, seeded by the head.
 *   Anything else (work, processes, sockets) is refused here (ENOTSUP): what is not written down cannot enter. Engines and lines live in the
 *   lane's world; what they deliver is an input. An engine's work is therefore not done again, its results are.
 * Outputs (frames, marks, sentences asked for, events of the timeline) are written too, frames as digests, so that a replay compares as it goes
 * and names the first thing that differs.
 * An input may come within an output (a carrier answers a mark at once): it is marked as nested and delivered at that place again.
 *
 * File, all numbers little-endian: "cw-jrnl\n", u32 version, then blocks: u32 length, SHA-256 of length and payload, payload. A payload is whole
 * records: u8 kind, u8 depth (above 0: nested), u16 zero, u32 source, u64 time (µs of the lane's clock), u32 length, bytes. The first record is the head, the last
 * the end (counts and digests); without it the journal was cut short, as is a last block that is not all there. Error numbers are Linux's.
 * Written off the lane, block by block; the media path neither allocates nor waits.
 *
 * Thread: the lane. Owner: the parent given; what was made in its world must be freed before.
 */
#pragma once
#include "base/buf.h"
#include "base/why.h"
#include "world/world.h"

struct cw_journal;

enum cw_journal_kind {
	CW_JN_HEAD, /* JSON: seed, epoch_us, wall_us and what the writer added */
	CW_JN_END,  /* u64 frames, u64 events, SHA-256 of the frames, SHA-256 of the events */
	/* inputs */
	CW_JN_OPEN,      /* the part is made */
	CW_JN_TIMERS,    /* all that are due */
	CW_JN_ANSWERED,  /* texts call_id, stream_id, from, to */
	CW_JN_HEARD,     /* u64 position, 160 bytes */
	CW_JN_KEY,       /* one byte */
	CW_JN_MARKED,    /* u64 id, u64 cleared */
	CW_JN_NOTED,     /* texts what, json */
	CW_JN_CLOSED,    /* u64 reason, text */
	CW_JN_PARTIAL,   /* text */
	CW_JN_FINAL,     /* u64 confidence (the bits of a double), text */
	CW_JN_UNHEARD,   /* u64 errno, text: the recogniser failed */
	CW_JN_AUDIO,     /* samples of a sentence */
	CW_JN_WORD,      /* u64 text_end, u64 sample_end */
	CW_JN_SAID,      /* u64 errno, text: a sentence is done */
	CW_JN_DROP,      /* text: end the call */
	CW_JN_INPUT_END, /* not a kind */
	/* outputs */
	CW_JN_FRAME = 64, /* u64 digest of the bytes sent */
	CW_JN_EVENT,      /* one line of the timeline */
	CW_JN_MARK,       /* u64 id */
	CW_JN_CLEAR,
	CW_JN_DIGITS, /* text */
	CW_JN_HANG_UP,
	CW_JN_LISTEN, /* text: begin, finish, cancel */
	CW_JN_SAY,    /* text */
	CW_JN_RESULT, /* u64 errno the output before gave; absent: 0 */
	CW_JN_N,
};
const char *cw_journal_kind_name(unsigned kind); /* "heard", "?" for an unknown one */

/* ---- recording ---- */

struct cw_journal_conf {
	struct cw_world *world; /* the lane's */
	const char *path;       /* made anew */
	uint64_t seed;
	const char *head; /* JSON object, or NULL */
};
/* Blocking, briefly (opens the file). What creating the file met, with @why. */
int cw_journal_open(void *parent, const struct cw_journal_conf *conf, struct cw_journal **ret, struct cw_why *why);
/* Nothing more is written or compared but the end; @done (may be NULL) is called once the file is closed, never inside. A write that failed leaves a journal
 * that was cut short. Repeatable: the later call only replaces @done. */
void cw_journal_finish(struct cw_journal *j, void (*done)(int err, void *arg), void *arg);

/* ---- the layer, in recording and in replay ---- */

struct cw_world *cw_journal_world(struct cw_journal *j);
struct cw_journal *cw_journal_of(struct cw_world *w);   /* NULL: an ordinary world */
struct cw_world *cw_journal_lane(struct cw_journal *j); /* where engines live; NULL in replay */
bool cw_journal_replays(const struct cw_journal *j);

/* One from which inputs come. Numbered in the order they were bound. @input is called in replay only, within the dispatch. */
struct cw_journal_source {
	struct cw_journal *journal;
	uint32_t id;
	int (*input)(unsigned kind, struct cw_str payload, void *arg); /* EBADMSG: malformed */
	void *arg;
	struct cw_journal_source *prev, *next;
};
void cw_journal_bind(struct cw_journal *j, struct cw_journal_source *s,
	int (*input)(unsigned kind, struct cw_str payload, void *arg), void *arg);
void cw_journal_unbind(struct cw_journal_source *s); /* before it is freed; one never bound too */

/* Recording: an input enters; the handler follows, then leave(). The clock moves here unless another dispatch is under way.
 * In replay for CW_JN_OPEN alone: the clock stands where it stood when the part was made. */
void cw_journal_enter(struct cw_journal *j, const struct cw_journal_source *s, enum cw_journal_kind kind,
	const void *bytes, size_t n);
void cw_journal_leave(struct cw_journal *j);
/* Something leaves. Recording: written; then do it, and tell what it gave. Replay: compared; what entered within it enters. */
void cw_journal_output(struct cw_journal *j, enum cw_journal_kind kind, const void *bytes, size_t n);
/* Recording: @err is written when it is not 0, and given back. Replay: what it was then. */
int cw_journal_result(struct cw_journal *j, int err);

/* Payloads. A text may be NULL. Reading takes from the front; false: not there. */
void cw_journal_put_u64(struct cw_buf *b, uint64_t v);
void cw_journal_put_text(struct cw_buf *b, const char *text);
bool cw_journal_get_u64(struct cw_str *rest, uint64_t *ret);
bool cw_journal_get_text(struct cw_str *rest, const char **ret); /* lives as long as the journal */

/* ---- replay ---- */

/* Read a whole file. ENOENT, EBADMSG (no journal, damaged: where), EPROTONOSUPPORT (another version), EFBIG, with @why. A missing tail is no error. */
int cw_journal_load(void *parent, const char *path, struct cw_journal **ret, struct cw_why *why);
int cw_journal_parse(void *parent, const void *bytes, size_t n, const char *name, struct cw_journal **ret,
	struct cw_why *why); /* copies */
const char *cw_journal_head(const struct cw_journal *j);
uint64_t cw_journal_epoch(const struct cw_journal *j); /* the lane's clock when it was opened */

struct cw_journal_found {
	bool same;               /* whole, and nothing differed */
	bool cut;                /* it has no end: compared as far as it goes */
	uint64_t until_us;       /* time of the last record handled, from the epoch */
	uint64_t frames, events; /* compared */
	uint64_t frame;          /* number (from 0) of the first frame that differs; UINT64_MAX: none */
	uint64_t frame_us;
	uint64_t event; /* the same for events */
	char event_was[400], event_now[400];
	char stopped[400];                         /* not "": where the replay went another way, and could not go on */
	char frames_sha[2][65], events_sha[2][65]; /* then ("" when cut), now */
};
/* Deliver everything, in order, to what was made in cw_journal_world() between cw_journal_enter(CW_JN_OPEN) and cw_journal_leave(). */
void cw_journal_replay(struct cw_journal *j, struct cw_journal_found *ret);
