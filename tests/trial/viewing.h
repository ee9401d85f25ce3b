/* A finished call made by hand: events in, a view out. Included by tests of measures and checks. */
#pragma once
#include "testing.h"

#include <string.h>

#include "base/json.h"
#include "trial/view/view.h"

struct made {
	void *all;
	struct cw_timeline *caller, *agent;
	struct cw_script_result script;
	struct cw_view_conf conf;
};

static inline void made_open(struct made *m, bool agent_visible)
{
	*m = (struct made){.all = talloc_new(NULL)};
	assert_non_null(m->all);
	assert_int_equal(cw_timeline_new(m->all, &m->caller), 0);
	if (agent_visible)
		assert_int_equal(cw_timeline_new(m->all, &m->agent), 0);
	m->script.end = CW_SCRIPT_COMPLETED;
	m->conf = (struct cw_view_conf){.caller = m->caller,
		.agent = m->agent,
		.script = &m->script,
		.end_reason = CW_END_REMOTE,
		.end_detail = ""};
}

static inline void made_answered(struct made *m, uint64_t ms)
{
	cw_timeline_add(m->caller, ms * 1000, CW_SIDE_CALLER, CW_EV_ANSWERED, "{s:s}", "stream_id", "x");
}

/* The caller says @text from @from to @to ms, as utterance @u, step @index. */
static inline void made_say(struct made *m, unsigned index, unsigned u, const char *text, uint64_t from, uint64_t to)
{
	cw_timeline_add(m->caller, from * 1000, CW_SIDE_CALLER, CW_EV_NOTE, "{s:s, s:s, s:I, s:s, s:s, s:s, s:I}",
		"what", "step", "of", "turn", "index", (json_int_t)index, "name", "", "action", "say", "text", text,
		"utterance", (json_int_t)u);
	cw_timeline_add(m->caller, to * 1000, CW_SIDE_CALLER, CW_EV_SPOKE, "{s:I, s:s, s:s, s:b, s:I, s:I}",
		"utterance", (json_int_t)u, "heard", text, "unheard", "", "cut", 0, "started_us",
		(json_int_t)from * 1000, "ended_us", (json_int_t)to * 1000);
	cw_timeline_add(m->caller, to * 1000, CW_SIDE_CALLER, CW_EV_NOTE, "{s:s}", "what", "step_done");
}

/* The agent speaks @text in one stretch; heard by the caller's ear as @heard. */
static inline void made_agent(struct made *m, const char *text, const char *heard, uint64_t from, uint64_t to)
{
	cw_timeline_add(m->caller, (from + 80) * 1000, CW_SIDE_AGENT, CW_EV_SPEECH_STARTED, "{s:I}", "onset_us",
		(json_int_t)from * 1000);
	cw_timeline_add(m->caller, (to + 200) * 1000, CW_SIDE_AGENT, CW_EV_SPEECH_ENDED, "{s:I, s:I}", "onset_us",
		(json_int_t)from * 1000, "last_us", (json_int_t)to * 1000);
	cw_timeline_add(m->caller, (to + 500) * 1000, CW_SIDE_AGENT, CW_EV_TURN_ENDED, "{s:s, s:I, s:I}", "text", heard,
		"onset_us", (json_int_t)from * 1000, "last_us", (json_int_t)to * 1000);
	if (m->agent)
		cw_timeline_add(m->agent, to * 1000, CW_SIDE_AGENT, CW_EV_SPOKE, "{s:I, s:s, s:s, s:b, s:I, s:I}",
			"utterance", (json_int_t)1, "heard", text, "unheard", "", "cut", 0, "started_us",
			(json_int_t)from * 1000, "ended_us", (json_int_t)to * 1000);
}

/* A stretch without words of its own. */
static inline void made_stretch(struct made *m, uint64_t from, uint64_t to)
{
	cw_timeline_add(m->caller, (to + 200) * 1000, CW_SIDE_AGENT, CW_EV_SPEECH_ENDED, "{s:I, s:I}", "onset_us",
		(json_int_t)from * 1000, "last_us", (json_int_t)to * 1000);
}

static inline struct cw_view *made_view(struct made *m, uint64_t end_ms)
{
	struct cw_view *v = NULL;

	m->conf.end_us = end_ms * 1000;
	assert_int_equal(cw_view_new(m->all, &m->conf, &v), 0);
	return v;
}

static inline void made_close(struct made *m)
{
	(void)talloc_free(m->all);
}
