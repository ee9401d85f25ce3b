#include "alloc.h"

#include <stdatomic.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

static atomic_uint_fast64_t count;

uint64_t bench_allocations(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

bool bench_allocations_counted(void)
{
#ifdef SANITIZED
	return false;
#else
	return true;
#endif
}

#ifndef SANITIZED
/* glibc's own, under the names it keeps for this purpose */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static void one_more(void)
{
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

void *malloc(size_t n)
{
	one_more();
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	one_more();
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	one_more();
	return __libc_realloc(p, n);
}
#endif
