/* Assertions on words. */
#include <errno.h>
#include <string.h>

#include "base/norm.h"
#include "caller/pattern.h"
#include "trial/check/check_int.h"

#define GOT_MAX 300 /* bytes of the agent's words shown in a result */

static const char *const one_keys[] = {"value", "by", "exact", NULL};
static const char *const spoken_keys[] = {"value", "by", "threshold", "words", NULL};
static const char *const list_keys[] = {"value", "by", "threshold", "words", "exact", NULL};

/* ---- comparing one text ---- */

struct comparison {
	bool literal;   /* letter by letter, as promptfoo does */
	bool fold_case; /* of a literal one */
	bool words;     /* on word borders, in spoken-normal form */
};

typedef int fits_fn(
	void *parent, const struct comparison *how, const char *text, const char *value, bool *ret, struct cw_why *why);

/* Both sides in the form in which they are compared. */
static int forms(void *parent, const struct comparison *how, const char *text, const char *value, const char **t,
	const char **wanted)
{
	if (how->literal) {
		*t = text;
		*wanted = value;
		return 0;
	}
	*t = cw_norm_match(parent, cw_str(text));
	*wanted = cw_norm_match(parent, cw_str(value));
	return *t && *wanted ? 0 : ENOMEM;
}

static int fits_contains(
	void *parent, const struct comparison *how, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	const char *t, *wanted;

	if (!how->literal && how->words) {
		*ret = cw_norm_contains(cw_str(text), cw_str(value));
		return 0;
	}

	int err = forms(parent, how, text, value, &t, &wanted);

	if (!err)
		*ret = wanted[0] && (how->fold_case ? strcasestr(t, wanted) : strstr(t, wanted));
	return err;
}

static int fits_equals(
	void *parent, const struct comparison *how, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	const char *t, *wanted;
	int err = forms(parent, how, text, value, &t, &wanted);

	if (!err)
		*ret = !strcmp(t, wanted);
	return err;
}

static int fits_starts(
	void *parent, const struct comparison *how, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	const char *t, *wanted;
	int err = forms(parent, how, text, value, &t, &wanted);

	if (!err)
		*ret = wanted[0] && !strncmp(t, wanted, strlen(wanted));
	return err;
}

static int fits_ends(
	void *parent, const struct comparison *how, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	const char *t, *wanted;
	int err = forms(parent, how, text, value, &t, &wanted);

	if (!err)
		*ret = wanted[0] && strlen(t) >= strlen(wanted) && !strcmp(t + strlen(t) - strlen(wanted), wanted);
	return err;
}

static int fits_regex(
	void *parent, const struct comparison *how, const char *text, const char *value, bool *ret, struct cw_why *why)
{
	char *strict = how->literal ? talloc_asprintf(parent, "(?-i)%s", value) : NULL;

	if (how->literal && !strict)
		return ENOMEM;
	return cw_pattern_regex(how->literal ? strict : value, cw_str(text), ret, why);
}

static const struct {
	const char *name;
	fits_fn *fn;
} fits[] = {
	{"equals", fits_equals},
	{"starts-with", fits_starts},
	{"ends-with", fits_ends},
	{"regex", fits_regex},
};

static fits_fn *fits_of(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(fits); i++)
		if (!strcmp(fits[i].name, name))
			return fits[i].fn;
	return NULL;
}

static struct comparison comparison(const struct cw_view *v, const struct cw_assert *a)
{
	return (struct comparison){
		.literal = cw_check_literal(v, a),
		.fold_case = a->kind->name[0] == 'i',
		.words = cw_json_bool(a->conf, "words", false),
	};
}

static const char *shown(const char *text)
{
	return text[0] ? text : "(no words)";
}

static int got(void *parent, const struct cw_check_words *s, struct cw_check *c)
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

static int run_equals_json(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value");
	CW_JSON_SCOPED json_t *have = NULL;
	const char *text = NULL;
	int err = cw_check_show(parent, value, &c->expected);

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	c->status = CW_CHECK_FAIL;
	if (cw_json_parse(text, strlen(text), &have, NULL))
		c->reason = "the agent's words are no JSON";
	else if (json_equal(value, have))
		c->status = CW_CHECK_PASS;
	else
		c->reason = "it is another JSON value";
	return cw_check_got_words(parent, text, c);
}

static int run_one(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *value = cw_json_str(a->conf, "value", "");
	fits_fn *fn = fits_of(a->kind->param);
	struct comparison how = comparison(v, a);
	struct cw_check_words s;
	int err = cw_check_words(parent, v, a, play, false, &s);

	CW_ASSERT(fn);
	if (!json_is_string(json_object_get(a->conf, "value")))
		return run_equals_json(parent, v, a, play, c);
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

		err = fn(parent, &how, s.text[i], value, &yes, &why);
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

static int count_found(void *parent, const struct comparison *how, const char *text, const json_t *value, size_t *found,
	struct cw_buf *missing)
{
	*found = 0;
	cw_buf_reset(missing);
	for (size_t i = 0; i < n_items(value); i++) {
		bool yes = false;
		int err = fits_contains(parent, how, text, item(value, i), &yes, NULL);

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
	struct comparison how = comparison(v, a);
	double share = any ? 0 : cw_json_num(a->conf, "threshold", 1);
	struct cw_check_words s;
	int err = cw_check_words(parent, v, a, play, !strcmp(a->kind->name, "spoken_contains"), &s);

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

		err = count_found(parent, &how, s.text[i], value, &found, &missing);
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

/* ---- values in the file ---- */

static int valid_exact(const json_t *conf, struct cw_why *why)
{
	const json_t *exact = json_object_get(conf, "exact");

	if (exact && !json_is_boolean(exact))
		return cw_why_set(why, EINVAL, "'exact' must be true (compare letter by letter) or false");
	return cw_check_valid_by(conf, why);
}

static int validate_one(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_text(conf, why);

	return err ? err : valid_exact(conf, why);
}

/* `equals` takes a JSON value, too: then the words must be that JSON. */
static int validate_equals(const json_t *conf, struct cw_why *why)
{
	const json_t *v = json_object_get(conf, "value");

	return json_is_object(v) || json_is_array(v) ? valid_exact(conf, why) : validate_one(conf, why);
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
		err = valid_exact(conf, why);
	if (!err && threshold &&
		(!json_is_number(threshold) || json_number_value(threshold) <= 0 || json_number_value(threshold) > 1))
		return cw_why_set(
			why, EINVAL, "'threshold' is the share of values that must be found: above 0, at most 1");
	if (!err && words && !json_is_boolean(words))
		return cw_why_set(why, EINVAL, "'words' must be true or false");
	if (!err && words && cw_json_bool(conf, "exact", false))
		return cw_why_set(why, EINVAL, "'exact' compares letter by letter: 'words' says nothing beside it");
	return err;
}

const struct cw_check_kind cw_checks_text[] = {
	{"contains", "the words contain this", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "all", 0, NULL},
	{"icontains", "the same: speech has no upper case", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list,
		"all", 0, NULL},
	{"contains-all", "the words contain each of these", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list,
		"all", 0, NULL},
	{"icontains-all", "the same", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "all", 0, NULL},
	{"contains-any", "the words contain one of these", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "any",
		0, NULL},
	{"icontains-any", "the same", CW_CHECK_ANYWHERE, list_keys, validate_list, run_list, "any", 0, NULL},
	{"equals", "the words are exactly these (or this JSON)", CW_CHECK_ANYWHERE, one_keys, validate_equals, run_one,
		"equals", CW_NEEDS_FILE, NULL},
	{"starts-with", "the words begin with these", CW_CHECK_ANYWHERE, one_keys, validate_one, run_one, "starts-with",
		0, NULL},
	{"ends-with", "the words end with these", CW_CHECK_ANYWHERE, one_keys, validate_one, run_one, "ends-with", 0,
		NULL},
	{"regex", "a regular expression is found in the words", CW_CHECK_ANYWHERE, one_keys, validate_regex, run_one,
		"regex", 0, NULL},
	{"spoken_contains", "the caller's ear heard this (or, in process, the agent is known to have said it)",
		CW_CHECK_ANYWHERE, spoken_keys, validate_list, run_list, "all", CW_NEEDS_VOICE, "mouth"},
	{0},
};
