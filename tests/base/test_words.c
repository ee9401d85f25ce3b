#include "base/words.h"

#include "testing.h"

static void assert_words(const char *text, const char *expected)
{
	struct cw_words ws;
	char out[512];

	cw_words_init(&ws, cw_str(text));
	cw_words_join(&ws, 0, ws.n, out, sizeof(out));
	if (strcmp(out, expected))
		fail_msg("'%s' gave '%s', expected '%s'", text, out, expected);
}

static void punctuation_goes_figures_stay(void **state)
{
	static const char *const cases[][2] = {
		{"Hello, World!", "hello world"},
		{"", ""},
		{"  ...  ", ""},
		{"It's nine o'clock.", "it's nine o'clock"},
		{"don\xe2\x80\x99t", "don't"},
		{"'quoted'", "quoted"},
		{"the dogs' bowl", "the dogs bowl"},
		{"Call 415-555-0134", "call 415 555 0134"},
		{"(415) 555-0134", "415 555 0134"},
		{"+1 415 555 0134", "+1 415 555 0134"},
		{"+1(415)555-0134", "+1 415 555 0134"},
		{"at 2:30pm", "at 2:30 pm"},
		{"2 P.M.", "2 pm"},
		{"2p.m.", "2 pm"},
		{"nine thirty a m", "nine thirty am"},
		{"nine A. M.", "nine am"},
		{"p a m e l a", "p a m e l a"},
		{"the U.S. mail", "the us mail"},
		{"1,000 and 12,345,678", "1000 and 12345678"},
		{"1,2,3", "1 2 3"},
		{"4,15", "4 15"},
		{"$1,000.50", "$1000.50"},
		{"$25.", "$25"},
		{"\xe2\x82\xac"
		 "5",
			"\xe2\x82\xac"
			"5"},
		{"50%", "50%"},
		{"3.5.", "3.5"},
		{".5", "0.5"},
		{"-5 degrees", "-5 degrees"},
		{"5-6", "5 6"},
		{"2026-12-03", "2026-12-03"},
		{"1/2", "1/2"},
		{"and/or", "and or"},
		{"3rd", "3rd"},
		{"4B", "4b"},
		{"AT&T", "at and t"},
		{"well-known", "well known"},
		{"\xc3\x84RGER", "\xc3\xa4rger"},
		{"STRA\xe1\xba\x9e"
		 "E",
			"stra\xc3\x9f"
			"e"},
		{"\xc3\x89T\xc3\x89", "\xc3\xa9t\xc3\xa9"},
		{"\xc2\xbfQu\xc3\xa9 tal?", "qu\xc3\xa9 tal"},
		{"\xc5\x81\xc3\xb3"
		 "d\xc5\xba",
			"\xc5\x82\xc3\xb3"
			"d\xc5\xba"},
		{"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\x95\xd1\x82",
			"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
		{"a\xff"
		 "b",
			"a b"},
		{"mid\xe2\x80\x94"
		 "dash",
			"mid dash"},
		{"12:30-1:45", "12:30 1:45"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++)
		assert_words(cases[i][0], cases[i][1]);
}

static void places_point_into_the_original(void **state)
{
	static const char text[] = "No, I said \"Five-Six\" at 2pm!";
	struct cw_words ws;

	cw_words_init(&ws, cw_str(text));
	assert_int_equal(ws.n, 8);
	assert_true(cw_words_is(&ws, 3, "five"));
	assert_memory_equal(text + ws.at[3].from, "Five", 4);
	assert_int_equal(ws.at[3].to - ws.at[3].from, 4);
	assert_memory_equal(text + ws.at[7].from, "pm", 2);
	assert_true(ws.at[1].pause);
	assert_false(ws.at[2].pause);
	assert_int_equal(cw_words_match(&ws, 1, "i said five"), 3);
	assert_int_equal(cw_words_match(&ws, 1, "i said six"), 0);
	assert_int_equal(cw_words_match(&ws, 7, "pm now"), 0);
	assert_true(cw_words_in(&ws, 0, "yes no"));
	assert_false(cw_words_in(&ws, 8, "yes no"));
}

static void long_texts_are_cut_not_overrun(void **state)
{
	static char text[70000];
	struct cw_words ws;

	memset(text, 'a', sizeof(text));
	cw_words_init(&ws, (struct cw_str){text, sizeof(text)});
	assert_true(ws.cut);
	assert_int_equal(ws.n, 1);
	assert_int_equal(ws.w[0].len, CW_WORDS_MAX_BYTES);
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = ' ';
	cw_words_init(&ws, (struct cw_str){text, sizeof(text)});
	assert_int_equal(ws.n, CW_WORDS_MAX);
	assert_true(ws.cut);

	char small[8];

	assert_int_equal(cw_words_join(&ws, 0, 10, small, sizeof(small)), 7);
	assert_string_equal(small, "a a a a");
}

static void characters_go_round(void **state)
{
	for (uint32_t c = 1; c < 0x110000; c++) {
		char b[4];
		size_t n = 0;

		if (c >= 0xd800 && c < 0xe000)
			continue;

		size_t len = cw_char_put(c, b);

		assert_int_equal(cw_char_next((struct cw_str){b, len}, &n), c);
		assert_int_equal(n, len);
		if (cw_char_lower(cw_char_lower(c)) != cw_char_lower(c))
			fail_msg("U+%04X folds twice", c);
	}

	static const char *const invalid[] = {
		"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"};

	for (size_t i = 0; i < CW_COUNT(invalid); i++) {
		size_t n;

		assert_int_equal(cw_char_next(cw_str(invalid[i]), &n), 0xfffd);
		assert_int_equal(n, 1);
	}
}

CW_TEST_MAIN(CW_TEST(punctuation_goes_figures_stay), CW_TEST(places_point_into_the_original),
	CW_TEST(long_texts_are_cut_not_overrun), CW_TEST(characters_go_round))
