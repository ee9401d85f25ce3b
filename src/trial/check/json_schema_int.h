/*
 * json_schema_int.h: shared by json_schema.c (values) and json_schema_check.c (schemas); nobody else
 */
#pragma once
#include "base/json.h"

/* "#/a/b" within @root; NULL: not there, or not of this document. */
const json_t *cw_json_schema_ref(const json_t *root, const char *ref);
/* The regular expression of a format; NULL: not known. */
const char *cw_json_schema_format(const char *name);
