/*
 * party.h: line + listener + speaker + mind
 *
 * Both ends of a call are parties and differ only in their mind. The party holds turn-taking: who has the floor, barge-in
 * (pause at the first sound, then cut, or resume after backchannel or noise), the silence watchdog, the timeline and the
 * recorder tap.
 * Barge-in (conf.barge_in): speech that begins while an utterance of ours is audible pauses it at once. Words decide
 * (cw_turn_barge()): an interruption drops the rest (interrupted(), then turn_ended() when the turn is over); after a backchannel
 * or noise we go on from the first word not wholly heard. Speech that was there before our utterance became audible, and speech over
 * the last 200 ms of one, is an ordinary turn: we talk on, and the mind, which heard speech_started(), decides. Without
 * barge_in we always talk on; the turn is delivered at its end all the same. Sounds shorter than 200 ms without words are
 * never delivered.
 *
 * The watchdog (conf.watchdog): from `answered` and from the end of each turn of the other's we owe audio, measured from the
 * last voiced frame, until an utterance queued since then is audible. overdue(FILLER) is told when filler_us have passed, then
 * overdue(FALLBACK) at fallback_us and every fallback_us from then on; also while a transcript, the engine or the mind's tool
 * keeps us waiting. What the mind says inside overdue() goes before all that is not audible yet, is dropped when the awaited audio
 * comes first, and does not pay the debt. When the mind says nothing there, or nothing is audible 500 ms later, the party plays its spare
 * prompt.
 * Never is one told sooner than 1 s after our own speech.
 *
 * Thread: the call's lane. Owner: the parent given to cw_party_new(); freeing it ends everything at once, without `closed`. The party
 * may be freed in every one of the mind's handlers.
 */
#pragma once
#include "call/mind.h"
#include "call/recorder.h"
#include "call/timeline.h"

struct cw_party;
struct cw_tts;

struct cw_party_conf {
	enum cw_side side; /* whose party: CW_SIDE_CALLER or CW_SIDE_AGENT; left or right in recordings */
	struct cw_listener_conf listener;
	struct cw_speaker_conf speaker;
	bool barge_in;                         /* the other may interrupt us */
	uint64_t barge_min_us;                 /* speech before we pause, 0 = the VAD's own onset */
	bool watchdog;                         /* we owe the other audio (agents) */
	uint64_t filler_us;                    /* 0 = 2.5 s */
	uint64_t fallback_us;                  /* 0 = 6 s */
	uint64_t idle_us;                      /* the other silent: idle() every …; 0 = 8 s; UINT64_MAX = never */
	const struct cw_spare_prompts *spares; /* audio that needs no engine; NULL: a tone */
	/* Not owned; NULL: the party has one of its own. Both parties of a call may write one timeline: each writes its own mouth (say …
	 * interrupted), and with @timeline_ear what it hears of the other (speech_started … turn_ended, dtmf, named after the other). */
	struct cw_timeline *timeline;
	bool timeline_ear;
	uint64_t epoch_us; /* cw_now() at t = 0 of the timeline */
	struct cw_recorder
		*recorder; /* not owned, or NULL; both sides are written, each frame where it is heard at our end */
	void (*tap)(const int16_t pcm[160], void *arg); /* every frame heard of the other, or NULL */
	void *tap_arg;
};

/* Rendered in advance, when the agent file is loaded: they work when every engine is dead. */
struct cw_spare_prompts {
	const int16_t *filler;
	size_t filler_n;
	const char *filler_text;
	const int16_t *fallback;
	size_t fallback_n;
	const char *fallback_text;
};

/* Make a party on @line, which is attached and from now on hangs from the party (on failure it stays where it was). Audio starts with
 * the line's `answered`. What is said before is kept until then. Errors: what cw_listener_new() and cw_speaker_new() give. */
int cw_party_new(void *parent, struct cw_world *w, const struct cw_party_conf *conf, struct cw_line *line,
	const struct cw_mind_ops *ops, void *mind, struct cw_party **ret, struct cw_why *why);

/* ---- what a mind does ---- */

int cw_party_say(struct cw_party *p, const char *text, uint32_t *utterance); /* queue; @utterance may be NULL */
int cw_party_play(struct cw_party *p, const int16_t *pcm, size_t n, const char *text, uint32_t *utterance);
int cw_party_dtmf(struct cw_party *p, const char *digits);
void cw_party_stop(struct cw_party *p); /* fall silent now */
void cw_party_expect(struct cw_party *p, enum cw_awaiting awaiting, const struct cw_hints *hints);
/* say() and play() give what cw_speaker_say() and cw_speaker_play() give, and ENOTCONN after `closed`. stop() ends a pause as well.
 * Digits go out of band where the line can, else as tones behind what is queued.
 * The floor: after its turn the mind says it waits for the other (false: it owes nothing now) or that it works on an answer
 * (true, with what it waits for: "tool.book"); the watchdog runs while it owes. The party sets owing at the end of the
 * other's turn and clears it when speech starts leaving: an utterance queued after the debt began (or after the last owe(true)) has become
 * audible. So call owe(true) behind the "one moment" that shall not count as the answer. owe(false) while something queued is not
 * audible yet takes effect when it is: a dead engine does not excuse us. */
void cw_party_owe(struct cw_party *p, bool owing, const char *waiting_for);
/* When the speaker has played out, after 15 s at the latest. When that last utterance is interrupted, not before the other's turn
 * has ended and been answered. `closed` follows, within 10 s even when the line does not confirm. */
void cw_party_hang_up(struct cw_party *p, const char *why);
void cw_party_drop(struct cw_party *p, const char *why); /* now */

struct cw_world *cw_party_world(struct cw_party *p);
uint64_t cw_party_now(const struct cw_party *p); /* µs on the timeline's clock */
struct cw_timeline *cw_party_timeline(struct cw_party *p);
enum cw_side cw_party_side(const struct cw_party *p);
bool cw_party_speaking(const struct cw_party *p); /* busy or audible */
bool cw_party_hearing(const struct cw_party *p);  /* the other is in a turn */
struct cw_listener *cw_party_listener(struct cw_party *p);
struct cw_speaker *cw_party_speaker(struct cw_party *p);
/* Write an event of ours on the timeline at the present time (json_pack format). */
void cw_party_note(struct cw_party *p, enum cw_event_kind kind, const char *fmt, ...);
