#include "trial/scenario/csv_case.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "trial/scenario/tree.h"

#define KINDS_MAX 256

/* What else promptfoo knows: a cell that begins so asks for this assertion, here or not, and is no plain text. */
static const char *const foreign[] = {"answer-relevance", "bleu", "classifier", "contains-html", "contains-json",
	"contains-sql", "contains-xml", "context-faithfulness", "context-recall", "context-relevance",
	"conversation-relevance", "cost", "factuality", "finish-reason", "g-eval", "gleu", "guardrails", "is-html",
	"is-json", "is-refusal", "is-sql", "is-valid-function-call", "is-valid-openai-function-call",
	"is-valid-openai-tools-call", "is-xml", "javascript", "latency", "levenshtein", "llm-rubric", "meteor",
	"model-graded-closedqa", "model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi",
	"python", "rouge-n", "ruby", "select-best", "similar", "similar:cosine", "similar:dot", "similar:euclidean",
	"starts-with", "tool-call-f1", "trajectory:tool-used", "webhook", "word-count"};

struct kinds {
	const char *names[KINDS_MAX];
	const char *const *keys[KINDS_MAX]; /* NULL: of a foreign one */
	size_t n;
};

static int add_kind(const char *name, const char *about, const char *const *keys, void *arg)
{
	struct kinds *k = arg;

	(void)about;
	if (k->n < KINDS_MAX) {
		k->names[k->n] = name;
		k->keys[k->n++] = keys;
	}
	return 0;
}

static void gather(struct kinds *k)
{
	k->n = 0;
	(void)cw_check_each(add_kind, k); /* add_kind() cannot fail */
	for (size_t i = 0; i < CW_COUNT(foreign); i++) {
		bool known = false;

		for (size_t n = 0; n < k->n && !known; n++)
			known = !strcmp(k->names[n], foreign[i]);
		if (!known)
			(void)add_kind(foreign[i], NULL, NULL, k); /* it cannot fail */
	}
}

static bool has_key(const char *const *keys, const char *name)
{
	for (; keys && *keys; keys++)
		if (!strcmp(*keys, name))
			return true;
	return false;
}

/* ---- one shorthand ---- */

struct shorthand {
	struct cw_str type; /* without "not-" */
	bool negate, has_threshold, has_value;
	double threshold;
	const char *value; /* behind the colon */
};

/* "not-similar(0.8):text": does it have that form, whatever the name? */
static bool split_shorthand(const char *text, struct shorthand *s)
{
	static const char *const with_colon[] = {"similar:cosine", "similar:dot", "similar:euclidean",
		"trajectory:tool-used", "trajectory:tool-sequence", "trajectory:step-count",
		"trajectory:tool-args-match"};
	const char *p = text, *start;

	*s = (struct shorthand){.value = ""};
	if (!strncmp(p, "not-", 4)) {
		s->negate = true;
		p += 4;
	}
	for (start = p; isalnum((unsigned char)*p) || *p == '-' || *p == '_'; p++)
		;
	for (size_t i = 0; i < CW_COUNT(with_colon); i++)
		if (!strncmp(start, with_colon[i], strlen(with_colon[i])))
			p = start + strlen(with_colon[i]);
	s->type = (struct cw_str){start, (size_t)(p - start)};
	if (*p == '(') {
		const char *close = strchr(p, ')');

		if (!close || cw_str_double((struct cw_str){p + 1, (size_t)(close - p - 1)}, &s->threshold))
			return false;
		s->has_threshold = true;
		p = close + 1;
	}
	if (*p == ':') {
		s->has_value = true;
		s->value = p + 1;
	} else if (*p) {
		return false;
	}
	return s->type.len > 0;
}

static json_t *list_of(const char *text)
{
	CW_JSON_SCOPED json_t *list = json_array();
	struct cw_str rest = cw_str(text), part;

	while (cw_str_split(&rest, ',', &part)) {
		part = cw_str_trim(part);
		if (part.len && json_array_append_new(list, json_stringn(part.p, part.len)))
			return NULL;
	}
	return json_incref(list);
}

static json_t *trimmed(const char *text)
{
	struct cw_str s = cw_str_trim(cw_str(text));

	return json_stringn(s.p, s.len);
}

/* What promptfoo adds where the cell gives none; 0: nothing. */
static double default_threshold(const char *type)
{
	static const char *const three_quarters[] = {"answer-relevance", "classifier", "context-faithfulness",
		"context-recall", "context-relevance", "rouge-n", "perplexity-score"};

	if (!strncmp(type, "similar", 7))
		return 0.8;
	for (size_t i = 0; i < CW_COUNT(three_quarters); i++)
		if (!strcmp(type, three_quarters[i]))
			return 0.75;
	return 0;
}

static json_t *made(const struct shorthand *s, const char *type, const char *const *keys)
{
	CW_JSON_SCOPED json_t *a = json_pack("{s:s+}", "type", s->negate ? "not-" : "", type);
	bool many = !strcmp(type, "contains-all") || !strcmp(type, "contains-any") || !strcmp(type, "icontains-all") ||
		    !strcmp(type, "icontains-any");
	struct cw_str value = cw_str_trim(cw_str(s->value));
	double threshold = s->has_threshold ? s->threshold : default_threshold(type);
	int err = a ? 0 : ENOMEM;

	if (!err && (value.len || !keys || (has_key(keys, "value") && s->has_value)))
		err = json_object_set_new(a, "value", many ? list_of(s->value) : trimmed(s->value));
	if (!err && threshold > 0)
		err = json_object_set_new(a, has_key(keys, "max") && !has_key(keys, "threshold") ? "max" : "threshold",
			json_real(threshold));
	return err ? NULL : json_incref(a);
}

/* Older spellings. */
static json_t *legacy(const char *text)
{
	static const struct {
		const char *prefix, *type;
	} old[] = {{"grade:", "llm-rubric"}, {"fn:", "javascript"}, {"eval:", "javascript"}};

	for (size_t i = 0; i < CW_COUNT(old); i++)
		if (cw_str_starts(cw_str(text), old[i].prefix))
			return json_pack(
				"{s:s, s:o?}", "type", old[i].type, "value", trimmed(text + strlen(old[i].prefix)));
	return NULL;
}

json_t *cw_case_shorthand(const char *text, const char **near)
{
	struct kinds kinds;
	struct shorthand s;
	json_t *old = legacy(text);

	*near = NULL;
	if (old)
		return old;
	gather(&kinds);
	if (split_shorthand(text, &s)) {
		for (size_t i = 0; i < kinds.n; i++)
			if (cw_str_eq(s.type, kinds.names[i]))
				return made(&s, kinds.names[i], kinds.keys[i]);
		if (s.has_value || s.has_threshold)
			*near = cw_str_nearest(s.type, kinds.names, kinds.n);
	}
	return json_pack("{s:s, s:o?}", "type", "equals", "value", trimmed(text));
}

/* ---- rows ---- */

struct rows {
	struct cw_yaml *tree;
	const char *file;
	int (*note)(const char *file, unsigned line, unsigned column, const char *text, void *arg);
	void *arg;
	struct cw_why *why;
};

struct row { /* one while it is read */
	json_t *o, *vars, *asserts, *tags;
	const char *metric;
};

#define COMPLAIN(r, cell, ...) cw_why_at((r)->why, EINVAL, (r)->file, (cell)->line, (cell)->column, __VA_ARGS__)

static struct cw_yaml_spot spot_of(const struct rows *r, const struct cw_csv_cell *c)
{
	return (struct cw_yaml_spot){r->file, c->line, c->column, c->line, c->column};
}

static int add_expected(struct rows *r, struct row *row, const struct cw_csv_cell *cell)
{
	struct cw_yaml_spot at = spot_of(r, cell);
	const char *near;
	char text[200];

	if (!cw_str_trim(cw_str(cell->text)).len)
		return 0;

	int err = cw_tree_push(r->tree, row->asserts, cw_case_shorthand(cell->text, &near), &at);

	if (err || !near)
		return err;
	(void)snprintf(
		text, sizeof(text), "taken as plain text to be equal to; did you mean '%s:…'?", near); /* cut at most */
	return r->note(r->file, cell->line, cell->column, text, r->arg);
}

/* "__config:__expected2:threshold" sets it on the second assertion. */
static int add_config(struct rows *r, struct row *row, const char *column, const struct cw_csv_cell *cell)
{
	struct cw_yaml_spot at = spot_of(r, cell);
	struct cw_str rest = cw_str(column + strlen("__config:__expected")), number;
	uint32_t index = 1;
	double v;

	(void)cw_str_split(&rest, ':', &number); /* without a colon the rest is empty and refused below */
	if ((number.len && (cw_str_u32(number, 1000, &index) || !index)) || !cw_str_eq(rest, "threshold"))
		return COMPLAIN(r, cell, "column '%s' is not known: __config:__expected1:threshold is", column);
	if (!cell->text[0])
		return 0;
	if (cw_str_double(cw_str_trim(cw_str(cell->text)), &v))
		return COMPLAIN(r, cell, "'%s' is no number", cell->text);

	json_t *a = json_array_get(row->asserts, index - 1);

	if (!a)
		return COMPLAIN(
			r, cell, "there is no __expected%u in this row (the column must stand before this one)", index);
	return cw_tree_put(r->tree, a, "threshold", json_real(v), &at);
}

static int add_threshold(struct rows *r, struct row *row, const struct cw_csv_cell *cell)
{
	struct cw_yaml_spot at = spot_of(r, cell);
	double v;

	if (!cell->text[0])
		return 0;
	if (cw_str_double(cw_str_trim(cw_str(cell->text)), &v))
		return COMPLAIN(r, cell, "'%s' is no number: '__threshold' is a share from 0 to 1", cell->text);
	return cw_tree_put(r->tree, row->o, "threshold", json_real(v), &at);
}

static int add_tag(struct rows *r, struct row *row, const char *column, const struct cw_csv_cell *cell)
{
	struct cw_yaml_spot at = spot_of(r, cell);

	if (!cell->text[0])
		return 0;
	return cw_tree_push(r->tree, row->tags, json_sprintf("%s=%s", column + strlen("__metadata:"), cell->text), &at);
}

static int unknown_column(struct rows *r, const struct cw_csv_cell *head)
{
	static const char *const names[] = {
		"__expected", "__expected1", "__description", "__metric", "__threshold", "__metadata:KEY", "__id"};
	static const char *const refused[] = {"__prefix", "__suffix", "__providerOutput"};

	for (size_t i = 0; i < CW_COUNT(refused); i++)
		if (!strcmp(refused[i], head->text))
			return COMPLAIN(r, head,
				"column '%s' is not available: put the words into a column and into the prompt",
				head->text);

	const char *near = cw_str_nearest(cw_str(head->text), names, CW_COUNT(names));

	return COMPLAIN(r, head, "unknown column '%s'%s%s%s: names that begin with __ are not variables", head->text,
		near ? "; did you mean '" : "", near ? near : "", near ? "'" : "");
}

static int add_cell(struct rows *r, struct row *row, const struct cw_csv_cell *head, const struct cw_csv_cell *cell)
{
	struct cw_yaml_spot at = spot_of(r, cell);
	const char *name = head->text;

	if (!strncmp(name, "__expected", 10) && strspn(name + 10, "0123456789") == strlen(name + 10))
		return add_expected(r, row, cell);
	if (!strncmp(name, "__config:__expected", 19))
		return add_config(r, row, name, cell);
	if (!strncmp(name, "__metadata:", 11) && name[11])
		return add_tag(r, row, name, cell);
	if (!strcmp(name, "__threshold"))
		return add_threshold(r, row, cell);
	if (!strcmp(name, "__metric")) {
		row->metric = cell->text;
		return 0;
	}
	if (!strcmp(name, "__description") || !strcmp(name, "__id"))
		return cell->text[0] ? cw_tree_put(r->tree, row->o, name + 2, json_string(cell->text), &at) : 0;
	if (!strncmp(name, "__", 2))
		return unknown_column(r, head);

	return cw_tree_put(r->tree, row->vars, name, json_string(cell->text), &at);
}

/* A column "_expected" is a variable, but hardly meant to be one. */
static int look_at_header(struct rows *r, const struct cw_csv *csv)
{
	static const char *const reserved[] = {
		"_expected", "_description", "_metric", "_threshold", "_prefix", "_suffix"};
	int err = 0;

	for (size_t i = 0; i < csv->n_columns; i++) {
		for (size_t k = 0; !err && k < CW_COUNT(reserved); k++) {
			const struct cw_csv_cell *c = &csv->header[i];
			char text[200];

			if (strncmp(c->text, reserved[k], strlen(reserved[k])) != 0)
				continue;
			(void)snprintf(text, sizeof(text), "'%s' is a variable; did you mean '_%s'?", c->text,
				c->text); /* cut at most */
			err = r->note(r->file, c->line, c->column, text, r->arg);
		}
	}
	return err;
}

static int add_row(struct rows *r, const struct cw_csv *csv, size_t n, json_t *list)
{
	const struct cw_csv_cell *cells = &csv->cells[n * csv->n_columns];
	struct cw_yaml_spot at = {r->file, cells->line, cells->column, cells->line, cells->column};
	struct row row = {.o = json_object(), .metric = ""};
	int err = row.o ? cw_yaml_append(r->tree, list, row.o, &at) : ENOMEM;

	if (!err)
		err = cw_yaml_set(r->tree, row.o, "vars", row.vars = json_object(), &at);
	if (!err)
		err = cw_yaml_set(r->tree, row.o, "assert", row.asserts = json_array(), &at);
	if (!err)
		err = cw_yaml_set(r->tree, row.o, "tags", row.tags = json_array(), &at);
	for (size_t i = 0; !err && i < csv->n_columns; i++)
		err = add_cell(r, &row, &csv->header[i], &cells[i]);

	size_t i;
	json_t *a;

	json_array_foreach (row.metric[0] ? row.asserts : NULL, i, a) {
		if (!err)
			err = cw_tree_put(r->tree, a, "metric", json_string(row.metric), &at);
	}
	return err;
}

int cw_case_rows(void *parent, const char *name, const struct cw_csv *csv,
	int (*note)(const char *file, unsigned line, unsigned column, const char *text, void *arg), void *arg,
	struct cw_yaml **ret, struct cw_why *why)
{
	struct cw_yaml *made;
	int err = cw_yaml_make(NULL, name, &made);

	if (err)
		return err;

	CW_SCOPED struct cw_yaml *tree = made;
	CW_JSON_SCOPED json_t *list = json_array();
	struct rows r = {.tree = tree, .file = cw_yaml_file(tree), .note = note, .arg = arg, .why = why};
	const struct cw_yaml_spot top = {r.file, 1, 1, 1, 1};

	err = list ? look_at_header(&r, csv) : ENOMEM;
	for (size_t i = 0; !err && i < csv->n_rows; i++)
		err = add_row(&r, csv, i, list);
	if (!err && !csv->n_rows)
		err = cw_why_at(why, EINVAL, r.file, 1, 1, "this table has a header and no rows");
	if (!err)
		err = cw_yaml_finish(tree, json_incref(list), &top);
	if (!err)
		*ret = talloc_move(parent, &tree);
	return err;
}
