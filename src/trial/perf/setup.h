/*
 * setup.h: what must be there before the first call of a plan: checked targets, a folder, an empty database, a crowd
 */
#pragma once
#include "trial/run/rundir.h"

struct cw_world;

struct cw_perf_setup { /* talloc object; freeing it removes the template */
	struct cw_rundir *dir;
	const char *run_dir;
	char *db_template; /* NULL: no agent runs in this process */
	int16_t *babble;
	size_t n_babble;
};

/* @kind names the folder's purpose in run.json ("load"). Uses @w while it works. Errors as cw_target_check(), cw_rundir_new(). */
int cw_perf_setup_new(void *parent, struct cw_world *w, const struct cw_plan *plan, const struct cw_trial_conf *trial,
	const char *out_dir, const char *kind, struct cw_perf_setup **ret, struct cw_why *why);
/* Can every target of the plan be reached by this program, and are its engines there? Errors as cw_target_check(), cw_tts_open(). */
int cw_perf_check(
	struct cw_world *w, const struct cw_plan *plan, const struct cw_trial_conf *trial, struct cw_why *why);
