/*
 * verbs.h: the commands, one file each
 */
#pragma once
#include "cmd/cmd.h"

extern const struct cw_command cw_cmd_serve, cw_cmd_call, cw_cmd_test, cw_cmd_demo, cw_cmd_standin, cw_cmd_agent,
	cw_cmd_config, cw_cmd_doctor, cw_cmd_completion, cw_cmd_report;
extern const struct cw_command cw_cmd_voice, cw_cmd_load, cw_cmd_perf, cw_cmd_compare;
extern const struct cw_command cw_cmd_schema, cw_cmd_judge;
extern const struct cw_command cw_cmd_replay;
extern const struct cw_command cw_cmd_dataset;
