#include <string.h>

#include "base/mem.h"
#include "caller/rails_int.h"

const struct cw_fact *cw_rails_fact(const struct cw_rails *r, const char *key, uint32_t *bit)
{
	for (size_t i = 0; i < r->goal->n_facts; i++) {
		if (!strcmp(r->goal->facts[i].key, key)) {
			*bit = UINT32_C(1) << i;
			return &r->goal->facts[i];
		}
	}
	return NULL;
}

static void fill(struct cw_buf *b, struct cw_str form, struct cw_str value)
{
	static const char slot[] = "{value}";
	const char *at = form.len ? memmem(form.p, form.len, slot, sizeof(slot) - 1) : NULL;

	if (!at) {
		cw_buf_put(b, form.p, form.len);
		return;
	}

	struct cw_str tail = {at + sizeof(slot) - 1, form.len - (size_t)(at - form.p) - (sizeof(slot) - 1)};
	bool stops = value.len && strchr(".!?", value.p[value.len - 1]);

	cw_buf_put(b, form.p, (size_t)(at - form.p));
	cw_buf_put(b, value.p, value.len);
	if (stops && tail.len && tail.p[0] == '.')
		tail = (struct cw_str){tail.p + 1, tail.len - 1};
	cw_buf_put(b, tail.p, tail.len);
}

bool cw_rails_terse(const struct cw_rails *r)
{
	return r->persona && r->persona->verbosity == CW_VERBOSITY_TERSE;
}

bool cw_rails_chatty(const struct cw_rails *r)
{
	return r->persona && r->persona->verbosity == CW_VERBOSITY_CHATTY;
}

static void say_fact(struct cw_rails *r, struct cw_buf *b, const struct cw_fact *f, enum cw_move_kind kind)
{
	struct cw_str value = cw_str(f->value);

	if (b->len)
		cw_buf_putc(b, ' ');
	if (kind == CW_MOVE_TELL && f->say)
		fill(b, cw_str(f->say), value);
	else if (kind == CW_MOVE_TELL && cw_rails_terse(r))
		fill(b, cw_str("{value}."), value);
	else
		fill(b, cw_move_template(kind, f->key, r->tongue, &r->rng), value);
}

/* "M A R I A, L O P E Z" */
static void spell(struct cw_buf *b, const char *value)
{
	bool first = true;

	for (const char *p = value; *p; p++) {
		if (*p == ' ') {
			cw_buf_puts(b, ", ");
			first = true;
			continue;
		}
		if (!first && ((unsigned char)*p & 0xc0) != 0x80)
			cw_buf_putc(b, ' ');
		cw_buf_putc(b, *p);
		first = false;
	}
}

static void say_facts(struct cw_rails *r, struct cw_buf *b, enum cw_move_kind kind, uint32_t bits)
{
	for (size_t i = 0; i < r->goal->n_facts; i++) {
		const struct cw_fact *f = &r->goal->facts[i];
		CW_BUF_SCOPED struct cw_buf letters = CW_BUF(CW_RAILS_TEXT_MAX);

		if (!(bits & UINT32_C(1) << i))
			continue;
		if (kind != CW_MOVE_SPELL) {
			say_fact(r, b, f, kind);
			continue;
		}
		spell(&letters, f->value);
		fill(b, cw_move_template(CW_MOVE_SPELL, NULL, r->tongue, &r->rng), cw_buf_str(&letters));
	}
}

static struct cw_str opening_words(const struct cw_rails *r)
{
	uint32_t bit;
	const struct cw_fact *issue = cw_rails_fact(r, "issue", &bit);

	if (r->goal->say)
		return cw_str(r->goal->say);
	return issue ? cw_str(issue->value) : cw_str(r->goal->goal ? r->goal->goal : "");
}

void cw_rails_hesitate(struct cw_rails *r, struct cw_buf *b)
{
	size_t blanks = 0, at = 0;

	for (size_t i = 0; i < b->len; i++)
		blanks += b->p[i] == ' ';
	if (!r->persona || !blanks || !cw_rng_chance(&r->rng, r->persona->hesitates))
		return;

	size_t skip = cw_rng_below(&r->rng, (uint32_t)blanks);
	CW_BUF_SCOPED struct cw_buf old = CW_BUF(CW_RAILS_TEXT_MAX);

	cw_buf_put(&old, b->p, b->len);
	if (cw_buf_err(&old))
		return;
	while (old.p[at] != ' ' || skip--)
		at++;
	cw_buf_reset(b);
	cw_buf_put(b, old.p, at);
	cw_buf_fmt(b, " <pause %ums>", 600 + cw_rng_below(&r->rng, 900));
	cw_buf_put(b, old.p + at, old.len - at);
}

void cw_rails_compose(struct cw_rails *r, struct cw_buf *b, enum cw_move_kind kind, uint32_t bits)
{
	struct cw_str form;

	switch (kind) {
	case CW_MOVE_OPEN:
		form = cw_rails_terse(r) ? cw_str("{value}") : cw_move_template(kind, NULL, r->tongue, &r->rng);
		fill(b, form, opening_words(r));
		for (size_t i = 0; i < r->goal->n_facts; i++)
			if (r->goal->facts[i].volunteer && strcmp(r->goal->facts[i].key, "issue") != 0)
				say_fact(r, b, &r->goal->facts[i], CW_MOVE_TELL);
		return;
	case CW_MOVE_TELL:
		if (cw_rails_chatty(r) && cw_rng_chance(&r->rng, 0.5)) {
			form = cw_rails_small_talk(r->tongue, &r->rng);
			cw_buf_put(b, form.p, form.len);
		}
		say_facts(r, b, kind, bits);
		return;
	case CW_MOVE_CORRECT:
	case CW_MOVE_SPELL:
		say_facts(r, b, kind, bits);
		return;
	case CW_MOVE_CHOOSE:
		if (bits) {
			say_facts(r, b, CW_MOVE_TELL, bits);
			return;
		}
		break;
	case CW_MOVE_REPEAT: {
		CW_BUF_SCOPED struct cw_buf again = CW_BUF(CW_RAILS_TEXT_MAX);

		if (bits)
			say_facts(r, &again, CW_MOVE_TELL, bits);
		else
			cw_buf_put(&again, opening_words(r).p, opening_words(r).len);
		fill(b, cw_move_template(kind, NULL, r->tongue, &r->rng), cw_buf_str(&again));
		return;
	}
	default:
		break;
	}
	form = cw_move_template(kind, NULL, r->tongue, &r->rng);
	cw_buf_put(b, form.p, form.len);
}
