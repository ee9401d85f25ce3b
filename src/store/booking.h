/*
 * booking.h: appointments, each booked exactly once
 *
 * The key is made of call, intent and normalised slots. Booking the same key again answers what was answered the first time.
 * A slot (day and time of a technician) holds one appointment: EEXIST-like answers are part of the result, not errors.
 */
#pragma once
#include "store/db.h"

struct cw_booking {
	const char *key; /* idempotency key */
	const char *call_id;
	const char *name, *phone, *address, *issue;
	const char *slot; /* "2026-03-03T09:00" local time */
};
struct cw_booking_result {
	int64_t id;            /* appointment number */
	char confirmation[16]; /* "CW-1042" */
	bool replayed;         /* this key was booked before */
	bool taken;            /* the slot belongs to another booking; id is 0 */
};
/* EINVAL: a member is NULL, the key empty, or @slot not a real time in that form; EMSGSIZE: a member over 500 bytes (the key:
 * 2000). Afterwards @done: err 0 with @result, or errno (ENOSPC, EIO, ETIMEDOUT…). @result lives during the call. */
typedef void cw_booking_fn(int err, const struct cw_booking_result *result, void *arg);
int cw_booking_book(
	void *parent, struct cw_db *db, struct cw_world *w, const struct cw_booking *b, cw_booking_fn *done, void *arg);

/* Free slots that begin after wall time @from_us and within 90 days: at most @max (64) strings "YYYY-MM-DDTHH:MM",
 * working days 9:00, 11:00, 13:00 and 15:00, local time given as offset from UTC in minutes. @slots live during the call. */
typedef void cw_slots_fn(int err, const char *const *slots, size_t n, void *arg);
int cw_booking_slots(void *parent, struct cw_db *db, struct cw_world *w, int64_t from_us, int utc_offset_min,
	unsigned max, cw_slots_fn *done, void *arg);
