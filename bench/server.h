/*
 * server.h: a server being measured: a child process on a processor of its own, looked at from outside
 *
 * The child prints "listening PORT [PORT…]" when it serves. It may answer questions on descriptor SERVER_CONTROL; it ends when
 * that is closed. Its processor time and memory are the kernel's figures of the whole process, worker threads included.
 * Thread: one.  Owner: the parent given to server_start(); freeing it kills the child.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"

#define SERVER_CONTROL   3
#define SERVER_PORTS_MAX 32

enum server_question {
	SERVER_MEASURE = 'm', /* forget what was measured so far, begin now */
	SERVER_REPORT = 'r',  /* what was measured since */
};

struct server_report {
	uint64_t allocations;                           /* by the whole process */
	uint64_t answered, refused, ended, live;        /* calls, since its start */
	uint64_t frames;                                /* pacing slots served, see late */
	uint64_t late_p50_us, late_p99_us, late_max_us; /* of the last call in each pacing slot of 20 ms */
	uint64_t handler_p99_us, handler_max_us;        /* since its start */
};

struct server;

/* @argv: NULL-terminated, the program first. @cpu: processor to stay on. ENOENT, ETIMEDOUT (said nothing for 20 s), EPROTO … with @why. */
int server_start(void *parent, const char *const *argv, int cpu, struct server **ret, struct cw_why *why);
unsigned server_ports(const struct server *s, const unsigned **ports);
uint64_t server_processor_ns(const struct server *s); /* so far, 0 when it is gone */
uint64_t server_resident_bytes(const struct server *s);
/* Ask and wait for the answer. EPIPE: it is gone. */
int server_ask(struct server *s, enum server_question q, struct server_report *ret);

/* Stay on processor @cpu, and be nicer to oneself than to others if we may (as root). For this thread and what it will start. false:
 * one processor only, or not allowed. */
bool server_pin(int cpu);
/* For the main program, before anything else: go on in a child in a session of its own, which comes before other work on the machine, if
 * we may; the parent waits for it and passes its exit code on. false: as above. */
bool server_go_ahead(int cpu);
