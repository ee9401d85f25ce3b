#define PCRE2_CODE_UNIT_WIDTH 8
#include "caller/pattern.h"

#include <errno.h>
#include <pcre2.h>

#include "base/norm.h"

#define MATCH_LIMIT 200000 /* steps of one search: a hostile expression cannot hang a run */

struct cw_alternative {
	char *phrase;     /* or NULL */
	pcre2_code *code; /* or NULL */
};

struct cw_pattern {
	size_t n;
	struct cw_alternative alt[CW_PATTERN_MAX];
};

static int pattern_end(struct cw_pattern *p)
{
	for (size_t i = 0; i < p->n; i++)
		pcre2_code_free(p->alt[i].code);
	return 0;
}

static int compile(struct cw_str regex, pcre2_code **ret, struct cw_why *why)
{
	int code = 0;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR text[160];

	*ret = pcre2_compile((PCRE2_SPTR)regex.p, regex.len, PCRE2_CASELESS | PCRE2_UTF, &code, &at, NULL);
	if (*ret)
		return 0;
	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		text[0] = 0;
	return cw_why_set(why, EINVAL, "regular expression /%.*s/ fails at character %zu: %s", CW_STR(regex),
		(size_t)at + 1, (const char *)text);
}

static int search(const pcre2_code *code, struct cw_str text, bool *found)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int rc = PCRE2_ERROR_NOMEMORY;

	if (data && limits) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		rc = pcre2_match(code, (PCRE2_SPTR)text.p, text.len, 0, 0, data, limits);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	*found = rc >= 0;
	if (rc == PCRE2_ERROR_NOMEMORY)
		return ENOMEM;
	return rc == PCRE2_ERROR_MATCHLIMIT ? E2BIG : 0;
}

static int add(struct cw_pattern *p, const char *text, struct cw_why *why)
{
	struct cw_str s = cw_str_trim(cw_str(text));
	struct cw_alternative *a = &p->alt[p->n];

	if (s.len >= 2 && s.p[0] == '/' && s.p[s.len - 1] == '/') {
		int err = compile((struct cw_str){s.p + 1, s.len - 2}, &a->code, why);

		if (err)
			return err;
		p->n++;
		return 0;
	}
	if (!s.len)
		return cw_why_set(why, EINVAL, "an empty pattern fits everything: leave it out instead");
	a->phrase = cw_str_dup(p, s);
	if (!a->phrase)
		return ENOMEM;
	p->n++;
	return 0;
}

int cw_pattern_new(void *parent, const char *const *alternatives, size_t n, struct cw_pattern **ret, struct cw_why *why)
{
	if (n > CW_PATTERN_MAX)
		return cw_why_set(why, E2BIG, "%zu alternatives: at most %d are allowed", n, CW_PATTERN_MAX);

	CW_SCOPED struct cw_pattern *p = talloc_zero(NULL, struct cw_pattern);

	if (!p)
		return ENOMEM;
	talloc_set_destructor(p, pattern_end);
	for (size_t i = 0; i < n; i++) {
		int err = add(p, alternatives[i], why);

		if (err)
			return err;
	}
	*ret = talloc_move(parent, &p);
	return 0;
}

bool cw_pattern_fits(const struct cw_pattern *p, struct cw_str text)
{
	for (size_t i = 0; i < p->n; i++) {
		bool found = false;

		if (p->alt[i].phrase)
			found = cw_norm_contains(text, cw_str(p->alt[i].phrase));
		else
			(void)search(p->alt[i].code, text, &found); /* too many steps or no memory: does not fit */
		if (found)
			return true;
	}
	return false;
}

int cw_pattern_regex(const char *regex, struct cw_str text, bool *found, struct cw_why *why)
{
	pcre2_code *code = NULL;
	int err = compile(cw_str(regex), &code, why);

	if (err)
		return err;
	err = search(code, text, found);
	pcre2_code_free(code);
	if (err == E2BIG)
		return cw_why_set(why, E2BIG, "regular expression /%s/ needs more than %d steps: make it simpler",
			regex, MATCH_LIMIT);
	return err;
}
