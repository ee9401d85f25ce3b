#include <errno.h>

#include "audio/effect.h"
#include "audio/g711.h"
#include "base/str.h"
#include "call/speaker.h"
#include "line/loop.h"
#include "speech/modem.h"
#include "testing.h"
#include "world/sim.h"

/*
 * The agent's mouth on a loop line, and at the far end a modem receiver: what it decoded was heard. Words are numbered.
 *
 *   speaker ── lossy (marks lost, reordered) ── loop (delay) ── telephone ── modem receiver
 */

#define WORDS 40

struct lossy { /* a line whose marks get lost or overtaken */
	struct cw_line line;
	struct cw_line *inner;
	struct cw_rng rng;
	double loss, swap;
	uint32_t kept; /* a mark held back until the next came */
	bool dead;     /* refuses frames */
	unsigned clears;
};

struct rig {
	struct cw_world *world;
	struct cw_line *agent, *carrier;
	struct lossy *lossy;
	struct cw_speaker *speaker;
	struct cw_modem_rx rx;
	unsigned last_word;      /* highest number decoded at the far end */
	unsigned decoded, again; /* words decoded; of them such as were heard before */
	unsigned underruns;
	bool answered;
	bool carrier_mouth; /* the speaker sits at the telephone, the receiver at the agent */
	uint64_t audible_frames, frames;
	unsigned starts, failures, spokes;
	struct cw_spoken spoken;
	char heard[1024], unheard[1024];
	int fail_err;
	bool free_in_spoke;
};

static unsigned number_of(const char *word)
{
	uint32_t n = 0;
	size_t len = strcspn(word, ".");

	return word[0] == 'w' && cw_str_u32((struct cw_str){word + 1, len - 1}, 9999, &n) == 0 ? n : 0;
}

/* The number of the last word of a text. */
static unsigned last_number(const char *text)
{
	const char *at = strrchr(text, ' ');

	return *text ? number_of(at ? at + 1 : text) : 0;
}

static void decoded(struct cw_str word, bool continues, void *arg)
{
	struct rig *r = arg;
	char text[64];

	(void)continues;
	snprintf(text, sizeof(text), "%.*s", CW_STR(word));

	unsigned n = number_of(text);

	r->decoded++;
	if (n <= r->last_word)
		r->again++;
	else
		assert_int_equal(n, r->last_word + 1); /* none is ever skipped */
	r->last_word = n > r->last_word ? n : r->last_word;
}

static void listen_to(struct rig *r, const uint8_t *ulaw)
{
	int16_t pcm[CW_FRAME_SAMPLES];

	cw_ulaw_decode(ulaw, pcm, CW_FRAME_SAMPLES);
	cw_modem_rx_feed(&r->rx, pcm, CW_FRAME_SAMPLES);
	r->frames++;
	r->audible_frames += pcm[80] > 100 || pcm[80] < -100;
}

/* ---- the lossy line: forwards down ---- */

static int lossy_send(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	struct lossy *y = (struct lossy *)l;

	return y->dead ? ENOBUFS : cw_line_send(y->inner, ulaw, n);
}

static int lossy_mark(struct cw_line *l, uint32_t id)
{
	return cw_line_mark(((struct lossy *)l)->inner, id);
}

static int lossy_clear(struct cw_line *l)
{
	((struct lossy *)l)->clears++;
	return cw_line_clear(((struct lossy *)l)->inner);
}

static const struct cw_line_driver lossy_driver = {
	.name = "lossy", .send = lossy_send, .mark = lossy_mark, .clear = lossy_clear};

/* ---- both ends' events ---- */

static void agent_answered(const struct cw_line_info *info, void *arg)
{
	struct rig *r = arg;

	(void)info;
	r->answered = true;
	if (!r->carrier_mouth)
		cw_speaker_attach(r->speaker, &r->lossy->line);
}

static void agent_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct rig *r = arg;

	(void)position;
	if (r->carrier_mouth)
		listen_to(r, ulaw);
}

static void agent_mark(uint32_t id, bool cleared, void *arg)
{
	struct rig *r = arg;
	struct lossy *y = r->lossy;

	if (cw_rng_chance(&y->rng, y->loss))
		return;
	if (!y->kept && cw_rng_chance(&y->rng, y->swap)) {
		y->kept = id;
		return;
	}
	cw_speaker_mark(r->speaker, id, cleared);
	if (y->kept && !cleared)
		cw_speaker_mark(r->speaker, y->kept, false);
	y->kept = 0;
}

static void carrier_answered(const struct cw_line_info *info, void *arg)
{
	struct rig *r = arg;

	(void)info;
	if (r->carrier_mouth)
		cw_speaker_attach(r->speaker, r->carrier);
}

static void carrier_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct rig *r = arg;
	uint8_t mine[CW_FRAME_SAMPLES];

	(void)position;
	if (!r->carrier_mouth) {
		listen_to(r, ulaw);
		return;
	}
	cw_speaker_at(r->speaker, cw_now(r->world) - CW_TICK_US);
	cw_speaker_pull(r->speaker, mine, NULL);
	assert_int_equal(cw_line_send(r->carrier, mine, sizeof(mine)), 0);
}

static const struct cw_line_events agent_events = {
	.answered = agent_answered, .frame = agent_frame, .mark = agent_mark};
static const struct cw_line_events carrier_events = {.answered = carrier_answered, .frame = carrier_frame};

static void started(uint32_t utterance, void *arg)
{
	(void)utterance;
	((struct rig *)arg)->starts++;
}

static void sentence(uint32_t utterance, unsigned n, const char *text, uint64_t ttfb_us, void *arg)
{
	(void)utterance;
	(void)n;
	(void)ttfb_us;
	(void)arg;
	assert_true(*text);
}

static void spoke(const struct cw_spoken *s, void *arg)
{
	struct rig *r = arg;

	r->spokes++;
	r->spoken = *s;
	snprintf(r->heard, sizeof(r->heard), "%s", s->heard);
	snprintf(r->unheard, sizeof(r->unheard), "%s", s->unheard);
	if (r->free_in_spoke) {
		talloc_free(r->speaker);
		r->speaker = NULL;
	}
}

static void failed(int err, const char *reason, void *arg)
{
	assert_true(*reason);
	((struct rig *)arg)->failures++;
	((struct rig *)arg)->fail_err = err;
}

static const struct cw_speaker_events events = {
	.started = started, .sentence = sentence, .spoke = spoke, .failed = failed};

static struct rig *rig_new(
	const struct cw_sim_conf *sim, uint64_t delay_us, bool carrier_mouth, const struct cw_speaker_conf *given)
{
	struct rig *r = talloc_zero(NULL, struct rig);
	const struct cw_loop_conf loop = {.delay_us = delay_us};
	struct cw_speaker_conf conf = given ? *given : (struct cw_speaker_conf){0};

	conf.voice = "modem";
	assert_int_equal(cw_sim_new(r, sim, &r->world), 0);
	assert_int_equal(cw_loop_new(r, r->world, &loop, &r->agent, &r->carrier), 0);
	r->carrier_mouth = carrier_mouth;
	r->lossy = talloc_zero(r, struct lossy);
	r->lossy->line = (struct cw_line){.driver = &lossy_driver, .side = CW_LINE_AGENT};
	r->lossy->inner = r->agent;
	cw_rng_init(&r->lossy->rng, sim->seed);
	cw_modem_rx_init(&r->rx, decoded, r);
	cw_line_attach(r->agent, &agent_events, r);
	cw_line_attach(r->carrier, &carrier_events, r);
	assert_int_equal(cw_speaker_new(r, r->world, &conf, &events, r, &r->speaker, NULL), 0);
	return r;
}

/* Words from @from on in sentences of 7. */
static const char *numbered(unsigned from, unsigned n)
{
	static char text[1024];
	size_t len = 0;

	for (unsigned i = from; i < from + n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%sw%u%s", i == from ? "" : " ", i, "");
	return text;
}

static void run_for(struct rig *r, uint64_t us)
{
	(void)cw_sim_run(r->world, cw_now(r->world) + us);
}

static void says_all_of_it(void **state)
{
	(void)state;
	for (int carrier = 0; carrier < 2; carrier++) {
		CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 3}, 20000, carrier, NULL);
		uint32_t id = 0;

		assert_int_equal(cw_speaker_say(r->speaker, numbered(1, WORDS), &id), 0);
		assert_int_equal(id, 1);
		assert_int_equal(r->spokes, 0);
		run_for(r, 30000000);
		assert_int_equal(r->spokes, 1);
		assert_int_equal(r->starts, 1);
		assert_int_equal(r->last_word, WORDS);
		assert_int_equal(r->again, 0);
		assert_string_equal(r->heard, numbered(1, WORDS));
		assert_string_equal(r->unheard, "");
		assert_false(r->spoken.cut);
		assert_int_equal(r->spoken.err, 0);
		assert_int_equal(cw_speaker_underruns(r->speaker), 0);
		assert_false(cw_speaker_busy(r->speaker));
	}
}

/* Random pauses, at last a stop; at every pause the ledger is compared with the receiver once the clear has arrived. Where a word
 * ends within a frame of the cut both answers are right. */
static void random_cuts(unsigned seed, unsigned *compared, unsigned *off)
{
	CW_SCOPED struct rig *r = NULL;
	struct cw_rng rng;

	cw_rng_init(&rng, seed);

	uint64_t delay = cw_rng_below(&rng, 3) * 20000;

	r = rig_new(&(struct cw_sim_conf){.seed = seed}, delay, seed % 4 == 3, NULL);
	r->lossy->loss = seed % 3 * 0.4;
	r->lossy->swap = seed % 2 * 0.5;
	assert_int_equal(cw_speaker_say(r->speaker, numbered(1, WORDS), NULL), 0);
	for (unsigned pauses = 2 + cw_rng_below(&rng, 6); pauses && r->spokes == 0; pauses--) {
		run_for(r, 200000 + cw_rng_below(&rng, 2500000));
		if (!cw_speaker_busy(r->speaker))
			break;
		cw_speaker_pause(r->speaker);
		run_for(r, 60000 + 2 * delay + cw_rng_below(&rng, 400000));

		unsigned ledger = last_number(cw_speaker_heard(r->speaker));

		(*compared)++;
		*off += ledger != r->last_word;
		assert_true(ledger <= r->last_word + 1 && r->last_word <= ledger + 1);
		if (pauses > 1 || seed % 5 == 0)
			cw_speaker_resume(r->speaker);
		else
			cw_speaker_stop(r->speaker);
	}
	run_for(r, 40000000);
	assert_int_equal(r->spokes, 1);
	assert_true(last_number(r->heard) <= r->last_word + 1 && r->last_word <= last_number(r->heard) + 1);
	assert_int_equal(
		strlen(r->heard) + strlen(r->unheard) + (*r->heard && *r->unheard), strlen(numbered(1, WORDS)));
	if (!r->spoken.cut)
		assert_int_equal(r->last_word, WORDS);
}

static void what_was_heard_is_known(void **state)
{
	unsigned compared = 0, off = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 120; seed++)
		random_cuts(seed, &compared, &off);
	print_message("# %u cuts compared, %u of them at a word's border\n", compared, off);
	assert_true(compared > 200);
	assert_true(off * 10 < compared); /* a frame is about a tenth of a word */
}

static void stop_cuts_everything_queued(void **state)
{
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 5}, 0, false, NULL);

	(void)state;
	assert_int_equal(cw_speaker_say(r->speaker, numbered(1, 10), NULL), 0);
	assert_int_equal(cw_speaker_say(r->speaker, numbered(11, 10), NULL), 0);
	run_for(r, 1000000);
	cw_speaker_stop(r->speaker);
	assert_int_equal(r->spokes, 0); /* told from the loop, not inside stop() */
	assert_int_equal(r->lossy->clears, 1);
	assert_false(cw_speaker_busy(r->speaker));

	uint64_t frames = r->audible_frames;

	run_for(r, 1000000);
	assert_int_equal(r->spokes, 2);
	assert_true(r->spoken.cut);
	assert_string_equal(r->heard, ""); /* the second of them */
	assert_true(r->audible_frames <= frames + 1);
	cw_speaker_stop(r->speaker); /* nothing when idle */
	run_for(r, 100000);
	assert_int_equal(r->spokes, 2);
	assert_int_equal(r->lossy->clears, 1);
}

static void bounds(void **state)
{
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 6}, 0, false, NULL);
	CW_SCOPED char *long_text = talloc_zero_array(NULL, char, 10001);
	CW_SCOPED int16_t *pcm = talloc_zero_array(NULL, int16_t, 130 * 8000);

	(void)state;
	memset(long_text, 'a', 10000);
	assert_int_equal(cw_speaker_say(r->speaker, long_text, NULL), EMSGSIZE);
	assert_int_equal(cw_speaker_say(r->speaker, " \n", NULL), EINVAL);
	assert_int_equal(cw_speaker_play(r->speaker, pcm, 130 * 8000, NULL, NULL), EMSGSIZE);
	assert_int_equal(cw_speaker_play(r->speaker, pcm, 0, NULL, NULL), EINVAL);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(cw_speaker_say(r->speaker, "w1", NULL), 0);
	assert_int_equal(cw_speaker_say(r->speaker, "w1", NULL), ENOBUFS);
	assert_int_equal(cw_speaker_play(r->speaker, pcm, 160, "w1", NULL), ENOBUFS);
}

static void dead_engine_ends_the_utterance(void **state)
{
	const struct cw_sim_conf sim = {.seed = 7, .fault = {[CW_FAULT_STALL] = 1}, .fault_only = "tts"};
	CW_SCOPED struct rig *r = rig_new(&sim, 0, false, NULL);

	(void)state;
	assert_int_equal(cw_speaker_say(r->speaker, "w1 w2.", NULL), 0);
	run_for(r, 2900000);
	assert_int_equal(r->failures, 0);
	run_for(r, 300000);
	assert_int_equal(r->failures, 1);
	assert_int_equal(r->fail_err, ETIMEDOUT);
	assert_int_equal(r->spokes, 1);
	assert_int_equal(r->spoken.err, ETIMEDOUT);
	assert_string_equal(r->heard, "");
	assert_string_equal(r->unheard, "w1 w2.");
	assert_int_equal(r->spoken.started_us, r->spoken.ended_us);
}

static void empty_success_is_a_failure(void **state)
{
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 8}, 0, false, NULL);

	(void)state;
	assert_int_equal(cw_speaker_play(r->speaker, (int16_t[160]){0}, 160, "silence", NULL), 0);
	run_for(r, 1000000);
	assert_int_equal(r->spokes, 1); /* samples are samples, audible or not */
	assert_int_equal(r->starts, 0);
	assert_string_equal(r->heard, "silence");
}

static void urgent_goes_first(void **state)
{
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 9}, 0, false, NULL);
	static int16_t beep[1600];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(beep); i++)
		beep[i] = i % 8 < 4 ? 5000 : -5000;
	assert_int_equal(cw_speaker_say(r->speaker, "w1 w2 w3", NULL), 0);
	run_for(r, 20000); /* the engine works on it */
	cw_speaker_urgent(r->speaker, true);
	assert_int_equal(cw_speaker_play(r->speaker, beep, CW_COUNT(beep), "beep", NULL), 0);
	cw_speaker_urgent(r->speaker, false);
	run_for(r, 10000);
	assert_int_equal(r->starts, 1);
	assert_int_equal(cw_speaker_current(r->speaker, NULL), 2);
	run_for(r, 9000000);
	assert_int_equal(r->spokes, 2);
	assert_int_equal(r->last_word, 3);

	assert_int_equal(cw_speaker_say(r->speaker, "w4", NULL), 0);
	run_for(r, 20000);
	cw_speaker_urgent(r->speaker, true);
	assert_int_equal(cw_speaker_say(r->speaker, "w5", NULL), 0); /* cannot be made before w4 comes: dropped */
	cw_speaker_urgent(r->speaker, false);
	run_for(r, 9000000);
	assert_int_equal(r->spokes, 4);
	assert_int_equal(r->last_word, 4);
}

static void slow_engine_is_counted(void **state)
{
	const struct cw_speaker_conf conf = {.tts_first_us = 20000000};
	struct cw_sim_conf sim = {.seed = 11, .fault = {[CW_FAULT_LATE] = 1}, .fault_only = "tts"};
	CW_SCOPED struct rig *r = rig_new(&sim, 0, false, &conf);

	(void)state;
	assert_int_equal(cw_speaker_say(r->speaker, "w1 w2 w3 w4 w5. w6 w7 w8 w9 w10. w11 w12 w13 w14.", NULL), 0);
	run_for(r, 60000000);
	assert_int_equal(r->spokes, 1);
	assert_int_equal(r->last_word, 14);
	assert_int_equal(r->spoken.err, 0);
	assert_in_range(cw_speaker_underruns(r->speaker), 1, 2); /* at most one between two sentences */
}

static void line_that_is_full_loses_nothing(void **state)
{
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 12}, 0, false, NULL);

	(void)state;
	assert_int_equal(cw_speaker_say(r->speaker, numbered(1, 12), NULL), 0);
	run_for(r, 1000000);
	r->lossy->dead = true;
	run_for(r, 1000000);
	r->lossy->dead = false;
	run_for(r, 20000000);
	assert_int_equal(r->spokes, 1);
	assert_int_equal(r->last_word, 12);
	assert_true(cw_speaker_underruns(r->speaker) >= 1);
}

static void may_be_freed_when_it_has_spoken(void **state)
{
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 13}, 0, false, NULL);

	(void)state;
	r->free_in_spoke = true;
	assert_int_equal(cw_speaker_say(r->speaker, "w1", NULL), 0);
	assert_int_equal(cw_speaker_say(r->speaker, "w2", NULL), 0);
	run_for(r, 10000000);
	assert_null(r->speaker);
	assert_int_equal(r->spokes, 1);
}

static void effects_are_on_the_silence_too(void **state)
{
	struct cw_rng rng;
	struct cw_effects *effects = NULL;
	const struct cw_effect_conf noisy = {.noise = "white", .snr_db = 10};

	(void)state;
	cw_rng_init(&rng, 1);
	assert_int_equal(cw_effects_new(NULL, &noisy, &rng, &effects), 0);

	const struct cw_speaker_conf conf = {.effects = effects};
	CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 15}, 0, true, &conf);

	assert_int_equal(cw_speaker_say(r->speaker, "w1 w2 w3 w4", NULL), 0);
	run_for(r, 4000000);
	assert_int_equal(r->last_word, 4);
	assert_int_equal(r->spokes, 1);

	uint64_t before = r->audible_frames;

	run_for(r, 1000000);
	assert_true(r->audible_frames > before + 20); /* nothing is said, the noise stays */
	talloc_free(r->speaker);
	talloc_free(effects);
}

static void frames_do_not_allocate(void **state)
{
	(void)state;
	for (int carrier = 0; carrier < 2; carrier++) {
		CW_SCOPED struct rig *r = rig_new(&(struct cw_sim_conf){.seed = 14}, 0, carrier, NULL);
		static int16_t tone[110 * 8000];

		for (size_t i = 0; i < CW_COUNT(tone); i++)
			tone[i] = i % 8 < 4 ? 5000 : -5000;
		assert_int_equal(cw_speaker_play(r->speaker, tone, CW_COUNT(tone), "tone", NULL), 0);
		run_for(r, 3000000);
		(void)cw_test_allocations();

		uint64_t frames = r->audible_frames;

		run_for(r, 20000000);
		assert_int_equal(cw_test_allocations(), 0);
		assert_true(r->audible_frames >= frames + 999);
	}
}

CW_TEST_MAIN(CW_TEST(says_all_of_it), CW_TEST(what_was_heard_is_known), CW_TEST(stop_cuts_everything_queued),
	CW_TEST(bounds), CW_TEST(dead_engine_ends_the_utterance), CW_TEST(empty_success_is_a_failure),
	CW_TEST(urgent_goes_first), CW_TEST(slow_engine_is_counted), CW_TEST(line_that_is_full_loses_nothing),
	CW_TEST(may_be_freed_when_it_has_spoken), CW_TEST(effects_are_on_the_silence_too),
	CW_TEST(frames_do_not_allocate))
