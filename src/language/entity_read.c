#include <math.h>

#include "base/mem.h"
#include "base/number.h"
#include "language/entity_int.h"
#include "language/name.h"

/* ---- numbers and money ---- */

/* "1250", "12.5", "$25.50", "50%": its value; *sign gets '$' or '%', 0 for none. */
static bool figure(struct cw_str w, double *ret, char *sign)
{
	*sign = 0;
	if (w.len && w.p[0] == '$') {
		*sign = '$';
		w = (struct cw_str){w.p + 1, w.len - 1};
	} else if (w.len && w.p[w.len - 1] == '%') {
		*sign = '%';
		w.len--;
	}
	return w.len && w.p[0] >= '0' && w.p[0] <= '9' && cw_str_double(w, ret) == 0;
}

/* "billion" behind "2.5" */
static double scale_of(const struct cw_words *ws, size_t i)
{
	static const struct {
		const char *word;
		double value;
	} scales[] = {{"hundred", 1e2}, {"thousand", 1e3}, {"million", 1e6}, {"billion", 1e9}, {"trillion", 1e12}};

	for (size_t k = 0; k < CW_COUNT(scales); k++)
		if (cw_words_is(ws, i, scales[k].word))
			return scales[k].value;
	return 0;
}

/* "three point five": what stands behind the point; words used */
static size_t read_fraction(const struct cw_words *ws, size_t i, double *add)
{
	double step = 0.1;
	size_t k = i + 1;

	*add = 0;
	if (!cw_words_is(ws, i, "point"))
		return 0;
	for (int d; k < ws->n && (d = cw_number_digit(ws->w[k])) >= 0; k++, step /= 10)
		*add += d * step;
	return k > i + 1 ? k - i : 0;
}

/* "nineteen seventeen" is 1917, "two thirty" no number of its own */
static size_t read_year(const struct cw_words *ws, size_t i, double *ret)
{
	uint64_t first, all;
	size_t n = cw_number_cardinal(ws, i, &first), g = cw_number_grouped(ws, i, &all);

	if (!n || g <= n || first < 10 || first > 99 || all < 1000 || all > 2999)
		return 0;
	*ret = (double)all;
	return g;
}

static size_t read_positive(const struct cw_words *ws, size_t i, double *ret, char *sign)
{
	size_t n = read_year(ws, i, ret), more;
	double add, scale;
	uint64_t v;

	if (n)
		return n;
	if (figure(ws->w[i], ret, sign) && cw_number_cardinal(ws, i, &v) <= 1)
		n = 1;
	else if ((n = cw_number_cardinal(ws, i, &v)))
		*ret = (double)v;
	else
		return 0;
	more = read_fraction(ws, i + n, &add);
	*ret += add;
	n += more;
	scale = scale_of(ws, i + n);
	if (scale > 0) {
		*ret *= scale;
		n++;
	}
	return n;
}

/* A number at word @i, also "three point five", "$2.5 billion", "minus sixty"; words used. */
static size_t read_number(const struct cw_words *ws, size_t i, double *ret, char *sign)
{
	size_t n;

	*sign = 0;
	if (i >= ws->n)
		return 0;
	if (ws->w[i].p[0] == '-' && figure((struct cw_str){ws->w[i].p + 1, ws->w[i].len - 1}, ret, sign)) {
		*ret = -*ret;
		return 1;
	}
	if (!cw_words_in(ws, i, "minus negative"))
		return read_positive(ws, i, ret, sign);
	n = i + 1 < ws->n ? read_positive(ws, i + 1, ret, sign) : 0;
	if (!n)
		return 0;
	*ret = -*ret;
	return n + 1;
}

static void write_number(double v, const char *unit, char *out, size_t size)
{
	if (v < 1e15 && fabs(v - floor(v)) < 1e-9)
		(void)snprintf(out, size, "%.0f%s", v, unit);
	else
		(void)snprintf(out, size, "%.6g%s", v, unit);
}

/* Its words are added to *used. */
static const char *currency(const struct cw_words *ws, size_t i, size_t *used)
{
	static const char *const names[][2] = {
		{"dollars dollar bucks usd", "usd"}, {"euros euro eur", "eur"}, {"pounds pound gbp", "gbp"}};

	size_t skip = cw_words_match(ws, i, "united states") + cw_words_match(ws, i, "us");

	i += skip;
	for (size_t k = 0; i < ws->n && k < CW_COUNT(names); k++) {
		if (!cw_words_in(ws, i, names[k][0]))
			continue;
		*used += skip + 1;
		return names[k][1];
	}
	return NULL;
}

/* "one fifty five dollars" */
static size_t read_price(const struct cw_words *ws, size_t i, double *ret, char *sign)
{
	uint64_t all;
	size_t n = read_number(ws, i, ret, sign), g = n ? cw_number_grouped(ws, i, &all) : 0, unused = 0;

	if (g > n && currency(ws, i + g, &unused)) {
		*ret = (double)all;
		return g;
	}
	return n;
}

/* The sign in front, which folding drops. */
static const char *currency_sign(const struct cw_entity_scan *s, size_t i)
{
	static const char *const signs[][2] = {{"€", "eur"}, {"£", "gbp"}};
	size_t from = s->r.ws.at[i].from;

	for (size_t k = 0; k < CW_COUNT(signs); k++) {
		size_t n = strlen(signs[k][0]);

		if (from >= n && memcmp(s->r.piece.p + from - n, signs[k][0], n) == 0)
			return signs[k][1];
	}
	return NULL;
}

size_t cw_entity_money(struct cw_entity_scan *s)
{
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at, more;
	double v, cents = 0;
	char sign, other;
	size_t n = read_price(ws, i, &v, &sign);
	const char *name = n ? currency(ws, i + n, &n) : NULL;

	if (!n)
		return 0;
	if (!name && cw_words_in(ws, i + n, "cents cent") && i + n < ws->n) {
		v /= 100;
		name = "usd";
		n++;
	} else if (name) {
		size_t and = cw_words_is(ws, i + n, "and") ? 1 : 0;

		more = read_number(ws, i + n + and, &cents, &other);
		if (more && cw_words_in(ws, i + n + and+more, "cents cent")) {
			v += cents / 100;
			n += and+more + 1;
		}
	} else if (sign == '$') {
		name = "usd";
	} else {
		name = currency_sign(s, i);
	}
	if (!name)
		return 0;
	(void)snprintf(s->value, sizeof(s->value), "%.2f %s", v, name);
	return n;
}

/* "8 8 3 9": a code said figure by figure */
static size_t read_code(struct cw_entity_scan *s)
{
	struct cw_fact_run run;
	size_t n = cw_fact_digits(&s->r.ws, s->r.at, &run);

	if (!n || run.n < 3)
		return 0;
	for (size_t i = 0; i < run.n; i++)
		if (run.u[i].len > 1 && run.n < 4)
			return 0;
	return cw_fact_join(&run, 0, run.n, s->value, sizeof(s->value)) ? n : 0;
}

size_t cw_entity_number(struct cw_entity_scan *s)
{
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at, n = read_code(s);
	double v;
	char sign;

	if (n)
		return n;
	n = read_number(ws, i, &v, &sign);
	if (!n)
		return 0;
	if (n == 1 && cw_words_is(ws, i, "one") &&
		((i && cw_words_in(ws, i - 1, "this that no any every some each which the another")) ||
			cw_words_is(ws, i + 1, "of")))
		return 0; /* a pronoun */
	if (sign == '%' || cw_words_is(ws, i + n, "percent")) {
		write_number(v, "%", s->value, sizeof(s->value));
		return n + (sign != '%');
	}
	write_number(v, "", s->value, sizeof(s->value));
	return n;
}

/* ---- names ---- */

static bool is_capital(const struct cw_entity_scan *s, size_t i)
{
	size_t n;
	struct cw_str at = {s->r.piece.p + s->r.ws.at[i].from, s->r.piece.len - s->r.ws.at[i].from};
	uint32_t c = cw_char_next(at, &n);

	return cw_char_lower(c) != c;
}

static void lower(struct cw_str s, char *out, size_t size)
{
	size_t len = 0, n;

	for (size_t i = 0; i < s.len && len + 5 < size; i += n)
		len += cw_char_put(cw_char_lower(cw_char_next((struct cw_str){s.p + i, s.len - i}, &n)), out + len);
	out[len] = 0;
}

/* Words of @from on which belong to the name that was read; the name may be said differently (spelled). */
static size_t name_end(const struct cw_words *ws, size_t from, const char *name)
{
	char folded[128];
	struct cw_words parts;
	size_t end = from;

	lower(cw_str(name), folded, sizeof(folded));
	cw_words_init(&parts, cw_str(folded));
	for (size_t k = 0; k < parts.n; k++)
		for (size_t i = end; i < ws->n && i < end + 3; i++)
			if (ws->w[i].len == parts.w[k].len && memcmp(ws->w[i].p, parts.w[k].p, parts.w[k].len) == 0) {
				end = i + 1;
				break;
			}
	return end;
}

/* "my name is maria lopez": words from the cue to the end of the name */
static size_t cued_name(struct cw_entity_scan *s)
{
	static const char *const sure[] = {
		"my name is", "my name's", "the name is", "name is", "my name", "speaking with", NULL};
	static const char *const maybe[] = {"this is", "i'm", "i am", "it's", NULL};
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at, cue = cw_words_match_any(ws, i, sure), end;
	struct cw_name name;

	if (!cue) {
		cue = cw_words_match_any(ws, i, maybe);
		/* in text somebody typed a name has a capital; "this is john" of a recogniser is not told from "this is terrible" */
		if (!cue || i + cue >= ws->n || !is_capital(s, i + cue))
			return 0;
	}
	for (end = i + cue; end < ws->n && end < i + cue + 4 && (end == i + cue || !ws->at[end].pause); end++)
		if (end > i + cue &&
			cw_words_in(
				ws, end, "and i i'm calling from my the at with for is on number speaking here please"))
			break;
	if (end == i + cue || !cw_name_parse(cw_words_slice(ws, s->r.piece, i, end), &name))
		return 0;
	lower(cw_str(name.full), s->value, sizeof(s->value));
	end = name_end(ws, i + cue, name.full);
	return end > i + cue ? end - i : 0;
}

static bool no_name(const struct cw_words *ws, size_t i)
{
	return cw_words_in(ws, i,
		       "i i'm i'd i'll i've january february march april may june july august september october november december monday tuesday "
		       "wednesday thursday friday saturday sunday english spanish german french ok okay am pm the a an") ||
	       (ws->w[i].p[0] >= '0' && ws->w[i].p[0] <= '9');
}

static bool opens_sentence(const struct cw_entity_scan *s, size_t i)
{
	size_t from = s->r.ws.at[i].from;

	while (from && s->r.piece.p[from - 1] == ' ')
		from--;
	return !from || strchr(".!?\n:;\"(", s->r.piece.p[from - 1]);
}

/* "Mr. Lopez", or two or three capitals in a row inside a sentence. */
static size_t capital_name(struct cw_entity_scan *s)
{
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at, from = i, end;
	bool title = cw_words_in(ws, i, "mr mrs ms miss mister doctor dr");

	if (title)
		from++;
	for (end = from; end < ws->n && end < from + 3 && is_capital(s, end) && !no_name(ws, end) &&
			 (end <= i || title || !ws->at[end].pause);
		end++)
		;
	if (title && end == from && from < ws->n && !no_name(ws, from))
		end = from + 1; /* "mister lopez" of a recogniser */
	if (end < from + (title ? 1 : 2) || (!title && opens_sentence(s, i)))
		return 0;
	lower(cw_words_slice(ws, s->r.piece, from, end), s->value, sizeof(s->value));
	return end - i;
}

size_t cw_entity_name(struct cw_entity_scan *s)
{
	size_t n = cued_name(s);

	return n ? n : capital_name(s);
}
