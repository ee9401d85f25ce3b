/* Calls of a simulated run, taken apart, made tests of, and done again. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audio/wav.h"
#include "base/file.h"
#include "trial/replay/exact.h"
#include "trial/replay/to_test.h"
#include "trial/run/run.h"
#include "trial/scenario/scenario.h"

static char target[400], scenarios[400], out[400];
static const char *files[] = {scenarios};

/* One run for all tests here: four calls with everything in them that a caller does. */
static int simulate(void **state)
{
	int saved = dup(1), null = open("/dev/null", O_WRONLY), err;
	enum cw_run_end end;
	struct cw_why why = {0};

	(void)state;
	(void)snprintf(target, sizeof(target), "agent:%s", cw_test_source("agents/hvac.yaml"));
	(void)snprintf(scenarios, sizeof(scenarios), "%s", cw_test_source("scenarios/hvac"));
	(void)snprintf(out, sizeof(out), "%s/run", cw_test_tmp());

	const struct cw_run_conf conf = {.trial = {.files = files,
						 .n_files = 1,
						 .target = target,
						 .sim = true,
						 .seed = 7,
						 .filter = "^(book-happy|interrupt-offers|backchannel|phone-by-keys)$"},
		.out_dir = out};

	fflush(stdout);
	dup2(null, 1);
	err = cw_run(&conf, &end, &why);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	close(null);
	return err ? -1 : 0;
}

static const char *call_of(const char *test)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s/calls/%s.en-US.modem.clean.1", out, test);
	return path;
}

static struct cw_capture *capture(const char *test)
{
	struct cw_capture *c;
	struct cw_why why = {0};

	if (cw_capture_load(NULL, call_of(test), &c, &why))
		fail_msg("%s", why.text);
	return c;
}

static void finds_turns_and_their_place(void **state)
{
	CW_SCOPED struct cw_capture *plain = capture("book-happy"), *cut = capture("interrupt-offers"),
				    *mm = capture("backchannel");

	assert_int_equal(plain->n_turns, 6);
	assert_string_equal(plain->test, "book-happy");
	assert_string_equal(plain->target, target);
	assert_true(plain->agent_hung_up);
	assert_string_equal(plain->turns[0].text, "My furnace stopped working.");
	for (size_t i = 0; i < plain->n_turns; i++) {
		assert_int_equal(plain->turns[i].when, CW_WHEN_AGENT_END);
		assert_in_range(plain->turns[i].delay_us, 300000, 900000);
	}

	size_t during = 0;

	for (size_t i = 0; i < cut->n_turns; i++)
		during += cut->turns[i].when == CW_WHEN_DURING;
	assert_int_equal(during, 1);

	/* "Mm-hmm", while the agent talks on */
	assert_int_equal(mm->turns[4].when, CW_WHEN_DURING);
	assert_string_equal(mm->turns[4].text, "Mm-hmm.");
}

static void finds_keys_nobody_hears(void **state)
{
	CW_SCOPED struct cw_capture *c = capture("phone-by-keys");
	size_t keys = 0;

	for (size_t i = 0; i < c->n_turns; i++)
		keys += c->turns[i].digits != NULL;
	assert_int_equal(keys, 1);
}

static void write_and_load(const char *test, const struct cw_to_test_conf *conf, struct cw_to_test_report *report,
	struct cw_scenario **ret)
{
	CW_SCOPED struct cw_capture *c = capture(test);
	const struct cw_scenario_conf none = {0};
	struct cw_why why = {0};

	if (cw_to_test_write(c, conf, report, &why) || cw_scenario_load(NULL, conf->path, &none, ret, &why))
		fail_msg("%s", why.text);
}

static void makes_a_test_without_personal_data(void **state)
{
	char path[600];
	CW_SCOPED struct cw_scenario *s = NULL;
	struct cw_to_test_report report;
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(1u << 20);

	(void)snprintf(path, sizeof(path), "%s/plain.yaml", cw_test_tmp());
	write_and_load(
		"book-happy", &(struct cw_to_test_conf){.path = path, .target = target, .voice = "modem"}, &report, &s);
	assert_int_equal(report.turns, 6);
	assert_int_equal(report.clips, 0);
	assert_int_equal(report.replaced, 2);
	assert_int_equal(s->n_tests, 1);
	assert_int_equal(s->tests[0]->script.n_steps, 6);
	assert_true(s->tests[0]->asserts.n > 0);
	assert_int_equal(cw_file_read(path, 1u << 20, &text, NULL), 0);
	assert_null(strstr(text.p, "0134"));
	assert_null(strstr(text.p, "Oak Street"));
	assert_non_null(strstr(text.p, "Maria Lopez")); /* names are not known for what they are */
}

static void keeps_the_callers_voice_when_asked(void **state)
{
	char path[600], clip[700];
	CW_SCOPED struct cw_scenario *s = NULL;
	CW_SCOPED struct cw_wav_reader *r = NULL;
	struct cw_to_test_report report;

	(void)snprintf(path, sizeof(path), "%s/voice.yaml", cw_test_tmp());
	(void)snprintf(clip, sizeof(clip), "%s/voice.clips/01.wav", cw_test_tmp());
	write_and_load("interrupt-offers",
		&(struct cw_to_test_conf){.path = path, .target = target, .keep_audio = true}, &report, &s);
	assert_int_equal(report.clips, report.turns);
	assert_int_equal(s->tests[0]->script.steps[0].act, CW_ACT_PLAY);
	assert_int_equal(cw_wav_open(NULL, clip, &r, NULL), 0);
	assert_int_equal(s->tests[0]->script.steps[0].pcm_n, cw_wav_frames(r));
}

static void does_not_write_over_a_file(void **state)
{
	CW_SCOPED struct cw_capture *c = capture("book-happy");
	char path[600];
	struct cw_to_test_report report;
	struct cw_why why = {0};

	(void)snprintf(path, sizeof(path), "%s/twice.yaml", cw_test_tmp());
	assert_int_equal(cw_to_test_write(c, &(struct cw_to_test_conf){.path = path}, &report, &why), 0);
	assert_int_equal(cw_to_test_write(c, &(struct cw_to_test_conf){.path = path}, &report, &why), EEXIST);
}

static void says_what_is_no_call(void **state)
{
	struct cw_capture *c;
	struct cw_why why = {0};
	char path[600];
	const struct cw_wav_format mono = {.coding = CW_WAV_PCM16, .rate_hz = 8000, .channels = 1};
	const struct cw_wav_format stereo = {.coding = CW_WAV_PCM16, .rate_hz = 8000, .channels = 2};
	struct cw_wav_writer *w;
	int16_t silence[1600] = {0};

	assert_int_equal(cw_capture_load(NULL, "/nowhere", &c, &why), ENOENT);

	(void)snprintf(path, sizeof(path), "%s/mono.wav", cw_test_tmp());
	assert_int_equal(cw_wav_create(NULL, path, &mono, &w, NULL), 0);
	assert_int_equal(cw_wav_write(w, silence, 1600), 0);
	(void)talloc_free(w);
	why = (struct cw_why){0};
	assert_int_equal(cw_capture_load(NULL, path, &c, &why), EBADMSG);
	assert_non_null(strstr(why.text, "stereo"));

	(void)snprintf(path, sizeof(path), "%s/silent.wav", cw_test_tmp());
	assert_int_equal(cw_wav_create(NULL, path, &stereo, &w, NULL), 0);
	assert_int_equal(cw_wav_write(w, silence, 800), 0);
	(void)talloc_free(w);
	why = (struct cw_why){0};
	assert_int_equal(cw_capture_load(NULL, path, &c, &why), ENODATA);
}

static void comes_out_the_same(void **state)
{
	struct cw_exact x;
	struct cw_why why = {0};

	if (cw_exact_replay(call_of("interrupt-offers"), &x, &why))
		fail_msg("%s", why.text);
	assert_true(x.same);
	assert_false(x.changed);
	assert_string_equal(x.verdict[0], x.verdict[1]);
	assert_int_equal(strlen(x.frames[0]), 64);
}

/* A single other sample is noticed. */
static void notices_a_difference(void **state)
{
	char path[700];
	struct cw_exact x;
	struct cw_why why = {0};
	int fd;

	(void)snprintf(path, sizeof(path), "%s/both.wav", call_of("backchannel"));
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "\x01", 1, 20000), 1);
	close(fd);
	assert_int_equal(cw_exact_replay(call_of("backchannel"), &x, &why), 0);
	assert_false(x.same);
	assert_string_not_equal(x.frames[0], x.frames[1]);
	assert_string_equal(x.events[0], x.events[1]);
}

static void needs_a_simulated_call(void **state)
{
	struct cw_exact x;
	struct cw_why why = {0};

	assert_int_not_equal(cw_exact_replay("/", &x, &why), 0);
	why = (struct cw_why){0};
	assert_int_equal(cw_exact_replay("/nowhere/calls/x", &x, &why), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {CW_TEST(finds_turns_and_their_place), CW_TEST(finds_keys_nobody_hears),
		CW_TEST(makes_a_test_without_personal_data), CW_TEST(keeps_the_callers_voice_when_asked),
		CW_TEST(does_not_write_over_a_file), CW_TEST(says_what_is_no_call), CW_TEST(comes_out_the_same),
		CW_TEST(notices_a_difference), CW_TEST(needs_a_simulated_call)};

	return cmocka_run_group_tests(tests, simulate, NULL);
}
