/*
 * mem.h: hierarchical ownership (libtalloc), scoped cleanup, assertions
 *
 * Every object hangs from a talloc parent; freeing the parent frees the tree. Build into a CW_SCOPED local and
 * talloc_move() it to its parent as the last step: then each early return is right.
 * Thread: a tree belongs to one thread at a time.
 */
#pragma once
#include <stddef.h>
#include <talloc.h>

/* Free the talloc object a local points to when the scope ends (NULL is fine). */
#define CW_SCOPED            __attribute__((cleanup(cw_scoped_free)))
#define CW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define CW_COUNT(array)      (sizeof(array) / sizeof((array)[0]))

static inline void cw_scoped_free(void *pointer_to_pointer)
{
	void **pp = pointer_to_pointer;

	if (*pp)
		(void)talloc_free(*pp); /* destructors never refuse */
}

/* A broken promise inside the program: on in every build, prints where and aborts (leaves a core). */
#define CW_ASSERT(cond)                                                        \
	do {                                                                   \
		if (__builtin_expect(!(cond), 0))                              \
			cw_assert_failed(#cond, __FILE__, __LINE__, __func__); \
	} while (0)

_Noreturn void cw_assert_failed(const char *cond, const char *file, int line, const char *func);

/* Give memory back that a C library made with malloc() and told us to free. */
void cw_libc_free(void *p);
