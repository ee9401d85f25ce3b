/* Hints, slots, n-grams, lexicon: what recogniser models are made of. */
#include "testing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "speech/confuse.h"
#include "speech/grammar.h"
#include "speech/lexicon.h"
#include "speech/service.h"
#include "speech/slots.h"
#include "speech/spec.h"

#define DICTIONARY "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"

static const char *const phrases[] = {
	"My name is {name}.", "call 555-0134", "{digits}", "{unknown} here", "broken {brace", ""};
static const char *const values[] = {"Peter Hudson", "O'Neill", "Dr. Who"};
static const struct cw_hint_class classes[] = {{"name", values, 3}};
static const struct cw_hints hints = {phrases, CW_COUNT(phrases), classes, 1, 0};

static void hints_are_copied_and_hashed(void **state)
{
	struct cw_hints *a = cw_hints_new(NULL, &hints), *b, *c;
	struct cw_hints other = hints;

	(void)state;
	if (!a)
		return; /* an allocation failed on purpose */
	assert_int_equal(a->n_phrases, hints.n_phrases);
	assert_string_equal(a->phrases[0], phrases[0]);
	assert_ptr_not_equal(a->phrases[0], phrases[0]);
	assert_string_equal(a->classes[0].values[2], "Dr. Who");
	b = cw_hints_new(NULL, a);
	other.n_phrases--;
	c = cw_hints_new(NULL, &other);
	if (b && c) {
		assert_int_equal(a->hash, b->hash);
		assert_int_not_equal(a->hash, c->hash);
	}
	talloc_free(a);
	talloc_free(b);
	talloc_free(c);
}
CW_OOM_BODY(hints_are_copied_and_hashed)

static int written(struct cw_ngram *g, char **text)
{
	size_t n;
	FILE *f = open_memstream(text, &n);
	int err = cw_ngram_write(g, f);

	fclose(f);
	return err;
}

static bool has_word(const struct cw_ngram *g, const char *word)
{
	for (size_t i = 0; i < cw_ngram_words(g); i++)
		if (!strcmp(cw_ngram_word(g, i), word))
			return true;
	return false;
}

static void grammar_gives_the_words_of_hints(void **state)
{
	struct cw_grammar *gr = cw_grammar_new(NULL, &hints);
	struct cw_ngram *g = NULL;

	(void)state;
	if (!gr)
		return;
	if (!cw_ngram_new(gr, &g) && !cw_grammar_count(gr, g, 1)) {
		assert_true(
			has_word(g, "hudson") && has_word(g, "o'neill") && has_word(g, "name") && has_word(g, "five"));
		assert_true(has_word(g, "oh") && has_word(g, "double") && has_word(g, "here"));
		assert_false(has_word(g, "Hudson") || has_word(g, "{name}") || has_word(g, "555-0134"));
	}
	talloc_free(gr);
}
CW_OOM_BODY(grammar_gives_the_words_of_hints)

/* In a right model the followers of each history have probabilities which sum to one. */
static double probability(const char *arpa, const char *words)
{
	char line[128];
	const char *found;

	snprintf(line, sizeof(line), "\t%s\t", words);
	found = strstr(arpa, line);
	if (!found) {
		snprintf(line, sizeof(line), "\t%s\n", words);
		found = strstr(arpa, line);
	}
	if (!found)
		return 0;
	while (found > arpa && found[-1] != '\n')
		found--;
	return pow(10, strtod(found, NULL));
}

static double backoff_of(const char *arpa, const char *words)
{
	char line[128];

	snprintf(line, sizeof(line), "\t%s\t", words);
	const char *found = strstr(arpa, line);

	return found ? pow(10, strtod(found + strlen(line), NULL)) : 1;
}

static double conditional(const char *arpa, const char *history, const char *word)
{
	char both[128];

	snprintf(both, sizeof(both), "%s %s", history, word);
	double p = probability(arpa, both);

	return p > 0 ? p : backoff_of(arpa, history) * probability(arpa, word);
}

static void ngram_probabilities_sum_to_one(void **state)
{
	static const char *const sentences[] = {
		"yes please", "yes that is right", "no", "no thank you", "yes", "that is wrong"};
	struct cw_ngram *g;
	char *arpa = NULL;
	double unigrams = 0, after_yes = 0;

	(void)state;
	assert_int_equal(cw_ngram_new(NULL, &g), 0);
	for (size_t i = 0; i < CW_COUNT(sentences); i++)
		assert_int_equal(cw_ngram_add(g, cw_str(sentences[i]), i == 4 ? 2.5f : 1), 0);
	assert_int_equal(written(g, &arpa), 0);
	for (size_t i = 0; i <= cw_ngram_words(g); i++) {
		const char *word = i < cw_ngram_words(g) ? cw_ngram_word(g, i) : "</s>";

		unigrams += probability(arpa, word);
		after_yes += conditional(arpa, "yes", word);
	}
	assert_true(fabs(unigrams - 1) < 0.002);
	assert_true(fabs(after_yes - 1) < 0.002);
	assert_true(conditional(arpa, "yes", "please") > conditional(arpa, "yes", "no"));
	assert_true(conditional(arpa, "yes", "</s>") > conditional(arpa, "yes", "please"));
	cw_libc_free(arpa);
	talloc_free(g);
}

static void background_covers_the_trade(void **state)
{
	struct cw_ngram *g;

	(void)state;
	assert_int_equal(cw_ngram_new(NULL, &g), 0);
	assert_int_equal(cw_service_count(g, 1), 0);
	assert_true(cw_ngram_words(g) > 700);
	assert_true(
		has_word(g, "furnace") && has_word(g, "thermostat") && has_word(g, "september") && has_word(g, "noon"));
	talloc_free(g);
}

static void jsgf_has_a_rule_per_class(void **state)
{
	struct cw_grammar *gr = cw_grammar_new(NULL, &hints);
	struct cw_ngram *g;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	assert_non_null(gr);
	assert_int_equal(cw_ngram_new(gr, &g), 0);
	assert_int_equal(cw_grammar_jsgf(gr, g, f), 0);
	fclose(f);
	assert_non_null(strstr(text, "<c0> = peter hudson | o'neill |"));
	assert_non_null(strstr(text, "my name is <c0>"));
	assert_non_null(strstr(text, "| <digits>"));
	assert_true(has_word(g, "midnight") && has_word(g, "o'clock"));
	cw_libc_free(text);
	talloc_free(gr);
}

static void lexicon_knows_and_sounds_out(void **state)
{
	const struct cw_lexicon *l;
	struct cw_why why = {0};
	char *text = NULL;
	size_t n;

	(void)state;
	int err = cw_lexicon_get(DICTIONARY, &l, &why);

	if (err) {
		print_message("# skipped: %s\n", why.text);
		skip();
	}
	FILE *f = open_memstream(&text, &n);

	assert_true(cw_lexicon_has(l, cw_str("furnace")));
	assert_false(cw_lexicon_has(l, cw_str("zbigniewski")));
	cw_lexicon_write(l, cw_str("the"), f);
	cw_lexicon_write(l, cw_str("zbigniewski"), f);
	cw_lexicon_write(l, cw_str("\xC3\xA9"), f); /* no letter it knows: left out */
	fclose(f);
	assert_non_null(strstr(text, "the DH AH\n"));
	assert_non_null(strstr(text, "the(2) DH IY\n"));
	assert_non_null(strstr(text, "zbigniewski Z B"));
	for (const char *p = text; *p; p++)
		assert_false(*p == '0' || *p == '1'); /* no stress marks */
	cw_libc_free(text);
}

static void slots_give_examples(void **state)
{
	static const char *const names[] = {"digit", "digits", "number", "date", "time", "yesno"};
	struct cw_rng rng;
	char out[CW_SLOT_WORDS];

	(void)state;
	cw_rng_init(&rng, 1);
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		const struct cw_slot *s = cw_slot_find(cw_str(names[i]));

		assert_non_null(s);
		for (unsigned k = 0; k < 500; k++) {
			s->example(&rng, out);
			size_t n = strlen(out);

			assert_true(n > 0 && out[0] != ' ' && out[n - 1] != ' ' && !strstr(out, "  "));
		}
	}
	assert_null(cw_slot_find(cw_str("name")));
}

static void options_are_read_strictly(void **state)
{
	static const char *const keys[] = {"wer", "wpm", NULL};
	struct cw_why why = {0};
	double v = 7;

	(void)state;
	assert_true(cw_str_eq(cw_spec_engine("modem:wer=0.1"), "modem"));
	assert_true(cw_str_eq(cw_spec_engine("modem"), "modem"));
	assert_int_equal(cw_spec_options("modem").len, 0);
	assert_int_equal(cw_spec_check("modem:wer=0.1, wpm=200", keys, &why), 0);
	assert_int_equal(cw_spec_number(cw_spec_options("modem:wer=0.1,wpm=200"), "wpm", 60, 600, &v, &why), 0);
	assert_true(v == 200);
	assert_int_equal(cw_spec_number(cw_spec_options("modem"), "wpm", 60, 600, &v, &why), 0);
	assert_true(v == 200);
	assert_int_equal(cw_spec_check("modem:loud", keys, &why), EINVAL);
	assert_non_null(strstr(why.text, "wer="));
	why = (struct cw_why){0};
	assert_int_equal(cw_spec_number(cw_spec_options("modem:wpm=fast"), "wpm", 60, 600, &v, &why), EINVAL);
	assert_non_null(strstr(why.text, "60"));
}

static void errors_look_like_a_recognisers(void **state)
{
	static const char *const words[] = {"five", "Thursday,", "555-0134", "thermostat.", "x", "...", "Zo\xC3\xAB"};
	struct cw_rng rng;
	unsigned same = 0, empty = 0, n = 0;

	(void)state;
	cw_rng_init(&rng, 1);
	for (unsigned i = 0; i < 7000; i++) {
		char out[16 + CW_CONFUSE_ROOM];
		struct cw_str word = cw_str(words[i % CW_COUNT(words)]);
		struct cw_str heard = cw_confuse(&rng, 0.5, word, out, sizeof(out));

		assert_true(heard.len < sizeof(out));
		same += heard.p == word.p && heard.len == word.len;
		empty += !heard.len;
		n++;
	}
	assert_in_range(same, n * 45 / 100, n * 62 / 100); /* half, and signs which have no other form */
	assert_in_range(empty, n * 7 / 100, n * 13 / 100);
}

CW_TEST_MAIN(CW_TEST(hints_are_copied_and_hashed), CW_TEST_OOM(hints_are_copied_and_hashed),
	CW_TEST(grammar_gives_the_words_of_hints), CW_TEST(ngram_probabilities_sum_to_one),
	CW_TEST(background_covers_the_trade), CW_TEST(jsgf_has_a_rule_per_class), CW_TEST(lexicon_knows_and_sounds_out),
	CW_TEST(slots_give_examples), CW_TEST(options_are_read_strictly), CW_TEST(errors_look_like_a_recognisers),
	CW_TEST_OOM(grammar_gives_the_words_of_hints))
