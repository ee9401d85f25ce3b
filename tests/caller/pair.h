/*
 * pair.h: two scripts talk to each other over a loop in the simulated world: the caller under test, and one that plays the agent
 *
 *   agent:  greets, answers by its own rules            (agent end, barge-in on)
 *   caller: the script of the test                      (carrier end)
 */
#pragma once
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "call/party.h"
#include "caller/caller.h"
#include "line/loop.h"
#include "world/sim.h"

#define LIMIT_US 300000000u

struct pair {
	struct cw_world *world;
	void *all; /* what lives in the world: freed before it */
	struct cw_timeline *timeline, *agent_timeline;
	struct cw_caller *caller;
	struct cw_script_run *agent_run;
	struct cw_party *agent;
	const char *language; /* of the caller; NULL: en-US */
	uint64_t seed;
	const char *voice; /* of the caller; NULL: modem */
	uint64_t sim_seed; /* 0: 5 */
	double late;       /* chance that a voice comes half a second to eight seconds late */
	void (*agent_hears)(const int16_t pcm[160], void *arg);
	void *arg;
	bool closed;
	enum cw_end_reason reason;
};

static const struct cw_script *script_defaults(struct cw_script *s)
{
	s->greeting_us = s->greeting_us ? s->greeting_us : 3000000;
	s->wait_us = s->wait_us ? s->wait_us : 5000000;
	s->reprompt = "Hello?";
	s->pardon = "Pardon?";
	s->pardon_us = 3000000;
	s->deadlock_us = 8000000;
	s->linger_us = s->linger_us ? s->linger_us : 1500000;
	return s;
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct pair *p = arg;

	(void)detail;
	p->closed = true;
	p->reason = reason;
}

static void open_agent(struct pair *p, struct cw_line *line, const struct cw_script *script)
{
	const struct cw_party_conf conf = {
		.side = CW_SIDE_AGENT,
		.listener = {.stt = "modem", .language = "en-US", .vad = cw_vad_defaults},
		.speaker = {.voice = "modem", .language = "en-US"},
		.barge_in = true,
		.idle_us = UINT64_MAX,
		.timeline = p->agent_timeline,
		.timeline_ear = true,
		.tap = p->agent_hears,
		.tap_arg = p->arg,
	};

	const struct cw_script_conf sc = {.script = script};

	assert_int_equal(cw_script_new(p->all, p->world, &sc, &p->agent_run), 0);
	assert_int_equal(
		cw_party_new(p->all, p->world, &conf, line, &cw_script_mind, p->agent_run, &p->agent, NULL), 0);
	cw_script_bind(p->agent_run, p->agent);
}

/* Run a whole call of @caller against @agent, with what is set in @p; the result lives as long as the world. */
static const struct cw_script_result *talk_as(struct pair *p, struct cw_script *caller, struct cw_script *agent)
{
	const struct cw_sim_conf sim = {
		.seed = p->sim_seed ? p->sim_seed : 5, .fault = {[CW_FAULT_LATE] = p->late}, .fault_only = "tts"};
	const struct cw_loop_conf loop = {.call_id = "test", .from = "", .to = ""};
	struct cw_line *agent_end, *carrier;

	assert_int_equal(cw_sim_new(NULL, &sim, &p->world), 0);
	p->all = talloc_new(NULL);
	assert_int_equal(cw_timeline_new(p->all, &p->timeline), 0);
	assert_int_equal(cw_timeline_new(p->all, &p->agent_timeline), 0);
	assert_int_equal(cw_loop_new(p->all, p->world, &loop, &agent_end, &carrier), 0);
	open_agent(p, agent_end, script_defaults(agent));

	const struct cw_caller_conf conf = {.script = script_defaults(caller),
		.voice = p->voice ? p->voice : "modem",
		.language = p->language ? p->language : "en-US",
		.seed = p->seed,
		.ear = "modem",
		.timeline = p->timeline,
		.closed = on_closed,
		.arg = p};

	assert_int_equal(cw_caller_open(p->all, p->world, &conf, carrier, &p->caller, NULL), 0);
	while (!p->closed && cw_now(p->world) < LIMIT_US)
		assert_true(cw_sim_step(p->world));
	assert_true(p->closed);
	return cw_caller_result(p->caller);
}

static inline const struct cw_script_result *talk(struct pair *p, struct cw_script *caller, struct cw_script *agent)
{
	*p = (struct pair){0};
	return talk_as(p, caller, agent);
}

static void hang_up(struct pair *p)
{
	(void)talloc_free(p->all);
	(void)talloc_free(p->world);
}

static inline struct cw_pattern *pattern(const char *text)
{
	struct cw_pattern *p = NULL;

	assert_int_equal(cw_pattern_new(NULL, &text, 1, &p, NULL), 0);
	return p;
}

/* Time of the n-th action of the caller, and what it was. */
static inline const struct cw_event *action(const struct pair *p, size_t n)
{
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(p->timeline, &from, CW_EV_NOTE, CW_SIDE_CALLER));)
		if (!strcmp(cw_json_str(e->data, "what", ""), "step") && n-- == 0)
			return e;
	return NULL;
}

static inline const char *words(const struct cw_event *e)
{
	return e ? cw_json_str(e->data, "text", "") : "(nothing)";
}

/* What the agent heard as its n-th turn of ours. */
static inline const char *heard_by_agent(const struct pair *p, size_t n)
{
	size_t from = 0;

	for (const struct cw_event *e;
		(e = cw_timeline_next(p->agent_timeline, &from, CW_EV_TURN_ENDED, CW_SIDE_CALLER));)
		if (n-- == 0)
			return cw_json_str(e->data, "text", "");
	return "(nothing)";
}
