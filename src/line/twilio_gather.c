#include <errno.h>
#include <string.h>

#include "audio/vad.h"
#include "base/json.h"
#include "line/twilio_call.h"
#include "speech/stt.h"

#define FRAMES_PER_S   50u
#define DIGITS_MAX     64u
#define AUTO_PAUSE     40u /* speechTimeout="auto": 800 ms of silence */
#define PREROLL_FRAMES 16u /* the voice detector confirms an onset late */
#define SPEECH_MAX     (60u * FRAMES_PER_S)
#define FINAL_WAIT     (8u * FRAMES_PER_S) /* for the recogniser's last word */
#define HINTS_MAX      500u

struct gather {
	struct verb v;
	struct prompt *prompt; /* NULL: over */
	bool want_digits, want_speech, barge_in;
	unsigned timeout, speech_timeout; /* frames */
	unsigned quiet;                   /* frames since the prompt's end, the last key or the end of speech */
	unsigned num_digits;
	char finish_key; /* 0: none */
	char digits[DIGITS_MAX + 1];
	unsigned n_digits;

	struct cw_stt *stt;
	struct cw_vad vad;
	bool in_segment, finishing;
	unsigned segment_frames;
	int16_t preroll[PREROLL_FRAMES][CW_FRAME_SAMPLES];
	unsigned preroll_at;
};

static void stop_prompt(struct gather *g)
{
	if (!g->prompt)
		return;
	TALLOC_FREE(g->prompt);
	cw_playout_clear(g->v.call->playout);
}

static void over(struct gather *g, const char *speech, double confidence)
{
	struct call *c = g->v.call;
	bool empty = !g->n_digits && (!speech || !*speech);
	struct cw_form *extra;

	stop_prompt(g);
	cw_call_note(c, "twilio.gathered", "{s:s, s:s}", "digits", g->digits, "speech", speech ? speech : "");
	if (empty && !cw_twiml_attr_bool(g->v.node, "actionOnEmptyResult", false)) {
		cw_call_verb_done(&g->v);
		return;
	}
	extra = cw_params_new(g);
	if (speech && *speech) {
		cw_params_add(extra, "SpeechResult", "%s", speech);
		if (confidence >= 0)
			cw_params_add(extra, "Confidence", "%.8f", confidence);
	} else if (g->n_digits || g->want_digits) {
		cw_params_add(extra, "Digits", "%s", g->digits);
	} else {
		cw_params_add(extra, "SpeechResult", "%s", "");
	}
	cw_call_verb_action(&g->v, extra, true);
}

/* ---- speech ---- */

static void on_partial(const char *text, void *arg)
{
	struct gather *g = arg;
	struct call *c = g->v.call;
	const char *ref = cw_twiml_attr(g->v.node, "partialResultCallback", NULL);
	CW_SCOPED char *url = ref && *text ? cw_call_resolve(c, NULL, ref) : NULL;
	CW_SCOPED struct cw_form *f = url ? cw_params_new(NULL) : NULL;

	if (!f)
		return;
	cw_call_params(c, f);
	cw_params_add(f, "UnstableSpeechResult", "%s", text);
	cw_call_callback(c, cw_twiml_attr(g->v.node, "partialResultCallbackMethod", "POST"), url, f);
}

static void on_final(const char *text, double confidence, void *arg)
{
	over(arg, text, confidence);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct gather *g = arg;

	cw_call_warn(
		g->v.call, 13334, "<Gather>: speech was not recognised: %s", reason ? reason : strerrordesc_np(err));
	over(g, NULL, -1);
}

static void give_hints(struct gather *g)
{
	const char *phrases[HINTS_MAX];
	struct cw_str rest = cw_str(cw_twiml_attr(g->v.node, "hints", "")), phrase;
	CW_SCOPED void *scratch = talloc_new(NULL);
	size_t n = 0;

	while (scratch && n < HINTS_MAX && cw_str_split(&rest, ',', &phrase)) {
		phrase = cw_str_trim(phrase);
		if (phrase.len && phrase.p[0] != '$') /* $CLASS tokens belong to Google's models */
			phrases[n] = cw_str_dup(scratch, phrase);
		if (phrase.len && phrase.p[0] != '$' && phrases[n])
			n++;
	}
	if (n)
		cw_stt_expect(g->stt, &(struct cw_hints){.phrases = phrases, .n_phrases = n});
}

static void open_ear(struct gather *g)
{
	static const struct cw_stt_events events = {.partial = on_partial, .final = on_final, .failed = on_failed};
	struct call *c = g->v.call;
	const struct cw_stt_conf conf = {.engine = c->conf.gather_engine,
		.language = cw_twiml_attr(g->v.node, "language", "en-US"),
		.rate_hz = CW_RATE_HZ};
	struct cw_why why = {0};

	cw_vad_init(&g->vad, NULL);
	if (cw_stt_open(g, c->world, &conf, &events, g, &g->stt, &why)) {
		cw_call_warn(c, 13334, "<Gather> cannot hear with engine '%s': %s", conf.engine, why.text);
		g->want_speech = false;
		return;
	}
	give_hints(g);
}

static void begin_segment(struct gather *g)
{
	if (g->barge_in)
		stop_prompt(g);
	g->in_segment = true;
	g->segment_frames = 0;
	cw_stt_begin(g->stt);
	for (unsigned i = 1; i <= PREROLL_FRAMES; i++)
		cw_stt_feed(g->stt, g->preroll[(g->preroll_at + i) % PREROLL_FRAMES], CW_FRAME_SAMPLES);
}

static void listen_to(struct gather *g, const uint8_t *ulaw)
{
	int16_t *pcm = g->preroll[g->preroll_at = (g->preroll_at + 1) % PREROLL_FRAMES];
	enum cw_vad_event e;

	cw_ulaw_decode(ulaw, pcm, CW_FRAME_SAMPLES);
	e = cw_vad_feed(&g->vad, pcm);
	if (g->in_segment)
		cw_stt_feed(g->stt, pcm, CW_FRAME_SAMPLES);
	else if (e == CW_VAD_STARTED && !g->n_digits)
		begin_segment(g);
	if (!g->in_segment)
		return;
	g->quiet = 0;
	if (++g->segment_frames < SPEECH_MAX &&
		(g->vad.speech || g->vad.frames - 1 - g->vad.last_frame < g->speech_timeout))
		return;
	g->in_segment = false;
	g->finishing = true;
	cw_stt_finish(g->stt);
}

/* ---- the verb ---- */

static void gather_frame(struct verb *v, const uint8_t *ulaw, bool voice)
{
	struct gather *g = (struct gather *)v;

	(void)voice;
	if (g->prompt) {
		cw_prompt_tick(g->prompt);
		g->quiet = 0;
	}
	if (g->finishing) {
		if (++g->quiet > FINAL_WAIT)
			on_failed(ETIMEDOUT, NULL, g);
		return;
	}
	if (g->want_speech)
		listen_to(g, ulaw);
	if (!g->prompt && !g->in_segment && ++g->quiet > g->timeout)
		over(g, NULL, -1);
}

static void gather_digit(struct verb *v, char digit)
{
	struct gather *g = (struct gather *)v;

	if (!g->want_digits)
		return;
	stop_prompt(g);
	if (g->in_segment || g->finishing)
		cw_stt_cancel(g->stt);
	g->in_segment = g->finishing = false;
	g->quiet = 0;
	if (digit == g->finish_key) {
		over(g, NULL, -1);
		return;
	}
	g->digits[g->n_digits++] = digit;
	if (g->n_digits == g->num_digits || g->n_digits == DIGITS_MAX)
		over(g, NULL, -1);
}

static void prompt_over(void *arg)
{
	struct gather *g = arg;

	TALLOC_FREE(g->prompt);
	g->quiet = 0;
}

static int gather_start(struct verb *v)
{
	struct gather *g = (struct gather *)v;
	const char *input = cw_twiml_attr(v->node, "input", "dtmf"),
		   *speech_timeout = cw_twiml_attr(v->node, "speechTimeout", NULL);
	unsigned seconds = cw_twiml_attr_uint(v->node, "timeout", 5);

	g->want_digits = strstr(input, "dtmf") != NULL;
	g->want_speech = strstr(input, "speech") != NULL;
	g->barge_in = cw_twiml_attr_bool(v->node, "bargeIn", true);
	g->timeout = (seconds < 3600 ? seconds : 3600) * FRAMES_PER_S;
	g->speech_timeout = g->timeout;
	if (speech_timeout)
		g->speech_timeout = !strcmp(speech_timeout, "auto")
					    ? AUTO_PAUSE
					    : cw_twiml_attr_uint(v->node, "speechTimeout", 5) * FRAMES_PER_S;
	g->num_digits = cw_twiml_attr_uint(v->node, "numDigits", 0);
	g->finish_key = cw_twiml_attr(v->node, "finishOnKey", "#")[0];
	cw_call_note(v->call, "twilio.gather", "{s:s, s:i}", "input", input, "timeout_s", (int)seconds);
	if (g->want_speech)
		open_ear(g);
	return v->node->first ? cw_prompt_new(g, v->call, v->node->first, true, prompt_over, g, &g->prompt) : 0;
}

const struct verb_ops cw_gather_ops = {
	"Gather", gather_start, gather_frame, gather_digit, sizeof(struct gather), false, NULL};
