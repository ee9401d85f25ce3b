#include "caller/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "call/party.h"
#include "caller/backdrop.h"
#include "caller/rails.h"
#include "caller/rules.h"
#include "caller/say.h"
#include "world/world.h"

#define POLL_US      40000   /* how often a running action without an end event is looked at */
#define SAME_TURN_US 2000000 /* a stretch of the agent's speech this long after the last one begins a new turn */
#define TEXT_MAX     2048
#define CUT_POLL_US  5000 /* how often it is looked whether a sentence that will be broken off has begun */
#define SPEECH_TRIES 3    /* a sentence of ours whose synthesis failed before anything was heard is said again */

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
	struct cw_str rest;           /* of the sentence, behind a pause */
	unsigned pause_ms;            /* before it */
	char *piece;                  /* words between pauses */
	struct cw_backdrop *backdrop;
	unsigned tries;
	unsigned reprompts; /* done */

	uint64_t answered_us;
	uint64_t step_end_us;  /* end of our last action */
	uint64_t spoke_end_us; /* end of our last words */
	bool agent_spoke;      /* ever */
	bool agent_last;       /* the agent had the last word: we owe */
	bool turn_open;        /* the agent is inside a turn */
	bool reacting;         /* the persona may do something inside it */
	uint64_t turn_onset_us, stretch_onset_us, agent_last_us;
	bool unanswered;     /* text below was not answered yet */
	char text[TEXT_MAX]; /* the agent's last turn */
	char *partial;       /* of the open one */

	struct cw_script_result result;
	void (*closed)(enum cw_end_reason reason, const char *detail, void *arg);
	void *arg;
};

const char *cw_act_name(enum cw_act a)
{
	static const char *const names[CW_ACT_N] = {
		"say", "dtmf", "silence", "noise", "hang_up", "aside", "tv", "echo", "play"};

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
		"running", "completed", "cut", "gave_up", "no_answer", "broken", "missed"};

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

static bool makes_words(const struct cw_step *s)
{
	return s->act == CW_ACT_SAY || s->act == CW_ACT_DTMF || s->act == CW_ACT_PLAY;
}

/* The action is over: the next fixed step may follow at once, be due to what the agent said meanwhile, or wait. */
static void acted(struct cw_script_run *r)
{
	const struct cw_step *s = r->acting;
	bool words = !s || makes_words(s);

	if (s && s->act == CW_ACT_ASIDE && r->backdrop)
		cw_backdrop_level(r->backdrop, 0);
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

/* The next words of a sentence with pauses. */
static int say_piece(struct cw_script_run *r)
{
	struct cw_str words = {0};

	r->pause_ms = 0;
	while (!words.len && cw_say_next(&r->rest, &words, &r->pause_ms))
		continue;
	TALLOC_FREE(r->piece);
	r->piece = cw_str_dup(r, words);
	if (!r->piece)
		return ENOMEM;
	r->words = r->piece;
	r->tries = 1;
	return cw_party_say(r->party, r->piece, &r->utterance);
}

static int say(struct cw_script_run *r, const char *text)
{
	r->rest = (struct cw_str){0};
	if (strstr(text, "<pause ")) {
		r->rest = cw_str(text);
		return say_piece(r);
	}
	r->words = text;
	r->tries = 1;
	return cw_party_say(r->party, text, &r->utterance);
}

static void pause_over(void *arg)
{
	struct cw_script_run *r = arg;
	int err = say_piece(r);

	if (err) {
		broken(r, "speech", err);
		return;
	}
	cw_party_note(r->party, CW_EV_NOTE, "{s:s, s:I}", "what", "part", "utterance", (json_int_t)r->utterance);
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

static int start_backdrop(struct cw_script_run *r, const struct cw_step *s)
{
	double level_db = s->level_db < 0          ? s->level_db
			  : s->act == CW_ACT_ASIDE ? -15
			  : s->act == CW_ACT_ECHO  ? -20
						   : -30;

	if (!r->backdrop)
		return ENOTSUP;
	if (s->act == CW_ACT_TV)
		return cw_backdrop_tv(r->backdrop, s->ms, level_db, cw_rng(r->world));
	if (s->act == CW_ACT_ECHO)
		return cw_backdrop_echo(r->backdrop, s->ms, s->echo_ms ? s->echo_ms : 120, level_db);
	cw_backdrop_level(r->backdrop, level_db);
	return say(r, s->text);
}

static int begin(struct cw_script_run *r, const struct cw_step *s)
{
	switch (s->act) {
	case CW_ACT_SAY:
		return say(r, s->text);
	case CW_ACT_DTMF:
		return cw_party_dtmf(r->party, s->text);
	case CW_ACT_NOISE:
		return play_noise(r, s);
	case CW_ACT_PLAY:
		return cw_party_play(r->party, s->pcm, s->pcm_n, s->text, &r->utterance);
	case CW_ACT_HANG_UP:
		return s->text ? say(r, s->text) : 0;
	case CW_ACT_ASIDE:
	case CW_ACT_TV:
	case CW_ACT_ECHO:
		return start_backdrop(r, s);
	default:
		return 0;
	}
}

static void hang_up_now(struct cw_script_run *r)
{
	const char *reason = "";
	size_t index;
	bool scripted = strcmp(cw_rules_kind(r->rules, r->acting, &index), "goal") != 0;
	enum cw_script_end how = cw_rules_outcome(r->rules, &reason);

	r->acting = NULL; /* what is being said was meant to be cut */
	end(r, scripted ? CW_SCRIPT_COMPLETED : how, scripted ? "" : reason);
	cw_party_drop(r->party, "script hangs up");
}

/* Hang up so long after our words became audible. */
static void poll_cut(void *arg)
{
	struct cw_script_run *r = arg;
	uint64_t at_us, now = cw_party_now(r->party);

	if (!cw_speaker_started(cw_party_speaker(r->party), r->utterance, &at_us)) {
		cw_timer_start(&r->timer, CUT_POLL_US, poll_cut, r);
		return;
	}
	at_us += (uint64_t)r->acting->ms * 1000;
	if (at_us <= now)
		hang_up_now(r);
	else
		cw_timer_start(&r->timer, at_us - now, poll_cut, r);
}

/* How the end of an action is noticed that does not end in spoke(). */
static void await_end(struct cw_script_run *r, const struct cw_step *s)
{
	switch (s->act) {
	case CW_ACT_DTMF:
		cw_timer_start(&r->timer, POLL_US, poll_action, r);
		break;
	case CW_ACT_SILENCE:
		cw_timer_start(&r->timer, (uint64_t)s->ms * 1000, silence_over, r);
		break;
	case CW_ACT_HANG_UP:
		if (s->text)
			cw_timer_start(&r->timer, CUT_POLL_US, poll_cut, r);
		else
			hang_up_now(r);
		break;
	case CW_ACT_TV:
	case CW_ACT_ECHO:
		acted(r);
		break;
	default:
		break;
	}
}

/* Carry out @s, chosen before. */
static void act(struct cw_script_run *r, const struct cw_step *s)
{
	r->phase = PHASE_ACTING;
	r->acting = s;
	r->armed = NULL;
	r->utterance = 0;
	cw_timer_stop(&r->patience);
	if (makes_words(s))
		r->unanswered = false;
	r->words = NULL;

	int err = begin(r, s);

	note_step(r, s);
	if (err)
		broken(r, cw_act_name(s->act), err);
	else
		await_end(r, s);
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
	if (cw_rules_is_reaction(r->rules, s))
		r->reacting = true;
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

	const char *reason = "";
	enum cw_script_end how = cw_rules_outcome(r->rules, &reason);

	r->result.unanswered = how == CW_SCRIPT_COMPLETED && cw_rules_reactive(r->rules);
	end_and_hang_up(r, how, r->result.unanswered ? text : reason);
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

/* A caller with a goal took its leave: whatever the agent does now, that was it. */
static bool took_leave(const struct cw_script_run *r)
{
	struct cw_rails *rails = cw_rules_rails(r->rules);

	return rails && cw_rails_done(rails) && !cw_rules_required_left(r->rules);
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
	if (!r->agent_last && !took_leave(r)) {
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
	if (took_leave(r))
		return s->linger_us;
	if (!r->agent_last)
		return s->wait_us;
	if (!cw_rules_reactive(r->rules) && !cw_rules_required_left(r->rules))
		return s->linger_us;
	return cw_rules_pardon_left(r->rules) ? s->pardon_us : s->deadlock_us;
}

/* What the persona does inside the agent's turn, which has begun or in which its last act has just ended. */
static bool react(struct cw_script_run *r)
{
	uint64_t inside;

	if (!r->reacting || !r->turn_open || !cw_listener_speech(cw_party_listener(r->party)))
		return false;
	r->reacting = false;
	inside = r->step_end_us > r->turn_onset_us ? r->step_end_us - r->turn_onset_us : 0;

	const struct cw_step *s = cw_rules_react(r->rules, inside);

	if (s)
		arm(r, s, r->turn_onset_us);
	return s != NULL;
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
	if (react(r))
		return;
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

	if (!r->turn_open || onset_us > r->stretch_onset_us + SAME_TURN_US) {
		r->turn_onset_us = onset_us;
		r->reacting = true;
	}
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
	TALLOC_FREE(r->partial);
	cw_rules_heard(r->rules, heard->text);
	if (r->phase == PHASE_ARMED && cw_rules_is_reaction(r->rules, r->armed)) { /* it came too late */
		cw_timer_stop(&r->timer);
		r->armed = NULL;
		r->phase = PHASE_WAIT;
	}
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

static void on_partial(void *mind, const char *text)
{
	struct cw_script_run *r = mind;

	if (!r->script->goal)
		return;
	(void)talloc_free(r->partial);
	r->partial = talloc_strdup(r, text); /* without memory: what was heard last is not looked at */
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
	else if (r->rest.len)
		cw_timer_start(&r->timer, (uint64_t)r->pause_ms * 1000, pause_over, r);
	else if (r->acting && r->acting->act == CW_ACT_HANG_UP)
		hang_up_now(r);
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
		const char *why = "";

		cw_rules_heard(r->rules, r->partial);
		r->result.end = cw_rules_outcome(r->rules, &why);
		if (r->acting && makes_words(r->acting) && r->acting->act != CW_ACT_DTMF && !r->acting->optional)
			r->result.end = CW_SCRIPT_CUT;
		(void)snprintf(r->result.reason, sizeof(r->result.reason), "%s", why); /* fits */
	}
	r->result.steps_played = cw_rules_played(r->rules);
	if (r->closed)
		r->closed(reason, detail, r->arg);
}

const struct cw_mind_ops cw_script_mind = {
	.name = "script",
	.answered = on_answered,
	.speech_started = on_speech_started,
	.partial = on_partial,
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
	r->backdrop = conf->backdrop;

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
