#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trial/run/rundir.h"

static const char *folder(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), name);
	return path;
}

static void append_raw(const char *dir, const char *text)
{
	char path[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s/results.jsonl", dir);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void write_lines(struct cw_rundir *d, const char *text)
{
	assert_int_equal(cw_rundir_append(d, cw_str(text), NULL), 0);
}

static void a_torn_last_line_is_cut_off(void **state)
{
	const char *path = folder("torn");
	CW_SCOPED struct cw_rundir *d = NULL, *again = NULL;
	struct cw_results *lines = NULL;
	CW_JSON_SCOPED json_t *third = NULL;

	(void)state;
	assert_int_equal(cw_rundir_new(NULL, path, 0, "x", &d, NULL), 0);
	assert_int_equal(cw_rundir_describe(d, json_pack("{s:s}", "id", "run"), NULL), 0);
	write_lines(d, "{\"key\":\"a\"}\n{\"key\":\"b\"}\n");
	append_raw(path, "{\"key\":\"c\",\"verd"); /* killed here */

	assert_int_equal(cw_rundir_open(NULL, path, &again, &lines, NULL), 0);
	assert_int_equal(cw_results_count(lines), 2);
	assert_string_equal(cw_json_str(cw_rundir_run(again), "id", ""), "run");
	write_lines(again, "{\"key\":\"c\"}\n");
	TALLOC_FREE(again);
	assert_int_equal(cw_rundir_open(NULL, path, &again, &lines, NULL), 0);
	assert_int_equal(cw_results_count(lines), 3);
	third = cw_results_get(lines, 2);
	assert_string_equal(cw_json_str(third, "key", ""), "c");
}

static void damage_in_the_middle_is_told(void **state)
{
	const char *path = folder("junk");
	CW_SCOPED struct cw_rundir *d = NULL, *again = NULL;
	struct cw_results *lines = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_rundir_new(NULL, path, 0, "x", &d, NULL), 0);
	assert_int_equal(cw_rundir_describe(d, json_object(), NULL), 0);
	write_lines(d, "{\"key\":\"a\"}\n[1]\n{\"key\":\"b\"}\n");
	assert_int_equal(cw_rundir_open(NULL, path, &again, &lines, &why), EBADMSG);
	assert_int_equal(why.line, 2);
}

static void a_run_is_never_overwritten(void **state)
{
	const char *path = folder("once");
	CW_SCOPED struct cw_rundir *d = NULL;
	struct cw_rundir *other = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_rundir_new(NULL, path, 0, "x", &d, NULL), 0);
	assert_int_equal(cw_rundir_new(NULL, path, 0, "x", &other, &why), EEXIST);
	assert_non_null(strstr(why.text, "--resume"));
	assert_null(other);
}

static void unwritable_folders_are_told(void **state)
{
	struct cw_rundir *d = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_not_equal(cw_rundir_new(NULL, "/proc/run", 0, "x", &d, &why), 0);
	assert_non_null(strstr(why.text, "/proc/run"));
	assert_null(d);
}

static void configuration_goes_to_json_and_back(void **state)
{
	const char *files[] = {"a.yaml", "b"}, *tags[] = {"smoke"}, *voices[] = {"flite:slt"};
	const struct cw_opt_pair vars[] = {{"n", "v"}};
	const struct cw_trial_conf c = {.files = files,
		.n_files = 2,
		.sim = true,
		.seed = UINT64_MAX,
		.repeat = 3,
		.filter = "x",
		.tags = {tags, 1},
		.first = 9,
		.voices = {voices, 1},
		.agent_voice = "modem",
		.timeout_us = 7000000,
		.fail_fast = true,
		.record = CW_RECORD_MONO,
		.faults = 0.25,
		.vars = vars,
		.n_vars = 1};
	CW_JSON_SCOPED json_t *j = cw_trial_conf_json(&c), *again = NULL;
	CW_SCOPED void *parent = talloc_new(NULL);
	struct cw_trial_conf back;

	(void)state;
	assert_int_equal(cw_trial_conf_parse(parent, j, &back, NULL), 0);
	assert_true(back.seed == UINT64_MAX);
	assert_string_equal(back.files[1], "b");
	assert_int_equal(back.record, CW_RECORD_MONO);
	assert_null(back.target);
	again = cw_trial_conf_json(&back);
	assert_true(json_equal(j, again));
	json_object_set_new(j, "seed", json_string("x"));
	assert_int_equal(cw_trial_conf_parse(parent, j, &back, NULL), EBADMSG);
}

CW_TEST_MAIN(CW_TEST(a_torn_last_line_is_cut_off), CW_TEST(damage_in_the_middle_is_told),
	CW_TEST(a_run_is_never_overwritten), CW_TEST(unwritable_folders_are_told),
	CW_TEST(configuration_goes_to_json_and_back))
