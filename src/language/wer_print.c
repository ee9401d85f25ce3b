#include "base/words.h"
#include "language/wer.h"

static uint32_t upper(uint32_t c)
{
	/* the capital of a small letter is the one whose small form it is: near it in every script we fold */
	static const uint32_t steps[] = {32, 1, 80, 48, 37, 38, 63, 64};

	for (size_t i = 0; i < CW_COUNT(steps); i++)
		if (c > steps[i] && cw_char_lower(c - steps[i]) == c)
			return c - steps[i];
	return c;
}

static size_t width_of(struct cw_str token)
{
	size_t width = 0;

	for (size_t i = 0, n; i < token.len; i += n, width++)
		(void)cw_char_next((struct cw_str){token.p + i, token.len - i}, &n); /* wanted for its length */
	return width;
}

/* A blank as a token (character alignments) would not be seen. */
static void put_token(struct cw_buf *out, struct cw_str token, bool capitals)
{
	if (token.len == 1 && token.p[0] == ' ') {
		cw_buf_putc(out, '_');
		return;
	}
	for (size_t i = 0, n; i < token.len; i += n) {
		uint32_t c = cw_char_next((struct cw_str){token.p + i, token.len - i}, &n);
		char bytes[4];

		cw_buf_put(out, bytes, cw_char_put(capitals ? upper(c) : c, bytes));
	}
}

static void put_many(struct cw_buf *out, char c, size_t n)
{
	while (n--)
		cw_buf_putc(out, c);
}

static size_t step_width(const struct cw_wer *w, const struct cw_wer_step *s)
{
	size_t r = s->op == CW_WER_INS ? 0 : width_of(w->ref[s->ref]);
	size_t h = s->op == CW_WER_DEL ? 0 : width_of(w->hyp[s->hyp]);

	return r > h ? r : h;
}

/* One side of steps @from … @to-1; @missing is the operation which has nothing on this side. */
static void put_side(const struct cw_wer *w, size_t from, size_t to, enum cw_wer_op missing, struct cw_buf *out)
{
	for (size_t i = from; i < to; i++) {
		const struct cw_wer_step *s = &w->steps[i];
		size_t width = step_width(w, s);

		if (s->op == missing) {
			put_many(out, '*', width);
		} else {
			struct cw_str token = missing == CW_WER_INS ? w->ref[s->ref] : w->hyp[s->hyp];

			put_token(out, token, s->op != CW_WER_HIT);
			put_many(out, ' ', width - width_of(token));
		}
		cw_buf_putc(out, ' ');
	}
	cw_buf_putc(out, '\n');
}

static void put_eval(const struct cw_wer *w, size_t from, size_t to, struct cw_buf *out)
{
	for (size_t i = from; i < to; i++) {
		cw_buf_putc(out, " SDI"[w->steps[i].op]);
		put_many(out, ' ', step_width(w, &w->steps[i]));
	}
	cw_buf_putc(out, '\n');
}

void cw_wer_print(const struct cw_wer *w, size_t columns, struct cw_buf *out)
{
	size_t from = 0;

	do {
		size_t to = from, used = 6;

		while (to < w->n_steps &&
			(to == from || !columns || used + step_width(w, &w->steps[to]) + 1 <= columns))
			used += step_width(w, &w->steps[to++]) + 1;
		cw_buf_puts(out, "REF:  ");
		put_side(w, from, to, CW_WER_INS, out);
		cw_buf_puts(out, "HYP:  ");
		put_side(w, from, to, CW_WER_DEL, out);
		cw_buf_puts(out, "Eval: ");
		put_eval(w, from, to, out);
		from = to;
		if (from < w->n_steps)
			cw_buf_putc(out, '\n');
	} while (from < w->n_steps);
}
