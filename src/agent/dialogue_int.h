/*
 * dialogue_int.h: the machine's insides, shared by dialogue.c, moves.c and understand.c
 */
#pragma once
#include "agent/dialogue.h"
#include "agent/offers.h"
#include "agent/slots.h"
#include "base/buf.h"

#define CW_DIALOGUE_TOOL_CALLS 24 /* in one call */
#define CW_DIALOGUE_DIGITS     24
#define CW_DIALOGUE_SAY_MAX    8000 /* bytes of one utterance */

struct cw_dialogue {
	const struct cw_agent_file *f;
	char *call_id;
	struct cw_date today;
	struct cw_slot_value *values; /* one per slot of the file */
	bool *touched;                /* filled or changed by this event */
	struct cw_offers offers;
	size_t state;
	size_t pending;  /* slot whose value the caller is asked to confirm */
	size_t recent;   /* slot filled last */
	unsigned misses; /* misunderstandings in this state */
	unsigned total_misses;
	unsigned idles; /* silences in a row */
	unsigned turns;
	unsigned tool_calls;
	unsigned steps; /* states entered by this event */
	enum cw_tool running;
	bool cut_short; /* the turn began over our words */
	bool started;   /* in the first state, at least */
	bool ended;
	char confirmation[16];
	char digits[CW_DIALOGUE_DIGITS + 1];
	char *last_said;

	/* of the present event */
	void *scratch;
	struct cw_buf say;
	struct cw_moves moves;
	const char *intent; /* what was understood */
	double score;
	int err;
};

static inline const struct cw_agent_state *cw_dialogue_here(const struct cw_dialogue *d)
{
	return &d->f->states[d->state];
}

/* ---- moves.c: saying and going ---- */

void cw_dialogue_begin(struct cw_dialogue *d, bool turn);
/* Flush what is to be said, say what is awaited. Returns the error of the event. */
int cw_dialogue_end(struct cw_dialogue *d);
void cw_dialogue_say(struct cw_dialogue *d, const char *text); /* a template; a blank goes between */
void cw_dialogue_sayf(struct cw_dialogue *d, const char *fmt, ...) CW_PRINTF(2, 3);
void cw_dialogue_go(struct cw_dialogue *d, size_t state, const char *why);
/* Be in @state without its words: the greeting was its question. */
void cw_dialogue_arrive_silently(struct cw_dialogue *d, size_t state, const char *why);
void cw_dialogue_ask(struct cw_dialogue *d, unsigned wording); /* the state's question, again or first */
void cw_dialogue_miss(struct cw_dialogue *d);                  /* the caller was not understood */
bool cw_dialogue_count_miss(struct cw_dialogue *d);            /* true: it was one too many, the call is handed over */
void cw_dialogue_escalate(struct cw_dialogue *d, const char *why);
void cw_dialogue_hang_up(struct cw_dialogue *d, const char *why);
/* A slot was filled or changed: acknowledge it (or ask to confirm it: then true). */
bool cw_dialogue_filled(struct cw_dialogue *d, size_t slot, double confidence);
/* Go on from here: to the next state when all that is collected here is known, else ask again. */
void cw_dialogue_proceed(struct cw_dialogue *d);
/* Ask for this slot anew, in the state that collects it. */
void cw_dialogue_reopen(struct cw_dialogue *d, size_t slot, const char *why);
/* The state that collects the slot, or CW_AGENT_NOWHERE. */
size_t cw_dialogue_home(const struct cw_dialogue *d, size_t slot);
void cw_dialogue_reset(struct cw_dialogue *d); /* forget everything the caller told */
/* The slot the question here is about: the first one not filled, or CW_AGENT_NOWHERE. */
size_t cw_dialogue_asked(const struct cw_dialogue *d);

/* ---- understand.c ---- */

void cw_dialogue_understand(struct cw_dialogue *d, struct cw_str text, double confidence);
/* A time was (or was not) chosen among the offers. false: the turn was about something else. */
bool cw_dialogue_choose(struct cw_dialogue *d, size_t slot, struct cw_str text, double confidence);
