#include "world/http1.h"

#include <errno.h>
#include <string.h>

#define CHUNK_LINE_MAX   256 /* size and extensions */
#define TRAILER_LINE_MAX 4096
#define CHUNK_DIGITS_MAX 15

enum body_state {
	BODY_DONE,
	BODY_LENGTH,
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	TRAILER_START,
	TRAILER_LINE,
	TRAILER_LF,
	LAST_LF,
};

/* ---- characters ---- */

static bool token_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool cw_http1_name_ok(struct cw_str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!token_char((unsigned char)name.p[i]))
			return false;
	return name.len > 0;
}

bool cw_http1_value_ok(struct cw_str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7F)
			return false;
	}
	return true;
}

bool cw_http1_has_token(struct cw_str value, const char *token)
{
	struct cw_str part;

	while (cw_str_split(&value, ',', &part))
		if (cw_str_eq_fold(cw_str_trim(part), token))
			return true;
	return false;
}

/* ---- heads ---- */

size_t cw_http1_head_end(const char *p, size_t n, size_t *from)
{
	const char *end = memmem(p + *from, n - *from, "\r\n\r\n", 4);

	if (end)
		return (size_t)(end - p) + 4;
	*from = n < 3 ? 0 : n - 3;
	return 0;
}

struct cw_str cw_http1_field(const struct cw_http1_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (cw_str_eq_fold(h->fields[i].name, name))
			return h->fields[i].value;
	return (struct cw_str){NULL, 0};
}

/* Cut the line up to CRLF off @rest. */
static bool take_line(struct cw_str *rest, struct cw_str *line)
{
	const char *end = memmem(rest->p, rest->len, "\r\n", 2);

	if (!end)
		return false;
	*line = (struct cw_str){rest->p, (size_t)(end - rest->p)};
	rest->len -= line->len + 2;
	rest->p = end + 2;
	return true;
}

static int parse_field(struct cw_http1_head *h, struct cw_str line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct cw_http1_field *f = &h->fields[h->n_fields];

	if (!colon || h->n_fields == CW_HTTP1_HEADERS_MAX)
		return EBADMSG;
	f->name = (struct cw_str){line.p, (size_t)(colon - line.p)};
	f->value = cw_str_trim((struct cw_str){colon + 1, line.len - f->name.len - 1});
	if (!cw_http1_name_ok(f->name) || !cw_http1_value_ok(f->value))
		return EBADMSG;
	h->n_fields++;
	return 0;
}

static int length_field(struct cw_http1_head *h, struct cw_str value)
{
	uint64_t length;

	if (cw_str_u64(value, INT64_MAX, &length))
		return EBADMSG;
	if (h->has_length && h->length != length)
		return EBADMSG;
	h->has_length = true;
	h->length = length;
	return 0;
}

/* Note what the fields say about the connection and the body. */
static int weigh_fields(struct cw_http1_head *h)
{
	bool upgrade = false, to_websocket = false, close = false, keep = false;

	for (size_t i = 0; i < h->n_fields; i++) {
		struct cw_str name = h->fields[i].name, value = h->fields[i].value;
		int err = 0;

		if (cw_str_eq_fold(name, "content-length")) {
			err = length_field(h, value);
		} else if (cw_str_eq_fold(name, "transfer-encoding")) {
			err = h->chunked || h->http_1_0 ? EBADMSG : cw_str_eq_fold(value, "chunked") ? 0 : ENOTSUP;
			h->chunked = true;
		} else if (cw_str_eq_fold(name, "connection")) {
			upgrade |= cw_http1_has_token(value, "upgrade");
			close |= cw_http1_has_token(value, "close");
			keep |= cw_http1_has_token(value, "keep-alive");
		} else if (cw_str_eq_fold(name, "upgrade")) {
			to_websocket |= cw_http1_has_token(value, "websocket");
		} else if (cw_str_eq_fold(name, "expect")) {
			h->expect_continue = cw_str_eq_fold(value, "100-continue");
		}
		if (err)
			return err;
	}
	if (h->chunked && h->has_length)
		return EBADMSG;
	h->websocket = upgrade && to_websocket;
	h->keep_alive = !close && (!h->http_1_0 || keep);
	return 0;
}

static int parse_fields(struct cw_http1_head *h, struct cw_str rest)
{
	struct cw_str line;

	while (take_line(&rest, &line)) {
		int err = line.len ? parse_field(h, line) : 0;

		if (err)
			return err;
		if (!line.len)
			return rest.len ? EBADMSG : weigh_fields(h);
	}
	return EBADMSG;
}

/* "HTTP/1.1" or "HTTP/1.0" */
static int parse_version(struct cw_http1_head *h, struct cw_str version)
{
	if (!cw_str_starts(version, "HTTP/"))
		return EBADMSG;
	h->http_1_0 = cw_str_eq(version, "HTTP/1.0");
	return h->http_1_0 || cw_str_eq(version, "HTTP/1.1") ? 0 : EPROTONOSUPPORT;
}

/* "/path?query", "*", or "http://host/path?query" as proxies write it */
static int parse_target(struct cw_http1_head *h, struct cw_str target)
{
	const char *mark;

	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.p[i] <= ' ' || (unsigned char)target.p[i] >= 0x7F)
			return EBADMSG;
	if (cw_str_starts(target, "http://") || cw_str_starts(target, "https://")) {
		const char *host = (const char *)memchr(target.p, ':', target.len) + 3;
		size_t left = target.len - (size_t)(host - target.p);
		const char *slash = memchr(host, '/', left);

		target = slash ? (struct cw_str){slash, left - (size_t)(slash - host)} : CW_STR_LIT("/");
	}
	if (!target.len || (target.p[0] != '/' && !(cw_str_eq(target, "*") && cw_str_eq(h->method, "OPTIONS"))))
		return EBADMSG;
	mark = memchr(target.p, '?', target.len);
	h->path = mark ? (struct cw_str){target.p, (size_t)(mark - target.p)} : target;
	h->query = mark ? (struct cw_str){mark + 1, target.len - h->path.len - 1} : CW_STR_LIT("");
	return 0;
}

static unsigned count_fields(const struct cw_http1_head *h, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->n_fields; i++)
		n += cw_str_eq_fold(h->fields[i].name, name);
	return n;
}

static void clear_head(struct cw_http1_head *h)
{
	memset(h, 0, offsetof(struct cw_http1_head, fields));
	h->n_fields = 0;
}

int cw_http1_parse_request(const char *p, size_t n, struct cw_http1_head *h)
{
	struct cw_str rest = {p, n}, line, target;
	int err;

	clear_head(h);
	if (!take_line(&rest, &line) || !cw_str_split(&line, ' ', &h->method) || !cw_str_split(&line, ' ', &target))
		return EBADMSG;
	if (!cw_http1_name_ok(h->method))
		return EBADMSG;
	err = parse_version(h, line);
	if (!err)
		err = parse_target(h, target);
	if (!err)
		err = parse_fields(h, rest);
	if (!err && (count_fields(h, "host") > 1 || (!h->http_1_0 && count_fields(h, "host") == 0)))
		err = EBADMSG;
	return err;
}

int cw_http1_parse_answer(const char *p, size_t n, struct cw_http1_head *h)
{
	struct cw_str rest = {p, n}, line, version, status;
	uint32_t number = 0;

	clear_head(h);
	if (!take_line(&rest, &line) || !cw_str_split(&line, ' ', &version) || parse_version(h, version))
		return EBADMSG;
	if (!cw_str_split(&line, ' ', &status) || status.len != 3 || cw_str_u32(status, 999, &number) || number < 100)
		return EBADMSG;
	h->status = number;
	return parse_fields(h, rest);
}

/* ---- bodies ---- */

void cw_http1_body_init(struct cw_http1_body *b, const struct cw_http1_head *h)
{
	*b = (struct cw_http1_body){.state = BODY_DONE};
	if (h->chunked) {
		b->state = CHUNK_SIZE;
	} else if (h->length) {
		b->state = BODY_LENGTH;
		b->left = h->length;
	}
}

bool cw_http1_body_done(const struct cw_http1_body *b)
{
	return b->state == BODY_DONE;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_char(struct cw_http1_body *b, char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		b->left = b->left * 16 + (unsigned)digit;
		return ++b->digits > CHUNK_DIGITS_MAX ? EBADMSG : 0;
	}
	if (!b->digits)
		return EBADMSG;
	b->line_len = 0;
	if (c == '\r')
		b->state = CHUNK_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		b->state = CHUNK_EXTENSION;
	else
		return EBADMSG;
	return 0;
}

/* Inside a line whose text does not matter: an extension or a trailer field. */
static int skip_char(struct cw_http1_body *b, char c, unsigned max, enum body_state after)
{
	if (c == '\r')
		b->state = after;
	else if (c == '\n' || ++b->line_len > max)
		return EBADMSG;
	return 0;
}

static int expect(struct cw_http1_body *b, char c, char wanted, enum body_state after)
{
	if (c != wanted)
		return EBADMSG;
	b->state = after;
	return 0;
}

/* One character of the framing around chunks. */
static int framing_char(struct cw_http1_body *b, char c)
{
	switch (b->state) {
	case CHUNK_SIZE:
		return size_char(b, c);
	case CHUNK_EXTENSION:
		return skip_char(b, c, CHUNK_LINE_MAX, CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		b->digits = 0;
		return expect(b, c, '\n', b->left ? CHUNK_DATA : TRAILER_START);
	case CHUNK_DATA_CR:
		return expect(b, c, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return expect(b, c, '\n', CHUNK_SIZE);
	case TRAILER_START:
		b->line_len++;
		b->state = c == '\r' ? LAST_LF : TRAILER_LINE;
		return c == '\n' ? EBADMSG : 0;
	case TRAILER_LINE:
		return skip_char(b, c, TRAILER_LINE_MAX, TRAILER_LF);
	case TRAILER_LF:
		return expect(b, c, '\n', TRAILER_START);
	default:
		return expect(b, c, '\n', BODY_DONE);
	}
}

int cw_http1_body_read(struct cw_http1_body *b, const char **p, size_t *n, struct cw_str *piece)
{
	*piece = (struct cw_str){*p, 0};
	while (*n && b->state != BODY_DONE) {
		if (b->state == BODY_LENGTH || b->state == CHUNK_DATA) {
			*piece = (struct cw_str){*p, *n < b->left ? *n : (size_t)b->left};
			*p += piece->len;
			*n -= piece->len;
			b->left -= piece->len;
			if (!b->left)
				b->state = b->state == BODY_LENGTH ? BODY_DONE : CHUNK_DATA_CR;
			return 0;
		}

		int err = framing_char(b, **p);

		if (err)
			return err;
		++*p;
		--*n;
	}
	return 0;
}
