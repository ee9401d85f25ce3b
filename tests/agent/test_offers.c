#include "testing.h"

#include "agent/intents.h"
#include "agent/offers.h"
#include "language/intent.h"

static const struct cw_date today = {2026, 3, 2}; /* a Monday */
static const char *const calendar[] = {"2026-03-02T13:00", "2026-03-02T15:00", "2026-03-03T09:00", "2026-03-03T11:00",
	"2026-03-03T13:00", "2026-03-05T09:00", "2026-03-09T11:00", "2026-03-18T15:00"};

struct fixture {
	struct cw_offers o;
	struct cw_intents *answers;
};

static void begin(struct fixture *f)
{
	bool met = false;

	cw_offers_clear(&f->o);
	f->answers = NULL;
	assert_int_equal(cw_intents_for_offers(NULL, &f->answers, NULL), 0);
	cw_offers_set(&f->o, calendar, CW_COUNT(calendar));
	cw_offers_show(&f->o, &met);
	assert_true(met);
}

static void end(struct fixture *f)
{
	talloc_free(f->answers);
}

static const char *spoken(const struct cw_offers *o)
{
	static char text[600];
	struct cw_buf b = CW_BUF(600);

	cw_offers_spoken(&b, o, &today);
	snprintf(text, sizeof(text), "%s", b.p ? b.p : "");
	cw_buf_clear(&b);
	return text;
}

static void times_are_said_naturally(void **state)
{
	static const struct {
		const char *time, *said;
	} cases[] = {
		{"2026-03-02T13:00", "today at one in the afternoon"},
		{"2026-03-03T09:00", "tomorrow, Tuesday, at nine in the morning"},
		{"2026-03-05T15:30", "Thursday at three thirty in the afternoon"},
		{"2026-03-05T12:00", "Thursday at noon"},
		{"2026-03-08T18:05", "Sunday at six oh five in the evening"},
		{"2026-03-09T11:00", "Monday, March ninth, at eleven in the morning"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_buf b = CW_BUF(200);

		cw_offer_spoken(&b, cases[i].time, &today);
		assert_string_equal(b.p, cases[i].said);
		cw_buf_clear(&b);
	}
}

static void different_half_days_come_first(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_string_equal(spoken(&f.o),
		"today at one in the afternoon, tomorrow, Tuesday, at nine in the morning, or tomorrow, "
		"Tuesday, at one in the afternoon");
	end(&f);
}

/* What callers say to the three offers above. */
static void answers_choose(void **state)
{
	static const struct {
		const char *said;
		enum cw_choice choice;
		const char *time;
	} cases[] = {
		{"the second one", CW_CHOICE_TIME, "2026-03-03T09:00"},
		{"the first one please", CW_CHOICE_TIME, "2026-03-02T13:00"},
		{"the last one", CW_CHOICE_TIME, "2026-03-03T13:00"},
		{"number two", CW_CHOICE_TIME, "2026-03-03T09:00"},
		{"today", CW_CHOICE_TIME, "2026-03-02T13:00"},
		{"tomorrow morning", CW_CHOICE_TIME, "2026-03-03T09:00"},
		{"tuesday at nine", CW_CHOICE_TIME, "2026-03-03T09:00"},
		{"at nine", CW_CHOICE_TIME, "2026-03-03T09:00"},
		{"nine a m please", CW_CHOICE_TIME, "2026-03-03T09:00"},
		{"tomorrow at one", CW_CHOICE_TIME, "2026-03-03T13:00"},
		{"thursday at nine", CW_CHOICE_TIME, "2026-03-05T09:00"},
		{"today at three", CW_CHOICE_TIME, "2026-03-02T15:00"},
		{"any of them", CW_CHOICE_TIME, "2026-03-02T13:00"},
		{"as soon as possible", CW_CHOICE_TIME, "2026-03-02T13:00"},
		{"tomorrow", CW_CHOICE_WHICH, NULL},
		{"tuesday", CW_CHOICE_WHICH, NULL},
		{"yes", CW_CHOICE_WHICH, NULL},
		{"thursday", CW_CHOICE_OFFER, NULL},
		{"none of those", CW_CHOICE_OFFER, NULL},
		{"something else", CW_CHOICE_OFFER, NULL},
		{"no", CW_CHOICE_OFFER, NULL},
		{"wednesday at nine", CW_CHOICE_NOT_FREE, NULL},
		{"tomorrow at five", CW_CHOICE_NOT_FREE, NULL},
		{"banana", CW_CHOICE_NOTHING, NULL},
		{"", CW_CHOICE_NOTHING, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct fixture f;
		size_t index = 0;

		begin(&f);

		enum cw_choice choice = cw_offers_choose(&f.o, f.answers, cw_str(cases[i].said), &today, &index);

		if (choice != cases[i].choice || (cases[i].time && strcmp(f.o.free_[index], cases[i].time) != 0))
			print_error("'%s': %d, %s\n", cases[i].said, (int)choice, f.o.free_[index]);
		assert_int_equal(choice, cases[i].choice);
		if (cases[i].time)
			assert_string_equal(f.o.free_[index], cases[i].time);
		end(&f);
	}
}

static void no_leads_through_the_calendar_and_back(void **state)
{
	struct fixture f;
	size_t index = 0, pages = 0;

	(void)state;
	begin(&f);
	while (cw_offers_choose(&f.o, f.answers, cw_str("no"), &today, &index) == CW_CHOICE_OFFER)
		assert_true(++pages < 10);
	assert_true(pages >= 1);
	assert_string_equal(f.o.free_[f.o.shown[0]], calendar[0]);
	assert_true(f.o.behind > 0);
	end(&f);
}

static void a_wish_is_met_or_told(void **state)
{
	struct fixture f;
	bool met = true;

	(void)state;
	begin(&f);
	assert_false(cw_offers_wish(&f.o, cw_str("my furnace is broken"), &today));
	assert_true(cw_offers_wish(&f.o, cw_str("can you come thursday morning"), &today));
	cw_offers_show(&f.o, &met);
	assert_true(met);
	assert_string_equal(spoken(&f.o), "Thursday at nine in the morning");

	assert_true(cw_offers_wish(&f.o, cw_str("can you come on friday"), &today));
	cw_offers_show(&f.o, &met);
	assert_false(met);
	assert_true(strncmp(spoken(&f.o), "Monday, March ninth, at eleven", 30) == 0);
	end(&f);
}

static void nothing_free_offers_nothing(void **state)
{
	struct fixture f;
	bool met = false;
	size_t index = 0;

	(void)state;
	begin(&f);
	cw_offers_set(&f.o, NULL, 0);
	cw_offers_show(&f.o, &met);
	assert_int_equal(f.o.n_shown, 0);
	assert_string_equal(spoken(&f.o), "");
	assert_int_equal(cw_offers_choose(&f.o, f.answers, cw_str("the first one"), &today, &index), CW_CHOICE_NOTHING);
	assert_int_equal(cw_offers_choose(&f.o, f.answers, cw_str("tomorrow"), &today, &index), CW_CHOICE_NOT_FREE);
	end(&f);
}

static void phrases_are_bounded(void **state)
{
	void *mem = talloc_new(NULL);
	const char *out[16];
	size_t n = cw_offer_phrases(mem, "2026-03-03T09:00", &today, out, 16);
	bool found = false;

	(void)state;
	for (size_t i = 0; i < n; i++)
		found |= strcmp(out[i], "tomorrow at nine in the morning") == 0;
	assert_true(found);
	assert_int_equal(cw_offer_phrases(mem, "2026-03-03T09:00", &today, out, 3), 3);
	talloc_free(mem);
}

CW_TEST_MAIN(CW_TEST(times_are_said_naturally), CW_TEST(different_half_days_come_first), CW_TEST(answers_choose),
	CW_TEST(no_leads_through_the_calendar_and_back), CW_TEST(a_wish_is_met_or_told),
	CW_TEST(nothing_free_offers_nothing), CW_TEST(phrases_are_bounded))
