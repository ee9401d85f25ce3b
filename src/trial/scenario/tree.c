#include "trial/scenario/tree.h"

#include <errno.h>

static int note_below(struct cw_yaml *to, json_t *value, const struct cw_yaml_spot *spot, json_t **ret)
{
	const char *key;
	json_t *v, *copy;
	size_t i;
	int err = 0;

	if (!json_is_object(value) && !json_is_array(value)) {
		*ret = json_incref(value);
		return 0;
	}

	CW_JSON_SCOPED json_t *out = json_is_object(value) ? json_object() : json_array();

	if (!out)
		return ENOMEM;
	json_object_foreach (value, key, v) {
		err = err ? err : note_below(to, v, spot, &copy);
		if (!err)
			err = cw_yaml_set(to, out, key, copy, spot);
	}
	json_array_foreach (value, i, v) {
		err = err ? err : note_below(to, v, spot, &copy);
		if (!err)
			err = cw_yaml_append(to, out, copy, spot);
	}
	if (!err)
		*ret = json_incref(out);
	return err;
}

int cw_tree_put(struct cw_yaml *to, json_t *obj, const char *key, json_t *value, const struct cw_yaml_spot *spot)
{
	CW_JSON_SCOPED json_t *taken = value;
	json_t *noted = NULL;
	int err = taken ? note_below(to, taken, spot, &noted) : ENOMEM;

	return err ? err : cw_yaml_set(to, obj, key, noted, spot);
}

int cw_tree_push(struct cw_yaml *to, json_t *array, json_t *value, const struct cw_yaml_spot *spot)
{
	CW_JSON_SCOPED json_t *taken = value;
	json_t *noted = NULL;
	int err = taken ? note_below(to, taken, spot, &noted) : ENOMEM;

	return err ? err : cw_yaml_append(to, array, noted, spot);
}

/* A string, its variables replaced: of a value made of several, all stand at the string's place. */
static int copy_text(struct cw_yaml *to, const struct cw_yaml *from, json_t *in, const struct cw_vars *vars,
	const struct cw_yaml_spot *at, json_t **ret, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *v = NULL;
	int err = cw_vars_apply(from, vars, in, &v, why);

	if (err)
		return err;
	if (v == in) { /* a copy of its own: places are found by identity */
		*ret = json_copy(in);
		return *ret ? 0 : ENOMEM;
	}
	return note_below(to, v, at, ret);
}

static int copy_at(struct cw_yaml *to, const struct cw_yaml *from, json_t *in, const struct cw_vars *vars,
	const struct cw_yaml_spot *at, json_t **ret, struct cw_why *why)
{
	const char *key;
	json_t *v, *copy;
	size_t i;
	int err = 0;

	if (json_is_string(in))
		return copy_text(to, from, in, vars, at, ret, why);
	if (!json_is_object(in) && !json_is_array(in)) {
		*ret = json_copy(in);
		return *ret ? 0 : ENOMEM;
	}

	CW_JSON_SCOPED json_t *out = json_is_object(in) ? json_object() : json_array();

	if (!out)
		return ENOMEM;
	json_object_foreach (in, key, v) {
		struct cw_yaml_spot spot = cw_yaml_spot_member(from, in, key);

		err = err ? err : copy_at(to, from, v, vars, &spot, &copy, why);
		if (!err)
			err = cw_yaml_set(to, out, key, copy, &spot);
	}
	json_array_foreach (in, i, v) {
		struct cw_yaml_spot spot = cw_yaml_spot_index(from, in, i);

		err = err ? err : copy_at(to, from, v, vars, &spot, &copy, why);
		if (!err)
			err = cw_yaml_append(to, out, copy, &spot);
	}
	if (!err)
		*ret = json_incref(out);
	return err;
}

int cw_tree_copy(struct cw_yaml *to, const struct cw_yaml *from, json_t *in, const struct cw_vars *vars, json_t **ret,
	struct cw_why *why)
{
	struct cw_yaml_spot at = {.file = cw_yaml_file_of(from, in)};

	(void)cw_yaml_where(from, in, &at.line, &at.column); /* unknown stays 0 */
	at.key_line = at.line;
	at.key_column = at.column;
	return copy_at(to, from, in, vars, &at, ret, why);
}

int cw_tree_member(struct cw_yaml *to, const struct cw_yaml *from, json_t *obj, const char *key, json_t *into,
	const char *as, struct cw_why *why)
{
	json_t *v = json_object_get(obj, key), *copy = NULL;

	if (!v)
		return 0;

	struct cw_yaml_spot at = cw_yaml_spot_member(from, obj, key);
	int err = copy_at(to, from, v, NULL, &at, &copy, why);

	return err ? err : cw_yaml_set(to, into, as, copy, &at);
}
