/* One set of tests over every TTS driver, in the real world and (modem, flite) the simulated one. */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/g711.h"
#include "speech/tts.h"
#include "world/os.h"
#include "world/sim.h"

struct bench { /* a world and a voice in it */
	void *root;
	struct cw_world *w;
	struct cw_tts *tts;
};

enum moment { NEVER, IN_WORD, IN_AUDIO, IN_DONE };

struct ear {
	struct bench *b;
	struct cw_tts_job *job;
	enum moment free_at;
	unsigned chunks, words, dones;
	size_t samples, loud, last_word;
	uint64_t last_word_samples;
	uint32_t hash;
	int err;
};

static const char *voice; /* the driver under test */
static bool simulated;

static void stop_if_os(struct bench *b)
{
	if (!simulated)
		cw_os_stop(b->w);
}

static void free_job(struct ear *e)
{
	talloc_free(e->job);
	e->job = NULL;
	stop_if_os(e->b);
}

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct ear *e = arg;

	assert_true(n > 0);
	assert_int_equal(e->dones, 0);
	assert_non_null(e->job);
	e->chunks++;
	e->samples += n;
	for (size_t i = 0; i < n; i++) {
		e->loud += abs(pcm[i]) > 500;
		e->hash = e->hash * 31 + (uint16_t)pcm[i];
	}
	if (e->free_at == IN_AUDIO)
		free_job(e);
}

static void on_word(size_t text_end, uint64_t sample_end, void *arg)
{
	struct ear *e = arg;

	assert_int_equal(e->dones, 0);
	assert_true(text_end > e->last_word);
	assert_true(sample_end >= e->last_word_samples && sample_end >= e->samples);
	e->last_word = text_end;
	e->last_word_samples = sample_end;
	e->words++;
	if (e->free_at == IN_WORD)
		free_job(e);
}

static void on_done(int err, const char *reason, void *arg)
{
	struct ear *e = arg;

	assert_int_equal(e->dones, 0);
	assert_non_null(e->job);
	assert_true(!err || reason);
	e->dones++;
	e->err = err;
	if (e->free_at == IN_DONE)
		free_job(e);
	stop_if_os(e->b);
}

static const struct cw_tts_events events = {on_audio, on_word, on_done};

static void run(struct bench *b, uint64_t limit_us)
{
	if (simulated)
		cw_sim_run(b->w, cw_now(b->w) + limit_us);
	else
		cw_os_run_for(b->w, limit_us);
}

static void bench_open(struct bench *b)
{
	struct cw_tts_conf conf = {.voice = voice, .language = "en-US"};
	struct cw_why why = {0};

	b->root = talloc_new(NULL);
	assert_int_equal(simulated ? cw_sim_new(b->root, &(struct cw_sim_conf){.seed = 3}, &b->w)
				   : cw_os_new(b->root, &(struct cw_os_conf){.seed = 3, .workers = 2}, &b->w),
		0);
	if (cw_tts_open(b->root, b->w, &conf, &b->tts, &why))
		fail_msg("%s: %s", voice, why.text);
}

static void bench_close(struct bench *b)
{
	talloc_free(b->root);
}

static void say(struct bench *b, struct ear *e, const char *text)
{
	e->b = b;
	assert_int_equal(cw_tts_say(b->root, b->tts, text, &events, e, &e->job), 0);
	assert_int_equal(e->chunks + e->words + e->dones, 0); /* no handler before say() has returned */
}

static const char sentence[] = "Hello, this is Mary. The furnace died at 9:30 AM; call 415-555-0134.";

static void says_a_sentence(void **state)
{
	struct bench b;
	struct ear e = {0};

	(void)state;
	bench_open(&b);
	say(&b, &e, sentence);
	run(&b, 10000000);
	assert_int_equal(e.dones, 1);
	assert_int_equal(e.err, 0);
	assert_in_range(e.samples, 3 * CW_RATE_HZ, 12 * CW_RATE_HZ);
	assert_true(e.loud > e.samples / 5);
	if (e.words) {
		assert_int_equal(e.last_word, strlen(sentence));
		assert_true(e.last_word_samples <= e.samples);
	}
	talloc_free(e.job);
	bench_close(&b);
}

static void same_text_same_samples(void **state)
{
	struct bench b;
	struct ear e[3] = {{0}};

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 3; i++) {
		say(&b, &e[i], sentence);
		run(&b, 10000000);
		assert_int_equal(e[i].dones, 1);
		assert_int_equal(e[i].hash, e[0].hash);
	}
	bench_close(&b);
}

static void sentences_at_once(void **state)
{
	struct bench b;
	struct ear e[9] = {{0}};
	unsigned done = 0;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 9; i++)
		say(&b, &e[i], i % 3 == 0 ? sentence : i % 3 == 1 ? "yes" : "no, thank you very much");
	for (unsigned turn = 0; turn < 40 && done < 9; turn++) {
		run(&b, 5000000);
		done = 0;
		for (unsigned i = 0; i < 9; i++)
			done += e[i].dones;
	}
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(e[i].dones, 1);
		assert_int_equal(e[i].err, 0);
		assert_int_equal(e[i].hash, e[i % 3].hash);
	}
	bench_close(&b);
}

static void nothing_to_say(void **state)
{
	static const char *const texts[] = {"", " \n", " . "};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 3; i++) {
		struct ear e = {0};

		if (i == 2 && strstr(voice, "modem"))
			continue; /* tones carry any sign */
		say(&b, &e, texts[i]);
		run(&b, 3000000);
		assert_int_equal(e.dones, 1);
		assert_int_equal(e.err, ENODATA);
		assert_int_equal(e.samples, 0);
		talloc_free(e.job);
	}
	bench_close(&b);
}

static void long_text(void **state)
{
	char text[4002];
	struct bench b;
	struct ear e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 7 == 6 ? ' ' : (char)('a' + i % 5);
	text[4001] = 0;
	bench_open(&b);
	assert_int_equal(cw_tts_say(b.root, b.tts, text, &events, &e, &e.job), EMSGSIZE);
	assert_null(e.job);
	text[strstr(voice, "flite") ? 500 : 4000] = 0;
	say(&b, &e, text);
	run(&b, 30000000);
	assert_int_equal(e.dones, 1);
	assert_int_equal(e.err, 0);
	assert_true(e.samples > 20 * CW_RATE_HZ);
	bench_close(&b);
}

static void odd_texts(void **state)
{
	static const char *const texts[] = {"-v xx --help", "[[h@l'oU]] there", "<break/> & <b>x</b>",
		"caf\xC3\xA9 \xE2\x80\x9Cq\xE2\x80\x9D \xFF\xFE z",
		"$25.50 on 12/25/2026 at 1600 Pennsylvania Ave. St. Louis #4 72\302\260F"};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < CW_COUNT(texts); i++) {
		struct ear e = {0};

		say(&b, &e, texts[i]);
		run(&b, 5000000);
		assert_int_equal(e.dones, 1);
		assert_int_equal(e.err, 0);
		assert_true(e.samples > 2000);
	}
	bench_close(&b);
}

static void cancelled_at_once(void **state)
{
	struct bench b;
	struct ear e = {0};

	(void)state;
	bench_open(&b);
	say(&b, &e, sentence);
	talloc_free(e.job);
	run(&b, 300000);
	assert_int_equal(e.chunks + e.dones, 0);
	bench_close(&b);
}

/* Freed a little later each time: before, during and after the work. */
static void cancelled_at_any_time(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (uint64_t after_us = 200; after_us < 100000; after_us = after_us * 2) {
		struct ear e = {0};

		say(&b, &e, sentence);
		run(&b, after_us);
		unsigned seen = e.chunks + e.dones;

		talloc_free(e.job);
		run(&b, 60000);
		assert_int_equal(e.chunks + e.dones, seen);
	}
	bench_close(&b);
}

static void world_ends_in_the_middle(void **state)
{
	struct bench b;
	struct ear e[4] = {{0}};

	(void)state;
	bench_open(&b);
	for (unsigned i = 0; i < 4; i++)
		say(&b, &e[i], sentence);
	run(&b, 2000);
	bench_close(&b);
}

static void freed_in_its_handlers(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (enum moment m = IN_WORD; m <= IN_DONE; m++) {
		struct ear e = {.free_at = m};

		if (m == IN_WORD && strstr(voice, "espeak"))
			continue;
		say(&b, &e, sentence);
		run(&b, 5000000);
		assert_null(e.job);
		assert_int_equal(e.dones, m == IN_DONE);
		assert_true(m == IN_DONE || (m == IN_AUDIO ? e.chunks : e.words) == 1);
	}
	bench_close(&b);
}

static void voice_freed_before_its_sentence(void **state)
{
	struct bench b;
	struct ear e = {0};

	(void)state;
	bench_open(&b);
	say(&b, &e, sentence);
	talloc_free(b.tts);
	run(&b, 10000000);
	assert_int_equal(e.dones, 1);
	assert_int_equal(e.err, 0);
	bench_close(&b);
}

static void speed_changes_the_length(void **state)
{
	struct bench b;
	struct ear slow = {0}, fast = {0};
	struct cw_tts *tts;

	(void)state;
	bench_open(&b);
	say(&b, &slow, sentence);
	run(&b, 10000000);
	assert_int_equal(cw_tts_open(b.root, b.w,
				 &(struct cw_tts_conf){.voice = voice, .language = "en-US", .speed = 1.5}, &tts, NULL),
		0);
	b.tts = tts;
	say(&b, &fast, sentence);
	run(&b, 10000000);
	assert_true((double)fast.samples < 0.8 * (double)slow.samples);
	bench_close(&b);
}

static void unknown_voices_are_named(void **state)
{
	static const char *const bad[] = {"nosuch", "flite:nosuch", "espeak:nosuch", "modem:nosuch=1", "modem:wpm=1"};
	struct bench b;
	struct cw_tts *tts = NULL;

	(void)state;
	voice = "modem";
	simulated = true;
	bench_open(&b);
	for (unsigned i = 0; i < CW_COUNT(bad); i++) {
		struct cw_why why = {0};
		int err = cw_tts_open(b.root, b.w, &(struct cw_tts_conf){.voice = bad[i]}, &tts, &why);

		assert_int_equal(err, i < 3 ? ENOENT : EINVAL);
		assert_null(tts);
		assert_true(strlen(why.text) > 20);
	}
	for (const struct cw_tts_driver *const *d = cw_tts_drivers(); *d; d++)
		assert_true((*d)->name && (*d)->about && (*d)->open && (*d)->say);
	bench_close(&b);
}

static int use(const char *v, bool sim)
{
	voice = v;
	simulated = sim;
	return 0;
}

static int use_modem_sim(void **state)
{
	(void)state;
	return use("modem", true);
}
static int use_modem_os(void **state)
{
	(void)state;
	return use("modem", false);
}
static int use_flite_slt(void **state)
{
	(void)state;
	return use("flite:slt", false);
}
static int use_flite_kal16(void **state)
{
	(void)state;
	return use("flite:kal16", false);
}
static int use_flite_sim(void **state)
{
	(void)state;
	return use("flite:rms", true);
}
static int use_espeak(void **state)
{
	(void)state;
	return use("espeak:en-us", false);
}

int main(void)
{
	const struct CMUnitTest contract[] = {
		CW_TEST(says_a_sentence),
		CW_TEST(same_text_same_samples),
		CW_TEST(sentences_at_once),
		CW_TEST(nothing_to_say),
		CW_TEST(long_text),
		CW_TEST(odd_texts),
		CW_TEST(cancelled_at_once),
		CW_TEST(cancelled_at_any_time),
		CW_TEST(world_ends_in_the_middle),
		CW_TEST(freed_in_its_handlers),
		CW_TEST(voice_freed_before_its_sentence),
		CW_TEST(speed_changes_the_length),
	};
	const struct CMUnitTest brief[] = {
		CW_TEST(same_text_same_samples), CW_TEST(sentences_at_once), CW_TEST(world_ends_in_the_middle)};
	const struct CMUnitTest others[] = {CW_TEST(unknown_voices_are_named)};
	int failed = 0;

	failed += cmocka_run_group_tests_name("modem, simulated", contract, use_modem_sim, NULL);
	failed += cmocka_run_group_tests_name("modem", contract, use_modem_os, NULL);
	failed += cmocka_run_group_tests_name("flite:kal16", contract, use_flite_kal16, NULL);
	failed += cmocka_run_group_tests_name("flite:slt", brief, use_flite_slt, NULL);
	failed += cmocka_run_group_tests_name("flite:rms, simulated", brief, use_flite_sim, NULL);
	failed += cmocka_run_group_tests_name("espeak", contract, use_espeak, NULL);
	failed += cmocka_run_group_tests_name("all", others, NULL, NULL);
	return failed;
}
