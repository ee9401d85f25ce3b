/*
 * execute.h: one execution: a call from dialling to its verdict
 *
 * In simulation a whole execution runs in one function, in a world of its own (any thread). In real time it is a handle on a lane.
 * Both end in the same result; what is in its JSON depends on the seed alone when simulated.
 */
#pragma once
#include "trial/scenario/plan.h"

struct cw_world;

enum cw_verdict { CW_VERDICT_PASS, CW_VERDICT_FAIL, CW_VERDICT_INVALID, CW_VERDICT_ERROR, CW_VERDICT_N };
const char *cw_verdict_name(enum cw_verdict v);            /* "PASS" */
int cw_verdict_of(const char *name, enum cw_verdict *ret); /* EINVAL */

struct cw_exec_conf {
	const struct cw_plan_item *item;
	const struct cw_trial_conf *trial;
	const char *run_dir; /* calls/<key>/ is made below it */
	const char
		*db_template;  /* migrated empty database to copy for in-process agents, or NULL: each makes its own */
	const int16_t *babble; /* for channels with a crowd in them, or NULL; outlives the execution */
	size_t n_babble;
	void (*over)(void *arg); /* real time: the call is over, only judging is left; `done` follows. May be NULL */
	void *over_arg;
};

struct cw_exec_result { /* talloc object */
	enum cw_verdict verdict;
	bool unreachable;     /* ERROR because nobody was there */
	bool broken;          /* under injected faults: a promise that must hold in spite of them was broken */
	uint64_t duration_us; /* answer to end, on the call's clock */
	uint64_t cpu_us;      /* processor time, simulation only */
	json_t *json;         /* the line of results.jsonl, owned */
};

/* Simulate: returns when the call is judged. ENOMEM; everything else is the result's verdict. */
int cw_execution_simulate(void *parent, const struct cw_exec_conf *conf, struct cw_exec_result **ret);

struct cw_execution;
/* Start in real time: @done is called once, with a result under @parent (NULL: cw_execution_error() tells why); the execution may be freed in it. Freeing it
 * before drops the call. */
int cw_execution_start(void *parent, struct cw_world *w, const struct cw_exec_conf *conf,
	void (*done)(struct cw_execution *x, struct cw_exec_result *result, void *arg), void *arg,
	struct cw_execution **ret);
/* Why there was no result: ENOMEM, or what writing the files of the call met (ENOSPC …); 0 when there was one. */
int cw_execution_error(const struct cw_execution *x);
