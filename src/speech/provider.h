/*
 * provider.h: addresses and keys of network engines, from the environment
 *
 * The environment is read when an engine is opened; NAME_FILE gives the path of a file with the secret, as for every secret of config.c.
 */
#pragma once
#include "base/why.h"

/* Value of @variable, or NULL when unset or empty. */
const char *cw_provider_env(const char *variable);
/* A secret: *@ret under @parent, wiped when freed; NULL when it is not set. EINVAL: its file cannot be read (@why names it); ENOMEM. */
int cw_provider_secret(void *parent, const char *variable, char **ret, struct cw_why *why);
