#include "language/phone.h"

#include "base/mem.h"
#include "base/number.h"
#include "language/correction.h"

#define RUNS_MAX        16
#define NATIONAL_DIGITS 10

struct run {
	char digits[40];
	size_t len;
	size_t from, to; /* words */
	bool plus;
	bool area; /* "area code" stood before it */
};

/* Digits as recognisers mishear them; only between digits. */
static const struct {
	const char *word;
	char digit;
} misheard[] = {{"for", '4'}, {"fore", '4'}, {"to", '2'}, {"too", '2'}, {"won", '1'}, {"ate", '8'}, {"tree", '3'},
	{"fife", '5'}, {"niner", '9'}, {"sicks", '6'}, {"sex", '6'}, {"heaven", '7'}};
/* Words that do not end a number: "four one five uh dash five five five". */
static const char *const bridges[] = {"uh", "um", "er", "erm", "ah", "hmm", "and", "then", "dash", "hyphen", "dot",
	"space", "so", "okay", "ok", "yeah", "let me see", "let's see", "the number is", "number is", "the rest is",
	"and then", "followed by", "and the number is", "it's", "that's", NULL};
/* A short run before one of these is a time, a price, a house number. */
static const char *const other_units[] = {"am", "pm", "o'clock", "oclock", "dollars", "percent", "street", "avenue",
	"road", "drive", "lane", "degrees", "minutes", "hours", "days", "years", "people", "times", "thirty", NULL};

const char *cw_phone_status_name(enum cw_phone_status s)
{
	static const char *const names[] = {"none", "ok", "no_area_code", "incomplete", "too_long", "impossible"};

	return names[s];
}

static char misheard_digit(const struct cw_words *ws, size_t i)
{
	for (size_t k = 0; k < CW_COUNT(misheard); k++)
		if (cw_words_is(ws, i, misheard[k].word))
			return misheard[k].digit;
	return 0;
}

static bool begins_digits(const struct cw_words *ws, size_t i)
{
	char d[40];
	size_t len = 0;

	return cw_number_digits(ws, i, d, sizeof(d), &len) > 0;
}

/* One unbroken run of digits at @i, misheard ones inside included. Words used. */
static size_t read_run(const struct cw_words *ws, size_t i, struct run *r)
{
	size_t at = i;

	*r = (struct run){.from = i};
	if (cw_words_is(ws, at, "plus")) {
		r->plus = true;
		at++;
	} else if (at < ws->n && ws->w[at].p[0] == '+') {
		r->plus = true;
		for (size_t k = 1; k < ws->w[at].len && r->len + 1 < sizeof(r->digits); k++)
			r->digits[r->len++] = ws->w[at].p[k];
		at++;
	}
	for (;;) {
		size_t n = cw_number_digits(ws, at, r->digits, sizeof(r->digits), &r->len);
		char d = n ? 0 : misheard_digit(ws, at);

		if (d && r->len && begins_digits(ws, at + 1) && r->len + 1 < sizeof(r->digits)) {
			r->digits[r->len++] = d;
			n = 1;
		}
		if (!n)
			break;
		at += n;
	}
	r->digits[r->len] = 0;
	r->to = at;
	return r->len ? at - i : 0;
}

static bool is_bridge(const struct cw_words *ws, size_t from, size_t to)
{
	while (from < to) {
		size_t n = cw_words_match_any(ws, from, bridges);

		if (!n)
			return false;
		from += n;
	}
	return from == to;
}

static bool other_thing(const struct cw_words *ws, const struct run *r)
{
	if (r->len > 4 || r->plus)
		return false;
	return cw_words_match_any(ws, r->to, other_units) ||
	       (r->from && cw_words_in(ws, r->from - 1, "at extension ext"));
}

/* Runs of digits in the text, those with only hesitation between them joined. */
static size_t find_runs(const struct cw_words *ws, struct run runs[RUNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ws->n;) {
		struct run r;
		size_t used = read_run(ws, i, &r);

		if (!used) {
			i++;
			continue;
		}
		i += used;
		if (other_thing(ws, &r))
			continue;
		r.area = r.from >= 2 && (cw_words_match(ws, r.from - 2, "area code") ||
						(r.from >= 3 && cw_words_match(ws, r.from - 3, "area code is")));

		struct run *last = n ? &runs[n - 1] : NULL;
		bool joins = last && !r.plus && last->len + r.len <= CW_PHONE_MAX_DIGITS &&
			     last->len < NATIONAL_DIGITS &&
			     (is_bridge(ws, last->to, r.from) || (last->area && last->len == 3 && r.len == 7));

		if (joins) {
			memcpy(last->digits + last->len, r.digits, r.len + 1);
			last->len += r.len;
			last->to = r.to;
		} else if (n < RUNS_MAX) {
			runs[n++] = r;
		}
	}
	return n;
}

static bool is_n11(const char *p)
{
	return p[1] == '1' && p[2] == '1';
}

static void finish(struct cw_phone *p, enum cw_phone_status status, const char *country, const char *rest)
{
	p->status = status;
	if (status == CW_PHONE_OK)
		(void)snprintf(p->e164, sizeof(p->e164), "+%s%s", country, rest);
}

static void classify_national(struct cw_phone *p, const char *d, size_t n)
{
	if (n > NATIONAL_DIGITS) {
		p->extra = (unsigned)(n - NATIONAL_DIGITS);
		finish(p, CW_PHONE_TOO_LONG, "", "");
	} else if (n < NATIONAL_DIGITS) {
		p->missing = (unsigned)(NATIONAL_DIGITS - n);
		finish(p, n == 7 && d == p->digits ? CW_PHONE_NO_AREA_CODE : CW_PHONE_INCOMPLETE, "", "");
	} else if (d[0] < '2' || d[3] < '2' || is_n11(d) || is_n11(d + 3)) {
		finish(p, CW_PHONE_IMPOSSIBLE, "", "");
	} else {
		finish(p, CW_PHONE_OK, "1", d);
	}
}

/* Everything but digits and plus from these two. */
static void classify(struct cw_phone *p)
{
	size_t n = strlen(p->digits);
	const char *d = p->digits;

	p->missing = p->extra = 0;
	p->e164[0] = 0;
	if (!n) {
		p->status = CW_PHONE_NONE;
	} else if (!p->plus && d[0] == '1') {
		classify_national(p, d + 1, n - 1);
	} else if (!p->plus && n >= 11 && strncmp(d, "011", 3) == 0) {
		finish(p, n - 3 > CW_PHONE_MAX_DIGITS ? CW_PHONE_TOO_LONG : CW_PHONE_OK, "", d + 3);
	} else if (!p->plus) {
		classify_national(p, d, n);
	} else if (d[0] == '1') {
		classify_national(p, d + 1, n - 1);
	} else if (n > CW_PHONE_MAX_DIGITS) {
		p->extra = (unsigned)(n - CW_PHONE_MAX_DIGITS);
		finish(p, CW_PHONE_TOO_LONG, "", "");
	} else if (n < 8) {
		p->missing = (unsigned)(8 - n);
		finish(p, CW_PHONE_INCOMPLETE, "", "");
	} else {
		finish(p, d[0] == '0' ? CW_PHONE_IMPOSSIBLE : CW_PHONE_OK, "", d);
	}
}

static struct cw_phone from_digits(const char *digits, bool plus)
{
	struct cw_phone p = {.plus = plus};

	(void)snprintf(p.digits, sizeof(p.digits), "%.31s", digits); /* 31: already too long by far */
	classify(&p);
	return p;
}

/* The first complete number, else the longest run. */
static bool parse_plain(struct cw_str text, struct cw_phone *ret)
{
	struct cw_words ws;
	struct run runs[RUNS_MAX];
	size_t n, best = 0;

	cw_words_init(&ws, text);
	n = find_runs(&ws, runs);
	*ret = from_digits("", false);
	for (size_t i = 0; i < n; i++) {
		struct cw_phone p = from_digits(runs[i].digits, runs[i].plus);

		if (p.status == CW_PHONE_OK) {
			*ret = p;
			return true;
		}
		if (runs[i].len > best) {
			best = runs[i].len;
			*ret = p;
		}
	}
	return best > 0;
}

/* Replace @n digits from @at by @with; a number that would become too long for the struct stays. */
static void splice(struct cw_phone *p, size_t at, size_t n, const char *with)
{
	char out[sizeof(p->digits)];
	int len = snprintf(out, sizeof(out), "%.*s%s%s", (int)at, p->digits, with, p->digits + at + n);

	if (len < 0 || (size_t)len >= sizeof(out))
		return;
	memcpy(p->digits, out, (size_t)len + 1);
	classify(p);
}

/* Where the correction @with fits best: as many equal digits as possible, groups' borders and the end preferred. */
static size_t best_fit(const char *digits, const char *with)
{
	size_t n = strlen(digits), m = strlen(with), best = n - m;
	size_t base = n > NATIONAL_DIGITS ? n - NATIONAL_DIGITS : 0;
	int best_score = -1;

	for (size_t at = 0; at + m <= n; at++) {
		int score = 0;

		for (size_t i = 0; i < m; i++)
			score += 4 * (digits[at + i] == with[i]);
		if (score == 4 * (int)m)
			continue; /* it is already there: not what is corrected */
		score += (at == base && m == 3) || (at == base + 3 && m == 3) || at == base + 6;
		score += 2 * (at + m == n);
		if (score > best_score) {
			best_score = score;
			best = at;
		}
	}
	return best;
}

/* "no four one six …" inside one utterance: what was said before, with its end said anew. */
static void retake(struct cw_phone *before, const char *right)
{
	size_t b = strlen(before->digits), r = strlen(right);
	size_t k = r < b ? r : b;

	if (b < NATIONAL_DIGITS && b + r > NATIONAL_DIGITS && b + r - NATIONAL_DIGITS <= k)
		k = b + r - NATIONAL_DIGITS;
	splice(before, b - k, k, right);
}

static void replace_wrong(struct cw_phone *p, const char *wrong, const char *right)
{
	char *at = NULL;

	for (char *q = p->digits; *wrong && (q = strstr(q, wrong)); q++)
		at = q;
	if (at)
		splice(p, (size_t)(at - p->digits), strlen(wrong), right);
	else if (strlen(right) <= strlen(p->digits))
		splice(p, best_fit(p->digits, right), strlen(right), right);
}

bool cw_phone_parse(struct cw_str text, struct cw_phone *ret)
{
	struct cw_correction c;
	struct cw_phone right, wrong, before;

	if (!cw_correction_parse(text, &c) || !parse_plain(c.right, &right))
		return parse_plain(text, ret);
	if (right.status == CW_PHONE_OK || !parse_plain(c.before, &before)) {
		*ret = right;
		return true;
	}
	if (parse_plain(c.wrong, &wrong))
		replace_wrong(&before, wrong.digits, right.digits);
	else
		retake(&before, right.digits);
	*ret = before;
	return true;
}

/* "the last four are …", "area code is …", "it starts with …", "it ends in …": the named part is replaced. */
static bool update_part(struct cw_phone *p, struct cw_str text)
{
	struct cw_words ws;
	struct run r = {.len = 0};
	size_t len = strlen(p->digits), base = len > NATIONAL_DIGITS ? len - NATIONAL_DIGITS : 0;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++) {
		bool last = cw_words_is(&ws, i, "last") || cw_words_match(&ws, i, "ends in") ||
			    cw_words_match(&ws, i, "ends with");
		bool first = cw_words_is(&ws, i, "first") || cw_words_match(&ws, i, "starts with") ||
			     cw_words_match(&ws, i, "begins with");
		bool area = cw_words_match(&ws, i, "area code") > 0;

		if (!last && !first && !area)
			continue;

		size_t at = i + 1 + (area || !cw_words_in(&ws, i, "last first"));

		/* "last four digits are": the count is not a digit of the number */
		if (cw_words_in(&ws, at, "two three four five six seven") &&
			(cw_words_in(&ws, at + 1, "are is digits numbers should") ||
				cw_words_match(&ws, at + 1, "it's") || begins_digits(&ws, at + 1)) &&
			!area)
			at++;
		while (cw_words_in(&ws, at, "digit digits number numbers are is should be it's of the one"))
			if (cw_words_is(&ws, at, "one") && !cw_words_in(&ws, at + 1, "is should"))
				break;
			else
				at++;
		if (!read_run(&ws, at, &r) || r.len > 7)
			continue;
		if (area && r.len == 3 && p->status == CW_PHONE_NO_AREA_CODE) {
			splice(p, 0, 0, r.digits);
			return true;
		}
		if (r.len > len)
			return false;
		splice(p, last ? len - r.len : base, r.len, r.digits);
		return true;
	}
	return false;
}

static bool update_by_correction(struct cw_phone *p, const struct cw_correction *c)
{
	struct cw_phone right, wrong;

	if (!parse_plain(c->right, &right))
		return false;
	if (right.status == CW_PHONE_OK || strlen(right.digits) >= strlen(p->digits))
		*p = right;
	else
		replace_wrong(p, parse_plain(c->wrong, &wrong) ? wrong.digits : "", right.digits);
	return true;
}

static bool update_by_digits(struct cw_phone *p, const struct cw_phone *more)
{
	size_t have = strlen(p->digits), add = strlen(more->digits);
	bool restarts = add >= 3 && have >= 3 && strncmp(p->digits, more->digits, 3) == 0 && add >= have;
	size_t limit = p->plus ? CW_PHONE_MAX_DIGITS : NATIONAL_DIGITS + (p->digits[0] == '1');

	if (more->status == CW_PHONE_OK || p->status == CW_PHONE_NONE || restarts) {
		*p = *more;
		return true;
	}
	if (p->status == CW_PHONE_NO_AREA_CODE && add == 3) {
		splice(p, 0, 0, more->digits);
		return true;
	}
	if ((p->status == CW_PHONE_INCOMPLETE || p->status == CW_PHONE_NO_AREA_CODE) && have + add <= limit) {
		splice(p, have, 0, more->digits);
		return true;
	}
	if (add < 7)
		return false;
	*p = *more;
	return true;
}

bool cw_phone_update(struct cw_phone *phone, struct cw_str text)
{
	struct cw_correction c;
	struct cw_phone more;

	if (phone->status == CW_PHONE_NONE)
		return parse_plain(text, &more) ? (*phone = more, true) : false;
	if (update_part(phone, text))
		return true;
	if (cw_correction_parse(text, &c) && update_by_correction(phone, &c))
		return true;
	if (!cw_phone_parse(text, &more))
		return false;
	return update_by_digits(phone, &more);
}

static void add_group(char *out, size_t size, const char *digits, size_t n)
{
	char words[160];
	size_t len = strlen(out);

	cw_number_say_digits((struct cw_str){digits, n}, false, words, sizeof(words));
	(void)snprintf(out + len, size - len, "%s%s", len && n ? (strcmp(out, "plus") == 0 ? " " : ", ") : "", words);
}

void cw_phone_spoken(const char *number, char *out, size_t size)
{
	char d[32];
	size_t n = 0;
	bool plus = number[0] == '+';

	if (!size)
		return;
	out[0] = 0;
	for (; *number && n + 1 < sizeof(d); number++)
		if (*number >= '0' && *number <= '9')
			d[n++] = *number;
	d[n] = 0;

	const char *p = d;

	if (n == 11 && d[0] == '1') {
		p++;
		n--;
	} else if (plus && d[0] != '1') {
		(void)snprintf(out, size, "plus");
		add_group(out, size, p, n > 2 ? 2 : n);
		p += n > 2 ? 2 : n;
		n -= n > 2 ? 2 : n;
	}
	while (n) {
		size_t g = n == 4 || n == 5 || n == 2 || n == 1 ? (n == 5 ? 3 : n) : 3;

		add_group(out, size, p, g);
		p += g;
		n -= g;
	}
}
