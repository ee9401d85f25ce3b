/*
 * card.h: what reports tell of a run besides verdicts and times, computed from its results in one pass
 *
 * "functional" (when a check measured an ability), "response_quality", "product_fit" (judge/functional.h), "targets" (report/targets.h),
 * "sound" (report/sound.h), "judged" (judges.h) and "tokens" {"prompt", "completion"}: put into the run's object, where the reports
 * find them. What was not measured is not there.
 */
#pragma once
#include "trial/report/results.h"
#include "trial/scenario/plan.h"

/* @plan may be NULL (the files are gone), @dir too. ENOMEM, EIO. */
int cw_run_card(const struct cw_results *results, const struct cw_plan *plan, const struct cw_trial_conf *trial,
	const char *dir, json_t *run);
