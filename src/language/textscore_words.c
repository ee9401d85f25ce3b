#include <errno.h>

#include "base/mem.h"
#include "base/words.h"
#include "language/intern.h"
#include "language/textscore_int.h"

#define STEM_MAX 64 /* longer words are not stemmed */

/* n-grams of a text in order, as places where they begin. */
struct grams {
	const uint32_t *id;
	uint32_t *at;
	size_t count;
	unsigned n;
};

static char *lower_case(void *parent, struct cw_str text)
{
	/* folding never makes a character longer but for a few, which take one byte more */
	char *out = talloc_array(parent, char, text.len * 2 + 4);
	size_t len = 0;

	for (size_t i = 0, n; out && i < text.len; i += n)
		len += cw_char_put(
			cw_char_lower(cw_char_next((struct cw_str){text.p + i, text.len - i}, &n)), out + len);
	if (out)
		out[len] = 0;
	return out;
}

static bool belongs(struct cw_str rest, enum cw_score_cut cut, size_t *n)
{
	uint32_t c = cw_char_next(rest, n);

	return cut == CW_SCORE_LETTERS ? cw_char_is_word(c) : !(c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0);
}

static bool next_word(struct cw_str *rest, enum cw_score_cut cut, struct cw_str *word)
{
	size_t n = 0, from = 0;

	while (from < rest->len && !belongs((struct cw_str){rest->p + from, rest->len - from}, cut, &n))
		from += n;

	size_t to = from;

	while (to < rest->len && belongs((struct cw_str){rest->p + to, rest->len - to}, cut, &n))
		to += n;
	*word = (struct cw_str){rest->p + from, to - from};
	rest->p += to;
	rest->len -= to;
	if (cut == CW_SCORE_NO_STOPS)
		while (word->len > 1 && word->p[word->len - 1] == '.')
			word->len--;
	return word->len > 0;
}

/* A new slice with the stem, or the word itself. */
static int stem_of(void *parent, struct cw_str word, struct cw_str *ret)
{
	if (word.len > STEM_MAX) {
		*ret = word;
		return 0;
	}

	char *copy = cw_str_dup(parent, word);

	if (!copy)
		return ENOMEM;
	*ret = (struct cw_str){copy, cw_stem(copy, word.len)};
	return 0;
}

static int read_words(void *parent, struct cw_str text, enum cw_score_cut cut, struct cw_intern *ids,
	struct cw_intern *stems, struct cw_score_words *w)
{
	char *folded = lower_case(parent, text);
	struct cw_str rest = cw_str(folded), word, stem;

	/* a word takes at least two bytes with its blank */
	w->id = talloc_array(parent, uint32_t, text.len / 2 + 2);
	w->stem = talloc_array(parent, uint32_t, text.len / 2 + 2);
	w->n = 0;
	if (!folded || !w->id || !w->stem)
		return ENOMEM;
	while (next_word(&rest, cut, &word)) {
		w->id[w->n] = cw_intern_number(ids, word);
		if (cut == CW_SCORE_NO_STOPS) {
			int err = stem_of(parent, word, &stem);

			if (err)
				return err;
			w->stem[w->n] = cw_intern_number(stems, stem);
		}
		w->n++;
	}
	return 0;
}

int cw_score_words(void *parent, const struct cw_str *refs, size_t n_refs, struct cw_str hyp, enum cw_score_cut cut,
	struct cw_score_words *w)
{
	struct cw_intern ids, stems;
	size_t bytes = hyp.len;

	if (hyp.len > CW_TEXTSCORE_MAX)
		return EMSGSIZE;
	for (size_t i = 0; i < n_refs; i++) {
		if (refs[i].len > CW_TEXTSCORE_MAX)
			return EMSGSIZE;
		bytes += refs[i].len;
	}

	size_t words = bytes / 2 + n_refs + 2;
	int err = cw_intern_init(&ids, parent, words);

	if (!err)
		err = cw_intern_init(&stems, parent, cut == CW_SCORE_NO_STOPS ? words : 0);
	if (!err)
		err = read_words(parent, hyp, cut, &ids, &stems, &w[0]);
	for (size_t i = 0; !err && i < n_refs; i++)
		err = read_words(parent, refs[i], cut, &ids, &stems, &w[i + 1]);
	return err;
}

size_t cw_score_grams(const struct cw_score_words *w, unsigned n)
{
	return w->n < n ? 0 : w->n - n + 1;
}

static int compare_ids(const uint32_t *a, const uint32_t *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int compare_places(const void *a, const void *b, void *arg)
{
	const struct grams *g = arg;

	return compare_ids(g->id + *(const uint32_t *)a, g->id + *(const uint32_t *)b, g->n);
}

static int grams_init(struct grams *g, void *parent, const struct cw_score_words *w, unsigned n)
{
	*g = (struct grams){.id = w->id, .count = cw_score_grams(w, n), .n = n};
	g->at = talloc_array(parent, uint32_t, g->count + 1);
	if (!g->at)
		return ENOMEM;
	for (size_t i = 0; i < g->count; i++)
		g->at[i] = (uint32_t)i;
	qsort_r(g->at, g->count, sizeof(*g->at), compare_places, g);
	return 0;
}

/* How often stands the n-gram @key in @g? *@from moves up: keys come in order. */
static size_t count_of(const struct grams *g, const uint32_t *key, size_t *from)
{
	size_t i = *from, first;

	while (i < g->count && compare_ids(g->id + g->at[i], key, g->n) < 0)
		i++;
	for (first = i; i < g->count && compare_ids(g->id + g->at[i], key, g->n) == 0;)
		i++;
	*from = i;
	return i - first;
}

int cw_score_common(void *scratch, const struct cw_score_words *refs, size_t n_refs, const struct cw_score_words *hyp,
	unsigned n, size_t *ret)
{
	CW_SCOPED void *mine = talloc_new(scratch);
	struct grams h, *r = mine ? talloc_array(mine, struct grams, n_refs) : NULL;
	size_t *from = r ? talloc_zero_array(mine, size_t, n_refs) : NULL;
	size_t common = 0;

	if (!from || grams_init(&h, mine, hyp, n))
		return ENOMEM;
	for (size_t i = 0; i < n_refs; i++)
		if (grams_init(&r[i], mine, &refs[i], n))
			return ENOMEM;
	for (size_t i = 0; i < h.count;) {
		const uint32_t *key = h.id + h.at[i];
		size_t mine_count = count_of(&h, key, &i), most = 0;

		for (size_t k = 0; k < n_refs; k++) {
			size_t c = count_of(&r[k], key, &from[k]);

			if (c > most)
				most = c;
		}
		common += mine_count < most ? mine_count : most;
	}
	*ret = common;
	return 0;
}
