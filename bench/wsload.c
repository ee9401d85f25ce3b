/*
 * wsload: media-like WebSocket load on echo servers, and what it costs them
 *
 *     wsload [-c CONNECTIONS] [-s SECONDS] [-r ROUNDS] [-b BYTES] REFERENCE [SERVER…]
 *
 * Starts each server (a program which prints "listening PORT"), opens the connections, sends each a Twilio-like media message
 * every 20 ms and takes the echoes. Prints one table: processor time of the server per message (both ways), how many calls a core
 * would carry, the round trip, and the ratio to the reference, the first server. Rounds alternate between the servers; the cheapest
 * round of each counts, as whatever else the machine does only adds to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hist.h"
#include "base/mem.h"
#include "base/str.h"

#define FRAME_US    20000
#define IN_FLIGHT   64
#define FRAME_MAX   4096
#define SERVERS_MAX 8
#define WARM_UP_US  500000

static const uint8_t mask[4] = {0x5A, 0xC3, 0x17, 0x88};

struct conf {
	unsigned connections, seconds, rounds, bytes;
	const char *servers[SERVERS_MAX];
	unsigned n_servers;
};

struct connection {
	int fd;
	uint64_t next_us;
	uint64_t sent_us[IN_FLIGHT]; /* ring of send times, oldest echo first */
	unsigned sent, echoed;
	size_t skip; /* bytes of the frame being received still to come */
	uint8_t head[4];
	unsigned head_n;
};

struct result {
	double us_per_message, calls_per_core;
	uint64_t messages, lost, p50_us, p99_us, max_us, late_p99_us;
};

struct load {
	const struct conf *conf;
	struct connection *c;
	int epoll;
	uint8_t frame[FRAME_MAX];
	size_t frame_n;
	struct cw_hist *round_trip, *late;
	uint64_t messages;
	bool measuring;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "wsload: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the server under load ---- */

struct server {
	pid_t pid;
	unsigned port;
};

static void start(const char *program, struct server *s)
{
	int out[2];
	FILE *f;

	if (pipe2(out, O_CLOEXEC))
		die("pipe");
	s->pid = fork();
	if (s->pid < 0)
		die("fork");
	if (s->pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execlp(program, program, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	if (!f || fscanf(f, "listening %u", &s->port) != 1) {
		fprintf(stderr, "wsload: %s did not say \"listening PORT\"\n", program);
		exit(3);
	}
	fclose(f);
}

static void stop(const struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

/* Processor time of the server's main thread so far: user and system, in nanoseconds. */
static uint64_t processor_ns(const struct server *s)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)s->pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		die(path);
	fclose(f);
	return ns;
}

/* ---- connections ---- */

static void read_answer(int fd)
{
	char text[1024];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		ssize_t got = recv(fd, text + n, 1, 0);

		if (got <= 0)
			die("handshake");
		n += (size_t)got;
		text[n] = '\0';
		if (n >= 4 && !memcmp(text + n - 4, "\r\n\r\n", 4))
			break;
	}
	if (strncmp(text, "HTTP/1.1 101 ", 13)) {
		fprintf(stderr, "wsload: upgrade refused: %.40s\n", text);
		exit(3);
	}
}

static int connect_one(unsigned port)
{
	static const char request[] =
		"GET /media HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
	static const int one = 1;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		die("handshake");
	read_answer(fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* One masked media message, the same for all: what counts is its size. */
static void make_frame(struct load *l)
{
	static const char before[] =
		"{\"event\":\"media\",\"sequenceNumber\":\"4271\",\"media\":{\"track\":\"inbound\",\"chunk\":\"4270\","
		"\"timestamp\":\"85400\",\"payload\":\"";
	static const char behind[] = "\"},\"streamSid\":\"MZ18ad3ab5a668481ce02b83e7395059f0\"}";
	size_t n = l->conf->bytes, text = sizeof(before) + sizeof(behind) - 2;
	char *body = talloc_size(NULL, n < text ? text : n);
	size_t head = n < 126 ? 2 : 4;

	if (!body)
		die("memory");
	if (n < text)
		n = text;
	memset(body, '/', n);
	memcpy(body, before, sizeof(before) - 1);
	memcpy(body + n - (sizeof(behind) - 1), behind, sizeof(behind) - 1);
	l->frame[0] = 0x81;
	l->frame[1] = (uint8_t)(0x80 | (head == 2 ? n : 126));
	l->frame[2] = (uint8_t)(n >> 8);
	l->frame[3] = (uint8_t)n;
	memcpy(l->frame + head, mask, 4);
	for (size_t i = 0; i < n; i++)
		l->frame[head + 4 + i] = (uint8_t)body[i] ^ mask[i & 3];
	l->frame_n = head + 4 + n;
	talloc_free(body);
}

static void send_due(struct load *l, struct connection *c, uint64_t now)
{
	if (c->sent - c->echoed >= IN_FLIGHT) {
		c->next_us += FRAME_US; /* lost: the server is hopelessly behind */
		return;
	}
	if (l->measuring)
		cw_hist_add(l->late, now - c->next_us);
	c->sent_us[c->sent % IN_FLIGHT] = now;
	if (send(c->fd, l->frame, l->frame_n, MSG_NOSIGNAL) == (ssize_t)l->frame_n)
		c->sent++;
	c->next_us += FRAME_US;
}

static void one_echo(struct load *l, struct connection *c, uint64_t now)
{
	if (c->echoed == c->sent)
		return;
	if (l->measuring) {
		cw_hist_add(l->round_trip, now - c->sent_us[c->echoed % IN_FLIGHT]);
		l->messages++;
	}
	c->echoed++;
}

/* Walk over unmasked frames without looking at their content. */
static void receive(struct load *l, struct connection *c)
{
	uint8_t bytes[65536];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
	uint64_t now = now_us();

	if (n == 0 || (n < 0 && errno != EAGAIN))
		die("the server closed a connection");
	for (ssize_t at = 0; at < n;) {
		if (!c->skip) {
			size_t need;

			c->head[c->head_n++] = bytes[at++];
			need = c->head_n >= 2 && c->head[1] == 126 ? 4 : 2;
			if (c->head_n < need)
				continue;
			c->skip = need == 4 ? (size_t)c->head[2] << 8 | c->head[3] : c->head[1];
			c->head_n = 0;
			if (!c->skip)
				one_echo(l, c, now);
			continue;
		}

		size_t some = (size_t)(n - at) < c->skip ? (size_t)(n - at) : c->skip;

		at += (ssize_t)some;
		c->skip -= some;
		if (!c->skip)
			one_echo(l, c, now);
	}
}

/* Connections are due in the order of their index, which repeats every 20 ms. */
static void pump(struct load *l, uint64_t until_us, unsigned *turn)
{
	struct epoll_event events[512];
	uint64_t now;

	while ((now = now_us()) < until_us) {
		struct connection *c = &l->c[*turn];

		while (c->next_us <= now) {
			send_due(l, c, now);
			*turn = (*turn + 1) % l->conf->connections;
			c = &l->c[*turn];
		}

		int n = epoll_wait(l->epoll, events, 512, c->next_us > now + 1000 ? 1 : 0);

		for (int i = 0; i < n; i++)
			receive(l, events[i].data.ptr);
	}
}

static void open_all(struct load *l, unsigned port)
{
	for (unsigned i = 0; i < l->conf->connections; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->c[i]};

		l->c[i].fd = connect_one(port);
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->c[i].fd, &e))
			die("epoll_ctl");
	}
	for (unsigned i = 0; i < l->conf->connections; i++)
		l->c[i].next_us = now_us() + 20000 + (uint64_t)FRAME_US * i / l->conf->connections;
}

static void measure(const struct conf *conf, const char *program, struct result *r)
{
	CW_SCOPED struct load *l = talloc_zero(NULL, struct load);
	struct server s;
	unsigned turn = 0;
	uint64_t begun_ns, spent_ns;

	if (!l || cw_hist_new(l, &l->round_trip) || cw_hist_new(l, &l->late))
		die("memory");
	l->conf = conf;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->c = talloc_zero_array(l, struct connection, conf->connections);
	if (!l->c || l->epoll < 0)
		die("epoll");
	make_frame(l);
	start(program, &s);
	open_all(l, s.port);
	pump(l, now_us() + WARM_UP_US, &turn);
	l->measuring = true;
	begun_ns = processor_ns(&s);
	pump(l, now_us() + conf->seconds * 1000000ull, &turn);
	spent_ns = processor_ns(&s) - begun_ns;
	stop(&s);
	for (unsigned i = 0; i < conf->connections; i++)
		close(l->c[i].fd);
	close(l->epoll);
	if (!l->messages)
		die("no echo at all");

	*r = (struct result){
		.us_per_message = (double)spent_ns / 1000 / (double)l->messages,
		.messages = l->messages,
		.lost = (uint64_t)conf->connections * conf->seconds * 50 -
			(l->messages < (uint64_t)conf->connections * conf->seconds * 50
					? l->messages
					: (uint64_t)conf->connections * conf->seconds * 50),
		.p50_us = cw_hist_quantile(l->round_trip, 0.5),
		.p99_us = cw_hist_quantile(l->round_trip, 0.99),
		.max_us = cw_hist_max(l->round_trip),
		.late_p99_us = cw_hist_quantile(l->late, 0.99),
	};
	r->calls_per_core = 1e6 / 50 / r->us_per_message;
}

/* ---- the table ---- */

static const char *short_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_table(const struct conf *conf, const struct result *best)
{
	printf("%u connections, %u-byte messages each 20 ms both ways, %u s, best of %u\n\n", conf->connections,
		conf->bytes, conf->seconds, conf->rounds);
	printf("%-14s %12s %12s %10s %10s %10s %10s %10s %8s\n", "server", "us/message", "calls/core", "rtt p50",
		"rtt p99", "rtt max", "late p99", "missing", "ratio");
	for (unsigned i = 0; i < conf->n_servers; i++) {
		const struct result *r = &best[i];

		printf("%-14s %12.2f %12.0f %7llu us %7llu us %7llu us %7llu us %10llu %8.3f\n",
			short_name(conf->servers[i]), r->us_per_message, r->calls_per_core,
			(unsigned long long)r->p50_us, (unsigned long long)r->p99_us, (unsigned long long)r->max_us,
			(unsigned long long)r->late_p99_us, (unsigned long long)r->lost,
			best[0].us_per_message / r->us_per_message);
	}
}

static unsigned number(const char *text, unsigned max)
{
	uint32_t v;

	if (cw_str_u32(cw_str(text), max, &v) || !v) {
		fprintf(stderr, "wsload: '%s': expected a number from 1 to %u\n", text, max);
		exit(2);
	}
	return v;
}

static void parse_options(int argc, char **argv, struct conf *conf)
{
	int option;

	while ((option = getopt(argc, argv, "c:s:r:b:")) != -1) {
		if (option == 'c')
			conf->connections = number(optarg, 15000);
		else if (option == 's')
			conf->seconds = number(optarg, 3600);
		else if (option == 'r')
			conf->rounds = number(optarg, 100);
		else if (option == 'b')
			conf->bytes = number(optarg, FRAME_MAX - 8);
		else
			exit(2);
	}
	while (optind < argc && conf->n_servers < SERVERS_MAX)
		conf->servers[conf->n_servers++] = argv[optind++];
	if (!conf->n_servers) {
		fprintf(stderr,
			"usage: wsload [-c CONNECTIONS] [-s SECONDS] [-r ROUNDS] [-b BYTES] REFERENCE [SERVER…]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct conf conf = {.connections = 1000, .seconds = 4, .rounds = 3, .bytes = 300};
	struct result best[SERVERS_MAX] = {0};
	struct rlimit limit;

	parse_options(argc, argv, &conf);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned round = 0; round < conf.rounds; round++) {
		for (unsigned i = 0; i < conf.n_servers; i++) {
			struct result r;

			measure(&conf, conf.servers[i], &r);
			if (!round || r.us_per_message < best[i].us_per_message)
				best[i] = r;
		}
	}
	print_table(&conf, best);
	return 0;
}
