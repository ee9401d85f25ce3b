/*
 * The OpenAI-style driver against servers that say exactly what each case needs, in virtual time:
 *
 *   driver ── POST /v1/chat/completions ──▶ canned server: pieces, with pauses, then end or break
 */
#include "testing.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "language/llm.h"
#include "language/llm_gather.h"
#include "language/openai_int.h"
#include "world/net.h"
#include "world/sim.h"

#define D(text) "data: " text "\n\n"
#define DELTA(text) \
	D("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}],\"usage\":null}")
#define STOP D("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}")
#define DONE D("[DONE]")
#define USAGE \
	D("{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":7,\"total_tokens\":16,\"prompt_tokens_details\":{\"cached_tokens\":4}}}")

struct canned {
	int status;
	const char *type, *retry_after;
	const char *pieces[8]; /* 100 ms apart */
	bool tear, hang;
};

struct bench {
	struct cw_world *w;
	void *owner;
	struct cw_server *listener;
	const struct canned *canned;
	struct cw_exchange *x;
	struct cw_timer timer;
	size_t piece;
	char *request;
	char authorization[64];
	struct cw_llm *llm;
	struct cw_llm_ask *ask;
	/* what came */
	char text[1024], calls[1024], error[600], code[64];
	unsigned firsts, dones, fails;
	bool refused, free_in_text, call_valid, spoken, retry, usage_known;
	enum cw_llm_finish finish;
	enum cw_llm_error_kind kind;
	uint64_t retry_after_us, first_us, total_us, prompt, cached, completion;
};

static void next_piece(void *arg)
{
	struct bench *b = arg;
	const struct canned *c = b->canned;

	if (c->pieces[b->piece]) {
		(void)cw_reply_more(b->x, c->pieces[b->piece], strlen(c->pieces[b->piece]));
		b->piece++;
		cw_timer_start(&b->timer, 100000, next_piece, b);
	} else if (c->tear) {
		cw_reply_break(b->x);
	} else if (!c->hang) {
		(void)cw_reply_end(b->x);
	}
}

static void client_gone(void *arg)
{
	struct bench *b = arg;

	cw_timer_stop(&b->timer);
}

static void on_request(struct cw_exchange *x, void *arg)
{
	struct bench *b = arg;
	struct cw_str body = cw_exchange_body(x);
	const char *key = cw_exchange_header(x, "authorization");
	struct cw_header headers[3] = {
		{"Content-Type", b->canned->type ? b->canned->type : "text/event-stream"}, {"x-request-id", "req_7"}};
	size_t n = 2;

	if (b->canned->retry_after)
		headers[n++] = (struct cw_header){"Retry-After", b->canned->retry_after};
	(void)snprintf(b->authorization, sizeof(b->authorization), "%s", key ? key : "none");
	talloc_free(b->request);
	b->request = talloc_strndup(b->owner, body.p, body.len);
	b->x = x;
	b->piece = 0;
	cw_exchange_on_gone(x, client_gone, b);
	if (b->canned->hang && !b->canned->pieces[0])
		return;
	assert_int_equal(cw_reply_begin(x, b->canned->status ? b->canned->status : 200, headers, n), 0);
	next_piece(b);
}

static void on_first(void *arg)
{
	((struct bench *)arg)->firsts++;
}

static void on_text(struct cw_str piece, void *arg)
{
	struct bench *b = arg;
	size_t used = strlen(b->text);

	(void)snprintf(b->text + used, sizeof(b->text) - used, "%.*s|", CW_STR(piece));
	if (b->free_in_text)
		TALLOC_FREE(b->ask);
}

static void on_call(const struct cw_llm_call *c, void *arg)
{
	struct bench *b = arg;
	size_t used = strlen(b->calls);

	(void)snprintf(b->calls + used, sizeof(b->calls) - used, "%s:%s:%s%s;", c->id, c->name, c->arguments,
		c->valid ? "" : " (bad)");
}

static void on_done(const struct cw_llm_answer *a, void *arg)
{
	struct bench *b = arg;

	b->ask = NULL;
	b->dones++;
	b->finish = a->finish;
	b->refused = a->refused;
	b->usage_known = a->usage_known;
	b->prompt = a->prompt_tokens;
	b->cached = a->cached_tokens;
	b->completion = a->completion_tokens;
	b->first_us = a->first_token_us;
	b->total_us = a->total_us;
}

static void on_failed(const struct cw_llm_error *e, void *arg)
{
	struct bench *b = arg;

	b->ask = NULL;
	b->fails++;
	b->kind = e->kind;
	b->retry = e->retry;
	b->spoken = e->spoken;
	b->retry_after_us = e->retry_after_us;
	(void)snprintf(b->error, sizeof(b->error), "%s", e->text);
	(void)snprintf(b->code, sizeof(b->code), "%s", e->code);
}

static const struct cw_llm_events events = {on_first, on_text, on_call, on_done, on_failed};

static const struct cw_llm_message hello[] = {
	{.role = CW_LLM_SYSTEM, .text = {"Be brief.", 9}}, {.role = CW_LLM_USER, .text = {"Hello", 5}}};

static void open_bench(struct bench *b, const char *url)
{
	static const struct cw_routes routes = {.request = on_request};
	char own[64];

	memset(b, 0, sizeof(*b));
	b->owner = talloc_named_const(NULL, 0, "bench");
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 7}, &b->w), 0);
	cw_timer_init(&b->timer, b->w);
	assert_int_equal(cw_listen(b->owner, b->w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, b,
				 &b->listener, NULL),
		0);
	(void)snprintf(own, sizeof(own), "http://127.0.0.1:%u/v1/", cw_server_port(b->listener));
	assert_int_equal(
		cw_llm_open(b->owner, b->w,
			&(struct cw_llm_conf){.spec = "openai:m", .url = url ? url : own, .key = "k"}, &b->llm, NULL),
		0);
}

static void close_bench(struct bench *b)
{
	cw_timer_stop(&b->timer);
	talloc_free(b->owner);
	talloc_free(b->w);
}

static void ask(struct bench *b, const struct canned *c, const struct cw_llm_req *req)
{
	struct cw_llm_req plain = {.messages = hello, .n_messages = 2, .temperature = -1};

	b->canned = c;
	b->text[0] = b->calls[0] = b->error[0] = b->code[0] = '\0';
	b->firsts = b->dones = b->fails = 0;
	assert_int_equal(cw_llm_ask(b->llm, b->owner, req ? req : &plain, &events, b, &b->ask), 0);
	(void)cw_sim_run(b->w, cw_now(b->w) + 200000000);
	assert_null(b->ask);
}

/* ---- streams ---- */

static void a_stream_comes_piece_by_piece(void **state)
{
	static const struct canned c = {
		.pieces = {": ping\n\n", DELTA(""), DELTA("Hel") DELTA("lo"), STOP, USAGE DONE}};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	ask(&b, &c, NULL);
	assert_int_equal(b.dones, 1);
	assert_string_equal(b.text, "Hel|lo|");
	assert_int_equal(b.firsts, 1);
	assert_int_equal(b.finish, CW_LLM_STOP);
	assert_int_equal(b.prompt, 9);
	assert_int_equal(b.cached, 4);
	assert_int_equal(b.completion, 7);
	assert_in_range(b.first_us, 200000, 260000);
	assert_true(b.total_us > b.first_us);
	assert_string_equal(b.authorization, "Bearer k");
	assert_non_null(strstr(b.request, "\"stream_options\":{\"include_usage\":true}"));
	assert_non_null(strstr(b.request, "{\"role\":\"user\",\"content\":\"Hello\"}"));
	assert_null(strstr(b.request, "temperature"));
	close_bench(&b);
}

static void what_imitators_leave_out_is_forgiven(void **state)
{
	static const struct canned cases[] = {
		{.pieces = {DELTA("ok") STOP}}, /* no [DONE], no usage */
		{.pieces = {DELTA("ok") DONE}}, /* no reason */
		{.pieces = {DELTA("ok") D("{\"choices\":[{\"delta\":{},\"finish_reason\":\"eos_by_magic\"}]}") DONE}},
		{.pieces = {D("{\"choices\":[{\"delta\":{\"reasoning_content\":\"secret thought\"}}]}") DELTA("ok")
				 STOP DONE}},
		{.pieces = {DELTA("ok") STOP "data: [DONE]"}}, /* no last empty line */
		{.pieces = {DELTA("ok") STOP}, .tear = true},  /* torn after the reason */
		{.type = "application/json",
			.pieces = {"{\"choices\":[{\"message\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}"}},
		{.pieces = {D(
			 "{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"ok\"}]}}],\"error\":null}")
				 STOP DONE}},
	};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		ask(&b, &cases[i], NULL);
		assert_int_equal(b.dones, 1);
		assert_string_equal(b.text, "ok|");
	}
	close_bench(&b);
}

static void tool_calls_are_put_together(void **state)
{
#define CALL(text) D("{\"choices\":[{\"delta\":{\"tool_calls\":[" text "]},\"finish_reason\":null}]}")
	static const struct canned pieces = {
		.pieces = {
			CALL("{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"\"}}"),
			CALL("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"book\",\"arguments\":\"{}\"}}")
				CALL("{\"index\":0,\"function\":{\"arguments\":\"{\\\"id\\\":\"}}"),
			CALL("{\"index\":0,\"function\":{\"arguments\":\"7}\"}}"),
			D("{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}") DONE}};
	static const struct canned whole = {
		.pieces = {CALL(
			"{\"function\":{\"name\":\"find\",\"arguments\":{\"id\":7}}},{\"function\":{\"name\":\"book\",\"arguments\":\"{\"}}")
				DONE}};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	ask(&b, &pieces, NULL);
	assert_string_equal(b.calls, "a:find:{\"id\":7};b:book:{};");
	assert_int_equal(b.finish, CW_LLM_TOOLS);
	assert_int_equal(b.firsts, 1);
	ask(&b, &whole, NULL); /* no index, no id, an object; arguments that are no JSON are said to be so */
	assert_string_equal(b.calls, "call_1:find:{\"id\":7};call_2:book:{ (bad);");
	assert_int_equal(b.finish, CW_LLM_TOOLS);
	close_bench(&b);
}

static void a_refusal_is_text_and_said_to_be_one(void **state)
{
	static const struct canned c = {.pieces = {D("{\"choices\":[{\"delta\":{\"refusal\":\"No.\"}}]}") STOP DONE}};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	ask(&b, &c, NULL);
	assert_true(b.refused);
	assert_string_equal(b.text, "No.|");
	close_bench(&b);
}

/* ---- failures ---- */

static void failures_are_told_apart(void **state)
{
	static const struct {
		struct canned c;
		enum cw_llm_error_kind kind;
		bool retry, spoken;
		const char *part, *code;
	} cases[] = {
		{{.status = 401,
			 .type = "application/json",
			 .pieces =
				 {"{\"error\":{\"message\":\"bad key\",\"type\":\"t\",\"param\":null,\"code\":\"invalid_api_key\"}}"}},
			CW_LLM_AUTH, false, false, "bad key", "invalid_api_key"},
		{{.status = 429,
			 .retry_after = "7",
			 .type = "application/json",
			 .pieces = {"{\"error\":{\"message\":\"slow\",\"code\":null,\"type\":\"rate_limit_error\"}}"}},
			CW_LLM_RATE_LIMIT, true, false, "slow", "rate_limit_error"},
		{{.status = 429,
			 .type = "application/json",
			 .pieces = {"{\"error\":{\"message\":\"pay\",\"code\":\"insufficient_quota\"}}"}},
			CW_LLM_RATE_LIMIT, false, false, "pay", "insufficient_quota"},
		{{.status = 404, .type = "application/json", .pieces = {"{\"error\":\"model not found\"}"}},
			CW_LLM_BAD_REQUEST, false, false, "model not found", ""},
		{{.status = 503,
			 .type = "application/json",
			 .pieces =
				 {"{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}"}},
			CW_LLM_SERVER, true, false, "Loading model", "unavailable_error"},
		{{.status = 502, .type = "text/html", .pieces = {"<html>bad gateway"}}, CW_LLM_SERVER, true, false,
			"bad gateway", ""},
		{{.pieces = {DELTA("half"), D("{\"error\":{\"message\":\"overloaded\",\"code\":\"oops\"}}")}},
			CW_LLM_SERVER, true, true, "overloaded", "oops"},
		{{.pieces = {DELTA("half")}}, CW_LLM_CUT, true, true, "broke off", ""},
		{{.pieces = {DELTA("half")}, .tear = true}, CW_LLM_CUT, true, true, "broke off", ""},
		{{.pieces = {DELTA("half"), D("{\"choices\":[{\"del")}}, CW_LLM_PROTOCOL, true, true, "not valid JSON",
			""},
		{{.pieces = {DONE}}, CW_LLM_PROTOCOL, true, false, "without any choice", ""},
		{{.pieces = {": nothing\n\n"}}, CW_LLM_PROTOCOL, true, false, "without any choice", ""},
		{{.type = "application/json", .pieces = {"{}"}}, CW_LLM_PROTOCOL, true, false, "choices", ""},
		{{.type = "application/json", .pieces = {""}}, CW_LLM_PROTOCOL, true, false, "not valid JSON", ""},
		{{.hang = true}, CW_LLM_TIMEOUT, true, false, "", ""},
		{{.pieces = {": ping\n\n", ": ping\n\n"}, .hang = true}, CW_LLM_TIMEOUT, true, false, "", ""},
		{{.pieces = {DELTA("half")}, .hang = true}, CW_LLM_TIMEOUT, true, true, "", ""},
	};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		ask(&b, &cases[i].c, NULL);
		assert_int_equal(b.fails, 1);
		assert_int_equal(b.dones, 0);
		assert_int_equal(b.kind, cases[i].kind);
		assert_int_equal(b.retry, cases[i].retry);
		assert_int_equal(b.spoken, cases[i].spoken);
		assert_non_null(strstr(b.error, cases[i].part));
		assert_string_equal(b.code, cases[i].code);
		if (cases[i].c.retry_after)
			assert_int_equal(b.retry_after_us, 7000000);
	}
	close_bench(&b);
}

static void nobody_there_is_a_connect_error(void **state)
{
	static const struct canned none = {.hang = true};
	struct bench b;

	(void)state;
	open_bench(&b, "http://127.0.0.1:9/v1");
	ask(&b, &none, NULL);
	assert_int_equal(b.kind, CW_LLM_CONNECT);
	assert_non_null(strstr(b.error, "CW_OPENAI_BASE_URL"));
	close_bench(&b);
}

static void an_ask_may_be_freed_in_its_handler(void **state)
{
	static const struct canned c = {.pieces = {DELTA("one") DELTA("two"), STOP DONE}};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	b.free_in_text = true;
	ask(&b, &c, NULL);
	assert_string_equal(b.text, "one|");
	assert_int_equal(b.dones + b.fails, 0);
	close_bench(&b);
}

/* ---- what is sent ---- */

static void a_request_says_what_was_asked_for(void **state)
{
	static const struct canned c = {.type = "application/json",
		.pieces = {"{\"choices\":[{\"message\":{\"content\":\"{}\"},\"finish_reason\":\"stop\"}]}"}};
	static const struct cw_llm_call call = {.id = "c1", .name = "find", .arguments = "{}"};
	static const char *const stop[] = {"END", NULL};
	CW_JSON_SCOPED json_t *schema = json_pack("{s:s}", "type", "object");
	const struct cw_llm_tool tool = {.name = "find", .description = "finds", .parameters = schema};
	const struct cw_llm_message messages[] = {{.role = CW_LLM_USER, .text = {"Hi", 2}},
		{.role = CW_LLM_ASSISTANT, .calls = &call, .n_calls = 1},
		{.role = CW_LLM_TOOL, .text = {"7", 1}, .call_id = "c1"}};
	const struct cw_llm_req req = {.messages = messages,
		.n_messages = 3,
		.tools = &tool,
		.n_tools = 1,
		.tool_choice = "find",
		.schema = schema,
		.schema_name = "verdict",
		.temperature = 0,
		.max_tokens = 50,
		.seed = 3,
		.stop = stop,
		.whole = true};
	static const char *const parts[] = {"\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"find\"}}",
		"\"temperature\":0.0", "\"max_tokens\":50", "\"seed\":3", "\"stop\":[\"END\"]",
		"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"verdict\",\"strict\":true,\"schema\":{\"type\":\"object\"}}}",
		"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"{}\"}}]}",
		"{\"role\":\"tool\",\"content\":\"7\",\"tool_call_id\":\"c1\"}"};
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	ask(&b, &c, &req);
	assert_int_equal(b.dones, 1);
	assert_null(strstr(b.request, "\"stream\""));
	for (size_t i = 0; i < CW_COUNT(parts); i++)
		if (!strstr(b.request, parts[i]))
			fail_msg("%s is not in %s", parts[i], b.request);
	close_bench(&b);
}

static void a_spec_names_driver_and_model(void **state)
{
	struct cw_llm *l = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_llm_open(NULL, NULL, &(struct cw_llm_conf){.spec = "gpt-4o"}, &l, &why), EINVAL);
	assert_non_null(strstr(why.text, "DRIVER:MODEL"));
	why = (struct cw_why){0};
	assert_int_equal(cw_llm_open(NULL, NULL, &(struct cw_llm_conf){.spec = "magic:m"}, &l, &why), ENOENT);
	assert_non_null(strstr(why.text, "openai"));
	why = (struct cw_why){0};
	assert_int_equal(
		cw_llm_open(NULL, NULL, &(struct cw_llm_conf){.spec = "openai:m", .url = "ftp://x"}, &l, &why), EINVAL);
	assert_null(l);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	int64_t wall = 1700000000LL * 1000000; /* Tue, 14 Nov 2023 22:13:20 GMT */

	(void)state;
	assert_int_equal(cw_openai_retry_after_us("7", false, wall), 7000000);
	assert_int_equal(cw_openai_retry_after_us("0.5", false, wall), 500000);
	assert_int_equal(cw_openai_retry_after_us("250", true, wall), 250000);
	assert_int_equal(cw_openai_retry_after_us("Tue, 14 Nov 2023 22:13:30 GMT", false, wall), 10000000);
	assert_int_equal(cw_openai_retry_after_us("Tue, 14 Nov 2023 22:13:10 GMT", false, wall), 0);
	assert_int_equal(cw_openai_retry_after_us("soon", false, wall), 0);
	assert_int_equal(cw_openai_retry_after_us("-3", false, wall), 0);
	assert_int_equal(cw_openai_retry_after_us("1e300", false, wall), 3600000000u);
}

static void gathering_survives_lack_of_memory(void **state)
{
	struct cw_llm_gather *g = NULL;
	struct cw_llm_answer a;
	struct cw_llm_chunk c;
	int err = cw_llm_gather_new(NULL, &g);

	(void)state;
	if (cw_test_oom(err))
		return;
	err = cw_llm_gather_add(g,
		CW_STR_LIT(
			"{\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"x\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"stop\"}]}"),
		false, &c, NULL);
	if (!err)
		err = cw_llm_gather_end(g, &a);
	if (!cw_test_oom(err)) {
		assert_int_equal(err, 0);
		assert_int_equal(a.n_calls, 1);
		assert_string_equal(a.calls[0].name, "f");
	}
	talloc_free(g);
}
CW_OOM_BODY(gathering_survives_lack_of_memory)

CW_TEST_MAIN(CW_TEST(a_stream_comes_piece_by_piece), CW_TEST(what_imitators_leave_out_is_forgiven),
	CW_TEST(tool_calls_are_put_together), CW_TEST(a_refusal_is_text_and_said_to_be_one),
	CW_TEST(failures_are_told_apart), CW_TEST(nobody_there_is_a_connect_error),
	CW_TEST(an_ask_may_be_freed_in_its_handler), CW_TEST(a_request_says_what_was_asked_for),
	CW_TEST(a_spec_names_driver_and_model), CW_TEST(retry_after_is_seconds_or_a_date),
	CW_TEST_OOM(gathering_survives_lack_of_memory))
