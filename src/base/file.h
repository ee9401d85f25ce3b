/*
 * file.h: whole small files, read at once and replaced at once
 *
 * Blocking: for start-up, tests and work jobs, never on a running lane.
 */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "base/why.h"

/* Append the file's bytes to @b. ENOENT and kin; EFBIG above @max bytes or the buffer's ceiling. */
int cw_file_read(const char *path, size_t max, struct cw_buf *b, struct cw_why *why);
/* Replace @path by these bytes through a temporary file beside it and rename(): a reader or a crash never sees half a file. */
int cw_file_replace(const char *path, struct cw_str bytes, struct cw_why *why);
