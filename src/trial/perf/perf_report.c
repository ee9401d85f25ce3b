#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/stat.h"
#include "trial/execute/execute.h"
#include "trial/perf/perf.h"

#define SLOW_S 1.5 /* people begin to ask whether anybody is there */

static double p95(struct cw_series *s)
{
	double q = NAN;

	(void)cw_stat_quantile(s->v, s->n, 0.95, &q); /* not estimable: stays NAN */
	return q;
}

static const char *advice(struct cw_perf_result *r)
{
	struct cw_series *s = &r->series[r->text ? CW_PERF_TEXT_TTFB : CW_PERF_AUDIO_TTFB];
	double tail = p95(s);

	if (!r->requests)
		return "Nothing was measured.";
	if (r->failed * 20 > r->requests)
		return "More than one request in twenty failed: look at the failures before the times.";
	if (isnan(tail))
		return "Too few values for a 95th percentile: use at least 59 (more --iterations) before anything is decided by it.";
	if (tail > SLOW_S)
		return "The slowest one in twenty makes people wait more than 1.5 s: look at where the time goes.";
	return "Nineteen answers in twenty begin within 1.5 s.";
}

static void stamp(const struct cw_perf_result *r, char out[32])
{
	time_t now = (time_t)(r->wall_us / 1000000);
	struct tm tm;

	(void)snprintf(out, 32, "2026-03-02T09:00:00Z"); /* a simulation's own clock begins here (world/sim.h) */
	if (!r->conf->trial.sim)
		(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm)); /* fits */
}

static json_t *text_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

static json_t *configuration_json(const struct cw_perf_result *r)
{
	const struct cw_perf_conf *c = r->conf;
	const struct cw_override *o = c->over;
	const char *voice = o && o->voice_spec ? o->voice_spec : c->trial.agent_voice;

	return json_pack("{s:o, s:o, s:b, s:o, s:i, s:i, s:o, s:s}", "target", text_or_null(r->target), "model",
		text_or_null(o ? o->model : NULL), "voice_enabled", !r->text, "voice_model",
		r->text ? json_null() : text_or_null(voice), "iterations", (int)c->iterations, "warmup", (int)c->warmup,
		"overrides", o ? json_deep_copy(o->json) : json_null(), "overrides_without_effect", r->idle_keys);
}

static json_t *performance_json(struct cw_perf_result *r)
{
	json_t *o = json_object();

	for (int i = 0; o && i < CW_PERF_METRICS; i++) {
		json_t *s = cw_series_json(&r->series[i]);

		if (s && !strcmp(r->series[i].unit, "s"))
			(void)json_object_set_new(s, "unit", json_string("seconds")); /* the mission's word */
		if (json_object_set_new(o, r->series[i].name, s)) {
			json_decref(o);
			return NULL;
		}
	}
	if (o && (json_object_set_new(o, "throughput",
			  r->seconds > 0 ? json_real((double)(r->requests - r->failed) / r->seconds) : json_null()) ||
			 json_object_set_new(o, "throughput_unit",
				 json_string(r->text ? "answers per second" : "calls per second")) ||
			 json_object_set_new(o, "concurrent_users", json_integer(r->conf->concurrency)))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *cw_perf_json(struct cw_perf_result *r)
{
	char time[32];

	stamp(r, time);
	return json_pack("{s:s, s:o, s:o, s:{s:n, s:n, s:n, s:n}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:o}, s:b, s:s}",
		"timestamp", time, "configuration", configuration_json(r), "performance", performance_json(r),
		"functional", "overall_score", "reasoning", "memory_recall", "style_consistency", "requests", "n",
		(json_int_t)r->requests, "failed", (json_int_t)r->failed, "passed",
		(json_int_t)r->verdict[CW_VERDICT_PASS], "not_passed", (json_int_t)r->verdict[CW_VERDICT_FAIL],
		"invalid", (json_int_t)r->verdict[CW_VERDICT_INVALID], "error",
		(json_int_t)r->verdict[CW_VERDICT_ERROR], "first_failure", text_or_null(r->first_failure),
		"interrupted", r->interrupted, "recommendation", advice(r));
}

void cw_perf_text(struct cw_buf *b, struct cw_perf_result *r)
{
	const struct cw_perf_conf *c = r->conf;

	cw_buf_fmt(b, "%s: %u iterations after %u of warm-up, %u at once%s\n", r->target ? r->target : "",
		c->iterations, c->warmup, c->concurrency, c->trial.sim ? ", virtual time" : "");
	if (c->over)
		cw_buf_fmt(b, "configuration %s\n", c->over->name);
	if (r->idle_keys[0])
		cw_buf_fmt(b, "without effect on this kind of target: %s\n", r->idle_keys);
	cw_buf_putc(b, '\n');
	cw_series_head(b);
	for (int i = 0; i < CW_PERF_METRICS; i++)
		if (r->series[i].n || r->series[i].missing)
			cw_series_row(b, &r->series[i]);
	cw_buf_fmt(b, "\n%zu %s, %zu failed", r->requests, r->text ? "answers" : "calls", r->failed);
	if (r->seconds > 0 && !c->trial.sim)
		cw_buf_fmt(b, "; %.2f per second, %.2f at once on average",
			(double)(r->requests - r->failed) / r->seconds, r->busy_s / r->seconds);
	cw_buf_puts(b, "; \"-\": too few values for that percentile\n");
	if (r->first_failure)
		cw_buf_fmt(b, "first failure: %.400s\n", r->first_failure);
	cw_buf_fmt(b, "%s\n", advice(r));
}

int cw_perf_output_check(const char *path, struct cw_why *why)
{
	const char *dot = strrchr(path, '.');

	if (dot && (!strcmp(dot, ".json") || !strcmp(dot, ".md")))
		return 0;
	return cw_why_set(why, EINVAL, "output '%s': write it as .json or .md", path);
}

int cw_perf_write(struct cw_perf_result *r, const char *path, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	const char *dot = strrchr(path, '.');
	FILE *f;
	bool good;

	if (dot && !strcmp(dot, ".json")) {
		CW_JSON_SCOPED json_t *j = cw_perf_json(r);

		return j ? cw_json_save(path, j, true, why) : ENOMEM;
	}
	cw_buf_puts(&b, "# Performance\n\n```\n");
	cw_perf_text(&b, r);
	cw_buf_puts(&b, "```\n");
	f = fopen(path, "we");
	good = f && !cw_buf_err(&b) && fwrite(b.p, 1, b.len, f) == b.len;
	if (f)
		good = !fclose(f) && good;
	return good ? 0 : cw_why_set(why, errno ? errno : EIO, "%s cannot be written: %s", path, strerror(errno));
}
