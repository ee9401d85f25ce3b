#include "audio/intrusive.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/fft.h"
#include "audio/intrusive_int.h"
#include "audio/resample.h"
#include "base/mem.h"

#define FOUND       0.05 /* correlation below which the original is not there */
#define FRAME_S     0.02
#define RANGE       1e-4 /* 40 dB below the loudest frame: silence */
#define SEG_MIN_DB  (-10.0)
#define SEG_MAX_DB  35.0
#define LSD_POINTS  256
#define LSD_FLOOR   1e-6 /* 60 dB below the frame's peak */
#define LSD_LOW_HZ  300
#define LSD_HIGH_HZ 3400

static const char *const names[] = {"delay_ms", "delay_spread_ms", "drift_ppm", "gain_db", "stoi", "estoi", "nsim",
	"mos_nsim", "seg_snr_db", "lsd_db", NULL};

static const char *const abouts[] = {
	"the recording behind the original",
	"largest less smallest delay among pieces of 0.5 s",
	"slope of the delay: the recording's clock is slower when positive",
	"level of what correlates with the original, against it",
	"short-time objective intelligibility (Taal 2011)",
	"extended STOI (Jensen and Taal 2016)",
	"similarity of gammatone spectrograms (after Hines 2012), 0 … 1",
	"that on the scale 1 … 5 (not ViSQOL's own)",
	"mean over frames of 20 ms of speech, each within -10 … 35 dB",
	"log-spectral distance of 300 … 3400 Hz, dB; 0 = the same",
};

_Static_assert(CW_COUNT(names) == CW_INTRUSIVE_COUNT + 1 && CW_COUNT(abouts) == CW_INTRUSIVE_COUNT, "one of each");

const char *cw_intrusive_name(enum cw_intrusive_of of)
{
	return names[of];
}

const char *cw_intrusive_about(enum cw_intrusive_of of)
{
	return abouts[of];
}

const char *const *cw_intrusive_names(void)
{
	return names;
}

bool cw_intrusive_by_name(const char *name, enum cw_intrusive_of *ret)
{
	for (size_t i = 0; i < CW_INTRUSIVE_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*ret = (enum cw_intrusive_of)i;
			return true;
		}
	return false;
}

json_t *cw_intrusive_to_json(const struct cw_intrusive *i)
{
	return cw_values_to_json(i->of, names);
}

static float *to_float(void *parent, const int16_t *pcm, size_t n)
{
	float *x = talloc_array(parent, float, n + 1);

	for (size_t i = 0; x && i < n; i++)
		x[i] = (float)pcm[i] / 32768;
	return x;
}

int cw_intrusive_delay(const int16_t *clean, size_t n_clean, const int16_t *heard, size_t n_heard,
	int64_t *delay_samples, double *correlation)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	float *x = to_float(scope, clean, n_clean), *y = to_float(scope, heard, n_heard);

	if (!scope || !x || !y)
		return ENOMEM;
	return cw_align_whole(x, n_clean, y, n_heard, delay_samples, correlation);
}

/* Samples of any rate as floats at 8 or 16 kHz. */
static int bring(
	void *parent, const int16_t *pcm, size_t n, unsigned rate_hz, unsigned to_hz, float **ret, size_t *n_ret)
{
	int16_t *out = NULL;
	int err = rate_hz == to_hz ? 0 : cw_resample(parent, rate_hz, to_hz, pcm, n, &out, n_ret);

	if (err)
		return err;
	if (rate_hz == to_hz)
		*n_ret = n;
	*ret = to_float(parent, out ? out : pcm, *n_ret);
	return *ret ? 0 : ENOMEM;
}

static double power_of(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)x[i];
	return sum / (double)n;
}

static double loudest_frame(const struct cw_pair *p, size_t len)
{
	double top = 0;

	for (size_t at = 0; at + len <= p->n; at += len)
		top = fmax(top, power_of(p->clean + at, len));
	return top;
}

/* What of the recording is the original, by least squares. */
static double gain_of(const struct cw_pair *p)
{
	double xy = 0, xx = 0;

	for (size_t i = 0; i < p->n; i++) {
		xy += (double)p->clean[i] * (double)p->heard[i];
		xx += (double)p->clean[i] * (double)p->clean[i];
	}
	return xx > 0 ? xy / xx : 0;
}

static struct cw_quality_value seg_snr(const struct cw_pair *p, double gain)
{
	size_t len = (size_t)(FRAME_S * p->rate_hz), frames = 0;
	double top = loudest_frame(p, len), sum = 0;

	for (size_t at = 0; at + len <= p->n; at += len) {
		double signal = power_of(p->clean + at, len) * gain * gain, rest = 0, db;

		if (!(power_of(p->clean + at, len) > top * RANGE))
			continue;
		for (size_t i = at; i < at + len; i++) {
			double d = (double)p->heard[i] - gain * (double)p->clean[i];

			rest += d * d / (double)len;
		}
		db = rest > 0 ? 10 * log10(signal / rest) : SEG_MAX_DB;
		sum += fmin(SEG_MAX_DB, fmax(SEG_MIN_DB, db));
		frames++;
	}
	return frames ? cw_known(sum / (double)frames) : cw_absent("no frame of 20 ms with speech");
}

static void spectrum(struct cw_fft *f, const float *x, double *out)
{
	for (size_t i = 0; i < f->n; i++)
		f->in[i] = x[i] * (float)(0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / (double)f->n));
	cw_fft_forward(f);
	for (size_t k = 0; k <= f->n / 2; k++)
		out[k] = (double)(f->out[k][0] * f->out[k][0] + f->out[k][1] * f->out[k][1]);
}

/* Mean over speech of the root mean square of differences of log spectra; both lifted to 60 dB below the frame's peak. */
static int log_distance(const struct cw_pair *p, double gain, struct cw_quality_value *ret)
{
	size_t n = LSD_POINTS * (p->rate_hz / 8000), low = LSD_LOW_HZ * n / p->rate_hz,
	       high = LSD_HIGH_HZ * n / p->rate_hz;
	double a[LSD_POINTS + 1], b[LSD_POINTS + 1], top = loudest_frame(p, n), sum = 0;
	struct cw_fft *f = NULL;
	size_t frames = 0;
	int err = cw_fft_new(NULL, n, &f);

	if (err)
		return err;
	for (size_t at = 0; at + n <= p->n; at += n / 2) {
		double peak = 0, d = 0;

		if (!(power_of(p->clean + at, n) > top * RANGE))
			continue;
		spectrum(f, p->clean + at, a);
		spectrum(f, p->heard + at, b);
		for (size_t k = low; k <= high; k++)
			peak = fmax(peak, a[k]);
		for (size_t k = low; k <= high; k++) {
			double x = fmax(a[k], peak * LSD_FLOOR), y = fmax(b[k] / (gain * gain), peak * LSD_FLOOR);
			double db = 10 * log10(x / y);

			d += db * db;
		}
		sum += sqrt(d / (double)(high - low + 1));
		frames++;
	}
	talloc_free(f);
	*ret = frames ? cw_known(sum / (double)frames) : cw_absent("no frame of 32 ms with speech");
	return 0;
}

static void set_alignment(struct cw_intrusive *r, const struct cw_alignment *a, const struct cw_pair *p)
{
	double ms = 1000.0 / p->rate_hz;

	r->of[CW_INTRUSIVE_DELAY_MS] = cw_known((double)a->delay * ms);
	r->of[CW_INTRUSIVE_DELAY_SPREAD_MS] = cw_known((double)a->spread * ms);
	r->of[CW_INTRUSIVE_DRIFT_PPM] =
		isnan(a->drift) ? cw_absent("fewer than 4 pieces of 0.5 s could be placed") : cw_known(a->drift * 1e6);
}

static int compare(struct cw_intrusive *r, const struct cw_pair *p)
{
	double gain = gain_of(p);
	int err;

	if (!(fabs(gain) > 1e-6)) {
		for (size_t i = CW_INTRUSIVE_GAIN_DB; i < CW_INTRUSIVE_COUNT; i++)
			r->of[i] = cw_absent("the recording is silence where the original speaks");
		return 0;
	}
	r->of[CW_INTRUSIVE_GAIN_DB] = cw_known(20 * log10(fabs(gain)));
	r->of[CW_INTRUSIVE_SEG_SNR_DB] = seg_snr(p, gain);
	err = log_distance(p, gain, &r->of[CW_INTRUSIVE_LSD_DB]);
	err = err ? err : cw_stoi(p, &r->of[CW_INTRUSIVE_STOI], &r->of[CW_INTRUSIVE_ESTOI]);
	return err ? err : cw_nsim(p, &r->of[CW_INTRUSIVE_NSIM], &r->of[CW_INTRUSIVE_MOS_NSIM]);
}

int cw_intrusive_measure(const int16_t *clean, size_t n_clean, const int16_t *heard, size_t n_heard, unsigned rate_hz,
	struct cw_intrusive *ret)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	unsigned at_hz = rate_hz >= 16000 ? 16000 : 8000;
	const char *reason = "one of the two is silence or shorter than 50 ms";
	struct cw_alignment a = {0};
	struct cw_intrusive r;
	float *x = NULL, *y = NULL;
	size_t n_x = 0, n_y = 0;
	int err;

	if (rate_hz < 4000 || rate_hz > 192000)
		return EINVAL;
	if (!scope)
		return ENOMEM;
	err = bring(scope, clean, n_clean, rate_hz, at_hz, &x, &n_x);
	err = err ? err : bring(scope, heard, n_heard, rate_hz, at_hz, &y, &n_y);
	err = err ? err : cw_align(scope, x, n_x, y, n_y, at_hz, &a);
	if (!err && a.correlation < FOUND) {
		reason = "the original was not found in the recording";
		err = ENODATA;
	}
	if (!err) {
		const struct cw_pair p = {.clean = x, .heard = a.heard, .n = n_x, .rate_hz = at_hz};

		set_alignment(&r, &a, &p);
		err = compare(&r, &p);
	} else if (err == ENODATA) {
		for (size_t i = 0; i < CW_INTRUSIVE_COUNT; i++)
			r.of[i] = cw_absent(reason);
		err = 0;
	}
	if (!err)
		*ret = r;
	return err;
}
