#include "base/json.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "testing.h"

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct cw_why why = {0};

	if (cw_json_parse(text, strlen(text), &j, &why))
		fail_msg("%s: %s", text, why.text);
	return j;
}

static void assert_dump(const char *text, const char *expected)
{
	CW_JSON_SCOPED json_t *j = parse(text);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(10000);

	cw_json_dump(&b, j);
	if (cw_test_oom(cw_buf_err(&b)))
		return;
	assert_int_equal(cw_buf_err(&b), 0);
	if (strcmp(b.p, expected))
		fail_msg("%s gave %s", text, b.p);
}

static void dumps_are_the_same_everywhere(void **state)
{
	static const char *const cases[][2] = {
		{"{ \"b\": 1, \"a\": [ true, false, null ], \"c\": {} }", "{\"b\":1,\"a\":[true,false,null],\"c\":{}}"},
		{"[]", "[]"},
		{"\"x\"", "\"x\""},
		{"[0.1, 1.5, 100.0, -2.25, 1e3, 0.0, -0.0]", "[0.1,1.5,100.0,-2.25,1000.0,0.0,0.0]"},
		{"[0.333333333333, 1234567.891234567]", "[0.333333,1234567.891235]"},
		{"[0.0001234567, 1.5e300, 1e-300, 123456789012345678.0]", "[0.000123457,1.5e+300,1e-300,1.23457e+17]"},
		{"[1e15, 0.001]", "[1e+15,0.001]"},
		{"[9223372036854775807, -9223372036854775808]", "[9223372036854775807,-9223372036854775808]"},
		{"\"a\\\"b\\\\c\\n\\t\\u0001\\u00e4\\/\"", "\"a\\\"b\\\\c\\n\\t\\u0001\xc3\xa4/\""},
		{"\"\\b\\f\\r\"", "\"\\b\\f\\r\""},
		{"{\"k\\n\":1}", "{\"k\\n\":1}"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		assert_dump(cases[i][0], cases[i][1]);
		assert_dump(cases[i][1], cases[i][1]); /* what was dumped is read and dumped alike */
	}
}
CW_OOM_BODY(dumps_are_the_same_everywhere)

static void faults_have_a_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *part;
	} cases[] = {{"{\"a\": }", 1, "JSON"}, {"{\n\"a\": 1,\n\"a\": 2\n}", 3, "duplicate"}, {"", 1, "JSON"},
		{"[1, 2", 1, "JSON"}, {"[1] x", 1, "JSON"}, {"\"\xff\"", 1, "byte 0xff"}, {"[1,]", 1, "JSON"},
		{"{'a': 1}", 1, "JSON"}, {"\"\\u0000\"", 1, "JSON"}};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		json_t *j = NULL;
		struct cw_why why = {0};

		assert_int_equal(cw_json_parse(cases[i].text, strlen(cases[i].text), &j, &why), EBADMSG);
		assert_null(j);
		if (why.line != cases[i].line || !strstr(why.text, cases[i].part))
			fail_msg("%s: line %u %s", cases[i].text, why.line, why.text);
	}
}

static void depth_is_bounded(void **state)
{
	char text[300];

	for (int depth = 60; depth < 70; depth++) {
		json_t *j = NULL;
		struct cw_why why = {0};

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		text[2 * depth] = 0;
		assert_int_equal(cw_json_parse(text, strlen(text), &j, &why), depth > 64 ? EBADMSG : 0);
		if (j)
			json_decref(j);
		else
			assert_int_equal(why.column, 65);
	}

	CW_JSON_SCOPED json_t *strings =
		parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"");

	assert_true(json_is_string(strings));

	/* a tree made in memory */
	CW_JSON_SCOPED json_t *deep = json_array();
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(10000);

	for (int i = 0; i < 1000; i++) {
		json_t *outer = json_array();

		json_array_append_new(outer, deep);
		deep = outer;
	}
	cw_json_dump(&b, deep);
	assert_int_equal(cw_buf_err(&b), ELOOP);
}

static void getters_take_the_default_for_other_types(void **state)
{
	CW_JSON_SCOPED json_t *o = parse("{\"s\":\"x\",\"i\":5,\"r\":1.5,\"b\":true,\"n\":null}");

	assert_string_equal(cw_json_str(o, "s", "d"), "x");
	assert_string_equal(cw_json_str(o, "i", "d"), "d");
	assert_string_equal(cw_json_str(o, "absent", "d"), "d");
	assert_null(cw_json_str(o, "n", NULL));
	assert_int_equal(cw_json_int(o, "i", 7), 5);
	assert_int_equal(cw_json_int(o, "r", 7), 7);
	assert_true(cw_json_num(o, "r", 7) == 1.5);
	assert_true(cw_json_num(o, "i", 7) == 5);
	assert_true(cw_json_num(o, "s", 7) == 7);
	assert_true(cw_json_bool(o, "b", false));
	assert_true(cw_json_bool(o, "i", true));
	assert_int_equal(cw_json_int(NULL, "i", 7), 7);
}

static size_t files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void files_are_replaced_whole(void **state)
{
	CW_JSON_SCOPED json_t *o = parse("{\"a\":[1,{\"b\":[]}],\"c\":\"x\"}");
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(10000);
	char folder[200], path[300], missing[300];
	struct cw_why why = {0};
	json_t *back = NULL;
	int err;

	snprintf(folder, sizeof(folder), "%s/save", cw_test_tmp());
	mkdir(folder, 0700);
	snprintf(path, sizeof(path), "%s/x.json", folder);
	snprintf(missing, sizeof(missing), "%s/no/x.json", folder);
	err = cw_json_save(path, o, true, &why);
	if (cw_test_oom(err)) {
		assert_true(files_in(folder) <= 1);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(cw_file_read(path, 10000, &b, NULL), 0);
	assert_string_equal(b.p, "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": \"x\"\n}\n");
	assert_int_equal(cw_json_save(path, o, false, &why), 0);
	assert_int_equal(cw_json_load(path, 10000, &back, &why), 0);
	assert_true(json_equal(o, back));
	json_decref(back);
	back = NULL;
	assert_int_equal(files_in(folder), 1);
	assert_int_equal(cw_json_save(missing, o, true, &why), ENOENT);
	assert_string_equal(why.file, missing);
	why = (struct cw_why){0};
	assert_int_equal(cw_json_load(missing, 10000, &back, &why), ENOENT);
	assert_int_equal(cw_json_load(path, 5, &back, NULL), EFBIG);
	assert_int_equal(cw_json_load(folder, 10000, &back, NULL), EISDIR);
	assert_null(back);

	assert_int_equal(cw_file_replace(path, cw_str("{\n\"a\" 1}"), NULL), 0);
	why = (struct cw_why){0};
	assert_int_equal(cw_json_load(path, 10000, &back, &why), EBADMSG);
	assert_string_equal(why.file, path);
	assert_int_equal(why.line, 2);
}
static void files_are_replaced_whole_oom_body(void **state)
{
	CW_JSON_SCOPED json_t *o = json_pack("{s:i}", "a", 1);
	char path[300];

	snprintf(path, sizeof(path), "%s/oom.json", cw_test_tmp());

	int err = cw_json_save(path, o, true, NULL);

	assert_true(err == 0 || cw_test_oom(err));

	json_t *back = NULL;

	err = cw_json_load(path, 1000, &back, NULL);
	assert_true(err == 0 || err == ENOENT || cw_test_oom(err));
	json_decref(back);
}
CW_OOM_BODY(files_are_replaced_whole_oom_body)

CW_TEST_MAIN(CW_TEST(dumps_are_the_same_everywhere), CW_TEST_OOM(dumps_are_the_same_everywhere),
	CW_TEST(faults_have_a_place), CW_TEST(depth_is_bounded), CW_TEST(getters_take_the_default_for_other_types),
	CW_TEST(files_are_replaced_whole), CW_TEST_OOM(files_are_replaced_whole_oom_body))
