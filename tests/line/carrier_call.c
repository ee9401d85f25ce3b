/*
 * carrier_call: dial a voice webhook as Twilio would and talk to it; everything that happens is printed as JSON lines
 *
 *   carrier_call URL [--token T] [--twiml FILE] [--from N] [--to N] [--voice V] [--ear E] [--dial N] [--record-dir D]
 *                [--status URL] [--seconds N] [--wav FILE] [--say TEXT]… [--interrupt MS] [--digits D]
 *
 * --say texts are spoken one per turn, when the other side fell silent; --interrupt speaks the first one over the agent, this
 * long after its voice began; --digits are pressed a second after the answer.
 * Exit: 0 the call came up, 3 it did not, 2 wrong use.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/g711.h"
#include "audio/vad.h"
#include "audio/wav.h"
#include "base/json.h"
#include "line/twilio.h"
#include "speech/tts.h"
#include "world/os.h"

#define SAYS_MAX     32
#define QUIET_FRAMES 45 /* 900 ms of silence: it is our turn */
#define SPEECH_MAX   (8u << 20)

struct talker {
	struct cw_world *world;
	struct cw_line *line;
	struct cw_vad vad;
	struct cw_tts *tts;
	struct cw_tts_job *job;
	const char *says[SAYS_MAX];
	unsigned n_says, at_say;
	const char *digits, *wav;
	unsigned interrupt_ms;
	struct cw_buf speech; /* mu-law still to be said */
	size_t speech_at;
	uint64_t answered_us, voice_since_us;
	unsigned frames, voice_frames, quiet;
	bool came_up, heard_something;
};

static void emit(json_t *event)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);

	if (event)
		cw_json_dump(&b, event);
	json_decref(event);
	printf("%s\n", b.p ? b.p : "{}");
	fflush(stdout);
}

static json_int_t now_ms(const struct talker *t)
{
	return t->answered_us ? (json_int_t)(cw_now(t->world) - t->answered_us) / 1000 : 0;
}

/* ---- what we say ---- */

static void queue_pcm(struct talker *t, const int16_t *pcm, size_t n)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];

	for (; n; pcm += CW_FRAME_SAMPLES) {
		size_t use = n < CW_FRAME_SAMPLES ? n : CW_FRAME_SAMPLES;

		cw_ulaw_encode(pcm, ulaw, use);
		memset(ulaw + use, CW_ULAW_SILENCE, sizeof(ulaw) - use);
		cw_buf_put(&t->speech, ulaw, sizeof(ulaw));
		if (n <= CW_FRAME_SAMPLES)
			break;
		n -= CW_FRAME_SAMPLES;
	}
}

static void on_speech(const int16_t *pcm, size_t n, void *arg)
{
	queue_pcm(arg, pcm, n);
}

static void on_spoken(int err, const char *reason, void *arg)
{
	struct talker *t = arg;

	TALLOC_FREE(t->job);
	if (err)
		emit(json_pack("{s:s, s:s}", "event", "fault", "text", reason ? reason : strerrordesc_np(err)));
}

static void speak_next(struct talker *t)
{
	static const struct cw_tts_events events = {.audio = on_speech, .done = on_spoken};
	const char *text = t->says[t->at_say++];

	emit(json_pack("{s:s, s:I, s:s}", "event", "say", "at_ms", now_ms(t), "text", text));
	t->quiet = 0;
	t->heard_something = false;
	if (cw_tts_say(t->world, t->tts, text, &events, t, &t->job))
		emit(json_pack("{s:s, s:s}", "event", "fault", "text", "cannot speak"));
}

static void answer_frame(struct talker *t)
{
	if (t->speech.len - t->speech_at < CW_FRAME_SAMPLES)
		return;
	(void)cw_line_send(t->line, (const uint8_t *)t->speech.p + t->speech_at, CW_FRAME_SAMPLES);
	t->speech_at += CW_FRAME_SAMPLES;
}

/* ---- what we hear ---- */

static void on_answered(const struct cw_line_info *info, void *arg)
{
	struct talker *t = arg;
	int16_t *pcm;
	size_t n;

	t->came_up = true;
	t->answered_us = cw_now(t->world);
	emit(json_pack(
		"{s:s, s:s, s:s}", "event", "answered", "call_sid", info->call_id, "stream_sid", info->stream_id));
	if (t->wav && !cw_wav_load_mono(t->world, t->wav, CW_RATE_HZ, &pcm, &n, NULL))
		queue_pcm(t, pcm, n);
}

static void watch_voice(struct talker *t, enum cw_vad_event e)
{
	if (e == CW_VAD_STARTED) {
		t->voice_since_us = cw_now(t->world);
		t->heard_something = true;
	}
	if (e != CW_VAD_NONE)
		emit(json_pack("{s:s, s:b, s:I}", "event", "voice", "on", e == CW_VAD_STARTED, "at_ms", now_ms(t)));
	t->voice_frames += t->vad.frame_speech;
	t->quiet = t->vad.speech ? 0 : t->quiet + 1;
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct talker *t = arg;
	int16_t pcm[CW_FRAME_SAMPLES];
	bool talking = t->job || t->speech.len > t->speech_at;

	(void)position;
	cw_ulaw_decode(ulaw, pcm, CW_FRAME_SAMPLES);
	watch_voice(t, cw_vad_feed(&t->vad, pcm));
	if (++t->frames == 50 && t->digits)
		(void)cw_line_dtmf(t->line, t->digits);

	bool over_it = t->interrupt_ms && !t->at_say && t->vad.speech &&
		       cw_now(t->world) - t->voice_since_us > t->interrupt_ms * UINT64_C(1000);

	if (!talking && t->at_say < t->n_says && (over_it || (t->heard_something && t->quiet >= QUIET_FRAMES)))
		speak_next(t);
	answer_frame(t);
}

static void on_note(const char *what, const char *json, void *arg)
{
	json_t *data = NULL;

	(void)cw_json_parse(json, strlen(json), &data, NULL); /* our own text; NULL prints as null */
	emit(json_pack("{s:s, s:s, s:I, s:o?}", "event", "note", "what", what, "at_ms", now_ms(arg), "data", data));
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct talker *t = arg;

	emit(json_pack("{s:s, s:s, s:s, s:I, s:i, s:i}", "event", "closed", "reason", cw_end_reason_name(reason),
		"detail", detail, "at_ms", now_ms(t), "frames", (int)t->frames, "voice_frames", (int)t->voice_frames));
	cw_os_stop(t->world);
}

static const struct cw_line_events events = {
	.answered = on_answered, .frame = on_frame, .note = on_note, .closed = on_closed};

/* ---- command line ---- */

static char *read_text(void *parent, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = talloc_zero_size(parent, 65536);

	if (!f)
		return NULL;
	if (text)
		text[fread(text, 1, 65535, f)] = '\0';
	fclose(f);
	return text;
}

struct options {
	struct cw_twilio_carrier_conf conf;
	const char *voice, *dial[2];
	uint32_t seconds;
};

static bool take_option(struct talker *t, struct options *o, const char *name, const char *value)
{
	uint32_t ms;

	if (!strcmp(name, "--token"))
		o->conf.auth_token = value;
	else if (!strcmp(name, "--twiml"))
		o->conf.twiml = read_text(t->world, value);
	else if (!strcmp(name, "--from"))
		o->conf.from = value;
	else if (!strcmp(name, "--to"))
		o->conf.to = value;
	else if (!strcmp(name, "--voice"))
		o->voice = o->conf.say_voice = value;
	else if (!strcmp(name, "--ear"))
		o->conf.gather_engine = value;
	else if (!strcmp(name, "--dial"))
		o->dial[0] = value;
	else if (!strcmp(name, "--record-dir"))
		o->conf.record_dir = value;
	else if (!strcmp(name, "--status"))
		o->conf.status_callback = value;
	else if (!strcmp(name, "--seconds"))
		return cw_str_u32(cw_str(value), 3600, &o->seconds) == 0;
	else if (!strcmp(name, "--wav"))
		t->wav = value;
	else if (!strcmp(name, "--digits"))
		t->digits = value;
	else if (!strcmp(name, "--say") && t->n_says < SAYS_MAX)
		t->says[t->n_says++] = value;
	else if (!strcmp(name, "--interrupt") && !cw_str_u32(cw_str(value), 60000, &ms))
		t->interrupt_ms = ms;
	else
		return false;
	return true;
}

static int run(struct talker *t, struct options *o)
{
	struct cw_why why = {0};
	int err = cw_twilio_dial(t->world, t->world, &o->conf, &t->line, &why);

	if (!err && t->n_says)
		err = cw_tts_open(t->world, t->world, &(struct cw_tts_conf){.voice = o->voice, .language = "en-US"},
			&t->tts, &why);
	if (err) {
		fprintf(stderr, "carrier_call: %s\n", why.text);
		return 2;
	}
	cw_vad_init(&t->vad, NULL);
	cw_line_attach(t->line, &events, t);
	cw_os_run_for(t->world, o->seconds * UINT64_C(1000000));
	cw_line_hang_up(t->line, "time is up");
	cw_os_run_for(t->world, 1000000);
	return t->came_up ? 0 : 3;
}

int main(int argc, char **argv)
{
	struct talker t = {.speech = CW_BUF(SPEECH_MAX)};
	struct options o = {.voice = "flite:slt", .seconds = 60};
	struct cw_world *w;
	int rc = 0;

	if (argc < 2 || argc % 2) {
		fprintf(stderr, "usage: carrier_call URL [--option value]…\n");
		return 2;
	}
	if (cw_os_new(NULL, &(struct cw_os_conf){.workers = 1}, &w))
		return 3;
	t.world = w;
	o.conf.url = argv[1];
	for (int i = 2; !rc && i < argc; i += 2)
		if (!take_option(&t, &o, argv[i], argv[i + 1])) {
			fprintf(stderr, "carrier_call: unknown option or bad value: %s %s\n", argv[i], argv[i + 1]);
			rc = 2;
		}
	o.conf.dial_numbers = o.dial;
	if (!rc)
		rc = run(&t, &o);
	cw_buf_clear(&t.speech);
	talloc_free(w);
	return rc;
}
