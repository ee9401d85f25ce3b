/* HTTP client of the real world against servers which misbehave, and against our own over TLS. */
#include "os_support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
	struct cw_http *http;
	bool closed, headers_seen;
	int err, status;
	char body[4096];
	size_t n;
};

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct client *c = arg;

	(void)headers;
	(void)n;
	c->headers_seen = true;
	c->status = status;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct client *c = arg;

	if (n > sizeof(c->body) - c->n)
		n = sizeof(c->body) - c->n;
	memcpy(c->body + c->n, bytes, n);
	c->n += n;
}

static void on_closed(int err, void *arg)
{
	struct client *c = arg;

	assert_false(c->closed);
	c->closed = true;
	c->err = err;
}

static const struct cw_http_events events = {on_headers, on_data, on_closed};

static void get(struct client *c, unsigned port, struct cw_deadlines deadlines)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	assert_int_equal(cw_http_request(world, world,
				 &(struct cw_http_req){.method = "GET", .url = url, .deadlines = deadlines}, &events, c,
				 &c->http),
		0);
	assert_false(c->closed);
}

/* ---- deadlines ---- */

static void assert_took(uint64_t begun_us, uint64_t at_least_us)
{
	uint64_t took = cw_now(world) - begun_us;

	assert_true(took >= at_least_us);
	assert_true(took < at_least_us + 2000000);
}

/* A full accept queue makes the kernel drop the SYN: the connection never stands. */
static void connecting_has_a_deadline(void **state)
{
	struct client c = {0};
	unsigned port;
	int listener = raw_listen(0, &port), fill[3];
	uint64_t begun;

	(void)state;
	for (int i = 0; i < 3; i++)
		fill[i] = raw_connect(port);
	begun = cw_now(world);
	get(&c, port, (struct cw_deadlines){.connect_us = 150000});
	run_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	assert_took(begun, 150000);
	for (int i = 0; i < 3; i++)
		close(fill[i]);
	close(listener);
}

static void the_first_byte_has_a_deadline(void **state)
{
	struct client c = {0};
	unsigned port;
	int listener = raw_listen(4, &port), peer;
	uint64_t begun = cw_now(world);

	(void)state;
	get(&c, port, (struct cw_deadlines){.first_byte_us = 150000});
	peer = raw_accept(listener);
	run_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	assert_false(c.headers_seen);
	assert_took(begun, 150000);
	close(peer);
	close(listener);
}

static void a_body_that_stalls_has_a_deadline(void **state)
{
	struct client c = {0};
	unsigned port;
	int listener = raw_listen(4, &port), peer;
	uint64_t begun;

	(void)state;
	get(&c, port, (struct cw_deadlines){.idle_us = 150000});
	peer = raw_accept(listener);
	raw_puts(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
	begun = cw_now(world);
	run_until(&c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	assert_int_equal(c.status, 200);
	assert_memory_equal(c.body, "abc", 3);
	assert_took(begun, 100000);
	close(peer);
	close(listener);
}

/* Never idle, never done: only the deadline for the whole ends it. */
static void a_trickling_body_has_a_deadline_for_the_whole(void **state)
{
	struct client c = {0};
	unsigned port;
	int listener = raw_listen(4, &port), peer;
	uint64_t begun = cw_now(world);

	(void)state;
	get(&c, port, (struct cw_deadlines){.idle_us = 5000000, .total_us = 200000});
	peer = raw_accept(listener);
	raw_puts(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	while (!c.closed && cw_now(world) - begun < 3000000) {
		raw_puts(peer, ".");
		run_for(10000);
	}
	assert_true(c.closed);
	assert_int_equal(c.err, ETIMEDOUT);
	assert_true(c.n > 2);
	assert_took(begun, 200000);
	close(peer);
	close(listener);
}

/* ---- servers which misbehave ---- */

static int answer_with(struct client *c, const char *text, size_t n, bool reset)
{
	const struct linger abort_it = {1, 0};
	char request[1024];
	unsigned port;
	int listener = raw_listen(4, &port), peer;

	get(c, port, (struct cw_deadlines){.total_us = 3000000});
	peer = raw_accept(listener);
	assert_true(raw_expect(peer, "\r\n\r\n", request, sizeof(request)));
	raw_send(peer, text, n);
	if (reset)
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	close(peer);
	run_until(&c->closed);
	close(listener);
	return c->err;
}

static void bad_answers_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool reset;
		int err;
	} cases[] = {
		{"", false, ECONNRESET},
		{"", true, ECONNRESET},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false, ECONNRESET},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, ECONNRESET},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", false,
			ECONNRESET}, /* libcurl's code is the same */
		{"SSH-2.0-OpenSSH_9.2\r\n", false, EPROTO},
		{"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", false, EPROTO},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, 0},
		{"HTTP/1.0 200 OK\r\n\r\nuntil the end", false, 0},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct client c = {0};
		int err = answer_with(&c, cases[i].text, strlen(cases[i].text), cases[i].reset);

		if (err != cases[i].err)
			fail_msg("case %zu: %s, expected %s", i, strerror(err), strerror(cases[i].err));
		if (!err)
			assert_int_equal(c.status, 200);
	}
}

static void an_answer_over_the_limit_is_cut(void **state)
{
	struct client c = {0};
	unsigned port;
	int listener = raw_listen(4, &port), peer;
	char url[64];

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
	assert_int_equal(
		cw_http_request(world, world, &(struct cw_http_req){.method = "GET", .url = url, .max_body = 5},
			&events, &c, &c.http),
		0);
	peer = raw_accept(listener);
	raw_puts(peer, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
	run_until(&c.closed);
	assert_int_equal(c.err, EMSGSIZE);
	close(peer);
	close(listener);
}

static void what_is_sent_is_what_was_asked(void **state)
{
	static const struct cw_header headers[] = {{"X-One", "1"}, {"X-Empty", ""}};
	static const struct cw_header injected = {"X-One", "1\r\nX-Two: 2"};
	struct client c = {0};
	char text[2048], url[64];
	unsigned port;
	int listener = raw_listen(4, &port), peer;

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/a?b=c", port);
	assert_int_equal(
		cw_http_request(world, world,
			&(struct cw_http_req){.method = "DELETE", .url = url, .headers = &injected, .n_headers = 1},
			&events, &c, &c.http),
		EINVAL);
	assert_int_equal(cw_http_request(world, world, &(struct cw_http_req){.method = "GE T", .url = url}, &events, &c,
				 &c.http),
		EINVAL);
	assert_int_equal(cw_http_request(world, world,
				 &(struct cw_http_req){.method = "POST",
					 .url = url,
					 .headers = headers,
					 .n_headers = 2,
					 .body = "{}",
					 .body_len = 2},
				 &events, &c, &c.http),
		0);
	peer = raw_accept(listener);
	assert_true(raw_expect(peer, "\r\n\r\n{}", text, sizeof(text)));
	assert_ptr_equal(strstr(text, "POST /a?b=c HTTP/1.1\r\n"), text);
	assert_non_null(strstr(text, "\r\nX-One: 1\r\n"));
	assert_non_null(strstr(text, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Length: 2\r\n"));
	assert_null(strcasestr(text, "content-type"));
	assert_null(strcasestr(text, "expect"));
	raw_puts(peer, "HTTP/1.1 204 No Content\r\n\r\n");
	run_until(&c.closed);
	assert_int_equal(c.err, 0);
	assert_int_equal(c.status, 204);
	close(peer);
	close(listener);
}

/* ---- cancelling at every stage ---- */

static void a_request_may_be_cancelled_at_any_moment(void **state)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcd";
	unsigned port;
	int listener = raw_listen(64, &port);

	(void)state;
	for (uint64_t us = 0; us < 12000; us += 700) {
		struct client c = {0};
		int peer;

		get(&c, port, (struct cw_deadlines){0});
		run_for(us / 2);
		peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (peer >= 0)
			(void)!send(peer, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
		run_for(us / 2);
		if (!c.closed)
			talloc_free(c.http);
		c.n = 0;
		run_for(1000);
		assert_int_equal(c.n, 0);
		assert_false(c.closed);
		if (peer >= 0)
			close(peer);
	}
	close(listener);
}

static void cancelling_does_not_wait_for_the_resolver(void **state)
{
	struct client c = {0};
	uint64_t begun;

	(void)state;
	assert_int_equal(
		cw_http_request(world, world, &(struct cw_http_req){.method = "GET", .url = "http://name.invalid/"},
			&events, &c, &c.http),
		0);
	run_for(500);
	begun = cw_now(world);
	if (!c.closed)
		talloc_free(c.http);
	assert_true(cw_now(world) - begun < 500000);
	run_for(1000);
}

struct chain {
	struct cw_http *http;
	char url[64];
	unsigned left;
	bool done;
};

static void chain_closed(int err, void *arg);
static void chain_data(const void *bytes, size_t n, void *arg);
static const struct cw_http_events chain_events = {NULL, chain_data, chain_closed};

static void next_in_chain(struct chain *c)
{
	assert_int_equal(cw_http_request(world, world, &(struct cw_http_req){.method = "GET", .url = c->url},
				 &chain_events, c, &c->http),
		0);
}

/* A request started and its predecessor freed inside libcurl's own callback. */
static void chain_data(const void *bytes, size_t n, void *arg)
{
	struct chain *c = arg;
	struct cw_http *old = c->http;

	(void)bytes;
	(void)n;
	if (--c->left)
		next_in_chain(c);
	else
		c->done = true;
	talloc_free(old);
}

static void chain_closed(int err, void *arg)
{
	(void)err;
	(void)arg;
	fail_msg("freed in its own handler, but heard of");
}

static void say_ok(struct cw_exchange *x, void *arg)
{
	(void)arg;
	(void)cw_reply(x, 200, NULL, 0, "ok", 2);
}

static const struct cw_routes ok_routes = {.request = say_ok};

static void requests_start_and_end_inside_handlers(void **state)
{
	struct cw_server *l;
	struct chain c = {.left = 10};

	(void)state;
	assert_int_equal(
		cw_listen(world, world, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &ok_routes, NULL, &l, NULL),
		0);
	snprintf(c.url, sizeof(c.url), "http://127.0.0.1:%u/", cw_server_port(l));
	next_in_chain(&c);
	run_until(&c.done);
}

/* ---- TLS ---- */

static int request_tls(const char *host, const char *ca_file, unsigned port, struct client *c)
{
	char url[64];

	memset(c, 0, sizeof(*c));
	snprintf(url, sizeof(url), "https://%s:%u/", host, port);
	assert_int_equal(
		cw_http_request(world, world, &(struct cw_http_req){.method = "GET", .url = url, .ca_file = ca_file},
			&events, c, &c->http),
		0);
	run_until(&c->closed);
	return c->err;
}

static void tls_is_checked(void **state)
{
	struct cw_server *l;
	struct client c;
	unsigned port, plain_port;
	struct cw_listen_conf conf = {.address = "127.0.0.1:0", .cert_file = test_cert(), .key_file = test_key()};

	(void)state;
	assert_int_equal(cw_listen(world, world, &conf, &ok_routes, NULL, &l, NULL), 0);
	port = cw_server_port(l);
	assert_int_equal(request_tls("127.0.0.1", test_cert(), port, &c), 0);
	assert_int_equal(c.status, 200);
	assert_memory_equal(c.body, "ok", 2);
	assert_int_equal(request_tls("localhost", test_cert(), port, &c), 0);
	assert_int_equal(request_tls("127.0.0.1", NULL, port, &c), EPROTO); /* nobody vouches for it */
	assert_int_equal(request_tls("127.0.0.2", test_cert(), port, &c) == 0,
		0); /* another name (nobody listens there, or EPROTO) */

	assert_int_equal(
		cw_listen(world, world, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &ok_routes, NULL, &l, NULL),
		0);
	plain_port = cw_server_port(l);
	assert_int_equal(request_tls("127.0.0.1", test_cert(), plain_port, &c), EPROTO); /* no TLS there */
}

CW_TEST_MAIN(OS_TEST(connecting_has_a_deadline), OS_TEST(the_first_byte_has_a_deadline),
	OS_TEST(a_body_that_stalls_has_a_deadline), OS_TEST(a_trickling_body_has_a_deadline_for_the_whole),
	OS_TEST(bad_answers_are_told_apart), OS_TEST(an_answer_over_the_limit_is_cut),
	OS_TEST(what_is_sent_is_what_was_asked), OS_TEST(a_request_may_be_cancelled_at_any_moment),
	OS_TEST(cancelling_does_not_wait_for_the_resolver), OS_TEST(requests_start_and_end_inside_handlers),
	OS_TEST(tls_is_checked))
