/* A typist in the simulated world, and a chat server beside it that plays an agent. */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "call/timeline.h"
#include "caller/typist.h"
#include "world/net.h"
#include "world/sim.h"

struct scene {
	struct cw_world *world;
	struct cw_server *server;
	struct cw_typist *typist;
	struct cw_timeline *timeline;
	const char *const *answers; /* in order, the last for ever; NULL: an error */
	size_t asked;
	bool closed;
	enum cw_end_reason reason;
	int err;
};

static void on_request(struct cw_exchange *x, void *arg)
{
	static const struct cw_header text = {"Content-Type", "text/plain"};
	struct scene *s = arg;
	const char *answer = s->answers ? s->answers[s->asked] : NULL;

	if (answer && s->answers[s->asked + 1])
		s->asked++;
	(void)cw_reply(x, answer ? 200 : 503, &text, 1, answer ? answer : "busy", answer ? strlen(answer) : 4);
}

static void on_closed(enum cw_end_reason reason, const struct cw_why *why, void *arg)
{
	struct scene *s = arg;

	s->closed = true;
	s->reason = reason;
	s->err = why ? why->err : 0;
}

static int open_scene(struct scene *s, const struct cw_script *script, const char *const *answers)
{
	static const struct cw_routes routes = {.request = on_request};
	struct cw_why why = {0};
	int err = cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 3}, &s->world);

	s->answers = answers;
	if (!err)
		err = cw_timeline_new(NULL, &s->timeline);
	if (!err)
		err = cw_listen(s->world, s->world, &(struct cw_listen_conf){.address = "127.0.0.1:9000"}, &routes, s,
			&s->server, &why);
	if (err)
		return err;

	const struct cw_typist_conf conf = {.script = script,
		.chat = "http://127.0.0.1:9000/hook",
		.conversation_id = "c1",
		.language = "en-US",
		.seed = 1,
		.timeout_us = 5000000,
		.timeline = s->timeline,
		.epoch_us = cw_now(s->world),
		.closed = on_closed,
		.arg = s};

	err = cw_typist_open(s->world, s->world, &conf, &s->typist, &why);
	if (!err)
		cw_sim_run(s->world, UINT64_MAX);
	return err;
}

static void close_scene(struct scene *s)
{
	if (s->typist)
		(void)talloc_free(s->typist);
	if (s->server)
		(void)talloc_free(s->server);
	(void)talloc_free(s->timeline);
	(void)talloc_free(s->world);
}

/* Text of the @i-th thing said by the caller, or of the @i-th answer. */
static const char *words(const struct scene *s, enum cw_event_kind kind, enum cw_side side, size_t i)
{
	const struct cw_event *e = NULL;
	size_t from = 0;

	for (size_t k = 0; k <= i; k++)
		e = cw_timeline_next(s->timeline, &from, kind, side);
	return e ? cw_json_str(e->data, "text", "") : "";
}

static struct cw_pattern *pattern(const char *text)
{
	struct cw_pattern *p;

	assert_int_equal(cw_pattern_new(NULL, &text, 1, &p, NULL), 0);
	return p;
}

static void types_turns_and_answers(void **state)
{
	static const char *const answers[] = {
		"Hello! What is your name?", "Thank you, Maria. Anything else?", "Goodbye.", NULL};
	CW_SCOPED struct cw_pattern *name = pattern("your name"), *else_ = pattern("anything else");
	const struct cw_step steps[] = {{.act = CW_ACT_SAY, .text = "My furnace is broken"}};
	const struct cw_step rules[] = {{.act = CW_ACT_SAY, .text = "Maria Lopez", .match = name},
		{.act = CW_ACT_SAY, .text = "No, that is all.", .match = else_}};
	const struct cw_script script = {.steps = steps,
		.n_steps = 1,
		.answers = rules,
		.n_answers = 2,
		.reprompt = "Hello?",
		.pardon = "Pardon?"};
	struct scene s = {0};
	uint64_t last = 0;

	assert_int_equal(open_scene(&s, &script, answers), 0);
	assert_true(s.closed);
	assert_int_equal(s.reason, CW_END_LOCAL);
	assert_int_equal(cw_typist_result(s.typist)->end, CW_SCRIPT_COMPLETED);
	assert_int_equal(cw_typist_result(s.typist)->steps_played, 1);
	assert_string_equal(words(&s, CW_EV_SAY, CW_SIDE_CALLER, 0), "My furnace is broken");
	assert_string_equal(words(&s, CW_EV_SAY, CW_SIDE_CALLER, 1), "Maria Lopez");
	assert_string_equal(words(&s, CW_EV_SAY, CW_SIDE_CALLER, 2), "No, that is all.");
	assert_string_equal(words(&s, CW_EV_TURN_ENDED, CW_SIDE_AGENT, 2), "Goodbye.");

	/* each answer is after the words it answers and before the next ones */
	for (size_t i = 0; i < cw_timeline_count(s.timeline); i++) {
		const struct cw_event *e = cw_timeline_at(s.timeline, i);

		assert_true(e->t_us >= last);
		last = e->t_us;
	}
	close_scene(&s);
}

static void asks_again_after_one_moment_please(void **state)
{
	static const char *const answers[] = {"One moment, please.", "Here I am.", NULL};
	CW_SCOPED struct cw_pattern *wait = pattern("one moment"), *here = pattern("here i am");
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Are you there"}, {.act = CW_ACT_SAY, .text = "Good", .match = here}};
	const struct cw_script script = {.steps = steps,
		.n_steps = 2,
		.fillers = wait,
		.reprompts = 1,
		.reprompt = "Hello?",
		.pardon = "Pardon?"};
	struct scene s = {0};

	assert_int_equal(open_scene(&s, &script, answers), 0);
	assert_int_equal(cw_typist_result(s.typist)->end, CW_SCRIPT_COMPLETED);
	assert_string_equal(words(&s, CW_EV_SAY, CW_SIDE_CALLER, 1), "Hello?");
	assert_string_equal(words(&s, CW_EV_SAY, CW_SIDE_CALLER, 2), "Good");
	close_scene(&s);
}

static void says_when_both_wait(void **state)
{
	static const char *const answers[] = {"What is your zip code?", NULL};
	CW_SCOPED struct cw_pattern *never = pattern("pineapple");
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Hello"}, {.act = CW_ACT_SAY, .text = "Never", .match = never}};
	const struct cw_script script = {
		.steps = steps, .n_steps = 2, .pardons = 1, .reprompt = "Hello?", .pardon = "Pardon?"};
	struct scene s = {0};

	assert_int_equal(open_scene(&s, &script, answers), 0);
	assert_int_equal(cw_typist_result(s.typist)->end, CW_SCRIPT_NO_ANSWER);
	assert_string_equal(words(&s, CW_EV_SAY, CW_SIDE_CALLER, 1), "Pardon?");
	assert_non_null(strstr(cw_typist_result(s.typist)->reason, "zip code"));
	close_scene(&s);
}

static void reports_a_server_that_fails(void **state)
{
	const struct cw_step steps[] = {{.act = CW_ACT_SAY, .text = "Hello"}};
	const struct cw_script script = {.steps = steps, .n_steps = 1, .reprompt = "Hello?", .pardon = "Pardon?"};
	struct scene s = {0};

	assert_int_equal(open_scene(&s, &script, NULL), 0);
	assert_true(s.closed);
	assert_int_equal(s.err, EPROTO);
	assert_int_equal(s.reason, CW_END_LOST);
	assert_int_equal(cw_typist_result(s.typist)->end, CW_SCRIPT_CUT);
	close_scene(&s);
}

static void refuses_what_cannot_be_typed(void **state)
{
	const struct cw_step steps[] = {{.act = CW_ACT_SAY, .text = "Hello"}, {.act = CW_ACT_DTMF, .text = "1"}};
	const struct cw_script script = {.steps = steps, .n_steps = 2};
	struct cw_why why = {0};

	assert_int_equal(cw_typist_check(&script, &why), EINVAL);
	assert_non_null(strstr(why.text, "turn 2 presses keys"));
}

CW_TEST_MAIN(CW_TEST(types_turns_and_answers), CW_TEST(asks_again_after_one_moment_please),
	CW_TEST(says_when_both_wait), CW_TEST(reports_a_server_that_fails), CW_TEST(refuses_what_cannot_be_typed))
