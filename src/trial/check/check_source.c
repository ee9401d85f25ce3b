/* Whose words a check looks at, and how scores and measures settle it. */
#include <errno.h>
#include <string.h>

#include "trial/check/check_int.h"

#define GOT_MAX 300 /* bytes of the agent's words shown in a result */

static bool wants(const struct cw_assert *a, const char *source)
{
	const char *by = cw_json_str(a->conf, "by", "any");

	return !strcmp(by, "any") || !strcmp(by, source);
}

int cw_check_words(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, bool ear_first,
	struct cw_check_words *s)
{
	char *ear = cw_view_heard(parent, v, play);
	char *said = v->agent ? cw_view_said(parent, v, play) : NULL;

	*s = (struct cw_check_words){0};
	if (!ear || (v->agent && !said))
		return ENOMEM;
	if (v->chat) {
		*s = (struct cw_check_words){.text = {ear}, .by = {"chat_text"}, .n = 1};
		return 0;
	}
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

int cw_check_one_text(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c,
	const char **ret)
{
	struct cw_check_words s;
	int err = cw_check_words(parent, v, a, play, false, &s);

	*ret = NULL;
	if (err)
		return err;
	if (!s.n)
		return cw_check_error(
			parent, c, "'by: text' needs the agent's own words: they are not visible over this line");
	c->decided_by = s.by[0];
	*ret = s.text[0];
	return 0;
}

int cw_check_got_words(void *parent, const char *text, struct cw_check *c)
{
	return cw_check_say(parent, &c->got, "\"%.*s\"", GOT_MAX, text[0] ? text : "(no words)");
}

bool cw_check_literal(const struct cw_view *v, const struct cw_assert *a)
{
	if (json_object_get(a->conf, "exact"))
		return cw_json_bool(a->conf, "exact", false);
	return v->chat && !json_object_get(a->conf, "words");
}

/* ---- scores and measures ---- */

int cw_check_by_score(void *parent, struct cw_check *c, const char *what, double score, double threshold)
{
	int err = cw_check_say(parent, &c->expected, "%s of at least %g", what, threshold);

	c->score = score;
	c->status = score >= threshold - 1e-12 ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL)
		c->reason = "below the threshold";
	return err ? err : cw_check_say(parent, &c->got, "%.4g", score);
}

bool cw_check_within(const struct cw_assert *a, double v)
{
	return v <= cw_json_num(a->conf, "max", 1e18) && v >= cw_json_num(a->conf, "min", -1e18);
}

static int describe_limits(void *parent, const struct cw_assert *a, const char *u, struct cw_check *c)
{
	const json_t *max = json_object_get(a->conf, "max"), *min = json_object_get(a->conf, "min");

	if (max && min)
		return cw_check_say(
			parent, &c->expected, "from %g to %g%s", json_number_value(min), json_number_value(max), u);
	return max ? cw_check_say(parent, &c->expected, "at most %g%s", json_number_value(max), u)
		   : cw_check_say(parent, &c->expected, "at least %g%s", json_number_value(min), u);
}

int cw_check_by_value(void *parent, const struct cw_assert *a, struct cw_value x, const char *unit, struct cw_check *c)
{
	int err = describe_limits(parent, a, unit, c);

	if (err)
		return err;
	c->at_us = x.at_us;
	if (x.known) {
		c->status = cw_check_within(a, x.v) ? CW_CHECK_PASS : CW_CHECK_FAIL;
		if (c->status == CW_CHECK_FAIL)
			c->reason = x.v > cw_json_num(a->conf, "max", 1e18) ? "too much" : "too little";
		return cw_check_say(parent, &c->got, "%.10g%s", x.v, unit);
	}
	c->got = "null";
	c->reason = x.reason;
	c->status = x.agent_absent ? CW_CHECK_FAIL : CW_CHECK_ERROR;
	return 0;
}

/* ---- values in the file ---- */

int cw_check_needs_text(const json_t *conf, struct cw_why *why)
{
	const json_t *v = json_object_get(conf, "value");

	if (!json_is_string(v) || !json_string_length(v))
		return cw_why_set(
			why, EINVAL, "'value' must be a text%s", json_is_number(v) ? ": put it in quotes" : "");
	return 0;
}

int cw_check_needs_list(const json_t *conf, struct cw_why *why)
{
	const json_t *v = json_object_get(conf, "value");
	size_t i;
	json_t *item;

	if (json_is_string(v))
		return json_string_length(v) ? 0 : cw_why_set(why, EINVAL, "'value' is empty");
	if (!json_is_array(v) || !json_array_size(v))
		return cw_why_set(why, EINVAL, "'value' must be a text or a list of texts%s",
			json_is_number(v) ? ": put it in quotes" : "");
	json_array_foreach (v, i, item) {
		if (!json_is_string(item) || !json_string_length(item))
			return cw_why_set(why, EINVAL,
				"'value' must be a list of texts: entry %zu is none (numbers go in quotes)", i + 1);
	}
	return 0;
}

int cw_check_needs_limits(const json_t *conf, struct cw_why *why)
{
	const json_t *max = json_object_get(conf, "max"), *min = json_object_get(conf, "min");

	if ((max && !json_is_number(max)) || (min && !json_is_number(min)))
		return cw_why_set(why, EINVAL, "'min' and 'max' must be numbers");
	if (!max && !min)
		return cw_why_set(why, EINVAL, "needs 'max' or 'min': without a limit it could not fail");
	if (max && min && json_number_value(max) < json_number_value(min))
		return cw_why_set(why, EINVAL, "'max' is below 'min': it could not hold");
	return 0;
}

int cw_check_threshold(const json_t *conf, double min, double max, bool must, struct cw_why *why)
{
	const json_t *t = json_object_get(conf, "threshold");

	if (!t)
		return must ? cw_why_set(why, EINVAL, "needs 'threshold': a number from %g to %g", min, max) : 0;
	if (!json_is_number(t) || !(json_number_value(t) >= min && json_number_value(t) <= max))
		return cw_why_set(why, EINVAL, "'threshold' must be a number from %g to %g", min, max);
	return 0;
}

int cw_check_one_of(const json_t *conf, const char *key, const char *const *names, struct cw_why *why)
{
	const json_t *v = json_object_get(conf, key);
	CW_BUF_SCOPED struct cw_buf known = CW_BUF(512);

	for (const char *const *n = names; *n; n++) {
		if (json_is_string(v) && !strcmp(json_string_value(v), *n))
			return 0;
		cw_buf_fmt(&known, "%s%s", n > names ? ", " : "", *n);
	}
	return v ? cw_why_set(why, EINVAL, "'%s' must be one of %s", key, cw_buf_err(&known) ? "?" : known.p) : 0;
}

int cw_check_valid_by(const json_t *conf, struct cw_why *why)
{
	const json_t *by = json_object_get(conf, "by");
	const char *text = json_string_value(by);

	if (by && (!text || (strcmp(text, "ear") && strcmp(text, "text") && strcmp(text, "any"))))
		return cw_why_set(
			why, EINVAL, "'by' must be ear (what the caller heard), text (the agent's own words) or any");
	return 0;
}
