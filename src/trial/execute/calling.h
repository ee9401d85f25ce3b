/*
 * calling.h: the caller of one execution, with or without a journal
 *
 * With a journal the caller's whole party (script, ear, voice, conditions of its line, turn-taking) is made in the journal's world, on a line that
 * writes down what comes and goes: everything that reaches it is in the file, and cw_calling_replay() does it again from there. Outside the
 * boundary, and so no part of a replay: the line itself and what the agent did, the work of the engines (their results are inputs), recording to
 * both.wav (the frames are the same), probes and the verdict.
 * Thread: the call's lane. Owner: the parent given; freeing it ends the call at once and silently.
 */
#pragma once
#include "caller/caller.h"
#include "trial/scenario/plan.h"
#include "world/journal.h"

struct cw_calling;

struct cw_calling_conf {
	const struct cw_plan_item *item;
	const struct cw_effect_conf *channel; /* of item->channel */
	const char *const *phrases;           /* what the agent may say, NULL-terminated, or NULL */
	const char *journal;                  /* file to write, or NULL */
	struct cw_timeline *timeline;
	struct cw_recorder *recorder; /* or NULL */
	uint64_t epoch_us;
	cw_timeline_fn *watch; /* of the timeline, or NULL */
	void *watch_arg;
	void (*closed)(enum cw_end_reason reason, const char *detail, void *arg);
	void *arg;
};

/* Errors: what cw_caller_open() and cw_journal_open() give, with @why. */
int cw_calling_open(void *parent, struct cw_world *w, const struct cw_calling_conf *conf, struct cw_line *line,
	struct cw_calling **ret, struct cw_why *why);
/* The conditions of the item's line; a crowd behind it needs @babble. EINVAL with @why. */
int cw_exec_channel(const struct cw_plan_item *item, const int16_t *babble, size_t n_babble, struct cw_effect_conf *ret,
	struct cw_why *why);
struct cw_caller *cw_calling_caller(struct cw_calling *c);
/* Hang up now: `closed` follows. */
void cw_calling_drop(struct cw_calling *c, const char *reason);
/* The call is over: close the journal. False: there is none, or it is closed; else @done comes, within 10 s. */
bool cw_calling_finish(struct cw_calling *c, void (*done)(int err, void *arg), void *arg);

/* Do it again from @j, which a recording execution of the same item wrote; blocking, in a fraction of the time. conf: item, channel. What the
 * journal does not fit is in @ret; the error is ENOMEM, or what making the caller gives. */
int cw_calling_replay(
	struct cw_journal *j, const struct cw_calling_conf *conf, struct cw_journal_found *ret, struct cw_why *why);
