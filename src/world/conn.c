#include "world/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "world/os_int.h"
#include "world/tls.h"

#define LINGER_US      2000000
#define QUEUE_KEEP     (16 * 1024) /* memory of an empty queue kept for the next time */
#define SWALLOW_ROUNDS 16

enum conn_state { CONN_CONNECTING, CONN_SHAKING, CONN_READY, CONN_LINGERING, CONN_BROKEN };

struct cw_conn {
	struct cw_os *os;
	struct cw_poll *poll;
	int fd;
	enum conn_state state;
	bool paused;
	bool said_end;
	bool corked;
	int polled; /* events asked of the poll */
	int broken_err;
	SSL *ssl; /* NULL: plain */
	const struct cw_conn_events *ev;
	void *arg;
	struct cw_timer timer; /* breaking news, or the end of lingering */
	struct cw_buf queue;
	size_t queue_at; /* bytes of it already written */
};

static void poll_as_needed(struct cw_conn *c)
{
	int wanted = 0;

	if (c->state == CONN_BROKEN)
		wanted = 0;
	else if (c->state == CONN_CONNECTING)
		wanted = UV_WRITABLE;
	else
		wanted = (c->paused ? 0 : UV_READABLE) | (cw_conn_queued(c) ? UV_WRITABLE : 0);
	if (c->state == CONN_SHAKING && SSL_want_write(c->ssl))
		wanted |= UV_WRITABLE;
	if (wanted == c->polled)
		return;
	c->polled = wanted;
	(void)cw_poll_want(c->poll, wanted); /* fails only on a closed handle */
}

/* ---- failing ---- */

static void tell_failure(void *arg)
{
	struct cw_conn *c = arg;

	c->ev->failed(c->broken_err, c->arg);
}

/* Nothing more can be done with the connection; its owner hears of it from the loop, not from inside the call it made. */
static void break_off(struct cw_conn *c, int err)
{
	if (c->state == CONN_BROKEN)
		return;
	c->state = CONN_BROKEN;
	c->broken_err = err;
	poll_as_needed(c);
	cw_timer_start(&c->timer, 0, tell_failure, c);
}

static int tls_errno(struct cw_conn *c, int result)
{
	int saved = errno;
	int kind = SSL_get_error(c->ssl, result);

	ERR_clear_error();
	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
		return EAGAIN;
	if (kind == SSL_ERROR_SYSCALL)
		return saved ? saved : ECONNRESET;
	return EPROTO;
}

/* ---- writing ---- */

static int write_some(struct cw_conn *c, const void *bytes, size_t n, size_t *written)
{
	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		int ok = SSL_write_ex(c->ssl, bytes, n, written);

		return ok == 1 ? 0 : tls_errno(c, ok);
	}

	ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
	*written = (size_t)sent;
	return 0;
}

/* Write until all is taken (0), the socket is full (EAGAIN), or it breaks. */
static int write_all(struct cw_conn *c, const char *bytes, size_t n, size_t *written)
{
	*written = 0;
	while (*written < n) {
		size_t some = 0;
		int err = write_some(c, bytes + *written, n - *written, &some);

		if (err)
			return err;
		*written += some;
	}
	return 0;
}

static void forget_queue(struct cw_conn *c)
{
	c->queue_at = 0;
	if (c->queue.cap > QUEUE_KEEP)
		cw_buf_clear(&c->queue);
	else
		cw_buf_reset(&c->queue);
}

/* 0 when the queue is empty now. */
static int flush_queue(struct cw_conn *c)
{
	size_t written;
	int err = write_all(c, c->queue.p + c->queue_at, c->queue.len - c->queue_at, &written);

	c->queue_at += written;
	if (!err)
		forget_queue(c);
	return err;
}

size_t cw_conn_queued(const struct cw_conn *c)
{
	return c->queue.len - c->queue_at;
}

static int conn_gone(struct cw_conn *c)
{
	cw_timer_stop(&c->timer);
	if (c->corked && c->state == CONN_READY)
		(void)flush_queue(c); /* what was written before the end shall not be lost by the cork */
	cw_poll_close(c->poll);
	if (c->ssl)
		SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	cw_buf_clear(&c->queue);
	cw_watch_freed(c->os, c);
	return 0;
}

static int enqueue(struct cw_conn *c, const void *bytes, size_t n)
{
	if (c->queue_at > c->queue.len / 2) {
		cw_buf_trim_front(&c->queue, c->queue_at);
		c->queue_at = 0;
	}
	cw_buf_put(&c->queue, bytes, n);
	return cw_buf_err(&c->queue);
}

/* The part of head and body behind the first @skip bytes of both. */
static int enqueue_rest(
	struct cw_conn *c, const char *head, size_t head_len, const char *body, size_t body_len, size_t skip)
{
	int err = 0;

	if (skip < head_len) {
		err = enqueue(c, head + skip, head_len - skip);
		skip = head_len;
	}
	if (!err && skip < head_len + body_len)
		err = enqueue(c, body + (skip - head_len), head_len + body_len - skip);
	if (err)
		break_off(c, err);
	else if (!c->corked)
		poll_as_needed(c);
	return err;
}

/* Try the socket first: small messages are put together in the world's scratch, large ones go in two pieces. */
static int write_now(
	struct cw_conn *c, const void *head, size_t head_len, const void *body, size_t body_len, size_t *written)
{
	size_t more;
	int err;

	if (!body_len)
		return write_all(c, head, head_len, written);
	if (!head_len)
		return write_all(c, body, body_len, written);
	if (head_len + body_len <= sizeof(c->os->out)) {
		memcpy(c->os->out, head, head_len);
		memcpy(c->os->out + head_len, body, body_len);
		return write_all(c, (const char *)c->os->out, head_len + body_len, written);
	}
	err = write_all(c, head, head_len, written);
	if (!err) {
		err = write_all(c, body, body_len, &more);
		*written += more;
	}
	return err;
}

int cw_conn_write(
	struct cw_conn *c, const void *head, size_t head_len, const void *body, size_t body_len, size_t queue_max)
{
	size_t queued = cw_conn_queued(c), written = 0;
	int err = EAGAIN;

	if (c->state != CONN_READY)
		return EPIPE;
	if (c->corked && queued &&
		(queued + head_len + body_len > QUEUE_KEEP || queued + head_len + body_len > queue_max)) {
		(void)flush_queue(
			c); /* what is left stays queued, and a broken connection shows below or by its poll */
		queued = cw_conn_queued(c);
	}
	if (queued > queue_max || head_len + body_len > queue_max - queued)
		return ENOBUFS;
	if (!queued && (!c->corked || head_len + body_len > QUEUE_KEEP))
		err = write_now(c, head, head_len, body, body_len, &written);
	if (!err)
		return 0;
	if (err == EAGAIN)
		return enqueue_rest(c, head, head_len, body, body_len, written);
	break_off(c, err == EPIPE ? ECONNRESET : err);
	return EPIPE;
}

void cw_conn_cork(struct cw_conn *c)
{
	c->corked = true;
}

void cw_conn_uncork(struct cw_conn *c)
{
	int err;

	if (!c->corked)
		return;
	c->corked = false;
	if (c->state != CONN_READY || !cw_conn_queued(c))
		return;
	err = flush_queue(c);
	if (err && err != EAGAIN)
		break_off(c, err == EPIPE ? ECONNRESET : err);
	else
		poll_as_needed(c);
}

/* ---- reading ---- */

int cw_conn_read(struct cw_conn *c, void *bytes, size_t n, size_t *got)
{
	if (c->state == CONN_BROKEN)
		return c->broken_err;
	if (c->ssl) {
		ERR_clear_error();
		errno = 0;
		int ok = SSL_read_ex(c->ssl, bytes, n, got);

		if (ok == 1)
			return 0;
		*got = 0;
		return SSL_get_error(c->ssl, ok) == SSL_ERROR_ZERO_RETURN ? 0 : tls_errno(c, ok);
	}

	ssize_t len = recv(c->fd, bytes, n, MSG_DONTWAIT);

	if (len < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
	*got = (size_t)len;
	return 0;
}

void cw_conn_pause(struct cw_conn *c, bool pause)
{
	c->paused = pause;
	poll_as_needed(c);
}

static void kicked(void *arg)
{
	struct cw_conn *c = arg;

	c->ev->input(c->arg);
}

void cw_conn_kick(struct cw_conn *c)
{
	if (c->state == CONN_READY)
		cw_timer_start(&c->timer, 0, kicked, c);
}

/* ---- lingering ---- */

static void say_end(struct cw_conn *c)
{
	if (c->said_end)
		return;
	c->said_end = true;
	if (c->ssl)
		(void)SSL_shutdown(c->ssl); /* best effort: the peer learns the end from TCP too */
	ERR_clear_error();
	(void)shutdown(c->fd, SHUT_WR);
}

/* True when the peer's end or an error came. */
static bool swallow(struct cw_conn *c)
{
	for (unsigned i = 0; i < SWALLOW_ROUNDS; i++) {
		size_t got = 0;
		int err = cw_conn_read(c, c->os->scratch, sizeof(c->os->scratch), &got);

		if (err == EAGAIN)
			return false;
		if (err || !got)
			return true;
	}
	return false;
}

static void linger_on(struct cw_conn *c)
{
	int err = cw_conn_queued(c) ? flush_queue(c) : 0;

	if (!err)
		say_end(c);
	if ((err && err != EAGAIN) || swallow(c)) {
		talloc_free(c);
		return;
	}
	poll_as_needed(c);
}

static void linger_over(void *arg)
{
	talloc_free(arg);
}

void cw_conn_linger(struct cw_conn *c)
{
	if (c->state != CONN_READY) {
		talloc_free(c);
		return;
	}
	c->state = CONN_LINGERING;
	c->corked = false;
	c->paused = false;
	c->ev = NULL;
	(void)talloc_steal(c->os, c);
	if (!cw_conn_queued(c))
		say_end(c);
	cw_timer_start(&c->timer, LINGER_US, linger_over, c);
	poll_as_needed(c);
}

/* ---- events ---- */

static void become_ready(struct cw_conn *c)
{
	c->state = CONN_READY;
	poll_as_needed(c);
	c->ev->ready(c->arg);
}

static void shake(struct cw_conn *c)
{
	int ok;

	ERR_clear_error();
	errno = 0;
	ok = SSL_do_handshake(c->ssl);
	if (ok == 1) {
		become_ready(c);
		return;
	}

	int err = tls_errno(c, ok);

	if (err != EAGAIN)
		break_off(c, err);
	else
		poll_as_needed(c);
}

static void connected(struct cw_conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err) {
		break_off(c, err);
	} else if (c->ssl) {
		c->state = CONN_SHAKING;
		shake(c);
	} else {
		become_ready(c);
	}
}

static void writable(struct cw_conn *c)
{
	int err = flush_queue(c);

	if (err && err != EAGAIN) {
		break_off(c, err == EPIPE ? ECONNRESET : err);
		return;
	}
	poll_as_needed(c);
	if (!err && c->ev->drained)
		c->ev->drained(c->arg);
}

/* OpenSSL may hold bytes the socket no longer reports: ask until it has none. */
static void readable(struct cw_conn *c, const struct cw_watch *watch)
{
	do {
		c->ev->input(c->arg);
	} while (watch->object && c->state == CONN_READY && !c->paused && c->ssl && SSL_pending(c->ssl) > 0);
}

static void serve(struct cw_conn *c, int events, const struct cw_watch *watch)
{
	if ((events & UV_WRITABLE) && cw_conn_queued(c))
		writable(c);
	if (watch->object && c->state == CONN_READY && (events & UV_READABLE) && !c->paused)
		readable(c, watch);
}

/* libuv stops a poll on EPOLLERR and reports an error of its own; the socket's real one comes out of the next read. */
static void conn_event(int events, int err, void *arg)
{
	struct cw_conn *c = arg;
	struct cw_os *os = c->os;
	struct cw_watch watch;

	if (err) {
		c->polled = 0;
		events = UV_READABLE | UV_WRITABLE;
	}
	cw_watch_begin(os, &watch, c);
	switch (c->state) {
	case CONN_CONNECTING:
		connected(c);
		break;
	case CONN_SHAKING:
		shake(c);
		break;
	case CONN_READY:
		serve(c, events, &watch);
		break;
	case CONN_LINGERING:
		linger_on(c);
		break;
	case CONN_BROKEN:
		break;
	}
	if (cw_watch_end(os, &watch) && err && c->state != CONN_BROKEN)
		poll_as_needed(c);
}

/* ---- making ---- */

static int conn_new(struct cw_os *os, int fd, enum conn_state state, const struct cw_conn_events *ev, void *arg,
	struct cw_conn **ret)
{
	static const int one = 1;
	struct cw_conn *c = talloc_zero(NULL, struct cw_conn);

	if (!c) {
		close(fd);
		return ENOMEM;
	}
	c->os = os;
	c->fd = fd;
	c->state = state;
	c->ev = ev;
	c->arg = arg;
	c->queue = CW_BUF(SIZE_MAX / 2);
	cw_timer_init(&c->timer, &os->base);
	talloc_set_destructor(c, conn_gone);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* not TCP: no delay to switch off */
	*ret = c;
	return cw_poll_open(os, fd, conn_event, c, &c->poll);
}

static int start_tls(struct cw_conn *c, SSL_CTX *tls, const char *host)
{
	c->ssl = SSL_new(tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
		return ENOMEM;
	if (!host) {
		SSL_set_accept_state(c->ssl);
		return 0;
	}
	SSL_set_connect_state(c->ssl);
	return cw_tls_expect(c->ssl, host);
}

int cw_conn_accept(void *parent, struct cw_os *os, int fd, SSL_CTX *tls, const struct cw_conn_events *ev, void *arg,
	struct cw_conn **ret)
{
	CW_SCOPED struct cw_conn *c = NULL;
	int err = conn_new(os, fd, tls ? CONN_SHAKING : CONN_READY, ev, arg, &c);

	if (!err && tls)
		err = start_tls(c, tls, NULL);
	if (err)
		return err;
	poll_as_needed(c);
	*ret = talloc_move(parent, &c);
	return 0;
}

int cw_conn_connect(void *parent, struct cw_os *os, const struct sockaddr *to, socklen_t to_len, SSL_CTX *tls,
	const char *host, const struct cw_conn_events *ev, void *arg, struct cw_conn **ret)
{
	CW_SCOPED struct cw_conn *c = NULL;
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return errno;
	err = conn_new(os, fd, CONN_CONNECTING, ev, arg, &c);
	if (!err && tls)
		err = start_tls(c, tls, host);
	if (!err && connect(fd, to, to_len) && errno != EINPROGRESS)
		err = errno;
	if (err)
		return err;
	poll_as_needed(c);
	*ret = talloc_move(parent, &c);
	return 0;
}

void cw_conn_hand_over(struct cw_conn *c, void *parent, const struct cw_conn_events *ev, void *arg)
{
	c->ev = ev;
	c->arg = arg;
	(void)talloc_steal(parent, c);
}

bool cw_conn_is_ready(const struct cw_conn *c)
{
	return c->state == CONN_READY;
}

bool cw_conn_is_tls(const struct cw_conn *c)
{
	return c->ssl != NULL;
}

bool cw_conn_speaks_h2(const struct cw_conn *c)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	if (c->ssl)
		SSL_get0_alpn_selected(c->ssl, &name, &len);
	return len == 2 && !memcmp(name, "h2", 2);
}
