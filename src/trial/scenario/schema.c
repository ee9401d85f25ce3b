#include "trial/scenario/schema.h"

#include <errno.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

/* Texts that stand for another value: a text with {{…}}, a file, the environment. */
#define STANDS_FOR "^(file://.+|env:[A-Za-z_][A-Za-z0-9_]*(:-.*)?)$|\\{\\{"

static json_t *ref(const char *name)
{
	return json_pack("{s:s+}", "$ref", "#/$defs/", name);
}

static json_t *mapping(const struct cw_key *keys);

static json_t *name_list(const char *const *names)
{
	CW_JSON_SCOPED json_t *a = json_array();

	for (; *names; names++)
		if (json_array_append_new(a, json_string(*names)))
			return NULL;
	return json_pack("{s:O}", "enum", a);
}

static json_t *maps(const struct cw_key *k)
{
	json_t *items = k->keys ? mapping(k->keys) : json_pack("{s:s}", "type", "object");
	CW_JSON_SCOPED json_t *o =
		json_pack("{s:s, s:{s:[o?, o]}}", "type", "array", "items", "anyOf", items, ref("elsewhere"));

	if (!o || (k->min > 0 && json_object_set_new(o, "minItems", json_integer((json_int_t)k->min))) ||
		(k->max > 0 && json_object_set_new(o, "maxItems", json_integer((json_int_t)k->max))))
		return NULL;
	return json_incref(o);
}

static json_t *facts(const struct cw_key *k)
{
	return json_pack("{s:s, s:{s:[{s:[s,s,s]}, o?]}}", "type", "object", "additionalProperties", "anyOf", "type",
		"string", "number", "boolean", mapping(k->keys));
}

static json_t *of_shape(const struct cw_key *k, unsigned shape)
{
	switch (shape) {
	case CW_SHAPE_TEXT:
		return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
	case CW_SHAPE_DIGITS:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[-0-9A-Da-d*#wW ]+$");
	case CW_SHAPE_ID:
		return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,79}$");
	case CW_SHAPE_TEXTS:
		return ref("texts");
	case CW_SHAPE_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case CW_SHAPE_TRUE:
		return json_pack("{s:b}", "const", 1);
	case CW_SHAPE_COUNT:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)k->min, "maximum",
			(json_int_t)k->max);
	case CW_SHAPE_NUMBER:
		return json_pack("{s:s, s:f, s:f}", "type", "number", "minimum", k->min, "maximum", k->max);
	case CW_SHAPE_SECONDS:
	case CW_SHAPE_MILLIS:
		return json_pack("{s:[{s:s, s:f, s:f}, o]}", "anyOf", "type", "number", "minimum", 0.0, "maximum",
			k->max * (shape == CW_SHAPE_MILLIS ? 1000 : 1), ref("duration"));
	case CW_SHAPE_NAME:
		return name_list(k->list ? k->list() : k->names);
	case CW_SHAPE_MAP:
		return mapping(k->keys);
	case CW_SHAPE_MAPS:
		return maps(k);
	case CW_SHAPE_ASSERTS:
		return ref("assertions");
	case CW_SHAPE_RATE:
		return ref("rate");
	case CW_SHAPE_FACTS:
		return facts(k);
	case CW_SHAPE_MATRIX:
		return ref("matrix");
	default:
		return json_pack("{s:s}", "type", "object");
	}
}

static json_t *value_of(const struct cw_key *k)
{
	CW_JSON_SCOPED json_t *any = json_array();

	for (unsigned shape = 1; shape <= k->shapes; shape <<= 1)
		if ((k->shapes & shape) && json_array_append_new(any, of_shape(k, shape)))
			return NULL;
	if (json_array_append_new(any, ref("elsewhere")))
		return NULL;
	return json_pack("{s:s, s:O}", "description", k->about, "anyOf", any);
}

static json_t *mapping(const struct cw_key *keys)
{
	CW_JSON_SCOPED json_t *properties = json_object(), *required = json_array();

	for (const struct cw_key *k = keys; k->name; k++) {
		if (json_object_set_new(properties, k->name, value_of(k)))
			return NULL;
		if (k->required && json_array_append_new(required, json_string(k->name)))
			return NULL;
	}
	return json_pack("{s:s, s:O, s:O, s:b}", "type", "object", "properties", properties, "required", required,
		"additionalProperties", 0);
}

/* ---- assertions ---- */

static const char *const common_keys[] = {"type", "weight", "only", "metric", "severity"};

struct kinds {
	json_t *types; /* every name that may stand under `type` */
	json_t *rules; /* which keys go with which */
};

static int add_kind(const char *name, const char *about, const char *const *keys, void *arg)
{
	struct kinds *k = arg;
	CW_JSON_SCOPED json_t *names = json_array();
	CW_JSON_SCOPED json_t *types = json_pack("[s, o?]", name, json_sprintf("not-%s", name));
	json_t *rule;

	for (size_t i = 0; i < CW_COUNT(common_keys); i++)
		if (json_array_append_new(names, json_string(common_keys[i])))
			return ENOMEM;
	for (; keys && *keys; keys++)
		if (json_array_append_new(names, json_string(*keys)))
			return ENOMEM;
	if (!types || json_array_extend(k->types, types))
		return ENOMEM;
	rule = json_pack("{s:{s:{s:{s:O}}}, s:{s:s, s:{s:O}}}", "if", "properties", "type", "enum", types, "then",
		"description", about, "propertyNames", "enum", names);
	return json_array_append_new(k->rules, rule) ? ENOMEM : 0;
}

static json_t *assertion(void)
{
	CW_JSON_SCOPED json_t *types = json_array(), *rules = json_array();
	struct kinds k = {types, rules};

	if (!types || !rules || cw_check_each(add_kind, &k))
		return NULL;
	return json_pack("{s:s, s:[s], s:{s:{s:O}, s:{s:s, s:i, s:i}, s:o?, s:{s:s}, s:{s:[s,s,s]}, s:o}, s:O}", "type",
		"object", "required", "type", "properties", "type", "enum", types, "weight", "type", "number",
		"minimum", 0, "maximum", 1000, "only", name_list(cw_target_kinds()), "metric", "type", "string",
		"severity", "enum", "critical", "major", "minor", "assert", ref("assertions"), "allOf", rules);
}

/* ---- the whole ---- */

static json_t *definitions(void)
{
	CW_JSON_SCOPED json_t *rates = json_array();

	for (size_t i = 0; i < CW_RATES; i++)
		if (json_array_append_new(rates, json_string(cw_rates[i].name)))
			return NULL;
	return json_pack("{s:o?, s:{s:s, s:{s:[o, o]}}, s:{s:[{s:s, s:s}, {s:s, s:[s]}]},"
			 " s:{s:[{s:s, s:i}, {s:s, s:{s:s, s:i}, s:i}]}, s:{s:s, s:s},"
			 " s:{s:[{s:O}, {s:s, s:i, s:i}]}, s:{s:s, s:{s:[s,s,s,s]}}}",
		"assertion", assertion(), "assertions", "type", "array", "items", "anyOf", ref("assertion"),
		ref("elsewhere"), "elsewhere", "anyOf", "type", "string", "pattern", STANDS_FOR, "type", "object",
		"required", "$ref", "texts", "anyOf", "type", "string", "minLength", 1, "type", "array", "items",
		"type", "string", "minLength", 1, "maxItems", CW_SCENARIO_LIST_MAX, "duration", "type", "string",
		"pattern", "^[0-9.]+ *(ms|s|m)$", "rate", "anyOf", "enum", rates, "type", "number", "minimum", 0,
		"maximum", 1, "matrix", "type", "object", "additionalProperties", "type", "string", "number", "boolean",
		"array");
}

json_t *cw_scenario_schema(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:[s]}, s:o?, s:o?, s:o?}", "$schema",
		"https://json-schema.org/draft/2020-12/schema", "title", "Callwright scenario file", "description",
		"Made by 'callwright schema scenario' from the tables of the parser; docs/scenarios.md is the reference.",
		"type", "object", "if", "required", "scenarios", "then", mapping(cw_keys_short), "else",
		mapping(cw_keys_full), "$defs", definitions());
}
