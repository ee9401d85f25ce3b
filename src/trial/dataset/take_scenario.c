/* Tests of scenario files as cases: multiplied out, without what belongs to a run. */
#include <errno.h>
#include <string.h>

#include "trial/dataset/take_int.h"
#include "trial/scenario/compose.h"
#include "trial/scenario/expand.h"
#include "trial/scenario/import.h"

struct suite {
	const struct cw_taking *t;
	const struct cw_yaml *tree;
	json_t *root;
};

static bool is_one_of(const char *key, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, key))
			return true;
	return false;
}

static unsigned line_of(const struct suite *s, const json_t *o)
{
	unsigned line = 0, column;

	(void)cw_yaml_where(s->tree, o, &line, &column); /* 0 when unknown: only for provenance and messages */
	return line;
}

/* ---- clips ---- */

/* @v: value of `play`, of @own (its copy's place is not known any more). */
static int take_clip(const struct suite *s, json_t *turn, const json_t *own)
{
	const json_t *v = json_object_get(own, "play");
	const char *file = json_is_string(v) ? json_string_value(v) : cw_json_str(v, "file", "");
	const char *from = cw_yaml_file_of(s->tree, v), *slash = file[0] == '/' ? NULL : strrchr(from, '/');
	CW_SCOPED char *path = talloc_asprintf(NULL, "%.*s%s", slash ? (int)(slash + 1 - from) : 0, from, file);
	CW_SCOPED char *clip = NULL;
	json_t *made;
	int err = path ? cw_dataset_clip(NULL, s->t->d, path, &clip, s->t->why) : ENOMEM;

	if (err)
		return err;
	made = json_pack("{s:s, s:s*}", "file", clip, "text", json_is_string(v) ? NULL : cw_json_str(v, "text", NULL));
	s->t->taken->clips++;
	return made && !json_object_set_new(turn, "play", made) ? 0 : ENOMEM;
}

/* A copy of turns or answers whose clips are the dataset's own. */
static int take_turns(const struct suite *s, json_t *c, const char *key, const json_t *list)
{
	json_t *copy = list ? json_deep_copy(list) : json_array(), *turn;
	size_t i;
	int err = copy && !json_object_set_new(c, key, copy) ? 0 : ENOMEM;

	json_array_foreach (copy, i, turn) {
		if (!err && json_object_get(turn, "play"))
			err = take_clip(s, turn, json_array_get(list, i));
	}
	return err;
}

/* ---- the full form ---- */

/* A list for whatever was one text. */
static int set_list(json_t *c, const char *key, json_t *v)
{
	if (!v)
		return 0;
	return json_is_string(v)            ? json_object_set_new(c, key, json_pack("[O]", v)) ? ENOMEM : 0
	       : json_object_set(c, key, v) ? ENOMEM
					    : 0;
}

/* Voices, languages and channels stay a list: every combination is a slice. */
static int set_matrix(const struct suite *s, const json_t *test, json_t *with)
{
	static const char *const dimensions[] = {"language", "voice", "channel"};
	const json_t *places[] = {json_object_get(test, "matrix"), json_object_get(s->root, "matrix")};
	CW_JSON_SCOPED json_t *out = json_object();

	for (size_t i = 0; out && i < CW_COUNT(dimensions); i++) {
		for (size_t p = 0; p < CW_COUNT(places); p++) {
			json_t *v = json_object_get(places[p], dimensions[i]);

			if (v && !json_object_get(out, dimensions[i]) && !json_object_get(with, dimensions[i]) &&
				json_object_set(out, dimensions[i], v))
				return ENOMEM;
		}
	}
	if (!out)
		return ENOMEM;
	return json_object_size(out) && json_object_set(with, "matrix", out) ? ENOMEM : 0;
}

/* `defaults` of the file, where nothing nearer speaks. */
static int set_defaults(const struct suite *s, json_t *with)
{
	static const char *const carried[] = {"language", "voice", "channel", "ear", "timeout_s"};
	const json_t *defaults = json_object_get(s->root, "defaults");
	const json_t *nearer[] = {with, json_object_get(with, "caller"), json_object_get(with, "matrix"),
		json_object_get(with, "persona"), json_object_get(json_object_get(with, "caller"), "persona")};
	json_t *speed = json_object_get(defaults, "speed");

	for (size_t i = 0; i < CW_COUNT(carried); i++) {
		json_t *v = json_object_get(defaults, carried[i]);

		for (size_t k = 0; v && k < CW_COUNT(nearer); k++)
			if (json_object_get(nearer[k], carried[i]))
				v = NULL;
		if (v && json_object_set(with, carried[i], v))
			return ENOMEM;
	}
	if (speed && !json_object_get(nearer[1], "speed") && !json_object_get(nearer[3], "speed")) {
		json_t *caller = nearer[1] ? json_copy((json_t *)(uintptr_t)nearer[1]) : json_object();

		if (!caller || json_object_set(caller, "speed", speed) || json_object_set_new(with, "caller", caller))
			return ENOMEM;
	}
	return 0;
}

static int set_with(const struct suite *s, json_t *test, json_t *with)
{
	static const char *const apart[] = {
		"id", "turns", "answers", "assert", "tags", "vars", "cases", "matrix", "target", "repeat", NULL};
	static const char *const files[] = {"hints", "agent_phrases", NULL};
	const char *key;
	json_t *v;

	json_object_foreach (test, key, v) {
		if (is_one_of(key, apart) || (is_one_of(key, files) && !json_is_array(v)))
			continue;
		if (json_object_set(with, key, v))
			return ENOMEM;
	}
	return 0;
}

static int take_test(const struct suite *s, json_t *test)
{
	CW_JSON_SCOPED json_t *c = json_object(), *with = json_object();
	const char *file = cw_yaml_file_of(s->tree, test);
	struct cw_taking taking = *s->t;
	int err = c && with ? set_with(s, test, with) : ENOMEM;

	if (!err)
		err = set_matrix(s, test, with);
	if (!err)
		err = set_defaults(s, with);
	if (!err && (json_object_set(c, "id", json_object_get(test, "id")) ||
			    (json_object_size(with) && json_object_set(c, "with", with))))
		err = ENOMEM;
	if (!err)
		err = take_turns(s, c, "input", json_object_get(test, "turns"));
	if (!err && json_object_get(test, "answers"))
		err = take_turns(s, c, "answers", json_object_get(test, "answers"));
	if (!err)
		err = set_list(c, "expected", json_object_get(test, "assert"));
	if (!err)
		err = set_list(c, "tags", json_object_get(test, "tags"));
	if (file)
		taking.name = file;
	return err ? err : cw_take_case(&taking, c, taking.name, line_of(s, test));
}

/* ---- the short form ---- */

static json_t *short_expects(const json_t *expected)
{
	CW_JSON_SCOPED json_t *list = json_array();
	json_t *contains = json_object_get(expected, "contains"), *sentiment = json_object_get(expected, "sentiment");

	if (!list)
		return NULL;
	if (contains && json_array_append_new(
				list, json_pack("{s:s, s:O, s:b, s:s}", "type", "contains-all", "value", contains,
					      "words", cw_json_bool(expected, "exact_match", false), "by", "any")))
		return NULL;
	if (sentiment && json_array_append_new(list, json_pack("{s:s, s:O}", "type", "sentiment", "value", sentiment)))
		return NULL;
	return json_incref(list);
}

static int add_entry(json_t *turns, const json_t *entry)
{
	json_t *turn = json_pack("{s:O, s:O, s:o}", "say", json_object_get(entry, "input"), "name",
		json_object_get(entry, "id"), "expect", short_expects(json_object_get(entry, "expected")));

	return turn && !json_array_append_new(turns, turn) ? 0 : ENOMEM;
}

/* Entries that share their context are one case. */
static int take_entries(const struct suite *s, const json_t *list, size_t from, size_t to)
{
	const json_t *first = json_array_get(list, from);
	CW_SCOPED char *id = talloc_strdup(NULL, cw_json_str(first, "id", ""));
	CW_JSON_SCOPED json_t *turns = json_array(), *with = json_object(), *c = NULL;
	int err = turns && with ? 0 : ENOMEM;

	for (size_t i = from; !err && i < to; i++) {
		const char *own = cw_json_str(json_array_get(list, i), "id", "");

		err = add_entry(turns, json_array_get(list, i));
		if (i > from && id && strlen(id) + strlen(own) < 79)
			id = talloc_asprintf_append(id, "+%s", own);
	}
	if (!err)
		err = set_matrix(s, NULL, with);
	if (!err)
		err = set_defaults(s, with);
	if (!err && id)
		c = json_pack("{s:s, s:O, s:O}", "id", id, "input", turns, "with", with);
	if (err || !c)
		return err ? err : ENOMEM;
	return cw_take_case(s->t, c, cw_yaml_file(s->tree), line_of(s, first));
}

static int take_short(const struct suite *s, const json_t *list)
{
	size_t n = json_array_size(list);
	int err = 0;

	for (size_t i = 0, end; !err && i < n; i = end) {
		for (end = i + 1; end < n && cw_json_bool(json_object_get(json_array_get(list, end), "expected"),
						     "requires_context", false);
			end++)
			;
		err = take_entries(s, list, i, end);
	}
	return err;
}

/* ---- the file ---- */

static int take_tree(const struct cw_taking *t, const struct cw_yaml *tree)
{
	const struct suite s = {.t = t, .tree = tree, .root = cw_yaml_root(tree)};
	json_t *tests = json_object_get(s.root, "tests"), *test;
	size_t i;

	if (!tests)
		return take_short(&s, json_object_get(s.root, "scenarios"));
	json_array_foreach (tests, i, test) {
		int err = take_test(&s, test);

		if (err)
			return err;
	}
	return 0;
}

int cw_take_scenario(const struct cw_taking *t, const char *path, struct cw_str text)
{
	static const struct cw_scenario_conf conf;
	CW_SCOPED struct cw_scenario *checked = NULL;
	CW_SCOPED struct cw_composed *whole = NULL;
	struct cw_expanded *expanded = NULL;
	const struct cw_yaml *tree;
	int err = cw_scenario_parse(
		NULL, path, text.p, text.len, &conf, &checked, t->why); /* all that a run would refuse */

	if (!err)
		err = cw_compose(NULL, path, text.p, text.len, &conf, &whole, t->why);
	if (err)
		return err;
	tree = whole->tree;
	err = cw_import(whole, &tree, t->why);
	if (!err)
		err = cw_expand(whole, tree, &conf, &expanded, t->why);
	return err ? err : take_tree(t, expanded->tree);
}
