/*
 * intern.h: equal strings get equal numbers, so that lists of words are compared fast
 *
 * Embedded by value; its memory hangs from the parent given. The strings must outlive it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct cw_intern {
	struct cw_str *slots;
	uint32_t *numbers;
	size_t mask;
	uint32_t n; /* numbers given so far: 0 … n-1 */
};

/* Room for @max different strings. ENOMEM. */
int cw_intern_init(struct cw_intern *t, void *parent, size_t max);
/* The number of @s, a new one when it was not met before. */
uint32_t cw_intern_number(struct cw_intern *t, struct cw_str s);
