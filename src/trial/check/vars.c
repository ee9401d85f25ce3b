/* Variables in the strings of a tree. */
#include <errno.h>
#include <string.h>

#include "trial/check/template.h"

static bool has_braces(const char *text)
{
	return strstr(text, "{{") || strstr(text, "{%") || strstr(text, "{#");
}

static int expand_at(
	const struct cw_yaml *y, const struct cw_vars *vars, const json_t *in, json_t **ret, struct cw_why *why)
{
	struct cw_why inner = {0};
	int err = cw_template_expand(vars, json_string_value(in), ret, &inner);

	return err && inner.text[0] ? cw_yaml_why(y, in, why, err, "%s", inner.text) : err;
}

int cw_vars_text(void *parent, const struct cw_yaml *y, const struct cw_vars *vars, const json_t *in, char **ret,
	struct cw_why *why)
{
	CW_JSON_SCOPED json_t *v = NULL;
	const char *text = json_string_value(in);

	CW_ASSERT(text);
	if (vars && !vars->done && has_braces(text)) {
		int err = expand_at(y, vars, in, &v, why);

		if (err)
			return err;
		if (!json_is_string(v))
			return cw_yaml_why(y, in, why, EINVAL,
				"'%s' gives a list, a mapping or a number: a text belongs here", text);
		text = json_string_value(v);
	}
	text = talloc_strdup(parent, text);
	if (!text)
		return ENOMEM;
	*ret = (char *)(uintptr_t)text;
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
	return *ret ? 0 : ENOMEM;
}

int cw_vars_apply(const struct cw_yaml *y, const struct cw_vars *vars, json_t *in, json_t **ret, struct cw_why *why)
{
	if (json_is_string(in) && vars && !vars->done && has_braces(json_string_value(in)))
		return expand_at(y, vars, in, ret, why);
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
	return *ret ? 0 : ENOMEM;
}
