/*
 * datetime.h: days and times out of speech: "next tuesday at half past two", "the third in the morning"
 *
 * Resolved against a reference date (the caller's local today). The result may be partial: day only, time only, part of the day.
 * Days lie in the future: "tuesday" is the next one (a week ahead when today is tuesday; "today" is today), "next tuesday" is that of the next
 * calendar week (Monday first), "the third" the next third, "march third" this year or next. Pure functions, no allocation.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cw_date {
	int16_t year;       /* 0 = unknown */
	uint8_t month, day; /* 1 … 12, 1 … 31 */
};

enum cw_daypart { CW_DAYPART_NONE, CW_DAYPART_MORNING, CW_DAYPART_AFTERNOON, CW_DAYPART_EVENING, CW_DAYPART_NIGHT };
enum cw_time_relation { CW_TIME_AT, CW_TIME_BEFORE, CW_TIME_AFTER };

struct cw_datetime {
	bool has_date;
	struct cw_date date;
	bool invalid_date; /* a date was said which does not exist ("february thirtieth"); has_date is false */
	bool has_time;
	uint8_t hour, minute;           /* 0 … 23 */
	bool hour_guessed;              /* "nine" without am or pm: 7 … 11 taken as morning, 12 … 6 as afternoon */
	enum cw_time_relation relation; /* "after two", "before noon" */
	enum cw_daypart part;           /* "in the morning", "tonight"; also set for a time with "in the afternoon" */
	bool any_day, any_time;         /* "any day", "whenever", "as soon as possible" (both) */
	bool more;                      /* alternatives were named ("monday or tuesday"): the first is given here */
};

/* Returns whether anything was found. The last correction in the text wins ("tuesday no wednesday", "wednesday not tuesday"). */
bool cw_datetime_parse(struct cw_str text, const struct cw_date *today, struct cw_datetime *ret);
/* Take over what @from knows (a new day keeps the old time and the other way round). A guessed hour takes a new part of the day into account:
 * "seven" then "in the evening" is 19:00. */
void cw_datetime_merge(struct cw_datetime *into, const struct cw_datetime *from);

bool cw_date_valid(const struct cw_date *d);
int cw_date_compare(const struct cw_date *a, const struct cw_date *b); /* < 0, 0, > 0 */
struct cw_date cw_date_add_days(struct cw_date d, int days);
unsigned cw_date_weekday(const struct cw_date *d);         /* 0 = Sunday … 6 */
const char *cw_weekday_name(unsigned weekday);             /* "Sunday" … */
const char *cw_month_name(unsigned month);                 /* 1 = "January" … */
struct cw_date cw_date_of_unix(int64_t seconds);           /* of a wall time already shifted to local time */
bool cw_date_read(struct cw_str iso, struct cw_date *ret); /* "2026-12-03" */
void cw_date_write(const struct cw_date *d, char out[11]); /* "2026-12-03" */

/* "Thursday, December third"; 48 bytes are enough. Said as "today" or "tomorrow" when @today (may be NULL) makes it so. */
void cw_date_spoken(const struct cw_date *d, const struct cw_date *today, char *out, size_t size);
/* "nine thirty a m", "two p m", "noon"; 32 bytes are enough. */
void cw_time_spoken(unsigned hour, unsigned minute, char *out, size_t size);
