#include <errno.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

#define DEFAULT_DELAY_US 300000
#define MAX_WAIT_US      (600ull * 1000000)

/* What the caller does not take for a turn that wants an answer. */
static const char *const default_fillers[] = {
	"/^\\W*(okay|alright|sure|thanks|thank you)?\\W*(just )?(one|a) (moment|second|sec)\\W*(please)?\\W*$/",
	"/^\\W*(please )?(hold on|hold|bear with me|let me (check|see|look))[^?]{0,40}$/"};

int cw_scn_expect(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *o, const char *key,
	bool per_turn, struct cw_expect *ret)
{
	json_t *v = json_object_get(o, key);
	size_t n = json_array_size(v);

	*ret = (struct cw_expect){0};
	if (!v)
		return 0;
	if (!json_is_array(v))
		return COMPLAIN(r, v, "'%s' must be a list of assertions: - {type: …}", key);
	if (n > CW_SCENARIO_LIST_MAX)
		return COMPLAIN(r, v, "'%s' has %zu entries: at most %d are allowed", key, n, CW_SCENARIO_LIST_MAX);
	ret->asserts = talloc_zero_array(parent, struct cw_assert, n + 1);
	if (!ret->asserts)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err = cw_assert_new(
			ret->asserts, r->yaml, json_array_get(v, i), per_turn, vars, &ret->asserts[i], r->why);

		if (err)
			return err;
		ret->n++;
	}
	return 0;
}

/* ---- when ---- */

static int read_during(const struct cw_scn *r, json_t *when, struct cw_step *s)
{
	json_t *during = json_object_get(when, "during");
	static const char *const known[] = {"during", "at_ms", NULL};
	int err = cw_scn_keys(r, when, known, NULL);

	if (err)
		return err;
	if (!json_is_string(during) || strcmp(json_string_value(during), "agent"))
		return COMPLAIN(r, during, "'during' can only be: agent");
	s->when = CW_WHEN_DURING;
	return cw_scn_duration(r, when, "at_ms", 1000, MAX_WAIT_US, 0, &s->delay_us);
}

static int read_after(
	const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *when, bool first, struct cw_step *s)
{
	static const char *const known[] = {"after", "delay_ms", "match", NULL};
	static const char *const names[] = {"agent_end", "agent_start", "answer", "turn"};
	json_t *after = json_object_get(when, "after");
	struct cw_pattern *match = NULL;
	int err = cw_scn_keys(r, when, known, NULL);

	if (err)
		return err;
	for (size_t i = 0; json_is_string(after) && i <= CW_COUNT(names); i++) {
		if (i == CW_COUNT(names)) {
			const char *near = cw_str_nearest(cw_str(json_string_value(after)), names, CW_COUNT(names));

			return COMPLAIN(r, after, "unknown 'after: %s'%s%s%s: agent_end, agent_start, answer or turn",
				json_string_value(after), near ? "; did you mean '" : "", near ? near : "",
				near ? "'" : "");
		}
		if (strcmp(json_string_value(after), names[i]))
			continue;
		s->when = (enum cw_when)i;
		break;
	}
	if (after && !json_is_string(after))
		return COMPLAIN(r, after, "'after' must be agent_end, agent_start, answer or turn");
	if (s->when == CW_WHEN_TURN && first)
		return COMPLAIN(r, after, "'after: turn' follows a turn of the caller before: the first one has none");
	err = cw_scn_duration(r, when, "delay_ms", 1000, MAX_WAIT_US, DEFAULT_DELAY_US, &s->delay_us);
	if (!err)
		err = cw_scn_pattern(r, vars, parent, when, "match", &match);
	if (!err && match && s->when != CW_WHEN_AGENT_END)
		return COMPLAIN(r, json_object_get(when, "match"),
			"'match' goes with 'after: agent_end' only: the words are known then");
	s->match = match;
	return err;
}

static int read_when(
	const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *turn, bool first, struct cw_step *s)
{
	json_t *when;
	int err = cw_scn_object(r, turn, "when", &when);

	s->when = CW_WHEN_AGENT_END;
	s->delay_us = DEFAULT_DELAY_US;
	if (err || !when)
		return err;
	if (json_object_get(when, "during"))
		return read_during(r, when, s);
	return read_after(r, vars, parent, when, first, s);
}

/* ---- actions ---- */

static int read_noise(const struct cw_scn *r, json_t *noise, struct cw_step *s)
{
	static const char *const known[] = {"kind", "ms", "level_db", NULL};
	json_t *kind = json_is_object(noise) ? json_object_get(noise, "kind") : noise;

	s->ms = 500;
	s->level_db = -16;
	if (!json_is_string(kind) || cw_noise_of(json_string_value(kind), &s->noise))
		return COMPLAIN(r, kind ? kind : noise, "the kind of noise must be cough, door, white or hum");
	if (!json_is_object(noise))
		return 0;

	int err = cw_scn_keys(r, noise, known, NULL);

	if (!err)
		err = cw_scn_u32(r, noise, "ms", 20, CW_NOISE_MAX_MS, s->ms, &s->ms);
	return err ? err : cw_scn_double(r, noise, "level_db", -60, 0, s->level_db, &s->level_db);
}

static int read_digits(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *v, struct cw_step *s)
{
	if (!json_is_string(v))
		return COMPLAIN(r, v, "'dtmf' must be keys in quotes: \"1\" (a bare number would lose leading zeros)");

	int err = cw_scn_said(r, vars, parent, v, &s->text);

	if (!err && (strspn(s->text, "0123456789ABCDabcd*#wW -") != strlen(s->text) ||
			    !strpbrk(s->text, "0123456789ABCDabcd*#")))
		return COMPLAIN(r, v,
			"'dtmf' holds only the keys 0-9 A-D * # and w (half a second) or W (a second), not \"%s\"",
			s->text);
	if (err)
		return err;

	char *keys = talloc_strdup(parent, s->text);
	size_t n = 0;

	if (!keys)
		return ENOMEM;
	for (const char *p = s->text; *p; p++)
		if (*p != ' ' && *p != '-')
			keys[n++] = *p;
	keys[n] = 0;
	s->text = keys;
	return 0;
}

static int read_silence(const struct cw_scn *r, json_t *turn, struct cw_step *s)
{
	uint64_t us;
	int err = cw_scn_duration(r, turn, "silence", 1000, MAX_WAIT_US, 0, &us);

	s->ms = (unsigned)(us / 1000);
	return err;
}

static int read_action(
	const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *turn, struct cw_step *s)
{
	json_t *value = NULL;
	unsigned found = 0;

	for (int a = 0; a < CW_ACT_N; a++) {
		json_t *v = json_object_get(turn, cw_act_name((enum cw_act)a));

		if (!v)
			continue;
		s->act = (enum cw_act)a;
		value = v;
		found++;
	}
	if (found != 1)
		return COMPLAIN(r, turn,
			"a turn does exactly one thing: say, dtmf, silence, noise or hang_up (here are %u)", found);
	switch (s->act) {
	case CW_ACT_SAY:
		return cw_scn_said(r, vars, parent, value, &s->text);
	case CW_ACT_DTMF:
		return read_digits(r, vars, parent, value, s);
	case CW_ACT_SILENCE:
		return read_silence(r, turn, s);
	case CW_ACT_NOISE:
		return read_noise(r, value, s);
	default:
		return json_is_true(value) ? 0 : COMPLAIN(r, value, "'hang_up' can only be: true");
	}
}

static int read_step(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *turn, bool answer,
	bool first, struct cw_step *s, struct cw_expect *expect)
{
	static const char *const turn_keys[] = {
		"say", "dtmf", "silence", "noise", "hang_up", "name", "when", "expect", "optional", NULL};
	static const char *const answer_keys[] = {
		"match", "say", "dtmf", "silence", "noise", "hang_up", "name", "delay_ms", "expect", "times", NULL};
	struct cw_pattern *match = NULL;
	int err;

	if (!json_is_object(turn))
		return COMPLAIN(r, turn, "expected a mapping such as {say: \"…\"}");
	err = cw_scn_keys(r, turn, answer ? answer_keys : turn_keys, NULL);
	if (!err)
		err = read_action(r, vars, parent, turn, s);
	if (!err)
		err = cw_scn_text(r, parent, turn, "name", NULL, &s->name);
	if (!err && answer) {
		if (!json_object_get(turn, "match"))
			return COMPLAIN(r, turn, "an answer needs 'match': the words of the agent it answers");
		err = cw_scn_pattern(r, vars, parent, turn, "match", &match);
		s->match = match;
		if (!err)
			err = cw_scn_u32(r, turn, "times", 1, 1000, 0, &s->times);
		if (!err)
			err = cw_scn_duration(r, turn, "delay_ms", 1000, MAX_WAIT_US, DEFAULT_DELAY_US, &s->delay_us);
	} else if (!err) {
		err = read_when(r, vars, parent, turn, first, s);
		if (!err)
			err = cw_scn_bool(r, turn, "optional", false, &s->optional);
	}
	return err ? err : cw_scn_expect(r, vars, parent, turn, "expect", true, expect);
}

static int read_list(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *list,
	const char *key, bool answers, struct cw_step **steps, struct cw_expect **expects, size_t *n)
{
	size_t count = json_array_size(list);

	if (list && !json_is_array(list))
		return COMPLAIN(r, list, "'%s' must be a list", key);
	if (count > CW_SCENARIO_STEPS_MAX)
		return COMPLAIN(
			r, list, "'%s' has %zu entries: at most %d are allowed", key, count, CW_SCENARIO_STEPS_MAX);
	*steps = talloc_zero_array(t, struct cw_step, count + 1);
	*expects = talloc_zero_array(t, struct cw_expect, count + 1);
	if (!*steps || !*expects)
		return ENOMEM;
	for (*n = 0; *n < count; ++*n) {
		int err = read_step(
			r, vars, t, json_array_get(list, *n), answers, *n == 0, &(*steps)[*n], &(*expects)[*n]);

		if (err)
			return err;
	}
	return 0;
}

int cw_scn_steps(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *turns, json_t *answers)
{
	struct cw_step *steps = NULL, *rules = NULL;
	size_t n_steps = 0, n_rules = 0;
	int err = read_list(r, vars, t, turns, "turns", false, &steps, &t->step_expect, &n_steps);

	if (!err)
		err = read_list(r, vars, t, answers, "answers", true, &rules, &t->answer_expect, &n_rules);
	if (err)
		return err;
	for (size_t i = 0; i + 1 < n_steps; i++)
		if (steps[i].act == CW_ACT_HANG_UP)
			return COMPLAIN(r, json_array_get(turns, i),
				"'hang_up' ends the call: the turns after it can never be played");
	t->script.steps = steps;
	t->script.n_steps = n_steps;
	t->script.answers = rules;
	t->script.n_answers = n_rules;
	return 0;
}

/* ---- the caller ---- */

static int read_patience(const struct cw_scn *r, struct cw_test *t, json_t *caller)
{
	static const struct {
		const char *name;
		uint64_t wait_us;
		unsigned reprompts;
	} levels[] = {{"low", 5000000, 1}, {"normal", 8000000, 2}, {"high", 15000000, 3}};
	static const char *const known[] = {"wait_s", "reprompts", "say", NULL};
	struct cw_script *s = &t->script;
	json_t *p = json_object_get(caller, "patience");

	s->wait_us = levels[1].wait_us;
	s->reprompts = levels[1].reprompts;
	s->reprompt = "Hello?";
	if (json_is_object(p)) {
		int err = cw_scn_keys(r, p, known, NULL);

		if (!err)
			err = cw_scn_duration(r, p, "wait_s", 1000000, MAX_WAIT_US, s->wait_us, &s->wait_us);
		if (!err)
			err = cw_scn_u32(r, p, "reprompts", 0, 20, s->reprompts, &s->reprompts);
		return err ? err : cw_scn_text(r, t, p, "say", s->reprompt, &s->reprompt);
	}
	for (size_t i = 0; p && i <= CW_COUNT(levels); i++) {
		if (i == CW_COUNT(levels))
			return COMPLAIN(
				r, p, "'patience' must be low, normal, high or {wait_s: …, reprompts: …, say: …}");
		if (!json_is_string(p) || strcmp(json_string_value(p), levels[i].name))
			continue;
		s->wait_us = levels[i].wait_us;
		s->reprompts = levels[i].reprompts;
		break;
	}
	return 0;
}

static int read_pardon(const struct cw_scn *r, struct cw_test *t, json_t *caller)
{
	static const char *const known[] = {"after_s", "times", "say", NULL};
	struct cw_script *s = &t->script;
	json_t *p;
	int err = cw_scn_object(r, caller, "pardon", &p);

	if (!err && p)
		err = cw_scn_keys(r, p, known, NULL);
	if (!err)
		err = cw_scn_duration(r, p, "after_s", 1000000, MAX_WAIT_US, 4000000, &s->pardon_us);
	if (!err)
		err = cw_scn_u32(r, p, "times", 0, 20, 2, &s->pardons);
	return err ? err : cw_scn_text(r, t, p, "say", "Sorry, could you say that again?", &s->pardon);
}

static int read_fillers(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *caller)
{
	struct cw_pattern *fillers = NULL;
	int err = 0;

	if (json_object_get(caller, "fillers"))
		err = cw_scn_pattern(r, vars, t, caller, "fillers", &fillers);
	else
		err = cw_pattern_new(t, default_fillers, CW_COUNT(default_fillers), &fillers, r->why);
	t->script.fillers = fillers;
	return err;
}

int cw_scn_caller(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *caller)
{
	static const char *const known[] = {"facts", "patience", "pardon", "fillers", "voice", "language", "speed",
		"ear", "greeting_s", "linger_s", "deadlock_s", NULL};
	static const char *const later[] = {"persona", "goal", "mood", "background", NULL};
	struct cw_script *s = &t->script;
	int err = caller ? cw_scn_keys(r, caller, known, later) : 0;

	if (!err)
		err = read_patience(r, t, caller);
	if (!err)
		err = read_pardon(r, t, caller);
	if (!err)
		err = read_fillers(r, vars, t, caller);
	if (!err)
		err = cw_scn_duration(r, caller, "greeting_s", 1000000, MAX_WAIT_US, 6000000, &s->greeting_us);
	if (!err)
		err = cw_scn_duration(r, caller, "linger_s", 1000000, MAX_WAIT_US, 3000000, &s->linger_us);
	if (!err)
		err = cw_scn_duration(r, caller, "deadlock_s", 1000000, MAX_WAIT_US, 12000000, &s->deadlock_us);
	return err;
}
