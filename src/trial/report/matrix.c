#include "trial/report/matrix.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"

#define KINDS_MAX  32
#define PLACES_MAX 8
#define NAME_MAX_  40
#define Z95        1.959963984540054

struct times {
	double *v;
	size_t n;
};

struct cell {
	size_t n, reacted, right, passed, recovered, unusable;
	struct times stop, recovery;
};

struct row {
	char kind[NAME_MAX_];
	struct cell cells[PLACES_MAX];
};

struct cw_matrix {
	char places[PLACES_MAX][NAME_MAX_];
	size_t n_places, n_rows;
	struct row rows[KINDS_MAX];
	bool any;
};

static const char *const kinds[] = {
	"interrupt", "dtmf", "backchannel", "cough", "aside", "tv", "echo", "pause", "digits"};
static const char *const places[] = {"early", "middle", "late"};

int cw_matrix_new(void *parent, struct cw_matrix **ret)
{
	struct cw_matrix *m = talloc_zero(parent, struct cw_matrix);

	if (!m)
		return ENOMEM;
	for (; m->n_rows < CW_COUNT(kinds); m->n_rows++)
		(void)snprintf(m->rows[m->n_rows].kind, NAME_MAX_, "%s", kinds[m->n_rows]); /* fits */
	for (; m->n_places < CW_COUNT(places); m->n_places++)
		(void)snprintf(m->places[m->n_places], NAME_MAX_, "%s", places[m->n_places]); /* fits */
	*ret = m;
	return 0;
}

/* ---- adding ---- */

/* The cell of these names, made when there is room; NULL: there is none. */
static struct cell *cell_of(struct cw_matrix *m, const char *kind, const char *place)
{
	size_t i = 0, k = 0;

	while (i < m->n_rows && strcmp(m->rows[i].kind, kind) != 0)
		i++;
	while (k < m->n_places && strcmp(m->places[k], place) != 0)
		k++;
	if (i == KINDS_MAX || k == PLACES_MAX || strlen(kind) >= NAME_MAX_ || strlen(place) >= NAME_MAX_)
		return NULL;
	if (i == m->n_rows)
		(void)snprintf(m->rows[m->n_rows++].kind, NAME_MAX_, "%s", kind); /* fits */
	if (k == m->n_places)
		(void)snprintf(m->places[m->n_places++], NAME_MAX_, "%s", place); /* fits */
	return &m->rows[i].cells[k];
}

static int add_time(struct cw_matrix *m, struct times *t, const json_t *value)
{
	if (!json_is_number(value))
		return 0;

	double *v = talloc_realloc(m, t->v, double, t->n + 1);

	if (!v)
		return ENOMEM;
	t->v = v;
	t->v[t->n++] = json_number_value(value);
	return 0;
}

int cw_matrix_add(struct cw_matrix *m, const json_t *result)
{
	const json_t *b = json_object_get(result, "barge");
	const char *verdict = cw_json_str(result, "verdict", "");
	struct cell *c = b ? cell_of(m, cw_json_str(b, "kind", ""), cw_json_str(b, "place", "")) : NULL;
	int err;

	if (!c)
		return 0;
	m->any = true;
	if (json_object_get(b, "missing") || !strcmp(verdict, "INVALID") || !strcmp(verdict, "ERROR")) {
		c->unusable++;
		return 0;
	}
	err = add_time(m, &c->stop, json_object_get(b, "stop_ms"));
	if (!err)
		err = add_time(m, &c->recovery, json_object_get(b, "recovery_ms"));
	if (err)
		return err;
	c->n++;
	c->reacted += cw_json_bool(b, "reacted", false);
	c->right += cw_json_bool(b, "right", false);
	c->recovered += cw_json_bool(b, "recovered", false);
	c->passed += !strcmp(verdict, "PASS");
	return 0;
}

bool cw_matrix_empty(const struct cw_matrix *m)
{
	return !m->any;
}

/* ---- reading ---- */

static const char *should(const char *kind)
{
	if (!strcmp(kind, "interrupt") || !strcmp(kind, "dtmf"))
		return "stop";
	return !strcmp(kind, "pause") || !strcmp(kind, "digits") ? "wait" : "go on";
}

static bool row_used(const struct cw_matrix *m, const struct row *r)
{
	for (size_t k = 0; k < m->n_places; k++)
		if (r->cells[k].n || r->cells[k].unusable)
			return true;
	return false;
}

/* Middle one and greatest; false without any. */
static bool sum_up(const struct times *t, double *p50, double *max)
{
	CW_SCOPED double *copy = t->n ? talloc_memdup(NULL, t->v, t->n * sizeof(*t->v)) : NULL;

	if (!copy || !cw_stat_quantile(copy, t->n, 0.5, p50))
		return false;
	*max = t->v[0];
	for (size_t i = 1; i < t->n; i++)
		*max = t->v[i] > *max ? t->v[i] : *max;
	return true;
}

static json_t *times_json(const struct times *t)
{
	double p50, max;

	return sum_up(t, &p50, &max) ? json_pack("{s:f, s:f}", "p50", p50, "max", max) : json_null();
}

static json_t *cell_json(const char *place, const struct cell *c)
{
	double low = 0, high = 1;

	if (!c->n && !c->unusable)
		return json_null();
	cw_stat_wilson(c->right, c->n, Z95, &low, &high);
	return json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:o, s:o}", "place", place, "n", (json_int_t)c->n,
		"reacted", (json_int_t)c->reacted, "right", (json_int_t)c->right, "right_low", low, "right_high", high,
		"passed", (json_int_t)c->passed, "recovered", (json_int_t)c->recovered, "unusable",
		(json_int_t)c->unusable, "stop_ms", times_json(&c->stop), "recovery_ms", times_json(&c->recovery));
}

static int add_row(const struct cw_matrix *m, const struct row *r, json_t *rows)
{
	CW_JSON_SCOPED json_t *cells = json_array();

	for (size_t k = 0; cells && k < m->n_places; k++)
		if (json_array_append_new(cells, cell_json(m->places[k], &r->cells[k])))
			return ENOMEM;
	return json_array_append_new(
		       rows, json_pack("{s:s, s:s, s:O}", "kind", r->kind, "should", should(r->kind), "cells", cells))
		       ? ENOMEM
		       : 0;
}

json_t *cw_matrix_json(const struct cw_matrix *m)
{
	CW_JSON_SCOPED json_t *rows = json_array(), *names = json_array();

	for (size_t k = 0; names && k < m->n_places; k++)
		if (json_array_append_new(names, json_string(m->places[k])))
			return NULL;
	for (size_t i = 0; rows && i < m->n_rows; i++)
		if (row_used(m, &m->rows[i]) && add_row(m, &m->rows[i], rows))
			return NULL;
	return json_pack("{s:O, s:O}", "places", names, "rows", rows);
}

static void markdown_cell(const struct cell *c, const char *wanted, struct cw_buf *out)
{
	double p50, max;

	if (!c->n) {
		cw_buf_puts(out, c->unusable ? " not usable |" : " |");
		return;
	}
	cw_buf_fmt(out, " %s%zu/%zu%s", c->right == c->n ? "" : "**", c->right, c->n, c->right == c->n ? "" : "**");
	if (!strcmp(wanted, "stop") && sum_up(&c->stop, &p50, &max))
		cw_buf_fmt(out, ", stops in %.0f ms", p50);
	if (sum_up(&c->recovery, &p50, &max))
		cw_buf_fmt(out, ", back in %.0f ms", p50);
	if (c->recovered < c->n)
		cw_buf_fmt(out, ", %zu never back", c->n - c->recovered);
	if (c->unusable)
		cw_buf_fmt(out, ", %zu not usable", c->unusable);
	cw_buf_puts(out, " |");
}

void cw_matrix_markdown(const struct cw_matrix *m, struct cw_buf *out)
{
	if (!m->any)
		return;
	cw_buf_puts(out, "| the caller | the agent should |");
	for (size_t k = 0; k < m->n_places; k++)
		cw_buf_fmt(out, " %s |", m->places[k]);
	cw_buf_puts(out, "\n| --- | --- |");
	for (size_t k = 0; k < m->n_places; k++)
		cw_buf_puts(out, " --- |");
	cw_buf_putc(out, '\n');
	for (size_t i = 0; i < m->n_rows; i++) {
		if (!row_used(m, &m->rows[i]))
			continue;
		cw_buf_fmt(out, "| %s | %s |", m->rows[i].kind, should(m->rows[i].kind));
		for (size_t k = 0; k < m->n_places; k++)
			markdown_cell(&m->rows[i].cells[k], should(m->rows[i].kind), out);
		cw_buf_putc(out, '\n');
	}
	cw_buf_puts(out, "\nCalls in which the agent did as it should, of all; times are medians from the caller's onset to the agent's last sample, and "
			 "from there (and the end of the caller's sound) to its next.\n");
}
