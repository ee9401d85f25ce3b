#include "speech/hints.h"

#include <string.h>

#include "base/mem.h"

/* FNV-1a, 64 bits, each string with its NUL so that borders count. */
static uint64_t hash_bytes(uint64_t h, const char *s)
{
	do {
		h = (h ^ (unsigned char)*s) * 0x100000001B3u;
	} while (*s++);
	return h;
}

/* Pointers and bytes in one block: a state of a dialogue has hundreds of short phrases, and each call has its own copy. */
static const char **copy_strings(void *parent, const char *const *from, size_t n, uint64_t *h)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(from[i]) + 1;

	const char **to = talloc_size(parent, n * sizeof(*to) + bytes + 1); /* one more: never of no size */
	char *at = to ? (char *)(to + n) : NULL;

	for (size_t i = 0; to && i < n; i++) {
		size_t len = strlen(from[i]) + 1;

		to[i] = memcpy(at, from[i], len);
		at += len;
		*h = hash_bytes(*h, from[i]);
	}
	*h = hash_bytes(*h, "\1");
	return to;
}

struct cw_hints *cw_hints_new(void *parent, const struct cw_hints *from)
{
	CW_SCOPED struct cw_hints *h = talloc_zero(NULL, struct cw_hints);
	struct cw_hint_class *classes =
		h ? talloc_zero_array(h, struct cw_hint_class, from->n_classes ? from->n_classes : 1) : NULL;
	uint64_t hash = 0xCBF29CE484222325u;

	if (!classes)
		return NULL;
	h->phrases = copy_strings(h, from->phrases, from->n_phrases, &hash);
	if (!h->phrases)
		return NULL;
	for (size_t i = 0; i < from->n_classes; i++) {
		const struct cw_hint_class *c = &from->classes[i];

		hash = hash_bytes(hash, c->name);
		classes[i].name = talloc_strdup(classes, c->name);
		classes[i].values = copy_strings(classes, c->values, c->n_values, &hash);
		classes[i].n_values = c->n_values;
		if (!classes[i].name || !classes[i].values)
			return NULL;
	}
	h->n_phrases = from->n_phrases;
	h->classes = classes;
	h->n_classes = from->n_classes;
	h->hash = hash;
	return talloc_move(parent, &h);
}
