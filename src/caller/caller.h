/*
 * caller.h: a test caller on one line: party + script + line conditions
 *
 * Thread: the call's lane.  Owner: the parent given to cw_caller_open(); freeing it ends the call at once and silently.
 */
#pragma once
#include "audio/effect.h"
#include "caller/script.h"

struct cw_timeline;
struct cw_recorder;
struct cw_caller;

struct cw_caller_conf {
	const struct cw_script *script; /* must outlive the caller */
	const char *voice, *language;
	uint64_t seed;                        /* what a goal and a persona draw from */
	double speed;                         /* 0 = 1.0 */
	const char *ear;                      /* recogniser of the caller; NULL: hears no words */
	const struct cw_hints *hints;         /* what the agent may say; copied; may be NULL */
	const struct cw_effect_conf *channel; /* conditions put on the caller's voice; NULL = none */
	struct cw_timeline *timeline;         /* not owned */
	struct cw_recorder *recorder;         /* not owned, or NULL */
	uint64_t epoch_us;                    /* cw_now() at t = 0 of the timeline */
	void (*closed)(enum cw_end_reason reason, const char *detail,
		void *arg); /* once, last; the caller may be freed in it */
	void *arg;
};

/* Listen and speak on @line (carrier side). ENOENT (unknown voice or recogniser), ENOMEM … with @why. */
int cw_caller_open(void *parent, struct cw_world *w, const struct cw_caller_conf *conf, struct cw_line *line,
	struct cw_caller **ret, struct cw_why *why);
const struct cw_script_result *cw_caller_result(const struct cw_caller *c);
/* Frames of the caller lost or late by the conditions put on its line, so far. */
uint64_t cw_caller_lost(const struct cw_caller *c);
/* Hang up now: `closed` follows. */
void cw_caller_drop(struct cw_caller *c, const char *reason);
