#include "language/sentence.h"

#include "base/mem.h"
#include "base/words.h"

#define CLAUSE_BYTES 160
#define MAX_BYTES    400

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of the closing quote or bracket at @i, 0 when it is none. */
static size_t closer(struct cw_str s, size_t i)
{
	static const char *const closers[] = {
		"\"", "'", ")", "]", "\xe2\x80\x9d", "\xe2\x80\x99", "\xc2\xbb", "*", "_"};

	for (size_t k = 0; k < CW_COUNT(closers); k++) {
		size_t n = strlen(closers[k]);

		if (s.len - i >= n && memcmp(s.p + i, closers[k], n) == 0)
			return n;
	}
	return 0;
}

/* The word (letters, digits, full stops inside) which ends at @end. */
static struct cw_str word_before(struct cw_str s, size_t end)
{
	size_t from = end;

	while (from && !is_blank(s.p[from - 1]) && !strchr("(\"'[", s.p[from - 1]))
		from--;
	return (struct cw_str){s.p + from, end - from};
}

static bool in_list(struct cw_str w, const char *list)
{
	struct cw_str rest = cw_str(list), one;
	char low[16];

	if (w.len >= sizeof(low))
		return false;
	for (size_t i = 0; i < w.len; i++)
		low[i] = (char)cw_char_lower((unsigned char)w.p[i]);
	while (cw_str_split(&rest, ' ', &one))
		if (one.len == w.len && memcmp(one.p, low, w.len) == 0)
			return true;
	return false;
}

static bool is_upper_at(struct cw_str s, size_t i)
{
	size_t n;

	if (i >= s.len)
		return false;

	uint32_t c = cw_char_next((struct cw_str){s.p + i, s.len - i}, &n);

	return cw_char_lower(c) != c;
}

enum verdict { NOT_AN_END, AN_END, NOT_YET_KNOWN };

/* Abbreviations end a sentence only when a capital follows, most titles never. @next: where the following word begins. */
static enum verdict after_full_stop(struct cw_str s, size_t dot, size_t next, bool more)
{
	struct cw_str w = word_before(s, dot);
	bool capital = is_upper_at(s, next);
	bool at_end = next >= s.len;

	if (!w.len)
		return AN_END;
	if (in_list(w,
		    "mr mrs ms dr prof rev gen sgt capt lt col hon fr vs no nos fig approx ca e.g i.e cf viz mt ft jan feb mar apr jun jul aug sep sept oct nov dec"))
		return at_end && !more ? AN_END : NOT_AN_END;
	if (in_list(w, "st")) {
		struct cw_str before = word_before(s, (size_t)(w.p - s.p) ? (size_t)(w.p - s.p) - 1 : 0);
		bool street = before.len && before.p > s.p && is_upper_at(s, (size_t)(before.p - s.p));

		if (!street)
			return at_end && !more ? AN_END : NOT_AN_END;
	} else if (w.len == 1 && w.p[0] >= 'A' && w.p[0] <= 'Z' && w.p[0] != 'I') {
		return at_end && !more ? AN_END : NOT_AN_END;
	} else if (!in_list(w, "st ave blvd rd ln ct hwy pkwy apt inc ltd co corp jr sr etc a.m p.m u.s u.k d.c p.s") &&
		   !memchr(w.p, '.', w.len)) {
		for (size_t i = 0; i < w.len; i++)
			if (!is_digit(w.p[i]))
				return AN_END;
		return w.p == s.p && w.len <= 2 && !at_end ? NOT_AN_END : AN_END; /* "1. First" is a list */
	}
	if (at_end)
		return more ? NOT_YET_KNOWN : AN_END;
	return capital ? AN_END : NOT_AN_END;
}

/* Is @i the first byte of an end mark? Sets *@end behind it and its closers. */
static enum verdict sentence_end(struct cw_str s, size_t i, bool more, size_t *end)
{
	static const char *const ideographic[] = {"\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f"}; /* 。！？ */
	bool ellipsis = s.len - i >= 3 && (memcmp(s.p + i, "...", 3) == 0 || memcmp(s.p + i, "\xe2\x80\xa6", 3) == 0);
	size_t e = i, n;

	if (s.p[i] == '\n') {
		*end = i;
		return AN_END;
	}
	for (size_t k = 0; k < CW_COUNT(ideographic); k++)
		if (s.len - i >= 3 && memcmp(s.p + i, ideographic[k], 3) == 0) {
			*end = i + 3;
			return AN_END;
		}
	if (!ellipsis && !strchr(".!?", s.p[i]))
		return NOT_AN_END;
	e += ellipsis ? 3 : 1;
	while (e < s.len && strchr(".!?", s.p[e]))
		e++;
	while (e < s.len && (n = closer(s, e)))
		e += n;
	*end = e;
	if (e == s.len && more)
		return NOT_YET_KNOWN;
	if (e < s.len && !is_blank(s.p[e]))
		return NOT_AN_END;

	size_t next = e;

	while (next < s.len && is_blank(s.p[next]))
		next++;
	if (ellipsis) {
		if (next == s.len)
			return more ? NOT_YET_KNOWN : AN_END;
		return is_upper_at(s, next) ? AN_END : NOT_AN_END;
	}
	return s.p[i] == '.' && e == i + 1 ? after_full_stop(s, i, next, more) : AN_END;
}

/* A place where a long sentence may be cut: behind ; : , or a dash, before " and " and the like. */
static bool clause_end(struct cw_str s, size_t i, size_t *end)
{
	static const char *const joints[] = {" and ", " but ", " because ", " so ", " or "};

	if (strchr(",;:", s.p[i]) && i + 1 < s.len && is_blank(s.p[i + 1])) {
		*end = i + 1;
		return true;
	}
	if (s.len - i > 3 && (memcmp(s.p + i, "\xe2\x80\x94", 3) == 0 || memcmp(s.p + i, "\xe2\x80\x93", 3) == 0) &&
		(is_blank(s.p[i + 3]) || (i && !is_digit(s.p[i - 1])))) {
		*end = i + 3;
		return true;
	}
	for (size_t k = 0; k < CW_COUNT(joints); k++) {
		size_t n = strlen(joints[k]);

		if (s.len - i >= n && memcmp(s.p + i, joints[k], n) == 0) {
			*end = i;
			return true;
		}
	}
	return false;
}

/* Nothing better within @max bytes: the last blank, or the last whole character. */
static size_t forced_end(struct cw_str s, size_t max)
{
	size_t i = max;

	while (i && !is_blank(s.p[i]))
		i--;
	if (i)
		return i;
	for (i = max; i > 1 && ((unsigned char)s.p[i] & 0xc0) == 0x80; i--)
		;
	return i;
}

static bool cut(struct cw_str *rest, size_t end, struct cw_str *piece)
{
	*piece = cw_str_trim((struct cw_str){rest->p, end});
	rest->p += end;
	rest->len -= end;
	return piece->len > 0;
}

bool cw_sentence_next(struct cw_str *rest, bool more, const struct cw_sentence_conf *conf, struct cw_str *piece)
{
	size_t min = conf ? conf->min_bytes : 0;
	size_t clause = conf && conf->clause_bytes ? conf->clause_bytes : CLAUSE_BYTES;
	size_t max = conf && conf->max_bytes ? conf->max_bytes : MAX_BYTES;
	size_t end;

	if (max < 8)
		max = 8;
	while (rest->len && is_blank(rest->p[0])) {
		rest->p++;
		rest->len--;
	}
	for (size_t i = 0; i < rest->len; i++) {
		end = i + 1;

		enum verdict v = sentence_end(*rest, i, more, &end);

		if (v == NOT_YET_KNOWN && i < max)
			return false;
		if (v == AN_END && end >= min && end <= max && end)
			return cut(rest, end, piece);
		if (end > i + 1)
			i = end - 1;
		if (i >= clause && i < max && clause_end(*rest, i, &end))
			return cut(rest, end, piece);
		if (i >= max)
			return cut(rest, forced_end(*rest, max), piece);
	}
	if (more || !rest->len)
		return false;
	return cut(rest, rest->len, piece);
}
