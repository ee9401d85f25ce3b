#include "trial/perf/knee.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "base/stat.h"

#define BANDS 10

static size_t band_of(double concurrency, double width)
{
	double at = ceil(concurrency / width) - 1;

	return at > 0 ? (size_t)fmin(at, BANDS - 1) : 0;
}

static void fill(struct cw_knee_band *b, const struct cw_load_sample *samples, size_t n, size_t which, double width,
	double *worst)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const struct cw_load_sample *s = &samples[i];

		if (band_of(s->concurrency, width) != which)
			continue;
		b->calls++;
		b->decided += s->decided;
		b->passed += s->decided && s->passed;
		if (!isnan(s->worst_ms))
			worst[k++] = s->worst_ms;
	}
	b->rate = cw_stat_rate_wilson(b->passed, b->decided, 0.95);
	if (!cw_stat_quantile(worst, k, 0.5, &b->p50_ms))
		b->p50_ms = NAN;
	if (!cw_stat_quantile(worst, k, 0.95, &b->p95_ms))
		b->p95_ms = NAN;
}

int cw_knee_find(const struct cw_load_sample *samples, size_t n, double level, struct cw_knee *ret)
{
	CW_SCOPED double *worst = talloc_array(NULL, double, n + 1);
	struct cw_knee k = {.level = level, .knee = NAN};
	double most = 0;

	if (!worst)
		return ENOMEM;
	for (size_t i = 0; i < n; i++)
		most = fmax(most, samples[i].concurrency);

	double width = fmax(1, ceil(most / BANDS));

	for (size_t i = 0; i < BANDS; i++) {
		struct cw_knee_band *b = &k.bands[k.n];

		*b = (struct cw_knee_band){.from = width * (double)i, .to = width * (double)(i + 1)};
		fill(b, samples, n, i, width, worst);
		k.n += b->calls > 0;
	}
	for (size_t i = 0; i < k.n && !k.reached; i++) {
		if (!k.bands[i].decided)
			continue;
		if (k.bands[i].rate.value < level)
			k.reached = true;
		else
			k.knee = fmin(k.bands[i].to, most);
	}
	*ret = k;
	return 0;
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *cw_knee_json(const struct cw_knee *k)
{
	json_t *bands = json_array();

	for (size_t i = 0; bands && i < k->n; i++) {
		const struct cw_knee_band *b = &k->bands[i];
		json_t *o = json_pack("{s:f, s:f, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "from", b->from, "to",
			b->to, "calls", (json_int_t)b->calls, "decided", (json_int_t)b->decided, "passed",
			(json_int_t)b->passed, "success", number(b->rate.value), "success_low", number(b->rate.lo),
			"success_high", number(b->rate.hi), "slowest_answer_p50_ms", number(b->p50_ms),
			"slowest_answer_p95_ms", number(b->p95_ms));

		if (json_array_append_new(bands, o)) {
			json_decref(bands);
			return NULL;
		}
	}
	return json_pack("{s:f, s:o, s:b, s:o}", "level", k->level, "holds_up_to", number(k->knee), "knee_reached",
		k->reached, "bands", bands);
}

static void csv_number(struct cw_buf *b, double v)
{
	if (isfinite(v))
		cw_buf_fmt(b, ",%.4f", v);
	else
		cw_buf_putc(b, ',');
}

void cw_knee_csv(struct cw_buf *b, const struct cw_knee *k)
{
	cw_buf_puts(b, "concurrency_from,concurrency_to,calls,decided,passed,success,success_low,success_high,"
		       "slowest_answer_p50_ms,slowest_answer_p95_ms\n");
	for (size_t i = 0; i < k->n; i++) {
		const struct cw_knee_band *band = &k->bands[i];

		cw_buf_fmt(b, "%.0f,%.0f,%zu,%zu,%zu", band->from, band->to, band->calls, band->decided, band->passed);
		csv_number(b, band->rate.value);
		csv_number(b, band->rate.lo);
		csv_number(b, band->rate.hi);
		csv_number(b, band->p50_ms);
		csv_number(b, band->p95_ms);
		cw_buf_putc(b, '\n');
	}
}
