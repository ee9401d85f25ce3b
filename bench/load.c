#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "line/twilio_msg.h"
#include "world/ws_frame.h"

#define FRAME_BYTES  160
#define TEXT_MAX     1024 /* a message of ours, and an echo */
#define READ_MAX     65536
#define IN_FLIGHT    64 /* frames sent and not echoed: a power of two */
#define EVENTS       512
#define LAST_US      1000000 /* an echo not here by then is lost */
#define NUMBER_BYTES 6       /* stream and frame, in front of the audio … */
#define NUMBER_CHARS 8       /* … and as base64 */
#define AUDIO_CHARS  216

static const uint8_t mask[4] = {0x5A, 0xC3, 0x17, 0x88};

struct stream {
	int fd;
	uint16_t number;
	char sid[CW_TWILIO_SID_LEN + 1];
	uint64_t next_us;
	uint32_t sent, echoed;       /* frames */
	uint64_t sent_us[IN_FLIGHT]; /* by frame */
	bool measured[IN_FLIGHT];
	size_t rest_n;
	uint8_t rest[TEXT_MAX]; /* an unfinished frame */
};

struct load {
	struct stream *streams;
	unsigned n, turn; /* streams are due in the order of their numbers, over and over */
	int epoll;
	bool measuring;
	struct load_figures figures;
	struct cw_hist *round_trip, *late;
	uint8_t voice[FRAME_BYTES];
	char audio[AUDIO_CHARS + 1]; /* of it, as base64 */
	struct cw_why *why;
	int err;
	uint8_t in[READ_MAX];
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void fail(struct load *l, int err, const char *what)
{
	if (!l->err)
		l->err = cw_why_set(l->why, err, "%s: %s", what, strerror(err));
}

/* ---- sending ---- */

static int send_text(struct load *l, struct stream *s, const char *text, size_t n)
{
	uint8_t frame[TEXT_MAX + CW_WS_HEAD_MAX];
	size_t head = cw_ws_encode_head(frame, CW_WS_OP_TEXT, n, mask);
	ssize_t sent;

	cw_ws_mask(frame + head, (const uint8_t *)text, n, mask);
	sent = send(s->fd, frame, head + n, MSG_NOSIGNAL);
	if (sent < 0 && errno == EAGAIN)
		return EAGAIN;
	if (sent != (ssize_t)(head + n))
		fail(l, sent < 0 ? errno : ENOBUFS, "a stream takes nothing more");
	return l->err;
}

static void put_number(uint8_t *audio, uint16_t stream, uint32_t frame)
{
	memcpy(audio, &stream, 2);
	memcpy(audio + 2, &frame, 4);
}

/* A frame the server has no room for is counted as sent and never echoed. */
static void send_due(struct load *l, struct stream *s, uint64_t now)
{
	uint8_t audio[FRAME_BYTES];
	char text[TEXT_MAX];
	size_t n;

	if (l->measuring) {
		cw_hist_add(l->late, now - s->next_us);
		l->figures.frames++;
	}
	s->next_us += LOAD_FRAME_US;
	if (s->sent - s->echoed >= IN_FLIGHT)
		return;
	memcpy(audio, l->voice, sizeof(audio));
	put_number(audio, s->number, s->sent);
	n = cw_twilio_media_encode_carrier(
		text, s->sid, "inbound", s->sent + 3, s->sent + 1, (uint64_t)s->sent * 20, audio, sizeof(audio));
	if (send_text(l, s, text, n))
		return;
	s->sent_us[s->sent % IN_FLIGHT] = now;
	s->measured[s->sent++ % IN_FLIGHT] = l->measuring;
}

static int say_hello(struct load *l, struct stream *s)
{
	static const char connected[] = "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}";
	char text[TEXT_MAX];
	int n;

	snprintf(s->sid, sizeof(s->sid), "MZ%032x", s->number);
	n = snprintf(text, sizeof(text),
		"{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"%s\",\"start\":{\"streamSid\":\"%s\",\"accountSid\":\"AC%032x\","
		"\"callSid\":\"CA%032x\",\"tracks\":[\"inbound\"],\"customParameters\":{},\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
		"\"sampleRate\":8000,\"channels\":1}}}",
		s->sid, s->sid, 1, s->number);
	if (!send_text(l, s, connected, sizeof(connected) - 1))
		(void)send_text(l, s, text, (size_t)n); /* what fails is in l->err */
	return l->err;
}

/* ---- receiving ---- */

static void take_echo(struct load *l, struct stream *s, const char *payload, uint64_t now)
{
	uint8_t number[NUMBER_BYTES];
	uint32_t frame;
	uint16_t stream;
	size_t n;

	if (cw_base64_decode((struct cw_str){payload, NUMBER_CHARS}, number, &n)) {
		l->figures.wrong++;
		return;
	}
	memcpy(&stream, number, 2);
	memcpy(&frame, number + 2, 4);
	if (stream != s->number || frame - s->echoed >= s->sent - s->echoed ||
		memcmp(payload + NUMBER_CHARS, l->audio + NUMBER_CHARS, AUDIO_CHARS - NUMBER_CHARS)) {
		l->figures.wrong++;
		return;
	}
	if (frame != s->echoed)
		l->figures.wrong++; /* those between are lost */
	s->echoed = frame + 1;
	if (!s->measured[frame % IN_FLIGHT])
		return;

	uint64_t took = now - s->sent_us[frame % IN_FLIGHT];

	cw_hist_add(l->round_trip, took);
	l->figures.echoes++;
	l->figures.dry += took > LOAD_DRY_US;
}

static void take_message(struct load *l, struct stream *s, const char *text, size_t n, uint64_t now)
{
	static const char before[] = "\"payload\":\"";
	const char *payload = memmem(text, n, before, sizeof(before) - 1);

	if (!payload)
		return; /* an echo of our hello */
	payload += sizeof(before) - 1;
	if ((size_t)(text + n - payload) <= AUDIO_CHARS || payload[AUDIO_CHARS] != '"')
		l->figures.wrong++;
	else
		take_echo(l, s, payload, now);
}

/* Serve whole frames; keep the rest. */
static void take_bytes(struct load *l, struct stream *s, size_t n, uint64_t now)
{
	size_t at = 0;

	while (n - at >= 4) {
		const uint8_t *f = l->in + at;
		size_t len = f[1], head = 2;

		if ((f[0] & 0x0F) == CW_WS_OP_CLOSE || len > 126) {
			fail(l, EPROTO, "the server closed a stream, or sent what no echo is");
			return;
		}
		if (len == 126) {
			len = (size_t)f[2] << 8 | f[3];
			head = 4;
		}
		if (n - at < head + len)
			break;
		take_message(l, s, (const char *)f + head, len, now);
		at += head + len;
	}
	s->rest_n = n - at;
	if (s->rest_n > sizeof(s->rest))
		fail(l, EMSGSIZE, "an echo is larger than what was sent");
	else
		memcpy(s->rest, l->in + at, s->rest_n);
}

static void receive(struct load *l, struct stream *s)
{
	ssize_t got;

	memcpy(l->in, s->rest, s->rest_n);
	got = recv(s->fd, l->in + s->rest_n, sizeof(l->in) - s->rest_n, 0);
	if (got > 0)
		take_bytes(l, s, s->rest_n + (size_t)got, now_us());
	else if (got == 0 || errno != EAGAIN)
		fail(l, got ? errno : ECONNRESET, "the server dropped a stream");
}

/* ---- the loop ---- */

static void pump(struct load *l, uint64_t until_us)
{
	struct epoll_event events[EVENTS];
	uint64_t now;

	while (!l->err && (now = now_us()) < until_us) {
		struct stream *s = &l->streams[l->turn];

		for (; s->next_us <= now; s = &l->streams[l->turn]) {
			send_due(l, s, now);
			l->turn = (l->turn + 1) % l->n;
		}

		int n = epoll_wait(l->epoll, events, EVENTS, s->next_us > now + 1000 ? 1 : 0);

		for (int i = 0; i < n && !l->err; i++)
			receive(l, events[i].data.ptr);
	}
}

int load_run(struct load *l, uint64_t duration_us, struct cw_why *why)
{
	l->why = why;
	pump(l, now_us() + duration_us);
	return l->err;
}

int load_measure(struct load *l, uint64_t duration_us, void (*begun)(void *arg), void (*ended)(void *arg), void *arg,
	struct cw_why *why)
{
	l->why = why;
	begun(arg);
	l->measuring = true;
	pump(l, now_us() + duration_us);
	l->measuring = false;
	ended(arg);

	uint64_t last = now_us() + LAST_US;

	while (!l->err && l->figures.echoes < l->figures.frames && now_us() < last)
		pump(l, now_us() + LOAD_FRAME_US);
	l->figures.dry += l->figures.frames - l->figures.echoes;
	return l->err;
}

const struct load_figures *load_figures(const struct load *l)
{
	return &l->figures;
}

/* ---- connecting ---- */

static int read_answer(int fd, struct cw_why *why)
{
	char text[1024];
	size_t n = 0;

	for (;;) {
		if (n + 1 == sizeof(text) || recv(fd, text + n, 1, 0) != 1)
			return cw_why_set(why, EPROTO, "the server does not answer the upgrade");
		text[++n] = '\0';
		if (n >= 4 && !memcmp(text + n - 4, "\r\n\r\n", 4))
			break;
	}
	if (strncmp(text, "HTTP/1.1 101 ", 13))
		return cw_why_set(why, EPROTO, "the server refuses the upgrade: %.60s", text);
	return 0;
}

static int shake(int fd, struct cw_why *why)
{
	static const char request[] =
		"GET /media HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		return cw_why_set(why, EPROTO, "the server takes no request");
	return read_answer(fd, why);
}

static int open_stream(struct load *l, struct stream *s, unsigned port, struct cw_why *why)
{
	static const int one = 1;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof(to)))
		return cw_why_set(why, errno, "port %u: %s", port, strerror(errno));
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

	int err = shake(s->fd, why);

	if (err)
		return err;
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK) || epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &e))
		return cw_why_set(why, errno, "epoll: %s", strerror(errno));
	return say_hello(l, s);
}

static int load_free(struct load *l)
{
	for (unsigned i = 0; l->streams && i < l->n; i++)
		if (l->streams[i].fd >= 0)
			close(l->streams[i].fd);
	if (l->epoll >= 0)
		close(l->epoll);
	return 0;
}

/* Nothing special: bytes as voice has them, no silence, which could be treated specially. */
static void make_voice(struct load *l)
{
	for (size_t i = 0; i < FRAME_BYTES; i++)
		l->voice[i] = (uint8_t)(i * 37 + (i >> 3) * 11);
	(void)cw_base64_encode(l->voice, FRAME_BYTES, l->audio); /* fits: 160 bytes make 216 characters */
}

int load_open(void *parent, unsigned port, unsigned streams, struct load **ret, struct cw_why *why)
{
	CW_SCOPED struct load *l = talloc_zero(NULL, struct load);
	int err = 0;

	if (!l || cw_hist_new(l, &l->round_trip) || cw_hist_new(l, &l->late))
		return ENOMEM;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	talloc_set_destructor(l, load_free);
	l->figures.round_trip = l->round_trip;
	l->figures.late = l->late;
	l->streams = talloc_zero_array(l, struct stream, streams);
	if (!l->streams || l->epoll < 0)
		return ENOMEM;
	l->n = streams;
	l->why = why;
	for (unsigned i = 0; i < streams; i++) {
		l->streams[i].fd = -1;
		l->streams[i].number = (uint16_t)i;
	}
	make_voice(l);
	for (unsigned i = 0; i < streams && !err; i++)
		err = open_stream(l, &l->streams[i], port, why);
	if (err)
		return err;
	for (unsigned i = 0; i < streams; i++)
		l->streams[i].next_us = now_us() + LOAD_FRAME_US + (uint64_t)LOAD_FRAME_US * i / streams;
	*ret = talloc_move(parent, &l);
	return 0;
}

void load_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit is always allowed */
}
