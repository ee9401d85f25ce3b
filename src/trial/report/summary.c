#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/stat.h"
#include "trial/report/report.h"

#define FILE_MAX (256u << 20)

const char *cw_report_advice(const struct cw_tally *t)
{
	if (!t->n)
		return "Nothing was run.";
	if (t->count[CW_VERDICT_ERROR])
		return "Some calls could not be made or judged: see the errors, then run again.";
	if (t->count[CW_VERDICT_INVALID])
		return "Some calls are invalid (the caller's side failed): fix the scenario or run again before trusting the rest.";
	if (t->flaky)
		return "Repeats of one test disagree: raise --repeat and look at the failing calls before release.";
	if (t->count[CW_VERDICT_FAIL])
		return "Do not release: assertions failed, each with its place in the recording and a command that repeats the call.";
	return "Everything asserted held.";
}

/* ---- per test and slice ---- */

struct cell {
	const char *file, *test;
	const json_t *slice;
	size_t count[CW_VERDICT_N];
};

static bool in_cell(const struct cell *c, const json_t *r)
{
	return !strcmp(c->file, cw_json_str(r, "file", "")) && !strcmp(c->test, cw_json_str(r, "test", "")) &&
	       json_equal(c->slice, json_object_get(r, "slice"));
}

static json_t *cell_json(const struct cell *c)
{
	size_t decided = c->count[CW_VERDICT_PASS] + c->count[CW_VERDICT_FAIL];
	double lo, hi;

	cw_stat_wilson(c->count[CW_VERDICT_PASS], decided, 1.96, &lo, &hi);
	return json_pack("{s:s, s:s, s:O?, s:I, s:I, s:I, s:I, s:b, s:[f, f]}", "file", c->file, "test", c->test,
		"slice", c->slice, "pass", (json_int_t)c->count[CW_VERDICT_PASS], "fail",
		(json_int_t)c->count[CW_VERDICT_FAIL], "invalid", (json_int_t)c->count[CW_VERDICT_INVALID], "error",
		(json_int_t)c->count[CW_VERDICT_ERROR], "flaky", c->count[CW_VERDICT_PASS] && c->count[CW_VERDICT_FAIL],
		"pass_rate_95", lo, hi);
}

/* Repeats of a cell stand together in the plan's order. */
static json_t *cells_json(const struct cw_tally *t)
{
	json_t *list = json_array();
	struct cell c = {0};
	size_t i;
	json_t *r;

	json_array_foreach (t->results, i, r) {
		enum cw_verdict v = CW_VERDICT_ERROR;

		if (c.file && !in_cell(&c, r)) {
			if (json_array_append_new(list, cell_json(&c)))
				break;
			c = (struct cell){0};
		}
		c.file = cw_json_str(r, "file", "");
		c.test = cw_json_str(r, "test", "");
		c.slice = json_object_get(r, "slice");
		(void)cw_verdict_of(cw_json_str(r, "verdict", ""), &v); /* an unknown one counts as ERROR */
		c.count[v]++;
	}
	if (c.file)
		(void)json_array_append_new(list, cell_json(&c)); /* out of memory: found by the caller's dump */
	return list;
}

/* ---- summary.json ---- */

static json_t *number(double v)
{
	return isnan(v) ? json_null() : json_real(v);
}

static json_t *gates_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		if (json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:o, s:s, s:s}", "file", g->file, "gate",
							g->gate, "limit", g->limit, "value", number(g->value), "status",
							cw_gate_status_name(g->status), "reason", g->reason)))
			break;
	}
	return list;
}

/* Seconds, as the field's common shape wants them. */
static json_t *ttfb(const struct cw_quantiles *q)
{
	if (!q->n)
		return json_null();
	return json_pack("{s:f, s:o, s:s, s:I}", "mean", q->mean / 1000, "p95", number(q->p95 / 1000), "unit",
		"seconds", "n", (json_int_t)q->n);
}

/* Share of passed checks on entries which needed the conversation before them; NAN when there were none. */
static double memory_recall(const struct cw_tally *t)
{
	size_t i, k, n = 0, passed = 0;
	json_t *r, *c;

	json_array_foreach (t->results, i, r) {
		json_array_foreach (json_object_get(r, "checks"), k, c) {
			if (!cw_json_bool(c, "context", false))
				continue;
			n++;
			passed += !strcmp(cw_json_str(c, "status", ""), "pass");
		}
	}
	return n ? (double)passed / (double)n : NAN;
}

static json_t *configuration(const json_t *run)
{
	const json_t *c = json_object_get(run, "configuration");

	return json_pack("{s:s, s:b, s:s}", "model", cw_json_str(c, "target", ""), "voice_enabled", 1, "voice_model",
		cw_json_str(c, "voice", ""));
}

int cw_report_summary(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *j = json_pack(
		"{s:s, s:s, s:o, s:{s:n, s:o, s:o, s:I}, s:{s:o, s:n, s:o, s:n}, s:s, s:I, s:{s:I, s:I, s:I, s:I, s:I}, s:[f, f], s:o, s:o, s:f, s:o, s:o}",
		"timestamp", cw_json_str(run, "created", ""), "run", cw_json_str(run, "id", ""), "configuration",
		configuration(run), "performance", "text_ttfb", "audio_ttfb", ttfb(&t->response_ms), "throughput",
		number(t->call_s > 0 ? (double)t->n / t->call_s * (double)cw_json_int(run, "concurrent", 1) : NAN),
		"concurrent_users", (json_int_t)cw_json_int(run, "concurrent", 1), "functional", "overall_score",
		number(t->score), "reasoning", "memory_recall", number(memory_recall(t)), "style_consistency",
		"recommendation", cw_report_advice(t), "executions", (json_int_t)t->n, "verdicts", "PASS",
		(json_int_t)t->count[CW_VERDICT_PASS], "FAIL", (json_int_t)t->count[CW_VERDICT_FAIL], "FLAKY",
		(json_int_t)t->flaky, "INVALID", (json_int_t)t->count[CW_VERDICT_INVALID], "ERROR",
		(json_int_t)t->count[CW_VERDICT_ERROR], "pass_rate_95", t->pass_lo, t->pass_hi, "response_ms",
		cw_quantiles_json(&t->response_ms), "first_word_ms", cw_quantiles_json(&t->first_word_ms),
		"call_seconds", t->call_s, "gates", gates_json(t), "cells", cells_json(t));

	return j ? cw_json_save(path, j, true, why) : ENOMEM;
}

/* ---- summary.md ---- */

static void put_cell(struct cw_buf *b, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '|')
			cw_buf_puts(b, "\\|");
		else
			cw_buf_putc(b, *p == '\n' ? ' ' : *p);
	}
}

static void put_quantiles(struct cw_buf *b, const char *name, const struct cw_quantiles *q)
{
	const double v[] = {q->mean, q->p50, q->p90, q->p95, q->p99, q->max};

	cw_buf_fmt(b, "| %s | %zu |", name, q->n);
	for (size_t i = 0; i < CW_COUNT(v); i++) {
		if (isnan(v[i]))
			cw_buf_puts(b, " not estimable |");
		else
			cw_buf_fmt(b, " %.0f |", v[i]);
	}
	cw_buf_putc(b, '\n');
}

static void put_failures(struct cw_buf *b, const struct cw_tally *t)
{
	size_t i;
	json_t *r;

	cw_buf_puts(b, "\n## Not passed\n\n| verdict | test | slice | reason | again |\n|---|---|---|---|---|\n");
	json_array_foreach (t->results, i, r) {
		const json_t *s = json_object_get(r, "slice");

		if (!strcmp(cw_json_str(r, "verdict", ""), "PASS"))
			continue;
		cw_buf_fmt(b, "| %s | %s | %s %s %s | ", cw_json_str(r, "verdict", ""), cw_json_str(r, "test", ""),
			cw_json_str(s, "language", ""), cw_json_str(s, "voice", ""), cw_json_str(s, "channel", ""));
		put_cell(b, cw_json_str(r, "reason", ""));
		cw_buf_puts(b, " | `");
		put_cell(b, cw_json_str(r, "rerun", ""));
		cw_buf_puts(b, "` |\n");
	}
}

int cw_report_markdown(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	cw_buf_fmt(&b, "# Run %s\n\n%zu calls: %zu passed, %zu failed, %zu invalid, %zu errors; %zu flaky.\n",
		cw_json_str(run, "id", ""), t->n, t->count[CW_VERDICT_PASS], t->count[CW_VERDICT_FAIL],
		t->count[CW_VERDICT_INVALID], t->count[CW_VERDICT_ERROR], t->flaky);
	if (t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL])
		cw_buf_fmt(&b, "Pass rate, 95 %% interval (Wilson): %.1f %% to %.1f %%.\n", 100 * t->pass_lo,
			100 * t->pass_hi);
	cw_buf_fmt(&b, "\n%s\n\n| ms | n | mean | p50 | p90 | p95 | p99 | max |\n|---|---|---|---|---|---|---|---|\n",
		cw_report_advice(t));
	put_quantiles(&b, "response", &t->response_ms);
	put_quantiles(&b, "first word", &t->first_word_ms);
	for (size_t i = 0; i < t->n_gates; i++)
		cw_buf_fmt(&b, "%s- gate %s of %s: %s (limit %g)%s%s\n", i ? "" : "\n", t->gates[i].gate,
			t->gates[i].file, cw_gate_status_name(t->gates[i].status), t->gates[i].limit,
			t->gates[i].reason[0] ? ": " : "", t->gates[i].reason);
	if (t->count[CW_VERDICT_PASS] < t->n)
		put_failures(&b, t);
	if (cw_buf_err(&b))
		return cw_buf_err(&b);
	return cw_file_replace(path, cw_buf_str(&b), why);
}

/* ---- tables for programs ---- */

int cw_report_jsonl(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	size_t i;
	json_t *r;

	cw_buf_puts(&b, "");
	json_array_foreach (t->results, i, r) {
		cw_json_dump(&b, r);
		cw_buf_putc(&b, '\n');
	}
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_file_replace(path, cw_buf_str(&b), why);
}

static void put_csv(struct cw_buf *b, const char *text, char after)
{
	cw_buf_putc(b, '"');
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			cw_buf_putc(b, '"');
		cw_buf_putc(b, *p);
	}
	cw_buf_putc(b, '"');
	cw_buf_putc(b, after);
}

int cw_report_csv(const char *path, const json_t *run, const struct cw_tally *t, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	size_t i;
	json_t *r;

	cw_buf_puts(&b, "key,file,test,language,voice,channel,repeat,verdict,score,duration_ms,reason\n");
	json_array_foreach (t->results, i, r) {
		const json_t *s = json_object_get(r, "slice");

		put_csv(&b, cw_json_str(r, "key", ""), ',');
		put_csv(&b, cw_json_str(r, "file", ""), ',');
		put_csv(&b, cw_json_str(r, "test", ""), ',');
		put_csv(&b, cw_json_str(s, "language", ""), ',');
		put_csv(&b, cw_json_str(s, "voice", ""), ',');
		put_csv(&b, cw_json_str(s, "channel", ""), ',');
		cw_buf_fmt(&b, "%lld,%s,%.4f,", (long long)cw_json_int(r, "repeat", 0), cw_json_str(r, "verdict", ""),
			cw_json_num(r, "score", 0));
		if (json_is_number(json_object_get(r, "duration_ms")))
			cw_buf_fmt(&b, "%.1f", cw_json_num(r, "duration_ms", 0));
		cw_buf_putc(&b, ',');
		put_csv(&b, cw_json_str(r, "reason", ""), '\n');
	}
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_file_replace(path, cw_buf_str(&b), why);
}

int cw_report_of(const char *path, cw_report_fn **ret, struct cw_why *why)
{
	static const struct {
		const char *ending;
		cw_report_fn *fn;
	} kinds[] = {
		{".jsonl", cw_report_jsonl},
		{".json", cw_report_summary},
		{".csv", cw_report_csv},
		{".xml", cw_report_junit},
		{".md", cw_report_markdown},
		{".html", cw_report_html},
	};
	size_t len = strlen(path);

	for (size_t i = 0; i < CW_COUNT(kinds); i++) {
		size_t n = strlen(kinds[i].ending);

		if (len > n && !strcmp(path + len - n, kinds[i].ending)) {
			*ret = kinds[i].fn;
			return 0;
		}
	}
	return cw_why_set(why, EINVAL,
		"output '%s': the ending says what to write: .jsonl .json .csv .xml (JUnit), .md or .html", path);
}
