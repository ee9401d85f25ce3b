/*
 * scene.h: two parties on a loop line in a simulated world, with minds that follow a list of sentences
 *
 * The carrier side is the caller. Both write one timeline. Owner: the scene; talloc_free() ends everything.
 */
#pragma once
#include "call/party.h"
#include "line/loop.h"
#include "world/sim.h"

enum scene_event {
	AT_ANSWERED,
	AT_SPEECH,
	AT_PARTIAL,
	AT_TURN,
	AT_BACKCHANNEL,
	AT_INTERRUPTED,
	AT_DTMF,
	AT_SPOKE,
	AT_OVERDUE,
	AT_IDLE,
	AT_CLOSED,
	AT_N
};

struct actor {
	struct scene *scene;
	struct cw_party *party;   /* NULL: freed, or never made */
	const char *const *lines; /* NULL-terminated: one per turn of ours */
	unsigned at;
	bool first;               /* speaks at `answered` */
	bool hang_up;             /* after the last line */
	bool owes_nothing;        /* tells so when it has no line left */
	const char *overdue_say;  /* … inside overdue() */
	enum scene_event free_at; /* frees its party there; AT_N = never */
	unsigned count[AT_N];
	char heard[2048]; /* turns of the other, each followed by '|' */
	char cut_at[256]; /* words heard when interrupted last */
	char murmur[64];
	char digits[32];
	struct cw_spoken last; /* texts not kept */
	enum cw_end_reason reason;
	void (*on_turn)(struct actor *a, const struct cw_heard *h); /* instead of the next line */
	void (*on_overdue)(struct actor *a, enum cw_overdue level);
};

struct scene {
	struct cw_world *world;
	struct cw_timeline *timeline;
	struct cw_line *agent_line, *caller_line;
	struct actor agent, caller;
};

struct scene_conf {
	struct cw_sim_conf sim;
	struct cw_loop_conf loop;
	struct cw_party_conf agent, caller; /* side, engines, timeline and epoch are filled in where unset */
	bool no_caller;                     /* only the agent: the test drives the carrier's line */
};

int scene_new(void *parent, const struct scene_conf *conf, struct scene **ret);
/* Put the parties on their lines, after the actors were told their parts. */
int scene_start(struct scene *s, const struct scene_conf *conf);
/* Until both sides are closed, or @until_us. True when closed. */
bool scene_play(struct scene *s, uint64_t until_us);
/* The @n-th (0 = first) event of a kind and side, or a failed test. */
const struct cw_event *scene_event(const struct scene *s, enum cw_event_kind kind, enum cw_side side, unsigned n);
unsigned scene_count(const struct scene *s, enum cw_event_kind kind, enum cw_side side);
void scene_dump(const struct scene *s);
