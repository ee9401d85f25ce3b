/*
 * service.h: the agent runtime of one lane: listener, Twilio server, agent, database, the calls in progress
 *
 * Used by `serve` (one per lane) and by `demo` (beside a tester in the same process).
 */
#pragma once
#include "base/why.h"
#include "cmd/config.h"

struct cw_world;
struct cw_service;

struct cw_service_counts {
	uint64_t answered, refused, ended;
	uint32_t live;
};

/* Open everything and listen; serves its world's events until the agent is ready (10 s at most: ETIMEDOUT). Blocking work is
 * fine here: the lane serves nobody yet. @shared_port: other lanes listen on the same address. */
int cw_service_open(void *parent, struct cw_world *w, const struct cw_config *conf, bool shared_port,
	struct cw_service **ret, struct cw_why *why);
unsigned cw_service_port(const struct cw_service *s);
struct cw_service_counts cw_service_counts(const struct cw_service *s);
/* No new calls from now on (they hear busy); @idle is called on the lane when the last one has ended, maybe at once. */
void cw_service_drain(struct cw_service *s, void (*idle)(void *arg), void *arg);
