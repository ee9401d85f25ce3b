#include "testing.h"

#include "audio/g711.h"
#include "audio/tone.h"
#include "audio/wav.h"
#include "signals.h"

#include <dirent.h>
#include <errno.h>

#define ALL_KEYS "0123456789ABCD*#"

/* The keys heard in @pcm, fed in blocks of @block samples. */
static size_t keys_heard(const int16_t *pcm, size_t n, size_t block, char *out, size_t room)
{
	struct cw_dtmf_rx *d = NULL;
	size_t found = 0;

	assert_int_equal(cw_dtmf_rx_new(NULL, &d), 0);
	for (size_t i = 0; i < n; i += block) {
		char key = cw_dtmf_rx_feed(d, pcm + i, n - i < block ? n - i : block);

		if (key && found + 1 < room)
			out[found++] = key;
	}
	out[found] = 0;
	talloc_free(d);
	return found;
}

static void rendered_keys_are_heard(void **state)
{
	static const unsigned timing[][2] = {{50, 50}, {80, 80}, {200, 100}};
	int16_t *pcm;
	size_t n;
	char heard[64];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(timing); i++) {
		assert_int_equal(cw_dtmf_render(NULL, ALL_KEYS, timing[i][0], timing[i][1], &pcm, &n), 0);
		assert_int_equal(n, 16 * 8 * (timing[i][0] + timing[i][1]));
		keys_heard(pcm, n, 160, heard, sizeof(heard));
		assert_string_equal(heard, ALL_KEYS);
		talloc_free(pcm);
	}
}

static void keys_survive_mu_law_and_noise(void **state)
{
	int16_t *pcm;
	uint8_t *ulaw;
	size_t n;
	char heard[64];

	(void)state;
	assert_int_equal(cw_dtmf_render(NULL, ALL_KEYS, 80, 80, &pcm, &n), 0);
	add_white(pcm, n, -36, 5); /* 25 dB below the keys */
	ulaw = talloc_array(pcm, uint8_t, n);
	cw_ulaw_encode(pcm, ulaw, n);
	cw_ulaw_decode(ulaw, pcm, n);
	keys_heard(pcm, n, 160, heard, sizeof(heard));
	assert_string_equal(heard, ALL_KEYS);
	talloc_free(pcm);
}

static void pauses_are_silent_and_long(void **state)
{
	int16_t *pcm;
	size_t n;

	(void)state;
	assert_int_equal(cw_dtmf_render(NULL, "1wW2", 100, 50, &pcm, &n), 0);
	assert_int_equal(n, 8 * (150 + 500 + 1000 + 150));
	for (size_t i = 800; i < 8 * 1650; i++)
		assert_int_equal(pcm[i], 0);
	talloc_free(pcm);
	assert_int_equal(cw_dtmf_render(NULL, "", 100, 50, &pcm, &n), 0);
	assert_int_equal(n, 0);
	talloc_free(pcm);
}

static void bad_keys_are_refused(void **state)
{
	static const char *const bad[] = {"12x", " ", "1-2", "e", "\n"};
	int16_t *pcm = NULL;
	size_t n = 77;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_int_equal(cw_dtmf_render(NULL, bad[i], 80, 80, &pcm, &n), EINVAL);
	assert_int_equal(cw_dtmf_render(NULL, "1", 0, 80, &pcm, &n), EINVAL);
	assert_int_equal(cw_dtmf_render(NULL, "1", 80, 100000, &pcm, &n), EINVAL);
	assert_null(pcm);
	assert_int_equal(n, 77);
}

static void a_held_key_is_one_key(void **state)
{
	struct cw_dtmf_rx *d;
	int16_t *pcm;
	size_t n;
	unsigned began = 0, down = 0;

	(void)state;
	assert_int_equal(cw_dtmf_render(NULL, "7", 1000, 200, &pcm, &n), 0);
	assert_int_equal(cw_dtmf_rx_new(pcm, &d), 0);
	cw_test_allocations();
	for (size_t i = 0; i < n; i += 160) {
		began += cw_dtmf_rx_feed(d, pcm + i, 160) == '7';
		down += cw_dtmf_rx_in_digit(d);
	}
	assert_int_equal(cw_test_allocations(), 0);
	assert_int_equal(began, 1);
	assert_in_range(down, 46, 51);
	assert_false(cw_dtmf_rx_in_digit(d));
	talloc_free(pcm);
}

static void recorded_keys_are_heard(void **state)
{
	static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "star", "pound"};

	(void)state;
	if (!cw_test_data("dtmf_tones"))
		skip();
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		char name[64], heard[8];
		int16_t *pcm;
		size_t n;

		snprintf(name, sizeof(name), "dtmf_tones/dtmf-%s.wav", names[i]);
		assert_int_equal(cw_wav_load_mono(NULL, cw_test_data(name), CW_RATE_HZ, &pcm, &n, NULL), 0);
		keys_heard(pcm, n, 160, heard, sizeof(heard));
		assert_int_equal(strlen(heard), 1);
		assert_int_equal(heard[0], "0123456789*#"[i]);
		talloc_free(pcm);
	}
}

static unsigned false_keys_in(const char *folder, double *seconds)
{
	char path[512];
	unsigned keys = 0;

	snprintf(path, sizeof(path), "%s", cw_test_data(folder));

	DIR *dir = opendir(path);

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		char file[1024], heard[64];
		int16_t *pcm;
		size_t n;

		if (!strstr(e->d_name, ".wav"))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		assert_int_equal(cw_wav_load_mono(NULL, file, CW_RATE_HZ, &pcm, &n, NULL), 0);
		keys += keys_heard(pcm, n, 160, heard, sizeof(heard));
		*seconds += (double)n / CW_RATE_HZ;
		talloc_free(pcm);
	}
	closedir(dir);
	return keys;
}

/* Talk-off: about nine minutes of voices may bring one false key at most. */
static void speech_has_no_keys(void **state)
{
	static const char *const folders[] = {"speech_an4", "speech_jfk", "speech_ljspeech", "speech_osr_harvard_8k",
		"speech_speechbrain", "speech_fleurs", "speech_libri_mix"};
	unsigned keys = 0;
	double seconds = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(folders); i++) {
		if (!cw_test_data(folders[i]))
			skip();
		keys += false_keys_in(folders[i], &seconds);
	}
	printf("# %u false keys in %.0f s of speech\n", keys, seconds);
	assert_in_range(keys, 0, 1);
}

static void tone_allocation_failures(void **state)
{
	struct cw_dtmf_rx *d = NULL;
	struct cw_progress_rx *r = NULL;
	int16_t *pcm = NULL;
	size_t n;
	void *scope = talloc_new(NULL);

	(void)state;
	if (!scope)
		return;
	if (!cw_test_oom(cw_dtmf_rx_new(scope, &d)) && !cw_test_oom(cw_progress_rx_new(scope, &r)) &&
		!cw_test_oom(cw_dtmf_render(scope, "12", 80, 80, &pcm, &n)) &&
		!cw_test_oom(cw_progress_render(scope, CW_TONE_BUSY, 1000, &pcm, &n)))
		assert_int_equal(n, 8000);
	talloc_free(scope);
}
CW_OOM_BODY(tone_allocation_failures)

CW_TEST_MAIN(CW_TEST(rendered_keys_are_heard), CW_TEST(keys_survive_mu_law_and_noise),
	CW_TEST(pauses_are_silent_and_long), CW_TEST(bad_keys_are_refused), CW_TEST(a_held_key_is_one_key),
	CW_TEST(recorded_keys_are_heard), CW_TEST(speech_has_no_keys), CW_TEST_OOM(tone_allocation_failures))
