/*
 * playout.h: the far end's buffer: what was sent ahead is played at 20 ms pace, marks come back, clear empties
 *
 * Used by every carrier side (Twilio's emulator, loop). Bounded; one ring of bytes and one of marks; no allocation after new.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_playout;

#define CW_PLAYOUT_NAME 256 /* bytes of a mark's name with its NUL */

/* @max_bytes: ring size (10 minutes of mu-law is 4.8 MB; the ring grows in steps up to it). */
int cw_playout_new(void *parent, size_t max_bytes, struct cw_playout **ret);
/* ENOBUFS: full, the bytes are dropped and counted. */
int cw_playout_put(struct cw_playout *p, const uint8_t *ulaw, size_t n);
/* Remember a mark after what was put so far; @name is copied. ENOBUFS: more than 1024 pending; EMSGSIZE: a name over
 * CW_PLAYOUT_NAME - 1 bytes. */
int cw_playout_mark(struct cw_playout *p, const char *name);
/* The next 20 ms: 160 bytes, silence where nothing is buffered; false when it was all silence for lack of audio. */
bool cw_playout_next(struct cw_playout *p, uint8_t out[160]);
/* Marks whose audio was played (or cleared): the next name, or NULL. Ask after every next(), mark() and clear(). The name
 * lives until the next mark(). */
const char *cw_playout_reached(struct cw_playout *p, bool *cleared);
void cw_playout_clear(struct cw_playout *p);
size_t cw_playout_buffered(const struct cw_playout *p); /* bytes */
/* Gaps heard inside speech: audio ran out and came back within 200 ms. */
uint64_t cw_playout_underruns(const struct cw_playout *p);
uint64_t cw_playout_dropped(const struct cw_playout *p); /* bytes refused by put() */
/* Forget everything, without giving marks back: a new stream begins. Memory is kept. */
void cw_playout_reset(struct cw_playout *p);
