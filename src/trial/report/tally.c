#include "trial/report/tally.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"
#include "trial/report/tally_int.h"

const char *cw_gate_status_name(enum cw_gate_status s)
{
	static const char *const names[] = {"pass", "fail", "undecided"};

	return names[s];
}

const char *cw_cell_verdict(const struct cw_cell *c)
{
	if (c->count[CW_VERDICT_PASS] && c->count[CW_VERDICT_FAIL])
		return "FLAKY";
	if (c->count[CW_VERDICT_FAIL])
		return "FAIL";
	if (c->count[CW_VERDICT_ERROR])
		return "ERROR";
	return c->count[CW_VERDICT_INVALID] ? "INVALID" : "PASS";
}

char *cw_cell_slice(void *parent, const struct cw_cell *c)
{
	return talloc_asprintf(
		parent, "%s %s %s%s%s", c->language, c->voice, c->channel, c->target[0] ? " " : "", c->target);
}

bool cw_tally_is_flaky(const struct cw_tally *t, size_t i)
{
	return !strcmp(cw_cell_verdict(&t->cells[t->cell_of[i]]), "FLAKY");
}

/* ---- numbers ---- */

int cw_values_add(void *parent, struct cw_values *x, double v)
{
	if (!(x->n & (x->n - 1))) {
		double *grown = talloc_realloc(parent, x->v, double, x->n ? 2 * x->n : 1);

		if (!grown)
			return ENOMEM;
		x->v = grown;
	}
	x->v[x->n++] = v;
	return 0;
}

static double quantile(struct cw_values *x, double q)
{
	double v;

	return cw_stat_quantile(x->v, x->n, q, &v) ? v : NAN;
}

struct cw_quantiles cw_quantiles_of(struct cw_values *x)
{
	struct cw_quantiles q = {.n = x->n, .mean = NAN, .p50 = NAN, .p90 = NAN, .p95 = NAN, .p99 = NAN, .max = NAN};

	if (!x->n)
		return q;
	q.mean = cw_stat_mean(x->v, x->n);
	q.p50 = quantile(x, 0.5);
	q.p90 = quantile(x, 0.9);
	q.p95 = quantile(x, 0.95);
	q.p99 = quantile(x, 0.99);
	q.max = x->v[x->n - 1]; /* sorted by the quantiles above */
	return q;
}

json_t *cw_number_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *cw_quantiles_json(const struct cw_quantiles *q)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "n", (json_int_t)q->n, "mean", cw_number_json(q->mean),
		"p50", cw_number_json(q->p50), "p90", cw_number_json(q->p90), "p95", cw_number_json(q->p95), "p99",
		cw_number_json(q->p99), "max", cw_number_json(q->max));
}

/* ---- the cell of a result ---- */

static uint64_t hash_text(uint64_t h, const char *text)
{
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t cell_hash(const json_t *r)
{
	const json_t *s = json_object_get(r, "slice");
	uint64_t h = hash_text(0xcbf29ce484222325u, cw_json_str(r, "file", ""));

	h = hash_text(h, cw_json_str(r, "test", ""));
	h = hash_text(h, cw_json_str(s, "language", ""));
	h = hash_text(h, cw_json_str(s, "voice", ""));
	h = hash_text(h, cw_json_str(r, "target_name", ""));
	return hash_text(h, cw_json_str(s, "channel", ""));
}

static int new_cell(struct cw_tally *t, const json_t *r, uint64_t hash, size_t first)
{
	const json_t *s = json_object_get(r, "slice");
	struct cw_cell c = {.hash = hash, .first = first};

	if (!(t->n_cells & (t->n_cells - 1))) {
		struct cw_cell *grown = talloc_realloc(t, t->cells, struct cw_cell, t->n_cells ? 2 * t->n_cells : 1);

		if (!grown)
			return ENOMEM;
		t->cells = grown;
	}
	c.file = talloc_strdup(t, cw_json_str(r, "file", ""));
	c.test = talloc_strdup(t, cw_json_str(r, "test", ""));
	c.language = talloc_strdup(t, cw_json_str(s, "language", ""));
	c.voice = talloc_strdup(t, cw_json_str(s, "voice", ""));
	c.channel = talloc_strdup(t, cw_json_str(s, "channel", ""));
	c.target = talloc_strdup(t, cw_json_str(r, "target_name", ""));
	c.verdicts = talloc_strdup(t, "");
	if (!c.file || !c.test || !c.language || !c.voice || !c.channel || !c.target || !c.verdicts)
		return ENOMEM;
	t->cells[t->n_cells++] = c;
	return 0;
}

/* Repeats stand together in the plan's order: the last cell is tried first. */
static int find_cell(struct cw_tally *t, const json_t *r, size_t i, uint32_t *ret)
{
	uint64_t hash = cell_hash(r);

	for (size_t k = t->n_cells; k-- > 0;) {
		if (t->cells[k].hash == hash) {
			*ret = (uint32_t)k;
			return 0;
		}
	}
	*ret = (uint32_t)t->n_cells;
	return new_cell(t, r, hash, i);
}

/* ---- one line ---- */

struct sums {
	struct cw_values response, first;
	double score;
	size_t scored;
};

static enum cw_verdict verdict_of(const json_t *result)
{
	enum cw_verdict v = CW_VERDICT_ERROR;

	(void)cw_verdict_of(cw_json_str(result, "verdict", ""), &v); /* an unknown one counts as ERROR */
	return v;
}

static int add_turns(struct cw_tally *t, struct cw_cell *c, const json_t *r, struct sums *s)
{
	size_t i;
	json_t *turn;

	json_array_foreach (json_object_get(r, "turns"), i, turn) {
		json_t *v = json_object_get(turn, "response_ms");

		if (!json_is_number(v))
			continue;
		if (cw_values_add(t, &s->response, json_number_value(v)) ||
			cw_values_add(t, &c->response, json_number_value(v)) ||
			cw_tally_add_turn(t, c->test, turn, json_number_value(v)))
			return ENOMEM;
	}
	return 0;
}

static void add_score(struct sums *s, const json_t *r)
{
	if (!json_array_size(json_object_get(r, "checks")))
		return;
	s->score += cw_json_num(r, "score", 0);
	s->scored++;
}

static int add_verdict(struct cw_tally *t, struct cw_cell *c, const json_t *r)
{
	enum cw_verdict v = verdict_of(r);
	char letter[2] = {cw_verdict_name(v)[0], 0};

	t->count[v]++;
	c->count[v]++;
	c->n++;
	if (cw_json_bool(r, "unsure", false)) {
		t->unsure++;
		c->unsure++;
	}
	t->retried += json_array_size(json_object_get(r, "attempts")) > 0;
	c->verdicts = talloc_strdup_append_buffer(c->verdicts, letter);
	return c->verdicts ? 0 : ENOMEM;
}

static int add_line(struct cw_tally *t, struct sums *s, size_t i, const json_t *r)
{
	json_t *measures = json_object_get(r, "measures"), *word = json_object_get(measures, "first_word_ms");
	json_t *cost = json_object_get(r, "cost_usd");
	struct cw_cell *c;
	int err = find_cell(t, r, i, &t->cell_of[i]);

	if (err)
		return err;
	c = &t->cells[t->cell_of[i]];
	t->n++;
	t->broken += json_array_size(json_object_get(r, "broken")) > 0;
	t->call_s += cw_json_num(r, "duration_ms", 0) / 1000;
	if (json_is_number(cost))
		t->cost = (isnan(t->cost) ? 0 : t->cost) + json_number_value(cost);
	add_score(s, r);
	err = add_verdict(t, c, r);
	if (!err)
		err = add_turns(t, c, r, s);
	if (!err && json_is_number(word))
		err = cw_values_add(t, &s->first, json_number_value(word));
	return err ? err : cw_tally_add_ear(t, t->cell_of[i], r);
}

static int read_lines(struct cw_tally *t, const struct cw_results *results, struct sums *s)
{
	for (size_t i = 0; i < cw_results_count(results); i++) {
		CW_JSON_SCOPED json_t *r = cw_results_get(results, i);
		int err = r ? add_line(t, s, i, r) : EIO;

		if (err)
			return err;
	}
	return 0;
}

int cw_tally_new(void *parent, const struct cw_results *results, const struct cw_plan *plan,
	const struct cw_limits *limits, struct cw_tally **ret)
{
	CW_SCOPED struct cw_tally *t = talloc_zero(NULL, struct cw_tally);
	struct sums s = {0};
	int err;

	if (!t)
		return ENOMEM;
	t->cost = NAN;
	t->cell_of = talloc_zero_array(t, uint32_t, cw_results_count(results) + 1);
	if (!t->cell_of)
		return ENOMEM;
	err = read_lines(t, results, &s);
	if (err)
		return err;
	for (size_t i = 0; i < t->n_cells; i++) {
		t->flaky += !strcmp(cw_cell_verdict(&t->cells[i]), "FLAKY");
		t->failed += !strcmp(cw_cell_verdict(&t->cells[i]), "FAIL");
	}
	err = cw_tally_pool_ears(t);
	if (err)
		return err;
	t->score = s.scored ? s.score / (double)s.scored : NAN;
	t->response_ms = cw_quantiles_of(&s.response);
	t->first_word_ms = cw_quantiles_of(&s.first);
	cw_stat_wilson(t->count[CW_VERDICT_PASS], t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL], 1.96,
		&t->pass_lo, &t->pass_hi);
	err = cw_tally_gates(t, plan, limits);
	if (err)
		return err;
	*ret = talloc_move(parent, &t);
	return 0;
}
