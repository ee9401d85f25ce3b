/* Voices by WebSocket: Speak gathers, Flush speaks, Clear forgets, Close says the rest and goodbye. */
#include <errno.h>
#include <string.h>

#include "speech/tts.h"
#include "standin/deepgram_int.h"

#define SPEAK_MAX   2000u /* characters of a message */
#define PENDING_MAX 64u
#define QUEUE_MAX   (16u << 20)

struct talk {
	struct cw_standin_deepgram *standin;
	struct cw_ws *ws;
	struct cw_tts *tts;
	struct cw_tts_job *job;
	struct cw_deepgram_sound sound;
	struct cw_standin_fault_conf fault;
	struct cw_timer timer;
	struct cw_buf text;
	char *pending[PENDING_MAX]; /* texts of flushes to come */
	unsigned first, n, sequence, cleared;
	uint64_t flushes[20];
	unsigned n_flushes;
	bool closing, mute;
};

static void next(struct talk *t);

static void over(struct talk *t, unsigned code, const char *reason)
{
	t->mute = true;
	talloc_free(t->job);
	t->job = NULL;
	cw_timer_stop(&t->timer);
	cw_ws_close(t->ws, code, reason);
}

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct talk *t = arg;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4u << 20);

	if (t->mute || t->fault.kind == CW_STANDIN_EMPTY || cw_deepgram_sound_encode(&t->sound, pcm, n, &b))
		return;
	if (t->fault.kind == CW_STANDIN_GARBAGE)
		(void)cw_ws_send(t->ws, CW_WS_TEXT, "{\"type\":\"Meta", 13); /* the fault itself */
	else if (b.len)
		(void)cw_ws_send(t->ws, CW_WS_BINARY, b.p, b.len); /* a client that left is told by `closed` */
	if (t->fault.kind == CW_STANDIN_STALL || t->fault.kind == CW_STANDIN_CUT ||
		t->fault.kind == CW_STANDIN_ERROR_EVENT)
		t->mute = true;
}

static void say_flushed(struct talk *t)
{
	if (!t->mute)
		cw_deepgram_send(
			t->ws, json_pack("{s:s, s:I}", "type", "Flushed", "sequence_id", (json_int_t)t->sequence++));
}

static void on_done(int err, const char *reason, void *arg)
{
	struct talk *t = arg;

	(void)reason;
	talloc_free(t->job);
	t->job = NULL;
	if (t->fault.kind == CW_STANDIN_CUT && t->mute) {
		talloc_free(t); /* without a close frame */
		return;
	}
	if (t->fault.kind == CW_STANDIN_ERROR_EVENT && t->mute) {
		over(t, 1011, "NET-0000");
		return;
	}
	if (err && err != ENODATA) {
		over(t, 1011, "NET-0000");
		return;
	}
	say_flushed(t);
	next(t);
}

static void start(void *arg)
{
	static const struct cw_tts_events events = {.audio = on_audio, .done = on_done};
	struct talk *t = arg;
	CW_SCOPED char *text = t->pending[t->first];
	int err;

	t->pending[t->first] = NULL;
	t->first = (t->first + 1) % PENDING_MAX;
	t->n--;
	err = text ? cw_tts_say(t, t->tts, text, &events, t, &t->job) : ENOMEM;
	if (err) {
		t->job = NULL;
		over(t, 1011, "NET-0000");
	}
}

static void next(struct talk *t)
{
	if (t->job || cw_timer_active(&t->timer) || t->mute)
		return;
	if (t->n)
		cw_timer_start(&t->timer, t->standin->conf.latency_us, start, t);
	else if (t->closing)
		over(t, 1000, "");
}

static void flush(struct talk *t)
{
	uint64_t now = cw_now(t->standin->world), oldest = t->flushes[t->n_flushes % 20];

	if (t->n_flushes >= 20 && now - oldest < 60000000) {
		cw_deepgram_send(t->ws, json_pack("{s:s, s:s, s:s}", "type", "Warning", "description",
						"Too many Flush messages: 20 per 60 s", "code", "EXCESSIVE_FLUSH"));
		return;
	}
	t->flushes[t->n_flushes++ % 20] = now;
	if (!t->text.len && !t->job && !t->n) {
		say_flushed(t);
		return;
	}
	if (t->n == PENDING_MAX) {
		over(t, 1008, "DATA-0001");
		return;
	}
	t->pending[(t->first + t->n) % PENDING_MAX] = t->text.len ? cw_buf_take(&t->text, t) : talloc_strdup(t, "");
	t->text = CW_BUF(4000);
	t->n++;
	next(t);
}

static void clear(struct talk *t)
{
	talloc_free(t->job);
	t->job = NULL;
	cw_timer_stop(&t->timer);
	for (; t->n; t->n--) {
		talloc_free(t->pending[t->first]);
		t->pending[t->first] = NULL;
		t->first = (t->first + 1) % PENDING_MAX;
	}
	cw_buf_reset(&t->text);
	cw_deepgram_send(t->ws, json_pack("{s:s, s:I}", "type", "Cleared", "sequence_id", (json_int_t)t->sequence++));
}

static void add_text(struct talk *t, const json_t *m)
{
	const json_t *text = json_object_get(m, "text");

	if (!json_is_string(text)) {
		over(t, 1008, "DATA-0000");
		return;
	}
	if (json_string_length(text) > SPEAK_MAX) {
		over(t, 1009, "BIG-0000");
		return;
	}
	cw_buf_puts(&t->text, json_string_value(text));
	if (cw_buf_err(&t->text))
		over(t, 1008, "DATA-0001");
}

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct talk *t = arg;
	CW_JSON_SCOPED json_t *m = NULL;
	const char *type;

	if (t->mute)
		return;
	if (kind != CW_WS_TEXT || cw_json_parse(bytes, n, &m, NULL)) {
		over(t, 1003, "MESSAGE-0000");
		return;
	}
	type = cw_json_str(m, "type", "");
	if (!strcmp(type, "Speak")) {
		add_text(t, m);
	} else if (!strcmp(type, "Flush")) {
		flush(t);
	} else if (!strcmp(type, "Clear")) {
		clear(t);
	} else if (!strcmp(type, "Close")) {
		t->closing = true;
		if (t->text.len)
			flush(t);
		next(t);
	} else {
		over(t, 1003, "MESSAGE-0000");
	}
}

static void on_closed(int err, unsigned code, void *arg)
{
	(void)err;
	(void)code;
	talloc_free(arg);
}

static int talk_destroy(struct talk *t)
{
	cw_timer_stop(&t->timer);
	cw_buf_clear(&t->text);
	return 0;
}

static void greet(struct talk *t, const char *model)
{
	char id[37], uuid[37];

	cw_deepgram_uuid(t->standin->world, id);
	cw_deepgram_uuid(t->standin->world, uuid);
	cw_deepgram_send(t->ws, json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "Metadata", "request_id", id,
					"model_name", model, "model_version", "2026-01-01.0", "model_uuid", uuid));
}

void cw_deepgram_speak(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_deepgram_asked *asked,
	const struct cw_standin_fault_conf *fault)
{
	static const struct cw_ws_events events = {.message = on_message, .closed = on_closed};
	const struct cw_ws_limits limits = {.max_queue = QUEUE_MAX};
	const struct cw_tts_conf voice = {.voice = s->conf.voice, .language = "en-US", .speed = asked->speed};
	CW_SCOPED struct talk *t = talloc_zero(NULL, struct talk);
	unsigned rate = asked->rate_hz * (s->conf.wrong_rate ? 2 : 1);
	int err = t ? 0 : ENOMEM;
	struct cw_deepgram_refusal r;

	if (!err) {
		t->standin = s;
		t->fault = *fault;
		t->mute = fault->kind == CW_STANDIN_SILENT;
		t->sound.encoding = asked->encoding;
		t->text = CW_BUF(4000);
		cw_timer_init(&t->timer, s->world);
		talloc_set_destructor(t, talk_destroy);
		err = cw_tts_open(t, s->world, &voice, &t->tts, NULL);
	}
	if (!err && rate != 8000)
		err = cw_resampler_new(t, 8000, rate, &t->sound.resampler);
	if (err) {
		(void)cw_deepgram_refuse(&r, 500, "INTERNAL_SERVER_ERROR", "%s", strerror(err));
		cw_deepgram_answer_error(s, x, &r, 0);
		return;
	}
	if (cw_ws_accept(t, x, &limits, &events, t, &t->ws))
		return; /* the client left */
	if (!t->mute)
		greet(t, asked->model);
	(void)talloc_move(s, &t);
}
