#include "call/party_int.h"

#include <errno.h>

#include "audio/tone.h"
#include "base/mem.h"

#define FILLER_US   2500000u
#define FALLBACK_US 6000000u
#define IDLE_US     8000000u
#define STUCK_US    2000000u
#define BREATH_US   1000000u  /* at least so long after our own speech */
#define SPARE_US    500000u   /* the mind's chance to be heard after overdue() */
#define HANG_UP_US  15000000u /* to play out */
#define GOODBYE_US  10000000u /* for the line to say `closed` */
#define TONE_MS     400

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- what is due when ---- */

/* Do we owe the other audio, and since when is it silent? A turn whose end was not told yet counts: its transcript may never
 * come, or frames may have stopped. */
static bool owed(const struct cw_party *p, uint64_t *since_us)
{
	uint64_t since = 0;

	if (!p->conf.watchdog || !p->answered || p->closed || p->down)
		return false;
	if (!p->owing && !p->turn_open)
		return false;
	if (p->owing)
		since = p->owed_since_us;
	if (p->turn_open)
		since = later(since, cw_listener_last_us(p->listener));
	*since_us = since;
	return true;
}

static uint64_t overdue_at(const struct cw_party *p)
{
	uint64_t filler = CW_OR(p->conf.filler_us, FILLER_US), fallback = CW_OR(p->conf.fallback_us, FALLBACK_US);
	uint64_t since, at, heard = cw_speaker_last_us(p->speaker);

	if (!owed(p, &since))
		return UINT64_MAX;
	if (!p->overdues)
		at = since + filler;
	else if (p->overdues == 1)
		at = later(since + fallback, p->overdue_us + BREATH_US);
	else
		at = p->overdue_us + fallback;
	return heard > since ? later(at, heard + BREATH_US) : at;
}

/* The last sign of life of either side. */
static uint64_t quiet_since(const struct cw_party *p)
{
	uint64_t other = later(cw_listener_last_us(p->listener), p->key_us);

	return later(later(p->answered_us, cw_speaker_last_us(p->speaker)), other);
}

static uint64_t idle_at(const struct cw_party *p)
{
	uint64_t every = CW_OR(p->conf.idle_us, IDLE_US);
	uint64_t from = later(quiet_since(p), p->idle_us);

	if (!p->answered || p->closed || p->down || p->owing || p->turn_open || p->hanging ||
		cw_speaker_busy(p->speaker))
		return UINT64_MAX;
	return every > UINT64_MAX - from ? UINT64_MAX : from + every;
}

/* We fell silent for the other, and no frame came since that would tell how it went on. */
static uint64_t stuck_at(const struct cw_party *p)
{
	return p->floor == CW_FLOOR_PROBING && !p->closed ? cw_listener_last_us(p->listener) + STUCK_US : UINT64_MAX;
}

static void watch_fired(void *arg);

/* The timer may come too early, never too late: it then looks again. */
void cw_watch_arm(struct cw_party *p)
{
	uint64_t overdue = overdue_at(p), idle = idle_at(p), stuck = stuck_at(p), now = cw_party_now(p);
	uint64_t at = overdue < idle ? overdue : idle;

	at = stuck < at ? stuck : at;

	if (at == UINT64_MAX)
		return;

	uint64_t wait = at > now ? at - now : 0;

	if (!cw_timer_active(&p->watch) || p->watch.at_us > cw_now(p->world) + wait)
		cw_timer_start(&p->watch, wait, watch_fired, p);
}

/* ---- overdue ---- */

static const char *what_for(const struct cw_party *p)
{
	return p->turn_open ? "transcript" : p->waiting_for;
}

/* No sound came of the mind's try: our own, which needs no engine. */
static void play_spare(void *arg)
{
	struct cw_party *p = arg;
	const struct cw_spare_prompts *s = p->conf.spares;
	bool first = p->overdues <= 1;
	uint64_t since;

	if (!owed(p, &since) || cw_speaker_last_us(p->speaker) > p->overdue_us)
		return;
	cw_speaker_drop_urgent(p->speaker);
	cw_speaker_urgent(p->speaker, true);
	if (s && first && s->filler_n)
		(void)cw_party_queue_spare(p, s->filler, s->filler_n, s->filler_text);
	else if (s && s->fallback_n)
		(void)cw_party_queue_spare(p, s->fallback, s->fallback_n, s->fallback_text);
	else if (p->tone || !cw_progress_render(p, CW_TONE_BEEP, TONE_MS, &p->tone, &p->tone_n))
		(void)cw_party_queue_spare(p, p->tone, p->tone_n, NULL);
	cw_speaker_urgent(p->speaker, false); /* a queue that is full was told as a fault */
}

static bool tell_overdue(struct cw_party *p, uint64_t now)
{
	enum cw_overdue level = p->overdues ? CW_OVERDUE_FALLBACK : CW_OVERDUE_FILLER;
	uint32_t before = cw_speaker_last_id(p->speaker);
	uint64_t since = 0;

	(void)owed(p, &since); /* it is: that is why we are here */
	since = later(since, cw_speaker_last_us(p->speaker));

	uint64_t waited = now > since ? now - since : 0;

	cw_party_note(p, CW_EV_OVERDUE, "{s:s, s:I, s:s}", "level", level == CW_OVERDUE_FILLER ? "filler" : "fallback",
		"waited_us", (json_int_t)waited, "waiting_for", what_for(p));
	p->overdues++;
	p->overdue_us = now;
	cw_speaker_drop_urgent(p->speaker);
	cw_timer_start(&p->spare, SPARE_US, play_spare, p);
	cw_speaker_urgent(p->speaker, true);
	p->in_overdue = true;
	if (!CW_MIND(p, overdue, level, waited))
		return false;
	p->in_overdue = false;
	cw_speaker_urgent(p->speaker, false);
	if (cw_speaker_last_id(p->speaker) == before)
		play_spare(p); /* nothing will come of it */
	return true;
}

static void watch_fired(void *arg)
{
	struct cw_party *p = arg;
	uint64_t now = cw_party_now(p);

	if (stuck_at(p) <= now && !cw_floor_stuck(p))
		return;
	if (overdue_at(p) <= now) {
		if (!tell_overdue(p, now))
			return;
	} else if (idle_at(p) <= now) {
		uint64_t silent = now - quiet_since(p);

		p->idle_us = now;
		cw_party_note(p, CW_EV_IDLE, "{s:I}", "silent_us", (json_int_t)silent);
		if (!CW_MIND(p, idle, silent))
			return;
	}
	cw_watch_arm(p);
}

/* ---- the debt ---- */

static void owe_from(struct cw_party *p, uint64_t since_us, const char *waiting_for)
{
	p->owing = true;
	p->release_upto = 0;
	p->owed_since_us = since_us;
	p->owed_after = cw_speaker_last_id(p->speaker);
	p->overdues = 0;
	snprintf(p->waiting_for, sizeof(p->waiting_for), "%s", waiting_for);
	cw_watch_arm(p);
}

void cw_watch_answered(struct cw_party *p)
{
	if (p->conf.watchdog)
		owe_from(p, p->answered_us, "greeting");
	cw_watch_arm(p);
}

void cw_watch_turn(struct cw_party *p, uint64_t last_us)
{
	/* A turn that was long in coming got its filler while it was open. */
	unsigned told = p->overdue_us > last_us ? p->overdues : 0;

	if (!told)
		cw_timer_stop(&p->spare); /* else it may still have to sound */
	if (p->conf.watchdog)
		owe_from(p, last_us, "reply");
	p->overdues = told;
}

void cw_watch_new_turn(struct cw_party *p)
{
	p->overdues = 0; /* silence is counted anew from the end of it */
	cw_watch_arm(p);
}

static void paid(struct cw_party *p)
{
	p->owing = false;
	p->release_upto = 0;
	p->overdues = 0;
	cw_timer_stop(&p->spare);
}

void cw_watch_started(struct cw_party *p, uint32_t utterance)
{
	bool urgent = cw_speaker_is_urgent(p->speaker, utterance);

	if (p->owing && (utterance <= p->release_upto || (!urgent && utterance > p->owed_after)))
		paid(p);
	cw_watch_arm(p);
}

void cw_watch_spoke(struct cw_party *p, const struct cw_spoken *s)
{
	if (!s->urgent && p->owing && s->ended_us > s->started_us)
		p->owed_since_us = later(p->owed_since_us, s->ended_us);
	cw_watch_arm(p);
}

void cw_party_owe(struct cw_party *p, bool owing, const char *waiting_for)
{
	if (p->closed)
		return;
	if (owing && !p->owing) {
		owe_from(p, cw_party_now(p), waiting_for ? waiting_for : "");
	} else if (owing) {
		p->release_upto = 0;
		p->owed_after = cw_speaker_last_id(p->speaker);
		snprintf(p->waiting_for, sizeof(p->waiting_for), "%s", waiting_for ? waiting_for : "");
	} else if (p->owing && cw_speaker_waiting(p->speaker)) {
		p->release_upto = cw_speaker_last_id(p->speaker); /* one of these must be heard first */
	} else {
		paid(p);
		cw_watch_arm(p);
	}
}

/* ---- hanging up ---- */

static void never_closed(void *arg)
{
	cw_party_closed(arg, CW_END_LOCAL, "the line did not confirm the hang-up");
}

static void hang_up_line(struct cw_party *p)
{
	p->down = true;
	cw_timer_start(&p->hang, GOODBYE_US, never_closed, p);
	cw_line_hang_up(p->line, p->hang_why);
}

static void hang_up_anyway(void *arg)
{
	hang_up_line(arg);
}

bool cw_watch_played_out(struct cw_party *p)
{
	if (!p->hanging || p->down || p->closed || cw_speaker_busy(p->speaker))
		return false;
	if (p->hang_interrupted && (p->turn_open || p->owing))
		return false;
	hang_up_line(p);
	return true;
}

void cw_party_hang_up(struct cw_party *p, const char *why)
{
	if (p->closed || p->hanging)
		return;
	p->hanging = true;
	snprintf(p->hang_why, sizeof(p->hang_why), "%s", why ? why : "");
	cw_timer_start(&p->hang, HANG_UP_US, hang_up_anyway, p);
	(void)cw_watch_played_out(p); /* or later */
}

void cw_party_drop(struct cw_party *p, const char *why)
{
	if (p->closed || p->down)
		return;
	p->hanging = true;
	snprintf(p->hang_why, sizeof(p->hang_why), "%s", why ? why : "");
	cw_speaker_stop(p->speaker);
	hang_up_line(p);
}

/* ---- life ---- */

void cw_watch_init(struct cw_party *p)
{
	cw_timer_init(&p->watch, p->world);
	cw_timer_init(&p->spare, p->world);
	cw_timer_init(&p->hang, p->world);
}

void cw_watch_stop(struct cw_party *p)
{
	cw_timer_stop(&p->watch);
	cw_timer_stop(&p->spare);
	cw_timer_stop(&p->hang);
}
