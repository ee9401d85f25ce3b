/* An agent's mind: events of a party into the dialogue, its moves back into the party. */
#include <errno.h>

#include "agent/agent_int.h"
#include "agent/dialogue.h"
#include "agent/tools.h"
#include "base/mem.h"
#include "world/world.h"

#define DTMF_PAUSE_US 3000000
#define LINGER_US     1000000  /* after the last word: nobody likes to be cut off, and the far end's buffers run dry */
#define LAST_WORDS_US 25000000 /* for the last utterance, at most */
#define LAST_TRIES    3        /* times the last words are begun again after somebody spoke over them */
#define SPEECH_TRIES  3        /* attempts to say something before the apology that needs no engine */

struct cw_mind {
	struct cw_agent_call *call;
	struct cw_party *party;
	char *call_id;
	struct cw_tool_run *run;
	const char *running; /* tool's name while one runs */
	uint64_t run_start_us;
	struct cw_timer dtmf_pause;
	char *saying; /* the utterance said last, for another attempt */
	uint32_t utterance;
	bool talking;            /* it was said and is not over */
	const char *hang_up_why; /* the call is to end when it is over */
	struct cw_timer hang_up;
	unsigned failures; /* of synthesis, in a row */
	bool broken;       /* only the apology is left */
	bool over_us;      /* the open turn began before our words were out */
	bool cut_off;      /* … and cut them: it is not over */
	char *unsaid;      /* of the last words of the call, from the sentence in which they were cut */
	unsigned last_tries;
};

static void perform(struct cw_mind *m);

/* ---- saying ---- */

static bool play_apology(struct cw_mind *m)
{
	const struct cw_spare_audio *s = &m->call->agent->spares[CW_SPARE_APOLOGY];

	return s->pcm && cw_party_play(m->party, s->pcm, s->n, s->text, NULL) == 0;
}

/* Every engine is dead: what was rendered in advance, and the end. */
static void apologise(struct cw_mind *m, const char *why)
{
	if (m->broken)
		return;
	m->broken = true;
	cw_timer_stop(&m->hang_up);
	if (play_apology(m))
		cw_party_hang_up(m->party, why);
	else
		cw_party_drop(m->party, why);
}

static void say(struct cw_mind *m, const char *text)
{
	char *saying = talloc_strdup(m, text);

	talloc_free(m->saying);
	m->saying = saying;
	m->talking = true;
	if (!m->broken && (!saying || cw_party_say(m->party, text, &m->utterance) != 0))
		apologise(m, "nothing can be said");
}

static void say_again(struct cw_mind *m, const struct cw_spoken *s)
{
	char *rest = talloc_strdup(m, s->unheard && *s->unheard ? s->unheard : m->saying ? m->saying : "");

	if (rest && *rest)
		say(m, rest);
	talloc_free(rest);
}

static void on_hang_up(void *arg)
{
	struct cw_mind *m = arg;

	cw_party_hang_up(m->party, m->hang_up_why);
}

static void hang_up_after_words(struct cw_mind *m, const char *why)
{
	m->hang_up_why = why;
	cw_timer_start(&m->hang_up, m->talking ? LAST_WORDS_US : LINGER_US, on_hang_up, m);
}

/* A number cut in two is of no use: from the beginning of the sentence. */
static const char *sentence_at(const char *text, size_t heard_len)
{
	size_t from = 0;

	for (size_t i = 0; i < heard_len && text[i]; i++)
		if (strchr(".!?", text[i]) && text[i + 1] == ' ')
			from = i + 2;
	return text + from;
}

/* The call does not end on half a sentence: the caller's turn is let pass, then we say the rest. */
static void say_unsaid(struct cw_mind *m)
{
	char *rest = m->unsaid;

	if (!rest || m->cut_off)
		return;
	m->unsaid = NULL;
	say(m, rest);
	talloc_free(rest);
	cw_timer_start(&m->hang_up, LAST_WORDS_US, on_hang_up, m);
}

static bool cut_at_the_end(struct cw_mind *m, const struct cw_spoken *s)
{
	if (!s->cut || !m->hang_up_why || m->broken || !m->saying || !s->unheard || !*s->unheard)
		return false;
	if (m->last_tries++ >= LAST_TRIES)
		return false;
	talloc_free(m->unsaid);
	m->unsaid = talloc_strdup(m, sentence_at(m->saying, strlen(s->heard ? s->heard : "")));
	cw_timer_start(&m->hang_up, LAST_WORDS_US, on_hang_up, m);
	m->talking = false;
	say_unsaid(m);
	return true;
}

static void on_spoke(void *mind, const struct cw_spoken *s)
{
	struct cw_mind *m = mind;

	if (s->utterance != m->utterance || s->urgent || cut_at_the_end(m, s))
		return;
	if (!s->err || s->cut) {
		m->failures = 0;
		m->talking = false;
		if (m->hang_up_why)
			cw_timer_start(&m->hang_up, LINGER_US, on_hang_up, m);
		return;
	}
	if (++m->failures >= SPEECH_TRIES)
		apologise(m, "speech synthesis failed");
	else
		say_again(m, s);
}

/* ---- tools ---- */

static void on_tool_answer(const struct cw_tool_answer *answer, const char *error, void *arg)
{
	struct cw_mind *m = arg;
	uint64_t took_us = cw_party_now(m->party) - m->run_start_us;
	const char *name = m->running;
	struct cw_tool_answer copy = *answer;
	struct cw_tool_run *run = m->run;

	m->run = NULL;
	m->running = NULL;
	if (error)
		cw_party_note(m->party, CW_EV_TOOL_RESULT, "{s:s, s:s, s:I}", "name", name, "error", error, "took_us",
			(json_int_t)took_us);
	else if (copy.confirmation && *copy.confirmation)
		cw_party_note(m->party, CW_EV_TOOL_RESULT, "{s:s, s:{s:s, s:s}, s:I}", "name", name, "result",
			"outcome", copy.outcome, "confirmation", copy.confirmation, "took_us", (json_int_t)took_us);
	else
		cw_party_note(m->party, CW_EV_TOOL_RESULT, "{s:s, s:{s:s, s:i}, s:I}", "name", name, "result",
			"outcome", copy.outcome, "slots", (int)copy.n_slots, "took_us", (json_int_t)took_us);

	int err = cw_dialogue_tool(m->call->dialogue, &copy);

	talloc_free(run); /* its answer was taken over */
	if (err)
		apologise(m, "out of memory");
	else
		perform(m);
}

static int start_tool(struct cw_mind *m, const struct cw_move *move)
{
	const struct cw_agent *a = m->call->agent;
	struct cw_tool_conf conf = {
		.db = a->db,
		.utc_offset_min = a->file->utc_offset_min,
		.call_id = m->call_id,
		.policy = &a->file->tools[move->tool],
	};

	talloc_free(m->run);
	m->run = NULL;
	m->running = cw_tool_names[move->tool];
	m->run_start_us = cw_party_now(m->party);
	cw_party_note(m->party, CW_EV_TOOL_CALLED, "{s:s, s:O, s:s}", "name", m->running, "args", move->data, "key",
		move->key);
	return cw_tool_start(m, a->world, &conf, move->tool, move->data, move->key, on_tool_answer, m, &m->run);
}

/* Handing over is saying so and hanging up: the carrier does the rest with the number on the timeline. */
static void transfer(struct cw_mind *m, const char *number)
{
	cw_party_note(m->party, CW_EV_TOOL_CALLED, "{s:s, s:{s:s}, s:s}", "name", "transfer", "args", "number", number,
		"key", m->call_id);
	hang_up_after_words(m, "transferred");
}

/* ---- moves ---- */

static int do_move(struct cw_mind *m, const struct cw_move *move)
{
	switch (move->kind) {
	case CW_MOVE_UNDERSTOOD:
		cw_timeline_add_json(cw_party_timeline(m->party), cw_party_now(m->party), CW_SIDE_AGENT,
			CW_EV_UNDERSTOOD, json_incref(move->data));
		return 0;
	case CW_MOVE_STATE:
		cw_party_note(
			m->party, CW_EV_STATE, "{s:s, s:s, s:s}", "from", move->from, "to", move->to, "why", move->why);
		return 0;
	case CW_MOVE_SAY:
		say(m, move->text);
		return 0;
	case CW_MOVE_TOOL:
		return start_tool(m, move);
	case CW_MOVE_TRANSFER:
		transfer(m, move->to);
		return 0;
	case CW_MOVE_HANG_UP:
		hang_up_after_words(m, move->why);
		return 0;
	}
	return 0;
}

static void settle_floor(struct cw_mind *m, const struct cw_moves *moves)
{
	char waiting[64];

	if (moves->waits) {
		cw_party_expect(m->party, moves->awaiting, moves->hints);
		cw_party_owe(m->party, false, NULL);
	} else if (m->running) {
		snprintf(waiting, sizeof(waiting), "tool.%s", m->running);
		cw_party_owe(m->party, true, waiting);
	} else {
		cw_party_owe(m->party, false, NULL);
	}
}

static void perform(struct cw_mind *m)
{
	const struct cw_moves *moves = cw_dialogue_moves(m->call->dialogue);
	int err = 0;

	if (cw_dialogue_ended(m->call->dialogue))
		cw_timer_stop(&m->dtmf_pause);
	if (m->run && moves->n && (moves->waits || cw_dialogue_ended(m->call->dialogue))) {
		talloc_free(m->run); /* the caller has led the talk elsewhere */
		m->run = NULL;
		m->running = NULL;
	}
	for (size_t i = 0; !err && !m->broken && i < moves->n; i++)
		err = do_move(m, &moves->v[i]);
	if (err)
		apologise(m, "out of memory");
	else
		settle_floor(m, moves);
}

static void event_over(struct cw_mind *m, int err)
{
	if (err)
		apologise(m, "out of memory");
	else
		perform(m);
}

/* ---- events of the party ---- */

static void on_answered(void *mind, const struct cw_line_info *info)
{
	struct cw_mind *m = mind;
	const struct cw_agent *a = m->call->agent;

	m->call_id = talloc_strdup(m, info->call_id ? info->call_id : "");

	struct cw_dialogue_conf conf = {.file = a->file, .call_id = m->call_id, .wall_us = cw_wall(a->world)};
	int err = m->call_id ? cw_dialogue_new(m->call, &conf, &m->call->dialogue) : ENOMEM;

	if (!err)
		err = cw_dialogue_start(m->call->dialogue);
	event_over(m, err);
}

static void on_turn(void *mind, const struct cw_heard *h)
{
	struct cw_mind *m = mind;

	cw_timer_stop(&m->dtmf_pause);
	m->cut_off = false;
	if (m->over_us)
		cw_dialogue_cut_short(m->call->dialogue);
	m->over_us = false;
	if (m->broken) { /* the caller spoke over it: the party does not hang up before it was answered */
		if (!play_apology(m))
			cw_party_drop(m->party, "nothing can be said");
		return;
	}
	event_over(m, cw_dialogue_turn(m->call->dialogue, h->recognised && h->text ? h->text : "", h->confidence));
	say_unsaid(m);
}

static void on_speech_started(void *mind, uint64_t onset_us)
{
	struct cw_mind *m = mind;

	m->over_us = m->over_us || m->talking;
}

static void on_backchannel(void *mind, const char *text)
{
	((struct cw_mind *)mind)->over_us = false;
}

static void on_interrupted(void *mind, const char *heard)
{
	((struct cw_mind *)mind)->cut_off = true;
}

static void on_dtmf_pause(void *arg)
{
	struct cw_mind *m = arg;

	event_over(m, cw_dialogue_dtmf_pause(m->call->dialogue));
}

/* A key is an answer already: we fall silent as for a voice. */
static void on_dtmf(void *mind, char digit)
{
	struct cw_mind *m = mind;
	int err;

	if (cw_dialogue_ended(m->call->dialogue) || m->broken)
		return;
	if (cw_party_speaking(m->party) && !m->running)
		cw_party_stop(m->party);
	cw_timer_stop(&m->dtmf_pause);
	err = cw_dialogue_dtmf(m->call->dialogue, digit);
	if (!err && cw_dialogue_dtmf_open(m->call->dialogue))
		cw_timer_start(&m->dtmf_pause, DTMF_PAUSE_US, on_dtmf_pause, m);
	else
		event_over(m, err);
}

static void on_idle(void *mind, uint64_t silent_us)
{
	struct cw_mind *m = mind;

	event_over(m, cw_dialogue_idle(m->call->dialogue));
}

static void on_closed(void *mind, enum cw_end_reason reason, const char *detail)
{
	struct cw_mind *m = mind;
	struct cw_agent_call *c = m->call;

	talloc_free(m->run);
	m->run = NULL;
	cw_timer_stop(&m->dtmf_pause);
	cw_timer_stop(&m->hang_up);
	cw_agent_call_closed(c);
}

static int mind_free(struct cw_mind *m)
{
	cw_timer_stop(&m->dtmf_pause);
	cw_timer_stop(&m->hang_up);
	return 0;
}

static const struct cw_mind_ops ops = {
	.name = "agent",
	.answered = on_answered,
	.speech_started = on_speech_started,
	.turn_ended = on_turn,
	.backchannel = on_backchannel,
	.interrupted = on_interrupted,
	.dtmf = on_dtmf,
	.spoke = on_spoke,
	.idle = on_idle,
	.closed = on_closed,
};

int cw_mind_answer(struct cw_agent_call *c, struct cw_line *line, struct cw_why *why)
{
	const struct cw_agent *a = c->agent;
	const struct cw_agent_policies *p = &a->file->policies;
	struct cw_mind *m = talloc_zero(c, struct cw_mind);
	struct cw_party_conf conf = {
		.side = CW_SIDE_AGENT,
		.listener = {.stt = a->stt, .language = a->file->language},
		.speaker = {.voice = a->voice,
			.language = a->file->language,
			.speed = a->file->speed,
			.epoch_us = c->conf.epoch_us},
		.barge_in = p->barge_in,
		.watchdog = true,
		.filler_us = p->filler_us,
		.fallback_us = p->fallback_us,
		.idle_us = p->idle_us,
		.spares = a->prompts.filler ? &a->prompts : NULL,
		.timeline = c->timeline,
		.timeline_ear = true,
		.epoch_us = c->conf.epoch_us,
		.recorder = c->conf.recorder,
	};

	if (!m)
		return ENOMEM;
	m->call = c;
	c->mind = m;
	cw_timer_init(&m->dtmf_pause, a->world);
	cw_timer_init(&m->hang_up, a->world);
	talloc_set_destructor(m, mind_free);
	return cw_party_new(m, a->world, &conf, line, &ops, m, &m->party, why);
}
