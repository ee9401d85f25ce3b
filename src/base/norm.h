/*
 * norm.h: text in one form: case, punctuation, and numbers, times, dates, money, phone digits between written and spoken
 *
 * Two directions (English; other languages keep case and punctuation folding only):
 *   cw_norm_spoken("Call 415-555-0134 at 2:30 pm, $25.")  ->  "call four one five five five five oh one three four at two
 *       thirty p m twenty five dollars"     what a voice says; used to feed engines and to compare with recognised words
 *   cw_norm_written("four one five five five five zero one three four") -> "4155550134"    what a person would type
 * A text of any length is taken. Case folding is UTF-8 correct for Latin, Greek, Cyrillic and Armenian letters; other scripts pass.
 *
 * cw_norm_match() is the form both sides of a comparison are brought into before `contains` and word error rate.
 */
#pragma once
#include "base/str.h"

/* Each returns a new string under @parent, NULL only when out of memory. Lower case, single blanks, no punctuation but
 * apostrophes inside words and what belongs to figures ("9:30", "$25.50"). */

/* Case and punctuation only: "9:30" becomes two words. */
char *cw_norm_fold(void *parent, struct cw_str text);
/* Figures to words. */
char *cw_norm_spoken(void *parent, struct cw_str text);
/* Number words to figures: "twenty five" 25, "nine thirty a m" 9:30 am, "december third" december 3. */
char *cw_norm_written(void *parent, struct cw_str text);
/* For comparison: written, figures side by side joined, "2:30" as 230, one spelling of street, doctor, okay and the like. */
char *cw_norm_match(void *parent, struct cw_str text);

/* Digits of a spoken or written phone number in @text ("four one five, 555 oh one three four", "double five"), at most
 * @size-1 of them, NUL-terminated; returns how many. */
size_t cw_norm_digits(struct cw_str text, char *out, size_t size);

/* Does @text contain @words on word borders? Both are in the form of cw_norm_match() already. */
bool cw_norm_has(const char *text, const char *words);
/* Does @haystack contain @needle on word borders after cw_norm_match()? */
bool cw_norm_contains(struct cw_str haystack, struct cw_str needle);

/* Minimum number of word substitutions, deletions and insertions turning @ref into @hyp, both brought into the form of cw_norm_match()
 * first; *@words gets the words of @ref in that form (a telephone number is one word). Time grows with the product of the two lengths. */
size_t cw_norm_word_errors(struct cw_str ref, struct cw_str hyp, size_t *words);
