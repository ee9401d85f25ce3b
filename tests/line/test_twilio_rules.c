#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "line/twilio_msg.h"

/* ---- the webhook, as proxies and strangers bring it ---- */

struct asked {
	int status;
	struct cw_buf body;
	bool done;
};

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	(void)headers;
	(void)n;
	((struct asked *)arg)->status = status;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	cw_buf_put(&((struct asked *)arg)->body, bytes, n);
}

static void on_closed(int err, void *arg)
{
	assert_int_equal(err, 0);
	((struct asked *)arg)->done = true;
}

/* A request to the server's webhook, signed as if it had gone to @signed_url; NULL: unsigned. */
static void ask(struct scene *s, struct asked *a, const char *method, const char *query, const char *body,
	const char *signed_url, const char *forwarded)
{
	static const struct cw_http_events http_events = {on_headers, on_data, on_closed};
	struct cw_form *form = NULL;
	char url[200], signature[29] = "";
	struct cw_http *http;

	snprintf(url, sizeof(url), "%s%s", s->url, query);
	assert_int_equal(cw_form_parse(NULL, cw_str(body), &form), 0);
	if (signed_url)
		cw_twilio_sign(TOKEN, signed_url, strcmp(method, "POST") ? NULL : form, signature);
	talloc_free(form);

	const struct cw_header headers[] = {{"X-Twilio-Signature", signature}, {"X-Forwarded-Proto", forwarded}};
	const struct cw_http_req req = {.method = method,
		.url = url,
		.headers = headers,
		.n_headers = forwarded ? 2 : 1,
		.body = *body ? body : NULL,
		.body_len = strlen(body)};

	cw_buf_clear(&a->body);
	*a = (struct asked){.body = CW_BUF(65536)};
	assert_int_equal(cw_http_request(s->owner, s->w, &req, &http_events, a, &http), 0);
	run_for(s->w, 200 * MS);
	assert_true(a->done);
}

static void the_url_is_what_the_public_saw(void **state)
{
	static const char fields[] = "CallSid=CA1&From=%2B12025550123&To=%2B12025550199&More=a%26b";
	struct asked a = {.body = CW_BUF(65536)};
	struct scene s;
	char https[200];

	(void)state;
	scene_open(&s, world, &signed_conf);
	snprintf(https, sizeof(https), "https%s", s.url + 4);
	ask(&s, &a, "POST", "", fields, s.url, NULL);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body.p, "<Stream url=\"ws://127.0.0.1:"));
	assert_non_null(strstr(a.body.p, "<Parameter name=\"From\" value=\"+12025550123\"/>"));
	ask(&s, &a, "POST", "", fields, https, NULL);
	assert_int_equal(a.status, 403);
	ask(&s, &a, "POST", "", fields, https, "https");
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body.p, "<Stream url=\"wss://127.0.0.1:"));
	ask(&s, &a, "POST", "", fields, NULL, NULL);
	assert_int_equal(a.status, 403);
	ask(&s, &a, "PUT", "", fields, s.url, NULL);
	assert_int_equal(a.status, 405);
	snprintf(https, sizeof(https), "%s?%s", s.url, fields);
	ask(&s, &a, "GET", "?CallSid=CA1&From=%2B12025550123&To=%2B12025550199&More=a%26b", "", https, NULL);
	assert_int_equal(a.status, 200);
	scene_close(&s);

	const struct cw_twilio_server_conf conf = {.auth_token = TOKEN, .public_url = "https://voice.example.test/"};

	scene_open(&s, world, &conf);
	ask(&s, &a, "POST", "", fields, "https://voice.example.test/voice", NULL);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body.p, "<Stream url=\"wss://voice.example.test/media\">"));
	ask(&s, &a, "POST", "", fields, s.url, NULL);
	assert_int_equal(a.status, 403);
	scene_close(&s);
	cw_buf_clear(&a.body);
}

static void wrong_configurations_are_named(void **state)
{
	static const struct cw_twilio_server_conf confs[] = {{.public_url = "voice.example.test"}, {.auth_token = ""},
		{.voice_path = "voice"}, {.stream_path = "media"}};
	static const struct cw_twilio_carrier_conf calls[] = {
		{.url = NULL}, {.url = "voice"}, {.url = "http://h/", .call_sid = "CA1"}};
	struct cw_twilio_server *server = NULL;
	struct cw_line *line = NULL;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(confs); i++) {
		struct cw_why why = {0};

		assert_int_equal(cw_twilio_server_new(world, world, &confs[i], NULL, NULL, &server, &why), EINVAL);
		assert_true(why.text[0]);
	}
	for (size_t i = 0; i < CW_COUNT(calls); i++) {
		struct cw_why why = {0};

		assert_int_equal(cw_twilio_dial(world, world, &calls[i], &line, &why), EINVAL);
		assert_true(why.text[0]);
	}
	assert_null(server);
	assert_null(line);
}

/* ---- strangers at the WebSocket ---- */

struct stranger {
	struct cw_ws *ws;
	bool opened, closed;
	int err;
	unsigned code;
};

static void stranger_open(void *arg)
{
	((struct stranger *)arg)->opened = true;
}

static void stranger_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	(void)kind;
	(void)bytes;
	(void)n;
	(void)arg;
}

static void stranger_closed(int err, unsigned code, void *arg)
{
	struct stranger *t = arg;

	t->closed = true;
	t->err = err;
	t->code = code;
}

static void stranger_connect(struct scene *s, struct stranger *t, const char *token)
{
	static const struct cw_ws_events events = {stranger_open, stranger_message, NULL, stranger_closed};
	char url[80], signature[29];

	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/media", cw_server_port(s->listener));
	cw_twilio_sign(token, url, NULL, signature);

	const struct cw_header header = {"X-Twilio-Signature", signature};
	const struct cw_ws_req req = {.url = url, .headers = &header, .n_headers = 1};

	*t = (struct stranger){.ws = NULL};
	assert_int_equal(cw_ws_connect(s->owner, s->w, &req, &events, t, &t->ws), 0);
	run_for(s->w, 100 * MS);
}

static void say(struct scene *s, struct stranger *t, const char *text)
{
	(void)cw_ws_send(t->ws, CW_WS_TEXT, text, strlen(text));
	run_for(s->w, 60 * MS);
}

#define CONNECTED "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}"
#define START                                                                                                                          \
	"{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"MZ1\",\"start\":{\"streamSid\":\"MZ1\",\"accountSid\":\"AC1\"," \
	"\"callSid\":\"CA1\",\"tracks\":[\"inbound\"],\"customParameters\":{\"tenant\":\"7\",\"From\":\"+1\"},"                        \
	"\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1}}}"
#define MEDIA(ts, payload)                                                                                \
	"{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"track\":\"inbound\",\"timestamp\":\"" ts \
	"\",\"payload\":\"" payload "\"}}"

static void the_handshake_is_checked(void **state)
{
	struct scene s;
	struct stranger t;

	(void)state;
	scene_open(&s, world, &signed_conf);
	stranger_connect(&s, &t, "wrong token");
	assert_true(t.closed);
	assert_int_equal(t.err, EACCES);
	assert_int_equal(t.code, 403);
	scene_close(&s);
}

static void a_stream_without_a_webhook_is_refused(void **state)
{
	struct scene s;
	struct stranger t;

	(void)state;
	scene_open(&s, world, &signed_conf);
	stranger_connect(&s, &t, TOKEN);
	assert_true(t.opened);
	say(&s, &t, CONNECTED);
	say(&s, &t, START);
	assert_true(t.closed);
	assert_int_equal(t.code, 1008);
	assert_int_equal(s.n_agents, 0);
	scene_close(&s);
}

static void garbage_ends_its_own_call_only(void **state)
{
	static const struct {
		const char *text;
		unsigned code;
	} cases[] = {
		{"", 1007},
		{"garbage", 1007},
		{"{\"event\":", 1007},
		{"[]", 1007},
		{"{}", 1008},
		{"{\"event\":\"media\"}", 1007},
		{START, 1008},
		{MEDIA("20", "!!!!"), 1007},
		{MEDIA("20", "AAA"), 1007},
		{MEDIA("999999999999", "AAAA"), 1008},
		{"{\"event\":\"media\",\"streamSid\":\"MZ2\",\"media\":{\"payload\":\"AAAA\"}}", 1008},
		{"{\"event\":\"dtmf\",\"streamSid\":\"MZ1\",\"dtmf\":{\"digit\":\"12\"}}", 1008},
		{CONNECTED, 0},
		{"{\"event\":\"news\"}", 0},
	};
	const struct cw_twilio_server_conf open_conf = {.auth_token = NULL};
	struct scene s;
	struct stranger t;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		scene_open(&s, world, &open_conf);
		dial(&s, &s.caller, NULL);
		run_for(world, 200 * MS);
		stranger_connect(&s, &t, TOKEN);
		say(&s, &t, CONNECTED);
		say(&s, &t, START);
		assert_int_equal(s.n_agents, 2);
		assert_string_equal(s.agents[1].tenant, "7");
		say(&s, &t, MEDIA("20", "////"));
		say(&s, &t, cases[i].text);
		if (t.closed != (cases[i].code != 0) || (t.closed && t.code != cases[i].code))
			fail_msg("%s: closed %d code %u", cases[i].text, t.closed, t.code);
		if (cases[i].code)
			assert_ended(&s.agents[1], CW_END_PROTOCOL, "");
		assert_int_equal(s.agents[0].closed, 0);
		assert_int_equal(s.caller.closed, 0);
		scene_close(&s);
	}
}

static void a_binary_message_is_refused(void **state)
{
	const struct cw_twilio_server_conf open_conf = {.auth_token = NULL};
	struct scene s;
	struct stranger t;

	(void)state;
	scene_open(&s, world, &open_conf);
	stranger_connect(&s, &t, TOKEN);
	assert_int_equal(cw_ws_send(t.ws, CW_WS_BINARY, "xyz", 3), 0);
	run_for(world, 60 * MS);
	assert_int_equal(t.code, 1003);
	scene_close(&s);
}

static void silence_at_the_door_times_out(void **state)
{
	const struct cw_twilio_server_conf conf = {.auth_token = NULL, .start_timeout_us = 300 * MS};
	struct scene s;
	struct stranger t;

	(void)state;
	scene_open(&s, world, &conf);
	stranger_connect(&s, &t, TOKEN);
	say(&s, &t, CONNECTED);
	assert_false(t.closed);
	run_for(world, 400 * MS);
	assert_true(t.closed);
	assert_int_equal(t.code, 1008);
	scene_close(&s);
}

/* Frames of 160 samples come out whatever the payloads' lengths, and a gap in time is a gap in positions. */
static void audio_is_placed_by_its_timestamp(void **state)
{
	const struct cw_twilio_server_conf open_conf = {.auth_token = NULL};
	struct scene s;
	struct stranger t;
	char text[1200];
	uint8_t ulaw[480];

	(void)state;
	scene_open(&s, world, &open_conf);
	stranger_connect(&s, &t, TOKEN);
	say(&s, &t, CONNECTED);
	say(&s, &t, START);
	memset(ulaw, 0x21, sizeof(ulaw));
	for (unsigned i = 0, ms = 60; i < 8; i++, ms += 30) { /* 30 ms each: 240 samples */
		size_t n = cw_twilio_media_encode_carrier(text, "MZ1", "inbound", i + 2, i + 1, ms, ulaw, 240);

		assert_int_equal(cw_ws_send(t.ws, CW_WS_TEXT, text, n), 0);
	}
	run_for(world, 100 * MS);
	assert_int_equal(s.agents[0].frames, 12);
	assert_int_equal(s.agents[0].gaps, 0);
	size_t n = cw_twilio_media_encode_carrier(text, "MZ1", "inbound", 10, 9, 60 + 240 + 100, ulaw, 480);

	assert_int_equal(cw_ws_send(t.ws, CW_WS_TEXT, text, n), 0);
	run_for(world, 100 * MS);
	assert_int_equal(s.agents[0].frames, 15);
	assert_int_equal(s.agents[0].gaps, 1);
	assert_int_equal(s.agents[0].next_position, (240 + 100 + 60) * 8);
	assert_true(person_noted(&s.agents[0], "twilio.gap {\"at_ms\":240,\"gap_ms\":100}"));

	say(&s, &t,
		"{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"timestamp\":\"460\",\"payload\":\"\\/\\/\\/\\/\"}}");
	assert_int_equal(s.agents[0].closed, 0); /* escaped slashes are base64 all the same */
	cw_ws_close(t.ws, 1000, "");
	run_for(world, 100 * MS);
	assert_ended(&s.agents[0], CW_END_LOST, "without 'stop'");
	scene_close(&s);
}

/* ---- an agent which breaks Twilio's rules is told, once ---- */

struct rude {
	struct cw_world *w;
	void *owner;
	struct cw_ws *ws;
	char sid[64];
	struct cw_buf heard;
	bool closed;
};

static void rude_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct rude *r = arg;
	const char *at;

	assert_int_equal(kind, CW_WS_TEXT);
	if (!memmem(bytes, n, "\"media\":{", 9)) {
		cw_buf_put(&r->heard, bytes, n);
		cw_buf_putc(&r->heard, '\n');
	}
	at = memmem(bytes, n, "\"streamSid\":\"", 13);
	if (at && !r->sid[0])
		snprintf(r->sid, sizeof(r->sid), "%.34s", at + 13);
}

static void rude_closed(int err, unsigned code, void *arg)
{
	(void)err;
	(void)code;
	((struct rude *)arg)->closed = true;
}

static void rude_upgrade(struct cw_exchange *x, void *arg)
{
	static const struct cw_ws_events events = {NULL, rude_message, NULL, rude_closed};
	struct rude *r = arg;

	assert_string_equal(cw_exchange_header(x, "User-Agent"), "Twilio.TmeWs/1.0");
	assert_int_equal(cw_ws_accept(r->owner, x, NULL, &events, r, &r->ws), 0);
}

static void rude_say(struct rude *r, const char *fmt)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);

	for (const char *p = fmt; *p; p++)
		if (*p == '@')
			cw_buf_puts(&b, r->sid);
		else
			cw_buf_putc(&b, *p);
	assert_int_equal(cw_ws_send(r->ws, CW_WS_TEXT, b.p, b.len), 0);
	run_for(r->w, 60 * MS);
}

static void rules_of_the_stream_are_watched(void **state)
{
	char twiml[200];
	struct page page = {"/voice", twiml, NULL, 0, NULL};
	struct scene s;
	struct web web;
	struct rude r = {.w = world, .heard = CW_BUF(1 << 20)};

	(void)state;
	scene_open(&s, world, &signed_conf);
	web_open(&web, world, s.owner, &page, 1);
	r.owner = s.owner;
	web.upgrade = rude_upgrade;
	web.arg = &r;
	snprintf(twiml, sizeof(twiml),
		"<Response><Connect><Stream url=\"ws%s/s?x=1\"><Parameter name=\"a\" value=\"b\"/></Stream></Connect></Response>",
		web.base + 4);
	snprintf(s.url, sizeof(s.url), "%s/voice", web.base);
	dial(&s, &s.caller, NULL);
	run_for(world, 300 * MS);
	assert_true(s.caller.answered);
	assert_true(strstr(r.heard.p, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}\n") ==
		    r.heard.p);
	assert_non_null(strstr(r.heard.p, "\"customParameters\":{\"a\":\"b\"}"));
	assert_non_null(strstr(r.heard.p, "\"sequenceNumber\":\"1\""));
	assert_true(person_noted(&s.caller, "31920")); /* the query string */

	rude_say(&r, "{\"event\":\"media\",\"streamSid\":\"@\",\"media\":{\"payload\":\"AAAA\"}}");
	rude_say(&r, "{\"event\":\"mark\",\"streamSid\":\"@\",\"mark\":{\"name\":\"a \\\"quoted\\\" name\"}}");
	rude_say(&r, "{\"event\":\"clear\",\"streamSid\":\"@\"}");
	assert_false(person_noted(&s.caller, "31950"));
	assert_false(person_noted(&s.caller, "31951"));
	assert_non_null(strstr(r.heard.p, "\"mark\":{\"name\":\"a \\\"quoted\\\" name\"}"));
	rude_say(&r, "{\"event\":\"media\",\"streamSid\":\"@\",\"media\":{\"payload\":\"AA!A\"}}");
	assert_true(person_noted(&s.caller, "\"code\":31950"));
	rude_say(&r, "{\"event\":\"media\",\"streamSid\":\"MZ9\",\"media\":{\"payload\":\"AAAA\"}}");
	assert_true(person_noted(&s.caller, "\"code\":31951,\"text\":\"wrong streamSid 'MZ9'\""));
	cw_buf_reset(&s.caller.notes);
	rude_say(&r, "nonsense");
	rude_say(&r, "{\"event\":\"play\",\"streamSid\":\"@\"}");
	assert_false(person_noted(&s.caller, "31951")); /* once per stream */
	assert_int_equal(s.caller.closed, 0);
	assert_int_equal(cw_line_dtmf(s.caller.line, "5"), 0);
	run_for(world, 60 * MS);
	assert_non_null(strstr(r.heard.p, "\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"5\"}"));
	cw_line_hang_up(s.caller.line, "bye");
	run_for(world, 200 * MS);
	assert_non_null(strstr(r.heard.p, "\"event\":\"stop\""));
	assert_true(r.closed);
	scene_close(&s);
	web_clear(&web);
	cw_buf_clear(&r.heard);
}

static void ten_minutes_ahead_are_the_limit(void **state)
{
	char twiml[200], *text = talloc_size(NULL, 700000);
	uint8_t *minute = talloc_zero_size(NULL, 480000);
	struct page page = {"/voice", twiml, NULL, 0, NULL};
	struct scene s;
	struct web web;
	struct rude r = {.w = world, .heard = CW_BUF(1 << 20)};

	(void)state;
	scene_open(&s, world, &signed_conf);
	web_open(&web, world, s.owner, &page, 1);
	r.owner = s.owner;
	web.upgrade = rude_upgrade;
	web.arg = &r;
	snprintf(
		twiml, sizeof(twiml), "<Response><Connect><Stream url=\"ws%s/s\"/></Connect></Response>", web.base + 4);
	snprintf(s.url, sizeof(s.url), "%s/voice", web.base);
	dial(&s, &s.caller, NULL);
	run_for(world, 300 * MS);
	for (unsigned i = 0; i < 11; i++) {
		size_t n = cw_twilio_media_encode(text, r.sid, minute, 480000);

		assert_int_equal(cw_ws_send(r.ws, CW_WS_TEXT, text, n), 0);
		run_for(world, 60 * MS);
		assert_int_equal(person_noted(&s.caller, "\"code\":31931"), i == 10);
	}
	scene_close(&s);
	web_clear(&web);
	cw_buf_clear(&r.heard);
	talloc_free(text);
	talloc_free(minute);
}

/* ---- after the stream ---- */

static void the_next_verb_follows_when_the_agent_closes(void **state)
{
	char twiml[300];
	const struct page pages[] = {{"/voice", twiml, NULL, 0, NULL},
		{"/after", "<Response><Pause length=\"1\"/><Hangup/></Response>", NULL, 0, NULL}};
	struct scene s;
	struct web web;
	struct rude r = {.w = world, .heard = CW_BUF(1 << 20)};

	(void)state;
	scene_open(&s, world, &signed_conf);
	web_open(&web, world, s.owner, pages, 2);
	r.owner = s.owner;
	web.upgrade = rude_upgrade;
	web.arg = &r;
	snprintf(twiml, sizeof(twiml),
		"<Response><Connect><Stream url=\"ws%s/s\" statusCallback=\"/stream\"/></Connect><Redirect>/after?a=1&amp;b=2</Redirect></Response>",
		web.base + 4);
	snprintf(s.url, sizeof(s.url), "%s/voice", web.base);
	dial(&s, &s.caller, NULL);
	run_for(world, 300 * MS);
	cw_ws_close(r.ws, 1000, "done");
	run_for(world, 500 * MS);
	assert_int_equal(s.caller.closed, 0);
	run_for(world, 1500 * MS);
	assert_ended(&s.caller, CW_END_REMOTE, "<Hangup>");
	assert_true(web_asked(&web, "/after", "CallStatus=in-progress"));
	assert_true(web_asked(&web, "/after", "b=2"));
	assert_true(web_asked(&web, "/stream", "StreamEvent=stream-started"));
	assert_true(web_asked(&web, "/stream", "StreamEvent=stream-stopped"));
	assert_int_equal(web.n_forged, 0);
	scene_close(&s);
	web_clear(&web);
	cw_buf_clear(&r.heard);
}

static void a_stream_which_cannot_open_ends_the_call_with_its_reason(void **state)
{
	static const struct {
		const char *stream;
		enum cw_end_reason reason;
		const char *detail;
	} cases[] = {
		{"ws://127.0.0.1:1/none", CW_END_UNREACHABLE, "31902"},
		{"%s/refused", CW_END_REFUSED, "31920"},
		{"https://127.0.0.1/x", CW_END_REFUSED, "31923"},
		{"nonsense", CW_END_REFUSED, "31923"},
	};
	struct scene s;
	struct web web;
	char twiml[300], url[100];
	const struct page page = {"/voice", twiml, NULL, 0, NULL};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		scene_open(&s, world, &signed_conf);
		web_open(&web, world, s.owner, &page, 1);
		snprintf(url, sizeof(url), "ws%s/refused", web.base + 4);
		snprintf(twiml, sizeof(twiml), "<Response><Connect><Stream url=\"%s\"/></Connect></Response>",
			cases[i].stream[0] == '%' ? url : cases[i].stream);
		snprintf(s.url, sizeof(s.url), "%s/voice", web.base);
		dial(&s, &s.caller, NULL);
		run_for(world, 500 * MS);
		assert_false(s.caller.answered);
		assert_ended(&s.caller, cases[i].reason, cases[i].detail);
		scene_close(&s);
		web_clear(&web);
	}
}

CW_TEST_MAIN(SIM(the_url_is_what_the_public_saw), SIM(wrong_configurations_are_named), SIM(the_handshake_is_checked),
	SIM(a_stream_without_a_webhook_is_refused), SIM(garbage_ends_its_own_call_only),
	SIM(a_binary_message_is_refused), SIM(silence_at_the_door_times_out), SIM(audio_is_placed_by_its_timestamp),
	SIM(rules_of_the_stream_are_watched), SIM(ten_minutes_ahead_are_the_limit),
	SIM(the_next_verb_follows_when_the_agent_closes), SIM(a_stream_which_cannot_open_ends_the_call_with_its_reason),
	OS(the_handshake_is_checked), OS(a_binary_message_is_refused))
