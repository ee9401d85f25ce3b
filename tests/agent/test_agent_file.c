#include "agent_files.h"

#include <errno.h>

#include "agent/agent.h"

static int parse(const char *text, struct cw_agent_file **f, struct cw_why *why)
{
	return cw_agent_file_parse(NULL, "test.yaml", text, strlen(text), f, why);
}

static void the_small_file_is_right(void **state)
{
	struct cw_agent_file *f = NULL;
	struct cw_why why = {0};
	int err = parse(small_file, &f, &why);

	(void)state;
	assert_string_equal(why.text, "");
	assert_int_equal(err, 0);
	assert_string_equal(f->name, "Small");
	assert_int_equal(f->n_states, 6);
	assert_int_equal(f->n_slots, 3);
	assert_string_equal(f->states[f->start].name, "name");
	assert_int_equal(f->states[0].n_ask, 2);
	assert_int_equal(f->slots[cw_agent_file_slot(f, "kind")].n_values, 2);
	assert_int_equal(cw_agent_links_find(&f->states[2].on, "yes"), cw_agent_file_state(f, "book"));
	assert_int_equal(f->tools[CW_TOOL_FIND_SLOTS].deadline_us, 500000);
	assert_true(f->states[0].hints->n_phrases > 5);
	assert_null(f->states[3].hints);
	assert_int_equal(cw_agent_file_slot(f, "nobody"), CW_AGENT_NOWHERE);

	CW_JSON_SCOPED json_t *summary = cw_agent_file_summary(f);

	assert_int_equal(json_array_size(json_object_get(summary, "tools")), 2);
	talloc_free(f);
}

static void the_shipped_files_are_right(void **state)
{
	static const char *const names[] = {"agents/hvac.yaml", "agents/echo.yaml", "agents/echo-audio.yaml"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(names); i++) {
		struct cw_why why = {0};
		char told[1200];
		json_t *summary = NULL;
		int err = cw_agent_check(shipped(names[i]), &summary, &why);

		if (err)
			print_error("%s: %s\n", names[i], cw_why_str(&why, told, sizeof(told)));
		assert_int_equal(err, 0);
		assert_non_null(cw_json_str(summary, "name", NULL));
		json_decref(summary);
	}
}

static void the_example_in_the_docs_is_right(void **state)
{
	char *text = talloc_zero_size(NULL, 65536);
	FILE *f = fopen(cw_test_source("docs/agent-file.md"), "r");
	struct cw_agent_file *file = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 1000);
	fclose(f);

	char *from = strstr(text, "```yaml\n") + 8;

	*strstr(from, "```") = '\0';
	(void)parse(from, &file, &why);
	assert_string_equal(why.text, "");
	assert_non_null(file);
	talloc_free(file);
	talloc_free(text);
}

static void phrases_name_classes(void **state)
{
	struct cw_agent_file *f = NULL;
	bool offers = false, value = false;

	(void)state;
	assert_int_equal(cw_agent_file_load(NULL, shipped("agents/hvac.yaml"), &f, NULL), 0);
	for (size_t i = 0; f->phrases[i]; i++) {
		offers |=
			strcmp(f->phrases[i],
				"I have {date} at {time}, {date} at {time}, or {date} at {time}. Which one works for you?") ==
			0;
		value |= strcmp(f->phrases[i], "Okay, water leak.") == 0;
		assert_null(strstr(f->phrases[i], "\x01"));
	}
	assert_true(offers);
	assert_true(value);
	talloc_free(f);
}

/* Replace @old in the small file by @new_, and expect the complaint at @line with these words. */
struct spoiled {
	const char *old, *new_;
	unsigned line;
	const char *told;
};

static const struct spoiled spoiled[] = {
	{"version: 1", "version: 2", 1, "from 1 to 1"},
	{"version: 1\n", "", 1, "'version: 1' is missing"},
	{"name: Small\n", "", 1, "'name' is missing"},
	{"name: Small", "nam: Small", 2, "name"},
	{"en-US", "de-DE", 3, "must be English"},
	{"stt: [modem]", "stt: [modm]", 4, "unknown stt engine 'modm'"},
	{"voice: modem", "voice: siren", 5, "unknown voice 'siren'"},
	{"What is your name?", "What is your {nmae}?", 6, "did you mean {name}"},
	{"What is your name?", "What is your {name?", 6, "'{' without"},
	{"What is your name?", "What is your name}?", 6, "'}' without '{'"},
	{"{type: name, ack", "{type: nam, ack", 8, "did you mean 'name'"},
	{"{name.first}", "{time.first}", 8, "unknown slot {time.first}"},
	{"{type: appointment}", "{type: appointment, values: {a: b}}", 9, "'values' is for slots of type enum"},
	{"{type: appointment}", "{}", 9, "needs a 'type'"},
	{"  time: {type", "  offers: {type", 9, "meaning of its own"},
	{"    type: enum\n", "    type: enum\n    typ: x\n", 12, "typ"},
	{"    values: {red: [red, crimson], blue: blue}\n", "", 11, "needs 'values'"},
	{"blue: blue", "blue: \"(blue\"", 12, ""},
	{"collect: name", "collect: nam", 16, "unknown slot 'nam'; did you mean 'name'"},
	{"next: kind", "next: knd", 17, "unknown state 'knd'; did you mean 'kind'"},
	{"    collect: name\n    next: kind", "    collect: name", 15, "say in 'next' what follows"},
	{"ask: \"Red or blue?\"", "say: \"Red or blue?\"", 19, "no 'ask'"},
	{"help: sorry}", "hepl: sorry}", 21, "did you mean 'help'"},
	{"on: {yes: book, no: name}", "on: {yes: book}", 24, "one of yes and no only"},
	{"on: {yes: book, no: name}", "dtmf: {\"1\": book, x: name}", 25, "unknown event 'x'"},
	{"tool: create_booking\n", "tool: creat_booking\n", 27, "did you mean 'create_booking'"},
	{"    tool: create_booking\n", "    tool: find_slots\n", 27, "needs no state of its own"},
	{"{done: bye, taken: kind, failed: sorry}", "{done: bye, taken: kind}", 27, "no way for the outcome 'failed'"},
	{"hang_up: true}", "hang_up: 1}", 29, "true or false"},
	{"hang_up: true}", "hang_up: true, next: name}", 29, "cannot have 'next'"},
	{"{say: \"Done. {confirmation}.\", hang_up: true}", "{hang_up: true}", 29, "without a word"},
	{"{say: \"Done. {confirmation}.\", hang_up: true}", "{say: \"Done.\"}", 29, "no way out"},
	{"\"+15550100\"}", "\"call me\"}", 30, "telephone number"},
	{"\"+15550100\"}", "5550100}", 30, "put the number in quotes"},
	{"always: {person: sorry}", "always: {persn: sorry}", 31, "did you mean 'person'"},
	{"intents: {help:", "intents: {yes: x, help:", 32, "built in"},
	{"\"(help|assist) me\"", "\"(help|assist me\"", 32, ""},
	{"answer: \"A test.\"", "answr: \"A test.\"", 34, "answer"},
	{"{ask: \"who are you\", answer: \"A test.\"}", "{ask: \"who are you\"}", 34, "needs 'ask' and 'answer'"},
	{"deadline_ms: 500", "deadline_ms: 5", 36, "from 100 to 30000"},
	{"  find_slots: {deadline_ms: 500}\n", "", 9, "needs the tool find_slots"},
	{"slot: time", "slot: name", 37, "type appointment"},
	{"slot: time", "slot: tim", 37, "must name a slot"},
	{"  escalation: {to: sorry}\n", "  barge_in: true\n", 39, "needs 'escalation"},
	{"{to: sorry}", "{to: name}", 39, "must end the call"},
	{"  escalation: {to: sorry}\n", "  escalation: {to: sorry}\n  redaction: true\n", 40, "redaction"},
	{"  sorry: {say", "  island: {say: \"a\", next: bye}\n  sorry: {say", 30, "'island' is never reached"},
	{"  bye: {say: \"Done. {confirmation}.\", hang_up: true}", "  bye: {say: x, next: b}\n  b: {say: y, next: bye}",
		29, "circle of states"},
};

static char *spoil(const struct spoiled *s)
{
	const char *at = strstr(small_file, s->old);

	assert_non_null(at);
	return talloc_asprintf(NULL, "%.*s%s%s", (int)(at - small_file), small_file, s->new_, at + strlen(s->old));
}

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < CW_COUNT(spoiled); i++) {
		struct cw_agent_file *f = NULL;
		struct cw_why why = {0};
		char *text = spoil(&spoiled[i]);
		int err = parse(text, &f, &why);

		if (err != EINVAL || why.line != spoiled[i].line || !strstr(why.text, spoiled[i].told))
			print_error("'%s': %d, line %u not %u: %s\n", spoiled[i].new_, err, why.line, spoiled[i].line,
				why.text);
		assert_int_equal(err, EINVAL);
		assert_int_equal(why.line, spoiled[i].line);
		assert_true(why.column > 0);
		assert_non_null(strstr(why.text, spoiled[i].told));
		assert_string_equal(why.file, "test.yaml");
		assert_null(f);
		talloc_free(text);
	}
}

static void no_way_to_the_end(void **state)
{
	static const char file[] = "version: 1\nname: x\nlanguage: en-US\nproviders: {stt: [modem], tts: [modem]}\n"
				   "states:\n"
				   "  a: {ask: \"A?\", on: {yes: b, no: b}}\n"
				   "  b: {ask: \"B?\", on: {yes: a, no: a}}\n"
				   "  out: {say: \"Bye.\", hang_up: true}\n"
				   "policies: {escalation: {to: out}}\n";
	struct cw_agent_file *f = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(parse(file, &f, &why), EINVAL);
	assert_non_null(strstr(why.text, "'a' never leads to the end"));
	assert_int_equal(why.line, 6);
}

static void odd_documents(void **state)
{
	static const char *const texts[] = {
		"", "[]", "42", "version: 1", "\t", "a: b: c", "mode: echo\nversion: 1\nname: x\nslots: {}"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(texts); i++) {
		struct cw_agent_file *f = NULL;
		struct cw_why why = {0};

		assert_int_not_equal(parse(texts[i], &f, &why), 0);
		assert_true(why.text[0] != '\0');
		assert_null(f);
	}

	struct cw_agent_file *f = NULL;

	assert_int_equal(cw_agent_file_load(NULL, "/nowhere/agent.yaml", &f, NULL), ENOENT);
}

CW_TEST_MAIN(CW_TEST(the_small_file_is_right), CW_TEST(the_shipped_files_are_right),
	CW_TEST(the_example_in_the_docs_is_right), CW_TEST(phrases_name_classes),
	CW_TEST(mistakes_are_told_with_their_place), CW_TEST(no_way_to_the_end), CW_TEST(odd_documents))
