#include "caller/typist.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "call/timeline.h"
#include "caller/rules.h"
#include "world/world.h"

#define TURNS_MAX 500 /* a script whose answers fit for ever ends here */

struct cw_typist {
	struct cw_world *world;
	struct cw_typist_conf conf;
	struct cw_rules *rules;
	struct cw_chat *chat;
	struct cw_timer begin;
	struct cw_script_result result;
	bool asked; /* the agent's last words ended in a question */
	bool over;
	uint32_t turns;      /* of ours */
	unsigned reprompts;  /* done */
	uint64_t said_us;    /* our last words */
	uint64_t replied_us; /* the agent's last words */
};

static uint64_t now_us(const struct cw_typist *t)
{
	return cw_now(t->world) - t->conf.epoch_us;
}

static void note(struct cw_typist *t, uint64_t at, enum cw_side side, enum cw_event_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_timeline_vadd(t->conf.timeline, at, side, kind, fmt, ap);
	va_end(ap);
}

/* ---- the end ---- */

static void close_with(struct cw_typist *t, enum cw_end_reason reason, const char *detail, const struct cw_why *why)
{
	if (t->over)
		return;
	t->over = true;
	cw_timer_stop(&t->begin);
	t->result.steps_played = cw_rules_played(t->rules);
	note(t, now_us(t), CW_SIDE_CALLER, CW_EV_HUNG_UP, "{s:s, s:s, s:s}", "by",
		reason == CW_END_LOCAL ? "caller" : "line", "reason", cw_end_reason_name(reason), "detail", detail);
	t->conf.closed(reason, why, t->conf.arg); /* the typist may be gone now */
}

static void finish(struct cw_typist *t, enum cw_script_end end, const char *reason)
{
	t->result.end = end;
	t->result.we_hung_up = true;
	(void)snprintf(
		t->result.reason, sizeof(t->result.reason), "%s", reason ? reason : ""); /* cut short when too long */
	close_with(t, CW_END_LOCAL, reason && reason[0] ? reason : "script completed", NULL);
}

static void lost(struct cw_typist *t, const struct cw_why *why)
{
	bool unreachable = why->err == ECONNREFUSED || why->err == EHOSTUNREACH;

	t->result.end = CW_SCRIPT_CUT;
	close_with(t,
		unreachable             ? CW_END_UNREACHABLE
		: why->err == ETIMEDOUT ? CW_END_TIMEOUT
					: CW_END_LOST,
		why->text, why);
}

/* ---- our words ---- */

static void say(struct cw_typist *t, const char *kind, size_t index, const char *name, const char *words)
{
	uint64_t at = now_us(t);
	int err;

	if (++t->turns > TURNS_MAX) {
		finish(t, CW_SCRIPT_GAVE_UP, "the conversation did not come to an end in 500 turns");
		return;
	}
	at = at > t->replied_us ? at : t->replied_us + 1; /* after what it answers */
	note(t, at, CW_SIDE_CALLER, CW_EV_NOTE, "{s:s, s:s, s:I, s:s, s:s, s:s, s:I}", "what", "step", "of", kind,
		"index", (json_int_t)index, "name", name ? name : "", "action", "say", "text", words, "utterance",
		(json_int_t)t->turns);
	note(t, at, CW_SIDE_CALLER, CW_EV_SAY, "{s:I, s:s, s:s}", "utterance", (json_int_t)t->turns, "text", words,
		"how", "text");
	note(t, at, CW_SIDE_CALLER, CW_EV_SPOKE, "{s:I, s:s, s:s, s:b, s:I, s:I}", "utterance", (json_int_t)t->turns,
		"heard", words, "unheard", "", "cut", 0, "started_us", (json_int_t)at, "ended_us", (json_int_t)at);
	t->said_us = at;
	err = cw_chat_say(t->chat, words);
	if (err) {
		struct cw_why why = {0};

		(void)cw_why_set(&why, err, "our request could not be sent: %s", strerror(err));
		lost(t, &why);
	}
}

/* "One moment, please": nothing more comes by itself, so a person would ask again. */
static void nudge(struct cw_typist *t)
{
	const struct cw_script *s = t->conf.script;

	if (t->reprompts++ < s->reprompts && cw_rules_required_left(t->rules))
		say(t, "reprompt", 0, NULL, s->reprompt);
	else if (cw_rules_required_left(t->rules))
		finish(t, CW_SCRIPT_NO_ANSWER, "the agent only asked to wait");
	else
		finish(t, CW_SCRIPT_COMPLETED, "");
}

static void go_on(struct cw_typist *t, const char *agent)
{
	struct cw_next_action a;

	cw_rules_answer(t->rules, agent, &a);
	switch (a.next) {
	case CW_NEXT_STEP:
		if (a.step->act == CW_ACT_HANG_UP)
			finish(t, CW_SCRIPT_COMPLETED, "script hangs up");
		else
			say(t, a.kind, a.index, a.step->name, a.words);
		break;
	case CW_NEXT_PARDON:
		say(t, "pardon", 0, NULL, a.words);
		break;
	case CW_NEXT_WAIT:
		nudge(t);
		break;
	case CW_NEXT_COMPLETED:
		t->result.unanswered = t->asked && t->conf.script->n_answers > 0;
		finish(t, CW_SCRIPT_COMPLETED,
			t->result.unanswered ? "nothing in the script fits the agent's last question" : "");
		break;
	case CW_NEXT_NO_ANSWER:
		finish(t, CW_SCRIPT_NO_ANSWER, a.reason);
		break;
	case CW_NEXT_GAVE_UP:
		finish(t, CW_SCRIPT_GAVE_UP, a.reason);
		break;
	}
}

/* ---- the agent's words ---- */

static void note_reply(struct cw_typist *t, const struct cw_chat_reply *r, uint64_t onset, uint64_t last)
{
	json_t *told = json_pack("{s:s, s:I}", "what", "chat.reply", "latency_us", (json_int_t)(last - t->said_us));

	if (told && r->finish_reason)
		(void)json_object_set_new(told, "finish_reason", json_string(r->finish_reason));
	if (told && r->prompt_tokens >= 0)
		(void)json_object_set_new(told, "prompt_tokens", json_integer(r->prompt_tokens));
	if (told && r->completion_tokens >= 0)
		(void)json_object_set_new(told, "completion_tokens", json_integer(r->completion_tokens));
	if (told && r->tool_calls)
		(void)json_object_set_new(
			told, "tool_calls", json_deep_copy(r->tool_calls)); /* without memory: not told */
	if (told)
		cw_timeline_add_json(t->conf.timeline, last, CW_SIDE_LINE, CW_EV_LINE_NOTE, told);
	note(t, last, CW_SIDE_AGENT, CW_EV_TURN_ENDED, "{s:s, s:f, s:I, s:I, s:I}", "text", r->text, "confidence", 1.0,
		"onset_us", (json_int_t)onset, "last_us", (json_int_t)last, "delay_us", (json_int_t)0);
}

static void on_reply(const struct cw_chat_reply *r, void *arg)
{
	struct cw_typist *t = arg;
	uint64_t last = r->last_us - t->conf.epoch_us, onset = r->first_us - t->conf.epoch_us;
	size_t n = strlen(r->text);

	last = last > t->said_us ? last : t->said_us + 1; /* in a world whose clock stood still */
	onset = onset > t->said_us && onset <= last ? onset : last;
	while (n && strchr(" \n\r\t\"'", r->text[n - 1]))
		n--;
	t->asked = n && r->text[n - 1] == '?';
	t->replied_us = last;
	note_reply(t, r, onset, last);
	go_on(t, r->text);
}

static void on_failed(const struct cw_why *why, void *arg)
{
	lost(arg, why);
}

/* ---- life ---- */

static void on_begin(void *arg)
{
	struct cw_typist *t = arg;

	note(t, now_us(t), CW_SIDE_CALLER, CW_EV_ANSWERED, "{s:s}", "stream_id", t->conf.conversation_id);
	go_on(t, NULL);
}

int cw_typist_check(const struct cw_script *s, struct cw_why *why)
{
	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i].act == CW_ACT_DTMF)
			return cw_why_set(why, EINVAL,
				"turn %zu presses keys, and a chat target has none: call the agent over a line", i + 1);
	return 0;
}

static int typist_end(struct cw_typist *t)
{
	cw_timer_stop(&t->begin);
	return 0;
}

int cw_typist_open(
	void *parent, struct cw_world *w, const struct cw_typist_conf *conf, struct cw_typist **ret, struct cw_why *why)
{
	static const struct cw_chat_events events = {.reply = on_reply, .failed = on_failed};
	CW_SCOPED struct cw_typist *t = talloc_zero(NULL, struct cw_typist);
	const struct cw_chat_conf cc = {.target = conf->chat,
		.conversation_id = conf->conversation_id,
		.api_key = conf->api_key,
		.timeout_us = conf->timeout_us};
	int err;

	if (!t)
		return ENOMEM;
	t->world = w;
	t->conf = *conf;
	cw_timer_init(&t->begin, w);
	talloc_set_destructor(t, typist_end);
	err = cw_rules_new(t, conf->script, conf->language, conf->seed, &t->rules);
	if (!err)
		err = cw_chat_open(t, w, &cc, &events, t, &t->chat, why);
	if (err)
		return err;
	cw_timer_start(&t->begin, 0, on_begin, t);
	*ret = talloc_move(parent, &t);
	return 0;
}

const struct cw_script_result *cw_typist_result(const struct cw_typist *t)
{
	return &t->result;
}

void cw_typist_drop(struct cw_typist *t, const char *reason)
{
	bool left = cw_rules_required_left(t->rules);

	if (t->over)
		return;
	t->result.end = left ? CW_SCRIPT_CUT : CW_SCRIPT_COMPLETED;
	t->result.we_hung_up = true;
	TALLOC_FREE(t->chat);
	close_with(t, CW_END_LOCAL, reason, NULL);
}
