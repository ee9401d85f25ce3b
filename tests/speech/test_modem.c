#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audio/g711.h"
#include "base/rng.h"
#include "speech/modem.h"

static const char sentence[] =
	"Hello, my name is Zoë O'Neill; the furnace at 42 Wallaby Way died at 9:30 AM. Please call 415-555-0134!";

struct ear {
	char text[8192];
	bool glue;
};

static void hear(struct cw_str word, bool continues, void *arg)
{
	struct ear *e = arg;
	size_t at = strlen(e->text);

	snprintf(e->text + at, sizeof(e->text) - at, "%s%.*s", at && !e->glue ? " " : "", CW_STR(word));
	e->glue = continues;
}

static int16_t *render(const char *text, unsigned wpm, size_t *n)
{
	struct cw_modem_tx tx;
	struct cw_modem_piece p;
	int16_t *out = talloc_array(NULL, int16_t, CW_MODEM_PIECE_SAMPLES);

	*n = 0;
	for (cw_modem_tx_init(&tx, cw_str(text), wpm); cw_modem_tx_next(&tx, out + *n, &p);) {
		*n += p.n;
		assert_true(p.word_samples <= p.n && p.n <= CW_MODEM_PIECE_SAMPLES);
		out = talloc_realloc(NULL, out, int16_t, *n + CW_MODEM_PIECE_SAMPLES);
		assert_non_null(out);
	}
	assert_int_equal(*n, tx.samples);
	return out;
}

static void listen(struct cw_modem_rx *rx, const int16_t *pcm, size_t n, size_t frame)
{
	for (size_t at = 0; at < n; at += frame)
		cw_modem_rx_feed(rx, pcm + at, n - at < frame ? n - at : frame);
}

static void decoded_is(const int16_t *pcm, size_t n, const char *expected)
{
	static const size_t frames[] = {160, 1, 3, 37, 100000};

	for (size_t i = 0; i < CW_COUNT(frames); i++) {
		struct ear ear = {0};
		struct cw_modem_rx rx;

		cw_modem_rx_init(&rx, hear, &ear);
		listen(&rx, pcm, n, frames[i]);
		assert_string_equal(ear.text, expected);
		assert_int_equal(rx.words_bad, 0);
	}
}

static void text_arrives_exactly(void **state)
{
	size_t n;
	int16_t *pcm = render(sentence, CW_MODEM_WPM, &n);

	(void)state;
	decoded_is(pcm, n, sentence);
	talloc_free(pcm);
	pcm = render("  a\tb \n c  ", 600, &n);
	decoded_is(pcm, n, "a b c");
	talloc_free(pcm);
	pcm = render(" \n", 170, &n);
	assert_int_equal(n, 0);
	talloc_free(pcm);
}

static void long_words_travel_in_parts(void **state)
{
	char word[301];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 300; i++)
		word[i] = (char)('!' + i % 90);
	word[300] = 0;
	int16_t *pcm = render(word, 300, &n);

	decoded_is(pcm, n, word);
	talloc_free(pcm);
}

static void pace_is_that_of_speech(void **state)
{
	static const char text[] =
		"the furnace stopped working last night and now the whole house is getting very cold so we need somebody soon";
	size_t n;
	int16_t *pcm = render(text, 170, &n);
	double wpm = 20 * 60.0 * 8000 / (double)n;

	(void)state;
	assert_in_range((unsigned)wpm, 150, 190);
	talloc_free(pcm);
}

static void every_bit_pattern_survives(void **state)
{
	struct cw_rng rng;

	(void)state;
	cw_rng_init(&rng, 5);
	for (unsigned i = 0; i < 500; i++) {
		char word[64];
		size_t len = 1 + cw_rng_below(&rng, 62), n;

		for (size_t k = 0; k < len; k++)
			word[k] = (char)(1 + cw_rng_below(&rng, 255));
		for (size_t k = 0; k < len; k++)
			if (strchr(" \t\r\n", word[k]))
				word[k] = 'x';
		word[len] = 0;
		int16_t *pcm = render(word, 600, &n);
		struct ear ear = {0};
		struct cw_modem_rx rx;

		cw_modem_rx_init(&rx, hear, &ear);
		listen(&rx, pcm, n, 160);
		assert_string_equal(ear.text, word);
		talloc_free(pcm);
	}
}

static void cut_anywhere_gives_the_words_before(void **state)
{
	struct cw_modem_tx tx;
	struct cw_modem_piece p;
	size_t n, heard_end = 0, next_end = 0, text_end = 0, next_text = 0;
	int16_t *pcm = render(sentence, CW_MODEM_WPM, &n);
	int16_t scratch[CW_MODEM_PIECE_SAMPLES];
	uint64_t start = 0;

	(void)state;
	cw_modem_tx_init(&tx, cw_str(sentence), CW_MODEM_WPM);
	for (size_t cut = 0; cut <= n; cut += 97) {
		while (next_end <= cut) {
			heard_end = next_end;
			text_end = next_text;
			start = tx.samples;
			if (!cw_modem_tx_next(&tx, scratch, &p))
				break;
			next_end = start + p.word_samples;
			next_text = p.text_end;
		}
		struct ear ear = {0};
		struct cw_modem_rx rx;
		static const int16_t silence[1600];

		cw_modem_rx_init(&rx, hear, &ear);
		listen(&rx, pcm, cut, 160);
		listen(&rx, silence, 1600, 160);
		/* the last bits (4 ms) only flush the filter: a cut inside them may hear the word already */
		if (cut + 32 >= next_end && strlen(ear.text) > text_end)
			continue;
		assert_int_equal(strlen(ear.text), text_end);
		assert_memory_equal(ear.text, sentence, text_end);
	}
	assert_true(heard_end > 0);
	talloc_free(pcm);
}

static void through_mulaw(int16_t *pcm, size_t n)
{
	uint8_t u;

	for (size_t i = 0; i < n; i++) {
		cw_ulaw_encode(pcm + i, &u, 1);
		cw_ulaw_decode(&u, pcm + i, 1);
	}
}

static void spoil(int16_t *pcm, size_t n, double gain, double snr_db, struct cw_rng *rng)
{
	double rms = CW_MODEM_LEVEL * gain / 1.41421356,
	       noise = snr_db < 90 ? rms * __builtin_pow(10, -snr_db / 20) : 0;

	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(pcm[i] * gain + noise * cw_rng_normal(rng));
	through_mulaw(pcm, n);
}

static void survives_gain_companding_and_noise(void **state)
{
	struct cw_rng rng;
	static const double gains[] = {1, 0.3, 0.1};
	static const double snrs[] = {99, 25, 15};

	(void)state;
	cw_rng_init(&rng, 1);
	for (size_t g = 0; g < 3; g++)
		for (size_t s = 0; s < 3; s++)
			for (unsigned run = 0; run < 10; run++) {
				size_t n;
				int16_t *pcm = render(sentence, CW_MODEM_WPM, &n);
				struct ear ear = {0};
				struct cw_modem_rx rx;

				spoil(pcm, n, gains[g], snrs[s], &rng);
				cw_modem_rx_init(&rx, hear, &ear);
				listen(&rx, pcm, n, 160);
				assert_string_equal(ear.text, sentence);
				talloc_free(pcm);
			}
}

/* Is @part a sequence of words of @whole in order? Lost words are allowed, wrong ones are not. */
static unsigned missing_words(const char *whole, const char *part)
{
	struct cw_str w = cw_str(whole), p = cw_str(part), a, b;
	unsigned missing = 0;

	while (p.len && cw_str_split(&p, ' ', &b)) {
		bool found = false;

		while (!found && cw_str_split(&w, ' ', &a)) {
			found = a.len == b.len && !memcmp(a.p, b.p, a.len);
			missing += !found;
		}
		assert_true(found);
	}
	while (w.len && cw_str_split(&w, ' ', &a))
		missing++;
	return missing;
}

static void lost_frames_lose_words_but_never_change_them(void **state)
{
	struct cw_rng rng;
	unsigned words = 0, missing = 0;

	(void)state;
	cw_rng_init(&rng, 2);
	for (unsigned run = 0; run < 60; run++) {
		size_t n;
		int16_t *pcm = render(sentence, CW_MODEM_WPM, &n);
		struct ear ear = {0};
		struct cw_modem_rx rx;

		for (size_t at = 0; at + 160 <= n; at += 160)
			if (cw_rng_chance(&rng, 0.01))
				memset(pcm + at, 0, 320);
		cw_modem_rx_init(&rx, hear, &ear);
		listen(&rx, pcm, n, 160);
		missing += missing_words(sentence, ear.text);
		words += 19;
		talloc_free(pcm);
	}
	print_message("# 1 %% of the frames lost: %u of %u words lost\n", missing, words);
	assert_in_range(missing, 1, words / 10);
}

static void noise_and_garbage_are_no_words(void **state)
{
	struct cw_rng rng;
	struct ear ear = {0};
	struct cw_modem_rx rx;
	int16_t frame[160];

	(void)state;
	cw_rng_init(&rng, 3);
	cw_modem_rx_init(&rx, hear, &ear);
	for (unsigned i = 0; i < 50 * 60 * 5; i++) { /* five minutes */
		for (size_t k = 0; k < 160; k++)
			frame[k] = (int16_t)cw_rng_below(&rng, 65536);
		cw_modem_rx_feed(&rx, frame, 160);
	}
	assert_string_equal(ear.text, "");
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The budget of load and simulation: 3 µs a frame. Measured with room for a slow hour; the figures are printed. */
static void costs_little(void **state)
{
	size_t n;
	int16_t *pcm = render(sentence, CW_MODEM_WPM, &n), scratch[CW_MODEM_PIECE_SAMPLES];
	static const int16_t silence[160];
	struct ear ear = {0};
	struct cw_modem_rx rx;
	struct cw_modem_tx tx;
	struct cw_modem_piece p;
	double rx_s = 1e9, tx_s = 1e9, quiet_s = 1e9, t, frames = (double)n / 160;

	(void)state;
	for (unsigned run = 0; run < 5; run++) {
		ear.text[0] = 0;
		cw_modem_rx_init(&rx, hear, &ear);
		t = now_s();
		listen(&rx, pcm, n, 160);
		rx_s = fmin(rx_s, now_s() - t);
		t = now_s();
		for (cw_modem_tx_init(&tx, cw_str(sentence), CW_MODEM_WPM); cw_modem_tx_next(&tx, scratch, &p);)
			;
		tx_s = fmin(tx_s, now_s() - t);
		t = now_s();
		for (unsigned i = 0; i < 1000; i++)
			cw_modem_rx_feed(&rx, silence, 160);
		quiet_s = fmin(quiet_s, (now_s() - t) / 1000);
	}
	print_message("# a frame of 160 samples: receiver %.2f us, of silence %.3f us, transmitter %.2f us\n",
		rx_s / frames * 1e6, quiet_s * 1e6, tx_s / frames * 1e6);
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(rx_s / frames < 6e-6);
	assert_true(tx_s / frames < 6e-6);
	assert_true(quiet_s < 1e-6);
#endif
	talloc_free(pcm);
}

CW_TEST_MAIN(CW_TEST(text_arrives_exactly), CW_TEST(long_words_travel_in_parts), CW_TEST(pace_is_that_of_speech),
	CW_TEST(every_bit_pattern_survives), CW_TEST(cut_anywhere_gives_the_words_before),
	CW_TEST(survives_gain_companding_and_noise), CW_TEST(lost_frames_lose_words_but_never_change_them),
	CW_TEST(noise_and_garbage_are_no_words), CW_TEST(costs_little))
