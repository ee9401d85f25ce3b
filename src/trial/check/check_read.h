/*
 * check_read.h: what reading assertions needs of the table; check.c and check_read.c only
 */
#pragma once
#include <stddef.h>

struct cw_check_kind;

const struct cw_check_kind *cw_check_find(const char *name); /* NULL: none */
size_t cw_check_names(const char **names, size_t max);       /* those for files */
