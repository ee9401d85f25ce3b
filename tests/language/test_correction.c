#include "language/correction.h"

#include "testing.h"

static void cues_split_the_sentence(void **state)
{
	static const struct {
		const char *text;
		bool found;
		const char *before, *right, *wrong;
	} cases[] = {
		{"no i said five six not five nine", true, "", "five six", "five nine"},
		{"tuesday no wednesday", true, "tuesday", "wednesday", ""},
		{"tuesday no wait wednesday", true, "tuesday", "wednesday", ""},
		{"at nine sorry i mean ten", true, "at nine", "ten", ""},
		{"No, it's Mario, not Maria.", true, "", "Mario", "Maria"},
		{"it's not tuesday it's wednesday", true, "", "wednesday", "tuesday"},
		{"not tuesday but wednesday", true, "", "wednesday", "tuesday"},
		{"wednesday not tuesday", true, "", "wednesday", "tuesday"},
		{"oak street instead of elm street", true, "", "oak street", "elm street"},
		{"monday actually make that friday", true, "monday", "friday", ""},
		{"that's wrong", true, "", "", ""},
		{"that's wrong it's four one six", true, "", "four one six", ""},
		{"no that's not right i said maple", true, "", "maple", ""},
		{"scratch that thursday", true, "", "thursday", ""},
		{"no", false, "", "", ""},
		{"sorry", false, "", "", ""},
		{"no problem", false, "", "", ""},
		{"there is no heat", false, "", "", ""},
		{"my furnace is not working", false, "", "", ""},
		{"i'm not sure", false, "", "", ""},
		{"four one five five five five", false, "", "", ""},
		{"", false, "", "", ""},
		{"no it's smith s m i t h", true, "", "smith s m i t h", ""},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_correction c;
		bool found = cw_correction_parse(cw_str(cases[i].text), &c);

		if (found != cases[i].found || !cw_str_eq(c.before, cases[i].before) ||
			!cw_str_eq(c.right, cases[i].right) || !cw_str_eq(c.wrong, cases[i].wrong))
			fail_msg("'%s': %d before '%.*s' right '%.*s' wrong '%.*s'", cases[i].text, found,
				CW_STR(c.before), CW_STR(c.right), CW_STR(c.wrong));
	}
}

CW_TEST_MAIN(CW_TEST(cues_split_the_sentence))
