#include "base/buf.h"

#include <errno.h>

#include "testing.h"

static void bytes_are_appended_and_terminated(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1000);

	assert_true(cw_str_eq(cw_buf_str(&b), ""));
	cw_buf_puts(&b, "INVITE ");
	cw_buf_fmt(&b, "%s %d", "sip:x", 42);
	cw_buf_putc(&b, '!');
	cw_buf_put(&b, "\0z", 2);
	if (cw_test_oom(cw_buf_err(&b)))
		return;
	assert_int_equal(cw_buf_err(&b), 0);
	assert_int_equal(b.len, 18);
	assert_memory_equal(b.p, "INVITE sip:x 42!\0z", 19);
}
CW_OOM_BODY(bytes_are_appended_and_terminated)

static void the_ceiling_holds_to_the_byte(void **state)
{
	for (size_t max = 0; max < 200; max += 7) {
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(max);

		for (size_t i = 0; i < max; i++)
			cw_buf_putc(&b, 'x');
		assert_int_equal(cw_buf_err(&b), 0);
		assert_int_equal(b.len, max);
		cw_buf_putc(&b, 'x');
		assert_int_equal(cw_buf_err(&b), EMSGSIZE);
		assert_int_equal(b.len, max);
		cw_buf_puts(&b, ""); /* the error stays */
		assert_int_equal(cw_buf_err(&b), EMSGSIZE);
	}

	/* a format that just fits, and one byte more */
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(5);

	cw_buf_fmt(&b, "%s", "12345");
	assert_int_equal(cw_buf_err(&b), 0);
	cw_buf_reset(&b);
	cw_buf_fmt(&b, "%s", "123456");
	assert_int_equal(cw_buf_err(&b), EMSGSIZE);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.p, "");

	/* room in memory is not room under the ceiling */
	cw_buf_reset(&b);
	cw_buf_puts(&b, "123");
	cw_buf_fmt(&b, "%s", "456");
	assert_int_equal(cw_buf_err(&b), EMSGSIZE);
	assert_string_equal(b.p, "123");

	CW_BUF_SCOPED struct cw_buf huge = CW_BUF(SIZE_MAX);

	cw_buf_putc(&huge, 'x');
	cw_buf_put(&huge, "x", SIZE_MAX - 1);
	assert_true(cw_buf_err(&huge) != 0);
}

static void long_formats_grow_the_buffer(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(100000);

	for (int i = 0; i < 300; i++)
		cw_buf_fmt(&b, "%0*d;", i, i);
	assert_int_equal(cw_buf_err(&b), 0);
	assert_int_equal(b.len, strlen(b.p));
	assert_memory_equal(b.p, "0;1;02;003;", 11);
}

static void front_is_trimmed(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(100);

	cw_buf_trim_front(&b, 5);
	cw_buf_puts(&b, "abcdef");
	cw_buf_trim_front(&b, 0);
	cw_buf_trim_front(&b, 2);
	assert_string_equal(b.p, "cdef");
	cw_buf_trim_front(&b, 100);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.p, "");
	cw_buf_puts(&b, "x");
	assert_string_equal(b.p, "x");
}

static void taking_moves_the_bytes(void **state)
{
	struct cw_buf b = CW_BUF(10);
	CW_SCOPED void *parent = talloc_new(NULL);

	if (!parent)
		return;
	cw_buf_puts(&b, "hello");

	char *s = cw_buf_take(&b, parent);

	assert_null(b.p);
	assert_int_equal(b.len, 0);
	if (!s)
		return;
	assert_string_equal(s, "hello");
	assert_ptr_equal(talloc_parent(s), parent);
	assert_int_equal(b.max, 10);
	s = cw_buf_take(&b, parent);
	if (s)
		assert_string_equal(s, "");
	cw_buf_puts(&b, "more than ten");
	assert_null(cw_buf_take(&b, parent));
	assert_null(b.p);
	assert_int_equal(cw_buf_err(&b), 0);
}
CW_OOM_BODY(taking_moves_the_bytes)

CW_TEST_MAIN(CW_TEST(bytes_are_appended_and_terminated), CW_TEST_OOM(bytes_are_appended_and_terminated),
	CW_TEST(the_ceiling_holds_to_the_byte), CW_TEST(long_formats_grow_the_buffer), CW_TEST(front_is_trimmed),
	CW_TEST(taking_moves_the_bytes), CW_TEST_OOM(taking_moves_the_bytes))
