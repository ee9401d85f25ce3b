/* Versions of a dataset: freezing them, and looking at them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/dataset.h"
#include "trial/dataset/delta.h"
#include "trial/dataset/version.h"

/* ---- commit ---- */

static int run_commit(const struct cw_command *cmd, int argc, char **argv)
{
	char date[24];
	struct cw_commit_conf conf = {.date = date, .tool = cw_dataset_tool()};
	const struct cw_opt opts[] = {{CW_OPT_STRING, 'm', "message", "TEXT", "what is new in it", &conf.message}, {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *d = NULL;
	char hash[CW_DIGEST_HEX + 1];
	struct cw_why why = {0};
	unsigned version;
	int exit_code, err;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, conf.message ? n : 0, 1, 1))
		return CW_EXIT_USAGE;
	cw_dataset_date(date);
	err = cw_dataset_open(NULL, args[0], NULL, NULL, &d, &why);
	if (!err)
		err = cw_dataset_commit(d, &conf, &version, &why);
	if (!err)
		err = cw_dataset_hash(d, hash);
	if (err) {
		(void)cw_why_set(&why, err, "%s", strerror(err)); /* keeps the first reason */
		(void)cw_cmd_fail(&why);
		return err == EALREADY ? CW_EXIT_NOTHING : CW_EXIT_USAGE;
	}
	printf("version %u: %zu cases, sha256 %s\n", version, cw_dataset_count(d), hash);
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_commit_cmd = {
	.name = "dataset commit",
	.summary = "freeze the next version",
	.usage = "callwright dataset commit DIR -m MESSAGE",
	.details =
		"Versions never change, and each can be had again (export --version N). Ends with 5 when nothing changed.\n"
		"\nExample:\n  callwright dataset commit data/booking -m 'calls of the first week'\n",
	.run = run_commit,
};

/* ---- log ---- */

static int log_one(const char *dir, unsigned version, json_t *list, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *v = NULL;
	int err = cw_version_load(dir, version, &v, why);
	size_t n = json_object_size(json_object_get(v, "cases"));

	if (err)
		return err;
	if (list) {
		if (json_object_set_new(v, "cases", json_integer((json_int_t)n)) || json_array_append(list, v))
			return ENOMEM;
		return 0;
	}
	printf("%u  %s  %.16s  %zu cases\n   %s\n", version, cw_json_str(v, "date", ""), cw_json_str(v, "hash", ""), n,
		cw_json_str(v, "message", ""));
	return 0;
}

static int run_log(const struct cw_command *cmd, int argc, char **argv)
{
	bool json = false;
	const struct cw_opt opts[] = {{CW_OPT_FLAG, 0, "json", NULL, "as JSON", &json}, {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_JSON_SCOPED json_t *list = NULL;
	struct cw_why why = {0};
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 1))
		return CW_EXIT_USAGE;
	list = json ? json_array() : NULL;
	if (!cw_version_last(args[0])) {
		fprintf(stderr, "%s: no version yet (callwright dataset commit)\n", args[0]);
		return CW_EXIT_NOTHING;
	}
	for (unsigned v = cw_version_last(args[0]); v; v--)
		if (log_one(args[0], v, list, &why))
			return cw_cmd_fail(&why);
	if (list && (json_dumpf(list, stdout, JSON_COMPACT) || printf("\n") < 0))
		return CW_EXIT_USAGE;
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_log_cmd = {
	.name = "dataset log",
	.summary = "its versions, the newest first",
	.usage = "callwright dataset log DIR [--json]",
	.details = "Example:\n  callwright dataset log data/booking\n",
	.run = run_log,
};

/* ---- show, diff ---- */

/* "3" is a version of @dir, "DIR2" another dataset, "DIR2@3" a version of that; NULL: what is there now. */
static int open_named(const char *dir, const char *name, struct cw_dataset **ret, struct cw_why *why)
{
	const char *at = name ? strrchr(name, '@') : NULL;
	CW_SCOPED char *other = NULL;
	uint32_t version;

	if (!name)
		return cw_dataset_open(NULL, dir, NULL, NULL, ret, why);
	if (!cw_str_u32(cw_str(name), CW_VERSIONS_MAX, &version))
		return cw_version_open(NULL, dir, version, ret, why);
	if (!at || cw_str_u32(cw_str(at + 1), CW_VERSIONS_MAX, &version))
		return cw_dataset_open(NULL, name, NULL, NULL, ret, why);
	other = talloc_strndup(NULL, name, (size_t)(at - name));
	return other ? cw_version_open(NULL, other, version, ret, why) : ENOMEM;
}

static int show_case(const struct cw_dataset *d, const char *id, bool json)
{
	CW_JSON_SCOPED json_t *c = NULL;
	size_t i;

	if (!cw_dataset_find(d, id, &i)) {
		fprintf(stderr, "callwright dataset show: no case '%s'\n", id);
		return CW_EXIT_USAGE;
	}
	if (cw_dataset_get(d, i, &c) ||
		json_dumpf(c, stdout, (json ? JSON_COMPACT : JSON_INDENT(2)) | JSON_REAL_PRECISION(15)))
		return CW_EXIT_USAGE;
	printf("\n");
	return CW_EXIT_OK;
}

static int count_splits(const struct cw_dataset *d, size_t counts[4])
{
	memset(counts, 0, 4 * sizeof(counts[0]));
	for (size_t i = 0; i < cw_dataset_count(d); i++) {
		CW_JSON_SCOPED json_t *c = NULL;
		int err = cw_dataset_get(d, i, &c);
		size_t s = 0;

		if (err)
			return err;
		while (cw_splits[s] && strcmp(cw_splits[s], cw_json_str(c, "split", "")) != 0)
			s++;
		counts[s]++;
	}
	return 0;
}

static int show_all(const struct cw_dataset *d, bool json)
{
	const json_t *meta = cw_dataset_meta(d);
	char hash[CW_DIGEST_HEX + 1];
	size_t counts[4];

	if (cw_dataset_hash(d, hash) || count_splits(d, counts))
		return CW_EXIT_USAGE;
	if (json) {
		CW_JSON_SCOPED json_t *j = json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:{s:I, s:I, s:I, s:I}}", "name",
			cw_json_str(meta, "name", ""), "description", cw_json_str(meta, "description", ""), "licence",
			cw_json_str(meta, "licence", ""), "version", (json_int_t)cw_json_int(meta, "version", 0),
			"hash", hash, "cases", (json_int_t)cw_dataset_count(d), "splits", "train",
			(json_int_t)counts[0], "dev", (json_int_t)counts[1], "test", (json_int_t)counts[2], "none",
			(json_int_t)counts[3]);

		if (!j || json_dumpf(j, stdout, JSON_COMPACT))
			return CW_EXIT_USAGE;
		printf("\n");
		return CW_EXIT_OK;
	}
	printf("%s%s%s\nlicence %s, version %lld, sha256 %s\n%zu cases: train %zu, dev %zu, test %zu, without a split %zu\n",
		cw_json_str(meta, "name", ""), cw_json_str(meta, "description", "")[0] ? ": " : "",
		cw_json_str(meta, "description", ""), cw_json_str(meta, "licence", ""),
		(long long)cw_json_int(meta, "version", 0), hash, cw_dataset_count(d), counts[0], counts[1], counts[2],
		counts[3]);
	return CW_EXIT_OK;
}

static int run_show(const struct cw_command *cmd, int argc, char **argv)
{
	bool json = false;
	uint32_t version = 0;
	const struct cw_opt opts[] = {
		{CW_OPT_FLAG, 0, "json", NULL, "as JSON", &json},
		{CW_OPT_U32, 0, "version", "N", "that frozen version (what is there now)", &version},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *d = NULL;
	struct cw_why why = {0};
	int exit_code, err;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 2))
		return CW_EXIT_USAGE;
	err = version ? cw_version_open(NULL, args[0], version, &d, &why)
		      : cw_dataset_open(NULL, args[0], NULL, NULL, &d, &why);
	if (err)
		return cw_cmd_fail(&why);
	return n == 2 ? show_case(d, args[1], json) : show_all(d, json);
}

const struct cw_command cw_dataset_show_cmd = {
	.name = "dataset show",
	.summary = "what is in it, or one case",
	.usage = "callwright dataset show DIR [CASE] [--version N] [--json]",
	.details =
		"Examples:\n  callwright dataset show data/booking\n  callwright dataset show data/booking book-repair --version 1\n",
	.run = run_show,
};

static int run_diff(const struct cw_command *cmd, int argc, char **argv)
{
	bool json = false;
	const struct cw_opt opts[] = {{CW_OPT_FLAG, 0, "json", NULL, "as JSON", &json}, {0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	CW_SCOPED struct cw_dataset *a = NULL, *b = NULL;
	CW_SCOPED char *last = NULL;
	struct cw_delta_counts counts;
	struct cw_why why = {0};
	int exit_code, err;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (!cw_dataset_words(cmd, n, 1, 3))
		return CW_EXIT_USAGE;
	last = talloc_asprintf(NULL, "%u", cw_version_last(args[0]));
	err = last ? open_named(args[0], n > 1 ? args[1] : last, &a, &why) : ENOMEM;
	if (!err)
		err = open_named(args[0], n > 2 ? args[2] : NULL, &b, &why);
	if (!err)
		err = cw_delta_print(a, b, json, stdout, &counts);
	if (err)
		return (void)cw_why_set(&why, err, "%s", strerror(err)), cw_cmd_fail(&why);
	return CW_EXIT_OK;
}

const struct cw_command cw_dataset_diff_cmd = {
	.name = "dataset diff",
	.summary = "what is different between two versions or datasets",
	.usage = "callwright dataset diff DIR [A] [B] [--json]",
	.details =
		"A and B are versions (3), other datasets (DIR2) or versions of those (DIR2@3). Without A: the last version; without B: what is there now.\n"
		"\nExamples:\n  callwright dataset diff data/booking\n  callwright dataset diff data/booking 1 2\n  callwright dataset diff data/booking ../theirs/booking@4\n",
	.run = run_diff,
};
