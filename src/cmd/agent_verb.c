#include "agent/agent.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/verbs.h"

#define TEXT_MAX (1u << 20)

static int check(const char *path, bool json)
{
	CW_JSON_SCOPED json_t *summary = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	struct cw_why why = {0};
	const char *key;
	json_t *value;

	if (cw_agent_check(path, &summary, &why))
		return cw_cmd_fail(&why);
	if (json) {
		cw_json_dump(&b, summary);
		printf("%s\n", b.p);
		return CW_EXIT_OK;
	}
	printf("%s: valid\n", path);
	json_object_foreach (summary, key, value) {
		cw_buf_reset(&b);
		cw_json_dump(&b, value);
		printf("  %-8s %s\n", key, b.p);
	}
	return CW_EXIT_OK;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	bool json = false;
	const struct cw_opt opts[] = {
		{CW_OPT_FLAG, 0, "json", NULL, "print the summary as JSON", &json},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	size_t n;
	int exit_code;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (n < 2 || strcmp(args[0], "check") != 0) {
		fprintf(stderr, "callwright agent: say: callwright agent check FILE...\n");
		return CW_EXIT_USAGE;
	}
	exit_code = CW_EXIT_OK;
	for (size_t i = 1; i < n; i++) {
		int code = check(args[i], json);

		exit_code = exit_code ? exit_code : code;
	}
	return exit_code;
}

const struct cw_command cw_cmd_agent = {
	.name = "agent",
	.summary = "check an agent file",
	.usage = "callwright agent check FILE...",
	.details = "Faults are named with file:line:column, what was expected and the nearest known name.\n"
		   "\nExamples:\n  callwright agent check agents/hvac.yaml\n",
	.run = run,
};
