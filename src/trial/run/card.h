/*
 * card.h: abilities, response quality and product fit of a run, for its reports
 */
#pragma once
#include "trial/report/results.h"

/* Put "functional" (when a check measured an ability), "response_quality" and "product_fit" into @run. ENOMEM. */
int cw_run_card(const struct cw_results *results, json_t *run);
