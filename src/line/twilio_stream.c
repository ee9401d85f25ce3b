#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "audio/g711.h"
#include "base/json.h"
#include "line/twilio_int.h"
#include "line/twilio_msg.h"

#define MESSAGE_MAX     65536u
#define PAYLOAD_MAX     (MESSAGE_MAX / 4 * 3)
#define MARKS_START     16u
#define MARKS_MAX       1024u
#define TIMESTAMP_MAX   (48ull * 3600 * 1000) /* ms; Twilio ends a call after 24 hours */
#define SAMPLES_PER_MS  8u
#define SLACK_SAMPLES   80u /* timestamps are rounded and jitter: 10 ms off is no gap */
#define CLOSE_NORMAL    1000u
#define CLOSE_KIND      1003u
#define CLOSE_TEXT      1007u
#define CLOSE_POLICY    1008u
#define CLOSE_TRY_LATER 1013u

/*
 *   (upgrade)  connected   start        stop, close, hang_up, broken rule      (WebSocket closed)
 *   NEW ----------> CONNECTED ----> UP ----------------------------> ENDING ----------------> CLOSED
 */
enum stream_state { ST_NEW, ST_CONNECTED, ST_UP, ST_ENDING, ST_CLOSED };

struct sent_mark {
	uint32_t id;
	bool cleared;
};

struct stream {
	struct cw_line line;
	struct stream *next;             /* of the server */
	struct cw_twilio_server *server; /* NULL: it is gone */
	struct cw_world *world;
	struct cw_ws *ws;
	struct cw_timer timer; /* until `start` */
	struct cw_log log;
	enum stream_state state;
	bool started; /* somebody listens: `closed` is owed */
	enum cw_end_reason reason;
	bool counted;     /* among the server's calls */
	char detail[121]; /* what fits into a close frame */
	struct cw_line_info info;
	char sid[64];
	json_t *start; /* inner object of `start`: custom parameters */
	bool *gone;

	/* audio in: frames of 160 from payloads of any length, placed by timestamp */
	uint64_t origin_ms;
	bool have_origin;
	uint64_t position; /* of the next sample */
	uint8_t part[CW_FRAME_SAMPLES];
	size_t part_n;

	struct sent_mark *marks; /* on their way, oldest first */
	unsigned marks_n, marks_cap;
	char text[CW_TWILIO_TEXT_MAX];
};

struct stream **cw_twilio_stream_next(struct stream *st)
{
	return &st->next;
}

void cw_twilio_stream_orphan(struct stream *st)
{
	st->server = NULL;
	st->next = NULL;
	st->log.parent = NULL;
}

/* ---- the end ---- */

static void end(struct stream *st, enum cw_end_reason reason, unsigned code, const char *detail)
{
	if (st->state >= ST_ENDING)
		return;
	cw_timer_stop(&st->timer);
	st->state = ST_ENDING;
	st->reason = reason;
	snprintf(st->detail, sizeof(st->detail), "%s", detail ? detail : "");
	cw_ws_close(st->ws, code, st->detail);
}

/* The peer broke a rule: this call ends, no other. */
static void broken(struct stream *st, unsigned code, const char *fmt, ...) CW_PRINTF(3, 4);
static void broken(struct stream *st, unsigned code, const char *fmt, ...)
{
	char detail[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	cw_log_warn(&st->log, "protocol", "close=%u reason=\"%s\"", code, detail);
	end(st, CW_END_PROTOCOL, code, detail);
}

static void uncount(struct stream *st)
{
	if (st->counted && st->server)
		st->server->n_started--;
	st->counted = false;
}

static void on_start_timeout(void *arg)
{
	struct stream *st = arg;

	broken(st, CLOSE_POLICY, "no 'start' message in time");
}

static void on_closed(int err, unsigned code, void *arg)
{
	struct stream *st = arg;

	if (st->state < ST_ENDING) {
		st->reason = CW_END_LOST;
		if (err)
			snprintf(st->detail, sizeof(st->detail), "connection lost: %s", strerrordesc_np(err));
		else
			snprintf(st->detail, sizeof(st->detail), "closed with code %u, without 'stop'", code);
	}
	cw_timer_stop(&st->timer);
	st->state = ST_CLOSED;
	uncount(st);
	if (!st->started)
		talloc_free(st);
	else if (st->line.ev && st->line.ev->closed)
		st->line.ev->closed(st->reason, st->detail, st->line.arg);
}

/* ---- audio in ---- */

static void emit_frame(struct stream *st, const uint8_t *ulaw, uint64_t position)
{
	if (st->line.ev && st->line.ev->frame)
		st->line.ev->frame(ulaw, position, st->line.arg);
}

static void note_gap(struct stream *st, uint64_t at, uint64_t samples)
{
	char json[96];

	if (!st->line.ev || !st->line.ev->note)
		return;
	snprintf(json, sizeof(json), "{\"at_ms\":%" PRIu64 ",\"gap_ms\":%" PRIu64 "}", at / SAMPLES_PER_MS,
		samples / SAMPLES_PER_MS);
	st->line.ev->note("twilio.gap", json, st->line.arg);
}

/* Audio is missing before @at: what was begun is filled up with silence, and the next frame begins at @at. */
static void jump(struct stream *st, uint64_t at, const bool *gone)
{
	uint64_t from = st->position;

	if (st->part_n) {
		memset(st->part + st->part_n, CW_ULAW_SILENCE, CW_FRAME_SAMPLES - st->part_n);
		emit_frame(st, st->part, from - st->part_n);
		if (*gone)
			return;
		st->part_n = 0;
	}
	st->position = at;
	note_gap(st, from, at - from);
}

static void take_audio(struct stream *st, const uint8_t *ulaw, size_t n, const bool *gone)
{
	while (n && !*gone && st->state == ST_UP) {
		size_t use = CW_FRAME_SAMPLES - st->part_n;

		if (!st->part_n && n >= CW_FRAME_SAMPLES) {
			st->position += CW_FRAME_SAMPLES;
			emit_frame(st, ulaw, st->position - CW_FRAME_SAMPLES);
			ulaw += CW_FRAME_SAMPLES;
			n -= CW_FRAME_SAMPLES;
			continue;
		}
		if (use > n)
			use = n;
		memcpy(st->part + st->part_n, ulaw, use);
		st->part_n += use;
		st->position += use;
		ulaw += use;
		n -= use;
		if (st->part_n == CW_FRAME_SAMPLES) {
			st->part_n = 0;
			emit_frame(st, st->part, st->position - CW_FRAME_SAMPLES);
		}
	}
}

/* Zero is where the first chunk begins, whatever the carrier calls that moment. */
static uint64_t place(struct stream *st, const struct cw_twilio_media *m)
{
	if (!st->have_origin) {
		uint64_t before = m->members & CW_MEDIA_CHUNK && m->chunk > 1 ? (m->chunk - 1) * 20 : 0;

		st->origin_ms = m->timestamp_ms > before ? m->timestamp_ms - before : 0;
		st->have_origin = true;
	}
	return m->timestamp_ms > st->origin_ms ? (m->timestamp_ms - st->origin_ms) * SAMPLES_PER_MS : 0;
}

static void take_media(struct stream *st, const struct cw_twilio_media *m)
{
	uint8_t ulaw[PAYLOAD_MAX];
	bool gone = false;
	size_t n;

	if (st->state != ST_UP) {
		broken(st, CLOSE_POLICY, "'media' before 'start'");
		return;
	}
	if (m->members & CW_MEDIA_STREAM_SID && !cw_str_eq(m->stream_sid, st->sid)) {
		broken(st, CLOSE_POLICY, "'media' of another stream");
		return;
	}
	if (m->members & CW_MEDIA_TRACK && cw_str_eq(m->track, "outbound"))
		return; /* an echo of what we sent: Twilio does not send it on <Connect> */
	if (m->payload.len > MESSAGE_MAX || cw_base64_decode(m->payload, ulaw, &n)) {
		broken(st, CLOSE_TEXT, "'media' payload is not base64");
		return;
	}
	st->gone = &gone;
	if (m->members & CW_MEDIA_TIMESTAMP) {
		if (m->timestamp_ms > TIMESTAMP_MAX) {
			st->gone = NULL;
			broken(st, CLOSE_POLICY, "'media' timestamp out of range");
			return;
		}
		uint64_t at = place(st, m);

		if (at > st->position + SLACK_SAMPLES)
			jump(st, at, &gone);
	}
	take_audio(st, ulaw, n, &gone);
	if (!gone)
		st->gone = NULL;
}

/* ---- other messages ---- */

static const char *param(const struct cw_line *l, const char *name)
{
	const struct stream *st = (const struct stream *)l;

	return cw_json_str(json_object_get(st->start, "customParameters"), name, NULL);
}

static bool is_mulaw(const json_t *format)
{
	return !format ||
	       (!strcmp(cw_json_str(format, "encoding", "audio/x-mulaw"), "audio/x-mulaw") &&
		       cw_json_int(format, "sampleRate", 8000) == 8000 && cw_json_int(format, "channels", 1) == 1);
}

/* Who calls: the webhook's word where there was one, else what the stream's parameters say. false: not admitted. */
static bool identify(struct stream *st)
{
	const char *token = param(&st->line, "token"), *sid = cw_json_str(st->start, "callSid", "");
	struct ticket *t = token ? cw_twilio_ticket_claim(st->server, st, token) : NULL;

	if (!t && st->server->conf.auth_token) {
		broken(st, CLOSE_POLICY, "the token of 'start' belongs to no webhook of ours, or was used before");
		return false;
	}
	if (t && *t->call_sid && *sid && strcmp(t->call_sid, sid) != 0) {
		broken(st, CLOSE_POLICY, "the token of 'start' belongs to another call");
		return false;
	}
	const char *from = t ? t->from : param(&st->line, "From"), *to = t ? t->to : param(&st->line, "To");

	st->info = (struct cw_line_info){.call_id = *sid ? sid : st->sid,
		.stream_id = st->sid,
		.from = from ? from : "",
		.to = to ? to : "",
		.param = param};
	st->log.id = st->info.call_id;
	return true;
}

/* The callee decides; from here on the line is its own. */
static void begin(struct stream *st)
{
	struct cw_twilio_server *s = st->server;
	bool gone = false;

	talloc_steal(s->parent, st);
	st->gone = &gone;

	int err = s->fn(&st->line, &st->info, s->arg);

	if (gone)
		return;
	st->gone = NULL;
	if (err) {
		cw_log_debug(&st->log, "refused", "reason=\"%s\"", strerrordesc_np(err));
		st->line.ev = NULL;
		if (st->server)
			talloc_steal(st->server, st);
		end(st, CW_END_REFUSED, CLOSE_TRY_LATER, "refused");
		return;
	}
	st->started = true;
	if (st->server) {
		st->server->n_started++;
		st->counted = true;
	}
	st->state = ST_UP;
	if (st->line.ev && st->line.ev->answered)
		st->line.ev->answered(&st->info, st->line.arg);
}

static void take_start(struct stream *st, const json_t *msg)
{
	json_t *inner = json_object_get(msg, "start");
	const char *sid = cw_json_str(msg, "streamSid", cw_json_str(inner, "streamSid", ""));

	if (st->state != ST_CONNECTED) {
		broken(st, CLOSE_POLICY, st->state == ST_NEW ? "'start' before 'connected'" : "a second 'start'");
		return;
	}
	if (!json_is_object(inner) || !*sid || strlen(sid) >= sizeof(st->sid) ||
		sid[strspn(sid, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")]) {
		broken(st, CLOSE_POLICY, "'start' without a usable streamSid");
		return;
	}
	if (!is_mulaw(json_object_get(inner, "mediaFormat"))) {
		broken(st, CLOSE_POLICY, "expected mediaFormat audio/x-mulaw, 8000 Hz, 1 channel");
		return;
	}
	if (!st->server) {
		end(st, CW_END_REFUSED, CLOSE_TRY_LATER, "shutting down");
		return;
	}
	cw_timer_stop(&st->timer);
	snprintf(st->sid, sizeof(st->sid), "%s", sid);
	st->start = json_incref(inner);
	if (identify(st))
		begin(st);
}

static void take_mark(struct stream *st, const json_t *msg)
{
	const char *name = cw_json_str(json_object_get(msg, "mark"), "name", "");
	uint32_t id;

	if (name[0] != 'm' || cw_str_u32(cw_str(name + 1), UINT32_MAX, &id))
		return; /* not one of ours */
	for (unsigned i = 0; i < st->marks_n; i++) {
		if (st->marks[i].id != id)
			continue;

		bool cleared = st->marks[i].cleared;

		memmove(&st->marks[i], &st->marks[i + 1], (--st->marks_n - i) * sizeof(*st->marks));
		if (st->line.ev && st->line.ev->mark)
			st->line.ev->mark(id, cleared, st->line.arg);
		return;
	}
}

static void take_dtmf(struct stream *st, const json_t *msg)
{
	const char *digit = cw_json_str(json_object_get(msg, "dtmf"), "digit", "");

	if (strlen(digit) != 1 || !strchr("0123456789*#ABCD", *digit))
		broken(st, CLOSE_POLICY, "'dtmf' without a digit");
	else if (st->line.ev && st->line.ev->dtmf)
		st->line.ev->dtmf(*digit, st->line.arg);
}

static void dispatch(struct stream *st, const json_t *msg)
{
	const char *event = cw_json_str(msg, "event", NULL);

	if (!event)
		broken(st, CLOSE_POLICY, "a message without 'event'");
	else if (!strcmp(event, "connected") && st->state == ST_NEW)
		st->state = ST_CONNECTED;
	else if (!strcmp(event, "start"))
		take_start(st, msg);
	else if (st->state != ST_UP)
		broken(st, CLOSE_POLICY, "'%.20s' before 'start'", event);
	else if (!strcmp(event, "mark"))
		take_mark(st, msg);
	else if (!strcmp(event, "dtmf"))
		take_dtmf(st, msg);
	else if (!strcmp(event, "stop"))
		end(st, CW_END_REMOTE, CLOSE_NORMAL, "stop");
	/* others are new kinds of events, which Twilio may add */
}

/* A media message in a form the scanner leaves to the JSON parser: escapes inside its strings. */
static bool media_of_json(const json_t *msg, struct cw_twilio_media *m)
{
	const json_t *inner = json_object_get(msg, "media");
	const char *payload = cw_json_str(inner, "payload", NULL), *sid = cw_json_str(msg, "streamSid", NULL);
	const json_t *at = json_object_get(inner, "timestamp");

	if (strcmp(cw_json_str(msg, "event", ""), "media") != 0 || !payload)
		return false;
	*m = (struct cw_twilio_media){.payload = cw_str(payload), .members = CW_MEDIA_PAYLOAD};
	if (sid) {
		m->stream_sid = cw_str(sid);
		m->members |= CW_MEDIA_STREAM_SID;
	}
	if (json_is_integer(at) && json_integer_value(at) >= 0)
		m->timestamp_ms = (uint64_t)json_integer_value(at);
	else if (!json_is_string(at) || cw_str_u64(cw_str(json_string_value(at)), UINT64_MAX, &m->timestamp_ms))
		return true;
	m->members |= CW_MEDIA_TIMESTAMP;
	return true;
}

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct stream *st = arg;
	struct cw_twilio_media m;
	struct cw_why why = {0};
	json_t *msg = NULL;

	if (st->state >= ST_ENDING)
		return;
	if (kind != CW_WS_TEXT) {
		broken(st, CLOSE_KIND, "a binary message: all of Media Streams is text");
		return;
	}
	switch (cw_twilio_media_scan(bytes, n, &m)) {
	case 0:
		take_media(st, &m);
		return;
	case EBADMSG:
		broken(st, CLOSE_TEXT, "a message which is not JSON, or 'media' without a payload");
		return;
	default:
		break;
	}
	if (cw_json_parse(bytes, n, &msg, &why)) {
		broken(st, CLOSE_TEXT, "%.100s", why.text);
		return;
	}
	if (media_of_json(msg, &m))
		take_media(st, &m);
	else
		dispatch(st, msg);
	json_decref(msg);
}

/* ---- the line ---- */

static int line_send(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	struct stream *st = (struct stream *)l;

	if (st->state != ST_UP)
		return ENOTCONN;
	while (n) {
		size_t use = n < CW_TWILIO_MEDIA_MAX ? n : CW_TWILIO_MEDIA_MAX;
		int err =
			cw_ws_send(st->ws, CW_WS_TEXT, st->text, cw_twilio_media_encode(st->text, st->sid, ulaw, use));

		if (err)
			return err;
		ulaw += use;
		n -= use;
	}
	return 0;
}

static int grow_marks(struct stream *st)
{
	unsigned cap = st->marks_cap ? 2 * st->marks_cap : MARKS_START;

	if (cap > MARKS_MAX)
		return ENOBUFS;

	struct sent_mark *marks = talloc_realloc(st, st->marks, struct sent_mark, cap);

	if (!marks)
		return ENOMEM;
	st->marks = marks;
	st->marks_cap = cap;
	return 0;
}

static int line_mark(struct cw_line *l, uint32_t id)
{
	struct stream *st = (struct stream *)l;

	if (st->state != ST_UP)
		return ENOTCONN;

	int err = st->marks_n == st->marks_cap ? grow_marks(st) : 0;

	if (err)
		return err;

	int n = snprintf(st->text, sizeof(st->text),
		"{\"event\":\"mark\",\"streamSid\":\"%s\",\"mark\":{\"name\":\"m%u\"}}", st->sid, id);

	err = cw_ws_send(st->ws, CW_WS_TEXT, st->text, (size_t)n);
	if (!err)
		st->marks[st->marks_n++] = (struct sent_mark){.id = id};
	return err;
}

static int line_clear(struct cw_line *l)
{
	struct stream *st = (struct stream *)l;

	if (st->state != ST_UP)
		return ENOTCONN;

	int n = snprintf(st->text, sizeof(st->text), "{\"event\":\"clear\",\"streamSid\":\"%s\"}", st->sid);
	int err = cw_ws_send(st->ws, CW_WS_TEXT, st->text, (size_t)n);

	for (unsigned i = 0; !err && i < st->marks_n; i++)
		st->marks[i].cleared = true; /* those already played and on their way back cannot be told apart */
	return err;
}

static void line_hang_up(struct cw_line *l, const char *why)
{
	end((struct stream *)l, CW_END_LOCAL, CLOSE_NORMAL, why);
}

static const struct cw_line_driver driver = {
	.name = "twilio",
	.send = line_send,
	.mark = line_mark,
	.clear = line_clear,
	.hang_up = line_hang_up,
};

static int stream_destroy(struct stream *st)
{
	cw_timer_stop(&st->timer);
	if (st->gone)
		*st->gone = true;
	json_decref(st->start);
	if (!st->server)
		return 0;
	for (struct stream **p = &st->server->streams; *p; p = &(*p)->next)
		if (*p == st) {
			*p = st->next;
			st->server->n_streams--;
			break;
		}
	uncount(st);
	return 0;
}

int cw_twilio_stream_open(struct cw_twilio_server *s, struct cw_exchange *x)
{
	static const struct cw_ws_events events = {.message = on_message, .closed = on_closed};
	const struct cw_ws_limits limits = {.max_message = MESSAGE_MAX};

	CW_SCOPED struct stream *st = talloc_zero(NULL, struct stream);
	if (!st) {
		(void)cw_reply(x, 503, NULL, 0, NULL, 0);
		return ENOMEM;
	}
	st->line = (struct cw_line){.driver = &driver, .side = CW_LINE_AGENT};
	st->world = s->world;
	st->log = (struct cw_log){.parent = &s->log, .name = "stream"};
	cw_timer_init(&st->timer, s->world);

	int err = cw_ws_accept(st, x, &limits, &events, st, &st->ws);

	if (err)
		return err;
	cw_timer_start(&st->timer, s->conf.start_timeout_us, on_start_timeout, st);
	st->server = s;
	st->next = s->streams;
	s->streams = st;
	s->n_streams++;
	talloc_set_destructor(st, stream_destroy);
	talloc_steal(s, st);
	st = NULL;
	return 0;
}
