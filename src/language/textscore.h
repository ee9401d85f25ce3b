/*
 * textscore.h: how near is a text to a reference: edit distance, ROUGE, BLEU, GLEU, METEOR
 *
 * Pure, reentrant; scratch memory is freed before return. Each value is the one of the paper named at its function. Words
 * are the lower-cased runs of letters and digits (any script) for ROUGE, blank-separated for BLEU, GLEU and METEOR (the latter two
 * without full stops at their ends); promptfoo cuts alike. Where promptfoo and the papers differ we follow the papers: brevity penalty exp(1 - r/c),
 * clipping per n-gram over all references.
 * ENOMEM is the only error of functions returning int; EMSGSIZE above CW_TEXTSCORE_MAX bytes on a side.
 */
#pragma once
#include <stddef.h>

#include "base/str.h"

#define CW_TEXTSCORE_MAX 65536

/* Character edits (insert, delete, substitute: Levenshtein 1966) between two UTF-8 texts, as they are. */
int cw_levenshtein(struct cw_str a, struct cw_str b, size_t *ret);
/* 1 - edits / length of the longer one: 1 is the same, 0 nothing in common; two empty texts are the same. */
int cw_text_ratio(struct cw_str a, struct cw_str b, double *ret);

struct cw_prf {
	double precision, recall, f1; /* 0 when nothing matches or a side is empty */
};
/* ROUGE-N (Lin 2004): n-grams in common, n = 1 … 9; clipped counts. promptfoo's `rouge-n` is the f1 of n = 1. EINVAL on another n. */
int cw_rouge_n(struct cw_str ref, struct cw_str hyp, unsigned n, struct cw_prf *ret);
/* ROUGE-L (Lin 2004): longest common subsequence of words, F1 with equal weights. */
int cw_rouge_l(struct cw_str ref, struct cw_str hyp, struct cw_prf *ret);

enum cw_bleu_smoothing {
	CW_BLEU_EPSILON, /* an order without a match counts 1e-7 (promptfoo): the default */
	CW_BLEU_NONE,    /* Papineni as published: such an order makes the whole 0 */
	CW_BLEU_ADD_ONE, /* 1 added to matches and totals of orders above one (Lin and Och 2004) */
};
/* BLEU-4 of one sentence against @n_refs >= 1 references (Papineni et al. 2002): geometric mean of clipped n-gram precisions, brevity
 * penalty against the reference nearest in length. @weights: four of them adding up to 1, NULL = 0.25 each. EINVAL when there is no reference. */
int cw_bleu(const struct cw_str *refs, size_t n_refs, struct cw_str hyp, const double *weights,
	enum cw_bleu_smoothing smoothing, double *ret);
/* Google-BLEU (Wu et al. 2016): min(precision, recall) over all 1- to 4-grams; best of the references. */
int cw_gleu(const struct cw_str *refs, size_t n_refs, struct cw_str hyp, double *ret);
/* METEOR (Banerjee and Lavie 2005) with the exact and the stem module (Porter 1980), without WordNet, pairs as NLTK makes them: alpha 0.9, beta 3, gamma 0.5;
 * best of the references. Synonyms do not count, so values lie at or below those of tools which have them. */
int cw_meteor(const struct cw_str *refs, size_t n_refs, struct cw_str hyp, double *ret);

/* Blank-separated words (any white space). */
size_t cw_word_count(struct cw_str text);
/* Porter's stemmer (1980): @word is lower-case ASCII, changed in place; returns the new length. Other words are left alone. */
size_t cw_stem(char *word, size_t len);
