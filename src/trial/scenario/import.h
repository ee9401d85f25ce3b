/*
 * import.h: suites of other tools, turned into our full form
 *
 * Which tool's it is shows in the keys of the file. What our callers cannot do is an error, what makes no difference to them here (providers, …) a
 * note with its place; nothing is dropped without a word. Every value of the result stands where the value it came from was written.
 * Thread: any.
 */
#pragma once
#include "trial/scenario/compose.h"

/* *@tree is replaced by an imported tree (owned by @c) when the file is not ours; kept otherwise. EINVAL with place. */
int cw_import(struct cw_composed *c, const struct cw_yaml **tree, struct cw_why *why);
