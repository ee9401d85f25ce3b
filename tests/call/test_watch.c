#include "scene.h"

#include "audio/g711.h"
#include "base/str.h"
#include "speech/modem.h"
#include "testing.h"

/* Somebody always owes the caller audio: design.md section 12. */

#define SEC(s) ((uint64_t)((s)*1000000.0))
#define SLACK  SEC(0.12) /* a turn of the engine and two frames */

static int16_t hum[8000];

static const struct cw_spare_prompts spares = {.filler = hum,
	.filler_n = 4000,
	.filler_text = "one moment",
	.fallback = hum,
	.fallback_n = 8000,
	.fallback_text = "sorry for the wait"};

static struct scene_conf plain(uint64_t seed)
{
	for (size_t i = 0; i < CW_COUNT(hum); i++)
		hum[i] = (int16_t)(3000 * (i % 16 < 8 ? 1 : -1) * (i / 400 % 2 ? 1.0 : 0.6));
	return (struct scene_conf){
		.sim = {.seed = seed},
		.loop = {.call_id = "c1", .delay_us = 10000},
		.agent = {.barge_in = true, .watchdog = true, .spares = &spares},
		.caller = {.idle_us = UINT64_MAX},
	};
}

static struct scene *begin(const struct scene_conf *conf)
{
	struct scene *s = NULL;

	assert_int_equal(scene_new(NULL, conf, &s), 0);
	return s;
}

static const char *how(const struct scene *s, unsigned n)
{
	return cw_json_str(scene_event(s, CW_EV_SAY, CW_SIDE_AGENT, n)->data, "how", "");
}

static uint64_t audible(const struct scene *s, unsigned n)
{
	return scene_event(s, CW_EV_AUDIO_STARTED, CW_SIDE_AGENT, n)->t_us;
}

static void a_greeting_that_cannot_be_made(void **state)
{
	struct scene_conf conf = plain(1);

	(void)state;
	conf.sim.fault[CW_FAULT_STALL] = 1;
	conf.sim.fault_only = "tts";

	CW_SCOPED struct scene *s = begin(&conf);

	s->agent.lines = (const char *const[]){"Hello, how can I help you?", NULL};
	s->agent.first = true;
	s->agent.overdue_say = "One moment please."; /* which the engine cannot say either */
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(14));
	assert_in_range(audible(s, 0), SEC(2.5), SEC(3.0) + SLACK);
	assert_in_range(audible(s, 1), SEC(6), SEC(6.5) + SLACK);
	assert_in_range(audible(s, 2), SEC(12), SEC(12.6) + SLACK);
	assert_string_equal(cw_json_str(scene_event(s, CW_EV_OVERDUE, CW_SIDE_AGENT, 0)->data, "level", ""), "filler");
	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_OVERDUE, CW_SIDE_AGENT, 0)->data, "waiting_for", ""), "greeting");
	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_OVERDUE, CW_SIDE_AGENT, 1)->data, "level", ""), "fallback");
	assert_true(scene_count(s, CW_EV_FAULT, CW_SIDE_AGENT) > 0);
}

static void a_mind_that_says_nothing(void **state)
{
	struct scene_conf conf = plain(2);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	conf.agent.spares = NULL; /* then a tone */
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(14));
	assert_int_equal(s->agent.count[AT_OVERDUE], 3);
	assert_in_range(audible(s, 0), SEC(2.5), SEC(2.5) + SLACK);
	assert_in_range(audible(s, 2), SEC(12), SEC(12) + SLACK);
	assert_string_equal(how(s, 0), "spare");
}

static void a_transcript_that_never_comes(void **state)
{
	struct scene_conf conf = plain(3);

	(void)state;
	conf.sim.fault[CW_FAULT_STALL] = 1;
	conf.sim.fault_only = "stt";
	conf.agent.listener.stt_deadline_us = SEC(20); /* longer than a caller's patience */

	CW_SCOPED struct scene *s = begin(&conf);

	s->caller.lines = (const char *const[]){"My furnace stopped working.", NULL};
	s->caller.first = true;
	s->agent.overdue_say = "Let me see.";
	s->agent.lines = (const char *const[]){"Sorry?", NULL};
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(12));

	uint64_t last =
		(uint64_t)cw_json_int(scene_event(s, CW_EV_SPEECH_ENDED, CW_SIDE_CALLER, 0)->data, "last_us", 0);

	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_OVERDUE, CW_SIDE_AGENT, 0)->data, "waiting_for", ""), "transcript");
	assert_in_range(audible(s, 0), last + SEC(2.4), last + SEC(2.5) + SLACK);
	assert_in_range(audible(s, 1), last + SEC(5.9), last + SEC(6) + SLACK);
	assert_int_equal(s->agent.count[AT_TURN], 0);
}

static void waits_for_a_tool(struct actor *a, const struct cw_heard *h)
{
	(void)h;
	assert_int_equal(cw_party_say(a->party, "Let me look.", NULL), 0);
	cw_party_owe(a->party, true, "tool.book");
}

static void a_tool_that_never_answers(void **state)
{
	struct scene_conf conf = plain(4);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	s->caller.lines = (const char *const[]){"Tuesday please.", NULL};
	s->caller.first = true;
	s->agent.on_turn = waits_for_a_tool;
	s->agent.overdue_say = "Still looking.";
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(30));

	const struct cw_event *ack = scene_event(s, CW_EV_SPOKE, CW_SIDE_AGENT, 0);
	uint64_t end = (uint64_t)cw_json_int(ack->data, "ended_us", 0);

	assert_string_equal(cw_json_str(ack->data, "heard", ""), "Let me look.");
	assert_in_range(audible(s, 1), end + SEC(2.4), end + SEC(2.5) + SLACK); /* neither ack nor filler pays */
	assert_in_range(audible(s, 2), end + SEC(5.9), end + SEC(6) + SLACK);
	assert_in_range(audible(s, 3), audible(s, 2) + SEC(5.9), audible(s, 2) + SEC(6) + SLACK);
	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_OVERDUE, CW_SIDE_AGENT, 1)->data, "waiting_for", ""), "tool.book");
}

static struct cw_timer tool_timer;

static void tool_answers(void *arg)
{
	struct actor *a = arg;

	assert_int_equal(cw_party_say(a->party, "You are booked.", NULL), 0);
}

static void tool_takes(struct actor *a, const struct cw_heard *h)
{
	(void)h;
	cw_party_owe(a->party, true, "tool.book");
	cw_timer_start(&tool_timer, SEC(2.0), tool_answers, a);
}

/* The answer comes 40 ms after the filler was asked for: one filler at most, then the answer, then quiet. */
static void fillers_do_not_pile_up(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < 10; ms++) {
		struct scene_conf conf = plain(5);
		CW_SCOPED struct scene *s = begin(&conf);

		conf.agent.filler_us = SEC(2.4) + ms * 40000;
		s->caller.lines = (const char *const[]){"Tuesday please.", NULL};
		s->caller.first = true;
		s->agent.on_turn = tool_takes;
		s->agent.overdue_say = "Still looking.";
		cw_timer_init(&tool_timer, s->world);
		assert_int_equal(scene_start(s, &conf), 0);
		(void)scene_play(s, SEC(20));
		assert_in_range(scene_count(s, CW_EV_AUDIO_STARTED, CW_SIDE_AGENT), 1, 2);
		assert_true(strstr(s->caller.heard, "You are booked."));
		assert_true(s->agent.count[AT_OVERDUE] <= 1);
	}
}

static void says_and_owes_nothing(struct actor *a, const struct cw_heard *h)
{
	(void)h;
	assert_int_equal(cw_party_say(a->party, "Thank you.", NULL), 0);
	cw_party_owe(a->party, false, NULL);
}

static void a_promise_is_not_audio(void **state)
{
	struct scene_conf conf = plain(6);

	(void)state;
	conf.sim.fault[CW_FAULT_STALL] = 1;
	conf.sim.fault_only = "tts";

	CW_SCOPED struct scene *s = begin(&conf);
	static int16_t words[8000];

	for (size_t i = 0; i < CW_COUNT(words); i++)
		words[i] = (int16_t)cw_rng_below(cw_rng(s->world), 16000) - 8000;
	s->agent.on_turn = says_and_owes_nothing;
	conf.agent.listener.stt = "modem";
	assert_int_equal(scene_start(s, &conf), 0);
	cw_party_owe(s->agent.party, false, NULL);
	assert_int_equal(cw_party_play(s->caller.party, hum, CW_COUNT(hum), NULL, NULL), 0);
	(void)scene_play(s, SEC(12));
	assert_true(s->agent.count[AT_TURN] >= 1);
	assert_true(s->agent.count[AT_OVERDUE] >= 2);
	assert_true(scene_count(s, CW_EV_AUDIO_STARTED, CW_SIDE_AGENT) >= 2);
}

static void answers(struct actor *a, const struct cw_heard *h)
{
	(void)h;
	assert_int_equal(cw_party_say(a->party, "I see. Please go on with it.", NULL), 0);
	cw_party_owe(a->party, false, NULL);
}

static void owing_ends_with_the_answer(void **state)
{
	struct scene_conf conf = plain(7);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	s->caller.lines = (const char *const[]){"Tuesday please.", NULL};
	s->caller.first = true;
	s->agent.on_turn = answers;
	conf.agent.idle_us = SEC(4);
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(15));
	assert_int_equal(s->agent.count[AT_OVERDUE], 0);
	assert_in_range(s->agent.count[AT_IDLE], 1, 3);
}

/* ---- every await point stalled or late, over many seeds ---- */

struct silence {
	uint64_t since; /* end of the caller's last sound, or of our last filler; 0 = we owe nothing */
	bool greeting;
	uint64_t limit;
	uint64_t worst;
};

static bool is_filler(const struct scene *s, json_int_t utterance)
{
	const struct cw_event *e;

	for (size_t from = 0; (e = cw_timeline_next(s->timeline, &from, CW_EV_SAY, CW_SIDE_AGENT));) {
		const char *kind = cw_json_str(e->data, "how", "");

		if (cw_json_int(e->data, "utterance", 0) == utterance)
			return !strcmp(kind, "overdue") || !strcmp(kind, "spare");
	}
	return false;
}

static void seconds_of_silence(const struct scene *s, uint64_t now, struct silence *q)
{
	if (!q->since || now <= q->since)
		return;
	if (now - q->since > q->worst)
		q->worst = now - q->since;
	if (now - q->since <= q->limit)
		return;
	scene_dump(s);
	fail_msg("silent from %llu to %llu us, allowed are %llu", (unsigned long long)q->since, (unsigned long long)now,
		(unsigned long long)q->limit);
}

/* Walk the timeline: from the end of each of the caller's sounds until the agent's next. */
static uint64_t check_silence(const struct scene *s, uint64_t end)
{
	struct silence q = {.since = 1, .limit = SEC(3.0) + SLACK};
	const struct cw_event *e;
	uint64_t started = 0;

	for (size_t i = 0; (e = cw_timeline_at(s->timeline, i)); i++) {
		json_int_t u = cw_json_int(e->data, "utterance", 0);

		if (e->kind == CW_EV_AUDIO_STARTED) {
			seconds_of_silence(s, e->t_us, &q);
			q.since = 0;
			started = e->t_us;
		} else if (e->kind == CW_EV_SPOKE &&
			   cw_json_int(e->data, "ended_us", 0) > cw_json_int(e->data, "started_us", 0)) {
			bool filler = e->side == CW_SIDE_AGENT && is_filler(s, u);
			uint64_t ended = (uint64_t)cw_json_int(e->data, "ended_us", 0);

			if ((e->side == CW_SIDE_AGENT && !filler) || started >= ended)
				continue; /* the answer followed at once */
			q.since = ended;
			q.limit = (filler ? SEC(6.5) : SEC(3.0)) + SLACK;
		} else if (e->kind == CW_EV_HUNG_UP) {
			return q.worst;
		}
	}
	seconds_of_silence(s, end, &q);
	return q.worst;
}

static void never_silent_beyond_the_limits(void **state)
{
	static const char *const asks[] = {"Hello, how can I help you?", "What is your name?", "And your number?",
		"What day suits you?", "Is that right?", "Thank you.", "Anything else?", "All right.", "Yes.", "Sure.",
		NULL};
	static const char *const replies[] = {"My furnace stopped working.", "Maria Lopez.",
		"four one five five five five oh one three four.", "On Tuesday.", "Yes it is.", "No.", "Nothing.",
		"Bye.", NULL};
	uint64_t worst = 0;
	unsigned faults = 0, fillers = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct scene_conf conf = plain(seed);

		conf.sim.fault[seed % 2 ? CW_FAULT_STALL : CW_FAULT_LATE] = 0.05 * (seed % 7);
		conf.sim.fault_only = seed % 3 == 0 ? "stt" : seed % 3 == 1 ? "tts" : NULL;
		conf.loop.delay_us = 0;

		CW_SCOPED struct scene *s = begin(&conf);

		s->agent.lines = asks;
		s->agent.first = true;
		s->agent.overdue_say = "One moment.";
		s->caller.lines = replies;
		assert_int_equal(scene_start(s, &conf), 0);
		(void)scene_play(s, SEC(60));

		uint64_t silent = check_silence(s, cw_now(s->world));

		worst = silent > worst ? silent : worst;
		faults += cw_sim_faults(s->world, CW_FAULT_STALL) + cw_sim_faults(s->world, CW_FAULT_LATE);
		fillers += scene_count(s, CW_EV_OVERDUE, CW_SIDE_AGENT);
	}
	print_message("# 300 calls, %u faults, %u fillers, longest silence %u ms\n", faults, fillers,
		(unsigned)(worst / 1000));
	assert_true(faults > 300);
}

/* ---- a line whose frames stop without a word ---- */

struct stalling {
	struct cw_line line;
	struct cw_timer timer;
	struct cw_world *world;
	uint64_t position;
	int16_t pcm[30 * 8000]; /* what is heard … */
	uint64_t stop_at;       /* … up to this sample */
	unsigned sent, clears;
};

static int take_frames(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	(void)ulaw;
	((struct stalling *)l)->sent += (unsigned)(n / 160);
	return 0;
}

static int take_mark(struct cw_line *l, uint32_t id)
{
	(void)l;
	(void)id;
	return 0; /* never to come back */
}

static int take_clear(struct cw_line *l)
{
	((struct stalling *)l)->clears++;
	return 0;
}

static void say_nothing(struct cw_line *l, const char *why)
{
	(void)l;
	(void)why; /* `closed` never comes */
}

static const struct cw_line_driver stalling_driver = {
	.name = "stalling", .send = take_frames, .mark = take_mark, .clear = take_clear, .hang_up = say_nothing};

static void frame_comes(void *arg)
{
	struct stalling *l = arg;
	uint8_t ulaw[160];

	if (l->position >= l->stop_at)
		return;
	cw_timer_start(&l->timer, CW_TICK_US, frame_comes, l);
	cw_ulaw_encode(l->pcm + l->position, ulaw, sizeof(ulaw));
	l->position += 160;
	l->line.ev->frame(ulaw, l->position - 160, l->line.arg);
}

/* Tones of @text from @at_ms on; the frames stop at @stop_ms. */
static struct stalling *stalling_new(struct scene *s, const char *text, unsigned at_ms, unsigned stop_ms)
{
	struct stalling *l = talloc_zero(s, struct stalling);
	struct cw_modem_tx tx;
	struct cw_modem_piece piece;
	size_t n = at_ms * 8;

	l->line = (struct cw_line){.driver = &stalling_driver, .side = CW_LINE_AGENT};
	l->world = s->world;
	l->stop_at = stop_ms * 8;
	cw_modem_tx_init(&tx, cw_str(text), 170);
	while (cw_modem_tx_next(&tx, l->pcm + n, &piece))
		n += piece.n;
	cw_timer_init(&l->timer, s->world);
	return l;
}

static void answer(struct stalling *l)
{
	static const struct cw_line_info info = {.call_id = "c", .stream_id = "s", .from = "", .to = ""};

	l->line.ev->answered(&info, l->line.arg);
	cw_timer_start(&l->timer, CW_TICK_US, frame_comes, l);
}

static void frames_that_stop_in_mid_word(void **state)
{
	struct scene_conf conf = plain(11);
	CW_SCOPED struct scene *s = begin(&conf);
	struct stalling *l = stalling_new(s, "My furnace stopped working and there is a strange noise", 500, 2000);

	(void)state;
	conf.no_caller = true;
	s->agent_line = &l->line;
	s->agent.lines = (const char *const[]){"Hello.", NULL};
	s->agent.overdue_say = "Are you there?";
	assert_int_equal(scene_start(s, &conf), 0);
	answer(l);
	(void)scene_play(s, SEC(13));
	assert_in_range(audible(s, 0), SEC(4.4), SEC(4.5) + SLACK);
	assert_in_range(audible(s, 1), SEC(7.9), SEC(8.0) + SLACK);
}

/* Paused for a caller of whom nothing more is heard: we must go on. And the line confirms neither marks nor the end. */
static void frames_that_stop_while_we_are_paused(void **state)
{
	struct scene_conf conf = plain(12);
	CW_SCOPED struct scene *s = begin(&conf);
	struct stalling *l = stalling_new(s, "antidisestablishmentarianism", 1000, 1300);

	(void)state;
	conf.no_caller = true;
	s->agent_line = &l->line;
	s->agent.lines = (const char *const[]){"We have several appointments for you on Monday and on Tuesday.", NULL};
	s->agent.first = s->agent.hang_up = true;
	assert_int_equal(scene_start(s, &conf), 0);
	answer(l);
	(void)scene_play(s, SEC(60));
	assert_int_equal(scene_count(s, CW_EV_PAUSED, CW_SIDE_AGENT), 1);
	assert_int_equal(l->clears, 1);
	assert_int_equal(scene_count(s, CW_EV_RESUMED, CW_SIDE_AGENT), 1);
	assert_in_range(scene_event(s, CW_EV_RESUMED, CW_SIDE_AGENT, 0)->t_us, SEC(1.3), SEC(4));
	assert_string_equal(cw_json_str(scene_event(s, CW_EV_SPOKE, CW_SIDE_AGENT, 0)->data, "unheard", "x"), "");
	assert_int_equal(s->agent.count[AT_CLOSED], 1);
	assert_int_equal(s->agent.reason, CW_END_LOCAL);
}

static void party_survives_without_memory(void **state)
{
	CW_SCOPED struct scene *s = talloc_zero(NULL, struct scene);
	struct stalling *l = s ? talloc_zero(s, struct stalling) : NULL;
	struct scene_conf conf = plain(13);

	(void)state;
	if (!l)
		return;

	int err = cw_sim_new(s, &conf.sim, &s->world);

	l->line = (struct cw_line){.driver = &stalling_driver, .side = CW_LINE_AGENT};
	s->agent_line = &l->line;
	s->agent.scene = s;
	conf.no_caller = true;
	if (!err)
		err = cw_timeline_new(s, &s->timeline);
	if (!err)
		err = scene_start(s, &conf);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
}
CW_OOM_BODY(party_survives_without_memory)

/* Both directions in steady state: no allocation per frame, in the listener, the speaker and the party. */
static void frames_do_not_allocate(void **state)
{
	static int16_t long_tone[110 * 8000];
	struct scene_conf conf = plain(14);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	for (size_t i = 0; i < CW_COUNT(long_tone); i++)
		long_tone[i] = (int16_t)(i % 16 < 8 ? 200 : -200);
	conf.agent.watchdog = false;
	conf.agent.idle_us = UINT64_MAX;
	assert_int_equal(scene_start(s, &conf), 0);
	assert_int_equal(cw_party_play(s->agent.party, long_tone, CW_COUNT(long_tone), NULL, NULL), 0);
	assert_int_equal(cw_party_play(s->caller.party, long_tone, CW_COUNT(long_tone), NULL, NULL), 0);
	(void)scene_play(s, SEC(5));
	(void)cw_test_allocations();
	(void)scene_play(s, SEC(25));
	assert_int_equal(cw_test_allocations(), 0);
}

static void one_seed_one_call(void **state)
{
	CW_BUF_SCOPED struct cw_buf one = CW_BUF(1 << 22);
	CW_BUF_SCOPED struct cw_buf two = CW_BUF(1 << 22);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct scene_conf conf = plain(77);

		conf.sim.fault[CW_FAULT_LATE] = 0.3;

		CW_SCOPED struct scene *s = begin(&conf);

		s->agent.lines = (const char *const[]){"Hello there.", "I see.", "Bye.", NULL};
		s->agent.first = s->agent.hang_up = true;
		s->agent.overdue_say = "Hm.";
		s->caller.lines = (const char *const[]){"It is cold.", "Very cold.", NULL};
		assert_int_equal(scene_start(s, &conf), 0);
		(void)scene_play(s, SEC(60));
		cw_timeline_encode(i ? &two : &one, s->timeline);
	}
	assert_true(one.len > 500);
	assert_string_equal(one.p, two.p);
}

CW_TEST_MAIN(CW_TEST(a_greeting_that_cannot_be_made), CW_TEST(a_mind_that_says_nothing),
	CW_TEST(a_transcript_that_never_comes), CW_TEST(a_tool_that_never_answers), CW_TEST(fillers_do_not_pile_up),
	CW_TEST(a_promise_is_not_audio), CW_TEST(owing_ends_with_the_answer), CW_TEST(never_silent_beyond_the_limits),
	CW_TEST(frames_that_stop_in_mid_word), CW_TEST(frames_that_stop_while_we_are_paused),
	CW_TEST(party_survives_without_memory), CW_TEST_OOM(party_survives_without_memory),
	CW_TEST(frames_do_not_allocate), CW_TEST(one_seed_one_call))
