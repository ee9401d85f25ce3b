#include "trial/execute/calling.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "call/timeline.h"
#include "line/journal.h"
#include "speech/hints.h"

#define EVENT_MAX (1u << 20)
#define TEXT_MAX  (1u << 16)

struct cw_calling {
	struct cw_calling_conf conf;
	struct cw_journal *journal; /* NULL: none */
	struct cw_journal_source control;
	struct cw_buf event;
	struct cw_caller *caller;
	bool over; /* the journal's file is closed */
	void (*done)(int err, void *arg);
	void *arg;
};

/* ---- what leaves and enters ---- */

static void on_event(const struct cw_event *e, void *arg)
{
	struct cw_calling *c = arg;

	cw_buf_reset(&c->event);
	cw_event_encode(&c->event, e);
	if (!cw_buf_err(&c->event) && c->event.len)
		cw_journal_output(c->journal, CW_JN_EVENT, c->event.p, c->event.len - 1);
	if (c->conf.watch)
		c->conf.watch(e, c->conf.watch_arg);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct cw_calling *c = arg;

	if (c->journal)
		cw_journal_finish(c->journal, NULL, NULL);
	if (c->conf.closed)
		c->conf.closed(reason, detail, c->conf.arg);
}

static int on_control(unsigned kind, struct cw_str payload, void *arg)
{
	struct cw_calling *c = arg;
	const char *reason;

	if (kind != CW_JN_DROP || !cw_journal_get_text(&payload, &reason) || !reason || !c->caller)
		return EBADMSG;
	cw_caller_drop(c->caller, reason);
	return 0;
}

void cw_calling_drop(struct cw_calling *c, const char *reason)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	struct cw_journal *j = c->journal;

	if (!j) {
		cw_caller_drop(c->caller, reason);
		return;
	}
	cw_journal_put_text(&b, reason);
	cw_journal_enter(j, &c->control, CW_JN_DROP, b.p, b.len);
	cw_caller_drop(c->caller, reason);
	cw_journal_leave(j);
}

/* ---- making ---- */

static int open_caller(struct cw_calling *c, struct cw_world *w, struct cw_line *line, struct cw_why *why)
{
	const struct cw_calling_conf *conf = &c->conf;
	const struct cw_plan_item *it = conf->item;
	const struct cw_test *t = it->test;
	struct cw_hints hints = {.phrases = conf->phrases};

	for (hints.n_phrases = t->hints.n; !t->hints.n && hints.phrases && hints.phrases[hints.n_phrases];)
		hints.n_phrases++;
	if (t->hints.n)
		hints.phrases = (const char *const *)t->hints.items;

	CW_SCOPED struct cw_hints *copy = hints.n_phrases ? cw_hints_new(NULL, &hints) : NULL;
	const struct cw_caller_conf cc = {
		.script = &t->script,
		.voice = it->voice,
		.language = it->language,
		.seed = it->seed,
		.speed = t->speed,
		.ear = it->ear,
		.hints = copy,
		.channel = strcmp(it->channel, "clean") ? conf->channel : NULL,
		.timeline = conf->timeline,
		.recorder = conf->recorder,
		.epoch_us = conf->epoch_us,
		.closed = on_closed,
		.arg = c,
	};

	return cw_caller_open(c, w, &cc, line, &c->caller, why);
}

/* The same order in recording and in replay: sources have their numbers by it. */
static int open_within(struct cw_calling *c, struct cw_line *below, struct cw_why *why)
{
	struct cw_line *line;
	int err;

	cw_journal_bind(c->journal, &c->control, on_control, c);
	cw_timeline_watch(c->conf.timeline, on_event, c);
	cw_journal_enter(c->journal, NULL, CW_JN_OPEN, NULL, 0);
	err = cw_journal_line_new(c, c->journal, below, CW_LINE_CARRIER, &line);
	if (!err)
		err = open_caller(c, cw_journal_world(c->journal), line, why);
	cw_journal_leave(c->journal);
	return err;
}

static int calling_free(struct cw_calling *c)
{
	if (c->journal)
		cw_timeline_watch(c->conf.timeline, c->conf.watch, c->conf.watch_arg);
	TALLOC_FREE(c->caller); /* before its world */
	cw_journal_unbind(&c->control);
	cw_buf_clear(&c->event);
	return 0;
}

static struct cw_calling *new_calling(const struct cw_calling_conf *conf)
{
	struct cw_calling *c = talloc_zero(NULL, struct cw_calling);

	if (!c)
		return NULL;
	c->conf = *conf;
	c->event = CW_BUF(EVENT_MAX);
	talloc_set_destructor(c, calling_free);
	return c;
}

static int open_journal(struct cw_calling *c, struct cw_world *w, struct cw_why *why)
{
	const struct cw_plan_item *it = c->conf.item;
	CW_JSON_SCOPED json_t *head = json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s, s:s, s:I}", "key", it->key, "target",
		it->target, "language", it->language, "voice", it->voice, "ear", it->ear, "channel", it->channel,
		"test", it->test->id, "t0_us", (json_int_t)c->conf.epoch_us);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (!head)
		return ENOMEM;
	cw_json_dump(&b, head);
	if (cw_buf_err(&b))
		return cw_buf_err(&b);
	return cw_journal_open(c,
		&(struct cw_journal_conf){.world = w, .path = c->conf.journal, .seed = it->seed, .head = b.p},
		&c->journal, why);
}

int cw_calling_open(void *parent, struct cw_world *w, const struct cw_calling_conf *conf, struct cw_line *line,
	struct cw_calling **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_calling *c = new_calling(conf);
	int err = 0;

	if (!c)
		return ENOMEM;
	if (!conf->journal)
		err = open_caller(c, w, line, why);
	else
		err = open_journal(c, w, why);
	if (!err && c->journal)
		err = open_within(c, line, why);
	if (!err)
		*ret = talloc_move(parent, &c);
	return err;
}

int cw_exec_channel(const struct cw_plan_item *item, const int16_t *babble, size_t n_babble, struct cw_effect_conf *ret,
	struct cw_why *why)
{
	struct cw_effect_conf c;
	int err = cw_profile_find(item->channel, &c, why);

	if (err)
		return err;
	if (c.noise && !strcmp(c.noise, "babble")) {
		c.noise_pcm = babble;
		c.noise_samples = n_babble;
	}
	*ret = c;
	return 0;
}

struct cw_caller *cw_calling_caller(struct cw_calling *c)
{
	return c->caller;
}

static void on_written(int err, void *arg)
{
	struct cw_calling *c = arg;

	c->over = true;
	c->done(err, c->arg);
}

bool cw_calling_finish(struct cw_calling *c, void (*done)(int err, void *arg), void *arg)
{
	if (!c->journal || c->over)
		return false;
	c->done = done;
	c->arg = arg;
	cw_journal_finish(c->journal, on_written, c);
	return true;
}

/* ---- again ---- */

static int replay_within(struct cw_calling *c, struct cw_journal_found *ret, struct cw_why *why)
{
	int err = open_within(c, NULL, why);

	if (!err)
		cw_journal_replay(c->journal, ret);
	return err;
}

int cw_calling_replay(
	struct cw_journal *j, const struct cw_calling_conf *conf, struct cw_journal_found *ret, struct cw_why *why)
{
	CW_SCOPED struct cw_timeline *timeline = NULL;
	struct cw_calling *c;
	int err = cw_timeline_new(NULL, &timeline);

	if (err)
		return err;
	cw_timeline_add(timeline, 0, CW_SIDE_LINE, CW_EV_CALL_STARTED, "{}"); /* as an execution does: no party's own */
	c = new_calling(conf);
	if (!c)
		return ENOMEM;
	c->conf.timeline = timeline;
	c->conf.recorder = NULL;
	c->journal = j;
	err = replay_within(c, ret, why);
	(void)talloc_free(c);
	return err;
}
