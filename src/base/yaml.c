#include "base/yaml.h"

#include <errno.h>
#include <stdarg.h>

#include "base/file.h"
#include "base/yaml_int.h"

#define FILE_MAX_BYTES   ((size_t)4 << 20)
#define PLACES_FIRST_CAP 64

int cw_yaml_note(struct cw_yaml *y, const struct cw_yaml_place *place)
{
	if (y->n == y->cap) {
		size_t cap = y->cap ? y->cap * 2 : PLACES_FIRST_CAP;
		struct cw_yaml_place *p = talloc_realloc(y, y->places, struct cw_yaml_place, cap);

		if (!p)
			return ENOMEM;
		y->places = p;
		y->cap = cap;
	}
	y->places[y->n++] = *place;
	return 0;
}

static int compare_pointers(const void *a, const void *b)
{
	return (uintptr_t)a < (uintptr_t)b ? -1 : (uintptr_t)a > (uintptr_t)b;
}

static int compare_places(const void *va, const void *vb)
{
	const struct cw_yaml_place *a = va, *b = vb;
	int c = compare_pointers(a->parent, b->parent);

	if (c)
		return c;
	if (a->key && b->key)
		return strcmp(a->key, b->key);
	return a->index < b->index ? -1 : a->index > b->index;
}

static int compare_values(const void *va, const void *vb)
{
	const struct cw_yaml_place *const *a = va, *const *b = vb;
	int c = compare_pointers((*a)->value, (*b)->value);

	return c ? c : (int)(*a)->alias - (int)(*b)->alias;
}

static int sort_places(struct cw_yaml *y)
{
	y->by_value = talloc_array(y, const struct cw_yaml_place *, y->n);
	if (!y->by_value)
		return ENOMEM;
	qsort(y->places, y->n, sizeof(*y->places), compare_places);
	for (size_t i = 0; i < y->n; i++)
		y->by_value[i] = &y->places[i];
	qsort(y->by_value, y->n, sizeof(const struct cw_yaml_place *), compare_values);
	return 0;
}

static int free_root(struct cw_yaml *y)
{
	json_decref(y->root);
	return 0;
}

int cw_yaml_make(void *parent, const char *file, struct cw_yaml **ret)
{
	CW_SCOPED struct cw_yaml *y = talloc_zero(NULL, struct cw_yaml);

	if (!y)
		return ENOMEM;
	talloc_set_destructor(y, free_root);
	y->file = talloc_strdup(y, file);
	if (!y->file)
		return ENOMEM;
	*ret = talloc_move(parent, &y);
	return 0;
}

static int parse(void *parent, const char *name, const char *text, size_t len, bool including, struct cw_yaml **ret,
	struct cw_why *why)
{
	struct cw_yaml *made;

	if (cw_yaml_make(NULL, name, &made))
		return cw_why_set(why, ENOMEM, "out of memory");

	CW_SCOPED struct cw_yaml *y = made;

	y->including = including;
	if (len > FILE_MAX_BYTES)
		return cw_why_at(why, EFBIG, name, 0, 0, "larger than the %zu bytes allowed", FILE_MAX_BYTES);

	int err = cw_yaml_build(y, text, len, why);

	if (!err)
		err = sort_places(y);
	if (err)
		return cw_why_at(why, err, name, 0, 0, "%s", strerror(err));
	*ret = talloc_move(parent, &y);
	return 0;
}

int cw_yaml_parse(
	void *parent, const char *name, const char *text, size_t len, struct cw_yaml **ret, struct cw_why *why)
{
	return parse(parent, name, text, len, false, ret, why);
}

int cw_yaml_parse_including(
	void *parent, const char *name, const char *text, size_t len, struct cw_yaml **ret, struct cw_why *why)
{
	return parse(parent, name, text, len, true, ret, why);
}

int cw_yaml_load(void *parent, const char *path, struct cw_yaml **ret, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX_BYTES);
	int err = cw_file_read(path, FILE_MAX_BYTES, &b, why);

	if (err)
		return err;
	return cw_yaml_parse(parent, path, b.p, b.len, ret, why);
}

json_t *cw_yaml_root(const struct cw_yaml *y)
{
	return y->root;
}

const char *cw_yaml_file(const struct cw_yaml *y)
{
	return y->file;
}

static const struct cw_yaml_place *find_member(
	const struct cw_yaml *y, const json_t *parent, const char *key, size_t index)
{
	struct cw_yaml_place wanted = {.parent = parent, .key = key, .index = index};

	if (!parent)
		return NULL;
	return bsearch(&wanted, y->places, y->n, sizeof(*y->places), compare_places);
}

static const struct cw_yaml_place *find_value(const struct cw_yaml *y, const json_t *value)
{
	struct cw_yaml_place wanted = {.value = value};
	const struct cw_yaml_place *key = &wanted;
	const struct cw_yaml_place **hit =
		bsearch(&key, y->by_value, y->n, sizeof(const struct cw_yaml_place *), compare_values);

	if (!hit)
		return NULL;

	size_t i = (size_t)(hit - y->by_value);

	/* Aliases come after the one place where the value was written; of a shared singleton no place is the right one. */
	if ((i > 0 && y->by_value[i - 1]->value == value) ||
		(i + 1 < y->n && y->by_value[i + 1]->value == value && !y->by_value[i + 1]->alias))
		return NULL;
	return *hit;
}

static bool give(const struct cw_yaml_place *p, unsigned *line, unsigned *column)
{
	if (!p)
		return false;
	*line = p->line;
	*column = p->column;
	return true;
}

bool cw_yaml_where(const struct cw_yaml *y, const json_t *value, unsigned *line, unsigned *column)
{
	return give(find_value(y, value), line, column);
}

bool cw_yaml_where_member(const struct cw_yaml *y, const json_t *obj, const char *key, unsigned *line, unsigned *column)
{
	return json_is_object(obj) && give(find_member(y, obj, key, 0), line, column);
}

bool cw_yaml_where_index(const struct cw_yaml *y, const json_t *array, size_t index, unsigned *line, unsigned *column)
{
	return json_is_array(array) && give(find_member(y, array, NULL, index), line, column);
}

bool cw_yaml_where_key(const struct cw_yaml *y, const json_t *obj, const char *key, unsigned *line, unsigned *column)
{
	const struct cw_yaml_place *p = json_is_object(obj) ? find_member(y, obj, key, 0) : NULL;

	if (!p)
		return false;
	*line = p->key_line;
	*column = p->key_column;
	return true;
}

/* ---- trees made of parts of others ---- */

static struct cw_yaml_spot spot_of(const struct cw_yaml *y, const struct cw_yaml_place *p)
{
	if (!p)
		return (struct cw_yaml_spot){.file = y->file};
	return (struct cw_yaml_spot){p->file ? p->file : y->file, p->line, p->column, p->key_line, p->key_column};
}

struct cw_yaml_spot cw_yaml_spot_member(const struct cw_yaml *y, const json_t *obj, const char *key)
{
	return spot_of(y, json_is_object(obj) ? find_member(y, obj, key, 0) : NULL);
}

struct cw_yaml_spot cw_yaml_spot_index(const struct cw_yaml *y, const json_t *array, size_t index)
{
	return spot_of(y, json_is_array(array) ? find_member(y, array, NULL, index) : NULL);
}

static int note_spot(struct cw_yaml *y, const json_t *parent, const char *key, size_t index, const json_t *value,
	const struct cw_yaml_spot *s)
{
	const struct cw_yaml_place p = {.parent = parent,
		.key = key,
		.index = index,
		.value = value,
		.line = s->line,
		.column = s->column,
		.key_line = s->key_line,
		.key_column = s->key_column,
		.file = s->file};

	return cw_yaml_note(y, &p);
}

int cw_yaml_set(struct cw_yaml *y, json_t *obj, const char *key, json_t *value, const struct cw_yaml_spot *spot)
{
	if (json_object_set_new(obj, key, value))
		return ENOMEM;
	/* The object's own copy of the key lives as long as the object does. */
	return note_spot(y, obj, json_object_iter_key(json_object_iter_at(obj, key)), 0, value, spot);
}

int cw_yaml_append(struct cw_yaml *y, json_t *array, json_t *value, const struct cw_yaml_spot *spot)
{
	if (json_array_append_new(array, value))
		return ENOMEM;
	return note_spot(y, array, NULL, json_array_size(array) - 1, value, spot);
}

int cw_yaml_finish(struct cw_yaml *y, json_t *root, const struct cw_yaml_spot *spot)
{
	y->root = root;
	if (!root || note_spot(y, NULL, NULL, 0, root, spot))
		return ENOMEM;
	return sort_places(y);
}

const char *cw_yaml_file_of(const struct cw_yaml *y, const json_t *value)
{
	const struct cw_yaml_place *p = find_value(y, value);

	return p && p->file ? p->file : y->file;
}

/* ---- complaints ---- */

CW_PRINTF(4, 0)
static void complain(const struct cw_yaml_spot *at, struct cw_why *why, int err, const char *fmt, va_list ap)
{
	char text[sizeof(why->text)];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)cw_why_at(why, err, at->file, at->line, at->column, "%s", text);
}

int cw_yaml_why(const struct cw_yaml *y, const json_t *value, struct cw_why *why, int err, const char *fmt, ...)
{
	const struct cw_yaml_spot at = spot_of(y, find_value(y, value)); /* unknown: the file alone is named */
	va_list ap;

	va_start(ap, fmt);
	complain(&at, why, err, fmt, ap);
	va_end(ap);
	return err;
}

int cw_yaml_why_member(
	const struct cw_yaml *y, const json_t *obj, const char *key, struct cw_why *why, int err, const char *fmt, ...)
{
	const struct cw_yaml_place *member = json_is_object(obj) ? find_member(y, obj, key, 0) : NULL;
	const struct cw_yaml_spot at = spot_of(y, member ? member : find_value(y, obj));
	va_list ap;

	va_start(ap, fmt);
	complain(&at, why, err, fmt, ap);
	va_end(ap);
	return err;
}

static bool is_known(const char *key, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(key, *names))
			return true;
	return false;
}

/* "a, b, c" for a message. */
static void list_names(const char *const *names, char *out, size_t size)
{
	size_t len = 0;

	out[0] = 0;
	for (; *names && len < size; names++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "", *names);
}

int cw_yaml_known_keys(const struct cw_yaml *y, const json_t *obj, const char *const *names, struct cw_why *why)
{
	json_t *o = (json_t *)(uintptr_t)obj; /* the iterator takes a non-const object but only reads it */
	size_t n = 0;

	while (names[n])
		n++;
	for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
		const char *key = json_object_iter_key(it);
		const char *near = cw_str_nearest(cw_str(key), names, n);
		char known[512];

		if (is_known(key, names))
			continue;

		const struct cw_yaml_spot at = cw_yaml_spot_member(y, obj, key); /* unknown stays 0 */

		if (near)
			return cw_why_at(why, EINVAL, at.file, at.key_line, at.key_column,
				"unknown key '%s', did you mean '%s'?", key, near);
		list_names(names, known, sizeof(known));
		return cw_why_at(why, EINVAL, at.file, at.key_line, at.key_column,
			"unknown key '%s', expected one of: %s", key, known);
	}
	return 0;
}
