#include "speech/speakable.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/norm.h"

#define SPOKEN_MAX (64 * 1024)
#define TOKEN_MAX  256 /* bytes of a word which are looked at; the rest is passed on */

struct abbreviation {
	const char *written, *spoken;
	bool needs_dot;
};

static const struct abbreviation abbreviations[] = {
	{"ave", "Avenue", false},
	{"blvd", "Boulevard", false},
	{"rd", "Road", false},
	{"ln", "Lane", false},
	{"ct", "Court", true},
	{"apt", "Apartment", false},
	{"hwy", "Highway", false},
	{"pkwy", "Parkway", false},
	{"mon", "Monday", true},
	{"tue", "Tuesday", true},
	{"tues", "Tuesday", true},
	{"wed", "Wednesday", true},
	{"thu", "Thursday", true},
	{"thurs", "Thursday", true},
	{"fri", "Friday", true},
	{"sat", "Saturday", true},
	{"sun", "Sunday", true},
	{"jan", "January", true},
	{"feb", "February", true},
	{"mar", "March", true},
	{"apr", "April", true},
	{"jun", "June", true},
	{"jul", "July", true},
	{"aug", "August", true},
	{"sep", "September", true},
	{"sept", "September", true},
	{"oct", "October", true},
	{"nov", "November", true},
	{"dec", "December", true},
	{"ok", "okay", false},
	{"a/c", "A C", false},
	{"ac", "A C", false},
	{"&", "and", false},
	{"approx", "approximately", true},
	{"min", "minutes", true},
	{"hr", "hour", true},
	{"hrs", "hours", true},
};

/* U+00C0 … U+00FF without their accents. */
static const char latin1[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One code point of UTF-8 (or a stray byte as U+FFFD); returns its length. */
static size_t decode(struct cw_str s, unsigned *ret)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 0;

	*ret = 0xFFFD;
	if (!n || n > s.len)
		return 1;
	unsigned v = n == 1 ? c : c & (0x7Fu >> n);

	for (size_t i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)s.p[i] & 0x3Fu);
	*ret = v;
	return n;
}

static const char *plain_sign(unsigned c)
{
	switch (c) {
	case 0x2018:
	case 0x2019:
		return "'";
	case 0x2010:
	case 0x2011:
	case 0x2013:
		return "-";
	case 0x2014:
		return ", ";
	case 0x2026:
		return ".";
	case 0xB0:
		return " degrees ";
	default:
		return " ";
	}
}

/* @token in ASCII. */
static void fold(struct cw_str token, struct cw_buf *out)
{
	while (token.len) {
		unsigned c;
		size_t n = decode(token, &c);

		if (c == '"' || c == '[' || c == ']' || c == '{' || c == '}' || c == '<' || c == '>' || c == '|' ||
			c == '*' || c == '_')
			cw_buf_putc(out, ' ');
		else if (c < 0x80)
			cw_buf_putc(out, (char)c);
		else if (c >= 0xC0 && c <= 0xFF)
			cw_buf_putc(out, latin1[c - 0xC0]);
		else
			cw_buf_puts(out, plain_sign(c));
		token.p += n;
		token.len -= n;
	}
}

static size_t count_digits(struct cw_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += digit(s.p[i]);
	return n;
}

static bool only(struct cw_str s, const char *set)
{
	for (size_t i = 0; i < s.len; i++)
		if (!digit(s.p[i]) && !strchr(set, s.p[i]))
			return false;
	return s.len > 0;
}

static bool iso_date(struct cw_str s)
{
	return s.len == 10 && s.p[4] == '-' && s.p[7] == '-' && count_digits(s) == 8;
}

/* Figures one by one, with short pauses where the number is written in groups (or where ten figures usually break). */
static void spell_digits(struct cw_str s, struct cw_buf *out)
{
	bool groups = count_digits(s) != s.len;
	size_t nth = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!digit(s.p[i]))
			continue;
		if (nth)
			cw_buf_puts(out,
				(groups ? !digit(s.p[i - 1]) : s.len == 10 && (nth == 3 || nth == 6)) ? ", " : " ");
		cw_buf_putc(out, s.p[i]);
		nth++;
	}
}

static bool is_code_word(struct cw_str previous)
{
	return cw_str_eq_fold(previous, "zip") || cw_str_eq_fold(previous, "code") ||
	       cw_str_eq_fold(previous, "zipcode") || cw_str_eq_fold(previous, "extension");
}

static bool spell_number(struct cw_str core, struct cw_str previous, struct cw_buf *out)
{
	size_t n = count_digits(core);
	bool number = only(core, "+-.()") && n >= 7;
	bool code = only(core, "-") && n >= 4 && is_code_word(previous);

	if (!n || iso_date(core) || !(number || code || cw_str_eq(core, "911")))
		return false;
	spell_digits(core, out);
	return true;
}

static int say_date(struct cw_str core, struct cw_buf *out)
{
	char *words = cw_norm_spoken(NULL, core);

	if (!words)
		return ENOMEM;
	cw_buf_puts(out, words);
	talloc_free(words);
	return 0;
}

/* "St." is a street behind a name, a saint before one. */
static bool is_street(struct cw_str core, struct cw_str previous, struct cw_str next)
{
	if (!cw_str_eq_fold(core, "st"))
		return false;
	return previous.len && isupper((unsigned char)previous.p[0]) &&
	       !(next.len && isupper((unsigned char)next.p[0]) && previous.len < 3);
}

static const char *expand(struct cw_str core, char after)
{
	for (size_t i = 0; i < CW_COUNT(abbreviations); i++)
		if (cw_str_eq_fold(core, abbreviations[i].written) && (after == '.' || !abbreviations[i].needs_dot))
			return abbreviations[i].spoken;
	return NULL;
}

static void put_word(struct cw_str core, struct cw_buf *out)
{
	for (size_t i = 0; i < core.len; i++) {
		char c = core.p[i];
		bool between = i > 0 && i + 1 < core.len && isalpha((unsigned char)core.p[i - 1]) &&
			       isalpha((unsigned char)core.p[i + 1]);

		if (c == '#')
			cw_buf_puts(out, " number ");
		else if (c == '@')
			cw_buf_puts(out, " at ");
		else
			cw_buf_putc(out, c == '/' && between ? ' ' : c);
	}
}

/* A word without the signs before and behind it; *@lead and *@tail get those. */
static struct cw_str core_of(struct cw_str w, struct cw_str *lead, struct cw_str *tail)
{
	size_t a = 0, b = w.len;

	while (a < b && strchr("\"'( ", w.p[a]))
		a++;
	while (b > a && strchr("\"').,;:?! ", w.p[b - 1]))
		b--;
	*lead = (struct cw_str){w.p, a};
	*tail = (struct cw_str){w.p + b, w.len - b};
	return (struct cw_str){w.p + a, b - a};
}

static int put_token(struct cw_str token, struct cw_str previous, struct cw_str next, struct cw_buf *out)
{
	struct cw_buf folded CW_BUF_SCOPED = CW_BUF(SPOKEN_MAX);
	struct cw_str lead, tail, core;
	int err = 0;

	fold(token, &folded);
	core = core_of(cw_buf_str(&folded), &lead, &tail);
	const char *expanded = core.len < TOKEN_MAX ? expand(core, tail.len ? tail.p[0] : 0) : NULL;

	if (is_street(core, previous, next))
		expanded = "Street";

	if (spell_number(core, previous, out))
		;
	else if (iso_date(core) || (only(core, "/") && memchr(core.p, '/', core.len)))
		err = say_date(core, out);
	else if (expanded)
		cw_buf_puts(out, expanded);
	else
		put_word(core, out);
	if (expanded && next.len && tail.len && tail.p[0] == '.') {
		tail.p++; /* the dot of an abbreviation ends a sentence only at the end of the text */
		tail.len--;
	}
	cw_buf_put(out, tail.p, tail.len);
	return err ? err : cw_buf_err(&folded);
}

static struct cw_str token_at(const char *text, size_t at)
{
	size_t end;

	while (blank(text[at]))
		at++;
	for (end = at; text[end] && !blank(text[end]);)
		end++;
	return (struct cw_str){text + at, end - at};
}

static int fill(struct cw_speakable *s, const char *text)
{
	struct cw_buf out CW_BUF_SCOPED = CW_BUF(SPOKEN_MAX);
	struct cw_str previous = {"", 0}, token = token_at(text, 0);

	s->words = talloc_array(s, struct cw_speakable_word, strlen(text) / 2 + 1);
	if (!s->words)
		return ENOMEM;
	while (token.len) {
		size_t end = (size_t)(token.p - text) + token.len;
		struct cw_str next = token_at(text, end);

		if (out.len)
			cw_buf_putc(&out, ' ');
		int err = put_token(token, previous, next, &out);

		if (err)
			return err;
		s->words[s->n_words++] = (struct cw_speakable_word){.spoken_end = out.len, .text_end = end};
		previous = token;
		token = next;
	}
	for (size_t i = 0; i < out.len && !s->audible; i++)
		s->audible = isalnum((unsigned char)out.p[i]);
	if (!out.len)
		cw_buf_puts(&out, " ");
	s->text = cw_buf_take(&out, s);
	return s->text ? 0 : ENOMEM;
}

int cw_speakable_new(void *parent, const char *text, struct cw_speakable **ret)
{
	CW_SCOPED struct cw_speakable *s = talloc_zero(NULL, struct cw_speakable);

	if (!s)
		return ENOMEM;
	int err = fill(s, text);

	if (err)
		return err;
	*ret = talloc_move(parent, &s);
	return 0;
}
