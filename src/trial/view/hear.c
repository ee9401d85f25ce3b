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

int cw_hear_open(void *parent, const struct cw_hear_conf *conf, struct cw_hear **ret, struct cw_why *why)
{
	const struct cw_sim_conf sim = {.seed = 1};
	CW_SCOPED struct cw_hear *h = talloc_zero(NULL, struct cw_hear);

	if (!h)
		return ENOMEM;
	talloc_set_destructor(h, hear_end);

	const struct cw_stt_conf ear = {.engine = conf->ear, .language = conf->language, .rate_hz = CW_RATE_HZ};
	const struct cw_tts_conf voice = {.voice = conf->voice, .language = conf->language, .speed = conf->speed};
	int err = cw_sim_new(NULL, &sim, &h->world);

	if (!err)
		err = cw_stt_open(h, h->world, &ear, &ear_events, h, &h->stt, why);
	if (!err && conf->hints)
		cw_stt_expect(h->stt, conf->hints);
	if (!err)
		err = cw_tts_open(h, h->world, &voice, &h->tts, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &h);
	return 0;
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

	begin(h);
	cw_stt_begin(h->stt);
	feed(h, pcm, n);
	feed(h, silence, CW_COUNT(silence));
	cw_stt_finish(h->stt);

	int err = finish(h);

	if (err)
		return err;
	*ret = talloc_move(parent, &h->words);
	return 0;
}

int cw_hear_voice(struct cw_hear *h, void *parent, const char *text, int16_t **ret, size_t *n)
{
	struct cw_tts_job *job = NULL;

	begin(h);

	int err = cw_tts_say(h, h->tts, text, &voice_events, h, &job);

	if (!err)
		err = finish(h);
	TALLOC_FREE(job);
	if (err)
		return err == ENOMEM ? ENOMEM : EIO;
	*ret = talloc_memdup(parent, h->pcm, h->n * sizeof(*h->pcm) + 1);
	*n = h->n;
	return *ret ? 0 : ENOMEM;
}
