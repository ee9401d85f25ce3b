/*
 * Processes which book in a loop are killed at random moments; others race them for the same keys and slots. Afterwards each
 * key must have at most one row, each row must be whole, and each answer given out before the kill must be found again.
 */
#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/booking.h"
#include "world/sim.h"

#define ROUNDS 25

struct answer {
	int number;
	int64_t id;
};

struct booker {
	int out; /* answers go here */
	int number;
};

static void answered(int err, const struct cw_booking_result *result, void *arg)
{
	struct booker *b = arg;
	struct answer a = {b->number, err ? -1 : result->id};

	if (write(b->out, &a, sizeof(a)) != sizeof(a))
		_exit(3);
}

/* Key number n wants slot n: every process that takes part books the same. */
static void book_numbers(const char *path, int out, int from, int count)
{
	struct cw_sim_conf conf = {.seed = 3};
	struct cw_world *w = NULL;
	struct cw_db *db = NULL;

	if (cw_sim_new(NULL, &conf, &w) != 0 || cw_db_open(NULL, path, &db, NULL) != 0)
		_exit(2);
	for (int n = from; n < from + count; n++) {
		time_t t = 1772442000 + (time_t)n * 3600;
		struct tm tm;
		char key[32], slot[32];
		struct booker b = {out, n};

		gmtime_r(&t, &tm);
		strftime(slot, sizeof(slot), "%Y-%m-%dT%H:%M", &tm);
		snprintf(key, sizeof(key), "key-%d", n);

		struct cw_booking booking = {.key = key,
			.call_id = "CA",
			.name = "Maria Lopez",
			.phone = "+14155550134",
			.address = "12 Oak Street",
			.issue = "no heat",
			.slot = slot};

		if (cw_booking_book(w, db, w, &booking, answered, &b) != 0)
			_exit(4);
		cw_sim_run(w, UINT64_MAX);
	}
	_exit(0);
}

static pid_t start_booker(const char *path, int *in, int from, int count)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);

	pid_t pid = fork();

	if (pid == 0) {
		close(fds[0]);
		book_numbers(path, fds[1], from, count);
	}
	close(fds[1]);
	*in = fds[0];
	return pid;
}

/* The booking numbered @n has row @id. */
static void check_answer(struct cw_db *db, const struct answer *a)
{
	char sql[128];
	CW_JSON_SCOPED json_t *rows = NULL;

	snprintf(sql, sizeof(sql), "SELECT id FROM appointment WHERE booking_key = 'key-%d'", a->number);
	assert_int_equal(cw_db_rows(db, sql, &rows, NULL), 0);
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(cw_json_int(json_array_get(rows, 0), "id", -1), a->id);
}

static size_t drain(struct cw_db *db, int in)
{
	struct answer a;
	size_t n = 0;

	for (; read(in, &a, sizeof(a)) == sizeof(a); n++)
		check_answer(db, &a);
	close(in);
	return n;
}

static void check_whole(struct cw_db *db)
{
	CW_JSON_SCOPED json_t *sound = NULL, *halves = NULL, *twice = NULL;

	assert_int_equal(cw_db_rows(db, "PRAGMA integrity_check", &sound, NULL), 0);
	assert_string_equal(cw_json_str(json_array_get(sound, 0), "integrity_check", ""), "ok");
	assert_int_equal(
		cw_db_rows(db,
			"SELECT id FROM appointment WHERE name = '' OR phone = '' OR slot = '' OR confirmation IS NULL",
			&halves, NULL),
		0);
	assert_int_equal(json_array_size(halves), 0);
	assert_int_equal(cw_db_rows(db, "SELECT booking_key FROM appointment GROUP BY booking_key HAVING count(*) > 1",
				 &twice, NULL),
		0);
	assert_int_equal(json_array_size(twice), 0);
}

static void a_kill_leaves_no_half_booking(void **state)
{
	char path[256];
	struct cw_rng rng;
	size_t answers = 0, killed = 0;

	(void)state;
	cw_rng_init(&rng, 20260302);
	snprintf(path, sizeof(path), "%s/kill.db", cw_test_tmp());
	for (int round = 0; round < ROUNDS; round++) {
		struct cw_db *db = NULL;
		int in[2], status;
		pid_t victim = start_booker(path, &in[0], round * 40, 100000);
		pid_t rival = start_booker(path, &in[1], round * 40, 40);

		usleep(500 + cw_rng_below(&rng, 40000)); /* a real moment in real time is the point of this test */
		kill(victim, SIGKILL);
		waitpid(victim, &status, 0);
		killed += WIFSIGNALED(status);
		waitpid(rival, &status, 0);
		assert_int_equal(status, 0);

		assert_int_equal(cw_db_open(NULL, path, &db, NULL), 0);
		answers += drain(db, in[0]) + drain(db, in[1]);
		check_whole(db);
		talloc_free(db);
	}
	print_message("# %zu answers checked, %zu processes killed\n", answers, killed);
	assert_int_equal(killed, ROUNDS);
	assert_true(answers >= ROUNDS * 40);
}

CW_TEST_MAIN(CW_TEST(a_kill_leaves_no_half_booking))
