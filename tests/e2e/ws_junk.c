/*
 * ws_junk.c: a client without manners, for hostile.sh
 *
 *   ws_junk PORT PATH SIGNATURE KIND
 *
 * Opens a WebSocket on loopback, sends what KIND says, and waits at most 15 s for the other side to close. Prints the status of the
 * handshake and "closed CODE" (0: without a close frame), or "open" when the server let it stand. Plain sockets and no code of ours:
 * what is under test must not vouch for itself.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define PATIENCE_S 15
#define START                                                                                                            \
	"{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"MZ00000000000000000000000000000001\",\"start\":{" \
	"\"streamSid\":\"MZ00000000000000000000000000000001\",\"accountSid\":\"AC00000000000000000000000000000001\","    \
	"\"callSid\":\"CA00000000000000000000000000000009\",\"tracks\":[\"inbound\"],\"customParameters\":{},"           \
	"\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":1}}}"

static int dial(uint32_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	perror("connect");
	return -1;
}

/* What the peer refuses to read is not our concern: it may close first. */
static void put(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

/* A client's frame; the mask is zero, which is a mask. */
static void frame(int fd, unsigned first, bool masked, const void *bytes, size_t n)
{
	unsigned char head[14] = {(unsigned char)first};
	size_t len = 2;

	if (n < 126) {
		head[1] = (unsigned char)n;
	} else {
		head[1] = 126;
		head[2] = (unsigned char)(n >> 8);
		head[3] = (unsigned char)n;
		len = 4;
	}
	if (masked) {
		head[1] |= 0x80;
		len += 4;
	}
	put(fd, head, len);
	put(fd, bytes, n);
}

static void text(int fd, const char *s)
{
	frame(fd, 0x81, true, s, strlen(s));
}

static void send_deep(int fd)
{
	char nested[4001];

	memset(nested, '[', sizeof(nested) - 1);
	nested[sizeof(nested) - 1] = '\0';
	text(fd, nested);
}

static void send_huge(int fd)
{
	static const unsigned char head[14] = {0x81, 0xff, 0x00, 0x00, 0x01, 0, 0, 0, 0, 0};
	char block[65536];

	memset(block, 'x', sizeof(block));
	put(fd, head, sizeof(head));
	for (int i = 0; i < 64; i++)
		put(fd, block, sizeof(block));
}

static bool send_junk(int fd, const char *kind)
{
	static const unsigned char half[] = {0x81, 0xfe, 0x10};

	if (!strcmp(kind, "none"))
		return true;
	if (!strcmp(kind, "unmasked"))
		frame(fd, 0x81, false, "{}", 2);
	else if (!strcmp(kind, "not-json"))
		text(fd, "this is not JSON at all {{{{");
	else if (!strcmp(kind, "wrong-json"))
		text(fd, "{\"event\":42,\"start\":[[]]}");
	else if (!strcmp(kind, "media-first"))
		text(fd,
			"{\"event\":\"media\",\"media\":{\"payload\":\"//8=\",\"track\":\"inbound\",\"timestamp\":\"0\",\"chunk\":\"1\"}}");
	else if (!strcmp(kind, "binary"))
		frame(fd, 0x82, true, "\x00\xff\x00\xff", 4);
	else if (!strcmp(kind, "huge"))
		send_huge(fd);
	else if (!strcmp(kind, "reserved"))
		frame(fd, 0xf3, true, "??", 2);
	else if (!strcmp(kind, "deep"))
		send_deep(fd);
	else if (!strcmp(kind, "half-frame"))
		put(fd, half, sizeof(half));
	else if (!strcmp(kind, "control"))
		frame(fd, 0x09, true, "fragmented ping", 15);
	else if (!strcmp(kind, "bad-base64"))
		text(fd, START),
			text(fd,
				"{\"event\":\"media\",\"sequenceNumber\":\"2\",\"media\":{\"payload\":\"!!\\u0000!!\",\"track\":\"inbound\",\"timestamp\":\"-1\",\"chunk\":\"x\"}}");
	else if (!strcmp(kind, "twice"))
		text(fd, START), text(fd, START);
	else
		return false;
	return true;
}

/* Bytes that are no WebSocket handshake: true when @kind is one of them. */
static bool send_request_junk(int fd, const char *kind)
{
	static char header[200000];

	if (!strcmp(kind, "request-garbage")) {
		put(fd, "\x16\x03\x01\x02\x00\x01\x00\xff\xff GARBAGE\r\n\r\n", 22);
	} else if (!strcmp(kind, "long-header")) {
		memset(header, 'a', sizeof(header));
		put(fd, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", 34);
		put(fd, header, sizeof(header));
	} else if (!strcmp(kind, "slow-header")) {
		put(fd, "POST /voice HTTP/1.1\r\nHost: x\r\nContent-Le", 42);
	} else {
		return false;
	}
	return true;
}

/* One read within the time that is left; 0: closed, -1: nothing came. */
static ssize_t take(int fd, void *to, size_t max, time_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	time_t left = until - time(NULL);

	if (left <= 0 || poll(&p, 1, (int)left * 1000) <= 0)
		return -1;

	ssize_t n = read(fd, to, max);

	return n < 0 ? 0 : n; /* a reset is a close */
}

/* Frames until the end. @seen: bytes that came with the handshake's answer. */
static void wait_for_close(int fd, const unsigned char *seen, size_t n, time_t until)
{
	static unsigned char bytes[1 << 20];
	size_t len = n, at = 0;
	int code = 0;

	memcpy(bytes, seen, n);
	for (;;) {
		while (len - at >= 2) {
			size_t size = bytes[at + 1] & 0x7f, head = size == 126 ? 4 : 2;

			if (len - at < head)
				break;
			if (size == 126)
				size = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
			if (len - at < head + size)
				break;
			if ((bytes[at] & 0x0f) == 8 && size >= 2)
				code = bytes[at + head] << 8 | bytes[at + head + 1];
			at += head + size;
		}
		memmove(bytes, bytes + at, len - at);
		len -= at;
		at = 0;

		ssize_t got = len < sizeof(bytes) ? take(fd, bytes + len, sizeof(bytes) - len, until) : -1;

		if (got <= 0) {
			if (got == 0)
				printf(" closed %d\n", code);
			else
				printf(" open\n");
			return;
		}
		len += (size_t)got;
	}
}

static int shake_hands(int fd, uint32_t port, const char *path, const char *signature, unsigned char *rest,
	size_t *n_rest, time_t until)
{
	char request[1000], answer[8192];
	size_t len = 0;
	uint32_t status = 0;
	int n = snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s\r\n",
		path, port, *signature ? "X-Twilio-Signature: " : "", signature, *signature ? "\r\n" : "");
	char *end = NULL;

	put(fd, request, (size_t)n);
	while (!end && len < sizeof(answer) - 1) {
		ssize_t got = take(fd, answer + len, sizeof(answer) - 1 - len, until);

		if (got <= 0)
			return -1;
		len += (size_t)got;
		answer[len] = '\0';
		end = strstr(answer, "\r\n\r\n");
	}
	if (!end || len < 12 || cw_str_u32((struct cw_str){answer + 9, 3}, 999, &status))
		return -1;
	*n_rest = len - (size_t)(end + 4 - answer);
	memcpy(rest, end + 4, *n_rest);
	return (int)status;
}

/* The answer's status, or that the connection was closed. */
static void print_refusal(int fd, time_t until)
{
	char answer[4096];
	ssize_t n = take(fd, answer, sizeof(answer), until);

	if (n >= 12)
		printf("%.3s\n", answer + 9);
	else
		puts(n == 0 ? "closed" : "open");
}

int main(int argc, char **argv)
{
	static unsigned char rest[8192];
	time_t until = time(NULL) + PATIENCE_S;
	size_t n_rest = 0;
	uint32_t port;

	if (argc != 5 || cw_str_u32(cw_str(argv[1]), 65535, &port)) {
		fputs("usage: ws_junk PORT PATH SIGNATURE KIND\n", stderr);
		return 2;
	}

	int fd = dial(port);

	if (fd < 0)
		return 1;
	if (send_request_junk(fd, argv[4])) {
		print_refusal(fd, until);
		return 0;
	}

	int status = shake_hands(fd, port, argv[2], argv[3], rest, &n_rest, until);

	printf("%d", status);
	if (status != 101) {
		putchar('\n');
		return 0;
	}
	if (!send_junk(fd, argv[4])) {
		fprintf(stderr, "unknown kind '%s'\n", argv[4]);
		return 2;
	}
	wait_for_close(fd, rest, n_rest, until);
	close(fd);
	return 0;
}
