#include "language/wer_int.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"

/*
 * Dynamic programming in a band around the diagonal (Ukkonen 1985): cells further than `band` from it cost more than the best
 * path, once that path costs no more than the way out of the band; else the band grows. Which of several best paths is
 * taken depends on cells on the path only, so the band does not change it.
 */

#define FAR        (UINT32_MAX / 2) /* outside the band */
#define FIRST_BAND 64
#define SCLITE_GAP 3
#define SCLITE_SUB 4

struct cell {
	uint32_t cost, hits;
};

struct grid {
	struct cw_wer_ids ids;
	uint32_t gap, sub; /* costs */
	bool sclite;       /* whose choice among equals */
	size_t band;       /* |i - j| <= band */
	size_t width;      /* cells of a row inside the band, at most */
};

static size_t row_from(const struct grid *g, size_t i)
{
	return i > g->band ? i - g->band : 0;
}

static size_t row_to(const struct grid *g, size_t i)
{
	return i + g->band < g->ids.m ? i + g->band : g->ids.m;
}

/* sclite: a substitution or hit if nothing is cheaper, a deletion only when cheaper than an insertion. */
static inline enum cw_wer_op choose_sclite(uint32_t diagonal, uint32_t best, uint32_t up, uint32_t left)
{
	if (diagonal == best)
		return CW_WER_HIT;
	return up < left ? CW_WER_DEL : CW_WER_INS;
}

/* rapidfuzz (Hyyrö 2004): a deletion if it is on a best path, an insertion if the row fell there, else the diagonal. */
static inline enum cw_wer_op choose_unit(uint32_t best, uint32_t corner, uint32_t up, uint32_t left)
{
	if (best == up + 1)
		return CW_WER_DEL;
	return left + 1 == corner ? CW_WER_INS : CW_WER_HIT;
}

struct span {
	const struct cell *above;
	struct cell *row;
	const uint32_t *hyp;
	uint32_t token; /* the reference's */
	size_t from, to;
	uint8_t *choices; /* of the cell at from on, or NULL */
};

/* Cells from … to of a row; HIT stands for the diagonal. Compiled once for each convention: this is where the time goes. */
static inline __attribute__((always_inline)) void fill_span(
	const struct span *s, bool sclite, uint32_t gap, uint32_t sub)
{
	struct cell corner = s->above[s->from - 1], left = s->row[s->from - 1];

	for (size_t j = s->from; j <= s->to; j++) {
		struct cell up = s->above[j];
		uint32_t same = s->token == s->hyp[j - 1];
		uint32_t diagonal = corner.cost + (same ? 0 : sub),
			 gapped = (up.cost < left.cost ? up.cost : left.cost) + gap;
		uint32_t best = diagonal < gapped ? diagonal : gapped;
		enum cw_wer_op op = sclite ? choose_sclite(diagonal, best, up.cost, left.cost)
					   : choose_unit(best, corner.cost, up.cost, left.cost);

		if (s->choices)
			s->choices[j - s->from] = (uint8_t)op;
		left.hits = op == CW_WER_HIT ? corner.hits + same : op == CW_WER_DEL ? up.hits : left.hits;
		left.cost = best;
		s->row[j] = left;
		corner = up;
	}
}

/* Row 0: insertions only. Rows are indexed by j; the cells beside the band are FAR. */
static void row_first(const struct grid *g, struct cell *row)
{
	size_t to = row_to(g, 0);

	for (size_t j = 0; j <= to; j++)
		row[j] = (struct cell){(uint32_t)j * g->gap, 0};
	if (to < g->ids.m)
		row[to + 1] = (struct cell){FAR, 0};
}

static void row_next(const struct grid *g, size_t i, const struct cell *above, struct cell *row, uint8_t *choices)
{
	struct span s = {above, row, g->ids.hyp, g->ids.ref[i - 1], row_from(g, i), row_to(g, i), choices};

	if (s.from == 0) {
		row[0] = (struct cell){(uint32_t)i * g->gap, 0};
		s.from = 1;
		if (choices) {
			choices[0] = CW_WER_DEL;
			s.choices++;
		}
	} else {
		row[s.from - 1] = (struct cell){FAR, 0};
	}
	if (g->sclite)
		fill_span(&s, true, SCLITE_GAP, SCLITE_SUB);
	else
		fill_span(&s, false, 1, 1);
	if (s.to < g->ids.m)
		row[s.to + 1] = (struct cell){FAR, 0};
}

static void swap_rows(struct cell **a, struct cell **b)
{
	struct cell *c = *a;

	*a = *b;
	*b = c;
}

/* The last cell with the band as it is. */
static struct cell last_cell(const struct grid *g, struct cell *above, struct cell *row)
{
	row_first(g, above);
	for (size_t i = 1; i <= g->ids.n; i++) {
		row_next(g, i, above, row, NULL);
		swap_rows(&above, &row);
	}
	return above[g->ids.m];
}

static void grid_init(struct grid *g, const struct cw_wer_ids *ids, enum cw_wer_costs costs)
{
	*g = (struct grid){.ids = *ids, .gap = 1, .sub = 1};
	if (costs == CW_WER_SCLITE) {
		g->gap = SCLITE_GAP;
		g->sub = SCLITE_SUB;
		g->sclite = true;
	}
}

/* Any path found bounds the cost of the best one, and with it how far that can stray: at most two rounds. Gives the last cell; @rows
 * has room for two. */
static struct cell settle_band(struct grid *g, struct cell *rows)
{
	size_t n = g->ids.n, m = g->ids.m, longest = n > m ? n : m;
	struct cell last;

	g->band = (n > m ? n - m : m - n) + FIRST_BAND;
	for (;;) {
		if (g->band > longest)
			g->band = longest;
		last = last_cell(g, rows, rows + m + 2);
		if (g->band == longest || last.cost <= g->band * g->gap)
			break;
		g->band = last.cost / g->gap + 1;
	}
	g->width = 2 * g->band + 1 < m + 1 ? 2 * g->band + 1 : m + 1;
	return last;
}

/* With hits H and cost C: sub = (gap (n + m - 2H) - C) / (2 gap - sub), the rest follows from the lengths. */
static void counts_of(const struct grid *g, struct cell last, struct cw_wer_counts *ret)
{
	uint64_t n = g->ids.n, m = g->ids.m, hit = last.hits;
	uint64_t sub = (g->gap * (n + m - 2 * hit) - last.cost) / (2 * g->gap - g->sub);

	*ret = (struct cw_wer_counts){
		.ref = n, .hyp = m, .hit = hit, .sub = sub, .del = n - hit - sub, .ins = m - hit - sub};
}

int cw_wer_count(const struct cw_wer_ids *ids, enum cw_wer_costs costs, struct cw_wer_counts *ret)
{
	CW_SCOPED struct cell *rows = talloc_array(NULL, struct cell, 2 * (ids->m + 2));
	struct grid g;

	if (!rows)
		return ENOMEM;
	grid_init(&g, ids, costs);
	counts_of(&g, settle_band(&g, rows), ret);
	return 0;
}

struct walk {
	struct cell *rows;     /* two full rows */
	struct cell *saved;    /* every block-th row, the part inside the band */
	uint8_t *choices;      /* of the rows of one block */
	size_t block;          /* rows of a block */
	struct cw_wer_step *s; /* filled from the end of the array */
	size_t room, at;
};

static struct cell *saved_row(const struct grid *g, const struct walk *w, size_t i)
{
	return w->saved + i / w->block * g->width;
}

static void save_rows(const struct grid *g, struct walk *w)
{
	struct cell *above = w->rows, *row = w->rows + g->ids.m + 2;

	row_first(g, above);
	for (size_t i = 0; i <= g->ids.n; i++) {
		if (i % w->block == 0)
			memcpy(saved_row(g, w, i), above + row_from(g, i),
				(row_to(g, i) - row_from(g, i) + 1) * sizeof(*above));
		if (i == g->ids.n)
			break;
		row_next(g, i + 1, above, row, NULL);
		swap_rows(&above, &row);
	}
}

/* Compute rows @from + 1 … @to again, this time with their choices. */
static void fill_block(const struct grid *g, struct walk *w, size_t from, size_t to)
{
	struct cell *above = w->rows, *row = w->rows + g->ids.m + 2;
	size_t lo = row_from(g, from), hi = row_to(g, from);

	memcpy(above + lo, saved_row(g, w, from), (hi - lo + 1) * sizeof(*above));
	if (lo)
		above[lo - 1] = (struct cell){FAR, 0};
	if (hi < g->ids.m)
		above[hi + 1] = (struct cell){FAR, 0};
	for (size_t i = from + 1; i <= to; i++) {
		row_next(g, i, above, row, w->choices + (i - from - 1) * g->width);
		swap_rows(&above, &row);
	}
}

static void step_back(const struct cw_wer_ids *ids, struct walk *w, enum cw_wer_op op, size_t *i, size_t *j)
{
	*i -= op != CW_WER_INS;
	*j -= op != CW_WER_DEL;
	if (op == CW_WER_HIT && ids->ref[*i] != ids->hyp[*j])
		op = CW_WER_SUB;
	w->s[--w->at] = (struct cw_wer_step){op, (uint32_t)*i, (uint32_t)*j};
}

static void walk_back(const struct grid *g, struct walk *w)
{
	size_t i = g->ids.n, j = g->ids.m;

	while (i) {
		size_t from = (i - 1) / w->block * w->block;

		fill_block(g, w, from, i);
		while (i > from) {
			const uint8_t *choices = w->choices + (i - from - 1) * g->width;

			step_back(&g->ids, w, choices[j - row_from(g, i)], &i, &j);
		}
	}
	while (j)
		step_back(&g->ids, w, CW_WER_INS, &i, &j);
}

int cw_wer_path(const struct cw_wer_ids *ids, enum cw_wer_costs costs, struct cw_wer_step *steps, size_t *n_steps)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct walk w = {.s = steps, .room = ids->n + ids->m, .at = ids->n + ids->m};
	struct grid g;

	w.rows = scratch ? talloc_array(scratch, struct cell, 2 * (ids->m + 2)) : NULL;
	if (!w.rows)
		return ENOMEM;
	grid_init(&g, ids, costs);
	(void)settle_band(&g, w.rows); /* wanted for the band only */
	w.block = (size_t)sqrt((double)sizeof(struct cell) * (double)ids->n) + 1;
	w.saved = talloc_array(scratch, struct cell, (ids->n / w.block + 1) * g.width);
	w.choices = talloc_array(scratch, uint8_t, w.block * g.width);
	if (!w.saved || !w.choices)
		return ENOMEM;
	save_rows(&g, &w);
	walk_back(&g, &w);
	*n_steps = w.room - w.at;
	memmove(steps, steps + w.at, *n_steps * sizeof(*steps));
	return 0;
}
