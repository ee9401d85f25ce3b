#include "testset.h"

#include <errno.h>

#include "trial/dataset/export.h"
#include "trial/scenario/scenario.h"

struct outcome {
	struct cw_taken again; /* what adding the export to the same dataset did */
	struct cw_exported done;
};

/* Export, and add what came out to the dataset it came from. */
static struct outcome round_trip(struct cw_dataset *d, enum cw_export_form form, const char *name, const char *expect)
{
	CW_SCOPED char *path = new_path(name);
	const struct cw_export_conf conf = {.form = form, .path = path, .expect = expect};
	struct outcome o = {0};
	struct cw_why why = {0};
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	if (cw_dataset_export(d, &conf, f, &o.done, &why))
		fail_msg("%s", why.text);
	(void)fclose(f);
	o.again = take(d, path);
	return o;
}

static struct cw_dataset *filled(char **dir, const char *name, const char *text)
{
	struct cw_dataset *d;

	*dir = new_dataset();
	d = open_dataset(*dir);
	(void)take_text(d, name, text);
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	return d;
}

static const char rich[] =
	"version: 1\ndefaults: {timeout_s: 60, language: en-US}\nmatrix: {channel: [clean, cafe]}\ntests:\n"
	"  - id: rich\n    tags: [one, city=Rome]\n    caller: {facts: {name: Ann}, patience: low}\n"
	"    turns:\n      - {say: \"My name is {{name}}.\", expect: [{type: response_ms, max: 2000}], when: {during: agent, at_ms: 800}}\n"
	"      - {dtmf: \"12#\"}\n    answers: [{match: [your name], say: \"{{name}}\", times: 2}]\n"
	"    assert: [{type: hangup_by, value: agent}]\n"
	"  - {id: goal, goal: Book a visit, success: [confirmed], facts: {name: Bo}}\n"
	"  - {id: braces, turns: [{say: \"{{'{{'}} and {{'env:HOME'}}\", expect: [{type: equals, value: \"{{'{%'}} x\"}]}]}\n";

static void scenarios_come_back_the_same(void **state)
{
	CW_SCOPED char *dir = NULL;
	CW_SCOPED struct cw_dataset *d = filled(&dir, "rich.yaml", rich);
	struct outcome o = round_trip(d, CW_EXPORT_SCENARIO, "out.yaml", NULL);

	(void)state;
	assert_int_equal(o.done.written, 3);
	assert_int_equal(o.again.same, 3);
	assert_int_equal(o.again.added + o.again.replaced, 0);
}

static void the_short_form_comes_back_the_same(void **state)
{
	CW_SCOPED char *dir = new_dataset();
	CW_SCOPED struct cw_dataset *d = open_dataset(dir);
	struct outcome o;

	(void)state;
	assert_int_equal(take(d, cw_test_source("scenarios/basic.yaml")).added, 2);
	o = round_trip(d, CW_EXPORT_SCENARIO, "out.yaml", NULL);
	assert_int_equal(o.again.same, 2);
}

static const char chat[] =
	"{\"messages\":[{\"role\":\"system\",\"content\":\"Be kind\"},{\"role\":\"user\",\"content\":\"Hours? {{x}}\"},"
	"{\"role\":\"assistant\",\"content\":\"Nine to five.\"}]}\n"
	"{\"messages\":[{\"role\":\"user\",\"content\":\"A\"},{\"role\":\"assistant\",\"content\":\"B\"},{\"role\":\"user\",\"content\":\"file:///etc/passwd\"},"
	"{\"role\":\"assistant\",\"content\":\"D\",\"weight\":1}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}\n";

static void chats_come_back_the_same(void **state)
{
	CW_SCOPED char *dir = NULL;
	CW_SCOPED struct cw_dataset *d = filled(&dir, "chat.jsonl", chat);
	struct outcome o = round_trip(d, CW_EXPORT_CHAT, "out.jsonl", NULL);

	(void)state;
	assert_int_equal(cw_dataset_count(d), 2);
	assert_int_equal(o.again.same, 2);
	assert_int_equal(o.again.added, 0);
}

/* What users said is said, what assistants answered is expected; no text becomes a command. */
static void chats_become_tests(void **state)
{
	CW_SCOPED char *dir = NULL, *path = new_path("tests.yaml");
	CW_SCOPED struct cw_dataset *d = filled(&dir, "chat.jsonl", chat);
	CW_SCOPED struct cw_scenario *s = NULL;
	const struct cw_export_conf conf = {.form = CW_EXPORT_SCENARIO, .path = path, .expect = "equals"};
	struct cw_exported done;
	struct cw_why why = {0};
	FILE *f = fopen(path, "w");
	bool seen = false;

	(void)state;
	assert_non_null(f);
	assert_int_equal(cw_dataset_export(d, &conf, f, &done, NULL), 0);
	(void)fclose(f);
	if (cw_scenario_load(NULL, path, NULL, &s, &why))
		fail_msg("%s:%u: %s", why.file, why.line, why.text);
	assert_int_equal(s->n_tests, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct cw_script *script = &s->tests[i]->script;

		for (size_t k = 0; k < script->n_steps; k++) {
			assert_string_equal(s->tests[i]->step_expect[k].asserts[0].name, "equals");
			seen = seen || !strcmp(script->steps[k].text, "file:///etc/passwd");
		}
	}
	assert_true(seen);
}

static const char table[] = "__id,input,__expected1,__expected2,__metadata:city,__threshold\n"
			    "r1,\"Hi, \"\"there\"\"\",contains:hello,,Rome,0.5\n"
			    "r2,Bye,similar(0.8):goodbye,not-contains:x,Oslo,\n"
			    "r3,\"two\nlines\",\"contains-any: a, b\",,,\n";

static void tables_come_back_the_same(void **state)
{
	CW_SCOPED char *dir = NULL;
	CW_SCOPED struct cw_dataset *d = filled(&dir, "t.csv", table);
	CW_JSON_SCOPED json_t *c = NULL;
	struct outcome o = round_trip(d, CW_EXPORT_CSV, "out.csv", NULL);

	(void)state;
	assert_int_equal(o.done.written, 3);
	assert_int_equal(o.again.same, 3);
	assert_int_equal(o.again.added, 0);
	assert_int_equal(cw_dataset_get(d, 0, &c), 0);
	assert_non_null(strstr(cw_json_str(json_object_get(c, "provenance"), "file", ""), "t.csv"));
}

/* The description is the id there: it comes back as such, all else as it was. */
static void promptfoo_comes_back(void **state)
{
	CW_SCOPED char *dir = NULL, *path = new_path("pf.yaml"), *other = NULL;
	CW_SCOPED struct cw_dataset *d = filled(&dir, "t.csv", table), *e = NULL;
	const struct cw_export_conf conf = {.form = CW_EXPORT_PROMPTFOO, .path = path};
	struct cw_exported done;
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(cw_dataset_export(d, &conf, f, &done, NULL), 0);
	(void)fclose(f);
	assert_int_equal(done.written, 3);
	other = new_dataset();
	e = open_dataset(other);
	assert_int_equal(take(e, path).added, 3);
	for (size_t i = 0; i < 3; i++) {
		CW_JSON_SCOPED json_t *a = NULL, *b = NULL;
		size_t k;

		assert_true(cw_dataset_find(e, cw_dataset_id(d, i), &k));
		assert_int_equal(cw_dataset_get(d, i, &a), 0);
		assert_int_equal(cw_dataset_get(e, k, &b), 0);
		assert_true(json_equal(json_object_get(a, "input"), json_object_get(b, "input")));
	}
}

static void what_a_form_cannot_carry_is_left_out(void **state)
{
	CW_SCOPED char *dir = NULL;
	CW_SCOPED struct cw_dataset *d = filled(&dir, "rich.yaml", rich);
	static const enum cw_export_form forms[] = {CW_EXPORT_CSV, CW_EXPORT_PROMPTFOO, CW_EXPORT_CHAT};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(forms); i++) {
		const struct cw_export_conf conf = {.form = forms[i]};
		struct cw_exported done;
		FILE *f = tmpfile();

		assert_non_null(f);
		bool is_chat = forms[i] ==
			       CW_EXPORT_CHAT; /* of braces the answer is known; timeout_s has no place in tables */

		assert_int_equal(cw_dataset_export(d, &conf, f, &done, NULL), is_chat ? 0 : ESRCH);
		assert_int_equal(done.written, is_chat);
		assert_int_equal(done.left_out, 3 - is_chat);
		(void)fclose(f);
	}
}

CW_TEST_MAIN(CW_TEST(scenarios_come_back_the_same), CW_TEST(the_short_form_comes_back_the_same),
	CW_TEST(chats_come_back_the_same), CW_TEST(chats_become_tests), CW_TEST(tables_come_back_the_same),
	CW_TEST(promptfoo_comes_back), CW_TEST(what_a_form_cannot_carry_is_left_out))
