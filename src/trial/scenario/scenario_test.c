#include <errno.h>
#include <string.h>

#include "agent/file.h"
#include "audio/effect.h"
#include "base/file.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "trial/scenario/scenario_int.h"

#define HINTS_MAX      (64 * 1024)
#define TIMEOUT_MAX_US (3600ull * 1000000)

/* ---- names of engines, channels, languages ---- */

static size_t voice_engines(const char **names, size_t max)
{
	size_t n = 0;

	for (const struct cw_tts_driver *const *d = cw_tts_drivers(); *d && n < max; d++)
		names[n++] = (*d)->name;
	return n;
}

static size_t ear_engines(const char **names, size_t max)
{
	size_t n = 0;

	for (const struct cw_stt_driver *const *d = cw_stt_drivers(); *d && n < max; d++)
		names[n++] = (*d)->name;
	return n;
}

static int check_engine(
	const struct cw_scn *r, json_t *at, const char *what, const char *text, const char *const *names, size_t n)
{
	struct cw_str rest = cw_str(text), engine;

	(void)cw_str_split(&rest, ':', &engine); /* without a colon the whole text is the engine */
	for (size_t i = 0; i < n; i++)
		if (cw_str_eq(engine, names[i]))
			return 0;

	CW_BUF_SCOPED struct cw_buf known = CW_BUF(512);
	const char *near = cw_str_nearest(engine, names, n);

	for (size_t i = 0; i < n; i++)
		cw_buf_fmt(&known, "%s%s", i ? ", " : "", names[i]);
	return COMPLAIN(r, at, "unknown %s '%s'%s%s%s: known are %s", what, text, near ? "; did you mean '" : "",
		near ? near : "", near ? "'" : "", cw_buf_err(&known) ? "?" : cw_buf_str(&known).p);
}

static int check_voice(const struct cw_scn *r, json_t *at, const char *text)
{
	const char *names[16];

	return check_engine(r, at, "voice", text, names, voice_engines(names, CW_COUNT(names)));
}

static int check_ear(const struct cw_scn *r, json_t *at, const char *text)
{
	const char *names[16];

	return check_engine(r, at, "recogniser", text, names, ear_engines(names, CW_COUNT(names)));
}

static int check_channel(const struct cw_scn *r, json_t *at, const char *text)
{
	struct cw_effect_conf unused;
	struct cw_why inner = {0};
	int err = cw_profile_find(text, &unused, &inner);

	return err ? COMPLAIN(r, at, "channel: %s", inner.text) : 0;
}

static int check_language(const struct cw_scn *r, json_t *at, const char *text)
{
	size_t first = strcspn(text, "-");

	if (first < 2 || first > 3 || strlen(text) > 35 ||
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(text))
		return COMPLAIN(r, at, "'%s' is no language tag: write it as en-US or es-ES (BCP 47)", text);
	return 0;
}

/* ---- dimensions ---- */

typedef int check_fn(const struct cw_scn *r, json_t *at, const char *text);

/* The nearest place that says something about @key: the test, its caller, its matrix, the file's matrix, the file's defaults. */
static json_t *find_dimension(const struct cw_scn *r, json_t *test, json_t *caller, const char *key)
{
	json_t *places[] = {test, caller, json_object_get(test, "matrix"), r->matrix, r->defaults};

	for (size_t i = 0; i < CW_COUNT(places); i++)
		if (json_object_get(places[i], key))
			return places[i];
	return NULL;
}

static int read_dimension(const struct cw_scn *r, struct cw_test *t, json_t *test, json_t *caller, const char *key,
	const char *dflt, check_fn *check, struct cw_list *ret)
{
	json_t *from = find_dimension(r, test, caller, key);
	json_t *v = json_object_get(from, key);
	int err = cw_scn_list(r, t, from, key, ret);

	if (err)
		return err;
	if (v && (!ret->n || ret->n > CW_SLICE_MAX))
		return COMPLAIN(r, v, "'%s' needs 1 to %d values", key, CW_SLICE_MAX);
	for (size_t i = 0; i < ret->n; i++) {
		err = check(r, json_is_array(v) ? json_array_get(v, i) : v, ret->items[i]);
		if (err)
			return err;
	}
	if (ret->n || !dflt)
		return 0;
	ret->items = talloc_zero_array(t, const char *, 1);
	if (!ret->items)
		return ENOMEM;
	ret->items[0] = dflt;
	ret->n = 1;
	return 0;
}

static int read_dimensions(const struct cw_scn *r, struct cw_test *t, json_t *test, json_t *caller)
{
	static const char *const known[] = {"language", "voice", "channel", NULL};
	json_t *matrix;
	int err = cw_scn_object(r, test, "matrix", &matrix);

	if (!err && matrix)
		err = cw_scn_keys(r, matrix, known, NULL);
	if (!err)
		err = read_dimension(r, t, test, caller, "language", "en-US", check_language, &t->matrix.languages);
	if (!err)
		err = read_dimension(r, t, test, caller, "voice", NULL, check_voice, &t->matrix.voices);
	if (!err)
		err = read_dimension(r, t, test, caller, "channel", "clean", check_channel, &t->matrix.channels);
	return err;
}

/* ---- hints: a list, a file with one phrase a line, or all that an agent file can say ---- */

static int add_hint(struct cw_test *t, const char *text)
{
	const char **items = talloc_realloc(t, t->hints.items, const char *, t->hints.n + 1);

	if (!items)
		return ENOMEM;
	t->hints.items = items;
	items[t->hints.n] = talloc_strdup(items, text);
	return items[t->hints.n++] ? 0 : ENOMEM;
}

static int hints_from_file(const struct cw_scn *r, struct cw_test *t, json_t *at, const char *path)
{
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(HINTS_MAX);
	struct cw_str rest, line;
	int err = cw_file_read(path, HINTS_MAX, &text, NULL);

	if (err)
		return COMPLAIN(r, at, "cannot read the hints in %s: %s", path, strerror(err));
	rest = cw_buf_str(&text);
	while (!err && cw_str_split(&rest, '\n', &line)) {
		line = cw_str_trim(line);
		if (!line.len || line.p[0] == '#')
			continue;
		if (t->hints.n == CW_SCENARIO_LIST_MAX)
			return COMPLAIN(r, at, "%s has more than %d phrases", path, CW_SCENARIO_LIST_MAX);

		CW_SCOPED char *phrase = cw_str_dup(NULL, line);

		err = phrase ? add_hint(t, phrase) : ENOMEM;
	}
	return err;
}

static bool is_agent_file(const char *path)
{
	size_t n = strlen(path);

	return (n > 5 && !strcmp(path + n - 5, ".yaml")) || (n > 4 && !strcmp(path + n - 4, ".yml"));
}

static int hints_from_agent(struct cw_test *t, const char *path, struct cw_why *why)
{
	CW_SCOPED struct cw_agent_file *f = NULL;
	int err = cw_agent_file_load(NULL, path, &f, why);

	for (const char *const *phrase = err ? NULL : f->phrases; !err && phrase && *phrase; phrase++)
		err = add_hint(t, *phrase);
	return err;
}

static int read_hints(const struct cw_scn *r, struct cw_test *t, json_t *test, const char *key)
{
	json_t *from = json_object_get(test, key) ? test : r->defaults;
	json_t *v = json_object_get(from, key);
	struct cw_list list;
	int err = 0;

	if (!v)
		return 0;
	if (json_is_string(v) && is_agent_file(json_string_value(v)))
		return hints_from_agent(t, json_string_value(v), r->why);
	if (json_is_string(v))
		return hints_from_file(r, t, v, json_string_value(v));
	err = cw_scn_list(r, t, from, key, &list);
	for (size_t i = 0; !err && i < list.n; i++)
		err = add_hint(t, list.items[i]);
	return err;
}

/* ---- one test ---- */

int cw_scn_target(const struct cw_scn *r, void *parent, json_t *o, const char **ret)
{
	static const char *const known[] = {"line", "file", "url", NULL};
	static const char *const later[] = {"to", "from", "account", NULL};
	json_t *v = json_object_get(o, "target");

	if (!json_is_object(v))
		return cw_scn_text(r, parent, o, "target", NULL, ret);

	const char *line = NULL, *file = NULL, *url = NULL;
	int err = cw_scn_keys(r, v, known, later);

	if (!err)
		err = cw_scn_text(r, parent, v, "line", NULL, &line);
	if (!err)
		err = cw_scn_text(r, parent, v, "file", NULL, &file);
	if (!err)
		err = cw_scn_text(r, parent, v, "url", NULL, &url);
	if (err)
		return err;
	if (!line || (!strcmp(line, "agent") ? !file || url : !url || file))
		return COMPLAIN(r, v, "'target' must be {line: agent, file: FILE} or {line: twilio, url: URL}");
	*ret = talloc_asprintf(parent, "%s:%s", line, file ? file : url);
	return *ret ? 0 : ENOMEM;
}

/* @key of the test, else of the file's defaults. */
static json_t *nearest(const struct cw_scn *r, json_t *test, const char *key)
{
	return json_object_get(test, key) ? test : r->defaults;
}

int cw_scn_common(const struct cw_scn *r, struct cw_test *t, json_t *o, json_t *caller)
{
	json_t *ear_from = json_object_get(caller, "ear") ? caller : nearest(r, o, "ear");
	json_t *speed_from = json_object_get(caller, "speed") ? caller : r->defaults;
	int err = read_dimensions(r, t, o, caller);

	if (!err)
		err = cw_scn_text(r, t, ear_from, "ear", NULL, &t->ear);
	if (!err && t->ear)
		err = check_ear(r, json_object_get(ear_from, "ear"), t->ear);
	if (!err)
		err = cw_scn_double(r, speed_from, "speed", 0.5, 2.0, 1.0, &t->speed);
	if (!err)
		err = cw_scn_u32(r, nearest(r, o, "repeat"), "repeat", 1, 100000, 1, &t->repeat);
	if (!err)
		err = cw_scn_duration(
			r, nearest(r, o, "timeout_s"), "timeout_s", 1000000, TIMEOUT_MAX_US, 180000000, &t->timeout_us);
	if (!err)
		err = cw_scn_target(r, t, o, &t->target);
	if (!err && !t->target && r->target) {
		t->target = talloc_strdup(t, r->target);
		err = t->target ? 0 : ENOMEM;
	}
	if (!err)
		err = read_hints(r, t, o, "hints");
	return err ? err : read_hints(r, t, o, "agent_phrases");
}

static size_t count_asserts(const struct cw_test *t)
{
	size_t n = t->asserts.n;

	for (size_t i = 0; i < t->script.n_steps; i++)
		n += t->step_expect[i].n;
	for (size_t i = 0; i < t->script.n_answers; i++)
		n += t->answer_expect[i].n;
	return n;
}

static int read_test(const struct cw_scn *r, json_t *o, struct cw_test *t)
{
	static const char *const known[] = {"id", "description", "tags", "caller", "turns", "answers", "assert",
		"hints", "agent_phrases", "target", "matrix", "language", "voice", "channel", "ear", "repeat",
		"timeout_s", NULL};
	static const char *const later[] = {"goal", "success", "persona", "judge", "cases", NULL};
	json_t *caller, *facts;
	struct cw_vars vars = {.pairs = r->conf->vars, .n = r->conf->n_vars};
	unsigned column;

	if (!json_is_object(o))
		return COMPLAIN(r, o, "a test must be a mapping with id, turns and assert");
	t->file = r->scenario->file;
	(void)cw_yaml_where(r->yaml, o, &t->line, &column); /* 0 when unknown: only for messages */

	int err = cw_scn_keys(r, o, known, later);

	if (!err)
		err = cw_scn_id(r, t, o, "id", &t->id);
	if (!err)
		err = cw_scn_text(r, t, o, "description", "", &t->description);
	if (!err)
		err = cw_scn_list(r, t, o, "tags", &t->tags);
	if (!err)
		err = cw_scn_object(r, o, "caller", &caller);
	if (!err)
		err = cw_scn_object(r, caller, "facts", &facts);
	if (err)
		return err;
	vars.facts = facts;
	err = cw_scn_caller(r, &vars, t, caller);
	if (!err)
		err = cw_scn_steps(r, &vars, t, json_object_get(o, "turns"), json_object_get(o, "answers"));
	if (!err && !t->script.n_steps && !t->script.n_answers)
		return COMPLAIN(r, o, "test '%s' says nothing: it needs 'turns' or 'answers'", t->id);
	if (!err)
		err = cw_scn_expect(r, &vars, t, o, "assert", false, &t->asserts);
	if (!err)
		err = cw_scn_common(r, t, o, caller);
	if (!err && !count_asserts(t))
		return COMPLAIN(r, o, "test '%s' asserts nothing and could not fail: add 'assert' or 'expect'", t->id);
	return err;
}

int cw_scn_full(const struct cw_scn *r, json_t *root)
{
	json_t *tests = json_object_get(root, "tests");
	size_t n = json_array_size(tests);

	if (!json_is_array(tests) || !n || n > CW_SCENARIO_TESTS_MAX)
		return COMPLAIN(r, tests, "'tests' must be a list of 1 to %d tests", CW_SCENARIO_TESTS_MAX);
	r->scenario->tests = talloc_zero_array(r->scenario, struct cw_test *, n);
	if (!r->scenario->tests)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct cw_test *t = talloc_zero(r->scenario->tests, struct cw_test);
		int err = t ? read_test(r, json_array_get(tests, i), t) : ENOMEM;

		if (err)
			return err;
		r->scenario->tests[r->scenario->n_tests++] = t;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(r->scenario->tests[k]->id, t->id))
				return COMPLAIN(r, json_object_get(json_array_get(tests, i), "id"),
					"id '%s' was used before, in line %u", t->id, r->scenario->tests[k]->line);
	}
	return 0;
}
