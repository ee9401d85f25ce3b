/*
 * One WebSocket per voice, kept open between sentences; they are spoken one after the other. A sentence cancelled in the middle is cleared
 * at Deepgram's, and what still comes of it is thrown away until Cleared. Where no WebSocket is to be had (refused, or flushed too often),
 * a sentence is fetched by HTTP (tts_deepgram_rest.c).
 */
#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/json.h"
#include "speech/drivers.h"
#include "speech/spec.h"
#include "speech/tts_deepgram_int.h"
#include "world/url.h"

#define CONNECT_US   3000000u
#define CLEARED_US   1500000u
#define REST_ONLY_US 60000000u /* after a refusal, until the WebSocket is tried again */
#define SPEAK_MAX    1900u     /* bytes of one Speak; 2000 characters are allowed */
#define WINDOW_US    60000000u

static void pump(void *arg);
static void connect_link(struct cw_deepgram_voice *v);

/* ---- the end of a sentence ---- */

static void unlink_job(struct cw_tts_job *j)
{
	struct cw_tts_job **at = &j->voice->head;

	while (*at && *at != j)
		at = &(*at)->next;
	if (*at)
		*at = j->next;
	j->next = NULL;
	cw_timer_stop(&j->timer);
}

static void link_down(struct cw_deepgram_voice *v)
{
	talloc_free(v->ws);
	v->ws = NULL;
	v->open = v->clearing = false;
	cw_timer_stop(&v->clear_timer);
}

/* Last thing done: the owner may free job and voice. */
void cw_deepgram_job_end(struct cw_tts_job *j, int err, const char *reason)
{
	struct cw_deepgram_voice *v = j->voice;

	unlink_job(j);
	j->voice = NULL;
	cw_timer_start(&v->timer, 0, pump, v);
	if (!err && !j->samples) {
		err = ENODATA;
		reason = "deepgram gave no audio";
	}
	j->ev->done(err, err ? reason : NULL, j->arg);
}

static void overdue(void *arg)
{
	struct cw_tts_job *j = arg;

	if (j->state == CW_DEEPGRAM_SPEAKING || j->state == CW_DEEPGRAM_WAITING)
		link_down(j->voice);
	talloc_free(j->http);
	j->http = NULL;
	cw_deepgram_job_end(
		j, ETIMEDOUT, j->samples ? "deepgram stopped in mid-sentence" : "deepgram gave no audio in time");
}

bool cw_deepgram_job_audio(struct cw_tts_job *j, const uint8_t *ulaw, size_t n)
{
	uint64_t most = CW_RATE_HZ * (4 + strlen(j->text) * 6 / 10);
	int16_t pcm[800];
	bool gone = false;

	if (j->samples + n > most) {
		if (j->state == CW_DEEPGRAM_SPEAKING)
			link_down(j->voice);
		cw_deepgram_job_end(j, EPROTO, "deepgram sent more audio than the text can have");
		return false;
	}
	if (!j->samples)
		j->voice->usage.first_us = cw_now(j->voice->world) - j->asked_us;
	j->samples += n;
	cw_timer_start(&j->timer, CW_DEEPGRAM_GAP_US, overdue, j);
	/* cppcheck-suppress autoVariables ; taken back before we return */
	j->gone = &gone;
	for (size_t some; n; ulaw += some, n -= some) {
		some = n < CW_COUNT(pcm) ? n : CW_COUNT(pcm);
		cw_ulaw_decode(ulaw, pcm, some);
		j->ev->audio(pcm, some, j->arg);
		if (gone)
			return false;
	}
	j->gone = NULL;
	return true;
}

/* ---- the link ---- */

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct cw_deepgram_voice *v = arg;
	struct cw_tts_job *j = v->head && v->head->state == CW_DEEPGRAM_SPEAKING ? v->head : NULL;
	struct cw_deepgram_msg m;
	char reason[CW_DEEPGRAM_TEXT_MAX];

	if (kind == CW_WS_BINARY) {
		if (j && !v->clearing && n)
			(void)cw_deepgram_job_audio(j, bytes, n);
		return;
	}
	if (cw_deepgram_parse((struct cw_str){bytes, n}, &m)) {
		link_down(v);
		if (j)
			cw_deepgram_job_end(j, EPROTO, "deepgram sent what is no message of theirs");
		return;
	}
	(void)snprintf(reason, sizeof(reason), "deepgram: %.*s", m.text.len < 300 ? (int)m.text.len : 300,
		m.text.p ? m.text.p : "");
	cw_deepgram_msg_clear(&m);
	if (m.kind == CW_DEEPGRAM_CLEARED && v->clearing) {
		v->clearing = false;
		cw_timer_stop(&v->clear_timer);
		pump(v);
	} else if (m.kind == CW_DEEPGRAM_FLUSHED && j && !v->clearing) {
		if (!j->samples) /* a link that gives nothing is not worth keeping */
			link_down(v);
		cw_deepgram_job_end(j, 0, NULL);
	} else if (m.kind == CW_DEEPGRAM_ERROR) {
		link_down(v);
		if (j)
			cw_deepgram_job_end(j, EREMOTEIO, reason);
	}
}

static void on_open(void *arg)
{
	struct cw_deepgram_voice *v = arg;

	v->open = true;
	pump(v);
}

/* A refusal of WebSockets as such, not of us: HTTP may do. */
static bool try_rest(int err, unsigned code)
{
	return (err == EACCES && code != 401 && code != 402 && code != 403 && code != 429) || err == EPROTO;
}

static void on_closed(int err, unsigned code, void *arg)
{
	struct cw_deepgram_voice *v = arg;
	struct cw_tts_job *j = v->head && v->head->state != CW_DEEPGRAM_FETCHING ? v->head : NULL;
	bool was_open = v->open, fresh = j && !j->samples && !j->again;
	char reason[CW_DEEPGRAM_TEXT_MAX];
	int kind = cw_deepgram_closed(err, code, reason);

	link_down(v);
	if (!was_open && try_rest(err, code))
		v->rest_until_us = cw_now(v->world) + REST_ONLY_US;
	else if (!j)
		return; /* a new one is made when something is to be said */
	else if (!was_open || !fresh || kind == EPROTO) {
		cw_deepgram_job_end(j, kind, reason);
		return;
	} else if (j) { /* nothing of it was heard: once more */
		j->again = true;
		j->state = CW_DEEPGRAM_WAITING;
	}
	pump(v);
}

static void connect_link(struct cw_deepgram_voice *v)
{
	static const struct cw_ws_events events = {.open = on_open, .message = on_message, .closed = on_closed};
	CW_SCOPED char *url = talloc_asprintf(NULL, "%s/v1/speak?%s", v->server.ws, v->query);
	const struct cw_header header = {"Authorization", v->server.authorization};
	struct cw_ws_req req = {
		.url = url, .headers = &header, .n_headers = v->server.authorization ? 1 : 0, .connect_us = CONNECT_US};
	struct cw_tts_job *j = v->head;
	int err = url ? cw_ws_connect(v, v->world, &req, &events, v, &v->ws) : ENOMEM;

	if (!err)
		return;
	v->ws = NULL;
	if (j)
		cw_deepgram_job_end(j, err, err == EINVAL ? "CW_DEEPGRAM_URL is no address" : strerror(err));
}

/* ---- speaking ---- */

static int send_type(struct cw_deepgram_voice *v, const char *type)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "{\"type\":\"%s\"}", type);

	return cw_ws_send(v->ws, CW_WS_TEXT, text, (size_t)n);
}

size_t cw_deepgram_cut(struct cw_str text, size_t most)
{
	size_t n = text.len;

	if (n <= most)
		return n;
	for (n = most; n && text.p[n - 1] != ' ';)
		n--;
	if (n)
		return n;
	for (n = most; n > 1 && ((unsigned char)text.p[n] & 0xC0) == 0x80;)
		n--;
	return n;
}

static int send_speak(struct cw_deepgram_voice *v, struct cw_str text)
{
	CW_JSON_SCOPED json_t *o = json_pack("{s:s, s:o}", "type", "Speak", "text", json_stringn(text.p, text.len));
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(32768);

	cw_json_dump(&b, o);
	return !o ? EINVAL : cw_buf_err(&b) ? cw_buf_err(&b) : cw_ws_send(v->ws, CW_WS_TEXT, b.p, b.len);
}

static bool may_flush(struct cw_deepgram_voice *v)
{
	uint64_t now = cw_now(v->world), oldest = v->flushes[v->n_flushes % CW_DEEPGRAM_FLUSHES];

	return v->n_flushes < CW_DEEPGRAM_FLUSHES || now - oldest >= WINDOW_US;
}

static void speak(struct cw_deepgram_voice *v, struct cw_tts_job *j)
{
	struct cw_str rest = cw_str(j->text);
	int err = 0;

	j->state = CW_DEEPGRAM_SPEAKING;
	while (!err && rest.len) {
		size_t n = cw_deepgram_cut(rest, SPEAK_MAX);

		err = send_speak(v, (struct cw_str){rest.p, n});
		rest.p += n;
		rest.len -= n;
	}
	if (!err)
		err = send_type(v, "Flush");
	if (err) {
		link_down(v);
		cw_deepgram_job_end(j, err == EINVAL ? EINVAL : ECONNRESET,
			err == EINVAL ? "the text is no UTF-8" : "deepgram takes no more data");
		return;
	}
	v->flushes[v->n_flushes++ % CW_DEEPGRAM_FLUSHES] = cw_now(v->world);
	v->usage.characters += cw_deepgram_characters(j->text);
}

static void pump(void *arg)
{
	struct cw_deepgram_voice *v = arg;
	struct cw_tts_job *j = v->head;

	if (!j) {
		if (!v->ws && !v->warmed && cw_now(v->world) >= v->rest_until_us)
			connect_link(v);
		v->warmed = true;
		return;
	}
	if (j->state != CW_DEEPGRAM_WAITING || v->clearing)
		return;
	if (!cw_timer_active(&j->timer))
		cw_timer_start(&j->timer, CW_DEEPGRAM_FIRST_US, overdue, j);
	if (cw_now(v->world) < v->rest_until_us || !may_flush(v))
		cw_deepgram_fetch(j);
	else if (v->open)
		speak(v, j);
	else if (!v->ws)
		connect_link(v);
}

static void not_cleared(void *arg)
{
	struct cw_deepgram_voice *v = arg;

	link_down(v);
	pump(v);
}

/* ---- the driver's table ---- */

static int job_destroy(struct cw_tts_job *j)
{
	struct cw_deepgram_voice *v = j->voice;

	cw_timer_stop(&j->timer);
	cw_buf_clear(&j->body);
	if (j->gone)
		*j->gone = true;
	if (!v)
		return 0;
	unlink_job(j);
	if (j->state == CW_DEEPGRAM_SPEAKING && v->open) {
		v->clearing = true;
		if (send_type(v, "Clear"))
			cw_timer_start(&v->clear_timer, 0, not_cleared, v);
		else
			cw_timer_start(&v->clear_timer, CLEARED_US, not_cleared, v);
	}
	if (v->head)
		cw_timer_start(&v->timer, 0, pump, v);
	return 0;
}

static int voice_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret)
{
	struct cw_deepgram_voice *v = (struct cw_deepgram_voice *)t;
	CW_SCOPED struct cw_tts_job *j = talloc_zero(NULL, struct cw_tts_job);
	struct cw_tts_job **at = &v->head;

	if (!j)
		return ENOMEM;
	j->text = talloc_strdup(j, text);
	if (!j->text)
		return ENOMEM;
	j->voice = v;
	j->ev = ev;
	j->arg = arg;
	j->asked_us = cw_now(v->world);
	cw_timer_init(&j->timer, v->world);
	talloc_set_destructor(j, job_destroy);
	while (*at)
		at = &(*at)->next;
	*at = j;
	cw_timer_start(&v->timer, 0, pump, v);
	*ret = talloc_move(parent, &j);
	return 0;
}

static int voice_destroy(struct cw_deepgram_voice *v)
{
	cw_timer_stop(&v->timer);
	cw_timer_stop(&v->clear_timer);
	for (struct cw_tts_job *j = v->head, *next; j; j = next) {
		next = j->next;
		cw_timer_stop(&j->timer);
		j->voice = NULL;
		if (j->gone)
			*j->gone = true;
		talloc_free(j->http);
		j->http = NULL;
	}
	return 0;
}

static int build_queries(struct cw_deepgram_voice *v, const struct cw_tts_conf *conf, struct cw_str model)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1024);

	cw_buf_puts(&b, "model=");
	cw_url_encode(&b, model);
	cw_buf_puts(&b, "&encoding=mulaw&sample_rate=8000");
	if (conf->speed > 0 && (conf->speed < 1 || conf->speed > 1))
		cw_buf_fmt(&b, "&speed=%.2f", conf->speed);
	v->query = cw_buf_take(&b, v);
	return v->query ? 0 : ENOMEM;
}

static int voice_open(
	void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_deepgram_voice *v = talloc_zero(NULL, struct cw_deepgram_voice);
	struct cw_str model = cw_spec_options(conf->voice);
	char who[160];
	int err;

	if (!v)
		return ENOMEM;
	v->tts.driver = &cw_tts_deepgram;
	v->world = w;
	cw_timer_init(&v->timer, w);
	cw_timer_init(&v->clear_timer, w);
	talloc_set_destructor(v, voice_destroy);
	if (memchr(model.p, '=', model.len) || memchr(model.p, ',', model.len))
		return cw_why_set(why, EINVAL,
			"voice '%s': only a model may follow the colon, like deepgram:aura-2-thalia-en", conf->voice);
	if (!model.len)
		model = CW_STR_LIT("aura-2-thalia-en");
	(void)snprintf(who, sizeof(who), "voice '%s'", conf->voice);
	err = build_queries(v, conf, model);
	if (!err)
		err = cw_deepgram_init(&v->server, v, who, why);
	if (err)
		return err;
	cw_timer_start(&v->timer, 0, pump, v); /* warm before the first sentence */
	*ret = &v->tts;
	(void)talloc_move(parent, &v);
	return 0;
}

static void voice_usage(const struct cw_tts *t, struct cw_tts_usage *ret)
{
	*ret = ((const struct cw_deepgram_voice *)t)->usage;
}

const struct cw_tts_driver cw_tts_deepgram = {
	.name = "deepgram",
	.about = "Deepgram's voices over the network (deepgram:aura-2-thalia-en; key: CW_DEEPGRAM_API_KEY)",
	.open = voice_open,
	.say = voice_say,
	.usage = voice_usage,
};
