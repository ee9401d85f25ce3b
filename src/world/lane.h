/*
 * lane.h: one thread with one real world
 *
 * A call lives on one lane for its whole life. Lanes share nothing; they pass messages with cw_post(). Each lane may open
 * the same address (SO_REUSEPORT): the kernel spreads connections.
 */
#pragma once
#include "world/os.h"

struct cw_lane;

/* Start a thread with a world; @begin runs on it first and may refuse (its error is returned here); @end runs on it last.
 * cw_lane_start() returns after @begin. EAGAIN (no thread), ENOMEM, or what @begin returned. */
struct cw_lane_conf {
	struct cw_os_conf os;
	const char *name; /* thread name, 15 characters */
	int cpu;          /* pin to this processor, -1 = no */
	int (*begin)(struct cw_world *w, void *arg);
	void (*end)(struct cw_world *w, void *arg); /* may be NULL */
	void *arg;
};
int cw_lane_start(void *parent, const struct cw_lane_conf *conf, struct cw_lane **ret);
struct cw_world *cw_lane_world(struct cw_lane *l); /* for cw_post() only, from other threads */
/* Ask the lane to end and join its thread; talloc_free() does the same. Nothing else ends a lane: cw_os_stop() on it only
 * turns the loop once. The world stays valid for cw_post() until then. */
void cw_lane_stop(struct cw_lane *l);
