/* summary.md: what a reviewer reads in a pull request; the most important first, cut to what GitHub takes. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "trial/report/matrix.h"
#include "trial/report/parts.h"
#include "trial/report/report.h"

#define FILE_MAX    (4u << 20)
#define COMMENT_MAX 65536 /* GitHub counts characters; bytes are never fewer */
#define RESERVE     160   /* for the line that tells what was left out */
#define REASON_MAX  300

/* A cell of a table: no bars, no line ends, no markup of its own. */
static void put_cell(struct cw_buf *b, const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p; p++, n++) {
		if (n >= REASON_MAX && (*p & 0xc0) != 0x80) {
			cw_buf_puts(b, "…");
			return;
		}
		if (*p == '|')
			cw_buf_puts(b, "\\|");
		else if (*p == '<')
			cw_buf_puts(b, "&lt;");
		else if (*p == '`')
			cw_buf_putc(b, '\'');
		else
			cw_buf_putc(b, *p == '\n' || *p == '\r' ? ' ' : *p);
	}
}

/* Append what @piece holds if it fits into @max bytes. */
static bool fits(struct cw_buf *b, struct cw_buf *piece, size_t max)
{
	bool yes = !cw_buf_err(piece) && b->len + piece->len + RESERVE <= max;

	if (yes)
		cw_buf_put(b, piece->p, piece->len);
	cw_buf_reset(piece);
	return yes;
}

static const char *mark_of(const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;

	if (t->count[CW_VERDICT_FAIL] || (r->diff && cw_diff_is_regression(r->diff)))
		return "❌";
	return t->count[CW_VERDICT_ERROR] || t->count[CW_VERDICT_INVALID] || r->partial ? "⚠️" : "✅";
}

static void put_head(struct cw_buf *b, const struct cw_report *r)
{
	const struct cw_tally *t = r->tally;
	const json_t *conf = json_object_get(r->run, "configuration");

	cw_buf_fmt(b, "## %s Callwright: %zu passed, %zu failed", mark_of(r), t->count[CW_VERDICT_PASS],
		t->count[CW_VERDICT_FAIL]);
	if (t->flaky)
		cw_buf_fmt(b, ", %zu flaky", t->flaky);
	if (t->count[CW_VERDICT_INVALID])
		cw_buf_fmt(b, ", %zu invalid", t->count[CW_VERDICT_INVALID]);
	if (t->count[CW_VERDICT_ERROR])
		cw_buf_fmt(b, ", %zu errors", t->count[CW_VERDICT_ERROR]);
	if (t->unsure)
		cw_buf_fmt(b, ", %zu unsure", t->unsure);
	cw_buf_fmt(b, "\n\n%s%s\n\n", cw_report_advice(r),
		r->partial ? " **The run stopped before all of its calls were made.**" : "");
	cw_buf_puts(b, "`");
	put_cell(b, cw_json_str(conf, "target", cw_json_str(conf, "first_target", "")));
	cw_buf_fmt(b, "` · run %s · %zu calls%s", cw_json_str(r->run, "id", ""), t->n,
		cw_json_bool(conf, "sim", false) ? ", simulated" : "");
	if (t->count[CW_VERDICT_PASS] + t->count[CW_VERDICT_FAIL])
		cw_buf_fmt(b, " · pass rate, 95 %% interval: %.1f – %.1f %%", 100 * t->pass_lo, 100 * t->pass_hi);
	cw_buf_puts(b, "\n");
}

static void put_gates(struct cw_buf *b, const struct cw_tally *t)
{
	for (size_t i = 0; i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		cw_buf_fmt(b, "%s- gate **%s**", i ? "" : "\n", g->gate);
		if (g->file[0])
			cw_buf_fmt(b, " of %s", g->file);
		cw_buf_fmt(b, ": **%s** (limit %g", cw_gate_status_name(g->status), g->limit);
		if (!isnan(g->value))
			cw_buf_fmt(b, ", is %.4g", g->value);
		cw_buf_fmt(b, ")%s%s\n", g->reason[0] ? ": " : "", g->reason);
	}
}

static void put_quantiles(struct cw_buf *b, const char *name, const struct cw_quantiles *q)
{
	const double v[] = {q->mean, q->p50, q->p90, q->p95, q->p99, q->max};

	if (!q->n)
		return;
	cw_buf_fmt(b, "| %s | %zu |", name, q->n);
	for (size_t i = 0; i < CW_COUNT(v); i++) {
		if (isnan(v[i]))
			cw_buf_puts(b, " n too small |");
		else
			cw_buf_fmt(b, " %.0f |", v[i]);
	}
	cw_buf_putc(b, '\n');
}

static void put_times(struct cw_buf *b, const struct cw_tally *t)
{
	if (!t->response_ms.n && !t->first_word_ms.n)
		return;
	cw_buf_puts(b, "\n| ms | n | mean | p50 | p90 | p95 | p99 | max |\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
	put_quantiles(b, "response", &t->response_ms);
	put_quantiles(b, "first word", &t->first_word_ms);
}

static void put_floor(struct cw_buf *b, const json_t *run)
{
	const char *line;
	json_t *f;

	json_object_foreach (json_object_get(json_object_get(run, "host"), "clock"), line, f) {
		cw_buf_fmt(b, "\nClock floor, %s: ", line);
		if (json_is_object(f))
			cw_buf_fmt(
				b, "%.3f ± %.3f ms.\n", cw_json_num(f, "floor_ms", 0), cw_json_num(f, "jitter_ms", 0));
		else
			cw_buf_puts(b, "not measured.\n");
	}
}

static void put_cost(struct cw_buf *b, const struct cw_report *r)
{
	const json_t *tokens = json_object_get(r->run, "tokens");

	if (tokens)
		cw_buf_fmt(b, "\nTokens of the chat servers: %lld in, %lld out.\n",
			(long long)cw_json_int(tokens, "prompt", 0), (long long)cw_json_int(tokens, "completion", 0));
	if (!isnan(r->tally->cost))
		cw_buf_fmt(b, "\nCost: $%.4f, as the servers told.\n", r->tally->cost);
}

/* ---- against the baseline ---- */

static void put_diff_head(struct cw_buf *b, const struct cw_diff *d)
{
	cw_buf_fmt(b,
		"\n### Against baseline %s%s%s%s\n\n%zu regressed, %zu worse within chance, %zu fixed, %zu new, %zu gone.\n",
		d->name, d->created[0] ? " (" : "", d->created, d->created[0] ? ")" : "", d->regressed, d->worse,
		d->fixed, d->added, d->gone);
	if (d->pairs)
		cw_buf_fmt(b,
			"Same calls: %zu of %zu passed then and fail now, %zu the other way; McNemar exact p = %.3g.\n",
			d->pairs_worse, d->pairs, d->pairs_better, d->pairs_p);
	if (!isnan(d->delta))
		cw_buf_fmt(b, "Response p95: %.0f → %.0f ms, difference %+.0f ms (95 %%: %+.0f … %+.0f; %s)%s.\n",
			d->p95_before, d->p95_now, d->delta, d->delta_lo, d->delta_hi, d->latency_note,
			d->slower ? ": **slower beyond tolerance**" : "");
	for (size_t i = 0; i < d->n_warnings; i++)
		cw_buf_fmt(b, "\n> ⚠️ %s\n", d->warnings[i]);
}

static size_t put_diff(struct cw_buf *b, const struct cw_diff *d, size_t max)
{
	CW_BUF_SCOPED struct cw_buf piece = CW_BUF(FILE_MAX);
	size_t left = 0;
	bool any = false;

	put_diff_head(&piece, d);
	if (!fits(b, &piece, max))
		return 0;
	for (size_t i = 0; i < d->n_rows; i++) {
		const struct cw_diff_row *r = &d->rows[i];

		if (r->kind == CW_DIFF_NEW || r->kind == CW_DIFF_GONE)
			continue;
		if (!any)
			cw_buf_puts(&piece, "\n| | test | slice | before | now | p |\n|---|---|---|---:|---:|---:|\n");
		any = true;
		cw_buf_fmt(&piece, "| %s | ", cw_diff_kind_name(r->kind));
		put_cell(&piece, r->test);
		cw_buf_puts(&piece, " | ");
		put_cell(&piece, r->slice);
		cw_buf_fmt(&piece, " | %zu/%zu | %zu/%zu | ", r->pass_before, r->n_before, r->pass_now, r->n_now);
		if (isnan(r->p))
			cw_buf_puts(&piece, "– |\n");
		else
			cw_buf_fmt(&piece, "%.3g%s |\n", r->p, r->few ? " (too few repeats)" : "");
		left += !fits(b, &piece, max);
	}
	return left;
}

/* ---- what did not pass ---- */

static void put_failure(struct cw_buf *b, const struct cw_report *r, size_t i, const json_t *line)
{
	const json_t *s = json_object_get(line, "slice");

	cw_buf_fmt(b, "| %s%s | ", cw_json_str(line, "verdict", ""), cw_tally_is_flaky(r->tally, i) ? " (flaky)" : "");
	put_cell(b, cw_json_str(line, "test", ""));
	cw_buf_puts(b, " | ");
	put_cell(b, cw_json_str(s, "language", ""));
	cw_buf_putc(b, ' ');
	put_cell(b, cw_json_str(s, "voice", ""));
	cw_buf_putc(b, ' ');
	put_cell(b, cw_json_str(s, "channel", ""));
	if (cw_json_str(line, "target_name", NULL)) {
		cw_buf_putc(b, ' ');
		put_cell(b, cw_json_str(line, "target_name", ""));
	}
	cw_buf_fmt(b, " #%lld | ", (long long)cw_json_int(line, "repeat", 1));
	put_cell(b, cw_json_str(line, "reason", ""));
	cw_buf_puts(b, " | `");
	put_cell(b, cw_json_str(line, "rerun", ""));
	cw_buf_puts(b, "` |\n");
}

static size_t put_failures(struct cw_buf *b, const struct cw_report *r, enum cw_verdict v, bool *any, size_t max)
{
	CW_BUF_SCOPED struct cw_buf piece = CW_BUF(FILE_MAX);
	size_t left = 0;

	if (!r->tally->count[v])
		return 0;
	for (size_t i = 0; i < cw_results_count(r->results); i++) {
		const struct cw_cell *c = &r->tally->cells[r->tally->cell_of[i]];

		if (!c->count[v] || left) {
			left += left && c->count[v] && i == c->first ? c->count[v] : 0;
			continue;
		}

		CW_JSON_SCOPED json_t *line = cw_results_get(r->results, i);

		if (!line || strcmp(cw_json_str(line, "verdict", ""), cw_verdict_name(v)))
			continue;
		if (!*any)
			cw_buf_puts(&piece,
				"\n### Not passed\n\n| verdict | test | slice | reason | again |\n|---|---|---|---|---|\n");
		put_failure(&piece, r, i, line);
		if (fits(b, &piece, max))
			*any = true;
		else
			left = 1;
	}
	return left;
}

static size_t put_slices(struct cw_buf *b, const struct cw_report *r, size_t max)
{
	const struct cw_tally *t = r->tally;
	CW_BUF_SCOPED struct cw_buf piece = CW_BUF(FILE_MAX);
	size_t left = 0;

	cw_buf_fmt(&piece,
		"\n<details><summary>All tests by slice (%zu)</summary>\n\n| test | slice | verdict | passed |\n|---|---|---|---:|\n",
		t->n_cells);
	if (!fits(b, &piece, max - RESERVE))
		return t->n_cells;
	for (size_t i = 0; i < t->n_cells; i++) {
		const struct cw_cell *c = &t->cells[i];

		cw_buf_puts(&piece, "| ");
		put_cell(&piece, c->test);
		cw_buf_fmt(&piece, " | %s %s %s%s%s | %s | %zu/%zu |\n", c->language, c->voice, c->channel,
			c->target[0] ? " " : "", c->target, cw_cell_verdict(c), c->count[CW_VERDICT_PASS], c->n);
		if (!fits(b, &piece, max - RESERVE)) {
			left = t->n_cells - i;
			break;
		}
	}
	cw_buf_puts(b, "\n</details>\n");
	return left;
}

static void put_matrix(struct cw_buf *b, const struct cw_report *r, size_t max)
{
	CW_SCOPED struct cw_matrix *m = cw_matrix_of(NULL, r->results);
	CW_BUF_SCOPED struct cw_buf piece = CW_BUF(FILE_MAX);

	if (!m || cw_matrix_empty(m))
		return;
	cw_buf_puts(&piece, "\n### Barge-in matrix\n\n");
	cw_matrix_markdown(m, &piece);
	(void)fits(b, &piece, max); /* where it does not fit, report.html has it */
}

void cw_report_markdown_put(struct cw_buf *b, const struct cw_report *r, size_t max)
{
	static const enum cw_verdict order[] = {CW_VERDICT_FAIL, CW_VERDICT_ERROR, CW_VERDICT_INVALID};
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(FILE_MAX);
	size_t left = 0;
	bool any = false;

	put_head(&text, r);
	put_gates(&text, r->tally);
	put_times(&text, r->tally);
	put_floor(&text, r->run);
	put_cost(&text, r);
	if (r->diff)
		left += put_diff(&text, r->diff, max);
	for (size_t i = 0; i < CW_COUNT(order); i++)
		left += put_failures(&text, r, order[i], &any, max);
	cw_report_parts_markdown(&text, r, max > RESERVE ? max - RESERVE : 0);
	put_matrix(&text, r, max);
	left += put_slices(&text, r, max);
	if (left)
		cw_buf_fmt(&text, "\n_%zu more rows did not fit here: see report.html._\n", left);
	if (cw_buf_err(&text))
		b->err = b->err ? b->err : cw_buf_err(&text);
	else
		cw_buf_put(b, text.p, text.len);
}

int cw_report_markdown(const char *path, const struct cw_report *r, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	cw_report_markdown_put(&b, r, COMMENT_MAX);
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_file_replace(path, cw_buf_str(&b), why);
}
