/*
 * slots.h: the built-in classes of hints, as examples and as grammar rules: {digit} {digits} {number} {date} {time} {yesno}
 */
#pragma once
#include "base/rng.h"
#include "base/str.h"

#define CW_SLOT_WORDS 256 /* bytes an example takes at most */

struct cw_slot {
	const char *name;
	unsigned examples; /* so many show what it can be */
	void (*example)(struct cw_rng *rng, char *out);
};

/* NULL: no built-in class of this name. */
const struct cw_slot *cw_slot_find(struct cw_str name);
/* JSGF rules <digit> <digits> <number> <date> <time> <yesno>. */
extern const char cw_slot_rules[];
