/*
 * stt_deepgram_int.h: the stream of Deepgram's recogniser, for stt_deepgram*.c only
 */
#pragma once
#include "base/buf.h"
#include "speech/deepgram.h"
#include "speech/stt.h"
#include "world/net.h"
#include "world/world.h"

#define CW_DEEPGRAM_KEPT_MAX (30u * 8000u) /* samples kept for a new link: 30 s; older ones are lost */
#define CW_DEEPGRAM_SAID_MAX 8192u         /* bytes of a segment's text; words beyond it are dropped */
#define CW_DEEPGRAM_TERMS    100u /* Deepgram's limits: terms, and tokens of all (500; ours are a guess: stay below) */
#define CW_DEEPGRAM_TOKENS   400u

enum cw_deepgram_state { CW_DEEPGRAM_IDLE, CW_DEEPGRAM_HEARING, CW_DEEPGRAM_FINISHING };

struct cw_deepgram_stream {
	struct cw_stt stt; /* first */
	struct cw_world *world;
	struct cw_deepgram server;
	struct cw_stt_events ev;
	void *arg;
	struct cw_timer connect_timer, keep_alive, deadline, replay_timer;

	char *query;  /* without keyterms */
	char *terms;  /* "&keyterm=…" or NULL */
	char **known; /* the terms of `terms` */
	unsigned n_known, tokens;
	bool keyterms, provider_turns;
	double replay;
	unsigned deadline_ms;

	struct cw_ws *ws;
	bool open, finalized, paced, stuck;
	unsigned tries; /* links tried in a row without a result */
	int last_err;
	char last_reason[CW_DEEPGRAM_TEXT_MAX];
	uint64_t link_base;         /* position at Deepgram's time 0 */
	uint64_t heard_us, sent_us; /* last message either way */

	enum cw_deepgram_state state;
	uint64_t segment;    /* position where it began */
	uint64_t base, sent; /* positions of the first sample kept, and of the next to send */
	struct cw_buf audio; /* mu-law */
	struct cw_buf said, interim;
	double confidence;
	bool ended; /* the last words were the end of an utterance, and none began */
	uint64_t finish_us;
	struct cw_stt_usage usage;
};

/* Options and query. EINVAL with @why. */
int cw_deepgram_stream_conf(struct cw_deepgram_stream *s, const struct cw_stt_conf *conf, struct cw_why *why);
/* Take the terms of @hints that are new; true when there were any. */
bool cw_deepgram_terms_add(struct cw_deepgram_stream *s, const struct cw_hints *hints);
