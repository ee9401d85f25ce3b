#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <talloc.h>

#define NUMBER_MAX_CHARS 64 /* longer texts are not numbers anybody meant */
#define NAME_MAX_CHARS   63 /* longer names are never "near" */

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct cw_str cw_str(const char *s)
{
	return (struct cw_str){s ? s : "", s ? strlen(s) : 0};
}

bool cw_str_eq(struct cw_str a, const char *b)
{
	return strlen(b) == a.len && memcmp(a.p, b, a.len) == 0;
}

bool cw_str_eq_fold(struct cw_str a, const char *b)
{
	if (strlen(b) != a.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (fold(a.p[i]) != fold(b[i]))
			return false;
	return true;
}

bool cw_str_starts(struct cw_str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && memcmp(s.p, prefix, n) == 0;
}

struct cw_str cw_str_trim(struct cw_str s)
{
	while (s.len && is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

bool cw_str_split(struct cw_str *rest, char sep, struct cw_str *part)
{
	if (!rest->p)
		return false;

	const char *at = rest->len ? memchr(rest->p, sep, rest->len) : NULL;

	if (!at) {
		*part = *rest;
		*rest = (struct cw_str){NULL, 0};
		return true;
	}
	*part = (struct cw_str){rest->p, (size_t)(at - rest->p)};
	rest->p = at + 1;
	rest->len -= part->len + 1;
	return true;
}

int cw_str_u64(struct cw_str s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.len)
		return EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned d = (unsigned)(s.p[i] - '0');

		if (v > (UINT64_MAX - d) / 10)
			return ERANGE;
		v = v * 10 + d;
	}
	if (v > max)
		return ERANGE;
	*ret = v;
	return 0;
}

int cw_str_u32(struct cw_str s, uint32_t max, uint32_t *ret)
{
	uint64_t v;
	int err = cw_str_u64(s, max, &v);

	if (!err)
		*ret = (uint32_t)v;
	return err;
}

int cw_str_i64(struct cw_str s, int64_t *ret)
{
	bool minus = s.len && s.p[0] == '-';
	uint64_t v;

	if (s.len && (minus || s.p[0] == '+')) {
		s.p++;
		s.len--;
	}

	int err = cw_str_u64(s, minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX, &v);

	if (err)
		return err;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* [sign] digits [. digits] [e [sign] digits], with a digit before or after the point: no hex, no "inf", no "nan". */
static bool is_decimal(struct cw_str s)
{
	size_t i = 0, digits = 0, exp_digits = 0;

	if (i < s.len && (s.p[i] == '-' || s.p[i] == '+'))
		i++;
	for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		digits++;
	if (i < s.len && s.p[i] == '.')
		for (i++; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			digits++;
	if (!digits)
		return false;
	if (i == s.len)
		return true;
	if (s.p[i] != 'e' && s.p[i] != 'E')
		return false;
	i++;
	if (i < s.len && (s.p[i] == '-' || s.p[i] == '+'))
		i++;
	for (; i < s.len && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		exp_digits++;
	return exp_digits && i == s.len;
}

int cw_str_double(struct cw_str s, double *ret)
{
	static locale_t c_locale; /* made once and never changed: a constant in effect */
	char text[NUMBER_MAX_CHARS + 1];
	locale_t loc = __atomic_load_n(&c_locale, __ATOMIC_ACQUIRE);

	if (!is_decimal(s) || s.len > NUMBER_MAX_CHARS)
		return EINVAL;
	if (!loc) {
		locale_t none = (locale_t)0;

		loc = newlocale(LC_ALL_MASK, "C", (locale_t)0);
		if (!loc)
			return ENOMEM;
		if (!__atomic_compare_exchange_n(&c_locale, &none, loc, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			freelocale(loc);
			loc = none;
		}
	}
	memcpy(text, s.p, s.len);
	text[s.len] = 0;

	double v = strtod_l(text, NULL, loc);

	if (!isfinite(v))
		return ERANGE;
	*ret = v;
	return 0;
}

char *cw_str_dup(void *parent, struct cw_str s)
{
	char *copy = talloc_size(parent, s.len + 1);

	if (!copy)
		return NULL;
	if (s.len)
		memcpy(copy, s.p, s.len);
	copy[s.len] = 0;
	talloc_set_name_const(copy, "cw_str_dup");
	return copy;
}

/* Optimal string alignment distance (Levenshtein plus swaps of neighbours), case folded. */
static size_t edit_distance(struct cw_str a, struct cw_str b)
{
	size_t rows[3][NAME_MAX_CHARS + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = fold(a.p[i - 1]) == fold(b.p[j - 1]);
			size_t best = last[j - 1] + !same;

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && fold(a.p[i - 1]) == fold(b.p[j - 2]) &&
				fold(a.p[i - 2]) == fold(b.p[j - 1]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}

		size_t *spare = before;

		before = last;
		last = now;
		now = spare;
	}
	return last[b.len];
}

const char *cw_str_nearest(struct cw_str s, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	if (!s.len || s.len > NAME_MAX_CHARS)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct cw_str name = cw_str(names[i]);

		if (!name.len || name.len > NAME_MAX_CHARS)
			continue;

		size_t d = edit_distance(s, name);
		size_t longer = s.len > name.len ? s.len : name.len;

		/* Near: at most a third of the letters differ, and at least one is common. */
		if (d < best_distance && d < longer && d <= (longer + 2) / 3) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
