#include "base/norm.h"

#include "base/norm_int.h"
#include "base/number.h"

#define CHUNK_WORDS 160 /* a long text is worked on in pieces of about this many words */

static const char *const month_names[] = {"january", "february", "march", "april", "may", "june", "july", "august",
	"september", "october", "november", "december"};
static const char *const month_short[] = {
	"jan", "feb", "mar", "apr", "", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

unsigned cw_norm_month(const struct cw_words *ws, size_t i)
{
	if (i >= ws->n)
		return 0;
	if (cw_words_is(ws, i, "sept"))
		return 9;
	for (unsigned m = 0; m < 12; m++)
		if (cw_str_eq(ws->w[i], month_names[m]) || (month_short[m][0] && cw_str_eq(ws->w[i], month_short[m])))
			return m + 1;
	return 0;
}

const char *cw_norm_month_name(unsigned month)
{
	return month_names[month - 1];
}

void cw_norm_add(struct cw_buf *b, struct cw_str word)
{
	if (!word.len)
		return;
	if (b->len)
		cw_buf_putc(b, ' ');
	cw_buf_put(b, word.p, word.len);
}

/* Could a number or date go on across a cut in front of word @i? */
static bool tears(const struct cw_words *ws, size_t i)
{
	uint64_t v;

	return cw_number_cardinal(ws, i, &v) || cw_number_digit(ws->w[i]) >= 0 || cw_number_ordinal(ws, i, &v) ||
	       ws->w[i].p[0] < 'a' || cw_norm_month(ws, i) ||
	       cw_words_in(ws, i,
		       "hundred thousand million billion trillion and point of the dollars dollar cents cent percent am pm o'clock oclock double triple past to");
}

bool cw_norm_next(struct cw_str *rest, struct cw_words *ws, struct cw_str *part)
{
	if (!rest->len)
		return false;
	cw_words_init(ws, *rest);
	*part = *rest;
	if (!ws->cut) {
		*rest = (struct cw_str){rest->p + rest->len, 0};
		return true;
	}

	size_t n = ws->n < CHUNK_WORDS ? ws->n : CHUNK_WORDS;

	while (n > 1 && n > ws->n / 2 && (tears(ws, n - 1) || (n < ws->n && tears(ws, n))))
		n--;
	ws->n = n;

	size_t used = n ? ws->at[n - 1].to : 0;

	if (!used) /* 60,000 bytes without a word */
		used = part->len < 60000 ? part->len : 60000;
	rest->p += used;
	rest->len -= used;
	return true;
}

static struct cw_buf buffer_for(struct cw_str text)
{
	return CW_BUF(text.len > SIZE_MAX / 64 ? SIZE_MAX / 2 : text.len * 32 + 1024);
}

char *cw_norm_fold(void *parent, struct cw_str text)
{
	CW_BUF_SCOPED struct cw_buf b = buffer_for(text);
	uint32_t before = ' ';
	bool apostrophe = false;

	cw_buf_put(&b, "", 0);
	for (size_t i = 0, n; i < text.len; i += n) {
		char bytes[4];
		uint32_t c = cw_char_next((struct cw_str){text.p + i, text.len - i}, &n);

		if (c == '\'' || c == 0x2019 || c == 0x2bc) {
			apostrophe = before != ' ' && !apostrophe;
			if (!apostrophe)
				before = ' ';
			continue;
		}
		if (!cw_char_is_word(c)) {
			before = ' ';
			apostrophe = false;
			continue;
		}
		if (apostrophe)
			cw_buf_putc(&b, '\'');
		else if (before == ' ' && b.len)
			cw_buf_putc(&b, ' ');
		apostrophe = false;
		before = c;
		cw_buf_put(&b, bytes, cw_char_put(cw_char_lower(c), bytes));
	}
	return cw_buf_take(&b, parent);
}

char *cw_norm_spoken(void *parent, struct cw_str text)
{
	CW_BUF_SCOPED struct cw_buf b = buffer_for(text);
	struct cw_words ws;
	struct cw_str part;

	cw_buf_put(&b, "", 0);
	while (cw_norm_next(&text, &ws, &part))
		cw_norm_speak(&b, &ws, part);
	return cw_buf_take(&b, parent);
}

static char *written(void *parent, struct cw_str text, bool match)
{
	CW_BUF_SCOPED struct cw_buf b = buffer_for(text);
	struct cw_words ws;
	struct cw_str part;

	cw_buf_put(&b, "", 0);
	while (cw_norm_next(&text, &ws, &part))
		cw_norm_write(&b, &ws, match);
	return cw_buf_take(&b, parent);
}

char *cw_norm_written(void *parent, struct cw_str text)
{
	return written(parent, text, false);
}

char *cw_norm_match(void *parent, struct cw_str text)
{
	return written(parent, text, true);
}

size_t cw_norm_digits(struct cw_str text, char *out, size_t size)
{
	size_t len = 0;
	struct cw_words ws;
	struct cw_str part;

	if (!size)
		return 0;
	out[0] = 0;
	while (cw_norm_next(&text, &ws, &part)) {
		for (size_t i = 0; i < ws.n;) {
			size_t n = cw_number_digits(&ws, i, out, size, &len);

			if (!n && ws.w[i].p[0] == '+')
				for (size_t k = 1; k < ws.w[i].len && len + 1 < size; k++)
					out[len++] = ws.w[i].p[k];
			i += n ? n : 1;
		}
	}
	out[len] = 0;
	return len;
}

bool cw_norm_has(const char *text, const char *words)
{
	size_t len = strlen(words);

	if (!len)
		return true;
	for (const char *at = text; (at = strstr(at, words)); at++)
		if ((at == text || at[-1] == ' ') && (at[len] == 0 || at[len] == ' '))
			return true;
	return false;
}

bool cw_norm_contains(struct cw_str haystack, struct cw_str needle)
{
	CW_SCOPED char *h = cw_norm_match(NULL, haystack);
	CW_SCOPED char *n = cw_norm_match(NULL, needle);

	return h && n && cw_norm_has(h, n);
}

static size_t count_words(const char *s)
{
	size_t n = *s != 0;

	for (; *s; s++)
		n += *s == ' ';
	return n;
}

/* Cut @s into @n slices under @parent. */
static struct cw_str *slice_words(void *parent, const char *s, size_t n)
{
	struct cw_str *w = talloc_array(parent, struct cw_str, n + 1), rest = cw_str(s);

	for (size_t i = 0; w && i < n; i++)
		if (!cw_str_split(&rest, ' ', &w[i]))
			w[i] = (struct cw_str){"", 0};
	return w;
}

/* Levenshtein by words with one row of memory. */
static size_t word_distance(const struct cw_str *a, size_t n, const struct cw_str *b, size_t m, size_t *row)
{
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			bool same = a[i - 1].len == b[j - 1].len && memcmp(a[i - 1].p, b[j - 1].p, a[i - 1].len) == 0;
			size_t old = row[j], best = diagonal + !same;

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = old;
		}
	}
	return row[m];
}

size_t cw_norm_word_errors(struct cw_str ref, struct cw_str hyp, size_t *words)
{
	CW_SCOPED char *r = cw_norm_match(NULL, ref);
	CW_SCOPED char *h = cw_norm_match(NULL, hyp);

	*words = 0;
	if (!r || !h)
		return 0;

	size_t n = count_words(r), m = count_words(h);
	struct cw_str *a = slice_words(r, r, n), *b = slice_words(r, h, m);
	size_t *row = talloc_array(r, size_t, m + 1);

	if (!a || !b || !row)
		return 0;
	*words = n;
	return word_distance(a, n, b, m, row);
}
