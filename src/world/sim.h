/*
 * sim.h: the simulated world: virtual clock, in-memory network, seeded faults
 *
 * Events are ordered by (time, sequence number). Nothing here looks at a real clock. The same seed and the same program
 * give the same sequence of events, byte for byte. HTTP, WebSocket and UDP reach what listens in the same world by
 * address; the names in URLs must be numeric or "localhost".
 */
#pragma once
#include "world/world.h"

/* A delay: exact, or base + exponential tail with the given mean. */
struct cw_sim_delay {
	uint64_t base_us;
	uint64_t tail_mean_us;
};

enum cw_sim_fault {
	CW_FAULT_STALL,     /* nothing more comes (work never done, stream silent) */
	CW_FAULT_LATE,      /* comes after a random 0.5 … 8 s */
	CW_FAULT_RESET,     /* connection reset */
	CW_FAULT_REFUSE,    /* connection refused */
	CW_FAULT_HALF_OPEN, /* sends vanish, no error */
	CW_FAULT_GARBAGE,   /* bytes of a message replaced */
	CW_FAULT_LOSS,      /* message or datagram lost */
	CW_FAULT_N,
};

struct cw_sim_conf {
	uint64_t seed;
	int64_t wall_us;          /* Unix time at the start; 0 = 2026-03-02T09:00:00Z, a Monday */
	struct cw_sim_delay net;  /* one way, per message; default 5 ms + 2 ms tail */
	struct cw_sim_delay work; /* default 1 ms */
	double fault[CW_FAULT_N]; /* probability per await point (work item, connection, message) */
	const char *fault_only;   /* only await points whose label starts so, NULL = all */
	double udp_loss;
};

int cw_sim_new(void *parent, const struct cw_sim_conf *conf, struct cw_world **ret);
/* Handle events until none is left or the clock would pass @until_us; the clock then stands at the last event (or at
 * @until_us when events remain). Returns the number handled. */
uint64_t cw_sim_run(struct cw_world *w, uint64_t until_us);
/* Handle the next event; false when none is left. */
bool cw_sim_step(struct cw_world *w);
/* Number of faults injected so far, by kind; and a digest of all events handled so far (order, times): equal digests = equal runs. */
unsigned cw_sim_faults(const struct cw_world *w, enum cw_sim_fault kind);
uint64_t cw_sim_digest(const struct cw_world *w);
