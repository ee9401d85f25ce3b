/*
 * slots.h: what the caller has told so far: values of slots, read from turns
 *
 * Pure functions of text over the rules in language/. An appointment is chosen among offered times (offers.h) and put here.
 */
#pragma once
#include "agent/file.h"
#include "base/str.h"
#include "language/address.h"
#include "language/datetime.h"
#include "language/name.h"
#include "language/phone.h"

#define CW_SLOT_VALUE_SIZE 256

struct cw_slot_value {
	bool filled;
	bool confirmed;  /* the caller said yes to this value */
	unsigned misses; /* answers to its question that held nothing */
	union {          /* what is known, also while not filled */
		struct cw_phone phone;
		struct cw_name name;
		struct cw_address address;
	} part;
	char value[CW_SLOT_VALUE_SIZE]; /* normalised: "+14155550134", "Maria Lopez", "2026-03-03T09:00" */
	char spoken[CW_SLOT_VALUE_SIZE];
};

enum cw_slot_read {
	CW_READ_NOTHING,
	CW_READ_PARTIAL, /* something came, more is needed: in @part */
	CW_READ_INVALID, /* it cannot be ("area code 055") */
	CW_READ_FILLED,
};

/* Read an answer to the question for this slot into @v. What was filled before is replaced, a part is completed. */
enum cw_slot_read cw_slot_read(
	const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text, const struct cw_date *today);
/* The same from a turn about something else: only where the words say that it is meant ("my name is …", ten digits). */
bool cw_slot_notice(
	const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text, const struct cw_date *today);
/* Change a filled value as the caller says ("no, it's mario", "five six, not five nine"). false and untouched when @text holds nothing for it. */
bool cw_slot_correct(
	const struct cw_agent_slot *def, struct cw_slot_value *v, struct cw_str text, const struct cw_date *today);

/* The rest of a name given in part: "Lopez" after "Maria". false and untouched when there is nothing to complete or @text is no name. */
bool cw_slot_complete_name(struct cw_slot_value *v, struct cw_str text);

/* Is the slot named in the text ("the phone number")? */
bool cw_slot_named(const struct cw_agent_slot *def, struct cw_str text);

void cw_slot_put(struct cw_slot_value *v, const char *value, const char *spoken);
void cw_slot_clear(struct cw_slot_value *v);
