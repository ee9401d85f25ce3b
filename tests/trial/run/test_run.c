/* Whole runs in the simulated world: our caller, our agent, the shipped scenarios. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "trial/run/rescore.h"
#include "trial/run/run.h"

static char target[400], scenarios[400];
static const char *files[] = {scenarios};

static int set_paths(void **state)
{
	(void)state;
	snprintf(target, sizeof(target), "agent:%s", cw_test_source("agents/hvac.yaml"));
	snprintf(scenarios, sizeof(scenarios), "%s", cw_test_source("scenarios/hvac"));
	return 0;
}

static struct cw_run_conf conf_of(const char *out, const char *filter)
{
	return (struct cw_run_conf){
		.trial = {.files = files, .n_files = 1, .target = target, .sim = true, .seed = 7, .filter = filter},
		.out_dir = out,
	};
}

static const char *folder(const char *name)
{
	static char path[16][300];
	static unsigned next;
	char *p = path[next++ % 16];

	snprintf(p, sizeof(path[0]), "%s/%s", cw_test_tmp(), name);
	return p;
}

/* Run without talking into the TAP stream. */
static int quiet_run(const struct cw_run_conf *conf, enum cw_run_end *end, struct cw_why *why)
{
	int out = dup(1), null = open("/dev/null", O_WRONLY), err;

	fflush(stdout);
	dup2(null, 1);
	err = cw_run(conf, end, why);
	fflush(stdout);
	dup2(out, 1);
	close(out);
	close(null);
	return err;
}

static enum cw_run_end run(const struct cw_run_conf *conf)
{
	enum cw_run_end end = CW_RUN_INTERRUPTED;
	struct cw_why why = {0};

	if (quiet_run(conf, &end, &why))
		fail_msg("%s", why.text);
	return end;
}

static char *read_all(const char *dir, const char *name, size_t *len)
{
	char path[500];
	struct cw_buf b = CW_BUF(256u << 20);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (cw_file_read(path, 256u << 20, &b, NULL))
		fail_msg("%s cannot be read", path);
	*len = b.len;
	return cw_buf_take(&b, NULL);
}

static void assert_same_file(const char *a, const char *b, const char *name)
{
	size_t n, m;
	CW_SCOPED char *x = read_all(a, name, &n);
	CW_SCOPED char *y = read_all(b, name, &m);

	if (n != m || memcmp(x, y, n))
		fail_msg("%s differs between %s and %s", name, a, b);
}

static size_t count_lines(const char *dir)
{
	size_t n, lines = 0;
	CW_SCOPED char *text = read_all(dir, "results.jsonl", &n);

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static void all_shipped_scenarios_pass_and_twice_the_same(void **state)
{
	static const char *const same[] = {"results.jsonl", "summary.json", "junit.xml", "summary.md",
		"calls/book-happy.en-US.modem.clean.1/both.wav", "calls/book-happy.en-US.modem.clean.1/events.jsonl",
		"calls/book-happy.en-US.modem.clean.1/transcript.json",
		"calls/book-happy.en-US.modem.clean.1/levels.json", "calls/cafe.en-US.modem.cafe.1/both.wav",
		"calls/cough.en-US.modem.clean.1/waterfall.json", "calls/phone-by-keys.en-US.modem.clean.1/labels.txt"};
	struct cw_run_conf conf = conf_of(folder("all1"), NULL);
	const char *first = conf.out_dir;

	(void)state;
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	assert_true(count_lines(first) >= 12);
	conf.out_dir = folder("all2");
	conf.trial.jobs = 2; /* side by side: the files are the same all the same */
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	for (size_t i = 0; i < CW_COUNT(same); i++)
		if (strcmp(same[i], "summary.json")) /* tells how many ran at once */
			assert_same_file(first, conf.out_dir, same[i]);
}

static void another_seed_is_another_call(void **state)
{
	struct cw_run_conf conf = conf_of(folder("cough1"), "^cough$");
	size_t n, m;

	(void)state;
	assert_int_equal(run(&conf), CW_RUN_PASSED);

	CW_SCOPED char *a = read_all(conf.out_dir, "calls/cough.en-US.modem.clean.1/both.wav", &n);

	conf.out_dir = folder("cough2");
	conf.trial.seed = 8;
	(void)run(&conf);

	CW_SCOPED char *b = read_all(conf.out_dir, "calls/cough.en-US.modem.clean.1/both.wav", &m);

	assert_true(n != m || memcmp(a, b, n));
}

static void faults_break_no_promise(void **state)
{
	struct cw_run_conf conf = conf_of(folder("faults"), "^book-happy$");

	(void)state;
	conf.trial.faults = 0.03;
	conf.trial.repeat = 12;
	conf.trial.record = CW_RECORD_NONE;
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	assert_int_equal(count_lines(conf.out_dir), 12);
}

/* A scenario that cannot hold with this agent. */
static const char *wrong(void)
{
	static char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/wrong.yaml", cw_test_tmp());
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("tests:\n"
	      "  - {id: a, turns: [{say: \"I want to talk to a person.\"}], assert: [{type: contains, value: pineapple}]}\n"
	      "  - {id: b, turns: [{say: \"I want to talk to a person.\"}], assert: [{type: contains, value: person}]}\n",
		f);
	fclose(f);
	return path;
}

static void ends_are_told_apart(void **state)
{
	struct cw_run_conf conf = conf_of(folder("end1"), "^nothing-of-that-name$");
	const char *one[] = {wrong()};
	enum cw_run_end end;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(run(&conf), CW_RUN_NOTHING);
	conf.trial.filter = NULL;
	conf.trial.files = one;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	assert_int_equal(count_lines(conf.out_dir), 2);
	conf.out_dir = folder("end2");
	conf.trial.fail_fast = true;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	assert_int_equal(count_lines(conf.out_dir), 1);
	conf.out_dir = folder("end3");
	conf.trial.target = "agent:/nowhere.yaml";
	assert_int_not_equal(quiet_run(&conf, &end, &why), 0);
	assert_non_null(strstr(why.file, "/nowhere.yaml"));
	why = (struct cw_why){0};
	conf.trial.target = "trumpet:x";
	assert_int_equal(quiet_run(&conf, &end, &why), EINVAL);
	assert_non_null(strstr(why.text, "trumpet:x"));
	why = (struct cw_why){0};
	conf.trial.target = "twilio:http://127.0.0.1:1/voice";
	assert_int_equal(quiet_run(&conf, &end, &why), EINVAL);
	assert_non_null(strstr(why.text, "--sim"));
}

static void an_unreachable_target_is_an_error_not_a_failure(void **state)
{
	struct cw_run_conf conf = conf_of(folder("unreachable"), "^ask-for-person$");

	(void)state;
	conf.trial.sim = false;
	conf.trial.target = "twilio:http://127.0.0.1:1/voice";
	conf.trial.ear = "modem";

	const char *voice = "modem";

	conf.trial.voices = (struct cw_list){&voice, 1};
	assert_int_equal(run(&conf), CW_RUN_UNREACHABLE);
	assert_int_equal(count_lines(conf.out_dir), 1);
}

static void kill_when_grown(const struct cw_run_conf *conf, const char *dir, off_t size)
{
	struct cw_run_conf killed = *conf;
	char results[400];
	struct stat st;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	snprintf(results, sizeof(results), "%s/results.jsonl", dir);
	if (!child) {
		enum cw_run_end end;

		killed.out_dir = dir;
		_exit(quiet_run(&killed, &end, NULL) ? 1 : 0);
	}
	for (unsigned i = 0; i < 20000 && (stat(results, &st) || st.st_size < size); i++)
		usleep(250);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
}

/* Killed without warning at several moments, once inside a line; finished later; nothing differs from a run that was left alone. */
static void a_killed_run_is_finished_by_resume(void **state)
{
	static const char *const names[] = {"killed1", "killed2", "killed3", "killed4"};
	static const off_t sizes[] = {1, 4000, 9000, 24000};
	struct cw_run_conf conf = conf_of(folder("whole"), "^book-"), resumed = {0};
	char whole[300];

	(void)state;
	snprintf(whole, sizeof(whole), "%s", conf.out_dir);
	conf.trial.repeat = 3;
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		const char *killed = folder(names[i]);
		char path[400];
		FILE *f;

		kill_when_grown(&conf, killed, sizes[i]);
		assert_true(count_lines(killed) <= 15);
		snprintf(path, sizeof(path), "%s/results.jsonl", killed);
		f = fopen(path, "a");
		assert_non_null(f);
		fputs("{\"key\":\"book-happy.en-US.modem.clean.1\",\"verd", f); /* a torn line as well */
		fclose(f);
		resumed.resume = killed;
		assert_int_equal(run(&resumed), CW_RUN_PASSED);
		assert_same_file(whole, killed, "results.jsonl");
		assert_same_file(whole, killed, "summary.json");
		assert_same_file(whole, killed, "report.html");
		assert_same_file(whole, killed, "calls/book-repeat.en-US.modem.clean.3/both.wav");
	}
}

static json_t *line_of(const char *dir, const char *name, size_t n)
{
	CW_SCOPED struct cw_results *r = NULL;
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(cw_results_open(NULL, path, &r, NULL, NULL), 0);
	assert_true(n < cw_results_count(r));
	return cw_results_get(r, n);
}

/* The agent waits for words that the script does not have: nobody can say whether the agent is right. */
static const char *deadlock(void)
{
	static char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/deadlock.yaml", cw_test_tmp());
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("tests:\n"
	      "  - {id: a, caller: {deadlock_s: 3}, turns: [{say: \"My furnace stopped working.\", when: {match: never said}}],\n"
	      "     assert: [{type: contains, value: help}]}\n",
		f);
	fclose(f);
	return path;
}

static void an_invalid_execution_is_tried_again_with_another_seed(void **state)
{
	struct cw_run_conf conf = conf_of(folder("again"), NULL);
	const char *one[] = {deadlock()};

	(void)state;
	conf.trial.files = one;
	conf.retry_invalid = 2;
	assert_int_equal(run(&conf), CW_RUN_UNTRUSTED);

	CW_JSON_SCOPED json_t *line = line_of(conf.out_dir, "results.jsonl", 0);
	json_t *attempts = json_object_get(line, "attempts");

	assert_string_equal(cw_json_str(line, "verdict", ""), "INVALID");
	assert_string_equal(cw_json_str(line, "key", ""), "a.en-US.modem.clean.1");
	assert_string_equal(cw_json_str(line, "folder", ""), "a.en-US.modem.clean.1~3");
	assert_int_equal(json_array_size(attempts), 2);
	assert_string_not_equal(cw_json_str(json_array_get(attempts, 0), "seed", ""),
		cw_json_str(json_array_get(attempts, 1), "seed", ""));
	assert_non_null(strstr(cw_json_str(line, "rerun", ""), "--seed 2000013"));
}

static enum cw_run_end rescore(const char *dir)
{
	const struct cw_rescore_conf conf = {.run = dir, .rescore = true};
	enum cw_run_end end = CW_RUN_INTERRUPTED;
	struct cw_why why = {0};
	int out = dup(1), null = open("/dev/null", O_WRONLY), err;

	fflush(stdout);
	dup2(null, 1);
	err = cw_rescore(&conf, &end, &why);
	fflush(stdout);
	dup2(out, 1);
	close(out);
	close(null);
	if (err)
		fail_msg("%s", why.text);
	return end;
}

static void a_stored_call_is_judged_again_as_it_was(void **state)
{
	struct cw_run_conf conf = conf_of(folder("stored"), NULL);
	const char *dir = conf.out_dir;

	(void)state;
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	assert_int_equal(rescore(dir), CW_RUN_PASSED);

	size_t n, m;
	CW_SCOPED char *before = read_all(dir, "results.jsonl", &n);
	CW_SCOPED char *after = read_all(dir, "rescored.jsonl", &m);

	assert_true(n == m && !memcmp(before, after, n));
}

static void a_changed_assertion_changes_the_verdict_without_a_call(void **state)
{
	const char *path = wrong(), *one[] = {path};
	struct cw_run_conf conf = conf_of(folder("judged"), NULL);
	const char *dir = conf.out_dir;
	char text[500];
	FILE *f;

	(void)state;
	conf.trial.files = one;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	f = fopen(path, "w");
	fputs("tests:\n"
	      "  - {id: a, turns: [{say: \"I want to talk to a person.\"}], assert: [{type: contains, value: person}]}\n"
	      "  - {id: b, turns: [{say: \"I want to talk to a person.\"}], assert: [{type: contains, value: melon}]}\n",
		f);
	fclose(f);
	assert_int_equal(rescore(dir), CW_RUN_FAILED);

	CW_JSON_SCOPED json_t *a = line_of(dir, "rescored.jsonl", 0), *b = line_of(dir, "rescored.jsonl", 1);

	assert_string_equal(cw_json_str(a, "verdict", ""), "PASS");
	assert_string_equal(cw_json_str(b, "verdict", ""), "FAIL");
	snprintf(text, sizeof(text), "%s/calls/a.en-US.modem.clean.1/record.json", dir);
	assert_int_equal(unlink(text), 0);
	(void)rescore(dir);

	CW_JSON_SCOPED json_t *gone = line_of(dir, "rescored.jsonl", 0);

	assert_string_equal(cw_json_str(gone, "verdict", ""), "ERROR");
	assert_non_null(strstr(cw_json_str(gone, "reason", ""), "record.json"));
}

static void shards_are_a_partition_that_keeps_repeats_together(void **state)
{
	struct cw_run_conf conf = conf_of(NULL, NULL);
	CW_SCOPED struct cw_plan *whole = NULL;
	size_t sum = 0;

	(void)state;
	conf.trial.repeat = 3;
	assert_int_equal(cw_plan_new(NULL, &conf.trial, &whole, NULL), 0);
	for (unsigned i = 1; i <= 4; i++) {
		const struct cw_select s = {.shard = i, .shards = 4};
		CW_SCOPED struct cw_plan *part = NULL;

		assert_int_equal(cw_plan_new(NULL, &conf.trial, &part, NULL), 0);
		assert_int_equal(cw_select_apply(&s, &conf.trial, part, NULL), 0);
		assert_int_equal(part->n % 3, 0);
		for (size_t k = 0; k < part->n; k++)
			assert_int_equal(part->items[k].repeat, k % 3 + 1);
		assert_true(part->hash != whole->hash);
		sum += part->n;
	}
	assert_int_equal(sum, whole->n);
}

static void a_sample_depends_on_the_seed_alone(void **state)
{
	struct cw_run_conf conf = conf_of(NULL, NULL);
	const struct cw_select s = {.sample = 5};
	CW_SCOPED struct cw_plan *a = NULL, *b = NULL, *c = NULL;
	bool differs = false;

	(void)state;
	assert_int_equal(cw_plan_new(NULL, &conf.trial, &a, NULL), 0);
	assert_int_equal(cw_select_apply(&s, &conf.trial, a, NULL), 0);
	assert_int_equal(cw_plan_new(NULL, &conf.trial, &b, NULL), 0);
	assert_int_equal(cw_select_apply(&s, &conf.trial, b, NULL), 0);
	conf.trial.seed++;
	assert_int_equal(cw_plan_new(NULL, &conf.trial, &c, NULL), 0);
	assert_int_equal(cw_select_apply(&s, &conf.trial, c, NULL), 0);
	assert_int_equal(a->n, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(a->items[i].key, b->items[i].key);
		differs = differs || strcmp(a->items[i].key, c->items[i].key);
	}
	assert_true(differs);
}

static void only_what_failed_is_run_again(void **state)
{
	const char *one[] = {wrong()};
	struct cw_run_conf conf = conf_of(folder("first"), NULL);
	const char *first = conf.out_dir;

	(void)state;
	conf.trial.files = one;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	conf.out_dir = folder("failing");
	conf.select.failing = first;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	assert_int_equal(count_lines(conf.out_dir), 1);
}

static void the_baseline_and_what_fails_decide_the_end(void **state)
{
	const struct cw_limits half = {.min_pass_rate = 0.5, .max_invalid_rate = -1};
	struct cw_run_conf conf = conf_of(folder("base"), "^b$");
	const char *path = wrong(), *one[] = {path}, *base = conf.out_dir;
	FILE *f;

	(void)state;
	conf.trial.files = one;
	conf.trial.repeat = 4;
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	f = fopen(path, "w");
	fputs("tests:\n  - {id: b, turns: [{say: \"I want to talk to a person.\"}], assert: [{type: contains, value: melon}]}\n",
		f);
	fclose(f);
	conf.baseline = base;
	conf.out_dir = folder("base-usual");
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	conf.out_dir = folder("base-only");
	conf.fail_on = CW_FAIL_ON_REGRESSION;
	assert_int_equal(run(&conf), CW_RUN_REGRESSED);
	conf.out_dir = folder("base-limits");
	conf.fail_on = CW_FAIL_ON_THRESHOLD;
	assert_int_equal(run(&conf), CW_RUN_REGRESSED);
	conf.out_dir = folder("base-rate");
	conf.limits = &half;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
}

static void a_cap_on_time_stops_the_run_and_resume_goes_on(void **state)
{
	struct cw_run_conf conf = conf_of(folder("capped"), "^book-happy$"), resumed = {.resume = conf.out_dir};
	size_t lines;

	(void)state;
	conf.trial.repeat = 400;
	conf.trial.record = CW_RECORD_NONE;
	conf.max_us = 100000;
	assert_int_equal(run(&conf), CW_RUN_CAPPED);
	lines = count_lines(conf.out_dir);
	assert_true(lines > 0 && lines < 400);
	resumed.max_us = 1000;
	assert_int_equal(run(&resumed), CW_RUN_CAPPED);
	assert_true(count_lines(conf.out_dir) >= lines);
}

static void a_changed_scenario_cannot_be_resumed(void **state)
{
	const char *one[] = {wrong()};
	struct cw_run_conf conf = conf_of(folder("changed"), NULL), resumed = {.resume = conf.out_dir};
	enum cw_run_end end;
	struct cw_why why = {0};
	FILE *f;

	(void)state;
	conf.trial.files = one;
	assert_int_equal(run(&conf), CW_RUN_FAILED);
	f = fopen(one[0], "a");
	fputs("# changed\n", f);
	fclose(f);
	assert_int_equal(quiet_run(&resumed, &end, &why), EINVAL);
	assert_non_null(strstr(why.text, "changed since"));
}

/* No leak check by talloc's null context here: the jobs of a run allocate on several threads. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_shipped_scenarios_pass_and_twice_the_same),
		cmocka_unit_test(another_seed_is_another_call),
		cmocka_unit_test(faults_break_no_promise),
		cmocka_unit_test(ends_are_told_apart),
		cmocka_unit_test(an_unreachable_target_is_an_error_not_a_failure),
		cmocka_unit_test(a_killed_run_is_finished_by_resume),
		cmocka_unit_test(a_changed_scenario_cannot_be_resumed),
		cmocka_unit_test(an_invalid_execution_is_tried_again_with_another_seed),
		cmocka_unit_test(a_stored_call_is_judged_again_as_it_was),
		cmocka_unit_test(a_changed_assertion_changes_the_verdict_without_a_call),
		cmocka_unit_test(shards_are_a_partition_that_keeps_repeats_together),
		cmocka_unit_test(a_sample_depends_on_the_seed_alone),
		cmocka_unit_test(only_what_failed_is_run_again),
		cmocka_unit_test(the_baseline_and_what_fails_decide_the_end),
		cmocka_unit_test(a_cap_on_time_stops_the_run_and_resume_goes_on),
	};

	return cmocka_run_group_tests(tests, set_paths, NULL);
}
