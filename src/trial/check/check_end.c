/* Assertions on how a call went on and ended: keys, transfers, hanging up; cost and end of a chat server's answers. */
#include <errno.h>
#include <string.h>

#include "language/phone.h"
#include "line/line.h"
#include "trial/check/check_int.h"

static const char *const value_keys[] = {"value", NULL};
static const char *const cost_keys[] = {"threshold", NULL};

/* ---- the end of the call ---- */

static const char *hung_up_by(enum cw_end_reason r)
{
	return r == CW_END_LOCAL ? "caller" : r == CW_END_REMOTE ? "agent" : "line";
}

static int run_end(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool who = !strcmp(a->kind->name, "hangup_by");

	c->expected = cw_json_str(a->conf, "value", "");
	if (v->end_reason == CW_END_NONE)
		return cw_check_error(parent, c, "how the call ended is not known");
	c->got = who ? hung_up_by(v->end_reason) : cw_end_reason_name(v->end_reason);
	c->decided_by = "line";
	c->at_us = (int64_t)v->end_us;
	c->status = strcmp(c->expected, c->got) ? CW_CHECK_FAIL : CW_CHECK_PASS;
	if (c->status == CW_CHECK_FAIL && v->end_detail[0])
		return cw_check_say(parent, &c->reason, "%s", v->end_detail);
	return 0;
}

/* ---- keys and transfers ---- */

static int run_dtmf(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	c->expected = cw_json_str(a->conf, "value", "");
	c->decided_by = "caller_ear";
	if (v->answered_us == UINT64_MAX)
		return cw_check_error(parent, c, "the call was not answered");
	c->status = strstr(v->dtmf, c->expected) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_say(parent, &c->got, "%s", v->dtmf[0] ? v->dtmf : "no keys");
}

static bool same_number(const char *a, const char *b)
{
	struct cw_phone x, y;

	if (!strcmp(a, b))
		return true;
	return cw_phone_parse(cw_str(a), &x) && cw_phone_parse(cw_str(b), &y) && x.e164[0] && !strcmp(x.e164, y.e164);
}

/* The number the agent handed the caller to, by its own timeline or the carrier's notes; "" when none. */
static const char *transferred_to(const struct cw_view *v, const char *value, const char **by)
{
	const char *ret = "";
	size_t from = 0;

	for (size_t i = 0; i < v->n_tools; i++) {
		const json_t *args = v->tools[i].args;
		const char *to = cw_json_str(args, "number", cw_json_str(args, "to", ""));

		if (!strstr(v->tools[i].name, "transfer"))
			continue;
		ret = to;
		*by = cw_check_tools_by(v);
		if (same_number(to, value))
			return to;
	}
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_LINE_NOTE, CW_SIDE_N));) {
		if (strcmp(cw_json_str(e->data, "what", ""), "twilio.dial"))
			continue;
		ret = cw_json_str(e->data, "number", "");
		*by = "line";
		if (same_number(ret, value))
			return ret;
	}
	return ret;
}

/* Does the line tell of transfers: an agent in process, tools told, or a carrier that has written any note? */
static bool transfers_visible(const struct cw_view *v)
{
	size_t from = 0;

	if (v->tools_visible)
		return true;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_LINE_NOTE, CW_SIDE_N));)
		if (cw_str_starts(cw_str(cw_json_str(e->data, "what", "")), "twilio.") ||
			cw_str_starts(cw_str(cw_json_str(e->data, "what", "")), "status."))
			return true;
	return false;
}

static int run_transfer(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const char *by = v->tools_visible ? cw_check_tools_by(v) : "line", *to;

	c->expected = cw_json_str(a->conf, "value", "");
	if (!transfers_visible(v))
		return cw_check_error(parent, c, "transfers are not visible over this line");
	to = transferred_to(v, c->expected, &by);
	c->decided_by = by;
	c->status = to[0] && same_number(to, c->expected) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_say(parent, &c->got, "%s", to[0] ? to : "not transferred");
}

/* ---- what a chat server tells ---- */

static int run_cost(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	double max = cw_json_num(a->conf, "threshold", 0), sum = 0;
	size_t n = 0;
	int err = cw_check_say(parent, &c->expected, "at most $%g", max);

	if (err)
		return err;
	c->decided_by = "chat_reply";
	for (size_t i = 0; i < v->n_replies; i++) {
		const struct cw_view_reply *r = &v->replies[i];

		if (!cw_view_answers(v, play, r->t_us, r->t_us))
			continue;
		if (r->cost_usd < 0)
			return cw_check_error(parent, c, "the target did not tell the cost of every answer");
		sum += r->cost_usd;
		n++;
	}
	if (!n)
		return cw_check_error(parent, c, "the target tells no cost");
	c->status = sum <= max + 1e-12 ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_say(parent, &c->got, "$%g", sum);
}

static int run_finish(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	const struct cw_view_reply *last = NULL;

	c->expected = cw_json_str(a->conf, "value", "");
	c->decided_by = "chat_reply";
	for (size_t i = 0; i < v->n_replies; i++)
		if (v->replies[i].finish_reason && cw_view_answers(v, play, v->replies[i].t_us, v->replies[i].t_us))
			last = &v->replies[i];
	if (!last)
		return cw_check_error(parent, c, "the target tells no finish reason");
	c->at_us = (int64_t)last->t_us;
	c->status = strcmp(last->finish_reason, c->expected) ? CW_CHECK_FAIL : CW_CHECK_PASS;
	return cw_check_say(parent, &c->got, "%s", last->finish_reason);
}

/* ---- values in the file ---- */

static int validate_who(const json_t *conf, struct cw_why *why)
{
	static const char *const who[] = {"caller", "agent", "line", NULL};
	int err = cw_check_needs_text(conf, why);

	return err ? err : cw_check_one_of(conf, "value", who, why);
}

static int validate_reason(const json_t *conf, struct cw_why *why)
{
	const char *names[CW_END_TIMEOUT + 1];
	size_t n = 0;
	int err = cw_check_needs_text(conf, why);

	for (int r = CW_END_LOCAL; r <= CW_END_TIMEOUT; r++)
		names[n++] = cw_end_reason_name((enum cw_end_reason)r);
	names[n] = NULL;
	return err ? err : cw_check_one_of(conf, "value", names, why);
}

static int validate_keys(const json_t *conf, struct cw_why *why)
{
	const char *keys = cw_json_str(conf, "value", "");

	if (!keys[0] || strspn(keys, "0123456789*#ABCD") != strlen(keys))
		return cw_why_set(why, EINVAL, "'value' must be the keys in quotes: \"1\", \"42#\"");
	return 0;
}

static int validate_number(const json_t *conf, struct cw_why *why)
{
	struct cw_phone unused;
	int err = cw_check_needs_text(conf, why);

	if (!err && !cw_phone_parse(cw_str(cw_json_str(conf, "value", "")), &unused))
		return cw_why_set(why, EINVAL, "'value' must be a telephone number: \"+14155550134\"");
	return err;
}

static int validate_finish(const json_t *conf, struct cw_why *why)
{
	static const char *const reasons[] = {"stop", "length", "content_filter", "tool_calls", "function_call", NULL};
	int err = cw_check_needs_text(conf, why);

	return err ? err : cw_check_one_of(conf, "value", reasons, why);
}

static int validate_cost(const json_t *conf, struct cw_why *why)
{
	return cw_check_threshold(conf, 0, 1000000, true, why);
}

const struct cw_check_kind cw_checks_end[] = {
	{"hangup_by", "who ended the call: caller, agent or line", CW_CHECK_CALL_ONLY, value_keys, validate_who,
		run_end, NULL, CW_NEEDS_VOICE, NULL},
	{"end_reason", "how the caller's line ended", CW_CHECK_CALL_ONLY, value_keys, validate_reason, run_end, NULL,
		CW_NEEDS_VOICE, NULL},
	{"dtmf_sent", "the agent pressed these keys, one after the other", CW_CHECK_CALL_ONLY, value_keys,
		validate_keys, run_dtmf, NULL, CW_NEEDS_VOICE, NULL},
	{"transferred_to", "the agent handed the caller over to this number", CW_CHECK_CALL_ONLY, value_keys,
		validate_number, run_transfer, NULL, 0, NULL},
	{"cost", "the answers cost at most `threshold` dollars", CW_CHECK_ANYWHERE, cost_keys, validate_cost, run_cost,
		NULL, 0, NULL},
	{"finish-reason", "the model stopped for this reason: stop, length, content_filter, tool_calls",
		CW_CHECK_ANYWHERE, value_keys, validate_finish, run_finish, NULL, 0, NULL},
	{0},
};
