#include "testing.h"

#include <errno.h>
#include <string.h>

#include "filing.h"

static int parse(const char *text, const struct test_file *files, struct cw_scenario **ret, struct cw_why *why)
{
	const struct cw_scenario_conf conf = {.read = test_file_read, .read_arg = (void *)(uintptr_t)files};

	return cw_scenario_parse(NULL, "suite.yaml", text, strlen(text), &conf, ret, why);
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

static const struct cw_assert *expected(const struct cw_test *t, size_t step, size_t i)
{
	assert_true(i < t->step_expect[step].n);
	return &t->step_expect[step].asserts[i];
}

static bool noted(const struct cw_scenario *s, const char *text)
{
	for (size_t i = 0; i < s->notes.n; i++)
		if (strstr(s->notes.items[i], text))
			return true;
	return false;
}

static void promptfoo_suites_run(void **state)
{
	static const struct test_file files[] = {
		{"ask.txt", "Translate to {{language}}: {{input}}\n---\nSay {{input}} in {{language}}\n"},
		{NULL, NULL}};
	CW_SCOPED struct cw_scenario *s = good(
		"description: Translations\n"
		"prompts: [file://ask.txt]\n"
		"providers: [openai:gpt-4o-mini]\n"
		"assertionTemplates: {short: {type: word-count, value: {max: 20}}}\n"
		"defaultTest:\n"
		"  assert: [{type: not-contains, value: as an AI}]\n"
		"  vars: {tone: plain}\n"
		"evaluateOptions: {repeat: 2, maxConcurrency: 3}\n"
		"tests:\n"
		"  - description: French hello\n"
		"    vars: {language: [French, Spanish], input: Hello}\n"
		"    threshold: 0.5\n"
		"    metadata: {kind: easy}\n"
		"    assert:\n"
		"      - {type: contains-any, value: [bonjour, hola], provider: x}\n"
		"      - {type: contains, value: 5}\n"
		"      - {type: assert-set, threshold: 0.5, assert: [{type: regex, value: a}, {type: regex, value: b}]}\n",
		files);
	const struct cw_test *t = s->tests[1];

	(void)state;
	assert_string_equal(s->name, "Translations");
	assert_int_equal(s->n_tests, 4); /* two prompts, two languages */
	assert_string_equal(s->tests[0]->id, "French-hello-p1");
	assert_string_equal(s->tests[0]->script.steps[0].text, "Translate to French: Hello");
	assert_string_equal(t->variant, "language_Spanish");
	assert_string_equal(s->tests[3]->script.steps[0].text, "Say Hello in Spanish");
	assert_int_equal(t->repeat, 2);
	assert_true(t->threshold == 0.5);
	assert_string_equal(t->tags.items[0], "kind=easy");
	assert_string_equal(expected(t, 0, 0)->name, "not-contains");
	assert_string_equal(cw_json_str(expected(t, 0, 2)->conf, "value", ""), "5");
	assert_int_equal(expected(t, 0, 3)->n_set, 2);
	assert_int_equal(expected(t, 0, 1)->line, 15);
	assert_true(noted(s, "suite.yaml:3:1: 'providers' of promptfoo is not used"));
	assert_true(noted(s, "suite.yaml:8:30: 'maxConcurrency'"));
	assert_true(noted(s, "suite.yaml:15:54: 'provider' of an assertion"));
}

static void promptfoo_scenarios_cross_data_and_tests(void **state)
{
	CW_SCOPED struct cw_scenario *s =
		good("prompts: \"Translate into {{language}}: {{input}}\"\n"
		     "scenarios:\n"
		     "  - config:\n"
		     "      - vars: {language: Spanish, hello: Hola}\n"
		     "      - vars: {language: German, hello: Hallo}\n"
		     "    tests:\n"
		     "      - {vars: {input: Hello}, assert: [{type: equals, value: \"{{hello}}\"}]}\n",
			NULL);

	(void)state;
	assert_int_equal(s->n_tests, 2);
	assert_string_equal(s->tests[1]->id, "test-2");
	assert_string_equal(s->tests[1]->script.steps[0].text, "Translate into German: Hello");
	assert_string_equal(cw_json_str(expected(s->tests[1], 0, 0)->conf, "value", ""), "Hallo");
}

static void promptfoo_tables_run(void **state)
{
	static const struct test_file files[] = {
		{"t.csv", "q,__expected,__description\nHi,contains:hello,greets\n"}, {NULL, NULL}};
	CW_SCOPED struct cw_scenario *s = good("prompts: \"{{q}}\"\nproviders: x\ntests: file://t.csv\n", files);

	(void)state;
	assert_int_equal(s->n_tests, 1);
	assert_string_equal(s->tests[0]->id, "greets");
	assert_string_equal(s->tests[0]->script.steps[0].text, "Hi");
	assert_int_equal(s->tests[0]->step_expect[0].n, 1);
}

static void pipecat_evals_run(void **state)
{
	CW_SCOPED struct cw_scenario *s =
		good("name: story\n"
		     "user: {modality: audio}\n"
		     "judge: {eval: {service: openai, model: m1, endpoint: \"http://127.0.0.1:1/v1\"}}\n"
		     "turns:\n"
		     "  - expect: [{event: response, text_contains: hello}]\n"
		     "  - user: Tell me a long story.\n"
		     "    expect: [{event: llm_started, within_ms: 2000}]\n"
		     "  - user: Stop. What is two plus two?\n"
		     "    send_after: {event: bot_started_speaking, delay_ms: 1500}\n"
		     "    expect:\n"
		     "      - {event: response, text_contains: four}\n"
		     "      - {event: function_call, calls: [{name: add, args: {a: 2}}]}\n"
		     "      - {event: user_transcription, text_contains: two}\n"
		     "  - dtmf: 12\n"
		     "    send_after: {delay_ms: 500}\n"
		     "  - expect: [{event: response, absent: true}]\n",
			NULL);
	const struct cw_test *t = s->tests[0];

	(void)state;
	assert_string_equal(t->id, "story");
	assert_int_equal(t->script.n_steps, 5);
	assert_int_equal(t->script.steps[0].act, CW_ACT_SILENCE);
	assert_int_equal(t->script.steps[0].when, CW_WHEN_ANSWER);
	assert_string_equal(expected(t, 0, 0)->name, "contains-all");
	assert_string_equal(expected(t, 1, 0)->name, "response_ms");
	assert_int_equal(t->script.steps[2].when, CW_WHEN_DURING);
	assert_int_equal(t->script.steps[2].delay_us, 1500000);
	assert_string_equal(t->script.steps[3].text, "12");
	assert_int_equal(t->script.steps[3].when, CW_WHEN_TURN);
	assert_string_equal(expected(t, 4, 0)->name, "not-regex");
	assert_string_equal(t->asserts.asserts[0].name, "tool_called");
	assert_string_equal(t->asserts.asserts[0].only, "agent");
	assert_string_equal(s->judge.model, "m1");
	assert_true(noted(s, "suite.yaml:2:1: 'user' of Pipecat is not used"));
	assert_true(noted(s, "suite.yaml:13:10: event 'user_transcription' is not asserted"));
}

static void pipecat_files_hold_several(void **state)
{
	CW_SCOPED struct cw_scenario *s = good(
		"name: f\nturns: [{user: Hi, expect: [{event: response}]}]\nscenarios: [{name: one}, {name: one, turns: [{user: Ho, expect: [{event: response}]}]}]\n",
		NULL);

	(void)state;
	assert_int_equal(s->n_tests, 2);
	assert_string_equal(s->tests[1]->id, "one-2");
	assert_string_equal(s->tests[0]->script.steps[0].text, "Hi");
	assert_string_equal(s->tests[1]->script.steps[0].text, "Ho");
}

static void what_cannot_be_carried_over_is_refused(void **state)
{
#define PF "prompts: \"{{q}}\"\n"
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} list[] = {
		{PF "provders: x\n", 2, 1, "did you mean 'providers'"},
		{PF "extensions: [x]\n", 2, 13, "'extensions' of promptfoo cannot be carried over"},
		{"providers: x\n", 1, 1, "'prompts' is missing"},
		{"prompts: [{role: user, content: x}]\n", 1, 11, "roles and contents"},
		{"prompts: [{id: x}]\n", 1, 11, "a prompt must be"},
		{PF "tests: 5\n", 2, 8, "'tests' must be a list"},
		{PF "tests: [5]\n", 2, 9, "a test must be a mapping"},
		{PF "tests: []\n", 1, 1, "has no tests"},
		{PF "tests: [{vars: 5}]\n", 2, 16, "'vars' must be a mapping"},
		{PF "tests: [{vars: {q: x}}]\n", 2, 9, "could not fail"},
		{PF "tests: [{vars: {q: x}, asert: []}]\n", 2, 24, "did you mean 'assert'"},
		{PF "tests: [{vars: {q: x}, assert: {}}]\n", 2, 32, "must be a list of assertions"},
		{PF "tests: [{vars: {q: x}, options: {transform: y}}]\n", 2, 45, "'transform' of promptfoo"},
		{PF "tests: [{vars: {q: x}, assert: [{type: contains, value: a, transform: y}]}]\n", 2, 71,
			"'transform' of an assertion"},
		{PF "tests: [{vars: {p: x}, assert: [{type: contains, value: a}]}]\n", 1, 10, "{{q}} is not defined"},
		{PF "tests: [{vars: {q: x}, assert: [{type: contians, value: a}]}]\n", 2, 40,
			"did you mean 'contains'"},
		{PF "scenarios: [{config: 1, tests: []}]\n", 2, 13, "lists 'config' and 'tests'"},
		{PF "evaluateOptions: {repaet: 2}\n", 2, 19, "did you mean 'repeat'"},
		{"name: x\nturns: [{user: Hi, image: x}]\n", 2, 27, "a caller has no pictures"},
		{"name: x\nturns: [{user: Hi, dtmf: \"1\"}]\n", 2, 26, "not both"},
		{"name: x\nturns: [{usr: Hi}]\n", 2, 10, "did you mean 'user'"},
		{"name: x\nturns: [5]\n", 2, 9, "a turn of Pipecat"},
		{"name: x\nturns: [{user: Hi, expect: 5}]\n", 2, 28, "a list of events"},
		{"name: x\nturns: [{user: Hi, expect: [{event: respnse}]}]\n", 2, 37, "did you mean 'response'"},
		{"name: x\nturns: [{user: Hi, expect: [{event: function_call}]}]\n", 2, 29, "needs 'name'"},
		{"name: x\nturns: [{user: Hi, expect: [{event: function_call_stopped}]}]\n", 2, 37,
			"cannot be carried over"},
		{"name: x\nturns: [{user: Hi, expect: [{event: response, evl: x}]}]\n", 2, 47, "did you mean 'eval'"},
		{"name: x\nturns: [{user: Hi, expect: [5]}]\n", 2, 29, "is a mapping with 'event'"},
		{"name: x\nturns: [{user: Hi, send_after: 5}]\n", 2, 32, "'send_after' must be"},
		{"name: x\nturns: [{user: Hi, send_after: {event: function_call}}]\n", 2, 40,
			"nothing can be sent after"},
		{"name: x\npersona: Jamie\ngoal: book\n", 2, 10, "'persona' of Pipecat cannot be carried over"},
		{"name: x\nturns: 5\n", 1, 1, "needs 'turns'"},
		{"name: x\nscenarios: [{name: y, turns: [{user: Hi}]}, 5]\n", 2, 45, "a scenario must be a mapping"},
		{"name: x\nscenarios: [{name: y, turns: [{user: Hi}]}]\n", 2, 13, "could not fail"},
		{"prompts: \"{{q}}\"\ntests: [{vars: {q: [[1]]}, assert: [{type: contains, value: a}]}]\n", 2, 21,
			"texts, numbers"},
	};

	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(list); i++) {
		struct cw_scenario *s = NULL;
		struct cw_why why = {0};

		if (!parse(list[i].text, NULL, &s, &why))
			fail_msg("accepted: %s", list[i].text);
		if (why.line != list[i].line || why.column != list[i].column || !strstr(why.text, list[i].message))
			print_error("%s: expected %u:%u %s, got %u:%u %s\n", list[i].text, list[i].line, list[i].column,
				list[i].message, why.line, why.column, why.text);
		wrong += why.line != list[i].line || why.column != list[i].column || !strstr(why.text, list[i].message);
	}
	assert_int_equal(wrong, 0);
}

static void importing_survives_failing_memory(void **state)
{
	static const char promptfoo[] =
		"prompts: \"{{q}}\"\nproviders: x\ntests: [{vars: {q: [a, b]}, metadata: {k: v}, assert: [{type: contains, value: 5}]}]\n";
	static const char pipecat[] = "name: x\nturns: [{user: Hi, expect: [{event: response, within_ms: 5}]}]\n";
	CW_SCOPED struct cw_scenario *s = NULL, *p = NULL;
	struct cw_why why = {0};
	int err = parse(promptfoo, NULL, &s, &why);

	(void)state;
	if (!err)
		err = parse(pipecat, NULL, &p, &why);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(importing_survives_failing_memory)

CW_TEST_MAIN(CW_TEST(promptfoo_suites_run), CW_TEST(promptfoo_scenarios_cross_data_and_tests),
	CW_TEST(promptfoo_tables_run), CW_TEST(pipecat_evals_run), CW_TEST(pipecat_files_hold_several),
	CW_TEST(what_cannot_be_carried_over_is_refused), CW_TEST_OOM(importing_survives_failing_memory))
