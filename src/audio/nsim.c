/*
 * Neurogram similarity (Hines, Harte, Speech Communication 54, 2012; Hines, Skoglund, Kokaram, Harte, EURASIP JASMP 2015) over
 * gammatone spectrograms. Published: the similarity of patches with its window and constants (range 1), patches of 20 frames
 * with speech, frames of 80 ms every 20 ms, levels as 10 log10 of an amplitude (so half of dB), floors of -45 and of 45 below
 * each frame's peak, and the polynomial from similarity to
 * opinion, fitted by the authors of ViSQOL 3 to TCD-VoIP (wide band, 21 bands, 50 … 8000 Hz). Ours: complex gammatone
 * filters that run on from frame to frame, the original brought to -26 dBov first, alignment by align.c, 16 bands of 150 … 3400 Hz
 * at 8 kHz (as in the paper of 2015). So the opinion is theirs in kind, not in its third digit.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/gammatone.h"
#include "audio/intrusive_int.h"
#include "base/mem.h"

#define WINDOW_S  0.08
#define HOP_S     0.02
#define PATCH     20
#define FLOOR     (-45.0)
#define RANGE     45.0
#define LEVEL     0.0501 /* -26 dBov */
#define BANDS_MAX 21
#define SPEECH    3e-3 /* 25 dB below the loudest frame: a frame without speech */

struct picture {
	double *db;    /* 10 log10 of amplitudes, [band * frames + frame] */
	double *power; /* of each frame */
	size_t bands, frames;
};

static int draw(void *parent, const float *x, size_t n, unsigned rate_hz, double gain, struct picture *p)
{
	size_t window = (size_t)(WINDOW_S * rate_hz), hop = (size_t)(HOP_S * rate_hz);
	bool wide = rate_hz >= 16000;
	struct cw_gammatone g[BANDS_MAX];
	double *square = talloc_array(parent, double, n), *hann = talloc_array(parent, double, window);

	p->bands = wide ? BANDS_MAX : 16;
	p->frames = n >= window ? 1 + (n - window) / hop : 0;
	p->db = talloc_array(parent, double, p->bands * p->frames + 1);
	p->power = talloc_zero_array(parent, double, p->frames + 1);
	if (!square || !hann || !p->db || !p->power)
		return ENOMEM;
	for (size_t i = 0; i < window; i++) {
		double w = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)(window - 1));

		hann[i] = w * w / (double)window;
	}
	cw_gammatone_bank(g, p->bands, wide ? 50 : 150, wide ? 8000 : 3400, rate_hz);
	for (size_t b = 0; b < p->bands; b++) {
		for (size_t i = 0; i < n; i++) {
			double y = creal(cw_gammatone_step(&g[b], (double)x[i] * gain));

			square[i] = y * y;
		}
		for (size_t f = 0; f < p->frames; f++) {
			double sum = 0;

			for (size_t i = 0; i < window; i++)
				sum += hann[i] * square[f * hop + i];
			p->power[f] += sum;
			p->db[b * p->frames + f] = 5 * log10(sum + 1e-30);
		}
	}
	talloc_free(square);
	talloc_free(hann);
	return 0;
}

/* Both to one scale: nothing below -45, nor 45 below the loudest band of the frame in either; the lowest of all is 0. */
static void raise_floors(struct picture *a, struct picture *b)
{
	double lowest = INFINITY;

	for (size_t f = 0; f < a->frames; f++) {
		double top = -INFINITY, floor;

		for (size_t k = 0; k < a->bands; k++)
			top = fmax(top, fmax(a->db[k * a->frames + f], b->db[k * b->frames + f]));
		floor = fmax(FLOOR, top - RANGE);
		for (size_t k = 0; k < a->bands; k++) {
			double *x = &a->db[k * a->frames + f], *y = &b->db[k * b->frames + f];

			*x = fmax(*x, floor);
			*y = fmax(*y, floor);
			lowest = fmin(lowest, fmin(*x, *y));
		}
	}
	for (size_t i = 0; i < a->frames * a->bands; i++) {
		a->db[i] -= lowest;
		b->db[i] -= lowest;
	}
}

static double at(const struct picture *p, size_t first, ptrdiff_t band, ptrdiff_t frame)
{
	band = band < 0 ? 0 : band >= (ptrdiff_t)p->bands ? (ptrdiff_t)p->bands - 1 : band;
	frame = frame < 0 ? 0 : frame >= PATCH ? PATCH - 1 : frame;
	return p->db[(size_t)band * p->frames + first + (size_t)frame];
}

/* Similarity at one point: intensity times structure, under a window of 3 by 3. */
static double point(const struct picture *r, const struct picture *d, size_t first, ptrdiff_t band, ptrdiff_t frame)
{
	static const double side = 0.0838251475442633, corner = 0.0113033910173052, middle = 0.619485845753726;
	const double c1 = 0.01 * 0.01, c3 = 0.03 * 0.03 / 2;
	double mr = 0, md = 0, rr = 0, dd = 0, rd = 0, spread;

	for (ptrdiff_t i = -1; i <= 1; i++)
		for (ptrdiff_t k = -1; k <= 1; k++) {
			double w = i && k ? corner : i || k ? side : middle;
			double x = at(r, first, band + i, frame + k), y = at(d, first, band + i, frame + k);

			mr += w * x;
			md += w * y;
			rr += w * x * x;
			dd += w * y * y;
			rd += w * x * y;
		}
	spread = (rr - mr * mr) * (dd - md * md);
	return (2 * mr * md + c1) / (mr * mr + md * md + c1) *
	       ((rd - mr * md + c3) / ((spread > 0 ? sqrt(spread) : 0) + c3));
}

static double patch(const struct picture *r, const struct picture *d, size_t first)
{
	double sum = 0;

	for (size_t b = 0; b < r->bands; b++)
		for (size_t f = 0; f < PATCH; f++)
			sum += point(r, d, first, (ptrdiff_t)b, (ptrdiff_t)f);
	return sum / (double)(r->bands * PATCH);
}

double cw_nsim_mos(double s)
{
	double mos = ((41.644078 * s - 77.034652) * s + 47.334363) * s - 7.487007;

	return s < 0.15 || mos < 1 ? 1 : mos > 5 ? 5 : mos;
}

static double rms(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)x[i];
	return sqrt(sum / (double)n);
}

/* Mean over the patches that hold speech; false: none. */
static bool compare(const struct picture *r, const struct picture *d, double *ret)
{
	double loudest = 0, sum = 0;
	size_t patches = 0;

	for (size_t f = 0; f < r->frames; f++)
		loudest = fmax(loudest, r->power[f]);
	for (size_t first = 0; first + PATCH <= r->frames; first += PATCH) {
		size_t speech = 0;

		for (size_t f = first; f < first + PATCH; f++)
			speech += r->power[f] > SPEECH * loudest;
		if (!speech)
			continue;
		sum += patch(r, d, first);
		patches++;
	}
	*ret = patches ? sum / (double)patches : 0;
	return patches > 0;
}

int cw_nsim(const struct cw_pair *p, struct cw_quality_value *nsim, struct cw_quality_value *mos)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct picture r = {0}, d = {0};
	double clean = rms(p->clean, p->n), heard = rms(p->heard, p->n), s;
	int err;

	if (!scope)
		return ENOMEM;
	*nsim = *mos = cw_absent("shorter than 0.5 s, or silence");
	if (!(clean > 0) || !(heard > 0))
		return 0;
	err = draw(scope, p->clean, p->n, p->rate_hz, LEVEL / clean, &r);
	err = err ? err : draw(scope, p->heard, p->n, p->rate_hz, LEVEL / heard, &d);
	if (err)
		return err;
	raise_floors(&r, &d);
	if (!compare(&r, &d, &s))
		return 0;
	*nsim = cw_known(s);
	*mos = cw_known(cw_nsim_mos(s));
	return 0;
}
