/*
 * db_int.h: what db.c, queue.c and migrate.c share; included by the files of src/store only
 *
 * The connection and the queue live in a core which the database and each unfinished job hold, so that a worker in the
 * middle of a transaction never sees them go. `lock` guards every field; `busy` is held while SQL runs, and is taken first.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>

#include "store/db.h"

#define CW_DB_SIM_COST_US 3000

struct cw_db_task;

struct cw_db_core {
	pthread_mutex_t busy; /* one transaction at a time */
	pthread_mutex_t lock;
	sqlite3 *sql;             /* NULL once the database is closed */
	struct cw_db_task *first; /* submitted, not handed to a worker yet; oldest first */
	struct cw_db_task *last;
	struct cw_db_task *active; /* whose turn it is: its end starts the next */
	unsigned holds;
};

struct cw_db {
	struct cw_db_core *core;
};

struct cw_db_core *cw_db_core_new(sqlite3 *sql); /* takes @sql; NULL: no memory, @sql is closed */
void cw_db_core_hold(struct cw_db_core *c);
void cw_db_core_release(struct cw_db_core *c);
/* Run what is queued, close the connection. Waits for a transaction that runs now. */
void cw_db_core_close(struct cw_db_core *c);

/* Bring the schema up to this program's. EPROTO: it is newer. EBUSY, ENOSPC, … */
int cw_db_migrate(sqlite3 *sql, const char *path, struct cw_why *why);
