#include "base/words.h"

#include "base/mem.h"

#define LOOK_MAX_BYTES 60000

struct cutter {
	struct cw_words *ws;
	struct cw_str all;
	size_t at;        /* byte now looked at */
	size_t used;      /* of ws->text */
	size_t word_from; /* in ws->text */
	size_t from;      /* of the word in the original */
	bool open;        /* a word is being built */
	bool pause;       /* since the last word */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The byte @offset from the one looked at, 0 outside. */
static char peek(const struct cutter *k, int offset)
{
	size_t i = k->at + (size_t)offset;

	return (offset >= 0 || k->at >= (size_t)-offset) && i < k->all.len ? k->all.p[i] : 0;
}

static char last_of(const struct cutter *k)
{
	return k->open && k->used > k->word_from ? k->ws->text[k->used - 1] : 0;
}

static void append(struct cutter *k, const char *p, size_t n)
{
	if (!k->open) {
		k->open = true;
		k->word_from = k->used;
		k->from = k->at;
	}
	if (k->used + n > sizeof(k->ws->text)) {
		k->ws->cut = true;
		return;
	}
	memcpy(k->ws->text + k->used, p, n);
	k->used += n;
}

static void add_word(struct cw_words *ws, struct cw_str w, size_t from, size_t to, bool pause)
{
	if (ws->n == CW_WORDS_MAX) {
		ws->cut = true;
		return;
	}
	ws->w[ws->n] = w;
	ws->at[ws->n].from = (uint16_t)from;
	ws->at[ws->n].to = (uint16_t)to;
	ws->at[ws->n].pause = pause;
	ws->n++;
}

/* "9", "nine", "nine o'clock", "fifteen": an hour or minute may be word @i, so that "a m" behind it means the morning. */
static bool ends_a_time(const struct cw_words *ws, size_t i)
{
	return is_digit(ws->w[i].p[0]) ||
	       cw_words_in(ws, i,
		       "one two three four five six seven eight nine ten eleven twelve o'clock oclock clock thirteen fourteen fifteen "
		       "sixteen seventeen eighteen nineteen twenty thirty forty fifty");
}

/* "nine a", now "m": the two letters become one word. */
static bool merge_meridiem(struct cw_words *ws, struct cw_str w, size_t to)
{
	if (ws->n < 2 || !cw_str_eq(w, "m") || !cw_words_in(ws, ws->n - 1, "a p") || !ends_a_time(ws, ws->n - 2))
		return false;
	ws->w[ws->n - 1] = cw_str(ws->w[ws->n - 1].p[0] == 'a' ? "am" : "pm");
	ws->at[ws->n - 1].to = (uint16_t)to;
	return true;
}

/* "2pm": where its letters begin, else 0. */
static size_t meridiem_tail(struct cw_str w)
{
	size_t tail = w.len > 2 ? w.len - 2 : 0;

	if (!tail || !is_digit(w.p[0]) || !is_digit(w.p[tail - 1]) || w.p[tail + 1] != 'm')
		return 0;
	return w.p[tail] == 'a' || w.p[tail] == 'p' ? tail : 0;
}

static void close_word(struct cutter *k)
{
	struct cw_words *ws = k->ws;
	struct cw_str w = {ws->text + k->word_from, k->used - k->word_from};

	if (!k->open)
		return;
	k->open = false;
	if (!w.len)
		return;

	size_t tail = meridiem_tail(w);

	if (tail) {
		add_word(ws, (struct cw_str){w.p, tail}, k->from, k->from + tail, k->pause);
		add_word(ws, (struct cw_str){w.p + tail, 2}, k->from + tail, k->at, false);
	} else if (!merge_meridiem(ws, w, k->at)) {
		add_word(ws, w, k->from, k->at, k->pause);
	}
	k->pause = false;
}

/* "1,000" or "12,345,678": the comma is inside a number. */
static bool groups_thousands(const struct cutter *k)
{
	size_t digits = 0;

	while (k->used - digits > k->word_from && is_digit(k->ws->text[k->used - digits - 1]))
		digits++;
	if (!digits || (digits > 3 && peek(k, -4) != ','))
		return false;
	if (digits < k->used - k->word_from && strchr(".:/", k->ws->text[k->used - digits - 1]))
		return false;
	return is_digit(peek(k, 1)) && is_digit(peek(k, 2)) && is_digit(peek(k, 3)) && !is_digit(peek(k, 4));
}

/* "2026-12-03" or "2026-1-3": the word so far is a year, or a year and a month. */
static bool inside_iso_date(const struct cutter *k)
{
	size_t len = k->used - k->word_from;
	const char *p = k->ws->text + k->word_from;
	bool year = len >= 4 && (p[0] == '1' || p[0] == '2') && is_digit(p[1]) && is_digit(p[2]) && is_digit(p[3]);

	if (!year || !is_digit(peek(k, 1)))
		return false;
	if (len == 4) /* a month and a second dash must follow */
		return peek(k, 2) == '-' || (is_digit(peek(k, 2)) && peek(k, 3) == '-');
	return p[4] == '-' && len <= 7 && is_digit(last_of(k)) && !is_digit(peek(k, 3));
}

/* "p.m.", "u.s.": single letters with full stops are one word. */
static bool inside_initials(const struct cutter *k)
{
	char before = last_of(k), before2 = k->used > k->word_from + 1 ? k->ws->text[k->used - 2] : 0;
	char dot2 = peek(k, -2);

	if (!is_letter(before) || !is_letter(peek(k, 1)) || is_letter(peek(k, 2)) || is_digit(peek(k, 2)))
		return false;
	return !before2 || is_digit(before2) || dot2 == '.';
}

/* Does the ASCII punctuation looked at belong to the word? */
static bool belongs(const struct cutter *k, char c)
{
	char before = last_of(k), after = peek(k, 1);
	bool starts = !k->open && (k->at == 0 || peek(k, -1) == ' ' || peek(k, -1) == '\n' || peek(k, -1) == '\t' ||
					  peek(k, -1) == '(');

	switch (c) {
	case '\'':
		return before && (is_letter(after) || (unsigned char)after >= 0x80) && before != '\'';
	case ':':
	case '/':
		return is_digit(before) && is_digit(after);
	case '.':
		return is_digit(after) && (is_digit(before) || starts);
	case '-':
		return (starts && is_digit(after)) || (is_digit(before) && inside_iso_date(k));
	case '+':
		return starts && (is_digit(after) || (after == '(' && is_digit(peek(k, 2))));
	case '$':
		return !k->open && (is_digit(after) || after == '.');
	case '%':
		return is_digit(before);
	default:
		return false;
	}
}

static bool is_currency(uint32_t c)
{
	return c == 0xa3 || c == 0xa5 || c == 0x20ac;
}

static void punctuation(struct cutter *k, uint32_t c, size_t n)
{
	static const char pauses[] = ",.;:!?()[]\n\"";

	if (c < 0x80 && belongs(k, (char)c)) {
		if (c == '.' && !k->open)
			append(k, "0", 1);
		append(k, k->all.p + k->at, 1);
	} else if (is_currency(c) && !k->open && is_digit(peek(k, (int)n))) {
		append(k, k->all.p + k->at, n);
	} else if ((c == 0x2019 || c == 0x2bc) && k->open && cw_char_is_word((unsigned char)peek(k, (int)n))) {
		append(k, "'", 1);
	} else if ((c == '.' && inside_initials(k)) || (c == ',' && groups_thousands(k))) {
		return; /* dropped, the word goes on */
	} else {
		close_word(k);
		if (c == '&') {
			append(k, "and", 3);
			k->at += n;
			close_word(k);
			k->at -= n;
		}
		if ((c < 0x80 && strchr(pauses, (int)c)) || c == 0x2026 || (c >= 0x2012 && c <= 0x2015) ||
			(c >= 0x3001 && c <= 0x3002))
			k->pause = true;
	}
}

void cw_words_init(struct cw_words *ws, struct cw_str text)
{
	struct cutter k = {.ws = ws, .all = text};

	ws->n = 0;
	ws->cut = text.len > LOOK_MAX_BYTES;
	if (ws->cut)
		k.all.len = LOOK_MAX_BYTES;
	while (k.at < k.all.len && !(ws->cut && ws->n == CW_WORDS_MAX)) {
		size_t n;
		char bytes[4] = "";
		uint32_t c = cw_char_next((struct cw_str){k.all.p + k.at, k.all.len - k.at}, &n);

		if (cw_char_is_word(c))
			append(&k, bytes, cw_char_put(cw_char_lower(c), bytes));
		else if (c == 0)
			close_word(&k);
		else
			punctuation(&k, c, n);
		k.at += n;
	}
	close_word(&k);
}

size_t cw_words_match(const struct cw_words *ws, size_t i, const char *phrase)
{
	struct cw_str rest = cw_str(phrase), word;
	size_t n = 0;

	while (cw_str_split(&rest, ' ', &word)) {
		if (i + n >= ws->n || ws->w[i + n].len != word.len || memcmp(ws->w[i + n].p, word.p, word.len) != 0)
			return 0;
		n++;
	}
	return n;
}

size_t cw_words_match_any(const struct cw_words *ws, size_t i, const char *const *phrases)
{
	size_t best = 0;

	for (; *phrases; phrases++) {
		size_t n = cw_words_match(ws, i, *phrases);

		if (n > best)
			best = n;
	}
	return best;
}

bool cw_words_is(const struct cw_words *ws, size_t i, const char *word)
{
	return i < ws->n && cw_str_eq(ws->w[i], word);
}

bool cw_words_in(const struct cw_words *ws, size_t i, const char *list)
{
	struct cw_str rest = cw_str(list), word;

	if (i >= ws->n)
		return false;
	while (cw_str_split(&rest, ' ', &word))
		if (word.len == ws->w[i].len && memcmp(word.p, ws->w[i].p, word.len) == 0)
			return true;
	return false;
}

size_t cw_words_join(const struct cw_words *ws, size_t from, size_t to, char *out, size_t size)
{
	size_t len = 0;

	if (!size)
		return 0;
	for (size_t i = from; i < to && i < ws->n; i++) {
		struct cw_str w = ws->w[i];

		if (len + w.len + 2 > size)
			break;
		if (len)
			out[len++] = ' ';
		memcpy(out + len, w.p, w.len);
		len += w.len;
	}
	out[len] = 0;
	return len;
}

struct cw_str cw_words_slice(const struct cw_words *ws, struct cw_str text, size_t from, size_t to)
{
	if (to > ws->n)
		to = ws->n;
	if (from >= to)
		return (struct cw_str){"", 0};
	return (struct cw_str){text.p + ws->at[from].from, (size_t)(ws->at[to - 1].to - ws->at[from].from)};
}
