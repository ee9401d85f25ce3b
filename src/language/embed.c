#include "language/embed.h"

#include <errno.h>
#include <math.h>

#include "world/world.h"

static const struct cw_embed_ops *const drivers[] = {&cw_embed_lexical, &cw_embed_openai};
static const char *const names[] = {"lexical", "openai", NULL};

const char *const *cw_embed_names(void)
{
	return names;
}

int cw_embed_open(
	void *parent, struct cw_world *w, const struct cw_embed_conf *conf, struct cw_embed **ret, struct cw_why *why)
{
	const char *name = conf && conf->driver ? conf->driver : "lexical";
	static const struct cw_embed_conf none;

	for (size_t i = 0; i < CW_COUNT(drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i]->open(parent, w, conf ? conf : &none, ret, why);
	return cw_why_set(why, ENOENT, "unknown embedding driver '%s'; there are: lexical, openai", name);
}

/* ---- answers of drivers that need no waiting, through the queue of the world ---- */

struct cw_embed_req {
	struct cw_timer soon;
	float *vectors;
	size_t n, dimension;
	cw_embed_done_fn *done;
	void *arg;
	bool *gone; /* set by the destructor while `done` runs */
};

static int req_gone(struct cw_embed_req *r)
{
	cw_timer_stop(&r->soon);
	if (r->gone)
		*r->gone = true;
	return 0;
}

static void deliver(void *arg)
{
	struct cw_embed_req *r = arg;
	struct cw_embed_result result = {.vectors = r->vectors, .n = r->n, .dimension = r->dimension};
	bool gone = false;

	r->gone = &gone;
	r->done(0, &result, NULL, r->arg);
	if (gone)
		return;
	r->gone = NULL;
	(void)talloc_free(r); /* our own destructor never refuses */
}

static int answer_soon(struct cw_embed *e, void *parent, const struct cw_str *texts, size_t n, cw_embed_done_fn *done,
	void *arg, struct cw_embed_req **ret)
{
	CW_SCOPED struct cw_embed_req *r = talloc_zero(NULL, struct cw_embed_req);
	int err;

	if (!r)
		return ENOMEM;
	*r = (struct cw_embed_req){.n = n, .dimension = e->dimension, .done = done, .arg = arg};
	cw_timer_init(&r->soon, e->world);
	r->vectors = talloc_array(r, float, n * e->dimension);
	if (!r->vectors)
		return ENOMEM;
	err = e->ops->now(e, texts, n, r->vectors);
	if (err)
		return err;
	talloc_set_destructor(r, req_gone);
	cw_timer_start(&r->soon, 0, deliver, r);
	*ret = talloc_move(parent, &r);
	return 0;
}

int cw_embed_texts(struct cw_embed *e, void *parent, const struct cw_str *texts, size_t n, cw_embed_done_fn *done,
	void *arg, struct cw_embed_req **ret)
{
	if (!e->world || !n)
		return EINVAL;
	if (e->ops->now)
		return answer_soon(e, parent, texts, n, done, arg, ret);
	return e->ops->embed(e, parent, texts, n, done, arg, ret);
}

int cw_embed_now(const struct cw_embed *e, const struct cw_str *texts, size_t n, float *out)
{
	return e->ops->now ? e->ops->now(e, texts, n, out) : ENOTSUP;
}

static bool is_zero(const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] < 0 || v[i] > 0)
			return false;
	return true;
}

int cw_embed_similarity(const struct cw_embed *e, struct cw_str a, struct cw_str b, double *ret)
{
	const struct cw_str texts[] = {a, b};
	CW_SCOPED float *v = NULL;
	int err;

	if (!e->ops->now)
		return ENOTSUP;
	v = talloc_array(NULL, float, 2 * e->dimension);
	if (!v)
		return ENOMEM;
	err = e->ops->now(e, texts, 2, v);
	if (err)
		return err;
	if (is_zero(v, e->dimension) && is_zero(v + e->dimension, e->dimension))
		*ret = 1;
	else
		*ret = cw_embed_cosine(v, v + e->dimension, e->dimension);
	return 0;
}

double cw_embed_cosine(const float *a, const float *b, size_t dimension)
{
	double dot = 0, aa = 0, bb = 0;

	for (size_t i = 0; i < dimension; i++) {
		dot += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return aa > 0 && bb > 0 ? dot / (sqrt(aa) * sqrt(bb)) : 0;
}
