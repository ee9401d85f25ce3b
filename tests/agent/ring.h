/*
 * ring.h: whole calls in a simulated world: an agent from its file, a loop line, and a caller who answers what it hears
 *
 * Both use the modem as voice and ear. The caller knows pairs of (words it waits for, what it says then), each used as often as
 * its words are heard; the first that fits is taken.
 */
#pragma once
#include "agent/agent.h"
#include "call/party.h"
#include "store/db.h"
#include "world/sim.h"

struct ring_answer {
	const char *hears, *says; /* says "#123": keys */
};

struct ring {
	struct cw_world *world;
	struct cw_db *db;
	struct cw_agent *agent;
	struct cw_agent_call *call;
	struct cw_line *agent_line, *caller_line;
	struct cw_party *caller;
	struct cw_timeline *ears; /* the caller's timeline */
	const struct ring_answer *answers;
	char heard[16384]; /* the agent's turns as the caller heard them, each followed by '|' */
	unsigned turns;
	int ready; /* -1 = not yet, else the error */
	bool agent_over, caller_over;
	enum cw_end_reason reason;
	bool free_when_closed;
	const char *butts_in; /* the caller says "hello" once, as soon as it hears this word */
	bool butted;
};

/* @file: path of the agent file. EINVAL and the like from cw_agent_open(); the ring is freed with talloc_free(). */
int ring_new(const char *file, const struct cw_sim_conf *sim, struct ring **ret);
/* The caller rings; the call runs until both sides are over, or @limit_us of virtual time. True: over. */
bool ring_call(struct ring *r, const struct ring_answer *answers, uint64_t limit_us);
/* Put the agent on a fresh line without a caller: the test drives r->caller_line. */
void ring_answer_only(struct ring *r);
/* Events of a kind on the agent's timeline whose payload holds @text. */
unsigned ring_count(const struct ring *r, enum cw_event_kind kind, const char *text);
json_t *ring_rows(const struct ring *r, const char *sql);
