#include <errno.h>

#include "base/mem.h"
#include "language/intent_int.h"

#define INSNS_MAX 512
#define DEPTH_MAX 8

/*
 * pattern := item*            item := word | '[' alternatives ']' | '(' alternatives ')' | '{' name '}' | '*' | '^' | '$'
 * alternatives := pattern ('|' pattern)*
 */
struct compiler {
	void *parent;
	const char *pattern, *p;
	struct intent_insn *insns;
	size_t n;
	struct cw_why *why;
};

static int compile_sequence(struct compiler *c, unsigned depth);

static int bad(struct compiler *c, const char *what)
{
	return cw_why_set(
		c->why, EINVAL, "pattern '%s', character %zu: %s", c->pattern, (size_t)(c->p - c->pattern) + 1, what);
}

static int emit(struct compiler *c, enum intent_op op, const char *text)
{
	if (c->n == INSNS_MAX)
		return bad(c, "the pattern is too long");
	c->insns[c->n++] = (struct intent_insn){.op = op, .text = text};
	return 0;
}

/* 'a|b|c' up to the closing bracket: SPLIT L1 L2; L1: a; JUMP end; L2: SPLIT … */
static int compile_group(struct compiler *c, char close, unsigned depth)
{
	unsigned jumps[32];
	size_t n_jumps = 0, skip = c->n;
	int err = 0;

	if (depth > DEPTH_MAX)
		return bad(c, "brackets nested too deep");
	if (close == ']')
		err = emit(c, OP_SPLIT, NULL); /* into the group or past it */
	for (;;) {
		size_t split = c->n;

		if (!err)
			err = emit(c, OP_SPLIT, NULL);
		if (!err)
			err = compile_sequence(c, depth + 1);
		if (err)
			return err;
		c->insns[split].a = (unsigned)split + 1;
		if (*c->p != '|') {
			c->insns[split].b = (unsigned)split + 1; /* the last one has no alternative */
			break;
		}
		if (n_jumps == CW_COUNT(jumps))
			return bad(c, "too many alternatives");
		jumps[n_jumps++] = (unsigned)c->n;
		err = emit(c, OP_JUMP, NULL);
		c->insns[split].b = (unsigned)c->n;
		c->p++;
	}
	if (*c->p != close)
		return bad(c, close == ']' ? "expected ']'" : "expected ')'");
	c->p++;
	for (size_t i = 0; i < n_jumps; i++)
		c->insns[jumps[i]].a = (unsigned)c->n;
	if (close == ']') {
		c->insns[skip].a = (unsigned)skip + 1;
		c->insns[skip].b = (unsigned)c->n;
	}
	return 0;
}

static int compile_capture(struct compiler *c)
{
	size_t n = strcspn(c->p + 1, "{} ()[]|");

	if (!n || c->p[1 + n] != '}')
		return bad(c, "expected '{name}'");

	char *name = cw_str_dup(c->parent, (struct cw_str){c->p + 1, n});

	if (!name)
		return ENOMEM;
	c->p += n + 2;
	return emit(c, OP_CAPTURE, name);
}

/* The characters up to the next mark, folded as the text will be: may be several words ("o'clock", "well-known"). */
static int compile_words(struct compiler *c)
{
	size_t n = strcspn(c->p, " \t[](){}|*^$");
	CW_SCOPED struct cw_words *ws = talloc(NULL, struct cw_words);
	int err = 0;

	if (!ws)
		return ENOMEM;
	cw_words_init(ws, (struct cw_str){c->p, n});
	c->p += n;
	for (size_t i = 0; i < ws->n && !err; i++) {
		char *word = cw_str_dup(c->parent, ws->w[i]);

		err = word ? emit(c, OP_WORD, word) : ENOMEM;
	}
	return err;
}

static int compile_sequence(struct compiler *c, unsigned depth)
{
	int err = 0;

	while (!err && *c->p && *c->p != '|' && *c->p != ')' && *c->p != ']') {
		switch (*c->p) {
		case ' ':
		case '\t':
			c->p++;
			break;
		case '[':
		case '(':
			c->p++;
			err = compile_group(c, c->p[-1] == '[' ? ']' : ')', depth);
			break;
		case '{':
			err = compile_capture(c);
			break;
		case '}':
			return bad(c, "'}' without '{'");
		case '*':
		case '^':
		case '$':
			c->p++;
			err = emit(c, c->p[-1] == '*' ? OP_STAR : c->p[-1] == '^' ? OP_BEGIN : OP_END, NULL);
			break;
		default:
			err = compile_words(c);
			break;
		}
	}
	return err;
}

int intent_compile(void *parent, const char *pattern, struct intent_program *ret, struct cw_why *why)
{
	CW_SCOPED struct intent_insn *insns = talloc_zero_array(NULL, struct intent_insn, INSNS_MAX);
	struct compiler c = {.parent = insns, .pattern = pattern, .p = pattern, .insns = insns, .why = why};
	bool has_word = false;

	if (!insns)
		return ENOMEM;

	int err = compile_sequence(&c, 0);

	if (!err && *c.p)
		err = bad(&c, *c.p == '|' ? "'|' outside brackets" : "a closing bracket without its opening one");
	if (!err)
		err = emit(&c, OP_MATCH, NULL);
	if (err)
		return err;
	for (size_t i = 0; i < c.n; i++)
		has_word |= insns[i].op == OP_WORD || insns[i].op == OP_CAPTURE;
	if (!has_word)
		return bad(&c, "a pattern needs at least one word");
	ret->insns =
		talloc_realloc(NULL, insns, struct intent_insn, c.n); /* smaller: the words hang from it and stay */
	if (!ret->insns)
		return ENOMEM;
	insns = NULL;
	ret->insns = talloc_steal(parent, ret->insns);
	ret->n = c.n;
	return 0;
}
