/*
 * facts.h: a person each: who calls, what is to be booked, and whether that stands in the agent's database afterwards
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "language/datetime.h"

struct cw_timeline;

#define FACTS_PER_AGENT 20 /* an agent knows the next 40 free times, of which some are not asked for: see facts.c */

struct facts {
	char name[64], address[64];
	char phone[24]; /* as it is said: "415 555 1004" */
	char e164[24];
	char wish[128], second[128]; /* the time, as it is said; and when that is gone */
};

/* The office's local today, for agents/hvac.yaml, at Unix time @wall_us. */
struct cw_date facts_today(int64_t wall_us);
/* Person @i of all, the @k-th of those who call one agent. Each wishes a time of its own; every tenth that of the one before, and one of
 * the two, told that it was taken, asks for the other's own. */
void facts_make(struct facts *f, unsigned i, unsigned k, int64_t wall_us);

struct bookings;
/* What is in the database of one agent. What cw_db_query() gives, with @why. */
int bookings_open(void *parent, const char *db_path, struct bookings **ret, struct cw_why *why);
size_t bookings_count(const struct bookings *b);
/* Is there exactly one appointment of @f's phone, with the name, the address, and the time which the caller heard read back and
 * confirmed, and did the agent say that it is booked? Else the reason in @reason. @wished: it is the time that was wished. */
bool bookings_hold(const struct bookings *b, const struct facts *f, const struct cw_timeline *caller,
	const struct cw_date *today, bool *wished, char *reason, size_t size);
