#include "testing.h"

#include <errno.h>

#include "caller/pattern.h"

static struct cw_pattern *one(const char *text)
{
	struct cw_pattern *p = NULL;

	assert_int_equal(cw_pattern_new(NULL, &text, 1, &p, NULL), 0);
	return p;
}

static bool fits(const char *pattern, const char *text)
{
	CW_SCOPED struct cw_pattern *p = one(pattern);

	return cw_pattern_fits(p, cw_str(text));
}

static void words_fit_on_borders_without_case(void **state)
{
	(void)state;
	assert_true(fits("phone number", "What is your PHONE number?"));
	assert_false(fits("phone number", "telephone numbers"));
	assert_false(fits("phone number", ""));
}

static void spoken_and_written_numbers_are_the_same(void **state)
{
	(void)state;
	assert_true(fits("9:30 am", "I have nine thirty a m."));
	assert_true(fits("twenty five people", "there are 25 people here"));
}

static void slashes_make_a_regular_expression(void **state)
{
	(void)state;
	assert_true(fits("/^thanks.*name\\?$/", "Thanks. What is your name?"));
	assert_false(fits("/^name/", "Thanks. What is your name?"));
}

static void any_alternative_will_do(void **state)
{
	const char *list[] = {"is that right", "/correct\\?$/"};
	CW_SCOPED struct cw_pattern *p = NULL;

	(void)state;
	assert_int_equal(cw_pattern_new(NULL, list, 2, &p, NULL), 0);
	assert_true(cw_pattern_fits(p, cw_str("Is that right?")));
	assert_true(cw_pattern_fits(p, cw_str("So it is correct?")));
	assert_false(cw_pattern_fits(p, cw_str("It is.")));
}

static void faulty_patterns_are_refused(void **state)
{
	const char *broken = "/(/", *empty = "  ", *many[CW_PATTERN_MAX + 1];
	struct cw_pattern *p = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_pattern_new(NULL, &broken, 1, &p, &why), EINVAL);
	assert_non_null(strstr(why.text, "/(/"));
	assert_int_equal(cw_pattern_new(NULL, &empty, 1, &p, NULL), EINVAL);
	for (size_t i = 0; i < CW_COUNT(many); i++)
		many[i] = "x";
	assert_int_equal(cw_pattern_new(NULL, many, CW_COUNT(many), &p, NULL), E2BIG);
	assert_null(p);
}

static void hostile_expressions_end(void **state)
{
	bool found = true;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(
		cw_pattern_regex("(a+)+$", cw_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), &found, &why),
		E2BIG);
	assert_false(found);
}

static void making_survives_failing_memory(void **state)
{
	const char *list[] = {"one", "/two/", "three"};
	CW_SCOPED struct cw_pattern *p = NULL;
	int err = cw_pattern_new(NULL, list, 3, &p, NULL);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(making_survives_failing_memory)

CW_TEST_MAIN(CW_TEST(words_fit_on_borders_without_case), CW_TEST(spoken_and_written_numbers_are_the_same),
	CW_TEST(slashes_make_a_regular_expression), CW_TEST(any_alternative_will_do),
	CW_TEST(faulty_patterns_are_refused), CW_TEST(hostile_expressions_end),
	CW_TEST_OOM(making_survives_failing_memory))
