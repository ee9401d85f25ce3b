/*
 * states.h: the states of the USA by name and two-letter code
 */
#pragma once
#include <stddef.h>

#include "base/words.h"

/* A state at word @i, by name or code ("ca", "c a"): its code into @code. Codes that are words ("in", "or", "me", "hi", "ok", "oh") count only as the last word.
 * Returns the words used, 0 for none. */
size_t cw_state_at(const struct cw_words *ws, size_t i, char code[4]);
/* "CA" -> "California"; an unknown code comes back. */
const char *cw_state_name(const char *code);
