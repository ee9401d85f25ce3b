/*
 * record.h: record.json of a call's folder: what its verdict needs besides timelines and recording
 *
 * With it a finished call can be judged again without calling: how the script and the line ended, and the answers of HTTP probes.
 * Thread: any; blocking.
 */
#pragma once
#include "trial/execute/verdict.h"

/* Write record.json into r->call_dir. ENOMEM, ENOSPC … */
int cw_record_save(const struct cw_call_record *r);

/* Read a call's folder: both timelines, recording, database, record.json. @item and @trial are what it is judged by now. All hangs from
 * *@ret. ENOENT with @why: what is missing; EBADMSG. */
int cw_record_load(void *parent, const char *dir, const struct cw_plan_item *item, const struct cw_trial_conf *trial,
	struct cw_call_record **ret, struct cw_why *why);
