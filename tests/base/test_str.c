#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>

#include "testing.h"

static void slices_compare(void **state)
{
	struct cw_str s = CW_STR_LIT("Hello");

	assert_true(cw_str_eq(s, "Hello"));
	assert_false(cw_str_eq(s, "Hell"));
	assert_false(cw_str_eq(s, "hello"));
	assert_true(cw_str_eq_fold(s, "hELLO"));
	assert_false(cw_str_eq_fold(s, "hELL"));
	assert_true(cw_str_starts(s, "He"));
	assert_true(cw_str_starts(s, ""));
	assert_false(cw_str_starts(s, "Hello!"));
	assert_true(cw_str_eq(cw_str(NULL), ""));
	assert_true(cw_str_eq(cw_str_trim(cw_str(" \t\r\n x y \v\f")), "x y"));
	assert_true(cw_str_eq(cw_str_trim(cw_str("   ")), ""));
}

static void splitting_gives_every_part(void **state)
{
	static const struct {
		const char *text;
		const char *parts[5];
	} cases[] = {{"a,b,c", {"a", "b", "c", NULL}}, {"", {"", NULL}}, {"a", {"a", NULL}}, {"a,", {"a", "", NULL}},
		{",", {"", "", NULL}}, {",a", {"", "a", NULL}}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_str rest = cw_str(cases[i].text), part;
		size_t n = 0;

		while (cw_str_split(&rest, ',', &part)) {
			assert_non_null(cases[i].parts[n]);
			assert_true(cw_str_eq(part, cases[i].parts[n]));
			n++;
		}
		assert_null(cases[i].parts[n]);
	}
}

static void whole_numbers_are_strict(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"42", 0, 42},
		{"007", 0, 7},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", ERANGE, 0},
		{"99999999999999999999999", ERANGE, 0},
		{"", EINVAL, 0},
		{" 1", EINVAL, 0},
		{"1 ", EINVAL, 0},
		{"-1", EINVAL, 0},
		{"+1", EINVAL, 0},
		{"1x", EINVAL, 0},
		{"0x10", EINVAL, 0},
		{"1.0", EINVAL, 0},
		{"99999999999999999999999x", EINVAL, 0},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		uint64_t v = 77;

		assert_int_equal(cw_str_u64(cw_str(cases[i].text), UINT64_MAX, &v), cases[i].err);
		assert_true(v == (cases[i].err ? 77 : cases[i].value));
	}

	uint32_t v = 77;

	assert_int_equal(cw_str_u32(cw_str("65536"), 65535, &v), ERANGE);
	assert_int_equal(v, 77);
	assert_int_equal(cw_str_u32(cw_str("65535"), 65535, &v), 0);
	assert_int_equal(v, 65535);
}

static void signed_numbers(void **state)
{
	int64_t v = 77;

	assert_int_equal(cw_str_i64(cw_str("-9223372036854775808"), &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(cw_str_i64(cw_str("9223372036854775807"), &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(cw_str_i64(cw_str("9223372036854775808"), &v), ERANGE);
	assert_int_equal(cw_str_i64(cw_str("-9223372036854775809"), &v), ERANGE);
	assert_true(v == INT64_MAX);
	assert_int_equal(cw_str_i64(cw_str("+5"), &v), 0);
	assert_true(v == 5);
	assert_int_equal(cw_str_i64(cw_str("-"), &v), EINVAL);
	assert_int_equal(cw_str_i64(cw_str("--1"), &v), EINVAL);
	assert_int_equal(cw_str_i64(cw_str(""), &v), EINVAL);
}

static void reals_are_decimal_and_finite(void **state)
{
	static const char *const good[] = {"0", "-0.5", ".5", "5.", "1e3", "1E-3", "+2.25", "123456.789"};
	static const double values[] = {0, -0.5, .5, 5, 1000, 0.001, 2.25, 123456.789};
	static const char *const bad[] = {
		"", ".", "-", "e5", "1e", "1e+", "inf", "nan", "0x1p3", "1,5", " 1", "1 ", "1..2", "1.2.3"};
	double v = 77;

	for (size_t i = 0; i < CW_COUNT(good); i++) {
		assert_int_equal(cw_str_double(cw_str(good[i]), &v), 0);
		assert_true(v == values[i]);
	}
	v = 77;
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_int_equal(cw_str_double(cw_str(bad[i]), &v), EINVAL);
	assert_int_equal(cw_str_double(cw_str("1e999"), &v), ERANGE);
	assert_true(v == 77);
	assert_int_equal(cw_str_double((struct cw_str){"1.59", 3}, &v), 0);
	assert_true(v == 1.5);
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
		assert_int_equal(cw_str_double(cw_str("1.5"), &v), 0);
		assert_true(v == 1.5);
		setlocale(LC_NUMERIC, "C");
	}
}

static void copies_end_in_nul(void **state)
{
	CW_SCOPED char *copy = cw_str_dup(NULL, (struct cw_str){"abcdef", 3});
	CW_SCOPED char *empty = cw_str_dup(NULL, (struct cw_str){NULL, 0});

	if (!copy || !empty) {
		assert_true(cw_test_oom(ENOMEM));
		return;
	}
	assert_string_equal(copy, "abc");
	assert_string_equal(empty, "");
}
CW_OOM_BODY(copies_end_in_nul)

static void the_nearest_name_is_suggested(void **state)
{
	static const char *const names[] = {"greeting", "providers", "slots", "states", "tools"};
	static const char *const cases[][2] = {{"greting", "greeting"}, {"provider", "providers"}, {"solts", "slots"},
		{"STATES", "states"}, {"tool", "tools"}, {"zebra", NULL}, {"", NULL}, {"x", NULL}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		const char *near = cw_str_nearest(cw_str(cases[i][0]), names, CW_COUNT(names));

		if (!near || !cases[i][1])
			assert_true(near == cases[i][1]);
		else
			assert_string_equal(near, cases[i][1]);
	}
	assert_null(cw_str_nearest(cw_str("greting"), names, 0));
}

CW_TEST_MAIN(CW_TEST(slices_compare), CW_TEST(splitting_gives_every_part), CW_TEST(whole_numbers_are_strict),
	CW_TEST(signed_numbers), CW_TEST(reals_are_decimal_and_finite), CW_TEST(copies_end_in_nul),
	CW_TEST_OOM(copies_end_in_nul), CW_TEST(the_nearest_name_is_suggested))
