/*
 * buf.h: a growing byte buffer with a ceiling and a sticky error
 *
 * Encoders write without checking and ask cw_buf_err() once. The bytes are always NUL-terminated after the first write,
 * the NUL not counted in len. Embedded by value; cw_buf_clear() gives the memory back.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

struct cw_buf {
	char *p; /* talloc memory without parent, NULL until the first byte */
	size_t len;
	size_t cap;
	size_t max; /* ceiling in bytes; one byte more is EMSGSIZE */
	int err;    /* first error, sticky */
};

#define CW_BUF(max_bytes) ((struct cw_buf){.max = (max_bytes)})
/* Release the buffer at the end of the scope. */
#define CW_BUF_SCOPED __attribute__((cleanup(cw_buf_clear)))

void cw_buf_put(struct cw_buf *b, const void *bytes, size_t n);
void cw_buf_puts(struct cw_buf *b, const char *s);
void cw_buf_putc(struct cw_buf *b, char c);
void cw_buf_fmt(struct cw_buf *b, const char *fmt, ...) CW_PRINTF(2, 3);
void cw_buf_vfmt(struct cw_buf *b, const char *fmt, va_list ap) CW_PRINTF(2, 0);
void cw_buf_trim_front(struct cw_buf *b, size_t n); /* drop the first @n bytes */
void cw_buf_reset(struct cw_buf *b);                /* empty and without error, memory kept */
void cw_buf_clear(struct cw_buf *b);                /* empty and memory given back; the ceiling stays */

static inline int cw_buf_err(const struct cw_buf *b)
{
	return b->err;
}
static inline struct cw_str cw_buf_str(const struct cw_buf *b)
{
	return (struct cw_str){b->p ? b->p : "", b->len};
}

/* Move the bytes to @parent as a NUL-terminated string; the buffer is then empty. NULL when it had an error or no memory. */
char *cw_buf_take(struct cw_buf *b, void *parent);
