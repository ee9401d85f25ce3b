/* Answers by turn, and recognition by voice. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trial/report/tally_int.h"

#define TURNS_MAX 2000 /* different turns told apart; those of larger suites are only in the sums */
#define EARS_MAX  500

int cw_tally_add_turn(struct cw_tally *t, const char *test, const json_t *turn, double response_ms)
{
	struct cw_turn_times *x = NULL;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s %lld", cw_json_str(turn, "of", "turn"),
		(long long)cw_json_int(turn, "n", 0)); /* fits */
	for (size_t i = t->n_turns; i-- > 0 && !x;)
		if (!strcmp(t->turns[i].test, test) && !strcmp(t->turns[i].turn, name))
			x = &t->turns[i];
	if (!x && t->n_turns == TURNS_MAX)
		return 0;
	if (!x) {
		if (!t->turns)
			t->turns = talloc_zero_array(t, struct cw_turn_times, TURNS_MAX);
		if (!t->turns)
			return ENOMEM;
		x = &t->turns[t->n_turns];
		x->test = talloc_strdup(t, test);
		x->turn = talloc_strdup(t, name);
		if (!x->test || !x->turn)
			return ENOMEM;
		t->n_turns++;
	}
	return cw_values_add(t, &x->v, response_ms);
}

int cw_tally_add_ear(struct cw_tally *t, const struct cw_cell *c, const json_t *measures)
{
	const json_t *wer = json_object_get(measures, "wer_agent_ear");
	struct cw_recognition *x = NULL;

	if (!json_is_number(wer))
		return 0;
	for (size_t i = t->n_ears; i-- > 0 && !x;)
		if (!strcmp(t->ears[i].voice, c->voice) && !strcmp(t->ears[i].language, c->language) &&
			!strcmp(t->ears[i].channel, c->channel))
			x = &t->ears[i];
	if (!x && t->n_ears == EARS_MAX)
		return 0;
	if (!x) {
		if (!t->ears)
			t->ears = talloc_zero_array(t, struct cw_recognition, EARS_MAX);
		if (!t->ears)
			return ENOMEM;
		x = &t->ears[t->n_ears++];
		x->voice = c->voice; /* of a cell, which lives as long */
		x->language = c->language;
		x->channel = c->channel;
	}
	return cw_values_add(t, &x->wer, json_number_value(wer));
}
