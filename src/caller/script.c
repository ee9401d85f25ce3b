#include "caller/script.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "call/party.h"
#include "caller/rules.h"
#include "world/world.h"

#define POLL_US      40000   /* how often a running action without an end event is looked at */
#define SAME_TURN_US 2000000 /* a stretch of the agent's speech this long after the last one begins a new turn */
#define TEXT_MAX     2048
#define SPEECH_TRIES 3 /* a sentence of ours whose synthesis failed before anything was heard is said again */

enum phase {
	PHASE_DOWN,   /* not answered yet */
	PHASE_WAIT,   /* for the agent or for patience to end */
	PHASE_ARMED,  /* a step was chosen, its delay runs */
	PHASE_ACTING, /* speaking, pressing keys, being silent on purpose */
	PHASE_OVER,
};

struct cw_script_run {
	struct cw_world *world;
	struct cw_party *party;
	const struct cw_script *script;
	enum phase phase;
	struct cw_timer timer; /* delay of the armed step, or length of the action */
	struct cw_timer patience;

	struct cw_rules *rules;
	const struct cw_step *armed;
	const struct cw_step *acting; /* NULL while a reprompt is spoken */
	uint32_t utterance;           /* being spoken, 0 = none */
	const char *words;            /* of it */
	unsigned tries;
	unsigned reprompts; /* done */

	uint64_t answered_us;
	uint64_t step_end_us;  /* end of our last action */
	uint64_t spoke_end_us; /* end of our last words */
	bool agent_spoke;      /* ever */
	bool agent_last;       /* the agent had the last word: we owe */
	bool turn_open;        /* the agent is inside a turn */
	uint64_t turn_onset_us, stretch_onset_us, agent_last_us;
	bool unanswered;     /* text below was not answered yet */
	char text[TEXT_MAX]; /* the agent's last turn */

	struct cw_script_result result;
	void (*closed)(enum cw_end_reason reason, const char *detail, void *arg);
	void *arg;
};

const char *cw_act_name(enum cw_act a)
{
	static const char *const names[CW_ACT_N] = {"say", "dtmf", "silence", "noise", "hang_up"};

	CW_ASSERT(a < CW_ACT_N);
	return names[a];
}

const char *cw_when_name(enum cw_when w)
{
	static const char *const names[CW_WHEN_N] = {"agent_end", "agent_start", "answer", "turn", "during"};

	CW_ASSERT(w < CW_WHEN_N);
	return names[w];
}

const char *cw_script_end_name(enum cw_script_end e)
{
	static const char *const names[CW_SCRIPT_END_N] = {
		"running", "completed", "cut", "gave_up", "no_answer", "broken"};

	CW_ASSERT(e < CW_SCRIPT_END_N);
	return names[e];
}

static void wait_on(struct cw_script_run *r);
static void reconsider(struct cw_script_run *r);

static void end(struct cw_script_run *r, enum cw_script_end how, const char *reason)
{
	if (r->result.end != CW_SCRIPT_RUNNING)
		return;
	r->result.end = how;
	r->result.we_hung_up = true;
	(void)snprintf(r->result.reason, sizeof(r->result.reason), "%s", reason); /* cut short when too long */
	r->phase = PHASE_OVER;
	cw_timer_stop(&r->timer);
	cw_timer_stop(&r->patience);
}

static void end_and_hang_up(struct cw_script_run *r, enum cw_script_end how, const char *reason)
{
	end(r, how, reason);
	cw_party_hang_up(r->party, reason[0] ? reason : "script completed");
}

/* ---- acting ---- */

static void note(struct cw_script_run *r, const char *kind, int64_t index, const char *name, const char *action,
	const char *text)
{
	cw_party_note(r->party, CW_EV_NOTE, "{s:s, s:s, s:I, s:s, s:s, s:s, s:I}", "what", "step", "of", kind, "index",
		(json_int_t)index, "name", name ? name : "", "action", action, "text", text ? text : "", "utterance",
		(json_int_t)r->utterance);
}

static void note_step(struct cw_script_run *r, const struct cw_step *s)
{
	size_t index = 0;
	const char *kind = cw_rules_kind(r->rules, s, &index);

	note(r, kind, (int64_t)index, s->name, cw_act_name(s->act), s->text);
}

/* The action is over: the next fixed step may follow at once, be due to what the agent said meanwhile, or wait. */
static void acted(struct cw_script_run *r)
{
	const struct cw_step *s = r->acting;
	bool words = !s || s->act == CW_ACT_SAY || s->act == CW_ACT_DTMF;

	r->acting = NULL;
	r->utterance = 0;
	r->phase = PHASE_WAIT;
	r->step_end_us = cw_party_now(r->party);
	if (words) {
		r->agent_last = false;
		r->spoke_end_us = r->step_end_us;
	}
	cw_party_note(r->party, CW_EV_NOTE, "{s:s}", "what", "step_done");
	if (!words && r->unanswered && !r->turn_open)
		reconsider(r);
	else
		wait_on(r);
}

static void poll_action(void *arg)
{
	struct cw_script_run *r = arg;

	if (cw_party_speaking(r->party)) {
		cw_timer_start(&r->timer, POLL_US, poll_action, r);
		return;
	}
	acted(r);
}

static void silence_over(void *arg)
{
	acted(arg);
}

static void broken(struct cw_script_run *r, const char *what, int err)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "our own %s failed: %s", what, strerrorname_np(err)); /* fits */
	end(r, CW_SCRIPT_BROKEN, text);
	cw_party_drop(r->party, text);
}

static int say(struct cw_script_run *r, const char *text)
{
	r->words = text;
	r->tries = 1;
	return cw_party_say(r->party, text, &r->utterance);
}

/* Try the same words once more: true when they are on their way. */
static bool say_again(struct cw_script_run *r)
{
	uint32_t before = r->utterance;

	if (!r->words || r->tries >= SPEECH_TRIES || cw_party_say(r->party, r->words, &r->utterance))
		return false;
	r->tries++;
	cw_party_note(r->party, CW_EV_NOTE, "{s:s, s:I, s:I}", "what", "said_again", "before", (json_int_t)before,
		"utterance", (json_int_t)r->utterance);
	return true;
}

static int play_noise(struct cw_script_run *r, const struct cw_step *s)
{
	int16_t *pcm = NULL;
	size_t n = 0;
	int err = cw_noise_render(r, s->noise, s->ms, s->level_db, cw_rng(r->world), &pcm, &n);

	if (!err)
		err = cw_party_play(r->party, pcm, n, "", &r->utterance);
	(void)talloc_free(pcm);
	return err;
}

/* Carry out @s, chosen before. */
static void act(struct cw_script_run *r, const struct cw_step *s)
{
	int err = 0;

	r->phase = PHASE_ACTING;
	r->acting = s;
	r->armed = NULL;
	r->utterance = 0;
	cw_timer_stop(&r->patience);
	if (s->act == CW_ACT_SAY || s->act == CW_ACT_DTMF)
		r->unanswered = false;
	r->words = NULL;
	if (s->act == CW_ACT_SAY)
		err = say(r, s->text);
	else if (s->act == CW_ACT_NOISE)
		err = play_noise(r, s);
	else if (s->act == CW_ACT_DTMF)
		err = cw_party_dtmf(r->party, s->text);
	note_step(r, s);
	if (err) {
		broken(r, cw_act_name(s->act), err);
		return;
	}
	if (s->act == CW_ACT_DTMF) {
		cw_timer_start(&r->timer, POLL_US, poll_action, r);
	} else if (s->act == CW_ACT_SILENCE) {
		cw_timer_start(&r->timer, (uint64_t)s->ms * 1000, silence_over, r);
	} else if (s->act == CW_ACT_HANG_UP) {
		end(r, CW_SCRIPT_COMPLETED, "");
		cw_party_drop(r->party, "script hangs up");
	}
}

/* Words that are in no script: "Hello?", "Sorry?". */
static void say_extra(struct cw_script_run *r, const char *text, const char *kind)
{
	r->phase = PHASE_ACTING;
	r->acting = NULL;
	int err = say(r, text);

	note(r, kind, 0, NULL, "say", text);
	if (err)
		broken(r, "speech", err);
}

/* ---- choosing ---- */

static void fire(void *arg)
{
	struct cw_script_run *r = arg;
	const struct cw_step *s = r->armed;

	if (s->when == CW_WHEN_DURING && !cw_listener_speech(cw_party_listener(r->party))) {
		r->phase = PHASE_WAIT; /* it fell silent before: the next of its turns will do */
		r->armed = NULL;
		wait_on(r);
		return;
	}
	cw_rules_take(r->rules, s);
	act(r, s);
}

static void arm(struct cw_script_run *r, const struct cw_step *s, uint64_t from_us)
{
	uint64_t now = cw_party_now(r->party);
	uint64_t at = from_us + s->delay_us;

	r->phase = PHASE_ARMED;
	r->armed = s;
	cw_timer_stop(&r->patience);
	cw_timer_start(&r->timer, at > now ? at - now : 0, fire, r);
}

/* The agent's last turn may be answered now. */
static void reconsider(struct cw_script_run *r)
{
	const struct cw_step *s = cw_rules_choose(r->rules, r->text);

	if (s)
		arm(r, s, r->agent_last_us);
	else
		wait_on(r);
}

/* ---- patience ---- */

static void unanswerable(struct cw_script_run *r)
{
	char text[sizeof(r->result.reason)];

	(void)snprintf(text, sizeof(text), "both sides waited: nothing in the script fits the agent's words \"%.200s\"",
		r->text); /* cut short when too long */
	if (cw_rules_required_left(r->rules)) {
		end_and_hang_up(r, CW_SCRIPT_NO_ANSWER, text);
		return;
	}
	r->result.unanswered = cw_rules_reactive(r->rules);
	end_and_hang_up(r, CW_SCRIPT_COMPLETED, r->result.unanswered ? text : "");
}

static void speak_up(struct cw_script_run *r)
{
	char text[160];

	if (r->reprompts < r->script->reprompts) {
		r->reprompts++;
		say_extra(r, r->script->reprompt, "reprompt");
		return;
	}
	(void)snprintf(text, sizeof(text), "the agent was silent for %.1f s and through %u reprompts",
		(double)r->script->wait_us / 1e6, r->reprompts); /* fits */
	end_and_hang_up(r, CW_SCRIPT_GAVE_UP, text);
}

static void out_of_patience(void *arg)
{
	struct cw_script_run *r = arg;
	const struct cw_step *h = cw_rules_head(r->rules);

	if (r->phase != PHASE_WAIT)
		return;
	if (cw_listener_speech(cw_party_listener(r->party)) || cw_party_hearing(r->party)) {
		wait_on(r);
		return;
	}
	if (!r->agent_spoke && !r->spoke_end_us && h && h->when == CW_WHEN_AGENT_END && !h->match) {
		cw_rules_take(r->rules, h);
		act(r, h);
		return;
	}
	if (r->unanswered && !r->agent_last) { /* it had ended inside our own words: a person would now answer it */
		r->agent_last = true;
		reconsider(r);
		return;
	}
	if (!r->agent_last) {
		speak_up(r);
		return;
	}
	if (cw_rules_pardon_left(r->rules) && (cw_rules_reactive(r->rules) || cw_rules_required_left(r->rules))) {
		cw_rules_pardoned(r->rules);
		say_extra(r, r->script->pardon, "pardon");
		return;
	}
	unanswerable(r);
}

static uint64_t patience_us(const struct cw_script_run *r)
{
	const struct cw_script *s = r->script;

	if (!r->agent_spoke && !r->spoke_end_us)
		return s->greeting_us;
	if (!r->agent_last)
		return s->wait_us;
	if (!cw_rules_reactive(r->rules) && !cw_rules_required_left(r->rules))
		return s->linger_us;
	return cw_rules_pardon_left(r->rules) ? s->pardon_us : s->deadlock_us;
}

/* Nothing to do now: wait for the agent, but not for ever; a head that depends on our own clock is armed. */
static void wait_on(struct cw_script_run *r)
{
	const struct cw_step *h = cw_rules_head(r->rules);

	if (r->phase != PHASE_WAIT)
		return;
	if (h && h->when == CW_WHEN_TURN) {
		arm(r, h, r->step_end_us);
		return;
	}
	if (h && h->when == CW_WHEN_ANSWER) {
		arm(r, h, r->answered_us);
		return;
	}
	if (h && h->when == CW_WHEN_DURING && r->turn_open && cw_listener_speech(cw_party_listener(r->party))) {
		arm(r, h, r->turn_onset_us);
		return;
	}
	cw_timer_start(&r->patience, patience_us(r), out_of_patience, r);
}

/* ---- the mind ---- */

static void on_answered(void *mind, const struct cw_line_info *info)
{
	struct cw_script_run *r = mind;

	(void)info;
	r->phase = PHASE_WAIT;
	r->answered_us = r->step_end_us = cw_party_now(r->party);
	wait_on(r);
}

static void on_speech_started(void *mind, uint64_t onset_us)
{
	struct cw_script_run *r = mind;
	const struct cw_step *h = cw_rules_head(r->rules);

	if (!r->turn_open || onset_us > r->stretch_onset_us + SAME_TURN_US)
		r->turn_onset_us = onset_us;
	r->turn_open = true;
	r->stretch_onset_us = onset_us;
	r->agent_spoke = true;
	if (r->phase == PHASE_ARMED && r->armed->when == CW_WHEN_AGENT_END) { /* it goes on: let it finish */
		cw_timer_stop(&r->timer);
		r->armed = NULL;
		r->phase = PHASE_WAIT;
	}
	if (r->phase != PHASE_WAIT)
		return;
	if (h && h->when == CW_WHEN_AGENT_START)
		arm(r, h, onset_us);
	else if (h && h->when == CW_WHEN_DURING)
		arm(r, h, r->turn_onset_us);
	else
		wait_on(r);
}

static void on_turn_ended(void *mind, const struct cw_heard *heard)
{
	struct cw_script_run *r = mind;
	bool inside_ours = heard->last_us <= r->spoke_end_us;

	r->turn_open = false;
	r->agent_spoke = true;
	r->agent_last_us = heard->last_us;
	if (cw_rules_is_filler(r->rules, heard->text)) {
		wait_on(r);
		return;
	}
	(void)snprintf(
		r->text, sizeof(r->text), "%s", heard->text); /* cut short when too long: patterns look at what fits */
	r->unanswered = true;
	if (r->phase != PHASE_WAIT)
		return;
	if (inside_ours) {
		wait_on(r);
		return;
	}
	r->agent_last = true;
	reconsider(r);
}

static void on_backchannel(void *mind, const char *text)
{
	struct cw_script_run *r = mind;

	(void)text;
	r->turn_open = false;
}

static void on_spoke(void *mind, const struct cw_spoken *s)
{
	struct cw_script_run *r = mind;

	if (r->phase != PHASE_ACTING || !r->utterance || s->utterance != r->utterance)
		return;
	if (s->err && s->started_us == s->ended_us && say_again(r))
		return;
	if (s->err)
		broken(r, "speech", s->err);
	else
		acted(r);
}

static void on_closed(void *mind, enum cw_end_reason reason, const char *detail)
{
	struct cw_script_run *r = mind;

	cw_timer_stop(&r->timer);
	cw_timer_stop(&r->patience);
	r->phase = PHASE_OVER;
	if (r->result.end == CW_SCRIPT_RUNNING) {
		bool left = cw_rules_required_left(r->rules) || (r->acting && r->acting->act == CW_ACT_SAY && !r->acting->optional);

		r->result.end = left ? CW_SCRIPT_CUT : CW_SCRIPT_COMPLETED;
	}
	r->result.steps_played = cw_rules_played(r->rules);
	if (r->closed)
		r->closed(reason, detail, r->arg);
}

const struct cw_mind_ops cw_script_mind = {
	.name = "script",
	.answered = on_answered,
	.speech_started = on_speech_started,
	.turn_ended = on_turn_ended,
	.backchannel = on_backchannel,
	.spoke = on_spoke,
	.closed = on_closed,
};

/* ---- life ---- */

static int run_end(struct cw_script_run *r)
{
	cw_timer_stop(&r->timer);
	cw_timer_stop(&r->patience);
	return 0;
}

int cw_script_new(void *parent, struct cw_world *w, const struct cw_script_conf *conf, struct cw_script_run **ret)
{
	CW_SCOPED struct cw_script_run *r = talloc_zero(NULL, struct cw_script_run);

	if (!r)
		return ENOMEM;
	r->world = w;
	r->script = conf->script;

	int err = cw_rules_new(r, conf->script, conf->language, conf->seed, &r->rules);
	if (err)
		return err;
	cw_timer_init(&r->timer, w);
	cw_timer_init(&r->patience, w);
	talloc_set_destructor(r, run_end);
	*ret = talloc_move(parent, &r);
	return 0;
}

void cw_script_bind(struct cw_script_run *r, struct cw_party *party)
{
	r->party = party;
}

void cw_script_on_closed(
	struct cw_script_run *r, void (*closed)(enum cw_end_reason reason, const char *detail, void *arg), void *arg)
{
	r->closed = closed;
	r->arg = arg;
}

const struct cw_script_result *cw_script_result(const struct cw_script_run *r)
{
	return &r->result;
}
