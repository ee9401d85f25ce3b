/* JSON Schema, HTML, XML, programs and code: the helpers under the assertions. */
#include <errno.h>

#include "trial/check/check.h"
#include "trial/check/command.h"
#include "trial/check/json_schema.h"
#include "trial/check/markup.h"
#include "viewing.h"

static json_t *json(const char *text)
{
	json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);

	if (!j)
		fail_msg("no JSON: %s", text);
	return j;
}

/* One keyword a row: a value that fits and one that does not. */
static const struct {
	const char *schema, *fits, *not ;
} keywords[] = {
	{"{\"type\": \"integer\"}", "3.0", "3.5"},
	{"{\"type\": [\"string\", \"null\"]}", "null", "1"},
	{"{\"enum\": [1, \"a\"]}", "\"a\"", "\"b\""},
	{"{\"const\": {\"a\": [1]}}", "{\"a\": [1]}", "{\"a\": [2]}"},
	{"{\"minimum\": 2, \"maximum\": 3}", "3", "3.01"},
	{"{\"exclusiveMinimum\": 2}", "2.1", "2"},
	{"{\"exclusiveMaximum\": 2}", "1.9", "2"},
	{"{\"multipleOf\": 0.1}", "0.3", "0.35"},
	{"{\"minLength\": 2}", "\"\\u00e9\\u00e9\"", "\"\\u00e9\""},
	{"{\"maxLength\": 2}", "\"ab\"", "\"abc\""},
	{"{\"pattern\": \"^[A-Z]\"}", "\"Abc\"", "\"abc\""},
	{"{\"format\": \"date\"}", "\"2026-12-03\"", "\"2026-13-03\""},
	{"{\"format\": \"email\"}", "\"a@b.example\"", "\"a@\""},
	{"{\"format\": \"uuid\"}", "\"01234567-89ab-cdef-0123-456789abcdef\"", "\"01234567\""},
	{"{\"format\": \"date-time\"}", "\"2026-12-03T10:00:00Z\"", "\"2026-12-03\""},
	{"{\"format\": \"ipv4\"}", "\"127.0.0.1\"", "\"127.0.0.256\""},
	{"{\"required\": [\"a\"]}", "{\"a\": null}", "{}"},
	{"{\"properties\": {\"a\": {\"type\": \"string\"}}}", "{\"a\": \"x\", \"b\": 1}", "{\"a\": 1}"},
	{"{\"properties\": {\"a\": {}}, \"additionalProperties\": false}", "{\"a\": 1}", "{\"b\": 1}"},
	{"{\"patternProperties\": {\"^x\": {\"type\": \"null\"}}, \"additionalProperties\": {\"type\": \"number\"}}",
		"{\"xa\": null, \"b\": 1}", "{\"xa\": 1}"},
	{"{\"propertyNames\": {\"maxLength\": 1}}", "{\"a\": 1}", "{\"ab\": 1}"},
	{"{\"minProperties\": 1}", "{\"a\": 1}", "{}"},
	{"{\"maxProperties\": 1}", "{\"a\": 1}", "{\"a\": 1, \"b\": 2}"},
	{"{\"dependentRequired\": {\"a\": [\"b\"]}}", "{\"a\": 1, \"b\": 2}", "{\"a\": 1}"},
	{"{\"items\": {\"type\": \"number\"}}", "[1, 2]", "[1, \"2\"]"},
	{"{\"prefixItems\": [{\"type\": \"string\"}], \"items\": {\"type\": \"number\"}}", "[\"a\", 1]", "[1, 1]"},
	{"{\"contains\": {\"const\": 3}}", "[1, 3]", "[1, 2]"},
	{"{\"minItems\": 1, \"maxItems\": 2}", "[1]", "[1, 2, 3]"},
	{"{\"uniqueItems\": true}", "[1, 2]", "[1, 1.0]"},
	{"{\"allOf\": [{\"minimum\": 1}, {\"maximum\": 2}]}", "1.5", "3"},
	{"{\"anyOf\": [{\"type\": \"null\"}, {\"minimum\": 5}]}", "6", "4"},
	{"{\"oneOf\": [{\"minimum\": 1}, {\"maximum\": 2}]}", "3", "1.5"},
	{"{\"not\": {\"type\": \"null\"}}", "1", "null"},
	{"{\"if\": {\"minimum\": 10}, \"then\": {\"multipleOf\": 10}, \"else\": {\"type\": \"integer\"}}", "20", "25"},
	{"{\"$defs\": {\"n\": {\"type\": \"number\"}}, \"items\": {\"$ref\": \"#/$defs/n\"}}", "[1]", "[null]"},
	{"{\"properties\": {\"next\": {\"$ref\": \"#\"}}, \"required\": [\"v\"]}", "{\"v\": 1, \"next\": {\"v\": 2}}",
		"{\"v\": 1, \"next\": {}}"},
	{"{\"properties\": {\"a\": false}}", "{\"b\": 1}", "{\"a\": 1}"},
};

static void each_keyword_fits_and_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(keywords); i++) {
		json_t *schema = json(keywords[i].schema), *good = json(keywords[i].fits),
		       *bad = json(keywords[i].not );
		struct cw_why why = {0};

		if (cw_json_schema_check(schema, &why))
			fail_msg("%s: %s", keywords[i].schema, why.text);
		if (cw_json_schema_fits(schema, good, &why))
			fail_msg("%s does not take %s: %s", keywords[i].schema, keywords[i].fits, why.text);
		if (cw_json_schema_fits(schema, bad, &why) != EINVAL)
			fail_msg("%s takes %s", keywords[i].schema, keywords[i].not );
		assert_true(why.text[0]);
		json_decref(schema);
		json_decref(good);
		json_decref(bad);
	}
}

static const struct {
	const char *schema, *told;
} faulty[] = {
	{"{\"typ\": \"string\"}", "did you mean 'type'"},
	{"{\"properties\": {\"a\": {\"unevaluatedProperties\": false}}}",
		"#/properties/a: keyword 'unevaluatedProperties'"},
	{"{\"type\": \"text\"}", "'type' must be"},
	{"{\"pattern\": \"(\"}", "compiles"},
	{"{\"format\": \"hostname\"}", "'format' must be"},
	{"{\"$ref\": \"http://x/y\"}", "same document"},
	{"{\"required\": \"a\"}", "list of names"},
	{"{\"items\": [{}]}", "no mapping"},
	{"{\"minLength\": -1}", "whole number"},
	{"{\"enum\": []}", "at least one"},
	{"3", "no mapping"},
};

static void faulty_schemas_are_refused_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(faulty); i++) {
		json_t *schema = json(faulty[i].schema);
		struct cw_why why = {0};

		assert_int_equal(cw_json_schema_check(schema, &why), EINVAL);
		if (!strstr(why.text, faulty[i].told))
			fail_msg("%s: %s", faulty[i].schema, why.text);
		json_decref(schema);
	}
}

static void a_schema_that_goes_in_circles_ends(void **state)
{
	json_t *schema = json("{\"$ref\": \"#\"}"), *value = json("1");

	(void)state;
	assert_int_equal(cw_json_schema_fits(schema, value, NULL), ELOOP);
	json_decref(schema);
	json_decref(value);
}

static void html_is_told_from_text(void **state)
{
	static const char *const yes[] = {"<!DOCTYPE html><html><body>x</body></html>", "<div>Content</div>",
		"<h1>Title</h1><p>Paragraph</p>", "<img src=\"test.jpg\" />", "<ul><li>a<li>b</ul>",
		"<script>if (a < b) {}</script>", "<my-card a='>'>x</my-card>", " <br> ", "<!-- c --><p>a &amp; b</p>"};
	static const char *const no[] = {"Just text", "Text before <div>HTML</div> text after",
		"<?xml version=\"1.0\"?><root></root>", "<div>Unclosed", "<root>x</root>", "<div></p></div>", "<div",
		"", "<!-- only -->", "<b>a < b</b>", "</p>"};
	static const char *const holds[] = {"see <b>this</b>", "a <br/> b", "&lt;b&gt; and <i>", "<a href=x>"};
	static const char *const holds_not[] = {
		"a < b and c > d", "me <you@example.com>", "AT&T;", "x <foo>y</foo>", "R&D"};
	const char *why;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(yes); i++)
		if (!cw_html_is(cw_str(yes[i]), &why))
			fail_msg("%s: %s", yes[i], why);
	for (size_t i = 0; i < CW_COUNT(no); i++)
		if (cw_html_is(cw_str(no[i]), &why) || !why)
			fail_msg("%s is no HTML", no[i]);
	for (size_t i = 0; i < CW_COUNT(holds); i++)
		if (!cw_html_in(cw_str(holds[i])))
			fail_msg("%s holds HTML", holds[i]);
	for (size_t i = 0; i < CW_COUNT(holds_not); i++)
		if (cw_html_in(cw_str(holds_not[i])))
			fail_msg("%s holds no HTML", holds_not[i]);
}

static void xml_is_read_without_document_types(void **state)
{
	json_t *need = json("[\"root.parent.child\"]");
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_xml_is(CW_STR_LIT("<root><parent><child>x</child></parent></root>"), need, NULL), 0);
	assert_int_equal(cw_xml_is(CW_STR_LIT("<root><parent></parent></root>"), need, &why), EINVAL);
	assert_non_null(strstr(why.text, "root.parent.child"));
	assert_int_equal(cw_xml_is(CW_STR_LIT("<root></root"), NULL, NULL), EINVAL);
	assert_int_equal(cw_xml_is(CW_STR_LIT("<a/><b/>"), NULL, NULL), EINVAL);
	assert_int_equal(cw_xml_is(CW_STR_LIT("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"), NULL, NULL), EINVAL);
	assert_int_equal(cw_xml_in(CW_STR_LIT("if a <b then <x><y/></x> done"), NULL, NULL), 0);
	assert_int_equal(cw_xml_in(CW_STR_LIT("Text <root><parent><child/></parent></root> more"), need, NULL), 0);
	assert_int_equal(cw_xml_in(CW_STR_LIT("no tags here"), NULL, NULL), EINVAL);
	json_decref(need);
}

static int ran(
	const char *const *argv, const char *input, unsigned limit_ms, size_t max, struct cw_buf *out, int *status)
{
	const struct cw_command cmd = {.argv = argv, .input = cw_str(input), .limit_ms = limit_ms, .max_output = max};

	*out = CW_BUF(max);
	return cw_command_run(&cmd, out, status, NULL);
}

static void programs_run_within_limits(void **state)
{
	static const char *const cat[] = {"cat", NULL}, *const fails[] = {"sh", "-c", "exit 3", NULL},
				 *const hangs[] = {"sh", "-c", "sleep 30 & sleep 30", NULL},
				 *const floods[] = {"yes", NULL}, *const deaf[] = {"true", NULL},
				 *const none[] = {"/nowhere/program", NULL};
	char *big = talloc_zero_array(NULL, char, 300000);
	struct cw_buf out;
	int status = -1;

	(void)state;
	memset(big, 'x', 299999);
	assert_int_equal(ran(cat, big, 5000, 1 << 20, &out, &status), 0);
	assert_int_equal(out.len, 299999);
	assert_int_equal(status, 0);
	cw_buf_clear(&out);
	assert_int_equal(ran(deaf, big, 5000, 100, &out, &status), 0); /* it does not read: no harm */
	cw_buf_clear(&out);
	assert_int_equal(ran(fails, "", 5000, 100, &out, &status), 0);
	assert_int_equal(status, 3);
	cw_buf_clear(&out);
	assert_int_equal(ran(hangs, "", 100, 100, &out, &status), ETIMEDOUT);
	cw_buf_clear(&out);
	assert_int_equal(ran(floods, "", 5000, 1000, &out, &status), EMSGSIZE);
	cw_buf_clear(&out);
	assert_int_equal(ran(none, "", 100, 100, &out, &status), ENOENT);
	cw_buf_clear(&out);
	talloc_free(big);
}

CW_TEST_MAIN(CW_TEST(each_keyword_fits_and_does_not), CW_TEST(faulty_schemas_are_refused_with_their_place),
	CW_TEST(a_schema_that_goes_in_circles_ends), CW_TEST(html_is_told_from_text),
	CW_TEST(xml_is_read_without_document_types), CW_TEST(programs_run_within_limits))
