#include "trial/check/check.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "trial/check/check_int.h"
#include "trial/check/check_read.h"

static const struct cw_check_kind *const tables[] = {cw_checks_text, cw_checks_score, cw_checks_json, cw_checks_markup,
	cw_checks_code, cw_checks_speech, cw_checks_time, cw_checks_audio, cw_checks_words, cw_checks_tools,
	cw_checks_trajectory, cw_checks_state, cw_checks_end, cw_checks_set, cw_checks_judge};

const char *cw_check_status_name(enum cw_check_status s)
{
	static const char *const names[] = {"pass", "fail", "error"};

	return names[s];
}

const char *cw_severity_name(enum cw_severity s)
{
	static const char *const names[] = {"critical", "major", "minor"};

	return names[s];
}

int cw_check_say(void *parent, const char **ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*ret = talloc_vasprintf(parent, fmt, ap);
	va_end(ap);
	return *ret ? 0 : ENOMEM;
}

int cw_check_error(void *parent, struct cw_check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	c->reason = talloc_vasprintf(parent, fmt, ap);
	va_end(ap);
	c->status = CW_CHECK_ERROR;
	return c->reason ? 0 : ENOMEM;
}

/* ---- the table ---- */

const struct cw_check_kind *cw_check_find(const char *name)
{
	for (size_t t = 0; t < CW_COUNT(tables); t++)
		for (const struct cw_check_kind *k = tables[t]; k->name; k++)
			if (!strcmp(k->name, name))
				return k;
	return NULL;
}

size_t cw_check_names(const char **names, size_t max)
{
	size_t n = 0;

	for (size_t t = 0; t < CW_COUNT(tables); t++)
		for (const struct cw_check_kind *k = tables[t]; k->name && n < max; k++)
			if (k->about)
				names[n++] = k->name;
	return n;
}

int cw_check_each(int (*fn)(const char *name, const char *about, const char *const *keys, void *arg), void *arg)
{
	for (size_t t = 0; t < CW_COUNT(tables); t++) {
		for (const struct cw_check_kind *k = tables[t]; k->name; k++) {
			int err = k->about ? fn(k->name, k->about, k->keys, arg) : 0;

			if (err)
				return err;
		}
	}
	return 0;
}

int cw_assert_each(const struct cw_assert *a, int (*fn)(const struct cw_assert *a, void *arg), void *arg)
{
	int err = fn(a, arg);

	for (size_t i = 0; !err && i < a->n_set; i++)
		err = cw_assert_each(&a->set[i], fn, arg);
	return err;
}

/* ---- running ---- */

static void place(const struct cw_view *v, size_t play, struct cw_check *c)
{
	if (c->at_us < 0 && play != CW_PLAY_NONE)
		c->at_us = (int64_t)v->plays[play].onset_us;
}

/* Whom a failure is charged to before anybody looked closer (attribution.h does). */
static const char *stage_of(const struct cw_view *v, const struct cw_assert *a)
{
	if (a->kind->stage)
		return a->kind->stage;
	return v->agent || v->chat ? "brain" : "agent";
}

static int turn_around(void *parent, struct cw_check *c)
{
	c->status = c->status == CW_CHECK_PASS ? CW_CHECK_FAIL : CW_CHECK_PASS;
	c->score = 1 - c->score;
	c->reason = c->status == CW_CHECK_FAIL ? "it does" : "";
	return cw_check_say(parent, &c->expected, "not %s", c->expected);
}

static int decide(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	if ((a->kind->needs & CW_NEEDS_VOICE) && v->chat)
		return cw_check_error(parent, c,
			"'%s' looks at a voice: a chat target has none (say 'only: agent' or 'only: twilio', or remove it)",
			a->kind->name);
	return a->kind->run(parent, v, a, play, c);
}

int cw_check_run(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *ret)
{
	struct cw_check c = {.of = a,
		.play = play,
		.expected = "",
		.got = "",
		.reason = "",
		.decided_by = "",
		.at_us = -1,
		.score = NAN};
	int err = decide(parent, v, a, play, &c);

	if (err)
		return err;
	if (isnan(c.score))
		c.score = c.status == CW_CHECK_PASS;
	if (a->negate && c.status != CW_CHECK_ERROR)
		err = turn_around(parent, &c);
	if (err)
		return err;
	if (c.status == CW_CHECK_ERROR)
		c.score = 0;
	if (c.status != CW_CHECK_FAIL)
		c.stage = NULL;
	else if (!c.stage)
		c.stage = stage_of(v, a);
	place(v, play, &c);
	*ret = c;
	return 0;
}

/* ---- results ---- */

static int add_members(json_t *o, const struct cw_check *c)
{
	CW_JSON_SCOPED json_t *list = json_array();

	for (size_t i = 0; i < c->n_members; i++)
		if (json_array_append_new(list, cw_check_json(&c->members[i])))
			return ENOMEM;
	return json_object_set(o, "members", list) ? ENOMEM : 0;
}

json_t *cw_check_json(const struct cw_check *c)
{
	CW_JSON_SCOPED json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:s}", "type", c->of->name,
		"status", cw_check_status_name(c->status), "expected", c->expected, "got", c->got, "reason", c->reason,
		"decided_by", c->decided_by, "weight", c->of->weight, "score", c->score, "severity",
		cw_severity_name(c->of->severity));

	if (!o || (c->stage && json_object_set_new(o, "stage", json_string(c->stage))) ||
		(c->of->metric && json_object_set_new(o, "metric", json_string(c->of->metric))) ||
		(c->n_members && add_members(o, c)))
		return NULL;
	return json_incref(o);
}
