#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "audio/wav.h"
#include "trial/scenario/scenario_int.h"

#define DEFAULT_DELAY_US 300000
#define BACKCHANNEL_US   800000 /* into the agent's turn */

int cw_scn_expect(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *o, const char *key,
	bool per_turn, struct cw_expect *ret)
{
	json_t *v = json_object_get(o, key);
	size_t n = json_array_size(v);

	*ret = (struct cw_expect){0};
	if (!v)
		return 0;
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
	static const char *const others[] = {"after", "delay_ms", "match"};

	for (size_t i = 0; i < CW_COUNT(others); i++)
		if (json_object_get(when, others[i]))
			return cw_yaml_why_member(r->yaml, when, others[i], r->why, EINVAL,
				"'%s' does not go with 'during': that takes at_ms only", others[i]);
	s->when = CW_WHEN_DURING;
	s->delay_us = cw_scn_us(when, "at_ms", 1000, 0);
	return 0;
}

static int read_after(const struct cw_scn *r, void *parent, json_t *when, bool first, struct cw_step *s)
{
	const char *after = cw_json_str(when, "after", "agent_end");
	struct cw_pattern *match = NULL;
	int err;

	for (int w = 0; w < CW_WHEN_DURING; w++)
		if (!strcmp(cw_when_name((enum cw_when)w), after))
			s->when = (enum cw_when)w;
	if (json_object_get(when, "at_ms"))
		return cw_yaml_why_member(
			r->yaml, when, "at_ms", r->why, EINVAL, "'at_ms' goes with 'during' only: use delay_ms");
	if (s->when == CW_WHEN_TURN && first)
		return cw_yaml_why_member(r->yaml, when, "after", r->why, EINVAL,
			"'after: turn' follows a turn of the caller before: the first one has none");
	s->delay_us = cw_scn_us(when, "delay_ms", 1000, DEFAULT_DELAY_US);
	err = cw_scn_pattern(r, parent, when, "match", &match);
	if (!err && match && s->when != CW_WHEN_AGENT_END)
		return COMPLAIN(r, json_object_get(when, "match"),
			"'match' goes with 'after: agent_end' only: the words are known then");
	s->match = match;
	return err;
}

static int read_when(const struct cw_scn *r, void *parent, json_t *turn, bool first, struct cw_step *s)
{
	json_t *when = json_object_get(turn, "when");

	if (!when && json_object_get(turn, "backchannel")) {
		s->when = CW_WHEN_DURING;
		s->delay_us = BACKCHANNEL_US;
		return 0;
	}
	s->when = CW_WHEN_AGENT_END;
	s->delay_us = DEFAULT_DELAY_US;
	if (!when)
		return 0;
	return json_object_get(when, "during") ? read_during(r, when, s) : read_after(r, parent, when, first, s);
}

/* ---- actions ---- */

static int read_noise(const struct cw_scn *r, json_t *noise, struct cw_step *s)
{
	const char *kind = json_is_string(noise) ? json_string_value(noise) : cw_json_str(noise, "kind", "");

	s->ms = cw_scn_u32(noise, "ms", 500);
	s->level_db = cw_json_num(noise, "level_db", -16);
	return cw_noise_of(kind, &s->noise) ? COMPLAIN(r, noise, "unknown noise '%s'", kind) : 0;
}

static int read_digits(const struct cw_scn *r, void *parent, json_t *v, struct cw_step *s)
{
	const char *text = json_string_value(v);
	char *keys = talloc_strdup(parent, text);
	size_t n = 0;

	if (strspn(text, "0123456789ABCDabcd*#wW -") != strlen(text) || !strpbrk(text, "0123456789ABCDabcd*#"))
		return COMPLAIN(r, v,
			"'dtmf' holds only the keys 0-9 A-D * # and w (half a second) or W (a second), not \"%s\"",
			text);
	if (!keys)
		return ENOMEM;
	for (const char *p = text; *p; p++)
		if (*p != ' ' && *p != '-')
			keys[n++] = *p;
	keys[n] = 0;
	s->text = keys;
	return 0;
}

/* Actions of so many milliseconds: a plain duration, or a mapping with `ms`. */
static void read_span(json_t *turn, const char *key, struct cw_step *s)
{
	json_t *v = json_object_get(turn, key);
	uint64_t us = json_is_object(v) ? cw_scn_us(v, "ms", 1000, 0) : cw_scn_us(turn, key, 1000, 0);

	s->ms = (unsigned)(us / 1000);
	s->level_db = cw_json_num(v, "level_db", 0);
	s->echo_ms = cw_scn_u32(v, "delay_ms", 0);
}

static int read_hang_up(void *parent, json_t *v, struct cw_step *s)
{
	s->ms = (unsigned)(cw_scn_us(v, "after_ms", 1000, 800000) / 1000);
	return cw_scn_text(parent, v, "saying", NULL, &s->text);
}

static int read_aside(void *parent, json_t *v, struct cw_step *s)
{
	const char *text = json_is_string(v) ? json_string_value(v) : cw_json_str(v, "say", "");

	s->level_db = cw_json_num(v, "level_db", 0);
	s->text = talloc_strdup(parent, text);
	return s->text ? 0 : ENOMEM;
}

/* `backchannel` is words inside the agent's turn. */
static int read_words(void *parent, json_t *v, struct cw_step *s)
{
	s->text = talloc_strdup(parent, json_is_true(v) ? "mm-hmm" : json_string_value(v));
	return s->text ? 0 : ENOMEM;
}

/* Clips stand beside the file that names them. */
static int read_play(const struct cw_scn *r, void *parent, json_t *v, struct cw_step *s)
{
	const char *file = json_is_string(v) ? json_string_value(v) : cw_json_str(v, "file", "");
	const char *own = cw_yaml_file_of(r->yaml, v), *slash = file[0] == '/' ? NULL : strrchr(own, '/');
	CW_SCOPED char *path = talloc_asprintf(NULL, "%.*s%s", slash ? (int)(slash + 1 - own) : 0, own, file);
	struct cw_why why = {0};
	int16_t *pcm = NULL;
	int err = path ? cw_wav_load_mono(parent, path, CW_RATE_HZ, &pcm, &s->pcm_n, &why) : ENOMEM;

	if (err == ENOMEM)
		return err;
	if (err)
		return COMPLAIN(r, v, "'play': %s %s", path, why.text);
	s->pcm = pcm;
	s->text = talloc_strdup(parent, json_is_string(v) ? "" : cw_json_str(v, "text", ""));
	return s->text ? 0 : ENOMEM;
}

static int read_action(const struct cw_scn *r, void *parent, json_t *turn, struct cw_step *s)
{
	json_t *value = json_object_get(turn, "backchannel");
	unsigned found = value ? 1 : 0;

	s->act = CW_ACT_SAY;
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
			"a turn does exactly one thing: say, play, dtmf, silence, noise, aside, tv, echo, backchannel or hang_up (here are %u)",
			found);
	switch (s->act) {
	case CW_ACT_SAY:
		return read_words(parent, value, s);
	case CW_ACT_DTMF:
		return read_digits(r, parent, value, s);
	case CW_ACT_NOISE:
		return read_noise(r, value, s);
	case CW_ACT_HANG_UP:
		return read_hang_up(parent, value, s);
	case CW_ACT_PLAY:
		return read_play(r, parent, value, s);
	case CW_ACT_ASIDE:
		return read_aside(parent, value, s);
	default:
		read_span(turn, cw_act_name(s->act), s);
		if (s->act == CW_ACT_TV && s->level_db == 0)
			s->level_db = -30;
		return 0;
	}
}

static int read_step(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *turn, bool answer,
	bool first, struct cw_step *s, struct cw_expect *expect)
{
	struct cw_pattern *match = NULL;
	int err = read_action(r, parent, turn, s);

	if (!err)
		err = cw_scn_text(parent, turn, "name", NULL, &s->name);
	if (!err && answer) {
		s->times = cw_scn_u32(turn, "times", 0);
		s->delay_us = cw_scn_us(turn, "delay_ms", 1000, DEFAULT_DELAY_US);
		err = cw_scn_pattern(r, parent, turn, "match", &match);
		s->match = match;
	} else if (!err) {
		s->optional = cw_json_bool(turn, "optional", false);
		err = read_when(r, parent, turn, first, s);
	}
	return err ? err : cw_scn_expect(r, vars, parent, turn, "expect", true, expect);
}

static int read_list(const struct cw_scn *r, const struct cw_vars *vars, struct cw_test *t, json_t *list, bool answers,
	struct cw_step **steps, struct cw_expect **expects, size_t *n)
{
	size_t count = json_array_size(list);

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
	int err = read_list(r, vars, t, turns, false, &steps, &t->step_expect, &n_steps);

	if (!err)
		err = read_list(r, vars, t, answers, true, &rules, &t->answer_expect, &n_rules);
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
