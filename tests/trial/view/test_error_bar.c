/*
 * The error bar of the latency clock in virtual time: response_ms against a reference agent whose answer time is known to the sample.
 *
 *   caller  |<------ clip, known ------>|
 *   agent                               |<- true: -500 … 2000 ms ->|<--- first voiced sample of its answer
 */
#include "testing.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rng.h"
#include "latency.h"
#include "line/loop.h"
#include "speech/tts.h"
#include "world/sim.h"

#define TURNS     21 /* of a call */
#define CALLS     20 /* on the clean line: 420 samples; the other channels change only what the agent hears */
#define FEW       4
#define MOST_MS   2000
#define EARLY_ONE 7 /* in so many answers comes early */

/* How far off a single value may be, and all of them together. */
struct bound {
	double bias_low_ms, bias_high_ms, max_ms;
};
static const struct bound bounds[ANSWER_KINDS] = {
	[ANSWER_MODEM] = {-1, 1, 1},
	[ANSWER_VOWEL] = {-1, 1, 1},
	[ANSWER_COMFORT] = {-1, 1, 1},
	[ANSWER_BREATH] = {-1, 1, 1},
	[ANSWER_SOFT] = {0, 5, 10},
	[ANSWER_SPEECH] = {-30, 10, 40},
};

struct room {
	struct cw_world *world;
	int16_t speech[ANSWERER_ANSWER_MAX];
	size_t n_speech;
	bool over;
	int err;
};

static void room_open(struct room *r, uint64_t seed)
{
	*r = (struct room){0};
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = seed}, &r->world), 0);
}

static void room_close(struct room *r)
{
	(void)talloc_free(r->world);
}

/* ---- real speech for the agent ---- */

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct room *r = arg;
	size_t take = n < ANSWERER_ANSWER_MAX - r->n_speech ? n : ANSWERER_ANSWER_MAX - r->n_speech;

	memcpy(r->speech + r->n_speech, pcm, take * sizeof(*pcm));
	r->n_speech += take;
}

static void on_said(int err, const char *reason, void *arg)
{
	struct room *r = arg;

	(void)reason;
	r->err = err;
	r->over = true;
}

static void say(struct room *r, const char *text)
{
	static const struct cw_tts_events events = {.audio = on_audio, .done = on_said};
	CW_SCOPED struct cw_tts *tts = NULL;
	struct cw_tts_job *job = NULL;

	assert_int_equal(cw_tts_open(NULL, r->world, &(struct cw_tts_conf){.voice = "flite:rms", .language = "en-US"},
				 &tts, NULL),
		0);
	assert_int_equal(cw_tts_say(tts, tts, text, &events, r, &job), 0);
	while (!r->over && cw_sim_step(r->world))
		;
	assert_true(r->over);
	assert_int_equal(r->err, 0);
	assert_true(r->n_speech > 4000);
	r->over = false;
}

/* ---- calls ---- */

static void draw(struct cw_rng *rng, struct answer *answers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		answers[i].kind = (enum answer_kind)(i % ANSWER_KINDS);
		answers[i].delay = (int32_t)cw_rng_below(rng, MOST_MS * 8 + 1);
		if (cw_rng_below(rng, EARLY_ONE) == 0)
			answers[i].delay = -1 - (int32_t)cw_rng_below(rng, -ANSWERER_EARLIEST);
	}
}

static void on_done(void *arg)
{
	((struct room *)arg)->over = true;
}

static void one_call(
	struct room *r, const struct cw_effect_conf *channel, const struct answer *answers, struct latency_sample *out)
{
	char wav[64];
	struct cw_line *agent_end, *carrier_end;
	struct latency_call *call = NULL;
	struct answerer *agent = NULL;
	CW_SCOPED void *all = talloc_new(NULL);

	(void)snprintf(wav, sizeof(wav), "/tmp/cw-error-bar-%d.wav", getpid());
	const struct latency_conf lc = {
		.answers = answers, .n = TURNS, .channel = channel, .wav = wav, .done = on_done, .arg = r};
	const struct answerer_conf ac = {.answers = answers,
		.n = TURNS,
		.speech = r->speech,
		.n_speech = r->n_speech,
		.seed = cw_rng_u64(cw_rng(r->world))};

	assert_int_equal(
		cw_loop_new(all, r->world, &(struct cw_loop_conf){.answer_us = 333000}, &agent_end, &carrier_end), 0);
	assert_int_equal(answerer_new(all, &ac, agent_end, &agent), 0);
	assert_int_equal(latency_call_new(all, r->world, &lc, &call, NULL), 0);
	assert_int_equal(latency_call_dial(call, carrier_end, NULL), 0);
	r->over = false;
	while (!r->over && cw_sim_step(r->world))
		;
	assert_true(r->over);
	assert_int_equal(answerer_found(agent), TURNS);
	assert_int_equal(latency_call_read(call, out), 0);
	(void)unlink(wav);
}

static void tell(const char *channel, const char *kind, const struct latency_stat *t)
{
	print_message(
		"# %-10s %-14s n=%-4zu null=%-3zu bias %+7.3f ms  sd %6.3f ms  p95 |error| %6.3f ms  max %6.3f ms\n",
		channel, kind, t->n, t->nulls, t->bias, t->sd, t->p95_abs, t->max_abs);
}

static void judge_kind(const char *channel, const struct latency_sample *s, size_t n, enum answer_kind k)
{
	const struct bound *b = &bounds[k];
	struct latency_stat t;

	assert_int_equal(latency_stat_of(s, n, k, &t), 0);
	tell(channel, answer_kind_name(k), &t);
	if (k == ANSWER_NONE) {
		assert_int_equal(t.n, 0); /* no number is made up … */
		assert_int_equal(t.nulls, n / ANSWER_KINDS);
		return;
	}
	assert_int_equal(t.nulls, 0);
	assert_int_equal(t.n, n / ANSWER_KINDS);
	assert_true(t.bias >= b->bias_low_ms && t.bias <= b->bias_high_ms);
	assert_true(t.max_abs <= b->max_ms);
}

static void holds_in(const char *channel, const struct cw_effect_conf *effects, unsigned calls)
{
	size_t n = (size_t)calls * TURNS;
	struct latency_sample *s = talloc_zero_array(NULL, struct latency_sample, n);
	struct cw_rng rng;
	struct room r;

	assert_non_null(s);
	room_open(&r, 11);
	say(&r, "Hello, how can I help you?");
	cw_rng_init(&rng, 42 + calls + (uint64_t)channel[0]);
	for (unsigned i = 0; i < calls; i++) {
		struct answer answers[TURNS];

		draw(&rng, answers, TURNS);
		one_call(&r, effects, answers, s + (size_t)i * TURNS);
	}
	for (size_t i = 0; i < n; i++) /* … and each gap has its reason */
		assert_true(s[i].kind == ANSWER_NONE
				    ? s[i].got.agent_absent && strstr(s[i].got.reason, "no agent speech before")
				    : s[i].got.known);
	for (unsigned k = 0; k < ANSWER_KINDS; k++)
		judge_kind(channel, s, n, (enum answer_kind)k);
	room_close(&r);
	(void)talloc_free(s);
}

static void holds_on_a_clean_line(void **state)
{
	(void)state;
	holds_in("clean", NULL, CALLS);
}

static void holds_on_the_telephone_network(void **state)
{
	struct cw_effect_conf effects;

	(void)state;
	assert_int_equal(cw_profile_find("pstn_g711", &effects, NULL), 0);
	holds_in("pstn_g711", &effects, FEW);
}

static void holds_in_noise(void **state)
{
	static const struct cw_effect_conf effects = {
		.band_low_hz = 200, .band_high_hz = 3400, .noise = "white", .snr_db = 12};

	(void)state;
	holds_in("12 dB SNR", &effects, FEW);
}

CW_TEST_MAIN(CW_TEST(holds_on_a_clean_line), CW_TEST(holds_on_the_telephone_network), CW_TEST(holds_in_noise))
