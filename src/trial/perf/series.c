#include "trial/perf/series.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "base/stat.h"

#define ROOM_MAX (16u << 20)

static const double quantiles[] = {0.5, 0.9, 0.95, 0.99};
static const char *const quantile_names[] = {"p50", "p90", "p95", "p99"};

int cw_series_add(void *parent, struct cw_series *s, double v)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		double *more = room <= ROOM_MAX ? talloc_realloc(parent, s->v, double, room) : NULL;

		if (!more)
			return ENOMEM;
		s->v = more;
		s->room = room;
	}
	s->v[s->n++] = v;
	return 0;
}

void cw_series_miss(struct cw_series *s, const char *why)
{
	s->missing++;
	s->missing_why = why;
}

static double extreme(const struct cw_series *s, bool most)
{
	double x = NAN;

	for (size_t i = 0; i < s->n; i++)
		x = most ? fmax(x, s->v[i]) : fmin(x, s->v[i]);
	return x;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *cw_series_json(struct cw_series *s)
{
	json_t *o = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "unit", s->unit, "n", (json_int_t)s->n, "mean",
		number(s->n ? cw_stat_mean(s->v, s->n) : NAN), "std",
		number(s->n > 1 ? cw_stat_stddev(s->v, s->n) : NAN), "min", number(extreme(s, false)), "max",
		number(extreme(s, true)));
	int bad = !o;

	for (size_t i = 0; !bad && i < CW_COUNT(quantiles); i++) {
		double q = NAN;

		(void)cw_stat_quantile(s->v, s->n, quantiles[i], &q); /* not estimable: stays NAN, null */
		bad = json_object_set_new(o, quantile_names[i], number(q));
	}
	if (!bad && s->missing)
		bad = json_object_set_new(
			o, "missing", json_pack("{s:I, s:s}", "n", (json_int_t)s->missing, "reason", s->missing_why));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

void cw_series_head(struct cw_buf *b)
{
	cw_buf_fmt(b, "%-24s %4s %6s %10s %10s %10s %10s %10s %10s %10s %10s\n", "", "", "n", "mean", "std", "min",
		"p50", "p90", "p95", "p99", "max");
}

static void cell(struct cw_buf *b, double v)
{
	if (!isfinite(v))
		cw_buf_fmt(b, " %10s", "-");
	else
		cw_buf_fmt(b, fabs(v) < 100 ? " %10.4f" : " %10.1f", v);
}

void cw_series_row(struct cw_buf *b, struct cw_series *s)
{
	cw_buf_fmt(b, "%-24s %4s %6zu", s->name, s->unit, s->n);
	cell(b, s->n ? cw_stat_mean(s->v, s->n) : NAN);
	cell(b, s->n > 1 ? cw_stat_stddev(s->v, s->n) : NAN);
	cell(b, extreme(s, false));
	for (size_t i = 0; i < CW_COUNT(quantiles); i++) {
		double q = NAN;

		(void)cw_stat_quantile(s->v, s->n, quantiles[i], &q); /* not estimable: shown as "-" */
		cell(b, q);
	}
	cell(b, extreme(s, true));
	if (s->missing)
		cw_buf_fmt(b, "  (%zu not measured: %s)", s->missing, s->missing_why);
	cw_buf_putc(b, '\n');
}
