/*
 * schema.h: JSON Schema (draft 2020-12) of scenario files, made from the tables that the parser checks with (keys.h, check.h)
 *
 * It describes our own forms, not those of other tools. What the parser does before it looks at keys ({{…}}, $ref, !include, file://, env:) is
 * allowed wherever a value may stand.
 */
#pragma once
#include <jansson.h>

/* A new reference; NULL: no memory. */
json_t *cw_scenario_schema(void);
