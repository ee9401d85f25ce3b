#include "trial/report/flaky.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"

struct entry {
	struct cw_flaky_row row;
	char last; /* verdict of the latest run that agreed with itself, 0: none yet */
};

struct cw_flaky {
	struct entry *entries;
	struct cw_flaky_row *ranked;
	size_t n;
};

int cw_flaky_new(void *parent, struct cw_flaky **ret)
{
	struct cw_flaky *f = talloc_zero(parent, struct cw_flaky);

	if (!f)
		return ENOMEM;
	*ret = f;
	return 0;
}

static struct entry *find(struct cw_flaky *f, const struct cw_cell *c, const char *slice)
{
	for (size_t i = 0; i < f->n; i++) {
		struct cw_flaky_row *r = &f->entries[i].row;

		if (!strcmp(r->test, c->test) && !strcmp(r->slice, slice) && !strcmp(r->file, c->file))
			return &f->entries[i];
	}
	return NULL;
}

static struct entry *append(struct cw_flaky *f, const struct cw_cell *c, const char *slice)
{
	struct entry *grown = talloc_realloc(f, f->entries, struct entry, f->n + 1);
	struct entry e = {0};

	if (!grown)
		return NULL;
	f->entries = grown;
	e.row.file = talloc_strdup(f, c->file);
	e.row.test = talloc_strdup(f, c->test);
	e.row.slice = talloc_strdup(f, slice);
	e.row.letters = talloc_strdup(f, "");
	if (!e.row.file || !e.row.test || !e.row.slice || !e.row.letters)
		return NULL;
	grown[f->n] = e;
	return &grown[f->n++];
}

static int add_letters(struct entry *e, const char *letters)
{
	bool pass = false, fail = false;
	size_t len = strlen(e->row.letters);
	char before = len ? e->row.letters[len - 1] : 0;

	for (const char *p = letters; *p; p++) {
		char one[2] = {*p, 0};

		if (*p != 'P' && *p != 'F')
			continue;
		e->row.flips += before && before != *p;
		before = *p;
		pass = pass || *p == 'P';
		fail = fail || *p == 'F';
		e->row.n++;
		e->row.pass += *p == 'P';
		e->row.letters = talloc_strdup_append_buffer(e->row.letters, one);
		if (!e->row.letters)
			return ENOMEM;
	}
	e->row.within = e->row.within || (pass && fail);
	if (pass != fail) {
		char now = pass ? 'P' : 'F';

		e->row.between = e->row.between || (e->last && e->last != now);
		e->last = now;
	}
	e->row.runs += pass || fail;
	return 0;
}

int cw_flaky_add(struct cw_flaky *f, const struct cw_tally *run)
{
	for (size_t i = 0; i < run->n_cells; i++) {
		const struct cw_cell *c = &run->cells[i];
		CW_SCOPED char *slice = cw_cell_slice(NULL, c);
		struct entry *e = slice ? find(f, c, slice) : NULL;

		if (slice && !e)
			e = append(f, c, slice);
		if (!e || add_letters(e, c->verdicts))
			return ENOMEM;
	}
	return 0;
}

static int worst_first(const void *a, const void *b)
{
	const struct cw_flaky_row *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	if (x->flips != y->flips)
		return x->flips > y->flips ? -1 : 1;
	return strcmp(x->test, y->test);
}

const struct cw_flaky_row *cw_flaky_rank(struct cw_flaky *f, size_t *n, size_t *stable)
{
	TALLOC_FREE(f->ranked);
	f->ranked = talloc_array(f, struct cw_flaky_row, f->n + 1);
	*n = 0;
	*stable = 0;
	for (size_t i = 0; f->ranked && i < f->n; i++) {
		struct cw_flaky_row r = f->entries[i].row;
		size_t few = r.pass < r.n - r.pass ? r.pass : r.n - r.pass;

		*stable += r.n && !few;
		if (!few)
			continue;
		r.score = 2 * (double)few / (double)r.n;
		cw_stat_wilson(r.pass, r.n, 1.96, &r.lo, &r.hi);
		f->ranked[(*n)++] = r;
	}
	if (f->ranked && *n)
		qsort(f->ranked, *n, sizeof(*f->ranked), worst_first);
	return f->ranked;
}
