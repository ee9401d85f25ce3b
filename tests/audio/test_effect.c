#include "testing.h"

#include "audio/effect.h"
#include "signals.h"

#include <errno.h>

#define FRAME  160
#define FRAMES 1000
#define N      (FRAMES * FRAME)

static int16_t voice[N], plain[N], out[N];

static int prepare(void **state)
{
	memset(voice, 0, sizeof(voice));
	for (int k = 0; k < 9; k++) /* two seconds of speech, 200 ms of rest */
		add_vowel(voice + (size_t)k * 17600, 16000, 110 + 15 * k, -24);
	return cw_test_setup(state);
}

static uint64_t apply(const struct cw_effect_conf *conf, uint64_t seed, int16_t *to)
{
	struct cw_effects *e;
	struct cw_rng rng;
	uint64_t lost;

	cw_rng_init(&rng, seed);
	assert_int_equal(cw_effects_new(NULL, conf, &rng, &e), 0);
	memcpy(to, voice, sizeof(voice));
	cw_test_allocations();
	for (size_t i = 0; i < N; i += FRAME)
		cw_effects_frame(e, to + i);
	assert_int_equal(cw_test_allocations(), 0);
	lost = cw_effects_lost(e);
	talloc_free(e);
	return lost;
}

static double power(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)n;
}

/* Mean power of the frames which are within 25 dB of the loudest. */
static double active_power(const int16_t *pcm)
{
	double loudest = 0, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < N; i += FRAME)
		loudest = fmax(loudest, power(pcm + i, FRAME));
	for (size_t i = 0; i < N; i += FRAME)
		if (power(pcm + i, FRAME) > loudest / 316) {
			sum += power(pcm + i, FRAME);
			n++;
		}
	return sum / (double)n;
}

static double db(double ratio)
{
	return 10 * log10(ratio);
}

static void clean_changes_nothing(void **state)
{
	struct cw_effect_conf conf;

	(void)state;
	assert_int_equal(cw_profile_find("clean", &conf, NULL), 0);
	assert_int_equal(apply(&conf, 1, out), 0);
	assert_memory_equal(out, voice, sizeof(voice));
}

/* The difference to the same chain without noise is the noise. The first second is left out: there the level is being learned.
 * Three seeds, because traffic swells and fades over seconds. */
static void noise_has_the_ratio_asked_for(void **state)
{
	static const char *const kinds[] = {"white", "pink", "car", "traffic", "babble"};
	static const float snrs[] = {25, 10, 3};

	(void)state;
	for (size_t k = 0; k < CW_COUNT(kinds); k++)
		for (size_t s = 0; s < CW_COUNT(snrs); s++)
			for (int band = 0; band < 2; band++) {
				struct cw_effect_conf conf = {
					.gain_db = -4, .band_low_hz = band ? 300 : 0, .band_high_hz = band ? 3400 : 0};
				double snr, sum = 0;

				(void)apply(&conf, 7, plain);
				conf.noise = kinds[k];
				conf.snr_db = snrs[s];
				for (uint64_t seed = 1; seed <= 3; seed++) {
					(void)apply(&conf, seed, out);
					for (size_t i = 0; i < N; i++)
						out[i] = (int16_t)(out[i] - plain[i]);
					sum += power(out + 8000, N - 8000) / 3;
				}
				snr = db(active_power(plain) / sum);
				if (fabs(snr - (double)snrs[s]) > 1)
					fail_msg("%s at %g dB, band %d: %.2f dB", kinds[k], (double)snrs[s], band, snr);
			}
}

static void recorded_babble_begins_elsewhere_with_each_seed(void **state)
{
	static int16_t babble[24000], again[N];
	struct cw_effect_conf conf = {
		.noise = "babble", .snr_db = 12, .noise_pcm = babble, .noise_samples = CW_COUNT(babble)};

	(void)state;
	memset(babble, 0, sizeof(babble));
	add_vowel(babble, CW_COUNT(babble), 150, -40);
	(void)apply(&conf, 1, out);
	(void)apply(&conf, 1, again);
	assert_memory_equal(out, again, sizeof(again));
	(void)apply(&conf, 2, again);
	assert_memory_not_equal(out, again, sizeof(again));
}

static void recorded_babble_has_the_ratio_asked_for(void **state)
{
	static int16_t babble[24000], noise[N];
	struct cw_effect_conf conf = {
		.noise = "babble", .snr_db = 12, .noise_pcm = babble, .noise_samples = CW_COUNT(babble)};

	(void)state;
	memset(babble, 0, sizeof(babble));
	add_vowel(babble, CW_COUNT(babble), 150, -40);
	(void)apply(&conf, 1, out);
	for (size_t i = 0; i < N; i++)
		noise[i] = (int16_t)(out[i] - voice[i]);
	assert_true(fabs(db(active_power(voice) / power(noise + 8000, N - 8000)) - 12) < 1);
	memset(babble, 0, sizeof(babble));

	struct cw_effects *e = NULL;
	struct cw_rng rng;

	cw_rng_init(&rng, 1);
	assert_int_equal(cw_effects_new(NULL, &conf, &rng, &e), EINVAL); /* silence cannot be made louder */
	assert_null(e);
}

/* Power within an octave around @hz, by a sum of DFT lines. */
static double band_power(const int16_t *pcm, double hz)
{
	double sum = 0;

	for (double f = hz * 0.8; f < hz * 1.25; f += hz / 40) {
		double c = 0, s = 0;

		for (size_t i = 0; i < 16000; i++) {
			c += pcm[i] * cos(2 * M_PI * f * (double)i / 8000);
			s += pcm[i] * sin(2 * M_PI * f * (double)i / 8000);
		}
		sum += (c * c + s * s) / (hz / 40); /* per hertz: lines are as dense as the octave is narrow */
	}
	return sum * (hz / 40) * (hz / 40);
}

static void noises_have_their_colours(void **state)
{
	static const struct {
		const char *kind;
		double low_to_high_db; /* density at 125 Hz to that at 2 kHz */
		double tolerance;
	} cases[] = {{"white", 0, 2.5}, {"pink", 12, 3}, {"car", 18, 4}};

	(void)state;
	memset(voice, 0, sizeof(voice));
	for (size_t k = 0; k < CW_COUNT(cases); k++) {
		struct cw_effect_conf conf = {.noise = cases[k].kind, .snr_db = 0};
		double slope;

		(void)apply(&conf, 3, out);
		slope = db(band_power(out, 125) / band_power(out, 2000)) - db(125.0 / 2000);
		if (fabs(slope - cases[k].low_to_high_db) > cases[k].tolerance)
			fail_msg("%s falls by %.1f dB", cases[k].kind, slope);
	}
}

static void losses_follow_the_two_state_channel(void **state)
{
	struct cw_effect_conf conf = {.loss_p = 0.05f, .loss_r = 0.4f};
	double lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++)
		lost += (double)apply(&conf, seed, out);
	assert_true(fabs(lost / (10.0 * FRAMES) - 0.05 / 0.45) < 0.02);
}

/* A lost frame in a vowel is filled with something like it, not with silence. */
static void lost_frames_are_concealed(void **state)
{
	struct cw_effect_conf conf = {.loss_p = 0.1f, .loss_r = 1};
	size_t changed = 0, silent = 0;

	(void)state;
	memset(voice, 0, sizeof(voice));
	add_sine(voice, N, 150, -20);
	assert_in_range(apply(&conf, 5, out), 70, 115);
	for (size_t i = FRAME; i < N; i += FRAME) {
		changed += memcmp(out + i, voice + i, FRAME * 2) != 0;
		silent += power(out + i, FRAME) < power(voice + i, FRAME) / 20;
	}
	assert_true(changed > 60);
	assert_int_equal(silent, 0);
}

/* A Gaussian delay is above two deviations in 2.3 % of the time. */
static void late_frames_are_lost(void **state)
{
	struct cw_effect_conf conf = {.jitter_ms = 30};
	double lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		lost += (double)apply(&conf, seed, out) / (20.0 * FRAMES);
	assert_true(lost > 0.013 && lost < 0.035);
	conf.jitter_ms = 10;
	assert_int_equal(apply(&conf, 1, out), 0);
}

static void band_limits_cut_what_lies_outside(void **state)
{
	static const struct {
		double hz, gain_db, tolerance;
	} cases[] = {{100, -38, 1.5}, {300, -3, 0.5}, {1000, 0, 0.2}, {3400, -3, 0.5}, {3800, -30, 15}};
	struct cw_effect_conf conf = {.band_low_hz = 300, .band_high_hz = 3400};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		memset(voice, 0, sizeof(voice));
		add_sine(voice, N, cases[i].hz, -12);
		(void)apply(&conf, 1, out);

		double gain = db(power(out + 1600, N - 1600) / power(voice + 1600, N - 1600));

		if (fabs(gain - cases[i].gain_db) > cases[i].tolerance)
			fail_msg("%g Hz: %.2f dB", cases[i].hz, gain);
	}
}

static void gain_and_clipping_do_what_they_say(void **state)
{
	struct cw_effect_conf conf = {.gain_db = -6};
	int peak = 0;

	(void)state;
	(void)apply(&conf, 1, out);
	assert_true(fabs(db(power(out, N) / power(voice, N)) + 6) < 0.05);
	conf = (struct cw_effect_conf){.gain_db = 40, .clip_db = 6};
	(void)apply(&conf, 1, out);
	for (size_t i = 0; i < N; i++)
		peak = abs(out[i]) > peak ? abs(out[i]) : peak;
	assert_in_range(peak, 16421, 16424); /* 32768 / 10^(6/20) */
}

static void an_echo_comes_back_once(void **state)
{
	struct cw_effect_conf conf = {.echo_ms = 100, .echo_db = 12};

	(void)state;
	memset(voice, 0, sizeof(voice));
	voice[1000] = 20000;
	(void)apply(&conf, 1, out);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(out[i], i == 1000 ? 20000 : i == 1800 ? 5024 : 0);
}

static void the_same_seed_gives_the_same_samples(void **state)
{
	(void)state;
	for (const char *const *name = cw_profile_names(); *name; name++) {
		struct cw_effect_conf conf;

		assert_int_equal(cw_profile_find(*name, &conf, NULL), 0);
		(void)apply(&conf, 42, plain);
		(void)apply(&conf, 42, out);
		assert_memory_equal(plain, out, sizeof(out));
		if (!conf.noise && conf.loss_p <= 0)
			continue;
		(void)apply(&conf, 43, out);
		assert_memory_not_equal(plain, out, sizeof(out));
	}
}

static void unknown_profiles_name_the_nearest(void **state)
{
	struct cw_effect_conf conf = {.gain_db = 77};
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_profile_find("mobile_lossi", &conf, &why), ENOENT);
	assert_non_null(strstr(why.text, "mobile_lossy"));
	why = (struct cw_why){0};
	assert_int_equal(cw_profile_find("qqqqqqqqqqqqqq", &conf, &why), ENOENT);
	assert_non_null(strstr(why.text, "speakerphone"));
	assert_true(conf.gain_db > 76);
}

static void impossible_conditions_are_refused(void **state)
{
	static const struct cw_effect_conf bad[] = {{.noise = "purple"}, {.loss_p = 1.5f, .loss_r = 1},
		{.loss_p = 0.1f}, {.loss_p = -0.1f, .loss_r = 1}, {.echo_ms = 1001}, {.echo_ms = -1}, {.jitter_ms = -1},
		{.clip_db = -1}, {.gain_db = NAN}, {.band_low_hz = -5}, {.echo_ms = NAN}};
	struct cw_effects *e = NULL;
	struct cw_rng rng;

	(void)state;
	cw_rng_init(&rng, 1);
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		if (cw_effects_new(NULL, &bad[i], &rng, &e) != EINVAL)
			fail_msg("conditions %zu were accepted", i);
	assert_null(e);
}

/* The lag of 40 to 160 samples at which the sound resembles itself most. */
static size_t pitch_lag(const int16_t *pcm, size_t n)
{
	double best = -1;
	size_t at = 0;

	for (size_t lag = 40; lag <= 160; lag++) {
		double r = 0, a = 0, b = 0;

		for (size_t i = 0; i + lag < n; i++) {
			r += (double)pcm[i] * pcm[i + lag];
			a += (double)pcm[i] * pcm[i];
			b += (double)pcm[i + lag] * pcm[i + lag];
		}
		if (r / sqrt(a * b) > best + 0.02) { /* the double period is no better */
			best = r / sqrt(a * b);
			at = lag;
		}
	}
	return at;
}

static void speed_changes_the_length_and_not_the_pitch(void **state)
{
	static const float speeds[] = {0.5f, 0.8f, 1, 1.1f, 1.25f, 2};
	int16_t *fast;
	size_t n;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(speeds); i++) {
		size_t before = pitch_lag(voice + 4000, 1600), after;

		assert_int_equal(cw_effect_speed(NULL, voice, 16000, speeds[i], &fast, &n), 0);
		assert_true(fabs((double)n - 16000 / (double)speeds[i]) < 2);
		after = pitch_lag(fast + (size_t)(4000 / speeds[i]), 1600);
		assert_true(llabs((long long)after - (long long)before) <= 3); /* the voice has a vibrato */
		assert_true(fabs(db(power(fast, n) / power(voice, 16000))) < 1.5);
		talloc_free(fast);
	}
	assert_int_equal(cw_effect_speed(NULL, voice, 16000, 0.4f, &fast, &n), EINVAL);
	assert_int_equal(cw_effect_speed(NULL, voice, 16000, NAN, &fast, &n), EINVAL);
	assert_int_equal(cw_effect_speed(NULL, voice, 0, 1.5f, &fast, &n), 0);
	assert_int_equal(n, 0);
	talloc_free(fast);
}

static void babble_has_a_constant_level_and_all_voices(void **state)
{
	static int16_t a[8000], b[11000], quiet[5000];
	const int16_t *voices[] = {a, b, quiet};
	size_t lengths[] = {8000, 11000, 5000};
	struct cw_rng rng;
	int16_t *babble;

	(void)state;
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	add_sine(a, 8000, 500, -50);
	add_sine(b, 11000, 1500, -10);
	cw_rng_init(&rng, 1);
	assert_int_equal(cw_effect_babble(NULL, voices, lengths, 3, 40000, &rng, &babble), 0);
	assert_true(fabs(db(power(babble, 40000) / (32768.0 * 32768)) + 26) < 0.2);
	assert_true(fabs(db(band_power(babble, 500) / band_power(babble, 1500))) < 8); /* as strong as each other */
	talloc_free(babble);
	assert_int_equal(cw_effect_babble(NULL, voices, lengths, 0, 100, &rng, &babble), EINVAL);
	assert_int_equal(cw_effect_babble(NULL, voices + 2, lengths + 2, 1, 100, &rng, &babble), EINVAL);
}

static void allocation_failures(void **state)
{
	static const struct cw_effect_conf conf = {.noise = "pink", .snr_db = 10, .echo_ms = 50};
	const int16_t *voices[] = {voice};
	size_t length = 16000, n;
	struct cw_effects *e;
	struct cw_rng rng;
	int16_t *pcm;
	void *scope = talloc_new(NULL);

	(void)state;
	if (!scope)
		return;
	cw_rng_init(&rng, 1);
	if (!cw_test_oom(cw_effects_new(scope, &conf, &rng, &e)) &&
		!cw_test_oom(cw_effect_speed(scope, voice, 1000, 1.5f, &pcm, &n)) &&
		!cw_test_oom(cw_effect_babble(scope, voices, &length, 1, 100, &rng, &pcm)))
		assert_int_equal(n, 666);
	talloc_free(scope);
}
CW_OOM_BODY(allocation_failures)

#define EFFECT_TEST(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(EFFECT_TEST(clean_changes_nothing), EFFECT_TEST(noise_has_the_ratio_asked_for),
	EFFECT_TEST(recorded_babble_begins_elsewhere_with_each_seed),
	EFFECT_TEST(recorded_babble_has_the_ratio_asked_for), EFFECT_TEST(noises_have_their_colours),
	EFFECT_TEST(losses_follow_the_two_state_channel), EFFECT_TEST(lost_frames_are_concealed),
	EFFECT_TEST(late_frames_are_lost), EFFECT_TEST(band_limits_cut_what_lies_outside),
	EFFECT_TEST(gain_and_clipping_do_what_they_say), EFFECT_TEST(an_echo_comes_back_once),
	EFFECT_TEST(the_same_seed_gives_the_same_samples), EFFECT_TEST(unknown_profiles_name_the_nearest),
	EFFECT_TEST(impossible_conditions_are_refused), EFFECT_TEST(speed_changes_the_length_and_not_the_pitch),
	EFFECT_TEST(babble_has_a_constant_level_and_all_voices), EFFECT_TEST(allocation_failures_oom))
