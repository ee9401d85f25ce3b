#include "trial/dataset/case.h"

#include <errno.h>
#include <string.h>

#define ID_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+"

const char *const cw_splits[] = {"train", "dev", "test", NULL};

enum { CONTENT_MEMBERS = 7 };
static const char *const members[] = {
	"id", "input", "answers", "expected", "with", "tags", "licence", "split", "provenance", "sha256", NULL};
static const json_type types[] = {JSON_STRING, JSON_ARRAY, JSON_ARRAY, JSON_ARRAY, JSON_OBJECT, JSON_ARRAY, JSON_STRING,
	JSON_STRING, JSON_OBJECT, JSON_STRING};
static const char *const type_names[] = {
	[JSON_STRING] = "a text", [JSON_ARRAY] = "a list", [JSON_OBJECT] = "a mapping"};

/* ---- is it one? ---- */

bool cw_case_id_ok(const char *id)
{
	return id && *id && strlen(id) <= 80 && *id != '.' && strspn(id, ID_CHARS) == strlen(id);
}

void cw_case_id(const char *text, char id[81])
{
	size_t n = 0;

	for (; *text && n < 60; text++) {
		if (strchr(ID_CHARS, *text) && (n || *text != '.'))
			id[n++] = *text;
		else if (n && id[n - 1] != '-')
			id[n++] = '-';
	}
	while (n && id[n - 1] == '-')
		n--;
	id[n] = 0;
	if (!n)
		memcpy(id, "case", 5);
}

static int check_members(const json_t *c, struct cw_why *why)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)c, key, v) { /* iterating only reads */
		size_t i = 0;

		while (members[i] && strcmp(members[i], key) != 0)
			i++;
		if (!members[i]) {
			const char *near = cw_str_nearest(cw_str(key), members, CW_COUNT(members) - 1);

			return cw_why_set(why, EINVAL, "unknown member '%.60s' of a case%s%s%s", key,
				near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		}
		if (json_typeof(v) != types[i])
			return cw_why_set(why, EINVAL, "'%s' of a case must be %s", key, type_names[types[i]]);
	}
	return 0;
}

static int check_turn(const json_t *turn, size_t i, struct cw_why *why)
{
	const json_t *role = json_object_get(turn, "role"), *content = json_object_get(turn, "content");

	if (!json_is_object(turn) || !json_object_size(turn))
		return cw_why_set(why, EINVAL, "input[%zu] must be {role, content} or a turn as {say: …}", i);
	if (!role && !content)
		return 0;
	if (!json_is_string(role) || !json_string_length(role))
		return cw_why_set(why, EINVAL, "input[%zu] has no 'role': system, user or assistant", i);
	if (!json_is_string(content) && !json_object_get(turn, "tool_calls") && !json_is_array(content))
		return cw_why_set(why, EINVAL, "input[%zu] has no 'content': a text", i);
	return 0;
}

static int check_objects(const json_t *list, const char *name, const char *needs, struct cw_why *why)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		if (!json_is_object(o) || !json_object_get(o, needs))
			return cw_why_set(why, EINVAL, "%s[%zu] must be a mapping with '%s'", name, i, needs);
	}
	return 0;
}

static int check_tags(const json_t *tags, struct cw_why *why)
{
	for (size_t i = 0; i < json_array_size(tags); i++)
		if (!json_string_length(json_array_get(tags, i)))
			return cw_why_set(why, EINVAL, "tags[%zu] must be a text that is not empty", i);
	return 0;
}

static int check_split(const char *split, struct cw_why *why)
{
	for (size_t i = 0; split && cw_splits[i]; i++)
		if (!strcmp(cw_splits[i], split))
			return 0;
	return split ? cw_why_set(why, EINVAL, "'split' is '%.40s': train, dev or test", split) : 0;
}

int cw_case_check(const json_t *c, struct cw_why *why)
{
	const json_t *input = json_object_get(c, "input");
	size_t n = json_array_size(input);
	int err;

	if (!json_is_object(c))
		return cw_why_set(why, EINVAL, "a case is a JSON object with 'id' and 'input'");
	err = check_members(c, why);
	if (err)
		return err;
	if (!cw_case_id_ok(cw_json_str(c, "id", NULL)))
		return cw_why_set(why, EINVAL, "'id' must be 1 to 80 letters, digits and . _ - +");
	if (!input || n > CW_CASE_TURNS_MAX ||
		(!n && !json_object_get(json_object_get(c, "with"), "goal") && !json_object_get(c, "answers")))
		return cw_why_set(
			why, EINVAL, "'input' must be a list of 1 to %d messages or turns", CW_CASE_TURNS_MAX);
	for (size_t i = 0; !err && i < n; i++)
		err = check_turn(json_array_get(input, i), i, why);
	if (!err)
		err = check_objects(json_object_get(c, "answers"), "answers", "match", why);
	if (!err)
		err = check_objects(json_object_get(c, "expected"), "expected", "type", why);
	if (!err)
		err = check_tags(json_object_get(c, "tags"), why);
	return err ? err : check_split(cw_json_str(c, "split", NULL), why);
}

/* ---- canonical ---- */

static int to_buf(const char *bytes, size_t n, void *arg)
{
	cw_buf_put(arg, bytes, n);
	return cw_buf_err(arg) ? -1 : 0;
}

/* Members @from … @to in their order; empty lists and mappings are as if not there. */
static int put_members(const json_t *c, size_t to, struct cw_buf *b)
{
	bool first = true;

	for (size_t i = 0; i < to; i++) {
		const json_t *v = json_object_get(c, members[i]);

		if (!v || (i > 1 && !json_array_size(v) && !json_object_size(v) && !json_string_length(v)))
			continue;
		cw_buf_fmt(b, "%s\"%s\":", first ? "{" : ",", members[i]);
		first = false;
		if (json_dump_callback(
			    v, to_buf, b, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15)) &&
			!cw_buf_err(b))
			return ENOMEM;
	}
	return cw_buf_err(b);
}

int cw_case_line(const json_t *c, struct cw_buf *b, char hex[CW_DIGEST_HEX + 1])
{
	size_t from = b->len;
	int err = put_members(c, CW_COUNT(members) - 2, b);

	if (!err)
		err = cw_digest_of((struct cw_str){b->p + from, b->len - from}, hex);
	if (err)
		return err;
	cw_buf_fmt(b, ",\"sha256\":\"%s\"}", hex);
	return cw_buf_err(b);
}

int cw_case_content(const json_t *c, char hex[CW_DIGEST_HEX + 1])
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CW_CASE_LINE_MAX);
	int err = put_members(c, CONTENT_MEMBERS, &b);

	return err ? err : cw_digest_of(cw_buf_str(&b), hex);
}

/* ---- texts ---- */

static void put_line(const char *text, struct cw_buf *b)
{
	if (text)
		cw_buf_fmt(b, "%s\n", text);
}

void cw_case_words(const json_t *c, struct cw_buf *b)
{
	static const char *const speaking[] = {"say", "dtmf", "aside"};
	const json_t *input = json_object_get(c, "input"), *goal = json_object_get(json_object_get(c, "with"), "goal");

	for (size_t i = 0; i < json_array_size(input); i++) {
		const json_t *turn = json_array_get(input, i);

		if (!strcmp(cw_json_str(turn, "role", ""), "user"))
			put_line(cw_json_str(turn, "content", NULL), b);
		for (size_t k = 0; k < CW_COUNT(speaking); k++)
			put_line(cw_json_str(turn, speaking[k], NULL), b);
		put_line(cw_json_str(json_object_get(turn, "play"), "text", NULL), b);
	}
	put_line(json_string_value(goal), b);
	put_line(cw_json_str(goal, "say", NULL), b);
}

static void put_texts(json_t *v, struct cw_buf *b)
{
	const char *key;
	json_t *one;
	size_t i;

	put_line(json_string_value(v), b);
	json_array_foreach (v, i, one) {
		put_texts(one, b);
	}
	json_object_foreach (v, key, one) {
		put_texts(one, b);
	}
}

void cw_case_texts(const json_t *c, struct cw_buf *b)
{
	static const char *const written[] = {"input", "answers", "expected", "with", "tags"};

	for (size_t i = 0; i < CW_COUNT(written); i++)
		put_texts(json_object_get(c, written[i]), b);
}
