#include "store/db.h"

#include <errno.h>

#include "base/mem.h"
#include "store/db_int.h"

#define BUSY_TIMEOUT_MS 5000
#define ROWS_MAX        10000

int cw_db_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return EACCES;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return EBADMSG;
	case SQLITE_CONSTRAINT:
		return EEXIST;
	case SQLITE_TOOBIG:
		return EMSGSIZE;
	case SQLITE_INTERRUPT:
		return ECANCELED;
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_MISMATCH:
	case SQLITE_SCHEMA: /* what a wrong name gives on a connection that has not read the schema yet */
		return EINVAL;
	default:
		return EIO;
	}
}

static int db_free(struct cw_db *db)
{
	cw_db_core_close(db->core);
	return 0;
}

/* Turning on WAL needs the file alone for a moment, and SQLite does not wait for it by itself. */
static int use_wal(sqlite3 *sql)
{
	int rc = SQLITE_BUSY;

	for (int waited_ms = 0; waited_ms < BUSY_TIMEOUT_MS; waited_ms += sqlite3_sleep(10)) {
		rc = sqlite3_exec(sql, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (rc != SQLITE_BUSY)
			break;
	}
	return cw_db_errno(rc);
}

static int configure(sqlite3 *sql, bool in_memory)
{
	int err;

	(void)sqlite3_extended_result_codes(sql, 1); /* cannot fail on an open connection */
	(void)sqlite3_busy_timeout(sql, BUSY_TIMEOUT_MS);
	err = cw_db_errno(sqlite3_exec(sql, "PRAGMA foreign_keys = ON", NULL, NULL, NULL));
	if (!err && !in_memory)
		err = use_wal(sql);
	if (!err)
		err = cw_db_errno(sqlite3_exec(
			sql, in_memory ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = NORMAL", NULL, NULL, NULL));
	return err;
}

static int open_error(int err, const char *path, sqlite3 *sql, struct cw_why *why)
{
	int system = sql ? sqlite3_system_errno(sql) : 0;

	if (system == ENOENT || system == ENOTDIR)
		return cw_why_at(why, ENOENT, path, 0, 0, "cannot open the database: its folder does not exist");
	if (err == EBADMSG)
		return cw_why_at(
			why, err, path, 0, 0, "this file is not an SQLite database: move it away or name another");
	return cw_why_at(
		why, err, path, 0, 0, "cannot open the database: %s", sql ? sqlite3_errmsg(sql) : "not enough memory");
}

int cw_db_open(void *parent, const char *path, struct cw_db **ret, struct cw_why *why)
{
	bool in_memory = strcmp(path, ":memory:") == 0;
	sqlite3 *sql = NULL;
	CW_SCOPED struct cw_db *db = talloc_zero(NULL, struct cw_db);

	if (!db)
		return ENOMEM;

	int rc = sqlite3_open_v2(path, &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	int err = cw_db_errno(rc);

	if (!err)
		err = configure(sql, in_memory);
	if (err)
		err = open_error(err, path, sql, why);
	else
		err = cw_db_migrate(sql, path, why);
	if (err) {
		(void)sqlite3_close_v2(sql); /* a failed open is closed too, says SQLite; NULL is fine */
		return err;
	}

	db->core = cw_db_core_new(sql);
	if (!db->core)
		return ENOMEM;
	talloc_set_destructor(db, db_free);
	*ret = talloc_move(parent, &db);
	return 0;
}

int cw_db_relax(struct cw_db *db)
{
	pthread_mutex_lock(&db->core->busy);
	int rc = sqlite3_exec(db->core->sql, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	pthread_mutex_unlock(&db->core->busy);
	return cw_db_errno(rc);
}

static json_t *column_value(sqlite3_stmt *st, int i)
{
	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		return json_integer(sqlite3_column_int64(st, i));
	case SQLITE_FLOAT:
		return json_real(sqlite3_column_double(st, i));
	case SQLITE_TEXT:
		return json_stringn((const char *)sqlite3_column_text(st, i), (size_t)sqlite3_column_bytes(st, i));
	default:
		return json_null(); /* NULL, and blobs, which no table of ours holds */
	}
}

static int append_row(sqlite3_stmt *st, json_t *rows)
{
	json_t *row = json_object();

	if (!row || json_array_append_new(rows, row) != 0)
		return ENOMEM;
	for (int i = 0; i < sqlite3_column_count(st); i++)
		if (json_object_set_new(row, sqlite3_column_name(st, i), column_value(st, i)) != 0)
			return ENOMEM;
	return json_array_size(rows) > ROWS_MAX ? E2BIG : 0;
}

static int collect(sqlite3 *sql, sqlite3_stmt *st, const char *path, json_t *rows, struct cw_why *why)
{
	int rc, err = 0;

	while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = append_row(st, rows);
	if (err == E2BIG)
		return cw_why_at(why, err, path, 0, 0, "the query gives more than %d rows: add a LIMIT", ROWS_MAX);
	if (err)
		return err;
	err = cw_db_errno(rc);
	return err ? cw_why_at(why, err, path, 0, 0, "SQL: %s", sqlite3_errmsg(sql)) : 0;
}

static int query(sqlite3 *sql, const char *path, const char *text, json_t **ret, struct cw_why *why)
{
	sqlite3_stmt *st = NULL;
	int err = cw_db_errno(sqlite3_prepare_v2(sql, text, -1, &st, NULL));

	if (err)
		return cw_why_at(why, err, path, 0, 0, "SQL: %s", sqlite3_errmsg(sql));
	if (!st || !sqlite3_stmt_readonly(st)) {
		(void)sqlite3_finalize(st); /* it was never run */
		return cw_why_at(why, EINVAL, path, 0, 0, "this SQL is not a query: only SELECT is allowed here");
	}

	json_t *rows = json_array();

	err = rows ? collect(sql, st, path, rows, why) : ENOMEM;
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	if (err) {
		json_decref(rows);
		return err;
	}
	*ret = rows;
	return 0;
}

int cw_db_query(const char *path, const char *sql, json_t **rows, struct cw_why *why)
{
	sqlite3 *db = NULL;
	int err = cw_db_errno(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));

	if (err) {
		err = open_error(err, path, db, why);
	} else {
		(void)sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
		err = query(db, path, sql, rows, why);
	}
	(void)sqlite3_close_v2(db); /* read-only: nothing to lose */
	return err;
}

int cw_db_rows(struct cw_db *db, const char *sql, json_t **rows, struct cw_why *why)
{
	pthread_mutex_lock(&db->core->busy);
	int err = query(db->core->sql, NULL, sql, rows, why);
	pthread_mutex_unlock(&db->core->busy);
	return err;
}
