/*
 * template.h: prompts with {placeholders}
 *
 * A placeholder is a name in braces: a slot, "slot.first" of a name, or one the dialogue knows ("offers"). There are no other
 * braces in prompts.
 */
#pragma once
#include "base/buf.h"
#include "base/str.h"

/* Append what @name stands for. */
typedef void cw_template_fn(struct cw_buf *b, struct cw_str name, void *arg);
void cw_template_render(struct cw_buf *b, const char *text, cw_template_fn *fn, void *arg);

/* Cut the text before the next placeholder off *@rest into *@before and the placeholder's name into *@name (p = NULL when there
 * is none, then *@before is all the rest). false: @rest was empty, or (*@name).len == 0 with p set: an unclosed or empty brace. */
bool cw_template_next(struct cw_str *rest, struct cw_str *before, struct cw_str *name);
