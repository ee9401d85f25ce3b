/* Values against their tables: which key is unknown, missing or of another shape, and where. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "trial/scenario/scenario_int.h"

#define NAMES_MAX 64

static const char *const *names_of(const struct cw_key *k)
{
	return k->list ? k->list() : k->names;
}

static size_t count_names(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

/* ---- what was expected, in words ---- */

static void put_names(struct cw_buf *b, const char *const *names)
{
	size_t n = count_names(names);

	for (size_t i = 0; i < n; i++)
		cw_buf_fmt(b, "%s%s", !i ? "" : i + 1 == n ? " or " : ", ", names[i]);
}

static void put_shape(struct cw_buf *b, const struct cw_key *k, unsigned shape)
{
	switch (shape) {
	case CW_SHAPE_TEXT:
		cw_buf_puts(b, "a text");
		break;
	case CW_SHAPE_TEXTS:
		cw_buf_puts(b, "a text or a list of texts");
		break;
	case CW_SHAPE_BOOL:
		cw_buf_puts(b, "true or false");
		break;
	case CW_SHAPE_TRUE:
		cw_buf_puts(b, "true");
		break;
	case CW_SHAPE_COUNT:
		cw_buf_fmt(b, "a whole number from %.0f to %.0f", k->min, k->max);
		break;
	case CW_SHAPE_NUMBER:
		cw_buf_fmt(b, "a number from %g to %g", k->min, k->max);
		break;
	case CW_SHAPE_SECONDS:
	case CW_SHAPE_MILLIS:
		cw_buf_fmt(b, "a number of %s or a duration as \"800ms\", \"3s\", \"2m\", from 0 to %g s",
			shape == CW_SHAPE_MILLIS ? "milliseconds" : "seconds", k->max);
		break;
	case CW_SHAPE_NAME:
		put_names(b, names_of(k));
		break;
	case CW_SHAPE_MAPS:
		cw_buf_fmt(b, "a list of mappings: - {%s: …}", k->keys ? k->keys[0].name : "name");
		break;
	case CW_SHAPE_ASSERTS:
		cw_buf_puts(b, "a list of assertions: - {type: …}");
		break;
	case CW_SHAPE_ID:
		cw_buf_puts(b, "1 to 80 letters, digits and . _ - + (it names a folder)");
		break;
	case CW_SHAPE_DIGITS:
		cw_buf_puts(b, "keys in quotes: \"1\" (a bare number would lose leading zeros)");
		break;
	case CW_SHAPE_RATE:
		cw_buf_puts(b, "never, rare, normal, frequent or a number from 0 to 1");
		break;
	default:
		cw_buf_fmt(b, "a mapping (%s: …)", k->keys ? k->keys[0].name : "key");
		break;
	}
}

static int mismatch(const struct cw_scn *r, json_t *o, const struct cw_key *k)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(600);
	const json_t *v = json_object_get(o, k->name);
	const char *text = json_string_value(v), *near = NULL;
	bool first = true;

	for (unsigned shape = 1; shape <= k->shapes; shape <<= 1) {
		if (!(k->shapes & shape))
			continue;
		if (!first)
			cw_buf_puts(&b, ", or ");
		put_shape(&b, k, shape);
		first = false;
	}
	if ((k->shapes & CW_SHAPE_NAME) && text)
		near = cw_str_nearest(cw_str(text), names_of(k), count_names(names_of(k)));
	if (text && !*text && (k->shapes & CW_SHAPE_TEXT))
		return cw_yaml_why_member(r->yaml, o, k->name, r->why, EINVAL, "'%s' is empty", k->name);
	return cw_yaml_why_member(r->yaml, o, k->name, r->why, EINVAL, "'%s' %s %s%s%s%s%s", k->name,
		k->shapes == CW_SHAPE_TRUE || (k->shapes == CW_SHAPE_NAME && !names_of(k)[1]) ? "can only be:"
											      : "must be",
		cw_buf_err(&b) ? "something else" : cw_buf_str(&b).p,
		(k->shapes & (CW_SHAPE_TEXT | CW_SHAPE_TEXTS)) && (json_is_number(v) || json_is_boolean(v))
			? ": put it in quotes"
			: "",
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- does a value fit? ---- */

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

bool cw_scn_duration_of(const json_t *v, double unit_us, double *us)
{
	if (json_is_number(v)) {
		*us = json_number_value(v) * unit_us;
		return true;
	}
	return json_is_string(v) && duration_text(json_string_value(v), us);
}

static bool fits_duration(const json_t *v, double unit_us, double max_s)
{
	double us;

	return cw_scn_duration_of(v, unit_us, &us) && us >= 0 && us <= max_s * 1e6;
}

static bool fits_name(const char *text, const struct cw_key *k)
{
	for (const char *const *n = names_of(k); text && *n; n++)
		if (!strcmp(*n, text))
			return true;
	return false;
}

static bool fits_rate(const json_t *v)
{
	const char *text = json_string_value(v);

	for (size_t i = 0; text && i < CW_RATES; i++)
		if (!strcmp(cw_rates[i].name, text))
			return true;
	return json_is_number(v) && json_number_value(v) >= 0 && json_number_value(v) <= 1;
}

static bool fits_id(const char *text)
{
	return text && *text && strlen(text) <= 80 && *text != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") == strlen(text);
}

static bool fits(const json_t *v, const struct cw_key *k, unsigned shape)
{
	switch (shape) {
	case CW_SHAPE_TEXT:
	case CW_SHAPE_DIGITS:
		return json_is_string(v) && json_string_length(v);
	case CW_SHAPE_TEXTS:
		return json_is_array(v) || (json_is_string(v) && json_string_length(v));
	case CW_SHAPE_BOOL:
		return json_is_boolean(v);
	case CW_SHAPE_TRUE:
		return json_is_true(v);
	case CW_SHAPE_COUNT:
		return json_is_integer(v) && (double)json_integer_value(v) >= k->min &&
		       (double)json_integer_value(v) <= k->max;
	case CW_SHAPE_NUMBER:
		return json_is_number(v) && json_number_value(v) >= k->min && json_number_value(v) <= k->max;
	case CW_SHAPE_SECONDS:
		return fits_duration(v, 1e6, k->max);
	case CW_SHAPE_MILLIS:
		return fits_duration(v, 1e3, k->max);
	case CW_SHAPE_NAME:
		return fits_name(json_string_value(v), k);
	case CW_SHAPE_MAPS:
	case CW_SHAPE_ASSERTS:
		return json_is_array(v);
	case CW_SHAPE_ID:
		return fits_id(json_string_value(v));
	case CW_SHAPE_RATE:
		return fits_rate(v);
	default: /* MAP, TABLE, FACTS, MATRIX */
		return json_is_object(v);
	}
}

/* ---- below a value ---- */

static int check_texts(const struct cw_scn *r, json_t *list, const struct cw_key *k)
{
	size_t n = json_array_size(list), i;
	json_t *v;

	if (n > CW_SCENARIO_LIST_MAX)
		return COMPLAIN(
			r, list, "'%s' has %zu entries: at most %d are allowed", k->name, n, CW_SCENARIO_LIST_MAX);
	json_array_foreach (list, i, v) {
		if (json_is_string(v) && json_string_length(v))
			continue;
		return COMPLAIN(r, v, "'%s' must be a text or a list of texts%s", k->name,
			json_is_number(v) || json_is_boolean(v) ? ": put this in quotes" : "");
	}
	return 0;
}

static int check_maps(const struct cw_scn *r, json_t *list, const struct cw_key *k)
{
	size_t n = json_array_size(list), i;
	json_t *v;

	if ((double)n < k->min || (k->max > 0 && (double)n > k->max))
		return COMPLAIN(
			r, list, "'%s' must be a list of %.0f to %.0f entries, not %zu", k->name, k->min, k->max, n);
	json_array_foreach (list, i, v) {
		if (!json_is_object(v))
			return COMPLAIN(r, v, "an entry of '%s' must be a mapping: {%s: …}", k->name, k->keys[0].name);

		int err = cw_scn_check(r, v, k->keys);

		if (err)
			return err;
	}
	return 0;
}

static int check_facts(const struct cw_scn *r, json_t *facts, const struct cw_key *k)
{
	const char *name;
	json_t *v;

	json_object_foreach (facts, name, v) {
		int err = 0;

		if (json_is_object(v))
			err = cw_scn_check(r, v, k->keys);
		else if (json_is_array(v) || json_is_null(v))
			err = cw_yaml_why_member(r->yaml, facts, name, r->why, EINVAL,
				"fact '%s' must be a text, a number, or a mapping {value: …, ask: […]}", name);
		if (err)
			return err;
	}
	return 0;
}

/* Lists of texts for the dimensions; what expand.c left of the rest is theirs alone. */
static int check_matrix(const struct cw_scn *r, json_t *matrix)
{
	const char *name;
	json_t *v;

	json_object_foreach (matrix, name, v) {
		const struct cw_key k = {.name = name};
		int err = json_is_string(v) && json_string_length(v) ? 0
			  : json_is_array(v)                         ? check_texts(r, v, &k)
								     : EINVAL;

		if (err == EINVAL && !json_is_array(v))
			return cw_yaml_why_member(
				r->yaml, matrix, name, r->why, EINVAL, "'%s' must be a text or a list of texts", name);
		if (err)
			return err;
	}
	return 0;
}

static int check_below(const struct cw_scn *r, json_t *v, const struct cw_key *k, unsigned shape)
{
	if (shape == CW_SHAPE_TEXTS && json_is_array(v))
		return check_texts(r, v, k);
	if (shape == CW_SHAPE_MAPS && k->keys)
		return check_maps(r, v, k);
	if (shape == CW_SHAPE_FACTS)
		return check_facts(r, v, k);
	if (shape == CW_SHAPE_MATRIX)
		return check_matrix(r, v);
	return shape == CW_SHAPE_MAP ? cw_scn_check(r, v, k->keys) : 0;
}

static int check_known(const struct cw_scn *r, json_t *o, const struct cw_key *keys)
{
	const char *names[NAMES_MAX + 1];
	size_t n = 0;

	for (; keys[n].name; n++) {
		CW_ASSERT(n < NAMES_MAX);
		names[n] = keys[n].name;
	}
	names[n] = NULL;
	return cw_yaml_known_keys(r->yaml, o, names, r->why);
}

int cw_scn_check(const struct cw_scn *r, json_t *o, const struct cw_key *keys)
{
	int err = check_known(r, o, keys);

	for (const struct cw_key *k = keys; !err && k->name; k++) {
		json_t *v = json_object_get(o, k->name);
		bool done = false;

		if (!v) {
			if (k->required)
				return COMPLAIN(r, o, "'%s' is missing: %s", k->name, k->about);
			continue;
		}
		for (unsigned shape = 1; !done && shape <= k->shapes; shape <<= 1) {
			if (!(k->shapes & shape) || !fits(v, k, shape))
				continue;
			err = check_below(r, v, k, shape);
			done = true;
		}
		if (!done)
			return mismatch(r, o, k);
	}
	return err;
}
