#include "language/name.h"

#include "testing.h"

static void names_from_speech(void **state)
{
	static const struct {
		const char *text, *full;
		enum cw_name_how how;
	} cases[] = {
		{"my name is maria lopez", "Maria Lopez", CW_NAME_CUED},
		{"this is john", "John", CW_NAME_CUED},
		{"maria lopez", "Maria Lopez", CW_NAME_BARE},
		{"it's smith s m i t h", "Smith", CW_NAME_SPELLED},
		{"john smith that's j o h n s m i t h", "John Smith", CW_NAME_SPELLED},
		{"it's john smyth s m y t h", "John Smyth", CW_NAME_SPELLED},
		{"maria l o p e z", "Maria Lopez", CW_NAME_SPELLED},
		{"m as in mike a r i a", "Maria", CW_NAME_SPELLED},
		{"scott s c o double t", "Scott", CW_NAME_SPELLED},
		{"hi this is karen o'brien calling about my furnace", "Karen O'Brien", CW_NAME_CUED},
		{"uh yeah it's bob", "Bob", CW_NAME_CUED},
		{"i'm david", "David", CW_NAME_CUED},
		{"you can call me jim", "Jim", CW_NAME_CUED},
		{"sure maria lopez please", "Maria Lopez", CW_NAME_BARE},
		{"Maria Lopez.", "Maria Lopez", CW_NAME_BARE},
		{"the name is bond", "Bond", CW_NAME_CUED},
		{"under johnson", "Johnson", CW_NAME_CUED},
		{"first name maria last name lopez", "Maria Lopez", CW_NAME_CUED},
		{"my name is juan de la cruz", "Juan De La Cruz", CW_NAME_CUED},
		{"jane doe speaking", "Jane Doe", CW_NAME_BARE},
		{"mcdonald", "McDonald", CW_NAME_BARE},
		{"sierra mike india tango hotel", "Smith", CW_NAME_SPELLED},
		{"no it's mario not maria", "Mario", CW_NAME_CUED},
		{"my name is maria no mario lopez", "Mario Lopez", CW_NAME_BARE},
		{"it's mike", "Mike", CW_NAME_CUED},
		{"jos\xc3\xa9 garc\xc3\xad"
		 "a",
			"Jos\xc3\xa9 Garc\xc3\xad"
			"a",
			CW_NAME_BARE},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_name n = {.full = ""};

		if (!cw_name_parse(cw_str(cases[i].text), &n) || strcmp(n.full, cases[i].full))
			fail_msg("'%s': '%s'", cases[i].text, n.full);
		if (n.how != cases[i].how && !(cases[i].how == CW_NAME_BARE || n.how == CW_NAME_BARE))
			fail_msg("'%s': how %d", cases[i].text, n.how);
	}
}

static void other_talk_is_no_name(void **state)
{
	static const char *const cases[] = {"", "yes", "no", "i need an appointment", "this is about my heater",
		"i'm calling about the air conditioner", "four one five", "tomorrow at nine", "it's not working",
		"i don't know", "i'm not sure", "hello", "it's an emergency", "twelve oak street"};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_name n;

		if (cw_name_parse(cw_str(cases[i]), &n))
			fail_msg("'%s' gave '%s'", cases[i], n.full);
	}
}

static void corrections_keep_the_rest(void **state)
{
	static const char *const cases[][3] = {
		{"maria lopez", "no it's mario", "Mario Lopez"},
		{"maria lopez", "no mario not maria", "Mario Lopez"},
		{"john smith", "no smyth s m y t h", "John Smyth"},
		{"john smith", "the last name is jones", "John Jones"},
		{"john smith", "no it's jane jones", "Jane Jones"},
		{"john", "last name is smith", "John Smith"},
		{"maria lopez", "not lopez gomez", "Maria Gomez"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_name n;

		assert_true(cw_name_parse(cw_str(cases[i][0]), &n));

		bool used = cw_name_correct(&n, cw_str(cases[i][1]));

		if (!used || strcmp(n.full, cases[i][2]))
			fail_msg("'%s' then '%s': %d '%s'", cases[i][0], cases[i][1], used, n.full);
	}

	struct cw_name n;

	assert_true(cw_name_parse(cw_str("maria lopez"), &n));
	assert_string_equal(n.first, "Maria");
	assert_string_equal(n.last, "Lopez");
	assert_false(cw_name_correct(&n, cw_str("i don't know")));
	assert_string_equal(n.full, "Maria Lopez");
}

static void written_forms(void **state)
{
	char out[96];

	cw_name_capitalise(cw_str("maria o'brien-mcdonald"), out, sizeof(out));
	assert_string_equal(out, "Maria O'Brien-McDonald");
	cw_name_capitalise(cw_str("\xc3\xa9mile"), out, sizeof(out));
	assert_string_equal(out, "\xc3\x89mile");
	cw_name_capitalise(cw_str("maria"), out, 4);
	assert_string_equal(out, "Mar");
	cw_name_spell("Smith", out, sizeof(out));
	assert_string_equal(out, "S, M, I, T, H");
}

CW_TEST_MAIN(CW_TEST(names_from_speech), CW_TEST(other_talk_is_no_name), CW_TEST(corrections_keep_the_rest),
	CW_TEST(written_forms))
