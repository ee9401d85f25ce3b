#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "line/twilio_call.h"
#include "line/twilio_msg.h"

#define MESSAGE_MAX    (1u << 20) /* an agent may send minutes of audio in one message */
#define SLICE_CHARS    4096u      /* of base64, decoded at a time: a multiple of four */
#define FRAME_TEXT     512u       /* a media message of 160 bytes takes 420 */
#define URL_MAX        8192u
#define FRAME_MS       20u
#define PARAMETERS_MAX 64u

enum media_state { MEDIA_CONNECTING, MEDIA_OPEN, MEDIA_CLOSING };
enum { WARNED_QUEUE = 1, WARNED_31924 = 2, WARNED_31931 = 4, WARNED_31950 = 8, WARNED_31951 = 16 };

/* One stream: bidirectional (the verb is <Connect>) or unidirectional (<Start>). */
struct media {
	struct media *next;
	struct call *call;
	struct verb *verb; /* <Connect>, while it waits for us */
	bool bidirectional, inbound, outbound;
	enum media_state state;
	struct cw_ws *ws;
	char *url, *name, *status_url, *status_method;
	json_t *parameters;
	char sid[CW_TWILIO_SID_SIZE];
	uint64_t sequence, chunk, base_frames;
	unsigned warned;
};

/* ---- once per stream: what Twilio's debugger would show ---- */

static void warn_once(struct media *m, unsigned flag, unsigned code, const char *text)
{
	if (m->warned & flag)
		return;
	m->warned |= flag;
	cw_call_warn(m->call, code, "%s", text);
}

static void stream_callback(struct media *m, const char *event, const char *error)
{
	struct call *c = m->call;
	CW_SCOPED struct cw_form *f = m->status_url ? cw_params_new(NULL) : NULL;
	int64_t wall = cw_wall(c->world);
	time_t seconds = (time_t)(wall / 1000000);
	struct tm tm;
	char stamp[40];

	if (!f)
		return;
	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	cw_params_add(f, "AccountSid", "%s", c->conf.account_sid);
	cw_params_add(f, "CallSid", "%s", c->call_sid);
	cw_params_add(f, "StreamSid", "%s", m->sid);
	cw_params_add(f, "StreamName", "%s", m->name);
	cw_params_add(f, "StreamEvent", "%s", event);
	if (error)
		cw_params_add(f, "StreamError", "%s", error);
	cw_params_add(f, "Timestamp", "%s.%03dZ", stamp, (int)(wall / 1000 % 1000));
	cw_call_callback(c, m->status_method, m->status_url, f);
}

/* ---- sending ---- */

/* Takes @msg. */
static void send_json(struct media *m, json_t *msg)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(MESSAGE_MAX);

	if (msg)
		cw_json_dump(&b, msg);
	json_decref(msg);
	if (!b.len || cw_buf_err(&b) || cw_ws_send(m->ws, CW_WS_TEXT, b.p, b.len))
		warn_once(m, WARNED_QUEUE, 31903, "a message to the agent was lost: its socket takes nothing");
}

static json_t *next_sequence(struct media *m)
{
	return json_sprintf("%llu", (unsigned long long)++m->sequence);
}

static void send_connected(struct media *m)
{
	send_json(m, json_pack("{s:s, s:s, s:s}", "event", "connected", "protocol", "Call", "version", "1.0.0"));
}

static void send_start(struct media *m)
{
	struct call *c = m->call;
	json_t *tracks = json_array();

	if (m->inbound)
		(void)json_array_append_new(
			tracks, json_string("inbound")); /* no memory: json_pack below fails as well */
	if (m->outbound)
		(void)json_array_append_new(tracks, json_string("outbound"));
	send_json(m,
		json_pack("{s:s, s:o, s:s, s:{s:s, s:s, s:s, s:o, s:O, s:{s:s, s:i, s:i}}}", "event", "start",
			"sequenceNumber", next_sequence(m), "streamSid", m->sid, "start", "streamSid", m->sid,
			"accountSid", c->conf.account_sid, "callSid", c->call_sid, "tracks", tracks, "customParameters",
			m->parameters, "mediaFormat", "encoding", "audio/x-mulaw", "sampleRate", 8000, "channels", 1));
}

static void send_stop(struct media *m)
{
	send_json(m, json_pack("{s:s, s:o, s:s, s:{s:s, s:s}}", "event", "stop", "sequenceNumber", next_sequence(m),
			     "streamSid", m->sid, "stop", "accountSid", m->call->conf.account_sid, "callSid",
			     m->call->call_sid));
}

/* The hot one: no allocation here. A frame the socket does not take is lost, and its time with it. */
static void send_frame(struct media *m, const char *track, const uint8_t *ulaw)
{
	char text[FRAME_TEXT];
	uint64_t at_ms = (m->call->frames - m->base_frames) * FRAME_MS;
	size_t n = cw_twilio_media_encode_carrier(
		text, m->sid, track, m->sequence + 1, m->chunk + 1, at_ms, ulaw, CW_FRAME_SAMPLES);

	if (cw_ws_send(m->ws, CW_WS_TEXT, text, n)) {
		warn_once(m, WARNED_QUEUE, 31903, "audio to the agent was lost: its socket takes nothing");
		return;
	}
	m->sequence++;
	m->chunk++;
}

void cw_media_frame(struct call *c, const uint8_t *heard, const uint8_t *said)
{
	for (struct media *m = c->streams; m; m = m->next) {
		if (m->state != MEDIA_OPEN)
			continue;
		if (m->inbound)
			send_frame(m, "inbound", said);
		if (m->outbound)
			send_frame(m, "outbound", heard);
	}
}

static struct media *bidirectional(const struct call *c)
{
	for (struct media *m = c->streams; m; m = m->next)
		if (m->bidirectional && m->state == MEDIA_OPEN)
			return m;
	return NULL;
}

void cw_media_marks(struct call *c)
{
	struct media *m = bidirectional(c);
	const char *name;
	bool cleared;

	while (m && (name = cw_playout_reached(c->playout, &cleared)))
		send_json(m, json_pack("{s:s, s:o, s:s, s:{s:s}}", "event", "mark", "sequenceNumber", next_sequence(m),
				     "streamSid", m->sid, "mark", "name", name));
}

static void connect_digit(struct verb *v, char digit)
{
	struct media *m = bidirectional(v->call);

	if (m)
		send_json(m, json_pack("{s:s, s:s, s:o, s:{s:s, s:s#}}", "event", "dtmf", "streamSid", m->sid,
				     "sequenceNumber", next_sequence(m), "dtmf", "track", "inbound_track", "digit",
				     &digit, (size_t)1));
}

/* ---- what the agent sends ---- */

static void take_audio(struct media *m, struct cw_str payload)
{
	uint8_t ulaw[SLICE_CHARS / 4 * 3];

	while (payload.len) {
		struct cw_str slice = {payload.p, payload.len < SLICE_CHARS ? payload.len : SLICE_CHARS};
		size_t n;

		if (cw_base64_decode(slice, ulaw, &n)) {
			warn_once(m, WARNED_31950, 31950, "the payload of a 'media' message is not base64");
			return;
		}
		if (cw_playout_put(m->call->playout, ulaw, n)) {
			warn_once(m, WARNED_31931, 31931,
				"more than ten minutes of audio are buffered: what goes beyond is dropped");
			return;
		}
		payload.p += slice.len;
		payload.len -= slice.len;
	}
}

static void take_mark(struct media *m, const char *name)
{
	if (cw_playout_mark(m->call->playout, name))
		warn_once(m, WARNED_31951, 31951,
			"too many marks are pending, or a mark's name is longer than 255 bytes");
	cw_media_marks(m->call);
}

static void take_order(struct media *m, const json_t *msg)
{
	enum cw_twilio_order order;
	struct cw_why why = {0};
	unsigned code = cw_twilio_order_check(msg, m->sid, &order, &why);

	if (code) {
		warn_once(m, WARNED_31951, code, why.text);
		return;
	}
	switch (order) {
	case CW_ORDER_MEDIA:
		take_audio(m, cw_str(cw_json_str(json_object_get(msg, "media"), "payload", "")));
		break;
	case CW_ORDER_MARK:
		take_mark(m, cw_json_str(json_object_get(msg, "mark"), "name", ""));
		break;
	case CW_ORDER_CLEAR:
		cw_playout_clear(m->call->playout);
		cw_media_marks(m->call);
		break;
	}
}

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct media *m = arg;
	CW_JSON_SCOPED json_t *msg = NULL;
	struct cw_twilio_media media;
	struct cw_why why = {0};

	if (m->state != MEDIA_OPEN)
		return;
	if (!m->bidirectional) {
		warn_once(m, WARNED_31924, 31924, "a unidirectional stream takes no messages");
		return;
	}
	if (kind != CW_WS_TEXT) {
		warn_once(m, WARNED_31950, 31950, "a binary message: Media Streams takes text only");
		return;
	}
	if (!cw_twilio_media_scan(bytes, n, &media) && media.members == (CW_MEDIA_STREAM_SID | CW_MEDIA_PAYLOAD) &&
		cw_str_eq(media.stream_sid, m->sid)) {
		take_audio(m, media.payload);
		return;
	}
	if (cw_json_parse(bytes, n, &msg, &why))
		warn_once(m, WARNED_31951, 31951, why.text);
	else
		take_order(m, msg);
}

/* ---- coming up and going down ---- */

static int media_destroy(struct media *m)
{
	json_decref(m->parameters);
	for (struct media **p = &m->call->streams; *p; p = &(*p)->next)
		if (*p == m) {
			*p = m->next;
			break;
		}
	return 0;
}

static void on_open(void *arg)
{
	struct media *m = arg;
	struct call *c = m->call;

	m->state = MEDIA_OPEN;
	m->base_frames = c->frames;
	c->info.stream_id = m->sid;
	c->fail_code = 0;
	if (m->bidirectional)
		cw_playout_reset(c->playout);
	send_connected(m);
	send_start(m);
	cw_call_note(c, "twilio.stream_started", "{s:s, s:s}", "stream_sid", m->sid, "url", m->url);
	stream_callback(m, "stream-started", NULL);
	if (m->bidirectional)
		cw_call_answer(c);
}

/* Twilio's number for a socket which never came up, and what it means for a call which has nothing else to do. */
static unsigned failure(int err, unsigned status, enum cw_end_reason *reason, char *text, size_t size)
{
	*reason = CW_END_UNREACHABLE;
	snprintf(text, size, "the stream's WebSocket did not open: %s", strerrordesc_np(err));
	switch (err) {
	case ETIMEDOUT:
		return 31901;
	case ECONNREFUSED:
		return 31902;
	case EACCES:
		*reason = CW_END_REFUSED;
		snprintf(text, size, "the stream's handshake was answered with HTTP status %u, expected 101", status);
		return 31920;
	case EPROTO:
		*reason = CW_END_REFUSED;
		return 31920;
	default:
		return 31903;
	}
}

static void over(struct media *m)
{
	struct call *c = m->call;
	struct verb *v = m->verb;

	talloc_free(m);
	cw_call_stream_over(c);
	if (!v)
		return;
	cw_playout_reset(c->playout); /* what was buffered is not played any more */
	cw_call_verb_action(v, NULL, false);
}

static void on_closed(int err, unsigned code, void *arg)
{
	struct media *m = arg;
	struct call *c = m->call;
	char text[160];

	m->ws = NULL;
	if (m->state == MEDIA_CLOSING) {
		stream_callback(m, "stream-stopped", NULL);
	} else if (m->state == MEDIA_CONNECTING) {
		c->fail_code = failure(err, code, &c->fail_reason, text, sizeof(text));
		cw_call_warn(c, c->fail_code, "%s (%s)", text, m->url);
		stream_callback(m, "stream-error", text);
	} else if (err) {
		c->fail_code = 31903;
		c->fail_reason = CW_END_LOST;
		cw_call_warn(c, 31903, "the stream's connection broke: %s", strerrordesc_np(err));
		stream_callback(m, "stream-error", strerrordesc_np(err));
	} else {
		cw_call_note(c, "twilio.stream_closed", "{s:i, s:i}", "code", 31921, "close_code", (int)code);
		stream_callback(m, "stream-stopped", NULL);
	}
	over(m);
}

static void stop_stream(struct media *m)
{
	m->verb = NULL;
	if (m->state == MEDIA_CLOSING)
		return;
	if (m->state == MEDIA_CONNECTING) {
		talloc_free(m);
		return;
	}
	send_stop(m);
	m->state = MEDIA_CLOSING;
	cw_ws_close(m->ws, 1000, "");
}

void cw_media_stop_all(struct call *c)
{
	for (struct media *m = c->streams, *next; m; m = next) {
		next = m->next;
		stop_stream(m);
	}
}

bool cw_media_any(const struct call *c)
{
	return c->streams != NULL;
}

/* ---- from TwiML ---- */

static json_t *read_parameters(struct call *c, const struct cw_twiml_node *stream)
{
	json_t *o = json_object();
	unsigned n = 0;

	for (const struct cw_twiml_node *p = stream->first; o && p && n < PARAMETERS_MAX; p = p->next, n++) {
		const char *name = cw_twiml_attr(p, "name", ""), *value = cw_twiml_attr(p, "value", "");

		if (!*name || strlen(name) + strlen(value) >= 500)
			cw_call_warn(c, 12200,
				"line %u: <Parameter> needs a name, and less than 500 characters of name and value",
				p->line);
		else
			(void)json_object_set_new(o, name,
				json_string(value)); /* no memory: a parameter is missing, and the agent tells */
	}
	return o;
}

/* The URL without a query, which Twilio drops. NULL: not one that could be opened. */
static char *read_url(struct media *m, const struct cw_twiml_node *stream)
{
	struct call *c = m->call;
	const char *url = cw_twiml_attr(stream, "url", "");
	CW_SCOPED struct cw_url *u = NULL;
	struct cw_why why = {0};

	if (cw_url_parse(NULL, url, &u, &why)) {
		cw_call_warn(c, 31923, "<Stream url=\"%s\">: %s", url, why.text);
		return NULL;
	}
	if (strcmp(u->scheme, "wss") != 0 && strcmp(u->scheme, "ws") != 0) {
		cw_call_warn(c, 31922, "<Stream url=\"%s\">: expected wss://", url);
		return NULL;
	}
	if (!strcmp(u->scheme, "ws") && strncmp(u->host, "127.", 4) != 0 && strcmp(u->host, "localhost") != 0 &&
		strcmp(u->host, "::1") != 0)
		cw_call_warn(c, 31922, "<Stream url=\"%s\">: Twilio itself takes wss:// only", url);
	if (*u->query)
		cw_call_warn(c, 31920,
			"<Stream url=\"%s\">: a query string is not supported and was dropped; use <Parameter>", url);
	return talloc_strndup(m, url, strcspn(url, "?#"));
}

static int connect_stream(struct media *m)
{
	static const struct cw_ws_events events = {.open = on_open, .message = on_message, .closed = on_closed};
	struct call *c = m->call;
	char to_sign[URL_MAX], signature[29];

	if (!cw_twilio_url_to_sign(m->url, to_sign, sizeof(to_sign)))
		return EINVAL;
	cw_twilio_sign(c->conf.auth_token, to_sign, NULL, signature);

	const struct cw_header headers[] = {{"User-Agent", "Twilio.TmeWs/1.0"}, {"X-Twilio-Signature", signature}};
	const struct cw_ws_req req = {.url = m->url,
		.headers = headers,
		.n_headers = CW_COUNT(headers),
		.limits = {.max_message = MESSAGE_MAX},
		.ca_file = c->conf.ca_file};

	return cw_ws_connect(m, c->world, &req, &events, m, &m->ws);
}

static void read_tracks(struct media *m, const struct cw_twiml_node *stream)
{
	const char *track = cw_twiml_attr(stream, "track", "inbound_track");

	m->inbound = m->bidirectional || strcmp(track, "outbound_track") != 0;
	m->outbound = !m->bidirectional && strcmp(track, "inbound_track") != 0;
	if (m->bidirectional && strcmp(track, "inbound_track") != 0)
		cw_call_warn(m->call, 12200, "<Connect><Stream track=\"%s\">: only inbound_track", track);
}

/* 0: on its way. EINVAL: it cannot be (a warning was noted). */
static int open_stream(struct verb *v, const struct cw_twiml_node *stream, bool both_ways)
{
	struct call *c = v->call;
	const char *callback = cw_twiml_attr(stream, "statusCallback", NULL);
	CW_SCOPED struct media *m = talloc_zero(NULL, struct media);
	int err;

	if (!m)
		return ENOMEM;
	m->call = c;
	m->bidirectional = both_ways;
	talloc_set_destructor(m, media_destroy);
	cw_call_sid(c, "MZ", m->sid);
	read_tracks(m, stream);
	m->parameters = read_parameters(c, stream);
	m->url = read_url(m, stream);
	m->name = talloc_strdup(m, cw_twiml_attr(stream, "name", m->sid));
	m->status_url = callback ? cw_call_resolve(c, m, callback) : NULL;
	m->status_method = talloc_strdup(m, cw_twiml_attr(stream, "statusCallbackMethod", "POST"));
	if (!m->url)
		return EINVAL;
	if (!m->parameters || !m->name || !m->status_method)
		return ENOMEM;
	err = connect_stream(m);
	if (err)
		return err;
	m->verb = both_ways ? v : NULL;
	m->next = c->streams;
	c->streams = m;
	talloc_steal(c, m);
	m = NULL;
	return 0;
}

static const struct cw_twiml_node *find_stream(struct verb *v)
{
	for (const struct cw_twiml_node *n = v->node->first; n; n = n->next) {
		if (!strcmp(n->name, "Stream"))
			return n;
		cw_call_note(v->call, "twilio.unsupported", "{s:s, s:i}", "verb", n->name, "line", (int)n->line);
	}
	return NULL;
}

static int connect_start(struct verb *v)
{
	const struct cw_twiml_node *stream = find_stream(v);
	int err = stream ? open_stream(v, stream, true) : EINVAL;

	if (err != EINVAL)
		return err;
	v->call->fail_code = 31923;
	v->call->fail_reason = CW_END_REFUSED;
	cw_call_verb_done(v);
	return 0;
}

static int start_start(struct verb *v)
{
	const struct cw_twiml_node *stream = find_stream(v);
	int err = stream ? open_stream(v, stream, false) : 0;

	if (err && err != EINVAL)
		return err;
	cw_call_verb_done(v);
	return 0;
}

static int stop_start(struct verb *v)
{
	const struct cw_twiml_node *stream = find_stream(v);
	const char *name = stream ? cw_twiml_attr(stream, "name", NULL) : NULL;

	for (struct media *m = v->call->streams, *next; m; m = next) {
		next = m->next;
		if (!m->bidirectional && (!name || !strcmp(m->name, name)))
			stop_stream(m);
	}
	cw_call_verb_done(v);
	return 0;
}

const struct verb_ops cw_connect_ops = {"Connect", connect_start, NULL, connect_digit, sizeof(struct verb), true, NULL};
const struct verb_ops cw_start_ops = {"Start", start_start, NULL, NULL, sizeof(struct verb), true, NULL};
const struct verb_ops cw_stop_ops = {"Stop", stop_start, NULL, NULL, sizeof(struct verb), true, NULL};
