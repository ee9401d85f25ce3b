#include <ctype.h>
#include <string.h>

#include "standin/openai_int.h"

#define NAME_MAX_LEN 64

bool cw_openai_is_tool_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return n > 0 && n <= NAME_MAX_LEN;
}

static bool is_role(const char *role)
{
	static const char *const roles[] = {"developer", "system", "user", "assistant", "tool"};

	for (size_t i = 0; i < CW_COUNT(roles); i++)
		if (!strcmp(roles[i], role))
			return true;
	return false;
}

static int check_part(const json_t *part, size_t i, struct cw_openai_refusal *r)
{
	static const char *const types[] = {"text", "image_url", "input_audio", "file", "refusal"};
	const char *type = cw_json_str(part, "type", "");

	for (size_t k = 0; k < CW_COUNT(types); k++)
		if (!strcmp(types[k], type))
			return strcmp(type, "text") || json_is_string(json_object_get(part, "text"))
				       ? 0
				       : cw_openai_refuse(r, 400, "missing_required_parameter", "messages",
						 "Missing required parameter: 'messages[%zu].content[].text'.", i);
	return cw_openai_refuse(r, 400, "invalid_value", "messages",
		"Invalid value: '%s' as the type of a part in 'messages[%zu].content'.", type, i);
}

static int check_content(const json_t *m, size_t i, struct cw_openai_refusal *r)
{
	const json_t *content = json_object_get(m, "content");
	json_t *part;
	size_t k;

	if (!strcmp(cw_json_str(m, "role", ""), "assistant") && (!content || json_is_null(content)) &&
		(json_object_get(m, "tool_calls") || json_object_get(m, "refusal")))
		return 0;
	if (!json_is_string(content) && !json_is_array(content))
		return cw_openai_refuse(r, 400, "invalid_type", "messages",
			"Invalid value for 'content': expected a string or an array in 'messages[%zu].content', got %s.",
			i, !content || json_is_null(content) ? "null" : "something else");
	json_array_foreach (content, k, part) {
		int err = check_part(part, i, r);

		if (err)
			return err;
	}
	return 0;
}

static int check_calls(const json_t *calls, size_t i, struct cw_openai_refusal *r)
{
	json_t *call;
	size_t k;

	if (!calls || json_is_null(calls))
		return 0;
	if (!json_array_size(calls))
		return cw_openai_refuse(
			r, 400, "empty_array", "messages", "Invalid 'messages[%zu].tool_calls': empty array.", i);
	json_array_foreach (calls, k, call) {
		const json_t *f = json_object_get(call, "function");

		if (!json_is_string(json_object_get(call, "id")) || !json_is_string(json_object_get(f, "name")) ||
			!json_is_string(json_object_get(f, "arguments")))
			return cw_openai_refuse(r, 400, "missing_required_parameter", "messages",
				"'messages[%zu].tool_calls[%zu]' needs 'id', 'function.name' and 'function.arguments' (a string).",
				i, k);
	}
	return 0;
}

static bool is_answered(const json_t *messages, size_t from, const char *id)
{
	json_t *m;

	for (size_t i = from; (m = json_array_get(messages, i)) && !strcmp(cw_json_str(m, "role", ""), "tool"); i++)
		if (!strcmp(cw_json_str(m, "tool_call_id", ""), id))
			return true;
	return false;
}

/* Each call of an assistant's message is answered right behind it. */
static int check_answered(const json_t *messages, size_t i, struct cw_openai_refusal *r)
{
	json_t *call;
	size_t k;

	json_array_foreach (json_object_get(json_array_get(messages, i), "tool_calls"), k, call)
		if (!is_answered(messages, i + 1, cw_json_str(call, "id", "")))
			return cw_openai_refuse(r, 400, NULL, "messages",
				"An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
				"The following tool_call_ids did not have response messages: %s",
				cw_json_str(call, "id", ""));
	return 0;
}

static bool asked_before(const json_t *messages, size_t i, const char *id)
{
	json_t *call;
	size_t k;

	while (i && !strcmp(cw_json_str(json_array_get(messages, i - 1), "role", ""), "tool"))
		i--;
	if (!i)
		return false;
	json_array_foreach (json_object_get(json_array_get(messages, i - 1), "tool_calls"), k, call)
		if (!strcmp(cw_json_str(call, "id", ""), id))
			return true;
	return false;
}

static int check_message(const json_t *messages, size_t i, struct cw_openai_refusal *r)
{
	const json_t *m = json_array_get(messages, i);
	const char *role = cw_json_str(m, "role", "");
	int err;

	if (!json_is_object(m) || !is_role(role))
		return cw_openai_refuse(r, 400, "invalid_value", "messages",
			"Invalid value: '%s' in 'messages[%zu].role'. Supported values are: 'developer', 'system', 'user', 'assistant' and 'tool'.",
			role, i);
	err = check_content(m, i, r);
	if (!err)
		err = check_calls(json_object_get(m, "tool_calls"), i, r);
	if (!err && !strcmp(role, "tool") && !asked_before(messages, i, cw_json_str(m, "tool_call_id", "")))
		err = cw_openai_refuse(r, 400, NULL, "messages",
			"Invalid parameter: 'messages[%zu]' with role 'tool' must be a response to a preceding message with 'tool_calls'.",
			i);
	return err ? err : check_answered(messages, i, r);
}

int cw_openai_check_messages(const json_t *messages, struct cw_openai_refusal *r)
{
	int err = 0;

	if (!json_array_size(messages))
		return cw_openai_refuse(r, 400, "empty_array", "messages",
			"Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.");
	for (size_t i = 0; !err && i < json_array_size(messages); i++)
		err = check_message(messages, i, r);
	return err;
}
