#include "testing.h"

#include "audio/effect.h"
#include "audio/measure.h"
#include "audio/resample.h"
#include "signals.h"

#include <errno.h>

#define RATE 8000
#define N    (10 * RATE)

static int16_t pcm[N];

static int prepare(void **state)
{
	memset(pcm, 0, sizeof(pcm));
	return cw_test_setup(state);
}

static struct cw_measures measure(void)
{
	struct cw_measures r;

	assert_int_equal(cw_measure_recording(pcm, N, RATE, &r), 0);
	return r;
}

static void assert_near(double value, double want, double tolerance)
{
	if (!(fabs(value - want) <= tolerance))
		fail_msg("%g is not within %g of %g", value, tolerance, want);
}

static void digital_silence_has_no_values(void **state)
{
	struct cw_measures r = measure();

	(void)state;
	assert_near(r.seconds, 10, 1e-9);
	assert_true(isnan(r.level_dbov) && isnan(r.peak_dbov) && isnan(r.speech_dbov) && isnan(r.noise_dbov) &&
		    isnan(r.snr_db));
	assert_true(isnan(r.loudness_lufs) && isnan(r.band_low_hz) && isnan(r.band_high_hz) && isnan(r.spectrum_db[7]));
	assert_near(r.silence_ratio, 1, 0);
	assert_near(r.speech_ratio, 0, 0);
	assert_near(r.clipping_ratio, 0, 0);
	assert_int_equal(r.dropouts, 0);
	assert_int_equal(cw_measure_recording(pcm, 0, RATE, &r), 0);
	assert_true(isnan(r.silence_ratio) && isnan(r.clipping_ratio));
}

static void levels_of_a_sine_are_exact(void **state)
{
	struct cw_measures r;

	(void)state;
	add_sine(pcm, N, 1000, -20);
	r = measure();
	assert_near(r.level_dbov, -20, 0.01);
	assert_near(r.peak_dbov, -17, 0.05);
	assert_near(r.band_low_hz, 1000, 32);
	assert_near(r.band_high_hz, 1000, 32);
	assert_near(r.dc, 0, 1e-4);
	assert_near(r.silence_ratio, 0, 0);
}

/* BS.1770: a full-scale sine of 997 Hz on one channel is at -3.01 LUFS. */
static void loudness_is_that_of_the_recommendation(void **state)
{
	struct cw_measures r;

	(void)state;
	add_sine(pcm, N, 997, -23.01);
	r = measure();
	assert_near(r.loudness_lufs, -23.01, 0.15);
}

static void speech_noise_and_their_ratio_are_told_apart(void **state)
{
	static const double snrs[] = {40, 25, 15};

	(void)state;
	for (size_t k = 0; k < CW_COUNT(snrs); k++) {
		struct cw_measures r;

		memset(pcm, 0, sizeof(pcm));
		add_white(pcm, N, -24 - snrs[k], 1);
		for (int i = 0; i < 3; i++)
			add_vowel(pcm + RATE + 3 * i * RATE, 2 * RATE, 120 + 30 * i, -24);
		r = measure();
		assert_near(r.speech_dbov, -24, 1);
		assert_near(r.noise_dbov, -24 - snrs[k], 1);
		assert_near(r.snr_db, snrs[k], 1.5);
		assert_near(r.speech_ratio, 0.6, 0.03);
	}
}

static void speech_without_noise_has_no_ratio(void **state)
{
	struct cw_measures r;

	(void)state;
	add_vowel(pcm + RATE, 2 * RATE, 120, -24);
	r = measure();
	assert_near(r.speech_dbov, -24, 1);
	assert_true(isnan(r.noise_dbov));
	assert_true(isnan(r.snr_db));
	assert_near(r.silence_ratio, 0.8, 0.02);
}

static void clipping_is_counted(void **state)
{
	struct cw_measures r;
	size_t clipped = 0;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		double v = 45000 * sin(2 * M_PI * 100 * (double)i / RATE);

		pcm[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
		clipped += abs(pcm[i]) >= 32000;
	}
	r = measure();
	assert_near(r.clipping_ratio, (double)clipped / N, 1e-3);
	memset(pcm, 0, sizeof(pcm));
	for (size_t i = 0; i < N; i += 100)
		pcm[i] = 32767; /* single peaks are no clipping */
	assert_near(measure().clipping_ratio, 0, 0);
}

static void band_edges_are_found(void **state)
{
	static const struct cw_effect_conf band = {.band_low_hz = 300, .band_high_hz = 3000};
	struct cw_effects *e;
	struct cw_measures r;
	struct cw_rng rng;

	(void)state;
	add_white(pcm, N, -20, 1);
	r = measure();
	assert_near(r.band_low_hz, 0, 40);
	assert_near(r.band_high_hz, 4000, 40);
	cw_rng_init(&rng, 1);
	assert_int_equal(cw_effects_new(NULL, &band, &rng, &e), 0);
	for (size_t i = 0; i < N; i += 160)
		cw_effects_frame(e, pcm + i);
	talloc_free(e);
	r = measure();
	assert_near(r.band_low_hz, 126, 35); /* 300 Hz less 30 dB at 24 dB per octave */
	assert_near(r.band_high_hz, 3650, 120);
	assert_near(r.spectrum_db[32], -1, 2); /* 1 kHz */
}

static void torn_holes_are_dropouts(void **state)
{
	(void)state;
	add_sine(pcm, N, 440, -12);
	assert_int_equal(measure().dropouts, 0);
	for (size_t k = 1; k < 9; k++) {
		size_t at = k * RATE;

		while (abs(pcm[at - 1]) < 2000 || abs(pcm[at + 160]) < 2000)
			at++;
		memset(pcm + at, 0, 160 * sizeof(*pcm));
	}
	assert_int_equal(measure().dropouts, 8);
	memset(pcm + RATE / 2, 0, 3 * RATE * sizeof(*pcm)); /* a pause is none; it hides three */
	assert_int_equal(measure().dropouts, 5);
}

static void the_rate_does_not_matter(void **state)
{
	int16_t *wide;
	struct cw_measures narrow, r;
	size_t n;

	(void)state;
	add_white(pcm, N, -54, 1);
	add_vowel(pcm + RATE, 4 * RATE, 120, -24);
	narrow = measure();
	assert_int_equal(cw_resample(NULL, RATE, 24000, pcm, N, &wide, &n), 0);
	assert_int_equal(cw_measure_recording(wide, n, 24000, &r), 0);
	assert_near(r.seconds, 10, 0.001);
	assert_near(r.level_dbov, narrow.level_dbov, 0.2);
	assert_near(r.speech_dbov, narrow.speech_dbov, 0.5);
	assert_near(r.snr_db, narrow.snr_db, 1);
	assert_near(r.loudness_lufs, narrow.loudness_lufs, 0.5);
	talloc_free(wide);
	assert_int_equal(cw_measure_recording(pcm, N, 100, &r), EINVAL);
}

static void pieces_give_the_same_as_the_whole(void **state)
{
	struct cw_measure *m;
	struct cw_measures whole, pieces;

	(void)state;
	add_white(pcm, N, -54, 1);
	add_vowel(pcm + RATE, 4 * RATE, 120, -24);
	whole = measure();
	assert_int_equal(cw_measure_new(NULL, RATE, &m), 0);
	cw_test_allocations();
	for (size_t at = 0, k = 1; at < N; at += k, k = k * 5 % 613 + 1)
		cw_measure_feed(m, pcm + at, N - at < k ? N - at : k);
	assert_int_equal(cw_test_allocations(), 0);
	cw_measure_get(m, &pieces);
	assert_near(pieces.snr_db, whole.snr_db, 1e-9);
	assert_near(pieces.level_dbov, whole.level_dbov, 1e-9);
	assert_near(pieces.band_high_hz, whole.band_high_hz, 1e-9);
	assert_near(pieces.loudness_lufs, whole.loudness_lufs, 1e-6);
	cw_measure_get(m, &pieces); /* asking changes nothing */
	assert_near(pieces.snr_db, whole.snr_db, 1e-9);
	talloc_free(m);
}

static void allocation_failures(void **state)
{
	struct cw_measures r;
	int err = cw_measure_recording(pcm, 1000, 16000, &r);

	(void)state;
	if (!cw_test_oom(err))
		assert_int_equal(err, 0);
}
CW_OOM_BODY(allocation_failures)

#define MEASURE_TEST(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(MEASURE_TEST(digital_silence_has_no_values), MEASURE_TEST(levels_of_a_sine_are_exact),
	MEASURE_TEST(loudness_is_that_of_the_recommendation), MEASURE_TEST(speech_noise_and_their_ratio_are_told_apart),
	MEASURE_TEST(speech_without_noise_has_no_ratio), MEASURE_TEST(clipping_is_counted),
	MEASURE_TEST(band_edges_are_found), MEASURE_TEST(torn_holes_are_dropouts),
	MEASURE_TEST(the_rate_does_not_matter), MEASURE_TEST(pieces_give_the_same_as_the_whole),
	MEASURE_TEST(allocation_failures_oom))
