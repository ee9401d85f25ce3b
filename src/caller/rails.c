#include "caller/rails.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "caller/rails_int.h"
#include "caller/say.h"

#define MAX_TURNS       40
#define MAX_ASKS        5
#define MAX_CORRECTIONS 2 /* of one fact: our own ear may be the one that is wrong */
#define MAX_GOODBYES    2
#define DRAWS           4 /* templates tried until one says what it may */

const char *cw_verbosity_name(enum cw_verbosity v)
{
	static const char *const names[CW_VERBOSITY_N] = {"normal", "terse", "chatty"};

	CW_ASSERT(v < CW_VERBOSITY_N);
	return names[v];
}

int cw_verbosity_of(const char *name, enum cw_verbosity *ret)
{
	for (int v = 0; v < CW_VERBOSITY_N; v++) {
		if (!strcmp(cw_verbosity_name((enum cw_verbosity)v), name)) {
			*ret = (enum cw_verbosity)v;
			return 0;
		}
	}
	return EINVAL;
}

const char *cw_rails_state_name(enum cw_rails_state s)
{
	static const char *const names[CW_RAILS_STATE_N] = {
		"opening", "answering", "correcting", "confirming", "closing", "over"};

	CW_ASSERT(s < CW_RAILS_STATE_N);
	return names[s];
}

const char *cw_move_kind_name(enum cw_move_kind k)
{
	static const char *const names[CW_MOVE_N] = {"open", "tell", "correct", "yes", "no", "choose", "spell",
		"repeat", "pardon", "unknown", "refuse", "done", "thank", "give_up"};

	CW_ASSERT(k < CW_MOVE_N);
	return names[k];
}

bool cw_goal_knows_key(const char *key)
{
	return cw_fact_phrases(key, CW_TONGUE_EN) != NULL;
}

int cw_goal_check(const struct cw_goal *g, struct cw_why *why)
{
	if (g->n_facts > CW_FACTS_MAX)
		return cw_why_set(why, EINVAL, "%zu facts: at most %d are allowed", g->n_facts, CW_FACTS_MAX);
	if (!g->success)
		return cw_why_set(
			why, EINVAL, "a goal needs 'success': words of the agent which mean that it is reached");
	for (size_t i = 0; i < g->n_facts; i++) {
		const struct cw_fact *f = &g->facts[i];

		if (!f->value || !f->value[0])
			return cw_why_set(why, EINVAL, "fact '%s' is empty", f->key);
		if (!f->ask && !f->volunteer && !cw_goal_knows_key(f->key))
			return cw_why_set(why, EINVAL,
				"fact '%s' is none that callers know how to be asked for: add ask: [patterns]", f->key);
		if (f->say && !strstr(f->say, "{value}"))
			return cw_why_set(why, EINVAL, "fact '%s': its 'say' does not hold {value}", f->key);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(g->facts[j].key, f->key))
				return cw_why_set(why, EINVAL, "fact '%s' stands there twice", f->key);
	}
	return 0;
}

/* ---- what the agent wants ---- */

static bool wants(const struct cw_rails *r, enum cw_ask a, const char *folded)
{
	return cw_phrases_fit(cw_ask_phrases(a, r->tongue), folded);
}

/* Bits of the facts asked for. */
static uint32_t wanted_facts(const struct cw_rails *r, const char *agent, const char *folded)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < r->goal->n_facts; i++) {
		const struct cw_fact *f = &r->goal->facts[i];
		const char *phrases = cw_fact_phrases(f->key, r->tongue);

		if ((f->ask && cw_pattern_fits(f->ask, cw_str(agent))) || (phrases && cw_phrases_fit(phrases, folded)))
			bits |= UINT32_C(1) << i;
	}
	return bits;
}

/* Is something asked for that callers usually know, and this one does not? */
static bool wants_unknown(const struct cw_rails *r, const char *folded)
{
	static const char *const keys[] = {"name", "phone", "address", "email", "date", "time", "zip", "account"};

	for (size_t i = 0; i < CW_COUNT(keys); i++)
		if (cw_phrases_fit(cw_fact_phrases(keys[i], r->tongue), folded))
			return true;
	return false;
}

/* ---- choosing ---- */

static const struct cw_move *make(struct cw_rails *r, enum cw_move_kind kind, uint32_t bits, uint32_t say_bits)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_RAILS_TEXT_MAX);

	TALLOC_FREE(r->words);
	TALLOC_FREE(r->agent);
	r->agent = talloc_strdup(r, r->carry);
	for (unsigned i = 0; i < DRAWS; i++) {
		cw_buf_reset(&b);
		cw_rails_compose(r, &b, kind, say_bits);
		if (!cw_buf_err(&b) && b.len && !cw_rails_check(r->goal, bits | r->told, r->agent, b.p, NULL))
			break;
		cw_buf_reset(&b);
	}
	if (!b.len && say_bits &&
		kind != CW_MOVE_SPELL) { /* the file's own sentence says what it may not: the bare facts */
		for (size_t i = 0; i < r->goal->n_facts; i++)
			if (say_bits & UINT32_C(1) << i)
				cw_buf_fmt(&b, "%s%s.", b.len ? " " : "", r->goal->facts[i].value);
	}
	if (!b.len || !r->agent)
		return NULL;
	cw_rails_hesitate(r, &b);
	r->words = cw_buf_take(&b, r);
	if (!r->words)
		return NULL;
	r->move = (struct cw_move){
		.kind = kind, .id = r->move.id + 1, .facts = bits | r->told, .words = r->words, .agent = r->agent};
	r->saying = say_bits;
	r->chosen = true;
	return &r->move;
}

static void fail(struct cw_rails *r, const char *fmt, ...) CW_PRINTF(2, 3);
static void fail(struct cw_rails *r, const char *fmt, ...)
{
	va_list ap;

	if (r->failed)
		return;
	r->failed = true;
	va_start(ap, fmt);
	(void)vsnprintf(r->reason, sizeof(r->reason), fmt, ap); /* cut short when too long */
	va_end(ap);
}

static uint32_t volunteered(const struct cw_rails *r)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < r->goal->n_facts; i++)
		if (r->goal->facts[i].volunteer)
			bits |= UINT32_C(1) << i;
	return bits;
}

/* Has the same question been answered so often that the caller gives up? */
static bool too_often(struct cw_rails *r, enum cw_move_kind kind)
{
	unsigned most = r->goal->max_asks ? r->goal->max_asks : MAX_ASKS;

	if (!r->any || r->last_kind != kind || r->asked_other < most)
		return false;
	fail(r, "the agent asked the same question more than %u times: \"%.160s\"", most, r->carry);
	return true;
}

static const struct cw_move *same_question(struct cw_rails *r, enum cw_move_kind kind, uint32_t bits)
{
	return too_often(r, kind) ? make(r, CW_MOVE_GIVE_UP, 0, 0) : make(r, kind, bits, bits);
}

static const struct cw_move *open_with(struct cw_rails *r)
{
	uint32_t bits = volunteered(r), issue = 0;

	if (too_often(r, CW_MOVE_OPEN))
		return make(r, CW_MOVE_GIVE_UP, 0, 0);
	if (!r->goal->say && cw_rails_fact(r, "issue", &issue))
		bits |= issue;
	return make(r, CW_MOVE_OPEN, bits, 0);
}

static const struct cw_move *choose_offer(struct cw_rails *r)
{
	static const char *const keys[] = {"choice", "time", "date"};
	uint32_t bit = 0;

	for (size_t i = 0; !bit && i < CW_COUNT(keys); i++)
		(void)cw_rails_fact(r, keys[i], &bit); /* none of them: the first one */
	return same_question(r, CW_MOVE_CHOOSE, bit);
}

/* Facts were asked for: those which may be told, told; the same one too often ends the caller's patience. */
static const struct cw_move *tell(struct cw_rails *r, uint32_t bits)
{
	unsigned most = r->goal->max_asks ? r->goal->max_asks : MAX_ASKS;
	uint32_t may = 0;

	for (size_t i = 0; i < r->goal->n_facts; i++) {
		uint32_t bit = UINT32_C(1) << i;

		if (!(bits & bit))
			continue;
		if (r->asked[i] >= most) {
			fail(r, "the agent asked for the %s more than %u times", r->goal->facts[i].key, most);
			return make(r, CW_MOVE_GIVE_UP, 0, 0);
		}
		if (r->goal->facts[i].refuse)
			continue;
		may |= bit;
		if (cw_rails_terse(r))
			break;
	}
	if (!may)
		return same_question(r, CW_MOVE_REFUSE, 0);

	uint32_t more = volunteered(r) & ~r->told & ~may;

	if (cw_rails_chatty(r) && more && cw_rng_chance(&r->rng, 0.5))
		may |= more & (~more + 1); /* the first of them */
	return make(r, CW_MOVE_TELL, may, may);
}

/* A fact we told comes back wrong. */
static uint32_t misheard(const struct cw_rails *r, const char *agent)
{
	for (size_t i = 0; i < r->goal->n_facts; i++)
		if (r->told & UINT32_C(1) << i && r->corrected[i] < MAX_CORRECTIONS &&
			cw_rails_misheard(&r->goal->facts[i], agent))
			return UINT32_C(1) << i;
	return 0;
}

/* The fact that was spoken of last: to be spelled. */
static uint32_t to_spell(const struct cw_rails *r, uint32_t asked)
{
	uint32_t bit = 0;

	if (asked)
		return asked & (~asked + 1);
	if (r->last_facts)
		return r->last_facts & (~r->last_facts + 1);
	(void)cw_rails_fact(r, "name", &bit); /* without a name: 0 */
	return bit & r->told;
}

static const struct cw_move *goodbye(struct cw_rails *r, enum cw_move_kind kind)
{
	return r->goodbyes < MAX_GOODBYES ? make(r, kind, 0, 0) : NULL;
}

/* It did not understand what we said last. */
static const struct cw_move *say_again(struct cw_rails *r)
{
	switch (r->last_kind) {
	case CW_MOVE_TELL:
	case CW_MOVE_CORRECT:
	case CW_MOVE_SPELL:
	case CW_MOVE_REPEAT:
	case CW_MOVE_OPEN:
		return r->opened || r->told ? same_question(r, CW_MOVE_REPEAT, r->last_facts) : open_with(r);
	default:
		return r->any ? same_question(r, r->last_kind, r->last_facts) : open_with(r);
	}
}

static const struct cw_move *answer_other(struct cw_rails *r, const char *folded)
{
	if (wants(r, CW_ASK_PROCEED, folded))
		return same_question(r, CW_MOVE_YES, 0);
	if (wants(r, CW_ASK_REPEAT, folded))
		return say_again(r);
	if (wants(r, CW_ASK_HELP, folded) || cw_phrases_fit(cw_fact_phrases("issue", r->tongue), folded))
		return open_with(r);
	if (wants_unknown(r, folded))
		return same_question(r, CW_MOVE_UNKNOWN, 0);
	if (!r->opened)
		return open_with(r);
	return wants(r, CW_ASK_YESNO, folded) ? same_question(r, CW_MOVE_UNKNOWN, 0) : NULL;
}

static const struct cw_move *decide(struct cw_rails *r, const char *folded)
{
	const char *agent = r->carry;
	uint32_t asked = wanted_facts(r, agent, folded), wrong = misheard(r, agent);
	bool confirm = wants(r, CW_ASK_CONFIRM, folded);

	if (r->failed)
		return goodbye(r, CW_MOVE_GIVE_UP);
	if (r->state == CW_RAILS_CLOSING && !wants(r, CW_ASK_MORE, folded))
		return NULL;
	if (wrong)
		return make(r, CW_MOVE_CORRECT, wrong, wrong);
	if (wants(r, CW_ASK_MORE, folded) && r->opened)
		return goodbye(r, CW_MOVE_DONE);
	if (confirm)
		return same_question(r, CW_MOVE_YES, 0);
	if (wants(r, CW_ASK_SPELL, folded) && to_spell(r, asked))
		return same_question(r, CW_MOVE_SPELL, to_spell(r, asked));
	if (wants(r, CW_ASK_OFFER, folded))
		return choose_offer(r);
	if (wants(r, CW_ASK_CHANGE, folded))
		return r->last_facts ? make(r, CW_MOVE_TELL, r->last_facts, r->last_facts) : make(r, CW_MOVE_NO, 0, 0);
	if (asked)
		return tell(r, asked);
	if (r->reached)
		return goodbye(r, CW_MOVE_THANK);
	return answer_other(r, folded);
}

void cw_rails_heard(struct cw_rails *r, const char *agent)
{
	if (!agent || !agent[0] || r->reached)
		return;
	if (cw_pattern_fits(r->goal->success, cw_str(agent)))
		r->reached = true;
	else if (r->goal->failure && cw_pattern_fits(r->goal->failure, cw_str(agent)))
		fail(r, "the agent said \"%.160s\": that is a failure by the file's 'failure'", agent);
}

static void carry(struct cw_rails *r, const char *agent)
{
	size_t used = strlen(r->carry);

	if (used + strlen(agent) + 2 > sizeof(r->carry)) /* far more than one person says: the new words alone */
		used = 0;
	(void)snprintf(r->carry + used, sizeof(r->carry) - used, "%s%s", used ? " " : "", agent);
}

const struct cw_move *cw_rails_choose(struct cw_rails *r, const char *agent)
{
	unsigned most = r->goal->max_turns ? r->goal->max_turns : MAX_TURNS;

	r->chosen = false;
	if (r->state == CW_RAILS_OVER)
		return NULL;
	carry(r, agent ? agent : "");

	CW_SCOPED char *folded = cw_rails_fold(NULL, r->carry);

	if (!folded)
		return NULL;
	if (r->turns >= most && r->state != CW_RAILS_CLOSING) {
		fail(r, "the goal was not reached in %u turns of the caller", most);
		return make(r, CW_MOVE_GIVE_UP, 0, 0);
	}

	const struct cw_move *m = decide(r, folded);
	bool hears_badly = m && r->persona && !r->pardoned && r->any && m->kind != CW_MOVE_THANK &&
			   m->kind != CW_MOVE_GIVE_UP && m->kind != CW_MOVE_DONE;

	if (hears_badly && cw_rng_chance(&r->rng, r->persona->mishears))
		m = make(r, CW_MOVE_PARDON, 0, 0);
	return m;
}

/* ---- said ---- */

static void count_told(struct cw_rails *r, enum cw_move_kind kind, uint32_t bits)
{
	for (size_t i = 0; i < r->goal->n_facts; i++) {
		if (!(bits & UINT32_C(1) << i))
			continue;
		if (kind == CW_MOVE_TELL && r->asked[i] < UINT8_MAX)
			r->asked[i]++;
		if (kind == CW_MOVE_CORRECT && r->corrected[i] < UINT8_MAX)
			r->corrected[i]++;
	}
}

static enum cw_rails_state state_after(const struct cw_rails *r, enum cw_move_kind kind)
{
	switch (kind) {
	case CW_MOVE_CORRECT:
		return CW_RAILS_CORRECTING;
	case CW_MOVE_YES:
	case CW_MOVE_CHOOSE:
		return CW_RAILS_CONFIRMING;
	case CW_MOVE_THANK:
	case CW_MOVE_DONE:
		return CW_RAILS_CLOSING;
	case CW_MOVE_GIVE_UP:
		return CW_RAILS_OVER;
	case CW_MOVE_PARDON:
		return r->state;
	default:
		return r->opened ? CW_RAILS_ANSWERING : CW_RAILS_OPENING;
	}
}

void cw_rails_take(struct cw_rails *r)
{
	enum cw_move_kind kind = r->move.kind;
	uint32_t issue = 0;

	if (!r->chosen)
		return;
	(void)cw_rails_fact(r, "issue", &issue); /* none: 0 */
	r->chosen = false;
	r->carry[0] = '\0';
	r->turns++;
	r->opened = r->opened || kind == CW_MOVE_OPEN || (r->saying & issue);
	r->asked_other = kind == CW_MOVE_PARDON           ? r->asked_other
			 : r->any && kind == r->last_kind ? r->asked_other + 1
							  : 1;
	r->goodbyes += kind == CW_MOVE_THANK || kind == CW_MOVE_DONE || kind == CW_MOVE_GIVE_UP;
	r->pardoned = kind == CW_MOVE_PARDON;
	count_told(r, kind, r->saying);
	r->told = r->move.facts;
	r->state = state_after(r, kind);
	r->any = true;
	if (kind == CW_MOVE_PARDON)
		return; /* what was said before it may have to be said again */
	r->last_kind = kind;
	r->last_facts = r->saying;
}

void cw_rails_drop(struct cw_rails *r)
{
	r->chosen = false;
	r->carry[0] = '\0';
}

int cw_rails_offer(struct cw_rails *r, uint32_t id, const char *words, struct cw_why *why)
{
	if (!r->chosen || id != r->move.id)
		return cw_why_set(why, ESTALE, "the words came too late");

	int err = cw_rails_check_strict(r->goal, r->move.facts, r->agent, words, why);

	if (err)
		return err;

	char *copy = talloc_strdup(r, words);

	if (!copy)
		return ENOMEM;
	(void)talloc_free(r->words);
	r->words = copy;
	r->move.words = copy;
	return 0;
}

/* ---- looking ---- */

const struct cw_move *cw_rails_chosen(const struct cw_rails *r)
{
	return &r->move;
}

enum cw_rails_state cw_rails_state(const struct cw_rails *r)
{
	return r->state;
}

uint32_t cw_rails_told(const struct cw_rails *r)
{
	return r->told;
}

bool cw_rails_reached(const struct cw_rails *r)
{
	return r->reached;
}

bool cw_rails_failed(const struct cw_rails *r)
{
	return r->failed;
}

bool cw_rails_done(const struct cw_rails *r)
{
	return r->state == CW_RAILS_CLOSING || r->state == CW_RAILS_OVER;
}

const char *cw_rails_reason(const struct cw_rails *r)
{
	return r->reason;
}

const struct cw_goal *cw_rails_goal(const struct cw_rails *r)
{
	return r->goal;
}

int cw_rails_new(void *parent, const struct cw_goal *goal, const struct cw_persona *persona, const char *language,
	uint64_t seed, struct cw_rails **ret)
{
	CW_SCOPED struct cw_rails *r = talloc_zero(NULL, struct cw_rails);

	if (!r)
		return ENOMEM;
	r->goal = goal;
	r->persona = persona;
	r->tongue = cw_tongue_of(language);
	cw_rng_init(&r->rng, seed ^ UINT64_C(0x7261696c73)); /* a stream of its own */
	*ret = talloc_move(parent, &r);
	return 0;
}
