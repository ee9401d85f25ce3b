#include "audio/g711.h"
#include "audio/tone.h"
#include "call/listener.h"
#include "speech/modem.h"
#include "testing.h"
#include "world/sim.h"

/* Words in modem tones, pauses and keys, laid out in one recording and fed frame by frame at real pace. */

struct ear {
	struct cw_world *world;
	struct cw_listener *listener;
	int16_t pcm[60 * 8000];
	size_t n;
	struct cw_timer timer;
	uint64_t fed_us;
	size_t until;
	unsigned starts, ends, partials, turns, failures;
	uint64_t onset_us, last_us;
	struct cw_heard heard;
	char text[512], digits[32];
	uint64_t started_at_us;
	int free_at; /* the n-th event frees the listener; 0 = never */
	int events;
};

static bool event(struct ear *e)
{
	if (++e->events != e->free_at)
		return false;
	talloc_free(e->listener);
	e->listener = NULL;
	return true;
}

static void speech_started(uint64_t onset_us, void *arg)
{
	struct ear *e = arg;

	e->starts++;
	e->onset_us = onset_us;
	e->started_at_us = e->fed_us;
	(void)event(e);
}

static void speech_ended(uint64_t onset_us, uint64_t last_us, void *arg)
{
	struct ear *e = arg;

	assert_int_equal(onset_us, e->onset_us);
	e->ends++;
	e->last_us = last_us;
	(void)event(e);
}

static void partial(const char *text, void *arg)
{
	struct ear *e = arg;

	assert_true(*text);
	e->partials++;
	(void)event(e);
}

static void turn_ended(const struct cw_heard *h, void *arg)
{
	struct ear *e = arg;
	size_t n = strlen(e->text);

	e->turns++;
	e->heard = *h;
	snprintf(e->text + n, sizeof(e->text) - n, "%s%s", n ? "|" : "", h->text);
	(void)event(e);
}

static void dtmf(char digit, bool in_band, void *arg)
{
	struct ear *e = arg;
	size_t n = strlen(e->digits);

	assert_true(in_band || digit == '#');
	e->digits[n] = digit;
	e->digits[n + 1] = '\0';
	(void)event(e);
}

static void failed(int err, const char *reason, void *arg)
{
	assert_true(err && *reason);
	((struct ear *)arg)->failures++;
	(void)event(arg);
}

static const struct cw_listener_events events = {.speech_started = speech_started,
	.speech_ended = speech_ended,
	.partial = partial,
	.turn_ended = turn_ended,
	.dtmf = dtmf,
	.failed = failed};

static struct ear *ear_new(const struct cw_sim_conf *sim, const struct cw_listener_conf *given)
{
	struct ear *e = talloc_zero(NULL, struct ear);
	struct cw_listener_conf conf = given ? *given : (struct cw_listener_conf){.stt = "modem"};

	assert_int_equal(cw_sim_new(e, sim, &e->world), 0);
	assert_int_equal(cw_listener_new(e, e->world, &conf, &events, e, &e->listener, NULL), 0);
	cw_timer_init(&e->timer, e->world);
	return e;
}

static void pause_ms(struct ear *e, unsigned ms)
{
	e->n += ms * 8;
}

/* Where the tones begin and end, in µs. */
static void say(struct ear *e, const char *text, uint64_t *from_us, uint64_t *to_us)
{
	struct cw_modem_tx tx;
	struct cw_modem_piece piece;
	size_t end = e->n;

	if (from_us)
		*from_us = e->n * 125;
	cw_modem_tx_init(&tx, cw_str(text), 170);
	while (cw_modem_tx_next(&tx, e->pcm + e->n, &piece)) {
		end = e->n + piece.word_samples;
		e->n += piece.n;
	}
	if (to_us)
		*to_us = end * 125;
}

static void keys(struct ear *e, const char *digits)
{
	CW_SCOPED int16_t *pcm = NULL;
	size_t n;

	assert_int_equal(cw_dtmf_render(NULL, digits, 100, 100, &pcm, &n), 0);
	memcpy(e->pcm + e->n, pcm, n * sizeof(*pcm));
	e->n += n;
}

static void next_frame(void *arg)
{
	struct ear *e = arg;
	size_t at = (size_t)(e->fed_us / 125);
	uint8_t ulaw[CW_FRAME_SAMPLES];
	int16_t pcm[CW_FRAME_SAMPLES];

	if (at + 2 * CW_FRAME_SAMPLES <= e->until)
		cw_timer_start(&e->timer, CW_TICK_US, next_frame, e);
	if (!e->listener)
		return;
	cw_ulaw_encode(e->pcm + at, ulaw, CW_FRAME_SAMPLES);
	e->fed_us += CW_TICK_US;
	assert_int_equal(e->fed_us, cw_now(e->world));
	cw_listener_frame(e->listener, ulaw, e->fed_us, pcm);
}

static void hear_until(struct ear *e, size_t samples)
{
	e->until = samples;
	cw_timer_start(&e->timer, CW_TICK_US, next_frame, e);
	(void)cw_sim_run(e->world, samples * 125);
}

static void hear(struct ear *e)
{
	hear_until(e, e->n);
	(void)cw_sim_run(e->world, e->fed_us + 15000000);
}

static void one_turn(void **state)
{
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 1}, NULL);
	uint64_t from, to;

	(void)state;
	pause_ms(e, 1000);
	say(e, "My furnace stopped working.", &from, &to);
	pause_ms(e, 2000);
	hear(e);
	assert_string_equal(e->text, "My furnace stopped working.");
	assert_int_equal(e->starts, 1);
	assert_int_equal(e->ends, 1);
	assert_int_equal(e->partials, 4);
	assert_true(e->heard.recognised);
	assert_in_range(e->heard.onset_us + 60000, from, from + 160000);
	assert_in_range(e->heard.last_us + 40000, to, to + 80000);
	assert_in_range(e->heard.decided_us - e->heard.last_us, 500000, 620000);
	assert_false(cw_listener_in_turn(e->listener));
}

static void pauses_inside_a_turn(void **state)
{
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 2}, NULL);

	(void)state;
	pause_ms(e, 500);
	say(e, "My number is", NULL, NULL); /* unfinished: 1.6 s are waited for */
	pause_ms(e, 1300);
	say(e, "four one five", NULL, NULL);
	pause_ms(e, 1300);
	say(e, "five five five oh one three four.", NULL, NULL);
	pause_ms(e, 2500);
	hear(e);
	assert_string_equal(e->text, "My number is four one five five five five oh one three four.");
	assert_int_equal(e->turns, 1);
	assert_int_equal(e->starts, 3);
}

static void speech_that_goes_on_before_the_final(void **state)
{
	/* the final takes 1 s: what is said meanwhile belongs to the turn and is not lost */
	struct cw_sim_conf sim = {.seed = 3, .fault = {[CW_FAULT_LATE] = 1}, .fault_only = "stt"};
	const struct cw_listener_conf conf = {.stt = "modem", .stt_deadline_us = 10000000};
	CW_SCOPED struct ear *e = ear_new(&sim, &conf);

	(void)state;
	pause_ms(e, 500);
	say(e, "It is cold.", NULL, NULL);
	pause_ms(e, 560); /* just after the end of the turn was decided */
	say(e, "And there is a noise.", NULL, NULL);
	pause_ms(e, 15000);
	hear(e);
	assert_string_equal(e->text, "It is cold. And there is a noise.");
	assert_int_equal(e->turns, 1);
	assert_int_equal(e->failures, 0);
}

static void a_dead_recogniser(void **state)
{
	struct cw_sim_conf sim = {.seed = 4, .fault = {[CW_FAULT_STALL] = 1}, .fault_only = "stt"};
	CW_SCOPED struct ear *e = ear_new(&sim, NULL);

	(void)state;
	pause_ms(e, 500);
	say(e, "Hello there.", NULL, NULL);
	pause_ms(e, 6000);
	hear(e);
	assert_int_equal(e->turns, 1);
	assert_int_equal(e->failures, 1);
	assert_false(e->heard.recognised);
	assert_string_equal(e->text, "Hello there."); /* what the partials knew */
	assert_in_range(e->heard.decided_us - e->heard.last_us, 2900000, 3100000);
}

static void no_recogniser(void **state)
{
	const struct cw_listener_conf conf = {0};
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 5}, &conf);

	(void)state;
	pause_ms(e, 500);
	say(e, "Hello there.", NULL, NULL);
	pause_ms(e, 2000);
	hear(e);
	assert_int_equal(e->turns, 1);
	assert_false(e->heard.recognised);
	assert_string_equal(e->text, "");
}

static void endless_speech_is_cut(void **state)
{
	const struct cw_listener_conf conf = {.stt = "modem", .max_turn_us = 3000000};
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 6}, &conf);

	(void)state;
	pause_ms(e, 500);
	for (unsigned i = 0; i < 4; i++)
		say(e, "blah blah blah blah ", NULL, NULL);
	pause_ms(e, 2000);
	hear(e);
	assert_true(e->turns >= 2);
	assert_int_equal(e->failures, 0);
}

static void keys_are_no_speech(void **state)
{
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 7}, NULL);

	(void)state;
	pause_ms(e, 500);
	keys(e, "14*");
	pause_ms(e, 1500);
	say(e, "Yes please.", NULL, NULL);
	pause_ms(e, 1500);
	keys(e, "0");
	pause_ms(e, 1500);
	hear(e);
	cw_listener_dtmf(e->listener, '#'); /* out of band */
	assert_string_equal(e->digits, "14*0#");
	assert_int_equal(e->starts, 1);
	assert_string_equal(e->text, "Yes please.");
}

static void what_is_awaited_shapes_the_end(void **state)
{
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 8}, NULL);

	(void)state;
	cw_listener_expect(e->listener, CW_AWAIT_YESNO, NULL);
	pause_ms(e, 500);
	say(e, "yes", NULL, NULL);
	pause_ms(e, 2000);
	hear(e);
	assert_in_range(e->heard.decided_us - e->heard.last_us, 350000, 470000);
}

static void freed_in_each_event(void **state)
{
	(void)state;
	for (int at = 1; at <= 8; at++) {
		struct cw_sim_conf sim = {.seed = 9, .fault = {[CW_FAULT_STALL] = at > 6}, .fault_only = "stt"};
		CW_SCOPED struct ear *e = ear_new(&sim, NULL);

		e->free_at = at;
		pause_ms(e, 500);
		keys(e, "1");
		pause_ms(e, 500);
		say(e, "It is cold.", NULL, NULL);
		pause_ms(e, 4000);
		hear(e);
		assert_null(e->listener);
		assert_int_equal(e->events, at);
	}
}

static void frames_do_not_allocate(void **state)
{
	CW_SCOPED struct ear *e = ear_new(&(struct cw_sim_conf){.seed = 10}, NULL);
	static int16_t noise[8000];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(noise); i++)
		noise[i] = (int16_t)(cw_rng_below(cw_rng(e->world), 61) - 30);
	for (unsigned i = 0; i < 25; i++, e->n += CW_COUNT(noise))
		memcpy(e->pcm + e->n, noise, sizeof(noise));
	say(e, "hm", NULL, NULL);
	pause_ms(e, 1500);
	say(e, "Some", NULL, NULL); /* a turn is open, its buffers are warm */
	hear_until(e, 4 * 8000);
	(void)cw_test_allocations();
	hear_until(e, 25 * 8000); /* 1050 frames of noise */
	assert_int_equal(cw_test_allocations(), 0);
	assert_int_equal(e->starts, 0);
}

CW_TEST_MAIN(CW_TEST(one_turn), CW_TEST(pauses_inside_a_turn), CW_TEST(speech_that_goes_on_before_the_final),
	CW_TEST(a_dead_recogniser), CW_TEST(no_recogniser), CW_TEST(endless_speech_is_cut), CW_TEST(keys_are_no_speech),
	CW_TEST(what_is_awaited_shapes_the_end), CW_TEST(freed_in_each_event), CW_TEST(frames_do_not_allocate))
