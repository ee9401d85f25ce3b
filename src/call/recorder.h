/*
 * recorder.h: both sides of a call in one stereo WAV: left caller, right agent, aligned to the sample
 *
 * Frames are placed by their time on the call's clock; gaps are silence. Blocks of half a second go to a work job which appends
 * and keeps the header true (readable after a kill, which loses the last two seconds at most). A block is written when audio
 * one second behind it has come; what comes later still is dropped and counted. Memory is bounded: with a disk that
 * does not keep up, up to 30 s wait, then blocks are written as silence and counted as lost. Recording stops after 3 hours.
 * Thread: the call's lane; a job touches only the file. Owner: the parent given to cw_recorder_open(); freeing it closes the
 * file without what was not written yet.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "call/timeline.h"

struct cw_world;
struct cw_recorder;

/* Creates the file at once, on the lane (one system call at the start of a call). EACCES, ENOENT, ENOSPC … with @why. */
int cw_recorder_open(void *parent, struct cw_world *w, const char *path, struct cw_recorder **ret, struct cw_why *why);
/* @pcm: 160 samples of @side (caller or agent) which begin at sample @position of the call (8 kHz). Overlaps: the later wins.
 * Allocates twice a second at most. */
void cw_recorder_frame(struct cw_recorder *r, enum cw_side side, uint64_t position, const int16_t *pcm);
/* Write the rest and close; @done (may be NULL) is called on the lane when the file is complete, or with the first error of
 * writing, or ETIMEDOUT when the disk did not answer for 10 s. Frames that come later are ignored. The recorder may be freed in
 * @done. To be called once. */
void cw_recorder_finish(struct cw_recorder *r, void (*done)(int err, void *arg), void *arg);
/* Levels for pictures: per 20 ms and side, peak 0 … 255 (at most 3 hours); valid until the recorder is freed. */
size_t cw_recorder_levels(const struct cw_recorder *r, enum cw_side side, const uint8_t **levels);
uint64_t cw_recorder_lost(const struct cw_recorder *r); /* frames and blocks that could not be kept */
