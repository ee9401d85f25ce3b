/*
 * name.h: a person's name out of speech, also spelled
 *
 * Pure functions, no allocation.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

enum cw_name_how {
	CW_NAME_BARE,    /* "maria lopez": only right if a name was asked for */
	CW_NAME_CUED,    /* "my name is", "this is", "it's … speaking" */
	CW_NAME_SPELLED, /* at least the last part letter by letter: the surest */
};

struct cw_name {
	char full[96];  /* "Maria Lopez" */
	char first[48]; /* "Maria", or the only part */
	char last[48];  /* "Lopez", "" when one part was given */
	enum cw_name_how how;
};

/* "my name is maria lopez", "this is john", "it's smith s m i t h", "john smith that's j o h n", "m as in mike", "double t". false: nothing
 * that looks like a name (digits, yes/no, more than four words without a cue). "no it's mario not maria" gives Mario. */
bool cw_name_parse(struct cw_str text, struct cw_name *ret);
/* A correction of a known name: the part that is like what was said ("no it's mario", "smith with a y" as "smyth" spelled, "not lopez gomez")
 * is replaced, the rest kept. false and untouched when nothing usable was said. */
bool cw_name_correct(struct cw_name *name, struct cw_str text);

/* "maria o'brien mcdonald" -> "Maria O'Brien McDonald". */
void cw_name_capitalise(struct cw_str text, char *out, size_t size);
/* For read-back: "Smith" -> "S, M, I, T, H". */
void cw_name_spell(const char *name, char *out, size_t size);
