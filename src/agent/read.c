#include "agent/read.h"

#include <errno.h>

#include "agent/file.h"
#include "base/mem.h"
#include "base/str.h"

int cw_read_why_key(const struct cw_reader *r, const json_t *obj, const char *key, int err, const char *fmt, ...)
{
	unsigned line = 0, column = 0;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)cw_yaml_where_key(r->y, obj, key, &line, &column); /* unknown: the file is named all the same */
	return cw_why_at(r->why, err, cw_yaml_file(r->y), line, column, "%s", text);
}

static int text_of(const struct cw_reader *r, const json_t *value, const char *key, const char **ret)
{
	const char *text = json_string_value(value);

	if (!text)
		return cw_yaml_why(r->y, value, r->why, EINVAL, "'%s' must be text%s", key,
			json_is_number(value) ? ": put the number in quotes" : "");
	if (!*text)
		return cw_yaml_why(r->y, value, r->why, EINVAL, "'%s' is empty", key);
	*ret = text;
	return 0;
}

int cw_read_text(const struct cw_reader *r, const json_t *obj, const char *key, const char **ret)
{
	const json_t *value = json_object_get(obj, key);

	return value ? text_of(r, value, key, ret) : 0;
}

int cw_read_bool(const struct cw_reader *r, const json_t *obj, const char *key, bool *ret)
{
	const json_t *value = json_object_get(obj, key);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return cw_yaml_why(r->y, value, r->why, EINVAL, "'%s' must be true or false", key);
	*ret = json_is_true(value);
	return 0;
}

int cw_read_int(const struct cw_reader *r, const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret)
{
	const json_t *value = json_object_get(obj, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max)
		return cw_yaml_why(r->y, value, r->why, EINVAL, "'%s' must be a whole number from %lld to %lld", key,
			(long long)min, (long long)max);
	*ret = json_integer_value(value);
	return 0;
}

int cw_read_uint(
	const struct cw_reader *r, const json_t *obj, const char *key, unsigned min, unsigned max, unsigned *ret)
{
	int64_t v = *ret;
	int err = cw_read_int(r, obj, key, min, max, &v);

	*ret = (unsigned)v;
	return err;
}

int cw_read_ms(const struct cw_reader *r, const json_t *obj, const char *key, unsigned min_ms, unsigned max_ms,
	uint64_t *ret_us)
{
	int64_t ms = -1;
	int err = cw_read_int(r, obj, key, min_ms, max_ms, &ms);

	if (ms >= 0)
		*ret_us = (uint64_t)ms * 1000;
	return err;
}

int cw_read_num(const struct cw_reader *r, const json_t *obj, const char *key, double min, double max, double *ret)
{
	const json_t *value = json_object_get(obj, key);

	if (!value)
		return 0;
	if (!json_is_number(value) || json_number_value(value) < min || json_number_value(value) > max)
		return cw_yaml_why(r->y, value, r->why, EINVAL, "'%s' must be a number from %g to %g", key, min, max);
	*ret = json_number_value(value);
	return 0;
}

int cw_read_texts(const struct cw_reader *r, const json_t *obj, const char *key, const char *const **ret, size_t *n)
{
	const json_t *value = json_object_get(obj, key);

	if (!value)
		return 0;

	bool list = json_is_array(value);
	size_t count = list ? json_array_size(value) : 1;

	if (count == 0 || count > CW_AGENT_MAX_LIST)
		return cw_yaml_why(
			r->y, value, r->why, EINVAL, "'%s' must have 1 to %d entries", key, CW_AGENT_MAX_LIST);

	const char **texts = talloc_zero_array(r->mem, const char *, count + 1);

	if (!texts)
		return ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int err = text_of(r, list ? json_array_get(value, i) : value, key, &texts[i]);

		if (err)
			return err;
	}
	*ret = texts;
	if (n)
		*n = count;
	return 0;
}

int cw_read_object(const struct cw_reader *r, const json_t *value, const char *what)
{
	if (!value || json_is_object(value))
		return 0;
	return cw_yaml_why(r->y, value, r->why, EINVAL, "'%s' must be a map of names", what);
}

int cw_read_one_of(
	const struct cw_reader *r, const json_t *value, const char *what, const char *const *names, size_t *ret)
{
	const char *text = "";
	size_t n = 0;
	int err = text_of(r, value, what, &text);

	if (err)
		return err;
	for (; names[n]; n++) {
		if (strcmp(names[n], text) != 0)
			continue;
		*ret = n;
		return 0;
	}

	const char *near = cw_str_nearest(cw_str(text), names, n);

	return cw_yaml_why(r->y, value, r->why, EINVAL,
		near ? "unknown %s '%s'; did you mean '%s'?" : "unknown %s '%s'", what, text, near);
}
