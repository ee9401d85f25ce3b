#include "trial/dataset/take.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/dataset/split.h"
#include "trial/dataset/take_int.h"

#define SCENARIO_MAX (4u << 20)

/* ---- one case ---- */

static int add_tags(const struct cw_take_conf *conf, json_t *c)
{
	json_t *tags = json_object_get(c, "tags");

	if (!conf->n_tags)
		return 0;
	tags = tags ? json_copy(tags) : json_array(); /* the case may share its list with others */
	if (!tags || json_object_set_new(c, "tags", tags))
		return ENOMEM;
	for (size_t i = 0; i < conf->n_tags; i++) {
		bool there = false;

		for (size_t k = 0; k < json_array_size(tags); k++)
			there = there || !strcmp(json_string_value(json_array_get(tags, k)), conf->tags[i]);
		if (!there && json_array_append_new(tags, json_string(conf->tags[i])))
			return ENOMEM;
	}
	return 0;
}

static int add_provenance(const struct cw_taking *t, json_t *c, unsigned line)
{
	const char *slash = t->name[0] == '/' ? strrchr(t->name, '/') : NULL;
	json_t *p;

	if (t->provenance)
		return json_object_set(c, "provenance", (json_t *)(uintptr_t)t->provenance) ? ENOMEM : 0;
	if (json_object_get(c, "provenance"))
		return 0;
	p = json_pack("{s:s, s:I}", "file", slash ? slash + 1 : t->name, "line", (json_int_t)line);
	return p && !json_object_set_new(c, "provenance", p) ? 0 : ENOMEM;
}

int cw_take_case(const struct cw_taking *t, json_t *c, const char *file, unsigned line)
{
	const json_t *splits = json_object_get(cw_dataset_meta(t->d), "splits");
	const char *split = t->conf->split;
	struct cw_why why = {0};
	enum cw_put put;
	int err = cw_case_check(c, &why);

	if (!err)
		err = add_tags(t->conf, c);
	if (!err)
		err = add_provenance(t, c, line);
	if (!err && t->conf->licence && json_object_set_new(c, "licence", json_string(t->conf->licence)))
		err = ENOMEM;
	if (!err && !split && splits && !json_object_get(c, "split"))
		split = cw_split_of(splits, c);
	if (!err && split && json_object_set_new(c, "split", json_string(split)))
		err = ENOMEM;
	if (!err)
		err = cw_dataset_put(t->d, c, t->conf->replace, &put, &why);
	if (err)
		return cw_why_at(t->why, err, file, line, 0, "%s", why.text[0] ? why.text : strerror(err));
	t->taken->added += put == CW_PUT_ADDED;
	t->taken->same += put == CW_PUT_SAME;
	t->taken->replaced += put == CW_PUT_REPLACED;
	return 0;
}

/* ---- lines ---- */

/* {"messages": […], …}: what stands beside goes with the case, its id is made of all. */
static int chat_case(const json_t *o, json_t **ret, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *rest = json_deep_copy(o), *c = NULL;
	char hex[CW_DIGEST_HEX + 1], id[24];
	json_t *messages = json_object_get(o, "messages");
	int err;

	if (!json_array_size(messages))
		return cw_why_set(why, EINVAL, "'messages' must be a list of {role, content} that is not empty");
	for (size_t i = 0; i < json_array_size(messages); i++)
		if (!json_object_get(json_array_get(messages, i), "role"))
			return cw_why_set(why, EINVAL,
				"messages[%zu] must be {role: system, user or assistant, content: a text}", i);
	if (!rest || json_object_del(rest, "messages"))
		return ENOMEM;
	c = json_pack("{s:s, s:O}", "id", "chat", "input", messages);
	if (!c || (json_object_size(rest) && json_object_set_new(c, "with", json_pack("{s:O}", "chat", rest))))
		return ENOMEM;
	err = cw_case_check(c, why);
	if (!err)
		err = cw_case_content(c, hex);
	if (err)
		return err;
	(void)snprintf(id, sizeof(id), "chat-%.16s", hex); /* fits */
	if (json_object_set_new(c, "id", json_string(id)))
		return ENOMEM;
	*ret = json_incref(c);
	return 0;
}

static int take_line(const struct cw_taking *t, const char *path, unsigned line, struct cw_str text)
{
	CW_JSON_SCOPED json_t *o = NULL, *c = NULL;
	struct cw_why why = {0};
	int err = cw_json_parse(text.p, text.len, &o, &why);

	if (err)
		return cw_why_at(t->why, err, path, line, why.column, "%s", why.text);
	if (json_object_get(o, "messages")) {
		err = chat_case(o, &c, &why);
	} else if (json_object_get(o, "id") && json_object_get(o, "input")) {
		c = json_incref(o);
		(void)json_object_del(c, "sha256"); /* it may have none */
	} else {
		err = cw_why_set(
			&why, EINVAL, "neither a chat line {\"messages\": […]} nor a case {\"id\": …, \"input\": […]}");
	}
	if (err)
		return cw_why_at(t->why, err, path, line, 0, "%s", why.text[0] ? why.text : strerror(err));
	return cw_take_case(t, c, path, line);
}

int cw_take_lines(const struct cw_taking *t, const char *path, FILE *f)
{
	unsigned line = 0;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	int err = 0;

	while (!err && (n = getline(&text, &cap, f)) >= 0) {
		struct cw_str s = cw_str_trim((struct cw_str){text, (size_t)n});

		line++;
		if (line == 1 && s.len >= 3 && !memcmp(s.p, "\xef\xbb\xbf", 3))
			s = (struct cw_str){s.p + 3, s.len - 3};
		if (s.len > CW_CASE_LINE_MAX)
			err = cw_why_at(t->why, EFBIG, path, line, 0, "is longer than %u KiB", CW_CASE_LINE_MAX >> 10);
		else if (s.len)
			err = take_line(t, path, line, s);
	}
	if (!err && ferror(f))
		err = cw_why_at(t->why, EIO, path, 0, 0, "cannot be read (is it a folder?)");
	cw_libc_free(text);
	return err;
}

/* ---- files ---- */

static bool ends_with(const char *path, const char *end)
{
	size_t n = strlen(path), k = strlen(end);

	return n >= k && !strcmp(path + n - k, end);
}

/* A table is the tests of a scenario file that says nothing else. */
static int take_table(const struct cw_taking *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	CW_SCOPED char *url = talloc_asprintf(NULL, "file://%s", slash ? slash + 1 : path);
	CW_JSON_SCOPED json_t *o = url ? json_pack("{s:i, s:s}", "version", 1, "tests", url) : NULL;
	CW_SCOPED char *around =
		talloc_asprintf(NULL, "%s.tests", path); /* a file that named itself would be a circle */
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(8192);

	if (!o || !around)
		return ENOMEM;
	cw_json_dump(&b, o);
	return cw_buf_err(&b) ? cw_buf_err(&b) : cw_take_scenario(t, around, cw_buf_str(&b));
}

static int take_lines_file(const struct cw_taking *t, const char *path)
{
	FILE *f = fopen(path, "re");
	int err = f ? cw_take_lines(t, path, f) : errno;

	if (!f)
		return cw_why_at(t->why, err, path, 0, 0, "cannot be opened: %s", strerror(err));
	(void)fclose(f); /* only read */
	return err;
}

int cw_take_file(
	struct cw_dataset *d, const char *path, const struct cw_take_conf *conf, struct cw_taken *t, struct cw_why *why)
{
	const struct cw_taking taking = {.d = d, .conf = conf, .taken = t, .name = path, .why = why};
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(SCENARIO_MAX);
	int err;

	if (ends_with(path, ".jsonl"))
		return take_lines_file(&taking, path);
	err = cw_file_read(path, SCENARIO_MAX, &b, why);
	if (err)
		return err;
	return ends_with(path, ".csv") ? take_table(&taking, path) : cw_take_scenario(&taking, path, cw_buf_str(&b));
}

int cw_take_text(struct cw_dataset *d, const char *name, struct cw_str text, const struct cw_take_conf *conf,
	struct cw_taken *t, struct cw_why *why)
{
	const struct cw_taking taking = {.d = d, .conf = conf, .taken = t, .name = name, .why = why};
	FILE *f;
	int err;

	if (!ends_with(name, ".jsonl"))
		return cw_take_scenario(&taking, name, text);
	if (!text.len)
		return 0;
	f = fmemopen((char *)(uintptr_t)text.p, text.len, "r"); /* only read */
	if (!f)
		return errno;
	err = cw_take_lines(&taking, name, f);
	(void)fclose(f); /* only read */
	return err;
}
