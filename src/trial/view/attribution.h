/*
 * attribution.h: where did a fact or word get lost? Each one that went wrong is charged to exactly one stage
 *
 * A fact of the caller passes: our voice and ear on clean audio (the harness: when our own ear does not get it from our own clean
 * voice, nobody is blamed for missing it) - the line (our ear on what was recorded behind the channel's effects) - the agent's ears (its
 * own transcript, where its timeline is visible) - its brain (tools). A fact of the agent passes its brain (its own text) and its mouth
 * (our ear on its audio). The first stage at which it is no longer there is charged. What cannot be looked into is not charged: with
 * an invisible agent it is "agent" (its ears, brain or mouth), and without a second opinion on the audio "unknown".
 * Facts are those of language/entity.h (telephone numbers, dates, times, money, numbers, names, addresses, e-mail).
 * Thread: off the lane (asks the recogniser when there is something to explain).  Owner: the parent given.
 */
#pragma once
#include "trial/view/hear.h"
#include "trial/view/view.h"

enum cw_stage {
	CW_STAGE_UNKNOWN,
	CW_STAGE_HARNESS,
	CW_STAGE_LINE,
	CW_STAGE_EARS,
	CW_STAGE_BRAIN,
	CW_STAGE_MOUTH,
	CW_STAGE_AGENT,
	CW_STAGE_N
};
const char *cw_stage_name(enum cw_stage s); /* "harness" */

struct cw_charge {
	enum cw_stage stage;
	const char *side; /* who said it: "caller", "agent" */
	const char *kind; /* "phone", "date" …; "words" */
	const char *value;
	const char *clean, *line, *ears, *mouth; /* words at each stage that was looked at, else NULL */
	const char *because;                     /* one sentence */
	int64_t at_us;                           /* where it was said */
};

struct cw_attribution;

/* @v and @hear (NULL: no second opinion) must outlive it. ENOMEM. */
int cw_attribution_new(void *parent, const struct cw_view *v, struct cw_hear *hear, struct cw_attribution **ret);

/* Charge every fact that went wrong in the call. ENOMEM. */
int cw_attribution_scan(struct cw_attribution *a);
/* Charge @words, which an assertion wanted of the agent (in its words, or as the argument of a tool) and did not get. When the caller said
 * them their way to the agent is followed, else the agent's way to us. The charge is kept with the others. ENOMEM. */
int cw_attribution_words(struct cw_attribution *a, const char *words, const struct cw_charge **ret);

size_t cw_attribution_count(const struct cw_attribution *a);
const struct cw_charge *cw_attribution_at(const struct cw_attribution *a, size_t i);
/* {"counts": {"ears": 1, …}, "charges": [{stage, side, kind, value, at_s, because, clean, line, ears, mouth}]}; NULL: no memory. */
json_t *cw_attribution_json(const struct cw_attribution *a);
