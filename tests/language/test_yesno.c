#include "language/backchannel.h"
#include "language/yesno.h"

#include "testing.h"

static void answers(void **state)
{
	static const struct {
		const char *text;
		enum cw_yesno value;
		const char *rest;
	} cases[] = {
		{"yes", CW_YESNO_YES, ""},
		{"yeah", CW_YESNO_YES, ""},
		{"yep that's right", CW_YESNO_YES, ""},
		{"uh huh", CW_YESNO_YES, ""},
		{"mm hmm", CW_YESNO_YES, ""},
		{"sure", CW_YESNO_YES, ""},
		{"okay", CW_YESNO_YES, ""},
		{"um yes please", CW_YESNO_YES, ""},
		{"that's correct", CW_YESNO_YES, ""},
		{"that's wright", CW_YESNO_YES, ""},
		{"correct", CW_YESNO_YES, ""},
		{"sounds good", CW_YESNO_YES, ""},
		{"yes and it's urgent", CW_YESNO_YES, "it's urgent"},
		{"go ahead", CW_YESNO_YES, ""},
		{"no problem", CW_YESNO_YES, ""},
		{"no that's right", CW_YESNO_YES, ""},
		{"no that's fine", CW_YESNO_YES, ""},
		{"yeah yeah", CW_YESNO_YES, ""},
		{"i would say yes", CW_YESNO_YES, ""},
		{"i think so", CW_YESNO_YES, ""},
		{"okay sounds good", CW_YESNO_YES, ""},
		{"that works for me", CW_YESNO_YES, NULL},
		{"right", CW_YESNO_YES, ""},
		{"wright", CW_YESNO_YES, ""},
		{"perfect thanks", CW_YESNO_YES, NULL},
		{"Yes, it is.", CW_YESNO_YES, ""},

		{"no", CW_YESNO_NO, ""},
		{"nope", CW_YESNO_NO, ""},
		{"no thanks", CW_YESNO_NO, ""},
		{"no thank you", CW_YESNO_NO, ""},
		{"not really", CW_YESNO_NO, ""},
		{"not yet", CW_YESNO_NO, ""},
		{"i don't think so", CW_YESNO_NO, ""},
		{"no i don't", CW_YESNO_NO, ""},
		{"know", CW_YESNO_NO, ""},
		{"yeah no", CW_YESNO_NO, ""},
		{"no no no", CW_YESNO_NO, ""},
		{"no that's all", CW_YESNO_NO, ""},
		{"absolutely not", CW_YESNO_NO, ""},
		{"no i want to talk to a person", CW_YESNO_NO, "i want to talk to a person"},
		{"okay no", CW_YESNO_NO, ""},
		{"no it isn't", CW_YESNO_NO, ""},
		{"no that doesn't work", CW_YESNO_NO, ""},

		{"no i said five six", CW_YESNO_CORRECTION, "five six"},
		{"no it's wednesday", CW_YESNO_CORRECTION, "wednesday"},
		{"no wednesday", CW_YESNO_CORRECTION, "wednesday"},
		{"that's wrong", CW_YESNO_CORRECTION, ""},
		{"that's wrong it's mario", CW_YESNO_CORRECTION, "mario"},
		{"no that's wrong", CW_YESNO_CORRECTION, ""},
		{"almost but it's fifteen", CW_YESNO_CORRECTION, "fifteen"},
		{"no i said five six not five nine", CW_YESNO_CORRECTION, "five six not five nine"},
		{"yes but the street is wrong", CW_YESNO_CORRECTION, NULL},
		{"not quite", CW_YESNO_CORRECTION, ""},
		{"incorrect", CW_YESNO_CORRECTION, ""},

		{"i don't know", CW_YESNO_UNSURE, ""},
		{"maybe", CW_YESNO_UNSURE, ""},
		{"i'm not sure", CW_YESNO_UNSURE, ""},
		{"um let me think", CW_YESNO_UNSURE, ""},
		{"no idea", CW_YESNO_UNSURE, ""},
		{"well it depends", CW_YESNO_UNSURE, ""},

		{"", CW_YESNO_OTHER, ""},
		{"tomorrow at nine", CW_YESNO_OTHER, "tomorrow at nine"},
		{"okay what about tuesday", CW_YESNO_OTHER, NULL},
		{"my furnace is broken", CW_YESNO_OTHER, NULL},
		{"please hold on", CW_YESNO_OTHER, NULL},
		{"what", CW_YESNO_OTHER, NULL},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_str rest = {"?", 1};
		enum cw_yesno v = cw_yesno_parse(cw_str(cases[i].text), &rest);

		if (v != cases[i].value || (cases[i].rest && !cw_str_eq(rest, cases[i].rest)))
			fail_msg("'%s': %s, rest '%.*s'", cases[i].text, cw_yesno_name(v), CW_STR(rest));
	}
	assert_int_equal(cw_yesno_parse(cw_str("yes"), NULL), CW_YESNO_YES);
}

static void backchannels(void **state)
{
	static const char *const yes[] = {"mm-hmm", "mm hmm", "uh-huh", "uh huh", "okay", "Okay.", "right", "wright",
		"yeah", "yeah right", "m hm", "a ha", "i see", "got it", "oh okay", "mhm yeah okay", "hmm",
		"all right"};
	static const char *const no[] = {"", "no", "yeah but no", "okay what about tuesday", "right now", "stop",
		"wait", "okay okay okay okay okay", "hello", "mm i said tuesday"};

	for (size_t i = 0; i < CW_COUNT(yes); i++)
		if (!cw_backchannel(cw_str(yes[i])))
			fail_msg("'%s' is one", yes[i]);
	for (size_t i = 0; i < CW_COUNT(no); i++)
		if (cw_backchannel(cw_str(no[i])))
			fail_msg("'%s' is none", no[i]);
}

static void fillers_and_greetings(void **state)
{
	assert_true(cw_filler_only(cw_str("um, uh")));
	assert_true(cw_filler_only(cw_str("well let me see")));
	assert_false(cw_filler_only(cw_str("um yes")));
	assert_false(cw_filler_only(cw_str("")));
	assert_true(cw_greeting_only(cw_str("Hello?")));
	assert_true(cw_greeting_only(cw_str("hi there good morning")));
	assert_false(cw_greeting_only(cw_str("hello my furnace is broken")));
}

CW_TEST_MAIN(CW_TEST(answers), CW_TEST(backchannels), CW_TEST(fillers_and_greetings))
