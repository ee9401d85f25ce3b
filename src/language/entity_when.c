#include "base/mem.h"
#include "base/norm.h"
#include "base/number.h"
#include "language/entity_int.h"

#define DATE_WORDS 7
#define TIME_WORDS 7

static const char months[] =
	"january february march april may june july august september october november december jan feb mar apr jun jul aug "
	"sep sept oct nov dec";
static const char weekdays[] =
	"monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays "
	"sundays mon tue tues wed thu thurs fri";
static const struct cw_date some_day = {2026, 1, 1}; /* for finding only */

static bool is_month(const struct cw_words *ws, size_t i)
{
	return i < ws->n && cw_words_in(ws, i, months);
}

static bool is_day_number(const struct cw_words *ws, size_t i, size_t *used)
{
	uint64_t v = 0;

	*used = i < ws->n ? cw_number_ordinal(ws, i, &v) : 0;
	if (!*used && i < ws->n)
		*used = cw_number_cardinal(ws, i, &v);
	return *used && v >= 1 && v <= 31;
}

/* "2026-12-03", "12/3", "12/3/2026" */
static bool is_figure_date(struct cw_str w)
{
	size_t signs = 0;

	for (size_t i = 0; i < w.len; i++) {
		signs += w.p[i] == '/' || w.p[i] == '-';
		if (!(w.p[i] >= '0' && w.p[i] <= '9') && w.p[i] != '/' && w.p[i] != '-')
			return false;
	}
	return signs > 0;
}

static bool date_begins(const struct cw_words *ws, size_t i)
{
	size_t n;

	if (cw_words_in(ws, i, "may march")) /* a verb or a name but for a day behind it */
		return is_day_number(ws, i + 1, &n) || cw_words_is(ws, i + 1, "the");
	if (is_month(ws, i) || cw_words_in(ws, i, weekdays) || cw_words_in(ws, i, "today tomorrow tonight"))
		return true;
	if (cw_words_in(ws, i, "next this coming"))
		return i + 1 < ws->n && cw_words_in(ws, i + 1, weekdays);
	if (cw_words_match(ws, i, "the day after tomorrow") || cw_words_match(ws, i, "day after tomorrow") ||
		is_figure_date(ws->w[i]))
		return true;
	if (!is_day_number(ws, i, &n))
		return false;
	if (is_month(ws, i + n) || (cw_words_is(ws, i + n, "of") && is_month(ws, i + n + 1)))
		return true;
	return i >= 2 && cw_words_is(ws, i - 1, "the") && cw_words_in(ws, i - 2, "on for by until from") &&
	       cw_number_ordinal(ws, i, &(uint64_t){0});
}

static bool same_date(const struct cw_datetime *a, const struct cw_datetime *b)
{
	return a->has_date == b->has_date && a->invalid_date == b->invalid_date &&
	       cw_date_compare(&a->date, &b->date) == 0;
}

static bool parse_words(const struct cw_entity_scan *s, size_t from, size_t to, struct cw_datetime *ret)
{
	return cw_datetime_parse(cw_words_slice(&s->r.ws, s->r.piece, from, to), s->today ? s->today : &some_day, ret);
}

static void keep_words(struct cw_entity_scan *s, size_t from, size_t to)
{
	CW_SCOPED char *form = cw_norm_match(NULL, cw_words_slice(&s->r.ws, s->r.piece, from, to));

	(void)snprintf(s->value, sizeof(s->value), "%s", form ? form : "");
}

static size_t window_end(const struct cw_words *ws, size_t i, size_t most)
{
	return i + most < ws->n ? i + most : ws->n;
}

size_t cw_entity_date(struct cw_entity_scan *s)
{
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at, end = window_end(ws, i, DATE_WORDS);
	struct cw_datetime all, part;

	if (!date_begins(ws, i) || !parse_words(s, i, end, &all) || (!all.has_date && !all.invalid_date))
		return 0;
	for (size_t to = i + 1; to < end; to++) {
		if (!parse_words(s, i, to, &part) || !same_date(&part, &all))
			continue;
		end = to;
		break;
	}
	if (s->today && all.has_date)
		cw_date_write(&all.date, s->value);
	else
		keep_words(s, i, end);
	return end - i;
}

/* ---- time of day ---- */

static bool is_hour(const struct cw_words *ws, size_t i, size_t *used)
{
	uint64_t v = 0;

	*used = i < ws->n ? cw_number_cardinal(ws, i, &v) : 0;
	return *used && v <= 24;
}

static bool is_clock(struct cw_str w)
{
	return w.len >= 4 && w.len <= 5 && w.p[0] >= '0' && w.p[0] <= '9' && memchr(w.p, ':', w.len);
}

static bool time_begins(const struct cw_words *ws, size_t i)
{
	bool cued = i && cw_words_in(ws, i - 1, "at by around before after until till from between");
	uint64_t minutes;
	size_t n;

	if (is_clock(ws->w[i]) || cw_words_in(ws, i, "noon midnight"))
		return true;
	if (cw_words_in(ws, i, "half quarter"))
		return i + 1 < ws->n && cw_words_in(ws, i + 1, "past to after");
	if (!is_hour(ws, i, &n))
		return false;
	if (cw_words_match(ws, i + n, "am") || cw_words_match(ws, i + n, "pm") || cw_words_match(ws, i + n, "a m") ||
		cw_words_match(ws, i + n, "p m") || cw_words_match(ws, i + n, "o'clock") ||
		cw_words_match(ws, i + n, "oclock") || cw_words_match(ws, i + n, "in the morning") ||
		cw_words_match(ws, i + n, "in the afternoon") || cw_words_match(ws, i + n, "in the evening") ||
		cw_words_match(ws, i + n, "at night"))
		return true;
	n += i + n < ws->n ? cw_number_cardinal(ws, i + n, &minutes) : 0; /* "two thirty p m" */
	return cued || cw_words_match(ws, i + n, "am") || cw_words_match(ws, i + n, "pm") ||
	       cw_words_match(ws, i + n, "a m") || cw_words_match(ws, i + n, "p m");
}

static bool same_time(const struct cw_datetime *a, const struct cw_datetime *b)
{
	return a->has_time == b->has_time && a->hour == b->hour && a->minute == b->minute &&
	       a->hour_guessed == b->hour_guessed;
}

/* "in the morning" without an hour */
static size_t part_of_day(struct cw_entity_scan *s)
{
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at;

	if (!cw_words_in(ws, i, "morning afternoon evening") || (i && cw_words_is(ws, i - 1, "good")))
		return 0;
	(void)snprintf(s->value, sizeof(s->value), "%.*s", CW_STR(ws->w[i]));
	return 1;
}

size_t cw_entity_time(struct cw_entity_scan *s)
{
	const struct cw_words *ws = &s->r.ws;
	size_t i = s->r.at, end = window_end(ws, i, TIME_WORDS);
	size_t from = i && cw_words_in(ws, i - 1, "at by around before after until till from") ? i - 1 : i;
	struct cw_datetime all, part;

	if (!time_begins(ws, i) || !parse_words(s, from, end, &all) || !all.has_time)
		return part_of_day(s);
	for (size_t to = i + 1; to < end; to++) {
		if (!parse_words(s, from, to, &part) || !same_time(&part, &all))
			continue;
		end = to;
		break;
	}
	(void)snprintf(s->value, sizeof(s->value), "%02u:%02u", all.hour, all.minute);
	return end - i;
}
