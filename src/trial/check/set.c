/* Sets of assertions, and the kinds of targets that `only` may name. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "trial/check/check_int.h"
#include "trial/check/check_read.h"

#define SET_MAX 100

const char *const *cw_target_kinds(void)
{
	static const char *const kinds[] = {"agent", "twilio", "chat", "houndify", NULL};

	return kinds;
}

bool cw_target_kind_known(const char *name)
{
	for (const char *const *k = cw_target_kinds(); *k; k++)
		if (!strcmp(*k, name))
			return true;
	return false;
}

bool cw_check_goes_with_turn(const char *type)
{
	const struct cw_check_kind *k = cw_check_find(strncmp(type, "not-", 4) ? type : type + 4);

	return !k || k->place != CW_CHECK_CALL_ONLY;
}

static int read_member(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *ret, struct cw_why *why)
{
	const char *type = cw_json_str(conf, "type", "");

	if (!strcmp(type, "assert-set") || !strcmp(type, "not-assert-set"))
		return cw_yaml_why(y, conf, why, EINVAL, "a set of assertions cannot stand inside another one");
	return cw_assert_new(parent, y, conf, per_turn, vars, ret, why);
}

int cw_assert_set_read(void *parent, const struct cw_yaml *y, json_t *conf, bool per_turn, const struct cw_vars *vars,
	struct cw_assert *ret, struct cw_why *why)
{
	json_t *list = json_object_get(conf, "assert"), *threshold = json_object_get(conf, "threshold");
	size_t n = json_array_size(list);

	if (!n || n > SET_MAX)
		return cw_yaml_why_member(y, conf, "assert", why, EINVAL,
			"'assert' of a set must be a list of 1 to %d assertions", SET_MAX);
	if (threshold && (!json_is_number(threshold) ||
				 !(json_number_value(threshold) > 0 && json_number_value(threshold) <= 1)))
		return cw_yaml_why_member(y, conf, "threshold", why, EINVAL,
			"'threshold' of a set must be above 0 and at most 1: the share of the score that is enough");

	struct cw_assert *set = talloc_zero_array(parent, struct cw_assert, n);
	double weights = 0;

	if (!set)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int err = read_member(set, y, json_array_get(list, i), per_turn, vars, &set[i], why);

		if (err)
			return err;
		weights += set[i].weight;
	}
	if (!(weights > 0))
		return cw_yaml_why_member(
			y, conf, "assert", why, EINVAL, "every assertion of this set has weight 0: it could not fail");
	ret->set = set;
	ret->n_set = n;
	ret->set_threshold = threshold ? json_number_value(threshold) : NAN;
	return 0;
}
