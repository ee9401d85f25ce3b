#include "call/speaker_int.h"

#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "call/guard.h"

#define QUEUE_MAX    16
#define AHEAD        2 /* sentences asked for and not wholly sent: one plays, one is made */
#define TTS_FIRST_US 3000000u
#define TTS_IDLE_US  2000000u
#define TTS_AGAIN_US 20000u /* the engine's queue was full */

uint64_t cw_speaker_now(const struct cw_speaker *s)
{
	uint64_t now = cw_now(s->world);

	if (s->carrier)
		return s->at_us;
	return now > s->conf.epoch_us ? now - s->conf.epoch_us : 0;
}

/* ---- the end of an utterance ---- */

static void tell_ended(void *arg)
{
	struct cw_speaker *s = arg;

	while (s->ended) {
		CW_SCOPED struct cw_utterance *u = s->ended;
		const char *heard = cw_utterance_heard(u, NULL), *rest = u->text + u->heard_len;
		struct cw_spoken spoken = {.utterance = u->id,
			.heard = heard,
			.cut = u->cut,
			.err = u->err,
			.started_us = u->started_us,
			.ended_us = u->ended_us,
			.onset_us = u->voiced_us,
			.last_us = u->silent_us,
			.urgent = u->urgent};

		s->ended = u->next;
		(void)talloc_steal(NULL, u); /* it is ours while the handler runs, which may free the speaker */
		while (*rest == ' ')
			rest++;
		spoken.unheard = rest;
		if (!CW_CALL(s, s->ev->spoke(&spoken, s->arg)))
			return;
	}
}

static void cancel_job(struct cw_speaker *s)
{
	talloc_free(s->job);
	s->job = NULL;
	s->job_utterance = NULL;
	cw_timer_stop(&s->job_timer);
}

void cw_speaker_end(struct cw_speaker *s, struct cw_utterance *u)
{
	struct cw_utterance **at = &s->queue;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	u->next = NULL;
	s->queued--;
	if (s->job_utterance == u)
		cancel_job(s);
	(void)cw_pacer_forget(s, u);

	(void)cw_utterance_heard(u, &u->heard_len);
	if (!u->started_us)
		u->started_us = u->ended_us = cw_speaker_now(s);
	for (unsigned i = 0; i < u->n; i++) { /* the samples have served; the words are wanted until `spoke` */
		talloc_free(u->pieces[i].ulaw);
		u->pieces[i].ulaw = NULL;
	}
	for (at = &s->ended; *at;)
		at = &(*at)->next;
	*at = u;
	cw_timer_start(&s->ended_timer, 0, tell_ended, s);
	if (!s->queue) {
		cw_tick_stop(&s->tick);
		s->ticking = false;
	}
	cw_speaker_synthesise(s);
}

static void cut(struct cw_speaker *s, struct cw_utterance *u)
{
	u->cut = true;
	cw_speaker_end(s, u);
}

/* ---- synthesis ---- */

static char *piece_text(const struct cw_utterance *u, const struct cw_piece *p)
{
	return cw_str_dup(NULL, (struct cw_str){u->text + p->text_at, p->text_len});
}

/* The sentence is lost, and all behind it in its utterance. */
static void piece_failed(struct cw_speaker *s, int err, const char *reason)
{
	struct cw_utterance *u = s->job_utterance;
	struct cw_piece *p = &u->pieces[s->job_piece];

	cancel_job(s);
	p->done = true;
	p->err = u->err = err;
	u->n = s->job_piece + 1;
	s->ev->failed(err, reason, s->arg);
	cw_speaker_synthesise(s);
	cw_pacer_pump(s);
}

static void job_overdue(void *arg)
{
	struct cw_speaker *s = arg;

	piece_failed(s, ETIMEDOUT,
		s->job_utterance->pieces[s->job_piece].n ? "synthesis stalled in mid-sentence"
							 : "no audio from the engine in time");
}

static void job_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct cw_speaker *s = arg;
	struct cw_utterance *u = s->job_utterance;
	struct cw_piece *p = &u->pieces[s->job_piece];
	bool first = p->n == 0 && n;
	int err = n ? cw_piece_audio(u, p, pcm, n) : 0;

	if (err) {
		piece_failed(s, err, err == EFBIG ? "a sentence longer than two minutes" : "no memory for audio");
		return;
	}
	cw_timer_start(&s->job_timer, s->conf.tts_idle_us ? s->conf.tts_idle_us : TTS_IDLE_US, job_overdue, s);
	if (first) {
		CW_SCOPED char *text = piece_text(u, p);

		s->ev->sentence(u->id, s->job_piece, text ? text : "", cw_now(s->world) - p->asked_us, s->arg);
		if (!u->urgent)
			cw_speaker_drop_urgent(s);
	}
	cw_pacer_pump(s);
}

static void job_word(size_t text_end, uint64_t sample_end, void *arg)
{
	struct cw_speaker *s = arg;

	/* without memory the words behind are placed by the last one known: the ledger says less was heard, never more */
	(void)cw_piece_word(s->job_utterance, &s->job_utterance->pieces[s->job_piece], text_end, (size_t)sample_end);
}

static void job_done(int err, const char *reason, void *arg)
{
	struct cw_speaker *s = arg;
	struct cw_piece *p = &s->job_utterance->pieces[s->job_piece];

	if (!err && !p->n)
		err = ENODATA;
	if (err) {
		piece_failed(s, err,
			reason && *reason ? reason
			: err == ENODATA  ? "the engine gave no audio"
					  : strerror(err));
		return;
	}
	p->done = true;
	cancel_job(s);
	cw_speaker_synthesise(s);
	cw_pacer_pump(s);
}

static void try_engine(void *arg)
{
	static const struct cw_tts_events events = {.audio = job_audio, .word = job_word, .done = job_done};
	struct cw_speaker *s = arg;
	struct cw_utterance *u = s->job_utterance;
	struct cw_piece *p = &u->pieces[s->job_piece];
	uint64_t limit = s->conf.tts_first_us ? s->conf.tts_first_us : TTS_FIRST_US;
	uint64_t waited = cw_now(s->world) - p->asked_us;
	CW_SCOPED char *text = piece_text(u, p);
	int err = text ? cw_tts_say(s, s->tts, text, &events, s, &s->job) : ENOMEM;

	if (!err) {
		cw_timer_start(&s->job_timer, limit > waited ? limit - waited : 0, job_overdue, s);
		return;
	}
	s->job = NULL;
	if (err == EAGAIN && waited < limit)
		cw_timer_start(&s->job_timer, TTS_AGAIN_US, try_engine, s);
	else
		piece_failed(s, err, strerror(err));
}

static void ask(void *arg)
{
	struct cw_speaker *s = arg;
	CW_SCOPED char *text = piece_text(s->job_utterance, &s->job_utterance->pieces[s->job_piece]);

	if (s->ev->asked)
		s->ev->asked(s->job_utterance->id, s->job_piece, text ? text : "", s->arg);
	try_engine(s);
}

void cw_speaker_synthesise(struct cw_speaker *s)
{
	unsigned ahead = 0;

	if (s->job_utterance || !s->line || s->stopping)
		return;
	for (struct cw_utterance *u = s->queue; u; u = u->next) {
		for (unsigned i = u->at; i < u->n; i++) {
			struct cw_piece *p = &u->pieces[i];

			if (p->asked) {
				ahead += !(p->done && p->sent >= p->n);
				continue;
			}
			if (ahead >= AHEAD)
				return;
			p->asked = true;
			p->asked_us = cw_now(s->world);
			s->job_utterance = u;
			s->job_piece = i;
			cw_timer_start(&s->job_timer, 0, ask, s);
			return;
		}
	}
}

/* ---- queue ---- */

static void tick(void *arg)
{
	cw_pacer_pump(arg);
}

/* Urgent: before the first ordinary one that has not begun; one that has begun and starves lets it pass, see cw_pacer_source(). */
static void enqueue(struct cw_speaker *s, struct cw_utterance *u)
{
	struct cw_utterance **at = &s->queue;

	while (*at && !(s->urgent && !(*at)->urgent && !(*at)->begun))
		at = &(*at)->next;
	u->urgent = s->urgent;
	u->next = *at;
	*at = u;
	s->queued++;
	if (!s->carrier && s->line && !s->ticking) {
		cw_tick_start(&s->tick, tick, s);
		s->ticking = true;
	}
}

static int queue_text(struct cw_speaker *s, const char *text, struct cw_utterance **ret)
{
	if (!s->tts)
		return ENOTSUP;
	return cw_utterance_new(s, s->last_id + 1, text, ret);
}

static int queue_up(struct cw_speaker *s, struct cw_utterance *u, uint32_t *utterance)
{
	s->last_id++;
	enqueue(s, u);
	if (utterance)
		*utterance = u->id;
	cw_speaker_synthesise(s);
	return 0;
}

int cw_speaker_say(struct cw_speaker *s, const char *text, uint32_t *utterance)
{
	struct cw_utterance *u;

	if (s->queued >= QUEUE_MAX)
		return ENOBUFS;

	int err = queue_text(s, text, &u);

	return err ? err : queue_up(s, u, utterance);
}

int cw_speaker_play(struct cw_speaker *s, const int16_t *pcm, size_t n, const char *text, uint32_t *utterance)
{
	struct cw_utterance *u;

	if (s->queued >= QUEUE_MAX)
		return ENOBUFS;

	int err = cw_utterance_of_pcm(s, s->last_id + 1, pcm, n, text, &u);

	if (err)
		return err;
	(void)queue_up(s, u, utterance);
	if (!s->carrier && s->line && !s->paused)
		cw_timer_start(&s->play_timer, 0, tick, s); /* `started` may not come inside play() */
	return 0;
}

void cw_speaker_stop(struct cw_speaker *s)
{
	cw_pacer_clear(s);
	s->stopping = true;
	while (s->queue) {
		struct cw_utterance *u = s->queue;

		cw_pacer_settle(u);
		u->cut = u->at < u->n || !cw_piece_heard_out(&u->pieces[u->n - 1]);
		cw_speaker_end(s, u);
	}
	s->stopping = false;
	s->paused = false;
}

void cw_speaker_pause(struct cw_speaker *s)
{
	if (s->paused || !s->queue)
		return;
	s->paused = true;
	cw_pacer_clear(s);
}

void cw_speaker_resume(struct cw_speaker *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	for (struct cw_utterance *u = s->queue; u; u = u->next)
		cw_utterance_rewind(u);
	s->dry = false;
	if (!s->carrier && s->line)
		cw_timer_start(&s->play_timer, 0, tick, s);
}

/* ---- what others ask ---- */

bool cw_speaker_busy(const struct cw_speaker *s)
{
	return s->queue != NULL;
}

bool cw_speaker_paused(const struct cw_speaker *s)
{
	return s->paused;
}

bool cw_speaker_audible(const struct cw_speaker *s)
{
	return s->audible_until_us > cw_speaker_now(s);
}

uint64_t cw_speaker_last_us(const struct cw_speaker *s)
{
	return s->audible_until_us;
}

uint64_t cw_speaker_underruns(const struct cw_speaker *s)
{
	return s->underruns;
}

uint32_t cw_speaker_current(const struct cw_speaker *s, uint64_t *started_us)
{
	for (const struct cw_utterance *u = s->queue; u; u = u->next) {
		if (!u->started_us)
			continue;
		if (started_us)
			*started_us = u->started_us;
		return u->id;
	}
	return 0;
}

const char *cw_speaker_heard(struct cw_speaker *s)
{
	if (!s->carrier)
		cw_pacer_played(s);
	for (struct cw_utterance *u = s->queue; u; u = u->next)
		if (u->started_us)
			return cw_utterance_heard(u, NULL);
	return "";
}

bool cw_speaker_left(const struct cw_speaker *s, uint64_t *left_us)
{
	uint64_t samples = 0, silent = 0, now = cw_now(s->world);

	for (const struct cw_utterance *u = s->queue; u; u = u->next) {
		for (unsigned i = 0; i < u->n; i++) {
			const struct cw_piece *p = &u->pieces[i];

			if (!p->done)
				return false;
			samples += p->n - p->sent;
			silent = p->n - p->audible_n;
		}
	}

	uint64_t left = samples * 125 + (s->far.drain_us > now ? s->far.drain_us - now : 0);

	*left_us = left > silent * 125 ? left - silent * 125 : 0;
	return true;
}

void cw_speaker_urgent(struct cw_speaker *s, bool on)
{
	s->urgent = on;
}

void cw_speaker_drop_urgent(struct cw_speaker *s)
{
	struct cw_utterance *next;

	for (struct cw_utterance *u = s->queue; u; u = next) {
		next = u->next;
		if (u->urgent && !u->begun)
			cut(s, u);
	}
}

bool cw_speaker_is_urgent(const struct cw_speaker *s, uint32_t utterance)
{
	for (const struct cw_utterance *u = s->queue; u; u = u->next)
		if (u->id == utterance)
			return u->urgent;
	return false;
}

bool cw_speaker_started(const struct cw_speaker *s, uint32_t utterance, uint64_t *at_us)
{
	for (const struct cw_utterance *u = s->queue; u; u = u->next) {
		if (u->id != utterance || !u->started_us)
			continue;
		*at_us = u->started_us;
		return true;
	}
	return false;
}

bool cw_speaker_waiting(const struct cw_speaker *s)
{
	for (const struct cw_utterance *u = s->queue; u; u = u->next)
		if (!u->started_us)
			return true;
	return false;
}

uint32_t cw_speaker_last_id(const struct cw_speaker *s)
{
	return s->last_id;
}

void cw_speaker_flush(struct cw_speaker *s)
{
	cw_timer_stop(&s->ended_timer);
	tell_ended(s);
}

void cw_speaker_at(struct cw_speaker *s, uint64_t at_us)
{
	s->at_us = at_us;
}

/* ---- life ---- */

static int speaker_free(struct cw_speaker *s)
{
	if (s->gone)
		*s->gone = true;
	cw_timer_stop(&s->job_timer);
	cw_timer_stop(&s->ended_timer);
	cw_timer_stop(&s->play_timer);
	cw_tick_stop(&s->tick);
	return 0;
}

void cw_speaker_attach(struct cw_speaker *s, struct cw_line *line)
{
	s->line = line;
	s->carrier = line->side == CW_LINE_CARRIER;
	if (s->queue && !s->carrier && !s->ticking) {
		cw_tick_start(&s->tick, tick, s);
		s->ticking = true;
	}
	cw_speaker_synthesise(s);
}

int cw_speaker_new(void *parent, struct cw_world *w, const struct cw_speaker_conf *conf,
	const struct cw_speaker_events *ev, void *arg, struct cw_speaker **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_speaker *s = talloc_zero(NULL, struct cw_speaker);
	if (!s)
		return ENOMEM;

	s->world = w;
	s->conf = *conf;
	s->conf.voice = s->conf.language = NULL; /* theirs; the opened voice has what it needs */
	s->ev = ev;
	s->arg = arg;
	cw_timer_init(&s->job_timer, w);
	cw_timer_init(&s->ended_timer, w);
	cw_timer_init(&s->play_timer, w);
	cw_tick_init(&s->tick, w);
	talloc_set_destructor(s, speaker_free);
	if (conf->voice) {
		const struct cw_tts_conf tts = {.voice = conf->voice, .language = conf->language, .speed = conf->speed};
		int err = cw_tts_open(s, w, &tts, &s->tts, why);

		if (err)
			return err;
	}
	*ret = talloc_move(parent, &s);
	return 0;
}
