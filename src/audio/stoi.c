/*
 * Short-time objective intelligibility (Taal, Hendriks, Heusdens, Jensen, IEEE TASLP 19(7), 2011) and its extension (Jensen, Taal,
 * IEEE/ACM TASLP 24(11), 2016), as published: 10 kHz; frames of 256 samples, half overlapping, Hann; those more than 40 dB
 * below the loudest of the clean speech are cut out of both; transform of 512 points; 15 third-octave bands from 150 Hz;
 * segments of 30 frames; clipping at -15 dB.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/fft.h"
#include "audio/intrusive_int.h"
#include "base/mem.h"

#define STOI_HZ   10000
#define FRAME     256
#define HOP       128
#define POINTS    512
#define BANDS     15
#define LOWEST_HZ 150.0
#define SEGMENT   30
#define RANGE_DB  40.0
#define CLIP      5.623413251903491 /* 10^(15/20) */
#define KAISER    5.65326           /* 60 dB */
#define TINY      2.220446049250313e-16

struct samples {
	double *x;
	size_t n;
};

static double bessel_i0(double x)
{
	double sum = 1, term = 1;

	for (int k = 1; k < 40; k++) {
		term *= (x / (2 * k)) * (x / (2 * k));
		sum += term;
	}
	return sum;
}

static size_t gcd(size_t a, size_t b)
{
	while (b) {
		size_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Windowed sinc with Kaiser's window, 60 dB, transition of a tenth of the cutoff: the filter of Octave's resample(). */
static int to_10k(void *parent, const float *in, size_t n_in, unsigned rate_hz, struct samples *ret)
{
	size_t g = gcd(STOI_HZ, rate_hz ? rate_hz : STOI_HZ), up = STOI_HZ / g, down = rate_hz / g,
	       most = up > down ? up : down;

	CW_ASSERT((ptrdiff_t)up > 0 && down);

	double cutoff = 0.5 / (double)most;
	ptrdiff_t half = (ptrdiff_t)ceil((60 - 8) / (28.714 * cutoff / 10));
	size_t n = (n_in * up + down - 1) / down;
	double *out = talloc_array(parent, double, n + 1), *h = talloc_array(parent, double, 2 * (size_t)half + 1);

	if (!out || !h)
		return ENOMEM;
	for (ptrdiff_t t = -half; t <= half; t++) {
		double u = 2 * M_PI * cutoff * (double)t, w = (double)t / (double)half;

		h[t + half] = 2 * (double)up * cutoff * (t ? sin(u) / u : 1) * bessel_i0(KAISER * sqrt(1 - w * w)) /
			      bessel_i0(KAISER);
	}
	for (size_t k = 0; k < n; k++) {
		ptrdiff_t centre = (ptrdiff_t)(k * down); /* at up * rate_hz */
		ptrdiff_t first = centre - half <= 0 ? 0 : (centre - half + (ptrdiff_t)up - 1) / (ptrdiff_t)up;
		double sum = 0;

		for (ptrdiff_t i = first; i < (ptrdiff_t)n_in && i * (ptrdiff_t)up <= centre + half; i++)
			sum += (double)in[i] * h[centre - i * (ptrdiff_t)up + half];
		out[k] = sum;
	}
	talloc_free(h);
	*ret = (struct samples){out, n};
	return 0;
}

/* hanning(N) without its zeros at both ends */
static double window(size_t i)
{
	return 0.5 - 0.5 * cos(2 * M_PI * (double)(i + 1) / (FRAME + 1));
}

/* Cut out of both the frames in which the clean one is silent; the rest is overlapped and added. */
static int remove_silence(void *parent, struct samples *x, struct samples *y)
{
	size_t frames = x->n > FRAME ? (x->n - FRAME + HOP - 1) / HOP : 0, kept = 0;
	double *db = talloc_array(parent, double, frames + 1), top = -INFINITY;
	double *a = talloc_zero_array(parent, double, x->n + FRAME),
	       *b = talloc_zero_array(parent, double, x->n + FRAME);

	if (!db || !a || !b)
		return ENOMEM;
	for (size_t f = 0; f < frames; f++) {
		double sum = 0;

		for (size_t i = 0; i < FRAME; i++) {
			double v = window(i) * x->x[f * HOP + i];

			sum += v * v;
		}
		db[f] = 20 * log10(sqrt(sum) + TINY);
		top = db[f] > top ? db[f] : top;
	}
	for (size_t f = 0; f < frames; f++) {
		if (!(db[f] - top + RANGE_DB > 0))
			continue;
		for (size_t i = 0; i < FRAME; i++) {
			a[kept * HOP + i] += window(i) * x->x[f * HOP + i];
			b[kept * HOP + i] += window(i) * y->x[f * HOP + i];
		}
		kept++;
	}
	*x = (struct samples){a, kept ? (kept - 1) * HOP + FRAME : 0};
	*y = (struct samples){b, x->n};
	return 0;
}

/* Nearest bins of the edges of each band. */
static void band_edges(size_t *low, size_t *high)
{
	for (size_t b = 0; b < BANDS; b++) {
		double from = LOWEST_HZ * pow(2, (2.0 * (double)b - 1) / 6);
		double to = LOWEST_HZ * pow(2, (2.0 * (double)b + 1) / 6);

		low[b] = (size_t)lround(from * POINTS / STOI_HZ);
		high[b] = (size_t)lround(to * POINTS / STOI_HZ);
	}
}

/* Norms of the bands, frame by frame: out[frame * BANDS + band]. */
static int band_norms(void *parent, struct cw_fft *f, const struct samples *s, double **ret, size_t *n_frames)
{
	size_t frames = s->n > FRAME ? (s->n - FRAME + HOP - 1) / HOP : 0, low[BANDS], high[BANDS];
	double *out = talloc_array(parent, double, frames *BANDS + 1);

	if (!out)
		return ENOMEM;
	band_edges(low, high);
	memset(f->in, 0, POINTS * sizeof(*f->in));
	for (size_t t = 0; t < frames; t++) {
		for (size_t i = 0; i < FRAME; i++)
			f->in[i] = (float)(window(i) * s->x[t * HOP + i]);
		cw_fft_forward(f);
		for (size_t b = 0; b < BANDS; b++) {
			double sum = 0;

			for (size_t k = low[b]; k < high[b]; k++) {
				double re = (double)f->out[k][0], im = (double)f->out[k][1];

				sum += re * re + im * im;
			}
			out[t * BANDS + b] = sqrt(sum);
		}
	}
	*ret = out;
	*n_frames = frames;
	return 0;
}

/* To mean 0 and norm 1; @step apart. */
static void normalise(double *v, size_t n, size_t step)
{
	double mean = 0, norm = 0;

	for (size_t i = 0; i < n; i++)
		mean += v[i * step] / (double)n;
	for (size_t i = 0; i < n; i++) {
		v[i * step] -= mean;
		norm += v[i * step] * v[i * step];
	}
	norm = sqrt(norm) + TINY;
	for (size_t i = 0; i < n; i++)
		v[i * step] /= norm;
}

/* Mean over the bands of a segment's correlations, the degraded one scaled and clipped. */
static double segment_stoi(const double *x, const double *y)
{
	double total = 0;

	for (size_t b = 0; b < BANDS; b++) {
		double a[SEGMENT], c[SEGMENT], xx = 0, yy = 0, alpha;

		for (size_t t = 0; t < SEGMENT; t++) {
			xx += x[t * BANDS + b] * x[t * BANDS + b];
			yy += y[t * BANDS + b] * y[t * BANDS + b];
		}
		alpha = sqrt(xx) / (sqrt(yy) + TINY);
		for (size_t t = 0; t < SEGMENT; t++) {
			a[t] = x[t * BANDS + b];
			c[t] = fmin(alpha * y[t * BANDS + b], a[t] * (1 + CLIP));
		}
		normalise(a, SEGMENT, 1);
		normalise(c, SEGMENT, 1);
		for (size_t t = 0; t < SEGMENT; t++)
			total += a[t] * c[t];
	}
	return total / BANDS;
}

/* Rows (bands over time), then columns (frames over bands) normalised; mean over the frames. */
static double segment_estoi(const double *x, const double *y)
{
	double a[SEGMENT * BANDS], c[SEGMENT * BANDS], total = 0;

	memcpy(a, x, sizeof(a));
	memcpy(c, y, sizeof(c));
	for (size_t b = 0; b < BANDS; b++) {
		normalise(a + b, SEGMENT, BANDS);
		normalise(c + b, SEGMENT, BANDS);
	}
	for (size_t t = 0; t < SEGMENT; t++) {
		normalise(a + t * BANDS, BANDS, 1);
		normalise(c + t * BANDS, BANDS, 1);
	}
	for (size_t i = 0; i < SEGMENT * BANDS; i++)
		total += a[i] * c[i];
	return total / SEGMENT;
}

int cw_stoi(const struct cw_pair *p, struct cw_quality_value *stoi, struct cw_quality_value *estoi)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct samples x = {0}, y = {0};
	struct cw_fft *f = NULL;
	double *a = NULL, *b = NULL, s = 0, e = 0;
	size_t frames = 0, segments;
	int err;

	if (!scope)
		return ENOMEM;
	err = to_10k(scope, p->clean, p->n, p->rate_hz, &x);
	err = err ? err : to_10k(scope, p->heard, p->n, p->rate_hz, &y);
	err = err ? err : remove_silence(scope, &x, &y);
	err = err ? err : cw_fft_new(scope, POINTS, &f);
	err = err ? err : band_norms(scope, f, &x, &a, &frames);
	err = err ? err : band_norms(scope, f, &y, &b, &frames);
	if (err)
		return err;
	*stoi = *estoi = cw_absent("less than 0.4 s of speech");
	if (frames < SEGMENT)
		return 0;
	segments = frames - SEGMENT + 1;
	for (size_t m = 0; m < segments; m++) {
		s += segment_stoi(a + m * BANDS, b + m * BANDS);
		e += segment_estoi(a + m * BANDS, b + m * BANDS);
	}
	*stoi = cw_known(s / (double)segments);
	*estoi = cw_known(e / (double)segments);
	return 0;
}
