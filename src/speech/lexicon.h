/*
 * lexicon.h: how English words are pronounced: the recogniser's dictionary, else flite's letter-to-sound rules
 *
 * The dictionary (3 MB of text) is mapped once per process and indexed by a hash table; both stay. Thread: any.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"
#include "base/why.h"

struct cw_lexicon;

/* The lexicon of @path (the same one for every path after the first). ENOENT. Slow the first time (20 ms). */
int cw_lexicon_get(const char *path, const struct cw_lexicon **ret, struct cw_why *why);
/* Is the word in the dictionary, with a pronunciation by people? */
bool cw_lexicon_has(const struct cw_lexicon *l, struct cw_str word);
/* Write dictionary lines for @word ("word PH ON ES", alternatives as "word(2)"). Unknown words are sounded out by their letters. */
void cw_lexicon_write(const struct cw_lexicon *l, struct cw_str word, FILE *out);
