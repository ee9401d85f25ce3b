/* Assertions out of scenario files: names, keys, values, and the files that values may stand in. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/check/check_int.h"
#include "trial/check/check_read.h"

#define NAMES_MAX 160
#define KEYS_MAX  24
#define FILE_MAX  (1u << 20)

/* Known elsewhere and not here: refused by name, never taken as passed. */
static const struct {
	const char *name, *instead;
} refused[] = {
	{"python", "use 'javascript', 'webhook', or 'state_equals' with a command"},
	{"ruby", "use 'javascript', 'webhook', or 'state_equals' with a command"},
	{"is-sql", "no parser for the SQL dialects is built in: use 'regex' or 'javascript'"},
	{"contains-sql", "no parser for the SQL dialects is built in: use 'regex' or 'javascript'"},
	{"perplexity", "the target tells no log probabilities"},
	{"perplexity-score", "the target tells no log probabilities"},
	{"classifier", "it needs a hosted model: use 'llm-rubric'"},
	{"moderation", "it needs a hosted model: use 'llm-rubric'"},
	{"guardrails", "the target tells no guardrail results"},
	{"pi", "it needs a hosted model: use 'llm-rubric'"},
	{"select-best", "it compares several targets: use 'callwright compare'"},
	{"max-score", "it compares several targets: use 'callwright compare'"},
	{"human", "results with confidence between the thresholds go to the review queue"},
	{"is-valid-function-call", "use 'is-valid-openai-tools-call'"},
	{"is-valid-openai-function-call", "use 'is-valid-openai-tools-call'"},
	{"skill-used", "use 'tool_called'"},
	{"trace-span-count", "no traces are read: use 'trajectory:step-count'"},
	{"trace-span-duration", "no traces are read: use 'response_ms' or 'latency'"},
	{"trace-error-spans", "no traces are read: use 'state_equals'"},
	{"trajectory:goal-success", "use 'llm-rubric'"},
};

static int unknown_type(const struct cw_yaml *y, json_t *conf, const char *name, struct cw_why *why)
{
	const char *names[NAMES_MAX];
	size_t n = cw_check_names(names, NAMES_MAX);
	const char *bare = strncmp(name, "not-", 4) ? name : name + 4;

	for (size_t i = 0; i < CW_COUNT(refused); i++)
		if (!strcmp(refused[i].name, bare))
			return cw_yaml_why_member(y, conf, "type", why, EINVAL,
				"assertion '%s' is not available in this version: %s", name, refused[i].instead);

	const char *near = cw_str_nearest(cw_str(bare), names, n);

	return cw_yaml_why_member(y, conf, "type", why, EINVAL,
		"unknown assertion '%s'%s%s%s (docs/scenarios.md lists them)", name, near ? "; did you mean '" : "",
		near ? near : "", near ? "'" : "");
}

static int known_keys(const struct cw_yaml *y, json_t *conf, const struct cw_check_kind *kind, struct cw_why *why)
{
	const char *names[KEYS_MAX] = {"type", "weight", "only", "metric", "severity"};
	size_t n = 5;

	for (const char *const *k = kind->keys; *k; k++) {
		CW_ASSERT(n + 1 < CW_COUNT(names));
		names[n++] = *k;
	}
	names[n] = NULL;
	return cw_yaml_known_keys(y, conf, names, why);
}

static int check_only(const struct cw_yaml *y, json_t *conf, struct cw_why *why)
{
	const char *only = cw_json_str(conf, "only", NULL);
	CW_BUF_SCOPED struct cw_buf known = CW_BUF(256);

	if (!json_object_get(conf, "only") || (only && cw_target_kind_known(only)))
		return 0;
	for (const char *const *k = cw_target_kinds(); *k; k++)
		cw_buf_fmt(&known, "%s%s", k == cw_target_kinds() ? "" : ", ", *k);
	return cw_yaml_why_member(y, conf, "only", why, EINVAL,
		"'only' must be one of %s: the kind of target this is checked on", cw_buf_err(&known) ? "?" : known.p);
}

static int check_common(const struct cw_yaml *y, json_t *conf, struct cw_why *why)
{
	static const char *const severities[] = {"critical", "major", "minor", NULL};
	const json_t *weight = json_object_get(conf, "weight"), *metric = json_object_get(conf, "metric");
	struct cw_why inner = {0};

	if (weight && (!json_is_number(weight) || json_number_value(weight) < 0 || json_number_value(weight) > 1000))
		return cw_yaml_why_member(y, conf, "weight", why, EINVAL, "'weight' must be a number from 0 to 1000");
	if (metric && (!json_is_string(metric) || !json_string_length(metric)))
		return cw_yaml_why_member(y, conf, "metric", why, EINVAL, "'metric' must be a name");
	if (cw_check_one_of(conf, "severity", severities, &inner))
		return cw_yaml_why_member(y, conf, "severity", why, EINVAL, "%s", inner.text);
	return check_only(y, conf, why);
}

static int check_place(
	const struct cw_yaml *y, json_t *conf, const struct cw_check_kind *kind, bool per_turn, struct cw_why *why)
{
	if (kind->place == CW_CHECK_TURN_ONLY && !per_turn)
		return cw_yaml_why_member(y, conf, "type", why, EINVAL,
			"'%s' belongs under 'expect' of a turn: it looks at one action of the caller", kind->name);
	if (kind->place == CW_CHECK_CALL_ONLY && per_turn)
		return cw_yaml_why_member(y, conf, "type", why, EINVAL,
			"'%s' belongs under 'assert' of the test: it looks at the whole call", kind->name);
	return 0;
}

/* ---- files named in values ---- */

/* "file://NAME" beside the scenario file. */
static char *path_of(void *parent, const struct cw_yaml *y, const char *ref)
{
	const char *name = ref + strlen("file://"), *file = cw_yaml_file(y), *slash = strrchr(file, '/');

	if (name[0] == '/' || !slash)
		return talloc_strdup(parent, name);
	return talloc_asprintf(parent, "%.*s/%s", (int)(slash - file), file, name);
}

static int load_json(const struct cw_yaml *y, json_t *conf, const char *path, json_t **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_yaml *loaded = NULL;
	struct cw_why inner = {0};
	int err = cw_yaml_load(NULL, path, &loaded, &inner);

	if (err)
		return cw_yaml_why_member(y, conf, "value", why, EINVAL, "cannot read %s: %s", path,
			inner.text[0] ? inner.text : strerror(err));
	*ret = json_deep_copy(cw_yaml_root(loaded));
	return *ret ? 0 : ENOMEM;
}

/* Where a value stands in a file: put it (or, for code, the path) into a copy of the assertion. */
static int resolve(
	const struct cw_yaml *y, json_t *conf, const struct cw_check_kind *kind, json_t **ret, struct cw_why *why)
{
	const char *ref = cw_json_str(conf, "value", "");
	CW_SCOPED char *path = NULL;
	json_t *value = NULL;

	*ret = json_incref(conf);
	if (!(kind->needs & (CW_NEEDS_FILE | CW_NEEDS_CODE)) || strncmp(ref, "file://", 7))
		return 0;
	path = path_of(NULL, y, ref);
	if (!path)
		return ENOMEM;

	int err = 0;

	if (kind->needs & CW_NEEDS_FILE)
		err = load_json(y, conf, path, &value, why);
	else
		value = json_pack("s+", "file://", path);
	if (err)
		return err;
	json_decref(*ret);
	*ret = json_copy(conf);
	return *ret && !json_object_set_new(*ret, "value", value) ? 0 : ENOMEM;
}

/* ---- one assertion ---- */

static int conf_end(struct cw_assert **holder)
{
	json_decref((*holder)->conf);
	json_decref((*holder)->vars);
	return 0;
}

/* The JSON references of an assertion live as long as @parent. */
static int hold(void *parent, struct cw_assert *a)
{
	struct cw_assert **holder = talloc(parent, struct cw_assert *);

	if (!holder)
		return ENOMEM;
	*holder = a;
	talloc_set_destructor(holder, conf_end);
	return 0;
}

static json_t *vars_object(const struct cw_vars *vars)
{
	CW_JSON_SCOPED json_t *o = vars && vars->facts ? json_copy(vars->facts) : json_object();

	for (size_t i = 0; vars && i < vars->n; i++)
		if (json_object_set_new(o, vars->pairs[i].name, json_string(vars->pairs[i].value)))
			return NULL;
	return json_incref(o);
}

static enum cw_severity severity_of(const json_t *conf)
{
	const char *name = cw_json_str(conf, "severity", "major");

	for (int s = CW_SEVERITY_CRITICAL; s <= CW_SEVERITY_MINOR; s++)
		if (!strcmp(cw_severity_name((enum cw_severity)s), name))
			return (enum cw_severity)s;
	return CW_SEVERITY_MAJOR;
}

/* Fill in what stands in @a->conf, validated with its variables replaced and its files read. */
static int fill(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *a, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *replaced = NULL;
	struct cw_why inner = {0};
	int err = 0;

	if (a->kind->needs & CW_NEEDS_SET)
		replaced = json_incref(conf); /* members replace their own */
	else
		err = cw_vars_apply(y, vars, conf, &replaced, why);
	if (!err)
		err = resolve(y, replaced, a->kind, &a->conf, why);
	if (!err && a->kind->validate && a->kind->validate(a->conf, &inner))
		err = cw_yaml_why(y, conf, why, EINVAL, "%s: %s", a->kind->name, inner.text);
	if (!err && (a->kind->needs & CW_NEEDS_SET))
		err = cw_assert_set_read(parent, y, conf, per_turn, vars, a, why);
	for (size_t i = 0; !err && i < a->n_set; i++)
		if (a->set[i].only)
			err = cw_yaml_why(y, conf, why, EINVAL,
				"'only' in line %u belongs on the set: its members are checked together",
				a->set[i].line);
	if (err)
		return err;
	a->only = cw_json_str(a->conf, "only", NULL);
	a->metric = cw_json_str(a->conf, "metric", NULL);
	a->severity = severity_of(a->conf);
	if (a->kind->needs & CW_NEEDS_VARS) {
		a->vars = vars_object(vars);
		return a->vars ? 0 : ENOMEM;
	}
	return 0;
}

int cw_assert_new(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *ret, struct cw_why *why)
{
	const char *name = cw_json_str(conf, "type", NULL);
	struct cw_assert a = {.weight = cw_json_num(conf, "weight", 1)};
	unsigned column;

	if (!json_is_object(conf) || !name)
		return cw_yaml_why(
			y, conf, why, EINVAL, "an assertion is a mapping with 'type': {type: contains, value: …}");
	a.negate = !strncmp(name, "not-", 4);
	a.kind = cw_check_find(a.negate ? name + 4 : name);
	if (!a.kind || !a.kind->about)
		return unknown_type(y, conf, name, why);

	int err = known_keys(y, conf, a.kind, why);

	if (!err)
		err = check_common(y, conf, why);
	if (!err)
		err = check_place(y, conf, a.kind, per_turn, why);
	if (err)
		return err;
	(void)cw_yaml_where(y, conf, &a.line, &column); /* 0 when unknown: only for messages */
	a.name = talloc_strdup(parent, name);
	a.file = talloc_strdup(parent, cw_yaml_file(y));
	err = a.name && a.file ? fill(parent, y, conf, per_turn, vars, &a, why) : ENOMEM;
	if (!err)
		err = hold(parent, ret);
	if (err) {
		json_decref(a.conf);
		json_decref(a.vars);
		return err;
	}
	*ret = a;
	return 0;
}

int cw_assert_make(void *parent, const char *type, json_t *conf, struct cw_assert *ret)
{
	if (!conf)
		return ENOMEM;

	struct cw_assert a = {.kind = cw_check_find(type),
		.name = type,
		.conf = conf,
		.weight = 1,
		.file = "",
		.severity = CW_SEVERITY_MAJOR};

	CW_ASSERT(a.kind);

	int err = hold(parent, ret);

	if (err)
		json_decref(conf);
	else
		*ret = a;
	return err;
}
