/*
 * deepgram.h: Deepgram on this machine: live recognition (/v1/listen), voices by WebSocket and by HTTP (/v1/speak)
 *
 * The engines are our own offline ones; keys, parameters and messages are checked as strictly as Deepgram checks them. Faults happen on
 * demand. Mounts on any world's cw_listen(), so that it works in virtual time too. README.md describes the faults.
 *
 * Thread: the world's.  Owner: the parent given to cw_standin_deepgram_new(); free it before its listener.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "standin/openai.h"

struct cw_standin_deepgram;

struct cw_standin_deepgram_conf {
	const char *stt, *voice; /* engines: "modem" (default), "pocketsphinx"; "modem", "flite:slt" … */
	const char *const *keys; /* accepted keys; none: any, but one must come */
	size_t n_keys;
	uint64_t latency_us; /* before each final, and before a sentence's first audio */
	struct cw_standin_fault_conf fault;
	bool wrong_rate;      /* voices speak at twice the rate that was asked for */
	bool no_websocket;    /* upgrades to /v1/speak get 501 */
	unsigned fault_every; /* every n-th connection or request; 0 = each */
	unsigned fault_times; /* at most so often; 0 = no end */
};

/* ENOENT, EINVAL (engines), ENOMEM. The strings of @conf are copied. */
int cw_standin_deepgram_new(void *parent, struct cw_world *w, const struct cw_standin_deepgram_conf *conf,
	struct cw_standin_deepgram **ret, struct cw_why *why);
/* For cw_routes. @arg is the stand-in. */
void cw_standin_deepgram_request(struct cw_exchange *x, void *arg);
void cw_standin_deepgram_upgrade(struct cw_exchange *x, void *arg);
/* Connections and requests taken so far. */
unsigned long cw_standin_deepgram_requests(const struct cw_standin_deepgram *s);
/* The query of the last one, "" before it. */
const char *cw_standin_deepgram_query(const struct cw_standin_deepgram *s);
/* From now on this fault strikes the next @times connections (0: all). */
void cw_standin_deepgram_fault(
	struct cw_standin_deepgram *s, const struct cw_standin_fault_conf *fault, unsigned times);
