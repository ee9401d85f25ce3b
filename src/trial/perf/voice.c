/*
 * Tasks in slots: a task is one sentence of one source. It is spoken (or read), levelled and measured, then for each condition
 * degraded, measured and given to each ear in turn. As many tasks run beside each other as there are slots; each slot
 * has a stream of every ear for itself.
 */
#include "trial/perf/voice.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "audio/effect.h"
#include "audio/g711.h"
#include "audio/noise_source.h"
#include "audio/wav.h"
#include "base/mem.h"
#include "speech/hints.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "trial/perf/voice_int.h"
#include "world/os.h"

#define TURN_US    20000
#define SPOKEN_MAX (300 * CW_RATE_HZ) /* samples of one sentence or clip */
#define FEED       (CW_RATE_HZ / 10)  /* an ear is given so much at once */
#define AT_ONCE \
	(5 * CW_RATE_HZ) /* an ear keeps some seconds for later; what is longer comes at twice the speed of sound */
#define PACE_US 50000

struct work;

struct slot {
	struct work *of;
	struct cw_stt **ear;
	struct slot_ear { /* what a stream's handlers are told */
		struct slot *slot;
		size_t ear;
	} * ears;
	bool busy;
	size_t source, item, condition, ear_now;
	/* the sentence while it is spoken */
	struct cw_tts_job *saying;
	int16_t *pcm;
	size_t n, room;
	uint64_t asked_us, first_us;
	/* the sound while it is in work */
	bool in_job, hearing, again; /* again: the ear could not keep up and hears it in real time */
	struct cw_timer feeder;
	size_t fed;
	int err;
	const char *failed;
	struct voice_spoken spoken;
	int16_t *sound;
	size_t n_sound;
	struct voice_sound result;
	uint64_t heard_from_us;
};

struct work {
	struct cw_voice_run *run;
	struct cw_world *world;
	struct cw_tts **voices; /* by source */
	struct slot *slots;
	size_t n_slots, next_source, next_item, sounds_done, sounds, busy;
	bool stopping;
	int err; /* out of memory: the end */
};

static void next_condition(struct slot *s);
static void next_ear(struct slot *s);
static void begin_task(struct slot *s);

static void give_up(struct slot *s, int err)
{
	s->of->err = s->of->err ? s->of->err : err;
	s->of->stopping = true;
	s->busy = false;
	s->of->busy--;
}

static const struct cw_voice_source *source_of(const struct slot *s)
{
	return &s->of->run->conf.sources[s->source];
}

static struct voice_sound *sound_of(const struct slot *s)
{
	const struct cw_voice_run *r = s->of->run;

	return &r->sounds[s->source][s->item * r->n_conditions + s->condition];
}

static void tell_progress(struct slot *s)
{
	const struct cw_voice_conf *c = &s->of->run->conf;

	s->of->sounds_done++;
	if (c->progress)
		c->progress(s->of->sounds_done, s->of->sounds, source_of(s)->name, c->arg);
}

static void end_task(struct slot *s)
{
	s->busy = false;
	s->of->busy--;
	talloc_free(s->pcm);
	s->pcm = NULL;
	if (!s->of->stopping)
		begin_task(s);
}

static void fail_task(struct slot *s, const char *reason)
{
	struct cw_voice_run *r = s->of->run;

	r->spoken[s->source][s->item].failed = reason;
	r->failures++;
	for (size_t k = 0; k < r->n_conditions; k++)
		tell_progress(s);
	end_task(s);
}

/* Run something off the lane; the slot waits for it even when everything stops, so it may use the slot. */
static int do_job(struct slot *s, cw_work_fn *run, cw_fn *done, const char *label)
{
	const struct cw_job job = {.run = run, .done = done, .arg = s, .label = label};
	struct cw_work *handle;
	int err = cw_work(s->of->slots, s->of->world, &job, &handle);

	s->in_job = !err;
	return err;
}

/* ---- hearing ---- */

static void score(void *arg)
{
	static const struct cw_wer_conf chars = {.tokens = CW_WER_CHARS};
	struct slot *s = arg;
	struct voice_heard *h = &s->result.heard[s->ear_now];
	struct cw_str said = cw_str(source_of(s)->items[s->item].text), text = cw_str(h->text);
	struct cw_entity_score entities = {0};

	s->err = cw_wer_add(&h->words, said, text, NULL);
	s->err = s->err ? s->err : cw_wer_add(&h->chars, said, text, &chars);
	s->err = s->err ? s->err : cw_entity_score_add(&entities, said, text, NULL);
	h->entities = cw_entity_total(&entities);
	h->known = !s->err;
}

static void scored(void *arg)
{
	struct slot *s = arg;

	s->in_job = false;
	if (s->err) {
		give_up(s, s->err);
		return;
	}
	s->ear_now++;
	next_ear(s);
}

static void hear(struct slot *s);

static void on_final(const char *text, double confidence, void *arg)
{
	struct slot_ear *e = arg;
	struct slot *s = e->slot;
	struct voice_heard *h;
	int err;

	(void)confidence;
	if (!s->hearing || s->ear_now != e->ear)
		return;
	s->hearing = s->again = false;
	h = &s->result.heard[s->ear_now];
	h->ms = (double)(cw_now(s->of->world) - s->heard_from_us) / 1e3;
	h->text = talloc_strdup(s->of->run->sounds[s->source], text);
	err = h->text ? do_job(s, score, scored, "voice.score") : ENOMEM;
	if (err)
		give_up(s, err);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct slot_ear *e = arg;
	struct slot *s = e->slot;

	if (!s->hearing || s->ear_now != e->ear)
		return;
	s->hearing = false;
	cw_timer_stop(&s->feeder);
	if (err == EAGAIN && !s->again && !s->of->stopping) {
		s->again = true;
		hear(s);
		return;
	}
	s->again = false;
	s->result.heard[s->ear_now].failed = talloc_strdup(s->of->run, reason ? reason : strerror(err));
	s->of->run->failures++;
	s->ear_now++;
	next_ear(s);
}

static void feed(void *arg)
{
	struct slot *s = arg;
	struct cw_stt *ear = s->ear[s->ear_now];

	do {
		size_t some = s->n_sound - s->fed < FEED ? s->n_sound - s->fed : FEED;

		cw_stt_feed(ear, s->sound + s->fed, some);
		s->fed += some;
	} while (s->fed < s->n_sound && s->fed < AT_ONCE && !s->again);
	if (s->fed < s->n_sound)
		cw_timer_start(&s->feeder, s->again ? 2 * PACE_US : PACE_US, feed, s);
	else
		cw_stt_finish(ear);
}

static void hear(struct slot *s)
{
	s->hearing = true;
	s->fed = 0;
	s->heard_from_us = cw_now(s->of->world);
	cw_stt_begin(s->ear[s->ear_now]);
	cw_timer_start(&s->feeder, 0, feed, s); /* not here: this may be the ear's own handler */
}

static void next_ear(struct slot *s)
{
	struct cw_voice_run *r = s->of->run;

	if (s->of->stopping) {
		end_task(s);
		return;
	}
	if (s->ear_now == r->conf.n_ears) {
		s->result.done = true;
		*sound_of(s) = s->result;
		talloc_free(s->sound);
		s->sound = NULL;
		tell_progress(s);
		s->condition++;
		next_condition(s);
		return;
	}
	hear(s);
}

/* ---- the line ---- */

static uint64_t seed_of(const struct slot *s)
{
	return s->of->run->conf.seed * 1000003 + s->item * 1009 + s->condition;
}

static int keep_wav(const struct slot *s)
{
	const struct cw_voice_run *r = s->of->run;
	const struct voice_condition *c = &r->conditions[s->condition];
	const struct cw_wav_format f = {.coding = CW_WAV_ULAW, .rate_hz = CW_RATE_HZ, .channels = 1};
	struct cw_wav_writer *w = NULL;
	char path[1024], snr[16] = "";
	int err;

	if (c->snr_db < VOICE_NO_SNR)
		snprintf(snr, sizeof(snr), ".%gdB", c->snr_db);
	snprintf(path, sizeof(path), "%s/%s.%03zu.%s%s.wav", r->conf.keep_dir, source_of(s)->name, s->item + 1,
		c->channel ? c->channel : "control", snr);
	for (char *p = path + strlen(r->conf.keep_dir) + 1; *p; p++)
		*p = (char)(*p == '/' || *p == ':' ? '_' : *p);
	err = cw_wav_create(NULL, path, &f, &w, NULL);
	err = err ? err : cw_wav_write(w, s->sound, s->n_sound);
	err = err ? err : cw_wav_finish(w);
	talloc_free(w);
	return err;
}

static void degrade(void *arg)
{
	struct slot *s = arg;
	const struct voice_condition *c = &s->of->run->conditions[s->condition];

	s->err = voice_degrade(NULL, s->of->run, &s->spoken, c, seed_of(s), &s->sound, &s->n_sound);
	s->err = s->err ? s->err : cw_quality_measure(s->sound, s->n_sound, CW_RATE_HZ, &s->result.quality);
	s->err = s->err ? s->err
			: cw_intrusive_measure(
				  s->spoken.pcm, s->spoken.n, s->sound, s->n_sound, CW_RATE_HZ, &s->result.intrusive);
	if (!s->err && s->of->run->conf.keep_dir)
		s->err = keep_wav(s);
}

static void degraded(void *arg)
{
	struct slot *s = arg;

	s->in_job = false;
	if (s->err) {
		give_up(s, s->err);
		return;
	}
	s->ear_now = 0;
	next_ear(s);
}

static void next_condition(struct slot *s)
{
	struct cw_voice_run *r = s->of->run;
	int err;

	if (s->of->stopping || s->condition == r->n_conditions) {
		end_task(s);
		return;
	}
	s->result = (struct voice_sound){
		.heard = talloc_zero_array(r->sounds[s->source], struct voice_heard, r->conf.n_ears + 1)};
	err = s->result.heard ? do_job(s, degrade, degraded, "voice.line") : ENOMEM;
	if (err)
		give_up(s, err);
}

/* ---- speaking ---- */

static void prepare(void *arg)
{
	struct slot *s = arg;

	s->err = cw_quality_measure(s->pcm, s->n, CW_RATE_HZ, &s->spoken.quality); /* as it was spoken */
	voice_level(s->pcm, s->n);
}

static void prepared(void *arg)
{
	struct slot *s = arg;
	struct cw_voice_run *r = s->of->run;

	s->in_job = false;
	if (s->err) {
		give_up(s, s->err);
		return;
	}
	s->spoken.pcm = s->pcm;
	s->spoken.n = s->n;
	r->spoken[s->source][s->item] = s->spoken;
	r->spoken[s->source][s->item].pcm = NULL; /* goes with the task */
	s->condition = 0;
	next_condition(s);
}

static void spoken(struct slot *s)
{
	int err;

	if (!s->n) {
		fail_task(s, "no sound");
		return;
	}
	err = do_job(s, prepare, prepared, "voice.prepare");
	if (err)
		give_up(s, err);
}

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct slot *s = arg;

	if (s->err || s->n + n > SPOKEN_MAX)
		return;
	if (!s->n)
		s->first_us = cw_now(s->of->world);
	if (s->n + n > s->room) {
		int16_t *more = talloc_realloc(s->of->slots, s->pcm, int16_t, 2 * (s->n + n));

		if (!more) {
			s->err = ENOMEM;
			return;
		}
		s->pcm = more;
		s->room = 2 * (s->n + n);
	}
	memcpy(s->pcm + s->n, pcm, n * sizeof(*pcm));
	s->n += n;
}

static void on_spoken(int err, const char *reason, void *arg)
{
	struct slot *s = arg;
	uint64_t now = cw_now(s->of->world);

	s->saying = NULL;
	if (s->err) {
		give_up(s, s->err);
		return;
	}
	if (err) {
		fail_task(s, talloc_asprintf(s->of->run, "%s", reason ? reason : strerror(err)));
		return;
	}
	s->spoken.ttfb_ms = (double)(s->first_us - s->asked_us) / 1e3;
	s->spoken.synth_ms = (double)(now - s->asked_us) / 1e3;
	spoken(s);
}

static void load(void *arg)
{
	struct slot *s = arg;
	struct cw_why why = {0};
	int16_t *pcm = NULL;

	s->err = cw_wav_load_mono(NULL, source_of(s)->items[s->item].path, CW_RATE_HZ, &pcm, &s->n, &why);
	s->pcm = pcm;
	s->n = s->n > SPOKEN_MAX ? SPOKEN_MAX : s->n;
	if (s->err)
		s->failed = talloc_strdup(NULL, why.text);
}

static void loaded(void *arg)
{
	struct slot *s = arg;

	s->in_job = false;
	s->spoken.ttfb_ms = s->spoken.synth_ms = NAN;
	if (s->err == ENOMEM) {
		give_up(s, ENOMEM);
		return;
	}
	if (s->err) {
		fail_task(s, talloc_steal(s->of->run, s->failed));
		return;
	}
	spoken(s);
}

/* The next sentence that is not in work; false: none is left. */
static bool take_task(struct slot *s)
{
	struct work *k = s->of;
	const struct cw_voice_conf *c = &k->run->conf;

	while (k->next_source < c->n_sources && k->next_item >= c->sources[k->next_source].n_items) {
		k->next_source++;
		k->next_item = 0;
	}
	if (k->next_source == c->n_sources)
		return false;
	s->source = k->next_source;
	s->item = k->next_item++;
	return true;
}

static void begin_task(struct slot *s)
{
	static const struct cw_tts_events events = {.audio = on_audio, .done = on_spoken};
	const struct cw_voice_item *item;
	int err;

	if (!take_task(s))
		return;
	s->busy = true;
	s->of->busy++;
	s->n = s->room = 0;
	s->err = 0;
	s->failed = NULL;
	s->spoken = (struct voice_spoken){0};
	item = &source_of(s)->items[s->item];
	if (item->path) {
		err = do_job(s, load, loaded, "voice.load");
	} else {
		s->asked_us = s->first_us = cw_now(s->of->world);
		err = cw_tts_say(s->of->slots, s->of->voices[s->source], item->text, &events, s, &s->saying);
	}
	if (err == EMSGSIZE)
		fail_task(s, "longer than a voice speaks at once");
	else if (err)
		give_up(s, err);
}

/* ---- everything ---- */

static int open_voices(struct work *k, struct cw_why *why)
{
	const struct cw_voice_conf *c = &k->run->conf;

	k->voices = talloc_zero_array(k, struct cw_tts *, c->n_sources);
	if (!k->voices)
		return ENOMEM;
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct cw_tts_conf conf = {.voice = c->sources[i].voice, .language = c->language};
		int err = conf.voice ? cw_tts_open(k->voices, k->world, &conf, &k->voices[i], why) : 0;

		if (err)
			return err;
	}
	return 0;
}

static struct cw_hints *hints_of(void *parent, const struct cw_voice_conf *c)
{
	const char **phrases = NULL;
	struct cw_hints h = {0};

	for (size_t i = 0; i < c->n_sources; i++) {
		phrases = talloc_realloc(parent, phrases, const char *, h.n_phrases + c->sources[i].n_items + 1);
		if (!phrases)
			return NULL;
		for (size_t k = 0; k < c->sources[i].n_items; k++) {
			bool there = false;

			for (size_t p = 0; p < h.n_phrases && !there; p++)
				there = strcmp(phrases[p], c->sources[i].items[k].text) == 0;
			if (!there)
				phrases[h.n_phrases++] = c->sources[i].items[k].text;
		}
	}
	h.phrases = phrases;
	return cw_hints_new(parent, &h);
}

static int open_ears(struct work *k, struct cw_why *why)
{
	static const struct cw_stt_events events = {.final = on_final, .failed = on_failed};
	const struct cw_voice_conf *c = &k->run->conf;
	struct cw_hints *hints = c->expect ? hints_of(k, c) : NULL;

	if (c->expect && !hints)
		return ENOMEM;
	k->slots = talloc_zero_array(k, struct slot, k->n_slots);
	if (!k->slots)
		return ENOMEM;
	for (size_t i = 0; i < k->n_slots; i++) {
		struct slot *s = &k->slots[i];

		s->of = k;
		cw_timer_init(&s->feeder, k->world);
		s->ear = talloc_zero_array(k->slots, struct cw_stt *, c->n_ears + 1);
		s->ears = talloc_zero_array(k->slots, struct slot_ear, c->n_ears + 1);
		if (!s->ear || !s->ears)
			return ENOMEM;
		for (size_t e = 0; e < c->n_ears; e++) {
			const struct cw_stt_conf conf = {
				.engine = c->ears[e], .language = c->language, .rate_hz = CW_RATE_HZ};
			int err;

			s->ears[e] = (struct slot_ear){s, e};
			err = cw_stt_open(k->slots, k->world, &conf, &events, &s->ears[e], &s->ear[e], why);
			if (err)
				return err;
			if (hints)
				cw_stt_expect(s->ear[e], hints);
		}
	}
	return 0;
}

/* Control first, then each channel at each ratio. */
static int set_conditions(struct cw_voice_run *r, struct cw_why *why)
{
	const struct cw_voice_conf *c = &r->conf;
	size_t steps = c->n_snrs ? c->n_snrs : 1;

	r->conditions = talloc_zero_array(r, struct voice_condition, 1 + c->n_channels * steps);
	if (!r->conditions)
		return ENOMEM;
	r->conditions[r->n_conditions++] = (struct voice_condition){.snr_db = VOICE_NO_SNR};
	for (size_t i = 0; i < c->n_channels; i++) {
		struct cw_effect_conf conf;
		int err = cw_profile_find(c->channels[i], &conf, why);

		if (err)
			return err;
		for (size_t k = 0; k < steps; k++)
			r->conditions[r->n_conditions++] = (struct voice_condition){
				.channel = c->channels[i], .snr_db = c->n_snrs ? c->snrs[k] : VOICE_NO_SNR};
	}
	return 0;
}

static int set_noise(struct cw_voice_run *r, struct cw_why *why)
{
	static const char *const kinds[] = {"white", "pink", "car", "traffic", "babble"};
	const char *noise = r->conf.noise;
	int16_t *pcm;
	int err;

	if (!noise)
		return 0;
	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		if (strcmp(kinds[i], noise) == 0) {
			r->noise_kind = kinds[i];
			return 0;
		}
	if (!strchr(noise, '/') && !strchr(noise, '.'))
		return cw_why_set(why, ENOENT,
			"unknown noise '%s': expected white, pink, car, traffic, babble or a WAV file", noise);
	err = cw_wav_load_mono(r, noise, CW_RATE_HZ, &pcm, &r->n_noise, why);
	if (err)
		return err;
	if (!r->n_noise)
		return cw_why_set(why, EINVAL, "noise '%s' holds no sound", noise);
	r->noise_pcm = pcm;
	r->noise_kind = "babble"; /* recorded, looped */
	return 0;
}

static int set_results(struct cw_voice_run *r)
{
	r->spoken = talloc_zero_array(r, struct voice_spoken *, r->conf.n_sources);
	r->sounds = talloc_zero_array(r, struct voice_sound *, r->conf.n_sources);
	if (!r->spoken || !r->sounds)
		return ENOMEM;
	for (size_t i = 0; i < r->conf.n_sources; i++) {
		size_t n = r->conf.sources[i].n_items;

		r->spoken[i] = talloc_zero_array(r->spoken, struct voice_spoken, n + 1);
		r->sounds[i] = talloc_zero_array(r->sounds, struct voice_sound, n * r->n_conditions + 1);
		if (!r->spoken[i] || !r->sounds[i])
			return ENOMEM;
	}
	return 0;
}

/* Until nothing is in work; jobs are waited for, voices and ears are not. */
static void serve(struct work *k, const bool *stop)
{
	for (;;) {
		size_t jobs = 0;

		for (size_t i = 0; i < k->n_slots; i++)
			jobs += k->slots[i].in_job;
		k->stopping = k->stopping || (stop && *stop);
		if (k->stopping ? !jobs : !k->busy)
			return;
		cw_os_run_for(k->world, TURN_US);
	}
}

static int begin(struct work *k, struct cw_why *why)
{
	struct cw_voice_run *r = k->run;
	int err = set_conditions(r, why);

	err = err ? err : set_noise(r, why);
	err = err ? err : set_results(r);
	err = err ? err : open_voices(k, why);
	err = err ? err : open_ears(k, why);
	for (size_t i = 0; i < r->conf.n_sources; i++)
		k->sounds += r->conf.sources[i].n_items * r->n_conditions;
	return err;
}

int cw_voice_run(void *parent, struct cw_world *w, const struct cw_voice_conf *conf, const bool *stop,
	struct cw_voice_run **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_voice_run *r = talloc_zero(NULL, struct cw_voice_run);
	CW_SCOPED struct work *k = talloc_zero(NULL, struct work);
	int err;

	if (!r || !k)
		return cw_why_set(why, ENOMEM, "out of memory");
	r->conf = *conf;
	k->run = r;
	k->world = w;
	k->n_slots = conf->jobs ? conf->jobs : 1;
	err = begin(k, why);
	for (size_t i = 0; !err && i < k->n_slots && !k->stopping; i++)
		begin_task(&k->slots[i]);
	if (!err) {
		serve(k, stop);
		err = k->err;
	}
	for (size_t i = 0; k->slots && i < k->n_slots; i++) {
		cw_timer_stop(&k->slots[i].feeder);
		talloc_free(k->slots[i].sound);
	}
	if (err)
		return cw_why_set(why, err, "%s", strerror(err));
	r->complete = !k->stopping;
	*ret = talloc_move(parent, &r);
	return 0;
}

bool cw_voice_complete(const struct cw_voice_run *r)
{
	return r->complete;
}

size_t cw_voice_failures(const struct cw_voice_run *r)
{
	return r->failures;
}
