#include "trial/view/hear.h"

#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "world/sim.h"

#define LIMIT_US     600000000ull /* of virtual time for one question */
#define VOICE_MAX    (CW_RATE_HZ * 120)
#define TAIL_SAMPLES (CW_RATE_HZ / 2) /* silence behind the words: engines settle in it */

struct cw_hear {
	struct cw_hear_conf conf;
	struct cw_world *world;
	struct cw_stt *stt;
	struct cw_tts *tts;
	/* the question that is open */
	char *words;
	int16_t *pcm;
	size_t n, cap;
	bool over;
	int err;
};

static void settle(struct cw_hear *h, int err)
{
	h->over = true;
	if (!h->err)
		h->err = err;
}

/* ---- the ear ---- */

static void on_final(const char *text, double confidence, void *arg)
{
	struct cw_hear *h = arg;

	h->words = talloc_strdup(h, text);
	settle(h, h->words ? 0 : ENOMEM);
}

static void on_failed(int err, const char *reason, void *arg)
{
	settle(arg, EIO);
}

static const struct cw_stt_events ear_events = {.final = on_final, .failed = on_failed};

/* ---- the voice ---- */

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct cw_hear *h = arg;
	size_t need = h->n + n;

	if (h->err || need > VOICE_MAX) {
		h->err = h->err ? h->err : EMSGSIZE;
		return;
	}
	if (need > h->cap) {
		size_t cap = need * 2;
		int16_t *grown = talloc_realloc(h, h->pcm, int16_t, cap);

		if (!grown) {
			h->err = ENOMEM;
			return;
		}
		h->pcm = grown;
		h->cap = cap;
	}
	memcpy(h->pcm + h->n, pcm, n * sizeof(*pcm));
	h->n = need;
}

static void on_done(int err, const char *reason, void *arg)
{
	settle(arg, err ? EIO : 0);
}

static const struct cw_tts_events voice_events = {.audio = on_audio, .done = on_done};

/* ---- questions ---- */

static int hear_end(struct cw_hear *h)
{
	TALLOC_FREE(h->stt);
	TALLOC_FREE(h->tts);
	TALLOC_FREE(h->world);
	return 0;
}

static int copy_conf(struct cw_hear *h, const struct cw_hear_conf *conf)
{
	h->conf = *conf;
	h->conf.ear = talloc_strdup(h, conf->ear);
	h->conf.voice = talloc_strdup(h, conf->voice);
	h->conf.language = talloc_strdup(h, conf->language);
	h->conf.hints = conf->hints ? cw_hints_new(h, conf->hints) : NULL;
	if (!h->conf.ear || !h->conf.voice || !h->conf.language || (conf->hints && !h->conf.hints))
		return ENOMEM;
	return 0;
}

int cw_hear_new(void *parent, const struct cw_hear_conf *conf, struct cw_hear **ret)
{
	CW_SCOPED struct cw_hear *h = talloc_zero(NULL, struct cw_hear);

	if (!h)
		return ENOMEM;
	talloc_set_destructor(h, hear_end);
	if (copy_conf(h, conf))
		return ENOMEM;
	*ret = talloc_move(parent, &h);
	return 0;
}

/* Engines are opened for the first question that needs them. */
static int need_world(struct cw_hear *h)
{
	const struct cw_sim_conf sim = {.seed = 1};

	return h->world ? 0 : cw_sim_new(NULL, &sim, &h->world);
}

static int need_ear(struct cw_hear *h)
{
	const struct cw_stt_conf ear = {.engine = h->conf.ear, .language = h->conf.language, .rate_hz = CW_RATE_HZ};
	int err = need_world(h);

	if (err || h->stt)
		return err;
	err = cw_stt_open(h, h->world, &ear, &ear_events, h, &h->stt, NULL);
	if (!err && h->conf.hints)
		cw_stt_expect(h->stt, h->conf.hints);
	return err == ENOMEM ? err : err ? EIO : 0;
}

static int need_voice(struct cw_hear *h)
{
	const struct cw_tts_conf voice = {.voice = h->conf.voice, .language = h->conf.language, .speed = h->conf.speed};
	int err = need_world(h);

	if (err || h->tts)
		return err;
	err = cw_tts_open(h, h->world, &voice, &h->tts, NULL);
	return err == ENOMEM ? err : err ? EIO : 0;
}

static void begin(struct cw_hear *h)
{
	TALLOC_FREE(h->words);
	h->n = 0;
	h->over = false;
	h->err = 0;
}

static int finish(struct cw_hear *h)
{
	uint64_t limit = cw_now(h->world) + LIMIT_US;

	while (!h->over && cw_now(h->world) < limit && cw_sim_step(h->world))
		;
	return h->over ? h->err : EIO;
}

/* At the pace of a call: an engine's queue holds no more. */
static void feed(struct cw_hear *h, const int16_t *pcm, size_t n)
{
	for (size_t i = 0; i + CW_FRAME_SAMPLES <= n && !h->over; i += CW_FRAME_SAMPLES) {
		cw_stt_feed(h->stt, pcm + i, CW_FRAME_SAMPLES);
		cw_sim_run(h->world, cw_now(h->world) + CW_TICK_US);
	}
}

int cw_hear_words(struct cw_hear *h, void *parent, const int16_t *pcm, size_t n, char **ret)
{
	static const int16_t silence[TAIL_SAMPLES];
	int err = need_ear(h);

	if (err)
		return err;
	begin(h);
	cw_stt_begin(h->stt);
	feed(h, pcm, n);
	feed(h, silence, CW_COUNT(silence));
	cw_stt_finish(h->stt);

	err = finish(h);
	if (err)
		return err;
	*ret = talloc_move(parent, &h->words);
	return 0;
}

int cw_hear_voice(struct cw_hear *h, void *parent, const char *text, int16_t **ret, size_t *n)
{
	struct cw_tts_job *job = NULL;
	int err = need_voice(h);

	if (err)
		return err;
	begin(h);
	err = cw_tts_say(h, h->tts, text, &voice_events, h, &job);
	if (!err)
		err = finish(h);
	TALLOC_FREE(job);
	if (err)
		return err == ENOMEM ? ENOMEM : EIO;
	*ret = talloc_memdup(parent, h->pcm, h->n * sizeof(*h->pcm) + 1);
	*n = h->n;
	return *ret ? 0 : ENOMEM;
}
