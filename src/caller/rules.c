#include "caller/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "caller/rails_int.h"
#include "caller/say.h"

#define GOAL_DELAY_US 500000
#define BYE_DELAY_US  300000

struct cw_rules {
	const struct cw_script *script;
	size_t next;    /* fixed step to play next */
	unsigned *used; /* per answer */
	unsigned pardons;
	char reason[320];

	struct cw_rails *rails; /* NULL: no goal */
	enum cw_tongue tongue;
	struct cw_step goal, bye; /* its chosen move; hanging up after giving up */
	size_t goal_moves;
	void (*moved)(struct cw_rails *rails, const struct cw_move *m, void *arg);
	void *arg;

	struct cw_rng rng; /* of the persona */
	struct cw_step react;
	char react_words[64];
	size_t reacts;
	char *plain; /* words of the last step without its pauses */
};

int cw_rules_new(
	void *parent, const struct cw_script *script, const char *language, uint64_t seed, struct cw_rules **ret)
{
	CW_SCOPED struct cw_rules *r = talloc_zero(NULL, struct cw_rules);

	if (!r)
		return ENOMEM;
	r->script = script;
	r->tongue = cw_tongue_of(language);
	cw_rng_init(&r->rng, seed ^ UINT64_C(0x706572736f6e61)); /* a stream of its own */
	r->bye = (struct cw_step){.act = CW_ACT_HANG_UP, .when = CW_WHEN_TURN, .delay_us = BYE_DELAY_US};
	r->used = talloc_zero_array(r, unsigned, script->n_answers + 1);
	if (!r->used)
		return ENOMEM;
	if (script->goal) {
		int err = cw_rails_new(r, script->goal, script->persona, language, seed, &r->rails);

		if (err)
			return err;
	}
	*ret = talloc_move(parent, &r);
	return 0;
}

void cw_rules_on_move(
	struct cw_rules *r, void (*moved)(struct cw_rails *rails, const struct cw_move *m, void *arg), void *arg)
{
	r->moved = moved;
	r->arg = arg;
}

struct cw_rails *cw_rules_rails(const struct cw_rules *r)
{
	return r->rails;
}

/* ---- what is left ---- */

const struct cw_step *cw_rules_head(const struct cw_rules *r)
{
	if (r->rails && cw_rails_state(r->rails) == CW_RAILS_OVER)
		return &r->bye;
	return r->next < r->script->n_steps ? &r->script->steps[r->next] : NULL;
}

size_t cw_rules_played(const struct cw_rules *r)
{
	return r->next;
}

static bool steps_left(const struct cw_rules *r)
{
	for (size_t i = r->next; i < r->script->n_steps; i++)
		if (!r->script->steps[i].optional)
			return true;
	return false;
}

bool cw_rules_required_left(const struct cw_rules *r)
{
	return steps_left(r) || (r->rails && !cw_rails_reached(r->rails) && !cw_rails_done(r->rails));
}

bool cw_rules_reactive(const struct cw_rules *r)
{
	return r->script->n_answers > 0 || (r->rails && !cw_rails_done(r->rails));
}

bool cw_rules_is_filler(const struct cw_rules *r, const char *agent)
{
	return r->script->fillers && agent[0] && cw_pattern_fits(r->script->fillers, cw_str(agent));
}

bool cw_rules_pardon_left(const struct cw_rules *r)
{
	return r->pardons < r->script->pardons;
}

void cw_rules_pardoned(struct cw_rules *r)
{
	r->pardons++;
}

/* ---- which one ---- */

static bool within(const struct cw_step *list, size_t n, const struct cw_step *s)
{
	return n && s >= list && s < list + n;
}

const char *cw_rules_kind(const struct cw_rules *r, const struct cw_step *s, size_t *index)
{
	const struct cw_script *t = r->script;

	if (within(t->steps, t->n_steps, s)) {
		*index = (size_t)(s - t->steps);
		return "turn";
	}
	if (within(t->answers, t->n_answers, s)) {
		*index = (size_t)(s - t->answers);
		return "answer";
	}
	*index = s == &r->react ? r->reacts : r->goal_moves;
	return s == &r->react ? "persona" : "goal";
}

static const struct cw_step *fitting_step(const struct cw_rules *r, struct cw_str agent)
{
	const struct cw_script *s = r->script;

	for (size_t i = r->next; s->steps && i < s->n_steps; i++) {
		const struct cw_step *step = &s->steps[i];

		if (step->when == CW_WHEN_AGENT_END && step->match && cw_pattern_fits(step->match, agent))
			return step;
		if (!step->optional)
			break;
	}
	return NULL;
}

static const struct cw_step *fitting_answer(const struct cw_rules *r, struct cw_str agent)
{
	const struct cw_script *s = r->script;

	for (size_t i = 0; i < s->n_answers; i++) {
		const struct cw_step *a = &s->answers[i];

		if ((!a->times || r->used[i] < a->times) && cw_pattern_fits(a->match, agent))
			return a;
	}
	return NULL;
}

static const struct cw_step *goal_step(struct cw_rules *r, const char *agent)
{
	const struct cw_move *m = r->rails ? cw_rails_choose(r->rails, agent) : NULL;

	if (!m)
		return NULL;
	if (r->moved)
		r->moved(r->rails, m, r->arg);
	r->goal = (struct cw_step){.name = cw_move_kind_name(m->kind),
		.act = CW_ACT_SAY,
		.text = m->words,
		.delay_us = r->script->goal->delay_us ? r->script->goal->delay_us : GOAL_DELAY_US,
		.optional = true};
	return &r->goal;
}

static const struct cw_step *due(struct cw_rules *r, const char *agent, bool any_when)
{
	const struct cw_step *s = fitting_step(r, cw_str(agent)), *h = cw_rules_head(r);

	if (!s)
		s = fitting_answer(r, cw_str(agent));
	if (s)
		return s;
	if (h && !h->match && (any_when || h->when == CW_WHEN_AGENT_END))
		return h;
	return goal_step(r, agent);
}

const struct cw_step *cw_rules_choose(struct cw_rules *r, const char *agent)
{
	return due(r, agent, false);
}

void cw_rules_take(struct cw_rules *r, const struct cw_step *s)
{
	const struct cw_script *t = r->script;

	if (within(t->steps, t->n_steps, s))
		r->next = (size_t)(s - t->steps) + 1;
	else if (within(t->answers, t->n_answers, s))
		r->used[s - t->answers]++;
	if (s == &r->goal) {
		r->goal.text = cw_rails_chosen(r->rails)->words; /* a model may have changed them */
		cw_rails_take(r->rails);
		r->goal_moves++;
	} else if (s == &r->react) {
		r->reacts++;
	} else if (r->rails && (s->act == CW_ACT_SAY || s->act == CW_ACT_DTMF)) {
		cw_rails_drop(r->rails);
	}
}

void cw_rules_heard(struct cw_rules *r, const char *agent)
{
	if (r->rails)
		cw_rails_heard(r->rails, agent);
}

/* ---- the persona ---- */

static const struct cw_step *react(struct cw_rules *r, uint64_t at_us, struct cw_str words)
{
	(void)snprintf(
		r->react_words, sizeof(r->react_words), "%.*s", (int)words.len, words.p ? words.p : ""); /* fits */
	r->react = (struct cw_step){.act = words.len ? CW_ACT_SAY : CW_ACT_NOISE,
		.text = words.len ? r->react_words : NULL,
		.ms = 400,
		.noise = CW_NOISE_COUGH,
		.level_db = -14,
		.when = CW_WHEN_DURING,
		.delay_us = at_us,
		.optional = true};
	return &r->react;
}

/* So many microseconds, anywhere between two bounds. */
static uint64_t between(struct cw_rules *r, uint32_t least_ms, uint32_t most_ms)
{
	return ((uint64_t)least_ms + cw_rng_below(&r->rng, most_ms - least_ms)) * 1000;
}

const struct cw_step *cw_rules_react(struct cw_rules *r, uint64_t inside_us)
{
	const struct cw_persona *p = r->script->persona;

	if (!p)
		return NULL;
	if (!inside_us && cw_rng_chance(&r->rng, p->interrupts))
		return react(r, between(r, 400, 2500), cw_rails_interjection(r->tongue, &r->rng));
	if (!inside_us && cw_rng_chance(&r->rng, p->coughs))
		return react(r, between(r, 300, 3000), (struct cw_str){0});
	if (cw_rng_chance(&r->rng, p->backchannels))
		return react(r, inside_us + (inside_us ? between(r, 2000, 4000) : between(r, 1000, 3000)),
			cw_rails_backchannel(r->tongue, &r->rng));
	return NULL;
}

bool cw_rules_is_reaction(const struct cw_rules *r, const struct cw_step *s)
{
	return s == &r->react;
}

enum cw_script_end cw_rules_outcome(const struct cw_rules *r, const char **reason)
{
	*reason = "";
	if (r->rails && cw_rails_failed(r->rails) && !cw_rails_reached(r->rails)) {
		*reason = cw_rails_reason(r->rails);
		return CW_SCRIPT_MISSED;
	}
	if (steps_left(r))
		return CW_SCRIPT_CUT;
	if (!r->rails || cw_rails_reached(r->rails))
		return CW_SCRIPT_COMPLETED;
	*reason = "the call ended before the goal was reached";
	return CW_SCRIPT_MISSED;
}

/* ---- text ---- */

static bool means_text(const struct cw_step *s)
{
	return (s->act == CW_ACT_SAY || s->act == CW_ACT_DTMF || s->act == CW_ACT_HANG_UP ||
		       (s->act == CW_ACT_PLAY && s->text[0])) &&
	       s->when != CW_WHEN_DURING;
}

/* In text every reply is due: `when` and delays mean nothing. */
static const struct cw_step *choose_text(struct cw_rules *r, const char *agent)
{
	const struct cw_step *h = cw_rules_head(r);

	for (; h && !means_text(h); h = cw_rules_head(r))
		cw_rules_take(r, h);
	return due(r, agent, true);
}

static void stuck(struct cw_rules *r, const char *agent, struct cw_next_action *ret)
{
	if (cw_rules_pardon_left(r) && (cw_rules_reactive(r) || cw_rules_required_left(r)) && agent[0]) {
		cw_rules_pardoned(r);
		*ret = (struct cw_next_action){
			.next = CW_NEXT_PARDON, .kind = "pardon", .words = r->script->pardon, .reason = ""};
		return;
	}
	if (!cw_rules_required_left(r)) {
		*ret = (struct cw_next_action){.next = CW_NEXT_COMPLETED, .kind = "", .reason = ""};
		if (cw_rules_outcome(r, &ret->reason) == CW_SCRIPT_MISSED)
			ret->next = CW_NEXT_GAVE_UP;
		return;
	}
	(void)snprintf(r->reason, sizeof(r->reason),
		"both sides waited: nothing in the script fits the agent's words \"%.200s\"", agent); /* fits */
	*ret = (struct cw_next_action){.next = CW_NEXT_NO_ANSWER, .kind = "", .reason = r->reason};
}

void cw_rules_answer(struct cw_rules *r, const char *agent, struct cw_next_action *ret)
{
	const char *text = agent ? agent : "";

	cw_rules_heard(r, text);
	if (cw_rules_is_filler(r, text)) {
		*ret = (struct cw_next_action){.next = CW_NEXT_WAIT, .kind = "", .reason = ""};
		return;
	}

	const struct cw_step *s = choose_text(r, text);

	if (!s) {
		stuck(r, text, ret);
		return;
	}
	*ret = (struct cw_next_action){.next = CW_NEXT_STEP, .step = s, .reason = ""};
	ret->kind = cw_rules_kind(r, s, &ret->index);
	cw_rules_take(r, s);
	TALLOC_FREE(r->plain);
	if (s->act == CW_ACT_SAY)
		r->plain = cw_say_plain(r, s->text);
	ret->words = r->plain ? r->plain : s->text;
	if (s == &r->bye && cw_rules_outcome(r, &ret->reason) == CW_SCRIPT_MISSED)
		ret->next = CW_NEXT_GAVE_UP;
}
