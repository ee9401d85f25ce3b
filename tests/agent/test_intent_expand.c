#include "testing.h"

#include "agent/intents.h"

static bool has(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static void patterns_become_sentences(void **state)
{
	void *mem = talloc_new(NULL);
	const char *out[64];
	size_t n = cw_intent_expand(
		mem, "^(talk|speak) to [a|the] (person|real human) * {name} please$", out, CW_COUNT(out));

	(void)state;
	assert_int_equal(n, 12);
	assert_true(has(out, n, "talk to person please"));
	assert_true(has(out, n, "speak to the real human please"));
	assert_true(has(out, n, "talk to a real human please"));
	talloc_free(mem);
}

static void the_number_is_bounded(void **state)
{
	void *mem = talloc_new(NULL);
	const char *out[64];

	(void)state;
	assert_int_equal(cw_intent_expand(mem, "(a|b|c|d) (e|f|g|h) (i|j|k|l) (m|n)", out, 5), 5);
	assert_true(cw_intent_expand(mem, "(a|b|c|d) (e|f|g|h) (i|j|k|l) (m|n)", out, 64) <= 64);
	assert_int_equal(cw_intent_expand(mem, "word", out, 0), 0);
	assert_int_equal(cw_intent_expand(mem, "", out, 8), 0);
	assert_int_equal(cw_intent_expand(mem, "* {x}", out, 8), 0);
	talloc_free(mem);
}

static void broken_patterns_do_no_harm(void **state)
{
	static const char *const broken[] = {
		"((((((((a", "a)))", "[", "(|)", "[a|[b|[c|[d|[e|[f|[g|h]]]]]]]", "^$", "|"};
	void *mem = talloc_new(NULL);
	const char *out[64];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(broken); i++)
		assert_true(cw_intent_expand(mem, broken[i], out, CW_COUNT(out)) <= CW_COUNT(out));
	talloc_free(mem);
}

CW_TEST_MAIN(CW_TEST(patterns_become_sentences), CW_TEST(the_number_is_bounded), CW_TEST(broken_patterns_do_no_harm))
