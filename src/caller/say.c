#include "caller/say.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* Length of the tag at the head of @s and its pause; 0: there is none. */
static size_t tag(struct cw_str s, unsigned *ms)
{
	const char *to = s.len ? memchr(s.p, '>', s.len) : NULL;
	double v = 0, unit = 1;

	if (!to || !cw_str_starts(s, "<pause "))
		return 0;

	struct cw_str in = cw_str_trim((struct cw_str){s.p + 7, (size_t)(to - s.p) - 7});

	if (in.len > 2 && !memcmp(in.p + in.len - 2, "ms", 2)) {
		in.len -= 2;
	} else if (in.len > 1 && in.p[in.len - 1] == 's') {
		in.len -= 1;
		unit = 1000;
	}
	if (cw_str_double(cw_str_trim(in), &v) || v * unit < 1 || v * unit > CW_SAY_PAUSE_MAX_MS)
		return 0;
	*ms = (unsigned)(v * unit);
	return (size_t)(to - s.p) + 1;
}

bool cw_say_next(struct cw_str *rest, struct cw_str *words, unsigned *pause_ms)
{
	size_t n = 0, used = 0;

	*rest = cw_str_trim(*rest);
	if (!rest->len)
		return false;
	*pause_ms = 0;
	for (; n < rest->len; n++)
		if (rest->p[n] == '<' && (used = tag((struct cw_str){rest->p + n, rest->len - n}, pause_ms)) > 0)
			break;
	*words = cw_str_trim((struct cw_str){rest->p, n});
	*rest = (struct cw_str){rest->p + n + used, rest->len - n - used};
	return true;
}

int cw_say_check(const char *text, struct cw_why *why)
{
	struct cw_str rest = cw_str(text), words;
	unsigned ms;
	bool any = false;

	while (cw_say_next(&rest, &words, &ms)) {
		const char *at = words.len ? memmem(words.p, words.len, "<pause", 6) : NULL;

		if (at)
			return cw_why_set(why, EINVAL,
				"'%.*s': a pause is written <pause 1200ms> or <pause 1.5s>, of 30 s at most",
				(int)(words.len - (size_t)(at - words.p) < 24 ? words.len - (size_t)(at - words.p)
									      : 24),
				at);
		any = any || words.len;
	}
	return any ? 0 : cw_why_set(why, EINVAL, "nothing is said");
}

char *cw_say_plain(void *parent, const char *text)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);
	struct cw_str rest = cw_str(text), words;
	unsigned ms;

	cw_buf_puts(&b, "");
	while (cw_say_next(&rest, &words, &ms)) {
		if (b.len && words.len)
			cw_buf_putc(&b, ' ');
		cw_buf_put(&b, words.p, words.len);
	}
	return cw_buf_take(&b, parent);
}
