#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/run_opts.h"
#include "cmd/verbs.h"
#include "trial/report/baseline.h"
#include "trial/report/flaky.h"
#include "trial/run/rescore.h"
#include "trial/run/rundir.h"

#define RUN_MAX (16u << 20)

struct flags {
	struct cw_opt_list outputs;
	struct cw_run_opts ends;
	bool rescore, json;
};

static int complain(const char *fmt, ...) CW_PRINTF(1, 2);
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("callwright report: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nSee 'callwright report --help'.\n", stderr);
	return CW_EXIT_USAGE;
}

static int failed(int err, const struct cw_why *why)
{
	return why->err ? cw_cmd_fail(why) : complain("%s", strerror(err));
}

/* ---- a run's sums ---- */

static int load_tally(void *parent, const char *name, json_t **run, struct cw_tally **ret, struct cw_why *why)
{
	struct cw_results *results;
	char *dir = NULL, path[4096];
	int err = cw_rundir_find(parent, name, &dir, why);

	(void)snprintf(path, sizeof(path), "%s/run.json", dir ? dir : ""); /* a path that does not fit fails to open */
	if (!err && run)
		err = cw_json_load(path, RUN_MAX, run, why);
	(void)snprintf(path, sizeof(path), "%s/results.jsonl", dir ? dir : ""); /* as above */
	if (!err)
		err = cw_results_open(parent, path, &results, NULL, why);
	return err ? err : cw_tally_new(parent, results, NULL, NULL, ret);
}

/* ---- callwright report baseline RUN -o FILE ---- */

static int make_baseline(const struct flags *f, const char *const *runs, size_t n)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	CW_JSON_SCOPED json_t *run = NULL;
	struct cw_why why = {0};
	struct cw_tally *t;
	struct timespec now;
	int err;

	if (n != 1 || f->outputs.n != 1)
		return complain("say: callwright report baseline RUN -o FILE.json");
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	err = load_tally(scratch, runs[0], &run, &t, &why);
	if (!err)
		err = cw_baseline_save(
			f->outputs.items[0], run, t, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, &why);
	if (err)
		return failed(err, &why);
	printf("%s: %zu tests by slice, %zu calls, %zu answer times of run %s\n", f->outputs.items[0], t->n_cells, t->n,
		t->response_ms.n, cw_json_str(run, "id", ""));
	return CW_EXIT_OK;
}

/* ---- callwright report flaky RUN… ---- */

static void print_flaky(const struct cw_flaky_row *rows, size_t n, size_t stable)
{
	if (n)
		printf("%-28s %-30s %5s %9s %6s  %-15s  %s\n", "test", "slice", "score", "passed", "flips",
			"95 % interval", "verdicts");
	for (size_t i = 0; i < n; i++) {
		const struct cw_flaky_row *r = &rows[i];
		size_t len = strlen(r->letters);

		printf("%-28s %-30s %5.2f %4zu/%-4zu %6zu  %3.0f %% to %3.0f %%  %s%s%s\n", r->test, r->slice, r->score,
			r->pass, r->n, r->flips, 100 * r->lo, 100 * r->hi, len > 40 ? "…" : "",
			r->letters + (len > 40 ? len - 40 : 0),
			r->within ? "" : "  (agrees inside each run, runs disagree)");
	}
	printf("%s%zu flaky, %zu stable\n", n ? "\n" : "", n, stable);
}

static int print_flaky_json(const struct cw_flaky_row *rows, size_t n, size_t stable)
{
	CW_JSON_SCOPED json_t *list = json_array();
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);

	for (size_t i = 0; list && i < n; i++) {
		const struct cw_flaky_row *r = &rows[i];

		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:I, s:I, s:[f, f], s:b, s:b, s:s}", "file",
					  r->file, "test", r->test, "slice", r->slice, "score", r->score, "pass",
					  (json_int_t)r->pass, "n", (json_int_t)r->n, "flips", (json_int_t)r->flips,
					  "runs", (json_int_t)r->runs, "pass_rate_95", r->lo, r->hi, "within_run",
					  r->within, "between_runs", r->between, "verdicts", r->letters)))
			return complain("out of memory");
	}

	CW_JSON_SCOPED json_t *j = json_pack("{s:I, s:O}", "stable", (json_int_t)stable, "flaky", list);

	if (!j)
		return complain("out of memory");
	cw_json_dump(&b, j);
	printf("%s\n", cw_buf_err(&b) ? "" : b.p);
	return CW_EXIT_OK;
}

static int rank_flaky(const struct flags *f, const char *const *runs, size_t n)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_why why = {0};
	struct cw_flaky *flaky;
	size_t rows, stable;
	int err;

	if (!n)
		return complain("say: callwright report flaky RUN...");
	err = scratch ? cw_flaky_new(scratch, &flaky) : ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		struct cw_tally *t;

		err = load_tally(scratch, runs[i], NULL, &t, &why);
		if (!err)
			err = cw_flaky_add(flaky, t);
	}
	if (err)
		return failed(err, &why);

	const struct cw_flaky_row *ranked = cw_flaky_rank(flaky, &rows, &stable);

	if (f->json)
		return print_flaky_json(ranked, rows, stable);
	print_flaky(ranked, rows, stable);
	return CW_EXIT_OK;
}

/* ---- callwright report RUN ---- */

static int render(const struct flags *f, const char *run)
{
	struct cw_limits limits;
	struct cw_rescore_conf conf = {.run = run,
		.limits = &limits,
		.rescore = f->rescore,
		.baseline = f->ends.baseline,
		.json = f->json,
		.outputs = f->outputs.items,
		.n_outputs = f->outputs.n};
	enum cw_run_end end = CW_RUN_NOTHING;
	struct cw_why why = {0};
	int code = cw_run_opts_read("report", &f->ends, &limits, &conf.fail_on);
	int err = code ? 0 : cw_rescore(&conf, &end, &why);

	if (code)
		return code;
	return err ? failed(err, &why) : cw_run_exit_code(end);
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {.ends = CW_RUN_OPTS};
	const struct cw_opt opts[] = {
		{CW_OPT_FLAG, 0, "rescore", NULL, "decide every assertion anew from what was recorded, without a call",
			&f.rescore},
		{CW_OPT_LIST, 'o', "output", "FILE", "another report: .jsonl .json .csv .xml (JUnit) .md .html",
			&f.outputs},
		CW_RUN_OPTS_TABLE(&f.ends),
		{CW_OPT_FLAG, 0, "json", NULL, "summary (or the ranking) as JSON on standard output", &f.json},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	size_t n;
	int exit_code;

	if (!args)
		return complain("out of memory");
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (n && !strcmp(args[0], "baseline"))
		return make_baseline(&f, args + 1, n - 1);
	if (n && !strcmp(args[0], "flaky"))
		return rank_flaky(&f, args + 1, n - 1);
	if (n != 1)
		return complain("which run? Give its folder, its id under runs/, or \"last\"");
	return render(&f, args[0]);
}

const struct cw_command cw_cmd_report = {
	.name = "report",
	.summary = "render a stored run again, judge it anew, make a baseline of it, or rank what is flaky",
	.usage = "callwright report [options] RUN | baseline RUN -o FILE | flaky RUN...",
	.details =
		"RUN is a run's folder, its id under runs/, or \"last\".\n"
		"--rescore uses the scenario files as they are now and what each call left; calls that kept nothing become ERROR. The run's own\n"
		"results stay; the new ones are rescored.jsonl, rescored.summary.json, rescored.junit.xml, rescored.md and rescored.html.\n"
		"flaky ranks tests by how often they disagree with themselves: 1.00 is a coin, 0 is left out.\n"
		"\nExit codes: those of 'callwright test', save that an interrupted run is not 130.\n"
		"\nExamples:\n"
		"  callwright report last -o comment.md -o results.csv\n"
		"  callwright report runs/20261121T030000Z-1a2b3c4d --rescore\n"
		"  callwright report baseline last -o baselines/main.json\n"
		"  callwright report flaky runs/*\n",
	.run = run,
};
