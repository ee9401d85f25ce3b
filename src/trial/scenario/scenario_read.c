/* Typed members of YAML mappings, with messages that say where and what was expected. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

int cw_scn_u32(
	const struct cw_scn *r, json_t *o, const char *key, uint32_t min, uint32_t max, uint32_t dflt, uint32_t *ret)
{
	json_t *v = json_object_get(o, key);

	if (!v) {
		*ret = dflt;
		return 0;
	}
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return COMPLAIN(r, v, "'%s' must be a whole number from %u to %u", key, min, max);
	*ret = (uint32_t)json_integer_value(v);
	return 0;
}

int cw_scn_double(const struct cw_scn *r, json_t *o, const char *key, double min, double max, double dflt, double *ret)
{
	json_t *v = json_object_get(o, key);

	if (!v) {
		*ret = dflt;
		return 0;
	}
	if (!json_is_number(v) || !(json_number_value(v) >= min && json_number_value(v) <= max))
		return COMPLAIN(r, v, "'%s' must be a number from %g to %g", key, min, max);
	*ret = json_number_value(v);
	return 0;
}

int cw_scn_bool(const struct cw_scn *r, json_t *o, const char *key, bool dflt, bool *ret)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v))
		return COMPLAIN(r, v, "'%s' must be true or false", key);
	*ret = v ? json_is_true(v) : dflt;
	return 0;
}

int cw_scn_text(const struct cw_scn *r, void *parent, json_t *o, const char *key, const char *dflt, const char **ret)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_string(v))
		return COMPLAIN(r, v, "'%s' must be a text%s", key, json_is_number(v) ? ": put it in quotes" : "");
	if (v && !json_string_length(v))
		return COMPLAIN(r, v, "'%s' is empty", key);
	*ret = NULL;
	if (!v && !dflt)
		return 0;
	*ret = talloc_strdup(parent, v ? json_string_value(v) : dflt);
	return *ret ? 0 : ENOMEM;
}

int cw_scn_list(const struct cw_scn *r, void *parent, json_t *o, const char *key, struct cw_list *ret)
{
	json_t *v = json_object_get(o, key);
	size_t n = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;

	*ret = (struct cw_list){0};
	if (!v)
		return 0;
	if (n > CW_SCENARIO_LIST_MAX)
		return COMPLAIN(r, v, "'%s' has %zu entries: at most %d are allowed", key, n, CW_SCENARIO_LIST_MAX);

	const char **items = talloc_zero_array(parent, const char *, n + 1);

	if (!items)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		json_t *item = json_is_array(v) ? json_array_get(v, i) : v;

		if (!json_is_string(item) || !json_string_length(item))
			return COMPLAIN(r, item, "'%s' must be a text or a list of texts%s", key,
				json_is_number(item) || json_is_boolean(item) ? ": put this in quotes" : "");
		items[i] = talloc_strdup(items, json_string_value(item));
		if (!items[i])
			return ENOMEM;
	}
	*ret = (struct cw_list){items, n};
	return 0;
}

static bool duration_text(const char *text, double *us)
{
	static const struct {
		const char *suffix;
		double us;
	} units[] = {{"ms", 1e3}, {"s", 1e6}, {"m", 60e6}};
	struct cw_str s = cw_str(text);

	for (size_t i = 0; i < CW_COUNT(units); i++) {
		size_t len = strlen(units[i].suffix);
		double v;

		if (s.len > len && !memcmp(s.p + s.len - len, units[i].suffix, len) &&
			!cw_str_double(cw_str_trim((struct cw_str){s.p, s.len - len}), &v)) {
			*us = v * units[i].us;
			return true;
		}
	}
	return false;
}

int cw_scn_duration(const struct cw_scn *r, json_t *o, const char *key, uint64_t unit_us, uint64_t max_us,
	uint64_t dflt, uint64_t *ret)
{
	json_t *v = json_object_get(o, key);
	double us = 0;

	if (!v) {
		*ret = dflt;
		return 0;
	}
	if (json_is_number(v))
		us = json_number_value(v) * (double)unit_us;
	else if (!json_is_string(v) || !duration_text(json_string_value(v), &us))
		return COMPLAIN(r, v, "'%s' must be a number of %s or a duration as \"800ms\", \"3s\", \"2m\"", key,
			unit_us == 1000 ? "milliseconds" : "seconds");
	if (!(us >= 0 && us <= (double)max_us))
		return COMPLAIN(r, v, "'%s' must be from 0 to %g s", key, (double)max_us / 1e6);
	*ret = (uint64_t)llround(us);
	return 0;
}

int cw_scn_object(const struct cw_scn *r, json_t *o, const char *key, json_t **ret)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_object(v))
		return COMPLAIN(r, v, "'%s' must be a mapping (key: value)", key);
	*ret = v;
	return 0;
}

int cw_scn_said(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *at, const char **ret)
{
	char *text = NULL;

	if (!json_is_string(at) || !json_string_length(at))
		return COMPLAIN(r, at, "expected a text%s", json_is_number(at) ? ": put it in quotes" : "");

	int err = cw_vars_text(parent, r->yaml, vars, at, &text, r->why);

	if (err)
		return err;
	*ret = text;
	return 0;
}

int cw_scn_pattern(const struct cw_scn *r, const struct cw_vars *vars, void *parent, json_t *o, const char *key,
	struct cw_pattern **ret)
{
	json_t *v = json_object_get(o, key);
	struct cw_list raw;
	int err = cw_scn_list(r, parent, o, key, &raw);

	*ret = NULL;
	if (err || !v)
		return err;
	if (!raw.n)
		return COMPLAIN(r, v, "'%s' is empty: leave it out, or give words or a /regular expression/", key);
	for (size_t i = 0; i < raw.n; i++) {
		json_t *item = json_is_array(v) ? json_array_get(v, i) : v;

		err = cw_scn_said(r, vars, parent, item, &raw.items[i]);
		if (err)
			return err;
	}

	struct cw_why inner = {0};

	err = cw_pattern_new(parent, raw.items, raw.n, ret, &inner);
	return err && err != ENOMEM ? cw_yaml_why(r->yaml, v, r->why, err, "%s", inner.text) : err;
}

int cw_scn_keys(const struct cw_scn *r, json_t *o, const char *const *known, const char *const *later)
{
	for (; later && *later; later++) {
		unsigned line = 0, column = 0;

		if (!json_object_get(o, *later))
			continue;
		(void)cw_yaml_where_key(
			r->yaml, o, *later, &line, &column); /* 0:0 when unknown: still a clear message */
		return cw_why_at(r->why, EINVAL, cw_yaml_file(r->yaml), line, column,
			"'%s' is not available in this version: remove it (docs/scenarios.md lists what is)", *later);
	}
	return cw_yaml_known_keys(r->yaml, o, known, r->why);
}

int cw_scn_id(const struct cw_scn *r, void *parent, json_t *o, const char *key, const char **ret)
{
	json_t *v = json_object_get(o, key);
	const char *text = json_string_value(v);

	if (!v)
		return COMPLAIN(r, o, "'%s' is missing", key);
	if (!text || !*text || strlen(text) > 80 || *text == '.' ||
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") != strlen(text))
		return COMPLAIN(r, v, "'%s' must be 1 to 80 letters, digits and . _ - + (it names a folder)", key);
	*ret = talloc_strdup(parent, text);
	return *ret ? 0 : ENOMEM;
}
