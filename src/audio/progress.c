/* Detection of call-progress tones: 50 ms blocks become symbols, runs of symbols become tones. */
#include "audio/tone.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/g711.h"
#include "audio/vector.h"
#include "base/mem.h"

#define BLOCK          400   /* 50 ms: 440 and 480 Hz are two bins of the Hann window apart */
#define QUIET          1e-5f /* mean square below -50 dBov is silence */
#define TONAL_KURTOSIS 2.6f  /* one tone 1.5, two equal ones 2.25, noise 3 */
#define PURE_KURTOSIS  1.75f
#define PURE           0.02f /* residual of a single sine */
#define EXPLAINED      0.8f  /* share of the energy which two tones must hold */
#define EACH           0.1f
#define STEADY_HZ      25.0f /* one tone may wander this much from block to block */
#define LONG_BLOCKS    9     /* dial tone, ringback and a long beep are sure after this */
#define BEEP_BLOCKS    2     /* the shortest beep */
#define SIT_BLOCKS     4     /* of each part of a special information tone */
#define FORGET_BLOCKS  160   /* 8 s after its end the same tone is news again */

enum symbol { SILENCE, OTHER, PAIR_DIAL, PAIR_RING, PAIR_BUSY, SINGLE };

struct cw_progress_rx {
	float hann[BLOCK];
	float x[BLOCK];
	size_t filled;
	enum symbol symbol;    /* of the current run */
	float hz;              /* of a run of SINGLE */
	unsigned run;          /* blocks */
	unsigned bursts;       /* of busy tone, alike and in a row */
	unsigned burst_blocks; /* length of the last one */
	unsigned sit_parts;    /* heard so far */
	enum cw_progress_tone told;
	unsigned since_told; /* blocks since it was last heard */
};

int cw_progress_rx_new(void *parent, struct cw_progress_rx **ret)
{
	struct cw_progress_rx *r = talloc_zero(parent, struct cw_progress_rx);

	if (!r)
		return ENOMEM;
	for (int i = 0; i < BLOCK; i++)
		r->hann[i] = 0.5f - 0.5f * cosf((float)(2 * M_PI) * ((float)i + 0.5f) / BLOCK);
	*ret = r;
	return 0;
}

/* Share of the windowed energy which a tone of @hz holds (Goertzel's algorithm). */
static float share(const float *windowed, float energy, float hz)
{
	float c = 2 * cosf((float)(2 * M_PI) * hz / CW_RATE_HZ), s1 = 0, s2 = 0;

	for (int i = 0; i < BLOCK; i++) {
		float s = windowed[i] + c * s1 - s2;

		s2 = s1;
		s1 = s;
	}
	return 3 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (BLOCK * energy);
}

/* A sine obeys x[n+1] + x[n-1] = 2 cos(w) x[n]: the best fit gives the frequency, what remains tells whether it is one
 * in noise. (Two tones near to each other fit as well: their amplitude beats, which is seen before.) */
static bool single_tone(const float *x, float *hz)
{
	float xx = 0, xs = 0, ss = 0;

	for (int i = 1; i < BLOCK - 1; i++) {
		float s = x[i - 1] + x[i + 1];

		xx += x[i] * x[i];
		xs += x[i] * s;
		ss += s * s;
	}

	float c = xs / (2 * xx);

	if (fabsf(c) >= 1 || (ss - 2 * c * xs) > PURE * 4 * xx)
		return false;
	*hz = acosf(c) * CW_RATE_HZ / (float)(2 * M_PI);
	return true;
}

static enum symbol pair_of_tones(const struct cw_progress_rx *r)
{
	static const struct {
		float hz[2];
		enum symbol symbol;
	} pairs[] = {{{350, 440}, PAIR_DIAL}, {{440, 480}, PAIR_RING}, {{480, 620}, PAIR_BUSY}};
	float windowed[BLOCK];

	for (int i = 0; i < BLOCK; i++)
		windowed[i] = r->x[i] * r->hann[i];

	float energy = cw_dot4(windowed, windowed, BLOCK);

	for (size_t k = 0; k < CW_COUNT(pairs); k++) {
		float a = share(windowed, energy, pairs[k].hz[0]), b = share(windowed, energy, pairs[k].hz[1]);

		if (a > EACH && b > EACH && a + b > EXPLAINED)
			return pairs[k].symbol;
	}
	return OTHER;
}

static enum symbol classify(const struct cw_progress_rx *r, float *hz)
{
	cw_float4 fourth = {0};
	float mean = cw_dot4(r->x, r->x, BLOCK) / BLOCK;

	if (mean < QUIET)
		return SILENCE;
	for (int i = 0; i < BLOCK; i += 4) {
		cw_float4 s = cw_load4(r->x + i);

		s *= s;
		fourth += s * s;
	}

	float kurtosis = cw_sum4(fourth) / BLOCK / (mean * mean);

	if (kurtosis > TONAL_KURTOSIS)
		return OTHER;
	if (kurtosis < PURE_KURTOSIS)
		return single_tone(r->x, hz) ? SINGLE : OTHER;
	return pair_of_tones(r);
}

/* A run of one symbol is over: what was it? */
static enum cw_progress_tone run_ended(struct cw_progress_rx *r, enum symbol next)
{
	if (r->symbol == PAIR_BUSY) {
		unsigned differ = r->run > r->burst_blocks ? r->run - r->burst_blocks : r->burst_blocks - r->run;

		r->bursts = differ <= 1 ? r->bursts + 1 : 1;
		r->burst_blocks = r->run;
		if (r->bursts >= 2 && r->run >= 3 && r->run <= 14)
			return r->run <= 7 ? CW_TONE_REORDER : CW_TONE_BUSY;
	} else if (r->symbol == SINGLE && next == SILENCE && !r->sit_parts && r->run >= BEEP_BLOCKS &&
		   r->run < LONG_BLOCKS) {
		return CW_TONE_BEEP;
	}
	return CW_TONE_NONE;
}

/* Special information tones step up through three frequencies (ITU-T E.180): count the parts. */
static enum cw_progress_tone sit_part(struct cw_progress_rx *r)
{
	static const float low[] = {890, 1340, 1740}, high[] = {1010, 1460, 1810};

	if (r->run != SIT_BLOCKS)
		return CW_TONE_NONE;
	if (r->sit_parts < 3 && r->hz > low[r->sit_parts] && r->hz < high[r->sit_parts])
		r->sit_parts++;
	else
		r->sit_parts = r->hz > low[0] && r->hz < high[0];
	return r->sit_parts == 3 ? CW_TONE_SIT : CW_TONE_NONE;
}

static enum cw_progress_tone run_goes_on(struct cw_progress_rx *r)
{
	if (r->symbol == SINGLE) {
		enum cw_progress_tone sit = sit_part(r);

		if (sit || r->run != LONG_BLOCKS)
			return sit;
		r->sit_parts = 0;
		return CW_TONE_BEEP;
	}
	if (r->symbol == SILENCE && r->run == 2)
		r->sit_parts = 0;
	if (r->run != LONG_BLOCKS)
		return CW_TONE_NONE;
	return r->symbol == PAIR_DIAL ? CW_TONE_DIAL : r->symbol == PAIR_RING ? CW_TONE_RINGBACK : CW_TONE_NONE;
}

static enum cw_progress_tone block(struct cw_progress_rx *r)
{
	float hz = 0;
	enum symbol s = classify(r, &hz);
	enum cw_progress_tone found = CW_TONE_NONE;

	if (s != r->symbol || (s == SINGLE && fabsf(hz - r->hz) > STEADY_HZ)) {
		found = run_ended(r, s);
		r->symbol = s;
		r->run = 0;
	}
	r->hz = hz;
	r->run++;
	if (!found)
		found = run_goes_on(r);
	if (++r->since_told > FORGET_BLOCKS)
		r->told = CW_TONE_NONE;
	if (!found)
		return CW_TONE_NONE;
	r->since_told = 0;
	if (found == r->told && found != CW_TONE_BEEP)
		return CW_TONE_NONE;
	r->told = found;
	return found;
}

enum cw_progress_tone cw_progress_rx_feed(struct cw_progress_rx *r, const int16_t *pcm, size_t n)
{
	enum cw_progress_tone found = CW_TONE_NONE;

	for (size_t i = 0; i < n; i++) {
		r->x[r->filled++] = (float)pcm[i] / 32768;
		if (r->filled == BLOCK) {
			enum cw_progress_tone t = block(r);

			r->filled = 0;
			found = t ? t : found;
		}
	}
	return found;
}
