#include "base/norm.h"

#include <dirent.h>
#include <errno.h>

#include "base/buf.h"
#include "base/rng.h"
#include "testing.h"

typedef char *form_fn(void *parent, struct cw_str text);

static void check(form_fn *form, const char *const cases[][2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CW_SCOPED char *out = form(NULL, cw_str(cases[i][0]));

		assert_non_null(out);
		if (strcmp(out, cases[i][1]))
			fail_msg("'%s' gave '%s', expected '%s'", cases[i][0], out, cases[i][1]);
	}
}

static void folding(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"  ", ""},
		{"Hello, World!", "hello world"},
		{"It's 2:30 p.m. -- OK?", "it's 2 30 p m ok"},
		{"rock 'n' roll", "rock n roll"},
		{"don\xe2\x80\x99t", "don't"},
		{"dogs'", "dogs"},
		{"\xc3\x84pfel, \xc3\x96L & \xc3\x9c"
		 "bung",
			"\xc3\xa4pfel \xc3\xb6l \xc3\xbc"
			"bung"},
		{"\xc2\xa1Ma\xc3\x91"
		 "ana!",
			"ma\xc3\xb1"
			"ana"},
		{"\xc5\x92uvre \xc3\x87"
		 "a",
			"\xc5\x93uvre \xc3\xa7"
			"a"},
		{"a\xff"
		 "b",
			"a b"},
		{"x\xe2\x80\xa6y", "x y"},
		{"\xce\x91\xce\xb8\xce\xae\xce\xbd\xce\xb1", "\xce\xb1\xce\xb8\xce\xae\xce\xbd\xce\xb1"},
	};

	check(cw_norm_fold, cases, CW_COUNT(cases));
}

static void figures_become_words(void **state)
{
	static const char *const cases[][2] = {
		{"Call 415-555-0134 at 2:30 pm, $25.",
			"call four one five five five five oh one three four at two thirty p m twenty five dollars"},
		{"+1 (415) 555-0134", "plus one four one five five five five oh one three four"},
		{"It is 9:05", "it is nine oh five"},
		{"9:00 am", "nine a m"},
		{"at 9:00", "at nine o'clock"},
		{"14:30", "fourteen thirty"},
		{"2pm", "two p m"},
		{"December 3rd", "december third"},
		{"Dec 3, 2026", "december third twenty twenty six"},
		{"2026-12-03", "december third twenty twenty six"},
		{"12/3/26", "december third twenty twenty six"},
		{"3 December", "december third"},
		{"the 21st", "the twenty first"},
		{"$2.50", "two dollars and fifty cents"},
		{"$1", "one dollar"},
		{"$0.01", "one cent"},
		{"$2.5 million", "two point five million dollars"},
		{"\xc2\xa3"
		 "5",
			"five pounds"},
		{"50%", "fifty percent"},
		{"3.5%", "three point five percent"},
		{"3.14", "three point one four"},
		{"0.25", "zero point two five"},
		{"1,250 units", "one thousand two hundred fifty units"},
		{"1428 Elm", "fourteen twenty eight elm"},
		{"zip 95051", "zip nine five oh five one"},
		{"press 1", "press one"},
		{"1/2", "one half"},
		{"apt 4B", "apartment four b"},
		{"-5 degrees", "minus five degrees"},
		{"call 911", "call nine one one"},
		{"in 2026", "in twenty twenty six"},
		{"I am 30", "i am thirty"},
		{"100", "one hundred"},
		{"007", "oh oh seven"},
		{"Dr. Smith", "doctor smith"},
		{"", ""},
		{"no figures", "no figures"},
	};

	check(cw_norm_spoken, cases, CW_COUNT(cases));
}

static void words_become_figures(void **state)
{
	static const char *const cases[][2] = {
		{"four one five five five five zero one three four", "4155550134"},
		{"four one five, 555 oh one three four", "4155550134"},
		{"double five oh one", "5501"},
		{"twenty five", "25"},
		{"nine thirty a m", "9:30 am"},
		{"at nine thirty", "at 9:30"},
		{"nine o'clock", "9:00"},
		{"nine a m", "9 am"},
		{"half past two", "2:30"},
		{"quarter to nine", "8:45"},
		{"ten past four", "4:10"},
		{"december third", "december 3"},
		{"the third of december twenty twenty six", "december 3 2026"},
		{"march third at two p m", "march 3 at 2 pm"},
		{"the twenty first", "the 21st"},
		{"twenty five dollars and fifty cents", "$25.50"},
		{"fifty cents", "$0.50"},
		{"two point five million dollars", "$2.5 million"},
		{"fifty percent", "50%"},
		{"three point one four", "3.14"},
		{"minus five", "-5"},
		{"thirteen million", "13 million"},
		{"one hundred and twenty three", "123"},
		{"twelve oak street", "12 oak street"},
		{"fourteen twenty eight elm street", "1428 elm street"},
		{"nineteen seventeen", "1917"},
		{"two thousand and nine", "2009"},
		{"just a second please", "just a second please"},
		{"hello there", "hello there"},
		{"", ""},
		{"a hundred", "100"},
		{"one forty two maple", "142 maple"},
		{"nine oh five p m", "9:05 pm"},
		{"i may call", "i may call"},
		{"2026-12-03", "december 3 2026"},
	};

	check(cw_norm_written, cases, CW_COUNT(cases));
}

/* Pairs a listener would call the same. */
static void forms_match(void **state)
{
	static const char *const same[][2] = {
		{"415-555-0134", "four one five five five five oh one three four"},
		{"(415) 555-0134", "four one five, 555 zero one thirty four"},
		{"2:30 PM", "two thirty p m"},
		{"2:30 p.m.", "half past two pm"},
		{"9:00 AM", "nine a m"},
		{"9 o'clock", "nine o'clock"},
		{"at 9:00", "at nine o'clock"},
		{"December 3rd", "december third"},
		{"Dec. 3, 2026", "the third of december twenty twenty six"},
		{"2026-12-03", "December 3rd, 2026"},
		{"$25", "twenty five dollars"},
		{"$25.50", "twenty five dollars and fifty cents"},
		{"$2.50", "$2.5"},
		{"50%", "fifty per cent"},
		{"3.5", "three point five"},
		{"12 Oak Street", "twelve oak st"},
		{"1428 Elm St.", "fourteen twenty eight elm street"},
		{"1,000", "one thousand"},
		{"1st", "first"},
		{"Okay!", "ok"},
		{"Mr. Smith", "mister smith"},
		{"It's fine.", "it\xe2\x80\x99s fine"},
		{"12:35", "twelve thirty five"},
		{"apt 4B", "apartment 4b"},
		{"A T&T", "a t and t"},
		{"95051", "nine five oh five one"},
	};
	static const char *const different[][2] = {{"415-555-0134", "415-555-0135"}, {"2:30 PM", "2:30 AM"},
		{"december 3", "december 4"}, {"$25", "25"}, {"yes", "no"}, {"first", "one"}};

	for (size_t i = 0; i < CW_COUNT(same); i++) {
		CW_SCOPED char *a = cw_norm_match(NULL, cw_str(same[i][0]));
		CW_SCOPED char *b = cw_norm_match(NULL, cw_str(same[i][1]));

		if (strcmp(a, b))
			fail_msg("'%s' gave '%s', '%s' gave '%s'", same[i][0], a, same[i][1], b);
	}
	for (size_t i = 0; i < CW_COUNT(different); i++) {
		CW_SCOPED char *a = cw_norm_match(NULL, cw_str(different[i][0]));
		CW_SCOPED char *b = cw_norm_match(NULL, cw_str(different[i][1]));

		assert_string_not_equal(a, b);
	}
}

static void contains_respects_word_borders(void **state)
{
	assert_true(cw_norm_contains(
		cw_str("You're booked for December 3rd at 9:30 AM."), cw_str("december third at nine thirty")));
	assert_true(cw_norm_contains(cw_str("Your number is 415-555-0134, right?"),
		cw_str("four one five five five five oh one three four")));
	assert_true(cw_norm_contains(cw_str("booked on December 3, 2026"), cw_str("december third")));
	assert_false(cw_norm_contains(cw_str("december 30"), cw_str("december 3")));
	assert_false(cw_norm_contains(cw_str("it is a category"), cw_str("cat")));
	assert_true(cw_norm_contains(cw_str("anything"), cw_str("")));
	assert_false(cw_norm_contains(cw_str(""), cw_str("x")));
}

static void word_errors_count_edits(void **state)
{
	static const struct {
		const char *ref, *hyp;
		size_t errors, words;
	} cases[] = {
		{"a b c", "a b c", 0, 3},
		{"a b c", "", 3, 3},
		{"", "a b", 2, 0},
		{"", "", 0, 0},
		{"the cat sat", "the cat sat down", 1, 3},
		{"the cat sat", "the bat sat", 1, 3},
		{"the cat sat", "cat the sat", 2, 3},
		{"call 415-555-0134", "call four one five five five five oh one three four", 0, 2},
		{"at 9:30 am", "at nine thirty a m", 0, 3},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		size_t words = 99;

		assert_int_equal(
			cw_norm_word_errors(cw_str(cases[i].ref), cw_str(cases[i].hyp), &words), cases[i].errors);
		assert_int_equal(words, cases[i].words);
	}
}

static void digits_are_collected(void **state)
{
	char out[16];

	assert_int_equal(cw_norm_digits(cw_str("four one five, 555 oh one three four"), out, sizeof(out)), 10);
	assert_string_equal(out, "4155550134");
	assert_int_equal(cw_norm_digits(cw_str("double five and triple nine"), out, sizeof(out)), 5);
	assert_string_equal(out, "55999");
	assert_int_equal(cw_norm_digits(cw_str("none"), out, sizeof(out)), 0);
	assert_int_equal(cw_norm_digits(cw_str("one two three four five six seven"), out, 4), 3);
	assert_string_equal(out, "123");
}

/* What was matched once stays as it is, on texts of random words. */
static void matching_twice_changes_nothing(void **state)
{
	static const char *const bits[] = {"one", "twenty", "five", "oh", "hundred", "thousand", "and", "the", "third",
		"december", "march", "at", "nine", "thirty", "am", "pm", "point", "dollars", "percent", "double",
		"o'clock", "half past", "to", "$5", "3:15", "12", "cat", "second", "a", "minus", "2nd", "cents",
		"million", "quarter", "2026", "0.5"};
	struct cw_rng r;
	unsigned changed = 0;

	cw_rng_init(&r, 7);
	for (int round = 0; round < 4000; round++) {
		char text[256] = "";

		for (uint32_t i = 0, n = 1 + cw_rng_below(&r, 8); i < n; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
				bits[cw_rng_below(&r, CW_COUNT(bits))]);

		CW_SCOPED char *once = cw_norm_match(NULL, cw_str(text));
		CW_SCOPED char *twice = cw_norm_match(NULL, cw_str(once));

		changed += strcmp(once, twice) != 0;
	}
	/* A few heaps of words have no stable reading ("half past three point 12"): they must stay rare. */
	print_message("# %u of 4000 random texts change when matched twice\n", changed);
	assert_true(changed < 400);
}

static void long_texts_are_worked_in_pieces(void **state)
{
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(1 << 20), wanted = CW_BUF(1 << 20);

	for (int i = 0; i < 3000; i++) {
		cw_buf_puts(&text, "you owe twenty five dollars and fifty cents for four one five oh. ");
		cw_buf_puts(&wanted, i ? " you owe $25.50 for 4150" : "you owe $25.50 for 4150");
	}

	CW_SCOPED char *out = cw_norm_match(NULL, cw_buf_str(&text));

	assert_string_equal(out, wanted.p);

	size_t words;

	assert_int_equal(cw_norm_word_errors((struct cw_str){text.p, 6000}, (struct cw_str){text.p, 6000}, &words), 0);
	cw_buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		cw_buf_putc(&text, i % 2 ? '.' : ' ');
	CW_SCOPED char *nothing = cw_norm_match(NULL, cw_buf_str(&text));
	assert_string_equal(nothing, "");
}

static void all_forms_survive_no_memory(void **state)
{
	static const char text[] = "Call 415-555-0134 at two thirty p m on december third, it costs $25.";
	form_fn *const forms[] = {cw_norm_fold, cw_norm_spoken, cw_norm_written, cw_norm_match};
	size_t words;

	for (size_t i = 0; i < CW_COUNT(forms); i++) {
		CW_SCOPED char *out = forms[i](NULL, cw_str(text));

		assert_true(out || cw_test_oom(ENOMEM));
	}
	(void)cw_norm_word_errors(cw_str(text), cw_str(text), &words);
	assert_true(cw_norm_contains(cw_str(text), cw_str("two thirty")) || cw_test_oom(ENOMEM));
}
CW_OOM_BODY(all_forms_survive_no_memory)

/* ---- NVIDIA NeMo's English cases: how many does the form for matching make equal? ---- */

struct score {
	size_t cases, match, exact;
};

static void score_line(char *line, bool to_written, struct score *s)
{
	char *tilde = strchr(line, '~');

	line[strcspn(line, "\n")] = 0;
	if (!tilde || tilde == line)
		return; /* cases of several answers begin with "~": another format */
	*tilde = 0;

	CW_SCOPED char *a = cw_norm_match(NULL, cw_str(line));
	CW_SCOPED char *b = cw_norm_match(NULL, cw_str(tilde + 1));
	CW_SCOPED char *ours = to_written ? cw_norm_written(NULL, cw_str(line)) : cw_norm_spoken(NULL, cw_str(line));
	CW_SCOPED char *folded = cw_norm_fold(NULL, cw_str(ours));
	CW_SCOPED char *theirs = cw_norm_fold(NULL, cw_str(tilde + 1));

	s->cases++;
	s->match += strcmp(a, b) == 0;
	s->exact += strcmp(folded, theirs) == 0;
	if (strcmp(a, b) && getenv("CW_NORM_SHOW"))
		print_message("# %s | %s | %s | %s\n", line, tilde + 1, a, b);
}

static void score_folder(const char *folder, bool to_written, struct score *s)
{
	DIR *dir = opendir(folder);
	char path[512], line[2048];

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.' || strstr(e->d_name, "normalize_with_audio"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);

		FILE *f = fopen(path, "r");

		assert_non_null(f);

		struct score one = {0, 0, 0};

		while (fgets(line, sizeof(line), f))
			score_line(line, to_written, &one);
		fclose(f);
		if (one.cases)
			print_message("# %-40s %3zu cases, %3.0f %% equal for matching, %3.0f %% in our %s form\n",
				e->d_name, one.cases, 100.0 * (double)one.match / (double)one.cases,
				100.0 * (double)one.exact / (double)one.cases, to_written ? "written" : "spoken");
		s->cases += one.cases;
		s->match += one.match;
		s->exact += one.exact;
	}
	closedir(dir);
}

static void nemo_english_cases(void **state)
{
	/* The floors are what was measured when this was written, less a case or three: they only keep it from getting worse. */
	static const struct {
		const char *folder;
		bool to_written;
		double floor_match, floor_exact;
	} parts[] = {{"text_normalization_nemo/en/itn", true, 0.59, 0.51},
		{"text_normalization_nemo/en/tn", false, 0.56, 0.46}};

	for (size_t i = 0; i < CW_COUNT(parts); i++) {
		const char *folder = cw_test_data(parts[i].folder);
		struct score s = {0, 0, 0};

		if (!folder)
			skip();
		score_folder(folder, parts[i].to_written, &s);

		double match = (double)s.match / (double)s.cases, exact = (double)s.exact / (double)s.cases;

		print_message("# %s: %zu cases, %.1f %% equal for matching, %.1f %% as written or spoken\n",
			parts[i].folder, s.cases, 100 * match, 100 * exact);
		assert_true(match >= parts[i].floor_match);
		assert_true(exact >= parts[i].floor_exact);
	}
}

CW_TEST_MAIN(CW_TEST(folding), CW_TEST(figures_become_words), CW_TEST(words_become_figures), CW_TEST(forms_match),
	CW_TEST(contains_respects_word_borders), CW_TEST(word_errors_count_edits), CW_TEST(digits_are_collected),
	CW_TEST(matching_twice_changes_nothing), CW_TEST(long_texts_are_worked_in_pieces),
	CW_TEST_OOM(all_forms_survive_no_memory), CW_TEST(nemo_english_cases))
