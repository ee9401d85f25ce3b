/*
 * grammar.h: hints as material for models: normalised phrases, examples of what fits their slots, or a JSGF grammar
 */
#pragma once
#include <stdio.h>

#include "speech/hints.h"
#include "speech/ngram.h"

struct cw_grammar;

/* Normalise hints (figures to words, case). On the lane: it uses base/norm.h, which is not for workers. NULL: no memory. */
struct cw_grammar *cw_grammar_new(void *parent, const struct cw_hints *hints);
size_t cw_grammar_phrases(const struct cw_grammar *gr);
/* Count examples of every phrase, each phrase with @weight in sum. Allocates below @g only. ENOMEM, E2BIG. */
int cw_grammar_count(const struct cw_grammar *gr, struct cw_ngram *g, float weight);
/* The same as a grammar in JSGF: a rule per class, one alternative per phrase. Words of rules which examples may have missed are
 * counted into @g, whose vocabulary becomes the dictionary. ENOMEM, EIO. */
int cw_grammar_jsgf(const struct cw_grammar *gr, struct cw_ngram *g, FILE *out);
