/*
 * stages.h: to whom the failures of a call are charged: attribution (view/attribution.h) of what its failed assertions missed
 *
 * Only calls with a failed assertion are looked into: a second opinion on audio is dear. Blocking, off the lane.
 */
#pragma once
#include "trial/check/check.h"
#include "trial/execute/verdict.h"

/* Sets `stage` of the failed among @checks where the charge is known better than by the kind of assertion; *@ret is a new
 * reference, the member "stages" of a result line, or NULL when nothing failed. ENOMEM. */
int cw_stages_find(void *parent, const struct cw_call_record *r, const struct cw_view *v, struct cw_check *checks,
	size_t n, json_t **ret);
