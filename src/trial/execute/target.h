/*
 * target.h: reaching the agent under test: in this process, or over an emulated carrier
 *
 * "agent:FILE" runs our own agent in the same world, on the other end of a loop; its timeline is visible and its database is the
 * execution's own. "twilio:URL" plays Twilio: a signed webhook, then the media WebSocket. "chat:URL" is text: there is no line to open, a typist (caller/typist.h) talks to it.
 * Thread: the call's lane.  Owner: the parent given to cw_target_open(); freeing it ends the agent's side at once.
 */
#pragma once
#include <stdbool.h>

#include "base/why.h"
#include "line/line.h"

struct cw_world;
struct cw_timeline;
struct cw_target;

/* Is the text a target this program can reach? EINVAL (unknown kind, names the known ones), ENOENT (no such file), or what the agent
 * file's check says. Blocking: at start only. */
int cw_target_check(const char *target, bool sim, struct cw_why *why);

struct cw_target_conf { /* strings must outlive the target */
	const char *target;
	const char *agent_stt, *agent_voice;   /* NULL: as the agent file says */
	const char *say_voice, *gather_engine; /* of the emulated carrier */
	const char *auth_token;                /* it signs with this; NULL: the all-zero one */
	const char *db_path;                   /* of the in-process agent: created there */
	const char *call_id;
	uint64_t epoch_us;            /* t = 0 of the call */
	struct cw_timeline *timeline; /* for the in-process agent's own events; must outlive the target */
};

struct cw_target_events {
	/* The caller's end of the line: attach to it before returning. @phrases: what the agent may say, NULL-terminated, or NULL; lives as
	 * long as the target. An error given back ends the call. */
	int (*line)(struct cw_line *carrier, const char *const *phrases, void *arg);
	/* It could not be reached; instead of line(). @err as why->err. */
	void (*failed)(const struct cw_why *why, void *arg);
	/* The agent's own side is over (once, after line()); never called for targets outside this process. */
	void (*agent_closed)(void *arg);
};

int cw_target_open(void *parent, struct cw_world *w, const struct cw_target_conf *conf,
	const struct cw_target_events *ev, void *arg, struct cw_target **ret, struct cw_why *why);
/* Does the agent live in this process, so that its timeline and database are ours to see? */
/* What follows "chat:" of a chat target, NULL for any other. */
const char *cw_target_chat(const char *target);
bool cw_target_in_process(const struct cw_target *t);
