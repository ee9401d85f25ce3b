#include "caller/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct cw_rules {
	const struct cw_script *script;
	size_t next;    /* fixed step to play next */
	unsigned *used; /* per answer */
	unsigned pardons;
	char reason[320];
};

int cw_rules_new(
	void *parent, const struct cw_script *script, const char *language, uint64_t seed, struct cw_rules **ret)
{
	CW_SCOPED struct cw_rules *r = talloc_zero(NULL, struct cw_rules);

	(void)language;
	(void)seed;
	if (!r)
		return ENOMEM;
	r->script = script;
	r->used = talloc_zero_array(r, unsigned, script->n_answers + 1);
	if (!r->used)
		return ENOMEM;
	*ret = talloc_move(parent, &r);
	return 0;
}

/* ---- what is left ---- */

const struct cw_step *cw_rules_head(const struct cw_rules *r)
{
	return r->next < r->script->n_steps ? &r->script->steps[r->next] : NULL;
}

size_t cw_rules_played(const struct cw_rules *r)
{
	return r->next;
}

bool cw_rules_required_left(const struct cw_rules *r)
{
	for (size_t i = r->next; i < r->script->n_steps; i++)
		if (!r->script->steps[i].optional)
			return true;
	return false;
}

bool cw_rules_reactive(const struct cw_rules *r)
{
	return r->script->n_answers > 0;
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
	*index = (size_t)(s - t->answers);
	return "answer";
}

static const struct cw_step *fitting_step(const struct cw_rules *r, struct cw_str agent)
{
	const struct cw_script *s = r->script;

	for (size_t i = r->next; i < s->n_steps; i++) {
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

const struct cw_step *cw_rules_choose(struct cw_rules *r, const char *agent)
{
	const struct cw_step *s = fitting_step(r, cw_str(agent)), *h = cw_rules_head(r);

	if (!s)
		s = fitting_answer(r, cw_str(agent));
	if (s)
		return s;
	return h && h->when == CW_WHEN_AGENT_END && !h->match ? h : NULL;
}

void cw_rules_take(struct cw_rules *r, const struct cw_step *s)
{
	const struct cw_script *t = r->script;

	if (within(t->steps, t->n_steps, s))
		r->next = (size_t)(s - t->steps) + 1;
	else if (within(t->answers, t->n_answers, s))
		r->used[s - t->answers]++;
}

void cw_rules_heard(struct cw_rules *r, const char *agent)
{
	(void)r;
	(void)agent;
}

enum cw_script_end cw_rules_outcome(const struct cw_rules *r, const char **reason)
{
	*reason = "";
	return cw_rules_required_left(r) ? CW_SCRIPT_CUT : CW_SCRIPT_COMPLETED;
}

/* ---- text ---- */

static bool means_text(const struct cw_step *s)
{
	return (s->act == CW_ACT_SAY || s->act == CW_ACT_DTMF || s->act == CW_ACT_HANG_UP) &&
	       s->when != CW_WHEN_DURING;
}

/* In text every reply is due: `when` and delays mean nothing. */
static const struct cw_step *choose_text(struct cw_rules *r, const char *agent)
{
	const struct cw_step *h = cw_rules_head(r);

	for (; h && !means_text(h); h = cw_rules_head(r))
		cw_rules_take(r, h);

	const struct cw_step *s = cw_rules_choose(r, agent);

	return s || !h || h->match ? s : h;
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
	cw_rules_take(r, s);
	*ret = (struct cw_next_action){.next = CW_NEXT_STEP, .step = s, .words = s->text, .reason = ""};
	ret->kind = cw_rules_kind(r, s, &ret->index);
}
