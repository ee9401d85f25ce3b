#include "testing.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "filing.h"

#define TURN  "turns: [{say: Hi}]"
#define CHECK "assert: [{type: contains, value: x}]"

static int parse(const char *text, const struct test_file *files, struct cw_scenario **ret, struct cw_why *why)
{
	const struct cw_scenario_conf conf = {.read = test_file_read, .read_arg = (void *)(uintptr_t)files};

	return cw_scenario_parse(NULL, "dir/main.yaml", text, strlen(text), &conf, ret, why);
}

static struct cw_scenario *good(const char *text, const struct test_file *files)
{
	struct cw_scenario *s = NULL;
	struct cw_why why = {0};
	char told[1200];

	if (parse(text, files, &s, &why))
		fail_msg("%s", cw_why_str(&why, told, sizeof(told)));
	return s;
}

static const char *value_of(const struct cw_assert *a)
{
	return cw_json_str(a->conf, "value", "");
}

static void files_are_taken_in(void **state)
{
	static const struct test_file files[] = {
		{"dir/caller.yaml", "facts: {name: !include names/who.yaml}\npatience: low\n"},
		{"dir/names/who.yaml", "Maria\n"}, {"dir/words.txt", "Good morning, {{name}}.\n"},
		{"dir/turns.yaml", "- {say: one}\n- {say: two}\n"},
		{"dir/more.json", "{\"type\": \"regex\", \"value\": \"m+\"}"}, {NULL, NULL}};
	CW_SCOPED struct cw_scenario *s = good("tests:\n"
					       "  - id: a\n"
					       "    caller: !include caller.yaml\n"
					       "    turns:\n"
					       "      - {say: file://words.txt}\n"
					       "      - file://turns.yaml\n"
					       "      - {say: three}\n"
					       "    assert: [file://more.json]\n",
		files);
	const struct cw_test *t = s->tests[0];

	(void)state;
	assert_int_equal(t->script.n_steps, 4);
	assert_string_equal(t->script.steps[0].text, "Good morning, Maria.");
	assert_string_equal(t->script.steps[2].text, "two");
	assert_string_equal(value_of(&t->asserts.asserts[0]), "m+");
	assert_int_equal(t->script.wait_us, 5000000);
}

static void references_are_followed(void **state)
{
	static const struct test_file files[] = {
		{"dir/lib.yaml",
			"polite: {type: contains, value: please}\nkeys: [{a/b: {type: contains, value: slash}}]\n"},
		{NULL, NULL}};
	CW_SCOPED struct cw_scenario *s = good("assertionTemplates:\n"
					       "  hello: {type: contains, value: \"hello {{name}}\"}\n"
					       "tests:\n"
					       "  - id: a\n"
					       "    " TURN "\n"
					       "    vars: {name: Bo}\n"
					       "    assert:\n"
					       "      - $ref: \"#/assertionTemplates/hello\"\n"
					       "      - {$ref: \"#/assertionTemplates/hello\", weight: 2, value: bye}\n"
					       "      - {$ref: \"lib.yaml#/polite\"}\n"
					       "      - {$ref: \"lib.yaml#/keys/0/a~1b\"}\n",
		files);
	const struct cw_expect *e = &s->tests[0]->asserts;

	(void)state;
	assert_int_equal(e->n, 4);
	assert_string_equal(value_of(&e->asserts[0]), "hello Bo");
	assert_string_equal(value_of(&e->asserts[1]), "bye");
	assert_true(e->asserts[1].weight == 2);
	assert_string_equal(value_of(&e->asserts[2]), "please");
	assert_string_equal(value_of(&e->asserts[3]), "slash");
}

static void mistakes_are_told_across_files(void **state)
{
	static const struct test_file files[] = {{"dir/loop.yaml", "a: !include loop.yaml\n"},
		{"dir/bad.yaml", "- {say: Hi}\n- {sya: Hi}\n"}, {"dir/broken.yaml", "a: [1\n"},
		{"dir/rows.csv", "input,__expected\nHi,contains:x\nHo,contins\nHu,\"rouge-n(2)\n"},
		{"dir/odd.csv", "input,__expected\nHi,\"regex:(\"\n"}, {"dir/bin.txt", "a"}, {NULL, NULL}};
	static const struct {
		const char *text, *file;
		unsigned line, column;
		const char *message;
	} list[] = {
		{"tests:\n  - id: a\n    turns: !include bad.yaml\n    " CHECK "\n", "dir/bad.yaml", 2, 4,
			"did you mean 'say'"},
		{"tests: !include nowhere.yaml\n", "dir/main.yaml", 1, 17, "cannot read 'dir/nowhere.yaml'"},
		{"tests: !include broken.yaml\n", "dir/broken.yaml", 2, 1, "not valid YAML"},
		{"tests: !include loop.yaml\n", "dir/loop.yaml", 1, 13, "refers to itself"},
		{"a: {$ref: \"#/b\"}\nb: {$ref: \"#/a\"}\ntests: []\n", "dir/main.yaml", 1, 4, "refers to itself"},
		{"a: {$ref: \"#\"}\ntests: []\n", "dir/main.yaml", 1, 4, "refers to itself"},
		{"a: {$ref: \"#/a\", b: 1}\ntests: []\n", "dir/main.yaml", 1, 4, "plain mapping"},
		{"a: {$ref: \"#/tsts\"}\ntests: []\n", "dir/main.yaml", 1, 4, "did you mean 'tests'"},
		{"a: {$ref: \"#tests\"}\ntests: []\n", "dir/main.yaml", 1, 4, "behind # stands a slash"},
		{"a: {$ref: 5}\ntests: []\n", "dir/main.yaml", 1, 4, "'$ref' must be a text"},
		{"a: {$ref: \"bin.txt#/x\"}\ntests: []\n", "dir/main.yaml", 1, 4, "only YAML and JSON"},
		{"a: !include bin.txt\ntests: []\n", "dir/main.yaml", 1, 13, "a text is named by file://"},
		{"a: !include \"\"\ntests: []\n", "dir/main.yaml", 1, 13, "names no file"},
		{"a: file://x.js\ntests: []\n", "dir/main.yaml", 1, 4, "is code"},
		{"tests: file://rows.csv\n", "dir/rows.csv", 4, 4, "does not end"},
		{"tests: file://odd.csv\n", "dir/odd.csv", 2, 4, "regular expression"},
		{"a: !other x\ntests: []\n", "dir/main.yaml", 1, 4, "unknown tag"},
	};

	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(list); i++) {
		struct cw_scenario *s = NULL;
		struct cw_why why = {0};

		assert_int_not_equal(parse(list[i].text, files, &s, &why), 0);
		if (strcmp(why.file, list[i].file) != 0 || why.line != list[i].line || why.column != list[i].column ||
			!strstr(why.text, list[i].message))
			print_error("%s: got %s:%u:%u %s\n", list[i].text, why.file, why.line, why.column, why.text);
		wrong += strcmp(why.file, list[i].file) != 0 || why.line != list[i].line ||
			 why.column != list[i].column || !strstr(why.text, list[i].message);
	}
	assert_int_equal(wrong, 0);
}

static void rows_of_a_table_are_tests(void **state)
{
	static const struct test_file files[] = {
		{"dir/cases.csv",
			"input,who,__expected1,__expected2\nHi,Bo,contains:hello,\nCiao {{who}},Al,equals:ciao,hangup_by:agent\n"},
		{NULL, NULL}};
	CW_SCOPED struct cw_scenario *s = good(
		"defaultTest: {tags: [t], assert: [{type: not-contains, value: \"AI\"}]}\ntests: file://cases.csv\n",
		files);
	const struct cw_test *t = s->tests[1];

	(void)state;
	assert_int_equal(s->n_tests, 2);
	assert_string_equal(s->tests[0]->id, "cases-1");
	assert_string_equal(t->id, "cases-2");
	assert_string_equal(t->script.steps[0].text, "Ciao Al");
	assert_string_equal(t->file, "dir/cases.csv");
	assert_int_equal(t->line, 3);
	assert_int_equal(t->step_expect[0].n, 2); /* of the answer */
	assert_string_equal(value_of(&t->step_expect[0].asserts[1]), "ciao");
	assert_int_equal(t->asserts.n, 1); /* of the call */
	assert_string_equal(t->asserts.asserts[0].name, "hangup_by");
	assert_int_equal(t->tags.n, 1);
}

static void cases_and_matrix_multiply(void **state)
{
	CW_SCOPED struct cw_scenario *s = good("matrix: {plan: [gold, 2], channel: [clean, cafe]}\n"
					       "tests:\n"
					       "  - id: a\n"
					       "    turns: [{say: \"{{plan}} {{city | upper}}\"}]\n"
					       "    " CHECK "\n"
					       "    cases: [{city: rome}, {city: oslo}]\n",
		NULL);

	(void)state;
	assert_int_equal(s->n_tests, 4);
	assert_string_equal(s->tests[0]->id, "a-1");
	assert_string_equal(s->tests[1]->script.steps[0].text, "2 ROME");
	assert_string_equal(s->tests[1]->variant, "plan_2");
	assert_string_equal(s->tests[2]->script.steps[0].text, "gold OSLO");
	assert_int_equal(s->tests[2]->matrix.channels.n, 2);
	assert_string_equal(s->tests[2]->chosen[0].name, "plan");
}

static void var_picks_of_the_matrix(void **state)
{
	static const char text[] =
		"tests: [{id: a, matrix: {n: [1, 2, 3]}, turns: [{say: \"{{n}}\"}], assert: [{type: contains, value: x}]}]";
	const struct cw_opt_pair vars[] = {{"n", "2"}};
	const struct cw_scenario_conf conf = {.vars = vars, .n_vars = 1};
	CW_SCOPED struct cw_scenario *s = NULL;

	(void)state;
	assert_int_equal(cw_scenario_parse(NULL, "s.yaml", text, sizeof(text) - 1, &conf, &s, NULL), 0);
	assert_int_equal(s->n_tests, 1);
	assert_string_equal(s->tests[0]->variant, "n_2");
}

static void defaults_are_laid_under_tests(void **state)
{
	CW_SCOPED struct cw_scenario *s =
		good("defaultTest:\n"
		     "  caller: {facts: {name: Bo, city: Rome}, patience: low}\n"
		     "  turns: [{say: \"{{name}} of {{city}}\"}]\n"
		     "  threshold: 0.5\n"
		     "  assert: [{type: contains, value: a}]\n"
		     "tests:\n"
		     "  - {id: a, caller: {facts: {city: Oslo}}}\n"
		     "  - {id: b, turns: [{say: own}], threshold: 1, assert: [{type: contains, value: b}]}\n",
			NULL);

	(void)state;
	assert_string_equal(s->tests[0]->script.steps[0].text, "Bo of Oslo");
	assert_true(s->tests[0]->threshold == 0.5);
	assert_string_equal(s->tests[1]->script.steps[0].text, "own");
	assert_int_equal(s->tests[1]->asserts.n, 2);
	assert_string_equal(value_of(&s->tests[1]->asserts.asserts[1]), "b");
}

static void templates_have_members_and_filters(void **state)
{
	CW_SCOPED struct cw_scenario *s = good(
		"tests:\n"
		"  - id: a\n"
		"    vars: {who: {first: ada, all: [x, y]}, n: \" 7 \", greet: \"hi {{who.first | capitalize}}\", none: \"\"}\n"
		"    turns:\n"
		"      - {say: \"{{greet}} {{who.all[1]}} {{who.all | join('-')}} {{who.all | length}}\"}\n"
		"      - {say: \"{{ n | trim }}{# note #} {{none | default('nobody') | title}} {{'{{'}}\"}\n"
		"      - {say: \"{{ 'a.b.c' | replace('.', '') | upper }} {{who.all | first}}{{who.all|last}}\"}\n"
		"    assert:\n"
		"      - {type: response_ms, max: \"{{n | number}}\"}\n"
		"      - {type: contains-all, value: \"{{ 'p, q' | split }}\"}\n",
		NULL);
	const struct cw_test *t = s->tests[0];

	(void)state;
	assert_string_equal(t->script.steps[0].text, "hi Ada y x-y 2");
	assert_string_equal(t->script.steps[1].text, "7 Nobody {{");
	assert_string_equal(t->script.steps[2].text, "ABC xy");
	assert_int_equal(cw_json_int(t->asserts.asserts[0].conf, "max", 0), 7);
	assert_int_equal(json_array_size(json_object_get(t->asserts.asserts[1].conf, "value")), 2);
}

static void environment_is_read(void **state)
{
	(void)state;
	assert_int_equal(setenv("CW_TEST_WORD", "word", 1), 0);

	CW_SCOPED struct cw_scenario *s = good(
		"tests: [{id: a, turns: [{say: env:CW_TEST_WORD}, {say: \"{{env.CW_TEST_WORD}}\"}, {say: \"env:CW_NO_SUCH:-else\"}],\n"
		"  " CHECK "}]\n",
		NULL);

	assert_string_equal(s->tests[0]->script.steps[0].text, "word");
	assert_string_equal(s->tests[0]->script.steps[1].text, "word");
	assert_string_equal(s->tests[0]->script.steps[2].text, "else");
}

static void what_is_read_changes_the_hash(void **state)
{
	static const struct test_file one[] = {{"dir/t.txt", "a"}, {NULL, NULL}},
				      two[] = {{"dir/t.txt", "b"}, {NULL, NULL}};
	static const char text[] = "tests: [{id: a, turns: [{say: file://t.txt}], " CHECK "}]\n";
	CW_SCOPED struct cw_scenario *a = good(text, one), *b = good(text, two), *c = good(text, one);

	(void)state;
	assert_true(a->hash != b->hash);
	assert_true(a->hash == c->hash);
}

static void composing_survives_failing_memory(void **state)
{
	static const struct test_file files[] = {
		{"dir/c.csv", "input,__expected\nHi,contains:x\n"}, {"dir/p.yaml", "terse\n"}, {NULL, NULL}};
	static const char text[] =
		"assertionTemplates: {t: {type: contains, value: a}}\n"
		"tests: [file://c.csv, {id: b, vars: {v: 1}, matrix: {m: [1, 2]}, persona: {verbosity: !include p.yaml},\n"
		"  turns: [{say: \"{{m}}\"}], assert: [{$ref: \"#/assertionTemplates/t\", weight: 2}]}]\n";
	CW_SCOPED struct cw_scenario *s = NULL;
	struct cw_why why = {0};
	int err = parse(text, files, &s, &why);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(composing_survives_failing_memory)

CW_TEST_MAIN(CW_TEST(files_are_taken_in), CW_TEST(references_are_followed), CW_TEST(mistakes_are_told_across_files),
	CW_TEST(rows_of_a_table_are_tests), CW_TEST(cases_and_matrix_multiply), CW_TEST(var_picks_of_the_matrix),
	CW_TEST(defaults_are_laid_under_tests), CW_TEST(templates_have_members_and_filters),
	CW_TEST(environment_is_read), CW_TEST(what_is_read_changes_the_hash),
	CW_TEST_OOM(composing_survives_failing_memory))
