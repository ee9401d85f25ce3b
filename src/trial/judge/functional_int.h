/*
 * functional_int.h: what is counted for the card, for functional.c and quality.c only
 */
#pragma once
#include "base/mem.h"
#include "trial/judge/functional.h"

#define CW_ABILITIES  11
#define CW_CARD_KINDS 64 /* types of checks counted apart */

struct cw_ability_tally {
	double sum, weight;
	size_t n;
};

struct cw_card_mean {
	double sum;
	size_t n;
};

struct cw_card_quality {
	struct cw_card_mean response, dead_air, talk, interruptions, reprompts, passed;
	struct { /* checks that failed, by type */
		char type[48];
		size_t failed, n;
	} kinds[CW_CARD_KINDS];
	size_t n_kinds;
};

struct cw_card_fit {
	struct cw_card_mean satisfaction, completion, escalation;
	size_t calls, caller_turns, retries, delights, delight_checks;
};

struct cw_card {
	struct cw_ability_tally abilities[CW_ABILITIES];
	struct cw_card_quality quality;
	struct cw_card_fit fit;
};

/* Add one result; those that do not count are passed over. */
void cw_abilities_add(struct cw_ability_tally *tallies, const json_t *result);
void cw_card_quality_add(struct cw_card_quality *q, const json_t *result);
void cw_card_fit_add(struct cw_card_fit *f, const json_t *result);
json_t *cw_abilities_json(const struct cw_ability_tally *tallies);
json_t *cw_card_quality_json(const struct cw_card_quality *q);
json_t *cw_card_fit_json(const struct cw_card_fit *f);
