/*
 * rundir.h: the folder of a run, and what a killed run left in it
 *
 * run.json says everything needed to go on: files, options, hashes. results.jsonl grows by one line per execution, written in one
 * piece; after a kill its whole lines are the truth and a torn last line is cut off.
 * Blocking; small writes.
 */
#pragma once
#include "trial/report/results.h"
#include "trial/scenario/plan.h"

struct cw_rundir;

/* Make "<out>" (NULL: runs/<time>-<id>) with calls/ and run.json. EEXIST: a run is there already; EACCES … with @why.
 * @wall_us and @id name it. */
int cw_rundir_new(
	void *parent, const char *out, int64_t wall_us, const char *id, struct cw_rundir **ret, struct cw_why *why);
/* The folder a person means: a path, the id at the end of a name under runs/, or "last": the newest there. ENOENT. */
int cw_rundir_find(void *parent, const char *name, char **ret, struct cw_why *why);
/* Open an existing one to go on with it, named as above; *@results: the whole lines in it, owned by *@ret. */
int cw_rundir_open(
	void *parent, const char *path, struct cw_rundir **ret, struct cw_results **results, struct cw_why *why);

const char *cw_rundir_path(const struct cw_rundir *d);
/* run.json: set once when made (written at once), or as it was found. Borrowed. */
int cw_rundir_describe(struct cw_rundir *d, json_t *run, struct cw_why *why); /* takes @run */
json_t *cw_rundir_run(const struct cw_rundir *d);
/* More whole lines of results.jsonl. ENOSPC, EIO. Touches nothing else of @d: may run off the lane. */
int cw_rundir_append(const struct cw_rundir *d, struct cw_str lines, struct cw_why *why);

/* run.json's part that decides what is done: configuration to JSON and back. The strings of @ret hang from @parent. */
json_t *cw_trial_conf_json(const struct cw_trial_conf *conf);
int cw_trial_conf_parse(void *parent, const json_t *j, struct cw_trial_conf *ret, struct cw_why *why);
