#include "language/wer.h"

#include <errno.h>

#include "base/norm.h"
#include "base/words.h"
#include "language/intern.h"
#include "language/wer_int.h"

/* Tokens of one side with their numbers. */
struct side {
	char *text; /* owned; the tokens are slices of it */
	struct cw_str *tokens;
	uint32_t *ids;
	size_t n;
};

static char *form_text(void *parent, struct cw_str text, enum cw_wer_form form)
{
	switch (form) {
	case CW_WER_MATCH:
		return cw_norm_match(parent, text);
	case CW_WER_FOLD:
		return cw_norm_fold(parent, text);
	case CW_WER_RAW:
		break;
	}
	return cw_str_dup(parent, text);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next token of @rest; false at the end. */
static bool next_token(struct cw_str *rest, enum cw_wer_tokens tokens, struct cw_str *ret)
{
	size_t n = 0;

	if (tokens == CW_WER_CHARS) {
		if (!rest->len)
			return false;
		(void)cw_char_next(*rest, &n); /* wanted for its length */
	} else {
		while (rest->len && is_blank(rest->p[0])) {
			rest->p++;
			rest->len--;
		}
		while (n < rest->len && !is_blank(rest->p[n]))
			n++;
		if (!n)
			return false;
	}
	*ret = (struct cw_str){rest->p, n};
	rest->p += n;
	rest->len -= n;
	return true;
}

/* Cut @text into tokens. The empty ends of a text are no characters. */
static int side_init(void *parent, struct cw_str text, const struct cw_wer_conf *conf, struct side *s)
{
	struct cw_str rest, token;

	s->text = form_text(parent, text, conf->form);
	if (!s->text)
		return ENOMEM;
	s->n = 0;
	for (rest = cw_str_trim(cw_str(s->text)); next_token(&rest, conf->tokens, &token);)
		s->n++;
	if (s->n > CW_WER_MAX_TOKENS)
		return EMSGSIZE;
	s->tokens = talloc_array(parent, struct cw_str, s->n + 1);
	s->ids = talloc_array(parent, uint32_t, s->n + 1);
	if (!s->tokens || !s->ids)
		return ENOMEM;

	size_t i = 0;

	for (rest = cw_str_trim(cw_str(s->text)); next_token(&rest, conf->tokens, &token);)
		s->tokens[i++] = token;
	return 0;
}

static int sides_init(void *parent, struct cw_str ref, struct cw_str hyp, const struct cw_wer_conf *conf,
	struct side *r, struct side *h)
{
	struct cw_intern t;
	int err = side_init(parent, ref, conf, r);

	if (!err)
		err = side_init(parent, hyp, conf, h);
	if (!err)
		err = cw_intern_init(&t, parent, r->n + h->n);
	if (err)
		return err;
	for (size_t i = 0; i < r->n; i++)
		r->ids[i] = cw_intern_number(&t, r->tokens[i]);
	for (size_t i = 0; i < h->n; i++)
		h->ids[i] = cw_intern_number(&t, h->tokens[i]);
	return 0;
}

/* What both begin (*head) and end with is taken off under unit costs, as rapidfuzz does; sclite aligns the whole. */
static struct cw_wer_ids middle(const struct side *r, const struct side *h, enum cw_wer_costs costs, size_t *head)
{
	struct cw_wer_ids ids = {r->ids, h->ids, r->n, h->n};

	*head = 0;
	if (costs != CW_WER_UNIT)
		return ids;
	while (ids.n && ids.m && ids.ref[0] == ids.hyp[0]) {
		ids.ref++;
		ids.hyp++;
		ids.n--;
		ids.m--;
		++*head;
	}
	while (ids.n && ids.m && ids.ref[ids.n - 1] == ids.hyp[ids.m - 1]) {
		ids.n--;
		ids.m--;
	}
	return ids;
}

static const struct cw_wer_conf defaults;

static int align(struct cw_wer *w, struct cw_str ref, struct cw_str hyp, const struct cw_wer_conf *conf)
{
	struct side r, h;
	size_t head, n = 0;
	int err = sides_init(w, ref, hyp, conf, &r, &h);

	if (err)
		return err;

	struct cw_wer_ids ids = middle(&r, &h, conf->costs, &head);
	size_t tail = r.n - ids.n - head;
	struct cw_wer_step *s = talloc_array(w, struct cw_wer_step, r.n + h.n + 1);

	if (!s)
		return ENOMEM;
	err = cw_wer_path(&ids, conf->costs, s + head, &n);
	if (err)
		return err;
	for (size_t i = 0; i < head; i++)
		s[i] = (struct cw_wer_step){CW_WER_HIT, (uint32_t)i, (uint32_t)i};
	for (size_t i = head; i < head + n; i++) {
		s[i].ref += (uint32_t)head;
		s[i].hyp += (uint32_t)head;
	}
	for (size_t i = 0; i < tail; i++)
		s[head + n + i] =
			(struct cw_wer_step){CW_WER_HIT, (uint32_t)(head + ids.n + i), (uint32_t)(head + ids.m + i)};
	*w = (struct cw_wer){.ref = r.tokens, .hyp = h.tokens, .n_ref = r.n, .n_hyp = h.n, .steps = s};
	w->n_steps = head + n + tail;
	return 0;
}

int cw_wer_align(
	void *parent, struct cw_str ref, struct cw_str hyp, const struct cw_wer_conf *conf, struct cw_wer **ret)
{
	CW_SCOPED struct cw_wer *w = talloc_zero(NULL, struct cw_wer);
	int err = w ? align(w, ref, hyp, conf ? conf : &defaults) : ENOMEM;

	if (err)
		return err;
	w->counts.ref = w->n_ref;
	w->counts.hyp = w->n_hyp;
	for (size_t i = 0; i < w->n_steps; i++) {
		w->counts.hit += w->steps[i].op == CW_WER_HIT;
		w->counts.sub += w->steps[i].op == CW_WER_SUB;
		w->counts.del += w->steps[i].op == CW_WER_DEL;
		w->counts.ins += w->steps[i].op == CW_WER_INS;
	}
	*ret = talloc_move(parent, &w);
	return 0;
}

int cw_wer_add(struct cw_wer_counts *sum, struct cw_str ref, struct cw_str hyp, const struct cw_wer_conf *conf)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_wer_counts c;
	struct side r, h;
	size_t head;

	if (!scratch)
		return ENOMEM;
	if (!conf)
		conf = &defaults;

	int err = sides_init(scratch, ref, hyp, conf, &r, &h);

	if (err)
		return err;

	struct cw_wer_ids ids = middle(&r, &h, conf->costs, &head);

	err = cw_wer_count(&ids, conf->costs, &c);
	if (err)
		return err;
	sum->ref += r.n;
	sum->hyp += h.n;
	sum->hit += c.hit + (r.n - ids.n);
	sum->sub += c.sub;
	sum->del += c.del;
	sum->ins += c.ins;
	return 0;
}

uint64_t cw_wer_errors(const struct cw_wer_counts *c)
{
	return c->sub + c->del + c->ins;
}

double cw_wer_rate(const struct cw_wer_counts *c)
{
	if (!c->ref)
		return c->hyp ? 1 : 0;
	return (double)cw_wer_errors(c) / (double)c->ref;
}

double cw_wer_mer(const struct cw_wer_counts *c)
{
	uint64_t all = cw_wer_errors(c) + c->hit;

	return all ? (double)cw_wer_errors(c) / (double)all : 0;
}

double cw_wer_wil(const struct cw_wer_counts *c)
{
	if (!c->ref || !c->hyp)
		return c->ref || c->hyp ? 1 : 0;
	return 1 - (double)c->hit / (double)c->ref * ((double)c->hit / (double)c->hyp);
}

const char *cw_wer_op_name(enum cw_wer_op op)
{
	static const char *const names[] = {"hit", "sub", "del", "ins"};

	return names[op];
}
