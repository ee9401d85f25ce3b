#include "cmd/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/verbs.h"
#include "trial/dataset/audit.h"
#include "trial/dataset/export.h"
#include "trial/dataset/split.h"
#include "trial/dataset/take.h"
#include "trial/dataset/tar.h"

#define TOLD_MAX 20

bool cw_dataset_words(const struct cw_command *cmd, size_t n, size_t min, size_t max)
{
	if (n >= min && n <= max)
		return true;
	fprintf(stderr, "callwright %s: %s\nusage: %s\n", cmd->name,
		n < min ? "something is missing" : "too many arguments", cmd->usage);
	return false;
}

void cw_dataset_date(char out[24])
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t given;
	time_t now = epoch && !cw_str_i64(cw_str(epoch), &given) ? (time_t)given : time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = 0;
}

static int note_source(struct cw_dataset *d, const char *source)
{
	json_t *list = json_object_get(cw_dataset_meta(d), "provenance"), *one;
	char date[24];

	cw_dataset_date(date);
	one = json_pack("{s:s, s:s, s:s}", "source", source, "date", date, "tool", cw_dataset_tool());
	if (!list && json_object_set_new(cw_dataset_meta(d), "provenance", list = json_array())) {
		json_decref(one);
		return ENOMEM;
	}
	return one && !json_array_append_new(list, one) ? 0 : ENOMEM;
}

/* ---- new ---- */

static int run_new(const struct cw_command *cmd, int argc, char **argv)
{
	const char *name = NULL, *licence = NULL, *description = NULL;
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'n', "name", "NAME", "what it is called (the folder's name)", &name},
		{CW_OPT_STRING, 'l', "licence", "SPDX", "CC-BY-4.0, Apache-2.0, LicenseRef-internal …", &licence},
		{CW_OPT_STRING, 'd', "description", "TEXT", "what it is for", &description},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	struct cw_why why = {0};
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 1))
		return CW_EXIT_USAGE;
	if (!licence) {
		fprintf(stderr,
			"callwright dataset new: --licence is needed: what may others do with it? CC-BY-4.0, LicenseRef-internal …\n");
		return CW_EXIT_USAGE;
	}
	if (!name) {
		const char *slash = strrchr(args[0], '/');

		name = slash && slash[1] ? slash + 1 : args[0];
	}
	if (cw_dataset_new(args[0], name, description, licence, &why))
		return cw_cmd_fail(&why);
	fprintf(stderr, "%s: an empty dataset; next: callwright dataset add %s FILE…\n", args[0], args[0]);
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_new_cmd = {
	.name = "dataset new",
	.summary = "make an empty dataset",
	.usage = "callwright dataset new DIR --licence SPDX [--name NAME]",
	.details = "Example:\n  callwright dataset new data/booking --name Booking --licence CC-BY-4.0\n",
	.run = run_new,
};

/* ---- add, from-call, from-run ---- */

struct taking {
	struct cw_take_conf take;
	struct cw_opt_list tags;
	bool json, failed;
};

#define TAKE_OPTS(t)                                                                                                  \
	{CW_OPT_STRING, 's', "split", "SPLIT", "train, dev or test (the dataset's rule)", &(t)->take.split},          \
		{CW_OPT_LIST, 't', "tag", "TAG", "a tag for all of them, repeatable", &(t)->tags},                    \
		{CW_OPT_STRING, 'l', "licence", "SPDX", "their licence, when not the dataset's", &(t)->take.licence}, \
		{CW_OPT_FLAG, 0, "replace", NULL, "replace cases of the same id", &(t)->take.replace},                \
	{                                                                                                             \
		CW_OPT_FLAG, 0, "json", NULL, "what was done as JSON", &(t)->json                                     \
	}

#define CALL_OPTS(t)                                                                                         \
	{CW_OPT_FLAG, 0, "keep-audio", NULL, "keep the caller's own voice as clips", &(t)->take.keep_audio}, \
	{                                                                                                    \
		CW_OPT_FLAG, 0, "keep-personal", NULL, "leave numbers and addresses in the words",           \
			&(t)->take.keep_personal                                                             \
	}

static void print_taken(const struct taking *f, const struct cw_dataset *d, const struct cw_taken *t)
{
	if (f->json) {
		printf("{\"added\": %zu, \"same\": %zu, \"replaced\": %zu, \"masked\": %zu, \"wordless\": %zu, \"clips\": %zu, \"cases\": %zu}\n",
			t->added, t->same, t->replaced, t->masked, t->wordless, t->clips, cw_dataset_count(d));
		return;
	}
	fprintf(stderr, "%s: %zu added, %zu there already, %zu replaced; %zu cases\n", cw_dataset_dir(d), t->added,
		t->same, t->replaced, cw_dataset_count(d));
	if (t->masked)
		fprintf(stderr, "%zu pieces of personal data replaced\n", t->masked);
	if (t->wordless)
		fprintf(stderr, "%zu turns without known words left out (--keep-audio keeps them)\n", t->wordless);
}

static void on_skipped(const char *key, const char *text, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s: left out: %s\n", key, text);
}

typedef int take_fn(
	struct cw_dataset *d, const char *what, const struct taking *f, struct cw_taken *t, struct cw_why *why);

static int take_file(
	struct cw_dataset *d, const char *what, const struct taking *f, struct cw_taken *t, struct cw_why *why)
{
	return cw_take_file(d, what, &f->take, t, why);
}

static int take_call(
	struct cw_dataset *d, const char *what, const struct taking *f, struct cw_taken *t, struct cw_why *why)
{
	return cw_take_call(d, what, &f->take, t, why);
}

static int take_run(
	struct cw_dataset *d, const char *what, const struct taking *f, struct cw_taken *t, struct cw_why *why)
{
	return cw_take_run(d, what, f->failed, &f->take, on_skipped, NULL, t, why);
}

/* All or nothing: what is wrong in the last file leaves the dataset as it was. */
static int take_all(struct taking *f, const char *const *args, size_t n, take_fn *take)
{
	CW_SCOPED struct cw_dataset *d = NULL;
	struct cw_taken t = {0};
	struct cw_why why = {0};
	int err;

	f->take.tags = f->tags.items;
	f->take.n_tags = f->tags.n;
	if (f->take.licence && !cw_licence_ok(f->take.licence)) {
		fprintf(stderr, "callwright dataset: '%s' is no SPDX expression\n", f->take.licence);
		return CW_EXIT_USAGE;
	}
	err = cw_dataset_open(NULL, args[0], NULL, NULL, &d, &why);
	for (size_t i = 1; !err && i < n; i++) {
		size_t before = t.added + t.replaced;
		const char *slash = args[i][0] == '/' ? strrchr(args[i], '/') : NULL;

		err = take(d, args[i], f, &t, &why);
		if (!err && t.added + t.replaced > before)
			err = note_source(d, slash && slash[1] ? slash + 1 : args[i]);
	}
	if (!err && t.added + t.replaced)
		err = cw_dataset_save(d, &why);
	if (err)
		return (void)cw_why_set(&why, err, "%s", strerror(err)), cw_cmd_fail(&why);
	print_taken(f, d, &t);
	return CW_EXIT_OK;
}

static int run_add(const struct cw_command *cmd, int argc, char **argv)
{
	struct taking f = {0};
	const struct cw_opt opts[] = {TAKE_OPTS(&f), {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	return cw_dataset_words(cmd, n, 2, SIZE_MAX) ? take_all(&f, args, n, take_file) : CW_EXIT_USAGE;
}

const struct cw_command cw_dataset_add_cmd = {
	.name = "dataset add",
	.summary = "take cases from files",
	.usage = "callwright dataset add DIR FILE… [options]",
	.details =
		"Files: scenarios (.yaml, .json), suites of promptfoo and Pipecat, tables (.csv with __expected), chat fine-tuning lines (.jsonl with messages),\n"
		"cases of other datasets (.jsonl). Nothing is taken when one of them has a mistake.\n"
		"\nExamples:\n"
		"  callwright dataset add data/booking scenarios/hvac/*.yaml --tag hvac\n"
		"  callwright dataset add data/booking chats.jsonl --split train\n",
	.run = run_add,
};

static int run_from_call(const struct cw_command *cmd, int argc, char **argv)
{
	struct taking f = {0};
	const struct cw_opt opts[] = {TAKE_OPTS(&f), CALL_OPTS(&f), {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	return cw_dataset_words(cmd, n, 2, SIZE_MAX) ? take_all(&f, args, n, take_call) : CW_EXIT_USAGE;
}

const struct cw_command cw_dataset_from_call_cmd = {
	.name = "dataset from-call",
	.summary = "make cases of finished calls",
	.usage = "callwright dataset from-call DIR CALL… [options]",
	.details =
		"CALL is the folder of a call (runs/…/calls/KEY) or a stereo recording (left caller, right agent). Turns keep their place relative to the agent's.\n"
		"Telephone, card and social security numbers, e-mail and street addresses are replaced by others which belong to nobody.\n"
		"\nExample:\n  callwright dataset from-call data/booking runs/last/calls/book-happy.en-US.modem.clean.1\n",
	.run = run_from_call,
};

static int run_from_run(const struct cw_command *cmd, int argc, char **argv)
{
	struct taking f = {0};
	const struct cw_opt opts[] = {TAKE_OPTS(&f), CALL_OPTS(&f),
		{CW_OPT_FLAG, 'f', "failed", NULL, "only calls that did not pass", &f.failed}, {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	return cw_dataset_words(cmd, n, 2, 2) ? take_all(&f, args, n, take_run) : CW_EXIT_USAGE;
}

const struct cw_command cw_dataset_from_run_cmd = {
	.name = "dataset from-run",
	.summary = "make cases of the calls of a run",
	.usage = "callwright dataset from-run DIR RUN [--failed] [options]",
	.details =
		"RUN is a folder, the id at its end, or last.\n\nExample:\n  callwright dataset from-run data/regressions last --failed\n",
	.run = run_from_run,
};

/* ---- split ---- */

static int run_split(const struct cw_command *cmd, int argc, char **argv)
{
	double train = 0.8, dev = 0.1, test = 0.1;
	uint64_t seed = 1;
	const char *by = NULL;
	const struct cw_opt opts[] = {
		{CW_OPT_DOUBLE, 0, "train", "SHARE", "0.8", &train},
		{CW_OPT_DOUBLE, 0, "dev", "SHARE", "0.1", &dev},
		{CW_OPT_DOUBLE, 0, "test", "SHARE", "0.1", &test},
		{CW_OPT_U64, 0, "seed", "N", "1", &seed},
		{CW_OPT_STRING, 0, "by", "TAG",
			"keep cases with the same TAG=value together; speaker: of the same voice", &by},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *d = NULL;
	CW_JSON_SCOPED json_t *splits = NULL;
	struct cw_why why = {0};
	size_t n, counts[3];
	int exit_code, err;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 1))
		return CW_EXIT_USAGE;
	splits = json_pack("{s:f, s:f, s:f, s:I, s:s*}", "train", train, "dev", dev, "test", test, "seed",
		(json_int_t)(seed & INT64_MAX), "by", by);
	err = splits ? cw_dataset_open(NULL, args[0], NULL, NULL, &d, &why) : ENOMEM;
	if (!err)
		err = cw_split(d, splits, counts, &why);
	if (!err)
		err = cw_dataset_save(d, &why);
	if (err)
		return (void)cw_why_set(&why, err, "%s", strerror(err)), cw_cmd_fail(&why);
	printf("train %zu, dev %zu, test %zu\n", counts[0], counts[1], counts[2]);
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_split_cmd = {
	.name = "dataset split",
	.summary = "share the cases out to train, dev and test",
	.usage = "callwright dataset split DIR [--train 0.8 --dev 0.1 --test 0.1] [--seed N] [--by TAG|speaker]",
	.details =
		"By the hash of seed and id (or group): the same everywhere, and a case stays where it is when others are added. The rule is kept in\n"
		"dataset.yaml: cases that are added later follow it.\n"
		"\nExample:\n  callwright dataset split data/booking --train 0.7 --dev 0.15 --test 0.15 --by speaker\n",
	.run = run_split,
};

/* ---- check ---- */

struct checking {
	size_t told;
	json_t *json; /* list, or NULL */
};

static void on_problem(const struct cw_dataset_problem *p, void *arg)
{
	struct checking *c = arg;

	if (c->json) {
		(void)json_array_append_new(
			c->json, json_pack("{s:s, s:i, s:s}", "file", p->file, "line", (int)p->line, "text",
					 p->text)); /* without memory one is missing, the count is right */
		return;
	}
	if (c->told++ >= TOLD_MAX)
		return;
	if (p->line)
		printf("%s:%u: %s\n", p->file, p->line, p->text);
	else
		printf("%s: %s\n", p->file, p->text);
}

static int print_audit(const char *dir, const struct cw_audit *a, const struct checking *c)
{
	if (c->json) {
		CW_JSON_SCOPED json_t *j = json_pack("{s:I, s:I, s:I, s:I, s:O}", "cases", (json_int_t)a->cases,
			"clips", (json_int_t)a->clips, "versions", (json_int_t)a->versions, "problems",
			(json_int_t)a->problems, "list", c->json);

		if (!j || json_dumpf(j, stdout, JSON_COMPACT))
			return CW_EXIT_USAGE;
		printf("\n");
	} else {
		if (c->told > TOLD_MAX)
			printf("… and %zu more (--json lists all)\n", c->told - TOLD_MAX);
		printf("%s: %zu cases, %zu clips, %zu versions: ", dir, a->cases, a->clips, a->versions);
		printf(a->problems ? "%zu problems\n" : "no problem\n", a->problems);
	}
	return a->problems ? CW_EXIT_FAILED : CW_EXIT_OK;
}

static int accept_edits(struct cw_dataset *d, const struct cw_audit *a, size_t opened)
{
	struct cw_why why = {0};

	if (opened > a->edited) {
		fprintf(stderr, "callwright dataset check: not accepted: lines that are no cases would be lost\n");
		return CW_EXIT_FAILED;
	}
	if (cw_dataset_save(d, &why))
		return cw_cmd_fail(&why);
	fprintf(stderr, "accepted: hashes and dataset.lock say what is there now\n");
	return CW_EXIT_OK;
}

static int run_check(const struct cw_command *cmd, int argc, char **argv)
{
	struct checking c = {0};
	struct cw_audit_conf conf = {.problem = on_problem, .arg = &c};
	bool accept = false, json = false;
	const struct cw_opt opts[] = {
		{CW_OPT_FLAG, 0, "accept", NULL, "edits by hand are right: write the hashes anew", &accept},
		{CW_OPT_FLAG, 0, "allow-personal", NULL, "personal data is meant to be there", &conf.allow_personal},
		{CW_OPT_FLAG, 0, "allow-duplicates", NULL, "do not look for cases that are (nearly) the same",
			&conf.allow_duplicates},
		{CW_OPT_FLAG, 0, "json", NULL, "as JSON", &json},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *d = NULL;
	CW_JSON_SCOPED json_t *list = NULL;
	struct cw_audit found;
	struct cw_why why = {0};
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 1))
		return CW_EXIT_USAGE;
	list = json ? json_array() : NULL;
	c.json = list;
	if (cw_audit(NULL, args[0], &conf, &found, &d, &why))
		return cw_cmd_fail(&why);
	exit_code = print_audit(args[0], &found, &c);
	return accept ? accept_edits(d, &found, found.opened) : exit_code;
}

const struct cw_command cw_dataset_check_cmd = {
	.name = "dataset check",
	.summary = "is it whole, without personal data and duplicates?",
	.usage = "callwright dataset check DIR [--accept] [--allow-personal] [--allow-duplicates]",
	.details =
		"Looks at every file, hash, id, licence, clip and version, for personal data, and for cases that are the same or nearly so (0.95). Ends with 1\n"
		"when something was found.\n"
		"\nExamples:\n  callwright dataset check data/booking\n  callwright dataset check data/booking --accept      # after an edit by hand\n",
	.run = run_check,
};

/* ---- all of them ---- */

static const struct cw_command *const verbs[] = {&cw_dataset_new_cmd, &cw_dataset_add_cmd, &cw_dataset_from_call_cmd,
	&cw_dataset_from_run_cmd, &cw_dataset_split_cmd, &cw_dataset_check_cmd, &cw_dataset_commit_cmd,
	&cw_dataset_log_cmd, &cw_dataset_show_cmd, &cw_dataset_diff_cmd, &cw_dataset_export_cmd, &cw_dataset_pack_cmd,
	&cw_dataset_import_tar_cmd, &cw_dataset_clone_cmd};

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const struct cw_opt opts[] = {{0}};
	const char *names[CW_COUNT(verbs)], *near;
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code;
	size_t n;

	for (size_t i = 0; i < CW_COUNT(verbs); i++) {
		names[i] = verbs[i]->name + strlen("dataset ");
		if (argc > 1 && !strcmp(argv[1], names[i]))
			return verbs[i]->run(verbs[i], argc - 1, argv + 1);
	}
	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	near = n ? cw_str_nearest(cw_str(args[0]), names, CW_COUNT(names)) : NULL;
	if (n)
		fprintf(stderr, "callwright dataset: unknown command '%s'%s%s%s\n", args[0],
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	else
		fprintf(stderr,
			"callwright dataset: say what to do: new, add, check, commit … (callwright dataset --help)\n");
	return CW_EXIT_USAGE;
}

const struct cw_command cw_cmd_dataset = {
	.name = "dataset",
	.summary = "cases to test with: versioned, hashed, shared as a folder, tar file or Git repository",
	.usage = "callwright dataset COMMAND DIR … [options]",
	.details =
		"  new         make an empty dataset\n"
		"  add         take cases from files: scenarios, CSV, chat fine-tuning lines, promptfoo\n"
		"  from-call   make cases of finished calls (from-run: of all, or the failed ones, of a run)\n"
		"  split       share the cases out to train, dev and test\n"
		"  check       is it whole, without personal data and duplicates?\n"
		"  commit      freeze the next version; log, show and diff look at them\n"
		"  export      as a scenario file, CSV, promptfoo suite or chat fine-tuning lines\n"
		"  pack        as one tar file; import-tar unpacks it, clone gets a Git repository\n"
		"\ncallwright dataset COMMAND --help tells more. docs/datasets.md describes the files.\n"
		"\nExamples:\n"
		"  callwright dataset new data/booking --licence CC-BY-4.0\n"
		"  callwright dataset add data/booking scenarios/hvac/*.yaml\n"
		"  callwright dataset commit data/booking -m 'first calls'\n"
		"  callwright dataset export data/booking --format scenario -o booking.yaml && callwright test booking.yaml --target agent:agents/hvac.yaml\n",
	.run = run,
};
