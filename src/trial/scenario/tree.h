/*
 * tree.h: trees made of parts of others (base/yaml.h): copies that keep the place of every value
 *
 * A scenario file becomes a struct cw_test in stages, each a tree made from the one before: as written ─▶ composed (compose.h: includes,
 * references, CSV) ─▶ imported (import.h: other tools' forms) ─▶ expanded (expand.h: defaults, cases, matrix, {{variables}}) ─▶ read.
 * Thread: one at a time.
 */
#pragma once
#include "trial/check/check.h"

/* Copy @in of @from for the tree @to; @vars: replace {{…}} in its strings, NULL: leave them. *@ret is a new reference to be put somewhere by
 * cw_yaml_set() and kin. EINVAL with place, ENOMEM. */
int cw_tree_copy(struct cw_yaml *to, const struct cw_yaml *from, json_t *in, const struct cw_vars *vars, json_t **ret,
	struct cw_why *why);
/* Copy member @key of @obj into @into under @as; nothing when there is no such member. */
int cw_tree_member(struct cw_yaml *to, const struct cw_yaml *from, json_t *obj, const char *key, json_t *into,
	const char *as, struct cw_why *why);
/* Put a value made by the program (taken; NULL is ENOMEM) with all below it at one place. */
int cw_tree_put(struct cw_yaml *to, json_t *obj, const char *key, json_t *value, const struct cw_yaml_spot *spot);
int cw_tree_push(struct cw_yaml *to, json_t *array, json_t *value, const struct cw_yaml_spot *spot);
