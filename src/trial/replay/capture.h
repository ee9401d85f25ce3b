/*
 * capture.h: a finished call taken apart: what its caller did and when, measured from what the agent did
 *
 * Taken from the stereo recording (left caller, right agent) to the sample; words from the timelines beside it (events.jsonl), where there are
 * any. The turns keep their place relative to the agent: 300 ms after it ended, 1.2 s into its words, so that they can be played to another
 * agent, whose turns are longer or shorter, and interrupt it in the same way.
 * Blocking, pure: for work jobs and commands.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "caller/script.h"

struct cw_capture_turn {
	uint64_t onset_us, last_us; /* on the call's clock */
	enum cw_when when;          /* AGENT_END, DURING, TURN or ANSWER */
	uint64_t delay_us;          /* from that; never negative */
	const char *text;           /* words, "" when unknown */
	const char *digits;         /* keys instead of words, or NULL */
	const char *name;           /* of the step in the scenario it came from, or "" */
};

struct cw_capture {
	const char *key;             /* of the execution, or the folder's name */
	const char *target;          /* "" when unknown */
	const char *scenario, *test; /* file and id it came from; "" for a call that was no test */
	struct cw_capture_turn *turns;
	size_t n_turns;
	const int16_t *caller, *agent; /* 8 kHz */
	size_t n_samples;
	uint64_t end_us;
	bool agent_hung_up;
};

#define CW_CAPTURE_TURNS_MAX 200

/* @path: the folder of a call (calls/KEY of a run, or both.wav with or without events.jsonl in it), or a stereo WAV file. Everything hangs from *@ret.
 * ENOENT, EBADMSG (no stereo recording at 8 kHz), ENODATA (the caller is never heard) with @why. */
int cw_capture_load(void *parent, const char *path, struct cw_capture **ret, struct cw_why *why);
