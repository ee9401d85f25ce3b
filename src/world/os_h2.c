#include <ctype.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <utlist.h>

#include "base/mem.h"
#include "world/http1.h"
#include "world/server_int.h"

#define STREAMS_MAX 100
#define OUT_FULL    (256 * 1024) /* bytes waiting in the connection before we ask nghttp2 for more */
#define IDLE_US     60000000     /* without any stream */
#define STREAM_US   30000000     /* no byte either way while a request or an answer is on its way */
#define FIELDS_ROOM 64           /* header fields of one answer */

/*
 * One stream. While nghttp2 runs no handler may be called (it could free everything), so requests that are complete and
 * exchanges that lost their client wait in `todo` until nghttp2 has returned.
 */
struct stream {
	struct h2 *h2;
	int32_t id;
	struct cw_os_exchange *exchange;
	bool ready, lost, dispatched;
	char *answer;
	size_t answer_len, answer_at;
	bool pieces, open;   /* an answer in pieces; more may come */
	struct cw_buf piece; /* of it, what is not sent yet */
	struct stream *prev, *next;
};

struct h2 {
	struct cw_peer *peer;
	nghttp2_session *session;
	struct stream *streams;
	unsigned n_streams;
	bool running; /* nghttp2 or a handler is on the stack: the outermost call pumps */
};

static struct h2 *h2_of(const struct cw_peer *p)
{
	return p->talk;
}

static int stream_gone(struct stream *s)
{
	if (s->exchange)
		talloc_free(s->exchange);
	cw_buf_clear(&s->piece);
	DL_DELETE(s->h2->streams, s);
	s->h2->n_streams--;
	return 0;
}

static int h2_gone(struct h2 *t)
{
	struct stream *s, *next;

	DL_FOREACH_SAFE (t->streams, s, next)
		talloc_free(s);
	nghttp2_session_del(t->session);
	return 0;
}

/* ---- what nghttp2 tells: the requests ---- */

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *t = arg;
	struct stream *s;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s = talloc_zero(t, struct stream);
	if (!s)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	s->h2 = t;
	s->id = frame->hd.stream_id;
	DL_APPEND(t->streams, s);
	t->n_streams++;
	talloc_set_destructor(s, stream_gone);
	if (!cw_exchange_new(t->peer, &s->exchange)) {
		talloc_free(s);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	s->exchange->stream = s->id;
	nghttp2_session_set_stream_user_data(session, s->id, s);
	return 0;
}

static int pseudo_header(struct cw_os_exchange *x, struct cw_str name, struct cw_str value)
{
	if (cw_str_eq(name, ":method")) {
		x->x.method = cw_str_dup(x, value);
		x->head_only = cw_str_eq(value, "HEAD");
		return x->x.method ? 0 : ENOMEM;
	}
	if (cw_str_eq(name, ":path")) {
		struct cw_str path = {"", 0};

		(void)cw_str_split(&value, '?', &path); /* no query: it is empty */
		x->x.path = cw_str_dup(x, path);
		x->x.query = cw_str_dup(x, value);
		return x->x.path && x->x.query ? 0 : ENOMEM;
	}
	if (cw_str_eq(name, ":authority"))
		return cw_exchange_add_header(x, CW_STR_LIT("host"), value);
	return 0;
}

static int header_came(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	struct cw_str n = {(const char *)name, name_len}, v = {(const char *)value, value_len};
	int err;

	(void)flags;
	(void)arg;
	if (!s || !s->exchange || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	err = n.len && n.p[0] == ':' ? pseudo_header(s->exchange, n, v) : cw_exchange_add_header(s->exchange, n, v);
	return err ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static void submit_short(struct stream *s, const char *status)
{
	nghttp2_nv nv = {(uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t)status, 7, 3, NGHTTP2_NV_FLAG_NONE};

	talloc_free(s->exchange);
	if (nghttp2_submit_response(s->h2->session, s->id, &nv, 1, NULL))
		(void)nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
}

static int data_came(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);
	int err;

	(void)flags;
	(void)arg;
	if (!s || !s->exchange || s->dispatched)
		return 0;
	err = cw_exchange_add_body(s->exchange, bytes, n);
	if (err)
		submit_short(s, err == EMSGSIZE ? "413" : "503");
	return 0;
}

static int frame_came(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	(void)arg;
	if (!s || !s->exchange || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
		if (s->exchange->x.method && s->exchange->x.path)
			s->ready = true;
		else
			submit_short(s, "400"); /* CONNECT and the like */
	}
	return 0;
}

static int stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);

	(void)code;
	(void)arg;
	if (!s)
		return 0;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	if (s->exchange && s->dispatched)
		s->lost = true;
	else
		talloc_free(s);
	return 0;
}

/* ---- the loop around nghttp2 ---- */

/* Move what nghttp2 has to send into the connection. False when that broke. */
static bool pump_out(struct h2 *t)
{
	struct cw_conn *c = t->peer->conn;

	while (cw_conn_queued(c) < OUT_FULL) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(t->session, &bytes);

		if (n == 0)
			return true;
		if (n < 0 || cw_conn_write(c, bytes, (size_t)n, NULL, 0, SIZE_MAX / 4))
			return false;
	}
	return true;
}

static struct stream *next_todo(struct h2 *t)
{
	struct stream *s;

	DL_FOREACH (t->streams, s)
		if (s->ready || s->lost)
			return s;
	return NULL;
}

/* Call the handlers that are due. False when the peer is gone. */
static bool call_handlers(struct cw_peer *p)
{
	struct cw_os *os = p->listener->os;
	struct h2 *t = h2_of(p);
	struct cw_watch watch;
	struct stream *s;

	cw_watch_begin(os, &watch, p);
	while (watch.object && (s = next_todo(t))) {
		struct cw_os_exchange *x = s->exchange;

		if (!x) {
			talloc_free(s); /* answered by another one's handler meanwhile */
		} else if (s->lost) {
			x->link = NULL;
			s->exchange = NULL;
			talloc_free(s);
			cw_exchange_lost(x);
		} else {
			s->ready = false;
			s->dispatched = true;
			cw_exchange_dispatch(x);
		}
	}
	return cw_watch_end(os, &watch);
}

/* Send, call handlers, and send what they answered. Ends the peer when the session is over. */
static void turn(struct cw_peer *p)
{
	struct h2 *t = h2_of(p);
	bool ok = pump_out(t);

	t->running = true;
	while (next_todo(t)) {
		if (!call_handlers(p))
			return;
		ok = pump_out(t);
	}
	t->running = false;
	if (!ok)
		cw_peer_lose(p);
	else if (!nghttp2_session_want_read(t->session) && !nghttp2_session_want_write(t->session))
		cw_peer_finish(p);
	else
		cw_peer_wait(p, t->n_streams ? STREAM_US : IDLE_US);
}

void cw_h2_input(struct cw_peer *p, const void *bytes, size_t n)
{
	struct h2 *t = h2_of(p);

	t->running = true;
	if (nghttp2_session_mem_recv(t->session, bytes, n) < 0) {
		(void)pump_out(t); /* the GOAWAY that says why */
		cw_peer_finish(p);
		return;
	}
	turn(p);
}

static void h2_input(struct cw_peer *p)
{
	struct cw_os *os = p->listener->os;
	size_t got = 0;
	int err = cw_conn_read(p->conn, os->scratch, CW_OS_SCRATCH, &got);

	if (err == EAGAIN)
		return;
	if (err || !got)
		cw_peer_lose(p);
	else
		cw_h2_input(p, os->scratch, got);
}

/* ---- answers ---- */

static ssize_t read_answer(nghttp2_session *session, int32_t id, uint8_t *to, size_t n, uint32_t *flags,
	nghttp2_data_source *source, void *arg)
{
	struct stream *s = source->ptr;
	size_t left = s->answer_len - s->answer_at;

	(void)session;
	(void)id;
	(void)arg;
	if (n > left)
		n = left;
	memcpy(to, s->answer + s->answer_at, n);
	s->answer_at += n;
	if (s->answer_at == s->answer_len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static ssize_t read_pieces(nghttp2_session *session, int32_t id, uint8_t *to, size_t n, uint32_t *flags,
	nghttp2_data_source *source, void *arg)
{
	struct stream *s = source->ptr;

	(void)session;
	(void)id;
	(void)arg;
	if (!s->piece.len && s->open)
		return NGHTTP2_ERR_DEFERRED;
	if (n > s->piece.len)
		n = s->piece.len;
	if (n)
		memcpy(to, s->piece.p, n);
	cw_buf_trim_front(&s->piece, n);
	if (!s->piece.len && !s->open)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static bool of_http1(const char *name)
{
	return cw_str_eq_fold(cw_str(name), "connection") || cw_str_eq_fold(cw_str(name), "transfer-encoding") ||
	       cw_str_eq_fold(cw_str(name), "content-length") || cw_str_eq_fold(cw_str(name), "upgrade") ||
	       cw_str_eq_fold(cw_str(name), "keep-alive");
}

static void add_field(nghttp2_nv *nv, size_t *n, const char *name, const char *value)
{
	nv[(*n)++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
		NGHTTP2_NV_FLAG_NONE};
}

/* nghttp2 copies the fields. Names must be lower case in HTTP/2. */
static int submit(struct stream *s, int status, const struct cw_header *headers, size_t n, size_t len)
{
	nghttp2_data_provider body = {.source.ptr = s, .read_callback = s->pieces ? read_pieces : read_answer};
	CW_SCOPED void *scratch = talloc_new(NULL);
	nghttp2_nv nv[FIELDS_ROOM];
	char code[12], length[24];
	size_t n_nv = 0;

	snprintf(code, sizeof(code), "%d", status);
	snprintf(length, sizeof(length), "%zu", len);
	add_field(nv, &n_nv, ":status", code);
	if (!s->pieces)
		add_field(nv, &n_nv, "content-length", length);
	for (size_t i = 0; i < n && n_nv < FIELDS_ROOM; i++) {
		char *name = talloc_strdup(scratch, headers[i].name);

		if (!name)
			return ENOMEM;
		if (of_http1(name) || !cw_http1_name_ok(cw_str(name)) || !cw_http1_value_ok(cw_str(headers[i].value)))
			continue;
		for (char *c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		add_field(nv, &n_nv, name, headers[i].value);
	}
	return nghttp2_submit_response(s->h2->session, s->id, nv, n_nv, s->answer_len || s->pieces ? &body : NULL)
		       ? ENOMEM
		       : 0;
}

static int h2_reply(struct cw_peer *p, struct cw_os_exchange *x, int status, const struct cw_header *headers, size_t n,
	const void *body, size_t len)
{
	struct h2 *t = h2_of(p);
	struct stream *s = nghttp2_session_get_stream_user_data(t->session, x->stream);
	bool no_body = x->head_only || status == 204 || status == 304;
	int err = s ? 0 : ECONNRESET;

	if (s && len && !no_body) {
		s->answer = talloc_memdup(s, body, len);
		s->answer_len = s->answer ? len : 0;
		err = s->answer ? 0 : ENOMEM;
	}
	if (!err)
		err = submit(s, status, headers, n, len);
	if (err && s)
		(void)nghttp2_submit_rst_stream(t->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	talloc_free(x);
	if (!t->running && !pump_out(t))
		err = ECONNRESET; /* the connection reports its end itself */
	return err;
}

static struct stream *stream_of(struct cw_peer *p, const struct cw_os_exchange *x)
{
	return nghttp2_session_get_stream_user_data(h2_of(p)->session, x->stream);
}

/* Send what there is now, unless the outermost call does it anyway. */
static int flush_out(struct cw_peer *p)
{
	struct h2 *t = h2_of(p);

	return !t->running && !pump_out(t) ? ECONNRESET : 0; /* the connection reports its end itself */
}

static int h2_begin(struct cw_peer *p, struct cw_os_exchange *x, int status, const struct cw_header *headers, size_t n)
{
	struct stream *s = stream_of(p, x);
	int err;

	if (!s)
		return ECONNRESET;
	s->pieces = s->open = true;
	s->piece = CW_BUF(CW_SERVER_QUEUE_MAX);
	err = submit(s, status, headers, n, 0);
	return err ? err : flush_out(p);
}

static int h2_more(struct cw_peer *p, struct cw_os_exchange *x, const void *bytes, size_t n)
{
	struct stream *s = stream_of(p, x);

	if (!s)
		return ECONNRESET;
	if (x->head_only)
		return 0;
	if (s->piece.len + n > CW_SERVER_QUEUE_MAX)
		return ENOBUFS;
	cw_buf_put(&s->piece, bytes, n);
	if (cw_buf_err(&s->piece))
		return cw_buf_err(&s->piece);
	(void)nghttp2_session_resume_data(
		h2_of(p)->session, s->id); /* fails when it was not waiting: then it comes anyway */
	return flush_out(p);
}

static int h2_end(struct cw_peer *p, struct cw_os_exchange *x)
{
	struct stream *s = stream_of(p, x);

	talloc_free(x);
	if (!s)
		return ECONNRESET;
	s->open = false;
	(void)nghttp2_session_resume_data(h2_of(p)->session, s->id); /* as above */
	return flush_out(p);
}

static void h2_cut(struct cw_peer *p, struct cw_os_exchange *x)
{
	int32_t id = x->stream;

	talloc_free(x);
	(void)nghttp2_submit_rst_stream(h2_of(p)->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
	(void)flush_out(p);
}

/* ---- life ---- */

static void h2_drained(struct cw_peer *p)
{
	turn(p);
}

static void h2_timeout(struct cw_peer *p)
{
	struct h2 *t = h2_of(p);
	struct stream *s;

	DL_FOREACH (t->streams, s) {
		if (s->dispatched && s->exchange) {
			cw_peer_wait(p, STREAM_US); /* the answer is our own side's to give */
			return;
		}
	}
	(void)nghttp2_session_terminate_session(t->session, NGHTTP2_NO_ERROR);
	(void)pump_out(t);
	cw_peer_finish(p);
}

static void h2_lost(struct cw_peer *p)
{
	struct h2 *t = h2_of(p);
	struct stream *s;

	DL_FOREACH (t->streams, s) {
		s->ready = false;
		s->lost = s->dispatched && s->exchange;
		if (s->exchange)
			s->exchange->peer = NULL;
	}
	if (call_handlers(p))
		talloc_free(p);
}

static const struct cw_peer_proto h2_proto = {
	.input = h2_input,
	.drained = h2_drained,
	.timeout = h2_timeout,
	.lost = h2_lost,
	.reply = h2_reply,
	.begin = h2_begin,
	.more = h2_more,
	.end = h2_end,
	.cut = h2_cut,
};

static int new_session(struct h2 *t)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, CW_SERVER_FIELDS_MAX},
	};
	nghttp2_session_callbacks *calls;

	if (nghttp2_session_callbacks_new(&calls))
		return ENOMEM;
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(calls, header_came);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, data_came);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, frame_came);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, stream_closed);

	int err = nghttp2_session_server_new(&t->session, calls, t);

	nghttp2_session_callbacks_del(calls);
	if (!err)
		err = nghttp2_submit_settings(t->session, NGHTTP2_FLAG_NONE, settings, CW_COUNT(settings));
	return err ? ENOMEM : 0;
}

int cw_h2_start(struct cw_peer *p)
{
	struct h2 *t = talloc_zero(p, struct h2);

	if (!t)
		return ENOMEM;
	t->peer = p;
	talloc_set_destructor(t, h2_gone);
	p->talk = t;
	p->proto = &h2_proto;
	if (new_session(t) || !pump_out(t))
		return ENOMEM;
	cw_peer_wait(p, IDLE_US);
	return 0;
}
