/*
 * dialogue.h: the rules level of an agent: what the caller says in, what to do out
 *
 * A statechart over the states of an agent file, with slots, repair, confirmation, corrections and offers of times. Pure: no I/O, no
 * clock, no audio. Each event below returns 0 or ENOMEM and leaves its moves in cw_dialogue_moves(), in the order in which they
 * are to be done; they live until the next event. An event always leaves the caller with something to hear, a tool
 * running, or the end of the call; after the end, events do nothing. The number of turns is bounded.
 * Thread: one at a time.  Owner: the parent given to cw_dialogue_new().
 */
#pragma once
#include "agent/file.h"
#include "base/json.h"
#include "call/turn.h"

struct cw_dialogue;

enum cw_move_kind {
	CW_MOVE_UNDERSTOOD, /* data: {intent, slots, score} */
	CW_MOVE_STATE,      /* from, to, why */
	CW_MOVE_SAY,        /* text */
	CW_MOVE_TOOL,       /* tool, data: its arguments, key */
	CW_MOVE_TRANSFER,   /* to: number; the call ends after what was said */
	CW_MOVE_HANG_UP,    /* why; the same */
};

struct cw_move {
	enum cw_move_kind kind;
	const char *text;
	const char *from, *to, *why;
	enum cw_tool tool;
	const char *key;
	json_t *data; /* borrowed */
};

#define CW_MOVES_MAX 48

struct cw_moves {
	struct cw_move v[CW_MOVES_MAX];
	size_t n;
	bool waits; /* for the caller: what for stands below */
	enum cw_awaiting awaiting;
	const struct cw_hints *hints; /* may be NULL */
};

struct cw_dialogue_conf {
	const struct cw_agent_file *file; /* must outlive the dialogue */
	const char *call_id;
	int64_t wall_us; /* now; "tomorrow" is seen from here for the whole call */
};
int cw_dialogue_new(void *parent, const struct cw_dialogue_conf *conf, struct cw_dialogue **ret);
const struct cw_moves *cw_dialogue_moves(const struct cw_dialogue *d);

int cw_dialogue_start(struct cw_dialogue *d);
/* The caller's turn; "" = nothing was understood. @confidence of the recogniser, negative = unknown. */
int cw_dialogue_turn(struct cw_dialogue *d, const char *text, double confidence);
/* The turn to come began before our last words were out: it may be the rest of the answer before ("Maria … Lopez"). */
void cw_dialogue_cut_short(struct cw_dialogue *d);
int cw_dialogue_dtmf(struct cw_dialogue *d, char digit);
/* No key for some seconds: what was typed so far is complete. Nothing happens when nothing was typed. */
int cw_dialogue_dtmf_pause(struct cw_dialogue *d);
bool cw_dialogue_dtmf_open(const struct cw_dialogue *d); /* digits were typed and wait for more */
int cw_dialogue_idle(struct cw_dialogue *d);

struct cw_tool_answer {
	const char *outcome;      /* "done", "taken", "none", "failed" */
	const char *confirmation; /* of a booking: "CW-1042" */
	const char *const *slots; /* of find_slots */
	size_t n_slots;
};
/* The tool asked for last has answered (or was given up: "failed"). */
int cw_dialogue_tool(struct cw_dialogue *d, const struct cw_tool_answer *a);

bool cw_dialogue_ended(const struct cw_dialogue *d);
const char *cw_dialogue_state(const struct cw_dialogue *d);
/* Value of a filled slot (normalised), else NULL. */
const char *cw_dialogue_slot(const struct cw_dialogue *d, const char *name);
json_t *cw_dialogue_dump(const struct cw_dialogue *d); /* {state, slots, ended}: a new reference */
