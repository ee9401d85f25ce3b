#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trial/perf/load_int.h"
#include "world/world.h"

#define PROBE_US    5000
#define WAITING_MAX 1000000
#define NEVER       UINT64_MAX

struct caller {
	struct cw_load_lane *lane;
	struct caller *prev, *next;
	struct cw_trial_conf trial; /* the load's, but watched by the tap */
	struct cw_plan_item item;
	struct cw_exec_conf conf;
	struct cw_tap tap;
	struct cw_execution *execution;
	uint64_t intended_us, dialled_us, stalls;
	double integral; /* of the lane when it dialled */
};

static void pump(struct cw_load_lane *l);

/* ---- how many are in the line ---- */

static double integral(struct cw_load_lane *l)
{
	uint64_t now = cw_now(l->world);

	l->live_integral += (double)l->counts.live * (double)(now - l->live_since_us);
	l->live_since_us = now;
	return l->live_integral;
}

static unsigned places(const struct cw_load_lane *l)
{
	unsigned lanes = l->conf->lanes, all = l->conf->concurrency ? l->conf->concurrency : CW_LOAD_LIVE_MAX;

	return all / lanes + (l->index < all % lanes); /* each lane its share */
}

/* Nobody else is meant to dial: this lane's share of --max-calls is used up. */
static bool enough(const struct cw_load_lane *l)
{
	uint64_t lanes = l->conf->lanes, all = l->conf->max_calls;

	return all && l->counts.intended >= all / lanes + (l->index < all % lanes);
}

/* ---- one caller ---- */

static void unlink_caller(struct caller *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->lane->callers = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

static void hung_up(struct cw_execution *x, struct cw_exec_result *result, void *arg)
{
	struct caller *c = arg;
	struct cw_load_lane *l = c->lane;
	double lasted = (double)(cw_now(l->world) - c->dialled_us), spent = integral(l) - c->integral;
	const struct cw_load_call call = {
		.intended_us = c->intended_us,
		.dialled_us = c->dialled_us,
		.concurrency = lasted > 0 ? spent / lasted * l->conf->lanes : l->counts.live,
		.stalled = l->stalls != c->stalls,
		.tap = &c->tap,
		.result = result,
		.key = c->item.key,
	};

	l->counts.live--;
	l->counts.finished++;
	cw_load_count(l, &call);
	(void)talloc_free(result);
	(void)talloc_free(x);
	unlink_caller(c);
	(void)talloc_free(c);
	pump(l);
}

static uint64_t seed_of(const struct cw_load_lane *l, const struct cw_plan_item *item)
{
	return item->seed + (l->seq * l->conf->lanes + l->index) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct caller *new_caller(struct cw_load_lane *l, uint64_t intended_us)
{
	uint64_t number = l->seq * l->conf->lanes + l->index;
	const struct cw_plan_item *item = &l->plan->items[number % l->plan->n];
	struct caller *c = talloc_zero(l, struct caller);

	if (!c)
		return NULL;
	c->lane = l;
	c->intended_us = intended_us;
	c->dialled_us = cw_now(l->world);
	c->stalls = l->stalls;
	c->integral = integral(l);
	c->tap.lag_us = &l->lag_us;
	c->trial = l->conf->trial;
	c->trial.watch = cw_tap_event;
	c->trial.watch_arg = &c->tap;
	c->item = *item;
	c->item.seed = seed_of(l, item);
	c->item.key = talloc_asprintf(c, "%s.c%06llu", item->key, (unsigned long long)number + 1);
	c->conf = (struct cw_exec_conf){.item = &c->item,
		.trial = &c->trial,
		.run_dir = l->run_dir,
		.db_template = l->db_template,
		.babble = l->babble,
		.n_babble = l->n_babble};
	if (!c->item.key)
		TALLOC_FREE(c);
	return c;
}

/* The call counts as made even when memory is short: then it is an error. */
static void dial(struct cw_load_lane *l, uint64_t intended_us)
{
	struct caller *c = new_caller(l, intended_us);

	l->seq++;
	l->counts.dialled++;
	if (!c || cw_execution_start(l->live_parent, l->world, &c->conf, hung_up, c, &c->execution)) {
		l->counts.finished++;
		l->counts.verdict[CW_VERDICT_ERROR]++;
		(void)talloc_free(c);
		return;
	}
	c->next = l->callers;
	if (l->callers)
		l->callers->prev = c;
	l->callers = c;
	l->counts.live++;
	if (l->counts.live > l->counts.peak)
		l->counts.peak = l->counts.live;
}

/* ---- those who wait for a place ---- */

static void wait_for_place(struct cw_load_lane *l, uint64_t intended_us)
{
	if (l->n_waiting == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		uint64_t *ring = room <= WAITING_MAX ? talloc_array(l, uint64_t, room) : NULL;

		if (!ring) {
			l->counts.given_up++;
			return;
		}
		for (size_t i = 0; i < l->n_waiting; i++)
			ring[i] = l->waiting[(l->first_waiting + i) % l->room];
		(void)talloc_free(l->waiting);
		l->waiting = ring;
		l->room = room;
		l->first_waiting = 0;
	}
	l->waiting[(l->first_waiting + l->n_waiting++) % l->room] = intended_us;
}

static void dial_waiting(struct cw_load_lane *l)
{
	while (l->n_waiting && l->counts.live < places(l)) {
		uint64_t intended_us = l->waiting[l->first_waiting];

		l->first_waiting = (l->first_waiting + 1) % l->room;
		l->n_waiting--;
		dial(l, intended_us);
	}
}

/* ---- the scheduler ---- */

static void on_next(void *arg)
{
	pump(arg);
}

/* All whose time has come; *@next_us: when the one after comes, NEVER. */
static void arrive(struct cw_load_lane *l, uint64_t now, uint64_t *next_us)
{
	uint64_t at;

	*next_us = NEVER;
	while (!enough(l) && cw_arrivals_peek(l->arrivals, &at)) {
		at += l->start_us;
		if (at > now) {
			*next_us = at;
			return;
		}
		cw_arrivals_take(l->arrivals);
		l->counts.intended++;
		if (l->counts.live < places(l) && !l->n_waiting) {
			dial(l, at);
		} else {
			l->counts.waited++;
			wait_for_place(l, at);
		}
	}
}

/* A closed load: who hangs up is replaced at once, until the time is over. */
static void replace(struct cw_load_lane *l, uint64_t now, uint64_t *next_us)
{
	uint64_t end = l->start_us + l->conf->duration_us;

	while (now < end && l->counts.live < places(l) && !enough(l)) {
		l->counts.intended++;
		dial(l, now);
	}
	*next_us = now < end && !enough(l) ? end : NEVER;
}

static void end_lane(struct cw_load_lane *l)
{
	l->ended = true;
	cw_timer_stop(&l->next);
	cw_timer_stop(&l->drain);
	cw_timer_stop(&l->probe);
	(void)integral(l);
	l->over(l);
}

static void give_up_waiting(struct cw_load_lane *l)
{
	l->counts.given_up += l->n_waiting;
	l->n_waiting = 0;
}

static void on_drained(void *arg)
{
	cw_load_lane_drop(arg);
}

static void pump(struct cw_load_lane *l)
{
	uint64_t now = cw_now(l->world), next_us = NEVER;

	if (l->ended)
		return;
	if (!l->stopping) {
		dial_waiting(l);
		if (l->arrivals)
			arrive(l, now, &next_us);
		else
			replace(l, now, &next_us);
	}
	if (next_us != NEVER) {
		cw_timer_start(&l->next, next_us > now ? next_us - now : 0, on_next, l);
		return;
	}
	cw_timer_stop(&l->next);
	if (!l->stopping)
		cw_load_lane_stop(l);
	else if (!l->counts.live)
		end_lane(l);
}

void cw_load_lane_stop(struct cw_load_lane *l)
{
	if (l->stopping || l->ended)
		return;
	l->stopping = true;
	cw_timer_stop(&l->next);
	give_up_waiting(l);
	cw_timer_start(&l->drain, l->conf->drain_us, on_drained, l);
	if (!l->counts.live)
		end_lane(l);
}

void cw_load_lane_drop(struct cw_load_lane *l)
{
	if (l->ended)
		return;
	l->stopping = true;
	give_up_waiting(l);
	end_lane(l); /* what is cut has no verdict: dialled, not finished */
}

void cw_load_lane_scale(struct cw_load_lane *l, double factor)
{
	if (!l->arrivals || l->ended || l->stopping)
		return;
	cw_arrivals_scale(l->arrivals, factor, cw_now(l->world) - l->start_us);
	cw_timer_start(&l->next, 0, on_next, l);
}

/* ---- the lane's own lateness ---- */

static void on_probe(void *arg)
{
	struct cw_load_lane *l = arg;
	uint64_t now = cw_now(l->world);

	l->lag_us = now > l->probe_due_us ? now - l->probe_due_us : 0;
	cw_hist_add(l->hist[CW_LOAD_LAG], l->lag_us);
	l->stalls += l->lag_us > CW_LOAD_STALL_US;
	l->probe_due_us = now + PROBE_US;
	cw_timer_start(&l->probe, PROBE_US, on_probe, l);
}

/* ---- beginning and end ---- */

static int open_arrivals(struct cw_load_lane *l)
{
	const struct cw_load_conf *c = l->conf;
	CW_SCOPED struct cw_stage *own = talloc_array(NULL, struct cw_stage, c->n_stages + 1);

	if (!c->n_stages)
		return 0;
	if (!own)
		return ENOMEM;
	for (size_t i = 0; i < c->n_stages; i++) {
		own[i] = c->stages[i];
		own[i].from_per_s /= c->lanes; /* Poisson processes add up to one */
		own[i].to_per_s /= c->lanes;
	}
	return cw_arrivals_new(l, own, c->n_stages, c->constant, c->trial.seed + l->index, &l->arrivals);
}

int cw_load_lane_begin(struct cw_load_lane *l, struct cw_world *w)
{
	int err = open_arrivals(l);

	l->world = w;
	l->lines = CW_BUF(64u << 20);
	l->live_parent = talloc_new(w);
	if (!err && !l->live_parent)
		err = ENOMEM;
	for (int i = 0; !err && i < CW_LOAD_LATENCIES; i++)
		err = cw_hist_new(l, &l->hist[i]);
	if (err)
		return err;
	cw_timer_init(&l->next, w);
	cw_timer_init(&l->probe, w);
	cw_timer_init(&l->drain, w);
	l->start_us = l->live_since_us = cw_now(w);
	l->probe_due_us = l->start_us + PROBE_US;
	cw_timer_start(&l->probe, PROBE_US, on_probe, l);
	cw_timer_start(&l->next, 0, on_next, l);
	return 0;
}

void cw_load_lane_close(struct cw_load_lane *l)
{
	cw_timer_stop(&l->next);
	cw_timer_stop(&l->probe);
	cw_timer_stop(&l->drain);
	TALLOC_FREE(l->live_parent);
}
