/*
 * How far speech stands above its noise, two ways, and both together.
 *
 * By amplitudes (Kim and Stern, Interspeech 2008): needs no pauses and holds in much noise, but takes a voice that is not gamma
 * distributed for noise from 20 dB on. By levels: the tenth of the frames with the least power (digital silence left out) is noise; holds
 * when there is little noise, and takes soft speech for noise when there are no pauses. Up to 12 dB the first is given, from 18 dB on the
 * second, between the two a mixture; between digital silences the better of the two. bench/quality.c measures all three.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "audio/activity.h"
#include "audio/g711.h"
#include "audio/quality_int.h"
#include "audio/resample.h"
#include "base/mem.h"

#define TABLE_FROM_DB (-20)
#define SILENT_S      0.01 /* zeros for this long are no sound */
#define NEEDED_S      0.5
#define ZERO          0.184 /* a sample rounded to 0: exp of the mean of ln |u|, u even over -0.5 … 0.5 */
#define AROUND_S      0.3   /* beside speech, that counts as its surroundings */
#define FRAME_S       0.02
#define MUTE          1e-9 /* power of a frame: -90 dBov */
#define QUIET_SHARE   10   /* one frame in so many */
#define LOUD_SHARE    1e-3 /* 30 dB below the loudest frame */
#define LOW_DB        12.0 /* up to here by amplitudes */
#define HIGH_DB       18.0 /* from here by levels */
#define MIN_DB        (-20.0)
#define MAX_DB        60.0

/*
 * ln E|z| - E ln|z| of z = x + v, |x| gamma distributed with shape 0.4 (speech), v normal (noise), at -20, -19 … 60 dB: our own
 * integration (tests/audio/test_quality.c repeats it another way and compares with the published table).
 */
static const double table[] = {
	0.409435,
	0.409459,
	0.409498,
	0.409556,
	0.409644,
	0.409777,
	0.409974,
	0.410265,
	0.410687,
	0.411293,
	0.412148,
	0.413339,
	0.414969,
	0.417164,
	0.420066,
	0.423839,
	0.428654,
	0.434691,
	0.442128,
	0.451128,
	0.461837,
	0.474368,
	0.488795,
	0.505151,
	0.523423,
	0.543551,
	0.565434,
	0.588934,
	0.613881,
	0.640087,
	0.667346,
	0.695450,
	0.724191,
	0.753365,
	0.782784,
	0.812272,
	0.841671,
	0.870839,
	0.899654,
	0.928012,
	0.955825,
	0.983020,
	1.009541,
	1.035341,
	1.060388,
	1.084657,
	1.108135,
	1.130813,
	1.152691,
	1.173772,
	1.194065,
	1.213581,
	1.232336,
	1.250346,
	1.267630,
	1.284208,
	1.300102,
	1.315332,
	1.329921,
	1.343892,
	1.357266,
	1.370065,
	1.382311,
	1.394026,
	1.405231,
	1.415945,
	1.426189,
	1.435983,
	1.445345,
	1.454293,
	1.462844,
	1.471016,
	1.478825,
	1.486286,
	1.493414,
	1.500225,
	1.506731,
	1.512947,
	1.518885,
	1.524557,
	1.529975,
};

double cw_wada_statistic(double snr_db)
{
	double at = snr_db - TABLE_FROM_DB;
	size_t k = at <= 0 ? 0 : at >= (double)(CW_COUNT(table) - 2) ? CW_COUNT(table) - 2 : (size_t)at;

	return table[k] + (table[k + 1] - table[k]) * (at - (double)k);
}

struct amplitudes {
	double sum, logs;
	size_t used, zeros, silent;
};

static void take(struct amplitudes *a, int16_t sample)
{
	double x = fabs((double)sample);

	a->zeros = sample ? 0 : a->zeros + 1;
	if (a->zeros == a->silent && a->used >= a->silent - 1) { /* take back those before */
		a->used -= a->silent - 1;
		a->sum -= ZERO * (double)(a->silent - 1);
		a->logs -= log(ZERO) * (double)(a->silent - 1);
	}
	if (a->zeros >= a->silent)
		return;
	x = x > 0 ? x : ZERO;
	a->sum += x;
	a->logs += log(x);
	a->used++;
}

static struct cw_quality_value estimate(const struct amplitudes *a, unsigned rate_hz)
{
	double g;

	if ((double)a->used < NEEDED_S * rate_hz)
		return cw_absent("less than 0.5 s that is not digital silence");
	g = log(a->sum / (double)a->used) - a->logs / (double)a->used;
	if (g <= table[0])
		return cw_known(TABLE_FROM_DB);
	for (size_t k = 1; k < CW_COUNT(table); k++)
		if (g < table[k])
			return cw_known(
				TABLE_FROM_DB + (double)(k - 1) + (g - table[k - 1]) / (table[k] - table[k - 1]));
	return cw_known(TABLE_FROM_DB + (double)CW_COUNT(table) - 1);
}

struct cw_quality_value cw_wada_snr(const int16_t *pcm, size_t n, unsigned rate_hz)
{
	struct amplitudes a = {.silent = (size_t)(SILENT_S * rate_hz)};

	for (size_t i = 0; i < n; i++)
		take(&a, pcm[i]);
	return estimate(&a, rate_hz);
}

/* Speech and what surrounds it only: a long wait would count as noise. */
static int wada_near_speech(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality_value *ret)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct amplitudes a = {.silent = (size_t)(SILENT_S * rate_hz)};
	size_t around = (size_t)(AROUND_S * rate_hz), done = 0, n_8k = n, count = 0;
	struct cw_activity *list = NULL;
	int16_t *at_8k = NULL;
	int err = 0;

	if (!scope)
		return ENOMEM;
	if (rate_hz != CW_RATE_HZ)
		err = cw_resample(scope, rate_hz, CW_RATE_HZ, pcm, n, &at_8k, &n_8k);
	err = err ? err : cw_activity_find(scope, at_8k ? at_8k : pcm, n_8k, NULL, &list, &count);
	if (err)
		return err;
	for (size_t k = 0; k < count; k++) {
		size_t from = (size_t)((double)list[k].from * rate_hz / CW_RATE_HZ);
		size_t to = (size_t)((double)list[k].to * rate_hz / CW_RATE_HZ) + around;

		from = from > around ? from - around : 0;
		for (size_t i = from > done ? from : done; i < to && i < n; i++)
			take(&a, pcm[i]);
		done = to;
	}
	*ret = estimate(&a, rate_hz);
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Power of the quiet frames and of the loud ones; false: too few frames. @mute: share of frames that are digital silence. */
static bool levels(const int16_t *pcm, size_t n, size_t len, double *frame, double *quiet, double *loud, double *mute)
{
	size_t frames = 0, all = 0, few, many = 0;

	for (size_t at = 0; at + len <= n; at += len, all++) {
		double sum = 0;

		for (size_t i = at; i < at + len; i++)
			sum += (double)pcm[i] * pcm[i];
		sum /= (double)len * 32768 * 32768;
		if (sum > MUTE)
			frame[frames++] = sum;
	}
	if ((double)frames < NEEDED_S / FRAME_S)
		return false;
	qsort(frame, frames, sizeof(*frame), ascending);
	few = frames / QUIET_SHARE;
	*quiet = *loud = 0;
	for (size_t i = 0; i < few; i++)
		*quiet += frame[i] / (double)few;
	for (size_t i = frames; i-- > 0 && frame[i] > LOUD_SHARE * frame[frames - 1]; many++)
		*loud += frame[i];
	*loud /= (double)many;
	*mute = 1 - (double)frames / (double)all;
	return true;
}

static double within(double db)
{
	return db < MIN_DB ? MIN_DB : db > MAX_DB ? MAX_DB : db;
}

int cw_snr_measure(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_snr *ret)
{
	size_t len = (size_t)(FRAME_S * rate_hz);
	CW_SCOPED double *frame = talloc_array(NULL, double, n / len + 1);
	double quiet, loud, mute, by_level, share;
	int err = frame ? wada_near_speech(pcm, n, rate_hz, &ret->wada_db) : ENOMEM;

	if (err)
		return err;
	if (!levels(pcm, n, len, frame, &quiet, &loud, &mute) || !ret->wada_db.known) {
		ret->snr_db = ret->noise_dbov = cw_absent("less than 0.5 s that is not digital silence");
		return 0;
	}
	by_level = loud > quiet ? 10 * log10(loud / quiet - 1) : MIN_DB;
	if (mute >=
		1.0 / QUIET_SHARE) { /* cut out of digital silence: its softest frames are speech, or noise behind a gate */
		ret->noise_dbov = cw_absent("digital silence");
		ret->snr_db = cw_known(within(fmax(by_level, ret->wada_db.v)));
		return 0;
	}
	ret->noise_dbov = cw_known(10 * log10(quiet));
	share = (ret->wada_db.v - LOW_DB) / (HIGH_DB - LOW_DB);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	ret->snr_db = cw_known(within((1 - share) * ret->wada_db.v + share * by_level));
	return 0;
}
