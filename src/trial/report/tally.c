#include "trial/report/tally.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"

struct values {
	double *v;
	size_t n;
};

const char *cw_gate_status_name(enum cw_gate_status s)
{
	static const char *const names[] = {"pass", "fail", "undecided"};

	return names[s];
}

static int push(void *parent, struct values *x, double v)
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

static double quantile(struct values *x, double q)
{
	double v;

	return cw_stat_quantile(x->v, x->n, q, &v) ? v : NAN;
}

static struct cw_quantiles quantiles(struct values *x)
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

static void set_number(json_t *o, const char *key, double v)
{
	(void)json_object_set_new(o, key, isnan(v) ? json_null() : json_real(v)); /* out of memory: absent */
}

json_t *cw_quantiles_json(const struct cw_quantiles *q)
{
	json_t *o = json_pack("{s:I}", "n", (json_int_t)q->n);

	if (!o)
		return NULL;
	set_number(o, "mean", q->mean);
	set_number(o, "p50", q->p50);
	set_number(o, "p90", q->p90);
	set_number(o, "p95", q->p95);
	set_number(o, "p99", q->p99);
	set_number(o, "max", q->max);
	return o;
}

/* ---- reading lines ---- */

static enum cw_verdict verdict_of(const json_t *result)
{
	enum cw_verdict v = CW_VERDICT_ERROR;

	(void)cw_verdict_of(cw_json_str(result, "verdict", ""), &v); /* an unknown one counts as ERROR */
	return v;
}

static const char *file_of(const json_t *result)
{
	return cw_json_str(result, "file", "");
}

static int collect_responses(void *parent, const json_t *result, struct values *x)
{
	size_t i;
	json_t *turn;

	json_array_foreach (json_object_get(result, "turns"), i, turn) {
		json_t *v = json_object_get(turn, "response_ms");

		if (json_is_number(v) && push(parent, x, json_number_value(v)))
			return ENOMEM;
	}
	return 0;
}

static bool same_cell(const json_t *a, const json_t *b)
{
	return !strcmp(file_of(a), file_of(b)) && !strcmp(cw_json_str(a, "test", ""), cw_json_str(b, "test", "")) &&
	       json_equal(json_object_get(a, "slice"), json_object_get(b, "slice"));
}

bool cw_tally_is_flaky(const struct cw_tally *t, const json_t *result)
{
	bool pass = false, fail = false;
	size_t i;
	json_t *r;

	json_array_foreach (t->results, i, r) {
		if (!same_cell(r, result))
			continue;
		pass = pass || verdict_of(r) == CW_VERDICT_PASS;
		fail = fail || verdict_of(r) == CW_VERDICT_FAIL;
	}
	return pass && fail;
}

/* Repeats of one cell follow one another in the plan's order: one pass over the list counts the cells that disagree. */
static size_t count_flaky(json_t *results)
{
	size_t n = 0, i;
	bool pass = false, fail = false;
	json_t *r, *before = NULL;

	json_array_foreach (results, i, r) {
		if (before && !same_cell(before, r)) {
			n += pass && fail;
			pass = fail = false;
		}
		pass = pass || verdict_of(r) == CW_VERDICT_PASS;
		fail = fail || verdict_of(r) == CW_VERDICT_FAIL;
		before = r;
	}
	return n + (pass && fail);
}

/* ---- gates ---- */

struct of_file {
	size_t count[CW_VERDICT_N], n;
	struct values response;
};

static int of_file(void *parent, json_t *results, const char *file, struct of_file *ret)
{
	size_t i;
	json_t *r;

	*ret = (struct of_file){0};
	json_array_foreach (results, i, r) {
		if (strcmp(file_of(r), file))
			continue;
		ret->n++;
		ret->count[verdict_of(r)]++;
		if (collect_responses(parent, r, &ret->response))
			return ENOMEM;
	}
	return 0;
}

static void gate(struct cw_tally *t, const struct cw_scenario *s, const char *name, double limit, double value,
	bool below, bool trust, const char *reason)
{
	struct cw_gate_result *g = &t->gates[t->n_gates++];

	*g = (struct cw_gate_result){
		.file = s->file, .gate = name, .limit = limit, .value = value, .trust = trust, .reason = ""};
	if (isnan(value)) {
		g->status = CW_GATE_UNDECIDED;
		g->reason = reason;
		return;
	}
	g->status = (below ? value <= limit : value >= limit) ? CW_GATE_PASS : CW_GATE_FAIL;
}

/* The bound on the pass rate, NAN when even all passing could not reach @limit with so few calls. */
static double pass_bound(const struct of_file *f, double limit)
{
	size_t n = f->count[CW_VERDICT_PASS] + f->count[CW_VERDICT_FAIL];
	double lo, hi, best;

	cw_stat_wilson(n, n, 1.96, &best, &hi);
	cw_stat_wilson(f->count[CW_VERDICT_PASS], n, 1.96, &lo, &hi);
	return n && (best >= limit || hi < limit) ? (hi < limit ? hi : lo) : NAN;
}

static int run_gates(struct cw_tally *t, const struct cw_plan *plan)
{
	CW_SCOPED void *scratch = talloc_new(NULL);

	t->gates = talloc_zero_array(t, struct cw_gate_result, 3 * plan->n_scenarios + 1);
	if (!scratch || !t->gates)
		return ENOMEM;
	for (size_t i = 0; i < plan->n_scenarios; i++) {
		const struct cw_scenario *s = plan->scenarios[i];
		struct of_file f;

		if (of_file(scratch, t->results, s->file, &f))
			return ENOMEM;
		if (!f.n)
			continue;
		if (s->gates.pass_rate_lower_bound < 0)
			t->ungated_fails += f.count[CW_VERDICT_FAIL];
		else
			gate(t, s, "pass_rate_lower_bound", s->gates.pass_rate_lower_bound,
				pass_bound(&f, s->gates.pass_rate_lower_bound), false, false,
				"not estimable: with so few calls even a clean run cannot reach it: raise --repeat");
		if (s->gates.p95_response_ms >= 0)
			gate(t, s, "p95_response_ms", s->gates.p95_response_ms, quantile(&f.response, 0.95), true,
				false, "not estimable below 59 measured turns: raise --repeat");
		if (s->gates.invalid_rate >= 0)
			gate(t, s, "invalid_rate", s->gates.invalid_rate,
				(double)f.count[CW_VERDICT_INVALID] / (double)f.n, true, true, "");
	}
	return 0;
}

/* ---- all of it ---- */

static int sum_up(struct cw_tally *t, struct values *response, struct values *first)
{
	double score = 0;
	size_t scored = 0, i;
	json_t *r;

	json_array_foreach (t->results, i, r) {
		json_t *word = json_object_get(json_object_get(r, "measures"), "first_word_ms");

		t->n++;
		t->count[verdict_of(r)]++;
		t->broken += json_array_size(json_object_get(r, "broken")) > 0;
		t->call_s += cw_json_num(r, "duration_ms", 0) / 1000;
		if (json_array_size(json_object_get(r, "checks"))) {
			score += cw_json_num(r, "score", 0);
			scored++;
		}
		if (collect_responses(t, r, response) ||
			(json_is_number(word) && push(t, first, json_number_value(word))))
			return ENOMEM;
	}
	t->score = scored ? score / (double)scored : NAN;
	return 0;
}

int cw_tally_new(void *parent, json_t *results, const struct cw_plan *plan, struct cw_tally **ret)
{
	CW_SCOPED struct cw_tally *t = talloc_zero(NULL, struct cw_tally);
	struct values response = {0}, first = {0};
	int err;

	if (!t)
		return ENOMEM;
	t->results = results;
	err = sum_up(t, &response, &first);
	if (err)
		return err;
	t->flaky = count_flaky(results);
	t->response_ms = quantiles(&response);
	t->first_word_ms = quantiles(&first);
	cw_stat_wilson(t->count[CW_VERDICT_PASS], t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL], 1.96,
		&t->pass_lo, &t->pass_hi);
	err = plan ? run_gates(t, plan) : 0;
	if (err)
		return err;
	*ret = talloc_move(parent, &t);
	return 0;
}
