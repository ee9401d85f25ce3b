#include "testing.h"

#include "audio/g711.h"
#include "audio/tone.h"
#include "signals.h"

#include <errno.h>

#define SECONDS(s) ((size_t)((s)*8000))

struct heard {
	unsigned count[CW_TONE_BEEP + 1];
	size_t first_at; /* samples until the first one was told */
};

static struct heard listen(const int16_t *pcm, size_t n)
{
	struct heard h = {0};
	struct cw_progress_rx *r;

	assert_int_equal(cw_progress_rx_new(NULL, &r), 0);
	for (size_t i = 0; i + 160 <= n; i += 160) {
		enum cw_progress_tone t = cw_progress_rx_feed(r, pcm + i, 160);

		if (t && !h.first_at)
			h.first_at = i + 160;
		h.count[t]++;
	}
	talloc_free(r);
	h.count[CW_TONE_NONE] = 0;
	return h;
}

static unsigned all(const struct heard *h)
{
	unsigned sum = 0;

	for (int t = 1; t <= CW_TONE_BEEP; t++)
		sum += h->count[t];
	return sum;
}

/* Each tone after a second of line noise, through mu-law, in blocks which do not fall on its edges. */
static void each_tone_is_recognised_as_itself_only(void **state)
{
	static const double within_s[] = {[CW_TONE_DIAL] = 0.6,
		[CW_TONE_RINGBACK] = 0.6,
		[CW_TONE_BUSY] = 1.7,
		[CW_TONE_REORDER] = 1.0,
		[CW_TONE_SIT] = 0.95,
		[CW_TONE_BEEP] = 0.6};

	(void)state;
	for (int t = CW_TONE_DIAL; t <= CW_TONE_BEEP; t++) {
		static int16_t pcm[SECONDS(8)];
		static uint8_t ulaw[SECONDS(8)];
		int16_t *tone;
		size_t n;

		assert_int_equal(cw_progress_render(NULL, (enum cw_progress_tone)t, 5000, &tone, &n), 0);
		assert_int_equal(n, SECONDS(5));
		memset(pcm, 0, sizeof(pcm));
		memcpy(pcm + SECONDS(1) + 37, tone, n * sizeof(*tone));
		add_white(pcm, SECONDS(8), -58, 3);
		cw_ulaw_encode(pcm, ulaw, SECONDS(8));
		cw_ulaw_decode(ulaw, pcm, SECONDS(8));

		struct heard h = listen(pcm, SECONDS(8));

		if (h.count[t] != 1 || all(&h) != 1)
			fail_msg("tone %d: told %u times, %u in all", t, h.count[t], all(&h));
		if ((double)h.first_at / 8000 - 1 > within_s[t])
			fail_msg("tone %d: told after %.2f s", t, (double)h.first_at / 8000 - 1);
		talloc_free(tone);
	}
}

static void a_short_beep_is_told_at_its_end(void **state)
{
	static int16_t pcm[SECONDS(3)];

	(void)state;
	for (double hz = 450; hz < 1900; hz += 290) {
		memset(pcm, 0, sizeof(pcm));
		add_sine(pcm + SECONDS(1), SECONDS(0.25), hz, -20);

		struct heard h = listen(pcm, SECONDS(3));

		assert_int_equal(h.count[CW_TONE_BEEP], 1);
		assert_int_equal(all(&h), 1);
		assert_in_range(h.first_at, SECONDS(1.2), SECONDS(1.4));
	}
}

static void ringing_is_told_once_and_busy_after_it(void **state)
{
	static int16_t pcm[SECONDS(20)];
	int16_t *ring, *busy;
	size_t n_ring, n_busy;

	(void)state;
	assert_int_equal(cw_progress_render(NULL, CW_TONE_RINGBACK, 13000, &ring, &n_ring), 0);
	assert_int_equal(cw_progress_render(ring, CW_TONE_BUSY, 5000, &busy, &n_busy), 0);
	memcpy(pcm, ring, n_ring * 2);
	memcpy(pcm + n_ring, busy, n_busy * 2);

	struct heard h = listen(pcm, SECONDS(20));

	assert_int_equal(h.count[CW_TONE_RINGBACK], 1);
	assert_int_equal(h.count[CW_TONE_BUSY], 1);
	assert_int_equal(all(&h), 2);
	talloc_free(ring);
}

static void voices_noise_and_keys_are_no_tones(void **state)
{
	static int16_t pcm[SECONDS(10)];
	int16_t *keys;
	size_t n;
	struct heard h;

	(void)state;
	add_white(pcm, SECONDS(10), -30, 1);
	h = listen(pcm, SECONDS(10));
	assert_int_equal(all(&h), 0);
	memset(pcm, 0, sizeof(pcm));
	add_vowel(pcm, SECONDS(10), 140, -24);
	h = listen(pcm, SECONDS(10));
	assert_int_equal(all(&h), 0);
	memset(pcm, 0, sizeof(pcm));
	add_fsk(pcm, SECONDS(10), 300, 250, 60, -16);
	h = listen(pcm, SECONDS(10));
	assert_int_equal(all(&h), 0);
	assert_int_equal(cw_dtmf_render(NULL, "0123456789*#", 200, 100, &keys, &n), 0);
	h = listen(keys, n);
	assert_int_equal(all(&h), 0);
	talloc_free(keys);
}

static void bad_tones_are_refused(void **state)
{
	int16_t *pcm = NULL;
	size_t n = 5;

	(void)state;
	assert_int_equal(cw_progress_render(NULL, CW_TONE_NONE, 100, &pcm, &n), EINVAL);
	assert_int_equal(cw_progress_render(NULL, (enum cw_progress_tone)99, 100, &pcm, &n), EINVAL);
	assert_int_equal(cw_progress_render(NULL, CW_TONE_BEEP, 4000000000u, &pcm, &n), EINVAL);
	assert_null(pcm);
	assert_int_equal(n, 5);
}

CW_TEST_MAIN(CW_TEST(each_tone_is_recognised_as_itself_only), CW_TEST(a_short_beep_is_told_at_its_end),
	CW_TEST(ringing_is_told_once_and_busy_after_it), CW_TEST(voices_noise_and_keys_are_no_tones),
	CW_TEST(bad_tones_are_refused))
