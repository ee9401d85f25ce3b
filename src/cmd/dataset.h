/*
 * dataset.h: the commands below `callwright dataset`, each with a table of options of its own
 */
#pragma once
#include "cmd/cmd.h"

extern const struct cw_command cw_dataset_new_cmd, cw_dataset_add_cmd, cw_dataset_from_call_cmd,
	cw_dataset_from_run_cmd, cw_dataset_split_cmd, cw_dataset_check_cmd, cw_dataset_export_cmd, cw_dataset_pack_cmd,
	cw_dataset_import_tar_cmd, cw_dataset_clone_cmd;
extern const struct cw_command cw_dataset_commit_cmd, cw_dataset_log_cmd, cw_dataset_show_cmd, cw_dataset_diff_cmd;

/* "2026-01-31T12:00:00Z"; SOURCE_DATE_EPOCH stands for the clock when it is set. */
void cw_dataset_date(char out[24]);
/* Between @min and @max words are needed: else a complaint with the usage, false. */
bool cw_dataset_words(const struct cw_command *cmd, size_t n, size_t min, size_t max);
