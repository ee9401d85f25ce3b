#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/norm.h"
#include "base/words.h"
#include "caller/rails_int.h"
#include "caller/say.h"

#define RUNS_MAX       32
#define RUN_DIGITS     40
#define CORRECT_DIGITS 5    /* figures shorter than this are not worth an argument */
#define ALIKE          0.62 /* so like the fact, and not it: the fact, misheard */

struct runs { /* the figures of a text, those side by side joined */
	char digits[RUNS_MAX][RUN_DIGITS];
	size_t n;
};

static void read_runs(const char *text, struct runs *r)
{
	CW_SCOPED char *norm = cw_norm_match(NULL, cw_str(text));
	bool open = false;

	r->n = 0;
	for (const char *p = norm ? norm : ""; *p;) {
		size_t len = strcspn(p, " "), digits = 0;
		bool pure;

		for (size_t i = 0; i < len; i++)
			digits += isdigit((unsigned char)p[i]) != 0;
		pure = digits == len; /* "1st" stands alone */
		open = open && pure;
		if (digits && r->n + !open <= RUNS_MAX) {
			char *run = r->digits[open ? r->n - 1 : r->n];
			size_t used = open ? strlen(run) : 0;

			r->n += !open;
			for (size_t i = 0; i < len && used < RUN_DIGITS - 1; i++)
				if (isdigit((unsigned char)p[i]))
					run[used++] = p[i];
			run[used] = '\0';
		}
		open = digits && pure;
		p += len;
		p += *p == ' ';
	}
}

static bool runs_hold(const struct runs *r, const char *digits)
{
	for (size_t i = 0; i < r->n; i++)
		if (strstr(r->digits[i], digits))
			return true;
	return false;
}

/* ---- what may be said ---- */

struct allowed {
	const struct cw_goal *goal;
	uint32_t facts;
	const char *agent;
};

typedef bool holds_fn(const char *source, const void *what);

/* Do any of the sources a move may draw from hold @what? */
static bool allowed_by(const struct allowed *a, holds_fn *holds, const void *what)
{
	for (size_t i = 0; i < a->goal->n_facts; i++)
		if (a->facts & (UINT32_C(1) << i) && holds(a->goal->facts[i].value, what))
			return true;
	return (a->goal->say && holds(a->goal->say, what)) || (a->goal->goal && holds(a->goal->goal, what)) ||
	       (a->agent && holds(a->agent, what));
}

static bool holds_figures(const char *source, const void *what)
{
	struct runs r;

	read_runs(source, &r);
	for (size_t i = 0; i < r.n; i++)
		if (!strcmp(r.digits[i], what) || (strlen(what) < CORRECT_DIGITS && strstr(r.digits[i], what)))
			return true;
	return false;
}

static bool holds_word(const char *source, const void *what)
{
	CW_SCOPED char *text = cw_rails_fold(NULL, source);

	return text && cw_phrases_fit(what, text);
}

static int check_figures(const struct allowed *a, const char *words, struct cw_why *why)
{
	struct runs r;

	read_runs(words, &r);
	for (size_t i = 0; i < r.n; i++)
		if (strlen(r.digits[i]) > 1 && !allowed_by(a, holds_figures, r.digits[i]))
			return cw_why_set(
				why, EPERM, "the figures %s are none of the facts that may be told here", r.digits[i]);
	return 0;
}

/* A fact that may not be told must not stand in the words, unless what may be told holds it too. */
static int check_undisclosed(const struct allowed *a, const char *words, struct cw_why *why)
{
	CW_SCOPED char *text = cw_rails_fold(NULL, words);
	struct allowed own = *a;

	if (!text)
		return ENOMEM;
	own.agent = NULL; /* that the agent said it does not make it ours to tell, save when it was told before */
	for (size_t i = 0; i < a->goal->n_facts; i++) {
		const struct cw_fact *f = &a->goal->facts[i];
		CW_SCOPED char *folded = cw_rails_fold(NULL, f->value);
		char *value = folded;

		if (!value)
			return ENOMEM;
		if (a->facts & (UINT32_C(1) << i) || strlen(value) < 5)
			continue;
		value[strlen(value) - 1] = '\0';
		if (cw_phrases_fit(value + 1, text) && !allowed_by(&own, holds_word, value + 1))
			return cw_why_set(why, EPERM, "the fact '%s' was not asked for", f->key);
	}
	return 0;
}

static int check_words(const struct allowed *a, const char *words, bool capitals, struct cw_why *why)
{
	bool begins = true;

	for (struct cw_str s = cw_str(words); s.len;) {
		size_t n = 0, c = 1;

		while (n < s.len && cw_char_is_word(cw_char_next((struct cw_str){s.p + n, s.len - n}, &c)))
			n += c;
		if (n) {
			char word[64];
			size_t len = n < sizeof(word) - 1 ? n : sizeof(word) - 1;
			size_t first;

			memcpy(word, s.p, len);
			word[len] = '\0';

			CW_SCOPED char *folded = cw_rails_fold(NULL, word);
			uint32_t head = cw_char_next(cw_str(word), &first);

			if (!folded)
				return ENOMEM;

			char *bare = cw_str_dup(folded, cw_str_trim(cw_str(folded)));
			bool name = capitals && !begins && cw_char_lower(head) != head && len > first;

			if (!bare)
				return ENOMEM;
			if ((cw_names_a_date(bare) || name) && !allowed_by(a, holds_word, bare))
				return cw_why_set(
					why, EPERM, "'%s' is in none of the facts that may be told here", word);
			begins = false;
			s = (struct cw_str){s.p + n, s.len - n};
		} else {
			begins = begins || strchr(".!?\xbf\xa1:", s.p[0]);
			s = (struct cw_str){s.p + c, s.len - c};
		}
	}
	return 0;
}

static int check(
	const struct cw_goal *g, uint32_t facts, const char *agent, const char *words, bool strict, struct cw_why *why)
{
	const struct allowed a = {g, facts, agent};
	CW_SCOPED char *plain = cw_say_plain(NULL, words);
	int err;

	if (!plain)
		return ENOMEM;
	err = check_figures(&a, plain, why);
	if (!err)
		err = check_undisclosed(&a, plain, why);
	return err ? err : check_words(&a, plain, strict, why);
}

int cw_rails_check(const struct cw_goal *g, uint32_t facts, const char *agent, const char *words, struct cw_why *why)
{
	return check(g, facts, agent, words, false, why);
}

int cw_rails_check_strict(
	const struct cw_goal *g, uint32_t facts, const char *agent, const char *words, struct cw_why *why)
{
	return check(g, facts, agent, words, true, why);
}

/* ---- what the agent repeated ---- */

static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[128];

	if (nb >= CW_COUNT(row))
		return na > nb ? na : nb;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[nb];
}

static bool misheard_figures(const char *value, const char *agent)
{
	struct runs r;
	size_t n = strlen(value);
	bool wrong = false;

	read_runs(agent, &r);
	if (runs_hold(&r, value))
		return false;
	for (size_t i = 0; i < r.n; i++) {
		size_t m = strlen(r.digits[i]);

		if (m < CORRECT_DIGITS || strstr(value, r.digits[i]))
			continue;
		wrong = wrong || (m + 2 >= n && m <= n + 2 && distance(r.digits[i], m, value, n) <= n / 2);
	}
	return wrong;
}

static size_t count_words(const char *s)
{
	size_t n = 0;

	for (; *s; n++) {
		s += strcspn(s, " ");
		s += strspn(s, " ");
	}
	return n;
}

/* The stretch of @text with as many words as @value that is most like it. */
static double best_likeness(const char *value, const char *text)
{
	size_t n = count_words(value), len = strlen(value);
	double best = 0;

	for (const char *from = text; *from;) {
		const char *to = from;
		size_t k = 0;

		for (; k < n && *to; k++) {
			to += strspn(to, " ");
			to += strcspn(to, " ");
		}
		if (k < n)
			break;

		size_t m = (size_t)(to - from);
		double alike = 1 - (double)distance(from, m, value, len) / (double)(m > len ? m : len);

		best = alike > best ? alike : best;
		from += strcspn(from, " ");
		from += strspn(from, " ");
	}
	return best;
}

bool cw_rails_misheard(const struct cw_fact *f, const char *agent)
{
	CW_SCOPED char *value = cw_norm_match(NULL, cw_str(f->value));
	CW_SCOPED char *text = cw_norm_match(NULL, cw_str(agent));
	struct runs own;

	if (!value || !text)
		return false;
	read_runs(f->value, &own);
	if (own.n == 1 && strlen(own.digits[0]) >= CORRECT_DIGITS)
		return misheard_figures(own.digits[0], agent);
	if (strcmp(f->key, "name") != 0 && strcmp(f->key, "address") != 0)
		return false;

	double alike = strlen(value) >= 5 ? best_likeness(value, text) : 0;

	return alike >= ALIKE && alike < 1;
}
