/* Datasets that leave or arrive: exports, tar files, Git repositories. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/dataset.h"
#include "trial/dataset/audit.h"
#include "trial/dataset/export.h"
#include "trial/dataset/tar.h"
#include "trial/dataset/version.h"

/* ---- export ---- */

static void on_left_out(const char *id, const char *text, void *arg)
{
	size_t *told = arg;

	if ((*told)++ < 10)
		fprintf(stderr, "%s: left out: %s\n", id, text);
}

static int form_of(const char *name, enum cw_export_form *ret)
{
	for (int i = 0; name && i < CW_EXPORT_FORMS; i++) {
		if (strcmp(cw_export_names[i], name) != 0)
			continue;
		*ret = (enum cw_export_form)i;
		return 0;
	}
	fprintf(stderr,
		"callwright dataset export: --format is one of jsonl-chat, csv, promptfoo, scenario, cases%s%s\n",
		name ? ", not " : "", name ? name : "");
	return EINVAL;
}

/* To a file beside it first: a mistake leaves the old one. */
static int export_to(
	const struct cw_dataset *d, const struct cw_export_conf *conf, struct cw_exported *done, struct cw_why *why)
{
	CW_SCOPED char *part = conf->path ? talloc_asprintf(NULL, "%s.new", conf->path) : NULL;
	FILE *f = part ? fopen(part, "we") : NULL;
	int err;

	if (!conf->path)
		return cw_dataset_export(d, conf, stdout, done, why);
	if (!f)
		return cw_why_at(
			why, part ? errno : ENOMEM, conf->path, 0, 0, "cannot be written: %s", strerror(errno));
	err = cw_dataset_export(d, conf, f, done, why);
	if (fclose(f) && !err)
		err = cw_why_at(why, errno, conf->path, 0, 0, "cannot be written: %s", strerror(errno));
	if (!err && rename(part, conf->path))
		err = cw_why_at(why, errno, conf->path, 0, 0, "cannot be written: %s", strerror(errno));
	if (err)
		(void)unlink(part); /* the error is known */
	return err;
}

static int run_export(const struct cw_command *cmd, int argc, char **argv)
{
	const char *format = NULL;
	uint32_t version = 0;
	size_t n, told = 0;
	struct cw_export_conf conf = {.left_out = on_left_out, .arg = &told};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'F', "format", "FORMAT", "scenario, jsonl-chat, csv, promptfoo, cases", &format},
		{CW_OPT_STRING, 's', "split", "SPLIT", "only train, dev or test", &conf.split},
		{CW_OPT_U32, 0, "version", "N", "that frozen version (what is there now)", &version},
		{CW_OPT_STRING, 0, "expect", "TYPE",
			"how assistants' answers in chats are asserted: similar, equals, contains (similar)",
			&conf.expect},
		{CW_OPT_STRING, 'o', "output", "FILE", "the file (standard output)", &conf.path},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *d = NULL;
	struct cw_exported done = {0};
	struct cw_why why = {0};
	int exit_code, err;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 1) || form_of(format, &conf.form))
		return CW_EXIT_USAGE;
	err = version ? cw_version_open(NULL, args[0], version, &d, &why)
		      : cw_dataset_open(NULL, args[0], NULL, NULL, &d, &why);
	if (!err)
		err = export_to(d, &conf, &done, &why);
	if (err) {
		(void)cw_cmd_fail(&why);
		return err == ESRCH ? CW_EXIT_NOTHING : CW_EXIT_USAGE;
	}
	if (told > 10)
		fprintf(stderr, "… and %zu more\n", told - 10);
	fprintf(stderr, "%zu cases written, %zu left out\n", done.written, done.left_out);
	if (done.tags_lost)
		fprintf(stderr, "%zu tags have no place in this form\n", done.tags_lost);
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_export_cmd = {
	.name = "dataset export",
	.summary = "write the cases in another form",
	.usage =
		"callwright dataset export DIR --format scenario|jsonl-chat|csv|promptfoo|cases [--split S] [--version N] [-o FILE]",
	.details =
		"A case that the form cannot carry is left out and named, never cut. docs/datasets.md says what each form carries.\n"
		"\nExamples:\n"
		"  callwright dataset export data/booking --format scenario --split dev -o dev.yaml\n"
		"  callwright dataset export data/booking --format jsonl-chat --split train -o train.jsonl\n",
	.run = run_export,
};

/* ---- tar ---- */

static int run_pack(const struct cw_command *cmd, int argc, char **argv)
{
	const char *out = NULL;
	const struct cw_opt opts[] = {{CW_OPT_STRING, 'o', "output", "FILE", "the tar file", &out}, {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *d = NULL;
	struct cw_why why = {0};
	size_t n, files = 0;
	int exit_code, err;
	FILE *f;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, out ? n : 0, 1, 1) || !out)
		return CW_EXIT_USAGE;
	if (cw_dataset_open(NULL, args[0], NULL, NULL, &d, &why))
		return cw_cmd_fail(&why);
	f = fopen(out, "we");
	err = f ? cw_tar_pack(args[0], f, &files, &why)
		: cw_why_at(&why, errno, out, 0, 0, "cannot be written: %s", strerror(errno));
	if (f && fclose(f) && !err)
		err = cw_why_at(&why, errno, out, 0, 0, "cannot be written: %s", strerror(errno));
	if (err) {
		(void)unlink(out); /* half a tar file is none */
		return cw_cmd_fail(&why);
	}
	fprintf(stderr, "%s: %zu files\n", out, files);
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_pack_cmd = {
	.name = "dataset pack",
	.summary = "as one tar file",
	.usage = "callwright dataset pack DIR -o FILE.tar",
	.details =
		"The same bytes for the same content: sorted, without times and owners.\n\nExample:\n  callwright dataset pack data/booking -o booking.tar\n",
	.run = run_pack,
};

static int check_arrived(const char *dir)
{
	CW_SCOPED struct cw_dataset *d = NULL;
	char hash[CW_DIGEST_HEX + 1];
	struct cw_why why = {0};

	if (cw_dataset_open(NULL, dir, NULL, NULL, &d, &why))
		return cw_cmd_fail(&why);
	if (cw_dataset_hash(d, hash))
		return CW_EXIT_USAGE;
	fprintf(stderr, "%s: %zu cases, licence %s, sha256 %.16s…\n", dir, cw_dataset_count(d),
		cw_json_str(cw_dataset_meta(d), "licence", ""), hash);
	return CW_EXIT_OK;
}

static int run_import_tar(const struct cw_command *cmd, int argc, char **argv)
{
	const struct cw_opt opts[] = {{0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	struct cw_why why = {0};
	size_t n, files;
	int exit_code, err;
	FILE *f;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 2, 2))
		return CW_EXIT_USAGE;
	f = fopen(args[0], "re");
	err = f ? cw_tar_unpack(f, args[0], args[1], &files, &why)
		: cw_why_at(&why, errno, args[0], 0, 0, "cannot be opened: %s", strerror(errno));
	if (f)
		(void)fclose(f); /* only read */
	return err ? cw_cmd_fail(&why) : check_arrived(args[1]);
}

const struct cw_command cw_dataset_import_tar_cmd = {
	.name = "dataset import-tar",
	.summary = "unpack a tar file into a new folder",
	.usage = "callwright dataset import-tar FILE.tar DIR",
	.details =
		"Only the files a dataset has are taken: links, paths that lead out of the folder and sizes beyond 4 GiB are refused.\n"
		"\nExample:\n  callwright dataset import-tar booking.tar data/booking\n",
	.run = run_import_tar,
};

/* ---- Git ---- */

static int run_git(const char *from, const char *to)
{
	const char *const argv[] = {"git", "clone", "--quiet", "--", from, to, NULL};
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(argv[0], (char *const *)(uintptr_t)argv); /* it does not write to them */
		_exit(127);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_clone(const struct cw_command *cmd, int argc, char **argv)
{
	const struct cw_opt opts[] = {{0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code, code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 2, 2))
		return CW_EXIT_USAGE;
	if (strstr(args[0], "::")) { /* git would run a program of that name */
		fprintf(stderr, "callwright dataset clone: '%s' names a helper program; give a URL or a path\n",
			args[0]);
		return CW_EXIT_USAGE;
	}
	code = run_git(args[0], args[1]);
	if (code == 127) {
		fprintf(stderr, "callwright dataset clone: the program git is not there\n");
		return CW_EXIT_UNREACHABLE;
	}
	return code ? CW_EXIT_UNREACHABLE : check_arrived(args[1]);
}

const struct cw_command cw_dataset_clone_cmd = {
	.name = "dataset clone",
	.summary = "get a dataset from a Git repository",
	.usage = "callwright dataset clone URL|PATH DIR",
	.details = "Runs the program git, and looks whether a whole dataset arrived.\n"
		   "\nExample:\n  callwright dataset clone https://example.com/team/booking.git data/booking\n",
	.run = run_clone,
};
