/* The queue of one database in the real world: order, ends in the middle, and lanes which share it. No leak check: talloc's is not for threads. */
#include "testing.h"

#include <stdatomic.h>

#include "store/booking.h"
#include "store/db.h"
#include "world/lane.h"

#define JOBS 60

struct job {
	struct counts *counts;
	int number;
};

struct counts {
	struct cw_db *db;
	struct cw_world *w;
	int done, wrong_order;
	atomic_int disposed;
	struct job jobs[JOBS];
};

static int run_insert(sqlite3 *sql, void *arg)
{
	return cw_db_errno(sqlite3_exec(sql, "INSERT INTO t (a) VALUES (1)", NULL, NULL, NULL));
}

static void on_done(int err, void *arg)
{
	struct job *j = arg;

	j->counts->wrong_order += err != 0 || j->number != j->counts->done;
	if (++j->counts->done == JOBS)
		cw_os_stop(j->counts->w);
}

static void on_dispose(void *arg)
{
	struct job *j = arg;

	atomic_fetch_add(&j->counts->disposed, 1);
}

static void open_table(struct counts *c, const char *name)
{
	static char path[256];
	sqlite3 *sql = NULL;

	snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), name);
	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	assert_int_equal(cw_db_open(NULL, path, &c->db, NULL), 0);
}

static void submit_all(struct counts *c, void *parent)
{
	for (int i = 0; i < JOBS; i++) {
		struct cw_db_job job = {.run = run_insert,
			.done = on_done,
			.dispose = on_dispose,
			.arg = &c->jobs[i],
			.label = "db.test"};

		c->jobs[i] = (struct job){c, i};
		assert_int_equal(cw_db_submit(parent, c->db, c->w, &job), 0);
	}
}

static int64_t rows_of(struct cw_db *db, const char *sql)
{
	CW_JSON_SCOPED json_t *rows = NULL;

	assert_int_equal(cw_db_rows(db, sql, &rows, NULL), 0);
	return cw_json_int(json_array_get(rows, 0), "n", -1);
}

static void jobs_end_in_order(void **state)
{
	struct cw_os_conf conf = {.seed = 1, .workers = 4};
	struct counts c = {0};

	(void)state;
	open_table(&c, "order.db");
	assert_int_equal(cw_os_new(NULL, &conf, &c.w), 0);
	submit_all(&c, c.w);
	cw_os_run_for(c.w, 20000000);
	assert_int_equal(c.done, JOBS);
	assert_int_equal(c.wrong_order, 0);
	talloc_free(c.w);
	assert_int_equal(c.disposed, JOBS);
	assert_int_equal(rows_of(c.db, "SELECT count(*) AS n FROM t"), JOBS);
	talloc_free(c.db);
}

/* Whatever is freed first in the middle: every transaction is completed, every argument disposed once. */
static void an_end_in_the_middle_loses_nothing(void **state)
{
	(void)state;
	for (int what = 0; what < 4; what++) {
		struct cw_os_conf conf = {.seed = 1, .workers = 2};
		struct counts c = {0};
		char name[32];
		void *parent = talloc_new(NULL);

		snprintf(name, sizeof(name), "middle%d.db", what);
		open_table(&c, name);
		assert_int_equal(cw_os_new(NULL, &conf, &c.w), 0);
		submit_all(&c, parent);
		cw_os_run_for(c.w, what < 2 ? 300 : 0);
		if (what % 2 == 0) {
			talloc_free(c.db); /* the world goes on without it */
			cw_os_run_for(c.w, 50000);
		}
		talloc_free(c.w);
		talloc_free(parent);
		assert_int_equal(c.disposed, JOBS);
		if (what % 2 == 1)
			talloc_free(c.db);

		char path[256];

		snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), name);
		CW_JSON_SCOPED json_t *rows = NULL;

		assert_int_equal(cw_db_query(path, "SELECT count(*) AS n FROM t", &rows, NULL), 0);
		assert_int_equal(cw_json_int(json_array_get(rows, 0), "n", -1), JOBS);
	}
}

/* ---- lanes ---- */

struct racer {
	struct cw_db *db;
	struct cw_world *w;
	int lane, asked, taken, booked;
	atomic_bool over;
};

static void book_next(struct racer *r);

static void booked(int err, const struct cw_booking_result *result, void *arg)
{
	struct racer *r = arg;

	r->taken += !err && result->taken;
	r->booked += !err && !result->taken;
	if (r->asked < JOBS)
		book_next(r);
	else
		atomic_store(&r->over, true);
}

static void book_next(struct racer *r)
{
	char key[32], slot[32];
	struct cw_booking b = {
		.key = key, .call_id = "CA", .name = "n", .phone = "p", .address = "a", .issue = "i", .slot = slot};

	snprintf(key, sizeof(key), "lane-%d-%d", r->lane, r->asked);
	snprintf(slot, sizeof(slot), "2026-03-%02dT%02d:00", 1 + r->asked / 20, r->asked % 20);
	r->asked++;
	if (cw_booking_book(r->w, r->db, r->w, &b, booked, r) != 0)
		atomic_store(&r->over, true);
}

static int lane_begin(struct cw_world *w, void *arg)
{
	struct racer *r = arg;

	r->w = w;
	book_next(r);
	return 0;
}

static void lanes_share_a_database(void **state)
{
	struct counts c = {0};
	struct racer racers[3] = {0};
	struct cw_lane *lanes[3] = {NULL};
	int wins = 0, losses = 0;

	(void)state;
	open_table(&c, "lanes.db");
	for (int i = 0; i < 3; i++) {
		racers[i].db = c.db;
		racers[i].lane = i;

		struct cw_lane_conf conf = {.os = {.seed = 1, .workers = 2},
			.name = "racer",
			.cpu = -1,
			.begin = lane_begin,
			.arg = &racers[i]};

		assert_int_equal(cw_lane_start(NULL, &conf, &lanes[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		for (int waited = 0; !atomic_load(&racers[i].over) && waited < 20000; waited++)
			sqlite3_sleep(1); /* for real threads there is no virtual time */
		assert_true(atomic_load(&racers[i].over));
		talloc_free(lanes[i]);
		wins += racers[i].booked;
		losses += racers[i].taken;
	}
	assert_int_equal(wins, JOBS);
	assert_int_equal(losses, 2 * JOBS);
	assert_int_equal(rows_of(c.db, "SELECT count(*) AS n FROM appointment"), JOBS);
	talloc_free(c.db);
}

CW_TEST_MAIN(cmocka_unit_test(jobs_end_in_order), cmocka_unit_test(an_end_in_the_middle_loses_nothing),
	cmocka_unit_test(lanes_share_a_database))
