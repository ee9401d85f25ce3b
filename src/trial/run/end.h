/*
 * end.h: what a run's results mean for whoever started it
 */
#pragma once
#include "trial/report/report.h"
#include "trial/run/run.h"

/* The end that results, gates and baseline give; interruption and caps are the caller's to know. @faults: some were injected. */
enum cw_run_end cw_run_end_of(const struct cw_report *r, enum cw_fail_on fail_on, bool faults);
