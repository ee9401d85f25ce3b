#include "trial/run/end.h"

static bool has_failed(const struct cw_tally *t, enum cw_fail_on fail_on)
{
	bool failed = false;

	if (fail_on == CW_FAIL_ON_REGRESSION)
		return false;
	for (size_t i = 0; i < t->n_gates; i++)
		failed = failed || (t->gates[i].status == CW_GATE_FAIL && !t->gates[i].trust);
	if (fail_on == CW_FAIL_ON_ANY)
		return failed || t->count[CW_VERDICT_FAIL];
	return failed || (fail_on == CW_FAIL_ON_USUAL && t->ungated_fails);
}

static bool is_untrusted(const struct cw_tally *t)
{
	bool untrusted = false, invalid_gated = false;

	for (size_t i = 0; i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		untrusted = untrusted || (g->status == CW_GATE_FAIL && g->trust) || g->status == CW_GATE_UNDECIDED;
		invalid_gated = invalid_gated || g->trust;
	}
	return untrusted || (t->count[CW_VERDICT_INVALID] && !invalid_gated);
}

enum cw_run_end cw_run_end_of(const struct cw_report *r, enum cw_fail_on fail_on, bool faults)
{
	const struct cw_tally *t = r->tally;

	if (faults) /* calls may fail then; broken promises are what counts */
		return t->broken ? CW_RUN_FAILED : CW_RUN_PASSED;
	if (has_failed(t, fail_on))
		return CW_RUN_FAILED;
	if (t->count[CW_VERDICT_ERROR])
		return CW_RUN_UNREACHABLE;
	if (fail_on != CW_FAIL_ON_REGRESSION && is_untrusted(t)) /* gates do not count when only the baseline does */
		return CW_RUN_UNTRUSTED;
	return r->diff && cw_diff_is_regression(r->diff) ? CW_RUN_REGRESSED : CW_RUN_PASSED;
}
