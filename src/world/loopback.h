/*
 * loopback.h: how long a media message takes to ourselves: the floor under every latency measured over WebSockets here
 *
 * A listener and a client in one world exchange messages of a media frame's size, one per 20 ms.
 */
#pragma once
#include <stdint.h>

struct cw_world;

struct cw_loopback {
	unsigned n;        /* messages measured */
	uint64_t floor_us; /* median one way: half of the round trip */
	uint64_t p99_us;
	uint64_t jitter_us; /* mean absolute difference of neighbours (RFC 3550's notion, unsmoothed) */
};

struct cw_loopback_probe;
typedef void cw_loopback_fn(int err, const struct cw_loopback *result, void *arg);

/* Measure with @n messages (1 … 1000); @done comes once, the probe may be freed in it. EADDRINUSE, ENOMEM, EINVAL. */
int cw_loopback_measure(
	void *parent, struct cw_world *w, unsigned n, cw_loopback_fn *done, void *arg, struct cw_loopback_probe **ret);
