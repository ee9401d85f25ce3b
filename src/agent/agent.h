/*
 * agent.h: an agent file made ready to answer calls in one world, and one answered call
 *
 * A call is a party whose mind is the dialogue of the file (mode: dialogue), or a mirror of its audio (mode: echo). What it does
 * is on its timeline: understood, state, tool_called, tool_result. A transfer is the tool "transfer" with {number}, then the
 * agent hangs up; the carrier's side of it is up to who reads the timeline.
 * Thread: the world's lane.  Owner: the parents given; freeing an agent with calls open is the owner's mistake.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/why.h"
#include "line/line.h"

struct cw_world;
struct cw_db;
struct cw_timeline;
struct cw_recorder;

struct cw_agent;
struct cw_agent_conf {
	const char *path;        /* agents/hvac.yaml */
	struct cw_db *db;        /* for booking tools; NULL: tools that need it are refused at open */
	const char *stt, *voice; /* override the file's providers ("modem"), NULL = as the file says */
};
/* Load and check the file and open its engines; spare prompts are then rendered in the background and @ready(err) comes on the
 * lane when calls may be answered. ENOENT, EINVAL (file:line:column in @why). */
int cw_agent_open(void *parent, struct cw_world *w, const struct cw_agent_conf *conf, void (*ready)(int err, void *arg),
	void *arg, struct cw_agent **ret, struct cw_why *why);
const char *cw_agent_name(const struct cw_agent *a);
/* Everything the agent may say, as patterns for a tester's ear: what is variable stands there as a class of speech/hints.h, {digits}
 * {number} {date} {time} built in, {name} {address} to be given by who knows the caller. Values of enum slots are written out.
 * NULL-terminated, lives as long as @a. */
const char *const *cw_agent_phrases(const struct cw_agent *a);
/* Only check a file: 0 or the error with its place. *@summary (may be NULL) is a new reference: name, states, slots, tools. */
int cw_agent_check(const char *path, json_t **summary, struct cw_why *why);

struct cw_agent_call;
struct cw_agent_call_conf {
	struct cw_timeline *timeline; /* shared with a tester in the same process, or NULL: the call makes its own */
	uint64_t epoch_us;            /* t = 0 of the timeline; ignored when timeline is NULL */
	struct cw_recorder *recorder; /* or NULL */
	void (*closed)(struct cw_agent_call *c, void *arg); /* once, last; the call may be freed in it; may be NULL */
	void *arg;
};
/* Answer on @line (agent side). The call hangs from @parent. */
int cw_agent_answer(void *parent, struct cw_agent *a, struct cw_line *line, const struct cw_agent_call_conf *conf,
	struct cw_agent_call **ret, struct cw_why *why);
struct cw_timeline *cw_agent_call_timeline(struct cw_agent_call *c);
/* {state, slots: {name: value}, ended}: state and filled slots, for the debug view: a new reference. */
json_t *cw_agent_call_dump(const struct cw_agent_call *c);
