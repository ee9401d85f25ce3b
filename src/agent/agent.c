#include "agent/agent.h"

#include <errno.h>

#include "agent/agent_int.h"
#include "agent/dialogue.h"
#include "base/mem.h"
#include "speech/stt.h"
#include "world/world.h"

/* ---- opening ---- */

static bool books(const struct cw_agent_file *f)
{
	for (size_t i = 1; i < CW_TOOL_N; i++)
		if (f->tools[i].given)
			return true;
	return false;
}

static void no_text(const char *text, double confidence, void *arg) {}

static void no_failure(int err, const char *reason, void *arg) {}

/* Open the recogniser once, to find missing models before the first call does. */
static int try_stt(const struct cw_agent *a, struct cw_why *why)
{
	static const struct cw_stt_events events = {.final = no_text, .failed = no_failure};
	struct cw_stt_conf conf = {.engine = a->stt, .language = a->file->language, .rate_hz = 8000};
	struct cw_stt *stt = NULL;
	int err = cw_stt_open(NULL, a->world, &conf, &events, NULL, &stt, why);

	if (!err)
		talloc_free(stt);
	return err;
}

static void tell_ready(struct cw_agent *a, int err)
{
	a->ready(err, a->arg);
}

struct soon {
	struct cw_agent *agent;
	struct cw_timer timer;
};

static void on_soon(void *arg)
{
	struct soon *s = arg;
	struct cw_agent *a = s->agent;

	talloc_free(s);
	tell_ready(a, 0);
}

static int soon_free(struct soon *s)
{
	cw_timer_stop(&s->timer);
	return 0;
}

/* Nothing to render, but @ready must not come from inside cw_agent_open(). */
static int ready_soon(struct cw_agent *a)
{
	struct soon *s = talloc_zero(a, struct soon);

	if (!s)
		return ENOMEM;
	s->agent = a;
	cw_timer_init(&s->timer, a->world);
	talloc_set_destructor(s, soon_free);
	cw_timer_start(&s->timer, 0, on_soon, s);
	return 0;
}

static void rendered(int err, struct cw_agent *a)
{
	const struct cw_spare_audio *filler = &a->spares[CW_SPARE_FILLER], *fallback = &a->spares[CW_SPARE_FALLBACK];

	a->prompts = (struct cw_spare_prompts){
		.filler = filler->pcm,
		.filler_n = filler->n,
		.filler_text = filler->text,
		.fallback = fallback->pcm,
		.fallback_n = fallback->n,
		.fallback_text = fallback->text,
	};
	tell_ready(a, err);
}

static int open_engines(struct cw_agent *a, struct cw_why *why)
{
	struct cw_render *render = NULL;
	int err = try_stt(a, why);

	a->spares[CW_SPARE_FILLER].text = a->file->policies.filler;
	a->spares[CW_SPARE_FALLBACK].text = a->file->policies.fallback;
	a->spares[CW_SPARE_APOLOGY].text = a->file->policies.apology;
	return err ? err : cw_render_start(a, rendered, &render, why);
}

int cw_agent_open(void *parent, struct cw_world *w, const struct cw_agent_conf *conf, void (*ready)(int err, void *arg),
	void *arg, struct cw_agent **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_agent *a = talloc_zero(NULL, struct cw_agent);
	int err;

	if (!a)
		return ENOMEM;
	a->world = w;
	a->db = conf->db;
	a->ready = ready;
	a->arg = arg;
	err = cw_agent_file_load(a, conf->path, &a->file, why);
	if (err)
		return err;
	if (books(a->file) && !conf->db)
		return cw_why_at(why, EINVAL, conf->path, 0, 0, "this agent books appointments and needs a database");
	a->stt = talloc_strdup(a, conf->stt ? conf->stt : a->file->stt ? a->file->stt : "");
	a->voice = talloc_strdup(a, conf->voice ? conf->voice : a->file->voice ? a->file->voice : "");
	if (!a->stt || !a->voice)
		return ENOMEM;
	err = a->file->mode == CW_AGENT_ECHO ? ready_soon(a) : open_engines(a, why);
	if (!err)
		*ret = talloc_move(parent, &a);
	return err;
}

const char *cw_agent_name(const struct cw_agent *a)
{
	return a->file->name;
}

const char *const *cw_agent_phrases(const struct cw_agent *a)
{
	return a->file->phrases;
}

int cw_agent_check(const char *path, json_t **summary, struct cw_why *why)
{
	struct cw_agent_file *f = NULL;
	int err = cw_agent_file_load(NULL, path, &f, why);

	if (err)
		return err;

	json_t *made = summary ? cw_agent_file_summary(f) : NULL;

	talloc_free(f);
	if (summary && !made)
		return ENOMEM;
	if (summary)
		*summary = made;
	return 0;
}

/* ---- calls ---- */

int cw_agent_answer(void *parent, struct cw_agent *a, struct cw_line *line, const struct cw_agent_call_conf *conf,
	struct cw_agent_call **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_agent_call *c = talloc_zero(NULL, struct cw_agent_call);
	int err = 0;

	if (!c)
		return ENOMEM;
	c->agent = a;
	c->conf = *conf;
	c->timeline = conf->timeline;
	if (!c->timeline) {
		c->conf.epoch_us = cw_now(a->world);
		err = cw_timeline_new(c, &c->timeline);
	}
	if (!err)
		err = a->file->mode == CW_AGENT_ECHO ? cw_echo_answer(c, line) : cw_mind_answer(c, line, why);
	if (!err)
		*ret = talloc_move(parent, &c);
	return err;
}

void cw_agent_call_closed(struct cw_agent_call *c)
{
	if (c->conf.closed)
		c->conf.closed(c, c->conf.arg);
}

struct cw_timeline *cw_agent_call_timeline(struct cw_agent_call *c)
{
	return c->timeline;
}

json_t *cw_agent_call_dump(const struct cw_agent_call *c)
{
	return c->dialogue ? cw_dialogue_dump(c->dialogue) : json_object();
}
