/* Assertions on HTML and XML in the agent's words (chat targets, mostly). */
#include <errno.h>
#include <string.h>

#include "trial/check/check_int.h"
#include "trial/check/markup.h"

#define REQUIRED_MAX 64

static const char *const html_keys[] = {"by", NULL};
static const char *const xml_keys[] = {"value", "by", NULL};

static int run_html(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool whole = !strcmp(a->kind->param, "is"), yes;
	const char *text = NULL, *why = "there is too little HTML in the words";
	int err = cw_check_one_text(parent, v, a, play, c, &text);

	c->expected = whole ? "HTML and nothing else" : "HTML among the words";
	if (err || !text)
		return err;
	yes = whole ? cw_html_is(cw_str(text), &why) : cw_html_in(cw_str(text));
	c->status = yes ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (!yes)
		c->reason = why;
	return cw_check_got_words(parent, text, c);
}

static int run_xml(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const json_t *required = json_object_get(json_object_get(a->conf, "value"), "requiredElements");
	bool whole = !strcmp(a->kind->param, "is");
	struct cw_why why = {0};
	const char *text = NULL;
	int err = cw_check_say(parent, &c->expected, "%s%s", whole ? "one XML document" : "XML among the words",
		required ? " with the elements required" : "");

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	err = whole ? cw_xml_is(cw_str(text), required, &why) : cw_xml_in(cw_str(text), required, &why);
	if (err && err != EINVAL)
		return err;
	c->status = err ? CW_CHECK_FAIL : CW_CHECK_PASS;
	if (err)
		err = cw_check_say(parent, &c->reason, "%s", why.text);
	return err ? err : cw_check_got_words(parent, text, c);
}

static int validate_xml(const json_t *conf, struct cw_why *why)
{
	const json_t *value = json_object_get(conf, "value"), *required = json_object_get(value, "requiredElements");
	size_t n = json_array_size(required);

	if (value && (!json_is_object(value) || !json_is_array(required) || json_object_size(value) != 1 || !n ||
			     n > REQUIRED_MAX))
		return cw_why_set(why, EINVAL,
			"'value' must be {requiredElements: [root.child, …]}, at most %d of them", REQUIRED_MAX);
	for (size_t i = 0; i < n; i++)
		if (!json_is_string(json_array_get(required, i)))
			return cw_why_set(why, EINVAL, "'requiredElements' must be texts");
	return cw_check_valid_by(conf, why);
}

const struct cw_check_kind cw_checks_markup[] = {
	{"is-html", "the words are HTML and nothing else", CW_CHECK_ANYWHERE, html_keys, cw_check_valid_by, run_html,
		"is", 0, NULL},
	{"contains-html", "the words contain HTML", CW_CHECK_ANYWHERE, html_keys, cw_check_valid_by, run_html,
		"contains", 0, NULL},
	{"is-xml", "the words are one XML document, with the elements in `value.requiredElements`", CW_CHECK_ANYWHERE,
		xml_keys, validate_xml, run_xml, "is", 0, NULL},
	{"contains-xml", "the words contain an XML element", CW_CHECK_ANYWHERE, xml_keys, validate_xml, run_xml,
		"contains", 0, NULL},
	{0},
};
