/*
 * spell.h: letters said one by one: "s m i t h", "s as in sam", "double t", "sierra mike", "see aitch"
 *
 * Pure function over folded words, no allocation.
 */
#pragma once
#include <stddef.h>

#include "base/words.h"

/* A spelled word from word @i on into @out (lower case, always terminated when used). At least two letters, of them one said as
 * a letter ("bee" alone is no letter). Returns the words used, 0 for none. */
size_t cw_spell_letters(const struct cw_words *ws, size_t i, char *out, size_t size);
