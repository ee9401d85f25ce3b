#include "caller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "line/twilio_msg.h"
#include "world/os.h"
#include "world/sim.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

/*
 *   person            our emulator                                our server              person
 *   "caller" <-line-> carrier  --webhook--> /voice --TwiML-->     server <-line per call-> "agent"
 *                              ==WebSocket=> /media ==========>
 */

#define AGENTS_MAX 4

struct scene {
	struct cw_world *w;
	void *owner;
	struct cw_listener *listener;
	struct cw_twilio_server *server;
	struct person caller;
	struct person agents[AGENTS_MAX];
	unsigned n_agents;
	int refuse;                       /* what the callee answers the server */
	char url[80];
};

static struct cw_world *world;

static int sim_setup(void **state) { return cw_test_setup(state) || cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &world) ? -1 : 0; }

static int os_setup(void **state)
{
	return cw_test_setup(state) || cw_os_new(NULL, &(struct cw_os_conf){.seed = 1, .workers = 1}, &world) ? -1 : 0;
}

static int world_teardown(void **state)
{
	TALLOC_FREE(world);
	return cw_test_teardown(state);
}

static int on_call(struct cw_line *line, const struct cw_line_info *info, void *arg)
{
	struct scene *s = arg;

	if (s->refuse)
		return s->refuse;
	assert_true(s->n_agents < AGENTS_MAX);
	assert_non_null(info->call_id);
	person_attach(&s->agents[s->n_agents++], line);
	return 0;
}

static void on_request(struct cw_exchange *x, void *arg)
{
	struct scene *s = arg;

	if (!cw_twilio_server_request(s->server, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	struct scene *s = arg;

	if (!cw_twilio_server_upgrade(s->server, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static void scene_open(struct scene *s, struct cw_world *w, const struct cw_twilio_server_conf *conf)
{
	static const struct cw_routes routes = {on_request, on_upgrade, 0};

	*s = (struct scene){.w = w, .owner = talloc_new(w)};
	assert_int_equal(cw_twilio_server_new(s->owner, w, conf, on_call, s, &s->server, NULL), 0);
	assert_int_equal(cw_listen(s->owner, w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, s, &s->listener, NULL), 0);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/voice", cw_listener_port(s->listener));
	person_init(&s->caller, w, s->owner);
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		person_init(&s->agents[i], w, s->owner);
}

static void scene_close(struct scene *s)
{
	talloc_free(s->owner);
	person_clear(&s->caller);
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		person_clear(&s->agents[i]);
}

static void dial(struct scene *s, struct person *who, const char *token)
{
	const struct cw_twilio_carrier_conf conf = {
		.url = s->url, .auth_token = token, .from = "+12025550123", .to = "+12025550199", .say_voice = "modem", .gather_engine = "modem"};
	struct cw_line *line = NULL;

	assert_int_equal(cw_twilio_dial(s->owner, s->w, &conf, &line, NULL), 0);
	person_attach(who, line);
}

static const struct cw_twilio_server_conf signed_conf = {.auth_token = TOKEN};

/* ---- a call ---- */

static void a_whole_call(void **state)
{
	struct scene s;
	struct person *agent = &s.agents[0];
	uint8_t speech[8000];
	unsigned frames;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	s.caller.say = 0x42;
	memset(speech, 0x21, sizeof(speech));
	run_for(world, 300 * MS);
	assert_true(s.caller.answered);
	assert_true(agent->answered);
	assert_int_equal(cw_twilio_server_calls(s.server), 1);
	assert_string_equal(agent->call_id, s.caller.call_id);
	assert_string_equal(agent->stream_id, s.caller.stream_id);
	assert_string_equal(agent->from, "+12025550123");
	assert_string_equal(agent->to, "+12025550199");
	assert_int_equal(strlen(agent->stream_id), 34);

	assert_int_equal(cw_line_send(agent->line, speech, sizeof(speech)), 0);
	assert_int_equal(cw_line_mark(agent->line, 1), 0);
	assert_int_equal(cw_line_dtmf(agent->line, "1"), ENOTSUP);
	assert_int_equal(cw_line_dtmf(s.caller.line, "42#"), 0);
	run_for(world, 600 * MS);
	assert_int_equal(agent->marks, 0);
	run_for(world, 800 * MS);
	assert_int_equal(agent->marks, 1);
	assert_int_equal(agent->cleared, 0);
	assert_string_equal(agent->digits, "42#");
	assert_int_equal(s.caller.voice_frames, 50);
	assert_int_equal(agent->gaps, 0);
	frames = agent->frames;
	assert_in_range(frames, 70, 86);
	assert_int_equal(agent->voice_frames, frames);

	assert_int_equal(cw_line_send(agent->line, speech, sizeof(speech)), 0);
	assert_int_equal(cw_line_mark(agent->line, 2), 0);
	run_for(world, 200 * MS);
	assert_int_equal(cw_line_clear(agent->line), 0);
	run_for(world, 300 * MS);
	assert_int_equal(agent->marks, 2);
	assert_int_equal(agent->last_mark, 2);
	assert_int_equal(agent->cleared, 1);
	assert_in_range(s.caller.voice_frames, 55, 63);

	cw_line_hang_up(agent->line, "goodbye");
	run_for(world, 300 * MS);
	assert_int_equal(agent->closed, 1);
	assert_int_equal(agent->reason, CW_END_LOCAL);
	assert_int_equal(s.caller.closed, 1);
	assert_int_equal(s.caller.reason, CW_END_REMOTE);
	assert_string_equal(s.caller.detail, "end of TwiML");
	assert_int_equal(cw_twilio_server_calls(s.server), 0);
	assert_true(person_noted(&s.caller, "status.ringing"));
	assert_true(person_noted(&s.caller, "status.in-progress"));
	assert_true(person_noted(&s.caller, "status.completed"));
	assert_true(person_noted(&s.caller, "twilio.twiml {\"verbs\":\"Connect\"}"));
	assert_false(person_noted(&s.caller, "twilio.warning"));
	scene_close(&s);
}

static void the_caller_hangs_up(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 300 * MS);
	cw_line_hang_up(s.caller.line, "had enough");
	cw_line_hang_up(s.caller.line, "twice");
	assert_int_equal(s.caller.closed, 0);
	assert_int_equal(cw_line_send(s.caller.line, (const uint8_t[160]){0}, 160), ENOTCONN);
	run_for(world, 300 * MS);
	assert_int_equal(s.caller.closed, 1);
	assert_int_equal(s.caller.reason, CW_END_LOCAL);
	assert_int_equal(s.agents[0].closed, 1);
	assert_int_equal(s.agents[0].reason, CW_END_REMOTE);
	assert_int_equal(cw_line_send(s.agents[0].line, (const uint8_t[160]){0}, 160), ENOTCONN);
	scene_close(&s);
}

static void two_calls_do_not_disturb_each_other(void **state)
{
	struct scene s;
	struct person other;

	(void)state;
	scene_open(&s, world, &signed_conf);
	person_init(&other, world, s.owner);
	dial(&s, &s.caller, TOKEN);
	dial(&s, &other, TOKEN);
	s.caller.say = 0x42;
	run_for(world, 400 * MS);
	assert_int_equal(s.n_agents, 2);
	assert_string_not_equal(s.agents[0].call_id, s.agents[1].call_id);

	struct person *mine = strcmp(s.agents[0].call_id, s.caller.call_id) ? &s.agents[1] : &s.agents[0];
	struct person *its = mine == s.agents ? &s.agents[1] : &s.agents[0];

	assert_true(mine->voice_frames > 5);
	assert_int_equal(its->voice_frames, 0);
	cw_line_hang_up(other.line, "bye");
	run_for(world, 300 * MS);
	assert_int_equal(its->closed, 1);
	assert_int_equal(mine->closed, 0);
	assert_int_equal(s.caller.closed, 0);
	scene_close(&s);
	person_clear(&other);
}

/* ---- calls which never come up ---- */

static void assert_ended(struct person *p, enum cw_end_reason reason, const char *detail)
{
	if (p->closed != 1 || p->reason != reason || !strstr(p->detail, detail))
		fail_msg("closed %u, %s, '%s': expected %s, '%s'", p->closed, cw_end_reason_name(p->reason), p->detail,
			cw_end_reason_name(reason), detail);
}

static void a_wrong_signature_is_refused(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, "1123456789abcdef0123456789abcdef");
	run_for(world, 500 * MS);
	assert_false(s.caller.answered);
	assert_ended(&s.caller, CW_END_REFUSED, "got 403");
	assert_int_equal(s.n_agents, 0);
	scene_close(&s);
}

static void nobody_there_is_unreachable(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	talloc_free(s.listener);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 500 * MS);
	assert_ended(&s.caller, CW_END_UNREACHABLE, "11205");
	assert_true(person_noted(&s.caller, "status.failed"));
	scene_close(&s);
}

static void bad_answers_of_a_webhook_are_named(void **state)
{
	static const struct page pages[] = {
		{"/500", "oops", "text/plain", 500, NULL}, {"/wrong", "<Response><Say>", NULL, 0, NULL}, {"/root", "<html/>", NULL, 0, NULL},
		{"/empty", "", NULL, 0, NULL}, {"/json", "{}", "application/json", 0, NULL}, {"/nothing", "<Response/>", NULL, 0, NULL},
		{"/reject", "<Response><Reject reason=\"busy\"/></Response>", NULL, 0, NULL},
		{"/circle", "<Response><Redirect>/circle</Redirect></Response>", NULL, 0, NULL},
		{"/lost", NULL, NULL, 302, "/lost"},
	};
	static const struct {
		const char *path;
		enum cw_end_reason reason;
		const char *detail;
	} cases[] = {
		{"/500", CW_END_REFUSED, "got 500"}, {"/wrong", CW_END_REFUSED, "12100"}, {"/root", CW_END_REFUSED, "12102"},
		{"/empty", CW_END_REFUSED, "12100"}, {"/json", CW_END_REFUSED, "12300"}, {"/nothing", CW_END_REFUSED, "no verb"},
		{"/reject", CW_END_REFUSED, "busy"}, {"/404", CW_END_REFUSED, "got 404"}, {"/circle", CW_END_PROTOCOL, "circles"},
		{"/lost", CW_END_UNREACHABLE, "11200"},
	};
	struct scene s;
	struct web web;

	(void)state;
	scene_open(&s, world, &signed_conf);
	web_open(&web, world, s.owner, pages, CW_COUNT(pages));
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		snprintf(s.url, sizeof(s.url), "%s%s", web.base, cases[i].path);
		dial(&s, &s.caller, NULL);
		run_for(world, 10 * S);
		assert_false(s.caller.answered);
		assert_ended(&s.caller, cases[i].reason, cases[i].detail);
		person_clear(&s.caller);
		person_init(&s.caller, world, s.owner);
	}
	assert_int_equal(web.n_forged, 0);
	scene_close(&s);
	web_clear(&web);
}

static void a_full_house_is_busy(void **state)
{
	const struct cw_twilio_server_conf conf = {.auth_token = TOKEN, .max_calls = 1};
	struct scene s;
	struct person second;

	(void)state;
	scene_open(&s, world, &conf);
	person_init(&second, world, s.owner);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 300 * MS);
	dial(&s, &second, TOKEN);
	run_for(world, 300 * MS);
	assert_ended(&second, CW_END_REFUSED, "busy");
	assert_true(person_noted(&second, "status.busy"));
	cw_line_hang_up(s.caller.line, "room for others");
	run_for(world, 300 * MS);
	person_clear(&second);
	person_init(&second, world, s.owner);
	dial(&s, &second, TOKEN);
	run_for(world, 300 * MS);
	assert_true(second.answered);
	scene_close(&s);
	person_clear(&second);
}

static void a_callee_may_refuse(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	s.refuse = EBUSY;
	dial(&s, &s.caller, TOKEN);
	run_for(world, 500 * MS);
	assert_ended(&s.caller, CW_END_REMOTE, "end of TwiML");  /* it was connected, then the server hung up */
	assert_int_equal(cw_twilio_server_calls(s.server), 0);
	scene_close(&s);
}

/* ---- strangers at the WebSocket ---- */

struct stranger {
	struct cw_ws *ws;
	bool opened, closed;
	int err;
	unsigned code;
};

static void stranger_open(void *arg) { ((struct stranger *)arg)->opened = true; }

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

	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/media", cw_listener_port(s->listener));
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
	"{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"MZ1\",\"start\":{\"streamSid\":\"MZ1\",\"accountSid\":\"AC1\","     \
	"\"callSid\":\"CA1\",\"tracks\":[\"inbound\"],\"customParameters\":{\"tenant\":\"7\",\"From\":\"+1\"},"                           \
	"\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1}}}"
#define MEDIA(ts, payload) "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"track\":\"inbound\",\"timestamp\":\"" ts "\",\"payload\":\"" payload "\"}}"

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
		{"", 1007}, {"garbage", 1007}, {"{\"event\":", 1007}, {"[]", 1007}, {"{}", 1008}, {"{\"event\":\"media\"}", 1007}, {START, 1008},
		{MEDIA("20", "!!!!"), 1007}, {MEDIA("20", "AAA"), 1007}, {MEDIA("999999999999", "AAAA"), 1008},
		{"{\"event\":\"media\",\"streamSid\":\"MZ2\",\"media\":{\"payload\":\"AAAA\"}}", 1008},
		{"{\"event\":\"dtmf\",\"streamSid\":\"MZ1\",\"dtmf\":{\"digit\":\"12\"}}", 1008}, {CONNECTED, 0}, {"{\"event\":\"news\"}", 0},
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
	for (unsigned i = 0, ms = 60; i < 8; i++, ms += 30) {       /* 30 ms each: 240 samples */
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

	say(&s, &t, "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"timestamp\":\"460\",\"payload\":\"\\/\\/\\/\\/\"}}");
	assert_int_equal(s.agents[0].closed, 0);      /* escaped slashes are base64 all the same */
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
	snprintf(twiml, sizeof(twiml), "<Response><Connect><Stream url=\"ws%s/s?x=1\"><Parameter name=\"a\" value=\"b\"/></Stream></Connect></Response>",
		web.base + 4);
	snprintf(s.url, sizeof(s.url), "%s/voice", web.base);
	dial(&s, &s.caller, NULL);
	run_for(world, 300 * MS);
	assert_true(s.caller.answered);
	assert_true(strstr(r.heard.p, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}\n") == r.heard.p);
	assert_non_null(strstr(r.heard.p, "\"customParameters\":{\"a\":\"b\"}"));
	assert_non_null(strstr(r.heard.p, "\"sequenceNumber\":\"1\""));
	assert_true(person_noted(&s.caller, "31920"));        /* the query string */

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
	assert_false(person_noted(&s.caller, "31951"));       /* once per stream */
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
	snprintf(twiml, sizeof(twiml), "<Response><Connect><Stream url=\"ws%s/s\"/></Connect></Response>", web.base + 4);
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
	const struct page pages[] = {{"/voice", twiml, NULL, 0, NULL}, {"/after", "<Response><Pause length=\"1\"/><Hangup/></Response>", NULL, 0, NULL}};
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

/* ---- free in every handler ---- */

static void lines_may_be_freed_in_any_handler(void **state)
{
	(void)state;
	for (int side = 0; side < 2; side++)
		for (int where = FREE_ANSWERED; where <= FREE_CLOSED; where++) {
			struct scene s;
			struct person *who;

			scene_open(&s, world, &signed_conf);
			dial(&s, &s.caller, TOKEN);
			who = side ? &s.caller : &s.agents[0];
			who->free_in = where;
			s.caller.say = 0x42;
			run_for(world, 200 * MS);
			if (s.agents[0].line && s.agents[0].answered) {
				(void)cw_line_send(s.agents[0].line, (const uint8_t[160]){0}, 160);
				(void)cw_line_mark(s.agents[0].line, 1);
			}
			if (s.caller.line) {
				(void)cw_line_mark(s.caller.line, 9);
				(void)cw_line_dtmf(s.caller.line, "1");
			}
			run_for(world, 200 * MS);
			if (s.caller.line)
				cw_line_hang_up(s.caller.line, "bye");
			run_for(world, 400 * MS);
			assert_in_range(s.caller.closed, 0, 1);
			if (!side && where != FREE_NOTE && where != FREE_CLOSED)  /* the agent vanished: the caller's call went on to its end */
				assert_int_equal(s.caller.closed, 1);
			scene_close(&s);
		}
}

static void the_server_may_go_first(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	run_for(world, 300 * MS);
	TALLOC_FREE(s.server);
	run_for(world, 500 * MS);
	assert_int_equal(s.caller.closed, 0);        /* calls belong to who took them */
	cw_line_hang_up(s.caller.line, "bye");
	run_for(world, 500 * MS);
	assert_int_equal(s.caller.closed, 1);
	assert_int_equal(s.agents[0].closed, 1);
	scene_close(&s);
}

/* ---- in the real world: nothing is allocated per frame ---- */

static void a_frame_costs_no_allocation(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, world, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	s.caller.say = 0x42;
	run_for(world, 300 * MS);
	assert_int_equal(s.n_agents, 1);
	s.agents[0].echo = true;
	run_for(world, 200 * MS);

	unsigned frames = s.caller.frames;

	(void)cw_test_allocations();
	run_for(world, 600 * MS);

	uint64_t n = cw_test_allocations();

	assert_in_range(s.caller.frames - frames, 28, 32);
	assert_int_equal(n, 0);
	assert_true(s.caller.voice_frames > 30);
	scene_close(&s);
}

/* ---- many seeds, faults at every await point ---- */

static uint64_t troubled_call(uint64_t seed, unsigned *faults, bool *came_up)
{
	struct cw_sim_conf sim = {.seed = seed};
	struct scene s;
	struct cw_world *w;
	uint64_t digest;

	for (unsigned i = 0; i < CW_FAULT_N; i++)
		sim.fault[i] = seed % 4 ? 0.002 : 0;
	assert_int_equal(cw_sim_new(NULL, &sim, &w), 0);
	scene_open(&s, w, &signed_conf);
	dial(&s, &s.caller, TOKEN);
	s.caller.say = 0x42;
	for (unsigned i = 0; i < 12; i++) {
		run_for(w, 500 * MS);
		if (!s.agents[0].line || !s.agents[0].answered || s.agents[0].closed)
			continue;
		(void)cw_line_send(s.agents[0].line, (const uint8_t[3200]){0}, 3200);
		(void)cw_line_mark(s.agents[0].line, i);
		if (i % 3 == 2)
			(void)cw_line_clear(s.agents[0].line);
	}
	*came_up = s.caller.answered && s.agents[0].answered;
	if (s.caller.line)
		cw_line_hang_up(s.caller.line, "enough");
	for (unsigned i = 0; i < s.n_agents; i++)
		if (seed % 2)
			cw_line_hang_up(s.agents[i].line, "enough");
	run_for(w, 80 * S);          /* longer than any deadline on the way */
	assert_int_equal(s.caller.closed, 1);
	for (unsigned i = 0; i < s.n_agents; i++)
		if (seed % 2)
			assert_int_equal(s.agents[i].closed, 1);
	*faults = 0;
	for (unsigned i = 0; i < CW_FAULT_N; i++)
		*faults += cw_sim_faults(w, (enum cw_sim_fault)i);
	digest = cw_sim_digest(w);
	scene_close(&s);
	talloc_free(w);
	return digest;
}

static void every_troubled_call_ends(void **state)
{
	unsigned faults, total = 0, up = 0;
	bool came_up;

	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++) {
		uint64_t digest = troubled_call(seed, &faults, &came_up);

		total += faults;
		up += came_up;
		if (seed % 4 == 0) {
			assert_int_equal(faults, 0);
			assert_true(came_up);
		}
		if (seed % 20 == 1)
			assert_int_equal(troubled_call(seed, &faults, &came_up), digest);
	}
	printf("# 120 calls, %u came up, %u faults\n", up, total);
	assert_true(total > 50 && up > 60);
}

#define SIM(f) cmocka_unit_test_setup_teardown(f, sim_setup, world_teardown)
#define OS(f)  {"os: " #f, f, os_setup, world_teardown, NULL}

CW_TEST_MAIN(SIM(a_whole_call), SIM(the_caller_hangs_up), SIM(two_calls_do_not_disturb_each_other), SIM(a_wrong_signature_is_refused),
	SIM(nobody_there_is_unreachable), SIM(bad_answers_of_a_webhook_are_named), SIM(a_full_house_is_busy), SIM(a_callee_may_refuse),
	SIM(the_handshake_is_checked), SIM(a_stream_without_a_webhook_is_refused), SIM(garbage_ends_its_own_call_only),
	SIM(a_binary_message_is_refused), SIM(silence_at_the_door_times_out), SIM(audio_is_placed_by_its_timestamp),
	SIM(rules_of_the_stream_are_watched), SIM(ten_minutes_ahead_are_the_limit), SIM(the_next_verb_follows_when_the_agent_closes),
	SIM(a_stream_which_cannot_open_ends_the_call_with_its_reason), SIM(lines_may_be_freed_in_any_handler), SIM(the_server_may_go_first),
	CW_TEST(every_troubled_call_ends), OS(a_whole_call), OS(the_caller_hangs_up), OS(a_wrong_signature_is_refused),
	OS(nobody_there_is_unreachable), OS(the_handshake_is_checked), OS(a_binary_message_is_refused), OS(a_frame_costs_no_allocation))
