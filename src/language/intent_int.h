/*
 * intent_int.h: shared by intent.c (scores), intent_compile.c (patterns to programs) and intent_match.c (running them); nobody else
 */
#pragma once
#include "base/words.h"
#include "language/intent.h"

enum intent_op {
	OP_WORD,    /* the next word is like text */
	OP_SPLIT,   /* try a, then b */
	OP_JUMP,    /* go to a */
	OP_STAR,    /* up to four words of any kind */
	OP_CAPTURE, /* one to four words, called text */
	OP_BEGIN,   /* only at the first word */
	OP_END,     /* only behind the last */
	OP_MATCH,
};

struct intent_insn {
	enum intent_op op;
	unsigned a, b;
	const char *text;
};

struct intent_program {
	struct intent_insn *insns;
	size_t n;
};

struct intent_match {
	size_t from, to;  /* words */
	double explained; /* content words the pattern accounts for */
	size_t n_captures;
	struct {
		const char *name;
		size_t from, to;
	} captures[CW_INTENT_MAX_CAPTURES];
};

/* EINVAL: not a pattern, @why says what and where. */
int intent_compile(void *parent, const char *pattern, struct intent_program *ret, struct cw_why *why);
/* The match which explains most of the words. */
bool intent_run(const struct intent_program *p, const struct cw_words *ws, struct intent_match *ret);
/* 1 = the same but for endings, 0.8 = one letter off in a long word, 0 = another word. */
double intent_same_word(struct cw_str said, const char *wanted);
/* A word that carries little: it neither counts as explained nor as unexplained. */
bool intent_is_filler(const struct cw_words *ws, size_t i);
