/* Assertions on words. */
#include <errno.h>
#include <string.h>

#include "base/norm.h"
#include "caller/pattern.h"
#include "trial/check/check_int.h"

#define GOT_MAX 300 /* bytes of the agent's words shown in a result */

static const char *const one_keys[] = {"value", "by", NULL};
static const char *const list_keys[] = {"value", "by", "threshold", "words", NULL};

/* Words to judge, the better source first. */
struct sources {
	char *text[2];
	const char *by[2];
	size_t n;
};

static bool wants(const struct cw_assert *a, const char *source)
{
	const char *by = cw_json_str(a->conf, "by", "any");

	return !strcmp(by, "any") || !strcmp(by, source);
}

static int open_sources(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, bool ear_first,
	struct sources *s)
{
	char *ear = cw_view_heard(parent, v, play);
	char *said = v->agent ? cw_view_said(parent, v, play) : NULL;

	*s = (struct sources){0};
	if (!ear || (v->agent && !said))
		return ENOMEM;
	for (int round = 0; round < 2; round++) {
		bool take_ear = (round == 0) == ear_first;
		char *text = take_ear ? ear : said;

		if (!text || !wants(a, take_ear ? "ear" : "text"))
			continue;
		s->text[s->n] = text;
		s->by[s->n++] = take_ear ? "caller_ear" : "agent_text";
	}
	if (!ear_first && s->n > 1)
		s->n = 1; /* the agent's own words decide where they are known */
	return 0;
}

/* ---- comparing one text ---- */

typedef int fits_fn(
	void *parent, const struct cw_assert *a, const char *text, const char *value, bool *ret, struct cw_why *why);

static int fits_contains(
	void *parent, const struct cw_assert *a, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	if (cw_json_bool(a->conf, "words", false)) {
		*ret = cw_norm_contains(cw_str(text), cw_str(value));
		return 0;
	}

	char *t = cw_norm_match(parent, cw_str(text)), *needle = cw_norm_match(parent, cw_str(value));

	if (!t || !needle)
		return ENOMEM;
	*ret = needle[0] && strstr(t, needle);
	return 0;
}

static int fits_equals(
	void *parent, const struct cw_assert *a, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	char *t = cw_norm_match(parent, cw_str(text)), *whole = cw_norm_match(parent, cw_str(value));

	if (!t || !whole)
		return ENOMEM;
	*ret = !strcmp(t, whole);
	return 0;
}

static int fits_starts(
	void *parent, const struct cw_assert *a, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	char *t = cw_norm_match(parent, cw_str(text)), *start = cw_norm_match(parent, cw_str(value));

	if (!t || !start)
		return ENOMEM;
	*ret = start[0] && !strncmp(t, start, strlen(start));
	return 0;
}

static int fits_regex(
	void *parent, const struct cw_assert *a, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	return cw_pattern_regex(value, cw_str(text), ret, why);
}

static const struct {
	const char *name;
	fits_fn *fn;
} fits[] = {
	{"equals", fits_equals},
	{"starts-with", fits_starts},
	{"regex", fits_regex},
};

static fits_fn *fits_of(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(fits); i++)
		if (!strcmp(fits[i].name, name))
			return fits[i].fn;
	return NULL;
}

static const char *shown(const char *text)
{
	return text[0] ? text : "(no words)";
}

static int got(void *parent, const struct sources *s, struct cw_check *c)
{
	if (s->n > 1 && strcmp(s->text[0], s->text[1]))
		return cw_check_say(parent, &c->got, "heard \"%.*s\", said \"%.*s\"", GOT_MAX, shown(s->text[0]),
			GOT_MAX, shown(s->text[1]));
	return cw_check_say(parent, &c->got, "\"%.*s\"", GOT_MAX, shown(s->text[0]));
}

static int no_source(void *parent, struct cw_check *c)
{
	return cw_check_error(parent, c, "'by: text' needs the agent's own words: they are not visible over this line");
}

/* ---- one value ---- */

static int run_one(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *value = cw_json_str(a->conf, "value", "");
	fits_fn *fn = fits_of(a->kind->param);
	struct sources s;
	int err = open_sources(parent, v, a, play, false, &s);

	CW_ASSERT(fn);
	if (!err)
		err = cw_check_say(parent, &c->expected, "%s \"%s\"", a->kind->param, value);
	if (err)
		return err;
	if (!s.n)
		return no_source(parent, c);
	c->status = CW_CHECK_FAIL;
	for (size_t i = 0; i < s.n; i++) {
		struct cw_why why = {0};
		bool yes = false;

		err = fn(parent, a, s.text[i], value, &yes, &why);
		if (err == ENOMEM)
			return err;
		if (err)
			return cw_check_error(parent, c, "%s", why.text);
		c->decided_by = s.by[i];
		if (!yes)
			continue;
		c->status = CW_CHECK_PASS;
		break;
	}
	if (c->status == CW_CHECK_FAIL)
		c->reason = "the agent's words do not";
	return got(parent, &s, c);
}

/* ---- several values ---- */

static size_t n_items(const json_t *value)
{
	return json_is_array(value) ? json_array_size(value) : 1;
}

static const char *item(const json_t *value, size_t i)
{
	return json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
}

static int count_found(void *parent, const struct cw_assert *a, const char *text, const json_t *value, size_t *found,
	struct cw_buf *missing)
{
	*found = 0;
	cw_buf_reset(missing);
	for (size_t i = 0; i < n_items(value); i++) {
		bool yes = false;
		int err = fits_contains(parent, a, text, item(value, i), &yes, NULL);

		if (err)
			return err;
		*found += yes;
		if (!yes)
			cw_buf_fmt(missing, "%s\"%s\"", missing->len ? ", " : "", item(value, i));
	}
	return 0;
}

static int run_list(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	CW_BUF_SCOPED struct cw_buf missing = CW_BUF(8192);
	CW_BUF_SCOPED struct cw_buf wanted = CW_BUF(8192);
	const json_t *value = json_object_get(a->conf, "value");
	bool any = !strcmp(a->kind->param, "any");
	double share = any ? 0 : cw_json_num(a->conf, "threshold", 1);
	struct sources s;
	int err = open_sources(parent, v, a, play, !strcmp(a->kind->name, "spoken_contains"), &s);

	for (size_t i = 0; i < n_items(value); i++)
		cw_buf_fmt(&wanted, "%s\"%s\"", i ? ", " : "", item(value, i));
	if (!err)
		err = cw_check_say(parent, &c->expected, "contains %s of %s%s", any ? "any" : "all",
			cw_buf_err(&wanted) ? "…" : wanted.p,
			cw_json_bool(a->conf, "words", false) ? " as whole words" : "");
	if (err)
		return err;
	if (!s.n)
		return no_source(parent, c);

	c->status = CW_CHECK_FAIL;
	for (size_t i = 0; i < s.n && c->status == CW_CHECK_FAIL; i++) {
		size_t found = 0;

		err = count_found(parent, a, s.text[i], value, &found, &missing);
		if (err)
			return err;
		c->decided_by = s.by[i];
		if (found && (double)found / (double)n_items(value) >= share)
			c->status = CW_CHECK_PASS;
	}
	if (c->status == CW_CHECK_FAIL)
		err = cw_check_say(
			parent, &c->reason, "missing %s", cw_buf_err(&missing) ? "…" : cw_buf_str(&missing).p);
	return err ? err : got(parent, &s, c);
}

/* Asked for in the short form; there is no scorer for it yet, and a score that was not computed is no pass. */
static int run_sentiment(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	int err = cw_check_say(parent, &c->expected, "sentiment %s", cw_json_str(a->conf, "value", ""));

	return err ? err
		   : cw_check_error(parent, c,
			     "sentiment cannot be scored in this version: remove it, or ask for words with 'contains'");
}

/* ---- values in the file ---- */

static int check_by(const json_t *conf, struct cw_why *why)
{
	const json_t *by = json_object_get(conf, "by");
	const char *text = json_string_value(by);

	if (by && (!text || (strcmp(text, "ear") && strcmp(text, "text") && strcmp(text, "any"))))
		return cw_why_set(
			why, EINVAL, "'by' must be ear (what the caller heard), text (the agent's own words) or any");
	return 0;
}

static int validate_one(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_text(conf, why);

	return err ? err : check_by(conf, why);
}

static int validate_regex(const json_t *conf, struct cw_why *why)
{
	bool unused;
	int err = validate_one(conf, why);

	return err ? err : cw_pattern_regex(cw_json_str(conf, "value", ""), CW_STR_LIT(""), &unused, why);
}

static int validate_list(const json_t *conf, struct cw_why *why)
{
	const json_t *threshold = json_object_get(conf, "threshold"), *words = json_object_get(conf, "words");
	int err = cw_check_needs_list(conf, why);

	if (!err)
		err = check_by(conf, why);
	if (!err && threshold &&
		(!json_is_number(threshold) || json_number_value(threshold) <= 0 || json_number_value(threshold) > 1))
		return cw_why_set(
			why, EINVAL, "'threshold' is the share of values that must be found: above 0, at most 1");
	if (!err && words && !json_is_boolean(words))
		return cw_why_set(why, EINVAL, "'words' must be true or false");
	return err;
}

const struct cw_check_kind cw_checks_text[] = {
	{"contains", "the words contain this", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "all"},
	{"icontains", "the same: speech has no upper case", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list,
		"all"},
	{"contains-all", "the words contain each of these", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list,
		"all"},
	{"icontains-all", "the same", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "all"},
	{"contains-any", "the words contain one of these", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list,
		"any"},
	{"icontains-any", "the same", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "any"},
	{"equals", "the words are exactly these", CW_CHECK_ANYWHERE, one_keys, validate_one, run_one, "equals"},
	{"starts-with", "the words begin with these", CW_CHECK_ANYWHERE, one_keys, validate_one, run_one,
		"starts-with"},
	{"regex", "a regular expression is found in the words", CW_CHECK_ANYWHERE, one_keys, validate_regex, run_one,
		"regex"},
	{"spoken_contains", "the caller's ear heard this (or, in process, the agent is known to have said it)",
		CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "all"},
	{"sentiment", NULL, CW_CHECK_ANYWHERE, one_keys, NULL, run_sentiment,
		NULL}, /* made by the short form only: no `about`, not for files */
	{0},
};
