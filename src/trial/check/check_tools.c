/* Assertions on the tools an agent called. */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/norm.h"
#include "trial/check/check_int.h"

static const char *const called_keys[] = {"name", "args", "times", NULL};
static const char *const args_keys[] = {"name", "args", "mode", NULL};
static const char *const order_keys[] = {"value", "mode", NULL};
static const char *const f1_keys[] = {"value", "threshold", NULL};
static const char *const before_keys[] = {"name", "value", NULL};

#define NAMES_MAX 64

int cw_check_no_tools(void *parent, struct cw_check *c)
{
	return cw_check_error(parent, c,
		"tool calls are not visible over this line: use 'state_equals', target agent:FILE, or a chat server that tells them");
}

const char *cw_check_tools_by(const struct cw_view *v)
{
	return v->agent ? "agent_timeline" : "chat_reply";
}

int cw_check_tools_got(void *parent, const struct cw_view *v, struct cw_check *c)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

	for (size_t i = 0; i < v->n_tools; i++)
		cw_buf_fmt(&b, "%s%s", i ? ", " : "", v->tools[i].name);
	return cw_check_say(parent, &c->got, "%s",
		!v->n_tools      ? "no tool called"
		: cw_buf_err(&b) ? "many tools"
				 : b.p);
}

/* ---- tool_called, tool_args ---- */

static int run_called(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *name = cw_json_str(a->conf, "name", "");
	const json_t *args = json_object_get(a->conf, "args");
	int64_t times = cw_json_int(a->conf, "times", -1), n = 0;
	const struct cw_view_tool *nearest = NULL;
	const char *shown = "";
	int err = args ? cw_check_show(parent, args, &shown) : 0;

	if (!err)
		err = times < 0 ? cw_check_say(
					  parent, &c->expected, "tool %s called%s%s", name, args ? " with " : "", shown)
				: cw_check_say(parent, &c->expected, "tool %s called %lld times%s%s", name,
					  (long long)times, args ? " with " : "", shown);
	if (err)
		return err;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);
	c->decided_by = cw_check_tools_by(v);
	for (size_t i = 0; i < v->n_tools; i++) {
		const struct cw_view_tool *t = &v->tools[i];

		if (strcmp(t->name, name))
			continue;
		nearest = t;
		if (args && !cw_check_json_subset(args, t->args))
			continue;
		n++;
		c->at_us = (int64_t)t->t_us;
	}
	c->status = (times < 0 ? n > 0 : n == times) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (!nearest) {
		c->got = "never called";
		return 0;
	}
	err = cw_check_show(parent, nearest->args, &shown);
	return err ? err : cw_check_say(parent, &c->got, "%lld times; last with %s", (long long)n, shown);
}

static bool args_fit(const struct cw_assert *a, const json_t *want, const json_t *have)
{
	if (!strcmp(cw_json_str(a->conf, "mode", "partial"), "exact") &&
		json_object_size(want) != json_object_size(have))
		return false;
	return cw_check_json_subset(want, have);
}

static int run_args(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *name = cw_json_str(a->conf, "name", ""), *shown;
	const json_t *args = json_object_get(a->conf, "args");
	size_t n = 0;
	int err = cw_check_show(parent, args, &shown);

	if (!err)
		err = cw_check_say(parent, &c->expected, "every call of %s with %s", name, shown);
	if (err)
		return err;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);
	c->decided_by = cw_check_tools_by(v);
	c->status = CW_CHECK_PASS;
	for (size_t i = 0; i < v->n_tools && c->status == CW_CHECK_PASS; i++) {
		const struct cw_view_tool *t = &v->tools[i];

		if (strcmp(t->name, name))
			continue;
		n++;
		c->at_us = (int64_t)t->t_us;
		err = cw_check_show(parent, t->args, &c->got);
		if (err)
			return err;
		if (!args_fit(a, args, t->args))
			c->status = CW_CHECK_FAIL;
	}
	if (n)
		return 0;
	c->status = CW_CHECK_FAIL;
	c->got = "never called";
	return 0;
}

/* ---- tool_order, trajectory:tool-sequence ---- */

static bool in_order(const struct cw_view *v, const json_t *steps, bool exact)
{
	size_t next = 0, n = json_array_size(steps);

	if (exact && v->n_tools != n)
		return false;
	for (size_t i = 0; i < v->n_tools && next < n; i++) {
		if (!strcmp(v->tools[i].name, json_string_value(json_array_get(steps, next))))
			next++;
		else if (exact)
			return false;
	}
	return next == n;
}

static int run_order(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value"), *holder = json_is_object(value) ? value : a->conf;
	const json_t *steps = json_is_object(value) ? json_object_get(value, "steps") : value;
	bool exact = !strcmp(cw_json_str(holder, "mode", "in_order"), "exact");
	const char *shown;
	int err = cw_check_show(parent, steps, &shown);

	if (!err)
		err = cw_check_say(parent, &c->expected, "%s %s", exact ? "exactly" : "in this order", shown);
	if (err)
		return err;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);
	c->decided_by = cw_check_tools_by(v);
	c->status = in_order(v, steps, exact) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_tools_got(parent, v, c);
}

/* ---- tool-call-f1 ---- */

/* Names out of a list, or of "a, b". */
static size_t names_of(void *parent, const json_t *value, const char **names)
{
	struct cw_str rest = cw_str(json_string_value(value)), part;
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(value) && n < NAMES_MAX; i++)
		names[n++] = json_string_value(json_array_get(value, i));
	while (json_is_string(value) && n < NAMES_MAX && cw_str_split(&rest, ',', &part)) {
		names[n] = cw_str_dup(parent, cw_str_trim(part));
		if (!names[n++])
			return SIZE_MAX;
	}
	return n;
}

static int run_f1(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *names[NAMES_MAX];
	size_t n = names_of(parent, json_object_get(a->conf, "value"), names);

	if (n == SIZE_MAX)
		return ENOMEM;
	if (!v->tools_visible)
		return cw_check_no_tools(parent, c);

	struct cw_tool_score s = cw_measure_tools(v, names, n);
	int err = cw_check_by_score(parent, c, "F1 of tools", s.f1, cw_json_num(a->conf, "threshold", 1));

	c->decided_by = cw_check_tools_by(v);
	if (!err)
		err = cw_check_tools_got(parent, v, c);
	return err ? err
		   : cw_check_say(parent, &c->got, "%.3g (precision %.3g, recall %.3g): %s", s.f1, s.precision,
			     s.recall, c->got);
}

/* ---- says_before_tool ---- */

/* When the caller's last words before @t_us ended. */
static uint64_t caller_end(const struct cw_view *v, uint64_t t_us)
{
	uint64_t ret = 0;

	for (size_t i = 0; i < v->n_plays && v->plays[i].onset_us < t_us; i++)
		if (!strcmp(v->plays[i].action, "say") || !strcmp(v->plays[i].action, "dtmf"))
			ret = v->plays[i].last_us;
	return ret;
}

/* The agent had something (with these words) queued for its voice between the caller's words and the tool. */
static bool said_first(void *parent, const struct cw_view *v, const struct cw_view_tool *t, const char *value)
{
	uint64_t since = caller_end(v, t->t_us);
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(v->agent, &from, CW_EV_SAY, CW_SIDE_AGENT));)
		if (e->t_us >= since && e->t_us <= t->t_us &&
			(!value || cw_norm_contains(cw_str(cw_json_str(e->data, "text", "")), cw_str(value))))
			return true;
	return false;
}

static int run_before(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *name = cw_json_str(a->conf, "name", NULL), *value = cw_json_str(a->conf, "value", NULL);
	size_t n = 0;
	int err = cw_check_say(parent, &c->expected, "the agent says %s%s%s before it calls %s", value ? "\"" : "",
		value ? value : "something", value ? "\"" : "", name ? name : "a tool");

	if (err)
		return err;
	if (!v->agent)
		return cw_check_no_tools(parent, c);
	c->decided_by = "agent_timeline";
	c->status = CW_CHECK_PASS;
	for (size_t i = 0; i < v->n_tools && c->status == CW_CHECK_PASS; i++) {
		const struct cw_view_tool *t = &v->tools[i];

		if (name && strcmp(t->name, name))
			continue;
		n++;
		c->at_us = (int64_t)t->t_us;
		if (!said_first(parent, v, t, value))
			c->status = CW_CHECK_FAIL;
	}
	if (!n)
		return cw_check_error(parent, c, "%s was never called: add 'tool_called'", name ? name : "a tool");
	if (c->status == CW_CHECK_FAIL)
		c->reason = "it called it in silence";
	return cw_check_say(parent, &c->got, "%zu calls", n);
}

/* ---- values in the file ---- */

static int valid_name(const json_t *conf, bool must, struct cw_why *why)
{
	const json_t *name = json_object_get(conf, "name");

	if ((must || name) && (!json_is_string(name) || !json_string_length(name)))
		return cw_why_set(why, EINVAL, "'name' must be the name of a tool");
	return 0;
}

static int validate_called(const json_t *conf, struct cw_why *why)
{
	const json_t *args = json_object_get(conf, "args"), *times = json_object_get(conf, "times");

	if (args && !json_is_object(args))
		return cw_why_set(why, EINVAL, "'args' must be a mapping: {phone: \"…\"}");
	if (times && (!json_is_integer(times) || json_integer_value(times) < 0))
		return cw_why_set(why, EINVAL, "'times' must be a whole number");
	return valid_name(conf, true, why);
}

static int validate_args(const json_t *conf, struct cw_why *why)
{
	static const char *const modes[] = {"partial", "exact", NULL};
	const json_t *args = json_object_get(conf, "args");

	if (!json_object_size(args))
		return cw_why_set(why, EINVAL, "'args' must be a mapping: {phone: \"…\"}");

	int err = cw_check_one_of(conf, "mode", modes, why);

	return err ? err : valid_name(conf, true, why);
}

static int validate_order(const json_t *conf, struct cw_why *why)
{
	static const char *const modes[] = {"in_order", "exact", NULL};
	const json_t *value = json_object_get(conf, "value"), *holder = json_is_object(value) ? value : conf;
	const json_t *steps = json_is_object(value) ? json_object_get(value, "steps") : value;
	bool ok = json_array_size(steps) > 0;

	for (size_t i = 0; i < json_array_size(steps); i++)
		ok = ok && json_is_string(json_array_get(steps, i));
	if (!ok)
		return cw_why_set(why, EINVAL, "'value' must be a list of tools, or {steps: [tools], mode: exact}");
	return cw_check_one_of(holder, "mode", modes, why);
}

static int validate_f1(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_list(conf, why);

	if (!err && json_array_size(json_object_get(conf, "value")) > NAMES_MAX)
		return cw_why_set(why, EINVAL, "'value' may name at most %d tools", NAMES_MAX);
	if (!err && cw_json_num(conf, "threshold", 1) <= 0)
		return cw_why_set(why, EINVAL, "'threshold' must be above 0: else it could not fail");
	return err ? err : cw_check_threshold(conf, 0, 1, false, why);
}

static int validate_before(const json_t *conf, struct cw_why *why)
{
	int err = valid_name(conf, false, why);

	return !err && json_object_get(conf, "value") ? cw_check_needs_text(conf, why) : err;
}

const struct cw_check_kind cw_checks_tools[] = {
	{"tool_called", "the agent called this tool, its arguments among those given", CW_CHECK_CALL_ONLY, called_keys,
		validate_called, run_called, NULL, 0, NULL},
	{"tool_args", "the tool was called, and every call has these arguments", CW_CHECK_CALL_ONLY, args_keys,
		validate_args, run_args, NULL, 0, NULL},
	{"tool_order", "tools were called in this order", CW_CHECK_CALL_ONLY, order_keys, validate_order, run_order,
		NULL, 0, NULL},
	{"trajectory:tool-sequence", "the same, as promptfoo writes it: {steps: […], mode}", CW_CHECK_CALL_ONLY,
		order_keys, validate_order, run_order, NULL, 0, NULL},
	{"tool-call-f1", "F1 of the set of tools called against `value` reaches `threshold` (1)", CW_CHECK_CALL_ONLY,
		f1_keys, validate_f1, run_f1, NULL, 0, NULL},
	{"says_before_tool", "the agent says something (`value`) between the caller's words and each call of the tool",
		CW_CHECK_CALL_ONLY, before_keys, validate_before, run_before, NULL, CW_NEEDS_VOICE, NULL},
	{0},
};
