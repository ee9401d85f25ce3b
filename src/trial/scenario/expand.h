/*
 * expand.h: tests as they will be read: defaults laid under them, cases and matrix multiplied out, {{variables}} replaced
 *
 * `defaultTest` gives what a test has not; vars, facts and caller are put together member by member, tags and assertions one behind the other.
 * `cases` (or rows of a CSV among the tests) give one test each. Members of `matrix` besides language, voice and channel are variables: one
 * test for each combination. Variables: --var, matrix, case, test, defaultTest, facts; the first that has the name wins.
 * Thread: any.
 */
#pragma once
#include "trial/scenario/scenario.h"

struct cw_expanded { /* talloc */
	struct cw_yaml *tree;
	json_t *chosen; /* for every test of the tree: {name: value} of the matrix's variables */
	json_t *vars;   /* for every test: all its variables */
};

/* EINVAL with place. */
int cw_expand(void *parent, const struct cw_yaml *in, const struct cw_scenario_conf *conf, struct cw_expanded **ret,
	struct cw_why *why);
