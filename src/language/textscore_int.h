/*
 * textscore_int.h: words and n-grams as the scores of textscore.c count them; nobody else includes it
 */
#pragma once
#include <stdint.h>

#include "language/textscore.h"

enum cw_score_cut {
	CW_SCORE_LETTERS,  /* runs of letters and digits */
	CW_SCORE_BLANKS,   /* what stands between blanks */
	CW_SCORE_NO_STOPS, /* the same without full stops at its end; stems, too */
};

struct cw_score_words {
	uint32_t *id;   /* equal lower-cased words have equal numbers */
	uint32_t *stem; /* equal stems (CW_SCORE_NO_STOPS only) */
	size_t n;
};

/* Words of @hyp into w[0], of @refs into w[1] … w[n_refs]. ENOMEM, EMSGSIZE. */
int cw_score_words(void *parent, const struct cw_str *refs, size_t n_refs, struct cw_str hyp, enum cw_score_cut cut,
	struct cw_score_words *w);
/* How many n-grams has it? */
size_t cw_score_grams(const struct cw_score_words *w, unsigned n);
/* n-grams of @hyp found in @refs, each at most as often as it stands in that reference which has it most often. ENOMEM. */
int cw_score_common(void *scratch, const struct cw_score_words *refs, size_t n_refs, const struct cw_score_words *hyp,
	unsigned n, size_t *ret);
