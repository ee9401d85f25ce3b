/*
 * tools.h: what an agent does besides talking, with a deadline, retries, and one key for all of them
 *
 * An attempt that does not answer in time is repeated with the same key; the first answer to any attempt counts. Side effects are
 * idempotent by that key (store/booking.h), so an attempt that was only slow does no harm.
 */
#pragma once
#include "agent/dialogue.h"

struct cw_world;
struct cw_db;

struct cw_tool_conf {
	struct cw_db *db;
	int utc_offset_min;
	const char *call_id;
	const struct cw_agent_tool *policy; /* deadline and retries */
};
struct cw_tool_run;
/* The last thing done with a run, which may be freed in it. @answer lives during the call; @error tells more about "failed", else NULL. */
typedef void cw_tool_fn(const struct cw_tool_answer *answer, const char *error, void *arg);

/* Start @tool with its arguments (by the names of cw_tool_arg_names). Freeing the run cancels it: no answer comes, what was begun in the
 * database is completed. ENOMEM. Trouble with the database itself comes as "failed". */
int cw_tool_start(void *parent, struct cw_world *w, const struct cw_tool_conf *conf, enum cw_tool tool,
	const json_t *args, const char *key, cw_tool_fn *fn, void *arg, struct cw_tool_run **ret);
