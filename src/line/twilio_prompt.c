#include <errno.h>
#include <string.h>

#include "audio/resample.h"
#include "audio/tone.h"
#include "audio/wav.h"
#include "base/json.h"
#include "line/twilio_call.h"
#include "speech/tts.h"

#define LOOP_FOREVER 1000u /* what loop="0" comes to */
#define TEXT_MAX     4000u /* of one Say; Twilio takes 4096 characters */
#define WAV_MAX      (16u * 1024 * 1024)
#define TONE_MS      100u
#define FRAMES_PER_S 50u

struct prompt {
	struct call *call;
	const struct cw_twiml_node *node; /* being played */
	bool all;
	unsigned rounds;      /* of the present node, still to come */
	unsigned wait_frames; /* of a Pause */
	bool delivered;       /* all audio of this round is in the playout */
	struct cw_tts_job *job;
	struct fetch *fetch;
	void (*done)(void *arg);
	void *arg;
};

void cw_call_play_pcm(struct call *c, const int16_t *pcm, size_t n)
{
	uint8_t ulaw[CW_FRAME_SAMPLES];

	while (n) {
		size_t use = n < CW_FRAME_SAMPLES ? n : CW_FRAME_SAMPLES;

		cw_ulaw_encode(pcm, ulaw, use);
		(void)cw_playout_put(
			c->playout, ulaw, use); /* over ten minutes of one prompt: Twilio drops it as well */
		pcm += use;
		n -= use;
	}
}

int cw_call_open_voice(struct call *c)
{
	const struct cw_tts_conf conf = {.voice = c->conf.say_voice, .language = "en-US"};
	struct cw_why why = {0};
	int err = c->voice ? 0 : cw_tts_open(c, c->world, &conf, &c->voice, &why);

	if (err)
		cw_call_warn(c, 13520, "<Say> cannot speak with voice '%s': %s", c->conf.say_voice, why.text);
	return err;
}

/* ---- Say ---- */

static void on_speech(const int16_t *pcm, size_t n, void *arg)
{
	struct prompt *p = arg;

	cw_call_play_pcm(p->call, pcm, n);
}

static void on_spoken(int err, const char *reason, void *arg)
{
	struct prompt *p = arg;

	if (err)
		cw_call_warn(p->call, 13520, "<Say>: %s", reason ? reason : strerrordesc_np(err));
	TALLOC_FREE(p->job);
	p->delivered = true;
}

static int begin_say(struct prompt *p)
{
	static const struct cw_tts_events events = {.audio = on_speech, .done = on_spoken};
	struct call *c = p->call;
	const char *text = p->node->text;
	int err;

	cw_call_note(c, "twilio.say", "{s:s}", "text", text);
	if (!*text || cw_call_open_voice(c)) {
		p->delivered = true;
		return 0;
	}
	CW_SCOPED char *cut = talloc_strndup(NULL, text, TEXT_MAX);
	if (!cut)
		return ENOMEM;
	err = cw_tts_say(p, c->voice, cut, &events, p, &p->job);
	if (err == ENOMEM)
		return err;
	if (err) {
		cw_call_warn(c, 13520, "<Say>: %s", strerrordesc_np(err));
		p->delivered = true;
	}
	return 0;
}

/* ---- Play ---- */

static void play_wav(struct call *c, struct cw_wav_reader *wav)
{
	const struct cw_wav_format *f = cw_wav_format(wav);
	struct cw_resampler *rs = NULL;
	int16_t in[1024], mono[512], out[1024];

	if (f->channels < 1 || f->channels > 2 || cw_resampler_new(wav, f->rate_hz, CW_RATE_HZ, &rs)) {
		cw_call_warn(c, 12300, "<Play>: a WAV file of %u channels at %u Hz cannot be played", f->channels,
			f->rate_hz);
		return;
	}
	for (size_t got; !cw_wav_read(wav, in, 512, &got) && got;) {
		for (size_t i = 0; i < got; i++)
			mono[i] = f->channels == 1 ? in[i] : (int16_t)((in[2 * i] + in[2 * i + 1]) / 2);
		for (size_t used = 0; used < got;) {
			size_t n_in = got - used, n_out = CW_COUNT(out);

			cw_resampler_run(rs, mono + used, &n_in, out, &n_out);
			cw_call_play_pcm(c, out, n_out);
			used += n_in;
			if (!n_in && !n_out)
				break;
		}
	}
}

static void on_audio_file(const struct fetched *got, void *arg)
{
	struct prompt *p = arg;
	struct call *c = p->call;
	struct cw_wav_reader *wav = NULL;
	struct cw_why why = {0};

	if (got->err || got->status != 200)
		cw_call_warn(c, 11200, "<Play> %s: %s, HTTP status %d", got->url,
			got->err ? strerrordesc_np(got->err) : "no audio", got->status);
	else if (cw_wav_parse(p, got->body.p, got->body.len, &wav, &why))
		cw_call_warn(c, 12300, "<Play> %s (%s): expected a WAV file: %s", got->url, got->type, why.text);
	else
		play_wav(c, wav);
	talloc_free(wav);
	TALLOC_FREE(p->fetch);
	p->delivered = true;
}

static int play_digits(struct prompt *p, const char *digits)
{
	int16_t *pcm;
	size_t n;
	int err = cw_dtmf_render(p, digits, TONE_MS, TONE_MS, &pcm, &n);

	p->delivered = true;
	if (err == EINVAL) {
		cw_call_warn(p->call, 13420, "<Play digits=\"%s\">: expected 0-9 A-D * # w W", digits);
		return 0;
	}
	if (err)
		return err;
	cw_call_play_pcm(p->call, pcm, n);
	talloc_free(pcm);
	return 0;
}

static int begin_play(struct prompt *p)
{
	const char *digits = cw_twiml_attr(p->node, "digits", NULL);
	struct call *c = p->call;

	cw_call_note(c, "twilio.play", "{s:s, s:s}", "url", p->node->text, "digits", digits ? digits : "");
	if (digits)
		return play_digits(p, digits);

	CW_SCOPED char *url = *p->node->text ? cw_call_resolve(c, NULL, p->node->text) : NULL;
	int err = url ? cw_call_fetch(p, c, "GET", url, NULL, WAV_MAX, on_audio_file, p, &p->fetch) : EINVAL;

	if (err == ENOMEM)
		return err;
	if (err) {
		cw_call_warn(c, 11100, "<Play>: '%s' is not a URL", p->node->text);
		p->delivered = true;
	}
	return 0;
}

/* ---- the sequence ---- */

static int begin_round(struct prompt *p)
{
	p->delivered = false;
	if (!strcmp(p->node->name, "Say"))
		return begin_say(p);
	if (!strcmp(p->node->name, "Play"))
		return begin_play(p);
	p->wait_frames = cw_twiml_attr_uint(p->node, "length", 1) * FRAMES_PER_S;
	cw_call_note(p->call, "twilio.pause", "{s:i}", "seconds", (int)(p->wait_frames / FRAMES_PER_S));
	p->delivered = true;
	return 0;
}

static int begin_node(struct prompt *p, const struct cw_twiml_node *node)
{
	unsigned loop = cw_twiml_attr_uint(node, "loop", 1);

	p->node = node;
	p->rounds = (loop ? loop : LOOP_FOREVER) - 1;
	return begin_round(p);
}

/* One frame was heard: is it time for the next thing? */
void cw_prompt_tick(struct prompt *p)
{
	int err = 0;

	if (!p->delivered || cw_playout_buffered(p->call->playout))
		return;
	if (p->wait_frames && --p->wait_frames)
		return;
	if (p->rounds) {
		p->rounds--;
		err = begin_round(p);
	} else if (p->all && p->node->next) {
		err = begin_node(p, p->node->next);
	} else {
		p->done(p->arg);
		return;
	}
	if (err)
		cw_call_end(p->call, CW_END_LOST, "failed", "<%s>: %s", p->node->name, strerrordesc_np(err));
}

int cw_prompt_new(void *parent, struct call *c, const struct cw_twiml_node *first, bool all, void (*done)(void *arg),
	void *arg, struct prompt **ret)
{
	CW_SCOPED struct prompt *p = talloc_zero(NULL, struct prompt);
	if (!p)
		return ENOMEM;

	p->call = c;
	p->all = all;
	p->done = done;
	p->arg = arg;

	int err = begin_node(p, first);

	if (err)
		return err;
	*ret = talloc_move(parent, &p);
	return 0;
}
