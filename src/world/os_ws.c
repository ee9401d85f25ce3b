#include <errno.h>
#include <sys/random.h>

#include "base/mem.h"
#include "world/ws_int.h"

#define MAX_MESSAGE_DEFAULT (256u << 10)
#define MAX_QUEUE_DEFAULT   (1u << 20)
#define CLOSE_WAIT_US       2000000
#define REST_KEEP           (64 * 1024)

/* ---- writing ---- */

static const uint8_t *next_mask(struct cw_os *os)
{
	if (!os->masks_left) {
		CW_ASSERT(getrandom(os->masks, sizeof(os->masks), 0) == sizeof(os->masks));
		os->masks_left = sizeof(os->masks);
	}
	os->masks_left -= 4;
	return os->masks + os->masks_left;
}

/* A client's frame: masked into the world's scratch, or into memory of its own when it is larger. */
static int send_masked(struct cw_os_ws *ws, enum cw_ws_opcode opcode, const void *bytes, size_t n, size_t queue_max)
{
	const uint8_t *mask = next_mask(ws->os);
	CW_SCOPED uint8_t *large = NULL;
	uint8_t *frame = ws->os->out;
	size_t head;

	if (n > sizeof(ws->os->out) - CW_WS_HEAD_MAX) {
		large = talloc_size(NULL, n + CW_WS_HEAD_MAX);
		if (!large)
			return ENOMEM;
		frame = large;
	}
	head = cw_ws_encode_head(frame, opcode, n, mask);
	cw_ws_mask(frame + head, bytes, n, mask);
	return cw_conn_write(ws->conn, frame, head + n, NULL, 0, queue_max);
}

static int send_frame(struct cw_os_ws *ws, enum cw_ws_opcode opcode, const void *bytes, size_t n, size_t queue_max)
{
	uint8_t head[CW_WS_HEAD_MAX];

	if (ws->client)
		return send_masked(ws, opcode, bytes, n, queue_max);
	return cw_conn_write(ws->conn, head, cw_ws_encode_head(head, opcode, n, NULL), bytes, n, queue_max);
}

static void send_close(struct cw_os_ws *ws, unsigned code, const char *reason)
{
	uint8_t payload[CW_WS_CONTROL_MAX];
	size_t n = cw_ws_encode_close(payload, code, reason);

	(void)send_frame(ws, CW_WS_OP_CLOSE, payload, n, SIZE_MAX / 4); /* a broken connection ends by itself */
}

int cw_os_ws_send(struct cw_ws *base, enum cw_ws_kind kind, const void *bytes, size_t n)
{
	struct cw_os_ws *ws = (struct cw_os_ws *)base;
	int err;

	if (ws->state != CW_WS_OPEN)
		return ENOTCONN;
	if (n > SIZE_MAX / 8)
		return ENOBUFS;
	err = send_frame(ws, kind == CW_WS_TEXT ? CW_WS_OP_TEXT : CW_WS_OP_BINARY, bytes, n, ws->limits.max_queue);
	return err == EPIPE ? ENOTCONN : err;
}

size_t cw_os_ws_queued(const struct cw_ws *base)
{
	const struct cw_os_ws *ws = (const struct cw_os_ws *)base;

	return ws->conn ? cw_conn_queued(ws->conn) : 0;
}

/* ---- the end ---- */

static int ws_gone(struct cw_os_ws *ws)
{
	cw_timer_stop(&ws->timer);
	cw_seat_leave(&ws->seat);
	cw_ws_reader_clear(&ws->reader);
	cw_watch_freed(ws->os, ws);
	return 0;
}

void cw_os_ws_finish(struct cw_os_ws *ws, int err, unsigned code, bool linger)
{
	ws->state = CW_WS_DEAD;
	cw_timer_stop(&ws->timer);
	cw_seat_leave(&ws->seat);
	if (ws->conn && linger)
		cw_conn_linger(ws->conn);
	else
		talloc_free(ws->conn);
	ws->conn = NULL;
	TALLOC_FREE(ws->ask);
	ws->ev.closed(err, code, ws->arg);
}

static void close_wait_over(void *arg)
{
	cw_os_ws_finish(arg, ETIMEDOUT, CW_WS_ABNORMAL, false);
}

void cw_os_ws_close(struct cw_ws *base, unsigned code, const char *reason)
{
	struct cw_os_ws *ws = (struct cw_os_ws *)base;

	if (ws->state == CW_WS_DIALLING || ws->state == CW_WS_ASKING) {
		cw_timer_start(&ws->timer, 0, close_wait_over, ws);
		return;
	}
	if (ws->state != CW_WS_OPEN)
		return;
	send_close(ws, code, reason);
	ws->state = CW_WS_CLOSING;
	cw_timer_start(&ws->timer, CLOSE_WAIT_US, close_wait_over, ws);
}

/* ---- reading ---- */

static void peer_closes(struct cw_os_ws *ws, unsigned code)
{
	if (ws->state == CW_WS_OPEN)
		send_close(ws, code, NULL);
	cw_os_ws_finish(ws, 0, code, true);
}

static void peer_fails(struct cw_os_ws *ws, unsigned code)
{
	if (ws->state == CW_WS_OPEN)
		send_close(ws, code, NULL);
	cw_os_ws_finish(ws, code == CW_WS_INTERNAL ? ENOMEM : EPROTO, code, true);
}

static void serve_item(struct cw_os_ws *ws, enum cw_ws_got got, const struct cw_ws_item *item)
{
	switch (got) {
	case CW_WS_GOT_MESSAGE:
		if (ws->state == CW_WS_OPEN)
			ws->ev.message(item->opcode == CW_WS_OP_TEXT ? CW_WS_TEXT : CW_WS_BINARY, item->bytes, item->n,
				ws->arg);
		break;
	case CW_WS_GOT_PING:
		/* one who does not read our pongs gets no more of them once the queue is full */
		if (ws->state == CW_WS_OPEN)
			(void)send_frame(ws, CW_WS_OP_PONG, item->bytes, item->n, ws->limits.max_queue);
		break;
	case CW_WS_GOT_CLOSE:
		peer_closes(ws, item->code);
		break;
	case CW_WS_GOT_FAULT:
		peer_fails(ws, item->code);
		break;
	case CW_WS_GOT_PONG:
	case CW_WS_GOT_NOTHING:
		break;
	}
}

static void keep_rest(struct cw_os_ws *ws, const uint8_t *bytes, size_t n)
{
	if (!n && ws->rest_cap > REST_KEEP) {
		TALLOC_FREE(ws->rest);
		ws->rest_cap = 0;
	}
	ws->rest_len = 0;
	while (n > ws->rest_cap) {
		if (cw_os_ws_make_room(ws)) {
			peer_fails(ws, CW_WS_INTERNAL);
			return;
		}
	}
	if (n)
		memmove(ws->rest, bytes, n);
	ws->rest_len = n;
}

int cw_os_ws_make_room(struct cw_os_ws *ws)
{
	size_t cap = ws->rest_cap ? 2 * ws->rest_cap : CW_WS_REST_STEP;
	uint8_t *bigger;

	bigger = talloc_realloc(ws, ws->rest, uint8_t, cap);
	if (!bigger)
		return ENOMEM;
	ws->rest = bigger;
	ws->rest_cap = cap;
	return 0;
}

void cw_os_ws_consume(struct cw_os_ws *ws, uint8_t *bytes, size_t n)
{
	struct cw_os *os = ws->os;
	struct cw_ws_item item;
	struct cw_watch watch;

	cw_watch_begin(os, &watch, ws);
	while (n) {
		enum cw_ws_got got = cw_ws_read(&ws->reader, &bytes, &n, &item);

		if (got == CW_WS_GOT_NOTHING)
			break;
		if (n)
			cw_conn_cork(ws->conn);
		serve_item(ws, got, &item);
		if (!watch.object || ws->state == CW_WS_DEAD)
			break;
	}
	if (!cw_watch_end(os, &watch) || ws->state == CW_WS_DEAD)
		return;
	cw_conn_uncork(ws->conn);
	keep_rest(ws, bytes, n);
}

/* Whole frames are served where the read left them; only the tail of an unfinished one is kept. */
static void ws_input(void *arg)
{
	struct cw_os_ws *ws = arg;
	bool into_rest = ws->rest_len || ws->state == CW_WS_ASKING;
	uint8_t *to = ws->os->scratch;
	size_t room = sizeof(ws->os->scratch), got = 0;
	int err = 0;

	if (into_rest) {
		if (ws->rest_cap - ws->rest_len < CW_WS_REST_STEP / 2)
			err = cw_os_ws_make_room(ws);
		to = ws->rest + ws->rest_len;
		room = ws->rest_cap - ws->rest_len;
	}
	if (!err)
		err = cw_conn_read(ws->conn, to, room, &got);
	if (err == EAGAIN && !ws->early)
		return;
	if (err != EAGAIN && (err || !got)) {
		cw_os_ws_finish(ws, err ? err : ECONNRESET, ws->state < CW_WS_OPEN ? 0 : CW_WS_ABNORMAL, false);
		return;
	}
	ws->early = false;
	ws->rest_len += into_rest ? got : 0;
	if (ws->state == CW_WS_ASKING)
		cw_os_ws_answer(ws);
	else if (into_rest)
		cw_os_ws_consume(ws, ws->rest, ws->rest_len);
	else
		cw_os_ws_consume(ws, to, got);
}

static void ws_drained(void *arg)
{
	struct cw_os_ws *ws = arg;

	if (ws->state == CW_WS_OPEN && ws->ev.drained)
		ws->ev.drained(ws->arg);
}

static void ws_failed(int err, void *arg)
{
	struct cw_os_ws *ws = arg;

	cw_os_ws_finish(ws, err, ws->state < CW_WS_OPEN ? 0 : CW_WS_ABNORMAL, false);
}

static void no_ready(void *arg)
{
	(void)arg; /* handed over when it was ready already */
}

const struct cw_conn_events cw_os_ws_conn_events = {
	.ready = no_ready,
	.input = ws_input,
	.drained = ws_drained,
	.failed = ws_failed,
};

int cw_os_ws_new(struct cw_world *w, const struct cw_ws_limits *limits, const struct cw_ws_events *ev, void *arg,
	bool client, struct cw_os_ws **ret)
{
	struct cw_os_ws *ws = talloc_zero(NULL, struct cw_os_ws);

	if (!ws)
		return ENOMEM;
	ws->base.world = w;
	ws->os = cw_os_of(w);
	ws->client = client;
	ws->ev = *ev;
	ws->arg = arg;
	if (limits)
		ws->limits = *limits;
	if (!ws->limits.max_message)
		ws->limits.max_message = MAX_MESSAGE_DEFAULT;
	if (!ws->limits.max_queue)
		ws->limits.max_queue = MAX_QUEUE_DEFAULT;
	cw_ws_reader_init(&ws->reader, !client, ws->limits.max_message);
	cw_timer_init(&ws->timer, w);
	talloc_set_destructor(ws, ws_gone);
	*ret = ws;
	return 0;
}
