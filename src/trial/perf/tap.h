/*
 * tap.h: what a call's own timeline tells while it goes on: when it was answered, how late our own words came, how the answers ran
 *
 * Attach cw_tap_event() as the watcher of a call's timeline (cw_trial_conf.watch). Times are the call's clock, microseconds.
 * Thread: the call's own.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_event;

#define CW_TAP_TURNS_MAX 64 /* of one call; further ones are not looked at */

struct cw_tap_turn { /* one utterance of the caller and what came back */
	uint32_t utterance;
	uint64_t intended_us; /* when the script wanted it to begin */
	uint64_t started_us, ended_us;
	uint64_t onset_us, last_us; /* of the agent's turn after it; 0: none */
	bool begun, over;
};

struct cw_tap {
	bool answered;
	uint64_t answered_us;
	struct cw_tap_turn turns[CW_TAP_TURNS_MAX];
	size_t n;
	const uint64_t *lag_us; /* how late this thread is at the moment, or NULL */
};

void cw_tap_event(const struct cw_event *e, void *tap);

/* How much later than wanted the caller's words began, beyond the two frames any caller takes. */
uint64_t cw_tap_late_us(const struct cw_tap_turn *t);
