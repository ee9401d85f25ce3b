/* Is a schema one that can be decided: known keywords with values of their kind. */
#include <errno.h>
#include <string.h>

#include "caller/pattern.h"
#include "trial/check/json_schema.h"
#include "trial/check/json_schema_int.h"

#define DEPTH_MAX 64

enum form {
	NOTE, /* says nothing */
	COUNT,
	NUMBER,
	BOOL,
	TYPE,
	NAMES,
	LIST,
	ANY,
	PATTERN,
	FORMAT,
	REF,
	SCHEMA,
	SCHEMAS,     /* a list of them */
	SCHEMA_MAP,  /* name -> schema */
	PATTERN_MAP, /* regular expression -> schema */
	NAMES_MAP,   /* name -> names */
};

static const struct {
	const char *name;
	enum form form;
} keywords[] = {
	{"$schema", NOTE},
	{"$id", NOTE},
	{"$comment", NOTE},
	{"title", NOTE},
	{"description", NOTE},
	{"default", NOTE},
	{"examples", NOTE},
	{"deprecated", NOTE},
	{"readOnly", NOTE},
	{"writeOnly", NOTE},
	{"strict", NOTE}, /* of OpenAI's tool definitions */
	{"type", TYPE},
	{"enum", LIST},
	{"const", ANY},
	{"properties", SCHEMA_MAP},
	{"patternProperties", PATTERN_MAP},
	{"additionalProperties", SCHEMA},
	{"propertyNames", SCHEMA},
	{"required", NAMES},
	{"dependentRequired", NAMES_MAP},
	{"minProperties", COUNT},
	{"maxProperties", COUNT},
	{"items", SCHEMA},
	{"prefixItems", SCHEMAS},
	{"contains", SCHEMA},
	{"minItems", COUNT},
	{"maxItems", COUNT},
	{"uniqueItems", BOOL},
	{"minLength", COUNT},
	{"maxLength", COUNT},
	{"pattern", PATTERN},
	{"format", FORMAT},
	{"minimum", NUMBER},
	{"maximum", NUMBER},
	{"exclusiveMinimum", NUMBER},
	{"exclusiveMaximum", NUMBER},
	{"multipleOf", NUMBER},
	{"allOf", SCHEMAS},
	{"anyOf", SCHEMAS},
	{"oneOf", SCHEMAS},
	{"not", SCHEMA},
	{"if", SCHEMA},
	{"then", SCHEMA},
	{"else", SCHEMA},
	{"$ref", REF},
	{"$defs", SCHEMA_MAP},
	{"definitions", SCHEMA_MAP},
};

static const struct {
	const char *name, *regex;
} formats[] = {
	{"date", "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$"},
	{"time", "^([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)$"},
	{"date-time",
		"^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt ]([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)$"},
	{"email", "^[^@\\s]+@[^@\\s.]+(\\.[^@\\s.]+)*$"},
	{"uri", "^[A-Za-z][A-Za-z0-9+.-]*:[^\\s]+$"},
	{"uuid", "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
	{"ipv4", "^((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.|$)){4}$"},
};

const char *cw_json_schema_format(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(formats); i++)
		if (!strcmp(formats[i].name, name))
			return formats[i].regex;
	return NULL;
}

struct place {
	const json_t *root;
	const char *path;
	unsigned depth;
	struct cw_why *why;
};

static int check(const struct place *p, const json_t *schema);

static int below(const struct place *p, const json_t *schema, const char *key, const char *name)
{
	char path[400];

	(void)snprintf(
		path, sizeof(path), "%s/%s%s%s", p->path, key, name ? "/" : "", name ? name : ""); /* cut, for people */

	const struct place inner = {p->root, path, p->depth + 1, p->why};

	return check(&inner, schema);
}

static int wrong(const struct place *p, const char *key, const char *expected)
{
	return cw_why_set(p->why, EINVAL, "the schema at %s: '%s' must be %s", p->path, key, expected);
}

static bool is_names(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!json_is_string(json_array_get(v, i)))
			return false;
	return json_is_array(v);
}

static bool is_type(const json_t *v)
{
	static const char *const types[] = {"object", "array", "string", "number", "integer", "boolean", "null"};

	for (size_t i = 0; json_is_string(v) && i < CW_COUNT(types); i++)
		if (!strcmp(types[i], json_string_value(v)))
			return true;
	return false;
}

static int check_type(const struct place *p, const json_t *v)
{
	bool ok = json_is_array(v) ? json_array_size(v) > 0 : is_type(v);

	for (size_t i = 0; i < json_array_size(v); i++)
		ok = ok && is_type(json_array_get(v, i));
	return ok ? 0 : wrong(p, "type", "object, array, string, number, integer, boolean, null, or a list of these");
}

static int check_pattern(const struct place *p, const char *key, const char *regex)
{
	bool unused;

	return cw_pattern_regex(regex, CW_STR_LIT(""), &unused, NULL) == EINVAL
		       ? wrong(p, key, "a regular expression that compiles")
		       : 0;
}

static int check_map(const struct place *p, const char *key, const json_t *v, enum form form)
{
	const char *name;
	json_t *each;
	int err = json_is_object(v) ? 0 : wrong(p, key, "a mapping");

	json_object_foreach ((json_t *)(uintptr_t)v, name, each) {
		if (!err && form == PATTERN_MAP)
			err = check_pattern(p, key, name);
		if (!err && form == NAMES_MAP)
			err = is_names(each) ? 0 : wrong(p, key, "a mapping to lists of names");
		else if (!err)
			err = below(p, each, key, name);
	}
	return err;
}

static int check_list(const struct place *p, const char *key, const json_t *v)
{
	int err = json_array_size(v) ? 0 : wrong(p, key, "a list of schemas");

	for (size_t i = 0; !err && i < json_array_size(v); i++) {
		char name[24];

		(void)snprintf(name, sizeof(name), "%zu", i); /* fits */
		err = below(p, json_array_get(v, i), key, name);
	}
	return err;
}

static int check_words(const struct place *p, const char *key, const json_t *v, enum form form)
{
	const char *text = json_string_value(v);

	if (!text)
		return wrong(p, key, "a text");
	if (form == PATTERN)
		return check_pattern(p, key, text);
	if (form == FORMAT)
		return cw_json_schema_format(text)
			       ? 0
			       : wrong(p, key,
					 "date, time, date-time, email, uri, uuid or ipv4 (others are not checked here)");
	return cw_json_schema_ref(p->root, text) ? 0 : wrong(p, key, "a place in the same document: \"#/$defs/name\"");
}

static int check_value(const struct place *p, const char *key, const json_t *v, enum form form)
{
	switch (form) {
	case NOTE:
	case ANY:
		return 0;
	case COUNT:
		return json_is_integer(v) && json_integer_value(v) >= 0 ? 0 : wrong(p, key, "a whole number");
	case NUMBER:
		return json_is_number(v) ? 0 : wrong(p, key, "a number");
	case BOOL:
		return json_is_boolean(v) ? 0 : wrong(p, key, "true or false");
	case TYPE:
		return check_type(p, v);
	case NAMES:
		return is_names(v) ? 0 : wrong(p, key, "a list of names");
	case LIST:
		return json_array_size(v) ? 0 : wrong(p, key, "a list with at least one value");
	case PATTERN:
	case FORMAT:
	case REF:
		return check_words(p, key, v, form);
	case SCHEMA:
		return below(p, v, key, NULL);
	case SCHEMAS:
		return check_list(p, key, v);
	case SCHEMA_MAP:
	case PATTERN_MAP:
	case NAMES_MAP:
		return check_map(p, key, v, form);
	}
	return EINVAL;
}

static int check_keyword(const struct place *p, const char *key, const json_t *v)
{
	const char *names[CW_COUNT(keywords)];

	for (size_t i = 0; i < CW_COUNT(keywords); i++) {
		if (!strcmp(keywords[i].name, key))
			return check_value(p, key, v, keywords[i].form);
		names[i] = keywords[i].name;
	}

	const char *near = cw_str_nearest(cw_str(key), names, CW_COUNT(names));

	return cw_why_set(p->why, EINVAL, "the schema at %s: keyword '%s' is not supported%s%s%s", p->path, key,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int check(const struct place *p, const json_t *schema)
{
	const char *key;
	json_t *v;

	if (p->depth > DEPTH_MAX)
		return cw_why_set(p->why, EINVAL, "the schema is nested deeper than %d levels", DEPTH_MAX);
	if (json_is_boolean(schema))
		return 0;
	if (!json_is_object(schema))
		return cw_why_set(p->why, EINVAL, "the schema at %s is no mapping", p->path);
	json_object_foreach ((json_t *)(uintptr_t)schema, key, v) {
		int err = check_keyword(p, key, v);

		if (err)
			return err;
	}
	return 0;
}

int cw_json_schema_check(const json_t *schema, struct cw_why *why)
{
	const struct place p = {schema, "#", 0, why};

	return check(&p, schema);
}
