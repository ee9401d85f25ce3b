#include "testing.h"

#include <errno.h>

#include "store/booking.h"
#include "world/sim.h"

struct fixture {
	struct cw_world *w;
	struct cw_db *db;
	int calls, err;
	struct cw_booking_result result;
	size_t n_slots;
	char slots[64][17];
};

static int begin(struct fixture *f)
{
	struct cw_sim_conf conf = {.seed = 7};
	int err;

	*f = (struct fixture){.err = -1};
	err = cw_sim_new(NULL, &conf, &f->w);
	if (err)
		return err;
	err = cw_db_open(NULL, ":memory:", &f->db, NULL);
	if (err)
		talloc_free(f->w);
	return err;
}

static void end(struct fixture *f)
{
	talloc_free(f->w);
	talloc_free(f->db);
}

static void booked(int err, const struct cw_booking_result *result, void *arg)
{
	struct fixture *f = arg;

	f->calls++;
	f->err = err;
	if (!err)
		f->result = *result;
}

static int book(struct fixture *f, const char *key, const char *slot)
{
	struct cw_booking b = {.key = key,
		.call_id = "CA1",
		.name = "Maria Lopez",
		.phone = "+14155550134",
		.address = "12 Oak Street",
		.issue = "no heat",
		.slot = slot};
	int err = cw_booking_book(f->w, f->db, f->w, &b, booked, f);

	f->result = (struct cw_booking_result){0};
	if (!err)
		cw_sim_run(f->w, UINT64_MAX);
	return err;
}

static void a_key_books_once(void **state)
{
	struct fixture f;
	struct cw_booking_result first;

	(void)state;
	assert_int_equal(begin(&f), 0);
	assert_int_equal(book(&f, "CA1|book|1", "2026-03-03T09:00"), 0);
	assert_int_equal(f.err, 0);
	assert_false(f.result.replayed);
	assert_false(f.result.taken);
	assert_string_equal(f.result.confirmation, "CW-1001");
	first = f.result;

	assert_int_equal(book(&f, "CA1|book|1", "2026-03-03T09:00"), 0);
	assert_true(f.result.replayed);
	assert_int_equal(f.result.id, first.id);
	assert_string_equal(f.result.confirmation, first.confirmation);

	CW_JSON_SCOPED json_t *rows = NULL;

	assert_int_equal(cw_db_rows(f.db, "SELECT name, phone, slot, confirmation FROM appointment", &rows, NULL), 0);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(cw_json_str(json_array_get(rows, 0), "phone", ""), "+14155550134");
	assert_string_equal(cw_json_str(json_array_get(rows, 0), "confirmation", ""), "CW-1001");
	end(&f);
}

static void a_slot_holds_one_appointment(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(begin(&f), 0);
	assert_int_equal(book(&f, "one", "2026-03-03T09:00"), 0);
	assert_int_equal(book(&f, "two", "2026-03-03T09:00"), 0);
	assert_int_equal(f.err, 0);
	assert_true(f.result.taken);
	assert_int_equal(f.result.id, 0);
	assert_int_equal(book(&f, "two", "2026-03-03T11:00"), 0);
	assert_false(f.result.taken);
	end(&f);
}

static void a_wrong_booking_is_refused(void **state)
{
	struct fixture f;
	char *big = talloc_zero_size(NULL, 4000);

	(void)state;
	memset(big, 'x', 3999);
	assert_int_equal(begin(&f), 0);
	assert_int_equal(book(&f, "", "2026-03-03T09:00"), EINVAL);
	assert_int_equal(book(&f, NULL, "2026-03-03T09:00"), EINVAL);
	assert_int_equal(book(&f, "k", NULL), EINVAL);
	assert_int_equal(book(&f, "k", "tomorrow"), EINVAL);
	assert_int_equal(book(&f, big, "2026-03-03T09:00"), EMSGSIZE);
	assert_int_equal(f.calls, 0);
	talloc_free(big);
	end(&f);
}

static void free_slots(int err, const char *const *slots, size_t n, void *arg)
{
	struct fixture *f = arg;

	f->err = err;
	f->n_slots = n;
	for (size_t i = 0; i < n; i++)
		snprintf(f->slots[i], sizeof(f->slots[i]), "%s", slots[i]);
}

static void ask_slots(struct fixture *f, int64_t from_us, int offset_min, unsigned max)
{
	assert_int_equal(cw_booking_slots(f->w, f->db, f->w, from_us, offset_min, max, free_slots, f), 0);
	cw_sim_run(f->w, UINT64_MAX);
	assert_int_equal(f->err, 0);
}

static void slots_leave_out_what_is_booked(void **state)
{
	struct fixture f;

	(void)state;
	assert_int_equal(begin(&f), 0);
	assert_int_equal(book(&f, "one", "2026-03-02T11:00"), 0);

	ask_slots(&f, cw_wall(f.w), 0, 3); /* Monday 2026-03-02, 09:00 */
	assert_int_equal(f.n_slots, 3);
	assert_string_equal(f.slots[0], "2026-03-02T13:00");
	assert_string_equal(f.slots[1], "2026-03-02T15:00");
	assert_string_equal(f.slots[2], "2026-03-03T09:00");

	ask_slots(&f, cw_wall(f.w), -300, 2); /* 04:00 in New York */
	assert_string_equal(f.slots[0], "2026-03-02T09:00");
	assert_string_equal(f.slots[1], "2026-03-02T13:00");

	ask_slots(&f, cw_wall(f.w), 0, 1000);
	assert_int_equal(f.n_slots, 64);
	end(&f);
}

static void slots_end_with_the_horizon(void **state)
{
	struct fixture f;
	char sql[512];

	(void)state;
	assert_int_equal(begin(&f), 0);

	/* Fill all working hours of half a year. */
	snprintf(sql, sizeof(sql), "x");
	for (int day = 0; day < 190; day++) {
		for (int hour = 9; hour <= 15; hour += 2) {
			time_t t = 1772409600 + (time_t)day * 86400 + (time_t)hour * 3600;
			struct tm tm;
			char slot[32];

			gmtime_r(&t, &tm);
			strftime(slot, sizeof(slot), "%Y-%m-%dT%H:%M", &tm);
			assert_int_equal(book(&f, slot, slot), 0);
		}
	}
	ask_slots(&f, cw_wall(f.w), 0, 10);
	assert_int_equal(f.n_slots, 0);
	end(&f);
}

static void booking_without_memory(void **state)
{
	struct fixture f;
	int err = begin(&f);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	err = book(&f, "key", "2026-03-03T09:00");
	if (err)
		assert_true(cw_test_oom(err));
	else
		assert_int_equal(f.err, 0);
	end(&f);
}

CW_OOM_BODY(booking_without_memory)

CW_TEST_MAIN(CW_TEST(a_key_books_once), CW_TEST(a_slot_holds_one_appointment), CW_TEST(a_wrong_booking_is_refused),
	CW_TEST(slots_leave_out_what_is_booked), CW_TEST(slots_end_with_the_horizon),
	CW_TEST_OOM(booking_without_memory))
