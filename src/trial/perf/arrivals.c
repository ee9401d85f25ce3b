#include "trial/perf/arrivals.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

#define STAGE_MAX_US UINT64_C(2592000000000) /* 30 days */

struct cw_arrivals {
	struct cw_stage *stages;
	size_t n;
	bool constant;
	struct cw_rng rng;
	double factor;
	double from_us; /* arrivals are counted from here on … */
	double need;    /* … and so many more callers must have been due until the next one comes */
};

/* ---- text ---- */

static bool number(struct cw_str s, double *ret)
{
	char text[32], *end = NULL;

	if (!s.len || s.len >= sizeof(text))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	if (strspn(text, "0123456789.") != s.len)
		return false;
	*ret = strtod(text, &end);
	return end == text + s.len && isfinite(*ret);
}

static struct cw_str until(struct cw_str *s, char mark)
{
	const char *at = s->len ? memchr(s->p, mark, s->len) : NULL;
	struct cw_str head = *s;

	if (!at) {
		*s = (struct cw_str){s->p + s->len, 0};
		return head;
	}
	head.len = (size_t)(at - s->p);
	*s = (struct cw_str){at + 1, s->len - head.len - 1};
	return head;
}

static bool unit_of_rate(struct cw_str unit, double *scale)
{
	*scale = cw_str_eq(unit, "m") || cw_str_eq(unit, "min") ? 60 : cw_str_eq(unit, "h") ? 3600 : 1;
	return !unit.len || *scale > 1 || cw_str_eq(unit, "s");
}

/* "10/s" or "0-50/s". */
static bool rates(struct cw_str s, double *from, double *to)
{
	struct cw_str head = until(&s, '/'), first = until(&head, '-');
	double scale;

	if (!unit_of_rate(s, &scale) || !number(first, from))
		return false;
	*to = *from;
	if (head.len && !number(head, to))
		return false;
	*from /= scale;
	*to /= scale;
	return *from <= CW_RATE_PER_S_MAX && *to <= CW_RATE_PER_S_MAX;
}

static bool duration(struct cw_str s, uint64_t *us)
{
	static const struct {
		const char *unit;
		double scale;
	} units[] = {{"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"", 1e6}};
	double v;

	for (size_t i = 0; i < CW_COUNT(units); i++) {
		size_t len = strlen(units[i].unit);

		if (s.len <= len || memcmp(s.p + s.len - len, units[i].unit, len) != 0)
			continue;
		if (!number((struct cw_str){s.p, s.len - len}, &v))
			continue;
		if (!(v > 0) || v * units[i].scale > (double)STAGE_MAX_US)
			return false;
		*us = (uint64_t)(v * units[i].scale);
		return true;
	}
	return false;
}

int cw_rate_parse(const char *text, double *per_s, struct cw_why *why)
{
	double from, to;

	if (!rates(cw_str(text), &from, &to) || strchr(text, '-') || !(from > 0))
		return cw_why_set(why, EINVAL,
			"rate '%s': write calls per second or minute, as 20/s or 90/m (at most %.0f/s)", text,
			CW_RATE_PER_S_MAX);
	*per_s = from;
	return 0;
}

int cw_stages_parse(void *parent, const char *text, struct cw_stage **ret, size_t *n, struct cw_why *why)
{
	CW_SCOPED struct cw_stage *stages = talloc_zero_array(NULL, struct cw_stage, CW_STAGES_MAX);
	struct cw_str rest = cw_str(text);
	size_t k = 0;

	if (!stages)
		return ENOMEM;
	do {
		struct cw_str one = until(&rest, ','), whole = one, rate = until(&one, ':');
		struct cw_stage *s = &stages[k];

		if (k == CW_STAGES_MAX)
			return cw_why_set(why, EINVAL, "more than %d stages", CW_STAGES_MAX);
		if (!rates(rate, &s->from_per_s, &s->to_per_s) || !duration(one, &s->duration_us))
			return cw_why_set(why, EINVAL,
				"stage '%.*s': write RATE:DURATION, as 10/s:30s, or 0-50/s:1m for a ramp",
				CW_STR(whole));
		k++;
	} while (rest.len);
	*n = k;
	*ret = talloc_move(parent, &stages);
	return 0;
}

/* ---- the process ---- */

/* Callers due in @x_us of a stage, from its beginning. */
static double due_in(const struct cw_stage *s, double x_us)
{
	double x = x_us / 1e6, whole = (double)s->duration_us / 1e6;

	return s->from_per_s * x + (s->to_per_s - s->from_per_s) * x * x / (2 * whole);
}

/* The place in the stage, in µs from its beginning, at which @due callers were due: the quadratic solved without cancellation. */
static double place_of(const struct cw_stage *s, double due)
{
	double whole = (double)s->duration_us / 1e6, slope = (s->to_per_s - s->from_per_s) / whole;
	double root = sqrt(fmax(0, s->from_per_s * s->from_per_s + 2 * slope * due));

	return fmin((double)s->duration_us, 2 * due / (s->from_per_s + root) * 1e6);
}

static double due_between(const struct cw_arrivals *a, double from_us, double to_us)
{
	double due = 0, begin = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct cw_stage *s = &a->stages[i];
		double lo = fmax(0, from_us - begin), hi = fmin((double)s->duration_us, to_us - begin);

		if (hi > lo)
			due += due_in(s, hi) - due_in(s, lo);
		begin += (double)s->duration_us;
	}
	return due * a->factor;
}

static double draw(struct cw_arrivals *a)
{
	return a->constant ? 1 : -log1p(-cw_rng_unit(&a->rng));
}

int cw_arrivals_new(
	void *parent, const struct cw_stage *stages, size_t n, bool constant, uint64_t seed, struct cw_arrivals **ret)
{
	CW_SCOPED struct cw_arrivals *a = talloc_zero(NULL, struct cw_arrivals);

	if (!a)
		return ENOMEM;
	a->stages = talloc_memdup(a, stages, n * sizeof(*stages));
	if (!a->stages)
		return ENOMEM;
	a->n = n;
	a->constant = constant;
	a->factor = 1;
	cw_rng_init(&a->rng, seed);
	a->need = draw(a);
	*ret = talloc_move(parent, &a);
	return 0;
}

static bool next_at(const struct cw_arrivals *a, double *at_us)
{
	double begin = 0, need = a->need;

	if (!(a->factor > 0))
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct cw_stage *s = &a->stages[i];
		double lo = fmin((double)s->duration_us, fmax(0, a->from_us - begin));
		double before = due_in(s, lo), left = (due_in(s, (double)s->duration_us) - before) * a->factor;

		if (left >= need - 1e-9) { /* the last one of a stage comes, whatever the rounding */
			*at_us = begin + place_of(s, before + need / a->factor);
			return true;
		}
		need -= left;
		begin += (double)s->duration_us;
	}
	return false;
}

bool cw_arrivals_peek(struct cw_arrivals *a, uint64_t *at_us)
{
	double at;

	if (!next_at(a, &at))
		return false;
	*at_us = (uint64_t)at;
	return true;
}

void cw_arrivals_take(struct cw_arrivals *a)
{
	double at;

	if (!next_at(a, &at))
		return;
	a->from_us = fmax(a->from_us, at);
	a->need = draw(a);
}

void cw_arrivals_scale(struct cw_arrivals *a, double factor, uint64_t now_us)
{
	double now = (double)now_us;

	if (now > a->from_us) {
		a->need = fmax(0, a->need - due_between(a, a->from_us, now));
		a->from_us = now;
	}
	a->factor = factor;
}

double cw_arrivals_rate(const struct cw_arrivals *a, uint64_t at_us)
{
	double begin = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct cw_stage *s = &a->stages[i];
		double x = ((double)at_us - begin) / (double)s->duration_us;

		if (x < 1)
			return a->factor * (s->from_per_s + (s->to_per_s - s->from_per_s) * fmax(0, x));
		begin += (double)s->duration_us;
	}
	return 0;
}

uint64_t cw_arrivals_end_us(const struct cw_arrivals *a)
{
	uint64_t end = 0;

	for (size_t i = 0; i < a->n; i++)
		end += a->stages[i].duration_us;
	return end;
}
