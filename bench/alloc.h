/*
 * alloc.h: how often this process asked the heap for memory: malloc(), calloc() and realloc(), whoever called them
 *
 * A program which links alloc.c has these three replaced by ones which count. Under a sanitizer, which brings its own, nothing is
 * counted.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Any thread. */
uint64_t bench_allocations(void);
bool bench_allocations_counted(void);
