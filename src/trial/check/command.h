/*
 * command.h: run a program to its end, within limits: for probes and code in scenario files
 *
 * No shell: argv is a list. The program gets the input on its standard input, its standard error is thrown away. When the time is
 * over it is killed with all it started. Blocking: for work jobs that judge, in real time (a simulated call is over by then).
 */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "base/why.h"

struct cw_command {
	const char *const *argv; /* NULL-terminated; argv[0] is searched in PATH */
	struct cw_str input;
	unsigned limit_ms;
	size_t max_output;
};

/* 0 and *@status (exit code, 128 + signal). ENOENT: no such program; ETIMEDOUT; EMSGSIZE: more output than allowed; ENOMEM … with @why. */
int cw_command_run(const struct cw_command *cmd, struct cw_buf *output, int *status, struct cw_why *why);
