/*
 * rescore.h: a stored run once more: its reports rendered, or every assertion decided anew, without a call
 *
 * Verdicts come from the recorded timelines, the recording and the database each call left, by the scenario files as they are now. What
 * cannot be decided (nothing was kept, the test is gone) becomes ERROR with its reason. The run's own results stay: what is decided anew
 * goes to rescored.jsonl, rescored.summary.json, rescored.junit.xml, rescored.md and rescored.html beside them.
 * Thread: blocking.
 */
#pragma once
#include "trial/run/run.h"

struct cw_rescore_conf {
	const char *run; /* folder, id or "last" */
	bool rescore;
	const char *baseline;
	const struct cw_limits *limits; /* NULL: none */
	enum cw_fail_on fail_on;
	bool json;
	const char *const *outputs;
	size_t n_outputs;
};

/* ENOENT, EBADMSG … with @why. *@end: as the run itself would have ended, without its interruption. */
int cw_rescore(const struct cw_rescore_conf *conf, enum cw_run_end *end, struct cw_why *why);
