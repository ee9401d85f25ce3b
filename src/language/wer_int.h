/*
 * wer_int.h: shared by wer.c and wer_align.c; nobody else includes it
 *
 * Alignment works on numbers: equal tokens have equal numbers.
 */
#pragma once
#include "language/wer.h"

/* What comes after words are taken away at both ends (unit costs) is aligned; counts cover all. */
struct cw_wer_ids {
	const uint32_t *ref, *hyp;
	size_t n, m;
};

/* Total cost and hits of the path the convention chooses, from which all counts follow. Memory grows with the longer side. ENOMEM. */
int cw_wer_count(const struct cw_wer_ids *ids, enum cw_wer_costs costs, struct cw_wer_counts *ret);
/* The path itself: at most n + m steps into @steps, *n_steps of them. ENOMEM. */
int cw_wer_path(const struct cw_wer_ids *ids, enum cw_wer_costs costs, struct cw_wer_step *steps, size_t *n_steps);
