/* Event streams: the same events however the bytes are cut; the first byte says how. */
#include <stdint.h>
#include <string.h>

#include "language/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const uint8_t *data, size_t size, size_t step, struct cw_buf *out)
{
	struct cw_sse_event e;
	struct cw_sse s;

	cw_sse_init(&s, 1u << 20);
	for (size_t at = 0; at < size; at += step) {
		CW_ASSERT(!cw_sse_feed(&s, data + at, size - at < step ? size - at : step));
		while (cw_sse_next(&s, &e))
			cw_buf_fmt(out, "%s=%.*s\n", e.name, CW_STR(e.data));
	}
	if (cw_sse_last(&s, &e))
		cw_buf_fmt(out, "%s=%.*s\n", e.name, CW_STR(e.data));
	cw_buf_puts(out, "");
	cw_sse_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_BUF_SCOPED struct cw_buf whole = CW_BUF(1u << 22), cut = CW_BUF(1u << 22);

	if (size < 2 || size > 65536)
		return 0;
	feed(data + 1, size - 1, size, &whole);
	feed(data + 1, size - 1, data[0] % 16 + 1, &cut);
	CW_ASSERT(whole.len == cut.len && !memcmp(whole.p, cut.p, whole.len));
	return 0;
}
