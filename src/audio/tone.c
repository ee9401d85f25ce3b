#include "audio/tone.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include <spandsp.h>
#include <spandsp/expose.h> /* the detector's state, so that talloc owns it */

#include "audio/g711.h"
#include "base/mem.h"

#define DIGITS_MAX      128
#define KEY_MS_MAX      5000
#define PROGRESS_MS_MAX 600000
#define RAMP_SAMPLES    16      /* 2 ms at both ends: no click */
#define DBM0_TO_DBOV    (-6.18) /* a full-scale sine is 3.17 dBm0 in mu-law and -3.01 dBov */
#define KEY_LOW_DBM0    (-9)    /* the high tone is sent stronger, as lines weaken it more */
#define KEY_HIGH_DBM0   (-7)
#define SAMPLES(ms)     ((size_t)(ms) * (CW_RATE_HZ / 1000))

struct cw_dtmf_rx {
	dtmf_rx_state_t state;
	char began; /* in this block */
	bool in_digit;
};

static void key_changed(void *user, int code, int level, int delay)
{
	struct cw_dtmf_rx *d = user;

	(void)level;
	(void)delay;
	d->in_digit = code != 0;
	if (code && !d->began)
		d->began = (char)code;
}

/* The first initialisation in a process fills tables which all detectors share. */
static void fill_tables(void)
{
	dtmf_rx_state_t scratch;

	dtmf_rx_init(&scratch, NULL, NULL);
}

int cw_dtmf_rx_new(void *parent, struct cw_dtmf_rx **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct cw_dtmf_rx *d = talloc_zero(parent, struct cw_dtmf_rx);

	if (!d)
		return ENOMEM;
	(void)pthread_once(&once, fill_tables); /* fails for a broken once_t only */
	dtmf_rx_init(&d->state, NULL, NULL);
	dtmf_rx_set_realtime_callback(&d->state, key_changed, d);
	*ret = d;
	return 0;
}

char cw_dtmf_rx_feed(struct cw_dtmf_rx *d, const int16_t *pcm, size_t n)
{
	d->began = 0;
	(void)dtmf_rx(&d->state, pcm, (int)n); /* always takes all */
	return d->began;
}

bool cw_dtmf_rx_in_digit(const struct cw_dtmf_rx *d)
{
	return d->in_digit;
}

/* Add a sine of @n samples; phase 0 at the first one. */
static void add_sine(int16_t *out, size_t n, double hz, double dbm0)
{
	double peak = 32768 * M_SQRT2 * pow(10, (dbm0 + DBM0_TO_DBOV) / 20);

	for (size_t i = 0; i < n; i++) {
		size_t edge = i < n - 1 - i ? i : n - 1 - i;
		double ramp = edge < RAMP_SAMPLES ? (double)edge / RAMP_SAMPLES : 1;

		out[i] = (int16_t)(out[i] + lrint(ramp * peak * sin(2 * M_PI * hz * (double)i / CW_RATE_HZ)));
	}
}

/* Row and column frequency of a key (Q.23), or false. */
static bool key_tones(char digit, double *low_hz, double *high_hz)
{
	static const char keys[] = "123A456B789C*0#D";
	static const double rows[4] = {697, 770, 852, 941}, columns[4] = {1209, 1336, 1477, 1633};
	const char *at = digit ? strchr(keys, digit) : NULL;

	if (!at)
		return false;
	*low_hz = rows[(at - keys) / 4];
	*high_hz = columns[(at - keys) % 4];
	return true;
}

static size_t pause_ms(char c)
{
	return c == 'w' ? 500 : c == 'W' ? 1000 : 0;
}

int cw_dtmf_render(void *parent, const char *digits, unsigned on_ms, unsigned off_ms, int16_t **ret, size_t *n)
{
	size_t total = 0, at = 0;
	double low_hz, high_hz;

	if (on_ms < 1 || on_ms > KEY_MS_MAX || off_ms > KEY_MS_MAX || strlen(digits) > DIGITS_MAX)
		return EINVAL;
	for (const char *d = digits; *d; d++) {
		if (!pause_ms(*d) && !key_tones(*d, &low_hz, &high_hz))
			return EINVAL;
		total += SAMPLES(pause_ms(*d) ? pause_ms(*d) : on_ms + off_ms);
	}

	int16_t *pcm = talloc_zero_array(parent, int16_t, total);

	if (!pcm)
		return ENOMEM;
	for (const char *d = digits; *d; d++) {
		if (key_tones(*d, &low_hz, &high_hz)) {
			add_sine(pcm + at, SAMPLES(on_ms), low_hz, KEY_LOW_DBM0);
			add_sine(pcm + at, SAMPLES(on_ms), high_hz, KEY_HIGH_DBM0);
			at += SAMPLES(on_ms + off_ms);
		} else {
			at += SAMPLES(pause_ms(*d));
		}
	}
	*ret = pcm;
	*n = total;
	return 0;
}

/* One stretch of sound in a cadence; second frequency 0 = none. */
struct stretch {
	double hz[2];
	double dbm0;
	unsigned on_ms, off_ms;
};

static const struct cadence {
	struct stretch stretch[3];
	unsigned n;
	bool repeats;
} cadences[] = {
	[CW_TONE_DIAL] = {{{{350, 440}, -13, 1000, 0}}, 1, true},
	[CW_TONE_RINGBACK] = {{{{440, 480}, -19, 2000, 4000}}, 1, true},
	[CW_TONE_BUSY] = {{{{480, 620}, -24, 500, 500}}, 1, true},
	[CW_TONE_REORDER] = {{{{480, 620}, -24, 250, 250}}, 1, true},
	[CW_TONE_SIT] = {{{{913.8, 0}, -24, 274, 0}, {{1370.6, 0}, -24, 274, 0}, {{1776.7, 0}, -24, 380, 0}}, 3, false},
	[CW_TONE_BEEP] = {{{{1000, 0}, -13, 1000, 0}}, 1, true},
};

/* Both tones of @s; a stretch without a pause goes on to the end of the array in one piece. */
static size_t put_stretch(const struct stretch *s, bool endless, int16_t *out, size_t room)
{
	size_t n = endless ? room : SAMPLES(s->on_ms);

	n = n < room ? n : room;
	for (int i = 0; i < 2 && n; i++)
		if (s->hz[i] > 0)
			add_sine(out, n, s->hz[i], s->dbm0);
	n += SAMPLES(s->off_ms);
	return n < room ? n : room;
}

int cw_progress_render(void *parent, enum cw_progress_tone tone, unsigned ms, int16_t **ret, size_t *n)
{
	size_t total = SAMPLES(ms), at = 0;

	if (tone <= CW_TONE_NONE || tone > CW_TONE_BEEP || ms > PROGRESS_MS_MAX)
		return EINVAL;

	const struct cadence *c = &cadences[tone];
	int16_t *pcm = talloc_zero_array(parent, int16_t, total);

	if (!pcm)
		return ENOMEM;
	do {
		for (unsigned k = 0; k < c->n; k++)
			at += put_stretch(&c->stretch[k], c->repeats && !c->stretch[k].off_ms, pcm + at, total - at);
	} while (c->repeats && at < total);
	*ret = pcm;
	*n = total;
	return 0;
}
