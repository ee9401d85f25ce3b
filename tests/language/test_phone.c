#include "language/phone.h"

#include "testing.h"

static void numbers_from_speech_and_text(void **state)
{
	static const struct {
		const char *text;
		enum cw_phone_status status;
		const char *value; /* e164 when ok, else the digits */
	} cases[] = {
		{"four one five five five five oh one three four", CW_PHONE_OK, "+14155550134"},
		{"my number is four one five, 555 oh one three four", CW_PHONE_OK, "+14155550134"},
		{"it's 4155550134", CW_PHONE_OK, "+14155550134"},
		{"+1 (415) 555-0134", CW_PHONE_OK, "+14155550134"},
		{"1-415-555-0134", CW_PHONE_OK, "+14155550134"},
		{"one four one five five five five oh one three four", CW_PHONE_OK, "+14155550134"},
		{"four one five triple five oh one thirty four", CW_PHONE_OK, "+14155550134"},
		{"area code four one five five five five zero one three four", CW_PHONE_OK, "+14155550134"},
		{"area code is 415 and the number is 555 0134", CW_PHONE_OK, "+14155550134"},
		{"four one five uh five five five um zero one three four", CW_PHONE_OK, "+14155550134"},
		{"four one five dash five five five dash zero one three four", CW_PHONE_OK, "+14155550134"},
		{"eight hundred five five five oh one three four", CW_PHONE_OK, "+18005550134"},
		{"for me it's four one five five five five oh one three four", CW_PHONE_OK, "+14155550134"},
		{"four won five five five five oh one tree four", CW_PHONE_OK, "+14155550134"},
		{"four one five let me see five five five oh one three four", CW_PHONE_OK, "+14155550134"},
		{"call me at nine on four one five five five five oh one three four", CW_PHONE_OK, "+14155550134"},
		{"two thirty pm works call four one five five five five oh one three four", CW_PHONE_OK,
			"+14155550134"},
		{"four one five no four one six five five five oh one three four", CW_PHONE_OK, "+14165550134"},
		{"four one nine no five five five five oh one three four", CW_PHONE_OK, "+14155550134"},
		{"four one five five five five oh one three four no three five", CW_PHONE_OK, "+14155550135"},
		{"plus four four twenty seven nine four six oh nine five eight", CW_PHONE_OK,
			"+442794609"
			"58"},
		{"+44 20 7946 0958", CW_PHONE_OK, "+442079460958"},
		{"four one five five five five oh one three five then four one five five five five oh one three four",
			CW_PHONE_OK, "+14155550135"},
		{"five five five oh one three four", CW_PHONE_NO_AREA_CODE, "5550134"},
		{"four one five", CW_PHONE_INCOMPLETE, "415"},
		{"four one five five five five oh one", CW_PHONE_INCOMPLETE, "41555501"},
		{"four one five five five five oh one three four five six", CW_PHONE_TOO_LONG, "415555013456"},
		{"one one five five five five oh one three four", CW_PHONE_INCOMPLETE, "1155550134"},
		{"four one five one five five oh one three four", CW_PHONE_IMPOSSIBLE, "4151550134"},
		{"nine one one five five five oh one three four", CW_PHONE_IMPOSSIBLE, "9115550134"},
		{"i don't know", CW_PHONE_NONE, ""},
		{"", CW_PHONE_NONE, ""},
		{"at two thirty", CW_PHONE_NONE, ""},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_phone p;
		bool any = cw_phone_parse(cw_str(cases[i].text), &p);
		const char *value = p.status == CW_PHONE_OK ? p.e164 : p.digits;

		if (any != (cases[i].status != CW_PHONE_NONE) || p.status != cases[i].status ||
			strcmp(value, cases[i].value))
			fail_msg("'%s': %s '%s'", cases[i].text, cw_phone_status_name(p.status), value);
	}
}

static void missing_and_extra_are_counted(void **state)
{
	struct cw_phone p;

	assert_true(cw_phone_parse(cw_str("four one five five five five"), &p));
	assert_int_equal(p.missing, 4);
	assert_true(cw_phone_parse(cw_str("five five five oh one three four"), &p));
	assert_int_equal(p.missing, 3);
	assert_true(cw_phone_parse(cw_str("415 555 0134 99"), &p));
	assert_int_equal(p.extra, 2);
	assert_string_equal(p.e164, "");
}

static void later_turns_complete_and_correct(void **state)
{
	static const struct {
		const char *first, *second, *value;
		bool used;
	} cases[] = {
		{"four one five", "five five five oh one three four", "+14155550134", true},
		{"four one five five five five", "zero one three four", "+14155550134", true},
		{"five five five oh one three four", "four one five", "+14155550134", true},
		{"five five five oh one three four", "the area code is four one five", "+14155550134", true},
		{"four one five five five nine oh one three four", "no i said five five not five nine", "+14155550134",
			true},
		{"four one five five five five oh one three four", "no i said five six not five five", "+14155560134",
			true},
		{"four one five five five five oh one three four", "the last four are one two three five",
			"+14155551235", true},
		{"four one five five five five oh one three four", "no the last two digits are three five",
			"+14155550135", true},
		{"four one five five five five oh one three four", "area code is four one six", "+14165550134", true},
		{"four one five five five five oh one three four",
			"no it's four one six five five five oh one three four", "+14165550134", true},
		{"four one five five five five oh one three four", "no four one six", "+14165550134", true},
		{"four one five five five five oh one three four", "no oh one three five", "+14155550135", true},
		{"four one five five five five oh one three four", "it ends in three six", "+14155550136", true},
		{"four one five five five five oh one", "four one five five five five oh one three four",
			"+14155550134", true},
		{"four one five five five five oh one three four nine",
			"four one five five five five oh one three four", "+14155550134", true},
		{"four one five five five five oh one three four", "yes that's right", "+14155550134", false},
		{"four one five five five five oh one three four", "", "+14155550134", false},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_phone p;

		assert_true(cw_phone_parse(cw_str(cases[i].first), &p));

		bool used = cw_phone_update(&p, cw_str(cases[i].second));

		if (used != cases[i].used || strcmp(p.e164, cases[i].value))
			fail_msg("'%s' then '%s': %d %s (%s)", cases[i].first, cases[i].second, used, p.e164, p.digits);
	}
}

static void read_back_is_grouped(void **state)
{
	static const char *const cases[][2] = {
		{"+14155550134", "four one five, five five five, zero one three four"},
		{"4155550134", "four one five, five five five, zero one three four"},
		{"5550134", "five five five, zero one three four"},
		{"41555", "four one five, five five"},
		{"+442079460958", "plus four four, two zero seven, nine four six, zero nine five eight"},
		{"", ""},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		char out[256];

		cw_phone_spoken(cases[i][0], out, sizeof(out));
		assert_string_equal(out, cases[i][1]);
	}

	struct cw_phone p;
	char out[256];

	cw_phone_spoken("+14155550134", out, sizeof(out));
	assert_true(cw_phone_parse(cw_str(out), &p));
	assert_string_equal(p.e164, "+14155550134");
}

CW_TEST_MAIN(CW_TEST(numbers_from_speech_and_text), CW_TEST(missing_and_extra_are_counted),
	CW_TEST(later_turns_complete_and_correct), CW_TEST(read_back_is_grouped))
