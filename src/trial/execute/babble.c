#include "trial/execute/babble.h"

#include <errno.h>
#include <string.h>

#include "audio/effect.h"
#include "audio/g711.h"
#include "speech/tts.h"
#include "world/os.h"

#define BABBLE_S    8
#define SAMPLES_MAX (30u * CW_RATE_HZ)
#define WITHIN_US   30000000u
#define SEED        20260302 /* the crowd is part of the channel: the same in every run */

static const char *const voices[] = {"flite:slt", "flite:rms", "flite:awb", "flite:kal"};
/* Every voice says all of them: a dozen people, so that none of them stands out. */
static const char *const texts[] = {
	"So I told him that the train on Friday was full, and he said we could just as well drive up on Saturday morning.",
	"The soup is very good here, but if you are hungry take the large salad and a coffee, they make it fresh.",
	"She moved to the coast last year, and since then nobody in the office knows where the spare keys are kept.",
};
#define TALKERS (CW_COUNT(voices) * CW_COUNT(texts))

struct crowd {
	struct cw_world *world;
	unsigned open;
	struct talker {
		struct crowd *crowd;
		struct cw_tts *tts;
		struct cw_tts_job *job;
		int16_t *pcm;
		size_t n;
	} talkers[TALKERS];
};

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct talker *v = arg;
	size_t room = SAMPLES_MAX - v->n;

	if (n > room)
		n = room;
	memcpy(v->pcm + v->n, pcm, n * sizeof(*pcm));
	v->n += n;
}

static void on_done(int err, const char *reason, void *arg)
{
	struct talker *v = arg;

	if (err)
		v->n = 0;
	if (--v->crowd->open == 0)
		cw_os_stop(v->crowd->world);
}

static const struct cw_tts_events events = {.audio = on_audio, .done = on_done};

/* A voice that is not installed stays silent. */
static int begin(struct crowd *c, unsigned i)
{
	struct talker *v = &c->talkers[i];
	const struct cw_tts_conf conf = {.voice = voices[i / CW_COUNT(texts)], .language = "en-US"};

	v->crowd = c;
	v->pcm = talloc_array(c, int16_t, SAMPLES_MAX);
	if (!v->pcm)
		return ENOMEM;
	if (cw_tts_open(c, c->world, &conf, &v->tts, NULL) ||
		cw_tts_say(c, v->tts, texts[i % CW_COUNT(texts)], &events, v, &v->job))
		return 0;
	c->open++;
	return 0;
}

int cw_babble_render(void *parent, struct cw_world *w, int16_t **ret, size_t *n, struct cw_why *why)
{
	CW_SCOPED struct crowd *c = talloc_zero(NULL, struct crowd);
	const int16_t *pcm[TALKERS];
	size_t lengths[TALKERS], heard = 0;
	struct cw_rng rng;
	int err = c ? 0 : ENOMEM;

	if (c)
		c->world = w;
	for (unsigned i = 0; !err && i < TALKERS; i++)
		err = begin(c, i);
	if (err)
		return err;
	if (c->open)
		cw_os_run_for(w, WITHIN_US);
	for (unsigned i = 0; i < TALKERS; i++) {
		if (!c->talkers[i].n)
			continue;
		pcm[heard] = c->talkers[i].pcm;
		lengths[heard++] = c->talkers[i].n;
	}
	if (!heard)
		return cw_why_set(why, ENOENT,
			"a channel with a crowd in it needs a synthesised voice: no flite voice works here (see callwright doctor)");
	*n = (size_t)BABBLE_S * CW_RATE_HZ;
	cw_rng_init(&rng, SEED);
	return cw_effect_babble(parent, pcm, lengths, heard, *n, &rng, ret);
}
