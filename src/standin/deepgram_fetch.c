/* Voices by HTTP: the whole text at once, audio in pieces as it comes. */
#include <errno.h>
#include <string.h>

#include "speech/tts.h"
#include "standin/deepgram_int.h"

#define TEXT_MAX 2000u

struct fetch {
	struct cw_standin_deepgram *standin;
	struct cw_exchange *x;
	struct cw_tts *tts;
	struct cw_tts_job *job;
	struct cw_deepgram_asked asked;
	struct cw_deepgram_sound sound;
	struct cw_standin_fault_conf fault;
	struct cw_timer timer;
	char *text;
	bool begun, mute;
};

static int fetch_destroy(struct fetch *f)
{
	cw_timer_stop(&f->timer);
	if (f->x)
		cw_exchange_on_gone(f->x, NULL, NULL);
	return 0;
}

static void client_left(void *arg)
{
	struct fetch *f = arg;

	f->x = NULL;
	talloc_free(f);
}

static void put32(struct cw_buf *b, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		cw_buf_putc(b, (char)(v >> (8 * i)));
}

static void put16(struct cw_buf *b, uint32_t v)
{
	cw_buf_putc(b, (char)v);
	cw_buf_putc(b, (char)(v >> 8));
}

/* Of a stream whose length is not known yet. */
static void put_wav_head(struct cw_buf *b, const struct cw_deepgram_asked *a)
{
	unsigned width = a->encoding == CW_DEEPGRAM_LINEAR16 ? 2 : 1;

	cw_buf_puts(b, "RIFF");
	put32(b, 0x7FFFFFFF);
	cw_buf_puts(b, "WAVEfmt ");
	put32(b, 16);
	put16(b, a->encoding == CW_DEEPGRAM_LINEAR16 ? 1 : a->encoding == CW_DEEPGRAM_ALAW ? 6 : 7);
	put16(b, 1);
	put32(b, a->rate_hz);
	put32(b, a->rate_hz * width);
	put16(b, width);
	put16(b, 8 * width);
	cw_buf_puts(b, "data");
	put32(b, 0x7FFFFFFF - 36);
}

static void begin(struct fetch *f, struct cw_buf *b)
{
	static const char *const names[] = {"mulaw", "alaw", "l16"};
	char type[48], id[37], uuid[37], count[24];
	size_t characters = 0;

	for (const char *c = f->text; *c; c++)
		characters += ((unsigned char)*c & 0xC0) != 0x80;
	cw_deepgram_uuid(f->standin->world, id);
	cw_deepgram_uuid(f->standin->world, uuid);
	(void)snprintf(count, sizeof(count), "%zu", characters);
	if (f->asked.wav)
		(void)snprintf(type, sizeof(type), "audio/wav");
	else
		(void)snprintf(type, sizeof(type), "audio/%s;rate=%u", names[f->asked.encoding],
			f->asked.rate_hz * (f->standin->conf.wrong_rate ? 2 : 1));

	const struct cw_header headers[] = {{"Content-Type", type}, {"dg-request-id", id},
		{"dg-model-name", f->asked.model}, {"dg-model-uuid", uuid}, {"dg-char-count", count}};

	f->begun = true;
	(void)cw_reply_begin(f->x, 200, headers, CW_COUNT(headers)); /* a client that left is told by `gone` */
	if (f->asked.wav)
		put_wav_head(b, &f->asked);
}

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct fetch *f = arg;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4u << 20);

	if (f->mute || f->fault.kind == CW_STANDIN_EMPTY)
		return;
	if (!f->begun)
		begin(f, &b);
	if (!cw_deepgram_sound_encode(&f->sound, pcm, n, &b))
		(void)cw_reply_more(f->x, b.p, b.len); /* a client that left is told by `gone` */
	f->mute = f->fault.kind == CW_STANDIN_STALL || f->fault.kind == CW_STANDIN_CUT;
}

static void on_done(int err, const char *reason, void *arg)
{
	struct fetch *f = arg;
	struct cw_exchange *x = f->x;
	struct cw_standin_deepgram *s = f->standin;
	struct cw_deepgram_refusal r;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	bool cut = f->fault.kind == CW_STANDIN_CUT;

	(void)reason;
	if (f->fault.kind == CW_STANDIN_STALL)
		return; /* until the client leaves */
	if (!f->begun && (!err || err == ENODATA))
		begin(f, &b);
	err = f->begun ? 0 : err;
	cw_exchange_on_gone(x, NULL, NULL);
	f->x = NULL;
	talloc_free(f);
	if (cut) {
		cw_reply_break(x);
	} else if (err) {
		(void)cw_deepgram_refuse(&r, 500, "INTERNAL_SERVER_ERROR", "%s", strerror(err));
		cw_deepgram_answer_error(s, x, &r, 0);
	} else {
		(void)cw_reply_end(x); /* a client that left needs none */
	}
}

static void start(void *arg)
{
	static const struct cw_tts_events events = {.audio = on_audio, .done = on_done};
	struct fetch *f = arg;
	int err = cw_tts_say(f, f->tts, f->text, &events, f, &f->job);

	if (err)
		on_done(err, NULL, f);
}

static int take_text(struct fetch *f, struct cw_deepgram_refusal *r)
{
	const char *type = cw_exchange_header(f->x, "content-type");
	struct cw_str body = cw_exchange_body(f->x);
	CW_JSON_SCOPED json_t *j = NULL;
	const char *text;

	if (type && !strncmp(type, "text/plain", 10)) {
		f->text = cw_str_dup(f, body);
	} else if (!type || strncmp(type, "application/json", 16) != 0) {
		return cw_deepgram_refuse(
			r, 415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json or text/plain.");
	} else if (cw_json_parse(body.p, body.len, &j, NULL)) {
		return cw_deepgram_refuse(r, 400, "Bad Request", "The JSON could not be deserialized.");
	} else {
		text = cw_json_str(j, "text", "");
		f->text = talloc_strdup(f, text);
	}
	if (!f->text)
		return cw_deepgram_refuse(r, 500, "INTERNAL_SERVER_ERROR", "no memory");
	if (!*f->text)
		return cw_deepgram_refuse(r, 400, "Bad Request", "The request payload must contain text.");
	if (strlen(f->text) > TEXT_MAX)
		return cw_deepgram_refuse(
			r, 413, "PAYLOAD_TOO_LARGE", "Input text exceeds maximum character limit of %u.", TEXT_MAX);
	return 0;
}

void cw_deepgram_fetch_speech(struct cw_standin_deepgram *s, struct cw_exchange *x,
	const struct cw_deepgram_asked *asked, const struct cw_standin_fault_conf *fault)
{
	const struct cw_tts_conf voice = {.voice = s->conf.voice, .language = "en-US", .speed = asked->speed};
	CW_SCOPED struct fetch *f = talloc_zero(NULL, struct fetch);
	unsigned rate = asked->rate_hz * (s->conf.wrong_rate ? 2 : 1);
	struct cw_deepgram_refusal r;
	int err = ENOMEM;

	(void)cw_deepgram_refuse(&r, 500, "INTERNAL_SERVER_ERROR", "no memory");
	if (f) {
		*f = (struct fetch){
			.standin = s, .x = x, .asked = *asked, .sound.encoding = asked->encoding, .fault = *fault};
		cw_timer_init(&f->timer, s->world);
		err = take_text(f, &r);
	}
	if (!err)
		err = cw_tts_open(f, s->world, &voice, &f->tts, NULL);
	if (!err && rate != 8000)
		err = cw_resampler_new(f, 8000, rate, &f->sound.resampler);
	if (err) {
		cw_deepgram_answer_error(s, x, &r, 0);
		return;
	}
	talloc_set_destructor(f, fetch_destroy);
	cw_exchange_on_gone(x, client_left, f);
	if (fault->kind != CW_STANDIN_SILENT)
		cw_timer_start(&f->timer, s->conf.latency_us, start, f);
	(void)talloc_move(s, &f);
}
