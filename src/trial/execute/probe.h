/*
 * probe.h: HTTP questions asked after a call, for assertions that look at the world behind the agent
 *
 * Thread: a lane.  Owner: the parent given to cw_probes_open().
 */
#pragma once
#include "trial/execute/verdict.h"

struct cw_probes;

/* Ask all of the test's `state_equals` with a url, side by side, each within 10 s; then @done. ENOMEM. */
int cw_probes_open(void *parent, struct cw_world *w, const struct cw_test *test, void (*done)(void *arg), void *arg,
	struct cw_probes **ret);
/* Hand the answers over to @parent; nothing (NULL, 0) without memory. */
void cw_probes_take(struct cw_probes *p, void *parent, struct cw_view_probe **ret, size_t *n);
