#include "testing.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "caller/noise.h"

static double rms(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sqrt(sum / (double)n);
}

static int16_t *render(enum cw_noise kind, unsigned ms, double level_db, uint64_t seed, size_t *n)
{
	struct cw_rng rng;
	int16_t *pcm = NULL;

	cw_rng_init(&rng, seed);
	assert_int_equal(cw_noise_render(NULL, kind, ms, level_db, &rng, &pcm, n), 0);
	return pcm;
}

static void names_go_both_ways(void **state)
{
	enum cw_noise kind;

	(void)state;
	for (int i = 0; i < CW_NOISE_N; i++) {
		assert_int_equal(cw_noise_of(cw_noise_names()[i], &kind), 0);
		assert_int_equal(kind, i);
	}
	assert_null(cw_noise_names()[CW_NOISE_N]);
	assert_int_equal(cw_noise_of("sneeze", &kind), EINVAL);
}

static void length_and_level_are_as_asked(void **state)
{
	size_t n;
	CW_SCOPED int16_t *pcm = render(CW_NOISE_WHITE, 500, -20, 1, &n);

	(void)state;
	assert_int_equal(n, 4000);
	assert_true(fabs(20 * log10(rms(pcm, n) / 32767) + 20) < 1);
}

static void same_seed_same_sound(void **state)
{
	size_t n, m;

	(void)state;
	for (int kind = 0; kind < CW_NOISE_N; kind++) {
		CW_SCOPED int16_t *a = render((enum cw_noise)kind, 300, -10, 7, &n);
		CW_SCOPED int16_t *b = render((enum cw_noise)kind, 300, -10, 7, &m);
		CW_SCOPED int16_t *c = render((enum cw_noise)kind, 300, -10, 8, &m);

		assert_memory_equal(a, b, n * sizeof(*a));
		assert_memory_not_equal(a, c, n * sizeof(*a));
	}
}

static void a_cough_is_two_bursts(void **state)
{
	size_t n;
	CW_SCOPED int16_t *pcm = render(CW_NOISE_COUGH, 400, -10, 3, &n);

	(void)state;
	assert_true(rms(pcm, n / 8) > 4 * rms(pcm + 3 * n / 8, n / 8));
	assert_true(rms(pcm + n / 2, n / 8) > 4 * rms(pcm + 7 * n / 8, n / 8));
}

static void impossible_lengths_are_refused(void **state)
{
	struct cw_rng rng;
	int16_t *pcm = NULL;
	size_t n = 1;

	(void)state;
	cw_rng_init(&rng, 1);
	assert_int_equal(cw_noise_render(NULL, CW_NOISE_HUM, 0, -10, &rng, &pcm, &n), EINVAL);
	assert_int_equal(cw_noise_render(NULL, CW_NOISE_HUM, CW_NOISE_MAX_MS + 1, -10, &rng, &pcm, &n), EINVAL);
	assert_null(pcm);
}

CW_TEST_MAIN(CW_TEST(names_go_both_ways), CW_TEST(length_and_level_are_as_asked), CW_TEST(same_seed_same_sound),
	CW_TEST(a_cough_is_two_bursts), CW_TEST(impossible_lengths_are_refused))
