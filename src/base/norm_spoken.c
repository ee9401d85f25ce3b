#include "base/norm_int.h"
#include "base/number.h"

#define WORDS_MAX 320 /* characters of one figure in words */

struct currency {
	const char *sign, *one, *many, *cent, *cents;
};

static const struct currency currencies[] = {{"$", "dollar", "dollars", "cent", "cents"},
	{"\xc2\xa3", "pound", "pounds", "penny", "pence"}, {"\xe2\x82\xac", "euro", "euros", "cent", "cents"},
	{"\xc2\xa5", "yen", "yen", "sen", "sen"}};
static const char *const expansions[][2] = {{"mr", "mister"}, {"mrs", "missus"}, {"dr", "doctor"}, {"vs", "versus"},
	{"etc", "et cetera"}, {"apt", "apartment"}, {"ave", "avenue"}, {"blvd", "boulevard"}, {"rd", "road"}};

static void say(struct cw_buf *b, const char *words)
{
	cw_norm_add(b, cw_str(words));
}

static size_t digits_in(struct cw_str w, size_t from)
{
	size_t n = 0;

	while (from + n < w.len && w.p[from + n] >= '0' && w.p[from + n] <= '9')
		n++;
	return n;
}

static bool all_digits(struct cw_str w)
{
	return w.len && digits_in(w, 0) == w.len;
}

static void say_digits(struct cw_buf *b, struct cw_str w)
{
	char text[WORDS_MAX];

	for (size_t i = 0; i < w.len; i += 30) {
		struct cw_str some = {w.p + i, w.len - i < 30 ? w.len - i : 30};

		cw_number_say_digits(some, true, text, sizeof(text));
		say(b, text);
	}
}

static void say_cardinal(struct cw_buf *b, struct cw_str w)
{
	char text[WORDS_MAX];
	uint64_t v;

	if (cw_str_u64(w, UINT64_MAX, &v)) {
		say_digits(b, w);
		return;
	}
	cw_number_say(v, text, sizeof(text));
	say(b, text);
}

static void say_ordinal(struct cw_buf *b, uint64_t v)
{
	char text[WORDS_MAX];

	cw_number_say_ordinal(v, text, sizeof(text));
	say(b, text);
}

static void say_year(struct cw_buf *b, uint64_t v)
{
	char text[WORDS_MAX];

	cw_number_say_year((unsigned)v, text, sizeof(text));
	say(b, text);
}

/* "3.5" -> three point five; the digits behind the point one by one, zeros as "zero". */
static void say_decimal(struct cw_buf *b, struct cw_str w)
{
	size_t n = digits_in(w, 0);
	char text[WORDS_MAX];

	say_cardinal(b, (struct cw_str){w.p, n});
	say(b, "point");

	struct cw_str fraction = {w.p + n + 1, w.len - n - 1 < 30 ? w.len - n - 1 : 30};

	cw_number_say_digits(fraction, false, text, sizeof(text));
	say(b, text);
}

static bool is_decimal(struct cw_str w)
{
	size_t n = digits_in(w, 0);

	return n && n < w.len && w.p[n] == '.' && digits_in(w, n + 1) && n + 1 + digits_in(w, n + 1) == w.len;
}

/* "$25", "$2.50", "$2.5 million": words used, 0 = no money. */
static size_t say_money(struct cw_buf *b, const struct cw_words *ws, size_t i)
{
	struct cw_str w = ws->w[i];
	const struct currency *c = NULL;

	for (size_t k = 0; k < CW_COUNT(currencies) && !c; k++)
		if (cw_str_starts(w, currencies[k].sign))
			c = &currencies[k];
	if (!c)
		return 0;
	w.p += strlen(c->sign);
	w.len -= strlen(c->sign);
	if (!all_digits(w) && !is_decimal(w))
		return 0;

	size_t n = digits_in(w, 0);
	struct cw_str whole = {w.p, n}, cents = {w.p + n + 1, n < w.len ? w.len - n - 1 : 0};
	bool scaled = cw_words_in(ws, i + 1, "thousand million billion trillion");
	uint64_t units = 2, hundredths = 0;

	while (!scaled && cents.len > 2 && cents.p[cents.len - 1] == '0')
		cents.len--;
	if (scaled || cents.len > 2) {
		if (cents.len)
			say_decimal(b, w);
		else
			say_cardinal(b, whole);
		if (scaled)
			cw_norm_add(b, ws->w[i + 1]);
		say(b, c->many);
		return 1 + scaled;
	}
	(void)cw_str_u64(whole, UINT64_MAX, &units); /* too long a figure stays "many" */
	(void)cw_str_u64(cents, 99, &hundredths);    /* empty: none */
	if (cents.len == 1)
		hundredths *= 10;
	if (units || !hundredths) {
		say_cardinal(b, whole);
		say(b, units == 1 ? c->one : c->many);
	}
	if (hundredths) {
		char text[WORDS_MAX];

		if (units)
			say(b, "and");
		cw_number_say(hundredths, text, sizeof(text));
		say(b, text);
		say(b, hundredths == 1 ? c->cent : c->cents);
	}
	return 1;
}

/* "2:30", "14:05", "9:00". */
static bool say_time(struct cw_buf *b, const struct cw_words *ws, size_t i)
{
	struct cw_str h, m = ws->w[i];
	uint32_t hour, minute;
	bool meridiem = cw_words_in(ws, i + 1, "am pm");

	if (!memchr(m.p, ':', m.len) || !cw_str_split(&m, ':', &h) || m.len != 2 || cw_str_u32(h, 23, &hour) ||
		cw_str_u32(m, 59, &minute))
		return false;
	say_cardinal(b, h.len == 2 && h.p[0] == '0' ? (struct cw_str){h.p + 1, 1} : h);
	if (minute >= 10) {
		say_cardinal(b, m);
	} else if (minute) {
		say(b, "oh");
		say_cardinal(b, (struct cw_str){m.p + 1, 1});
	} else if (!meridiem) {
		say(b, hour && hour <= 12 ? "o'clock" : "hundred");
	}
	return true;
}

static void say_date(struct cw_buf *b, unsigned month, uint64_t day, uint64_t year)
{
	say(b, cw_norm_month_name(month));
	say_ordinal(b, day);
	if (year)
		say_year(b, year);
}

/* "2026-12-03", "12/3", "12/3/2026"; "1/2" and its kin are fractions. */
static bool say_figure_date(struct cw_buf *b, struct cw_str w)
{
	static const char *const fractions[][2] = {{"1/2", "one half"}, {"1/3", "one third"}, {"2/3", "two thirds"},
		{"1/4", "one quarter"}, {"3/4", "three quarters"}};
	struct cw_str part[3] = {{NULL, 0}}, rest = w;
	char sep = memchr(w.p, '/', w.len) ? '/' : '-';
	uint32_t v[3] = {0};
	size_t n = 0;

	for (size_t k = 0; k < CW_COUNT(fractions); k++)
		if (cw_str_eq(w, fractions[k][0])) {
			say(b, fractions[k][1]);
			return true;
		}
	while (n < 3 && cw_str_split(&rest, sep, &part[n])) {
		if (cw_str_u32(part[n], 9999, &v[n]))
			return false;
		n++;
	}
	if (n < 2 || rest.p)
		return false;

	bool iso = n == 3 && part[0].len == 4;
	unsigned month = iso ? v[1] : v[0];
	uint64_t day = iso ? v[2] : v[1], year = iso ? v[0] : v[2];

	if (month < 1 || month > 12 || day < 1 || day > 31 || (sep == '-' && !iso))
		return false;
	if (!iso && part[2].len == 2)
		year += year < 70 ? 2000 : 1900;
	say_date(b, month, day, year);
	return true;
}

/* "december 3 2026", "3 december", "dec 3rd": words used. */
static size_t say_month_day(struct cw_buf *b, const struct cw_words *ws, size_t i)
{
	unsigned month = cw_norm_month(ws, i);
	uint64_t day = 0, year = 0;
	size_t n = 0;

	if (month && i + 1 < ws->n && digits_in(ws->w[i + 1], 0)) {
		if (!cw_number_ordinal(ws, i + 1, &day) && !cw_number_cardinal(ws, i + 1, &day))
			return 0;
		n = 2;
	} else if (digits_in(ws->w[i], 0) && cw_norm_month(ws, i + 1) && !cw_words_in(ws, i + 1, "may march")) {
		if (!cw_number_ordinal(ws, i, &day) && !cw_number_cardinal(ws, i, &day))
			return 0;
		month = cw_norm_month(ws, i + 1);
		n = 2;
	}
	if (!n || day < 1 || day > 31)
		return 0;
	if (i + n < ws->n && ws->w[i + n].len == 4 && !cw_str_u64(ws->w[i + n], 2999, &year) && year >= 1000)
		n++;
	else
		year = 0;
	say_date(b, month, day, year);
	return n;
}

/* Groups of digits that are a telephone number: 3-3-4, 1-3-3-4, 3-4. Words used. */
static size_t phone_groups(const struct cw_words *ws, size_t i)
{
	static const unsigned char shapes[][5] = {{1, 3, 3, 4, 0}, {3, 3, 4, 0}, {3, 4, 0}};

	for (size_t s = 0; s < CW_COUNT(shapes); s++) {
		size_t n = 0;

		while (shapes[s][n] && i + n < ws->n && all_digits(ws->w[i + n]) && ws->w[i + n].len == shapes[s][n])
			n++;
		if (!shapes[s][n] && !(i + n < ws->n && all_digits(ws->w[i + n])))
			return n;
	}
	return 0;
}

static void say_plain_figure(struct cw_buf *b, struct cw_str w, struct cw_str original)
{
	uint64_t v = 0;
	bool commas = original.len > w.len && memchr(original.p, ',', original.len);

	if ((w.len > 1 && w.p[0] == '0') || (w.len >= 5 && !commas) || cw_str_eq(w, "911") ||
		cw_str_u64(w, UINT64_MAX, &v))
		say_digits(b, w);
	else if (w.len == 4 && v >= 1100 && v <= 2099 && !commas)
		say_year(b, v);
	else
		say_cardinal(b, w);
}

/* "4b", "x86", "+14155550134": runs of digits and letters apart. */
static void say_mixed(struct cw_buf *b, struct cw_str w)
{
	uint64_t v;

	if (w.p[0] == '+' || w.p[0] == '-') {
		bool number = is_decimal((struct cw_str){w.p + 1, w.len - 1});

		say(b, w.p[0] == '+' ? "plus" : "minus");
		w.p++;
		w.len--;
		if (number) {
			say_decimal(b, w);
			return;
		}
		if (all_digits(w) && w.len < 5) {
			say_cardinal(b, w);
			return;
		}
	}
	for (size_t i = 0, n; i < w.len; i += n) {
		struct cw_str run = {w.p + i, 0};

		n = digits_in(w, i);
		if (n) {
			run.len = n;
			if (n <= 2 && run.p[0] != '0' && !cw_str_u64(run, 99, &v))
				say_cardinal(b, run);
			else
				say_digits(b, run);
			continue;
		}
		for (n = 1; i + n < w.len && !digits_in(w, i + n); n++)
			;
		run.len = n;
		if (n == 1 && strchr(".:/-+$%", run.p[0]))
			say(b, run.p[0] == '.'    ? "point"
				: run.p[0] == '/' ? "slash"
				: run.p[0] == '%' ? "percent"
						  : "");
		else
			cw_norm_add(b, run);
	}
}

static size_t say_figure(struct cw_buf *b, const struct cw_words *ws, struct cw_str part, size_t i)
{
	struct cw_str w = ws->w[i];
	uint64_t v;
	size_t n = phone_groups(ws, i);

	if (n) {
		for (size_t k = 0; k < n; k++)
			say_digits(b, ws->w[i + k]);
		return n;
	}
	n = say_money(b, ws, i);
	if (n)
		return n;
	if (say_time(b, ws, i))
		return 1;
	if (w.len > 1 && w.p[w.len - 1] == '%') {
		struct cw_str number = {w.p, w.len - 1};

		if (is_decimal(number))
			say_decimal(b, number);
		else
			say_cardinal(b, number);
		say(b, "percent");
	} else if (cw_number_ordinal(ws, i, &v) == 1) {
		say_ordinal(b, v);
	} else if (is_decimal(w)) {
		say_decimal(b, w);
	} else if (all_digits(w)) {
		say_plain_figure(
			b, w, (struct cw_str){part.p + ws->at[i].from, (size_t)(ws->at[i].to - ws->at[i].from)});
	} else if (!say_figure_date(b, w)) {
		say_mixed(b, w);
	}
	return 1;
}

static bool has_figure(struct cw_str w)
{
	for (size_t i = 0; i < w.len; i++)
		if (w.p[i] >= '0' && w.p[i] <= '9')
			return true;
	return false;
}

void cw_norm_speak(struct cw_buf *b, const struct cw_words *ws, struct cw_str part)
{
	bool after_number = false;

	for (size_t i = 0; i < ws->n;) {
		size_t n = say_month_day(b, ws, i);
		struct cw_str w = ws->w[i];
		uint64_t v;

		if (!n && has_figure(w))
			n = say_figure(b, ws, part, i);
		if (n) {
			after_number = true;
			i += n;
			continue;
		}
		for (size_t k = 0; k < CW_COUNT(expansions); k++)
			if (cw_str_eq(w, expansions[k][0]))
				w = cw_str(expansions[k][1]);
		if (cw_words_in(ws, i, "am pm") && after_number)
			w = cw_str(w.p[0] == 'a' ? "a m" : "p m");
		cw_norm_add(b, w);
		after_number = cw_number_cardinal(ws, i, &v) || cw_words_in(ws, i, "o'clock oclock");
		i++;
	}
}
