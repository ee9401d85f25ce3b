/*
 * sentiment_int.h: the word lists of sentiment.c; nobody else includes it
 */
#pragma once
#include "language/sentiment.h"

struct cw_sentiment_group {
	int weight;        /* tenths: -40 … 40 */
	const char *words; /* " word word " with a blank at both ends */
};

struct cw_sentiment_phrase {
	int weight;
	const char *pattern; /* as in phrase.h; counts as one word, its own words do not count again */
};

struct cw_sentiment_lexicon {
	const char *language;
	const struct cw_sentiment_group *groups;   /* ends with words == NULL */
	const struct cw_sentiment_phrase *phrases; /* ends with pattern == NULL */
	const char *negators, *stronger, *weaker, *but;
	const char *endings; /* which may be taken off a word: " s es ed " */
};

/* English first; ends with language == NULL. */
extern const struct cw_sentiment_lexicon cw_sentiment_lexicons[];
