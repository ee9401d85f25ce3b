#include "trial/scenario/compose.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/scenario/csv_case.h"
#include "trial/scenario/tree.h"

#define FILES_MAX  256
#define BYTES_MAX  ((size_t)16 << 20)
#define VALUES_MAX 200000
#define DEPTH_MAX  16
#define NOTES_MAX  100

struct source {
	const char *path;
	struct cw_yaml *yaml; /* NULL: a text */
	const char *text;
};

struct composer {
	struct cw_composed *out;
	const struct cw_scenario_conf *conf;
	struct cw_why *why;
	struct source sources[FILES_MAX];
	size_t n_sources, bytes, values;
	const char *key; /* of the member being copied */
};

struct place { /* a value as it was written */
	const struct source *in;
	json_t *value;
};

struct frame { /* values being copied, from the innermost outwards: what names one of them goes in a circle */
	const json_t *value;
	unsigned depth;
	const struct frame *up;
};

#define COMPLAIN(c, at, err, ...) cw_why_at((c)->why, (err), (at)->file, (at)->line, (at)->column, __VA_ARGS__)

int cw_note_add(struct cw_composed *c, const char *file, unsigned line, unsigned column, const char *text)
{
	if (c->notes.n == NOTES_MAX)
		return 0;

	const char **items = talloc_realloc(c, c->notes.items, const char *, c->notes.n + 1);

	if (!items)
		return ENOMEM;
	c->notes.items = items;
	items[c->notes.n] = c->notes.n + 1 == NOTES_MAX
				    ? talloc_strdup(items, "… and more")
				    : talloc_asprintf(items, "%s:%u:%u: %s", file, line, column, text);
	return items[c->notes.n++] ? 0 : ENOMEM;
}

static int note(const char *file, unsigned line, unsigned column, const char *text, void *arg)
{
	struct composer *c = arg;

	return cw_note_add(c->out, file, line, column, text);
}

/* FNV-1a, 64 bits: tells whether a file changed between a run and its resumption. */
static void hash(struct composer *c, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c->out->hash = (c->out->hash ^ (unsigned char)p[i]) * 0x100000001b3u;
}

/* ---- files ---- */

static bool ends_in(const char *path, const char *const *endings)
{
	size_t n = strlen(path);

	for (; *endings; endings++) {
		size_t len = strlen(*endings);

		if (n > len && !strcmp(path + n - len, *endings))
			return true;
	}
	return false;
}

static const char *const yaml_endings[] = {".yaml", ".yml", ".json", NULL};
static const char *const csv_endings[] = {".csv", NULL};
static const char *const code_endings[] = {".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".sh", NULL};

static int parse_csv(struct composer *c, struct source *s, const char *text, size_t len)
{
	CW_SCOPED struct cw_csv *csv = NULL;
	int err = cw_csv_parse(NULL, s->path, text, len, &csv, c->why);

	return err ? err : cw_case_rows(c->out, s->path, csv, note, c, &s->yaml, c->why);
}

static int parse_source(struct composer *c, struct source *s, const char *text, size_t len, bool main)
{
	if (main || ends_in(s->path, yaml_endings))
		return cw_yaml_parse_including(c->out, s->path, text, len, &s->yaml, c->why);
	if (ends_in(s->path, csv_endings))
		return parse_csv(c, s, text, len);
	if (len && memchr(text, 0, len))
		return cw_why_at(c->why, EINVAL, s->path, 0, 0, "holds NUL characters: not a text");
	if (len && text[len - 1] == '\n')
		len -= len > 1 && text[len - 2] == '\r' ? 2 : 1;
	s->text = talloc_strndup(c->out, text ? text : "", len);
	return s->text ? 0 : ENOMEM;
}

static int add_source(struct composer *c, const char *path, const char *text, size_t len, const struct source **ret)
{
	struct source *s = &c->sources[c->n_sources];
	bool main = !c->n_sources;

	*s = (struct source){.path = talloc_strdup(c->out, path)};
	c->bytes += len;
	hash(c, text, len);
	if (!s->path)
		return ENOMEM;

	int err = parse_source(c, s, text, len, main);

	if (err)
		return err;
	c->n_sources++;
	*ret = s;
	return 0;
}

/* @name as seen from the file @from. */
static char *path_from(void *parent, const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');

	if (!strncmp(name, "./", 2))
		name += 2;
	if (*name == '/' || !slash)
		return talloc_strdup(parent, name);
	return talloc_asprintf(parent, "%.*s/%s", (int)(slash - from), from, name);
}

static int read_file(struct composer *c, const char *path, struct cw_buf *b)
{
	size_t left = BYTES_MAX - c->bytes;

	return c->conf->read ? c->conf->read(path, left, b, c->conf->read_arg) : cw_file_read(path, left, b, NULL);
}

static int open_source(struct composer *c, const struct source *from, const char *name, const struct cw_yaml_spot *at,
	const struct source **ret)
{
	CW_SCOPED char *path = path_from(NULL, from->path, name);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(BYTES_MAX);
	int err;

	if (!path)
		return ENOMEM;
	for (size_t i = 0; i < c->n_sources; i++) {
		if (!strcmp(c->sources[i].path, path)) {
			*ret = &c->sources[i];
			return 0;
		}
	}
	if (c->n_sources == FILES_MAX)
		return COMPLAIN(c, at, E2BIG, "more than %d files belong to this one", FILES_MAX);
	err = read_file(c, path, &b);
	if (err == ENOMEM)
		return err;
	if (err)
		return COMPLAIN(c, at, err, "cannot read '%s': %s", path,
			err == EFBIG || err == EMSGSIZE ? "together the files are larger than 16 MiB" : strerror(err));
	err = add_source(c, path, b.p, b.len, ret);
	return err ? COMPLAIN(c, at, err, "cannot read '%s': %s", path, strerror(err))
		   : 0; /* a deeper reason is kept */
}

/* ---- references ---- */

/* The part before @sep, unescaped ("~1" = "/", "~0" = "~"). */
static char *pointer_part(void *parent, struct cw_str part)
{
	char *out = talloc_array(parent, char, part.len + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < part.len; i++) {
		char c = part.p[i];

		if (c == '~' && i + 1 < part.len && (part.p[i + 1] == '0' || part.p[i + 1] == '1'))
			c = part.p[++i] == '1' ? '/' : '~';
		out[n++] = c;
	}
	if (out)
		out[n] = 0;
	return out;
}

static int follow_pointer(
	struct composer *c, const struct source *s, const char *pointer, const struct cw_yaml_spot *at, json_t **ret)
{
	json_t *v = s->yaml ? cw_yaml_root(s->yaml) : NULL;
	struct cw_str rest = cw_str(pointer + (*pointer == '/')), part;

	if (!v)
		return COMPLAIN(c, at, EINVAL, "'$ref' into '%s': only YAML and JSON have places to refer to", s->path);
	if (*pointer && *pointer != '/')
		return COMPLAIN(c, at, EINVAL, "'$ref' must be \"#/key/key\": behind # stands a slash");
	while (*pointer && cw_str_split(&rest, '/', &part)) {
		CW_SCOPED char *key = pointer_part(NULL, part);
		json_t *next;
		uint32_t i;

		if (!key)
			return ENOMEM;
		next = json_object_get(v, key);
		if (json_is_array(v) && !cw_str_u32(cw_str(key), UINT32_MAX, &i))
			next = json_array_get(v, i);
		if (!next) {
			const char *names[64], *name;
			size_t n = 0;
			json_t *unused;

			json_object_foreach (v, name, unused) {
				if (n < CW_COUNT(names))
					names[n++] = name;
			}

			const char *near = cw_str_nearest(cw_str(key), names, n);

			return COMPLAIN(c, at, EINVAL, "'$ref': there is no '%s' in %s%s%s%s", key, s->path,
				near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		}
		v = next;
	}
	*ret = v;
	return 0;
}

static int resolve_ref(struct composer *c, struct place *p, const char *ref, const struct cw_yaml_spot *at)
{
	const char *hash_sign = strchr(ref, '#');
	CW_SCOPED char *file = talloc_strndup(NULL, ref, hash_sign ? (size_t)(hash_sign - ref) : strlen(ref));
	int err = 0;

	if (!file)
		return ENOMEM;
	if (file[0])
		err = open_source(c, p->in, !strncmp(file, "file://", 7) ? file + 7 : file, at, &p->in);
	return err ? err : follow_pointer(c, p->in, hash_sign ? hash_sign + 1 : "", at, &p->value);
}

static const char *file_url(const json_t *v)
{
	const char *text = json_string_value(v);

	return text && !strncmp(text, "file://", 7) && text[7] ? text + 7 : NULL;
}

/* One step from a value that stands for another: *@moved. A text file stays a value of its own (copy_text()). */
static int hop(struct composer *c, struct place *p, const struct cw_yaml_spot *at, bool *moved)
{
	const char *include = cw_json_str(p->value, "!include", NULL), *url = file_url(p->value);
	json_t *ref = json_object_get(p->value, "$ref");
	const struct source *s = NULL;
	int err;

	*moved = false;
	if (ref && json_object_size(p->value) == 1) {
		*moved = true;
		if (!json_is_string(ref))
			return COMPLAIN(c, at, EINVAL, "'$ref' must be a text: \"#/key/key\"");
		return resolve_ref(c, p, json_string_value(ref), at);
	}
	if (!include && (!url || ends_in(url, code_endings)))
		return 0;
	err = open_source(c, p->in, include ? include : url, at, &s);
	if (err || !s)
		return err;
	if (!s->yaml)
		return include ? COMPLAIN(c, at, EINVAL,
					 "'!include' takes YAML, JSON or CSV; a text is named by file://%s", include)
			       : 0;
	*moved = true;
	*p = (struct place){s, cw_yaml_root(s->yaml)};
	return 0;
}

static bool goes_in_circle(const struct frame *f, const json_t *value)
{
	for (; f; f = f->up)
		if (f->value == value)
			return true;
	return false;
}

struct hops { /* the way from a value to the one it stands for */
	struct frame frames[DEPTH_MAX + 1];
	const struct frame *top;
};

/* Go on until @p is no reference any more; hops->top is the innermost frame, the value's own not among them. */
static int settle(
	struct composer *c, struct place *p, const struct cw_yaml_spot *at, const struct frame *up, struct hops *hops)
{
	bool moved = true;

	hops->top = up;
	for (unsigned n = 0;; n++) {
		unsigned depth = hops->top ? hops->top->depth : 0;
		const json_t *before = p->value;
		int err = hop(c, p, at, &moved);

		if (err || !moved)
			return err;
		if (n == DEPTH_MAX || depth >= DEPTH_MAX)
			return COMPLAIN(
				c, at, ELOOP, "files and references are nested deeper than %d levels", DEPTH_MAX);
		hops->frames[n] = (struct frame){.value = before, .depth = depth + 1, .up = hops->top};
		hops->top = &hops->frames[n];
		if (goes_in_circle(hops->top, p->value))
			return COMPLAIN(c, at, ELOOP, "this refers to itself: %s names what it stands in", p->in->path);
	}
}

/* ---- copying ---- */

static int copy(
	struct composer *c, struct place p, const struct cw_yaml_spot *at, const struct frame *up, json_t **ret);

/* "env:NAME" or "env:NAME:-text": *@ret is NULL when the text is nothing of the kind. */
static int from_env(struct composer *c, const char *text, const struct cw_yaml_spot *at, json_t **ret)
{
	size_t n = strncmp(text, "env:", 4)
			   ? 0
			   : strspn(text + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	const char *rest = text + 4 + n, *value;

	*ret = NULL;
	if (!n || (*rest && strncmp(rest, ":-", 2) != 0))
		return 0;

	CW_SCOPED char *name = talloc_strndup(NULL, text + 4, n);

	if (!name)
		return ENOMEM;
	value = getenv(name);
	if (!value && !*rest)
		return COMPLAIN(c, at, EINVAL, "the environment has no variable %s: set it, or write env:%s:-default",
			name, name);
	if (!value)
		value = rest + 2;
	hash(c, value, strlen(value));
	*ret = json_string(value);
	return *ret ? 0 : COMPLAIN(c, at, EINVAL, "the environment's %s is not UTF-8", name);
}

/* Code is left to the assertion whose value it is, its name as seen from the main file. */
static int keep_code(
	struct composer *c, const struct source *from, const char *name, const struct cw_yaml_spot *at, json_t **ret)
{
	const char *main = c->sources[0].path, *slash = strrchr(main, '/');
	CW_SCOPED char *path = path_from(NULL, from->path, name);
	size_t folder = slash ? (size_t)(slash - main) + 1 : 0;

	if (!path)
		return ENOMEM;
	if (!c->key || strcmp(c->key, "value") != 0)
		return COMPLAIN(c, at, EINVAL,
			"'%s' is code, which is not run here: write its result down as YAML, JSON or CSV", name);
	*ret = json_sprintf("file://%s", strncmp(path, main, folder) ? path : path + folder);
	return *ret ? 0 : ENOMEM;
}

static int copy_text(struct composer *c, struct place p, const struct cw_yaml_spot *at, json_t **ret)
{
	const char *url = file_url(p.value);
	const struct source *s;
	int err = 0;

	if (url && ends_in(url, code_endings))
		return keep_code(c, p.in, url, at, ret);
	if (url) { /* hop() left it: a text file, read before */
		err = open_source(c, p.in, url, at, &s);
		if (!err) {
			*ret = json_string(s->text);
			err = *ret ? 0 : COMPLAIN(c, at, EINVAL, "'%s' is not UTF-8", url);
		}
		return err;
	}
	err = from_env(c, json_string_value(p.value), at, ret);
	if (err || *ret)
		return err;
	*ret = json_copy(p.value);
	return *ret ? 0 : ENOMEM;
}

/* A list named inside a list is taken into it. */
static int copy_element(
	struct composer *c, struct place p, const struct cw_yaml_spot *at, const struct frame *up, json_t *out)
{
	struct place to = p;
	struct frame frame = {.value = p.value, .depth = up->depth, .up = up};
	json_t *v, *copied = NULL;
	bool moved = false;
	size_t i;
	int err = hop(c, &to, at, &moved);

	if (err || !moved || !json_is_array(to.value) || goes_in_circle(&frame, to.value)) {
		if (!err)
			err = copy(c, p, at, up, &copied);
		return err ? err : cw_yaml_append(c->out->tree, out, copied, at);
	}

	struct frame inner = {.value = to.value, .depth = up->depth + 1, .up = &frame};

	if (inner.depth > DEPTH_MAX)
		return COMPLAIN(c, at, ELOOP, "files and references are nested deeper than %d levels", DEPTH_MAX);
	json_array_foreach (to.value, i, v) {
		struct cw_yaml_spot spot = cw_yaml_spot_index(to.in->yaml, to.value, i);

		if (!err)
			err = copy_element(c, (struct place){to.in, v}, &spot, &inner, out);
	}
	return err;
}

/* Members of @p but those of @but, each with all below it, into @out. */
static int copy_members(struct composer *c, struct place p, const json_t *but, const struct frame *up, json_t *out)
{
	const char *key;
	json_t *v, *copied = NULL;
	int err = 0;

	json_object_foreach (p.value, key, v) {
		struct cw_yaml_spot spot = cw_yaml_spot_member(p.in->yaml, p.value, key);

		if (err || !strcmp(key, "$ref") || json_object_get(but, key))
			continue;
		c->key = key;
		err = copy(c, (struct place){p.in, v}, &spot, up, &copied);
		if (!err)
			err = cw_yaml_set(c->out->tree, out, key, copied, &spot);
	}
	return err;
}

/* {$ref: …, key: …}: the mapping referred to, with these keys laid over it. */
static int copy_overlaid(
	struct composer *c, struct place p, const struct cw_yaml_spot *at, const struct frame *up, json_t **ret)
{
	CW_JSON_SCOPED json_t *out = json_object();
	json_t *ref = json_object_get(p.value, "$ref");
	struct place to = p;
	struct hops hops;
	int err = !out                  ? ENOMEM
		  : json_is_string(ref) ? resolve_ref(c, &to, json_string_value(ref), at)
					: COMPLAIN(c, at, EINVAL, "'$ref' must be a text: \"#/key/key\"");

	if (!err)
		err = settle(c, &to, at, up, &hops);
	if (err)
		return err;
	if (!json_is_object(to.value) || json_object_get(to.value, "$ref"))
		return COMPLAIN(c, at, EINVAL, "'$ref' with other keys beside it must refer to a plain mapping");
	if (goes_in_circle(hops.top, to.value))
		return COMPLAIN(c, at, ELOOP, "this refers to itself: %s names what it stands in", to.in->path);

	const struct frame frame = {.value = to.value, .depth = (hops.top ? hops.top->depth : 0) + 1, .up = hops.top};

	if (frame.depth > DEPTH_MAX)
		return COMPLAIN(c, at, ELOOP, "files and references are nested deeper than %d levels", DEPTH_MAX);
	err = copy_members(c, to, p.value, &frame, out);
	if (!err)
		err = copy_members(c, p, NULL, &frame, out);
	if (!err)
		*ret = json_incref(out);
	return err;
}

static int copy_plain(
	struct composer *c, struct place p, const struct cw_yaml_spot *at, const struct frame *up, json_t **ret)
{
	const char *key;
	json_t *v, *copied = NULL;
	size_t i;
	int err = 0;

	if (json_is_string(p.value))
		return copy_text(c, p, at, ret);
	if (json_object_get(p.value, "$ref"))
		return copy_overlaid(c, p, at, up, ret);
	if (!json_is_object(p.value) && !json_is_array(p.value)) {
		*ret = json_copy(p.value);
		return *ret ? 0 : ENOMEM;
	}

	CW_JSON_SCOPED json_t *out = json_is_object(p.value) ? json_object() : json_array();
	const struct frame frame = {.value = p.value, .depth = up ? up->depth : 0, .up = up};

	if (!out)
		return ENOMEM;
	json_object_foreach (p.value, key, v) {
		struct cw_yaml_spot spot = cw_yaml_spot_member(p.in->yaml, p.value, key);

		c->key = key;
		err = err ? err : copy(c, (struct place){p.in, v}, &spot, &frame, &copied);
		if (!err)
			err = cw_yaml_set(c->out->tree, out, key, copied, &spot);
	}
	json_array_foreach (p.value, i, v) {
		struct cw_yaml_spot spot = cw_yaml_spot_index(p.in->yaml, p.value, i);

		err = err ? err : copy_element(c, (struct place){p.in, v}, &spot, &frame, out);
	}
	if (!err)
		*ret = json_incref(out);
	return err;
}

static int copy(struct composer *c, struct place p, const struct cw_yaml_spot *at, const struct frame *up, json_t **ret)
{
	struct hops hops;
	int err;

	if (++c->values > VALUES_MAX)
		return COMPLAIN(c, at, E2BIG, "more than %d values, files and references included", VALUES_MAX);
	err = settle(c, &p, at, up, &hops);
	return err ? err : copy_plain(c, p, at, hops.top, ret);
}

int cw_compose(void *parent, const char *name, const char *text, size_t len, const struct cw_scenario_conf *conf,
	struct cw_composed **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_composed *out = talloc_zero(NULL, struct cw_composed);
	CW_SCOPED struct composer *c = talloc_zero(NULL, struct composer);
	const struct source *main;
	json_t *root = NULL;

	if (!out || !c)
		return ENOMEM;
	*c = (struct composer){.out = out, .conf = conf, .why = why};
	out->hash = 0xcbf29ce484222325u;

	int err = add_source(c, name, len ? text : "", len, &main);

	if (!err)
		err = cw_yaml_make(out, name, &out->tree);
	if (err)
		return err;

	struct cw_yaml_spot at = {.file = main->path};

	(void)cw_yaml_where(main->yaml, cw_yaml_root(main->yaml), &at.line, &at.column); /* unknown stays 0 */
	err = copy(c, (struct place){main, cw_yaml_root(main->yaml)}, &at, NULL, &root);
	if (!err)
		err = cw_yaml_finish(out->tree, root, &at);
	if (!err)
		*ret = talloc_move(parent, &out);
	return err;
}
