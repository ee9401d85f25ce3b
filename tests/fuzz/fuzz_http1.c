/*
 * HTTP/1.1 heads and bodies: the first byte chooses request or answer and how the body is cut into reads; the body must not depend on the cut
 */
#include <stdint.h>

#include "base/mem.h"
#include "world/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct cw_str s, const char *p, size_t n)
{
	CW_ASSERT(s.len == 0 || (s.p >= p && s.p + s.len <= p + n));
}

static void check_head(const struct cw_http1_head *h, const char *p, size_t n, bool request)
{
	CW_ASSERT(h->n_fields <= CW_HTTP1_HEADERS_MAX);
	CW_ASSERT(!(h->chunked && h->has_length));
	for (size_t i = 0; i < h->n_fields; i++) {
		inside(h->fields[i].name, p, n);
		inside(h->fields[i].value, p, n);
		CW_ASSERT(cw_http1_name_ok(h->fields[i].name) && cw_http1_value_ok(h->fields[i].value));
	}
	if (request) {
		inside(h->method, p, n);
		CW_ASSERT(h->path.len > 0 && (h->path.p[0] == '/' || h->path.p[0] == '*'));
		inside(h->query, p, n);
	}
}

struct outcome {
	int err;
	bool done;
	size_t body, used;
	uint64_t sum;
};

static struct outcome read_body(const struct cw_http1_head *h, const char *p, size_t n, size_t step)
{
	struct cw_http1_body b;
	struct outcome o = {0};

	cw_http1_body_init(&b, h);
	while (o.used < n && !o.err && !cw_http1_body_done(&b)) {
		const char *at = p + o.used;
		size_t left = n - o.used < step ? n - o.used : step, given = left;
		struct cw_str piece;

		do {
			o.err = cw_http1_body_read(&b, &at, &left, &piece);
			if (o.err)
				break;
			inside(piece, p, n);
			for (size_t i = 0; i < piece.len; i++)
				o.sum = o.sum * 31 + (uint8_t)piece.p[i];
			o.body += piece.len;
		} while (piece.len);
		o.used += given - left;
	}
	o.done = cw_http1_body_done(&b);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_http1_head h;
	const char *text = (const char *)data + 1;
	size_t from = 0, len;
	bool request;
	int err;

	if (size < 2)
		return 0;
	request = data[0] & 1;
	len = cw_http1_head_end(text, size - 1, &from);
	if (!len)
		return 0;
	err = request ? cw_http1_parse_request(text, len, &h) : cw_http1_parse_answer(text, len, &h);
	if (err)
		return 0;
	check_head(&h, text, len, request);

	struct outcome a = read_body(&h, text + len, size - 1 - len, (size_t)(data[0] >> 1) + 1);
	struct outcome b = read_body(&h, text + len, size - 1 - len, size);

	CW_ASSERT(a.err == b.err && a.done == b.done &&
		  (a.err || (a.body == b.body && a.sum == b.sum && a.used == b.used)));
	return 0;
}
