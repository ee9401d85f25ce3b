/* The syntax of HTTP/1.1: heads and bodies. What the server refuses because of it is in test_os_server.c. */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "world/http1.h"

static int request(const char *text, struct cw_http1_head *h)
{
	return cw_http1_parse_request(text, strlen(text), h);
}

static void a_request_is_taken_apart(void **state)
{
	struct cw_http1_head h;

	(void)state;
	assert_int_equal(
		request("POST /a/b?c=d&e HTTP/1.1\r\nHost: x:1\r\nContent-Length: 12\r\nX-Y:  padded \t\r\nEmpty:\r\n\r\n",
			&h),
		0);
	assert_true(cw_str_eq(h.method, "POST"));
	assert_true(cw_str_eq(h.path, "/a/b"));
	assert_true(cw_str_eq(h.query, "c=d&e"));
	assert_true(cw_str_eq(cw_http1_field(&h, "x-y"), "padded"));
	assert_int_equal(cw_http1_field(&h, "empty").len, 0);
	assert_null(cw_http1_field(&h, "none").p);
	assert_true(h.keep_alive);
	assert_true(h.has_length);
	assert_int_equal(h.length, 12);
	assert_false(h.websocket);

	assert_int_equal(request("GET http://proxy.test/p HTTP/1.0\r\n\r\n", &h), 0);
	assert_true(cw_str_eq(h.path, "/p"));
	assert_false(h.keep_alive);
	assert_int_equal(request("GET http://proxy.test HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &h), 0);
	assert_true(cw_str_eq(h.path, "/"));
	assert_true(h.keep_alive);
	assert_int_equal(request("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: foo, close\r\n\r\n", &h), 0);
	assert_false(h.keep_alive);
	assert_int_equal(
		request("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
			&h),
		0);
	assert_true(h.websocket);
}

static void answers_are_taken_apart(void **state)
{
	static const char *const bad[] = {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n", "HTTQ/1.1 200\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\r\nX\r\n\r\n"};
	struct cw_http1_head h;

	(void)state;
	assert_int_equal(cw_http1_parse_answer("HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n", 42, &h), 0);
	assert_int_equal(h.status, 101);
	assert_int_equal(cw_http1_parse_answer("HTTP/1.1 403\r\n\r\n", 16, &h), 0);
	assert_int_equal(h.status, 403);
	for (size_t i = 0; i < CW_COUNT(bad); i++)
		assert_int_not_equal(cw_http1_parse_answer(bad[i], strlen(bad[i]), &h), 0);
}

static void too_many_headers_are_refused(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(100000);
	struct cw_http1_head h;

	(void)state;
	cw_buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 1; i < CW_HTTP1_HEADERS_MAX; i++)
		cw_buf_fmt(&b, "H%d: x\r\n", i);
	cw_buf_puts(&b, "\r\n");
	assert_int_equal(cw_http1_parse_request(b.p, b.len, &h), 0);
	b.len -= 2;
	cw_buf_puts(&b, "One-More: x\r\n\r\n");
	assert_int_equal(cw_http1_parse_request(b.p, b.len, &h), EBADMSG);
}

static void the_end_of_a_head_is_found_however_it_comes(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
	size_t from = 0, head = sizeof(text) - 1 - 4;

	(void)state;
	for (size_t n = 1; n < head; n++)
		assert_int_equal(cw_http1_head_end(text, n, &from), 0);
	assert_int_equal(cw_http1_head_end(text, sizeof(text) - 1, &from), head);
}

/* Read a body given in pieces of @step bytes; what it held is in @out. */
static int read_body(const struct cw_http1_head *h, const char *text, size_t step, char *out, size_t *left_over)
{
	struct cw_http1_body b;
	size_t n = strlen(text), len = 0;

	cw_http1_body_init(&b, h);
	for (size_t at = 0; at < n && !cw_http1_body_done(&b);) {
		const char *p = text + at;
		size_t some = n - at < step ? n - at : step, given = some;
		struct cw_str piece;

		do {
			int err = cw_http1_body_read(&b, &p, &some, &piece);

			if (err)
				return err;
			memcpy(out + len, piece.p, piece.len);
			len += piece.len;
		} while (piece.len);
		at += given - some;
	}
	out[len] = '\0';
	*left_over = 0;
	return cw_http1_body_done(&b) ? 0 : EAGAIN;
}

static void bodies_are_read_however_they_come(void **state)
{
	static const struct {
		const char *text, *body;
		int err;
	} cases[] = {
		{"5\r\nhello\r\n0\r\n\r\nNEXT", "hello", 0},
		{"5;ext=\"x\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nT: x\r\nU: y\r\n\r\n", "hello0123456789", 0},
		{"0\r\n\r\n", "", 0},
		{"5\r\nhel", "hel", EAGAIN},
		{"5\r\nhelloX\r\n", "", EBADMSG},
		{"\r\nhello", "", EBADMSG},
		{"5\nhello", "", EBADMSG},
		{"-5\r\nhello", "", EBADMSG},
		{"0x5\r\nhello", "", EBADMSG},
		{"1000000000000000\r\n", "", EBADMSG},
		{"0\r\nT: x\n\r\n", "", EBADMSG},
	};
	struct cw_http1_head chunked = {.chunked = true}, length = {.has_length = true, .length = 5}, none = {0};
	char out[64];
	size_t left;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		for (size_t step = 1; step < 40; step++) {
			int err = read_body(&chunked, cases[i].text, step, out, &left);

			if (err != cases[i].err || (err != EBADMSG && strcmp(out, cases[i].body)))
				fail_msg("case %zu step %zu: %d '%s'", i, step, err, out);
		}
	}
	assert_int_equal(read_body(&length, "hello world", 3, out, &left), 0);
	assert_string_equal(out, "hello");
	assert_int_equal(read_body(&none, "x", 1, out, &left), 0);
	assert_string_equal(out, "");
}

CW_TEST_MAIN(CW_TEST(a_request_is_taken_apart), CW_TEST(answers_are_taken_apart), CW_TEST(too_many_headers_are_refused),
	CW_TEST(the_end_of_a_head_is_found_however_it_comes), CW_TEST(bodies_are_read_however_they_come))
