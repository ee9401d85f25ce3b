/*
 * guard.h: call a handler that may free the object which calls it
 *
 * The object has a member `bool *gone`, NULL at rest, and its destructor does `if (x->gone) *x->gone = true;`. Guards nest: an
 * outer one learns of what happened in an inner one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Run the statement; false when @object was freed by it: then return at once. */
#define CW_CALL(object, ...)                                  \
	({                                                    \
		bool gone_ = false, *outer_ = (object)->gone; \
                                                              \
		(object)->gone = &gone_;                      \
		__VA_ARGS__;                                  \
		if (!gone_)                                   \
			(object)->gone = outer_;              \
		else if (outer_)                              \
			*outer_ = true;                       \
		!gone_;                                       \
	})
