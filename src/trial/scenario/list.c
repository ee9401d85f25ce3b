#include "trial/scenario/list.h"

#include <errno.h>
#include <string.h>

static size_t count_members(const struct cw_expect *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++)
		n += e->asserts[i].n_set ? e->asserts[i].n_set : 1;
	return n;
}

size_t cw_test_asserts(const struct cw_test *t)
{
	size_t n = count_members(&t->asserts);

	for (size_t i = 0; i < t->script.n_steps; i++)
		n += count_members(&t->step_expect[i]);
	for (size_t i = 0; i < t->script.n_answers; i++)
		n += count_members(&t->answer_expect[i]);
	return n;
}

/* ---- what of the plan belongs to one test ---- */

struct span { /* neighbours in the plan */
	const struct cw_plan_item *first;
	size_t n, slices;
	unsigned repeats;
};

static struct span span_at(const struct cw_plan *p, size_t i)
{
	struct span s = {.first = &p->items[i]};

	for (; i + s.n < p->n && p->items[i + s.n].test == s.first->test; s.n++) {
		s.slices += s.n == 0 || strcmp(p->items[i + s.n].slice, p->items[i + s.n - 1].slice) != 0;
		if (p->items[i + s.n].repeat > s.repeats)
			s.repeats = p->items[i + s.n].repeat;
	}
	return s;
}

/* ---- for people ---- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Each combination of the matrix's variables is a test of its own here. */
static void put_test(struct cw_buf *b, const struct span *s)
{
	const struct cw_test *t = s->first->test;
	size_t asserts = cw_test_asserts(t);

	cw_buf_fmt(b, "%s%s%s%s\n", t->id, *t->variant ? " [" : "", t->variant, *t->variant ? "]" : "");
	if (*t->description)
		cw_buf_fmt(b, "    %s\n", t->description);
	cw_buf_fmt(b, "    %s:%u", t->file, t->line);
	if (t->script.n_steps)
		cw_buf_fmt(b, " · %zu turn%s", t->script.n_steps, plural(t->script.n_steps));
	if (t->script.n_answers)
		cw_buf_fmt(b, " · %zu answer%s", t->script.n_answers, plural(t->script.n_answers));
	if (t->script.goal)
		cw_buf_puts(b, " · a goal");
	cw_buf_fmt(b, " · %zu assertion%s", asserts, plural(asserts));
	for (size_t i = 0; i < t->tags.n; i++)
		cw_buf_fmt(b, "%s%s", i ? ", " : " · ", t->tags.items[i]);
	cw_buf_fmt(b, "\n    %zu slice%s × %u repeat%s = %zu call%s to %s\n", s->slices, plural(s->slices), s->repeats,
		plural(s->repeats), s->n, plural(s->n), s->first->target);
}

static void put_notes(struct cw_buf *b, const struct cw_plan *p)
{
	for (size_t i = 0; i < p->n_scenarios; i++)
		for (size_t k = 0; k < p->scenarios[i]->notes.n; k++)
			cw_buf_fmt(b, "note: %s\n", p->scenarios[i]->notes.items[k]);
}

void cw_plan_warn(const struct cw_plan *p, FILE *to)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);

	put_notes(&b, p);
	fputs(b.p ? b.p : "", to);
}

/* ---- for programs ---- */

static json_t *texts(const struct cw_list *l)
{
	CW_JSON_SCOPED json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		if (json_array_append_new(a, json_string(l->items[i])))
			return NULL;
	return json_incref(a);
}

static json_t *pairs(const struct cw_opt_pair *list, size_t n)
{
	CW_JSON_SCOPED json_t *o = json_object();

	for (size_t i = 0; i < n; i++)
		if (json_object_set_new(o, list[i].name, json_string(list[i].value)))
			return NULL;
	return json_incref(o);
}

static json_t *test_json(const struct span *s)
{
	const struct cw_test *t = s->first->test;

	return json_pack("{s:s, s:s, s:s, s:i, s:o?, s:o?, s:s, s:I, s:I, s:b, s:I, s:I, s:i, s:I}", "id", t->id,
		"description", t->description, "file", t->file, "line", (int)t->line, "tags", texts(&t->tags),
		"variables", pairs(t->chosen, t->n_chosen), "target", s->first->target, "turns",
		(json_int_t)t->script.n_steps, "answers", (json_int_t)t->script.n_answers, "goal",
		t->script.goal != NULL, "assertions", (json_int_t)cw_test_asserts(t), "slices", (json_int_t)s->slices,
		"repeats", (int)s->repeats, "calls", (json_int_t)s->n);
}

static json_t *call_json(const struct cw_plan_item *it)
{
	CW_JSON_SCOPED json_t *seed = json_sprintf("%016llx", (unsigned long long)it->seed);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:O?, s:I}", "key", it->key, "test", it->test->id,
		"slice", it->slice, "language", it->language, "voice", it->voice, "channel", it->channel, "repeat",
		(int)it->repeat, "target", it->target, "seed", seed, "assertions",
		(json_int_t)cw_test_asserts(it->test));
}

static json_t *notes_json(const struct cw_plan *p)
{
	CW_JSON_SCOPED json_t *a = json_array();

	for (size_t i = 0; i < p->n_scenarios; i++)
		for (size_t k = 0; k < p->scenarios[i]->notes.n; k++)
			if (json_array_append_new(a, json_string(p->scenarios[i]->notes.items[k])))
				return NULL;
	return json_incref(a);
}

static int put_json(struct cw_buf *b, const struct cw_plan *p, const char *key, json_t *list)
{
	CW_JSON_SCOPED json_t *o =
		json_pack("{s:o?, s:I, s:o?}", key, list, "executions", (json_int_t)p->n, "notes", notes_json(p));

	if (!o)
		return ENOMEM;
	cw_json_dump(b, o);
	cw_buf_putc(b, '\n');
	return cw_buf_err(b);
}

/* ---- both ---- */

int cw_plan_list(struct cw_buf *out, const struct cw_plan *p, bool json)
{
	CW_JSON_SCOPED json_t *list = json_array();
	size_t tests = 0;

	for (size_t i = 0; i < p->n;) {
		struct span s = span_at(p, i);

		if (json && json_array_append_new(list, test_json(&s)))
			return ENOMEM;
		if (!json)
			put_test(out, &s);
		tests++;
		i += s.n;
	}
	if (json)
		return put_json(out, p, "tests", json_incref(list));
	put_notes(out, p);
	cw_buf_fmt(out, "%zu test%s, %zu call%s\n", tests, plural(tests), p->n, plural(p->n));
	return cw_buf_err(out);
}

int cw_plan_dry_run(struct cw_buf *out, const struct cw_plan *p, const struct cw_trial_conf *conf, bool json)
{
	CW_JSON_SCOPED json_t *list = json_array();

	for (size_t i = 0; i < p->n; i++) {
		const struct cw_plan_item *it = &p->items[i];
		size_t asserts = cw_test_asserts(it->test);

		if (json && json_array_append_new(list, call_json(it)))
			return ENOMEM;
		if (!json)
			cw_buf_fmt(out, "%s  %s  seed %016llx  %zu assertion%s\n", it->key, it->target,
				(unsigned long long)it->seed, asserts, plural(asserts));
	}
	if (json)
		return put_json(out, p, "calls", json_incref(list));
	put_notes(out, p);
	cw_buf_fmt(out, "%zu call%s%s: nothing was dialled\n", p->n, plural(p->n), conf->sim ? ", simulated" : "");
	return cw_buf_err(out);
}
