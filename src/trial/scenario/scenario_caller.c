/* Who calls: patience, persona, goal and facts. */
#include <errno.h>
#include <string.h>

#include "caller/rails.h"
#include "trial/scenario/scenario_int.h"

/* What the caller does not take for a turn that wants an answer. */
static const char *const default_fillers[] = {
	"/^\\W*(okay|alright|sure|thanks|thank you)?\\W*(just )?(one|a) (moment|second|sec)\\W*(please)?\\W*$/",
	"/^\\W*(please )?(hold on|hold|bear with me|let me (check|see|look))[^?]{0,40}$/"};

static void read_patience(struct cw_script *s, json_t *p)
{
	static const struct {
		const char *name;
		uint64_t wait_us;
		unsigned reprompts;
	} levels[] = {{"low", 5000000, 1}, {"normal", 8000000, 2}, {"high", 15000000, 3}};

	for (size_t i = 0; json_is_string(p) && i < CW_COUNT(levels); i++) {
		if (strcmp(json_string_value(p), levels[i].name) != 0)
			continue;
		s->wait_us = levels[i].wait_us;
		s->reprompts = levels[i].reprompts;
	}
	s->wait_us = cw_scn_us(p, "wait_s", 1e6, s->wait_us);
	s->reprompts = cw_scn_u32(p, "reprompts", s->reprompts);
}

static int read_fillers(const struct cw_scn *r, struct cw_test *t, json_t *caller)
{
	struct cw_pattern *fillers = NULL;
	int err;

	if (json_object_get(caller, "fillers"))
		err = cw_scn_pattern(r, t, caller, "fillers", &fillers);
	else
		err = cw_pattern_new(t, default_fillers, CW_COUNT(default_fillers), &fillers, r->why);
	t->script.fillers = fillers;
	return err;
}

/* Of two names for one thing only one may be given. */
static int only_one(const struct cw_scn *r, json_t *o, const char *a, const char *b)
{
	if (!json_object_get(o, a) || !json_object_get(o, b))
		return 0;
	return cw_yaml_why_member(r->yaml, o, b, r->why, EINVAL, "'%s' and '%s' are the same: give one", a, b);
}

static int read_persona(const struct cw_scn *r, struct cw_test *t, json_t *o)
{
	struct cw_persona *p = talloc_zero(t, struct cw_persona);
	int err = p ? only_one(r, o, "interrupting", "interrupts") : ENOMEM;

	if (!err)
		err = only_one(r, o, "mishears", "hearing_trouble");
	if (!err)
		err = only_one(r, o, "voice", "accent");
	if (!err)
		err = cw_verbosity_of(cw_json_str(o, "verbosity", "normal"), &p->verbosity);
	if (err)
		return err;
	p->interrupts = cw_scn_rate(o, "interrupts", cw_scn_rate(o, "interrupting", 0));
	p->backchannels = cw_scn_rate(o, "backchannels", 0);
	p->mishears = cw_scn_rate(o, "mishears", cw_scn_rate(o, "hearing_trouble", 0));
	p->hesitates = cw_scn_rate(o, "hesitates", 0);
	p->coughs = cw_scn_rate(o, "coughs", 0);
	t->script.persona = p;
	return 0;
}

int cw_scn_caller(const struct cw_scn *r, struct cw_test *t, json_t *caller, json_t *persona)
{
	struct cw_script *s = &t->script;
	json_t *pardon = json_object_get(caller, "pardon"), *patience = json_object_get(caller, "patience");
	int err;

	s->wait_us = 8000000;
	s->reprompts = 2;
	if (!patience)
		patience = json_object_get(persona, "patience");
	read_patience(s, patience);
	s->pardon_us = cw_scn_us(pardon, "after_s", 1e6, 4000000);
	s->pardons = cw_scn_u32(pardon, "times", 2);
	s->greeting_us = cw_scn_us(caller, "greeting_s", 1e6, 6000000);
	s->linger_us = cw_scn_us(caller, "linger_s", 1e6, 3000000);
	s->deadlock_us = cw_scn_us(caller, "deadlock_s", 1e6, 12000000);
	err = cw_scn_text(t, patience, "say", "Hello?", &s->reprompt);
	if (!err)
		err = cw_scn_text(t, pardon, "say", "Sorry, could you say that again?", &s->pardon);
	if (!err && persona)
		err = read_persona(r, t, persona);
	return err ? err : read_fillers(r, t, caller);
}

/* ---- a goal ---- */

static const char *number_text(void *parent, const json_t *v)
{
	if (json_is_integer(v))
		return talloc_asprintf(parent, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (json_is_real(v))
		return talloc_asprintf(parent, "%g", json_real_value(v));
	return talloc_strdup(parent, json_is_string(v) ? json_string_value(v) : json_is_true(v) ? "yes" : "no");
}

static int read_fact(const struct cw_scn *r, void *parent, const char *key, json_t *v, struct cw_fact *f)
{
	struct cw_pattern *ask = NULL;
	int err = 0;

	f->key = talloc_strdup(parent, key);
	f->value = number_text(parent, json_is_object(v) ? json_object_get(v, "value") : v);
	f->volunteer = cw_json_bool(v, "volunteer", false);
	f->refuse = cw_json_bool(v, "refuse", false);
	if (!f->key || !f->value)
		return ENOMEM;
	if (json_is_object(v)) {
		err = cw_scn_text(parent, v, "say", NULL, &f->say);
		if (!err)
			err = cw_scn_pattern(r, parent, v, "ask", &ask);
	}
	f->ask = ask;
	return err;
}

static int read_facts(const struct cw_scn *r, json_t *facts, struct cw_goal *g)
{
	size_t n = json_object_size(facts);
	struct cw_fact *list = talloc_zero_array(g, struct cw_fact, n + 1);
	const char *key;
	json_t *v;
	int err = list ? 0 : ENOMEM;

	if (n > CW_FACTS_MAX)
		return COMPLAIN(r, facts, "%zu facts: a caller with a goal has at most %d", n, CW_FACTS_MAX);
	json_object_foreach (facts, key, v) {
		if (err)
			break;
		if (!cw_goal_knows_key(key) && !json_object_get(v, "ask"))
			return cw_yaml_why_member(r->yaml, facts, key, r->why, EINVAL,
				"fact '%s' has no built-in questions: write {value: …, ask: [what the agent says to ask for it]}",
				key);
		err = read_fact(r, list, key, v, &list[g->n_facts]);
		g->n_facts += !err;
	}
	g->facts = list;
	return err;
}

static int read_goal_words(json_t *goal, struct cw_goal *g)
{
	if (json_is_string(goal)) {
		g->goal = talloc_strdup(g, json_string_value(goal));
		return g->goal ? 0 : ENOMEM;
	}

	int err = cw_scn_text(g, goal, "say", NULL, &g->say);

	return err ? err : cw_scn_text(g, goal, "about", g->say, &g->goal);
}

int cw_scn_goal(const struct cw_scn *r, struct cw_test *t, json_t *test, json_t *facts)
{
	static const char *const needy[] = {"success", "failure", "max_turns", "max_asks"};
	json_t *goal = json_object_get(test, "goal");
	struct cw_pattern *success = NULL, *failure = NULL;
	struct cw_why inner = {0};

	for (size_t i = 0; !goal && i < CW_COUNT(needy); i++)
		if (json_object_get(test, needy[i]))
			return cw_yaml_why_member(r->yaml, test, needy[i], r->why, EINVAL,
				"'%s' belongs to a 'goal': there is none here", needy[i]);
	if (!goal)
		return 0;
	if (!json_object_get(test, "success"))
		return COMPLAIN(r, goal, "a goal needs 'success': the words of the agent that mean it is reached");

	struct cw_goal *g = talloc_zero(t, struct cw_goal);
	int err = g ? read_goal_words(goal, g) : ENOMEM;

	if (!err)
		err = read_facts(r, facts, g);
	if (!err)
		err = cw_scn_pattern(r, g, test, "success", &success);
	if (!err)
		err = cw_scn_pattern(r, g, test, "failure", &failure);
	if (err)
		return err;
	g->success = success;
	g->failure = failure;
	g->max_turns = cw_scn_u32(test, "max_turns", 0);
	g->max_asks = cw_scn_u32(test, "max_asks", 0);
	t->script.goal = g;
	err = cw_goal_check(g, &inner);
	return err && inner.text[0] ? cw_yaml_why(r->yaml, goal, r->why, err, "%s", inner.text) : err;
}
