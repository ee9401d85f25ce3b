/*
 * agent_int.h: an opened agent and its calls; shared by agent.c, render.c, mind.c and echo.c
 */
#pragma once
#include "agent/agent.h"
#include "agent/file.h"
#include "call/party.h"

enum cw_spare { CW_SPARE_FILLER, CW_SPARE_FALLBACK, CW_SPARE_APOLOGY, CW_SPARE_N };

struct cw_spare_audio {
	const char *text;
	int16_t *pcm; /* NULL until rendered */
	size_t n;
};

struct cw_agent {
	struct cw_world *world;
	struct cw_db *db; /* not owned, or NULL */
	struct cw_agent_file *file;
	const char *stt, *voice;
	struct cw_spare_audio spares[CW_SPARE_N];
	struct cw_spare_prompts prompts; /* the first two of them, as the party takes them */
	void (*ready)(int err, void *arg);
	void *arg;
};

/* Render the spare prompts one after the other; each is tried a few times. done(err) comes once, on the lane. Freeing the render cancels. */
struct cw_render;
int cw_render_start(
	struct cw_agent *a, void (*done)(int err, struct cw_agent *a), struct cw_render **ret, struct cw_why *why);

struct cw_agent_call {
	const struct cw_agent *agent;
	struct cw_agent_call_conf conf;
	struct cw_timeline *timeline;
	struct cw_dialogue *dialogue; /* NULL before `answered` and in echo mode */
	struct cw_mind *mind;
};

/* Put a mind or an echo on the line; the line hangs from the call afterwards. */
int cw_mind_answer(struct cw_agent_call *c, struct cw_line *line, struct cw_why *why);
int cw_echo_answer(struct cw_agent_call *c, struct cw_line *line);
/* The end of a call: tells its owner, who may free it. The last thing done with it. */
void cw_agent_call_closed(struct cw_agent_call *c);
