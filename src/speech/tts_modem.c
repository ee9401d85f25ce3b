#include <errno.h>
#include <string.h>

#include "speech/drivers.h"
#include "speech/modem.h"
#include "speech/spec.h"
#include "world/world.h"

#define SIM_COST_US    40000
#define WORDS_PER_TURN 12 /* delivered in one go, so that a long text does not hold up the lane */

struct voice {
	struct cw_tts tts;
	struct cw_world *world;
	unsigned wpm;
};

struct cw_tts_job {
	struct cw_world *world;
	struct cw_timer timer;
	struct cw_work *work;
	const struct cw_tts_events *ev;
	void *arg;
	bool *gone; /* on the stack of deliver(), set by the destructor */
	struct cw_modem_tx tx;
};

static int voice_open(
	void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why)
{
	static const char *const keys[] = {"wpm", NULL};
	double wpm = CW_MODEM_WPM;
	int err = cw_spec_check(conf->voice, keys, why);

	if (!err)
		err = cw_spec_number(cw_spec_options(conf->voice), "wpm", 60, 600, &wpm, why);
	if (err)
		return err;

	struct voice *v = talloc_zero(parent, struct voice);

	if (!v)
		return ENOMEM;
	v->tts.driver = &cw_tts_modem;
	v->world = w;
	v->wpm = (unsigned)(wpm * (conf->speed > 0 ? conf->speed : 1));
	*ret = &v->tts;
	return 0;
}

/* Words until the text ends or the turn is over. False when the job was freed by one of its handlers. */
static bool deliver_words(struct cw_tts_job *j, bool *more)
{
	int16_t pcm[CW_MODEM_PIECE_SAMPLES];
	struct cw_modem_piece piece = {.last = true};
	bool gone = false;

	*more = false;
	j->gone = &gone;
	for (unsigned n = 0; n < WORDS_PER_TURN; n++) {
		uint64_t start = j->tx.samples;

		if (!cw_modem_tx_next(&j->tx, pcm, &piece))
			break;
		if (j->ev->word)
			j->ev->word(piece.text_end, start + piece.word_samples, j->arg);
		if (!gone)
			j->ev->audio(pcm, piece.n, j->arg);
		if (gone)
			return false;
	}
	j->gone = NULL;
	*more = !piece.last;
	return true;
}

static void deliver(void *arg)
{
	struct cw_tts_job *j = arg;
	bool more;

	j->work = NULL;
	if (!deliver_words(j, &more))
		return;
	if (more)
		cw_timer_start(&j->timer, 0, deliver, j);
	else if (j->tx.samples)
		j->ev->done(0, NULL, j->arg);
	else
		j->ev->done(ENODATA, "the text has no words", j->arg);
}

static int job_destroy(struct cw_tts_job *j)
{
	cw_timer_stop(&j->timer);
	if (j->gone)
		*j->gone = true;
	return 0;
}

/* The tones are rendered while they are delivered: that costs a microsecond per word, a worker would cost ten. */
static void nothing_to_prepare(void *arg)
{
	(void)arg;
}

static int voice_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret)
{
	struct voice *v = (struct voice *)t;
	CW_SCOPED struct cw_tts_job *j = talloc_zero(NULL, struct cw_tts_job);
	char *copy = j ? talloc_strdup(j, text) : NULL;

	if (!copy)
		return ENOMEM;
	j->world = v->world;
	j->ev = ev;
	j->arg = arg;
	cw_modem_tx_init(&j->tx, cw_str(copy), v->wpm);
	cw_timer_init(&j->timer, v->world);
	talloc_set_destructor(j, job_destroy);

	if (cw_world_is_sim(v->world)) {
		struct cw_job job = {.run = nothing_to_prepare,
			.done = deliver,
			.arg = j,
			.sim_cost_us = SIM_COST_US,
			.label = "tts.modem"};
		int err = cw_work(j, v->world, &job, &j->work);

		if (err)
			return err;
	} else {
		cw_timer_start(&j->timer, 0, deliver, j);
	}
	*ret = talloc_move(parent, &j);
	return 0;
}

const struct cw_tts_driver cw_tts_modem = {
	.name = "modem",
	.about = "text as tones at speaking pace, decoded exactly by the recogniser 'modem' (options: wpm=60…600)",
	.open = voice_open,
	.say = voice_say,
};
