#include "base/number.h"

#include "base/mem.h"

#define SCALES 7

static const char *const small_names[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
	"nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
	"nineteen"};
static const char *const tens_names[] = {
	"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
static const char *const small_ordinals[] = {"zeroth", "first", "second", "third", "fourth", "fifth", "sixth",
	"seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
	"sixteenth", "seventeenth", "eighteenth", "nineteenth"};
static const char *const tens_ordinals[] = {
	"", "", "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"};
static const char *const scale_names[SCALES] = {
	"", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"};
static const uint64_t scales[SCALES] = {1, 1000, 1000000, 1000000000, UINT64_C(1000000000000),
	UINT64_C(1000000000000000), UINT64_C(1000000000000000000)};

static int find(struct cw_str w, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (names[i][0] && cw_str_eq(w, names[i]))
			return i;
	return -1;
}

static int small_of(struct cw_str w)
{
	return find(w, small_names, CW_COUNT(small_names));
}

static int tens_of(struct cw_str w)
{
	if (cw_str_eq(w, "fourty"))
		return 4;
	return find(w, tens_names, CW_COUNT(tens_names));
}

int cw_number_digit(struct cw_str word)
{
	int v = small_of(word);

	if (v >= 0)
		return v < 10 ? v : -1;
	if (cw_str_eq(word, "oh") || cw_str_eq(word, "o"))
		return 0;
	return word.len == 1 && word.p[0] >= '0' && word.p[0] <= '9' ? word.p[0] - '0' : -1;
}

static bool figures(const struct cw_words *ws, size_t i, uint64_t *v)
{
	return i < ws->n && ws->w[i].len <= 18 && !cw_str_u64(ws->w[i], UINT64_MAX, v);
}

/* One to ninety-nine in words, or figures below 1000. */
static size_t below_hundred(const struct cw_words *ws, size_t i, uint64_t *v)
{
	if (i >= ws->n)
		return 0;
	if (figures(ws, i, v))
		return *v < 1000 ? 1 : 0;

	int tens = tens_of(ws->w[i]);

	if (tens >= 0) {
		int ones = i + 1 < ws->n ? small_of(ws->w[i + 1]) : -1;

		*v = (uint64_t)tens * 10;
		if (ones < 1 || ones > 9)
			return 1;
		*v += (uint64_t)ones;
		return 2;
	}

	int ones = small_of(ws->w[i]);

	if (ones < 0)
		return 0;
	*v = (uint64_t)ones;
	return 1;
}

static bool scale_at(const struct cw_words *ws, size_t i, int *scale)
{
	if (i >= ws->n)
		return false;
	*scale = find(ws->w[i], scale_names, SCALES);
	return *scale > 0;
}

/* "five hundred and six", "a hundred", "twelve hundred", "forty two". */
static size_t below_thousand(const struct cw_words *ws, size_t i, uint64_t *v)
{
	size_t used = 0, more;
	uint64_t rest;
	int scale;

	if (cw_words_in(ws, i, "a an") && (cw_words_is(ws, i + 1, "hundred") || scale_at(ws, i + 1, &scale))) {
		*v = 1;
		used = 1;
	} else {
		used = below_hundred(ws, i, v);
	}
	if (!used || !*v || *v > 99 || !cw_words_is(ws, i + used, "hundred"))
		return used;
	*v *= 100;
	used++;

	size_t and = cw_words_is(ws, i + used, "and");

	more = below_hundred(ws, i + used + and, &rest);
	if (more && rest && rest < 100) {
		*v += rest;
		used += and+more;
	}
	return used;
}

size_t cw_number_cardinal(const struct cw_words *ws, size_t i, uint64_t *ret)
{
	uint64_t total = 0, part;
	size_t used = 0, n;
	int last_scale = SCALES, scale;

	if (figures(ws, i, ret)) {
		if (!scale_at(ws, i + 1, &scale) || *ret > 999999)
			return 1;
	}
	for (;;) {
		size_t and = used && cw_words_is(ws, i + used, "and");

		n = below_thousand(ws, i + used + and, &part);
		if (!n || (used && !part))
			break;
		scale = 0;
		if (scale_at(ws, i + used + and+n, &scale) && scale >= last_scale)
			break;
		if (scale < 0 || part >= UINT64_MAX / scales[scale])
			scale = 0;
		if (used && scale >= last_scale)
			break;
		if (and&&scale) /* "two thousand and five million" is two numbers */
			break;
		total += part * scales[scale];
		used += and+n + (scale > 0);
		last_scale = scale;
		if (!scale)
			break;
	}
	if (used)
		*ret = total;
	return used;
}

/* "3rd", "21st". */
static bool figure_ordinal(struct cw_str w, uint64_t *v)
{
	static const char *const tails[] = {"st", "nd", "rd", "th"};

	if (w.len < 3)
		return false;
	for (size_t t = 0; t < CW_COUNT(tails); t++)
		if (memcmp(w.p + w.len - 2, tails[t], 2) == 0)
			return !cw_str_u64((struct cw_str){w.p, w.len - 2}, 1000000000, v);
	return false;
}

/* "hundredth", "thousandth". */
static uint64_t big_ordinal(struct cw_str w)
{
	if (cw_str_eq(w, "hundredth"))
		return 100;
	for (int s = 1; s < SCALES; s++)
		if (w.len == strlen(scale_names[s]) + 2 && cw_str_starts(w, scale_names[s]) &&
			memcmp(w.p + w.len - 2, "th", 2) == 0)
			return scales[s];
	return 0;
}

size_t cw_number_ordinal(const struct cw_words *ws, size_t i, uint64_t *ret)
{
	uint64_t head = 0;
	size_t used = 0;

	if (i >= ws->n)
		return 0;
	if (figure_ordinal(ws->w[i], ret))
		return 1;
	/* The longest cardinal in front which leaves an ordinal: "one hundred twenty" + "first". */
	used = cw_number_cardinal(ws, i, &head);
	if (used && ws->w[i].p[0] >= '0' && ws->w[i].p[0] <= '9')
		return 0;

	size_t at = i + used + (used && cw_words_is(ws, i + used, "and"));

	if (at >= ws->n)
		return 0;

	int small = find(ws->w[at], small_ordinals, CW_COUNT(small_ordinals));
	int tens = find(ws->w[at], tens_ordinals, CW_COUNT(tens_ordinals));
	uint64_t big = big_ordinal(ws->w[at]);

	if (big) {
		uint64_t low = used ? head % (big == 100 ? 100 : 1000) : 1; /* "one thousand | one hundredth" */

		if (!low || low >= UINT64_MAX / big)
			return 0;
		*ret = (used ? head - low : 0) + low * big;
		return at - i + 1;
	}
	if (small < 0 && tens < 0)
		return 0;

	bool fits = !used || (small >= 1 && small <= 9 && head % 10 == 0 && head % 100 != 10 && head) ||
		    (head && head % 100 == 0);

	if (!fits)
		return 0;
	*ret = head + (uint64_t)(tens >= 0 ? tens * 10 : small);
	return at - i + 1;
}

/* "oh five", "twenty", "twenty six": the second half of a year or house number. */
static size_t second_half(const struct cw_words *ws, size_t i, uint64_t *v)
{
	if (cw_words_in(ws, i, "oh o zero") && i + 1 < ws->n) {
		int d = cw_number_digit(ws->w[i + 1]);

		if (d < 1)
			return 0;
		*v = (uint64_t)d;
		return 2;
	}
	if (i < ws->n && ws->w[i].p[0] >= '0' && ws->w[i].p[0] <= '9')
		return 0;

	size_t n = below_hundred(ws, i, v);

	return n && *v >= 10 ? n : 0;
}

size_t cw_number_grouped(const struct cw_words *ws, size_t i, uint64_t *ret)
{
	uint64_t a, b;
	char digits[12];
	size_t len = 0;
	size_t n = cw_number_cardinal(ws, i, &a);

	if (!n || ws->w[i].p[0] == 'a') {
		if (n)
			*ret = a;
		return n;
	}
	if (a < 10 && n == 1) {
		size_t used = cw_number_digits(ws, i, digits, sizeof(digits), &len);

		if (used > 1 && len < sizeof(digits) - 1 && !cw_str_u64((struct cw_str){digits, len}, UINT64_MAX, ret))
			return used;
	} else if (a >= 10 && a < 100 && ws->w[i].p[0] > '9') {
		size_t m = second_half(ws, i + n, &b);

		if (m) {
			*ret = a * 100 + b;
			return n + m;
		}
	}
	*ret = a;
	return n;
}

static void push(char *out, size_t size, size_t *len, char c, unsigned times)
{
	while (times-- && *len + 1 < size)
		out[(*len)++] = c;
}

/* One element of a digit run: a figure, a digit word, "double five", "fifty five", "eight hundred". */
static size_t digit_group(const struct cw_words *ws, size_t i, char *out, size_t size, size_t *len)
{
	unsigned times = cw_words_in(ws, i, "double dubble") ? 2 : cw_words_in(ws, i, "triple treble") ? 3 : 1;
	uint64_t v;
	size_t n;
	char text[24];

	if (i >= ws->n)
		return 0;
	if (times > 1) {
		int d = i + 1 < ws->n ? cw_number_digit(ws->w[i + 1]) : -1;

		if (d < 0)
			return 0;
		push(out, size, len, (char)('0' + d), times);
		return 2;
	}
	if (ws->w[i].p[0] >= '0' && ws->w[i].p[0] <= '9') {
		for (size_t k = 0; k < ws->w[i].len; k++)
			if (ws->w[i].p[k] < '0' || ws->w[i].p[k] > '9')
				return 0;
		for (size_t k = 0; k < ws->w[i].len; k++)
			push(out, size, len, ws->w[i].p[k], 1);
		return 1;
	}

	int d = cw_number_digit(ws->w[i]);

	if (d >= 0) {
		bool hundred = d && cw_words_is(ws, i + 1, "hundred"),
		     thousand = d && cw_words_is(ws, i + 1, "thousand");

		push(out, size, len, (char)('0' + d), 1);
		push(out, size, len, '0', hundred ? 2 : thousand ? 3 : 0);
		return 1 + (hundred || thousand);
	}
	n = below_hundred(ws, i, &v);
	if (!n || v < 10)
		return 0;
	(void)snprintf(text, sizeof(text), "%u", (unsigned)v);
	push(out, size, len, text[0], 1);
	push(out, size, len, text[1], 1);
	if (cw_words_is(ws, i + n, "hundred")) {
		push(out, size, len, '0', 2);
		n++;
	}
	return n;
}

size_t cw_number_digits(const struct cw_words *ws, size_t i, char *out, size_t size, size_t *len)
{
	size_t used = 0, n;

	while ((n = digit_group(ws, i + used, out, size, len)))
		used += n;
	if (size)
		out[*len] = 0;
	return used;
}

bool cw_number_find(struct cw_str text, uint64_t *ret)
{
	struct cw_words ws;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++) {
		if (cw_number_grouped(&ws, i, ret))
			return true;
		if (cw_words_is(&ws, i, "couple")) {
			*ret = 2;
			return true;
		}
	}
	return false;
}
