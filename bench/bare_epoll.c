/*
 * bare_epoll: the reference of the WebSocket benchmarks: the least a C program can do to echo messages
 *
 * epoll, one thread, RFC 6455 framing written into the loop, no library, no checks of the content, no limits worth the name.
 * What our own server reaches is given as a share of what this one does. Prints "listening PORT" and serves until killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS     1024
#define BUFFER     16384
#define GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_FIELD  "Sec-WebSocket-Key: "
#define KEY_LENGTH 24

struct client {
	int fd;
	bool open;
	size_t n; /* bytes kept from the last read: an unfinished frame */
	uint8_t *bytes;
};

static uint8_t in[BUFFER], out[BUFFER];

static int die(const char *what)
{
	perror(what);
	exit(1);
}

static void drop(struct client *c)
{
	close(c->fd);
	free(c->bytes);
	free(c);
}

/* Answer 101 to a request which came in one piece. -1: it is none. */
static int shake(struct client *c, size_t n)
{
	char *head = (char *)in, text[KEY_LENGTH + sizeof(GUID)], accept[32], answer[160];
	unsigned char digest[SHA_DIGEST_LENGTH];
	const char *end = memmem(head, n, "\r\n\r\n", 4);
	const char *key = end ? memmem(head, (size_t)(end - head), KEY_FIELD, sizeof(KEY_FIELD) - 1) : NULL;
	int len;

	if (!key || end - key < (ptrdiff_t)(sizeof(KEY_FIELD) - 1 + KEY_LENGTH))
		return -1;
	len = snprintf(text, sizeof(text), "%.24s" GUID, key + sizeof(KEY_FIELD) - 1);
	SHA1((unsigned char *)text, (size_t)len, digest);
	EVP_EncodeBlock((unsigned char *)accept, digest, sizeof(digest));
	len = snprintf(answer, sizeof(answer),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		accept);
	c->open = true;
	return send(c->fd, answer, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
}

static void unmask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t *mask)
{
	uint64_t wide, key = 0;
	size_t i = 0;

	memcpy(&key, mask, 4);
	key |= key << 32;
	for (; i + 8 <= n; i += 8) {
		memcpy(&wide, from + i, 8);
		wide ^= key;
		memcpy(to + i, &wide, 8);
	}
	for (; i < n; i++)
		to[i] = from[i] ^ mask[i & 3];
}

static int keep(struct client *c, size_t at, size_t n)
{
	c->n = n - at;
	if (!c->n)
		return 0;
	if (!c->bytes && !(c->bytes = malloc(BUFFER)))
		return -1;
	memcpy(c->bytes, in + at, c->n);
	return 0;
}

/* Echo every whole frame in the buffer. -1: time to close. */
static int echo(struct client *c, size_t n)
{
	size_t at = 0, to = 0;

	while (n - at >= 6) {
		uint8_t *f = in + at;
		size_t len = f[1] & 0x7F, head = 2;

		if (!(f[1] & 0x80) || len == 127 || (f[0] & 0x0F) == 8)
			return -1;
		if (len == 126) {
			len = (size_t)f[2] << 8 | f[3];
			head = 4;
		}
		if (n - at < head + 4 + len)
			break;
		memcpy(out + to, f, head);
		out[to + 1] &= 0x7F;
		unmask(out + to + head, f + head + 4, len, f + head);
		to += head + len;
		at += head + 4 + len;
	}
	if (to && send(c->fd, out, to, MSG_NOSIGNAL) != (ssize_t)to)
		return -1;
	return keep(c, at, n);
}

static void serve(struct client *c)
{
	size_t n = c->n;
	ssize_t got;

	if (n)
		memcpy(in, c->bytes, n);
	got = recv(c->fd, in + n, sizeof(in) - n, 0);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got > 0 && !(c->open ? echo(c, n + (size_t)got) : shake(c, (size_t)got)))
		return;
	drop(c);
}

static void welcome(int epoll, int listener)
{
	static const int one = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct client *c = calloc(1, sizeof(*c));
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

		if (!c)
			die("calloc");
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
			die("epoll_ctl");
	}
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = {.events = EPOLLIN}, events[EVENTS];

	if (listener < 0 || epoll < 0 || bind(listener, (struct sockaddr *)&a, len) || listen(listener, 4096))
		die("listen");
	getsockname(listener, (struct sockaddr *)&a, &len);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e))
		die("epoll_ctl");
	printf("listening %u\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr);
			else
				welcome(epoll, listener);
		}
	}
}
