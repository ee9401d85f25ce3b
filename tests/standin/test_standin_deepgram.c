/*
 * Our recogniser and voice of Deepgram against the stand-in, in virtual time and over sockets:
 *
 *   cw_tts (modem) ──▶ cw_stt "deepgram:nova-3" ──▶ cw_listen() ── /v1/listen ── modem
 *   cw_tts "deepgram:aura-2-thalia-en"          ──▶ cw_listen() ── /v1/speak  ── modem ──▶ modem receiver
 */
#include "testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/g711.h"
#include "speech/modem.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "standin/deepgram.h"
#include "world/net.h"
#include "world/os.h"
#include "world/sim.h"

#define SENTENCE "my furnace stopped working last night and the house is getting cold"

struct bench {
	struct cw_world *w;
	void *server_owner, *owner;
	struct cw_standin_deepgram *standin;
	struct cw_server *listener;
	struct cw_stt *stt;
	struct cw_tts *tts;
	struct cw_tts_job *job;
	struct cw_timer feed;
	struct cw_modem_tx tx;
	int16_t piece[CW_MODEM_PIECE_SAMPLES];
	size_t piece_n, piece_at;
	bool spoken, talking; /* all words rendered; frames are being fed */
	unsigned tail;        /* frames of silence behind them */
	char text[1024], partial[1024], reason[600], heard[1024];
	double confidence;
	bool over;
	int err;
	unsigned partials, finals;
	uint64_t asked_us, over_us, first_us;
	struct cw_modem_rx rx;
	size_t samples;
};

static void open_bench(struct bench *b, bool sim, const struct cw_standin_deepgram_conf *conf)
{
	static const struct cw_routes routes = {
		.request = cw_standin_deepgram_request, .upgrade = cw_standin_deepgram_upgrade};
	struct cw_why why = {0};
	char url[64];

	memset(b, 0, sizeof(*b));
	b->server_owner = talloc_named_const(NULL, 0, "server");
	b->owner = talloc_named_const(NULL, 0, "bench");
	assert_int_equal(sim ? cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 5}, &b->w)
			     : cw_os_new(NULL, &(struct cw_os_conf){.seed = 5, .workers = 1}, &b->w),
		0);
	if (cw_standin_deepgram_new(b->owner, b->w, conf, &b->standin, &why))
		fail_msg("%s", why.text);
	assert_int_equal(cw_listen(b->server_owner, b->w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes,
				 b->standin, &b->listener, NULL),
		0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", cw_server_port(b->listener));
	assert_int_equal(setenv("CW_DEEPGRAM_URL", url, 1), 0);
	assert_int_equal(setenv("CW_DEEPGRAM_API_KEY", "right", 1), 0);
	cw_timer_init(&b->feed, b->w);
}

static void close_bench(struct bench *b)
{
	cw_timer_stop(&b->feed);
	talloc_free(b->stt);
	talloc_free(b->tts);
	talloc_free(b->owner);
	talloc_free(b->server_owner);
	talloc_free(b->w);
}

static void serve(struct bench *b, uint64_t us, const bool *until)
{
	uint64_t end = cw_now(b->w) + us;

	while (!(until && *until) && cw_now(b->w) < end) {
		if (!cw_world_is_sim(b->w))
			cw_os_run_for(b->w, 2000);
		else if (until)
			assert_true(cw_sim_step(b->w));
		else
			(void)cw_sim_run(b->w, end); /* moves the clock, too */
		if (cw_world_is_sim(b->w) && !until)
			return;
	}
}

/* ---- listening ---- */

static void on_partial(const char *text, void *arg)
{
	struct bench *b = arg;

	b->partials++;
	(void)snprintf(b->partial, sizeof(b->partial), "%s", text);
}

static void on_final(const char *text, double confidence, void *arg)
{
	struct bench *b = arg;

	b->finals++;
	b->over = true;
	b->over_us = cw_now(b->w);
	b->confidence = confidence;
	(void)snprintf(b->text, sizeof(b->text), "%s", text);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct bench *b = arg;

	b->over = true;
	b->over_us = cw_now(b->w);
	b->err = err;
	(void)snprintf(b->reason, sizeof(b->reason), "%s", reason);
}

static const struct cw_stt_events ear = {.partial = on_partial, .final = on_final, .failed = on_failed};

static void listen_with(struct bench *b, const char *engine)
{
	struct cw_why why = {0};

	if (cw_stt_open(NULL, b->w, &(struct cw_stt_conf){.engine = engine, .language = "en-US", .rate_hz = 8000}, &ear,
		    b, &b->stt, &why))
		fail_msg("%s", why.text);
}

static void feed_frame(void *arg)
{
	struct bench *b = arg;
	struct cw_modem_piece piece;
	int16_t frame[CW_FRAME_SAMPLES] = {0};

	for (size_t i = 0; i < CW_FRAME_SAMPLES && !b->spoken;) {
		size_t n;

		if (b->piece_at == b->piece_n) {
			b->piece_at = b->piece_n = 0;
			b->spoken = !cw_modem_tx_next(&b->tx, b->piece, &piece);
			b->piece_n = b->spoken ? 0 : piece.n;
			continue;
		}
		n = b->piece_n - b->piece_at < CW_FRAME_SAMPLES - i ? b->piece_n - b->piece_at : CW_FRAME_SAMPLES - i;
		memcpy(frame + i, b->piece + b->piece_at, n * sizeof(*frame));
		b->piece_at += n;
		i += n;
	}
	if (b->spoken && b->tail-- == 0) {
		b->talking = false;
		b->asked_us = cw_now(b->w);
		cw_stt_finish(b->stt);
		return;
	}
	cw_stt_feed(b->stt, frame, CW_FRAME_SAMPLES);
	cw_timer_start(&b->feed, 20000, feed_frame, b);
}

/* Say it at speaking pace with @tail frames of silence behind it. */
static void start_saying(struct bench *b, const char *text, unsigned tail)
{
	b->over = b->spoken = false;
	b->talking = true;
	b->err = 0;
	b->text[0] = b->partial[0] = b->reason[0] = '\0';
	b->partials = b->finals = 0;
	b->tail = tail;
	b->piece_n = b->piece_at = 0;
	cw_modem_tx_init(&b->tx, cw_str(text), 170);
	cw_stt_begin(b->stt);
	cw_timer_start(&b->feed, 20000, feed_frame, b);
}

static void say(struct bench *b, const char *text, unsigned tail)
{
	start_saying(b, text, tail);
	serve(b, 60000000, &b->over);
	cw_timer_stop(&b->feed);
	assert_true(b->over);
}

static void hears_utterances(void **state)
{
	static const unsigned tails[] = {5, 30, 60};
	struct bench b;
	struct cw_stt_usage usage;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){.latency_us = 250000});
	listen_with(&b, "deepgram:nova-3");
	serve(&b, 100000, NULL);
	for (size_t i = 0; i < CW_COUNT(tails); i++) {
		say(&b, SENTENCE, tails[i]);
		assert_int_equal(b.err, 0);
		assert_string_equal(b.text, SENTENCE);
		assert_true(b.partials >= 2 && b.confidence > 0.8);
		assert_true(b.over_us - b.asked_us < 450000);
		serve(&b, 12000000, NULL); /* longer than Deepgram waits without KeepAlive */
	}
	cw_stt_usage(b.stt, &usage);
	assert_int_equal(usage.reconnects, 0);
	assert_true(usage.ttfs_us > 0 && usage.ttfs_us < 450000);
	assert_true(usage.seconds > 12 && usage.seconds < 25);
	assert_int_equal(cw_standin_deepgram_requests(b.standin), 1);
	close_bench(&b);
}

static void given_up_segments_do_not_leak_into_the_next(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){.latency_us = 200000});
	listen_with(&b, "deepgram:nova-3");
	start_saying(&b, "this is to be forgotten", 5);
	serve(&b, 1500000, NULL);
	cw_timer_stop(&b.feed);
	cw_stt_cancel(b.stt);
	say(&b, "only this counts", 20);
	assert_string_equal(b.text, "only this counts");
	assert_int_equal(b.finals, 1);
	close_bench(&b);
}

static void a_link_cut_in_the_middle_loses_no_word(void **state)
{
	static const char *const faults[] = {"cut", "error-event", "stall"};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(faults); i++) {
		struct cw_standin_deepgram_conf conf = {.fault_times = 1};
		struct cw_stt_usage usage;

		assert_int_equal(cw_standin_fault_parse(faults[i], &conf.fault, NULL), 0);
		open_bench(&b, true, &conf);
		listen_with(&b, "deepgram:nova-3,replay=4");
		say(&b, SENTENCE " " SENTENCE, 30);
		if (b.err || strcmp(b.text, SENTENCE " " SENTENCE) != 0)
			fail_msg("%s: '%s' %d %s", faults[i], b.text, b.err, b.reason);
		cw_stt_usage(b.stt, &usage);
		assert_int_equal(usage.reconnects, 1);
		assert_int_equal(usage.lost_us, 0);
		say(&b, "and again", 30);
		assert_string_equal(b.text, "and again");
		close_bench(&b);
	}
}

static void every_fault_of_listening_has_its_kind(void **state)
{
	static const struct {
		const char *fault;
		int err;
	} cases[] = {{"401", EACCES}, {"402", EDQUOT}, {"403", EACCES}, {"429:3", EBUSY}, {"400", EINVAL},
		{"503", EREMOTEIO}, {"garbage", EPROTO}, {"silent", ETIMEDOUT}, {"unfinished", ETIMEDOUT},
		{"cut", ECONNRESET}};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_standin_deepgram_conf conf = {0};

		assert_int_equal(cw_standin_fault_parse(cases[i].fault, &conf.fault, NULL), 0);
		open_bench(&b, true, &conf);
		listen_with(&b, "deepgram:nova-3");
		say(&b, SENTENCE, 30);
		if (b.err != cases[i].err)
			fail_msg("%s: %s (%s) '%s'", cases[i].fault, strerror(b.err), b.reason, b.text);
		assert_true(*b.reason && !strstr(b.reason, "right"));
		assert_true(b.talking || b.over_us - b.asked_us < 8000000);
		cw_standin_deepgram_fault(b.standin, &(struct cw_standin_fault_conf){0}, 0);
		say(&b, "better now", 30); /* the stream may be used on */
		assert_string_equal(b.text, "better now");
		close_bench(&b);
	}
}

static void nobody_there_is_told(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){0});
	assert_int_equal(setenv("CW_DEEPGRAM_URL", "http://127.0.0.1:9", 1), 0);
	listen_with(&b, "deepgram:nova-3");
	say(&b, SENTENCE, 30);
	assert_int_equal(b.err, ECONNREFUSED);
	close_bench(&b);
}

static void an_empty_answer_is_empty(void **state)
{
	struct cw_standin_deepgram_conf conf = {.fault.kind = CW_STANDIN_EMPTY};
	struct bench b;

	(void)state;
	open_bench(&b, true, &conf);
	listen_with(&b, "deepgram:nova-3");
	say(&b, SENTENCE, 30);
	assert_int_equal(b.err, 0);
	assert_string_equal(b.text, "");
	assert_true(b.confidence < 0);
	close_bench(&b);
}

static void the_provider_may_end_turns(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){0});
	listen_with(&b, "deepgram:nova-3,turns=provider,endpoint=400");
	say(&b, SENTENCE, 200);
	assert_true(b.talking); /* we had not finished */
	assert_string_equal(b.text, SENTENCE);
	close_bench(&b);
}

static void expected_words_become_keyterms(void **state)
{
	static const char *const names[] = {"Okonkwo", "Zieli\xC5\x84ska"}, *const phrases[] = {
										    "my name is {name}", "heat pump"};
	const struct cw_hint_class name = {.name = "name", .values = names, .n_values = 2};
	const struct cw_hints hints = {.phrases = phrases, .n_phrases = 2, .classes = &name, .n_classes = 1};
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){0});
	listen_with(&b, "deepgram:nova-3");
	serve(&b, 100000, NULL);
	cw_stt_expect(b.stt, &hints);
	cw_stt_expect(b.stt, &hints);
	say(&b, SENTENCE, 30);
	assert_string_equal(b.text, SENTENCE);
	assert_int_equal(cw_standin_deepgram_requests(b.standin), 2); /* terms belong to a link */
	assert_non_null(strstr(
		cw_standin_deepgram_query(b.standin), "keyterm=Okonkwo&keyterm=Zieli%C5%84ska&keyterm=heat%20pump"));
	close_bench(&b);
}

static void wrong_configuration_is_told(void **state)
{
	static const struct {
		const char *engine, *says;
	} cases[] = {{"deepgram:nova-3,endpoint=x", "endpoint"}, {"deepgram:nova-3,color=blue", "color"},
		{"deepgram:nova-3,turns=ours", "turns"}};
	struct bench b;
	struct cw_why why;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){0});
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		why = (struct cw_why){0};
		assert_int_equal(
			cw_stt_open(NULL, b.w, &(struct cw_stt_conf){.engine = cases[i].engine, .rate_hz = 8000}, &ear,
				&b, &b.stt, &why),
			EINVAL);
		assert_non_null(strstr(why.text, cases[i].says));
	}
	unsetenv("CW_DEEPGRAM_API_KEY");
	unsetenv("CW_DEEPGRAM_URL");
	why = (struct cw_why){0};
	assert_int_equal(cw_stt_open(NULL, b.w, &(struct cw_stt_conf){.engine = "deepgram:nova-3", .rate_hz = 8000},
				 &ear, &b, &b.stt, &why),
		EINVAL);
	assert_non_null(strstr(why.text, "CW_DEEPGRAM_API_KEY"));
	why = (struct cw_why){0};
	assert_int_equal(
		cw_tts_open(NULL, b.w, &(struct cw_tts_conf){.voice = "deepgram:aura-2-thalia-en"}, &b.tts, &why),
		EINVAL);
	assert_non_null(strstr(why.text, "CW_DEEPGRAM_API_KEY"));
	close_bench(&b);
}

/* ---- speaking ---- */

static void on_word(struct cw_str word, bool continues, void *arg)
{
	struct bench *b = arg;
	size_t used = strlen(b->heard);

	(void)continues;
	(void)snprintf(b->heard + used, sizeof(b->heard) - used, "%s%.*s", used ? " " : "", CW_STR(word));
}

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct bench *b = arg;

	if (!b->samples)
		b->first_us = cw_now(b->w);
	b->samples += n;
	cw_modem_rx_feed(&b->rx, pcm, n);
}

static void on_done(int err, const char *reason, void *arg)
{
	struct bench *b = arg;

	b->over = true;
	b->over_us = cw_now(b->w);
	b->err = err;
	(void)snprintf(b->reason, sizeof(b->reason), "%s", reason ? reason : "");
}

static const struct cw_tts_events mouth = {.audio = on_audio, .done = on_done};

static void speak_with(struct bench *b)
{
	struct cw_why why = {0};

	if (cw_tts_open(NULL, b->w, &(struct cw_tts_conf){.voice = "deepgram:aura-2-thalia-en"}, &b->tts, &why))
		fail_msg("%s", why.text);
	cw_modem_rx_init(&b->rx, on_word, b);
}

static void start_speaking(struct bench *b, const char *text)
{
	b->over = false;
	b->heard[0] = '\0';
	b->samples = 0;
	b->asked_us = cw_now(b->w);
	cw_modem_rx_reset(&b->rx);
	assert_int_equal(cw_tts_say(b->owner, b->tts, text, &mouth, b, &b->job), 0);
}

static void speak(struct bench *b, const char *text)
{
	start_speaking(b, text);
	serve(b, 30000000, &b->over);
	assert_true(b->over);
	talloc_free(b->job);
	b->job = NULL;
}

static void speaks_sentences(void **state)
{
	struct bench b;
	struct cw_tts_usage usage;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){.latency_us = 100000});
	speak_with(&b);
	for (unsigned i = 0; i < 3; i++) {
		speak(&b, "Good morning, how can I help you?");
		assert_int_equal(b.err, 0);
		assert_string_equal(b.heard, "Good morning, how can I help you?");
		assert_true(b.first_us - b.asked_us < (i ? 180000 : 220000));
		serve(&b, 20000000, NULL);
	}
	cw_tts_usage(b.tts, &usage);
	assert_int_equal(usage.characters, 3 * strlen("Good morning, how can I help you?"));
	assert_int_equal(cw_standin_deepgram_requests(b.standin), 1);
	for (unsigned i = 0; i < 25; i++) { /* more than may be flushed in a minute: the rest goes by HTTP */
		speak(&b, "Yes.");
		assert_int_equal(b.err, 0);
		assert_string_equal(b.heard, "Yes.");
	}
	assert_true(cw_standin_deepgram_requests(b.standin) > 5);
	close_bench(&b);
}

static void barge_in_clears(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){.latency_us = 100000});
	speak_with(&b);
	for (unsigned i = 0; i < 9; i++) { /* 18 flushes: below the limit */
		start_speaking(&b, SENTENCE " " SENTENCE " " SENTENCE);
		serve(&b, 20000 * i + 1000, NULL);
		talloc_free(b.job);
		b.job = NULL;
		speak(&b, "Of course.");
		assert_int_equal(b.err, 0);
		assert_string_equal(b.heard, "Of course.");
		serve(&b, 10000000, NULL);
	}
	assert_int_equal(cw_standin_deepgram_requests(b.standin), 1);
	close_bench(&b);
}

static void without_websockets_it_fetches(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){.no_websocket = true});
	speak_with(&b);
	speak(&b, SENTENCE);
	assert_int_equal(b.err, 0);
	assert_string_equal(b.heard, SENTENCE);
	speak(&b, SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE
			   " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE " " SENTENCE
			   " " SENTENCE);
	assert_int_equal(b.err, 0);
	assert_int_equal(cw_standin_deepgram_requests(b.standin), 4); /* the refusal, one, and two halves */
	close_bench(&b);
}

static void every_fault_of_speaking_has_its_kind(void **state)
{
	static const struct {
		const char *fault;
		int err;
	} cases[] = {{"401", EACCES}, {"402", EDQUOT}, {"429:3", EBUSY}, {"503", EREMOTEIO}, {"garbage", EPROTO},
		{"silent", ETIMEDOUT}, {"stall", ETIMEDOUT}, {"cut", ECONNRESET}, {"error-event", ECONNRESET},
		{"empty", ENODATA}};
	struct bench b;

	(void)state;
	for (unsigned rest = 0; rest < 2; rest++) {
		for (size_t i = 0; i < CW_COUNT(cases); i++) {
			struct cw_standin_deepgram_conf conf = {.no_websocket = rest};

			if (rest && (!strcmp(cases[i].fault, "garbage") || !strcmp(cases[i].fault, "error-event")))
				continue; /* audio is audio there */
			assert_int_equal(cw_standin_fault_parse(cases[i].fault, &conf.fault, NULL), 0);
			open_bench(&b, true, &conf);
			speak_with(&b);
			speak(&b, SENTENCE);
			if (b.err != cases[i].err)
				fail_msg("%s %u: %s (%s)", cases[i].fault, rest, strerror(b.err), b.reason);
			assert_true(*b.reason && b.over_us - b.asked_us < 6500000);
			cw_standin_deepgram_fault(b.standin, &(struct cw_standin_fault_conf){0}, 0);
			speak(&b, "Better now.");
			assert_int_equal(b.err, 0);
			assert_string_equal(b.heard, "Better now.");
			close_bench(&b);
		}
	}
}

static void a_wrong_rate_is_noticed_where_it_is_told(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, true, &(struct cw_standin_deepgram_conf){.no_websocket = true, .wrong_rate = true});
	speak_with(&b);
	speak(&b, SENTENCE);
	assert_int_equal(b.err, EPROTO);
	close_bench(&b);
}

static void over_sockets(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, false, &(struct cw_standin_deepgram_conf){.keys = (const char *const[]){"right"}, .n_keys = 1});
	speak_with(&b);
	speak(&b, SENTENCE);
	assert_int_equal(b.err, 0);
	assert_string_equal(b.heard, SENTENCE);
	listen_with(&b, "deepgram:nova-3");
	say(&b, "yes please", 5);
	assert_int_equal(b.err, 0);
	assert_string_equal(b.text, "yes please");
	close_bench(&b);
}

CW_TEST_MAIN(CW_TEST(hears_utterances), CW_TEST(given_up_segments_do_not_leak_into_the_next),
	CW_TEST(a_link_cut_in_the_middle_loses_no_word), CW_TEST(every_fault_of_listening_has_its_kind),
	CW_TEST(nobody_there_is_told), CW_TEST(an_empty_answer_is_empty), CW_TEST(the_provider_may_end_turns),
	CW_TEST(expected_words_become_keyterms), CW_TEST(wrong_configuration_is_told), CW_TEST(speaks_sentences),
	CW_TEST(barge_in_clears), CW_TEST(without_websockets_it_fetches), CW_TEST(every_fault_of_speaking_has_its_kind),
	CW_TEST(a_wrong_rate_is_noticed_where_it_is_told), CW_TEST(over_sockets))
