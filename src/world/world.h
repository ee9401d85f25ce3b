/*
 * world.h: clock, timers, randomness, background work of one thread; the network is in net.h
 *
 * All code asks its world for time, randomness and the outside. There are two: os.h (libuv, real time) and sim.h (in
 * memory, virtual time, seeded). The same code runs in both. A world belongs to one thread (its lane); only cw_post() may
 * be called from others.
 *
 * Rules for everything that takes a handler: no handler runs before the function which started the work has returned, none
 * after talloc_free() of the object, `closed` comes at most once and last, an object may be freed in its own handler.
 * Handles of one exchange (cw_work, cw_proc, cw_http) free themselves when `done` or `closed` returned, unless that handler
 * freed them: forget the pointer there. A cw_ws stays, dead, until its owner frees it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct cw_world;

typedef void cw_fn(void *arg);
typedef void cw_timer_fn(void *arg);
typedef void cw_work_fn(void *arg);

uint64_t cw_now(struct cw_world *w); /* monotonic, microseconds; constant while a handler runs in sim, cheap in os */
int64_t cw_wall(struct cw_world *w); /* Unix time, microseconds */
struct cw_rng *cw_rng(struct cw_world *w); /* the only randomness */
bool cw_world_is_sim(const struct cw_world *w);

/* ---- timers: embedded in their owner ---- */

struct cw_timer {
	struct cw_world *world;
	cw_timer_fn *fn;
	void *arg;
	uint64_t at_us;
	uint64_t seq; /* orders timers of one instant by start */
	size_t slot;  /* 1-based place in the world's heap, 0 = idle */
};

void cw_timer_init(struct cw_timer *t, struct cw_world *w);
/* (Re)start: @fn runs once after @delay_us. The owner's destructor must cw_timer_stop(). A heap of all timers grows by
 * doubling; when memory is short the process-wide assertion fires (a timer start cannot fail). */
void cw_timer_start(struct cw_timer *t, uint64_t delay_us, cw_timer_fn *fn, void *arg);
void cw_timer_stop(struct cw_timer *t); /* idle timers too */
static inline bool cw_timer_active(const struct cw_timer *t)
{
	return t->slot != 0;
}

/* ---- ticks: the 20 ms pacing wheel ----
 * Thousands of calls tick every 20 ms: one world timer per millisecond slot of a 20-slot wheel serves them all. */

#define CW_TICK_US 20000

struct cw_tick {
	struct cw_world *world;
	cw_timer_fn *fn;
	void *arg;
	struct cw_tick *prev, *next; /* in its slot; NULL when idle */
	unsigned slot;
};

void cw_tick_init(struct cw_tick *t, struct cw_world *w);
/* Call @fn every 20 ms from now + 20 ms on (phase rounded to the wheel's millisecond in os, exact µs phase of the slot in
 * sim as well). Late ticks are not made up: the handler compares cw_now() and catches up itself. */
void cw_tick_start(struct cw_tick *t, cw_timer_fn *fn, void *arg);
void cw_tick_stop(struct cw_tick *t);

/* ---- work ---- */

/* Run @fn on the world's thread soon; callable from any thread; in the order posted. ENOMEM or ECANCELED (world is ending). */
int cw_post(struct cw_world *w, cw_fn *fn, void *arg);

struct cw_work;
/* Run @run(arg) off the lane, then @done(arg) on it. The job hangs from @parent; talloc_free() of the returned handle (or
 * of the parent) cancels: @done is never called, but @run may still be running or run later, so what it touches must be
 * owned by @arg, which the job releases through @dispose(arg) (may be NULL) once neither will run again: after @done
 * returned, or after a cancelled @run ended. @dispose runs on the lane (or while the world is torn down). @run touches only @arg.
 * @blocking says that it waits for disk or processes: such jobs get at most half of the workers.
 * The handle frees itself after @done: forget it there. In sim, @run runs inline at once and @done comes after a modelled
 * delay. ENOMEM, EAGAIN (queue full). */
struct cw_job {
	cw_work_fn *run;
	cw_fn *done;
	cw_fn *dispose;
	void *arg;
	bool blocking;
	uint64_t sim_cost_us; /* modelled duration in sim; 0 = the simulation's default distribution */
	const char *label;    /* "tts.flite", "db": names the await point for fault injection and for traces */
};
int cw_work(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret);

/* ---- child processes ---- */

struct cw_proc;
struct cw_proc_events {
	void (*data)(const void *bytes, size_t n, void *arg); /* from its standard output */
	void (*closed)(
		int err, int exit_status, void *arg); /* err: ENOENT (no such program), ETIMEDOUT, ECANCELED … or 0 */
};
struct cw_proc_conf {
	const char *const *argv; /* NULL-terminated; never a shell; argv[0] is searched in PATH */
	const void *input;       /* written to its standard input, which is then closed */
	size_t input_len;
	uint64_t timeout_us; /* killed after it; 0 = 30 s */
	const char *label;
};
/* talloc_free() kills the child (SIGKILL) and reaps it. In sim the child runs to its end inline (real program, virtual
 * completion time). ENOMEM, EMFILE. */
int cw_proc_open(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret);
