/* The built-in talker: remembers names, does sums, repeats the rest; calls a tool when it must; fills schemas. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/id.h"
#include "standin/openai_int.h"

#define TEXT_MAX    (64 * 1024)
#define EXAMPLE_MAX 16 /* levels of a schema */

static int reply_gone(struct cw_openai_reply *r)
{
	json_decref(r->calls);
	return 0;
}

int cw_openai_reply_new(void *parent, struct cw_openai_reply **ret)
{
	struct cw_openai_reply *r = talloc_zero(parent, struct cw_openai_reply);

	if (!r)
		return ENOMEM;
	r->tokens_per_s = -1;
	talloc_set_destructor(r, reply_gone);
	*ret = r;
	return 0;
}

int cw_openai_reply_call(struct cw_openai_reply *r, struct cw_rng *rng, const char *name, json_t *arguments)
{
	CW_JSON_SCOPED json_t *owned = arguments;
	CW_BUF_SCOPED struct cw_buf text = CW_BUF(TEXT_MAX);
	char id[32] = "call_";

	cw_json_dump(&text, owned);
	cw_id_hex(rng, id + 5, 24);
	if (cw_buf_err(&text))
		return cw_buf_err(&text);
	if (!r->calls)
		r->calls = json_array();
	return json_array_append_new(r->calls, json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function",
						       "function", "name", name, "arguments", text.p ? text.p : "{}"))
		       ? ENOMEM
		       : 0;
}

char *cw_openai_text_of(void *parent, const json_t *m)
{
	const json_t *content = json_object_get(m, "content");
	char *text = talloc_strdup(parent, json_is_string(content) ? json_string_value(content) : "");
	json_t *part;
	size_t i;

	json_array_foreach (content, i, part)
		if (text && json_is_string(json_object_get(part, "text")))
			text = talloc_asprintf_append(text, "%s%s", *text ? " " : "", cw_json_str(part, "text", ""));
	return text;
}

/* ---- names ---- */

/* The word behind a phrase such as "my name is", as it is written. */
static bool name_in(const char *text, char *name, size_t size)
{
	static const char *const phrases[] = {"my name is ", "my name's ", "i am called ", "call me ", "this is "};
	const char *at = NULL;
	size_t n = 0;

	for (size_t i = 0; i < CW_COUNT(phrases) && !at; i++) {
		at = strcasestr(text, phrases[i]);
		if (at)
			at += strlen(phrases[i]);
	}
	if (!at)
		return false;
	while (n + 1 < size &&
		(isalpha((unsigned char)at[n]) || (unsigned char)at[n] >= 0x80 || at[n] == '-' || at[n] == '\''))
		n++;
	memcpy(name, at, n);
	name[n] = '\0';
	if (n)
		name[0] = (char)toupper((unsigned char)name[0]);
	return n > 0;
}

static bool name_known(const json_t *messages, char *name, size_t size)
{
	json_t *m;
	size_t i;
	bool known = false;

	json_array_foreach (messages, i, m) {
		CW_SCOPED char *text = cw_openai_text_of(NULL, m);

		if (text && !strcmp(cw_json_str(m, "role", ""), "user") && name_in(text, name, size))
			known = true; /* the last one counts */
	}
	return known;
}

/* ---- sums ---- */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static const char *read_number(const char *p, double *v)
{
	struct cw_str s = {p, 0};

	while (isdigit((unsigned char)s.p[s.len]) || (s.p[s.len] == '.' && isdigit((unsigned char)s.p[s.len + 1])))
		s.len++;
	return s.len && !cw_str_double(s, v) ? p + s.len : NULL;
}

static const char *read_operator(const char *p, char *op)
{
	static const struct {
		const char *text;
		char op;
	} known[] = {{"+", '+'}, {"plus ", '+'}, {"-", '-'}, {"minus ", '-'}, {"*", '*'}, {"x ", '*'}, {"times ", '*'},
		{"multiplied by ", '*'}, {"/", '/'}, {"divided by ", '/'}};

	for (size_t i = 0; i < CW_COUNT(known); i++) {
		if (!strncasecmp(p, known[i].text, strlen(known[i].text))) {
			*op = known[i].op;
			return p + strlen(known[i].text);
		}
	}
	return NULL;
}

static bool compute(double a, char op, double b, double *ret)
{
	*ret = op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : b != 0 ? a / b : NAN;
	return isfinite(*ret);
}

/* "25 * 4" anywhere in the text, one operation. */
static bool sum_in(const char *text, char *out, size_t size)
{
	for (const char *p = text; *p; p++) {
		double a, b, v;
		const char *at = isdigit((unsigned char)*p) && (p == text || !isalnum((unsigned char)p[-1]))
					 ? read_number(p, &a)
					 : NULL;
		char op;

		at = at ? read_operator(skip_blanks(at), &op) : NULL;
		at = at ? read_number(skip_blanks(at), &b) : NULL;
		if (!at || !compute(a, op, b, &v))
			continue;
		(void)snprintf(out, size, "%.10g %c %.10g is %.10g.", a, op, b, v); /* numbers fit */
		return true;
	}
	return false;
}

/* ---- schemas ---- */

static json_t *example_object(const json_t *schema, const char *text, unsigned depth)
{
	json_t *o = json_object(), *value;
	const char *key;

	json_object_foreach (json_object_get(schema, "properties"), key, value) {
		if (json_object_set_new(o, key, cw_openai_example(value, text, depth + 1))) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

json_t *cw_openai_example(const json_t *schema, const char *text, unsigned depth)
{
	const json_t *type = json_object_get(schema, "type"), *choices = json_object_get(schema, "enum");
	const char *name = json_string_value(json_is_array(type) ? json_array_get(type, 0) : type);
	double least = cw_json_num(schema, "minimum", 0);

	if (json_array_size(choices))
		return json_copy(json_array_get(choices, 0));
	if (json_object_get(schema, "const"))
		return json_deep_copy(json_object_get(schema, "const"));
	if (depth > EXAMPLE_MAX || !name || !strcmp(name, "object"))
		return depth > EXAMPLE_MAX ? json_null() : example_object(schema, text, depth);
	if (!strcmp(name, "string"))
		return json_string(text);
	if (!strcmp(name, "integer"))
		return json_integer((json_int_t)ceil(least));
	if (!strcmp(name, "number"))
		return json_real(least);
	if (!strcmp(name, "boolean"))
		return json_true();
	if (!strcmp(name, "array"))
		return cw_json_int(schema, "minItems", 0) > 0
			       ? json_pack("[o]", cw_openai_example(json_object_get(schema, "items"), text, depth + 1))
			       : json_array();
	return json_null();
}

/* ---- what to say ---- */

static const json_t *last_message(const json_t *body)
{
	const json_t *messages = json_object_get(body, "messages");

	return json_array_get(messages, json_array_size(messages) - 1);
}

static char *speak(void *parent, const json_t *body)
{
	const json_t *m = last_message(body);
	CW_SCOPED char *text = cw_openai_text_of(NULL, m);
	char name[64] = "", sum[96];
	bool known = name_known(json_object_get(body, "messages"), name, sizeof(name));

	if (!text)
		return NULL;
	if (!strcmp(cw_json_str(m, "role", ""), "tool"))
		return talloc_asprintf(parent, "The result is: %s", text);
	if (strcasestr(text, "my name?") || strcasestr(text, "who am i"))
		return known ? talloc_asprintf(parent, "Your name is %s.", name)
			     : talloc_strdup(parent, "I don't know your name yet.");
	if (sum_in(text, sum, sizeof(sum)))
		return talloc_strdup(parent, sum);
	if (name_in(text, name, sizeof(name)))
		return talloc_asprintf(parent, "Hello %s, nice to meet you!", name);
	if (!strncasecmp(text, "hello", 5) || !strncasecmp(text, "hi", 2))
		return talloc_strdup(parent, "Hello! How can I help you?");
	return talloc_asprintf(parent, "You said: %s", text);
}

/* The tool that must be called, NULL when none must. */
static const json_t *forced_tool(const json_t *body)
{
	const json_t *tools = json_object_get(body, "tools"), *choice = json_object_get(body, "tool_choice");
	const char *word = json_string_value(choice),
		   *name = cw_json_str(json_object_get(choice, "function"), "name", "");
	json_t *t;
	size_t i;

	if (word && !strcmp(word, "required"))
		return json_object_get(json_array_get(tools, 0), "function");
	json_array_foreach (tools, i, t)
		if (!strcmp(cw_json_str(json_object_get(t, "function"), "name", ""), name))
			return json_object_get(t, "function");
	return NULL;
}

static int dress_as_json(struct cw_openai_reply *r, const json_t *format)
{
	const json_t *schema = json_object_get(json_object_get(format, "json_schema"), "schema");
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(TEXT_MAX);
	CW_JSON_SCOPED json_t *j =
		schema ? cw_openai_example(schema, r->text, 0) : json_pack("{s:s}", "answer", r->text);

	cw_json_dump(&out, j);
	talloc_free(r->text);
	r->text = cw_buf_take(&out, r);
	return j && r->text ? 0 : ENOMEM;
}

int cw_openai_talk(void *parent, struct cw_rng *rng, const json_t *body, struct cw_openai_reply **ret)
{
	const json_t *tool = forced_tool(body), *format = json_object_get(body, "response_format");
	CW_SCOPED struct cw_openai_reply *r = NULL;
	int err = cw_openai_reply_new(NULL, &r);

	if (!err) {
		r->text = speak(r, body);
		err = r->text ? 0 : ENOMEM;
	}
	if (!err && tool) {
		err = cw_openai_reply_call(r, rng, cw_json_str(tool, "name", ""),
			cw_openai_example(json_object_get(tool, "parameters"), r->text, 0));
		TALLOC_FREE(r->text);
	} else if (!err && !strncmp(cw_json_str(format, "type", "text"), "json", 4)) {
		err = dress_as_json(r, format);
	}
	if (!err)
		*ret = talloc_move(parent, &r);
	return err;
}
