/*
 * party_int.h: the party's parts: life and line (party.c), who has the floor (floor.c), silence (watch.c)
 */
#pragma once
#include "call/guard.h"
#include "call/party.h"
#include "world/world.h"

#define CW_WAITING_MAX 64

/* The other's sound over our speech. */
enum cw_floor {
	CW_FLOOR_FREE,
	CW_FLOOR_ARMED,   /* it has just begun: not long enough to pause for (barge_min_us) */
	CW_FLOOR_PROBING, /* we paused: interruption, backchannel or noise? */
};

struct cw_party {
	struct cw_world *world;
	struct cw_party_conf conf;
	struct cw_line *line;
	const struct cw_mind_ops *ops;
	void *mind;
	struct cw_listener *listener;
	struct cw_speaker *speaker;
	bool *gone;   /* see guard.h */
	bool carrier; /* our end of the line is the telephone */
	bool answered, closed;
	uint64_t answered_us;

	/* the place of frames on the call's clock */
	bool placed;
	uint64_t base_us; /* begin of position 0 */
	uint64_t next_position;
	bool send_failed; /* told once */

	/* floor.c */
	enum cw_floor floor;
	enum cw_awaiting awaiting;
	bool turn_open;    /* the other began, its turn_ended has not come */
	bool turn_over;    /* … and began over our speech */
	bool turn_judged;  /* … and was taken for a backchannel or noise: we went on */
	bool turn_cut_us;  /* … or interrupted us */
	uint64_t sound_us; /* onset of the sound being judged */

	/* watch.c */
	struct cw_timer watch, spare, hang;
	bool owing;
	uint32_t release_upto; /* owing ends when an utterance up to this one becomes audible, 0 = none */
	uint64_t owed_since_us;
	uint32_t owed_after; /* utterances up to this one do not pay */
	char waiting_for[CW_WAITING_MAX];
	unsigned overdues;     /* told for this debt */
	uint64_t overdue_us;   /* the last of them */
	uint64_t idle_us;      /* the last idle() */
	uint64_t key_us;       /* the last key pressed by the other */
	bool in_overdue;       /* inside the mind's overdue() */
	bool hanging;          /* hang up when played out */
	bool hang_interrupted; /* … and when the other's turn was answered */
	bool down;             /* hung up, `closed` is awaited */
	char hang_why[CW_WAITING_MAX];
	int16_t *tone; /* the spare prompt of those who gave none */
	size_t tone_n;
};

/* Tell the mind, if it wants to know. False: the party was freed in the handler. */
#define CW_MIND(p, op, ...) ((p)->closed || !(p)->ops->op ? true : CW_CALL((p), (p)->ops->op((p)->mind, ##__VA_ARGS__)))

#define CW_OR(value, dflt) ((value) ? (value) : (dflt))

enum cw_side cw_party_other(const struct cw_party *p);
/* Events of ours, and of the other as our ear has it. */
void cw_party_note_at(struct cw_party *p, uint64_t t_us, enum cw_event_kind kind, const char *fmt, ...);
void cw_party_ear(struct cw_party *p, uint64_t t_us, enum cw_event_kind kind, const char *fmt, ...);
int cw_party_queue_spare(struct cw_party *p, const int16_t *pcm, size_t n, const char *text);
void cw_party_closed(struct cw_party *p, enum cw_end_reason reason, const char *detail);

/* floor.c: all return false when the party was freed */
extern const struct cw_listener_events cw_floor_events;
bool cw_floor_frame(struct cw_party *p, uint64_t end_us);
bool cw_floor_stuck(struct cw_party *p); /* frames stopped while we were paused: decide with what there is */
void cw_floor_reset(struct cw_party *p);

/* watch.c */
void cw_watch_init(struct cw_party *p);
void cw_watch_stop(struct cw_party *p);
void cw_watch_answered(struct cw_party *p);
void cw_watch_new_turn(struct cw_party *p);               /* the other begins */
void cw_watch_turn(struct cw_party *p, uint64_t last_us); /* the other's turn is over: we owe */
void cw_watch_started(struct cw_party *p, uint32_t utterance);
void cw_watch_spoke(struct cw_party *p, const struct cw_spoken *s);
void cw_watch_arm(struct cw_party *p);
bool cw_watch_played_out(struct cw_party *p); /* hang up, if that is what we wait for */
