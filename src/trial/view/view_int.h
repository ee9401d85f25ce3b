/*
 * view_int.h: what the judges of a call share; included by view.c, speech.c, measure.c and check*.c only
 */
#pragma once
#include "trial/view/view.h"

#define CW_VIEW_WHOLE SIZE_MAX /* instead of an action: the whole call */

/* Move both ends of speech we know of inwards to its first and last voiced sample; left alone when none is found. */
void cw_speech_trim(const int16_t *pcm, size_t n, uint64_t *onset_us, uint64_t *last_us);

/* Onset of the next words (or keys, or hanging up) of the caller after action @play, UINT64_MAX when there are none. */
uint64_t cw_view_next_words_us(const struct cw_view *v, size_t play);
/* Does agent speech with these ends answer action @play: does it end after the action's end (of silence and noise: its beginning), and
 * begin before the next words? */
bool cw_view_answers(const struct cw_view *v, size_t play, uint64_t onset_us, uint64_t last_us);
