#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "trial/perf/pairs.h"

static const char *finding_name(enum cw_pair_finding f)
{
	static const char *const names[] = {[CW_PAIR_NONE] = "no difference shown",
		[CW_PAIR_BETTER] = "B better",
		[CW_PAIR_WORSE] = "B worse",
		[CW_PAIR_CANNOT] = "cannot be shown with this n",
		[CW_PAIR_EMPTY] = "not measured"};

	return names[f];
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *result_json(const struct cw_pair_result *x)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:s}", "metric",
		x->of->name, "unit", x->of->unit, "test", x->of->binary ? "McNemar exact" : "sign flip", "pairs",
		(json_int_t)x->n, "a", number(x->mean_a), "b", number(x->mean_b), "difference", number(x->diff.value),
		"difference_low", number(x->diff.lo), "difference_high", number(x->diff.hi), "p", number(x->p),
		"p_holm", number(x->p_holm), "smallest_possible_p", number(x->least_p), "detectable_difference",
		number(x->mde), "pairs_needed", (json_int_t)x->need, "finding", finding_name(x->finding));

	if (o && x->of->binary) {
		(void)json_object_set_new(o, "only_a", json_integer((json_int_t)x->only_a)); /* then it is missing */
		(void)json_object_set_new(o, "only_b", json_integer((json_int_t)x->only_b));
	} else if (o) {
		(void)json_object_set_new(o, "effect_dz", number(x->effect));
		(void)json_object_set_new(o, "cliff_delta", number(x->cliff));
	}
	return o;
}

json_t *cw_pairs_json(const struct cw_pair_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->n; i++) {
		if (json_array_append_new(list, result_json(&r->results[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:I, s:o, s:s}", "a", r->set->name_a, "b", r->set->name_b,
		"pairs", (json_int_t)r->set->n, "clusters", (json_int_t)r->set->n_clusters, "alpha", CW_PAIRS_ALPHA,
		"power", 0.8, "seed", (json_int_t)r->set->seed, "metrics", list, "verdict", r->verdict);
}

static void cell(struct cw_buf *b, int decimals, double v)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.*f", decimals, v); /* fits */
	cw_buf_puts(b, isfinite(v) ? text : "-");
}

static int decimals_of(const struct cw_pair_result *x)
{
	double size = fmax(fabs(x->mean_a), fabs(x->mean_b));

	return size >= 100 ? 1 : size >= 1 ? 3 : 4;
}

static void padded(struct cw_buf *b, const struct cw_buf *text, size_t width)
{
	for (size_t i = text->len; i < width; i++)
		cw_buf_putc(b, ' ');
	cw_buf_put(b, text->p ? text->p : "", text->len);
}

static void column(struct cw_buf *b, int decimals, double v, size_t width)
{
	CW_BUF_SCOPED struct cw_buf t = CW_BUF(64);

	cell(&t, decimals, v);
	padded(b, &t, width);
}

static void p_column(struct cw_buf *b, double p)
{
	if (p < 0.0001)
		cw_buf_puts(b, "   <.0001");
	else
		column(b, 4, p, 9);
}

static void row(struct cw_buf *b, const struct cw_pair_result *x)
{
	int f = decimals_of(x);
	CW_BUF_SCOPED struct cw_buf range = CW_BUF(100);

	cw_buf_fmt(b, "%-22s %4s %5zu", x->of->name, x->of->unit, x->n);
	column(b, f, x->mean_a, 11);
	column(b, f, x->mean_b, 11);
	column(b, f, x->diff.value, 11);
	cell(&range, f, x->diff.lo);
	cw_buf_puts(&range, " .. ");
	cell(&range, f, x->diff.hi);
	padded(b, &range, 22);
	p_column(b, x->p);
	p_column(b, x->p_holm);
	column(b, f, x->mde, 11);
	if (x->need)
		cw_buf_fmt(b, " %7zu", x->need);
	else
		cw_buf_puts(b, "       -");
	cw_buf_fmt(b, "  %s", finding_name(x->finding));
	if (x->of->binary && x->n)
		cw_buf_fmt(b, " (only A %zu, only B %zu)", x->only_a, x->only_b);
	else if (isfinite(x->cliff))
		cw_buf_fmt(b, " (Cliff's delta %+.2f)", x->cliff);
	cw_buf_putc(b, '\n');
}

void cw_pairs_text(struct cw_buf *b, const struct cw_pair_report *r)
{
	cw_buf_fmt(b, "A  %s\nB  %s\n%zu pairs of %zu tests\n\n", r->set->name_a, r->set->name_b, r->set->n,
		r->set->n_clusters);
	cw_buf_fmt(b, "%-22s %4s %5s%11s%11s%11s%22s%9s%9s%11s %7s\n", "", "", "pairs", "A", "B", "B - A",
		"95 % by tests", "p", "p Holm", "detectable", "need");
	for (size_t i = 0; i < r->n; i++)
		row(b, &r->results[i]);
	cw_buf_fmt(b, "\n%s\n", r->verdict);
	cw_buf_puts(b,
		"detectable: difference seen four times in five with these pairs; need: pairs that would show the difference seen\n");
}

void cw_pairs_markdown(struct cw_buf *b, const struct cw_pair_report *r)
{
	cw_buf_fmt(b, "### %s against %s\n\n%s\n\n", r->set->name_b, r->set->name_a, r->verdict);
	cw_buf_puts(b, "| metric | pairs | A | B | B - A | 95 % | p (Holm) | detectable | finding |\n"
		       "| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- |\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct cw_pair_result *x = &r->results[i];
		int f = decimals_of(x);

		cw_buf_fmt(b, "| %s, %s | %zu | ", x->of->name, x->of->unit, x->n);
		cell(b, f, x->mean_a);
		cw_buf_puts(b, " | ");
		cell(b, f, x->mean_b);
		cw_buf_puts(b, " | ");
		cell(b, f, x->diff.value);
		cw_buf_puts(b, " | ");
		cell(b, f, x->diff.lo);
		cw_buf_puts(b, " .. ");
		cell(b, f, x->diff.hi);
		cw_buf_puts(b, " | ");
		cell(b, 4, x->p_holm);
		cw_buf_puts(b, " | ");
		cell(b, f, x->mde);
		cw_buf_fmt(b, " | %s |\n", finding_name(x->finding));
	}
	cw_buf_fmt(b, "\n%zu pairs of %zu tests; intervals by tests, Holm over %zu metrics, alpha %.2f.\n", r->set->n,
		r->set->n_clusters, r->n, CW_PAIRS_ALPHA);
}
