/* Assertions on numbers: times, ratios, counts. */
#include <errno.h>
#include <string.h>

#include "language/backchannel.h"
#include "trial/check/check_int.h"

static const char *const limit_keys[] = {"max", "min", NULL};
static const char *const latency_keys[] = {"threshold", NULL};
static const char *const interruption_keys[] = {"max", "min", "by", NULL};
static const char *const keep_keys[] = {"max_gap_ms", NULL};

#define KEEP_GAP_MS 1500.0

static const char *unit(const char *name)
{
	return strstr(name, "_ms") ? " ms" : "";
}

static int settle(
	void *parent, const struct cw_view *v, const struct cw_assert *a, struct cw_value x, struct cw_check *c)
{
	c->decided_by = v->from_samples ? "samples" : "frames";
	return cw_check_by_value(parent, a, x, unit(a->kind->name), c);
}

/* ---- of one turn, or the worst of all ---- */

typedef struct cw_value play_fn(const struct cw_view *v, size_t play);

/* Turns whose answer is timed when a limit is put on the whole call: said and finished, and not into the agent's words. */
static struct cw_value worst(const struct cw_view *v, const struct cw_assert *a, play_fn *fn)
{
	struct cw_value ret = {.reason = "nothing in this call can be measured so", .at_us = -1};

	for (size_t i = 0; i < v->n_plays; i++) {
		struct cw_value x = fn(v, i);
		bool last_words = i + 1 == v->n_plays;

		if (x.agent_absent && !last_words)
			return x;
		if (!x.known)
			continue;
		if (ret.known && !cw_check_within(a, ret.v))
			break;
		if (!ret.known || x.v > ret.v || !cw_check_within(a, x.v))
			ret = x;
	}
	return ret;
}

/* The stage of the agent that took longest of an answer which began at @onset_us: waiting for the end of the turn (ears), deciding (brain), the
 * voice's first sound (mouth). NULL: its timeline is not visible or does not tell. */
static const char *slowest(const struct cw_view *v, int64_t onset_us)
{
	const struct cw_event *ended = NULL, *say = NULL;
	size_t n = v->agent ? cw_timeline_count(v->agent) : 0;
	int64_t ears, brain, mouth;

	for (size_t i = 0; i < n; i++) {
		const struct cw_event *e = cw_timeline_at(v->agent, i);

		if ((int64_t)e->t_us > onset_us)
			continue;
		if (e->kind == CW_EV_TURN_ENDED && e->side == CW_SIDE_CALLER) {
			ended = e;
			say = NULL;
		} else if (e->kind == CW_EV_SAY && e->side == CW_SIDE_AGENT && !say) {
			say = e;
		}
	}
	if (!ended || !say)
		return NULL;
	ears = cw_json_int(ended->data, "delay_us", 0);
	brain = (int64_t)say->t_us - (int64_t)ended->t_us;
	mouth = onset_us - (int64_t)say->t_us;
	return brain >= ears && brain >= mouth ? "brain" : ears >= mouth ? "ears" : "mouth";
}

static int run_response(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool response = !strcmp(a->kind->param, "response");
	play_fn *fn = response ? cw_measure_response_ms : cw_measure_barge_in_stop_ms;
	int err = settle(parent, v, a, play == CW_PLAY_NONE ? worst(v, a, fn) : fn(v, play), c);

	if (response && c->status == CW_CHECK_FAIL && c->at_us >= 0)
		c->stage = slowest(v, c->at_us);
	return err;
}

/* ---- promptfoo's latency: of the exchange on a chat target, of the voice else ---- */

static struct cw_value reply_latency(const struct cw_view *v, size_t play)
{
	struct cw_value ret = cw_unknown("the target tells no time of its answer");

	for (size_t i = 0; i < v->n_replies; i++) {
		const struct cw_view_reply *r = &v->replies[i];

		if (r->latency_us < 0 || !cw_view_answers(v, play, r->t_us, r->t_us))
			continue;
		if (!ret.known || (double)r->latency_us / 1000 > ret.v)
			ret = cw_known((double)r->latency_us / 1000, r->t_us);
	}
	return ret;
}

static int run_latency(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	double max = cw_json_num(a->conf, "threshold", 0);
	struct cw_value x;
	int err = cw_check_say(parent, &c->expected, "at most %g ms", max);

	if (err)
		return err;
	if (v->chat)
		x = reply_latency(v, play);
	else
		x = play == CW_PLAY_NONE ? worst(v, a, cw_measure_response_ms) : cw_measure_response_ms(v, play);
	c->decided_by = v->chat ? "chat_reply" : v->from_samples ? "samples" : "frames";
	c->at_us = x.at_us;
	if (!x.known && !x.agent_absent)
		return cw_check_error(parent, c, "%s", x.reason);
	c->status = x.known && x.v <= max ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL)
		c->reason = x.known ? "too slow" : x.reason;
	if (!v->chat && c->status == CW_CHECK_FAIL && c->at_us >= 0)
		c->stage = slowest(v, c->at_us);
	return x.known ? cw_check_say(parent, &c->got, "%.10g ms", x.v) : 0;
}

static int validate_latency(const json_t *conf, struct cw_why *why)
{
	return cw_check_threshold(conf, 0, 3600000, true, why);
}

static int run_keeps_talking(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	double max = cw_json_num(a->conf, "max_gap_ms", KEEP_GAP_MS);
	struct cw_value x = cw_measure_keep_gap_ms(v, play);
	size_t from = 0;
	int err = cw_check_say(parent, &c->expected, "the agent goes on, no gap above %g ms", max);

	if (err)
		return err;
	c->decided_by = v->from_samples ? "samples" : "frames";
	c->at_us = x.at_us;
	for (const struct cw_event *e;
		v->agent && (e = cw_timeline_next(v->agent, &from, CW_EV_INTERRUPTED, CW_SIDE_AGENT));) {
		uint64_t onset = (uint64_t)cw_json_int(e->data, "onset_us", 0);

		if (onset + 400000 < v->plays[play].onset_us || onset > v->plays[play].last_us + 400000)
			continue;
		c->status = CW_CHECK_FAIL;
		c->decided_by = "agent_timeline";
		c->reason = "the agent took the sound for an interruption";
		return cw_check_say(parent, &c->got, "interrupted after \"%s\"", cw_json_str(e->data, "heard", ""));
	}
	if (!x.known) {
		c->got = "null";
		c->reason = x.reason;
		c->status = x.agent_absent ? CW_CHECK_FAIL : CW_CHECK_ERROR;
		return 0;
	}
	c->status = x.v <= max ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL)
		c->reason = "it fell silent for too long";
	return cw_check_say(parent, &c->got, "longest gap %g ms", x.v);
}

/* Every backchannel ("mm-hmm") and noise made while the agent spoke. */
static bool is_backchannel(const struct cw_play *p)
{
	return p->audible &&
	       (!strcmp(p->action, "noise") || (!strcmp(p->action, "say") && cw_backchannel(cw_str(p->text))));
}

static int run_ignored(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	struct cw_check last = *c;
	size_t n = 0;

	for (size_t i = 0; i < v->n_plays; i++) {
		struct cw_check one = *c;
		int err = is_backchannel(&v->plays[i]) ? run_keeps_talking(parent, v, a, i, &one) : 0;

		if (err)
			return err;
		if (!is_backchannel(&v->plays[i]) || one.status == CW_CHECK_ERROR)
			continue; /* the agent was silent just then: nothing to stop */
		n++;
		last = one;
		if (one.at_us < 0)
			last.at_us = (int64_t)v->plays[i].onset_us;
		if (one.status == CW_CHECK_FAIL)
			break;
	}
	*c = last;
	if (!n)
		return cw_check_error(
			parent, c, "the caller made no sound or backchannel while the agent was speaking");
	return c->status == CW_CHECK_PASS ? cw_check_say(parent, &c->got, "%zu ignored; the last: %s", n, c->got) : 0;
}

/* ---- of the whole call ---- */

static int run_call(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	static const struct {
		const char *name;
		struct cw_value (*fn)(const struct cw_view *v);
	} of[] = {
		{"first_word_ms", cw_measure_first_word_ms},
		{"dead_air_ms", cw_measure_dead_air_ms},
		{"talk_ratio", cw_measure_talk_ratio},
		{"overlap_ms", cw_measure_overlap_ms},
		{"duration_ms", cw_measure_duration_ms},
	};

	for (size_t i = 0; i < CW_COUNT(of); i++)
		if (!strcmp(of[i].name, a->kind->name))
			return settle(parent, v, a, of[i].fn(v), c);
	CW_ASSERT(!"every name of the table is listed above");
	return EINVAL;
}

static int run_interruptions(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool caller = !strcmp(cw_json_str(a->conf, "by", "agent"), "caller");

	return settle(parent, v, a, caller ? cw_measure_caller_interruptions(v) : cw_measure_interruptions(v), c);
}

/* ---- values in the file ---- */

static int validate_interruptions(const json_t *conf, struct cw_why *why)
{
	static const char *const who[] = {"agent", "caller", NULL};
	int err = cw_check_needs_limits(conf, why);

	return err ? err : cw_check_one_of(conf, "by", who, why);
}

static int validate_keep(const json_t *conf, struct cw_why *why)
{
	const json_t *gap = json_object_get(conf, "max_gap_ms");

	if (gap && (!json_is_number(gap) || json_number_value(gap) <= 0))
		return cw_why_set(why, EINVAL, "'max_gap_ms' must be a number above 0");
	return 0;
}

/* Whole calls only: what is measured has no turn of its own. */
#define CALL(name, about)                                                                                           \
	{                                                                                                           \
		name, about, CW_CHECK_CALL_ONLY, limit_keys, cw_check_needs_limits, run_call, NULL, CW_NEEDS_VOICE, \
			NULL                                                                                        \
	}

const struct cw_check_kind cw_checks_time[] = {
	{"response_ms",
		"agent's audible onset after the caller's last voiced sample (of the turn; under `assert`: the worst of all turns)",
		CW_CHECK_ANYWHERE, limit_keys, cw_check_needs_limits, run_response, "response", CW_NEEDS_VOICE, NULL},
	{"latency", "the answer comes within `threshold` milliseconds", CW_CHECK_ANYWHERE, latency_keys,
		validate_latency, run_latency, NULL, 0, NULL},
	{"barge_in_stop_ms", "caller's onset to the agent's last voiced sample", CW_CHECK_ANYWHERE, limit_keys,
		cw_check_needs_limits, run_response, "stop", CW_NEEDS_VOICE, "ears"},
	{"agent_keeps_talking", "a sound or backchannel of the caller does not stop the agent", CW_CHECK_TURN_ONLY,
		keep_keys, validate_keep, run_keeps_talking, NULL, CW_NEEDS_VOICE, "ears"},
	{"backchannel_ignored", "no sound or backchannel of the caller in the whole call stops the agent",
		CW_CHECK_CALL_ONLY, keep_keys, validate_keep, run_ignored, NULL, CW_NEEDS_VOICE, "ears"},
	CALL("first_word_ms", "answer to the agent's first audible speech"),
	CALL("dead_air_ms", "longest silence above 1.5 s of both while the agent owes words"),
	CALL("talk_ratio", "agent's share of all speech"),
	CALL("overlap_ms", "both speak"),
	{"interruptions",
		"turns of the caller the agent broke into (`by: caller`: turns of the agent the caller broke into)",
		CW_CHECK_CALL_ONLY, interruption_keys, validate_interruptions, run_interruptions, NULL, CW_NEEDS_VOICE,
		"ears"},
	{"duration_ms", "answer to end", CW_CHECK_CALL_ONLY, limit_keys, cw_check_needs_limits, run_call, NULL, 0,
		NULL},
	{0},
};
