#include "testing.h"

#include "agent/tools.h"
#include "store/db.h"
#include "world/sim.h"

struct fixture {
	struct cw_world *w;
	struct cw_db *db;
	struct cw_agent_tool policy;
	unsigned answers;
	char outcome[16], confirmation[16], error[64];
	size_t n_slots;
	uint64_t at_us;
	struct cw_tool_run *run;
	bool free_in_handler;
};

static int begin(struct fixture *f, const struct cw_sim_conf *conf)
{
	int err;

	*f = (struct fixture){.policy = {.deadline_us = 500000, .retries = 2}};
	err = cw_sim_new(NULL, conf, &f->w);
	if (!err && (err = cw_db_open(NULL, ":memory:", &f->db, NULL)) != 0)
		talloc_free(f->w);
	return err;
}

static void end(struct fixture *f)
{
	talloc_free(f->w);
	talloc_free(f->db);
}

static void answered(const struct cw_tool_answer *answer, const char *error, void *arg)
{
	struct fixture *f = arg;

	f->answers++;
	f->n_slots = answer->n_slots;
	f->at_us = cw_now(f->w);
	snprintf(f->outcome, sizeof(f->outcome), "%s", answer->outcome);
	snprintf(f->confirmation, sizeof(f->confirmation), "%s", answer->confirmation ? answer->confirmation : "");
	snprintf(f->error, sizeof(f->error), "%s", error ? error : "");
	if (f->free_in_handler)
		talloc_free(f->run);
}

static int start(struct fixture *f, enum cw_tool tool, const char *slot, const char *key)
{
	struct cw_tool_conf conf = {.db = f->db, .call_id = "CA1", .policy = &f->policy};
	CW_JSON_SCOPED json_t *args =
		json_pack("{s:s, s:s, s:s}", "name", "Maria Lopez", "phone", "+14155550134", "slot", slot);

	return cw_tool_start(f->w, f->w, &conf, tool, args, key, answered, f, &f->run);
}

static int64_t appointments(struct cw_db *db)
{
	CW_JSON_SCOPED json_t *rows = NULL;

	assert_int_equal(cw_db_rows(db, "SELECT count(*) AS n FROM appointment", &rows, NULL), 0);
	return cw_json_int(json_array_get(rows, 0), "n", -1);
}

static void both_tools_answer(void **state)
{
	struct cw_sim_conf conf = {.seed = 1};
	struct fixture f;

	(void)state;
	assert_int_equal(begin(&f, &conf), 0);
	assert_int_equal(start(&f, CW_TOOL_FIND_SLOTS, "", "k0"), 0);
	assert_int_equal(f.answers, 0);
	cw_sim_run(f.w, UINT64_MAX);
	assert_int_equal(f.answers, 1);
	assert_int_equal(f.n_slots, 40);

	assert_int_equal(start(&f, CW_TOOL_CREATE_BOOKING, "2026-03-03T09:00", "k1"), 0);
	cw_sim_run(f.w, UINT64_MAX);
	assert_string_equal(f.outcome, "done");
	assert_string_equal(f.confirmation, "CW-1001");

	assert_int_equal(start(&f, CW_TOOL_CREATE_BOOKING, "2026-03-03T09:00", "k2"), 0);
	cw_sim_run(f.w, UINT64_MAX);
	assert_string_equal(f.outcome, "taken");
	assert_int_equal(f.answers, 3);
	end(&f);
}

/* Every completion is stalled: the retries run with the same key, so one row is booked although nobody ever heard of it. */
static void a_stalled_booking_fails_in_time_and_books_once(void **state)
{
	struct cw_sim_conf conf = {.seed = 2, .fault = {[CW_FAULT_STALL] = 1.0}};
	struct fixture f;

	(void)state;
	assert_int_equal(begin(&f, &conf), 0);
	assert_int_equal(start(&f, CW_TOOL_CREATE_BOOKING, "2026-03-03T09:00", "k1"), 0);
	cw_sim_run(f.w, UINT64_MAX);
	assert_int_equal(f.answers, 1);
	assert_string_equal(f.outcome, "failed");
	assert_true(f.error[0] != '\0');
	assert_int_equal(f.at_us, 1500000);
	assert_int_equal(appointments(f.db), 1);
	end(&f);
}

static void late_answers_count_once(void **state)
{
	struct cw_sim_conf conf = {.seed = 3, .fault = {[CW_FAULT_LATE] = 1.0}};
	struct fixture f;

	(void)state;
	assert_int_equal(begin(&f, &conf), 0);
	f.policy.deadline_us = 3000000;
	for (int i = 0; i < 30; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i % 10);
		f.answers = 0;
		assert_int_equal(
			start(&f, CW_TOOL_CREATE_BOOKING, i % 10 == 0 ? "2026-03-03T09:00" : "2026-03-04T09:00", key),
			0);
		cw_sim_run(f.w, UINT64_MAX);
		assert_int_equal(f.answers, 1);
	}
	assert_int_equal(appointments(f.db), 2);
	end(&f);
}

static void a_run_may_be_freed_at_any_time(void **state)
{
	struct cw_sim_conf conf = {.seed = 4};
	struct fixture f;

	(void)state;
	assert_int_equal(begin(&f, &conf), 0);
	assert_int_equal(start(&f, CW_TOOL_CREATE_BOOKING, "2026-03-03T09:00", "k1"), 0);
	talloc_free(f.run);
	cw_sim_run(f.w, UINT64_MAX);
	assert_int_equal(f.answers, 0);
	assert_int_equal(appointments(f.db), 1);

	f.free_in_handler = true;
	assert_int_equal(start(&f, CW_TOOL_FIND_SLOTS, "", "k2"), 0);
	cw_sim_run(f.w, UINT64_MAX);
	assert_int_equal(f.answers, 1);
	end(&f);
}

CW_TEST_MAIN(CW_TEST(both_tools_answer), CW_TEST(a_stalled_booking_fails_in_time_and_books_once),
	CW_TEST(late_answers_count_once), CW_TEST(a_run_may_be_freed_at_any_time))
