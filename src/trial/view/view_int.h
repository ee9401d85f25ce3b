/*
 * view_int.h: what the judges of a call share; included by view.c, speech.c, measure.c and check*.c only
 */
#pragma once
#include "audio/quality.h"
#include "trial/view/measure.h"
#include "trial/view/view.h"

#define CW_VIEW_WHOLE SIZE_MAX /* instead of an action: the whole call */

static inline struct cw_value cw_known(double v, uint64_t at_us)
{
	return (struct cw_value){.known = true, .v = v, .reason = "", .at_us = (int64_t)at_us};
}

static inline struct cw_value cw_unknown(const char *reason)
{
	return (struct cw_value){.reason = reason, .at_us = -1};
}

static inline struct cw_value cw_absent(const char *reason)
{
	return (struct cw_value){.agent_absent = true, .reason = reason, .at_us = -1};
}

struct cw_view_cache { /* dear to measure, asked for by several assertions; the view's thread only */
	bool measured[2];
	int err[2];
	struct cw_quality quality[2]; /* by side */
};

/* Tool calls, keys, replies of a chat server. ENOMEM. */
int cw_view_read_tools(struct cw_view *v);

/* Move both ends of speech we know of inwards to its first and last voiced sample; left alone when none is found. */
void cw_speech_trim(const int16_t *pcm, size_t n, uint64_t *onset_us, uint64_t *last_us);

/* Onset of the next words (or keys, or hanging up) of the caller after action @play, UINT64_MAX when there are none. */
uint64_t cw_view_next_words_us(const struct cw_view *v, size_t play);
/* Does agent speech with these ends answer action @play: does it end after the action's end (of silence and noise: its beginning), and
 * begin before the next words? */
bool cw_view_answers(const struct cw_view *v, size_t play, uint64_t onset_us, uint64_t last_us);
