/*
 * progress.h: what a run says while it goes on and when it is over
 *
 * One plain line per finished call on standard output; on a terminal also a live line on standard error. Failures are told
 * again at the end, each with its place in the recording and the command that repeats it.
 */
#pragma once
#include <stdbool.h>

#include "trial/report/tally.h"

struct cw_progress {
	bool live;  /* standard error is a terminal */
	bool color; /* standard output is one, and NO_COLOR is not set */
	size_t total, done, count[CW_VERDICT_N];
};

void cw_progress_call(struct cw_progress *p, const json_t *result, unsigned running);
/* All that did not pass, the gates, the counts; @cost_line: one more line, or "". */
void cw_progress_end(struct cw_progress *p, const struct cw_tally *t, const char *run_dir, const char *cost_line);
