#include "base/buf.h"

#include <errno.h>

#include "base/mem.h"

#define FIRST_CAP_BYTES 64

/* Room for @n more bytes and the NUL, or the sticky error. */
static bool grow(struct cw_buf *b, size_t n)
{
	if (b->err)
		return false;
	if (n > b->max || b->len > b->max - n || b->len + n == SIZE_MAX) {
		b->err = EMSGSIZE;
		return false;
	}

	size_t need = b->len + n + 1;

	if (need <= b->cap)
		return true;

	size_t cap = b->cap ? b->cap : FIRST_CAP_BYTES;

	while (cap < need)
		cap = cap < SIZE_MAX / 2 ? cap * 2 : need;
	if (cap > b->max && b->max >= need - 1)
		cap = b->max + 1;

	char *p = talloc_realloc_size(NULL, b->p, cap);

	if (!p) {
		b->err = ENOMEM;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void cw_buf_put(struct cw_buf *b, const void *bytes, size_t n)
{
	if (!grow(b, n))
		return;
	CW_ASSERT(b->p);
	if (n)
		memcpy(b->p + b->len, bytes, n);
	b->len += n;
	b->p[b->len] = 0;
}

void cw_buf_puts(struct cw_buf *b, const char *s)
{
	cw_buf_put(b, s, strlen(s));
}

void cw_buf_putc(struct cw_buf *b, char c)
{
	cw_buf_put(b, &c, 1);
}

void cw_buf_fmt(struct cw_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_buf_vfmt(b, fmt, ap);
	va_end(ap);
}

void cw_buf_vfmt(struct cw_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	size_t room = b->cap > b->len ? b->cap - b->len : 0;

	if (b->err)
		return;
	va_copy(again, ap);

	int n = vsnprintf(room ? b->p + b->len : NULL, room, fmt, ap);

	if (n < 0) {
		b->err = errno ? errno : EINVAL;
	} else if ((size_t)n < room && (size_t)n <= b->max - b->len) {
		b->len += (size_t)n;
	} else {
		if (room)
			b->p[b->len] = 0; /* nothing of a text that does not fit */
		if (grow(b, (size_t)n)) {
			(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again); /* measured above */
			b->len += (size_t)n;
		}
	}
	va_end(again);
}

void cw_buf_trim_front(struct cw_buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (!n)
		return;
	memmove(b->p, b->p + n, b->len - n + 1);
	b->len -= n;
}

void cw_buf_reset(struct cw_buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->p)
		b->p[0] = 0;
}

void cw_buf_clear(struct cw_buf *b)
{
	TALLOC_FREE(b->p);
	b->len = b->cap = 0;
	b->err = 0;
}

char *cw_buf_take(struct cw_buf *b, void *parent)
{
	if (!b->err && !b->p)
		cw_buf_put(b, "", 0);
	if (b->err) {
		cw_buf_clear(b);
		return NULL;
	}

	char *s = talloc_steal(parent, b->p);

	b->p = NULL;
	cw_buf_clear(b);
	return s;
}
