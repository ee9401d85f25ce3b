/*
 * sentence.h: text cut into pieces for a voice, also while the text is still arriving
 *
 * A cut comes after . ! ? … (with closing quotes), a line break or an ideographic stop; not after abbreviations ("Dr.", "St.", "e.g.", "U.S.",
 * "a.m." unless a capital follows), initials, inside numbers ("3.5", "2:30", "1,000") or list numbers ("1."). Long text is also cut at clauses
 * (; : , — and before "and", "but"), very long at a blank; nothing is lost: the pieces with their blanks make up the text.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct cw_sentence_conf {
	size_t min_bytes;    /* [0] a shorter sentence is joined to the next ("Hi. How are you?") */
	size_t clause_bytes; /* [160] from here on a clause end will do; for quick first audio set it to some 40 */
	size_t max_bytes;    /* [400] cut at a blank (or, without any, between characters) at the latest */
};

/* Cut the next piece off the front of *@rest: trimmed, never empty. @more: text may still arrive, so a piece is complete only when
 * what follows its end has been seen ("3." may become "3.5"). false: nothing complete (or, without @more, nothing left). @conf may be NULL. */
bool cw_sentence_next(struct cw_str *rest, bool more, const struct cw_sentence_conf *conf, struct cw_str *piece);
