#include "testing.h"

#include "audio/activity.h"
#include "audio/vad.h"
#include "signals.h"

#define SECONDS(s) ((size_t)((s)*8000))
#define N          SECONDS(6)

static int16_t pcm[N];

static int prepare(void **state)
{
	memset(pcm, 0, sizeof(pcm));
	return cw_test_setup(state);
}

static double ms(size_t a, size_t b)
{
	return ((double)a - (double)b) / 8;
}

/* A vowel which begins and ends at full strength, at samples which fall on no frame. */
static void put_word(size_t from, size_t to, double dbov)
{
	add_modem(pcm + from, to - from, 60000, dbov);
}

static void edges_are_found_to_a_few_ms(void **state)
{
	static const double noises[] = {-90, -60, -48};

	(void)state;
	for (size_t k = 0; k < CW_COUNT(noises); k++)
		for (size_t shift = 0; shift < 160; shift += 37) {
			size_t from = SECONDS(2) + shift, to = SECONDS(3) + 3 * shift, count;
			struct cw_activity *a;

			memset(pcm, 0, sizeof(pcm));
			add_white(pcm, N, noises[k], 1);
			put_word(from, to, -24);
			assert_int_equal(cw_activity_find(NULL, pcm, N, NULL, &a, &count), 0);
			assert_int_equal(count, 1);
			if (fabs(ms(a->from, from)) > 4 || fabs(ms(a->to, to)) > 4)
				fail_msg("noise %g, shift %zu: %.1f and %.1f ms off", noises[k], shift,
					ms(a->from, from), ms(a->to, to));
			talloc_free(a);
		}
}

/* What comes before: silence, then line noise, then hum, 1.5 s in all. */
static void a_noisy_lead_in_does_not_count(void **state)
{
	size_t from = SECONDS(3) + 77, count;
	struct cw_activity *a;

	(void)state;
	add_white(pcm + SECONDS(1.5), SECONDS(4.5), -52, 1);
	add_hum(pcm + SECONDS(2), SECONDS(4), 60, -40);
	put_word(from, SECONDS(4), -24);
	assert_int_equal(cw_activity_find(NULL, pcm, N, NULL, &a, &count), 0);
	assert_int_equal(count, 1);
	if (fabs(ms(a->from, from)) > 5)
		fail_msg("%.1f ms off", ms(a->from, from));
	assert_true(fabs(ms(a->to, SECONDS(4))) < 5);
	talloc_free(a);
}

static void words_apart_are_separate_and_the_last_may_be_cut(void **state)
{
	struct cw_activity *a;
	size_t count;

	(void)state;
	for (int k = 0; k < 6; k++)
		put_word(SECONDS(k) + 400, SECONDS(k + 0.5), -24);
	put_word(SECONDS(5.6), N, -24);
	assert_int_equal(cw_activity_find(NULL, pcm, N, NULL, &a, &count), 0);
	assert_int_equal(count, 6);
	for (size_t k = 0; k < 5; k++) {
		assert_true(fabs(ms(a[k].from, SECONDS(k) + 400)) < 4);
		assert_true(fabs(ms(a[k].to, SECONDS(k + 0.5))) < 4);
	}
	assert_true(a[5].to > N - 80 && a[5].to <= N);
	talloc_free(a);
}

static void nothing_is_an_empty_list(void **state)
{
	struct cw_activity *a = NULL;
	size_t count = 9;

	(void)state;
	assert_int_equal(cw_activity_find(NULL, pcm, 0, NULL, &a, &count), 0);
	assert_non_null(a);
	assert_int_equal(count, 0);
	talloc_free(a);
	add_white(pcm, N, -40, 1);
	assert_int_equal(cw_activity_find(NULL, pcm, N - 77, NULL, &a, &count), 0);
	assert_int_equal(count, 0);
	talloc_free(a);
}

static void allocation_failures(void **state)
{
	struct cw_activity *a;
	size_t count;

	(void)state;
	for (int k = 0; k < 6; k++)
		put_word(SECONDS(k) + 400, SECONDS(k + 0.5), -24);
	if (cw_test_oom(cw_activity_find(NULL, pcm, N, NULL, &a, &count)))
		return;
	assert_int_equal(count, 6);
	talloc_free(a);
}
CW_OOM_BODY(allocation_failures)

#define ACTIVITY_TEST(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(ACTIVITY_TEST(edges_are_found_to_a_few_ms), ACTIVITY_TEST(a_noisy_lead_in_does_not_count),
	ACTIVITY_TEST(words_apart_are_separate_and_the_last_may_be_cut), ACTIVITY_TEST(nothing_is_an_empty_list),
	ACTIVITY_TEST(allocation_failures_oom))
