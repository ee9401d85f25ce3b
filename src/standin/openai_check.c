#include "standin/openai_int.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define INPUTS_MAX 2048

enum kind { NUMBER, INTEGER, FLAG, TEXT, OBJECT, LIST, ANY };

struct param {
	const char *name;
	enum kind kind;
	double min, max;
};

static const struct param chat_params[] = {
	{"model", TEXT, 0, 0},
	{"messages", LIST, 0, 0},
	{"stream", FLAG, 0, 0},
	{"stream_options", OBJECT, 0, 0},
	{"max_tokens", INTEGER, 1, 1e6},
	{"max_completion_tokens", INTEGER, 1, 1e6},
	{"temperature", NUMBER, 0, 2},
	{"top_p", NUMBER, 0, 1},
	{"frequency_penalty", NUMBER, -2, 2},
	{"presence_penalty", NUMBER, -2, 2},
	{"n", INTEGER, 1, 128},
	{"stop", ANY, 0, 0},
	{"seed", INTEGER, -9.3e18, 9.3e18},
	{"logit_bias", OBJECT, 0, 0},
	{"logprobs", FLAG, 0, 0},
	{"top_logprobs", INTEGER, 0, 20},
	{"tools", LIST, 0, 0},
	{"tool_choice", ANY, 0, 0},
	{"parallel_tool_calls", FLAG, 0, 0},
	{"response_format", OBJECT, 0, 0},
	{"reasoning_effort", TEXT, 0, 0},
	{"verbosity", TEXT, 0, 0},
	{"service_tier", TEXT, 0, 0},
	{"prompt_cache_key", TEXT, 0, 0},
	{"safety_identifier", TEXT, 0, 0},
	{"user", TEXT, 0, 0},
	{"store", FLAG, 0, 0},
	{"metadata", OBJECT, 0, 0},
	{"modalities", LIST, 0, 0},
	{"prediction", OBJECT, 0, 0},
};

static const struct param embed_params[] = {
	{"model", TEXT, 0, 0},
	{"input", ANY, 0, 0},
	{"encoding_format", TEXT, 0, 0},
	{"dimensions", INTEGER, 1, 100000},
	{"user", TEXT, 0, 0},
};

int cw_openai_refuse(struct cw_openai_refusal *r, int status, const char *code, const char *param, const char *fmt, ...)
{
	va_list ap;

	*r = (struct cw_openai_refusal){
		.status = status, .type = "invalid_request_error", .code = code, .param = param};
	va_start(ap, fmt);
	(void)vsnprintf(r->message, sizeof(r->message), fmt, ap); /* cut: only for people */
	va_end(ap);
	return EINVAL;
}

/* ---- plain values ---- */

static const char *type_of(const json_t *j)
{
	static const char *const names[] = {[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a decimal",
		[JSON_TRUE] = "a boolean",
		[JSON_FALSE] = "a boolean",
		[JSON_NULL] = "null"};

	return names[json_typeof(j)];
}

static bool fits_kind(enum kind kind, const json_t *j)
{
	switch (kind) {
	case NUMBER:
		return json_is_number(j);
	case INTEGER:
		return json_is_integer(j);
	case FLAG:
		return json_is_boolean(j);
	case TEXT:
		return json_is_string(j);
	case OBJECT:
		return json_is_object(j);
	case LIST:
		return json_is_array(j);
	case ANY:
		break;
	}
	return true;
}

static int check_value(const struct param *p, const json_t *j, struct cw_openai_refusal *r)
{
	static const char *const kinds[] = {
		"a decimal", "an integer", "a boolean", "a string", "an object", "an array", "a value"};

	if (json_is_null(j) && p->kind != LIST && strcmp(p->name, "model") != 0)
		return 0; /* as if it were not there */
	if (!fits_kind(p->kind, j))
		return cw_openai_refuse(r, 400, "invalid_type", p->name,
			"Invalid type for '%s': expected %s, but got %s instead.", p->name, kinds[p->kind], type_of(j));
	if (p->min == p->max || !json_is_number(j))
		return 0;
	if (json_number_value(j) < p->min)
		return cw_openai_refuse(r, 400,
			p->kind == INTEGER ? "integer_below_min_value" : "decimal_below_min_value", p->name,
			"Invalid '%s': expected a value >= %g, but got %g instead.", p->name, p->min,
			json_number_value(j));
	if (json_number_value(j) > p->max)
		return cw_openai_refuse(r, 400,
			p->kind == INTEGER ? "integer_above_max_value" : "decimal_above_max_value", p->name,
			"Invalid '%s': expected a value <= %g, but got %g instead.", p->name, p->max,
			json_number_value(j));
	return 0;
}

static int check_params(const json_t *body, const struct param *params, size_t n, struct cw_openai_refusal *r)
{
	const char *key;
	json_t *value;

	if (!json_is_object(body))
		return cw_openai_refuse(r, 400, NULL, NULL, "The body of the request must be a JSON object.");
	json_object_foreach ((json_t *)(uintptr_t)body, key, value) {
		const struct param *p = NULL;
		int err;

		for (size_t i = 0; i < n && !p; i++)
			p = strcmp(params[i].name, key) ? NULL : &params[i];
		if (!p)
			return cw_openai_refuse(r, 400, "unknown_parameter", key, "Unknown parameter: '%s'.", key);
		err = check_value(p, value, r);
		if (err)
			return err;
	}
	return 0;
}

static int missing(struct cw_openai_refusal *r, const char *name)
{
	return cw_openai_refuse(r, 400, "missing_required_parameter", name, "Missing required parameter: '%s'.", name);
}

/* ---- tools ---- */

static int check_tools(const json_t *tools, struct cw_openai_refusal *r)
{
	json_t *t;
	size_t i;

	if (json_is_array(tools) && !json_array_size(tools))
		return cw_openai_refuse(r, 400, "empty_array", "tools",
			"Invalid 'tools': empty array. Expected an array with minimum length 1.");
	json_array_foreach (tools, i, t) {
		const json_t *f = json_object_get(t, "function"), *parameters = json_object_get(f, "parameters");

		if (strcmp(cw_json_str(t, "type", ""), "function") != 0)
			return cw_openai_refuse(r, 400, "invalid_value", "tools",
				"Invalid value for 'tools[%zu].type': only 'function' is supported.", i);
		if (!cw_openai_is_tool_name(cw_json_str(f, "name", "")))
			return cw_openai_refuse(r, 400, "invalid_value", "tools",
				"Invalid 'tools[%zu].function.name': expected 1 to 64 of the characters a-z, A-Z, 0-9, _ and -.",
				i);
		if (parameters && !json_is_object(parameters))
			return cw_openai_refuse(r, 400, "invalid_type", "tools",
				"Invalid type for 'tools[%zu].function.parameters': expected an object.", i);
	}
	return 0;
}

static bool has_tool(const json_t *tools, const char *name)
{
	json_t *t;
	size_t i;

	json_array_foreach (tools, i, t)
		if (!strcmp(cw_json_str(json_object_get(t, "function"), "name", ""), name))
			return true;
	return false;
}

static int check_choice(const json_t *choice, const json_t *tools, struct cw_openai_refusal *r)
{
	const char *word = json_string_value(choice);
	const char *name = cw_json_str(json_object_get(choice, "function"), "name", "");

	if (!choice || json_is_null(choice))
		return 0;
	if (!tools)
		return cw_openai_refuse(r, 400, NULL, "tool_choice",
			"Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.");
	if (word && (!strcmp(word, "auto") || !strcmp(word, "none") || !strcmp(word, "required")))
		return 0;
	if (!strcmp(cw_json_str(choice, "type", ""), "allowed_tools"))
		return 0;
	if (!has_tool(tools, name))
		return cw_openai_refuse(r, 400, NULL, "tool_choice", "Tool choice '%s' not found in 'tools' parameter.",
			word ? word : name);
	return 0;
}

/* ---- response_format ---- */

/* Strict schemas name every property as required and close each object. */
static bool is_strict(const json_t *schema, unsigned depth)
{
	const json_t *properties = json_object_get(schema, "properties"),
		     *required = json_object_get(schema, "required");
	const char *key;
	json_t *value;

	if (depth > 16 || !json_is_object(schema))
		return false;
	if (json_object_get(schema, "items") && !is_strict(json_object_get(schema, "items"), depth + 1))
		return false;
	if (!properties)
		return strcmp(cw_json_str(schema, "type", ""), "object") != 0;
	if (!json_is_false(json_object_get(schema, "additionalProperties")) ||
		json_array_size(required) != json_object_size(properties))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)properties, key, value)
		if (!is_strict(value, depth + 1))
			return false;
	return true;
}

static int check_format(const json_t *format, struct cw_openai_refusal *r)
{
	const char *type = cw_json_str(format, "type", "");
	const json_t *s = json_object_get(format, "json_schema"), *schema = json_object_get(s, "schema");

	if (!format || json_is_null(format) || !strcmp(type, "text") || !strcmp(type, "json_object"))
		return 0;
	if (strcmp(type, "json_schema") != 0)
		return cw_openai_refuse(r, 400, "invalid_value", "response_format.type",
			"Invalid value: '%s'. Supported values are: 'json_object', 'json_schema', and 'text'.", type);
	if (!cw_openai_is_tool_name(cw_json_str(s, "name", "")))
		return missing(r, "response_format.json_schema.name");
	if (!json_is_object(schema))
		return missing(r, "response_format.json_schema.schema");
	if (json_is_true(json_object_get(s, "strict")) && !is_strict(schema, 0))
		return cw_openai_refuse(r, 400, NULL, "response_format",
			"Invalid schema for response_format '%s': with strict, every object needs 'additionalProperties': false and all its properties in 'required'.",
			cw_json_str(s, "name", ""));
	return 0;
}

/* ---- whole requests ---- */

static int check_stop(const json_t *stop, struct cw_openai_refusal *r)
{
	if (json_array_size(stop) > 4)
		return cw_openai_refuse(r, 400, "array_above_max_length", "stop",
			"Invalid 'stop': array too long. Expected at most 4 elements.");
	if (stop && !json_is_null(stop) && !json_is_string(stop) && !json_is_array(stop))
		return cw_openai_refuse(r, 400, "invalid_type", "stop",
			"Invalid type for 'stop': expected a string or an array of strings.");
	return 0;
}

int cw_openai_check_chat(const json_t *body, struct cw_openai_refusal *r)
{
	const json_t *tools = json_object_get(body, "tools");
	int err = check_params(body, chat_params, CW_COUNT(chat_params), r);

	if (!err && !json_string_length(json_object_get(body, "model")))
		err = cw_openai_refuse(r, 400, NULL, NULL, "you must provide a model parameter");
	if (!err && !json_object_get(body, "messages"))
		err = missing(r, "messages");
	if (!err)
		err = cw_openai_check_messages(json_object_get(body, "messages"), r);
	if (!err && json_is_object(json_object_get(body, "stream_options")) && !cw_json_bool(body, "stream", false))
		err = cw_openai_refuse(r, 400, NULL, "stream_options",
			"The 'stream_options' parameter is only allowed when 'stream' is enabled.");
	if (!err)
		err = check_tools(tools, r);
	if (!err)
		err = check_choice(json_object_get(body, "tool_choice"), tools, r);
	if (!err && json_object_get(body, "parallel_tool_calls") && !tools)
		err = cw_openai_refuse(r, 400, NULL, "parallel_tool_calls",
			"Invalid value for 'parallel_tool_calls': only allowed when 'tools' are specified.");
	if (!err && json_object_get(body, "max_tokens") && json_object_get(body, "max_completion_tokens"))
		err = cw_openai_refuse(r, 400, "invalid_parameter_combination", "max_tokens",
			"Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.");
	if (!err)
		err = check_format(json_object_get(body, "response_format"), r);
	return err ? err : check_stop(json_object_get(body, "stop"), r);
}

static int check_input(const json_t *input, struct cw_openai_refusal *r)
{
	json_t *one;
	size_t i;

	if (json_is_string(input) && json_string_length(input))
		return 0;
	if (!json_is_array(input) || !json_array_size(input) || json_array_size(input) > INPUTS_MAX)
		return cw_openai_refuse(r, 400, NULL, "input",
			"Invalid 'input': expected a text or an array of 1 to %d texts.", INPUTS_MAX);
	json_array_foreach (input, i, one)
		if (!json_string_length(one))
			return cw_openai_refuse(
				r, 400, NULL, "input", "Invalid 'input[%zu]': input cannot be an empty string.", i);
	return 0;
}

int cw_openai_check_embeddings(const json_t *body, struct cw_openai_refusal *r)
{
	const char *format = cw_json_str(body, "encoding_format", "float");
	int err = check_params(body, embed_params, CW_COUNT(embed_params), r);

	if (!err && !json_string_length(json_object_get(body, "model")))
		err = cw_openai_refuse(r, 400, NULL, NULL, "you must provide a model parameter");
	if (!err)
		err = check_input(json_object_get(body, "input"), r);
	if (!err && strcmp(format, "float") != 0 && strcmp(format, "base64") != 0)
		err = cw_openai_refuse(r, 400, "invalid_value", "encoding_format",
			"Invalid value: '%s'. Supported values are: 'float' and 'base64'.", format);
	return err;
}
