#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/stat.h"
#include "trial/perf/load_int.h"

#define TEXT_MAX (1u << 20)

/* ---- pieces ---- */

static double quantile_ms(const struct cw_hist *h, double q)
{
	return cw_hist_count(h) >= cw_stat_quantile_min_n(q) ? (double)cw_hist_quantile(h, q) / 1000 : NAN;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *latency_json(const struct cw_hist *h)
{
	bool any = cw_hist_count(h) > 0;

	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "unit", "ms", "n", (json_int_t)cw_hist_count(h),
		"mean", number(any ? cw_hist_mean(h) / 1000 : NAN), "p50", number(quantile_ms(h, 0.5)), "p90",
		number(quantile_ms(h, 0.9)), "p95", number(quantile_ms(h, 0.95)), "p99", number(quantile_ms(h, 0.99)),
		"max", number(any ? (double)cw_hist_max(h) / 1000 : NAN));
}

static json_t *reasons_json(const struct cw_load_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->n_reasons; i++) {
		const struct cw_load_reason *e = &r->reasons[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:I, s:s, s:s}", "verdict", cw_verdict_name(e->verdict), "calls",
					  (json_int_t)e->n, "reason", e->text, "first", e->key))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *counts_json(const struct cw_load_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "intended",
		(json_int_t)c->intended, "dialled", (json_int_t)c->dialled, "finished", (json_int_t)c->finished, "cut",
		(json_int_t)(c->dialled - c->finished), "passed", (json_int_t)c->verdict[CW_VERDICT_PASS], "failed",
		(json_int_t)c->verdict[CW_VERDICT_FAIL], "invalid", (json_int_t)c->verdict[CW_VERDICT_INVALID], "error",
		(json_int_t)c->verdict[CW_VERDICT_ERROR], "unreachable", (json_int_t)c->unreachable,
		"waited_for_a_place", (json_int_t)c->waited, "never_dialled", (json_int_t)c->given_up, "late_callers",
		(json_int_t)c->late, "utterances_without_an_answer", (json_int_t)c->silent, "answers_that_came_early",
		(json_int_t)c->early);
}

static json_t *stages_json(const struct cw_load_conf *c)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < c->n_stages; i++) {
		const struct cw_stage *s = &c->stages[i];

		if (json_array_append_new(list, json_pack("{s:f, s:f, s:f}", "from_per_s", s->from_per_s, "to_per_s",
							s->to_per_s, "seconds", (double)s->duration_us / 1e6))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static const char *arrivals_name(const struct cw_load_conf *c)
{
	return !c->n_stages ? "closed" : c->constant ? "constant" : "poisson";
}

json_t *cw_load_json(const struct cw_load_result *r)
{
	const struct cw_load_conf *c = r->conf;
	const struct cw_load_counts *n = &r->counts;
	uint64_t passed = n->verdict[CW_VERDICT_PASS];
	struct cw_interval rate =
		cw_stat_rate_wilson((size_t)passed, (size_t)(passed + n->verdict[CW_VERDICT_FAIL]), 0.95);
	json_t *latency = json_object();

	for (int h = 0; latency && h < CW_LOAD_LATENCIES; h++)
		if (json_object_set_new(latency, cw_load_latency_name[h], latency_json(r->hist[h])))
			return NULL;
	return json_pack(
		"{s:{s:s, s:s, s:I, s:o, s:I, s:I, s:o}, s:s, s:b, s:f, s:o, s:o, s:o, s:o, s:{s:f, s:I}, s:f, s:f,"
		" s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
		"configuration", "target", r->plan->items[0].target, "arrivals", arrivals_name(c), "seed",
		(json_int_t)c->trial.seed, "stages", stages_json(c), "concurrency_limit", (json_int_t)c->concurrency,
		"lanes", (json_int_t)c->lanes, "scenario", json_string(r->plan->items[0].test->file), "verdict",
		r->verdict, "interrupted", r->interrupted, "seconds", r->seconds, "calls", counts_json(n), "success",
		number(rate.value), "success_low", number(rate.lo), "success_high", number(rate.hi), "concurrent",
		"mean", r->mean_live, "peak", (json_int_t)n->peak, "calls_per_second", (double)n->finished / r->seconds,
		"processor_share", r->cpu_s / r->seconds, "latency", latency, "knee", cw_knee_json(&r->knee), "reasons",
		reasons_json(r), "memory_own", cw_trend_json(&r->own, "bytes"), "memory_target",
		cw_trend_json(&r->target, "bytes"), "slowest_answers", cw_trend_json(&r->answers, "ms"), "leak",
		r->leak, "drift", r->drift);
}

/* ---- text: the same for the terminal and, with bars, as Markdown ---- */

static void cell_ms(struct cw_buf *b, double ms)
{
	if (isfinite(ms))
		cw_buf_fmt(b, " %9.1f", ms);
	else
		cw_buf_puts(b, "         -");
}

static void latencies(struct cw_buf *b, const struct cw_load_result *r)
{
	static const char *const about[CW_LOAD_LATENCIES] = {
		[CW_LOAD_ANSWER] = "intended dial to answer",
		[CW_LOAD_FIRST_WORD] = "intended dial to first agent word",
		[CW_LOAD_RESPONSE] = "caller's last sound to agent's words",
		[CW_LOAD_INTENDED] = "  the same, from intended speech",
		[CW_LOAD_LAG] = "the harness itself was late by",
	};

	cw_buf_puts(b,
		"latency, ms                                  n       p50       p90       p95       p99       max\n");
	for (int h = 0; h < CW_LOAD_LATENCIES; h++) {
		const struct cw_hist *hist = r->hist[h];

		cw_buf_fmt(b, "  %-36s %7llu", about[h], (unsigned long long)cw_hist_count(hist));
		cell_ms(b, quantile_ms(hist, 0.5));
		cell_ms(b, quantile_ms(hist, 0.9));
		cell_ms(b, quantile_ms(hist, 0.95));
		cell_ms(b, quantile_ms(hist, 0.99));
		cell_ms(b, cw_hist_count(hist) ? (double)cw_hist_max(hist) / 1000 : NAN);
		cw_buf_putc(b, '\n');
	}
}

static void knee_table(struct cw_buf *b, const struct cw_knee *k)
{
	cw_buf_puts(b, "calls at once     calls    passed   success  (95 %)              slowest answer p50, p95 ms\n");
	for (size_t i = 0; i < k->n; i++) {
		const struct cw_knee_band *band = &k->bands[i];

		cw_buf_fmt(b, "  %5.0f - %-5.0f %7zu   %7zu", band->from, band->to, band->calls, band->passed);
		if (band->rate.known)
			cw_buf_fmt(b, "   %6.2f %%  (%6.2f - %6.2f)  ", 100 * band->rate.value, 100 * band->rate.lo,
				100 * band->rate.hi);
		else
			cw_buf_puts(b, "          -                      ");
		cell_ms(b, band->p50_ms);
		cell_ms(b, band->p95_ms);
		cw_buf_putc(b, '\n');
	}
	if (isnan(k->knee))
		cw_buf_fmt(b, "success stays below %.0f %% from the first band on\n", 100 * k->level);
	else
		cw_buf_fmt(b, "%s %.0f %% hold up to %.0f calls at once\n",
			k->reached ? "knee:" : "no knee seen:", 100 * k->level, k->knee);
}

static void trend_line(struct cw_buf *b, const char *what, const struct cw_trend *t, double scale, const char *unit)
{
	if (!t->n)
		return;
	cw_buf_fmt(b, "  %-28s %8.1f -> %.1f %s", what, t->first / scale, t->last / scale, unit);
	if (t->known)
		cw_buf_fmt(b, ", slope %+.2f %s per hour (95 %%: %+.2f to %+.2f)\n", t->per_h / scale, unit,
			t->lo / scale, t->hi / scale);
	else
		cw_buf_puts(b, ", slope not estimable from so few samples\n");
}

static void soak_lines(struct cw_buf *b, const struct cw_load_result *r)
{
	if (!r->conf->soak)
		return;
	cw_buf_puts(b, "soak, without the first tenth\n");
	trend_line(b, "resident, this process", &r->own, 1048576, "MiB");
	trend_line(b, "resident, the target", &r->target, 1048576, "MiB");
	trend_line(b, "slowest answer of a call", &r->answers, 1, "ms");
	cw_buf_fmt(b, "  %s; %s\n", r->leak ? "memory grows" : "no growth of memory shown",
		r->drift ? "answers become slower" : "no drift of answers shown");
}

static void head(struct cw_buf *b, const struct cw_load_result *r)
{
	const struct cw_load_conf *c = r->conf;

	cw_buf_fmt(b, "load of %s with %s\n", r->plan->items[0].target, r->plan->items[0].test->file);
	if (!c->n_stages) {
		cw_buf_fmt(
			b, "%u callers kept in the line (closed: who waits for a place is not seen)", c->concurrency);
	} else {
		for (size_t i = 0; i < c->n_stages; i++) {
			const struct cw_stage *s = &c->stages[i];

			cw_buf_fmt(b, "%s%.4g", i ? ", " : "", s->from_per_s);
			if (fabs(s->to_per_s - s->from_per_s) > 0)
				cw_buf_fmt(b, " to %.4g", s->to_per_s);
			cw_buf_fmt(b, "/s for %.4g s", (double)s->duration_us / 1e6);
		}
		cw_buf_fmt(b, ", %s arrivals", c->constant ? "evenly spaced" : "Poisson");
	}
	cw_buf_fmt(
		b, ", seed %llu, %u lane%s\n\n", (unsigned long long)c->trial.seed, c->lanes, c->lanes == 1 ? "" : "s");
}

static void calls(struct cw_buf *b, const struct cw_load_result *r)
{
	const struct cw_load_counts *c = &r->counts;
	uint64_t passed = c->verdict[CW_VERDICT_PASS];
	struct cw_interval rate =
		cw_stat_rate_wilson((size_t)passed, (size_t)(passed + c->verdict[CW_VERDICT_FAIL]), 0.95);

	cw_buf_fmt(b, "calls          %llu meant to be, %llu dialled, %llu finished in %.1f s (%.2f per second)\n",
		(unsigned long long)c->intended, (unsigned long long)c->dialled, (unsigned long long)c->finished,
		r->seconds, (double)c->finished / r->seconds);
	cw_buf_fmt(b, "verdicts       %llu PASS, %llu FAIL, %llu INVALID, %llu ERROR", (unsigned long long)passed,
		(unsigned long long)c->verdict[CW_VERDICT_FAIL], (unsigned long long)c->verdict[CW_VERDICT_INVALID],
		(unsigned long long)c->verdict[CW_VERDICT_ERROR]);
	if (rate.known)
		cw_buf_fmt(
			b, "; success %.2f %% (95 %%: %.2f to %.2f)", 100 * rate.value, 100 * rate.lo, 100 * rate.hi);
	cw_buf_fmt(b, "\ncalls at once  mean %.1f, peak %u; this process used %.0f %% of a core\n", r->mean_live,
		c->peak, 100 * r->cpu_s / r->seconds);
	cw_buf_fmt(b, "late callers   %llu dialled or spoke more than %d ms after they were meant to\n",
		(unsigned long long)c->late, CW_LOAD_LATE_US / 1000);
	if (c->waited || c->given_up)
		cw_buf_fmt(b, "waited         %llu for a place (--concurrency %u), %llu never got one\n",
			(unsigned long long)c->waited, r->conf->concurrency, (unsigned long long)c->given_up);
	if (c->dialled > c->finished)
		cw_buf_fmt(b, "cut            %llu calls were still going on at the end\n",
			(unsigned long long)(c->dialled - c->finished));
	if (c->silent || c->early)
		cw_buf_fmt(b,
			"answers        %llu utterances got none that can be measured; %llu answers began early (0 ms)\n",
			(unsigned long long)c->silent, (unsigned long long)c->early);
	cw_buf_putc(b, '\n');
}

static void reasons(struct cw_buf *b, const struct cw_load_result *r)
{
	for (size_t i = 0; i < r->n_reasons; i++) {
		const struct cw_load_reason *e = &r->reasons[i];

		cw_buf_fmt(b, "%-7s %6llu x  %.300s\n                  first: %s/calls/%s\n",
			cw_verdict_name(e->verdict), (unsigned long long)e->n, e->text, r->run_dir, e->key);
	}
	if (r->n_reasons)
		cw_buf_putc(b, '\n');
}

static void text(struct cw_buf *b, const struct cw_load_result *r)
{
	head(b, r);
	calls(b, r);
	reasons(b, r);
	latencies(b, r);
	cw_buf_putc(b, '\n');
	knee_table(b, &r->knee);
	soak_lines(b, r);
	cw_buf_fmt(b, "\n%s\n", r->verdict);
}

void cw_load_print(const struct cw_load_result *r)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	text(&b, r);
	printf("%s%s\n", b.p ? b.p : "", r->run_dir);
}

/* ---- files ---- */

static int write_text(const char *path, const struct cw_buf *b, struct cw_why *why)
{
	FILE *f = fopen(path, "we");
	bool good = f && !cw_buf_err(b) && fwrite(b->p ? b->p : "", 1, b->len, f) == b->len;

	if (f)
		good = !fclose(f) && good;
	return good ? 0 : cw_why_set(why, errno ? errno : EIO, "%s cannot be written: %s", path, strerror(errno));
}

static const char *ending(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot : "";
}

int cw_load_output_check(const char *path, struct cw_why *why)
{
	const char *e = ending(path);

	if (!strcmp(e, ".json") || !strcmp(e, ".csv") || !strcmp(e, ".md"))
		return 0;
	return cw_why_set(why, EINVAL, "output '%s': a load is written as .json, .csv (the knee curve) or .md", path);
}

static int write_one(const struct cw_load_result *r, const char *path, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (!strcmp(ending(path), ".json")) {
		CW_JSON_SCOPED json_t *j = cw_load_json(r);

		return j ? cw_json_save(path, j, true, why) : ENOMEM;
	}
	if (!strcmp(ending(path), ".csv")) {
		cw_knee_csv(&b, &r->knee);
	} else {
		cw_buf_puts(&b, "# Load\n\n```\n");
		text(&b, r);
		cw_buf_puts(&b, "```\n");
	}
	return write_text(path, &b, why);
}

int cw_load_write(const struct cw_load_result *r, struct cw_why *why)
{
	static const char *const names[] = {"load.json", "knee.csv", "load.md"};
	char path[4096];
	int err = 0;

	for (size_t i = 0; !err && i < CW_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", r->run_dir, names[i]); /* too long: fails to open */
		err = write_one(r, path, why);
	}
	for (size_t i = 0; !err && i < r->conf->n_outputs; i++)
		err = write_one(r, r->conf->outputs[i], why);
	return err;
}
