/*
 * langid.h: which language is a text in: en es de fr pt it nl sv pl tr ja zh ko ru ar hi
 *
 * By script first (kana is Japanese, Hangul Korean, Han without kana Chinese, Devanagari Hindi, Arabic, Cyrillic Russian); among Latin
 * scripts by function words and character trigrams (Cavnar and Trenkle 1994 for the idea; log-likelihoods, add-half smoothing). The tables
 * in langid_table.c are our own counts; the head of that file says from what and by which program. Pure, no allocation.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct cw_langid {
	char code[3];      /* "en" */
	double confidence; /* 0 … 1: share of this language among all; below 0.5 a guess */
};

/* Best first, at most @max; returns how many were written: 0 when the text has no letters. One or two words are told apart badly: see confidence. */
size_t cw_langid_rank(struct cw_str text, struct cw_langid *out, size_t max);
/* The best one; false when there is none. */
bool cw_langid_guess(struct cw_str text, struct cw_langid *ret);
/* Does a tag ("en-US", "en") mean the language @code? */
bool cw_langid_tag_is(const char *tag, const char *code);
/* Codes that can be told, NULL-terminated. */
const char *const *cw_langid_codes(void);
