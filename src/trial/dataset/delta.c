#include "trial/dataset/delta.h"

#include <errno.h>
#include <string.h>

#define FIELDS_MAX 200
#define TEXT_MAX   (4u << 20)

/* ---- fields of a case ---- */

static int differ(json_t *fields, const char *path, const json_t *a, const json_t *b)
{
	json_t *f = json_pack("{s:s, s:O?, s:O?}", "path", path, "from", a, "to", b);

	return f && !json_array_append_new(fields, f) ? 0 : ENOMEM;
}

static int walk(json_t *fields, const char *path, const json_t *a, const json_t *b);

static int walk_members(json_t *fields, const char *path, json_t *a, json_t *b)
{
	const char *key;
	json_t *v;
	int err = 0;

	json_object_foreach (a, key, v) {
		CW_SCOPED char *below = talloc_asprintf(NULL, "%s%s%s", path, *path ? "." : "", key);

		if (!*path && (!strcmp(key, "sha256") || !strcmp(key, "provenance")))
			continue;
		err = err ? err : below ? walk(fields, below, v, json_object_get(b, key)) : ENOMEM;
	}
	json_object_foreach (b, key, v) {
		CW_SCOPED char *below = talloc_asprintf(NULL, "%s%s%s", path, *path ? "." : "", key);

		if (json_object_get(a, key) || (!*path && !strcmp(key, "provenance")))
			continue;
		err = err ? err : below ? differ(fields, below, NULL, v) : ENOMEM;
	}
	return err;
}

static int walk_elements(json_t *fields, const char *path, const json_t *a, const json_t *b)
{
	size_t n = json_array_size(a), m = json_array_size(b);
	int err = 0;

	for (size_t i = 0; !err && i < (n > m ? n : m); i++) {
		CW_SCOPED char *below = talloc_asprintf(NULL, "%s[%zu]", path, i);

		err = below ? walk(fields, below, json_array_get(a, i), json_array_get(b, i)) : ENOMEM;
	}
	return err;
}

static int walk(json_t *fields, const char *path, const json_t *a, const json_t *b)
{
	if (json_array_size(fields) >= FIELDS_MAX || (a && b && json_equal(a, b)))
		return 0;
	if (json_is_object(a) && json_is_object(b))
		return walk_members(
			fields, path, (json_t *)(uintptr_t)a, (json_t *)(uintptr_t)b); /* iterating only reads */
	if (json_is_array(a) && json_is_array(b))
		return walk_elements(fields, path, a, b);
	return differ(fields, path, a, b);
}

json_t *cw_delta_fields(const json_t *a, const json_t *b)
{
	CW_JSON_SCOPED json_t *fields = json_array();

	return fields && !walk(fields, "", a, b) ? json_incref(fields) : NULL;
}

/* ---- printing ---- */

struct printing {
	FILE *out;
	bool json;
	json_t *added, *removed, *changed; /* with json */
	struct cw_delta_counts *counts;
};

static void put_value(FILE *out, char sign, const json_t *v)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (!v || json_is_null(v))
		return;
	cw_json_dump(&b, v);
	fprintf(out, "      %c %s\n", sign, b.p ? b.p : "");
}

static int print_one(struct printing *p, char sign, const char *id)
{
	json_t *list = sign == '+' ? p->added : p->removed;

	*(sign == '+' ? &p->counts->added : &p->counts->removed) += 1;
	if (p->json)
		return json_array_append_new(list, json_string(id)) ? ENOMEM : 0;
	fprintf(p->out, "%c %s\n", sign, id);
	return 0;
}

static int print_changed(struct printing *p, const char *id, const json_t *a, const json_t *b)
{
	CW_JSON_SCOPED json_t *fields = cw_delta_fields(a, b);
	json_t *f;
	size_t i;

	if (!fields)
		return ENOMEM;
	p->counts->changed++;
	if (p->json) {
		json_t *one = json_pack("{s:s, s:O}", "id", id, "fields", fields);

		return one && !json_array_append_new(p->changed, one) ? 0 : ENOMEM;
	}
	fprintf(p->out, "~ %s%s\n", id, json_array_size(fields) ? "" : "  (only where it came from)");
	json_array_foreach (fields, i, f) {
		fprintf(p->out, "    %s\n", cw_json_str(f, "path", ""));
		put_value(p->out, '-', json_object_get(f, "from"));
		put_value(p->out, '+', json_object_get(f, "to"));
	}
	return 0;
}

static int compare(struct printing *p, const struct cw_dataset *a, size_t i, const struct cw_dataset *b, size_t k)
{
	CW_JSON_SCOPED json_t *x = NULL, *y = NULL;
	int err;

	if (!strcmp(cw_dataset_sha(a, i), cw_dataset_sha(b, k))) {
		p->counts->same++;
		return 0;
	}
	err = cw_dataset_get(a, i, &x);
	if (!err)
		err = cw_dataset_get(b, k, &y);
	return err ? err : print_changed(p, cw_dataset_id(a, i), x, y);
}

static int walk_cases(struct printing *p, const struct cw_dataset *a, const struct cw_dataset *b)
{
	size_t i = 0, k = 0;
	int err = 0;

	while (!err && (i < cw_dataset_count(a) || k < cw_dataset_count(b))) {
		int order = i == cw_dataset_count(a)   ? 1
			    : k == cw_dataset_count(b) ? -1
						       : strcmp(cw_dataset_id(a, i), cw_dataset_id(b, k));

		if (!order)
			err = compare(p, a, i++, b, k++);
		else if (order < 0)
			err = print_one(p, '-', cw_dataset_id(a, i++));
		else
			err = print_one(p, '+', cw_dataset_id(b, k++));
	}
	return err;
}

/* Name, licence … of the datasets themselves. */
static int compare_meta(struct printing *p, const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"name", "description", "licence", "splits"};

	for (size_t i = 0; !p->json && i < CW_COUNT(keys); i++) {
		const json_t *x = json_object_get(a, keys[i]), *y = json_object_get(b, keys[i]);

		if (x == y || (x && y && json_equal(x, y)))
			continue;
		fprintf(p->out, "%s of the dataset\n", keys[i]);
		put_value(p->out, '-', x);
		put_value(p->out, '+', y);
	}
	return 0;
}

int cw_delta_print(
	const struct cw_dataset *a, const struct cw_dataset *b, bool json, FILE *out, struct cw_delta_counts *ret)
{
	CW_JSON_SCOPED json_t *added = json_array(), *removed = json_array(), *changed = json_array(), *all = NULL;
	struct printing p = {out, json, added, removed, changed, ret};
	int err = added && removed && changed ? 0 : ENOMEM;

	*ret = (struct cw_delta_counts){0};
	if (!err)
		err = compare_meta(&p, cw_dataset_meta(a), cw_dataset_meta(b));
	if (!err)
		err = walk_cases(&p, a, b);
	if (err)
		return err;
	if (!json) {
		fprintf(out, "%zu added, %zu removed, %zu changed, %zu the same\n", ret->added, ret->removed,
			ret->changed, ret->same);
		return ferror(out) ? EIO : 0;
	}
	all = json_pack("{s:O, s:O, s:O, s:I}", "added", added, "removed", removed, "changed", changed, "same",
		(json_int_t)ret->same);
	if (!all)
		return ENOMEM;
	return json_dumpf(all, out, JSON_COMPACT | JSON_REAL_PRECISION(15)) || fputc('\n', out) == EOF ? EIO : 0;
}
