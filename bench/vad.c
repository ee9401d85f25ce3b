/*
 * vad.c: how well the voice activity detector finds speech in noise, and what it costs
 *
 * Speech: the speech_* sets of the shared data at 8 kHz, two seconds of rest around each clip. Labels: energy of the clean clip
 * (above its 95th percentile - 30 dB, holes up to 200 ms closed, islands below 60 ms dropped); two frames on either side of a
 * border are not judged. Clips are brought to -26 dBov; noise is scaled against that level. The detector's answer is what a timeline
 * would hold: onset_frame to last_frame of each speech.
 * Reference for quality: an energy detector (floor = quietest frame of the last 2 s, 9 dB, the same onset and hangover).
 * Reference for cost: spandsp's DTMF detector on the same frames.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include <spandsp.h>

#include "audio/g711.h"
#include "audio/vad.h"
#include "audio/wav.h"
#include "base/rng.h"

#define CLIPS_MAX     100
#define CLIP_SECONDS  12 /* of a long recording */
#define REST_SAMPLES  (2 * CW_RATE_HZ)
#define SPEECH_RMS    1642 /* -26 dBov */
#define COLLAR        2
#define HOLE_FRAMES   10
#define ISLAND_FRAMES 3
#define NOISES_MAX    16
#define FLOOR_FRAMES  100 /* of the reference detector */
#define SYNTH_SAMPLES (20 * CW_RATE_HZ)

struct clip {
	int16_t *pcm;
	size_t frames;
	uint8_t *speech; /* per frame */
	uint8_t *judged;
	double power; /* of the speech frames */
};

struct noise {
	char name[40];
	int16_t *pcm;
	size_t n;
	double power;
};

struct score {
	unsigned long hit, miss, false_alarm;
	double starts_per_min; /* in pure noise */
};

struct bench {
	struct clip clips[CLIPS_MAX];
	size_t n_clips;
	struct noise noises[NOISES_MAX];
	size_t n_noises;
	char root[256];
};

/* Mark the frames which a detector takes for speech; returns how often it began. */
typedef unsigned mark_fn(const int16_t *pcm, size_t frames, uint8_t *speech);

static double mean_square(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return n ? sum / (double)n : 0;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Runs of @value which are shorter than @limit and lie between others become the other value. */
static void close_runs(uint8_t *flags, size_t n, uint8_t value, size_t limit)
{
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && flags[end] == flags[i]; end++)
			;
		if (flags[i] == value && end - i < limit && i > 0 && end < n)
			memset(flags + i, !value, end - i);
	}
}

/* 30 dB below the loud frames, but 10 dB above the recording's own noise, as far as that leaves 12 dB. */
static double threshold(const double *power, size_t n)
{
	double loud = power[n * 95 / 100], quiet = power[n / 10];
	double t = loud / 1000 > quiet * 10 ? loud / 1000 : quiet * 10;

	return t < loud / 16 ? t : loud / 16;
}

static void label(struct clip *c)
{
	double *power = talloc_array(NULL, double, c->frames), *sorted = talloc_array(power, double, c->frames),
	       sum = 0;
	size_t n = 0;

	size_t rest = REST_SAMPLES / CW_FRAME_SAMPLES, inner = c->frames - 2 * rest;
	double limit;

	for (size_t i = 0; i < c->frames; i++)
		power[i] = sorted[i] = mean_square(c->pcm + i * CW_FRAME_SAMPLES, CW_FRAME_SAMPLES);
	qsort(sorted + rest, inner, sizeof(*sorted), ascending);
	limit = threshold(sorted + rest, inner);
	for (size_t i = 0; i < c->frames; i++)
		c->speech[i] = power[i] > limit;
	close_runs(c->speech, c->frames, 0, HOLE_FRAMES + 1);
	close_runs(c->speech, c->frames, 1, ISLAND_FRAMES);
	memset(c->judged, 1, c->frames);
	for (size_t i = 0; i < c->frames; i++) {
		if (c->speech[i]) {
			sum += power[i];
			n++;
		}
		if (i && c->speech[i] != c->speech[i - 1])
			for (size_t k = i > COLLAR ? i - COLLAR : 0; k < i + COLLAR && k < c->frames; k++)
				c->judged[k] = 0;
	}
	c->power = n ? sum / (double)n : 0;
	talloc_free(power);
}

/* Telephone speech is at -26 dBov; some recordings are 25 dB below that. */
static void normalise(struct clip *c)
{
	double gain = c->power > 0 ? SPEECH_RMS / sqrt(c->power) : 0;

	for (size_t i = 0; i < c->frames * CW_FRAME_SAMPLES; i++) {
		double v = gain * c->pcm[i];

		c->pcm[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
	}
	c->power *= gain * gain;
}

static void add_clip(struct bench *b, const char *path)
{
	struct clip *c = &b->clips[b->n_clips];
	struct cw_why why = {0};
	char text[512];
	int16_t *pcm;
	size_t n;

	if (b->n_clips == CLIPS_MAX)
		return;
	if (cw_wav_load_mono(b, path, CW_RATE_HZ, &pcm, &n, &why) != 0) {
		fprintf(stderr, "%s\n", cw_why_str(&why, text, sizeof(text)));
		return;
	}
	n = n < CLIP_SECONDS * CW_RATE_HZ ? n : CLIP_SECONDS * CW_RATE_HZ;
	c->frames = (n + 2 * REST_SAMPLES) / CW_FRAME_SAMPLES;
	c->pcm = talloc_zero_array(b, int16_t, c->frames * CW_FRAME_SAMPLES + CW_FRAME_SAMPLES);
	c->speech = talloc_zero_array(b, uint8_t, c->frames);
	c->judged = talloc_zero_array(b, uint8_t, c->frames);
	memcpy(c->pcm + REST_SAMPLES, pcm, n * sizeof(*pcm));
	label(c);
	talloc_free(pcm);
	normalise(c);
	if (c->power > 0)
		b->n_clips++;
}

/* Call @add for every WAV file of a folder, in the order of names. False: the folder is not there. */
static bool each_file(struct bench *b, const char *folder, size_t limit, void (*add)(struct bench *b, const char *path))
{
	char path[1024];
	struct dirent **entries;
	int n;

	snprintf(path, sizeof(path), "%s/%s", b->root, folder);
	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0) {
		printf("missing: %s\n", path);
		return false;
	}
	for (int i = 0; i < n; i++) {
		size_t len = strlen(entries[i]->d_name);

		snprintf(path, sizeof(path), "%s/%s/%s", b->root, folder, entries[i]->d_name);
		if (limit && len > 4 && strcmp(entries[i]->d_name + len - 4, ".wav") == 0) {
			add(b, path);
			limit--;
		}
		cw_libc_free(entries[i]);
	}
	cw_libc_free(entries);
	return true;
}

static struct noise *new_noise(struct bench *b, const char *name)
{
	struct noise *n = &b->noises[b->n_noises];

	if (b->n_noises == NOISES_MAX)
		return NULL;
	snprintf(n->name, sizeof(n->name), "%s", name);
	return n;
}

static void add_noise_file(struct bench *b, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct noise *n = new_noise(b, name);

	if (!n || cw_wav_load_mono(b, path, CW_RATE_HZ, &n->pcm, &n->n, NULL) != 0)
		return;
	n->name[strlen(n->name) - 4] = 0;
	n->power = mean_square(n->pcm, n->n);
	b->n_noises++;
}

/* Pink: sum of white sources held for 1, 2, 4 … samples (R. Voss). */
static void add_synthetic(struct bench *b, const char *name, bool pink)
{
	struct noise *n = new_noise(b, name);
	struct cw_rng rng;
	double held[12] = {0};

	if (!n)
		return;
	cw_rng_init(&rng, pink ? 2 : 1);
	n->n = SYNTH_SAMPLES;
	n->pcm = talloc_array(b, int16_t, n->n);
	for (size_t i = 0; i < n->n; i++) {
		double v = cw_rng_normal(&rng);

		for (int k = 0; k < 12; k++) {
			if (pink && i % ((size_t)1 << k) == 0)
				held[k] = cw_rng_normal(&rng);
			v += held[k];
		}
		v *= pink ? 600 : 1500;
		n->pcm[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
	}
	n->power = mean_square(n->pcm, n->n);
	b->n_noises++;
}

static unsigned mark_vad(const int16_t *pcm, size_t frames, uint8_t *speech)
{
	struct cw_vad v;
	unsigned starts = 0;

	cw_vad_init(&v, NULL);
	memset(speech, 0, frames);
	for (size_t i = 0; i < frames; i++) {
		enum cw_vad_event e = cw_vad_feed(&v, pcm + i * CW_FRAME_SAMPLES);

		starts += e == CW_VAD_STARTED;
		if (e == CW_VAD_ENDED || (v.speech && i + 1 == frames))
			memset(speech + v.onset_frame, 1, v.last_frame - v.onset_frame + 1);
	}
	return starts;
}

static unsigned mark_energy(const int16_t *pcm, size_t frames, uint8_t *speech)
{
	double level[FLOOR_FRAMES];
	unsigned starts = 0, run = 0, quiet = 0;
	bool on = false;
	size_t last = 0;

	memset(speech, 0, frames);
	for (size_t i = 0; i < frames; i++) {
		double db = 10 *
			    log10(mean_square(pcm + i * CW_FRAME_SAMPLES, CW_FRAME_SAMPLES) / 1073741824.0 + 1e-10),
		       low = 0;

		level[i % FLOOR_FRAMES] = db < -65 ? -65 : db;
		for (size_t k = 0; k < FLOOR_FRAMES && k <= i; k++)
			low = level[k] < low ? level[k] : low;
		run = db > low + 9 ? run + 1 : 0;
		if (run)
			last = i;
		quiet = run ? 0 : quiet + 1;
		if (!on && run >= cw_vad_defaults.onset_frames) {
			on = true;
			starts++;
			memset(speech + i + 1 - run, 1, run);
		} else if (on && quiet >= cw_vad_defaults.hangover_frames) {
			on = false;
		} else if (on && run) {
			memset(speech + last + 1 - (quiet + 1), 1, quiet + 1);
			speech[i] = 1;
		}
	}
	close_runs(speech, frames, 0, cw_vad_defaults.hangover_frames);
	return starts;
}

/* @c with @n at @snr_db into @out; NULL noise gives the clean clip. */
static void mix(const struct clip *c, const struct noise *n, double snr_db, size_t at, int16_t *out)
{
	double gain = n ? sqrt(c->power / n->power / pow(10, snr_db / 10)) : 0;

	for (size_t i = 0; i < c->frames * CW_FRAME_SAMPLES; i++) {
		double v = c->pcm[i] + (n ? gain * n->pcm[(at + i) % n->n] : 0);

		out[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
	}
}

static struct score judge(const struct bench *b, const struct noise *n, double snr_db, mark_fn *mark)
{
	enum { ROOM = (CLIP_SECONDS + 5) * CW_RATE_HZ };
	int16_t *pcm = talloc_array(NULL, int16_t, ROOM);
	uint8_t *found = talloc_array(pcm, uint8_t, ROOM / CW_FRAME_SAMPLES);
	struct score s = {0};
	size_t at = 0;

	for (size_t k = 0; k < b->n_clips; k++) {
		const struct clip *c = &b->clips[k];

		mix(c, n, snr_db, at, pcm);
		at += c->frames * CW_FRAME_SAMPLES;
		(void)mark(pcm, c->frames, found); /* starts are counted in pure noise */
		for (size_t i = 0; i < c->frames; i++) {
			if (!c->judged[i])
				continue;
			s.hit += found[i] && c->speech[i];
			s.miss += !found[i] && c->speech[i];
			s.false_alarm += found[i] && !c->speech[i];
		}
	}
	talloc_free(pcm);
	if (n) {
		size_t frames = n->n / CW_FRAME_SAMPLES;
		uint8_t *marks = talloc_array(NULL, uint8_t, frames);

		s.starts_per_min = mark(n->pcm, frames, marks) * 3000.0 / (double)frames;
		talloc_free(marks);
	}
	return s;
}

static double precision(const struct score *s)
{
	return (double)s->hit / (double)(s->hit + s->false_alarm ? s->hit + s->false_alarm : 1);
}

static double recall(const struct score *s)
{
	return (double)s->hit / (double)(s->hit + s->miss ? s->hit + s->miss : 1);
}

static double f1(const struct score *s)
{
	double p = precision(s), r = recall(s);

	return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static void print_row(const char *noise, const char *snr, const struct score *v, const struct score *e)
{
	printf("%-26s %5s  %6.3f %6.3f %6.3f %7.1f  %6.3f %6.3f %6.3f %7.1f  %6.2f\n", noise, snr, precision(v),
		recall(v), f1(v), v->starts_per_min, precision(e), recall(e), f1(e), e->starts_per_min,
		f1(e) > 0 ? f1(v) / f1(e) : 0);
}

static void quality(const struct bench *b)
{
	static const double snrs[] = {20, 15, 10, 5};

	printf("%-26s %5s  %6s %6s %6s %7s  %6s %6s %6s %7s  %6s\n", "noise", "SNR", "prec", "recall", "F1", "starts",
		"energy:", "recall", "F1", "starts", "ratio");

	struct score v = judge(b, NULL, 0, mark_vad), e = judge(b, NULL, 0, mark_energy);

	print_row("none", "clean", &v, &e);
	for (size_t k = 0; k < CW_COUNT(snrs); k++) {
		struct score sum_v = {0}, sum_e = {0};
		char text[8];

		snprintf(text, sizeof(text), "%.0f", snrs[k]);
		for (size_t i = 0; i < b->n_noises; i++) {
			v = judge(b, &b->noises[i], snrs[k], mark_vad);
			e = judge(b, &b->noises[i], snrs[k], mark_energy);
			print_row(b->noises[i].name, text, &v, &e);
			sum_v = (struct score){sum_v.hit + v.hit, sum_v.miss + v.miss,
				sum_v.false_alarm + v.false_alarm,
				sum_v.starts_per_min + v.starts_per_min / (double)b->n_noises};
			sum_e = (struct score){sum_e.hit + e.hit, sum_e.miss + e.miss,
				sum_e.false_alarm + e.false_alarm,
				sum_e.starts_per_min + e.starts_per_min / (double)b->n_noises};
		}
		print_row("all", text, &sum_v, &sum_e);
	}
	printf("starts: per minute of the noise alone. ratio: F1 of the detector to F1 of the energy detector.\n");
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The median of several passes; each pass goes over all frames of the clips mixed at 20 dB, or over zeros. */
static double cost(const struct bench *b, bool dtmf, bool silence)
{
	enum { PASSES = 7, ROOM = (CLIP_SECONDS + 5) * CW_RATE_HZ };
	int16_t *pcm = talloc_zero_array(NULL, int16_t, ROOM);
	dtmf_rx_state_t *d = dtmf_rx_init(NULL, NULL, NULL);
	double ns[PASSES];
	struct cw_vad v;

	cw_vad_init(&v, NULL);
	for (int p = 0; p < PASSES; p++) {
		size_t frames = 0;

		ns[p] = 0;
		for (size_t k = 0; k < b->n_clips && k < 20; k++) {
			const struct clip *c = &b->clips[k];
			double begin;

			if (!silence)
				mix(c, b->n_noises ? &b->noises[0] : NULL, 20, 0, pcm);
			begin = now_ns();
			for (size_t i = 0; i < c->frames; i++) {
				if (dtmf)
					dtmf_rx(d, pcm + i * CW_FRAME_SAMPLES, CW_FRAME_SAMPLES);
				else
					(void)cw_vad_feed(&v, pcm + i * CW_FRAME_SAMPLES);
			}
			ns[p] += now_ns() - begin;
			frames += c->frames;
		}
		ns[p] /= (double)frames;
	}
	qsort(ns, PASSES, sizeof(ns[0]), ascending);
	dtmf_rx_free(d);
	talloc_free(pcm);
	return ns[PASSES / 2];
}

static void costs(const struct bench *b)
{
	double dtmf = cost(b, true, false), sound = cost(b, false, false), silence = cost(b, false, true);

	printf("\ncost per frame: %.0f ns in speech at 20 dB SNR, %.0f ns in digital silence; spandsp DTMF detector %.0f ns; "
	       "ratios %.2f and %.3f\n",
		sound, silence, dtmf, sound / dtmf, silence / dtmf);
}

int main(void)
{
	static const struct {
		const char *folder;
		size_t limit;
	} sets[] = {{"speech_an4", 30}, {"speech_fleurs", 15}, {"speech_jfk", 1}, {"speech_ljspeech", 8},
		{"speech_osr_harvard_8k", 2}, {"speech_speechbrain", 5}, {"telephony_ulaw_prompts", 8}};
	CW_SCOPED struct bench *b = talloc_zero(NULL, struct bench);
	const char *root = getenv("CW_DATA");
	bool whole = true;

	if (!b)
		return 1;
	snprintf(b->root, sizeof(b->root), "%s", root ? root : "../shared/data");
	for (size_t i = 0; i < CW_COUNT(sets); i++)
		whole &= each_file(b, sets[i].folder, sets[i].limit, add_clip);
	add_synthetic(b, "white", false);
	add_synthetic(b, "pink", true);
	whole &= each_file(b, "noise", NOISES_MAX, add_noise_file);
	if (!b->n_clips) {
		printf("bench/vad: skipped: no speech found in %s (set CW_DATA to the folder of shared data)\n",
			b->root);
		return 0;
	}
	if (!whole)
		printf("bench/vad: some sets are missing, see above; the figures are of the rest\n");
	printf("bench/vad: %zu clips, %zu noises\n", b->n_clips, b->n_noises);
	quality(b);
	costs(b);
	return 0;
}
