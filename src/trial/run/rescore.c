#include "trial/run/rescore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "trial/execute/record.h"
#include "trial/report/progress.h"
#include "trial/report/report.h"
#include "trial/run/card.h"
#include "trial/run/end.h"
#include "trial/run/rundir.h"

#define RUN_MAX     (16u << 20)
#define RESULTS_MAX (1u << 30)
#define SHOWN_MAX   50

struct rescoring {
	const struct cw_rescore_conf *conf;
	char *dir;
	json_t *run;
	struct cw_trial_conf trial;
	struct cw_plan *plan; /* NULL: the files are gone, which only rescoring minds */
	struct cw_results *results;
	struct cw_buf lines;
	size_t changed, same;
	struct cw_why *why;
};

static int rescoring_end(struct rescoring *s)
{
	json_decref(s->run);
	cw_buf_clear(&s->lines);
	return 0;
}

/* ---- deciding one anew ---- */

static const struct cw_plan_item *find_item(const struct rescoring *s, const char *key, size_t hint)
{
	for (size_t k = 0; k < s->plan->n; k++) {
		const struct cw_plan_item *it = &s->plan->items[(hint + k) % s->plan->n];

		if (!strcmp(it->key, key))
			return it;
	}
	return NULL;
}

/* It was something once; now nobody can say. */
static int make_error(json_t *line, const char *reason, const char *file)
{
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(2000);

	cw_buf_fmt(&text, "cannot be decided again: %s%s%s", file, file[0] ? ": " : "", reason);
	return json_object_set_new(line, "verdict", json_string("ERROR")) ||
			       json_object_set_new(line, "checks", json_array()) ||
			       json_object_set_new(line, "score", json_real(0)) ||
			       json_object_set_new(line, "reason",
				       json_string(cw_buf_err(&text) ? "cannot be decided again" : text.p))
		       ? ENOMEM
		       : 0;
}

static int judge_again(struct rescoring *s, const struct cw_plan_item *item, json_t *old, json_t **ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	CW_SCOPED char *dir =
		talloc_asprintf(NULL, "%s/calls/%s", s->dir, cw_json_str(old, "folder", cw_json_str(old, "key", "")));
	struct cw_call_record *record;
	struct cw_exec_result *result;
	struct cw_why why = {0};
	json_t *attempts = json_object_get(old, "attempts");
	int err = scratch && dir ? cw_record_load(scratch, dir, item, &s->trial, &record, &why) : ENOMEM;

	if (err == ENOMEM)
		return err;
	if (err) {
		*ret = json_deep_copy(old);
		return *ret ? make_error(*ret, why.text, why.file) : ENOMEM;
	}
	err = cw_judge(scratch, record, &result);
	if (err)
		return err;
	*ret = json_incref(result->json);
	(void)json_object_set_new(
		*ret, "folder", json_string(cw_json_str(old, "folder", ""))); /* out of memory: as planned */
	if (attempts)
		(void)json_object_set(*ret, "attempts", attempts); /* out of memory: the history is lost */
	return 0;
}

static void tell_change(struct rescoring *s, const json_t *old, const json_t *now)
{
	const char *before = cw_json_str(old, "verdict", ""), *after = cw_json_str(now, "verdict", "");
	const char *reason = cw_json_str(now, "reason", "");

	if (!strcmp(before, after)) {
		s->same++;
		return;
	}
	if (!s->conf->json && s->changed++ < SHOWN_MAX)
		printf("%s: %s, was %s%s%s\n", cw_json_str(now, "key", ""), after, before, reason[0] ? ": " : "",
			reason);
}

static int rescore_one(struct rescoring *s, size_t i)
{
	CW_JSON_SCOPED json_t *old = cw_results_get(s->results, i);
	CW_JSON_SCOPED json_t *now = NULL;
	const struct cw_plan_item *item;
	int err;

	if (!old)
		return EIO;
	item = find_item(s, cw_json_str(old, "key", ""), i);
	if (item) {
		err = judge_again(s, item, old, &now);
	} else {
		now = json_deep_copy(old);
		err = now ? make_error(now, "this test is no longer in the scenario files", "") : ENOMEM;
	}
	if (err)
		return err;
	tell_change(s, old, now);
	cw_json_dump(&s->lines, now);
	cw_buf_putc(&s->lines, '\n');
	return cw_buf_err(&s->lines);
}

static int rescore_all(struct rescoring *s)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/rescored.jsonl", s->dir);
	int err = path ? 0 : ENOMEM;

	CW_ASSERT(s->plan);
	if (!s->plan->n)
		return cw_why_set(s->why, ENOENT, "none of the tests of %s is in the scenario files any more", s->dir);
	cw_buf_puts(&s->lines, "");
	for (size_t i = 0; !err && i < cw_results_count(s->results); i++)
		err = rescore_one(s, i);
	if (!err)
		err = cw_file_replace(path, cw_buf_str(&s->lines), s->why);
	cw_buf_clear(&s->lines);
	TALLOC_FREE(s->results);
	if (!err)
		err = cw_results_open(s, path, &s->results, NULL, s->why);
	if (!err && !s->conf->json)
		printf("%s%zu verdict%s changed, %zu stayed: %s\n", s->changed > SHOWN_MAX ? "…\n" : "", s->changed,
			s->changed == 1 ? "" : "s", s->same, path);
	return err;
}

/* ---- reading the run ---- */

static int load(struct rescoring *s)
{
	struct cw_why why = {0};
	char path[4096];
	int err = cw_rundir_find(s, s->conf->run, &s->dir, s->why);

	(void)snprintf(path, sizeof(path), "%s/run.json", s->dir ? s->dir : ""); /* a path that does not fit fails */
	if (!err)
		err = cw_json_load(path, RUN_MAX, &s->run, s->why);
	(void)snprintf(path, sizeof(path), "%s/results.jsonl", s->dir ? s->dir : ""); /* as above */
	if (!err)
		err = cw_results_open(s, path, &s->results, NULL, s->why);
	if (!err)
		err = cw_trial_conf_parse(s, json_object_get(s->run, "configuration"), &s->trial, s->why);
	if (err)
		return err;
	err = cw_plan_new(s, &s->trial, &s->plan, &why);
	if (err && !s->conf->rescore) {
		s->plan = NULL; /* rendering needs no scenario files; their gates are then not told */
		return err == ENOMEM ? err : 0;
	}
	if (err && s->why)
		*s->why = why;
	return err ? err : cw_results_arrange(s->results, s->plan);
}

/* ---- reports ---- */

static int write_reports(const struct rescoring *s, const struct cw_report *report)
{
	static const char *const usual[] = {"summary.json", "junit.xml", "summary.md", "report.html"};
	static const char *const again[] = {
		"rescored.summary.json", "rescored.junit.xml", "rescored.md", "rescored.html"};
	int err = 0;

	for (size_t i = 0; !err && i < CW_COUNT(usual) + s->conf->n_outputs; i++) {
		cw_report_fn *fn;
		char path[4096];

		if (i < CW_COUNT(usual))
			(void)snprintf(path, sizeof(path), "%s/%s", s->dir,
				s->conf->rescore ? again[i] : usual[i]); /* a path that does not fit fails to open */
		else
			(void)snprintf(path, sizeof(path), "%s", s->conf->outputs[i - CW_COUNT(usual)]); /* as above */
		err = cw_report_of(path, &fn, s->why);
		if (!err)
			err = fn(path, report, s->why);
	}
	return err;
}

static int compare(struct rescoring *s, struct cw_report *report)
{
	struct cw_baseline *b;
	struct cw_diff *d;
	int err;

	if (!s->conf->baseline)
		return 0;
	err = cw_baseline_open(s, s->conf->baseline, &b, s->why);
	if (!err)
		err = cw_diff_new(s, b, s->run, report->tally, 0, &d);
	if (!err)
		report->diff = d;
	return err;
}

static int tell(const struct rescoring *s, const struct cw_report *report)
{
	struct cw_progress p = {.color = isatty(1) == 1 && !getenv("NO_COLOR")};
	CW_JSON_SCOPED json_t *j = s->conf->json ? cw_report_summary_json(report) : NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(RESULTS_MAX);

	if (!s->conf->json) {
		cw_progress_end(&p, report, "");
		return 0;
	}
	cw_json_dump(&b, j);
	if (!j || cw_buf_err(&b))
		return ENOMEM;
	printf("%s\n", b.p);
	return 0;
}

int cw_rescore(const struct cw_rescore_conf *conf, enum cw_run_end *end, struct cw_why *why)
{
	CW_SCOPED struct rescoring *s = talloc_zero(NULL, struct rescoring);
	struct cw_report report = {0};
	struct cw_tally *tally;
	int err = s ? 0 : ENOMEM;

	if (err)
		return err;
	s->conf = conf;
	s->why = why;
	s->lines = CW_BUF(RESULTS_MAX);
	talloc_set_destructor(s, rescoring_end);
	err = load(s);
	if (!err && conf->rescore)
		err = rescore_all(s);
	if (!err)
		err = cw_tally_new(s, s->results, s->plan, conf->limits, &tally);
	if (err)
		return err;
	report = (struct cw_report){.dir = s->dir, .run = s->run, .results = s->results, .tally = tally};
	report.partial = (int64_t)tally->n < cw_json_int(s->run, "executions", 0);
	if (s->plan && (int64_t)s->plan->n == cw_json_int(s->run, "executions", 0))
		report.plan = s->plan; /* else a part of it was chosen, or the files changed */
	err = cw_run_card(s->results, s->plan, &s->trial, s->dir, s->run);
	if (!err)
		err = compare(s, &report);
	if (!err)
		err = write_reports(s, &report);
	if (!err)
		err = tell(s, &report);
	if (!err)
		*end = cw_run_end_of(&report, conf->fail_on, s->trial.faults > 0);
	return err;
}
