/* The clean original found in a recording: as a whole, then piece by piece. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/fft.h"
#include "audio/intrusive_int.h"
#include "audio/vector.h"
#include "base/mem.h"

#define PIECE_S     0.5
#define SEARCH_S    0.06 /* around the delay of the piece before */
#define PIECE_FLOOR 3e-3 /* 25 dB below the loudest piece: nothing to hold on to */
#define PIECE_SURE  0.5  /* correlation that settles a piece's delay */
#define DRIFT_MIN   4    /* pieces */
#define DRIFT_MAX   200  /* pieces looked at */
#define SHORTEST_S  0.05

static double energy(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)x[i];
	return sum;
}

/* Energy of @x within [from, from + n), which may reach beyond it. */
static double energy_within(const float *x, size_t n_x, int64_t from, size_t n)
{
	int64_t to = from + (int64_t)n;

	from = from < 0 ? 0 : from;
	to = to > (int64_t)n_x ? (int64_t)n_x : to;
	return to > from ? energy(x + from, (size_t)(to - from)) : 0;
}

int cw_align_whole(
	const float *clean, size_t n_clean, const float *heard, size_t n_heard, int64_t *delay, double *correlation)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	size_t size = 2, best = 0;
	struct cw_fft *a = NULL, *b = NULL;
	double top = -1, clean_energy = energy(clean, n_clean), heard_energy;
	int err;

	if (!scope)
		return ENOMEM;
	if (!(clean_energy > 0) || !(energy(heard, n_heard) > 0))
		return ENODATA;
	while (size < n_clean + n_heard)
		size *= 2;
	err = cw_fft_new(scope, size, &a);
	err = err ? err : cw_fft_new(scope, size, &b);
	if (err)
		return err;
	memcpy(a->in, clean, n_clean * sizeof(*clean));
	memcpy(b->in, heard, n_heard * sizeof(*heard));
	cw_fft_forward(a);
	cw_fft_forward(b);
	for (size_t k = 0; k <= size / 2; k++) {
		float ar = a->out[k][0], ai = a->out[k][1], br = b->out[k][0], bi = b->out[k][1];

		a->out[k][0] = ar * br + ai * bi;
		a->out[k][1] = ar * bi - ai * br;
	}
	cw_fft_inverse(a);
	for (size_t i = 0; i < size; i++)
		if (fabs((double)a->in[i]) > top) {
			top = fabs((double)a->in[i]);
			best = i;
		}
	*delay = best < n_heard ? (int64_t)best : (int64_t)best - (int64_t)size;
	heard_energy = energy_within(heard, n_heard, *delay, n_clean);
	*correlation = heard_energy > 0 ? fmin(1, top / (double)size / sqrt(clean_energy * heard_energy)) : 0;
	return 0;
}

#define ENVELOPE_S 0.004

/* Level over time, its mean taken off: similar even where clocks drift apart, which waveforms are not. */
static float *envelope(void *parent, const float *x, size_t n, size_t hop, size_t *n_ret)
{
	size_t count = n / hop;
	float *e = talloc_array(parent, float, count + 1), mean = 0;

	if (!e)
		return NULL;
	for (size_t k = 0; k < count; k++) {
		e[k] = (float)sqrt(energy(x + k * hop, hop) / (double)hop);
		mean += e[k] / (float)count;
	}
	for (size_t k = 0; k < count; k++)
		e[k] -= mean;
	*n_ret = count;
	return e;
}

/* Delay by envelopes, to 4 ms. */
static int align_roughly(
	const float *clean, size_t n_clean, const float *heard, size_t n_heard, unsigned rate_hz, int64_t *delay)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	size_t hop = (size_t)(ENVELOPE_S * rate_hz), n_x = 0, n_y = 0;
	float *x = envelope(scope, clean, n_clean, hop, &n_x), *y = envelope(scope, heard, n_heard, hop, &n_y);
	double correlation;
	int err;

	if (!scope || !x || !y)
		return ENOMEM;
	err = cw_align_whole(x, n_x, y, n_y, delay, &correlation);
	*delay *= (int64_t)hop;
	return err;
}

struct piece {
	size_t from, n;
	int64_t delay;
	bool sure;
	double fit; /* correlation, 0 … 1 */
};

/* Delay of one piece near @around. */
static void place(
	struct piece *p, const float *clean, const float *heard, size_t n_heard, int64_t around, unsigned rate_hz)
{
	int64_t reach = (int64_t)(SEARCH_S * rate_hz), best = around;
	const float *x = clean + p->from;
	size_t n = p->n & ~(size_t)3;
	double top = 0, found = 0;

	for (int64_t d = around - reach; d <= around + reach; d++) {
		int64_t at = (int64_t)p->from + d;
		double c;

		if (at < 0 || at + (int64_t)n > (int64_t)n_heard)
			continue;
		c = fabs((double)cw_dot4(x, heard + at, n));
		if (c > top) {
			top = c;
			best = d;
		}
	}
	found = energy_within(heard, n_heard, (int64_t)p->from + best, n) * energy(x, n);
	p->fit = found > 0 ? top / sqrt(found) : 0;
	p->sure = p->fit > PIECE_SURE;
	p->delay = p->sure ? best : around;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Slope of delay over time through the sure pieces: the median of the slopes of all pairs (Theil and Sen), so that a piece placed
 * one period of the voice off does not count. */
static int slope(void *scope, const struct piece *p, size_t n, double *ret)
{
	size_t step = n / DRIFT_MAX + 1, count = 0, at[DRIFT_MAX], pairs = 0;
	double *slopes;

	for (size_t i = 0; i < n && count < DRIFT_MAX; i += step)
		if (p[i].sure)
			at[count++] = i;
	if (count < DRIFT_MIN)
		return 0;
	slopes = talloc_array(scope, double, count *count);
	if (!slopes)
		return ENOMEM;
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			slopes[pairs++] =
				(double)(p[at[k]].delay - p[at[i]].delay) / (double)(p[at[k]].from - p[at[i]].from);
	qsort(slopes, pairs, sizeof(*slopes), ascending);
	*ret = pairs % 2 ? slopes[pairs / 2] : (slopes[pairs / 2 - 1] + slopes[pairs / 2]) / 2;
	return 0;
}

static size_t cut(size_t n_clean, unsigned rate_hz, struct piece *p)
{
	size_t len = (size_t)(PIECE_S * rate_hz), n = 0;

	for (size_t at = 0; at < n_clean; at += len, n++) {
		p[n].from = at;
		p[n].n = n_clean - at < 2 * len ? n_clean - at : len;
	}
	/* a remainder belongs to the last whole piece */
	if (n > 1 && p[n - 2].n > len)
		n--;
	return n;
}

/* Pieces are tracked from the loudest on, both ways: it is the surest. Returns how well they fit, all together. */
static double track(struct piece *p, size_t n, const float *clean, const float *heard, size_t n_heard, int64_t delay,
	unsigned rate_hz)
{
	double loudest = 0, fit = 0;
	size_t first = 0;

	for (size_t i = 0; i < n; i++) {
		double e = energy(clean + p[i].from, p[i].n) / (double)p[i].n;

		if (e > loudest) {
			loudest = e;
			first = i;
		}
	}
	for (size_t k = 0; k < n; k++) {
		size_t i = first + k < n ? first + k : n - 1 - k;
		int64_t around = i == first ? delay : i > first ? p[i - 1].delay : p[i + 1].delay;

		if (energy(clean + p[i].from, p[i].n) / (double)p[i].n > PIECE_FLOOR * loudest)
			place(&p[i], clean, heard, n_heard, around, rate_hz);
		else
			p[i].delay = around;
		fit += p[i].fit;
	}
	return fit;
}

int cw_align(void *parent, const float *clean, size_t n_clean, const float *heard, size_t n_heard, unsigned rate_hz,
	struct cw_alignment *ret)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_alignment r = {.drift = NAN};
	struct piece *p;
	int64_t low = INT64_MAX, high = INT64_MIN, rough = 0;
	double fit, best = 0;
	size_t n, most;
	int err;

	if (!scope)
		return ENOMEM;
	if ((double)n_clean < SHORTEST_S * rate_hz || (double)n_heard < SHORTEST_S * rate_hz)
		return ENODATA;
	err = cw_align_whole(clean, n_clean, heard, n_heard, &r.delay, &r.correlation);
	if (err)
		return err;
	err = align_roughly(clean, n_clean, heard, n_heard, rate_hz, &rough);
	if (err)
		return err;
	most = n_clean / (size_t)(PIECE_S * rate_hz) + 1;
	p = talloc_zero_array(scope, struct piece, 2 * most);
	r.heard = talloc_zero_array(scope, float, n_clean);
	if (!p || !r.heard)
		return ENOMEM;
	n = cut(n_clean, rate_hz, p);
	(void)cut(n_clean, rate_hz, p + most);
	fit = track(p, n, clean, heard, n_heard, r.delay, rate_hz);
	if (llabs(rough - r.delay) > (int64_t)(SEARCH_S * rate_hz) &&
		track(p + most, n, clean, heard, n_heard, rough, rate_hz) > fit) {
		p += most;
		for (size_t i = 0, seen = 0; i < n; i++)
			if (p[i].sure && !seen++)
				r.delay = p[i].delay;
	}
	for (size_t i = 0; i < n; i++)
		best = fmax(best, p[i].fit);
	r.correlation = fmax(r.correlation, best > PIECE_SURE ? best : 0);
	for (size_t i = 0; i < n; i++) {
		if (p[i].sure) {
			low = p[i].delay < low ? p[i].delay : low;
			high = p[i].delay > high ? p[i].delay : high;
		}
		for (size_t k = p[i].from; k < p[i].from + p[i].n; k++) {
			int64_t at = (int64_t)k + p[i].delay;

			r.heard[k] = at >= 0 && at < (int64_t)n_heard ? heard[at] : 0;
		}
	}
	r.spread = high >= low ? high - low : 0;
	err = slope(scope, p, n, &r.drift);
	if (err)
		return err;
	r.heard = talloc_steal(parent, r.heard);
	*ret = r;
	return 0;
}
