/*
 * What a tap makes of a call:
 *
 *   caller   answered 100   SAY 1000 ── speaks 1200 … 2000
 *   agent                                                     2500 … 4000
 *   lane     late by 50 ms when SAY came
 */
#include "trial/perf/tap.h"

#include "base/mem.h"
#include "call/timeline.h"
#include "testing.h"

static int play(struct cw_timeline **ret, struct cw_tap *tap)
{
	int err = cw_timeline_new(NULL, ret);

	if (err)
		return err;
	cw_timeline_watch(*ret, cw_tap_event, tap);
	cw_timeline_add(*ret, 100000, CW_SIDE_CALLER, CW_EV_ANSWERED, "{s:s}", "stream_id", "");
	cw_timeline_add(*ret, 1000000, CW_SIDE_CALLER, CW_EV_SAY, "{s:i, s:s, s:s}", "utterance", 1, "text", "Hello",
		"how", "text");
	cw_timeline_add(*ret, 2000000, CW_SIDE_CALLER, CW_EV_SPOKE, "{s:i, s:s, s:s, s:b, s:I, s:I}", "utterance", 1,
		"heard", "Hello", "unheard", "", "cut", 0, "started_us", (json_int_t)1200000, "ended_us",
		(json_int_t)2000000);
	cw_timeline_add(*ret, 4200000, CW_SIDE_AGENT, CW_EV_TURN_ENDED, "{s:s, s:I, s:I, s:I}", "text", "Hi",
		"onset_us", (json_int_t)2500000, "last_us", (json_int_t)4000000, "delay_us", (json_int_t)200000);
	return 0;
}

static void times_are_taken_from_the_intended_moment(void **state)
{
	uint64_t lag_us = 50000;
	struct cw_tap tap = {.lag_us = &lag_us};
	struct cw_timeline *t = NULL;

	assert_int_equal(play(&t, &tap), 0);
	assert_true(tap.answered);
	assert_int_equal(tap.answered_us, 100000);
	assert_int_equal(tap.n, 1);
	assert_int_equal(tap.turns[0].intended_us, 950000);
	assert_int_equal(tap.turns[0].onset_us, 2500000);
	assert_int_equal(tap.turns[0].last_us, 4000000);
	/* meant for 950 ms, audible at 1200 ms, of which two frames are nobody's fault */
	assert_int_equal(cw_tap_late_us(&tap.turns[0]), 210000);
	talloc_free(t);
}

static void nobody_is_late_on_time(void **state)
{
	const struct cw_tap_turn in_time = {.begun = true, .intended_us = 1000000, .started_us = 1040000};
	const struct cw_tap_turn never = {.intended_us = 1000000};

	assert_int_equal(cw_tap_late_us(&in_time), 0);
	assert_int_equal(cw_tap_late_us(&never), 0);
}

CW_TEST_MAIN(CW_TEST(times_are_taken_from_the_intended_moment), CW_TEST(nobody_is_late_on_time))
