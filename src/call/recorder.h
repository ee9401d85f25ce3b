/*
 * recorder.h: both sides of a call in one stereo WAV: left caller, right agent, aligned to the sample
 *
 * Frames are placed by their time on the call's clock; gaps are silence. Memory is bounded: blocks of one second go to a
 * work job which appends and keeps the header true (readable after a kill).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "call/timeline.h"

struct cw_world;
struct cw_recorder;

/* EACCES, ENOENT, ENOSPC … with @why. */
int cw_recorder_open(void *parent, struct cw_world *w, const char *path, struct cw_recorder **ret, struct cw_why *why);
/* @pcm: 160 samples of @side (caller or agent) which begin at sample @position of the call (8 kHz). Overlaps: the later wins. */
void cw_recorder_frame(struct cw_recorder *r, enum cw_side side, uint64_t position, const int16_t *pcm);
/* Write the rest and close; @done (may be NULL) is called on the lane when the file is complete. */
void cw_recorder_finish(struct cw_recorder *r, void (*done)(int err, void *arg), void *arg);
/* Levels for pictures: per 20 ms and side, peak 0 … 255 (at most 3 hours); valid until the recorder is freed. */
size_t cw_recorder_levels(const struct cw_recorder *r, enum cw_side side, const uint8_t **levels);
