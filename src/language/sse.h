/*
 * sse.h: streams of server-sent events (WHATWG HTML, section 9.2), taken apart as the bytes come
 *
 * Feed bytes, then take events until there are none: so the owner may end everything between two events. Lines end in LF, CR or
 * CRLF, wherever the pieces were cut; comments and fields that are of no use here (id, retry) are skipped.
 * Thread: one at a time.  Owner: embedded by value; cw_sse_clear() gives its memory back.
 */
#pragma once
#include "base/buf.h"

struct cw_sse {
	struct cw_buf in;   /* bytes not taken yet */
	size_t at;          /* of them, already taken */
	size_t searched;    /* behind that, without a line end */
	struct cw_buf data; /* of the event being put together */
	bool has_data, begun, after_cr, handed;
	char name[32]; /* its type, "" = message */
};

struct cw_sse_event {
	struct cw_str data; /* lives until the next call */
	const char *name;   /* "" when the stream gave none; cut at 31 bytes */
};

/* @max bytes of one event and of input waiting. */
void cw_sse_init(struct cw_sse *s, size_t max);
void cw_sse_clear(struct cw_sse *s);
/* EMSGSIZE (the limit), ENOMEM: sticky. */
int cw_sse_feed(struct cw_sse *s, const void *bytes, size_t n);
/* The next whole event; false: none yet, or an error (cw_sse_err()). */
bool cw_sse_next(struct cw_sse *s, struct cw_sse_event *ret);
/* The stream is over: an event whose closing empty line is missing (the standard drops it; some servers end so). */
bool cw_sse_last(struct cw_sse *s, struct cw_sse_event *ret);
int cw_sse_err(const struct cw_sse *s);
