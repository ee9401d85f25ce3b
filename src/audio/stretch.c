/* Effects on whole recordings: speed without pitch, and babble out of voices. */
#include "audio/effect.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/vector.h"
#include "base/mem.h"

#define WINDOW     240 /* 30 ms */
#define HOP        (WINDOW / 2)
#define SEARCH     80 /* a splice may move by 10 ms: one period of the deepest voice */
#define VOICES_MAX 32
#define DENSE      6      /* so many talk at once at least */
#define BABBLE_RMS 1642.0 /* -26 dBov */

/* Where within +-SEARCH of @at the input resembles what would have followed the last piece. */
static size_t best_splice(const float *x, size_t n, size_t at, size_t wanted)
{
	size_t from = at > SEARCH ? at - SEARCH : 0, to = at + SEARCH, best = at;
	float best_score = -1;

	to = to + HOP < n ? to : n - HOP;
	for (size_t p = from; p <= to; p++) {
		float r = cw_dot4(x + p, x + wanted, HOP);
		float score = r / sqrtf(cw_dot4(x + p, x + p, HOP) + 1e-9f);

		if (score > best_score) {
			best_score = score;
			best = p;
		}
	}
	return best;
}

/* Waveform-similarity overlap-add (Verhelst and Roelands, 1993). @x has WINDOW + SEARCH zeros behind its @n samples. */
static void stretch(const float *x, size_t n, double speed, float *out, size_t n_out)
{
	float window[WINDOW];
	size_t piece = 0;

	for (int i = 0; i < WINDOW; i++)
		window[i] = 0.5f - 0.5f * cosf((float)(2 * M_PI) * ((float)i + 0.5f) / WINDOW);
	for (size_t k = 0; k * HOP < n_out; k++) {
		size_t at = (size_t)((double)(k * HOP) * speed);

		if (at >= n)
			break;
		if (k)
			piece = best_splice(x, n + WINDOW, at, piece + HOP < n ? piece + HOP : n);
		for (size_t i = 0; i < WINDOW && k * HOP + i < n_out; i++)
			out[k * HOP + i] += x[piece + i] * (k == 0 && i < HOP ? 1 : window[i]);
	}
}

int cw_effect_speed(void *parent, const int16_t *in, size_t n, float speed, int16_t **ret, size_t *n_out)
{
	if (!(speed >= CW_EFFECT_SPEED_MIN && speed <= CW_EFFECT_SPEED_MAX))
		return EINVAL;

	size_t made = (size_t)((double)n / (double)speed);
	CW_SCOPED void *scope = talloc_new(NULL);
	float *x = scope ? talloc_zero_array(scope, float, n + 2 * WINDOW + SEARCH) : NULL;
	float *y = x ? talloc_zero_array(scope, float, made + 1) : NULL;
	int16_t *pcm = y ? talloc_array(scope, int16_t, made + 1) : NULL;

	if (!pcm)
		return ENOMEM;
	for (size_t i = 0; i < n; i++)
		x[i] = in[i];
	stretch(x, n, (double)speed, y, made);
	for (size_t i = 0; i < made; i++)
		pcm[i] = (int16_t)(y[i] > 32767 ? 32767 : y[i] < -32768 ? -32768 : lrintf(y[i]));
	*ret = talloc_steal(parent, pcm);
	*n_out = made;
	return 0;
}

static double power_of(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return n ? sum / (double)n : 0;
}

static void add_voice(float *out, size_t n, const int16_t *voice, size_t length, size_t at)
{
	float gain = (float)(1 / sqrt(power_of(voice, length)));

	for (size_t i = 0; i < n; i++) {
		out[i] += gain * voice[at];
		at = at + 1 == length ? 0 : at + 1;
	}
}

int cw_effect_babble(void *parent, const int16_t *const *voices, const size_t *lengths, size_t n_voices, size_t n,
	struct cw_rng *rng, int16_t **ret)
{
	size_t talking = 0;

	if (n_voices > VOICES_MAX)
		return EINVAL;

	CW_SCOPED void *scope = talloc_new(NULL);
	float *sum = scope ? talloc_zero_array(scope, float, n + 1) : NULL;
	int16_t *pcm = sum ? talloc_zero_array(scope, int16_t, n + 1) : NULL;
	double power = 0;

	if (!pcm)
		return ENOMEM;
	for (size_t k = 0; k < n_voices || (talking && talking < DENSE); k++) {
		size_t v = k % n_voices;

		if (lengths[v] > UINT32_MAX || power_of(voices[v], lengths[v]) < 1)
			continue;
		talking++;
		add_voice(sum, n, voices[v], lengths[v], cw_rng_below(rng, (uint32_t)lengths[v]));
	}
	if (!talking)
		return EINVAL;
	for (size_t i = 0; i < n; i++)
		power += (double)sum[i] * (double)sum[i] / (double)n;
	for (size_t i = 0; i < n && power > 0; i++) {
		double s = (double)sum[i] * BABBLE_RMS / sqrt(power);

		pcm[i] = (int16_t)(s > 32767 ? 32767 : s < -32768 ? -32768 : lrint(s));
	}
	*ret = talloc_steal(parent, pcm);
	return 0;
}
