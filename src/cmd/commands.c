#include "cmd/verbs.h"

const struct cw_command *const cw_commands[] = {
	&cw_cmd_serve,
	&cw_cmd_test,
	&cw_cmd_report,
	&cw_cmd_replay,
	&cw_cmd_dataset,
	&cw_cmd_perf,
	&cw_cmd_compare,
	&cw_cmd_load,
	&cw_cmd_judge,
	&cw_cmd_voice,
	&cw_cmd_call,
	&cw_cmd_demo,
	&cw_cmd_standin,
	&cw_cmd_agent,
	&cw_cmd_config,
	&cw_cmd_schema,
	&cw_cmd_doctor,
	&cw_cmd_completion,
	NULL,
};
