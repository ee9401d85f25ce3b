/*
 * why.h: why something failed, for a person
 *
 * Fallible functions return errno; where somebody will read the reason they take a `struct cw_why *` last (may be NULL)
 * and fill it once: the deepest, first reason wins.
 */
#pragma once
#include "base/mem.h"

struct cw_why {
	int err;               /* errno, 0 = empty */
	char file[256];        /* "" when no file is at fault */
	unsigned line, column; /* 1-based, 0 = unknown */
	char text[768];        /* what was wrong, what was expected, what to do */
};

/* Note a reason (kept if one is there already) and return @err. */
int cw_why_set(struct cw_why *why, int err, const char *fmt, ...) CW_PRINTF(3, 4);

/* The same, with a place in a file. @file may be NULL, @line and @column 0. */
int cw_why_at(struct cw_why *why, int err, const char *file, unsigned line, unsigned column, const char *fmt, ...)
	CW_PRINTF(6, 7);

/* "file:line:column: text" into @out (always terminated); returns @out. */
const char *cw_why_str(const struct cw_why *why, char *out, size_t size);
