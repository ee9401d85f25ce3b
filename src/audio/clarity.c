/*
 * Clarity and the band's upper edge: what spectra tell.
 *
 * Clarity is the speech-to-reverberation modulation energy ratio of Falk, Zheng and Chan 2010: envelopes of 23 gammatone bands from
 * 125 Hz on, each through 8 modulation filters (second order, Q = 2, 4 … 128 Hz evenly spaced in the logarithm), energy in
 * Hamming windows of 256 ms every 64 ms, averaged; the ratio of the first four filters to those from the fifth on, as far up as
 * the bandwidth of the band below which 90 % of the energy lie allows. Ours: envelopes are magnitudes of complex
 * filters, averaged to 1 kHz before they are filtered again; no voice detection.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/denormals.h"
#include "audio/fft.h"
#include "audio/gammatone.h"
#include "audio/quality_int.h"
#include "base/mem.h"

#define BANDS         23
#define MODULATIONS   8
#define LOW_HZ        125.0
#define ENVELOPE_HZ   1000
#define WINDOW        256 /* of envelope samples: 256 ms */
#define HOP           64
#define NEEDED_S      1
#define LARGEST_POWER 1e-9 /* silence below */
#define EDGE_DB       (-50.0)

struct modulation { /* second-order band pass, gain 1 at its centre */
	double centre_hz;
	double b0, a1, a2, x1, x2, y1, y2;
};

struct clarity {
	struct cw_gammatone band[BANDS];
	struct modulation filter[BANDS][MODULATIONS];
	double square[BANDS][MODULATIONS][WINDOW]; /* ring of the squares of filtered envelopes */
	double energy[BANDS][MODULATIONS];
	double window[WINDOW];
};

static void modulation_init(struct modulation *f, unsigned k)
{
	double centre = 4 * pow(128.0 / 4, k / (MODULATIONS - 1.0)), w = tan(M_PI * centre / ENVELOPE_HZ), b = w / 2;

	*f = (struct modulation){.centre_hz = centre,
		.b0 = b / (1 + b + w * w),
		.a1 = (2 * w * w - 2) / (1 + b + w * w),
		.a2 = (1 - b + w * w) / (1 + b + w * w)};
}

static double modulation_step(struct modulation *f, double x)
{
	double y = f->b0 * (x - f->x2) - f->a1 * f->y1 - f->a2 * f->y2;

	f->x2 = f->x1;
	f->x1 = x;
	f->y2 = f->y1;
	f->y1 = fabs(y) < 1e-30 ? 0 : y;
	return y;
}

/* Lower edge of a modulation filter at 3 dB (as the authors' programs place it). */
static double lower_cutoff(double centre_hz)
{
	return centre_hz - tan(M_PI * centre_hz / ENVELOPE_HZ) / 2 * ENVELOPE_HZ / (2 * M_PI);
}

/* How many modulation filters count: 5 … 8. */
static unsigned reach(const struct clarity *c)
{
	double total = 0, sum = 0, width = c->band[BANDS - 1].erb_hz;
	unsigned last = 5;

	for (int b = 0; b < BANDS; b++)
		for (int k = 0; k < MODULATIONS; k++)
			total += c->energy[b][k];
	for (int b = 0; b < BANDS; b++) {
		for (int k = 0; k < MODULATIONS; k++)
			sum += c->energy[b][k];
		if (sum > 0.9 * total) {
			width = c->band[b].erb_hz;
			break;
		}
	}
	while (last < MODULATIONS && width > lower_cutoff(c->filter[0][last].centre_hz))
		last++;
	return last;
}

static void add_window(struct clarity *c, size_t newest)
{
	for (int b = 0; b < BANDS; b++)
		for (int k = 0; k < MODULATIONS; k++) {
			double sum = 0;

			for (size_t i = 0; i < WINDOW; i++)
				sum += c->window[i] * c->square[b][k][(newest + 1 + i) % WINDOW];
			c->energy[b][k] += sum;
		}
}

static void run(struct clarity *c, const int16_t *pcm, size_t n, unsigned rate_hz)
{
	double sum[BANDS] = {0}, clock = 0;
	size_t made = 0, in = 0;

	for (size_t i = 0; i < n; i++) {
		for (int b = 0; b < BANDS; b++) {
			double complex z = cw_gammatone_step(&c->band[b], pcm[i] / 32768.0);

			sum[b] += sqrt(creal(z) * creal(z) + cimag(z) * cimag(z));
		}
		in++;
		clock += ENVELOPE_HZ;
		if (clock < rate_hz)
			continue;
		clock -= rate_hz;
		for (int b = 0; b < BANDS; b++) {
			for (int k = 0; k < MODULATIONS; k++) {
				double y = modulation_step(&c->filter[b][k], sum[b] / (double)in);

				c->square[b][k][made % WINDOW] = y * y;
			}
			sum[b] = 0;
		}
		in = 0;
		if (++made >= WINDOW && (made - WINDOW) % HOP == 0)
			add_window(c, (made - 1) % WINDOW);
	}
}

int cw_clarity_measure(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality_value *ret)
{
	CW_SCOPED struct clarity *c = NULL;
	double speech = 0, rest = 0;
	unsigned last, fpu;

	if (n < (size_t)NEEDED_S * rate_hz) {
		*ret = cw_absent("shorter than 1 s");
		return 0;
	}
	c = talloc_zero(NULL, struct clarity);
	if (!c)
		return ENOMEM;
	cw_gammatone_bank(c->band, BANDS, LOW_HZ, rate_hz / 2.0, rate_hz);
	for (int b = 0; b < BANDS; b++)
		for (unsigned k = 0; k < MODULATIONS; k++)
			modulation_init(&c->filter[b][k], k);
	for (int i = 0; i < WINDOW; i++) {
		double w = 0.54 - 0.46 * cos(2 * M_PI * i / (WINDOW - 1));

		c->window[i] = w * w;
	}
	fpu = cw_denormals_off();
	run(c, pcm, n, rate_hz);
	cw_denormals_restore(fpu);
	last = reach(c);
	for (int b = 0; b < BANDS; b++)
		for (unsigned k = 0; k < last; k++)
			*(k < 4 ? &speech : &rest) += c->energy[b][k];
	*ret = rest > 0 ? cw_known(speech / rest) : cw_absent("silence");
	return 0;
}

/* ---- the upper edge ---- */

#define EDGE_BINS  128
#define EDGE_HISTO 200 /* a histogram of levels per bin, 1 dB each, from -180 dB on */

struct edge {
	unsigned levels[EDGE_BINS + 1][EDGE_HISTO];
	unsigned frames;
};

static void edge_frame(struct edge *e, struct cw_fft *f, const int16_t *pcm)
{
	double power = 0;

	for (size_t i = 0; i < 2 * EDGE_BINS; i++) {
		double x = pcm[i] / 32768.0;
		double w = 0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / (2 * EDGE_BINS));

		power += x * x / (2 * EDGE_BINS);
		f->in[i] = (float)(x * w * w); /* squared: side lobes below -90 dB within a few bins */
	}
	if (power < LARGEST_POWER)
		return;
	cw_fft_forward(f);
	e->frames++;
	for (size_t k = 0; k <= EDGE_BINS; k++) {
		double re = (double)f->out[k][0], im = (double)f->out[k][1];
		double db = 10 * log10(re * re + im * im + 1e-18) + 180;

		e->levels[k][db < 0 ? 0 : db >= EDGE_HISTO ? EDGE_HISTO - 1 : (size_t)db]++;
	}
}

/* Level which one frame in twenty exceeds. */
static int loud_level(const struct edge *e, size_t bin)
{
	unsigned above = 0;

	for (int l = EDGE_HISTO - 1; l >= 0; l--) {
		above += e->levels[bin][l];
		if (above * 20 > e->frames)
			return l;
	}
	return 0;
}

int cw_band_edge(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality_value *ret)
{
	CW_SCOPED struct edge *e = talloc_zero(NULL, struct edge);
	struct cw_fft *f = NULL;
	int err, top = 0;

	if (!e)
		return ENOMEM;
	err = cw_fft_new(e, 2 * EDGE_BINS, &f);
	if (err)
		return err;
	for (size_t at = 0; at + 2 * EDGE_BINS <= n; at += EDGE_BINS)
		edge_frame(e, f, pcm + at);
	*ret = cw_absent("silence");
	if (!e->frames)
		return 0;
	for (size_t k = 0; k <= EDGE_BINS; k++) {
		int l = loud_level(e, k);

		top = l > top ? l : top;
	}
	for (size_t k = EDGE_BINS + 1; k-- > 0;)
		if (loud_level(e, k) >= top + (int)EDGE_DB) {
			*ret = cw_known((double)k * rate_hz / (2 * EDGE_BINS));
			break;
		}
	return 0;
}
