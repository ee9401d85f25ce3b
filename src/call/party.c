#include "call/party_int.h"

#include <errno.h>

#include "audio/g711.h"
#include "audio/tone.h"
#include "base/mem.h"

#define GAP_MAX_FRAMES 50u      /* of lost frames given to the listener as silence */
#define STALL_US       2000000u /* frames so late for good: the far clock stood still */
#define KEY_ON_MS      100
#define KEY_OFF_MS     100

/* ---- timeline ---- */

uint64_t cw_party_now(const struct cw_party *p)
{
	uint64_t now = cw_now(p->world);

	return now > p->conf.epoch_us ? now - p->conf.epoch_us : 0;
}

enum cw_side cw_party_other(const struct cw_party *p)
{
	return p->conf.side == CW_SIDE_CALLER ? CW_SIDE_AGENT : CW_SIDE_CALLER;
}

void cw_party_note_at(struct cw_party *p, uint64_t t_us, enum cw_event_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_timeline_vadd(p->conf.timeline, t_us, p->conf.side, kind, fmt, ap);
	va_end(ap);
}

void cw_party_note(struct cw_party *p, enum cw_event_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_timeline_vadd(p->conf.timeline, cw_party_now(p), p->conf.side, kind, fmt, ap);
	va_end(ap);
}

void cw_party_ear(struct cw_party *p, uint64_t t_us, enum cw_event_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!p->conf.timeline_ear)
		return;
	va_start(ap, fmt);
	cw_timeline_vadd(p->conf.timeline, t_us, cw_party_other(p), kind, fmt, ap);
	va_end(ap);
}

static bool noted(const struct cw_party *p, enum cw_event_kind kind)
{
	size_t from = 0;

	return cw_timeline_next(p->conf.timeline, &from, kind, CW_SIDE_N) != NULL;
}

static void fault(struct cw_party *p, const char *stage, int err, const char *text)
{
	const char *name = strerrorname_np(err);

	cw_party_note(p, CW_EV_FAULT, "{s:s, s:s, s:s}", "stage", stage, "error", name ? name : "?", "text", text);
}

/* ---- frames ---- */

/* The end of the frame at @position on the call's clock. The agent side learns the far clock from the earliest arrivals. */
static uint64_t place(struct cw_party *p, uint64_t position)
{
	uint64_t now = cw_party_now(p);
	uint64_t offset = (position + CW_FRAME_SAMPLES) * 125;
	uint64_t end;

	if (!p->placed) {
		p->base_us = now > offset ? now - offset : 0;
		p->placed = true;
		p->next_position = position;
	}
	end = p->base_us + offset;
	if (p->carrier || !(end > now || now - end > STALL_US))
		return end;
	p->base_us = now > offset ? now - offset : 0;
	return p->base_us + offset;
}

static void record(struct cw_party *p, enum cw_side side, uint64_t begin_us, const int16_t *pcm)
{
	if (p->conf.recorder)
		cw_recorder_frame(p->conf.recorder, side, begin_us * 8 / 1000, pcm);
}

static bool hear(struct cw_party *p, const uint8_t *ulaw, uint64_t end_us)
{
	int16_t pcm[CW_FRAME_SAMPLES];

	if (!CW_CALL(p, cw_listener_frame(p->listener, ulaw, end_us, pcm)))
		return false;
	record(p, cw_party_other(p), end_us - CW_TICK_US, pcm);
	if (p->conf.tap)
		p->conf.tap(pcm, p->conf.tap_arg);
	/* cppcheck-suppress autoVariables */
	return CW_CALL(p, (void)cw_floor_frame(p, end_us));
}

/* Carrier side: one frame leaves for each that came. */
static void speak(struct cw_party *p, uint64_t end_us)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];
	int16_t pcm[CW_FRAME_SAMPLES];

	cw_speaker_at(p->speaker, end_us - CW_TICK_US);
	cw_speaker_pull(p->speaker, ulaw, p->conf.recorder ? pcm : NULL);
	record(p, p->conf.side, end_us - CW_TICK_US, pcm);

	int err = cw_line_send(p->line, ulaw, CW_FRAME_SAMPLES);

	if (!err || err == ENOTCONN || p->send_failed)
		return;
	p->send_failed = true;
	fault(p, "line", err, "the line does not take our frames");
}

/* Lost frames become silence, so that the listener's time stays true. */
static bool fill_gap(struct cw_party *p, uint64_t position)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];
	uint64_t missing = position > p->next_position ? (position - p->next_position) / CW_FRAME_SAMPLES : 0;

	if (!missing)
		return true;
	memset(ulaw, CW_ULAW_SILENCE, sizeof(ulaw));
	for (uint64_t left = missing < GAP_MAX_FRAMES ? missing : GAP_MAX_FRAMES; left; left--)
		if (!hear(p, ulaw, place(p, position - left * CW_FRAME_SAMPLES)))
			return false;
	return true;
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct cw_party *p = arg;

	if (p->closed || p->down || !p->answered)
		return;

	uint64_t end_us = place(p, position);

	if (!fill_gap(p, position))
		return;
	p->next_position = position + CW_FRAME_SAMPLES;
	if (!hear(p, ulaw, end_us) || p->closed || p->down)
		return;
	if (p->carrier)
		speak(p, end_us);
}

/* ---- the line's other events ---- */

static void on_answered(const struct cw_line_info *info, void *arg)
{
	struct cw_party *p = arg;

	if (p->answered || p->closed)
		return;
	p->answered = true;
	p->answered_us = cw_party_now(p);
	if (!noted(p, CW_EV_CALL_STARTED))
		cw_timeline_add(p->conf.timeline, p->answered_us, CW_SIDE_LINE, CW_EV_CALL_STARTED,
			"{s:s, s:s, s:s, s:s, s:I}", "call_id", info->call_id, "from", info->from, "to", info->to,
			"line", p->line->driver->name, "wall_us", (json_int_t)cw_wall(p->world));
	cw_party_note(p, CW_EV_ANSWERED, "{s:s}", "stream_id", info->stream_id ? info->stream_id : "");
	cw_speaker_attach(p->speaker, p->line);
	cw_watch_answered(p);
	(void)CW_MIND(p, answered, info);
}

static void on_dtmf(char digit, void *arg)
{
	struct cw_party *p = arg;

	if (!p->closed)
		cw_listener_dtmf(p->listener, digit);
}

static void on_mark(uint32_t id, bool cleared, void *arg)
{
	struct cw_party *p = arg;

	cw_speaker_mark(p->speaker, id, cleared);
}

static void on_note(const char *what, const char *json, void *arg)
{
	struct cw_party *p = arg;
	json_t *data = json ? json_loads(json, 0, NULL) : json_object();

	if (!json_is_object(data)) {
		json_decref(data);
		data = json_object();
	}
	if (data && json_object_set_new(data, "what", json_string(what))) {
		json_decref(data);
		data = NULL; /* counted as lost */
	}
	cw_timeline_add_json(p->conf.timeline, cw_party_now(p), CW_SIDE_LINE, CW_EV_LINE_NOTE, data);
}

static const char *ended_by(const struct cw_party *p, enum cw_end_reason reason)
{
	if (reason == CW_END_LOCAL)
		return cw_side_name(p->conf.side);
	return reason == CW_END_REMOTE ? cw_side_name(cw_party_other(p)) : cw_side_name(CW_SIDE_LINE);
}

void cw_party_closed(struct cw_party *p, enum cw_end_reason reason, const char *detail)
{
	if (p->closed)
		return;
	cw_watch_stop(p);
	cw_listener_stop(p->listener);
	p->closed = true; /* the mind hears of nothing but the end */
	cw_speaker_stop(p->speaker);
	cw_speaker_flush(p->speaker);
	cw_line_attach(p->line, NULL, NULL);
	if (!noted(p, CW_EV_HUNG_UP))
		cw_party_note(p, CW_EV_HUNG_UP, "{s:s, s:s, s:s}", "by", ended_by(p, reason), "reason",
			cw_end_reason_name(reason), "detail", detail ? detail : "");
	p->ops->closed(p->mind, reason, detail ? detail : "");
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	cw_party_closed(arg, reason, detail);
}

/* ---- the speaker's events ---- */

static void on_started(uint32_t utterance, void *arg)
{
	struct cw_party *p = arg;
	uint64_t at_us = cw_party_now(p);

	(void)cw_speaker_started(p->speaker, utterance, &at_us);
	cw_party_note_at(p, at_us, CW_EV_AUDIO_STARTED, "{s:I}", "utterance", (json_int_t)utterance);
	cw_watch_started(p, utterance);
}

static void on_asked(uint32_t utterance, unsigned sentence, const char *text, void *arg)
{
	cw_party_note(arg, CW_EV_TTS_STARTED, "{s:I, s:i, s:s}", "utterance", (json_int_t)utterance, "sentence",
		(int)sentence, "text", text);
}

static void on_sentence(uint32_t utterance, unsigned sentence, const char *text, uint64_t ttfb_us, void *arg)
{
	(void)text;
	cw_party_note(arg, CW_EV_TTS_FIRST_AUDIO, "{s:I, s:i, s:I}", "utterance", (json_int_t)utterance, "sentence",
		(int)sentence, "ttfb_us", (json_int_t)ttfb_us);
}

static void on_spoke(const struct cw_spoken *s, void *arg)
{
	struct cw_party *p = arg;
	json_t *error = s->err ? json_string(strerrorname_np(s->err)) : NULL;

	cw_party_note_at(p, cw_party_now(p), CW_EV_SPOKE, "{s:I, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:o*}", "utterance",
		(json_int_t)s->utterance, "heard", s->heard, "unheard", s->unheard, "cut", s->cut, "started_us",
		(json_int_t)s->started_us, "ended_us", (json_int_t)s->ended_us, "onset_us", (json_int_t)s->onset_us,
		"last_us", (json_int_t)s->last_us, "error", error);
	if (p->closed)
		return;
	if (!cw_speaker_busy(p->speaker))
		cw_floor_reset(p);
	cw_watch_spoke(p, s);
	if (CW_MIND(p, spoke, s))
		(void)cw_watch_played_out(p);
}

static void on_failed(int err, const char *reason, void *arg)
{
	fault(arg, "tts", err, reason);
}

static void on_sent(const uint8_t *ulaw, size_t n, uint64_t at_us, void *arg)
{
	struct cw_party *p = arg;
	int16_t pcm[CW_FRAME_SAMPLES];

	for (; p->conf.recorder && n; n -= CW_FRAME_SAMPLES, ulaw += CW_FRAME_SAMPLES, at_us += CW_TICK_US) {
		cw_ulaw_decode(ulaw, pcm, CW_FRAME_SAMPLES);
		record(p, p->conf.side, at_us, pcm);
	}
}

static void on_cleared(uint64_t from_us, uint64_t to_us, void *arg)
{
	static const int16_t silence[CW_FRAME_SAMPLES];

	for (; from_us < to_us; from_us += CW_TICK_US)
		record(arg, ((struct cw_party *)arg)->conf.side, from_us, silence);
}

/* ---- what a mind does ---- */

static int queued(struct cw_party *p, int err, const char *how, uint32_t id, const char *text)
{
	if (err)
		fault(p, "speaker", err, "an utterance could not be queued");
	else
		cw_party_note(p, CW_EV_SAY, "{s:I, s:s, s:s}", "utterance", (json_int_t)id, "text", text ? text : "",
			"how", how);
	return err;
}

int cw_party_say(struct cw_party *p, const char *text, uint32_t *utterance)
{
	uint32_t id = 0;

	if (p->closed)
		return ENOTCONN;

	int err = cw_speaker_say(p->speaker, text, &id);

	err = queued(p, err, p->in_overdue ? "overdue" : "text", id, text);
	if (!err && utterance)
		*utterance = id;
	return err;
}

static int play(
	struct cw_party *p, const int16_t *pcm, size_t n, const char *text, const char *how, uint32_t *utterance)
{
	uint32_t id = 0;

	if (p->closed)
		return ENOTCONN;

	int err = cw_speaker_play(p->speaker, pcm, n, text, &id);

	err = queued(p, err, how, id, text);
	if (!err && utterance)
		*utterance = id;
	return err;
}

int cw_party_play(struct cw_party *p, const int16_t *pcm, size_t n, const char *text, uint32_t *utterance)
{
	return play(p, pcm, n, text, p->in_overdue ? "overdue" : "audio", utterance);
}

int cw_party_queue_spare(struct cw_party *p, const int16_t *pcm, size_t n, const char *text)
{
	return play(p, pcm, n, text, "spare", NULL);
}

int cw_party_dtmf(struct cw_party *p, const char *digits)
{
	CW_SCOPED int16_t *pcm = NULL;
	size_t n;

	if (p->closed)
		return ENOTCONN;

	int err = cw_line_dtmf(p->line, digits);

	if (err != ENOTSUP)
		return err ? err : queued(p, 0, "dtmf", 0, digits);
	err = cw_dtmf_render(NULL, digits, KEY_ON_MS, KEY_OFF_MS, &pcm, &n);
	return err ? err : play(p, pcm, n, digits, "dtmf", NULL);
}

void cw_party_stop(struct cw_party *p)
{
	p->floor = CW_FLOOR_FREE;
	cw_speaker_stop(p->speaker);
}

void cw_party_expect(struct cw_party *p, enum cw_awaiting awaiting, const struct cw_hints *hints)
{
	p->awaiting = awaiting;
	cw_listener_expect(p->listener, awaiting, hints);
}

struct cw_world *cw_party_world(struct cw_party *p)
{
	return p->world;
}

struct cw_timeline *cw_party_timeline(struct cw_party *p)
{
	return p->conf.timeline;
}

enum cw_side cw_party_side(const struct cw_party *p)
{
	return p->conf.side;
}

bool cw_party_speaking(const struct cw_party *p)
{
	return cw_speaker_busy(p->speaker);
}

bool cw_party_hearing(const struct cw_party *p)
{
	return cw_listener_in_turn(p->listener);
}

struct cw_listener *cw_party_listener(struct cw_party *p)
{
	return p->listener;
}

struct cw_speaker *cw_party_speaker(struct cw_party *p)
{
	return p->speaker;
}

/* ---- life ---- */

static int party_free(struct cw_party *p)
{
	if (p->gone)
		*p->gone = true;
	cw_watch_stop(p);
	return 0;
}

static int make_parts(struct cw_party *p, struct cw_why *why)
{
	static const struct cw_speaker_events speaker_events = {.started = on_started,
		.sentence = on_sentence,
		.spoke = on_spoke,
		.failed = on_failed,
		.asked = on_asked,
		.sent = on_sent,
		.cleared = on_cleared};
	int err = 0;

	p->conf.listener.epoch_us = p->conf.speaker.epoch_us = p->conf.epoch_us;
	if (!p->conf.timeline)
		err = cw_timeline_new(p, &p->conf.timeline);
	if (!err)
		err = cw_listener_new(p, p->world, &p->conf.listener, &cw_floor_events, p, &p->listener, why);
	if (!err)
		err = cw_speaker_new(p, p->world, &p->conf.speaker, &speaker_events, p, &p->speaker, why);
	return err;
}

int cw_party_new(void *parent, struct cw_world *w, const struct cw_party_conf *conf, struct cw_line *line,
	const struct cw_mind_ops *ops, void *mind, struct cw_party **ret, struct cw_why *why)
{
	static const struct cw_line_events line_events = {.answered = on_answered,
		.frame = on_frame,
		.dtmf = on_dtmf,
		.mark = on_mark,
		.note = on_note,
		.closed = on_closed};

	CW_ASSERT(ops->answered && ops->closed);
	CW_SCOPED struct cw_party *p = talloc_zero(NULL, struct cw_party);
	if (!p)
		return ENOMEM;

	p->world = w;
	p->conf = *conf;
	p->line = line;
	p->carrier = line->side == CW_LINE_CARRIER;
	p->ops = ops;
	p->mind = mind;
	cw_watch_init(p);
	talloc_set_destructor(p, party_free);

	int err = make_parts(p, why);

	if (err)
		return err;
	(void)talloc_steal(p, line);
	cw_line_attach(line, &line_events, p);
	*ret = talloc_move(parent, &p);
	return 0;
}
