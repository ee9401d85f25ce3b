/*
 * batch.h: executions in a given order, so many at a time, each with what its timeline told while it went on
 *
 * Real time: in the world given. Simulation: each has a world of its own and runs in one work job. Results stay with their entries, so
 * what comes out does not depend on who ended first.
 */
#pragma once
#include "trial/execute/execute.h"
#include "trial/perf/setup.h"
#include "trial/perf/tap.h"

struct cw_batch_entry {
	struct cw_plan_item item;      /* its strings must outlive the batch */
	struct cw_exec_result *result; /* NULL: not run (interrupted), or out of memory; hangs from the array's owner */
	struct cw_tap tap;
	uint64_t started_us, ended_us; /* of the world: real time, of a simulation too */
};

struct cw_batch_conf {
	struct cw_world *world; /* real; the batch runs its loop */
	const struct cw_trial_conf *trial;
	const struct cw_perf_setup *setup;
	unsigned jobs;
	/* after each; may be NULL */
	void (*done)(const struct cw_batch_entry *e, size_t finished, void *arg);
	void *arg;
};

/* Run @entries in order. Ctrl-C: *@interrupted, what was not begun is left out. ENOMEM, ENOSPC … with @why. */
int cw_batch_run(void *parent, const struct cw_batch_conf *conf, struct cw_batch_entry *entries, size_t n,
	bool *interrupted, struct cw_why *why);
