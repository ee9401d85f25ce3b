/*
 * pattern.h: does what the agent said fit one of a script's expectations?
 *
 * A pattern is a list of alternatives. A plain one fits when its words occur in the text, on word borders, both in the form of
 * cw_norm_match() ("nine thirty a m" = "9:30 am"). One written between slashes is a regular expression (PCRE2, caseless,
 * UTF-8), searched in the text as it is.
 * Thread: immutable once made.  Owner: the parent.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/why.h"

struct cw_pattern;

#define CW_PATTERN_MAX 64 /* alternatives */

/* EINVAL (an empty alternative, a regular expression that does not compile: @why says which), E2BIG, ENOMEM. */
int cw_pattern_new(
	void *parent, const char *const *alternatives, size_t n, struct cw_pattern **ret, struct cw_why *why);

/* Without memory for the comparison it does not fit. */
bool cw_pattern_fits(const struct cw_pattern *p, struct cw_str text);

/* One regular expression against one text: 0 and *@found, EINVAL with @why when it does not compile, E2BIG when the search
 * takes too many steps. */
int cw_pattern_regex(const char *regex, struct cw_str text, bool *found, struct cw_why *why);
