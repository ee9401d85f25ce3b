/* promptfoo's assertions on tools and their arguments: trajectory:tool-used, -args-match, step-count, is-valid-openai-tools-call. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "trial/check/check_int.h"
#include "trial/check/json_schema.h"

static const char *const value_keys[] = {"value", NULL};

static bool name_fits(const char *name, const json_t *value)
{
	const char *exact = cw_json_str(value, "name", NULL), *pattern = cw_json_str(value, "pattern", NULL);

	if (exact)
		return !strcmp(name, exact);
	return !pattern || !fnmatch(pattern, name, FNM_CASEFOLD);
}

static bool within(double n, const json_t *value, double default_min)
{
	return n >= cw_json_num(value, "min", default_min) && n <= cw_json_num(value, "max", 1e18);
}

/* ---- trajectory:tool-used ---- */

static bool called(const struct cw_view *v, const char *name)
{
	for (size_t i = 0; i < v->n_tools; i++)
		if (!strcmp(v->tools[i].name, name))
			return true;
	return false;
}

static bool used(const struct cw_view *v, const json_t *value)
{
	size_t n = 0;

	if (json_is_string(value))
		return called(v, json_string_value(value));
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!called(v, json_string_value(json_array_get(value, i))))
			return false;
	if (json_is_array(value))
		return true;
	for (size_t i = 0; i < v->n_tools; i++)
		n += name_fits(v->tools[i].name, value);
	return within((double)n, value, json_object_get(value, "max") ? 0 : 1);
}

static int run_used(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	int err = cw_check_show(parent, json_object_get(a->conf, "value"), &c->expected);

	if (!err)
		err = cw_check_say(parent, &c->expected, "used %s", c->expected);
	if (err)
		return err;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);
	c->decided_by = cw_check_tools_by(v);
	c->status = used(v, json_object_get(a->conf, "value")) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_tools_got(parent, v, c);
}

/* ---- trajectory:tool-args-match ---- */

static bool ignored(const char *key, const json_t *ignore)
{
	if (json_is_string(ignore))
		return !fnmatch(json_string_value(ignore), key, 0);
	for (size_t i = 0; i < json_array_size(ignore); i++)
		if (!fnmatch(json_string_value(json_array_get(ignore, i)), key, 0))
			return true;
	return false;
}

/* The arguments without those to be ignored and those which have their default. */
static json_t *stripped(const json_t *args, const json_t *defaults, const json_t *ignore)
{
	CW_JSON_SCOPED json_t *o = json_object();
	const char *key;
	json_t *x;

	json_object_foreach ((json_t *)(uintptr_t)args, key, x) {
		const json_t *dflt = json_object_get(defaults, key);

		if (ignored(key, ignore) || (dflt && json_equal(dflt, x)))
			continue;
		if (json_object_set(o, key, x))
			return NULL;
	}
	return json_incref(o);
}

/* As promptfoo compares: texts letter by letter, objects as subsets, lists entry by entry. */
static bool matches(const json_t *want, const json_t *have)
{
	const char *key;
	json_t *w;

	if (json_is_number(want) && json_is_number(have))
		return json_number_value(want) == json_number_value(have);
	if (!json_is_object(want))
		return json_equal(want, have);
	json_object_foreach ((json_t *)(uintptr_t)want, key, w)
		if (!json_object_get(have, key) || !matches(w, json_object_get(have, key)))
			return false;
	return json_is_object(have);
}

static int call_matches(const json_t *value, const struct cw_view_tool *t, bool *ret)
{
	const json_t *defaults = json_object_get(value, "defaults"), *ignore = json_object_get(value, "ignore");
	const json_t *args = json_object_get(value, "args");
	bool exact = !strcmp(cw_json_str(value, "mode", "partial"), "exact");
	CW_JSON_SCOPED json_t *want = stripped(args ? args : json_object_get(value, "arguments"), NULL, ignore);
	CW_JSON_SCOPED json_t *have = stripped(t->args, defaults, ignore);

	if (!want || !have)
		return ENOMEM;
	*ret = exact ? json_equal(want, have) : matches(want, have);
	return 0;
}

static int run_args(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value");
	int err = cw_check_show(parent, value, &c->expected);

	if (err)
		return err;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);
	c->decided_by = cw_check_tools_by(v);
	c->status = CW_CHECK_FAIL;
	c->got = "never called";
	for (size_t i = 0; i < v->n_tools && c->status == CW_CHECK_FAIL; i++) {
		bool yes = false;

		if (!name_fits(v->tools[i].name, value))
			continue;
		err = call_matches(value, &v->tools[i], &yes);
		if (!err)
			err = cw_check_show(parent, v->tools[i].args, &c->got);
		if (err)
			return err;
		c->at_us = (int64_t)v->tools[i].t_us;
		c->status = yes ? CW_CHECK_PASS : CW_CHECK_FAIL;
	}
	return 0;
}

/* ---- trajectory:step-count ---- */

static size_t count_steps(const struct cw_view *v, const json_t *value)
{
	const char *type = cw_json_str(value, "type", NULL);
	size_t n = 0;

	for (size_t i = 0; i < v->n_tools && (!type || !strcmp(type, "tool")); i++)
		n += name_fits(v->tools[i].name, value);
	if (!type || !strcmp(type, "message")) {
		size_t messages = v->agent ? v->n_said : v->n_turns;

		for (size_t i = 0; i < messages; i++)
			n += name_fits("message", value);
	}
	return n;
}

static int run_steps(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value");
	int err = cw_check_show(parent, value, &c->expected);

	if (err)
		return err;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);

	size_t n = count_steps(v, value);

	c->decided_by = cw_check_tools_by(v);
	c->status = within((double)n, value, 0) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_say(parent, &c->got, "%zu steps", n);
}

/* ---- is-valid-openai-tools-call ---- */

static const json_t *definition(const json_t *tools, const char *name)
{
	for (size_t i = 0; i < json_array_size(tools); i++) {
		const json_t *f = json_object_get(json_array_get(tools, i), "function");

		if (!strcmp(cw_json_str(f, "name", ""), name))
			return f;
	}
	return NULL;
}

static int valid_call(const json_t *tools, const struct cw_view_tool *t, struct cw_why *why)
{
	const json_t *f = definition(tools, t->name), *schema = json_object_get(f, "parameters");
	CW_JSON_SCOPED json_t *none = t->args ? NULL : json_object();

	if (!f)
		return cw_why_set(why, EINVAL, "%s is none of the tools", t->name);
	if (t->raw && t->raw[0])
		return cw_why_set(why, EINVAL, "the arguments of %s are no JSON object: %.100s", t->name, t->raw);
	if (!schema)
		return 0;

	struct cw_why inner = {0};
	int err = cw_json_schema_fits(schema, t->args ? t->args : none, &inner);

	return err ? cw_why_set(why, err, "%s: %s", t->name, inner.text) : 0;
}

static int run_valid(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	struct cw_why why = {0};
	int err = 0;

	c->expected = "tool calls that fit the tools' definitions";
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);
	c->decided_by = cw_check_tools_by(v);
	c->status = v->n_tools ? CW_CHECK_PASS : CW_CHECK_FAIL;
	for (size_t i = 0; i < v->n_tools && !err; i++) {
		err = valid_call(json_object_get(a->conf, "value"), &v->tools[i], &why);
		c->at_us = (int64_t)v->tools[i].t_us;
	}
	if (err == ENOMEM)
		return err;
	if (err && err != EINVAL)
		return cw_check_error(parent, c, "the tool's schema could not be applied");
	if (err) {
		c->status = CW_CHECK_FAIL;
		err = cw_check_say(parent, &c->reason, "%s", why.text);
	}
	return err ? err : cw_check_tools_got(parent, v, c);
}

/* ---- values in the file ---- */

static int known_members(const json_t *value, const char *const *names, struct cw_why *why)
{
	const char *key;
	json_t *unused;

	json_object_foreach ((json_t *)(uintptr_t)value, key, unused) {
		bool known = false;

		for (const char *const *n = names; *n; n++)
			known = known || !strcmp(*n, key);
		if (!known)
			return cw_why_set(why, EINVAL, "'value' has an unknown member '%s'", key);
	}
	return 0;
}

static int validate_used(const json_t *conf, struct cw_why *why)
{
	static const char *const names[] = {"name", "pattern", "min", "max", NULL};
	const json_t *value = json_object_get(conf, "value");

	if (!json_is_object(value))
		return cw_check_needs_list(conf, why);
	if (!cw_json_str(value, "name", NULL) && !cw_json_str(value, "pattern", NULL))
		return cw_why_set(why, EINVAL, "'value' needs 'pattern' (or 'name') of a tool");
	return known_members(value, names, why);
}

static int validate_args(const json_t *conf, struct cw_why *why)
{
	static const char *const names[] = {"name", "pattern", "args", "arguments", "mode", "defaults", "ignore", NULL};
	static const char *const modes[] = {"partial", "exact", NULL};
	const json_t *value = json_object_get(conf, "value"), *ignore = json_object_get(value, "ignore");
	const json_t *args = json_object_get(value, "args");

	if (!cw_json_str(value, "name", NULL) == !cw_json_str(value, "pattern", NULL))
		return cw_why_set(why, EINVAL, "'value' must be {name: TOOL, args: {…}} or {pattern: …, args: {…}}");
	if (!json_is_object(args ? args : json_object_get(value, "arguments")))
		return cw_why_set(why, EINVAL, "'args' of the value must be a mapping");
	for (size_t i = 0; i < json_array_size(ignore); i++)
		if (!json_is_string(json_array_get(ignore, i)))
			return cw_why_set(why, EINVAL, "'ignore' must be a name or a list of names");

	int err = cw_check_one_of(value, "mode", modes, why);

	return err ? err : known_members(value, names, why);
}

static int validate_steps(const json_t *conf, struct cw_why *why)
{
	static const char *const names[] = {"type", "pattern", "min", "max", NULL};
	static const char *const types[] = {"tool", "message", NULL};
	const json_t *value = json_object_get(conf, "value");

	if (!json_is_object(value))
		return cw_why_set(why, EINVAL, "'value' must be {type: tool, min: …, max: …}");

	int err = cw_check_one_of(value, "type", types, why);

	if (!err)
		err = cw_check_needs_limits(value, why);
	return err ? err : known_members(value, names, why);
}

static int validate_tools(const json_t *conf, struct cw_why *why)
{
	const json_t *tools = json_object_get(conf, "value");
	int err =
		json_array_size(tools)
			? 0
			: cw_why_set(why, EINVAL,
				  "'value' must be the list of tools given to the model: [{type: function, function: {name, parameters}}]");

	for (size_t i = 0; !err && i < json_array_size(tools); i++) {
		const json_t *f = json_object_get(json_array_get(tools, i), "function");

		if (!cw_json_str(f, "name", NULL))
			return cw_why_set(why, EINVAL, "tool %zu of 'value' has no function with a name", i + 1);
		if (json_object_get(f, "parameters"))
			err = cw_json_schema_check(json_object_get(f, "parameters"), why);
	}
	return err;
}

const struct cw_check_kind cw_checks_trajectory[] = {
	{"trajectory:tool-used", "these tools were called (a name, a list, or {pattern, min, max})", CW_CHECK_CALL_ONLY,
		value_keys, validate_used, run_used, NULL, 0, NULL},
	{"trajectory:tool-args-match", "a call of the tool has these arguments ({name, args, mode, defaults, ignore})",
		CW_CHECK_CALL_ONLY, value_keys, validate_args, run_args, NULL, 0, NULL},
	{"trajectory:step-count", "number of tool calls and messages ({type: tool or message, pattern, min, max})",
		CW_CHECK_CALL_ONLY, value_keys, validate_steps, run_steps, NULL, 0, NULL},
	{"is-valid-openai-tools-call", "tools were called, each with arguments that fit its definition in `value`",
		CW_CHECK_CALL_ONLY, value_keys, validate_tools, run_valid, NULL, CW_NEEDS_FILE, NULL},
	{0},
};
