/* Assertions on JSON in the agent's words (chat targets, mostly). */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "trial/check/check_int.h"
#include "trial/check/json_schema.h"

#define SHOWN_MAX 300
#define TRIES_MAX 500 /* places in a text at which JSON may begin */

static const char *const json_keys[] = {"value", "by", NULL};

/* ---- what several files use ---- */

int cw_check_show(void *parent, const json_t *j, const char **ret)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);

	if (j)
		cw_json_dump(&b, j);
	return cw_check_say(parent, ret, "%.*s", SHOWN_MAX, cw_buf_err(&b) || !b.p ? "(nothing)" : b.p);
}

bool cw_check_json_same(const json_t *want, const json_t *have)
{
	if (json_is_number(want) && json_is_number(have))
		return fabs(json_number_value(want) - json_number_value(have)) < 1e-9;
	if (json_is_boolean(want) && json_is_integer(have)) /* SQL has no booleans */
		return json_is_true(want) == (json_integer_value(have) != 0);
	if (json_is_string(want) && json_is_string(have))
		return !strcasecmp(json_string_value(want), json_string_value(have));
	return json_equal(want, have);
}

bool cw_check_json_subset(const json_t *want, const json_t *have)
{
	const char *key;
	json_t *w;

	if (!json_is_object(want))
		return cw_check_json_same(want, have);
	json_object_foreach ((json_t *)(uintptr_t)want, key, w) {
		if (!json_object_get(have, key) || !cw_check_json_subset(w, json_object_get(have, key)))
			return false;
	}
	return true;
}

/* ---- finding JSON ---- */

/* The JSON value that begins at @text, with what may follow it. */
static json_t *json_at(const char *text)
{
	return json_loads(text, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, NULL);
}

/* EINVAL: the JSON does not fit the schema; what is wrong in @why. */
static int fits(const json_t *schema, const json_t *value, struct cw_why *why)
{
	return schema ? cw_json_schema_fits(schema, value, why) : 0;
}

/* Any JSON object or list in the text that fits. 0 and *@found; the last misfit in @why. */
static int search(const char *text, const json_t *schema, bool *any, bool *found, struct cw_why *why)
{
	unsigned tries = 0;

	*any = *found = false;
	for (const char *p = strpbrk(text, "{["); p && tries < TRIES_MAX; p = strpbrk(p + 1, "{["), tries++) {
		CW_JSON_SCOPED json_t *value = json_at(p);
		struct cw_why inner = {0};

		if (!value)
			continue;
		*any = true;

		int err = fits(schema, value, &inner);

		if (!err) {
			*found = true;
			return 0;
		}
		if (err != EINVAL)
			return err;
		*why = inner;
	}
	return 0;
}

/* ---- the checks ---- */

static int no_decision(void *parent, struct cw_check *c, int err)
{
	if (err == ENOMEM)
		return err;
	return cw_check_error(parent, c, "the schema could not be applied: %s",
		err == ELOOP ? "it is nested too deeply" : "it is faulty");
}

static int decide_is(void *parent, const char *text, const json_t *schema, struct cw_check *c)
{
	CW_JSON_SCOPED json_t *value = NULL;
	struct cw_why why = {0};

	c->status = CW_CHECK_FAIL;
	value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (!value) {
		c->reason = "the words are no JSON";
		return 0;
	}

	int err = fits(schema, value, &why);

	if (err && err != EINVAL)
		return no_decision(parent, c, err);
	if (err)
		return cw_check_say(parent, &c->reason, "%s", why.text);
	c->status = CW_CHECK_PASS;
	return 0;
}

static int decide_contains(void *parent, const char *text, const json_t *schema, struct cw_check *c)
{
	struct cw_why why = {0};
	bool any, found;
	int err = search(text, schema, &any, &found, &why);

	if (err)
		return no_decision(parent, c, err);
	c->status = found ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (found)
		return 0;
	return cw_check_say(parent, &c->reason, "%s", any ? why.text : "there is no JSON object or list in the words");
}

static int run_json(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *schema = json_object_get(a->conf, "value");
	bool whole = !strcmp(a->kind->param, "is");
	const char *text = NULL;
	int err = cw_check_say(parent, &c->expected, "%s%s", whole ? "JSON" : "JSON among the words",
		schema ? " that fits the schema" : "");

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	err = whole ? decide_is(parent, text, schema, c) : decide_contains(parent, text, schema, c);
	return err ? err : cw_check_got_words(parent, text, c);
}

static int validate(const json_t *conf, struct cw_why *why)
{
	const json_t *schema = json_object_get(conf, "value");
	int err = schema ? cw_json_schema_check(schema, why) : 0;

	return err ? err : cw_check_valid_by(conf, why);
}

const struct cw_check_kind cw_checks_json[] = {
	{"is-json", "the words are JSON, and fit the JSON Schema in `value` when there is one", CW_CHECK_ANYWHERE,
		json_keys, validate, run_json, "is", CW_NEEDS_FILE, NULL},
	{"contains-json", "the words contain a JSON object or list (which fits the schema in `value`)",
		CW_CHECK_ANYWHERE, json_keys, validate, run_json, "contains", CW_NEEDS_FILE, NULL},
	{0},
};
