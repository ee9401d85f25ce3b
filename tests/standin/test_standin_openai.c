/*
 * The OpenAI stand-in with our own drivers as its clients, in virtual time and over sockets:
 *
 *   cw_llm_ask() / cw_embed_texts() / cw_http_request() ──▶ cw_listen() ── cw_standin_openai_request()
 */
#include "testing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "language/embed.h"
#include "language/llm.h"
#include "standin/openai.h"
#include "world/net.h"
#include "world/os.h"
#include "world/sim.h"

struct bench {
	struct cw_world *w;
	void *server_owner, *owner;
	struct cw_standin_openai *standin;
	struct cw_server *listener;
	struct cw_llm *llm;
	struct cw_llm_ask *ask;
	char url[64], text[4096], calls[512], error[800];
	bool over, done;
	enum cw_llm_finish finish;
	enum cw_llm_error_kind kind;
	unsigned pieces;
	uint64_t prompt, completion, first_us, total_us, retry_after_us;
	bool usage_known;
	int status;
	double similarity;
	size_t dimension;
	float first[4];
};

static void open_bench(struct bench *b, bool sim, const struct cw_standin_openai_conf *conf)
{
	static const struct cw_routes routes = {.request = cw_standin_openai_request};
	struct cw_why why = {0};

	memset(b, 0, sizeof(*b));
	b->server_owner = talloc_named_const(NULL, 0, "server");
	b->owner = talloc_named_const(NULL, 0, "bench");
	assert_int_equal(sim ? cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 3}, &b->w)
			     : cw_os_new(NULL, &(struct cw_os_conf){.seed = 3, .workers = 1}, &b->w),
		0);
	if (cw_standin_openai_new(b->owner, b->w, conf, &b->standin, &why))
		fail_msg("%s", why.text);
	assert_int_equal(cw_listen(b->server_owner, b->w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes,
				 b->standin, &b->listener, NULL),
		0);
	(void)snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u/v1", cw_server_port(b->listener));
	assert_int_equal(
		cw_llm_open(b->owner, b->w, &(struct cw_llm_conf){.spec = "openai:m", .url = b->url, .key = "right"},
			&b->llm, NULL),
		0);
}

static void close_bench(struct bench *b)
{
	talloc_free(b->owner);
	talloc_free(b->server_owner);
	talloc_free(b->w);
}

static void serve_until_over(struct bench *b)
{
	uint64_t end = cw_now(b->w) + 200000000;

	while (!b->over && cw_now(b->w) < end) {
		if (!cw_world_is_sim(b->w))
			cw_os_run_for(b->w, 2000);
		else if (!cw_sim_step(b->w))
			break;
	}
	assert_true(b->over);
}

static void on_text(struct cw_str piece, void *arg)
{
	struct bench *b = arg;
	size_t used = strlen(b->text);

	b->pieces++;
	(void)snprintf(b->text + used, sizeof(b->text) - used, "%.*s", CW_STR(piece));
}

static void on_call(const struct cw_llm_call *c, void *arg)
{
	struct bench *b = arg;
	size_t used = strlen(b->calls);

	(void)snprintf(b->calls + used, sizeof(b->calls) - used, "%s%s%s;", c->name, c->arguments, c->valid ? "" : "!");
}

static void on_done(const struct cw_llm_answer *a, void *arg)
{
	struct bench *b = arg;

	b->over = b->done = true;
	b->ask = NULL;
	b->finish = a->finish;
	b->usage_known = a->usage_known;
	b->prompt = a->prompt_tokens;
	b->completion = a->completion_tokens;
	b->first_us = a->first_token_us;
	b->total_us = a->total_us;
	assert_true(a->text.len == strlen(b->text));
	assert_int_equal(strncmp(a->request_id, "req_", 4), 0);
}

static void on_failed(const struct cw_llm_error *e, void *arg)
{
	struct bench *b = arg;

	b->over = true;
	b->ask = NULL;
	b->kind = e->kind;
	b->status = e->status;
	b->retry_after_us = e->retry_after_us;
	(void)snprintf(b->error, sizeof(b->error), "%s", e->text);
}

static const struct cw_llm_events events = {.text = on_text, .call = on_call, .done = on_done, .failed = on_failed};

static void ask_req(struct bench *b, const struct cw_llm_req *req)
{
	b->over = b->done = false;
	b->text[0] = b->calls[0] = b->error[0] = '\0';
	b->pieces = 0;
	assert_int_equal(cw_llm_ask(b->llm, b->owner, req, &events, b, &b->ask), 0);
	serve_until_over(b);
}

static const char *ask(struct bench *b, const char *text, bool whole)
{
	const struct cw_llm_message m = {.role = CW_LLM_USER, .text = cw_str(text)};

	ask_req(b, &(struct cw_llm_req){.messages = &m, .n_messages = 1, .temperature = -1, .whole = whole});
	return b->text;
}

static const char *answers_file(const char *text)
{
	static char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/answers.yaml", cw_test_tmp());
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* ---- the built-in talker ---- */

static void it_talks_a_little(void **state)
{
	(void)state;
	for (int sim = 0; sim < 2; sim++) {
		struct bench b;

		open_bench(&b, sim, &(struct cw_standin_openai_conf){0});
		for (int whole = 0; whole < 2; whole++) {
			assert_string_equal(ask(&b, "What is 25 * 4?", whole), "25 * 4 is 100.");
			assert_true(b.done && b.usage_known);
			assert_int_equal(b.finish, CW_LLM_STOP);
			assert_int_equal(b.completion, 6);
			assert_string_equal(
				ask(&b, "Hello, my name is Alice", whole), "Hello Alice, nice to meet you!");
			assert_string_equal(ask(&b, "What's my name?", whole), "I don't know your name yet.");
			assert_string_equal(ask(&b, "Water is wet \xe2\x80\x94 isn't it?", whole),
				"You said: Water is wet \xe2\x80\x94 isn't it?");
		}
		close_bench(&b);
	}
}

static void it_remembers_and_calls_tools(void **state)
{
	const struct cw_llm_message memory[] = {{.role = CW_LLM_USER, .text = CW_STR_LIT("my name is bo")},
		{.role = CW_LLM_ASSISTANT, .text = CW_STR_LIT("Hello Bo")},
		{.role = CW_LLM_USER, .text = CW_STR_LIT("What's my name?")}};
	CW_JSON_SCOPED json_t *schema = json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:[s,s]}}, s:[s,s], s:b}", "type",
		"object", "properties", "why", "type", "string", "verdict", "type", "string", "enum", "pass", "fail",
		"required", "why", "verdict", "additionalProperties", 0);
	const struct cw_llm_tool tool = {.name = "note", .parameters = schema};
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_openai_conf){0});
	ask_req(&b, &(struct cw_llm_req){.messages = memory, .n_messages = 3, .temperature = 0});
	assert_string_equal(b.text, "Your name is Bo.");
	ask_req(&b, &(struct cw_llm_req){.messages = memory,
			    .n_messages = 3,
			    .temperature = 0,
			    .tools = &tool,
			    .n_tools = 1,
			    .tool_choice = "required"});
	assert_string_equal(b.calls, "note{\"why\":\"Your name is Bo.\",\"verdict\":\"pass\"};");
	assert_int_equal(b.finish, CW_LLM_TOOLS);
	ask_req(&b, &(struct cw_llm_req){.messages = memory, .n_messages = 3, .temperature = 0, .schema = schema});
	assert_string_equal(b.text, "{\"why\":\"Your name is Bo.\",\"verdict\":\"pass\"}");
	ask_req(&b, &(struct cw_llm_req){.messages = memory, .n_messages = 3, .temperature = 0, .max_tokens = 2});
	assert_string_equal(b.text, "Your name");
	assert_int_equal(b.finish, CW_LLM_LENGTH);
	close_bench(&b);
}

/* ---- answers of a file ---- */

static void rules_answer(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true,
		&(struct cw_standin_openai_conf){
			.answers = answers_file(
				"answers:\n"
				"  - {match: 'order (\\d+)', reply: 'Order $1 costs $$5.', delay_ms: 500, tokens_per_s: 10}\n"
				"  - {match: '^once$', reply: only once, times: 1}\n"
				"  - {match: '^once$', reply: again}\n"
				"  - {match: weather in (\\w+), tools: [{name: weather, arguments: {city: $1, days: 2}}]}\n"
				"  - {match: as json, json: {verdict: pass, quotes: [\"a\"]}}\n"
				"  - {match: go away, fault: '429:7'}\n"
				"  - {system: pirate, reply: Arr.}\n")});
	assert_string_equal(ask(&b, "Where is ORDER 66?", false), "Order 66 costs $5.");
	assert_int_equal(b.pieces, 6);
	assert_in_range(b.first_us, 500000, 720000);
	assert_in_range(b.total_us, b.first_us + 500000, b.first_us + 800000);
	(void)ask(&b, "Where is order 66?", true);
	assert_in_range(b.total_us, 1100000, 1300000);
	assert_string_equal(ask(&b, "once", false), "only once");
	assert_string_equal(ask(&b, "once", false), "again");
	(void)ask(&b, "weather in Rome", false);
	assert_string_equal(b.calls, "weather{\"city\":\"Rome\",\"days\":2};");
	assert_string_equal(ask(&b, "as json", false), "{\"verdict\":\"pass\",\"quotes\":[\"a\"]}");
	(void)ask(&b, "go away", false);
	assert_int_equal(b.kind, CW_LLM_RATE_LIMIT);
	assert_int_equal(b.retry_after_us, 7000000);
	assert_string_equal(ask(&b, "2 plus 2", false), "2 + 2 is 4."); /* no rule: the talker */
	assert_int_equal(cw_standin_openai_requests(b.standin), 8);
	close_bench(&b);
}

static void faulty_answer_files_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *part;
		unsigned line;
	} cases[] = {
		{"answers:\n  - {match: '(', reply: x}\n", "regular expression", 2},
		{"answers:\n  - {mach: a, reply: x}\n", "match", 2},
		{"answers:\n  - {match: a}\n", "needs one of", 2},
		{"answers:\n  - {match: a, fault: boom}\n", "no fault", 2},
		{"answers: 7\n", "list", 1},
		{"answers:\n  - {match: a, tools: [{name: 'a b'}]}\n", "find_order", 2},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		CW_SCOPED struct cw_world *w = NULL;
		struct cw_standin_openai *s = NULL;
		struct cw_why why = {0};

		assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &w), 0);
		assert_int_not_equal(
			cw_standin_openai_new(NULL, w,
				&(struct cw_standin_openai_conf){.answers = answers_file(cases[i].text)}, &s, &why),
			0);
		assert_null(s);
		assert_non_null(strstr(why.text, cases[i].part));
		assert_int_equal(why.line, cases[i].line);
	}
}

/* ---- faults ---- */

static void faults_happen_as_told(void **state)
{
	static const struct {
		const char *fault;
		bool fails[2]; /* streamed, whole */
		enum cw_llm_error_kind kind[2];
	} cases[] = {
		{"stall", {true, true}, {CW_LLM_TIMEOUT, CW_LLM_TIMEOUT}},
		{"cut", {true, true}, {CW_LLM_CUT, CW_LLM_CUT}},
		{"unfinished", {true, false}, {CW_LLM_CUT, 0}},
		{"garbage", {true, true}, {CW_LLM_PROTOCOL, CW_LLM_PROTOCOL}},
		{"empty", {true, true}, {CW_LLM_PROTOCOL, CW_LLM_PROTOCOL}},
		{"error-event", {true, false}, {CW_LLM_SERVER, 0}},
		{"silent", {true, true}, {CW_LLM_TIMEOUT, CW_LLM_TIMEOUT}},
		{"503", {true, true}, {CW_LLM_SERVER, CW_LLM_SERVER}},
		{"401", {true, true}, {CW_LLM_AUTH, CW_LLM_AUTH}},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_standin_openai_conf conf = {0};
		struct bench b;

		assert_int_equal(cw_standin_fault_parse(cases[i].fault, &conf.fault, NULL), 0);
		open_bench(&b, true, &conf);
		for (int whole = 0; whole < 2; whole++) {
			(void)ask(&b, "one two three four five six", whole);
			assert_int_equal(b.done, !cases[i].fails[whole]);
			if (!b.done)
				assert_int_equal(b.kind, cases[i].kind[whole]);
		}
		close_bench(&b);
	}
}

static void every_third_request_fails(void **state)
{
	struct cw_standin_openai_conf conf = {.fault_every = 3};
	struct bench b;
	unsigned failed = 0;

	(void)state;
	assert_int_equal(cw_standin_fault_parse("500", &conf.fault, NULL), 0);
	open_bench(&b, true, &conf);
	for (int i = 0; i < 9; i++) {
		(void)ask(&b, "hi", true);
		failed += !b.done;
	}
	assert_int_equal(failed, 3);
	close_bench(&b);
}

static void keys_and_rates_are_checked(void **state)
{
	static const char *const keys[] = {"right"}, *const others[] = {"other"};
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_openai_conf){.keys = keys, .n_keys = 1, .requests_per_min = 2});
	(void)ask(&b, "hi", true);
	assert_true(b.done);
	(void)ask(&b, "hi", true);
	(void)ask(&b, "hi", true);
	assert_int_equal(b.kind, CW_LLM_RATE_LIMIT);
	assert_in_range(b.retry_after_us, 59000000, 60000000);
	(void)cw_sim_run(b.w, cw_now(b.w) + 61000000);
	close_bench(&b);
	open_bench(&b, true, &(struct cw_standin_openai_conf){.keys = others, .n_keys = 1});
	(void)ask(&b, "hi", true);
	assert_int_equal(b.kind, CW_LLM_AUTH);
	assert_non_null(strstr(b.error, "CW_OPENAI_API_KEY"));
	close_bench(&b);
}

/* ---- strictness ---- */

struct raw {
	int status, err;
	bool closed;
	char body[4096];
	size_t n;
};

static void raw_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	((struct raw *)arg)->status = status;
}

static void raw_data(const void *bytes, size_t n, void *arg)
{
	struct raw *r = arg;

	assert_true(r->n + n < sizeof(r->body));
	memcpy(r->body + r->n, bytes, n);
	r->n += n;
}

static void raw_closed(int err, void *arg)
{
	struct raw *r = arg;

	r->err = err;
	r->closed = true;
}

static void post(struct bench *b, const char *path, const char *body, struct raw *r)
{
	static const struct cw_http_events raw_events = {raw_headers, raw_data, raw_closed};
	struct cw_http *http;
	char url[128];

	memset(r, 0, sizeof(*r));
	(void)snprintf(url, sizeof(url), "%s%s", b->url, path);
	assert_int_equal(
		cw_http_request(b->owner, b->w,
			&(struct cw_http_req){.method = "POST", .url = url, .body = body, .body_len = strlen(body)},
			&raw_events, r, &http),
		0);
	while (!r->closed)
		assert_true(cw_sim_step(b->w));
	r->body[r->n] = '\0';
}

static void malformed_requests_get_openais_error_object(void **state)
{
#define U "{\"role\":\"user\",\"content\":\"x\"}"
	static const struct {
		const char *path, *body, *part;
		int status;
	} cases[] = {
		{"/chat/completions", "{", "parse the JSON", 400},
		{"/chat/completions", "{\"messages\":[" U "]}", "model parameter", 400},
		{"/chat/completions", "{\"model\":\"m\"}", "'messages'", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[]}", "empty array", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[" U "],\"temprature\":1}",
			"Unknown parameter: 'temprature'", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[" U "],\"temperature\":3}", "<= 2", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[" U "],\"temperature\":\"1\"}", "Invalid type",
			400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[{\"role\":\"boss\",\"content\":\"x\"}]}",
			"'boss'", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":null}]}",
			"content", 400},
		{"/chat/completions",
			"{\"model\":\"m\",\"messages\":[" U
			",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"x\"}]}",
			"preceding", 400},
		{"/chat/completions",
			"{\"model\":\"m\",\"messages\":[" U
			",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}]}",
			"did not have response messages: a", 400},
		{"/chat/completions",
			"{\"model\":\"m\",\"messages\":[" U "],\"stream_options\":{\"include_usage\":true}}",
			"stream_options", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[" U "],\"tool_choice\":\"auto\"}", "tools", 400},
		{"/chat/completions",
			"{\"model\":\"m\",\"messages\":[" U
			"],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]}",
			"tools[0].function.name", 400},
		{"/chat/completions", "{\"model\":\"m\",\"messages\":[" U "],\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}",
			"at most 4", 400},
		{"/chat/completions",
			"{\"model\":\"m\",\"messages\":[" U
			"],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"strict\":true,\"schema\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"string\"}}}}}}",
			"additionalProperties", 400},
		{"/embeddings", "{\"model\":\"m\",\"input\":\"\"}", "input", 400},
		{"/embeddings", "{\"model\":\"m\",\"input\":\"a\",\"encoding_format\":\"hex\"}", "base64", 400},
		{"/nothing", "{}", "Unknown request URL", 404},
		{"/models", "{}", "Not allowed", 405},
	};
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_openai_conf){0});
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		CW_JSON_SCOPED json_t *j = NULL;
		const json_t *e;
		struct raw r;

		post(&b, cases[i].path, cases[i].body, &r);
		assert_int_equal(r.status, cases[i].status);
		assert_int_equal(cw_json_parse(r.body, r.n, &j, NULL), 0);
		e = json_object_get(j, "error");
		assert_int_equal(json_object_size(e), 4);
		assert_non_null(json_object_get(e, "param"));
		assert_non_null(json_object_get(e, "code"));
		assert_non_null(json_object_get(e, "type"));
		if (!strstr(cw_json_str(e, "message", ""), cases[i].part))
			fail_msg("'%s' is not in: %s", cases[i].part, r.body);
	}
	close_bench(&b);
}

/* ---- embeddings ---- */

static void on_vectors(int err, const struct cw_embed_result *r, const struct cw_why *why, void *arg)
{
	struct bench *b = arg;

	b->over = true;
	b->status = err;
	if (err) {
		(void)snprintf(b->error, sizeof(b->error), "%s", why->text);
		return;
	}
	b->dimension = r->dimension;
	b->similarity = cw_embed_cosine(r->vectors, r->vectors + r->dimension, r->dimension);
	memcpy(b->first, r->vectors, sizeof(b->first));
	assert_true(r->tokens > 0);
}

static void embeddings_are_those_of_the_lexical_driver(void **state)
{
	const struct cw_str texts[] = {CW_STR_LIT("the furnace is broken"), CW_STR_LIT("my furnace broke down")};
	struct cw_embed *remote, *own;
	struct cw_embed_req *req;
	double similarity;
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_openai_conf){0});
	assert_int_equal(cw_embed_open(b.owner, b.w,
				 &(struct cw_embed_conf){.driver = "openai", .url = b.url, .model = "standin-embed-1"},
				 &remote, NULL),
		0);
	assert_int_equal(cw_embed_open(b.owner, NULL, &(struct cw_embed_conf){0}, &own, NULL), 0);
	assert_int_equal(cw_embed_texts(remote, b.owner, texts, 2, on_vectors, &b, &req), 0);
	serve_until_over(&b);
	assert_int_equal(b.status, 0);
	assert_int_equal(b.dimension, own->dimension);
	assert_int_equal(cw_embed_similarity(own, texts[0], texts[1], &similarity), 0);
	assert_true(fabs(similarity - b.similarity) < 1e-4);
	close_bench(&b);
}

static void numbers_and_base64_are_the_same_vectors(void **state)
{
	struct raw plain, packed;
	CW_JSON_SCOPED json_t *j = NULL;
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_openai_conf){0});
	post(&b, "/embeddings", "{\"model\":\"m\",\"input\":\"furnace\",\"dimensions\":3}", &plain);
	post(&b, "/embeddings",
		"{\"model\":\"m\",\"input\":\"furnace\",\"dimensions\":3,\"encoding_format\":\"base64\"}", &packed);
	assert_int_equal(plain.status, 200);
	assert_int_equal(cw_json_parse(packed.body, packed.n, &j, NULL), 0);
	assert_int_equal(strlen(cw_json_str(json_array_get(json_object_get(j, "data"), 0), "embedding", "")), 16);
	close_bench(&b);
}

static void refused_embeddings_tell_why(void **state)
{
	static const char *const keys[] = {"secret"};
	const struct cw_str text = CW_STR_LIT("x");
	struct cw_embed *remote;
	struct cw_embed_req *req;
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_openai_conf){.keys = keys, .n_keys = 1});
	assert_int_equal(
		cw_embed_open(b.owner, b.w, &(struct cw_embed_conf){.driver = "openai", .url = b.url}, &remote, NULL),
		0);
	assert_int_equal(cw_embed_texts(remote, b.owner, &text, 1, on_vectors, &b, &req), 0);
	serve_until_over(&b);
	assert_int_equal(b.status, EACCES);
	assert_non_null(strstr(b.error, "CW_OPENAI_API_KEY"));
	close_bench(&b);
}

CW_TEST_MAIN(CW_TEST(it_talks_a_little), CW_TEST(it_remembers_and_calls_tools), CW_TEST(rules_answer),
	CW_TEST(faulty_answer_files_are_refused_with_their_place), CW_TEST(faults_happen_as_told),
	CW_TEST(every_third_request_fails), CW_TEST(keys_and_rates_are_checked),
	CW_TEST(malformed_requests_get_openais_error_object), CW_TEST(embeddings_are_those_of_the_lexical_driver),
	CW_TEST(numbers_and_base64_are_the_same_vectors), CW_TEST(refused_embeddings_tell_why))
