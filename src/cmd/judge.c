#include "cmd/judge.h"

#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/verbs.h"
#include "trial/judge/calibrate.h"

#define TEXT_MAX (1u << 20)

struct flags {
	const char *model, *output;
	bool no_cache;
};

static int print(const struct cw_calibration *c)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	cw_calibration_dump(&b, c);
	fputs(b.p ? b.p : "", stdout);
	return CW_EXIT_OK;
}

static int fail(int err, struct cw_why *why)
{
	(void)cw_why_set(why, err, "%s", strerror(err)); /* keeps the first reason */
	(void)cw_cmd_fail(why);
	return err == EIO ? CW_EXIT_UNREACHABLE : CW_EXIT_USAGE;
}

static int calibrate(const struct flags *f, const char *path)
{
	const struct cw_trial_conf trial = {.judge = f->model, .no_cache = f->no_cache};
	CW_SCOPED void *own = talloc_new(NULL);
	struct cw_labels *labels;
	struct cw_judge_settings *s;
	struct cw_calibration *c;
	struct cw_why why = {0};
	char *out = f->output ? talloc_strdup(own, f->output) : cw_calibration_path(own, path);
	int err = out ? cw_labels_load(own, path, &labels, &why) : ENOMEM;

	if (!err)
		err = cw_judge_settings_new(own, NULL, &trial, NULL, &s);
	if (!err)
		err = cw_calibrate(own, labels, s, &c, &why);
	if (!err)
		err = cw_calibration_save(c, out, &why);
	if (err)
		return fail(err, &why);
	(void)print(c); /* always fine */
	printf("\n%s\n", out);
	return CW_EXIT_OK;
}

static int agree(const char *a, const char *b)
{
	CW_SCOPED void *own = talloc_new(NULL);
	struct cw_labels *first, *second;
	struct cw_calibration *c;
	struct cw_why why = {0};
	int err = cw_labels_load(own, a, &first, &why);

	if (!err)
		err = cw_labels_load(own, b, &second, &why);
	if (!err)
		err = cw_agree(own, first, second, &c, &why);
	return err ? fail(err, &why) : print(c);
}

int cw_cmd_judge_gate(const struct cw_trial_conf *conf)
{
	CW_SCOPED struct cw_plan *plan = NULL;

	if (!conf->n_files || cw_plan_new(NULL, conf, &plan, NULL))
		return 0; /* the run itself will say what is wrong with the files */
	for (size_t i = 0; i < plan->n_scenarios; i++) {
		const struct cw_scenario *s = plan->scenarios[i];
		struct cw_why why = {0};

		if (cw_judge_gate(&s->judge, s->file, conf, &why)) {
			(void)cw_cmd_fail(&why);
			return CW_EXIT_UNTRUSTED;
		}
	}
	return 0;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct flags f = {0};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'm', "judge", "MODEL", "language model that judges (CW_JUDGE_MODEL)", &f.model},
		{CW_OPT_STRING, 'o', "output", "FILE", "calibration file (default: LABELS.calibration.json)",
			&f.output},
		{CW_OPT_FLAG, 0, "no-cache", NULL, "ask anew instead of using kept answers", &f.no_cache},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (n == 2 && !strcmp(args[0], "calibrate"))
		return calibrate(&f, args[1]);
	if (n == 3 && !strcmp(args[0], "agree"))
		return agree(args[1], args[2]);
	fprintf(stderr, "callwright judge: say calibrate LABELS.jsonl, or agree LABELS.jsonl OTHER.jsonl\n");
	return CW_EXIT_USAGE;
}

const struct cw_command cw_cmd_judge = {
	.name = "judge",
	.summary = "measure how far the judging language model agrees with people",
	.usage = "callwright judge calibrate LABELS.jsonl | agree LABELS.jsonl OTHER.jsonl",
	.details =
		"  calibrate  ask the judge for every label; print accuracy, kappa, sensitivity, specificity with 95 % intervals and the corrected\n"
		"             pass rate; write LABELS.calibration.json. A scenario file with judge: {calibration, min_kappa} runs only with it.\n"
		"  agree      the same figures between two files of labels, by id: two people, or people and a judge\n"
		"\nLabels are JSON lines {id, rubric, transcript, label}; the review.jsonl of a run is such a file once its labels are filled in.\n"
		"\nExamples:\n"
		"  CW_OPENAI_API_KEY=... callwright judge calibrate judges/en.jsonl --judge gpt-4o-mini\n"
		"  callwright judge agree judges/en.jsonl runs/last/review.jsonl\n",
	.run = run,
};
