/* promptfoo's configuration: prompts × tests, text only. Who answers is said by --target instead of `providers`. */
#include <errno.h>
#include <string.h>

#include "trial/scenario/import_int.h"

#define PROMPTS_MAX 50

struct prompt {
	json_t *at;        /* where it was written */
	struct cw_str raw; /* the words */
};

struct suite {
	struct cw_importer *m;
	struct prompt prompts[PROMPTS_MAX];
	size_t n_prompts;
	json_t *defaults; /* defaultTest */
	unsigned tests;
};

enum fate { KEEP, NOTE, REFUSE };
struct member { /* what becomes of a key */
	const char *key;
	enum fate fate;
	const char *text;
};

bool cw_promptfoo_is(const json_t *root)
{
	const json_t *first = json_array_get(json_object_get(root, "scenarios"), 0);

	return json_object_get(root, "prompts") || json_object_get(root, "providers") ||
	       json_object_get(first, "config");
}

/* Every key of @o must be known; those that make no difference here are noted, those that would are refused. */
static int judge_members(struct cw_importer *m, json_t *o, const struct member *list, size_t n)
{
	const char *names[48];
	json_t *v;
	const char *key;
	int err;

	CW_ASSERT(n < CW_COUNT(names));
	for (size_t i = 0; i < n; i++)
		names[i] = list[i].key;
	names[n] = NULL;
	err = cw_yaml_known_keys(m->in, o, names, m->why);
	json_object_foreach (o, key, v) {
		for (size_t i = 0; !err && i < n; i++) {
			if (strcmp(list[i].key, key) != 0)
				continue;
			if (list[i].fate == REFUSE)
				err = IMPORT_COMPLAIN(
					m, o, key, "'%s' of promptfoo cannot be carried over: %s", key, list[i].text);
			else if (list[i].fate == NOTE)
				err = cw_import_note(m, o, key, "'%s' of promptfoo is not used: %s", key, list[i].text);
		}
	}
	return err;
}

/* ---- prompts ---- */

static int add_prompt(struct suite *s, json_t *at, struct cw_str raw)
{
	raw = cw_str_trim(raw);
	if (!raw.len)
		return 0;
	if (s->n_prompts == PROMPTS_MAX)
		return cw_yaml_why(s->m->in, at, s->m->why, EINVAL, "more than %d prompts", PROMPTS_MAX);
	s->prompts[s->n_prompts++] = (struct prompt){at, raw};
	return 0;
}

/* A text may hold several prompts, separated by lines of three dashes. */
static int add_prompts(struct suite *s, json_t *at, const char *text)
{
	int err = 0;

	for (const char *cut; !err && (cut = strstr(text, "\n---\n")); text = cut + 5)
		err = add_prompt(s, at, (struct cw_str){text, (size_t)(cut - text)});
	return err ? err : add_prompt(s, at, cw_str(text));
}

static int read_prompt(struct suite *s, json_t *v)
{
	struct cw_importer *m = s->m;

	if (json_is_string(v))
		return add_prompts(s, v, json_string_value(v));
	if (json_object_get(v, "role"))
		return cw_yaml_why(m->in, v, m->why, EINVAL,
			"a prompt of roles and contents cannot be carried over: write what the user says as text");
	if (json_is_string(json_object_get(v, "raw")))
		return add_prompts(s, json_object_get(v, "raw"), cw_json_str(v, "raw", ""));
	return cw_yaml_why(m->in, v, m->why, EINVAL, "a prompt must be a text, file://FILE.txt or {raw: …}");
}

static int read_prompts(struct suite *s, json_t *root)
{
	json_t *prompts = json_object_get(root, "prompts"), *v;
	size_t i;
	int err = 0;

	if (!prompts)
		return cw_yaml_why(s->m->in, root, s->m->why, EINVAL, "'prompts' is missing: what the caller says");
	if (!json_is_array(prompts))
		return read_prompt(s, prompts);
	json_array_foreach (prompts, i, v) {
		err = err ? err : read_prompt(s, v);
	}
	return err;
}

/* ---- assertions ---- */

static int add_assert(struct cw_importer *m, json_t *a, json_t *into);

static int add_asserts(struct cw_importer *m, json_t *from, json_t *list)
{
	size_t i;
	json_t *a;
	int err = 0;

	if (from && !json_is_array(from))
		return cw_yaml_why(m->in, from, m->why, EINVAL, "'assert' must be a list of assertions");
	json_array_foreach (from, i, a) {
		err = err ? err : add_assert(m, a, list);
	}
	return err;
}

/* Numbers and true/false as what is looked for are texts to us. */
static json_t *text_value(const json_t *v)
{
	if (json_is_integer(v))
		return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (json_is_real(v))
		return json_sprintf("%g", json_real_value(v));
	return json_string(json_is_true(v) ? "true" : "false");
}

static int add_assert_member(struct cw_importer *m, json_t *a, const char *key, json_t *out)
{
	json_t *v = json_object_get(a, key), *list;
	struct cw_yaml_spot at = cw_yaml_spot_member(m->in, a, key);
	int err;

	if (!strcmp(key, "assert")) {
		list = json_array();
		err = list ? cw_yaml_set(m->out, out, key, list, &at) : ENOMEM;
		return err ? err : add_asserts(m, v, list);
	}
	if (!strcmp(key, "value") && (json_is_number(v) || json_is_boolean(v)))
		return cw_tree_put(m->out, out, key, text_value(v), &at);
	return cw_tree_member(m->out, m->in, a, key, out, key, m->why);
}

static int add_assert(struct cw_importer *m, json_t *a, json_t *into)
{
	static const struct member others[] = {
		{"provider", NOTE, "'judge' of our form says who decides"},
		{"rubricPrompt", NOTE, "our judge has a prompt of its own"},
		{"transform", REFUSE, "code is not run; compare the words as they are"},
		{"contextTransform", REFUSE, "code is not run"},
	};
	struct cw_yaml_spot at = cw_import_spot(m, a);
	json_t *out = json_object(), *v;
	const char *key;
	int err = out ? cw_yaml_append(m->out, into, out, &at) : ENOMEM;

	if (!err && !json_is_object(a))
		return cw_yaml_why(m->in, a, m->why, EINVAL, "an assertion must be a mapping with 'type'");
	json_object_foreach (a, key, v) {
		const struct member *other = NULL;

		for (size_t i = 0; i < CW_COUNT(others); i++)
			if (!strcmp(others[i].key, key))
				other = &others[i];
		if (err)
			break;
		if (!other)
			err = add_assert_member(m, a, key, out);
		else if (other->fate == REFUSE)
			err = IMPORT_COMPLAIN(
				m, a, key, "'%s' of an assertion cannot be carried over: %s", key, other->text);
		else
			err = cw_import_note(m, a, key, "'%s' of an assertion is not used: %s", key, other->text);
	}
	return err;
}

/* ---- tests ---- */

static const struct member test_members[] = {
	{"id", KEEP, NULL},
	{"description", KEEP, NULL},
	{"vars", KEEP, NULL},
	{"assert", KEEP, NULL},
	{"threshold", KEEP, NULL},
	{"options", KEEP, NULL},
	{"metadata", KEEP, NULL},
	{"tags", KEEP, NULL},
	{"disableVarExpansion", KEEP, NULL},
	{"provider", NOTE, "--target says who is asked"},
	{"providers", NOTE, "--target says who is asked"},
	{"providerOutput", REFUSE, "an answer must come from the target"},
	{"assertScoringFunction", REFUSE, "code is not run; use weight and threshold"},
	{"prompts", REFUSE, "every test is asked with every prompt"},
};
static const struct member option_members[] = {
	{"prefix", KEEP, NULL},
	{"suffix", KEEP, NULL},
	{"disableVarExpansion", KEEP, NULL},
	{"provider", NOTE, "'judge' of our form says who decides"},
	{"rubricPrompt", NOTE, "our judge has a prompt of its own"},
	{"runSerially", NOTE, "-j 1 does it"},
	{"transform", REFUSE, "code is not run; compare the words as they are"},
	{"transformVars", REFUSE, "code is not run; write the values down"},
	{"postprocess", REFUSE, "code is not run; compare the words as they are"},
};

/* One test while it is made: of which parts, the later ones winning. */
struct parts {
	json_t *o[3]; /* defaultTest, a scenario's config, the test */
	const struct prompt *prompt;
	size_t index; /* of the prompt */
};

static const char *option(const struct parts *p, const char *key)
{
	const char *found = "";

	for (size_t i = 0; i < CW_COUNT(p->o); i++)
		found = cw_json_str(json_object_get(p->o[i], "options"), key, found);
	return found;
}

static bool keeps_lists(const struct parts *p)
{
	bool found = false;

	for (size_t i = 0; i < CW_COUNT(p->o); i++) {
		found = cw_json_bool(p->o[i], "disableVarExpansion", found);
		found = cw_json_bool(json_object_get(p->o[i], "options"), "disableVarExpansion", found);
	}
	return found;
}

/* Variables; a list is one test for each of its values, as the matrix does it. */
static int add_vars(struct suite *s, const struct parts *p, json_t *test, const struct cw_yaml_spot *at)
{
	struct cw_importer *m = s->m;
	json_t *vars = json_object(), *matrix = json_object(), *v;
	const char *name;
	int err = vars && matrix ? cw_yaml_set(m->out, test, "vars", vars, at) : ENOMEM;

	if (err) {
		json_decref(matrix);
		return err;
	}
	err = cw_yaml_set(m->out, test, "__matrix", matrix, at);
	for (size_t i = 0; i < CW_COUNT(p->o); i++) {
		json_t *from = json_object_get(p->o[i], "vars");

		json_object_foreach (from, name, v) {
			bool hidden = false;

			for (size_t above = i + 1; above < CW_COUNT(p->o); above++)
				hidden |= json_object_get(json_object_get(p->o[above], "vars"), name) != NULL;
			if (!err && !hidden)
				err = cw_tree_member(m->out, m->in, from, name,
					json_is_array(v) && !keeps_lists(p) ? matrix : vars, name, m->why);
		}
	}

	struct cw_yaml_spot where = cw_import_spot(m, p->prompt->at);

	if (err)
		return err;
	return cw_tree_put(m->out, vars, "__prompt",
		json_sprintf("%s%.*s%s", option(p, "prefix"), CW_STR(p->prompt->raw), option(p, "suffix")), &where);
}

static int add_tags(struct suite *s, const struct parts *p, json_t *test, const struct cw_yaml_spot *at)
{
	struct cw_importer *m = s->m;
	json_t *tags = json_array(), *v;
	const char *name;
	size_t i;
	int err = tags ? cw_yaml_set(m->out, test, "tags", tags, at) : ENOMEM;

	for (size_t k = 0; k < CW_COUNT(p->o); k++) {
		json_t *metadata = json_object_get(p->o[k], "metadata"), *list = json_object_get(p->o[k], "tags");

		json_object_foreach (metadata, name, v) {
			if (err)
				break;
			if (json_is_string(v))
				err = cw_tree_push(m->out, tags, json_sprintf("%s=%s", name, json_string_value(v)), at);
			else
				err = cw_import_note(m, metadata, name,
					"'%s' of metadata is not used: only texts become tags", name);
		}
		json_array_foreach (list, i, v) {
			err = err ? err : cw_tree_push(m->out, tags, json_incref(v), at);
		}
	}
	return err;
}

static int add_all_asserts(struct suite *s, const struct parts *p, json_t *test, const struct cw_yaml_spot *at)
{
	json_t *list = json_array();
	int err = list ? cw_yaml_set(s->m->out, test, "assert", list, at) : ENOMEM;

	for (size_t i = 0; !err && i < CW_COUNT(p->o); i++)
		err = add_asserts(s->m, json_object_get(p->o[i], "assert"), list);
	return err;
}

static int add_test(struct suite *s, const struct parts *p)
{
	struct cw_importer *m = s->m;
	json_t *last = p->o[2] ? p->o[2] : p->o[1];
	struct cw_yaml_spot at = cw_import_spot(m, last);
	json_t *test = cw_import_test(m, &at);
	char fallback[40], name[200];
	const char *own = cw_json_str(last, "id", cw_json_str(last, "description", ""));
	int err = test ? 0 : ENOMEM;

	(void)snprintf(fallback, sizeof(fallback), s->n_prompts > 1 ? "test-%u-p%zu" : "test-%u", s->tests,
		p->index + 1); /* it fits */
	(void)snprintf(name, sizeof(name), own[0] && s->n_prompts > 1 ? "%.50s-p%zu" : "%.60s", own,
		p->index + 1); /* cut on purpose */
	if (!err)
		err = cw_import_id(m, test, name, fallback, &at);
	for (size_t i = 0; !err && i < CW_COUNT(p->o); i++) {
		if (json_object_get(p->o[i], "threshold") &&
			p->o[i] == (json_object_get(last, "threshold") ? last : p->o[i]))
			err = cw_tree_member(m->out, m->in, p->o[i], "threshold", test, "threshold", m->why);
	}
	if (!err)
		err = cw_tree_member(m->out, m->in, last, "description", test, "description", m->why);
	if (!err)
		err = add_vars(s, p, test, &at);
	if (!err)
		err = add_tags(s, p, test, &at);
	return err ? err : add_all_asserts(s, p, test, &at);
}

static int check_part(struct suite *s, json_t *o)
{
	struct cw_importer *m = s->m;
	json_t *options = json_object_get(o, "options");
	int err;

	if (!json_is_object(o))
		return cw_yaml_why(m->in, o, m->why, EINVAL, "a test must be a mapping with vars and assert");
	err = judge_members(m, o, test_members, CW_COUNT(test_members));
	if (!err && json_object_get(o, "vars") && !json_is_object(json_object_get(o, "vars")))
		err = IMPORT_COMPLAIN(m, o, "vars", "'vars' must be a mapping (name: value)");
	return err || !options ? err : judge_members(m, options, option_members, CW_COUNT(option_members));
}

/* One test of the suite with every prompt. */
static int ask(struct suite *s, json_t *config, json_t *test)
{
	int err = 0;

	s->tests++;
	for (size_t i = 0; !err && i < s->n_prompts; i++) {
		const struct parts p = {{s->defaults, config, test}, &s->prompts[i], i};

		err = add_test(s, &p);
	}
	return err;
}

static int add_tests(struct suite *s, json_t *holder)
{
	json_t *tests = json_object_get(holder, "tests"), *test;
	size_t i;
	int err = 0;

	if (tests && !json_is_array(tests))
		return IMPORT_COMPLAIN(s->m, holder, "tests", "'tests' must be a list, or file://FILE.csv|.yaml|.json");
	json_array_foreach (tests, i, test) {
		err = err ? err : check_part(s, test);
		if (!err)
			err = ask(s, NULL, test);
	}
	return err;
}

/* Every set of data with every test. */
static int add_scenario(struct suite *s, json_t *scenario)
{
	json_t *configs = json_object_get(scenario, "config"), *tests = json_object_get(scenario, "tests"), *c, *t;
	static const struct member members[] = {
		{"config", KEEP, NULL}, {"tests", KEEP, NULL}, {"description", KEEP, NULL}};
	size_t i, k;
	int err = judge_members(s->m, scenario, members, CW_COUNT(members));

	if (!err && (!json_is_array(configs) || !json_is_array(tests)))
		return cw_yaml_why(s->m->in, scenario, s->m->why, EINVAL,
			"a scenario of promptfoo has lists 'config' and 'tests'");
	json_array_foreach (configs, i, c) {
		err = err ? err : check_part(s, c);
	}
	json_array_foreach (tests, k, t) {
		err = err ? err : check_part(s, t);
		json_array_foreach (configs, i, c) {
			err = err ? err : ask(s, c, t);
		}
	}
	return err;
}

static int add_options(struct suite *s, json_t *root)
{
	struct cw_importer *m = s->m;
	static const struct member members[] = {
		{"repeat", KEEP, NULL},
		{"maxConcurrency", NOTE, "-j says how many calls run at once"},
		{"showProgressBar", NOTE, "it is shown on terminals"},
		{"delay", NOTE, "calls follow one another as -j says"},
		{"cache", NOTE, "every call is made"},
	};
	json_t *options = json_object_get(root, "evaluateOptions"), *defaults;
	struct cw_yaml_spot at = cw_yaml_spot_member(m->in, root, "evaluateOptions");
	int err;

	if (!options)
		return 0;
	err = judge_members(m, options, members, CW_COUNT(members));
	defaults = json_object();
	if (!err)
		err = defaults ? cw_yaml_set(m->out, m->root, "defaults", defaults, &at) : ENOMEM;
	else
		json_decref(defaults);
	return err ? err : cw_tree_member(m->out, m->in, options, "repeat", defaults, "repeat", m->why);
}

int cw_promptfoo_import(struct cw_importer *m, json_t *root)
{
	static const struct member members[] = {
		{"description", KEEP, NULL},
		{"prompts", KEEP, NULL},
		{"tests", KEEP, NULL},
		{"defaultTest", KEEP, NULL},
		{"scenarios", KEEP, NULL},
		{"assertionTemplates", KEEP, NULL},
		{"evaluateOptions", KEEP, NULL},
		{"$schema", KEEP, NULL},
		{"providers", NOTE, "--target says who is asked"},
		{"targets", NOTE, "--target says who is asked"},
		{"outputPath", NOTE, "-o FILE writes reports"},
		{"sharing", NOTE, "nothing is sent anywhere"},
		{"writeLatestResults", NOTE, "every run has a folder"},
		{"commandLineOptions", NOTE, "give them on the command line"},
		{"tags", NOTE, "tags belong to tests here"},
		{"metadata", NOTE, "tags belong to tests here"},
		{"env", REFUSE, "set the environment before the start"},
		{"extensions", REFUSE, "code is not run"},
		{"nunjucksFilters", REFUSE, "code is not run"},
		{"derivedMetrics", REFUSE, "there are no formulas over metrics"},
		{"redteam", REFUSE, "attacks are not generated here"},
	};
	struct suite s = {.m = m, .defaults = json_object_get(root, "defaultTest")};
	json_t *scenarios = json_object_get(root, "scenarios"), *v;
	size_t i;
	int err = judge_members(m, root, members, CW_COUNT(members));

	if (!err)
		err = cw_tree_member(m->out, m->in, root, "description", m->root, "name", m->why);
	if (!err)
		err = add_options(&s, root);
	if (!err)
		err = read_prompts(&s, root);
	if (!err && s.defaults)
		err = check_part(&s, s.defaults);
	if (!err)
		err = add_tests(&s, root);
	json_array_foreach (scenarios, i, v) {
		err = err ? err : add_scenario(&s, v);
	}
	return err;
}
