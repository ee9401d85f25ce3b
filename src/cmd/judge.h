/*
 * judge.h: may the judges that scenario files ask for be believed?
 */
#pragma once
#include "trial/scenario/plan.h"

/* 0, or CW_EXIT_UNTRUSTED when a file's `judge:` asks for a calibration that is missing, of another judge, or too weak; said on stderr. */
int cw_cmd_judge_gate(const struct cw_trial_conf *conf);
