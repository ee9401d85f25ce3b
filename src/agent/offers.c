#include "agent/offers.h"

#include "agent/intents.h"
#include "base/mem.h"
#include "base/number.h"
#include "language/intent.h"
#include "language/yesno.h"

struct moment {
	struct cw_date date;
	unsigned hour, minute;
};

/* Times come from our own calendar and have its form. */
static struct moment moment_of(const char *time)
{
	struct moment m = {0};
	uint32_t hour = 0, minute = 0;

	CW_ASSERT(cw_date_read((struct cw_str){time, 10}, &m.date));
	CW_ASSERT(cw_str_u32((struct cw_str){time + 11, 2}, 23, &hour) == 0);
	CW_ASSERT(cw_str_u32((struct cw_str){time + 14, 2}, 59, &minute) == 0);
	m.hour = hour;
	m.minute = minute;
	return m;
}

void cw_offers_clear(struct cw_offers *o)
{
	*o = (struct cw_offers){0};
}

void cw_offers_set(struct cw_offers *o, const char *const *free_, size_t n)
{
	o->known = true;
	o->n_free = n < CW_OFFERS_FREE ? n : CW_OFFERS_FREE;
	o->n_shown = 0;
	o->behind = 0;
	for (size_t i = 0; i < o->n_free; i++)
		snprintf(o->free_[i], sizeof(o->free_[i]), "%s", free_[i]);
}

/* ---- does a time fit a wish? ---- */

static bool part_fits(enum cw_daypart part, unsigned hour)
{
	switch (part) {
	case CW_DAYPART_MORNING:
		return hour < 12;
	case CW_DAYPART_AFTERNOON:
		return hour >= 12 && hour < 18;
	case CW_DAYPART_EVENING:
	case CW_DAYPART_NIGHT:
		return hour >= 17;
	case CW_DAYPART_NONE:
		break;
	}
	return true;
}

static bool time_fits(const struct cw_datetime *w, unsigned hour, unsigned minute)
{
	unsigned at = hour * 60 + minute, want = w->hour * 60u + w->minute;

	if (w->relation == CW_TIME_BEFORE)
		return at < want;
	if (w->relation == CW_TIME_AFTER)
		return at >= want;
	return at == want || (w->hour_guessed && at % 720 == want % 720);
}

static bool fits(const struct cw_datetime *w, const struct moment *m)
{
	if (w->has_date && cw_date_compare(&w->date, &m->date) != 0)
		return false;
	if (w->has_time && !time_fits(w, m->hour, m->minute))
		return false;
	return w->has_time || part_fits(w->part, m->hour);
}

static bool wishes_something(const struct cw_datetime *w)
{
	return w->has_date || w->has_time || w->part != CW_DAYPART_NONE;
}

/* ---- showing ---- */

static bool same_half_day(const struct cw_offers *o, size_t a, size_t b)
{
	struct moment x = moment_of(o->free_[a]), y = moment_of(o->free_[b]);

	return cw_date_compare(&x.date, &y.date) == 0 && (x.hour < 12) == (y.hour < 12);
}

static bool shown_alike(const struct cw_offers *o, size_t i, bool spread)
{
	for (size_t k = 0; k < o->n_shown; k++)
		if (o->shown[k] == i || (spread && same_half_day(o, o->shown[k], i)))
			return true;
	return false;
}

/* Show times from index @from on which fit @w (NULL: all), at first of different half days, then any; in order of time. */
static size_t show_from(struct cw_offers *o, size_t from, const struct cw_datetime *w)
{
	o->n_shown = 0;
	for (int spread = 1; spread >= 0; spread--) {
		for (size_t i = from; i < o->n_free && o->n_shown < CW_OFFERS_SHOWN; i++) {
			struct moment m = moment_of(o->free_[i]);

			if ((w && !fits(w, &m)) || shown_alike(o, i, spread))
				continue;
			o->shown[o->n_shown++] = i;
		}
	}
	for (size_t i = 1; i < o->n_shown; i++)
		for (size_t k = i; k > 0 && o->shown[k - 1] > o->shown[k]; k--) {
			size_t swap = o->shown[k];

			o->shown[k] = o->shown[k - 1];
			o->shown[k - 1] = swap;
		}
	if (o->n_shown)
		o->behind = o->shown[o->n_shown - 1] + 1;
	return o->n_shown;
}

/* The wish cannot be met: show times of the same day, else from that day on, else the earliest. */
static void show_nearest(struct cw_offers *o, const struct cw_datetime *w)
{
	struct cw_datetime day = {.has_date = w->has_date, .date = w->date};
	size_t from = 0;

	if (w->has_date && show_from(o, 0, &day))
		return;
	for (; w->has_date && from < o->n_free; from++) {
		struct moment m = moment_of(o->free_[from]);

		if (cw_date_compare(&m.date, &w->date) >= 0)
			break;
	}
	if (!show_from(o, from, NULL))
		(void)show_from(o, 0, NULL);
}

bool cw_offers_wish(struct cw_offers *o, struct cw_str text, const struct cw_date *today)
{
	struct cw_datetime when;

	if (!cw_datetime_parse(text, today, &when) || !(when.has_date || when.part != CW_DAYPART_NONE))
		return false;
	if (o->wished)
		cw_datetime_merge(&o->wish, &when);
	else
		o->wish = when;
	o->wished = true;
	return true;
}

void cw_offers_show(struct cw_offers *o, bool *met)
{
	*met = true;
	if (o->wished && wishes_something(&o->wish)) {
		*met = show_from(o, 0, &o->wish) > 0;
		if (!*met)
			show_nearest(o, &o->wish);
	} else {
		(void)show_from(o, 0, NULL);
	}
	o->wished = false;
}

/* ---- choosing ---- */

static enum cw_choice show_more(struct cw_offers *o)
{
	if (o->behind < o->n_free && show_from(o, o->behind, NULL))
		return CW_CHOICE_OFFER;
	(void)show_from(o, 0, NULL);
	return CW_CHOICE_NO_MORE;
}

static bool choose_by_words(struct cw_offers *o, const char *name, size_t *index, enum cw_choice *choice)
{
	static const char *const places[] = {"first", "second", "third"};

	*choice = CW_CHOICE_TIME;
	for (size_t i = 0; i < CW_COUNT(places); i++) {
		if (strcmp(name, places[i]) != 0)
			continue;
		*index = i < o->n_shown ? o->shown[i] : 0;
		return i < o->n_shown;
	}
	if (o->n_shown == 0)
		return false;
	if (strcmp(name, "last") == 0)
		*index = o->shown[o->n_shown - 1];
	else if (strcmp(name, "any") == 0)
		*index = o->shown[0];
	else
		*choice = show_more(o);
	return true;
}

static size_t fitting(const struct cw_offers *o, const struct cw_datetime *w, size_t *indices, bool among_shown)
{
	size_t n = 0, total = among_shown ? o->n_shown : o->n_free;

	for (size_t i = 0; i < total; i++) {
		size_t index = among_shown ? o->shown[i] : i;
		struct moment m = moment_of(o->free_[index]);

		if (fits(w, &m))
			indices[n++] = index;
	}
	return n;
}

/* A time among those shown is meant before any other; of the rest only one that is named with its day. */
static enum cw_choice choose_by_time(struct cw_offers *o, struct cw_datetime *w, size_t *index)
{
	size_t hits[CW_OFFERS_FREE];
	size_t n = fitting(o, w, hits, true);
	struct cw_datetime that_day = *w;

	if (n == 0 && o->near.year && w->has_time && !w->has_date) {
		that_day.has_date = true;
		that_day.date = o->near;
		if (fitting(o, &that_day, hits, false))
			*w = that_day;
	}
	if (n == 1) {
		*index = hits[0];
		return CW_CHOICE_TIME;
	}
	if (n > 1) {
		memcpy(o->shown, hits, n * sizeof(*hits));
		o->n_shown = n;
		return CW_CHOICE_WHICH;
	}
	n = fitting(o, w, hits, false);
	if (n == 1 && w->has_date && w->has_time && w->relation == CW_TIME_AT) {
		*index = hits[0];
		return CW_CHOICE_TIME;
	}
	if (n) {
		(void)show_from(o, 0, w);
		return CW_CHOICE_OFFER;
	}
	show_nearest(o, w);
	return CW_CHOICE_NOT_FREE;
}

enum cw_choice cw_offers_choose(struct cw_offers *o, const struct cw_intents *answers, struct cw_str text,
	const struct cw_date *today, size_t *index)
{
	struct cw_intent_hit hit;
	struct cw_datetime when = {0};
	enum cw_choice choice = CW_CHOICE_NOTHING;
	bool timed = cw_datetime_parse(text, today, &when) && wishes_something(&when);
	bool worded = cw_intents_best(answers, text, &hit);

	/* "the second" may look like a day of the month, "another day tomorrow" is about tomorrow. */
	if (worded && (!timed || (hit.score >= 0.7 && strcmp(hit.name, "more") != 0 && strcmp(hit.name, "any") != 0)) &&
		choose_by_words(o, hit.name, index, &choice))
		return choice;
	if (timed)
		return choose_by_time(o, &when, index);
	if (o->n_shown && (when.any_day || when.any_time)) {
		*index = o->shown[0];
		return CW_CHOICE_TIME;
	}
	switch (cw_yesno_parse(text, NULL)) {
	case CW_YESNO_YES:
		if (o->n_shown != 1)
			return o->n_shown ? CW_CHOICE_WHICH : CW_CHOICE_NOTHING;
		*index = o->shown[0];
		return CW_CHOICE_TIME;
	case CW_YESNO_NO:
		return o->n_shown ? show_more(o) : CW_CHOICE_NOTHING;
	default:
		return CW_CHOICE_NOTHING;
	}
}

/* ---- saying ---- */

static const char *part_words(unsigned hour)
{
	return hour < 12 ? "in the morning" : hour < 18 ? "in the afternoon" : "in the evening";
}

static void time_words(struct cw_buf *b, const struct moment *m)
{
	char words[64];
	unsigned hour = m->hour % 12 ? m->hour % 12 : 12;

	if (m->hour == 12 && m->minute == 0) {
		cw_buf_puts(b, "noon");
		return;
	}
	cw_number_say(hour, words, sizeof(words));
	cw_buf_puts(b, words);
	if (m->minute) {
		cw_number_say(m->minute, words, sizeof(words));
		cw_buf_fmt(b, " %s%s", m->minute < 10 ? "oh " : "", words);
	}
	cw_buf_fmt(b, " %s", part_words(m->hour));
}

static void day_words(struct cw_buf *b, const struct cw_date *d, const struct cw_date *today)
{
	struct cw_date tomorrow = cw_date_add_days(*today, 1), week = cw_date_add_days(*today, 7);
	const char *weekday = cw_weekday_name(cw_date_weekday(d));
	char ordinal[64];

	if (cw_date_compare(d, today) == 0) {
		cw_buf_puts(b, "today");
	} else if (cw_date_compare(d, &tomorrow) == 0) {
		cw_buf_fmt(b, "tomorrow, %s,", weekday);
	} else if (cw_date_compare(d, today) > 0 && cw_date_compare(d, &week) < 0) {
		cw_buf_puts(b, weekday);
	} else {
		cw_number_say_ordinal(d->day, ordinal, sizeof(ordinal));
		cw_buf_fmt(b, "%s, %s %s,", weekday, cw_month_name(d->month), ordinal);
	}
}

void cw_offer_spoken(struct cw_buf *b, const char *time, const struct cw_date *today)
{
	struct moment m = moment_of(time);

	day_words(b, &m.date, today);
	cw_buf_puts(b, " at ");
	time_words(b, &m);
}

void cw_offers_spoken(struct cw_buf *b, const struct cw_offers *o, const struct cw_date *today)
{
	for (size_t i = 0; i < o->n_shown; i++) {
		if (i > 0)
			cw_buf_puts(b, i + 1 == o->n_shown ? ", or " : ", ");
		cw_offer_spoken(b, o->free_[o->shown[i]], today);
	}
}

static size_t add_phrase(void *parent, const char **out, size_t n, size_t max, const char *day, const char *time)
{
	if (n == max)
		return n;
	out[n] = *day ? talloc_asprintf(parent, *time ? "%s at %s" : "%s%s", day, time) : talloc_strdup(parent, time);
	return out[n] ? n + 1 : n;
}

size_t cw_offer_phrases(void *parent, const char *time, const struct cw_date *today, const char **out, size_t max)
{
	struct moment m = moment_of(time);
	struct cw_date tomorrow = cw_date_add_days(*today, 1);
	char hour[64], full[96], letters[96], ordinal[64], date[96];
	const char *weekday = cw_weekday_name(cw_date_weekday(&m.date));
	const char *near = cw_date_compare(&m.date, today) == 0       ? "today"
			   : cw_date_compare(&m.date, &tomorrow) == 0 ? "tomorrow"
								      : NULL;
	size_t n = 0;

	cw_number_say(m.hour % 12 ? m.hour % 12 : 12, hour, sizeof(hour));
	snprintf(full, sizeof(full), "%s %s", hour, part_words(m.hour));
	cw_time_spoken(m.hour, m.minute, letters, sizeof(letters));
	cw_number_say_ordinal(m.date.day, ordinal, sizeof(ordinal));
	snprintf(date, sizeof(date), "%s %s", cw_month_name(m.date.month), ordinal);

	const char *const days[] = {weekday, near ? near : date, ""};
	const char *const times[] = {hour, full, letters};

	for (size_t d = 0; d < CW_COUNT(days); d++)
		for (size_t t = 0; t < CW_COUNT(times); t++)
			n = add_phrase(parent, out, n, max, days[d], times[t]);
	n = add_phrase(parent, out, n, max, weekday, "");
	if (near)
		n = add_phrase(parent, out, n, max, near, "");
	if (n < max) {
		out[n] = talloc_asprintf(parent, "%s %s", near ? near : weekday, m.hour < 12 ? "morning" : "afternoon");
		n += out[n] != NULL;
	}
	return n;
}
