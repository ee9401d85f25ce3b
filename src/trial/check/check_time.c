/* Assertions on numbers: times, ratios, counts. */
#include <errno.h>
#include <string.h>

#include "trial/check/check_int.h"

static const char *const limit_keys[] = {"max", "min", NULL};
static const char *const wer_keys[] = {"max", "min", "of", NULL};
static const char *const keep_keys[] = {"max_gap_ms", NULL};

#define KEEP_GAP_MS 1500.0

static const char *unit(const char *name)
{
	return strstr(name, "_ms") ? " ms" : "";
}

static int describe(void *parent, const struct cw_assert *a, struct cw_check *c)
{
	const json_t *max = json_object_get(a->conf, "max"), *min = json_object_get(a->conf, "min");
	const char *u = unit(a->kind->name);

	if (max && min)
		return cw_check_say(
			parent, &c->expected, "from %g to %g%s", json_number_value(min), json_number_value(max), u);
	return max ? cw_check_say(parent, &c->expected, "at most %g%s", json_number_value(max), u)
		   : cw_check_say(parent, &c->expected, "at least %g%s", json_number_value(min), u);
}

static bool within(const struct cw_assert *a, double v)
{
	return v <= cw_json_num(a->conf, "max", 1e18) && v >= cw_json_num(a->conf, "min", -1e18);
}

static int settle(
	void *parent, const struct cw_view *v, const struct cw_assert *a, struct cw_value x, struct cw_check *c)
{
	int err = describe(parent, a, c);

	if (err)
		return err;
	c->decided_by = v->from_samples ? "samples" : "frames";
	c->at_us = x.at_us;
	if (x.known) {
		c->status = within(a, x.v) ? CW_CHECK_PASS : CW_CHECK_FAIL;
		if (c->status == CW_CHECK_FAIL)
			c->reason = x.v > cw_json_num(a->conf, "max", 1e18) ? "too much" : "too little";
		return cw_check_say(parent, &c->got, "%.10g%s", x.v, unit(a->kind->name));
	}
	c->got = "null";
	c->reason = x.reason;
	c->status = x.agent_absent ? CW_CHECK_FAIL : CW_CHECK_ERROR;
	return 0;
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
		if (ret.known && !within(a, ret.v))
			break;
		if (!ret.known || x.v > ret.v || !within(a, x.v))
			ret = x;
	}
	return ret;
}

static int run_response(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	play_fn *fn = !strcmp(a->kind->param, "response") ? cw_measure_response_ms : cw_measure_barge_in_stop_ms;

	return settle(parent, v, a, play == CW_PLAY_NONE ? worst(v, a, fn) : fn(v, play), c);
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
		{"interruptions", cw_measure_interruptions},
		{"duration_ms", cw_measure_duration_ms},
	};

	for (size_t i = 0; i < CW_COUNT(of); i++)
		if (!strcmp(of[i].name, a->kind->name))
			return settle(parent, v, a, of[i].fn(v), c);
	CW_ASSERT(!"every name of the table is listed above");
	return EINVAL;
}

static int run_wer(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool agent_ear = !strcmp(cw_json_str(a->conf, "of", "agent_ear"), "agent_ear");
	int err = settle(parent, v, a, cw_measure_wer(v, agent_ear), c);

	c->decided_by = agent_ear ? "agent_timeline" : "caller_ear";
	return err;
}

/* ---- values in the file ---- */

static int validate_wer(const json_t *conf, struct cw_why *why)
{
	const char *of = cw_json_str(conf, "of", "agent_ear");

	if (strcmp(of, "agent_ear") && strcmp(of, "caller_ear"))
		return cw_why_set(
			why, EINVAL, "'of' must be agent_ear (what the agent understood of us) or caller_ear");
	return cw_check_needs_limits(conf, why);
}

static int validate_keep(const json_t *conf, struct cw_why *why)
{
	const json_t *gap = json_object_get(conf, "max_gap_ms");

	if (gap && (!json_is_number(gap) || json_number_value(gap) <= 0))
		return cw_why_set(why, EINVAL, "'max_gap_ms' must be a number above 0");
	return 0;
}

const struct cw_check_kind cw_checks_time[] = {
	{"response_ms",
		"agent's audible onset after the caller's last voiced sample (of the turn; under `assert`: the worst of all turns)",
		CW_CHECK_ANYWHERE, limit_keys, cw_check_needs_limits, run_response, "response"},
	{"barge_in_stop_ms", "caller's onset to the agent's last voiced sample", CW_CHECK_ANYWHERE, limit_keys,
		cw_check_needs_limits, run_response, "stop"},
	{"agent_keeps_talking", "a sound or backchannel of the caller does not stop the agent", CW_CHECK_TURN_ONLY,
		keep_keys, validate_keep, run_keeps_talking, NULL},
	{"first_word_ms", "answer to the agent's first audible speech", CW_CHECK_CALL_ONLY, limit_keys,
		cw_check_needs_limits, run_call, NULL},
	{"dead_air_ms", "longest silence above 1.5 s of both while the agent owes words", CW_CHECK_CALL_ONLY,
		limit_keys, cw_check_needs_limits, run_call, NULL},
	{"talk_ratio", "agent's share of all speech", CW_CHECK_CALL_ONLY, limit_keys, cw_check_needs_limits, run_call,
		NULL},
	{"overlap_ms", "both speak", CW_CHECK_CALL_ONLY, limit_keys, cw_check_needs_limits, run_call, NULL},
	{"interruptions", "agent onsets more than 200 ms inside the caller's words", CW_CHECK_CALL_ONLY, limit_keys,
		cw_check_needs_limits, run_call, NULL},
	{"duration_ms", "answer to end", CW_CHECK_CALL_ONLY, limit_keys, cw_check_needs_limits, run_call, NULL},
	{"wer", "word error rate of the agent's ear (or, of: caller_ear, of ours)", CW_CHECK_CALL_ONLY, wer_keys,
		validate_wer, run_wer, NULL},
	{0},
};
