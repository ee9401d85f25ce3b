/*
 * babble.h: a crowd for channels that have one: our own synthesised voices talking at once
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

struct cw_world;

/* Speak with several voices in the real world @w (its loop runs meanwhile, at most 30 s) and mix: eight seconds, the same on every
 * machine with the same voices. ENOENT: no voice of ours is here. */
int cw_babble_render(void *parent, struct cw_world *w, int16_t **ret, size_t *n, struct cw_why *why);
