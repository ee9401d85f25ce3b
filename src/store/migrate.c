#include "store/db_int.h"

#include <errno.h>

#include "base/str.h"
#include "store/embedded.h"

static int user_version(sqlite3 *sql, int *version)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(sql, "PRAGMA user_version", -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*version = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return cw_db_errno(rc);
}

/* Files are numbered from 1 without gaps: "0001_appointment.sql". A wrong name is a mistake of the build. */
static int number_of(const struct cw_embedded *file)
{
	uint32_t number = 0;

	CW_ASSERT(strlen(file->name) > 4 && cw_str_u32((struct cw_str){file->name, 4}, 9999, &number) == 0);
	return (int)number;
}

/* Another process may have applied it while we waited for the write lock: look again inside the transaction. */
static int apply(sqlite3 *sql, const struct cw_embedded *file, int number)
{
	char set[64];
	int version = 0;
	int err = cw_db_errno(sqlite3_exec(sql, "BEGIN IMMEDIATE", NULL, NULL, NULL));

	if (err)
		return err;
	err = user_version(sql, &version);
	if (!err && version < number) {
		snprintf(set, sizeof(set), "PRAGMA user_version = %d", number);
		err = cw_db_errno(sqlite3_exec(sql, file->bytes, NULL, NULL, NULL));
		if (!err)
			err = cw_db_errno(sqlite3_exec(sql, set, NULL, NULL, NULL));
	}
	if (!err)
		err = cw_db_errno(sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL));
	if (err)
		(void)sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL); /* the first error is the one to tell */
	return err;
}

int cw_db_migrate(sqlite3 *sql, const char *path, struct cw_why *why)
{
	int version = 0, latest = 0;
	int err = user_version(sql, &version);

	if (err)
		return cw_why_at(why, err, path, 0, 0, "cannot read the database: %s", sqlite3_errmsg(sql));
	for (const struct cw_embedded *f = cw_migrations; f->name; f++) {
		int number = number_of(f);

		CW_ASSERT(number == latest + 1);
		latest = number;
		if (number <= version)
			continue;
		err = apply(sql, f, number);
		if (err)
			return cw_why_at(why, err, path, 0, 0, "migration %s failed: %s", f->name, sqlite3_errmsg(sql));
	}
	if (version > latest)
		return cw_why_at(why, EPROTO, path, 0, 0,
			"the database has schema version %d, this program knows up to %d: use a newer callwright",
			version, latest);
	return 0;
}
