/* A run against its baseline. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/stat.h"
#include "base/stat_boot.h"
#include "base/stat_test.h"
#include "trial/report/baseline_int.h"

#define LEVEL           0.05
#define TOLERANCE_SHARE 0.10
#define TOLERANCE_MS    50.0
#define CLUSTERS_MIN    10 /* from so many tests on whole tests are drawn; below, single answers */
#define BOOTSTRAP_SEED  1

const char *cw_diff_kind_name(enum cw_diff_kind k)
{
	static const char *const names[] = {"regressed", "worse", "fixed", "new", "gone"};

	return names[k];
}

/* ---- Fisher ---- */

static double log_choose(size_t n, size_t k)
{
	return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

double cw_fisher_less(size_t k2, size_t n2, size_t k1, size_t n1)
{
	size_t k = k1 + k2, n = n1 + n2, low = k > n1 ? k - n1 : 0;
	double p = 0;

	for (size_t x = low; x <= k2 && x <= n2; x++)
		p += exp(log_choose(n2, x) + log_choose(n1, k - x) - log_choose(n, k));
	return p > 1 ? 1 : p;
}

/* ---- verdicts ---- */

struct making {
	struct cw_diff *d;
	const struct cw_baseline *b;
	const struct cw_tally *t;
	struct cw_values before, now;   /* answers of tests that are in both, test by test */
	size_t *from_before, *from_now; /* where each test's begin; one more: the end */
	size_t n_tests;
};

static int add_row(struct making *m, const struct cw_diff_row *row)
{
	struct cw_diff *d = m->d;

	if (!(d->n_rows & (d->n_rows - 1))) {
		struct cw_diff_row *grown =
			talloc_realloc(d, d->rows, struct cw_diff_row, d->n_rows ? 2 * d->n_rows : 1);

		if (!grown)
			return ENOMEM;
		d->rows = grown;
	}
	d->rows[d->n_rows++] = *row;
	d->regressed += row->kind == CW_DIFF_REGRESSED;
	d->worse += row->kind == CW_DIFF_WORSE;
	d->fixed += row->kind == CW_DIFF_FIXED;
	d->added += row->kind == CW_DIFF_NEW;
	d->gone += row->kind == CW_DIFF_GONE;
	return 0;
}

/* What became of it; false: nothing to tell. */
static bool judge(struct cw_diff_row *row)
{
	size_t n1 = row->n_before, n2 = row->n_now, k1 = row->pass_before, k2 = row->pass_now;

	row->p = NAN;
	if (!n1 || !n2)
		return false;
	if (k1 < n1 && k2 == n2) {
		row->kind = CW_DIFF_FIXED;
		return true;
	}
	if (k2 * n1 >= k1 * n2)
		return false;
	row->p = cw_fisher_less(k2, n2, k1, n1);
	row->few = cw_fisher_less(0, n2, n1, n1) > LEVEL;
	row->kind = (row->few ? k1 == n1 && !k2 : row->p <= LEVEL) ? CW_DIFF_REGRESSED : CW_DIFF_WORSE;
	return true;
}

static void pair_verdicts(struct cw_diff *d, const char *before, const char *now)
{
	for (; *before && *now; before++, now++) {
		if (!strchr("PF", *before) || !strchr("PF", *now))
			continue;
		d->pairs++;
		d->pairs_worse += *before == 'P' && *now == 'F';
		d->pairs_better += *before == 'F' && *now == 'P';
	}
}

/* ---- answer times ---- */

static int add_times(struct making *m, const json_t *before, const struct cw_values *now)
{
	size_t n = json_array_size(before), i = m->n_tests;
	int err = 0;

	for (size_t k = 0; !err && k < n; k++)
		err = cw_values_add(m->d, &m->before, json_number_value(json_array_get(before, k)));
	for (size_t k = 0; !err && n && k < now->n; k++)
		err = cw_values_add(m->d, &m->now, now->v[k]);
	m->from_before[i + 1] = m->before.n;
	m->from_now[i + 1] = m->now.n;
	m->n_tests += n > 0;
	return err;
}

struct drawing {
	const struct making *m;
	bool tests;    /* units are tests; else single answers, paired by order */
	double *x, *y; /* scratch */
	size_t nx, ny, room;
};

static void draw(struct drawing *w, const size_t from[2], const size_t to[2])
{
	for (size_t i = from[0]; i < to[0] && w->nx < w->room; i++)
		w->x[w->nx++] = w->m->before.v[i];
	for (size_t i = from[1]; i < to[1] && w->ny < w->room; i++)
		w->y[w->ny++] = w->m->now.v[i];
}

static double delta_of(const size_t *index, size_t n, void *arg)
{
	struct drawing *w = arg;
	const struct making *m = w->m;
	double a, b;

	w->nx = w->ny = 0;
	for (size_t i = 0; i < n; i++) {
		size_t k = index[i];
		const size_t tests[2][2] = {{m->from_before[w->tests ? k : 0], m->from_now[w->tests ? k : 0]},
			{m->from_before[w->tests ? k + 1 : 0], m->from_now[w->tests ? k + 1 : 0]}};
		const size_t one[2][2] = {{k, k}, {k < m->before.n ? k + 1 : k, k < m->now.n ? k + 1 : k}};

		draw(w, w->tests ? tests[0] : one[0], w->tests ? tests[1] : one[1]);
	}
	if (!cw_stat_quantile(w->x, w->nx, 0.95, &a) || !cw_stat_quantile(w->y, w->ny, 0.95, &b))
		return NAN;
	return b - a;
}

static int interval(struct making *m, void *scratch)
{
	size_t most = m->before.n > m->now.n ? m->before.n : m->now.n;
	struct drawing w = {.m = m, .tests = m->n_tests >= CLUSTERS_MIN, .room = 8 * most + 64};
	struct cw_boot_conf conf = {.kind = CW_BOOT_PERCENTILE, .seed = BOOTSTRAP_SEED};
	struct cw_interval x = {0};

	w.x = talloc_array(scratch, double, w.room);
	w.y = talloc_array(scratch, double, w.room);
	if (!w.x || !w.y)
		return ENOMEM;

	int err = cw_stat_boot(w.tests ? m->n_tests : most, delta_of, &w, &conf, &x);

	if (err || !x.known)
		return err;
	m->d->delta = x.value;
	m->d->delta_lo = x.lo;
	m->d->delta_hi = x.hi;
	m->d->latency_note = w.tests ? "bootstrap over tests" : "bootstrap over answers";
	return 0;
}

/* Sorts a copy: the order of the answers is theirs. */
static double p95_of(void *scratch, const struct cw_values *x)
{
	struct cw_values copy = {.v = x->n ? talloc_memdup(scratch, x->v, x->n * sizeof(*x->v)) : NULL, .n = x->n};

	return copy.v ? cw_quantiles_of(&copy).p95 : NAN;
}

static int compare_times(struct making *m)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_diff *d = m->d;

	if (!scratch)
		return ENOMEM;
	d->delta = d->delta_lo = d->delta_hi = NAN;
	d->p95_before = p95_of(scratch, &m->before);
	d->p95_now = p95_of(scratch, &m->now);
	d->latency_note = "no interval: p95 needs 59 answers on both sides";
	if (!m->before.n)
		d->latency_note =
			"the baseline holds no single answer times (a summary.json): compare with a run's folder "
			"or a baseline file";
	if (isnan(d->p95_before) || isnan(d->p95_now))
		return 0;
	d->tolerance_ms = fmax(TOLERANCE_MS, TOLERANCE_SHARE * d->p95_before);

	int err = interval(m, scratch);

	d->slower = !isnan(d->delta_lo) && d->delta_lo > d->tolerance_ms;
	return err;
}

/* ---- is the baseline still the right one? ---- */

static void warn(struct cw_diff *d, const char *fmt, ...) CW_PRINTF(2, 3);
static void warn(struct cw_diff *d, const char *fmt, ...)
{
	va_list ap;

	if (d->n_warnings == CW_COUNT(d->warnings))
		return;
	va_start(ap, fmt);
	d->warnings[d->n_warnings] = talloc_vasprintf(d, fmt, ap);
	va_end(ap);
	d->n_warnings += d->warnings[d->n_warnings] != NULL;
}

static const char *hash_of(const json_t *files, const char *path)
{
	size_t i;
	json_t *f;

	json_array_foreach (files, i, f) {
		if (!strcmp(cw_json_str(f, "path", ""), path))
			return cw_json_str(f, "hash", "");
	}
	return NULL;
}

static void look_at_files(struct cw_diff *d, const json_t *before, const json_t *now)
{
	size_t i, changed = 0;
	const char *first = "";
	json_t *f;

	json_array_foreach (now, i, f) {
		const char *path = cw_json_str(f, "path", ""), *old = hash_of(before, path);

		if (!old || !strcmp(old, cw_json_str(f, "hash", "")))
			continue;
		first = changed++ ? first : path;
	}
	if (changed)
		warn(d, "stale: %zu scenario file%s changed since the baseline was made (%s%s): make a new one",
			changed, changed > 1 ? "s" : "", first, changed > 1 ? ", …" : "");
}

static void look_at_age(struct cw_diff *d, const char *made, int64_t wall_us)
{
	struct tm tm = {0};

	if (!wall_us || !made[0] || !strptime(made, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return;

	int64_t days = (wall_us / 1000000 - (int64_t)timegm(&tm)) / 86400;

	if (days > CW_BASELINE_STALE_DAYS)
		warn(d, "stale: the baseline is %lld days old: make a new one", (long long)days);
}

static void look_at_baseline(struct cw_diff *d, const json_t *b, const json_t *run, int64_t wall_us)
{
	const json_t *conf = json_object_get(run, "configuration");
	const char *before = cw_json_str(b, "target", NULL);
	const char *now = cw_json_str(conf, "target", cw_json_str(conf, "first_target", ""));
	json_t *sim = json_object_get(b, "sim");

	look_at_files(d, json_object_get(b, "files"), json_object_get(run, "files"));
	look_at_age(d, cw_json_str(b, "made", ""), wall_us);
	if (before && strcmp(before, now))
		warn(d, "the baseline was made with another target: %s", before);
	if (sim && json_is_true(sim) != cw_json_bool(conf, "sim", false))
		warn(d, "the baseline was made %s: its times are not comparable",
			json_is_true(sim) ? "in simulation" : "in real time");
}

/* ---- all of it ---- */

static int compare_cell(struct making *m, size_t i, size_t *hint)
{
	const struct cw_cell *c = &m->t->cells[i];
	const json_t *old = cw_baseline_find(m->b, c, hint);
	struct cw_before before = cw_baseline_cell(old);
	struct cw_diff_row row = {.file = c->file, .test = c->test, .cell = i, .p = NAN};
	int err = 0;

	row.slice = cw_cell_slice(m->d, c);
	if (!row.slice)
		return ENOMEM;
	row.pass_before = before.pass;
	row.n_before = before.pass + before.fail;
	row.pass_now = c->count[CW_VERDICT_PASS];
	row.n_now = c->count[CW_VERDICT_PASS] + c->count[CW_VERDICT_FAIL];
	row.kind = CW_DIFF_NEW;
	if (!old || judge(&row))
		err = add_row(m, &row);
	if (!err && old) {
		pair_verdicts(m->d, before.letters, c->verdicts);
		err = add_times(m, before.response, &c->response);
	}
	return err;
}

static int find_gone(struct making *m)
{
	json_t *cells = json_object_get(m->b->j, "cells"), *old;
	size_t i;
	int err = 0;

	json_array_foreach (cells, i, old) {
		const json_t *s = json_object_get(old, "slice");
		struct cw_before before = cw_baseline_cell(old);
		struct cw_diff_row row = {.kind = CW_DIFF_GONE, .cell = SIZE_MAX, .p = NAN};
		bool here = false;

		for (size_t k = 0; !here && k < m->t->n_cells; k++) {
			const struct cw_cell *c = &m->t->cells[(i + k) % m->t->n_cells];

			here = !strcmp(c->test, cw_json_str(old, "test", "")) &&
			       !strcmp(c->file, cw_json_str(old, "file", "")) &&
			       !strcmp(c->language, cw_json_str(s, "language", "")) &&
			       !strcmp(c->voice, cw_json_str(s, "voice", "")) &&
			       !strcmp(c->channel, cw_json_str(s, "channel", "")) &&
			       !strcmp(c->target, cw_json_str(old, "target_name", ""));
		}
		if (here)
			continue;
		row.file = talloc_strdup(m->d, cw_json_str(old, "file", ""));
		row.test = talloc_strdup(m->d, cw_json_str(old, "test", ""));
		row.slice = cw_cell_slice(m->d, &(struct cw_cell){.language = cw_json_str(s, "language", ""),
							.voice = cw_json_str(s, "voice", ""),
							.channel = cw_json_str(s, "channel", ""),
							.target = cw_json_str(old, "target_name", "")});
		row.pass_before = before.pass;
		row.n_before = before.pass + before.fail;
		err = row.file && row.test && row.slice ? add_row(m, &row) : ENOMEM;
		if (err)
			break;
	}
	return err;
}

int cw_diff_new(void *parent, const struct cw_baseline *b, const json_t *run, const struct cw_tally *t, int64_t wall_us,
	struct cw_diff **ret)
{
	CW_SCOPED struct cw_diff *d = talloc_zero(NULL, struct cw_diff);
	struct making m = {.d = d, .b = b, .t = t};
	size_t hint = 0;
	int err = d ? 0 : ENOMEM;

	if (err)
		return err;
	d->name = talloc_strdup(d, cw_json_str(b->j, "run", ""));
	d->created = talloc_strdup(d, cw_json_str(b->j, "created", cw_json_str(b->j, "timestamp", "")));
	if (!d->name || !d->created)
		return ENOMEM;
	m.from_before = talloc_zero_array(d, size_t, t->n_cells + 2);
	m.from_now = talloc_zero_array(d, size_t, t->n_cells + 2);
	if (!m.from_before || !m.from_now)
		return ENOMEM;
	for (size_t i = 0; !err && i < t->n_cells; i++)
		err = compare_cell(&m, i, &hint);
	if (!err)
		err = find_gone(&m);
	if (!err)
		err = compare_times(&m);
	if (err)
		return err;
	d->pairs_p = cw_stat_mcnemar(d->pairs_worse, d->pairs_better);
	d->pairs_regressed = d->pairs_worse > d->pairs_better && d->pairs_p <= LEVEL;
	look_at_baseline(d, b->j, run, wall_us);
	*ret = talloc_move(parent, &d);
	return 0;
}

bool cw_diff_is_regression(const struct cw_diff *d)
{
	return d->regressed || d->slower || d->pairs_regressed;
}

static json_t *rows_json(const struct cw_diff *d)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < d->n_rows; i++) {
		const struct cw_diff_row *r = &d->rows[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s, s:s, s:[I, I], s:[I, I], s:o, s:b}", "kind",
					  cw_diff_kind_name(r->kind), "file", r->file, "test", r->test, "slice",
					  r->slice, "before", (json_int_t)r->pass_before, (json_int_t)r->n_before,
					  "now", (json_int_t)r->pass_now, (json_int_t)r->n_now, "p",
					  cw_number_json(r->p), "few", r->few))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *cw_diff_json(const struct cw_diff *d)
{
	json_t *warnings = json_array();

	for (size_t i = 0; i < d->n_warnings; i++)
		(void)json_array_append_new(warnings, json_string(d->warnings[i])); /* one less harms nobody */
	return json_pack(
		"{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:f, s:b}, s:{s:o, s:o, s:o, s:o, s:o, s:f, s:b, s:s}, s:o, s:o}",
		"baseline", d->name, "created", d->created, "regression", cw_diff_is_regression(d), "regressed",
		(json_int_t)d->regressed, "worse", (json_int_t)d->worse, "fixed", (json_int_t)d->fixed, "new",
		(json_int_t)d->added, "gone", (json_int_t)d->gone, "pairs", "n", (json_int_t)d->pairs, "worse",
		(json_int_t)d->pairs_worse, "better", (json_int_t)d->pairs_better, "p", d->pairs_p, "regression",
		d->pairs_regressed, "p95_response_ms", "before", cw_number_json(d->p95_before), "now",
		cw_number_json(d->p95_now), "delta", cw_number_json(d->delta), "lo", cw_number_json(d->delta_lo), "hi",
		cw_number_json(d->delta_hi), "tolerance", d->tolerance_ms, "slower", d->slower, "note", d->latency_note,
		"warnings", warnings, "rows", rows_json(d));
}
