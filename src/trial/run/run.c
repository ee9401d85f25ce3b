#include "trial/run/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "audio/effect.h"
#include "base/id.h"
#include "base/mem.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "store/db.h"
#include "trial/execute/babble.h"
#include "trial/report/progress.h"
#include "trial/report/report.h"
#include "trial/run/rundir.h"
#include "trial/execute/target.h"
#include "world/os.h"

#define JOBS_REAL 2
#define JOBS_MAX  1000
#define ID_CHARS  8
#define LINES_MAX (64u << 20) /* of results waiting to be written */

struct cw_run {
	const struct cw_run_conf *conf;
	struct cw_trial_conf trial;
	struct cw_plan *plan;
	struct cw_world *world;
	struct cw_rundir *dir;
	void *live; /* all that lives in the world hangs from it: freed before */
	struct cw_progress progress;
	json_t **results; /* by plan index; NULL: not done */
	size_t next_start, next_write;
	unsigned running, jobs;
	bool interrupted, stopping; /* stopping: start nothing more */
	char *db_template;          /* NULL: no agent runs in this process */
	int16_t *babble;
	size_t n_babble;
	struct cw_buf lines;     /* of results.jsonl, not given to a writer yet */
	struct writing *writing; /* under way, or NULL */
	uint64_t call_us, cpu_us;
	bool broken;
	int err; /* fatal: disk full and the like */
	struct cw_why *why;
};

struct slot { /* one execution under way */
	struct cw_run *run;
	size_t index;
	struct cw_exec_conf conf;
	struct cw_exec_result *result;
	struct cw_execution *execution;
	struct cw_work *job;
	int err;
};

static void start_more(struct cw_run *r);
static void write_more(struct cw_run *r);

/* ---- results ---- */

static bool passed(const json_t *result)
{
	return !strcmp(cw_json_str(result, "verdict", ""), "PASS");
}

/* Lines go to the disk off the lane, one job at a time, in order. */
struct writing {
	struct cw_run *run;
	const struct cw_rundir *dir;
	struct cw_buf lines;
	struct cw_why why;
	int err;
	bool written;
};

static void write_run(void *arg)
{
	struct writing *w = arg;

	w->err = cw_rundir_append(w->dir, cw_buf_str(&w->lines), &w->why);
	w->written = true;
}

static void fail(struct cw_run *r, int err, const char *text)
{
	if (r->err)
		return;
	r->err = err;
	r->stopping = true;
	(void)cw_why_set(r->why, err, "%s", text);
}

static int writing_end(struct writing *w)
{
	cw_buf_clear(&w->lines);
	return 0;
}

static void write_done(void *arg)
{
	struct writing *w = arg;
	struct cw_run *r = w->run;

	r->writing = NULL;
	if (w->err)
		fail(r, w->err, w->why.text);
	(void)talloc_free(w);
	write_more(r);
	start_more(r);
}

static void write_more(struct cw_run *r)
{
	struct writing *w;
	struct cw_work *handle;

	if (r->writing || !r->lines.len || r->err)
		return;
	w = talloc_zero(NULL, struct writing);
	if (!w) {
		fail(r, ENOMEM, "out of memory");
		return;
	}
	talloc_set_destructor(w, writing_end);
	w->run = r;
	w->dir = r->dir;
	w->lines = r->lines;
	r->lines = CW_BUF(LINES_MAX);
	r->writing = w;

	const struct cw_job job = {
		.run = write_run, .done = write_done, .arg = w, .blocking = true, .label = "trial.write"};

	if (cw_work(r->live, r->world, &job, &handle))
		fail(r, EAGAIN, "the work queue is full");
}

/* The world is gone: what no job has written yet. */
static void write_rest(struct cw_run *r)
{
	struct writing *w = r->writing;

	if (w && !w->written)
		write_run(w);
	if (w && w->err)
		fail(r, w->err, w->why.text);
	TALLOC_FREE(r->writing);
	if (!r->err && r->lines.len && cw_rundir_append(r->dir, cw_buf_str(&r->lines), r->why))
		r->err = EIO;
}

static void write_one(struct cw_run *r, size_t index)
{
	const json_t *result = r->results[index];

	cw_json_dump(&r->lines, result);
	cw_buf_putc(&r->lines, '\n');
	if (cw_buf_err(&r->lines))
		fail(r, cw_buf_err(&r->lines), "results come faster than the disk takes them");
	cw_progress_call(&r->progress, result, r->running);
	if (r->trial.fail_fast && !passed(result))
		r->stopping = true;
	write_more(r);
}

/* In simulation lines are written in the plan's order; in real time as calls end. */
static void write_results(struct cw_run *r, size_t index)
{
	if (!r->trial.sim) {
		write_one(r, index);
		return;
	}
	while (r->next_write < r->plan->n && r->results[r->next_write]) {
		if (r->stopping && r->trial.fail_fast)
			return; /* begun beside the one that failed: not part of this run */
		write_one(r, r->next_write++);
	}
}

static void finished(struct cw_run *r, size_t index, struct cw_exec_result *result, int err)
{
	r->running--;
	if (!result) {
		char text[400];

		(void)snprintf(text, sizeof(text), "the files of call %s cannot be written: %s",
			r->plan->items[index].key, strerror(err));
		fail(r, err, err == ENOMEM ? "out of memory" : text);
	} else {
		r->results[index] = json_incref(result->json);
		r->call_us += result->duration_us;
		r->cpu_us += result->cpu_us;
		r->broken = r->broken || result->broken;
		(void)talloc_free(result);
		write_results(r, index);
	}
	start_more(r);
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

	finished(s->run, s->index, s->err ? NULL : talloc_move(s->run, &s->result), s->err);
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
	size_t index = s->index;
	int err = cw_execution_error(x);

	if (result)
		(void)talloc_steal(r, result);
	(void)talloc_free(s);
	finished(r, index, result, err);
}

static int start_real(struct cw_run *r, struct slot *s)
{
	return cw_execution_start(s, r->world, &s->conf, real_done, s, &s->execution);
}

/* ---- scheduling ---- */

static int start_one(struct cw_run *r, size_t index)
{
	struct slot *s = talloc_zero(r->trial.sim ? NULL : r->live, struct slot);

	if (!s)
		return ENOMEM;
	s->run = r;
	s->index = index;
	s->conf = (struct cw_exec_conf){.item = &r->plan->items[index],
		.trial = &r->trial,
		.run_dir = cw_rundir_path(r->dir),
		.db_template = r->db_template,
		.babble = r->babble,
		.n_babble = r->n_babble};

	int err = r->trial.sim ? start_sim(r, s) : start_real(r, s);

	if (err)
		(void)talloc_free(s);
	else
		r->running++;
	return err;
}

static void start_more(struct cw_run *r)
{
	while (!r->stopping && r->running < r->jobs && r->next_start < r->plan->n) {
		size_t index = r->next_start++;

		if (r->results[index])
			continue; /* done before, in the run that is resumed */

		int err = start_one(r, index);

		if (err)
			fail(r, err, "a call could not be started");
	}
	if (!r->running && !r->writing && (r->stopping || r->next_start >= r->plan->n))
		cw_os_stop(r->world);
}

static void on_signal(int signum, void *arg)
{
	struct cw_run *r = arg;

	r->interrupted = true;
	r->stopping = true;
	cw_os_stop(r->world);
}

/* ---- run.json ---- */

static json_t *files_json(const struct cw_plan *p)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->n_scenarios; i++) {
		char hash[24];

		(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)p->scenarios[i]->hash); /* fits */
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "path", p->scenarios[i]->file, "hash", hash)))
			break;
	}
	return list;
}

static json_t *host_json(void)
{
	struct utsname u;

	if (uname(&u))
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:I}", "system", u.sysname, "release", u.release, "machine", u.machine,
		"processors", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
}

static void created(const struct cw_run *r, char out[32])
{
	time_t now = (time_t)(cw_wall(r->world) / 1000000);
	struct tm tm;

	/* what a simulation leaves must not depend on when it ran: its own clock begins here (world/sim.h) */
	(void)snprintf(out, 32, "2026-03-02T09:00:00Z");
	if (!r->trial.sim)
		(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm)); /* fits */
}

static void make_id(struct cw_run *r, char id[CW_ID_LEN + 1])
{
	if (r->trial.sim)
		(void)snprintf(id, CW_ID_LEN + 1, "sim-%016llx", (unsigned long long)r->plan->hash); /* fits */
	else
		cw_id_make(cw_wall(r->world), cw_rng(r->world), id);
}

static json_t *describe(struct cw_run *r)
{
	const struct cw_plan_item *first = &r->plan->items[0];
	char id[CW_ID_LEN + 1], hash[24], time[32];
	json_t *configuration = cw_trial_conf_json(&r->trial);

	make_id(r, id);
	created(r, time);
	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->plan->hash); /* fits */
	if (configuration && !r->trial.target)
		(void)json_object_set_new(
			configuration, "first_target", json_string(first->target)); /* for reports only */
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "id", id, "created", time, "version",
		CW_VERSION, "plan_hash", hash, "executions", (json_int_t)r->plan->n, "concurrent", (json_int_t)r->jobs,
		"configuration", configuration, "files", files_json(r->plan), "host",
		r->trial.sim ? json_null() : host_json());
}

/* ---- setting up ---- */

static bool names_babble(const char *channel)
{
	struct cw_effect_conf c;

	return !cw_profile_find(channel, &c, NULL) && c.noise && !strcmp(c.noise, "babble");
}

static int render_babble(struct cw_run *r)
{
	bool wanted = false;

	for (size_t i = 0; !wanted && i < r->plan->n; i++)
		wanted = names_babble(r->plan->items[i].channel);
	return wanted ? cw_babble_render(r, r->world, &r->babble, &r->n_babble, r->why) : 0;
}

static int check_targets(const struct cw_run *r)
{
	for (size_t i = 0; i < r->plan->n; i++) {
		const char *target = r->plan->items[i].target;
		bool seen = false;

		for (size_t k = i; k-- > 0 && !seen;)
			seen = r->plan->items[k].target == target || !strcmp(r->plan->items[k].target, target);
		if (seen)
			continue;

		int err = cw_target_check(target, r->trial.sim, r->why);

		if (err)
			return err;
	}
	return 0;
}

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

static int open_world(struct cw_run *r)
{
	struct cw_os_conf oc = {.workers = r->trial.sim ? r->jobs : 0, .work_queue = JOBS_MAX + 16};
	int err = cw_os_new(r, &oc, &r->world);

	r->live = talloc_new(r);
	if (!r->live)
		return ENOMEM;
	if (err)
		return cw_why_set(r->why, err, "the event loop cannot start: %s", strerror(err));
	return cw_os_on_signals(r->world, on_signal, r);
}

/* ---- engines: a name nobody knows is a mistake of whoever gave it, not a call that failed ---- */

static int try_voice(struct cw_run *r, const char *voice, const char *language)
{
	struct cw_tts *tts = NULL;

	if (!voice)
		return 0;

	int err = cw_tts_open(
		r->live, r->world, &(struct cw_tts_conf){.voice = voice, .language = language}, &tts, r->why);

	(void)talloc_free(tts);
	return err;
}

static int try_recogniser(struct cw_run *r, const char *engine, const char *language)
{
	static const struct cw_stt_events unheard;
	const struct cw_stt_conf conf = {.engine = engine, .language = language, .rate_hz = 8000};
	struct cw_stt *stt = NULL;

	if (!engine)
		return 0;

	int err = cw_stt_open(r->live, r->world, &conf, &unheard, NULL, &stt, r->why);

	(void)talloc_free(stt);
	return err;
}

static bool same_engines(const struct cw_plan_item *a, const struct cw_plan_item *b)
{
	return !strcmp(a->voice, b->voice) && !strcmp(a->ear, b->ear) && !strcmp(a->language, b->language);
}

/* The agent's engines are the same for the whole run when they are given at all. */
static int check_engines(struct cw_run *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->plan->n; i++) {
		const struct cw_plan_item *it = &r->plan->items[i];

		if (i && same_engines(it, it - 1))
			continue;
		err = try_voice(r, it->voice, it->language);
		if (!err)
			err = try_recogniser(r, it->ear, it->language);
		if (!err)
			err = try_voice(r, it->agent_voice, it->language);
		if (!err)
			err = try_recogniser(r, it->agent_stt, it->language);
	}
	return err;
}

static int new_dir(struct cw_run *r)
{
	char id[CW_ID_LEN + 1];

	cw_id_make(cw_wall(r->world), cw_rng(r->world), id);

	int err = cw_rundir_new(r, r->conf->out_dir, cw_wall(r->world), id + CW_ID_LEN - ID_CHARS, &r->dir, r->why);

	return err ? err : cw_rundir_describe(r->dir, describe(r), r->why);
}

/* Every in-process agent gets a database of its own, copied from one that was migrated once. */
static int make_template(struct cw_run *r)
{
	struct cw_db *db = NULL;
	bool wanted = false;

	for (size_t i = 0; !wanted && i < r->plan->n; i++)
		wanted = cw_str_starts(cw_str(r->plan->items[i].target), "agent:");
	if (!wanted)
		return 0;
	r->db_template = talloc_asprintf(r, "%s/template.db", cw_rundir_path(r->dir));
	if (!r->db_template)
		return ENOMEM;

	int err = cw_db_open(NULL, r->db_template, &db, r->why);

	(void)talloc_free(db);
	return err;
}

/* Put what was done before to its place in the plan. */
static int adopt(struct cw_run *r, json_t *lines)
{
	char hash[24];
	size_t i;
	json_t *line;

	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->plan->hash); /* fits */
	if (strcmp(hash, cw_json_str(cw_rundir_run(r->dir), "plan_hash", "")))
		return cw_why_set(r->why, EINVAL, "the scenario files changed since %s began: start a new run",
			cw_rundir_path(r->dir));
	json_array_foreach (lines, i, line) {
		const char *key = cw_json_str(line, "key", "");

		for (size_t k = 0; k < r->plan->n; k++) {
			size_t at = (i + k) % r->plan->n; /* usually in the plan's order */

			if (strcmp(r->plan->items[at].key, key))
				continue;
			if (!r->results[at])
				r->results[at] = json_incref(line);
			break;
		}
	}
	while (r->next_write < r->plan->n && r->results[r->next_write])
		r->next_write++;
	return 0;
}

static int allocate_results(struct cw_run *r)
{
	r->results = talloc_zero_array(r, json_t *, r->plan->n + 1);
	return r->results ? 0 : ENOMEM;
}

static int set_up_resumed(struct cw_run *r)
{
	CW_JSON_SCOPED json_t *lines = NULL;
	int err = cw_rundir_open(r, r->conf->resume, &r->dir, &lines, r->why);

	if (!err)
		err = cw_trial_conf_parse(
			r, json_object_get(cw_rundir_run(r->dir), "configuration"), &r->trial, r->why);
	if (!err && r->conf->trial.jobs)
		r->trial.jobs = r->conf->trial.jobs;
	r->trial.auth_token = r->conf->trial.auth_token; /* a run does not keep it */
	if (!err)
		err = cw_plan_new(r, &r->trial, &r->plan, r->why);
	if (!err)
		err = allocate_results(r);
	return err ? err : adopt(r, lines);
}

static int set_up(struct cw_run *r)
{
	bool resumed = r->conf->resume != NULL;
	int err;

	r->trial = r->conf->trial;
	err = check_outputs(r);
	if (!err)
		err = resumed ? set_up_resumed(r) : cw_plan_new(r, &r->trial, &r->plan, r->why);
	if (err || !r->plan->n)
		return err;
	r->jobs = r->trial.jobs ? r->trial.jobs : r->trial.sim ? 1 : JOBS_REAL;
	if (r->jobs > JOBS_MAX)
		return cw_why_set(r->why, EINVAL, "--jobs %u: at most %d calls at once", r->jobs, JOBS_MAX);
	err = check_targets(r);
	if (!err)
		err = open_world(r);
	if (!err)
		err = check_engines(r);
	if (!err)
		err = render_babble(r);
	if (!err && !resumed)
		err = new_dir(r);
	if (!err && !resumed)
		err = allocate_results(r);
	return err ? err : make_template(r);
}

/* ---- the end ---- */

static json_t *done_results(const struct cw_run *r)
{
	json_t *list = json_array();
	/* a simulated run that stopped leaves out what was begun beside the failure */
	size_t n = r->trial.sim ? r->next_write : r->plan->n;

	for (size_t i = 0; list && i < n; i++)
		if (r->results[i] && json_array_append(list, r->results[i])) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static int write_report(const struct cw_run *r, const char *name, cw_report_fn *fn, const struct cw_tally *t)
{
	char path[4096];

	(void)snprintf(
		path, sizeof(path), "%s/%s", cw_rundir_path(r->dir), name); /* a path that does not fit fails to open */
	return fn(path, cw_rundir_run(r->dir), t, r->why);
}

static int write_reports(const struct cw_run *r, const struct cw_tally *t)
{
	int err = write_report(r, "summary.json", cw_report_summary, t);

	if (!err)
		err = write_report(r, "junit.xml", cw_report_junit, t);
	if (!err)
		err = write_report(r, "summary.md", cw_report_markdown, t);
	if (!err)
		err = write_report(r, "report.html", cw_report_html, t);
	for (size_t i = 0; !err && i < r->conf->n_outputs; i++) {
		cw_report_fn *fn;

		err = cw_report_of(r->conf->outputs[i], &fn, r->why);
		if (!err)
			err = fn(r->conf->outputs[i], cw_rundir_run(r->dir), t, r->why);
	}
	return err;
}

static enum cw_run_end end_of(const struct cw_run *r, const struct cw_tally *t)
{
	bool untrusted = false, failed = r->trial.faults > 0 ? t->broken > 0 : t->ungated_fails > 0;
	bool invalid_gated = false;

	for (size_t i = 0; i < t->n_gates; i++) {
		const struct cw_gate_result *g = &t->gates[i];

		failed = failed || (g->status == CW_GATE_FAIL && !g->trust);
		untrusted = untrusted || (g->status == CW_GATE_FAIL && g->trust) || g->status == CW_GATE_UNDECIDED;
		invalid_gated = invalid_gated || g->trust;
	}
	if (r->interrupted)
		return CW_RUN_INTERRUPTED;
	if (failed)
		return CW_RUN_FAILED;
	if (r->trial.faults > 0) /* calls may fail then; broken promises are what counts */
		return CW_RUN_PASSED;
	if (t->count[CW_VERDICT_ERROR])
		return CW_RUN_UNREACHABLE;
	return untrusted || (t->count[CW_VERDICT_INVALID] && !invalid_gated) ? CW_RUN_UNTRUSTED : CW_RUN_PASSED;
}

static int finish(struct cw_run *r, enum cw_run_end *end)
{
	CW_JSON_SCOPED json_t *results = done_results(r);
	CW_SCOPED struct cw_tally *t = NULL;
	char cost[200] = "";
	int err = results ? cw_tally_new(NULL, results, r->plan, &t) : ENOMEM;

	if (!err)
		err = write_reports(r, t);
	if (err)
		return err;
	if (r->trial.sim && r->cpu_us)
		(void)snprintf(cost, sizeof(cost),
			"%.0f s of calls in %.1f s of processor time: %.0f times real time on one core",
			(double)r->call_us / 1e6, (double)r->cpu_us / 1e6,
			(double)r->call_us / (double)r->cpu_us); /* fits */
	cw_progress_end(&r->progress, t, cw_rundir_path(r->dir), cost);
	*end = end_of(r, t);
	return 0;
}

static int run_end(struct cw_run *r)
{
	TALLOC_FREE(r->live);
	TALLOC_FREE(r->world);
	TALLOC_FREE(r->writing);
	cw_buf_clear(&r->lines);
	if (r->db_template)
		(void)unlink(r->db_template); /* made anew by the next run */
	for (size_t i = 0; r->results && i < r->plan->n; i++)
		json_decref(r->results[i]);
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

int cw_run(const struct cw_run_conf *conf, enum cw_run_end *end, struct cw_why *why)
{
	CW_SCOPED struct cw_run *r = talloc_zero(NULL, struct cw_run);
	int err;

	if (!r)
		return ENOMEM;
	r->conf = conf;
	r->why = why;
	r->lines = CW_BUF(LINES_MAX);
	talloc_set_destructor(r, run_end);
	err = set_up(r);
	if (err)
		return cw_why_set(
			why, err, "the run cannot start: %s", strerror(err)); /* kept when a deeper reason is there */
	if (!r->plan->n) {
		*end = CW_RUN_NOTHING;
		return 0;
	}
	r->progress = (struct cw_progress){
		.live = isatty(2) == 1, .color = isatty(1) == 1 && !getenv("NO_COLOR"), .total = r->plan->n};
	for (size_t i = 0; i < r->plan->n; i++)
		r->progress.done += r->results[i] != NULL;
	start_more(r);
	if (r->running)
		cw_os_run(r->world);
	TALLOC_FREE(r->live); /* drops what still runs */
	TALLOC_FREE(r->world);
	write_rest(r);
	if (r->err)
		return stopped(r);
	return finish(r, end);
}
