/* Typed members of YAML mappings; shape.c has looked at them before. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

uint32_t cw_scn_u32(const json_t *o, const char *key, uint32_t dflt)
{
	return (uint32_t)cw_json_int(o, key, dflt);
}

uint64_t cw_scn_us(const json_t *o, const char *key, double unit_us, uint64_t dflt)
{
	const json_t *v = json_object_get(o, key);
	double us;

	return v && cw_scn_duration_of(v, unit_us, &us) ? (uint64_t)llround(us) : dflt;
}

double cw_scn_rate(const json_t *o, const char *key, double dflt)
{
	const json_t *v = json_object_get(o, key);

	for (size_t i = 0; json_is_string(v) && i < CW_RATES; i++)
		if (!strcmp(cw_rates[i].name, json_string_value(v)))
			return cw_rates[i].value;
	return json_is_number(v) ? json_number_value(v) : dflt;
}

int cw_scn_text(void *parent, const json_t *o, const char *key, const char *dflt, const char **ret)
{
	const char *text = cw_json_str(o, key, dflt);

	*ret = text ? talloc_strdup(parent, text) : NULL;
	return text && !*ret ? ENOMEM : 0;
}

int cw_scn_list(void *parent, const json_t *o, const char *key, struct cw_list *ret)
{
	json_t *v = json_object_get(o, key);
	size_t n = json_is_array(v) ? json_array_size(v) : v ? 1 : 0;

	*ret = (struct cw_list){0};
	if (!v)
		return 0;

	const char **items = talloc_zero_array(parent, const char *, n + 1);

	if (!items)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		items[i] = talloc_strdup(items, json_string_value(json_is_array(v) ? json_array_get(v, i) : v));
		if (!items[i])
			return ENOMEM;
	}
	*ret = (struct cw_list){items, n};
	return 0;
}

int cw_scn_pattern(const struct cw_scn *r, void *parent, json_t *o, const char *key, struct cw_pattern **ret)
{
	json_t *v = json_object_get(o, key);
	struct cw_why inner = {0};
	struct cw_list list;
	int err = cw_scn_list(parent, o, key, &list);

	*ret = NULL;
	if (err || !v)
		return err;
	if (!list.n)
		return COMPLAIN(r, v, "'%s' is empty: leave it out, or give words or a /regular expression/", key);
	err = cw_pattern_new(parent, list.items, list.n, ret, &inner);
	return err && err != ENOMEM ? cw_yaml_why(r->yaml, v, r->why, err, "%s", inner.text) : err;
}
