#include "testing.h"

#include "audio/effect.h"
#include "audio/g711.h"
#include "audio/quality.h"
#include "audio/quality_int.h"
#include "audio/resample.h"
#include "signals.h"

#include <errno.h>

#define RATE 8000
#define N    (10 * RATE)

static int16_t pcm[N];

static void assert_near(double value, double want, double tolerance)
{
	if (!(fabs(value - want) <= tolerance))
		fail_msg("%g is not within %g of %g", value, tolerance, want);
}

static int prepare(void **state)
{
	memset(pcm, 0, sizeof(pcm));
	return cw_test_setup(state);
}

static void speak(double dbov)
{
	for (size_t at = 4000; at + 12000 <= N; at += 20000)
		add_vowel(pcm + at, 12000, 120, dbov);
}

static struct cw_quality measure(size_t n)
{
	struct cw_quality q;

	assert_int_equal(cw_quality_measure(pcm, n, RATE, &q), 0);
	for (size_t i = 0; i < CW_QUALITY_COUNT; i++)
		assert_true(q.of[i].known ? isfinite(q.of[i].v) : q.of[i].reason != NULL);
	return q;
}

static double value(const struct cw_quality *q, enum cw_quality_of of)
{
	if (!q->of[of].known)
		fail_msg("%s is absent: %s", cw_quality_name(of), q->of[of].reason);
	return q->of[of].v;
}

/* ---- nothing to measure ---- */

static void silence_has_no_levels(void **state)
{
	static const enum cw_quality_of absent[] = {CW_QUALITY_SPEECH_DBOV, CW_QUALITY_NOISE_DBOV, CW_QUALITY_SNR_DB,
		CW_QUALITY_WADA_SNR_DB, CW_QUALITY_PEAK_DBOV, CW_QUALITY_LOUDNESS_LUFS, CW_QUALITY_BAND_LOW_HZ,
		CW_QUALITY_BAND_HIGH_HZ, CW_QUALITY_CLARITY, CW_QUALITY_DROPOUT_RATIO};
	struct cw_quality q = measure(N);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(absent); i++)
		assert_false(q.of[absent[i]].known);
	assert_near(value(&q, CW_QUALITY_DURATION_S), 10, 0);
	assert_near(value(&q, CW_QUALITY_SILENCE_RATIO), 1, 0);
	assert_near(value(&q, CW_QUALITY_SPEECH_S), 0, 0);
	assert_near(value(&q, CW_QUALITY_CLIPPING), 0, 0);
	assert_near(value(&q, CW_QUALITY_DROPOUTS), 0, 0);
	assert_near(value(&q, CW_QUALITY_CLICKS), 0, 0);
	assert_near(value(&q, CW_QUALITY_DC), 0, 0);
}

static void one_sample_and_none_are_no_recording(void **state)
{
	struct cw_quality q;

	(void)state;
	pcm[0] = 12345;
	q = measure(1);
	assert_near(value(&q, CW_QUALITY_DURATION_S), 1.0 / RATE, 1e-12);
	assert_false(q.of[CW_QUALITY_SPEECH_S].known);
	assert_false(q.of[CW_QUALITY_SNR_DB].known);
	assert_near(value(&q, CW_QUALITY_CLIPPING), 0, 0);
	q = measure(0);
	assert_near(value(&q, CW_QUALITY_DURATION_S), 0, 0);
	assert_false(q.of[CW_QUALITY_CLIPPING].known);
	assert_false(q.of[CW_QUALITY_DC].known);
	assert_int_equal(cw_quality_measure(pcm, N, 3999, &q), EINVAL);
	assert_int_equal(cw_quality_measure(pcm, N, 192001, &q), EINVAL);
}

static void a_constant_is_neither_sound_nor_clipped(void **state)
{
	struct cw_quality q;

	(void)state;
	for (size_t i = 0; i < N; i++)
		pcm[i] = 8192;
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_DC), 0.25, 1e-9);
	assert_near(value(&q, CW_QUALITY_DROPOUTS), 0, 0);
	assert_near(value(&q, CW_QUALITY_SPEECH_S), 0, 0);
}

static void a_full_scale_square_is_all_clipped(void **state)
{
	struct cw_quality q;

	(void)state;
	for (size_t i = 0; i < N; i++)
		pcm[i] = i / 20 % 2 ? 32767 : -32768;
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_CLIPPING), 1, 1e-6);
	assert_near(value(&q, CW_QUALITY_PEAK_DBOV), 0, 1e-3);
}

/* ---- levels and ratios ---- */

/* The statistic of Kim and Stern by another way than the table's: sums over drawn amplitudes, and the table that was published. */
static void the_amplitude_table_is_right(void **state)
{
	/* from Ellis' snreval (alpha = 0.4), which the authors' program printed: simulated, so good to 0.004 */
	static const struct {
		double snr_db, g;
	} published[] = {{-20, 0.40974774}, {-10, 0.41231718}, {-5, 0.42452799}, {0, 0.46221153}, {5, 0.54372088},
		{10, 0.66750818}, {15, 0.81240985}, {20, 0.95655449}, {30, 1.19703503}, {40, 1.3605727}};
	struct noise_source r = {.state = 42};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(published); i++)
		assert_near(cw_wada_statistic(published[i].snr_db), published[i].g, 0.004);
	for (double snr = 0; snr <= 20; snr += 10) {
		double sum = 0, logs = 0, shape = 0.4, scale = sqrt(pow(10, snr / 10) / (shape * (shape + 1)));
		int n = 200000;

		for (int i = 0; i < n; i++) {
			double x,
				y; /* gamma of shape below 1 (Johnk): x^(1/a) over a sum not above 1, times an exponential */

			do {
				x = pow(noise_unit(&r), 1 / shape);
				y = pow(noise_unit(&r), 1 / (1 - shape));
			} while (x + y > 1);
			x = -log(noise_unit(&r) + 1e-18) * x / (x + y) * scale;
			/* Box and Muller: the sum of twelve has no tails */
			y = fabs(x + sqrt(-2 * log(noise_unit(&r) + 1e-18)) * cos(2 * M_PI * noise_unit(&r)));
			sum += y / n;
			logs += log(y + 1e-300) / n;
		}
		assert_near(log(sum) - logs, cw_wada_statistic(snr), 0.01);
	}
}

static void noise_is_measured_under_speech(void **state)
{
	static const double snrs[] = {35, 25, 15};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(snrs); i++) {
		struct cw_quality q;

		memset(pcm, 0, sizeof(pcm));
		speak(-22);
		add_white(pcm, N, -22 - snrs[i], 4);
		q = measure(N);
		assert_near(value(&q, CW_QUALITY_SPEECH_DBOV), -22, 1.5);
		assert_near(value(&q, CW_QUALITY_NOISE_DBOV), -22 - snrs[i], 1.5);
		assert_near(value(&q, CW_QUALITY_SPEECH_S), 6, 0.8);
		assert_near(value(&q, CW_QUALITY_SILENCE_RATIO), 0.4, 0.08);
		if (snrs[i] > 20)
			assert_near(value(&q, CW_QUALITY_SNR_DB), snrs[i], 3);
	}
}

static void speech_between_digital_silence_has_no_noise(void **state)
{
	struct cw_quality q;

	(void)state;
	speak(-22);
	q = measure(N);
	assert_false(q.of[CW_QUALITY_NOISE_DBOV].known);
	assert_string_equal(q.of[CW_QUALITY_NOISE_DBOV].reason, "digital silence");
	assert_true(value(&q, CW_QUALITY_SNR_DB) >= value(&q, CW_QUALITY_WADA_SNR_DB));
}

static void noise_alone_is_no_speech(void **state)
{
	struct cw_quality q;

	(void)state;
	add_white(pcm, N, -30, 8);
	q = measure(N);
	assert_false(q.of[CW_QUALITY_SNR_DB].known);
	assert_string_equal(q.of[CW_QUALITY_SNR_DB].reason, "no speech");
	assert_near(value(&q, CW_QUALITY_NOISE_DBOV), -30, 0.5);
}

/* ---- faults ---- */

static void cut_peaks_are_found_at_any_level(void **state)
{
	(void)state;
	for (int limit = 2000; limit <= 16000; limit += 7000) {
		struct cw_quality q;
		double cut = 0;
		uint8_t code[N];

		memset(pcm, 0, sizeof(pcm));
		add_vowel(pcm, N, 110, -20);
		for (size_t i = 0; i < N; i++) {
			double v = pcm[i] * limit / 4000.0;

			cut += fabs(v) > limit;
			pcm[i] = (int16_t)(v > limit ? limit : v < -limit ? -limit : v);
		}
		assert_true(cut > 100);
		q = measure(N);
		assert_near(value(&q, CW_QUALITY_CLIPPING), cut / N, 0.25 * cut / N);
		cw_ulaw_encode(pcm, code, N);
		cw_ulaw_decode(code, pcm, N);
		q = measure(N);
		assert_near(value(&q, CW_QUALITY_CLIPPING), cut / N, 0.35 * cut / N);
	}
}

static void whole_peaks_are_not_called_cut(void **state)
{
	struct cw_quality q;
	uint8_t code[N];

	(void)state;
	speak(-16);
	add_white(pcm, N, -45, 2); /* a vowel without breath repeats itself as no voice does */
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_CLIPPING), 0, 0);
	assert_near(value(&q, CW_QUALITY_DROPOUTS), 0, 0);
	assert_near(value(&q, CW_QUALITY_CLICKS), 0, 0);
	cw_ulaw_encode(pcm, code, N);
	cw_ulaw_decode(code, pcm, N);
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_CLIPPING), 0, 0);
}

static void holes_and_frozen_frames_are_dropouts(void **state)
{
	struct cw_quality q;

	(void)state;
	speak(-20);
	add_white(pcm, N, -45, 2);
	for (size_t k = 0; k < 4; k++) { /* a hole of 20 ms inside each word */
		size_t at = 4000 + 20000 * k + 3333;

		while (abs(pcm[at - 1]) < 400)
			at++;
		memset(pcm + at, 0, 160 * sizeof(*pcm));
		while (abs(pcm[at + 160]) < 400)
			pcm[at + 160] = 500;
	}
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_DROPOUTS), 4, 0);
	for (size_t k = 0; k < 4; k++) { /* and a frame that is there twice */
		size_t at = 4000 + 20000 * k + 8000;

		memcpy(pcm + at, pcm + at - 160, 160 * sizeof(*pcm));
	}
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_DROPOUTS), 8, 0);
	assert_near(value(&q, CW_QUALITY_DROPOUT_RATIO), 8 * 0.02 / value(&q, CW_QUALITY_SPEECH_S), 0.012);
}

static void concealed_losses_are_dropouts(void **state)
{
	const struct cw_effect_conf conf = {.noise = "white", .snr_db = 40, .loss_p = 0.05f, .loss_r = 0.9f};
	struct cw_effects *e = NULL;
	struct cw_quality q;
	struct cw_rng rng;

	(void)state;
	cw_rng_init(&rng, 3);
	add_vowel(pcm, N, 120, -24);
	add_white(pcm, N, -48, 5);
	assert_int_equal(cw_effects_new(NULL, &conf, &rng, &e), 0);
	for (size_t at = 0; at < N; at += 160)
		cw_effects_frame(e, pcm + at);
	q = measure(N);
	assert_true(cw_effects_lost(e) > 15);
	assert_true(value(&q, CW_QUALITY_DROPOUTS) >= 0.3 * (double)cw_effects_lost(e));
	assert_true(value(&q, CW_QUALITY_DROPOUTS) <= 1.2 * (double)cw_effects_lost(e));
	talloc_free(e);
}

static void a_tone_repeats_itself_without_fault(void **state)
{
	struct cw_quality q;

	(void)state;
	add_sine(pcm, N, 400, -20); /* 20 samples exactly */
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_DROPOUTS), 0, 0);
}

static void clicks_are_counted(void **state)
{
	struct cw_quality q;

	(void)state;
	speak(-32);
	add_white(pcm, N, -50, 2);
	for (size_t at = 1000; at < N; at += 8000)
		pcm[at] = 25000;
	q = measure(N);
	assert_near(value(&q, CW_QUALITY_CLICKS), 10, 1);
}

/* ---- band and clarity ---- */

static void the_upper_edge_is_found(void **state)
{
	static const unsigned through[] = {5000, 6000, 8000};
	double last = 0;

	(void)state;
	add_white(pcm, N, -20, 6);
	for (size_t i = 0; i < CW_COUNT(through); i++) {
		int16_t *low, *back;
		size_t n_low, n_back;
		struct cw_quality q;

		assert_int_equal(cw_resample(NULL, RATE, through[i], pcm, N, &low, &n_low), 0);
		assert_int_equal(cw_resample(low, through[i], RATE, low, n_low, &back, &n_back), 0);
		assert_int_equal(cw_quality_measure(back, n_back, RATE, &q), 0);
		assert_near(value(&q, CW_QUALITY_BAND_HIGH_HZ), through[i] / 2.0, 0.09 * through[i] / 2.0);
		assert_true(value(&q, CW_QUALITY_BAND_HIGH_HZ) > last);
		last = value(&q, CW_QUALITY_BAND_HIGH_HZ);
		talloc_free(low);
	}
}

static void rooms_are_less_clear(void **state)
{
	static int16_t dry[N];
	double last = 1e9;

	(void)state;
	for (size_t at = 0; at + 2000 <= N; at += 2000)
		add_vowel(pcm + at, 1400, 100 + (double)(at % 13) * 6, -24);
	memcpy(dry, pcm, sizeof(dry));
	for (double seconds = 0; seconds < 1; seconds += 0.3) {
		struct noise_source r = {.state = 9};
		size_t taps = (size_t)(seconds * RATE);
		struct cw_quality q;

		for (size_t i = 0; i < N; i++)
			pcm[i] = dry[i];
		for (size_t k = 200; k < taps; k += 40) { /* reflections */
			double g = 0.5 * noise_normal(&r) * exp(-6.9 * (double)k / (double)taps);

			for (size_t i = k; i < N; i++)
				put(&pcm[i], g * dry[i - k]);
		}
		q = measure(N);
		assert_true(value(&q, CW_QUALITY_CLARITY) < last);
		last = value(&q, CW_QUALITY_CLARITY);
	}
}

/* ---- rates, JSON, memory ---- */

static void other_rates_give_the_same_picture(void **state)
{
	struct cw_quality at_8k, at_16k;
	int16_t *wide;
	size_t n;

	(void)state;
	speak(-22);
	add_white(pcm, N, -50, 2);
	at_8k = measure(N);
	assert_int_equal(cw_resample(NULL, RATE, 16000, pcm, N, &wide, &n), 0);
	assert_int_equal(cw_quality_measure(wide, n, 16000, &at_16k), 0);
	assert_near(value(&at_16k, CW_QUALITY_DURATION_S), 10, 1e-3);
	assert_near(value(&at_16k, CW_QUALITY_SNR_DB), value(&at_8k, CW_QUALITY_SNR_DB), 2);
	assert_near(value(&at_16k, CW_QUALITY_LOUDNESS_LUFS), value(&at_8k, CW_QUALITY_LOUDNESS_LUFS), 0.3);
	assert_near(value(&at_16k, CW_QUALITY_BAND_HIGH_HZ), 4000, 400);
	talloc_free(wide);
}

static void results_are_told_as_json(void **state)
{
	json_t *j, *absent;
	enum cw_quality_of of;

	(void)state;
	j = cw_quality_json(pcm, N, RATE);
	assert_non_null(j);
	assert_near(cw_json_num(j, "duration_s", 0), 10, 0);
	absent = json_object_get(j, "snr_db");
	assert_string_equal(cw_json_str(absent, "null", ""), "no speech");
	assert_int_equal(json_object_size(j), CW_QUALITY_COUNT);
	json_decref(j);
	assert_null(cw_quality_json(pcm, N, 1));
	for (const char *const *name = cw_quality_names(); *name; name++)
		assert_true(cw_quality_by_name(*name, &of) && strcmp(cw_quality_name(of), *name) == 0 &&
			    *cw_quality_about(of));
	assert_false(cw_quality_by_name("snr", &of));
}

static void memory_may_run_out(void **state)
{
	struct cw_quality q;
	int err;

	(void)state;
	memset(pcm, 0, sizeof(pcm));
	speak(-22);
	err = cw_quality_measure(pcm, 4 * RATE, RATE, &q);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}

CW_OOM_BODY(memory_may_run_out)

#define WITH(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(WITH(silence_has_no_levels), WITH(one_sample_and_none_are_no_recording),
	WITH(a_constant_is_neither_sound_nor_clipped), WITH(a_full_scale_square_is_all_clipped),
	WITH(the_amplitude_table_is_right), WITH(noise_is_measured_under_speech),
	WITH(speech_between_digital_silence_has_no_noise), WITH(noise_alone_is_no_speech),
	WITH(cut_peaks_are_found_at_any_level), WITH(whole_peaks_are_not_called_cut),
	WITH(holes_and_frozen_frames_are_dropouts), WITH(concealed_losses_are_dropouts),
	WITH(a_tone_repeats_itself_without_fault), WITH(clicks_are_counted), WITH(the_upper_edge_is_found),
	WITH(rooms_are_less_clear), WITH(other_rates_give_the_same_picture), WITH(results_are_told_as_json),
	CW_TEST_OOM(memory_may_run_out))
