#include "testing.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/db.h"
#include "world/sim.h"

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", cw_test_tmp(), name);
	return path;
}

static void raw(const char *path, const char *text)
{
	sqlite3 *sql = NULL;

	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
}

static int64_t number(struct cw_db *db, const char *sql)
{
	CW_JSON_SCOPED json_t *rows = NULL;

	assert_int_equal(cw_db_rows(db, sql, &rows, NULL), 0);
	assert_int_equal(json_array_size(rows), 1);
	return json_integer_value(json_object_iter_value(json_object_iter(json_array_get(rows, 0))));
}

static void open_makes_the_schema_once(void **state)
{
	const char *path = path_of("schema.db");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct cw_db *db = NULL;

		assert_int_equal(cw_db_open(NULL, path, &db, NULL), 0);
		assert_int_equal(number(db, "SELECT count(*) AS n FROM appointment"), 0);
		assert_true(number(db, "PRAGMA user_version") >= 1);
		assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
		assert_int_equal(number(db, "PRAGMA synchronous"), 1);
		assert_int_equal(cw_db_relax(db), 0);
		assert_int_equal(number(db, "PRAGMA synchronous"), 0);
		talloc_free(db);
	}
}

static void open_tells_what_is_wrong(void **state)
{
	struct cw_db *db = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_db_open(NULL, path_of("no/such/folder.db"), &db, &why), ENOENT);
	assert_non_null(strstr(why.text, "folder does not exist"));

	const char *path = path_of("text.db");
	FILE *f = fopen(path, "w");

	for (int i = 0; i < 200; i++)
		fputs("this is no database\n", f);
	fclose(f);
	why = (struct cw_why){0};
	assert_int_equal(cw_db_open(NULL, path, &db, &why), EBADMSG);
	assert_string_equal(why.file, path);

	path = path_of("newer.db");
	raw(path, "PRAGMA user_version = 9999");
	why = (struct cw_why){0};
	assert_int_equal(cw_db_open(NULL, path, &db, &why), EPROTO);
	assert_non_null(strstr(why.text, "newer callwright"));
	assert_null(db);
}

static void open_refuses_a_file_it_may_not_write(void **state)
{
	struct cw_db *db = NULL;
	const char *path = path_of("sealed.db");

	(void)state;
	if (geteuid() == 0) {
		print_message("# skipped: root may write everywhere\n");
		skip();
	}
	raw(path, "CREATE TABLE t (a)");
	chmod(path, 0400);
	assert_int_equal(cw_db_open(NULL, path, &db, NULL), EACCES);
}

/* Several processes that start together on one new file all come up, and the schema is made once. */
static void open_is_safe_in_many_processes(void **state)
{
	const char *path = path_of("together.db");
	pid_t pids[6];
	struct cw_db *db = NULL;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(cw_db_open(NULL, path, &db, NULL) == 0 ? 0 : 1);
	}
	for (size_t i = 0; i < CW_COUNT(pids); i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(cw_db_open(NULL, path, &db, NULL), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM appointment"), 0);
	talloc_free(db);
}

static void query_reads_and_only_reads(void **state)
{
	char path[256];
	CW_JSON_SCOPED json_t *rows = NULL;
	struct cw_why why = {0};

	(void)state;
	snprintf(path, sizeof(path), "%s", path_of("query.db"));
	raw(path, "CREATE TABLE t (a, b, c, d); INSERT INTO t VALUES (1, 'two', 2.5, NULL), (3, 'four', 0.5, x'00')");
	assert_int_equal(cw_db_query(path, "SELECT * FROM t ORDER BY a", &rows, NULL), 0);
	assert_int_equal(json_array_size(rows), 2);
	assert_int_equal(cw_json_int(json_array_get(rows, 0), "a", 0), 1);
	assert_string_equal(cw_json_str(json_array_get(rows, 1), "b", ""), "four");
	assert_true(json_is_null(json_object_get(json_array_get(rows, 0), "d")));

	json_t *untouched = NULL;

	assert_int_equal(cw_db_query(path, "DELETE FROM t", &untouched, &why), EINVAL);
	assert_non_null(strstr(why.text, "only SELECT"));
	assert_int_equal(cw_db_query(path, "SELECT nonsense", &untouched, NULL), EINVAL);
	assert_int_equal(cw_db_query(path, "", &untouched, NULL), EINVAL);
	assert_int_equal(cw_db_query(path_of("absent.db"), "SELECT 1", &untouched, NULL), ENOENT);
	assert_int_equal(
		cw_db_query(path,
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n",
			&untouched, NULL),
		E2BIG);
	assert_null(untouched);
}

/* ---- jobs ---- */

struct job {
	struct cw_db *db;
	int number;
	int result; /* what run returns */
	int seen, disposed, err;
	int *order, *next;
};

static int insert_run(sqlite3 *sql, void *arg)
{
	struct job *j = arg;

	if (sqlite3_exec(sql, "INSERT INTO t (a) VALUES (1)", NULL, NULL, NULL) != SQLITE_OK)
		return EIO;
	return j->result;
}

static void insert_done(int err, void *arg)
{
	struct job *j = arg;

	j->seen++;
	j->err = err;
	if (j->order)
		j->order[(*j->next)++] = j->number;
}

static void insert_dispose(void *arg)
{
	struct job *j = arg;

	j->disposed++;
}

static int submit(void *parent, struct cw_db *db, struct cw_world *w, struct job *j)
{
	struct cw_db_job job = {
		.run = insert_run, .done = insert_done, .dispose = insert_dispose, .arg = j, .label = "db.test"};

	return cw_db_submit(parent, db, w, &job);
}

static int open_table(struct cw_db **db, struct cw_world **w)
{
	struct cw_sim_conf conf = {.seed = 1};
	const char *path = path_of("jobs.db");
	int err;

	(void)remove(path);
	raw(path, "CREATE TABLE t (a)");
	err = cw_db_open(NULL, path, db, NULL);
	if (!err && (err = cw_sim_new(NULL, &conf, w)) != 0)
		talloc_free(*db);
	return err;
}

static void jobs_end_in_order_after_three_ms(void **state)
{
	struct cw_db *db = NULL;
	struct cw_world *w = NULL;
	struct job jobs[5] = {0};
	int order[5], next = 0;

	(void)state;
	assert_int_equal(open_table(&db, &w), 0);

	uint64_t start_us = cw_now(w);

	for (int i = 0; i < 5; i++) {
		jobs[i] = (struct job){.number = i, .order = order, .next = &next};
		assert_int_equal(submit(db, db, w, &jobs[i]), 0);
		assert_int_equal(jobs[i].seen, 0);
	}
	cw_sim_run(w, UINT64_MAX);
	assert_int_equal(cw_now(w) - start_us, 3000);
	assert_int_equal(next, 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(order[i], i);
		assert_int_equal(jobs[i].disposed, 1);
	}
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 5);
	talloc_free(w);
	talloc_free(db);
}

static void a_failing_job_leaves_nothing(void **state)
{
	struct cw_db *db = NULL;
	struct cw_world *w = NULL;
	struct job j = {.result = ERANGE};

	(void)state;
	assert_int_equal(open_table(&db, &w), 0);
	assert_int_equal(submit(db, db, w, &j), 0);
	cw_sim_run(w, UINT64_MAX);
	assert_int_equal(j.err, ERANGE);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 0);
	talloc_free(w);
	talloc_free(db);
}

static void a_freed_parent_hears_nothing(void **state)
{
	struct cw_db *db = NULL;
	struct cw_world *w = NULL;
	void *parent = talloc_new(NULL);
	struct job j = {0};

	(void)state;
	assert_int_equal(open_table(&db, &w), 0);
	assert_int_equal(submit(parent, db, w, &j), 0);
	talloc_free(parent);
	cw_sim_run(w, UINT64_MAX);
	assert_int_equal(j.seen, 0);
	assert_int_equal(j.disposed, 1);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
	talloc_free(w);
	talloc_free(db);
}

static void a_freed_world_or_database_hears_nothing(void **state)
{
	struct cw_db *db = NULL;
	struct cw_world *w = NULL;
	struct job first = {0}, second = {0};
	void *parent = talloc_new(NULL);

	(void)state;
	assert_int_equal(open_table(&db, &w), 0);
	assert_int_equal(submit(parent, db, w, &first), 0);
	talloc_free(db);
	cw_sim_run(w, UINT64_MAX);
	assert_int_equal(first.seen, 0);
	assert_int_equal(first.disposed, 1);
	talloc_free(w);

	assert_int_equal(open_table(&db, &w), 0);
	assert_int_equal(submit(parent, db, w, &second), 0);
	talloc_free(w);
	assert_int_equal(second.seen, 0);
	assert_int_equal(second.disposed, 1);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
	talloc_free(parent);
	talloc_free(db);
}

static void free_everything(int err, void *arg)
{
	struct job *j = arg;

	j->err = err;
	talloc_free(j->db);
	j->db = NULL;
}

static void a_handler_may_free_the_database(void **state)
{
	struct cw_db *db = NULL;
	struct cw_world *w = NULL;
	struct job j = {.err = -1};
	struct cw_db_job job = {.run = insert_run, .done = free_everything, .dispose = insert_dispose, .arg = &j};

	(void)state;
	assert_int_equal(open_table(&db, &w), 0);
	j.db = db;
	assert_int_equal(cw_db_submit(db, db, w, &job), 0);
	cw_sim_run(w, UINT64_MAX);
	assert_int_equal(j.err, 0);
	assert_int_equal(j.disposed, 1);
	assert_null(j.db);
	talloc_free(w);
}

static void submit_without_memory(void **state)
{
	struct cw_db *db = NULL;
	struct cw_world *w = NULL;
	struct job j = {0};
	int err = open_table(&db, &w);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	err = submit(db, db, w, &j);
	if (err) {
		assert_true(cw_test_oom(err));
		assert_int_equal(j.disposed, 0);
	} else {
		cw_sim_run(w, UINT64_MAX);
		assert_int_equal(j.disposed, 1);
	}
	talloc_free(w);
	talloc_free(db);
}

CW_OOM_BODY(submit_without_memory)

CW_TEST_MAIN(CW_TEST(open_makes_the_schema_once), CW_TEST(open_tells_what_is_wrong),
	CW_TEST(open_refuses_a_file_it_may_not_write), CW_TEST(open_is_safe_in_many_processes),
	CW_TEST(query_reads_and_only_reads), CW_TEST(jobs_end_in_order_after_three_ms),
	CW_TEST(a_failing_job_leaves_nothing), CW_TEST(a_freed_parent_hears_nothing),
	CW_TEST(a_freed_world_or_database_hears_nothing), CW_TEST(a_handler_may_free_the_database),
	CW_TEST_OOM(submit_without_memory))
