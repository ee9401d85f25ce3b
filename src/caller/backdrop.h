/*
 * backdrop.h: what goes on around the caller: a television, the agent's own voice out of the loudspeaker, words turned away from the telephone
 *
 * Mixed into every frame that leaves, before the line conditions. Everything begins and ends by itself; nothing here waits.
 * Thread: the call's lane; mix and hear allocate nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct cw_backdrop;

#define CW_BACKDROP_DELAY_MAX_MS 1000

/* ENOMEM. */
int cw_backdrop_new(void *parent, struct cw_backdrop **ret);
/* A television for @ms, its loud part at @level_db below full scale: voices without words, drawn from @rng. EINVAL: @ms 0 or above
 * CW_NOISE_MAX_MS; ENOMEM. A second one replaces the first. */
int cw_backdrop_tv(struct cw_backdrop *b, unsigned ms, double level_db, struct cw_rng *rng);
/* For @ms the other hears itself, @delay_ms later and @level_db (negative) of what it said. EINVAL: @ms 0, delay too long. */
int cw_backdrop_echo(struct cw_backdrop *b, unsigned ms, unsigned delay_ms, double level_db);
/* How loud our own words are from now on: 0 dB, or lower for words that are not meant for the telephone. */
void cw_backdrop_level(struct cw_backdrop *b, double level_db);

bool cw_backdrop_mix(int16_t pcm[160], void *backdrop);        /* for cw_speaker_conf */
void cw_backdrop_hear(const int16_t pcm[160], void *backdrop); /* for cw_party_conf: what the other says */
