/*
 * measure.h: what can be measured in a finished call, and why not where it cannot
 *
 * Pure functions of the view. A value is known, or it is null with a reason; it is never zero instead. The definitions are
 * printed in docs/scenarios.md and in reports.
 */
#pragma once
#include "trial/view/view.h"

struct cw_value {
	bool known;
	bool agent_absent; /* unknown because the agent said nothing: its fault, not the measurement's */
	double v;
	const char *reason; /* of an unknown one; static text */
	int64_t at_us;      /* where in the call, -1 = nowhere in particular */
};

/* Agent's audible onset minus the caller's last voiced sample of action @play; negative: it came in early. */
struct cw_value cw_measure_response_ms(const struct cw_view *v, size_t play);
/* Caller's onset to the agent's last voiced sample, when the agent was speaking at that onset. */
struct cw_value cw_measure_barge_in_stop_ms(const struct cw_view *v, size_t play);
/* Longest silence of the agent from the onset of @play until half a second of its speech after @play; known only when the agent
 * was speaking at that onset. agent_absent: it did not go on. */
struct cw_value cw_measure_keep_gap_ms(const struct cw_view *v, size_t play);

struct cw_value cw_measure_first_word_ms(const struct cw_view *v); /* answer to the agent's first audible speech */
struct cw_value cw_measure_dead_air_ms(
	const struct cw_view *v); /* longest stretch over 1.5 s, both silent, agent owes; 0: none */
struct cw_value cw_measure_dead_air_total_ms(const struct cw_view *v); /* all of those together */
struct cw_value cw_measure_talk_ratio(const struct cw_view *v);        /* agent / (agent + caller) speech */
struct cw_value cw_measure_overlap_ms(const struct cw_view *v);        /* both speak */
struct cw_value cw_measure_interruptions(const struct cw_view *v); /* agent onsets more than 200 ms inside our words */
struct cw_value cw_measure_duration_ms(const struct cw_view *v);   /* answer to end */
/* Word errors per word: @agent_ear: what the agent heard of our words; else what we heard of the agent's. Needs its timeline. */
struct cw_value cw_measure_wer(const struct cw_view *v, bool agent_ear);

/* All of the whole call as an object: name -> number, or {"null": reason}. New reference, NULL: no memory. */
json_t *cw_measure_json(const struct cw_view *v);
