#include "agent_files.h"

#include <errno.h>

#include "ring.h"

#define MINUTE_US UINT64_C(60000000)

static const struct ring_answer booking[] = {
	{"How can I help", "my furnace stopped working"},
	{"What is your name", "my name is maria lopez"},
	{"phone number?", "four one five five five five zero one three four"},
	{"street address", "twelve oak street"},
	{"Which one works", "the second one"},
	{"Is that correct", "yes that is correct"},
	{NULL, NULL},
};

static struct ring *open_ring(uint64_t seed)
{
	struct cw_sim_conf conf = {.seed = seed};
	struct ring *r = NULL;

	assert_int_equal(ring_new(shipped("agents/hvac.yaml"), &conf, &r), 0);
	assert_int_equal(r->ready, 0);
	return r;
}

static void a_caller_books(void **state)
{
	struct ring *r = open_ring(1);

	(void)state;
	assert_true(ring_call(r, booking, 5 * MINUTE_US));

	CW_JSON_SCOPED json_t *rows = ring_rows(r, "SELECT * FROM appointment");
	const json_t *row = json_array_get(rows, 0);

	if (json_array_size(rows) != 1)
		print_error("%s\n", r->heard);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(cw_json_str(row, "name", ""), "Maria Lopez");
	assert_string_equal(cw_json_str(row, "phone", ""), "+14155550134");
	assert_string_equal(cw_json_str(row, "address", ""), "12 Oak Street");
	assert_string_equal(cw_json_str(row, "issue", ""), "no heat");
	assert_string_equal(cw_json_str(row, "call_id", ""), "CA1");
	assert_int_equal(ring_count(r, CW_EV_TOOL_CALLED, "\"create_booking\""), 1);
	assert_int_equal(ring_count(r, CW_EV_TOOL_CALLED, "CA1|create_booking|maria lopez"), 1);
	assert_int_equal(ring_count(r, CW_EV_TOOL_RESULT, "CW-1001"), 1);
	assert_int_equal(ring_count(r, CW_EV_STATE, "\"to\":\"booked\""), 1);
	assert_int_equal(ring_count(r, CW_EV_OVERDUE, ""), 0);
	assert_non_null(strstr(r->heard, "Your confirmation number is one zero zero one"));
	assert_int_equal(r->reason, CW_END_REMOTE);
	talloc_free(r);
}

static char *timeline_of_a_call(uint64_t seed)
{
	struct ring *r = open_ring(seed);
	struct cw_buf b = CW_BUF(4 << 20);

	assert_true(ring_call(r, booking, 5 * MINUTE_US));
	cw_timeline_encode(&b, cw_agent_call_timeline(r->call));
	talloc_free(r);
	return cw_buf_take(&b, NULL);
}

static void one_seed_is_one_call(void **state)
{
	char *one = timeline_of_a_call(7), *same = timeline_of_a_call(7);

	(void)state;
	assert_non_null(one);
	assert_string_equal(one, same);
	talloc_free(one);
	talloc_free(same);
}

static void a_caller_asks_for_a_person(void **state)
{
	static const struct ring_answer answers[] = {
		{"How can I help", "let me talk to a person please"}, {NULL, NULL}};
	struct ring *r = open_ring(2);

	(void)state;
	assert_true(ring_call(r, answers, MINUTE_US));
	assert_int_equal(ring_count(r, CW_EV_TOOL_CALLED, "+15550100"), 1);
	assert_non_null(strstr(r->heard, "connect you to a person"));
	assert_int_equal(r->reason, CW_END_REMOTE);
	talloc_free(r);
}

static void a_silent_caller_is_asked_and_left(void **state)
{
	static const struct ring_answer answers[] = {{NULL, NULL}};
	struct ring *r = open_ring(3);

	(void)state;
	assert_true(ring_call(r, answers, 2 * MINUTE_US));
	assert_non_null(strstr(r->heard, "Are you still there?"));
	assert_non_null(strstr(r->heard, "Goodbye."));
	assert_int_equal(ring_count(r, CW_EV_OVERDUE, ""), 0);
	talloc_free(r);
}

static void keys_instead_of_words(void **state)
{
	static const struct ring_answer answers[] = {
		{"How can I help", "my heat is out and my name is john smith"},
		{"phone number?", "#4155550134"},
		{"street address", "#0"},
		{NULL, NULL},
	};
	struct ring *r = open_ring(4);

	(void)state;
	assert_true(ring_call(r, answers, 2 * MINUTE_US));
	assert_non_null(strstr(r->heard, "I have four one five, five five five, zero one three four"));
	assert_int_equal(ring_count(r, CW_EV_TOOL_CALLED, "transfer"), 1);
	talloc_free(r);
}

/* Everything that works off the lane may stall or come late: calls end, nothing is booked twice. */
static void faults_everywhere(void **state)
{
	unsigned booked = 0, faults = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct cw_sim_conf conf = {.seed = seed, .fault = {[CW_FAULT_STALL] = 0.02, [CW_FAULT_LATE] = 0.02}};
		struct ring *r = NULL;

		assert_int_equal(ring_new(shipped("agents/hvac.yaml"), &conf, &r), 0);
		if (r->ready == 0) {
			if (!ring_call(r, booking, 15 * MINUTE_US))
				fail_msg("seed %llu: the call does not end: %s", (unsigned long long)seed, r->heard);

			CW_JSON_SCOPED json_t *rows = ring_rows(r, "SELECT id FROM appointment");

			assert_true(json_array_size(rows) <= 1);
			booked += (unsigned)json_array_size(rows);
		}
		faults += cw_sim_faults(r->world, CW_FAULT_STALL) + cw_sim_faults(r->world, CW_FAULT_LATE);
		talloc_free(r);
	}
	print_message("# %u of 40 booked, %u faults\n", booked, faults);
	assert_true(booked >= 20);
	assert_true(faults >= 20);
}

/* The voice dies after the agent was opened. */
static void a_dead_voice_ends_in_an_apology(void **state)
{
	struct cw_sim_conf conf = {.seed = 6, .fault = {[CW_FAULT_STALL] = 1.0}, .fault_only = "tts"};
	struct ring *r = NULL;

	(void)state;
	assert_int_equal(ring_new(shipped("agents/hvac.yaml"), &conf, &r), 0);
	assert_int_not_equal(r->ready, 0); /* never ready: nothing could be rendered */
	assert_int_not_equal(r->ready, -1);
	talloc_free(r);
}

static uint64_t last_time(const struct ring *r, enum cw_event_kind kind, enum cw_side side)
{
	const struct cw_timeline *t = cw_agent_call_timeline(r->call);
	uint64_t at = 0;
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(t, &from, kind, side));)
		at = e->t_us;
	return at;
}

/* Who speaks over the last words hears them again, not silence. */
static void an_interrupted_apology_is_said_again(void **state)
{
	unsigned interrupted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct cw_sim_conf conf = {.seed = seed, .fault = {[CW_FAULT_STALL] = 0.25}, .fault_only = "tts"};
		struct ring *r = NULL;

		assert_int_equal(ring_new(shipped("agents/hvac.yaml"), &conf, &r), 0);
		r->butts_in = "technical";
		if (r->ready == 0)
			assert_true(ring_call(r, booking, 15 * MINUTE_US));
		if (r->ready == 0 && ring_count(r, CW_EV_INTERRUPTED, "technical")) {
			uint64_t turn_us = last_time(r, CW_EV_TURN_ENDED, CW_SIDE_CALLER);

			interrupted++;
			assert_true(ring_count(r, CW_EV_SAY, "technical problem") >= 2);
			assert_true(last_time(r, CW_EV_AUDIO_STARTED, CW_SIDE_AGENT) - turn_us < 1000000);
			assert_true(last_time(r, CW_EV_HUNG_UP, CW_SIDE_AGENT) - turn_us < 10000000);
		}
		talloc_free(r);
	}
	print_message("# %u of 60 interrupted the apology\n", interrupted);
	assert_true(interrupted >= 3);
}

/* A word into the closing sentence: the caller still gets the whole confirmation number, then the call ends. */
static void the_confirmation_number_survives_an_interruption(void **state)
{
	static const char *const words[] = {"You are", "confirmation", "number is one zero"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(words); i++) {
		struct ring *r = open_ring(20 + i);

		r->butts_in = words[i];
		assert_true(ring_call(r, booking, 5 * MINUTE_US));
		assert_int_equal(ring_count(r, CW_EV_INTERRUPTED, ""), 1);
		if (!strstr(r->heard, "Your confirmation number is one zero zero one. Goodbye."))
			fail_msg("over '%s' the number was lost: %s", words[i], r->heard);
		assert_int_equal(ring_count(r, CW_EV_TOOL_CALLED, "\"create_booking\""), 1);
		assert_int_equal(r->reason, CW_END_REMOTE);
		talloc_free(r);
	}
}

static void a_call_may_be_freed_at_any_moment(void **state)
{
	(void)state;
	for (uint64_t at_us = 100000; at_us < 40000000; at_us += 1700000) {
		struct ring *r = open_ring(8);

		(void)ring_call(r, booking, at_us);
		if (r->agent_over)
			break;
		talloc_free(r->call);
		r->call = NULL;
		(void)cw_sim_run(r->world, cw_now(r->world) + 30000000);
		talloc_free(r);
		continue;
	}
	struct ring *r = open_ring(9);

	r->free_when_closed = true;
	assert_true(ring_call(r, booking, 5 * MINUTE_US));
	assert_null(r->call);
	talloc_free(r);
}

/* ---- echo of audio ---- */

struct far {
	uint8_t last[160];
	unsigned frames;
	bool answered, closed;
};

static void far_answered(const struct cw_line_info *info, void *arg)
{
	struct far *f = arg;

	f->answered = true;
}

static void far_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct far *f = arg;

	memcpy(f->last, ulaw, sizeof(f->last));
	f->frames++;
}

static void far_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct far *f = arg;

	f->closed = true;
}

static void the_audio_echo_sends_frames_back(void **state)
{
	static const struct cw_line_events events = {
		.answered = far_answered, .frame = far_frame, .closed = far_closed};
	struct cw_sim_conf conf = {.seed = 10};
	struct far far = {.frames = 0};
	uint8_t frame[160];
	struct ring *r = NULL;

	(void)state;
	memset(frame, 0x2a, sizeof(frame));
	assert_int_equal(ring_new(shipped("agents/echo-audio.yaml"), &conf, &r), 0);
	assert_int_equal(r->ready, 0);
	ring_answer_only(r);
	cw_line_attach(r->caller_line, &events, &far);
	cw_sim_run(r->world, cw_now(r->world) + 1000000);
	assert_true(far.answered);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(cw_line_send(r->caller_line, frame, sizeof(frame)), 0);
		cw_sim_run(r->world, cw_now(r->world) + 20000);
	}
	assert_memory_equal(far.last, frame, sizeof(frame));
	cw_line_hang_up(r->caller_line, "enough");
	cw_sim_run(r->world, cw_now(r->world) + 1000000);
	assert_true(far.closed);
	assert_true(r->agent_over);
	talloc_free(r);
}

static void open_refuses(void **state)
{
	struct cw_sim_conf sim = {.seed = 11};
	struct cw_world *w = NULL;
	struct cw_agent *a = NULL;
	struct cw_why why = {0};
	struct cw_agent_conf conf = {.path = "/nowhere.yaml"};

	(void)state;
	assert_int_equal(cw_sim_new(NULL, &sim, &w), 0);
	assert_int_equal(cw_agent_open(NULL, w, &conf, NULL, NULL, &a, &why), ENOENT);
	conf.path = shipped("agents/hvac.yaml");
	why = (struct cw_why){0};
	assert_int_equal(cw_agent_open(NULL, w, &conf, NULL, NULL, &a, &why), EINVAL);
	assert_non_null(strstr(why.text, "needs a database"));
	conf.path = shipped("agents/echo.yaml");
	conf.stt = "nonsense";
	assert_int_equal(cw_agent_open(NULL, w, &conf, NULL, NULL, &a, NULL), ENOENT);
	conf.stt = NULL;
	conf.voice = "nonsense";
	assert_int_equal(cw_agent_open(NULL, w, &conf, NULL, NULL, &a, NULL), ENOENT);
	assert_null(a);
	talloc_free(w);
}

CW_TEST_MAIN(CW_TEST(a_caller_books), CW_TEST(one_seed_is_one_call), CW_TEST(a_caller_asks_for_a_person),
	CW_TEST(a_silent_caller_is_asked_and_left), CW_TEST(keys_instead_of_words), CW_TEST(faults_everywhere),
	CW_TEST(a_dead_voice_ends_in_an_apology), CW_TEST(an_interrupted_apology_is_said_again),
	CW_TEST(the_confirmation_number_survives_an_interruption), CW_TEST(a_call_may_be_freed_at_any_moment),
	CW_TEST(the_audio_echo_sends_frames_back), CW_TEST(open_refuses))
