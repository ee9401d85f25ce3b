/*
 * filing.h: files that exist in a test only, for struct cw_scenario_conf.read
 */
#pragma once
#include <errno.h>
#include <string.h>

#include "trial/scenario/scenario.h"

struct test_file {
	const char *path, *text; /* NULL path ends a list */
};

static inline int test_file_read(const char *path, size_t max, struct cw_buf *b, void *arg)
{
	for (const struct test_file *f = arg; f && f->path; f++) {
		if (strcmp(f->path, path) != 0)
			continue;
		if (strlen(f->text) > max)
			return EFBIG;
		cw_buf_puts(b, f->text);
		return cw_buf_err(b);
	}
	return ENOENT;
}
