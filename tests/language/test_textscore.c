#include "language/textscore.h"

#include <errno.h>

#include "testing.h"

static void near(double got, double want)
{
	if (got < want - 5e-5 || got > want + 5e-5)
		fail_msg("%.9f, not %.9f", got, want);
}

static void edit_distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t want;
		double ratio;
	} cases[] = {
		{"kitten", "sitting", 3, 1 - 3.0 / 7}, /* the example everybody gives */
		{"saturday", "sunday", 3, 1 - 3.0 / 8},
		{"lewenstein", "levenshtein", 2, 0.8181818}, /* rapidfuzz documentation */
		{"", "abc", 3, 0},
		{"", "", 0, 1},
		{"same", "same", 0, 1},
		{"日本語", "日本", 1, 2.0 / 3},
		{"abc", "xyz", 3, 0},
		{"ab", "ba", 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		size_t d;
		double r;

		assert_int_equal(cw_levenshtein(cw_str(cases[i].a), cw_str(cases[i].b), &d), 0);
		assert_int_equal(d, cases[i].want);
		assert_int_equal(cw_levenshtein(cw_str(cases[i].b), cw_str(cases[i].a), &d), 0);
		assert_int_equal(d, cases[i].want);
		assert_int_equal(cw_text_ratio(cw_str(cases[i].a), cw_str(cases[i].b), &r), 0);
		near(r, cases[i].ratio);
	}
}

static void rouge_of_the_literature(void **state)
{
	struct cw_str s1 = cw_str("police killed the gunman"); /* Lin 2004, section 3.1 */
	struct cw_str fox = cw_str("The quick brown fox jumps over the lazy dog");
	struct cw_str log = cw_str("The quick brown dog jumps on the log."); /* README of rouge-score */
	struct cw_prf r;

	(void)state;
	assert_int_equal(cw_rouge_l(s1, cw_str("police kill the gunman"), &r), 0);
	near(r.f1, 0.75);
	assert_int_equal(cw_rouge_l(s1, cw_str("the gunman kill police"), &r), 0);
	near(r.f1, 0.5);
	assert_int_equal(cw_rouge_n(s1, cw_str("police kill the gunman"), 2, &r), 0);
	near(r.f1, 1.0 / 3); /* "the gunman": the same for both candidates, as the paper says */
	assert_int_equal(cw_rouge_n(s1, cw_str("the gunman kill police"), 2, &r), 0);
	near(r.f1, 1.0 / 3);

	assert_int_equal(cw_rouge_n(fox, log, 1, &r), 0);
	near(r.precision, 0.75);
	near(r.recall, 2.0 / 3);
	near(r.f1, 0.705882);
	assert_int_equal(cw_rouge_l(fox, log, &r), 0);
	near(r.precision, 0.625);
	near(r.recall, 5.0 / 9);
	near(r.f1, 0.588235);
}

static void rouge_at_the_edges(void **state)
{
	struct cw_prf r = {1, 1, 1};

	(void)state;
	assert_int_equal(cw_rouge_n(cw_str(""), cw_str("a"), 1, &r), 0);
	near(r.f1, 0);
	assert_int_equal(cw_rouge_l(cw_str("a"), cw_str(""), &r), 0);
	near(r.f1, 0);
	assert_int_equal(cw_rouge_n(cw_str("a b"), cw_str("a b"), 3, &r), 0);
	near(r.f1, 0);
	assert_int_equal(cw_rouge_n(cw_str("Ärger ÜBER alles!"), cw_str("ärger, über alles"), 1, &r), 0);
	near(r.f1, 1);
	assert_int_equal(cw_rouge_n(cw_str("a"), cw_str("a"), 0, &r), EINVAL);
	assert_int_equal(cw_rouge_n(cw_str("the the the"), cw_str("the"), 1, &r), 0);
	near(r.recall, 1.0 / 3);
}

static const struct cw_str guide[] = {/* the running example of NLTK's translate package, after Papineni et al. */
	CW_STR_LIT("It is a guide to action that ensures that the military will forever heed Party commands"),
	CW_STR_LIT(
		"It is the guiding principle which guarantees the military forces always being under the command of the Party"),
	CW_STR_LIT("It is the practical guide for the army always to heed the directions of the party")};
static const struct cw_str action =
	CW_STR_LIT("It is a guide to action which ensures that the military always obeys the commands of the party");

static void bleu_of_the_literature(void **state)
{
	static const double unigrams[] = {1, 0, 0, 0};
	const struct cw_str mat[] = {CW_STR_LIT("The cat is on the mat."),
		CW_STR_LIT("There is a cat on the mat.")}; /* Papineni et al., ex. 2 */
	double v;

	(void)state;
	/* NLTK gives 0.5046 with case kept; folded, "Party" is the party, too */
	assert_int_equal(cw_bleu(guide, 3, action, NULL, CW_BLEU_NONE, &v), 0);
	near(v, 0.5046);
	assert_int_equal(cw_bleu(guide, 3, action, NULL, CW_BLEU_EPSILON, &v), 0);
	near(v, 0.5046);
	assert_int_equal(cw_bleu(mat, 1, cw_str("the the the the the the the"), unigrams, CW_BLEU_NONE, &v), 0);
	near(v, 2.0 / 7); /* "Modified Unigram Precision = 2/7" */
}

static void bleu_smoothing_and_brevity(void **state)
{
	static const double unigrams[] = {1, 0, 0, 0};
	const struct cw_str ref[] = {CW_STR_LIT("the cat sat on the mat")};
	double v;

	(void)state;
	assert_int_equal(cw_bleu(ref, 1, cw_str("the cat sat on the mat"), NULL, CW_BLEU_EPSILON, &v), 0);
	near(v, 1);
	assert_int_equal(cw_bleu(ref, 1, cw_str("the cat"), unigrams, CW_BLEU_NONE, &v), 0);
	near(v, 0.135335); /* precision 1, exp(1 - 6/2) */
	assert_int_equal(cw_bleu(ref, 1, cw_str("the cat on a sofa there"), NULL, CW_BLEU_NONE, &v), 0);
	near(v, 0);
	assert_int_equal(cw_bleu(ref, 1, cw_str("the cat on a sofa there"), NULL, CW_BLEU_EPSILON, &v), 0);
	assert_true(v > 0 && v < 0.001);
	assert_int_equal(cw_bleu(ref, 1, cw_str("the cat on a sofa there"), NULL, CW_BLEU_ADD_ONE, &v), 0);
	near(v, 0.3021375); /* (3/6 · 2/6 · 1/5 · 1/4)^(1/4) */
	assert_int_equal(cw_bleu(ref, 1, cw_str(""), NULL, CW_BLEU_EPSILON, &v), 0);
	near(v, 0);
	assert_int_equal(cw_bleu(ref, 0, cw_str("a"), NULL, CW_BLEU_EPSILON, &v), EINVAL);
}

static void gleu_counts_both_ways(void **state)
{
	const struct cw_str ref[] = {CW_STR_LIT("the cat sat on the mat."), CW_STR_LIT("a dog")};
	double v;

	(void)state;
	assert_int_equal(cw_gleu(ref, 2, cw_str("The cat sat on the mat"), &v), 0);
	near(v, 1);
	/* 1-grams 2, 2-grams 1 in common of 6+5+4+3 in the reference */
	assert_int_equal(cw_gleu(ref, 1, cw_str("the cat"), &v), 0);
	near(v, 3.0 / 18);
	assert_int_equal(cw_gleu(ref, 2, cw_str("a dog"), &v), 0);
	near(v, 1);
	assert_int_equal(cw_gleu(ref, 1, cw_str("nothing alike here"), &v), 0);
	near(v, 0);
	assert_int_equal(cw_gleu(ref, 0, cw_str("a"), &v), EINVAL);
}

static void meteor_of_nltk(void **state)
{
	const struct cw_str cat[] = {CW_STR_LIT("this is a cat")};
	const struct cw_str mat[] = {CW_STR_LIT("the cat sat on the mat")};
	double v;

	(void)state;
	assert_int_equal(cw_meteor(guide, 3, action, &v), 0);
	near(v, 0.6944); /* NLTK's doctest; no synonym of WordNet takes part */
	assert_int_equal(cw_meteor(cat, 1, cw_str("non matching hypothesis"), &v), 0);
	near(v, 0);
	assert_int_equal(cw_meteor(mat, 1, cw_str("on the mat sat the cat"), &v), 0);
	near(v, 0.5); /* this one and the next stand in the table of Wikipedia's article on METEOR */
	assert_int_equal(cw_meteor(mat, 1, cw_str("the cat was sat on the mat"), &v), 0);
	near(v, 0.9654);
	/* Banerjee and Lavie: one chunk of six: 1 - 0.5 · (1/6)³ */
	assert_int_equal(cw_meteor(mat, 1, cw_str("The cat sat on the mat."), &v), 0);
	near(v, 1 - 0.5 / 216);
	/* stems: "cats" is "cat" */
	assert_int_equal(cw_meteor(mat, 1, cw_str("the cats sat on the mats"), &v), 0);
	near(v, 1 - 0.5 / 216);
}

static void stems_of_porters_paper(void **state)
{
	static const char *const cases[][2] = {
		{"caresses", "caress"},
		{"ponies", "poni"},
		{"ties", "ti"},
		{"caress", "caress"},
		{"cats", "cat"},
		{"feed", "feed"},
		{"agreed", "agre"},
		{"plastered", "plaster"},
		{"bled", "bled"},
		{"motoring", "motor"},
		{"sing", "sing"},
		{"conflated", "conflat"},
		{"troubled", "troubl"},
		{"sized", "size"},
		{"hopping", "hop"},
		{"tanned", "tan"},
		{"falling", "fall"},
		{"hissing", "hiss"},
		{"fizzed", "fizz"},
		{"failing", "fail"},
		{"filing", "file"},
		{"happy", "happi"},
		{"sky", "sky"},
		{"relational", "relat"},
		{"conditional", "condit"},
		{"valenci", "valenc"},
		{"digitizer", "digit"},
		{"radicalli", "radic"},
		{"vietnamization", "vietnam"},
		{"operator", "oper"},
		{"feudalism", "feudal"},
		{"decisiveness", "decis"},
		{"hopefulness", "hope"},
		{"sensibiliti", "sensibl"},
		{"triplicate", "triplic"},
		{"formative", "form"},
		{"electrical", "electr"},
		{"goodness", "good"},
		{"revival", "reviv"},
		{"allowance", "allow"},
		{"adjustable", "adjust"},
		{"replacement", "replac"},
		{"adjustment", "adjust"},
		{"adoption", "adopt"},
		{"communism", "commun"},
		{"effective", "effect"},
		{"probate", "probat"},
		{"rate", "rate"},
		{"cease", "ceas"},
		{"controll", "control"},
		{"roll", "roll"},
		{"generalizations", "gener"},
		{"oscillators", "oscil"},
		{"is", "is"},
		{"señor", "señor"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		char word[32];

		(void)snprintf(word, sizeof(word), "%s", cases[i][0]);
		word[cw_stem(word, strlen(word))] = 0;
		assert_string_equal(word, cases[i][1]);
	}
}

static void words_are_counted(void **state)
{
	(void)state;
	assert_int_equal(cw_word_count(cw_str("")), 0);
	assert_int_equal(cw_word_count(cw_str("  \n")), 0);
	assert_int_equal(cw_word_count(cw_str("one, two\tthree \n four")), 4);
}

static void long_texts_are_refused(void **state)
{
	CW_SCOPED char *text = talloc_zero_size(NULL, CW_TEXTSCORE_MAX + 1);
	struct cw_str big = {text, CW_TEXTSCORE_MAX + 1}, small = cw_str("a");
	struct cw_prf r;
	size_t d;
	double v;

	(void)state;
	memset(text, 'a', CW_TEXTSCORE_MAX + 1);
	assert_int_equal(cw_levenshtein(big, small, &d), EMSGSIZE);
	assert_int_equal(cw_rouge_n(small, big, 1, &r), EMSGSIZE);
	assert_int_equal(cw_rouge_l(big, small, &r), EMSGSIZE);
	assert_int_equal(cw_bleu(&small, 1, big, NULL, CW_BLEU_NONE, &v), EMSGSIZE);
	assert_int_equal(cw_gleu(&big, 1, small, &v), EMSGSIZE);
	big.len--;
	for (size_t i = 1; i < big.len; i += 2)
		text[i] = ' ';
	assert_int_equal(cw_meteor(&small, 1, big, &v), 0);
	assert_int_equal(cw_rouge_n(big, big, 2, &r), 0);
	near(r.f1, 1);
}

static void scores_without_memory(void **state)
{
	struct cw_prf r;
	double v;
	size_t d;
	int err = cw_levenshtein(cw_str("abc"), cw_str("abd"), &d);

	(void)state;
	if (!err)
		err = cw_rouge_n(cw_str("a b c"), cw_str("a b d"), 2, &r);
	if (!err)
		err = cw_rouge_l(cw_str("a b c"), cw_str("a b d"), &r);
	if (!err)
		err = cw_bleu(guide, 3, action, NULL, CW_BLEU_EPSILON, &v);
	if (!err)
		err = cw_meteor(guide, 3, action, &v);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(scores_without_memory)

CW_TEST_MAIN(CW_TEST(edit_distances), CW_TEST(rouge_of_the_literature), CW_TEST(rouge_at_the_edges),
	CW_TEST(bleu_of_the_literature), CW_TEST(bleu_smoothing_and_brevity), CW_TEST(gleu_counts_both_ways),
	CW_TEST(meteor_of_nltk), CW_TEST(stems_of_porters_paper), CW_TEST(words_are_counted),
	CW_TEST(long_texts_are_refused), CW_TEST_OOM(scores_without_memory))
