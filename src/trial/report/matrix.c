#include "trial/report/matrix.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"
#include "trial/report/results.h"

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

struct cw_matrix *cw_matrix_of(void *parent, const struct cw_results *results)
{
	CW_SCOPED struct cw_matrix *m = NULL;

	if (cw_matrix_new(NULL, &m))
		return NULL;
	for (size_t i = 0; i < cw_results_count(results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(results, i);

		if (!line || cw_matrix_add(m, line))
			return NULL;
	}
	return talloc_move(parent, &m);
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

/* Add the middle one and the greatest of times, or nulls. */
static int put_times(json_t *o, const char *p50_key, const char *max_key, const struct times *t)
{
	double p50, max;
	bool known = sum_up(t, &p50, &max);

	return json_object_set_new(o, p50_key, known ? json_real(p50) : json_null()) ||
			       json_object_set_new(o, max_key, known ? json_real(max) : json_null())
		       ? ENOMEM
		       : 0;
}

static int add_cell(const char *kind, const char *place, const struct cell *c, json_t *cells)
{
	double low = 0, high = 1;
	json_t *o;

	if (!c->n && !c->unusable)
		return 0;
	cw_stat_wilson(c->right, c->n, Z95, &low, &high);
	o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I}", "kind", kind, "should", should(kind),
		"place", place, "n", (json_int_t)c->n, "reacted", (json_int_t)c->reacted, "right", (json_int_t)c->right,
		"right_low", low, "right_high", high, "passed", (json_int_t)c->passed, "recovered",
		(json_int_t)c->recovered, "unusable", (json_int_t)c->unusable);
	if (!o || put_times(o, "stop_ms", "stop_max_ms", &c->stop) ||
		put_times(o, "recovery_ms", "recovery_max_ms", &c->recovery)) {
		json_decref(o);
		return ENOMEM;
	}
	return json_array_append_new(cells, o) ? ENOMEM : 0;
}

json_t *cw_matrix_json(const struct cw_matrix *m)
{
	CW_JSON_SCOPED json_t *cells = json_array();

	for (size_t i = 0; cells && i < m->n_rows; i++)
		for (size_t k = 0; k < m->n_places; k++)
			if (add_cell(m->rows[i].kind, m->places[k], &m->rows[i].cells[k], cells))
				return NULL;
	return cells ? json_pack("{s:O}", "cells", cells) : NULL;
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
	cw_buf_puts(out,
		"\nCalls in which the agent did as it should, of all; times are medians from the caller's onset to the agent's last sample, and "
		"from there (and the end of the caller's sound) to its next.\n");
}
