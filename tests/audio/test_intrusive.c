#include "testing.h"

#include "audio/effect.h"
#include "audio/intrusive.h"
#include "audio/intrusive_int.h"
#include "base/rng.h"
#include "signals.h"

#include <errno.h>

#define RATE    8000
#define SECONDS 6
#define N       (SECONDS * RATE)

static int16_t clean[N], heard[2 * N];

static void assert_near(double value, double want, double tolerance)
{
	if (!(fabs(value - want) <= tolerance))
		fail_msg("%g is not within %g of %g", value, tolerance, want);
}

static int prepare(void **state)
{
	memset(clean, 0, sizeof(clean));
	memset(heard, 0, sizeof(heard));
	for (size_t at = 2000; at + 8000 <= N; at += 9000)
		add_vowel(clean + at, 7000, 110 + (double)(at % 7) * 11, -26);
	add_white(clean, N, -70, 3);
	for (size_t at = 6000; at + 8000 <= N; at += 9000) /* consonants: a vowel alone fits itself one period later */
		add_white(clean + at, 3000, -38, at);
	memcpy(heard, clean, sizeof(clean));
	return cw_test_setup(state);
}

static struct cw_intrusive measure(size_t n_heard)
{
	struct cw_intrusive r;

	assert_int_equal(cw_intrusive_measure(clean, N, heard, n_heard, RATE, &r), 0);
	return r;
}

static double value(const struct cw_intrusive *r, enum cw_intrusive_of of)
{
	if (!r->of[of].known)
		fail_msg("%s is absent: %s", cw_intrusive_name(of), r->of[of].reason);
	return r->of[of].v;
}

/* ---- STOI and ESTOI once more, straight from the papers: sums as they are written, no FFT ---- */

enum { FRAME = 256, HOP = 128, POINTS = 512, BANDS = 15, SEG = 30, FRAMES_MAX = 600 };

struct bands {
	double of[BANDS][FRAMES_MAX];
	int frames;
};

static double hann(int i)
{
	return 0.5 * (1 - cos(2 * M_PI * (i + 1) / (FRAME + 1)));
}

/* (1) of the paper: norms of third octaves of the discrete Fourier transform. */
static void third_octaves(const double *x, int n, struct bands *b)
{
	static double c[POINTS], s[POINTS];

	for (int i = 0; i < POINTS; i++) {
		c[i] = cos(2 * M_PI * i / POINTS);
		s[i] = sin(2 * M_PI * i / POINTS);
	}
	b->frames = 0;
	for (int at = 0; at < n - FRAME; at += HOP, b->frames++) {
		double power[POINTS / 2 + 1];

		for (int k = 0; k <= POINTS / 2; k++) {
			double re = 0, im = 0;

			for (int i = 0; i < FRAME; i++) {
				re += hann(i) * x[at + i] * c[k * i % POINTS];
				im -= hann(i) * x[at + i] * s[k * i % POINTS];
			}
			power[k] = re * re + im * im;
		}
		for (int j = 0; j < BANDS; j++) {
			int low = 0, high = 0;

			for (int k = 0; k <= POINTS / 2; k++) { /* the bins nearest to the edges */
				double f = k * 10000.0 / POINTS;

				if (fabs(f - 150 * pow(2, (2 * j - 1) / 6.0)) <
					fabs(low * 10000.0 / POINTS - 150 * pow(2, (2 * j - 1) / 6.0)))
					low = k;
				if (fabs(f - 150 * pow(2, (2 * j + 1) / 6.0)) <
					fabs(high * 10000.0 / POINTS - 150 * pow(2, (2 * j + 1) / 6.0)))
					high = k;
			}
			b->of[j][b->frames] = 0;
			for (int k = low; k < high; k++)
				b->of[j][b->frames] += power[k];
			b->of[j][b->frames] = sqrt(b->of[j][b->frames]);
		}
	}
}

static int cut_silence(const double *x, const double *y, int n, double *a, double *b)
{
	double top = 0;
	int kept = 0;

	memset(a, 0, sizeof(*a) * (size_t)n);
	memset(b, 0, sizeof(*b) * (size_t)n);
	for (int pass = 0; pass < 2; pass++)
		for (int at = 0; at < n - FRAME; at += HOP) {
			double e = 0;

			for (int i = 0; i < FRAME; i++)
				e += hann(i) * x[at + i] * hann(i) * x[at + i];
			if (pass == 0) {
				top = fmax(top, e);
			} else if (e > top * 1e-4) {
				for (int i = 0; i < FRAME; i++) {
					a[kept * HOP + i] += hann(i) * x[at + i];
					b[kept * HOP + i] += hann(i) * y[at + i];
				}
				kept++;
			}
		}
	return (kept - 1) * HOP + FRAME;
}

static double correlate(const double *x, const double *y, int n)
{
	double mx = 0, my = 0, xy = 0, xx = 0, yy = 0;

	for (int i = 0; i < n; i++) {
		mx += x[i] / n;
		my += y[i] / n;
	}
	for (int i = 0; i < n; i++) {
		xy += (x[i] - mx) * (y[i] - my);
		xx += (x[i] - mx) * (x[i] - mx);
		yy += (y[i] - my) * (y[i] - my);
	}
	return xy / sqrt(xx * yy);
}

static double direct_stoi(const struct bands *x, const struct bands *y)
{
	double total = 0;
	int terms = 0;

	for (int m = SEG; m <= x->frames; m++)
		for (int j = 0; j < BANDS; j++, terms++) {
			const double *a = &x->of[j][m - SEG], *b = &y->of[j][m - SEG];
			double xx = 0, yy = 0, c[SEG];

			for (int i = 0; i < SEG; i++) {
				xx += a[i] * a[i];
				yy += b[i] * b[i];
			}
			for (int i = 0; i < SEG; i++)
				c[i] = fmin(b[i] * sqrt(xx / yy), a[i] * (1 + pow(10, 15 / 20.0)));
			total += correlate(a, c, SEG);
		}
	return total / terms;
}

static double direct_estoi(const struct bands *x, const struct bands *y)
{
	double total = 0;
	int segments = 0;

	for (int m = SEG; m <= x->frames; m++, segments++) {
		double v[2][BANDS][SEG];

		for (int which = 0; which < 2; which++)
			for (int j = 0; j < BANDS; j++) {
				const double *a = &(which ? y : x)->of[j][m - SEG];
				double mean = 0, norm = 0;

				for (int i = 0; i < SEG; i++)
					mean += a[i] / SEG;
				for (int i = 0; i < SEG; i++)
					norm += (a[i] - mean) * (a[i] - mean);
				for (int i = 0; i < SEG; i++)
					v[which][j][i] = (a[i] - mean) / sqrt(norm);
			}
		for (int i = 0; i < SEG; i++) {
			double a[BANDS], b[BANDS];

			for (int j = 0; j < BANDS; j++) {
				a[j] = v[0][j][i];
				b[j] = v[1][j][i];
			}
			total += correlate(a, b, BANDS) / SEG;
		}
	}
	return total / segments;
}

/* Syllables of harmonics and a noise of many sines, so that the same sound exists at any rate. */
static void analytic(double rate_hz, int n, double noise, double *x, double *y)
{
	double phase[160], hz[160];
	struct noise_source r = {.state = 11};

	for (int k = 0; k < 160; k++) {
		phase[k] = 2 * M_PI * noise_unit(&r);
		hz[k] = 60 + 3700 * noise_unit(&r);
	}
	for (int i = 0; i < n; i++) {
		double t = i / rate_hz, v = 0, d = 0, pitch = 120 + 20 * sin(2 * M_PI * 0.7 * t);

		for (int k = 1; k < 26; k++)
			v += sin(2 * M_PI * k * (120 * t - 20 * cos(2 * M_PI * 0.7 * t) / (2 * M_PI * 0.7))) /
			     (1 + fabs(k * pitch - 600 - 500 * sin(2 * M_PI * 1.3 * t)) / 250);
		v *= 0.02 * fmax(0.02, sin(2 * M_PI * 2.1 * t)) * (fmod(t, 1.5) > 1.2 ? 0.001 : 1);
		for (int k = 0; k < 160; k++)
			d += sin(2 * M_PI * hz[k] * t + phase[k]);
		x[i] = v;
		y[i] = v + noise * d / sqrt(80);
	}
}

static void reference(double noise, double *stoi, double *estoi)
{
	enum { LEN = 40000 };
	static double x[LEN], y[LEN], a[LEN], b[LEN];
	static struct bands bx, by;
	int n;

	analytic(10000, LEN, noise, x, y);
	n = cut_silence(x, y, LEN, a, b);
	third_octaves(a, n, &bx);
	third_octaves(b, n, &by);
	*stoi = direct_stoi(&bx, &by);
	*estoi = direct_estoi(&bx, &by);
}

static void ours(double rate_hz, double noise, double *stoi, double *estoi)
{
	int n = (int)(4 * rate_hz);
	double *x = talloc_array(NULL, double, 2 * n), *y = x + n;
	float *fx = talloc_array(x, float, 2 * n), *fy = fx + n;
	struct cw_quality_value s, e;

	analytic(rate_hz, n, noise, x, y);
	for (int i = 0; i < n; i++) {
		fx[i] = (float)x[i];
		fy[i] = (float)y[i];
	}
	assert_int_equal(cw_stoi(&(struct cw_pair){fx, fy, (size_t)n, (unsigned)rate_hz}, &s, &e), 0);
	assert_true(s.known && e.known);
	*stoi = s.v;
	*estoi = e.v;
	talloc_free(x);
}

/* At 10 kHz nothing is resampled: equal to 1e-4 (single precision). From 8 and 16 kHz, through a filter that falls off below 4 kHz: 0.02. */
static void stoi_is_what_the_papers_say(void **state)
{
	static const double noises[] = {0, 0.001, 0.005, 0.02, 0.1};
	double last = 2;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(noises); i++) {
		double stoi, estoi, s, e;

		reference(noises[i], &stoi, &estoi);
		ours(10000, noises[i], &s, &e);
		assert_near(s, stoi, 1e-4);
		assert_near(e, estoi, 1e-4);
		ours(8000, noises[i], &s, &e);
		assert_near(s, stoi, 0.02);
		assert_near(e, estoi, 0.02);
		ours(16000, noises[i], &s, &e);
		assert_near(s, stoi, 0.02);
		assert_near(e, estoi, 0.02);
		assert_true(stoi < last);
		last = stoi;
		if (i == 0)
			assert_near(stoi, 1, 1e-9);
	}
}

/* The polynomial's values at its published ends: 1 gives 4.4568 (before ViSQOL scales it to 5), below 0.15 it is 1. */
static void opinions_of_similarity_are_those_published(void **state)
{
	(void)state;
	assert_near(cw_nsim_mos(1), 4.456782, 1e-6);
	assert_near(cw_nsim_mos(1) * 1.121886, 5, 1e-5);
	assert_near(cw_nsim_mos(0.1), 1, 0);
	for (double s = 0.66; s < 0.99; s += 0.01) /* not everywhere below */
		assert_true(cw_nsim_mos(s + 0.01) > cw_nsim_mos(s));
}

static void the_original_is_its_own_equal(void **state)
{
	struct cw_intrusive r = measure(N);

	(void)state;
	assert_near(value(&r, CW_INTRUSIVE_DELAY_MS), 0, 0);
	assert_near(value(&r, CW_INTRUSIVE_DELAY_SPREAD_MS), 0, 0);
	assert_near(value(&r, CW_INTRUSIVE_DRIFT_PPM), 0, 1);
	assert_near(value(&r, CW_INTRUSIVE_GAIN_DB), 0, 1e-6);
	assert_near(value(&r, CW_INTRUSIVE_STOI), 1, 1e-6);
	assert_near(value(&r, CW_INTRUSIVE_ESTOI), 1, 1e-6);
	assert_near(value(&r, CW_INTRUSIVE_NSIM), 1, 1e-6);
	assert_near(value(&r, CW_INTRUSIVE_SEG_SNR_DB), 35, 1e-6);
	assert_near(value(&r, CW_INTRUSIVE_LSD_DB), 0, 1e-6);
}

static void delay_gain_and_polarity_are_found(void **state)
{
	struct cw_intrusive r;
	int64_t delay;
	double c;

	(void)state;
	memset(heard, 0, sizeof(heard));
	for (size_t i = 0; i < N; i++)
		heard[i + 3217] = (int16_t)(-clean[i] / 2);
	r = measure(2 * N);
	assert_near(value(&r, CW_INTRUSIVE_DELAY_MS), 3217 / 8.0, 1e-9);
	assert_near(value(&r, CW_INTRUSIVE_GAIN_DB), -6.02, 0.01);
	assert_true(value(&r, CW_INTRUSIVE_STOI) > 0.999);
	assert_int_equal(cw_intrusive_delay(clean, N, heard, 2 * N, &delay, &c), 0);
	assert_int_equal(delay, 3217);
	assert_near(c, 1, 0.01);
	/* the beginning was not recorded */
	assert_int_equal(cw_intrusive_measure(clean, N, heard + 3217 + 1600, N - 1600, RATE, &r), 0);
	assert_near(value(&r, CW_INTRUSIVE_DELAY_MS), -200, 1e-9);
}

/* A buffer that jumps by 15 ms in the middle, and a clock that is 1000 ppm slow. */
static void changing_delays_are_followed(void **state)
{
	struct cw_intrusive r;

	(void)state;
	memset(heard, 0, sizeof(heard));
	memcpy(heard, clean, N / 2 * sizeof(*heard));
	memcpy(heard + N / 2 + 120, clean + N / 2, N / 2 * sizeof(*heard));
	r = measure(N + 120);
	assert_near(value(&r, CW_INTRUSIVE_DELAY_SPREAD_MS), 15, 0.2);
	assert_true(value(&r, CW_INTRUSIVE_STOI) > 0.97);
	memset(heard, 0, sizeof(heard));
	for (size_t i = 0; i < N; i++)
		heard[i] = clean[(size_t)((double)i / 1.001)];
	r = measure(N);
	assert_near(value(&r, CW_INTRUSIVE_DRIFT_PPM), 1000, 150);
	assert_true(value(&r, CW_INTRUSIVE_STOI) > 0.95);
}

static void noise_lowers_every_measure(void **state)
{
	static const enum cw_intrusive_of falling[] = {CW_INTRUSIVE_STOI, CW_INTRUSIVE_ESTOI, CW_INTRUSIVE_NSIM,
		CW_INTRUSIVE_MOS_NSIM, CW_INTRUSIVE_SEG_SNR_DB};
	struct cw_intrusive last = measure(N), r;

	(void)state;
	for (double dbov = -60; dbov <= -20; dbov += 10) {
		memcpy(heard, clean, sizeof(clean));
		add_white(heard, N, dbov, 5);
		r = measure(N);
		for (size_t i = 0; i < CW_COUNT(falling); i++)
			assert_true(value(&r, falling[i]) <= value(&last, falling[i]));
		assert_true(value(&r, CW_INTRUSIVE_LSD_DB) > value(&last, CW_INTRUSIVE_LSD_DB));
		last = r;
	}
	assert_true(value(&last, CW_INTRUSIVE_STOI) < 0.8);
}

static void lost_frames_are_heard(void **state)
{
	double last = 1.01;

	(void)state;
	for (unsigned every = 0; every <= 3; every++) {
		static const unsigned gap[] = {1000, 20, 8, 3};
		struct cw_intrusive r;

		memcpy(heard, clean, sizeof(clean));
		for (size_t at = 0; at + 160 <= N; at += 160 * gap[every])
			memset(heard + at + (at ? 0 : 160), 0, 160 * sizeof(*heard));
		r = measure(N);
		assert_true(value(&r, CW_INTRUSIVE_NSIM) < last);
		last = value(&r, CW_INTRUSIVE_NSIM);
	}
}

static void nothing_comes_from_nothing(void **state)
{
	struct cw_intrusive r;
	int64_t delay = 77;
	double c;

	(void)state;
	memset(heard, 0, sizeof(heard));
	r = measure(N);
	for (size_t i = 0; i < CW_INTRUSIVE_COUNT; i++)
		assert_true(!r.of[i].known && r.of[i].reason);
	r = measure(0);
	assert_false(r.of[CW_INTRUSIVE_STOI].known);
	heard[0] = 1000;
	r = measure(1);
	assert_false(r.of[CW_INTRUSIVE_STOI].known);
	add_white(heard, N, -20, 9); /* something else */
	r = measure(N);
	assert_false(r.of[CW_INTRUSIVE_STOI].known);
	assert_string_equal(r.of[CW_INTRUSIVE_STOI].reason, "the original was not found in the recording");
	assert_int_equal(cw_intrusive_measure(clean, N, heard, N, 3999, &r), EINVAL);
	assert_int_equal(cw_intrusive_measure(clean, N, heard, N, 200000, &r), EINVAL);
	memset(heard, 0, sizeof(heard));
	assert_int_equal(cw_intrusive_delay(clean, N, heard, N, &delay, &c), ENODATA);
	assert_int_equal(delay, 77);
}

static void short_words_have_no_intelligibility_but_a_delay(void **state)
{
	struct cw_intrusive r;

	(void)state;
	assert_int_equal(cw_intrusive_measure(clean + 2000, 1600, clean + 2000, 1600, RATE, &r), 0);
	assert_near(value(&r, CW_INTRUSIVE_DELAY_MS), 0, 0);
	assert_false(r.of[CW_INTRUSIVE_STOI].known);
	assert_string_equal(r.of[CW_INTRUSIVE_STOI].reason, "less than 0.4 s of speech");
	assert_false(r.of[CW_INTRUSIVE_DRIFT_PPM].known);
}

static void results_are_told_as_json(void **state)
{
	struct cw_intrusive r = measure(N);
	json_t *j = cw_intrusive_to_json(&r);
	enum cw_intrusive_of of;

	(void)state;
	if (!j)
		return; /* jansson was given no memory */
	assert_near(cw_json_num(j, "stoi", 0), 1, 1e-6);
	assert_int_equal(json_object_size(j), CW_INTRUSIVE_COUNT);
	json_decref(j);
	for (const char *const *name = cw_intrusive_names(); *name; name++)
		assert_true(cw_intrusive_by_name(*name, &of) && strcmp(cw_intrusive_name(of), *name) == 0 &&
			    *cw_intrusive_about(of));
	assert_false(cw_intrusive_by_name("pesq", &of));
}

static void memory_may_run_out(void **state)
{
	struct cw_intrusive r;
	int err;

	(void)prepare(state);
	err = cw_intrusive_measure(clean, 2 * RATE, heard, 2 * RATE, RATE, &r);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}

CW_OOM_BODY(memory_may_run_out)

#define WITH(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(CW_TEST(stoi_is_what_the_papers_say), CW_TEST(opinions_of_similarity_are_those_published),
	WITH(the_original_is_its_own_equal), WITH(delay_gain_and_polarity_are_found),
	WITH(changing_delays_are_followed), WITH(noise_lowers_every_measure), WITH(lost_frames_are_heard),
	WITH(nothing_comes_from_nothing), WITH(short_words_have_no_intelligibility_but_a_delay),
	WITH(results_are_told_as_json), CW_TEST_OOM(memory_may_run_out))
