#include "caller.h"

#include <stdio.h>
#include <string.h>

#include "line/twilio_msg.h"
#include "line/twilio_rest.h"
#include "world/sim.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define TOKEN   "00000000000000000000000000000000"

/*
 *   the agent's program --REST--> stand-in --dials--> emulator <-line-> its own callee
 *   web (TwiML)         <-----------------webhooks------'
 */

struct scene {
	struct cw_world *w;
	void *owner;
	struct web web;
	struct cw_server *listener;
	struct cw_twilio_rest *rest;
	int status;
	struct cw_buf answer;
	bool done;
};

static void on_request(struct cw_exchange *x, void *arg)
{
	struct scene *s = arg;

	if (!cw_twilio_rest_request(s->rest, x))
		(void)cw_reply(x, 418, NULL, 0, NULL, 0);
}

static void open_scene(struct scene *s, const struct page *pages, size_t n, const struct cw_twilio_rest_conf *conf)
{
	static const struct cw_routes routes = {on_request, NULL, 0};

	*s = (struct scene){.answer = CW_BUF(1 << 20)};
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 3}, &s->w), 0);
	s->owner = talloc_new(NULL);
	web_open(&s->web, s->w, s->owner, pages, n);
	assert_int_equal(cw_twilio_rest_new(s->owner, s->w, conf, &s->rest, NULL), 0);
	assert_int_equal(cw_listen(s->owner, s->w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, s,
				 &s->listener, NULL),
		0);
}

static void close_scene(struct scene *s)
{
	talloc_free(s->owner);
	talloc_free(s->w);
	web_clear(&s->web);
	cw_buf_clear(&s->answer);
}

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	(void)headers;
	(void)n;
	((struct scene *)arg)->status = status;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	cw_buf_put(&((struct scene *)arg)->answer, bytes, n);
}

static void on_closed(int err, void *arg)
{
	assert_int_equal(err, 0);
	((struct scene *)arg)->done = true;
}

/* Ask and wait for the answer; returns its status. */
static int ask_as(struct scene *s, const char *user, const char *method, const char *path, const char *body)
{
	static const struct cw_http_events events = {on_headers, on_data, on_closed};
	char url[200], auth[200] = "Basic ";
	struct cw_http *http;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", cw_server_port(s->listener), path);
	auth[6 + cw_base64_encode((const uint8_t *)user, strlen(user), auth + 6)] = '\0';

	const struct cw_header header = {"Authorization", auth};
	const struct cw_http_req req = {.method = method,
		.url = url,
		.headers = &header,
		.n_headers = 1,
		.body = body,
		.body_len = body ? strlen(body) : 0};

	cw_buf_reset(&s->answer);
	s->done = false;
	assert_int_equal(cw_http_request(s->owner, s->w, &req, &events, s, &http), 0);
	for (unsigned i = 0; i < 200 && !s->done; i++)
		run_for(s->w, 1 * MS);
	assert_true(s->done);
	return s->status;
}

static int ask(struct scene *s, const char *method, const char *path, const char *body)
{
	return ask_as(s, ACCOUNT ":" TOKEN, method, path, body);
}

static bool answered(const struct scene *s, const char *text)
{
	return s->answer.p && strstr(s->answer.p, text);
}

static void call_path(const struct scene *s, char *path, size_t size)
{
	const char *sid = strstr(s->answer.p, "\"sid\":\"");

	assert_non_null(sid);
	snprintf(path, size, "/2010-04-01/Accounts/" ACCOUNT "/Calls/%.34s.json", sid + 7);
}

#define CALLS "/2010-04-01/Accounts/" ACCOUNT "/Calls.json"

static void a_call_is_placed_and_told_of(void **state)
{
	static const struct page pages[] = {
		{"/voice",
			"<Response><Gather input=\"speech\" speechTimeout=\"1\" action=\"/said\"><Say>Who is there?</Say></Gather></Response>",
			NULL, 0, NULL},
		{"/said", "<Response><Say>Thank you.</Say></Response>", NULL, 0, NULL}, {"/status", "", NULL, 0, NULL}};
	const struct cw_twilio_rest_conf conf = {
		.say = "this is the other end", .voice = "modem", .gather_engine = "modem"};
	struct scene s;
	char path[120], body[300];

	(void)state;
	open_scene(&s, pages, CW_COUNT(pages), &conf);
	snprintf(body, sizeof(body),
		"To=%%2B12025550111&From=%%2B12025550100&Url=%s/voice&StatusCallback=%s/status&StatusCallbackEvent=answered&StatusCallbackEvent=completed",
		s.web.base, s.web.base);
	assert_int_equal(ask(&s, "POST", CALLS, body), 201);
	assert_true(answered(&s, "\"status\":\"queued\""));
	assert_true(answered(&s, "\"direction\":\"outbound-api\""));
	call_path(&s, path, sizeof(path));
	run_for(s.w, 1 * S);
	assert_int_equal(cw_twilio_rest_calls(s.rest), 1);
	assert_int_equal(ask(&s, "GET", path, NULL), 200);
	assert_true(answered(&s, "\"status\":\"in-progress\""));
	run_for(s.w, 60 * S);
	assert_int_equal(cw_twilio_rest_calls(s.rest), 0);
	assert_true(web_asked(&s.web, "/voice", "CallStatus=in-progress"));
	assert_true(web_asked(&s.web, "/voice", "Direction=outbound-api"));
	assert_true(web_asked(&s.web, "/said", "SpeechResult=this%20is%20the%20other%20end"));
	assert_false(web_asked(&s.web, "/status", "CallStatus=ringing"));
	assert_true(web_asked(&s.web, "/status", "CallStatus=completed"));
	assert_int_equal(s.web.n_forged, 0);
	assert_int_equal(ask(&s, "GET", path, NULL), 200);
	assert_true(answered(&s, "\"status\":\"completed\""));
	assert_false(answered(&s, "\"duration\":null"));
	assert_int_equal(ask(&s, "GET", CALLS, NULL), 200);
	assert_true(answered(&s, "\"calls\":[{"));
	assert_int_equal(ask(&s, "DELETE", path, NULL), 204);
	assert_int_equal(ask(&s, "GET", path, NULL), 404);
	close_scene(&s);
}

static void a_call_is_redirected_and_ended(void **state)
{
	const struct cw_twilio_rest_conf conf = {.echo = true, .voice = "modem"};
	struct scene s;
	char path[120];

	(void)state;
	open_scene(&s, NULL, 0, &conf);
	assert_int_equal(
		ask(&s, "POST", CALLS,
			"To=%2B12025550111&From=%2B12025550100&Twiml=%3CResponse%3E%3CPause%20length%3D%2290%22%2F%3E%3C%2FResponse%3E"),
		201);
	call_path(&s, path, sizeof(path));
	run_for(s.w, 1 * S);
	assert_int_equal(
		ask(&s, "POST", path, "Twiml=%3CResponse%3E%3CPause%20length%3D%2280%22%2F%3E%3C%2FResponse%3E"), 200);
	assert_int_equal(ask(&s, "POST", path, "Status=paused"), 400);
	assert_int_equal(ask(&s, "POST", path, "Status=canceled"), 400);
	assert_int_equal(ask(&s, "POST", path, "Status=completed"), 200);
	run_for(s.w, 1 * S);
	assert_int_equal(cw_twilio_rest_calls(s.rest), 0);
	assert_int_equal(ask(&s, "POST", path, "Status=completed"), 400);
	assert_true(answered(&s, "{\"code\":21220,\"message\":"));
	assert_true(answered(&s, "\"more_info\":\"https://www.twilio.com/docs/errors/21220\",\"status\":400}"));
	close_scene(&s);
}

static void mistakes_are_answered_as_twilio_does(void **state)
{
	static const struct {
		const char *method, *path, *body;
		int status;
		const char *code;
	} cases[] = {
		{"POST", CALLS, "From=1&Url=http://x/", 400, "\"code\":21201"},
		{"POST", CALLS, "To=1&Url=http://x/", 400, "\"code\":21213"},
		{"POST", CALLS, "To=1&From=1", 400, "\"code\":21205"},
		{"POST", CALLS, "To=1&From=1&Url=ftp://x", 400, "\"code\":21205"},
		{"GET", "/2010-04-01/Accounts/" ACCOUNT "/Calls/CA00000000000000000000000000000009.json", NULL, 404,
			"\"code\":20404"},
		{"GET", "/2010-04-01/Accounts/" ACCOUNT "/Nonsense.json", NULL, 404, "\"code\":20404"},
		{"GET", "/2010-04-01/Accounts/AC00000000000000000000000000000002/Calls.json", NULL, 404,
			"\"code\":20404"},
	};
	const struct cw_twilio_rest_conf conf = {.max_calls = 1, .voice = "modem"};
	struct scene s;

	(void)state;
	open_scene(&s, NULL, 0, &conf);
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		assert_int_equal(ask(&s, cases[i].method, cases[i].path, cases[i].body), cases[i].status);
		assert_true(answered(&s, cases[i].code));
	}
	assert_int_equal(ask_as(&s, ACCOUNT ":wrong", "GET", CALLS, NULL), 401);
	assert_true(answered(&s, "\"code\":20003"));
	assert_int_equal(ask(&s, "POST", CALLS,
				 "To=1&From=1&Twiml=%3CResponse%3E%3CPause%20length%3D%229%22%2F%3E%3C%2FResponse%3E"),
		201);
	assert_int_equal(ask(&s, "POST", CALLS, "To=1&From=1&Url=http://127.0.0.1:1/"), 429);
	assert_int_equal(ask(&s, "GET", "/other", NULL), 418);
	close_scene(&s);
}

CW_TEST_MAIN(CW_TEST(a_call_is_placed_and_told_of), CW_TEST(a_call_is_redirected_and_ended),
	CW_TEST(mistakes_are_answered_as_twilio_does))
