#include "testing.h"

#include <errno.h>
#include <string.h>

#include "line/twiml.h"

static struct cw_twiml *parse(const char *text)
{
	struct cw_twiml *t = NULL;
	struct cw_why why = {0};
	unsigned code = 0;
	int err = cw_twiml_parse(NULL, text, strlen(text), &t, &code, &why);

	if (cw_test_oom(err))
		return NULL;
	if (err)
		fail_msg("%s: %u %s", text, code, why.text);
	return t;
}

static void reads_the_connect_of_the_sheet(void **state)
{
	struct cw_twiml *t = parse(
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Connect><Stream url=\"wss://voice.example.test/media\" "
		"statusCallback=\"https://voice.example.test/stream\">\n  <Parameter name=\"tenant\" value=\"7\"/></Stream></Connect>"
		"<Redirect>/after?a=1&amp;b=2</Redirect></Response>");
	const struct cw_twiml_node *stream;

	(void)state;
	if (!t)
		return;
	assert_int_equal(t->n_warnings, 0);
	assert_string_equal(t->first->name, "Connect");
	stream = t->first->first;
	assert_string_equal(stream->name, "Stream");
	assert_string_equal(cw_twiml_attr(stream, "url", ""), "wss://voice.example.test/media");
	assert_int_equal(stream->line, 2);
	assert_string_equal(stream->first->name, "Parameter");
	assert_string_equal(cw_twiml_attr(stream->first, "value", ""), "7");
	assert_string_equal(t->first->next->name, "Redirect");
	assert_string_equal(t->first->next->text, "/after?a=1&b=2");
	assert_null(t->first->next->next);
	talloc_free(t);
}

static void speech_markup_becomes_text(void **state)
{
	struct cw_twiml *t = parse(
		"<Response><Say voice=\"Polly.Joanna\" loop=\"2\">Hello <emphasis level=\"strong\">dear</emphasis>\n"
		"caller.<break time=\"1s\"/><p>Say <sub alias=\"doctor\">Dr.</sub> <say-as interpret-as=\"digits\">12</say-as></p>"
		"<prosody rate=\"slow\">Good<w role=\"x\">bye</w></prosody> &amp; caf\xC3\xA9</Say></Response>");

	(void)state;
	if (!t)
		return;
	assert_int_equal(t->n_warnings, 0);
	assert_string_equal(t->first->text, "Hello dear caller. Say doctor 12 Goodbye & caf\xC3\xA9");
	assert_int_equal(cw_twiml_attr_uint(t->first, "loop", 1), 2);
	talloc_free(t);
}

static void what_twilio_only_warns_about_is_dropped(void **state)
{
	static const struct {
		const char *xml, *verbs, *warning;
	} cases[] = {
		{"<Response><say>hi</say><Hangup/></Response>", "Hangup", "unknown element <say>"},
		{"<Response><Speak><Say>no</Say></Speak><Hangup/></Response>", "Hangup", "unknown element <Speak>"},
		{"<Response><Gather><Dial>1</Dial></Gather></Response>", "Gather", "<Dial> may not stand in <Gather>"},
		{"<Response><Say Voice=\"x\">a</Say></Response>", "Say", "<Say> has no attribute 'Voice'"},
		{"<Response><Gather numDigits=\"four\"/></Response>", "Gather",
			"numDigits=\"four\">: expected a whole number"},
		{"<Response><Dial answerOnBridge=\"yes\">1</Dial></Response>", "Dial", "expected true or false"},
		{"<Response><Reject reason=\"bored\"/></Response>", "Reject", "expected rejected|busy"},
		{"<Response><Stream url=\"wss://a\"/></Response>", "", "<Stream> may not stand in <Response>"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_twiml *t = parse(cases[i].xml);
		CW_BUF_SCOPED struct cw_buf verbs = CW_BUF(200);
		const char *want = cases[i].warning;

		cw_twiml_dump(&verbs, t);
		assert_string_equal(verbs.p ? verbs.p : "", cases[i].verbs);
		assert_int_equal(t->n_warnings, 1);
		assert_int_equal(t->warnings[0].code, 12200);
		assert_int_equal(t->warnings[0].line, 1);
		if (!strstr(t->warnings[0].text, want))
			fail_msg("%s: %s", cases[i].xml, t->warnings[0].text);
		talloc_free(t);
	}
}

static void values_keep_their_defaults(void **state)
{
	struct cw_twiml *t = parse(
		"<Response><Gather timeout=\"auto\" speechTimeout=\"auto\" actionOnEmptyResult=\"TRUE\" finishOnKey=\"\"/></Response>");

	(void)state;
	assert_int_equal(t->n_warnings, 0);
	assert_int_equal(cw_twiml_attr_uint(t->first, "timeout", 5), 5);
	assert_int_equal(cw_twiml_attr_uint(t->first, "numDigits", 0), 0);
	assert_true(cw_twiml_attr_bool(t->first, "actionOnEmptyResult", false));
	assert_true(cw_twiml_attr_bool(t->first, "bargeIn", true));
	assert_string_equal(cw_twiml_attr(t->first, "finishOnKey", "#"), "");
	talloc_free(t);
}

static void refuses_what_twilio_refuses(void **state)
{
	static const struct {
		const char *xml;
		unsigned code;
	} cases[] = {
		{"", 12100},
		{"hello", 12100},
		{"<Response>", 12100},
		{"<Response><Say>a</say></Response>", 12100},
		{"<Response></Response>x", 12100},
		{"<Response><Say>a & b</Say></Response>", 12100},
		{"{\"a\":1}", 12100},
		{"<response/>", 12102},
		{"<html><body/></html>", 12102},
		{"<!DOCTYPE r [<!ENTITY a \"b\">]><Response><Say>&a;</Say></Response>", 12100},
		{"<Response><Say><p><s><prosody><p><s><prosody><p>x</p></prosody></s></p></prosody></s></p></Say></Response>",
			12100},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_twiml *t = NULL;
		struct cw_why why = {0};
		unsigned code = 0;
		int err = cw_twiml_parse(NULL, cases[i].xml, strlen(cases[i].xml), &t, &code, &why);

		if (!err || code != cases[i].code || !why.text[0])
			fail_msg("%s: err %d, code %u, '%s'", cases[i].xml, err, code, why.text);
		assert_null(t);
	}
}

static void is_bounded(void **state)
{
	char *big = talloc_zero_size(NULL, CW_TWIML_MAX + 2);
	struct cw_twiml *t = NULL;
	unsigned code;

	(void)state;
	memset(big, ' ', CW_TWIML_MAX + 1);
	assert_int_equal(cw_twiml_parse(NULL, big, CW_TWIML_MAX + 1, &t, &code, NULL), EMSGSIZE);

	size_t n = 0;

	for (size_t i = 0; i < CW_TWIML_NODES_MAX + 2; i++) {
		const char *piece = i ? "<Pause/>" : "<Response>";

		memcpy(big + n, piece, strlen(piece));
		n += strlen(piece);
	}
	memcpy(big + n, "</Response>", 11);
	assert_int_equal(cw_twiml_parse(NULL, big, n + 11, &t, &code, NULL), EMSGSIZE);
	assert_null(t);
	talloc_free(big);
}

CW_OOM_BODY(reads_the_connect_of_the_sheet)
CW_OOM_BODY(speech_markup_becomes_text)

CW_TEST_MAIN(CW_TEST(reads_the_connect_of_the_sheet), CW_TEST(speech_markup_becomes_text),
	CW_TEST(what_twilio_only_warns_about_is_dropped), CW_TEST(values_keep_their_defaults),
	CW_TEST(refuses_what_twilio_refuses), CW_TEST(is_bounded), CW_TEST_OOM(reads_the_connect_of_the_sheet),
	CW_TEST_OOM(speech_markup_becomes_text))
