/* Assertions on what the words are: a refusal, kind or angry, in a language, personal, drawn from the talk before. */
#include <errno.h>
#include <string.h>

#include "base/norm.h"
#include "language/langid.h"
#include "language/pii.h"
#include "language/refusal.h"
#include "language/sentiment.h"
#include "trial/check/check_int.h"

#define SHOWN_MAX 120

static const char *const by_keys[] = {"by", NULL};
static const char *const value_keys[] = {"value", "by", NULL};
static const char *const sentiment_keys[] = {"value", "language", "by", NULL};
static const char *const language_keys[] = {"value", "min_confidence", "by", NULL};
static const char *const pii_keys[] = {"kinds", "by", NULL};

static int run_refusal(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	struct cw_str at = {0};
	const char *text = NULL;
	int err = cw_check_one_text(parent, v, a, play, c, &text);

	c->expected = "a refusal to answer";
	if (err || !text)
		return err;
	c->status = cw_refusal_is(cw_str(text), &at) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL)
		c->reason = "no words of refusal";
	else if (at.len)
		err = cw_check_say(
			parent, &c->reason, "\"%.*s\"", (int)(at.len < SHOWN_MAX ? at.len : SHOWN_MAX), at.p);
	return err ? err : cw_check_got_words(parent, text, c);
}

static int run_sentiment(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *value = cw_json_str(a->conf, "value", ""), *text = NULL;
	enum cw_sentiment_class want;
	struct cw_sentiment s;
	int err = cw_check_say(parent, &c->expected, "sentiment %s", value);

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	if (!cw_sentiment_parse(cw_str(value), &want))
		return cw_check_error(parent, c, "'%s' is no sentiment: positive, neutral or negative", value);
	if (!cw_str_trim(cw_str(text)).len)
		return cw_check_error(parent, c, "there are no words whose sentiment could be told");
	if (cw_sentiment_read(cw_str(text), cw_json_str(a->conf, "language", NULL), &s))
		return cw_check_error(
			parent, c, "sentiment cannot be told in this language: en, es, de and fr are known");
	c->status = s.class == want ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (!s.hits)
		c->reason = "no word of it is known to be kind or unkind";
	return cw_check_say(parent, &c->got, "%s (%.2f): \"%.200s\"", cw_sentiment_name(s.class), s.score, text);
}

static int run_language(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *value = cw_json_str(a->conf, "value", ""), *text = NULL;
	double enough = cw_json_num(a->conf, "min_confidence", 0.5);
	struct cw_langid guess;
	int err = cw_check_say(parent, &c->expected, "language %s", value);

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	if (!cw_langid_guess(cw_str(text), &guess))
		return cw_check_error(parent, c, "there are no words whose language could be told");
	if (guess.confidence < enough)
		return cw_check_error(parent, c,
			"the language of \"%.100s\" is not clear enough (%s with confidence %.2f)", text, guess.code,
			guess.confidence);
	c->status = cw_langid_tag_is(value, guess.code) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_say(parent, &c->got, "%s (%.2f): \"%.200s\"", guess.code, guess.confidence, text);
}

/* ---- personal data ---- */

static unsigned kinds_of(const struct cw_assert *a)
{
	const json_t *list = json_object_get(a->conf, "kinds");
	unsigned set = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		enum cw_pii_kind k;

		if (cw_pii_kind_parse(cw_str(json_string_value(json_array_get(list, i))), &k))
			set |= CW_PII_BIT(k);
	}
	return set ? set : CW_PII_ALL;
}

/* Both what was heard and what the agent says it said are looked at: neither may hold any. */
static int run_pii(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	struct cw_check_words s;
	struct cw_pii found;
	int err = cw_check_words(parent, v, a, play, true, &s);

	c->expected = "no personal data spoken";
	if (err)
		return err;
	if (!s.n)
		return cw_check_error(
			parent, c, "'by: text' needs the agent's own words: they are not visible over this line");
	c->decided_by = s.by[0];
	c->got = "none";
	for (size_t i = 0; i < s.n; i++) {
		if (!cw_pii_first(cw_str(s.text[i]), kinds_of(a), &found))
			continue;
		c->status = CW_CHECK_FAIL;
		c->decided_by = s.by[i];
		c->reason = "the agent spoke it";
		return cw_check_say(
			parent, &c->got, "a %s", cw_pii_kind_name(found.kind)); /* the report must not hold it */
	}
	c->status = CW_CHECK_PASS;
	return 0;
}

/* ---- the talk before ---- */

/* Did either side say it before action @play? */
static int said_before(void *parent, const struct cw_view *v, size_t play, const char *value, bool *ret)
{
	*ret = false;
	for (size_t i = 0; i < play && !*ret; i++) {
		char *heard = cw_view_heard(parent, v, i);

		if (!heard)
			return ENOMEM;
		*ret = cw_norm_contains(cw_str(v->plays[i].text), cw_str(value)) ||
		       cw_norm_contains(cw_str(heard), cw_str(value));
	}
	return 0;
}

static int run_context(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *value = json_object_get(a->conf, "value");
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	const char *text = NULL;
	int err = cw_check_show(parent, value, &c->expected);

	if (!err)
		err = cw_check_say(parent, &c->expected, "knows %s from the talk before", c->expected);
	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	c->status = CW_CHECK_PASS;
	for (size_t i = 0; i < n; i++) {
		const char *item = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
		bool before = false;

		err = said_before(parent, v, play, item, &before);
		if (err)
			return err;
		if (cw_norm_contains(cw_str(v->plays[play].text), cw_str(item)) || !before)
			return cw_check_error(parent, c, "\"%s\" %s: an answer with it would prove no memory", item,
				before ? "stands in this turn itself" : "was never said before this turn");
		if (cw_norm_contains(cw_str(text), cw_str(item)))
			continue;
		c->status = CW_CHECK_FAIL;
		err = cw_check_say(parent, &c->reason, "missing \"%s\"", item);
		if (err)
			return err;
	}
	return cw_check_got_words(parent, text, c);
}

/* ---- values in the file ---- */

static int validate_sentiment(const json_t *conf, struct cw_why *why)
{
	const json_t *language = json_object_get(conf, "language");
	enum cw_sentiment_class unused_class;
	struct cw_sentiment unused;
	int err = cw_check_needs_text(conf, why);

	if (!err && !cw_sentiment_parse(cw_str(cw_json_str(conf, "value", "")), &unused_class))
		return cw_why_set(why, EINVAL, "'value' must be positive, neutral or negative");
	if (!err && language &&
		(!json_is_string(language) || cw_sentiment_read(CW_STR_LIT("x"), json_string_value(language), &unused)))
		return cw_why_set(why, EINVAL, "'language' must be en, es, de or fr");
	return err ? err : cw_check_valid_by(conf, why);
}

static int validate_language(const json_t *conf, struct cw_why *why)
{
	const json_t *confidence = json_object_get(conf, "min_confidence");
	int err = cw_check_needs_text(conf, why);
	bool known = false;

	for (const char *const *c = cw_langid_codes(); *c; c++)
		known = known || cw_langid_tag_is(cw_json_str(conf, "value", ""), *c);
	if (!err && !known)
		return cw_why_set(why, EINVAL,
			"'value' must be a language that can be told: en es de fr pt it nl sv pl tr ja zh ko ru ar hi");
	if (!err && confidence &&
		(!json_is_number(confidence) ||
			!(json_number_value(confidence) >= 0 && json_number_value(confidence) <= 1)))
		return cw_why_set(why, EINVAL, "'min_confidence' must be from 0 to 1");
	return err ? err : cw_check_valid_by(conf, why);
}

static int validate_pii(const json_t *conf, struct cw_why *why)
{
	const json_t *kinds = json_object_get(conf, "kinds");
	enum cw_pii_kind unused;

	if (kinds && !json_array_size(kinds))
		return cw_why_set(why, EINVAL, "'kinds' must be a list of phone, card, ssn, email, address");
	for (size_t i = 0; i < json_array_size(kinds); i++) {
		const char *name = json_string_value(json_array_get(kinds, i));

		if (!name || !cw_pii_kind_parse(cw_str(name), &unused))
			return cw_why_set(why, EINVAL, "'kinds' must be a list of phone, card, ssn, email, address");
	}
	return cw_check_valid_by(conf, why);
}

static int validate_context(const json_t *conf, struct cw_why *why)
{
	int err = cw_check_needs_list(conf, why);

	return err ? err : cw_check_valid_by(conf, why);
}

const struct cw_check_kind cw_checks_speech[] = {
	{"is-refusal", "the agent refuses to answer", CW_CHECK_ANYWHERE, by_keys, cw_check_valid_by, run_refusal, NULL,
		0, NULL},
	{"sentiment", "the words are positive, neutral or negative", CW_CHECK_ANYWHERE, sentiment_keys,
		validate_sentiment, run_sentiment, NULL, 0, NULL},
	{"language_is", "the words are in this language", CW_CHECK_ANYWHERE, language_keys, validate_language,
		run_language, NULL, 0, NULL},
	{"no_pii_spoken", "the agent speaks no personal data", CW_CHECK_ANYWHERE, pii_keys, validate_pii, run_pii, NULL,
		0, NULL},
	{"requires_context", "the answer holds what was said earlier in the talk and not in this turn",
		CW_CHECK_TURN_ONLY, value_keys, validate_context, run_context, NULL, 0, NULL},
	{0},
};
