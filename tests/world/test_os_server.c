/*
 * The real world's HTTP server against raw clients, which write what no library would, and against curl over HTTP/2.
 *
 *   raw client ── bytes ──▶ listener ──▶ route by path: /echo (body back) /hold (answered later) /gone (tells when the client left)
 */
#include "os_support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
	struct cw_server *listener;
	unsigned port, requests;
	struct cw_exchange *held;
	bool gone, free_listener;
	struct cw_timer later;
	unsigned pieces;
	char header[128];
};

static struct server server;

static void client_left(void *arg)
{
	(void)arg;
	server.gone = true;
	server.held = NULL;
}

/* An answer of four pieces, 10 ms apart; the path says whether it is torn off then. */
static void next_piece(void *arg)
{
	struct cw_exchange *x = server.held;

	(void)arg;
	assert_int_equal(cw_reply_more(x, "piece ", 6), 0);
	if (++server.pieces < 4) {
		cw_timer_start(&server.later, 10000, next_piece, NULL);
		return;
	}
	server.held = NULL;
	if (!strcmp(cw_exchange_path(x), "/torn"))
		cw_reply_break(x);
	else
		assert_int_equal(cw_reply_end(x), 0);
}

static void on_request(struct cw_exchange *x, void *arg)
{
	const char *path = cw_exchange_path(x), *given = cw_exchange_header(x, "X-Twilio-Signature");
	struct cw_str body = cw_exchange_body(x);

	(void)arg;
	server.requests++;
	snprintf(server.header, sizeof(server.header), "%s", given ? given : "none");
	if (server.free_listener) {
		talloc_free(server.listener);
		server.listener = NULL;
	} else if (!strcmp(path, "/echo")) {
		(void)cw_reply(x, 200, NULL, 0, body.p, body.len);
	} else if (!strcmp(path, "/hold")) {
		server.held = x;
	} else if (!strcmp(path, "/gone")) {
		server.held = x;
		cw_exchange_on_gone(x, client_left, NULL);
	} else if (!strcmp(path, "/inject")) {
		static const struct cw_header bad[] = {
			{"X-Bad", "a\r\nX-Evil: 1"}, {"X-Good", "fine"}, {"Content-Length", "999"}};

		(void)cw_reply(x, 200, bad, 3, "ok", 2);
	} else if (!strcmp(path, "/pieces") || !strcmp(path, "/torn")) {
		server.held = x;
		server.pieces = 0;
		cw_timer_init(&server.later, world);
		assert_int_equal(cw_reply_begin(x, 200, NULL, 0), 0);
		next_piece(NULL);
	} else if (!strcmp(path, "/large")) {
		CW_SCOPED char *large = talloc_array(NULL, char, 12000000);

		memset(large, 'L', 12000000);
		(void)cw_reply(x, 200, NULL, 0, large, 12000000);
	} else {
		(void)cw_reply(x, 404, NULL, 0, "no", 2);
	}
}

static const struct cw_routes routes = {.request = on_request, .max_body = 1000};

static void serve(struct cw_listen_conf conf)
{
	memset(&server, 0, sizeof(server));
	if (!conf.address)
		conf.address = "127.0.0.1:0";
	assert_int_equal(cw_listen(world, world, &conf, &routes, NULL, &server.listener, NULL), 0);
	server.port = cw_server_port(server.listener);
	assert_true(server.port > 0);
}

/* Send bytes, read to the end of the connection; what came is in the returned text. */
static const char *exchange(const char *request, size_t n)
{
	static char answer[8192];
	int fd = raw_connect(server.port);
	size_t len;

	raw_send(fd, request, n);
	assert_int_equal(raw_read_end(fd, answer, sizeof(answer) - 1, &len), 0);
	answer[len] = '\0';
	close(fd);
	return answer;
}

static void assert_starts(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)))
		fail_msg("expected '%s', got '%.60s'", start, text);
}

static void bad_requests_are_refused(void **state)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{"GARBAGE\r\n\r\n", "HTTP/1.1 400 "},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls to a plain port\r\n\r\n", "HTTP/1.1 400 "},
		{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "}, /* no Host */
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 "},
		{"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
		{"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400 "},
		{"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", "HTTP/1.1 400 "},
		{"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\nhello", "HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", "HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
			"HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
			"HTTP/1.1 400 "},
		{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 "},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		 "Sec-WebSocket-Key: short\r\n\r\n",
			"HTTP/1.1 400 "},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			"HTTP/1.1 426 "},
	};

	(void)state;
	serve((struct cw_listen_conf){0});
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		assert_starts(exchange(cases[i].request, strlen(cases[i].request)), cases[i].answer);
	assert_int_equal(server.requests, 0);
}

static void an_endless_head_is_refused(void **state)
{
	char line[1024], answer[512];
	size_t n;
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\n");
	snprintf(line, sizeof(line), "X-Long: %0900d\r\n", 7);
	for (int i = 0; i < 60; i++)
		raw_puts(fd, line);
	assert_int_equal(raw_read_end(fd, answer, sizeof(answer), &n), 0);
	assert_starts(answer, "HTTP/1.1 431 ");
	close(fd);
}

static void requests_arrive_byte_by_byte(void **state)
{
	static const char request[] =
		"\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
	char answer[512];
	size_t n;
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	for (size_t i = 0; i < sizeof(request) - 1; i++)
		raw_send(fd, request + i, 1);
	assert_int_equal(raw_read_end(fd, answer, sizeof(answer) - 1, &n), 0);
	answer[n] = '\0';
	assert_starts(answer, "HTTP/1.1 200 OK\r\n");
	assert_non_null(strstr(answer, "\r\nContent-Length: 5\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\nabcde"));
	close(fd);
}

static void requests_may_be_pipelined(void **state)
{
	char answer[4096];
	const char *at;
	size_t n;
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_puts(fd,
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nthreGET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	run_for(5000);
	assert_int_equal(server.requests, 2); /* one at a time: the second is not answered yet */
	assert_int_equal(cw_reply(server.held, 200, NULL, 0, "held", 4), 0);
	assert_int_equal(server.requests, 2); /* the third is served from the loop, not inside cw_reply() */
	assert_int_equal(raw_read_end(fd, answer, sizeof(answer) - 1, &n), 0);
	answer[n] = '\0';
	assert_int_equal(server.requests, 4);
	at = strstr(answer, "\r\n\r\nno");
	assert_non_null(at);
	at = strstr(at, "\r\n\r\nheld");
	assert_non_null(at);
	at = strstr(at, "\r\n\r\nthre");
	assert_non_null(at);
	assert_non_null(strstr(at, "\r\n\r\nno"));
	close(fd);
}

static void a_body_over_the_limit_is_refused_while_it_comes(void **state)
{
	char chunk[600], answer[512];
	size_t n;
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_puts(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	snprintf(chunk, sizeof(chunk), "1f4\r\n%0500d\r\n", 1);
	for (int i = 0; i < 20; i++)
		raw_puts(fd, chunk);
	assert_int_equal(raw_read_end(fd, answer, sizeof(answer), &n), 0); /* the answer, not a reset */
	assert_starts(answer, "HTTP/1.1 413 ");
	assert_int_equal(server.requests, 0);
	close(fd);
}

static void expect_continue_is_answered(void **state)
{
	char text[512];
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_puts(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	assert_true(raw_expect(fd, "HTTP/1.1 100 Continue\r\n\r\n", text, sizeof(text)));
	raw_puts(fd, "hi");
	assert_true(raw_expect(fd, "\r\n\r\nhi", text, sizeof(text)));
	close(fd);
}

static void head_has_no_body_and_headers_stay_ours(void **state)
{
	static const char head[] = "HEAD /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	static const char inject[] = "GET /inject HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	const char *answer;

	(void)state;
	serve((struct cw_listen_conf){0});
	answer = exchange(head, sizeof(head) - 1);
	assert_starts(answer, "HTTP/1.1 200 OK\r\n");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	answer = exchange(inject, sizeof(inject) - 1);
	assert_null(strstr(answer, "X-Evil"));
	assert_null(strstr(answer, "999"));
	assert_non_null(strstr(answer, "X-Good: fine\r\n"));
}

static void a_slow_reader_gets_all(void **state)
{
	static char answer[12100000];
	size_t n;
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_puts(
		fd, "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	run_for(30000);
	assert_int_equal(server.requests, 1); /* the next is not served before this answer is out */
	assert_int_equal(raw_read_end(fd, answer, sizeof(answer), &n), 0);
	assert_true(n > 12000000);
	assert_int_equal(server.requests, 2);
	close(fd);
}

static void a_client_that_leaves_is_told(void **state)
{
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_puts(fd, "GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
	run_for(5000);
	assert_non_null(server.held);
	close(fd);
	run_until(&server.gone);

	fd = raw_connect(server.port);
	raw_puts(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	run_for(5000);
	close(fd);
	run_for(10000);
	assert_int_equal(cw_reply(server.held, 200, NULL, 0, "x", 1), ECONNRESET);
}

static void a_listener_may_be_freed_in_its_handler(void **state)
{
	char text[64];
	size_t n;
	int fd, held;

	(void)state;
	serve((struct cw_listen_conf){0});
	held = raw_connect(server.port);
	raw_puts(held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	server.free_listener = true;
	fd = raw_connect(server.port);
	raw_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	(void)raw_read_end(fd, text, sizeof(text), &n);
	assert_int_equal(n, 0);
	assert_int_equal(server.requests, 2);
	close(fd);
	close(held);
}

static void a_used_port_is_named(void **state)
{
	struct cw_why why = {0};
	struct cw_server *l = NULL;
	char address[32];

	(void)state;
	serve((struct cw_listen_conf){0});
	snprintf(address, sizeof(address), "127.0.0.1:%u", server.port);
	assert_int_equal(cw_listen(world, world, &(struct cw_listen_conf){.address = address}, &routes, NULL, &l, &why),
		EADDRINUSE);
	assert_null(l);
	assert_non_null(strstr(why.text, address));
	assert_non_null(strstr(why.text, "in use"));

	memset(&why, 0, sizeof(why));
	assert_int_equal(
		cw_listen(world, world, &(struct cw_listen_conf){.address = "nonsense"}, &routes, NULL, &l, &why),
		EINVAL);
	assert_non_null(strstr(why.text, "HOST:PORT"));
	memset(&why, 0, sizeof(why));
	assert_int_equal(
		cw_listen(world, world,
			&(struct cw_listen_conf){
				.address = "127.0.0.1:0", .cert_file = "/does/not/exist.pem", .key_file = test_key()},
			&routes, NULL, &l, &why),
		EPROTO);
	assert_non_null(strstr(why.text, "/does/not/exist.pem"));
	assert_int_equal(
		cw_listen(world, world, &(struct cw_listen_conf){.address = "[::1]:0"}, &routes, NULL, &l, NULL), 0);
	assert_true(cw_server_port(l) > 0);
}

static void connections_are_limited(void **state)
{
	char text[256];
	size_t n;
	int fd[3];

	(void)state;
	serve((struct cw_listen_conf){.max_connections = 2});
	for (int i = 0; i < 3; i++) {
		fd[i] = raw_connect(server.port);
		run_for(2000);
	}
	(void)raw_read_end(fd[2], text, sizeof(text), &n);
	assert_int_equal(n, 0);
	close(fd[0]);
	run_for(5000);
	close(fd[2]);
	fd[2] = raw_connect(server.port);
	raw_puts(fd[2], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(raw_expect(fd[2], "404", text, sizeof(text)));
	close(fd[1]);
	close(fd[2]);
}

/* ---- HTTP/2, by curl ---- */

struct curl_run {
	bool closed;
	int status;
	char out[1 << 14];
	size_t n;
};

static void curl_data(const void *bytes, size_t n, void *arg)
{
	struct curl_run *r = arg;

	if (n > sizeof(r->out) - 1 - r->n)
		n = sizeof(r->out) - 1 - r->n;
	memcpy(r->out + r->n, bytes, n);
	r->n += n;
}

static void curl_closed(int err, int status, void *arg)
{
	struct curl_run *r = arg;

	assert_int_equal(err, 0);
	r->closed = true;
	r->status = status;
}

/* Run curl with these arguments behind the common ones; "%PORT" is not needed: @path follows https://127.0.0.1:PORT. */
static const char *run_curl(struct curl_run *r, const char *scheme, const char *path, const char *const *more)
{
	static const struct cw_proc_events proc_events = {curl_data, curl_closed};
	const char *argv[32] = {
		"curl", "-sS", "--noproxy", "*", "--cacert", test_cert(), "-w", " [%{http_version} %{http_code}]"};
	struct cw_proc *proc;
	char url[128];
	size_t n = 8;

	memset(r, 0, sizeof(*r));
	snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, server.port, path);
	while (*more)
		argv[n++] = *more++;
	argv[n++] = url;
	assert_int_equal(cw_proc_open(world, world, &(struct cw_proc_conf){.argv = argv}, &proc_events, r, &proc), 0);
	run_until(&r->closed);
	r->out[r->n] = '\0';
	return r->out;
}

static void http2_over_tls(void **state)
{
	static const char *const get[] = {"-H", "X-Twilio-Signature: abc=", NULL};
	static const char *const post[] = {"-d", "two words", NULL};
	static const char *const big[] = {"-d", "@/proc/self/status", "-d", "@/proc/self/status", NULL};
	static const char *const http1[] = {"--http1.1", NULL};
	static const char *const head[] = {"-I", NULL};
	static struct curl_run r;

	(void)state;
	serve((struct cw_listen_conf){.cert_file = test_cert(), .key_file = test_key()});
	assert_string_equal(run_curl(&r, "https", "/none", get), "no [2 404]");
	assert_string_equal(server.header, "abc=");
	assert_string_equal(run_curl(&r, "https", "/echo", post), "two words [2 200]");
	assert_non_null(strstr(run_curl(&r, "https", "/echo", big), "[2 413]"));
	assert_string_equal(run_curl(&r, "https", "/none", http1), "no [1.1 404]");
	assert_non_null(strstr(run_curl(&r, "https", "/none", head), "content-length: 2"));
	run_curl(&r, "https", "/large", (const char *const[]){"-o", "/dev/null", "-w", "%{size_download}", NULL});
	assert_non_null(strstr(r.out, "12000000"));
}

static void http2_without_tls(void **state)
{
	static const char *const prior[] = {"--http2-prior-knowledge", "-d", "x=1", NULL};
	static struct curl_run r;

	(void)state;
	serve((struct cw_listen_conf){0});
	assert_string_equal(run_curl(&r, "http", "/echo", prior), "x=1 [2 200]");
}

static void answers_in_pieces_go_out_over_every_http(void **state)
{
	static const char *const prior[] = {"--http2-prior-knowledge", NULL};
	static const char *const h1[] = {NULL}, *const h10[] = {"--http1.0", NULL};
	static struct curl_run r;

	(void)state;
	serve((struct cw_listen_conf){0});
	assert_string_equal(run_curl(&r, "http", "/pieces", h1), "piece piece piece piece  [1.1 200]");
	assert_string_equal(run_curl(&r, "http", "/pieces", h10), "piece piece piece piece  [1.1 200]");
	assert_string_equal(run_curl(&r, "http", "/pieces", prior), "piece piece piece piece  [2 200]");
	run_curl(&r, "http", "/torn", h1);
	assert_int_equal(r.status, 18); /* curl: partial file */
	run_curl(&r, "http", "/torn", prior);
	assert_int_equal(r.status, 92); /* curl: HTTP/2 stream error */
}

static void http2_streams_share_a_connection(void **state)
{
	static const struct cw_proc_events proc_events = {curl_data, curl_closed};
	static struct curl_run r;
	struct cw_proc *proc;
	char held[128], echo[128];

	(void)state;
	serve((struct cw_listen_conf){.cert_file = test_cert(), .key_file = test_key()});
	snprintf(held, sizeof(held), "https://127.0.0.1:%u/hold", server.port);
	snprintf(echo, sizeof(echo), "https://127.0.0.1:%u/none", server.port);
	memset(&r, 0, sizeof(r));
	const char *argv[] = {"curl", "-sS", "--noproxy", "*", "--cacert", test_cert(), "--parallel", "--parallel-max",
		"4", held, echo, echo, NULL};

	assert_int_equal(cw_proc_open(world, world, &(struct cw_proc_conf){.argv = argv}, &proc_events, &r, &proc), 0);
	for (int i = 0; i < 3000 && (server.requests < 3 || !server.held); i++)
		run_for(1000);
	assert_int_equal(server.requests, 3);
	run_for(20000);
	assert_int_equal(cw_reply(server.held, 200, NULL, 0, "late", 4), 0);
	run_until(&r.closed);
	r.out[r.n] = '\0';
	assert_non_null(strstr(r.out, "late"));
}

static void http2_clients_that_leave_are_told(void **state)
{
	static const char *const short_time[] = {"-m", "0.3", NULL};
	static struct curl_run r;

	(void)state;
	serve((struct cw_listen_conf){.cert_file = test_cert(), .key_file = test_key()});
	run_curl(&r, "https", "/gone", short_time);
	assert_int_equal(r.status, 28);
	run_until(&server.gone);
	run_curl(&r, "https", "/hold", short_time);
	run_for(20000);
	assert_int_equal(cw_reply(server.held, 200, NULL, 0, "x", 1), ECONNRESET);
	server.free_listener = true;
	run_curl(&r, "https", "/", short_time);
	assert_int_not_equal(r.status, 0);
}

/* Bytes after the preface that are no HTTP/2, and TLS that is none: the connection ends, nothing else. */
static void garbage_ends_only_its_connection(void **state)
{
	static const char preface[] =
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is not a frame, this is not a frame either, nor is this one";
	char text[512];
	size_t n;
	int fd;

	(void)state;
	serve((struct cw_listen_conf){0});
	fd = raw_connect(server.port);
	raw_send(fd, preface, sizeof(preface) - 1);
	assert_int_not_equal(raw_read_end(fd, text, sizeof(text), &n), ETIMEDOUT);
	close(fd);
	talloc_free(server.listener);
	serve((struct cw_listen_conf){.cert_file = test_cert(), .key_file = test_key()});
	fd = raw_connect(server.port);
	raw_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_not_equal(raw_read_end(fd, text, sizeof(text), &n), ETIMEDOUT);
	close(fd);
	assert_int_equal(server.requests, 0);
}

CW_TEST_MAIN(OS_TEST(bad_requests_are_refused), OS_TEST(an_endless_head_is_refused),
	OS_TEST(requests_arrive_byte_by_byte), OS_TEST(requests_may_be_pipelined),
	OS_TEST(a_body_over_the_limit_is_refused_while_it_comes), OS_TEST(expect_continue_is_answered),
	OS_TEST(head_has_no_body_and_headers_stay_ours), OS_TEST(a_slow_reader_gets_all),
	OS_TEST(a_client_that_leaves_is_told), OS_TEST(a_listener_may_be_freed_in_its_handler),
	OS_TEST(a_used_port_is_named), OS_TEST(connections_are_limited), OS_TEST(http2_over_tls),
	OS_TEST(http2_without_tls), OS_TEST(answers_in_pieces_go_out_over_every_http),
	OS_TEST(http2_streams_share_a_connection), OS_TEST(http2_clients_that_leave_are_told),
	OS_TEST(garbage_ends_only_its_connection))
