/* The short form: a list of inputs and what the answer must contain. */
#include <errno.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

/* One entry while it is read. */
struct entry {
	json_t *o, *expected;
	const char *id;
	bool requires_context;
};

static int push(struct cw_expect *e, const char *type, json_t *conf, const struct cw_scn *r, json_t *at)
{
	unsigned column;
	struct cw_assert *asserts = e->asserts;
	int err = cw_assert_make(asserts, type, conf, &asserts[e->n]);

	if (err)
		return err;
	asserts[e->n].file = r->scenario->file;
	(void)cw_yaml_where(r->yaml, at, &asserts[e->n].line, &column); /* 0 when unknown: only for messages */
	e->n++;
	return 0;
}

static int read_expected(const struct cw_scn *r, struct cw_test *t, const struct entry *en, struct cw_expect *ret)
{
	json_t *contains = json_object_get(en->expected, "contains");
	json_t *sentiment = json_object_get(en->expected, "sentiment");
	bool exact = cw_json_bool(en->expected, "exact_match", false);
	int err = 0;

	if (json_is_array(contains) && !json_array_size(contains))
		return COMPLAIN(r, contains, "'contains' is empty: it would always hold");
	if (json_object_get(en->expected, "exact_match") && !contains)
		return cw_yaml_why_member(r->yaml, en->expected, "exact_match", r->why, EINVAL,
			"'exact_match' says how 'contains' compares: give 'contains' too");
	if (!contains && !sentiment)
		return COMPLAIN(r, en->o, "entry '%s' asserts nothing and could not fail: give 'contains'", en->id);
	ret->asserts = talloc_zero_array(t, struct cw_assert, 3);
	if (!ret->asserts)
		return ENOMEM;
	if (contains)
		err = push(ret, "contains-all",
			json_pack("{s:O, s:b, s:s}", "value", contains, "words", exact, "by", "any"), r, contains);
	if (!err && sentiment)
		err = push(ret, "sentiment", json_pack("{s:O}", "value", sentiment), r, sentiment);
	return err;
}

static int read_entry(void *parent, json_t *o, struct entry *ret)
{
	ret->o = o;
	ret->expected = json_object_get(o, "expected");
	ret->requires_context = cw_json_bool(ret->expected, "requires_context", false);
	return cw_scn_text(parent, o, "id", NULL, &ret->id);
}

static int join_ids(struct cw_test *t, const struct entry *entries, size_t n)
{
	char *id = talloc_strdup(t, entries[0].id);

	for (size_t i = 1; id && i < n && strlen(id) + strlen(entries[i].id) < 100; i++)
		id = talloc_asprintf_append(id, "+%s", entries[i].id);
	t->id = id;
	return id ? 0 : ENOMEM;
}

/* A conversation: entries which share their context. */
static int read_conversation(
	const struct cw_scn *r, json_t *root, const struct entry *entries, size_t n, struct cw_test *t)
{
	struct cw_step *steps = talloc_zero_array(t, struct cw_step, n);
	unsigned column;
	int err = join_ids(t, entries, n);

	t->step_expect = talloc_zero_array(t, struct cw_expect, n);
	t->answer_expect = talloc_zero_array(t, struct cw_expect, 1);
	if (err || !steps || !t->step_expect || !t->answer_expect)
		return ENOMEM;
	t->file = r->scenario->file;
	t->description = r->scenario->description;
	t->fresh = true;
	(void)cw_yaml_where(r->yaml, entries[0].o, &t->line, &column); /* 0 when unknown: only for messages */
	t->variant = "";
	err = cw_scn_caller(r, t, NULL, NULL);
	for (size_t i = 0; !err && i < n; i++) {
		steps[i] = (struct cw_step){.name = talloc_strdup(t, entries[i].id),
			.act = CW_ACT_SAY,
			.when = CW_WHEN_AGENT_END,
			.delay_us = 300000};
		err = steps[i].name ? cw_scn_text(t, entries[i].o, "input", NULL, &steps[i].text) : ENOMEM;
		if (!err)
			err = read_expected(r, t, &entries[i], &t->step_expect[i]);
	}
	t->script.steps = steps;
	t->script.n_steps = n;
	return err ? err : cw_scn_common(r, t, root, NULL, NULL);
}

int cw_scn_short(const struct cw_scn *r, json_t *root)
{
	json_t *list = json_object_get(root, "scenarios");
	size_t n = json_array_size(list);

	CW_SCOPED struct entry *entries = talloc_zero_array(NULL, struct entry, n);

	r->scenario->tests = talloc_zero_array(r->scenario, struct cw_test *, n);
	if (!entries || !r->scenario->tests)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err = read_entry(entries, json_array_get(list, i), &entries[i]);

		if (err)
			return err;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(entries[k].id, entries[i].id))
				return COMPLAIN(r, json_object_get(entries[i].o, "id"), "id '%s' was used before",
					entries[i].id);
	}
	if (entries[0].requires_context)
		return COMPLAIN(r, entries[0].o, "'requires_context' needs an entry before it: this is the first one");
	for (size_t i = 0, end; i < n; i = end) {
		struct cw_test *t = talloc_zero(r->scenario->tests, struct cw_test);

		for (end = i + 1; end < n && entries[end].requires_context; end++)
			;

		int err = t ? read_conversation(r, root, &entries[i], end - i, t) : ENOMEM;

		if (err)
			return err;
		r->scenario->tests[r->scenario->n_tests++] = t;
	}
	return 0;
}
