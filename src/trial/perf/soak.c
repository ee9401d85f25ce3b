#include "trial/perf/soak.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stat.h"
#include "base/stat_dist.h"

struct blocks {
	double at[CW_TREND_BLOCKS], value[CW_TREND_BLOCKS];
	size_t n;
};

static int make_blocks(const double *at_s, const double *value, size_t n, double from_s, double to_s, struct blocks *b)
{
	CW_SCOPED double *own = talloc_array(NULL, double, n + 1);
	double width = (to_s - from_s) / CW_TREND_BLOCKS;

	if (!own)
		return ENOMEM;
	b->n = 0;
	for (size_t block = 0; block < CW_TREND_BLOCKS && width > 0; block++) {
		double begin = from_s + width * (double)block;
		size_t k = 0;

		for (size_t i = 0; i < n; i++)
			if (at_s[i] >= begin &&
				(at_s[i] < begin + width || (block + 1 == CW_TREND_BLOCKS && at_s[i] <= to_s)))
				own[k++] = value[i];
		if (cw_stat_quantile(own, k, 0.5, &b->value[b->n]))
			b->at[b->n++] = begin + width / 2;
	}
	return 0;
}

/* Least squares, and Student's interval of the slope. */
static void fit(const struct blocks *b, struct cw_trend *t)
{
	double mx = cw_stat_mean(b->at, b->n), my = cw_stat_mean(b->value, b->n), sxx = 0, sxy = 0, rest = 0;

	for (size_t i = 0; i < b->n; i++) {
		sxx += (b->at[i] - mx) * (b->at[i] - mx);
		sxy += (b->at[i] - mx) * (b->value[i] - my);
	}

	double slope = sxy / sxx, df = (double)b->n - 2;

	for (size_t i = 0; i < b->n; i++) {
		double r = b->value[i] - my - slope * (b->at[i] - mx);

		rest += r * r;
	}

	double half = cw_stat_t_quantile(0.975, df) * sqrt(rest / df / sxx);

	t->per_h = slope * 3600;
	t->lo = (slope - half) * 3600;
	t->hi = (slope + half) * 3600;
}

int cw_trend_fit(const double *at_s, const double *value, size_t n, double from_s, double to_s, struct cw_trend *ret)
{
	struct cw_trend t = {.n = n, .first = NAN, .last = NAN, .per_h = NAN, .lo = NAN, .hi = NAN};
	struct blocks b;
	int err = make_blocks(at_s, value, n, from_s, to_s, &b);

	if (err)
		return err;
	if (b.n) {
		t.first = b.value[0];
		t.last = b.value[b.n - 1];
	}
	t.known = b.n >= CW_TREND_BLOCKS_MIN;
	if (t.known)
		fit(&b, &t);
	*ret = t;
	return 0;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *cw_trend_json(const struct cw_trend *t, const char *unit)
{
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "unit", unit, "n", (json_int_t)t->n, "first",
		number(t->first), "last", number(t->last), "per_hour", number(t->per_h), "per_hour_low", number(t->lo),
		"per_hour_high", number(t->hi));
}

int cw_resident_bytes(int64_t pid, uint64_t *ret)
{
	char path[64] = "/proc/self/statm";
	char line[128] = "";
	struct cw_str rest, field;
	uint64_t resident;
	FILE *f;

	if (pid)
		(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/statm", pid); /* fits */
	f = fopen(path, "re");
	if (!f)
		return ENOENT;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	(void)fclose(f); /* read only */
	rest = cw_str(line);
	(void)cw_str_split(&rest, ' ', &field); /* the size */
	if (!cw_str_split(&rest, ' ', &field) || cw_str_u64(field, UINT64_MAX, &resident))
		return ENOENT;
	*ret = resident * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}
