#include "trial/report/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stat.h"
#include "trial/report/targets.h"

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
	const char *target = cw_json_str(result, "target_name", "");

	(void)snprintf(out, size, "%s %s %s%s%s", cw_json_str(s, "language", ""), cw_json_str(s, "voice", ""),
		cw_json_str(s, "channel", ""), target[0] ? " " : "", target); /* may be cut */
}

static void wipe(struct cw_progress *p)
{
	if (p->shown)
		fputs("\r\033[K\033[A\r\033[K", stderr);
	p->shown = false;
}

static void put_duration(double s)
{
	if (s >= 5400)
		fprintf(stderr, "%.1f h", s / 3600);
	else if (s >= 90)
		fprintf(stderr, "%.0f min", s / 60);
	else
		fprintf(stderr, "%.0f s", s);
}

static void put_rolling(const struct cw_progress *p)
{
	size_t n = p->n_recent < CW_PROGRESS_RECENT ? p->n_recent : CW_PROGRESS_RECENT;
	double copy[CW_PROGRESS_RECENT], p50, p95;

	memcpy(copy, p->recent, n * sizeof(*copy));
	if (!n || !cw_stat_quantile(copy, n, 0.5, &p50))
		return;
	fprintf(stderr, "answers p50 %.0f ms", p50);
	if (cw_stat_quantile(copy, n, 0.95, &p95))
		fprintf(stderr, ", p95 %.0f ms", p95);
	fputs("  ", stderr);
}

static void show_live(struct cw_progress *p, unsigned running, int64_t wall_us)
{
	size_t made = p->done - p->before;
	double passed_s = (double)(wall_us - p->began_us) / 1e6;

	if (!p->live)
		return;
	fprintf(stderr, "%zu/%zu  pass %zu  fail %zu  flaky %zu  invalid %zu  error %zu\n", p->done, p->total,
		p->count[CW_VERDICT_PASS], p->count[CW_VERDICT_FAIL], p->flaky, p->count[CW_VERDICT_INVALID],
		p->count[CW_VERDICT_ERROR]);
	fprintf(stderr, "on the line %u  ", running);
	put_rolling(p);
	if (p->costs)
		fprintf(stderr, "cost $%.4f  ", p->cost);
	if (made && p->done < p->total) {
		fputs("ready in ", stderr);
		put_duration(passed_s / (double)made * (double)(p->total - p->done));
	}
	p->shown = true;
	(void)fflush(stderr); /* only a picture */
}

void cw_progress_begin(struct cw_progress *p, size_t total, bool quiet, int64_t wall_us)
{
	p->live = isatty(2) == 1;
	p->color = isatty(1) == 1 && !getenv("NO_COLOR");
	p->quiet = quiet;
	p->total = total;
	p->before = p->done;
	p->began_us = wall_us;
}

void cw_progress_say(struct cw_progress *p, const char *fmt, ...)
{
	va_list ap;

	wipe(p);
	fputs("callwright: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void count_cell(struct cw_progress *p, uint32_t cell, enum cw_verdict v)
{
	uint8_t bit = v == CW_VERDICT_PASS ? 1 : v == CW_VERDICT_FAIL ? 2 : 0;
	uint8_t before = p->cells ? p->cells[cell] : 0;

	if (!p->cells)
		return;
	p->cells[cell] |= bit;
	p->flaky += before != 3 && p->cells[cell] == 3;
}

void cw_progress_count(struct cw_progress *p, const json_t *result, uint32_t cell)
{
	enum cw_verdict v = CW_VERDICT_ERROR;
	json_t *cost = json_object_get(result, "cost_usd"), *turn;
	size_t i;

	(void)cw_verdict_of(cw_json_str(result, "verdict", ""), &v); /* an unknown one counts as ERROR */
	p->done++;
	p->count[v]++;
	count_cell(p, cell, v);
	if (json_is_number(cost)) {
		p->costs = true;
		p->cost += json_number_value(cost);
	}
	json_array_foreach (json_object_get(result, "turns"), i, turn) {
		json_t *x = json_object_get(turn, "response_ms");

		if (json_is_number(x))
			p->recent[p->n_recent++ % CW_PROGRESS_RECENT] = json_number_value(x);
	}
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

static void print_call(const struct cw_progress *p, const json_t *result)
{
	const char *verdict = cw_json_str(result, "verdict", "");
	const char *reason = cw_json_str(result, "reason", "");
	size_t again = json_array_size(json_object_get(result, "attempts"));
	double slowest = worst_response(result);
	char slice[160];

	slice_text(result, slice, sizeof(slice));
	printf("%s%-7s%s %s [%s] #%lld  %.1f s", paint(p, verdict), verdict, plain(p), cw_json_str(result, "test", ""),
		slice, (long long)cw_json_int(result, "repeat", 1), cw_json_num(result, "duration_ms", 0) / 1000);
	if (!isnan(slowest))
		printf("  slowest answer %.0f ms", slowest);
	if (again)
		printf("  after %zu invalid attempt%s", again, again > 1 ? "s" : "");
	if (cw_json_bool(result, "unsure", false))
		printf("  unsure");
	printf("%s%s\n", reason[0] ? "  " : "", reason);
	(void)fflush(stdout); /* a reader that is gone shows at exit */
}

void cw_progress_call(struct cw_progress *p, const json_t *result, uint32_t cell, unsigned running, int64_t wall_us)
{
	cw_progress_count(p, result, cell);
	wipe(p);
	if (!p->quiet)
		print_call(p, result);
	show_live(p, running, wall_us);
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

	json_array_foreach (json_object_get(r, "broken"), i, b) {
		printf("    BROKEN: %s\n", json_string_value(b));
	}
}

static void show_result(const struct cw_progress *p, const json_t *r, bool flaky)
{
	const char *verdict = cw_json_str(r, "verdict", "");
	const char *reason = cw_json_str(r, "reason", "");
	char slice[160];

	slice_text(r, slice, sizeof(slice));
	printf("\n%s%s%s %s · %s · #%lld%s\n", paint(p, verdict), verdict, plain(p), cw_json_str(r, "test", ""), slice,
		(long long)cw_json_int(r, "repeat", 1), flaky ? " · FLAKY: other repeats passed" : "");
	if (reason[0])
		printf("    %s\n", reason);
	show_checks(r);
	show_broken(r);
	printf("    calls/%s\n    %s\n", cw_json_str(r, "folder", ""), cw_json_str(r, "rerun", ""));
}

/* With injected faults calls may fail: what matters then are broken promises. */
static bool is_bad(const json_t *r)
{
	bool broken = json_array_size(json_object_get(r, "broken")) > 0;

	return broken || (strcmp(cw_json_str(r, "verdict", ""), "PASS") && cw_json_int(r, "faults", 0) <= 0);
}

static void show_failures(const struct cw_progress *p, const struct cw_report *report)
{
	const struct cw_tally *t = report->tally;
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < cw_results_count(report->results); i++) {
		const struct cw_cell *c = &t->cells[t->cell_of[i]];

		if (c->count[CW_VERDICT_PASS] == c->n && !t->broken)
			continue;

		CW_JSON_SCOPED json_t *r = cw_results_get(report->results, i);

		if (!r || !is_bad(r))
			continue;
		if (shown < SHOWN_MAX) {
			show_result(p, r, cw_tally_is_flaky(t, i));
			shown++;
		} else {
			more++;
		}
	}
	if (more)
		printf("\n… and %zu more: see results.jsonl\n", more);
}

static void show_diff(const struct cw_progress *p, const struct cw_diff *d)
{
	bool bad = cw_diff_is_regression(d);

	printf("\nagainst baseline %s: %s%s%s: %zu regressed, %zu worse within chance, %zu fixed, %zu new, %zu gone\n",
		d->name, paint(p, bad ? "FAIL" : "PASS"), bad ? "REGRESSION" : "no regression", plain(p), d->regressed,
		d->worse, d->fixed, d->added, d->gone);
	for (size_t i = 0; i < d->n_rows; i++) {
		const struct cw_diff_row *r = &d->rows[i];

		if (r->kind != CW_DIFF_REGRESSED && r->kind != CW_DIFF_WORSE)
			continue;
		printf("    %s %s · %s · passed %zu of %zu, now %zu of %zu · p = %.3g%s\n", cw_diff_kind_name(r->kind),
			r->test, r->slice, r->pass_before, r->n_before, r->pass_now, r->n_now, r->p,
			r->few ? " (too few repeats to tell it from chance)" : "");
	}
	if (d->pairs)
		printf("    same calls: %zu of %zu fail now that passed, %zu the other way (McNemar exact p = %.3g)%s\n",
			d->pairs_worse, d->pairs, d->pairs_better, d->pairs_p,
			d->pairs_regressed ? ": worse beyond chance" : "");
	if (!isnan(d->delta))
		printf("    response p95: %.0f to %.0f ms, difference %+.0f (95 %%: %+.0f to %+.0f), tolerance %.0f%s\n",
			d->p95_before, d->p95_now, d->delta, d->delta_lo, d->delta_hi, d->tolerance_ms,
			d->slower ? ": slower" : "");
	else
		printf("    response p95: %s\n", d->latency_note);
	for (size_t i = 0; i < d->n_warnings; i++)
		printf("    note: %s\n", d->warnings[i]);
}

static void show_gates(const struct cw_tally *t)
{
	for (size_t i = 0; i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		printf("%sgate %s (%s): %s, limit %g", i ? "" : "\n", g->gate, g->file[0] ? g->file : "command line",
			cw_gate_status_name(g->status), g->limit);
		if (!isnan(g->value))
			printf(", value %g", g->value);
		printf("%s%s\n", g->reason[0] ? ": " : "", g->reason);
	}
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

static void show_counts(const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;

	printf("\n%zu calls: %zu passed, %zu failed, %zu invalid, %zu errors", t->n, t->count[CW_VERDICT_PASS],
		t->count[CW_VERDICT_FAIL], t->count[CW_VERDICT_INVALID], t->count[CW_VERDICT_ERROR]);
	if (t->flaky)
		printf(", %zu flaky", t->flaky);
	if (t->unsure)
		printf(", %zu unsure (review.jsonl)", t->unsure);
	if (t->broken)
		printf(", %zu with broken promises", t->broken);
	if (t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL])
		printf("; pass rate 95 %%: %.0f to %.0f %%", 100 * t->pass_lo, 100 * t->pass_hi);
	if (r->partial)
		printf("\nstopped early: %zu of %lld planned calls; go on with --resume %s", t->n,
			(long long)cw_json_int(r->run, "executions", 0), r->dir);
	putchar('\n');
}

static void show_parts(const struct cw_report *r)
{
	const json_t *functional = json_object_get(r->run, "functional"), *tokens = json_object_get(r->run, "tokens");
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);

	cw_targets_text(json_object_get(r->run, "targets"), &b);
	if (b.len && !cw_buf_err(&b))
		printf("\nwhat the way to the agent costs\n%s", b.p);
	if (json_is_number(json_object_get(functional, "overall_score")))
		printf("functional score: %.2f, of %.0f %% of what makes it up\n",
			cw_json_num(functional, "overall_score", 0), 100 * cw_json_num(functional, "overall_of", 0));
	if (tokens)
		printf("tokens: %lld in, %lld out\n", (long long)cw_json_int(tokens, "prompt", 0),
			(long long)cw_json_int(tokens, "completion", 0));
	if (!isnan(r->tally->cost))
		printf("cost: $%.4f\n", r->tally->cost);
}

static void show_floor(const json_t *run)
{
	const char *line;
	json_t *f;

	json_object_foreach (json_object_get(json_object_get(run, "host"), "clock"), line, f)
		if (json_is_object(f))
			printf("clock floor, %s: %.3f ± %.3f ms\n", line, cw_json_num(f, "floor_ms", 0),
				cw_json_num(f, "jitter_ms", 0));
		else
			printf("clock floor, %s: not measured\n", line);
}

void cw_progress_end(struct cw_progress *p, const struct cw_report *r, const char *cost_line)
{
	wipe(p);
	show_failures(p, r);
	show_gates(r->tally);
	if (r->diff)
		show_diff(p, r->diff);
	show_counts(r);
	show_quantiles("response", &r->tally->response_ms);
	show_floor(r->run);
	show_parts(r);
	if (cost_line[0])
		printf("%s\n", cost_line);
	if (r->dir)
		printf("%s\n", r->dir);
	(void)fflush(stdout); /* a reader that is gone shows at exit */
}
