/*
 * confuse.h: word errors as recognisers make them: similar words, words lost, words heard from nowhere
 */
#pragma once
#include "base/rng.h"
#include "base/str.h"

#define CW_CONFUSE_ROOM 64 /* bytes by which a word may grow */

/* With probability @p return something else than @word: a confusable word, nothing (empty), or the word behind an inserted
 * one. The result lives in @word or in @out, which holds word.len + CW_CONFUSE_ROOM bytes. */
struct cw_str cw_confuse(struct cw_rng *rng, double p, struct cw_str word, char *out, size_t size);
