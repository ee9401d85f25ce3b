#include "trial/perf/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "line/chat.h"
#include "trial/perf/batch.h"
#include "trial/perf/text.h"
#include "trial/report/report.h"
#include "trial/run/card.h"
#include "world/os.h"
#include "world/world.h"

enum side { A, B };

struct compare {
	const struct cw_compare_conf *conf;
	struct cw_why *why;
	void *scope;
	struct cw_trial_conf trial[2];
	const char *name[2];
	struct cw_world *world;
	struct cw_pair_set *set;
	const char *run_dir;
	size_t total, lost; /* pairs of which a side has no verdict */
	bool live, interrupted, all_gone;
	const char *first_failure;
};

static void progress(const struct compare *c, size_t finished)
{
	if (c->live)
		fprintf(stderr, "\r\033[K%zu of %zu", finished, c->total);
}

/* ---- metrics of calls ---- */

static double measure(const json_t *result, const char *name)
{
	const json_t *v = json_object_get(json_object_get(result, "measures"), name);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static double passed(const json_t *result)
{
	const char *v = cw_json_str(result, "verdict", "");

	return !strcmp(v, "PASS") ? 1 : !strcmp(v, "FAIL") ? 0 : NAN;
}

static const json_t *same_turn(const json_t *turns, const json_t *like)
{
	const json_t *turn;
	size_t i;

	json_array_foreach (turns, i, turn)
		if (!strcmp(cw_json_str(turn, "of", ""), cw_json_str(like, "of", "")) &&
			cw_json_int(turn, "n", 0) == cw_json_int(like, "n", 0))
			return turn;
	return NULL;
}

/* Mean over the turns which were answered in both: else a missing slow answer would look fast. */
static void responses(const json_t *a, const json_t *b, double *ma, double *mb)
{
	const json_t *turns = json_object_get(a, "turns"), *turn;
	double sa = 0, sb = 0;
	size_t i, n = 0;

	json_array_foreach (turns, i, turn) {
		const json_t *other = same_turn(json_object_get(b, "turns"), turn);
		const json_t *x = json_object_get(turn, "response_ms"), *y = json_object_get(other, "response_ms");

		if (!json_is_number(x) || !json_is_number(y))
			continue;
		sa += json_number_value(x);
		sb += json_number_value(y);
		n++;
	}
	*ma = n ? sa / (double)n : NAN;
	*mb = n ? sb / (double)n : NAN;
}

enum { PASS, RESPONSE, FIRST_WORD, DURATION, SCORE, CALL_METRICS };

static int call_metrics(struct cw_pair_set *s)
{
	bool good = cw_pair_set_metric(s, "pass", "rate", true, true) &&
		    cw_pair_set_metric(s, "response", "ms", false, false) &&
		    cw_pair_set_metric(s, "first_word", "ms", false, false) &&
		    cw_pair_set_metric(s, "call_duration", "ms", false, false) &&
		    cw_pair_set_metric(s, "score", "", false, true);

	return good ? 0 : ENOMEM;
}

static void fill(struct compare *c, size_t i, const json_t *a, const json_t *b)
{
	struct cw_pair_metric *m = c->set->metrics;
	const json_t *both[] = {a, b};
	bool decided = true;

	for (int side = A; side <= B; side++) {
		const json_t *x = both[side];
		double pass = passed(x), *into[CALL_METRICS];

		for (int k = 0; k < CALL_METRICS; k++)
			into[k] = side == A ? m[k].a : m[k].b;
		into[PASS][i] = pass;
		decided = decided && !isnan(pass);
		if (isnan(pass))
			continue; /* an invalid call measures nothing */
		into[FIRST_WORD][i] = measure(x, "first_word_ms");
		into[DURATION][i] = cw_json_num(x, "duration_ms", NAN);
		into[SCORE][i] = cw_json_num(x, "score", NAN);
	}
	if (decided)
		responses(a, b, &m[RESPONSE].a[i], &m[RESPONSE].b[i]);
	c->lost += !decided;
}

/* Number of the cluster called @name; the names seen so far stand in @names. */
static size_t cluster_of(struct compare *c, const char **names, const char *name)
{
	for (size_t k = 0; k < c->set->n_clusters; k++)
		if (!strcmp(names[k], name))
			return k;
	names[c->set->n_clusters] = name;
	return c->set->n_clusters++;
}

static int new_set(struct compare *c, size_t n)
{
	int err = cw_pair_set_new(c->scope, n, &c->set);

	if (err)
		return err;
	c->set->name_a = c->name[A];
	c->set->name_b = c->name[B];
	c->set->seed = c->conf->trial.seed;
	return 0;
}

/* ---- calls ---- */

static void call_done(const struct cw_batch_entry *e, size_t finished, void *arg)
{
	struct compare *c = arg;

	if (e->result->verdict == CW_VERDICT_ERROR && !c->first_failure)
		c->first_failure = cw_json_str(e->result->json, "reason", "");
	progress(c, finished);
}

/* Pair after pair: A B, B A, A B … */
static int interleave(struct compare *c, struct cw_plan *const plan[2], struct cw_batch_entry *entries)
{
	for (size_t i = 0; i < plan[A]->n; i++) {
		for (int k = 0; k < 2; k++) {
			int side = (i + (size_t)k) % 2 ? B : A;
			struct cw_batch_entry *e = &entries[2 * i + (size_t)k];

			e->item = plan[side]->items[i];
			e->item.key = talloc_asprintf(c->scope, "%c.%s", side == A ? 'A' : 'B', e->item.key);
			if (!e->item.key)
				return ENOMEM;
		}
	}
	return 0;
}

static int fill_calls(struct compare *c, const struct cw_plan *plan, const struct cw_batch_entry *entries)
{
	const char **names = talloc_zero_array(c->scope, const char *, (unsigned)plan->n + 1);
	size_t gone = 0, done = 0;
	int err = names ? new_set(c, plan->n) : ENOMEM;

	if (!err)
		err = call_metrics(c->set);
	for (size_t i = 0; !err && i < plan->n; i++) {
		const struct cw_batch_entry *first = &entries[2 * i], *second = first + 1;
		const struct cw_batch_entry *a = i % 2 ? second : first, *b = i % 2 ? first : second;

		c->set->cluster[i] = cluster_of(c, names, plan->items[i].test->id);
		if (!a->result || !b->result)
			continue;
		done++;
		gone += a->result->unreachable || b->result->unreachable;
		fill(c, i, a->result->json, b->result->json);
	}
	c->all_gone = done && gone == done;
	return err;
}

static int append_results(
	struct compare *c, const struct cw_perf_setup *setup, const struct cw_batch_entry *e, size_t n)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(256u << 20);

	for (size_t i = 0; i < n; i++) {
		if (!e[i].result)
			continue;
		(void)json_object_set_new(e[i].result->json, "key", json_string(e[i].item.key)); /* as it was */
		(void)json_object_set_new(e[i].result->json, "target_name",
			json_stringn(e[i].item.key, 1)); /* reports then keep A and B apart */
		cw_json_dump(&b, e[i].result->json);
		cw_buf_putc(&b, '\n');
	}
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_rundir_append(setup->dir, cw_buf_str(&b), c->why);
}

static int run_calls(struct compare *c)
{
	struct cw_plan *plan[2];
	struct cw_perf_setup *setup[2] = {NULL, NULL};
	struct cw_batch_entry *entries;
	size_t n;
	int err = cw_plan_new(c->scope, &c->trial[A], &plan[A], c->why);

	if (!err)
		err = cw_plan_new(c->scope, &c->trial[B], &plan[B], c->why);
	if (err || !plan[A]->n)
		return err;
	CW_ASSERT(plan[A]->n == plan[B]->n); /* the same files and options */
	n = 2 * plan[A]->n;
	c->total = n;
	entries = talloc_zero_array(c->scope, struct cw_batch_entry, (unsigned)n);
	err = entries ? interleave(c, plan, entries) : ENOMEM;
	if (!err)
		err = cw_perf_check(c->world, plan[B], &c->trial[B], c->why);
	if (!err)
		err = cw_perf_setup_new(
			c->scope, c->world, plan[A], &c->trial[A], c->conf->out_dir, "compare", &setup[A], c->why);
	if (err)
		return err;
	if (!c->name[A])
		c->name[A] = plan[A]->items[0].target;
	if (!c->name[B])
		c->name[B] = plan[B]->items[0].target;
	c->run_dir = talloc_strdup(c->scope, setup[A]->run_dir);

	const struct cw_batch_conf bc = {.world = c->world,
		.trial = &c->conf->trial,
		.setup = setup[A],
		.jobs = c->conf->jobs,
		.done = call_done,
		.arg = c};

	err = cw_batch_run(c->scope, &bc, entries, n, &c->interrupted, c->why);
	if (!err)
		err = append_results(c, setup[A], entries, n);
	return err ? err : fill_calls(c, plan[A], entries);
}

/* ---- prompts ---- */

enum { ANSWERED, TTFB, COMPLETION, TOKENS, TEXT_METRICS };

static int text_metrics(struct cw_pair_set *s)
{
	bool good = cw_pair_set_metric(s, "answered", "rate", true, true) &&
		    cw_pair_set_metric(s, "text_ttfb", "s", false, false) &&
		    cw_pair_set_metric(s, "text_completion_time", "s", false, false) &&
		    cw_pair_set_metric(s, "tokens_per_second", "1/s", false, true);

	return good ? 0 : ENOMEM;
}

static void fill_text(struct compare *c, size_t i, int side, const struct cw_text_talk *t)
{
	struct cw_pair_metric *m = c->set->metrics;
	const struct cw_text_answer *a = &t->answers[0];
	double *into[TEXT_METRICS];

	for (int k = 0; k < TEXT_METRICS; k++)
		into[k] = side == A ? m[k].a : m[k].b;
	if (!t->done)
		return;
	into[ANSWERED][i] = a->ok;
	if (!a->ok) {
		c->first_failure = c->first_failure ? c->first_failure : a->error;
		return;
	}
	into[TTFB][i] = a->ttfb_s;
	into[COMPLETION][i] = a->total_s;
	into[TOKENS][i] = a->tokens_per_s;
}

static void talk_done(size_t finished, void *arg)
{
	progress(arg, finished);
}

static int run_text(struct compare *c)
{
	const struct cw_compare_conf *conf = c->conf;
	const char *const *prompts = conf->n_prompts ? conf->prompts : cw_text_prompts_usual;
	size_t n_prompts = conf->n_prompts ? conf->n_prompts : cw_text_n_prompts_usual,
	       n = n_prompts * conf->iterations;
	struct cw_text_talk *talks = talloc_zero_array(c->scope, struct cw_text_talk, (unsigned)(2 * n));
	struct cw_text_answer *answers = talloc_zero_array(c->scope, struct cw_text_answer, (unsigned)(2 * n));
	const struct cw_text_conf tc = {.world = c->world,
		.api_key = conf->trial.chat_key,
		.jobs = conf->jobs,
		.timeout_us = conf->trial.timeout_us,
		.done = talk_done,
		.arg = c};
	int err = talks && answers ? new_set(c, n) : ENOMEM;

	if (!err)
		err = text_metrics(c->set);
	if (err)
		return err;
	for (size_t k = 0; k < 2 * n; k++) {
		int side = (k / 2 + k) % 2 ? B : A;

		talks[k] = (struct cw_text_talk){.target = c->trial[side].target,
			.over = conf->side[side].over,
			.prompts = prompts + k / 2 % n_prompts,
			.n = 1,
			.answers = &answers[k]};
	}
	c->total = 2 * n;
	c->set->n_clusters = n_prompts;
	err = cw_text_run(c->scope, &tc, talks, 2 * n, &c->interrupted, c->why);
	for (size_t k = 0; !err && k < 2 * n; k++) {
		c->set->cluster[k / 2] = k / 2 % n_prompts;
		fill_text(c, k / 2, (k / 2 + k) % 2 ? B : A, &talks[k]);
	}
	return err;
}

/* ---- stored runs ---- */

static int pair_lines(struct compare *c, const struct cw_results *a, const struct cw_results *b)
{
	size_t n = cw_results_count(a), seeds = 0, found = 0;
	const char **names = talloc_zero_array(c->scope, const char *, (unsigned)n + 1);
	int err = names ? new_set(c, n) : ENOMEM;

	if (!err)
		err = call_metrics(c->set);
	for (size_t i = 0; !err && i < n; i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(a, i);
		CW_JSON_SCOPED json_t *other = line ? cw_results_find(b, cw_json_str(line, "key", "")) : NULL;
		const char *test = talloc_strdup(names, line ? cw_json_str(line, "test", "") : "");

		if (!test)
			return ENOMEM;
		c->set->cluster[i] = cluster_of(c, names, test);
		if (!other)
			continue;
		found++;
		seeds += strcmp(cw_json_str(line, "seed", ""), cw_json_str(other, "seed", "")) != 0;
		fill(c, i, line, other);
	}
	if (!err && !found)
		return cw_why_set(c->why, EINVAL, "%s and %s have no call in common (same test, slice and repeat)",
			c->conf->side[A].run, c->conf->side[B].run);
	if (found < n || found < cw_results_count(b))
		fprintf(stderr, "callwright compare: %zu calls are in both runs; the others are left out\n", found);
	if (seeds)
		fprintf(stderr,
			"callwright compare: %zu pairs have different seeds: callers did not do exactly the same\n",
			seeds);
	return err;
}

static int run_stored(struct compare *c)
{
	struct cw_results *lines[2];
	int err = 0;

	for (int side = A; !err && side <= B; side++) {
		char *dir, *path;

		err = cw_rundir_find(c->scope, c->conf->side[side].run, &dir, c->why);
		if (err)
			return err;
		path = talloc_asprintf(c->scope, "%s/results.jsonl", dir);
		err = path ? cw_results_open(c->scope, path, &lines[side], NULL, c->why) : ENOMEM;
		c->name[side] = dir;
	}
	return err ? err : pair_lines(c, lines[A], lines[B]);
}

/* ---- all of it ---- */

static int prepare_side(struct compare *c, int side)
{
	const struct cw_compare_side *s = &c->conf->side[side];
	struct cw_trial_conf *t = &c->trial[side];
	CW_BUF_SCOPED struct cw_buf idle = CW_BUF(1000);
	bool text = !c->conf->trial.n_files;

	*t = c->conf->trial;
	t->repeat = c->conf->iterations;
	t->target = s->target ? s->target : s->over && s->over->target ? s->over->target : t->target;
	c->name[side] = s->over ? s->over->name : t->target;
	if (s->over && s->over->voice_spec)
		t->agent_voice = s->over->voice_spec;
	if (s->over && s->over->stt)
		t->agent_stt = s->over->stt;
	if (text && (!t->target || strncmp(t->target, "chat:", 5) != 0))
		return cw_why_set(c->why, EINVAL,
			"without scenario files both sides are asked prompts: '%s' is no chat: target",
			t->target ? t->target : "");
	if (!s->over || !t->target)
		return text ? cw_chat_check(t->target + 5, c->why) : 0;
	cw_override_idle(s->over, t->target, text, &idle);
	if (idle.len)
		fprintf(stderr, "callwright compare: %s: without effect on this kind of target: %s\n", s->over->file,
			idle.p);
	if (!text)
		t->target = cw_override_target(c->scope, s->over, t->target);
	return t->target ? 0 : ENOMEM;
}

/* The calls of both sides as two targets, and compare.json among them: a page of the run's folder. */
static int write_page(const struct compare *c, const char *path)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	CW_SCOPED char *run_path = talloc_asprintf(NULL, "%s/run.json", c->run_dir);
	CW_SCOPED char *lines = talloc_asprintf(NULL, "%s/results.jsonl", c->run_dir);
	CW_JSON_SCOPED json_t *run = NULL;
	struct cw_results *results;
	struct cw_tally *tally;
	int err = scope && run_path && lines ? cw_json_load(run_path, 16u << 20, &run, c->why) : ENOMEM;

	if (!err)
		err = cw_results_open(scope, lines, &results, NULL, c->why);
	if (!err)
		err = cw_run_card(results, NULL, &c->conf->trial, c->run_dir, run);
	if (!err)
		err = cw_tally_new(scope, results, NULL, NULL, &tally);
	if (err)
		return err;
	return cw_report_html(path,
		&(struct cw_report){
			.dir = c->run_dir, .run = run, .results = results, .tally = tally, .partial = c->interrupted},
		c->why);
}

static int write_reports(const struct compare *c, const struct cw_pair_report *r)
{
	CW_JSON_SCOPED json_t *j = cw_pairs_json(r);
	CW_SCOPED char *own = c->run_dir ? talloc_asprintf(NULL, "%s/compare.json", c->run_dir) : NULL;
	int err = j ? 0 : ENOMEM;

	CW_SCOPED char *page = c->run_dir ? talloc_asprintf(NULL, "%s/report.html", c->run_dir) : NULL;

	if (!err && own)
		err = cw_json_save(own, j, true, c->why);
	if (!err && page)
		err = write_page(c, page);
	for (size_t i = 0; !err && i < c->conf->n_outputs; i++) {
		const char *path = c->conf->outputs[i], *dot = strrchr(path, '.');
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);

		if (dot && !strcmp(dot, ".json")) {
			err = cw_json_save(path, j, true, c->why);
			continue;
		}
		if (dot && !strcmp(dot, ".html")) {
			err = c->run_dir
				      ? write_page(c, path)
				      : cw_why_set(c->why, EINVAL,
						"%s: a page is of calls made now; of stored runs or prompts write .json or .md",
						path);
			continue;
		}
		cw_pairs_markdown(&b, r);

		FILE *f = fopen(path, "we");
		bool good = f && !cw_buf_err(&b) && fwrite(b.p, 1, b.len, f) == b.len;

		if (f)
			good = !fclose(f) && good;
		if (!good)
			err = cw_why_set(c->why, errno ? errno : EIO, "%s cannot be written", path);
	}
	return err;
}

static int report(const struct compare *c, enum cw_compare_end *end)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	struct cw_pair_report *r = talloc_zero(c->scope, struct cw_pair_report);
	int err = r ? cw_pairs_compare(c->set, r) : ENOMEM;

	if (err)
		return err;
	if (c->live)
		fputs("\r\033[K", stderr);
	cw_pairs_text(&b, r);
	printf("%s", b.p ? b.p : "");
	if (c->lost)
		printf("%zu pairs had a call without a verdict (INVALID or ERROR) and are left out\n", c->lost);
	if (c->first_failure)
		printf("first failure: %.400s\n", c->first_failure);
	if (c->run_dir)
		printf("%s\n", c->run_dir);
	*end = c->interrupted ? CW_COMPARE_INTERRUPTED : c->all_gone ? CW_COMPARE_UNREACHABLE : CW_COMPARE_EQUAL;
	for (size_t i = 0; *end == CW_COMPARE_EQUAL && i < r->n; i++)
		if (r->results[i].finding == CW_PAIR_WORSE)
			*end = CW_COMPARE_WORSE;
	return write_reports(c, r);
}

static int live(struct compare *c)
{
	struct cw_os_conf oc = {.workers = c->conf->trial.sim ? c->conf->jobs : 0, .work_queue = 100000};
	int err = prepare_side(c, A);

	if (!err)
		err = prepare_side(c, B);
	if (!err)
		err = cw_os_new(NULL, &oc, &c->world);
	if (err)
		return err;
	err = c->conf->trial.n_files ? run_calls(c) : run_text(c);
	TALLOC_FREE(c->world); /* before what its jobs look at */
	return err;
}

int cw_compare_run(const struct cw_compare_conf *conf, enum cw_compare_end *end, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct compare c = {.conf = conf, .why = why, .scope = scope, .live = isatty(2) == 1};
	int err = scope ? 0 : ENOMEM;

	for (size_t i = 0; !err && i < conf->n_outputs; i++) {
		const char *dot = strrchr(conf->outputs[i], '.');

		if (!dot || (strcmp(dot, ".json") != 0 && strcmp(dot, ".md") != 0 && strcmp(dot, ".html") != 0))
			err = cw_why_set(why, EINVAL, "output '%s': write it as .json, .md or .html", conf->outputs[i]);
	}
	if (!err)
		err = conf->side[A].run ? run_stored(&c) : live(&c);
	if (err)
		return cw_why_set(why, err, "nothing can be compared: %s", strerror(err));
	if (!c.set) {
		*end = CW_COMPARE_NOTHING;
		return 0;
	}
	return report(&c, end);
}
