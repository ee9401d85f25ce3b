/* HTTP and WebSocket: the same in both worlds. */
#include "contract.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the server of all tests: what it does is chosen by the path ---- */

struct server {
	struct cw_server *listener;
	struct cw_ws *ws;
	struct cw_timer later;
	struct cw_exchange *waiting;
	char got[512];
	size_t got_n;
	unsigned messages;
	bool gone, ws_closed;
	int ws_err;
	unsigned ws_code;
};

static struct server server;

static void answer_later(void *arg)
{
	(void)arg;
	assert_int_equal(cw_reply(server.waiting, 200, NULL, 0, "late", 4), 0);
}

static void client_gone(void *arg)
{
	(void)arg;
	server.gone = true;
}

/* The second half of an answer in pieces: whole or torn off by the path. */
static void more_pieces(void *arg)
{
	struct cw_exchange *x = server.waiting;

	(void)arg;
	assert_int_equal(cw_reply_more(x, "two", 3), 0);
	if (!strcmp(cw_exchange_path(x), "/torn"))
		cw_reply_break(x);
	else
		assert_int_equal(cw_reply_end(x), 0);
}

static void begin_pieces(struct cw_exchange *x)
{
	const struct cw_header headers[] = {{"X-Method", cw_exchange_method(x)}, {"Content-Length", "999"}};

	cw_exchange_on_gone(x, client_gone, NULL);
	assert_int_equal(cw_reply_begin(x, 200, headers, 2), 0);
	assert_int_equal(cw_reply_more(x, "one ", 4), 0);
	server.waiting = x;
	if (strcmp(cw_exchange_path(x), "/stuck") != 0)
		cw_timer_start(&server.later, 50000, more_pieces, NULL);
}

static void on_request(struct cw_exchange *x, void *arg)
{
	const char *path = cw_exchange_path(x);
	struct cw_str body = cw_exchange_body(x);

	(void)arg;
	if (!strcmp(path, "/echo")) {
		const char *given = cw_exchange_header(x, "x-given");
		const struct cw_header headers[] = {{"X-Method", cw_exchange_method(x)},
			{"X-Query", cw_exchange_query(x)}, {"X-Given", given ? given : "none"}};

		assert_int_equal(cw_reply(x, 201, headers, 3, body.p, body.len), 0);
	} else if (!strcmp(path, "/late")) {
		server.waiting = x;
		cw_timer_start(&server.later, 50000, answer_later, NULL);
	} else if (!strcmp(path, "/pieces") || !strcmp(path, "/torn") || !strcmp(path, "/stuck")) {
		begin_pieces(x);
	} else if (!strcmp(path, "/never")) {
		cw_exchange_on_gone(x, client_gone, NULL);
	} else if (!strcmp(path, "/big")) {
		char *big = talloc_zero_array(owner, char, 100000);

		assert_int_equal(cw_reply(x, 200, NULL, 0, big, 100000), 0);
		talloc_free(big);
	} else {
		assert_int_equal(cw_reply(x, 404, NULL, 0, NULL, 0), 0);
	}
}

static void server_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	(void)arg;
	server.messages++;
	if (n == 4 && !memcmp(bytes, "quit", 4)) {
		cw_ws_close(server.ws, 4001, "as asked");
		return;
	}
	if (n == 4 && !memcmp(bytes, "free", 4)) {
		talloc_free(server.ws);
		server.ws = NULL;
		return;
	}
	assert_int_equal(cw_ws_send(server.ws, kind, bytes, n), 0);
}

static void server_closed(int err, unsigned code, void *arg)
{
	(void)arg;
	server.ws_closed = true;
	server.ws_err = err;
	server.ws_code = code;
}

static const struct cw_ws_events server_events = {.message = server_message, .closed = server_closed};

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	(void)arg;
	if (strcmp(cw_exchange_path(x), "/ws") != 0) {
		assert_int_equal(cw_reply(x, 403, NULL, 0, NULL, 0), 0);
		return;
	}
	assert_int_equal(
		cw_ws_accept(owner, x, &(struct cw_ws_limits){.max_message = 300000}, &server_events, NULL, &server.ws),
		0);
	assert_int_equal(cw_ws_send(server.ws, CW_WS_TEXT, "welcome", 7), 0);
}

static const struct cw_routes routes = {.request = on_request, .upgrade = on_upgrade, .max_body = 50000};

static const char *url(const char *scheme, const char *path)
{
	return talloc_asprintf(owner, "%s://127.0.0.1:%u%s", scheme, cw_server_port(server.listener), path);
}

static void serve(void)
{
	memset(&server, 0, sizeof(server));
	cw_timer_init(&server.later, world);
	assert_int_equal(cw_listen(owner, world, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, NULL,
				 &server.listener, NULL),
		0);
}

/* ---- the client ---- */

struct client {
	struct cw_http *http;
	struct cw_ws *ws;
	int status, err;
	unsigned code;
	char method[16], query[32], given[32];
	char body[512];
	size_t n, total;
	unsigned messages;
	bool opened, closed;
	char free_in; /* 'h' headers, 'd' data, 'c' closed, 'o' open, 'm' message */
	bool freed;
};

static void maybe_free(struct client *c, char where)
{
	if (c->free_in != where)
		return;
	talloc_free(c->http);
	talloc_free(c->ws);
	c->freed = true;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void http_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct client *c = arg;

	c->status = status;
	for (size_t i = 0; i < n; i++) {
		if (!strcasecmp(headers[i].name, "x-method"))
			copy(c->method, sizeof(c->method), headers[i].value);
		if (!strcasecmp(headers[i].name, "x-query"))
			copy(c->query, sizeof(c->query), headers[i].value);
		if (!strcasecmp(headers[i].name, "x-given"))
			copy(c->given, sizeof(c->given), headers[i].value);
	}
	maybe_free(c, 'h');
}

static void http_data(const void *bytes, size_t n, void *arg)
{
	struct client *c = arg;

	assert_false(c->freed);
	if (c->n + n < sizeof(c->body)) {
		memcpy(c->body + c->n, bytes, n);
		c->n += n;
	}
	c->total += n;
	maybe_free(c, 'd');
}

static void http_closed(int err, void *arg)
{
	struct client *c = arg;

	assert_false(c->freed);
	assert_false(c->closed);
	c->err = err;
	c->closed = true;
	c->http = NULL;
}

static const struct cw_http_events http_events = {http_headers, http_data, http_closed};

static void ask(struct client *c, const struct cw_http_req *req)
{
	assert_int_equal(cw_http_request(owner, world, req, &http_events, c, &c->http), 0);
	assert_false(c->closed);
}

static void a_request_is_answered(void **state)
{
	const struct cw_header headers[] = {{"X-Given", "seven"}};
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "POST",
			.url = url("http", "/echo?a=1&b=%20"),
			.headers = headers,
			.n_headers = 1,
			.body = "some body",
			.body_len = 9});
	serve_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.status, 201);
	assert_string_equal(c.method, "POST");
	assert_string_equal(c.query, "a=1&b=%20");
	assert_string_equal(c.given, "seven");
	assert_string_equal(c.body, "some body");
}

static void an_answer_may_come_later(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/late")});
	serve_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_string_equal(c.body, "late");
}

static void nobody_there_is_refused(void **state)
{
	struct client c = {0};

	(void)state;
	ask(&c, &(struct cw_http_req){.method = "GET", .url = "http://127.0.0.1:9/x"});
	serve_until(&c.closed);
	assert_int_equal(c.err, ECONNREFUSED);
}

static void a_bad_url_is_invalid(void **state)
{
	struct client c = {0};

	(void)state;
	assert_int_equal(cw_http_request(owner, world, &(struct cw_http_req){.method = "GET", .url = "gopher://x"},
				 &http_events, &c, &c.http),
		EINVAL);
	assert_int_equal(cw_http_request(owner, world, &(struct cw_http_req){.method = "GET", .url = "nothing"},
				 &http_events, &c, &c.http),
		EINVAL);
}

static void a_silent_server_times_out(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){
			.method = "GET", .url = url("http", "/never"), .deadlines = {.first_byte_us = 200000}});
	serve_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	EXPECT_SOON(server.gone);
}

static void too_much_answer_is_refused(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/big"), .max_body = 5000});
	serve_until(&c.closed);
	assert_int_equal(c.err, EMSGSIZE);
}

static void too_much_body_is_413(void **state)
{
	struct client c = {0};
	char *big = talloc_zero_array(owner, char, 60000);

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "POST", .url = url("http", "/echo"), .body = big, .body_len = 60000});
	serve_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.status, 413);
}

static void a_freed_request_is_silent(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/never")});
	serve_for(100000);
	talloc_free(c.http);
	c.freed = true;
	EXPECT_SOON(server.gone);
	assert_false(c.closed);
}

static void an_answer_comes_in_pieces(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	for (int round = 0; round < 2; round++) { /* the connection serves on after it */
		c = (struct client){0};
		ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/pieces")});
		EXPECT_SOON(c.n == 4);
		assert_memory_equal(c.body, "one ", 4);
		assert_false(c.closed);
		serve_until(&c.closed);
		assert_int_equal(c.err, 0);
		assert_int_equal(c.status, 200);
		assert_string_equal(c.body, "one two");
		assert_string_equal(c.method, "GET");
	}
	assert_false(server.gone);
}

static void a_torn_answer_is_an_error(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/torn")});
	serve_until(&c.closed);
	assert_int_equal(c.status, 200);
	assert_int_equal(c.err, ECONNRESET);
}

static void a_stuck_answer_times_out_and_its_server_hears_of_it(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/stuck"), .deadlines = {.idle_us = 200000}});
	serve_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	assert_string_equal(c.body, "one ");
	EXPECT_SOON(server.gone);
}

static void an_answer_in_pieces_may_be_freed_in_its_handlers(void **state)
{
	(void)state;
	serve();
	for (const char *where = "hd"; *where; where++) {
		struct client c = {.free_in = *where};

		server.gone = false;
		ask(&c, &(struct cw_http_req){.method = "GET", .url = url("http", "/stuck")});
		EXPECT_SOON(c.freed && server.gone);
		assert_false(c.closed);
	}
}

static void a_request_may_be_freed_in_its_handlers(void **state)
{
	(void)state;
	serve();
	for (const char *where = "hd"; *where; where++) {
		struct client c = {.free_in = *where};

		ask(&c, &(struct cw_http_req){
				.method = "POST", .url = url("http", "/echo"), .body = "x", .body_len = 1});
		serve_for(150000);
		assert_true(c.freed);
		assert_false(c.closed);
	}
}

/* ---- WebSocket ---- */

static void ws_open(void *arg)
{
	struct client *c = arg;

	c->opened = true;
	maybe_free(c, 'o');
}

static void ws_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct client *c = arg;

	(void)kind;
	assert_true(c->opened);
	assert_false(c->freed);
	c->messages++;
	c->total += n;
	c->n = n < sizeof(c->body) - 1 ? n : sizeof(c->body) - 1;
	memcpy(c->body, bytes, c->n);
	c->body[c->n] = '\0';
	maybe_free(c, 'm');
}

static void ws_closed(int err, unsigned code, void *arg)
{
	struct client *c = arg;

	assert_false(c->freed);
	assert_false(c->closed);
	c->err = err;
	c->code = code;
	c->closed = true;
	maybe_free(c, 'c');
}

static const struct cw_ws_events client_events = {.open = ws_open, .message = ws_message, .closed = ws_closed};

static void dial(struct client *c, const char *path)
{
	assert_int_equal(
		cw_ws_connect(owner, world, &(struct cw_ws_req){.url = url("ws", path)}, &client_events, c, &c->ws), 0);
	assert_false(c->opened);
}

static void messages_go_both_ways_in_order(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	dial(&c, "/ws");
	serve_until(&c.opened);
	EXPECT_SOON(c.messages == 1);
	assert_string_equal(c.body, "welcome");
	for (int i = 0; i < 100; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "m%d", i);

		assert_int_equal(cw_ws_send(c.ws, i % 2 ? CW_WS_TEXT : CW_WS_BINARY, text, (size_t)n), 0);
	}
	EXPECT_SOON(c.messages == 101);
	assert_string_equal(c.body, "m99");
	cw_ws_close(c.ws, 1000, "bye");
	serve_until(&c.closed);
	assert_int_equal(c.err, 0);
	EXPECT_SOON(server.ws_closed);
	assert_int_equal(server.ws_err, 0);
	assert_int_equal(server.ws_code, 1000);
	assert_int_equal(cw_ws_send(c.ws, CW_WS_TEXT, "x", 1), ENOTCONN);
}

static void the_server_may_close(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	dial(&c, "/ws");
	serve_until(&c.opened);
	assert_int_equal(cw_ws_send(c.ws, CW_WS_TEXT, "quit", 4), 0);
	serve_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.code, 4001);
}

static void a_large_message_arrives_whole(void **state)
{
	struct client c = {0};
	char *large = talloc_array(owner, char, 200000);

	(void)state;
	memset(large, 'x', 200000);
	serve();
	dial(&c, "/ws");
	serve_until(&c.opened);
	EXPECT_SOON(c.messages == 1);
	assert_int_equal(cw_ws_send(c.ws, CW_WS_BINARY, large, 200000), 0);
	EXPECT_SOON(c.messages == 2);
	assert_int_equal(c.total, 200007);
}

static void an_oversized_message_closes_with_1009(void **state)
{
	struct client c = {0};
	char *huge = talloc_zero_array(owner, char, 400000);

	(void)state;
	serve();
	dial(&c, "/ws");
	serve_until(&c.opened);
	assert_int_equal(cw_ws_send(c.ws, CW_WS_BINARY, huge, 400000), 0);
	serve_until(&c.closed);
	assert_int_equal(c.code, 1009);
	EXPECT_SOON(server.ws_closed);
	assert_int_not_equal(server.ws_err, 0);
}

static void a_refused_upgrade_tells_its_status(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	dial(&c, "/secret");
	serve_until(&c.closed);
	assert_false(c.opened);
	assert_int_equal(c.err, EACCES);
	assert_int_equal(c.code, 403);
}

static void a_dropped_end_is_a_reset_for_the_other(void **state)
{
	struct client c = {0};

	(void)state;
	serve();
	dial(&c, "/ws");
	serve_until(&c.opened);
	EXPECT_SOON(c.messages == 1);
	assert_int_equal(cw_ws_send(c.ws, CW_WS_TEXT, "free", 4), 0);
	serve_until(&c.closed);
	assert_int_equal(c.err, ECONNRESET);
	assert_false(server.ws_closed);
}

static void nobody_listening_is_told(void **state)
{
	struct client c = {0};

	(void)state;
	assert_int_equal(cw_ws_connect(owner, world, &(struct cw_ws_req){.url = "ws://127.0.0.1:9/ws"}, &client_events,
				 &c, &c.ws),
		0);
	serve_until(&c.closed);
	assert_int_equal(c.err, ECONNREFUSED);
}

static void a_websocket_may_be_freed_in_its_handlers(void **state)
{
	(void)state;
	serve();
	for (const char *where = "omc"; *where; where++) {
		struct client c = {.free_in = *where};

		dial(&c, *where == 'c' ? "/secret" : "/ws");
		serve_for(200000);
		assert_true(c.freed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_request_is_answered),
		BOTH(an_answer_may_come_later),
		BOTH(nobody_there_is_refused),
		BOTH(a_bad_url_is_invalid),
		BOTH(a_silent_server_times_out),
		BOTH(too_much_answer_is_refused),
		BOTH(too_much_body_is_413),
		BOTH(a_freed_request_is_silent),
		BOTH(a_request_may_be_freed_in_its_handlers),
		BOTH(an_answer_comes_in_pieces),
		BOTH(a_torn_answer_is_an_error),
		BOTH(a_stuck_answer_times_out_and_its_server_hears_of_it),
		BOTH(an_answer_in_pieces_may_be_freed_in_its_handlers),
		BOTH(messages_go_both_ways_in_order),
		BOTH(the_server_may_close),
		BOTH(a_large_message_arrives_whole),
		BOTH(an_oversized_message_closes_with_1009),
		BOTH(a_refused_upgrade_tells_its_status),
		BOTH(a_dropped_end_is_a_reset_for_the_other),
		BOTH(nobody_listening_is_told),
		BOTH(a_websocket_may_be_freed_in_its_handlers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
