#include "call/party_int.h"

#include <errno.h>

#include "base/mem.h"

#define TAIL_US        200000u  /* what is left of an utterance and not worth a pause */
#define NO_WORDS_US    700000u  /* after the sound: nobody said anything */
#define BLIP_US        200000u  /* a sound without words, shorter than any word */
#define LONG_SPEECH_US 1200000u /* without a recogniser, so much sound is speech */

/* ---- pausing, going on, giving way ---- */

static void hold(struct cw_party *p)
{
	uint64_t decided = cw_now(p->world);
	uint32_t u = cw_speaker_current(p->speaker, NULL);

	cw_speaker_pause(p->speaker);
	p->floor = CW_FLOOR_PROBING;
	cw_party_note(p, CW_EV_PAUSED, "{s:I, s:s}", "utterance", (json_int_t)u, "heard", cw_speaker_heard(p->speaker));
	if (!p->carrier)
		cw_party_note(p, CW_EV_CLEARED, "{s:I}", "since_decision_us", (json_int_t)(cw_now(p->world) - decided));
	cw_watch_arm(p);
}

static void go_on(struct cw_party *p, const char *reason)
{
	bool paused = p->floor == CW_FLOOR_PROBING;

	p->floor = CW_FLOOR_FREE;
	p->turn_judged = true;
	if (!paused)
		return;
	cw_party_note(p, CW_EV_RESUMED, "{s:I, s:s}", "utterance", (json_int_t)cw_speaker_current(p->speaker, NULL),
		"reason", reason);
	cw_speaker_resume(p->speaker);
}

static bool give_way(struct cw_party *p)
{
	uint64_t decided = cw_now(p->world);
	uint32_t u = cw_speaker_current(p->speaker, NULL);
	bool paused = p->floor == CW_FLOOR_PROBING;

	p->floor = CW_FLOOR_FREE;
	p->turn_cut_us = true;
	p->hang_interrupted = p->hanging;
	cw_speaker_pause(p->speaker); /* what was heard is known only once the rest was cleared */

	CW_SCOPED char *heard = talloc_strdup(NULL, cw_speaker_heard(p->speaker));

	cw_speaker_stop(p->speaker);
	if (!paused && !p->carrier)
		cw_party_note(p, CW_EV_CLEARED, "{s:I}", "since_decision_us", (json_int_t)(cw_now(p->world) - decided));
	cw_party_note(p, CW_EV_INTERRUPTED, "{s:I, s:s, s:I, s:I}", "utterance", (json_int_t)u, "heard",
		heard ? heard : "", "onset_us", (json_int_t)p->sound_us, "decided_us", (json_int_t)cw_party_now(p));
	/* cppcheck-suppress autoVariables */
	return CW_MIND(p, interrupted, heard ? heard : "");
}

void cw_floor_reset(struct cw_party *p)
{
	if (p->floor == CW_FLOOR_PROBING)
		cw_speaker_resume(p->speaker);
	p->floor = CW_FLOOR_FREE;
}

/* ---- judging ---- */

static bool judge(struct cw_party *p, const char *text, bool ended, uint64_t speech_us)
{
	switch (cw_turn_barge(text, ended, speech_us, p->awaiting)) {
	case CW_BARGE_WAIT:
		return true;
	case CW_BARGE_NOISE:
		go_on(p, "noise");
		return true;
	case CW_BARGE_BACKCHANNEL:
		go_on(p, "backchannel");
		return true;
	case CW_BARGE_INTERRUPT:
		return give_way(p);
	}
	return true;
}

static uint64_t sound_so_far(const struct cw_party *p)
{
	uint64_t last_us = cw_listener_last_us(p->listener);

	return last_us > p->sound_us ? last_us - p->sound_us : 0;
}

bool cw_floor_stuck(struct cw_party *p)
{
	return judge(p, cw_listener_partial(p->listener), true, sound_so_far(p));
}

bool cw_floor_frame(struct cw_party *p, uint64_t end_us)
{
	uint64_t last_us = cw_listener_last_us(p->listener);
	bool speech = cw_listener_speech(p->listener);
	const char *words = cw_listener_partial(p->listener);

	if (p->floor == CW_FLOOR_FREE)
		return true;
	if (p->floor == CW_FLOOR_ARMED) {
		if (!speech)
			p->floor = CW_FLOOR_FREE;
		else if (!cw_speaker_current(p->speaker, NULL))
			p->floor = CW_FLOOR_FREE;
		else if (end_us >= p->sound_us + p->conf.barge_min_us)
			hold(p);
		return true;
	}
	if (speech)
		return judge(p, words, false, end_us - p->sound_us);
	if (*words || end_us >= last_us + NO_WORDS_US)
		return judge(p, words, true, sound_so_far(p));
	return true;
}

/* A new sound: does it come over our speech, and is that worth a pause? */
static void new_sound(struct cw_party *p, uint64_t onset_us, bool new_turn)
{
	uint64_t started_us, left_us;
	bool over = cw_speaker_current(p->speaker, &started_us) && onset_us >= started_us;

	if (over && cw_speaker_left(p->speaker, &left_us) && left_us < TAIL_US)
		over = false;
	if (new_turn) {
		p->turn_over = over;
		p->turn_judged = p->turn_cut_us = false;
	}
	if (!over || !p->conf.barge_in || p->floor != CW_FLOOR_FREE)
		return;
	p->sound_us = onset_us;
	p->floor = CW_FLOOR_ARMED;
	if (!p->conf.barge_min_us)
		hold(p);
}

/* ---- the listener's events ---- */

static void speech_started(uint64_t onset_us, void *arg)
{
	struct cw_party *p = arg;
	bool new_turn = !p->turn_open;

	cw_party_ear(p, cw_party_now(p), CW_EV_SPEECH_STARTED, "{s:I, s:f}", "onset_us", (json_int_t)onset_us,
		"level_db", (double)cw_listener_level_db(p->listener));
	p->turn_open = true;
	new_sound(p, onset_us, new_turn);
	if (new_turn)
		cw_watch_new_turn(p);
	(void)CW_MIND(p, speech_started, onset_us); /* freed or not: it was the last */
}

static void speech_ended(uint64_t onset_us, uint64_t last_us, void *arg)
{
	cw_party_ear(arg, cw_party_now(arg), CW_EV_SPEECH_ENDED, "{s:I, s:I}", "onset_us", (json_int_t)onset_us,
		"last_us", (json_int_t)last_us);
}

static void partial(const char *text, void *arg)
{
	struct cw_party *p = arg;
	bool speech = cw_listener_speech(p->listener);

	cw_party_ear(p, cw_party_now(p), CW_EV_PARTIAL, "{s:s}", "text", text);
	if (p->floor == CW_FLOOR_PROBING && !judge(p, text, !speech, sound_so_far(p)))
		return;
	(void)CW_MIND(p, partial, text);
}

/* Write `final`, and `turn_ended` unless the words only accompanied ours. */
static void note_turn(struct cw_party *p, const struct cw_heard *h, bool turn)
{
	json_t *sure = h->confidence >= 0 ? json_real(h->confidence) : NULL;
	uint64_t now = h->decided_us;

	if (h->recognised)
		cw_party_ear(p, now, CW_EV_FINAL, "{s:s, s:O*, s:I}", "text", h->text, "confidence", sure, "ttfs_us",
			(json_int_t)(h->decided_us - h->last_us));
	if (turn)
		cw_party_ear(p, now, CW_EV_TURN_ENDED, "{s:s, s:O*, s:b, s:I, s:I, s:I}", "text", h->text, "confidence",
			sure, "recognised", h->recognised, "onset_us", (json_int_t)h->onset_us, "last_us",
			(json_int_t)h->last_us, "delay_us", (json_int_t)(h->decided_us - h->last_us));
	json_decref(sure);
}

static enum cw_barge judge_turn(const struct cw_party *p, const struct cw_heard *h)
{
	uint64_t speech_us = h->last_us - h->onset_us;

	if (p->turn_cut_us)
		return CW_BARGE_INTERRUPT;
	if (!p->turn_over || !p->conf.barge_in)
		return h->recognised && !*h->text && speech_us < BLIP_US ? CW_BARGE_NOISE : CW_BARGE_INTERRUPT;
	if (!h->recognised && !*h->text && speech_us > LONG_SPEECH_US)
		return CW_BARGE_INTERRUPT;
	return cw_turn_barge(h->text, true, speech_us, p->awaiting);
}

static void turn_ended(const struct cw_heard *h, void *arg)
{
	struct cw_party *p = arg;
	enum cw_barge verdict = judge_turn(p, h);
	bool over = p->turn_over && p->conf.barge_in;

	p->turn_open = cw_listener_in_turn(p->listener); /* the next may have begun */
	note_turn(p, h, verdict == CW_BARGE_INTERRUPT);
	if (verdict != CW_BARGE_INTERRUPT) {
		if (over && !p->turn_judged)
			go_on(p, verdict == CW_BARGE_BACKCHANNEL ? "backchannel" : "noise");
		cw_watch_arm(p);
		if (verdict == CW_BARGE_BACKCHANNEL)
			(void)CW_MIND(p, backchannel, h->text);
		return;
	}
	if (over && !p->turn_cut_us && cw_speaker_current(p->speaker, NULL) && !give_way(p))
		return;
	cw_floor_reset(p);
	cw_watch_turn(p, h->last_us);
	(void)CW_MIND(p, turn_ended, h);
}

static void dtmf(char digit, bool in_band, void *arg)
{
	struct cw_party *p = arg;
	const char text[2] = {digit, '\0'};

	p->key_us = cw_party_now(p);
	cw_party_ear(p, p->key_us, CW_EV_DTMF, "{s:s, s:b}", "digit", text, "in_band", in_band);
	cw_watch_arm(p);
	(void)CW_MIND(p, dtmf, digit);
}

static void failed(int err, const char *reason, void *arg)
{
	cw_party_note(
		arg, CW_EV_FAULT, "{s:s, s:s, s:s}", "stage", "stt", "error", strerrorname_np(err), "text", reason);
}

const struct cw_listener_events cw_floor_events = {
	.speech_started = speech_started,
	.speech_ended = speech_ended,
	.partial = partial,
	.turn_ended = turn_ended,
	.dtmf = dtmf,
	.failed = failed,
};
