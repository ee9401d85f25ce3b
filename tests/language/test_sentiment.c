#include "language/sentiment.h"

#include <errno.h>
#include <math.h>

#include "testing.h"

struct expectation {
	const char *text;
	enum cw_sentiment_class class;
};

static void check(const char *language, const struct expectation *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cw_sentiment s;

		assert_int_equal(cw_sentiment_read(cw_str(cases[i].text), language, &s), 0);
		if (s.class != cases[i].class)
			fail_msg("'%s': %s (%.2f, %u words)", cases[i].text, cw_sentiment_name(s.class), s.score,
				s.hits);
		assert_true(s.score > -1 && s.score < 1);
	}
}

static void english(void **state)
{
	static const struct expectation cases[] = {
		{"Hello Alice, nice to meet you!", CW_SENTIMENT_POSITIVE},
		{"Thank you so much, that was really helpful.", CW_SENTIMENT_POSITIVE},
		{"I'd be happy to help you with that.", CW_SENTIMENT_POSITIVE},
		{"No problem at all.", CW_SENTIMENT_POSITIVE},
		{"That's not bad, great job", CW_SENTIMENT_POSITIVE},
		{"I can't wait to see it!", CW_SENTIMENT_POSITIVE},
		{"The wait was long, but the technician was fantastic.", CW_SENTIMENT_POSITIVE},
		{"This is terrible service.", CW_SENTIMENT_NEGATIVE},
		{"I am very frustrated with you people", CW_SENTIMENT_NEGATIVE},
		{"I'm not happy with this at all.", CW_SENTIMENT_NEGATIVE},
		{"My furnace stopped working again and nobody came, that's unacceptable.", CW_SENTIMENT_NEGATIVE},
		{"The lady was nice, but this is the worst company ever!", CW_SENTIMENT_NEGATIVE},
		{"you never called me back, what a waste of time", CW_SENTIMENT_NEGATIVE},
		{"My number is four one five five five five oh one three four.", CW_SENTIMENT_NEUTRAL},
		{"The technician arrives on Tuesday at two.", CW_SENTIMENT_NEUTRAL},
		{"Good morning, what time would you like?", CW_SENTIMENT_NEUTRAL},
		{"", CW_SENTIMENT_NEUTRAL},
	};

	(void)state;
	check("en-US", cases, CW_COUNT(cases));
	check(NULL, cases, CW_COUNT(cases));
}

static void other_languages(void **state)
{
	static const struct expectation cases[] = {
		{"Muchas gracias, muy amable, estoy encantado", CW_SENTIMENT_POSITIVE},
		{"El servicio es pésimo, estoy muy enojado", CW_SENTIMENT_NEGATIVE},
		{"Mi número es cuatro uno cinco", CW_SENTIMENT_NEUTRAL},
		{"Vielen Dank, das war wirklich sehr freundlich und hilfreich", CW_SENTIMENT_POSITIVE},
		{"Das ist eine Katastrophe, ich bin sehr enttäuscht", CW_SENTIMENT_NEGATIVE},
		{"Ich bin nicht zufrieden", CW_SENTIMENT_NEGATIVE},
		{"Merci beaucoup, c'est parfait", CW_SENTIMENT_POSITIVE},
		{"Le service est nul, je suis très déçu", CW_SENTIMENT_NEGATIVE},
		{"Mon numéro est le quatre un cinq", CW_SENTIMENT_NEUTRAL},
	};

	(void)state;
	check(NULL, cases, CW_COUNT(cases));
	check("es", cases, 3);
	check("de-DE", cases + 3, 3);
	check("fr", cases + 6, 3);
}

static double score(const char *text)
{
	struct cw_sentiment s;

	assert_int_equal(cw_sentiment_read(cw_str(text), "en", &s), 0);
	return s.score;
}

static void rules_change_the_score(void **state)
{
	(void)state;
	assert_true(score("very good") > score("good"));
	assert_true(score("good") > score("somewhat good"));
	assert_true(score("good!!!") > score("good"));
	assert_true(score("not good") < 0);
	assert_true(score("not good") > score("bad"));
	assert_true(fabs(score("not bad")) < fabs(score("bad")));
	assert_true(score("good but terrible") < score("terrible but good"));
	assert_true(score("I would not, as I said many times before, call it good") > 0); /* out of reach */
}

static void unknown_languages_are_refused(void **state)
{
	struct cw_sentiment s = {.hits = 77};
	enum cw_sentiment_class c;

	(void)state;
	assert_int_equal(cw_sentiment_read(cw_str("good"), "ja", &s), EINVAL);
	assert_int_equal(cw_sentiment_read(cw_str("good"), "english", &s), EINVAL);
	assert_int_equal(s.hits, 77);
	assert_true(cw_sentiment_parse(cw_str("Positive"), &c));
	assert_int_equal(c, CW_SENTIMENT_POSITIVE);
	assert_true(cw_sentiment_parse(cw_str("negative"), &c));
	assert_int_equal(c, CW_SENTIMENT_NEGATIVE);
	assert_false(cw_sentiment_parse(cw_str("happy"), &c));
}

CW_TEST_MAIN(CW_TEST(english), CW_TEST(other_languages), CW_TEST(rules_change_the_score),
	CW_TEST(unknown_languages_are_refused))
