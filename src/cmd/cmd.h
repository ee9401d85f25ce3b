/*
 * cmd.h: the command line: a table of commands, a table of options each; help and completion come from the tables
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

/* Exit codes of every command (trials use 4 … 7 as well). */
enum {
	CW_EXIT_OK = 0,
	CW_EXIT_FAILED = 1,
	CW_EXIT_USAGE = 2,
	CW_EXIT_UNREACHABLE = 3,
	CW_EXIT_UNTRUSTED = 4,
	CW_EXIT_NOTHING = 5,
	CW_EXIT_REGRESSION = 6,
	CW_EXIT_BUDGET = 7,
	CW_EXIT_INTERRUPTED = 130
};

enum cw_opt_kind {
	CW_OPT_FLAG,     /* bool * */
	CW_OPT_STRING,   /* const char ** */
	CW_OPT_LIST,     /* struct cw_opt_list *: repeatable */
	CW_OPT_U32,      /* uint32_t * */
	CW_OPT_U64,      /* uint64_t * */
	CW_OPT_DOUBLE,   /* double * */
	CW_OPT_DURATION, /* uint64_t *, microseconds: "200ms", "3s", "2m", plain = seconds */
};

#define CW_OPT_LIST_MAX 64
struct cw_opt_list {
	const char *items[CW_OPT_LIST_MAX];
	size_t n;
};

struct cw_opt {
	enum cw_opt_kind kind;
	char letter;            /* 'o' or 0 */
	const char *name;       /* "output": --output VALUE, --output=VALUE, -o VALUE */
	const char *value_name; /* "FILE" in the help; NULL for flags */
	const char *help;
	void *value; /* where the value goes */
};

struct cw_command {
	const char *name;    /* "test"; words of sub-commands are positional arguments */
	const char *summary; /* one line */
	const char *usage;   /* "callwright test [options] FILE…" */
	const char *details; /* paragraphs and examples for --help */
	/* Fill the option table, call cw_opt_parse(), work. Returns the exit code. */
	int (*run)(const struct cw_command *cmd, int argc, char **argv);
};

extern const struct cw_command *const cw_commands[]; /* NULL-terminated */

/* Parse argv[1 …] by @opts (ended by a zero name). Positional arguments are gathered to the front of @args (argc entries
 * suffice), *@n_args of them; "--" ends options. Handles --help (prints, *@exit_code = 0, false) and mistakes (message with the nearest
 * option, *@exit_code = 2, false). true: go on. */
bool cw_opt_parse(const struct cw_command *cmd, const struct cw_opt *opts, int argc, char **argv, const char **args,
	size_t *n_args, int *exit_code);

/* "callwright: …" with the reason's place, to stderr; returns the exit code that fits why->err (ENOENT EINVAL EBADMSG EACCES EADDRINUSE …: 2;
 * ECONNREFUSED EHOSTUNREACH ETIMEDOUT …: 3). */
int cw_cmd_fail(const struct cw_why *why);
