#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "base/norm.h"
#include "speech/hints.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "trial/execute/validity.h"
#include "world/sim.h"
#include "world/world.h"

#define SAMPLES_MAX (60u * CW_RATE_HZ) /* of one sentence */
#define PAD         (CW_RATE_HZ / 2)   /* silence around it, as a call has */
#define FRAME       160
#define FRAME_US    20000
#define WITHIN_US   60000000u /* of virtual time for one sentence */

struct hearing { /* one sentence, from text to words */
	struct cw_stt *stt;
	int16_t *pcm;
	size_t n;
	bool spoken, over;
	int err;
	char words[2048];
};

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct hearing *h = arg;
	size_t room = SAMPLES_MAX - h->n;

	n = n < room ? n : room;
	memcpy(h->pcm + h->n, pcm, n * sizeof(*pcm));
	h->n += n;
}

static void on_done(int err, const char *reason, void *arg)
{
	struct hearing *h = arg;

	(void)reason;
	h->spoken = true;
	h->err = err;
}

static void on_final(const char *text, double confidence, void *arg)
{
	struct hearing *h = arg;

	(void)confidence;
	(void)snprintf(h->words, sizeof(h->words), "%s", text); /* cut short: counted as errors */
	h->over = true;
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct hearing *h = arg;

	(void)reason;
	h->err = err;
	h->over = true;
}

static int run_until(struct cw_world *w, const bool *flag)
{
	uint64_t last = cw_now(w) + WITHIN_US;

	while (!*flag && cw_now(w) < last)
		if (!cw_sim_step(w))
			break;
	return *flag ? 0 : ETIMEDOUT;
}

/* At the pace of speech, as engines want it. */
static void feed(struct cw_world *w, struct cw_stt *s, const int16_t *pcm, size_t n)
{
	for (size_t at = 0; at < n; at += FRAME) {
		cw_stt_feed(s, pcm + at, n - at < FRAME ? n - at : FRAME);
		(void)cw_sim_run(w, cw_now(w) + FRAME_US);
	}
}

static int hear_one(struct cw_world *w, struct cw_tts *tts, struct hearing *h, const char *text)
{
	static const struct cw_tts_events events = {.audio = on_audio, .done = on_done};
	static const int16_t silence[PAD];
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_tts_job *job;
	int err = scratch ? cw_tts_say(scratch, tts, text, &events, h, &job) : ENOMEM;

	h->n = 0;
	h->spoken = h->over = false;
	if (!err)
		err = run_until(w, &h->spoken);
	if (err || h->err)
		return err ? err : h->err;
	cw_stt_begin(h->stt);
	feed(w, h->stt, silence, PAD);
	feed(w, h->stt, h->pcm, h->n);
	feed(w, h->stt, silence, PAD);
	cw_stt_finish(h->stt);
	err = run_until(w, &h->over);
	return err ? err : h->err;
}

int cw_validity_own_wer(const struct cw_own_ear *conf, const char *const *texts, size_t n, double *wer)
{
	static const struct cw_stt_events events = {.final = on_final, .failed = on_failed};
	const struct cw_sim_conf sim = {.seed = 1};
	const struct cw_tts_conf tc = {.voice = conf->voice, .language = conf->language, .speed = conf->speed};
	const struct cw_stt_conf sc = {.engine = conf->ear, .language = conf->language, .rate_hz = CW_RATE_HZ};
	const struct cw_hints hints = {.phrases = texts, .n_phrases = n};
	CW_SCOPED struct cw_world *w = NULL;
	CW_SCOPED struct hearing *h = NULL; /* ends before its world */
	struct cw_tts *tts;
	size_t words = 0, errors = 0;
	int err = cw_sim_new(NULL, &sim, &w);

	if (err)
		return err;
	h = talloc_zero(NULL, struct hearing);
	if (!h)
		return ENOMEM;
	h->pcm = talloc_array(h, int16_t, SAMPLES_MAX);

	CW_SCOPED struct cw_hints *copy = cw_hints_new(NULL, &hints);

	if (!h->pcm || !copy)
		return ENOMEM;
	err = cw_tts_open(h, w, &tc, &tts, NULL);
	if (!err)
		err = cw_stt_open(h, w, &sc, &events, h, &h->stt, NULL);
	if (!err)
		cw_stt_expect(h->stt, copy);
	for (size_t i = 0; !err && i < n; i++) {
		size_t of = 0;

		err = hear_one(w, tts, h, texts[i]);
		if (!err)
			errors += cw_norm_word_errors(cw_str(texts[i]), cw_str(h->words), &of);
		words += of;
	}
	if (!err)
		*wer = words ? (double)errors / (double)words : 0;
	return err;
}
