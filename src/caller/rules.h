/*
 * rules.h: what the caller does next, decided from the agent's words alone: no audio, no clock
 *
 * The deciding half of a script (script.h tells which rule wins): which step or answer fits, what is used up, when all is done. script.c adds
 * time and audio; a text target asks cw_rules_answer() once for each reply of the agent.
 * Thread: one at a time.  Owner: the parent; the script is only read and must outlive it.
 */
#pragma once
#include "caller/script.h"

struct cw_rules;
struct cw_move;
struct cw_rails;

/* @language and @seed: for callers with a goal or a persona. ENOMEM. */
int cw_rules_new(
	void *parent, const struct cw_script *script, const char *language, uint64_t seed, struct cw_rules **ret);

/* ---- for text: one call for each turn of the agent ---- */

enum cw_next {
	CW_NEXT_STEP,      /* do @step (its `when` and delay mean nothing here); it counts as done */
	CW_NEXT_WAIT,      /* the agent's words only fill time: wait for more */
	CW_NEXT_PARDON,    /* nothing fits: say @words */
	CW_NEXT_COMPLETED, /* all that is needed was done, and nothing more fits */
	CW_NEXT_NO_ANSWER, /* something is left and nothing fits: both sides wait for each other (@reason) */
	CW_NEXT_GAVE_UP,   /* the caller with a goal ends it (@reason) */
};

struct cw_next_action { /* strings good until the next call */
	enum cw_next next;
	const struct cw_step *step;
	const char *kind;  /* "turn", "answer", "goal", "pardon" */
	size_t index;      /* of the step among its kind */
	const char *words; /* STEP that says something, PARDON */
	const char *reason;
};

/* @agent: its last turn; NULL or "": the conversation begins, nobody has spoken. Steps of silence, noise, tv and echo are passed over: they mean nothing in
 * text. */
void cw_rules_answer(struct cw_rules *r, const char *agent, struct cw_next_action *ret);

/* ---- the parts, for a caller with a clock ---- */

const struct cw_step *cw_rules_head(const struct cw_rules *r); /* the next fixed step, NULL: none */
size_t cw_rules_played(const struct cw_rules *r);              /* fixed steps taken, the skipped counted */
bool cw_rules_required_left(const struct cw_rules *r);         /* a step that is not optional, or a goal not reached */
bool cw_rules_reactive(const struct cw_rules *r);              /* has answers or a goal: may still find words */
bool cw_rules_is_filler(const struct cw_rules *r, const char *agent);
/* Every turn of the agent, fillers too: whether the goal was reached. */
void cw_rules_heard(struct cw_rules *r, const char *agent);
/* The step that answers these words; NULL: nothing fits. Takes nothing. A step of a goal is good until the next call. */
const struct cw_step *cw_rules_choose(struct cw_rules *r, const char *agent);
void cw_rules_take(struct cw_rules *r, const struct cw_step *s); /* it is being carried out */
/* Where @s stands: "turn", "answer", "goal", "persona", and its index there. */
const char *cw_rules_kind(const struct cw_rules *r, const struct cw_step *s, size_t *index);
/* What the persona does next inside a turn of the agent: @inside_us is 0 at its onset, else where its last act ended; the step's delay counts from the
 * onset. NULL: nothing. Good until the next call. */
const struct cw_step *cw_rules_react(struct cw_rules *r, uint64_t inside_us);
bool cw_rules_is_reaction(const struct cw_rules *r, const struct cw_step *s);
bool cw_rules_pardon_left(const struct cw_rules *r);
void cw_rules_pardoned(struct cw_rules *r); /* asked to repeat once more */

/* How it came out if the call ended now; *@reason (static or owned by @r) tells why not COMPLETED. */
enum cw_script_end cw_rules_outcome(const struct cw_rules *r, const char **reason);
/* Moves of a goal as they are chosen: to ask a model for words (cw_rails_offer()). */
void cw_rules_on_move(
	struct cw_rules *r, void (*moved)(struct cw_rails *rails, const struct cw_move *m, void *arg), void *arg);
struct cw_rails *cw_rules_rails(const struct cw_rules *r); /* NULL: no goal */
