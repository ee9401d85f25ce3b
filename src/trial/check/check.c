#include "trial/check/check.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "trial/check/check_int.h"

#define KINDS_MAX 64

/* Known to trials, but not in this version: refused by name, never taken as passed. */
static const char *const later[] = {"is-json", "contains-json", "levenshtein", "similar", "rouge-n", "bleu",
	"llm-rubric", "factuality", "answer-relevance", "is-refusal", "latency", "cost", "webhook", "javascript",
	"python", "assert-set", "backchannel_ignored", "cer", "entity_wer", "intent", "entity", "tool_args",
	"tool_order", "dtmf_sent", "transferred_to", "loudness", "clipping", "dropouts", "snr", "mos_e", "language_is",
	"sentiment", "requires_context", "says_before_tool", "no_pii_spoken"};

static const struct cw_check_kind *const tables[] = {cw_checks_text, cw_checks_time, cw_checks_state};

const char *cw_check_status_name(enum cw_check_status s)
{
	static const char *const names[] = {"pass", "fail", "error"};

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

static const struct cw_check_kind *find(const char *name)
{
	for (size_t t = 0; t < CW_COUNT(tables); t++)
		for (const struct cw_check_kind *k = tables[t]; k->name; k++)
			if (!strcmp(k->name, name))
				return k;
	return NULL;
}

static size_t all_names(const char **names)
{
	size_t n = 0;

	for (size_t t = 0; t < CW_COUNT(tables); t++)
		for (const struct cw_check_kind *k = tables[t]; k->name && n < KINDS_MAX; k++)
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

static int unknown_type(const struct cw_yaml *y, const json_t *at, const char *name, struct cw_why *why)
{
	const char *names[KINDS_MAX];
	size_t n = all_names(names);
	const char *bare = strncmp(name, "not-", 4) ? name : name + 4;

	for (size_t i = 0; i < CW_COUNT(later); i++)
		if (!strcmp(later[i], bare))
			return cw_yaml_why(y, at, why, EINVAL,
				"assertion '%s' is not available in this version: remove it (docs/scenarios.md lists what is)",
				name);

	const char *near = cw_str_nearest(cw_str(bare), names, n);

	return cw_yaml_why(y, at, why, EINVAL, "unknown assertion '%s'%s%s%s (docs/scenarios.md lists them)", name,
		near ? "; did you mean '" : "", near ? near : "", near ? "'" : "");
}

/* ---- reading ---- */

static int known_keys(const struct cw_yaml *y, json_t *conf, const struct cw_check_kind *kind, struct cw_why *why)
{
	const char *names[16] = {"type", "weight", "only"};
	size_t n = 3;

	for (const char *const *k = kind->keys; *k; k++) {
		CW_ASSERT(n + 1 < CW_COUNT(names));
		names[n++] = *k;
	}
	names[n] = NULL;
	return cw_yaml_known_keys(y, conf, names, why);
}

static int check_values(
	const struct cw_yaml *y, json_t *conf, const struct cw_check_kind *kind, bool per_turn, struct cw_why *why)
{
	struct cw_why inner = {0};
	json_t *weight = json_object_get(conf, "weight");
	const char *only = cw_json_str(conf, "only", NULL);
	int err = known_keys(y, conf, kind, why);

	if (err)
		return err;
	if (weight && (!json_is_number(weight) || json_number_value(weight) < 0 || json_number_value(weight) > 1000))
		return cw_yaml_why_member(y, conf, "weight", why, EINVAL, "'weight' must be a number from 0 to 1000");
	if (json_object_get(conf, "only") && (!only || (strcmp(only, "agent") && strcmp(only, "twilio"))))
		return cw_yaml_why_member(y, conf, "only", why, EINVAL,
			"'only' must be agent or twilio: the kind of target this is checked on");
	if (kind->place == CW_CHECK_TURN_ONLY && !per_turn)
		return cw_yaml_why_member(y, conf, "type", why, EINVAL,
			"'%s' belongs under 'expect' of a turn: it looks at one action of the caller", kind->name);
	if (kind->place == CW_CHECK_CALL_ONLY && per_turn)
		return cw_yaml_why_member(y, conf, "type", why, EINVAL,
			"'%s' belongs under 'assert' of the test: it looks at the whole call", kind->name);
	if (kind->validate && kind->validate(conf, &inner))
		return cw_yaml_why(y, conf, why, EINVAL, "%s: %s", kind->name, inner.text);
	return 0;
}

static int conf_end(struct cw_assert **holder)
{
	json_decref((*holder)->conf);
	return 0;
}

/* The JSON reference of an assertion lives as long as @parent. */
static int hold(void *parent, struct cw_assert *a)
{
	struct cw_assert **holder = talloc(parent, struct cw_assert *);

	if (!holder)
		return ENOMEM;
	*holder = a;
	talloc_set_destructor(holder, conf_end);
	return 0;
}

int cw_assert_new(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *ret, struct cw_why *why)
{
	const char *name = cw_json_str(conf, "type", NULL);
	struct cw_assert a = {.weight = cw_json_num(conf, "weight", 1), .file = cw_yaml_file(y)};
	unsigned column;

	if (!json_is_object(conf) || !name)
		return cw_yaml_why(
			y, conf, why, EINVAL, "an assertion is a mapping with 'type': {type: contains, value: …}");
	a.negate = !strncmp(name, "not-", 4);
	a.kind = find(a.negate ? name + 4 : name);
	if (!a.kind || !a.kind->about)
		return unknown_type(y, json_object_get(conf, "type"), name, why);

	int err = check_values(y, conf, a.kind, per_turn, why);

	if (err)
		return err;
	(void)cw_yaml_where(y, conf, &a.line, &column); /* 0 when unknown: only for messages */
	a.name = talloc_strdup(parent, name);
	a.file = talloc_strdup(parent, a.file);
	if (!a.name || !a.file)
		return ENOMEM;
	err = cw_vars_apply(y, vars, conf, &a.conf, why);
	if (err)
		return err;
	a.only = cw_json_str(a.conf, "only", NULL);
	*ret = a;
	err = hold(parent, ret);
	if (err)
		json_decref(a.conf);
	return err;
}

int cw_assert_make(void *parent, const char *type, json_t *conf, struct cw_assert *ret)
{
	if (!conf)
		return ENOMEM;

	struct cw_assert a = {.kind = find(type), .name = type, .conf = conf, .weight = 1, .file = ""};

	CW_ASSERT(a.kind);
	*ret = a;

	int err = hold(parent, ret);

	if (err)
		json_decref(conf);
	return err;
}

/* ---- running ---- */

static int place(const struct cw_view *v, size_t play, struct cw_check *c)
{
	if (c->at_us < 0 && play != CW_PLAY_NONE)
		c->at_us = (int64_t)v->plays[play].onset_us;
	return 0;
}

int cw_check_run(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *ret)
{
	struct cw_check c = {
		.of = a, .play = play, .expected = "", .got = "", .reason = "", .decided_by = "", .at_us = -1};
	int err = a->kind->run(parent, v, a, play, &c);

	if (err)
		return err;
	if (a->negate && c.status != CW_CHECK_ERROR) {
		c.status = c.status == CW_CHECK_PASS ? CW_CHECK_FAIL : CW_CHECK_PASS;
		err = cw_check_say(parent, &c.expected, "not %s", c.expected);
		if (err)
			return err;
		c.reason = c.status == CW_CHECK_FAIL ? "it does" : "";
	}
	*ret = c;
	return place(v, play, ret);
}

/* ---- what several kinds share ---- */

int cw_check_needs_text(const json_t *conf, struct cw_why *why)
{
	const json_t *v = json_object_get(conf, "value");

	if (!json_is_string(v) || !json_string_length(v))
		return cw_why_set(
			why, EINVAL, "'value' must be a text%s", json_is_number(v) ? ": put it in quotes" : "");
	return 0;
}

int cw_check_needs_list(const json_t *conf, struct cw_why *why)
{
	const json_t *v = json_object_get(conf, "value");
	size_t i;
	json_t *item;

	if (json_is_string(v))
		return json_string_length(v) ? 0 : cw_why_set(why, EINVAL, "'value' is empty");
	if (!json_is_array(v) || !json_array_size(v))
		return cw_why_set(why, EINVAL, "'value' must be a text or a list of texts");
	json_array_foreach (v, i, item) {
		if (!json_is_string(item) || !json_string_length(item))
			return cw_why_set(why, EINVAL,
				"'value' must be a list of texts: entry %zu is none (numbers go in quotes)", i + 1);
	}
	return 0;
}

int cw_check_needs_limits(const json_t *conf, struct cw_why *why)
{
	const json_t *max = json_object_get(conf, "max"), *min = json_object_get(conf, "min");

	if ((max && !json_is_number(max)) || (min && !json_is_number(min)))
		return cw_why_set(why, EINVAL, "'min' and 'max' must be numbers");
	if (!max && !min)
		return cw_why_set(why, EINVAL, "needs 'max' or 'min': without a limit it could not fail");
	if (max && min && json_number_value(max) < json_number_value(min))
		return cw_why_set(why, EINVAL, "'max' is below 'min': it could not hold");
	return 0;
}
