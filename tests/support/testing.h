/*
 * testing.h: what every unit test includes: cmocka, leak check, and the rerun with failing allocations
 *
 * CW_TEST(f) is an ordinary cmocka test which in addition fails when it leaves talloc memory behind.
 * CW_TEST_OOM(f) runs f again and again with the 1st, 2nd, 3rd … allocation made by talloc failing, until a run has none left to
 * fail. In those reruns f must return cleanly: guard assertions on results with `if (cw_test_oom(err)) return;`.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

/* True when the error is what an injected allocation failure gives (ENOMEM while one was injected): the test then returns. */
bool cw_test_oom(int err);
/* Allocations made by talloc since the last call (for allocation budgets). */
uint64_t cw_test_allocations(void);

/* The folder of shared data, or NULL (then call skip() after printing why). */
const char *cw_test_data(const char *relative);
/* A fresh temporary folder, removed at exit. */
const char *cw_test_tmp(void);
/* A file of the source tree. */
const char *cw_test_source(const char *relative);

int cw_test_setup(void **state);
int cw_test_teardown(void **state);
void cw_test_run_oom(void (*f)(void **state), void **state);

#define CW_TEST(f) cmocka_unit_test_setup_teardown(f, cw_test_setup, cw_test_teardown)
#define CW_OOM_BODY(f)                     \
	static void f##_oom(void **state)  \
	{                                  \
		cw_test_run_oom(f, state); \
	}
#define CW_TEST_OOM(f) cmocka_unit_test_setup_teardown(f##_oom, cw_test_setup, cw_test_teardown)
#define CW_TEST_MAIN(...)                                         \
	int main(void)                                            \
	{                                                         \
		const struct CMUnitTest tests[] = {__VA_ARGS__};  \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}
