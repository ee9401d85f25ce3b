/* summary.json: our own sums, and the same in the field's common shape. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/stat.h"
#include "trial/report/report.h"

const char *cw_report_advice(const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;

	if (!t->n)
		return "Nothing was run.";
	if (t->count[CW_VERDICT_ERROR])
		return "Some calls could not be made or judged: see the errors, then run again.";
	if (t->count[CW_VERDICT_INVALID])
		return "Some calls are invalid (the caller's side failed): fix the scenario or run again before trusting the rest.";
	if (r->diff && cw_diff_is_regression(r->diff))
		return "Do not release: this run is worse than its baseline, beyond chance.";
	if (t->failed)
		return "Do not release: assertions failed, each with its place in the recording and a command that repeats the call.";
	if (t->flaky)
		return "Repeats of one test disagree: raise --repeat and look at the failing calls before release.";
	if (r->partial)
		return "The run stopped early: what was run held; go on with --resume.";
	if (t->unsure)
		return "Everything asserted held, but a judge was unsure of some calls: look at review.jsonl.";
	return "Everything asserted held.";
}

/* ---- per test and slice ---- */

static json_t *cell_json(const struct cw_cell *c)
{
	size_t decided = c->count[CW_VERDICT_PASS] + c->count[CW_VERDICT_FAIL];
	struct cw_values copy = {.n = c->response.n};
	struct cw_quantiles q = {0};
	double lo, hi;

	cw_stat_wilson(c->count[CW_VERDICT_PASS], decided, 1.96, &lo, &hi);
	if (copy.n)
		copy.v = talloc_memdup(NULL, c->response.v, copy.n * sizeof(*copy.v));
	if (copy.n && !copy.v)
		return NULL;
	q = cw_quantiles_of(&copy);
	talloc_free(copy.v);
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:[f, f], s:o}",
		"file", c->file, "test", c->test, "slice", "language", c->language, "voice", c->voice, "channel",
		c->channel, "target_name", c->target, "verdict", cw_cell_verdict(c), "verdicts", c->verdicts, "pass",
		(json_int_t)c->count[CW_VERDICT_PASS], "fail", (json_int_t)c->count[CW_VERDICT_FAIL], "invalid",
		(json_int_t)c->count[CW_VERDICT_INVALID], "error", (json_int_t)c->count[CW_VERDICT_ERROR], "unsure",
		(json_int_t)c->unsure, "flaky", c->count[CW_VERDICT_PASS] && c->count[CW_VERDICT_FAIL], "pass_rate_95",
		lo, hi, "response_ms", cw_quantiles_json(&q));
}

static json_t *cells_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_cells; i++)
		if (json_array_append_new(list, cell_json(&t->cells[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *gates_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:f, s:o, s:s, s:s}", "file", g->file, "gate", g->gate, "limit",
					  g->limit, "value", cw_number_json(g->value), "status",
					  cw_gate_status_name(g->status), "reason", g->reason))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- the field's common shape ---- */

/* Seconds, as that shape wants them. */
static json_t *ttfb(const struct cw_quantiles *q)
{
	if (!q->n)
		return json_null();
	return json_pack("{s:f, s:o, s:s, s:I}", "mean", q->mean / 1000, "p95", cw_number_json(q->p95 / 1000), "unit",
		"seconds", "n", (json_int_t)q->n);
}

static bool is_text(const json_t *run)
{
	const json_t *c = json_object_get(run, "configuration");

	return cw_str_starts(cw_str(cw_json_str(c, "target", cw_json_str(c, "first_target", ""))), "chat:");
}

static const char *voice_of(const json_t *c)
{
	return cw_json_str(c, "agent_voice", json_string_value(json_array_get(json_object_get(c, "voices"), 0)));
}

static json_t *configuration(const json_t *run)
{
	const json_t *c = json_object_get(run, "configuration");

	return json_pack("{s:s, s:b, s:s?}", "model", cw_json_str(c, "target", cw_json_str(c, "first_target", "")),
		"voice_enabled", !is_text(run), "voice_model", voice_of(c));
}

static json_t *performance(const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;
	json_int_t users = (json_int_t)cw_json_int(r->run, "concurrent", 1);
	bool text = is_text(r->run);

	return json_pack("{s:o, s:o, s:o, s:I}", "text_ttfb", text ? ttfb(&t->response_ms) : json_null(), "audio_ttfb",
		text ? json_null() : ttfb(&t->response_ms), "throughput",
		cw_number_json(t->call_s > 0 ? (double)t->n / t->call_s * (double)users : NAN), "concurrent_users",
		users);
}

/* As docs/judging.md defines them; null where no check measured them. */
static json_t *functional(const struct cw_report *r)
{
	json_t *computed = json_object_get(r->run, "functional");

	if (json_is_object(computed))
		return json_deep_copy(computed);
	return json_pack("{s:n, s:n, s:n, s:n}", "overall_score", "reasoning", "memory_recall", "style_consistency");
}

/* What run/card.h put into the run. */
static int add_parts(const struct cw_report *r, json_t *o)
{
	static const char *const names[] = {"response_quality", "product_fit", "targets", "sound", "judged", "tokens"};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		json_t *part = json_object_get(r->run, names[i]);

		if (part && json_object_set(o, names[i], part))
			return ENOMEM;
	}
	return 0;
}

static json_t *ear_json(const struct cw_recognition *x)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:f, s:f, s:f, s:o, s:o, s:s}", "language", x->language, "voice",
		x->voice, "channel", x->channel, "target", x->target, "calls", (json_int_t)x->n, "errors", x->errors,
		"words", x->words, "wer", x->wer.value, "lo", cw_number_json(x->wer.known ? x->wer.lo : NAN), "hi",
		cw_number_json(x->wer.known ? x->wer.hi : NAN), "drawn", x->by_test ? "tests" : "calls");
}

static json_t *ears_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_ears; i++)
		if (json_array_append_new(list, ear_json(&t->ears[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *verdicts(const struct cw_tally *t)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "PASS", (json_int_t)t->count[CW_VERDICT_PASS], "FAIL",
		(json_int_t)t->count[CW_VERDICT_FAIL], "FLAKY", (json_int_t)t->flaky, "INVALID",
		(json_int_t)t->count[CW_VERDICT_INVALID], "ERROR", (json_int_t)t->count[CW_VERDICT_ERROR]);
}

json_t *cw_report_summary_json(const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;
	json_t *o = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:I, s:b, s:o, s:I, s:I, s:[f, f], s:o, s:o, s:f, s:o, s:o, s:o, s:o, s:O*, s:o, s:o*}",
		"timestamp", cw_json_str(r->run, "created", ""), "run", cw_json_str(r->run, "id", ""), "configuration",
		configuration(r->run), "performance", performance(r), "functional", functional(r), "recommendation",
		cw_report_advice(r), "executions", (json_int_t)t->n, "planned",
		(json_int_t)cw_json_int(r->run, "executions", (int64_t)t->n), "partial", r->partial, "verdicts",
		verdicts(t), "unsure", (json_int_t)t->unsure, "retried", (json_int_t)t->retried, "pass_rate_95",
		t->pass_lo, t->pass_hi, "response_ms", cw_quantiles_json(&t->response_ms), "first_word_ms",
		cw_quantiles_json(&t->first_word_ms), "call_seconds", t->call_s, "cost_usd", cw_number_json(t->cost),
		"assertions_held", cw_number_json(t->score), "wer", ears_json(t), "gates", gates_json(t), "files",
		json_object_get(r->run, "files"), "cells", cells_json(t), "baseline",
		r->diff ? cw_diff_json(r->diff) : NULL);

	if (o && add_parts(r, o)) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int cw_report_summary(const char *path, const struct cw_report *r, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *j = cw_report_summary_json(r);

	return j ? cw_json_save(path, j, true, why) : ENOMEM;
}
