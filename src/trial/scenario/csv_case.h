/*
 * csv_case.h: rows of a table as cases: variables, and assertions in the shorthand that promptfoo documents
 *
 * Columns are variables, save: __expected, __expected1 … (assertions; "type(threshold):value", "not-" in front; plain text = equals),
 * __config:__expectedN:threshold, __description, __metric, __threshold, __metadata:KEY (a tag "KEY=value") and __id (ours).
 * Thread: pure.
 */
#pragma once
#include "trial/check/check.h"
#include "trial/scenario/csv.h"

/* One shorthand as an assertion {type, value, threshold}: a new reference, NULL: no memory. *@near: it was taken as plain text but begins like
 * this known name, else NULL. */
json_t *cw_case_shorthand(const char *text, const char **near);

/* Rows as a tree whose root is a list of {vars, assert, description …}, every value at its cell. @note is called for what a person should look
 * at. EINVAL with place, ENOMEM. */
int cw_case_rows(void *parent, const char *name, const struct cw_csv *csv,
	int (*note)(const char *file, unsigned line, unsigned column, const char *text, void *arg), void *arg,
	struct cw_yaml **ret, struct cw_why *why);
