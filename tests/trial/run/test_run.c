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
	static char path[8][300];
	static unsigned next;
	char *p = path[next++ % 8];

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

/* Killed without warning; finished later; nothing differs from a run that was left alone. */
static void a_killed_run_is_finished_by_resume(void **state)
{
	struct cw_run_conf conf = conf_of(folder("whole"), "^book-"), resumed = {0};
	const char *whole = conf.out_dir, *killed = folder("killed");
	char results[400];
	struct stat st;
	int status;

	(void)state;
	conf.trial.repeat = 3;
	assert_int_equal(run(&conf), CW_RUN_PASSED);
	snprintf(results, sizeof(results), "%s/results.jsonl", killed);

	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		enum cw_run_end end;

		conf.out_dir = killed;
		_exit(quiet_run(&conf, &end, NULL) ? 1 : 0);
	}
	for (unsigned i = 0; i < 5000 && (stat(results, &st) || st.st_size < 9000); i++)
		usleep(1000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(count_lines(killed) <= 15);
	resumed.resume = killed;
	assert_int_equal(run(&resumed), CW_RUN_PASSED);
	assert_same_file(whole, killed, "results.jsonl");
	assert_same_file(whole, killed, "summary.json");
	assert_same_file(whole, killed, "calls/book-repeat.en-US.modem.clean.3/both.wav");
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
	};

	return cmocka_run_group_tests(tests, set_paths, NULL);
}
