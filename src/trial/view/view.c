#include "trial/view/view.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "trial/view/view_int.h"

#define TEXT_MAX (64 * 1024)

static uint64_t u64(const json_t *o, const char *key)
{
	int64_t v = cw_json_int(o, key, 0);

	return v > 0 ? (uint64_t)v : 0;
}

static size_t count(const struct cw_timeline *t, enum cw_event_kind kind, enum cw_side side)
{
	size_t from = 0, n = 0;

	while (cw_timeline_next(t, &from, kind, side))
		n++;
	return n;
}

/* ---- the caller's actions ---- */

static void place_play(struct cw_play *p, const struct cw_view_conf *conf, const struct cw_event *spoke)
{
	uint64_t from = u64(spoke->data, "started_us"), to = u64(spoke->data, "ended_us");
	uint64_t onset = u64(spoke->data, "onset_us"), last = u64(spoke->data, "last_us");

	p->over = !cw_json_bool(spoke->data, "cut", false) && !json_object_get(spoke->data, "error");
	if (to <= from)
		return;
	if (last > onset) { /* our own words as they were before the line's conditions: known, not found */
		from = onset;
		to = last;
	} else if (conf->pcm[CW_SIDE_CALLER]) /* a run of an older program */
		cw_speech_trim(conf->pcm[CW_SIDE_CALLER], conf->n_samples, &from, &to);
	if (!p->audible)
		p->onset_us = from; /* else: a further piece of it */
	p->audible = true;
	p->last_us = to;
}

static void finish_silent(struct cw_view *v, uint64_t t_us)
{
	struct cw_play *p = v->n_plays ? &v->plays[v->n_plays - 1] : NULL;

	if (p && !p->over && !p->utterance) {
		p->over = true;
		p->last_us = t_us;
	}
}

static void add_play(struct cw_view *v, const struct cw_event *e)
{
	struct cw_play *p = &v->plays[v->n_plays++];

	*p = (struct cw_play){
		.kind = cw_json_str(e->data, "of", ""),
		.index = (size_t)u64(e->data, "index"),
		.name = cw_json_str(e->data, "name", ""),
		.action = cw_json_str(e->data, "action", ""),
		.text = cw_json_str(e->data, "text", ""),
		.utterance = (uint32_t)u64(e->data, "utterance"),
		.t_us = e->t_us,
		.onset_us = e->t_us,
		.last_us = e->t_us,
	};
	p->over = !strcmp(p->action, "hang_up");
}

static bool is_piece(const struct cw_play *p, uint64_t utterance)
{
	return utterance == p->utterance || (utterance > p->utterance && utterance <= p->last_utterance);
}

static int read_plays(struct cw_view *v, const struct cw_view_conf *conf)
{
	size_t from = 0;

	v->plays = talloc_zero_array(v, struct cw_play, count(v->caller, CW_EV_NOTE, CW_SIDE_CALLER) + 1);
	if (!v->plays)
		return ENOMEM;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_NOTE, CW_SIDE_CALLER));) {
		const char *what = cw_json_str(e->data, "what", "");

		if (!strcmp(what, "step"))
			add_play(v, e);
		else if (!strcmp(what, "step_done"))
			finish_silent(v, e->t_us);
		else if (!strcmp(what, "said_again") && v->n_plays)
			v->plays[v->n_plays - 1].utterance = (uint32_t)u64(e->data, "utterance");
		else if (!strcmp(what, "part") && v->n_plays)
			v->plays[v->n_plays - 1].last_utterance = (uint32_t)u64(e->data, "utterance");
	}
	from = 0;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_SPOKE, CW_SIDE_CALLER));)
		for (size_t i = 0; i < v->n_plays; i++)
			if (v->plays[i].utterance && is_piece(&v->plays[i], u64(e->data, "utterance")))
				place_play(&v->plays[i], conf, e);
	return 0;
}

/* ---- the agent ---- */

/* The words of a turn that was still open when the call ended: the ear's last guess. */
static void add_open_turn(struct cw_view *v)
{
	uint64_t since = v->n_turns ? v->turns[v->n_turns - 1].decided_us : 0;
	const struct cw_event *words = NULL, *began = NULL;
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_PARTIAL, CW_SIDE_AGENT));)
		words = e->t_us > since ? e : words;
	from = 0;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_SPEECH_STARTED, CW_SIDE_AGENT));)
		if (e->t_us > since && !began)
			began = e;
	if (!words || !began)
		return;

	struct cw_agent_turn *t = &v->turns[v->n_turns++];

	*t = (struct cw_agent_turn){
		.heard = cw_json_str(words->data, "text", ""),
		.confidence = -1,
		.onset_us = u64(began->data, "onset_us"),
		.last_us = v->end_us,
		.decided_us = v->end_us,
	};
	from = 0;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_SPEECH_ENDED, CW_SIDE_AGENT));)
		if (e->t_us > since)
			t->last_us = u64(e->data, "last_us");
}

static int read_turns(struct cw_view *v)
{
	size_t from = 0;

	v->turns = talloc_zero_array(v, struct cw_agent_turn, count(v->caller, CW_EV_TURN_ENDED, CW_SIDE_AGENT) + 2);
	if (!v->turns)
		return ENOMEM;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_TURN_ENDED, CW_SIDE_AGENT));)
		v->turns[v->n_turns++] = (struct cw_agent_turn){
			.heard = cw_json_str(e->data, "text", ""),
			.confidence = cw_json_num(e->data, "confidence", -1),
			.onset_us = u64(e->data, "onset_us"),
			.last_us = u64(e->data, "last_us"),
			.decided_us = e->t_us,
		};
	add_open_turn(v);
	return 0;
}

static int read_said(struct cw_view *v)
{
	size_t from = 0;

	if (!v->agent)
		return 0;
	v->said = talloc_zero_array(v, struct cw_agent_said, count(v->agent, CW_EV_SPOKE, CW_SIDE_AGENT) + 1);
	if (!v->said)
		return ENOMEM;
	for (const struct cw_event *e; (e = cw_timeline_next(v->agent, &from, CW_EV_SPOKE, CW_SIDE_AGENT));)
		v->said[v->n_said++] = (struct cw_agent_said){
			.heard = cw_json_str(e->data, "heard", ""),
			.unheard = cw_json_str(e->data, "unheard", ""),
			.cut = cw_json_bool(e->data, "cut", false),
			.onset_us = u64(e->data, "started_us"),
			.last_us = u64(e->data, "ended_us"),
		};
	return 0;
}

/* Stretches of the agent's speech as the caller's ear noticed them. */
static int speech_from_timeline(struct cw_view *v)
{
	size_t n = count(v->caller, CW_EV_SPEECH_ENDED, CW_SIDE_AGENT) +
		   count(v->caller, CW_EV_SPEECH_STARTED, CW_SIDE_AGENT);
	struct cw_stretch *s = talloc_zero_array(v, struct cw_stretch, n + 1);
	size_t from = 0;

	if (!s)
		return ENOMEM;
	n = 0;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_SPEECH_ENDED, CW_SIDE_AGENT));)
		s[n++] = (struct cw_stretch){u64(e->data, "onset_us"), u64(e->data, "last_us")};
	from = 0;

	uint64_t open = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_SPEECH_STARTED, CW_SIDE_AGENT));)
		open = u64(e->data, "onset_us");
	if (open && (!n || open > s[n - 1].last_us))
		s[n++] = (struct cw_stretch){open, v->end_us}; /* still speaking when the call ended */
	v->speech[CW_SIDE_AGENT] = s;
	v->n_speech[CW_SIDE_AGENT] = n;
	return 0;
}

static int read_speech(struct cw_view *v, const struct cw_view_conf *conf)
{
	struct cw_stretch *own = talloc_zero_array(v, struct cw_stretch, v->n_plays + 1);

	if (!own)
		return ENOMEM;
	for (size_t i = 0; i < v->n_plays; i++)
		if (v->plays[i].audible)
			own[v->n_speech[CW_SIDE_CALLER]++] =
				(struct cw_stretch){v->plays[i].onset_us, v->plays[i].last_us};
	v->speech[CW_SIDE_CALLER] = own;
	if (!conf->pcm[CW_SIDE_AGENT])
		return speech_from_timeline(v);
	v->from_samples = true;
	return cw_speech_find(
		v, conf->pcm[CW_SIDE_AGENT], conf->n_samples, &v->speech[CW_SIDE_AGENT], &v->n_speech[CW_SIDE_AGENT]);
}

int cw_view_new(void *parent, const struct cw_view_conf *conf, struct cw_view **ret)
{
	CW_SCOPED struct cw_view *v = talloc_zero(NULL, struct cw_view);
	size_t from = 0;

	if (!v)
		return ENOMEM;
	v->cache = talloc_zero(v, struct cw_view_cache);
	if (!v->cache)
		return ENOMEM;
	v->caller = conf->caller;
	v->agent = conf->agent;
	v->script = *conf->script;
	v->end_reason = conf->end_reason;
	v->end_detail = conf->end_detail ? conf->end_detail : "";
	v->end_us = conf->end_us;
	v->db_path = conf->db_path;
	v->probes = conf->probes;
	v->n_probes = conf->n_probes;
	v->chat = conf->chat;
	v->pcm[CW_SIDE_CALLER] = conf->pcm[CW_SIDE_CALLER];
	v->pcm[CW_SIDE_AGENT] = conf->pcm[CW_SIDE_AGENT];
	v->n_samples = conf->n_samples;

	const struct cw_event *answered = cw_timeline_next(v->caller, &from, CW_EV_ANSWERED, CW_SIDE_N);

	v->answered_us = answered ? answered->t_us : UINT64_MAX;

	int err = read_plays(v, conf);

	if (!err)
		err = read_turns(v);
	if (!err)
		err = read_said(v);
	if (!err)
		err = read_speech(v, conf);
	if (!err)
		err = cw_view_read_tools(v);
	if (err)
		return err;
	*ret = talloc_move(parent, &v);
	return 0;
}

/* ---- words that answer an action ---- */

static bool makes_words(const struct cw_play *p)
{
	return !strcmp(p->action, "say") || !strcmp(p->action, "dtmf") || !strcmp(p->action, "hang_up") ||
	       !strcmp(p->action, "play");
}

uint64_t cw_view_next_words_us(const struct cw_view *v, size_t play)
{
	for (size_t i = play + 1; i < v->n_plays; i++)
		if (makes_words(&v->plays[i]))
			return v->plays[i].onset_us;
	return UINT64_MAX;
}

bool cw_view_answers(const struct cw_view *v, size_t play, uint64_t onset_us, uint64_t last_us)
{
	if (play == CW_VIEW_WHOLE)
		return true;

	const struct cw_play *p = &v->plays[play];

	/* silence and noise of the caller are answered while they last */
	return last_us > (makes_words(p) ? p->last_us : p->t_us) && onset_us < cw_view_next_words_us(v, play);
}

static void append(struct cw_buf *b, const char *text)
{
	if (!text[0])
		return;
	if (b->len)
		cw_buf_putc(b, ' ');
	cw_buf_puts(b, text);
}

char *cw_view_heard(void *parent, const struct cw_view *v, size_t play)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	cw_buf_puts(&b, "");
	for (size_t i = 0; i < v->n_turns; i++)
		if (cw_view_answers(v, play, v->turns[i].onset_us, v->turns[i].last_us))
			append(&b, v->turns[i].heard);
	return cw_buf_take(&b, parent);
}

char *cw_view_said(void *parent, const struct cw_view *v, size_t play)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (!v->agent)
		return NULL;
	cw_buf_puts(&b, "");
	for (size_t i = 0; i < v->n_said; i++)
		if (cw_view_answers(v, play, v->said[i].onset_us, v->said[i].last_us))
			append(&b, v->said[i].heard);
	return cw_buf_take(&b, parent);
}
