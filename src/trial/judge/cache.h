/*
 * cache.h: answers kept on disk by the content of the question
 *
 * A file per answer, named by the SHA-256 of everything that was sent. Blocking: for work jobs. A folder that cannot be written is like
 * none.
 */
#pragma once
#include "base/buf.h"

/* @key: what was asked, all of it. The answer is appended to @ret; ENOENT: not kept. */
int cw_cache_get(const char *folder, struct cw_str key, struct cw_buf *ret);
void cw_cache_put(const char *folder, struct cw_str key, struct cw_str answer);
