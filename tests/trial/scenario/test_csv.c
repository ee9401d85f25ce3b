#include "testing.h"

#include <errno.h>
#include <string.h>

#include "trial/scenario/csv.h"
#include "trial/scenario/csv_case.h"

static struct cw_csv *good(const char *text)
{
	struct cw_csv *csv = NULL;
	struct cw_why why = {0};

	if (cw_csv_parse(NULL, "t.csv", text, strlen(text), &csv, &why))
		fail_msg("%u:%u: %s", why.line, why.column, why.text);
	return csv;
}

static void cells_follow_rfc_4180(void **state)
{
	CW_SCOPED struct cw_csv *csv = good("\xef\xbb\xbf"
					    "a,b,c\r\n1,\"two, \"\"2\"\"\",\n\n\"line\nbreak\",é,last");

	(void)state;
	assert_int_equal(csv->n_columns, 3);
	assert_int_equal(csv->n_rows, 2);
	assert_string_equal(csv->header[2].text, "c");
	assert_string_equal(csv->cells[1].text, "two, \"2\"");
	assert_string_equal(csv->cells[2].text, "");
	assert_string_equal(csv->cells[3].text, "line\nbreak");
	assert_int_equal(csv->cells[3].line, 4);
	assert_string_equal(csv->cells[4].text, "é");
	assert_int_equal(csv->cells[5].line, 5);
	assert_int_equal(csv->cells[5].column, 10); /* characters, not bytes */
}

static void mistakes_have_places(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} list[] = {
		{"", 1, 1, "an empty table"},
		{"a,,c\n", 1, 3, "column 2 has no name"},
		{"a,b,a\n", 1, 5, "stands here twice"},
		{"a,b\n1,\xff\n", 2, 3, "not valid UTF-8"},
		{"a\xff\n1\n", 1, 1, "not valid UTF-8"},
		{"a\n\xed\xa0\x80\n", 2, 1, "not valid UTF-8"},
		{"a\n\xc3", 2, 1, "not valid UTF-8"},
		{"a\n\xa4\xa4\xa4\xa4\xa4\xa4\xa4\xa4\xa4\xa4\xa4\n", 2, 1, "not valid UTF-8"},
		{"a,b\n1\n", 2, 1, "this row has 1 cells, the header has 2"},
		{"a,b\n1,2,3\n", 2, 1, "this row has 3 cells"},
		{"a\n\"x\n", 2, 1, "does not end"},
		{"a\n\"x\"y\n", 2, 4, "behind the closing quote"},
		{"a\nx\"y\n", 2, 2, "a quote inside a plain cell"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(list); i++) {
		struct cw_csv *csv = NULL;
		struct cw_why why = {0};

		assert_int_equal(cw_csv_parse(NULL, "t.csv", list[i].text, strlen(list[i].text), &csv, &why), EINVAL);
		if (why.line != list[i].line || why.column != list[i].column || !strstr(why.text, list[i].message))
			fail_msg("%s: got %u:%u %s", list[i].text, why.line, why.column, why.text);
		assert_string_equal(why.file, "t.csv");
		assert_null(csv);
	}
}

/* As promptfoo documents it. */
static void shorthands_become_assertions(void **state)
{
	static const struct {
		const char *text, *type, *value;
		double threshold;
	} list[] = {
		{"Hello there", "equals", "Hello there", 0},
		{"equals:5", "equals", "5", 0},
		{"contains: one", "contains", "one", 0},
		{"not-contains:x", "not-contains", "x", 0},
		{"similar(0.9): hello", "similar", "hello", 0.9},
		{"similar:hello", "similar", "hello", 0.8},
		{"not-similar(0.5):x", "not-similar", "x", 0.5},
		{"grade: is polite", "llm-rubric", "is polite", 0},
		{"llm-rubric:is polite", "llm-rubric", "is polite", 0},
		{"levenshtein(5): Paris", "levenshtein", "Paris", 5},
		{"regex:\\d+:\\d+", "regex", "\\d+:\\d+", 0},
		{"starts-with:yes", "starts-with", "yes", 0},
		{"fn:output.length", "javascript", "output.length", 0},
		{"python: x", "python", "x", 0},
		{"10:30", "equals", "10:30", 0},
		{"(see above)", "equals", "(see above)", 0},
	};
	const char *near;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(list); i++) {
		CW_JSON_SCOPED json_t *a = cw_case_shorthand(list[i].text, &near);

		assert_non_null(a);
		assert_string_equal(cw_json_str(a, "type", ""), list[i].type);
		assert_string_equal(cw_json_str(a, "value", ""), list[i].value);
		assert_true(cw_json_num(a, "threshold", 0) == list[i].threshold);
	}

	CW_JSON_SCOPED json_t *many = cw_case_shorthand("contains-any: a, b ,c", &near);
	CW_JSON_SCOPED json_t *none = cw_case_shorthand("is-json", &near);
	CW_JSON_SCOPED json_t *typo = cw_case_shorthand("contians:a", &near);

	assert_string_equal(near, "contains");
	assert_string_equal(cw_json_str(typo, "type", ""), "equals");
	assert_int_equal(json_array_size(json_object_get(many, "value")), 3);
	assert_string_equal(json_string_value(json_array_get(json_object_get(many, "value"), 1)), "b");
	assert_null(json_object_get(none, "value"));
}

static int count(const char *file, unsigned line, unsigned column, const char *text, void *arg)
{
	(void)file;
	(void)line;
	(void)column;
	++*(unsigned *)arg;
	return 0;
}

static int rows(const char *text, unsigned *notes, struct cw_yaml **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_csv *csv = good(text);

	*notes = 0;
	return cw_case_rows(NULL, "t.csv", csv, count, notes, ret, why);
}

static void rows_become_cases(void **state)
{
	unsigned notes, line, column;
	struct cw_yaml *tree = NULL;

	(void)state;
	assert_int_equal(
		rows("q,__expected1,__expected2,__metric,__threshold,__description,__config:__expected2:threshold,__metadata:kind,_expected\n"
		     "Hi,contains:hello,similar:hey,warm,0.5,greets,0.6,chat,x\nBye,,,,,,,,\n",
			&notes, &tree, NULL),
		0);

	CW_SCOPED struct cw_yaml *t = tree;
	json_t *one = json_array_get(cw_yaml_root(t), 0), *asserts = json_object_get(one, "assert");

	assert_int_equal(json_array_size(cw_yaml_root(t)), 2);
	assert_string_equal(cw_json_str(json_object_get(one, "vars"), "q", ""), "Hi");
	assert_int_equal(json_array_size(asserts), 2);
	assert_string_equal(cw_json_str(json_array_get(asserts, 1), "metric", ""), "warm");
	assert_true(cw_json_num(json_array_get(asserts, 1), "threshold", 0) == 0.6);
	assert_true(cw_json_num(one, "threshold", 0) == 0.5);
	assert_string_equal(cw_json_str(one, "description", ""), "greets");
	assert_string_equal(json_string_value(json_array_get(json_object_get(one, "tags"), 0)), "kind=chat");
	assert_true(cw_yaml_where(t, json_object_get(json_array_get(asserts, 1), "value"), &line, &column));
	assert_int_equal(line, 2);
	assert_int_equal(column, 19);
	assert_int_equal(notes, 1); /* _expected */
}

static void faulty_rows_have_places(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} list[] = {
		{"a,__expectd\n1,x\n", 1, 3, "did you mean '__expected'"},
		{"a,__prefix\n1,x\n", 1, 3, "not available"},
		{"a,__threshold\n1,high\n", 2, 3, "is no number"},
		{"a,__config:__expected1:threshold\n1,0.5\n", 2, 3, "no __expected1"},
		{"a,__config:__expected1:speed\n1,0.5\n", 2, 3, "is not known"},
		{"a\n", 1, 1, "no rows"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(list); i++) {
		struct cw_why why = {0};
		struct cw_yaml *tree = NULL;
		unsigned notes;

		assert_int_equal(rows(list[i].text, &notes, &tree, &why), EINVAL);
		if (why.line != list[i].line || why.column != list[i].column || !strstr(why.text, list[i].message))
			fail_msg("%s: got %u:%u %s", list[i].text, why.line, why.column, why.text);
	}
}

static void reading_survives_failing_memory(void **state)
{
	static const char fine[] = "q,__expected,__threshold\nHi,\"contains-all:a,b\",0.5\n";
	CW_SCOPED struct cw_csv *csv = NULL;
	CW_SCOPED struct cw_yaml *tree = NULL;
	struct cw_why why = {0};
	unsigned notes = 0;
	int err;

	(void)state;
	err = cw_csv_parse(NULL, "t.csv", fine, sizeof(fine) - 1, &csv, &why);
	if (!err)
		err = cw_case_rows(NULL, "t.csv", csv, count, &notes, &tree, &why);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(reading_survives_failing_memory)

CW_TEST_MAIN(CW_TEST(cells_follow_rfc_4180), CW_TEST(mistakes_have_places), CW_TEST(shorthands_become_assertions),
	CW_TEST(rows_become_cases), CW_TEST(faulty_rows_have_places), CW_TEST_OOM(reading_survives_failing_memory))
