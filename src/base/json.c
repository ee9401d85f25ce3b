#include "base/json.h"

#include <errno.h>
#include <math.h>

#include "base/file.h"

#define PARSE_MAX_DEPTH 64
#define DUMP_MAX_DEPTH  256 /* trees built in memory may be deeper than those read */
#define SAVE_MAX_BYTES  (256u << 20)

/* Jansson allows 2,048 levels; ours is checked on the text, where the place is known. Strings are skipped. */
static int check_depth(const char *text, size_t len, struct cw_why *why)
{
	unsigned line = 1, depth = 0;
	size_t line_start = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\n') {
			line++;
			line_start = i + 1;
		} else if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > PARSE_MAX_DEPTH)
				return cw_why_at(why, EBADMSG, NULL, line, (unsigned)(i - line_start) + 1,
					"nested deeper than %d levels", PARSE_MAX_DEPTH);
		} else if ((c == ']' || c == '}') && depth) {
			depth--;
		}
	}
	return 0;
}

int cw_json_parse(const char *text, size_t len, json_t **ret, struct cw_why *why)
{
	json_error_t e;
	int err = check_depth(text, len, why);

	if (err)
		return err;

	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);

	if (!j && json_error_code(&e) == json_error_out_of_memory)
		return cw_why_set(why, ENOMEM, "out of memory");
	if (!j)
		return cw_why_at(why, EBADMSG, NULL, e.line > 0 ? (unsigned)e.line : 0,
			e.column > 0 ? (unsigned)e.column : 0, "not valid JSON: %s", e.text);
	*ret = j;
	return 0;
}

int cw_json_load(const char *path, size_t max, json_t **ret, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(max);
	struct cw_why inner = {0};
	int err = cw_file_read(path, max, &b, why);

	if (err)
		return err;
	err = cw_json_parse(b.p, b.len, ret, &inner);
	if (err)
		return cw_why_at(why, err, path, inner.line, inner.column, "%s", inner.text);
	return 0;
}

static void dump_string(struct cw_buf *b, const char *s, size_t len)
{
	size_t from = 0;

	cw_buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
		const char *esc = c ? strchr(shorts, c) : NULL;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		cw_buf_put(b, s + from, i - from);
		from = i + 1;
		if (esc && (esc - shorts) % 2 == 0)
			cw_buf_fmt(b, "\\%c", esc[1]);
		else
			cw_buf_fmt(b, "\\u%04x", c);
	}
	cw_buf_put(b, s + from, len - from);
	cw_buf_putc(b, '"');
}

/* Always with a point or an exponent, so that a real is read back as a real. */
static void dump_real(struct cw_buf *b, double v)
{
	char text[64];
	double size = fabs(v);

	if (size != 0 && (size < 1e-3 || size >= 1e15)) {
		(void)snprintf(text, sizeof(text), "%.6g", v);
		if (!strpbrk(text, ".,e"))
			strncat(text, ".0", sizeof(text) - strlen(text) - 1);
	} else {
		(void)snprintf(text, sizeof(text), "%.6f", v);

		size_t n = strlen(text);

		while (n > 2 && text[n - 1] == '0' && text[n - 2] != '.' && text[n - 2] != ',')
			text[--n] = 0;
		if (!strcmp(text, "-0.0") || !strcmp(text, "-0,0"))
			memmove(text, text + 1, n);
	}
	for (char *p = text; *p; p++)
		if (*p == ',')
			*p = '.'; /* whatever the locale says */
	cw_buf_puts(b, text);
}

static void new_line(struct cw_buf *b, bool pretty, unsigned depth)
{
	if (pretty)
		cw_buf_fmt(b, "\n%*s", (int)depth * 2, "");
}

static void dump(struct cw_buf *b, const json_t *j, bool pretty, unsigned depth);

static void dump_array(struct cw_buf *b, const json_t *j, bool pretty, unsigned depth)
{
	size_t n = json_array_size(j);

	cw_buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			cw_buf_putc(b, ',');
		new_line(b, pretty, depth + 1);
		dump(b, json_array_get(j, i), pretty, depth + 1);
	}
	if (n)
		new_line(b, pretty, depth);
	cw_buf_putc(b, ']');
}

static void dump_object(struct cw_buf *b, const json_t *j, bool pretty, unsigned depth)
{
	/* The iterator's type takes a non-const object but only reads it. */
	json_t *o = (json_t *)(uintptr_t)j;
	bool first = true;

	cw_buf_putc(b, '{');
	for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
		const char *key = json_object_iter_key(it);

		if (!first)
			cw_buf_putc(b, ',');
		first = false;
		new_line(b, pretty, depth + 1);
		dump_string(b, key, strlen(key));
		cw_buf_puts(b, pretty ? ": " : ":");
		dump(b, json_object_iter_value(it), pretty, depth + 1);
	}
	if (!first)
		new_line(b, pretty, depth);
	cw_buf_putc(b, '}');
}

static void dump(struct cw_buf *b, const json_t *j, bool pretty, unsigned depth)
{
	if (b->err)
		return;
	if (depth > DUMP_MAX_DEPTH) {
		b->err = ELOOP;
		return;
	}
	switch (j ? json_typeof(j) : JSON_NULL) {
	case JSON_OBJECT:
		dump_object(b, j, pretty, depth);
		break;
	case JSON_ARRAY:
		dump_array(b, j, pretty, depth);
		break;
	case JSON_STRING:
		dump_string(b, json_string_value(j), json_string_length(j));
		break;
	case JSON_INTEGER:
		cw_buf_fmt(b, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
		break;
	case JSON_REAL:
		dump_real(b, json_real_value(j));
		break;
	case JSON_TRUE:
		cw_buf_puts(b, "true");
		break;
	case JSON_FALSE:
		cw_buf_puts(b, "false");
		break;
	case JSON_NULL:
		cw_buf_puts(b, "null");
		break;
	}
}

void cw_json_dump(struct cw_buf *b, const json_t *j)
{
	dump(b, j, false, 0);
}

int cw_json_save(const char *path, const json_t *j, bool pretty, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(SAVE_MAX_BYTES);

	dump(&b, j, pretty, 0);
	cw_buf_putc(&b, '\n');
	if (cw_buf_err(&b))
		return cw_why_at(why, cw_buf_err(&b), path, 0, 0, "cannot encode: %s", strerror(cw_buf_err(&b)));
	return cw_file_replace(path, cw_buf_str(&b), why);
}

const char *cw_json_str(const json_t *o, const char *key, const char *dflt)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : dflt;
}

int64_t cw_json_int(const json_t *o, const char *key, int64_t dflt)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : dflt;
}

double cw_json_num(const json_t *o, const char *key, double dflt)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : dflt;
}

bool cw_json_bool(const json_t *o, const char *key, bool dflt)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : dflt;
}
