/*
 * os.h: the real world: libuv's loop and clock, worker threads, sockets
 *
 * Server: HTTP/1.1 and WebSocket on libuv, HTTP/2 by nghttp2, TLS by OpenSSL. HTTP client: libcurl multi.
 */
#pragma once
#include <stdint.h>

#include "base/hist.h"
#include "world/world.h"

struct cw_os_conf {
	uint64_t seed;       /* for cw_rng(); 0 = from the kernel */
	unsigned workers;    /* threads of the work pool of this world, 0 = number of processors */
	unsigned work_queue; /* jobs waiting at most, 0 = 4096; more: cw_work() gives EAGAIN */
};

/* A world for the calling thread. Freeing it cancels everything and joins its workers. ENOMEM, EMFILE. */
int cw_os_new(void *parent, const struct cw_os_conf *conf, struct cw_world **ret);
/* Serve events until cw_os_stop(). */
void cw_os_run(struct cw_world *w);
/* Serve events for @duration_us or until cw_os_stop(). */
void cw_os_run_for(struct cw_world *w, uint64_t duration_us);
void cw_os_stop(struct cw_world *w); /* from its own thread (from others: cw_post() a function that does it) */
/* SIGINT and SIGTERM call @fn on the lane (once per signal). Restored when the world ends. */
int cw_os_on_signals(struct cw_world *w, void (*fn)(int signum, void *arg), void *arg);
/* How long handlers ran (one sample each), counted always; debug builds warn above 5 ms. Lives as long as the world. */
const struct cw_hist *cw_os_handler_times(const struct cw_world *w);
