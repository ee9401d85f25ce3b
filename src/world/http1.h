/*
 * http1.h: the syntax of HTTP/1.1 messages (RFC 9112): heads of requests and answers, framing of bodies
 *
 * Strict where leniency is how requests are smuggled: CRLF only, no folded lines, no blank before the colon, one way to tell the
 * length of a body. No I/O and no allocation: everything parsed is a slice of the bytes given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CW_HTTP1_HEAD_MAX    (32 * 1024)
#define CW_HTTP1_HEADERS_MAX 100

struct cw_http1_field {
	struct cw_str name, value;
};

struct cw_http1_head {
	struct cw_str method, path, query; /* requests */
	unsigned status;                   /* answers */
	bool http_1_0;
	bool keep_alive;
	bool expect_continue;
	bool websocket; /* Connection: upgrade and Upgrade: websocket */
	bool chunked, has_length;
	uint64_t length;
	struct cw_http1_field fields[CW_HTTP1_HEADERS_MAX];
	size_t n_fields;
};

/* Length of the head at the start of @p with its empty line, 0 when its end is not there yet. @from (start with 0) remembers how
 * far was searched. */
size_t cw_http1_head_end(const char *p, size_t n, size_t *from);
/* Parse a head of exactly @n bytes, ending in the empty line. EBADMSG; for requests also ENOTSUP (a transfer coding we do not
 * know), EPROTONOSUPPORT (not HTTP/1.x). */
int cw_http1_parse_request(const char *p, size_t n, struct cw_http1_head *h);
int cw_http1_parse_answer(const char *p, size_t n, struct cw_http1_head *h);
/* The value of the first field of that name; NULL pointer when there is none. */
struct cw_str cw_http1_field(const struct cw_http1_head *h, const char *name);
/* Is @token in the comma list @value (case folded)? */
bool cw_http1_has_token(struct cw_str value, const char *token);
/* May these bytes stand in a field name (a token) or value? Keeps what we send free of injected lines. */
bool cw_http1_name_ok(struct cw_str name);
bool cw_http1_value_ok(struct cw_str value);

/* ---- bodies ---- */

struct cw_http1_body {
	int state;
	uint64_t left;
	unsigned digits;
	unsigned line_len;
};

void cw_http1_body_init(struct cw_http1_body *b, const struct cw_http1_head *h);
bool cw_http1_body_done(const struct cw_http1_body *b);
/* Take the next piece of body off the front of the *@n bytes at *@p; the piece is empty when there is none yet. EBADMSG. */
int cw_http1_body_read(struct cw_http1_body *b, const char **p, size_t *n, struct cw_str *piece);
