/*
 * exact.h: a call done again: every frame and every event must come out the same
 *
 * A call in real time needs its journal (calls/KEY/journal.bin, callwright test --journal): what entered the caller's party enters again, at the
 * time of then but without waiting, and what it sent and noted is compared as it comes (trial/execute/calling.h says what is inside). The agent's
 * side was elsewhere: its frames are in the journal, as heard.
 *
 * The call's key and the configuration in run.json say all there is to say about a simulated call, its seed included. It is simulated anew into
 * a temporary folder, and the digests (SHA-256, FIPS 180-4) of both recordings and both timelines are compared.
 * Blocking.
 */
#pragma once
#include <stdbool.h>

#include "base/why.h"
#include "world/journal.h"

#define CW_SHA256_HEX 65 /* with the NUL */

struct cw_exact {
	/* Simulated: of both.wav, "" when the run kept no recording. Real time: of all frames sent, "" when the journal is cut short. Then, now. */
	char frames[2][CW_SHA256_HEX];
	char events[2][CW_SHA256_HEX]; /* simulated: of events.jsonl; real time: of the caller's own timeline */
	bool same;
	bool changed;        /* scenario files or their plan are not what they were: a difference is no surprise */
	char verdict[2][16]; /* the second is "" where there was nothing to judge again */
	bool journal;        /* it was in real time: */
	struct cw_journal_found found; /* what the journal had to say */
	uint64_t took_us;
};

/* @call: folder of a call in a simulated run (calls/KEY below run.json). ENOENT, EBADMSG (also a damaged journal); EPROTONOSUPPORT: a journal of another version; ENOTSUP: the run was
 * in real time, and kept no journal; ESRCH: the plan
 * has no such call any more. With @why. */
int cw_exact_replay(const char *call, struct cw_exact *ret, struct cw_why *why);
