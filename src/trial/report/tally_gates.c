/* Gates: of each file, and of the command line. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"
#include "trial/report/tally_int.h"

struct of_file {
	size_t count[CW_VERDICT_N], n;
	struct cw_values response;
};

static int of_file(void *parent, const struct cw_tally *t, const char *file, struct of_file *ret)
{
	*ret = (struct of_file){0};
	for (size_t i = 0; i < t->n_cells; i++) {
		const struct cw_cell *c = &t->cells[i];

		if (strcmp(c->file, file))
			continue;
		ret->n += c->n;
		for (int v = 0; v < CW_VERDICT_N; v++)
			ret->count[v] += c->count[v];
		for (size_t k = 0; k < c->response.n; k++)
			if (cw_values_add(parent, &ret->response, c->response.v[k]))
				return ENOMEM;
	}
	return 0;
}

static void gate(struct cw_tally *t, const char *file, const char *name, double limit, double value, bool below,
	bool trust, const char *reason)
{
	struct cw_gate_result *g = &t->gates[t->n_gates++];

	*g = (struct cw_gate_result){
		.file = file, .gate = name, .limit = limit, .value = value, .trust = trust, .reason = ""};
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

static double p95(struct cw_values *x)
{
	double v;

	return cw_stat_quantile(x->v, x->n, 0.95, &v) ? v : NAN;
}

static int gates_of(struct cw_tally *t, const struct cw_scenario *s, void *scratch)
{
	struct of_file f;

	if (of_file(scratch, t, s->file, &f))
		return ENOMEM;
	if (!f.n)
		return 0;
	if (s->gates.pass_rate_lower_bound < 0)
		t->ungated_fails += f.count[CW_VERDICT_FAIL];
	else
		gate(t, s->file, "pass_rate_lower_bound", s->gates.pass_rate_lower_bound,
			pass_bound(&f, s->gates.pass_rate_lower_bound), false, false,
			"not estimable: with so few calls even a clean run cannot reach it: raise --repeat");
	if (s->gates.p95_response_ms >= 0)
		gate(t, s->file, "p95_response_ms", s->gates.p95_response_ms, p95(&f.response), true, false,
			"not estimable below 59 measured turns: raise --repeat");
	if (s->gates.invalid_rate >= 0)
		gate(t, s->file, "invalid_rate", s->gates.invalid_rate,
			(double)f.count[CW_VERDICT_INVALID] / (double)f.n, true, true, "");
	return 0;
}

static void limits_of(struct cw_tally *t, const struct cw_limits *l)
{
	size_t decided = t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL];

	if (l->min_pass_rate >= 0) {
		t->ungated_fails = 0; /* the limit speaks instead of single failures */
		gate(t, "", "min-pass-rate", l->min_pass_rate,
			decided ? (double)t->count[CW_VERDICT_PASS] / (double)decided : NAN, false, false,
			"no call passed or failed");
	}
	if (l->max_invalid_rate >= 0)
		gate(t, "", "max-invalid-rate", l->max_invalid_rate,
			t->n ? (double)t->count[CW_VERDICT_INVALID] / (double)t->n : NAN, true, true,
			"nothing was run");
}

int cw_tally_gates(struct cw_tally *t, const struct cw_plan *plan, const struct cw_limits *limits)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	size_t n = plan ? plan->n_scenarios : 0;
	int err = 0;

	t->gates = talloc_zero_array(t, struct cw_gate_result, 3 * n + 3);
	if (!scratch || !t->gates)
		return ENOMEM;
	for (size_t i = 0; !err && i < n; i++)
		err = gates_of(t, plan->scenarios[i], scratch);
	if (!plan)
		t->ungated_fails = t->count[CW_VERDICT_FAIL];
	if (!err && limits)
		limits_of(t, limits);
	return err;
}
