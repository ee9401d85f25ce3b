/* One set of tests over every STT driver, in the real world and the simulated one. */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/g711.h"
#include "speech/speech.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "world/os.h"
#include "world/sim.h"

#define SETTLE_US 5000000

struct setup {
	const char *engine, *voice;
	bool sim;
};

enum moment { NEVER, IN_PARTIAL, IN_FINAL, IN_FAILED };

struct bench {
	void *root;
	struct cw_world *w;
	struct cw_stt *stt;
	enum moment free_at, cancel_at;
	unsigned partials, finals, fails;
	bool inside; /* a call into the driver: no handler may run now */
	char partial[2048], final[2048];
	double confidence;
	int err;
};

static const struct setup *setup;
static const char spoken[] = "the furnace stopped working";
static int16_t pcm[CW_RATE_HZ * 8];
static size_t pcm_n;

static void react(struct bench *b, enum moment m)
{
	assert_false(b->inside);
	assert_non_null(b->stt);
	if (b->cancel_at == m)
		cw_stt_cancel(b->stt);
	if (b->free_at == m) {
		talloc_free(b->stt);
		b->stt = NULL;
	}
}

static void on_partial(const char *text, void *arg)
{
	struct bench *b = arg;

	b->partials++;
	snprintf(b->partial, sizeof(b->partial), "%s", text);
	react(b, IN_PARTIAL);
}

static void on_final(const char *text, double confidence, void *arg)
{
	struct bench *b = arg;

	b->finals++;
	snprintf(b->final, sizeof(b->final), "%s", text);
	b->confidence = confidence;
	if (!setup->sim)
		cw_os_stop(b->w);
	react(b, IN_FINAL);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct bench *b = arg;

	assert_non_null(reason);
	b->fails++;
	b->err = err;
	react(b, IN_FAILED);
}

static const struct cw_stt_events events = {on_partial, on_final, on_failed};

static void run(struct bench *b, uint64_t limit_us)
{
	if (setup->sim)
		cw_sim_run(b->w, cw_now(b->w) + limit_us);
	else
		cw_os_run_for(b->w, limit_us);
}

static void world_open(struct bench *b)
{
	*b = (struct bench){.root = talloc_new(NULL)};
	assert_int_equal(setup->sim ? cw_sim_new(b->root, &(struct cw_sim_conf){.seed = 3}, &b->w)
				    : cw_os_new(b->root, &(struct cw_os_conf){.seed = 3, .workers = 2}, &b->w),
		0);
}

static void bench_open(struct bench *b)
{
	struct cw_why why = {0};

	world_open(b);
	if (cw_stt_open(b->root, b->w, &(struct cw_stt_conf){setup->engine, "en-US", CW_RATE_HZ}, &events, b, &b->stt,
		    &why))
		fail_msg("%s: %s", setup->engine, why.text);
}

static void bench_close(struct bench *b)
{
	talloc_free(b->root);
	cw_speech_release();
}

/* ---- what is fed: the words spoken, as a line carries them ---- */

static void keep_audio(const int16_t *p, size_t n, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < n && pcm_n < CW_COUNT(pcm) - 4800; i++) {
		uint8_t u;

		cw_ulaw_encode(&p[i], &u, 1);
		cw_ulaw_decode(&u, &pcm[pcm_n++], 1);
	}
}

static void no_matter(int err, const char *reason, void *arg)
{
	(void)reason;
	(void)arg;
	assert_int_equal(err, 0);
}

static void speak(const char *text)
{
	static const struct cw_tts_events ev = {.audio = keep_audio, .done = no_matter};
	struct bench b = {.root = talloc_new(NULL)};
	struct cw_tts *tts;
	struct cw_tts_job *job;

	memset(pcm, 0, sizeof(pcm));
	pcm_n = 1600;
	assert_int_equal(cw_sim_new(b.root, &(struct cw_sim_conf){.seed = 1}, &b.w), 0);
	assert_int_equal(cw_tts_open(b.root, b.w, &(struct cw_tts_conf){.voice = setup->voice}, &tts, NULL), 0);
	assert_int_equal(cw_tts_say(b.root, tts, text, &ev, NULL, &job), 0);
	cw_sim_run(b.w, 60000000);
	pcm_n += 3200;
	talloc_free(b.root);
}

static void feed(struct bench *b, size_t from, size_t to)
{
	for (size_t at = from; at < to && b->stt; at += 160) {
		b->inside = true;
		cw_stt_feed(b->stt, pcm + at, to - at < 160 ? to - at : 160);
		b->inside = false;
		if (at % 1600 == 0)
			run(b, setup->sim ? 200000 : 1000);
	}
}

static void finish_within(struct bench *b, uint64_t limit_us)
{
	b->inside = true;
	cw_stt_finish(b->stt);
	b->inside = false;
	run(b, limit_us);
}

static void finish(struct bench *b)
{
	finish_within(b, SETTLE_US);
}

static void recognise(struct bench *b)
{
	cw_stt_begin(b->stt);
	feed(b, 0, pcm_n);
	if (b->stt)
		finish(b);
}

/* ---- tests ---- */

static void hears_a_sentence(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned i = 1; i <= 3; i++) {
		recognise(&b);
		assert_int_equal(b.finals, i);
		assert_int_equal(b.fails, 0);
		assert_string_equal(b.final, spoken);
		print_message("# confidence %.3f\n", b.confidence);
		assert_true(b.confidence > 0.0 && b.confidence <= 1);
		assert_true(b.partials >= i);
		assert_true(strlen(b.partial) > 5);
	}
	bench_close(&b);
}

static void silence_has_no_words(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	cw_stt_begin(b.stt);
	finish(&b); /* nothing fed at all */
	assert_int_equal(b.finals, 1);
	assert_string_equal(b.final, "");
	cw_stt_begin(b.stt);
	for (unsigned i = 0; i < 50; i++) {
		static const int16_t zeros[160];

		cw_stt_feed(b.stt, zeros, 160);
	}
	finish(&b);
	assert_int_equal(b.finals, 2);
	assert_string_equal(b.final, "");
	bench_close(&b);
}

static void stray_calls_do_nothing(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	cw_stt_feed(b.stt, pcm, 1600);
	cw_stt_finish(b.stt);
	cw_stt_cancel(b.stt);
	run(&b, 200000);
	assert_int_equal(b.finals + b.fails + b.partials, 0);
	bench_close(&b);
}

static void cancel_then_begin(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (unsigned stage = 0; stage < 5; stage++) {
		cw_stt_begin(b.stt);
		feed(&b, 0, pcm_n * stage / 4);
		if (stage == 4)
			cw_stt_finish(b.stt);
		unsigned partials = b.partials;

		cw_stt_cancel(b.stt);
		run(&b, 50000);
		assert_int_equal(b.finals + b.fails, 0);
		assert_int_equal(b.partials, partials);
	}
	recognise(&b);
	assert_string_equal(b.final, spoken);
	bench_close(&b);
}

static void begin_forgets_the_segment_before(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	cw_stt_begin(b.stt);
	feed(&b, 0, pcm_n / 2);
	recognise(&b);
	assert_int_equal(b.finals, 1);
	assert_string_equal(b.final, spoken);
	bench_close(&b);
}

static void garbage_is_survived(void **state)
{
	struct bench b;
	struct cw_rng rng;
	int16_t frame[160];

	(void)state;
	bench_open(&b);
	cw_rng_init(&rng, 7);
	cw_stt_begin(b.stt);
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < 160; k++)
			frame[k] = (int16_t)cw_rng_u64(&rng);
		cw_stt_feed(b.stt, frame, 160);
		if (i % 10 == 0)
			run(&b, setup->sim ? 200000 : 20000);
	}
	finish(&b);
	assert_int_equal(b.finals, 1);
	print_message("# noise was heard as \"%s\", confidence %.2f\n", b.final, b.confidence);
	recognise(&b);
	assert_string_equal(b.final, spoken);
	bench_close(&b);
}

static void freed_in_its_handlers(void **state)
{
	struct bench b;

	(void)state;
	for (enum moment m = IN_PARTIAL; m <= IN_FINAL; m++) {
		bench_open(&b);
		b.free_at = m;
		recognise(&b);
		assert_null(b.stt);
		assert_int_equal(b.finals, m == IN_FINAL);
		bench_close(&b);
	}
}

static void cancelled_in_its_handlers(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	b.cancel_at = IN_PARTIAL;
	cw_stt_begin(b.stt);
	feed(&b, 0, pcm_n);
	for (unsigned i = 0; i < 100 && !b.partials; i++)
		run(&b, 100000);
	finish_within(&b, 300000);
	assert_int_equal(b.partials, 1);
	assert_int_equal(b.finals + b.fails, 0);
	b.cancel_at = IN_FINAL;
	b.partials = 0;
	recognise(&b);
	assert_int_equal(b.finals, 1);
	bench_close(&b);
}

static void freed_at_any_time(void **state)
{
	struct bench b;

	(void)state;
	for (unsigned stage = 0; stage < 6; stage++) {
		bench_open(&b);
		if (stage)
			cw_stt_begin(b.stt);
		if (stage > 1)
			feed(&b, 0, pcm_n * (stage - 1) / 4);
		if (stage == 5)
			cw_stt_finish(b.stt);
		if (stage % 2)
			talloc_free(b.stt);
		bench_close(&b);
	}
}

static void hints_change_between_segments(void **state)
{
	static const char *const one[] = {
		"the furnace stopped working", "my name is {name}", "{date} at {time}", "yes"};
	static const char *const two[] = {"yes", "no", "{digits}"};
	static const char *const names[] = {"Zbigniew O'Neill", "Mary"};
	static const struct cw_hint_class classes[] = {{"name", names, 2}};
	struct cw_hints *h1 = cw_hints_new(NULL, &(struct cw_hints){one, 4, classes, 1, 0});
	struct cw_hints *h2 = cw_hints_new(NULL, &(struct cw_hints){two, 3, NULL, 0, 0});
	struct bench b;

	(void)state;
	assert_true(h1 && h2 && h1->hash != h2->hash);
	bench_open(&b);
	for (unsigned i = 0; i < 2; i++) {
		cw_stt_expect(b.stt, h1);
		recognise(&b);
		assert_string_equal(b.final, spoken);
		cw_stt_expect(b.stt, h2);
		cw_stt_begin(b.stt);
		cw_stt_expect(b.stt, NULL); /* for the next one: not this */
		cw_stt_cancel(b.stt);
	}
	bench_close(&b);
	talloc_free(h1);
	talloc_free(h2);
}

static void unknown_engines_are_named(void **state)
{
	static const char *const bad[] = {
		"nosuch", "pocketsphinks", "modem:wer=2", "modem:nosuch=1", "pocketsphinx:model=nosuch"};
	struct bench b;
	struct cw_stt *stt = NULL;

	(void)state;
	world_open(&b);
	for (unsigned i = 0; i < CW_COUNT(bad); i++) {
		struct cw_why why = {0};

		assert_int_equal(cw_stt_open(b.root, b.w, &(struct cw_stt_conf){bad[i], NULL, CW_RATE_HZ}, &events, &b,
					 &stt, &why),
			i < 2 ? ENOENT : EINVAL);
		assert_null(stt);
		assert_true(strlen(why.text) > 20);
	}
	setenv("CW_POCKETSPHINX_MODEL", "/nonexistent", 1);
	struct cw_why why = {0};

	assert_int_equal(cw_stt_open(b.root, b.w, &(struct cw_stt_conf){"pocketsphinx", NULL, CW_RATE_HZ}, &events, &b,
				 &stt, &why),
		ENOENT);
	assert_non_null(strstr(why.text, "pocketsphinx-en-us"));
	unsetenv("CW_POCKETSPHINX_MODEL");
	bench_close(&b);
}

static void modem_errors_have_the_chosen_rate(void **state)
{
	struct bench b;
	char first[2048];
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		world_open(&b);
		cw_rng_init(cw_rng(b.w), i % 50); /* each seed twice */
		assert_int_equal(cw_stt_open(b.root, b.w, &(struct cw_stt_conf){"modem:wer=0.2", NULL, CW_RATE_HZ},
					 &events, &b, &b.stt, NULL),
			0);
		recognise(&b);
		assert_int_equal(b.finals, 1);
		if (i == 0)
			memcpy(first, b.final, sizeof(first));
		if (i == 50)
			assert_string_equal(first, b.final);
		wrong += strcmp(b.final, spoken) != 0;
		bench_close(&b);
	}
	assert_in_range(wrong, 40, 80); /* 1 - 0.8^4 = 59 % of the sentences */
}

static int use(void **state)
{
	setup = *state;
	speak(spoken);
	return 0;
}

static const struct setup modem_sim = {"modem", "modem", true}, modem_os = {"modem", "modem", false},
			  sphinx_os = {"pocketsphinx", "flite:kal16", false},
			  sphinx_sim = {"pocketsphinx", "flite:kal16", true};

static int use_modem_sim(void **state)
{
	*state = (void *)(uintptr_t)&modem_sim;
	return use(state);
}
static int use_modem_os(void **state)
{
	*state = (void *)(uintptr_t)&modem_os;
	return use(state);
}
static int use_sphinx_sim(void **state)
{
	*state = (void *)(uintptr_t)&sphinx_sim;
	return use(state);
}
static int use_sphinx_os(void **state)
{
	*state = (void *)(uintptr_t)&sphinx_os;
	return use(state);
}

int main(void)
{
	const struct CMUnitTest contract[] = {
		CW_TEST(hears_a_sentence),
		CW_TEST(silence_has_no_words),
		CW_TEST(stray_calls_do_nothing),
		CW_TEST(cancel_then_begin),
		CW_TEST(begin_forgets_the_segment_before),
		CW_TEST(garbage_is_survived),
		CW_TEST(freed_in_its_handlers),
		CW_TEST(cancelled_in_its_handlers),
		CW_TEST(freed_at_any_time),
		CW_TEST(hints_change_between_segments),
	};
	const struct CMUnitTest others[] = {
		CW_TEST(unknown_engines_are_named), CW_TEST(modem_errors_have_the_chosen_rate)};
	const struct CMUnitTest brief[] = {CW_TEST(hears_a_sentence), CW_TEST(freed_in_its_handlers)};
	int failed = 0;

	failed += cmocka_run_group_tests_name("modem", contract, use_modem_os, NULL);
	failed += cmocka_run_group_tests_name("pocketsphinx", contract, use_sphinx_os, NULL);
	failed += cmocka_run_group_tests_name("pocketsphinx, simulated", brief, use_sphinx_sim, NULL);
	failed += cmocka_run_group_tests_name("modem, simulated", contract, use_modem_sim, NULL);
	failed += cmocka_run_group_tests_name("all", others, use_modem_sim, NULL);
	return failed;
}
