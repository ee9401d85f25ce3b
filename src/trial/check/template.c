#include "trial/check/template.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#define TEXT_MAX   (16 * 1024)
#define DEPTH_MAX  8
#define FILTER_MAX 16 /* of one expression */

struct reader {
	const struct cw_vars *vars;
	const char *p; /* where reading is */
	struct cw_why *why;
	unsigned depth;
	bool typed; /* the value keeps its type when it stands alone */
};

static int expand(const struct cw_vars *vars, const char *text, unsigned depth, json_t **ret, struct cw_why *why);

#define COMPLAIN(r, ...) cw_why_set((r)->why, EINVAL, __VA_ARGS__)

/* ---- names ---- */

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

static void skip_blank(struct reader *r)
{
	while (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r')
		r->p++;
}

static struct cw_str read_name(struct reader *r)
{
	const char *start = r->p;

	while (name_char(*r->p))
		r->p++;
	return (struct cw_str){start, (size_t)(r->p - start)};
}

static json_t *member(json_t *o, struct cw_str name)
{
	return json_object_getn(o, name.p, name.len);
}

static int unknown(struct reader *r, struct cw_str name)
{
	const char *names[128];
	size_t n = 0;
	json_t *tables[] = {r->vars->vars, r->vars->facts};

	for (size_t i = 0; i < r->vars->n && n < CW_COUNT(names); i++)
		names[n++] = r->vars->pairs[i].name;
	for (size_t t = 0; t < CW_COUNT(tables); t++) {
		const char *key;
		json_t *value;

		json_object_foreach (tables[t], key, value) {
			if (n < CW_COUNT(names))
				names[n++] = key;
		}
	}

	const char *near = cw_str_nearest(name, names, n);

	return COMPLAIN(r, "{{%.*s}} is not defined%s%s%s: add it to the facts of the caller or give --var %.*s=VALUE",
		CW_STR(name), near ? "; did you mean {{" : "", near ? near : "", near ? "}}" : "", CW_STR(name));
}

static int env_value(struct reader *r, json_t **ret)
{
	if (*r->p != '.')
		return COMPLAIN(r, "{{env}} needs the name of a variable: {{env.NAME}}");
	r->p++;

	struct cw_str name = read_name(r);
	CW_SCOPED char *key = cw_str_dup(NULL, name);

	if (!key)
		return ENOMEM;

	const char *value = getenv(key);

	if (!value) {
		skip_blank(r);
		*ret = json_null();
		return cw_str_starts(cw_str(r->p), "|")
			       ? 0 /* perhaps default() */
			       : COMPLAIN(r,
					 "the environment has no variable %s: set it, or write {{env.%s | default(\"…\")}}",
					 key, key);
	}
	*ret = json_string(value);
	return *ret ? 0 : COMPLAIN(r, "the environment's %s is not UTF-8", key);
}

/* The variable @name; NULL when there is none. Those of the command line are texts and are taken as they are. */
static json_t *lookup(struct reader *r, struct cw_str name, bool *literal)
{
	*literal = false;
	for (size_t i = 0; i < r->vars->n; i++) {
		if (!cw_str_eq(name, r->vars->pairs[i].name))
			continue;
		*literal = true;
		return json_string(r->vars->pairs[i].value);
	}

	json_t *v = member(r->vars->vars, name);

	return json_incref(v ? v : member(r->vars->facts, name));
}

/* ".name", "[0]" behind a variable. */
static int follow(struct reader *r, struct cw_str whole, json_t **value)
{
	while (*r->p == '.' || *r->p == '[') {
		bool bracket = *r->p++ == '[';

		struct cw_str name = read_name(r);
		uint32_t index;
		json_t *next = member(*value, name);

		if (bracket && *r->p++ != ']')
			return COMPLAIN(r, "'[' without ']' behind {{%.*s}}", CW_STR(whole));
		if (!next && json_is_array(*value) && !cw_str_u32(name, UINT32_MAX, &index))
			next = json_array_get(*value, index);
		if (!next)
			return COMPLAIN(r, "{{%.*s}} has no member '%.*s'", CW_STR(whole), CW_STR(name));
		json_incref(next);
		json_decref(*value);
		*value = next;
	}
	return 0;
}

static int variable(struct reader *r, json_t **ret)
{
	struct cw_str name = read_name(r);
	bool literal;

	if (!name.len)
		return COMPLAIN(
			r, "'{{' is followed by no name: write {{name}}, or {{\"{{\"}} for the braces themselves");
	if (cw_str_eq(name, "env"))
		return env_value(r, ret);

	CW_JSON_SCOPED json_t *v = lookup(r, name, &literal);

	if (!v)
		return unknown(r, name);

	int err = follow(r, name, &v);

	if (err)
		return err;
	if (json_is_string(v) && !literal && strstr(json_string_value(v), "{{")) {
		if (r->depth >= DEPTH_MAX)
			return COMPLAIN(
				r, "{{%.*s}} refers to itself, or more than %d levels deep", CW_STR(name), DEPTH_MAX);
		return expand(r->vars, json_string_value(v), r->depth + 1, ret, r->why);
	}
	*ret = json_incref(v);
	return 0;
}

static int literal(struct reader *r, char *out, size_t size)
{
	char quote = *r->p++;
	size_t n = 0;

	while (*r->p && *r->p != quote) {
		char c = *r->p++;

		if (c == '\\' && (*r->p == quote || *r->p == '\\' || *r->p == 'n')) {
			c = *r->p == 'n' ? '\n' : *r->p;
			r->p++;
		}
		if (n + 1 < size)
			out[n++] = c;
	}
	if (*r->p++ != quote)
		return COMPLAIN(r, "a text between {{ and }} begins with %c and does not end", quote);
	out[n] = 0;
	return 0;
}

/* ---- filters ---- */

struct args {
	char text[2][256];
	size_t n;
};

static int put_text(const json_t *v, struct cw_buf *b)
{
	if (json_is_string(v))
		cw_buf_put(b, json_string_value(v), json_string_length(v));
	else if (json_is_integer(v))
		cw_buf_fmt(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		cw_buf_fmt(b, "%g", json_real_value(v));
	else if (json_is_boolean(v))
		cw_buf_puts(b, json_is_true(v) ? "true" : "false");
	else if (!json_is_null(v))
		cw_json_dump(b, v);
	return cw_buf_err(b);
}

static json_t *text_of(struct cw_buf *b)
{
	struct cw_str s = cw_buf_str(b);

	return cw_buf_err(b) ? NULL : json_stringn(s.p, s.len);
}

/* Letters beyond ASCII stay as they are. */
static json_t *change_case(const char *text, const char *how)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	bool start = true;

	for (const char *p = text; *p; p++) {
		int c = (unsigned char)*p;
		bool up = !strcmp(how, "upper") || (start && strcmp(how, "lower") != 0);

		cw_buf_putc(&b, (char)(c >= 0x80 ? c : up ? toupper(c) : tolower(c)));
		start = !strcmp(how, "title") && c == ' ';
	}
	return text_of(&b);
}

static json_t *replace(const char *text, const struct args *a)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	size_t n = strlen(a->text[0]);

	for (const char *hit; n && (hit = strstr(text, a->text[0])); text = hit + n) {
		cw_buf_put(&b, text, (size_t)(hit - text));
		cw_buf_puts(&b, a->text[1]);
	}
	cw_buf_puts(&b, text);
	return text_of(&b);
}

static json_t *join(const json_t *list, const char *with)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	size_t i;
	json_t *v;

	json_array_foreach (list, i, v) {
		if (i)
			cw_buf_puts(&b, with);
		(void)put_text(v, &b); /* the buffer keeps its error */
	}
	return text_of(&b);
}

static json_t *split(const char *text, char sep)
{
	CW_JSON_SCOPED json_t *list = json_array();
	struct cw_str rest = cw_str(text), part;

	while (cw_str_split(&rest, sep, &part)) {
		part = cw_str_trim(part);
		if (part.len && json_array_append_new(list, json_stringn(part.p, part.len)))
			return NULL;
	}
	return json_incref(list);
}

static int to_number(struct reader *r, const char *text, json_t **ret)
{
	int64_t i;
	double d;

	if (!cw_str_i64(cw_str_trim(cw_str(text)), &i))
		*ret = json_integer(i);
	else if (!cw_str_double(cw_str_trim(cw_str(text)), &d))
		*ret = json_real(d);
	else
		return COMPLAIN(r, "'%s' is no number (filter 'number')", text);
	r->typed = true;
	return *ret ? 0 : ENOMEM;
}

static json_t *count(const json_t *v)
{
	size_t n = 0;

	if (json_is_array(v))
		return json_integer((json_int_t)json_array_size(v));
	if (json_is_object(v))
		return json_integer((json_int_t)json_object_size(v));
	for (const char *p = json_string_value(v); p && *p; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80; /* characters, not bytes */
	return json_integer((json_int_t)n);
}

static json_t *trimmed(const char *text)
{
	struct cw_str s = cw_str_trim(cw_str(text));

	return json_stringn(s.p, s.len);
}

static json_t *dumped(const json_t *v)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (json_is_string(v)) {
		char *text = json_dumps(v, JSON_ENCODE_ANY);

		cw_buf_puts(&b, text ? text : "");
		free(text);
	} else {
		cw_json_dump(&b, v);
	}
	return text_of(&b);
}

/* The filters that look at texts: @text is the value as one. */
static int filter_text(struct reader *r, const char *name, const char *text, const struct args *a, json_t **ret)
{
	if (!strcmp(name, "trim"))
		*ret = trimmed(text);
	else if (!strcmp(name, "replace"))
		*ret = replace(text, a);
	else if (!strcmp(name, "number"))
		return to_number(r, text, ret);
	else if (!strcmp(name, "split"))
		*ret = split(text, a->text[0][0] ? a->text[0][0] : ',');
	else if (!strcmp(name, "round")) {
		double d;

		if (cw_str_double(cw_str_trim(cw_str(text)), &d))
			return COMPLAIN(r, "'%s' is no number (filter 'round')", text);
		*ret = json_integer((json_int_t)llround(d));
	} else
		*ret = change_case(text, name);
	return *ret ? 0 : ENOMEM;
}

static const struct filter {
	const char *name;
	size_t min, max; /* arguments */
} filters[] = {{"upper", 0, 0}, {"lower", 0, 0}, {"capitalize", 0, 0}, {"title", 0, 0}, {"trim", 0, 0},
	{"length", 0, 0}, {"first", 0, 0}, {"last", 0, 0}, {"round", 0, 0}, {"number", 0, 0}, {"json", 0, 0},
	{"dump", 0, 0}, {"default", 1, 1}, {"replace", 2, 2}, {"join", 0, 1}, {"split", 0, 1}};

static int apply(struct reader *r, const char *name, const struct args *a, json_t *in, json_t **ret)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (!strcmp(name, "default")) {
		bool absent = json_is_null(in) || (json_is_string(in) && !json_string_length(in));

		*ret = absent ? json_string(a->text[0]) : json_incref(in);
	} else if (!strcmp(name, "length")) {
		*ret = count(in);
	} else if (!strcmp(name, "json") || !strcmp(name, "dump")) {
		*ret = dumped(in);
	} else if (json_is_array(in) && !strcmp(name, "join")) {
		*ret = join(in, a->n ? a->text[0] : "");
	} else if (json_is_array(in) && (!strcmp(name, "first") || !strcmp(name, "last"))) {
		size_t n = json_array_size(in);

		*ret = json_incref(json_array_get(in, *name == 'f' || !n ? 0 : n - 1));
		return *ret ? 0 : COMPLAIN(r, "the list is empty (filter '%s')", name);
	} else if (!strcmp(name, "join") || !strcmp(name, "first") || !strcmp(name, "last")) {
		return COMPLAIN(r, "filter '%s' needs a list", name);
	} else {
		int err = put_text(in, &b);

		return err ? err : filter_text(r, name, b.p ? b.p : "", a, ret);
	}
	return *ret ? 0 : ENOMEM;
}

static int read_args(struct reader *r, const struct filter *f, struct args *a)
{
	a->n = 0;
	skip_blank(r);
	if (*r->p == '(') {
		r->p++;
		for (skip_blank(r); *r->p && *r->p != ')'; skip_blank(r)) {
			if ((*r->p != '"' && *r->p != '\'') || a->n == 2)
				return COMPLAIN(r, "filter '%s' takes texts in quotes", f->name);

			int err = literal(r, a->text[a->n++], sizeof(a->text[0]));

			if (err)
				return err;
			skip_blank(r);
			if (*r->p == ',')
				r->p++;
		}
		if (*r->p++ != ')')
			return COMPLAIN(r, "'(' without ')' behind filter '%s'", f->name);
	}
	if (a->n < f->min || a->n > f->max)
		return COMPLAIN(r, "filter '%s' takes %zu text%s in brackets, not %zu", f->name, f->max,
			f->max == 1 ? "" : "s", a->n);
	return 0;
}

static int read_filter(struct reader *r, json_t **value)
{
	struct args a = {0};
	const struct filter *f = NULL;
	json_t *next = NULL;

	skip_blank(r);

	struct cw_str name = read_name(r);

	for (size_t i = 0; i < CW_COUNT(filters); i++)
		if (cw_str_eq(name, filters[i].name))
			f = &filters[i];
	if (!f) {
		const char *names[CW_COUNT(filters)];

		for (size_t i = 0; i < CW_COUNT(filters); i++)
			names[i] = filters[i].name;

		const char *near = cw_str_nearest(name, names, CW_COUNT(names));

		return COMPLAIN(r,
			"unknown filter '%.*s'%s%s%s: upper, lower, capitalize, title, trim, length, first, last, round, number, json, default, replace, join and split are known",
			CW_STR(name), near ? "; did you mean '" : "", near ? near : "", near ? "'" : "");
	}

	int err = read_args(r, f, &a);

	r->typed = false;
	if (!err)
		err = apply(r, f->name, &a, *value, &next);
	if (err)
		return err;
	json_decref(*value);
	*value = next;
	return 0;
}

/* ---- expressions and texts ---- */

/* From behind "{{" to behind "}}". */
static int expression(struct reader *r, json_t **ret)
{
	CW_JSON_SCOPED json_t *value = NULL;
	int err;

	r->typed = false;
	if (*r->p == '-')
		r->p++; /* "{{-": white space control of other template languages: nothing to do here */
	skip_blank(r);
	if (*r->p == '"' || *r->p == '\'') {
		char text[256];

		err = literal(r, text, sizeof(text));
		if (!err)
			value = json_string(text);
		if (!err && !value)
			err = ENOMEM;
	} else {
		err = variable(r, &value);
	}
	skip_blank(r);
	for (unsigned n = 0; !err && *r->p == '|'; n++) {
		r->p++;
		err = n < FILTER_MAX ? read_filter(r, &value) : COMPLAIN(r, "more than %d filters", FILTER_MAX);
		skip_blank(r);
	}
	if (err)
		return err;
	if (*r->p == '-' && r->p[1] == '}')
		r->p++;
	if (r->p[0] != '}' || r->p[1] != '}')
		return COMPLAIN(r,
			*r->p ? "'%.20s' is not understood between {{ and }}: names, members, texts and filters can stand there"
			      : "'{{' without '}}'%.20s",
			r->p);
	r->p += 2;
	if (json_is_null(value))
		return COMPLAIN(r, "a variable between {{ and }} has no value: give default(\"…\")");
	if (json_is_array(value) || json_is_object(value))
		r->typed = true;
	*ret = json_incref(value);
	return 0;
}

static int expand(const struct cw_vars *vars, const char *text, unsigned depth, json_t **ret, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	struct reader r = {.vars = vars, .p = text, .why = why, .depth = depth};
	int err = 0;

	while (!err && *r.p) {
		CW_JSON_SCOPED json_t *value = NULL;
		bool alone = r.p == text;

		if (r.p[0] == '{' && r.p[1] == '#') {
			const char *end = strstr(r.p, "#}");

			if (!end)
				return COMPLAIN(&r, "'{#' without '#}'");
			r.p = end + 2;
			continue;
		}
		if (r.p[0] == '{' && r.p[1] == '%')
			return COMPLAIN(&r, "'{%%' … '%%}' is not available: only {{…}} with filters is");
		if (r.p[0] != '{' || r.p[1] != '{') {
			cw_buf_putc(&b, *r.p++);
			continue;
		}
		if (!strstr(r.p, "}}"))
			return COMPLAIN(&r, "'{{' without '}}'");
		r.p += 2;
		err = expression(&r, &value);
		if (!err && alone && !*r.p && r.typed) {
			*ret = json_incref(value);
			return 0;
		}
		if (!err)
			err = put_text(value, &b);
	}
	if (err == EMSGSIZE || cw_buf_err(&b) == EMSGSIZE)
		return cw_why_set(why, EMSGSIZE, "text is longer than %d bytes after {{…}} were replaced", TEXT_MAX);
	if (err)
		return err;
	*ret = text_of(&b);
	return *ret ? 0 : ENOMEM;
}

int cw_template_expand(const struct cw_vars *vars, const char *text, json_t **ret, struct cw_why *why)
{
	return expand(vars, text, 0, ret, why);
}
