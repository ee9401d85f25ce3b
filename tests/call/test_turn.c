#include "call/turn.h"

#include <errno.h>

#include "testing.h"

static const struct cw_turn_conf defaults;

static void names_round_trip(void **state)
{
	enum cw_awaiting a;

	(void)state;
	for (unsigned i = CW_AWAIT_ANYTHING; i <= CW_AWAIT_FREE_TEXT; i++) {
		assert_int_equal(cw_awaiting_of(cw_awaiting_name((enum cw_awaiting)i), &a), 0);
		assert_int_equal(a, i);
	}
	assert_int_equal(cw_awaiting_of("money", &a), EINVAL);
}

static void unfinished(void **state)
{
	static const char *const yes[] = {"and my number is", "My furnace and", "I live at", "it's", "the", "Um",
		"four one five", "415", "415 555", "it is four one five, five five five", "call me at 415-555-01",
		"because", "A"};
	static const char *const no[] = {"", "My furnace stopped working.", "Maria Lopez",
		"four one five five five five oh one three four", "5 5 5 0 1 3 4", "94110", "at nine thirty", "Tuesday",
		"42", "yes", "thirteen"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(yes); i++)
		if (!cw_turn_unfinished(yes[i]))
			fail_msg("'%s' was taken as finished", yes[i]);
	for (size_t i = 0; i < CW_COUNT(no); i++)
		if (cw_turn_unfinished(no[i]))
			fail_msg("'%s' was taken as unfinished", no[i]);
}

static void silences(void **state)
{
	static const struct {
		enum cw_awaiting awaiting;
		const char *partial;
		unsigned ms;
	} cases[] = {
		{CW_AWAIT_ANYTHING, "My furnace stopped working", 500},
		{CW_AWAIT_ANYTHING, "My furnace is", 1600},
		{CW_AWAIT_ANYTHING, "", 800},
		{CW_AWAIT_YESNO, "Yes.", 350},
		{CW_AWAIT_YESNO, "that's right", 350},
		{CW_AWAIT_YESNO, "no, I said", 500},
		{CW_AWAIT_YESNO, "no, the", 1600},
		{CW_AWAIT_DIGITS, "", 1100},
		{CW_AWAIT_DIGITS, "four one", 1100},
		{CW_AWAIT_DIGITS, "four one five", 2000},
		{CW_AWAIT_DIGITS, "it's 4 1 5 5 5 5", 2000},
		{CW_AWAIT_DIGITS, "415 555 01", 2000},
		{CW_AWAIT_DIGITS, "415 555 I think", 1100},
		{CW_AWAIT_DIGITS, "my number is", 1600},
		{CW_AWAIT_DIGITS, "415 555 0134", 500},
		{CW_AWAIT_DIGITS, "one four one five five five five oh one three four", 500},
		{CW_AWAIT_DIGITS, "I don't have one", 1100}, /* "one" may be a digit: wait */
		{CW_AWAIT_DIGITS, "I do not know it", 500},
		{CW_AWAIT_NAME, "Maria Lopez", 500},
		{CW_AWAIT_ADDRESS, "12 Oak Street", 700},
		{CW_AWAIT_DATETIME, "Tuesday at", 1600},
		{CW_AWAIT_FREE_TEXT, "it makes a noise", 800},
	};
	const struct cw_turn_conf own = {.min_silence_us = 300000, .max_silence_us = 200000, .digits_gap_us = 100000};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		uint64_t us = cw_turn_silence_us(&defaults, cases[i].awaiting, cases[i].partial);

		if (us != cases[i].ms * 1000u)
			fail_msg("%s '%s': %u ms, expected %u", cw_awaiting_name(cases[i].awaiting), cases[i].partial,
				(unsigned)(us / 1000), cases[i].ms);
	}
	assert_int_equal(
		cw_turn_silence_us(&own, CW_AWAIT_ANYTHING, "and the"), 300000); /* never less than the least */
	assert_int_equal(cw_turn_silence_us(&own, CW_AWAIT_DIGITS, "one"), 300000);
}

static void barges(void **state)
{
	static const struct {
		const char *text;
		bool ended;
		unsigned ms;
		enum cw_awaiting awaiting;
		enum cw_barge barge;
	} cases[] = {
		{"", false, 300, CW_AWAIT_ANYTHING, CW_BARGE_WAIT},
		{"", false, 1300, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"", true, 5000, CW_AWAIT_ANYTHING, CW_BARGE_NOISE},
		{"wait", false, 200, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"No, I said", false, 400, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"mm-hmm", false, 400, CW_AWAIT_ANYTHING, CW_BARGE_WAIT},
		{"Mm-hmm.", true, 400, CW_AWAIT_ANYTHING, CW_BARGE_BACKCHANNEL},
		{"mm-hmm", true, 400, CW_AWAIT_YESNO, CW_BARGE_BACKCHANNEL},
		{"yeah, okay", true, 700, CW_AWAIT_NAME, CW_BARGE_BACKCHANNEL},
		{"yes", true, 300, CW_AWAIT_ANYTHING, CW_BARGE_BACKCHANNEL},
		{"yes", true, 300, CW_AWAIT_YESNO, CW_BARGE_INTERRUPT},
		{"okay", false, 300, CW_AWAIT_YESNO, CW_BARGE_INTERRUPT},
		{"no", true, 300, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"ye", false, 200, CW_AWAIT_ANYTHING, CW_BARGE_WAIT}, /* may become "yes" */
		{"ye", true, 200, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"got", false, 200, CW_AWAIT_ANYTHING, CW_BARGE_WAIT},
		{"got it", true, 500, CW_AWAIT_ANYTHING, CW_BARGE_BACKCHANNEL},
		{"got a question", false, 500, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"okay wait", false, 700, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"okay okay okay okay", false, 2100, CW_AWAIT_ANYTHING, CW_BARGE_INTERRUPT},
		{"yesterday", true, 500, CW_AWAIT_YESNO,
			CW_BARGE_INTERRUPT}, /* no backchannel: it only begins like one */
		{"wright", true, 300, CW_AWAIT_ANYTHING, CW_BARGE_BACKCHANNEL}, /* as recognisers spell it */
		{"um", true, 300, CW_AWAIT_ANYTHING, CW_BARGE_BACKCHANNEL},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		enum cw_barge got =
			cw_turn_barge(cases[i].text, cases[i].ended, cases[i].ms * 1000u, cases[i].awaiting);

		if (got != cases[i].barge)
			fail_msg("'%s'%s %u ms, %s: %d, expected %d", cases[i].text, cases[i].ended ? " (over)" : "",
				cases[i].ms, cw_awaiting_name(cases[i].awaiting), got, cases[i].barge);
	}
}

static void any_length_of_text(void **state)
{
	static char text[5000];

	(void)state;
	for (size_t i = 0; i + 4 < sizeof(text); i += 4)
		memcpy(text + i, "mm ", 4);
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i] = text[i] ? text[i] : ' ';
	assert_int_equal(cw_turn_barge(text, true, 100, CW_AWAIT_ANYTHING), CW_BARGE_BACKCHANNEL);
	assert_false(cw_turn_unfinished(text));
	memcpy(text + sizeof(text) - 9, " and the", 9);
	assert_true(cw_turn_unfinished(text));
}

CW_TEST_MAIN(
	CW_TEST(names_round_trip), CW_TEST(unfinished), CW_TEST(silences), CW_TEST(barges), CW_TEST(any_length_of_text))
