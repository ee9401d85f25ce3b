#include "call/ledger.h"

#include <errno.h>

#include "testing.h"

static void add(struct cw_utterance *u, unsigned piece, size_t samples)
{
	static const int16_t pcm[16000];

	while (samples) {
		size_t n = samples < CW_COUNT(pcm) ? samples : CW_COUNT(pcm);

		assert_int_equal(cw_piece_audio(u, &u->pieces[piece], pcm, n), 0);
		samples -= n;
	}
}

static void splits_into_sentences(void **state)
{
	CW_SCOPED struct cw_utterance *u = NULL;
	int err = cw_utterance_new(NULL, 7, "Good morning to you. How can I help you today?", &u);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_int_equal(u->id, 7);
	assert_int_equal(u->n, 2);
	assert_int_equal(u->pieces[1].text_at, 21);
	assert_int_equal(u->pieces[1].text_len, 25);
}
CW_OOM_BODY(splits_into_sentences)

static void words_are_heard_when_their_last_sample_was(void **state)
{
	CW_SCOPED struct cw_utterance *u = NULL;
	size_t len;

	(void)state;
	assert_int_equal(cw_utterance_new(NULL, 1, "One two three.", &u), 0);

	struct cw_piece *p = &u->pieces[0];

	assert_int_equal(cw_piece_word(u, p, 3, 1000), 0);
	assert_int_equal(cw_piece_word(u, p, 7, 2500), 0);
	assert_int_equal(cw_piece_word(u, p, 7, 2600), 0);  /* said twice: the first counts */
	assert_int_equal(cw_piece_word(u, p, 99, 4000), 0); /* beyond the text: its end */
	add(u, 0, 5000);
	p->done = true;
	const struct {
		size_t heard;
		const char *text;
		size_t resume_at;
	} cases[] = {{0, "", 0}, {999, "", 0}, {1000, "One", 1000}, {2499, "One", 1000}, {2500, "One two", 2500},
		{3999, "One two", 2500}, {4000, "One two three.", 4000}, {4999, "One two three.", 4000},
		{5000, "One two three.", 5000}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		p->heard = cases[i].heard;
		assert_string_equal(cw_utterance_heard(u, &len), cases[i].text);
		assert_int_equal(len, strlen(cases[i].text));
		assert_int_equal(cw_piece_resume_at(u, p), cases[i].resume_at);
	}
}

static void without_word_times_the_characters_decide(void **state)
{
	CW_SCOPED struct cw_utterance *u = NULL;

	(void)state;
	assert_int_equal(cw_utterance_new(NULL, 1, "aaaa bbbb cccc dddd", &u), 0);
	add(u, 0, 19000);
	u->pieces[0].done = true;
	u->pieces[0].heard = 8999;
	assert_string_equal(cw_utterance_heard(u, NULL), "aaaa");
	assert_int_equal(cw_piece_resume_at(u, &u->pieces[0]), 4000);
	u->pieces[0].heard = 9000;
	assert_string_equal(cw_utterance_heard(u, NULL), "aaaa bbbb");
	u->pieces[0].done = false; /* more may come: the guess is 65 ms a character */
	u->pieces[0].heard = 8999;
	assert_string_equal(cw_utterance_heard(u, NULL), "aaaa");
}

static void a_lost_sentence_ends_what_was_heard(void **state)
{
	CW_SCOPED struct cw_utterance *u = NULL;

	(void)state;
	assert_int_equal(cw_utterance_new(NULL, 1, "This is the first. This is the second. And the third.", &u), 0);
	assert_int_equal(u->n, 3);
	add(u, 0, 8000);
	u->pieces[0].done = u->pieces[1].done = true;
	u->pieces[0].heard = 8000;
	u->pieces[1].err = EIO;
	assert_string_equal(cw_utterance_heard(u, NULL), "This is the first.");
	u->pieces[0].heard = 100;
	cw_utterance_rewind(u);
	assert_int_equal(u->at, 0);
	assert_int_equal(u->pieces[0].sent, 0);
}

static void bounds(void **state)
{
	CW_SCOPED struct cw_utterance *u = NULL;
	CW_SCOPED char *text = talloc_zero_array(NULL, char, 8194);
	static const int16_t pcm[160];

	(void)state;
	memset(text, 'a', 8193);
	assert_int_equal(cw_utterance_new(NULL, 1, text, &u), EMSGSIZE);
	assert_int_equal(cw_utterance_new(NULL, 1, "", &u), EINVAL);
	assert_int_equal(cw_utterance_new(NULL, 1, " \n\t ", &u), EINVAL);
	assert_null(u);
	assert_int_equal(cw_utterance_of_pcm(NULL, 1, pcm, 160, NULL, &u), 0);
	u->pieces[0].n = CW_PIECE_MAX_SAMPLES - 159;
	assert_int_equal(cw_piece_audio(u, &u->pieces[0], pcm, 160), EFBIG);
}

CW_TEST_MAIN(CW_TEST(splits_into_sentences), CW_TEST_OOM(splits_into_sentences),
	CW_TEST(words_are_heard_when_their_last_sample_was), CW_TEST(without_word_times_the_characters_decide),
	CW_TEST(a_lost_sentence_ends_what_was_heard), CW_TEST(bounds))
