#include "trial/execute/target.h"

#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "base/mem.h"
#include "base/str.h"
#include "call/timeline.h"
#include "line/chat.h"
#include "line/loop.h"
#include "line/twilio.h"
#include "store/db.h"
#include "world/url.h"
#include "world/world.h"

#define CALLER_NUMBER "+15005550006"
#define AGENT_NUMBER  "+15005550001"
#define READY_US      20000000u /* an agent which cannot load its engines in this time is not reachable */

struct cw_target {
	struct cw_world *world;
	const struct cw_target_events *ev;
	void *arg;
	const char *call_id;
	uint64_t epoch_us;
	struct cw_db *db;
	struct cw_agent *agent;
	struct cw_agent_call *call;
	struct cw_timeline *timeline;
	char *url; /* webhook, or NULL */
	const char *say_voice, *gather_engine, *auth_token;
	struct cw_timer deadline;
	bool failed;
	struct cw_why why;
};

/* ---- kinds ---- */

static const char *const kinds[] = {"agent", "twilio", "chat"};
static const char *const later[] = {"vonage", "bandwidth", "sip", "pstn", "houndify"};

#define USE "use agent:FILE, twilio:URL or chat:URL"

static bool split(const char *target, struct cw_str *kind, const char **rest)
{
	const char *colon = strchr(target, ':');

	if (!colon || !colon[1])
		return false;
	*kind = (struct cw_str){target, (size_t)(colon - target)};
	*rest = colon + 1;
	return true;
}

static int unknown_kind(const char *target, struct cw_str kind, struct cw_why *why)
{
	for (size_t i = 0; i < CW_COUNT(later); i++)
		if (cw_str_eq(kind, later[i]))
			return cw_why_set(why, EINVAL, "target '%s': %s lines are not available in this version: " USE,
				target, later[i]);
	if (cw_str_eq(kind, "http") || cw_str_eq(kind, "https"))
		return cw_why_set(why, EINVAL,
			"target '%s': say what is there: twilio:%s (its webhook for calls) or chat:%s (an agent in text)",
			target, target, target);

	const char *near = cw_str_nearest(kind, kinds, CW_COUNT(kinds));

	return cw_why_set(why, EINVAL, "unknown kind of target '%s'%s%s%s: " USE, target,
		near ? "; did you mean '" : "", near ? near : "", near ? ":'" : "");
}

static int check_chat(const char *rest, bool sim, struct cw_why *why)
{
	if (sim)
		return cw_why_set(why, EINVAL,
			"target chat:%s: a simulated world reaches no network outside: leave out --sim, or use agent:FILE",
			rest);
	return cw_chat_check(rest, why);
}

static int check_twilio(const char *url, bool sim, struct cw_why *why)
{
	CW_SCOPED struct cw_url *u = NULL;
	int err = cw_url_parse(NULL, url, &u, why);

	if (err)
		return err;
	if (strcmp(u->scheme, "http") && strcmp(u->scheme, "https"))
		return cw_why_set(
			why, EINVAL, "target twilio:%s: the webhook must begin with http:// or https://", url);
	if (sim)
		return cw_why_set(why, EINVAL,
			"target twilio:%s: a simulated world reaches no network outside: leave out --sim, or use agent:FILE",
			url);
	return 0;
}

int cw_target_check(const char *target, bool sim, struct cw_why *why)
{
	struct cw_str kind;
	const char *rest;

	if (!split(target, &kind, &rest))
		return cw_why_set(why, EINVAL, "target '%s': " USE, target);
	if (cw_str_eq(kind, "agent"))
		return cw_agent_check(rest, NULL, why);
	if (cw_str_eq(kind, "twilio"))
		return check_twilio(rest, sim, why);
	if (cw_str_eq(kind, "chat"))
		return check_chat(rest, sim, why);
	return unknown_kind(target, kind, why);
}

/* ---- our own agent ---- */

static void fail(struct cw_target *t, int err, const char *text)
{
	t->failed = true;
	(void)cw_why_set(&t->why, err, "%s", text); /* kept when a deeper reason is there */
	t->ev->failed(&t->why, t->arg);             /* the target may be gone now */
}

static void on_agent_closed(struct cw_agent_call *c, void *arg)
{
	struct cw_target *t = arg;

	if (t->ev->agent_closed)
		t->ev->agent_closed(t->arg);
}

static void on_deadline(void *arg)
{
	fail(arg, ETIMEDOUT, "the agent did not get ready in time");
}

static int connect_agent(struct cw_target *t)
{
	const struct cw_loop_conf loop = {.call_id = t->call_id, .from = CALLER_NUMBER, .to = AGENT_NUMBER};
	struct cw_line *agent_end, *carrier;
	int err = cw_loop_new(t, t->world, &loop, &agent_end, &carrier);

	if (err)
		return err;

	const struct cw_agent_call_conf cc = {
		.timeline = t->timeline, .epoch_us = t->epoch_us, .closed = on_agent_closed, .arg = t};

	err = cw_agent_answer(t, t->agent, agent_end, &cc, &t->call, &t->why);
	return err ? err : t->ev->line(carrier, cw_agent_phrases(t->agent), t->arg);
}

static void on_ready(int err, void *arg)
{
	struct cw_target *t = arg;

	if (t->failed)
		return; /* the deadline was faster */
	cw_timer_stop(&t->deadline);
	if (!err)
		err = connect_agent(t);
	if (err)
		fail(t, err, "the agent could not answer");
}

static int open_agent(struct cw_target *t, const char *path, const struct cw_target_conf *conf, struct cw_why *why)
{
	int err = cw_db_open(t, conf->db_path, &t->db, why);

	if (err)
		return err;

	const struct cw_agent_conf ac = {.path = path, .db = t->db, .stt = conf->agent_stt, .voice = conf->agent_voice};

	err = cw_agent_open(t, t->world, &ac, on_ready, t, &t->agent, why);
	if (!err)
		cw_timer_start(&t->deadline, READY_US, on_deadline, t);
	return err;
}

/* ---- over the emulated carrier ---- */

static int dial(struct cw_target *t)
{
	const struct cw_twilio_carrier_conf cc = {
		.url = t->url,
		.from = CALLER_NUMBER,
		.to = AGENT_NUMBER,
		.say_voice = t->say_voice,
		.gather_engine = t->gather_engine,
		.auth_token = t->auth_token,
	};
	struct cw_line *line;
	int err = cw_twilio_dial(t, t->world, &cc, &line, &t->why);

	return err ? err : t->ev->line(line, NULL, t->arg);
}

static void on_dial(void *arg)
{
	struct cw_target *t = arg;
	int err = dial(t);

	if (err)
		fail(t, err, "the call could not be placed");
}

static int open_twilio(struct cw_target *t, const char *url, const struct cw_target_conf *conf)
{
	t->url = talloc_strdup(t, url);
	if (!t->url)
		return ENOMEM;
	t->say_voice = conf->say_voice;
	t->gather_engine = conf->gather_engine;
	t->auth_token = conf->auth_token;
	cw_timer_start(&t->deadline, 0, on_dial, t); /* not before this function has returned */
	return 0;
}

/* ---- life ---- */

static int target_end(struct cw_target *t)
{
	cw_timer_stop(&t->deadline);
	return 0;
}

int cw_target_open(void *parent, struct cw_world *w, const struct cw_target_conf *conf,
	const struct cw_target_events *ev, void *arg, struct cw_target **ret, struct cw_why *why)
{
	struct cw_str kind;
	const char *rest;
	CW_SCOPED struct cw_target *t = talloc_zero(NULL, struct cw_target);
	int err;

	if (!t)
		return ENOMEM;
	if (!split(conf->target, &kind, &rest))
		return cw_why_set(why, EINVAL, "target '%s': " USE, conf->target);
	t->world = w;
	t->ev = ev;
	t->arg = arg;
	t->call_id = conf->call_id;
	t->epoch_us = conf->epoch_us;
	t->timeline = conf->timeline;
	cw_timer_init(&t->deadline, w);
	talloc_set_destructor(t, target_end);
	if (cw_str_eq(kind, "agent"))
		err = open_agent(t, rest, conf, why);
	else if (cw_str_eq(kind, "twilio"))
		err = open_twilio(t, rest, conf);
	else
		err = unknown_kind(conf->target, kind, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &t);
	return 0;
}

const char *cw_target_chat(const char *target)
{
	return cw_str_starts(cw_str(target), "chat:") ? target + strlen("chat:") : NULL;
}

bool cw_target_in_process(const struct cw_target *t)
{
	return t->agent != NULL;
}
