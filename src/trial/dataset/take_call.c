/* Cases born from calls: a test is made of each (replay/to_test.h) and taken in like any other. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "trial/dataset/take_int.h"
#include "trial/replay/to_test.h"
#include "trial/report/results.h"
#include "trial/run/rundir.h"

#define TEST_MAX (4u << 20)

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	(void)remove(path); /* what stays is in the temporary folder */
	return 0;
}

static char *scratch_new(void)
{
	const char *tmp = getenv("TMPDIR");
	CW_SCOPED char *dir = talloc_asprintf(NULL, "%s/callwright-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	return dir && mkdtemp(dir) ? talloc_move(NULL, &dir) : NULL;
}

/* runs/NAME/calls/KEY is call KEY of run NAME; a recording elsewhere has its own name only. */
static json_t *provenance_of(const struct cw_capture *c, const char *call)
{
	CW_SCOPED char *path = talloc_strdup(NULL, call);
	char *slash = path ? strrchr(path, '/') : NULL, *run = NULL;

	if (!path)
		return NULL;
	if (slash)
		*slash = 0;
	if (slash && (run = strrchr(path, '/')) && !strcmp(run, "/calls")) {
		*run = 0;
		run = strrchr(path, '/');
		run = run ? run + 1 : path;
	} else {
		run = NULL;
	}
	return json_pack("{s:s, s:s*, s:s*, s:s*}", "call", c->key, "run", run, "file",
		c->scenario[0] ? c->scenario : NULL, "test", c->test[0] ? c->test : NULL);
}

static int take_written(struct cw_dataset *d, const char *path, const struct cw_take_conf *conf,
	const json_t *provenance, struct cw_taken *t, struct cw_why *why)
{
	const struct cw_taking taking = {
		.d = d, .conf = conf, .taken = t, .name = path, .provenance = provenance, .why = why};
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEST_MAX);
	int err = cw_file_read(path, TEST_MAX, &b, why);

	return err ? err : cw_take_scenario(&taking, path, cw_buf_str(&b));
}

static int take_in(struct cw_dataset *d, const char *dir, const char *call, const struct cw_take_conf *conf,
	struct cw_taken *t, struct cw_why *why)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/call.yaml", dir);
	CW_SCOPED struct cw_capture *c = NULL;
	CW_JSON_SCOPED json_t *provenance = NULL;
	struct cw_to_test_report report;
	int err = path ? cw_capture_load(NULL, call, &c, why) : ENOMEM;

	if (err)
		return err;

	const struct cw_to_test_conf to = {
		.path = path, .keep_audio = conf->keep_audio, .keep_personal = conf->keep_personal};

	provenance = provenance_of(c, call);
	err = provenance ? cw_to_test_write(c, &to, &report, why) : ENOMEM;
	if (!err)
		err = take_written(d, path, conf, provenance, t, why);
	if (err)
		return err;
	t->masked += report.replaced;
	t->wordless += report.wordless;
	return 0;
}

int cw_take_call(
	struct cw_dataset *d, const char *call, const struct cw_take_conf *conf, struct cw_taken *t, struct cw_why *why)
{
	CW_SCOPED char *dir = scratch_new(), *plain = talloc_strdup(NULL, call);
	size_t n = plain ? strlen(plain) : 0;
	int err;

	if (!dir || !plain)
		return cw_why_set(why, errno ? errno : ENOMEM, "no temporary folder can be made: %s", strerror(errno));
	while (n > 1 && plain[n - 1] == '/')
		plain[--n] = 0;
	err = take_in(d, dir, plain, conf, t, why);
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* what stays is in the temporary folder */
	return err;
}

int cw_take_run(struct cw_dataset *d, const char *run, bool failed, const struct cw_take_conf *conf,
	void (*skipped)(const char *key, const char *text, void *arg), void *arg, struct cw_taken *t,
	struct cw_why *why)
{
	CW_SCOPED char *dir = NULL, *path = NULL;
	CW_SCOPED struct cw_results *results = NULL;
	int err = cw_rundir_find(NULL, run, &dir, why);

	if (!err && !(path = talloc_asprintf(NULL, "%s/results.jsonl", dir)))
		err = ENOMEM;
	if (!err)
		err = cw_results_open(NULL, path, &results, NULL, why);
	for (size_t i = 0; !err && i < cw_results_count(results); i++) {
		CW_JSON_SCOPED json_t *line = cw_results_get(results, i);
		const char *key = cw_json_str(line, "key", "");
		CW_SCOPED char *call = talloc_asprintf(NULL, "%s/calls/%s", dir, cw_json_str(line, "folder", key));
		struct cw_why inner = {0};

		if (failed && !strcmp(cw_json_str(line, "verdict", ""), "PASS"))
			continue;
		err = call ? cw_take_call(d, call, conf, t, &inner) : ENOMEM;
		if (err == ENOMEM)
			return cw_why_at(why, err, inner.file, inner.line, inner.column, "%s", inner.text);
		if (err)
			skipped(key, inner.text[0] ? inner.text : strerror(err), arg);
		err = 0;
	}
	return err;
}
