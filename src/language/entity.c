#include "language/entity.h"

#include <errno.h>

#include "base/mem.h"
#include "base/norm.h"
#include "language/address.h"
#include "language/entity_int.h"

#define TEXT_MAX (1u << 20)

static const char *const kind_names[CW_ENTITY_KINDS] = {
	"phone", "date", "time", "money", "number", "name", "address", "email"};

const char *cw_entity_kind_name(enum cw_entity_kind k)
{
	return kind_names[k];
}

bool cw_entity_kind_parse(struct cw_str name, enum cw_entity_kind *ret)
{
	for (unsigned k = 0; k < CW_ENTITY_KINDS; k++) {
		if (cw_str_eq_fold(name, kind_names[k]) || (k == CW_ENTITY_EMAIL && cw_str_eq_fold(name, "e-mail"))) {
			*ret = (enum cw_entity_kind)k;
			return true;
		}
	}
	return false;
}

/* ---- extraction ---- */

static size_t read_email(struct cw_entity_scan *s)
{
	return cw_fact_email(&s->r.ws, s->r.piece, s->r.at, s->value, sizeof(s->value));
}

static size_t read_address(struct cw_entity_scan *s)
{
	size_t n = cw_fact_address(&s->r.ws, s->r.piece, s->r.at);
	struct cw_address a;

	if (!n || !cw_address_parse(cw_fact_slice(&s->r, s->r.at, s->r.at + n), NULL, &a))
		return 0;
	for (size_t i = 0; i <= strlen(a.text); i++)
		s->value[i] = (char)(a.text[i] >= 'A' && a.text[i] <= 'Z' ? a.text[i] | 32 : a.text[i]);
	return n;
}

/* Only a run that begins with the number: what stands in front is looked at first, and is something else. */
static size_t read_phone(struct cw_entity_scan *s)
{
	struct cw_fact_run run;
	size_t n = cw_fact_digits(&s->r.ws, s->r.at, &run), digits = 0, from, to;

	for (size_t i = 0; i < run.n; i++)
		digits += run.u[i].len;
	if (!n || !cw_fact_find_phone(&run, digits == 7, &from, &to, s->value, sizeof(s->value)) || from)
		return 0;
	return run.u[to - 1].to - s->r.at;
}

static const struct {
	enum cw_entity_kind kind;
	size_t (*read)(struct cw_entity_scan *s);
} readers[] = {
	/* the most specific first */
	{CW_ENTITY_EMAIL, read_email},
	{CW_ENTITY_ADDRESS, read_address},
	{CW_ENTITY_MONEY, cw_entity_money},
	{CW_ENTITY_PHONE, read_phone},
	{CW_ENTITY_DATE, cw_entity_date},
	{CW_ENTITY_TIME, cw_entity_time},
	{CW_ENTITY_NAME, cw_entity_name},
	{CW_ENTITY_NUMBER, cw_entity_number},
};

static int add(struct cw_entities *es, enum cw_entity_kind kind, struct cw_str at, const char *value)
{
	struct cw_entity *more = talloc_realloc(es, es->e, struct cw_entity, es->n + 1);

	if (!more)
		return ENOMEM;
	es->e = more;
	es->e[es->n] = (struct cw_entity){kind, at, talloc_strdup(es, value)};
	return es->e[es->n++].value ? 0 : ENOMEM;
}

static int scan_word(struct cw_entity_scan *s, struct cw_entities *es)
{
	for (size_t k = 0; k < CW_COUNT(readers); k++) {
		size_t n = readers[k].read(s);

		if (!n)
			continue;
		size_t from = s->r.at;

		s->r.at += n;
		return add(es, readers[k].kind, cw_fact_slice(&s->r, from, from + n), s->value);
	}
	s->r.at++;
	return 0;
}

int cw_entity_extract(void *parent, struct cw_str text, const struct cw_date *today, struct cw_entities **ret)
{
	CW_SCOPED struct cw_entities *es = talloc_zero(NULL, struct cw_entities);
	CW_SCOPED struct cw_entity_scan *s = talloc(NULL, struct cw_entity_scan);

	if (text.len > TEXT_MAX)
		return EMSGSIZE;
	if (!es || !s)
		return ENOMEM;
	s->today = today;
	cw_fact_init(&s->r, text);
	while (cw_fact_next(&s->r)) {
		int err = scan_word(s, es);

		if (err)
			return err;
	}
	*ret = talloc_move(parent, &es);
	return 0;
}

char *cw_entity_normal(void *parent, enum cw_entity_kind kind, struct cw_str value, const struct cw_date *today)
{
	/* a bare value lacks the words that make it one in a sentence */
	static const char *const frames[CW_ENTITY_KINDS] = {
		[CW_ENTITY_TIME] = "at", [CW_ENTITY_NAME] = "my name is", [CW_ENTITY_DATE] = "on the"};
	struct cw_entities *es = NULL;
	char *found = NULL;

	for (int framed = 0; framed < 2 && !found && (!framed || frames[kind]); framed++) {
		CW_SCOPED char *text = talloc_asprintf(NULL, "%s %.*s", framed ? frames[kind] : "", CW_STR(value));

		if (!text || cw_entity_extract(NULL, cw_str(text), today, &es))
			return NULL;
		for (size_t i = 0; i < es->n && !found; i++)
			if (es->e[i].kind == kind)
				found = talloc_strdup(parent, es->e[i].value);
		(void)talloc_free(es); /* no destructor */
	}
	return found ? found : cw_norm_match(parent, value);
}

bool cw_entity_has(const struct cw_entities *es, enum cw_entity_kind kind, const char *value)
{
	for (size_t i = 0; i < es->n; i++)
		if (es->e[i].kind == kind && (!value || strcmp(es->e[i].value, value) == 0))
			return true;
	return false;
}

/* ---- comparison ---- */

static bool equal(const struct cw_entity *a, const struct cw_entity *b)
{
	return a->kind == b->kind && strcmp(a->value, b->value) == 0;
}

static const struct cw_entity *take(
	const struct cw_entities *es, bool *taken, const struct cw_entity *like, bool by_value)
{
	for (size_t i = 0; i < es->n; i++) {
		if (taken[i] || es->e[i].kind != like->kind || (by_value && !equal(&es->e[i], like)))
			continue;
		taken[i] = true;
		return &es->e[i];
	}
	return NULL;
}

static void count_pair(const struct cw_entity_pair *p, struct cw_entity_score *score)
{
	if (!p->ref) {
		score->kind[p->hyp->kind].extra++;
		return;
	}

	struct cw_entity_counts *c = &score->kind[p->ref->kind];

	if (!p->hyp)
		c->missing++;
	else if (equal(p->ref, p->hyp))
		c->right++;
	else
		c->wrong++;
}

int cw_entity_compare(void *parent, const struct cw_entities *ref, const struct cw_entities *hyp,
	struct cw_entity_score *score, struct cw_entity_pairs **pairs)
{
	CW_SCOPED struct cw_entity_pairs *ps = talloc_zero(NULL, struct cw_entity_pairs);
	bool *taken = ps ? talloc_zero_array(ps, bool, hyp->n + 1) : NULL;

	if (!taken)
		return ENOMEM;
	ps->p = talloc_zero_array(ps, struct cw_entity_pair, ref->n + hyp->n + 1);
	if (!ps->p)
		return ENOMEM;
	for (size_t i = 0; i < ref->n; i++)
		ps->p[i] = (struct cw_entity_pair){&ref->e[i], take(hyp, taken, &ref->e[i], true)};
	for (size_t i = 0; i < ref->n; i++)
		if (!ps->p[i].hyp)
			ps->p[i].hyp = take(hyp, taken, &ref->e[i], false);
	ps->n = ref->n;
	for (size_t i = 0; i < hyp->n; i++)
		if (!taken[i])
			ps->p[ps->n++] = (struct cw_entity_pair){NULL, &hyp->e[i]};
	for (size_t i = 0; i < ps->n; i++)
		count_pair(&ps->p[i], score);
	if (pairs)
		*pairs = talloc_move(parent, &ps);
	return 0;
}

int cw_entity_score_add(
	struct cw_entity_score *score, struct cw_str ref, struct cw_str hyp, const struct cw_date *today)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_entities *r = NULL, *h = NULL;
	int err = scratch ? cw_entity_extract(scratch, ref, today, &r) : ENOMEM;

	if (!err)
		err = cw_entity_extract(scratch, hyp, today, &h);
	return err ? err : cw_entity_compare(scratch, r, h, score, NULL);
}

struct cw_entity_counts cw_entity_total(const struct cw_entity_score *score)
{
	struct cw_entity_counts c = {0};

	for (unsigned k = 0; k < CW_ENTITY_KINDS; k++) {
		c.right += score->kind[k].right;
		c.wrong += score->kind[k].wrong;
		c.missing += score->kind[k].missing;
		c.extra += score->kind[k].extra;
	}
	return c;
}

double cw_entity_error_rate(const struct cw_entity_counts *c)
{
	size_t ref = c->right + c->wrong + c->missing, errors = c->wrong + c->missing + c->extra;

	return ref ? (double)errors / (double)ref : errors > 0;
}
