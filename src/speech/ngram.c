#include "speech/ngram.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

#define WORDS_MAX 65000u
#define BEGIN     0u /* <s> */
#define END       1u /* </s> */
#define ID_BITS   20 /* of a key: three ids, the last word lowest */
#define ID_MASK   ((1u << ID_BITS) - 1)

struct count {
	uint64_t key;
	float weight;
	float prob; /* after estimation */
};

struct counts {
	struct count *v;
	size_t n, cap;
};

struct cw_ngram {
	char **words;
	size_t n_words, cap_words;
	uint32_t *slots; /* hash table: id + 1 */
	size_t n_slots;
	struct counts order[3];
};

static uint64_t key2(uint32_t a, uint32_t b)
{
	return (uint64_t)a << ID_BITS | b;
}

static uint32_t hash(struct cw_str w)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < w.len; i++)
		h = (h ^ (unsigned char)w.p[i]) * 16777619u;
	return h;
}

static int grow_table(struct cw_ngram *g)
{
	size_t n = g->n_slots ? 2 * g->n_slots : 1024;
	uint32_t *slots = talloc_zero_array(g, uint32_t, n);

	if (!slots)
		return ENOMEM;
	for (size_t id = 0; id < g->n_words; id++) {
		size_t i = hash(cw_str(g->words[id])) & (n - 1);

		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = (uint32_t)id + 1;
	}
	talloc_free(g->slots);
	g->slots = slots;
	g->n_slots = n;
	return 0;
}

static int add_word(struct cw_ngram *g, struct cw_str word, size_t slot, uint32_t *ret)
{
	if (g->n_words >= WORDS_MAX)
		return E2BIG;
	if (g->n_words == g->cap_words) {
		size_t cap = g->cap_words ? 2 * g->cap_words : 256;
		char **words = talloc_realloc(g, g->words, char *, cap);

		if (!words)
			return ENOMEM;
		g->words = words;
		g->cap_words = cap;
	}
	char *copy = cw_str_dup(g->words, word);

	if (!copy)
		return ENOMEM;
	*ret = (uint32_t)g->n_words;
	g->words[g->n_words++] = copy;
	g->slots[slot] = *ret + 1;
	return 0;
}

static int word_id(struct cw_ngram *g, struct cw_str word, uint32_t *ret)
{
	if (2 * g->n_words >= g->n_slots && grow_table(g))
		return ENOMEM;
	size_t i = hash(word) & (g->n_slots - 1);

	for (; g->slots[i]; i = (i + 1) & (g->n_slots - 1)) {
		if (cw_str_eq(word, g->words[g->slots[i] - 1])) {
			*ret = g->slots[i] - 1;
			return 0;
		}
	}
	return add_word(g, word, i, ret);
}

int cw_ngram_new(void *parent, struct cw_ngram **ret)
{
	struct cw_ngram *g = talloc_zero(parent, struct cw_ngram);
	uint32_t id;

	if (!g)
		return ENOMEM;
	if (word_id(g, cw_str("<s>"), &id) || word_id(g, cw_str("</s>"), &id)) {
		talloc_free(g);
		return ENOMEM;
	}
	*ret = g;
	return 0;
}

static int count(struct cw_ngram *g, unsigned order, uint64_t key, float weight)
{
	struct counts *c = &g->order[order - 1];

	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 1024;
		struct count *v = talloc_realloc(g, c->v, struct count, cap);

		if (!v)
			return ENOMEM;
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = (struct count){.key = key, .weight = weight};
	return 0;
}

/* Count @id behind the two words before it. */
static int count_word(struct cw_ngram *g, uint32_t before[2], uint32_t id, float weight)
{
	int err = count(g, 1, id, weight);

	if (!err)
		err = count(g, 2, key2(before[1], id), weight);
	if (!err && before[0] != UINT32_MAX)
		err = count(g, 3, key2(before[0], before[1]) << ID_BITS | id, weight);
	before[0] = before[1];
	before[1] = id;
	return err;
}

int cw_ngram_add(struct cw_ngram *g, struct cw_str sentence, float weight)
{
	uint32_t before[2] = {UINT32_MAX, BEGIN}, id;
	struct cw_str word;
	int err = 0;

	while (!err && sentence.len && cw_str_split(&sentence, ' ', &word)) {
		if (!word.len)
			continue;
		err = word_id(g, word, &id);
		if (!err)
			err = count_word(g, before, id, weight);
	}
	return err ? err : count_word(g, before, END, weight);
}

size_t cw_ngram_words(const struct cw_ngram *g)
{
	return g->n_words - 2;
}

const char *cw_ngram_word(const struct cw_ngram *g, size_t i)
{
	return g->words[i + 2];
}

/* ---- estimation ---- */

static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct count *)a)->key, y = ((const struct count *)b)->key;

	return x < y ? -1 : x > y;
}

static void merge(struct counts *c)
{
	size_t n = 0;

	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_key);
	for (size_t i = 0; i < c->n; i++) {
		if (n && c->v[n - 1].key == c->v[i].key)
			c->v[n - 1].weight += c->v[i].weight;
		else
			c->v[n++] = c->v[i];
	}
	c->n = n;
}

static const struct count *find(const struct counts *c, uint64_t key)
{
	struct count wanted = {.key = key};

	return c->n ? bsearch(&wanted, c->v, c->n, sizeof(*c->v), by_key) : NULL;
}

/* Followers of one history stand together: from @i up to the result, with their total weight. */
static size_t group(const struct counts *c, size_t i, float *total)
{
	uint64_t history = c->v[i].key >> ID_BITS;

	for (*total = 0; i < c->n && c->v[i].key >> ID_BITS == history; i++)
		*total += c->v[i].weight;
	return i;
}

static void estimate_unigrams(struct cw_ngram *g)
{
	struct counts *c = &g->order[0];
	float total = 0, types = (float)c->n;

	for (size_t i = 0; i < c->n; i++)
		total += c->v[i].weight;
	for (size_t i = 0; i < c->n; i++)
		c->v[i].prob = (c->v[i].weight + 1) / (total + types);
}

static float backoff(const struct counts *c, uint64_t history)
{
	struct count first = {.key = history << ID_BITS};
	size_t lo = 0, hi = c->n;
	float total;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->v[mid].key < first.key)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == c->n || c->v[lo].key >> ID_BITS != history)
		return 1;
	float types = (float)(group(c, lo, &total) - lo);

	return types / (total + types);
}

/* The probability a shorter history gives: the last word of @key behind all but the first of its history. */
static float shorter(const struct cw_ngram *g, unsigned order, uint64_t key)
{
	uint64_t mask = order == 3 ? ((uint64_t)1 << 2 * ID_BITS) - 1 : ID_MASK;
	const struct count *found = find(&g->order[order - 2], key & mask);

	/* a trigram's bigram and a bigram's unigram were counted along with it */
	return found ? found->prob : 0;
}

static void estimate(struct cw_ngram *g, unsigned order)
{
	struct counts *c = &g->order[order - 1];
	float total;

	for (size_t i = 0, end; i < c->n; i = end) {
		end = group(c, i, &total);
		float types = (float)(end - i);

		for (size_t k = i; k < end; k++)
			c->v[k].prob = (c->v[k].weight + types * shorter(g, order, c->v[k].key)) / (total + types);
	}
}

static void write_words(const struct cw_ngram *g, uint64_t key, unsigned order, FILE *out)
{
	for (unsigned i = order; i-- > 0;)
		fprintf(out, "%c%s", i + 1 == order ? '\t' : ' ', g->words[key >> i * ID_BITS & ID_MASK]);
}

static void write_order(const struct cw_ngram *g, unsigned order, FILE *out)
{
	const struct counts *c = &g->order[order - 1];

	fprintf(out, "\n\\%u-grams:\n", order);
	if (order == 1)
		fprintf(out, "-99\t<s>\t%.4f\n", log10((double)backoff(&g->order[1], BEGIN)));
	for (size_t i = 0; i < c->n; i++) {
		fprintf(out, "%.4f", log10((double)c->v[i].prob));
		write_words(g, c->v[i].key, order, out);
		if (order < 3)
			fprintf(out, "\t%.4f", log10((double)backoff(&g->order[order], c->v[i].key)));
		fputc('\n', out);
	}
}

int cw_ngram_write(struct cw_ngram *g, FILE *out)
{
	for (unsigned order = 1; order <= 3; order++)
		merge(&g->order[order - 1]);
	estimate_unigrams(g);
	estimate(g, 2);
	estimate(g, 3);

	fprintf(out, "\\data\\\nngram 1=%zu\nngram 2=%zu\nngram 3=%zu\n", g->order[0].n + 1, g->order[1].n,
		g->order[2].n);
	for (unsigned order = 1; order <= 3; order++)
		write_order(g, order, out);
	fprintf(out, "\n\\end\\\n");
	return ferror(out) ? EIO : 0;
}
