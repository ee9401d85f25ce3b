#include "base/yaml_int.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdarg.h>

#include "base/words.h"

#define MAX_DEPTH   64
#define MAX_NODES   200000 /* after alias expansion: stops "billion laughs" */
#define MAX_ANCHORS 1000

struct anchor {
	struct cw_str name; /* memory of the tree */
	json_t *value;      /* borrowed; NULL while its node is still open */
};

struct loader {
	struct cw_yaml *y;
	struct fy_parser *parser;
	struct fy_diag *diag;
	struct cw_why *why;
	struct anchor anchors[MAX_ANCHORS];
	size_t n_anchors;
	size_t nodes;
};

struct spot {
	unsigned line, column;
};

/* What a finished node is to be noted as. */
struct slot {
	const json_t *parent;
	const char *key;
	size_t index;
	struct spot key_spot;
};

static int load_node(struct loader *l, struct fy_event *ev, unsigned depth, const struct slot *slot, json_t **ret);

static struct spot spot_of(struct fy_token *t)
{
	const struct fy_mark *m = t ? fy_token_start_mark(t) : NULL;

	if (!m)
		return (struct spot){0, 0};

	/* The mark of a quoted text is behind its quote. */
	bool quoted =
		fy_token_get_type(t) == FYTT_SCALAR && m->column &&
		(fy_token_scalar_style(t) == FYSS_SINGLE_QUOTED || fy_token_scalar_style(t) == FYSS_DOUBLE_QUOTED);

	return (struct spot){(unsigned)m->line + 1, (unsigned)m->column + !quoted};
}

CW_PRINTF(3, 4)
static int bad(struct loader *l, struct spot at, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cw_why_at(l->why, EBADMSG, l->y->file, at.line, at.column, "%s", text);
}

static int no_memory(struct loader *l)
{
	return cw_why_at(l->why, ENOMEM, l->y->file, 0, 0, "out of memory");
}

/* The parser's own first complaint. */
static int parser_error(struct loader *l)
{
	void *it = NULL;
	struct fy_diag_error *e = fy_diag_errors_iterate(l->diag, &it);

	if (!e)
		return bad(l, (struct spot){0, 0}, "not valid YAML");
	return bad(l, (struct spot){e->line > 0 ? (unsigned)e->line : 0, e->column > 0 ? (unsigned)e->column : 0},
		"not valid YAML: %s", e->msg ? e->msg : "");
}

/* The next event, or NULL with the error told. */
static struct fy_event *next_event(struct loader *l, int *err)
{
	struct fy_event *ev = fy_parser_parse(l->parser);

	*err = 0;
	if (!ev || fy_parser_get_stream_error(l->parser)) {
		if (ev)
			fy_parser_event_free(l->parser, ev);
		*err = parser_error(l);
		return NULL;
	}
	return ev;
}

static bool in_list(struct cw_str s, const char *const *list)
{
	for (; *list; list++)
		if (cw_str_eq(s, *list))
			return true;
	return false;
}

static bool all_digits(struct cw_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0;
}

/* 0x1F and 0o17 of the core schema. */
static bool based_integer(struct cw_str s, int64_t *ret)
{
	unsigned bits = cw_str_starts(s, "0x") ? 4 : cw_str_starts(s, "0o") ? 3 : 0;
	int64_t v = 0;

	if (!bits || s.len < 3 || s.len > 2 + 60 / bits)
		return false;
	for (size_t i = 2; i < s.len; i++) {
		char c = s.p[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : 99;

		if (d >= 1 << bits)
			return false;
		v = (v << bits) | d;
	}
	*ret = v;
	return true;
}

/* A plain scalar by the core schema, narrowed as yaml.h says. NULL: no memory. */
static json_t *resolve_plain(struct cw_str s)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	struct cw_str digits = s;
	int64_t i;
	double d;

	if (in_list(s, nulls))
		return json_null();
	if (in_list(s, trues))
		return json_true();
	if (in_list(s, falses))
		return json_false();
	if (s.len && s.p[0] == '-') {
		digits.p++;
		digits.len--;
	}
	if (based_integer(s, &i))
		return json_integer(i);
	if (s.p[0] == '+' || (digits.len > 1 && digits.p[0] == '0' && digits.p[1] >= '0' && digits.p[1] <= '9'))
		return json_stringn(s.p, s.len);
	if (all_digits(digits))
		return cw_str_i64(s, &i) ? json_stringn(s.p, s.len) : json_integer(i);
	if (!cw_str_double(s, &d))
		return json_real(d);
	return json_stringn(s.p, s.len);
}

/* The tag's last part ("str") into *@name, empty when there is none. */
static int core_tag(struct loader *l, struct fy_token *tag, struct cw_str *name)
{
	static const char *const known[] = {"str", "int", "float", "bool", "null", "map", "seq", NULL};
	size_t len = 0;
	const char *suffix = tag ? fy_tag_token_suffix(tag, &len) : NULL;
	struct cw_str s = {suffix ? suffix : "", suffix ? len : 0};

	*name = s;
	if (!tag || !s.len)
		return 0;
	if (!in_list(s, known) && !(l->y->including && cw_str_eq(s, "include")))
		return bad(
			l, spot_of(tag), "unknown tag '%.*s': only !!str and the core tags are understood", CW_STR(s));
	return 0;
}

/* `!include FILE` as {"!include": "FILE"}. */
static int load_include(struct loader *l, struct fy_token *value, struct cw_str file, json_t **ret)
{
	CW_JSON_SCOPED json_t *name = json_stringn(file.p, file.len);
	CW_JSON_SCOPED json_t *o = json_pack("{s:O?}", "!include", name);
	struct spot at = spot_of(value);
	struct cw_yaml_place p = {.parent = o,
		.key = "!include",
		.value = name,
		.line = at.line,
		.column = at.column,
		.key_line = at.line,
		.key_column = at.column};

	if (!file.len)
		return bad(l, at, "'!include' names no file");
	if (!name || !o || cw_yaml_note(l->y, &p))
		return no_memory(l);
	*ret = json_incref(o);
	return 0;
}

static int load_scalar(struct loader *l, struct fy_event *ev, json_t **ret)
{
	struct fy_token *value = ev->scalar.value;
	struct cw_str tag, s = {"", 0};
	int err = core_tag(l, ev->scalar.tag, &tag);

	if (err)
		return err;
	if (value)
		s.p = fy_token_get_text(value, &s.len);
	if (!s.p)
		return no_memory(l);

	bool plain = !value || fy_token_scalar_style(value) == FYSS_PLAIN;

	if (s.len && memchr(s.p, 0, s.len))
		return bad(l, spot_of(value), "a NUL character is not allowed in a text");
	if (cw_str_eq(tag, "include"))
		return load_include(l, value, s, ret);
	if (plain && !tag.len) {
		static const char *const odd[] = {
			".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", "+.inf", ".nan", ".NaN", ".NAN", NULL};

		if (in_list(s, odd))
			return bad(l, spot_of(value), "'%.*s' is not a number that can be used here", CW_STR(s));
	}

	bool text = cw_str_eq(tag, "str") || (!plain && !tag.len);

	*ret = text ? json_stringn(s.p, s.len) : resolve_plain(s);
	if (!*ret)
		return no_memory(l);
	if (!text && tag.len) {
		static const char *const names[] = {[JSON_STRING] = "str",
			[JSON_INTEGER] = "int",
			[JSON_REAL] = "float",
			[JSON_TRUE] = "bool",
			[JSON_FALSE] = "bool",
			[JSON_NULL] = "null"};

		if (!cw_str_eq(tag, names[json_typeof(*ret)])) {
			json_decref(*ret);
			*ret = NULL;
			return bad(l, spot_of(value), "'%.*s' is not a value of type %.*s", CW_STR(s), CW_STR(tag));
		}
	}
	return 0;
}

static int note(struct loader *l, const struct slot *slot, const json_t *value, struct spot at, bool alias)
{
	if (!at.line)
		at = slot->key_spot; /* a value left out has no token of its own */

	struct cw_yaml_place p = {slot->parent, slot->key, slot->index, value, at.line, at.column, slot->key_spot.line,
		slot->key_spot.column, alias, NULL};

	if (++l->nodes > MAX_NODES)
		return bad(l, at, "more than %d values (aliases expanded): split the file", MAX_NODES);
	return cw_yaml_note(l->y, &p) ? no_memory(l) : 0;
}

static int open_anchor(struct loader *l, struct fy_token *t, size_t *slot)
{
	*slot = MAX_ANCHORS;
	if (!t)
		return 0;
	if (l->n_anchors == MAX_ANCHORS)
		return bad(l, spot_of(t), "more than %d anchors", MAX_ANCHORS);

	struct anchor *a = &l->anchors[l->n_anchors];

	a->name.p = fy_token_get_text(t, &a->name.len);
	a->value = NULL;
	if (!a->name.p)
		return no_memory(l);
	/* The token's text dies with its event; the name must not. */
	a->name.p = cw_str_dup(l->y, a->name);
	if (!a->name.p)
		return no_memory(l);
	*slot = l->n_anchors++;
	return 0;
}

/* Count the values below @v and check the depth: what an alias would be if it were written out. */
static int measure(struct loader *l, const json_t *v, unsigned depth, struct spot at)
{
	json_t *o = (json_t *)(uintptr_t)v; /* only read */
	int err = 0;

	if (depth > MAX_DEPTH)
		return bad(l, at, "nested deeper than %d levels", MAX_DEPTH);
	if (++l->nodes > MAX_NODES)
		return bad(l, at, "more than %d values (aliases expanded): split the file", MAX_NODES);
	for (void *it = json_object_iter(o); it && !err; it = json_object_iter_next(o, it))
		err = measure(l, json_object_iter_value(it), depth + 1, at);
	for (size_t i = 0; i < json_array_size(v) && !err; i++)
		err = measure(l, json_array_get(v, i), depth + 1, at);
	return err;
}

/* The aliased value itself is shared, not copied: the tree is read-only. */
static int load_alias(struct loader *l, struct fy_event *ev, unsigned depth, const struct slot *slot, json_t **ret)
{
	struct fy_token *t = ev->alias.anchor;
	struct spot at = spot_of(t);
	struct cw_str name = {NULL, 0};

	name.p = fy_token_get_text(t, &name.len);
	if (!name.p)
		return no_memory(l);
	for (size_t i = l->n_anchors; i-- > 0;) {
		struct anchor *a = &l->anchors[i];

		if (a->name.len != name.len || memcmp(a->name.p, name.p, name.len) != 0)
			continue;
		if (!a->value)
			return bad(l, at, "alias '*%.*s' stands inside its own anchor", CW_STR(name));

		int err = measure(l, a->value, depth, at);

		if (err)
			return err;
		l->nodes--; /* note() counts the top one again */
		err = note(l, slot, a->value, at, true);
		if (!err)
			*ret = json_incref(a->value);
		return err;
	}
	return bad(l, at, "unknown alias '*%.*s': no '&%.*s' stands before it", CW_STR(name), CW_STR(name));
}

static int check_container_tag(struct loader *l, struct fy_token *tag, const char *kind)
{
	struct cw_str name;
	int err = core_tag(l, tag, &name);

	if (!err && name.len && !cw_str_eq(name, kind))
		return bad(l, spot_of(tag), "this is not a value of type %.*s", CW_STR(name));
	return err;
}

static int load_sequence(struct loader *l, unsigned depth, struct spot at, json_t *array)
{
	int err = 0;

	for (size_t index = 0; !err; index++) {
		struct fy_event *ev = next_event(l, &err);

		if (!ev)
			return err;

		bool end = ev->type == FYET_SEQUENCE_END;
		struct slot slot = {array, NULL, index, at};
		json_t *v = NULL;

		if (!end)
			err = load_node(l, ev, depth + 1, &slot, &v);
		fy_parser_event_free(l->parser, ev);
		if (end)
			return 0;
		if (!err && json_array_append_new(array, v))
			err = no_memory(l);
	}
	return err;
}

/* The key's text under the JSON tree's rules; *@key is talloc memory of @l->y. */
static int load_key(struct loader *l, struct fy_event *ev, const json_t *object, char **key, struct spot *at)
{
	struct cw_str s = {NULL, 0};

	if (ev->type != FYET_SCALAR || !ev->scalar.value) {
		*at = spot_of(ev->type == FYET_ALIAS ? ev->alias.anchor : NULL);
		return bad(l, *at, "a key must be a plain text");
	}
	*at = spot_of(ev->scalar.value);
	s.p = fy_token_get_text(ev->scalar.value, &s.len);
	if (!s.p)
		return no_memory(l);
	if (s.len && memchr(s.p, 0, s.len))
		return bad(l, *at, "a NUL character is not allowed in a key");
	if (!s.len && fy_token_scalar_style(ev->scalar.value) == FYSS_PLAIN)
		return bad(l, *at, "a key is missing before ':'");
	*key = cw_str_dup(l->y, s);
	if (!*key)
		return no_memory(l);
	if (json_object_get(object, *key)) {
		unsigned line = 0, column = 0;

		for (size_t i = l->y->n; i-- > 0 && !line;)
			if (l->y->places[i].parent == object && !strcmp(l->y->places[i].key, *key)) {
				line = l->y->places[i].key_line;
				column = l->y->places[i].key_column;
			}
		return bad(l, *at, "duplicate key '%s', first seen at line %u, column %u", *key, line, column);
	}
	return 0;
}

static int load_pair(struct loader *l, const char *key, struct spot at, unsigned depth, json_t *object)
{
	int err;
	struct fy_event *ev = next_event(l, &err);
	struct slot slot = {object, key, 0, at};
	json_t *v = NULL;

	if (!ev)
		return err;
	err = load_node(l, ev, depth + 1, &slot, &v);
	fy_parser_event_free(l->parser, ev);
	if (!err && json_object_set_new(object, key, v))
		return bad(l, at, "the key is not valid UTF-8");
	return err;
}

static int load_mapping(struct loader *l, unsigned depth, json_t *object)
{
	int err = 0;

	while (!err) {
		struct fy_event *ev = next_event(l, &err);

		if (!ev)
			return err;

		bool end = ev->type == FYET_MAPPING_END;
		struct spot at = {0, 0};
		char *key = NULL;

		if (!end)
			err = load_key(l, ev, object, &key, &at);
		fy_parser_event_free(l->parser, ev);
		if (end)
			return 0;
		if (!err)
			err = load_pair(l, key, at, depth, object);
	}
	return err;
}

static int load_container(struct loader *l, struct fy_event *ev, unsigned depth, const struct slot *slot, json_t **ret)
{
	bool map = ev->type == FYET_MAPPING_START;
	struct fy_token *start = map ? ev->mapping_start.mapping_start : ev->sequence_start.sequence_start;
	struct fy_token *anchor = map ? ev->mapping_start.anchor : ev->sequence_start.anchor;
	struct spot at = spot_of(start);
	size_t a;
	int err = check_container_tag(l, map ? ev->mapping_start.tag : ev->sequence_start.tag, map ? "map" : "seq");

	if (err)
		return err;
	if (depth > MAX_DEPTH)
		return bad(l, at, "nested deeper than %d levels", MAX_DEPTH);

	CW_JSON_SCOPED json_t *j = map ? json_object() : json_array();

	if (!j)
		return no_memory(l);
	err = open_anchor(l, anchor, &a);
	if (!err)
		err = note(l, slot, j, at, false);
	if (!err)
		err = map ? load_mapping(l, depth, j) : load_sequence(l, depth, at, j);
	if (err)
		return err;
	if (a < MAX_ANCHORS)
		l->anchors[a].value = j;
	*ret = json_incref(j);
	return 0;
}

static int load_node(struct loader *l, struct fy_event *ev, unsigned depth, const struct slot *slot, json_t **ret)
{
	size_t a;
	int err;

	switch (ev->type) {
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
		return load_container(l, ev, depth, slot, ret);
	case FYET_ALIAS:
		return load_alias(l, ev, depth, slot, ret);
	case FYET_SCALAR: {
		CW_JSON_SCOPED json_t *j = NULL;

		err = load_scalar(l, ev, &j);
		if (!err)
			err = open_anchor(l, ev->scalar.anchor, &a);
		if (!err)
			err = note(l, slot, j, spot_of(ev->scalar.value), false);
		if (err)
			return err;
		if (a < MAX_ANCHORS)
			l->anchors[a].value = j;
		*ret = json_incref(j);
		return 0;
	}
	default:
		return bad(l, (struct spot){0, 0}, "a value is missing");
	}
}

/* Stream start, one document, stream end. */
static int load_stream(struct loader *l)
{
	const struct slot root_slot = {NULL, NULL, 0, {0, 0}};
	bool in_document = false, had_document = false;
	int err = 0;

	while (!err) {
		struct fy_event *ev = next_event(l, &err);

		if (!ev)
			return err;

		enum fy_event_type type = ev->type;

		switch (type) {
		case FYET_STREAM_START:
		case FYET_STREAM_END:
			break;
		case FYET_DOCUMENT_START:
			if (had_document)
				err = bad(l, spot_of(ev->document_start.document_start),
					"a second document begins here: one file holds one");
			in_document = had_document = true;
			break;
		case FYET_DOCUMENT_END:
			in_document = false;
			break;
		default:
			err = in_document ? load_node(l, ev, 1, &root_slot, &l->y->root) : EBADMSG;
			break;
		}
		fy_parser_event_free(l->parser, ev);
		if (type == FYET_STREAM_END)
			break;
	}
	if (!err && !l->y->root)
		return bad(l, (struct spot){1, 1}, "the file is empty");
	return err;
}

/* What libfyaml would let pass or report without a place. */
static int check_text(struct loader *l, struct cw_str s)
{
	struct spot at = {1, 1};
	bool indent = true, tab = false;
	size_t n;

	for (; s.len; s.p += n, s.len -= n, at.column++) {
		uint32_t c = cw_char_next(s, &n);

		if (c == 0xfffd && n == 1)
			return bad(l, at, "not valid UTF-8: save the file as UTF-8");
		if (c == 0)
			return bad(l, at, "a NUL character: this is not a text file");
		if (c == '\n') {
			at = (struct spot){at.line + 1, 0};
			indent = true;
			tab = false;
		} else if (indent && c == '\t') {
			tab = true;
		} else if (indent && c != ' ' && c != '\r') {
			if (tab)
				return bad(l, (struct spot){at.line, 1}, "a tab indents this line: use blanks");
			indent = false;
		}
	}
	return 0;
}

int cw_yaml_build(struct cw_yaml *y, const char *text, size_t len, struct cw_why *why)
{
	CW_SCOPED struct loader *l = talloc_zero(NULL, struct loader);
	struct fy_diag_cfg diag_conf;
	int err;

	if (!l)
		return cw_why_set(why, ENOMEM, "out of memory");
	l->y = y;
	l->why = why;
	err = check_text(l, (struct cw_str){text, len});
	if (err)
		return err;
	fy_diag_cfg_default(&diag_conf);
	diag_conf.fp = NULL;
	l->diag = fy_diag_create(&diag_conf);
	if (!l->diag)
		return no_memory(l);
	fy_diag_set_collect_errors(l->diag, true);

	struct fy_parse_cfg conf = {
		.flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE, .diag = l->diag};

	l->parser = fy_parser_create(&conf);
	if (!l->parser || fy_parser_set_string(l->parser, text, len))
		err = no_memory(l);
	else
		err = load_stream(l);
	if (l->parser)
		fy_parser_destroy(l->parser);
	fy_diag_destroy(l->diag);
	return err;
}
