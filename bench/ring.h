/*
 * ring.h: many callers at once, in real time, over the Twilio emulator: signed webhook, TwiML, WebSocket, 20 ms pacing
 *
 * Thread: the callers' lane.  Owner: the parent given to ring_start(); freeing it drops the calls.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "caller/script.h"
#include "facts.h"
#include "line/line.h"

struct cw_world;
struct cw_timeline;

struct ring_conf {
	const char *scenario, *test; /* file of scenarios, id of a test in it */
	const char *voice;           /* "modem", "modem:wpm=600" */
	const unsigned *ports;       /* of the agents: callers are dealt out to them in turn */
	unsigned n_ports;
	unsigned callers;
	uint64_t spread_us;      /* from the first ring to the last */
	const char *record_dir;  /* N.wav each, or NULL: no recordings */
	void (*done)(void *arg); /* the last call is over */
	void *arg;
};

struct ring_caller { /* complete when `over` */
	struct facts facts;
	struct cw_timeline *timeline;
	struct cw_script_result script;
	enum cw_end_reason reason;
	char detail[160];
	uint64_t end_us;    /* on the timeline's clock */
	uint64_t underruns; /* gaps the caller heard inside the agent's speech */
	bool answered, over;
	char *recording; /* path, or NULL */
};

struct ring;
/* ENOENT, EINVAL (the scenario), ENOMEM with @why. */
int ring_start(void *parent, struct cw_world *w, const struct ring_conf *conf, struct ring **ret, struct cw_why *why);
unsigned ring_live(const struct ring *r); /* answered and not over */
const struct ring_caller *ring_callers(const struct ring *r);
