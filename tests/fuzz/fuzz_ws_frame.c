/*
 * WebSocket frames: the first byte chooses the side and how the rest is cut into reads; what is read must not depend on the cut
 */
#include <stdint.h>

#include "base/mem.h"
#include "world/ws_frame.h"

#define MAX_MESSAGE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
}

/* Read everything in steps of @step bytes; a digest of all that came out. */
static uint64_t read_all(const uint8_t *data, size_t size, bool expect_mask, size_t step)
{
	uint8_t *bytes = talloc_memdup(NULL, data, size);
	size_t have = 0, at = 0;
	struct cw_ws_reader r;
	struct cw_ws_item item = {0};
	enum cw_ws_got got = CW_WS_GOT_NOTHING;
	uint64_t digest = 14695981039346656037u;

	CW_ASSERT(bytes || !size);
	cw_ws_reader_init(&r, expect_mask, MAX_MESSAGE);
	while (have < size && got < CW_WS_GOT_CLOSE) {
		have = size - have < step ? size : have + step;
		do {
			uint8_t *p = bytes + at;
			size_t n = have - at;

			got = cw_ws_read(&r, &p, &n, &item);
			at = (size_t)(p - bytes);
			CW_ASSERT(n == have - at);
			if (got == CW_WS_GOT_NOTHING)
				break;
			digest = mix(digest, &got, sizeof(got));
			if (got == CW_WS_GOT_CLOSE || got == CW_WS_GOT_FAULT)
				digest = mix(digest, &item.code, sizeof(item.code));
			else
				digest = mix(digest, item.bytes, item.n);
			if (got == CW_WS_GOT_MESSAGE)
				CW_ASSERT(item.n <= MAX_MESSAGE &&
					  (item.opcode != CW_WS_OP_TEXT || cw_ws_text_ok(item.bytes, item.n)));
		} while (got < CW_WS_GOT_CLOSE);
	}
	cw_ws_reader_clear(&r);
	talloc_free(bytes);
	return digest;
}

/* What we write must come back as it was. */
static void round_trip(const uint8_t *data, size_t size, bool masked)
{
	static const uint8_t mask[4] = {0xDE, 0xAD, 0xBE, 0xEF};
	uint8_t *frame = talloc_size(NULL, size + CW_WS_HEAD_MAX), *p = frame;
	struct cw_ws_reader r;
	struct cw_ws_item item;
	size_t n = cw_ws_encode_head(frame, CW_WS_OP_BINARY, size, masked ? mask : NULL);

	if (masked)
		cw_ws_mask(frame + n, data, size, mask);
	else if (size)
		memcpy(frame + n, data, size);
	n += size;
	cw_ws_reader_init(&r, masked, size);
	CW_ASSERT(cw_ws_read(&r, &p, &n, &item) == CW_WS_GOT_MESSAGE);
	CW_ASSERT(n == 0 && item.n == size && (!size || !memcmp(item.bytes, data, size)));
	talloc_free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool expect_mask;
	size_t step;

	if (size < 1)
		return 0;
	expect_mask = data[0] & 1;
	step = (size_t)(data[0] >> 1) + 1;
	CW_ASSERT(read_all(data + 1, size - 1, expect_mask, step) == read_all(data + 1, size - 1, expect_mask, size));
	round_trip(data, size, expect_mask);
	return 0;
}
