#include "base/number.h"

#include "testing.h"

struct reading {
	const char *text;
	uint64_t value;
	size_t used;
};

static void check(size_t (*read)(const struct cw_words *, size_t, uint64_t *), const struct reading *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cw_words ws;
		uint64_t v = 0;

		cw_words_init(&ws, cw_str(cases[i].text));

		size_t used = read(&ws, 0, &v);

		if (used != cases[i].used || (used && v != cases[i].value))
			fail_msg("'%s' gave %llu with %zu words", cases[i].text, (unsigned long long)v, used);
	}
}

static void cardinals(void **state)
{
	static const struct reading cases[] = {
		{"zero", 0, 1},
		{"seven", 7, 1},
		{"twenty five", 25, 2},
		{"twenty-five", 25, 2},
		{"twenty eleven", 20, 1},
		{"a hundred", 100, 2},
		{"a hundred and five", 105, 4},
		{"one hundred forty two", 142, 4},
		{"twelve hundred", 1200, 2},
		{"two thousand six", 2006, 3},
		{"two thousand and six", 2006, 4},
		{"a thousand", 1000, 2},
		{"42", 42, 1},
		{"five million two hundred thousand ten", 5200010, 6},
		{"2 million", 2000000, 2},
		{"four one five", 4, 1},
		{"nine and a half", 9, 1},
		{"oh", 0, 0},
		{"a dog", 0, 0},
		{"and five", 0, 0},
		{"hundred", 0, 0},
		{"", 0, 0},
		{"seventeen quintillion", UINT64_C(17000000000000000000), 2},
		{"nineteen quintillion", 19, 1},
		{"one thousand thousand", 1000, 2},
		{"ten quadrillion ten trillion ten million one hundred thousand ten", UINT64_C(10010000010100010), 10},
		{"five hundred zero", 500, 2},
		{"99999999999999999999", 0, 0},
		{"one thousand two million", 1000, 2},
	};

	check(cw_number_cardinal, cases, CW_COUNT(cases));
}

static void ordinals(void **state)
{
	static const struct reading cases[] = {
		{"first", 1, 1},
		{"third", 3, 1},
		{"twelfth", 12, 1},
		{"twentieth", 20, 1},
		{"twenty first", 21, 2},
		{"thirty-first", 31, 2},
		{"3rd", 3, 1},
		{"21st", 21, 1},
		{"one hundredth", 100, 2},
		{"hundredth", 100, 1},
		{"one hundred eleventh", 111, 3},
		{"one hundred and twenty first", 121, 5},
		{"two thousandth", 2000, 2},
		{"twenty", 0, 0},
		{"ten first", 0, 0},
		{"five second", 0, 0},
		{"zeroth", 0, 1},
		{"3", 0, 0},
		{"third party", 3, 1},
	};

	check(cw_number_ordinal, cases, CW_COUNT(cases));
}

static void grouped_like_years_and_houses(void **state)
{
	static const struct reading cases[] = {
		{"twenty twenty six", 2026, 3},
		{"nineteen oh five", 1905, 3},
		{"fourteen twenty eight elm", 1428, 3},
		{"two thousand six", 2006, 3},
		{"nineteen hundred", 1900, 2},
		{"one four two", 142, 3},
		{"one twenty three oak", 123, 3},
		{"five oh six main", 506, 3},
		{"twelve oak", 12, 1},
		{"nine", 9, 1},
		{"nine thirty", 930, 2},
		{"1428 elm", 1428, 1},
		{"one hundred twenty", 120, 3},
		{"ten five", 10, 1},
		{"a hundred oaks", 100, 2},
		{"oak", 0, 0},
		{"twenty two", 22, 2},
		{"twenty two fifty", 2250, 3},
		{"twelve hundred five", 1205, 3},
		{"one double five main", 155, 3},
	};

	check(cw_number_grouped, cases, CW_COUNT(cases));
}

static void digit_runs(void **state)
{
	static const struct {
		const char *text, *digits;
		size_t used;
	} cases[] = {
		{"four one five five five five oh one three four", "4155550134", 10},
		{"four one five, 555 oh one three four", "4155550134", 8},
		{"double five triple zero", "55000", 4},
		{"eight hundred five five five", "800555", 5},
		{"fifty five twelve", "5512", 3},
		{"five thousand", "5000", 2},
		{"nineteen hundred", "1900", 2},
		{"double trouble", "", 0},
		{"four for five", "4", 1},
		{"o zero oh", "000", 3},
		{"2:30", "", 0},
		{"", "", 0},
		{"treble nine", "999", 2},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_words ws;
		char out[32];
		size_t len = 0;

		cw_words_init(&ws, cw_str(cases[i].text));
		assert_int_equal(cw_number_digits(&ws, 0, out, sizeof(out), &len), cases[i].used);
		assert_string_equal(out, cases[i].digits);
	}

	struct cw_words ws;
	char out[4];
	size_t len = 0;

	cw_words_init(&ws, cw_str("one two three four five"));
	assert_int_equal(cw_number_digits(&ws, 0, out, sizeof(out), &len), 5);
	assert_string_equal(out, "123");
	assert_int_equal(len, 3);
}

static void say_and_read_agree(void **state)
{
	uint64_t step = 1;
	char text[256];

	for (uint64_t v = 0; v < UINT64_C(1000000000000000000); v += step) {
		struct cw_words ws;
		uint64_t back = 1;

		cw_number_say(v, text, sizeof(text));
		cw_words_init(&ws, cw_str(text));
		assert_int_equal(cw_number_cardinal(&ws, 0, &back), ws.n);
		assert_int_equal(back, v);
		cw_number_say_ordinal(v, text, sizeof(text));
		cw_words_init(&ws, cw_str(text));
		assert_int_equal(cw_number_ordinal(&ws, 0, &back), ws.n);
		assert_int_equal(back, v);
		step = v < 2500 ? 1 : v / 97;
	}
	for (unsigned year = 1000; year < 3000; year++) {
		struct cw_words ws;
		uint64_t back = 0;

		cw_number_say_year(year, text, sizeof(text));
		cw_words_init(&ws, cw_str(text));
		if (cw_number_grouped(&ws, 0, &back) != ws.n || back != year)
			fail_msg("%u: '%s' gave %llu", year, text, (unsigned long long)back);
	}
}

static void said_forms(void **state)
{
	char text[256];

	cw_number_say(1205, text, sizeof(text));
	assert_string_equal(text, "one thousand two hundred five");
	cw_number_say_year(2026, text, sizeof(text));
	assert_string_equal(text, "twenty twenty six");
	cw_number_say_year(2006, text, sizeof(text));
	assert_string_equal(text, "two thousand six");
	cw_number_say_year(1905, text, sizeof(text));
	assert_string_equal(text, "nineteen oh five");
	cw_number_say_digits(cw_str("4-05"), true, text, sizeof(text));
	assert_string_equal(text, "four oh five");
	cw_number_say_ordinal(23, text, sizeof(text));
	assert_string_equal(text, "twenty third");
	cw_number_say(UINT64_MAX, text, 20);
	assert_int_equal(strlen(text), 19);
}

static void find_in_a_sentence(void **state)
{
	uint64_t v = 0;

	assert_true(cw_number_find(cw_str("i have about twenty five of them"), &v));
	assert_int_equal(v, 25);
	assert_true(cw_number_find(cw_str("Two or three."), &v));
	assert_int_equal(v, 2);
	assert_true(cw_number_find(cw_str("a couple of units"), &v));
	assert_int_equal(v, 2);
	assert_false(cw_number_find(cw_str("none at all"), &v));
}

CW_TEST_MAIN(CW_TEST(cardinals), CW_TEST(ordinals), CW_TEST(grouped_like_years_and_houses), CW_TEST(digit_runs),
	CW_TEST(say_and_read_agree), CW_TEST(said_forms), CW_TEST(find_in_a_sentence))
