#include "testing.h"

#include "audio/g711.h"
#include "audio/vad.h"
#include "signals.h"

#define SECONDS(s) ((size_t)((s)*8000))
#define MOST       SECONDS(12)

struct outcome {
	unsigned starts, ends;
	uint64_t first_onset, last_end; /* frames */
	uint64_t first_told;            /* frame in which STARTED came */
};

static int16_t pcm[MOST];

static struct outcome run(size_t n)
{
	struct outcome o = {0};
	struct cw_vad v;

	cw_vad_init(&v, NULL);
	for (size_t i = 0; i + CW_FRAME_SAMPLES <= n; i += CW_FRAME_SAMPLES) {
		enum cw_vad_event e = cw_vad_feed(&v, pcm + i);

		if (e == CW_VAD_STARTED && !o.starts++) {
			o.first_onset = v.onset_frame;
			o.first_told = v.frames - 1;
		}
		if (e == CW_VAD_ENDED) {
			o.ends++;
			o.last_end = v.last_frame;
		}
	}
	return o;
}

static int prepare(void **state)
{
	memset(pcm, 0, sizeof(pcm));
	return cw_test_setup(state);
}

static void assert_nothing_heard(size_t n)
{
	assert_int_equal(run(n).starts, 0);
}

static void vowel_is_speech_from_its_first_to_its_last_frame(void **state)
{
	static const double pitches[] = {85, 120, 180, 240, 330};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(pitches); i++) {
		memset(pcm, 0, sizeof(pcm));
		add_white(pcm, SECONDS(4), -60, 1);
		add_vowel(pcm + SECONDS(1), SECONDS(1), pitches[i], -26);

		struct outcome o = run(SECONDS(4));

		assert_int_equal(o.starts, 1);
		assert_int_equal(o.ends, 1);
		assert_in_range(o.first_onset, 49, 52);
		assert_in_range(o.first_told, 52, 56);
		assert_in_range(o.last_end, 96, 101);
	}
}

static void vowel_in_noise_is_found(void **state)
{
	(void)state;
	add_white(pcm, SECONDS(4), -36, 1);
	add_vowel(pcm + SECONDS(2), SECONDS(1), 120, -26);

	struct outcome o = run(SECONDS(4));

	assert_int_equal(o.starts, 1);
	assert_in_range(o.first_onset, 98, 104);
	assert_in_range(o.last_end, 143, 152);
}

/* Speech from the very first sample: the floor has never seen the line at rest. */
static void speech_at_once_is_found(void **state)
{
	(void)state;
	add_vowel(pcm, SECONDS(2), 110, -24);

	struct outcome o = run(SECONDS(3));

	assert_int_equal(o.starts, 1);
	assert_in_range(o.first_onset, 0, 3);
	assert_int_equal(o.ends, 1);
}

static void weak_consonant_before_a_vowel_counts_to_the_onset(void **state)
{
	(void)state;
	add_white(pcm, SECONDS(3), -65, 1);
	add_white(pcm + SECONDS(1), SECONDS(0.12), -42, 2);
	add_vowel(pcm + SECONDS(1.12), SECONDS(0.5), 130, -26);

	struct outcome o = run(SECONDS(3));

	assert_int_equal(o.starts, 1);
	assert_in_range(o.first_onset, 49, 51);
}

static void weak_consonant_after_a_vowel_is_carried(void **state)
{
	(void)state;
	add_white(pcm, SECONDS(3), -65, 1);
	add_vowel(pcm + SECONDS(1), SECONDS(0.5), 130, -26);
	add_white(pcm + SECONDS(1.5), SECONDS(0.16), -45, 2);

	struct outcome o = run(SECONDS(3));

	assert_int_equal(o.starts, 1);
	assert_in_range(o.last_end, 81, 84);
}

static void keyed_tones_of_the_modem_are_speech(void **state)
{
	static const double bauds[] = {75, 150, 300, 600, 1200};
	static const double levels[] = {-12, -20};

	(void)state;
	for (size_t b = 0; b < CW_COUNT(bauds); b++)
		for (size_t l = 0; l < CW_COUNT(levels); l++) {
			memset(pcm, 0, sizeof(pcm));
			add_fsk(pcm + SECONDS(1), SECONDS(5), bauds[b], 250, 60, levels[l]);

			struct outcome o = run(SECONDS(8));

			if (o.starts != 1 || o.ends != 1)
				fail_msg("%g baud at %g dBov: %u starts, %u ends", bauds[b], levels[l], o.starts,
					o.ends);
			assert_in_range(o.first_onset, 49, 51);
			assert_in_range(o.last_end, 288, 300);
		}
}

/* Eight seconds without a comma: one utterance, although the only rest in it are gaps shorter than a frame. */
static void the_modem_engine_is_speech(void **state)
{
	(void)state;
	for (int dbov = -12; dbov >= -36; dbov -= 8)
		for (unsigned word_ms = 50; word_ms <= 650; word_ms += 150) {
			memset(pcm, 0, sizeof(pcm));
			add_modem(pcm + SECONDS(1), SECONDS(8), word_ms, dbov);

			struct outcome o = run(SECONDS(10));

			if (o.starts != 1 || o.ends != 1)
				fail_msg("words of %u ms at %d dBov: %u starts, %u ends", word_ms, dbov, o.starts,
					o.ends);
			assert_in_range(o.first_onset, 49, 50);
			assert_in_range(o.first_told, 52, 55);
			assert_in_range(o.last_end, 447, 450);
		}
}

static void steady_noise_is_not_speech(void **state)
{
	(void)state;
	for (int dbov = -60; dbov <= -20; dbov += 10) {
		memset(pcm, 0, sizeof(pcm));
		add_white(pcm, MOST, dbov, (uint64_t)(100 - dbov));
		assert_nothing_heard(MOST);
	}
}

static void a_step_of_noise_is_not_speech(void **state)
{
	(void)state;
	add_white(pcm, MOST, -60, 1);
	add_white(pcm + SECONDS(3), SECONDS(6), -35, 2);
	assert_nothing_heard(MOST);
}

static void breath_is_not_speech(void **state)
{
	(void)state;
	add_white(pcm, SECONDS(6), -62, 1);
	for (int k = 1; k < 6; k++)
		for (int part = 0; part < 8; part++) /* 400 ms, swelling and falling */
			add_white(pcm + SECONDS(k) + (size_t)part * 400, 400, -40 - 1.5 * abs(2 * part - 7),
				(uint64_t)(k * 8 + part));
	assert_nothing_heard(SECONDS(6));
}

static void clicks_are_not_speech(void **state)
{
	struct noise_source s = {.state = 3};

	(void)state;
	add_white(pcm, MOST, -60, 1);
	for (size_t i = 4000; i < MOST; i += 400 + (size_t)(4000 * noise_unit(&s)))
		pcm[i] = noise_unit(&s) < 0.5 ? 30000 : -30000;
	assert_nothing_heard(MOST);
}

/* A bang rings at its own pitch like a voice does; only its length tells. */
static void bangs_below_60_ms_are_not_speech(void **state)
{
	(void)state;
	add_white(pcm, MOST, -60, 1);
	for (unsigned k = 1; k < 12; k++) {
		int16_t *at = pcm + SECONDS(k) + k * 13;

		add_sine(at, 58 * 8, 230 + 10 * k, -16);
		add_sine(at, 58 * 8, 460 + 20 * k, -20);
	}
	assert_nothing_heard(MOST);
}

static void hum_is_not_speech(void **state)
{
	static const double mains[] = {50, 60};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (int dbov = -40; dbov <= -20; dbov += 10) {
			memset(pcm, 0, sizeof(pcm));
			add_hum(pcm, MOST, mains[i], dbov);
			add_white(pcm, MOST, -62, 1);
			assert_nothing_heard(MOST);
		}
}

static void a_steady_tone_is_not_speech(void **state)
{
	static const double hz[] = {350, 440, 1000, 2100};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(hz); i++) {
		memset(pcm, 0, sizeof(pcm));
		add_sine(pcm + SECONDS(1), SECONDS(3), hz[i], -20);
		assert_nothing_heard(SECONDS(6));
	}
}

static void digital_silence_is_not_speech(void **state)
{
	static uint8_t ulaw[SECONDS(2)];

	(void)state;
	memset(ulaw, CW_ULAW_SILENCE, sizeof(ulaw));
	for (size_t i = 0; i < sizeof(ulaw); i += 2)
		ulaw[i] = 0x7E; /* the least bit of idle noise */
	cw_ulaw_decode(ulaw, pcm, sizeof(ulaw));
	assert_nothing_heard(sizeof(ulaw));
}

/* A pause shorter than the hangover does not end speech, a longer one does. */
static void hangover_bridges_short_pauses(void **state)
{
	(void)state;
	add_vowel(pcm + SECONDS(1), SECONDS(0.5), 120, -26);
	add_vowel(pcm + SECONDS(1.64), SECONDS(0.5), 120, -26);
	assert_int_equal(run(SECONDS(4)).starts, 1);
	memset(pcm, 0, sizeof(pcm));
	add_vowel(pcm + SECONDS(1), SECONDS(0.5), 120, -26);
	add_vowel(pcm + SECONDS(1.8), SECONDS(0.5), 120, -26);
	assert_int_equal(run(SECONDS(4)).starts, 2);
}

static void extreme_settings_are_tolerated(void **state)
{
	struct cw_vad_conf conf = cw_vad_defaults;
	struct cw_vad v;

	(void)state;
	add_vowel(pcm, MOST, 120, 0);
	for (unsigned onset = 0; onset < 40; onset += 13) {
		bool started = false;

		conf.onset_frames = onset;
		conf.hangover_frames = 0;
		conf.floor_min_db = onset ? -120 : 0;
		cw_vad_init(&v, &conf);
		for (size_t i = 0; i < SECONDS(4); i += CW_FRAME_SAMPLES)
			started |= cw_vad_feed(&v, pcm + i) == CW_VAD_STARTED;
		assert_int_equal(started, onset != 0);
		assert_true(isfinite(v.floor_db) && isfinite(v.level_db) && isfinite(v.voicing));
	}
}

#define VAD_TEST(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(VAD_TEST(vowel_is_speech_from_its_first_to_its_last_frame), VAD_TEST(vowel_in_noise_is_found),
	VAD_TEST(speech_at_once_is_found), VAD_TEST(weak_consonant_before_a_vowel_counts_to_the_onset),
	VAD_TEST(weak_consonant_after_a_vowel_is_carried), VAD_TEST(keyed_tones_of_the_modem_are_speech),
	VAD_TEST(the_modem_engine_is_speech), VAD_TEST(steady_noise_is_not_speech),
	VAD_TEST(a_step_of_noise_is_not_speech), VAD_TEST(breath_is_not_speech), VAD_TEST(clicks_are_not_speech),
	VAD_TEST(bangs_below_60_ms_are_not_speech), VAD_TEST(hum_is_not_speech), VAD_TEST(a_steady_tone_is_not_speech),
	VAD_TEST(digital_silence_is_not_speech), VAD_TEST(hangover_bridges_short_pauses),
	VAD_TEST(extreme_settings_are_tolerated))
