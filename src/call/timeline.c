#include "call/timeline.h"

#include <errno.h>

#include "base/mem.h"

#define FIRST_EVENTS 64
#define HUNG_UP_MAX  8 /* kept behind the overflow */

static const char *const side_names[CW_SIDE_N] = {"caller", "agent", "line"};

/* Who writes: mouth = the party whose side is named; ear = the party which listens to the side named (only with
 * timeline_ear); party = each party, of itself; mind, run, line as they are called. */
static const struct {
	const char *name;
	const char *payload;
	const char *writer;
	const char *meaning;
} catalogue[CW_EV_N] = {
	[CW_EV_CALL_STARTED] = {"call_started", "call_id, from, to, line: text; wall_us: Unix time", "run",
		"the call begins; t_us 0 is here. When the run has not written it, the first party to be answered does"},
	[CW_EV_ANSWERED] = {"answered", "stream_id: text", "party", "audio flows from now on"},
	[CW_EV_SPEECH_STARTED] = {"speech_started", "onset_us; level_db: dBov", "ear",
		"the side named began to speak; t_us is the decision, onset_us the beginning of its first voiced frame"},
	[CW_EV_SPEECH_ENDED] = {"speech_ended", "onset_us, last_us", "ear",
		"a stretch of speech is over, maybe not the turn; last_us is the end of its last voiced frame"},
	[CW_EV_PARTIAL] = {"partial", "text", "ear", "the words of the open turn so far; a later one replaces it"},
	[CW_EV_FINAL] = {"final", "text; confidence: 0 to 1, absent when unknown; ttfs_us", "ear",
		"the words of the turn; ttfs_us counts from the last voiced frame"},
	[CW_EV_TURN_ENDED] = {"turn_ended",
		"text; confidence: as in final; recognised: bool; onset_us, last_us, delay_us", "ear",
		"the turn of the side named is over; delay_us counts from the last voiced frame to this decision. Backchannels and "
		"noise over our speech end in resumed instead"},
	[CW_EV_DTMF] = {"dtmf", "digit: one character; in_band: bool", "ear", "the side named pressed a key"},
	[CW_EV_SAY] = {"say", "utterance; text; how: text, audio, overdue, spare or dtmf", "mouth",
		"an utterance was queued: words, samples, what the watchdog asked for, the spare prompt, or key tones"},
	[CW_EV_TTS_STARTED] = {"tts_started", "utterance, sentence; text", "mouth",
		"synthesis of a sentence was asked for"},
	[CW_EV_TTS_FIRST_AUDIO] = {"tts_first_audio", "utterance, sentence; ttfb_us", "mouth",
		"the first samples of a sentence came"},
	[CW_EV_AUDIO_STARTED] = {"audio_started", "utterance", "mouth",
		"the first audible frame of the utterance left at t_us"},
	[CW_EV_SPOKE] = {"spoke",
		"utterance; heard, unheard: text; cut: bool; started_us, ended_us: equal when nothing was audible; onset_us, last_us: the same to the sample; error: absent or text",
		"mouth", "the utterance is over; heard are the words whose last sample was played at the far end"},
	[CW_EV_PAUSED] = {"paused", "utterance; heard: text so far", "mouth",
		"fell silent because the other began to speak"},
	[CW_EV_RESUMED] = {"resumed", "utterance; reason: backchannel or noise", "mouth",
		"that was no interruption: went on"},
	[CW_EV_INTERRUPTED] = {"interrupted", "utterance; heard: text; onset_us, decided_us", "mouth",
		"the other's words at onset_us cut the utterance"},
	[CW_EV_CLEARED] = {"cleared", "since_decision_us", "mouth",
		"clear went out on the line, so long after the decision to pause"},
	[CW_EV_STATE] = {"state", "from, to, why: text", "mind", "the dialogue moved to another state"},
	[CW_EV_UNDERSTOOD] = {"understood", "intent: text; slots: object; score: 0 to 1", "mind",
		"what the turn was taken to mean"},
	[CW_EV_TOOL_CALLED] = {"tool_called", "name; args: object; key: idempotency key", "mind", "a tool was asked"},
	[CW_EV_TOOL_RESULT] = {"tool_result", "name; result: object, or error: text; took_us", "mind", "it answered"},
	[CW_EV_OVERDUE] = {"overdue", "level: filler or fallback; waited_us; waiting_for: text", "mouth",
		"the watchdog: we owe the other audio and were silent for waited_us"},
	[CW_EV_IDLE] = {"idle", "silent_us", "mouth", "the other owes and both are silent for so long"},
	[CW_EV_FAULT] = {"fault", "stage: tts, stt, line or speaker; error, text", "party",
		"a part failed, the call goes on; error is the system's word for it"},
	[CW_EV_LINE_NOTE] = {"line_note", "what: text; more by what", "line", "the carrier told something"},
	[CW_EV_RECORDING] = {"recording", "path: text", "run", "where the recording is"},
	[CW_EV_NOTE] = {"note", "what: text; more by what", "mind", "a mind's own remark"},
	[CW_EV_HUNG_UP] = {"hung_up", "by: caller, agent or line; reason, detail: text", "party",
		"the call is over; written once, by the first party to hear of it"},
	[CW_EV_OVERFLOW] = {"overflow", "none", "timeline",
		"20000 events were stored; what follows is counted, not kept"},
};

struct cw_timeline {
	struct cw_event *events;
	size_t n, cap;
	size_t lost;
	unsigned hung_up; /* stored behind the overflow */
	cw_timeline_fn *fn;
	void *arg;
};

const char *cw_side_name(enum cw_side s)
{
	return s < CW_SIDE_N ? side_names[s] : "any";
}

const char *cw_event_name(enum cw_event_kind k)
{
	return k < CW_EV_N ? catalogue[k].name : "unknown";
}

int cw_event_kind_of(const char *name, enum cw_event_kind *ret)
{
	for (unsigned k = 0; k < CW_EV_N; k++) {
		if (strcmp(catalogue[k].name, name) == 0) {
			*ret = (enum cw_event_kind)k;
			return 0;
		}
	}
	return EINVAL;
}

static int side_of(const char *name, enum cw_side *ret)
{
	for (unsigned s = 0; s < CW_SIDE_N; s++) {
		if (strcmp(side_names[s], name) == 0) {
			*ret = (enum cw_side)s;
			return 0;
		}
	}
	return EINVAL;
}

static int timeline_free(struct cw_timeline *t)
{
	for (size_t i = 0; i < t->n; i++)
		json_decref(t->events[i].data);
	return 0;
}

int cw_timeline_new(void *parent, struct cw_timeline **ret)
{
	struct cw_timeline *t = talloc_zero(parent, struct cw_timeline);

	if (!t)
		return ENOMEM;
	talloc_set_destructor(t, timeline_free);
	*ret = t;
	return 0;
}

/* ---- append ---- */

/* Room for one more event, or false. */
static bool room(struct cw_timeline *t)
{
	if (t->n < t->cap)
		return true;

	size_t cap = t->cap ? 2 * t->cap : FIRST_EVENTS;
	struct cw_event *events = talloc_realloc(t, t->events, struct cw_event, cap);

	if (!events)
		return false;
	t->events = events;
	t->cap = cap;
	return true;
}

/* The limit: false when the event is not to be stored. */
static bool admitted(struct cw_timeline *t, uint64_t t_us, enum cw_event_kind kind)
{
	if (t->n < CW_TIMELINE_MAX)
		return true;
	if (t->n == CW_TIMELINE_MAX && room(t)) {
		json_t *data = json_object();

		if (data)
			t->events[t->n++] = (struct cw_event){t_us, CW_SIDE_LINE, CW_EV_OVERFLOW, data};
	}
	return kind == CW_EV_HUNG_UP && t->hung_up++ < HUNG_UP_MAX;
}

/* The event's own members are t_us, party and kind. */
static void rename_reserved(json_t *data)
{
	static const char *const taken[][2] = {{"t_us", "t_us_"}, {"party", "party_"}, {"kind", "kind_"}};

	for (size_t i = 0; i < CW_COUNT(taken); i++) {
		json_t *value = json_object_get(data, taken[i][0]);

		if (value && json_object_set(data, taken[i][1], value) == 0)
			(void)json_object_del(data, taken[i][0]); /* it is there */
	}
}

void cw_timeline_add_json(
	struct cw_timeline *t, uint64_t t_us, enum cw_side side, enum cw_event_kind kind, json_t *data)
{
	CW_ASSERT(kind < CW_EV_N && side < CW_SIDE_N);
	if (!data || !admitted(t, t_us, kind) || !room(t)) {
		t->lost++;
		json_decref(data);
		return;
	}
	CW_ASSERT(json_is_object(data));
	rename_reserved(data);
	t->events[t->n] = (struct cw_event){t_us, side, kind, data};
	t->n++;
	if (t->fn)
		t->fn(&t->events[t->n - 1], t->arg);
}

void cw_timeline_vadd(
	struct cw_timeline *t, uint64_t t_us, enum cw_side side, enum cw_event_kind kind, const char *fmt, va_list ap)
{
	json_error_t error;
	json_t *data = fmt ? json_vpack_ex(&error, 0, fmt, ap) : json_object();

	if (!data && fmt && json_error_code(&error) == json_error_invalid_utf8)
		data = json_pack("{s:b}", "unprintable", 1);
#ifndef CW_RELEASE
	else if (!data && fmt) {
		int code = (int)json_error_code(&error);

		/* the second is what jansson says of a string there was no memory for */
		CW_ASSERT(code == json_error_out_of_memory || code == json_error_null_value);
	}
#endif
	cw_timeline_add_json(t, t_us, side, kind, data);
}

void cw_timeline_add(
	struct cw_timeline *t, uint64_t t_us, enum cw_side side, enum cw_event_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cw_timeline_vadd(t, t_us, side, kind, fmt, ap);
	va_end(ap);
}

void cw_timeline_watch(struct cw_timeline *t, cw_timeline_fn *fn, void *arg)
{
	t->fn = fn;
	t->arg = arg;
}

/* ---- read ---- */

size_t cw_timeline_lost(const struct cw_timeline *t)
{
	return t->lost;
}

size_t cw_timeline_count(const struct cw_timeline *t)
{
	return t->n;
}

const struct cw_event *cw_timeline_at(const struct cw_timeline *t, size_t i)
{
	return i < t->n ? &t->events[i] : NULL;
}

const struct cw_event *cw_timeline_next(
	const struct cw_timeline *t, size_t *from, enum cw_event_kind kind, enum cw_side side)
{
	while (*from < t->n) {
		const struct cw_event *e = &t->events[(*from)++];

		if (e->kind == kind && (side == CW_SIDE_N || e->side == side))
			return e;
	}
	return NULL;
}

void cw_event_encode(struct cw_buf *b, const struct cw_event *e)
{
	CW_JSON_SCOPED json_t *line = json_pack("{s:I, s:s, s:s}", "t_us", (json_int_t)e->t_us, "party",
		cw_side_name(e->side), "kind", cw_event_name(e->kind));

	if (!line || json_object_update(line, e->data)) {
		b->err = b->err ? b->err : ENOMEM;
		return;
	}
	cw_json_dump(b, line);
	cw_buf_putc(b, '\n');
}

void cw_timeline_encode(struct cw_buf *b, const struct cw_timeline *t)
{
	for (size_t i = 0; i < t->n; i++)
		cw_event_encode(b, &t->events[i]);
}

static int parse_line(struct cw_timeline *t, struct cw_str line, unsigned number, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *o = NULL;
	struct cw_why inner = {0};
	enum cw_side side;
	enum cw_event_kind kind;
	int err = cw_json_parse(line.p, line.len, &o, &inner);

	if (err == ENOMEM)
		return err;
	if (err || !json_is_object(o))
		return cw_why_at(
			why, EBADMSG, NULL, number, 0, "an event must be a JSON object on one line: %s", inner.text);

	const char *party = cw_json_str(o, "party", "");
	const char *name = cw_json_str(o, "kind", "");
	int64_t t_us = cw_json_int(o, "t_us", -1);

	if (t_us < 0)
		return cw_why_at(why, EBADMSG, NULL, number, 0,
			"t_us is missing or negative; expected microseconds since the call's start");
	if (side_of(party, &side))
		return cw_why_at(
			why, EBADMSG, NULL, number, 0, "unknown party '%s', expected caller, agent or line", party);
	if (cw_event_kind_of(name, &kind))
		return cw_why_at(why, EBADMSG, NULL, number, 0, "unknown kind '%s', see docs/timeline.md", name);

	(void)json_object_del(o, "party"); /* they are there: just read */
	(void)json_object_del(o, "kind");
	(void)json_object_del(o, "t_us");
	if (!room(t))
		return ENOMEM;
	t->events[t->n++] = (struct cw_event){(uint64_t)t_us, side, kind, json_incref(o)};
	return 0;
}

int cw_timeline_parse(void *parent, const char *text, size_t len, struct cw_timeline **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_timeline *t = NULL;
	struct cw_str rest = {text, len}, line;
	unsigned number = 0;
	int err = cw_timeline_new(NULL, &t);

	while (!err && cw_str_split(&rest, '\n', &line)) {
		number++;
		line = cw_str_trim(line);
		if (t->n > CW_TIMELINE_MAX + HUNG_UP_MAX)
			return cw_why_at(
				why, EBADMSG, NULL, number, 0, "more than %d events in one call", CW_TIMELINE_MAX);
		if (line.len)
			err = parse_line(t, line, number, why);
	}
	if (err)
		return err;
	*ret = talloc_move(parent, &t);
	return 0;
}

void cw_timeline_catalogue(struct cw_buf *b)
{
	cw_buf_puts(b, "| kind | payload | written by | meaning |\n| --- | --- | --- | --- |\n");
	for (unsigned k = 0; k < CW_EV_N; k++)
		cw_buf_fmt(b, "| `%s` | %s | %s | %s |\n", catalogue[k].name, catalogue[k].payload, catalogue[k].writer,
			catalogue[k].meaning);
}
