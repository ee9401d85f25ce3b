#include "language/textscore.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "base/words.h"
#include "language/textscore_int.h"

#define BLEU_ORDERS  4
#define BLEU_EPSILON 1e-7 /* stands for a precision of nothing, as promptfoo does it */

/* ---- characters ---- */

static int decode(void *parent, struct cw_str text, uint32_t **chars, size_t *n)
{
	size_t count = 0;

	*chars = talloc_array(parent, uint32_t, text.len + 1);
	if (!*chars)
		return ENOMEM;
	for (size_t i = 0, used; i < text.len; i += used)
		(*chars)[count++] = cw_char_next((struct cw_str){text.p + i, text.len - i}, &used);
	*n = count;
	return 0;
}

/* One row of memory. */
static size_t edits(const uint32_t *a, size_t n, const uint32_t *b, size_t m, size_t *row)
{
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

static int distance(struct cw_str a, struct cw_str b, size_t *ret, size_t *longer)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	uint32_t *x, *y;
	size_t n, m;

	if (a.len > CW_TEXTSCORE_MAX || b.len > CW_TEXTSCORE_MAX)
		return EMSGSIZE;
	if (!scratch || decode(scratch, a, &x, &n) || decode(scratch, b, &y, &m))
		return ENOMEM;

	size_t *row = talloc_array(scratch, size_t, m + 1);

	if (!row)
		return ENOMEM;
	*longer = n > m ? n : m;
	while (n && m && x[0] == y[0]) {
		x++;
		y++;
		n--;
		m--;
	}
	while (n && m && x[n - 1] == y[m - 1]) {
		n--;
		m--;
	}
	*ret = edits(x, n, y, m, row);
	return 0;
}

int cw_levenshtein(struct cw_str a, struct cw_str b, size_t *ret)
{
	size_t longer;

	return distance(a, b, ret, &longer);
}

int cw_text_ratio(struct cw_str a, struct cw_str b, double *ret)
{
	size_t d, longer;
	int err = distance(a, b, &d, &longer);

	if (!err)
		*ret = longer ? 1 - (double)d / (double)longer : 1;
	return err;
}

/* ---- ROUGE ---- */

static struct cw_prf prf(size_t common, size_t ref, size_t hyp)
{
	struct cw_prf r = {0};

	if (!common)
		return r;
	r.precision = (double)common / (double)hyp;
	r.recall = (double)common / (double)ref;
	r.f1 = 2 * r.precision * r.recall / (r.precision + r.recall);
	return r;
}

int cw_rouge_n(struct cw_str ref, struct cw_str hyp, unsigned n, struct cw_prf *ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_score_words w[2];
	size_t common;
	int err;

	if (n < 1 || n > 9)
		return EINVAL;
	err = scratch ? cw_score_words(scratch, &ref, 1, hyp, CW_SCORE_LETTERS, w) : ENOMEM;
	if (!err)
		err = cw_score_common(scratch, &w[1], 1, &w[0], n, &common);
	if (!err)
		*ret = prf(common, cw_score_grams(&w[1], n), cw_score_grams(&w[0], n));
	return err;
}

static size_t longest_common(const struct cw_score_words *a, const struct cw_score_words *b, size_t *row)
{
	for (size_t j = 0; j <= b->n; j++)
		row[j] = 0;
	for (size_t i = 0; i < a->n; i++) {
		size_t corner = 0;

		for (size_t j = 0; j < b->n; j++) {
			size_t above = row[j + 1];

			if (a->id[i] == b->id[j])
				row[j + 1] = corner + 1;
			else if (row[j] > above)
				row[j + 1] = row[j];
			corner = above;
		}
	}
	return row[b->n];
}

int cw_rouge_l(struct cw_str ref, struct cw_str hyp, struct cw_prf *ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_score_words w[2];
	int err = scratch ? cw_score_words(scratch, &ref, 1, hyp, CW_SCORE_LETTERS, w) : ENOMEM;
	size_t *row = err ? NULL : talloc_array(scratch, size_t, w[0].n + 1);

	if (!err && !row)
		err = ENOMEM;
	if (!err)
		*ret = prf(longest_common(&w[1], &w[0], row), w[1].n, w[0].n);
	return err;
}

/* ---- BLEU ---- */

/* Length of the reference nearest to @n, the shorter of two. */
static size_t nearest_length(const struct cw_score_words *refs, size_t n_refs, size_t n)
{
	size_t best = refs[0].n;

	for (size_t i = 1; i < n_refs; i++) {
		size_t d = refs[i].n > n ? refs[i].n - n : n - refs[i].n;
		size_t old = best > n ? best - n : n - best;

		if (d < old || (d == old && refs[i].n < best))
			best = refs[i].n;
	}
	return best;
}

static double precision_of(size_t common, size_t all, unsigned order, enum cw_bleu_smoothing smoothing)
{
	if (smoothing == CW_BLEU_ADD_ONE && order > 1)
		return (double)(common + 1) / (double)(all + 1);
	if (common)
		return (double)common / (double)all;
	return smoothing == CW_BLEU_EPSILON ? BLEU_EPSILON : 0;
}

static int bleu(void *scratch, const struct cw_score_words *w, size_t n_refs, const double *weights,
	enum cw_bleu_smoothing smoothing, double *ret)
{
	double sum = 0;
	bool none = false;

	for (unsigned order = 1; order <= BLEU_ORDERS; order++) {
		size_t common;
		int err = cw_score_common(scratch, w + 1, n_refs, w, order, &common);

		if (err)
			return err;

		double p = precision_of(common, cw_score_grams(w, order), order, smoothing);

		if (p > 0)
			sum += (weights ? weights[order - 1] : 1.0 / BLEU_ORDERS) * log(p);
		else
			none = none || !weights || weights[order - 1] > 0;
	}

	double hyp = (double)w->n, ref = (double)nearest_length(w + 1, n_refs, w->n);

	*ret = none || !w->n ? 0 : exp(sum + (hyp < ref ? 1 - ref / hyp : 0));
	return 0;
}

int cw_bleu(const struct cw_str *refs, size_t n_refs, struct cw_str hyp, const double *weights,
	enum cw_bleu_smoothing smoothing, double *ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_score_words *w = scratch ? talloc_array(scratch, struct cw_score_words, n_refs + 1) : NULL;
	int err;

	if (!n_refs)
		return EINVAL;
	err = w ? cw_score_words(scratch, refs, n_refs, hyp, CW_SCORE_BLANKS, w) : ENOMEM;
	return err ? err : bleu(scratch, w, n_refs, weights, smoothing, ret);
}

/* ---- GLEU ---- */

static int gleu_one(void *scratch, const struct cw_score_words *ref, const struct cw_score_words *hyp, double *ret)
{
	size_t common = 0, all_ref = 0, all_hyp = 0;

	for (unsigned order = 1; order <= 4; order++) {
		size_t c;
		int err = cw_score_common(scratch, ref, 1, hyp, order, &c);

		if (err)
			return err;
		common += c;
		all_ref += cw_score_grams(ref, order);
		all_hyp += cw_score_grams(hyp, order);
	}

	size_t all = all_ref > all_hyp ? all_ref : all_hyp;

	*ret = all ? (double)common / (double)all : 0;
	return 0;
}

/* ---- METEOR ---- */

/* Pair words with equal numbers from the end, as NLTK does; ref[] and hyp[] tell the partner + 1. Gives the pairs made. */
static size_t pair_up(const uint32_t *hyp, size_t n, const uint32_t *ref, size_t m, uint32_t *hyp_at, uint32_t *ref_at)
{
	size_t pairs = 0;

	for (size_t i = n; i-- > 0;) {
		for (size_t j = m; !hyp_at[i] && j-- > 0;) {
			if (ref_at[j] || hyp[i] != ref[j])
				continue;
			hyp_at[i] = (uint32_t)j + 1;
			ref_at[j] = (uint32_t)i + 1;
			pairs++;
		}
	}
	return pairs;
}

/* Runs of pairs which are neighbours on both sides. */
static size_t count_chunks(const uint32_t *hyp_at, size_t n)
{
	size_t chunks = 0;

	for (size_t i = 0; i < n; i++)
		chunks += hyp_at[i] && !(i && hyp_at[i - 1] && hyp_at[i - 1] + 1 == hyp_at[i]);
	return chunks;
}

static int meteor_one(void *scratch, const struct cw_score_words *ref, const struct cw_score_words *hyp, double *ret)
{
	static const double alpha = 0.9, beta = 3, gamma = 0.5;
	uint32_t *hyp_at = talloc_zero_array(scratch, uint32_t, hyp->n + 1);
	uint32_t *ref_at = talloc_zero_array(scratch, uint32_t, ref->n + 1);

	if (!hyp_at || !ref_at)
		return ENOMEM;

	size_t pairs = pair_up(hyp->id, hyp->n, ref->id, ref->n, hyp_at, ref_at);

	pairs += pair_up(hyp->stem, hyp->n, ref->stem, ref->n, hyp_at, ref_at);
	*ret = 0;
	if (pairs) {
		double p = (double)pairs / (double)hyp->n, r = (double)pairs / (double)ref->n;
		double broken = (double)count_chunks(hyp_at, hyp->n) / (double)pairs;

		*ret = p * r / (alpha * p + (1 - alpha) * r) * (1 - gamma * pow(broken, beta));
	}
	return 0;
}

/* The best over all references. */
static int best_of(const struct cw_str *refs, size_t n_refs, struct cw_str hyp,
	int (*one)(void *, const struct cw_score_words *, const struct cw_score_words *, double *), double *ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_score_words *w = scratch ? talloc_array(scratch, struct cw_score_words, n_refs + 1) : NULL;
	double best = 0;
	int err;

	if (!n_refs)
		return EINVAL;
	err = w ? cw_score_words(scratch, refs, n_refs, hyp, CW_SCORE_NO_STOPS, w) : ENOMEM;
	for (size_t i = 1; !err && i <= n_refs; i++) {
		double v = 0;

		err = one(scratch, &w[i], &w[0], &v);
		if (v > best)
			best = v;
	}
	if (!err)
		*ret = best;
	return err;
}

int cw_gleu(const struct cw_str *refs, size_t n_refs, struct cw_str hyp, double *ret)
{
	return best_of(refs, n_refs, hyp, gleu_one, ret);
}

int cw_meteor(const struct cw_str *refs, size_t n_refs, struct cw_str hyp, double *ret)
{
	return best_of(refs, n_refs, hyp, meteor_one, ret);
}

size_t cw_word_count(struct cw_str text)
{
	bool inside = false;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool blank = text.p[i] == ' ' || (text.p[i] >= '\t' && text.p[i] <= '\r');

		n += !blank && !inside;
		inside = !blank;
	}
	return n;
}
