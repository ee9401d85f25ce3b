#include "testing.h"

#include "audio/resample.h"
#include "signals.h"

#include <errno.h>

static const unsigned rates[] = {8000, 16000, 22050, 24000, 48000};

static void fill_sine(int16_t *pcm, size_t n, double hz, unsigned rate_hz)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)lrint(16000 * sin(2 * M_PI * hz * (double)i / rate_hz));
}

/* Amplitude of @hz in @pcm. */
static double amplitude_at(const int16_t *pcm, size_t n, double hz, unsigned rate_hz)
{
	double c = 0, s = 0;

	for (size_t i = 0; i < n; i++) {
		c += pcm[i] * cos(2 * M_PI * hz * (double)i / rate_hz);
		s += pcm[i] * sin(2 * M_PI * hz * (double)i / rate_hz);
	}
	return 2 * hypot(c, s) / (double)n;
}

static void every_pair_of_rates_keeps_a_tone(void **state)
{
	static int16_t in[48000];

	(void)state;
	for (size_t a = 0; a < CW_COUNT(rates); a++)
		for (size_t b = 0; b < CW_COUNT(rates); b++) {
			int16_t *out;
			size_t n;

			fill_sine(in, rates[a], 1000, rates[a]);
			assert_int_equal(cw_resample(NULL, rates[a], rates[b], in, rates[a], &out, &n), 0);
			assert_int_equal(n, rates[b]);
			assert_in_range((int)amplitude_at(out, n, 1000, rates[b]), 15800, 16200);
			assert_true(amplitude_at(out, n, 3000, rates[b]) < 50);
			talloc_free(out);
		}
}

/* What lies above half of the new rate must not come back as an alias. */
static void aliases_are_suppressed(void **state)
{
	static int16_t in[48000];
	int16_t *out;
	size_t n;

	(void)state;
	fill_sine(in, 48000, 5000, 48000);
	assert_int_equal(cw_resample(NULL, 48000, 8000, in, 48000, &out, &n), 0);
	assert_true(amplitude_at(out, n, 3000, 8000) < 160); /* 40 dB down */
	talloc_free(out);
}

static void streaming_in_pieces_equals_one_piece(void **state)
{
	static int16_t in[22050], whole[9000], pieces[9000];
	struct cw_resampler *r;
	size_t n_in = CW_COUNT(in), n_whole = CW_COUNT(whole), done = 0, made = 0;

	(void)state;
	fill_sine(in, CW_COUNT(in), 700, 22050);
	assert_int_equal(cw_resampler_new(NULL, 22050, 8000, &r), 0);
	cw_resampler_run(r, in, &n_in, whole, &n_whole);
	assert_int_equal(n_in, CW_COUNT(in));
	cw_resampler_reset(r);
	cw_test_allocations();
	for (unsigned k = 1; done < CW_COUNT(in); k = k * 7 % 331 + 1) {
		size_t now = CW_COUNT(in) - done < k ? CW_COUNT(in) - done : k;
		size_t room = cw_resampler_room(r, now), asked = now, allowed = room;

		cw_resampler_run(r, in + done, &now, pieces + made, &room);
		assert_int_equal(now, asked); /* the room asked for is enough */
		assert_true(room <= allowed);
		done += now;
		made += room;
	}
	assert_int_equal(cw_test_allocations(), 0);
	assert_int_equal(made, n_whole);
	assert_memory_equal(pieces, whole, made * sizeof(*whole));
	talloc_free(r);
}

static void equal_rates_copy(void **state)
{
	int16_t in[5] = {1, 2, 3, 4, 5}, out[5] = {0};
	struct cw_resampler *r;
	size_t n_in = 5, n_out = 3;

	(void)state;
	assert_int_equal(cw_resampler_new(NULL, 8000, 8000, &r), 0);
	cw_resampler_run(r, in, &n_in, out, &n_out);
	assert_int_equal(n_in, 3);
	assert_int_equal(n_out, 3);
	assert_memory_equal(in, out, 6);
	assert_int_equal(out[3], 0);
	talloc_free(r);
}

static void rates_outside_are_refused(void **state)
{
	struct cw_resampler *r = NULL;
	int16_t *out = NULL, in = 0;
	size_t n;

	(void)state;
	assert_int_equal(cw_resampler_new(NULL, 0, 8000, &r), EINVAL);
	assert_int_equal(cw_resampler_new(NULL, 8000, 3999, &r), EINVAL);
	assert_int_equal(cw_resampler_new(NULL, 8000, 192001, &r), EINVAL);
	assert_int_equal(cw_resample(NULL, 8000, 1, &in, 1, &out, &n), EINVAL);
	assert_null(r);
	assert_null(out);
}

static void nothing_becomes_nothing(void **state)
{
	int16_t *out;
	size_t n = 1;

	(void)state;
	assert_int_equal(cw_resample(NULL, 8000, 16000, NULL, 0, &out, &n), 0);
	assert_int_equal(n, 0);
	talloc_free(out);
}

static void allocation_failures(void **state)
{
	int16_t in[100] = {0}, *out;
	size_t n;

	(void)state;
	if (cw_test_oom(cw_resample(NULL, 8000, 16000, in, 100, &out, &n)))
		return;
	assert_int_equal(n, 200);
	talloc_free(out);
}
CW_OOM_BODY(allocation_failures)

CW_TEST_MAIN(CW_TEST(every_pair_of_rates_keeps_a_tone), CW_TEST(aliases_are_suppressed),
	CW_TEST(streaming_in_pieces_equals_one_piece), CW_TEST(equal_rates_copy), CW_TEST(rates_outside_are_refused),
	CW_TEST(nothing_becomes_nothing), CW_TEST_OOM(allocation_failures))
