#include "trial/report/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 50 /* failures told again at the end; the rest is in the run's folder */

static const char *paint(const struct cw_progress *p, const char *verdict)
{
	if (!p->color)
		return "";
	if (!strcmp(verdict, "PASS"))
		return "\033[32m";
	return !strcmp(verdict, "FAIL") ? "\033[31m" : "\033[33m";
}

static const char *plain(const struct cw_progress *p)
{
	return p->color ? "\033[0m" : "";
}

static void slice_text(const json_t *result, char *out, size_t size)
{
	const json_t *s = json_object_get(result, "slice");

	(void)snprintf(out, size, "%s %s %s", cw_json_str(s, "language", ""), cw_json_str(s, "voice", ""),
		cw_json_str(s, "channel", "")); /* may be cut */
}

static void wipe(const struct cw_progress *p)
{
	if (p->live)
		fputs("\r\033[K", stderr);
}

static void show_live(const struct cw_progress *p, unsigned running)
{
	if (!p->live)
		return;
	fprintf(stderr, "\r\033[K%zu/%zu  pass %zu  fail %zu  invalid %zu  error %zu  on the line %u", p->done,
		p->total, p->count[CW_VERDICT_PASS], p->count[CW_VERDICT_FAIL], p->count[CW_VERDICT_INVALID],
		p->count[CW_VERDICT_ERROR], running);
	(void)fflush(stderr); /* only a picture */
}

static double worst_response(const json_t *result)
{
	double worst = NAN;
	size_t i;
	json_t *turn;

	json_array_foreach (json_object_get(result, "turns"), i, turn) {
		json_t *v = json_object_get(turn, "response_ms");

		if (json_is_number(v) && !(json_number_value(v) <= worst))
			worst = json_number_value(v);
	}
	return worst;
}

void cw_progress_call(struct cw_progress *p, const json_t *result, unsigned running)
{
	const char *verdict = cw_json_str(result, "verdict", "");
	const char *reason = cw_json_str(result, "reason", "");
	double slowest = worst_response(result);
	enum cw_verdict v = CW_VERDICT_ERROR;
	char slice[160];

	(void)cw_verdict_of(verdict, &v); /* an unknown one counts as ERROR */
	p->done++;
	p->count[v]++;
	wipe(p);
	slice_text(result, slice, sizeof(slice));
	printf("%s%-7s%s %s [%s] #%lld  %.1f s", paint(p, verdict), verdict, plain(p), cw_json_str(result, "test", ""),
		slice, (long long)cw_json_int(result, "repeat", 1), cw_json_num(result, "duration_ms", 0) / 1000);
	if (!isnan(slowest))
		printf("  slowest answer %.0f ms", slowest);
	printf("%s%s\n", reason[0] ? "  " : "", reason);
	(void)fflush(stdout); /* a reader that is gone shows at exit */
	show_live(p, running);
}

/* ---- the end ---- */

static void show_checks(const json_t *r)
{
	size_t i;
	json_t *c;

	json_array_foreach (json_object_get(r, "checks"), i, c) {
		const char *reason = cw_json_str(c, "reason", ""), *at = cw_json_str(c, "at", "");

		if (!strcmp(cw_json_str(c, "status", ""), "pass"))
			continue;
		printf("    %s · %s · expected %s · got %s%s%s%s%s\n", cw_json_str(c, "turn", "call"),
			cw_json_str(c, "type", ""), cw_json_str(c, "expected", "-"), cw_json_str(c, "got", "-"),
			reason[0] ? " · " : "", reason, at[0] ? " · " : "", at);
	}
}

static void show_broken(const json_t *r)
{
	size_t i;
	json_t *b;

	json_array_foreach (json_object_get(r, "broken"), i, b)
		printf("    BROKEN: %s\n", json_string_value(b));
}

static void show_result(const struct cw_progress *p, const struct cw_tally *t, const json_t *r)
{
	const char *verdict = cw_json_str(r, "verdict", "");
	const char *reason = cw_json_str(r, "reason", "");
	char slice[160];

	slice_text(r, slice, sizeof(slice));
	printf("\n%s%s%s %s · %s · #%lld%s\n", paint(p, verdict), verdict, plain(p), cw_json_str(r, "test", ""), slice,
		(long long)cw_json_int(r, "repeat", 1),
		cw_tally_is_flaky(t, r) ? " · FLAKY: other repeats passed" : "");
	if (reason[0])
		printf("    %s\n", reason);
	show_checks(r);
	show_broken(r);
	printf("    calls/%s\n    %s\n", cw_json_str(r, "folder", ""), cw_json_str(r, "rerun", ""));
}

static void show_failures(const struct cw_progress *p, const struct cw_tally *t)
{
	size_t i, shown = 0, more = 0;
	json_t *r;

	json_array_foreach (t->results, i, r) {
		bool bad =
			strcmp(cw_json_str(r, "verdict", ""), "PASS") || json_array_size(json_object_get(r, "broken"));

		/* with injected faults calls may fail: what matters then are broken promises */
		if (!bad || (cw_json_int(r, "faults", 0) > 0 && !json_array_size(json_object_get(r, "broken"))))
			continue;
		if (shown < SHOWN_MAX) {
			show_result(p, t, r);
			shown++;
		} else {
			more++;
		}
	}
	if (more)
		printf("\n… and %zu more: see results.jsonl\n", more);
}

static void show_quantiles(const char *name, const struct cw_quantiles *q)
{
	const struct {
		const char *name;
		double v;
	} of[] = {{"p50", q->p50}, {"p90", q->p90}, {"p95", q->p95}, {"p99", q->p99}, {"max", q->max}};

	if (!q->n)
		return;
	printf("%s, ms (n=%zu):", name, q->n);
	for (size_t i = 0; i < CW_COUNT(of); i++) {
		if (isnan(of[i].v))
			printf("  %s not estimable", of[i].name);
		else
			printf("  %s %.0f", of[i].name, of[i].v);
	}
	putchar('\n');
}

void cw_progress_end(struct cw_progress *p, const struct cw_tally *t, const char *run_dir, const char *cost_line)
{
	wipe(p);
	show_failures(p, t);
	for (size_t i = 0; i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		printf("%sgate %s (%s): %s, limit %g", i ? "" : "\n", g->gate, g->file, cw_gate_status_name(g->status),
			g->limit);
		if (!isnan(g->value))
			printf(", value %g", g->value);
		printf("%s%s\n", g->reason[0] ? ": " : "", g->reason);
	}
	printf("\n%zu calls: %zu passed, %zu failed, %zu invalid, %zu errors", t->n, t->count[CW_VERDICT_PASS],
		t->count[CW_VERDICT_FAIL], t->count[CW_VERDICT_INVALID], t->count[CW_VERDICT_ERROR]);
	if (t->flaky)
		printf(", %zu flaky", t->flaky);
	if (t->broken)
		printf(", %zu with broken promises", t->broken);
	if (t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL])
		printf("; pass rate 95 %%: %.0f to %.0f %%", 100 * t->pass_lo, 100 * t->pass_hi);
	putchar('\n');
	show_quantiles("response", &t->response_ms);
	if (cost_line[0])
		printf("%s\n", cost_line);
	printf("%s\n", run_dir);
	(void)fflush(stdout); /* a reader that is gone shows at exit */
}
