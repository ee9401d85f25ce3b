#include "trial/scenario/expand.h"

#include <errno.h>
#include <string.h>

#include "trial/scenario/tree.h"

#define VARIABLES_MAX 8 /* of one matrix */
#define LAYERS        3

struct expander {
	const struct cw_yaml *in;
	struct cw_expanded *out;
	const struct cw_scenario_conf *conf;
	struct cw_why *why;
	json_t *defaults;     /* defaultTest */
	json_t *matrix;       /* of the file */
	json_t *tests;        /* what comes out */
	const char *csv_file; /* of the row before, and how many rows came from it */
	size_t csv_rows;
};

struct test {                   /* one of the file, with one of its cases */
	json_t *layers[LAYERS]; /* defaultTest, the test, the case: each lies over the ones before; may be NULL */
	json_t *vars;
	char *id;
};

struct variable { /* of a matrix */
	const char *name;
	json_t *values; /* list or single value */
	json_t *at;     /* the matrix that holds it */
	size_t n;
};

static const char *const dimensions[] = {"language", "voice", "channel"};

#define COMPLAIN(x, at, ...) cw_yaml_why((x)->in, (at), (x)->why, EINVAL, __VA_ARGS__)

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* ---- layers ---- */

/* The uppermost layer that has @key. */
static json_t *layer_of(const struct test *t, const char *key)
{
	for (size_t i = LAYERS; i-- > 0;)
		if (json_object_get(t->layers[i], key))
			return t->layers[i];
	return NULL;
}

static json_t *get(const struct test *t, const char *key)
{
	return json_object_get(layer_of(t, key), key);
}

static int merge(json_t *into, json_t *from)
{
	return from && json_object_update(into, from) ? ENOMEM : 0;
}

/* All variables of the test and its case, uppermost first to win. */
static int gather_vars(struct expander *x, struct test *t, json_t *more)
{
	int err = 0;

	t->vars = json_object();
	if (!t->vars)
		return ENOMEM;
	for (size_t i = 0; !err && i < LAYERS; i++) {
		json_t *vars = json_object_get(t->layers[i], "vars");

		if (vars && !json_is_object(vars))
			return COMPLAIN(x, vars, "'vars' must be a mapping (name: value)");
		err = merge(t->vars, vars);
	}
	return err ? err : merge(t->vars, more);
}

static int add_facts(json_t *into, json_t *facts)
{
	const char *name;
	json_t *v;

	json_object_foreach (facts, name, v) {
		json_t *plain = json_is_object(v) ? json_object_get(v, "value") : v;

		if (plain && json_object_set(into, name, plain))
			return ENOMEM;
	}
	return 0;
}

/* Facts as plain values, from `facts` and `caller.facts` of every layer. */
static int gather_facts(const struct test *t, json_t *into)
{
	int err = 0;

	for (size_t i = 0; !err && i < LAYERS; i++) {
		err = add_facts(into, json_object_get(json_object_get(t->layers[i], "caller"), "facts"));
		if (!err)
			err = add_facts(into, json_object_get(t->layers[i], "facts"));
	}
	return err;
}

/* ---- what comes out ---- */

static int put(struct expander *x, json_t *into, json_t *from, const char *key, const struct cw_vars *vars)
{
	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, from, key);
	json_t *copy = NULL;
	int err = cw_tree_copy(x->out->tree, x->in, json_object_get(from, key), vars, &copy, x->why);

	return err ? err : cw_yaml_set(x->out->tree, into, key, copy, &at);
}

typedef bool wanted_fn(const json_t *v);

static bool of_turn(const json_t *v)
{
	return cw_check_goes_with_turn(cw_json_str(v, "type", ""));
}

static bool of_call(const json_t *v)
{
	return !of_turn(v);
}

/* Lists of all layers, one behind the other, as @as; @wanted: only these (NULL: all). */
static int put_lists(struct expander *x, json_t *into, const struct test *t, const char *key, const char *as,
	wanted_fn *wanted, const struct cw_vars *vars)
{
	json_t *layer = layer_of(t, key), *list, *v, *copy = NULL;
	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, layer, key);
	size_t i;
	int err = 0;

	if (!json_is_array(json_object_get(layer, key)))
		return put(x, into, layer, key, vars);
	list = json_array();
	err = list ? cw_yaml_set(x->out->tree, into, as, list, &at) : ENOMEM;
	for (size_t l = 0; l < LAYERS; l++) {
		json_t *from = json_object_get(t->layers[l], key);

		json_array_foreach (from, i, v) {
			struct cw_yaml_spot spot = cw_yaml_spot_index(x->in, from, i);

			if (err || (wanted && !wanted(v)))
				continue;
			err = cw_tree_copy(x->out->tree, x->in, v, vars, &copy, x->why);
			if (!err)
				err = cw_yaml_append(x->out->tree, list, copy, &spot);
		}
	}
	return err;
}

/* Mappings of all layers as one: the member of the uppermost layer wins; `facts` inside are put together as well. */
static int put_maps(
	struct expander *x, json_t *into, json_t *const *layers, const char *key, const struct cw_vars *vars)
{
	json_t *inner[LAYERS] = {0}, *out = json_object(), *unused, *top = NULL;
	const char *name;
	int err = out ? 0 : ENOMEM;

	for (size_t l = 0; l < LAYERS; l++) {
		inner[l] = json_object_get(layers[l], key);
		top = inner[l] ? layers[l] : top;
	}

	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, top, key);

	if (!json_is_object(json_object_get(top, key))) {
		json_decref(out);
		return put(x, into, top, key, vars);
	}
	if (!err)
		err = cw_yaml_set(x->out->tree, into, key, out, &at);
	for (size_t l = 0; !err && l < LAYERS; l++) {
		json_object_foreach (inner[l], name, unused) {
			json_t *from = inner[l];

			for (size_t above = l + 1; above < LAYERS; above++)
				if (json_object_get(inner[above], name))
					from = inner[above];
			if (err || json_object_get(out, name))
				continue;
			err = !strcmp(name, "facts") ? put_maps(x, out, inner, name, vars)
						     : put(x, out, from, name, vars);
		}
	}
	return err;
}

/* The matrix without its variables. */
static int put_matrix(struct expander *x, json_t *into, json_t *from, const struct cw_vars *vars)
{
	json_t *matrix = json_object_get(from, "matrix"), *out;
	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, from, "matrix");
	int err;

	if (!matrix)
		return 0;
	if (!json_is_object(matrix))
		return put(x, into, from, "matrix", vars);
	out = json_object();
	err = out ? cw_yaml_set(x->out->tree, into, "matrix", out, &at) : ENOMEM;
	for (size_t i = 0; !err && i < CW_COUNT(dimensions); i++)
		if (json_object_get(matrix, dimensions[i]))
			err = put(x, out, matrix, dimensions[i], vars);
	return err;
}

/* What a test without turns says: its variable "__prompt" (of importers) or "input" (a column). NULL: none. */
static const char *question(const struct test *t)
{
	static const char *const speaking[] = {"turns", "answers", "goal"};

	for (size_t i = 0; i < CW_COUNT(speaking); i++)
		if (layer_of(t, speaking[i]))
			return NULL;
	if (json_object_get(t->vars, "__prompt"))
		return "{{__prompt}}";
	return json_object_get(t->vars, "input") ? "{{input}}" : NULL;
}

/* One question: what can be asserted of a turn is expected of its answer. */
static int put_question(
	struct expander *x, json_t *into, const struct test *t, const char *template, const struct cw_vars *vars)
{
	json_t *from = layer_of(t, "vars"), *turns = json_array(), *turn = json_object();
	const char *name = strstr(template, "__prompt") ? "__prompt" : "input";
	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, json_object_get(from, "vars"), name);
	struct cw_yaml *tree = x->out->tree;
	CW_JSON_SCOPED json_t *text = json_string(template), *said = NULL;
	int err = turns && text ? cw_yaml_set(tree, into, "turns", turns, &at) : ENOMEM;

	if (!err)
		err = cw_yaml_append(tree, turns, turn, &at);
	if (!err) {
		struct cw_why inner = {0};

		err = cw_vars_apply(x->in, vars, text, &said, &inner);
		if (err && inner.text[0])
			return cw_why_at(x->why, err, at.file, at.line, at.column, "%s", inner.text);
	}
	if (!err)
		err = cw_tree_put(tree, turn, "say", json_incref(said), &at);
	if (!err && layer_of(t, "assert"))
		err = put_lists(x, turn, t, "assert", "expect", of_turn, vars);
	return err;
}

static int put_rest(struct expander *x, json_t *into, const struct test *t, const struct cw_vars *vars)
{
	static const char *const apart[] = {
		"id", "vars", "cases", "matrix", "__matrix", "assert", "tags", "caller", "facts", "persona"};
	const char *key;
	json_t *unused;
	int err = 0;

	for (size_t l = 0; l < LAYERS; l++) {
		json_object_foreach (t->layers[l], key, unused) {
			if (err || layer_of(t, key) != t->layers[l] || is_one_of(key, apart, CW_COUNT(apart)))
				continue;
			err = put(x, into, t->layers[l], key, vars);
		}
	}
	return err;
}

static int put_id(struct expander *x, json_t *into, const struct test *t, const struct cw_vars *vars)
{
	json_t *from = layer_of(t, "id");
	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, from ? from : t->layers[1], "id");

	if (!t->id)
		return from ? put(x, into, from, "id", vars) : 0;
	if (!from)
		(void)cw_yaml_where(
			x->in, t->layers[2] ? t->layers[2] : t->layers[1], &at.line, &at.column); /* unknown stays 0 */
	return cw_tree_put(x->out->tree, into, "id", json_string(t->id), &at);
}

/* One test, every choice made. */
static int put_test(struct expander *x, const struct test *t, json_t *chosen)
{
	static const char *const maps[] = {"caller", "facts", "persona"};
	CW_JSON_SCOPED json_t *vars = json_copy(t->vars), *facts = json_object();
	const struct cw_vars v = {.pairs = x->conf->vars, .n = x->conf->n_vars, .vars = vars, .facts = facts};
	const char *asked = question(t);
	json_t *into = json_object();
	struct cw_yaml_spot at = {.file = cw_yaml_file_of(x->in, t->layers[1])};
	int err = vars && facts && into ? merge(vars, chosen) : ENOMEM;

	(void)cw_yaml_where(x->in, t->layers[1], &at.line, &at.column); /* unknown stays 0 */
	if (json_array_size(x->tests) == CW_SCENARIO_TESTS_MAX) {
		json_decref(into);
		return COMPLAIN(x, t->layers[1], "more than %d tests, cases and variables multiplied out",
			CW_SCENARIO_TESTS_MAX);
	}
	err = err ? err : cw_yaml_append(x->out->tree, x->tests, into, &at);
	if (!err)
		err = gather_facts(t, facts);
	if (!err)
		err = put_id(x, into, t, &v);
	if (!err)
		err = put_rest(x, into, t, &v);
	for (size_t i = 0; !err && i < CW_COUNT(maps); i++)
		if (layer_of(t, maps[i]))
			err = put_maps(x, into, t->layers, maps[i], &v);
	if (!err && layer_of(t, "tags"))
		err = put_lists(x, into, t, "tags", "tags", NULL, &v);
	if (!err && asked)
		err = put_question(x, into, t, asked, &v);
	if (!err && layer_of(t, "assert"))
		err = put_lists(x, into, t, "assert", "assert", asked ? of_call : NULL, &v);
	if (!err)
		err = put_matrix(x, into, layer_of(t, "matrix"), &v);
	if (!err && (json_array_append(x->out->chosen, chosen) || json_array_append(x->out->vars, vars)))
		err = ENOMEM;
	return err;
}

/* ---- the matrix ---- */

/* Does a text below @v use {{name}}? */
static bool mentions(const json_t *v, const char *name)
{
	json_t *o = (json_t *)(uintptr_t)v; /* iterators only read */
	const char *text = json_string_value(v);
	size_t n = strlen(name);

	for (const char *open = text ? strstr(text, "{{") : NULL; open; open = strstr(open + 2, "{{")) {
		const char *close = strstr(open, "}}"), *hit = open;

		while ((hit = strstr(hit, name)) && close && hit < close) {
			char before = hit[-1], after = hit[n];

			if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", before) &&
				!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", after))
				return true;
			hit += n;
		}
	}
	for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it))
		if (mentions(json_object_iter_value(it), name))
			return true;
	for (size_t i = 0; i < json_array_size(v); i++)
		if (mentions(json_array_get(v, i), name))
			return true;
	return false;
}

static int check_variable(const struct expander *x, const struct test *t, const struct variable *v)
{
	const char *near = cw_str_nearest(cw_str(v->name), dimensions, CW_COUNT(dimensions));
	bool used = question(t) && !strcmp(v->name, "__prompt");

	for (size_t l = 0; l < LAYERS && !used; l++)
		used = mentions(t->layers[l], v->name);
	if (question(t) && !strcmp(v->name, "input"))
		used = true;
	if (!used) {
		const struct cw_yaml_spot at = cw_yaml_spot_member(x->in, v->at, v->name);

		return cw_why_at(x->why, EINVAL, at.file, at.key_line, at.key_column,
			"'%s' is no dimension (language, voice, channel), and no text of this test uses {{%s}}%s%s%s",
			v->name, v->name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	return 0;
}

static int check_values(const struct expander *x, const struct variable *v)
{
	size_t i;
	json_t *one;

	if (json_is_array(v->values) && (!v->n || v->n > CW_SLICE_MAX))
		return COMPLAIN(x, v->values, "'%s' needs 1 to %d values", v->name, CW_SLICE_MAX);
	json_array_foreach (v->values, i, one) {
		if (json_is_array(one) || json_is_object(one) || json_is_null(one))
			return COMPLAIN(x, one, "values of the matrix are texts, numbers, true and false");
	}
	if (json_is_object(v->values) || json_is_null(v->values))
		return cw_yaml_why_member(
			x->in, v->at, v->name, x->why, EINVAL, "'%s' must be a value or a list of values", v->name);
	return 0;
}

/* Variables: of importers (all of "__matrix"), of the test's matrix, of the file's; the first that has the name wins. */
static int gather_variables(struct expander *x, const struct test *t, struct variable *list, size_t *n)
{
	json_t *places[] = {get(t, "__matrix"), get(t, "matrix"), x->matrix}, *values;
	const char *name;

	*n = 0;
	for (size_t p = 0; p < CW_COUNT(places); p++) {
		json_object_foreach (places[p], name, values) {
			struct variable v = {
				name, values, places[p], json_is_array(values) ? json_array_size(values) : 1};
			int err;

			if (p && (is_one_of(name, dimensions, CW_COUNT(dimensions)) ||
					 json_object_get(places[0], name) ||
					 (p > 1 && json_object_get(places[1], name))))
				continue;
			err = p ? check_variable(x, t, &v) : 0;
			if (!err)
				err = check_values(x, &v);
			if (err)
				return err;
			if (*n == VARIABLES_MAX)
				return COMPLAIN(x, places[p], "more than %d variables in the matrix", VARIABLES_MAX);
			list[(*n)++] = v;
		}
	}
	return 0;
}

/* --var NAME=VALUE picks one value of a variable. */
static json_t *value_at(const struct expander *x, const struct variable *v, size_t i)
{
	for (size_t k = 0; k < x->conf->n_vars; k++)
		if (!strcmp(x->conf->vars[k].name, v->name))
			return json_string(x->conf->vars[k].value);
	return json_incref(json_is_array(v->values) ? json_array_get(v->values, i) : v->values);
}

static bool is_picked(const struct expander *x, const struct variable *v)
{
	for (size_t k = 0; k < x->conf->n_vars; k++)
		if (!strcmp(x->conf->vars[k].name, v->name))
			return true;
	return false;
}

static int multiply(struct expander *x, const struct test *t)
{
	struct variable list[VARIABLES_MAX];
	size_t n, total = 1;
	int err = gather_variables(x, t, list, &n);

	for (size_t i = 0; !err && i < n; i++) {
		if (is_picked(x, &list[i]))
			list[i].n = 1;
		total *= list[i].n;
		if (total > CW_SCENARIO_TESTS_MAX)
			return COMPLAIN(x, list[i].at, "more than %d combinations", CW_SCENARIO_TESTS_MAX);
	}
	for (size_t c = 0; !err && c < total; c++) {
		CW_JSON_SCOPED json_t *chosen = json_object();
		size_t rest = c;

		for (size_t i = n; i-- > 0;) { /* the last variable turns fastest */
			if (json_object_set_new(chosen, list[i].name, value_at(x, &list[i], rest % list[i].n)))
				return ENOMEM;
			rest /= list[i].n;
		}
		err = chosen ? put_test(x, t, chosen) : ENOMEM;
	}
	return err;
}

/* ---- tests and cases ---- */

static bool is_csv(const char *file)
{
	size_t n = strlen(file);

	return n > 4 && !strcmp(file + n - 4, ".csv");
}

/* "cases" of "dir/cases.csv", with what no id may hold replaced. */
static char *stem(void *parent, const char *file)
{
	const char *slash = strrchr(file, '/');
	char *name = talloc_strdup(parent, slash ? slash + 1 : file);

	for (char *p = name; p && *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *p))
			*p = *p == '.' ? 0 : '_';
	return name;
}

/* Rows have no ids of their own. */
static int name_row(struct expander *x, void *parent, json_t *row, char **ret)
{
	const char *file = cw_yaml_file_of(x->in, row);

	*ret = NULL;
	if (json_object_get(row, "id") || !is_csv(file))
		return 0;
	if (!x->csv_file || strcmp(x->csv_file, file) != 0)
		x->csv_rows = 0;
	x->csv_file = file;

	CW_SCOPED char *name = stem(NULL, file);

	*ret = talloc_asprintf(parent, "%s-%zu", name ? name : "", ++x->csv_rows);
	return name && *ret ? 0 : ENOMEM;
}

static int expand_case(struct expander *x, json_t *test, json_t *one, size_t index)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	bool whole =
		!one || json_is_object(json_object_get(one, "vars")) || json_is_array(json_object_get(one, "assert"));
	struct test t = {.layers = {x->defaults, test, whole ? one : NULL}};
	const char *id = cw_json_str(one, "id", NULL), *base = cw_json_str(test, "id", NULL);
	int err = scratch ? gather_vars(x, &t, whole ? NULL : one) : ENOMEM;

	CW_JSON_SCOPED json_t *vars = t.vars;

	if (!err && !one)
		err = name_row(x, scratch, test, &t.id);
	if (!err && one && base) {
		t.id = whole && id ? talloc_asprintf(scratch, "%s-%s", base, id)
				   : talloc_asprintf(scratch, "%s-%zu", base, index + 1);
		err = t.id ? 0 : ENOMEM;
	}
	(void)vars;
	return err ? err : multiply(x, &t);
}

static int expand_test(struct expander *x, json_t *test, const struct cw_yaml_spot *at)
{
	json_t *cases = json_object_get(test, "cases"), *one;
	size_t i;
	int err = 0;

	if (!json_is_object(test)) { /* the reader will say what is wrong */
		json_t *copy = NULL;

		err = cw_tree_copy(x->out->tree, x->in, test, NULL, &copy, x->why);
		return err ? err : cw_yaml_append(x->out->tree, x->tests, copy, at);
	}
	if (!cases)
		return expand_case(x, test, NULL, 0);
	if (!json_is_array(cases) || !json_array_size(cases))
		return cw_yaml_why_member(x->in, test, "cases", x->why, EINVAL,
			"'cases' must be a list of mappings (name: value), or file://FILE.csv");
	json_array_foreach (cases, i, one) {
		if (!err && !json_is_object(one))
			err = COMPLAIN(x, one, "a case must be a mapping (name: value)");
		if (!err)
			err = expand_case(x, test, one, i);
	}
	return err;
}

/* ---- the file ---- */

static int expand_member(struct expander *x, json_t *root, const char *key, json_t *into, const struct cw_vars *vars)
{
	json_t *tests = json_object_get(root, key), *test;
	struct cw_yaml_spot at = cw_yaml_spot_member(x->in, root, key);
	size_t i;
	int err = 0;

	if (!strcmp(key, "assertionTemplates"))
		return put(x, into, root, key, NULL);
	if (!strcmp(key, "defaultTest"))
		return json_is_object(tests) ? 0 : put(x, into, root, key, NULL);
	if (!strcmp(key, "matrix"))
		return put_matrix(x, into, root, vars);
	if (strcmp(key, "tests") != 0 || !json_is_array(tests))
		return put(x, into, root, key, vars);
	x->tests = json_array();
	err = x->tests ? cw_yaml_set(x->out->tree, into, "tests", x->tests, &at) : ENOMEM;
	json_array_foreach (tests, i, test) {
		struct cw_yaml_spot spot = cw_yaml_spot_index(x->in, tests, i);

		err = err ? err : expand_test(x, test, &spot);
	}
	return err;
}

static int expand_root(struct expander *x)
{
	json_t *root = cw_yaml_root(x->in), *copy = NULL, *unused;
	const struct cw_vars vars = {.pairs = x->conf->vars, .n = x->conf->n_vars};
	struct cw_yaml_spot at = {.file = cw_yaml_file(x->in)};
	const char *key;
	int err;

	(void)cw_yaml_where(x->in, root, &at.line, &at.column); /* unknown stays 0 */
	if (!json_is_object(root)) {
		err = cw_tree_copy(x->out->tree, x->in, root, NULL, &copy, x->why);
		return err ? err : cw_yaml_finish(x->out->tree, copy, &at);
	}

	CW_JSON_SCOPED json_t *into = json_object();

	err = into ? 0 : ENOMEM;
	x->defaults = json_object_get(root, "defaultTest");
	x->matrix = json_object_get(root, "matrix");
	json_object_foreach (root, key, unused) {
		err = err ? err : expand_member(x, root, key, into, &vars);
	}
	return err ? err : cw_yaml_finish(x->out->tree, json_incref(into), &at);
}

static int expanded_end(struct cw_expanded *e)
{
	json_decref(e->chosen);
	json_decref(e->vars);
	return 0;
}

int cw_expand(void *parent, const struct cw_yaml *in, const struct cw_scenario_conf *conf, struct cw_expanded **ret,
	struct cw_why *why)
{
	CW_SCOPED struct cw_expanded *out = talloc_zero(NULL, struct cw_expanded);
	struct expander x = {.in = in, .out = out, .conf = conf, .why = why};

	if (!out)
		return ENOMEM;
	talloc_set_destructor(out, expanded_end);
	out->chosen = json_array();
	out->vars = json_array();

	int err = out->chosen && out->vars ? cw_yaml_make(out, cw_yaml_file(in), &out->tree) : ENOMEM;

	if (!err)
		err = expand_root(&x);
	if (!err)
		*ret = talloc_move(parent, &out);
	return err;
}
