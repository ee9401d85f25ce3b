#include "facts.h"

#include <errno.h>
#include <string.h>

#include "agent/offers.h"
#include "base/json.h"
#include "call/timeline.h"
#include "store/calendar.h"
#include "store/db.h"

#define OFFICE_OFFSET_S (-300 * 60) /* utc_offset_min of agents/hvac.yaml */
#define DAY_S           86400

static const char *const first_names[] = {"Maria", "John", "Linda", "Robert", "Susan", "David", "Karen", "James",
	"Nancy", "Peter", "Laura", "Thomas", "Julia", "Frank", "Emma", "Daniel", "Carol", "Steven", "Alice", "George"};
static const char *const last_names[] = {"Lopez", "Smith", "Johnson", "Brown", "Miller", "Davis", "Wilson", "Moore",
	"Taylor", "Anderson", "Jackson", "Harris", "Martin", "Thompson", "Garcia"};

struct bookings {
	json_t *rows;
};

struct cw_date facts_today(int64_t wall_us)
{
	return cw_date_of_unix(wall_us / 1000000 + OFFICE_OFFSET_S);
}

/* "December first" holds the words for the first of the times offered. */
static bool like_an_offer(const char *slot)
{
	return slot[8] == '0' && slot[9] <= '3';
}

/* The @k-th time from tomorrow on. */
static void wish(char *out, size_t size, unsigned k, int64_t wall_us)
{
	struct cw_date today = facts_today(wall_us);
	int64_t local_s = wall_us / 1000000 + OFFICE_OFFSET_S;
	char slot[CW_SLOT_SIZE];
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(128);

	local_s += DAY_S - local_s % DAY_S;
	for (unsigned i = 0; i <= k; i += !like_an_offer(slot))
		cw_slot_next(&local_s, slot);
	cw_offer_spoken(&b, slot, &today);
	snprintf(out, size, "%s", b.p ? b.p : "");
	if (*out >= 'a' && *out <= 'z')
		*out = (char)(*out - 'a' + 'A');
}

void facts_make(struct facts *f, unsigned i, unsigned k, int64_t wall_us)
{
	unsigned round = i / (CW_COUNT(first_names) * CW_COUNT(last_names));

	snprintf(f->name, sizeof(f->name), "%s %s", first_names[i % CW_COUNT(first_names)],
		last_names[(i / CW_COUNT(first_names) + round) % CW_COUNT(last_names)]);
	snprintf(f->address, sizeof(f->address), "%u Oak Street", 100 + i);
	snprintf(f->phone, sizeof(f->phone), "415 555 %04u", 1000 + i % 9000);
	snprintf(f->e164, sizeof(f->e164), "+1415555%04u", 1000 + i % 9000);
	wish(f->wish, sizeof(f->wish), k % 10 == 9 ? k - 1 : k, wall_us);
	wish(f->second, sizeof(f->second), k % 10 == 8 ? k + 1 : k, wall_us);
}

/* ---- afterwards ---- */

static int bookings_free(struct bookings *b)
{
	json_decref(b->rows);
	return 0;
}

int bookings_open(void *parent, const char *db_path, struct bookings **ret, struct cw_why *why)
{
	CW_SCOPED struct bookings *b = talloc_zero(NULL, struct bookings);

	if (!b)
		return ENOMEM;

	int err = cw_db_query(db_path, "SELECT name, phone, address, slot FROM appointment", &b->rows, why);

	if (err)
		return err;
	talloc_set_destructor(b, bookings_free);
	*ret = talloc_move(parent, &b);
	return 0;
}

size_t bookings_count(const struct bookings *b)
{
	return json_array_size(b->rows);
}

/* The last turn of the agent, as the caller heard it, which holds @words. */
static const char *heard(const struct cw_timeline *caller, const char *words)
{
	const char *found = NULL;
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(caller, &from, CW_EV_TURN_ENDED, CW_SIDE_AGENT));) {
		const char *text = cw_json_str(e->data, "text", "");

		found = strstr(text, words) ? text : found;
	}
	return found;
}

static const json_t *only_row(const struct bookings *b, const struct facts *f, unsigned *n)
{
	const json_t *found = NULL;
	size_t i;
	json_t *row;

	*n = 0;
	json_array_foreach (b->rows, i, row) {
		if (strcmp(cw_json_str(row, "phone", ""), f->e164) != 0)
			continue;
		found = row;
		(*n)++;
	}
	return found;
}

bool bookings_hold(const struct bookings *b, const struct facts *f, const struct cw_timeline *caller,
	const struct cw_date *today, bool *wished, char *reason, size_t size)
{
	unsigned n;
	const json_t *row = only_row(b, f, &n);
	const char *read_back = heard(caller, "Let me read that back"), *slot = cw_json_str(row, "slot", "");
	CW_BUF_SCOPED struct cw_buf spoken = CW_BUF(128);

	if (n != 1) {
		snprintf(reason, size, "%s, %s: %u appointments, expected one", f->name, f->e164, n);
		return false;
	}
	if (cw_slot_valid(slot))
		cw_offer_spoken(&spoken, slot, today);
	if (strcmp(cw_json_str(row, "name", ""), f->name) || strcmp(cw_json_str(row, "address", ""), f->address))
		snprintf(reason, size, "%s, %s: booked for %s, %s", f->name, f->e164, cw_json_str(row, "name", ""),
			cw_json_str(row, "address", ""));
	else if (!read_back || !spoken.p || !strstr(read_back, spoken.p))
		snprintf(reason, size, "%s, %s: booked at %s, which was not what was read back: %.120s", f->name,
			f->e164, slot, read_back ? read_back : "nothing");
	else if (!heard(caller, "confirmation number"))
		snprintf(reason, size, "%s, %s: booked, and not told so", f->name, f->e164);
	else
		*reason = '\0';
	*wished = spoken.p && !strcmp(spoken.p + 1, f->wish + 1);
	return !*reason;
}
