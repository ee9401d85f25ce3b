/* Assertions on understanding: error rates of an ear, intents, facts, asking again, turns until the goal. */
#include <errno.h>
#include <string.h>

#include "base/norm.h"
#include "language/entity.h"
#include "trial/check/check_int.h"

static const char *const wer_keys[] = {"max", "min", "of", NULL};
static const char *const limit_keys[] = {"max", "min", NULL};
static const char *const goal_keys[] = {"max", "min", "tool", NULL};
static const char *const intent_keys[] = {"value", "min_score", NULL};
static const char *const entity_keys[] = {"kind", "value", "of", "by", NULL};

static int run_wer(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool agent_ear = !strcmp(cw_json_str(a->conf, "of", "agent_ear"), "agent_ear");
	struct cw_value x = !strcmp(a->kind->name, "wer")   ? cw_measure_wer(v, agent_ear)
			    : !strcmp(a->kind->name, "cer") ? cw_measure_cer(v, agent_ear)
							    : cw_measure_entity_wer(v, agent_ear);

	c->decided_by = agent_ear ? "agent_timeline" : "caller_ear";
	c->stage = agent_ear ? "ears" : "mouth";
	return cw_check_by_value(parent, a, x, "", c);
}

static int run_reprompts(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	c->decided_by = v->agent ? "agent_text" : v->chat ? "chat_text" : "caller_ear";
	return cw_check_by_value(parent, a, cw_measure_reprompts(v), "", c);
}

static int run_goal(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *tool = cw_json_str(a->conf, "tool", NULL);

	c->decided_by = !tool ? "script" : v->agent ? "agent_timeline" : "chat_reply";
	return cw_check_by_value(parent, a, cw_measure_turns_to_goal(v, tool), "", c);
}

/* ---- what the agent took a turn to mean ---- */

static bool in_answer(const struct cw_view *v, size_t play, uint64_t t_us)
{
	if (play == CW_PLAY_NONE)
		return true;
	return t_us >= v->plays[play].onset_us && t_us < cw_view_next_words_us(v, play);
}

static int run_intent(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *value = cw_json_str(a->conf, "value", "");
	double enough = cw_json_num(a->conf, "min_score", 0);
	const struct cw_event *nearest = NULL;
	size_t from = 0;
	int err = cw_check_say(parent, &c->expected, "intent %s", value);

	if (err)
		return err;
	if (!v->agent)
		return cw_check_error(
			parent, c, "what the agent understood is not visible over this line: target agent:FILE");
	c->decided_by = "agent_timeline";
	c->status = CW_CHECK_FAIL;
	for (const struct cw_event *e; (e = cw_timeline_next(v->agent, &from, CW_EV_UNDERSTOOD, CW_SIDE_N));) {
		if (!in_answer(v, play, e->t_us))
			continue;
		nearest = e;
		c->at_us = (int64_t)e->t_us;
		if (strcmp(cw_json_str(e->data, "intent", ""), value) || cw_json_num(e->data, "score", 1) < enough)
			continue;
		c->status = CW_CHECK_PASS;
		break;
	}
	if (!nearest) {
		c->got = "nothing understood";
		return 0;
	}
	return cw_check_say(parent, &c->got, "%s (score %.2f)", cw_json_str(nearest->data, "intent", "(none)"),
		cw_json_num(nearest->data, "score", 0));
}

/* ---- facts ---- */

/* The agent's transcript of what the caller said in @play. */
static int agents_ear(void *parent, const struct cw_view *v, size_t play, const char **ret)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);
	size_t from = 0;

	cw_buf_puts(&b, "");
	for (const struct cw_event *e; (e = cw_timeline_next(v->agent, &from, CW_EV_TURN_ENDED, CW_SIDE_CALLER));)
		if (in_answer(v, play, e->t_us))
			cw_buf_fmt(&b, "%s%s", b.len ? " " : "", cw_json_str(e->data, "text", ""));
	*ret = cw_buf_take(&b, parent);
	return *ret ? 0 : ENOMEM;
}

static int entity_text(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play,
	struct cw_check *c, const char **ret)
{
	*ret = NULL;
	if (strcmp(cw_json_str(a->conf, "of", "agent"), "agent_ear"))
		return cw_check_one_text(parent, v, a, play, c, ret);
	if (!v->agent)
		return cw_check_error(
			parent, c, "what the agent heard is not visible over this line: target agent:FILE");
	c->decided_by = "agent_timeline";
	c->stage = "ears";
	return agents_ear(parent, v, play, ret);
}

static int shown_kind(void *parent, const struct cw_entities *es, enum cw_entity_kind kind, struct cw_check *c)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

	for (size_t i = 0; i < es->n; i++)
		if (es->e[i].kind == kind)
			cw_buf_fmt(&b, "%s%s", b.len ? ", " : "", es->e[i].value);
	if (!b.len || cw_buf_err(&b))
		return cw_check_say(parent, &c->got, "no %s", cw_entity_kind_name(kind));
	return cw_check_say(parent, &c->got, "%s", cw_buf_str(&b).p);
}

static int run_entity(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *value = cw_json_str(a->conf, "value", NULL), *text = NULL;
	CW_SCOPED struct cw_entities *es = NULL;
	enum cw_entity_kind kind = CW_ENTITY_PHONE;
	struct cw_date today;
	const struct cw_date *date = cw_view_today(v, &today) ? &today : NULL;
	char *normal = NULL;
	int err =
		cw_check_say(parent, &c->expected, "%s %s", cw_json_str(a->conf, "kind", ""), value ? value : "(any)");

	if (!err)
		err = entity_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	(void)cw_entity_kind_parse(cw_str(cw_json_str(a->conf, "kind", "")), &kind); /* validated */
	if (value) {
		normal = cw_entity_normal(parent, kind, cw_str(value), date);
		if (!normal)
			return ENOMEM;
	}
	err = cw_entity_extract(NULL, cw_str(text), date, &es);
	if (err)
		return err == ENOMEM ? err : cw_check_error(parent, c, "the words are too long to be searched");
	c->status = cw_entity_has(es, kind, normal) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return shown_kind(parent, es, kind, c);
}

/* ---- values in the file ---- */

static int validate_wer(const json_t *conf, struct cw_why *why)
{
	static const char *const ears[] = {"agent_ear", "caller_ear", NULL};
	int err = cw_check_one_of(conf, "of", ears, why);

	return err ? err : cw_check_needs_limits(conf, why);
}

static int validate_goal(const json_t *conf, struct cw_why *why)
{
	const json_t *tool = json_object_get(conf, "tool");

	if (tool && (!json_is_string(tool) || !json_string_length(tool)))
		return cw_why_set(why, EINVAL, "'tool' must be the name of the tool whose call is the goal");
	return cw_check_needs_limits(conf, why);
}

static int validate_intent(const json_t *conf, struct cw_why *why)
{
	const json_t *score = json_object_get(conf, "min_score");

	if (score && (!json_is_number(score) || !(json_number_value(score) >= 0 && json_number_value(score) <= 1)))
		return cw_why_set(why, EINVAL, "'min_score' must be from 0 to 1");
	return cw_check_needs_text(conf, why);
}

static int validate_entity(const json_t *conf, struct cw_why *why)
{
	static const char *const places[] = {"agent", "agent_ear", NULL};
	enum cw_entity_kind unused;
	int err = cw_check_one_of(conf, "of", places, why);

	if (!err && !cw_entity_kind_parse(cw_str(cw_json_str(conf, "kind", "")), &unused))
		return cw_why_set(
			why, EINVAL, "'kind' must be phone, date, time, money, number, name, address or email");
	if (!err && json_object_get(conf, "value"))
		err = cw_check_needs_text(conf, why);
	return err ? err : cw_check_valid_by(conf, why);
}

const struct cw_check_kind cw_checks_words[] = {
	{"wer", "word error rate of the agent's ear (or, of: caller_ear, of ours)", CW_CHECK_CALL_ONLY, wer_keys,
		validate_wer, run_wer, NULL, CW_NEEDS_VOICE, NULL},
	{"cer", "character error rate, likewise", CW_CHECK_CALL_ONLY, wer_keys, validate_wer, run_wer, NULL,
		CW_NEEDS_VOICE, NULL},
	{"entity_wer", "error rate of facts (numbers, dates, names …), likewise", CW_CHECK_CALL_ONLY, wer_keys,
		validate_wer, run_wer, NULL, CW_NEEDS_VOICE, NULL},
	{"reprompts", "how often the agent asked again", CW_CHECK_CALL_ONLY, limit_keys, cw_check_needs_limits,
		run_reprompts, NULL, 0, NULL},
	{"turns_to_goal", "turns of the caller until `tool` was called, or until the script was completed",
		CW_CHECK_CALL_ONLY, goal_keys, validate_goal, run_goal, NULL, 0, NULL},
	{"intent", "the agent took the caller's words to mean this", CW_CHECK_ANYWHERE, intent_keys, validate_intent,
		run_intent, NULL, 0, "ears"},
	{"entity", "a fact of this kind (and value) is in the agent's words, or `of: agent_ear` in what it heard",
		CW_CHECK_ANYWHERE, entity_keys, validate_entity, run_entity, NULL, 0, NULL},
	{0},
};
