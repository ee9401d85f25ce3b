#include "testing.h"

#include "audio/g711.h"

#include <spandsp.h>

#define ALL_VALUES 65536

static int16_t all_pcm[ALL_VALUES];

static void fill_all(void)
{
	for (int i = 0; i < ALL_VALUES; i++)
		all_pcm[i] = (int16_t)(i - 32768);
}

/* The corners of G.711, tables 1 and 2: decision value 8159 of 14 bits and 4096 of 13 bits, zero, and silence. */
static void tables_have_the_values_of_the_recommendation(void **state)
{
	(void)state;
	assert_int_equal(cw_ulaw_table[0xFF], 0);
	assert_int_equal(cw_ulaw_table[0x7F], 0);
	assert_int_equal(cw_ulaw_table[0x80], 8031 * 4);
	assert_int_equal(cw_ulaw_table[0x00], -8031 * 4);
	assert_int_equal(cw_ulaw_table[0xFE], 2 * 4);
	assert_int_equal(cw_alaw_table[0xD5], 1 * 8);
	assert_int_equal(cw_alaw_table[0x55], -1 * 8);
	assert_int_equal(cw_alaw_table[0xAA], 4032 * 8);
	assert_int_equal(cw_alaw_table[0x2A], -4032 * 8);
	assert_int_equal(cw_ulaw_table[CW_ULAW_SILENCE], 0);
}

static void decoding_equals_spandsp(void **state)
{
	uint8_t codes[256];
	int16_t u[256], a[256];

	(void)state;
	for (int c = 0; c < 256; c++)
		codes[c] = (uint8_t)c;
	cw_ulaw_decode(codes, u, 256);
	cw_alaw_decode(codes, a, 256);
	for (int c = 0; c < 256; c++) {
		assert_int_equal(u[c], ulaw_to_linear((uint8_t)c));
		assert_int_equal(a[c], alaw_to_linear((uint8_t)c));
	}
}

static void encoding_equals_spandsp_for_every_value(void **state)
{
	static uint8_t u[ALL_VALUES], a[ALL_VALUES];

	(void)state;
	fill_all();
	cw_ulaw_encode(all_pcm, u, ALL_VALUES);
	cw_alaw_encode(all_pcm, a, ALL_VALUES);
	for (int i = 0; i < ALL_VALUES; i++) {
		if (u[i] != linear_to_ulaw(all_pcm[i]))
			fail_msg("mu-law of %d is %02X, not %02X", all_pcm[i], u[i], linear_to_ulaw(all_pcm[i]));
		if (a[i] != linear_to_alaw(all_pcm[i]))
			fail_msg("A-law of %d is %02X, not %02X", all_pcm[i], a[i], linear_to_alaw(all_pcm[i]));
	}
}

static void code_words_survive_a_round_trip(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		uint8_t back;

		cw_ulaw_encode(&cw_ulaw_table[c], &back, 1);
		assert_int_equal(back, c == 0x7F ? 0xFF : c); /* minus zero becomes zero */
		cw_alaw_encode(&cw_alaw_table[c], &back, 1);
		assert_int_equal(back, c);
	}
}

/* Lengths which are no multiple of the inner block must write exactly n codes. */
static void odd_lengths_write_no_more(void **state)
{
	int16_t pcm[40];
	uint8_t out[41];

	(void)state;
	for (int i = 0; i < 40; i++)
		pcm[i] = (int16_t)(i * 700 - 14000);
	for (size_t n = 0; n <= 40; n++) {
		memset(out, 0xA5, sizeof(out));
		cw_ulaw_encode(pcm, out, n);
		assert_int_equal(out[n], 0xA5);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(out[i], linear_to_ulaw(pcm[i]));
		memset(out, 0xA5, sizeof(out));
		cw_alaw_encode(pcm, out, n);
		assert_int_equal(out[n], 0xA5);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(out[i], linear_to_alaw(pcm[i]));
	}
}

CW_TEST_MAIN(CW_TEST(tables_have_the_values_of_the_recommendation), CW_TEST(decoding_equals_spandsp),
	CW_TEST(encoding_equals_spandsp_for_every_value), CW_TEST(code_words_survive_a_round_trip),
	CW_TEST(odd_lengths_write_no_more))
