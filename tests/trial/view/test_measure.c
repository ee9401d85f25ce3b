#include <math.h>

#include "trial/view/measure.h"
#include "viewing.h"

#define NEAR(a, b, within) assert_true(fabs((a) - (b)) <= (within))

static void response_is_onset_minus_last_sample(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 100);
	made_agent(&m, "", "hello", 300, 1500);
	made_say(&m, 0, 1, "hi", 2000, 3000);
	made_agent(&m, "", "yes", 3640, 4000);
	made_say(&m, 1, 2, "more", 5000, 6000);
	made_agent(&m, "", "early", 5900, 7000);
	made_say(&m, 2, 3, "last", 8000, 9000);

	struct cw_view *v = made_view(&m, 12000);
	struct cw_value a = cw_measure_response_ms(v, 0), b = cw_measure_response_ms(v, 1),
			c = cw_measure_response_ms(v, 2);

	assert_true(a.known && a.v == 640);
	assert_true(b.known && b.v == -100); /* it came in early */
	assert_false(c.known);
	assert_true(c.agent_absent);
	assert_string_equal(c.reason, "no agent speech before the end of the call");
	assert_true(cw_measure_first_word_ms(v).v == 200);
	assert_true(cw_measure_duration_ms(v).v == 11900);
	made_close(&m);
}

static void nothing_unmeasured_becomes_a_number(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_agent(&m, "", "on and on", 300, 9000);
	made_say(&m, 0, 1, "mm-hmm", 2000, 2400);

	struct cw_view *v = made_view(&m, 10000);

	assert_false(cw_measure_response_ms(v, 0).known);
	assert_false(cw_measure_response_ms(v, 0).agent_absent);
	assert_false(cw_measure_first_word_ms(v).known); /* never answered */
	assert_false(cw_measure_duration_ms(v).known);
	assert_false(cw_measure_dead_air_ms(v).known);
	assert_false(cw_measure_wer(v, true).known);

	CW_JSON_SCOPED json_t *j = cw_measure_json(v);

	assert_string_equal(cw_json_str(json_object_get(j, "duration_ms"), "null", ""), "the call was not answered");
	made_close(&m);
}

static void barge_in_stop_merges_short_gaps(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_stretch(&m, 500, 2300);
	made_stretch(&m, 2500, 2800); /* the same speech: 200 ms between */
	made_say(&m, 0, 1, "stop", 2200, 3200);
	made_stretch(&m, 4000, 5000);

	struct cw_view *v = made_view(&m, 9000);
	struct cw_value x = cw_measure_barge_in_stop_ms(v, 0);

	assert_true(x.known && x.v == 600);
	assert_int_equal(x.at_us, 2800000);
	made_close(&m);
}

static void keeping_on_is_measured_by_its_longest_gap(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_stretch(&m, 500, 2100);
	made_say(&m, 0, 1, "mm-hmm", 2000, 2400);
	made_stretch(&m, 3000, 6000);

	struct cw_value x = cw_measure_keep_gap_ms(made_view(&m, 9000), 0);

	assert_true(x.known && x.v == 900);
	made_close(&m);

	made_open(&m, false);
	made_answered(&m, 0);
	made_stretch(&m, 500, 2100);
	made_say(&m, 0, 1, "mm-hmm", 2000, 2400);
	x = cw_measure_keep_gap_ms(made_view(&m, 9000), 0);
	assert_true(!x.known && x.agent_absent);
	made_close(&m);
}

static void dead_air_counts_where_the_agent_owes(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_agent(&m, "", "hello", 2000, 3000); /* 2.0 s before the first word */
	/* the caller thinks for 4 s: it owes, not dead air */
	made_say(&m, 0, 1, "hi", 7000, 8000);
	made_agent(&m, "", "well", 9000, 9500); /* 1.0 s: below the limit */
	made_say(&m, 1, 2, "and", 10000, 11000);
	made_agent(&m, "", "well", 14000, 15000); /* 3.0 s */

	struct cw_view *v = made_view(&m, 15100);

	assert_true(cw_measure_dead_air_ms(v).v == 3000);
	assert_int_equal(cw_measure_dead_air_ms(v).at_us, 11000000);
	assert_true(cw_measure_dead_air_total_ms(v).v == 5000);
	made_close(&m);
}

static void words_that_did_not_come_out_are_still_owed(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_agent(&m, "", "hello", 500, 1500);
	made_say(&m, 0, 1, "no voice", 2000, 2000);
	made_agent(&m, "", "are you there", 11000, 12000);

	struct cw_view *v = made_view(&m, 13000);

	assert_true(cw_measure_dead_air_ms(v).known && cw_measure_dead_air_ms(v).v == 0);
	made_close(&m);
}

static void ratio_overlap_and_interruptions(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 0);
	made_agent(&m, "", "a", 1000, 4000); /* 3 s */
	made_say(&m, 0, 1, "x", 3500, 4500); /* we interrupt: 0.5 s overlap */
	made_say(&m, 1, 2, "y", 6000, 7000);
	made_agent(&m, "", "b", 6500, 7500); /* it interrupts: 0.5 s overlap */
	made_say(&m, 2, 3, "z", 9000, 10000);
	made_agent(&m, "", "c", 9100, 9200); /* only 100 ms inside: not counted */

	struct cw_view *v = made_view(&m, 12000);

	NEAR(cw_measure_talk_ratio(v).v, 4.1 / 7.1, 1e-6);
	assert_true(cw_measure_overlap_ms(v).v == 1100);
	assert_true(cw_measure_interruptions(v).v == 1);
	made_close(&m);
}

static void word_errors_need_both_timelines(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, true);
	made_answered(&m, 0);
	made_agent(&m, "what is your name", "what is your game", 500, 1500);
	made_say(&m, 0, 1, "maria", 2000, 2500);
	cw_timeline_add(m.agent, 3000000, CW_SIDE_CALLER, CW_EV_TURN_ENDED, "{s:s}", "text", "maria");

	struct cw_view *v = made_view(&m, 4000);

	NEAR(cw_measure_wer(v, false).v, 0.25, 1e-9);
	assert_true(cw_measure_wer(v, true).v == 0);
	made_close(&m);
}

/* ---- places in samples ---- */

#define RATE 8000

/* Voiced sound: a pulse train at 125 Hz through a decaying resonance, with a syllable rhythm. */
static void voice(int16_t *pcm, size_t from, size_t to)
{
	double y1 = 0, y2 = 0;

	for (size_t i = from; i < to; i++) {
		double x = (i - from) % 64 == 0 ? 6000 : 0;
		double y = x + 1.6 * y1 - 0.8 * y2;
		double syllable = 0.65 + 0.35 * sin(2 * M_PI * 4 * (double)(i - from) / RATE);

		y2 = y1;
		y1 = y;
		pcm[i] = (int16_t)fmax(-30000, fmin(30000, y * syllable));
	}
}

static void speech_is_found_to_the_frame_and_better(void **state)
{
	CW_SCOPED int16_t *pcm = talloc_zero_array(NULL, int16_t, 6 * RATE);
	CW_SCOPED struct cw_stretch *s = NULL;
	size_t n;

	(void)state;
	/* a quiet hiss is no speech: the lead-in does not count */
	for (size_t i = 0; i < 6 * RATE; i++)
		pcm[i] = (int16_t)((i * 7919) % 7) - 3;
	voice(pcm, 8123, 20007);
	voice(pcm, 28050, 36001);
	assert_int_equal(cw_speech_find(NULL, pcm, 6 * RATE, &s, &n), 0);
	assert_int_equal(n, 2);
	NEAR((double)s[0].onset_us, 8123 * 125.0, 2000);
	NEAR((double)s[0].last_us, 20007 * 125.0, 12000); /* the rhythm ends quietly */
	NEAR((double)s[1].onset_us, 28050 * 125.0, 2000);
	NEAR((double)s[1].last_us, 36001 * 125.0, 12000);
}

static void silence_has_no_speech(void **state)
{
	CW_SCOPED int16_t *pcm = talloc_zero_array(NULL, int16_t, RATE);
	CW_SCOPED struct cw_stretch *s = NULL;
	size_t n = 9;

	(void)state;
	assert_int_equal(cw_speech_find(NULL, pcm, RATE, &s, &n), 0);
	assert_int_equal(n, 0);
}

static void less_than_a_frame_has_no_speech(void **state)
{
	const int16_t pcm[100] = {30000};
	CW_SCOPED struct cw_stretch *s = NULL;
	size_t n = 9;

	(void)state;
	assert_int_equal(cw_speech_find(NULL, pcm, 100, &s, &n), 0);
	assert_int_equal(n, 0);
}

static void asking_again_is_counted(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 100);
	assert_true(cw_measure_reprompts(made_view(&m, 500)).agent_absent);
	made_agent(&m, "", "What day would suit you?", 300, 2000);
	made_say(&m, 0, 1, "mumble", 2500, 3000);
	made_agent(&m, "", "What day would suit you?", 3600, 5000); /* word by word */
	made_say(&m, 1, 2, "mumble", 5500, 5800);
	made_agent(&m, "", "Sorry, I didn't catch that.", 6600, 8000);
	made_say(&m, 2, 3, "Tuesday", 8500, 8800);
	made_agent(&m, "", "Tuesday it is. Thank you.", 9000, 9900);
	assert_float_equal(cw_measure_reprompts(made_view(&m, 10000)).v, 2, 0);
	assert_float_equal(cw_measure_turns_to_goal(made_view(&m, 10000), NULL).v, 3, 0);
	assert_false(cw_measure_turns_to_goal(made_view(&m, 10000), "book").known);
	made_close(&m);
}

static void tools_are_scored_as_sets(void **state)
{
	static const char *const two[] = {"book", "weather"}, *const one[] = {"weather"};
	struct cw_tool_score s;
	struct made m;

	(void)state;
	made_open(&m, true);
	made_answered(&m, 100);
	assert_float_equal(cw_measure_tools(made_view(&m, 500), two, 2).f1, 0, 0);
	for (int i = 0; i < 2; i++)
		cw_timeline_add(
			m.agent, 1000000, CW_SIDE_AGENT, CW_EV_TOOL_CALLED, "{s:s, s:{}}", "name", "book", "args");
	s = cw_measure_tools(made_view(&m, 2000), two, 2); /* figures of promptfoo's documentation */
	assert_float_equal(s.precision, 1, 0);
	assert_float_equal(s.recall, 0.5, 0);
	assert_float_equal(s.f1, 0.6667, 1e-4);
	assert_float_equal(cw_measure_tools(made_view(&m, 2000), one, 1).f1, 0, 0);
	made_close(&m);
}

static void the_line_tells_its_score_or_nothing(void **state)
{
	struct made m;

	(void)state;
	made_open(&m, false);
	made_answered(&m, 100);
	assert_false(cw_measure_mos_e(made_view(&m, 500)).known);
	assert_false(cw_measure_quality(made_view(&m, 500), CW_SIDE_AGENT, CW_QUALITY_SNR_DB).known);
	cw_timeline_add(m.caller, 400000, CW_SIDE_LINE, CW_EV_LINE_NOTE, "{s:s, s:f, s:f}", "what", "line.stats",
		"loss", 0.0, "delay_ms", 0.0);
	assert_true(cw_measure_mos_e(made_view(&m, 500)).v > 4.3); /* G.711 without loss or delay: 4.4 */
	assert_float_equal(cw_measure_loss(made_view(&m, 500)).v, 0, 0);
	assert_false(cw_measure_jitter_ms(made_view(&m, 500)).known);
	made_close(&m);
}

CW_TEST_MAIN(CW_TEST(asking_again_is_counted), CW_TEST(tools_are_scored_as_sets),
	CW_TEST(the_line_tells_its_score_or_nothing), CW_TEST(response_is_onset_minus_last_sample),
	CW_TEST(nothing_unmeasured_becomes_a_number), CW_TEST(barge_in_stop_merges_short_gaps),
	CW_TEST(keeping_on_is_measured_by_its_longest_gap), CW_TEST(dead_air_counts_where_the_agent_owes),
	CW_TEST(words_that_did_not_come_out_are_still_owed), CW_TEST(ratio_overlap_and_interruptions),
	CW_TEST(word_errors_need_both_timelines), CW_TEST(speech_is_found_to_the_frame_and_better),
	CW_TEST(silence_has_no_speech), CW_TEST(less_than_a_frame_has_no_speech))
