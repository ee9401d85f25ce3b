/*
 * json_schema.h: JSON Schema, the part of it that people write
 *
 * type enum const · properties required additionalProperties patternProperties propertyNames minProperties maxProperties dependentRequired ·
 * items prefixItems contains minItems maxItems uniqueItems · minLength maxLength pattern format (date, time, date-time, email, uri, uuid, ipv4) ·
 * minimum maximum exclusiveMinimum exclusiveMaximum multipleOf · allOf anyOf oneOf not if then else · $ref into the same document
 * ("#", "#/$defs/…", "#/definitions/…"). Titles, descriptions, defaults, examples and comments say nothing. Everything else is refused by
 * name, never passed over. Drafts 6 to 2020-12 agree on these meanings. Patterns are PCRE2, case-sensitive, unanchored.
 * Thread: pure.
 */
#pragma once
#include "base/json.h"

/* Is @schema one that can be decided? EINVAL with the place in it ("#/properties/phone") and what is wrong. */
int cw_json_schema_check(const json_t *schema, struct cw_why *why);
/* Does @value fit? EINVAL: no, @why says where ("/phone") and what was expected. EDOM: the schema itself is faulty. ELOOP: nested deeper
 * than 64 levels. ENOMEM. */
int cw_json_schema_fits(const json_t *schema, const json_t *value, struct cw_why *why);
