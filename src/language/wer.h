/*
 * wer.h: word and character errors of a recognised text against what was said, with the alignment behind them
 *
 * Two conventions, because published figures come from both:
 *   CW_WER_UNIT    every error costs 1 (Levenshtein 1966; ties broken as rapidfuzz does, so that the totals, MER and WIL
 *                  equal those of the Python package jiwer). Use it for figures.
 *   CW_WER_SCLITE  insertion 3, deletion 3, substitution 4, match 0, as NIST's sclite aligns. Use it to show people
 *                  an alignment: it joins words where they belong and equals sclite's report.
 * The sum of errors of the second is never below that of the first. Rates are pooled: add counts of many pairs, then divide.
 *
 * Memory: rows at distances of a square root are kept and the blocks between them computed anew on the way back, so 12,000 against 12,000
 * words take some 10 MB. Time grows with length times errors: like texts are quick; the worst, two texts of 64 KB without
 * any likeness character by character, takes 100 MB and some twenty seconds (off the lane!). Pure, reentrant.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define CW_WER_MAX_TOKENS 200000 /* on either side; a longer text is EMSGSIZE */

enum cw_wer_costs { CW_WER_UNIT, CW_WER_SCLITE };
enum cw_wer_tokens {
	CW_WER_WORDS,
	CW_WER_CHARS
}; /* blank-separated words; UTF-8 characters (blanks count, as in jiwer's cer()) */
enum cw_wer_form {
	CW_WER_MATCH, /* cw_norm_match() first: what a caller means ("two thirty" is 2:30); for scoring agents */
	CW_WER_FOLD,  /* cw_norm_fold(): case and punctuation only */
	CW_WER_RAW,   /* as written; for comparison with other tools */
};
enum cw_wer_op { CW_WER_HIT, CW_WER_SUB, CW_WER_DEL, CW_WER_INS };

struct cw_wer_conf { /* all zero: unit costs, words, match form */
	enum cw_wer_costs costs;
	enum cw_wer_tokens tokens;
	enum cw_wer_form form;
};

struct cw_wer_counts {
	uint64_t ref, hyp; /* tokens of either side: ref = hit + sub + del, hyp = hit + sub + ins */
	uint64_t hit, sub, del, ins;
};

struct cw_wer_step {
	enum cw_wer_op op;
	uint32_t ref,
		hyp; /* places in the lists of tokens; INS: the reference token in front of which it came; DEL likewise */
};

struct cw_wer { /* owns all it points to */
	struct cw_wer_counts counts;
	const struct cw_str *ref, *hyp; /* the tokens compared, in the form asked for */
	size_t n_ref, n_hyp;
	const struct cw_wer_step *steps; /* from the first token to the last */
	size_t n_steps;
};

/* Align @hyp (recognised) with @ref (said). @conf may be NULL. ENOMEM, EMSGSIZE. */
int cw_wer_align(
	void *parent, struct cw_str ref, struct cw_str hyp, const struct cw_wer_conf *conf, struct cw_wer **ret);
/* Counts only; they are added to *@sum (start from zero): call it for many pairs and take the rates of the sum. */
int cw_wer_add(struct cw_wer_counts *sum, struct cw_str ref, struct cw_str hyp, const struct cw_wer_conf *conf);

uint64_t cw_wer_errors(const struct cw_wer_counts *c); /* sub + del + ins */
/* Errors per reference token: WER over words, CER over characters. May exceed 1. Without reference tokens: 0 when nothing was recognised
 * either, else 1 (jiwer refuses such a pair; sclite prints 0). */
double cw_wer_rate(const struct cw_wer_counts *c);
/* Match error rate: errors / (errors + hits), 0 … 1 (Morris, Maier and Green 2004). */
double cw_wer_mer(const struct cw_wer_counts *c);
/* Word information lost: 1 - hits²/(ref·hyp) (Morris, Maier and Green 2004). */
double cw_wer_wil(const struct cw_wer_counts *c);

/* The alignment as sclite shows it, in rows of at most @columns characters (0 = one row): substituted words and what is missing in capitals and stars,
 *   REF:  book a TABLE for *** four
 *   HYP:  book a CABLE for THE four
 *   Eval:        S         I
 * Columns are counted in characters. The buffer keeps its own error. */
void cw_wer_print(const struct cw_wer *w, size_t columns, struct cw_buf *out);
const char *cw_wer_op_name(enum cw_wer_op op); /* "hit", "sub", "del", "ins" */
