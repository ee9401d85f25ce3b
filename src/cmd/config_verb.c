#include <errno.h>

#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/verbs.h"

#define TEXT_MAX 65536

static int show(const struct cw_config *c)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	cw_config_dump(&b, c);
	fputs(b.p ? b.p : "", stdout);
	return CW_EXIT_OK;
}

static int example(void)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	cw_config_example(&b);
	fputs(b.p ? b.p : "", stdout);
	return CW_EXIT_OK;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const char *path = NULL;
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'c', "config", "FILE", "configuration file (callwright.yaml where there is one)",
			&path},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	CW_SCOPED struct cw_config *c = NULL;
	CW_BUF_SCOPED struct cw_buf faults = CW_BUF(TEXT_MAX);
	struct cw_why why = {0};
	size_t n;
	int exit_code;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (n != 1 || (strcmp(args[0], "check") && strcmp(args[0], "show") && strcmp(args[0], "example"))) {
		fprintf(stderr, "callwright config: say check, show or example\n");
		return CW_EXIT_USAGE;
	}
	if (!strcmp(args[0], "example"))
		return example();

	int err = cw_config_load(NULL, path, &c, &faults, &why);

	if (err && !faults.len)
		return cw_cmd_fail(&why);
	if (err) {
		fputs(faults.p, stderr);
		return CW_EXIT_USAGE;
	}
	if (!strcmp(args[0], "show"))
		return show(c);
	printf("configuration is valid\n");
	return CW_EXIT_OK;
}

const struct cw_command cw_cmd_config = {
	.name = "config",
	.summary = "check or show the configuration",
	.usage = "callwright config check|show|example [options]",
	.details = "  check    name every fault of callwright.yaml and the CW_ variables\n"
		   "  show     print what is in force and where it came from; secrets as ***\n"
		   "  example  print .env.example\n"
		   "\nExamples:\n  callwright config check -c callwright.yaml\n  CW_LANES=4 callwright config show\n",
	.run = run,
};
