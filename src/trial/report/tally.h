/*
 * tally.h: results of many executions counted, gated and summed up
 *
 * A pure function of the lines of results.jsonl: the same whether they were just made or read back.
 */
#pragma once
#include "trial/execute/execute.h"

struct cw_quantiles { /* NAN: not estimable from so few */
	size_t n;
	double mean, p50, p90, p95, p99, max;
};

enum cw_gate_status { CW_GATE_PASS, CW_GATE_FAIL, CW_GATE_UNDECIDED };
const char *cw_gate_status_name(enum cw_gate_status s);

struct cw_gate_result {
	const char *file, *gate;
	double limit, value; /* value NAN: not estimable */
	enum cw_gate_status status;
	const char *reason;
	bool trust; /* about the run's validity, not about the agent */
};

struct cw_tally {
	json_t *results; /* array, borrowed; in the order of the plan */
	size_t n, count[CW_VERDICT_N];
	size_t flaky;            /* test x slice whose repeats disagree */
	size_t broken;           /* executions with broken promises */
	double pass_lo, pass_hi; /* Wilson 95 % of PASS / (PASS + FAIL) */
	double score;            /* mean share of assertions that held; NAN: none */
	struct cw_quantiles response_ms, first_word_ms;
	double call_s;        /* all calls together */
	size_t ungated_fails; /* FAILs of files without a gate on the pass rate */
	struct cw_gate_result *gates;
	size_t n_gates;
};

/* ENOMEM. @plan may be NULL: then there are no gates. */
int cw_tally_new(void *parent, json_t *results, const struct cw_plan *plan, struct cw_tally **ret);

/* Is this result's test and slice one whose repeats disagree? */
bool cw_tally_is_flaky(const struct cw_tally *t, const json_t *result);

/* {"n", "mean", "p50" …}: null where it cannot be estimated. New reference. */
json_t *cw_quantiles_json(const struct cw_quantiles *q);
