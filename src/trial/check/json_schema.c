#include "trial/check/json_schema.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "caller/pattern.h"
#include "trial/check/json_schema_int.h"

#define DEPTH_MAX 64

const json_t *cw_json_schema_ref(const json_t *root, const char *ref)
{
	struct cw_str rest = cw_str(ref), part;
	const json_t *at = root;

	if (ref[0] != '#' || (ref[1] && ref[1] != '/'))
		return NULL;
	if (!ref[1])
		return root;
	rest = cw_str(ref + 2);
	while (at && cw_str_split(&rest, '/', &part)) {
		char key[256];

		if (part.len >= sizeof(key))
			return NULL;
		(void)snprintf(key, sizeof(key), "%.*s", CW_STR(part)); /* fits */
		at = json_object_get(at, key);
	}
	return at;
}

/* ---- one value against one schema ---- */

struct place {
	const json_t *root;
	const char *path; /* "/a/0" */
	unsigned depth;
	struct cw_why *why;
};

static int fits(const struct place *p, const json_t *schema, const json_t *value);

static int misfit(const struct place *p, const char *fmt, ...) CW_PRINTF(2, 3);
static int misfit(const struct place *p, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut, for people */
	va_end(ap);
	return cw_why_set(p->why, EINVAL, "%s %s", p->path[0] ? p->path : "the value", text);
}

/* The same one level down; the name of the member is put behind the path. */
static int below(const struct place *p, const json_t *schema, const json_t *value, const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", p->path, name); /* cut, for people */

	const struct place inner = {p->root, path, p->depth + 1, p->why};

	return fits(&inner, schema, value);
}

/* Yes or no without a word about it. EINVAL is no. */
static int quietly(const struct place *p, const json_t *schema, const json_t *value, bool *yes)
{
	struct cw_why unused = {0};
	const struct place inner = {p->root, p->path, p->depth + 1, &unused};
	int err = fits(&inner, schema, value);

	*yes = !err;
	return err == EINVAL ? 0 : err;
}

static bool is_type(const json_t *value, const char *type)
{
	if (!strcmp(type, "integer"))
		return json_is_integer(value) ||
		       (json_is_real(value) && floor(json_real_value(value)) == json_real_value(value));
	return (!strcmp(type, "object") && json_is_object(value)) || (!strcmp(type, "array") && json_is_array(value)) ||
	       (!strcmp(type, "string") && json_is_string(value)) ||
	       (!strcmp(type, "number") && json_is_number(value)) ||
	       (!strcmp(type, "boolean") && json_is_boolean(value)) || (!strcmp(type, "null") && json_is_null(value));
}

static bool equal(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

static int fits_type(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *type = json_object_get(schema, "type"), *list = json_object_get(schema, "enum"),
		     *constant = json_object_get(schema, "const");
	bool ok = !type || (json_is_string(type) && is_type(value, json_string_value(type)));
	size_t i;
	json_t *item;

	json_array_foreach (type, i, item)
		ok = ok || is_type(value, json_string_value(item));
	if (!ok)
		return misfit(p, "is not of type %s",
			json_is_string(type) ? json_string_value(type) : "that the schema lists");
	if (constant && !equal(constant, value))
		return misfit(p, "is not the constant of the schema");
	ok = !list;
	json_array_foreach (list, i, item)
		ok = ok || equal(item, value);
	return ok ? 0 : misfit(p, "is none of the values of 'enum'");
}

static int fits_number(const struct place *p, const json_t *schema, const json_t *value)
{
	double x = json_number_value(value);
	double step = cw_json_num(schema, "multipleOf", 0);

	if (x < cw_json_num(schema, "minimum", -INFINITY))
		return misfit(p, "is below the minimum %g", cw_json_num(schema, "minimum", 0));
	if (x > cw_json_num(schema, "maximum", INFINITY))
		return misfit(p, "is above the maximum %g", cw_json_num(schema, "maximum", 0));
	if (x <= cw_json_num(schema, "exclusiveMinimum", -INFINITY))
		return misfit(p, "is not above %g", cw_json_num(schema, "exclusiveMinimum", 0));
	if (x >= cw_json_num(schema, "exclusiveMaximum", INFINITY))
		return misfit(p, "is not below %g", cw_json_num(schema, "exclusiveMaximum", 0));
	if (step > 0 && fabs(x / step - round(x / step)) > 1e-9)
		return misfit(p, "is no multiple of %g", step);
	return 0;
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int pattern(const char *regex, const char *text, bool *found)
{
	char strict[1024];

	if (snprintf(strict, sizeof(strict), "(?-i)%s", regex) >= (int)sizeof(strict))
		return EDOM;

	int err = cw_pattern_regex(strict, cw_str(text), found, NULL);

	return err == EINVAL || err == E2BIG ? EDOM : err;
}

static int fits_string(const struct place *p, const json_t *schema, const json_t *value)
{
	const char *text = json_string_value(value), *regex = cw_json_str(schema, "pattern", NULL);
	const char *format = cw_json_str(schema, "format", NULL);
	int64_t n = (int64_t)characters(text);
	bool found = true;
	int err = 0;

	if (n < cw_json_int(schema, "minLength", 0))
		return misfit(p, "is shorter than %lld characters", (long long)cw_json_int(schema, "minLength", 0));
	if (n > cw_json_int(schema, "maxLength", INT64_MAX))
		return misfit(p, "is longer than %lld characters", (long long)cw_json_int(schema, "maxLength", 0));
	if (regex)
		err = pattern(regex, text, &found);
	if (err || !found)
		return err ? err : misfit(p, "does not match the pattern %s", regex);
	if (format)
		err = pattern(cw_json_schema_format(format), text, &found);
	return err || found ? err : misfit(p, "is no %s", format);
}

/* ---- objects and arrays ---- */

static int fits_member(const struct place *p, const json_t *schema, const char *key, const json_t *value)
{
	const json_t *own = json_object_get(json_object_get(schema, "properties"), key);
	json_t *patterns = json_object_get(schema, "patternProperties"), *each;
	const json_t *other = json_object_get(schema, "additionalProperties");
	bool known = own != NULL;
	const char *regex;
	int err = own ? below(p, own, value, key) : 0;

	json_object_foreach (patterns, regex, each) {
		bool found = false;

		if (!err)
			err = pattern(regex, key, &found);
		if (!err && found)
			err = below(p, each, value, key);
		known = known || found;
	}
	if (err || known || !other)
		return err;
	if (json_is_false(other))
		return misfit(p, "has a member '%s' which the schema does not know", key);
	return below(p, other, value, key);
}

static int fits_names(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *required = json_object_get(schema, "required"), *names = json_object_get(schema, "propertyNames");
	json_t *dependent = json_object_get(schema, "dependentRequired"), *item;
	const char *key;
	size_t i;

	json_array_foreach (required, i, item)
		if (!json_object_get(value, json_string_value(item)))
			return misfit(p, "lacks the member '%s'", json_string_value(item));
	json_object_foreach (dependent, key, item) {
		for (i = 0; json_object_get(value, key) && i < json_array_size(item); i++)
			if (!json_object_get(value, json_string_value(json_array_get(item, i))))
				return misfit(
					p, "has '%s' and lacks '%s'", key, json_string_value(json_array_get(item, i)));
	}
	json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
		CW_JSON_SCOPED json_t *name = names ? json_string(key) : NULL;
		int err = names ? below(p, names, name, key) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int fits_object(const struct place *p, const json_t *schema, const json_t *value)
{
	int64_t n = (int64_t)json_object_size(value);
	const char *key;
	json_t *member;
	int err = fits_names(p, schema, value);

	if (err)
		return err;
	if (n < cw_json_int(schema, "minProperties", 0) || n > cw_json_int(schema, "maxProperties", INT64_MAX))
		return misfit(p, "has %lld members", (long long)n);
	json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
		err = fits_member(p, schema, key, member);
		if (err)
			return err;
	}
	return 0;
}

static bool unique(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		for (size_t k = 0; k < i; k++)
			if (equal(json_array_get(list, i), json_array_get(list, k)))
				return false;
	return true;
}

static int fits_array(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *items = json_object_get(schema, "items"), *prefix = json_object_get(schema, "prefixItems"),
		     *contains = json_object_get(schema, "contains");
	int64_t n = (int64_t)json_array_size(value);
	bool any = false;

	if (n < cw_json_int(schema, "minItems", 0) || n > cw_json_int(schema, "maxItems", INT64_MAX))
		return misfit(p, "has %lld entries", (long long)n);
	if (cw_json_bool(schema, "uniqueItems", false) && !unique(value))
		return misfit(p, "has an entry twice");
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *own = i < json_array_size(prefix) ? json_array_get(prefix, i) : items;
		char name[24];
		bool yes = false;

		(void)snprintf(name, sizeof(name), "%zu", i); /* fits */

		int err = own ? below(p, own, json_array_get(value, i), name) : 0;

		if (!err && contains && !any)
			err = quietly(p, contains, json_array_get(value, i), &yes);
		if (err)
			return err;
		any = any || yes;
	}
	return contains && !any ? misfit(p, "holds no entry as 'contains' wants it") : 0;
}

/* ---- combinations ---- */

static int fits_lists(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *all = json_object_get(schema, "allOf"), *any = json_object_get(schema, "anyOf"),
		     *one = json_object_get(schema, "oneOf");
	size_t i, n = 0;
	json_t *item;
	bool yes;
	int err = 0;

	for (i = 0; !err && i < json_array_size(all); i++)
		err = fits(p, json_array_get(all, i), value);
	json_array_foreach (any, i, item) {
		if (!err)
			err = quietly(p, item, value, &yes);
		n += !err && yes;
	}
	if (!err && any && !n)
		return misfit(p, "fits none of 'anyOf'");
	n = 0;
	json_array_foreach (one, i, item) {
		if (!err)
			err = quietly(p, item, value, &yes);
		n += !err && yes;
	}
	return !err && one && n != 1 ? misfit(p, "fits %zu of 'oneOf' instead of one", n) : err;
}

static int fits_conditions(const struct place *p, const json_t *schema, const json_t *value)
{
	const json_t *no = json_object_get(schema, "not"), *test = json_object_get(schema, "if");
	bool yes = false;
	int err = no ? quietly(p, no, value, &yes) : 0;

	if (err || yes)
		return err ? err : misfit(p, "fits what it must 'not'");
	if (!test)
		return 0;
	err = quietly(p, test, value, &yes);

	const json_t *then = json_object_get(schema, yes ? "then" : "else");

	return err || !then ? err : fits(p, then, value);
}

static int fits(const struct place *p, const json_t *schema, const json_t *value)
{
	const char *ref = cw_json_str(schema, "$ref", NULL);
	const struct place deeper = {p->root, p->path, p->depth + 1, p->why};
	int err = 0;

	if (p->depth > DEPTH_MAX)
		return ELOOP;
	if (json_is_boolean(schema))
		return json_is_true(schema) ? 0 : misfit(p, "is not allowed");
	if (!json_is_object(schema))
		return EDOM;
	if (ref) {
		const json_t *target = cw_json_schema_ref(p->root, ref);

		err = target ? fits(&deeper, target, value) : EDOM;
	}
	if (!err)
		err = fits_type(p, schema, value);
	if (!err && json_is_number(value))
		err = fits_number(p, schema, value);
	if (!err && json_is_string(value))
		err = fits_string(p, schema, value);
	if (!err && json_is_object(value))
		err = fits_object(p, schema, value);
	if (!err && json_is_array(value))
		err = fits_array(p, schema, value);
	if (!err)
		err = fits_lists(&deeper, schema, value);
	return err ? err : fits_conditions(&deeper, schema, value);
}

int cw_json_schema_fits(const json_t *schema, const json_t *value, struct cw_why *why)
{
	const struct place p = {schema, "", 0, why};

	return fits(&p, schema, value);
}
