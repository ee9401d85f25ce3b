#include "scene.h"

#include <errno.h>

#include "testing.h"

#define MIN(m) ((uint64_t)(m)*60000000u)
#define SEC(s) ((uint64_t)((s)*1000000.0))

static const char *const caller_lines[] = {"My furnace stopped working.", "It is Maria Lopez.", "Yes.", NULL};
static const char *const agent_lines[] = {
	"Hello, how can I help you?", "I am sorry. What is your name?", "Is that right?", "Goodbye.", NULL};

static struct scene_conf plain(uint64_t seed)
{
	return (struct scene_conf){
		.sim = {.seed = seed},
		.loop = {.call_id = "c1", .delay_us = 15000, .answer_us = 100000},
		.agent = {.barge_in = true, .watchdog = true},
		.caller = {.idle_us = UINT64_MAX},
	};
}

static void dialogue(struct scene *s)
{
	s->agent.lines = agent_lines;
	s->agent.first = s->agent.hang_up = true;
	s->caller.lines = caller_lines;
}

static struct scene *begin(const struct scene_conf *conf)
{
	struct scene *s = NULL;

	assert_int_equal(scene_new(NULL, conf, &s), 0);
	return s;
}

static void two_parties_talk(void **state)
{
	const struct scene_conf conf = plain(1);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	dialogue(s);
	assert_int_equal(scene_start(s, &conf), 0);
	assert_true(scene_play(s, MIN(2)));
	assert_string_equal(s->agent.heard, "My furnace stopped working.|It is Maria Lopez.|Yes.|");
	assert_string_equal(
		s->caller.heard, "Hello, how can I help you?|I am sorry. What is your name?|Is that right?|");
	assert_int_equal(s->agent.reason, CW_END_LOCAL);
	assert_int_equal(s->caller.reason, CW_END_REMOTE);
	assert_int_equal(s->agent.count[AT_SPOKE], 4);
	assert_int_equal(s->agent.count[AT_OVERDUE], 0);
	assert_int_equal(scene_count(s, CW_EV_HUNG_UP, CW_SIDE_N), 1);
	assert_int_equal(scene_count(s, CW_EV_CALL_STARTED, CW_SIDE_N), 1);
	assert_int_equal(scene_count(s, CW_EV_FAULT, CW_SIDE_N), 0);
	assert_int_equal(cw_timeline_lost(s->timeline), 0);
	assert_int_equal(cw_speaker_underruns(cw_party_speaker(s->agent.party)), 0);
	assert_int_equal(cw_party_say(s->agent.party, "too late", NULL), ENOTCONN);
}

/* End of the caller's last word -> the agent's first audible sample is the sum of what the timeline tells of the stages. */
static void latency_is_the_sum_of_its_stages(void **state)
{
	const struct scene_conf conf = plain(2);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	dialogue(s);
	assert_int_equal(scene_start(s, &conf), 0);
	assert_true(scene_play(s, MIN(2)));

	const struct cw_event *spoke = scene_event(s, CW_EV_SPOKE, CW_SIDE_CALLER, 0);
	const struct cw_event *turn = scene_event(s, CW_EV_TURN_ENDED, CW_SIDE_CALLER, 0);
	const struct cw_event *first = scene_event(s, CW_EV_TTS_FIRST_AUDIO, CW_SIDE_AGENT, 1);
	const struct cw_event *audio = scene_event(s, CW_EV_AUDIO_STARTED, CW_SIDE_AGENT, 1);
	int64_t way = cw_json_int(turn->data, "last_us", 0) - cw_json_int(spoke->data, "ended_us", 0);
	int64_t sum = way + cw_json_int(turn->data, "delay_us", 0) + cw_json_int(first->data, "ttfb_us", 0);

	assert_int_equal(way, 15000);
	assert_in_range((int64_t)audio->t_us - cw_json_int(spoke->data, "ended_us", 0) - sum + 1000, 0, 2000);
}

/* ---- barge-in: the test drives the telephone ---- */

static const char *const long_speech[] = {
	"We have several appointments for you, on Monday at nine, on Tuesday at ten, on Wednesday at eleven, and on Thursday at noon.",
	"All right then.", NULL};

struct overlap {
	const char *say; /* the caller's words, or NULL: 400 ms of hiss */
	unsigned at_ms;  /* after the agent's audio began */
	unsigned delay_ms;
	enum cw_awaiting awaiting;
	bool barge_in;
};

struct over_call {
	struct scene *scene;
	const struct overlap *how;
	struct cw_timer timer;
	bool said;
};

static void caller_interjects(void *arg)
{
	struct over_call *o = arg;
	static int16_t hiss[3200];

	if (o->how->say) {
		assert_int_equal(cw_party_say(o->scene->caller.party, o->how->say, NULL), 0);
		return;
	}
	for (size_t i = 0; i < CW_COUNT(hiss); i++)
		hiss[i] = (int16_t)(6000 * (i % 7 < 4 ? 1 : -1) * (i / 800 % 2 ? 1.0 : 0.7));
	assert_int_equal(cw_party_play(o->scene->caller.party, hiss, CW_COUNT(hiss), NULL, NULL), 0);
}

static void agent_talks(const struct cw_event *e, void *arg)
{
	struct over_call *o = arg;

	if (e->kind != CW_EV_AUDIO_STARTED || e->side != CW_SIDE_AGENT || o->said)
		return;
	o->said = true;
	cw_timer_start(&o->timer, o->how->at_ms * 1000, caller_interjects, o);
}

static struct scene *overlap(const struct overlap *how, uint64_t seed)
{
	struct scene_conf conf = plain(seed);
	struct over_call o = {.how = how};

	conf.loop.delay_us = how->delay_ms * 1000u;
	conf.agent.barge_in = how->barge_in;

	struct scene *s = begin(&conf);

	o.scene = s;
	cw_timer_init(&o.timer, s->world);
	cw_timeline_watch(s->timeline, agent_talks, &o);
	s->agent.lines = long_speech;
	s->agent.first = true;
	s->agent.owes_nothing = true;
	assert_int_equal(scene_start(s, &conf), 0);
	cw_party_expect(s->agent.party, how->awaiting, NULL);
	(void)scene_play(s, SEC(20));
	cw_timeline_watch(s->timeline, NULL, NULL);
	cw_timer_stop(&o.timer);
	return s;
}

/* When the caller's sound began and when the last audible sample of the utterance was heard at the telephone, by the caller's ear. */
static int64_t stop_time(const struct scene *s)
{
	const struct cw_event *mine = scene_event(s, CW_EV_AUDIO_STARTED, CW_SIDE_CALLER, 0);
	const struct cw_event *ended = scene_event(s, CW_EV_SPEECH_ENDED, CW_SIDE_AGENT, 0);

	return cw_json_int(ended->data, "last_us", 0) - (int64_t)mine->t_us;
}

static void an_interruption_stops_us(void **state)
{
	int64_t worst = 0;

	(void)state;
	for (unsigned at = 0; at < 24; at++) {
		const struct overlap how = {.say = at % 2 ? "No wait, Tuesday is better." : "Stop please.",
			.at_ms = 700 + at * 137,
			.delay_ms = at % 3 * 20,
			.barge_in = true};
		CW_SCOPED struct scene *s = overlap(&how, at + 1);
		int64_t stop = stop_time(s);

		worst = stop > worst ? stop : worst;
		assert_int_equal(s->agent.count[AT_INTERRUPTED], 1);
		assert_int_equal(s->agent.count[AT_BACKCHANNEL], 0);
		assert_int_equal(s->agent.count[AT_TURN], 1);
		assert_true(strlen(s->agent.cut_at) > 0 && strlen(s->agent.cut_at) < strlen(long_speech[0]));
		assert_int_equal(strncmp(long_speech[0], s->agent.cut_at, strlen(s->agent.cut_at)), 0);
		assert_int_equal(scene_count(s, CW_EV_PAUSED, CW_SIDE_AGENT), 1);
		assert_int_equal(
			cw_json_int(scene_event(s, CW_EV_CLEARED, CW_SIDE_AGENT, 0)->data, "since_decision_us", -1), 0);
		assert_int_equal(scene_event(s, CW_EV_PAUSED, CW_SIDE_AGENT, 0)->t_us,
			scene_event(s, CW_EV_SPEECH_STARTED, CW_SIDE_CALLER, 0)->t_us);

		/* the history is what the caller's recogniser got */
		assert_int_equal(strncmp(s->caller.heard, s->agent.cut_at, strlen(s->agent.cut_at)), 0);
		assert_true(
			s->caller.heard[strlen(s->agent.cut_at)] == '|' || strstr(s->caller.heard, " All right then."));
	}
	print_message(
		"# worst: %u ms from the caller's onset to the agent's last voiced sample\n", (unsigned)(worst / 1000));
	assert_in_range(worst, 0, 250000);
}

static void a_backchannel_does_not(void **state)
{
	static const char *const words[] = {"mm-hmm", "uh huh", "okay", "yeah"};

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		const struct overlap how = {
			.say = words[i % 4], .at_ms = 900 + i * 211, .delay_ms = i % 3 * 20, .barge_in = true};
		CW_SCOPED struct scene *s = overlap(&how, i + 1);

		assert_int_equal(s->agent.count[AT_INTERRUPTED], 0);
		assert_int_equal(s->agent.count[AT_TURN], 0);
		assert_int_equal(s->agent.count[AT_BACKCHANNEL], 1);
		assert_string_equal(s->agent.murmur, words[i % 4]);
		assert_int_equal(scene_count(s, CW_EV_PAUSED, CW_SIDE_AGENT), 1);
		assert_string_equal(cw_json_str(scene_event(s, CW_EV_RESUMED, CW_SIDE_AGENT, 0)->data, "reason", ""),
			"backchannel");
		assert_string_equal(
			cw_json_str(scene_event(s, CW_EV_SPOKE, CW_SIDE_AGENT, 0)->data, "heard", ""), long_speech[0]);
		assert_int_equal(scene_count(s, CW_EV_TURN_ENDED, CW_SIDE_CALLER), 0);
	}
}

static void nor_does_noise(void **state)
{
	const struct overlap how = {.say = NULL, .at_ms = 1500, .delay_ms = 10, .barge_in = true};
	CW_SCOPED struct scene *s = overlap(&how, 1);

	(void)state;
	if (!scene_count(s, CW_EV_PAUSED, CW_SIDE_AGENT))
		print_message("# the detector did not even take the hiss for speech\n");
	else
		assert_string_equal(
			cw_json_str(scene_event(s, CW_EV_RESUMED, CW_SIDE_AGENT, 0)->data, "reason", ""), "noise");
	assert_int_equal(s->agent.count[AT_INTERRUPTED] + s->agent.count[AT_BACKCHANNEL] + s->agent.count[AT_TURN], 0);
	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_SPOKE, CW_SIDE_AGENT, 0)->data, "heard", ""), long_speech[0]);
}

static void yes_answers_a_yes_no_question(void **state)
{
	const struct overlap how = {
		.say = "Yes.", .at_ms = 1500, .delay_ms = 10, .awaiting = CW_AWAIT_YESNO, .barge_in = true};
	CW_SCOPED struct scene *s = overlap(&how, 1);

	(void)state;
	assert_int_equal(s->agent.count[AT_INTERRUPTED], 1);
	assert_string_equal(s->agent.heard, "Yes.|");
}

static void without_barge_in_we_talk_on(void **state)
{
	const struct overlap how = {.say = "No wait, Tuesday is better.", .at_ms = 1500, .delay_ms = 10};
	CW_SCOPED struct scene *s = overlap(&how, 1);

	(void)state;
	assert_int_equal(s->agent.count[AT_INTERRUPTED], 0);
	assert_int_equal(scene_count(s, CW_EV_PAUSED, CW_SIDE_AGENT), 0);
	assert_string_equal(s->agent.heard, "No wait, Tuesday is better.|");
	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_SPOKE, CW_SIDE_AGENT, 0)->data, "heard", ""), long_speech[0]);
}

static void the_last_syllable_is_no_interruption(void **state)
{
	const struct overlap how = {.say = "It is Maria Lopez.", .at_ms = 12400, .delay_ms = 10, .barge_in = true};
	CW_SCOPED struct scene *probe = overlap(&how, 1); /* late enough: only to learn when the agent ends */
	const struct cw_event *spoke = scene_event(probe, CW_EV_SPOKE, CW_SIDE_AGENT, 0);
	int64_t length = cw_json_int(spoke->data, "ended_us", 0) - cw_json_int(spoke->data, "started_us", 0);
	const struct overlap close = {.say = "It is Maria Lopez.",
		.at_ms = (unsigned)(length / 1000 - 330),
		.delay_ms = 10,
		.barge_in = true};
	CW_SCOPED struct scene *s = overlap(&close, 1);

	(void)state;
	assert_int_equal(s->agent.count[AT_INTERRUPTED], 0);
	assert_int_equal(s->agent.count[AT_TURN], 1);
	assert_string_equal(s->agent.heard, "It is Maria Lopez.|");
	assert_string_equal(
		cw_json_str(scene_event(s, CW_EV_SPOKE, CW_SIDE_AGENT, 0)->data, "heard", ""), long_speech[0]);
}

/* ---- keys, hanging up, life ---- */

static void keys(struct actor *a, const struct cw_heard *h)
{
	(void)h;
	assert_int_equal(cw_party_dtmf(a->party, "15#"), 0);
}

static void keys_reach_the_mind(void **state)
{
	struct scene_conf conf = plain(3);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	s->agent.lines = (const char *const[]){"Press one.", NULL};
	s->agent.first = true;
	s->caller.on_turn = keys;
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(6));
	assert_string_equal(s->agent.digits, "15#");
	assert_int_equal(scene_count(s, CW_EV_DTMF, CW_SIDE_CALLER), 3);
	assert_false(json_is_true(json_object_get(scene_event(s, CW_EV_DTMF, CW_SIDE_CALLER, 0)->data, "in_band")));
}

/* The agent's end of a loop cannot send keys: they go as tones. */
static void keys_in_the_audio(void **state)
{
	struct scene_conf conf = plain(4);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	s->caller.lines = (const char *const[]){"Enter your code.", NULL};
	s->caller.first = true;
	s->agent.on_turn = keys;
	conf.agent.watchdog = false;
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(8));
	assert_string_equal(s->caller.digits, "15#");
	assert_true(json_is_true(json_object_get(scene_event(s, CW_EV_DTMF, CW_SIDE_AGENT, 0)->data, "in_band")));
	assert_int_equal(s->caller.count[AT_TURN], 0); /* tones are no speech */
}

static void drop(struct actor *a, const struct cw_heard *h)
{
	(void)h;
	assert_int_equal(cw_party_say(a->party, "This is never heard.", NULL), 0);
	cw_party_drop(a->party, "enough");
}

static void dropping_is_at_once(void **state)
{
	struct scene_conf conf = plain(5);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	dialogue(s);
	s->caller.on_turn = drop;
	assert_int_equal(scene_start(s, &conf), 0);
	assert_true(scene_play(s, MIN(1)));
	assert_string_equal(cw_json_str(scene_event(s, CW_EV_HUNG_UP, CW_SIDE_N, 0)->data, "by", ""), "caller");
	assert_string_equal(cw_json_str(scene_event(s, CW_EV_HUNG_UP, CW_SIDE_N, 0)->data, "detail", ""), "enough");
	assert_string_equal(cw_json_str(scene_event(s, CW_EV_SPOKE, CW_SIDE_CALLER, 0)->data, "heard", "x"), "");
	assert_int_equal(s->agent.reason, CW_END_REMOTE);
}

static void goodbye_with_a_dead_engine(void **state)
{
	struct scene_conf conf = plain(6);

	(void)state;
	conf.sim.fault[CW_FAULT_STALL] = 1;
	conf.sim.fault_only = "tts";

	CW_SCOPED struct scene *s = begin(&conf);

	s->agent.lines = (const char *const[]){"Goodbye to you.", NULL};
	s->agent.first = s->agent.hang_up = true;
	assert_int_equal(scene_start(s, &conf), 0);
	assert_true(scene_play(s, SEC(16)));
}

static void nobody_says_anything(void **state)
{
	struct scene_conf conf = plain(7);
	CW_SCOPED struct scene *s = begin(&conf);

	(void)state;
	conf.agent.idle_us = 5000000;
	s->agent.lines = (const char *const[]){"Hello, how can I help you?", NULL};
	s->agent.first = true;
	assert_int_equal(scene_start(s, &conf), 0);
	(void)scene_play(s, SEC(23));
	assert_int_equal(s->agent.count[AT_IDLE], 4);
	assert_int_equal(s->agent.count[AT_OVERDUE], 0);
	assert_in_range(
		cw_json_int(scene_event(s, CW_EV_IDLE, CW_SIDE_AGENT, 1)->data, "silent_us", 0), 9900000, 10100000);
}

/* A call in which the agent is to be freed at @at. */
static void cast(struct scene *s, enum scene_event at, bool agent)
{
	static const char *const reply[] = {"It is cold here.", NULL};

	s->agent.lines = at == AT_OVERDUE ? NULL : long_speech;
	s->agent.first = at != AT_IDLE;
	s->caller.lines = at == AT_IDLE || at == AT_BACKCHANNEL || at == AT_INTERRUPTED ? NULL : reply;
	s->caller.on_turn = at == AT_DTMF && agent ? keys : NULL;
	s->agent.on_turn = at == AT_DTMF && !agent ? keys : NULL;
	(agent ? &s->agent : &s->caller)->free_at = at;
}

/* Every handler of either mind, freeing its party there: nothing is touched afterwards, the other end hears of it. */
static void freed_in_each_handler(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2 * AT_N; k++) {
		enum scene_event at = (enum scene_event)(k / 2);
		bool agent = k % 2 == 0;
		struct scene_conf conf = plain(8);

		/* what only one who owes or who is interrupted is told, the caller's mind is not */
		if (!agent && (at == AT_BACKCHANNEL || at == AT_INTERRUPTED || at == AT_OVERDUE))
			continue;
		conf.agent.idle_us = conf.caller.idle_us = 3000000;
		conf.agent.watchdog = at != AT_IDLE;

		CW_SCOPED struct scene *s = begin(&conf);
		struct over_call o = {.scene = s,
			.how = &(struct overlap){
				.say = at == AT_BACKCHANNEL ? "mm-hmm" : "Stop it now.", .at_ms = 1500}};
		struct actor *a = agent ? &s->agent : &s->caller, *other = agent ? &s->caller : &s->agent;

		cast(s, at, agent);
		cw_timer_init(&o.timer, s->world);
		if (at == AT_BACKCHANNEL || at == AT_INTERRUPTED)
			cw_timeline_watch(s->timeline, agent_talks, &o);
		assert_int_equal(scene_start(s, &conf), 0);
		(void)scene_play(s, SEC(25));
		if (at == AT_CLOSED) {
			cw_party_drop(a->party, "test");
			(void)scene_play(s, SEC(30));
		}
		cw_timeline_watch(s->timeline, NULL, NULL);
		cw_timer_stop(&o.timer);
		if (a->party)
			fail_msg("%s was not told of event %u", agent ? "agent" : "caller", at);
		assert_int_equal(a->count[at], 1);
		assert_int_equal(other->count[AT_CLOSED], 1);
		assert_true(other->reason == CW_END_LOST || at == AT_CLOSED);
	}
}

/* ---- recordings and memory ---- */

static void recorded_call(const char *caller_file, const char *agent_file, size_t *party_bytes)
{
	struct scene_conf conf = plain(21);
	CW_SCOPED struct scene *s = begin(&conf);
	struct cw_recorder *caller = NULL, *agent = NULL;
	const uint8_t *levels;

	assert_int_equal(cw_recorder_open(s, s->world, caller_file, &caller, NULL), 0);
	assert_int_equal(cw_recorder_open(s, s->world, agent_file, &agent, NULL), 0);
	conf.caller.recorder = caller;
	conf.agent.recorder = agent;
	dialogue(s);
	assert_int_equal(scene_start(s, &conf), 0);
	assert_true(scene_play(s, MIN(2)));

	/* the picture shows each side's first audible frame where the timeline has it */
	for (enum cw_side side = CW_SIDE_CALLER; side <= CW_SIDE_AGENT; side++) {
		size_t n = cw_recorder_levels(side == CW_SIDE_CALLER ? caller : agent, side, &levels), first = 0;

		while (first < n && levels[first] < 8)
			first++;
		assert_int_equal(first, scene_event(s, CW_EV_AUDIO_STARTED, side, 0)->t_us / 20000);
	}
	*party_bytes = talloc_total_size(s->agent.party);
	cw_recorder_finish(caller, NULL, NULL);
	cw_recorder_finish(agent, NULL, NULL);
	(void)cw_sim_run(s->world, cw_now(s->world) + SEC(5));
	assert_int_equal(cw_recorder_lost(caller) + cw_recorder_lost(agent), 0);
}

static void equal_calls_make_equal_files(void **state)
{
	char name[4][256], cmd[1700];
	size_t bytes;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		snprintf(name[i], sizeof(name[i]), "%s/%u.wav", cw_test_tmp(), i);
	recorded_call(name[0], name[1], &bytes);
	recorded_call(name[2], name[3], &bytes);
	snprintf(cmd, sizeof(cmd), "cmp -s %s %s && cmp -s %s %s && ! cmp -s %s %s", name[0], name[2], name[1], name[3],
		name[0], name[1]);
	assert_int_equal(system(cmd), 0);
	print_message("# a party at the end of its call holds %zu bytes\n", bytes);
	assert_true(bytes < 100 * 1024);
}

static void bad_engines_are_named(void **state)
{
	const struct scene_conf conf = plain(9);
	CW_SCOPED struct scene *s = begin(&conf);
	static const struct cw_mind_ops none = {.answered = NULL};
	struct cw_party_conf bad = {.listener = {.stt = "crystal"}, .speaker = {.voice = "modem"}};
	struct cw_party *p = NULL;
	struct cw_why why = {0};
	struct cw_mind_ops ops = none;

	(void)state;
	ops.answered = (void (*)(void *, const struct cw_line_info *))(void (*)(void))abort;
	ops.closed = (void (*)(void *, enum cw_end_reason, const char *))(void (*)(void))abort;
	assert_int_equal(cw_party_new(s, s->world, &bad, s->agent_line, &ops, NULL, &p, &why), ENOENT);
	assert_non_null(strstr(why.text, "crystal"));
	bad.listener.stt = NULL;
	bad.speaker.voice = "crystal";
	why = (struct cw_why){0};
	assert_int_equal(cw_party_new(s, s->world, &bad, s->agent_line, &ops, NULL, &p, &why), ENOENT);
	assert_non_null(strstr(why.text, "crystal"));
	assert_null(p);
}

CW_TEST_MAIN(CW_TEST(two_parties_talk), CW_TEST(latency_is_the_sum_of_its_stages), CW_TEST(an_interruption_stops_us),
	CW_TEST(a_backchannel_does_not), CW_TEST(nor_does_noise), CW_TEST(yes_answers_a_yes_no_question),
	CW_TEST(without_barge_in_we_talk_on), CW_TEST(the_last_syllable_is_no_interruption),
	CW_TEST(keys_reach_the_mind), CW_TEST(keys_in_the_audio), CW_TEST(dropping_is_at_once),
	CW_TEST(goodbye_with_a_dead_engine), CW_TEST(nobody_says_anything), CW_TEST(freed_in_each_handler),
	CW_TEST(equal_calls_make_equal_files), CW_TEST(bad_engines_are_named))
