/*
 * typist.h: a test caller who types: the same script or goal as a speaking caller, over a chat instead of a line
 *
 * Each thing said is one request and its answer the agent's turn. There is no audio: delays of a script are not waited for, what is said into the
 * agent's words is said after them, silence and noise are passed over. Keys cannot be pressed: cw_typist_check() refuses them.
 * The timeline gets the events of a spoken call, with the times of the exchange, and after each answer what the server told about it
 * (`line_note` "chat.reply"), so that whoever reads it need not know the difference.
 * Thread: a lane.  Owner: the parent given to cw_typist_open(); freeing it ends the conversation silently.
 */
#pragma once
#include "caller/script.h"
#include "line/chat.h"

struct cw_timeline;
struct cw_typist;

struct cw_typist_conf {
	const struct cw_script *script; /* must outlive the typist */
	const char *chat;               /* URL#OPTIONS, see line/chat.h */
	const char *conversation_id, *api_key;
	const char *language; /* for callers with a goal */
	uint64_t seed;
	uint64_t timeout_us;          /* of one answer */
	struct cw_timeline *timeline; /* not owned */
	uint64_t epoch_us;            /* cw_now() at t = 0 of the timeline */
	/* Once, last; the typist may be freed in it. @why: of an answer that did not come, else NULL. */
	void (*closed)(enum cw_end_reason reason, const struct cw_why *why, void *arg);
	void *arg;
};

/* Can @s be typed? EINVAL with @why names what cannot. */
int cw_typist_check(const struct cw_script *s, struct cw_why *why);
/* Begin: the first words leave before `closed` can come. EINVAL (the chat's target), ENOMEM with @why. */
int cw_typist_open(void *parent, struct cw_world *w, const struct cw_typist_conf *conf, struct cw_typist **ret,
	struct cw_why *why);
const struct cw_script_result *cw_typist_result(const struct cw_typist *t);
/* No more: `closed` follows at once. */
void cw_typist_drop(struct cw_typist *t, const char *reason);
