/*
 * results.h: the lines of a results.jsonl, found again one at a time
 *
 * Of each line only its place and a hash of its key are held, 24 bytes: a run of a million executions is read in flat memory. When
 * a key has several lines (an error that was tried again) the last one counts. A torn last line, as a kill leaves it, is no line.
 * Thread: one at a time; reading is blocking.  Owner: the parent given to cw_results_open().
 */
#pragma once
#include <stddef.h>

#include "base/json.h"

struct cw_plan;
struct cw_results;

/* Index the whole lines of @path. ENOENT, EACCES …; EBADMSG when a line in the middle is not a result. @whole (or NULL): length in
 * bytes of what is whole, for cutting the torn rest off. */
int cw_results_open(void *parent, const char *path, struct cw_results **ret, uint64_t *whole, struct cw_why *why);
/* The same for lines in memory: @list is an array, a reference is kept. ENOMEM. */
int cw_results_of(void *parent, json_t *list, struct cw_results **ret);
/* Bring them into the plan's order and leave out what is not in it. ENOMEM. */
int cw_results_arrange(struct cw_results *r, const struct cw_plan *plan);

size_t cw_results_count(const struct cw_results *r);
/* Line @i: a new reference to what others may read too: not to be changed; NULL when it cannot be read (the file was changed behind our back). */
json_t *cw_results_get(const struct cw_results *r, size_t i);
/* The line of this key, a new reference; NULL: none. */
json_t *cw_results_find(const struct cw_results *r, const char *key);
