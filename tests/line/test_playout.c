#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "line/playout.h"

/*
 *   put:    |AAAA|AAAA|m1|BB..|m2|
 *   next:    160  160 m1   80+pad m2
 */

static struct cw_playout *make(size_t max)
{
	struct cw_playout *p = NULL;
	int err = cw_playout_new(NULL, max, &p);

	if (cw_test_oom(err))
		return NULL;
	assert_int_equal(err, 0);
	return p;
}

static void assert_reached(struct cw_playout *p, const char *want, bool want_cleared)
{
	bool cleared = !want_cleared;
	const char *name = cw_playout_reached(p, &cleared);

	if (!want) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_string_equal(name, want);
	assert_int_equal(cleared, want_cleared);
}

static void plays_in_order_with_marks_in_place(void **state)
{
	uint8_t in[400], out[160];
	struct cw_playout *p = make(8000);

	(void)state;
	if (!p)
		return;
	memset(in, 0x11, sizeof(in));
	assert_int_equal(cw_playout_put(p, in, 320), 0);
	assert_int_equal(cw_playout_mark(p, "m1"), 0);
	assert_int_equal(cw_playout_put(p, in, 80), 0);
	assert_int_equal(cw_playout_mark(p, "m2"), 0);
	assert_reached(p, NULL, false);

	assert_true(cw_playout_next(p, out));
	assert_reached(p, NULL, false);
	assert_true(cw_playout_next(p, out));
	assert_int_equal(out[159], 0x11);
	assert_reached(p, "m1", false);
	assert_reached(p, NULL, false);
	assert_true(cw_playout_next(p, out));
	assert_int_equal(out[79], 0x11);
	assert_int_equal(out[80], 0xFF);
	assert_reached(p, "m2", false);
	assert_false(cw_playout_next(p, out));
	assert_int_equal(out[0], 0xFF);
	talloc_free(p);
}

static void a_mark_on_nothing_comes_back_at_once(void **state)
{
	struct cw_playout *p = make(8000);

	(void)state;
	assert_int_equal(cw_playout_mark(p, "now"), 0);
	assert_reached(p, "now", false);
	talloc_free(p);
}

static void clear_returns_pending_marks_as_cleared(void **state)
{
	uint8_t in[640] = {0}, out[160];
	struct cw_playout *p = make(8000);

	(void)state;
	cw_playout_put(p, in, 160);
	cw_playout_mark(p, "played");
	cw_playout_put(p, in, 480);
	cw_playout_mark(p, "pending");
	cw_playout_next(p, out);
	cw_playout_clear(p);
	assert_int_equal(cw_playout_buffered(p), 0);
	assert_reached(p, "played", false);
	assert_reached(p, "pending", true);
	assert_reached(p, NULL, false);
	assert_false(cw_playout_next(p, out));
	talloc_free(p);
}

static void grows_and_keeps_bytes_across_the_seam(void **state)
{
	uint8_t in[3000], out[160];
	unsigned char want = 0, put = 0;
	struct cw_playout *p = make(100000);

	(void)state;
	if (!p)
		return;
	/* the reader stays behind, so that the ring wraps and grows while it holds a seam */
	for (unsigned round = 0; round < 60; round++) {
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = put++;
		int err = cw_playout_put(p, in, sizeof(in));

		if (err) { /* without memory it stays as large as it is */
			assert_int_equal(err, ENOBUFS);
			talloc_free(p);
			return;
		}
		for (unsigned k = 0; k < 12; k++) {
			assert_true(cw_playout_next(p, out));
			for (size_t i = 0; i < sizeof(out); i++)
				assert_int_equal(out[i], want++);
		}
	}
	assert_int_equal(cw_playout_buffered(p), 60 * 3000 - 60 * 12 * 160);
	talloc_free(p);
}

static void full_drops_and_counts(void **state)
{
	uint8_t in[1000] = {0};
	struct cw_playout *p = make(1280);

	(void)state;
	assert_int_equal(cw_playout_put(p, in, 1000), 0);
	assert_int_equal(cw_playout_put(p, in, 281), ENOBUFS);
	assert_int_equal(cw_playout_put(p, in, 280), 0);
	assert_int_equal(cw_playout_dropped(p), 281);
	assert_int_equal(cw_playout_buffered(p), 1280);
	talloc_free(p);
}

static void marks_are_bounded(void **state)
{
	uint8_t in[160] = {0};
	char name[CW_PLAYOUT_NAME + 1];
	struct cw_playout *p = make(8000);

	(void)state;
	memset(name, 'x', sizeof(name));
	name[CW_PLAYOUT_NAME] = '\0';
	assert_int_equal(cw_playout_mark(p, name), EMSGSIZE);
	cw_playout_put(p, in, 160);
	for (unsigned i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		assert_int_equal(cw_playout_mark(p, name), 0);
	}
	assert_int_equal(cw_playout_mark(p, "one more"), ENOBUFS);
	cw_playout_clear(p);
	for (unsigned i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		assert_reached(p, name, true);
	}
	assert_reached(p, NULL, false);
	talloc_free(p);
}

static void short_gaps_inside_speech_are_underruns(void **state)
{
	uint8_t in[160] = {0}, out[160];
	struct cw_playout *p = make(8000);

	(void)state;
	for (unsigned i = 0; i < 30; i++) /* silence before anything was said is none */
		cw_playout_next(p, out);
	cw_playout_put(p, in, 160);
	cw_playout_next(p, out);
	assert_int_equal(cw_playout_underruns(p), 0);
	cw_playout_next(p, out);
	cw_playout_next(p, out);
	cw_playout_put(p, in, 160);
	cw_playout_next(p, out);
	assert_int_equal(cw_playout_underruns(p), 1);
	for (unsigned i = 0; i < 10; i++) /* 200 ms: a pause */
		cw_playout_next(p, out);
	cw_playout_put(p, in, 160);
	cw_playout_next(p, out);
	assert_int_equal(cw_playout_underruns(p), 1);
	talloc_free(p);
}

static void steady_state_allocates_nothing(void **state)
{
	uint8_t in[160] = {0}, out[160];
	struct cw_playout *p = make(8000);
	bool cleared;

	(void)state;
	(void)cw_test_allocations();
	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(cw_playout_put(p, in, 160), 0);
		assert_int_equal(cw_playout_mark(p, "x"), 0);
		cw_playout_next(p, out);
		assert_non_null(cw_playout_reached(p, &cleared));
	}
	assert_int_equal(cw_test_allocations(), 0);
	talloc_free(p);
}

CW_OOM_BODY(plays_in_order_with_marks_in_place)
CW_OOM_BODY(grows_and_keeps_bytes_across_the_seam)

CW_TEST_MAIN(CW_TEST(plays_in_order_with_marks_in_place), CW_TEST(a_mark_on_nothing_comes_back_at_once),
	CW_TEST(clear_returns_pending_marks_as_cleared), CW_TEST(grows_and_keeps_bytes_across_the_seam),
	CW_TEST(full_drops_and_counts), CW_TEST(marks_are_bounded), CW_TEST(short_gaps_inside_speech_are_underruns),
	CW_TEST(steady_state_allocates_nothing), CW_TEST_OOM(plays_in_order_with_marks_in_place),
	CW_TEST_OOM(grows_and_keeps_bytes_across_the_seam))
