/*
 * barge.h: what the agent did when the caller came in: for tests tagged `barge:KIND:PLACE`
 *
 * KIND: interrupt dtmf (it should fall silent), backchannel cough aside tv echo (it should go on), pause digits (it should wait for the rest of the
 * caller's sentence). PLACE: early middle late. The turn looked at is the one named "barge", else the first which comes `during: agent`.
 */
#pragma once
#include "base/json.h"
#include "trial/scenario/scenario.h"
#include "trial/view/view.h"

/* {kind, place, wanted, reacted, right, by, stop_ms, recovery_ms, gap_ms, recovered, at_ms}: wanted and reacted: it stopped (pause, digits: it came in); by: "timeline"
 * when the agent told, else "ear" (it stopped within 1.5 s); stop_ms: our onset to its last voiced sample; recovery_ms: from there, and the end of our
 * sound, to its next words; gap_ms: it went on, with a silence of so long at most; at_ms: our onset inside its turn. {kind, place, missing: why} when it did not come to it. NULL: the test has no such tag, or no memory. */
json_t *cw_barge_json(const struct cw_test *t, const struct cw_view *v);
