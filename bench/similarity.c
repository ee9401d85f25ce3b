/*
 * similarity: how well does the offline embedding driver agree with people? STS-B dev (or train), beside the overlap of words
 *
 * usage: bench_similarity [dev|train] [LANGUAGE …]   reads similarity_stsb in $CW_DATA (default ../shared/data)
 * Prints Spearman and Pearson per language, and what people gave on average where the driver says 0.1, 0.2 …
 */
#include <math.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/words.h"
#include "language/embed.h"
#include "language/intern.h"

#define PAIRS_MAX 6000

struct columns {
	double gold[PAIRS_MAX], lexical[PAIRS_MAX], overlap[PAIRS_MAX];
	size_t n;
};

/* One CSV field; quotes doubled inside quotes. Moves *at. */
static char *field(void *parent, const char **at)
{
	char *out = talloc_array(parent, char, strlen(*at) + 1);
	const char *p = *at;
	size_t n = 0;
	bool quoted = *p == '"';

	for (p += quoted; *p && (quoted || (*p != ',' && *p != '\n')); p++) {
		if (quoted && *p == '"') {
			if (p[1] != '"') {
				p++;
				break;
			}
			p++;
		}
		out[n++] = *p;
	}
	out[n] = 0;
	while (*p == '\r')
		p++;
	*at = *p ? p + 1 : p;
	return out;
}

/* Share of the different words which both have (Jaccard). */
static double overlap(void *scratch, struct cw_str a, struct cw_str b)
{
	struct cw_intern t;
	struct cw_str sides[] = {a, b};
	unsigned char *seen = talloc_zero_array(scratch, unsigned char, a.len + b.len + 2);
	size_t both = 0;

	if (cw_intern_init(&t, scratch, a.len + b.len + 2))
		return 0;
	for (unsigned side = 0; side < 2; side++) {
		struct cw_words *ws = talloc(scratch, struct cw_words);

		cw_words_init(ws, sides[side]);
		for (size_t i = 0; i < ws->n; i++)
			seen[cw_intern_number(&t, ws->w[i])] |= (unsigned char)(1u << side);
	}
	for (size_t i = 0; i < t.n; i++)
		both += seen[i] == 3;
	return t.n ? (double)both / t.n : 1;
}

static double pearson(const double *x, const double *y, size_t n)
{
	double mx = 0, my = 0, xy = 0, xx = 0, yy = 0;

	for (size_t i = 0; i < n; i++) {
		mx += x[i] / (double)n;
		my += y[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		xy += (x[i] - mx) * (y[i] - my);
		xx += (x[i] - mx) * (x[i] - mx);
		yy += (y[i] - my) * (y[i] - my);
	}
	return xy / sqrt(xx * yy);
}

static int by_value(const void *a, const void *b, void *arg)
{
	const double *v = arg;
	double x = v[*(const size_t *)a], y = v[*(const size_t *)b];

	return x < y ? -1 : x > y;
}

static void ranks(double *v, size_t n, double *out)
{
	size_t order[PAIRS_MAX];

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_value, v);
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && v[order[j]] <= v[order[i]]; j++)
			;
		for (size_t k = i; k < j; k++)
			out[order[k]] = (double)(i + j - 1) / 2;
	}
}

static double spearman(double *x, double *y, size_t n)
{
	static double rx[PAIRS_MAX], ry[PAIRS_MAX];

	ranks(x, n, rx);
	ranks(y, n, ry);
	return pearson(rx, ry, n);
}

static int load(const char *path, const struct cw_embed *e, struct columns *c)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(8 << 20);
	int err = cw_file_read(path, 8 << 20, &b, NULL);

	c->n = 0;
	if (err)
		return err;
	for (const char *at = b.p; *at && c->n < PAIRS_MAX; c->n++) {
		CW_SCOPED void *scratch = talloc_new(NULL);
		struct cw_str x = cw_str(field(scratch, &at)), y = cw_str(field(scratch, &at));

		if (cw_str_double(cw_str_trim(cw_str(field(scratch, &at))), &c->gold[c->n])) {
			fprintf(stderr, "%s: pair %zu has no score\n", path, c->n + 1);
			return 1;
		}
		c->overlap[c->n] = overlap(scratch, x, y);
		err = cw_embed_similarity(e, x, y, &c->lexical[c->n]);
		if (err)
			return err;
	}
	return 0;
}

static void print_scale(const struct columns *c)
{
	printf("  what people gave (0-5) at a lexical score of\n");
	for (int step = 0; step < 10; step++) {
		double lo = step / 10.0, sum = 0, high = 0;
		size_t n = 0;

		for (size_t i = 0; i < c->n; i++) {
			if (c->lexical[i] < lo || c->lexical[i] >= lo + 0.1 + (step == 9))
				continue;
			n++;
			sum += c->gold[i];
			high += c->gold[i] >= 4;
		}
		if (n)
			printf("    %.1f-%.1f  n %4zu  mean %.2f  at least 4: %3.0f %%\n", lo, lo + 0.1, n,
				sum / (double)n, 100 * high / (double)n);
	}
}

int main(int argc, char **argv)
{
	static const char *const all[] = {"en", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "ja", "zh"};
	static struct columns c;
	const char *data = getenv("CW_DATA"), *part = argc > 1 ? argv[1] : "dev";
	size_t n = argc > 2 ? (size_t)argc - 2 : CW_COUNT(all);
	struct cw_embed *e = NULL;

	if (cw_embed_open(NULL, NULL, NULL, &e, NULL))
		return 1;
	printf("STS-B %s            word overlap (Jaccard)   lexical\n"
	       "language    pairs   Spearman  Pearson        Spearman  Pearson\n",
		part);
	for (size_t i = 0; i < n; i++) {
		const char *language = argc > 2 ? argv[i + 2] : all[i];
		char path[600];

		(void)snprintf(path, sizeof(path), "%s/similarity_stsb/stsb-%s-%s.csv", data ? data : "../shared/data",
			language, part);
		if (load(path, e, &c)) {
			fprintf(stderr, "%s: cannot be read; set CW_DATA to the folder of shared data\n", path);
			return 3;
		}
		printf("%-8s %8zu   %8.3f  %7.3f        %8.3f  %7.3f\n", language, c.n,
			spearman(c.gold, c.overlap, c.n), pearson(c.gold, c.overlap, c.n),
			spearman(c.gold, c.lexical, c.n), pearson(c.gold, c.lexical, c.n));
		if (i == 0)
			print_scale(&c);
	}
	(void)talloc_free(e);
	return 0;
}
