/*
 * speaker_int.h: the speaker's parts: queue and synthesis (speaker.c), sending and the far end's clock (pacer.c)
 */
#pragma once
#include "audio/effect.h"
#include "audio/g711.h"
#include "call/ledger.h"
#include "call/speaker.h"
#include "line/line.h"
#include "speech/tts.h"
#include "world/world.h"

#define CW_MARKS   64 /* pending at the far end; older ones are forgotten */
#define CW_EXTENTS 64 /* stretches on their way; never more than a lead's worth of pieces */

struct cw_far_mark {
	uint32_t id; /* 0 = free */
	uint32_t utterance;
	unsigned piece;
	size_t sample;   /* all before it has been played when the mark comes back */
	uint64_t due_us; /* by our clock */
};

/* A stretch of a piece that is on its way: stream samples at … at + n are its samples from … */
struct cw_extent {
	struct cw_utterance *u;
	unsigned piece;
	size_t from, n;
	uint64_t at;
};

/* What we know about the far end's playing. Agent side only. */
struct cw_far {
	uint64_t sent;      /* samples of the stream which were not cleared */
	uint64_t drain_us;  /* cw_now() at which all of them will have been played */
	uint64_t behind_us; /* … and so much later, as marks tell */
	uint64_t trip_us;   /* the earliest a mark came, relative to its due time: the way there and back */
	bool trip_known;
	uint32_t mark_id, mark_seen;
	size_t since_mark; /* samples */
	struct cw_far_mark marks[CW_MARKS];
	struct cw_extent extents[CW_EXTENTS];
	unsigned extents_first, extents_n;
};

struct cw_speaker {
	struct cw_world *world;
	struct cw_speaker_conf conf;
	const struct cw_speaker_events *ev;
	void *arg;
	struct cw_line *line; /* NULL before attach */
	bool carrier;
	bool paused;
	bool urgent;
	bool stopping;
	bool *gone; /* set by the destructor while `spoke` runs */

	struct cw_utterance *queue; /* open, in the order they are to be spoken */
	struct cw_utterance *ended; /* over; `spoke` is to be told */
	unsigned queued;
	uint32_t last_id;

	struct cw_tts *tts;
	struct cw_tts_job *job; /* the sentence being synthesised … */
	struct cw_utterance *job_utterance;
	unsigned job_piece;
	struct cw_timer job_timer; /* deadlines, and asking again when the engine was busy */
	struct cw_timer ended_timer;
	struct cw_timer play_timer; /* send at once, but from the loop */
	struct cw_tick tick;        /* agent side, while something is queued */
	bool ticking;

	uint64_t at_us;            /* carrier: the next frame begins here */
	uint64_t audible_until_us; /* call's clock */
	uint64_t underruns;
	bool dry; /* carrier: counted already */
	struct cw_far far;
};

/* speaker.c */
uint64_t cw_speaker_now(const struct cw_speaker *s);               /* call's clock */
void cw_speaker_end(struct cw_speaker *s, struct cw_utterance *u); /* over: move it to `ended` */
void cw_speaker_synthesise(struct cw_speaker *s);                  /* ask for the next sentence, if it is time */

/* pacer.c */
void cw_pacer_pump(struct cw_speaker *s);                                 /* send what is due, end what is over */
void cw_pacer_played(struct cw_speaker *s);                               /* bring `heard` up to date */
void cw_pacer_clear(struct cw_speaker *s);                                /* what is on its way will not be heard */
bool cw_pacer_forget(struct cw_speaker *s, const struct cw_utterance *u); /* was anything of it on its way? */
void cw_pacer_settle(struct cw_utterance *u);                             /* step over pieces that are through */
/* The utterance to take the next samples from, NULL when none has any. */
struct cw_utterance *cw_pacer_source(struct cw_speaker *s);
