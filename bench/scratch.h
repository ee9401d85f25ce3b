/*
 * scratch.h: a folder below /tmp for the time of a measurement
 */
#pragma once

/* Make "/tmp/bench-XXXXXX", a talloc string whose end removes the folder with all that is in it. NULL with errno set. */
char *bench_scratch_new(void *parent);
