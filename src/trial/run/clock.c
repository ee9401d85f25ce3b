/* The floor under every latency measured in this run: what the transports in use take by themselves, measured once. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "trial/execute/target.h"
#include "trial/run/run_int.h"
#include "world/os.h"

#define MESSAGES  50 /* one in 20 ms */
#define WITHIN_US 3000000u

static bool reached_by(const struct cw_run *r, const char *prefix)
{
	for (size_t i = 0; i < r->plan->n; i++)
		if (cw_str_starts(cw_str(r->plan->items[i].target), prefix))
			return true;
	return false;
}

static void on_measured(int err, const struct cw_loopback *result, void *arg)
{
	struct cw_run *r = arg;

	if (!err)
		r->clock = *result;
	cw_os_stop(r->world);
}

void cw_run_measure_clock(struct cw_run *r)
{
	struct cw_loopback_probe *probe = NULL;

	if (r->trial.sim || !reached_by(r, "twilio:") ||
		cw_loopback_measure(r->live, r->world, MESSAGES, on_measured, r, &probe))
		return; /* a run without a floor says so; it is no worse for that */
	cw_os_run_for(r->world, WITHIN_US);
	(void)talloc_free(probe);
}

static json_t *floor_json(double floor_us, double jitter_us, unsigned n)
{
	return json_pack(
		"{s:f, s:f, s:I}", "floor_ms", floor_us / 1000, "jitter_ms", jitter_us / 1000, "n", (json_int_t)n);
}

json_t *cw_run_clock_json(const struct cw_run *r)
{
	const struct cw_loopback *c = &r->clock;
	json_t *o = json_object();
	int err = 0;

	if (o && reached_by(r, "agent:")) /* two ends of one memory */
		err = json_object_set_new(o, "agent", floor_json(0, 0, 0));
	if (o && !err && reached_by(r, "twilio:"))
		err = json_object_set_new(
			o, "twilio", c->n ? floor_json((double)c->floor_us, (double)c->jitter_us, c->n) : json_null());
	if (!err)
		return o;
	json_decref(o);
	return NULL;
}
