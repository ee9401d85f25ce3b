#include "caller/noise.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"

static const char *const names[] = {"cough", "door", "white", "hum", NULL};

const char *const *cw_noise_names(void)
{
	return names;
}

int cw_noise_of(const char *name, enum cw_noise *ret)
{
	for (int i = 0; i < CW_NOISE_N; i++) {
		if (!strcmp(names[i], name)) {
			*ret = (enum cw_noise)i;
			return 0;
		}
	}
	return EINVAL;
}

/* Loudness over time, 0 … 1, of a sound @len_s long. */
static double envelope(enum cw_noise kind, double t_s, double len_s)
{
	double in = t_s / len_s;

	switch (kind) {
	case CW_NOISE_COUGH: /* two bursts: a sharp one and a softer one */
		if (in < 0.5)
			return exp(-in * 9) * (1 - exp(-t_s * 400));
		return 0.6 * exp(-(in - 0.5) * 9) * (1 - exp(-(in - 0.5) * len_s * 400));
	case CW_NOISE_DOOR:
		return exp(-t_s * 25) * (1 - exp(-t_s * 1000));
	default:
		return fmin(1, fmin(t_s, len_s - t_s) * 100); /* 10 ms ramps */
	}
}

/* Next raw sample: noise through a one-pole filter, or a mains hum with odd harmonics. */
static double colour(enum cw_noise kind, double t_s, struct cw_rng *rng, double *memory)
{
	double white = cw_rng_normal(rng);

	switch (kind) {
	case CW_NOISE_COUGH:
		return *memory = 0.55 * *memory + white;
	case CW_NOISE_DOOR:
		return *memory = 0.93 * *memory + white;
	case CW_NOISE_HUM:
		return sin(2 * M_PI * 120 * t_s) + 0.4 * sin(2 * M_PI * 360 * t_s) + 0.05 * white;
	default:
		return white;
	}
}

/* Root mean square of colour(), so that levels compare. */
static double colour_rms(enum cw_noise kind)
{
	switch (kind) {
	case CW_NOISE_COUGH:
		return sqrt(1 / (1 - 0.55 * 0.55));
	case CW_NOISE_DOOR:
		return sqrt(1 / (1 - 0.93 * 0.93));
	case CW_NOISE_HUM:
		return sqrt(0.5 + 0.08 + 0.0025);
	default:
		return 1;
	}
}

int cw_noise_render(
	void *parent, enum cw_noise kind, unsigned ms, double level_db, struct cw_rng *rng, int16_t **ret, size_t *n)
{
	if (!ms || ms > CW_NOISE_MAX_MS)
		return EINVAL;

	size_t len = (size_t)ms * CW_RATE_HZ / 1000;
	int16_t *pcm = talloc_array(parent, int16_t, len);
	double scale = 32767 * pow(10, level_db / 20) / colour_rms(kind);
	double memory = 0;

	if (!pcm)
		return ENOMEM;
	for (size_t i = 0; i < len; i++) {
		double t_s = (double)i / CW_RATE_HZ;
		double v = scale * envelope(kind, t_s, ms / 1000.0) * colour(kind, t_s, rng, &memory);

		pcm[i] = (int16_t)lrint(fmax(-32767, fmin(32767, v)));
	}
	*ret = pcm;
	*n = len;
	return 0;
}
