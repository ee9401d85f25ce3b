/*
 * sphinx.h: PocketSphinx decoders and the models they use, cached for the whole process
 *
 * A model is a dictionary of only the words it needs and a language model or grammar, kept as text by the hash of the hints it
 * was made from. A decoder is an engine loaded with one model; PocketSphinx shares nothing between decoders, so each serves one
 * segment at a time and goes back to the pool. Both caches are bounded, the least recently used goes first.
 * Thread: any; making either takes 10 ms and more, so it is for workers. No talloc memory is touched but below @scratch.
 */
#pragma once
#include <pocketsphinx.h>

#include "base/why.h"
#include "speech/grammar.h"

#define CW_SPHINX_RATE_HZ 16000 /* what decoders take */
#define CW_SPHINX_CEPSTRA 13

enum cw_sphinx_kind {
	CW_SPHINX_FREE,   /* trigrams of the hints over a background of general words: rejects what does not fit */
	CW_SPHINX_STRICT, /* a grammar: nothing but the hints */
	CW_SPHINX_STOCK,  /* the general model of the package */
};

struct cw_sphinx_recipe {
	enum cw_sphinx_kind kind;
	uint64_t hash;                    /* of the hints; 0 = none */
	const struct cw_grammar *grammar; /* NULL = none */
};

struct cw_sphinx_decoder {
	ps_decoder_t *ps;
	enum cw_sphinx_kind kind;
	uint64_t hash;
	bool dirty; /* an utterance was begun and not ended */
};

/* Are the model files there? ENOENT says what to install. */
int cw_sphinx_check(struct cw_why *why);
/* A decoder for @recipe into @ret: an idle one, else a new one. ENOMEM, EIO. @scratch is free for use below. */
int cw_sphinx_take(const struct cw_sphinx_recipe *recipe, void *scratch, struct cw_sphinx_decoder *ret);
/* Give it back; cheap enough for a lane, save when the pool is full. */
void cw_sphinx_give(struct cw_sphinx_decoder *d);
/* Is an idle decoder for this there? */
bool cw_sphinx_ready(enum cw_sphinx_kind kind, uint64_t hash);
/* Free all idle decoders and cached models: at the end of a program, and of tests. */
void cw_sphinx_release(void);

/* The running cepstral mean: carried from segment to segment of a call. */
void cw_sphinx_mean_set(struct cw_sphinx_decoder *d, const float mean[CW_SPHINX_CEPSTRA]);
void cw_sphinx_mean_adapt(struct cw_sphinx_decoder *d); /* to what was heard so far */
void cw_sphinx_mean_get(struct cw_sphinx_decoder *d, float mean[CW_SPHINX_CEPSTRA]);
/* What a telephone line gives on average: to start with. */
extern const float cw_sphinx_mean_line[CW_SPHINX_CEPSTRA];
