#include "language/intern.h"

#include <errno.h>

#include "base/mem.h"

static size_t hash(struct cw_str s)
{
	uint64_t h = 1469598103934665603u; /* FNV-1a */

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return (size_t)(h ^ (h >> 29));
}

int cw_intern_init(struct cw_intern *t, void *parent, size_t max)
{
	size_t size = 16;

	while (size < 2 * max)
		size *= 2;
	t->slots = talloc_zero_array(parent, struct cw_str, size);
	t->numbers = talloc_array(parent, uint32_t, size);
	t->mask = size - 1;
	t->n = 0;
	return t->slots && t->numbers ? 0 : ENOMEM;
}

uint32_t cw_intern_number(struct cw_intern *t, struct cw_str s)
{
	size_t i = hash(s) & t->mask;

	while (t->slots[i].p && (t->slots[i].len != s.len || memcmp(t->slots[i].p, s.p, s.len) != 0))
		i = (i + 1) & t->mask;
	if (!t->slots[i].p) {
		t->slots[i] = s;
		t->numbers[i] = t->n++;
	}
	return t->numbers[i];
}
