#include "store/booking.h"

#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/calendar.h"
#include "world/world.h"

#define TEXT_MAX          500  /* bytes of a name, address, …: a caller speaks a sentence, not a book */
#define CONFIRMATION_BASE 1000 /* as in migration 1 */

struct booking_job {
	struct cw_booking b; /* its strings hang from the job */
	int64_t created_us;
	struct cw_booking_result result;
	cw_booking_fn *done;
	void *arg;
};

static int find_key(sqlite3 *sql, const char *key, int64_t *id)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(
		sql, "SELECT id FROM appointment WHERE tenant_id = 1 AND booking_key = ?", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*id = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return cw_db_errno(rc);
}

/* The key is not there (we hold the write lock), so a conflict is about the slot. */
static int insert(sqlite3 *sql, const struct booking_job *j, int64_t *id, bool *taken)
{
	const char *const text[] = {j->b.key, j->b.call_id, j->b.name, j->b.phone, j->b.address, j->b.issue, j->b.slot};
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(sql,
		"INSERT INTO appointment (booking_key, call_id, name, phone, address, issue, slot, created_us)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, slot) DO NOTHING",
		-1, &st, NULL);

	for (size_t i = 0; rc == SQLITE_OK && i < CW_COUNT(text); i++)
		rc = sqlite3_bind_text(st, (int)i + 1, text[i], -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, CW_COUNT(text) + 1, j->created_us);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_DONE) {
		*taken = sqlite3_changes(sql) == 0;
		*id = *taken ? 0 : sqlite3_last_insert_rowid(sql);
	}
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return cw_db_errno(rc);
}

static int book_run(sqlite3 *sql, void *arg)
{
	struct booking_job *j = arg;
	struct cw_booking_result r = {0};
	int err = find_key(sql, j->b.key, &r.id);

	r.replayed = r.id != 0;
	if (!err && !r.replayed)
		err = insert(sql, j, &r.id, &r.taken);
	if (err)
		return err;
	if (r.id)
		snprintf(r.confirmation, sizeof(r.confirmation), "CW-%u", (unsigned)(CONFIRMATION_BASE + r.id));
	j->result = r;
	return 0;
}

static void book_done(int err, void *arg)
{
	struct booking_job *j = arg;

	j->done(err, err ? NULL : &j->result, j->arg);
}

static void job_dispose(void *arg)
{
	talloc_free(arg);
}

static int check(const struct cw_booking *b)
{
	const char *const text[] = {b->key, b->call_id, b->name, b->phone, b->address, b->issue};

	for (size_t i = 0; i < CW_COUNT(text); i++) {
		if (!text[i])
			return EINVAL;
		if (strlen(text[i]) > (i == 0 ? 4 * TEXT_MAX : TEXT_MAX))
			return EMSGSIZE;
	}
	return b->slot && b->key[0] && cw_slot_valid(b->slot) ? 0 : EINVAL;
}

static int copy_booking(void *parent, const struct cw_booking *from, struct cw_booking *to)
{
	*to = (struct cw_booking){
		.key = talloc_strdup(parent, from->key),
		.call_id = talloc_strdup(parent, from->call_id),
		.name = talloc_strdup(parent, from->name),
		.phone = talloc_strdup(parent, from->phone),
		.address = talloc_strdup(parent, from->address),
		.issue = talloc_strdup(parent, from->issue),
		.slot = talloc_strdup(parent, from->slot),
	};
	return to->key && to->call_id && to->name && to->phone && to->address && to->issue && to->slot ? 0 : ENOMEM;
}

int cw_booking_book(
	void *parent, struct cw_db *db, struct cw_world *w, const struct cw_booking *b, cw_booking_fn *done, void *arg)
{
	int err = check(b);

	if (err)
		return err;

	CW_SCOPED struct booking_job *j = talloc_zero(NULL, struct booking_job);

	if (!j || copy_booking(j, b, &j->b) != 0)
		return ENOMEM;
	j->created_us = cw_wall(w);
	j->done = done;
	j->arg = arg;

	struct cw_db_job job = {
		.run = book_run, .done = book_done, .dispose = job_dispose, .arg = j, .label = "db.book"};

	err = cw_db_submit(parent, db, w, &job);
	if (!err)
		j = NULL; /* disposed by the queue */
	return err;
}
