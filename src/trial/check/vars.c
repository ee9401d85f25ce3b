#include <errno.h>
#include <string.h>

#include "trial/check/check.h"

#define TEXT_MAX (16 * 1024)

static const char *lookup(const struct cw_vars *vars, struct cw_str name, char *number, size_t size)
{
	for (size_t i = 0; i < vars->n; i++)
		if (cw_str_eq(name, vars->pairs[i].name))
			return vars->pairs[i].value;

	const char *key;
	json_t *value;

	json_object_foreach (vars->facts, key, value) {
		if (!cw_str_eq(name, key))
			continue;
		if (json_is_string(value))
			return json_string_value(value);
		if (json_is_integer(value))
			(void)snprintf(number, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); /* fits */
		else if (json_is_real(value))
			(void)snprintf(number, size, "%g", json_real_value(value)); /* fits */
		else
			return NULL;
		return number;
	}
	return NULL;
}

static int unknown(
	const struct cw_yaml *y, const struct cw_vars *vars, const json_t *at, struct cw_str name, struct cw_why *why)
{
	const char *names[128];
	size_t n = 0;
	const char *key;
	json_t *value;

	for (size_t i = 0; i < vars->n && n < CW_COUNT(names); i++)
		names[n++] = vars->pairs[i].name;
	json_object_foreach (vars->facts, key, value) {
		if (n < CW_COUNT(names))
			names[n++] = key;
	}

	const char *near = cw_str_nearest(name, names, n);

	return cw_yaml_why(y, at, why, EINVAL,
		"{{%.*s}} is not defined%s%s%s: add it to the facts of the caller or give --var %.*s=VALUE",
		CW_STR(name), near ? "; did you mean {{" : "", near ? near : "", near ? "}}" : "", CW_STR(name));
}

int cw_vars_text(void *parent, const struct cw_yaml *y, const struct cw_vars *vars, const json_t *in, char **ret,
	struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	const char *p = json_string_value(in);

	CW_ASSERT(p);
	for (const char *open; (open = strstr(p, "{{"));) {
		const char *close = strstr(open, "}}");
		char number[32];

		if (!close)
			return cw_yaml_why(y, in, why, EINVAL, "'{{' without '}}'");

		struct cw_str name = cw_str_trim((struct cw_str){open + 2, (size_t)(close - open - 2)});
		const char *value = lookup(vars, name, number, sizeof(number));

		if (!value)
			return unknown(y, vars, in, name, why);
		cw_buf_put(&b, p, (size_t)(open - p));
		cw_buf_puts(&b, value);
		p = close + 2;
	}
	cw_buf_puts(&b, p);
	if (cw_buf_err(&b) == EMSGSIZE)
		return cw_yaml_why(
			y, in, why, EMSGSIZE, "text is longer than %d bytes after {{…}} were replaced", TEXT_MAX);

	char *text = cw_buf_take(&b, parent);

	if (!text)
		return ENOMEM;
	*ret = text;
	return 0;
}

static int apply_array(
	const struct cw_yaml *y, const struct cw_vars *vars, json_t *in, json_t **ret, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *out = json_array();
	size_t i;
	json_t *value;

	json_array_foreach (in, i, value) {
		json_t *item = NULL;
		int err = cw_vars_apply(y, vars, value, &item, why);

		if (err)
			return err;
		if (json_array_append_new(out, item))
			return ENOMEM;
	}
	*ret = json_incref(out);
	return 0;
}

int cw_vars_apply(const struct cw_yaml *y, const struct cw_vars *vars, json_t *in, json_t **ret, struct cw_why *why)
{
	if (json_is_string(in)) {
		CW_SCOPED char *text = NULL;
		int err = cw_vars_text(NULL, y, vars, in, &text, why);

		if (err)
			return err;
		*ret = json_string(text);
		return *ret ? 0 : ENOMEM;
	}
	if (json_is_array(in))
		return apply_array(y, vars, in, ret, why);
	if (!json_is_object(in)) {
		*ret = json_incref(in);
		return 0;
	}

	CW_JSON_SCOPED json_t *out = json_object();
	const char *key;
	json_t *value;

	json_object_foreach (in, key, value) {
		json_t *item = NULL;
		int err = cw_vars_apply(y, vars, value, &item, why);

		if (err)
			return err;
		if (json_object_set_new(out, key, item))
			return ENOMEM;
	}
	*ret = json_incref(out);
	return 0;
}
