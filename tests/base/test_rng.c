#include "base/rng.h"

#include <ctype.h>
#include <math.h>

#include "base/id.h"
#include "testing.h"

/*
 * Reference: splitmix64 from seed 1234567 (the test vector of many ports of Vigna's splitmix64.c), and xoshiro256** from the state
 * 1, 2, 3, 4 (the vector of the Rust crate rand_xoshiro, made with the authors' C code).
 */
static void the_reference_sequences_come_out(void **state)
{
	static const uint64_t split[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
	static const uint64_t xoshiro[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
		UINT64_C(1215971899390074240), UINT64_C(1216172134540287360), UINT64_C(607988272756665600),
		UINT64_C(16172922978634559625), UINT64_C(8476171486693032832), UINT64_C(10595114339597558777),
		UINT64_C(2904607092377533576)};
	struct cw_rng r;

	cw_rng_init(&r, 1234567);
	assert_memory_equal(r.s, split, sizeof(split));
	r = (struct cw_rng){{1, 2, 3, 4}};
	for (size_t i = 0; i < CW_COUNT(xoshiro); i++)
		assert_true(cw_rng_u64(&r) == xoshiro[i]);
}

static void below_is_fair_and_bounded(void **state)
{
	struct cw_rng r;
	unsigned seen[6] = {0};

	cw_rng_init(&r, 1);
	for (int i = 0; i < 60000; i++) {
		uint32_t v = cw_rng_below(&r, 6);

		assert_true(v < 6);
		seen[v]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[i], 9600, 10400);
	assert_int_equal(cw_rng_below(&r, 1), 0);

	uint32_t n = UINT32_C(3) << 30; /* a plain "% n" would give the lower third twice as often */
	unsigned low = 0;

	for (int i = 0; i < 30000; i++)
		low += cw_rng_below(&r, n) < (UINT32_C(1) << 30);
	assert_in_range(low, 9600, 10400);
}

static void reals_and_chances(void **state)
{
	struct cw_rng r;
	double sum = 0, squares = 0;
	unsigned hits = 0;

	cw_rng_init(&r, 2);
	for (int i = 0; i < 50000; i++) {
		double u = cw_rng_unit(&r), n = cw_rng_normal(&r);

		assert_true(u >= 0 && u < 1);
		assert_true(isfinite(n));
		sum += n;
		squares += n * n;
		hits += cw_rng_chance(&r, 0.25);
	}
	assert_true(fabs(sum / 50000) < 0.02);
	assert_true(fabs(squares / 50000 - 1) < 0.03);
	assert_in_range(hits, 12100, 12900);
	assert_false(cw_rng_chance(&r, 0));
	assert_true(cw_rng_chance(&r, 1));
}

static void forks_are_independent_and_repeatable(void **state)
{
	struct cw_rng a, b, x, y, z;

	cw_rng_init(&a, 9);
	cw_rng_init(&b, 9);
	cw_rng_fork(&a, "caller", &x);
	cw_rng_fork(&b, "caller", &y);
	assert_memory_equal(&x, &y, sizeof(x));
	assert_memory_equal(&a, &b, sizeof(a));
	cw_rng_init(&b, 9);
	cw_rng_fork(&b, "agent", &z);
	assert_memory_not_equal(&x, &z, sizeof(x));
	assert_memory_equal(&a, &b, sizeof(a)); /* whatever the label, one draw */
}

static void ids_sort_by_time(void **state)
{
	struct cw_rng r;
	char before[CW_ID_LEN + 1] = "", id[CW_ID_LEN + 1];

	cw_rng_init(&r, 3);
	for (int64_t t = 0; t < INT64_C(4000000000000000); t += INT64_C(13333333333333)) {
		cw_id_make(t, &r, id);
		assert_int_equal(strlen(id), CW_ID_LEN);
		assert_true(strcmp(before, id) < 0);
		for (const char *p = id; *p; p++)
			assert_non_null(strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", *p));
		memcpy(before, id, sizeof(id));
	}
	/* 1469918176385 ms is the worked example of the ULID texts: its ten digits of time are known */
	cw_id_make(INT64_C(1469918176385) * 1000, &r, id);
	assert_memory_equal(id, "01ARYZ6S41", 10);
	cw_id_make(-5, &r, id);
	assert_memory_equal(id, "0000000000", 10);
}

static void hex_ids(void **state)
{
	struct cw_rng r, again;
	char a[40], b[40];

	cw_rng_init(&r, 4);
	again = r;
	cw_id_hex(&r, a, 32);
	cw_id_hex(&again, b, 32);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 32);
	for (const char *p = a; *p; p++)
		assert_true(isdigit((unsigned char)*p) || (*p >= 'a' && *p <= 'f'));
	assert_memory_not_equal(a, a + 16, 16);
	cw_id_hex(&r, a, 0);
	assert_string_equal(a, "");
}

CW_TEST_MAIN(CW_TEST(the_reference_sequences_come_out), CW_TEST(below_is_fair_and_bounded), CW_TEST(reals_and_chances),
	CW_TEST(forks_are_independent_and_repeatable), CW_TEST(ids_sort_by_time), CW_TEST(hex_ids))
