/*
 * entity_int.h: the readers of one kind each, called by entity.c at a word; nobody else includes it
 *
 * Each looks at word r->at, gives the words used (0: none begins here) and writes the normalised value.
 */
#pragma once
#include "language/entity.h"
#include "language/fact_int.h"

#define CW_ENTITY_VALUE 256

struct cw_entity_scan {
	struct cw_fact_reader r;
	const struct cw_date *today; /* NULL: days keep their words */
	char value[CW_ENTITY_VALUE];
};

size_t cw_entity_date(struct cw_entity_scan *s);
size_t cw_entity_time(struct cw_entity_scan *s);
size_t cw_entity_money(struct cw_entity_scan *s);
size_t cw_entity_number(struct cw_entity_scan *s);
size_t cw_entity_name(struct cw_entity_scan *s);
