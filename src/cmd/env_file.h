/*
 * env_file.h: NAME=VALUE lines for the environment of this process
 *
 * "#" begins a comment line, "export " before a name is passed over, a value may stand in single or double quotes. A name that is set
 * already keeps its value: the shell's word counts more than the file's.
 */
#pragma once
#include "base/str.h"
#include "base/why.h"

typedef int cw_env_fn(struct cw_str name, struct cw_str value, void *arg);

/* Call @fn for each line. EINVAL with the line's number in @why; an error of @fn ends it. */
int cw_env_parse(const char *path, struct cw_str text, cw_env_fn *fn, void *arg, struct cw_why *why);
/* Read the file and set what is not set. ENOENT …, EINVAL, ENOMEM. */
int cw_env_load(const char *path, struct cw_why *why);
