/*
 * signals.h: synthetic sounds for the tests of this folder, each written into (added to) an array of 8 kHz samples
 *
 * Levels are dBov of the sound alone. The same seed gives the same sound.
 */
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct noise_source {
	uint64_t state;
};

static inline double noise_unit(struct noise_source *s)
{
	s->state = s->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(s->state >> 11) / 9007199254740992.0;
}

static inline double noise_normal(struct noise_source *s)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += noise_unit(s);
	return sum;
}

static inline void put(int16_t *at, double value)
{
	double v = *at + value;

	*at = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
}

static inline double amplitude(double dbov)
{
	return 32768 * pow(10, dbov / 20);
}

static inline void add_white(int16_t *pcm, size_t n, double dbov, uint64_t seed)
{
	struct noise_source s = {.state = seed};

	for (size_t i = 0; i < n; i++)
		put(&pcm[i], amplitude(dbov) * noise_normal(&s));
}

static inline void add_sine(int16_t *pcm, size_t n, double hz, double dbov)
{
	for (size_t i = 0; i < n; i++)
		put(&pcm[i], amplitude(dbov) * M_SQRT2 * sin(2 * M_PI * hz * (double)i / 8000));
}

/* Mains hum: the fundamental and its first harmonics, each 8 dB below the one before. */
static inline void add_hum(int16_t *pcm, size_t n, double hz, double dbov)
{
	for (int k = 1; k <= 5; k++)
		add_sine(pcm, n, hz * k, dbov - 8 * (k - 1));
}

/* A vowel: glottal pulses with vibrato through three resonances, syllables of 250 ms with dips between them. */
static inline void add_vowel(int16_t *pcm, size_t n, double pitch_hz, double dbov)
{
	static const double formant[3] = {600, 1300, 2500}, width[3] = {80, 100, 150};
	double y[3][2] = {{0}}, phase = 0, power = 0;
	double gain = 1;

	for (int pass = 0; pass < 2; pass++) {
		memset(y, 0, sizeof(y));
		phase = 0;
		for (size_t i = 0; i < n; i++) {
			double t = (double)i / 8000, x, syllable = fabs(sin(M_PI * t / 0.25));

			phase += pitch_hz * (1 + 0.04 * sin(2 * M_PI * 5 * t)) / 8000;
			x = phase >= 1 ? 1 : 0;
			phase -= x;
			for (int k = 0; k < 3; k++) {
				double r = exp(-M_PI * width[k] / 8000);
				double v = x + 2 * r * cos(2 * M_PI * formant[k] / 8000) * y[k][0] - r * r * y[k][1];

				y[k][1] = y[k][0];
				y[k][0] = v;
				x = v;
			}
			x *= 0.1 + 0.9 * syllable;
			if (pass == 0)
				power += x * x / (double)n;
			else
				put(&pcm[i], gain * x);
		}
		gain = amplitude(dbov) / sqrt(power);
	}
}

/* Words of random bits at @baud as continuous-phase tones of 1200 and 2200 Hz; @word_ms sound, @gap_ms silence. */
static inline void add_fsk(int16_t *pcm, size_t n, double baud, unsigned word_ms, unsigned gap_ms, double dbov)
{
	struct noise_source s = {.state = 7};
	double phase = 0, bit_left = 0, hz = 1200;
	size_t word = word_ms * 8, period = (word_ms + gap_ms) * 8;

	for (size_t i = 0; i < n; i++) {
		if (--bit_left <= 0) {
			bit_left += 8000 / baud;
			hz = noise_unit(&s) < 0.5 ? 1200 : 2200;
		}
		phase += 2 * M_PI * hz / 8000;
		if (i % period < word)
			put(&pcm[i], amplitude(dbov) * M_SQRT2 * sin(phase));
	}
}

/* Words as the modem engine speaks them: 1200 bit/s, an idle pattern 1010… of @word_ms, a packet of 100 ms, 15 ms of silence. */
static inline void add_modem(int16_t *pcm, size_t n, unsigned word_ms, double dbov)
{
	struct noise_source s = {.state = 7};
	double phase = 0, bit_left = 0;
	unsigned bit = 0;
	size_t idle = word_ms * 8, packet = 800, gap = 120;

	for (size_t i = 0; i < n; i++) {
		size_t at = i % (idle + packet + gap);

		if (--bit_left <= 0) {
			bit_left += 8000 / 1200.0;
			bit = at < idle ? !bit : noise_unit(&s) < 0.5;
		}
		phase += 2 * M_PI * (bit ? 1200 : 2200) / 8000;
		if (at < idle + packet)
			put(&pcm[i], amplitude(dbov) * M_SQRT2 * sin(phase));
	}
}
