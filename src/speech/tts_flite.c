#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <flite/flite.h>

#include "audio/g711.h"
#include "audio/resample.h"
#include "speech/drivers.h"
#include "speech/speakable.h"
#include "speech/spec.h"
#include "world/world.h"

#define CHUNK_SAMPLES 1600 /* 200 ms */
#define VOICE_DEFAULT "slt"

/*
 * flite 2.2 with several threads: voices, lexicon and tables are read-only once registered (helgrind finds no conflict over all
 * five voices, two threads each), each utterance is of its own thread. The one exception is rand() in the excitation noise of
 * slt, rms and awb, a lock and an order-dependent sequence shared by the whole process. Our rand() below takes its place:
 * per thread, restarted for each sentence, so that a sentence always gives the same samples.
 */
static _Thread_local uint32_t noise_state = 1;

int rand(void)
{
	noise_state ^= noise_state << 13;
	noise_state ^= noise_state >> 17;
	noise_state ^= noise_state << 5;
	return (int)(noise_state & RAND_MAX);
}

cst_voice *register_cmu_us_slt(const char *dir);
cst_voice *register_cmu_us_rms(const char *dir);
cst_voice *register_cmu_us_awb(const char *dir);
cst_voice *register_cmu_us_kal16(const char *dir);
cst_voice *register_cmu_us_kal(const char *dir);

static cst_voice *(*const registers[])(const char *dir) = {
	register_cmu_us_slt,
	register_cmu_us_rms,
	register_cmu_us_awb,
	register_cmu_us_kal16,
	register_cmu_us_kal,
};
static const char *const names[] = {"slt", "rms", "awb", "kal16", "kal", NULL};
static const unsigned rates_hz[] = {16000, 16000, 16000, 16000, 8000};

/* Registered once and kept: flite itself holds each voice in a global of its own. */
static cst_voice *registered[CW_COUNT(registers)];
static pthread_once_t registered_once = PTHREAD_ONCE_INIT;

struct voice {
	struct cw_tts tts;
	struct cw_world *world;
	cst_voice *flite;
	unsigned rate_hz;
	float stretch;
};

/* One sentence on its way through a worker: owned by the job, not by the caller's handle, which may go first. */
struct render {
	struct cw_tts_job *job; /* for `deliver`, which does not run once the job is gone */
	cst_voice *flite;
	unsigned rate_hz;
	float stretch;
	struct cw_speakable *text;
	struct cw_resampler *resampler;
	int err;
	int16_t *pcm; /* 8 kHz */
	size_t n;
	uint64_t *word_ends; /* samples, by word of text->words; 0 = unknown */
};

struct cw_tts_job {
	struct render *render;
	struct cw_work *work;
	const struct cw_tts_events *ev;
	void *arg;
	bool *gone; /* on the stack of deliver(), set by the destructor */
};

static void register_all(void)
{
	(void)flite_init(); /* always 0 */
	for (size_t i = 0; i < CW_COUNT(registers); i++)
		registered[i] = registers[i](NULL);
}

static const char *const *voice_names(void)
{
	return names;
}

static int voice_open(
	void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why)
{
	struct cw_str name = cw_spec_options(conf->voice);
	size_t i = 0;

	if (!name.len)
		name = cw_str(VOICE_DEFAULT);
	while (names[i] && !cw_str_eq(name, names[i]))
		i++;
	if (!names[i])
		return cw_why_set(
			why, ENOENT, "unknown voice 'flite:%.*s'; known: slt, rms, awb, kal16, kal", CW_STR(name));
	if (conf->language && !cw_str_starts(cw_str(conf->language), "en"))
		return cw_why_set(why, ENOENT, "voice '%s' speaks English only, not '%s'; try espeak:%s", conf->voice,
			conf->language, conf->language);
	pthread_once(&registered_once, register_all);

	struct voice *v = talloc_zero(parent, struct voice);

	if (!v)
		return ENOMEM;
	v->tts.driver = &cw_tts_flite;
	v->world = w;
	v->flite = registered[i];
	v->rate_hz = rates_hz[i];
	v->stretch = conf->speed > 0 ? (float)(1 / conf->speed) : 1;
	*ret = &v->tts;
	return 0;
}

/* ---- on a worker ---- */

static cst_utterance *synthesise(struct render *r)
{
	cst_utterance *u = new_utterance();

	noise_state = 1;
	for (const char *p = r->text->text; *p; p++)
		noise_state = noise_state * 31 + (unsigned char)*p;
	noise_state |= 1;
	utt_set_input_text(u, r->text->text);
	utt_init(u, r->flite);
	if (r->stretch != 1)
		feat_set_float(u->features, "duration_stretch",
			r->stretch * get_param_float(u->features, "duration_stretch", 1));
	if (utt_synth(u))
		return u;
	delete_utterance(u);
	return NULL;
}

static float token_end_s(const cst_item *token)
{
	const cst_item *last = NULL;

	for (const cst_item *w = item_daughter(token); w; w = item_next(w))
		last = w;
	return last ? flite_ffeature_float(last, "R:SylStructure.daughtern.daughtern.R:Segment.end") : 0;
}

/* flite's tokens carry the offset behind them; a written word may be several tokens and ends with its last audible one. */
static void collect_word_ends(struct render *r, cst_utterance *u)
{
	size_t word = 0;

	for (const cst_item *t = relation_head(utt_relation(u, "Token")); t; t = item_next(t)) {
		size_t offset = item_feat_present(t, "file_pos") ? (size_t)item_feat_int(t, "file_pos") : 0;
		float end_s = token_end_s(t);

		while (word + 1 < r->text->n_words && offset > r->text->words[word].spoken_end + 1)
			word++;
		if (end_s > 0 && word < r->text->n_words)
			r->word_ends[word] = (uint64_t)(end_s * CW_RATE_HZ);
	}
}

static int to_line_rate(struct render *r, const cst_wave *wave)
{
	size_t used = 0, n = (size_t)wave->num_samples;
	size_t room = cw_resampler_room(r->resampler, n);

	if ((unsigned)wave->sample_rate != r->rate_hz)
		return EIO;
	r->pcm = talloc_array(r, int16_t, room);
	if (!r->pcm)
		return ENOMEM;
	while (used < n && r->n < room) {
		size_t n_in = n - used, n_out = room - r->n;

		cw_resampler_run(r->resampler, wave->samples + used, &n_in, r->pcm + r->n, &n_out);
		used += n_in;
		r->n += n_out;
		if (!n_in && !n_out)
			break;
	}
	return 0;
}

static void render_run(void *arg)
{
	struct render *r = arg;
	cst_utterance *u = r->text->audible ? synthesise(r) : NULL;

	if (!u) {
		r->err = r->text->audible ? EIO : ENODATA;
		return;
	}
	r->word_ends = talloc_zero_array(r, uint64_t, r->text->n_words + 1);
	r->err = r->word_ends ? to_line_rate(r, utt_wave(u)) : ENOMEM;
	if (!r->err)
		collect_word_ends(r, u);
	delete_utterance(u);
}

static void render_dispose(void *arg)
{
	talloc_free(arg);
}

/* ---- on the lane ---- */

/* Words which end before @until. False when a handler freed the job. */
static bool deliver_words(struct cw_tts_job *j, const struct render *r, size_t *word, uint64_t until, const bool *gone)
{
	for (; *word < r->text->n_words && r->word_ends[*word] <= until; (*word)++) {
		if (!r->word_ends[*word] || !j->ev->word)
			continue;
		j->ev->word(r->text->words[*word].text_end, r->word_ends[*word], j->arg);
		if (*gone)
			return false;
	}
	return true;
}

static bool deliver_audio(struct cw_tts_job *j, const struct render *r)
{
	bool gone = false;
	size_t word = 0;

	j->gone = &gone;
	for (size_t at = 0; at < r->n; at += CHUNK_SAMPLES) {
		size_t n = r->n - at < CHUNK_SAMPLES ? r->n - at : CHUNK_SAMPLES;

		if (!deliver_words(j, r, &word, at + n == r->n ? UINT64_MAX : at + n, &gone))
			return false;
		j->ev->audio(r->pcm + at, n, j->arg);
		if (gone)
			return false;
	}
	j->gone = NULL;
	return true;
}

/* The render lives until its dispose, so it may be read while handlers free the job. */
static void deliver(void *arg)
{
	struct render *r = arg;
	struct cw_tts_job *j = r->job;

	j->work = NULL;
	if (r->err == ENODATA)
		j->ev->done(ENODATA, "the text has nothing to speak", j->arg);
	else if (r->err)
		j->ev->done(r->err, r->err == ENOMEM ? "no memory" : "flite could not speak the text", j->arg);
	else if (deliver_audio(j, r))
		j->ev->done(0, NULL, j->arg);
}

static int job_destroy(struct cw_tts_job *j)
{
	if (j->gone)
		*j->gone = true;
	return 0;
}

static int render_new(const struct voice *v, const char *text, struct cw_tts_job *j, struct render **ret)
{
	CW_SCOPED struct render *r = talloc_zero(NULL, struct render);

	if (!r)
		return ENOMEM;
	r->job = j;
	r->flite = v->flite;
	r->rate_hz = v->rate_hz;
	r->stretch = v->stretch;
	int err = cw_speakable_new(r, text, &r->text);

	if (!err)
		err = cw_resampler_new(r, v->rate_hz, CW_RATE_HZ, &r->resampler);
	if (err)
		return err;
	*ret = talloc_move(NULL, &r);
	return 0;
}

static int voice_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret)
{
	struct voice *v = (struct voice *)t;
	CW_SCOPED struct cw_tts_job *j = talloc_zero(NULL, struct cw_tts_job);
	CW_SCOPED struct render *r = NULL;
	int err = j ? render_new(v, text, j, &r) : ENOMEM;

	if (err)
		return err;
	j->ev = ev;
	j->arg = arg;
	talloc_set_destructor(j, job_destroy);

	struct cw_job job = {.run = render_run,
		.done = deliver,
		.dispose = render_dispose,
		.arg = r,
		.label = "tts.flite",
		.sim_cost_us = 5000 + 2000 * strlen(text)};

	err = cw_work(j, v->world, &job, &j->work);
	if (err)
		return err;
	r = NULL; /* the job's now */
	*ret = talloc_move(parent, &j);
	return 0;
}

const struct cw_tts_driver cw_tts_flite = {
	.name = "flite",
	.about = "English synthesis on this machine: flite:slt, rms, awb (statistical), kal16, kal (diphone)",
	.open = voice_open,
	.say = voice_say,
	.voices = voice_names,
};
