/*
 * contract.h: one suite, two worlds: what test_contract_*.c share
 */
#pragma once
#include "testing.h"

#include "world/net.h"
#include "world/world.h"

extern struct cw_world *world; /* of the running test; made and freed around each */
extern void *owner;            /* parent of everything a test opens; freed before the world */

/* Serve events until *@done, at most 20 s of the world's time; fails the test when that passes. */
void serve_until(const bool *done);
/* Serve events for @us of the world's time. */
void serve_for(uint64_t us);

#define EXPECT_SOON(cond)                                             \
	do {                                                          \
		for (int turns = 0; !(cond) && turns < 4000; turns++) \
			serve_for(5000);                              \
		assert_true(cond);                                    \
	} while (0)

int contract_setup_os(void **state);
int contract_setup_sim(void **state);
int contract_teardown(void **state);

#define BOTH(f)                                                          \
	{"sim: " #f, f, contract_setup_sim, contract_teardown, NULL},    \
	{                                                                \
		"os: " #f, f, contract_setup_os, contract_teardown, NULL \
	}
