#include "call/speaker_int.h"

#include <stdlib.h>

#include "base/mem.h"

#define LEAD_US       200000u
#define LEAD_MIN_US   40000u
#define US_PER_SAMPLE 125u
#define MARK_SAMPLES  4000u   /* a mark at least every 500 ms */
#define CONFIRM_US    500000u /* an end mark later than this (and the usual trip) is lost */
#define BURST         16u     /* frames sent at once at most */
#define DRY_US        1000u
#define FADE_US       40000u /* what dies away behind the last audible frame is still the voice */
#define VOICED_MIN    33     /* -60 dBov */
#define VOICED_BELOW  200    /* 46 dB */

/* ---- which samples come next ---- */

static bool wholly_sent(const struct cw_utterance *u)
{
	return u->at >= u->n;
}

/* Samples of the current piece that can leave now; steps over pieces that are through. */
static size_t available(struct cw_utterance *u)
{
	while (!wholly_sent(u)) {
		struct cw_piece *p = &u->pieces[u->at];

		if (p->n > p->sent)
			return p->n - p->sent;
		if (!p->done)
			return 0;
		u->at++;
	}
	return 0;
}

void cw_pacer_settle(struct cw_utterance *u)
{
	(void)available(u);
}

/* A whole frame, or the last samples of a piece. */
static bool ready(struct cw_utterance *u)
{
	size_t n = available(u);

	return n >= CW_FRAME_SAMPLES || (n && u->pieces[u->at].done);
}

struct cw_utterance *cw_pacer_source(struct cw_speaker *s)
{
	struct cw_utterance *first = NULL;

	for (struct cw_utterance *u = s->queue; u; u = u->next) {
		bool can = ready(u);

		if (wholly_sent(u))
			continue;
		if (!first && can)
			return u;
		if (!first)
			first = u;
		else if (can && u->urgent)
			return u; /* while the one before it waits for its engine */
	}
	return NULL;
}

/* ---- the far end's clock ---- */

static uint64_t played_until(const struct cw_speaker *s)
{
	uint64_t now = cw_now(s->world), drain = s->far.drain_us + s->far.behind_us;
	uint64_t left = drain > now ? (drain - now + US_PER_SAMPLE - 1) / US_PER_SAMPLE : 0;

	return left < s->far.sent ? s->far.sent - left : 0;
}

static void note_heard(struct cw_piece *p, size_t sample)
{
	if (sample > p->n)
		sample = p->n; /* the last frame is filled up with silence */
	if (sample > p->heard)
		p->heard = sample;
	if (cw_piece_heard_out(p)) { /* never sent again */
		talloc_free(p->ulaw);
		p->ulaw = NULL;
	}
}

void cw_pacer_played(struct cw_speaker *s)
{
	struct cw_far *f = &s->far;
	uint64_t played = played_until(s);

	while (f->extents_n) {
		struct cw_extent *x = &f->extents[f->extents_first];

		if (played <= x->at)
			return;

		uint64_t n = played - x->at < x->n ? played - x->at : x->n;

		note_heard(&x->u->pieces[x->piece], x->from + (size_t)n);
		if (n < x->n)
			return;
		f->extents_first = (f->extents_first + 1) % CW_EXTENTS;
		f->extents_n--;
	}
}

/* All of it, for want of a place to remember more. Only a far end seconds behind gets here. */
static void drop_oldest_extent(struct cw_far *f)
{
	struct cw_extent *x = &f->extents[f->extents_first];

	note_heard(&x->u->pieces[x->piece], x->from + x->n);
	f->extents_first = (f->extents_first + 1) % CW_EXTENTS;
	f->extents_n--;
}

static void add_extent(struct cw_speaker *s, struct cw_utterance *u, size_t from, size_t n)
{
	struct cw_far *f = &s->far;
	struct cw_extent *last = &f->extents[(f->extents_first + f->extents_n + CW_EXTENTS - 1) % CW_EXTENTS];

	if (f->extents_n && last->u == u && last->piece == u->at && last->from + last->n == from) {
		last->n += n;
		return;
	}
	if (f->extents_n == CW_EXTENTS)
		drop_oldest_extent(f);
	f->extents[(f->extents_first + f->extents_n++) % CW_EXTENTS] =
		(struct cw_extent){.u = u, .piece = u->at, .from = from, .n = n, .at = f->sent};
}

bool cw_pacer_forget(struct cw_speaker *s, const struct cw_utterance *u)
{
	struct cw_far *f = &s->far;
	unsigned kept = 0;

	for (unsigned i = 0; i < f->extents_n; i++) {
		struct cw_extent *x = &f->extents[(f->extents_first + i) % CW_EXTENTS];

		if (x->u != u)
			f->extents[(f->extents_first + kept++) % CW_EXTENTS] = *x;
	}

	bool any = kept < f->extents_n;

	f->extents_n = kept;
	return any;
}

static uint64_t call_time(const struct cw_speaker *s, uint64_t now_us)
{
	return now_us > s->conf.epoch_us ? now_us - s->conf.epoch_us : 0;
}

void cw_pacer_clear(struct cw_speaker *s)
{
	struct cw_far *f = &s->far;
	uint64_t now = cw_now(s->world);

	if (s->carrier || !s->line)
		return;
	cw_pacer_played(s);

	uint64_t until = f->drain_us;

	if (f->extents_n || until > now)
		(void)cw_line_clear(s->line); /* a line that is gone plays nothing either */
	if (until > now && s->ev->cleared)
		s->ev->cleared(call_time(s, now), call_time(s, until), s->arg);
	f->sent = played_until(s);
	f->extents_n = 0;
	f->drain_us = 0;
	f->behind_us = 0;
	f->since_mark = 0;
	now = call_time(s, now);
	if (s->audible_until_us > now)
		s->audible_until_us = now;
	for (struct cw_utterance *u = s->queue; u; u = u->next) {
		if (u->ended_us > now)
			u->ended_us = now;
		if (u->silent_us > now)
			u->silent_us = now > u->voiced_us ? now : u->voiced_us;
	}
}

/* ---- marks ---- */

static void send_mark(struct cw_speaker *s, struct cw_utterance *u, unsigned piece, size_t sample)
{
	struct cw_far *f = &s->far;
	uint32_t id = f->mark_id + 1;

	if (cw_line_mark(s->line, id))
		return; /* without it the clock decides */
	f->mark_id = id;
	f->since_mark = 0;
	f->marks[id % CW_MARKS] = (struct cw_far_mark){
		.id = id, .utterance = u->id, .piece = piece, .sample = sample, .due_us = f->drain_us};
	u->last_mark = id;
}

static void learn_trip(struct cw_far *f, const struct cw_far_mark *m, uint64_t now)
{
	uint64_t trip = now > m->due_us ? now - m->due_us : 0;

	if (m->id < f->mark_seen)
		return; /* overtaken: its lateness says nothing */
	f->mark_seen = m->id;
	if (!f->trip_known || trip < f->trip_us)
		f->trip_us = trip;
	f->trip_known = true;
	f->behind_us = f->drain_us > now && trip > f->trip_us + CW_TICK_US ? trip - f->trip_us : 0;
}

void cw_speaker_mark(struct cw_speaker *s, uint32_t id, bool cleared)
{
	struct cw_far_mark m = s->far.marks[id % CW_MARKS];

	if (!id || m.id != id || cleared)
		return;
	s->far.marks[id % CW_MARKS].id = 0;
	learn_trip(&s->far, &m, cw_now(s->world));
	for (struct cw_utterance *u = s->queue; u; u = u->next) {
		if (u->id != m.utterance || m.piece >= u->n)
			continue;
		for (unsigned i = 0; i < m.piece; i++)
			note_heard(&u->pieces[i], u->pieces[i].n);
		note_heard(&u->pieces[m.piece], m.sample);
		u->confirmed |= u->marked && u->last_mark == id;
		break;
	}
	cw_pacer_pump(s);
}

/* ---- sending ---- */

/* The codes of both signs grow with the magnitude once inverted. */
static bool audible(const uint8_t *ulaw)
{
	uint8_t peak = 0;

	for (size_t i = 0; i < CW_FRAME_SAMPLES; i++) {
		uint8_t v = (uint8_t)~ulaw[i] & 0x7F;

		peak = v > peak ? v : peak;
	}
	return peak >= CW_AUDIBLE_CODE;
}

/* To the sample, as cw_speech_trim() (trial/view) would find it: weaker than a 200th of the peak is the sound dying away. */
static void note_voiced(struct cw_utterance *u, const uint8_t *ulaw, uint64_t at_us)
{
	for (unsigned i = 0; i < CW_FRAME_SAMPLES; i++) {
		int v = abs(cw_ulaw_table[ulaw[i]]);

		u->peak = v > u->peak ? v : u->peak;
		if (v <= VOICED_MIN || v * VOICED_BELOW <= u->peak)
			continue;
		if (!u->silent_us)
			u->voiced_us = at_us + (uint64_t)i * US_PER_SAMPLE;
		u->silent_us = at_us + (uint64_t)(i + 1) * US_PER_SAMPLE;
	}
}

static void note_audible(
	struct cw_speaker *s, struct cw_utterance *u, const uint8_t *ulaw, size_t frames, uint64_t at_us)
{
	for (size_t i = 0; i < frames; i++, at_us += CW_TICK_US) {
		bool loud = audible(ulaw + i * CW_FRAME_SAMPLES);

		if (loud || (u->started_us && at_us < u->ended_us + FADE_US))
			note_voiced(u, ulaw + i * CW_FRAME_SAMPLES, at_us);
		if (!loud)
			continue;
		u->ended_us = s->audible_until_us = at_us + CW_TICK_US;
		if (u->started_us)
			continue;
		u->started_us = at_us;
		s->ev->started(u->id, s->arg);
	}
}

/* Send @frames from the current piece of @u (at most BURST), the last one filled up with silence. */
static int send_frames(struct cw_speaker *s, struct cw_utterance *u, size_t frames)
{
	struct cw_far *f = &s->far;
	struct cw_piece *p = &u->pieces[u->at];
	size_t n = p->n - p->sent, bytes = frames * CW_FRAME_SAMPLES;
	uint8_t last[CW_FRAME_SAMPLES];
	const uint8_t *from = p->ulaw + p->sent;
	uint64_t now = cw_now(s->world);

	if (n < CW_FRAME_SAMPLES) {
		memcpy(last, from, n);
		memset(last + n, CW_ULAW_SILENCE, sizeof(last) - n);
		from = last;
	}

	int err = cw_line_send(s->line, from, bytes);

	if (err)
		return err;
	if (u->begun && f->drain_us && f->drain_us + DRY_US < now)
		s->underruns++;
	if (f->drain_us <= now) {
		f->drain_us = now;
		f->behind_us = 0;
	}

	uint64_t at_us = call_time(s, f->drain_us);

	f->drain_us += (uint64_t)bytes * US_PER_SAMPLE;
	u->begun = true;
	u->sent_until_us = f->drain_us;
	if (s->ev->sent)
		s->ev->sent(from, bytes, at_us, s->arg);
	note_audible(s, u, from, frames, at_us);
	add_extent(s, u, p->sent, bytes);
	p->sent += bytes < n ? bytes : n;
	f->sent += bytes;
	f->since_mark += bytes;
	if ((p->done && p->sent >= p->n) || f->since_mark >= MARK_SAMPLES)
		send_mark(s, u, u->at, p->sent);
	if (available(u) == 0 && wholly_sent(u))
		u->marked = u->last_mark && f->marks[u->last_mark % CW_MARKS].id == u->last_mark;
	return 0;
}

static void send_due(struct cw_speaker *s)
{
	uint64_t lead = s->conf.lead_us > LEAD_MIN_US ? s->conf.lead_us : s->conf.lead_us ? LEAD_MIN_US : LEAD_US;
	struct cw_utterance *u;

	while ((u = cw_pacer_source(s))) {
		uint64_t now = cw_now(s->world);
		uint64_t ahead = s->far.drain_us > now ? s->far.drain_us - now : 0;
		size_t frames = ahead < lead ? (size_t)((lead - ahead) / CW_TICK_US) : 0;
		size_t have = available(u) / CW_FRAME_SAMPLES;

		if (!frames)
			return;
		if (!have)
			have = 1;
		if (frames > have)
			frames = have;
		if (send_frames(s, u, frames > BURST ? BURST : frames))
			return; /* the line does not take it now: next tick */
		cw_speaker_synthesise(s);
	}
}

/* Has it been heard to its end, as far as we shall ever know? */
static bool over(const struct cw_speaker *s, const struct cw_utterance *u)
{
	uint64_t now = cw_now(s->world);

	if (!wholly_sent(u))
		return false;
	if (s->carrier || !u->begun || u->confirmed)
		return true;
	if (now < u->sent_until_us)
		return false;
	return !u->marked || now >= u->sent_until_us + s->far.trip_us + CONFIRM_US;
}

static void end_heard(struct cw_speaker *s)
{
	struct cw_utterance *next;

	for (struct cw_utterance *u = s->queue; u; u = next) {
		next = u->next;
		cw_pacer_settle(u);
		if (!over(s, u))
			continue;
		for (unsigned i = 0; i < u->n; i++)
			note_heard(&u->pieces[i], u->pieces[i].sent);
		cw_speaker_end(s, u);
	}
}

void cw_pacer_pump(struct cw_speaker *s)
{
	if (s->paused || !s->line)
		return;
	if (!s->carrier) {
		cw_pacer_played(s);
		send_due(s);
	}
	end_heard(s);
}

/* ---- carrier side ---- */

static void take_frame(struct cw_speaker *s, struct cw_utterance *u, uint8_t *ulaw)
{
	struct cw_piece *p = &u->pieces[u->at];
	size_t n = p->n - p->sent < CW_FRAME_SAMPLES ? p->n - p->sent : CW_FRAME_SAMPLES;

	memcpy(ulaw, p->ulaw + p->sent, n);
	memset(ulaw + n, CW_ULAW_SILENCE, CW_FRAME_SAMPLES - n);
	p->sent += n;
	note_heard(p, p->sent);
	if (s->dry)
		s->underruns++;
	s->dry = false;
	u->begun = true;
	note_audible(s, u, ulaw, 1, s->at_us);
}

void cw_speaker_pull(struct cw_speaker *s, uint8_t ulaw[160], int16_t *pcm)
{
	struct cw_utterance *u = s->paused || !s->queue ? NULL : cw_pacer_source(s);
	int16_t own[CW_FRAME_SAMPLES];
	bool changed = s->conf.effects != NULL;

	if (u)
		take_frame(s, u, ulaw);
	else
		memset(ulaw, CW_ULAW_SILENCE, CW_FRAME_SAMPLES);
	if (s->conf.effects || s->conf.mix || pcm)
		cw_ulaw_decode(ulaw, pcm ? pcm : own, CW_FRAME_SAMPLES);
	if (s->conf.mix)
		changed = s->conf.mix(pcm ? pcm : own, s->conf.mix_arg) || changed;
	if (s->conf.effects)
		cw_effects_frame(s->conf.effects, pcm ? pcm : own);
	if (changed)
		cw_ulaw_encode(pcm ? pcm : own, ulaw, CW_FRAME_SAMPLES);
	s->at_us += CW_TICK_US;
	if (!s->queue || s->paused)
		return;
	if (u)
		cw_speaker_synthesise(s);
	else
		s->dry = s->queue->begun && !wholly_sent(s->queue);
	end_heard(s);
}
