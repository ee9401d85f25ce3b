#include "answerer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "base/rng.h"
#include "speech/modem.h"

#define CALL_SAMPLES  (240u * CW_RATE_HZ) /* a longer call goes unanswered from there on */
#define TEMPLATE      800                 /* samples of the clip which are looked for */
#define SEARCH_BEFORE 320                 /* the clip begins at most so long before the first loud frame … */
#define SEARCH_AFTER  160
#define LEAST_FIT     0.5 /* of the normalised correlation */
#define VOICE_SAMPLES 6000
#define BREATH        2400
#define BREATH_BELOW  25 /* 28 dB */
#define SWELL         640
#define COMFORT_LEAD  4000

struct sound { /* an answer made ready */
	int16_t pcm[ANSWERER_ANSWER_MAX];
	size_t n, onset; /* its first voiced sample */
};

struct answerer {
	struct answerer_conf conf;
	struct cw_line *line;
	struct cw_rng rng;
	int16_t clip[ANSWERER_CLIP];
	double clip_power; /* mean, of the part looked for */
	int16_t *heard;    /* by position */
	uint64_t loud_at;  /* position of the first loud frame, UINT64_MAX: none since the last clip */
	uint64_t deaf_until;
	size_t found;
	struct sound sound;
	uint64_t sound_at; /* position of its first sample */
	size_t sent;
	bool sounding;
};

const char *answer_kind_name(enum answer_kind k)
{
	static const char *const names[ANSWER_KINDS] = {
		"modem", "vowel", "comfort noise", "breath before", "soft onset", "speech", "no answer"};

	return names[k];
}

/* ---- sounds ---- */

/* Harmonics of a pitch gliding from @low to @high Hz, strongest about 1000 Hz, from the first sample to the last. */
static void voice(int16_t *out, size_t n, double low, double high, double peak)
{
	double phase = M_PI / 5;

	for (size_t i = 0; i < n; i++) {
		double f = low + (high - low) * (double)i / (double)n, sum = 0;

		for (int h = 1; h * f < 3400; h++)
			sum += cos(h * phase) / (1 + fabs(h * f - 1000) / 300);
		phase += 2 * M_PI * f / CW_RATE_HZ;
		out[i] = (int16_t)fmax(-30000, fmin(30000, peak / 6 * sum));
	}
	out[0] = out[n - 1] = (int16_t)(peak / 2); /* the edges are sharp whatever the phase */
}

void answerer_clip(int16_t out[ANSWERER_CLIP])
{
	voice(out, ANSWERER_CLIP, 105, 210, 9000);
}

static double power(const int16_t *pcm, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)n;
}

static void add_noise(struct answerer *a, int16_t *pcm, size_t n, double deviation)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(pcm[i] + deviation * cw_rng_normal(&a->rng));
}

static size_t make_modem(int16_t *out, size_t max)
{
	static int16_t piece_pcm[CW_MODEM_PIECE_SAMPLES];
	struct cw_modem_tx tx;
	struct cw_modem_piece piece;
	size_t n = 0;

	cw_modem_tx_init(&tx, cw_str("certainly how can I help"), CW_MODEM_WPM);
	while (cw_modem_tx_next(&tx, piece_pcm, &piece) && n + piece.n <= max) {
		memcpy(out + n, piece_pcm, piece.n * sizeof(*out));
		n += piece.n;
	}
	return n;
}

static size_t first_over(const int16_t *pcm, size_t n, int least)
{
	size_t i = 0;

	while (i < n && abs(pcm[i]) <= least)
		i++;
	return i;
}

static void make_speech(struct answerer *a, struct sound *s)
{
	int peak = 0;

	s->n = a->conf.n_speech < ANSWERER_ANSWER_MAX ? a->conf.n_speech : ANSWERER_ANSWER_MAX;
	memcpy(s->pcm, a->conf.speech, s->n * sizeof(*s->pcm));
	for (size_t i = 0; i < s->n; i++)
		peak = abs(s->pcm[i]) > peak ? abs(s->pcm[i]) : peak;
	s->onset = first_over(s->pcm, s->n, peak / 100);
}

static void make_voice(struct answerer *a, struct sound *s, enum answer_kind kind)
{
	s->onset = kind == ANSWER_BREATH ? BREATH : kind == ANSWER_COMFORT ? COMFORT_LEAD : 0;
	s->n = s->onset + VOICE_SAMPLES;
	voice(s->pcm + s->onset, VOICE_SAMPLES, 180, 140, 9000);
	if (kind == ANSWER_COMFORT)
		add_noise(a, s->pcm, s->n, 58);
	if (kind == ANSWER_BREATH)
		add_noise(a, s->pcm, s->onset, sqrt(power(s->pcm + s->onset, VOICE_SAMPLES)) / BREATH_BELOW);
	for (size_t i = 0; kind == ANSWER_SOFT && i < SWELL; i++)
		s->pcm[i] = (int16_t)(s->pcm[i] * (double)(i + 1) / SWELL);
}

static void make_sound(struct answerer *a, enum answer_kind kind)
{
	struct sound *s = &a->sound;

	*s = (struct sound){0};
	if (kind == ANSWER_MODEM) {
		s->n = make_modem(s->pcm, ANSWERER_ANSWER_MAX);
		s->onset = first_over(s->pcm, s->n, 0);
	} else if (kind == ANSWER_SPEECH) {
		make_speech(a, s);
	} else {
		make_voice(a, s, kind);
	}
}

/* ---- finding the clip ---- */

static double fit(const struct answerer *a, uint64_t at)
{
	int64_t dot = 0;

	for (size_t i = 0; i < TEMPLATE; i++)
		dot += (int32_t)a->clip[i] * a->heard[at + i];
	return (double)dot / TEMPLATE / sqrt(a->clip_power * power(a->heard + at, TEMPLATE) + 1);
}

static bool find_clip(const struct answerer *a, uint64_t *at)
{
	uint64_t from = a->loud_at > SEARCH_BEFORE ? a->loud_at - SEARCH_BEFORE : 0;
	double best = LEAST_FIT;
	bool found = false;

	for (uint64_t i = from; i < a->loud_at + SEARCH_AFTER; i++) {
		double here = fit(a, i);

		if (here <= best)
			continue;
		best = here;
		*at = i;
		found = true;
	}
	return found;
}

static void plan_answer(struct answerer *a, uint64_t clip_at)
{
	const struct answer *want = a->found < a->conf.n ? &a->conf.answers[a->found] : NULL;

	a->found++;
	if (!want || want->kind == ANSWER_NONE)
		return;
	make_sound(a, want->kind);
	a->sound_at = (uint64_t)((int64_t)clip_at + ANSWERER_CLIP + want->delay - (int64_t)a->sound.onset);
	a->sent = 0;
	a->sounding = true;
}

static void listen(struct answerer *a, uint64_t position)
{
	uint64_t at;

	if (a->loud_at == UINT64_MAX && position >= a->deaf_until &&
		power(a->heard + position, CW_FRAME_SAMPLES) > a->clip_power / 4)
		a->loud_at = position;
	if (a->loud_at == UINT64_MAX || position < a->loud_at + SEARCH_AFTER + TEMPLATE)
		return;
	if (find_clip(a, &at)) {
		plan_answer(a, at);
		a->deaf_until = at + ANSWERER_CLIP + CW_RATE_HZ;
	}
	a->loud_at = UINT64_MAX;
}

/* ---- the line ---- */

/* From the moment it is due, all of it at once: the far end buffers and plays at real pace. What is too late to be heard is left out. */
static void answer(struct answerer *a, uint64_t slot)
{
	int16_t pcm[CW_FRAME_SAMPLES];
	uint8_t ulaw[CW_FRAME_SAMPLES];

	if (!a->sounding || slot + CW_FRAME_SAMPLES <= a->sound_at)
		return;
	a->sounding = false;
	for (; slot < a->sound_at + a->sound.n; slot += CW_FRAME_SAMPLES) {
		for (size_t i = 0; i < CW_FRAME_SAMPLES; i++) {
			uint64_t at = slot + i - a->sound_at;

			pcm[i] = slot + i >= a->sound_at && at < a->sound.n ? a->sound.pcm[at] : 0;
		}
		cw_ulaw_encode(pcm, ulaw, CW_FRAME_SAMPLES);
		if (cw_line_send(a->line, ulaw, sizeof(ulaw)))
			return; /* the call ended, which the caller's side reports */
	}
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct answerer *a = arg;

	if (position + CW_FRAME_SAMPLES > CALL_SAMPLES)
		return;
	cw_ulaw_decode(ulaw, a->heard + position, CW_FRAME_SAMPLES);
	listen(a, position);
	answer(a, position + CW_FRAME_SAMPLES);
}

static void on_answered(const struct cw_line_info *info, void *arg)
{
	(void)info;
	(void)arg;
}

static void on_dtmf(char digit, void *arg)
{
	(void)digit;
	(void)arg;
}

static void on_mark(uint32_t id, bool cleared, void *arg)
{
	(void)id;
	(void)cleared;
	(void)arg;
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	(void)reason;
	(void)detail;
	(void)arg;
}

int answerer_new(void *parent, const struct answerer_conf *conf, struct cw_line *line, struct answerer **ret)
{
	static const struct cw_line_events events = {
		.answered = on_answered, .frame = on_frame, .dtmf = on_dtmf, .mark = on_mark, .closed = on_closed};

	CW_SCOPED struct answerer *a = talloc_zero(NULL, struct answerer);

	if (!a)
		return ENOMEM;
	a->heard = talloc_zero_array(a, int16_t, CALL_SAMPLES);
	if (!a->heard)
		return ENOMEM;
	a->conf = *conf;
	a->line = line;
	a->loud_at = UINT64_MAX;
	cw_rng_init(&a->rng, conf->seed);
	answerer_clip(a->clip);
	a->clip_power = power(a->clip, TEMPLATE);
	cw_line_attach(line, &events, a);
	*ret = talloc_move(parent, &a);
	return 0;
}

size_t answerer_found(const struct answerer *a)
{
	return a->found;
}
