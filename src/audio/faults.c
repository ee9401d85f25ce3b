/*
 * What a line, a codec or an amplifier broke: flattened peaks, holes, frozen and concealed frames, clicks.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/quality_int.h"
#include "base/mem.h"

/* ---- flattened peaks ---- */

#define CEILING  32000 /* runs of 2 from here on are clipped: the last code word of mu-law is 32124, of A-law 32256 */
#define PLATEAU  0.97  /* of the loudest: one step of mu-law is 3 % there */
#define BELOW    0.91  /* the next step */
#define FINE     0.997 /* the same for linear samples */
#define FINE_LOW 0.991
#define DISTINCT 8 /* values among the loudest 9 %: fewer are steps of a codec */
#define PILED_UP 3 /* so many times as many samples on the plateau as on the step below it */
#define RUNS_MIN 4 /* and so many runs of 2 or more on it */
#define RUN_MIN  2

struct plateau {
	uint64_t on, below, runs, in_runs, at_ceiling;
};

/* Samples of one polarity (@sign) near its loudest, @peak. */
static struct plateau look_at_peaks(const int16_t *pcm, size_t n, int sign, int peak, double from, double below)
{
	struct plateau p = {0};
	int run = 0;

	for (size_t i = 0; i <= n; i++) {
		int x = i < n ? sign * pcm[i] : 0;

		if (i < n && peak > 0 && x >= from * peak) {
			p.on++;
			run++;
			continue;
		}
		p.below += i < n && x >= below * peak;
		if (run >= RUN_MIN) {
			p.runs++;
			p.in_runs += (uint64_t)run;
			p.at_ceiling += peak >= CEILING ? (uint64_t)run : 0;
		}
		run = 0;
	}
	return p;
}

static bool coarse(const int16_t *pcm, size_t n, int sign, int peak)
{
	uint64_t seen[512] = {0}; /* a bit for each value */
	unsigned distinct = 0;

	for (size_t i = 0; i < n && distinct < DISTINCT; i++) {
		int x = sign * pcm[i];

		if (x <= 0 || x > 32767 || x < BELOW * peak || (seen[x / 64] >> (x % 64) & 1))
			continue;
		seen[x / 64] |= UINT64_C(1) << (x % 64);
		distinct++;
	}
	return distinct < DISTINCT;
}

static bool heaped(const struct plateau *p)
{
	return p->runs >= RUNS_MIN && p->on >= PILED_UP * (p->below + 1);
}

/* Natural amplitudes grow rarer towards the loudest; where peaks were cut off they heap up there. */
static uint64_t clipped(const int16_t *pcm, size_t n, int sign)
{
	struct plateau p;
	int peak = 0;

	for (size_t i = 0; i < n; i++)
		peak = sign * pcm[i] > peak ? sign * pcm[i] : peak;
	p = look_at_peaks(pcm, n, sign, peak, FINE, FINE_LOW);
	if (heaped(&p) && !coarse(pcm, n, sign, peak))
		return p.in_runs;
	p = look_at_peaks(pcm, n, sign, peak, PLATEAU, BELOW);
	return heaped(&p) ? p.in_runs : p.at_ceiling;
}

/* ---- holes and repeats ---- */

#define HOLE_MIN_MS   5
#define HOLE_MAX_MS   250
#define TORN          300 /* samples beside a hole are above this: -40 dBov */
#define BLOCK_MS      5
#define LAG_MIN_MS    5 /* a concealed pitch period or a repeated frame: 5 … 15 ms, and frames of 20 and 30 */
#define LAG_MAX_MS    15
#define RESIDUE       1.5e-4 /* -38 dB: what is left of a repeat when its model is taken off */
#define REPEAT_BLOCKS 2      /* so many in a row */
#define GAIN_MIN      0.3
#define GAIN_MAX      1.02
#define AUDIBLE       1e-5 /* -50 dBov */
#define BLOCK_MAX     960  /* samples of 5 ms at 192 kHz */

struct finder {
	const int16_t *pcm;
	size_t n;
	unsigned per_ms; /* samples */
	struct cw_faults *found;
	size_t counted_to; /* faults before this sample were counted */
};

static void count_dropout(struct finder *f, size_t from, size_t to)
{
	double rate = f->per_ms * 1000.0;

	if (from > f->counted_to + 10 * f->per_ms || !f->found->dropouts)
		f->found->dropouts++;
	from = from < f->counted_to ? f->counted_to : from;
	if (to > from)
		f->found->dropped_s += (double)(to - from) / rate;
	f->counted_to = to > f->counted_to ? to : f->counted_to;
}

static double power_of(const int16_t *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sum / ((double)n * 32768 * 32768);
}

/* Constant samples torn into sound. */
static void find_holes(struct finder *f)
{
	size_t run = 1;

	for (size_t i = 1; i <= f->n; i++) {
		size_t from = i - run;

		if (i < f->n && f->pcm[i] == f->pcm[i - 1] && abs(f->pcm[i]) < TORN) {
			run++;
			continue;
		}
		if (run >= HOLE_MIN_MS * f->per_ms && run <= HOLE_MAX_MS * f->per_ms && from > 0 && i < f->n &&
			abs(f->pcm[from - 1]) > TORN && abs(f->pcm[i]) > TORN)
			count_dropout(f, from, i);
		run = 1;
	}
}

/*
 * Are the @len samples at @at those of @lag before, times a gain that falls evenly? Least squares for y = (a + b t) x, which is what
 * concealment (G.711 appendix I and kin) makes of the last pitch period, and repetition of a frame. Natural voices repeat
 * themselves less exactly than that.
 */
static bool repeats(const int16_t *at, size_t len, size_t lag)
{
	const int16_t *before = at - lag;
	double xx = 0, xxt = 0, xxtt = 0, xy = 0, xyt = 0, yy = 0;

	for (size_t i = 0; i < len; i++) {
		double x = before[i], y = at[i], t = (double)i / (double)len - 0.5;

		xx += x * x;
		xxt += x * x * t;
		xxtt += x * x * t * t;
		xy += x * y;
		xyt += x * y * t;
		yy += y * y;
	}

	double det = xx * xxtt - xxt * xxt, a, b;

	if (!(det > 0) || !(yy > 0) || xy * xy < 0.9 * xx * yy)
		return false;
	a = (xy * xxtt - xyt * xxt) / det;
	b = (xyt * xx - xy * xxt) / det;
	return a >= GAIN_MIN && a <= GAIN_MAX && fabs(b) < 0.5 && yy - a * xy - b * xyt < RESIDUE * yy;
}

static bool repeats_at(const struct finder *f, size_t at, size_t len, size_t *lag)
{
	if (*lag && repeats(f->pcm + at, len, *lag))
		return true;
	for (size_t l = LAG_MIN_MS * f->per_ms; l <= LAG_MAX_MS * f->per_ms && l <= at; l++)
		if (repeats(f->pcm + at, len, l)) {
			*lag = l;
			return true;
		}
	for (size_t l = 20 * f->per_ms; l <= 30 * f->per_ms && l <= at; l += 10 * f->per_ms)
		if (repeats(f->pcm + at, len, l)) {
			*lag = l;
			return true;
		}
	return false;
}

/* A tone that stands still repeats itself for ever; what goes on for longer than a hole may is one. */
static void end_of_repeat(struct finder *f, size_t from, size_t blocks, size_t len)
{
	if (blocks >= REPEAT_BLOCKS && blocks * len <= HOLE_MAX_MS * f->per_ms)
		count_dropout(f, from, from + blocks * len);
}

static void find_repeats(struct finder *f)
{
	size_t len = BLOCK_MS * f->per_ms, lag = 0, blocks = 0, from = 0;

	for (size_t at = LAG_MIN_MS * f->per_ms; at + len <= f->n; at += len) {
		if (power_of(f->pcm + at, len) > AUDIBLE && repeats_at(f, at, len, &lag)) {
			from = blocks++ ? from : at;
			continue;
		}
		end_of_repeat(f, from, blocks, len);
		blocks = lag = 0;
	}
	end_of_repeat(f, from, blocks, len);
}

/* ---- clicks ---- */

#define CLICK_OVER  8.0  /* times the largest second difference within 4 ms on both sides */
#define CLICK_MIN   3000 /* of a second difference */
#define CLICK_WIDTH 3    /* samples */

static int bend(const int16_t *x)
{
	return abs(x[-1] - 2 * x[0] + x[1]);
}

static bool quiet_around(const int16_t *pcm, size_t n, size_t at, unsigned reach, int limit)
{
	size_t from = at > reach ? at - reach : 1, to = at + reach + 1 < n ? at + reach : n - 2;

	for (size_t i = from; i <= to; i++) {
		if (i + CLICK_WIDTH >= at && i <= at + CLICK_WIDTH) {
			i = at + CLICK_WIDTH;
			continue;
		}
		if (bend(pcm + i) > limit)
			return false;
	}
	return true;
}

static unsigned count_clicks(const int16_t *pcm, size_t n, unsigned rate_hz)
{
	unsigned clicks = 0, reach = rate_hz / 250;

	for (size_t i = 1; i + 1 < n; i++) {
		int b = bend(pcm + i);

		if (b < CLICK_MIN || !quiet_around(pcm, n, i, reach, (int)(b / CLICK_OVER)))
			continue;
		clicks++;
		i += CLICK_WIDTH;
	}
	return clicks;
}

int cw_faults_find(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_faults *ret)
{
	struct cw_faults r = {0};
	struct finder f = {.pcm = pcm, .n = n, .per_ms = rate_hz / 1000, .found = &r};

	if (n) {
		r.clipping = (double)(clipped(pcm, n, 1) + clipped(pcm, n, -1)) / (double)n;
		find_holes(&f);
		f.counted_to = 0;
		find_repeats(&f);
		r.clicks = count_clicks(pcm, n, rate_hz);
	}
	*ret = r;
	return 0;
}
