#include "trial/dataset/export.h"

#include <errno.h>
#include <string.h>

#include "trial/check/check.h"
#include "trial/dataset/export_int.h"
#include "trial/scenario/csv_case.h"
#include "trial/scenario/scenario.h"

#define SCENARIO_MAX (4l << 20)

const char *const cw_export_names[] = {"cases", "scenario", "csv", "promptfoo", "jsonl-chat", NULL};

/* ---- messages as turns ---- */

/* Its text, parts of several put together. NULL: it has none, or no memory. */
static json_t *content_of(const json_t *message)
{
	json_t *content = json_object_get(message, "content"), *part;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX);
	size_t i;

	if (json_is_string(content))
		return json_string_length(content) ? json_incref(content) : NULL;
	json_array_foreach (content, i, part) {
		cw_buf_puts(&b, cw_json_str(part, "text", ""));
	}
	return b.len && !cw_buf_err(&b) ? json_stringn(b.p, b.len) : NULL;
}

static int take_message(json_t *turns, const json_t *message, const char *expect)
{
	json_t *last = json_array_get(turns, json_array_size(turns) - 1);
	CW_JSON_SCOPED json_t *text = content_of(message);
	const char *role = cw_json_str(message, "role", "");
	json_t *list;

	if (!text)
		return 0;
	if (!strcmp(role, "user"))
		return json_array_append_new(turns, json_pack("{s:O}", "say", text)) ? ENOMEM : 0;
	if (strcmp(role, "assistant") != 0 || !last)
		return 0; /* a greeting, or the system's words: nobody asked */
	list = json_object_get(last, "expect");
	if (!list && json_object_set_new(last, "expect", list = json_array()))
		return ENOMEM;
	return json_array_append_new(list, json_pack("{s:s, s:O}", "type", expect, "value", text)) ? ENOMEM : 0;
}

json_t *cw_export_turns(const json_t *c, const char *expect)
{
	const json_t *input = json_object_get(c, "input");
	CW_JSON_SCOPED json_t *turns = json_array();

	for (size_t i = 0; turns && i < json_array_size(input); i++) {
		json_t *one = json_array_get(input, i);

		if (json_object_get(one, "role") ? take_message(turns, one, expect ? expect : "similar")
						 : json_array_append_new(turns, json_deep_copy(one)))
			return NULL;
	}
	return json_incref(turns);
}

/* ---- texts that stay what they are ---- */

static json_t *plain_text(const char *text, size_t len, bool words)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4 * CW_CASE_LINE_MAX);
	const char *start = !strncmp(text, "env:", 4)               ? "env:"
			    : words && !strncmp(text, "file://", 7) ? "file://"
								    : NULL;
	size_t i = 0;

	if (start) {
		cw_buf_fmt(&b, "{{\"%s\"}}", start);
		i = strlen(start);
	}
	for (; i < len; i++) {
		if (text[i] == '{' && i + 1 < len && strchr("{%#", text[i + 1]))
			cw_buf_fmt(&b, "{{\"{%c\"}}", text[++i]);
		else
			cw_buf_putc(&b, text[i]);
	}
	return cw_buf_err(&b) ? NULL : json_stringn(b.p ? b.p : "", b.len);
}

json_t *cw_export_plain(const json_t *v, bool words)
{
	CW_JSON_SCOPED json_t *out = NULL;
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_string(v))
		return plain_text(json_string_value(v), json_string_length(v), words);
	if (json_is_array(v)) {
		out = json_array();
		json_array_foreach (v, i, one) {
			if (json_array_append_new(out, cw_export_plain(one, words)))
				return NULL;
		}
		return json_incref(out);
	}
	if (!json_is_object(v))
		return json_incref((json_t *)(uintptr_t)v);
	out = json_object();
	json_object_foreach ((json_t *)(uintptr_t)v, key, one) { /* iterating only reads */
		if (json_object_set_new(out, key, cw_export_plain(one, words && strcmp(key, "expect") != 0)))
			return NULL;
	}
	return json_incref(out);
}

/* ---- shorthands ---- */

static void put_value(struct cw_buf *b, const json_t *v)
{
	const json_t *one;
	size_t i;

	if (json_is_string(v))
		cw_buf_puts(b, json_string_value(v));
	else if (json_is_integer(v))
		cw_buf_fmt(b, "%lld", (long long)json_integer_value(v));
	for (i = 0; i < json_array_size(v); i++) {
		one = json_array_get(v, i);
		cw_buf_fmt(b, "%s%s", i ? ", " : "", json_is_string(one) ? json_string_value(one) : "");
	}
}

/* Only what is read back as the same assertion. */
static json_t *shorthand(const json_t *a)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CSV_CELL_MAX);
	const json_t *threshold = json_object_get(a, "threshold"), *value = json_object_get(a, "value");
	CW_JSON_SCOPED json_t *back = NULL;
	const char *near = NULL;

	cw_buf_puts(&b, cw_json_str(a, "type", ""));
	if (threshold)
		cw_buf_fmt(&b, "(%.15g)", json_number_value(threshold));
	if (value) {
		cw_buf_puts(&b, ":");
		put_value(&b, value);
	}
	back = cw_buf_err(&b) || !b.p ? NULL : cw_case_shorthand(b.p, &near);
	return back && json_equal(back, a) ? json_stringn(b.p, b.len) : NULL;
}

json_t *cw_export_shorthands(const json_t *asserts, const char **reason)
{
	CW_JSON_SCOPED json_t *list = json_array();

	for (size_t i = 0; list && i < json_array_size(asserts); i++) {
		CW_JSON_SCOPED json_t *given = json_copy(json_array_get(asserts, i)), *text = NULL;
		const json_t *threshold = json_object_get(given, "threshold");

		/* cells give reals */
		if (json_is_integer(threshold))
			(void)json_object_set_new(
				given, "threshold", json_real(json_number_value(threshold))); /* told apart below */
		/* and the threshold that a bare `similar` has there */
		if (given && !threshold && !strcmp(cw_json_str(given, "type", ""), "similar"))
			(void)json_object_set_new(given, "threshold", json_real(0.75)); /* the same meaning */
		text = shorthand(given);
		if (!text || json_array_append(list, text)) {
			*reason = "an assertion has no shorthand";
			return NULL;
		}
	}
	return json_incref(list);
}

/* ---- all cases ---- */

static bool is_wanted(const struct cw_export_conf *conf, const json_t *c)
{
	return !conf->split || !strcmp(cw_json_str(c, "split", ""), conf->split);
}

static int put_case(struct cw_exporting *x, const json_t *c, size_t i, const char **reason)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX + 200);
	int err;

	switch (x->conf->form) {
	case CW_EXPORT_SCENARIO:
		return cw_export_scenario(x, c, reason);
	case CW_EXPORT_CSV:
		return cw_export_row(x, c, reason);
	case CW_EXPORT_PROMPTFOO:
		return cw_export_promptfoo(x, c, reason);
	case CW_EXPORT_CHAT:
		return cw_export_chat(x, c, reason);
	default:
		err = cw_dataset_line(x->d, i, &b);
		if (!err && fprintf(x->out, "%s\n", b.p) < 0)
			err = EIO;
		return err;
	}
}

/* How many columns its assertions need; 0 also when it has no place in a table. */
static size_t expects_of(const struct cw_exporting *x, const json_t *c)
{
	CW_JSON_SCOPED json_t *turns = cw_export_turns(c, x->conf->expect), *one = NULL, *two = NULL;
	const json_t *expect = json_object_get(json_array_get(turns, 0), "expect"),
		     *expected = json_object_get(c, "expected");
	const char *reason;

	one = cw_export_shorthands(expect, &reason);
	two = cw_export_shorthands(expected, &reason);
	return json_array_size(turns) == 1 && one && two ? json_array_size(one) + json_array_size(two) : 0;
}

static int add_columns(struct cw_exporting *x, const json_t *tags)
{
	for (size_t k = 0; k < json_array_size(tags); k++) {
		struct cw_str rest = cw_str(json_string_value(json_array_get(tags, k))), key;

		if (memchr(rest.p, '=', rest.len) && cw_str_split(&rest, '=', &key) && key.len &&
			json_object_setn_new(x->columns, key.p, key.len, json_true()))
			return ENOMEM;
	}
	return 0;
}

/* Tables say first which columns they have: once through all cases. */
static int gather_columns(struct cw_exporting *x)
{
	for (size_t i = 0; x->conf->form == CW_EXPORT_CSV && i < cw_dataset_count(x->d); i++) {
		CW_JSON_SCOPED json_t *c = NULL;
		int err = cw_dataset_get(x->d, i, &c);
		size_t n;

		if (err)
			return err;
		n = is_wanted(x->conf, c) ? expects_of(x, c) : 0;
		x->n_expects = n > x->n_expects ? n : x->n_expects;
		err = n ? add_columns(x, json_object_get(c, "tags")) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int put_json(FILE *out, const char *before, const json_t *v)
{
	fputs(before, out);
	return !v || json_dumpf(v, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) || fputc('\n', out) == EOF ? EIO : 0;
}

static int put_head(struct cw_exporting *x)
{
	const json_t *meta = cw_dataset_meta(x->d);
	const char *key;
	json_t *unused;

	switch (x->conf->form) {
	case CW_EXPORT_SCENARIO:
		fprintf(x->out, "# Made by callwright dataset export. Licence: %s\nversion: 1\n",
			cw_json_str(meta, "licence", ""));
		(void)put_json(x->out, "name: ", json_object_get(meta, "name")); /* the stream keeps its error */
		fputs("tests:\n", x->out);
		break;
	case CW_EXPORT_PROMPTFOO:
		fprintf(x->out, "# Made by callwright dataset export. Licence: %s\n", cw_json_str(meta, "licence", ""));
		(void)put_json(x->out, "description: ", json_object_get(meta, "name")); /* the stream keeps its error */
		fputs("prompts: [\"{{input}}\"]\nproviders: [echo]\ntests:\n", x->out);
		break;
	case CW_EXPORT_CSV:
		fputs("__id,input,__description,__threshold", x->out);
		json_object_foreach (x->columns, key, unused) {
			fprintf(x->out, ",__metadata:%s", key);
		}
		for (size_t i = 0; i < x->n_expects; i++)
			fprintf(x->out, ",__expected%zu", i + 1);
		fputc('\n', x->out);
		break;
	default:
		break;
	}
	return ferror(x->out) ? EIO : 0;
}

static int put_all(struct cw_exporting *x)
{
	int err = gather_columns(x);

	if (!err)
		err = put_head(x);
	for (size_t i = 0; !err && i < cw_dataset_count(x->d); i++) {
		CW_JSON_SCOPED json_t *c = NULL;
		const char *reason = "";

		err = cw_dataset_get(x->d, i, &c);
		if (err || !is_wanted(x->conf, c))
			continue;
		err = put_case(x, c, i, &reason);
		if (err == ENOTSUP) {
			x->done->left_out++;
			if (x->conf->left_out)
				x->conf->left_out(cw_dataset_id(x->d, i), reason, x->conf->arg);
			err = 0;
		} else if (!err) {
			x->done->written++;
		}
	}
	return err ? err : fflush(x->out) ? EIO : 0;
}

int cw_dataset_export(const struct cw_dataset *d, const struct cw_export_conf *conf, FILE *out, struct cw_exported *ret,
	struct cw_why *why)
{
	CW_JSON_SCOPED json_t *columns = json_object();
	struct cw_exporting x = {.d = d, .conf = conf, .out = out, .done = ret, .columns = columns};
	int err;

	*ret = (struct cw_exported){0};
	err = columns ? put_all(&x) : ENOMEM;
	if (err)
		return cw_why_set(why, err, "writing the cases: %s", strerror(err));
	if (!ret->written)
		return cw_why_set(why, ESRCH, "no case was written: %zu cases, %zu left out%s%s", cw_dataset_count(d),
			ret->left_out, conf->split ? ", split " : "", conf->split ? conf->split : "");
	if (conf->form == CW_EXPORT_SCENARIO && (ret->written > CW_SCENARIO_TESTS_MAX || ftell(out) > SCENARIO_MAX))
		return cw_why_set(why, EFBIG,
			"%zu cases are more than one scenario file may hold (%d tests, %ld MiB): export a --split, or several datasets",
			ret->written, CW_SCENARIO_TESTS_MAX, SCENARIO_MAX >> 20);
	return 0;
}
