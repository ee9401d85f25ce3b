#include <errno.h>
#include <jansson.h>

#include "cmd/cmd.h"
#include "cmd/verbs.h"
#include "trial/scenario/schema.h"

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const struct cw_opt opts[] = {{0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	json_t *schema;
	size_t n;
	int exit_code, err;

	if (!args || !cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return args ? exit_code : CW_EXIT_USAGE;
	if (n != 1 || strcmp(args[0], "scenario") != 0) {
		fprintf(stderr, "callwright schema: say which one: scenario\n");
		return CW_EXIT_USAGE;
	}
	schema = cw_scenario_schema();
	err = schema ? json_dumpf(schema, stdout, JSON_INDENT(2)) : ENOMEM;
	json_decref(schema);
	if (err) {
		fprintf(stderr, "callwright schema: out of memory, or the output cannot be written\n");
		return CW_EXIT_FAILED;
	}
	putchar('\n');
	return CW_EXIT_OK;
}

const struct cw_command cw_cmd_schema = {
	.name = "schema",
	.summary = "print the JSON Schema of scenario files, for editors",
	.usage = "callwright schema scenario",
	.details =
		"JSON Schema, draft 2020-12, made from the tables the parser itself checks with. Editors with the YAML language server\n"
		"complete and check scenario files that begin with the line\n"
		"  # yaml-language-server: $schema=scenario.schema.json\n"
		"\nExample:\n"
		"  callwright schema scenario > scenario.schema.json\n",
	.run = run,
};
