/*
 * load.h: media streams as Twilio opens them, many at once, and what comes back of them
 *
 * Each stream says `connected` and `start`, then sends a frame of 160 bytes every 20 ms and takes the echoes: of the whole message, as a
 * plain echo server sends it, or of the audio, as an agent does. Every echo must bear the frame that is due next on its stream.
 * epoll, busy while frames are due: give it a processor of its own.
 * Thread: one.  Owner: the parent given to load_open(); freeing it drops the streams.
 */
#pragma once
#include <stdint.h>

#include "base/hist.h"
#include "base/why.h"

#define LOAD_FRAME_US 20000
#define LOAD_DRY_US \
	60000 /* an echo later than this would have left a listener with a usual jitter buffer without audio */

struct load;

struct load_figures {
	uint64_t frames;                         /* sent while measuring, and … */
	uint64_t echoes;                         /* came back */
	uint64_t wrong;                          /* not the frame which was due: lost, or changed */
	uint64_t dry;                            /* later than LOAD_DRY_US, or not at all */
	const struct cw_hist *round_trip, *late; /* late: our own sending, after it was due */
};

/* Connect @streams of them to a server on the loopback. ECONNREFUSED, EPROTO (no WebSocket, or it closed a stream), EMFILE … */
int load_open(void *parent, unsigned port, unsigned streams, struct load **ret, struct cw_why *why);
/* Send and receive for @duration_us without measuring. */
int load_run(struct load *l, uint64_t duration_us, struct cw_why *why);
/* The same, measuring; then as long as it takes until the last echo came, or is lost. @begun and @ended are called at both ends of the
 * stretch, to take the server's time. */
int load_measure(struct load *l, uint64_t duration_us, void (*begun)(void *arg), void (*ended)(void *arg), void *arg,
	struct cw_why *why);
const struct load_figures *load_figures(const struct load *l);

/* As many descriptors as the system lets us have. */
void load_raise_limits(void);
