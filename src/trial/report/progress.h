/*
 * progress.h: what a run says while it goes on and when it is over
 *
 * One plain line per finished call on standard output; on a terminal a dashboard of two lines on standard error stays below them. Failures
 * are told again at the end, each with its place in the recording and the command that repeats it.
 * Thread: one at a time.  Owner: whoever embeds it; `cells` is its owner's too.
 */
#pragma once
#include <stdbool.h>

#include "trial/report/report.h"

#define CW_PROGRESS_RECENT 200 /* answers the rolling percentiles are of */

struct cw_progress {
	bool live;                  /* standard error is a terminal */
	bool color;                 /* standard output is one, and NO_COLOR is not set */
	bool quiet;                 /* nothing on standard output */
	bool shown;                 /* the dashboard stands on the terminal */
	size_t total, done, before; /* before: done by the run that is resumed */
	size_t count[CW_VERDICT_N], flaky;
	uint8_t *cells; /* per test and slice: bit 0 one passed, bit 1 one failed */
	double recent[CW_PROGRESS_RECENT];
	size_t n_recent; /* ever */
	double cost;     /* US dollars, as far as calls tell */
	bool costs;      /* one told */
	int64_t began_us;
};

/* Set up what is not set yet; counts may have been made before. */
void cw_progress_begin(struct cw_progress *p, size_t total, bool quiet, int64_t wall_us);
/* A result of the run that is resumed. */
void cw_progress_count(struct cw_progress *p, const json_t *result, uint32_t cell);
void cw_progress_call(struct cw_progress *p, const json_t *result, uint32_t cell, unsigned running, int64_t wall_us);
/* A line for the person on standard error. */
void cw_progress_say(struct cw_progress *p, const char *fmt, ...) CW_PRINTF(2, 3);
/* All that did not pass, what changed against the baseline, the gates, the counts; @cost_line: one more line, or "". */
void cw_progress_end(struct cw_progress *p, const struct cw_report *r, const char *cost_line);
