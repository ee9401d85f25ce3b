#include "base/mem.h"
#include "base/number.h"
#include "language/address.h"
#include "language/fact_int.h"

#define OVERLAP      48 /* words of a piece that are read again with the next one */
#define LEFT_OVER    5  /* digits beside a telephone number: a time, a house number */
#define STREET_WORDS 5

/* ---- reading ---- */

void cw_fact_init(struct cw_fact_reader *r, struct cw_str text)
{
	r->rest = text;
	r->started = false;
	r->at = r->limit = 0;
}

static void read_piece(struct cw_fact_reader *r)
{
	r->piece = r->rest;
	cw_words_init(&r->ws, r->rest);
	r->limit = r->ws.cut && r->ws.n > OVERLAP ? r->ws.n - OVERLAP : r->ws.n;
	r->at = 0;
}

static void drop(struct cw_str *s, size_t n)
{
	s->p += n;
	s->len -= n;
}

bool cw_fact_next(struct cw_fact_reader *r)
{
	if (r->started && r->at < r->limit)
		return true;
	if (r->started && !r->ws.cut)
		return false;
	do {
		if (r->started)
			drop(&r->rest, r->at < r->ws.n       ? r->ws.at[r->at].from
				       : r->ws.n             ? r->ws.at[r->ws.n - 1].to
				       : r->rest.len < 60000 ? r->rest.len
							     : 60000);
		r->started = true;
		if (!r->rest.len)
			return false;
		read_piece(r);
	} while (!r->limit && r->ws.cut);
	return r->limit > 0;
}

struct cw_str cw_fact_slice(const struct cw_fact_reader *r, size_t from, size_t to)
{
	return (struct cw_str){r->piece.p + r->ws.at[from].from, (size_t)(r->ws.at[to - 1].to - r->ws.at[from].from)};
}

/* ---- e-mail ---- */

static bool is_local(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._%+-", c));
}

/* Bytes of a written address at @s, 0 for none: local@label.label… */
static size_t written_email(struct cw_str s)
{
	size_t n = 0, dot = 0, end;

	while (n < s.len && is_local(s.p[n]))
		n++;
	if (!n || n > 64 || n >= s.len || s.p[n] != '@')
		return 0;
	for (end = ++n; end < s.len && (is_local(s.p[end]) && !strchr("_%+", s.p[end])); end++)
		if (s.p[end] == '.' && end > n && end + 1 < s.len && is_local(s.p[end + 1]) && s.p[end + 1] != '.')
			dot = end;
	while (end > dot && !((s.p[end - 1] | 32) >= 'a' && (s.p[end - 1] | 32) <= 'z')) /* a full stop, a dash */
		end--;
	return dot && end >= dot + 3 ? end : 0;
}

static void append(char *out, size_t size, struct cw_str s)
{
	size_t len = strlen(out);

	for (size_t i = 0; i < s.len && len + 1 < size; i++)
		out[len++] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
	out[len] = 0;
}

/* A word inside a spoken address: what it stands for. */
static struct cw_str spoken_part(const struct cw_words *ws, size_t i)
{
	static const char *const signs[][2] = {{"dot", "."}, {"point", "."}, {"underscore", "_"}, {"dash", "-"},
		{"hyphen", "-"}, {"minus", "-"}, {"plus", "+"}};
	static const char figures[] = "0123456789";
	int digit = cw_number_digit(ws->w[i]);

	for (size_t k = 0; k < CW_COUNT(signs); k++)
		if (cw_words_is(ws, i, signs[k][0]))
			return cw_str(signs[k][1]);
	return digit >= 0 && ws->w[i].len > 1 ? (struct cw_str){figures + digit, 1} : ws->w[i];
}

static bool is_sign(const struct cw_words *ws, size_t i)
{
	return i < ws->n && cw_words_in(ws, i, "dot point underscore dash hyphen minus plus");
}

static bool ends_domain(const struct cw_words *ws, size_t i)
{
	return i < ws->n &&
	       cw_words_in(ws, i, "com net org edu gov io co us uk de fr es it nl mx ca au info biz me ai app dev eu");
}

/* "maria dot lopez at example dot com" from word @i on. Words of the local part are tied by signs or are letters and figures. */
static size_t spoken_email(const struct cw_words *ws, size_t i, char *out, size_t size)
{
	size_t at = i, dot, words = 0;

	out[0] = 0;
	if (is_sign(ws, i) || cw_words_in(ws, i, "at is email my it's address and"))
		return 0;
	for (; at < ws->n && !cw_words_is(ws, at, "at"); at++) {
		bool tied = at == i || is_sign(ws, at) || is_sign(ws, at - 1) || ws->w[at].len == 1 ||
			    ws->w[at - 1].len == 1 || cw_number_digit(ws->w[at]) >= 0;

		if (!tied || ++words > 24)
			return 0;
		append(out, size, spoken_part(ws, at));
	}
	if (at >= ws->n)
		return 0;
	append(out, size, CW_STR_LIT("@"));
	for (dot = at + 1; dot < ws->n && dot < at + 14; dot++) {
		if (cw_words_is(ws, dot, "dot") && dot > at + 1 && ends_domain(ws, dot + 1) &&
			!cw_words_is(ws, dot + 2, "dot")) {
			append(out, size, CW_STR_LIT("."));
			append(out, size, ws->w[dot + 1]);
			return dot + 2 - i;
		}
		/* "example", "g mail", "acme dash heating", "mail dot acme": at most three free words */
		if (dot > at + 3 && !is_sign(ws, dot) && !is_sign(ws, dot - 1) && ws->w[dot].len > 1)
			return 0;
		append(out, size, spoken_part(ws, dot));
	}
	return 0;
}

size_t cw_fact_email(const struct cw_words *ws, struct cw_str text, size_t i, char *out, size_t size)
{
	size_t from = ws->at[i].from, n, to = i;

	if (from && (is_local(text.p[from - 1]) || text.p[from - 1] == '@'))
		return 0;
	n = written_email((struct cw_str){text.p + from, text.len - from});
	out[0] = 0;
	if (!n)
		return spoken_email(ws, i, out, size);
	while (to < ws->n && ws->at[to].from < from + n)
		to++;
	append(out, size, (struct cw_str){text.p + from, n});
	return to - i;
}

/* ---- long numbers ---- */

/* Digits of exactly the words @from … @to-1; false when they are not digits to the end. */
static bool digits_of(const struct cw_words *ws, size_t from, size_t to, char *out, size_t size, size_t *len)
{
	struct cw_words part;

	*len = 0;
	if (to > ws->n)
		return false;
	part.n = to - from;
	part.cut = false;
	memcpy(part.w, ws->w + from, part.n * sizeof(*part.w)); /* slices of the text of @ws, which outlives this */
	return cw_number_digits(&part, 0, out, size, len) == part.n && *len > 0;
}

/* The smallest piece of a number at word @i: "four"; "twenty three" and "double five" are one. */
static bool read_unit(const struct cw_words *ws, size_t i, struct cw_fact_unit *u)
{
	char next[24], both[24];
	size_t next_len, both_len;
	bool one = digits_of(ws, i, i + 1, u->digits, sizeof(u->digits), &u->len);
	bool two = digits_of(ws, i, i + 2, both, sizeof(both), &both_len);

	u->from = i;
	u->to = i + 1;
	if (one && (!two || (digits_of(ws, i + 1, i + 2, next, sizeof(next), &next_len) &&
				    u->len + next_len == both_len && memcmp(both, u->digits, u->len) == 0)))
		return true;
	if (!two)
		return false;
	u->to = i + 2;
	u->len = both_len;
	memcpy(u->digits, both, both_len + 1);
	return true;
}

static bool is_bridge(const struct cw_words *ws, size_t i)
{
	return i < ws->n && cw_words_in(ws, i, "dash hyphen uh um er space minus");
}

size_t cw_fact_digits(const struct cw_words *ws, size_t i, struct cw_fact_run *run)
{
	size_t at = i;

	run->n = 0;
	run->plus = false;
	if (cw_words_is(ws, at, "plus")) {
		run->plus = true;
		at++;
	} else if (ws->w[at].p[0] == '+' && ws->w[at].len > 1 && ws->w[at].len < sizeof(run->u[0].digits)) {
		struct cw_fact_unit *u = &run->u[run->n++];

		run->plus = true;
		u->from = at++;
		u->to = at;
		u->len = ws->w[u->from].len - 1;
		memcpy(u->digits, ws->w[u->from].p + 1, u->len);
		u->digits[u->len] = 0;
	}
	while (at < ws->n && run->n < CW_FACT_UNITS) {
		size_t skip = 0;

		while (run->n && skip < 2 && is_bridge(ws, at + skip))
			skip++;
		if (at + skip >= ws->n || !read_unit(ws, at + skip, &run->u[run->n]))
			break;
		at = run->u[run->n++].to;
	}
	return run->n ? at - i : 0;
}

size_t cw_fact_join(const struct cw_fact_run *run, size_t from, size_t to, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = from; i < to; i++) {
		if (len + run->u[i].len >= size)
			return 0;
		memcpy(out + len, run->u[i].digits, run->u[i].len);
		len += run->u[i].len;
	}
	out[len] = 0;
	return len;
}

/* North American numbers as language/phone.h has them: area code and exchange begin with 2 … 9 and are not N11. */
static bool is_national(const char *d)
{
	return d[0] >= '2' && d[3] >= '2' && !(d[1] == '1' && d[2] == '1') && !(d[4] == '1' && d[5] == '1');
}

bool cw_fact_phone(const struct cw_fact_run *run, size_t from, size_t to, bool local, char *out, size_t size)
{
	char d[40];
	size_t n = cw_fact_join(run, from, to, d, sizeof(d));

	if (run->plus && from == 0 && n >= 8 && n <= 15) {
		(void)snprintf(out, size, "+%s", d);
		return d[0] != '0';
	}
	if (n == 11 && d[0] == '1' && is_national(d + 1)) {
		(void)snprintf(out, size, "+%s", d);
		return true;
	}
	if (n == 10 && is_national(d)) {
		(void)snprintf(out, size, "+1%s", d);
		return true;
	}
	if (!local || n != 7 || d[0] < '2' || (d[1] == '1' && d[2] == '1'))
		return false;
	(void)snprintf(out, size, "%s", d);
	return true;
}

static size_t count_digits(const struct cw_fact_run *run, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += run->u[i].len;
	return n;
}

bool cw_fact_find_phone(const struct cw_fact_run *run, bool local, size_t *from, size_t *to, char *out, size_t size)
{
	/* most digits first; then what stands at the end */
	for (int step = 0; step < (local ? 2 : 1); step++) {
		for (size_t end = run->n; end > 0; end--) {
			for (size_t begin = 0; begin < end; begin++) {
				if (count_digits(run, 0, begin) > LEFT_OVER ||
					count_digits(run, end, run->n) > LEFT_OVER ||
					!cw_fact_phone(run, begin, end, step == 1, out, size))
					continue;
				*from = begin;
				*to = end;
				return true;
			}
		}
	}
	return false;
}

/* ---- street addresses ---- */

static bool is_street_kind(const struct cw_words *ws, size_t i)
{
	return i < ws->n &&
	       cw_words_in(ws, i,
		       "street st avenue ave road rd drive dr lane ln court ct boulevard blvd place pl way terrace circle parkway "
		       "pkwy highway hwy trail square plaza alley");
}

/* No street is called so; "fifth" is fine, "five" begins another number. */
static bool ends_street(const struct cw_words *ws, size_t i)
{
	uint64_t v;

	return ws->at[i].pause || cw_number_cardinal(ws, i, &v) ||
	       cw_words_in(ws, i,
		       "at on in and or is are my i am pm p m a to for of by from with it it's that you please call o'clock");
}

size_t cw_fact_address(const struct cw_words *ws, struct cw_str text, size_t i)
{
	uint64_t number;
	size_t house = cw_number_grouped(ws, i, &number), end;
	struct cw_address a;

	if (!house || number == 0 || number > 99999)
		return 0;
	for (end = i + house;
		end < ws->n && end < i + house + STREET_WORDS && !(end > i + house && is_street_kind(ws, end)); end++)
		if (ends_street(ws, end))
			return 0;
	if (!is_street_kind(ws, end) || end == i + house)
		return 0;
	end++;
	if (end + 1 < ws->n && cw_words_in(ws, end, "apartment apt unit suite ste room")) {
		end += 2;
		if (end < ws->n && ws->w[end].len == 1 && ws->w[end].p[0] >= 'a' && !ws->at[end].pause)
			end++; /* "apartment four b" */
	}
	if (!cw_address_parse(cw_words_slice(ws, text, i, end), NULL, &a) || a.status != CW_ADDRESS_OK)
		return 0;
	return end - i;
}
