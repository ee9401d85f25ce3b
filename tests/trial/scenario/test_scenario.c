#include "testing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "trial/scenario/scenario.h"

static int parse(const char *text, struct cw_scenario **ret, struct cw_why *why)
{
	return cw_scenario_parse(NULL, "s.yaml", text, strlen(text), NULL, ret, why);
}

static struct cw_scenario *good(const char *text)
{
	struct cw_scenario *s = NULL;
	struct cw_why why = {0};
	int err = parse(text, &s, &why);
	char told[1200];

	if (err)
		fail_msg("%s", cw_why_str(&why, told, sizeof(told)));
	return s;
}

#define HEAD  "tests:\n  - id: a\n"
#define WORDS "    turns: [{say: Hi}]\n"
#define CHECK "    assert: [{type: contains, value: hi}]\n"

/* Every mistake: what is written, where it is found, words of the message. */
static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} mistakes[] = {
	{"[1, 2]", 1, 1, "a mapping"},
	{"name: x\n", 1, 1, "neither 'tests'"},
	{"tests: []\n", 1, 8, "1 to 1000"},
	{"tests: 1\n", 1, 8, "must be a list"},
	{"tests: [{id: a}]\nscenarios: []\n", 2, 12, "use one form"},
	{"version: 2\ntests: [{id: a}]\n", 1, 10, "'version'"},
	{"tests: [1]\n", 1, 9, "must be a mapping"},
	{"testz: []\n", 1, 1, "tests"},
	{"suites: {}\ntests: [{id: a}]\n", 1, 1, "unknown key 'suites'"},
	{"judge: {modle: x}\ntests: [{id: a}]\n", 1, 9, "did you mean 'model'"},
	{"judge: {min_kappa: 2}\ntests: [{id: a}]\n", 1, 20, "from -1 to 1"},
	{"target: phone:1\n" HEAD WORDS CHECK, 1, 9, "chat:URL"},
	{"target: {line: fax, url: x}\n" HEAD WORDS CHECK, 1, 16, "agent, twilio, chat or houndify"},
	{HEAD, 2, 5, "says nothing"},
	{HEAD WORDS, 2, 5, "could not fail"},
	{"tests:\n  - turns: [{say: Hi}]\n" CHECK, 2, 5, "'id' is missing"},
	{"tests:\n  - id: a b\n" WORDS CHECK, 2, 9, "letters, digits"},
	{"tests:\n  - id: ../x\n" WORDS CHECK, 2, 9, "letters, digits"},
	{HEAD WORDS CHECK "    turn: []\n", 5, 5, "turns"},
	{HEAD WORDS CHECK "    goal: book\n", 5, 11, "a goal needs 'success'"},
	{HEAD WORDS CHECK "    success: booked\n", 5, 14, "'success' belongs to a 'goal'"},
	{HEAD WORDS CHECK "    goal: book\n    success: done\n    facts: {cat: Tom}\n", 7, 18, "no built-in questions"},
	{HEAD WORDS CHECK "    facts: {name: [1]}\n", 5, 19, "must be a text, a number"},
	{HEAD WORDS CHECK "    facts: {name: x}\n    caller: {facts: {name: y}}\n", 5, 12, "stands under 'caller' too"},
	{HEAD WORDS CHECK "    goal: book\n    success: done\n    facts: {name: {value: x, aks: y}}\n", 7, 30,
		"did you mean 'ask'"},
	{HEAD WORDS CHECK "    persona: {verbosity: loud}\n", 5, 26, "terse, normal or chatty"},
	{HEAD WORDS CHECK "    persona: {interrupting: often}\n", 5, 29, "never, rare, normal, frequent"},
	{HEAD WORDS CHECK "    persona: {interrupting: rare, interrupts: 0.1}\n", 5, 47, "are the same"},
	{HEAD WORDS CHECK "    threshold: 2\n", 5, 16, "from 0.001 to 1"},
	{HEAD WORDS CHECK "    threshold: 0\n", 5, 16, "from 0.001 to 1"},
	{HEAD WORDS CHECK "    cases: 5\n", 5, 12, "'cases' must be a list"},
	{HEAD WORDS CHECK "    cases: [5]\n", 5, 13, "a case must be a mapping"},
	{HEAD WORDS CHECK "    vars: [5]\n", 5, 11, "'vars' must be a mapping"},
	{HEAD WORDS CHECK "    matrix: {plan: []}\n    description: \"{{plan}}\"\n", 5, 20, "needs 1 to 32 values"},
	{HEAD WORDS CHECK "    matrix: {plan: [[1]]}\n    description: \"{{plan}}\"\n", 5, 21, "texts, numbers"},
	{HEAD WORDS CHECK "    matrix: {plan: [1]}\n", 5, 14, "no text of this test uses {{plan}}"},
	{"defaultTest: 1\n" HEAD WORDS CHECK, 1, 14, "must be a mapping"},
	{"defaultTest: {tursn: []}\n" HEAD WORDS CHECK, 1, 15, "did you mean 'turns'"},
	{HEAD WORDS CHECK "  - id: a\n" WORDS CHECK, 5, 9, "used before, in line 2"},
	{HEAD WORDS CHECK "    tags: [1]\n", 5, 12, "put this in quotes"},
	{HEAD WORDS CHECK "    repeat: 0\n", 5, 13, "whole number from 1"},
	{HEAD WORDS CHECK "    timeout_s: soon\n", 5, 16, "\"800ms\""},
	{HEAD WORDS CHECK "    timeout_s: 99999\n", 5, 16, "from 0 to 3600"},
	{HEAD WORDS CHECK "    language: english\n", 5, 15, "no language tag"},
	{HEAD WORDS CHECK "    voice: trumpet:x\n", 5, 12, "unknown voice 'trumpet:x'"},
	{HEAD WORDS CHECK "    voice: []\n", 5, 12, "needs 1 to"},
	{HEAD WORDS CHECK "    channel: claen\n", 5, 14, "clean"},
	{HEAD WORDS CHECK "    ear: trumpet\n", 5, 10, "unknown recogniser"},
	{HEAD WORDS CHECK "    hints: nowhere.txt\n", 5, 12, "nowhere.txt"},
	{HEAD WORDS CHECK "    target: {line: twilio, file: x}\n", 5, 13, "{line: agent, file: FILE}"},
	{HEAD WORDS CHECK "    matrix: {voices: [modem]}\n", 5, 14, "voice"},
	{HEAD WORDS CHECK "    caller: {patience: none}\n", 5, 24, "low, normal or high"},
	{HEAD WORDS CHECK "    caller: {patience: {wait_s: -1}}\n", 5, 33, "from 0"},
	{HEAD WORDS CHECK "    caller: {persona: grumpy}\n", 5, 23, "must be a mapping"},
	{HEAD WORDS CHECK "    caller: {facts: [1]}\n", 5, 21, "must be a mapping"},
	{HEAD WORDS CHECK "    caller: {speed: 9}\n", 5, 21, "from 0.5 to 2"},
	{HEAD "    turns: {say: Hi}\n" CHECK, 3, 12, "must be a list"},
	{HEAD "    turns: [Hi]\n" CHECK, 3, 13, "{say:"},
	{HEAD "    turns: [{say: Hi, dtmf: \"1\"}]\n" CHECK, 3, 13, "exactly one thing"},
	{HEAD "    turns: [{name: x}]\n" CHECK, 3, 13, "exactly one thing"},
	{HEAD "    turns: [{say: 5}]\n" CHECK, 3, 19, "put it in quotes"},
	{HEAD "    turns: [{sy: Hi}]\n" CHECK, 3, 14, "say"},
	{HEAD "    turns: [{say: \"{{name}}\"}]\n" CHECK, 3, 19, "{{name}} is not defined"},
	{HEAD "    caller: {facts: {nome: x}}\n    turns: [{say: \"{{name}}\"}]\n" CHECK, 4, 19,
		"did you mean {{nome}}"},
	{HEAD "    turns: [{say: \"{{name\"}]\n" CHECK, 3, 19, "'{{' without '}}'"},
	{HEAD "    turns: [{dtmf: 12}]\n" CHECK, 3, 20, "in quotes"},
	{HEAD "    turns: [{dtmf: \"12x\"}]\n" CHECK, 3, 20, "0-9"},
	{HEAD "    turns: [{noise: sneeze}]\n" CHECK, 3, 21, "cough, door"},
	{HEAD "    turns: [{noise: {kind: cough, ms: 5}}]\n" CHECK, 3, 39, "from 20"},
	{HEAD "    turns: [{silence: long}]\n" CHECK, 3, 23, "milliseconds"},
	{HEAD "    turns: [{hang_up: true}, {say: Hi}]\n" CHECK, 3, 13, "can never be played"},
	{HEAD "    turns: [{say: Hi, when: {after: agnt_end}}]\n" CHECK, 3, 37, "did you mean 'agent_end'"},
	{HEAD "    turns: [{say: Hi, when: {after: turn}}]\n" CHECK, 3, 37, "the first one has none"},
	{HEAD "    turns: [{say: Hi, when: {during: caller, at_ms: 5}}]\n" CHECK, 3, 38, "can only be: agent"},
	{HEAD "    turns: [{say: Hi, when: {during: agent, match: x}}]\n" CHECK, 3, 52, "at_ms"},
	{HEAD "    turns: [{say: Hi, when: {at_ms: 5}}]\n" CHECK, 3, 37, "goes with 'during' only"},
	{HEAD "    turns: [{hang_up: no}]\n" CHECK, 3, 23, "must be true, or a mapping"},
	{HEAD "    turns: [{hang_up: {after_ms: 3}}]\n" CHECK, 3, 23, "'saying' is missing"},
	{HEAD "    turns: [{tv: {level_db: -3}}]\n" CHECK, 3, 18, "'ms' is missing"},
	{HEAD "    turns: [{echo: {ms: 3s, delay_ms: 9999}}]\n" CHECK, 3, 39, "from 1 to 2000"},
	{HEAD "    turns: [{aside: {level_db: 3, say: x}}]\n" CHECK, 3, 32, "from -60 to 0"},
	{HEAD "    turns: [{backchannel: 3}]\n" CHECK, 3, 27, "put it in quotes"},
	{HEAD "    turns: [{say: \"{{n | uper}}\"}]\n" CHECK, 3, 19, "{{n}} is not defined"},
	{HEAD "    facts: {n: x}\n    turns: [{say: \"{{n | uper}}\"}]\n" CHECK, 4, 19, "did you mean 'upper'"},
	{HEAD "    facts: {n: x}\n    turns: [{say: \"{{n | replace('a')}}\"}]\n" CHECK, 4, 19, "takes 2 texts"},
	{HEAD "    facts: {n: x}\n    turns: [{say: \"{{n.first}}\"}]\n" CHECK, 4, 19, "has no member 'first'"},
	{HEAD "    facts: {n: x}\n    turns: [{say: \"{{n + 1}}\"}]\n" CHECK, 4, 19, "is not understood"},
	{HEAD "    facts: {n: x}\n    turns: [{say: \"{{n | number}}\"}]\n" CHECK, 4, 19, "is no number"},
	{HEAD "    facts: {n: \"{{m}}\", m: \"{{n}}\"}\n    turns: [{say: \"{{n}}\"}]\n" CHECK, 4, 19,
		"refers to itself"},
	{HEAD "    turns: [{say: \"{{}}\"}]\n" CHECK, 3, 19, "no name"},
	{HEAD "    turns: [{say: \"{% if x %}\"}]\n" CHECK, 3, 19, "only {{…}} with filters"},
	{HEAD "    turns: [{say: \"{{env.CW_NO_SUCH_THING}}\"}]\n" CHECK, 3, 19, "has no variable CW_NO_SUCH_THING"},
	{HEAD "    turns: [{say: \"env:CW_NO_SUCH_THING\"}]\n" CHECK, 3, 19, "has no variable CW_NO_SUCH_THING"},
	{HEAD "    turns: [{say: Hi, when: {after: answer, match: x}}]\n" CHECK, 3, 52, "'after: agent_end' only"},
	{HEAD "    turns: [{say: Hi, when: {match: \"/(/\"}}]\n" CHECK, 3, 37, "regular expression"},
	{HEAD "    turns: [{say: Hi, times: 2}]\n" CHECK, 3, 23, "times"},
	{HEAD "    answers: [{say: Hi}]\n" CHECK, 3, 15, "'match' is missing"},
	{HEAD "    answers: [{match: [], say: Hi}]\n" CHECK, 3, 23, "is empty"},
	{HEAD "    answers: [{match: x, say: Hi, times: 0}]\n" CHECK, 3, 42, "from 1"},
	{HEAD WORDS "    assert: {type: contains}\n", 4, 13, "list of assertions"},
	{HEAD WORDS "    assert: [contains]\n", 4, 14, "{type: contains"},
	{HEAD WORDS "    assert: [{type: contans, value: x}]\n", 4, 21, "did you mean 'contains'"},
	{HEAD WORDS "    assert: [{type: not-python, value: x}]\n", 4, 21, "not available in this version"},
	{HEAD WORDS "    assert: [{type: assert-set, assert: []}]\n", 4, 41, "1 to 100 assertions"},
	{HEAD WORDS "    assert: [{type: assert-set, threshold: 2, assert: [{type: contains, value: x}]}]\n", 4, 44,
		"above 0 and at most 1"},
	{HEAD WORDS "    assert: [{type: assert-set, assert: [{type: assert-set, assert: []}]}]\n", 4, 42,
		"cannot stand inside another"},
	{HEAD WORDS "    assert: [{type: assert-set, assert: [{type: contains, value: x, weight: 0}]}]\n", 4, 41,
		"it could not fail"},
	{HEAD WORDS "    assert: [{$ref: \"#/assertionTemplates/x\"}]\n", 4, 14, "there is no 'assertionTemplates'"},
	{HEAD WORDS "    assert: [{type: contains}]\n", 4, 14, "'value' must be a text or a list"},
	{HEAD WORDS "    assert: [{type: contains, value: x, max: 1}]\n", 4, 41, "max"},
	{HEAD WORDS "    assert: [{type: contains, value: x, weight: -1}]\n", 4, 49, "'weight'"},
	{HEAD WORDS "    assert: [{type: contains, value: x, only: phone}]\n", 4, 47, "agent, twilio, chat, houndify"},
	{HEAD WORDS "    assert: [{type: regex, value: \"(\"}]\n", 4, 14, "regular expression"},
	{HEAD WORDS "    assert: [{type: response_ms}]\n", 4, 14, "could not fail"},
	{HEAD WORDS "    assert: [{type: response_ms, max: 1, min: 2}]\n", 4, 14, "could not hold"},
	{HEAD WORDS "    assert: [{type: agent_keeps_talking}]\n", 4, 21, "under 'expect'"},
	{HEAD "    turns: [{say: Hi, expect: [{type: hangup_by, value: agent}]}]\n", 3, 39, "under 'assert'"},
	{HEAD WORDS "    assert: [{type: hangup_by, value: me}]\n", 4, 14, "caller, agent, line"},
	{HEAD WORDS "    assert: [{type: end_reason, value: x}]\n", 4, 14, "remote"},
	{HEAD WORDS "    assert: [{type: tool_called}]\n", 4, 14, "'name'"},
	{HEAD WORDS "    assert: [{type: state_equals, value: 1}]\n", 4, 14, "'sql'"},
	{HEAD WORDS "    assert: [{type: state_equals, sql: x}]\n", 4, 14, "needs 'value'"},
	{HEAD WORDS "    assert: [{type: state_equals, url: x, value: 1}]\n", 4, 14, "http://"},
	{HEAD WORDS CHECK "gates: {pass_rate: 1}\n", 5, 9, "pass_rate_lower_bound"},
	{HEAD WORDS CHECK "gates: {invalid_rate: 2}\n", 5, 23, "from 0 to 1"},
	{HEAD WORDS CHECK "defaults: {voise: x}\n", 5, 12, "voice"},
	/* the short form */
	{"scenarios: [{id: a, input: Hi}]\n", 1, 13, "'expected' is missing"},
	{"scenarios: [{id: a, expected: {contains: [x]}}]\n", 1, 13, "'input' is missing"},
	{"scenarios: [{id: a, input: Hi, expected: {}}]\n", 1, 13, "could not fail"},
	{"scenarios: [{id: a, input: Hi, expected: {requires_context: true}}]\n", 1, 13, "the first one"},
	{"scenarios: [{id: a, input: Hi, expected: {exact_match: true}}]\n", 1, 56, "give 'contains' too"},
	{"scenarios: [{id: a, input: Hi, expected: {contains: []}}]\n", 1, 53, "is empty"},
	{"scenarios: [{id: a, input: Hi, expected: {contain: x}}]\n", 1, 43, "contains"},
	{"scenarios: [{id: a, input: Hi, expected: {similar: x}}]\n", 1, 43, "unknown key 'similar'"},
	{"scenarios: [{id: a, input: Hi, expected: {sentiment: 7}}]\n", 1, 54, "positive"},
};

static void every_mistake_is_told_with_its_place(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(mistakes); i++) {
		struct cw_scenario *s = NULL;
		struct cw_why why = {0};
		int err = parse(mistakes[i].text, &s, &why);

		if (!err || s) {
			print_error("%u. accepted: %s\n", ++wrong, mistakes[i].text);
			continue;
		}
		if (why.line != mistakes[i].line || why.column != mistakes[i].column ||
			!strstr(why.text, mistakes[i].message))
			print_error("%u. %s: expected %u:%u … %s …, got %u:%u %s\n", ++wrong, mistakes[i].text,
				mistakes[i].line, mistakes[i].column, mistakes[i].message, why.line, why.column,
				why.text);
		assert_string_equal(why.file, "s.yaml");
	}
	assert_int_equal(wrong, 0);
}

static void full_form(void **state)
{
	CW_SCOPED struct cw_scenario *s =
		good("version: 1\nname: N\ntarget: {line: agent, file: agents/x.yaml}\n"
		     "defaults: {language: en-GB, repeat: 3, timeout_s: 90}\n"
		     "matrix: {channel: [clean, cafe], voice: [modem, \"flite:slt\"]}\n"
		     "tests:\n"
		     "  - id: t\n    tags: [smoke, x]\n"
		     "    caller: {facts: {name: Maria Lopez, number: 12}, patience: low, speed: 1.2}\n"
		     "    turns:\n"
		     "      - {say: \"I am {{name}} of {{ number }} Oak.\", name: intro}\n"
		     "      - {say: mm-hmm, when: {during: agent, at_ms: 800}, expect: [{type: agent_keeps_talking}]}\n"
		     "      - {dtmf: \"415-555 0134#\", when: {after: turn, delay_ms: 50}, optional: true}\n"
		     "      - {silence: 3s, when: {after: agent_start}}\n"
		     "      - {noise: {kind: door, ms: 200, level_db: -20}, when: {after: answer, delay_ms: 1s}}\n"
		     "      - {hang_up: true, when: {match: [bye, /see you/]}}\n"
		     "    answers:\n"
		     "      - {match: your name, say: \"{{name}}\", times: 2, delay_ms: 700}\n"
		     "    assert:\n"
		     "      - {type: not-contains, value: \"{{name}}\", weight: 2}\n"
		     "gates: {pass_rate_lower_bound: 0.85, p95_response_ms: 2500}\n");
	const struct cw_test *t = s->tests[0];
	const struct cw_step *st = t->script.steps;

	(void)state;
	assert_int_equal(s->n_tests, 1);
	assert_string_equal(t->target, "agent:agents/x.yaml");
	assert_string_equal(st[0].text, "I am Maria Lopez of 12 Oak.");
	assert_string_equal(st[0].name, "intro");
	assert_int_equal(st[0].when, CW_WHEN_AGENT_END);
	assert_int_equal(st[0].delay_us, 300000);
	assert_int_equal(st[1].when, CW_WHEN_DURING);
	assert_int_equal(st[1].delay_us, 800000);
	assert_int_equal(t->step_expect[1].n, 1);
	assert_string_equal(st[2].text, "4155550134#");
	assert_true(st[2].optional);
	assert_int_equal(st[2].delay_us, 50000);
	assert_int_equal(st[3].ms, 3000);
	assert_int_equal(st[3].when, CW_WHEN_AGENT_START);
	assert_int_equal(st[4].noise, CW_NOISE_DOOR);
	assert_int_equal(st[4].delay_us, 1000000);
	assert_true(cw_pattern_fits(st[5].match, CW_STR_LIT("Well, see you")));
	assert_int_equal(t->script.answers[0].times, 2);
	assert_int_equal(t->script.wait_us, 5000000);
	assert_int_equal(t->script.reprompts, 1);
	assert_int_equal(t->repeat, 3);
	assert_int_equal(t->timeout_us, 90000000);
	assert_int_equal(t->matrix.channels.n, 2);
	assert_int_equal(t->matrix.voices.n, 2);
	assert_string_equal(t->matrix.languages.items[0], "en-GB");
	assert_true(t->asserts.asserts[0].negate);
	assert_true(t->asserts.asserts[0].weight == 2);
	assert_string_equal(cw_json_str(t->asserts.asserts[0].conf, "value", ""), "Maria Lopez");
	assert_true(s->gates.p95_response_ms == 2500 && s->gates.invalid_rate < 0);
}

/* The file of the shared description, taken unchanged. */
static void short_form(void **state)
{
	CW_SCOPED struct cw_scenario *s = good("name: \"Basic Conversation Flow\"\n"
					       "description: \"Tests basic Q&A and context retention\"\n"
					       "scenarios:\n"
					       "  - id: \"greeting\"\n"
					       "    input: \"Hello, my name is Alice\"\n"
					       "    expected:\n"
					       "      contains: [\"Hello\", \"Alice\", \"nice to meet\"]\n"
					       "      sentiment: \"positive\"\n"
					       "  - id: \"recall_name\"\n"
					       "    input: \"What's my name?\"\n"
					       "    expected: {contains: [\"Alice\"], requires_context: true}\n"
					       "  - id: \"math_problem\"\n"
					       "    input: \"What is 25 * 4?\"\n"
					       "    expected: {contains: [\"100\"], exact_match: true}\n");

	(void)state;
	assert_int_equal(s->n_tests, 2);
	assert_string_equal(s->tests[0]->id, "greeting+recall_name");
	assert_string_equal(s->tests[1]->id, "math_problem");
	assert_int_equal(s->tests[0]->script.n_steps, 2);
	assert_string_equal(s->tests[0]->script.steps[1].name, "recall_name");
	assert_int_equal(s->tests[0]->step_expect[0].n, 2);
	assert_true(cw_json_bool(s->tests[1]->step_expect[0].asserts[0].conf, "words", false));
	assert_false(cw_json_bool(s->tests[0]->step_expect[1].asserts[0].conf, "words", true));
}

static void variables_of_the_command_line_win(void **state)
{
	static const char text[] =
		"tests: [{id: a, caller: {facts: {who: Bob}}, turns: [{say: \"{{who}} {{x}}\"}], assert: [{type: contains, value: x}]}]";
	const struct cw_opt_pair pairs[] = {{"who", "Eve"}, {"x", "7"}};
	const struct cw_scenario_conf conf = {.vars = pairs, .n_vars = 2};
	CW_SCOPED struct cw_scenario *s = NULL;

	(void)state;
	assert_int_equal(cw_scenario_parse(NULL, "s.yaml", text, sizeof(text) - 1, &conf, &s, NULL), 0);
	assert_string_equal(s->tests[0]->script.steps[0].text, "Eve 7");
}

static void default_fillers_spare_questions(void **state)
{
	CW_SCOPED struct cw_scenario *s = good(HEAD WORDS CHECK);
	const struct cw_pattern *f = s->tests[0]->script.fillers;

	(void)state;
	assert_true(cw_pattern_fits(f, CW_STR_LIT("One moment, please.")));
	assert_true(cw_pattern_fits(f, CW_STR_LIT("Okay, just a second.")));
	assert_true(cw_pattern_fits(f, CW_STR_LIT("Let me check the calendar.")));
	assert_false(cw_pattern_fits(f, CW_STR_LIT("One moment please. What is your name?")));
	assert_false(cw_pattern_fits(f, CW_STR_LIT("Let me check. Is that right?")));
}

static void shipped_scenarios_are_valid(void **state)
{
	static const char *const files[] = {"scenarios/hvac/booking.yaml", "scenarios/hvac/corrections.yaml",
		"scenarios/hvac/floor.yaml", "scenarios/hvac/exits.yaml", "scenarios/demo/book-repair.yaml"};
	size_t tests = 0;

	(void)state;
	assert_int_equal(chdir(cw_test_source(".")), 0); /* they name agents/hvac.yaml as seen from there */
	for (size_t i = 0; i < CW_COUNT(files); i++) {
		CW_SCOPED struct cw_scenario *s = NULL;
		struct cw_why why = {0};

		if (cw_scenario_load(NULL, cw_test_source(files[i]), NULL, &s, &why))
			fail_msg("%s:%u: %s", why.file, why.line, why.text);
		tests += s->n_tests;
	}
	assert_true(tests >= 13);
}

static void missing_files_and_folders_are_told(void **state)
{
	struct cw_scenario *s = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_scenario_load(NULL, "/nowhere/x.yaml", NULL, &s, &why), ENOENT);
	assert_string_equal(why.file, "/nowhere/x.yaml");
	why = (struct cw_why){0};
	assert_int_not_equal(cw_scenario_load(NULL, "/tmp", NULL, &s, &why), 0);
	assert_null(s);
}

static void parsing_survives_failing_memory(void **state)
{
	CW_SCOPED struct cw_scenario *s = NULL;
	struct cw_why why = {0};
	int err = parse(HEAD
		"    caller: {facts: {n: x}}\n    turns: [{say: \"{{n}}\", when: {match: [a, /b/]}, expect: [{type: contains, value: x}]}]\n"
		"    answers: [{match: q, dtmf: \"1\"}]\n" CHECK,
		&s, &why);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(parsing_survives_failing_memory)

CW_TEST_MAIN(CW_TEST(every_mistake_is_told_with_its_place), CW_TEST(full_form), CW_TEST(short_form),
	CW_TEST(variables_of_the_command_line_win), CW_TEST(default_fillers_spare_questions),
	CW_TEST(shipped_scenarios_are_valid), CW_TEST(missing_files_and_folders_are_told),
	CW_TEST_OOM(parsing_survives_failing_memory))
