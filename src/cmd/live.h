/*
 * live.h: a call in the terminal while it happens: the transcript with latencies, or every event
 *
 * Feed it the events of the caller's timeline (and of the agent's own, where it is in this process) as they are added.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "call/timeline.h"

struct cw_live {
	FILE *out;
	bool color;
	bool every_event; /* --timeline: JSON lines of all events instead */
	/* derived while printing */
	uint64_t caller_ended_us; /* last audible sample of the caller's latest turn, 0 = agent answered it */
	uint64_t agent_onset_us;  /* first audible sample of the agent's present turn, 0 = none */
	int64_t response_us;      /* of the agent's present turn; INT64_MIN: answers nothing */
	uint64_t n_responses, sum_us, max_us;
	char partial
		[512]; /* the agent's present turn so far: all there is when it hangs up right behind its last word */
};

void cw_live_init(struct cw_live *l, FILE *out, bool every_event);
/* A cw_timeline_fn: @arg is the struct cw_live. */
void cw_live_event(const struct cw_event *e, void *arg);
/* "5 answers, mean 812 ms, slowest 1340 ms"; nothing when there were none. */
void cw_live_summary(const struct cw_live *l);
