/*
 * template.h: what stands between {{ and }} in scenario files
 *
 *   {{name}} {{caller.name}} {{items[0]}} {{env.HOME}} {{"text"}}      then any number of filters:
 *   upper lower capitalize title trim length first last round number json
 *   default("x") replace("a", "b") join(", ") split(",")
 *
 * The words are those of the template languages in use (Jinja, Nunjucks); the subset is closed: anything else, {% … %} too, is an error that says
 * so. {# … #} is a comment. Values that are texts may hold braces themselves (8 levels).
 * Thread: pure.
 */
#pragma once
#include "trial/check/check.h"

/* One text: *@ret is a new reference, a string unless it is nothing but one expression with a value of another type (a list, a mapping, the
 * result of `number`). EINVAL with @why (text only). */
int cw_template_expand(const struct cw_vars *vars, const char *text, json_t **ret, struct cw_why *why);
