/*
 * ngram.h: a small trigram model counted from weighted sentences, written in ARPA form
 *
 * Smoothing: Witten and Bell (1991), interpolated: a history seen n times with t different followers gives t/(n+t) of its
 * mass to the shorter history. Counts are weights, so a phrase with slots may be counted as many lighter examples.
 * Nothing is allocated but below the model: it may be built on any thread.
 */
#pragma once
#include <stdio.h>

#include "base/str.h"

struct cw_ngram;

int cw_ngram_new(void *parent, struct cw_ngram **ret);
/* Count a sentence: words split by single blanks. ENOMEM; E2BIG above 65,000 words of vocabulary. */
int cw_ngram_add(struct cw_ngram *g, struct cw_str sentence, float weight);
/* The vocabulary, without the sentence marks. */
size_t cw_ngram_words(const struct cw_ngram *g);
const char *cw_ngram_word(const struct cw_ngram *g, size_t i);
/* Estimate and write. ENOMEM, EIO. */
int cw_ngram_write(struct cw_ngram *g, FILE *out);
