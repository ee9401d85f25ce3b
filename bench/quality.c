/*
 * quality.c: do the measures of audio/quality.h and audio/intrusive.h follow what was done to the sound, and what do they cost
 *
 * Speech: the speech_* sets of the shared data at 8 kHz (at most 12 s of a recording, half a second of digital silence taken off, its own
 * noise left in), at -26 dBov. What is done to it is known: noise at an SNR (mean power of the speech frames of the clean
 * clip to mean power of the noise), frames lost with concealment, peaks cut, an upper edge, clicks, a room. Printed: error and
 * correlation of the estimates with the truth. The shared data has no listening scores and no STOI values, so there is nothing of
 * that kind to compare with; STOI itself is checked against its definition in tests/audio/test_intrusive.c.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audio/effect.h"
#include "audio/g711.h"
#include "audio/intrusive.h"
#include "audio/noise_source.h"
#include "audio/quality.h"
#include "audio/resample.h"
#include "audio/vad.h"
#include "audio/wav.h"
#include "base/mem.h"
#include "base/rng.h"

#define CLIPS_MAX  60
#define CLIP_MAX   (12 * CW_RATE_HZ)
#define NOISES_MAX 12
#define SPEECH_RMS 1642.0 /* -26 dBov */
#define POINTS_MAX 4096

struct sound {
	char name[64];
	int16_t *pcm;
	size_t n;
	double rms; /* of a clip's speech frames, of all of a noise */
};

struct bench {
	struct sound clips[CLIPS_MAX], noises[NOISES_MAX];
	size_t n_clips, n_noises;
	char root[512];
};

struct points {
	double x[POINTS_MAX], y[POINTS_MAX];
	size_t n;
};

static void point(struct points *p, double x, struct cw_quality_value v)
{
	if (v.known && p->n < POINTS_MAX) {
		p->x[p->n] = x;
		p->y[p->n++] = v.v;
	}
}

static double mean_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : NAN;
}

static double correlation(const struct points *p)
{
	double mx = mean_of(p->x, p->n), my = mean_of(p->y, p->n), xx = 0, yy = 0, xy = 0;

	for (size_t i = 0; i < p->n; i++) {
		xx += (p->x[i] - mx) * (p->x[i] - mx);
		yy += (p->y[i] - my) * (p->y[i] - my);
		xy += (p->x[i] - mx) * (p->y[i] - my);
	}
	return xy / sqrt(xx * yy);
}

static void errors(const struct points *p, double lo, double hi, double *bias, double *rms)
{
	double sum = 0, squares = 0, n = 0;

	for (size_t i = 0; i < p->n; i++) {
		double d = p->y[i] - p->x[i];

		if (p->x[i] < lo || p->x[i] > hi)
			continue;
		sum += d;
		squares += d * d;
		n++;
	}
	*bias = sum / n;
	*rms = sqrt(squares / n);
}

static int16_t clamp(double v)
{
	return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
}

static double rms_of(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sqrt(sum / (double)(n ? n : 1));
}

/* Of the frames in which the clean clip is within 30 dB of its loud ones. */
static double speech_rms(const int16_t *pcm, size_t n)
{
	double top = 0, sum = 0;
	size_t frames = 0;

	for (size_t at = 0; at + CW_FRAME_SAMPLES <= n; at += CW_FRAME_SAMPLES)
		top = fmax(top, rms_of(pcm + at, CW_FRAME_SAMPLES));
	for (size_t at = 0; at + CW_FRAME_SAMPLES <= n; at += CW_FRAME_SAMPLES) {
		double r = rms_of(pcm + at, CW_FRAME_SAMPLES);

		if (r > top / 31.6) {
			sum += r * r;
			frames++;
		}
	}
	return sqrt(sum / (double)(frames ? frames : 1));
}

static void add_clip(struct bench *b, const char *path)
{
	struct sound *c = &b->clips[b->n_clips];
	double gain;

	if (b->n_clips == CLIPS_MAX || cw_wav_load_mono(b, path, CW_RATE_HZ, &c->pcm, &c->n, NULL) != 0)
		return;
	c->n = c->n < CLIP_MAX ? c->n : CLIP_MAX;
	if (c->n < CW_RATE_HZ)
		return;
	gain = SPEECH_RMS / speech_rms(c->pcm, c->n);
	for (size_t i = 0; i < c->n; i++)
		c->pcm[i] = clamp(gain * c->pcm[i]);
	c->rms = SPEECH_RMS;
	b->n_clips++;
}

static void add_noise(struct bench *b, const char *path)
{
	struct sound *s = &b->noises[b->n_noises];

	if (b->n_noises == NOISES_MAX || cw_wav_load_mono(b, path, CW_RATE_HZ, &s->pcm, &s->n, NULL) != 0)
		return;
	snprintf(s->name, sizeof(s->name), "%.40s", strrchr(path, '/') + 1);
	s->rms = rms_of(s->pcm, s->n);
	if (s->rms > 1)
		b->n_noises++;
}

static void each_file(struct bench *b, const char *folder, size_t limit, void (*add)(struct bench *b, const char *path))
{
	char path[1200];
	struct dirent **entries;
	int n;

	snprintf(path, sizeof(path), "%s/%s", b->root, folder);
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		printf("missing: %s\n", path);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(entries[i]->d_name);

		snprintf(path, sizeof(path), "%s/%s/%s", b->root, folder, entries[i]->d_name);
		if (limit && len > 4 && strcmp(entries[i]->d_name + len - 4, ".wav") == 0) {
			add(b, path);
			limit--;
		}
		cw_libc_free(entries[i]);
	}
	if (n >= 0)
		cw_libc_free(entries);
}

static void add_synthetic(struct bench *b, const char *kind)
{
	struct sound *s = &b->noises[b->n_noises++];
	struct cw_noise_source *source = NULL;
	struct cw_rng rng;

	snprintf(s->name, sizeof(s->name), "%s", kind);
	s->n = 20 * CW_RATE_HZ;
	s->pcm = talloc_array(b, int16_t, s->n);
	cw_rng_init(&rng, 7);
	if (cw_noise_source_new(b, &(struct cw_noise_conf){.kind = kind}, &rng, &source))
		exit(1);
	for (size_t at = 0; at < s->n; at += CW_FRAME_SAMPLES) {
		float x[CW_FRAME_SAMPLES] = {0};

		cw_noise_source_add(source, 0.05f, x);
		for (size_t i = 0; i < CW_FRAME_SAMPLES; i++)
			s->pcm[at + i] = clamp(32768 * (double)x[i]);
	}
	s->rms = rms_of(s->pcm, s->n);
}

static void mix(const struct sound *clip, const struct sound *noise, double snr_db, int16_t *out)
{
	double gain = clip->rms / noise->rms * pow(10, -snr_db / 20);

	for (size_t i = 0; i < clip->n; i++)
		out[i] = clamp(clip->pcm[i] + gain * noise->pcm[(i + 4000) % noise->n]);
}

/* ---- noise ---- */

static void noise_ladder(const struct bench *b, const struct sound *noise, struct points *all)
{
	static const double steps[] = {-5, 0, 5, 10, 15, 20, 25, 30};
	static struct points vad, wada, stoi, estoi, nsim, seg;
	double bias[2], rms[2];
	int16_t *out = talloc_array(NULL, int16_t, CLIP_MAX);

	vad.n = wada.n = stoi.n = estoi.n = nsim.n = seg.n = 0;
	for (size_t k = 0; k < b->n_clips; k++)
		for (size_t s = 0; s < CW_COUNT(steps); s++) {
			struct cw_quality q;
			struct cw_intrusive in;
			const struct sound *c = &b->clips[k];

			mix(c, noise, steps[s], out);
			if (cw_quality_measure(out, c->n, CW_RATE_HZ, &q) ||
				cw_intrusive_measure(c->pcm, c->n, out, c->n, CW_RATE_HZ, &in))
				exit(1);
			point(&vad, steps[s], q.of[CW_QUALITY_SNR_DB]);
			point(&wada, steps[s], q.of[CW_QUALITY_WADA_SNR_DB]);
			point(&stoi, steps[s], in.of[CW_INTRUSIVE_STOI]);
			point(&estoi, steps[s], in.of[CW_INTRUSIVE_ESTOI]);
			point(&nsim, steps[s], in.of[CW_INTRUSIVE_NSIM]);
			point(&seg, steps[s], in.of[CW_INTRUSIVE_SEG_SNR_DB]);
			point(&all[0], steps[s], q.of[CW_QUALITY_SNR_DB]);
			point(&all[1], steps[s], q.of[CW_QUALITY_WADA_SNR_DB]);
			point(&all[2], steps[s], in.of[CW_INTRUSIVE_STOI]);
			point(&all[3], steps[s], in.of[CW_INTRUSIVE_ESTOI]);
			point(&all[4], steps[s], in.of[CW_INTRUSIVE_NSIM]);
			point(&all[5], steps[s], in.of[CW_INTRUSIVE_SEG_SNR_DB]);
		}
	errors(&vad, 0, 20, &bias[0], &rms[0]);
	errors(&wada, 0, 20, &bias[1], &rms[1]);
	printf("%-28s %6.1f %5.1f %6.3f   %6.1f %5.1f %6.3f   %6.3f %6.3f %6.3f %6.3f\n", noise->name, bias[0], rms[0],
		correlation(&vad), bias[1], rms[1], correlation(&wada), correlation(&stoi), correlation(&estoi),
		correlation(&nsim), correlation(&seg));
	talloc_free(out);
}

static void print_steps(const struct points *all)
{
	static const char *const names[] = {"snr_db", "wada_snr_db", "stoi", "estoi", "nsim", "seg_snr_db"};

	printf("\nmeans over clips and noises at SNR   -5      0      5     10     15     20     25     30\n");
	for (size_t k = 0; k < CW_COUNT(names); k++) {
		printf("%-32s", names[k]);
		for (double s = -5; s <= 30; s += 5) {
			double sum = 0, n = 0;

			for (size_t i = 0; i < all[k].n; i++)
				if (fabs(all[k].x[i] - s) < 0.1) {
					sum += all[k].y[i];
					n++;
				}
			printf(" %6.*f", k < 2 || k == 5 ? 1 : 3, sum / n);
		}
		printf("\n");
	}
}

static void noises(const struct bench *b)
{
	static struct points all[6];
	double bias, rms;

	printf("snr_db and wada_snr_db: bias and root mean square error in dB at 0 … 20 dB, correlation with the true SNR at -5 … 30;\n"
	       "the rest: correlation with it\n");
	printf("%-28s %20s   %20s   %6s %6s %6s %6s\n", "noise", "snr_db  bias   rms     r", "wada  bias   rms     r",
		"stoi", "estoi", "nsim", "segsnr");
	for (size_t i = 0; i < b->n_noises; i++)
		noise_ladder(b, &b->noises[i], all);
	for (int k = 0; k < 2; k++) {
		errors(&all[k], 0, 20, &bias, &rms);
		printf("all: %s bias %.1f dB, rms %.1f dB, r %.3f (n=%zu)\n", k ? "wada_snr_db" : "snr_db", bias, rms,
			correlation(&all[k]), all[k].n);
	}
	print_steps(all);
}

/* ---- loss ---- */

static void losses(const struct bench *b)
{
	static const float shares[] = {0, 0.01f, 0.02f, 0.05f, 0.1f, 0.2f};
	static struct points stoi, nsim, mos, dropped;
	int16_t *out = talloc_zero_array(NULL, int16_t, CLIP_MAX + CW_FRAME_SAMPLES);

	printf("\nlost frames (bursts of 1.4, concealed by spandsp), line noise at 40 dB\n");
	printf("%8s %8s %8s %8s %8s %10s %10s\n", "loss", "lost", "stoi", "nsim", "mos_nsim", "dropouts", "per lost");
	stoi.n = nsim.n = mos.n = dropped.n = 0;
	for (size_t s = 0; s < CW_COUNT(shares); s++) {
		double lost = 0, frames = 0, found = 0, m[3] = {0};

		for (size_t k = 0; k < b->n_clips; k++) {
			const struct sound *c = &b->clips[k];
			struct cw_effects *e = NULL;
			struct cw_rng rng;
			struct cw_quality q;
			struct cw_intrusive in;
			size_t n = c->n - c->n % CW_FRAME_SAMPLES;

			cw_rng_init(&rng, 100 + k);
			if (cw_effects_new(NULL,
				    &(struct cw_effect_conf){
					    .noise = "white", .snr_db = 40, .loss_p = shares[s], .loss_r = 0.7f},
				    &rng, &e))
				exit(1);
			memcpy(out, c->pcm, c->n * sizeof(*out));
			for (size_t at = 0; at < n; at += CW_FRAME_SAMPLES)
				cw_effects_frame(e, out + at);
			lost += (double)cw_effects_lost(e);
			frames += (double)n / CW_FRAME_SAMPLES;
			if (cw_quality_measure(out, n, CW_RATE_HZ, &q) ||
				cw_intrusive_measure(c->pcm, n, out, n, CW_RATE_HZ, &in))
				exit(1);
			found += q.of[CW_QUALITY_DROPOUTS].v;
			m[0] += in.of[CW_INTRUSIVE_STOI].v / (double)b->n_clips;
			m[1] += in.of[CW_INTRUSIVE_NSIM].v / (double)b->n_clips;
			m[2] += in.of[CW_INTRUSIVE_MOS_NSIM].v / (double)b->n_clips;
			point(&stoi, (double)cw_effects_lost(e) / (double)n * CW_FRAME_SAMPLES,
				in.of[CW_INTRUSIVE_STOI]);
			point(&nsim, (double)cw_effects_lost(e) / (double)n * CW_FRAME_SAMPLES,
				in.of[CW_INTRUSIVE_NSIM]);
			point(&dropped, (double)cw_effects_lost(e), q.of[CW_QUALITY_DROPOUTS]);
			talloc_free(e);
		}
		printf("%7.0f%% %7.1f%% %8.3f %8.3f %8.2f %10.0f %10.2f\n", 100 * (double)shares[s],
			100 * lost / frames, m[0], m[1], m[2], found, lost > 0 ? found / lost : 0);
	}
	printf("correlation over clips: stoi with loss %.3f, nsim with loss %.3f, dropouts found with frames lost %.3f\n",
		correlation(&stoi), correlation(&nsim), correlation(&dropped));
	talloc_free(out);
}

/* ---- clipping, clicks, edges, rooms ---- */

static void clipping(const struct bench *b)
{
	static const double cuts_db[] = {0, 3, 6, 9, 12, 18};
	int16_t *out = talloc_array(NULL, int16_t, CLIP_MAX);

	printf("\npeaks cut below the loudest sample, samples cut off and found (%% of all), recordings called clipped; the same in mu-law\n");
	for (size_t s = 0; s < CW_COUNT(cuts_db); s++) {
		double truth = 0, found[2] = {0}, called[2] = {0};

		for (size_t k = 0; k < b->n_clips; k++) {
			const struct sound *c = &b->clips[k];
			struct cw_quality q;
			uint8_t code[CLIP_MAX];
			int peak = 0, limit;

			for (size_t i = 0; i < c->n; i++)
				peak = abs(c->pcm[i]) > peak ? abs(c->pcm[i]) : peak;
			limit = (int)(peak * pow(10, -cuts_db[s] / 20));
			for (size_t i = 0; i < c->n; i++) {
				out[i] = (int16_t)(c->pcm[i] > limit ? limit : c->pcm[i] < -limit ? -limit : c->pcm[i]);
				truth += abs(c->pcm[i]) > limit ? 100.0 / (double)c->n / (double)b->n_clips : 0;
			}
			for (int law = 0; law < 2; law++) {
				if (law) {
					cw_ulaw_encode(out, code, c->n);
					cw_ulaw_decode(code, out, c->n);
				}
				if (cw_quality_measure(out, c->n, CW_RATE_HZ, &q))
					exit(1);
				found[law] += 100 * q.of[CW_QUALITY_CLIPPING].v / (double)b->n_clips;
				called[law] += q.of[CW_QUALITY_CLIPPING].v > 0;
			}
		}
		printf("  %4.0f dB: cut %.3f, found %.3f in %2.0f of %zu; mu-law found %.3f in %2.0f\n", cuts_db[s],
			truth, found[0], called[0], b->n_clips, found[1], called[1]);
	}
	talloc_free(out);
}

static void clicks(const struct bench *b)
{
	int16_t *out = talloc_array(NULL, int16_t, CLIP_MAX);
	double put = 0, found = 0, before = 0, minutes = 0, dropouts = 0;
	struct cw_rng rng;

	cw_rng_init(&rng, 5);
	for (size_t k = 0; k < b->n_clips; k++) {
		const struct sound *c = &b->clips[k];
		struct cw_quality q;

		memcpy(out, c->pcm, c->n * sizeof(*out));
		if (cw_quality_measure(out, c->n, CW_RATE_HZ, &q))
			exit(1);
		before += q.of[CW_QUALITY_CLICKS].v;
		dropouts += q.of[CW_QUALITY_DROPOUTS].v;
		for (size_t at = 4000; at + 1000 < c->n; at += 8000, put++)
			out[at + cw_rng_below(&rng, 500)] = cw_rng_chance(&rng, 0.5) ? 16000 : -16000;
		if (cw_quality_measure(out, c->n, CW_RATE_HZ, &q))
			exit(1);
		found += q.of[CW_QUALITY_CLICKS].v;
		minutes += (double)c->n / CW_RATE_HZ / 60;
	}
	printf("\nclicks of one sample at -6 dBov, one a second: %.0f put in, %.0f found besides %.0f before (%.2f a minute of clean speech)\n",
		put, found - before, before, before / minutes);
	printf("dropouts found in the same clean speech: %.0f in %.1f minutes\n", dropouts, minutes);
	talloc_free(out);
}

static void edges(const struct bench *b)
{
	static const unsigned rates[] = {4000, 5500, 6000, 7000, 8000};

	printf("\nupper edge: speech through a lower rate and back\n");
	for (size_t s = 0; s < CW_COUNT(rates); s++) {
		double sum = 0, squares = 0, n = 0;

		for (size_t k = 0; k < b->n_clips; k++) {
			const struct sound *c = &b->clips[k];
			int16_t *low = c->pcm, *out = c->pcm;
			size_t n_low = c->n, n_out = c->n;
			struct cw_quality q;

			if (rates[s] != CW_RATE_HZ &&
				(cw_resample(NULL, CW_RATE_HZ, rates[s], c->pcm, c->n, &low, &n_low) ||
					cw_resample(low, rates[s], CW_RATE_HZ, low, n_low, &out, &n_out)))
				exit(1);
			if (cw_quality_measure(out, n_out, CW_RATE_HZ, &q))
				exit(1);
			sum += q.of[CW_QUALITY_BAND_HIGH_HZ].v;
			squares += q.of[CW_QUALITY_BAND_HIGH_HZ].v * q.of[CW_QUALITY_BAND_HIGH_HZ].v;
			n++;
			if (low != c->pcm)
				talloc_free(low);
		}
		printf("  %u Hz: found %.0f ± %.0f Hz\n", rates[s] / 2, sum / n,
			sqrt(fmax(0, squares / n - sum / n * sum / n)));
	}
}

static void rooms(struct bench *b)
{
	static const double decays_s[] = {0, 0.2, 0.4, 0.8, 1.6};
	static struct points p;
	int16_t *out = talloc_array(NULL, int16_t, CLIP_MAX);

	printf("\nclarity in rooms (direct sound, and noise decaying by 60 dB within the time, 3 dB above it)\n");
	for (size_t s = 0; s < CW_COUNT(decays_s); s++) {
		double sum = 0;

		for (size_t k = 0; k < b->n_clips; k += 4) {
			const struct sound *c = &b->clips[k];
			size_t taps = (size_t)(decays_s[s] * CW_RATE_HZ),
			       n = c->n < 4 * CW_RATE_HZ ? c->n : 4 * CW_RATE_HZ;
			double *h = talloc_zero_array(NULL, double, taps + 1), power = 0;
			struct cw_quality q;
			struct cw_rng rng;

			cw_rng_init(&rng, 3);
			for (size_t i = 1; i <= taps; i++) {
				h[i] = cw_rng_normal(&rng) * exp(-6.9 * (double)i / (double)taps);
				power += h[i] * h[i];
			}
			for (size_t i = 1; i <= taps; i++)
				h[i] *= sqrt(2 / power);
			h[0] = 1;
			for (size_t i = 0; i < n; i++) {
				double y = 0;

				for (size_t t = 0; t <= taps && t <= i; t++)
					y += h[t] * c->pcm[i - t];
				out[i] = clamp(0.5 * y);
			}
			if (cw_quality_measure(out, n, CW_RATE_HZ, &q))
				exit(1);
			sum += q.of[CW_QUALITY_CLARITY].v;
			point(&p, decays_s[s], q.of[CW_QUALITY_CLARITY]);
			talloc_free(h);
		}
		printf("  %.1f s: %.2f\n", decays_s[s], sum / ceil((double)b->n_clips / 4));
	}
	printf("correlation of clarity with the decay: %.3f\n", correlation(&p));
	talloc_free(out);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void cost(const struct bench *b)
{
	double seconds = 0, start, quality, intrusive;

	start = cpu_s();
	for (size_t k = 0; k < b->n_clips; k++) {
		struct cw_quality q;

		if (cw_quality_measure(b->clips[k].pcm, b->clips[k].n, CW_RATE_HZ, &q))
			exit(1);
		seconds += (double)b->clips[k].n / CW_RATE_HZ;
	}
	quality = cpu_s() - start;
	start = cpu_s();
	for (size_t k = 0; k < b->n_clips; k++) {
		struct cw_intrusive in;

		if (cw_intrusive_measure(
			    b->clips[k].pcm, b->clips[k].n, b->clips[k].pcm, b->clips[k].n, CW_RATE_HZ, &in))
			exit(1);
	}
	intrusive = cpu_s() - start;
	printf("\nprocessor time per second of audio at 8 kHz: quality %.1f ms, intrusive %.1f ms (%.0f s of speech)\n",
		1e3 * quality / seconds, 1e3 * intrusive / seconds, seconds);
}

int main(int argc, char **argv)
{
	static const char *const sets[] = {
		"speech_osr_harvard_8k", "speech_fleurs", "speech_ljspeech", "speech_speechbrain", "speech_jfk"};
	static const char *const kinds[] = {"white", "pink", "car", "traffic"};
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	CW_SCOPED struct bench *b = talloc_zero(NULL, struct bench);
	const char *root = getenv("CW_DATA");

	if (!b)
		return 1;
	snprintf(b->root, sizeof(b->root), "%s", root ? root : "../shared/data");
	for (size_t i = 0; i < CW_COUNT(sets); i++)
		each_file(b, sets[i], quick ? 2 : SIZE_MAX, add_clip);
	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		add_synthetic(b, kinds[i]);
	each_file(b, "noise", quick ? 2 : SIZE_MAX, add_noise);
	if (!b->n_clips) {
		printf("no speech under %s: set CW_DATA to the folder of the shared data\n", b->root);
		return 1;
	}
	printf("%zu clips, %zu noises\n", b->n_clips, b->n_noises);
	cost(b);
	noises(b);
	losses(b);
	clipping(b);
	clicks(b);
	edges(b);
	rooms(b);
	return 0;
}
