/*
 * tts_deepgram_int.h: Deepgram's voice and its sentences, for tts_deepgram*.c only
 */
#pragma once
#include "base/buf.h"
#include "speech/deepgram.h"
#include "speech/tts.h"
#include "world/net.h"
#include "world/world.h"

#define CW_DEEPGRAM_FLUSHES  19u      /* within a minute; 20 are allowed */
#define CW_DEEPGRAM_FIRST_US 3000000u /* from its turn to a sentence's first audio */
#define CW_DEEPGRAM_GAP_US   2500000u /* between two pieces of audio */

struct cw_deepgram_voice {
	struct cw_tts tts; /* first */
	struct cw_world *world;
	struct cw_deepgram server;
	char *query;
	struct cw_timer timer, clear_timer;
	struct cw_ws *ws;
	bool open, clearing, warmed;
	uint64_t rest_until_us;
	uint64_t flushes[CW_DEEPGRAM_FLUSHES]; /* when, in a ring */
	unsigned n_flushes;
	struct cw_tts_job *head; /* first come, first spoken */
	struct cw_tts_usage usage;
};

enum cw_deepgram_job_state { CW_DEEPGRAM_WAITING, CW_DEEPGRAM_SPEAKING, CW_DEEPGRAM_FETCHING };

struct cw_tts_job {
	struct cw_deepgram_voice *voice; /* NULL: over, or the voice is gone */
	struct cw_tts_job *next;
	enum cw_deepgram_job_state state;
	struct cw_timer timer;
	const struct cw_tts_events *ev;
	void *arg;
	char *text;
	uint64_t asked_us, samples;
	bool again, *gone; /* @gone: set by destructors while handlers run */
	/* by HTTP */
	struct cw_http *http;
	size_t at; /* bytes of the text fetched */
	int status;
	bool wrong_type;
	struct cw_buf body; /* of an error */
};

/* Fetch the text by HTTP, in pieces. */
void cw_deepgram_fetch(struct cw_tts_job *j);
/* Audio came: false when the job is over or gone. */
bool cw_deepgram_job_audio(struct cw_tts_job *j, const uint8_t *ulaw, size_t n);
/* The sentence is over; forget it. */
void cw_deepgram_job_end(struct cw_tts_job *j, int err, const char *reason);
/* Bytes of @text that go into one request of at most @most, cut behind a blank if there is one. */
size_t cw_deepgram_cut(struct cw_str text, size_t most);
/* Characters of UTF-8. */
size_t cw_deepgram_characters(const char *text);
