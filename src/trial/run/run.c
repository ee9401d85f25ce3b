#include "trial/run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/mem.h"
#include "trial/report/report.h"
#include "trial/run/card.h"
#include "trial/run/end.h"
#include "trial/run/run_int.h"
#include "trial/scenario/list.h"

#define JOBS_REAL 2
#define JOBS_MAX  1000
#define ID_CHARS  8

/* ---- setting up ---- */

static int check_outputs(const struct cw_run *r)
{
	for (size_t i = 0; i < r->conf->n_outputs; i++) {
		cw_report_fn *fn;
		int err = cw_report_of(r->conf->outputs[i], &fn, r->why);

		if (err)
			return err;
	}
	return 0;
}

/* A baseline that cannot be read is told before the calls, not after them. */
static int check_baseline(const struct cw_run *r)
{
	CW_SCOPED struct cw_baseline *b = NULL;

	return r->conf->baseline ? cw_baseline_open(NULL, r->conf->baseline, &b, r->why) : 0;
}

static int open_world(struct cw_run *r)
{
	struct cw_os_conf oc = {.workers = r->trial.sim ? r->jobs : 0, .work_queue = JOBS_MAX + 16};
	int err = cw_os_new(r, &oc, &r->world);

	r->live = talloc_new(r);
	if (!r->live)
		return ENOMEM;
	if (err)
		return cw_why_set(r->why, err, "the event loop cannot start: %s", strerror(err));
	cw_timer_init(&r->cap, r->world);
	return cw_os_on_signals(r->world, cw_run_on_signal, r);
}

static int new_dir(struct cw_run *r)
{
	char id[CW_ID_LEN + 1];

	cw_id_make(cw_wall(r->world), cw_rng(r->world), id);

	int err = cw_rundir_new(r, r->conf->out_dir, cw_wall(r->world), id + CW_ID_LEN - ID_CHARS, &r->dir, r->why);

	return err ? err : cw_rundir_describe(r->dir, cw_run_describe(r), r->why);
}

/* Repeats of a test in a slice follow one another in the plan. */
static int number_cells(struct cw_run *r)
{
	uint32_t cell = 0;

	r->done = talloc_zero_array(r, uint8_t, r->plan->n + 1);
	r->cell_of = talloc_zero_array(r, uint32_t, r->plan->n + 1);
	r->waiting = r->trial.sim ? talloc_zero_array(r, json_t *, r->plan->n + 1) : NULL;
	if (!r->done || !r->cell_of || (r->trial.sim && !r->waiting))
		return ENOMEM;
	for (size_t i = 0; i < r->plan->n; i++) {
		const struct cw_plan_item *it = &r->plan->items[i];

		cell += i && (it->test != it[-1].test || strcmp(it->slice, it[-1].slice));
		r->cell_of[i] = cell;
	}
	r->progress.cells = talloc_zero_array(r, uint8_t, cell + 1);
	return r->progress.cells ? 0 : ENOMEM;
}

/* What was done before takes its place in the plan. */
static int adopt(struct cw_run *r, struct cw_results *results)
{
	char hash[24];
	size_t at = 0;
	int err;

	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->plan->hash); /* fits */
	if (strcmp(hash, cw_json_str(cw_rundir_run(r->dir), "plan_hash", "")))
		return cw_why_set(r->why, EINVAL, "the scenario files changed since %s began: start a new run",
			cw_rundir_path(r->dir));
	err = cw_results_arrange(results, r->plan);
	for (size_t i = 0; !err && i < cw_results_count(results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(results, i);
		const char *key = cw_json_str(line, "key", "");

		while (at < r->plan->n && strcmp(r->plan->items[at].key, key))
			at++;
		if (at == r->plan->n)
			return EIO;
		if (r->conf->retry_errors && !strcmp(cw_json_str(line, "verdict", ""), "ERROR"))
			continue; /* its later line will count */
		r->done[at] = 2;
		r->cost += cw_json_num(line, "cost_usd", 0);
		cw_progress_count(&r->progress, line, r->cell_of[at]);
	}
	while (r->next_write < r->plan->n && r->done[r->next_write])
		r->next_write++;
	return err;
}

static int set_up_resumed(struct cw_run *r)
{
	struct cw_results *results = NULL;
	int err = cw_rundir_open(r, r->conf->resume, &r->dir, &results, r->why);
	const json_t *run = err ? NULL : cw_rundir_run(r->dir);

	if (!err)
		err = cw_trial_conf_parse(r, json_object_get(run, "configuration"), &r->trial, r->why);
	if (!err)
		err = cw_select_parse(r, json_object_get(run, "select"), &r->select);
	if (!err && r->conf->trial.jobs)
		r->trial.jobs = r->conf->trial.jobs;
	r->trial.auth_token = r->conf->trial.auth_token; /* a run keeps no secrets */
	r->trial.chat_key = r->conf->trial.chat_key;
	if (!err)
		err = cw_plan_new(r, &r->trial, &r->plan, r->why);
	if (!err)
		err = cw_select_apply(&r->select, &r->trial, r->plan, r->why);
	if (!err)
		err = number_cells(r);
	if (!err)
		err = adopt(r, results);
	talloc_free(results);
	return err;
}

static int set_up_new(struct cw_run *r)
{
	/* the first N are the first of what is selected, not of what is there */
	unsigned first = cw_select_any(&r->select) ? r->trial.first : 0;
	int err;

	if (first)
		r->trial.first = 0;
	err = cw_plan_new(r, &r->trial, &r->plan, r->why);
	if (!err)
		err = cw_select_apply(&r->select, &r->trial, r->plan, r->why);
	if (!err && first && r->plan->n > first)
		r->plan->n = first;
	if (!err)
		cw_plan_warn(r->plan, stderr);
	return err ? err : number_cells(r);
}

static int set_up(struct cw_run *r)
{
	bool resumed = r->conf->resume != NULL;
	int err;

	r->trial = r->conf->trial;
	r->select = r->conf->select;
	err = check_outputs(r);
	if (!err)
		err = check_baseline(r);
	if (!err)
		err = resumed ? set_up_resumed(r) : set_up_new(r);
	if (err || !r->plan->n)
		return err;
	r->jobs = r->trial.jobs ? r->trial.jobs : r->trial.sim ? 1 : JOBS_REAL;
	if (r->jobs > JOBS_MAX)
		return cw_why_set(r->why, EINVAL, "--jobs %u: at most %d calls at once", r->jobs, JOBS_MAX);
	err = cw_run_check_targets(r);
	if (!err)
		err = open_world(r);
	if (!err)
		err = cw_run_prepare(r);
	if (!err && !resumed)
		err = new_dir(r);
	return err ? err : cw_run_make_template(r);
}

/* ---- the end ---- */

static int write_reports(const struct cw_run *r, const struct cw_report *report)
{
	static const char *const names[] = {"summary.json", "junit.xml", "summary.md", "report.html"};
	int err = 0;

	for (size_t i = 0; !err && i < CW_COUNT(names) + r->conf->n_outputs; i++) {
		bool own = i < CW_COUNT(names);
		cw_report_fn *fn;
		char path[4096];

		(void)snprintf(path, sizeof(path), "%s%s%s", own ? report->dir : "", own ? "/" : "",
			own ? names[i]
			    : r->conf->outputs[i - CW_COUNT(names)]); /* a path that does not fit fails to open */
		err = cw_report_of(path, &fn, r->why);
		if (!err)
			err = fn(path, report, r->why);
	}
	return err;
}

static enum cw_run_end end_of(const struct cw_run *r, const struct cw_report *report)
{
	enum cw_run_end end = cw_run_end_of(report, r->conf->fail_on, r->trial.faults > 0);

	if (r->interrupted)
		return CW_RUN_INTERRUPTED;
	return end == CW_RUN_PASSED && r->capped ? CW_RUN_CAPPED : end;
}

static int compare(const struct cw_run *r, void *parent, struct cw_report *report, int64_t wall_us)
{
	struct cw_baseline *b;
	struct cw_diff *d = NULL;
	int err;

	if (!r->conf->baseline)
		return 0;
	err = cw_baseline_open(parent, r->conf->baseline, &b, r->why);
	if (!err)
		err = cw_diff_new(parent, b, report->run, report->tally, r->trial.sim ? 0 : wall_us, &d);
	report->diff = d;
	return err;
}

static int print_json(const struct cw_report *report)
{
	CW_JSON_SCOPED json_t *j = cw_report_summary_json(report);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 30);

	cw_json_dump(&b, j);
	if (!j || cw_buf_err(&b))
		return ENOMEM;
	printf("%s\n", b.p);
	return 0;
}

static int tell(struct cw_run *r, const struct cw_report *report)
{
	const char *actions = getenv("GITHUB_ACTIONS");
	char cost[200] = "";

	if (r->trial.sim && r->cpu_us)
		(void)snprintf(cost, sizeof(cost),
			"%.0f s of calls in %.1f s of processor time: %.0f times real time on one core",
			(double)r->call_us / 1e6, (double)r->cpu_us / 1e6,
			(double)r->call_us / (double)r->cpu_us); /* fits */
	if (r->conf->json)
		return print_json(report);
	cw_progress_end(&r->progress, report, cost);
	if (actions && !strcmp(actions, "true"))
		return cw_report_github(getenv("GITHUB_STEP_SUMMARY"), report, r->why);
	return 0;
}

static int finish(struct cw_run *r, int64_t wall_us, enum cw_run_end *end)
{
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_report report = {.dir = cw_rundir_path(r->dir),
		.run = cw_rundir_run(r->dir),
		.partial = r->interrupted || r->capped || (r->stopping && r->trial.fail_fast)};
	struct cw_results *results;
	struct cw_tally *tally;
	char path[4096];
	int err = parent ? 0 : ENOMEM;

	(void)snprintf(path, sizeof(path), "%s/results.jsonl", report.dir); /* a path that does not fit fails to open */
	if (!err)
		err = cw_results_open(parent, path, &results, NULL, r->why);
	if (!err)
		err = cw_results_arrange(results, r->plan);
	if (!err)
		err = cw_tally_new(parent, results, r->plan, r->conf->limits, &tally);
	if (err)
		return err;
	report.results = results;
	report.tally = tally;
	report.plan = r->plan;
	err = cw_run_card(results, r->plan, &r->trial, report.dir, cw_rundir_run(r->dir));
	if (!err)
		err = compare(r, parent, &report, wall_us);
	if (!err)
		err = write_reports(r, &report);
	if (!err)
		err = tell(r, &report);
	if (!err)
		*end = end_of(r, &report);
	return err;
}

static int run_end(struct cw_run *r)
{
	TALLOC_FREE(r->live);
	TALLOC_FREE(r->world);
	TALLOC_FREE(r->writing);
	cw_buf_clear(&r->lines);
	if (r->db_template)
		(void)unlink(r->db_template); /* made anew by the next run */
	for (size_t i = 0; r->waiting && i < r->plan->n; i++)
		json_decref(r->waiting[i]);
	return 0;
}

/* Something fatal: why, and how to go on. */
static int stopped(struct cw_run *r)
{
	char text[sizeof(r->why->text)];

	if (!r->why)
		return r->err;
	(void)snprintf(text, sizeof(text), "%s", r->why->text[0] ? r->why->text : strerror(r->err)); /* may be cut */
	*r->why = (struct cw_why){0};
	return cw_why_set(r->why, r->err, "the run stopped: %s; go on with --resume %s", text, cw_rundir_path(r->dir));
}

static void call_all(struct cw_run *r)
{
	if (r->conf->max_us)
		cw_timer_start(&r->cap, r->conf->max_us, cw_run_on_cap, r);
	cw_run_start_more(r);
	if (r->running)
		cw_os_run(r->world);
	cw_timer_stop(&r->cap);
}

int cw_run(const struct cw_run_conf *conf, enum cw_run_end *end, struct cw_why *why)
{
	CW_SCOPED struct cw_run *r = talloc_zero(NULL, struct cw_run);
	int64_t wall_us;
	int err;

	if (!r)
		return ENOMEM;
	r->conf = conf;
	r->why = why;
	r->lines = CW_BUF(CW_RUN_LINES_MAX);
	talloc_set_destructor(r, run_end);
	err = set_up(r);
	if (err)
		return cw_why_set(
			why, err, "the run cannot start: %s", strerror(err)); /* kept when a deeper reason is there */
	if (!r->plan->n) {
		*end = CW_RUN_NOTHING;
		return 0;
	}
	wall_us = cw_wall(r->world);
	cw_progress_begin(&r->progress, r->plan->n, conf->json, wall_us);
	call_all(r);
	TALLOC_FREE(r->live); /* drops what still runs */
	TALLOC_FREE(r->world);
	cw_run_write_rest(r);
	if (r->err)
		return stopped(r);
	return finish(r, wall_us, end);
}
