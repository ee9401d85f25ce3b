/*
 * sentiment.h: is a sentence kind, angry or neither
 *
 * A lexicon with weights and rules: negation turns ("not happy"), intensifiers scale ("very", "a bit"), "but" weighs what follows,
 * exclamation marks add. English in full, Spanish, German and French basics. Written for this project; the method is that of
 * lexicon scorers in general (Hutto and Gilbert 2014 describe one). Pure, no allocation.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

enum cw_sentiment_class { CW_SENTIMENT_NEGATIVE = -1, CW_SENTIMENT_NEUTRAL, CW_SENTIMENT_POSITIVE };

struct cw_sentiment {
	enum cw_sentiment_class class;
	double score;  /* -1 … 1; beyond CW_SENTIMENT_EDGE it is positive or negative */
	unsigned hits; /* words that counted: 0 means neutral because nothing was known */
};
#define CW_SENTIMENT_EDGE 0.2

/* @language: "en", "es-MX", "de", "fr"; NULL tries all four lists (English first). Others: EINVAL, *ret untouched. */
int cw_sentiment_read(struct cw_str text, const char *language, struct cw_sentiment *ret);
const char *cw_sentiment_name(enum cw_sentiment_class c); /* "positive", "neutral", "negative" */
/* The reverse of the above; false on another word. */
bool cw_sentiment_parse(struct cw_str name, enum cw_sentiment_class *ret);
