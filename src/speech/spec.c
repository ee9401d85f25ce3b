#include "speech/spec.h"

#include <errno.h>
#include <string.h>

struct cw_str cw_spec_engine(const char *spec)
{
	return (struct cw_str){spec, strcspn(spec, ":")};
}

struct cw_str cw_spec_options(const char *spec)
{
	const char *colon = strchr(spec, ':');

	return cw_str(colon ? colon + 1 : "");
}

static bool split_pair(struct cw_str option, struct cw_str *key, struct cw_str *value)
{
	const char *equals = option.len ? memchr(option.p, '=', option.len) : NULL;

	if (!equals)
		return false;
	size_t at = (size_t)(equals - option.p);

	*key = cw_str_trim((struct cw_str){option.p, at});
	*value = cw_str_trim((struct cw_str){equals + 1, option.len - at - 1});
	return true;
}

bool cw_spec_get(struct cw_str options, const char *key, struct cw_str *ret)
{
	struct cw_str option, k, v;

	while (cw_str_split(&options, ',', &option)) {
		if (split_pair(option, &k, &v) && cw_str_eq(k, key)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

int cw_spec_number(struct cw_str options, const char *key, double lo, double hi, double *ret, struct cw_why *why)
{
	struct cw_str value;
	double v;

	if (!cw_spec_get(options, key, &value))
		return 0;
	if (cw_str_double(value, &v) || v < lo || v > hi)
		return cw_why_set(
			why, EINVAL, "option %s=%.*s: a number from %g to %g is needed", key, CW_STR(value), lo, hi);
	*ret = v;
	return 0;
}

static bool known(struct cw_str key, const char *const *keys)
{
	for (; *keys; keys++)
		if (cw_str_eq(key, *keys))
			return true;
	return false;
}

static int complain(const char *spec, struct cw_str option, const char *const *keys, struct cw_why *why)
{
	char list[128] = "";

	for (; *keys; keys++) {
		size_t at = strlen(list);

		(void)snprintf(
			list + at, sizeof(list) - at, "%s%s=", at ? ", " : "", *keys); /* a cut list still helps */
	}
	return cw_why_set(
		why, EINVAL, "'%s': unknown option '%.*s'; known: %s", spec, CW_STR(option), list[0] ? list : "none");
}

int cw_spec_check(const char *spec, const char *const *keys, struct cw_why *why)
{
	struct cw_str options = cw_spec_options(spec), option, k, v;

	while (options.len && cw_str_split(&options, ',', &option))
		if (!split_pair(option, &k, &v) || !known(k, keys))
			return complain(spec, option, keys, why);
	return 0;
}
