/*
 * embed.h: meaning as a vector: the drivers behind `similar`
 *
 * A driver is a const table; `lexical` (embed_lexical.c) is offline, others speak to a server. Similarity of two texts is the cosine
 * of their vectors. Scores of different drivers are not comparable: a result says which one decided (ops->name and model).
 *
 * What a score of `lexical` means, measured with bench_similarity on STS-B (English train, 5,675 pairs rated 0 … 5 by people): below 0.3
 * people gave 0.7 on average, at 0.5 … 0.6 2.8, at 0.80 4 ("the same but for details"), above 0.9 4.5. It goes by words in common, their endings
 * forgiven: it sees neither synonyms nor a "not", so two texts that contradict each other can score high. Dev: Spearman
 * 0.75 en, 0.75 de, 0.74 es, 0.76 fr, beside 0.65 … 0.68 of plain word overlap.
 * Thread: an object belongs to one world. Owner: the parent given to cw_embed_open().
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/why.h"

struct cw_world;
struct cw_embed;
struct cw_embed_req;

struct cw_embed_conf {
	const char *driver;   /* "lexical", "openai"; NULL = lexical */
	const char *model;    /* NULL = the driver's default */
	const char *url;      /* NULL = the driver's default */
	const char *key;      /* secret, never printed; NULL where none is wanted */
	const char *ca_file;  /* extra trust anchor (PEM), NULL = none */
	uint64_t deadline_us; /* 0 = 30 s */
};

struct cw_embed_result {
	const float *
		vectors; /* n × dimension, row by row, of length 1 (zero for a text without words); gone after the handler */
	size_t n, dimension;
	uint64_t tokens; /* as billed by the provider, 0 offline */
};
/* Called once. @err: 0; EACCES (key refused), EAGAIN (asked to slow down, after retries), ETIMEDOUT, ECONNREFUSED, EPROTO …; @result is NULL then and @why tells. */
typedef void cw_embed_done_fn(int err, const struct cw_embed_result *result, const struct cw_why *why, void *arg);

struct cw_embed_ops {
	const char *name;
	/* @w may be NULL for a driver which has `now`. EINVAL: configuration (why says what). */
	int (*open)(void *parent, struct cw_world *w, const struct cw_embed_conf *conf, struct cw_embed **ret,
		struct cw_why *why);
	/* Start; MUST be there for a driver that needs the network, NULL where `now` does all. The texts are copied. Freeing *ret cancels. */
	int (*embed)(struct cw_embed *e, void *parent, const struct cw_str *texts, size_t n, cw_embed_done_fn *done,
		void *arg, struct cw_embed_req **ret);
	/* At once and pure: @out has room for n × dimension floats. NULL for drivers that need the network. */
	int (*now)(const struct cw_embed *e, const struct cw_str *texts, size_t n, float *out);
};

struct cw_embed { /* first member of each driver's own struct; filled by its open */
	const struct cw_embed_ops *ops;
	struct cw_world *world;
	const char *model; /* "lexical-1", "text-embedding-3-small" */
	size_t dimension;  /* 0 = not known before the first answer */
};

/* Find the driver by conf->driver and open it. ENOENT (why names those there are). */
int cw_embed_open(
	void *parent, struct cw_world *w, const struct cw_embed_conf *conf, struct cw_embed **ret, struct cw_why *why);
/* Vectors of @n >= 1 texts; works for every driver (one with `now` answers from the world's queue). @done never runs before this
 * returned. talloc_free(*ret) cancels; the handle frees itself once @done returned. EINVAL (no world, no text), ENOMEM. */
int cw_embed_texts(struct cw_embed *e, void *parent, const struct cw_str *texts, size_t n, cw_embed_done_fn *done,
	void *arg, struct cw_embed_req **ret);
/* The same at once; ENOTSUP when the driver needs the network. @out has room for n × dimension floats. */
int cw_embed_now(const struct cw_embed *e, const struct cw_str *texts, size_t n, float *out);
/* Cosine of two texts at once; ENOTSUP, ENOMEM. A text without words is like nothing: 0, but two such texts: 1. */
int cw_embed_similarity(const struct cw_embed *e, struct cw_str a, struct cw_str b, double *ret);

/* Cosine of two vectors; 0 when one of them is zero. */
double cw_embed_cosine(const float *a, const float *b, size_t dimension);
/* Names of all drivers, NULL-terminated. */
const char *const *cw_embed_names(void);

/* Drivers; each in its own file. */
extern const struct cw_embed_ops cw_embed_lexical, cw_embed_openai;
