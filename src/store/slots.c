#include "store/calendar.h"

#include <errno.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/booking.h"
#include "world/world.h"

#define SLOTS_MAX    64
#define HORIZON_DAYS 90
#define DAY_S        86400

static const int start_hours[] = {9, 11, 13, 15};

bool cw_slot_valid(const char *slot)
{
	struct tm tm = {0}, again;
	char text[CW_SLOT_SIZE];
	const char *end = strptime(slot, "%Y-%m-%dT%H:%M", &tm);

	if (!end || *end || strlen(slot) != CW_SLOT_SIZE - 1)
		return false;

	time_t t = timegm(&tm);

	return gmtime_r(&t, &again) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M", &again) &&
	       strcmp(text, slot) == 0;
}

static bool working_day(int64_t day)
{
	int64_t weekday = (day % 7 + 7 + 4) % 7; /* 1 January 1970 was a Thursday; 0 is Sunday */

	return weekday >= 1 && weekday <= 5;
}

static int64_t floor_day(int64_t seconds)
{
	return seconds / DAY_S - (seconds % DAY_S < 0);
}

void cw_slot_next(int64_t *local_s, char slot[CW_SLOT_SIZE])
{
	for (int64_t day = floor_day(*local_s);; day++) {
		if (!working_day(day))
			continue;
		for (size_t i = 0; i < CW_COUNT(start_hours); i++) {
			time_t start = day * DAY_S + start_hours[i] * 3600;
			struct tm tm;

			if (start <= *local_s)
				continue;
			*local_s = start;
			gmtime_r(&start, &tm);
			strftime(slot, CW_SLOT_SIZE, "%Y-%m-%dT%H:%M", &tm);
			return;
		}
	}
}

struct slots_job {
	int64_t local_s;
	unsigned max;
	size_t n;
	char slots[SLOTS_MAX][CW_SLOT_SIZE];
	cw_slots_fn *done;
	void *arg;
};

static int is_free(sqlite3_stmt *st, const char *slot, bool *free_)
{
	int rc = sqlite3_bind_text(st, 1, slot, -1, SQLITE_STATIC);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	*free_ = rc == SQLITE_DONE;
	(void)sqlite3_reset(st); /* repeats the error of the step */
	return cw_db_errno(rc);
}

static int slots_run(sqlite3 *sql, void *arg)
{
	struct slots_job *j = arg;
	int64_t until_s = j->local_s + (int64_t)HORIZON_DAYS * DAY_S;
	sqlite3_stmt *st = NULL;
	int err = cw_db_errno(
		sqlite3_prepare_v2(sql, "SELECT 1 FROM appointment WHERE tenant_id = 1 AND slot = ?", -1, &st, NULL));

	while (!err && j->n < j->max) {
		bool free_ = false;

		cw_slot_next(&j->local_s, j->slots[j->n]);
		if (j->local_s > until_s)
			break;
		err = is_free(st, j->slots[j->n], &free_);
		if (free_)
			j->n++;
	}
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return err;
}

static void slots_done(int err, void *arg)
{
	struct slots_job *j = arg;
	const char *slots[SLOTS_MAX];

	for (size_t i = 0; i < j->n; i++)
		slots[i] = j->slots[i];
	j->done(err, slots, err ? 0 : j->n, j->arg);
}

static void slots_dispose(void *arg)
{
	talloc_free(arg);
}

int cw_booking_slots(void *parent, struct cw_db *db, struct cw_world *w, int64_t from_us, int utc_offset_min,
	unsigned max, cw_slots_fn *done, void *arg)
{
	CW_SCOPED struct slots_job *j = talloc_zero(NULL, struct slots_job);

	if (!j)
		return ENOMEM;
	j->local_s = from_us / 1000000 + (int64_t)utc_offset_min * 60;
	j->max = max < SLOTS_MAX ? max : SLOTS_MAX;
	j->done = done;
	j->arg = arg;

	struct cw_db_job job = {
		.run = slots_run, .done = slots_done, .dispose = slots_dispose, .arg = j, .label = "db.slots"};
	int err = cw_db_submit(parent, db, w, &job);

	if (!err)
		j = NULL; /* disposed by the queue */
	return err;
}
