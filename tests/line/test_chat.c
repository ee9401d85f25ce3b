#include "testing.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "line/chat.h"
#include "world/net.h"
#include "world/sim.h"

/* A server in the same simulated world, which answers with what it was told to. */
struct scene {
	struct cw_world *world;
	struct cw_server *server;
	struct cw_chat *chat;
	const char *answer, *type;
	int status;
	bool silent;
	char path[64], auth[64];
	json_t *asked; /* last body */
	char reply[256], finish[32];
	size_t n_calls;
	int failed;
	char why[800];
	uint64_t first_us, last_us;
};

static void on_request(struct cw_exchange *x, void *arg)
{
	struct scene *s = arg;
	struct cw_str body = cw_exchange_body(x);
	const char *auth = cw_exchange_header(x, "authorization");
	const struct cw_header h = {"Content-Type", s->type};

	(void)snprintf(s->path, sizeof(s->path), "%s", cw_exchange_path(x));
	(void)snprintf(s->auth, sizeof(s->auth), "%s", auth ? auth : "");
	json_decref(s->asked);
	s->asked = NULL;
	(void)cw_json_parse(
		body.p, body.len, &s->asked, NULL); /* NULL: what was sent is no JSON, which tests look at */
	if (!s->silent)
		(void)cw_reply(x, s->status ? s->status : 200, &h, 1, s->answer, strlen(s->answer));
}

static void on_reply(const struct cw_chat_reply *r, void *arg)
{
	struct scene *s = arg;

	(void)snprintf(s->reply, sizeof(s->reply), "%s", r->text);
	(void)snprintf(s->finish, sizeof(s->finish), "%s", r->finish_reason ? r->finish_reason : "");
	s->n_calls = json_array_size(r->tool_calls);
	s->first_us = r->first_us;
	s->last_us = r->last_us;
}

static void on_failed(const struct cw_why *why, void *arg)
{
	struct scene *s = arg;

	s->failed = why->err;
	(void)snprintf(s->why, sizeof(s->why), "%s", why->text);
}

static const struct cw_chat_events events = {.reply = on_reply, .failed = on_failed};

static int open_scene(struct scene *s, const char *path_and_options, const char *key)
{
	static const struct cw_routes routes = {.request = on_request};
	struct cw_why why = {0};
	char target[200];
	int err = cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &s->world);

	if (!err)
		err = cw_listen(s->world, s->world, &(struct cw_listen_conf){.address = "127.0.0.1:9000"}, &routes, s,
			&s->server, &why);
	(void)snprintf(target, sizeof(target), "http://127.0.0.1:9000%s", path_and_options);
	if (!err)
		err = cw_chat_open(s->world, s->world,
			&(struct cw_chat_conf){
				.target = target, .conversation_id = "c1", .api_key = key, .timeout_us = 2000000},
			&events, s, &s->chat, &why);
	return err;
}

static void close_scene(struct scene *s)
{
	json_decref(s->asked);
	if (s->chat)
		(void)talloc_free(s->chat);
	if (s->server)
		(void)talloc_free(s->server);
	(void)talloc_free(s->world);
}

static int exchange(struct scene *s, const char *text)
{
	int err = cw_chat_say(s->chat, text);

	if (!err)
		cw_sim_run(s->world, UINT64_MAX);
	return err;
}

static void speaks_to_a_chat_completion(void **state)
{
	struct scene s = {.type = "application/json",
		.answer =
			"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Hello Alice\"},\"finish_reason\":\"stop\"}],"
			"\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}"};

	assert_int_equal(open_scene(&s, "/v1#model=m1&system=Be%20kind&temperature=0.5&max_tokens=50", "k3y"), 0);
	assert_int_equal(cw_chat_style(s.chat), CW_CHAT_OPENAI);
	assert_int_equal(exchange(&s, "My name is Alice"), 0);
	assert_string_equal(s.path, "/v1/chat/completions");
	assert_string_equal(s.auth, "Bearer k3y");
	assert_string_equal(s.reply, "Hello Alice");
	assert_string_equal(s.finish, "stop");
	assert_true(s.first_us > 0 && s.last_us >= s.first_us);
	assert_string_equal(cw_json_str(s.asked, "model", ""), "m1");
	assert_int_equal(cw_json_int(s.asked, "max_tokens", 0), 50);
	assert_int_equal(json_array_size(json_object_get(s.asked, "messages")), 2);

	/* the whole conversation goes along with the next words */
	assert_int_equal(exchange(&s, "And my name?"), 0);

	const json_t *messages = json_object_get(s.asked, "messages");

	assert_int_equal(json_array_size(messages), 4);
	assert_string_equal(cw_json_str(json_array_get(messages, 0), "role", ""), "system");
	assert_string_equal(cw_json_str(json_array_get(messages, 2), "content", ""), "Hello Alice");
	close_scene(&s);
}

static void answers_tool_calls_before_it_goes_on(void **state)
{
	struct scene s = {.type = "application/json",
		.answer =
			"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"t1\",\"type\":\"function\","
			"\"function\":{\"name\":\"book\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}"};

	assert_int_equal(open_scene(&s, "/v1/chat/completions", NULL), 0);
	assert_int_equal(exchange(&s, "Book it"), 0);
	assert_string_equal(s.reply, "");
	assert_int_equal(s.n_calls, 1);
	assert_string_equal(s.auth, "");
	assert_int_equal(exchange(&s, "Thanks"), 0);

	const json_t *tool = json_array_get(json_object_get(s.asked, "messages"), 2);

	assert_string_equal(cw_json_str(tool, "role", ""), "tool");
	assert_string_equal(cw_json_str(tool, "tool_call_id", ""), "t1");
	close_scene(&s);
}

static void speaks_to_a_webhook(void **state)
{
	static const struct {
		const char *options, *type, *answer, *text;
	} cases[] = {
		{"", "text/plain", " Hello. \n", "Hello."},
		{"", "application/json; charset=utf-8", "{\"reply\":\"Hi\"}", "Hi"},
		{"", "application/json", "{\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"}}", "Hi"},
		{"", "application/json", "\"Hi\"", "Hi"},
		{"", "application/json", "{\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}", "Hi"},
		{"#reply=data.0.say", "application/json", "{\"data\":[{\"say\":\"deep\"}],\"reply\":\"not this\"}",
			"deep"},
		{"#style=openai", "application/json",
			"{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"part\"}]}}]}", "part"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct scene s = {.type = cases[i].type, .answer = cases[i].answer};
		char path[64];

		(void)snprintf(path, sizeof(path), "/hook%s", cases[i].options);
		assert_int_equal(open_scene(&s, path, NULL), 0);
		assert_int_equal(exchange(&s, "Hello"), 0);
		assert_string_equal(s.reply, cases[i].text);
		if (!cases[i].options[0]) {
			assert_string_equal(s.path, "/hook");
			assert_string_equal(cw_json_str(s.asked, "message", ""), "Hello");
			assert_string_equal(cw_json_str(s.asked, "conversation_id", ""), "c1");
		}
		close_scene(&s);
	}
}

static void names_what_is_no_answer(void **state)
{
	static const struct {
		int status;
		const char *type, *answer, *why;
	} cases[] = {
		{500, "text/plain", "boom", "HTTP 500: boom"},
		{200, "application/json", "{\"reply\":", "no JSON"},
		{200, "application/json", "{\"replies\":[]}", "name its place with #reply=PATH"},
		{200, "application/json", "[]", "no text under"},
		{401, "application/json", "{\"error\":{\"message\":\"bad key\"}}", "HTTP 401"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct scene s = {.status = cases[i].status, .type = cases[i].type, .answer = cases[i].answer};

		assert_int_equal(open_scene(&s, "/hook", NULL), 0);
		assert_int_equal(exchange(&s, "Hello"), 0);
		assert_int_equal(s.failed, EPROTO);
		if (!strstr(s.why, cases[i].why))
			fail_msg("case %zu: %s", i, s.why);
		close_scene(&s);
	}
}

static void gives_up_waiting(void **state)
{
	struct scene s = {.type = "text/plain", .answer = "", .silent = true};

	assert_int_equal(open_scene(&s, "/hook", NULL), 0);
	assert_int_equal(exchange(&s, "Hello"), 0);
	assert_int_equal(s.failed, ETIMEDOUT);
	close_scene(&s);
}

static void refuses_targets_it_cannot_read(void **state)
{
	static const struct {
		const char *target, *why;
	} cases[] = {
		{"ftp://h/v1", "unknown scheme"},
		{"http://h/v1#modle=x", "did you mean 'model'"},
		{"http://h/v1#style=grpc", "openai or webhook"},
		{"http://h/v1#temperature=hot", "from 0 to 2"},
		{"http://h/v1#max_tokens=0", "from 1"},
		{"http://h/v1#model=%zz", "percent-encoded"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_why why = {0};

		assert_int_equal(cw_chat_check(cases[i].target, &why), EINVAL);
		if (!strstr(why.text, cases[i].why))
			fail_msg("case %zu: %s", i, why.text);
	}
	assert_int_equal(cw_chat_check("https://h:8443/a/v1/#model=a%2Fb", NULL), 0);
}

static void survives_without_memory(void **state)
{
	struct scene s = {.type = "application/json", .answer = "{\"reply\":\"Hi\"}"};
	int err = open_scene(&s, "/hook#model=a", "k");

	if (!err)
		err = exchange(&s, "Hello");
	if (!err && s.failed) /* the server in this world, without memory, drops the connection */
		err = s.failed == ECONNRESET ? ENOMEM : s.failed;
	if (s.world)
		close_scene(&s);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_string_equal(s.reply, "Hi");
}
CW_OOM_BODY(survives_without_memory)

CW_TEST_MAIN(CW_TEST(speaks_to_a_chat_completion), CW_TEST(answers_tool_calls_before_it_goes_on),
	CW_TEST(speaks_to_a_webhook), CW_TEST(names_what_is_no_answer), CW_TEST(gives_up_waiting),
	CW_TEST(refuses_targets_it_cannot_read), CW_TEST_OOM(survives_without_memory))
