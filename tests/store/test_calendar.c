#include "testing.h"

#include "store/calendar.h"

static void slots_are_real_times(void **state)
{
	(void)state;
	assert_true(cw_slot_valid("2026-03-03T09:00"));
	assert_true(cw_slot_valid("2028-02-29T23:59"));
	assert_false(cw_slot_valid("2026-02-29T09:00"));
	assert_false(cw_slot_valid("2026-03-03T24:00"));
	assert_false(cw_slot_valid("2026-03-03 09:00"));
	assert_false(cw_slot_valid("2026-3-3T9:00"));
	assert_false(cw_slot_valid("2026-03-03T09:00:00"));
	assert_false(cw_slot_valid(""));
}

static void slots_follow_each_other(void **state)
{
	static const char *const want[] = {
		"2026-03-06T13:00", "2026-03-06T15:00", "2026-03-09T09:00", "2026-03-09T11:00"};
	int64_t local_s = 1772794800; /* 2026-03-06 11:00, a Friday */
	char slot[CW_SLOT_SIZE];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(want); i++) {
		cw_slot_next(&local_s, slot);
		assert_string_equal(slot, want[i]);
	}
}

static void slots_begin_later_than_asked(void **state)
{
	int64_t local_s = 1772794800 - 1;
	char slot[CW_SLOT_SIZE];

	(void)state;
	cw_slot_next(&local_s, slot);
	assert_string_equal(slot, "2026-03-06T11:00");
	assert_int_equal(local_s, 1772794800);
}

static void slots_before_1970(void **state)
{
	int64_t local_s = -5 * 86400 - 1; /* 26 December 1969, 23:59:59, a Friday */
	char slot[CW_SLOT_SIZE];

	(void)state;
	cw_slot_next(&local_s, slot);
	assert_string_equal(slot, "1969-12-29T09:00");
}

CW_TEST_MAIN(CW_TEST(slots_are_real_times), CW_TEST(slots_follow_each_other), CW_TEST(slots_begin_later_than_asked),
	CW_TEST(slots_before_1970))
