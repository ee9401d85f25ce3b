#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "trial/scenario/import_int.h"

#define ID_MAX 60

int cw_import_note(struct cw_importer *m, const json_t *o, const char *key, const char *fmt, ...)
{
	const struct cw_yaml_spot at = cw_yaml_spot_member(m->in, o, key);
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut at most */
	va_end(ap);
	return cw_note_add(m->composed, at.file, at.key_line, at.key_column, text);
}

struct cw_yaml_spot cw_import_spot(const struct cw_importer *m, const json_t *value)
{
	struct cw_yaml_spot at = {.file = cw_yaml_file_of(m->in, value)};

	(void)cw_yaml_where(m->in, value, &at.line, &at.column); /* unknown stays 0 */
	at.key_line = at.line;
	at.key_column = at.column;
	return at;
}

/* Letters and figures stay, what is between them becomes one dash. */
static void make_slug(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; text && *text && n + 1 < size; text++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *text))
			out[n++] = *text;
		else if (n && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n && out[n - 1] == '-')
		n--;
	out[n] = 0;
}

int cw_import_id(
	struct cw_importer *m, json_t *test, const char *text, const char *fallback, const struct cw_yaml_spot *at)
{
	char slug[ID_MAX + 1], id[ID_MAX + 16];

	make_slug(text, slug, sizeof(slug));
	(void)snprintf(id, sizeof(id), "%s", slug[0] ? slug : fallback); /* cut at most */
	for (unsigned n = 2; json_object_get(m->ids, id); n++)
		(void)snprintf(id, sizeof(id), "%s-%u", slug[0] ? slug : fallback, n); /* it fits */
	if (json_object_set_new(m->ids, id, json_true()))
		return ENOMEM;
	return cw_tree_put(m->out, test, "id", json_string(id), at);
}

json_t *cw_import_test(struct cw_importer *m, const struct cw_yaml_spot *at)
{
	json_t *test = json_object();

	return test && !cw_yaml_append(m->out, m->tests, test, at) ? test : NULL;
}

int cw_import(struct cw_composed *c, const struct cw_yaml **tree, struct cw_why *why)
{
	json_t *root = cw_yaml_root(*tree);
	bool promptfoo = cw_promptfoo_is(root);
	CW_JSON_SCOPED json_t *out = NULL, *ids = NULL;
	struct cw_importer m = {.composed = c, .in = *tree, .why = why};
	struct cw_yaml_spot at;
	int err;

	if (!promptfoo && !cw_pipecat_is(root))
		return 0;
	m.root = out = json_object();
	m.ids = ids = json_object();
	m.tests = json_array();
	at = cw_import_spot(&m, root);
	err = out && ids ? cw_yaml_make(c, cw_yaml_file(*tree), &m.out) : ENOMEM;
	if (err) {
		json_decref(m.tests);
		return err;
	}
	err = cw_yaml_set(m.out, out, "tests", m.tests, &at);
	if (!err)
		err = promptfoo ? cw_promptfoo_import(&m, root) : cw_pipecat_import(&m, root);
	if (!err && !json_array_size(m.tests))
		err = cw_yaml_why(
			m.in, root, why, EINVAL, "this %s file has no tests", promptfoo ? "promptfoo" : "Pipecat");
	if (!err)
		err = cw_yaml_finish(m.out, json_incref(out), &at);
	if (!err)
		*tree = m.out;
	return err;
}
