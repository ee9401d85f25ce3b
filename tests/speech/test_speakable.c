#include "testing.h"

#include <string.h>

#include "speech/speakable.h"

static void is(const char *written, const char *spoken)
{
	struct cw_speakable *s;

	assert_int_equal(cw_speakable_new(NULL, written, &s), 0);
	assert_string_equal(s->text, spoken);
	talloc_free(s);
}

static void numbers_are_spelled(void **state)
{
	(void)state;
	is("Call 4155550134 now.", "Call 4 1 5, 5 5 5, 0 1 3 4 now.");
	is("415.555.0134", "4 1 5, 5 5 5, 0 1 3 4");
	is("+14155550134", "1 4 1 5 5 5 5 0 1 3 4");
	is("call 911!", "call 9 1 1!");
	is("zip 94107, please", "zip 9 4 1 0 7, please");
	is("at 9:30 AM it was $25.50", "at 9:30 AM it was $25.50");
}

static void abbreviations_are_words(void **state)
{
	(void)state;
	is("1600 Penn Ave. NW", "1600 Penn Avenue NW");
	is("12 Oak St.", "12 Oak Street.");
	is("Main St. and Elm", "Main Street and Elm");
	is("Tue., Dec. 3", "Tuesday, December 3");
	is("OK", "okay");
	is("the A/C & fan", "the A C and fan");
	is("Unit #4", "Unit  number 4");
}

static void signs_become_plain(void **state)
{
	(void)state;
	is("I\xE2\x80\x99m at Zo\xC3\xAB\xE2\x80\x99s caf\xC3\xA9", "I'm at Zoe's cafe");
	is("yes \xE2\x80\x94 no", "yes ,  no");
	is("\xFF\xFE", " ");
	is("", " ");
}

static void the_map_leads_back(void **state)
{
	static const char text[] = "  Call 4155550134, Ave. 3  ";
	struct cw_speakable *s;

	(void)state;
	if (cw_speakable_new(NULL, text, &s))
		return; /* an allocation failed on purpose */
	assert_int_equal(s->n_words, 4);
	for (size_t i = 1; i < s->n_words; i++)
		assert_true(s->words[i].spoken_end > s->words[i - 1].spoken_end &&
			    s->words[i].text_end > s->words[i - 1].text_end);
	assert_int_equal(s->words[3].text_end, strlen(text) - 2);
	assert_int_equal(s->words[3].spoken_end, strlen(s->text));
	talloc_free(s);
}
CW_OOM_BODY(the_map_leads_back)

CW_TEST_MAIN(CW_TEST(numbers_are_spelled), CW_TEST(abbreviations_are_words), CW_TEST(signs_become_plain),
	CW_TEST(the_map_leads_back), CW_TEST_OOM(the_map_leads_back))
