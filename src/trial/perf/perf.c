#include "trial/perf/perf.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "line/chat.h"
#include "trial/perf/batch.h"
#include "trial/perf/text.h"
#include "world/os.h"
#include "world/world.h"

#define FRAMES_PER_S 50.0

struct perf {
	const struct cw_perf_conf *conf;
	struct cw_why *why;
	struct cw_trial_conf trial;
	struct cw_world *world;
	struct cw_perf_result *result;
	size_t total;
	bool live;
};

static const struct {
	const char *name, *unit;
} metrics[CW_PERF_METRICS] = {
	[CW_PERF_TEXT_TTFB] = {"text_ttfb", "s"},
	[CW_PERF_TEXT_COMPLETION] = {"text_completion_time", "s"},
	[CW_PERF_TOKENS_PER_S] = {"tokens_per_second", "1/s"},
	[CW_PERF_AUDIO_TTFB] = {"audio_ttfb", "s"},
	[CW_PERF_FIRST_WORD] = {"first_word", "s"},
	[CW_PERF_ANSWER_TIME] = {"answer_time", "s"},
	[CW_PERF_TOTAL_LATENCY] = {"total_latency", "s"},
	[CW_PERF_CHUNKS_PER_S] = {"audio_chunks_per_second", "1/s"},
};

/* ---- series ---- */

static int put(struct perf *p, enum cw_perf_metric m, double v, const char *why_not)
{
	struct cw_series *s = &p->result->series[m];

	if (isfinite(v))
		return cw_series_add(p->result, s, v);
	cw_series_miss(s, why_not);
	return 0;
}

static void fail(struct perf *p, const char *text)
{
	p->result->failed++;
	if (!p->result->first_failure)
		p->result->first_failure = talloc_strdup(p->result, text); /* without memory: not told */
}

static void progress(struct perf *p, size_t finished)
{
	if (p->live)
		fprintf(stderr, "\r\033[K%zu of %zu", finished, p->total);
}

/* ---- prompts ---- */

static int count_answer(struct perf *p, const struct cw_text_answer *a)
{
	int err;

	p->result->requests++;
	if (!a->ok) {
		fail(p, a->error);
		return 0;
	}
	err = put(p, CW_PERF_TEXT_TTFB, a->ttfb_s, "");
	if (!err)
		err = put(p, CW_PERF_TEXT_COMPLETION, a->total_s, "");
	if (!err)
		err = put(p, CW_PERF_TOKENS_PER_S, a->tokens_per_s,
			"the server counted no tokens, or the answer came in one piece");
	return err;
}

static void stretch(uint64_t started, uint64_t ended, uint64_t *first, uint64_t *last, double *busy_s)
{
	*first = started < *first ? started : *first;
	*last = ended > *last ? ended : *last;
	*busy_s += (double)(ended - started) / 1e6;
}

static int count_talks(struct perf *p, const struct cw_text_talk *talks, size_t warm, size_t n)
{
	uint64_t first = UINT64_MAX, last = 0;
	int err = 0;

	for (size_t i = warm; i < n; i++) {
		for (size_t k = 0; !err && talks[i].done && k < talks[i].n; k++) {
			const struct cw_text_answer *a = &talks[i].answers[k];

			err = count_answer(p, a);
			if (a->ended_us)
				stretch(a->started_us, a->ended_us, &first, &last, &p->result->busy_s);
		}
	}
	p->result->seconds = last > first ? (double)(last - first) / 1e6 : 0;
	return err;
}

static void talk_done(size_t finished, void *arg)
{
	progress(arg, finished);
}

/* With a memory an iteration is one conversation; without, each prompt stands alone. */
static int make_talks(struct perf *p, struct cw_text_talk **ret, size_t *n, size_t *warm)
{
	const struct cw_perf_conf *c = p->conf;
	const char *const *prompts = c->n_prompts ? c->prompts : cw_text_prompts_usual;
	size_t n_prompts = c->n_prompts ? c->n_prompts : cw_text_n_prompts_usual;
	bool together = c->over && c->over->memory_turns > 0;
	size_t each = together ? n_prompts : 1, per_round = together ? 1 : n_prompts;
	size_t rounds = (size_t)c->warmup + c->iterations;
	struct cw_text_talk *talks = talloc_zero_array(p->result, struct cw_text_talk, (unsigned)(rounds * per_round));

	if (!talks)
		return ENOMEM;
	for (size_t i = 0; i < rounds * per_round; i++) {
		talks[i] = (struct cw_text_talk){.target = p->result->target,
			.over = c->over,
			.prompts = prompts + (together ? 0 : i % n_prompts),
			.n = each,
			.answers = talloc_zero_array(talks, struct cw_text_answer, (unsigned)each)};
		if (!talks[i].answers)
			return ENOMEM;
	}
	*ret = talks;
	*n = rounds * per_round;
	*warm = c->warmup * per_round;
	return 0;
}

static int run_text(struct perf *p)
{
	const struct cw_text_conf tc = {.world = p->world,
		.api_key = p->trial.chat_key,
		.jobs = p->conf->concurrency,
		.timeout_us = p->trial.timeout_us,
		.done = talk_done,
		.arg = p};
	struct cw_text_talk *talks;
	size_t n = 0, warm = 0;
	bool warm_interrupted = false;
	int err = make_talks(p, &talks, &n, &warm);

	p->total = n;
	if (!err && warm) /* measured ones begin when all of the warm-up is over */
		err = cw_text_run(p->result, &tc, talks, warm, &warm_interrupted, p->why);
	if (!err && !warm_interrupted)
		err = cw_text_run(p->result, &tc, talks + warm, n - warm, &p->result->interrupted, p->why);
	p->result->interrupted = p->result->interrupted || warm_interrupted;
	return err ? err : count_talks(p, talks, warm, n);
}

/* ---- calls ---- */

static int count_turns(struct perf *p, const struct cw_batch_entry *e)
{
	json_t *turns = json_object_get(e->result->json, "turns"), *turn;
	size_t i;
	int err = 0;

	json_array_foreach (turns, i, turn) {
		const json_t *ms = json_object_get(turn, "response_ms");
		const char *action = cw_json_str(turn, "action", "");

		if (strcmp(action, "say") != 0 && strcmp(action, "dtmf") != 0)
			continue;
		err = put(p, CW_PERF_AUDIO_TTFB, json_is_number(ms) ? json_number_value(ms) / 1000 : NAN,
			"no agent speech before the caller's next words or the end of the call");
		if (err)
			return err;
	}
	for (i = 0; !err && i < e->tap.n; i++) {
		const struct cw_tap_turn *t = &e->tap.turns[i];
		double total_s = t->last_us > t->ended_us ? (double)(t->last_us - t->ended_us) / 1e6 : NAN;
		double spoken_s = (double)(t->last_us - t->onset_us) / 1e6;

		if (!t->over)
			continue;
		err = put(p, CW_PERF_TOTAL_LATENCY, t->onset_us ? total_s : NAN, "no whole turn of the agent followed");
		if (!err)
			err = put(p, CW_PERF_CHUNKS_PER_S, t->onset_us ? spoken_s * FRAMES_PER_S / total_s : NAN,
				"no whole turn of the agent followed");
	}
	return err;
}

static int count_call(struct perf *p, const struct cw_batch_entry *e)
{
	const json_t *first = json_object_get(json_object_get(e->result->json, "measures"), "first_word_ms");
	int err;

	p->result->requests++;
	p->result->verdict[e->result->verdict]++;
	if (e->result->verdict != CW_VERDICT_PASS)
		fail(p, cw_json_str(e->result->json, "reason", ""));
	if (e->result->unreachable)
		return 0;
	err = put(p, CW_PERF_FIRST_WORD, json_is_number(first) ? json_number_value(first) / 1000 : NAN,
		"the agent said nothing");
	if (!err)
		err = put(p, CW_PERF_ANSWER_TIME, e->tap.answered ? (double)e->tap.answered_us / 1e6 : NAN,
			"the call was not answered");
	return err ? err : count_turns(p, e);
}

static void call_done(const struct cw_batch_entry *e, size_t finished, void *arg)
{
	(void)e;
	progress(arg, finished);
}

/* Warm-up calls first, then the others, both in the plan's order. */
static size_t sort_entries(const struct cw_plan *plan, unsigned warmup, struct cw_batch_entry *entries)
{
	size_t k = 0, warm;

	for (size_t i = 0; i < plan->n; i++)
		if (plan->items[i].repeat <= warmup)
			entries[k++].item = plan->items[i];
	warm = k;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->items[i].repeat > warmup)
			entries[k++].item = plan->items[i];
	return warm;
}

static int run_batches(
	struct perf *p, struct cw_perf_setup *setup, struct cw_batch_entry *entries, size_t warm, size_t n)
{
	const struct cw_batch_conf bc = {.world = p->world,
		.trial = &p->trial,
		.setup = setup,
		.jobs = p->conf->concurrency,
		.done = call_done,
		.arg = p};
	uint64_t first = UINT64_MAX, last = 0;
	bool *interrupted = &p->result->interrupted;
	int err = warm ? cw_batch_run(p->result, &bc, entries, warm, interrupted, p->why) : 0;

	if (!err && !*interrupted)
		err = cw_batch_run(p->result, &bc, entries + warm, n - warm, interrupted, p->why);
	for (size_t i = warm; !err && i < n; i++) {
		if (!entries[i].result)
			continue;
		err = count_call(p, &entries[i]);
		stretch(entries[i].started_us, entries[i].ended_us, &first, &last, &p->result->busy_s);
	}
	p->result->seconds = last > first ? (double)(last - first) / 1e6 : 0;
	return err;
}

static int run_calls(struct perf *p)
{
	struct cw_perf_result *r = p->result;
	struct cw_perf_setup *setup;
	struct cw_batch_entry *entries;
	struct cw_plan *plan;
	int err = cw_plan_new(r, &p->trial, &plan, p->why);

	if (err || !plan->n)
		return err;
	p->total = plan->n;
	entries = talloc_zero_array(r, struct cw_batch_entry, (unsigned)plan->n);
	if (!entries)
		return ENOMEM;
	r->target = plan->items[0].target;
	err = cw_perf_setup_new(r, p->world, plan, &p->trial, p->conf->out_dir, "perf", &setup, p->why);
	if (err)
		return err;
	r->run_dir = talloc_strdup(r, setup->run_dir);
	err = run_batches(p, setup, entries, sort_entries(plan, p->conf->warmup, entries), plan->n);
	(void)talloc_free(setup);
	return err;
}

/* ---- all of it ---- */

static int apply_override(struct perf *p)
{
	const struct cw_override *o = p->conf->over;
	CW_BUF_SCOPED struct cw_buf idle = CW_BUF(1000);

	p->trial = p->conf->trial;
	p->trial.repeat = p->conf->warmup + p->conf->iterations;
	if (!o)
		return 0;
	if (!p->trial.target)
		p->trial.target = o->target;
	if (o->voice_spec)
		p->trial.agent_voice = o->voice_spec;
	if (o->stt)
		p->trial.agent_stt = o->stt;
	if (!p->trial.target)
		return 0;
	cw_override_idle(o, p->trial.target, p->result->text, &idle);
	p->result->idle_keys = cw_buf_take(&idle, p->result);
	if (!p->result->text)
		p->trial.target = cw_override_target(p->result, o, p->trial.target);
	return p->trial.target ? 0 : ENOMEM;
}

static int prepare(struct perf *p)
{
	const struct cw_perf_conf *c = p->conf;
	const char *target = c->trial.target ? c->trial.target : c->over ? c->over->target : NULL;
	const char **file;
	int err;

	if (!c->trial.n_files && !target)
		return cw_why_set(
			p->why, EINVAL, "which target? Give agent:FILE, twilio:URL or chat:URL, or scenario files");
	p->result->text = !c->trial.n_files && !strncmp(target, "chat:", 5);
	p->result->target = target;
	err = apply_override(p);
	if (!err && p->result->text)
		err = cw_chat_check(p->trial.target + 5, p->why);
	if (err || c->trial.n_files || p->result->text)
		return err;
	file = talloc_zero_array(p->result, const char *, 1);
	if (!file)
		return ENOMEM;
	p->trial.files = file;
	p->trial.n_files = 1;
	return cw_spoken_scenario(p->result, c->prompts, c->n_prompts, &file[0], p->why);
}

static enum cw_perf_end end_of(const struct cw_perf_result *r)
{
	if (r->interrupted)
		return CW_PERF_INTERRUPTED;
	if (!r->requests)
		return CW_PERF_NOTHING;
	if (r->failed == r->requests && !r->verdict[CW_VERDICT_FAIL] && !r->verdict[CW_VERDICT_INVALID])
		return CW_PERF_UNREACHABLE;
	return r->failed ? CW_PERF_SOME_FAILED : CW_PERF_DONE;
}

static int report(struct perf *p)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	struct cw_perf_result *r = p->result;
	int err = 0;

	if (p->live)
		fputs("\r\033[K", stderr);
	cw_perf_text(&b, r);
	printf("%s", b.p ? b.p : "");
	if (r->run_dir) {
		CW_SCOPED char *path = talloc_asprintf(NULL, "%s/perf.json", r->run_dir);

		err = path ? cw_perf_write(r, path, p->why) : ENOMEM;
		printf("%s\n", r->run_dir);
	}
	for (size_t i = 0; !err && i < p->conf->n_outputs; i++)
		err = cw_perf_write(r, p->conf->outputs[i], p->why);
	return err;
}

static int measure(struct perf *p)
{
	struct cw_os_conf oc = {.workers = p->trial.sim ? p->conf->concurrency : 0, .work_queue = 100000};
	int err = cw_os_new(NULL, &oc, &p->world);

	if (err)
		return cw_why_set(p->why, err, "the event loop cannot start: %s", strerror(err));
	p->result->wall_us = cw_wall(p->world);
	err = p->result->text ? run_text(p) : run_calls(p);
	TALLOC_FREE(p->world); /* before what its jobs look at */
	return err;
}

int cw_perf_run(const struct cw_perf_conf *conf, enum cw_perf_end *end, struct cw_why *why)
{
	struct perf p = {.conf = conf, .why = why, .live = isatty(2) == 1};
	CW_SCOPED struct cw_perf_result *r = talloc_zero(NULL, struct cw_perf_result);
	int err = 0;

	if (!r)
		return ENOMEM;
	p.result = r;
	r->conf = conf;
	r->idle_keys = "";
	for (int i = 0; i < CW_PERF_METRICS; i++) {
		r->series[i].name = metrics[i].name;
		r->series[i].unit = metrics[i].unit;
	}
	for (size_t i = 0; !err && i < conf->n_outputs; i++)
		err = cw_perf_output_check(conf->outputs[i], why);
	if (!err)
		err = prepare(&p);
	if (!err)
		err = measure(&p);
	if (err)
		return cw_why_set(why, err, "nothing can be measured: %s", strerror(err));
	*end = end_of(r);
	return *end == CW_PERF_NOTHING ? 0 : report(&p);
}
