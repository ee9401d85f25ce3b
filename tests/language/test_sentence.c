#include "language/sentence.h"

#include "testing.h"

/* Pieces joined by " | ". */
static void cut_all(const char *text, const struct cw_sentence_conf *conf, char *out, size_t size)
{
	struct cw_str rest = cw_str(text), piece;
	size_t len = 0;

	out[0] = 0;
	while (cw_sentence_next(&rest, false, conf, &piece))
		len += (size_t)snprintf(out + len, size - len, "%s%.*s", len ? " | " : "", CW_STR(piece));
}

static void sentences(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"   ", ""},
		{"Hello", "Hello"},
		{"Hello. How are you?", "Hello. | How are you?"},
		{"One! Two? Three.", "One! | Two? | Three."},
		{"Dr. Smith is in. Good.", "Dr. Smith is in. | Good."},
		{"It costs $3.50. OK?", "It costs $3.50. | OK?"},
		{"At 9 a.m. we come.", "At 9 a.m. we come."},
		{"See you at 9 a.m. Bye.", "See you at 9 a.m. | Bye."},
		{"We come to Oak St. We ring.", "We come to Oak St. | We ring."},
		{"He is in St. Louis now.", "He is in St. Louis now."},
		{"J. Smith called.", "J. Smith called."},
		{"So do I. Then go.", "So do I. | Then go."},
		{"Go to example.com now. Then call.", "Go to example.com now. | Then call."},
		{"\"Stop!\" he said. Why?", "\"Stop!\" | he said. | Why?"},
		{"Well... let me see. Yes.", "Well... let me see. | Yes."},
		{"Really?! Yes.", "Really?! | Yes."},
		{"Line one\nLine two", "Line one | Line two"},
		{"1. First item", "1. First item"},
		{"Version 2. Next one.", "Version 2. | Next one."},
		{"The U.S. mail came.", "The U.S. mail came."},
		{"\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe5\x86\x8d\xe8\xa7\x81",
			"\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82 | \xe5\x86\x8d\xe8\xa7\x81"},
		{"It is Thursday the 3rd. Is that fine?", "It is Thursday the 3rd. | Is that fine?"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		char out[512];

		cut_all(cases[i][0], NULL, out, sizeof(out));
		if (strcmp(out, cases[i][1]))
			fail_msg("'%s': '%s'", cases[i][0], out);
	}
}

static void long_sentences_break_at_clauses(void **state)
{
	struct cw_sentence_conf quick = {.clause_bytes = 20, .max_bytes = 60};
	char out[512];

	cut_all("Thank you for calling us, we are glad to help you today. Bye.", &quick, out, sizeof(out));
	assert_string_equal(out, "Thank you for calling us, | we are glad to help you today. | Bye.");
	cut_all("Please hold the line for a moment and we will be right with you", &quick, out, sizeof(out));
	assert_string_equal(out, "Please hold the line for a moment | and we will be right with you");
	cut_all("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &quick, out,
		sizeof(out));
	assert_int_equal(strlen(out), 82 + 3);

	struct cw_sentence_conf joined = {.min_bytes = 10};

	cut_all("Hi. How are you? Fine.", &joined, out, sizeof(out));
	assert_string_equal(out, "Hi. How are you? | Fine.");
}

static void a_stream_waits_for_certainty(void **state)
{
	static const char text[] = "It costs 3.50. Is that all right, Mr. Smith? Good.";
	static const char *const expected[] = {"It costs 3.50.", "Is that all right, Mr. Smith?", "Good."};
	struct cw_str piece;
	size_t from = 0, n = 0;

	for (size_t have = 1; have <= strlen(text); have++) {
		struct cw_str rest = {text + from, have - from};

		while (cw_sentence_next(&rest, true, NULL, &piece)) {
			assert_true(n < 3 && cw_str_eq(piece, expected[n]));
			n++;
		}
		from = (size_t)(rest.p - text);
	}
	assert_int_equal(n, 2);

	struct cw_str rest = {text + from, strlen(text) - from};

	assert_true(cw_sentence_next(&rest, false, NULL, &piece));
	assert_true(cw_str_eq(piece, "Good."));
	assert_false(cw_sentence_next(&rest, false, NULL, &piece));
}

/* Nothing but blanks is ever lost, whatever the text. */
static void nothing_is_lost(void **state)
{
	uint32_t seed = 1;
	static const char *const bits[] = {"a", "B", " ", ".", "!", "?", ",", "\n", "3", "Dr", "...", "\xe2\x80\xa6",
		"\"", " and ", "\xc3\xa9", ":", "st", "\xe3\x80\x82"};

	for (int round = 0; round < 3000; round++) {
		char text[512] = "", all[512] = "", wanted[512] = "";
		struct cw_sentence_conf conf = {.clause_bytes = 5, .max_bytes = 12, .min_bytes = (size_t)round % 7};
		struct cw_str rest, piece;

		for (int i = 0; i < 60; i++) {
			seed = seed * 1664525 + 1013904223;
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
				bits[(seed >> 16) % CW_COUNT(bits)]);
		}
		rest = cw_str(text);
		while (cw_sentence_next(&rest, false, &conf, &piece)) {
			assert_true(piece.len > 0);
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%.*s", CW_STR(piece));
		}
		for (char *p = text, *q = wanted; *p; p++)
			if (*p != ' ' && *p != '\n')
				*q++ = *p;

		char *q = all;

		for (char *p = all; *p; p++)
			if (*p != ' ' && *p != '\n')
				*q++ = *p;
		*q = 0;
		assert_string_equal(all, wanted);
	}
}

CW_TEST_MAIN(CW_TEST(sentences), CW_TEST(long_sentences_break_at_clauses), CW_TEST(a_stream_waits_for_certainty),
	CW_TEST(nothing_is_lost))
