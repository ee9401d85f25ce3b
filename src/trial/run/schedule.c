/* Which call is next, what becomes of one that is over, and when to stop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trial/run/run_int.h"

#define JUDGING_MAX   16      /* calls that wait for their verdict, beyond as many as may talk */
#define ATTEMPT_SEEDS 1000003 /* between the seeds of two attempts at one execution: beyond any number of repeats */

struct slot { /* one execution under way */
	struct cw_run *run;
	size_t index;
	struct cw_plan_item item;   /* of this attempt */
	struct cw_trial_conf trial; /* likewise: its rerun line names its own seed */
	struct cw_exec_conf conf;
	struct cw_exec_result *result;
	struct cw_execution *execution;
	struct cw_work *job;
	unsigned attempt; /* from 0 */
	bool judging;
	json_t *attempts; /* what came of those before, or NULL */
	int err;
};

static int start_attempt(struct cw_run *r, size_t index, unsigned attempt, json_t *attempts);

/* ---- results ---- */

static bool passed(const json_t *result)
{
	return !strcmp(cw_json_str(result, "verdict", ""), "PASS");
}

static void write_one(struct cw_run *r, size_t index, const json_t *result)
{
	cw_json_dump(&r->lines, result);
	cw_buf_putc(&r->lines, '\n');
	if (cw_buf_err(&r->lines))
		cw_run_fail(r, cw_buf_err(&r->lines), "results come faster than the disk takes them");
	r->cost += cw_json_num(result, "cost_usd", 0);
	if (r->conf->max_cost > 0 && r->cost >= r->conf->max_cost)
		r->capped = r->stopping = true;
	cw_progress_call(&r->progress, result, r->cell_of[index], r->running, cw_wall(r->world));
	if (r->trial.fail_fast && !passed(result))
		r->stopping = true;
	cw_run_write_more(r);
}

/* In simulation lines are written in the plan's order; in real time as calls end. Takes @result. */
static void take_result(struct cw_run *r, size_t index, json_t *result)
{
	if (!r->trial.sim) {
		write_one(r, index, result);
		json_decref(result);
		return;
	}
	r->waiting[index] = result;
	while (r->next_write < r->plan->n && (r->waiting[r->next_write] || r->done[r->next_write] == 2)) {
		size_t at = r->next_write;

		if (r->stopping && r->trial.fail_fast)
			return; /* begun beside the one that failed: not part of this run */
		r->next_write++;
		if (!r->waiting[at])
			continue; /* of the run that is resumed */
		write_one(r, at, r->waiting[at]);
		json_decref(r->waiting[at]);
		r->waiting[at] = NULL;
	}
}

/* ---- trying again ---- */

static bool wants_again(const struct slot *s, const struct cw_exec_result *result)
{
	const struct cw_run *r = s->run;

	return result->verdict == CW_VERDICT_INVALID && s->attempt < r->conf->retry_invalid && !r->stopping && !r->err;
}

/* What is told of an attempt that does not count. */
static json_t *attempts_with(const struct slot *s, const json_t *result)
{
	json_t *list = s->attempts ? json_incref(s->attempts) : json_array();

	if (list &&
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "verdict", cw_json_str(result, "verdict", ""), "reason",
				cw_json_str(result, "reason", ""), "seed", cw_json_str(result, "seed", ""), "folder",
				cw_json_str(result, "folder", ""), "rerun", cw_json_str(result, "rerun", "")))) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* The line is of the execution, whichever attempt it took. */
static void name_attempt(const struct slot *s, json_t *result)
{
	if (!s->attempt)
		return;
	(void)json_object_set_new(result, "key", json_string(s->run->plan->items[s->index].key));
	(void)json_object_set(result, "attempts", s->attempts); /* out of memory: the history is lost, not the result */
}

static void finished(struct slot *s, struct cw_exec_result *result, int err)
{
	struct cw_run *r = s->run;
	char text[400];

	r->running--;
	r->judging -= s->judging;
	if (!result) {
		(void)snprintf(text, sizeof(text), "the files of call %s cannot be written: %s", s->item.key,
			strerror(err)); /* may be cut */
		cw_run_fail(r, err, err == ENOMEM ? "out of memory" : text);
		return;
	}
	r->call_us += result->duration_us;
	r->cpu_us += result->cpu_us;
	if (wants_again(s, result)) {
		json_t *attempts = attempts_with(s, result->json);

		if (attempts && !start_attempt(r, s->index, s->attempt + 1, attempts))
			return;
	}
	name_attempt(s, result->json);
	take_result(r, s->index, json_incref(result->json));
}

static int slot_end(struct slot *s)
{
	json_decref(s->attempts);
	return 0;
}

/* ---- simulated executions: jobs ---- */

static void sim_run(void *arg)
{
	struct slot *s = arg;

	s->err = cw_execution_simulate(s, &s->conf, &s->result);
}

static void sim_done(void *arg)
{
	struct slot *s = arg;
	struct cw_run *r = s->run;

	finished(s, s->err ? NULL : s->result, s->err);
	cw_run_start_more(r);
}

static void slot_dispose(void *arg)
{
	struct slot *s = arg;

	(void)talloc_free(s);
}

static int start_sim(struct cw_run *r, struct slot *s)
{
	const struct cw_job job = {
		.run = sim_run, .done = sim_done, .dispose = slot_dispose, .arg = s, .label = "trial.simulate"};

	return cw_work(r->live, r->world, &job, &s->job);
}

/* ---- real executions ---- */

static void real_done(struct cw_execution *x, struct cw_exec_result *result, void *arg)
{
	struct slot *s = arg;
	struct cw_run *r = s->run;
	int err = cw_execution_error(x);

	finished(s, result, err);
	(void)talloc_free(s);
	cw_run_start_more(r);
}

/* The line is free for the next call while this one is judged. */
static void real_over(void *arg)
{
	struct slot *s = arg;

	s->judging = true;
	s->run->judging++;
	cw_run_start_more(s->run);
}

static int start_real(struct cw_run *r, struct slot *s)
{
	return cw_execution_start(s, r->world, &s->conf, real_done, s, &s->execution);
}

/* ---- starting ---- */

/* The same execution with another seed: planned as the run was, so that its rerun line does just this. */
static int plan_attempt(struct slot *s)
{
	struct cw_plan *plan;
	const char *key = s->item.key;

	s->trial.seed += (uint64_t)s->attempt * ATTEMPT_SEEDS;

	int err = cw_plan_new(s, &s->trial, &plan, NULL);

	for (size_t i = 0; !err && i < plan->n; i++) {
		if (strcmp(plan->items[i].key, key))
			continue;
		s->item = plan->items[i];
		s->item.key = talloc_asprintf(s, "%s~%u", key, s->attempt + 1);
		return s->item.key ? 0 : ENOMEM;
	}
	return err ? err : ENOENT;
}

static struct slot *new_slot(struct cw_run *r, size_t index, unsigned attempt, json_t *attempts)
{
	struct slot *s = talloc_zero(r->trial.sim ? NULL : r->live, struct slot);

	if (!s) {
		json_decref(attempts);
		return NULL;
	}
	talloc_set_destructor(s, slot_end);
	s->run = r;
	s->index = index;
	s->attempt = attempt;
	s->attempts = attempts;
	s->item = r->plan->items[index];
	s->trial = r->trial;
	s->conf = (struct cw_exec_conf){.item = &s->item,
		.trial = &s->trial,
		.run_dir = cw_rundir_path(r->dir),
		.db_template = r->db_template,
		.babble = r->babble,
		.n_babble = r->n_babble,
		.over = real_over,
		.over_arg = s};
	return s;
}

/* Takes @attempts. */
static int start_attempt(struct cw_run *r, size_t index, unsigned attempt, json_t *attempts)
{
	struct slot *s = new_slot(r, index, attempt, attempts);
	int err = s ? 0 : ENOMEM;

	if (!err && attempt)
		err = plan_attempt(s);
	if (!err)
		err = r->trial.sim ? start_sim(r, s) : start_real(r, s);
	if (err)
		(void)talloc_free(s);
	else
		r->running++;
	return err;
}

void cw_run_start_more(struct cw_run *r)
{
	while (!r->stopping && r->running - r->judging < r->jobs && r->judging < JUDGING_MAX + r->jobs &&
		r->next_start < r->plan->n) {
		size_t index = r->next_start++;

		if (r->done[index])
			continue;

		int err = start_attempt(r, index, 0, NULL);

		if (err)
			cw_run_fail(r, err, "a call could not be started");
	}
	if (!r->running && !r->writing && (r->stopping || r->next_start >= r->plan->n))
		cw_os_stop(r->world);
}

/* ---- stopping ---- */

void cw_run_on_signal(int signum, void *arg)
{
	struct cw_run *r = arg;

	if (r->interrupted || !r->running) {
		r->interrupted = true;
		cw_os_stop(r->world);
		return;
	}
	r->interrupted = r->stopping = true;
	cw_progress_say(&r->progress, "interrupted: finishing %u call%s on the line; once more to stop at once",
		r->running, r->running == 1 ? "" : "s");
}

void cw_run_on_cap(void *arg)
{
	struct cw_run *r = arg;

	r->capped = r->stopping = true;
	cw_progress_say(&r->progress, "the cap on time is reached: finishing %u call%s on the line", r->running,
		r->running == 1 ? "" : "s");
	if (!r->running && !r->writing)
		cw_os_stop(r->world);
}
