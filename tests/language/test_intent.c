#include "language/intent.h"

#include <errno.h>

#include "testing.h"

static const char *const human[] = {
	"(talk|speak) (to|with) [a|the|an] [real] (person|human|someone|somebody|agent|operator|representative)",
	"^(operator|agent|representative)$", "real person"};
static const char *const book[] = {
	"(book|schedule|make|set up|need|get) * (appointment|visit|service)", "(come|send someone) (out|over|by)"};
static const char *const cancel[] = {"(cancel|call off) [my|the] (appointment|visit)"};
static const char *const gas[] = {"smell[s|ing] * gas", "gas leak", "carbon monoxide"};
static const char *const called[] = {"my name is {name}"};
static const struct cw_intent_keyword book_words[] = {{"appointment", 0.4}, {"schedule", 0.3}};
static const struct cw_intent_keyword repair_words[] = {{"broken", 0.6}, {"not working", 0.7}, {"furnace", 0.3},
	{"air conditioner", 0.3}, {"no heat", 0.7}, {"leaking", 0.5}};

static const struct cw_intent_def defs[] = {
	{.name = "human", .patterns = human, .n_patterns = 3},
	{.name = "book", .patterns = book, .n_patterns = 2, .keywords = book_words, .n_keywords = 2},
	{.name = "cancel", .patterns = cancel, .n_patterns = 1},
	{.name = "emergency", .patterns = gas, .n_patterns = 3},
	{.name = "repair", .keywords = repair_words, .n_keywords = 6},
	{.name = "name", .patterns = called, .n_patterns = 1},
};

static void sentences_find_their_intent(void **state)
{
	static const char *const cases[][2] = {
		{"can i talk to a person please", "human"},
		{"i want to speak with a real human", "human"},
		{"uh speak to the operator", "human"},
		{"agent", "human"},
		{"operator please", "human"},
		{"just let me talk to somebody", "human"},
		{"i'd like to book an appointment", "book"},
		{"i need to schedule a service visit", "book"},
		{"scheduling an apointment", "book"},
		{"can you send someone out", "book"},
		{"can you come over today", "book"},
		{"i need to cancel my appointment", "cancel"},
		{"i smell gas in the basement", "emergency"},
		{"it smells like gas", "emergency"},
		{"i think there is a gas leak", "emergency"},
		{"my furnace is broken", "repair"},
		{"the air conditioner is not working", "repair"},
		{"we have no heat", "repair"},
		{"i do not want to cancel i want to book an appointment", "book"},
		{"my name is maria lopez", "name"},
		{"what's the weather like", NULL},
		{"do you like pizza", NULL},
		{"", NULL},
		{"the furnace", NULL},
		{"i don't want to talk to a person", NULL},
		{"the gas station is closed", NULL},
	};
	struct cw_intents *in = NULL;
	struct cw_why why = {0};
	int err = cw_intents_new(NULL, defs, CW_COUNT(defs), &in, &why);

	if (cw_test_oom(err))
		return;
	if (err)
		fail_msg("%s", why.text);
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_intent_hit hit;
		bool found = cw_intents_best(in, cw_str(cases[i][0]), &hit);

		if (found != (cases[i][1] != NULL) || (found && strcmp(hit.name, cases[i][1])))
			fail_msg("'%s': %s %.2f", cases[i][0], found ? hit.name : "none", hit.score);
	}
	talloc_free(in);
}
CW_OOM_BODY(sentences_find_their_intent)

static void hits_are_ranked_and_captured(void **state)
{
	struct cw_intents *in = NULL;
	struct cw_intent_hit hits[3];
	static const char text[] = "My name is Maria Lopez and my furnace is broken";

	assert_int_equal(cw_intents_new(NULL, defs, CW_COUNT(defs), &in, NULL), 0);

	size_t n = cw_intents_rank(in, cw_str(text), 0.5, hits, 3);

	assert_int_equal(n, 2);
	assert_true(hits[0].score >= hits[1].score);
	assert_string_equal(hits[0].name, "name");
	assert_string_equal(hits[1].name, "repair");
	assert_int_equal(hits[0].n_captures, 1);
	assert_string_equal(hits[0].captures[0].name, "name");
	assert_memory_equal(hits[0].captures[0].text.p, "Maria Lopez", 11);
	assert_true(hits[0].captures[0].text.p >= text && hits[0].captures[0].text.p < text + sizeof(text));
	assert_int_equal(cw_intents_rank(in, cw_str(text), 0.5, hits, 1), 1);
	assert_string_equal(hits[0].name, "name");
	talloc_free(in);
}

static void single_patterns(void **state)
{
	assert_true(cw_intent_matches("go (left|right) [now]", cw_str("please go right")));
	assert_true(cw_intent_matches("go (left|right) [now]", cw_str("go left now")));
	assert_false(cw_intent_matches("go (left|right)", cw_str("go up")));
	assert_true(cw_intent_matches("a * b", cw_str("a x y z w b")));
	assert_false(cw_intent_matches("a * b", cw_str("a x y z w v b")));
	assert_true(cw_intent_matches("^hello$", cw_str("Hello!")));
	assert_false(cw_intent_matches("^hello$", cw_str("hello there")));
	assert_true(cw_intent_matches("[really] cold", cw_str("it is cold")));
	assert_true(cw_intent_matches("my o'clock", cw_str("my o'clock")));
	assert_false(cw_intent_matches("(a", cw_str("a")));
}

static void faulty_patterns_are_named(void **state)
{
	static const char *const bad[][2] = {{"(a|b", "expected ')'"}, {"[a", "expected ']'"},
		{"a)", "closing bracket"}, {"{name", "'{name}'"}, {"{}", "'{name}'"}, {"a|b", "outside"},
		{"", "at least one word"}, {"*", "at least one word"}, {"}", "without"},
		{"((((((((((a))))))))))", "too deep"}};

	for (size_t i = 0; i < CW_COUNT(bad); i++) {
		const char *patterns[] = {bad[i][0]};
		struct cw_intent_def def = {.name = "x", .patterns = patterns, .n_patterns = 1};
		struct cw_intents *in = NULL;
		struct cw_why why = {0};

		assert_int_equal(cw_intents_new(NULL, &def, 1, &in, &why), EINVAL);
		assert_null(in);
		if (!strstr(why.text, bad[i][1]) || !strstr(why.text, "intent 'x'"))
			fail_msg("'%s': %s", bad[i][0], why.text);
	}

	struct cw_intent_keyword heavy[] = {{"x", 1.5}};
	struct cw_intent_def def = {.name = "x", .keywords = heavy, .n_keywords = 1};
	struct cw_intents *in = NULL;

	assert_int_equal(cw_intents_new(NULL, &def, 1, &in, NULL), EINVAL);
}

static void many_stars_do_not_stall(void **state)
{
	char text[1024] = "";

	for (int i = 0; i < 200; i++)
		strncat(text, "a b ", sizeof(text) - strlen(text) - 1);
	(void)cw_intent_matches("a * b * a * b * a * b * a * b * a * b * a * b * a * b * zzz", cw_str(text));
}

CW_TEST_MAIN(CW_TEST(sentences_find_their_intent), CW_TEST_OOM(sentences_find_their_intent),
	CW_TEST(hits_are_ranked_and_captured), CW_TEST(single_patterns), CW_TEST(faulty_patterns_are_named),
	CW_TEST(many_stars_do_not_stall))
