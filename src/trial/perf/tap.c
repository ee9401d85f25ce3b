#include "trial/perf/tap.h"

#include <string.h>

#include "call/timeline.h"

#define USUAL_US 40000 /* from the wish to speak to the first audible frame: two frames at most when nothing is late */

static struct cw_tap_turn *turn_of(struct cw_tap *t, const struct cw_event *e)
{
	uint32_t utterance = (uint32_t)cw_json_int(e->data, "utterance", 0);

	for (size_t i = t->n; i-- > 0;)
		if (t->turns[i].utterance == utterance)
			return &t->turns[i];
	return NULL;
}

static void said(struct cw_tap *t, const struct cw_event *e)
{
	uint64_t lag = t->lag_us ? *t->lag_us : 0;

	if (t->n == CW_TAP_TURNS_MAX || strcmp(cw_json_str(e->data, "how", ""), "text") != 0)
		return;
	t->turns[t->n++] = (struct cw_tap_turn){
		.utterance = (uint32_t)cw_json_int(e->data, "utterance", 0),
		.intended_us = e->t_us > lag ? e->t_us - lag : 0,
	};
}

static void spoke(struct cw_tap *t, const struct cw_event *e)
{
	struct cw_tap_turn *turn = turn_of(t, e);

	if (!turn)
		return;
	turn->started_us = (uint64_t)cw_json_int(e->data, "started_us", 0);
	turn->ended_us = (uint64_t)cw_json_int(e->data, "ended_us", 0);
	turn->begun = turn->over = turn->ended_us > turn->started_us;
}

/* The agent's turn belongs to the last words which were over before it ended. */
static void agent_turn(struct cw_tap *t, const struct cw_event *e)
{
	uint64_t onset = (uint64_t)cw_json_int(e->data, "onset_us", 0),
		 last = (uint64_t)cw_json_int(e->data, "last_us", 0);

	for (size_t i = t->n; i-- > 0;) {
		struct cw_tap_turn *turn = &t->turns[i];

		if (!turn->over || turn->ended_us > last)
			continue;
		if (!turn->onset_us)
			turn->onset_us = onset;
		turn->last_us = last;
		return;
	}
}

void cw_tap_event(const struct cw_event *e, void *tap)
{
	struct cw_tap *t = tap;

	if (e->kind == CW_EV_ANSWERED && !t->answered) {
		t->answered = true;
		t->answered_us = e->t_us;
	} else if (e->kind == CW_EV_SAY && e->side == CW_SIDE_CALLER) {
		said(t, e);
	} else if (e->kind == CW_EV_SPOKE && e->side == CW_SIDE_CALLER) {
		spoke(t, e);
	} else if (e->kind == CW_EV_TURN_ENDED && e->side == CW_SIDE_AGENT) {
		agent_turn(t, e);
	}
}

uint64_t cw_tap_late_us(const struct cw_tap_turn *t)
{
	uint64_t usual = t->intended_us + USUAL_US;

	return t->begun && t->started_us > usual ? t->started_us - usual : 0;
}
