#include "audio/vad.h"

#include <math.h>
#include <string.h>

#include "audio/g711.h" /* CW_FRAME_SAMPLES */
#include "audio/vector.h"

#define BLOCKS         4 /* of 5 ms in a frame: onsets and bangs are counted in these */
#define BLOCK_SAMPLES  (CW_FRAME_SAMPLES / BLOCKS)
#define DECIMATION     4
#define PITCH_SAMPLES  (CW_FRAME_SAMPLES / DECIMATION)
#define LAG_MIN        5     /* 400 Hz at 2 kHz */
#define LAG_MAX        28    /* 71 Hz */
#define STRETCH_FRAMES 6     /* of one stretch of the floor tracker: 16 of them are 1.92 s */
#define NEAR_DB        11.0f /* frames nearer than this to the quietest 5 ms tell the mean level of the noise */
#define SPREAD_MIN_DB  3.0f  /* white noise */
#define SPREAD_DB      5.0f  /* of mean above minimum before anything is known */
#define EVEN_SPREAD_DB 5.5f  /* noise of less spread is steady: speech need not stand out of it as far */
#define EVEN_SHARE     0.65f /* but at least this share of snr_db */
#define SPREAD_RATE    0.05f /* per frame */
#define LOOK_DB        3.0f  /* nearer to the floor than this nothing is looked at */
#define CARRY_DB       3.0f  /* speech goes on at this much less than it takes to begin */
#define SURE_VOICING   0.7f  /* so well voiced a frame may begin speech at SURE_DB less */
#define SURE_DB        3.0f
#define KEYED_KURTOSIS 2.1f  /* sine 1.5, two tones 2.25, Gaussian noise 3.0 +- 0.4 over one frame, speech above 3 */
#define KEYED_DB       12.0f /* a keyed tone must stand this far above the floor */
#define STEADY_DB      0.5f  /* two frames nearer than this in level and slope belong to a steady tone */
#define STEADY_SLOPE   0.02f
#define PURE           0.1f /* how well a sine must fit */
#define FIRST_FRAMES \
	25 /* until so many are seen the floor does not rise above FIRST_DB: the call may begin with speech */
#define FIRST_DB       -35.0f
#define DECAY          0.01f /* what rings on 20 dB below the peak of a bang does not make it longer */
#define GAP_FRAMES     2     /* holes allowed inside an onset */
#define LEAD_FRAMES    6     /* a weak consonant before the first evidence counts to the onset up to here */
#define MEMORY_FRAMES  15    /* the longest unvoiced stretch inside speech */
#define SILENT_FRAMES  1     /* one frame of digital silence is a lost packet, more are the line at rest */
#define BEGIN_BELOW_DB 15.0f /* softer than the voice heard before by this much is somebody else in the room */
#define CARRY_BELOW_DB 28.0f /* the weakest consonants lie this far below the vowels */
#define FORGET_DB      0.05f /* per frame: the caller may have moved away from the telephone */
#define MASK(n)        ((UINT64_C(1) << (n)) - 1)

const struct cw_vad_conf cw_vad_defaults = {
	.snr_db = 9, .voicing = 0.5f, .floor_min_db = -65, .onset_frames = 4, .hangover_frames = 10};

/* Butterworth high-pass of fourth order at 200 Hz (bilinear, 8 kHz): b0 (1 -2 1) / (1 a1 a2). */
static const struct section {
	float b0, a1, a2;
} sections[2] = {
	{0.8683452f, -1.7259334f, 0.7474474f},
	{0.9377084f, -1.8638005f, 0.8870330f},
};

/* Low-pass at 850 Hz, 16 taps, Hamming window, symmetric, sum 1. */
static const float lowpass[CW_VAD_FILTER_TAPS] = {-0.003289f, -0.005528f, -0.006878f, 0.003903f, 0.039024f, 0.098758f,
	0.165012f, 0.208999f, 0.208999f, 0.165012f, 0.098758f, 0.039024f, 0.003903f, -0.006878f, -0.005528f,
	-0.003289f};

struct frame {                                             /* what is found out about one frame */
	float band[CW_VAD_FILTER_TAPS + CW_FRAME_SAMPLES]; /* the tail of the frame before comes first */
	float power[BLOCKS];                               /* mean square of each 5 ms, 1 = full scale */
	float mean;
	float least; /* of the powers */
	float kurtosis;
	float slope;
};

static float to_db(float power)
{
	return 10 * log10f(power + 1e-10f);
}

static float from_db(float db)
{
	return exp10f(db / 10);
}

void cw_vad_init(struct cw_vad *v, const struct cw_vad_conf *conf)
{
	memset(v, 0, sizeof(*v));
	v->conf = conf ? *conf : cw_vad_defaults;
	v->conf.onset_frames = v->conf.onset_frames < 1 ? 1 : v->conf.onset_frames > 8 ? 8 : v->conf.onset_frames;
	v->silent_peak = (int)(32768 * exp10f(v->conf.floor_min_db / 20));
	v->spread_db = SPREAD_DB;
	v->floor_db = v->conf.floor_min_db;
	v->level_db = v->talker_db = -100;
	v->minima_now = INFINITY;
	for (int i = 0; i < CW_VAD_MINIMA; i++)
		v->minima[i] = INFINITY;
}

static void highpass(struct cw_vad *v, const int16_t pcm[CW_FRAME_SAMPLES], float *out)
{
	const struct section *p = &sections[0], *q = &sections[1];
	float p1 = v->highpass[0], p2 = v->highpass[1], q1 = v->highpass[2], q2 = v->highpass[3];

	for (int i = 0; i < CW_FRAME_SAMPLES; i++) {
		float x = (float)pcm[i] * (p->b0 / 32768);
		float y = x + p1;

		p1 = p2 - 2 * x - p->a1 * y;
		p2 = x - p->a2 * y;
		x = y * q->b0;
		y = x + q1;
		q1 = q2 - 2 * x - q->a1 * y;
		q2 = x - q->a2 * y;
		out[i] = y;
	}
	v->highpass[0] = p1;
	v->highpass[1] = p2;
	v->highpass[2] = q1;
	v->highpass[3] = q2;
}

/* Fill @f from the samples and bring the pitch history up to date; *@decimated gets the 40 new samples at 2 kHz. */
static void analyse(struct cw_vad *v, const int16_t pcm[CW_FRAME_SAMPLES], struct frame *f, float *decimated)
{
	float *x = f->band + CW_VAD_FILTER_TAPS;

	memcpy(f->band, v->tail, sizeof(v->tail));
	highpass(v, pcm, x);
	memcpy(v->tail, x + CW_FRAME_SAMPLES - CW_VAD_FILTER_TAPS, sizeof(v->tail));
	f->mean = 0;
	f->least = 1;
	for (int b = 0; b < BLOCKS; b++) {
		const float *at = x + b * BLOCK_SAMPLES;

		f->power[b] = cw_dot4(at, at, BLOCK_SAMPLES) / BLOCK_SAMPLES;
		f->mean += f->power[b] / BLOCKS;
		f->least = f->power[b] < f->least ? f->power[b] : f->least;
	}
	for (int i = 0; i < PITCH_SAMPLES; i++)
		decimated[i] = cw_dot4(f->band + 4 + i * DECIMATION, lowpass, CW_VAD_FILTER_TAPS);
}

/* How flat the amplitude is and where the spectrum lies: what tells keyed tones from noise, and steady ones from keyed. */
static void shape(struct frame *f)
{
	const float *x = f->band + CW_VAD_FILTER_TAPS;
	cw_float4 fourth = {0};

	for (int i = 0; i < CW_FRAME_SAMPLES; i += 4) {
		cw_float4 s = cw_load4(x + i);

		s *= s;
		fourth += s * s;
	}
	f->kurtosis = cw_sum4(fourth) / CW_FRAME_SAMPLES / (f->mean * f->mean + 1e-20f);
	f->slope = cw_dot4(x, x - 1, CW_FRAME_SAMPLES) / (f->mean * CW_FRAME_SAMPLES + 1e-10f);
}

static bool keyed(const struct frame *f, float over_db)
{
	return f->kurtosis < KEYED_KURTOSIS && over_db > KEYED_DB;
}

/* A single sine? Then r(2) = 2 r(1)^2 - 1. The idle pattern of the modem is as steady and as flat, but no sine. */
static bool pure(const struct frame *f)
{
	const float *x = f->band + CW_VAD_FILTER_TAPS;
	float r2 = cw_dot4(x, x - 2, CW_FRAME_SAMPLES) / (f->mean * CW_FRAME_SAMPLES + 1e-10f);

	return fabsf(r2 - (2 * f->slope * f->slope - 1)) < PURE;
}

/* Peak of the normalised autocorrelation over the last 30 ms, for pitches of 71 to 400 Hz. @x: history, then the new samples. */
static float voicing(const float x[CW_VAD_PITCH_HISTORY + PITCH_SAMPLES])
{
	enum { WINDOW = 60 };
	const float *end = x + CW_VAD_PITCH_HISTORY + PITCH_SAMPLES;
	const float *w = end - WINDOW;
	float here = cw_dot4(w, w, WINDOW);
	float there = cw_dot4(w - LAG_MIN, w - LAG_MIN, WINDOW);
	float best = 0;

	for (int lag = LAG_MIN; lag <= LAG_MAX; lag++) {
		float r = cw_dot4(w, w - lag, WINDOW);
		float norm = here * there + 1e-16f;

		if (r > 0 && r * r > best * norm)
			best = r * r / norm;
		there += w[-lag - 1] * w[-lag - 1] - end[-lag - 1] * end[-lag - 1];
		there = there > 0 ? there : 0;
	}
	return sqrtf(best);
}

/*
 * Minimum statistics (after R. Martin, 2001): the quietest 5 ms of the last 2 s show where the noise lies. How far above them its
 * mean is depends on the kind of noise: that is learned from the frames which are near to them and no speech.
 */
static void track_floor(struct cw_vad *v, float least_db, float level_db, bool evidence)
{
	float low;

	if (least_db < v->minima_now)
		v->minima_now = least_db;
	low = v->minima_now;
	for (int i = 0; i < CW_VAD_MINIMA; i++)
		low = v->minima[i] < low ? v->minima[i] : low;
	if (++v->minima_count == STRETCH_FRAMES) {
		v->minima[v->minima_at] = v->minima_now;
		v->minima_at = (v->minima_at + 1) % CW_VAD_MINIMA;
		v->minima_now = INFINITY;
		v->minima_count = 0;
	}
	if (!v->speech && !evidence && level_db < low + NEAR_DB)
		v->spread_db += SPREAD_RATE * (level_db - low - v->spread_db);
	low += v->spread_db < SPREAD_MIN_DB ? SPREAD_MIN_DB : v->spread_db;
	if (v->fed < FIRST_FRAMES) {
		v->fed++;
		low = low < FIRST_DB ? low : FIRST_DB;
	}
	v->floor_db = low > v->conf.floor_min_db ? low : v->conf.floor_min_db;
}

/*
 * Place of the onset: back over active frames and short holes to the first evidence, and over the weak consonant before it. What
 * was there for longer than a consonant is the noise of the room, and does not count at all.
 */
static uint64_t onset_place(const struct cw_vad *v)
{
	unsigned first = 0, sure = 0, holes = 0;

	for (unsigned age = 0; age < 32 && age <= v->frames && holes <= GAP_FRAMES; age++) {
		bool active = v->active >> age & 1;

		holes = active ? 0 : holes + 1;
		if (v->evidence >> age & 1)
			sure = age;
		if (active)
			first = age;
	}
	return v->frames - (first - sure > LEAD_FRAMES ? sure : first);
}

static void forget(struct cw_vad *v)
{
	v->active = v->evidence = v->blocks = 0;
	v->loudest = 0;
}

static enum cw_vad_event decide(struct cw_vad *v, bool sustain)
{
	bool heard = v->evidence & MASK(MEMORY_FRAMES);
	unsigned need = 4 * v->conf.onset_frames - 2; /* a bang of 60 ms touches 13 blocks at most */
	unsigned proof = v->conf.onset_frames > 1 ? v->conf.onset_frames - 1 : 1;

	v->frame_speech = heard && (v->speech ? sustain : v->active & 1);
	if (v->speech) {
		if (v->frame_speech) {
			v->run = 0;
			v->last_frame = v->frames;
		} else if (++v->run >= v->conf.hangover_frames) {
			v->speech = false;
			v->run = 0;
			forget(v);
			return CW_VAD_ENDED;
		}
		return CW_VAD_NONE;
	}
	if (!(v->active & MASK(GAP_FRAMES + 1)))
		forget(v);
	if (!(v->active & 1) || (unsigned)__builtin_popcount(v->blocks) < (need < 30 ? need : 30) ||
		(unsigned)__builtin_popcountll(v->evidence & MASK(8)) < proof ||
		to_db(v->loudest) < v->talker_db - BEGIN_BELOW_DB)
		return CW_VAD_NONE;
	v->speech = true;
	v->run = 0;
	v->onset_frame = onset_place(v);
	v->last_frame = v->frames;
	return CW_VAD_STARTED;
}

static void remember(struct cw_vad *v, bool active, bool evidence, unsigned blocks)
{
	v->active = v->active << 1 | active;
	v->evidence = v->evidence << 1 | evidence;
	v->blocks = v->blocks << BLOCKS | blocks;
}

/* A frame too quiet for any floor: the filters are empty after it. */
static enum cw_vad_event feed_silence(struct cw_vad *v)
{
	if (v->silent == 0) {
		memset(v->highpass, 0, sizeof(v->highpass));
		memset(v->tail, 0, sizeof(v->tail));
		memset(v->pitch, 0, sizeof(v->pitch));
	}
	v->level_db = -100;
	v->voicing = v->slope = 0;
	if (v->silent < SILENT_FRAMES)
		v->silent++;
	else if (v->floor_db > v->conf.floor_min_db || v->fed < FIRST_FRAMES)
		track_floor(v, v->conf.floor_min_db, v->conf.floor_min_db, true);
	remember(v, false, false, 0);
	return decide(v, false);
}

/* One bit for each 5 ms above @gate and not merely ringing on. */
static unsigned stand_out(struct cw_vad *v, const struct frame *f, float gate)
{
	unsigned bits = 0;

	for (int b = 0; b < BLOCKS; b++) {
		v->loudest = f->power[b] > v->loudest ? f->power[b] : v->loudest;
		bits = bits << 1 | (f->power[b] > gate && f->power[b] > v->loudest * DECAY);
	}
	return bits;
}

static enum cw_vad_event feed_sound(struct cw_vad *v, const int16_t pcm[CW_FRAME_SAMPLES])
{
	float x[CW_VAD_PITCH_HISTORY + PITCH_SAMPLES];
	struct frame f;
	bool active = false, evidence = false, steady = false;
	unsigned blocks = 0;

	v->silent = 0;
	memcpy(x, v->pitch, sizeof(v->pitch));
	analyse(v, pcm, &f, x + CW_VAD_PITCH_HISTORY);
	memcpy(v->pitch, x + PITCH_SAMPLES, sizeof(v->pitch));

	float level_db = to_db(f.mean);
	float over_db = level_db - v->floor_db;
	float even = v->spread_db / EVEN_SPREAD_DB;
	float need_db = v->conf.snr_db * (even < EVEN_SHARE ? EVEN_SHARE : even > 1 ? 1 : even), begin_db = need_db;

	v->voicing = 0;
	if (over_db > LOOK_DB) {
		shape(&f);
		v->voicing = voicing(x);
		steady = fabsf(level_db - v->level_db) < STEADY_DB && fabsf(f.slope - v->slope) < STEADY_SLOPE;
		if (v->voicing > SURE_VOICING)
			begin_db -= SURE_DB;
		active = over_db > begin_db;
		blocks = stand_out(v, &f, from_db(v->floor_db + begin_db));
		evidence =
			active && f.mean > v->loudest * DECAY &&
			(steady ? keyed(&f, over_db) && !pure(&f) : keyed(&f, over_db) || v->voicing > v->conf.voicing);
	}
	track_floor(v, to_db(f.least), level_db, evidence);
	v->level_db = level_db;
	v->slope = over_db > LOOK_DB ? f.slope : 0;
	remember(v, active, evidence, blocks);
	if (v->speech && evidence && level_db > v->talker_db)
		v->talker_db += 0.2f * (level_db - v->talker_db);
	else
		v->talker_db -= FORGET_DB;
	return decide(v, over_db > need_db - CARRY_DB && level_db > v->talker_db - CARRY_BELOW_DB);
}

enum cw_vad_event cw_vad_feed(struct cw_vad *v, const int16_t pcm[CW_FRAME_SAMPLES])
{
	enum cw_vad_event e = cw_peak(pcm, CW_FRAME_SAMPLES) <= v->silent_peak ? feed_silence(v) : feed_sound(v, pcm);

	v->frames++;
	return e;
}
