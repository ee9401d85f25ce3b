/*
 * langid_int.h: what langid.c and the program that makes its table share
 */
#pragma once
#include "base/words.h"
#include "language/langid.h"

#define CW_LANGID_LATIN 10 /* languages told apart by the table, in the order of cw_langid_latin */
#define CW_LANGID_STEP  4  /* a cost is in quarters of a nat */

extern const char *const cw_langid_latin[CW_LANGID_LATIN];

struct cw_langid_gram {
	char gram[8];                   /* three characters of a word with a blank at both ends, UTF-8 */
	char cost[CW_LANGID_LATIN + 1]; /* per language -ln p, as a digit 0-9A-Za-z */
};

/* Sorted by gram (strcmp). */
extern const struct cw_langid_gram cw_langid_grams[];
extern const size_t cw_langid_grams_n;

/* Calls @each for every run of three characters in @text: words lower-cased and with a blank before and behind, letters only. */
void cw_langid_each_gram(struct cw_str text, void (*each)(const char *gram, void *arg), void *arg);
