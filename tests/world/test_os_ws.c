/*
 * WebSockets of the real world: our server against raw clients, our client against raw servers, both over TLS, and many at once
 *
 *   raw client ──▶ /echo (messages back)  /quit (closed with 4001 on the first message)  else refused with 403
 */
#include "os_support.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world/ws_frame.h"

#define KEY    "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 section 1.3 */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define REQUEST                                                                                                 \
	"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " KEY \
	"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n"

static const uint8_t mask[4] = {1, 2, 3, 4};

struct end {
	struct cw_ws *ws;
	struct cw_server *listener;
	unsigned messages, opened, drained;
	size_t last_n;
	char last[256];
	bool closed, quit, free_in_message, free_after_echo, free_in_closed;
	int err;
	unsigned code;
};

static struct end server;

static void note(struct end *e, const void *bytes, size_t n)
{
	e->messages++;
	e->last_n = n;
	memcpy(e->last, bytes, n < sizeof(e->last) ? n : sizeof(e->last));
}

static void server_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct end *e = arg;

	assert_false(e->closed);
	note(e, bytes, n);
	if (e->free_in_message)
		TALLOC_FREE(e->ws);
	else if (e->quit)
		cw_ws_close(e->ws, 4001, "quit");
	else
		(void)cw_ws_send(e->ws, kind, bytes, n);
	if (e->free_after_echo)
		TALLOC_FREE(e->ws);
}

static void end_closed(int err, unsigned code, void *arg)
{
	struct end *e = arg;

	assert_false(e->closed);
	e->closed = true;
	e->err = err;
	e->code = code;
	if (e->free_in_closed)
		TALLOC_FREE(e->ws);
}

static void end_drained(void *arg)
{
	((struct end *)arg)->drained++;
}

static const struct cw_ws_events server_events = {
	.message = server_message, .closed = end_closed, .drained = end_drained};

/* A server end of its own for each connection. */
struct echo {
	struct cw_ws *ws;
};

static void echo_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	assert_int_equal(cw_ws_send(((struct echo *)arg)->ws, kind, bytes, n), 0);
}

static void echo_closed(int err, unsigned code, void *arg)
{
	(void)err;
	(void)code;
	talloc_free(arg);
}

static void upgrade_each(struct cw_exchange *x, void *arg)
{
	static const struct cw_ws_events each_events = {.message = echo_message, .closed = echo_closed};
	struct echo *e = talloc_zero(world, struct echo);

	(void)arg;
	if (cw_ws_accept(e, x, NULL, &each_events, e, &e->ws))
		talloc_free(e); /* the client is gone already */
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	const struct cw_ws_limits limits = {.max_message = 2000, .max_queue = 100000};
	int err;

	if (!strcmp(cw_exchange_path(x), "/each")) {
		upgrade_each(x, arg);
		return;
	}
	if (strcmp(cw_exchange_path(x), "/silent") == 0)
		return; /* against the rules: the server answers for us */
	if (strcmp(cw_exchange_path(x), "/echo") && strcmp(cw_exchange_path(x), "/quit")) {
		(void)cw_reply(x, 403, NULL, 0, "no", 2);
		return;
	}
	server.quit = !strcmp(cw_exchange_path(x), "/quit");
	err = cw_ws_accept(world, x, &limits, &server_events, &server, &server.ws);
	assert_true(err == 0 || cw_test_oom(err));
}

static void on_request(struct cw_exchange *x, void *arg)
{
	(void)arg;
	(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static const struct cw_routes routes = {.request = on_request, .upgrade = on_upgrade};

static unsigned serve(const char *cert, const char *key)
{
	memset(&server, 0, sizeof(server));
	assert_int_equal(cw_listen(world, world,
				 &(struct cw_listen_conf){.address = "127.0.0.1:0", .cert_file = cert, .key_file = key},
				 &routes, NULL, &server.listener, NULL),
		0);
	return cw_server_port(server.listener);
}

/* ---- our server, raw clients ---- */

static int raw_open(unsigned port)
{
	char text[1024];
	int fd = raw_connect(port);

	raw_puts(fd, REQUEST);
	assert_true(raw_expect(fd, "\r\n\r\n", text, sizeof(text)));
	assert_non_null(strstr(text, "HTTP/1.1 101 "));
	assert_non_null(strstr(text, "Sec-WebSocket-Accept: " ACCEPT "\r\n"));
	assert_null(strcasestr(text, "Sec-WebSocket-Protocol")); /* offered, but nobody asked for it */
	return fd;
}

static void raw_frame(int fd, uint8_t first, const void *payload, size_t n, const uint8_t *key)
{
	uint8_t frame[4096 + CW_WS_HEAD_MAX];
	size_t head = cw_ws_encode_head(frame, CW_WS_OP_TEXT, n, key);

	frame[0] = first;
	if (key)
		cw_ws_mask(frame + head, payload, n, key);
	else
		memcpy(frame + head, payload, n);
	raw_send(fd, frame, head + n);
}

/* The code of the close frame at the end of what the server sends; 0 when there is none. */
static unsigned close_code(int fd)
{
	uint8_t bytes[8192];
	size_t n;

	assert_int_equal(raw_read_end(fd, (char *)bytes, sizeof(bytes), &n), 0);
	for (size_t at = 0; at + 2 <= n; at += 2 + (bytes[at + 1] & 0x7F))
		if (bytes[at] == 0x88)
			return bytes[at + 1] >= 2 ? (unsigned)bytes[at + 2] << 8 | bytes[at + 3] : 1005;
	return 0;
}

static void messages_and_pings_come_back(void **state)
{
	char text[256];
	int fd;

	(void)state;
	fd = raw_open(serve(NULL, NULL));
	raw_frame(fd, 0x81, "hello", 5, mask);
	assert_true(raw_expect(fd, "\x81\x05hello", text, sizeof(text)));
	raw_frame(fd, 0x89, "are you there", 13, mask);
	assert_true(raw_expect(fd,
		"\x8A\x0D"
		"are you there",
		text, sizeof(text)));
	raw_frame(fd, 0x01, "in ", 3, mask);
	raw_frame(fd, 0x89, "p", 1, mask);
	raw_frame(fd, 0x80, "pieces", 6, mask);
	assert_true(raw_expect(fd, "\x81\x09in pieces", text, sizeof(text)));
	assert_int_equal(server.messages, 2);
	raw_frame(fd, 0x88,
		"\x0F\xA2"
		"done",
		6, mask);
	assert_int_equal(close_code(fd), 4002);
	run_until(&server.closed);
	assert_int_equal(server.err, 0);
	assert_int_equal(server.code, 4002);
	assert_int_equal(cw_ws_send(server.ws, CW_WS_TEXT, "x", 1), ENOTCONN);
	close(fd);
}

static void frames_cut_anywhere_are_put_together(void **state)
{
	uint8_t frames[600];
	char payload[200], text[1024];
	size_t n = 0;
	int fd;

	(void)state;
	memset(payload, 'p', sizeof(payload));
	fd = raw_open(serve(NULL, NULL));
	for (int i = 0; i < 2; i++) {
		n += cw_ws_encode_head(frames + n, CW_WS_OP_TEXT, sizeof(payload), mask);
		cw_ws_mask(frames + n, (uint8_t *)payload, sizeof(payload), mask);
		n += sizeof(payload);
	}
	for (size_t at = 0; at < n; at += 7) {
		raw_send(fd, frames + at, n - at < 7 ? n - at : 7);
		run_for(500);
	}
	assert_int_equal(server.messages, 2);
	assert_int_equal(server.last_n, sizeof(payload));
	assert_true(raw_expect(fd, "pppp", text, sizeof(text)));
	close(fd);
	run_until(&server.closed);
	assert_int_equal(server.err, ECONNRESET);
	assert_int_equal(server.code, 1006);
}

static void faults_close_with_their_code(void **state)
{
	static const char big[2001] = "";
	static const struct {
		uint8_t first;
		const char *payload;
		size_t n;
		bool masked;
		unsigned code;
	} cases[] = {
		{0x81, "unmasked", 8, false, 1002},
		{0xC1, "rsv", 3, true, 1002},
		{0x83, "op", 2, true, 1002},
		{0x09, "ping", 4, true, 1002},
		{0x80, "rest", 4, true, 1002},
		{0x81, "\xC3\x28", 2, true, 1007},
		{0x82, big, sizeof(big), true, 1009},
		{0x88, "\x03", 1, true, 1002},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		int fd = raw_open(serve(NULL, NULL));

		raw_frame(fd, cases[i].first, cases[i].payload, cases[i].n, cases[i].masked ? mask : NULL);
		raw_frame(fd, 0x81, "behind the fault", 16, mask);
		assert_int_equal(close_code(fd), cases[i].code);
		assert_int_equal(server.messages, 0);
		assert_true(server.closed);
		assert_int_equal(server.err, EPROTO);
		assert_int_equal(server.code, cases[i].code);
		close(fd);
	}
}

static void garbage_is_told_as_such(void **state)
{
	char text[512];
	size_t n;
	int fd;

	(void)state;
	fd = raw_open(serve(NULL, NULL));
	raw_puts(fd, "GET / HTTP/1.1\r\nHost: this is not a frame\r\n\r\n");
	assert_int_equal(raw_read_end(fd, text, sizeof(text), &n), 0);
	run_until(&server.closed);
	assert_int_equal(server.err, EPROTO);
	close(fd);
}

static void bytes_behind_the_request_are_served(void **state)
{
	uint8_t early[sizeof(REQUEST) + 64];
	char text[512];
	size_t n = sizeof(REQUEST) - 1;
	int fd;

	(void)state;
	memcpy(early, REQUEST, n);
	n += cw_ws_encode_head(early + n, CW_WS_OP_TEXT, 5, mask);
	cw_ws_mask(early + n, (const uint8_t *)"early", 5, mask);
	fd = raw_connect(serve(NULL, NULL));
	raw_send(fd, early, n + 5);
	assert_true(raw_expect(fd,
		"\x81\x05"
		"early",
		text, sizeof(text)));
	close(fd);
	run_until(&server.closed);
}

static void a_server_may_close_and_waits_two_seconds(void **state)
{
	char text[512];
	unsigned port = serve(NULL, NULL);
	uint64_t begun;
	int fd = raw_connect(port);

	(void)state;
	raw_puts(fd,
		"GET /quit HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " KEY
		"\r\nSec-WebSocket-Version: 13\r\n\r\n");
	assert_true(raw_expect(fd, "\r\n\r\n", text, sizeof(text)));
	raw_frame(fd, 0x81, "go", 2, mask);
	assert_true(raw_expect(fd, "\x88\x06\x0F\xA1quit", text, sizeof(text)));
	assert_false(server.closed);
	raw_frame(fd, 0x81, "too late", 8, mask);
	assert_int_equal(server.messages, 1);
	begun = cw_now(world);
	run_until(&server.closed); /* we never answer its close frame */
	assert_int_equal(server.err, ETIMEDOUT);
	assert_int_equal(server.code, 1006);
	assert_in_range(cw_now(world) - begun, 1000000, 3000000);
	close(fd);
}

static void who_does_not_read_fills_only_its_own_queue(void **state)
{
	CW_SCOPED char *message = talloc_zero_array(NULL, char, 50000);
	static char bytes[1 << 16];
	int fd, err = 0;
	size_t most = 0;

	(void)state;
	fd = raw_open(serve(NULL, NULL));
	run_for(2000);
	for (int i = 0; i < 2000 && !err; i++) {
		err = cw_ws_send(server.ws, CW_WS_BINARY, message, 50000);
		most = cw_ws_queued(server.ws) > most ? cw_ws_queued(server.ws) : most;
	}
	assert_int_equal(err, ENOBUFS);
	assert_in_range(most, 1, 100000);
	assert_int_equal(server.drained, 0);
	for (int i = 0; i < 100000 && !server.drained; i++) {
		if (recv(fd, bytes, sizeof(bytes), 0) < 0)
			run_for(200);
	}
	assert_int_equal(server.drained, 1);
	assert_int_equal(cw_ws_queued(server.ws), 0);
	assert_int_equal(cw_ws_send(server.ws, CW_WS_TEXT, "again", 5), 0);
	close(fd);
	run_until(&server.closed);
}

static void a_reset_connection_is_told_once(void **state)
{
	const struct linger abort_it = {1, 0};
	int fd;

	(void)state;
	fd = raw_open(serve(NULL, NULL));
	run_for(2000);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	close(fd);
	for (int i = 0; i < 10; i++)
		(void)cw_ws_send(server.ws, CW_WS_TEXT, "into the void", 13); /* whichever notices first */
	assert_false(server.closed);                                          /* told from the loop only */
	run_until(&server.closed);
	assert_int_equal(server.err, ECONNRESET);
	run_for(5000);
}

/* Answers to messages which came together go out together, but not later than the end. */
static void what_was_sent_before_the_end_arrives(void **state)
{
	static const uint8_t frames[] = {
		0x82, 0x81, 0, 0, 0, 0, 'A', 0x82, 0x81, 0, 0, 0, 0, 'B', 0x82, 0x81, 0, 0, 0, 0, 'C'};
	char bytes[64];
	size_t n;
	int fd;

	(void)state;
	fd = raw_open(serve(NULL, NULL));
	raw_send(fd, frames, sizeof(frames));
	assert_true(raw_expect(fd,
		"\x82\x01"
		"A\x82\x01"
		"B\x82\x01"
		"C",
		bytes, sizeof(bytes)));
	server.free_after_echo = true;
	raw_send(fd, frames, sizeof(frames));
	assert_int_equal(raw_read_end(fd, bytes, sizeof(bytes), &n), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(bytes,
		"\x82\x01"
		"A",
		3);
	close(fd);
}

static void it_may_be_freed_in_its_handlers(void **state)
{
	int fd;

	(void)state;
	fd = raw_open(serve(NULL, NULL));
	server.free_in_message = true;
	raw_send(fd, "\x82\x80\x00\x00\x00\x00\x82\x80\x00\x00\x00\x00\x82\x80\x00\x00\x00\x00", 18);
	assert_int_equal(server.messages, 1);
	assert_false(server.closed);
	close(fd);
	talloc_free(server.listener);

	fd = raw_open(serve(NULL, NULL));
	server.free_in_closed = true;
	raw_frame(fd, 0x81, "bad", 3, NULL);
	run_until(&server.closed);
	assert_null(server.ws);
	close(fd);
}

/* ---- our client ---- */

static void client_open(void *arg)
{
	((struct end *)arg)->opened++;
}
static void client_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	(void)kind;
	note(arg, bytes, n);
}

static const struct cw_ws_events client_events = {client_open, client_message, end_drained, end_closed};

static void connect_to(struct end *c, const char *scheme, unsigned port, const char *path, struct cw_ws_req req)
{
	char url[128];

	memset(c, 0, sizeof(*c));
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, port, path);
	req.url = url;
	assert_int_equal(cw_ws_connect(world, world, &req, &client_events, c, &c->ws), 0);
	assert_false(c->closed);
	assert_int_equal(cw_ws_send(c->ws, CW_WS_TEXT, "x", 1), ENOTCONN);
}

static void failures_to_connect_are_told_apart(void **state)
{
	unsigned port, silent_port, ours = serve(NULL, NULL);
	int gone = raw_listen(1, &port), silent = raw_listen(4, &silent_port);
	struct end c;

	(void)state;
	close(gone);
	connect_to(&c, "ws", port, "/", (struct cw_ws_req){0});
	run_until(&c.closed);
	assert_int_equal(c.err, ECONNREFUSED);
	connect_to(&c, "ws", silent_port, "/", (struct cw_ws_req){.connect_us = 100000});
	run_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	connect_to(&c, "wss", silent_port, "/", (struct cw_ws_req){.connect_us = 100000});
	run_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	connect_to(&c, "ws", ours, "/elsewhere", (struct cw_ws_req){0});
	run_until(&c.closed);
	assert_int_equal(c.err, EACCES);
	assert_int_equal(c.code, 403);
	connect_to(&c, "ws", ours, "/silent", (struct cw_ws_req){0});
	run_until(&c.closed);
	assert_int_equal(c.err, EACCES);
	assert_int_equal(c.code, 500);
	connect_to(&c, "wss", ours, "/echo", (struct cw_ws_req){0});
	run_until(&c.closed);
	assert_int_equal(c.err, EPROTO);
	assert_int_equal(c.opened, 0);
	assert_int_equal(
		cw_ws_connect(world, world, &(struct cw_ws_req){.url = "http://a/"}, &client_events, &c, &c.ws),
		EINVAL);
	memset(&c, 0, sizeof(c));
	assert_int_equal(cw_ws_connect(world, world, &(struct cw_ws_req){.url = "ws://name.invalid/"}, &client_events,
				 &c, &c.ws),
		0);
	run_until(&c.closed);
	assert_int_equal(c.err, EHOSTUNREACH);
	close(silent);
}

/* Answers a client must not take for an open WebSocket. */
static void bad_answers_are_refused(void **state)
{
	static const struct {
		const char *answer;
		int err;
		unsigned code;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", EACCES, 200},
		{"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", EACCES, 302},
		{"HTTP/1.1 101 Switching Protocols\r\n\r\n", EPROTO, 0},
		{"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT
		 "\r\n\r\n",
			EPROTO, 0},
		{"220 mail.example.test ESMTP\r\n\r\n", EPROTO, 0},
	};
	unsigned port;
	int listener = raw_listen(8, &port);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		char text[1024];
		struct end c;
		int fd;

		connect_to(&c, "ws", port, "/", (struct cw_ws_req){.subprotocol = "chat"});
		fd = raw_accept(listener);
		assert_true(raw_expect(fd, "\r\n\r\n", text, sizeof(text)));
		assert_non_null(strstr(text, "\r\nSec-WebSocket-Protocol: chat\r\n"));
		raw_puts(fd, cases[i].answer);
		run_until(&c.closed);
		assert_int_equal(c.err, cases[i].err);
		assert_int_equal(c.code, cases[i].code);
		close(fd);
	}
	close(listener);
}

static void our_ends_talk_over_tls_too(void **state)
{
	static const char *const schemes[] = {"ws", "wss"};
	CW_SCOPED char *large = talloc_array(NULL, char, 1 << 20);

	(void)state;
	memset(large, 'x', 1 << 20);
	for (size_t i = 0; i < CW_COUNT(schemes); i++) {
		bool tls = i == 1;
		struct end c;

		connect_to(&c, schemes[i], serve(tls ? test_cert() : NULL, tls ? test_key() : NULL), "/echo",
			(struct cw_ws_req){.ca_file = tls ? test_cert() : NULL, .limits = {.max_queue = 1 << 22}});
		for (int turn = 0; turn < 4000 && !c.opened; turn++)
			run_for(1000);
		assert_int_equal(c.opened, 1);
		for (int n = 0; n < 50; n++)
			assert_int_equal(cw_ws_send(c.ws, CW_WS_TEXT, "abc", 3), 0);
		for (int turn = 0; turn < 2000 && c.messages < 50; turn++)
			run_for(1000);
		assert_int_equal(c.messages, 50);
		assert_int_equal(server.messages, 50);
		assert_int_equal(cw_ws_send(c.ws, CW_WS_BINARY, large, 1 << 20), 0); /* over the server's limit */
		run_until(&c.closed);
		assert_int_equal(c.err, 0);
		assert_int_equal(c.code, 1009);
		assert_int_equal(server.code, 1009);
		talloc_free(c.ws);
		talloc_free(server.ws);
		talloc_free(server.listener);
	}
}

static void strangers_are_not_trusted(void **state)
{
	struct end c;
	unsigned port = serve(test_cert(), test_key());

	(void)state;
	connect_to(&c, "wss", port, "/echo", (struct cw_ws_req){0});
	run_until(&c.closed);
	assert_int_equal(c.err, EPROTO);
	connect_to(&c, "ws", port, "/echo", (struct cw_ws_req){.connect_us = 500000});
	run_until(&c.closed);
	assert_int_not_equal(c.err, 0);
	connect_to(&c, "wss", port, "/echo", (struct cw_ws_req){.ca_file = test_cert()});
	for (int turn = 0; turn < 4000 && !c.opened; turn++)
		run_for(1000);
	cw_ws_close(c.ws, 1000, NULL);
	run_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.code, 1000);
	assert_int_equal(server.code, 1000);
}

static void connecting_may_be_given_up_at_any_moment(void **state)
{
	static const char *const schemes[] = {"ws", "wss"};

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		unsigned port = serve(tls ? test_cert() : NULL, tls ? test_key() : NULL);

		for (uint64_t us = 0; us < 6000; us += 300) {
			struct end c;

			connect_to(&c, schemes[tls], port, "/each", (struct cw_ws_req){.ca_file = test_cert()});
			run_for(us);
			talloc_free(c.ws);
			assert_false(c.closed);
			run_for(500);
		}
		talloc_free(server.listener);
	}
}

/* ---- memory ---- */

static void a_message_costs_no_allocation(void **state)
{
	struct end c;
	char frame[300];
	uint64_t spent;

	(void)state;
	memset(frame, '/', sizeof(frame));
	connect_to(&c, "ws", serve(NULL, NULL), "/echo", (struct cw_ws_req){0});
	for (int turn = 0; turn < 2000 && !c.opened; turn++)
		run_for(1000);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(cw_ws_send(c.ws, CW_WS_TEXT, frame, sizeof(frame)), 0);
		run_for(1000);
	}
	(void)cw_test_allocations();
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(cw_ws_send(c.ws, CW_WS_TEXT, frame, sizeof(frame)), 0);
		run_for(300);
	}
	spent = cw_test_allocations();
	for (int turn = 0; turn < 2000 && c.messages < 220; turn++)
		run_for(1000);
	assert_int_equal(c.messages, 220);
	assert_int_equal(spent, 0);
}

static void a_call_survives_any_failed_allocation(void **state)
{
	struct end c = {0};
	char url[64];
	struct cw_world *keep = world;
	int err;

	(void)state;

	memset(&server, 0, sizeof(server));
	err = cw_os_new(NULL, &(struct cw_os_conf){.seed = 1, .workers = 1}, &world);
	if (err) {
		world = keep;
		assert_true(cw_test_oom(err));
		return;
	}
	err = cw_listen(world, world, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, NULL,
		&server.listener, NULL);
	if (!err) {
		snprintf(url, sizeof(url), "ws://127.0.0.1:%u/echo?oom", cw_server_port(server.listener));
		err = cw_ws_connect(
			world, world, &(struct cw_ws_req){.url = url, .connect_us = 200000}, &client_events, &c, &c.ws);
	}
	for (int turn = 0; !err && turn < 300 && !c.closed && !c.messages; turn++) {
		if (c.opened)
			(void)cw_ws_send(c.ws, CW_WS_TEXT, "hello", 5);
		run_for(1000);
	}
	if (!err && !c.messages)
		assert_true(c.closed && cw_test_oom(ENOMEM)); /* a failed end, not a silent one */
	else if (err)
		assert_true(cw_test_oom(err));
	talloc_free(world);
	world = keep;
}

CW_OOM_BODY(a_call_survives_any_failed_allocation)

/* ---- many ---- */

#define MANY 1000

static struct end many[MANY];
static unsigned many_open, many_echoed;

static void many_opened(void *arg)
{
	struct end *e = arg;

	many_open++;
	assert_int_equal(
		cw_ws_send(e->ws, CW_WS_TEXT, e->last, (size_t)snprintf(e->last, sizeof(e->last), "%td", e - many)), 0);
}

static void many_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct end *e = arg;

	(void)kind;
	assert_int_equal(n, strlen(e->last));
	assert_memory_equal(bytes, e->last, n);
	many_echoed++;
	cw_ws_close(e->ws, 1000, NULL);
}

static void a_thousand_at_once(void **state)
{
	static const struct cw_routes many_routes = {.request = on_request, .upgrade = upgrade_each};
	static const struct cw_ws_events events = {.open = many_opened, .message = many_message, .closed = end_closed};
	struct rlimit limit;
	unsigned closed = 0;
	char url[64];

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 2 * MANY + 100) {
		print_message("# skipped: %llu descriptors are too few\n", (unsigned long long)limit.rlim_max);
		skip();
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(cw_listen(world, world, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &many_routes, NULL,
				 &server.listener, NULL),
		0);
	snprintf(url, sizeof(url), "ws://127.0.0.1:%u/", cw_server_port(server.listener));
	memset(many, 0, sizeof(many));
	for (int i = 0; i < MANY; i++)
		assert_int_equal(
			cw_ws_connect(world, world, &(struct cw_ws_req){.url = url}, &events, &many[i], &many[i].ws),
			0);
	for (int turn = 0; turn < 5000 && closed < MANY; turn++) {
		run_for(2000);
		closed = 0;
		for (int i = 0; i < MANY; i++)
			closed += many[i].closed;
	}
	assert_int_equal(many_open, MANY);
	assert_int_equal(many_echoed, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(many[i].err, 0);
}

CW_TEST_MAIN(OS_TEST(messages_and_pings_come_back), OS_TEST(frames_cut_anywhere_are_put_together),
	OS_TEST(faults_close_with_their_code), OS_TEST(garbage_is_told_as_such),
	OS_TEST(bytes_behind_the_request_are_served), OS_TEST(a_server_may_close_and_waits_two_seconds),
	OS_TEST(who_does_not_read_fills_only_its_own_queue), OS_TEST(a_reset_connection_is_told_once),
	OS_TEST(what_was_sent_before_the_end_arrives), OS_TEST(it_may_be_freed_in_its_handlers),
	OS_TEST(failures_to_connect_are_told_apart), OS_TEST(bad_answers_are_refused),
	OS_TEST(our_ends_talk_over_tls_too), OS_TEST(strangers_are_not_trusted),
	OS_TEST(connecting_may_be_given_up_at_any_moment), OS_TEST(a_message_costs_no_allocation),
	CW_TEST_OOM(a_call_survives_any_failed_allocation), OS_TEST(a_thousand_at_once))
