/*
 * extras.h: what stands in a result's line besides verdict, checks and measures
 *
 * "target_name" (of a run with several targets); "wer": {"agent_ear", "caller_ear": {"errors", "words"}}, for pooling over calls;
 * "audio": {"caller", "agent"}, what audio/quality.h says of each channel; "tokens": {"prompt", "completion"} and "cost_usd", as far as a
 * chat server told them. Whatever was not told or not measured is not there.
 * Sound costs some 5 ms of processor time per second and channel: it is measured in real time, and in simulation (where it would be
 * the slowest part by far, of modem tones) only where an assertion asks for one of its values.
 * Thread: off the lane; reads the view only.
 */
#pragma once
#include "trial/execute/verdict.h"

/* ENOMEM. */
int cw_result_extras(const struct cw_call_record *r, const struct cw_view *v, json_t *result);
