/*
 * embedded.h: files built into the binary by tools/embed.sh
 */
#pragma once
#include <stddef.h>

struct cw_embedded {
	const char *name;  /* without its folder; NULL ends a list */
	const char *bytes; /* NUL-terminated beyond @len */
	size_t len;
};

extern const struct cw_embedded cw_migrations[]; /* in the order of their numbers */
