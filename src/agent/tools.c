#include "agent/tools.h"

#include <errno.h>

#include "agent/offers.h"
#include "base/mem.h"
#include "store/booking.h"
#include "world/world.h"

struct cw_tool_run {
	struct cw_world *world;
	struct cw_tool_conf conf;
	enum cw_tool tool;
	char *args[CW_ARG_N];
	char *key, *call_id;
	struct cw_timer deadline;
	unsigned attempts;
	void *attempt; /* what the attempts hang from: freed with the run, not between attempts */
	cw_tool_fn *fn;
	void *arg;
};

static void answer(struct cw_tool_run *r, const struct cw_tool_answer *a, const char *error)
{
	cw_tool_fn *fn = r->fn;

	if (!fn)
		return; /* a late answer to an earlier attempt */
	r->fn = NULL;
	cw_timer_stop(&r->deadline);
	fn(a, error, r->arg);
}

static void fail(struct cw_tool_run *r, const char *error)
{
	answer(r, &(struct cw_tool_answer){.outcome = "failed"}, error);
}

static void attempt(struct cw_tool_run *r);

/* Errors are repeated as silence is: after the deadline, so that a busy database gets time. */
static void slots_done(int err, const char *const *slots, size_t n, void *arg)
{
	if (!err)
		answer(arg, &(struct cw_tool_answer){.outcome = "done", .slots = slots, .n_slots = n}, NULL);
}

static void booked(int err, const struct cw_booking_result *result, void *arg)
{
	if (!err)
		answer(arg,
			&(struct cw_tool_answer){
				.outcome = result->taken ? "taken" : "done",
				.confirmation = result->confirmation,
			},
			NULL);
}

static void overdue(void *arg)
{
	struct cw_tool_run *r = arg;

	if (r->attempts <= r->conf.policy->retries)
		attempt(r);
	else
		fail(r, "no answer within the deadline");
}

static int begin(struct cw_tool_run *r)
{
	if (r->tool == CW_TOOL_FIND_SLOTS)
		return cw_booking_slots(r->attempt, r->conf.db, r->world, cw_wall(r->world), r->conf.utc_offset_min,
			CW_OFFERS_FREE, slots_done, r);

	struct cw_booking b = {
		.key = r->key,
		.call_id = r->call_id,
		.name = r->args[CW_ARG_NAME],
		.phone = r->args[CW_ARG_PHONE],
		.address = r->args[CW_ARG_ADDRESS],
		.issue = r->args[CW_ARG_ISSUE],
		.slot = r->args[CW_ARG_SLOT],
	};

	return cw_booking_book(r->attempt, r->conf.db, r->world, &b, booked, r);
}

static void attempt(struct cw_tool_run *r)
{
	r->attempts++;
	cw_timer_start(&r->deadline, r->conf.policy->deadline_us, overdue, r);
	(void)begin(r); /* an attempt which could not even start is repeated like one without an answer */
}

static int run_free(struct cw_tool_run *r)
{
	cw_timer_stop(&r->deadline);
	return 0;
}

int cw_tool_start(void *parent, struct cw_world *w, const struct cw_tool_conf *conf, enum cw_tool tool,
	const json_t *args, const char *key, cw_tool_fn *fn, void *arg, struct cw_tool_run **ret)
{
	CW_SCOPED struct cw_tool_run *r = talloc_zero(NULL, struct cw_tool_run);

	if (!r)
		return ENOMEM;
	r->world = w;
	r->conf = *conf;
	r->tool = tool;
	r->fn = fn;
	r->arg = arg;
	r->key = talloc_strdup(r, key);
	r->call_id = talloc_strdup(r, conf->call_id);
	r->attempt = talloc_new(r);
	cw_timer_init(&r->deadline, w);
	talloc_set_destructor(r, run_free);
	for (size_t i = 0; i < CW_ARG_N; i++) {
		r->args[i] = talloc_strdup(r, cw_json_str(args, cw_tool_arg_names[i], ""));
		if (!r->args[i])
			return ENOMEM;
	}
	if (!r->key || !r->call_id || !r->attempt)
		return ENOMEM;
	attempt(r);
	*ret = talloc_move(parent, &r);
	return 0;
}
