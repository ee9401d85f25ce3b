/*
 * intent.h: which of the caller's intents a sentence expresses: patterns and weighted keywords, no model
 *
 * Pattern: words in order, matched anywhere in the text. Between words small fillers ("uh", "please", "the", "a") may come.
 *   [word …]    optional            (a|b c|d)  one of these            *  up to four words of any kind
 *   {name}      one to four words, captured                            ^ and $  begin and end of the text
 * "(talk|speak) to [a|the] (person|human|someone|agent)", "(book|schedule|make) * (appointment|visit)", "^hello$".
 * Words match with their endings folded ("appointments", "booking") and, from six letters on, with one letter wrong.
 * An intent's score is in 0 … 1: for a pattern 0.7 and up to 1.0 the more of the text it explains, less 0.1 for each word a star had to swallow; keywords add by
 * 1 - (1-w1)(1-w2)…; both combine the same way. Negated keywords ("don't want to cancel") count for nothing.
 * Thread: a compiled set is read-only: any thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/why.h"

struct cw_intent_keyword {
	const char *phrase; /* one or more words */
	double weight;      /* 0 … 1 */
};

struct cw_intent_def {
	const char *name;
	const char *const *patterns;
	size_t n_patterns;
	const struct cw_intent_keyword *keywords;
	size_t n_keywords;
};

#define CW_INTENT_THRESHOLD    0.5 /* below: out of scope */
#define CW_INTENT_MAX_CAPTURES 4

struct cw_intent_hit {
	const char *name; /* as in the definition; NULL: none */
	double score;
	size_t n_captures;
	struct {
		const char *name;
		struct cw_str text; /* slice of the text given */
	} captures[CW_INTENT_MAX_CAPTURES];
};

struct cw_intents;
/* Compile; the definitions are copied. EINVAL names the pattern and what is wrong with it. */
int cw_intents_new(
	void *parent, const struct cw_intent_def *defs, size_t n, struct cw_intents **ret, struct cw_why *why);
/* Score @text: the best @max hits at or above @threshold into @hits, best first (equal scores in order of definition). Returns how many.
 * 0 = out of scope. */
size_t cw_intents_rank(
	const struct cw_intents *in, struct cw_str text, double threshold, struct cw_intent_hit *hits, size_t max);
/* The best at the usual threshold; false (and hit->name NULL) = out of scope. */
bool cw_intents_best(const struct cw_intents *in, struct cw_str text, struct cw_intent_hit *hit);
/* Does @text match this one pattern? Compiles each time: for few and rare uses. A pattern in error never matches. */
bool cw_intent_matches(const char *pattern, struct cw_str text);
