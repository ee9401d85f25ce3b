/*
 * report_data.h: the data inside report.html
 *
 * One JSON object, written piece by piece so that a run of many executions needs no tree in memory: sums as trees, executions as short
 * rows (page/report.js names their columns), and in full only what somebody will open: what did not pass, and the first that did.
 */
#pragma once
#include "trial/report/report.h"

/* Append the object, safe inside a script element. ENOMEM, EIO. */
int cw_report_data(struct cw_buf *page, const struct cw_report *r);
