#include "language/sse.h"

#include <errno.h>
#include <string.h>

#define TRIM_AT 4096 /* taken bytes that are thrown away in one go */

void cw_sse_init(struct cw_sse *s, size_t max)
{
	*s = (struct cw_sse){.in = CW_BUF(max), .data = CW_BUF(max)};
}

void cw_sse_clear(struct cw_sse *s)
{
	cw_buf_clear(&s->in);
	cw_buf_clear(&s->data);
}

int cw_sse_err(const struct cw_sse *s)
{
	return cw_buf_err(&s->in) ? cw_buf_err(&s->in) : cw_buf_err(&s->data);
}

static void drop_taken(struct cw_sse *s)
{
	if (s->at == s->in.len && !cw_buf_err(&s->in)) {
		cw_buf_reset(&s->in);
		s->at = 0;
	} else if (s->at >= TRIM_AT) {
		cw_buf_trim_front(&s->in, s->at);
		s->at = 0;
	}
}

int cw_sse_feed(struct cw_sse *s, const void *bytes, size_t n)
{
	static const char bom[] = "\xef\xbb\xbf";

	drop_taken(s);
	cw_buf_put(&s->in, bytes, n);
	if (!s->begun && s->in.len >= sizeof(bom) - 1 && !memcmp(s->in.p, bom, sizeof(bom) - 1)) {
		s->begun = true;
		s->at = sizeof(bom) - 1;
	} else if (!s->begun && (s->in.len >= sizeof(bom) - 1 || (s->in.len && memcmp(s->in.p, bom, s->in.len) != 0))) {
		s->begun = true;
	}
	return cw_sse_err(s);
}

static void take_field(struct cw_sse *s, struct cw_str line)
{
	struct cw_str name, value = line;

	if (!cw_str_split(&value, ':', &name))
		return;
	if (value.len && value.p[0] == ' ')
		value = (struct cw_str){value.p + 1, value.len - 1};
	if (cw_str_eq(name, "data")) {
		if (s->has_data)
			cw_buf_putc(&s->data, '\n');
		s->has_data = true;
		cw_buf_put(&s->data, value.p, value.len);
	} else if (cw_str_eq(name, "event")) {
		size_t n = value.len < sizeof(s->name) - 1 ? value.len : sizeof(s->name) - 1;

		memcpy(s->name, value.p, n);
		s->name[n] = '\0';
	}
}

/* The next line without its end; false: not there yet. */
static bool take_line(struct cw_sse *s, struct cw_str *ret)
{
	const char *p = s->in.p + s->at;
	size_t left = s->in.len - s->at, n;

	if (s->after_cr && left) {
		s->after_cr = false;
		if (p[0] == '\n') {
			s->at++;
			p++;
			left--;
		}
	}
	n = s->searched;
	while (n < left && p[n] != '\n' && p[n] != '\r')
		n++;
	s->searched = n == left ? n : 0;
	if (n == left)
		return false;
	s->after_cr = p[n] == '\r';
	*ret = (struct cw_str){p, n};
	s->at += n + 1;
	return true;
}

static void hand_out(struct cw_sse *s, struct cw_sse_event *ret)
{
	*ret = (struct cw_sse_event){cw_buf_str(&s->data), s->name};
	s->handed = true;
	s->has_data = false;
}

static void forget_handed(struct cw_sse *s)
{
	if (!s->handed)
		return;
	s->handed = false;
	s->name[0] = '\0';
	cw_buf_reset(&s->data);
}

bool cw_sse_next(struct cw_sse *s, struct cw_sse_event *ret)
{
	struct cw_str line;

	forget_handed(s);
	while (!cw_sse_err(s) && s->begun && take_line(s, &line)) {
		if (line.len) {
			take_field(s, line);
		} else if (s->has_data && !cw_sse_err(s)) {
			hand_out(s, ret);
			return true;
		} else {
			s->name[0] = '\0';
		}
	}
	return false;
}

bool cw_sse_last(struct cw_sse *s, struct cw_sse_event *ret)
{
	forget_handed(s);
	if (cw_sse_err(s))
		return false;
	if (s->in.p && s->at < s->in.len) {
		take_field(s, (struct cw_str){s->in.p + s->at, s->in.len - s->at});
		s->at = s->in.len;
	}
	if (!s->has_data || cw_sse_err(s))
		return false;
	hand_out(s, ret);
	return true;
}
