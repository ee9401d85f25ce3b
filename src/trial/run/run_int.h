/*
 * run_int.h: a run under way; run.c, prepare.c, schedule.c and journal.c only
 *
 * run.c sets up and ends; prepare.c looks whether all is there; schedule.c keeps calls going; journal.c writes what came out.
 */
#pragma once
#include "trial/report/progress.h"
#include "trial/run/run.h"
#include "trial/run/rundir.h"
#include "world/loopback.h"
#include "world/os.h"

#define CW_RUN_LINES_MAX (64u << 20) /* of results waiting to be written */

struct writing;

struct cw_run {
	const struct cw_run_conf *conf;
	struct cw_trial_conf trial;
	struct cw_select select;
	struct cw_plan *plan;
	struct cw_world *world;
	struct cw_rundir *dir;
	void *live; /* all that lives in the world hangs from it: freed before */
	struct cw_progress progress;
	uint8_t *done;     /* by plan index: has a line in results.jsonl, or will have */
	json_t **waiting;  /* by plan index: judged, but not its turn to be written; simulation only */
	uint32_t *cell_of; /* by plan index: of the progress */
	size_t next_start, next_write;
	unsigned running, jobs;
	unsigned judging;                   /* of those running: the call is over */
	bool interrupted, capped, stopping; /* stopping: start nothing more */
	struct cw_timer cap;
	double cost;
	char *db_template;        /* NULL: no agent runs in this process */
	struct cw_loopback clock; /* of the transport, n = 0: not measured */
	int16_t *babble;
	size_t n_babble;
	struct cw_buf lines;     /* of results.jsonl, not given to a writer yet */
	struct writing *writing; /* under way, or NULL */
	uint64_t call_us, cpu_us;
	int err; /* fatal: disk full and the like */
	struct cw_why *why;
};

/* prepare.c */
int cw_run_check_targets(const struct cw_run *r);
int cw_run_prepare(struct cw_run *r);       /* engines and channels; needs the world */
int cw_run_make_template(struct cw_run *r); /* needs the folder */
json_t *cw_run_describe(struct cw_run *r);  /* run.json; new reference */

/* clock.c */
void cw_run_measure_clock(
	struct cw_run *r); /* once, before the first call; in simulation there is nothing to measure */
json_t *cw_run_clock_json(
	const struct cw_run *r); /* by transport: {floor_ms, jitter_ms, n}, null: could not be measured */

/* schedule.c */
void cw_run_start_more(struct cw_run *r);
void cw_run_on_signal(int signum, void *arg); /* first: finish what is on the line; second: at once */
void cw_run_on_cap(void *arg);

/* journal.c */
void cw_run_fail(struct cw_run *r, int err, const char *text); /* the first reason counts */
void cw_run_write_more(struct cw_run *r);
void cw_run_write_rest(struct cw_run *r); /* the world is gone: what no job has written yet */
