/*
 * One WebSocket per stream, kept open between the segments. A segment ends with Finalize; its text is what came as final since it began.
 *
 *   feed ─▶ audio (mu-law, from the last final on) ─▶ send() ─▶ link     link breaks: a new one gets `audio` again, at `replay` times
 *                                                                         real time as Deepgram asks
 *
 * Positions count samples of the stream. Deepgram's times begin at 0 with each link: `link_base` is where that was.
 */
#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "speech/deepgram.h"
#include "speech/drivers.h"
#include "speech/stt_deepgram_int.h"

#define CHUNK          800u     /* samples of a message: 100 ms */
#define CHUNK_MAX      2000u    /* 250 ms */
#define KEEP_ALIVE_US  4000000u /* Deepgram hangs up after 10 s of nothing */
#define CONNECT_US     3000000u
#define STALL_US       4000000u /* interim results come once a second */
#define GRACE_US       300000u  /* Finalize may stay unanswered when all was final already */
#define REPLAY_TICK_US 100000u
#define TRIES          4u
#define BACKOFF_US     250000u
#define BACKOFF_MAX_US 5000000u

static void link_up(void *arg);
static void send_audio(struct cw_deepgram_stream *s);

/* ---- results for the owner ---- */

static void segment_over(struct cw_deepgram_stream *s)
{
	s->state = CW_DEEPGRAM_IDLE;
	cw_timer_stop(&s->deadline);
	cw_timer_stop(&s->replay_timer);
}

/* Handlers run last: the owner may free us in them. */
static void deliver(struct cw_deepgram_stream *s)
{
	CW_BUF_SCOPED struct cw_buf text = s->said;
	double confidence = s->confidence;

	s->said = CW_BUF(CW_DEEPGRAM_SAID_MAX);
	if (s->state == CW_DEEPGRAM_FINISHING)
		s->usage.ttfs_us = cw_now(s->world) - s->finish_us;
	segment_over(s);
	s->ev.final(text.len ? text.p : "", text.len ? confidence : -1, s->arg);
}

static void segment_failed(struct cw_deepgram_stream *s, int err, const char *reason)
{
	char text[CW_DEEPGRAM_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%s", reason);
	segment_over(s);
	s->ev.failed(err, text, s->arg);
}

static void partial(struct cw_deepgram_stream *s)
{
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(2 * CW_DEEPGRAM_SAID_MAX);

	cw_buf_put(&text, s->said.p ? s->said.p : "", s->said.len);
	if (text.len && s->interim.len)
		cw_buf_putc(&text, ' ');
	cw_buf_put(&text, s->interim.p ? s->interim.p : "", s->interim.len);
	if (text.len && !cw_buf_err(&text) && s->ev.partial)
		s->ev.partial(text.p, s->arg);
}

/* ---- the link ---- */

static void link_down(struct cw_deepgram_stream *s)
{
	talloc_free(s->ws);
	s->ws = NULL;
	s->open = s->paced = s->finalized = false;
	cw_timer_stop(&s->keep_alive);
	cw_timer_stop(&s->replay_timer);
	s->sent = s->base;
	cw_buf_reset(&s->interim);
}

static uint64_t backoff(struct cw_deepgram_stream *s)
{
	uint64_t wait = s->tries ? BACKOFF_US << (s->tries < 6 ? s->tries - 1 : 5) : 0;

	if (wait > BACKOFF_MAX_US)
		wait = BACKOFF_MAX_US;
	return wait + (uint64_t)((double)wait * cw_rng_unit(cw_rng(s->world)) / 4);
}

/* The link is gone, for @err. Tells the owner when the segment cannot be saved: last thing done. */
static void link_lost(struct cw_deepgram_stream *s, int err, const char *reason)
{
	bool hopeless = err == EACCES || err == EDQUOT || err == EINVAL || err == EPROTO;

	s->usage.reconnects += s->open;
	link_down(s);
	s->tries++;
	s->last_err = err;
	(void)snprintf(s->last_reason, sizeof(s->last_reason), "%s", reason);
	hopeless = hopeless || s->tries > TRIES;
	if (!hopeless)
		cw_timer_start(&s->connect_timer, backoff(s), link_up, s);
	if (hopeless && s->state != CW_DEEPGRAM_IDLE)
		segment_failed(s, err, reason);
}

static int send_text(struct cw_deepgram_stream *s, const char *text)
{
	s->sent_us = cw_now(s->world);
	return cw_ws_send(s->ws, CW_WS_TEXT, text, strlen(text));
}

/* Deepgram wants audio in the first 10 s, and later at least a sign of life. */
static void keep_alive(void *arg)
{
	static const uint8_t silence[CHUNK] = {[0 ... CHUNK - 1] = CW_ULAW_SILENCE};
	struct cw_deepgram_stream *s = arg;
	int err = 0;

	if (cw_now(s->world) - s->sent_us >= KEEP_ALIVE_US - KEEP_ALIVE_US / 8) {
		if (s->sent == s->link_base && s->sent == s->base + s->audio.len) {
			err = cw_ws_send(s->ws, CW_WS_BINARY, silence, sizeof(silence));
			s->base += CHUNK;
			s->sent += CHUNK;
			s->usage.seconds += (double)CHUNK / CW_RATE_HZ;
			s->sent_us = cw_now(s->world);
		} else {
			err = send_text(s, "{\"type\":\"KeepAlive\"}");
		}
	}
	cw_timer_start(&s->keep_alive, KEEP_ALIVE_US, keep_alive, s);
	if (err)
		link_lost(s, ECONNRESET, "deepgram takes no more data");
}

static void on_open(void *arg)
{
	struct cw_deepgram_stream *s = arg;

	s->open = true;
	s->link_base = s->sent = s->base;
	s->heard_us = s->sent_us = cw_now(s->world);
	s->paced = s->audio.len > CW_RATE_HZ;
	cw_timer_start(&s->keep_alive, KEEP_ALIVE_US, keep_alive, s);
	send_audio(s);
}

static void on_closed(int err, unsigned code, void *arg)
{
	struct cw_deepgram_stream *s = arg;
	char reason[CW_DEEPGRAM_TEXT_MAX];

	err = cw_deepgram_closed(err, code, reason);
	link_lost(s, err, reason);
}

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg);

static void link_up(void *arg)
{
	static const struct cw_ws_events events = {.open = on_open, .message = on_message, .closed = on_closed};
	struct cw_deepgram_stream *s = arg;
	CW_SCOPED char *url =
		talloc_asprintf(NULL, "%s/v1/listen?%s%s", s->server.ws, s->query, s->terms ? s->terms : "");
	const struct cw_header header = {"Authorization", s->server.authorization};
	struct cw_ws_req req = {
		.url = url, .headers = &header, .n_headers = s->server.authorization ? 1 : 0, .connect_us = CONNECT_US};
	int err;

	if (s->ws)
		return;
	err = url ? cw_ws_connect(s, s->world, &req, &events, s, &s->ws) : ENOMEM;
	if (err) {
		s->ws = NULL;
		link_lost(s, err == EINVAL ? EINVAL : err,
			err == EINVAL ? "CW_DEEPGRAM_URL is no address" : strerror(err));
	}
}

/* ---- audio out ---- */

static void no_answer(void *arg)
{
	struct cw_deepgram_stream *s = arg;
	char reason[128];
	int err = ETIMEDOUT;

	(void)snprintf(reason, sizeof(reason), "deepgram: no final result within %u ms", s->deadline_ms);
	if (s->tries) /* links broke without bringing us on */
		err = s->last_err;
	if (s->open) { /* whoever does not answer will not answer the next one either */
		link_down(s);
		s->usage.reconnects++;
		cw_timer_start(&s->connect_timer, 0, link_up, s);
	}
	segment_failed(s, err, err == ETIMEDOUT ? reason : s->last_reason);
}

/* Everything was final before Finalize was sent, and nothing followed. */
static void nothing_left(void *arg)
{
	struct cw_deepgram_stream *s = arg;

	deliver(s);
}

static void finalize(struct cw_deepgram_stream *s)
{
	s->finalized = true;
	if (send_text(s, "{\"type\":\"Finalize\"}"))
		cw_timer_start(&s->deadline, 0, no_answer, s);
	else if (s->ended && !s->interim.len)
		cw_timer_start(&s->deadline, GRACE_US, nothing_left, s);
}

static void on_replay(void *arg)
{
	struct cw_deepgram_stream *s = arg;

	if (s->open)
		send_audio(s);
}

static void send_some(struct cw_deepgram_stream *s, uint64_t until, bool all)
{
	while (s->sent < until) {
		size_t n = until - s->sent > CHUNK_MAX ? CHUNK_MAX : (size_t)(until - s->sent);

		if (n < CHUNK && !all)
			return;
		if (cw_ws_send(s->ws, CW_WS_BINARY, s->audio.p + (s->sent - s->base), n)) {
			s->stuck = true;
			return;
		}
		s->sent += n;
		s->sent_us = cw_now(s->world);
		s->usage.seconds += (double)n / CW_RATE_HZ;
	}
}

static void send_audio(struct cw_deepgram_stream *s)
{
	uint64_t total = s->base + s->audio.len, until = total;
	bool flush = s->state == CW_DEEPGRAM_FINISHING;

	if (!s->open || cw_timer_active(&s->replay_timer) || s->state == CW_DEEPGRAM_IDLE)
		return;
	if (s->paced) {
		until = s->sent + (uint64_t)(CHUNK * s->replay);
		s->paced = until < total;
		if (!s->paced)
			until = total;
		else
			cw_timer_start(&s->replay_timer, REPLAY_TICK_US, on_replay, s);
	}
	send_some(s, until, flush || s->paced);
	if (flush && s->sent == total && !s->finalized)
		finalize(s);
}

/* ---- what Deepgram says ---- */

static void join(struct cw_buf *b, struct cw_str text)
{
	if (!text.len || b->len + text.len + 1 > b->max)
		return;
	if (b->len)
		cw_buf_putc(b, ' ');
	cw_buf_put(b, text.p, text.len);
}

/* What is final need not be sent again. */
static void forget_audio(struct cw_deepgram_stream *s, uint64_t end)
{
	uint64_t upto = end < s->sent ? end : s->sent;

	if (upto <= s->base)
		return;
	cw_buf_trim_front(&s->audio, (size_t)(upto - s->base));
	s->base = upto;
}

static void take_results(struct cw_deepgram_stream *s, const struct cw_deepgram_msg *m)
{
	uint64_t end = s->link_base + (uint64_t)((m->start + m->duration) * CW_RATE_HZ + 0.5);
	bool done;

	if (s->state == CW_DEEPGRAM_IDLE || end <= s->segment)
		return; /* of a segment that was given up */
	cw_buf_reset(&s->interim);
	if (m->is_final) {
		s->tries = 0;
		join(&s->said, m->text);
		if (m->text.len && m->confidence >= 0 && (s->confidence < 0 || m->confidence < s->confidence))
			s->confidence = m->confidence;
		s->ended = m->speech_final || (s->ended && !m->text.len);
		forget_audio(s, end);
	} else {
		join(&s->interim, m->text);
		s->ended = s->ended && !m->text.len;
	}
	done = s->state == CW_DEEPGRAM_FINISHING && s->finalized && m->is_final &&
	       (m->from_finalize || end >= s->base + s->audio.len);
	if (done || (s->provider_turns && m->speech_final && s->said.len))
		deliver(s);
	else if (m->text.len)
		partial(s);
}

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct cw_deepgram_stream *s = arg;
	struct cw_deepgram_msg m;
	char reason[CW_DEEPGRAM_TEXT_MAX];

	s->heard_us = cw_now(s->world);
	if (kind != CW_WS_TEXT || cw_deepgram_parse((struct cw_str){bytes, n}, &m)) {
		link_lost(s, EPROTO, "deepgram sent what is no message of theirs");
		return;
	}
	if (m.kind == CW_DEEPGRAM_RESULTS) {
		take_results(s, &m);
	} else if (m.kind == CW_DEEPGRAM_UTTERANCE_END) {
		if (s->state != CW_DEEPGRAM_IDLE && s->provider_turns && s->said.len && !s->ended)
			deliver(s);
	} else if (m.kind == CW_DEEPGRAM_ERROR) {
		(void)snprintf(
			reason, sizeof(reason), "deepgram: %.*s", m.text.len < 300 ? (int)m.text.len : 300, m.text.p);
		link_lost(s, EREMOTEIO, reason);
	}
	cw_deepgram_msg_clear(&m);
}

/* ---- the driver's table ---- */

static void stream_expect(struct cw_stt *stt, const struct cw_hints *hints)
{
	struct cw_deepgram_stream *s = (struct cw_deepgram_stream *)stt;

	if (s->state != CW_DEEPGRAM_IDLE || !s->keyterms || !cw_deepgram_terms_add(s, hints) || !s->ws)
		return;
	link_down(s); /* terms belong to a link */
	cw_timer_start(&s->connect_timer, 0, link_up, s);
}

static void stream_cancel(struct cw_stt *stt)
{
	struct cw_deepgram_stream *s = (struct cw_deepgram_stream *)stt;

	if (s->state == CW_DEEPGRAM_IDLE)
		return;
	if (s->open && !s->finalized && s->sent > s->segment)
		(void)send_text(s, "{\"type\":\"Finalize\"}"); /* a broken link tells by `closed` */
	segment_over(s);
}

static void stream_begin(struct cw_stt *stt)
{
	struct cw_deepgram_stream *s = (struct cw_deepgram_stream *)stt;

	stream_cancel(stt);
	s->base = s->segment = s->sent;
	cw_buf_reset(&s->audio);
	cw_buf_reset(&s->said);
	cw_buf_reset(&s->interim);
	s->confidence = -1;
	s->ended = s->finalized = s->paced = s->stuck = false;
	s->state = CW_DEEPGRAM_HEARING;
	s->heard_us = cw_now(s->world);
	if (s->open)
		return;
	if (!s->ws && !cw_timer_active(&s->connect_timer)) {
		s->tries = 0;
		cw_timer_start(&s->connect_timer, 0, link_up, s);
	}
}

static void on_stalled(void *arg)
{
	struct cw_deepgram_stream *s = arg;

	s->stuck = false;
	link_lost(s, ETIMEDOUT, "deepgram fell silent while it was listening");
}

static void stream_feed(struct cw_stt *stt, const int16_t *pcm, size_t n)
{
	struct cw_deepgram_stream *s = (struct cw_deepgram_stream *)stt;
	uint8_t ulaw[CW_FRAME_SAMPLES];

	if (s->state != CW_DEEPGRAM_HEARING)
		return;
	for (size_t some; n; pcm += some, n -= some) {
		some = n < sizeof(ulaw) ? n : sizeof(ulaw);
		if (s->audio.len + some > CW_DEEPGRAM_KEPT_MAX) {
			cw_buf_trim_front(&s->audio, CW_RATE_HZ);
			s->base += CW_RATE_HZ;
			if (s->sent < s->base) {
				s->usage.lost_us += (s->base - s->sent) * 1000000 / CW_RATE_HZ;
				s->sent = s->base;
			}
		}
		cw_ulaw_encode(pcm, ulaw, some);
		cw_buf_put(&s->audio, ulaw, some);
	}
	send_audio(s);
	if (s->open && !cw_timer_active(&s->deadline) &&
		(s->stuck || cw_buf_err(&s->audio) ||
			(s->sent > s->segment && cw_now(s->world) - s->heard_us > STALL_US)))
		cw_timer_start(&s->deadline, 0, on_stalled, s);
}

static void stream_finish(struct cw_stt *stt)
{
	struct cw_deepgram_stream *s = (struct cw_deepgram_stream *)stt;
	uint64_t behind, wait;

	if (s->state != CW_DEEPGRAM_HEARING)
		return;
	s->state = CW_DEEPGRAM_FINISHING;
	s->finish_us = cw_now(s->world);
	behind = s->base + s->audio.len - s->sent;
	wait = (uint64_t)s->deadline_ms * 1000;
	if (behind > CW_RATE_HZ) /* the rest of a replay takes its time */
		wait += (uint64_t)((double)behind * 1e6 / CW_RATE_HZ / s->replay);
	cw_timer_start(&s->deadline, wait, no_answer, s);
	send_audio(s);
}

static void stream_usage(const struct cw_stt *stt, struct cw_stt_usage *ret)
{
	*ret = ((const struct cw_deepgram_stream *)stt)->usage;
}

static int stream_destroy(struct cw_deepgram_stream *s)
{
	cw_timer_stop(&s->connect_timer);
	cw_timer_stop(&s->keep_alive);
	cw_timer_stop(&s->deadline);
	cw_timer_stop(&s->replay_timer);
	cw_buf_clear(&s->audio);
	cw_buf_clear(&s->said);
	cw_buf_clear(&s->interim);
	return 0;
}

static int stream_open(void *parent, struct cw_world *w, const struct cw_stt_conf *conf, const struct cw_stt_events *ev,
	void *arg, struct cw_stt **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_deepgram_stream *s = talloc_zero(NULL, struct cw_deepgram_stream);
	char who[160];
	int err;

	if (!s)
		return ENOMEM;
	s->stt.driver = &cw_stt_deepgram;
	s->world = w;
	s->ev = *ev;
	s->arg = arg;
	s->audio = CW_BUF(CW_DEEPGRAM_KEPT_MAX + CW_RATE_HZ);
	s->said = CW_BUF(CW_DEEPGRAM_SAID_MAX);
	s->interim = CW_BUF(CW_DEEPGRAM_SAID_MAX);
	cw_timer_init(&s->connect_timer, w);
	cw_timer_init(&s->keep_alive, w);
	cw_timer_init(&s->deadline, w);
	cw_timer_init(&s->replay_timer, w);
	talloc_set_destructor(s, stream_destroy);
	(void)snprintf(who, sizeof(who), "recogniser '%s'", conf->engine);
	err = cw_deepgram_stream_conf(s, conf, why);
	if (!err)
		err = cw_deepgram_init(&s->server, s, who, why);
	if (err)
		return err;
	cw_timer_start(&s->connect_timer, 0, link_up, s); /* warm before the first word */
	*ret = &s->stt;
	(void)talloc_move(parent, &s);
	return 0;
}

const struct cw_stt_driver cw_stt_deepgram = {
	.name = "deepgram",
	.about = "Deepgram's live recogniser over the network (deepgram:nova-3; key: CW_DEEPGRAM_API_KEY)",
	.open = stream_open,
	.expect = stream_expect,
	.begin = stream_begin,
	.feed = stream_feed,
	.finish = stream_finish,
	.cancel = stream_cancel,
	.usage = stream_usage,
};
