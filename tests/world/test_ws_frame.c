/*
 * WebSocket frames (RFC 6455 section 5.2)
 *
 *   FIN rsv(3) opcode(4) | MASK len(7) | [len 16 or 64] | [mask 4] | payload
 */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "world/ws_frame.h"

static const uint8_t mask[4] = {0x37, 0xFA, 0x21, 0x3D};

/* Append a frame with any first byte; masked when @key is given. Returns the new length. */
static size_t put(uint8_t *to, size_t at, uint8_t first, const void *payload, size_t n, const uint8_t *key)
{
	uint8_t head[CW_WS_HEAD_MAX];
	size_t head_len = cw_ws_encode_head(head, CW_WS_OP_TEXT, n, key);

	head[0] = first;
	memcpy(to + at, head, head_len);
	if (key)
		cw_ws_mask(to + at + head_len, payload, n, key);
	else if (n)
		memcpy(to + at + head_len, payload, n);
	return at + head_len + n;
}

static void the_examples_of_the_rfc(void **state)
{
	/* section 5.7: "Hello" unmasked, masked, fragmented */
	uint8_t plain[] = {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
	uint8_t masked[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
	uint8_t pieces[] = {0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f};
	struct {
		uint8_t *p;
		size_t n;
		bool expect_mask;
	} cases[] = {{plain, sizeof(plain), false}, {masked, sizeof(masked), true}, {pieces, sizeof(pieces), false}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct cw_ws_reader r;
		struct cw_ws_item item;

		cw_ws_reader_init(&r, cases[i].expect_mask, 100);
		assert_int_equal(cw_ws_read(&r, &cases[i].p, &cases[i].n, &item), CW_WS_GOT_MESSAGE);
		assert_int_equal(item.opcode, CW_WS_OP_TEXT);
		assert_int_equal(item.n, 5);
		assert_memory_equal(item.bytes, "Hello", 5);
		assert_int_equal(cases[i].n, 0);
		assert_int_equal(cw_ws_read(&r, &cases[i].p, &cases[i].n, &item), CW_WS_GOT_NOTHING);
		cw_ws_reader_clear(&r);
	}
}

static void every_length_and_every_cut(void **state)
{
	static const size_t lengths[] = {0, 1, 7, 8, 9, 125, 126, 127, 300, 65535, 65536, 70000};
	CW_SCOPED uint8_t *payload = talloc_array(NULL, uint8_t, 70000);
	CW_SCOPED uint8_t *frame = talloc_array(NULL, uint8_t, 70000 + CW_WS_HEAD_MAX);
	CW_SCOPED uint8_t *copy = talloc_array(NULL, uint8_t, 70000 + CW_WS_HEAD_MAX);

	(void)state;
	for (size_t i = 0; i < 70000; i++)
		payload[i] = (uint8_t)(i * 31);
	for (size_t i = 0; i < CW_COUNT(lengths); i++) {
		size_t n = put(frame, 0, 0x82, payload, lengths[i], mask);

		for (size_t cut = 0; cut <= n; cut += n > 1000 ? 997 : 1) {
			struct cw_ws_reader r;
			struct cw_ws_item item;
			uint8_t *p = copy;
			size_t left = cut;

			memcpy(copy, frame, n);
			cw_ws_reader_init(&r, true, 70000);
			if (cut < n) {
				assert_int_equal(cw_ws_read(&r, &p, &left, &item), CW_WS_GOT_NOTHING);
				assert_ptr_equal(p, copy);
				assert_int_equal(left, cut);
				assert_true(item.n == 0 || item.n == n);
			}
			left = n;
			assert_int_equal(cw_ws_read(&r, &p, &left, &item), CW_WS_GOT_MESSAGE);
			assert_int_equal(item.n, lengths[i]);
			assert_memory_equal(item.bytes, payload, lengths[i]);
		}
	}
}

static unsigned code_of(uint8_t *bytes, size_t n, bool expect_mask, size_t max)
{
	struct cw_ws_reader r;
	struct cw_ws_item item = {0};
	enum cw_ws_got got;

	cw_ws_reader_init(&r, expect_mask, max);
	do {
		got = cw_ws_read(&r, &bytes, &n, &item);
	} while (got != CW_WS_GOT_FAULT && got != CW_WS_GOT_NOTHING && got != CW_WS_GOT_CLOSE);
	cw_ws_reader_clear(&r);
	return got == CW_WS_GOT_NOTHING ? 0 : got == CW_WS_GOT_CLOSE ? 10000 + item.code : item.code;
}

static void faults_have_their_codes(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t n;
		unsigned code;
	} cases[] = {
		{{0xC1, 0x00}, 2, 1002},                                /* reserved bits */
		{{0x83, 0x00}, 2, 1002},                                /* unknown data opcode */
		{{0x8B, 0x00}, 2, 1002},                                /* unknown control opcode */
		{{0x81, 0x80, 1, 2, 3, 4}, 6, 1002},                    /* masked by a server */
		{{0x09, 0x00}, 2, 1002},                                /* fragmented ping */
		{{0x89, 0x7E, 0x00, 0x80}, 4, 1002},                    /* ping of 128 bytes */
		{{0x81, 0x7E, 0x00, 0x7D}, 4, 1002},                    /* 125 written in 16 bits */
		{{0x81, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 10, 1002}, /* 65535 written in 64 bits */
		{{0x81, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0}, 10, 1002},    /* negative length */
		{{0x81, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 10, 1009},
		{{0x80, 0x00}, 2, 1002},             /* continuation of nothing */
		{{0x01, 0x00, 0x81, 0x00}, 4, 1002}, /* a new message inside a fragmented one */
		{{0x81, 0x0B}, 2, 1009},             /* 11 of at most 10, known from the head */
		{{0x01, 0x06, 'a', 'b', 'c', 'd', 'e', 'f', 0x80, 0x05}, 10, 1009}, {{0x81, 0x02, 0xC3, 0x28}, 4, 1007},
		{{0x01, 0x01, 0xC3, 0x80, 0x01, 0x28}, 6, 1007}, /* broken across fragments */
		{{0x01, 0x01, 0xC3, 0x80, 0x01, 0xA9}, 6, 0},    /* whole across fragments */
		{{0x88, 0x00}, 2, 11005}, {{0x88, 0x01, 0x03}, 3, 1002}, {{0x88, 0x02, 0x03, 0xE8}, 4, 11000},
		{{0x88, 0x02, 0x03, 0xED}, 4, 1002}, /* 1005 on the wire */
		{{0x88, 0x02, 0x03, 0xE7}, 4, 1002}, /* 999 */
		{{0x88, 0x02, 0x0F, 0xA1}, 4, 14001},
		{{0x88, 0x04, 0x03, 0xE8, 0xC3, 0x28}, 6, 1007}, /* reason is no text */
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		uint8_t bytes[16];

		memcpy(bytes, cases[i].bytes, sizeof(bytes));
		if (code_of(bytes, cases[i].n, false, 10) != cases[i].code)
			fail_msg("case %zu", i);
	}
	uint8_t unmasked[] = {0x81, 0x01, 'a'};

	assert_int_equal(code_of(unmasked, sizeof(unmasked), true, 10), 1002);
}

static void control_frames_may_stand_between_fragments(void **state)
{
	uint8_t bytes[256], *p = bytes;
	struct cw_ws_reader r;
	struct cw_ws_item item;
	size_t n = 0;

	(void)state;
	n = put(bytes, n, 0x01, "one ", 4, mask);
	n = put(bytes, n, 0x89, "ping!", 5, mask);
	n = put(bytes, n, 0x00, "two ", 4, mask);
	n = put(bytes, n, 0x8A, "", 0, mask);
	n = put(bytes, n, 0x80, "three", 5, mask);
	n = put(bytes, n, 0x82, "next", 4, mask);
	cw_ws_reader_init(&r, true, 13);
	assert_int_equal(cw_ws_read(&r, &p, &n, &item), CW_WS_GOT_PING);
	assert_int_equal(item.n, 5);
	assert_memory_equal(item.bytes, "ping!", 5);
	assert_int_equal(cw_ws_read(&r, &p, &n, &item), CW_WS_GOT_PONG);
	assert_int_equal(cw_ws_read(&r, &p, &n, &item), CW_WS_GOT_MESSAGE);
	assert_int_equal(item.opcode, CW_WS_OP_TEXT);
	assert_int_equal(item.n, 13);
	assert_memory_equal(item.bytes, "one two three", 13);
	assert_int_equal(cw_ws_read(&r, &p, &n, &item), CW_WS_GOT_MESSAGE);
	assert_int_equal(item.opcode, CW_WS_OP_BINARY);
	assert_memory_equal(item.bytes, "next", 4);
	assert_int_equal(n, 0);
	cw_ws_reader_clear(&r);
}

static void text_is_utf8(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{"", true},
		{"plain ascii, longer than eight bytes", true},
		{"12345678\xC3\xA9", true},
		{"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true},
		{"\xF4\x8F\xBF\xBF", true},
		{"\xED\x9F\xBF", true},
		{"\xEE\x80\x80", true},
		{"\xC0\x80", false},
		{"\xC1\xBF", false},
		{"\xE0\x80\x80", false},
		{"\xF0\x80\x80\x80", false},
		{"\xED\xA0\x80", false},
		{"\xF4\x90\x80\x80", false},
		{"\xF5\x80\x80\x80", false},
		{"\x80", false},
		{"\xE2\x82", false},
		{"\xC3", false},
		{"1234567\xFF", false},
		{"12345678\xE2\x28\xA1", false},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		if (cw_ws_text_ok((const uint8_t *)cases[i].text, strlen(cases[i].text)) != cases[i].ok)
			fail_msg("case %zu", i);
}

static void close_reasons_are_cut_between_characters(void **state)
{
	uint8_t payload[CW_WS_CONTROL_MAX];
	char reason[200];

	(void)state;
	assert_int_equal(cw_ws_encode_close(payload, 0, "ignored"), 0);
	assert_int_equal(cw_ws_encode_close(payload, CW_WS_NO_CODE, NULL), 0);
	assert_int_equal(cw_ws_encode_close(payload, 1001, "bye"), 5);
	assert_memory_equal(payload,
		"\x03\xE9"
		"bye",
		5);
	memset(reason, 'x', sizeof(reason));
	memcpy(reason + 122, "\xE2\x82\xAC", 4);
	assert_int_equal(cw_ws_encode_close(payload, 1000, reason), 2 + 122);
}

static void assembling_needs_memory(void **state)
{
	uint8_t bytes[64], *p = bytes;
	struct cw_ws_reader r;
	struct cw_ws_item item;
	size_t n = put(bytes, put(bytes, 0, 0x02, "ab", 2, mask), 0x80, "c", 1, mask);

	(void)state;
	cw_ws_reader_init(&r, true, 100);
	if (cw_ws_read(&r, &p, &n, &item) == CW_WS_GOT_FAULT) {
		assert_int_equal(item.code, CW_WS_INTERNAL);
		assert_true(cw_test_oom(ENOMEM));
	} else {
		assert_int_equal(item.n, 3);
	}
	cw_ws_reader_clear(&r);
}

CW_OOM_BODY(assembling_needs_memory)

CW_TEST_MAIN(CW_TEST(the_examples_of_the_rfc), CW_TEST(every_length_and_every_cut), CW_TEST(faults_have_their_codes),
	CW_TEST(control_frames_may_stand_between_fragments), CW_TEST(text_is_utf8),
	CW_TEST(close_reasons_are_cut_between_characters), CW_TEST_OOM(assembling_needs_memory))
