/*
 * exact.h: a call of a simulated run done again: every frame and every event must come out the same
 *
 * The call's key and the configuration in run.json say all there is to say about a simulated call, its seed included. It is simulated anew into
 * a temporary folder, and the digests (SHA-256, FIPS 180-4) of both recordings and both timelines are compared.
 * Blocking.
 */
#pragma once
#include <stdbool.h>

#include "base/why.h"

#define CW_SHA256_HEX 65 /* with the NUL */

struct cw_exact {
	char frames[2][CW_SHA256_HEX]; /* of both.wav: then, now; "" when the run kept no recording */
	char events[2][CW_SHA256_HEX]; /* of events.jsonl */
	bool same;
	bool changed; /* scenario files or their plan are not what they were: a difference is no surprise */
	char verdict[2][16];
};

/* @call: folder of a call in a simulated run (calls/KEY below run.json). ENOENT, EBADMSG; ENOTSUP: the run was not simulated; ESRCH: the plan
 * has no such call any more. With @why. */
int cw_exact_replay(const char *call, struct cw_exact *ret, struct cw_why *why);
