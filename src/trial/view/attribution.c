#include "trial/view/attribution.h"

#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "base/norm.h"
#include "language/entity.h"
#include "trial/view/view_int.h"

#define CHARGES_MAX 200
#define EDGE_US     200000u /* of audio around words given to our ear */
#define LATE_US     400000u /* the agent's ear may place an onset this much earlier */

struct second { /* our own ear on one action of the caller */
	char *clean, *line;
	bool clean_asked, line_asked;
};

struct cw_attribution {
	const struct cw_view *view;
	struct cw_hear *hear;
	struct second *second; /* per play */
	struct cw_charge charges[CHARGES_MAX];
	size_t n;
	struct cw_date today;
	bool has_today;
};

struct fact {
	enum cw_entity_kind kind;
	bool plain; /* words, of no kind */
	const char *value;
	const char *as_said;
};

const char *cw_stage_name(enum cw_stage s)
{
	static const char *const names[] = {"unknown", "harness", "line", "ears", "brain", "mouth", "agent"};

	return names[s];
}

static const struct cw_date *today(const struct cw_attribution *a)
{
	return a->has_today ? &a->today : NULL;
}

/* ---- is it there? ---- */

static int is_there(const struct cw_attribution *a, const struct fact *f, const char *text, bool *ret)
{
	CW_SCOPED struct cw_entities *es = NULL;

	*ret = cw_norm_contains(cw_str(text), cw_str(f->as_said));
	if (*ret || f->plain)
		return 0;

	int err = cw_entity_extract(NULL, cw_str(text), today(a), &es);

	if (err)
		return err == EMSGSIZE ? 0 : err;
	*ret = cw_entity_has(es, f->kind, f->value);
	return 0;
}

/* What the agent understood of action @play: its transcript of the caller until the caller's next words. */
static int understood(void *parent, const struct cw_view *v, size_t play, char **ret)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);
	uint64_t from_us = v->plays[play].onset_us, next = cw_view_next_words_us(v, play);
	size_t from = 0;

	cw_buf_puts(&b, "");
	for (const struct cw_event *e; (e = cw_timeline_next(v->agent, &from, CW_EV_TURN_ENDED, CW_SIDE_CALLER));) {
		uint64_t onset = (uint64_t)cw_json_int(e->data, "onset_us", 0);
		uint64_t last = (uint64_t)cw_json_int(e->data, "last_us", (json_int_t)e->t_us);

		if (last + LATE_US < from_us || (next != UINT64_MAX && onset + LATE_US >= next))
			continue;
		cw_buf_fmt(&b, "%s%s", b.len ? " " : "", cw_json_str(e->data, "text", ""));
	}
	*ret = cw_buf_take(&b, parent);
	return *ret ? 0 : ENOMEM;
}

/* ---- our own ear ---- */

static int ask_clean(struct cw_attribution *a, size_t play, const char **ret)
{
	struct second *s = &a->second[play];
	CW_SCOPED int16_t *pcm = NULL;
	size_t n;
	int err = 0;

	if (!s->clean_asked && a->hear) {
		err = cw_hear_voice(a->hear, NULL, a->view->plays[play].text, &pcm, &n);
		if (!err)
			err = cw_hear_words(a->hear, a, pcm, n, &s->clean);
	}
	s->clean_asked = true;
	*ret = s->clean;
	return err == ENOMEM ? err : 0; /* an engine that fails gives no second opinion */
}

static int ask_line(struct cw_attribution *a, size_t play, const char **ret)
{
	const struct cw_view *v = a->view;
	const struct cw_play *p = &v->plays[play];
	struct second *s = &a->second[play];
	int err = 0;

	if (!s->line_asked && a->hear && v->pcm[CW_SIDE_CALLER] && p->audible) {
		uint64_t from_us = p->onset_us > EDGE_US ? p->onset_us - EDGE_US : 0;
		size_t from = (size_t)(from_us * CW_RATE_HZ / 1000000);
		size_t to = (size_t)((p->last_us + EDGE_US) * CW_RATE_HZ / 1000000);

		to = to < v->n_samples ? to : v->n_samples;
		if (from < to)
			err = cw_hear_words(a->hear, a, v->pcm[CW_SIDE_CALLER] + from, to - from, &s->line);
	}
	s->line_asked = true;
	*ret = s->line;
	return err == ENOMEM ? err : 0;
}

/* ---- charging ---- */

static struct cw_charge *charge(struct cw_attribution *a, const char *side, const struct fact *f, uint64_t at_us)
{
	if (a->n == CHARGES_MAX)
		return NULL;

	struct cw_charge *c = &a->charges[a->n];

	*c = (struct cw_charge){.side = side,
		.kind = f->plain ? "words" : cw_entity_kind_name(f->kind),
		.value = talloc_strdup(a, f->as_said),
		.at_us = (int64_t)at_us};
	if (!c->value)
		return NULL;
	a->n++;
	return c;
}

static int lay(struct cw_charge *c, enum cw_stage stage, const char *because)
{
	c->stage = stage;
	c->because = because;
	return 0;
}

/* Something between the caller's mouth and the agent's understanding: who? @ears: what the agent understood, NULL: not visible. */
static int follow_in(struct cw_attribution *a, const struct fact *f, size_t play, const char *ears)
{
	const struct cw_play *p = &a->view->plays[play];
	struct cw_charge *c = charge(a, "caller", f, p->onset_us);
	bool there = false;

	if (!c)
		return a->n == CHARGES_MAX ? 0 : ENOMEM;

	int err = ears ? is_there(a, f, ears, &there) : 0;

	c->ears = ears;
	if (err || there)
		return err ? err : lay(c, CW_STAGE_BRAIN, "the agent heard it right and did not act on it");
	err = ask_clean(a, play, &c->clean);
	if (!err)
		err = ask_line(a, play, &c->line);
	if (err)
		return err;
	if (c->clean) {
		err = is_there(a, f, c->clean, &there);
		if (err || !there)
			return err ? err
				   : lay(c, CW_STAGE_HARNESS,
					     "our own ear does not get it from our own clean voice: change voice, ear or words");
	}
	if (c->line) {
		err = is_there(a, f, c->line, &there);
		if (err || !there)
			return err ? err
				   : lay(c, CW_STAGE_LINE, "our ear gets it from the clean voice, not behind the line");
	}
	if (!ears)
		return c->line ? lay(c, CW_STAGE_AGENT, "it reached the agent; what became of it there is not visible")
			       : lay(c, CW_STAGE_UNKNOWN, "neither the line nor the agent can be looked into");
	return c->line ? lay(c, CW_STAGE_EARS, "it can be heard behind the line, and is not in the agent's transcript")
		       : lay(c, CW_STAGE_UNKNOWN,
				 "it is not in the agent's transcript; without a recording, or an ear to listen to it, the line cannot be told from the agent's ears");
}

/* The agent's own text holds it and our ear did not get it: its mouth, unless our ear does not get it even from our own voice. */
static int follow_out(
	struct cw_attribution *a, const struct fact *f, const char *said, const char *heard, uint64_t at_us)
{
	struct cw_charge *c = charge(a, "agent", f, at_us);
	CW_SCOPED int16_t *pcm = NULL;
	bool there = true;
	size_t n;
	int err;

	if (!c)
		return a->n == CHARGES_MAX ? 0 : ENOMEM;
	c->mouth = talloc_strdup(a, heard);
	if (!c->mouth)
		return ENOMEM;
	if (!a->hear)
		return lay(c, CW_STAGE_UNKNOWN,
			"our ear missed it; without a voice to compare, our ear cannot be told from its mouth");
	err = cw_hear_voice(a->hear, NULL, said, &pcm, &n);
	if (!err) {
		char *clean = NULL;

		err = cw_hear_words(a->hear, a, pcm, n, &clean);
		c->clean = clean;
	}
	if (err == ENOMEM)
		return err;
	if (err || !c->clean)
		return lay(c, CW_STAGE_UNKNOWN, "our own engines gave no second opinion");
	err = is_there(a, f, c->clean, &there);
	if (err)
		return err;
	return there ? lay(c, CW_STAGE_MOUTH, "the agent's text holds it, its audio does not say it")
		     : lay(c, CW_STAGE_HARNESS, "our own ear does not get it from a clean voice either");
}

/* ---- facts of a call ---- */

/* A tool was given another value of this kind, and none was given the right one. */
static int tools_contradict(const struct cw_attribution *a, const struct fact *f, bool *ret)
{
	const struct cw_view *v = a->view;
	bool other = false, right = false;

	*ret = false;
	if (f->kind != CW_ENTITY_PHONE && f->kind != CW_ENTITY_EMAIL && f->kind != CW_ENTITY_ADDRESS &&
		f->kind != CW_ENTITY_NAME)
		return 0; /* dates, times and numbers of a talk may be offered, refused and changed */
	for (size_t i = 0; i < v->n_tools; i++) {
		const char *key;
		json_t *arg;

		json_object_foreach ((json_t *)(uintptr_t)v->tools[i].args, key, arg) {
			CW_SCOPED struct cw_entities *es = NULL;
			const char *text = json_string_value(arg);
			int err = text ? cw_entity_extract(NULL, cw_str(text), today(a), &es) : 0;

			if (err == ENOMEM)
				return err;
			if (!es)
				continue;
			right = right || cw_entity_has(es, f->kind, f->value);
			other = other || (cw_entity_has(es, f->kind, NULL) && !cw_entity_has(es, f->kind, f->value));
		}
	}
	*ret = other && !right;
	return 0;
}

static int scan_caller_fact(struct cw_attribution *a, const struct fact *f, size_t play, const char *ears)
{
	bool heard = false, contradicted = false;
	int err = is_there(a, f, ears, &heard);

	if (!err && heard)
		err = tools_contradict(a, f, &contradicted);
	return err || (heard && !contradicted) ? err : follow_in(a, f, play, ears);
}

static int facts_of(void *parent, const struct cw_attribution *a, const char *text, struct fact **ret, size_t *n)
{
	struct cw_entities *es = NULL;
	int err = cw_entity_extract(parent, cw_str(text), today(a), &es);

	*n = 0;
	if (err)
		return err == EMSGSIZE ? 0 : err;

	struct fact *f = talloc_zero_array(parent, struct fact, es->n + 1);

	if (!f)
		return ENOMEM;
	for (size_t i = 0; i < es->n; i++) {
		f[i] = (struct fact){
			.kind = es->e[i].kind, .value = es->e[i].value, .as_said = cw_str_dup(f, es->e[i].at)};
		if (!f[i].as_said)
			return ENOMEM;
	}
	*ret = f;
	*n = es->n;
	return 0;
}

static int scan_play(struct cw_attribution *a, size_t play)
{
	const struct cw_play *p = &a->view->plays[play];
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct fact *facts = NULL;
	char *ears = NULL;
	size_t n = 0;

	if (!scratch)
		return ENOMEM;
	if (strcmp(p->action, "say") || !p->over)
		return 0;

	int err = facts_of(scratch, a, p->text, &facts, &n);

	if (!err && n)
		err = understood(a, a->view, play, &ears);
	for (size_t i = 0; !err && i < n; i++)
		err = scan_caller_fact(a, &facts[i], play, ears);
	return err;
}

static int scan_said(struct cw_attribution *a, size_t i)
{
	const struct cw_agent_said *s = &a->view->said[i];
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct fact *facts = NULL;
	size_t n = 0;

	if (!scratch)
		return ENOMEM;

	char *heard = cw_view_heard(scratch, a->view, CW_VIEW_WHOLE);
	int err = heard ? facts_of(scratch, a, s->heard, &facts, &n) : ENOMEM;

	for (size_t k = 0; !err && k < n; k++) {
		bool there = false;

		err = is_there(a, &facts[k], heard, &there);
		if (!err && !there)
			err = follow_out(a, &facts[k], s->heard, heard, s->onset_us);
	}
	return err;
}

int cw_attribution_scan(struct cw_attribution *a)
{
	int err = 0;

	if (!a->view->agent || a->view->chat)
		return 0; /* what went wrong inside is not visible: only what an assertion misses is charged */
	for (size_t i = 0; !err && i < a->view->n_plays; i++)
		err = scan_play(a, i);
	for (size_t i = 0; !err && i < a->view->n_said; i++)
		err = scan_said(a, i);
	return err;
}

/* ---- words that an assertion missed ---- */

static const struct cw_charge *charged_before(const struct cw_attribution *a, const char *words)
{
	for (size_t i = 0; i < a->n; i++)
		if (cw_norm_contains(cw_str(a->charges[i].value), cw_str(words)) ||
			cw_norm_contains(cw_str(words), cw_str(a->charges[i].value)))
			return &a->charges[i];
	return NULL;
}

/* The fact which the words are, if they are exactly one. */
static int fact_of_words(void *parent, const struct cw_attribution *a, const char *words, struct fact *f)
{
	struct fact *facts = NULL;
	size_t n = 0;
	int err = facts_of(parent, a, words, &facts, &n);

	*f = (struct fact){.plain = true, .value = words, .as_said = words};
	if (!err && n == 1 && strlen(facts[0].as_said) + 2 >= strlen(words))
		*f = (struct fact){.kind = facts[0].kind, .value = facts[0].value, .as_said = words};
	return err;
}

static int words_of_caller(struct cw_attribution *a, const struct fact *f, bool *found)
{
	const struct cw_view *v = a->view;

	*found = false;
	for (size_t i = 0; i < v->n_plays; i++) {
		char *ears = NULL;
		int err = strcmp(v->plays[i].action, "say") ? 0 : is_there(a, f, v->plays[i].text, found);

		if (err)
			return err;
		if (!*found)
			continue;
		if (v->agent)
			err = understood(a, v, i, &ears);
		else if (v->chat)
			ears = talloc_strdup(a, v->plays[i].text); /* nothing is lost on the way */
		return err ? err : follow_in(a, f, i, ears);
	}
	return 0;
}

static int words_of_agent(struct cw_attribution *a, const struct fact *f)
{
	const struct cw_view *v = a->view;
	struct cw_charge *c;
	bool there = false;

	for (size_t i = 0; i < v->n_said; i++) {
		CW_SCOPED char *heard = cw_view_heard(NULL, v, CW_VIEW_WHOLE);
		int err = heard ? is_there(a, f, v->said[i].heard, &there) : ENOMEM;

		if (err)
			return err;
		if (there)
			return follow_out(a, f, v->said[i].heard, heard, v->said[i].onset_us);
	}
	c = charge(a, "agent", f, v->end_us);
	if (!c)
		return a->n == CHARGES_MAX ? 0 : ENOMEM;
	if (v->agent || v->chat)
		return lay(c, CW_STAGE_BRAIN, "the agent never said it");
	return lay(c, CW_STAGE_AGENT, "it was not heard; whether the agent said it is not visible");
}

int cw_attribution_words(struct cw_attribution *a, const char *words, const struct cw_charge **ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	const struct cw_charge *before = charged_before(a, words);
	struct fact f;
	size_t n = a->n;
	bool found = false;

	*ret = before;
	if (before)
		return 0;
	if (!scratch)
		return ENOMEM;

	int err = fact_of_words(scratch, a, words, &f);

	if (!err)
		err = words_of_caller(a, &f, &found);
	if (!err && !found)
		err = words_of_agent(a, &f);
	if (!err && a->n > n)
		*ret = &a->charges[n];
	return err;
}

/* ---- results ---- */

int cw_attribution_new(void *parent, const struct cw_view *v, struct cw_hear *hear, struct cw_attribution **ret)
{
	CW_SCOPED struct cw_attribution *a = talloc_zero(NULL, struct cw_attribution);

	if (!a)
		return ENOMEM;
	a->view = v;
	a->hear = hear;
	a->has_today = cw_view_today(v, &a->today);
	a->second = talloc_zero_array(a, struct second, v->n_plays + 1);
	if (!a->second)
		return ENOMEM;
	*ret = talloc_move(parent, &a);
	return 0;
}

size_t cw_attribution_count(const struct cw_attribution *a)
{
	return a->n;
}

const struct cw_charge *cw_attribution_at(const struct cw_attribution *a, size_t i)
{
	return i < a->n ? &a->charges[i] : NULL;
}

static json_t *charge_json(const struct cw_charge *c)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:f, s:s}", "stage", cw_stage_name(c->stage), "side", c->side,
		"kind", c->kind, "value", c->value, "at_s", (double)c->at_us / 1e6, "because", c->because);
	const char *const names[] = {"clean", "line", "ears", "mouth"};
	const char *const values[] = {c->clean, c->line, c->ears, c->mouth};

	for (size_t i = 0; o && i < CW_COUNT(names); i++)
		if (values[i] && json_object_set_new(o, names[i], json_string(values[i]))) {
			json_decref(o);
			return NULL;
		}
	return o;
}

json_t *cw_attribution_json(const struct cw_attribution *a)
{
	CW_JSON_SCOPED json_t *list = json_array();
	CW_JSON_SCOPED json_t *counts = json_object();
	size_t n[CW_STAGE_N] = {0};

	for (size_t i = 0; i < a->n; i++) {
		n[a->charges[i].stage]++;
		if (json_array_append_new(list, charge_json(&a->charges[i])))
			return NULL;
	}
	for (int s = 0; s < CW_STAGE_N; s++)
		if (n[s] &&
			json_object_set_new(counts, cw_stage_name((enum cw_stage)s), json_integer((json_int_t)n[s])))
			return NULL;
	return json_pack("{s:O, s:O}", "counts", counts, "charges", list);
}
