#include "trial/perf/override.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "testing.h"

static int parse(const char *text, struct cw_override **ret, struct cw_why *why)
{
	return cw_override_parse(NULL, "o.yaml", text, strlen(text), ret, why);
}

static void all_keys_are_read(void **state)
{
	struct cw_override *o = NULL;

	if (cw_test_oom(parse(
		    "name: fast\nmodel: small\nsystem: Be brief.\ntemperature: 0.5\ntop_p: 0.9\nmax_tokens: 60\nstreaming: false\n"
		    "voice: flite:slt\nvoice_settings: {wpm: 180}\nstt: modem\nmemory: {turns: 4}\n"
		    "tools: [{name: book, description: Book it, parameters: {type: object}}]\n",
		    &o, NULL)))
		return;
	assert_string_equal(o->name, "fast");
	assert_string_equal(o->model, "small");
	assert_true(o->temperature == 0.5 && o->top_p == 0.9);
	assert_int_equal(o->max_tokens, 60);
	assert_int_equal(o->streaming, 0);
	assert_string_equal(o->voice_spec, "flite:slt,wpm=180");
	assert_int_equal(o->memory_turns, 4);
	assert_int_equal(json_array_size(o->tools), 1);
	talloc_free(o);
}
CW_OOM_BODY(all_keys_are_read)

static void what_is_not_said_stays_open(void **state)
{
	struct cw_override *o;

	assert_int_equal(parse("memory: true\nvoice: modem\nvoice_settings: {wpm: 600}\n", &o, NULL), 0);
	assert_string_equal(o->name, "o.yaml");
	assert_null(o->model);
	assert_true(o->temperature < 0 && o->streaming < 0 && !o->max_tokens);
	assert_true(o->memory_turns > 100);
	assert_string_equal(o->voice_spec, "modem:wpm=600");
	talloc_free(o);
}

static void mistakes_have_a_place(void **state)
{
	static const struct {
		const char *text, *place, *says;
	} cases[] = {
		{"model: a\ntempratur: 1\n", "o.yaml:2:1", "temperature"},
		{"temperature: 3\n", "o.yaml:1:14", "from 0 to 2"},
		{"max_tokens: 0\n", "o.yaml:1:13", "whole number"},
		{"streaming: yes\n", "o.yaml:1:12", "true or false"},
		{"memory: {rounds: 3}\n", "o.yaml:1:10", "unknown key 'rounds'"},
		{"memory: {}\n", "o.yaml:1:9", "turns"},
		{"voice_settings: {wpm: 1}\n", "o.yaml:1:17", "needs 'voice'"},
		{"tools: [{description: x}]\n", "o.yaml:1:9", "needs a 'name'"},
		{"- a\n", "o.yaml", "mapping"},
		{"model: 4\n", "o.yaml:1:8", "text"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_why why = {0};
		struct cw_override *o = NULL;
		char told[1200];

		assert_int_equal(parse(cases[i].text, &o, &why), EINVAL);
		assert_null(o);
		(void)cw_why_str(&why, told, sizeof(told));
		if (!strstr(told, cases[i].place) || !strstr(told, cases[i].says))
			fail_msg("%s: %s", cases[i].text, told);
	}
}

static void chat_targets_take_it_as_options(void **state)
{
	struct cw_override *o;
	CW_BUF_SCOPED struct cw_buf idle = CW_BUF(1000);
	char *t;

	assert_int_equal(parse("model: a b\ntemperature: 0\nvoice: flite:slt\nmemory: 3\n", &o, NULL), 0);
	t = cw_override_target(o, o, "chat:http://h/v1");
	assert_string_equal(t, "chat:http://h/v1#model=a%20b&temperature=0");
	t = cw_override_target(o, o, "chat:http://h/v1#style=openai");
	assert_string_equal(t, "chat:http://h/v1#style=openai&model=a%20b&temperature=0");
	t = cw_override_target(o, o, "agent:x.yaml");
	assert_string_equal(t, "agent:x.yaml");
	cw_override_idle(o, "chat:http://h/v1", true, &idle);
	assert_string_equal(idle.p, "voice");
	cw_buf_reset(&idle);
	cw_override_idle(o, "agent:x.yaml", false, &idle);
	assert_string_equal(idle.p, "model, temperature, memory");
	talloc_free(o);
}

CW_TEST_MAIN(CW_TEST(all_keys_are_read), CW_TEST_OOM(all_keys_are_read), CW_TEST(what_is_not_said_stays_open),
	CW_TEST(mistakes_have_a_place), CW_TEST(chat_targets_take_it_as_options))
