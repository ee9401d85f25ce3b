/* The command table, nothing else. */
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"

#define NAMES_MAX 64

static void print_usage(FILE *out)
{
	fprintf(out,
		"Callwright runs voice agents on the phone and tests voice agents.\n\nUsage: callwright COMMAND [options]\n\nCommands:\n");
	for (const struct cw_command *const *c = cw_commands; *c; c++)
		fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	fprintf(out,
		"\n'callwright COMMAND --help' tells more, with examples. 'callwright --version' tells the version.\n");
}

static int unknown_command(const char *name)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	for (const struct cw_command *const *c = cw_commands; *c && n < NAMES_MAX; c++)
		names[n++] = (*c)->name;

	const char *near = cw_str_nearest(cw_str(name), names, n);

	fprintf(stderr, "callwright: unknown command '%s'", name);
	if (near)
		fprintf(stderr, ": did you mean '%s'?", near);
	fprintf(stderr, "\nSee 'callwright --help'.\n");
	return CW_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	cw_log_open(&(struct cw_log_conf){
		.level = CW_LOG_WARN, .fd = STDERR_FILENO, .color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")});
	if (argc < 2) {
		print_usage(stderr);
		return CW_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_usage(stdout);
		return CW_EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("callwright %s\n", CW_VERSION);
		return CW_EXIT_OK;
	}
	for (const struct cw_command *const *c = cw_commands; *c; c++)
		if (!strcmp((*c)->name, argv[1]))
			return (*c)->run(*c, argc - 1, argv + 1);
	return unknown_command(argv[1]);
}
