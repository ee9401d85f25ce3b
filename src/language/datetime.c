#include "language/datetime.h"

#include "base/mem.h"
#include "base/number.h"
#include "language/correction.h"

/* How exact a day was named: "tuesday the third" is the third. */
enum rank { RANK_NONE, RANK_WEEKDAY, RANK_RELATIVE, RANK_DAY_OF_MONTH, RANK_FULL };

struct scan {
	struct cw_words ws;
	const struct cw_date *today;
	struct cw_datetime r;
	enum rank rank;
	size_t date_end, time_end; /* words: where the last day, the last time ended */
	bool or_seen;              /* "or" since then */
	bool next_week;
	int weekday; /* of a weekday already seen, -1 */
};

static const char *const weekday_words[7] = {"sunday sundays sun", "monday mondays mon munday",
	"tuesday tuesdays tue tues teusday tusday", "wednesday wednesdays wed wensday wendsday wednsday",
	"thursday thursdays thu thur thurs thirsday thersday", "friday fridays fri", "saturday saturdays sat saterday"};
static const char *const month_words[12] = {"january jan", "february feb febuary febuary", "march mar", "april apr",
	"may", "june jun", "july jul", "august aug", "september sep sept", "october oct", "november nov",
	"december dec"};
static const char not_a_time[] =
	"people person units unit years year days day weeks week months month hours hour minutes minute times dollars degrees percent street avenue "
	"road drive lane of bedroom bedrooms rooms of one thousand hundred million th";

static int index_of(const struct cw_words *ws, size_t i, const char *const *lists, int n)
{
	for (int k = 0; k < n; k++)
		if (cw_words_in(ws, i, lists[k]))
			return k;
	return -1;
}

static int weekday_at(const struct scan *s, size_t i)
{
	int d = index_of(&s->ws, i, weekday_words, 7);

	/* "sun", "sat" and "wed" are words of their own too */
	if (d >= 0 && cw_words_in(&s->ws, i, "sun sat wed") &&
		!(i && cw_words_in(&s->ws, i - 1, "on next this coming or")))
		return -1;
	return d;
}

static void set_date(struct scan *s, struct cw_date d, enum rank rank, size_t end)
{
	if (s->rank && (s->or_seen || rank <= s->rank || rank == RANK_RELATIVE)) {
		s->r.more = s->r.more || s->or_seen || rank == s->rank;
		s->date_end = end;
		return;
	}
	s->date_end = end;
	if (!cw_date_valid(&d)) {
		s->r.invalid_date = true;
		s->r.has_date = false;
		s->rank = RANK_FULL;
		return;
	}
	s->r.has_date = true;
	s->r.date = d;
	s->rank = rank;
}

static int to_monday(const struct cw_date *d)
{
	return (int)(cw_date_weekday(d) + 6) % 7;
}

static struct cw_date next_weekday(const struct scan *s, int weekday, bool next_week, bool this_week)
{
	int ahead = (weekday - (int)cw_date_weekday(s->today) + 7) % 7;

	if (next_week)
		return cw_date_add_days(*s->today, 7 - to_monday(s->today) + (weekday + 6) % 7);
	if (!ahead && !this_week)
		ahead = 7;
	return cw_date_add_days(*s->today, ahead);
}

/* The next day @day of a month; when a weekday was named with it, the next month within a year where both agree. */
static struct cw_date next_day_of_month(const struct scan *s, unsigned day)
{
	struct cw_date d = {s->today->year, s->today->month, (uint8_t)day}, first = {0};

	for (int i = 0; i < 13; i++) {
		if (cw_date_valid(&d) && cw_date_compare(&d, s->today) >= 0) {
			if (!first.year)
				first = d;
			if (s->weekday < 0 || (int)cw_date_weekday(&d) == s->weekday)
				return d;
		}
		d.month = (uint8_t)(d.month % 12 + 1);
		d.year = (int16_t)(d.year + (d.month == 1));
	}
	return first;
}

static struct cw_date with_year(const struct scan *s, unsigned month, unsigned day, unsigned year)
{
	struct cw_date d = {(int16_t)(year ? year : (unsigned)s->today->year), (uint8_t)month, (uint8_t)day};

	if (!year && cw_date_compare(&d, s->today) < 0)
		d.year++;
	/* the 29th of February lies up to eight years ahead */
	for (int i = 0; !year && month == 2 && day == 29 && !cw_date_valid(&d) && i < 8; i++)
		d.year++;
	return d;
}

/* 1 … 31 as ordinal or cardinal; figures and words. */
static size_t day_number(const struct cw_words *ws, size_t i, bool cardinal, unsigned *day)
{
	uint64_t v;
	size_t n = cw_number_ordinal(ws, i, &v);

	if (!n && cardinal)
		n = cw_number_cardinal(ws, i, &v);
	if (!n || v < 1 || v > 31)
		return 0;
	*day = (unsigned)v;
	return n;
}

static size_t year_number(const struct cw_words *ws, size_t i, unsigned *year)
{
	uint64_t v;
	size_t n = cw_number_grouped(ws, i, &v);

	if (!n || v < 2000 || v > 2099)
		return 0;
	*year = (unsigned)v;
	return n;
}

/* "march third", "march the 3rd 2027", "third of march", "3 march". */
static size_t month_day(struct scan *s, size_t i)
{
	const struct cw_words *ws = &s->ws;
	int month = index_of(ws, i, month_words, 12);
	size_t at = i, n;
	unsigned day = 0, year = 0;

	if (month >= 0) {
		at = i + 1 + cw_words_is(ws, i + 1, "the");
		n = day_number(ws, at, true, &day);
		if (!n)
			return 0;
		at += n;
	} else {
		at += cw_words_is(ws, at, "the");
		n = day_number(ws, at, true, &day);
		if (!n)
			return 0;
		at += n;

		size_t of = cw_words_is(ws, at, "of");

		month = index_of(ws, at + of, month_words, 12);
		if (month < 0 || (!of && cw_words_in(ws, at, "may march mar")))
			return 0;
		at += of + 1;
	}

	size_t of = cw_words_is(ws, at, "of");

	n = year_number(ws, at + of, &year);
	if (n)
		at += of + n;
	set_date(s, with_year(s, (unsigned)month + 1, day, year), RANK_FULL, at);
	return at - i;
}

/* "the third", "on the 3rd", "the twenty first". */
static size_t day_of_month(struct scan *s, size_t i)
{
	const struct cw_words *ws = &s->ws;
	size_t the = cw_words_is(ws, i, "the");
	unsigned day;
	size_t n = day_number(ws, i + the, false, &day);
	bool after_weekday = i && s->date_end == i && s->rank == RANK_WEEKDAY;
	bool alone = i == 0 && n == ws->n;

	if (!n || (!the && !after_weekday && !alone && !(i && cw_words_is(ws, i - 1, "on"))))
		return 0;
	if (cw_words_in(ws, i + the + n,
		    "one appointment option slot opening time floor street avenue available thing part half week person choice"))
		return 0;
	set_date(s, next_day_of_month(s, day), RANK_DAY_OF_MONTH, i + the + n);
	return the + n;
}

/* "2026-12-03", "12/3", "12/3/2026". */
static size_t figure_date(struct scan *s, size_t i)
{
	struct cw_str w = s->ws.w[i], m, d, rest = w;
	uint32_t month, day, year = 0;
	struct cw_date iso;

	if (cw_date_read(w, &iso)) {
		set_date(s, iso, RANK_FULL, i + 1);
		return 1;
	}
	if (!memchr(w.p, '/', w.len))
		return 0;
	if (!cw_str_split(&rest, '/', &m) || !cw_str_split(&rest, '/', &d) || cw_str_u32(m, 12, &month) ||
		cw_str_u32(d, 31, &day) || !month || !day)
		return 0;
	if (rest.p && cw_str_u32(rest, 2099, &year))
		return 0;
	set_date(s, with_year(s, month, day, year && year < 100 ? 2000 + year : year), RANK_FULL, i + 1);
	return 1;
}

/* "in three days", "two weeks from today", "a week from tuesday", "next week". */
static size_t counted_days(struct scan *s, size_t i)
{
	const struct cw_words *ws = &s->ws;
	size_t in = cw_words_in(ws, i, "in within"), at = i + in, n;
	uint64_t count = 1;

	if (cw_words_match(ws, i, "next week")) {
		s->next_week = true;
		if (s->weekday >= 0 && s->rank == RANK_WEEKDAY)
			s->r.date = next_weekday(s, s->weekday, true, false);
		return 2;
	}
	n = cw_words_in(ws, at, "a one") ? 1 : cw_number_cardinal(ws, at, &count);
	if (!n || count > 60)
		return 0;
	at += n;

	int unit = cw_words_in(ws, at, "day days") ? 1 : cw_words_in(ws, at, "week weeks") ? 7 : 0;

	if (!unit)
		return 0;
	at++;

	size_t from = cw_words_match(ws, at, "from now") ? 2 : cw_words_match(ws, at, "from today") ? 2 : 0;
	int wd = cw_words_in(ws, at, "from") ? weekday_at(s, at + 1) : -1;

	if (wd >= 0) {
		set_date(s, cw_date_add_days(next_weekday(s, wd, false, false), (int)count * unit), RANK_FULL, at + 2);
		return at + 2 - i;
	}
	if (cw_words_match(ws, at, "from tomorrow")) {
		set_date(s, cw_date_add_days(*s->today, (int)count * unit + 1), RANK_FULL, at + 2);
		return at + 2 - i;
	}
	if (!in && !from)
		return 0;
	set_date(s, cw_date_add_days(*s->today, (int)count * unit), RANK_RELATIVE, at + from);
	return at + from - i;
}

static size_t relative_day(struct scan *s, size_t i)
{
	static const struct {
		const char *words;
		int days;
		enum cw_daypart part;
	} days[] = {{"day after tomorrow", 2, 0}, {"the day after tomorrow", 2, 0}, {"tomorrow", 1, 0},
		{"tomorow", 1, 0}, {"to morrow", 1, 0}, {"tommorow", 1, 0}, {"today", 0, 0}, {"to day", 0, 0},
		{"tonight", 0, CW_DAYPART_EVENING}, {"this morning", 0, CW_DAYPART_MORNING},
		{"this afternoon", 0, CW_DAYPART_AFTERNOON}, {"this evening", 0, CW_DAYPART_EVENING},
		{"right now", 0, 0}};

	for (size_t k = 0; k < CW_COUNT(days); k++) {
		size_t n = cw_words_match(&s->ws, i, days[k].words);

		if (!n)
			continue;
		set_date(s, cw_date_add_days(*s->today, days[k].days), RANK_RELATIVE, i + n);
		if (days[k].part)
			s->r.part = days[k].part;
		return n;
	}
	return 0;
}

static size_t named_weekday(struct scan *s, size_t i)
{
	const struct cw_words *ws = &s->ws;
	bool next = cw_words_is(ws, i, "next") || cw_words_match(ws, i, "the following"),
	     this = cw_words_is(ws, i, "this");
	size_t lead = next   ? (cw_words_is(ws, i, "next") ? 1 : 2)
		      : this ? 1 + cw_words_is(ws, i + 1, "coming")
			     : cw_words_is(ws, i, "coming");
	int wd = weekday_at(s, i + lead);

	if (wd < 0)
		return 0;

	size_t end = i + lead + 1;

	if (cw_words_match(ws, end, "next week")) {
		next = true;
		end += 2;
	}
	s->weekday = s->weekday < 0 ? wd : s->weekday;
	/* a day of the month already said stays: "the third which is a tuesday" */
	set_date(s, next_weekday(s, wd, next || s->next_week, this), RANK_WEEKDAY, end);
	return end - i;
}

static size_t scan_date(struct scan *s, size_t i)
{
	size_t n = counted_days(s, i);

	if (!n)
		n = named_weekday(s, i);
	if (!n)
		n = month_day(s, i);
	if (!n)
		n = figure_date(s, i);
	return n ? n : day_of_month(s, i);
}

static size_t meridiem(const struct cw_words *ws, size_t i, bool *pm)
{
	size_t n = cw_words_in(ws, i, "am pm")    ? 1
		   : cw_words_match(ws, i, "a m") ? 2
		   : cw_words_match(ws, i, "p m") ? 2
						  : 0;

	if (n)
		*pm = ws->w[i].p[0] == 'p';
	return n;
}

/* "in the morning", "at night": which half of the day the time before it means. */
static size_t part_after(const struct cw_words *ws, size_t i, enum cw_daypart *part)
{
	static const struct {
		const char *words;
		enum cw_daypart part;
	} parts[] = {{"in the morning", CW_DAYPART_MORNING}, {"in the afternoon", CW_DAYPART_AFTERNOON},
		{"in the evening", CW_DAYPART_EVENING}, {"at night", CW_DAYPART_NIGHT}, {"morning", CW_DAYPART_MORNING},
		{"afternoon", CW_DAYPART_AFTERNOON}, {"evening", CW_DAYPART_EVENING}, {"tonight", CW_DAYPART_EVENING},
		{"mornings", CW_DAYPART_MORNING}, {"afternoons", CW_DAYPART_AFTERNOON},
		{"evenings", CW_DAYPART_EVENING}, {"night", CW_DAYPART_NIGHT}, {"after lunch", CW_DAYPART_AFTERNOON},
		{"after work", CW_DAYPART_EVENING}, {"before lunch", CW_DAYPART_MORNING},
		{"first thing", CW_DAYPART_MORNING}, {"end of the day", CW_DAYPART_AFTERNOON},
		{"end of day", CW_DAYPART_AFTERNOON}, {"around lunch", CW_DAYPART_AFTERNOON},
		{"midday", CW_DAYPART_AFTERNOON}};

	for (size_t k = 0; k < CW_COUNT(parts); k++) {
		size_t n = cw_words_match(ws, i, parts[k].words);

		if (n) {
			*part = parts[k].part;
			return n;
		}
	}
	return 0;
}

static unsigned apply_part(unsigned hour, enum cw_daypart part)
{
	if (part == CW_DAYPART_MORNING)
		return hour == 12 ? 0 : hour;
	if (part == CW_DAYPART_NIGHT && (hour == 12 || hour < 5))
		return hour % 12;
	return part != CW_DAYPART_NONE && hour < 12 ? hour + 12 : hour;
}

static unsigned guess(unsigned hour)
{
	return hour >= 1 && hour <= 6 ? hour + 12 : hour;
}

static enum cw_time_relation relation_before(const struct cw_words *ws, size_t i)
{
	while (i && cw_words_in(ws, i - 1, "about around like say maybe at"))
		i--;
	if (!i)
		return CW_TIME_AT;
	if (cw_words_in(ws, i - 1, "before by until till") ||
		(i > 1 && (cw_words_match(ws, i - 2, "earlier than") || cw_words_match(ws, i - 2, "later than"))))
		return i > 2 && cw_words_match(ws, i - 2, "later than") && !cw_words_in(ws, i - 3, "no not")
			       ? CW_TIME_AFTER
			       : CW_TIME_BEFORE;
	return cw_words_in(ws, i - 1, "after from past since between") ? CW_TIME_AFTER : CW_TIME_AT;
}

static void set_time(struct scan *s, size_t from, size_t end, unsigned hour, unsigned minute, bool exact)
{
	bool pm = false;
	enum cw_daypart part = CW_DAYPART_NONE;
	size_t n = meridiem(&s->ws, end, &pm);

	if (s->r.has_time) {
		s->r.more = true;
		s->time_end = end;
		return;
	}
	if (n && hour <= 12) {
		hour = hour % 12 + (pm ? 12 : 0);
		exact = true;
	} else if (part_after(&s->ws, end, &part) || (s->r.part && s->date_end + 2 >= from)) {
		hour = exact ? hour : apply_part(hour, part ? part : s->r.part);
		exact = true;
	}
	s->r.has_time = true;
	s->r.hour_guessed = !exact && hour >= 1 && hour <= 12;
	s->r.hour = (uint8_t)(exact ? hour : guess(hour));
	s->r.minute = (uint8_t)minute;
	s->r.relation = relation_before(&s->ws, from);
	s->time_end = end + n;
}

/* "half past two", "quarter to nine", "ten past four", "twenty minutes to five". */
static size_t spoken_offset(struct scan *s, size_t i)
{
	const struct cw_words *ws = &s->ws;
	size_t at = i + cw_words_is(ws, i, "a"), n;
	uint64_t minutes, hour;

	if (cw_words_is(ws, at, "half")) {
		minutes = 30;
		n = 1;
	} else if (cw_words_is(ws, at, "quarter")) {
		minutes = 15;
		n = 1;
	} else {
		n = cw_number_cardinal(ws, at, &minutes);
		if (!n || minutes < 1 || minutes > 59)
			return 0;
	}
	at += n;
	at += cw_words_in(ws, at, "minute minutes min mins");

	bool to = cw_words_in(ws, at, "to of till til before"), past = cw_words_in(ws, at, "past after");

	if (!to && !past && !(minutes == 30 && cw_words_is(ws, at - 1, "half")))
		return 0;
	at += to || past;
	n = cw_number_cardinal(ws, at, &hour);
	if (cw_words_is(ws, at, "noon")) {
		n = 1;
		hour = 12;
	}
	if (!n || hour < 1 || hour > 12)
		return 0;
	at += n + cw_words_in(ws, at + n, "o'clock oclock");
	if (to) {
		hour = hour == 1 ? 12 : hour - 1;
		minutes = 60 - minutes;
	}
	set_time(s, i, at, (unsigned)hour, (unsigned)minutes, false);
	return at - i;
}

static size_t figure_time(struct scan *s, size_t i)
{
	struct cw_str h, rest = s->ws.w[i];
	uint32_t hour, minute;

	if (!memchr(rest.p, ':', rest.len) || !cw_str_split(&rest, ':', &h) || rest.len != 2)
		return 0;
	if (cw_str_u32(h, 23, &hour) || cw_str_u32(rest, 59, &minute))
		return 0;
	set_time(s, i, i + 1, hour, minute,
		hour > 12 || hour == 0 || h.len == 2 ? hour != 12 && !(hour > 9 && hour < 12) : false);
	return s->time_end - i;
}

/* A number there is a time only with a reason: "at nine", "nine thirty", "nine o'clock", "nine am", or nothing else was said. */
static bool has_cue(const struct scan *s, size_t i, size_t end)
{
	const struct cw_words *ws = &s->ws;
	enum cw_daypart part;
	bool pm;

	if (meridiem(ws, end, &pm) || cw_words_in(ws, end, "o'clock oclock ish sharp"))
		return true;
	if (cw_words_in(ws, end, not_a_time))
		return false;
	if (part_after(ws, end, &part) ||
		(i && cw_words_in(ws, i - 1,
			      "at around about by before after from until till between say maybe like past")))
		return true;
	if (i && (s->date_end == i || s->time_end == i || (s->r.has_time && cw_words_in(ws, i - 1, "or and to"))))
		return true;
	for (size_t k = 0; k < ws->n; k++)
		if ((k < i || k >= end) && !(k && cw_words_is(ws, k - 1, "or")) &&
			!cw_words_in(ws, k,
				"uh um er hmm well so please yes yeah okay ok the let's make it do go with i'd i would prefer like thanks thank you is good fine works that and or for me how about what"))
			return false;
	return true;
}

/* "nine", "nine thirty", "nine oh five", "930", "twelve noon". */
static size_t hour_minute(struct scan *s, size_t i)
{
	const struct cw_words *ws = &s->ws;
	uint64_t hour, minute = 0, oh;
	bool pm;
	size_t n = cw_number_cardinal(ws, i, &hour), m = 0, end;

	if (!n)
		return 0;
	if (n == 1 && ws->w[i].p[0] <= '9' && hour >= 100 && hour <= 2359 && ws->w[i].len >= 3 && hour % 100 < 60 &&
		meridiem(ws, i + 1, &pm)) {
		minute = hour % 100;
		hour /= 100;
	} else if (n == 2 && hour > 12) {
		return 0;
	}
	if (hour > 23 || (hour > 12 && ws->w[i].p[0] > '9'))
		return 0;
	if (hour == 0 && ws->w[i].p[0] > '9')
		return 0;
	end = i + n;
	if (!minute && cw_words_in(ws, end, "oh o zero") && (m = cw_number_cardinal(ws, end + 1, &oh)) == 1 &&
		oh < 10) {
		minute = oh;
		end += 2;
	} else if (!minute && (m = cw_number_cardinal(ws, end, &minute)) && minute >= 10 && minute <= 59 &&
		   !cw_words_in(ws, end + m, "minutes days weeks")) {
		end += m;
	} else {
		minute = minute && m == 0 ? minute : 0;
	}
	if (!has_cue(s, i, end))
		return 0;
	end += cw_words_in(ws, end, "o'clock oclock ish sharp");
	if (cw_words_is(ws, end, "noon") && hour == 12) {
		set_time(s, i, end + 1, 12, 0, true);
		return end + 1 - i;
	}
	set_time(s, i, end, (unsigned)hour, (unsigned)minute, hour > 12 || hour == 0);
	return s->time_end > i ? s->time_end - i : end - i;
}

static size_t scan_time(struct scan *s, size_t i)
{
	size_t n = cw_words_in(&s->ws, i, "noon midday midnight");

	if (n) {
		set_time(s, i, i + 1, cw_words_is(&s->ws, i, "midnight") ? 0 : 12, 0, true);
		return 1;
	}
	n = spoken_offset(s, i);
	if (!n)
		n = figure_time(s, i);
	return n ? n : hour_minute(s, i);
}

static size_t scan_other(struct scan *s, size_t i)
{
	static const char *const any_days[] = {
		"any day", "anyday", "any of those days", "whatever day", "every day", NULL};
	static const char *const any_times[] = {
		"any time", "anytime", "any of those", "whatever time", "all day", NULL};
	static const char *const anything[] = {"whenever", "as soon as possible", "asap", "a s a p", "soonest",
		"earliest", "the earliest", "first available", "soon as you can", "as soon as you can",
		"whatever works", "whatever you have", "whichever", "doesn't matter", "don't care", "no preference",
		"i'm flexible", "i am flexible", "next available", NULL};
	enum cw_daypart part;
	size_t n;

	if (cw_words_match(&s->ws, i, "good morning") || cw_words_match(&s->ws, i, "good afternoon") ||
		cw_words_match(&s->ws, i, "good evening") || cw_words_match(&s->ws, i, "good night"))
		return 2;
	if ((n = cw_words_match_any(&s->ws, i, any_days))) {
		s->r.any_day = true;
	} else if ((n = cw_words_match_any(&s->ws, i, any_times))) {
		s->r.any_time = true;
	} else if ((n = cw_words_match_any(&s->ws, i, anything))) {
		s->r.any_day = s->r.any_time = true;
	} else if ((n = part_after(&s->ws, i, &part))) {
		if (s->r.part && s->or_seen)
			s->r.more = true;
		else
			s->r.part = part;
	} else if (cw_words_is(&s->ws, i, "or")) {
		s->or_seen = s->rank || s->r.has_time || s->r.part;
		n = 1;
	}
	return n;
}

static bool scan_text(struct cw_str text, const struct cw_date *today, struct cw_datetime *ret)
{
	struct scan s = {.today = today, .weekday = -1};

	cw_words_init(&s.ws, text);
	for (size_t i = 0; i < s.ws.n;) {
		size_t n = relative_day(&s, i);

		if (!n)
			n = scan_other(&s, i);
		if (!n)
			n = scan_date(&s, i);
		if (!n)
			n = scan_time(&s, i);
		i += n ? n : 1;
	}
	if (s.r.has_time)
		s.r.any_time = false;
	*ret = s.r;
	return s.r.has_date || s.r.has_time || s.r.part || s.r.any_day || s.r.any_time || s.r.invalid_date;
}

bool cw_datetime_parse(struct cw_str text, const struct cw_date *today, struct cw_datetime *ret)
{
	struct cw_correction c;
	struct cw_datetime right, before;

	if (cw_correction_parse(text, &c) && scan_text(c.right, today, &right)) {
		*ret = right;
		if (scan_text(c.before, today, &before)) {
			cw_datetime_merge(&before, &right);
			*ret = before;
		}
		return true;
	}
	return scan_text(text, today, ret);
}

void cw_datetime_merge(struct cw_datetime *into, const struct cw_datetime *from)
{
	if (from->has_date || from->invalid_date || from->any_day) {
		into->has_date = from->has_date;
		into->date = from->date;
		into->invalid_date = from->invalid_date;
		into->any_day = from->any_day;
	}
	if (from->has_time) {
		into->has_time = true;
		into->hour = from->hour;
		into->minute = from->minute;
		into->hour_guessed = from->hour_guessed;
		into->relation = from->relation;
		into->any_time = false;
		if (from->hour_guessed && !from->part && into->part) {
			into->hour = (uint8_t)apply_part(from->hour > 12 ? from->hour - 12u : from->hour, into->part);
			into->hour_guessed = false;
		}
	}
	if (from->part) {
		into->part = from->part;
		if (into->has_time && into->hour_guessed && !from->has_time) {
			into->hour = (uint8_t)apply_part(into->hour > 12 ? into->hour - 12u : into->hour, from->part);
			into->hour_guessed = false;
		}
	}
	if (from->any_time && !from->has_time) {
		into->any_time = true;
		into->has_time = false;
	}
	into->more = from->more;
}
