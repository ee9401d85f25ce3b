/*
 * watch.h: wait until one of some files, or anything in some folders, was changed
 */
#pragma once
#include <stddef.h>

#include "base/why.h"

/* Blocks until a change, and until nothing more changed for 200 ms (editors write in steps). 0: changed; EINTR: a signal came; ENOSPC and kin
 * with @why. Paths that do not exist are passed over. */
int cw_watch_wait(const char *const *paths, size_t n, struct cw_why *why);
