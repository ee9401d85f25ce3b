/* Pipecat's eval scenarios: turns of a user and the events expected after each. */
#include <errno.h>
#include <string.h>

#include "trial/scenario/import_int.h"

enum fate { KEEP, NOTE, REFUSE };

static const struct key {
	const char *name;
	enum fate fate;
	const char *text;
} scenario_keys[] = {
	{"name", KEEP, NULL},
	{"turns", KEEP, NULL},
	{"scenarios", KEEP, NULL},
	{"judge", KEEP, NULL},
	{"description", KEEP, NULL},
	{"user", NOTE, "--voice and --target say how the caller is heard"},
	{"context", NOTE, "the agent's memory is its own: say it in turns"},
	{"stop_on_failure", NOTE, "every turn is played and judged"},
	{"trigger_disconnect", NOTE, "every call ends by hanging up"},
	{"runs", NOTE, "-n N repeats"},
	{"persona", REFUSE, "write it as goal, success (words of the agent) and facts: docs/scenarios.md"},
	{"goal", REFUSE, "write it as goal, success (words of the agent) and facts: docs/scenarios.md"},
	{"success", REFUSE, "write it as goal, success (words of the agent) and facts: docs/scenarios.md"},
	{"simulator", REFUSE, "the caller needs no model"},
	{"metrics", REFUSE, "write assertions"},
	{"max_turns", REFUSE, "it goes with a goal"},
	{"max_duration_s", REFUSE, "it goes with a goal; timeout_s limits calls"},
	{"max_silence_s", REFUSE, "it goes with a goal; patience limits silence"},
};

bool cw_pipecat_is(const json_t *root)
{
	const json_t *first = json_array_get(json_object_get(root, "scenarios"), 0);

	if (json_object_get(root, "tests"))
		return false;
	return json_object_get(root, "turns") || json_object_get(root, "persona") || json_object_get(first, "turns") ||
	       json_object_get(first, "persona");
}

static int check_keys(struct cw_importer *m, json_t *o)
{
	const char *names[CW_COUNT(scenario_keys) + 1] = {0};
	int err;

	for (size_t i = 0; i < CW_COUNT(scenario_keys); i++)
		names[i] = scenario_keys[i].name;
	err = cw_yaml_known_keys(m->in, o, names, m->why);
	for (size_t i = 0; !err && i < CW_COUNT(scenario_keys); i++) {
		const struct key *k = &scenario_keys[i];

		if (!json_object_get(o, k->name) || k->fate == KEEP)
			continue;
		err = k->fate == NOTE
			      ? cw_import_note(m, o, k->name, "'%s' of Pipecat is not used: %s", k->name, k->text)
			      : IMPORT_COMPLAIN(
					m, o, k->name, "'%s' of Pipecat cannot be carried over: %s", k->name, k->text);
	}
	return err;
}

/* ---- what is expected ---- */

struct turn { /* one while it is made */
	json_t *from, *to;
	json_t *expect;  /* of the turn */
	json_t *asserts; /* of the whole call */
};

static int push(struct cw_importer *m, json_t *list, json_t *assertion, const struct cw_yaml_spot *at)
{
	return cw_tree_push(m->out, list, assertion, at);
}

static bool is_any(const char *event, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, event))
			return true;
	return false;
}

/* The agent says something: what, how soon, or nothing at all. */
static int expect_speech(struct cw_importer *m, const struct turn *t, json_t *e)
{
	struct cw_yaml_spot at = cw_import_spot(m, e);
	json_t *rubric = json_object_get(e, "eval"), *contains = json_object_get(e, "text_contains");
	json_t *within = json_object_get(e, "within_ms");
	int err = 0;

	if (json_is_true(json_object_get(e, "absent"))) {
		if (within)
			err = cw_import_note(
				m, e, "within_ms", "'within_ms' with 'absent' is not used: until the next turn");
		return err ? err
			   : push(m, t->expect, json_pack("{s:s, s:s}", "type", "not-regex", "value", "\\S"), &at);
	}
	if (rubric)
		err = push(m, t->expect, json_pack("{s:s, s:O}", "type", "llm-rubric", "value", rubric), &at);
	if (!err && contains)
		err = push(m, t->expect, json_pack("{s:s, s:O}", "type", "contains-all", "value", contains), &at);
	if (!err && within)
		err = push(m, t->expect, json_pack("{s:s, s:O}", "type", "response_ms", "max", within), &at);
	if (!err && !rubric && !contains && !within)
		err = push(m, t->expect, json_pack("{s:s, s:s}", "type", "regex", "value", "\\S"), &at);
	return err;
}

static int expect_call(struct cw_importer *m, const struct turn *t, json_t *call)
{
	static const char *const known[] = {"name", "args", "event", "within_ms", NULL};
	struct cw_yaml_spot at = cw_import_spot(m, call);
	json_t *name = json_object_get(call, "name"), *args = json_object_get(call, "args");
	int err = cw_yaml_known_keys(m->in, call, known, m->why);

	if (err)
		return err;
	if (!json_is_string(name))
		return cw_yaml_why(m->in, call, m->why, EINVAL,
			"a function_call needs 'name': any call at all cannot be asked for");
	return push(m, t->asserts,
		json_pack("{s:s, s:O, s:O*, s:s}", "type", "tool_called", "name", name, "args", args, "only", "agent"),
		&at);
}

static int expect_calls(struct cw_importer *m, const struct turn *t, json_t *e)
{
	json_t *calls = json_object_get(e, "calls"), *call;
	size_t i;
	int err = 0;

	if (json_object_get(e, "within_ms"))
		err = cw_import_note(m, e, "within_ms",
			"'within_ms' of a function call is not used: calls are looked for in the whole call");
	if (!calls)
		return err ? err : expect_call(m, t, e);
	json_array_foreach (calls, i, call) {
		err = err ? err : expect_call(m, t, call);
	}
	return err;
}

static int add_expected(struct cw_importer *m, const struct turn *t, json_t *e)
{
	static const char *const known[] = {
		"event", "eval", "text_contains", "within_ms", "calls", "name", "args", "absent", NULL};
	static const char *const speech[] = {
		"response", "llm_response", "tts_response", "llm_started", "bot_started_speaking", NULL};
	static const char *const unseen[] = {
		"user_transcription", "user_started_speaking", "user_stopped_speaking", "bot_stopped_speaking", NULL};
	static const char *const all[] = {"response", "llm_response", "tts_response", "llm_started",
		"bot_started_speaking", "bot_stopped_speaking", "function_call", "function_call_stopped",
		"user_transcription", "user_started_speaking", "user_stopped_speaking"};
	const char *event = cw_json_str(e, "event", NULL), *near;
	int err;

	if (!json_is_object(e) || !event)
		return cw_yaml_why(m->in, e, m->why, EINVAL, "an expectation of Pipecat is a mapping with 'event'");
	err = cw_yaml_known_keys(m->in, e, known, m->why);
	if (err)
		return err;
	if (is_any(event, speech))
		return expect_speech(m, t, e);
	if (!strcmp(event, "function_call"))
		return expect_calls(m, t, e);
	if (is_any(event, unseen))
		return cw_import_note(
			m, e, "event", "event '%s' is not asserted: from outside it cannot be seen", event);
	if (!strcmp(event, "function_call_stopped"))
		return IMPORT_COMPLAIN(m, e, "event", "event 'function_call_stopped' cannot be carried over");
	near = cw_str_nearest(cw_str(event), all, CW_COUNT(all));
	return IMPORT_COMPLAIN(m, e, "event", "unknown event '%s'%s%s%s", event, near ? "; did you mean '" : "",
		near ? near : "", near ? "'?" : "");
}

/* ---- what the user does ---- */

/* `send_after`: behind an event, or behind our own turn before. */
static int add_when(struct cw_importer *m, const struct turn *t, bool first)
{
	static const char *const known[] = {"event", "delay_ms", NULL};
	static const char *const onset[] = {"llm_started", "bot_started_speaking", "tts_response", NULL};
	static const char *const end[] = {"bot_stopped_speaking", "response", "llm_response", NULL};
	static const char *const own[] = {"user_started_speaking", "user_stopped_speaking", "user_transcription", NULL};
	json_t *after = json_object_get(t->from, "send_after"), *when;
	struct cw_yaml_spot at = cw_yaml_spot_member(m->in, t->from, "send_after");
	const char *event = cw_json_str(after, "event", NULL);
	int64_t ms = cw_json_int(after, "delay_ms", 0);
	int err;

	if (!after)
		return 0;
	if (!json_is_object(after))
		return IMPORT_COMPLAIN(m, t->from, "send_after", "'send_after' must be {event: …, delay_ms: …}");
	err = cw_yaml_known_keys(m->in, after, known, m->why);
	if (err)
		return err;
	if (event && is_any(event, onset))
		when = json_pack("{s:s, s:I}", "during", "agent", "at_ms", (json_int_t)ms);
	else if (event && is_any(event, end))
		when = json_pack("{s:s, s:I}", "after", "agent_end", "delay_ms", (json_int_t)ms);
	else if (!event || is_any(event, own))
		when = json_pack("{s:s, s:I}", "after", first ? "answer" : "turn", "delay_ms", (json_int_t)ms);
	else
		return IMPORT_COMPLAIN(m, after, "event",
			"nothing can be sent after the event '%s': from outside it cannot be seen", event);
	if (event && !strcmp(event, "llm_started"))
		err = cw_import_note(m, after, "event", "'llm_started' is taken for the agent's audible onset");
	if (err) {
		json_decref(when);
		return err;
	}
	return cw_tree_put(m->out, t->to, "when", when, &at);
}

/* A turn that only looks on: silence from the answer, or from the agent's end, on. */
static int look_on(struct cw_importer *m, const struct turn *t, bool first)
{
	struct cw_yaml_spot at = cw_import_spot(m, t->from);
	int err = cw_tree_put(m->out, t->to, "silence", json_integer(1), &at);

	return err ? err
		   : cw_tree_put(m->out, t->to, "when",
			     json_pack("{s:s, s:i}", "after", first ? "answer" : "agent_end", "delay_ms", 0), &at);
}

static int add_input(struct cw_importer *m, const struct turn *t, bool first)
{
	json_t *user = json_object_get(t->from, "user"), *dtmf = json_object_get(t->from, "dtmf");
	struct cw_yaml_spot at = cw_yaml_spot_member(m->in, t->from, "dtmf");
	int err = 0;

	if (json_object_get(t->from, "image"))
		return IMPORT_COMPLAIN(m, t->from, "image", "'image' cannot be carried over: a caller has no pictures");
	if (json_object_get(t->from, "audio"))
		err = cw_import_note(
			m, t->from, "audio", "'audio' is not played: the caller's voice speaks the words of 'user'");
	if (err || (!user && !dtmf))
		return err ? err : look_on(m, t, first);
	if (user && dtmf)
		return IMPORT_COMPLAIN(m, t->from, "dtmf", "a turn speaks or presses keys, not both");
	if (user)
		err = cw_tree_member(m->out, m->in, t->from, "user", t->to, "say", m->why);
	else if (json_is_integer(dtmf))
		err = cw_tree_put(
			m->out, t->to, "dtmf", json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(dtmf)), &at);
	else
		err = cw_tree_member(m->out, m->in, t->from, "dtmf", t->to, "dtmf", m->why);
	return err ? err : add_when(m, t, first);
}

static int add_turn(struct cw_importer *m, json_t *from, json_t *turns, json_t *asserts)
{
	static const char *const known[] = {"user", "dtmf", "audio", "image", "send_after", "expect", NULL};
	struct cw_yaml_spot at = cw_import_spot(m, from);
	struct turn t = {.from = from, .asserts = asserts};
	json_t *list = json_object_get(from, "expect"), *e;
	bool first = !json_array_size(turns);
	size_t i;
	int err;

	if (!json_is_object(from))
		return cw_yaml_why(
			m->in, from, m->why, EINVAL, "a turn of Pipecat is a mapping with 'user', 'dtmf' or 'expect'");
	err = cw_yaml_known_keys(m->in, from, known, m->why);
	if (err)
		return err;
	t.to = json_object();
	err = t.to ? cw_yaml_append(m->out, turns, t.to, &at) : ENOMEM;
	if (!err)
		err = add_input(m, &t, first);
	if (!err && list && !json_is_array(list))
		err = IMPORT_COMPLAIN(m, from, "expect", "'expect' must be a list of events");
	if (err || !list)
		return err;
	t.expect = json_array();
	err = t.expect ? cw_yaml_set(m->out, t.to, "expect", t.expect, &at) : ENOMEM;
	json_array_foreach (list, i, e) {
		err = err ? err : add_expected(m, &t, e);
	}
	return err;
}

/* ---- scenarios ---- */

/* @key of the scenario, else of the file. */
static json_t *holder(json_t *scenario, json_t *root, const char *key)
{
	return json_object_get(scenario, key) ? scenario : root;
}

static int add_judge(struct cw_importer *m, json_t *from)
{
	json_t *judge = json_object_get(from, "judge"), *eval = json_object_get(judge, "eval"), *out;
	struct cw_yaml_spot at = cw_yaml_spot_member(m->in, from, "judge");
	const char *endpoint = cw_json_str(eval, "endpoint", NULL);
	int err;

	if (!judge)
		return 0;
	if (!eval || json_object_get(eval, "factory"))
		return cw_import_note(m, from, "judge",
			"'judge' names no model that could be asked: give --judge or 'judge: {model: …}'");
	out = json_object();
	err = out ? cw_yaml_set(m->out, m->root, "judge", out, &at) : ENOMEM;
	if (!err)
		err = cw_tree_member(m->out, m->in, eval, "model", out, "model", m->why);
	if (!err && endpoint)
		err = cw_tree_put(m->out, out, "base_url", json_string(endpoint), &at);
	if (!err && (json_object_get(judge, "transcription") || json_object_get(judge, "modality")))
		err = cw_import_note(m, from, "judge",
			"of 'judge' only the model is used: the target says whether words are heard or read");
	return err;
}

static int add_scenario(struct cw_importer *m, json_t *root, json_t *scenario)
{
	struct cw_yaml_spot at = cw_import_spot(m, scenario);
	json_t *turns = json_object_get(holder(scenario, root, "turns"), "turns"), *turn;
	json_t *test, *out = json_array(), *asserts = json_array();
	size_t i;
	int err = 0;

	if (!json_is_array(turns)) {
		json_decref(out);
		json_decref(asserts);
		return cw_yaml_why(m->in, scenario, m->why, EINVAL, "a scenario of Pipecat needs 'turns'");
	}
	test = cw_import_test(m, &at);
	err = test && out && asserts ? cw_import_id(m, test, cw_json_str(scenario, "name", ""), "scenario", &at)
				     : ENOMEM;
	if (err) {
		json_decref(out);
		json_decref(asserts);
		return err;
	}
	err = cw_yaml_set(m->out, test, "turns", out, &at);
	if (!err)
		err = cw_yaml_set(m->out, test, "assert", asserts, &at);
	json_array_foreach (turns, i, turn) {
		err = err ? err : add_turn(m, turn, out, asserts);
	}
	return err;
}

int cw_pipecat_import(struct cw_importer *m, json_t *root)
{
	json_t *scenarios = json_object_get(root, "scenarios"), *s;
	size_t i;
	int err = check_keys(m, root);

	if (!err)
		err = cw_tree_member(m->out, m->in, root, "name", m->root, "name", m->why);
	if (!err)
		err = add_judge(m, root);
	if (!err && !scenarios)
		return add_scenario(m, root, root);
	json_array_foreach (scenarios, i, s) {
		if (!err && !json_is_object(s))
			err = cw_yaml_why(m->in, s, m->why, EINVAL, "a scenario must be a mapping with name and turns");
		if (!err)
			err = check_keys(m, s);
		if (!err && json_object_get(s, "judge") && !json_object_get(m->root, "judge"))
			err = add_judge(m, s);
		if (!err)
			err = add_scenario(m, root, s);
	}
	return err;
}
