#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trial/report/sound.h"
#include "trial/report/targets.h"

/* A call with two turns; the second was not answered when @second is negative. */
static json_t *call(const char *target, const char *test, const char *voice, double first, double second)
{
	json_t *r = json_pack(
		"{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:s, s:[{s:s, s:i, s:f}], s:{s:f}, s:{s:{s:i, s:i}}}",
		"target_name", target, "target", target, "test", test, "file", "f.yaml", "slice", "language", "en-US",
		"voice", voice, "channel", strcmp(voice, "text") ? "clean" : "text", "repeat", 1, "verdict", "PASS",
		"turns", "of", "turn", "n", 1, "response_ms", first, "measures", "first_word_ms", 20.0, "wer",
		"agent_ear", "errors", 1, "words", 10);

	if (second >= 0)
		json_array_append_new(json_object_get(r, "turns"),
			json_pack("{s:s, s:i, s:f}", "of", "turn", "n", 2, "response_ms", second));
	return r;
}

static void add(struct cw_targets *t, json_t *line)
{
	assert_int_equal(cw_targets_add(t, line), 0);
	json_decref(line);
}

static void targets_are_paired_by_call_and_turn(void **state)
{
	CW_SCOPED struct cw_targets *t = NULL;
	char name[16];

	(void)state;
	assert_int_equal(cw_targets_new(NULL, &t), 0);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		add(t, call("agent", name, "modem", 100 * i, 5000));
		add(t, call("twilio", name, "modem", 100 * i + 40 + i, -1)); /* its slow turn has no answer: left out */
		add(t, call("chat", name, "text", 10, 20));
	}

	CW_JSON_SCOPED json_t *j = cw_targets_json(t);
	const json_t *twilio = json_array_get(j, 1), *d = json_object_get(twilio, "difference_ms");

	assert_int_equal(json_array_size(j), 3);
	assert_null(json_object_get(json_array_get(j, 0), "against"));
	assert_int_equal(cw_json_int(twilio, "pairs", 0), 9);
	assert_true(fabs(cw_json_num(d, "value", 0) - 44) < 1e-9);
	assert_true(cw_json_num(d, "lo", 0) >= 40 && cw_json_num(d, "hi", 0) <= 48);
	assert_true(fabs(cw_json_num(json_object_get(twilio, "wer"), "rate", 0) - 0.1) < 1e-9);
	assert_int_equal(cw_json_int(json_array_get(j, 2), "pairs", 0), 9); /* text has no voice to pair by */

	CW_BUF_SCOPED struct cw_buf b = CW_BUF(10000);

	cw_targets_text(j, &b);
	cw_targets_markdown(j, &b);
	assert_non_null(strstr(b.p, "+44 ("));
	assert_non_null(strstr(b.p, "| twilio | 9 | 100 % (70–100)"));
}

static void one_target_makes_no_table(void **state)
{
	CW_SCOPED struct cw_targets *t = NULL;
	json_t *plain = json_pack("{s:s}", "verdict", "PASS");

	(void)state;
	assert_int_equal(cw_targets_new(NULL, &t), 0);
	add(t, call("agent", "a", "modem", 1, 2));
	add(t, plain);

	CW_JSON_SCOPED json_t *j = cw_targets_json(t);

	assert_int_equal(json_array_size(j), 0);
}

static void sound_tells_median_and_worst(void **state)
{
	static const double snr[] = {30, 10, 20};
	CW_SCOPED struct cw_sounds *s = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(10000);

	(void)state;
	assert_int_equal(cw_sounds_new(NULL, &s), 0);
	for (size_t i = 0; i < CW_COUNT(snr); i++) {
		CW_JSON_SCOPED json_t *r = json_pack("{s:{s:s, s:s, s:s}, s:{s:{s:f, s:f, s:{s:s}}}}", "slice",
			"language", "en-US", "voice", "v", "channel", "c", "audio", "agent", "snr_db", snr[i],
			"clipping", snr[i] / 1000, "loudness_lufs", "null", "too short");

		assert_int_equal(cw_sounds_add(s, r), 0);
	}

	CW_JSON_SCOPED json_t *j = cw_sounds_json(s);
	const json_t *x = json_array_get(j, 0);

	assert_int_equal(cw_json_int(x, "n", 0), 3);
	assert_true(cw_json_num(json_object_get(x, "snr_db"), "median", 0) == 20);
	assert_true(cw_json_num(json_object_get(x, "snr_db"), "worst", 0) == 10);
	assert_true(fabs(cw_json_num(json_object_get(x, "clipping"), "worst", 0) - 0.03) < 1e-9);
	assert_true(json_is_null(json_object_get(x, "loudness_lufs"))); /* unknown is not zero */
	cw_sounds_markdown(j, &b);
	assert_non_null(strstr(b.p, "20.0, worst 10.0"));
}

CW_TEST_MAIN(CW_TEST(targets_are_paired_by_call_and_turn), CW_TEST(one_target_makes_no_table),
	CW_TEST(sound_tells_median_and_worst))
