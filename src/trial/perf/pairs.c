#include "trial/perf/pairs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"
#include "base/stat_boot.h"
#include "base/stat_effect.h"
#include "base/stat_test.h"

int cw_pair_set_new(void *parent, size_t n, struct cw_pair_set **ret)
{
	CW_SCOPED struct cw_pair_set *s = talloc_zero(NULL, struct cw_pair_set);

	if (!s)
		return ENOMEM;
	s->cluster = talloc_zero_array(s, size_t, n + 1);
	if (!s->cluster)
		return ENOMEM;
	s->n = n;
	s->name_a = "A";
	s->name_b = "B";
	s->seed = 1;
	*ret = talloc_move(parent, &s);
	return 0;
}

struct cw_pair_metric *cw_pair_set_metric(
	struct cw_pair_set *s, const char *name, const char *unit, bool binary, bool more_is_better)
{
	struct cw_pair_metric *m = &s->metrics[s->n_metrics];

	if (s->n_metrics == CW_PAIRS_METRICS_MAX)
		return NULL;
	*m = (struct cw_pair_metric){.name = name, .unit = unit, .binary = binary, .more_is_better = more_is_better};
	m->a = talloc_array(s, double, s->n + 1);
	m->b = talloc_array(s, double, s->n + 1);
	if (!m->a || !m->b)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		m->a[i] = m->b[i] = NAN;
	s->n_metrics++;
	return m;
}

/* ---- one metric ---- */

struct known { /* of the pairs whose both sides are known */
	double *a, *b, *diff;
	size_t *cluster, n, n_clusters;
};

static int gather(void *scope, const struct cw_pair_set *s, const struct cw_pair_metric *m, struct known *k)
{
	size_t *number = talloc_array(scope, size_t, s->n + 1); /* clusters without a known pair are not drawn */

	k->a = talloc_array(scope, double, s->n + 1);
	k->b = talloc_array(scope, double, s->n + 1);
	k->diff = talloc_array(scope, double, s->n + 1);
	k->cluster = talloc_array(scope, size_t, s->n + 1);
	if (!number || !k->a || !k->b || !k->diff || !k->cluster)
		return ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		number[i] = SIZE_MAX;
	k->n = k->n_clusters = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (isnan(m->a[i]) || isnan(m->b[i]))
			continue;
		CW_ASSERT(s->cluster[i] < s->n);
		if (number[s->cluster[i]] == SIZE_MAX)
			number[s->cluster[i]] = k->n_clusters++;
		k->cluster[k->n] = number[s->cluster[i]];
		k->a[k->n] = m->a[i];
		k->b[k->n] = m->b[i];
		k->diff[k->n] = m->b[i] - m->a[i];
		k->n++;
	}
	return 0;
}

static void test_binary(const struct known *k, struct cw_pair_result *r)
{
	for (size_t i = 0; i < k->n; i++) {
		r->only_a += k->diff[i] < 0;
		r->only_b += k->diff[i] > 0;
	}

	double discordant = (double)(r->only_a + r->only_b) / (double)k->n;

	r->p = cw_stat_mcnemar(r->only_a, r->only_b);
	r->least_p = cw_stat_mcnemar_min_p(k->n);
	r->mde = cw_stat_mde_paired_rate(discordant, k->n, NULL);
	r->need = cw_stat_need_paired_rate(discordant, r->mean_b - r->mean_a, NULL);
}

static void test_quantity(const struct cw_pair_set *s, const struct known *k, struct cw_pair_result *r)
{
	double sd = cw_stat_stddev(k->diff, k->n);

	r->p = cw_stat_sign_flip(k->diff, k->n, CW_PAIRS_FLIPS, s->seed).p;
	r->least_p = cw_stat_sign_flip_min_p(k->n, CW_PAIRS_FLIPS);
	r->effect = cw_stat_cohen_dz(k->diff, k->n);
	r->cliff = cw_stat_cliff_delta(k->b, k->n, k->a, k->n);
	r->mde = cw_stat_mde_mean(sd, k->n, NULL);
	r->need = cw_stat_need_mean(sd, r->mean_b - r->mean_a, NULL);
}

static int compare_one(const struct cw_pair_set *s, const struct cw_pair_metric *m, struct cw_pair_result *r)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	const struct cw_boot_conf bc = {.kind = CW_BOOT_PERCENTILE, .seed = s->seed};
	struct known k;
	int err = scope ? gather(scope, s, m, &k) : ENOMEM;

	*r = (struct cw_pair_result){.of = m,
		.mean_a = NAN,
		.mean_b = NAN,
		.diff = {.value = NAN, .lo = NAN, .hi = NAN},
		.p = NAN,
		.p_holm = NAN,
		.least_p = NAN,
		.effect = NAN,
		.cliff = NAN,
		.mde = NAN};
	if (err || !k.n)
		return err;
	r->n = k.n;
	r->mean_a = cw_stat_mean(k.a, k.n);
	r->mean_b = cw_stat_mean(k.b, k.n);
	if (m->binary)
		test_binary(&k, r);
	else
		test_quantity(s, &k, r);
	r->p_holm = r->p;
	return cw_stat_boot_cluster_mean(k.diff, k.cluster, k.n, k.n_clusters, &bc, &r->diff);
}

/* ---- all of them ---- */

static int adjust(struct cw_pair_report *r)
{
	double p[CW_PAIRS_METRICS_MAX];
	size_t tested = 0;

	for (size_t i = 0; i < r->n; i++) {
		p[i] = r->results[i].p;
		tested += !isnan(p[i]);
	}

	int err = cw_stat_holm(p, r->n);

	for (size_t i = 0; !err && i < r->n; i++) {
		struct cw_pair_result *x = &r->results[i];
		bool up = x->mean_b > x->mean_a;

		x->p_holm = p[i];
		if (!x->n)
			x->finding = CW_PAIR_EMPTY;
		else if (p[i] < CW_PAIRS_ALPHA)
			x->finding = up == x->of->more_is_better ? CW_PAIR_BETTER : CW_PAIR_WORSE;
		else /* even if every pair had gone one way, and this were the smallest p of all */
			x->finding = x->least_p * (double)tested >= CW_PAIRS_ALPHA ? CW_PAIR_CANNOT : CW_PAIR_NONE;
	}
	return err;
}

static void say(struct cw_buf *b, const struct cw_pair_report *r, enum cw_pair_finding f, const char *word)
{
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct cw_pair_result *x = &r->results[i];

		if (x->finding != f)
			continue;
		cw_buf_fmt(b, "%s%s", any ? ", " : word, x->of->name);
		any = true;
	}
	if (any)
		cw_buf_puts(b, ". ");
}

/* The first metric decides who is better; the others are told beside it. */
static int conclude(struct cw_pair_report *r)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(sizeof(r->verdict) - 1);
	size_t better = 0, worse = 0, n = 0;

	for (size_t i = 0; i < r->n; i++) {
		better += r->results[i].finding == CW_PAIR_BETTER;
		worse += r->results[i].finding == CW_PAIR_WORSE;
		n = r->results[i].n > n ? r->results[i].n : n;
	}
	if (!n)
		cw_buf_puts(&b, "Nothing can be said: no pair was measured with both. ");
	else if (better && worse)
		cw_buf_puts(&b, "B is better in some things and worse in others. ");
	else if (better || worse)
		cw_buf_fmt(&b, "B is %s than A. ", better ? "better" : "worse");
	else
		cw_buf_fmt(&b, "No difference shown with n = %zu pairs. ", n);
	say(&b, r, CW_PAIR_BETTER, "Better: ");
	say(&b, r, CW_PAIR_WORSE, "Worse: ");
	say(&b, r, CW_PAIR_CANNOT, "Cannot reach significance with this n, whatever the outcome: ");
	(void)snprintf(r->verdict, sizeof(r->verdict), "%.*s", CW_STR(cw_str_trim(cw_buf_str(&b)))); /* fits */
	return cw_buf_err(&b);
}

int cw_pairs_compare(const struct cw_pair_set *s, struct cw_pair_report *ret)
{
	struct cw_pair_report *r = ret;
	int err = 0;

	*r = (struct cw_pair_report){.set = s, .n = s->n_metrics};
	for (size_t i = 0; !err && i < s->n_metrics; i++)
		err = compare_one(s, &s->metrics[i], &r->results[i]);
	if (!err)
		err = adjust(r);
	return err ? err : conclude(r);
}
