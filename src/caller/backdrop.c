#include "caller/backdrop.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "caller/noise.h"

#define FRAME    160
#define RING     ((CW_BACKDROP_DELAY_MAX_MS + 20) * (CW_RATE_HZ / 1000)) /* whole frames */
#define VOICES   2
#define FORMANTS 3

struct cw_backdrop {
	double gain;
	int16_t *tv;
	size_t tv_at, tv_n;
	uint64_t echo_left; /* samples */
	size_t echo_delay;
	double echo_gain;
	uint64_t heard; /* samples of the other's so far */
	int16_t ring[RING];
};

int cw_backdrop_new(void *parent, struct cw_backdrop **ret)
{
	struct cw_backdrop *b = talloc_zero(parent, struct cw_backdrop);

	if (!b)
		return ENOMEM;
	b->gain = 1;
	*ret = b;
	return 0;
}

/* ---- a television: two people who talk in turn, made of pitch and formants ---- */

struct voice {
	double pitch_hz, phase;
	double formant_hz[FORMANTS], memory[FORMANTS][2];
	unsigned syllable_left, syllable_len, gap_left;
	bool voiced;
};

static void next_syllable(struct voice *v, struct cw_rng *rng)
{
	static const double lowest[FORMANTS] = {300, 900, 2200}, span[FORMANTS] = {450, 1200, 800};

	v->syllable_len = v->syllable_left = 1000 + cw_rng_below(rng, 1200); /* 125 … 275 ms */
	v->gap_left = cw_rng_chance(rng, 0.15) ? 1600 + cw_rng_below(rng, 2400) : 160 + cw_rng_below(rng, 400);
	v->voiced = !cw_rng_chance(rng, 0.1);
	v->pitch_hz *= pow(2, cw_rng_normal(rng) * 0.06);
	v->pitch_hz = fmax(90, fmin(260, v->pitch_hz));
	for (int i = 0; i < FORMANTS; i++)
		v->formant_hz[i] = lowest[i] + span[i] * cw_rng_unit(rng);
}

/* Two-pole resonator of 100 Hz width. */
static double resonate(double memory[2], double hz, double in)
{
	double r = exp(-M_PI * 100 / CW_RATE_HZ);
	double y = in + 2 * r * cos(2 * M_PI * hz / CW_RATE_HZ) * memory[0] - r * r * memory[1];

	memory[1] = memory[0];
	memory[0] = y;
	return y;
}

static double speak(struct voice *v, struct cw_rng *rng)
{
	double in = 0, out = 0, loud = 0;

	if (v->syllable_left) {
		loud = sin(M_PI * v->syllable_left / v->syllable_len);
		v->syllable_left--;
	} else if (v->gap_left) {
		v->gap_left--;
	} else {
		next_syllable(v, rng);
	}
	v->phase += v->pitch_hz / CW_RATE_HZ;
	if (v->phase >= 1) {
		v->phase -= 1;
		in = 1;
	}
	if (!v->voiced)
		in = 0.1 * cw_rng_normal(rng);
	for (int i = 0; i < FORMANTS; i++)
		out += resonate(v->memory[i], v->formant_hz[i], in) / (1 + i);
	return out * loud;
}

int cw_backdrop_tv(struct cw_backdrop *b, unsigned ms, double level_db, struct cw_rng *rng)
{
	if (!ms || ms > CW_NOISE_MAX_MS)
		return EINVAL;

	size_t n = (size_t)ms * CW_RATE_HZ / 1000;
	int16_t *pcm = talloc_array(b, int16_t, n);
	CW_SCOPED double *raw = talloc_array(NULL, double, n);
	struct voice voices[VOICES] = {{.pitch_hz = 120}, {.pitch_hz = 205}};
	double peak = 1e-9;

	if (!pcm || !raw) {
		(void)talloc_free(pcm);
		return ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		size_t who = (i / (3 * CW_RATE_HZ)) % VOICES; /* they take turns of three seconds */

		raw[i] = speak(&voices[who], rng) + 0.15 * speak(&voices[(who + 1) % VOICES], rng);
		peak = fmax(peak, fabs(raw[i]));
	}
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)lrint(raw[i] / peak * 32767 * pow(10, fmin(level_db, 0) / 20));
	(void)talloc_free(b->tv);
	b->tv = pcm;
	b->tv_at = 0;
	b->tv_n = n;
	return 0;
}

/* ---- the others ---- */

int cw_backdrop_echo(struct cw_backdrop *b, unsigned ms, unsigned delay_ms, double level_db)
{
	if (!ms || delay_ms > CW_BACKDROP_DELAY_MAX_MS)
		return EINVAL;
	b->echo_left = (uint64_t)ms * CW_RATE_HZ / 1000;
	b->echo_delay = (size_t)delay_ms * CW_RATE_HZ / 1000;
	b->echo_gain = pow(10, fmin(level_db, 0) / 20);
	return 0;
}

void cw_backdrop_level(struct cw_backdrop *b, double level_db)
{
	b->gain = pow(10, fmin(level_db, 0) / 20);
}

void cw_backdrop_hear(const int16_t pcm[FRAME], void *backdrop)
{
	struct cw_backdrop *b = backdrop;

	memcpy(b->ring + b->heard % RING, pcm, FRAME * sizeof(*pcm));
	b->heard += FRAME;
}

static double echo_of(const struct cw_backdrop *b, size_t i)
{
	uint64_t back = b->echo_delay + FRAME - i; /* the frame heard last ends now */

	return back <= b->heard ? b->echo_gain * b->ring[(b->heard - back) % RING] : 0;
}

bool cw_backdrop_mix(int16_t pcm[FRAME], void *backdrop)
{
	struct cw_backdrop *b = backdrop;

	if (b->gain >= 1 && b->tv_at >= b->tv_n && !b->echo_left)
		return false;
	for (size_t i = 0; i < FRAME; i++) {
		double v = b->gain * pcm[i];

		if (b->tv_at < b->tv_n)
			v += b->tv[b->tv_at++];
		if (b->echo_left) {
			v += echo_of(b, i);
			b->echo_left--;
		}
		pcm[i] = (int16_t)lrint(fmax(-32768, fmin(32767, v)));
	}
	return true;
}
