#include "base/mem.h"
#include "base/number.h"
#include "language/datetime.h"

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August",
	"September", "October", "November", "December"};
static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/* Days since 1970-01-01 of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_of(const struct cw_date *d)
{
	int64_t y = d->year - (d->month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (d->month + (d->month > 2 ? -3 : 9)) + 2) / 5 + d->day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static struct cw_date of_days(int64_t z)
{
	z += 719468;

	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);

	return (struct cw_date){
		(int16_t)(yoe + era * 400 + (month <= 2)), (uint8_t)month, (uint8_t)(doy - (153 * mp + 2) / 5 + 1)};
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool cw_date_valid(const struct cw_date *d)
{
	static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (d->year < 1 || d->month < 1 || d->month > 12 || d->day < 1)
		return false;
	return d->day <= lengths[d->month - 1] + (d->month == 2 && is_leap(d->year));
}

int cw_date_compare(const struct cw_date *a, const struct cw_date *b)
{
	if (a->year != b->year)
		return a->year - b->year;
	return a->month != b->month ? a->month - b->month : a->day - b->day;
}

struct cw_date cw_date_add_days(struct cw_date d, int days)
{
	return of_days(days_of(&d) + days);
}

unsigned cw_date_weekday(const struct cw_date *d)
{
	return (unsigned)(((days_of(d) + 4) % 7 + 7) % 7);
}

const char *cw_weekday_name(unsigned weekday)
{
	CW_ASSERT(weekday < 7);
	return weekdays[weekday];
}

const char *cw_month_name(unsigned month)
{
	CW_ASSERT(month >= 1 && month <= 12);
	return months[month - 1];
}

struct cw_date cw_date_of_unix(int64_t seconds)
{
	return of_days((seconds >= 0 ? seconds : seconds - 86399) / 86400);
}

bool cw_date_read(struct cw_str iso, struct cw_date *ret)
{
	struct cw_str y, m, rest = iso;
	uint32_t year, month, day;

	if (!cw_str_split(&rest, '-', &y) || !cw_str_split(&rest, '-', &m) || !rest.p)
		return false;
	if (y.len != 4 || cw_str_u32(y, 9999, &year) || cw_str_u32(m, 12, &month) || cw_str_u32(rest, 31, &day))
		return false;

	struct cw_date d = {(int16_t)year, (uint8_t)month, (uint8_t)day};

	if (!cw_date_valid(&d))
		return false;
	*ret = d;
	return true;
}

void cw_date_write(const struct cw_date *d, char out[11])
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%04d-%02u-%02u", d->year % 10000, d->month % 100u, d->day % 100u);
	memcpy(out, text, 10);
	out[10] = 0;
}

void cw_date_spoken(const struct cw_date *d, const struct cw_date *today, char *out, size_t size)
{
	char day[64];

	if (today && cw_date_compare(d, today) == 0) {
		(void)snprintf(out, size, "today");
		return;
	}
	if (today) {
		struct cw_date next = cw_date_add_days(*today, 1);

		if (cw_date_compare(d, &next) == 0) {
			(void)snprintf(out, size, "tomorrow");
			return;
		}
	}
	cw_number_say_ordinal(d->day, day, sizeof(day));
	(void)snprintf(out, size, "%s, %s %s", cw_weekday_name(cw_date_weekday(d)), cw_month_name(d->month), day);
}

void cw_time_spoken(unsigned hour, unsigned minute, char *out, size_t size)
{
	char h[32], m[32] = "";

	if (minute == 0 && (hour == 12 || hour == 0)) {
		(void)snprintf(out, size, "%s", hour ? "noon" : "midnight");
		return;
	}
	cw_number_say(hour % 12 ? hour % 12 : 12, h, sizeof(h));
	if (minute)
		cw_number_say(minute, m, sizeof(m));
	(void)snprintf(out, size, "%s%s%s %s", h,
		minute && minute < 10 ? " oh "
		: minute              ? " "
				      : "",
		m, hour < 12 ? "a m" : "p m");
}
