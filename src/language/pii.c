#include "language/pii.h"

#include "base/mem.h"
#include "language/fact_int.h"

#define CUE_REACH 8 /* "social security number" stands at most so many words in front */

static const char *const names[CW_PII_KINDS] = {"phone", "card", "ssn", "email", "address"};

const char *cw_pii_kind_name(enum cw_pii_kind k)
{
	return names[k];
}

bool cw_pii_kind_parse(struct cw_str name, enum cw_pii_kind *ret)
{
	for (unsigned k = 0; k < CW_PII_KINDS; k++) {
		if (cw_str_eq_fold(name, names[k])) {
			*ret = (enum cw_pii_kind)k;
			return true;
		}
	}
	return false;
}

/* ISO/IEC 7812-1: from the right, every second digit doubled; the sum of digits is a multiple of ten. */
static bool luhn(const char *d, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned v = (unsigned)(d[n - 1 - i] - '0') << (i % 2);

		sum += v > 9 ? v - 9 : v;
	}
	return sum % 10 == 0;
}

/* First digits and lengths of the networks: Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro. */
static bool is_card(const char *d, size_t n)
{
	unsigned two = (unsigned)(d[0] - '0') * 10 + (unsigned)(d[1] - '0');
	unsigned four = two * 100 + (unsigned)(d[2] - '0') * 10 + (unsigned)(d[3] - '0');
	bool known = (d[0] == '4' && (n == 13 || n == 16 || n == 19)) || (two >= 51 && two <= 55 && n == 16) ||
		     (four >= 2221 && four <= 2720 && n == 16) || ((two == 34 || two == 37) && n == 15) ||
		     ((two == 60 || two == 64 || two == 65 || two == 62) && n >= 16) ||
		     ((two == 30 || two == 36 || two == 38 || two == 39) && n >= 14) ||
		     (four >= 3528 && four <= 3589 && n >= 16) || ((two == 50 || (two >= 56 && two <= 69)) && n >= 13);

	return known && n <= 19 && luhn(d, n);
}

static bool find_card(const struct cw_fact_run *run, size_t *from, size_t *to)
{
	char d[40];

	for (size_t begin = 0; begin < run->n; begin++) {
		for (size_t end = run->n; end > begin; end--) {
			size_t n = cw_fact_join(run, begin, end, d, sizeof(d));

			if (n < 13 || n > 19 || !is_card(d, n))
				continue;
			*from = begin;
			*to = end;
			return true;
		}
	}
	return false;
}

static bool cue_before(const struct cw_words *ws, size_t i)
{
	for (size_t k = i; k-- > 0 && k + CUE_REACH > i;)
		if (cw_words_is(ws, k, "ssn") || cw_words_match(ws, k, "social security") ||
			cw_words_match(ws, k, "social is") || cw_words_match(ws, k, "my social"))
			return true;
	return false;
}

static bool grouped(const struct cw_fact_run *run, size_t from)
{
	return from + 3 <= run->n && run->u[from].len == 3 && run->u[from + 1].len == 2 && run->u[from + 2].len == 4;
}

static bool is_issued(const char *d)
{
	return d[0] != '9' && memcmp(d, "000", 3) != 0 && memcmp(d, "666", 3) != 0 && memcmp(d + 3, "00", 2) != 0 &&
	       memcmp(d + 5, "0000", 4) != 0;
}

static bool find_ssn(const struct cw_words *ws, const struct cw_fact_run *run, size_t *from, size_t *to)
{
	char d[40];

	for (size_t begin = 0; begin < run->n; begin++) {
		for (size_t end = begin + 1; end <= run->n; end++) {
			if (cw_fact_join(run, begin, end, d, sizeof(d)) != 9 || !is_issued(d))
				continue;
			if (!(grouped(run, begin) && end == begin + 3 && run->n == 3) &&
				!cue_before(ws, run->u[begin].from))
				continue;
			*from = begin;
			*to = end;
			return true;
		}
	}
	return false;
}

struct finding {
	enum cw_pii_kind kind;
	size_t from, to; /* words */
};

/* Seven digits are a telephone number only where they are grouped so. */
static bool looks_local(const struct cw_fact_run *run)
{
	return run->n == 2 && run->u[0].len == 3 && run->u[1].len == 4;
}

static bool in_digits(const struct cw_words *ws, size_t i, unsigned kinds, struct finding *f, size_t *used)
{
	struct cw_fact_run run;
	size_t from, to;
	char number[24];

	*used = cw_fact_digits(ws, i, &run);
	if (!*used)
		return false;
	if ((kinds & CW_PII_BIT(CW_PII_CARD)) && find_card(&run, &from, &to))
		f->kind = CW_PII_CARD;
	else if ((kinds & CW_PII_BIT(CW_PII_SSN)) && find_ssn(ws, &run, &from, &to))
		f->kind = CW_PII_SSN;
	else if ((kinds & CW_PII_BIT(CW_PII_PHONE)) &&
		 cw_fact_find_phone(&run, looks_local(&run), &from, &to, number, sizeof(number)))
		f->kind = CW_PII_PHONE;
	else
		return false;
	f->from = run.plus && from == 0 ? i : run.u[from].from;
	f->to = run.u[to - 1].to;
	return true;
}

static bool find_at(const struct cw_fact_reader *r, unsigned kinds, struct finding *f)
{
	const struct cw_words *ws = &r->ws;
	char out[256];
	size_t n = 0, used = 0;

	*f = (struct finding){.from = r->at};
	if (kinds & CW_PII_BIT(CW_PII_EMAIL))
		n = cw_fact_email(ws, r->piece, r->at, out, sizeof(out));
	if (n) {
		f->kind = CW_PII_EMAIL;
	} else if (in_digits(ws, r->at, kinds, f, &used)) {
		return true;
	} else if (kinds & CW_PII_BIT(CW_PII_ADDRESS)) {
		n = cw_fact_address(ws, r->piece, r->at);
		f->kind = CW_PII_ADDRESS;
	}
	f->to = r->at + n;
	return n > 0;
}

/* Bytes of a written e-mail end where the address does, not where the last word was folded; others on their words. */
static struct cw_str bytes_of(const struct cw_fact_reader *r, const struct finding *f)
{
	struct cw_str s = cw_fact_slice(r, f->from, f->to);

	if (s.p > r->piece.p && f->kind == CW_PII_PHONE && (s.p[-1] == '+' || s.p[-1] == '(')) {
		s.p--;
		s.len++;
	}
	return s;
}

size_t cw_pii_find(struct cw_str text, unsigned kinds, bool (*each)(const struct cw_pii *p, void *arg), void *arg)
{
	struct cw_fact_reader r;
	size_t told = 0;

	cw_fact_init(&r, text);
	while (cw_fact_next(&r)) {
		struct finding f;

		if (!find_at(&r, kinds, &f)) {
			r.at++;
			continue;
		}

		struct cw_pii p = {f.kind, bytes_of(&r, &f)};

		told++;
		if (!each(&p, arg))
			break;
		r.at = f.to;
	}
	return told;
}

static bool keep_first(const struct cw_pii *p, void *arg)
{
	*(struct cw_pii *)arg = *p;
	return false;
}

bool cw_pii_first(struct cw_str text, unsigned kinds, struct cw_pii *ret)
{
	return cw_pii_find(text, kinds, keep_first, ret) > 0;
}

struct masking {
	struct cw_buf *out;
	const char *from; /* what was copied so far */
};

static bool mask(const struct cw_pii *p, void *arg)
{
	struct masking *m = arg;

	cw_buf_put(m->out, m->from, (size_t)(p->at.p - m->from));
	cw_buf_fmt(m->out, "[%s]", names[p->kind]);
	m->from = p->at.p + p->at.len;
	return true;
}

size_t cw_pii_mask(struct cw_str text, unsigned kinds, struct cw_buf *out)
{
	struct masking m = {out, text.p};
	size_t n = cw_pii_find(text, kinds, mask, &m);

	cw_buf_put(out, m.from, (size_t)(text.p + text.len - m.from));
	return n;
}
