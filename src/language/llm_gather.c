#include "language/llm_gather.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"

#define INDEX_MAX (CW_LLM_CALLS_MAX - 1)

struct call {
	bool used;
	char *id, *name;
	struct cw_buf arguments;
};

struct cw_llm_gather {
	struct cw_buf text, piece;
	struct call calls[CW_LLM_CALLS_MAX];
	size_t n_calls;
	bool begun, refused, usage_known;
	char *finish, *model;
	uint64_t prompt, cached, completion;
	char *error, *code;
};

static int gather_gone(struct cw_llm_gather *g)
{
	cw_buf_clear(&g->text);
	cw_buf_clear(&g->piece);
	for (size_t i = 0; i < CW_LLM_CALLS_MAX; i++)
		cw_buf_clear(&g->calls[i].arguments);
	return 0;
}

int cw_llm_gather_new(void *parent, struct cw_llm_gather **ret)
{
	struct cw_llm_gather *g = talloc_zero(parent, struct cw_llm_gather);

	if (!g)
		return ENOMEM;
	g->text = CW_BUF(CW_LLM_TEXT_MAX);
	g->piece = CW_BUF(CW_LLM_TEXT_MAX);
	for (size_t i = 0; i < CW_LLM_CALLS_MAX; i++)
		g->calls[i].arguments = CW_BUF(CW_LLM_ARGUMENTS_MAX);
	talloc_set_destructor(g, gather_gone);
	*ret = g;
	return 0;
}

/* ---- errors ---- */

/* Text of a string or a number, else "". */
static char *as_text(void *parent, const json_t *j)
{
	if (json_is_string(j))
		return talloc_strdup(parent, json_string_value(j));
	if (json_is_integer(j))
		return talloc_asprintf(parent, "%lld", (long long)json_integer_value(j));
	return talloc_strdup(parent, "");
}

static bool error_of(void *parent, const json_t *root, const char **message, const char **code)
{
	const json_t *e = json_object_get(root, "error"), *text, *c;

	if (json_is_string(e)) {
		text = e;
		c = NULL;
	} else if (json_is_object(e)) {
		text = json_object_get(e, "message");
		c = json_object_get(e, "code");
		if (!json_is_string(c))
			c = json_is_string(json_object_get(e, "type")) ? json_object_get(e, "type") : c;
	} else if (e && !json_is_null(e)) {
		text = c = NULL;
	} else if (json_is_string(json_object_get(root, "object")) &&
		   !strcmp(cw_json_str(root, "object", ""), "error")) {
		text = json_object_get(root, "message");
		c = json_object_get(root, "type");
	} else {
		return false;
	}
	*message = as_text(parent, text);
	*code = as_text(parent, c);
	return *message && *code;
}

bool cw_llm_error_body(void *parent, struct cw_str body, const char **message, const char **code)
{
	CW_JSON_SCOPED json_t *root = NULL;

	if (cw_json_parse(body.p, body.len, &root, NULL) || !json_is_object(root))
		return false;
	if (error_of(parent, root, message, code))
		return true;
	if (!json_is_string(json_object_get(root, "message")) && !json_is_string(json_object_get(root, "detail")))
		return false;
	*message = talloc_strdup(parent, cw_json_str(root, "message", cw_json_str(root, "detail", "")));
	*code = "";
	return *message != NULL;
}

/* ---- pieces ---- */

static int put_text(struct cw_llm_gather *g, const json_t *content)
{
	size_t i;
	json_t *part;

	if (json_is_string(content)) {
		cw_buf_put(&g->piece, json_string_value(content), json_string_length(content));
		cw_buf_put(&g->text, json_string_value(content), json_string_length(content));
	} else if (json_is_array(content)) {
		json_array_foreach (content, i, part) {
			int err = json_is_object(part) ? put_text(g, json_object_get(part, "text")) : 0;

			if (err)
				return err;
		}
	}
	return cw_buf_err(&g->text) ? cw_buf_err(&g->text) : cw_buf_err(&g->piece);
}

/* Which call a piece belongs to: by its index; without one, a new id begins a new call. NULL: too many. */
static struct call *call_of(struct cw_llm_gather *g, const json_t *piece)
{
	const json_t *index = json_object_get(piece, "index");
	const char *id = cw_json_str(piece, "id", NULL);
	size_t at = g->n_calls ? g->n_calls - 1 : 0;

	if (json_is_integer(index)) {
		if (json_integer_value(index) < 0 || json_integer_value(index) > INDEX_MAX)
			return NULL;
		at = (size_t)json_integer_value(index);
	} else if (g->n_calls && id && (!g->calls[at].id || strcmp(g->calls[at].id, id) != 0)) {
		at = g->n_calls;
	} else if (g->n_calls && !id && json_object_get(json_object_get(piece, "function"), "name")) {
		at = g->n_calls; /* neither index nor id: a name begins a call */
	}
	if (at > INDEX_MAX)
		return NULL;
	g->calls[at].used = true;
	if (at >= g->n_calls)
		g->n_calls = at + 1;
	return &g->calls[at];
}

static int put_arguments(struct call *c, const json_t *arguments)
{
	if (json_is_string(arguments))
		cw_buf_put(&c->arguments, json_string_value(arguments), json_string_length(arguments));
	else if (json_is_object(arguments)) /* some imitators send the object itself */
		cw_json_dump(&c->arguments, arguments);
	return cw_buf_err(&c->arguments);
}

static int keep_once(struct cw_llm_gather *g, char **at, const char *value)
{
	if (*at || !value || !*value)
		return 0;
	*at = talloc_strdup(g, value);
	return *at ? 0 : ENOMEM;
}

static int put_call(struct cw_llm_gather *g, const json_t *piece, struct cw_why *why)
{
	const json_t *function = json_object_get(piece, "function");
	struct call *c;
	int err;

	if (!json_is_object(piece))
		return cw_why_set(why, EBADMSG, "an element of tool_calls is not an object");
	c = call_of(g, piece);
	if (!c)
		return cw_why_set(why, EMSGSIZE, "more than %d tool calls in one answer", CW_LLM_CALLS_MAX);
	err = keep_once(g, &c->id, cw_json_str(piece, "id", NULL));
	if (!err)
		err = keep_once(g, &c->name, cw_json_str(function, "name", NULL));
	if (!err)
		err = put_arguments(c, json_object_get(function, "arguments"));
	return err;
}

static int put_message(struct cw_llm_gather *g, const json_t *message, struct cw_llm_chunk *ret, struct cw_why *why)
{
	const json_t *calls = json_object_get(message, "tool_calls"), *refusal = json_object_get(message, "refusal");
	int err = put_text(g, json_object_get(message, "content"));
	json_t *piece;
	size_t i;

	if (!err && json_is_string(refusal) && json_string_length(refusal)) {
		g->refused = true;
		err = put_text(g, refusal);
	}
	json_array_foreach (calls, i, piece) {
		if (err)
			break;
		ret->call = true;
		err = put_call(g, piece, why);
	}
	return err;
}

static void put_usage(struct cw_llm_gather *g, const json_t *usage)
{
	const json_t *details = json_object_get(usage, "prompt_tokens_details");
	int64_t prompt = cw_json_int(usage, "prompt_tokens", -1), cached = cw_json_int(details, "cached_tokens", 0);
	int64_t completion = cw_json_int(usage, "completion_tokens", -1);

	if (prompt < 0 || completion < 0)
		return;
	g->usage_known = true;
	g->prompt = (uint64_t)prompt;
	g->cached = cached > 0 && cached <= prompt ? (uint64_t)cached : 0;
	g->completion = (uint64_t)completion;
}

static int put_choice(
	struct cw_llm_gather *g, const json_t *root, bool whole, struct cw_llm_chunk *ret, struct cw_why *why)
{
	const json_t *choices = json_object_get(root, "choices"), *choice = json_array_get(choices, 0), *message;
	int err;

	if (!choice) {
		if (!json_is_array(choices) && !json_is_object(json_object_get(root, "usage")))
			return cw_why_set(why, EBADMSG, "the answer has no 'choices'");
		return 0;
	}
	message = json_object_get(choice, whole ? "message" : "delta");
	if (!message)
		message = json_object_get(choice, whole ? "delta" : "message");
	if (!json_is_object(choice) || (message && !json_is_object(message) && !json_is_null(message)))
		return cw_why_set(why, EBADMSG, "a choice is not an object with a message");
	g->begun = true;
	err = put_message(g, message, ret, why);
	return err ? err : keep_once(g, &g->finish, cw_json_str(choice, "finish_reason", NULL));
}

int cw_llm_gather_add(
	struct cw_llm_gather *g, struct cw_str json, bool whole, struct cw_llm_chunk *ret, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *root = NULL;
	const char *message, *code;
	struct cw_why inner = {0};
	int err = cw_json_parse(json.p, json.len, &root, &inner);

	*ret = (struct cw_llm_chunk){0};
	cw_buf_reset(&g->piece);
	if (err)
		return err == ENOMEM ? err : cw_why_set(why, EBADMSG, "a piece of the answer is %s", inner.text);
	if (!json_is_object(root))
		return cw_why_set(why, EBADMSG, "a piece of the answer is not a JSON object");
	if (error_of(g, root, &message, &code)) {
		g->error = talloc_strdup(g, message);
		g->code = talloc_strdup(g, code);
		ret->error = true;
		return g->error && g->code ? 0 : ENOMEM;
	}
	err = put_choice(g, root, whole, ret, why);
	if (!err)
		err = keep_once(g, &g->model, cw_json_str(root, "model", NULL));
	if (err == EMSGSIZE)
		(void)cw_why_set(why, err, "the answer is longer than %d bytes", CW_LLM_TEXT_MAX);
	put_usage(g, json_object_get(root, "usage"));
	ret->text = cw_buf_str(&g->piece);
	return err;
}

bool cw_llm_gather_begun(const struct cw_llm_gather *g)
{
	return g->begun;
}

bool cw_llm_gather_finished(const struct cw_llm_gather *g)
{
	return g->finish != NULL;
}

const char *cw_llm_gather_error(const struct cw_llm_gather *g, const char **code)
{
	*code = g->code ? g->code : "";
	return g->error ? g->error : "";
}

/* ---- the end ---- */

static enum cw_llm_finish finish_of(const char *text)
{
	static const struct {
		const char *text;
		enum cw_llm_finish finish;
	} known[] = {{"stop", CW_LLM_STOP}, {"length", CW_LLM_LENGTH}, {"tool_calls", CW_LLM_TOOLS},
		{"function_call", CW_LLM_TOOLS}, {"content_filter", CW_LLM_FILTERED}, {"end_turn", CW_LLM_STOP},
		{"eos", CW_LLM_STOP}};

	for (size_t i = 0; text && i < CW_COUNT(known); i++)
		if (!strcmp(known[i].text, text))
			return known[i].finish;
	return CW_LLM_OTHER;
}

static bool is_object(const char *text)
{
	CW_JSON_SCOPED json_t *j = NULL;

	return !cw_json_parse(text, strlen(text), &j, NULL) && json_is_object(j);
}

static int end_call(struct cw_llm_gather *g, struct call *from, size_t at, struct cw_llm_call *to)
{
	const char *arguments = from->arguments.len ? talloc_strndup(g, from->arguments.p, from->arguments.len) : "{}";

	if (!from->id)
		from->id = talloc_asprintf(g, "call_%zu", at + 1); /* the answer of the tool must name one */
	if (!from->id || !arguments)
		return ENOMEM;
	*to = (struct cw_llm_call){.id = from->id,
		.name = from->name ? from->name : "",
		.arguments = arguments,
		.valid = from->name && is_object(arguments)};
	return 0;
}

int cw_llm_gather_end(struct cw_llm_gather *g, struct cw_llm_answer *ret)
{
	struct cw_llm_call *calls = talloc_zero_array(g, struct cw_llm_call, g->n_calls + 1);
	size_t n = 0;

	if (!calls)
		return ENOMEM;
	for (size_t i = 0; i < g->n_calls; i++) {
		int err = g->calls[i].used ? end_call(g, &g->calls[i], n, &calls[n]) : 0;

		if (err)
			return err;
		n += g->calls[i].used;
	}
	*ret = (struct cw_llm_answer){.text = cw_buf_str(&g->text),
		.refused = g->refused,
		.calls = calls,
		.n_calls = n,
		.finish = n && finish_of(g->finish) == CW_LLM_OTHER ? CW_LLM_TOOLS : finish_of(g->finish),
		.usage_known = g->usage_known,
		.prompt_tokens = g->prompt,
		.cached_tokens = g->cached,
		.completion_tokens = g->completion,
		.model = g->model ? g->model : "",
		.request_id = ""};
	return 0;
}
