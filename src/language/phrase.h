/*
 * phrase.h: small patterns over folded words: "i|we can't|cannot *2 help|assist"
 *
 * Words of a pattern are separated by one blank. "a|b" is either, "?a|b" may be missing, "*3" skips up to three words, "$" is the end
 * of the text ("that|$": that or the end). Lower case, as words.h writes them ("can't"). Pure.
 */
#pragma once
#include "base/words.h"

/* Does @pattern fit the words from @i on? Gives the number of words it took (the fewest), 0 for none. */
size_t cw_phrase_match(const struct cw_words *ws, size_t i, const char *pattern);
/* Cut the next sentence off *@rest: up to . ! ? ; or a line end with a blank behind it, at most 2,000 bytes. false at the end. */
bool cw_phrase_sentence(struct cw_str *rest, struct cw_str *sentence);
