#include "base/yaml.h"

#include <errno.h>

#include "testing.h"

static int parse(const char *text, struct cw_yaml **y, struct cw_why *why)
{
	return cw_yaml_parse(NULL, "t.yaml", text, strlen(text), y, why);
}

static const char sample[] = "name: hvac\n"
			     "slots:\n"
			     "  - {name: phone, digits: 10, confirm: true}\n"
			     "  - name: day\n"
			     "    words: [today, \"to morrow\"]\n"
			     "voice:\n"
			     "  rate: 1.25\n"
			     "  quiet: false\n"
			     "  none: ~\n"
			     "  empty:\n"
			     "text: |\n"
			     "  two\n"
			     "  lines\n";

static void values_have_types(void **state)
{
	struct cw_yaml *y = NULL;
	struct cw_why why = {0};
	int err = parse(sample, &y, &why);

	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);

	json_t *root = cw_yaml_root(y);
	json_t *slots = json_object_get(root, "slots");
	json_t *voice = json_object_get(root, "voice");

	assert_string_equal(cw_json_str(root, "name", ""), "hvac");
	assert_int_equal(json_array_size(slots), 2);
	assert_int_equal(cw_json_int(json_array_get(slots, 0), "digits", 0), 10);
	assert_true(cw_json_bool(json_array_get(slots, 0), "confirm", false));
	assert_true(cw_json_num(voice, "rate", 0) == 1.25);
	assert_true(json_is_false(json_object_get(voice, "quiet")));
	assert_true(json_is_null(json_object_get(voice, "none")));
	assert_true(json_is_null(json_object_get(voice, "empty")));
	assert_string_equal(cw_json_str(root, "text", ""), "two\nlines\n");
	talloc_free(y);
}
CW_OOM_BODY(values_have_types)

static void assert_place(const struct cw_yaml *y, const json_t *v, unsigned line, unsigned column)
{
	unsigned l = 0, c = 0;

	assert_true(cw_yaml_where(y, v, &l, &c));
	assert_int_equal(l, line);
	assert_int_equal(c, column);
}

static void every_node_knows_its_place(void **state)
{
	struct cw_yaml *y = NULL;
	unsigned l = 0, c = 0;

	assert_int_equal(parse(sample, &y, NULL), 0);

	json_t *root = cw_yaml_root(y);
	json_t *slots = json_object_get(root, "slots");
	json_t *day = json_array_get(slots, 1);
	json_t *voice = json_object_get(root, "voice");

	assert_place(y, root, 1, 1);
	assert_place(y, json_object_get(root, "name"), 1, 7);
	assert_place(y, slots, 3, 3);
	assert_place(y, json_array_get(slots, 0), 3, 5);
	assert_place(y, json_object_get(day, "name"), 4, 11);
	assert_place(y, json_array_get(json_object_get(day, "words"), 1), 5, 20);
	assert_place(y, json_object_get(voice, "rate"), 7, 9);
	assert_true(cw_yaml_where_key(y, day, "words", &l, &c));
	assert_int_equal(l, 5);
	assert_int_equal(c, 5);
	/* one "true" and one "false" in the file: exact; two nulls: only by key */
	assert_place(y, json_object_get(voice, "quiet"), 8, 10);
	assert_false(cw_yaml_where(y, json_object_get(voice, "none"), &l, &c));
	assert_true(cw_yaml_where_member(y, voice, "none", &l, &c));
	assert_int_equal(l, 9);
	assert_int_equal(c, 9);
	assert_true(cw_yaml_where_key(y, voice, "empty", &l, &c));
	assert_int_equal(l, 10);
	assert_int_equal(c, 3);
	assert_true(cw_yaml_where_index(y, slots, 0, &l, &c));
	assert_int_equal(l, 3);
	assert_false(cw_yaml_where_key(y, voice, "absent", &l, &c));
	assert_false(cw_yaml_where_key(y, slots, "absent", &l, &c));
	assert_false(cw_yaml_where_index(y, slots, 2, &l, &c));

	talloc_free(y);

	/* a value left out in a flow mapping has no token: its key stands for it */
	assert_int_equal(parse("a: {x: 1, bb\n  11}\n", &y, NULL), 0);
	assert_true(cw_yaml_where_member(y, json_object_get(cw_yaml_root(y), "a"), "bb 11", &l, &c));
	assert_int_equal(l, 1);
	assert_int_equal(c, 11);

	json_t *foreign = json_integer(1);

	assert_false(cw_yaml_where(y, foreign, &l, &c));
	json_decref(foreign);
	talloc_free(y);
}

static void plain_scalars_resolve(void **state)
{
	static const struct {
		const char *text;
		json_type type;
	} cases[] = {
		{"12", JSON_INTEGER},
		{"-12", JSON_INTEGER},
		{"0", JSON_INTEGER},
		{"-0", JSON_INTEGER},
		{"0x1F", JSON_INTEGER},
		{"0o17", JSON_INTEGER},
		{"9223372036854775807", JSON_INTEGER},
		{"9223372036854775808", JSON_STRING},
		{"1.5", JSON_REAL},
		{"-.5", JSON_REAL},
		{"1e3", JSON_REAL},
		{"1.", JSON_REAL},
		{"0.5", JSON_REAL},
		{"+14155550134", JSON_STRING},
		{"0134", JSON_STRING},
		{"-012", JSON_STRING},
		{"1e999", JSON_STRING},
		{"true", JSON_TRUE},
		{"FALSE", JSON_FALSE},
		{"yes", JSON_STRING},
		{"no", JSON_STRING},
		{"on", JSON_STRING},
		{"null", JSON_NULL},
		{"~", JSON_NULL},
		{"nul", JSON_STRING},
		{"9:30", JSON_STRING},
		{"1_000", JSON_STRING},
		{"0x", JSON_STRING},
		{"0xg", JSON_STRING},
		{"1.2.3", JSON_STRING},
		{"2026-12-03", JSON_STRING},
		{"'12'", JSON_STRING},
		{"\"true\"", JSON_STRING},
		{"!!str 12", JSON_STRING},
		{"!!int 12", JSON_INTEGER},
		{"-", JSON_ARRAY},
		{"e5", JSON_STRING},
		{"gr\xc3\xbc\xc3\x9f", JSON_STRING},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_yaml *y = NULL;
		struct cw_why why = {0};
		char text[64];

		snprintf(text, sizeof(text), "k: [%s]", cases[i].text);
		if (!strcmp(cases[i].text, "-"))
			snprintf(text, sizeof(text), "k:\n- []\n");
		if (parse(text, &y, &why))
			fail_msg("%s: %s", cases[i].text, why.text);

		json_t *v = json_array_get(json_object_get(cw_yaml_root(y), "k"), 0);

		if (json_typeof(v) != cases[i].type)
			fail_msg("%s: type %d", cases[i].text, json_typeof(v));
		talloc_free(y);
	}
}

static void faults_name_the_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *part;
	} cases[] = {
		{"a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a'"},
		{"a: {x: 1, x: 2}\n", 1, 11, "duplicate key 'x'"},
		{"a:\n\tb: 1\n", 2, 1, "tab"},
		{"a: 1\n---\nb: 2\n", 2, 1, "second document"},
		{"a: \"x\xff\"\n", 1, 6, "UTF-8"},
		{"a: *nothing\n", 1, 5, "unknown alias"},
		{"a: &x [1, *x]\n", 1, 12, "inside its own anchor"},
		{"a: !secret 1\n", 1, 4, "unknown tag"},
		{"a: !!int x\n", 1, 10, "not a value of type int"},
		{"a: .inf\n", 1, 4, "not a number"},
		{"? [a]\n: 1\n", 0, 0, "key"},
		{"a: \"\\0\"\n", 1, 4, "NUL"},
		{"", 1, 1, "empty"},
		{"# only a comment\n", 1, 1, "empty"},
		{"a: [1, 2\nb: 3\n", 0, 0, "not valid YAML"},
		{"a: 1\n  b: 2\n", 0, 0, "not valid YAML"},
		{"a: 'x\n", 0, 0, "not valid YAML"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_yaml *y = NULL;
		struct cw_why why = {0};

		assert_int_equal(parse(cases[i].text, &y, &why), EBADMSG);
		assert_null(y);
		assert_string_equal(why.file, "t.yaml");
		if (!strstr(why.text, cases[i].part))
			fail_msg("%s: said '%s'", cases[i].text, why.text);
		if (cases[i].line && (why.line != cases[i].line || why.column != cases[i].column))
			fail_msg("%s: said %u:%u %s", cases[i].text, why.line, why.column, why.text);
		if (!why.line && strcmp(cases[i].part, "key"))
			fail_msg("%s: no place", cases[i].text);
	}
}

static void aliases_share_the_value(void **state)
{
	struct cw_yaml *y = NULL;
	struct cw_why why = {0};
	unsigned l = 0, c = 0;
	int err = parse("base: &b {x: 1}\nuse: *b\nagain:\n  - *b\n", &y, &why);

	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);

	json_t *root = cw_yaml_root(y);
	json_t *use = json_object_get(root, "use");

	assert_int_equal(cw_json_int(use, "x", 0), 1);
	assert_place(y, use, 1, 10);
	assert_true(cw_yaml_where_member(y, root, "use", &l, &c));
	assert_int_equal(l, 2);
	talloc_free(y);
}
CW_OOM_BODY(aliases_share_the_value)

static void laughs_are_bounded(void **state)
{
	struct cw_buf b = CW_BUF(4096);
	struct cw_yaml *y = NULL;
	struct cw_why why = {0};

	cw_buf_puts(&b, "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		cw_buf_fmt(&b, "l%d: &l%d [", i, i);
		for (int k = 0; k < 10; k++)
			cw_buf_fmt(&b, "%s*l%d", k ? ", " : "", i - 1);
		cw_buf_puts(&b, "]\n");
	}
	assert_int_equal(cw_buf_err(&b), 0);
	assert_int_equal(parse(b.p, &y, &why), EBADMSG);
	assert_non_null(strstr(why.text, "aliases expanded"));
	cw_buf_clear(&b);
}

static void depth_is_bounded(void **state)
{
	struct cw_why why = {0};
	struct cw_yaml *y = NULL;
	char text[512];

	for (int depth = 60; depth <= 200; depth += 5) {
		int n = 0;

		for (int i = 0; i < depth; i++)
			text[n++] = '[';
		for (int i = 0; i < depth; i++)
			text[n++] = ']';
		text[n] = 0;
		why = (struct cw_why){0};

		int err = parse(text, &y, &why);

		assert_int_equal(err, depth > 64 ? EBADMSG : 0);
		if (!err)
			talloc_free(y);
	}

	/* by aliases: each level adds twenty */
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

	for (int i = 0; i < 4; i++) {
		cw_buf_fmt(&b, "k%d: &k%d ", i, i);
		for (int k = 0; k < 20; k++)
			cw_buf_puts(&b, "[");
		if (i)
			cw_buf_fmt(&b, "*k%d ", i - 1);
		for (int k = 0; k < 20; k++)
			cw_buf_puts(&b, "]");
		cw_buf_puts(&b, "\n");
	}
	why = (struct cw_why){0};
	assert_int_equal(parse(b.p, &y, &why), EBADMSG);
	assert_non_null(strstr(why.text, "deeper"));
}

static void messages_point_at_values(void **state)
{
	static const char *const names[] = {"name", "slots", "voice", NULL};
	struct cw_yaml *y = NULL;
	struct cw_why why = {0};
	char text[400];

	assert_int_equal(parse(sample, &y, NULL), 0);

	json_t *root = cw_yaml_root(y);

	assert_int_equal(cw_yaml_known_keys(y, root, names, &why), EINVAL);
	assert_string_equal(cw_why_str(&why, text, sizeof(text)),
		"t.yaml:11:1: unknown key 'text', expected one of: name, slots, voice");
	why = (struct cw_why){0};
	assert_int_equal(cw_yaml_why(y, json_object_get(root, "name"), &why, EINVAL, "no such %s", "agent"), EINVAL);
	assert_string_equal(cw_why_str(&why, text, sizeof(text)), "t.yaml:1:7: no such agent");
	why = (struct cw_why){0};
	assert_int_equal(
		cw_yaml_why_member(y, json_object_get(root, "voice"), "none", &why, EINVAL, "wanted %s", "a text"),
		EINVAL);
	assert_string_equal(cw_why_str(&why, text, sizeof(text)), "t.yaml:9:9: wanted a text");
	assert_int_equal(cw_yaml_why(y, root, NULL, EINVAL, "x"), EINVAL);
	talloc_free(y);

	why = (struct cw_why){0};
	assert_int_equal(parse("nmae: x\n", &y, NULL), 0);
	assert_int_equal(cw_yaml_known_keys(y, cw_yaml_root(y), names, &why), EINVAL);
	assert_string_equal(why.text, "unknown key 'nmae', did you mean 'name'?");
	talloc_free(y);
	assert_int_equal(parse("name: x\n", &y, NULL), 0);
	assert_int_equal(cw_yaml_known_keys(y, cw_yaml_root(y), names, NULL), 0);
	talloc_free(y);
}

static void files_load_and_fail_clearly(void **state)
{
	struct cw_yaml *y = NULL;
	struct cw_why why = {0};
	char path[256];

	snprintf(path, sizeof(path), "%s/absent.yaml", cw_test_tmp());
	assert_int_equal(cw_yaml_load(NULL, path, &y, &why), ENOENT);
	assert_string_equal(why.file, path);

	snprintf(path, sizeof(path), "%s/big.yaml", cw_test_tmp());

	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (int i = 0; i < (5 << 20) / 64; i++)
		fprintf(f, "# %-60s\n", "");
	fclose(f);
	why = (struct cw_why){0};
	assert_int_equal(cw_yaml_load(NULL, path, &y, &why), EFBIG);

	f = fopen(path, "w");
	assert_non_null(f);
	fputs("a: [1, 2]\n", f);
	fclose(f);
	assert_int_equal(cw_yaml_load(NULL, path, &y, &why), 0);
	assert_string_equal(cw_yaml_file(y), path);
	assert_int_equal(json_array_size(json_object_get(cw_yaml_root(y), "a")), 2);
	talloc_free(y);
}

CW_TEST_MAIN(CW_TEST(values_have_types), CW_TEST_OOM(values_have_types), CW_TEST(every_node_knows_its_place),
	CW_TEST(plain_scalars_resolve), CW_TEST(faults_name_the_place), CW_TEST(aliases_share_the_value),
	CW_TEST_OOM(aliases_share_the_value), CW_TEST(laughs_are_bounded), CW_TEST(depth_is_bounded),
	CW_TEST(messages_point_at_values), CW_TEST(files_load_and_fail_clearly))
