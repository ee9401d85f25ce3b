#include "base/norm_int.h"
#include "base/number.h"

struct writer {
	struct cw_buf *b;
	const struct cw_words *ws;
	bool match;
	bool joinable; /* what was written last is digits that more digits may join, in the form for matching */
};

struct number {
	char text[64]; /* "1.8 billion", "25" */
	size_t used;   /* words */
	uint64_t value;
	bool whole; /* digits and nothing else */
};

/* One spelling of each for matching. */
static const char *const synonyms[][2] = {{"okay", "ok"}, {"mister", "mr"}, {"missus", "mrs"}, {"misses", "mrs"},
	{"doctor", "dr"}, {"street", "st"}, {"avenue", "ave"}, {"road", "rd"}, {"boulevard", "blvd"},
	{"apartment", "apt"}, {"saint", "st"}, {"alright", "allright"}, {"oclock", "o'clock"}};

static void put(struct writer *w, const char *text, bool joinable)
{
	if (!text[0])
		return;
	if (w->match && joinable && w->joinable)
		cw_buf_puts(w->b, text);
	else
		cw_norm_add(w->b, cw_str(text));
	w->joinable = joinable;
}

static void put_word(struct writer *w, struct cw_str word)
{
	for (size_t i = 0; w->match && i < CW_COUNT(synonyms); i++)
		if (cw_str_eq(word, synonyms[i][0]))
			word = cw_str(synonyms[i][1]);
	cw_norm_add(w->b, word);
	w->joinable = false;
}

static bool is_figure(struct cw_str w)
{
	for (size_t i = 0; i < w.len; i++)
		if (w.p[i] < '0' || w.p[i] > '9')
			return false;
	return w.len > 0;
}

static bool is_decimal_figure(struct cw_str w)
{
	const char *dot = w.len ? memchr(w.p, '.', w.len) : NULL;

	if (!dot)
		return false;

	size_t n = (size_t)(dot - w.p);

	return is_figure((struct cw_str){w.p, n}) && is_figure((struct cw_str){dot + 1, w.len - n - 1});
}

/* Single digits in a row from @i on ("four one five", "double five oh"): their elements. */
static size_t single_digits(const struct cw_words *ws, size_t i, bool *sure)
{
	size_t n = 0, words = 0;

	*sure = false;
	while (i + words < ws->n) {
		bool twice = cw_words_in(ws, i + words, "double triple");
		size_t at = i + words + twice;

		if (at >= ws->n || cw_number_digit(ws->w[at]) < 0 || ws->w[at].p[0] <= '9')
			break;
		if (cw_words_in(ws, at + 1, "hundred thousand million billion trillion point"))
			break;
		*sure |= twice || (n && cw_words_in(ws, at, "oh o"));
		n++;
		words += 1 + twice;
	}
	return n;
}

/* "point five oh", behind a whole number. */
static size_t read_fraction(const struct cw_words *ws, size_t i, char *out, size_t size)
{
	size_t n = 0, len = 0;

	if (!cw_words_is(ws, i, "point"))
		return 0;
	while (i + 1 + n < ws->n && len + 1 < size) {
		int d = cw_number_digit(ws->w[i + 1 + n]);

		if (d < 0)
			break;
		out[len++] = (char)('0' + d);
		n++;
	}
	out[len] = 0;
	return n ? n + 1 : 0;
}

/* A cardinal that is one count of a big unit is written "13 million". */
static bool round_millions(uint64_t v, char *out, size_t size)
{
	static const struct {
		uint64_t value;
		const char *name;
	} units[] = {{UINT64_C(1000000000000), "trillion"}, {1000000000, "billion"}, {1000000, "million"}};

	for (size_t k = 0; k < CW_COUNT(units); k++)
		if (v >= units[k].value && v % units[k].value == 0 && v / units[k].value < 1000) {
			(void)snprintf(out, size, "%u %s", (unsigned)(v / units[k].value), units[k].name);
			return true;
		}
	return false;
}

static bool read_number(const struct cw_words *ws, size_t i, struct number *ret)
{
	uint64_t grouped;
	size_t n, g;
	char fraction[32];
	bool sure;

	if (i >= ws->n)
		return false;
	*ret = (struct number){.whole = false};
	if (is_decimal_figure(ws->w[i]) && ws->w[i].len < 32) {
		bool scaled = cw_words_in(ws, i + 1, "thousand million billion trillion");

		(void)snprintf(ret->text, sizeof(ret->text), "%.*s%s%.*s", CW_STR(ws->w[i]), scaled ? " " : "",
			scaled ? (int)ws->w[i + 1].len : 0, scaled ? ws->w[i + 1].p : "");
		ret->used = 1 + scaled;
		return true;
	}
	n = cw_number_cardinal(ws, i, &ret->value);
	if (!n && !(cw_words_is(ws, i, "point") && read_fraction(ws, i, fraction, sizeof(fraction))))
		return false;
	ret->whole = true;
	ret->used = n;

	size_t f = read_fraction(ws, i + n, fraction, sizeof(fraction));

	if (f) {
		bool scaled = cw_words_in(ws, i + n + f, "thousand million billion trillion");

		(void)snprintf(ret->text, sizeof(ret->text), "%llu.%s%s%.*s", (unsigned long long)ret->value, fraction,
			scaled ? " " : "", scaled ? (int)ws->w[i + n + f].len : 0, scaled ? ws->w[i + n + f].p : "");
		ret->used = n + f + scaled;
		ret->whole = false;
		return true;
	}
	/* "twenty twenty six", "fourteen twenty eight", "one forty two": said in groups */
	g = cw_number_grouped(ws, i, &grouped);
	if (g > n && ws->w[i].p[0] > '9' && ret->value < 100 &&
		(ret->value >= 10 || single_digits(ws, i, &sure) == 1)) {
		ret->value = grouped;
		ret->used = g;
	}
	ret->whole =
		!((ws->w[i].p[0] > '9' || ret->used > 1) && round_millions(ret->value, ret->text, sizeof(ret->text)));
	if (ret->whole)
		(void)snprintf(ret->text, sizeof(ret->text), "%llu", (unsigned long long)ret->value);
	return true;
}

/* ---- days ---- */

static size_t read_day(const struct cw_words *ws, size_t i, bool cardinal, unsigned *day)
{
	uint64_t v;
	size_t n = cw_number_ordinal(ws, i, &v);

	if (!n && cardinal)
		n = cw_number_cardinal(ws, i, &v);
	if (!n || v < 1 || v > 31)
		return 0;
	*day = (unsigned)v;
	return n;
}

static size_t read_year(const struct cw_words *ws, size_t i, uint64_t *year)
{
	size_t n = cw_number_grouped(ws, i, year);

	return n && *year >= 1900 && *year <= 2099 ? n : 0;
}

static void put_date(struct writer *w, unsigned month, unsigned day, uint64_t year)
{
	char text[24];

	w->joinable = false;
	put(w, cw_norm_month_name(month), false);
	(void)snprintf(text, sizeof(text), "%u", day);
	put(w, text, false);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)year);
	if (year)
		put(w, text, false);
}

static size_t write_figure_date(struct writer *w, size_t i)
{
	struct cw_str word = w->ws->w[i], a, b, rest = word;
	uint32_t x, y, z = 0;
	char sep = memchr(word.p, '/', word.len) ? '/' : '-';

	if (word.p[0] < '0' || word.p[0] > '9' || cw_str_eq(word, "1/2") || cw_str_eq(word, "1/4") ||
		cw_str_eq(word, "3/4"))
		return 0;
	if (!cw_str_split(&rest, sep, &a) || !cw_str_split(&rest, sep, &b) || cw_str_u32(a, 9999, &x) ||
		cw_str_u32(b, 31, &y))
		return 0;
	if (rest.p && cw_str_u32(rest, 9999, &z))
		return 0;
	if (a.len == 4 && rest.p) {
		if (y < 1 || y > 12 || z < 1 || z > 31)
			return 0;
		put_date(w, y, z, x);
		return 1;
	}
	if (sep == '-' || x < 1 || x > 12 || y < 1)
		return 0;
	put_date(w, x, y, z && z < 100 ? 2000 + z : z);
	return 1;
}

static size_t write_date(struct writer *w, size_t i)
{
	const struct cw_words *ws = w->ws;
	unsigned month = cw_norm_month(ws, i), day;
	size_t at = i, n;
	uint64_t year = 0;

	if (month) {
		/* "may three" and "march three" are as often verbs */
		bool figure = i + 1 < ws->n && is_figure(ws->w[i + 1]);

		at = i + 1 + cw_words_is(ws, i + 1, "the");
		n = read_day(ws, at, figure || !cw_words_in(ws, i, "may march"), &day);
		if (!n)
			return 0;
		at += n;
	} else {
		at += cw_words_is(ws, i, "the");
		n = read_day(ws, at, at < ws->n && is_figure(ws->w[at]), &day);
		if (!n)
			return write_figure_date(w, i);
		at += n;

		size_t of = cw_words_is(ws, at, "of");

		month = cw_norm_month(ws, at + of);
		if (!month || (!of && cw_words_in(ws, at, "may march")))
			return 0;
		at += of + 1;
	}
	at += cw_words_is(ws, at, "of") && read_year(ws, at + 1, &year);
	n = read_year(ws, at, &year);
	put_date(w, month, day, n ? year : 0);
	return at + n - i;
}

/* ---- times ---- */

static void put_time(struct writer *w, unsigned hour, unsigned minute, bool meridiem)
{
	char text[16];

	if (minute)
		(void)snprintf(text, sizeof(text), w->match ? "%u%02u" : "%u:%02u", hour, minute);
	else
		(void)snprintf(text, sizeof(text), w->match || meridiem ? "%u" : "%u:00", hour);
	put(w, text, true);
}

static size_t write_figure_time(struct writer *w, size_t i)
{
	struct cw_str h, m = w->ws->w[i];
	uint32_t hour, minute;

	if (!memchr(m.p, ':', m.len) || !cw_str_split(&m, ':', &h) || m.len != 2 || cw_str_u32(h, 24, &hour) ||
		cw_str_u32(m, 59, &minute))
		return 0;
	put_time(w, hour, minute, cw_words_in(w->ws, i + 1, "am pm"));
	return 1;
}

/* "half past two", "quarter to nine", "ten past four". */
static size_t write_offset_time(struct writer *w, size_t i)
{
	const struct cw_words *ws = w->ws;
	size_t at = i + cw_words_is(ws, i, "a"), n;
	uint64_t minutes = cw_words_is(ws, at, "half") ? 30 : 15, hour;

	if (cw_words_in(ws, at, "half quarter")) {
		at++;
	} else {
		n = cw_number_cardinal(ws, i, &minutes);
		at = i + n;
		if (!n || minutes > 29 || minutes < 1)
			return 0;
		n = cw_words_in(ws, at, "minute minutes min");
		if (!n && minutes % 5)
			return 0;
		at += n;
	}

	bool to = cw_words_in(ws, at, "to of till"), past = cw_words_in(ws, at, "past after");

	if (!to && !past)
		return 0;
	n = cw_number_cardinal(ws, at + 1, &hour);
	if (!n || hour < 1 || hour > 12 || (minutes == 30 && to))
		return 0;
	at += 1 + n;
	/* "five of two people", "ten to twelve dollars": a number needs a sign that it is an hour */
	if (!past && minutes != 15 && !cw_words_in(ws, at, "am pm o'clock oclock in") && at < ws->n)
		return 0;
	if (to) {
		hour = hour == 1 ? 12 : hour - 1;
		minutes = 60 - minutes;
	}
	put_time(w, (unsigned)hour, (unsigned)minutes, false);
	return at - i;
}

static size_t write_clock(struct writer *w, size_t i)
{
	const struct cw_words *ws = w->ws;
	uint64_t hour, minute = 0;
	size_t n = cw_number_cardinal(ws, i, &hour), m = 0;

	if (n != 1 || hour < 1 || hour > 12 || (i && cw_words_in(ws, i - 1, "oh o point")))
		return 0;

	size_t at = i + 1;

	if (cw_words_in(ws, at, "oh o") && (m = cw_number_cardinal(ws, at + 1, &minute)) == 1 && minute >= 1 &&
		minute <= 9)
		at += 2;
	else if ((m = cw_number_cardinal(ws, at, &minute)) && minute >= 10 && minute <= 59 && ws->w[at].len <= 10)
		at += m;
	else
		m = 0;

	bool oclock = !m && cw_words_in(ws, at, "o'clock oclock");
	bool meridiem = cw_words_in(ws, at + oclock, "am pm");
	bool cue = meridiem || oclock || (m && i && cw_words_in(ws, i - 1, "at by around before after until till")) ||
		   (m && i == 0 && at == ws->n);

	if (!cue || (m && is_figure(ws->w[i]) != is_figure(ws->w[i + 1])))
		return 0;
	put_time(w, (unsigned)hour, m ? (unsigned)minute : 0, meridiem);
	return at + oclock - i;
}

static size_t write_time(struct writer *w, size_t i)
{
	size_t n = write_figure_time(w, i);

	if (!n)
		n = write_offset_time(w, i);
	return n ? n : write_clock(w, i);
}

/* ---- money, percent, digits, numbers ---- */

static const struct {
	const char *words, *sign;
} units[] = {{"dollar dollars bucks buck", "$"}, {"pound pounds quid", "\xc2\xa3"}, {"euro euros", "\xe2\x82\xac"},
	{"yen", "\xc2\xa5"}};

static size_t read_cents(const struct cw_words *ws, size_t i, unsigned *cents)
{
	size_t and = cw_words_is(ws, i, "and");
	uint64_t v;
	size_t n = cw_number_cardinal(ws, i + and, &v);

	if (!n || v < 1 || v > 99)
		return 0;
	if (cw_words_in(ws, i + and+n, "cent cents pence penny"))
		n++;
	else if (and || v < 10 || cw_words_in(ws, i + n, "hundred thousand oh o") ||
		 (i + n < ws->n && cw_number_digit(ws->w[i + n]) >= 0))
		return 0;
	*cents = (unsigned)v;
	return and+n;
}

static void put_money(struct writer *w, const char *sign, const char *amount, unsigned cents)
{
	char text[96];

	if (cents)
		(void)snprintf(text, sizeof(text), "%s%s.%02u", sign, amount, cents);
	else
		(void)snprintf(text, sizeof(text), "%s%s", sign, amount);
	w->joinable = false;
	put(w, text, false);
}

static size_t write_spoken_money(struct writer *w, size_t i)
{
	const struct cw_words *ws = w->ws;
	struct number num;
	unsigned cents = 0;
	size_t at;

	if (!read_number(ws, i, &num))
		return 0;
	at = i + num.used;
	if (num.whole && num.value < 100 && cw_words_in(ws, at, "cents cent")) {
		put_money(w, "$", "0", (unsigned)num.value);
		return num.used + 1;
	}
	if (cw_words_match(ws, at, "united states"))
		at += 2;
	else if (cw_words_is(ws, at, "us"))
		at++;
	for (size_t k = 0; k < CW_COUNT(units); k++) {
		if (!cw_words_in(ws, at, units[k].words))
			continue;
		at++;
		at += num.whole ? read_cents(ws, at, &cents) : 0;
		put_money(w, units[k].sign, num.text, cents);
		return at - i;
	}
	return 0;
}

/* "$25.00" -> $25, "$2.5" -> $2.50, "$2.5 million" as it is. */
static size_t write_figure_money(struct writer *w, size_t i)
{
	struct cw_str f = w->ws->w[i], amount;
	size_t sign = 0, n;
	char text[64];

	for (size_t k = 0; k < CW_COUNT(units) && !sign; k++)
		if (cw_str_starts(f, units[k].sign))
			sign = strlen(units[k].sign);
	amount = (struct cw_str){f.p + sign, f.len - sign};
	if (!sign || (!is_figure(amount) && !is_decimal_figure(amount)) || f.len > 40)
		return 0;

	bool scaled = cw_words_in(w->ws, i + 1, "thousand million billion trillion");
	const char *dot = memchr(amount.p, '.', amount.len);
	size_t places = dot ? (size_t)(f.p + f.len - dot - 1) : 0;

	n = f.len;
	if (!scaled && places == 2 && dot[1] == '0' && dot[2] == '0')
		n -= 3;
	(void)snprintf(text, sizeof(text), "%.*s%s%s%.*s", (int)n, f.p, !scaled && places == 1 ? "0" : "",
		scaled ? " " : "", scaled ? (int)w->ws->w[i + 1].len : 0, scaled ? w->ws->w[i + 1].p : "");
	w->joinable = false;
	put(w, text, false);
	return 1 + scaled;
}

static size_t write_percent(struct writer *w, size_t i)
{
	struct number num;
	char text[80];
	size_t per;

	if (!read_number(w->ws, i, &num))
		return 0;
	per = cw_words_is(w->ws, i + num.used, "percent") ? 1 : cw_words_match(w->ws, i + num.used, "per cent");
	if (!per)
		return 0;
	(void)snprintf(text, sizeof(text), "%s%%", num.text);
	put(w, text, false);
	return num.used + per;
}

static size_t write_digits(struct writer *w, size_t i)
{
	bool sure;
	size_t singles = single_digits(w->ws, i, &sure), len = 0, n;
	char digits[128];

	if (singles < 2 || (singles == 2 && !sure))
		return 0;
	n = cw_number_digits(w->ws, i, digits, sizeof(digits), &len);
	if (len + 1 == sizeof(digits))
		return 0;
	put(w, digits, true);
	return n;
}

static size_t write_ordinal(struct writer *w, size_t i)
{
	const struct cw_words *ws = w->ws;
	uint64_t v;
	size_t n = cw_number_ordinal(ws, i, &v);
	char text[32];

	if (!n)
		return 0;
	if (n == 1 && cw_words_is(ws, i, "second") &&
		(i == 0 || cw_words_in(ws, i - 1, "a one per each every just split this wait hold")))
		return 0; /* a stretch of time, or a request to wait */

	const char *tail = v % 100 >= 11 && v % 100 <= 13 ? "th"
			   : v % 10 == 1                  ? "st"
			   : v % 10 == 2                  ? "nd"
			   : v % 10 == 3                  ? "rd"
							  : "th";

	(void)snprintf(text, sizeof(text), "%llu%s", (unsigned long long)v, tail);
	put(w, text, false);
	return n;
}

static size_t write_number(struct writer *w, size_t i)
{
	bool minus = cw_words_in(w->ws, i, "minus negative");
	struct number num;
	char text[72];

	/* figures longer than a number can be keep their digits */
	if (is_figure(w->ws->w[i]) && (w->ws->w[i].len > 15 || w->ws->w[i].p[0] == '0') &&
		w->ws->w[i].len < sizeof(text)) {
		(void)snprintf(text, sizeof(text), "%.*s", CW_STR(w->ws->w[i]));
		put(w, text, true);
		return 1;
	}
	if (!read_number(w->ws, i + minus, &num))
		return 0;
	(void)snprintf(text, sizeof(text), "%s%s", minus ? "-" : "", num.text);
	put(w, text, num.whole && !minus);
	return num.used + minus;
}

static size_t write_one(struct writer *w, size_t i)
{
	static size_t (*const rules[])(struct writer *, size_t) = {write_date, write_time, write_figure_money,
		write_digits, write_spoken_money, write_percent, write_ordinal, write_number};

	for (size_t k = 0; k < CW_COUNT(rules); k++) {
		size_t n = rules[k](w, i);

		if (n)
			return n;
	}
	/* in the form for matching the hour alone is left of "nine o'clock" */
	if (w->match && i && cw_words_in(w->ws, i, "o'clock oclock")) {
		w->joinable = false;
		return 1;
	}
	put_word(w, w->ws->w[i]);
	return 1;
}

void cw_norm_write(struct cw_buf *b, const struct cw_words *ws, bool match)
{
	struct writer w = {.b = b, .ws = ws, .match = match};

	for (size_t i = 0; i < ws->n;)
		i += write_one(&w, i);
}
