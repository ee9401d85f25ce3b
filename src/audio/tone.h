/*
 * tone.h: DTMF (ITU-T Q.23, Q.24) and call-progress tones (spandsp)
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_dtmf_rx;
/* Detector; feed() returns the digit that began in this block, or 0. Feeding never allocates. */
int cw_dtmf_rx_new(void *parent, struct cw_dtmf_rx **ret);
char cw_dtmf_rx_feed(struct cw_dtmf_rx *d, const int16_t *pcm, size_t n);
bool cw_dtmf_rx_in_digit(const struct cw_dtmf_rx *d); /* a key is down now: not speech */

/* Write the tones of @digits (0-9 A-D * #, w = 0.5 s, W = 1 s pause), @on_ms / @off_ms each, 8 kHz, as talloc array under
 * @parent. EINVAL on other characters. */
int cw_dtmf_render(void *parent, const char *digits, unsigned on_ms, unsigned off_ms, int16_t **ret, size_t *n);

enum cw_progress_tone {
	CW_TONE_NONE,
	CW_TONE_DIAL,
	CW_TONE_RINGBACK,
	CW_TONE_BUSY,
	CW_TONE_REORDER,
	CW_TONE_SIT,
	CW_TONE_BEEP
};
/* Render @ms of a North American progress tone (beep: 1000 Hz). */
int cw_progress_render(void *parent, enum cw_progress_tone tone, unsigned ms, int16_t **ret, size_t *n);
struct cw_progress_rx;
int cw_progress_rx_new(void *parent, struct cw_progress_rx **ret);
enum cw_progress_tone cw_progress_rx_feed(
	struct cw_progress_rx *r, const int16_t *pcm, size_t n); /* newly recognised, or NONE */
