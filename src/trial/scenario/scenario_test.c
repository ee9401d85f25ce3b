/* The full form: a list of tests. */
#include <errno.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

static size_t count_asserts(const struct cw_test *t)
{
	size_t n = t->asserts.n;

	for (size_t i = 0; i < t->script.n_steps; i++)
		n += t->step_expect[i].n;
	for (size_t i = 0; i < t->script.n_answers; i++)
		n += t->answer_expect[i].n;
	return n;
}

/* A mapping which may stand in the test itself or under its caller. */
static int find_either(const struct cw_scn *r, json_t *test, json_t *caller, const char *key, json_t **ret)
{
	json_t *here = json_object_get(test, key), *there = json_object_get(caller, key);

	if (here && there)
		return cw_yaml_why_member(
			r->yaml, test, key, r->why, EINVAL, "'%s' stands under 'caller' too: give it once", key);
	*ret = here ? here : there;
	return 0;
}

static const char *pair_text(void *parent, const json_t *v)
{
	if (json_is_string(v))
		return talloc_strdup(parent, json_string_value(v));
	if (json_is_integer(v))
		return talloc_asprintf(parent, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (json_is_real(v))
		return talloc_asprintf(parent, "%g", json_real_value(v));
	return talloc_strdup(parent, json_is_true(v) ? "true" : "false");
}

static int read_variant(struct cw_test *t, const json_t *chosen)
{
	size_t n = json_object_size(chosen);
	json_t *o = (json_t *)(uintptr_t)chosen; /* the iterator only reads */
	char *variant = talloc_strdup(t, "");

	t->chosen = talloc_zero_array(t, struct cw_opt_pair, n + 1);
	if (!variant || !t->chosen)
		return ENOMEM;
	for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
		struct cw_opt_pair *p = &t->chosen[t->n_chosen++];

		p->name = talloc_strdup(t->chosen, json_object_iter_key(it));
		p->value = pair_text(t->chosen, json_object_iter_value(it));
		if (!p->name || !p->value)
			return ENOMEM;
		variant = talloc_asprintf_append(variant, "%s%s_%s", *variant ? "." : "", p->name, p->value);
		if (!variant)
			return ENOMEM;
	}
	t->variant = variant;
	return 0;
}

static int read_names(const struct cw_scn *r, json_t *o, struct cw_test *t)
{
	unsigned column;
	int err = cw_scn_text(t, o, "id", NULL, &t->id);

	(void)cw_yaml_where(r->yaml, o, &t->line, &column); /* 0 when unknown: only for messages */
	t->file = talloc_strdup(t, cw_yaml_file_of(r->yaml, o));
	if (!t->file)
		return ENOMEM;
	if (!err)
		err = cw_scn_text(t, o, "description", "", &t->description);
	return err ? err : cw_scn_list(t, o, "tags", &t->tags);
}

static int read_test(const struct cw_scn *r, size_t index, json_t *o, struct cw_test *t)
{
	json_t *caller = json_object_get(o, "caller"), *facts = NULL, *persona = NULL;
	struct cw_vars vars = {
		.pairs = r->conf->vars, .n = r->conf->n_vars, .vars = json_array_get(r->vars, index), .done = true};
	int err = read_names(r, o, t);

	if (!err)
		err = read_variant(t, json_array_get(r->chosen, index));
	if (!err)
		err = find_either(r, o, caller, "facts", &facts);
	if (!err)
		err = find_either(r, o, caller, "persona", &persona);
	if (err)
		return err;
	vars.facts = facts;
	err = cw_scn_caller(r, t, caller, persona);
	if (!err)
		err = cw_scn_goal(r, t, o, facts);
	if (!err)
		err = cw_scn_steps(r, &vars, t, json_object_get(o, "turns"), json_object_get(o, "answers"));
	if (!err && !t->script.n_steps && !t->script.n_answers && !t->script.goal)
		return COMPLAIN(r, o, "test '%s' says nothing: it needs 'turns', 'answers' or 'goal'", t->id);
	if (!err)
		err = cw_scn_expect(r, &vars, t, o, "assert", false, &t->asserts);
	if (!err)
		err = cw_scn_common(r, t, o, caller, persona);
	if (!err && !count_asserts(t) && !t->script.goal)
		return COMPLAIN(r, o, "test '%s' asserts nothing and could not fail: add 'assert' or 'expect'", t->id);
	return err;
}

/* Ids are folders: one test (or one of its variants) each. */
static int check_unique(const struct cw_scn *r, json_t *seen, const struct cw_test *t, json_t *o)
{
	CW_SCOPED char *key = talloc_asprintf(NULL, "%s %s", t->id, t->variant);
	json_t *line = key ? json_object_get(seen, key) : NULL;

	if (line)
		return COMPLAIN(r, json_object_get(o, "id"), "id '%s' was used before, in line %" JSON_INTEGER_FORMAT,
			t->id, json_integer_value(line));
	return key && !json_object_set_new(seen, key, json_integer(t->line)) ? 0 : ENOMEM;
}

int cw_scn_full(const struct cw_scn *r, json_t *root)
{
	json_t *tests = json_object_get(root, "tests");
	CW_JSON_SCOPED json_t *seen = json_object();
	size_t n = json_array_size(tests);

	r->scenario->tests = talloc_zero_array(r->scenario, struct cw_test *, n);
	if (!r->scenario->tests || !seen)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct cw_test *t = talloc_zero(r->scenario->tests, struct cw_test);
		json_t *o = json_array_get(tests, i);
		int err = t ? read_test(r, i, o, t) : ENOMEM;

		if (!err)
			err = check_unique(r, seen, t, o);
		if (err)
			return err;
		r->scenario->tests[r->scenario->n_tests++] = t;
	}
	return 0;
}
