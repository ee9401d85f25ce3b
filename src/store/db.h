/*
 * db.h: the embedded database (SQLite), off the lane
 *
 * One writer thread's worth of order per process: jobs of one cw_db run one after the other, in order, on the work pool.
 * Migrations are numbered SQL files embedded in the binary (store/migrations/NNNN_name.sql), each applied in a transaction.
 */
#pragma once
#include <sqlite3.h>
#include <stdint.h>

#include "base/json.h"
#include "base/why.h"

struct cw_world;
struct cw_db;

/* Open (create, migrate) the file @path, or ":memory:". Blocking: at start only. WAL, foreign keys, busy timeout.
 * EACCES, ENOENT, EBADMSG (not a database), EPROTO (schema newer than this program). */
int cw_db_open(void *parent, const char *path, struct cw_db **ret, struct cw_why *why);

/* No fsync from now on: a killed process still loses nothing, a power cut may lose or damage the file. For simulations and
 * benchmarks on files (":memory:" is so from birth). EIO. */
int cw_db_relax(struct cw_db *db);

/* Run @run(sqlite, arg) off the lane within a transaction (BEGIN IMMEDIATE … COMMIT; ROLLBACK when it returns nonzero), then
 * @done(err, arg) on the lane. Freed @parent, @db or @w: @done is not called, the transaction completes all the same. As in
 * cw_job, @arg must stay valid until @dispose(arg) (may be NULL), which is not called when submitting itself failed. In a
 * simulated world the transaction runs at once and its end comes after 3 ms. ENOMEM, EAGAIN (work queue full). */
struct cw_db_job {
	int (*run)(sqlite3 *sql, void *arg);
	void (*done)(int err, void *arg);
	void (*dispose)(void *arg);
	void *arg;
	const char *label; /* "db.book" */
};
int cw_db_submit(void *parent, struct cw_db *db, struct cw_world *w, const struct cw_db_job *job);

/* Blocking query for tools, probes and tests: rows as an array of objects, at most 10000 (E2BIG). Opens its own
 * read-only connection to @path. ENOENT, EINVAL (SQL that is wrong or writes), EBUSY. The caller owns *@rows. */
int cw_db_query(const char *path, const char *sql, json_t **rows, struct cw_why *why);
/* The same on an open database: the only way to look into ":memory:". */
int cw_db_rows(struct cw_db *db, const char *sql, json_t **rows, struct cw_why *why);

/* The errno for an SQLite result code; 0 for OK, ROW and DONE. */
int cw_db_errno(int rc);
