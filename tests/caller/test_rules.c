/*
 * What is said next, decided without audio; and sentences with pauses.
 */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "caller/persona.h"
#include "caller/rules.h"
#include "caller/say.h"

static struct cw_pattern *pattern(const char *text)
{
	struct cw_pattern *p = NULL;

	assert_int_equal(cw_pattern_new(NULL, &text, 1, &p, NULL), 0);
	return p;
}

static struct cw_rules *rules(const struct cw_script *s)
{
	struct cw_rules *r = NULL;

	assert_int_equal(cw_rules_new(NULL, s, "en-US", 1, &r), 0);
	return r;
}

static void the_order_of_the_rules(void **state)
{
	CW_SCOPED struct cw_pattern *zip = pattern("zip"), *name = pattern("your name"), *wait = pattern("one moment");
	const struct cw_step steps[] = {
		{.act = CW_ACT_SAY, .text = "Optional", .match = zip, .optional = true},
		{.act = CW_ACT_SAY, .text = "Fixed, with a match", .match = name},
		{.act = CW_ACT_NOISE, .ms = 300, .when = CW_WHEN_TURN},
		{.act = CW_ACT_SAY, .text = "mm-hmm", .when = CW_WHEN_DURING},
		{.act = CW_ACT_SAY, .text = "Fixed, whatever <pause 800ms> was said", .when = CW_WHEN_TURN},
	};
	const struct cw_step answers[] = {{.act = CW_ACT_SAY, .text = "Maria", .match = name, .times = 1}};
	const struct cw_script s = {.steps = steps,
		.n_steps = 5,
		.answers = answers,
		.n_answers = 1,
		.fillers = wait,
		.pardons = 1,
		.pardon = "Pardon?"};
	CW_SCOPED struct cw_rules *r = rules(&s);
	struct cw_next_action a;

	(void)state;
	cw_rules_answer(r, "One moment, please.", &a);
	assert_int_equal(a.next, CW_NEXT_WAIT);
	cw_rules_answer(r, "What is your name?", &a);
	assert_string_equal(a.words, "Fixed, with a match");
	assert_string_equal(a.kind, "turn");
	assert_int_equal(a.index, 1);
	cw_rules_answer(r, "What is your name?", &a); /* an answer that fits goes before a fixed turn without a match */
	assert_string_equal(a.words, "Maria");
	assert_string_equal(a.kind, "answer");
	cw_rules_answer(r, "What is your name?", &a); /* used up */
	assert_string_equal(a.words, "Fixed, whatever was said");
	assert_false(cw_rules_required_left(r));
	cw_rules_answer(r, "Something else.", &a);
	assert_int_equal(a.next, CW_NEXT_PARDON);
	assert_string_equal(a.words, "Pardon?");
	cw_rules_answer(r, "Something else.", &a);
	assert_int_equal(a.next, CW_NEXT_COMPLETED);
}

static void nothing_to_say_with_something_left(void **state)
{
	CW_SCOPED struct cw_pattern *zip = pattern("zip");
	const struct cw_step step = {.act = CW_ACT_SAY, .text = "90210", .match = zip};
	const struct cw_script s = {.steps = &step, .n_steps = 1};
	CW_SCOPED struct cw_rules *r = rules(&s);
	struct cw_next_action a;
	const char *reason;

	(void)state;
	cw_rules_answer(r, NULL, &a);
	assert_int_equal(a.next, CW_NEXT_NO_ANSWER);
	cw_rules_answer(r, "Hello.", &a);
	assert_int_equal(a.next, CW_NEXT_NO_ANSWER);
	assert_non_null(strstr(a.reason, "Hello."));
	assert_int_equal(cw_rules_outcome(r, &reason), CW_SCRIPT_CUT);
	cw_rules_answer(r, "Your zip code?", &a);
	assert_string_equal(a.words, "90210");
	assert_int_equal(cw_rules_outcome(r, &reason), CW_SCRIPT_COMPLETED);
}

static void a_persona_reacts_as_often_as_it_is_told(void **state)
{
	const struct cw_persona p = {.backchannels = 0.5}, rude = {.interrupts = 1}, ill = {.coughs = 1};
	struct cw_script s = {.persona = &p};
	CW_SCOPED struct cw_rules *r = rules(&s);
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		const struct cw_step *step = cw_rules_react(r, 0);

		n += step != NULL;
		if (step)
			assert_in_range(step->delay_us, 1000000, 3000000);
	}
	assert_in_range(n, 440, 560);
	s.persona = &rude;
	assert_in_range(cw_rules_react(r, 0)->delay_us, 400000, 2500000);
	assert_null(cw_rules_react(r, 2000000)); /* once per turn */
	s.persona = &ill;
	assert_int_equal(cw_rules_react(r, 0)->act, CW_ACT_NOISE);
	s.persona = NULL;
	assert_null(cw_rules_react(r, 0));
}

static void pauses_in_sentences(void **state)
{
	struct cw_str rest = cw_str("my number is <pause 1200ms> 415 <pause 1.5s><pause 20> 555"), words;
	CW_SCOPED char *plain = cw_say_plain(NULL, rest.p);
	struct cw_why why = {0};
	unsigned ms;

	(void)state;
	assert_true(cw_say_next(&rest, &words, &ms) && cw_str_eq(words, "my number is") && ms == 1200);
	assert_true(cw_say_next(&rest, &words, &ms) && cw_str_eq(words, "415") && ms == 1500);
	assert_true(cw_say_next(&rest, &words, &ms) && words.len == 0 && ms == 20);
	assert_true(cw_say_next(&rest, &words, &ms) && cw_str_eq(words, "555") && ms == 0);
	assert_false(cw_say_next(&rest, &words, &ms));
	assert_string_equal(plain, "my number is 415 555");
	assert_int_equal(cw_say_check("a <pause 1s> b", &why), 0);
	assert_int_equal(cw_say_check("a < b", &why), 0);
	assert_int_equal(cw_say_check("a <pause 1 hour> b", &why), EINVAL);
	assert_non_null(strstr(why.text, "<pause 1 hour>"));
	assert_int_equal(cw_say_check("a <pause 31s> b", &why), EINVAL);
	assert_int_equal(cw_say_check("<pause 1s>", &why), EINVAL);
}

CW_TEST_MAIN(CW_TEST(the_order_of_the_rules), CW_TEST(nothing_to_say_with_something_left),
	CW_TEST(a_persona_reacts_as_often_as_it_is_told), CW_TEST(pauses_in_sentences))
