/*
 * run_opts.h: the options `test` and `report` share: when a run has failed, and the exit codes of its ends
 */
#pragma once
#include "cmd/cmd.h"
#include "trial/run/run.h"

struct cw_run_opts {
	const char *baseline, *fail_on;
	double min_pass_rate, max_invalid_rate; /* negative: not given */
};
#define CW_RUN_OPTS ((struct cw_run_opts){.min_pass_rate = -1, .max_invalid_rate = -1})

#define CW_RUN_OPTS_TABLE(o)                                                                                       \
	{CW_OPT_STRING, 0, "baseline", "FILE", "compare with this baseline, summary.json or run", &(o)->baseline}, \
		{CW_OPT_STRING, 0, "fail-on", "WHAT", "regression, any or threshold (gates only)", &(o)->fail_on}, \
		{CW_OPT_DOUBLE, 0, "min-pass-rate", "P", "at least this share must pass, 0 to 1",                  \
			&(o)->min_pass_rate},                                                                      \
	{                                                                                                          \
		CW_OPT_DOUBLE, 0, "max-invalid-rate", "P", "at most this share may be INVALID, 0 to 1",            \
			&(o)->max_invalid_rate                                                                     \
	}

/* 0 with the values read, or 2 with the mistake told on standard error in the name of @command. */
int cw_run_opts_read(
	const char *command, const struct cw_run_opts *o, struct cw_limits *limits, enum cw_fail_on *fail_on);
int cw_run_exit_code(enum cw_run_end end);
