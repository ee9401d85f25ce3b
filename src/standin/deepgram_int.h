/*
 * deepgram_int.h: the parts of the Deepgram stand-in, for deepgram*.c only
 *
 * deepgram.c (paths, keys, faults) ─ deepgram_check.c (parameters) ─ deepgram_listen.c / deepgram_speak.c / deepgram_fetch.c
 */
#pragma once
#include "audio/resample.h"
#include "base/json.h"
#include "standin/deepgram.h"
#include "world/net.h"
#include "world/url.h"
#include "world/world.h"

struct cw_standin_deepgram {
	struct cw_world *world;
	struct cw_standin_deepgram_conf conf;
	char **keys;
	unsigned long requests;
	unsigned struck; /* by faults */
	char *query;
};

enum cw_deepgram_encoding { CW_DEEPGRAM_MULAW, CW_DEEPGRAM_ALAW, CW_DEEPGRAM_LINEAR16 };

struct cw_deepgram_refusal {
	int status;
	const char *code;
	char message[300];
};
int cw_deepgram_refuse(struct cw_deepgram_refusal *r, int status, const char *code, const char *fmt, ...)
	CW_PRINTF(4, 5);

struct cw_deepgram_asked { /* of the query */
	enum cw_deepgram_encoding encoding;
	unsigned rate_hz;
	bool interim, vad_events, wav;
	unsigned endpoint_ms;      /* 0: off */
	unsigned utterance_end_ms; /* 0: off */
	double speed;
	char model[64];
};
/* EINVAL with @r. */
int cw_deepgram_check_listen(const char *query, struct cw_deepgram_asked *ret, struct cw_deepgram_refusal *r);
int cw_deepgram_check_speak(const char *query, bool rest, struct cw_deepgram_asked *ret, struct cw_deepgram_refusal *r);

/* Audio on its way out, in the encoding that was asked for. */
struct cw_deepgram_sound {
	enum cw_deepgram_encoding encoding;
	struct cw_resampler *resampler; /* NULL: 8000 Hz */
	bool first;
};
/* Encode into @b. ENOMEM. */
int cw_deepgram_sound_encode(struct cw_deepgram_sound *s, const int16_t *pcm, size_t n, struct cw_buf *b);

/* Take the exchange. @fault: of this one. */
void cw_deepgram_listen(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_deepgram_asked *asked,
	const struct cw_standin_fault_conf *fault);
void cw_deepgram_speak(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_deepgram_asked *asked,
	const struct cw_standin_fault_conf *fault);
void cw_deepgram_fetch_speech(struct cw_standin_deepgram *s, struct cw_exchange *x,
	const struct cw_deepgram_asked *asked, const struct cw_standin_fault_conf *fault);
void cw_deepgram_answer_error(struct cw_standin_deepgram *s, struct cw_exchange *x, const struct cw_deepgram_refusal *r,
	unsigned retry_after_s);
/* A random UUID. */
void cw_deepgram_uuid(struct cw_world *w, char out[37]);
/* Send JSON as a text frame (takes the reference). */
void cw_deepgram_send(struct cw_ws *ws, json_t *j);
