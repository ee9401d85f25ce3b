/*
 * measure.h: what can be measured in a finished call, and why not where it cannot
 *
 * Pure functions of the view. A value is known, or it is null with a reason; it is never zero instead. The definitions are
 * printed in docs/scenarios.md and in reports.
 */
#pragma once
#include "audio/quality.h"
#include "language/datetime.h"
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
struct cw_value cw_measure_caller_interruptions(
	const struct cw_view *v); /* our words begun more than 200 ms inside speech of the agent */
struct cw_value cw_measure_duration_ms(const struct cw_view *v); /* answer to end */
/* Words, characters and facts of one ear against what was said: @agent_ear: what the agent heard of our words; else what we heard
 * of the agent's. Pooled over the call. Unit costs, in the form of cw_norm_match(); facts (numbers, dates, names … of
 * language/entity.h) as slot errors: (wrong + missing + extra) / facts said. Needs the agent's timeline. */
struct cw_value cw_measure_wer(const struct cw_view *v, bool agent_ear);
/* Errors and words said behind cw_measure_wer(), for pooling over calls. ENODATA: unknown, and the measure tells why; ENOMEM, EMSGSIZE. */
int cw_measure_wer_counts(const struct cw_view *v, bool agent_ear, uint64_t *errors, uint64_t *words);
struct cw_value cw_measure_cer(const struct cw_view *v, bool agent_ear);
struct cw_value cw_measure_entity_wer(const struct cw_view *v, bool agent_ear);

/* How often the agent asked again: a turn which says that it did not understand, or repeats one of its last two nearly word by word. */
struct cw_value cw_measure_reprompts(const struct cw_view *v);
/* Turns of the caller (words or keys) until the goal: the first call of @tool; without one, the whole of a script that was
 * completed. agent_absent: the goal was not reached. */
struct cw_value cw_measure_turns_to_goal(const struct cw_view *v, const char *tool);

struct cw_tool_score {
	bool known;                   /* tools are visible */
	size_t right, called, wanted; /* different names */
	double precision, recall, f1; /* 1 where there was nothing to be wrong */
};
/* Names called against names wanted, as sets. */
struct cw_tool_score cw_measure_tools(const struct cw_view *v, const char *const *wanted, size_t n);

/* What the line tells of the caller's way to the agent: share of frames lost, deviation of their delay, and the opinion score the
 * E-model makes of it (G.107; 1 … 4.5). */
struct cw_value cw_measure_loss(const struct cw_view *v);
struct cw_value cw_measure_jitter_ms(const struct cw_view *v);
struct cw_value cw_measure_mos_e(const struct cw_view *v);
/* One measure of audio/quality.h of a side's recording. */
struct cw_value cw_measure_quality(const struct cw_view *v, enum cw_side side, enum cw_quality_of of);

/* Date of the call, for "tomorrow" and the like; false: not known. */
bool cw_view_today(const struct cw_view *v, struct cw_date *ret);

/* All of the whole call as an object: name -> number, or {"null": reason}. New reference, NULL: no memory. */
json_t *cw_measure_json(const struct cw_view *v);
