#include "trial/report/report_data.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "trial/report/matrix.h"

#define PART_MAX    (8u << 20)
#define EXTRA_MAX   (16u << 20)
#define WHOLE_BAD   300 /* executions that did not pass whose transcript and waveform go into the page */
#define WHOLE_GOOD  40  /* that passed */
#define CURVE_MAX   160 /* points of a distribution */
#define TURNS_SHOWN 400

/* JSON inside a script element must not end it: every "<" is written as an escape, which JSON reads back. */
static void put_json(struct cw_buf *page, json_t *j)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(page->max);
	struct cw_str rest, part;

	if (!j) {
		page->err = page->err ? page->err : ENOMEM;
		return;
	}
	cw_json_dump(&b, j);
	json_decref(j);
	rest = cw_buf_str(&b);
	if (cw_buf_err(&b))
		page->err = page->err ? page->err : cw_buf_err(&b);
	for (bool first = true; cw_str_split(&rest, '<', &part); first = false) {
		if (!first)
			cw_buf_puts(page, "\\u003c");
		cw_buf_put(page, part.p, part.len);
	}
}

static void put_member(struct cw_buf *page, const char *name, json_t *j)
{
	cw_buf_fmt(page, ",\n\"%s\":", name);
	put_json(page, j);
}

static int append(json_t *list, json_t *item)
{
	return json_array_append_new(list, item) ? ENOMEM : 0;
}

/* ---- sums ---- */

/* At most CURVE_MAX of the sorted values, evenly by rank, first and last among them. */
static json_t *curve_json(const struct cw_values *sorted)
{
	json_t *list = json_array();
	size_t n = sorted->n < CURVE_MAX ? sorted->n : CURVE_MAX;

	for (size_t i = 0; list && i < n; i++) {
		size_t at = n > 1 ? i * (sorted->n - 1) / (n - 1) : 0;

		if (append(list, json_real(round(sorted->v[at] * 10) / 10))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *gates_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		if (append(list, json_pack("{s:s, s:s, s:f, s:o, s:s, s:s}", "file", g->file, "gate", g->gate, "limit",
					 g->limit, "value", cw_number_json(g->value), "status",
					 cw_gate_status_name(g->status), "reason", g->reason ? g->reason : ""))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *head_json(const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;
	json_t *count = json_object();

	for (int v = 0; count && v < CW_VERDICT_N; v++)
		if (json_object_set_new(
			    count, cw_verdict_name((enum cw_verdict)v), json_integer((json_int_t)t->count[v]))) {
			json_decref(count);
			return NULL;
		}
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:[f, f], s:o, s:o, s:o, s:f, s:o, s:o, s:s, s:i, s:i}",
		"count", count, "n", (json_int_t)t->n, "flaky", (json_int_t)t->flaky, "unsure", (json_int_t)t->unsure,
		"retried", (json_int_t)t->retried, "broken", (json_int_t)t->broken, "partial", r->partial, "pass",
		t->pass_lo, t->pass_hi, "response_ms", cw_quantiles_json(&t->response_ms), "first_word_ms",
		cw_quantiles_json(&t->first_word_ms), "cost_usd", cw_number_json(t->cost), "call_s", t->call_s, "gates",
		gates_json(t), "functional", json_incref(json_object_get(r->run, "functional")) ?: json_null(),
		"advice", cw_report_advice(r), "whole_bad", WHOLE_BAD, "whole_good", WHOLE_GOOD);
}

static json_t *cells_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_cells; i++) {
		const struct cw_cell *c = &t->cells[i];

		if (append(list,
			    json_pack("[s, s, s, s, s, s, I, I, I, I, I, s]", c->file, c->test, c->language, c->voice,
				    c->channel, cw_cell_verdict(c), (json_int_t)c->count[CW_VERDICT_PASS],
				    (json_int_t)c->count[CW_VERDICT_FAIL], (json_int_t)c->count[CW_VERDICT_INVALID],
				    (json_int_t)c->count[CW_VERDICT_ERROR], (json_int_t)c->unsure, c->target))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *turns_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_turns && i < TURNS_SHOWN; i++) {
		struct cw_turn_times *x = &t->turns[i];
		struct cw_quantiles q = cw_quantiles_of(&x->v);

		if (append(list, json_pack("{s:s, s:s, s:o, s:o}", "test", x->test, "turn", x->turn, "q",
					 cw_quantiles_json(&q), "curve", curve_json(&x->v)))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *all_curve(const struct cw_tally *t)
{
	struct cw_values all = {0};
	void *scratch = talloc_new(NULL);
	json_t *j = NULL;
	int err = scratch ? 0 : ENOMEM;

	for (size_t i = 0; !err && i < t->n_cells; i++)
		for (size_t k = 0; !err && k < t->cells[i].response.n; k++)
			err = cw_values_add(scratch, &all, t->cells[i].response.v[k]);
	if (!err) {
		(void)cw_quantiles_of(&all); /* sorts */
		j = curve_json(&all);
	}
	talloc_free(scratch);
	return j;
}

static json_t *ears_json(const struct cw_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->n_ears; i++) {
		const struct cw_recognition *x = &t->ears[i];

		if (append(list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:f, s:f, s:f, s:o, s:o, s:b}", "voice", x->voice,
					 "language", x->language, "channel", x->channel, "target", x->target, "n",
					 (json_int_t)x->n, "errors", x->errors, "words", x->words, "wer", x->wer.value,
					 "lo", cw_number_json(x->wer.known ? x->wer.lo : NAN), "hi",
					 cw_number_json(x->wer.known ? x->wer.hi : NAN), "by_test", x->by_test))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* ---- one call in full ---- */

/* A file of a call's folder, or null: it may have been removed, or never kept. */
static json_t *part(const char *dir, const char *folder, const char *name)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/calls/%s/%s", dir, folder, name);
	json_t *j = NULL;

	if (!path || cw_json_load(path, PART_MAX, &j, NULL))
		return json_null();
	return j;
}

/* Levels as two hexadecimal digits each: a third of what a list of numbers takes. */
static json_t *pack_levels(json_t *levels)
{
	static const char *const sides[] = {"caller", "agent"};

	for (size_t s = 0; s < CW_COUNT(sides); s++) {
		json_t *list = json_object_get(levels, sides[s]), *v;
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(PART_MAX);
		size_t i;

		cw_buf_puts(&b, "");
		json_array_foreach (list, i, v) {
			cw_buf_fmt(&b, "%02x", (unsigned)json_integer_value(v) & 0xff);
		}
		if (list && !cw_buf_err(&b))
			(void)json_object_set_new(levels, sides[s], json_string(b.p)); /* else it stays a list */
	}
	return levels;
}

static const char *audio_of(const char *dir, const char *folder)
{
	static const char *const names[] = {"both.wav", "mono.wav"};

	for (size_t i = 0; i < CW_COUNT(names); i++) {
		CW_SCOPED char *path = talloc_asprintf(NULL, "%s/calls/%s/%s", dir, folder, names[i]);

		if (path && access(path, R_OK) == 0)
			return names[i];
	}
	return NULL;
}

static void put_whole(struct cw_buf *page, const char *dir, json_t *line, size_t i, bool first)
{
	const char *folder = cw_json_str(line, "folder", "");

	cw_buf_fmt(page, "%s\n\"%zu\":", first ? "" : ",", i);
	if (!dir) {
		put_json(page, json_pack("{s:O}", "line", line));
		return;
	}
	put_json(
		page, json_pack("{s:O, s:o, s:o, s:o, s:s?}", "line", line, "transcript",
			      part(dir, folder, "transcript.json"), "waterfall", part(dir, folder, "waterfall.json"),
			      "levels", pack_levels(part(dir, folder, "levels.json")), "audio", audio_of(dir, folder)));
}

/* ---- all executions, short ---- */

static json_t *worst_answer(const json_t *line)
{
	double worst = NAN;
	size_t i;
	json_t *turn;

	json_array_foreach (json_object_get(line, "turns"), i, turn) {
		json_t *v = json_object_get(turn, "response_ms");

		if (json_is_number(v) && !(json_number_value(v) <= worst))
			worst = json_number_value(v);
	}
	return cw_number_json(round(worst));
}

/* [cell, repeat, verdict, seconds, slowest answer, reason, unsure, folder] */
static void put_row(struct cw_buf *page, const struct cw_tally *t, const json_t *line, size_t i)
{
	enum cw_verdict v = CW_VERDICT_ERROR;
	json_t *duration = json_object_get(line, "duration_ms");

	(void)cw_verdict_of(cw_json_str(line, "verdict", ""), &v); /* an unknown one counts as ERROR */
	cw_buf_puts(page, i ? ",\n" : "\n");
	put_json(page,
		json_pack("[i, I, i, o, o, s, i, s]", (int)t->cell_of[i], (json_int_t)cw_json_int(line, "repeat", 1),
			(int)v,
			cw_number_json(json_is_number(duration) ? round(json_number_value(duration) / 100) / 10 : NAN),
			worst_answer(line), cw_json_str(line, "reason", ""), (int)cw_json_bool(line, "unsure", false),
			cw_json_str(line, "folder", "")));
}

static int put_rows(struct cw_buf *page, const struct cw_report *r)
{
	CW_BUF_SCOPED struct cw_buf whole = CW_BUF(page->max);
	size_t bad = 0, good = 0;

	cw_buf_puts(&whole, "");
	cw_buf_puts(page, ",\n\"rows\":[");
	for (size_t i = 0; i < cw_results_count(r->results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(r->results, i);
		bool passed;

		if (!line)
			return EIO;
		put_row(page, r->tally, line, i);
		passed = !strcmp(cw_json_str(line, "verdict", ""), "PASS");
		if (passed ? good++ < WHOLE_GOOD : bad++ < WHOLE_BAD)
			put_whole(&whole, r->dir, line, i, !whole.len);
	}
	cw_buf_puts(page, "],\n\"whole\":{");
	cw_buf_put(page, whole.p, whole.len);
	cw_buf_puts(page, "}");
	return cw_buf_err(&whole);
}

/* ---- what other commands left beside the run ---- */

static void put_extra(struct cw_buf *page, const struct cw_report *r, const char *member, const char *file)
{
	CW_SCOPED char *path = r->dir ? talloc_asprintf(NULL, "%s/%s", r->dir, file) : NULL;
	json_t *j = NULL;

	if (!path || access(path, R_OK))
		return;
	if (!cw_json_load(path, EXTRA_MAX, &j, NULL))
		put_member(page, member, j);
}

static void put_matrix(struct cw_buf *page, const struct cw_report *r)
{
	CW_SCOPED struct cw_matrix *m = cw_matrix_of(NULL, r->results);
	json_t *j = m && !cw_matrix_empty(m) ? cw_matrix_json(m) : NULL;

	if (j)
		put_member(page, "matrix", j);
}

int cw_report_data(struct cw_buf *page, const struct cw_report *r)
{
	int err;

	cw_buf_puts(page, "{\"run\":");
	put_json(page, json_incref((json_t *)(uintptr_t)r->run));
	put_member(page, "head", head_json(r));
	put_member(page, "cells", cells_json(r->tally));
	put_member(page, "curve", all_curve(r->tally));
	put_member(page, "turns", turns_json(r->tally));
	put_member(page, "ears", ears_json(r->tally));
	if (r->diff)
		put_member(page, "diff", cw_diff_json(r->diff));
	put_extra(page, r, "compare", "compare.json");
	put_matrix(page, r);
	err = put_rows(page, r);
	cw_buf_puts(page, "}");
	return err;
}
