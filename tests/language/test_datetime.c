#include "language/datetime.h"

#include "testing.h"

/* Wednesday, 2 December 2026 */
static const struct cw_date today = {2026, 12, 2};

static void describe(const struct cw_datetime *d, char *out, size_t size)
{
	static const char *const parts[] = {"", " morning", " afternoon", " evening", " night"};
	static const char *const relations[] = {"", "<", ">"};
	char date[11] = "-", time[16] = "-";

	if (d->has_date)
		cw_date_write(&d->date, date);
	if (d->has_time)
		snprintf(time, sizeof(time), "%s%02u:%02u%s", relations[d->relation], d->hour, d->minute,
			d->hour_guessed ? "?" : "");
	snprintf(out, size, "%s %s%s%s%s%s%s", date, time, parts[d->part], d->any_day ? " anyday" : "",
		d->any_time ? " anytime" : "", d->more ? " more" : "", d->invalid_date ? " invalid" : "");
}

static void days_and_times(void **state)
{
	static const char *const cases[][2] = {
		{"today", "2026-12-02 -"},
		{"tomorrow", "2026-12-03 -"},
		{"to morrow", "2026-12-03 -"},
		{"the day after tomorrow", "2026-12-04 -"},
		{"tuesday", "2026-12-08 -"},
		{"on friday", "2026-12-04 -"},
		{"wednesday", "2026-12-09 -"},
		{"this friday", "2026-12-04 -"},
		{"next tuesday", "2026-12-08 -"},
		{"next friday", "2026-12-11 -"},
		{"friday next week", "2026-12-11 -"},
		{"next week friday", "2026-12-11 -"},
		{"wensday", "2026-12-09 -"},
		{"march third", "2027-03-03 -"},
		{"march the third", "2027-03-03 -"},
		{"december third", "2026-12-03 -"},
		{"december twenty first", "2026-12-21 -"},
		{"the third of march", "2027-03-03 -"},
		{"third of march twenty twenty eight", "2028-03-03 -"},
		{"december 3rd 2026", "2026-12-03 -"},
		{"2026-12-15", "2026-12-15 -"},
		{"12/15", "2026-12-15 -"},
		{"12/15/27", "2027-12-15 -"},
		{"the third", "2026-12-03 -"},
		{"the first", "2027-01-01 -"},
		{"on the twenty first", "2026-12-21 -"},
		{"tuesday the eighth", "2026-12-08 -"},
		{"friday the first", "2027-01-01 -"},
		{"in three days", "2026-12-05 -"},
		{"in two weeks", "2026-12-16 -"},
		{"a week from friday", "2026-12-11 -"},
		{"a week from today", "2026-12-09 -"},
		{"february thirtieth", "- - invalid"},
		{"february twenty ninth", "2028-02-29 -"},
		{"november first", "2027-11-01 -"},
		{"dec 5", "2026-12-05 -"},
		{"may fifth", "2027-05-05 -"},

		{"nine", "- 09:00?"},
		{"at nine", "- 09:00?"},
		{"nine thirty", "- 09:30?"},
		{"two", "- 14:00?"},
		{"two p m", "- 14:00"},
		{"2 pm", "- 14:00"},
		{"2pm", "- 14:00"},
		{"nine a m", "- 09:00"},
		{"nine oh five", "- 09:05?"},
		{"nine o'clock", "- 09:00?"},
		{"half past two", "- 14:30?"},
		{"quarter to nine", "- 08:45?"},
		{"a quarter past nine", "- 09:15?"},
		{"ten past four", "- 16:10?"},
		{"twenty minutes to five", "- 16:40?"},
		{"noon", "- 12:00"},
		{"twelve noon", "- 12:00"},
		{"midnight", "- 00:00"},
		{"14:30", "- 14:30"},
		{"2:30 pm", "- 14:30"},
		{"10:15", "- 10:15?"},
		{"930 am", "- 09:30"},
		{"twelve thirty", "- 12:30?"},
		{"twelve a m", "- 00:00"},
		{"uh let's say ten please", "- 10:00?"},
		{"nine in the morning", "- 09:00 morning"},
		{"seven in the evening", "- 19:00 evening"},
		{"nine thirty in the morning please", "- 09:30 morning"},

		{"tomorrow at nine", "2026-12-03 09:00?"},
		{"tomorrow nine thirty", "2026-12-03 09:30?"},
		{"friday at half past two", "2026-12-04 14:30?"},
		{"friday afternoon", "2026-12-04 - afternoon"},
		{"tomorrow morning", "2026-12-03 - morning"},
		{"tomorrow morning at eight", "2026-12-03 08:00 morning"},
		{"in the morning", "- - morning"},
		{"this afternoon", "2026-12-02 - afternoon"},
		{"tonight at eight", "2026-12-02 20:00 evening"},
		{"the third in the morning", "2026-12-03 - morning"},
		{"thursday december third at nine thirty a m", "2026-12-03 09:30"},
		{"after two", "- >14:00?"},
		{"before noon", "- <12:00"},
		{"any time after three", "- >15:00?"},
		{"friday before ten", "2026-12-04 <10:00?"},
		{"monday or tuesday", "2026-12-07 - more"},
		{"nine or ten", "- 09:00? more"},
		{"any day", "- - anyday"},
		{"as soon as possible", "- - anyday anytime"},
		{"whenever", "- - anyday anytime"},
		{"friday any time", "2026-12-04 - anytime"},

		{"tuesday no wednesday", "2026-12-09 -"},
		{"tuesday at nine no ten", "2026-12-08 10:00?"},
		{"wednesday not tuesday", "2026-12-09 -"},
		{"no i said friday not thursday", "2026-12-04 -"},
		{"at nine sorry i mean ten thirty", "- 10:30?"},
	};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_datetime d;
		char out[96];

		if (!cw_datetime_parse(cw_str(cases[i][0]), &today, &d))
			fail_msg("'%s': nothing", cases[i][0]);
		describe(&d, out, sizeof(out));
		if (strcmp(out, cases[i][1]))
			fail_msg("'%s': %s, expected %s", cases[i][0], out, cases[i][1]);
	}
}

static void other_talk_holds_no_time(void **state)
{
	static const char *const cases[] = {"", "yes", "good morning", "my furnace is fifteen years old",
		"i have two units", "you may come in", "the first one", "twelve oak street",
		"it's about twenty dollars", "there are three of us", "i want to march"};

	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_datetime d;

		if (cw_datetime_parse(cw_str(cases[i]), &today, &d))
			fail_msg("'%s': date %d time %d:%d part %d", cases[i], d.has_date, d.hour, d.minute, d.part);
	}
}

static void parts_are_merged(void **state)
{
	struct cw_datetime a, b;

	assert_true(cw_datetime_parse(cw_str("friday"), &today, &a));
	assert_true(cw_datetime_parse(cw_str("at seven"), &today, &b));
	cw_datetime_merge(&a, &b);
	assert_int_equal(a.date.day, 4);
	assert_int_equal(a.hour, 7);
	assert_true(a.hour_guessed);
	assert_true(cw_datetime_parse(cw_str("in the evening"), &today, &b));
	cw_datetime_merge(&a, &b);
	assert_int_equal(a.hour, 19);
	assert_false(a.hour_guessed);
	assert_true(cw_datetime_parse(cw_str("no monday"), &today, &b));
	cw_datetime_merge(&a, &b);
	assert_int_equal(a.date.day, 7);
	assert_int_equal(a.hour, 19);
}

static void calendar(void **state)
{
	struct cw_date d = {1970, 1, 1}, leap = {2028, 2, 29}, not_leap = {2100, 2, 29};
	char text[11];

	assert_int_equal(cw_date_weekday(&d), 4);
	assert_true(cw_date_valid(&leap));
	assert_false(cw_date_valid(&not_leap));
	assert_int_equal(cw_date_weekday(&today), 3);
	d = cw_date_add_days(today, 30);
	cw_date_write(&d, text);
	assert_string_equal(text, "2027-01-01");
	d = cw_date_of_unix(1796169600);
	cw_date_write(&d, text);
	assert_string_equal(text, "2026-12-02");
	d = cw_date_of_unix(-1);
	cw_date_write(&d, text);
	assert_string_equal(text, "1969-12-31");
	assert_false(cw_date_read(cw_str("2026-02-30"), &d));
	assert_false(cw_date_read(cw_str("2026-2"), &d));
	assert_false(cw_date_read(cw_str("2026-12-03x"), &d));
	for (int i = -400000; i < 400000; i += 37) {
		struct cw_date a = cw_date_add_days(today, i), b = cw_date_add_days(a, -i);

		assert_true(cw_date_valid(&a));
		assert_int_equal(cw_date_compare(&b, &today), 0);
	}
}

static void spoken_forms_parse_back(void **state)
{
	char out[64];
	struct cw_datetime r;

	cw_date_spoken(&(struct cw_date){2026, 12, 3}, NULL, out, sizeof(out));
	assert_string_equal(out, "Thursday, December third");
	cw_date_spoken(&(struct cw_date){2026, 12, 3}, &today, out, sizeof(out));
	assert_string_equal(out, "tomorrow");
	cw_time_spoken(9, 30, out, sizeof(out));
	assert_string_equal(out, "nine thirty a m");
	cw_time_spoken(14, 5, out, sizeof(out));
	assert_string_equal(out, "two oh five p m");
	cw_time_spoken(12, 0, out, sizeof(out));
	assert_string_equal(out, "noon");
	for (unsigned h = 0; h < 24; h++)
		for (unsigned m = 0; m < 60; m++) {
			cw_time_spoken(h, m, out, sizeof(out));
			if (!cw_datetime_parse(cw_str(out), &today, &r) || r.hour != h || r.minute != m ||
				r.hour_guessed)
				fail_msg("%02u:%02u '%s' gave %u:%u", h, m, out, r.hour, r.minute);
		}
	for (int i = 0; i < 365; i++) {
		struct cw_date d = cw_date_add_days(today, i);

		cw_date_spoken(&d, &today, out, sizeof(out));
		if (!cw_datetime_parse(cw_str(out), &today, &r) || cw_date_compare(&r.date, &d))
			fail_msg("day %d '%s' gave %d-%d-%d", i, out, r.date.year, r.date.month, r.date.day);
	}
}

CW_TEST_MAIN(CW_TEST(days_and_times), CW_TEST(other_talk_holds_no_time), CW_TEST(parts_are_merged), CW_TEST(calendar),
	CW_TEST(spoken_forms_parse_back))
