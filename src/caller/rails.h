/*
 * rails.h: a caller with a goal, on rails: a state machine with a fact table that says what it is asked for and nothing else
 *
 * The agent's words come in, a move goes out: state the goal, tell a fact, correct, confirm, choose, repeat, spell, decline, thank, give up.
 * A fact is told only when the agent asks for it (or when it is marked `volunteer`: with the goal, and by chatty callers); what was
 * repeated wrongly is corrected; nothing ever contradicts the table. The words of a move come from templates (English, Spanish, German,
 * French), chosen by the seed; a model may offer others (cw_rails_offer()), which are spoken only when cw_rails_check() finds nothing in them
 * but what the move may say. Without audio and without a clock: script.c and text targets use it through rules.h.
 *
 * States: opening ─▶ answering ⇄ correcting, confirming ─▶ closing ─▶ over. Thread: one at a time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "caller/pattern.h"
#include "caller/persona.h"

struct cw_rails;

#define CW_FACTS_MAX 32

/*
 * YAML of a goal (key of a test, instead of `turns`, or behind them):
 *
 *   goal: Book a visit for a broken furnace          # or {say: "My furnace stopped working.", …} for the words of the opening
 *   success: [confirmation number]                   # patterns on the agent's words: the goal is reached. Needed.
 *   failure: ["cannot help", "call you back"]        # patterns: it will not be reached. Optional.
 *   max_turns: 30                                    # own turns, then the caller gives up
 *   persona: {verbosity: terse, interrupts: 0.2}
 *   caller:
 *     facts:
 *       issue: My furnace stopped working.           # plain value
 *       name: Maria Lopez
 *       phone: {value: "415 555 0134", volunteer: true}
 *       choice: The second one.                      # among offers; default: the first one
 *       account: {value: "7 7 1 2", ask: [account number, /customer (id|number)/], say: "It is {value}."}
 *       ssn: {value: "123", ask: [social security], refuse: true}
 *
 * Keys with patterns of their own in all four languages: name, phone, address, issue, email, date, time, zip, account, choice. Others need `ask`.
 */
struct cw_fact {
	const char *key;   /* "name", "phone" … */
	const char *value; /* in the words a caller would use */
	const struct cw_pattern
		*ask; /* what the agent says to ask for it, besides the built-in phrases of the key; NULL: those only */
	const char *say; /* sentence with "{value}", NULL: a template of the language */
	bool volunteer;  /* told with the goal; chatty callers tell it unasked later on */
	bool refuse;     /* never told: "I would rather not say." */
};

struct cw_goal {
	const char *
		goal; /* what the caller wants: for reports and models; said when there is neither @say nor a fact "issue" */
	const char *say; /* first words, or NULL */
	const struct cw_fact *facts;
	size_t n_facts;
	const struct cw_pattern *success; /* the agent's words which mean that it is reached */
	const struct cw_pattern *failure; /* … that it will not be; or NULL */
	unsigned max_turns;               /* 0 = 40 */
	unsigned max_asks;                /* the same thing asked so often: the caller gives up; 0 = 5 */
	uint64_t delay_us;                /* from the agent's end to our words; 0 = 500 ms */
};

/* EINVAL with @why: two facts of a key, a key without built-in phrases and without `ask`, no success pattern, too many facts, an empty
 * value. C's parser calls it after reading, with the file's position put in front by itself. */
int cw_goal_check(const struct cw_goal *g, struct cw_why *why);
bool cw_goal_knows_key(const char *key); /* has phrases of its own */

enum cw_rails_state {
	CW_RAILS_OPENING,
	CW_RAILS_ANSWERING,
	CW_RAILS_CORRECTING,
	CW_RAILS_CONFIRMING,
	CW_RAILS_CLOSING,
	CW_RAILS_OVER,
	CW_RAILS_STATE_N
};
const char *cw_rails_state_name(enum cw_rails_state s); /* "answering" */

enum cw_move_kind {
	CW_MOVE_OPEN,    /* state the goal */
	CW_MOVE_TELL,    /* one or two facts that were asked for */
	CW_MOVE_CORRECT, /* a fact the agent repeated wrongly */
	CW_MOVE_YES,     /* confirm */
	CW_MOVE_NO,
	CW_MOVE_CHOOSE,  /* among offers */
	CW_MOVE_SPELL,   /* a fact, letter by letter */
	CW_MOVE_REPEAT,  /* what was said last, once more */
	CW_MOVE_PARDON,  /* ask the agent to repeat */
	CW_MOVE_UNKNOWN, /* "I don't know that." */
	CW_MOVE_REFUSE,  /* "I'd rather not say." */
	CW_MOVE_DONE,    /* "No, that is all." */
	CW_MOVE_THANK,   /* goodbye, the goal is reached */
	CW_MOVE_GIVE_UP, /* goodbye, it is not */
	CW_MOVE_N
};
const char *cw_move_kind_name(enum cw_move_kind k); /* "tell" */

struct cw_move {
	enum cw_move_kind kind;
	uint32_t id;       /* counts from 1 */
	uint32_t facts;    /* bit i: fact i of the goal may be said */
	const char *words; /* to be spoken; may hold <pause 800ms> */
	const char *agent; /* the words it answers */
};

/* @language: "en-US", "es", "de-DE", "fr" …; others get English templates. @goal and @persona (or NULL) are only read and must outlive it. ENOMEM. */
int cw_rails_new(void *parent, const struct cw_goal *goal, const struct cw_persona *persona, const char *language,
	uint64_t seed, struct cw_rails **ret);

/* Every turn of the agent, and what was heard of an open one when the call ends: notices success and failure. */
void cw_rails_heard(struct cw_rails *r, const char *agent);
/* What to say to these words: NULL when they need no answer, or none is known. Good until the next call. Nothing counts as said
 * before cw_rails_take(). */
const struct cw_move *cw_rails_choose(struct cw_rails *r, const char *agent);
const struct cw_move *cw_rails_chosen(const struct cw_rails *r); /* the same move again, with the words it has now */
/* The move which was chosen last is being spoken. */
void cw_rails_take(struct cw_rails *r);

/* Something else was said instead of the chosen move: the words it answered are forgotten. */
void cw_rails_drop(struct cw_rails *r);

/* Other words for move @id, from a model. Taken, as long as the move is the chosen one and not taken: 0. ESTALE: too late. EPERM with @why: the
 * words say what the move may not. ENOMEM. */
int cw_rails_offer(struct cw_rails *r, uint32_t id, const char *words, struct cw_why *why);
/* May a move with @facts (bits) say @words, after the agent's @agent? No figures and dates but those of these facts, of the goal's words and of the agent's; figures whole;
 * none of the other facts' values. Of a model's words also: no capital word in mid-sentence that stands in none of them. 0 or EPERM with @why. */
int cw_rails_check(const struct cw_goal *g, uint32_t facts, const char *agent, const char *words, struct cw_why *why);

enum cw_rails_state cw_rails_state(const struct cw_rails *r);
uint32_t cw_rails_told(const struct cw_rails *r);      /* bits of the facts told so far */
bool cw_rails_reached(const struct cw_rails *r);       /* success was heard */
bool cw_rails_failed(const struct cw_rails *r);        /* gave up, or failure was heard */
bool cw_rails_done(const struct cw_rails *r);          /* nothing more to say: goodbye was said, or it is over */
const char *cw_rails_reason(const struct cw_rails *r); /* why it failed; "" when it did not */
const struct cw_goal *cw_rails_goal(const struct cw_rails *r);
