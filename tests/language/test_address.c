#include "language/address.h"

#include "testing.h"

static const char *const cities[] = {"Springfield", "Oak Park", "San Jose", NULL};

static void addresses_from_speech(void **state)
{
	static const char *const cases[][2] = {
		{"twelve oak street", "12 Oak Street"},
		{"it's twelve oak street", "12 Oak Street"},
		{"i live at fourteen twenty eight elm street", "1428 Elm Street"},
		{"1428 Elm St.", "1428 Elm Street"},
		{"one four two maple avenue", "142 Maple Avenue"},
		{"one twenty three main street", "123 Main Street"},
		{"five oh six north fifth avenue", "506 North 5th Avenue"},
		{"twelve forty second street", "12 42nd Street"},
		{"two hundred west main street apartment four b", "200 West Main Street, Apt 4B"},
		{"twelve oak street unit seven", "12 Oak Street, Unit 7"},
		{"twelve oak street springfield", "12 Oak Street, Springfield"},
		{"twelve oak street in springfeild", "12 Oak Street, Springfeild"},
		{"twelve oak street in springfild", "12 Oak Street, Springfield"},
		{"twelve oak street in san jose california nine five one one two", "12 Oak Street, San Jose, CA 95112"},
		{"2788 San Tomas Expressway, Santa Clara, CA 95051",
			"2788 San Tomas Expressway, Santa Clara, CA 95051"},
		{"the address is thirty four sunset boulevard please", "34 Sunset Boulevard"},
		{"twelve oak", "12 Oak"},
		{"nineteen hundred broadway", "1900 Broadway"},
		{"12b baker street", "12B Baker Street"},
		{"seventeen old mill road", "17 Old Mill Road"},
		{"oak street", "Oak Street"},
		{"twelve", "12"},
		{"forty no fourteen oak street", "14 Oak Street"},
		{"twelve elm street no oak street", "12 Oak Street"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_address a;

		if (!cw_address_parse(cw_str(cases[i][0]), cities, &a) || strcmp(a.text, cases[i][1]))
			fail_msg("'%s': '%s'", cases[i][0], a.text);
	}
}

static void what_is_missing_is_said(void **state)
{
	struct cw_address a;

	assert_true(cw_address_parse(cw_str("oak street"), NULL, &a));
	assert_int_equal(a.status, CW_ADDRESS_NO_NUMBER);
	assert_true(cw_address_parse(cw_str("number twelve"), NULL, &a));
	assert_int_equal(a.status, CW_ADDRESS_NO_STREET);
	assert_true(cw_address_parse(cw_str("twelve oak street"), NULL, &a));
	assert_int_equal(a.status, CW_ADDRESS_OK);
	assert_false(cw_address_parse(cw_str("yes please"), NULL, &a));
	assert_int_equal(a.status, CW_ADDRESS_NONE);
	assert_false(cw_address_parse(cw_str(""), NULL, &a));
}

static void later_turns_complete_and_correct(void **state)
{
	static const char *const cases[][3] = {
		{"oak street", "twelve", "12 Oak Street"},
		{"twelve", "oak street", "12 Oak Street"},
		{"twelve oak street", "no twenty oak street", "20 Oak Street"},
		{"forty oak street", "no fourteen not forty", "14 Oak Street"},
		{"twelve oak street", "no i said elm not oak", "12 Elm Street"},
		{"twelve oak street", "apartment four b", "12 Oak Street, Apt 4B"},
		{"twelve oak street", "in springfield", "12 Oak Street, Springfield"},
		{"twelve oak street", "the zip code is nine five one one two", "12 Oak Street, 95112"},
		{"twelve oak street", "no it's twelve oak avenue", "12 Oak Avenue"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_address a;

		assert_true(cw_address_parse(cw_str(cases[i][0]), cities, &a));

		bool used = cw_address_update(&a, cw_str(cases[i][1]), cities);

		if (!used || strcmp(a.text, cases[i][2]))
			fail_msg("'%s' then '%s': %d '%s'", cases[i][0], cases[i][1], used, a.text);
	}

	struct cw_address a;

	assert_true(cw_address_parse(cw_str("twelve oak street"), cities, &a));
	assert_false(cw_address_update(&a, cw_str("yes that's right"), cities));
	assert_string_equal(a.text, "12 Oak Street");
}

static void read_back(void **state)
{
	static const char *const cases[][2] = {
		{"twelve oak street", "twelve Oak Street"},
		{"1428 elm street apartment 4b in springfield",
			"fourteen twenty eight Elm Street, apartment four B, Springfield"},
		{"142 5th avenue", "one forty two fifth Avenue"},
		{"105 main street", "one oh five Main Street"},
		{"12 oak street san jose ca 95112", "twelve Oak Street, San Jose, California, nine five one one two"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_address a;
		char out[256];

		assert_true(cw_address_parse(cw_str(cases[i][0]), cities, &a));
		cw_address_spoken(&a, out, sizeof(out));
		if (strcmp(out, cases[i][1]))
			fail_msg("'%s': '%s'", cases[i][0], out);
	}
}

CW_TEST_MAIN(CW_TEST(addresses_from_speech), CW_TEST(what_is_missing_is_said),
	CW_TEST(later_turns_complete_and_correct), CW_TEST(read_back))
