/*
 * Live recognition: audio in, results out. Time is audio time: without audio nothing moves. Speech found by the voice detector opens a
 * segment of the engine; silence, Finalize or CloseStream end it. While the engine makes a final, audio waits in the inbox.
 */
#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "audio/vad.h"
#include "speech/stt.h"
#include "standin/deepgram_int.h"

#define FRAME        160u
#define PRE_ROLL     15u /* frames */
#define INBOX_MAX    (16u << 20)
#define TEXT_MAX     8192u
#define IDLE_US      10000000u
#define INTERIM_STEP 8000u  /* samples between two interim results */
#define PIECE_STEP   24000u /* samples until words that stand are made final */
#define FAULT_AT     8000u  /* samples until a fault of the middle strikes */

enum end { ENDPOINT, FINALIZE, CLOSE };

struct ear {
	struct cw_standin_deepgram *standin;
	struct cw_ws *ws;
	struct cw_stt *stt;
	struct cw_vad vad;
	struct cw_resampler *resampler; /* NULL: 8000 Hz comes in */
	struct cw_deepgram_asked asked;
	struct cw_standin_fault_conf fault;
	struct cw_timer idle, delay;
	struct cw_buf inbox; /* 16-bit samples of 8000 Hz */
	char id[37], uuid[37];
	bool had_audio, mute, segment, ending, finalize, close, utterance;
	enum end why;
	uint64_t at, span, interim_at; /* samples: heard, end of the last final, last interim */
	unsigned fresh;                /* frames in the ring that no segment has had */
	int16_t ring[PRE_ROLL][FRAME];
	unsigned ring_at;
	char heard[TEXT_MAX]; /* best guess of the segment */
	char last[TEXT_MAX];  /* its final, while it is delayed */
	double confidence;
	size_t told; /* words of the segment sent as final */
};

static void work(struct ear *e);

/* ---- results ---- */

static json_t *words_json(const char *text, double start, double end, double confidence)
{
	struct cw_str rest = cw_str(text), word;
	json_t *list = json_array();
	size_t n = 0, i = 0;

	while (cw_str_split(&rest, ' ', &word))
		n += word.len > 0;
	rest = cw_str(text);
	while (cw_str_split(&rest, ' ', &word)) {
		double each = (end - start) / (double)(n ? n : 1);
		json_t *o;

		if (!word.len)
			continue;
		o = json_pack("{s:o, s:f, s:f, s:f, s:o}", "word", json_stringn(word.p, word.len), "start",
			start + each * (double)i, "end", start + each * (double)(i + 1), "confidence", confidence,
			"punctuated_word", json_stringn(word.p, word.len));
		(void)json_array_append_new(list, o); /* without memory the list is short */
		i++;
	}
	return list;
}

static void send_results(struct ear *e, const char *text, bool is_final, bool speech_final, bool from_finalize)
{
	double start = (double)e->span / 8000, end = (double)e->at / 8000;

	if (e->fault.kind == CW_STANDIN_EMPTY)
		text = "";
	if (is_final)
		e->span = e->at;
	e->interim_at = e->at;
	if (e->mute || (is_final && e->fault.kind == CW_STANDIN_UNFINISHED))
		return;
	if (e->fault.kind == CW_STANDIN_GARBAGE) {
		(void)cw_ws_send(e->ws, CW_WS_TEXT, "{\"type\":\"Resu", 13); /* the fault itself */
		return;
	}
	cw_deepgram_send(e->ws,
		json_pack(
			"{s:s, s:[i,i], s:f, s:f, s:b, s:b, s:b, s:{s:[{s:s, s:f, s:o}]}, s:{s:s, s:{s:s, s:s, s:s}, s:s}}",
			"type", "Results", "channel_index", 0, 1, "duration", end - start, "start", start, "is_final",
			is_final, "speech_final", speech_final, "from_finalize", from_finalize, "channel",
			"alternatives", "transcript", text, "confidence", *text ? e->confidence : 0.0, "words",
			words_json(text, start, end, e->confidence), "metadata", "request_id", e->id, "model_info",
			"name", e->asked.model, "version", "2026-01-01.0", "arch", "standin", "model_uuid", e->uuid));
}

/* Text behind the first @n words. */
static const char *behind(const char *text, size_t n)
{
	for (; n && *text; n--) {
		text += strcspn(text, " ");
		text += *text == ' ';
	}
	return text;
}

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (; *text; text += *text == ' ') {
		n += *text != ' ';
		text += strcspn(text, " ");
	}
	return n;
}

static void say_goodbye(struct ear *e)
{
	if (!e->mute)
		cw_deepgram_send(
			e->ws, json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:i}", "type", "Metadata", "transaction_key",
				       "deprecated", "request_id", e->id, "sha256", "", "created",
				       "2026-01-01T00:00:00.000Z", "duration", (double)e->at / 8000, "channels", 1));
	e->mute = true;
	cw_ws_close(e->ws, 1000, "");
}

static void tell_final(void *arg)
{
	struct ear *e = arg;

	e->ending = e->segment = false;
	e->fresh = 0;
	send_results(e, behind(e->last, e->told), true, e->why != CLOSE, e->why == FINALIZE);
	e->told = 0;
	e->heard[0] = '\0';
	work(e);
}

static void on_final(const char *text, double confidence, void *arg)
{
	struct ear *e = arg;

	(void)snprintf(e->last, sizeof(e->last), "%s", text);
	e->confidence = confidence < 0 ? 0.9 : confidence;
	cw_timer_start(&e->delay, e->standin->conf.latency_us, tell_final, e);
}

static void on_partial(const char *text, void *arg)
{
	struct ear *e = arg;

	(void)snprintf(e->heard, sizeof(e->heard), "%s", text);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct ear *e = arg;

	(void)err;
	(void)reason;
	e->mute = true;
	cw_ws_close(e->ws, 1011, "NET-0000");
}

/* ---- audio ---- */

static void end_segment(struct ear *e, enum end why)
{
	e->why = why;
	e->ending = true;
	cw_stt_finish(e->stt);
}

static void begin_segment(struct ear *e)
{
	unsigned n = e->fresh < PRE_ROLL ? e->fresh : PRE_ROLL;

	e->segment = e->utterance = true;
	e->told = 0;
	e->heard[0] = '\0';
	e->confidence = 0.9;
	cw_stt_begin(e->stt);
	for (; n > 1; n--) /* the newest is fed as every frame */
		cw_stt_feed(e->stt, e->ring[(e->ring_at + PRE_ROLL - n) % PRE_ROLL], FRAME);
}

static void tell_progress(struct ear *e)
{
	size_t n = count_words(e->heard);
	char text[TEXT_MAX];
	const char *rest = behind(e->heard, e->told), *tail;

	if (e->segment && e->at - e->span >= PIECE_STEP && n > e->told + 1) {
		tail = behind(e->heard, n - 1);
		(void)snprintf(text, sizeof(text), "%.*s", (int)(tail - rest - 1), rest);
		e->told = n - 1;
		send_results(e, text, true, false, false);
	} else if (e->asked.interim && e->at - e->interim_at >= INTERIM_STEP) {
		send_results(e, e->segment ? rest : "", false, false, false);
	}
}

static void tell_utterance_end(struct ear *e)
{
	uint64_t last = (e->vad.last_frame + 1) * FRAME;

	if (!e->utterance || e->segment || !e->asked.utterance_end_ms || e->vad.speech ||
		e->at < last + e->asked.utterance_end_ms * 8ULL)
		return;
	e->utterance = false;
	if (!e->mute)
		cw_deepgram_send(e->ws, json_pack("{s:s, s:[i,i], s:f}", "type", "UtteranceEnd", "channel", 0, 1,
						"last_word_end", (double)last / 8000));
}

static void frame(struct ear *e, const int16_t *pcm)
{
	enum cw_vad_event event = cw_vad_feed(&e->vad, pcm);
	uint64_t silent;

	memcpy(e->ring[e->ring_at], pcm, sizeof(e->ring[0]));
	e->ring_at = (e->ring_at + 1) % PRE_ROLL;
	e->fresh++;
	e->at += FRAME;
	if (event == CW_VAD_STARTED && e->asked.vad_events && !e->mute)
		cw_deepgram_send(e->ws, json_pack("{s:s, s:[i,i], s:f}", "type", "SpeechStarted", "channel", 0, 1,
						"timestamp", (double)e->vad.onset_frame * FRAME / 8000));
	if (!e->segment && e->vad.speech)
		begin_segment(e);
	if (e->segment)
		cw_stt_feed(e->stt, pcm, FRAME);
	tell_progress(e);
	tell_utterance_end(e);
	silent = e->vad.speech ? 0 : (e->vad.frames - e->vad.last_frame) * 20;
	if (e->segment && e->asked.endpoint_ms && !e->vad.speech && silent >= e->asked.endpoint_ms)
		end_segment(e, ENDPOINT);
}

static void do_control(struct ear *e)
{
	size_t left = e->inbox.len / 2;

	if (left && e->segment)
		cw_stt_feed(e->stt, (const int16_t *)(const void *)e->inbox.p, left);
	e->at += left;
	cw_buf_reset(&e->inbox);
	if (e->finalize) {
		e->finalize = false;
		if (e->segment)
			end_segment(e, FINALIZE);
		else if (e->at > e->span)
			send_results(e, "", true, true, true);
	}
	if (e->close && !e->ending) {
		e->close = false;
		if (e->segment)
			e->close = true, end_segment(e, CLOSE);
		else
			say_goodbye(e);
	}
}

static void strike(struct ear *e)
{
	if (e->fault.kind == CW_STANDIN_STALL) {
		e->mute = true;
	} else if (e->fault.kind == CW_STANDIN_ERROR_EVENT) {
		e->mute = true;
		cw_ws_close(e->ws, 1011, "NET-0000");
	}
}

static void work(struct ear *e)
{
	size_t used = 0;
	int16_t pcm[FRAME];

	while (!e->ending && e->inbox.len - used >= sizeof(pcm)) {
		memcpy(pcm, e->inbox.p + used, sizeof(pcm));
		used += sizeof(pcm);
		frame(e, pcm);
	}
	cw_buf_trim_front(&e->inbox, used);
	if (!e->ending && (e->finalize || e->close))
		do_control(e);
	if (e->at >= FAULT_AT && !e->mute)
		strike(e);
}

/* ---- messages ---- */

static void too_quiet(void *arg)
{
	struct ear *e = arg;

	e->mute = true;
	cw_ws_close(e->ws, 1011, "NET-0001");
}

static void take_linear(struct ear *e, const int16_t *pcm, size_t n)
{
	size_t in = n, room;
	CW_SCOPED int16_t *out = NULL;

	if (!e->resampler) {
		cw_buf_put(&e->inbox, pcm, n * sizeof(*pcm));
		return;
	}
	room = cw_resampler_room(e->resampler, n);
	out = talloc_array(NULL, int16_t, room + 1);
	if (!out)
		return;
	cw_resampler_run(e->resampler, pcm, &in, out, &room);
	cw_buf_put(&e->inbox, out, room * sizeof(*out));
}

static void take_audio(struct ear *e, const uint8_t *bytes, size_t n)
{
	int16_t pcm[800];

	for (size_t some; n; n -= some, bytes += some) {
		if (e->asked.encoding == CW_DEEPGRAM_LINEAR16) {
			some = n < sizeof(pcm) ? n & ~(size_t)1 : sizeof(pcm);
			if (!some)
				return;
			memcpy(pcm, bytes, some);
			take_linear(e, pcm, some / 2);
			continue;
		}
		some = n < CW_COUNT(pcm) ? n : CW_COUNT(pcm);
		if (e->asked.encoding == CW_DEEPGRAM_MULAW)
			cw_ulaw_decode(bytes, pcm, some);
		else
			cw_alaw_decode(bytes, pcm, some);
		take_linear(e, pcm, some);
	}
}

static void take_text(struct ear *e, const void *bytes, size_t n)
{
	CW_JSON_SCOPED json_t *m = NULL;
	const char *type;

	if (cw_json_parse(bytes, n, &m, NULL)) {
		e->mute = true;
		cw_ws_close(e->ws, 1008, "DATA-0000");
		return;
	}
	type = cw_json_str(m, "type", "");
	if (!strcmp(type, "Finalize")) {
		e->finalize = true;
	} else if (!strcmp(type, "CloseStream")) {
		e->close = true;
	} else if (strcmp(type, "KeepAlive") != 0) {
		e->mute = true;
		cw_ws_close(e->ws, 1008, "DATA-0000");
		return;
	}
	work(e);
}

static void on_message(enum cw_ws_kind kind, const void *bytes, size_t n, void *arg)
{
	struct ear *e = arg;

	if (kind == CW_WS_BINARY || e->had_audio)
		cw_timer_start(&e->idle, IDLE_US, too_quiet, e);
	if (kind == CW_WS_TEXT) {
		take_text(e, bytes, n);
		return;
	}
	e->had_audio = true;
	e->close = e->close || !n;
	take_audio(e, bytes, n);
	if (cw_buf_err(&e->inbox)) {
		e->mute = true;
		cw_ws_close(e->ws, 1011, "NET-0000");
		return;
	}
	work(e);
	if (e->fault.kind == CW_STANDIN_CUT && e->at >= FAULT_AT)
		talloc_free(e); /* without a close frame */
}

static void on_closed(int err, unsigned code, void *arg)
{
	(void)err;
	(void)code;
	talloc_free(arg);
}

static int ear_destroy(struct ear *e)
{
	cw_timer_stop(&e->idle);
	cw_timer_stop(&e->delay);
	cw_buf_clear(&e->inbox);
	return 0;
}

void cw_deepgram_listen(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_deepgram_asked *asked,
	const struct cw_standin_fault_conf *fault)
{
	static const struct cw_stt_events heard = {.partial = on_partial, .final = on_final, .failed = on_failed};
	static const struct cw_ws_events events = {.message = on_message, .closed = on_closed};
	const struct cw_stt_conf engine = {.engine = s->conf.stt, .language = "en-US", .rate_hz = 8000};
	CW_SCOPED struct ear *e = talloc_zero(NULL, struct ear);
	struct cw_deepgram_refusal r;
	int err = e ? 0 : ENOMEM;

	if (!err) {
		e->standin = s;
		e->asked = *asked;
		e->fault = *fault;
		e->mute = fault->kind == CW_STANDIN_SILENT;
		e->inbox = CW_BUF(INBOX_MAX);
		cw_vad_init(&e->vad, NULL);
		cw_timer_init(&e->idle, s->world);
		cw_timer_init(&e->delay, s->world);
		cw_deepgram_uuid(s->world, e->id);
		cw_deepgram_uuid(s->world, e->uuid);
		talloc_set_destructor(e, ear_destroy);
		err = cw_stt_open(e, s->world, &engine, &heard, e, &e->stt, NULL);
	}
	if (!err && asked->rate_hz != 8000)
		err = cw_resampler_new(e, asked->rate_hz, 8000, &e->resampler);
	if (err) {
		(void)cw_deepgram_refuse(&r, 500, "INTERNAL_SERVER_ERROR", "%s", strerror(err));
		cw_deepgram_answer_error(s, x, &r, 0);
		return;
	}
	if (cw_ws_accept(e, x, NULL, &events, e, &e->ws))
		return; /* the client left */
	cw_timer_start(&e->idle, IDLE_US, too_quiet, e);
	(void)talloc_move(s, &e);
}
